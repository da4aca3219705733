//! `descant import` and `descant export` as a user runs them, on the golden files and the models built in.

use descant_core::checkpoint::load_file;
use descant_core::model::{Model, builtin};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn descant(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_descant")).args(arguments).output().expect("descant runs")
}

fn succeeds(arguments: &[&str]) -> String {
    let output = descant(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/rnn/ckpt");
    folder.join(name).to_string_lossy().into_owned()
}

/// The bits of all logits of a short walk over the inputs.
fn logits(model: &Model) -> Vec<u32> {
    let stack = model.stack().expect("layers");
    let mut state = stack.state(1);
    let mut all = Vec::new();
    for t in 0..12u32 {
        let width = stack.config().input as u32;
        let input = [(t * 7 % width, 1.0), ((t * 13 + 1) % width, -1.0)];
        let mut logits = vec![0.0; stack.config().output];
        stack.step(&mut state, &[&input], &mut logits).expect("steps");
        all.extend(logits.iter().map(|l| l.to_bits()));
    }
    all
}

fn model(path: &Path) -> Model {
    Model::from_checkpoint(load_file(path).expect("reads")).expect("is a model")
}

#[test]
fn a_bundle_becomes_a_weights_file_and_a_bundle_again_with_the_same_logits() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| -> (PathBuf, String) {
        let path = folder.path().join(name);
        (path.clone(), path.to_string_lossy().into_owned())
    };
    let (_, first_out) = path("first");
    let text = succeeds(&["import", &golden("attention_small.mag"), "--licence", "mine", "-o", &first_out]);
    assert!(text.contains("attention_rnn, layers of 12, 10, from a Magenta bundle"), "{text}");
    let first = folder.path().join("first/attention_small.safetensors");
    let card = load_file(&first).expect("reads").card.expect("has a card");
    assert_eq!((card.licence.as_str(), card.hparams.attention), ("mine", 6));
    assert_eq!(card.source[0].name, "attention_small.mag");
    assert_eq!(card.source[0].sha256.len(), 64);
    let (_, bundle) = path("again.mag");
    let text = succeeds(&["export", &first.to_string_lossy(), &bundle]);
    assert!(text.contains("(attention_rnn, 14 tensors)"), "{text}");
    let (_, second_out) = path("second");
    succeeds(&["import", &bundle, "-o", &second_out]);
    let second = folder.path().join("second/again.safetensors");
    assert_eq!(logits(&model(&first)), logits(&model(&second)));
}

#[test]
fn models_that_are_built_in_survive_a_bundle_to_the_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let events = |id: &str| builtin::load(id).expect("loads").stack().is_some();
    for built in builtin::BUILTIN.iter().filter(|b| events(b.id)) {
        let bundle = folder.path().join(format!("{}.mag", built.id));
        succeeds(&["export", built.id, &bundle.to_string_lossy()]);
        succeeds(&["import", &bundle.to_string_lossy(), "-o", &folder.path().to_string_lossy()]);
        let back = model(&folder.path().join(format!("{}.safetensors", built.id)));
        assert_eq!(logits(&back), logits(&builtin::load(built.id).expect("loads")), "{}", built.id);
    }
}

#[test]
fn own_sizes_are_taken_when_they_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_string_lossy().into_owned();
    let text = succeeds(&[
        "import",
        &golden("attention_small_train_v2.ckpt"),
        "--model",
        "attention_rnn",
        "--layers",
        "12,10",
        "--attention",
        "6",
        "-o",
        &out,
    ]);
    assert!(text.contains("TensorFlow checkpoint (V2), training step 4321"), "{text}");
    assert!(text.contains("names no licence"), "{text}");
    let card = load_file(&folder.path().join("attention_small_train_v2.ckpt.safetensors"));
    let card = card.expect("reads").card.expect("has a card");
    assert_eq!(card.source.len(), 2, "index and data");
    assert!(card.command.ends_with("training step 4321"), "{}", card.command);
}

#[test]
fn mistakes_are_explained_and_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("there.mag");
    std::fs::write(&there, b"no bundle").expect("written");
    let (there, small) = (there.to_string_lossy().into_owned(), golden("attention_small_v1.ckpt"));
    let new = folder.path().join("new.mag").to_string_lossy().into_owned();
    let cases: [(&[&str], &str); 10] = [
        (&["import", &small], "it could be attention_rnn"),
        (&["import", &small, "-m", "drum_kit"], "has layers of 12, 10, drum_kit needs three layers of 256"),
        (&["import", &small, "-m", "nope"], "models are: drum_kit"),
        (
            &["import", &golden("attention_small.mag"), "-m", "mono_rnn"],
            "made for attention_rnn, not for mono_rnn",
        ),
        (&["import", &there], "is no checkpoint that Descant reads"),
        (&["import", "no/such/file"], "no/such/file"),
        (&["export", "attention_rnn", &new], "attention_rnn needs weights"),
        (&["export", "groovae_2bar_humanize", &new], "bundles hold RNNs only"),
        (&["export", "drum_kit", &there], "is there already"),
        (&["export", "drum_kit", "x.ckpt"], "has to end in .mag"),
    ];
    for (arguments, expected) in cases {
        let output = descant(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}
