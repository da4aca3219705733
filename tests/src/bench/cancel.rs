//! How soon Cancel acts, for every model inside and each of its tools: from the press to a worker that is idle.
//!
//! The works of an instance without a host, because Cancel is a button of the window. One press while the weights are
//! loaded, one while the model hears a long clip, the others spread over the writing.

use anyhow::{Context as _, Result, ensure};
use descant_core::model::{Family, builtin, find};
use descant_core::music::{Clip, ClipKind, Note, TICKS_PER_QUARTER as Q};
use descant_core::sampling::BeamOptions;
use descant_core::tool::{Cancel, Latent, MAX_POSITIONS, Request, Take, ToolKind};
use descant_plugin::bridge::{Trigger, bridge};
use descant_plugin::clips::engine::Engine;
use descant_plugin::clips::params::ClipsParams;
use descant_plugin::clips::session;
use descant_plugin::gui::view::Action;
use descant_plugin::library::{self, Models};
use descant_plugin::worker::{Command, Generator};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Progress at which Cancel is pressed: while a model hears the clip, and while it writes.
const PRESSES: [f32; 5] = [0.0, 0.02, 0.25, 0.6, 0.95];
/// The same for the widest search, of which every step lasts long; at the last, takes are weeded out as well.
const SOON: [f32; 4] = [0.002, 0.01, 0.016, 0.032];
/// The widest search that the window offers.
const WIDEST: BeamOptions = BeamOptions { beam: 8, branch: 8, steps_per_iteration: 8 };
/// A run that gets no further within this time is broken.
const LIMIT: Duration = Duration::from_secs(600);
/// All tools.
const TOOLS: [ToolKind; 8] = [
    ToolKind::Generate,
    ToolKind::Continue,
    ToolKind::Rewrite,
    ToolKind::Harmonise,
    ToolKind::Interpolate,
    ToolKind::Groove,
    ToolKind::Drumify,
    ToolKind::Hats,
];

/// Between two looks at the worker, which wants the processor for itself.
const PAUSE: Duration = Duration::from_micros(200);

/// Runs always the same request, whatever the parameters say.
struct Only(Request);

impl Generator for Only {
    fn run(&self, _: &Request, cancel: &Cancel, progress: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
        Models.run(&self.0, cancel, progress)
    }
}

/// Prints the longest time of each model with each of its tools.
pub fn run() -> Result<()> {
    println!(
        "Cancel → worker idle, the longest of several presses in runs of 16 × 32 bars, goal < 50 ms; what the worker \
         did in that time, whatever else the machine does"
    );
    for built_in in builtin::BUILTIN {
        let info = library::models().iter().find(|m| m.id == built_in.id).context("in the menu")?;
        let written = Request {
            model: info.id.clone(),
            bars: 32,
            variations: 16,
            tempo: Some(120.0),
            ..Request::default()
        };
        // The first press finds the weights still packed.
        row(&info.id, "loading", &written, &[0.0])?;
        for tool in TOOLS {
            if !library::fitting(tool, Some(info.kind), Some(info)).is_ok_and(|f| f.model.id == info.id) {
                continue;
            }
            let others = if tool == ToolKind::Interpolate { vec![clip(info.kind, 1)] } else { Vec::new() };
            let latent = Latent { others, steps: MAX_POSITIONS, ..Latent::default() };
            let primer = tool.needs_primer().then(|| clip(info.kind, 0));
            let request = Request { tool, primer, latent, ..written.clone() };
            row(&info.id, tool.name(), &request, &PRESSES)?;
        }
        let family = find(&info.id).context("in the catalogue")?.family;
        if [Family::DrumsRnn, Family::MelodyRnn, Family::ImprovRnn].contains(&family) {
            row(&info.id, "widest search", &Request { search: WIDEST, ..written }, &SOON)?;
        }
    }
    Ok(())
}

fn row(id: &str, what: &str, request: &Request, presses: &[f32]) -> Result<()> {
    let (mut wall, mut busy) = (Duration::ZERO, Duration::ZERO);
    for &at in presses {
        let press = pressed(request, at).with_context(|| format!("{id}, {what}"))?;
        (wall, busy) = (wall.max(press.0), busy.max(press.1));
    }
    println!("  {id:34} {what:14} {:6.1} ms, at work {:5.1} ms", super::ms(wall), super::ms(busy));
    Ok(())
}

/// CPU time of all threads but this one. It is brought up to date when a thread is replaced or waits.
fn others_busy() -> Result<Duration> {
    let own = std::fs::read_link("/proc/thread-self").context("needs Linux' scheduler figures")?;
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let path = task?.path();
        if path.file_name() != own.file_name() {
            // A thread may have ended meanwhile.
            let text = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
            nanoseconds += text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0);
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Presses Cancel as soon as a run has come so far; how long until the worker is idle, and how much of that it worked.
fn pressed(request: &Request, at: f32) -> Result<(Duration, Duration)> {
    let trigger = Arc::new(Trigger::default());
    let (_audio, side, gui) = bridge(trigger.clone());
    let params = Arc::new(ClipsParams::new(trigger));
    let engine = Engine::new(params, gui, side, Arc::new(Only(request.clone())));
    engine.start();
    engine.send(Command::Run);
    let waiting = Instant::now();
    while engine.live().progress.is_none_or(|done| done < at) {
        ensure!(waiting.elapsed() < LIMIT, "{}: no progress", request.model);
        std::thread::sleep(PAUSE);
    }
    let busy = others_busy()?;
    let pressed = Instant::now();
    session::carry_out(&engine, Action::Cancel);
    let said = loop {
        let live = engine.live();
        if live.progress.is_none() && !live.status.text.is_empty() {
            break live.status.text.clone();
        }
        drop(live);
        ensure!(pressed.elapsed() < LIMIT, "{}: not cancelled", request.model);
        std::thread::sleep(PAUSE);
    };
    let took = (pressed.elapsed(), others_busy()?.saturating_sub(busy));
    engine.stop();
    ensure!(said == "Cancelled.", "{}: {said}", request.model);
    Ok(took)
}

/// Thirty-two bars of eighths, `number` of them to be told apart.
fn clip(kind: ClipKind, number: usize) -> Clip {
    let pitches: [u8; 4] = if kind == ClipKind::Drums { [36, 42, 38, 42] } else { [60, 64, 62, 67] };
    let note = |i: usize| {
        let pitch = pitches[(i + number) % 4];
        Note { start: i as i64 * Q / 2, pitch, length: Q / 2, velocity: 90 }
    };
    Clip { kind, notes: (0..256).map(note).collect(), length: 128 * Q, ..Clip::default() }
}
