//! `e_loglik.json`: log-likelihood of given sequences, the first event unscored.

use super::Report;
use super::rnn_case::{
    chord, control, drum_event, events, melody_event, model, note_event, performance_event, polyphonic_event,
};
use anyhow::{Context, Result, ensure};
use descant_core::codec::encoding::{Conditional, History, listed};
use descant_core::codec::{Melody, PerformanceEvent};
use descant_core::model::ModelEncoding;
use descant_core::model::event_rnn::EventRnn;
use serde_json::Value;

/// Absolute tolerance, and per unit of the expected value.
const TOLERANCE: (f64, f64) = (1e-4, 1e-6);

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    report.cases(doc, "config", check);
}

/// The difference, or `None` if the configuration is not built.
fn check(case: &Value) -> Result<Option<f64>> {
    let Some(model) = model(case)? else { return Ok(None) };
    let stack = model.stack().context("no layers")?;
    let got = match model.encoding() {
        ModelEncoding::Drums(encoding) => {
            let events = events(&case["events"], drum_event)?;
            EventRnn { encoding: encoding.as_ref(), stack, cache: None }.log_likelihood(&events)?
        }
        ModelEncoding::Melody(encoding) => {
            let mut melody = Melody::new(events(&case["events"], melody_event)?);
            let (min, max) = model.hparams().encoding.note_range().context("no note range")?;
            let amount = melody.squash(min.try_into()?, max.try_into()?, model.hparams().transpose_to_key);
            ensure!(case["squash_amount"].as_i64() == Some(amount.into()), "squashed by {amount}");
            ensure!(melody.events() == events(&case["squashed"], melody_event)?, "squashed otherwise");
            EventRnn { encoding: encoding.as_ref(), stack, cache: None }.log_likelihood(melody.events())?
        }
        ModelEncoding::Improv { chords, melody } => {
            let controls = events(&case["control"], chord)?;
            let source = listed(&controls);
            let encoding = &Conditional { control: chords, source: &source, target: melody.as_ref() };
            let mut melody = Melody::new(events(&case["events"], melody_event)?);
            let (min, max) = model.hparams().encoding.note_range().context("no note range")?;
            // Without a key the chords stay where they are.
            let amount = melody.squash(min.try_into()?, max.try_into()?, None);
            ensure!(amount == 0, "squashed by {amount}");
            EventRnn { encoding, stack, cache: None }.log_likelihood(melody.events())?
        }
        ModelEncoding::Performance { controls, events: target, .. } => {
            let disabled = case["disable_conditioning"] == true;
            let constant = control(&case["control_values"], disabled, *controls)?;
            let source = |_: &History<PerformanceEvent>| Ok(constant);
            let encoding = &Conditional { control: controls, source: &source, target: target.as_ref() };
            EventRnn { encoding, stack, cache: None }
                .log_likelihood(&events(&case["events"], performance_event)?)?
        }
        ModelEncoding::NotePerformance { notes, .. } => EventRnn { encoding: notes, stack, cache: None }
            .log_likelihood(&events(&case["events"], note_event)?)?,
        ModelEncoding::Polyphony(encoding) => {
            let events = events(&case["events"], polyphonic_event)?;
            EventRnn { encoding: encoding.as_ref(), stack, cache: None }.log_likelihood(&events)?
        }
        ModelEncoding::Pianoroll { .. } | ModelEncoding::Latent(_) => return Ok(None),
    };
    let expected = case["loglik"].as_f64().context("no loglik")?;
    let error = (got - expected).abs();
    ensure!(error <= TOLERANCE.0 + TOLERANCE.1 * expected.abs(), "{got}, expected {expected}");
    Ok(Some(error))
}
