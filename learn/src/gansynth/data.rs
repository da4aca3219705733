//! [`Notes`]: the pictures that are learned, rendered once and kept as bytes in the run's folder. Any thread.
//!
//! A picture is what core's analysis makes of a note: the logarithm of the power of 1024 mel bands in 128 frames, and how
//! far the frequency strays from the note's harmonics, a byte each (steps of 0.5 dB and 1/127 of half a turn). Of each
//! instrument some notes are held out; every note is learned from the other instruments.
//!
//! What all instruments have in common, the lines of a note's harmonics, need not be learned: magnitudes are told against
//! [`Spectra`].

use super::notes::{NotesError, PROGRAMS, Player, Program};
use descant_core::model::gansynth::{Frequencies, Normaliser, Shape};
use descant_core::sound::spectral::{Cell, Harmonics, Spectral, SpectralError, Variant};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

/// Why there are no pictures.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No notes.
    #[error(transparent)]
    Notes(#[from] NotesError),
    /// Impossible sizes.
    #[error(transparent)]
    Spectral(#[from] SpectralError),
    /// The folder cannot be read or written.
    #[error("cannot read or write the rendered notes: {0}")]
    Io(#[from] std::io::Error),
}

/// A note of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which of the instruments.
    pub instrument: usize,
    /// MIDI note.
    pub pitch: u8,
}

/// What the file of pictures is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Contents {
    version: u32,
    shape: Shape,
    programs: Vec<u8>,
    sound_font_bytes: u64,
}

/// Changes with what is rendered.
const VERSION: u32 = 1;

/// The pictures of all notes.
pub struct Notes {
    /// The instruments.
    pub programs: Vec<Program>,
    /// Notes to learn from.
    pub train: Vec<Note>,
    /// Notes to judge by.
    pub held_out: Vec<Note>,
    /// What magnitudes are told against.
    pub spectra: Spectra,
    shape: Shape,
    file: Mutex<File>,
}

/// A note as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// For each frame and band: magnitude as the released models write it, -1..=1 in 255 steps.
    pub magnitude: Vec<u8>,
    /// Half turns per frame beside the harmonic, times 127.
    pub stray: Vec<i8>,
}

impl Picture {
    /// From mel cells whose frequency is told against the harmonics.
    #[must_use]
    pub fn new(cells: &[Cell]) -> Self {
        let (scale, offset) = Normaliser::default().magnitude;
        let byte = |m: f64| (((m * scale + offset).clamp(-1.0, 1.0) + 1.0) * 127.5).round() as u8;
        Self {
            magnitude: cells.iter().map(|c| byte(c[0])).collect(),
            stray: cells.iter().map(|c| (c[1].clamp(-1.0, 1.0) * 127.0).round() as i8).collect(),
        }
    }

    /// The mel cells, to be heard.
    #[must_use]
    pub fn cells(&self) -> Vec<Cell> {
        let both = self.magnitude.iter().zip(&self.stray);
        both.map(|(&m, &s)| [magnitude(m), f64::from(s) / 127.0]).collect()
    }
}

/// What a byte of magnitude stands for: the natural logarithm of power.
#[must_use]
pub fn magnitude(byte: u8) -> f64 {
    let (scale, offset) = Normaliser::default().magnitude;
    (f64::from(byte) / 127.5 - 1.0 - offset) / scale
}

/// The largest byte that may stand for silence.
pub const SILENT: u8 = 26;

/// A spectrum of each pitch: the mean of its notes, as natural logarithms of power, of the frames that are at most 40 dB
/// below the loudest band of the note.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectra {
    lowest: u8,
    bands: usize,
    /// [notes × bands]
    pub values: Vec<f32>,
}

impl Spectra {
    /// All the same: a power of 1.
    #[must_use]
    pub fn flat(shape: &Shape) -> Self {
        let [_, bands] = shape.image();
        Self { lowest: shape.lowest, bands, values: vec![0.0; usize::from(shape.pitches) * bands] }
    }

    /// That of a pitch that the shape has.
    #[must_use]
    pub fn of(&self, pitch: u8) -> &[f32] {
        &self.values[usize::from(pitch - self.lowest) * self.bands..][..self.bands]
    }

    /// Of these notes, of which every instrument counts as much.
    fn new(
        shape: &Shape,
        notes: impl IntoIterator<Item = Result<(Note, Picture), DataError>>,
    ) -> Result<Self, DataError> {
        // 40 dB in steps of a byte.
        const BELOW: u8 = 78;
        let mut spectra = Self::flat(shape);
        let bands = spectra.bands;
        let mut counts = vec![0.0f32; usize::from(shape.pitches)];
        for found in notes {
            let (note, picture) = found?;
            let loudest = |row: &[u8]| row.iter().copied().max().unwrap_or_default();
            let least = loudest(&picture.magnitude).saturating_sub(BELOW);
            let (mut sum, mut frames) = (vec![0u32; bands], 0u32);
            for row in picture.magnitude.chunks_exact(bands).filter(|row| loudest(row) >= least) {
                sum.iter_mut().zip(row).for_each(|(sum, &m)| *sum += u32::from(m));
                frames += 1;
            }
            let index = usize::from(note.pitch - shape.lowest);
            counts[index] += 1.0;
            let row = &mut spectra.values[index * bands..][..bands];
            row.iter_mut().zip(sum).for_each(|(mean, sum)| *mean += sum as f32 / frames.max(1) as f32);
        }
        let (zero, step) = (magnitude(0), magnitude(1) - magnitude(0));
        for (row, count) in spectra.values.chunks_exact_mut(bands.max(1)).zip(counts) {
            row.iter_mut().for_each(|m| *m = (zero + step * f64::from(*m / count.max(1.0))) as f32);
        }
        Ok(spectra)
    }
}

