//! [`Player`]: the audio thread of Keys. Events and settings go in, sound comes out; zones come when the worker has them.
//!
//! Knows neither host nor plugin framework. Allocates in [`Player::new`] only; never frees, locks, waits (but in an offline
//! render, which must be complete and the same every time) or logs.
use super::bridge::{AudioSide, Delivery, Press};
use descant_core::sound::instrument::{Controller, Expression, Settings, Synth, Which};
use std::time::Duration;

/// An offline render waits this long for a zone at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a host tells about notes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A key goes down.
    NoteOn {
        /// From 0.
        channel: u8,
        /// MIDI pitch.
        key: u8,
        /// The host's number for the note.
        id: Option<i32>,
        /// 0..=1.
        velocity: f32,
    },
    /// Keys go up.
    NoteOff(Which),
    /// Notes end at once.
    Choke(Which),
    /// Something about single notes changes.
    Express(Which, Expression),
    /// A controller of a channel moves.
    Control(u8, Controller),
    /// A program is chosen.
    Program(u8),
}

/// The host's number of notes that were played in the window: no host has it.
const WINDOW: i32 = i32::MIN;

/// The host's side of a block.
pub trait Host {
    /// The next event of the block with its sample, in order.
    fn next(&mut self) -> Option<(u32, Event)>;
    /// A note of the host's has ended by this sample.
    fn ended(&mut self, sample: u32, which: Which);
}

/// See the file's head.
pub struct Player {
    synth: Synth,
    audio: AudioSide,
    offline: bool,
}

impl Player {
    /// Silent. Allocates; nothing later does.
    #[must_use]
    pub fn new(audio: AudioSide) -> Self {
        Self { synth: Synth::new(), audio, offline: false }
    }

    /// Not while processing: the sample rate in Hz, and whether zones are waited for.
    pub fn prepare(&mut self, rate: f32, offline: bool) {
        self.synth.prepare(rate);
        self.audio.prepare(rate, offline);
        self.offline = offline;
    }

    /// Silence at once.
    pub fn reset(&mut self) {
        self.synth.reset();
    }

    /// Writes the next block over `left` and `right`. Events beyond its end happen at its end.
    pub fn process(&mut self, settings: Settings, host: &mut dyn Host, left: &mut [f32], right: &mut [f32]) {
        self.synth.set(settings);
        self.receive();
        self.publish();
        if self.offline {
            self.settle(None);
        }
        while let Some(Press { key, velocity }) = self.audio.pressed() {
            self.carry_out(Event::NoteOn { channel: 0, key, id: Some(WINDOW), velocity });
        }
        let frames = left.len().min(right.len());
        let mut done = 0;
        while let Some((sample, event)) = host.next() {
            let until = (sample as usize).clamp(done, frames);
            self.synth.render(&mut left[done..until], &mut right[done..until]);
            done = until;
            self.tell_ends(host, done, frames);
            self.carry_out(event);
        }
        self.synth.render(&mut left[done..frames], &mut right[done..frames]);
        self.tell_ends(host, frames, frames);
        self.publish();
        while self.audio.can_discard() {
            let Some(zone) = self.synth.pool.orphan() else { break };
            self.audio.discard(zone);
        }
    }

    fn tell_ends(&mut self, host: &mut dyn Host, sample: usize, frames: usize) {
        while let Some(which) = self.synth.ended() {
            if which.id != Some(WINDOW) {
                host.ended(sample.min(frames.saturating_sub(1)) as u32, which);
            }
        }
    }

    fn carry_out(&mut self, event: Event) {
        match event {
            Event::NoteOn { channel, key, id, velocity } if velocity > 0.0 => {
                self.audio.play(self.synth.pool.own_pitch(key));
                if self.offline {
                    self.settle(Some(key));
                }
                self.synth.note_on(channel, key, id, velocity);
            }
            Event::NoteOn { channel, key, id, .. } => {
                self.synth.note_off(Which { channel: Some(channel), key: Some(key), id });
            }
            Event::NoteOff(which) => self.synth.note_off(which),
            Event::Choke(which) => self.synth.choke(which),
            Event::Express(which, expression) => self.synth.express(which, expression),
            Event::Control(channel, controller) => self.synth.control(channel, controller),
            Event::Program(program) => {
                self.audio.program(program);
                if self.offline {
                    self.settle(None);
                }
            }
        }
    }

    fn receive(&mut self) {
        while let Some(delivery) = self.audio.receive(self.synth.pool.room()) {
            take_in(&mut self.synth, &mut self.audio, delivery);
        }
    }

    fn publish(&self) {
        self.audio.publish(self.synth.held(), self.synth.settings().morph);
    }

    /// Only for offline rendering: waits until every sounding note, and the one that is about to begin, has its own zones
    /// of the instruments as they are now.
    fn settle(&mut self, key: Option<u8>) {
        let synth = &mut self.synth;
        let (x, y) = synth.settings().morph;
        self.audio.wait(PATIENCE, |audio| {
            while let Some(delivery) = audio.receive(synth.pool.room()) {
                take_in(synth, audio, delivery);
            }
            // Room for what is to come.
            while let Some(zone) = audio.can_discard().then(|| synth.pool.orphan()).flatten() {
                audio.discard(zone);
            }
            if !audio.is_current() {
                return false;
            }
            let missing = key.and_then(|key| synth.pool.missing(key, x, y)).or_else(|| synth.missing());
            if let Some((_, pitch)) = missing {
                audio.play(pitch);
            }
            missing.is_none()
        });
    }

    /// The voices, for looking at.
    #[must_use]
    pub fn synth(&self) -> &Synth {
        &self.synth
    }
}

fn take_in(synth: &mut Synth, audio: &mut AudioSide, delivery: Delivery) {
    match delivery {
        Delivery::Renewed { axes, range: (lowest, highest), .. } => synth.pool.renew(axes, lowest, highest),
        Delivery::Zone { position, pitch, zone } => {
            if let Err(zone) = synth.pool.insert(position, pitch, zone) {
                audio.discard(zone);
            }
        }
        Delivery::Forget(position) => synth.pool.forget(position),
        Delivery::ForgetStale => synth.pool.forget_stale(),
    }
}
