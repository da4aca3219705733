//! Tests of reading MusicXML. All scores here are made up for the purpose, but for the format's own first example.

use super::*;
use crate::music::{ClipKind, ScoreError, Song, TICKS_PER_QUARTER as Q, Ticks};
use miniz_oxide::deflate::compress_to_vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// One part of the given measures.
fn part(measures: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE score-partwise PUBLIC \
         \"-//Recordare//DTD MusicXML 3.1 Partwise//EN\" \"http://www.musicxml.org/dtds/partwise.dtd\">\n\
         <score-partwise version=\"3.1\"><part-list><score-part id=\"P1\"><part-name>Music</part-name></score-part>\
         </part-list><part id=\"P1\">{measures}</part></score-partwise>"
    )
}

/// A note: step with optional alter, octave, duration; more elements go in front.
fn note(pitch: &str, duration: u32, more: &str) -> String {
    let (step, rest) = pitch.split_at(1);
    let (alter, octave) = rest.split_at(rest.len() - 1);
    let alter = match alter {
        "#" => "<alter>1</alter>",
        "b" => "<alter>-1</alter>",
        _ => "",
    };
    format!(
        "<note>{more}<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>\
         <duration>{duration}</duration></note>"
    )
}

fn song(measures: &str) -> Song {
    read(part(measures).as_bytes()).expect("a score")
}

/// (start, pitch, length) in quarter notes.
fn quarters(song: &Song, track: usize) -> Vec<(Ticks, u8, Ticks)> {
    song.tracks[track].notes.iter().map(|n| (n.start / Q, n.pitch, n.length / Q)).collect()
}

const FIRST: &str = "<measure number=\"1\"><attributes><divisions>1</divisions><key><fifths>0</fifths></key><time>\
    <beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes><note><pitch>\
    <step>C</step><octave>4</octave></pitch><duration>4</duration><type>whole</type></note></measure>";

#[test]
fn the_books_score_is_one_whole_note() {
    let song = song(FIRST);
    assert_eq!(quarters(&song, 0), [(0, 60, 4)]);
    assert_eq!((song.tracks.len(), song.tracks[0].title().as_str(), song.length), (1, "Music", 4 * Q));
    assert_eq!((song.meters.at(0).meter.to_string(), song.tempo), ("4/4".into(), None));
    assert!(song.notices.is_empty(), "{:?}", song.notices);
}

#[test]
fn chords_voices_and_divisions() {
    let measure = format!(
        "<measure><attributes><divisions>2</divisions></attributes>{}{}{}<backup><duration>8</duration></backup>{}\
         <forward><duration>4</duration></forward><attributes><divisions>3</divisions></attributes>{}</measure>",
        note("C4", 8, ""),
        note("Eb4", 8, "<chord/>"),
        note("F#4", 8, "<chord/>"),
        note("C3", 2, "")
            .replace("</pitch>", "</pitch><voice>2</voice>")
            .replace("<voice>2</voice><duration>2</duration>", "<duration>2</duration><voice>2</voice>"),
        note("D3", 1, "").replace("</duration>", "</duration><voice>2</voice>"),
    );
    let song = song(&measure);
    assert_eq!(quarters(&song, 0), [(0, 60, 4), (0, 63, 4), (0, 66, 4)]);
    let second: Vec<_> = song.tracks[1].notes.iter().map(|n| (n.start, n.length)).collect();
    assert_eq!(second, [(0, Q), (3 * Q, Q / 3)]);
    assert_eq!(song.tracks[1].name, "Music (voice 2)");
}

