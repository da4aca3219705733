//! What the cards of weights say, for the model page.
//!
//! Filled by the worker when the page opens, read by the window, which never waits for it.

use super::{models, weights, weights::Weights};
use crate::gui::view::{CardView, GateView, OwnView};
use descant_core::checkpoint::{Summary, summarise_bytes, summarise_file};
use descant_core::model::personal::PersonalFacts;
use descant_core::model::{Card, builtin};
use descant_core::sampling::Seed;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Longest text and list that are shown of a foreign card.
const MAX_TEXT: usize = 400;
const MAX_LIST: usize = 40;

/// Cards by key of their weights.
static CARDS: Mutex<BTreeMap<String, Arc<CardView>>> = Mutex::new(BTreeMap::new());

/// What is known of a card now.
#[must_use]
pub fn card(key: &str) -> Option<Arc<CardView>> {
    CARDS.try_lock().ok()?.get(key).cloned()
}

/// Reads the cards of all weights if the musician has some and no instance has read them yet: a window shows at once
/// which are personal. Worker.
pub fn know_own_cards() {
    if weights::any_own() && CARDS.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        read_cards();
    }
}

/// Reads the cards of all weights. Worker.
pub fn read_cards() {
    super::look();
    let all = models().iter().flat_map(|m| weights(&m.id).into_iter().map(|w| (m.id.as_str(), w)));
    let cards = all.map(|(model, w)| (w.key.clone(), Arc::new(read(model, &w)))).collect();
    *CARDS.lock().unwrap_or_else(PoisonError::into_inner) = cards;
}

fn read(model: &str, weights: &Weights) -> CardView {
    let summary = match &weights.path {
        Some(path) => summarise_file(path),
        None => match builtin::BUILTIN.iter().find(|b| b.id == model) {
            Some(built_in) => summarise_bytes(built_in.bytes),
            None => {
                return CardView {
                    problem: Some("They are not in this program.".into()),
                    ..CardView::default()
                };
            }
        },
    };
    match summary {
        Ok(summary) => of(summary),
        Err(why) => CardView { problem: Some(super::sentence(&why.to_string())), ..CardView::default() },
    }
}

fn of(summary: Summary) -> CardView {
    let Summary { card, bytes, parameters } = summary;
    let base = CardView { bytes, parameters, ..CardView::default() };
    let Some(card) = card else {
        return CardView { problem: Some("This file has no card.".into()), ..base };
    };
    let source = card.source.iter().take(MAX_LIST).map(|s| short(&s.name)).collect();
    let data = card.data.iter().take(MAX_LIST).map(|d| short(d)).collect();
    CardView {
        data,
        licence: short(&card.licence),
        source,
        held_out: held_out(&card),
        gates: gates(&card),
        own: PersonalFacts::of(&card).map(own),
        ..base
    }
}

fn own(facts: PersonalFacts) -> OwnView {
    OwnView {
        base: short(&facts.base),
        date: short(&facts.date),
        clips: facts.clips,
        pieces: facts.pieces,
        rounds: facts.rounds,
        seed: Seed(facts.seed).to_string(),
        curve: facts.curve,
    }
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// The likelihood of music that the weights have not seen, in words.
fn held_out(card: &Card) -> Option<String> {
    let judged = card
        .metrics
        .get("quality")
        .and_then(|q| q.pointer("/likelihood_at_temperature_1/judged/nats_per_step"));
    let test = || card.metrics.get("test").and_then(|t| t.get("event_nll"));
    if let Some(nats) = judged.or_else(test).and_then(Value::as_f64) {
        return Some(format!("{nats:.3} nats per step"));
    }
    // Of a latent model there is a bound only.
    let test = card.metrics.get("test")?;
    let part = |name: &str| test.get(name).and_then(Value::as_f64);
    Some(format!("at most {:.1} nats per window", part("reconstruction")? + part("divergence")?))
}

/// The quality gates, passed or not.
fn gates(card: &Card) -> Vec<GateView> {
    let gates = card.metrics.get("quality").and_then(|q| q.get("gates")).and_then(Value::as_array);
    let text = |gate: &Value, field: &str| short(gate.get(field).and_then(Value::as_str).unwrap_or_default());
    let gate = |gate: &Value| GateView {
        name: text(gate, "name"),
        value: text(gate, "value"),
        bound: text(gate, "bound"),
        pass: gate.get("pass").and_then(Value::as_bool).unwrap_or(false),
    };
    gates.into_iter().flatten().take(MAX_LIST).map(gate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_inside_say_what_they_are() {
        let inside = Weights { key: String::new(), name: String::new(), path: None };
        for built_in in builtin::BUILTIN {
            let card = read(built_in.id, &inside);
            assert_eq!(card.problem, None, "{}", built_in.id);
            assert_eq!(card.bytes, built_in.bytes.len() as u64);
            // Two bytes per value, and a header.
            assert!(card.parameters > 100_000 && 2 * card.parameters < card.bytes, "{}", card.parameters);
            assert!(!card.data.is_empty() && card.licence.contains("MIT"), "{card:?}");
            assert!(card.held_out.is_some() && card.gates.iter().any(|g| g.pass), "{card:?}");
        }
    }

    #[test]
    fn a_file_that_is_no_checkpoint_says_so() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("drum_kit.noise.safetensors");
        std::fs::write(&path, [7; 40]).expect("a file");
        let weights = Weights { key: "drum_kit.noise".into(), name: "noise".into(), path: Some(path) };
        let why = read("drum_kit", &weights).problem.expect("a sentence");
        assert!(why.ends_with('.'), "{why}");
    }
}
