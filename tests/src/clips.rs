//! What every test of Descant Clips does: open it, press Generate, roll the transport.

use crate::host::{Host, In, NoteEvent};
use crate::transport::Transport;
use crate::{bundle, state};
use anyhow::{Context as _, Result, ensure};
use descant_core::music::ClipKind;
use descant_plugin::clips::document::Content;
use descant_plugin::library;
use std::collections::HashSet;

/// The plugin's CLAP id.
pub const ID: &str = "org.descant.clips";
/// Sample rate of most tests.
pub const RATE: f64 = 48_000.0;

/// An active instance from the bundle under test.
pub fn open() -> Result<Host> {
    Host::open(&bundle::clap()?, ID, RATE)
}

/// The shown name of the first model of a kind that has weights.
pub fn model_for(kind: ClipKind) -> Result<&'static str> {
    let model = library::models().iter().find(|m| m.kind == kind && library::ready(&m.id));
    Ok(&model.with_context(|| format!("no model for {kind:?} has weights"))?.name)
}

/// Sets parameters by the texts a user would type, presses Generate and bounces until the takes are there.
pub fn generate(host: &mut Host, settings: &[(&str, &str)]) -> Result<Content> {
    let mut events = Vec::new();
    for (name, text) in settings {
        events.push(host.set(0, name, text)?);
    }
    events.push(host.set_normalised(0, "Generate", 1.0)?);
    let release = host.set_normalised(0, "Generate", 0.0)?;
    bounce(host, &[&events, &[release]])?;
    state::document(&host.save()?)
}

/// Blocks with these events while the transport stands; the plugin waits for its worker, as in a bounce.
pub fn bounce(host: &mut Host, blocks: &[&[In]]) -> Result<()> {
    let rate = host.sample_rate();
    host.set_offline(true)?;
    host.activate(rate)?;
    let transport = Transport::new(host.sample_rate(), 120.0);
    host.audio(|audio| -> Result<()> {
        let mut notes = Vec::new();
        // Before the first block a host only restores values.
        audio.block(64, Some(&transport), &[], &mut notes)?;
        for events in blocks {
            audio.block(512, Some(&transport), events, &mut notes)?;
        }
        ensure!(notes.is_empty(), "notes sound though the transport stands");
        Ok(())
    })??;
    host.set_offline(false)?;
    host.activate(rate)?;
    host.idle();
    Ok(())
}

/// Every note-on has its note-off and no key is struck again while it sounds; how many still sound at the end.
pub fn balanced(notes: &[NoteEvent]) -> Result<usize> {
    let mut sounding = HashSet::new();
    for n in notes {
        if n.on {
            ensure!(sounding.insert((n.channel, n.key)), "key {} struck again at {}", n.key, n.time);
        } else {
            ensure!(sounding.remove(&(n.channel, n.key)), "note-off without note-on: {n:?}");
        }
    }
    Ok(sounding.len())
}

/// What a roll of the transport gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rolled {
    /// Notes, times in samples from the roll's beginning.
    pub notes: Vec<NoteEvent>,
    /// Left and right.
    pub wave: [Vec<f32>; 2],
}

/// Rolls `beats` quarter notes from the transport's position in blocks of these sizes, in turn, and stops.
pub fn roll(host: &mut Host, transport: &Transport, beats: f64, blocks: &[u32]) -> Result<Rolled> {
    let mut transport = transport.clone();
    host.audio(move |audio| -> Result<Rolled> {
        transport.playing = true;
        let mut left = (beats * transport.samples_per_beat()).round() as u64;
        let start = audio.now();
        let (mut rolled, mut sizes) = (Rolled::default(), blocks.iter().cycle());
        let mut keep = |audio: &crate::host::Audio<'_>, frames: u32| {
            for (all, block) in rolled.wave.iter_mut().zip(&audio.out) {
                all.extend_from_slice(&block[..frames as usize]);
            }
        };
        let mut notes = Vec::new();
        while left > 0 {
            let frames = u64::from(*sizes.next().context("no block sizes")?).min(left) as u32;
            audio.block(frames, Some(&transport), &[], &mut notes)?;
            keep(audio, frames);
            transport.advance(frames);
            left -= u64::from(frames);
        }
        // The transport stops: what sounds must end.
        transport.playing = false;
        audio.block(64, Some(&transport), &[], &mut notes)?;
        keep(audio, 64);
        for n in &mut notes {
            n.time -= start;
        }
        rolled.notes = notes;
        Ok(rolled)
    })?
}
