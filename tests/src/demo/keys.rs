//! Descant Keys in the demo: a performance under a morph from A to B, bounced; and its window.
use crate::host::In;
use crate::keys::{RATE, off, on, open_offline, peak, play};
use anyhow::{Context as _, Result, ensure};
use descant_core::music::{ClipKind, TempoMap, midi};
use std::path::Path;

/// Seconds after the last note.
const TAIL: f64 = 2.0;

/// The notes of a MIDI file as events, and its length in samples.
fn performance(file: &str) -> Result<(Vec<In>, u64, usize)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/primers").join(file);
    let song =
        midi::read(&std::fs::read(&path).with_context(|| format!("{} is not readable", path.display()))?)?;
    let assumed = TempoMap::constant(120.0);
    let tempo = song.tempo.as_ref().unwrap_or(&assumed);
    let sample = |tick| (tempo.seconds(tick) * RATE) as u64;
    let mut events = Vec::new();
    for track in song.tracks.iter().filter(|t| t.kind == ClipKind::Melody) {
        for note in &track.notes {
            let (start, end) = (sample(note.start), sample(note.end()));
            // Ends before beginnings at the same sample: a repeated note is struck anew.
            events.push((start, 1, on(start, u16::from(note.pitch))));
            events.push((end.max(start + 1), 0, off(end.max(start + 1), u16::from(note.pitch))));
        }
    }
    let notes = events.len() / 2;
    events.sort_by_key(|(time, kind, _)| (*time, *kind));
    let last = events.last().context("the file has no notes")?.0;
    Ok((events.into_iter().map(|e| e.2).collect(), last + (TAIL * RATE) as u64, notes))
}

/// Plays a file while the morph goes from A to B. A line for people.
pub(super) fn perform(out: &Path) -> Result<String> {
    let mut host = open_offline()?;
    let (notes, samples, count) = performance("melody.mid")?;
    let steps = 64;
    let mut events = notes;
    for i in 0..=steps {
        let time = (samples - 1) * i / steps;
        events.push(host.set_normalised(time as u32, "Morph X", i as f64 / steps as f64)?);
    }
    events.sort_by_key(|event| match event {
        In::Note(note) => note.time,
        In::Param { time, .. } | In::Midi { time, .. } | In::Tuning { time, .. } => u64::from(*time),
    });
    let played = play(&mut host, samples, &[512], &events)?;
    let [left, right] = &played.wave;
    let level = peak(left).max(peak(right));
    ensure!(level > 0.02 && level <= 1.0, "the performance has a peak of {level}");
    ensure!(left.iter().chain(right).all(|x| x.is_finite()), "the performance is not finite");
    ensure!(played.ended.len() == count, "{count} notes, but {} ends", played.ended.len());
    super::write_wav(&out.join("keys-morph.wav"), &played.wave)?;
    Ok(format!(
        "Keys      keys-morph.wav: melody.mid, {count} notes in {:.0} s, morph from A to B, peak {level:.2}",
        samples as f64 / RATE
    ))
}
