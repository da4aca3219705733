//! Judges the latent-vector models: how well they rebuild held-out windows, what the prior gives, how evenly they move
//! from one window to another; of GrooVAE how near the touch comes to the drummer's.

use super::verdict::{Judge, Verdict};
use super::{Args, print};
use anyhow::{Context, bail};
use descant_core::codec::vae::{GrooveConverter, GrooveInput};
use descant_core::corpus::Split;
use descant_core::corpus::measure::{
    Anchors, Board, Gate, GrooveScore, Language, PositionMeans, Report, Stroke, Touch, groove_score,
};
use descant_core::model::music_vae::{Blend, DecodeOptions, Example, MusicVae, Posterior, Steps, path};
use descant_core::model::{LatentMusic, LatentParams, Model};
use descant_core::music::drum_map::ROLAND;
use descant_core::sampling::derive;
use descant_core::tool::Cancel;
use descant_learn::corpora;
use descant_learn::rng::Rng;
use descant_learn::vae::task::Task;
use descant_learn::vae::window::{self, Window};
use serde_json::{Value, json};
use std::path::Path;

/// Vectors worked on side by side.
const LANES: usize = 64;
/// Points of an interpolation, both ends included.
const POINTS: usize = 9;
/// Pairs of held-out windows that are interpolated.
const PAIRS: usize = 200;
/// The last of them.
const LAST: usize = POINTS - 1;
/// By how much the overlap of what lies between two windows may stay below that of the windows: what chance does to a
/// mean over so many.
const NOISE: f64 = 0.01;
/// Drums of a groove.
const DRUMS: usize = 9;

/// What lies between pairs of held-out windows.
#[derive(Default)]
struct Walk {
    /// Largest step as a share of the distance between the ends, in the mean.
    largest: f64,
    /// Share of points whose music is farther from the start than that of the one before.
    rising: f64,
    /// Share of points whose vector is.
    latent_rising: f64,
    /// Music of the ends.
    ends: Vec<Steps>,
    /// Music of as many points between them.
    between: Vec<Steps>,
}

/// A latent model and its corpus.
pub(super) struct LatentJudge<'a> {
    model: &'a Model,
    params: &'a LatentParams,
    vae: &'a MusicVae,
    file: &'a Path,
    test: Vec<Window>,
    music: Music,
}

enum Music {
    Grid { language: Language, board: Board, anchors: Anchors },
    Groove { strokes: Vec<Stroke>, windows: Vec<Window>, means: PositionMeans, anywhere: Touch },
}

impl<'a> LatentJudge<'a> {
    /// Reads the corpus.
    ///
    /// # Errors
    /// An unreadable corpus; a model that no recipe here makes.
    pub(super) fn new(model: &'a Model, file: &'a Path, args: &Args) -> anyhow::Result<Self> {
        let (params, vae) = model.latent().context("not a latent model")?;
        let task = Task::open(&model.card().configuration, &args.corpus)?;
        if task.params.bars != params.bars || task.params.music != params.music {
            bail!("{} is unlike the recipe of its name", file.display());
        }
        let music = match &params.music {
            LatentMusic::Groove { .. } => groove(params, args)?,
            LatentMusic::Drums { .. } => grid(Language::Drums, params, &task, args),
            _ => grid(Language::Melody, params, &task, args),
        };
        let [_, _, test] = task.sets;
        Ok(Self { model, params, vae, file, test, music })
    }

    fn encode(&self, windows: &[Window]) -> anyhow::Result<Vec<Posterior>> {
        let mut all = Vec::new();
        for group in windows.chunks(LANES) {
            let read: Vec<Example> =
                group.iter().map(|w| Example { segments: vec![w.example().input] }).collect();
            all.extend(self.vae.encode(&read, &Cancel::default(), &mut |_| {})?);
        }
        Ok(all)
    }