/// Sound → picture, for every note of a shape.
pub struct Camera {
    shape: Shape,
    spectral: Spectral,
    harmonics: Vec<Harmonics>,
}

impl Camera {
    /// For pictures of this shape.
    ///
    /// # Errors
    /// [`DataError::Spectral`].
    pub fn new(shape: &Shape) -> Result<Self, DataError> {
        let [_, bands] = shape.image();
        let spectral = Spectral::new(shape.framing(), f64::from(shape.rate), bands, Variant::Python)?;
        let harmonics =
            (shape.lowest..=shape.highest()).map(|pitch| Frequencies::harmonics(&spectral, shape, pitch));
        Ok(Self { shape: shape.clone(), harmonics: harmonics.collect::<Result<_, _>>()?, spectral })
    }

    /// What a note looks like.
    ///
    /// # Errors
    /// [`DataError::Spectral`] for a sound of another length, or a pitch that the shape does not have.
    pub fn cells(&self, sound: &[f32], pitch: u8) -> Result<Vec<Cell>, DataError> {
        let harmonics = usize::from(pitch)
            .checked_sub(usize::from(self.shape.lowest))
            .and_then(|i| self.harmonics.get(i))
            .ok_or(SpectralError::Sizes("a note that the model does not play"))?;
        Ok(self.spectral.relative(&self.spectral.stft(sound)?, harmonics)?)
    }

    /// What cells sound like.
    ///
    /// # Errors
    /// As [`Self::cells`].
    pub fn sound(&self, cells: &[Cell], pitch: u8) -> Result<Vec<f32>, DataError> {
        let harmonics = Frequencies::harmonics(&self.spectral, &self.shape, pitch)?;
        Ok(self.spectral.render_relative(cells, &harmonics)?)
    }
}

impl Notes {
    /// The pictures of the first `count` instruments in `folder`; renders them if they are not there yet. `progress` is
    /// told how many notes are done, of how many.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn open(
        folder: &Path,
        sound_font: &Path,
        shape: &Shape,
        count: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, DataError> {
        let programs: Vec<Program> = PROGRAMS.iter().copied().take(count.max(1)).collect();
        let contents = Contents {
            version: VERSION,
            shape: Shape { channels: vec![0; shape.channels.len()], latent: 0, ..shape.clone() },
            programs: programs.iter().map(|p| p.number).collect(),
            sound_font_bytes: std::fs::metadata(sound_font).map_or(0, |m| m.len()),
        };
        let (list, path) = (folder.join("notes.json"), folder.join("notes.bin"));
        let known = std::fs::read(&list).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if known.as_ref() != Some(&contents) {
            render(&path, sound_font, shape, &programs, progress)?;
            crate::checkpoint::write_atomically(
                &list,
                &serde_json::to_vec(&contents).map_err(std::io::Error::from)?,
            )?;
        }
        let all = (0..programs.len()).flat_map(|instrument| {
            (shape.lowest..=shape.highest()).map(move |pitch| Note { instrument, pitch })
        });
        let (held_out, train): (Vec<Note>, Vec<Note>) = all.partition(is_held_out);
        let (shape, file) = (shape.clone(), Mutex::new(File::open(path)?));
        let mut notes = Self { programs, train, held_out, spectra: Spectra::flat(&shape), shape, file };
        let pictures = notes.train.iter().map(|&note| Ok((note, notes.picture(note)?)));
        notes.spectra = Spectra::new(&notes.shape, pictures)?;
        Ok(notes)
    }

    /// The picture of a note.
    ///
    /// # Errors
    /// When the file was damaged or is gone.
    pub fn picture(&self, note: Note) -> Result<Picture, DataError> {
        let [frames, bands] = self.shape.image();
        let size = frames * bands;
        let index =
            note.instrument * usize::from(self.shape.pitches) + usize::from(note.pitch - self.shape.lowest);
        let mut magnitude = vec![0; 2 * size];
        {
            // What another thread left half done is read anew.
            let mut file = self.file.lock().unwrap_or_else(|e| e.into_inner());
            file.seek(SeekFrom::Start((index * 2 * size) as u64))?;
            file.read_exact(&mut magnitude)?;
        }
        let stray = magnitude.split_off(size).into_iter().map(|b| b as i8).collect();
        Ok(Picture { magnitude, stray })
    }
}

/// About one note of an instrument in 24; which ones differs from instrument to instrument.
pub(super) fn is_held_out(note: &Note) -> bool {
    (7 * usize::from(note.pitch) + 11 * note.instrument).is_multiple_of(24)
}

fn render(
    path: &Path,
    sound_font: &Path,
    shape: &Shape,
    programs: &[Program],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), DataError> {
    let player = Player::open(sound_font)?;
    let camera = Camera::new(shape)?;
    let mut file = std::io::BufWriter::new(File::create(path)?);
    let pitches = usize::from(shape.pitches);
    for (i, &program) in programs.iter().enumerate() {
        for (k, pitch) in (shape.lowest..=shape.highest()).enumerate() {
            let cells = camera.cells(&player.note(program, pitch, shape)?, pitch)?;
            let picture = Picture::new(&cells);
            file.write_all(&picture.magnitude)?;
            file.write_all(&picture.stray.iter().map(|&s| s as u8).collect::<Vec<_>>())?;
            progress(i * pitches + k + 1, programs.len() * pitches);
        }
    }
    Ok(file.flush()?)
}
