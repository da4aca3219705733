//! The reference's generator around Pianoroll RNN-NADE, quirks included.
//!
//! For parity and for settings of old workflows, any thread; rules: 8.6 and 10.7 of the note-model notes, held
//! by `f_generate.json`. Keys are thresholded at one half; musicians get chance instead:
//! [`super::rnn_nade::RnnNade::write`]. As nothing is drawn, all beams of a search would be equal: there is none.
use super::compat::{CompatError, GenerateOptions};
use super::compat_sections::Sections;
use super::event_rnn::WriteError;
use super::rnn_nade::{Decide, RnnNade, RollLimits};
use crate::codec::pianoroll::Longest;
use crate::codec::{Frame, Pianoroll};
use crate::music::{NoteSequence, Quantised};
use crate::nn::NadeRoom;
use crate::tool::Cancel;

/// Which frames the network has heard when it decides one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Semantics {
    /// As published: the first new frame comes from zero biases, the second from those after the primer's first
    /// frame, and every other from those before the frame just written. The network's memory is in step.
    Reference,
    /// As trained: a silent frame and the primer come first, and every frame is decided by the newest biases.
    #[default]
    Intended,
}

/// What the generator made, with what parity tests look at.
#[derive(Clone, Debug)]
pub struct GeneratedRoll {
    /// Primer and new part.
    pub sequence: NoteSequence,
    /// Frames of primer and new part.
    pub frames: Vec<Frame>,
    /// Natural-log probability of each new frame.
    pub log_probabilities: Vec<f64>,
}

/// Runs the reference's generator on a model with `steps_per_quarter`. Of `options` only the sections count.
///
/// # Errors
/// As [`CompatError`].
pub fn generate(
    rnn: RnnNade<'_>,
    steps_per_quarter: u32,
    input: &NoteSequence,
    options: &GenerateOptions,
    semantics: Semantics,
) -> Result<GeneratedRoll, CompatError> {
    let sections =
        Sections::read(input, &options.input_sections, &options.generate_sections, steps_per_quarter)?;
    let quantised = Quantised::relative(&sections.primer, steps_per_quarter)?;
    let found = Pianoroll::extract(&quantised, sections.input_start_step, 0, Longest::Any)?;
    let mut roll = found.filter(|roll| !roll.is_empty()).ok_or(CompatError::EmptyPrimer)?;
    roll.set_length(sections.steps_before(roll.start_step())?);
    let steps = sections.new_steps()?;
    let mut log_probabilities = Vec::with_capacity(steps);
    match semantics {
        Semantics::Reference => {
            for (frame, log_probability) in as_published(rnn, roll.events(), steps)? {
                roll.push(frame);
                log_probabilities.push(log_probability);
            }
        }
        Semantics::Intended => {
            let mut primed = rnn.prime(roll.events(), &Cancel::default())?;
            let mut room = NadeRoom::default();
            for _ in 0..steps {
                let (frame, log_probability) =
                    rnn.sample(&primed.biases, Decide::Threshold, RollLimits::NONE, &mut room, |_| 0.0)?;
                rnn.advance(&mut primed, frame)?;
                roll.push(frame);
                log_probabilities.push(log_probability);
            }
        }
    }
    let sequence = sections.check(roll.to_sequence(100, sections.qpm))?;
    Ok(GeneratedRoll { sequence, frames: roll.events().to_vec(), log_probabilities })
}

/// New frames with the biases one call behind.
fn as_published(rnn: RnnNade<'_>, primer: &[Frame], steps: usize) -> Result<Vec<(Frame, f64)>, WriteError> {
    let mut primed = rnn.zero();
    let mut room = NadeRoom::default();
    let mut stale = primed.biases.clone();
    let mut unheard = primer.to_vec();
    let mut written = Vec::with_capacity(steps);
    for _ in 0..steps {
        let decided = rnn.sample(&stale, Decide::Threshold, RollLimits::NONE, &mut room, |_| 0.0)?;
        for (i, &frame) in unheard.iter().enumerate() {
            rnn.advance(&mut primed, frame)?;
            if i == 0 {
                stale.clone_from(&primed.biases);
            }
        }
        unheard = vec![decided.0];
        written.push(decided);
    }
    Ok(written)
}
