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
    use descant_core::nn::conv::Alone;
    use descant_core::tool::Cancel;

    /// How far the pitch of a sound is from `hertz`, as a share: by where, around eight periods, half a second of it is
    /// most like itself.
    fn off_pitch(sound: &[f32], hertz: f64) -> f64 {
        let lag = 8.0 * 16_000.0 / hertz;
        let part = &sound[8_000..16_000];
        let like = |lag: usize| -> f64 {
            let later = &sound[8_000 + lag..];
            let (both, own) = part
                .iter()
                .zip(later)
                .fold((0.0, 1e-12), |(both, own), (a, b)| (both + f64::from(a * b), own + f64::from(b * b)));
            both / own.sqrt()
        };
        let around = (0.97 * lag) as usize..=(1.03 * lag).ceil() as usize;
        let best = around.max_by(|a, b| like(*a).total_cmp(&like(*b))).expect("some lags");
        let [a, b, c] = [best - 1, best, best + 1].map(like);
        let top = best as f64 + 0.5 * (a - c) / (a - 2.0 * b + c);
        (lag / top - 1.0).abs()
    }

    fn hertz(pitch: u8) -> f64 {
        440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2()
    }

    /// Requirement T-GS-06.
    #[test]
    fn t_gs_06_a_random_instrument_plays_middle_c() {
        let notes = built_in().expect("loads");
        let sound = notes.note(&notes.vector(6), 60, &Alone, &Cancel::default()).expect("a note");
        assert_eq!(sound.len(), 64_000);
        let off = off_pitch(&sound, 261.625_565);
        assert!(off < 0.01, "{off}");
    }

    /// Requirement T-GS-05.
    #[test]
    fn t_gs_05_every_pitch_of_an_instrument_is_in_tune() {
        let notes = built_in().expect("loads");
        let z = notes.vector(1);
        let play = |pitch| notes.note(&z, pitch, &Alone, &Cancel::default()).expect("a note");
        let off: Vec<(u8, f64)> =
            (24..=84).map(|pitch| (pitch, off_pitch(&play(pitch), hertz(pitch)))).collect();
        // 25 cents.
        let wrong: Vec<&(u8, f64)> = off.iter().filter(|(_, off)| *off > 0.014_5).collect();
        assert!(off.len() == 61 && wrong.len() <= 3, "{wrong:?}");
    }

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
