//! The scoreboard for models that write several events in a step: their own words for likelihood and baseline, steps
//! for everything else.

use super::verdict::Verdict;
use super::{Args, print};
use descant_core::corpus::markov::{Markov, Nll};
use descant_core::corpus::measure::{Anchors, Board, Gate, Style};
use descant_core::model::Model;
use serde_json::{Value, json};
use std::path::Path;

/// Nats per event that a network has to be below the Markov model.
const BELOW: f64 = 0.1;

/// A corpus as a family's models read it, and as the scoreboard does.
pub(super) struct Corpus<S: Style> {
    /// Classes of whole training pieces, and of the validation and test pieces.
    pub(super) classes: [Vec<Vec<u16>>; 3],
    /// Number of classes.
    pub(super) alphabet: usize,
    /// Step by step: training and test pieces.
    pub(super) steps: [Vec<Vec<S::Step>>; 2],
}

/// A model's family with everything that does not depend on the temperature.
pub(super) struct Stream<S: Style> {
    board: Board<S>,
    anchors: Anchors,
    likelihoods: Likelihoods,
}

/// How well held-out pieces are predicted.
pub(super) struct Likelihoods {
    /// What is predicted one by one: an event or a step.
    pub(super) unit: &'static str,
    /// The Markov model of order 3 on the test pieces.
    pub(super) markov: Nll,
    /// The model on the validation and on the test pieces.
    pub(super) model: [Nll; 2],
}

impl<S: Style> Stream<S> {
    /// Measures the corpus, and how well `score` (natural-log probability of all events of a piece but the first)
    /// predicts it.
    pub(super) fn new(
        style: S,
        corpus: Corpus<S>,
        score: impl Fn(&[u16]) -> anyhow::Result<f64>,
        args: &Args,
    ) -> anyhow::Result<Self> {
        let [train, validation, test] = &corpus.classes;
        let model = Markov::train(3, corpus.alphabet, train.iter().map(Vec::as_slice));
        let markov = model.nll(test.iter().map(Vec::as_slice), 1);
        let nll = |pieces: &[Vec<u16>]| -> anyhow::Result<Nll> {
            let (mut sum, mut steps) = (0.0, 0);
            for piece in pieces.iter().filter(|p| p.len() > 1) {
                sum -= score(piece)?;
                steps += piece.len() - 1;
            }
            Ok(Nll { per_step: sum / steps.max(1) as f64, steps })
        };
        let likelihoods = Likelihoods { unit: "event", markov, model: [nll(validation)?, nll(test)?] };
        Ok(Self::of(style, corpus.steps, likelihoods, args))
    }

    /// Measures a corpus (training and test pieces step by step) that has been predicted already.
    pub(super) fn of(
        style: S,
        [train, test]: [Vec<Vec<S::Step>>; 2],
        likelihoods: Likelihoods,
        args: &Args,
    ) -> Self {
        let board = Board::new(style, train, test, u64::from(args.seed));
        let anchors = board.anchors();
        Self { board, anchors, likelihoods }
    }

    /// Measures and prints what a model wrote; `more` are the family's own gates, with their figures.
    pub(super) fn judge(
        &self,
        (model, file): (&Model, &Path),
        temperature: f32,
        samples: &[Vec<S::Step>],
        (more, own): (Vec<Gate>, Value),
        args: &Args,
    ) -> Verdict {
        let report = self.board.judge(&self.anchors, samples);
        let Likelihoods { unit, markov, model: [validation, test] } = self.likelihoods;
        print::header(model, file, temperature, report.windows, args);
        println!("\nheld-out likelihood, temperature 1    nats/{unit:<5}     {unit}s");
        for (name, nll) in
            [("validation", validation), ("test", test), ("test, Markov model of order 3", markov)]
        {
            println!("  {name:<34} {:>11.4} {:>10}", nll.per_step, nll.steps);
        }
        print::report(&report);
        let bound = markov.per_step - BELOW;
        let mut gates = vec![Gate {
            name: format!("nats per {unit}, below the Markov model"),
            value: format!("{:.4}", test.per_step),
            bound: format!("≤ {bound:.4} = {:.4} − {BELOW}", markov.per_step),
            pass: test.per_step <= bound,
        }];
        gates.extend(report.gates.iter().cloned());
        gates.extend(more);
        print::gates(&gates);
        let nll = |n: Nll| json!({ format!("nats_per_{unit}"): n.per_step, format!("{unit}s"): n.steps });
        let figures = json!({
            "temperature": temperature,
            "samples": args.samples,
            "seed": args.seed,
            "likelihood_at_temperature_1": {
                "validation": nll(validation),
                "test": nll(test),
                "markov_order_3": markov.per_step,
            },
            "windows": report,
            "own": own,
            "gates": gates,
        });
        Verdict { gates, figures }
    }
}
