//! One sounding note: a recording or the warm synthesiser, with its envelope, filter, place and countdowns.
//!
//! Runs on the audio thread; a fixed-size value, no allocation.
use super::Sound;
use super::bank::Zone;
use super::kit::Choke;
use super::warm::Warm;

/// Countdown that never ends.
const NEVER: u32 = u32::MAX;
/// Below −80 dB a voice is over.
const INAUDIBLE: f32 = 1.0e-4;

#[derive(Clone, Copy, Debug)]
enum Source {
    /// Position and step in 2^−32 samples of the recording: exact, whatever the block size.
    Recording {
        zone: &'static Zone,
        position: u64,
        step: u64,
    },
    Warm(Warm),
}

/// What a voice is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub sound: Sound,
    pub pitch: u8,
    pub choke: Choke,
    /// Frames from now until the first one sounds.
    pub wait: u32,
    /// Peak.
    pub gain: f32,
    /// −1 … 1.
    pub pan: f32,
    /// Cut-off in Hz of the low pass with which softer notes are duller.
    pub brightness: f32,
    /// Seconds after which a held note has fallen by 8.7 dB; infinite for none.
    pub decay: f32,
    /// Seconds after which a released note has fallen by 8.7 dB.
    pub release: f32,
}

/// See the file's head. An inactive voice is a free place in the pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice {
    pub active: bool,
    pub sound: Sound,
    pub pitch: u8,
    pub choke: Choke,
    /// Order of starting.
    pub serial: u64,
    source: Source,
    wait: u32,
    begun: bool,
    release_in: u32,
    fade_in: u32,
    fade_step_next: f32,
    /// 1 down to 0 while the voice is faded out; the step is 0 until then.
    fade: f32,
    fade_step: f32,
    level: f32,
    level_factor: f32,
    release_factor: f32,
    filter: f32,
    filtered: f32,
    left: f32,
    right: f32,
}

impl Voice {
    /// A free place.
    pub fn free() -> Self {
        Self {
            active: false,
            sound: Sound::Drums,
            pitch: 0,
            choke: Choke::None,
            serial: 0,
            source: Source::Warm(Warm::new(60.0, 0.0, 48_000.0)),
            wait: 0,
            begun: false,
            release_in: NEVER,
            fade_in: NEVER,
            fade_step_next: 0.0,
            fade: 1.0,
            fade_step: 0.0,
            level: 0.0,
            level_factor: 1.0,
            release_factor: 1.0,
            filter: 1.0,
            filtered: 0.0,
            left: 0.0,
            right: 0.0,
        }
    }

    /// A recording, `semitones` above the pitch at which it was made.
    pub fn recording(start: Start, zone: &'static Zone, semitones: f32, rate: f32, serial: u64) -> Self {
        let ratio = f64::from(zone.rate) / f64::from(rate) * (f64::from(semitones) / 12.0).exp2();
        let step = (ratio * 4_294_967_296.0) as u64;
        Self::new(start, Source::Recording { zone, position: 0, step }, rate, serial)
    }

    /// The warm synthesiser; `velocity` 0..=1.
    pub fn warm(start: Start, velocity: f32, rate: f32, serial: u64) -> Self {
        let warm = Warm::new(f32::from(start.pitch), velocity, rate);
        Self::new(start, Source::Warm(warm), rate, serial)
    }

    fn new(start: Start, source: Source, rate: f32, serial: u64) -> Self {
        // Constant power: a sound in the middle is as loud as at the side.
        let angle = (start.pan.clamp(-1.0, 1.0) + 1.0) * std::f32::consts::FRAC_PI_4;
        Self {
            active: true,
            sound: start.sound,
            pitch: start.pitch,
            choke: start.choke,
            serial,
            source,
            wait: start.wait,
            level: 1.0,
            level_factor: (-1.0 / (start.decay * rate)).exp(),
            release_factor: (-1.0 / (start.release * rate)).exp(),
            filter: 1.0 - (-std::f32::consts::TAU * start.brightness / rate).exp(),
            left: start.gain * angle.cos() * std::f32::consts::SQRT_2,
            right: start.gain * angle.sin() * std::f32::consts::SQRT_2,
            ..Self::free()
        }
    }

    /// Whether it is neither released nor being faded out, now or later.
    pub fn is_held(&self) -> bool {
        self.active && self.release_in == NEVER && !self.is_leaving()
    }

    /// Whether it is being faded out, or will be.
    pub fn is_leaving(&self) -> bool {
        self.fade_in != NEVER || self.fade_step > 0.0
    }

    /// How much of it is left in a fade-out, 0..=1.
    pub fn fade(&self) -> f32 {
        self.fade
    }

    /// Whether no frame of it has sounded.
    pub fn is_waiting(&self) -> bool {
        !self.begun
    }

    /// Releases it `frames` from now, but not before it has begun.
    pub fn release_in(&mut self, frames: u32) {
        self.release_in = frames.max(self.wait.saturating_add(1));
    }

    /// Fades it to exact silence over `length` frames, from `frames` from now on. A fade that runs already goes on
    /// unless the new one is faster.
    pub fn fade_in(&mut self, frames: u32, length: f32) {
        let step = 1.0 / length.max(1.0);
        if self.fade_step > 0.0 {
            self.fade_step = self.fade_step.max(step);
        } else if frames <= self.fade_in {
            self.fade_in = frames;
            self.fade_step_next = step;
        }
    }

    /// Adds the next frames to `left` and `right`, which are equally long.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len();
        let first = frames.min(self.wait as usize);
        self.wait -= first as u32;
        self.begun |= first < frames;
        for countdown in [&mut self.release_in, &mut self.fade_in] {
            if *countdown != NEVER {
                *countdown = countdown.saturating_sub(first as u32);
            }
        }
        for (l, r) in left[first..].iter_mut().zip(&mut right[first..]) {
            if self.fade_in != NEVER {
                if self.fade_in == 0 {
                    (self.fade_in, self.fade_step) = (NEVER, self.fade_step_next);
                } else {
                    self.fade_in -= 1;
                }
            }
            if self.release_in != NEVER {
                if self.release_in == 0 {
                    self.level_factor = self.level_factor.min(self.release_factor);
                } else {
                    self.release_in -= 1;
                }
            }
            let Some(x) = self.next() else {
                self.active = false;
                return;
            };
            *l += x * self.left;
            *r += x * self.right;
        }
    }

    #[inline]
    fn next(&mut self) -> Option<f32> {
        let x = match &mut self.source {
            Source::Recording { zone, position, step } => {
                let index = (*position >> 32) as usize;
                if index >= zone.len() {
                    return None;
                }
                let fraction = (*position & 0xFFFF_FFFF) as f32 * (1.0 / 4_294_967_296.0);
                *position += *step;
                zone.read(index, fraction)
            }
            Source::Warm(warm) => warm.next(),
        };
        self.filtered += self.filter * (x - self.filtered);
        let y = self.filtered * self.level * self.fade;
        self.level *= self.level_factor;
        self.fade -= self.fade_step;
        (self.level > INAUDIBLE && self.fade > 0.0).then_some(y)
    }
}
