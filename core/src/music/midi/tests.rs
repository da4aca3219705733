//! Tests of reading and writing MIDI files.

use super::*;
use crate::music::{Clip, ClipKind, Meter, Note, Span, TICKS_PER_QUARTER, Ticks, Voices, micros_per_quarter};
use proptest::prelude::*;

const Q: Ticks = TICKS_PER_QUARTER;

/// A file from a header's three numbers and the bytes of its tracks.
fn file(format: u16, division: u16, tracks: &[&[u8]]) -> Vec<u8> {
    let mut out = b"MThd\0\0\0\x06".to_vec();
    for number in [format, tracks.len() as u16, division] {
        out.extend(number.to_be_bytes());
    }
    for track in tracks {
        out.extend(b"MTrk");
        out.extend((track.len() as u32).to_be_bytes());
        out.extend(*track);
    }
    out
}

const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

/// Reads one track of events (without its end) at 96 ticks per quarter note.
fn notes_of(events: &[u8]) -> Vec<(Ticks, u8, Ticks, u8)> {
    let song = read(&file(0, 96, &[&[events, &END].concat()])).expect("a fine file");
    let note = |n: &Note| (n.start * 96 / Q, n.pitch, n.length * 96 / Q, n.velocity);
    song.tracks.first().map(|t| t.notes.iter().map(note).collect()).unwrap_or_default()
}

#[test]
fn running_status_and_velocity_zero() {
    let events = [0, 0x90, 60, 100, 48, 60, 0, 0, 64, 80, 48, 64, 0];
    assert_eq!(notes_of(&events), [(0, 60, 48, 100), (48, 64, 48, 80)]);
}

#[test]
fn notes_that_do_not_pair_up() {
    assert_eq!(notes_of(&[0, 0x80, 60, 0]), [], "an end without a note");
    assert_eq!(
        notes_of(&[0, 0x90, 60, 100, 10, 60, 90, 10, 60, 0, 10, 60, 0]),
        [(0, 60, 10, 100), (10, 60, 10, 90)],
        "struck again while it sounds"
    );
    assert_eq!(
        notes_of(&[0, 0x90, 60, 100, 10, 60, 90, 0, 60, 0, 10, 60, 0]),
        [(0, 60, 10, 100), (10, 60, 10, 90)],
        "the first note's end comes after the second's start, at one tick"
    );
    assert_eq!(notes_of(&[0, 0x90, 60, 70, 0, 60, 90, 10, 60, 0]), [(0, 60, 10, 90)], "twice at one tick");
    assert_eq!(notes_of(&[0, 0x90, 60, 100, 10, 62, 1, 10, 62, 0]), [(0, 60, 20, 100), (10, 62, 10, 1)]);
    let song =
        read(&file(0, 96, &[&[&[0, 0x90, 60, 100, 0, 60, 0][..], &END].concat()])).expect("a fine file");
    assert_eq!(song.tracks[0].notes[0].length, 1, "a note without length");
}

#[test]
fn a_note_that_never_ends_is_told() {
    let mut track = vec![0, 0x90, 60, 100, 96];
    track.extend(&END[1..]);
    let song = read(&file(0, 96, &[&track])).expect("a fine file");
    assert_eq!(song.tracks[0].notes[0].length, Q);
    assert_eq!(song.notices, ["1 note without an end last to the end of the track."]);
}

#[test]
fn format_0_is_split_by_channel_and_format_1_by_track() {
    let events: &[u8] = &[0, 0xC1, 33, 0, 0x91, 40, 99, 0, 0x99, 36, 99, 48, 0x81, 40, 0, 0, 0x89, 36, 0];
    let song = read(&file(0, 96, &[&[b"\0\xFF\x03\x04Song", events, &END].concat()])).expect("a fine file");
    let seen: Vec<_> = song.tracks.iter().map(|t| (t.name.as_str(), t.channel, t.program, t.kind)).collect();
    let (bass, drums) = (ClipKind::Melody, ClipKind::Drums);
    assert_eq!(seen, [("Song (channel 2)", 2, Some(33), bass), ("Song (channel 10)", 10, None, drums)]);
    let a = [&b"\0\xFF\x03\x02\xC9a\0\x90\x3C\x40\x60\x3C\0"[..], &END].concat();
    let title = [&b"\0\xFF\x03\x05Title\0\xFF\x51\x03\x07\xA1\x20"[..], &END].concat();
    let song = read(&file(1, 96, &[&title, &a, &a])).expect("a fine file");
    assert_eq!((song.name.as_str(), song.tracks.len()), ("Title", 2));
    assert_eq!(song.tracks[0].name, "Éa", "Latin-1");
    let utf8 = [&b"\0\xFF\x03\x03\xC3\x89a\0\x90\x3C\x40\x60\x3C\0"[..], &END].concat();
    assert_eq!(read(&file(1, 96, &[&utf8])).expect("a fine file").tracks[0].name, "Éa");
}