#[test]
fn ties_repeats_and_endings() {
    let tied = |kind: &str| format!("<tie type=\"{kind}\"/>");
    let bar = |left: &str, music: String, right: &str| {
        let line = |location, inside: &str| match inside {
            "" => String::new(),
            _ => format!("<barline location=\"{location}\">{inside}</barline>"),
        };
        format!("<measure>{}{music}{}</measure>", line("left", left), line("right", right))
    };
    let ending = |number, kind| format!("<ending number=\"{number}\" type=\"{kind}\"/>");
    let back = "<repeat direction=\"backward\"/>";
    let one = bar("<repeat direction=\"forward\"/>", note("C4", 4, &tied("start")), "");
    let first = bar(
        &ending("1, 2", "start"),
        note("C4", 4, &tied("stop")),
        &format!("{}{back}", ending("1, 2", "stop")),
    );
    let last = bar(&ending("3", "start"), note("C4", 4, ""), &ending("3", "discontinue"));
    let song = song(&[one, first, last, bar("", note("D4", 4, ""), back)].concat());
    // Three passes, each tied over; then the bar after the endings, twice.
    assert_eq!(quarters(&song, 0), [(0, 60, 8), (8, 60, 8), (16, 60, 8), (24, 62, 4), (28, 62, 4)]);
}

#[test]
fn transposing_instruments_sound_where_they_sound() {
    let attributes = "<attributes><key><fifths>2</fifths></key><transpose><diatonic>-1</diatonic>\
        <chromatic>-2</chromatic><octave-change>-1</octave-change></transpose></attributes>";
    let harmony = "<harmony><root><root-step>F</root-step><root-alter>1</root-alter></root><kind>minor</kind></harmony>";
    let song = song(&format!("<measure>{attributes}{harmony}{}</measure>", note("D5", 4, "")));
    assert_eq!(song.tracks[0].notes[0].pitch, 74 - 14);
    assert_eq!(song.key, Some((0, crate::music::Scale::Major)));
    assert_eq!(song.chords[0].figure, "Em");
}

#[test]
fn chord_symbols_are_kept_as_text() {
    let harmony = |inside: &str| format!("<harmony>{inside}</harmony>");
    let root = "<root><root-step>B</root-step><root-alter>-1</root-alter></root>";
    let degree = "<degree><degree-value>9</degree-value><degree-alter>-1</degree-alter><degree-type>add</degree-type></degree>";
    let measure = [
        harmony(&format!("{root}<kind text=\"7\">dominant</kind>{degree}")),
        note("C4", 1, ""),
        harmony(&format!(
            "{root}<kind>half-diminished</kind><bass><bass-step>E</bass-step></bass><offset>1</offset>"
        )),
        note("C4", 3, ""),
        harmony("<kind>none</kind>"),
        harmony("<root><root-step>H</root-step></root><kind>major</kind>"),
        harmony(&format!("{root}<kind>Neapolitan</kind>")),
    ];
    let song = song(&format!("<measure>{}</measure>", measure.concat()));
    let seen: Vec<_> = song.chords.iter().map(|c| (c.tick / Q, c.figure.as_str())).collect();
    assert_eq!(seen, [(0, "Bb7(addb9)"), (2, "Bbm7b5/E"), (4, "N.C.")]);
    assert_eq!(song.notices, ["Not played: chord symbols that cannot be written with letters (2)."]);
}

#[test]
fn tempo_meter_loudness_and_an_upbeat() {
    let time = |beats, unit| {
        format!("<attributes><time><beats>{beats}</beats><beat-type>{unit}</beat-type></time></attributes>")
    };
    let metronome = "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>\
        <per-minute>40</per-minute></metronome></direction-type><sound dynamics=\"50\"/></direction>";
    let measures = format!(
        "<measure>{}<sound tempo=\"90\"/>{}</measure><measure>{}</measure><measure>{}{metronome}{}</measure>",
        time("3", "4"),
        note("G4", 1, ""),
        note("C5", 3, "").replace("<note>", "<note dynamics=\"NaN\">"),
        time("3+3", "8"),
        note("C5", 3, ""),
    );
    let song = song(&measures);
    assert_eq!(quarters(&song, 0), [(2, 67, 1), (3, 72, 3), (6, 72, 3)]);
    let meters: Vec<_> = song.meters.segments().iter().map(|s| (s.tick / Q, s.meter.to_string())).collect();
    assert_eq!(meters, [(0, "3/4".to_owned()), (6, "6/8".to_owned())]);
    let tempo = song.tempo.expect("written");
    assert_eq!(
        tempo.segments().iter().map(|s| (s.tick / Q, s.qpm().round())).collect::<Vec<_>>(),
        [(0, 90.0), (6, 60.0)]
    );
    assert_eq!(song.tracks[0].notes.iter().map(|n| n.velocity).collect::<Vec<_>>(), [100, 100, 45]);
}