    /// The music of vectors; each has its seed.
    fn decode(&self, z: &[Vec<f32>], temperature: f32, seed: u32) -> anyhow::Result<Vec<Steps>> {
        let mut all = Vec::new();
        for (g, group) in (0u32..).zip(z.chunks(LANES)) {
            let seeds: Vec<u32> =
                (0u32..).zip(group).map(|(i, _)| derive(seed, g * LANES as u32 + i)).collect();
            let length = self.params.steps();
            let options = DecodeOptions { temperature, seeds: &seeds, controls: &[], length };
            all.extend(self.vae.decode(group, &options, &Cancel::default(), &mut |_| {})?);
        }
        Ok(all)
    }

    /// Reconstruction of held-out windows from their means: nats told the true steps, share of steps right on its own,
    /// divergence.
    fn rebuilt(&self, found: &[Posterior]) -> anyhow::Result<[f64; 3]> {
        let z: Vec<Vec<f32>> = found.iter().map(|p| p.mu.clone()).collect();
        let targets: Vec<Steps> = self.test.iter().map(|w| w.example().target).collect();
        let mut nats = 0.0;
        for (z, targets) in z.chunks(LANES).zip(targets.chunks(LANES)) {
            let all = self.vae.forward(z, targets, &[], &Cancel::default(), &mut |_| {})?;
            nats += all.iter().map(|f| f.loss).sum::<f64>();
        }
        let own = self.decode(&z, 0.0, 1)?;
        let right: f64 = own.iter().zip(&targets).map(|(a, b)| 1.0 - distance(a, b)).sum();
        let divergence = |p: &Posterior| -> f64 {
            let one = |(&m, &s): (&f32, &f32)| 0.5 * f64::from(m * m + s * s - 1.0 - 2.0 * s.ln());
            p.mu.iter().zip(&p.sigma).map(one).sum()
        };
        let count = targets.len().max(1) as f64;
        Ok([nats / count, right / count, found.iter().map(divergence).sum::<f64>() / count])
    }

    /// Goes from one held-out window to another, over many pairs.
    fn walk(&self, found: &[Posterior]) -> anyhow::Result<Walk> {
        let half = found.len() / 2;
        let every = (half / PAIRS).max(1);
        let mut walk = Walk::default();
        let mut pairs = 0.0;
        for i in (0..half).step_by(every) {
            let z = path(&found[i].mu, &found[half + i].mu, POINTS, Blend::Sphere);
            let steps = self.decode(&z, 0.0, 1)?;
            let whole = distance(&steps[0], &steps[POINTS - 1]);
            if whole == 0.0 {
                continue;
            }
            let step = steps.windows(2).map(|w| distance(&w[0], &w[1])).fold(0.0, f64::max);
            let rises =
                |from: &[f64]| from.windows(2).filter(|w| w[1] >= w[0]).count() as f64 / (POINTS - 1) as f64;
            walk.largest += step / whole;
            walk.rising += rises(&steps.iter().map(|s| distance(&steps[0], s)).collect::<Vec<_>>());
            walk.latent_rising += rises(&z.iter().map(|to| apart(&z[0], to)).collect::<Vec<_>>());
            for (point, steps) in steps.into_iter().enumerate() {
                match point {
                    0 | LAST => walk.ends.push(steps),
                    3 | 5 => walk.between.push(steps),
                    _ => {}
                }
            }
            pairs += 1.0;
        }
        for share in [&mut walk.largest, &mut walk.rising, &mut walk.latent_rising] {
            *share /= f64::max(pairs, 1.0);
        }
        Ok(walk)
    }
}

