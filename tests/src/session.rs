//! A session with a live plugin, bounced: blocks, played notes, tempo changes, and where each beat fell.
//!
//! Bouncing makes the plugin wait for its worker, so that a session gives the same notes every time. A session does
//! not know the plugin's format: see [`Plugin`].

#[cfg(target_os = "linux")]
pub mod vst3;

use crate::host::{Host, In, NoteEvent};
use crate::transport::Transport;
use crate::{clips, state};
use anyhow::{Context as _, Result};
use descant_core::music::{Note, TICKS_PER_QUARTER, Ticks};
use descant_core::tool::Take;
use descant_plugin::clips::document::Content;

/// MIDI channel from 0 on which the session plays in, unlike those of the plugin.
pub const PLAYED: u16 = 3;

/// A key played in: beat, length in beats, key.
pub type Key = (f64, f64, u16);

/// One block of a session.
#[derive(Clone, Debug)]
pub struct Block {
    /// Samples.
    pub frames: u32,
    /// The clock at its start.
    pub transport: Transport,
    /// What goes in, with times within the block.
    pub events: Vec<In>,
}

/// An active instance that bounces, of any plugin format.
pub trait Plugin {
    /// An event that sets a parameter by the text a user would type.
    fn set(&mut self, name: &str, text: &str) -> Result<In>;
    /// An event that sets a parameter to a normalised value.
    fn set_normalised(&mut self, name: &str, value: f64) -> Result<In>;
    /// Blocks on the audio thread; the notes that came out, with times since the first of them.
    fn blocks(&mut self, blocks: &[Block]) -> Result<Vec<NoteEvent>>;
    /// The saved state.
    fn save(&mut self) -> Result<Vec<u8>>;
    /// The document in it.
    fn document(&mut self) -> Result<Content>;
}

impl Plugin for Host {
    fn set(&mut self, name: &str, text: &str) -> Result<In> {
        Self::set(self, 0, name, text)
    }

    fn set_normalised(&mut self, name: &str, value: f64) -> Result<In> {
        Self::set_normalised(self, 0, name, value)
    }

    fn blocks(&mut self, blocks: &[Block]) -> Result<Vec<NoteEvent>> {
        self.audio(|audio| -> Result<_> {
            let (begin, mut notes) = (audio.now(), Vec::new());
            for block in blocks {
                audio.block(block.frames, Some(&block.transport), &block.events, &mut notes)?;
            }
            notes.iter_mut().for_each(|n| n.time -= begin);
            Ok(notes)
        })?
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        Self::save(self)
    }

    fn document(&mut self) -> Result<Content> {
        state::document(&self.save()?)
    }
}

/// See the file's head.
pub struct Session<P = Host> {
    /// The instance.
    pub host: P,
    /// All notes so far, also those played in and passed through.
    pub notes: Vec<NoteEvent>,
    transport: Transport,
    /// Stretches of one tempo: first sample, its beat, samples per beat.
    stretches: Vec<(u64, f64, f64)>,
    samples: u64,
    /// Keys up to this beat have been played in.
    played: f64,
    blocks: std::iter::Cycle<std::vec::IntoIter<u32>>,
}

impl Session {
    /// Opens a CLAP instance with these settings. The song stands at 0.
    pub fn new(tempo: f64, settings: &[(&str, &str)], blocks: &[u32]) -> Result<Self> {
        let mut host = clips::open()?;
        host.set_offline(true)?;
        host.activate(clips::RATE)?;
        Self::with(host, tempo, settings, blocks)
    }
}

impl<P: Plugin> Session<P> {
    /// With an instance that runs at [`clips::RATE`].
    pub fn with(host: P, tempo: f64, settings: &[(&str, &str)], blocks: &[u32]) -> Result<Self> {
        let transport = Transport::new(clips::RATE, tempo);
        let blocks = Vec::from(blocks).into_iter().cycle();
        let mut session = Self {
            host,
            notes: Vec::new(),
            transport,
            stretches: Vec::new(),
            samples: 0,
            played: 0.0,
            blocks,
        };
        session.rest(64)?;
        session.set(settings)?;
        session.play_from(0.0);
        Ok(session)
    }

    /// Sets parameters by the texts a user would type, in a block of their own.
    pub fn set(&mut self, settings: &[(&str, &str)]) -> Result<()> {
        let events: Result<Vec<In>> = settings.iter().map(|(name, text)| self.host.set(name, text)).collect();
        self.blocks(64, events?)
    }

    /// Lets time pass while the song stands.
    pub fn rest(&mut self, frames: u64) -> Result<()> {
        let playing = std::mem::replace(&mut self.transport.playing, false);
        self.blocks(frames, Vec::new())?;
        self.transport.playing = playing;
        Ok(())
    }

    /// Jumps, and plays from there.
    pub fn play_from(&mut self, beat: f64) {
        self.transport.playing = true;
        self.transport.locate(beat);
        self.played = beat;
        self.stretches.push((self.samples, beat, self.transport.samples_per_beat()));
    }

