//! [`Adsr`]: how a note comes and goes.
//!
//! Runs on the audio thread, sample by sample, so that the result does not depend on the host's blocks. Lines, as in the
//! source's envelope (10 ms up, 300 ms down): a release always ends.
use super::notes::held;

/// Shortest attack and release in seconds: less clicks.
const SHORTEST: f32 = 0.001;

/// Times in seconds, the level 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Adsr {
    pub attack: f32,
    pub decay: f32,
    pub sustain: f32,
    pub release: f32,
}

impl Default for Adsr {
    fn default() -> Self {
        Self { attack: 0.01, decay: 0.5, sustain: 1.0, release: 0.3 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Attack,
    Decay,
    Hold,
    Release,
    Over,
}

/// One note's envelope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    stage: Stage,
    level: f32,
    up: f32,
    down: f32,
    sustain: f32,
    release: f32,
}

fn step(seconds: f32, rate: f32) -> f32 {
    1.0 / (seconds.max(SHORTEST) * rate).max(1.0)
}

impl Envelope {
    pub fn new(adsr: Adsr, rate: f32) -> Self {
        let sustain = held(adsr.sustain, 0.0, 1.0);
        Self {
            stage: Stage::Attack,
            level: 0.0,
            up: step(adsr.attack, rate),
            down: (1.0 - sustain) * step(adsr.decay, rate),
            sustain,
            release: 0.0,
        }
    }

    /// Falls to nothing over `seconds` from where it is. A fall that has begun goes on, unless this one is faster.
    pub fn release(&mut self, seconds: f32, rate: f32) {
        let fall = self.level * step(seconds, rate);
        match self.stage {
            Stage::Over => {}
            // Let go before its first sample.
            _ if self.level == 0.0 => self.stage = Stage::Over,
            Stage::Release => self.release = self.release.max(fall),
            _ => (self.stage, self.release) = (Stage::Release, fall),
        }
    }

    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub fn is_released(&self) -> bool {
        matches!(self.stage, Stage::Release | Stage::Over)
    }

    /// The level of the next sample.
    #[inline]
    pub fn next(&mut self) -> f32 {
        match self.stage {
            Stage::Hold => {}
            Stage::Attack => {
                self.level += self.up;
                if self.level >= 1.0 {
                    (self.level, self.stage) = (1.0, Stage::Decay);
                }
            }
            Stage::Decay => {
                self.level -= self.down;
                if self.level <= self.sustain || self.down == 0.0 {
                    (self.level, self.stage) = (self.sustain, Stage::Hold);
                }
            }
            Stage::Release => {
                self.level -= self.release;
                if self.level <= 0.0 {
                    (self.level, self.stage) = (0.0, Stage::Over);
                }
            }
            Stage::Over => return 0.0,
        }
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_samples_up_five_down_to_the_half_and_ten_out() {
        let adsr = Adsr { attack: 0.01, decay: 0.005, sustain: 0.5, release: 0.01 };
        let mut envelope = Envelope::new(adsr, 1_000.0);
        let take = |e: &mut Envelope, n: usize| (0..n).map(|_| e.next()).collect::<Vec<f32>>();
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(&take(&mut envelope, 10), &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]));
        assert!(close(&take(&mut envelope, 7), &[0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5]));
        envelope.release(adsr.release, 1_000.0);
        assert!(close(&take(&mut envelope, 4), &[0.45, 0.4, 0.35, 0.3]) && envelope.is_released());
        take(&mut envelope, 7);
        assert!(envelope.is_over() && envelope.next() == 0.0);
    }

    #[test]
    fn a_note_let_go_before_its_first_sample_is_over() {
        let mut envelope = Envelope::new(Adsr::default(), 48_000.0);
        envelope.release(0.3, 48_000.0);
        assert!(envelope.is_over());
    }
}
