//! Tests of unrolling and playing scores.

use super::*;

const Q: Ticks = TICKS_PER_QUARTER;

/// A bar of one quarter note of the pitch, with signs: `(` starts, `)` ends, digits are endings.
fn bar(pitch: u8, signs: &str) -> Bar {
    let note = Note { start: 0, pitch, length: Q, velocity: 100 };
    let marks = Marks {
        starts: signs.contains('('),
        ends: 2 * u32::from(signs.contains(')')),
        endings: signs.chars().filter_map(|c| c.to_digit(10)).collect(),
    };
    Bar { length: Q, marks, notes: vec![ScoreNote { voice: 0, note, tied: false }], ..Bar::default() }
}

fn order(signs: &[&str]) -> String {
    let bars: Vec<Bar> = signs.iter().map(|s| bar(60, s)).collect();
    let letter = |i: usize| char::from(b'a' + u8::try_from(i).expect("a small index"));
    play_order(&bars).expect("short").into_iter().map(letter).collect()
}

#[test]
fn repeats_go_back_to_the_nearest_start() {
    assert_eq!(order(&["", "", ""]), "abc");
    assert_eq!(order(&["", ")", ""]), "ababc", "to the beginning");
    assert_eq!(order(&["", "(", ")", ""]), "abcbcd");
    assert_eq!(order(&["", ")", "", ")"]), "ababcdcd", "to where the last repeat ended");
    assert_eq!(order(&["()", "()"]), "aabb");
}

#[test]
fn endings_are_played_on_their_pass() {
    assert_eq!(order(&["(", "1)", "2", ""]), "abacd");
    assert_eq!(order(&["", "1", "1)", "2", "2", ""]), "abcadef");
    assert_eq!(order(&["(", "12)", "3", ""]), "ababacd", "three passes");
    assert_eq!(order(&["(", "1)", "2)", "(", "1)", "2"]), "abacdedf", "a repeat sign after the last ending");
    assert_eq!(order(&["(", "1)", "2", "", ")"]), "abacdede", "endings are over, the next part is repeated");
    assert_eq!(order(&["(", "1)", "", ")"]), "abacdcd", "a lone first ending");
}

#[test]
fn a_passage_is_played_as_often_as_written() {
    let mut bars = vec![bar(60, "("), bar(62, ")"), bar(64, "")];
    bars[1].marks.ends = 4;
    assert_eq!(play_order(&bars).map(|o| o.len()), Ok(9));
    bars[1].marks.ends = u32::MAX;
    assert_eq!(play_order(&bars).map(|o| o.len()), Ok(201), "at most a hundred times");
    let long = vec![bar(60, "()"); 1000];
    assert_eq!(play_order(&long).map(|o| o.len()), Ok(2000));
    assert_eq!(play_order(&vec![bar(60, ""); MAX_BARS + 1]), Err(ScoreError::TooLong));
}

fn score(bars: Vec<Bar>) -> Score {
    Score { voices: vec![Voice::default()], bars, ..Score::default() }
}

#[test]
fn ties_join_only_what_touches_and_has_one_pitch() {
    let mut bars = vec![bar(60, ""), bar(60, ""), bar(62, ""), bar(60, "")];
    bars[0].notes[0].tied = true;
    bars[1].notes[0].tied = true;
    let song = score(bars).play().expect("a song");
    let seen: Vec<_> = song.tracks[0].notes.iter().map(|n| (n.start / Q, n.pitch, n.length / Q)).collect();
    assert_eq!(seen, [(0, 60, 2), (2, 62, 1), (3, 60, 1)]);
}

#[test]
fn an_upbeat_ends_the_first_bar() {
    let mut bars = vec![bar(60, ""), bar(62, "")];
    bars[0].meter = Meter::new(3, 4);
    bars[1].length = 3 * Q;
    bars[0].tempos = vec![(0, 600_000)];
    bars[1].tempos = vec![(Q, 300_000)];
    bars[1].chords = vec![(Q, "Am".into())];
    let song = score(bars).play().expect("a song");
    let starts: Vec<_> = song.tracks[0].notes.iter().map(|n| n.start / Q).collect();
    assert_eq!(starts, [2, 3]);
    assert_eq!(song.meters.at(0).meter.to_string(), "3/4");
    let tempo = song.tempo.as_ref().expect("written");
    let tempos: Vec<_> = tempo.segments().iter().map(|s| (s.tick / Q, s.micros_per_quarter)).collect();
    assert_eq!(tempos, [(0, 600_000), (4, 300_000)]);
    assert_eq!(song.chords, [ChordMark { tick: 4 * Q, figure: "Am".into() }]);
    assert_eq!(song.length, 6 * Q);
}

#[test]
fn a_jump_back_restores_meter_and_tempo() {
    let mut bars = vec![bar(60, "("), bar(62, ")")];
    bars[0].meter = Meter::new(1, 4);
    bars[0].tempos = vec![(0, 500_000)];
    bars[1].meter = Meter::new(2, 4);
    bars[1].length = 2 * Q;
    bars[1].tempos = vec![(Q, 250_000)];
    let song = score(bars).play().expect("a song");
    let meters: Vec<_> = song.meters.segments().iter().map(|s| (s.tick / Q, s.meter.numerator)).collect();
    assert_eq!(meters, [(0, 1), (1, 2), (3, 1), (4, 2)]);
    let tempo = song.tempo.expect("written");
    let tempos: Vec<_> = tempo.segments().iter().map(|s| (s.tick / Q, s.micros_per_quarter)).collect();
    assert_eq!(tempos, [(0, 500_000), (2, 250_000), (3, 500_000), (5, 250_000)]);
}

#[test]
fn rests_alone_are_no_song() {
    let empty = Bar { length: Q, ..Bar::default() };
    assert_eq!(score(vec![empty.clone(); 3]).play(), Err(ScoreError::NoNotes));
    assert_eq!(score(Vec::new()).play(), Err(ScoreError::NoNotes));
    let far = Bar { length: MAX_TICKS, ..empty };
    assert_eq!(score(vec![far.clone(), far]).play(), Err(ScoreError::TooLong));
}