#[test]
fn tempo_and_meter_changes() {
    let conductor: &[u8] = &[
        0, 0xFF, 0x51, 3, 0x07, 0xA1, 0x20, // 120
        0, 0xFF, 0x58, 4, 3, 2, 24, 8, // 3/4
        0, 0xFF, 0x58, 4, 3, 200, 24, 8, // nonsense
        0x82, 0x20, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, // 60 after 288 ticks = 3 quarters
        0, 0xFF, 0x58, 4, 7, 3, 24, 8, // 7/8
    ];
    let notes: &[u8] = &[0x82, 0x20, 0x90, 60, 100, 96, 60, 0];
    let song =
        read(&file(1, 96, &[&[conductor, &END].concat(), &[notes, &END].concat()])).expect("a fine file");
    let tempo = song.tempo.as_ref().expect("a tempo");
    assert_eq!(tempo.segments().len(), 2);
    assert_eq!(tempo.seconds(4 * Q), 2.5);
    assert_eq!(song.meters.at(3 * Q).meter, Meter { numerator: 7, denominator: 8 });
    assert_eq!(song.meters.bar(3 * Q), (1, 3 * Q));
    assert_eq!(song.notices.len(), 3, "{:?}", song.notices);
    assert_eq!(song.length, 4 * Q);
}

#[test]
fn odd_divisions_do_not_drift() {
    // 7 ticks per quarter note do not divide ours: 7,000 steps of one tick end exactly after 1,000 quarters.
    let mut track = Vec::new();
    for _ in 0..7000 {
        track.extend([0, 0x90, 60, 100, 1, 60, 0]);
    }
    track.extend(END);
    let song = read(&file(0, 7, &[&track])).expect("a fine file");
    let notes = &song.tracks[0].notes;
    assert_eq!(notes[6999].end(), 1000 * Q);
    assert!(notes.windows(2).all(|w| w[0].end() == w[1].start));
    assert_eq!(notes[3].start, (3 * Q + 3) / 7);
}

#[test]
fn what_is_refused_and_why() {
    let track: &[u8] = &[0, 0x90, 60, 100, 96, 60, 0, 0, 0xFF, 0x2F, 0];
    assert_eq!(read(b""), Err(MidiError::Empty));
    assert_eq!(read(b"RIFF of something"), Err(MidiError::NotMidi));
    assert_eq!(read(&[0; 5000]), Err(MidiError::NotMidi));
    assert_eq!(read(&vec![0; MAX_FILE_BYTES + 1]), Err(MidiError::TooLarge(MAX_FILE_BYTES as u64 + 1)));
    assert_eq!(read(&file(0, 0xE728, &[track])), Err(MidiError::Smpte));
    assert_eq!(read(&file(2, 96, &[track])), Err(MidiError::Format(2)));
    let damaged = |bytes: &[u8]| matches!(read(bytes), Err(MidiError::Damaged(_)));
    assert!(damaged(&file(0, 0, &[track])));
    assert!(damaged(&file(1, 96, &[])));
    assert!(damaged(b"MThd\0\0"));
    assert!(damaged(b"MThd\0\0\0\x02\0\0"));
    let whole = file(1, 96, &[track, track]);
    for cut in [1, 5, 12, 20] {
        assert!(damaged(&whole[..whole.len() - cut]), "{cut} bytes cut off");
    }
    assert!(damaged(&file(0, 96, &[&[0, 0x90, 60, 200]])), "a data byte above 127");
    assert!(damaged(&file(0, 96, &[&[0, 60, 100]])), "no status");
    let far = [&[0xFF, 0xFF, 0xFF, 0x7F, 0xB0, 1, 1].repeat(8)[..], &END].concat();
    assert_eq!(read(&file(0, 96, &[&far])), Err(MidiError::TooLong));
    assert!(read(&[whole.clone(), vec![0; 7]].concat()).is_ok(), "padding");
}

