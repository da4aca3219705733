//! The readers on files that TensorFlow and Magenta's bundle writer have written.
use super::folder::Folder;
use super::open::{Watch, read};
use super::tensor_proto::Values;
use super::*;
use crate::nn::Weights;
use crate::tool::Cancel;
use std::collections::BTreeMap;
use std::path::Path;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/rnn/ckpt")
}

fn opened(name: &str) -> Result<Opened, CheckpointError> {
    open(&golden().join(name), &mut |_| {}, &Cancel::default())
}

#[test]
fn containers_of_the_same_weights_are_equal() {
    let v1 = opened("attention_small_v1.ckpt").expect("reads");
    assert_eq!((v1.format, v1.weights.len(), v1.step), (Format::V1, 14, None));
    for (name, format, step) in [
        ("attention_small_v2.ckpt", Format::V2, None),
        ("attention_small_v2.ckpt.index", Format::V2, None),
        ("attention_small_v2.ckpt.data-00000-of-00001", Format::V2, None),
        ("attention_small_snappy.ckpt.index", Format::V2, None),
        ("attention_small.mag", Format::Bundle, None),
        ("attention_small_train_v1.ckpt", Format::V1, Some(4321)),
        ("attention_small_train_v2.ckpt.index", Format::V2, Some(4321)),
    ] {
        let other = opened(name).expect(name);
        assert_eq!((other.format, other.step), (format, step), "{name}");
        assert!(other.weights == v1.weights, "{name}");
    }
}

#[test]
fn a_bundle_says_what_it_is_and_how_far_its_attention_looks() {
    let bundle = opened("attention_small.mag").expect("reads");
    assert_eq!(bundle.attention, Some(6));
    let details = bundle.bundle.expect("has details");
    assert_eq!(details.generator, "attention_rnn");
    assert_eq!(details.description, "Golden test bundle A: small attention_rnn");
    assert_eq!(opened("drum_kit_small.mag").expect("reads").attention, Some(5));
}

#[test]
fn all_types_and_slices() {
    let none = &mut |_| {};
    let cancel = Cancel::default();
    for name in ["dtypes_slices_v1.ckpt", "dtypes_slices_v2.ckpt"] {
        let mut watch = Watch { progress: none, cancel: &cancel };
        let variables = match find::find(&golden().join(name)).expect(name) {
            find::Parts::V1(shards) => v1::read(&shards, &|_| true, &mut watch),
            find::Parts::V2(index, folder, prefix) => {
                let mut shard = |i, n| folder.need(&format!("{prefix}.data-{i:05}-of-{n:05}"));
                v2::read(index, &mut shard, &|_| true, &mut watch)
            }
            other => panic!("{name}: {other:?}"),
        };
        let variables: BTreeMap<String, Variable> =
            variables.expect(name).into_iter().map(|v| (v.name.clone(), v)).collect();
        let of = |n: &str| variables.get(n).map(|v| (v.shape.clone(), v.values.clone()));
        let v2 = name.contains("v2");
        let integers = || Values::Integers((0..6).collect());
        let floats =
            |count: u8, scale: f32| Values::Floats((0..count).map(|k| f32::from(k) * scale).collect());
        for dtype in ["int32", "int64", "uint8"] {
            assert_eq!(of(&format!("dt_{dtype}")), Some((vec![2, 3], integers())), "{name}");
        }
        assert_eq!(of("dt_bool"), Some((vec![3], Values::Integers(vec![1, 0, 1]))), "{name}");
        assert_eq!(of("dt_float64"), Some((vec![2, 3], floats(6, 1.0))), "{name}");
        assert_eq!(of("dt_float16"), v2.then(|| (vec![2, 3], floats(6, 1.0))), "{name}");
        assert_eq!(of("empty"), v2.then(|| (vec![0, 3], floats(0, 1.0))), "{name}");
        assert_eq!(of("scalar"), Some((vec![], Values::Floats(vec![2.5]))), "{name}");
        assert_eq!(of("part/w"), Some((vec![10, 4], floats(40, 0.125))), "{name}");
        assert_eq!(of("strings"), None, "{name}");
    }
}

