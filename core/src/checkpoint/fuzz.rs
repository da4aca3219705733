//! Ten thousand damaged copies of a file for each format: every one loads or is refused in words, and none gets
//! more memory than its length allows. Seeded, so that a failure comes again.
use super::bundle::save_bundle;
use super::find::{self, Parts};
use super::folder::{Folder, Member};
use super::open::{Watch, read};
use super::source::Source;
use super::*;
use crate::model::{Card, find as configuration};
use crate::nn::{Tensor, Weights};
use crate::tool::Cancel;
use std::collections::BTreeMap;
use std::path::Path;

const COPIES: u64 = 10_000;
/// Bytes of tensors that a byte of a file may become: a half in V1 is a byte at least.
const MOST_PER_BYTE: usize = 4;
/// The same for a byte that is deflated.
const MOST_PER_DEFLATED_BYTE: usize = 1100 * MOST_PER_BYTE;

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/rnn/ckpt");
    std::fs::read(folder.join(name)).expect("kept")
}

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    /// A place: near the beginning or the end, where the structure is, as often as anywhere.
    fn place(&mut self, length: usize) -> usize {
        match self.below(4) {
            0 => self.below(length.min(64)),
            1 => length.saturating_sub(1 + self.below(length.min(256))),
            _ => self.below(length),
        }
    }

    /// Changes bytes but not their number.
    fn overwrite(&mut self, bytes: &mut [u8]) {
        if bytes.is_empty() {
            return;
        }
        for _ in 0..=self.below(3) {
            let at = self.place(bytes.len());
            let end = (at + 1 + self.below(9)).min(bytes.len());
            match self.below(4) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                // A varint or fixed number as long as can be.
                2 => bytes[at..end].fill(0xff),
                _ => bytes[at] = self.below(256) as u8,
            }
        }
    }

    /// Any damage.
    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self.below(8) {
            0 => {
                let at = self.place(bytes.len());
                bytes.truncate(at);
            }
            1 => {
                let at = self.place(bytes.len());
                let more = vec![[0, 0xff, 0x80][self.below(3)]; 1 + self.below(12)];
                bytes.splice(at..at, more);
            }
            2 => {
                let at = self.place(bytes.len());
                let end = (at + 1 + self.below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => self.overwrite(&mut bytes),
        }
        bytes
    }
}

/// What came of the copies.
#[derive(Debug, Default)]
struct Outcomes {
    loaded: usize,
    checksum: usize,
    refused: usize,
}

fn attack(
    seed: u64,
    most: usize,
    mut copy: impl FnMut(&mut Dice) -> (usize, Result<Parts, CheckpointError>),
) -> Outcomes {
    let mut dice = Dice(seed);
    let mut outcomes = Outcomes::default();
    for _ in 0..COPIES {
        let (length, parts) = copy(&mut dice);
        let cancel = Cancel::default();
        let mut watch = Watch { progress: &mut |_| {}, cancel: &cancel };
        match parts.and_then(|parts| read(parts, &mut watch)) {
            Ok(opened) => {
                let values: usize = opened.weights.iter().map(|(_, tensor)| tensor.len()).sum();
                assert!(4 * values <= most * length, "{values} values out of {length} bytes");
                outcomes.loaded += 1;
            }
            Err(CheckpointError::BlockChecksum | CheckpointError::Checksum) => outcomes.checksum += 1,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                outcomes.refused += 1;
            }
        }
    }
    // Damage was done, and not always at the first byte that is looked at.
    assert!(outcomes.refused > 0, "{outcomes:?}");
    outcomes
}

/// Damaged copies of a single file.
fn attack_file(seed: u64, name: &str, original: &[u8]) -> Outcomes {
    let nothing = Folder::Archive(BTreeMap::new());
    let most = if name.ends_with(".zip") { MOST_PER_DEFLATED_BYTE } else { MOST_PER_BYTE };
    attack(seed, most, |dice| {
        let bytes = dice.damage(original);
        (bytes.len(), find::file(Source::memory(bytes), &nothing, name, true))
    })
}

/// Damaged copies of a table with the checksums of its blocks made good again.
fn damage_table(dice: &mut Dice, original: &[u8], blocks: &[(usize, usize)]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    let (at, size) = blocks[dice.below(blocks.len())];
    dice.overwrite(&mut bytes[at..at + size]);
    table::tests::repair(&mut bytes, blocks);
    bytes
}

#[test]
fn v1() {
    for (seed, name) in [(1, "drum_kit_small_v1.ckpt"), (2, "dtypes_slices_v1.ckpt")] {
        let outcomes = attack_file(seed, name, &golden(name));
        assert!(outcomes.checksum > 0, "{outcomes:?}");
    }
}

