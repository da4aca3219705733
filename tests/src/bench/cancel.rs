//! How soon Cancel acts, for every model inside: from the press to a worker that is idle.
//!
//! The works of an instance without a host, because Cancel is a button of the window. One press while the weights are
//! loaded, one while the model hears a long primer, the others spread over the writing.

use anyhow::{Context as _, Result, ensure};
use descant_core::model::builtin;
use descant_core::music::{Clip, ClipKind, Note, TICKS_PER_QUARTER as Q};
use descant_core::sampling::BeamOptions;
use descant_core::tool::{Cancel, Request, Take, ToolKind};
use descant_plugin::bridge::{Trigger, bridge};
use descant_plugin::clips::engine::Engine;
use descant_plugin::clips::params::ClipsParams;
use descant_plugin::clips::session;
use descant_plugin::gui::view::Action;
use descant_plugin::library::{self, Models};
use descant_plugin::worker::{Command, Generator};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Progress at which Cancel is pressed while a model writes.
const PRESSES: [f32; 8] = [0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95];
/// The same for the widest search, of which every step lasts long.
const SOON: [f32; 3] = [0.002, 0.01, 0.02];
/// The widest search that the window offers.
const WIDEST: BeamOptions = BeamOptions { beam: 8, branch: 8, steps_per_iteration: 8 };
/// A run that gets no further within this time is broken.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs always the same request, whatever the parameters say.
struct Only(Request);

impl Generator for Only {
    fn run(&self, _: &Request, cancel: &Cancel, progress: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
        Models.run(&self.0, cancel, progress)
    }
}

/// Prints the longest time for each model.
pub fn run() -> Result<()> {
    println!("Cancel → worker idle, the longest of several presses in runs of 16 × 32 bars");
    for built_in in builtin::BUILTIN {
        let kind = library::models().iter().find(|m| m.id == built_in.id).context("in the menu")?.kind;
        let written = Request {
            model: built_in.id.into(),
            bars: 32,
            variations: 16,
            tempo: Some(120.0),
            ..Request::default()
        };
        let heard = Request { tool: ToolKind::Continue, primer: Some(primer(kind)), ..written.clone() };
        let searched = Request { search: WIDEST, ..written.clone() };
        // The first press finds the weights still packed.
        let loading = pressed(&written, 0.0)?;
        let hearing = pressed(&heard, 0.0)?;
        let longest = |request: &Request, presses: &[f32]| -> Result<Duration> {
            presses.iter().try_fold(Duration::ZERO, |most, &at| Ok(most.max(pressed(request, at)?)))
        };
        println!(
            "  {:22} loading {:5.1} ms, hearing {:5.1} ms, writing {:5.1} ms, widest search {:5.1} ms   goal < 50 ms",
            built_in.id,
            super::ms(loading),
            super::ms(hearing),
            super::ms(longest(&written, &PRESSES)?),
            super::ms(longest(&searched, &SOON)?),
        );
    }
    Ok(())
}

/// Presses Cancel as soon as a run has come so far; how long the worker goes on.
fn pressed(request: &Request, at: f32) -> Result<Duration> {
    let trigger = Arc::new(Trigger::default());
    let (_audio, side, gui) = bridge(trigger.clone());
    let params = Arc::new(ClipsParams::new(trigger));
    let engine = Engine::new(params, gui, side, Arc::new(Only(request.clone())));
    engine.start();
    engine.send(Command::Run);
    let waiting = Instant::now();
    while engine.live().progress.is_none_or(|done| done < at) {
        ensure!(waiting.elapsed() < LIMIT, "{}: no progress", request.model);
        std::thread::yield_now();
    }
    let pressed = Instant::now();
    session::carry_out(&engine, Action::Cancel);
    let said = loop {
        let live = engine.live();
        if live.progress.is_none() && !live.status.text.is_empty() {
            break live.status.text.clone();
        }
        drop(live);
        ensure!(pressed.elapsed() < LIMIT, "{}: not cancelled", request.model);
        std::thread::yield_now();
    };
    let took = pressed.elapsed();
    engine.stop();
    ensure!(said == "Cancelled.", "{}: {said}", request.model);
    Ok(took)
}

/// Thirty-two bars of eighths.
fn primer(kind: ClipKind) -> Clip {
    let pitches: [u8; 4] = if kind == ClipKind::Drums { [36, 42, 38, 42] } else { [60, 64, 62, 67] };
    let note =
        |i: i64| Note { start: i * Q / 2, pitch: pitches[(i % 4) as usize], length: Q / 2, velocity: 90 };
    Clip { kind, notes: (0..256).map(note).collect(), length: 128 * Q, ..Clip::default() }
}
