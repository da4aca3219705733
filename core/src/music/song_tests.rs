//! Tests of [`super`].

use super::*;
use crate::music::Meter;

const Q: Ticks = TICKS_PER_QUARTER;

fn note(start: Ticks, pitch: u8, length: Ticks) -> Note {
    Note { start, pitch, length, velocity: 90 }
}

/// One note per (quarter, pitch), a quarter long.
fn quarters(pitches: &[u8]) -> Vec<Note> {
    pitches.iter().enumerate().map(|(i, &p)| note(i as Ticks * Q, p, Q)).collect()
}

fn track(name: &str, channel: u8, notes: Vec<Note>) -> Track {
    let end = notes.iter().map(Note::end).max().unwrap_or(0);
    Track {
        name: name.into(),
        channel,
        program: None,
        kind: Track::guess_kind(channel, name, &notes),
        notes,
        end,
    }
}

fn song(tracks: Vec<Track>) -> Song {
    let length = tracks.iter().map(|t| t.end).max().unwrap_or(0);
    Song { tracks, length, ..Song::default() }
}

fn band() -> Song {
    let tune: Vec<u8> = (0..32).map(|i| 60 + [0, 2, 4, 7][i % 4]).collect();
    let low: Vec<u8> = tune.iter().map(|p| p - 24).collect();
    let beat = (0..64).map(|i| note(i * Q / 2, [36, 42, 38, 42][i as usize % 4], Q / 4)).collect();
    let chords = (0..8).flat_map(|bar| [60, 64, 67].map(|p| note(bar * 4 * Q, p, 4 * Q))).collect();
    let sparse = vec![note(16 * Q, 72, Q)];
    song(vec![
        track("Finger", 2, quarters(&low)),
        track("Keys", 3, chords),
        track("", 10, beat),
        track("Flute", 4, quarters(&tune)),
        track("Bell", 5, sparse),
    ])
}

#[test]
fn the_tune_and_the_drums_are_preselected() {
    let band = band();
    assert_eq!(band.best_track(ClipKind::Drums), Some(2));
    assert_eq!(band.best_track(ClipKind::Melody), Some(3));
    assert_eq!(song(vec![track("Flute", 1, quarters(&[60]))]).best_track(ClipKind::Drums), Some(0));
    assert_eq!(song(vec![]).best_track(ClipKind::Drums), None);
}

#[test]
fn textures_are_told_apart() {
    let textures: Vec<_> = band().tracks.iter().map(Track::texture).collect();
    assert_eq!(textures, [Texture::Mono, Texture::Poly, Texture::Drums, Texture::Mono, Texture::Mono]);
    assert_eq!(band().tracks[1].polyphony(), 3);
    let stabs = track("", 1, vec![note(0, 60, Q / 16), note(0, 64, Q / 16), note(Q, 62, Q)]);
    assert_eq!((stabs.texture(), stabs.polyphony()), (Texture::Poly, 2));
    let legato = track("", 1, vec![note(0, 60, Q + Q / 10), note(Q, 62, Q)]);
    assert_eq!((legato.texture(), legato.polyphony()), (Texture::Mono, 1));
}

#[test]
fn a_drum_kit_on_channel_1_is_known_by_name_or_notes() {
    let beat =
        [36, 42, 38, 42].iter().enumerate().map(|(i, &p)| note(i as Ticks * Q, p, Q / 4)).collect::<Vec<_>>();
    assert_eq!(Track::guess_kind(1, "", &beat), ClipKind::Drums);
    assert_eq!(Track::guess_kind(1, "Bass", &beat), ClipKind::Melody);
    assert_eq!(Track::guess_kind(1, "My Drums", &quarters(&[60])), ClipKind::Drums);
    assert_eq!(Track::guess_kind(1, "", &quarters(&[36, 38, 40, 41])), ClipKind::Melody);
}

