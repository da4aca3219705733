//! The weights of Keys inside the program.
//!
//! Worker threads. The bytes cost nothing until an instance plays; all instances of a process share what was made of them.
use super::worker::{Notes, Synthesis};
use descant_core::checkpoint::load_bytes;
use descant_core::model::EncodingParams;
use descant_core::model::gansynth::GanSynth;
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Name for people.
const NAME: &str = "GANSynth small";
const BYTES: &[u8] = include_bytes!("../../../assets/models/gansynth.safetensors");

static LOADED: Mutex<Option<Weak<Synthesis>>> = Mutex::new(None);

/// Our own GANSynth.
///
/// # Errors
/// A sentence: the weights do not fit this build.
pub fn built_in() -> Result<Arc<dyn Notes>, String> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = loaded.as_ref().and_then(Weak::upgrade) {
        return Ok(shared);
    }
    let notes = Arc::new(load()?);
    *loaded = Some(Arc::downgrade(&notes));
    Ok(notes)
}

fn load() -> Result<Synthesis, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("The sounds inside this build cannot be used: {why}.");
    let checkpoint = load_bytes(BYTES).map_err(|e| wrong(&e))?;
    let model = GanSynth::from_checkpoint(&checkpoint).map_err(|e| wrong(&e))?;
    let learned = match checkpoint.card.map(|card| card.hparams.encoding) {
        Some(EncodingParams::Sound(params)) => params.instruments,
        _ => Vec::new(),
    };
    // Other weights are another version, and notes on disk are of one version.
    let version: String = Sha256::digest(BYTES).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Ok(Synthesis { name: format!("{NAME} {version}"), model, learned })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::document::{Document, Origin};
    use crate::keys::worker::vector;

    #[test]
    fn the_weights_inside_load_once_and_know_their_instruments() {
        let notes = built_in().expect("loads");
        let again = built_in().expect("loads");
        assert!(Arc::ptr_eq(&notes, &again));
        assert_eq!((notes.range(), notes.rate()), ((24, 84), 16_000));
        assert!(notes.model().starts_with(NAME) && notes.model().len() == NAME.len() + 9);
        for learned in notes.learned() {
            let z = vector(&*notes, &Origin::Learned(learned.name.clone())).expect("known");
            assert_eq!(z, learned.z);
        }
        for origin in Document::default().slots().iter().flatten() {
            assert_eq!(vector(&*notes, origin).expect("usable").len(), notes.latent());
        }
        let other = vector(&*notes, &Origin::Vector(vec![0.0; 3].into())).expect_err("another length");
        assert!(other.contains("3 numbers"), "{other}");
        assert!(vector(&*notes, &Origin::Learned("Kazoo".into())).is_err());
    }
}