#[test]
fn v1_with_good_checksums() {
    for (seed, name) in [(3, "drum_kit_small_v1.ckpt"), (4, "dtypes_slices_v1.ckpt")] {
        let original = golden(name);
        let blocks = table::tests::blocks(&original);
        let outcomes = attack(seed, MOST_PER_BYTE, |dice| {
            let bytes = damage_table(dice, &original, &blocks);
            (bytes.len(), Ok(Parts::V1(vec![Source::memory(bytes)])))
        });
        assert!(outcomes.loaded > 0, "{outcomes:?}");
    }
}

/// A V2 checkpoint whose index and data are made by `damage` from the golden ones.
fn attack_v2(
    seed: u64,
    stem: &str,
    damage: impl Fn(&mut Dice, &[u8], &[u8]) -> (Vec<u8>, Vec<u8>),
) -> Outcomes {
    let data_name = format!("{stem}.data-00000-of-00001");
    let (index, data) = (golden(&format!("{stem}.index")), golden(&data_name));
    attack(seed, MOST_PER_BYTE, |dice| {
        let (index, data) = damage(dice, &index, &data);
        let length = index.len() + data.len();
        let members = BTreeMap::from([(data_name.clone(), Member::Stored(Source::memory(data)))]);
        (length, Ok(Parts::V2(Source::memory(index), Folder::Archive(members), stem.into())))
    })
}

#[test]
fn v2() {
    for (seed, stem) in [(5, "attention_small_snappy.ckpt"), (6, "dtypes_slices_v2.ckpt")] {
        let outcomes = attack_v2(seed, stem, |dice, index, data| match dice.below(2) {
            0 => (dice.damage(index), data.to_vec()),
            _ => (index.to_vec(), dice.damage(data)),
        });
        assert!(outcomes.checksum > 0, "{outcomes:?}");
    }
}

#[test]
fn v2_with_good_checksums() {
    for (seed, stem) in [(7, "attention_small_snappy.ckpt"), (8, "dtypes_slices_v2.ckpt")] {
        let blocks = table::tests::blocks(&golden(&format!("{stem}.index")));
        let outcomes =
            attack_v2(seed, stem, |dice, index, data| (damage_table(dice, index, &blocks), data.to_vec()));
        assert!(outcomes.loaded > 0, "{outcomes:?}");
    }
}

#[test]
fn bundles() {
    let outcomes = attack_file(9, "x.mag", &golden("drum_kit_small.mag"));
    assert!(outcomes.loaded > 0, "{outcomes:?}");
    let (weights, card) = sample();
    let own = save_bundle(&weights, &card, &crate::model::import::bundle_details(&card)).expect("saves");
    attack_file(10, "x.mag", &own);
}

fn sample() -> (Weights, Card) {
    let tensor = |name: &str, shape: &[usize]| {
        let count = shape.iter().product::<usize>();
        (name.to_owned(), Tensor::f32(shape, (0..count).map(|k| k as f32).collect()))
    };
    let weights = [tensor("a/kernel", &[3, 8]), tensor("b/bias", &[5])].into_iter().collect();
    (weights, Card::of(configuration("basic_rnn").expect("in the catalogue")))
}

#[test]
fn safetensors_files() {
    let (weights, card) = sample();
    attack_file(11, "x.safetensors", &save_bytes(&weights, &card).expect("saves"));
}

#[test]
fn archives() {
    let names = [
        "sharded_v2.ckpt.index",
        "sharded_v2.ckpt.data-00000-of-00002",
        "sharded_v2.ckpt.data-00001-of-00002",
    ];
    let contents = names.map(golden);
    let files: Vec<(&str, &[u8])> = names.into_iter().zip(contents.iter().map(Vec::as_slice)).collect();
    for (seed, name, archive) in [
        (12, "x.tar", tar::tests::tar(&files)),
        (13, "x.zip", zip::tests::zip(&files, true)),
        (14, "x.zip", zip::tests::zip(&files, false)),
    ] {
        let outcomes = attack_file(seed, name, &archive);
        assert!(outcomes.loaded > 0, "{outcomes:?}");
    }
}

