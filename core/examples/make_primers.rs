//! Writes the example MIDI files of `assets/primers`: `cargo run -p descant-core --example make_primers [FOLDER]`.
//!
//! Our own music, CC0. Equal runs give equal bytes: the human unevenness comes from a fixed sequence of numbers.
use midly::{
    Format, Header, MetaMessage, MidiMessage, PitchBend, Smf, Timing, Track, TrackEvent, TrackEventKind,
};
use std::path::Path;

/// An event at an absolute tick; of equal ticks the smaller rank comes first.
type Timed<'a> = (u32, u8, TrackEventKind<'a>);

const KICK: u8 = 36;
const SNARE: u8 = 38;
const HAT: u8 = 42;
const OPEN_HAT: u8 = 46;
const CRASH: u8 = 49;
const RIDE: u8 = 51;

/// A fixed sequence of uneven numbers (linear congruential).
struct Uneven(u32);

impl Uneven {
    /// A whole number −`by` … `by`.
    fn within(&mut self, by: i32) -> i32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) as i32 % (2 * by + 1) - by
    }
}

/// Collects one track's events.
struct Part<'a> {
    channel: u8,
    /// Note-offs as note-ons of velocity 0, as most keyboards send them: one running status all along.
    running: bool,
    events: Vec<Timed<'a>>,
}

impl<'a> Part<'a> {
    fn new(channel: u8, running: bool, name: &'a str) -> Self {
        let mut part = Self { channel, running, events: Vec::new() };
        part.meta(0, MetaMessage::TrackName(name.as_bytes()));
        part
    }

    fn meta(&mut self, tick: u32, message: MetaMessage<'a>) {
        self.events.push((tick, 0, TrackEventKind::Meta(message)));
    }

    fn midi(&mut self, tick: u32, rank: u8, message: MidiMessage) {
        self.events.push((tick, rank, TrackEventKind::Midi { channel: self.channel.into(), message }));
    }

    fn program(&mut self, program: u8) {
        self.midi(0, 1, MidiMessage::ProgramChange { program: program.into() });
    }

    fn control(&mut self, tick: u32, controller: u8, value: u8) {
        self.midi(tick, 1, MidiMessage::Controller { controller: controller.into(), value: value.into() });
    }

    fn note(&mut self, start: i32, length: i32, pitch: u8, velocity: i32) {
        let (start, key) = (start.max(0) as u32, pitch.into());
        let vel = (velocity.clamp(1, 127) as u8).into();
        let off = if self.running {
            MidiMessage::NoteOn { key, vel: 0.into() }
        } else {
            MidiMessage::NoteOff { key, vel: 64.into() }
        };
        self.midi(start + length.max(1) as u32, 2, off);
        self.midi(start, 3, MidiMessage::NoteOn { key, vel });
    }

    /// The finished track, ending at `end`.
    fn track(mut self, end: u32) -> Track<'a> {
        self.events.sort_by_key(|(tick, rank, _)| (*tick, *rank));
        self.events.push((end, 9, TrackEventKind::Meta(MetaMessage::EndOfTrack)));
        let mut last = 0;
        let delta = |(tick, _, kind): Timed<'a>| {
            let delta = (tick - std::mem::replace(&mut last, tick)).into();
            TrackEvent { delta, kind }
        };
        self.events.into_iter().map(delta).collect()
    }
}

/// Microseconds per quarter note.
fn tempo(bpm: f64) -> MetaMessage<'static> {
    MetaMessage::Tempo(((60_000_000.0 / bpm).round() as u32).into())
}

const COMMON: MetaMessage<'static> = MetaMessage::TimeSignature(4, 2, 24, 8);

/// A line such as `"C5:1 r:.5 Bb4:.5"` as (start in quarters, length in quarters, MIDI pitch); `r` rests.
fn line(text: &str) -> Vec<(f64, f64, u8)> {
    let mut at = 0.0;
    let mut notes = Vec::new();
    for word in text.split_whitespace().filter(|w| *w != "|") {
        let (name, length) = word.split_once(':').expect("name:length");
        let length: f64 = length.parse().expect("a length in quarters");
        if name != "r" {
            notes.push((at, length, pitch(name)));
        }
        at += length;
    }
    notes
}

/// MIDI pitch of a name such as `F#4` or `Bb3`; C4 is 60.
fn pitch(name: &str) -> u8 {
    let class = match name.as_bytes()[0] {
        b'C' => 0,
        b'D' => 2,
        b'E' => 4,
        b'F' => 5,
        b'G' => 7,
        b'A' => 9,
        _ => 11,
    };
    let accidental = name.matches('#').count() as i32 - name[1..].matches('b').count() as i32;
    let octave: i32 = name[name.len() - 1..].parse().expect("an octave");
    (12 * (octave + 1) + class + accidental) as u8
}

