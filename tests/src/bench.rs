//! What the bundle costs inside a host: click to the first clip, sixteen variations against one, a block on the
//! audio thread, a scan, bytes on disk. Figures of one run on one machine; the goals stand beside them.
#![expect(clippy::print_stdout, reason = "a program that prints figures")]

mod cancel;
mod keys;

use crate::clips::{ID, RATE, generate, model_for, open};
use crate::host::Host;
use crate::transport::Transport;
use crate::{bundle, state};
use anyhow::{Context as _, Result, ensure};
use descant_core::model::{Configuration, Model, builtin, find};
use descant_core::music::{ClipKind, Meter};
use descant_core::nn::formula;
use descant_core::tool::{self, Cancel, Constraints, Request, ToolKind};
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

/// Prints all figures. Called with the word `scan`, measures one scan in this fresh process and prints seconds.
pub fn run() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("scan") {
        let started = Instant::now();
        black_box(Host::scan(&bundle::clap()?)?);
        println!("{}", started.elapsed().as_secs_f64());
        return Ok(());
    }
    let bytes = std::fs::metadata(bundle::clap()?)?.len();
    println!("bundle          {:.1} MB", bytes as f64 / 1e6);
    println!(
        "scan            {:.1} ms, median of 15 fresh processes          goal < 20 ms",
        median_scan()? * 1e3
    );
    for kind in [ClipKind::Drums, ClipKind::Melody] {
        let name = model_for(kind)?;
        // The first instance of a process also unpacks the weights.
        let first = click(name, "1", 1)?;
        let again = click(name, "1", 1)?;
        let sixteen = click(name, "16", 16)?;
        println!("{name}, 4 bars, click → takes in the document");
        println!(
            "  first clip    {:.0} ms with loading, {:.0} ms after it        goal < 100 ms",
            ms(first),
            ms(again)
        );
        println!("  16 variations {:.0} ms                                     goal < 250 ms", ms(sixteen));
    }
    cancel::run()?;
    println!("CPU of 16 variations of 4 bars ÷ CPU of one (batched; separate runs would be 16)");
    ratio("drum_kit, reference shape 3×256 + attention", &reference("drum_kit")?, 4.0)?;
    ratio("attention_rnn, reference shape 2×128 + attention", &reference("attention_rnn")?, 8.0)?;
    ratio("drum_kit as shipped", &builtin::load("drum_kit")?, 4.0)?;
    ratio("lookback_rnn as shipped", &builtin::load("lookback_rnn")?, 8.0)?;
    block_cost()?;
    keys::run()
}

/// Blocks per measurement of the audio thread.
const BLOCKS: u32 = 20_000;

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

fn median_scan() -> Result<f64> {
    let program = std::env::current_exe()?;
    let mut times = (0..15)
        .map(|_| {
            let out = Command::new(&program).arg("scan").output()?;
            Ok(String::from_utf8(out.stdout)?.trim().parse::<f64>()?)
        })
        .collect::<Result<Vec<_>>>()?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Presses Generate in a host that runs in real time and looks at the document until the takes are there.
fn click(model: &str, variations: &str, wanted: usize) -> Result<Duration> {
    let mut host = open()?;
    let settings = [host.set(0, "Model", model)?, host.set(0, "Variations", variations)?];
    let press = host.set_normalised(0, "Generate", 1.0)?;
    let transport = Transport::new(RATE, 120.0);
    host.audio(|a| a.block(256, Some(&transport), &settings, &mut Vec::new()))??;
    let started = Instant::now();
    host.audio(|a| a.block(256, Some(&transport), &[press], &mut Vec::new()))??;
    loop {
        ensure!(started.elapsed() < Duration::from_secs(30), "no take arrived");
        if state::document(&host.save()?)?.entries.len() >= wanted {
            return Ok(started.elapsed());
        }
        std::thread::yield_now();
    }
}

/// A model in the original's shape, with weights by formula: speed does not depend on their values.
fn reference(id: &str) -> Result<Model> {
    let configuration: &Configuration = find(id).context("in the catalogue")?;
    let variables = configuration.hparams.variables()?;
    let scales = formula::Scales { default: 0.0625, patterns: Vec::new() };
    let named = variables.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    Ok(Model::of_configuration(configuration, &formula::weights(named, 1, &scales))?)
}

fn ratio(name: &str, model: &Model, goal: f64) -> Result<()> {
    let cpu = |variations: u32| -> Result<f64> {
        let request = Request {
            tool: ToolKind::Generate,
            model: String::new(),
            primer: None,
            bars: 4,
            variations,
            temperature: 1.0,
            seed: 1,
            constraints: Constraints::default(),
            meter: Meter::COMMON,
            tempo: None,
            ..Request::default()
        };
        // The scheduler's clock ticks in milliseconds, so a run lasts long; the least of several runs counts,
        // because the machine's other work only ever adds.
        let mut least = f64::MAX;
        for _ in 0..4 {
            let (before, started, mut runs) = (thread_seconds()?, Instant::now(), 0_u32);
            while started.elapsed() < Duration::from_millis(400) {
                black_box(tool::run(model, &request, &Cancel::default(), &mut |_| {})?);
                runs += 1;
            }
            least = least.min((thread_seconds()? - before) / f64::from(runs));
        }
        Ok(least)
    };
    let (one, sixteen) = (cpu(1)?, cpu(16)?);
    println!(
        "  {name:50} {:5.2} × ({:.1} ms and {:.1} ms)   goal ≤ {goal}",
        sixteen / one,
        sixteen * 1e3,
        one * 1e3
    );
    Ok(())
}

/// CPU seconds of this thread.
fn thread_seconds() -> Result<f64> {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").context("needs Linux' scheduler figures")?;
    let nanoseconds: f64 = text.split_whitespace().next().context("empty")?.parse()?;
    Ok(nanoseconds / 1e9)
}

/// Audio thread: blocks of 512 at 48 kHz while a drum take plays.
fn block_cost() -> Result<()> {
    let mut host = Host::open(&bundle::clap()?, ID, RATE)?;
    generate(&mut host, &[("Variations", "1")])?;
    for (name, level) in [("silent", 0.0), ("with audition", 0.8)] {
        let set = host.set_normalised(0, "Audition", level)?;
        let cost = host.audio(move |audio| -> Result<f64> {
            let mut transport = Transport::new(RATE, 120.0);
            transport.playing = true;
            let mut notes = Vec::with_capacity(10_000);
            audio.block(512, Some(&transport), &[set], &mut notes)?;
            let mut costs = Vec::new();
            for _ in 0..5 {
                let before = thread_seconds()?;
                for _ in 0..BLOCKS {
                    notes.clear();
                    audio.block(512, Some(&transport), &[], &mut notes)?;
                    transport.advance(512);
                }
                costs.push((thread_seconds()? - before) / f64::from(BLOCKS));
            }
            Ok(costs.into_iter().fold(f64::MAX, f64::min))
        })??;
        let share = cost / (512.0 / RATE) * 100.0;
        println!(
            "audio thread    {:.1} µs per block of 512 at 48 kHz, {name} ({share:.2} % of real time)",
            cost * 1e6
        );
    }
    Ok(())
}
