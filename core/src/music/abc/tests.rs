//! Tests of reading ABC. All tunes here are made up for the purpose.

use super::*;
use crate::music::{Meter, Scale, TICKS_PER_QUARTER as Q, Ticks};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const E: Ticks = Q / 2;

/// A jig of the form that tune books have: two parts of eight bars, each with two endings.
const JIG: &str = "X:1\nT:The Test Bench Jig\nM:6/8\nL:1/8\nR:jig\nK:G\n\
    GBd gdB|AFD AFD|GBd gdB|c2A FGA|\n\
    GBd gdB|AFD DEF|GFG ABc|1 dBG GAF:|2 dBG G2f|:\n\
    gfg efg|fef def|gfg efg|agf e2d|\n\
    gfg efg|fed cBA|GFG ABc|1 dBG G2f:|2 dBG G3|]\n";

fn song(text: &str) -> Song {
    read(text).expect("a tune")
}

/// (start, pitch, length) in eighths of the first voice.
fn eighths(body: &str) -> Vec<(Ticks, u8, Ticks)> {
    let song = song(&format!("X:1\nL:1/8\nK:C\n{body}\n"));
    song.tracks[0].notes.iter().map(|n| (n.start / E, n.pitch, n.length / E)).collect()
}

fn pitches(text: &str) -> Vec<u8> {
    song(text).tracks[0].notes.iter().map(|n| n.pitch).collect()
}

#[test]
fn a_jig_is_played_with_its_repeats_and_endings() {
    let song = song(JIG);
    assert_eq!((song.name.as_str(), song.key), ("The Test Bench Jig", Some((7, Scale::Major))));
    assert_eq!(song.meters.segments().len(), 1);
    assert_eq!(song.meters.at(0).meter, Meter { numerator: 6, denominator: 8 });
    // Counted by hand: 7 + first ending, 7 + second ending, twice.
    let bar = 6 * E;
    assert_eq!(song.length, 32 * bar);
    let notes = &song.tracks[0].notes;
    let in_bar = |i: Ticks| -> Vec<(Ticks, u8, Ticks)> {
        let of_bar = notes.iter().filter(|n| n.start / bar == i);
        of_bar.map(|n| (n.start % bar / E, n.pitch, n.length / E)).collect()
    };
    assert_eq!(in_bar(0), [(0, 67, 1), (1, 71, 1), (2, 74, 1), (3, 79, 1), (4, 74, 1), (5, 71, 1)]);
    let (first, second) = ([74, 71, 67, 67, 69, 66].as_slice(), [74, 71, 67, 67, 78].as_slice());
    let pitches = |i| in_bar(i).into_iter().map(|n| n.1).collect::<Vec<_>>();
    assert_eq!((pitches(7), pitches(15)), (first.to_vec(), second.to_vec()), "F is sharp");
    assert_eq!((0..7).map(&pitches).collect::<Vec<_>>(), (8..15).map(&pitches).collect::<Vec<_>>());
    assert_eq!((16..23).map(&pitches).collect::<Vec<_>>(), (24..31).map(&pitches).collect::<Vec<_>>());
    assert_eq!(in_bar(3)[0], (0, 72, 2));
    assert_eq!((in_bar(23).len(), in_bar(31).len()), (5, 4));
    assert_eq!(in_bar(31)[3], (3, 67, 3), "the last note fills half a bar");
    // 32 bars of 6, less 1 for each crotchet and 2 for each dotted one.
    assert_eq!(notes.len(), 32 * 6 - 2 - 1 - 2 - 1 - 2);
    assert!(song.notices.is_empty(), "{:?}", song.notices);
}

#[test]
fn lengths_octaves_and_accidentals() {
    assert_eq!(eighths("C,2 C c c'4|"), [(0, 48, 2), (2, 60, 1), (3, 72, 1), (4, 84, 4)]);
    let song = song("X:1\nL:1/4\nK:C\nA A/ A/4 A// A3/2 A3/4|\n");
    let lengths: Vec<_> = song.tracks[0].notes.iter().map(|n| n.length * 4 / Q).collect();
    assert_eq!(lengths, [4, 2, 1, 1, 6, 3]);
    assert_eq!(pitches("X:1\nK:D\nF ^^F F _f F =F F|F C|\n"), [66, 67, 67, 76, 64, 65, 65, 66, 61]);
    assert_eq!(pitches("X:1\nK:Eb\nBEA|\n"), [70, 63, 68]);
}

