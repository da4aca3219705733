//! Judges GANSynth: whether random instruments are in tune and clean, and how near held-out notes come to the real ones.

use super::verdict::Verdict;
use super::{Args, print};
use anyhow::{Context, bail};
use descant_core::checkpoint::Checkpoint;
use descant_core::corpus::measure::Gate;
use descant_core::model::EncodingParams;
use descant_core::model::gansynth::GanSynth;
use descant_learn::gansynth::judge::{HeldOut, Random, judge};
use descant_learn::gansynth::notes::{Player, SOUND_FONT};
use indicatif::ProgressBar;
use serde_json::json;
use std::path::Path;

/// Random instruments that are played.
const RANDOM: usize = 40;

/// Plays and measures.
///
/// # Errors
/// Weights that do not load; no SoundFont.
pub(super) fn verdict(file: &Path, checkpoint: &Checkpoint, args: &Args) -> anyhow::Result<Verdict> {
    let model =
        GanSynth::from_checkpoint(checkpoint).with_context(|| format!("cannot use {}", file.display()))?;
    let Some(EncodingParams::Sound(params)) = checkpoint.card.as_ref().map(|c| &c.hparams.encoding) else {
        bail!("{} plays no sounds", file.display());
    };
    let font = args.soundfont.as_deref().unwrap_or(Path::new(SOUND_FONT));
    let player = Player::open(font)?;
    let bar = ProgressBar::new(1000);
    let mut progress = |p: f32| bar.set_position((p * 1000.0) as u64);
    let (random, held_out) = judge(&model, params, &player, (args.seed, RANDOM), &mut progress)?;
    bar.finish_and_clear();
    println!("GANSynth ({}), {} random instruments, seed {}", file.display(), random.notes, args.seed);
    show(&random, &held_out);
    let gates = gates(&random, &held_out);
    print::gates(&gates);
    let command = format!("descant bench quality {} --seed {}", file.display(), args.seed);
    let figures = json!({
        "random": random, "held_out": held_out, "seed": args.seed, "gates": gates, "command": command,
    });
    Ok(Verdict { gates, figures })
}

fn show(r: &Random, h: &HeldOut) {
    println!("\n{:<52} {:>9} {:>9}", "log-spectral distance from held-out notes, dB", "all bins", "loud");
    for (name, [all, loud]) in [
        ("the model's notes", h.model),
        ("the real note a semitone beside", h.beside),
        ("the real note's own picture (the best possible)", h.ceiling),
    ] {
        println!("  {name:<50} {all:>9.2} {loud:>9.2}");
    }
    println!("\n{:<52} {:>9} {:>9}", format!("{} held-out notes", h.notes), "model", "real");
    println!(
        "  {:<50} {:>9.3} {:>9.3}",
        "change of timbre to the note beside, octaves", h.change[0], h.change[1]
    );
    println!("  {:<50} {:>9.3} {:>9.3}", "in tune", h.in_tune[0], h.in_tune[1]);
    println!("\nrandom instruments");
    println!("  {:<50} {:>9.3}", "in tune", r.in_tune);
    println!("  {:<50} {:>9.1}", "median of tuning, cents off", r.median_cents);
    println!("  {:<50} {:>9.3}", "change of timbre to the note beside, octaves", r.change);
}

fn gates(r: &Random, h: &HeldOut) -> Vec<Gate> {
    let gate =
        |name: &str, value: String, bound: String, pass| Gate { name: name.into(), value, bound, pass };
    let mut all = vec![
        gate(
            "random notes within 25 cents",
            format!("{:.1} %", 100.0 * r.in_tune),
            "at least 95 %".into(),
            r.in_tune >= 0.95,
        ),
        gate(
            "clicks, offsets, no numbers",
            format!("{}, {}, {}", r.clicks, r.offsets, r.unusable),
            "none".into(),
            r.clicks + r.offsets + r.unusable == 0,
        ),
    ];
    if h.notes > 0 {
        all.push(gate(
            "distance from held-out notes",
            format!("{:.2} dB (best {:.2})", h.model[0], h.ceiling[0]),
            format!("below {:.2}: the note beside", h.beside[0]),
            h.model[0] < h.beside[0],
        ));
        all.push(gate(
            "change of timbre to the note beside",
            format!("{:.3} octaves", h.change[0]),
            format!("at most the real {:.3}", h.change[1]),
            h.change[0] <= h.change[1],
        ));
    }
    all
}
