//! [`Player`]: single notes of FluidR3's instruments, rendered by the SoundFont player rustysynth. Any thread.
//!
//! A note is 4 s at 16 kHz, held for 3 s, its highest peak 0.7; reverb and chorus are off. It is played at 48 kHz and
//! halved in bandwidth here, for the player itself does nothing against aliasing.

use descant_core::model::gansynth::Shape;
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use std::path::Path;
use std::sync::Arc;

/// Where Debian puts the file.
pub const SOUND_FONT: &str = "/usr/share/sounds/sf2/FluidR3_GM.sf2";

/// Samples per second that the player plays, for one of the network's.
const OVER: usize = 3;
/// Samples of the filter on each side.
const REACH: usize = 96;
/// Highest peak of a note.
const PEAK: f32 = 0.7;
/// How hard the key is struck.
const VELOCITY: i32 = 100;
/// Seconds that the key is held.
const HELD: usize = 3;

/// Why there are no notes.
#[derive(Debug, thiserror::Error)]
pub enum NotesError {
    /// No file.
    #[error(
        "{path} is missing ({source}): on Debian or Ubuntu install the package fluid-soundfont-gm, elsewhere name FluidR3_GM.sf2 with --soundfont"
    )]
    Missing {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of another kind.
    #[error("{0} is no SoundFont that can be played: {1}")]
    Unreadable(String, String),
    /// A note without sound.
    #[error("the sound font's program {program} is silent at note {pitch}")]
    Silent {
        /// Program from 0.
        program: u8,
        /// MIDI note.
        pitch: u8,
    },
}

/// An instrument of General MIDI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// Number from 0.
    pub number: u8,
    /// Name for people.
    pub name: &'static str,
}

/// The instruments that are learned, the most different ones first.
pub const PROGRAMS: &[Program] = &programs();

const fn programs() -> [Program; 40] {
    const fn p(number: u8, name: &'static str) -> Program {
        Program { number, name }
    }
    [
        p(0, "Grand Piano"),
        p(40, "Violin"),
        p(73, "Flute"),
        p(56, "Trumpet"),
        p(24, "Nylon Guitar"),
        p(16, "Drawbar Organ"),
        p(11, "Vibraphone"),
        p(52, "Choir Aahs"),
        p(71, "Clarinet"),
        p(81, "Saw Lead"),
        p(4, "Electric Piano 1"),
        p(33, "Finger Bass"),
        p(48, "String Ensemble"),
        p(65, "Alto Sax"),
        p(46, "Harp"),
        p(19, "Church Organ"),
        p(12, "Marimba"),
        p(80, "Square Lead"),
        p(60, "French Horn"),
        p(6, "Harpsichord"),
        p(29, "Overdriven Guitar"),
        p(68, "Oboe"),
        p(42, "Cello"),
        p(8, "Celesta"),
        p(21, "Accordion"),
        p(25, "Steel Guitar"),
        p(61, "Brass Section"),
        p(75, "Pan Flute"),
        p(38, "Synth Bass"),
        p(89, "Warm Pad"),
        p(5, "Electric Piano 2"),
        p(57, "Trombone"),
        p(104, "Sitar"),
        p(45, "Pizzicato Strings"),
        p(22, "Harmonica"),
        p(10, "Music Box"),
        p(70, "Bassoon"),
        p(26, "Jazz Guitar"),
        p(108, "Kalimba"),
        p(78, "Whistle"),
    ]
}

/// Plays notes one by one.
pub struct Player {
    font: Arc<SoundFont>,
    filter: Vec<f32>,
}

impl Player {
    /// Reads a SoundFont.
    ///
    /// # Errors
    /// [`NotesError`].
    pub fn open(path: &Path) -> Result<Self, NotesError> {
        let name = path.display().to_string();
        let file =
            std::fs::File::open(path).map_err(|source| NotesError::Missing { path: name.clone(), source })?;
        let font = SoundFont::new(&mut std::io::BufReader::new(file))
            .map_err(|error| NotesError::Unreadable(name, error.to_string()))?;
        Ok(Self { font: Arc::new(font), filter: filter() })
    }

