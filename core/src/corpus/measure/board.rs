//! The scoreboard: real music as anchors, generated music against them, gates with pass or fail. Any thread.

use super::{Continuation, Feature, Interval, Language, Memory, Overlap, PrimerScore, Profile, Random};
use super::{Repetition, Style, overlap, repetition};
use serde::Serialize;

/// Bars of a measured window, unless asked for others.
const BARS: usize = 4;
/// Windows per set when distributions are compared.
const SET: usize = 160;
/// Names of the gates on repetition.
const REPEATS: [&str; 2] = ["adjacent equal bars", "self-similarity"];
/// Times that sets are drawn anew; scores are means over them, so that a gate does not hang on one draw.
const DRAWS: u64 = 8;

/// Real music, cut into windows of four bars or as asked.
#[derive(Clone, Debug)]
pub struct Board<S: Style = Language> {
    style: S,
    seed: u64,
    draws: u64,
    bars: usize,
    train: Vec<Vec<S::Step>>,
    test: Vec<Vec<S::Step>>,
}

/// What real music scores against itself, and noise against it: independent of any model.
#[derive(Clone, Debug)]
pub struct Anchors {
    /// Overlap of training with held-out windows per feature: as near as real music comes to other real music.
    pub ceiling: Vec<(&'static str, Overlap)>,
    /// Overlap of training windows with other training windows.
    pub within: Vec<(&'static str, Overlap)>,
    /// Overlap of training windows with steps drawn independently of each other.
    pub floor: Vec<(&'static str, Overlap)>,
    /// Repetition in the training pieces and in the held-out ones.
    pub repetition: [Repetition; 2],
    /// What held-out pieces share with the training pieces by chance and by custom.
    pub memory: Memory,
}

/// A number on the scoreboard beside its anchors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureScore {
    /// The feature.
    pub name: &'static str,
    /// Overlapping area of generated windows with training windows.
    pub area: f64,
    /// Kullback-Leibler divergence of the same, in nats.
    pub divergence: f64,
    /// Area that held-out music reaches.
    pub ceiling: f64,
    /// Area that independent steps reach.
    pub floor: f64,
}

/// A mean of generated windows beside those of real ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// Mean over training windows.
    pub train: f64,
    /// Mean over held-out windows.
    pub test: f64,
    /// Mean over generated windows.
    pub generated: f64,
    /// |generated − train| in standard deviations of the training windows.
    pub deviation: f64,
}

/// A condition the weights have to meet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gate {
    /// What is asked.
    pub name: String,
    /// What came out, with its 95 % interval where there is one.
    pub value: String,
    /// What is allowed.
    pub bound: String,
    /// Whether it holds.
    pub pass: bool,
}

/// All figures of one model at one temperature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Generated windows.
    pub windows: usize,
    /// Seed of all resampling.
    pub seed: u64,
    /// Overlap per feature.
    pub features: Vec<FeatureScore>,
    /// Mean area: generated, ceiling, training with itself, floor.
    pub mean_area: [f64; 4],
    /// Means of single properties.
    pub figures: Vec<Figure>,
    /// Divergence of the pooled onset positions from the training set's, in nats: generated, held-out.
    pub position_divergence: [f64; 2],
    /// Share of equal adjacent bars: generated, train, test.
    pub adjacent: [Interval; 3],
    /// Share of windows in which a bar returns: generated, train, test.
    pub any_repeat: [f64; 3],
    /// Mean likeness of the bars of a window: generated, train, test.
    pub similarity: [Interval; 3],
    /// Share of 2-bar windows copied from training: generated, held-out.
    pub copied: [f64; 2],
    /// Mean longest run shared with training, in steps: generated, held-out.
    pub mean_run: [f64; 2],
    /// Longest such run: generated, held-out.
    pub longest_run: [usize; 2],
    /// The gates that follow from these figures.
    pub gates: Vec<Gate>,
}