#[test]
fn broken_rhythm_ties_and_tuplets() {
    assert_eq!(eighths("A2>B2 A2<B2|"), [(0, 69, 3), (3, 71, 1), (4, 69, 1), (5, 71, 3)]);
    assert_eq!(eighths("A4 >> B4|"), [(0, 69, 7), (7, 71, 1)]);
    assert_eq!(eighths("A2-A2 A2-|A4- B|"), [(0, 69, 4), (4, 69, 6), (10, 71, 1)]);
    assert_eq!(eighths("(3A2B2c2 A4|"), [(0, 69, 1), (1, 71, 1), (2, 72, 1), (4, 69, 4)]);
    let song = song("X:1\nL:1/8\nK:C\n(7ABcdefg A (3:2:2A2B|\n");
    let starts: Vec<_> = song.tracks[0].notes.iter().map(|n| n.start).collect();
    // Seven in the time of two; an eighth; a quarter-note triplet's two thirds.
    let seventh = |i: Ticks| (2 * i * 2 * E + 7) / 14;
    assert_eq!(
        starts[..8],
        [0, seventh(1), seventh(2), seventh(3), seventh(4), seventh(5), seventh(6), 2 * E]
    );
    assert_eq!(starts[8..], [3 * E, 3 * E + 4 * E / 3]);
}

#[test]
fn chords_and_chord_symbols() {
    assert_eq!(eighths("[CEG]4 [C2E2]2|"), [(0, 60, 4), (0, 64, 4), (0, 67, 4), (4, 60, 4), (4, 64, 4)]);
    assert_eq!(eighths("[CE]2-[CE]2|"), [(0, 60, 4), (0, 64, 4)]);
    let song = song("X:1\nM:4/4\nL:1/4\nK:C\n|:\"C\"c \"^not too fast\"d \"G7/B\"e f:|\n");
    let chords: Vec<_> = song.chords.iter().map(|c| (c.tick / Q, c.figure.as_str())).collect();
    assert_eq!(chords, [(0, "C"), (2, "G7/B"), (4, "C"), (6, "G7/B")]);
}

#[test]
fn fields_change_things_on_the_way() {
    let song = song(
        "X:1\nT:Changes\nM:4/4\nL:1/4\nQ:1/4=90\nK:C\nFFFF|[K:G]FFFF|\nM:3/4\nQ:\"slower\" 1/8=90\nFFF|[L:1/8]FF F4|\n",
    );
    let track = &song.tracks[0];
    assert_eq!(
        track.notes.iter().map(|n| n.pitch).collect::<Vec<_>>(),
        [65, 65, 65, 65, 66, 66, 66, 66, 66, 66, 66, 66, 66, 66]
    );
    let meters: Vec<_> = song.meters.segments().iter().map(|s| (s.tick / Q, s.meter.to_string())).collect();
    assert_eq!(meters, [(0, "4/4".to_owned()), (8, "3/4".to_owned())]);
    let tempo = song.tempo.expect("written");
    assert_eq!(
        tempo.segments().iter().map(|s| (s.tick / Q, s.qpm().round())).collect::<Vec<_>>(),
        [(0, 90.0), (8, 45.0)]
    );
    assert_eq!((song.length, track.name.as_str()), (14 * Q, "Changes"));
}

#[test]
fn the_unit_length_follows_the_meter_and_old_tempos_count_it() {
    let length = |header: &str| song(&format!("X:1\n{header}\nK:C\nA|B|\n")).tracks[0].notes[0].length;
    assert_eq!((length("M:2/4"), length("M:6/8"), length("M:C")), (Q / 4, Q / 2, Q / 2));
    let qpm = |q: &str| song(&format!("X:1\nL:1/8\nQ:{q}\nK:C\nA|\n")).tempo.map(|t| t.at(0).qpm().round());
    assert_eq!(qpm("120"), Some(60.0));
    assert_eq!(qpm("3/8=40"), Some(60.0));
    assert_eq!(qpm("1/4 1/8=40 \"gently\""), Some(60.0));
    assert_eq!(qpm("\"Andante\""), None);
}

#[test]
fn keys_and_modes() {
    let sharp = |key: &str| {
        let letters = pitches(&format!("X:1\nK:{key}\nCDEFGAB|\n"));
        let plain = [60, 62, 64, 65, 67, 69, 71];
        letters.iter().zip(plain).map(|(&p, plain)| i32::from(p) - plain).collect::<Vec<_>>()
    };
    let two_sharps = [1, 0, 0, 1, 0, 0, 0];
    for key in [
        "D",
        "Bm",
        "E dorian",
        "A Mix",
        "G lyd",
        "F# Phr",
        "D major clef=treble",
        "HP",
        "Dexp ^f ^c",
        "none ^f ^c",
    ] {
        assert_eq!(sharp(key), two_sharps, "{key}");
    }
    assert_eq!(sharp("C#"), [1; 7]);
    assert_eq!(sharp("Cb"), [-1; 7]);
    assert_eq!(sharp("Gm ^f"), [0, 0, -1, 1, 0, 0, -1]);
    assert_eq!(sharp(""), [0; 7]);
    assert_eq!(song("X:1\nK:Ador\nA|\n").key, Some((9, Scale::Dorian)));
    for wrong in ["H", "C###", "C nonsense", "G##"] {
        let text = format!("X:1\nK:{wrong}\nA|\n");
        assert!(matches!(read(&text), Err(AbcError::Field { line: 2, .. })), "{wrong}");
    }
}

