//! The commands that write takes as a user runs them, on small networks with formula weights.

use descant_core::checkpoint::save_file;
use descant_core::model::{Card, EncodingParams, Hparams, LatentParams, find};
use descant_core::music::{Clip, ClipKind, Note, Span, TICKS_PER_QUARTER, Ticks, Voices, midi};
use descant_core::nn::formula;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn descant(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_descant")).args(arguments).output().expect("descant runs")
}

/// A weights file of `id` with two layers of 16.
fn weights(folder: &Path, id: &str) -> PathBuf {
    let configuration = find(id).expect("in the catalogue");
    let hparams = Hparams { layers: vec![16, 16], attention: 0, ..configuration.hparams.clone() };
    let variables = hparams.variables().expect("a possible shape");
    let scales = formula::Scales { default: 0.25, patterns: Vec::new() };
    let named = variables.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    let weights = formula::weights(named, 1, &scales);
    let path = folder.join(format!("{id}.safetensors"));
    save_file(&path, &weights, &Card { hparams, ..Card::of(configuration) }).expect("saved");
    path
}

/// A weights file of a latent model with small layers and short vectors.
fn latent_weights(folder: &Path, id: &str) -> PathBuf {
    let configuration = find(id).expect("in the catalogue");
    let EncodingParams::Latent(params) = &configuration.hparams.encoding else {
        panic!("{id} is not latent")
    };
    let encoding = EncodingParams::Latent(LatentParams { z: 8, encoder: vec![12], ..params.clone() });
    let hparams = Hparams { layers: vec![16, 16], encoding, ..configuration.hparams.clone() };
    let variables = hparams.variables().expect("a possible shape");
    let scales = formula::Scales { default: 0.8, patterns: Vec::new() };
    let named = variables.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    let path = folder.join(format!("{id}.safetensors"));
    let card = Card { hparams, ..Card::of(configuration) };
    save_file(&path, &formula::weights(named, 1, &scales), &card).expect("saved");
    path
}

/// The only track of a MIDI file.
fn clip(path: &Path) -> Clip {
    let song = midi::read(&std::fs::read(path).expect("read")).expect("a MIDI file");
    song.track_to_clip(0, Voices::All, Span::Whole).expect("has a track")
}

/// The MIDI files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path());
    let mut files: Vec<_> = entries.filter(|p| p.extension().is_some_and(|e| e == "mid")).collect();
    files.sort();
    files
}