/// Two bars of a drum groove with ghost notes, played a little unevenly: hats lean forward, the snare lies back.
fn drums() -> Vec<u8> {
    const TICKS: i32 = 480;
    let mut uneven = Uneven(11);
    let mut part = Part::new(9, true, "Drums");
    part.meta(0, tempo(108.0));
    part.meta(0, COMMON);
    let lanes: [(u8, i32, [&str; 2]); 4] = [
        (KICK, 0, ["9..5..8...5.....", "9..5...58.4..5.."]),
        (SNARE, 7, ["....9..2.2..9..3", "....9..2.2.29.35"]),
        (HAT, -4, ["7363736273637.63", "7363736273637362"]),
        (OPEN_HAT, -2, [".............6..", "................"]),
    ];
    for (key, lean, bars) in lanes {
        for (step, symbol) in bars.concat().chars().enumerate() {
            let Some(force) = symbol.to_digit(10) else { continue };
            let start = step as i32 * TICKS / 4 + lean + uneven.within(6);
            part.note(start, TICKS / 8, key, 13 * force as i32 + uneven.within(5));
        }
    }
    file(Format::SingleTrack, TICKS as u16, vec![part.track(8 * TICKS as u32)])
}

/// Four bars that can be sung: two phrases, each swelling to its top note, with a breath after it.
fn melody() -> Vec<u8> {
    const TICKS: f64 = 480.0;
    let notes = line(
        "E4:1 G4:.5 A4:.5 G4:1.5 E4:.5 | D4:.5 E4:.5 F4:1 D4:1 r:.5 D4:.5 \
         | E4:1 G4:.5 C5:.5 B4:1 A4:1 | G4:.5 F4:.5 E4:.5 D4:.5 C4:1.5 r:.5",
    );
    let mut uneven = Uneven(5);
    let mut part = Part::new(0, false, "Melody");
    part.meta(0, tempo(104.0));
    part.meta(0, COMMON);
    part.program(73);
    for (i, &(start, length, key)) in notes.iter().enumerate() {
        // Louder towards the top, and on the beat; the last note before a breath is shorter.
        let velocity = 58 + 2 * (i32::from(key) - 60) + if start.fract() == 0.0 { 10 } else { 0 };
        let breath = notes.get(i + 1).is_none_or(|n| n.0 > start + length);
        let held = length * TICKS - if breath { 60.0 } else { 12.0 };
        part.note((start * TICKS) as i32, held as i32, key, velocity + uneven.within(4));
    }
    file(Format::SingleTrack, TICKS as u16, vec![part.track(16 * TICKS as u32)])
}

/// Eight bars of a swung line as a keyboard player records it: onsets up to 20 ms beside the grid, legato that overlaps
/// now and then, the modulation wheel moved.
fn swung() -> Vec<u8> {
    const TICKS: f64 = 480.0;
    const BPM: f64 = 132.0;
    const SWING: f64 = 0.66;
    let notes = line(
        "r:.5 C5:.5 D5:.5 F5:.5 Eb5:.5 C5:.5 A4:.5 C5:.5 | Bb4:1 G4:.5 F4:.5 r:1.5 F4:.5 \
         | A4:.5 C5:.5 Eb5:.5 D5:.5 C5:1.5 A4:.5 | C5:.5 A4:.5 F4:1 r:2 \
         | r:.5 Bb4:.5 D5:.5 F5:.5 Ab5:.5 G5:.5 F5:.5 D5:.5 | F5:1.5 D5:.5 Bb4:1 r:1 \
         | A4:.5 C5:.5 F5:.5 E5:.5 Eb5:.5 D5:.5 C5:.5 A4:.5 | G4:.5 Bb4:.5 A4:.5 F4:1.5 r:1",
    );
    let swing = |at: f64| at.floor() + if at.fract() == 0.0 { 0.0 } else { SWING };
    let per_ms = TICKS * BPM / 60_000.0;
    let mut uneven = Uneven(77);
    let mut part = Part::new(0, true, "Take 3");
    part.meta(0, tempo(BPM));
    part.meta(0, COMMON);
    part.program(4);
    for &(at, length, key) in &notes {
        let start = (swing(at) * TICKS + f64::from(uneven.within(200)) / 10.0 * per_ms).round() as i32;
        let end = swing(at + length) * TICKS + f64::from(uneven.within(30) - 22) * per_ms;
        let accent = if at.fract() == 0.0 { 66 } else { 84 };
        let rise = (i32::from(key) - 70) / 2;
        part.note(start, end as i32 - start, key, accent + rise + uneven.within(14));
    }
    for (i, value) in [0_u8, 18, 41, 63, 52, 30, 12, 0].into_iter().enumerate() {
        part.control(20 * 480 + 37 * i as u32, 1, value);
    }
    file(Format::SingleTrack, TICKS as u16, vec![part.track(32 * TICKS as u32)])
}