#[test]
fn a_riff_wrapper_is_taken_off() {
    let inner = file(0, 96, &[&[0, 0x90, 60, 100, 96, 60, 0, 0, 0xFF, 0x2F, 0]]);
    let mut riff = b"RIFF\0\0\0\0RMIDnote\x01\0\0\0x\0data".to_vec();
    riff.extend((inner.len() as u32).to_le_bytes());
    riff.extend(&inner);
    assert_eq!(read(&riff), read(&inner));
}

fn clip(kind: ClipKind, notes: Vec<Note>, length: Ticks) -> Clip {
    let meter = Meter { numerator: 6, denominator: 8 };
    let mut clip = Clip { name: "Täke – 1".into(), kind, notes, length, meter, tempo: Some(97.5) };
    clip.normalise();
    clip
}

#[test]
fn a_written_file_is_byte_for_byte_what_it_should_be() {
    let mut one =
        clip(ClipKind::Drums, vec![Note { start: Q, pitch: 36, length: Q / 2, velocity: 77 }], 3 * Q);
    one.name = "k".into();
    let expected = file(
        0,
        960,
        &[&[
            0, 0xFF, 3, 1, b'k', 0, 0xFF, 0x51, 3, 0x09, 0x63, 0xD9, 0, 0xFF, 0x58, 4, 6, 3, 12, 8, //
            0x87, 0x40, 0x99, 36, 77, 0x83, 0x60, 0x89, 36, 64, 0x8B, 0x20, 0xFF, 0x2F, 0,
        ]],
    );
    assert_eq!(write_clip(&one, WriteOptions::default()).expect("written"), expected);
    assert_eq!(micros_per_quarter(97.5), 0x09_63D9);
}

#[test]
fn division_is_the_coarsest_that_holds_every_tick() {
    let division = |start| {
        let one = clip(ClipKind::Melody, vec![Note { start, pitch: 60, length: 64, velocity: 1 }], 3 * Q);
        let bytes = write_clip(&one, WriteOptions::default()).expect("written");
        u16::from_be_bytes([bytes[12], bytes[13]])
    };
    assert_eq!([32, 16, 8, 4, 2, 1].map(division), [960, 1920, 3840, 7680, 15_360, 30_720]);
}

#[test]
fn several_clips_share_a_file() {
    let note = |pitch| vec![Note { start: 0, pitch, length: Q, velocity: 64 }];
    let clips = [
        clip(ClipKind::Melody, note(60), 6 * Q),
        clip(ClipKind::Melody, note(40), 3 * Q),
        clip(ClipKind::Drums, note(36), 6 * Q),
    ];
    let song = read(&write_clips(&clips).expect("written")).expect("read");
    assert_eq!(song.tracks.iter().map(|t| t.channel).collect::<Vec<_>>(), [1, 2, 10]);
    assert_eq!(song.tracks.iter().map(|t| t.end).collect::<Vec<_>>(), [6 * Q, 3 * Q, 6 * Q]);
    assert_eq!(song.tempo.expect("a tempo").segments().len(), 1);
}

#[test]
fn what_cannot_be_written() {
    let options = WriteOptions::default();
    assert!(write_clips(&[]).is_err());
    assert!(write_clip(&Clip::default(), options).is_err());
    let one = clip(ClipKind::Drums, vec![], Q);
    assert!(write_clip(&one, WriteOptions { channel: Some(17), ..options }).is_err());
    assert!(write_clip(&one, WriteOptions { channel: Some(0), ..options }).is_err());
    assert!(write_clip(&one, WriteOptions { channel: Some(16), ..options }).is_ok());
}

