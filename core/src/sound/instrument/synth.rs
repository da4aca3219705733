//! [`Synth`]: all voices. Events take effect with the next sample that is rendered; who has events within a block renders
//! up to each.
//!
//! Runs on the audio thread: it allocates in [`Synth::new`] only, never frees, locks, waits or logs. The same events at the
//! same samples give the same bits, however the time between is cut into blocks.
use super::notes::{Channel, Controller, Expression, Which, held};
use super::pool::Pool;
use super::settings::Settings;
use super::voice::{Now, Start, TICK, Voice};
use crate::sound::audition::soft_limit;

/// Most voices at once.
pub const MOST_VOICES: usize = 64;
/// As many again can fade out.
const VOICES: usize = 2 * MOST_VOICES;
/// Ends of notes that are remembered until somebody asks.
const MOST_ENDED: usize = 4 * VOICES;
/// Vibrato in Hz.
const VIBRATO: f64 = 5.5;
const CHANNELS: usize = 16;

/// See the file's head.
#[derive(Debug)]
pub struct Synth {
    voices: Box<[Voice]>,
    /// The zones.
    pub pool: Pool,
    channels: [Channel; CHANNELS],
    settings: Settings,
    rate: f32,
    clock: u64,
    serial: u64,
    notes: u64,
    ended: Vec<Which>,
    gain: f32,
    glide: f32,
}

impl Default for Synth {
    fn default() -> Self {
        Self::new()
    }
}

impl Synth {
    /// An instrument at 48 kHz with nothing but a plain tone. Allocates; nothing later does.
    #[must_use]
    pub fn new() -> Self {
        let mut synth = Self {
            voices: vec![Voice::free(); VOICES].into(),
            pool: Pool::new(),
            channels: [Channel::default(); CHANNELS],
            settings: Settings::default(),
            rate: 48_000.0,
            clock: 0,
            serial: 0,
            notes: 0,
            ended: Vec::with_capacity(MOST_ENDED),
            gain: 1.0,
            glide: 1.0,
        };
        synth.prepare(48_000.0);
        synth
    }

    /// Sets the sample rate in Hz (held within 1,000..=768,000) and silences everything at once.
    pub fn prepare(&mut self, rate: f32) {
        self.rate = if rate.is_finite() { rate.clamp(1_000.0, 768_000.0) } else { 48_000.0 };
        self.glide = 1.0 - (-1.0 / (0.02 * self.rate)).exp();
        self.reset();
    }

    /// Silence at once, controllers as at first.
    pub fn reset(&mut self) {
        for place in 0..VOICES {
            if self.voices[place].active {
                self.voices[place].end(&mut self.pool);
                self.note_end(place);
            }
        }
        self.channels = [Channel::default(); CHANNELS];
        self.clock = 0;
        self.gain = held(self.settings.gain, 0.0, 8.0);
    }

    /// What is set from now on.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// What is set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A key goes down. `velocity` 0..=1.
    pub fn note_on(&mut self, channel: u8, key: u8, id: Option<i32>, velocity: f32) {
        let (channel, key) = (channel % CHANNELS as u8, key.min(127));
        let unison = self.settings.unison.clamp(1, 8);
        let from = self.channels[usize::from(channel)].last.filter(|_| self.settings.glide > 0.0);
        self.notes += 1;
        for n in 0..unison {
            let spread = if unison > 1 { 2.0 * f32::from(n) / f32::from(unison - 1) - 1.0 } else { 0.0 };
            let start = Start {
                channel,
                key,
                id,
                note: self.notes,
                velocity: held(velocity, 0.0, 1.0),
                from,
                detune: spread * held(self.settings.detune, 0.0, 200.0) / 200.0,
                spread: spread * held(self.settings.width, 0.0, 1.0),
            };
            let place = self.make_room(usize::from(unison));
            if self.voices[place].active {
                self.voices[place].end(&mut self.pool);
                self.note_end(place);
            }
            self.serial += 1;
            let now = now(&self.settings, &self.channels, channel, self.clock, self.rate);
            self.voices[place].begin(start, self.serial, &mut self.pool, now);
        }
        self.channels[usize::from(channel)].last = Some(f32::from(key));
    }

