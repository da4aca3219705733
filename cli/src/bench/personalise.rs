//! `descant bench personalise`: CPU time of learning eight clips, the usual number of rounds, on one thread: by the
//! weights inside, and by a model in the published shape.

use super::models::{least, weights};
use anyhow::{Context as _, Result, ensure};
use descant_core::model::{Model, builtin, find};
use descant_core::music::{Clip, ClipKind, Note, TICKS_PER_QUARTER, Ticks};
use descant_core::tool::{Cancel, Lesson, USUAL_ROUNDS, learn};

const MODEL: &str = "cat-mel_2bar_small";
/// Seconds that it may take.
const GOAL: f64 = 30.0;
const STEP: Ticks = TICKS_PER_QUARTER / 4;

/// Runs the bench.
///
/// # Errors
/// Nothing is learnt, or the goal is missed.
pub fn run() -> Result<()> {
    let clips: Vec<Clip> = (0..8).map(tune).collect();
    let published = find(MODEL).context("in the catalogue")?;
    let published = Model::of_configuration(published, &weights(published)?)?;
    println!("MidiMe training of 8 clips of 4 bars, {USUAL_ROUNDS} rounds, s of CPU time");
    let mut slowest = 0.0_f64;
    for (name, model) in [("as shipped", &builtin::load(MODEL)?), ("published shape", &published)] {
        let lesson = Lesson { clips: &clips, rounds: USUAL_ROUNDS, seed: 1 };
        let mut curve = Vec::new();
        let micros = least(1, || {
            curve = learn(model, &lesson, &Cancel::default(), &mut |_, _| {})?.curve;
            Ok(())
        })?;
        let seconds = micros / 1e6;
        let (first, last) = curve.first().zip(curve.last()).context("nothing was learnt")?;
        let z = model.latent().map_or(0, |(params, _)| params.z);
        println!(
            "  {MODEL} {name:16} z {z:3}  {seconds:6.2} s, loss {first:.1} → {last:.1}  goal < {GOAL} s"
        );
        slowest = slowest.max(seconds);
    }
    ensure!(slowest < GOAL, "MidiMe training takes {slowest:.1} s, not {GOAL}");
    Ok(())
}

/// Four bars of a melody of its own.
fn tune(n: i64) -> Clip {
    let scale = [60, 62, 64, 65, 67, 69, 71, 72];
    let note = |i: i64| Note {
        start: 2 * i * STEP,
        pitch: scale[((i * (n + 1) + i / 3 * n) % 8) as usize],
        length: 2 * STEP,
        velocity: 90,
    };
    let notes = (0..32).filter(|i| (i + n) % 5 != 3).map(note).collect();
    Clip { kind: ClipKind::Melody, notes, length: 64 * STEP, ..Clip::default() }
}
