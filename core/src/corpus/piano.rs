//! Transcribed piano performances: notes in seconds, as long as they sound with the pedal. Any thread; opens no files.

use super::{Funnel, Split};
use crate::music::{NoteSequence, SequenceNote};
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};

/// Composers who died before this year may train weights.
const FREE_BEFORE: u16 = 1956;
/// Seconds of silence that end a piece: recordings were cut out of longer ones, and their gaps stayed.
const SILENCE: f64 = 4.0;
/// Controller of the sustain pedal, and the value from which on it is down.
const SUSTAIN: (u8, u8) = (64, 64);
/// Longest performance in seconds; beyond that a file is damaged.
const LONGEST: f64 = 86_400.0;

/// One file of the corpus, unpacked.
#[derive(Clone, Debug)]
pub struct PianoFile {
    /// Name, as the table has it.
    pub name: String,
    /// The standard MIDI file.
    pub bytes: Vec<u8>,
}

/// A performance without long silences.
#[derive(Clone, Debug, PartialEq)]
pub struct PianoPiece {
    /// File and, after `#`, the part between two silences.
    pub id: String,
    /// Composer as the table names one.
    pub composer: String,
    /// Split as the table says.
    pub split: Split,
    /// Notes in seconds from the first onset on, with the pedal in their lengths.
    pub notes: NoteSequence,
}

/// Reads the files that `table` lists: file, composer, year of death, split (or a reason to stay out), divided by tabs;
/// `#` begins a comment. Parts of fewer than `least` notes stay out.
#[must_use]
pub fn piano_pieces(table: &str, files: &[PianoFile], least: usize) -> (Vec<PianoPiece>, Funnel) {
    let mut funnel = Funnel::new("giantmidi-sample");
    let mut pieces = Vec::new();
    for line in table.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')) {
        funnel.seen += 1;
        let row: Vec<&str> = line.split('\t').collect();
        let [name, composer, died, split] = row[..] else {
            funnel.reject(line, "not a line of four cells", "");
            continue;
        };
        if died.parse::<u16>().map_or(true, |year| year >= FREE_BEFORE) {
            funnel.reject(name, "by a composer who did not die before 1956", died);
            continue;
        }
        let Some(split) = Split::from_name(split) else {
            funnel.reject(name, split, "");
            continue;
        };
        let found = files.iter().find(|f| f.name == name).ok_or("its MIDI file is missing");
        match found.and_then(|file| sounding(&file.bytes)) {
            Err(reason) => funnel.reject(name, reason, ""),
            Ok(notes) => {
                for (number, part) in parts(notes).into_iter().enumerate() {
                    let id = format!("giantmidi-sample/{name}#{number}");
                    if part.notes.len() < least {
                        funnel.reject(
                            &id,
                            "(part of a recording) too few notes",
                            part.notes.len().to_string(),
                        );
                        continue;
                    }
                    // A bar of 4/4 at 120 lasts two seconds.
                    funnel.keep(
                        format!("{split} (bars of 2 s)"),
                        (part.total_time / 2.0) as usize,
                        part.notes.len(),
                    );
                    pieces.push(PianoPiece { id, composer: composer.to_owned(), split, notes: part });
                }
            }
        }
    }
    (pieces, funnel)
}

/// What a file says, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Happening {
    Tempo(u32),
    On(u8, u8),
    Off(u8),
    Pedal(bool),
}

/// A happening and its ticks.
type Timed = (u64, Happening);

/// All events of a file, and the ticks of a quarter note.
fn happenings(bytes: &[u8]) -> Result<(Vec<Timed>, u64), &'static str> {
    const UNREADABLE: &str = "not a readable MIDI file";
    let smf = Smf::parse(bytes).map_err(|_| UNREADABLE)?;
    let Timing::Metrical(division) = smf.header.timing else {
        return Err("time is in seconds, not in beats");
    };
    let division = u64::from(division.as_int());
    if division == 0 {
        return Err(UNREADABLE);
    }
    let mut all = Vec::new();
    for track in &smf.tracks {
        let mut at = 0u64;
        for event in track {
            at += u64::from(event.delta.as_int());
            let what =
                match event.kind {
                    TrackEventKind::Meta(MetaMessage::Tempo(micros)) => Happening::Tempo(micros.as_int()),
                    TrackEventKind::Midi { message: MidiMessage::NoteOn { key, vel }, .. } if vel > 0 => {
                        Happening::On(key.as_int(), vel.as_int())
                    }
                    TrackEventKind::Midi {
                        message: MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. },
                        ..
                    } => Happening::Off(key.as_int()),
                    TrackEventKind::Midi {
                        message: MidiMessage::Controller { controller, value }, ..
                    } if controller == SUSTAIN.0 => Happening::Pedal(value >= SUSTAIN.1),
                    _ => continue,
                };
            all.push((at, what));
        }
    }
    all.sort_by_key(|&(at, _)| at);
    Ok((all, division))
}