    /// Keys go up.
    pub fn note_off(&mut self, which: Which) {
        let (channels, seconds, rate) = (&self.channels, self.settings.adsr.release, self.rate);
        for voice in self.voices.iter_mut().filter(|v| v.active && v.key_down && named(which, v)) {
            voice.key_down = false;
            if !channels[usize::from(voice.start.channel)].sustain && !voice.sostenuto {
                voice.release(seconds, rate);
            }
        }
    }

    /// Notes end now, with a fade of 5 ms.
    pub fn choke(&mut self, which: Which) {
        let rate = self.rate;
        self.voices.iter_mut().filter(|v| v.active && named(which, v)).for_each(|v| v.leave(rate));
    }

    /// Something about single notes changes.
    pub fn express(&mut self, which: Which, expression: Expression) {
        for voice in self.voices.iter_mut().filter(|v| v.active && named(which, v)) {
            voice.expressions.set(expression);
        }
    }

    /// A controller of a channel moves.
    pub fn control(&mut self, channel: u8, controller: Controller) {
        let channel = channel % CHANNELS as u8;
        let state = &mut self.channels[usize::from(channel)];
        let unit = |x: f32| held(x, 0.0, 1.0);
        match controller {
            Controller::ModWheel(x) => state.wheel = unit(x),
            Controller::Pressure(x) => state.pressure = unit(x),
            Controller::Expression(x) => state.expression = unit(x),
            Controller::Bend(x) => state.bend = if x.is_finite() { 2.0 * unit(x) - 1.0 } else { 0.0 },
            Controller::Sustain(on) => {
                state.sustain = on;
                self.let_go(channel);
            }
            Controller::Sostenuto(on) => {
                let pressed = on && !std::mem::replace(&mut state.sostenuto, on);
                for voice in self.voices.iter_mut().filter(|v| v.active && v.start.channel == channel) {
                    voice.sostenuto = if pressed { voice.key_down } else { voice.sostenuto && on };
                }
                self.let_go(channel);
            }
            Controller::Reset => {
                *state = Channel { last: state.last, ..Channel::default() };
                self.control(channel, Controller::Sostenuto(false));
            }
            Controller::NotesOff => self.note_off(Which { channel: Some(channel), ..Which::default() }),
            Controller::SoundOff => self.choke(Which { channel: Some(channel), ..Which::default() }),
        }
    }

    /// Releases the notes that no key and no pedal holds any more.
    fn let_go(&mut self, channel: u8) {
        let held = self.channels[usize::from(channel)].sustain;
        let (seconds, rate) = (self.settings.adsr.release, self.rate);
        let free = |v: &&mut Voice| v.active && v.start.channel == channel && !v.key_down && !v.sostenuto;
        if !held {
            self.voices
                .iter_mut()
                .filter(free)
                .filter(|v| !v.is_released())
                .for_each(|v| v.release(seconds, rate));
        }
    }