/// A training of GANSynth in stages, with its description.
#[test]
fn stages() {
    let (weights, _) = sample();
    let named = |(name, tensor): (String, _)| (format!("Generator/{name}/ExponentialMovingAverage"), tensor);
    let weights: Weights = weights.into_iter().map(named).collect();
    let mut files = vec![("g/experiment.json".to_owned(), br#"{"latent_vector_size": 6}"#.to_vec())];
    for (stage, step) in [("g/stage_00000", 1), ("g/stage_00002", 5)] {
        let written = testing::write_v2("model.ckpt", &weights, step);
        files.extend(written.map(|(name, bytes)| (format!("{stage}/{name}"), bytes)));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let outcomes = attack_file(17, "x.zip", &zip::tests::zip(&files, false));
    assert!(outcomes.loaded > 0, "{outcomes:?}");
}

/// Files of a folder of Magenta.js, one of them damaged at a time.
#[test]
fn magenta_js() {
    let checkpoints: [(&str, &[&str]); 2] = [
        ("tfjs_nade_drums9", &["group1-shard1of1.bin"]),
        ("tfjs_flat_mel_q1", &["group1-shard1of2.bin", "group1-shard2of2.bin"]),
    ];
    for (seed, (checkpoint, shards)) in (15..).zip(checkpoints) {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/vae").join(checkpoint);
        let names: Vec<&str> =
            [js::MANIFEST, "config.json"].into_iter().chain(shards.iter().copied()).collect();
        let files: Vec<(&str, Vec<u8>)> =
            names.into_iter().map(|name| (name, std::fs::read(place.join(name)).expect("kept"))).collect();
        let outcomes = attack(seed, MOST_PER_BYTE, |dice| {
            let mut files = files.clone();
            // The lists are where the structure is.
            let which = dice.below(2 * files.len()) % files.len();
            files[which].1 = dice.damage(&files[which].1);
            let length = files.iter().map(|(_, bytes)| bytes.len()).sum();
            let folder = js::tests::folder(files.iter().map(|(name, bytes)| (*name, bytes.as_slice())));
            let manifest = folder.need(js::MANIFEST).expect("is there");
            (length, find::file(manifest, &folder, js::MANIFEST, true))
        });
        assert!(outcomes.loaded > 0, "{outcomes:?}");
    }
}

/// Claims of terabytes in a few bytes: were they believed, these tests would end for want of memory.
#[test]
fn claims_beyond_the_file_are_refused() {
    use super::protobuf::{put_bytes, put_number};
    let mut shape = Vec::new();
    for extent in [1u64 << 20, 1 << 22] {
        let mut dim = Vec::new();
        put_number(&mut dim, 1, extent);
        put_bytes(&mut shape, 2, &dim);
    }
    let message = |fields: &[(u64, &[u8])]| {
        let mut out = Vec::new();
        fields.iter().for_each(|(number, bytes)| put_bytes(&mut out, *number, bytes));
        out
    };
    let cancel = Cancel::default();
    let refused = |parts: Parts| {
        let error =
            read(parts, &mut Watch { progress: &mut |_| {}, cancel: &cancel }).expect_err("is refused");
        assert!(matches!(error, CheckpointError::Damaged(_)), "{error}");
    };
    // V1: a tensor of 2^42 elements of which a slice of one is there.
    let mut extent = Vec::new();
    put_number(&mut extent, 2, 1);
    let slice = message(&[(1, &extent), (1, &extent)]);
    let mut entry = message(&[(1, b"w"), (2, &shape), (4, &slice)]);
    put_number(&mut entry, 3, 1);
    let list = message(&[(1, &message(&[(1, &entry)]))]);
    let saved = message(&[(1, b"w"), (2, &slice), (3, &message(&[(5, &[0; 4])]))]);
    let entries = [(vec![], list), (vec![0, 1], message(&[(2, &saved)]))];
    refused(Parts::V1(vec![Source::memory(table::write(&entries))]));
    // V2: the same tensor whole, and in parts of which one is there.
    let header = [8, 1, 0x1a, 2, 8, 1].to_vec();
    let data = Member::Stored(Source::memory(vec![0; 4]));
    let folder = Folder::Archive(BTreeMap::from([("x.data-00000-of-00001".to_owned(), data)]));
    let mut whole = message(&[(2, &shape)]);
    put_number(&mut whole, 1, 1);
    put_number(&mut whole, 5, 4 << 42);
    let mut parts = message(&[(2, &shape), (7, &slice)]);
    put_number(&mut parts, 1, 1);
    let mut part = Vec::new();
    put_number(&mut part, 1, 1);
    put_number(&mut part, 5, 4);
    let key = slice_key::slice_key("w", &slices::Slice(vec![(0, Some(1)); 2]));
    for entries in [
        vec![(vec![], header.clone()), (b"w".to_vec(), whole)],
        vec![(vec![], header), (key, part), (b"w".to_vec(), parts)],
    ] {
        refused(Parts::V2(Source::memory(table::write(&entries)), folder.clone(), "x".into()));
    }
    // A bundle's field, and an entry of a table.
    let mut long = message(&[(1, &message(&[(1, b"attention_rnn")]))]);
    long.extend([0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]);
    refused(Parts::Bundle(Source::memory(long)));
}

/// All of it again in a process that has 256 MiB of address space, of which the program with its weights takes a fifth:
/// a reader that trusted a length would die of it.
#[cfg(target_os = "linux")]
#[test]
fn no_copy_makes_a_reader_hungry() {
    let name = "no_copy_makes_a_reader_hungry";
    let me = std::env::current_exe().expect("a program");
    let script = r#"ulimit -v 262144 && exec "$0" --test-threads 2 --skip "$1" checkpoint::fuzz"#;
    let run = std::process::Command::new("sh").arg("-c").arg(script).arg(me).arg(name).output();
    let run = run.expect("a shell");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && !said.contains(" 0 passed"),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
}