impl Judge for LatentJudge<'_> {
    fn judge(&self, temperature: f32, args: &Args) -> anyhow::Result<Verdict> {
        println!("{} ({})", self.model.name(), self.file.display());
        println!("temperature {temperature}, {} samples of the prior, seed {}", args.samples, args.seed);
        let found = self.encode(&self.test)?;
        let [nats, right, divergence] = self.rebuilt(&found)?;
        let walk = self.walk(&found)?;
        let Walk { largest, rising, latent_rising, .. } = walk;
        println!("\n{} held-out windows of {} bars", self.test.len(), self.params.bars);
        println!(
            "  rebuilt from the mean: {nats:.2} nats per window, {right:.3} of the steps right on its own"
        );
        println!("  divergence from the prior {divergence:.2} nats; together {:.2}", nats + divergence);
        println!(
            "  {POINTS} points between two: largest step {largest:.3} of the distance, {rising:.3} of the steps lead away \
             ({latent_rising:.3} of the vectors)"
        );
        let mut gates = Vec::new();
        if interpolates(&self.params.music) {
            gates.push(Gate {
                name: "largest step of an interpolation".into(),
                value: format!("{largest:.3}"),
                bound: "≤ 0.25".into(),
                pass: largest <= 0.25,
            });
        }
        let own = match &self.music {
            Music::Grid { language, board, anchors } => {
                let z: Vec<Vec<f32>> =
                    (0..args.samples).map(|i| self.vae.prior(derive(args.seed, i))).collect();
                let steps = self.decode(&z, temperature, args.seed)?;
                let judged = |steps: &[Steps]| -> anyhow::Result<Report> {
                    let samples =
                        steps.iter().map(|s| classes(*language, s)).collect::<anyhow::Result<Vec<_>>>()?;
                    Ok(board.judge(anchors, &samples))
                };
                let report = judged(&steps)?;
                print::report(&report);
                let [ends, between] = [judged(&walk.ends)?.mean_area[0], judged(&walk.between)?.mean_area[0]];
                println!(
                    "  mean overlapping area of {} ends of interpolations {ends:.3}, between them {between:.3}",
                    walk.ends.len()
                );
                gates.extend(rebuilding(self.params, nats, right));
                gates.push(Gate {
                    name: "vectors that lead away from the first".into(),
                    value: format!("{latent_rising:.3}"),
                    bound: "all".into(),
                    pass: latent_rising >= 1.0,
                });
                gates.push(Gate {
                    name: "mean overlapping area between two".into(),
                    value: format!("{between:.3}"),
                    bound: format!("≥ {:.3}", ends - NOISE),
                    pass: between >= ends - NOISE,
                });
                gates.extend(report.gates.iter().cloned());
                let mut own = json!(report);
                own["interpolation_area"] = json!({ "ends": ends, "between": between });
                own
            }
            Music::Groove { strokes, windows, means, anywhere } => {
                let (scores, mut of_groove) = self.touch(strokes, windows, means, *anywhere)?;
                gates.append(&mut of_groove);
                scores
            }
        };
        print::gates(&gates);
        let figures = json!({
            "temperature": temperature,
            "samples": args.samples,
            "seed": args.seed,
            "held_out": {
                "windows": self.test.len(), "reconstruction_from_mean": nats, "free_run_accuracy": right,
                "divergence": divergence, "interpolation_largest_step": largest, "interpolation_rising": rising,
            },
            "own": own,
            "gates": gates,
        });
        Ok(Verdict { gates, figures })
    }
}