/// Chords of the song, one per bar: verse, then chorus.
const SONG_CHORDS: [(&str, [&str; 4]); 16] = [
    ("G2", ["B3", "D4", "G4", "D3"]),
    ("E2", ["B3", "E4", "G4", "E3"]),
    ("C3", ["C4", "E4", "G4", "E3"]),
    ("D3", ["A3", "D4", "F#4", "D3"]),
    ("G2", ["B3", "D4", "G4", "D3"]),
    ("B2", ["B3", "D4", "F#4", "D3"]),
    ("C3", ["C4", "E4", "G4", "E3"]),
    ("D3", ["A3", "D4", "F#4", "D3"]),
    ("C3", ["C4", "E4", "G4", "E3"]),
    ("D3", ["A3", "D4", "F#4", "D3"]),
    ("B2", ["B3", "D4", "F#4", "D3"]),
    ("E2", ["B3", "E4", "G4", "E3"]),
    ("C3", ["C4", "E4", "G4", "E3"]),
    ("D3", ["A3", "D4", "F#4", "D3"]),
    ("G2", ["B3", "D4", "G4", "D3"]),
    ("G2", ["B3", "D4", "G4", "G3"]),
];

const SONG_LEAD: &str = "B4:1 D5:.5 B4:.5 A4:1 G4:1 | r:.5 G4:.5 A4:.5 B4:.5 G4:1 E4:1 \
    | E4:.5 G4:.5 C5:1 B4:.5 A4:.5 G4:1 | A4:2 r:1 F#4:.5 A4:.5 \
    | B4:1 D5:.5 E5:.5 D5:1 B4:1 | r:.5 B4:.5 D5:.5 F#5:.5 E5:.5 D5:.5 B4:1 \
    | C5:.5 E5:.5 D5:.5 C5:.5 B4:1 G4:1 | A4:1.5 B4:.5 A4:1 r:1 \
    | E5:1.5 D5:.5 C5:1 E5:1 | F#5:1 E5:.5 D5:.5 A4:1 D5:1 \
    | D5:1.5 B4:.5 F#5:1 D5:1 | E5:1 B4:.5 G4:.5 B4:2 \
    | E5:1.5 G5:.5 E5:1 C5:1 | D5:.5 E5:.5 F#5:1 A4:1 r:.5 D5:.5 \
    | G5:1 F#5:.5 E5:.5 D5:1 B4:1 | A4:.5 B4:.5 G4:2 r:1";

/// A song as a user's DAW writes it: format 1, a conductor track with two tempos, five tracks.
fn song() -> Vec<u8> {
    const TICKS: i32 = 960;
    const BAR: i32 = 4 * TICKS;
    let end = (16 * BAR) as u32;
    let mut conductor = Part::new(0, false, "Evening Tram");
    conductor.meta(0, COMMON);
    conductor.meta(0, MetaMessage::KeySignature(1, false));
    conductor.meta(0, tempo(96.0));
    conductor.meta(0, MetaMessage::Marker(b"Verse"));
    conductor.meta(8 * BAR as u32, tempo(104.0));
    conductor.meta(8 * BAR as u32, MetaMessage::Marker(b"Chorus"));
    let parts = [song_drums(), song_bass(), song_piano(), song_strings(), song_lead()];
    let mut tracks = vec![conductor.track(end)];
    tracks.extend(parts.into_iter().map(|p| p.track(end)));
    file(Format::Parallel, TICKS as u16, tracks)
}

fn song_drums() -> Part<'static> {
    const VERSE: [(u8, &str); 3] =
        [(KICK, "9......68......."), (SNARE, "....9.......9..."), (HAT, "7.5.7.5.7.5.7.5.")];
    const CHORUS: [(u8, &str); 3] =
        [(KICK, "9..6..8...8....."), (SNARE, "....9.......9..2"), (RIDE, "8.6.8.6.8.6.8.6.")];
    const FILL: [(u8, &str); 6] = [
        (KICK, "9......68......."),
        (SNARE, "....9...6689...."),
        (HAT, "7.5.7.5........."),
        (50, "............78.."),
        (47, "..............8."),
        (41, "...............9"),
    ];
    let mut uneven = Uneven(3);
    let mut part = Part::new(9, true, "Drums");
    part.program(0);
    part.control(0, 7, 104);
    for bar in 0..16 {
        let lanes: &[(u8, &str)] = match bar {
            7 | 15 => &FILL,
            0..8 => &VERSE,
            _ => &CHORUS,
        };
        for (key, steps) in lanes {
            for (step, symbol) in steps.chars().enumerate() {
                let Some(force) = symbol.to_digit(10) else { continue };
                let start = bar * 3_840 + step as i32 * 240 + uneven.within(9);
                part.note(start, 120, *key, 13 * force as i32 + uneven.within(4));
            }
        }
        if bar == 8 || bar == 12 {
            part.note(bar * 3_840, 480, CRASH, 112);
        }
    }
    part
}

