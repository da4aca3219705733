//! One sounding note: the zones that it reads, crossfaded, with its envelope, filter, pitch and place.
//!
//! Runs on the audio thread; a fixed-size value, no allocation. What changes slowly is worked out every [`TICK`] samples of
//! the synth's clock, and at the note's start; the samples between follow, so that blocks of any length sound the same.
use super::align;
use super::envelope::Envelope;
use super::notes::{Channel, Expressions, held};
use super::pool::{Choice, Place, Pool};
use super::settings::Settings;

/// Samples between two looks at what changes slowly.
pub(super) const TICK: usize = 32;
/// Zones that one note reads at most: four at a point of the morph, and those that are being left.
const LAYERS: usize = 6;
/// Seconds of a crossfade from zone to zone.
const CROSSFADE: f32 = 0.03;
/// Seconds in which most of a step in level or place is made, so that pressure and pan do not click.
const SMOOTH: f32 = 0.005;
/// A step of this size is made at once, or it would never end.
const ARRIVED: f32 = 1e-3;
/// Seconds in which a voice that lost its place fades out.
const FADE: f32 = 0.005;
/// A note at full velocity.
const LEVEL: f32 = 0.3;
/// A voice this quiet (−100 dB) is over.
const INAUDIBLE: f32 = 1e-5;
/// Semitones of full vibrato.
const VIBRATO: f32 = 0.5;
/// One sample in a position.
const ONE: f64 = 4_294_967_296.0;

/// A zone that is being read.
#[derive(Clone, Copy, Debug)]
struct Layer {
    place: Option<Place>,
    /// Place in the zone and step, in 2^−32 samples; and how far it has been read, loops and all.
    position: u64,
    passed: u64,
    step: u64,
    /// How far the note has faded since the loop took hold, and by how much per sample.
    faded: f32,
    fading: f32,
    gain: f32,
    gain_step: f32,
    target: f32,
}

impl Layer {
    const NONE: Self = Self {
        place: None,
        position: 0,
        passed: 0,
        step: 0,
        faded: 1.0,
        fading: 1.0,
        gain: 0.0,
        gain_step: 0.0,
        target: 0.0,
    };

    /// Adds the next samples.
    fn render(&mut self, pool: &Pool, out: &mut [f32]) {
        let Some(zone) = self.place.and_then(|place| pool.zone(place)) else { return };
        let (start, end) = zone.loop_points();
        let (loop_start, loop_end) = ((start as u64) << 32, (end as u64) << 32);
        let length = loop_end - loop_start;
        for x in out {
            while self.position >= loop_end {
                self.position -= length;
            }
            let fraction = (self.position & 0xFFFF_FFFF) as f32 * (1.0 / 4_294_967_296.0);
            *x += zone.read((self.position >> 32) as usize, fraction) * self.gain * self.faded;
            self.gain += self.gain_step;
            if self.passed >= loop_start {
                self.faded *= self.fading;
            }
            self.position += self.step;
            self.passed = self.passed.saturating_add(self.step);
        }
    }
}

/// What a note begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub channel: u8,
    pub key: u8,
    pub id: Option<i32>,
    /// Count of notes; the same for all voices of a unison.
    pub note: u64,
    /// 0..=1.
    pub velocity: f32,
    /// Pitch from which it glides.
    pub from: Option<f32>,
    /// Semitones away from the key, as part of a unison, and its place among them, -1..=1.
    pub detune: f32,
    pub spread: f32,
}

/// See the file's head. An inactive voice is a free place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice {
    pub active: bool,
    pub start: Start,
    /// Order of starting.
    pub serial: u64,
    pub key_down: bool,
    pub sostenuto: bool,
    pub expressions: Expressions,
    layers: [Layer; LAYERS],
    envelope: Envelope,
    begun: bool,
    /// 1 down to 0 while it is faded out; the step is 0 until then.
    fade: f32,
    fade_step: f32,
    pitch: f32,
    filter: f32,
    filtered: [f32; 2],
    sides: [f32; 2],
    side_steps: [f32; 2],
    /// What the layers were chosen for; `None`: to be chosen anew.
    chosen: Option<(u64, (f32, f32))>,
}

/// What is the same for all voices at a tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now<'a> {
    pub settings: &'a Settings,
    pub channel: &'a Channel,
    /// Vibrato, -1..=1.
    pub wave: f32,
    pub rate: f32,
}

impl Voice {
    /// A free place.
    pub fn free() -> Self {
        let start = Start {
            channel: 0,
            key: 60,
            id: None,
            note: 0,
            velocity: 0.0,
            from: None,
            detune: 0.0,
            spread: 0.0,
        };
        Self {
            active: false,
            start,
            serial: 0,
            key_down: false,
            sostenuto: false,
            expressions: Expressions::default(),
            layers: [Layer::NONE; LAYERS],
            envelope: Envelope::new(Settings::default().adsr, 48_000.0),
            begun: false,
            fade: 1.0,
            fade_step: 0.0,
            pitch: 60.0,
            filter: 1.0,
            filtered: [0.0; 2],
            sides: [0.0; 2],
            side_steps: [0.0; 2],
            chosen: None,
        }
    }

