//! The keyboard of an instrument as files: a WAV per key and an SFZ file that names them, for any sampler.
//!
//! The studio's thread. Notes are as the model gives them, 4 s at its own rate, all at the same level.
use super::document::Origin;
use super::engine::Engine;
use super::studio::Task;
use super::worker::vector;
use descant_core::music::pitch_name;
use descant_core::nn::conv::Alone;
use descant_core::sound::wav;
use descant_core::tool::file_name;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest magnitude of an exported note.
const PEAK: f32 = 0.7;

/// Writes an instrument into a new folder within `home`; words for the status line.
///
/// # Errors
/// A sentence.
pub fn export(engine: &Arc<Engine>, task: &Task, origin: &Origin, home: &Path) -> Result<String, String> {
    let notes = engine.notes()?;
    let z = vector(&*notes, origin)?;
    let name = file_name(&engine.store.read(|d| d.name(origin)));
    let wrong = |why: std::io::Error| format!("{name} could not be written: {why}.");
    let folder = fresh(home, &name);
    std::fs::create_dir_all(&folder).map_err(wrong)?;
    let (low, high) = notes.range();
    for pitch in low..=high {
        task.progress(f32::from(pitch - low) / f32::from(high - low + 1));
        let sound = notes.note(&z, pitch, &Alone, &task.cancel);
        let mut sound = sound.map_err(|why| format!("{name}, {}: {why}.", pitch_name(pitch)))?;
        let peak = sound.iter().fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()));
        sound.iter_mut().for_each(|x| *x *= PEAK / peak);
        std::fs::write(folder.join(sample(&name, pitch)), wav::write(notes.rate(), &[&sound]))
            .map_err(wrong)?;
    }
    std::fs::write(folder.join(format!("{name}.sfz")), sfz(&name, (low, high))).map_err(wrong)?;
    Ok(format!("{name}: {} notes and an SFZ file in {}.", high - low + 1, folder.display()))
}

/// A folder that is not there yet.
fn fresh(home: &Path, name: &str) -> PathBuf {
    let numbered = |n: u32| if n < 2 { name.to_owned() } else { format!("{name} {n}") };
    (1..10_000).map(|n| home.join(numbered(n))).find(|p| !p.exists()).unwrap_or_else(|| home.join(name))
}

fn sample(name: &str, pitch: u8) -> String {
    // A sharp sign in a sample's name begins a directive for some samplers.
    format!("{name} {pitch:03} {}.wav", pitch_name(pitch).replace('#', "s"))
}

/// The SFZ file: a region per key; the lowest and the highest also serve the keys beyond.
fn sfz(name: &str, (low, high): (u8, u8)) -> String {
    let mut text = format!("// {name}, by Descant Keys\n<group> ampeg_release=0.3\n");
    for pitch in low..=high {
        let from = if pitch == low { 0 } else { pitch };
        let to = if pitch == high { 127 } else { pitch };
        let sample = sample(name, pitch);
        let _ = writeln!(text, "<region> sample={sample} pitch_keycenter={pitch} lokey={from} hikey={to}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_region() {
        let text = sfz("Glass", (60, 62));
        let expected = "// Glass, by Descant Keys\n<group> ampeg_release=0.3\n\
            <region> sample=Glass 060 C3.wav pitch_keycenter=60 lokey=0 hikey=60\n\
            <region> sample=Glass 061 Cs3.wav pitch_keycenter=61 lokey=61 hikey=61\n\
            <region> sample=Glass 062 D3.wav pitch_keycenter=62 lokey=62 hikey=127\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn an_export_never_overwrites_another() {
        let home = tempfile::tempdir().expect("a folder");
        assert_eq!(fresh(home.path(), "x"), home.path().join("x"));
        std::fs::create_dir(home.path().join("x")).expect("made");
        assert_eq!(fresh(home.path(), "x"), home.path().join("x 2"));
    }
}
