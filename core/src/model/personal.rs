//! [`PersonalParams`]: a small space of somebody's own inside a latent model's, as a card tells it.
//!
//! Any thread. The file of a personal model holds the tensors of the model that it was made from, and under
//! [`SCOPE`] those of a [`MidiMe`]: it needs no other file. What it learnt from and how is in the card's metrics.
use super::music_vae::{MidiMe, MidiMeShape};
use super::{Card, ModelError};
use crate::checkpoint::Checkpoint;
use crate::nn::Weights;
use serde::{Deserialize, Serialize};

/// What the names of the small space's tensors begin with.
const SCOPE: &str = "midime/";

/// Name of the card's metrics that say how it was made.
const METRICS: &str = "personal";

/// Sizes of the small space; the length of the large one's vectors is the model's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalParams {
    /// Length of its vectors.
    pub latent: usize,
    /// Units of each layer from the large space to the small one.
    pub encoder: Vec<usize>,
    /// Units of each layer back.
    pub decoder: Vec<usize>,
}

/// What a personal model says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonalFacts {
    /// What its owner calls it.
    pub name: String,
    /// The model that it was made from, in words.
    pub base: String,
    /// Clips that it learnt from.
    pub clips: usize,
    /// Pieces as long as the model's that they were cut into.
    pub pieces: usize,
    /// Steps of training.
    pub rounds: u32,
    /// Seed of the training.
    pub seed: u32,
    /// The day, as year-month-day; empty where nobody knew it.
    pub date: String,
    /// The loss of each step of training, or of steps evenly apart.
    pub curve: Vec<f32>,
}

/// Most values of a curve that are kept.
const MOST: usize = 200;

impl PersonalParams {
    /// The sizes of a network, which says nothing about its training.
    pub(super) fn of(shape: &MidiMeShape) -> Self {
        Self { latent: shape.latent, encoder: shape.encoder.clone(), decoder: shape.decoder.clone() }
    }

    /// The network among the tensors of a model whose vectors are `z` long.
    pub(super) fn load(&self, z: usize, weights: &Weights) -> Result<MidiMe, ModelError> {
        let Self { latent, encoder, decoder } = self.clone();
        let shape = MidiMeShape { input: z, latent, encoder, decoder, ..MidiMeShape::default() };
        let own = weights
            .iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix(SCOPE)?.to_owned(), tensor.clone())));
        MidiMe::load(shape, &own.collect())
    }
}

impl PersonalFacts {
    /// What a card says, if it is that of a personal model.
    #[must_use]
    pub fn of(card: &Card) -> Option<Self> {
        card.personal.as_ref()?;
        let facts = card.metrics.get(METRICS).cloned();
        let mut facts: Self = facts.and_then(|facts| serde_json::from_value(facts).ok()).unwrap_or_default();
        facts.curve.retain(|loss| loss.is_finite());
        facts.curve.truncate(MOST);
        Some(facts)
    }
}

/// The checkpoint of `base` with a small space of somebody's own; one that it had before makes way.
///
/// # Errors
/// A base without a card, or figures that no card can hold.
pub fn personalised(
    base: Checkpoint,
    network: &MidiMe,
    mut facts: PersonalFacts,
) -> Result<Checkpoint, ModelError> {
    let mut card = base.card.ok_or(crate::checkpoint::CheckpointError::NoCard)?;
    let mut weights: Weights = base
        .weights
        .iter()
        .filter(|(name, _)| !name.starts_with(SCOPE))
        .map(|(name, tensor)| (name.to_owned(), tensor.clone()))
        .collect();
    for (name, tensor) in network.weights().iter() {
        weights.insert(format!("{SCOPE}{name}"), tensor.clone());
    }
    let every = facts.curve.len().div_ceil(MOST).max(1);
    facts.curve = facts.curve.into_iter().step_by(every).collect();
    card.personal = Some(PersonalParams::of(network.shape()));
    card.name.clone_from(&facts.name);
    card.data.retain(|data| !data.starts_with(YOURS));
    let clips = if facts.clips == 1 { "1 clip" } else { &format!("{} clips", facts.clips) };
    card.data.push(format!("{YOURS}{clips}, {} pieces", facts.pieces));
    card.command = format!("personalise, {} rounds, seed {}", facts.rounds, facts.seed);
    let told = serde_json::to_value(&facts).map_err(|e| ModelError::Hparams(e.to_string()))?;
    // What was measured was the base.
    card.metrics = [(METRICS.to_owned(), told)].into();
    Ok(Checkpoint { weights, card: Some(card) })
}