#[test]
fn generate_writes_one_named_file_per_take_and_the_same_bytes_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = weights(folder.path(), "drum_kit");
    let (first, second) = (folder.path().join("a"), folder.path().join("b"));
    for out in [&first, &second] {
        let arguments =
            ["generate", "-n", "3", "--seed", "Mavo Tiru", "-w", &weights.to_string_lossy(), "-o"];
        let output = descant(&[&arguments[..], &[&out.to_string_lossy()]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (a, b) = (files(&first), files(&second));
    assert_eq!(a.len(), 3);
    assert!(a[0].ends_with("Descant 1 of 3 [Generate] Drum kit RNN mavo-tiru.mid"), "{a:?}");
    for (a, b) in a.iter().zip(&b) {
        assert_eq!(std::fs::read(a).expect("read"), std::fs::read(b).expect("read"));
        assert_eq!(clip(a).length, 16 * TICKS_PER_QUARTER);
    }
}

#[test]
fn continue_keeps_the_primer_and_adds_bars() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = weights(folder.path(), "lookback_rnn");
    let notes = (0..8i64).map(|i| Note {
        start: i * TICKS_PER_QUARTER + (i % 2) * 1280,
        pitch: [60, 64, 67, 72][i as usize % 4],
        length: TICKS_PER_QUARTER / 2,
        velocity: 40 + 10 * i as u8,
    });
    let primer = Clip {
        name: "Phrase".into(),
        kind: ClipKind::Melody,
        notes: notes.collect(),
        length: 8 * TICKS_PER_QUARTER,
        tempo: Some(97.5),
        ..Clip::default()
    };
    let path = folder.path().join("primer.mid");
    std::fs::write(&path, midi::write_clip(&primer, midi::WriteOptions::default()).expect("MIDI"))
        .expect("written");
    let out = folder.path().join("out");
    let (path, weights, out_text) =
        (path.to_string_lossy(), weights.to_string_lossy(), out.to_string_lossy());
    let output = descant(&["continue", &path, "-w", &weights, "-n", "1", "-b", "2", "-o", &out_text]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = files(&out);
    assert!(files[0].to_string_lossy().contains("[Phrase] Lookback melody RNN"), "{files:?}");
    let take = clip(&files[0]);
    assert_eq!(take.length, 16 * TICKS_PER_QUARTER);
    assert_eq!(take.notes[..8], primer.notes);
    assert!(take.notes[8..].iter().all(|n| n.start >= primer.length));
}

#[test]
fn mistakes_are_explained_and_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = weights(folder.path(), "basic_rnn");
    let weights = weights.to_string_lossy();
    let garbage = folder.path().join("garbage.mid");
    std::fs::write(&garbage, b"no music").expect("written");
    let cases: [(&[&str], &str); 5] = [
        (&["generate", "--model", "nope"], "models are: drum_kit"),
        (&["generate", "--model", "attention_rnn"], "needs weights"),
        (&["generate", "--seed", "xylophone"], "is no seed"),
        (&["generate", "--model", "drum_kit", "-w", &weights], "holds basic_rnn"),
        (&["continue", &garbage.to_string_lossy(), "-w", &weights], "garbage.mid"),
    ];
    for (arguments, expected) in cases {
        let output = descant(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}

#[test]
fn chords_and_notes_per_second_reach_the_models_that_hear_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let generate = |id: &str, more: &[&str]| {
        let weights = weights(folder.path(), id);
        let out = folder.path().join(id);
        let paths = [weights.to_string_lossy().into_owned(), out.to_string_lossy().into_owned()];
        let arguments = ["generate", "-n", "1", "-b", "2", "-w", &paths[0], "-o", &paths[1]];
        let output = descant(&[&arguments[..], more].concat());
        let said =
            String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr });
        (output.status.success(), said.into_owned())
    };
    let (good, said) = generate("basic_improv", &["--chords", "C G7 Am F", "--steps-per-chord", "8"]);
    assert!(good && !said.contains("note: "), "{said}");
    let (good, said) = generate("basic_improv", &[]);
    assert!(good && said.contains("C Am F G"), "{said}");
    let (good, said) = generate("basic_improv", &["--chords", "C Hm"]);
    assert!(!good && said.contains("“Hm”"), "{said}");
    let weights = "1,0,1,0,1,1,0,1,0,1,0,1";
    let told = ["--notes-per-second", "8", "--pitch-classes", weights];
    let (good, said) = generate("multiconditioned_performance_with_dynamics", &told);
    assert!(good && !said.contains("note: "), "{said}");
    let (good, said) = generate("drum_kit", &told);
    assert!(good && said.contains("ignored"), "{said}");
    let (good, said) = generate("drum_kit", &["--pitch-classes", "1,2"]);
    assert!(!good && said.contains("twelve"), "{said}");
}

