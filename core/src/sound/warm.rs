//! The warm sound: two detuned saws and a sine below them through a low pass that closes a little after the attack.
//!
//! Runs on the audio thread; no allocation.

#[derive(Clone, Copy, Debug)]
pub(super) struct Warm {
    phase: [u32; 3],
    step: [u32; 3],
    attack: f32,
    level: f32,
    cutoff: f32,
    cutoff_rest: f32,
    cutoff_fall: f32,
    low: [f32; 2],
}

impl Warm {
    /// A note of `pitch` (MIDI, may be fractional) at `rate` frames per second; `velocity` 0..=1 opens the filter.
    pub fn new(pitch: f32, velocity: f32, rate: f32) -> Self {
        let hertz = 440.0 * ((pitch - 69.0) / 12.0).exp2();
        let step = |hz: f32| (f64::from(hz / rate).clamp(0.0, 0.49) * 4_294_967_296.0) as u32;
        // Low notes may open further in proportion: they have no brightness of their own.
        let open = (hertz * (3.0 + 9.0 * velocity) + 250.0).min(9_000.0).min(0.4 * rate);
        let coefficient = |hz: f32| 1.0 - (-std::f32::consts::TAU * hz / rate).exp();
        Self {
            // The saws start away from their jump and from each other; every part starts above zero.
            phase: [0xB000_0000, 0xD800_0000, 0x1000_0000],
            step: [step(hertz * 1.0030), step(hertz * 0.9970), step(hertz * 0.5)],
            attack: 1.0 - (-1.0 / (0.004 * rate)).exp(),
            level: 0.0,
            cutoff: coefficient(open),
            cutoff_rest: coefficient(open * 0.45),
            cutoff_fall: 1.0 - (-1.0 / (0.35 * rate)).exp(),
            low: [0.0; 2],
        }
    }

    #[inline]
    pub fn next(&mut self) -> f32 {
        let x = 0.42 * (saw(self.phase[0], self.step[0]) + saw(self.phase[1], self.step[1]))
            + 0.45 * sine(self.phase[2]);
        for (phase, step) in self.phase.iter_mut().zip(self.step) {
            *phase = phase.wrapping_add(step);
        }
        self.level += self.attack * (1.0 - self.level);
        self.cutoff += self.cutoff_fall * (self.cutoff_rest - self.cutoff);
        self.low[0] += self.cutoff * (x - self.low[0]);
        self.low[1] += self.cutoff * (self.low[0] - self.low[1]);
        self.low[1] * self.level
    }
}

/// Phase as a fraction of a turn.
#[inline]
fn turn(phase: u32) -> f32 {
    phase as f32 * (1.0 / 4_294_967_296.0)
}

/// A rising saw −1..1 whose jump is rounded over two samples (polynomial band limiting), against aliasing.
#[inline]
fn saw(phase: u32, step: u32) -> f32 {
    let (t, dt) = (turn(phase), turn(step).max(1.0e-6));
    let rounding = if t < dt {
        let x = t / dt;
        x + x - x * x - 1.0
    } else if t > 1.0 - dt {
        let x = (t - 1.0) / dt;
        x * x + x + x + 1.0
    } else {
        0.0
    };
    2.0 * t - 1.0 - rounding
}

/// A sine by two parabolas with one correction: 0.1 % distortion, far below the saws' overtones.
#[inline]
fn sine(phase: u32) -> f32 {
    let t = turn(phase) - if phase >= 0x8000_0000 { 1.0 } else { 0.0 };
    let y = 8.0 * t - 16.0 * t * t.abs();
    0.225 * (y * y.abs() - y) + y
}