#[test]
fn percussion_parts_and_time_wise_scores() {
    let xml = "<score-timewise><movement-title> Two \n bars</movement-title><part-list><score-part id=\"A\"><part-name>Kit\
        </part-name><midi-instrument id=\"A-1\"><midi-channel>10</midi-channel><midi-unpitched>37</midi-unpitched>\
        </midi-instrument><midi-instrument id=\"A-2\"><midi-unpitched>39</midi-unpitched></midi-instrument></score-part>\
        <score-part id=\"B\"><part-name>Bass</part-name><midi-instrument id=\"B-1\"><midi-program>34</midi-program>\
        </midi-instrument></score-part></part-list>\
        <measure><part id=\"A\"><note><unpitched/><duration>1</duration><instrument id=\"A-2\"/></note>\
        <note><unpitched/><duration>3</duration></note></part><part id=\"B\">NOTE</part></measure>\
        <measure><part id=\"A\"/><part id=\"B\">NOTE</part></measure></score-timewise>";
    let song = read(xml.replace("NOTE", &note("E2", 4, "")).as_bytes()).expect("a score");
    assert_eq!(song.name, "Two bars");
    let seen: Vec<_> = song.tracks.iter().map(|t| (t.name.as_str(), t.kind, t.channel, t.program)).collect();
    assert_eq!(seen, [("Kit", ClipKind::Drums, 10, None), ("Bass", ClipKind::Melody, 1, Some(33))]);
    assert_eq!(quarters(&song, 0), [(0, 38, 1), (1, 36, 3)]);
    assert_eq!(quarters(&song, 1), [(0, 40, 4), (4, 40, 4)]);
}

#[test]
fn what_is_not_played_is_told() {
    let grace = note("C4", 0, "<grace/>").replace("<duration>0</duration>", "");
    let measure = format!(
        "<measure>{grace}{grace}{}{}{}<sound dacapo=\"yes\"/></measure>",
        note("C4", 4, ""),
        note("C4", 4, "<cue/>"),
        note("C9", 4, "").replace("<step>C", "<step>B"),
    );
    let song = song(&measure);
    assert_eq!(song.tracks[0].notes.len(), 1);
    assert_eq!(
        song.notices,
        [
            "Not played: cue notes (1), grace notes (2), jumps (D.C., D.S., coda) (1), notes without a MIDI pitch (1)."
        ]
    );
}

#[test]
fn damage_is_named() {
    let err = |xml: &str| read(xml.as_bytes()).expect_err("damaged");
    assert!(matches!(err("<score-partwise><part>"), MusicXmlError::Damaged(_)));
    assert_eq!(err("<opus/>"), MusicXmlError::NotMusicXml("opus".into()));
    assert_eq!(err(&part("<measure/>")), MusicXmlError::Score(ScoreError::NoNotes));
    assert_eq!(err("<score-partwise/>"), MusicXmlError::Score(ScoreError::NoNotes));
    for wrong in ["-4", "1e300", "many", "0.5", "NaN"] {
        let xml = part(FIRST).replace("<duration>4", &format!("<duration>{wrong}"));
        assert_eq!(err(&xml), MusicXmlError::Damaged("a duration makes no sense".into()), "{wrong}");
    }
    assert!(matches!(err(&part(FIRST).replace("<divisions>1", "<divisions>0")), MusicXmlError::Damaged(_)));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><x>&b;</x>";
    assert_eq!(err(bomb), MusicXmlError::Entities);
    let deep = "<score-partwise>".repeat(200_000);
    assert!(matches!(err(&deep), MusicXmlError::Damaged(_)), "deep nesting");
}