#[test]
fn what_export_writes_is_read_back() {
    let v1 = opened("attention_small_train_v1.ckpt").expect("reads").weights;
    let written = source::Source::memory(v1::write(&v1));
    let cancel = Cancel::default();
    let mut watch = Watch { progress: &mut |_| {}, cancel: &cancel };
    let again = read(find::Parts::V1(vec![written]), &mut watch).expect("reads");
    assert!(again.weights == v1);
}

#[test]
fn archives_and_folders_hold_one_checkpoint() {
    let bytes = |name: &str| std::fs::read(golden().join(name)).expect("kept");
    let (index, data) = (
        bytes("sharded_v2.ckpt.index"),
        [bytes("sharded_v2.ckpt.data-00000-of-00002"), bytes("sharded_v2.ckpt.data-00001-of-00002")],
    );
    let note = b"model_checkpoint_path: \"/gone/since/m.ckpt-5\"\n".as_slice();
    let files: Vec<(&str, &[u8])> = vec![
        ("run/checkpoint", note),
        ("run/events.out", b"?"),
        ("run/m.ckpt-5.data-00000-of-00002", &data[0]),
        ("run/m.ckpt-5.data-00001-of-00002", &data[1]),
        ("run/m.ckpt-5.index", &index),
        ("run/m.ckpt-5.meta", b"?"),
    ];
    let read = |bytes: Vec<u8>| {
        let parts = find::file(source::Source::memory(bytes), &Folder::Archive(BTreeMap::new()), "x", true)?;
        let cancel = Cancel::default();
        read(parts, &mut Watch { progress: &mut |_| {}, cancel: &cancel })
    };
    let expected = opened("sharded_v2.ckpt.index").expect("reads").weights;
    assert_eq!(expected.len(), 2);
    for archive in [tar::tests::tar(&files), zip::tests::zip(&files, false), zip::tests::zip(&files, true)] {
        assert_eq!(read(archive).expect("reads").weights, expected);
    }
    let short = read(tar::tests::tar(&[files[0], files[2], files[4]]));
    assert!(matches!(short, Err(CheckpointError::Missing(name)) if name.ends_with("00001-of-00002")));
    let nothing = read(tar::tests::tar(&files[1..2]));
    assert!(matches!(nothing, Err(CheckpointError::NoCheckpoint(_))));
    let two = [("a.ckpt.index", index.as_slice()), ("b.ckpt.index", &index)];
    assert!(
        matches!(read(tar::tests::tar(&two)), Err(CheckpointError::Several(names)) if names == "a.ckpt, b.ckpt")
    );
    assert!(matches!(open(&golden(), &mut |_| {}, &Cancel::default()), Err(CheckpointError::Several(_))));
}

#[test]
fn shards_of_v1_are_one_checkpoint() {
    let whole = opened("attention_small_v1.ckpt").expect("reads").weights;
    let half = |odd: bool| -> Weights {
        let tensors = whole.iter().enumerate().filter(|(i, _)| (i % 2 == 1) == odd);
        tensors.map(|(_, (name, tensor))| (name.to_owned(), tensor.clone())).collect()
    };
    let (first, second) = (v1::write(&half(false)), v1::write(&half(true)));
    let files = [("m.ckpt-00000-of-00002", first.as_slice()), ("m.ckpt-00001-of-00002", &second)];
    let read = |files: &[(&str, &[u8])]| {
        let archive = source::Source::memory(tar::tests::tar(files));
        let parts = find::file(archive, &Folder::Archive(BTreeMap::new()), "x", true)?;
        read(parts, &mut Watch { progress: &mut |_| {}, cancel: &Cancel::default() })
    };
    assert!(read(&files).expect("reads").weights == whole);
    let lacking = read(&files[..1]);
    assert!(matches!(lacking, Err(CheckpointError::Missing(name)) if name == "m.ckpt-00001-of-00002"));
}