/// A held-out primer and what follows it.
#[derive(Clone, Debug)]
pub struct PrimerCase<T = u16> {
    /// Four bars.
    pub primer: Vec<T>,
    /// The four bars after them.
    pub real: Vec<T>,
    /// The piece without these.
    pub own: Profile,
}

impl<S: Style> Board<S> {
    /// Takes whole pieces, step by step from a bar line on; `seed` decides every draw.
    #[must_use]
    pub fn new(style: S, train: Vec<Vec<S::Step>>, test: Vec<Vec<S::Step>>, seed: u64) -> Self {
        Self { style, seed, draws: DRAWS, bars: BARS, train, test }
    }

    /// Compares windows of so many bars.
    #[must_use]
    pub fn with_windows(self, bars: usize) -> Self {
        Self { bars: bars.max(1), ..self }
    }

    /// Steps of a measured window.
    fn window(&self) -> usize {
        self.bars * self.style.bar().max(1)
    }

    /// Windows per piece.
    fn windows<'a>(&self, pieces: &'a [Vec<S::Step>]) -> Vec<Vec<&'a [S::Step]>> {
        let groups = pieces.iter().map(|p| p.chunks_exact(self.window()).collect::<Vec<_>>());
        groups.filter(|g| !g.is_empty()).collect()
    }

    /// Measures the real music.
    #[must_use]
    pub fn anchors(&self) -> Anchors {
        let (train, test) = (self.windows(&self.train), self.windows(&self.test));
        let (train_flat, test_flat) = (train.concat(), test.concat());
        let noise = self.noise(train_flat.len().min(2000));
        let noise: Vec<&[S::Step]> = noise.iter().map(Vec::as_slice).collect();
        Anchors {
            ceiling: self.compare(&train_flat, &test_flat, 1),
            within: self.compare(&train_flat, &train_flat, 2),
            floor: self.compare(&train_flat, &noise, 3),
            repetition: [repetition(self.style, &train, self.seed), repetition(self.style, &test, self.seed)],
            memory: Memory::of(self.style, &test_flat, &self.train),
        }
    }

    /// Windows whose steps are drawn independently from all steps of the training pieces.
    fn noise(&self, count: usize) -> Vec<Vec<S::Step>> {
        let steps: Vec<S::Step> = self.train.concat();
        let mut random = Random::new(self.seed ^ 0x6e6f_6973_6500);
        let mut step = || steps.get(random.below(steps.len())).copied();
        (0..count).map(|_| (0..self.window()).filter_map(|_| step()).collect()).collect()
    }

    /// Mean overlap per feature over several draws of [`SET`] windows from each set.
    fn compare(&self, a: &[&[S::Step]], b: &[&[S::Step]], stream: u64) -> Vec<(&'static str, Overlap)> {
        let mut sums: Vec<(&'static str, Overlap)> = Vec::new();
        let mut random = Random::new(self.seed.wrapping_mul(31).wrapping_add(stream));
        for draw in 0..self.draws {
            let mut features = |set: &[&[S::Step]]| -> Vec<Vec<Feature>> {
                random.choose(set.len(), SET).into_iter().map(|i| self.style.features(set[i])).collect()
            };
            let (a, b) = (features(a), features(b));
            let names = a.first().map_or(0, Vec::len);
            for i in 0..names {
                let column = |set: &[Vec<Feature>]| -> Vec<Vec<f64>> {
                    set.iter().map(|features| features[i].values.clone()).collect()
                };
                let one = overlap(&column(&a), &column(&b), self.seed.wrapping_add(draw));
                if draw == 0 {
                    sums.push((a[0][i].name, Overlap { area: 0.0, divergence: 0.0 }));
                }
                sums[i].1.area += one.area / self.draws as f64;
                sums[i].1.divergence += one.divergence / self.draws as f64;
            }
        }
        sums
    }

    /// Measures generated samples: of each the second window (bars 5 to 8), where it no longer lives on its beginning,
    /// or all of one that is a single window.
    #[must_use]
    pub fn judge(&self, anchors: &Anchors, samples: &[Vec<S::Step>]) -> Report {
        let window = self.window();
        let written: Vec<&[S::Step]> =
            samples.iter().filter_map(|s| s.get(window..2 * window).or(s.get(..window))).collect();
        let (train, test) = (self.windows(&self.train).concat(), self.windows(&self.test).concat());
        let generated = self.compare(&train, &written, 4);
        let groups: Vec<Vec<&[S::Step]>> = written.iter().map(|w| vec![*w]).collect();
        let repeats = repetition(self.style, &groups, self.seed);
        let memory = Memory::of(self.style, &written, &self.train);
        let mean =
            |list: &[(&str, Overlap)]| list.iter().map(|f| f.1.area).sum::<f64>() / list.len().max(1) as f64;
        let rows = generated.iter().zip(&anchors.ceiling).zip(&anchors.floor);
        let pooled = |set: &[&[S::Step]]| Profile::of(self.style, set.iter().copied());
        let real = pooled(&train);
        let [of_train, of_test] = &anchors.repetition;
        let mut report = Report {
            windows: written.len(),
            seed: self.seed,
            features: rows
                .map(|((g, c), f)| FeatureScore {
                    name: g.0,
                    area: g.1.area,
                    divergence: g.1.divergence,
                    ceiling: c.1.area,
                    floor: f.1.area,
                })
                .collect(),
            mean_area: [
                mean(&generated),
                mean(&anchors.ceiling),
                mean(&anchors.within),
                mean(&anchors.floor),
            ],
            figures: self.figures(&train, &test, &written),
            position_divergence: [divergence(&pooled(&written), &real), divergence(&pooled(&test), &real)],
            adjacent: [repeats.adjacent, of_train.adjacent, of_test.adjacent],
            any_repeat: [repeats.any, of_train.any, of_test.any],
            similarity: [repeats.similarity, of_train.similarity, of_test.similarity],
            copied: [memory.copied, anchors.memory.copied],
            mean_run: [memory.mean_run, anchors.memory.mean_run],
            longest_run: [memory.longest_run, anchors.memory.longest_run],
            gates: Vec::new(),
        };
        report.gates = gates(&report, self.style.repeats());
        report
    }

    /// Means of the single-number properties.
    fn figures(&self, train: &[&[S::Step]], test: &[&[S::Step]], written: &[&[S::Step]]) -> Vec<Figure> {
        let columns = |set: &[&[S::Step]]| -> Vec<(&'static str, Vec<f64>)> {
            let mut columns: Vec<(&'static str, Vec<f64>)> = Vec::new();
            for window in set {
                let single = self.style.features(window).into_iter().chain(self.style.scalars(window));
                for (i, f) in single.filter(|f| f.values.len() == 1).enumerate() {
                    if columns.len() <= i {
                        columns.push((f.name, Vec::new()));
                    }
                    columns[i].1.push(f.values[0]);
                }
            }
            columns
        };
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64;
        let (train, test, written) = (columns(train), columns(test), columns(written));
        let rows = train.iter().zip(&test).zip(&written);
        rows.map(|((a, b), c)| {
            let centre = mean(&a.1);
            let variance =
                a.1.iter().map(|v| (v - centre) * (v - centre)).sum::<f64>() / a.1.len().max(1) as f64;
            let generated = mean(&c.1);
            let deviation = (generated - centre).abs() / variance.sqrt().max(1e-12);
            Figure { name: a.0, train: centre, test: mean(&b.1), generated, deviation }
        })
        .collect()
    }

    /// Up to `count` held-out primers of four bars with the four that follow, on bar lines four bars apart, from as
    /// many pieces as possible. Primers and continuations without any onset are left out.
    #[must_use]
    pub fn primers(&self, count: usize) -> Vec<PrimerCase<S::Step>> {
        let window = self.window();
        let mut cases = Vec::new();
        let longest = self.test.iter().map(Vec::len).max().unwrap_or(0);
        for start in (0..longest).step_by(window) {
            for piece in &self.test {
                let Some(eight) = piece.get(start..start + 2 * window) else { continue };
                let (primer, real) = eight.split_at(window);
                let sounds = |part: &[S::Step]| part.iter().any(|&c| self.style.onsets(c) > 0);
                if cases.len() < count && sounds(primer) && sounds(real) {
                    let rest = [&piece[..start + window], &piece[start + 2 * window..]];
                    let own = Profile::of(self.style, rest);
                    cases.push(PrimerCase { primer: primer.to_vec(), real: real.to_vec(), own });
                }
            }
        }
        cases
    }

    /// Judges what a model wrote after each primer, and as many bars that it wrote without one. Both may hold several
    /// takes per case, those of a case side by side.
    #[must_use]
    pub fn judge_primers(
        &self,
        cases: &[PrimerCase<S::Step>],
        written: &[Vec<S::Step>],
        unprimed: &[Vec<S::Step>],
    ) -> PrimerScore {
        let corpus = Profile::of(self.style, self.train.iter().map(Vec::as_slice));
        let takes = (written.len() / cases.len().max(1)).max(1);
        let rows = cases.iter().flat_map(|case| std::iter::repeat_n(case, takes)).zip(written).zip(unprimed);
        let rows: Vec<Continuation<S::Step>> = rows
            .map(|((case, written), unprimed)| Continuation {
                own: case.own.clone(),
                real: case.real.clone(),
                written: written.clone(),
                unprimed: unprimed.clone(),
            })
            .collect();
        PrimerScore { cases: cases.len(), ..super::keeps_to_primer(self.style, &corpus, &rows) }
    }
}

/// Divergence of pooled onset positions in nats.
fn divergence(p: &Profile, q: &Profile) -> f64 {
    const EPSILON: f64 = 1e-5;
    p.positions.iter().zip(&q.positions).map(|(p, q)| p * ((p + EPSILON) / (q + EPSILON)).ln()).sum()
}

/// The gates on distributions, repetition and copying.
fn gates(r: &Report, repeats: bool) -> Vec<Gate> {
    let gate =
        |name: &str, value: String, bound: String, pass: bool| Gate { name: name.into(), value, bound, pass };
    let [area, ceiling, ..] = r.mean_area;
    let [adjacent, train, test] = r.adjacent;
    let (low, high) = (0.5 * train.mean.min(test.mean), 1.5 * train.mean.max(test.mean));
    let [alike, of_train, of_test] = r.similarity;
    let (least, most) = (0.8 * of_train.mean.max(of_test.mean), 1.2 * of_train.mean.min(of_test.mean));
    let mut gates = vec![
        gate(
            "mean overlapping area",
            format!("{area:.4}"),
            format!("≥ {:.4}", ceiling - 0.03),
            area >= ceiling - 0.03,
        ),
        gate(
            REPEATS[0],
            adjacent.to_string(),
            format!("{low:.4} to {high:.4}"),
            (low..=high).contains(&adjacent.mean),
        ),
        gate(
            REPEATS[1],
            alike.to_string(),
            format!("{least:.4} to {most:.4}"),
            (least..=most).contains(&alike.mean),
        ),
        gate(
            "2-bar windows copied from training",
            format!("{:.4}", r.copied[0]),
            format!("≤ {:.4}", 2.0 * r.copied[1]),
            r.copied[0] <= 2.0 * r.copied[1],
        ),
        gate(
            "mean run shared with training",
            format!("{:.2}", r.mean_run[0]),
            format!("≤ {:.2}", 2.0 * r.mean_run[1]),
            r.mean_run[0] <= 2.0 * r.mean_run[1],
        ),
    ];
    gates.retain(|g| repeats || !REPEATS.contains(&g.name.as_str()));
    gates
}

impl PrimerScore {
    /// The two gates on continuations.
    #[must_use]
    pub fn gates(&self) -> Vec<Gate> {
        let value = format!("{:.3} of {} primers", self.written, self.cases);
        let near = |bound, pass| Gate {
            name: "continuations nearer to their piece".to_owned(),
            value: value.clone(),
            bound,
            pass: pass && self.cases >= 200,
        };
        let real =
            format!("≥ {:.3} (0.9 × {:.3} of the true ones), ≥ 200 primers", 0.9 * self.real, self.real);
        let unprimed = format!("> {:.3} of unprimed samples", self.unprimed);
        vec![near(real, self.written >= 0.9 * self.real), near(unprimed, self.written > self.unprimed)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::BAR;
    use super::*;

    const WINDOW: usize = BARS * BAR;

    /// Pieces of a toy style: bass on random quarters, a snare backbeat, each bar repeated half of the time.
    fn style(pieces: usize, seed: u64) -> Vec<Vec<u16>> {
        let mut random = Random::new(seed);
        let mut piece = || {
            let mut bars: Vec<Vec<u16>> = Vec::new();
            for _ in 0..16 {
                let fresh: Vec<u16> = (0..16)
                    .map(|i| u16::from(i % 4 == 0 && random.below(2) == 0) | if i % 8 == 4 { 2 } else { 0 })
                    .collect();
                let repeat = random.below(2) == 0;
                bars.push(bars.last().filter(|_| repeat).cloned().unwrap_or(fresh));
            }
            bars.concat()
        };
        (0..pieces).map(|_| piece()).collect()
    }

    #[test]
    fn the_style_itself_passes_and_noise_fails() {
        let mut board = Board::new(Language::Drums, style(60, 1), style(30, 2), 9);
        board.draws = 2;
        let anchors = board.anchors();
        let same = board.judge(&anchors, &style(200, 3));
        assert!(same.gates.iter().all(|g| g.pass), "{:#?}", same.gates);
        assert_eq!(same.windows, 200);
        let noise: Vec<Vec<u16>> = board.noise(400).chunks_exact(2).map(<[_]>::concat).collect();
        let noise = board.judge(&anchors, &noise);
        assert!(!noise.gates[0].pass && !noise.gates[1].pass, "{:#?}", noise.gates);
        assert!((noise.mean_area[0] - noise.mean_area[3]).abs() < 0.02);
    }

    #[test]
    fn the_same_seed_gives_the_same_report() {
        let mut board = Board::new(Language::Drums, style(20, 1), style(10, 2), 9);
        board.draws = 1;
        let samples = style(30, 4);
        assert_eq!(board.judge(&board.anchors(), &samples), board.judge(&board.anchors(), &samples));
    }

    #[test]
    fn a_primer_case_does_not_hold_its_own_answer() {
        let mut piece = vec![1_u16; 3 * WINDOW];
        piece[WINDOW..2 * WINDOW].fill(0b11);
        let board = Board::new(Language::Drums, vec![piece.clone()], vec![piece], 1);
        let cases = board.primers(10);
        assert_eq!(cases.len(), 2);
        assert_eq!((cases[0].own.density, cases[0].real[0]), (16.0, 0b11));
        assert_eq!(cases[1].own.density, 24.0);
        let real: Vec<Vec<u16>> = cases.iter().map(|c| c.real.clone()).collect();
        let score = board.judge_primers(&cases, &real, &real);
        assert_eq!((score.written, score.cases), (score.real, 2));
        let twice: Vec<Vec<u16>> = real.iter().flat_map(|r| [r.clone(), r.clone()]).collect();
        let score = board.judge_primers(&cases, &twice, &twice);
        assert_eq!((score.written, score.cases), (score.real, 2));
    }
}