    /// Begins a note with what the pool has for it now.
    pub fn begin(&mut self, start: Start, serial: u64, pool: &mut Pool, now: Now<'_>) {
        self.end(pool);
        *self = Self {
            active: true,
            start,
            serial,
            key_down: true,
            envelope: Envelope::new(now.settings.adsr, now.rate),
            pitch: start.from.unwrap_or(f32::from(start.key)),
            ..Self::free()
        };
        self.tick(pool, now);
        self.sides = self.target_sides(now);
        self.side_steps = [0.0; 2];
    }

    /// The voice is over: its zones go back.
    pub fn end(&mut self, pool: &mut Pool) {
        for layer in &mut self.layers {
            if let Some(place) = layer.place.take() {
                pool.put_back(place);
            }
        }
        self.active = false;
    }

    /// Whether it is being faded out.
    pub fn is_leaving(&self) -> bool {
        self.fade_step > 0.0
    }

    /// How much is left in a fade-out, 0..=1.
    pub fn fade(&self) -> f32 {
        self.fade
    }

    /// Whether it was let go.
    pub fn is_released(&self) -> bool {
        self.envelope.is_released()
    }

    /// Lets it go.
    pub fn release(&mut self, seconds: f32, rate: f32) {
        self.key_down = false;
        self.envelope.release(seconds, rate);
    }

    /// Fades it to silence within 5 ms.
    pub fn leave(&mut self, rate: f32) {
        self.key_down = false;
        self.fade_step = 1.0 / (FADE * rate).max(1.0);
    }

    /// What changes slowly.
    pub fn tick(&mut self, pool: &mut Pool, now: Now<'_>) {
        let Now { settings, channel, wave, rate } = now;
        let key = f32::from(self.start.key);
        if settings.glide > 0.0 {
            let from = self.start.from.unwrap_or(key);
            let step = (key - from).abs() * TICK as f32 / (settings.glide * rate);
            let way = key - self.pitch;
            self.pitch = if way.abs() <= step { key } else { self.pitch + step.copysign(way) };
        } else {
            self.pitch = key;
        }
        let point = settings.morph;
        if self.chosen != Some((pool.version(), point)) {
            let choice = pool.choose(self.start.key, point.0, point.1);
            self.chosen = self.follow(pool, &choice).then_some((pool.version(), point));
        }
        let vibrato = (channel.wheel + self.expressions.vibrato).min(1.0) * VIBRATO * wave;
        let bend = channel.bend * held(settings.bend_range, 0.0, 48.0);
        let tune = held(settings.tune, -48.0, 48.0) + self.expressions.tuning + self.start.detune;
        self.steer(pool, self.pitch + tune + bend + vibrato, rate);
        let target = self.target_sides(now);
        let share = 1.0 / (SMOOTH * rate).max(TICK as f32);
        for ((step, target), side) in self.side_steps.iter_mut().zip(target).zip(self.sides) {
            let way = target - side;
            *step = if way.abs() < ARRIVED { way / TICK as f32 } else { way * share };
        }
        self.filter = self.opening(now);
        // Far below what can be heard, and before the processor would slow down over it.
        self.filtered.iter_mut().filter(|x| x.abs() < 1e-20).for_each(|x| *x = 0.0);
    }

    /// Sets the layers' speed and crossfades; frees those that are silent.
    fn steer(&mut self, pool: &mut Pool, pitch: f32, rate: f32) {
        let most = TICK as f32 / (CROSSFADE * rate);
        for layer in &mut self.layers {
            let Some(place) = layer.place else { continue };
            if layer.target == 0.0 && layer.gain <= 1e-6 {
                pool.put_back(place);
                *layer = Layer::NONE;
                continue;
            }
            layer.gain_step = (layer.target - layer.gain).clamp(-most, most) / TICK as f32;
            if let Some(zone) = pool.zone(place) {
                let ratio = ((pitch - f32::from(zone.root())) / 12.0).exp2().clamp(1e-3, 1e3);
                let speed = f64::from(ratio) * zone.rate() / f64::from(rate);
                layer.step = (speed * ONE) as u64;
                layer.fading = (-f64::from(zone.decay()) * speed).exp() as f32;
            }
        }
    }