#[test]
fn voices_become_tracks() {
    let text = "X:1\nM:4/4\nL:1/4\nV:1 name=\"Tin Whistle\"\nV:2 clef=bass octave=-1\nV:3 clef=perc\nK:C\n\
                [V:1] cdef|c4|\nV:2\nC4|C4|\n[V:3]CCDC|C4|\n";
    let song = song(text);
    let seen: Vec<_> =
        song.tracks.iter().map(|t| (t.title(), t.channel, t.notes.len(), t.notes[0].pitch)).collect();
    assert_eq!(
        seen,
        [("Tin Whistle".into(), 1, 5, 72), ("Channel 2".into(), 2, 2, 48), ("Drums".into(), 10, 5, 60)]
    );
    assert_eq!(song.length, 8 * Q);
}

#[test]
fn an_upbeat_is_put_before_the_bar_line() {
    let song = song("X:1\nM:3/4\nL:1/4\nK:C\nG|cde|c2:|\n");
    let starts: Vec<_> = song.tracks[0].notes.iter().map(|n| n.start / Q).collect();
    assert_eq!(starts, [2, 3, 4, 5, 6, 8, 9, 10, 11, 12], "the last bar and the upbeat make one");
}

#[test]
fn what_is_not_played_is_told() {
    let text = "X:1\nK:C\n%%MIDI program 1\n!trill!A {gab}B ~c d&c|1e !D.C.! A|\n\nThe end.\nX:2\nK:D\nA|\nX:3\nK:D\n";
    let song = song(text);
    assert_eq!(
        song.notices,
        [
            "The file has 3 tunes; the first one is read.",
            "Not played: decorations (2), grace notes (3), jumps (D.C., D.S., coda) (1), lines after the empty line \
             that ends the tune (1), second voices within a bar (&) (1), “%%” instructions (1)."
        ]
    );
    assert_eq!(song.tracks[0].notes.len(), 6);
}

#[test]
fn slips_are_named_with_their_line() {
    assert_eq!(read("X:1\nT:no key\n"), Err(AbcError::NoKey));
    assert_eq!(read("X:1\nM:6/7\nK:C\nA|\n"), Err(AbcError::Field { line: 2, field: "M:6/7".into() }));
    assert_eq!(read("X:1\nK:C\nA|\nL:0/8\n"), Err(AbcError::Field { line: 4, field: "L:0/8".into() }));
    assert_eq!(read("X:1\nK:C\nA|[CE\n"), Err(AbcError::Unclosed { line: 3, open: '[' }));
    assert_eq!(read("X:1\nK:C\n\"Am A|\n"), Err(AbcError::Unclosed { line: 3, open: '"' }));
    assert_eq!(read("X:1\nK:C\nz4|z4|\n"), Err(AbcError::Score(ScoreError::NoNotes)));
    let long = format!("X:1\nL:999\nK:C\nA{}|\n", "A999".repeat(1000));
    assert_eq!(read(&long), Err(AbcError::Score(ScoreError::TooLong)));
    assert_eq!(
        read(&format!("X:1\nM:1/64\nK:C\n{}", "Z999|".repeat(200))),
        Err(AbcError::Score(ScoreError::TooLong))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(11), cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_tune_or_an_error(body in "[A-Ga-g|:\\[\\]()<>/1-9,'^_=\"{}!&zZxV-]{0,60}", head in "[A-Za-z0-9/=#\" ]{0,12}") {
        if let Ok(song) = read(&format!("X:1\nK:C\n{body}\n")) {
            for track in &song.tracks {
                prop_assert!(track.notes.iter().all(|n| n.pitch < 128 && n.length > 0 && n.end() <= song.length));
            }
        }
        for letter in ["M", "L", "Q", "K", "V"] {
            let _ = read(&format!("X:1\n{letter}:{head}\nK:C\nA|[{letter}:{head}]B|\n"));
        }
    }

    #[test]
    fn damaged_jigs_are_tunes_or_errors(at in 0..JIG.len(), byte in 32u8..127) {
        let mut bytes = JIG.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = read(&String::from_utf8_lossy(&bytes));
        let _ = read(&JIG[..at]);
    }
}
