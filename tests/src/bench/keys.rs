//! What Descant Keys costs beside its network: voices on the audio thread, and a zone made of a rendered note.
#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use super::thread_seconds;
use anyhow::{Context as _, Result};
use descant_core::sound::instrument::{Axes, Position, Recording, Resampler, Settings, Synth, Zone};
use std::hint::black_box;
use std::sync::Arc;

const RATE: f32 = 48_000.0;
/// Voices at once.
const VOICES: u8 = 32;
/// Seconds of sound per measurement.
const SECONDS: usize = 20;

/// Prints the figures.
pub fn run() -> Result<()> {
    let note = |pitch: u8| {
        let hertz = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
        let turn = std::f64::consts::TAU * hertz / 16_000.0;
        let sample = |i: u32| (1..8).map(|n| (turn * f64::from(n * i)).sin() / f64::from(n)).sum::<f64>();
        Recording::new(&(0..64_000).map(|i| sample(i) as f32).collect::<Vec<f32>>(), 16_000)
    };
    let resampler = Resampler::new(16_000.0, f64::from(RATE));
    let notes: Vec<(u8, Recording)> = (40..40 + VOICES).map(|pitch| (pitch, note(pitch))).collect();
    let before = thread_seconds()?;
    let zones: Vec<(u8, Arc<Zone>)> = notes
        .iter()
        .map(|(pitch, note)| Ok((*pitch, Arc::new(Zone::new(note, *pitch, &resampler)?))))
        .collect::<Result<_>>()?;
    let cost = (thread_seconds()? - before) / zones.len() as f64;
    println!("Keys            {:.1} ms to make a zone of a rendered note (resampling, loop)", cost * 1e3);
    for (name, morph, pitches) in
        [("each its own zone", 0.0, 0), ("repitched", 0.0, 12), ("between two instruments", 0.06, 0)]
    {
        let share = voices(&zones, morph, pitches)? * 100.0;
        println!("  {VOICES} voices     {share:.2} % of one core at 48 kHz, {name:24} goal < 10 %");
    }
    Ok(())
}

/// CPU seconds per second of sound of 32 held notes, `away` semitones from their zones.
fn voices(zones: &[(u8, Arc<Zone>)], morph: f32, away: u8) -> Result<f64> {
    let mut synth = Synth::new();
    synth.pool.renew(Axes { x: true, y: false }, 0, 127);
    synth.set(Settings { polyphony: 64, morph: (morph, 0.0), ..Settings::default() });
    for position in Position::all().take(2) {
        for (pitch, zone) in zones {
            synth.pool.insert(position, *pitch, zone.clone()).ok().context("the pool is full")?;
        }
    }
    zones.iter().for_each(|(pitch, _)| synth.note_on(0, pitch + away, None, 1.0));
    let (mut left, mut right) = (vec![0.0; 64], vec![0.0; 64]);
    let before = thread_seconds()?;
    for _ in 0..SECONDS * RATE as usize / 64 {
        synth.render(&mut left, &mut right);
        black_box(&left);
    }
    Ok((thread_seconds()? - before) / SECONDS as f64)
}