    /// Another tempo from here on.
    pub fn set_tempo(&mut self, tempo: f64) {
        self.transport.set_tempo(tempo);
        self.stretches.push((self.samples, self.transport.beats(), self.transport.samples_per_beat()));
    }

    /// Song position in beats.
    #[must_use]
    pub fn beats(&self) -> f64 {
        self.transport.beats()
    }

    /// Plays on up to this beat; keys that begin or end on the way are played in.
    pub fn play_to(&mut self, beat: f64, keys: &[Key]) -> Result<()> {
        let (from, spb) = (self.beats(), self.transport.samples_per_beat());
        let sample = |beat: f64| ((beat - from) * spb).round().max(0.0) as u64;
        let mut events: Vec<In> = Vec::new();
        for &(start, length, key) in keys {
            for (at, on) in [(start, true), (start + length, false)] {
                if (self.played..beat).contains(&at) {
                    // A key at the seam to the next stretch, but for rounding, belongs to this one.
                    let time = sample(at).min(sample(beat).saturating_sub(1));
                    let note = NoteEvent { time, on, channel: PLAYED, key, velocity: 0.7 };
                    events.push(In::Note(note));
                }
            }
        }
        let time = |e: &In| if let In::Note(n) = e { (n.time, n.on) } else { (0, false) };
        events.sort_by_key(time);
        self.played = beat;
        self.blocks(sample(beat), events)
    }

    /// Presses a button.
    pub fn press(&mut self, name: &str) -> Result<()> {
        let events = vec![self.host.set_normalised(name, 1.0)?];
        self.blocks(64, events)?;
        let events = vec![self.host.set_normalised(name, 0.0)?];
        self.blocks(64, events)
    }

    fn blocks(&mut self, frames: u64, events: Vec<In>) -> Result<()> {
        let (mut done, mut events, mut blocks) = (0, events.into_iter().peekable(), Vec::new());
        while done < frames {
            let size = u64::from(self.blocks.next().context("no block sizes")?).min(frames - done);
            let mut now = Vec::new();
            let mine = |e: &In| if let In::Note(n) = e { n.time < done + size } else { true };
            while let Some(mut event) = events.next_if(mine) {
                if let In::Note(n) = &mut event {
                    n.time -= done;
                }
                now.push(event);
            }
            blocks.push(Block { frames: size as u32, transport: self.transport.clone(), events: now });
            self.transport.advance(size as u32);
            done += size;
        }
        let notes = self.host.blocks(&blocks)?;
        let samples = self.samples;
        self.notes.extend(notes.into_iter().map(|n| NoteEvent { time: n.time + samples, ..n }));
        self.samples += frames;
        Ok(())
    }

    /// Sample of a beat since the last jump.
    #[must_use]
    pub fn sample(&self, beat: f64) -> f64 {
        let stretch = self.stretches.iter().rev().find(|s| s.1 <= beat + 1e-9);
        stretch.map_or(f64::NAN, |&(sample, from, spb)| sample as f64 + (beat - from) * spb)
    }

    /// Onsets of the plugin's own notes from one beat to another: sample and key, in order.
    #[must_use]
    pub fn onsets(&self, from: f64, to: f64) -> Vec<(u64, u16)> {
        let range = self.sample(from) - 1.0..self.sample(to) - 1.0;
        let own =
            self.notes.iter().filter(|n| n.on && n.channel != PLAYED && range.contains(&(n.time as f64)));
        let mut onsets: Vec<_> = own.map(|n| (n.time, n.key)).collect();
        onsets.sort_unstable();
        onsets
    }

    /// Forgets the notes before a sample: a long session holds many.
    pub fn forget_before(&mut self, sample: u64) {
        self.notes.retain(|n| n.time >= sample);
    }

    /// Whether the plugin plays exactly these notes from a beat on, for so many beats.
    #[must_use]
    pub fn plays(&self, notes: &[Note], beat: f64, beats: f64) -> bool {
        let exact = |n: &Note| self.sample(beat + n.start as f64 / TICKS_PER_QUARTER as f64);
        let mut want: Vec<(f64, u16)> = notes.iter().map(|n| (exact(n), u16::from(n.pitch))).collect();
        want.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let got = self.onsets(beat, beat + beats);
        let same = |((at, key), (exact, wanted)): (&(u64, u16), &(f64, u16))| {
            (*at as f64 - exact).abs() <= 1.0 && key == wanted
        };
        got.len() == want.len() && got.iter().zip(&want).all(same)
    }
}

/// The bars of a take that its model wrote, from tick 0 on.
#[must_use]
pub fn new_part(take: &Take) -> Vec<Note> {
    let from = take.clip.length - take.clip.meter.bar_ticks() * Ticks::from(take.request.bars);
    let notes = take.clip.notes.iter().filter(|n| n.start >= from);
    notes.map(|n| Note { start: n.start - from, ..*n }).collect()
}