impl LatentJudge<'_> {
    /// How near the model's own touch, from what its encoder is told alone, comes to the drummers'.
    fn touch(
        &self,
        strokes: &[Stroke],
        windows: &[Window],
        means: &PositionMeans,
        anywhere: Touch,
    ) -> anyhow::Result<(Value, Vec<Gate>)> {
        let z: Vec<Vec<f32>> = self.encode(windows)?.into_iter().map(|p| p.mu).collect();
        let mut written = Vec::new();
        let length = self.params.steps();
        let options = DecodeOptions { temperature: 0.0, seeds: &[], controls: &[], length };
        for (z, windows) in z.chunks(LANES).zip(windows.chunks(LANES)) {
            // The hits are known, as they are when a musician's own drums are grooved.
            let known = |piece: usize, step, drum| windows.get(piece).map(|w| struck(w, step, drum));
            let all = self.vae.decode_hits(z, &options, &known, &Cancel::default(), &mut |_| {})?;
            for (window, steps) in windows.iter().zip(all) {
                let Steps::Rows { values, width } = &steps else { bail!("a groove is rows") };
                for (step, drum) in hits(window) {
                    let row = &values[step * width..(step + 1) * width];
                    let (velocity, early) = (row[DRUMS + drum].into(), f64::from(row[2 * DRUMS + drum]));
                    written.push(Touch { velocity, late: -0.5 * early });
                }
            }
        }
        let flat: Vec<Touch> = strokes.iter().map(|_| Touch { late: 0.0, ..anywhere }).collect();
        let table: Vec<Touch> = strokes.iter().map(|s| means.touch(s)).collect();
        let [model, none, table] = [&written, &flat, &table].map(|t| groove_score(strokes, t));
        println!(
            "\n{} strokes of the official test split (its drummers are in the training split too)",
            strokes.len()
        );
        println!(
            "                            velocity error   r      W1     timing error    (16ths)   r      W1"
        );
        let print = |name: &str, s: &GrooveScore| {
            println!(
                "  {name:<26} {:>12.4} {:>7.3} {:>7.3} {:>12.2} ms {:>8.4} {:>7.3} {:>7.3}",
                s.velocity_error,
                s.velocity_correlation,
                s.velocity_distance,
                s.timing_error_ms,
                s.timing_error,
                s.timing_correlation,
                s.timing_distance
            );
        };
        for (name, score) in [("model", &model), ("no groove", &none), ("mean of drum and place", &table)] {
            print(name, score);
        }
        let least = |name: &str, value: f64, bound: f64| Gate {
            name: name.into(),
            value: format!("{value:.4}"),
            bound: format!("≤ {bound:.4}"),
            pass: value <= bound,
        };
        let above = |name: &str, value: f64, bound: f64| Gate {
            name: name.into(),
            value: format!("{value:.4}"),
            bound: format!("> {bound:.4}"),
            pass: value > bound,
        };
        let best = |f: fn(&GrooveScore) -> f64| f(&none).min(f(&table));
        let mut gates = vec![
            least("timing error, ms", model.timing_error_ms, best(|s| s.timing_error_ms)),
            above("timing correlation", model.timing_correlation, table.timing_correlation),
        ];
        // Who hears one tap for all drums, or no hi-hat, writes other strokes: their strength cannot be compared.
        if matches!(&self.params.music, LatentMusic::Groove { input, .. } if input.humanize) {
            gates.push(least("velocity error", model.velocity_error, best(|s| s.velocity_error)));
            gates.push(above("velocity correlation", model.velocity_correlation, table.velocity_correlation));
        }
        Ok((json!({ "model": model, "no_groove": none, "drum_and_place": table }), gates))
    }
}

/// Whether a model is for going from one piece to another; those that keep something from their encoder are for adding it.
fn interpolates(music: &LatentMusic) -> bool {
    !matches!(music, LatentMusic::Groove { input, .. } if *input != GrooveInput::default())
}

/// What the issue asks of rebuilding; of drums of two bars only, other music depends on its corpus.
fn rebuilding(params: &LatentParams, nats: f64, right: f64) -> Vec<Gate> {
    if params.bars != 2 || !matches!(params.music, LatentMusic::Drums { .. }) {
        return Vec::new();
    }
    let gate = |name: &str, value: String, bound: &str, pass| Gate {
        name: name.into(),
        value,
        bound: bound.into(),
        pass,
    };
    vec![
        gate("nats of a rebuilt window", format!("{nats:.2}"), "< 20", nats < 20.0),
        gate("steps right on its own", format!("{right:.3}"), "> 0.85", right > 0.85),
    ]
}

/// Distance of two vectors.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}

