//! `descant golden` as a user runs it: on the vectors we keep, and on folders that must not pass.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn golden(dir: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_descant"));
    command.arg("golden").arg(dir).args(options).output().expect("descant runs")
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_kept_vectors_pass() {
    let output = golden(&kept(), &["--known-only"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("a_quantise_extract.json"), "{text}");
    assert!(text.contains(" 0 failed, 0 unknown"), "{text}");
}

#[test]
fn what_is_not_built_fails_unless_only_known_cases_are_asked_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let text =
        r#"{"format": 1, "cases": [{"id": "x", "op": "no_such_operation", "params": {}, "expected": {}}]}"#;
    std::fs::write(dir.path().join("a_quantise_extract.json"), text).expect("written");
    let strict = golden(dir.path(), &[]);
    assert!(!strict.status.success());
    assert!(stdout(&strict).contains("x: not built yet: no_such_operation"), "{}", stdout(&strict));
    let lenient = golden(dir.path(), &["--known-only"]);
    assert!(lenient.status.success());
    assert!(stdout(&lenient).contains("0 ok, 1 skipped, 0 failed"), "{}", stdout(&lenient));
}

#[test]
fn a_wrong_vector_fails() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(kept().join("rnn/a_quantise_extract.json")).expect("kept vectors");
    let mut doc: serde_json::Value = serde_json::from_str(&text).expect("kept vectors");
    assert_eq!(doc["cases"][0]["expected"]["step"], 4);
    doc["cases"][0]["expected"]["step"] = 5.into();
    std::fs::write(dir.path().join("a_quantise_extract.json"), doc.to_string()).expect("written");
    let output = golden(dir.path(), &["--known-only"]);
    assert!(!output.status.success());
    assert!(stdout(&output).contains("FAILED step00: .step: got 4, expected 5"), "{}", stdout(&output));
}

#[test]
fn unknown_garbage_and_missing_files_fail() {
    for (name, content) in [("novel.json", "{}"), ("b_chords.json", "no json"), ("README.md", "nothing else")]
    {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(name), content).expect("written");
        assert!(!golden(dir.path(), &["--known-only"]).status.success(), "{name}");
    }
    assert!(!golden(Path::new("no/such/folder"), &["--known-only"]).status.success());
}

#[test]
fn files_that_a_known_file_refers_to_are_not_unknown() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("ckpt")).expect("a folder");
    std::fs::write(dir.path().join("ckpt/model.index"), "bytes").expect("written");
    assert!(!golden(dir.path(), &["--known-only"]).status.success(), "nothing refers to it");
    let text = r#"{"format": 1, "cases": [{"id": "a", "op": "quantize_to_step",
        "params": {"t": 1.0, "sps": 4.0, "cutoff": 0.5}, "expected": {"step": 4}}]}"#;
    std::fs::write(dir.path().join("a_quantise_extract.json"), text).expect("written");
    std::fs::write(dir.path().join("d_checkpoints.json"), r#"{"format": 1, "models": []}"#).expect("written");
    let output = golden(dir.path(), &["--known-only"]);
    assert!(output.status.success(), "{}", stdout(&output));
    assert!(stdout(&output).contains("1 ok, 0 skipped, 0 failed"), "{}", stdout(&output));
}
