//! A model of somebody's own: learnt from clips, written beside the others in the user's folder.
//!
//! A thread of its own, or the worker. What was there before stays.

use super::import::{Added, save, took_over};
use super::{load, name, opened, said, split, user_folder};
use descant_core::model::personal::{PersonalFacts, date, personalised};
use descant_core::music::Clip;
use descant_core::tool::{Cancel, Lesson, USUAL_ROUNDS, learn};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is to be learnt, and what by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Own {
    /// Key of the weights that learn; they stay as they are.
    pub base: String,
    /// The clips.
    pub clips: Vec<Clip>,
    /// What the new weights are called.
    pub name: String,
    /// Decides the training.
    pub seed: u32,
}

/// Learns and saves. `progress`: the part that is done, and the loss of each round.
///
/// # Errors
/// A sentence: too little to learn from, no weights, no folder, cancelled.
pub fn personalise(
    own: &Own,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32, Option<f32>),
) -> Result<Added, String> {
    let folder = user_folder().ok_or("There is no folder for your models: set DESCANT_MODELS to one.")?;
    let added = personalise_in(&folder, own, cancel, progress)?;
    took_over(&added);
    Ok(added)
}

fn personalise_in(
    folder: &Path,
    own: &Own,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32, Option<f32>),
) -> Result<Added, String> {
    let base = load(&own.base)?;
    let lesson = Lesson { clips: &own.clips, rounds: USUAL_ROUNDS, seed: own.seed };
    let learnt = learn(&base, &lesson, cancel, progress).map_err(said)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| date(since.as_secs()));
    let wished = own.name.trim();
    let wished = if wished.is_empty() { "mine" } else { wished };
    let facts = PersonalFacts {
        name: wished.into(),
        base: name(&own.base),
        clips: learnt.clips,
        pieces: learnt.pieces,
        rounds: lesson.rounds,
        seed: own.seed,
        date: now.unwrap_or_default(),
        curve: learnt.curve.clone(),
    };
    let broken = |why: &dyn std::fmt::Display| format!("It was learnt, but not kept: {why}.");
    let made =
        opened(&own.base, |base| personalised(base, &learnt.network, facts)).map_err(|why| broken(&why))?;
    let card = made.card.as_ref().ok_or_else(|| broken(&"it has no card"))?;
    let model = split(&own.base).0.to_owned();
    let (weights, _) = save(folder, &model, wished, &made.weights, card).map_err(|why| broken(&why))?;
    let clips = if learnt.clips == 1 { "1 clip".into() } else { format!("{} clips", learnt.clips) };
    let mut text = format!("{} has learnt from {clips} and plays now.", name(&weights));
    for notice in &learnt.notices {
        text.push(' ');
        text.push_str(&super::sentence(notice));
    }
    Ok(Added { model, weights, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::checkpoint::load_file;
    use descant_core::model::Model;
    use descant_core::music::{ClipKind, Note, TICKS_PER_QUARTER as Q};

    fn tune(n: i64) -> Clip {
        let note = |i: i64| Note {
            start: i * Q / 2,
            pitch: 60 + ((i * (2 + n)) % 9) as u8,
            length: Q / 2,
            velocity: 90,
        };
        Clip { kind: ClipKind::Melody, notes: (0..32).map(note).collect(), length: 16 * Q, ..Clip::default() }
    }

    #[test]
    fn a_model_that_learnt_is_one_more_file_and_plays() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let own = Own {
            base: "cat-mel_2bar_small".into(),
            clips: vec![tune(0), tune(1)],
            name: "late night".into(),
            seed: 7,
        };
        let mut curve = Vec::new();
        let learn = |own: &Own, curve: &mut Vec<f32>| {
            personalise_in(folder.path(), own, &Cancel::default(), &mut |_, loss| curve.extend(loss))
        };
        let added = learn(&own, &mut curve).expect("learns");
        assert_eq!(added.weights, "cat-mel_2bar_small.late-night");
        assert!(added.text.contains("2 clips"), "{}", added.text);
        assert!(curve.len() == USUAL_ROUNDS as usize && curve.last() < curve.first());
        let path = folder.path().join(format!("{}.safetensors", added.weights));
        let model = Model::from_checkpoint(load_file(&path).expect("reads")).expect("fits");
        let facts = PersonalFacts::of(model.card()).expect("personal");
        assert_eq!((facts.name.as_str(), facts.clips, facts.pieces), ("late night", 2, 4));
        assert_eq!((facts.date.len(), facts.curve), (10, curve));
        // What was there stays.
        let other = learn(&Own { seed: 8, ..own.clone() }, &mut vec![]).expect("learns");
        assert_eq!(other.weights, "cat-mel_2bar_small.late-night-2");
        let why = learn(&Own { clips: vec![], ..own }, &mut vec![]).expect_err("nothing to learn");
        assert!(why.starts_with("There is too little") && why.ends_with('.'), "{why}");
    }
}
