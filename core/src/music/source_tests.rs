//! Tests of finding out what a file is.

use super::*;
use crate::music::{Clip, ClipKind, Meter, Note, ScoreError, TICKS_PER_QUARTER};

fn midi_bytes() -> Vec<u8> {
    let note = Note { start: 0, pitch: 60, length: TICKS_PER_QUARTER, velocity: 90 };
    let clip = Clip {
        name: String::new(),
        kind: ClipKind::Melody,
        notes: vec![note],
        length: 4 * TICKS_PER_QUARTER,
        meter: Meter::COMMON,
        tempo: None,
    };
    midi::write_clip(&clip, midi::WriteOptions::default()).expect("a file")
}

const XML: &str = "<?xml version=\"1.0\"?><score-partwise><part id=\"P1\"><measure><note><pitch><step>C</step>\
                   <octave>4</octave></pitch><duration>4</duration></note></measure></part></score-partwise>";

#[test]
fn the_content_decides_whatever_the_name_says() {
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(XML.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let files: [(&str, Vec<u8>); 6] = [
        ("a/song.xml", midi_bytes()),
        ("song", XML.into()),
        ("song.mid", utf16),
        ("song.txt", "X:1\nK:C\nC|\n".into()),
        ("song.abc", "\u{feff}[60,-2]".into()),
        ("C:\\x\\song.mid", "'[60]'".into()),
    ];
    for (name, bytes) in files {
        let song = read_song(&bytes, name).expect(name);
        assert_eq!(
            (song.name.as_str(), song.tracks.len(), song.tracks[0].notes[0].pitch),
            ("song", 1, 60),
            "{name}"
        );
    }
    assert_eq!(read_song("X:1\nT:Caf\u{e9}\nK:C\nC|".as_bytes(), "x").map(|s| s.name), Ok("Café".into()));
    assert_eq!(read_song(b"X:1\nT:Caf\xE9\nK:C\nC|", "x").map(|s| s.name), Ok("Café".into()), "Latin-1");
}

#[test]
fn what_cannot_be_read_is_explained() {
    assert_eq!(read_song(b"", "x.mid"), Err(ReadError::Empty));
    assert_eq!(read_song(&[0x9c; 777], "x.mid"), Err(ReadError::Unknown));
    assert_eq!(read_song(b"Dear diary,", "x.txt"), Err(ReadError::Unknown));
    assert_eq!(
        read_song(&vec![0; MAX_SONG_BYTES + 1], "x"),
        Err(ReadError::TooLarge(MAX_SONG_BYTES as u64 + 1))
    );
    assert!(matches!(read_song(b"MThd", "x"), Err(ReadError::Midi(MidiError::Damaged(_)))));
    assert!(matches!(read_song(b"PK\x03\x04", "x"), Err(ReadError::MusicXml(MusicXmlError::Archive(_)))));
    let page = ReadError::MusicXml(MusicXmlError::NotMusicXml("html".into()));
    assert_eq!(read_song(b"<html/>", "x"), Err(page));
    assert_eq!(read_song(b"X:1\nK:C\nz|", "x"), Err(ReadError::Abc(AbcError::Score(ScoreError::NoNotes))));
    assert_eq!(
        read_song(b"[60,", "x"),
        Err(ReadError::Text(TextError::Syntax { at: 5, expected: "a whole number or a bracket" }))
    );
}