#[test]
fn overlapping_notes_of_one_pitch_are_cut_and_ends_stay_inside() {
    let note = |start, length, velocity| Note { start, pitch: 60, length, velocity };
    let one =
        clip(ClipKind::Melody, vec![note(0, 9, 50), note(0, 20, 40), note(10, 2, 60), note(90, 99, 70)], 96);
    let song = read(&write_clip(&one, WriteOptions::default()).expect("written")).expect("read");
    assert_eq!(song.tracks[0].notes, [note(0, 10, 50), note(10, 2, 60), note(90, 6, 70)]);
}

#[test]
fn a_very_long_rest_survives() {
    let start = 20_000 * Q + 1;
    let one = clip(ClipKind::Melody, vec![Note { start, pitch: 60, length: 1, velocity: 9 }], 20_001 * Q);
    let song = read(&write_clip(&one, WriteOptions::default()).expect("written")).expect("read");
    assert_eq!((song.tracks[0].notes[0].start, song.tracks[0].end), (start, 20_001 * Q));
}

/// Notes as a clip may hold them: each pitch its own lane, so that none overlaps itself.
fn arb_clip() -> impl Strategy<Value = Clip> {
    let lane = prop::collection::vec((0..2 * Q, 1..2 * Q, 1u8..128), 0..6);
    let lanes = prop::collection::btree_map(0u8..128, lane, 1..6);
    (lanes, 0..4 * Q, any::<bool>(), 1u8..100, 0u32..7, 20.0f64..300.0).prop_map(
        |(lanes, tail, drums, numerator, power, tempo)| {
            let mut notes = Vec::new();
            for (pitch, lane) in lanes {
                let mut at = 0;
                for (gap, length, velocity) in lane {
                    notes.push(Note { start: at + gap, pitch, length, velocity });
                    at += gap + length;
                }
            }
            let length = notes.iter().map(Note::end).max().unwrap_or(1) + tail;
            let mut clip = clip(if drums { ClipKind::Drums } else { ClipKind::Melody }, notes, length);
            clip.meter = Meter { numerator, denominator: 1 << power };
            clip.tempo = Some(tempo);
            clip
        },
    )
}

proptest! {
    #[test]
    fn clips_survive_a_file(clip in arb_clip()) {
        let bytes = write_clip(&clip, WriteOptions::default()).expect("written");
        prop_assert_eq!(&bytes, &write_clip(&clip, WriteOptions::default()).expect("written"));
        let song = read(&bytes).expect("read");
        prop_assert_eq!(song.length, clip.length);
        prop_assert_eq!(song.meters.at(0).meter, clip.meter);
        let micros = song.tempo.as_ref().expect("a tempo").at(0).micros_per_quarter;
        prop_assert_eq!(micros, micros_per_quarter(clip.tempo.expect("a tempo")));
        match song.tracks.first() {
            None => prop_assert!(clip.notes.is_empty()),
            Some(track) => {
                prop_assert_eq!(&track.notes, &clip.notes);
                prop_assert_eq!(&track.name, &clip.name);
                prop_assert_eq!(track.end, clip.length);
                prop_assert_eq!(track.channel, if clip.kind == ClipKind::Drums { 10 } else { 1 });
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..400), division in any::<u16>()) {
        let _ = read(&body);
        let _ = read(&file(1, division, &[&body]));
        let mut open = file(0, division, &[]);
        open.extend(&body);
        let _ = read(&open);
        let _ = read(&[b"RIFF....RMID", &body[..]].concat());
    }

    #[test]
    fn damaged_files_are_read_or_refused(clip in arb_clip(),
                                         edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
                                         cut in any::<prop::sample::Index>()) {
        let mut bytes = write_clip(&clip, WriteOptions::default()).expect("written");
        for (at, byte) in &edits {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            if let Ok(song) = read(bytes) {
                for (i, track) in song.tracks.iter().enumerate() {
                    prop_assert!(track.notes.iter().all(|n| n.length >= 1 && n.start >= 0 && n.velocity >= 1));
                    for voices in [Voices::All, Voices::TopLine] {
                        let clip = song.track_to_clip(i, voices, Span::Auto).expect("a track has notes");
                        prop_assert!(clip.length % clip.meter.bar_ticks() == 0);
                        prop_assert!(clip.notes.iter().all(|n| n.end() <= clip.length));
                        prop_assert!(write_clip(&clip, WriteOptions::default()).is_ok());
                    }
                }
            }
        }
    }
}