/// What the line of the data begins with that the owner brought.
const YOURS: &str = "Your own music: ";

/// Year-month-day of a number of seconds since 1970 began, in UTC.
#[must_use]
pub fn date(seconds: u64) -> String {
    // Days are counted from the first of March of a year that is a multiple of 400, so that leap days come last.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = 400 * era + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{load_bytes, save_bytes};
    use crate::model::{Model, testing};

    fn network(z: usize, seed: u32) -> MidiMe {
        let shape = MidiMeShape {
            input: z,
            latent: 2,
            encoder: vec![6],
            decoder: vec![5, 6],
            ..MidiMeShape::default()
        };
        MidiMe::new(shape, seed).expect("possible")
    }

    fn base() -> Checkpoint {
        let model = testing::latent("cat-mel_2bar_small");
        Checkpoint { weights: testing::weights(model.hparams(), 7), card: Some(model.card().clone()) }
    }

    #[test]
    fn a_personal_model_is_one_file_that_loads_with_its_space() {
        let facts = PersonalFacts {
            name: "mine".into(),
            clips: 3,
            pieces: 7,
            curve: (0..450).map(|i| 450.0 - i as f32).collect(),
            ..PersonalFacts::default()
        };
        let made = personalised(base(), &network(8, 3), facts.clone()).expect("made");
        let bytes = save_bytes(&made.weights, made.card.as_ref().expect("a card")).expect("bytes");
        let model = Model::from_checkpoint(load_bytes(&bytes).expect("reads")).expect("fits");
        let own = model.personal().expect("its own space");
        assert_eq!(own.weights(), network(8, 3).weights());
        assert_eq!((own.shape().decoder.as_slice(), model.name()), ([5, 6].as_slice(), "mine"));
        let told = PersonalFacts::of(model.card()).expect("personal");
        assert_eq!((told.clips, told.pieces, told.curve.len()), (3, 7, 150));
        assert_eq!(model.card().data, ["Your own music: 3 clips, 7 pieces"]);

        // Made again from itself: one space, one line.
        let again = personalised(load_bytes(&bytes).expect("reads"), &network(8, 4), facts).expect("made");
        assert_eq!(again.weights.len(), made.weights.len());
        assert_eq!(again.card.as_ref().map(|c| c.data.len()), Some(1));
        let again = Model::from_checkpoint(again).expect("fits");
        assert_eq!(again.personal().expect("its own").weights(), network(8, 4).weights());
    }

    #[test]
    fn other_models_have_none_and_broken_ones_are_refused() {
        let plain = Model::from_checkpoint(base()).expect("fits");
        assert!(plain.personal().is_none() && PersonalFacts::of(plain.card()).is_none());
        let made = || personalised(base(), &network(8, 3), PersonalFacts::default()).expect("made");
        let mut without = made();
        without.weights = base().weights;
        assert!(Model::from_checkpoint(without).is_err(), "its tensors are missing");
        let mut absurd = made();
        if let Some(personal) = absurd.card.as_mut().and_then(|c| c.personal.as_mut()) {
            personal.encoder = vec![usize::MAX];
        }
        assert!(Model::from_checkpoint(absurd).is_err());
        assert!(
            personalised(Checkpoint { card: None, ..base() }, &network(8, 3), PersonalFacts::default())
                .is_err()
        );
    }

    #[test]
    fn dates_by_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_704_067_199, "2023-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(seconds), day);
        }
    }
}