#[test]
fn the_note_of_the_newest_checkpoint_leads_to_it() {
    let missing = opened("checkpoint").expect_err("it was not kept");
    assert!(matches!(missing, CheckpointError::Missing(name) if name == "state_demo-77.index"));
    let note = source::Source::memory(*b"model_checkpoint_path: \"checkpoint\"\n");
    let member = folder::Member::Stored(note.clone());
    let itself = Folder::Archive(BTreeMap::from([("checkpoint".to_owned(), member)]));
    let circle = find::file(note, &itself, "checkpoint", true);
    assert!(matches!(circle, Err(CheckpointError::Unrecognised(name)) if name == "checkpoint"));
}

#[test]
fn files_of_other_kinds_are_told_so() {
    let read = |name: &str, bytes: &[u8]| {
        let empty = Folder::Archive(BTreeMap::new());
        find::file(source::Source::memory(bytes), &empty, name, true).expect_err(name).to_string()
    };
    assert!(read("song.mid", b"MThd").starts_with("song.mid is no checkpoint that Descant reads"));
    assert!(read("x", b"").starts_with("x is no checkpoint"));
    assert!(read("x.tar.gz", &[0x1f, 0x8b, 8]).contains("unpack it first"));
    let index = std::fs::read(golden().join("sharded_v2.ckpt.index")).expect("kept");
    assert!(read("renamed", &index).contains("has to end in .index"));
    let gone = opened("no such file").expect_err("is not there");
    assert!(matches!(gone, CheckpointError::Io { .. }), "{gone}");
}

#[test]
fn reading_can_be_stopped_and_tells_how_far_it_is() {
    let cancel = Cancel::default();
    let mut told = Vec::new();
    let mut progress = |part| {
        told.push(part);
        if told.len() == 3 {
            cancel.cancel();
        }
    };
    let stopped = open(&golden().join("attention_small_v2.ckpt"), &mut progress, &cancel);
    assert!(matches!(stopped, Err(CheckpointError::Cancelled)));
    assert_eq!(told, [1.0 / 14.0, 2.0 / 14.0, 3.0 / 14.0]);
}

#[test]
fn a_folder_of_magenta_js_is_found_through_any_of_its_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/vae/tfjs_nade_drums9");
    let of = |path: &Path| open(path, &mut |_| {}, &Cancel::default()).expect("reads");
    let whole = of(&folder);
    assert_eq!((whole.format, whole.weights.len(), whole.files.len()), (Format::Js, 18, 3));
    for name in ["weights_manifest.json", "config.json", "group1-shard1of1.bin"] {
        let same = of(&folder.join(name));
        assert!(same.weights == whole.weights && same.js == whole.js && same.js.is_some(), "{name}");
    }
    let names = ["weights_manifest.json", "config.json", "group1-shard1of1.bin"];
    let contents = names.map(|name| std::fs::read(folder.join(name)).expect("kept"));
    let inside = names.map(|name| format!("models/x/{name}"));
    let files: Vec<(&str, &[u8])> =
        inside.iter().map(String::as_str).zip(contents.iter().map(Vec::as_slice)).collect();
    let archive = |bytes: Vec<u8>| {
        let parts = find::file(source::Source::memory(bytes), &Folder::Archive(BTreeMap::new()), "x", true)?;
        read(parts, &mut Watch { progress: &mut |_| {}, cancel: &Cancel::default() })
    };
    for bytes in [tar::tests::tar(&files), zip::tests::zip(&files, true)] {
        let same = archive(bytes).expect("reads");
        assert!(same.weights == whole.weights && same.js == whole.js);
    }
    let twice: Vec<(&str, &[u8])> =
        files.iter().copied().chain([("models/y/weights_manifest.json", contents[0].as_slice())]).collect();
    let error = archive(tar::tests::tar(&twice)).expect_err("are two").to_string();
    assert!(error.ends_with("models/x/weights_manifest.json, models/y/weights_manifest.json"), "{error}");
}