/// A zip archive of stored or deflated files.
fn zip(files: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, deflate) in files {
        let packed = if *deflate { compress_to_vec(bytes, 6) } else { bytes.to_vec() };
        let method: u16 = if *deflate { 8 } else { 0 };
        let mut common = vec![20, 0, 0, 0];
        common.extend(method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(crc32fast::hash(bytes).to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend((out.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(packed);
    }
    let at = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([2, 0, b'h', b'i']);
    out
}

#[test]
fn compressed_scores_are_unpacked() {
    let xml = part(FIRST);
    let container = "<container><rootfiles><rootfile full-path=\"b.xml\"/></rootfiles></container>";
    let named = zip(&[
        ("a.xml", b"<html/>", false),
        ("META-INF/container.xml", container.as_bytes(), true),
        ("b.xml", xml.as_bytes(), true),
    ]);
    assert_eq!(read(&named).map(|s| quarters(&s, 0)), Ok(vec![(0, 60, 4)]));
    let unnamed = zip(&[("META-INF/x.xml", b"<html/>", false), ("Score.MusicXML", xml.as_bytes(), false)]);
    assert_eq!(read(&unnamed).map(|s| quarters(&s, 0)), Ok(vec![(0, 60, 4)]));
    assert_eq!(read(&zip(&[("a.txt", b"", false)])), Err(MusicXmlError::Archive("there is no score in it")));
    let bomb = vec![b' '; MAX_XML_BYTES + 1];
    assert_eq!(read(&zip(&[("a.xml", &bomb, true)])), Err(MusicXmlError::TooLarge));
    let mut wrong = zip(&[("a.xml", xml.as_bytes(), false)]);
    wrong[100] ^= 1;
    assert_eq!(read(&wrong), Err(MusicXmlError::Archive("a checksum is wrong")));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(12), cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_measure_is_music_or_an_error(elements in prop::collection::vec((0usize..12, 0u32..9), 0..24)) {
        let element = |&(kind, n): &(usize, u32)| match kind {
            0..4 => note(["C4", "F#3", "Bb9", "D0"][kind], n, ["", "<chord/>", "<tie type=\"start\"/>"][n as usize % 3]),
            4 => format!("<backup><duration>{n}</duration></backup>"),
            5 => format!("<forward><duration>{n}</duration></forward>"),
            6 => format!("<attributes><divisions>{n}</divisions></attributes>"),
            7 => format!("<attributes><time><beats>{n}</beats><beat-type>{n}</beat-type></time></attributes>"),
            8 => "</measure><measure>".to_owned(),
            9 => format!("<barline><ending number=\"{n}\" type=\"start\"/></barline>"),
            10 => format!("<barline><ending number=\"1\" type=\"stop\"/><repeat direction=\"backward\" times=\"{n}\"/></barline>"),
            _ => "<barline><repeat direction=\"forward\"/></barline>".to_owned(),
        };
        let measures: String = elements.iter().map(element).collect();
        if let Ok(song) = read(part(&format!("<measure>{measures}</measure>")).as_bytes()) {
            for track in &song.tracks {
                prop_assert!(track.notes.iter().all(|n| n.pitch < 128 && n.length > 0 && n.start >= 0 && n.end() <= song.length));
            }
        }
    }

    #[test]
    fn damaged_files_are_scores_or_errors(at in 0usize..1000, bit in 0u8..8, packed: bool) {
        let xml = part(FIRST);
        let mut bytes = if packed { zip(&[("a.xml", xml.as_bytes(), true)]) } else { xml.into_bytes() };
        let at = at % bytes.len();
        let _ = read(&bytes[..at]);
        bytes[at] ^= 1 << bit;
        let _ = read(&bytes);
    }
}