    /// Turns to other zones. `false`: not all found room yet.
    fn follow(&mut self, pool: &mut Pool, choice: &Choice) -> bool {
        for layer in &mut self.layers {
            let part = choice.parts().iter().find(|part| Some(part.0) == layer.place);
            layer.target = part.map_or(0.0, |part| part.1);
        }
        let mut settled = true;
        let first = !self.begun;
        for &(place, share) in choice.parts() {
            if self.layers.iter().any(|layer| layer.place == Some(place)) {
                continue;
            }
            let joined = self.join(pool, place);
            let Some(free) = self.layers.iter_mut().find(|layer| layer.place.is_none()) else {
                settled = false;
                continue;
            };
            pool.take(place);
            *free =
                Layer { place: Some(place), target: share, gain: if first { share } else { 0.0 }, ..joined };
        }
        self.begun = true;
        settled
    }

    /// Where a zone is to be read from, so that it goes on where the loudest of the others is.
    fn join(&self, pool: &Pool, place: Place) -> Layer {
        let loudest =
            self.layers.iter().filter(|l| l.place.is_some()).max_by(|a, b| a.gain.total_cmp(&b.gain));
        let read = |layer: &Layer| layer.place.and_then(|place| pool.zone(place));
        let Some((layer, from, to)) = loudest.and_then(|l| Some((l, read(l)?, pool.zone(place)?))) else {
            return Layer::NONE;
        };
        // The same time of the note.
        let ratio = to.rate() / from.rate();
        let passed = layer.passed as f64 / ONE * ratio;
        let (start, end) = to.loop_points();
        let mut position = passed;
        if position >= end as f64 {
            position = start as f64 + (position - start as f64) % (end - start) as f64;
        }
        let at = |position: f64| position as usize;
        let shift = align::shift(from, at(layer.position as f64 / ONE), to, at(position));
        // Rather a little later in the note than before its beginning.
        let shift = if position + shift < 0.0 { 0.0 } else { shift };
        let after = (passed + shift - start as f64).max(0.0);
        Layer {
            position: ((position + shift) * ONE) as u64,
            passed: ((passed + shift).max(0.0) * ONE) as u64,
            faded: (-f64::from(to.decay()) * after).exp() as f32,
            ..Layer::NONE
        }
    }

    fn target_sides(&self, now: Now<'_>) -> [f32; 2] {
        let (settings, own) = (now.settings, &self.expressions);
        let force = self.start.velocity;
        let softer = held(settings.velocity, 0.0, 1.0) * (1.0 - force * force.sqrt());
        let louder = 1.0 + (now.channel.pressure + own.pressure).min(1.0);
        let pedals = now.channel.expression * own.expression;
        let many = f32::from(settings.unison.clamp(1, 8)).sqrt();
        let level = LEVEL * (1.0 - softer) * louder * pedals * own.volume / many;
        // Constant power: a sound in the middle is as loud as at the side.
        let pan = held(settings.pan, -1.0, 1.0) + own.pan + self.start.spread;
        let angle = (pan.clamp(-1.0, 1.0) + 1.0) * std::f32::consts::FRAC_PI_4;
        [angle.cos(), angle.sin()].map(|side| level * side * std::f32::consts::SQRT_2)
    }

    /// The low pass: 1 lets everything through.
    fn opening(&self, now: Now<'_>) -> f32 {
        let settings = now.settings;
        let duller = held(settings.velocity_brightness, 0.0, 1.0) * (1.0 - self.start.velocity);
        let open = held(settings.brightness, 0.0, 1.0) - duller + self.expressions.brightness - 0.5;
        if open >= 1.0 {
            return 1.0;
        }
        let hertz = 150.0 * (7.0 * open.max(0.0)).exp2();
        1.0 - (-std::f32::consts::TAU * hertz / now.rate).exp()
    }

    /// Adds the next samples, at most [`TICK`].
    pub fn render(&mut self, pool: &mut Pool, left: &mut [f32], right: &mut [f32]) {
        let mut sound = [0.0; TICK];
        let sound = &mut sound[..left.len().min(TICK)];
        if self.begun {
            for layer in self.layers.iter_mut().filter(|l| l.place.is_some()) {
                layer.render(pool, sound);
            }
        }
        for ((x, l), r) in sound.iter().zip(left).zip(right) {
            // A note that waits for its first zone has not begun to rise.
            let level = if self.begun { self.envelope.next() } else { 0.0 };
            let [a, b] = &mut self.filtered;
            *a += self.filter * (x - *a);
            *b += self.filter * (*a - *b);
            let y = *b * level * self.fade;
            *l += y * self.sides[0];
            *r += y * self.sides[1];
            self.sides[0] += self.side_steps[0];
            self.sides[1] += self.side_steps[1];
            self.fade = (self.fade - self.fade_step).max(0.0);
        }
        let mut layers = self.layers.iter().filter(|l| l.place.is_some()).peekable();
        let faded = layers.peek().is_some() && layers.all(|l| l.faded < INAUDIBLE);
        if self.envelope.is_over() || self.fade == 0.0 || faded {
            self.end(pool);
        }
    }
}
