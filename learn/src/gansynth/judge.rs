//! [`judge`]: what notes of a GANSynth are like, beside notes of the instruments that it learned (research: data.md 3.3).
//! Any thread; minutes.
//!
//! Notes of random vectors say whether the space can be played; held-out notes of learned instruments, whether it speaks
//! of instruments or of notes that it knows by heart; what the format itself loses is the ceiling.

use super::data::{Camera, DataError, Note, Picture, is_held_out};
use super::measure::{Apart, Distance, cents_off, offset, sharpest};
use super::notes::{NotesError, PROGRAMS, Player, Program};
use crate::rng::Rng;
use descant_core::model::gansynth::{GanSynth, NoteError, SoundParams};
use descant_core::nn::conv::Alone;
use descant_core::sound::spectral::SpectralError;
use descant_core::tool::Cancel;
use serde::Serialize;

/// Cents within which a note is in tune.
const IN_TUNE: f64 = 25.0;
/// Corners that stand out by more are clicks; those of the real notes stay below 25.
const CLICK: f64 = 40.0;
/// A mean of more than this share of the peak is an offset.
const OFFSET: f64 = 0.01;

/// Why a model could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// No real notes.
    #[error(transparent)]
    Notes(#[from] NotesError),
    /// No pictures of them.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Sounds that do not compare.
    #[error(transparent)]
    Spectral(#[from] SpectralError),
    /// A model that does not play.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Notes of random vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Random {
    /// How many.
    pub notes: usize,
    /// Share that is in tune.
    pub in_tune: f64,
    /// Median of how far they are out of tune, cents.
    pub median_cents: f64,
    /// Notes that click.
    pub clicks: usize,
    /// Notes that lie beside the middle.
    pub offsets: usize,
    /// Notes that are no numbers or silent.
    pub unusable: usize,
    /// Mean change of the centre of the spectrum to the next note, octaves.
    pub change: f64,
}

/// Held-out notes of learned instruments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct HeldOut {
    /// How many.
    pub notes: usize,
    /// Log-spectral distance of the model's notes from the real ones, decibels: all bins, loud bins.
    pub model: [f64; 2],
    /// Of the real note beside.
    pub beside: [f64; 2],
    /// Of the real note's own picture made sound: what no model of this format does better.
    pub ceiling: [f64; 2],
    /// Mean change of the centre of the spectrum from the note beside, octaves: the model's, real.
    pub change: [f64; 2],
    /// Share of the model's notes that are in tune, and of the real ones.
    pub in_tune: [f64; 2],
}

/// Plays `count` random vectors and all held-out notes. `progress` is told the share that is done.
///
/// # Errors
/// [`JudgeError`].
pub fn judge(
    model: &GanSynth,
    params: &SoundParams,
    player: &Player,
    (seed, count): (u32, usize),
    progress: &mut dyn FnMut(f32),
) -> Result<(Random, HeldOut), JudgeError> {
    let shape = model.shape();
    let rate = f64::from(shape.rate);
    let distance = Distance::new(shape.samples, rate)?;
    let play = |z: &[f32], pitch| model.note(z, pitch, &Alone, &Cancel::default());
    let held_out = held_out(params);
    let all = (count + held_out.len()).max(1) as f32;
    let mut random = Random { notes: count, ..Random::default() };
    let mut off = Vec::new();
    let mut rng = Rng(u64::from(seed));
    for i in 0..count {
        let pitch = shape.lowest + rng.below(usize::from(shape.pitches)) as u8;
        let z = model.random_instrument(seed.wrapping_add(i as u32));
        let (sound, next) = (play(&z, pitch), play(&z, beside(pitch, shape.lowest)));
        let (sound, next) = match (sound, next) {
            (Ok(sound), Ok(next)) => (sound, next),
            (Err(NoteError::NotFinite), _) | (_, Err(NoteError::NotFinite)) => {
                random.unusable += 1;
                continue;
            }
            (Err(error), _) | (_, Err(error)) => return Err(error.into()),
        };
        match cents_off(&sound, rate, hertz(pitch)) {
            Some(cents) => off.push(cents.abs()),
            None => random.unusable += 1,
        }
        random.clicks += usize::from(sharpest(&sound) > CLICK);
        random.offsets += usize::from(offset(&sound) > OFFSET);
        random.change += change(&distance, &sound, &next, rate)? / count as f64;
        progress(i as f32 / all);
    }
    off.sort_by(f64::total_cmp);
    random.in_tune = off.iter().filter(|cents| **cents <= IN_TUNE).count() as f64 / count.max(1) as f64;
    random.median_cents = off.get(off.len() / 2).copied().unwrap_or_default();
    let camera = Camera::new(shape)?;
    let mut found = HeldOut { notes: held_out.len(), ..HeldOut::default() };
    let share = 1.0 / held_out.len().max(1) as f64;
    for (i, (program, z, pitch)) in held_out.into_iter().enumerate() {
        let next = beside(pitch, shape.lowest);
        let (real, real_next) = (player.note(program, pitch, shape)?, player.note(program, next, shape)?);
        let (ours, ours_next) = (play(z, pitch)?, play(z, next)?);
        let picture = Picture::new(&camera.cells(&real, pitch)?);
        let again = camera.sound(&picture.cells(), pitch)?;
        for (sum, sound) in
            [(&mut found.model, &ours), (&mut found.beside, &real_next), (&mut found.ceiling, &again)]
        {
            let Apart { all, loud } = distance.of(&real, sound)?;
            sum[0] += share * all;
            sum[1] += share * loud;
        }
        for (k, (sound, next)) in [(&ours, &ours_next), (&real, &real_next)].into_iter().enumerate() {
            found.change[k] += share * change(&distance, sound, next, rate)?;
            let tuned = cents_off(sound, rate, hertz(pitch)).is_some_and(|c| c.abs() <= IN_TUNE);
            found.in_tune[k] += share * f64::from(u8::from(tuned));
        }
        progress((count + i) as f32 / all);
    }
    Ok((random, found))
}

/// The held-out notes of those instruments of a card that can be played here, with their vectors.
fn held_out(params: &SoundParams) -> Vec<(Program, &[f32], u8)> {
    let mut all = Vec::new();
    for (instrument, (program, known)) in PROGRAMS.iter().zip(&params.instruments).enumerate() {
        let pitches = params.lowest..params.lowest.saturating_add(params.pitches);
        if program.name == known.name {
            let held = pitches.filter(|&pitch| is_held_out(&Note { instrument, pitch }));
            all.extend(held.map(|pitch| (*program, known.z.as_slice(), pitch)));
        }
    }
    all
}

fn beside(pitch: u8, lowest: u8) -> u8 {
    if pitch > lowest { pitch - 1 } else { pitch + 1 }
}

fn hertz(pitch: u8) -> f64 {
    440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2()
}

/// How far the centre of the spectrum moves between two sounds, octaves.
fn change(distance: &Distance, a: &[f32], b: &[f32], rate: f64) -> Result<f64, SpectralError> {
    Ok((distance.centre(a, rate)? - distance.centre(b, rate)?).abs())
}