#[test]
fn one_track_among_several_gives_its_sounding_bars() {
    let clip = band().track_to_clip(4, Voices::All, Span::Auto).expect("there is a track 4");
    assert_eq!((clip.length, clip.notes[0].start, clip.name.as_str()), (4 * Q, 0, "Bell"));
    let whole = band().track_to_clip(4, Voices::All, Span::Whole).expect("there is a track 4");
    assert_eq!((whole.length, whole.notes[0].start), (20 * Q, 16 * Q));
    assert!(band().track_to_clip(5, Voices::All, Span::Auto).is_none());
}

#[test]
fn a_file_with_one_track_keeps_its_rests() {
    let mut one = song(vec![track("Riff", 1, vec![note(5 * Q, 60, Q)])]);
    one.tracks[0].end = 16 * Q;
    let clip = one.track_to_clip(0, Voices::All, Span::Auto).expect("a track");
    assert_eq!((clip.length, clip.notes[0].start), (16 * Q, 5 * Q));
}

#[test]
fn a_note_held_a_little_over_the_bar_line_makes_no_new_bar() {
    let held = |length| song(vec![track("", 1, vec![note(0, 60, Q), note(3 * Q, 62, length)])]);
    let clip = held(Q + Q / 8).track_to_clip(0, Voices::All, Span::Sounding).expect("a track");
    assert_eq!((clip.length, clip.notes[1].end()), (4 * Q, 4 * Q));
    let clip = held(3 * Q).track_to_clip(0, Voices::All, Span::Sounding).expect("a track");
    assert_eq!(clip.length, 8 * Q);
}

#[test]
fn clip_takes_meter_and_tempo_from_its_start() {
    let three = Meter { numerator: 3, denominator: 4 };
    let mut piece = song(vec![track("a", 1, quarters(&[60, 62])), track("b", 2, vec![note(9 * Q, 60, Q)])]);
    piece.meters = MeterMap::from_changes([(8 * Q, three)]);
    piece.tempo = Some(TempoMap::from_changes([(0, 500_000), (8 * Q, 1_000_000)]));
    assert!(piece.tempo_changes());
    let b = piece.track_to_clip(1, Voices::All, Span::Auto).expect("a track");
    assert_eq!((b.meter, b.length, b.notes[0].start, b.tempo), (three, 3 * Q, Q, Some(60.0)));
    let a = piece.track_to_clip(0, Voices::All, Span::Auto).expect("a track");
    assert_eq!((a.meter, a.tempo), (Meter::COMMON, Some(120.0)));
}

#[test]
fn top_line_follows_the_highest_notes() {
    let chords = [
        note(0, 60, 2 * Q),
        note(100, 67, 2 * Q),
        note(200, 64, 2 * Q),
        note(Q, 48, Q),     // below the held 67
        note(2 * Q, 72, Q), // cuts it
        note(3 * Q, 50, Q), // alone
    ];
    let line = top_line(&chords);
    let seen: Vec<_> = line.iter().map(|n| (n.start, n.pitch, n.end())).collect();
    assert_eq!(seen, [(0, 67, 2 * Q), (2 * Q, 72, 3 * Q), (3 * Q, 50, 4 * Q)]);
    assert!(line.windows(2).all(|w| w[0].end() <= w[1].start));
}

#[test]
fn chords_come_along_with_the_clip() {
    let mut song = song(vec![track("Flute", 1, quarters(&[60; 32]))]);
    let mark = |bar: Ticks, figure: &str| ChordMark { tick: bar * 4 * Q, figure: figure.into() };
    song.chords = vec![mark(0, "C"), mark(1, "F"), mark(4, "G")];
    let chords = song.track_chords(0, Span::Whole, 8 * 4 * Q);
    assert_eq!(chords, song.chords);
    assert_eq!(song.track_chords(0, Span::Whole, 4 * Q), [mark(0, "C")]);
    assert!(song.track_chords(99, Span::Whole, 4 * Q).is_empty());
}