    /// The note `pitch` of a program: as many samples as `shape` says.
    ///
    /// # Errors
    /// [`NotesError::Silent`].
    pub fn note(&self, program: Program, pitch: u8, shape: &Shape) -> Result<Vec<f32>, NotesError> {
        let rate = OVER * shape.rate as usize;
        let mut settings = SynthesizerSettings::new(rate as i32);
        settings.enable_reverb_and_chorus = false;
        let mut synthesizer = Synthesizer::new(&self.font, &settings)
            .map_err(|error| NotesError::Unreadable("the sound font".into(), error.to_string()))?;
        synthesizer.process_midi_message(0, 0xC0, i32::from(program.number), 0);
        synthesizer.note_on(0, i32::from(pitch), VELOCITY);
        let (mut left, mut right) = (vec![0.0; OVER * shape.samples], vec![0.0; OVER * shape.samples]);
        let held = (HELD * rate).min(left.len());
        synthesizer.render(&mut left[..held], &mut right[..held]);
        synthesizer.note_off(0, i32::from(pitch));
        synthesizer.render(&mut left[held..], &mut right[held..]);
        left.iter_mut().zip(&right).for_each(|(l, r)| *l += r);
        let mut sound = thinned(&left, &self.filter);
        let peak = sound.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        if peak < 1e-5 {
            return Err(NotesError::Silent { program: program.number, pitch });
        }
        sound.iter_mut().for_each(|x| *x *= PEAK / peak);
        Ok(sound)
    }
}

/// Every third sample of what the filter leaves.
fn thinned(sound: &[f32], filter: &[f32]) -> Vec<f32> {
    let mut padded = vec![0.0; REACH];
    padded.extend_from_slice(sound);
    padded.resize(sound.len() + 2 * REACH, 0.0);
    let window = |at: usize| &padded[at * OVER..][..filter.len()];
    (0..sound.len() / OVER).map(|at| window(at).iter().zip(filter).map(|(x, w)| x * w).sum()).collect()
}

/// A sine cardinal under a Hann window: all below 0.92 of half the network's rate.
fn filter() -> Vec<f32> {
    use std::f64::consts::PI;
    let edge = 0.92 / OVER as f64;
    let tap = |i: usize| {
        let x = i as f64 - REACH as f64;
        let sinc = if x == 0.0 { edge } else { (PI * edge * x).sin() / (PI * x) };
        sinc * (0.5 + 0.5 * (PI * x / (REACH + 1) as f64).cos())
    };
    (0..=2 * REACH).map(|i| tap(i) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_keeps_what_is_low_and_stops_what_would_fold() {
        let level = |hertz: f64| {
            let tone: Vec<f32> = (0..4800)
                .map(|n| (f64::from(n) * hertz * std::f64::consts::TAU / 48_000.0).sin() as f32)
                .collect();
            let thin = thinned(&tone, &filter());
            assert_eq!(thin.len(), 1600);
            thin[200..1400].iter().fold(0.0f32, |peak, x| peak.max(x.abs()))
        };
        assert!((level(440.0) - 1.0).abs() < 1e-2 && (level(6500.0) - 1.0).abs() < 2e-2);
        assert!(level(8600.0) < 1e-3 && level(12_000.0) < 1e-3, "{} {}", level(8600.0), level(12_000.0));
    }

    #[test]
    fn a_missing_file_names_the_package() {
        let error = Player::open(Path::new("no such file")).err().expect("missing").to_string();
        assert!(error.contains("fluid-soundfont-gm"), "{error}");
    }

    #[test]
    fn programs_are_all_different() {
        let mut numbers: Vec<u8> = PROGRAMS.iter().map(|p| p.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), PROGRAMS.len());
    }
}