/// Share of steps, of grooves of hits, at which two pieces differ.
fn distance(a: &Steps, b: &Steps) -> f64 {
    match (a, b) {
        (Steps::Classes(a), Steps::Classes(b)) => {
            let steps = || a.iter().flatten().zip(b.iter().flatten());
            steps().filter(|(a, b)| a != b).count() as f64 / steps().count().max(1) as f64
        }
        (Steps::Rows { values: a, width }, Steps::Rows { values: b, .. }) => {
            let hit = |row: &[f32]| row[..width / 3].iter().map(|&h| h > 0.5).collect::<Vec<_>>();
            let steps = || a.chunks_exact(*width).zip(b.chunks_exact(*width));
            steps().filter(|(a, b)| hit(a) != hit(b)).count() as f64 / steps().count().max(1) as f64
        }
        _ => 1.0,
    }
}

/// Steps as the scoreboard reads them; melodies folded into its three octaves.
fn classes(language: Language, steps: &Steps) -> anyhow::Result<Vec<u16>> {
    let Steps::Classes(blocks) = steps else { bail!("classes are expected") };
    let class = |&class: &u32| match (language, class) {
        (Language::Melody, 2..) => 2 + u16::try_from((class + 19 + 36 - 48) % 36).unwrap_or(0),
        _ => u16::try_from(class).unwrap_or(0),
    };
    Ok(blocks.first().into_iter().flatten().map(class).collect())
}

/// The windows on the scoreboard, in keys by chance as the model learned them.
fn grid(language: Language, params: &LatentParams, task: &Task, args: &Args) -> Music {
    let mut rng = Rng(u64::from(args.seed));
    let mut set = |windows: &[Window]| -> Vec<Vec<u16>> {
        let steps = windows.iter().map(|w| w.varied(&mut rng).target);
        steps.filter_map(|s| classes(language, &s).ok()).collect()
    };
    let (train, test) = (set(&task.sets[0]), set(&task.sets[2]));
    let board = Board::new(language, train, test, u64::from(args.seed)).with_windows(params.bars as usize);
    let anchors = board.anchors();
    Music::Grid { language, board, anchors }
}

/// Whether a drum is struck on a step of a window.
fn struck(window: &Window, step: usize, drum: usize) -> bool {
    let Window::Groove(example) = window else { return false };
    example.output.iter().nth(step).is_some_and(|row| row[drum] > 0.5)
}

/// Step and drum of every hit of a window.
fn hits(window: &Window) -> Vec<(usize, usize)> {
    let Window::Groove(example) = window else { return Vec::new() };
    let rows = example.output.iter().enumerate();
    rows.flat_map(|(step, row)| (0..DRUMS).filter(|&d| row[d] > 0.5).map(move |d| (step, d))).collect()
}

/// The strokes of the test split, and what those of the training split are played like.
fn groove(params: &LatentParams, args: &Args) -> anyhow::Result<Music> {
    let LatentMusic::Groove { input, .. } = &params.music else { bail!("no groove model") };
    let (pieces, _) = corpora::drums(&args.corpus)?;
    let converter =
        GrooveConverter { kit: &ROLAND, bars: params.bars, input: *input, ..GrooveConverter::default() };
    let (mut learned, mut strokes, mut windows) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces.iter().filter(|p| p.steps_per_bar == window::BAR && p.split != Split::Validation) {
        let step_ms = 15_000.0 / piece.tempo;
        for window in window::of_groove(piece, &converter)? {
            let Window::Groove(example) = &window else { continue };
            let rows: Vec<&[f32]> = example.output.iter().collect();
            let all = hits(&window).into_iter().map(|(step, drum)| Stroke {
                drum,
                position: step % window::BAR,
                step_ms,
                touch: Touch {
                    velocity: rows[step][DRUMS + drum].into(),
                    late: -0.5 * f64::from(rows[step][2 * DRUMS + drum]),
                },
            });
            if piece.split == Split::Train {
                learned.extend(all);
            } else {
                strokes.extend(all);
                windows.push(window);
            }
        }
    }
    let count = learned.len().max(1) as f64;
    let velocity = learned.iter().map(|s| s.touch.velocity).sum::<f64>() / count;
    let anywhere = Touch { velocity, late: learned.iter().map(|s| s.touch.late).sum::<f64>() / count };
    Ok(Music::Groove { strokes, windows, means: PositionMeans::of(&learned), anywhere })
}
