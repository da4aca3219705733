//! `descant toy` and the kinds of files that it and `descant continue` read, as a user runs them.

use descant_core::music::{ClipKind, Song, midi};
use std::path::Path;
use std::process::{Command, Output};

fn descant(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_descant")).args(arguments).output().expect("descant runs")
}

/// The MIDI files of a folder, by name.
fn songs(folder: &Path) -> Vec<Song> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path());
    let mut files: Vec<_> = entries.filter(|p| p.extension().is_some_and(|e| e == "mid")).collect();
    files.sort();
    files.iter().map(|f| midi::read(&std::fs::read(f).expect("read")).expect("a MIDI file")).collect()
}

#[test]
fn dice_write_a_waltz_of_two_tracks() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_string_lossy();
    let output = descant(&["toy", "dice", "-n", "2", "--seed", "5", "-o", &out]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let songs = songs(folder.path());
    assert_eq!(songs.len(), 2);
    assert_eq!(songs[0].tracks.len(), 2);
    assert_eq!(songs[0].meters.at(0).meter.to_string(), "3/8");
    assert_ne!(songs[0].tracks[0].notes, songs[1].tracks[0].notes);
}

#[test]
fn a_chain_learns_from_a_tune_and_from_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let tune = folder.path().join("tune.abc");
    std::fs::write(&tune, "X:1\nM:3/4\nL:1/8\nQ:1/4=90\nK:G\nGABcde|d2B2G2|c2A2F2|G6|\n").expect("written");
    let out = folder.path().join("melody");
    let arguments = ["toy", "markov", &tune.to_string_lossy(), "-b", "4", "-o", &out.to_string_lossy()];
    let output = descant(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let song = &songs(&out)[0];
    assert_eq!(song.meters.at(0).meter.to_string(), "3/4");
    assert!(song.tracks[0].notes.iter().all(|n| [66, 67, 69, 71, 72, 74, 76].contains(&n.pitch)));
    let out = folder.path().join("drums");
    let pattern = "[(36,42),(),(42,),(),(38,42),(),(42,),()]";
    let output = descant(&["toy", "markov", pattern, "--drums", "-o", &out.to_string_lossy()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(songs(&out)[0].tracks[0].kind, ClipKind::Drums);
}

#[test]
fn what_is_no_music_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("diary.txt");
    std::fs::write(&path, "Dear diary,").expect("written");
    for command in [&["toy", "markov"][..], &["continue"]] {
        let output = descant(&[command, &[&path.to_string_lossy()]].concat());
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && why.contains("neither a MIDI file nor"), "{why}");
    }
    let output = descant(&["continue", "[60,(36,)]"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("step 2 does not fit"));
}