fn song_bass() -> Part<'static> {
    let mut uneven = Uneven(21);
    let mut part = Part::new(1, true, "Bass");
    part.program(33);
    part.control(0, 7, 100);
    part.control(0, 10, 64);
    for (bar, (root, _)) in (0..).zip(SONG_CHORDS) {
        let (root, next) = (pitch(root) - 12, pitch(SONG_CHORDS[(bar as usize + 1) % 16].0) - 12);
        let from = bar * 3_840;
        let eighths: &[(i32, i32)] = if bar < 8 {
            &[(0, 3), (3, 1), (4, 2)]
        } else {
            &[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]
        };
        for &(at, length) in eighths {
            let velocity = if at % 4 == 0 { 98 } else { 82 };
            part.note(from + at * 480, length * 480 - 40, root, velocity + uneven.within(6));
        }
        // Fifth, then a step towards the next root.
        part.note(from + 6 * 480, 440, root + 7, 84 + uneven.within(6));
        let approach = if next > root { next - 2 } else { next + 2 };
        part.note(from + 7 * 480, 440, approach, 80 + uneven.within(6));
    }
    part
}

fn song_piano() -> Part<'static> {
    let mut uneven = Uneven(8);
    let mut part = Part::new(2, false, "Piano chords");
    part.program(0);
    part.control(0, 7, 92);
    part.control(0, 91, 40);
    for (bar, (_, chord)) in (0..).zip(SONG_CHORDS) {
        let from = bar * 3_840;
        // The pedal comes up at the bar line and down again just after it, as a foot does.
        part.control(from as u32 + 90, 64, 127);
        part.control(from as u32 + 3_810, 64, 0);
        let beats: &[(i32, i32)] =
            if bar < 8 { &[(0, 1_800), (2_400, 1_300)] } else { &[(0, 900), (1_440, 900), (2_880, 850)] };
        for &(at, length) in beats {
            for (i, name) in chord.iter().enumerate() {
                let rolled = 6 * i as i32 + uneven.within(5);
                part.note(
                    from + at + rolled,
                    length,
                    pitch(name),
                    70 + if bar < 8 { 0 } else { 10 } + uneven.within(8),
                );
            }
        }
    }
    part
}

fn song_strings() -> Part<'static> {
    let mut part = Part::new(3, false, "Strings");
    part.program(48);
    part.control(0, 7, 84);
    for (bar, (_, chord)) in (0..).zip(SONG_CHORDS).skip(4) {
        let from: i32 = bar * 3_840;
        for name in &chord[..3] {
            part.note(from, 3_800, pitch(name) + if bar < 8 { 0 } else { 12 }, 64);
        }
        for i in 0..16_u32 {
            // Each bar swells to its middle.
            let swell = 8 - i.abs_diff(8);
            part.control(from as u32 + 240 * i, 11, (70 + 5 * swell) as u8);
        }
    }
    part
}

fn song_lead() -> Part<'static> {
    let mut uneven = Uneven(42);
    let mut part = Part::new(0, false, "Lead");
    part.program(81);
    part.control(0, 7, 98);
    part.control(0, 1, 0);
    for (start, length, key) in line(SONG_LEAD) {
        let from = (start * 960.0) as i32;
        let accent = if start % 2.0 == 0.0 { 96 } else { 84 };
        part.note(
            from + uneven.within(10).abs(),
            (length * 960.0) as i32 - 70,
            key,
            accent + uneven.within(8),
        );
        if length >= 1.5 {
            // A short scoop into long notes, and vibrato on them.
            for (i, bend) in [-1_400_i32, -900, -400, 0].into_iter().enumerate() {
                let bend = PitchBend::from_int(bend as i16);
                part.midi(from as u32 + 30 * i as u32, 4, MidiMessage::PitchBend { bend });
            }
            for (i, depth) in [0_u8, 20, 44, 30, 0].into_iter().enumerate() {
                part.control(from as u32 + 480 + 170 * i as u32, 1, depth);
            }
        }
    }
    part
}

fn file(format: Format, ticks: u16, tracks: Vec<Track<'_>>) -> Vec<u8> {
    let smf = Smf { header: Header::new(format, Timing::Metrical(ticks.into())), tracks };
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes).expect("writing to memory cannot fail");
    bytes
}

fn main() -> std::io::Result<()> {
    let built_in = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/primers");
    let folder = std::env::args().nth(1).unwrap_or_else(|| built_in.to_owned());
    for (name, bytes) in [("drums", drums()), ("melody", melody()), ("swung", swung()), ("song", song())] {
        std::fs::write(Path::new(&folder).join(name).with_extension("mid"), bytes)?;
    }
    Ok(())
}