/// The notes of a file in the order of their onsets. A note that is let go while the pedal is down sounds until the
/// pedal goes up or its key is struck again.
fn sounding(bytes: &[u8]) -> Result<Vec<SequenceNote>, &'static str> {
    let (all, division) = happenings(bytes)?;
    let mut notes: Vec<SequenceNote> = Vec::new();
    // Per pitch the note that sounds, and whether the pedal alone holds it.
    let mut open: [Option<(usize, bool)>; 128] = [None; 128];
    let (mut pedal, mut micros, mut last, mut now) = (false, 500_000u32, 0u64, 0.0f64);
    for (at, what) in all {
        now += (at - last) as f64 * f64::from(micros) / (division as f64 * 1e6);
        last = at;
        if now > LONGEST {
            return Err("longer than a day");
        }
        match what {
            Happening::Tempo(tempo) => micros = tempo,
            Happening::On(pitch, velocity) => {
                let slot = &mut open[usize::from(pitch & 127)];
                if let Some((note, _)) = slot.replace((notes.len(), false)) {
                    notes[note].end_time = now;
                }
                let (start_time, end_time) = (now, f64::INFINITY);
                notes.push(SequenceNote { pitch, velocity, start_time, end_time, ..SequenceNote::default() });
            }
            Happening::Off(pitch) => {
                let slot = &mut open[usize::from(pitch & 127)];
                match slot {
                    Some((_, held)) if pedal => *held = true,
                    Some((note, _)) => {
                        notes[*note].end_time = now;
                        *slot = None;
                    }
                    None => {}
                }
            }
            Happening::Pedal(down) => {
                pedal = down;
                for slot in open.iter_mut().filter(|_| !down) {
                    if let Some((note, true)) = *slot {
                        notes[note].end_time = now;
                        *slot = None;
                    }
                }
            }
        }
    }
    for note in &mut notes {
        note.end_time = note.end_time.min(now);
    }
    if notes.is_empty() { Err("no notes") } else { Ok(notes) }
}

/// The notes between long silences, each group from time 0 on.
fn parts(notes: Vec<SequenceNote>) -> Vec<NoteSequence> {
    let mut all: Vec<NoteSequence> = Vec::new();
    let (mut from, mut end) = (0.0, f64::NEG_INFINITY);
    for mut note in notes {
        if note.start_time - end > SILENCE {
            from = note.start_time;
            all.push(NoteSequence::default());
        }
        end = end.max(note.end_time);
        note.start_time -= from;
        note.end_time -= from;
        if let Some(part) = all.last_mut() {
            part.total_time = part.total_time.max(note.end_time);
            part.notes.push(note);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A format-0 file of 100 ticks per quarter note: a tick is 5 ms at the default tempo.
    fn midi(events: &[(u8, [u8; 3])]) -> Vec<u8> {
        let mut track = Vec::new();
        for (delta, event) in events {
            // Deltas in quarter notes, as two bytes.
            let ticks = u16::from(*delta) * 100;
            track.extend([0x80 | (ticks >> 7) as u8, (ticks & 0x7f) as u8]);
            track.extend(event);
        }
        track.extend([0, 0xff, 0x2f, 0]);
        let mut file = b"MThd\0\0\0\x06\0\0\0\x01\0\x64MTrk".to_vec();
        file.extend(u32::try_from(track.len()).expect("short").to_be_bytes());
        file.extend(track);
        file
    }

    fn spans(notes: &NoteSequence) -> Vec<(u8, f64, f64)> {
        notes.notes.iter().map(|n| (n.pitch, n.start_time, n.end_time)).collect()
    }

    #[test]
    fn the_pedal_holds_notes_until_it_is_lifted_or_the_key_struck_again() {
        let bytes = midi(&[
            (0, [0xb0, 64, 100]),
            (0, [0x90, 60, 80]),
            (1, [0x90, 60, 0]),
            (0, [0x90, 64, 80]),
            (1, [0x80, 64, 0]),
            (1, [0x90, 60, 80]),
            (1, [0xb0, 64, 0]),
            (1, [0x80, 60, 0]),
        ]);
        let parts = parts(sounding(&bytes).expect("reads"));
        assert_eq!(spans(&parts[0]), [(60, 0.0, 1.5), (64, 0.5, 2.0), (60, 1.5, 2.5)]);
        assert_eq!((parts.len(), parts[0].total_time), (1, 2.5));
    }

    #[test]
    fn a_long_silence_begins_another_piece_at_time_zero() {
        let bytes = midi(&[
            (20, [0x90, 60, 80]),
            (2, [0x80, 60, 0]),
            (9, [0x90, 62, 80]),
            (2, [0x80, 62, 0]),
            (7, [0x90, 64, 80]),
            (1, [0x80, 64, 0]),
        ]);
        let found: Vec<_> = parts(sounding(&bytes).expect("reads")).iter().map(spans).collect();
        assert_eq!(found, [vec![(60, 0.0, 1.0)], vec![(62, 0.0, 1.0), (64, 4.5, 5.0)]]);
    }

    #[test]
    fn a_recording_stays_out_for_its_composer_its_split_or_its_bytes() {
        let good = midi(&[(0, [0x90, 60, 80]), (1, [0x80, 60, 0])]);
        let file = |name: &str, bytes: &[u8]| PianoFile { name: name.into(), bytes: bytes.to_vec() };
        let files = [file("a", &good), file("b", b"noise"), file("c", &midi(&[]))];
        let table = "# file\na\tRavel\t1937\ttest\na\tStravinsky\t1971\ttest\na\tRavel\t1937\tpart of another\n\
                     b\tRavel\t1937\ttrain\nc\tRavel\t1937\ttrain\nd\tRavel\t1937\ttrain\nbroken\n";
        let (pieces, funnel) = piano_pieces(table, &files, 1);
        assert_eq!(pieces.len(), 1);
        assert_eq!((pieces[0].split, pieces[0].composer.as_str()), (Split::Test, "Ravel"));
        let mut reasons: Vec<String> = funnel.reasons().into_iter().map(|r| r.0).collect();
        reasons.sort();
        assert_eq!(
            reasons,
            [
                "by a composer who did not die before 1956",
                "its MIDI file is missing",
                "no notes",
                "not a line of four cells",
                "not a readable MIDI file",
                "part of another",
            ]
        );
        assert_eq!(piano_pieces(table, &files, 2).1.rejected.len(), 7);
    }
}