    /// Writes the next samples over `left` and `right`; the shorter one decides how many.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len());
        let (mut left, mut right) = (&mut left[..frames], &mut right[..frames]);
        while !left.is_empty() {
            let within = (self.clock % TICK as u64) as usize;
            if within == 0 {
                self.tick();
            }
            let frames = left.len().min(TICK - within);
            let (l, rest_left) = left.split_at_mut(frames);
            let (r, rest_right) = right.split_at_mut(frames);
            self.part(l, r);
            self.clock += frames as u64;
            (left, right) = (rest_left, rest_right);
        }
    }

    fn tick(&mut self) {
        for voice in self.voices.iter_mut().filter(|v| v.active) {
            let channel = voice.start.channel;
            let now = now(&self.settings, &self.channels, channel, self.clock, self.rate);
            voice.tick(&mut self.pool, now);
        }
    }

    fn part(&mut self, left: &mut [f32], right: &mut [f32]) {
        left.fill(0.0);
        right.fill(0.0);
        for place in 0..VOICES {
            if self.voices[place].active {
                self.voices[place].render(&mut self.pool, left, right);
                if !self.voices[place].active {
                    self.note_end(place);
                }
            }
        }
        let target = held(self.settings.gain, 0.0, 8.0);
        for (l, r) in left.iter_mut().zip(right) {
            self.gain += self.glide * (target - self.gain);
            *l = soft_limit(*l * self.gain);
            *r = soft_limit(*r * self.gain);
        }
        if (self.gain - target).abs() < 1e-7 {
            self.gain = target;
        }
    }

    /// A voice has ended. Its note has if it was the last of a unison.
    fn note_end(&mut self, place: usize) {
        let Start { channel, key, id, note, .. } = self.voices[place].start;
        let sounds_on = self.voices.iter().any(|v| v.active && v.start.note == note);
        if !sounds_on && self.ended.len() < MOST_ENDED {
            self.ended.push(Which { channel: Some(channel), key: Some(key), id });
        }
    }

    /// The next of the notes that have ended since the last call; those are forgotten that nobody asks for.
    pub fn ended(&mut self) -> Option<Which> {
        self.ended.pop()
    }

    /// A free place for one of a note's `unison` voices. If too many sound, the oldest one (a released one first) fades
    /// out from now on; if no place is free, the one furthest in its fade-out ends.
    fn make_room(&mut self, unison: usize) -> usize {
        let polyphony = usize::from(self.settings.polyphony).clamp(unison, MOST_VOICES);
        let rate = self.rate;
        let staying = self.voices.iter_mut().filter(|v| v.active && !v.is_leaving());
        let (mut count, mut oldest) = (0, None::<&mut Voice>);
        for voice in staying {
            count += 1;
            let age = (!voice.is_released(), voice.serial);
            if oldest.as_ref().is_none_or(|o| age < (!o.is_released(), o.serial)) {
                oldest = Some(voice);
            }
        }
        if let Some(voice) = oldest.filter(|_| count >= polyphony) {
            voice.leave(rate);
        }
        let place = |v: &Voice| (v.active, v.fade());
        let best = self.voices.iter().enumerate().min_by(|(_, a), (_, b)| {
            let ((a, fade_a), (b, fade_b)) = (place(a), place(b));
            a.cmp(&b).then(fade_a.total_cmp(&fade_b))
        });
        best.map_or(0, |(index, _)| index)
    }

    /// Voices that sound, fade out or wait for their first zone; at most 128.
    #[must_use]
    pub fn active_voices(&self) -> usize {
        self.voices.iter().filter(|v| v.active).count()
    }

    /// Pitches whose keys or pedals hold them, as bits.
    #[must_use]
    pub fn held(&self) -> u128 {
        let held = self.voices.iter().filter(|v| v.active && !v.is_leaving() && !v.is_released());
        held.fold(0, |bits, v| bits | 1 << v.start.key)
    }

    /// The first zone that a sounding note wants and does not have.
    #[must_use]
    pub fn missing(&self) -> Option<(super::Position, u8)> {
        let (x, y) = self.settings.morph;
        let sounding = self.voices.iter().filter(|v| v.active && !v.is_leaving());
        sounding.filter_map(|v| self.pool.missing(v.start.key, x, y)).next()
    }
}

fn named(which: Which, voice: &Voice) -> bool {
    which.is(voice.start.channel, voice.start.key, voice.start.id)
}

fn now<'a>(
    settings: &'a Settings,
    channels: &'a [Channel; CHANNELS],
    channel: u8,
    clock: u64,
    rate: f32,
) -> Now<'a> {
    let turns = VIBRATO * clock as f64 / f64::from(rate);
    let wave = (turns.fract() * std::f64::consts::TAU).sin() as f32;
    Now { settings, channel: &channels[usize::from(channel) % CHANNELS], wave, rate }
}
