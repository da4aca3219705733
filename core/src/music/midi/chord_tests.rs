//! Tests of chord symbols in MIDI files.

use super::*;
use crate::music::{ChordMark, Clip, ClipKind, NO_CHORD, Note, TICKS_PER_QUARTER, Ticks};
use proptest::prelude::*;

const Q: Ticks = TICKS_PER_QUARTER;
const TEXT: u8 = 1;
const LYRIC: u8 = 5;
const MARKER: u8 = 6;

/// A file of tracks at one tick per quarter note; of a track, words by kind and a quarter apart.
fn file(tracks: &[&[(u8, &str)]]) -> Vec<u8> {
    let mut out = b"MThd\0\0\0\x06\0\x01\0".to_vec();
    out.extend([tracks.len() as u8, 0, 1]);
    for track in tracks {
        let mut data = Vec::new();
        for (i, (kind, word)) in track.iter().enumerate() {
            data.extend([u8::from(i > 0), 0xFF, *kind, word.len() as u8]);
            data.extend(word.as_bytes());
        }
        data.extend([0, 0xFF, 0x2F, 0]);
        out.extend(b"MTrk");
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(data);
    }
    out
}

fn chords(tracks: &[&[(u8, &str)]]) -> Vec<(Ticks, String)> {
    let song = read(&file(tracks)).expect("a fine file");
    song.chords.into_iter().map(|c| (c.tick / Q, c.figure)).collect()
}

fn named(list: &[(Ticks, &str)]) -> Vec<(Ticks, String)> {
    list.iter().map(|&(tick, figure)| (tick, figure.to_owned())).collect()
}

#[test]
fn texts_that_are_chord_symbols_are_chords() {
    let track: &[(u8, &str)] = &[(TEXT, "by nobody"), (TEXT, " C "), (TEXT, "N.C."), (TEXT, "F#m7b5/E")];
    assert_eq!(chords(&[track]), named(&[(1, "C"), (2, "N.C."), (3, "F#m7b5/E")]));
    assert_eq!(chords(&[&[(TEXT, "C(add3)"), (TEXT, "H"), (TEXT, "")]]), [], "contradictions and words");
}

#[test]
fn a_chord_that_is_said_again_is_one_and_the_last_word_at_a_tick_counts() {
    let first: &[(u8, &str)] = &[(TEXT, "C"), (TEXT, "C"), (TEXT, "G")];
    assert_eq!(chords(&[first, &[(TEXT, "Am")]]), named(&[(0, "Am"), (1, "C"), (2, "G")]));
}

#[test]
fn words_and_letters_that_look_like_chords_are_none() {
    let song: Vec<(u8, &str)> = "A ship Am I go -ing down".split(' ').map(|w| (LYRIC, w)).collect();
    assert_eq!(chords(&[&song]).len(), 2, "a third of so short a text");
    let verse: Vec<_> = [&song[..], &song[1..2].repeat(9)].concat();
    assert_eq!(chords(&[&verse]), []);
    let parts: Vec<(u8, &str)> = "A B C Coda".split(' ').map(|w| (MARKER, w)).collect();
    assert_eq!(chords(&[&parts]), []);
    let lead: Vec<(u8, &str)> = "A D E7".split(' ').map(|w| (MARKER, w)).collect();
    assert_eq!(chords(&[&lead, &[(TEXT, "no chord")]]), named(&[(0, "A"), (1, "D"), (2, "E7")]));
    assert_eq!(chords(&[&lead, &[(TEXT, "B")]]), named(&[(0, "B")]), "texts come first");
}

#[test]
fn the_chords_of_a_damaged_file_are_bounded() {
    let many = vec![(TEXT, "C"); 3000];
    let others = vec![(TEXT, "G7"); 3000];
    let count = read(&file(&[&many, &others])).expect("a fine file").chords.len();
    assert!(count <= 4096, "{count}");
}

fn figure() -> impl Strategy<Value = String> {
    let symbol = "[A-G](#{0,2}|b{0,2})(|m|maj7|7|dim7|sus4|6/9)(|/[A-G]b?)".prop_map(|figure| figure);
    prop_oneof![4 => symbol, 1 => Just(NO_CHORD.to_owned())]
}

proptest! {
    #[test]
    fn chords_survive_a_file_and_the_notes_do_not_notice(
        marks in prop::collection::btree_map(0..8 * Q, figure(), 0..12),
        notes in prop::collection::btree_map(0..8 * Q, 0u8..128, 0..12),
    ) {
        let mut chords: Vec<ChordMark> =
            marks.into_iter().map(|(tick, figure)| ChordMark { tick, figure }).collect();
        chords.dedup_by(|later, earlier| later.figure == earlier.figure);
        let notes = notes.into_iter().map(|(start, pitch)| Note { start, pitch, length: 1, velocity: 9 });
        let mut clip = Clip { kind: ClipKind::Melody, notes: notes.collect(), length: 8 * Q, ..Clip::default() };
        clip.normalise();
        let plain = write_clip(&clip, WriteOptions::default()).expect("written");
        let none = WriteOptions { chords: &[], ..WriteOptions::default() };
        prop_assert_eq!(&plain, &write_clip(&clip, none).expect("written"));
        let with = WriteOptions { chords: &chords, ..WriteOptions::default() };
        let song = read(&write_clip(&clip, with).expect("written")).expect("read");
        let plain = read(&plain).expect("read");
        prop_assert_eq!(&song.chords, &chords);
        prop_assert_eq!((song.tracks, song.length), (plain.tracks, plain.length));
        prop_assert_eq!(plain.chords, []);
    }

    #[test]
    fn any_words_are_chords_or_not(words in prop::collection::vec(("\\PC{0,8}|[A-G][m7]?", 0u8..3), 0..20)) {
        let words: Vec<(u8, &str)> =
            words.iter().map(|(word, kind)| ([TEXT, LYRIC, MARKER][usize::from(*kind)], word.as_str())).collect();
        for (_, figure) in chords(&[&words]) {
            prop_assert!(words.iter().any(|(_, word)| word.trim() == figure), "{figure}");
        }
    }
}
