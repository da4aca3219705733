//! Finds how a model should use its cache: the values that predict the validation pieces best.
//!
//! One value at a time, up and down its list, until no neighbour is better. The test split is not looked at.

use super::CacheArgs;
use super::judge::{Music, shipped, validation};
use super::subject::Subject;
use anyhow::Context;
use descant_core::checkpoint;
use descant_core::model::{CacheParams, Model, ModelEncoding};
use serde_json::json;
use std::path::Path;

const SHARE: [f32; 8] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
const SHARPNESS: [f32; 9] = [0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.6];
const EVIDENCE: [f32; 6] = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
/// Where the search starts in each list.
const START: [usize; 3] = [3, 4, 2];
/// Moments a quarter note apart are compared, for 32 bars of 4/4.
const STRIDE: usize = 4;
const WINDOW: usize = 512;

/// Runs the command.
///
/// # Errors
/// Unreadable corpora or weights.
pub fn run(args: &CacheArgs) -> anyhow::Result<()> {
    let files =
        if args.weights.is_empty() { shipped(Path::new("assets/models"))? } else { args.weights.clone() };
    for file in &files {
        let read = || checkpoint::load_file(file).with_context(|| format!("cannot read {}", file.display()));
        let mut model = Model::from_checkpoint(read()?)?;
        let grid = matches!(model.encoding(), ModelEncoding::Drums(_) | ModelEncoding::Melody(_));
        let Some(music) = Music::of(&model.hparams().encoding).filter(|_| grid) else {
            println!("{}: its classes are not those of the corpora here", file.display());
            continue;
        };
        let pieces = validation(music, &args.corpus)?;
        let mut nats = |cache| -> anyhow::Result<f64> {
            model.set_cache(cache)?;
            Ok(Subject::new(&model)?.likelihood(&pieces)?.events)
        };
        let plain = nats(None)?;
        println!("{}: {plain:.4} nats per 16th on the validation split without a cache", file.display());
        let (best, at) = search(|at| nats(Some(params(at))))?;
        let cache = params(at);
        println!(
            "  {best:.4} with share {}, sharpness {}, evidence {}",
            cache.share, cache.sharpness, cache.evidence
        );
        if args.write {
            let checkpoint = read()?;
            let mut card = checkpoint.card.context("the weights have no card to write into")?;
            card.cache = Some(cache);
            let command = format!("descant bench cache {} --write", file.display());
            let figures = json!({ "validation_without": plain, "validation_with": best, "command": command });
            card.metrics.insert("cache".into(), figures);
            checkpoint::save_file(file, &checkpoint.weights, &card)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(())
}

fn params([share, sharpness, evidence]: [usize; 3]) -> CacheParams {
    CacheParams {
        share: SHARE[share],
        sharpness: SHARPNESS[sharpness],
        evidence: EVIDENCE[evidence],
        stride: STRIDE,
        window: WINDOW,
    }
}

/// Lowest cost that no single step up or down one of the lists improves, and where it is.
fn search(mut cost: impl FnMut([usize; 3]) -> anyhow::Result<f64>) -> anyhow::Result<(f64, [usize; 3])> {
    let lengths = [SHARE.len(), SHARPNESS.len(), EVIDENCE.len()];
    let (mut at, mut best) = (START, cost(START)?);
    loop {
        let from = at;
        for axis in 0..at.len() {
            for up in [true, false] {
                loop {
                    let mut next = at;
                    next[axis] = if up { at[axis] + 1 } else { at[axis].wrapping_sub(1) };
                    if next[axis] >= lengths[axis] {
                        break;
                    }
                    let value = cost(next)?;
                    if value >= best {
                        break;
                    }
                    (at, best) = (next, value);
                }
            }
        }
        if at == from {
            return Ok((best, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_walks_down_a_valley() {
        // Lowest at [6, 1, 5], with a slope that couples two axes.
        let cost = |[a, b, c]: [usize; 3]| {
            let (x, y, z) = (a as f64 - 6.0, b as f64 - 1.0, c as f64 - 5.0);
            Ok(x * x + y * y + z * z + 0.5 * x * y)
        };
        assert_eq!(search(cost).ok(), Some((0.0, [6, 1, 5])));
    }
}
