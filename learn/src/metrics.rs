//! The metrics file beside shipped weights: how they were made and the whole curve, as JSON.
//! Pure; written by the command line, read by the quality bench and by a re-run that compares itself with it.

use crate::encode::Encoding;
use crate::network::{Architecture, Network};
use crate::piece::{Piece, Variation};
use crate::task::{Sets, Task};
use crate::trainer::{Evaluation, Point, Session, Settings, evaluate};
use descant_core::codec::Frame;
use descant_core::codec::encoding::EncodingError;
use descant_core::corpus::markov::Markov;
use descant_core::corpus::markov_frames::FrameMarkov;
use serde::{Deserialize, Serialize};

/// Size of one split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Pieces.
    pub pieces: usize,
    /// Events.
    pub steps: usize,
}

/// Everything known about a finished or running training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Id of the weights.
    pub model: String,
    /// Command that makes them again.
    pub command: String,
    /// Shape of the network.
    pub architecture: Architecture,
    /// Trained values.
    pub parameters: usize,
    /// What decided the run.
    pub settings: Settings,
    /// Training, validation and test pieces.
    pub sizes: [Size; 3],
    /// Corpora with licence and attribution.
    pub data: Vec<String>,
    /// Updates made.
    pub updates: u64,
    /// Update whose averaged weights are the ones stored.
    pub best_step: u64,
    /// Training seconds on one thread of a shared machine.
    pub seconds: f64,
    /// The stored weights on the validation pieces, in nats.
    pub valid: Evaluation,
    /// The stored weights on the test pieces.
    pub test: Evaluation,
    /// What an interpolated Markov model of order 3, trained on the same pieces, needs on the test pieces: nats per
    /// event, those that a network is given left out.
    #[serde(default)]
    pub markov: Option<f64>,
    /// Evaluations during the run.
    pub curve: Vec<Point>,
    /// Training loss of every update, with dropout.
    pub losses: Vec<f32>,
}

impl Metrics {
    /// Evaluates `stored`, the weights as they will be stored, and gathers the rest from `session`.
    ///
    /// # Errors
    /// A piece with a class that the encoding does not have.
    pub fn of(
        stored: &Network,
        session: &Session,
        task: &Task,
        command: String,
    ) -> Result<Self, EncodingError> {
        let size = |pieces: &[Piece]| Size {
            pieces: pieces.len(),
            steps: pieces.iter().map(|p| p.events.len()).sum(),
        };
        let Sets { train, valid, test } = &task.sets;
        let progress = &session.progress;
        let best_step = progress
            .curve
            .iter()
            .min_by(|a, b| a.valid.event_nll.total_cmp(&b.valid.event_nll))
            .map_or(progress.step, |point| point.step);
        Ok(Self {
            model: task.id.into(),
            command,
            architecture: session.network.architecture.clone(),
            parameters: session.network.size(),
            settings: session.settings.clone(),
            sizes: [size(train), size(valid), size(test)],
            data: task.data.iter().map(|&line| line.to_owned()).collect(),
            updates: progress.step,
            best_step,
            seconds: progress.seconds,
            valid: evaluate(stored, valid)?,
            test: evaluate(stored, test)?,
            markov: Some(markov(train, test, &stored.architecture.encoding)?),
            curve: progress.curve.clone(),
            losses: progress.losses.clone(),
        })
    }

    /// Largest difference between the losses of `session` and the stored ones, over the updates that both have,
    /// with the number of those. The same processor type gives 0; another one sums in another order.
    #[must_use]
    pub fn compare(&self, session: &Session) -> (f32, usize) {
        let pairs = self.losses.iter().zip(&session.progress.losses);
        (pairs.clone().fold(0.0, |worst, (a, b)| worst.max((a - b).abs())), pairs.count())
    }
}

/// The baseline's nats per event, or per frame, on `test`.
fn markov(train: &[Piece], test: &[Piece], encoding: &Encoding) -> Result<f64, EncodingError> {
    if encoding.nade().is_some() {
        let frames = |pieces: &[Piece]| -> Result<Vec<Vec<Frame>>, EncodingError> {
            pieces.iter().map(|p| encoding.frames(p)).collect()
        };
        let (train, test) = (frames(train)?, frames(test)?);
        let model = FrameMarkov::train(train.iter().map(Vec::as_slice));
        return Ok(model.nll(test.iter().map(Vec::as_slice)).per_step);
    }
    let sequences = |pieces: &[Piece]| -> Vec<Vec<u16>> {
        let whole = |p: &Piece| p.excerpt(encoding, 0..p.events.len(), Variation::default()).classes;
        pieces.iter().map(|p| whole(p).into_iter().map(|c| c as u16).collect()).collect()
    };
    let (train, test) = (sequences(train), sequences(test));
    let model = Markov::train(3, encoding.events(), train.iter().map(Vec::as_slice));
    Ok(model.nll(test.iter().map(Vec::as_slice), 1).per_step)
}
