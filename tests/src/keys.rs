//! What every test of Descant Keys does: open it with a cache of its own, play it, bounce.
use crate::bundle;
use crate::host::{Host, In, MAX_FRAMES, NoteEvent};
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::sync::LazyLock;

/// The plugin's CLAP id.
pub const ID: &str = "org.descant.keys";
/// Sample rate of most tests.
pub const RATE: f64 = 48_000.0;

/// The notes of this process's instances: never those of the person who runs the tests.
static CACHE: LazyLock<std::io::Result<PathBuf>> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("descant-keys-{}", std::process::id()));
    // Another process may have had the number.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    // SAFETY: once per process, before the first instance; nothing else in it changes the environment meanwhile.
    unsafe { std::env::set_var("DESCANT_CACHE", &folder) };
    Ok(folder)
});

/// A place for rendered notes that is this process's own; to be called before anything makes an instance.
pub fn own_cache() -> Result<PathBuf> {
    CACHE.as_ref().map(Clone::clone).map_err(|e| anyhow::anyhow!("no folder for rendered notes: {e}"))
}

/// An active instance from the bundle under test.
pub fn open() -> Result<Host> {
    own_cache()?;
    Host::open(&bundle::clap()?, ID, RATE)
}

/// The same that waits for its worker, as a bounce does.
pub fn open_offline() -> Result<Host> {
    let mut host = open()?;
    host.set_offline(true)?;
    host.activate(RATE)?;
    Ok(host)
}

/// A key goes down, on channel 0.
#[must_use]
pub fn on(time: u64, key: u16) -> In {
    In::Note(NoteEvent { time, on: true, channel: 0, key, velocity: 0.8 })
}

/// A key goes up.
#[must_use]
pub fn off(time: u64, key: u16) -> In {
    In::Note(NoteEvent { time, on: false, channel: 0, key, velocity: 0.0 })
}

/// What a piece gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Played {
    /// Left and right.
    pub wave: [Vec<f32>; 2],
    /// Ends of notes: samples from the beginning, keys.
    pub ended: Vec<(u64, u16)>,
}

fn moved(event: In, by: u64) -> In {
    match event {
        In::Note(note) => In::Note(NoteEvent { time: note.time - by, ..note }),
        In::Param { time, id, value } => In::Param { time: time - by as u32, id, value },
        In::Midi { time, data } => In::Midi { time: time - by as u32, data },
        In::Tuning { time, key, semitones } => In::Tuning { time: time - by as u32, key, semitones },
    }
}

fn time(event: &In) -> u64 {
    match event {
        In::Note(note) => note.time,
        In::Param { time, .. } | In::Midi { time, .. } | In::Tuning { time, .. } => u64::from(*time),
    }
}

/// Plays `samples` samples in blocks of these sizes, in turn; the times of `events`, in order, count from the beginning.
pub fn play(host: &mut Host, samples: u64, blocks: &[u32], events: &[In]) -> Result<Played> {
    host.audio(|audio| -> Result<Played> {
        let (mut played, begin) = (Played::default(), audio.now());
        let (mut now, mut sizes, mut rest) = (0, blocks.iter().cycle(), events);
        audio.ended.clear();
        while now < samples {
            let frames = u64::from(*sizes.next().context("no block sizes")?).min(samples - now);
            let frames = frames.min(MAX_FRAMES as u64);
            let (these, later) = rest.split_at(rest.partition_point(|e| time(e) < now + frames));
            rest = later;
            let these: Vec<In> = these.iter().map(|e| moved(*e, now)).collect();
            audio.block(frames as u32, None, &these, &mut Vec::new())?;
            for (all, block) in played.wave.iter_mut().zip(&audio.out) {
                all.extend_from_slice(&block[..frames as usize]);
            }
            now += frames;
        }
        played.ended = audio.ended.iter().map(|(at, key)| (at - begin, *key)).collect();
        Ok(played)
    })?
}

/// Largest magnitude.
#[must_use]
pub fn peak(wave: &[f32]) -> f32 {
    wave.iter().fold(0.0, |most, x| most.max(x.abs()))
}

/// Largest second difference: what a click is made of.
#[must_use]
pub fn roughness(wave: &[f32]) -> f32 {
    wave.windows(3).fold(0.0, |most, w| most.max((w[0] - 2.0 * w[1] + w[2]).abs()))
}