#[test]
fn the_tools_of_latent_models_write_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let notes = (0..16i64).map(|i| Note {
        start: i * TICKS_PER_QUARTER / 2 + 100 * (i % 3),
        pitch: [36, 42, 38, 42][i as usize % 4],
        length: TICKS_PER_QUARTER / 4,
        velocity: 50 + 4 * i as u8,
    });
    let clip_of = |name: &str, keep: i64| {
        let beat = Clip {
            name: name.into(),
            kind: ClipKind::Drums,
            notes: notes.clone().filter(|n| n.start / TICKS_PER_QUARTER % keep == 0).collect(),
            length: 8 * TICKS_PER_QUARTER,
            ..Clip::default()
        };
        let path = folder.path().join(format!("{name}.mid"));
        let bytes = midi::write_clip(&beat, midi::WriteOptions::default()).expect("MIDI");
        std::fs::write(&path, bytes).expect("written");
        (beat, path.to_string_lossy().into_owned())
    };
    let ((beat, one), (_, two)) = (clip_of("One", 1), clip_of("Two", 2));
    let run = |arguments: &[&str], id: &str, out: &str| {
        let weights = latent_weights(folder.path(), id);
        let out = folder.path().join(out);
        let more = ["-w", &weights.to_string_lossy(), "-o", &out.to_string_lossy()];
        let output = descant(&[arguments, &more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (files(&out), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let drums = "cat-drums_2bar_small";
    let (way, said) = run(&["interpolate", &one, &two, "--steps", "4"], drums, "way");
    assert_eq!(way.len(), 4);
    assert!(way[0].to_string_lossy().contains("1 of 4 [One] MusicVAE drums"), "{way:?}");
    assert!(!said.contains("nats"), "{said}");
    let (baked, _) = run(&["interpolate", &one, &two, "--steps", "4", "--bake"], drums, "baked");
    assert_eq!(clip(&baked[0]).length, 32 * TICKS_PER_QUARTER);
    let (near, _) = run(&["generate", "--near", &one, "-n", "2", "-b", "3"], drums, "near");
    assert_eq!((near.len(), clip(&near[0]).length), (2, 12 * TICKS_PER_QUARTER));
    let still = ["groove", &one, "--timing", "0", "--dynamics", "0", "-n", "1"];
    let (still, _) = run(&still, "groovae_2bar_humanize", "still");
    assert_eq!(clip(&still[0]).notes, beat.notes);
    let (grooved, _) = run(&["groove", &one, "-n", "1"], "groovae_2bar_humanize", "grooved");
    assert_eq!(clip(&grooved[0]).notes.len(), beat.notes.len());
    assert_ne!(clip(&grooved[0]).notes, beat.notes);
    let (drumified, _) = run(&["drumify", &one, "-n", "1"], "groovae_2bar_tap_fixed_velocity", "drumified");
    assert!(!clip(&drumified[0]).notes.is_empty());
    let (hats, _) = run(&["hats", &one, "-n", "1"], "groovae_2bar_add_closed_hh", "hats");
    let others = |clip: &Clip| clip.notes.iter().filter(|n| n.pitch != 42).copied().collect::<Vec<_>>();
    assert_eq!(others(&clip(&hats[0])), others(&beat));
}

#[test]
fn a_model_learns_from_files_and_generate_plays_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = latent_weights(folder.path(), "cat-mel_2bar_small");
    let tune = |n: u8| {
        let note = |i: u8| Note {
            start: Ticks::from(i) * TICKS_PER_QUARTER,
            pitch: 60 + i * (n + 1) % 12,
            length: TICKS_PER_QUARTER,
            velocity: 90,
        };
        let notes = (0..16).map(note).collect();
        Clip { kind: ClipKind::Melody, notes, length: 16 * TICKS_PER_QUARTER, ..Clip::default() }
    };
    let drums = Clip { kind: ClipKind::Drums, ..tune(0) };
    let song = folder.path().join("song.mid");
    std::fs::write(&song, midi::write_clips(&[tune(1), drums, tune(2)]).expect("bytes")).expect("written");
    let (base, song, out) = (base.to_string_lossy(), song.to_string_lossy(), folder.path().to_string_lossy());
    let arguments = ["personalise", &song, "-w", &base, "--name", "late night", "--rounds", "5", "-o", &out];
    let output = descant(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("2 clips, 4 pieces"), "{told}");
    let own = folder.path().join("cat-mel_2bar_small.late-night.safetensors");
    let takes = |own_share: &str, out: &str| {
        let to = folder.path().join(out);
        let (own, to_text) = (own.to_string_lossy(), to.to_string_lossy());
        let arguments = ["generate", "-n", "4", "-b", "2", "-t", "0", "-w", &own, "--own", own_share, "-o"];
        let output = descant(&[&arguments[..], &[&to_text]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        files(&to).iter().map(|path| clip(path).notes).collect::<Vec<_>>()
    };
    let (mine, plain) = (takes("100", "mine"), takes("0", "plain"));
    assert_eq!((mine.len(), plain.len()), (4, 4));
    assert_ne!(mine, plain);
    let output = descant(&["personalise", &song, "-w", &own.to_string_lossy(), "-m", "drum_kit"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("not of"), "{output:?}");
}

#[test]
fn a_trio_is_a_file_of_three_tracks() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_string_lossy();
    let arguments = ["trio", "-b", "2", "-n", "2", "--chords", "Dm7 G7", "-s", "5", "-o", &out];
    let output = descant(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all = files(folder.path());
    assert_eq!(all.len(), 2);
    for path in &all {
        let song = midi::read(&std::fs::read(path).expect("read")).expect("a MIDI file");
        let names: Vec<&str> = song.tracks.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["Melody", "Bass", "Drums"]);
        assert_eq!(song.tracks[2].kind, ClipKind::Drums);
    }
    assert!(String::from_utf8_lossy(&descant(&["trio", "--chords", "H9x"]).stderr).contains("H9x"));
}
