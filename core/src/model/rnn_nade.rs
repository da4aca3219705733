//! Stepping an RNN-NADE: an LSTM gives the biases of a NADE, and the NADE decides the keys of the next frame.
//!
//! Worker thread. Source: Pianoroll RNN-NADE of the Magenta project (`rnn-nade`, `rnn-nade_attn`); parity is
//! held by the golden files `c_nade.json` and `f_generate.json` (reference semantics around it:
//! [`super::compat_pianoroll`]). A sequence starts from a silent frame. Knows frames; clips are `tool`'s.
use super::event_rnn::{WriteError, look};
use crate::codec::Frame;
use crate::codec::encoding::SparseVector;
use crate::codec::pianoroll::KEYS;
use crate::nn::{LstmStack, Nade, NadeRoom, StackState, math};
use crate::sampling::{DensityControl, Rng};
use crate::tool::Cancel;

/// Keeps the logarithm of a probability finite, as in training.
const EPSILON: f32 = 1e-6;

/// The two networks.
#[derive(Clone, Copy, Debug)]
pub struct RnnNade<'a> {
    /// Frame → biases.
    pub stack: &'a LstmStack,
    /// Biases → frame.
    pub nade: &'a Nade,
}

/// How the keys of a frame are decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decide {
    /// A key sounds if its probability is at least one half: what the reference does.
    Threshold,
    /// A key sounds by chance: the probability is the sigmoid of its logit divided by this temperature, which
    /// is above 0.
    Bernoulli(f32),
}

/// What a sequence has left behind in the network: ready for the next frame.
#[derive(Clone, Debug)]
pub struct PrimedRoll {
    /// The network's memory, one lane.
    pub state: StackState,
    /// Biases of the next frame.
    pub biases: Vec<f32>,
    /// The last frame; keys that sound in the next one but not in it are struck.
    pub last: Frame,
}

/// How takes are written.
#[derive(Clone, Copy, Debug)]
pub struct RollOptions<'a> {
    /// Frames to write.
    pub steps: usize,
    /// How keys are decided.
    pub decide: Decide,
    /// One per take.
    pub seeds: &'a [u32],
    /// What frames may hold.
    pub limits: RollLimits,
    /// Keys struck per step, if they are steered.
    pub density: Option<&'a DensityControl>,
}

/// What a frame may hold. Keys that may not sound are decided to be silent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RollLimits {
    /// Keys that may sound.
    pub allowed: Frame,
    /// Most keys at once; the lowest come first, as they are decided.
    pub most: usize,
    /// The frame before.
    pub before: Frame,
    /// Added to the logits of keys that it does not hold.
    pub bias: f32,
}

impl RollLimits {
    /// Anything goes.
    pub const NONE: Self = Self { allowed: Frame::ALL, most: KEYS, before: Frame::EMPTY, bias: 0.0 };
}

/// One take's frames.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenRoll {
    /// The new frames only.
    pub frames: Vec<Frame>,
    /// Sum of natural-log probabilities of the frames, at temperature 1.
    pub log_likelihood: f64,
}

impl RnnNade<'_> {
    /// The state before the first frame: zero, without biases fed by anything.
    #[must_use]
    pub fn zero(&self) -> PrimedRoll {
        PrimedRoll { state: self.stack.state(1), biases: vec![0.0; self.nade.biases()], last: Frame::EMPTY }
    }

    /// Feeds one frame to the network.
    ///
    /// # Errors
    /// Weights that do not belong together or blow up.
    pub fn advance(&self, primed: &mut PrimedRoll, frame: Frame) -> Result<(), WriteError> {
        let mut input = [SparseVector::new()];
        frame.input(&mut input[0]);
        self.stack.step(&mut primed.state, &input, &mut primed.biases)?;
        primed.last = frame;
        finite(&primed.biases)
    }

    /// Feeds a silent frame and then `frames`: the biases are those of the next frame.
    ///
    /// # Errors
    /// As [`Self::advance`]; cancellation.
    pub fn prime(&self, frames: &[Frame], cancel: &Cancel) -> Result<PrimedRoll, WriteError> {
        let mut primed = self.zero();
        for &frame in [Frame::EMPTY].iter().chain(frames) {
            look(cancel)?;
            self.advance(&mut primed, frame)?;
        }
        Ok(primed)
    }

    /// Natural-log probability of `frame` given the biases, key by key: calls `seen(key, probability)`.
    ///
    /// # Errors
    /// The wrong number of biases.
    pub fn score(
        &self,
        biases: &[f32],
        frame: Frame,
        room: &mut NadeRoom,
        mut seen: impl FnMut(usize, f32),
    ) -> Result<f64, WriteError> {
        let mut sum = 0.0;
        self.nade.walk(biases, room, |key, logit| {
            let sounds = u8::try_from(key).is_ok_and(|key| frame.contains(key));
            let p = math::sigmoid(logit);
            seen(key, p);
            sum += log_probability(p, sounds);
            sounds
        })?;
        Ok(sum)
    }

    /// Natural-log probability of each frame of a sequence, the first one included.
    ///
    /// # Errors
    /// As [`Self::prime`].
    pub fn log_likelihoods(&self, frames: &[Frame], cancel: &Cancel) -> Result<Vec<f64>, WriteError> {
        let mut primed = self.prime(&[], cancel)?;
        let mut room = NadeRoom::default();
        let mut all = Vec::with_capacity(frames.len());
        for &frame in frames {
            look(cancel)?;
            all.push(self.score(&primed.biases, frame, &mut room, |_, _| {})?);
            self.advance(&mut primed, frame)?;
        }
        Ok(all)
    }

    /// Decides one frame within `limits`: the frame and its natural-log probability at temperature 1.
    /// `uniform(key)` is in `0.0..1.0` and asked for only where chance decides.
    ///
    /// # Errors
    /// The wrong number of biases.
    pub fn sample(
        &self,
        biases: &[f32],
        decide: Decide,
        limits: RollLimits,
        room: &mut NadeRoom,
        mut uniform: impl FnMut(usize) -> f64,
    ) -> Result<(Frame, f64), WriteError> {
        let mut frame = Frame::EMPTY;
        let (mut sum, mut left) = (0.0, limits.most);
        self.nade.walk(biases, room, |key, logit| {
            let p = math::sigmoid(logit);
            let index = u8::try_from(key).ok().filter(|&key| limits.allowed.contains(key) && left > 0);
            let sounds = index.is_some() && {
                let held = index.is_some_and(|key| limits.before.contains(key));
                let steered = if held { logit } else { logit + limits.bias };
                match decide {
                    Decide::Threshold => math::sigmoid(steered) >= 0.5,
                    Decide::Bernoulli(t) => uniform(key) < f64::from(math::sigmoid(steered / t.max(1e-6))),
                }
            };
            sum += log_probability(p, sounds);
            if let (true, Some(key)) = (sounds, index) {
                frame.insert(key);
                left -= 1;
            }
            sounds
        })?;
        Ok((frame, sum))
    }

    /// Writes one take per seed after `primed`. A take does not depend on the others.
    ///
    /// # Errors
    /// Cancellation, checked at every step; unusable weights.
    pub fn write(
        &self,
        primed: &PrimedRoll,
        options: RollOptions<'_>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<WrittenRoll>, WriteError> {
        // Without chance all takes are equal: one is written and copied.
        let takes = options.seeds.len();
        let lanes = if options.decide == Decide::Threshold { takes.min(1) } else { takes };
        let mut state = primed.state.clone();
        state.broadcast(lanes)?;
        let mut biases = primed.biases.repeat(lanes);
        let mut inputs = vec![SparseVector::new(); lanes];
        let mut room = NadeRoom::default();
        let mut written = vec![WrittenRoll { frames: Vec::new(), log_likelihood: 0.0 }; lanes];
        let mut densities = vec![options.density.cloned(); lanes];
        for step in 0..options.steps {
            look(cancel)?;
            let rows = biases.chunks_exact(self.nade.biases()).zip(options.seeds);
            let lanes = rows.zip(&mut written).zip(&mut inputs).zip(&mut densities);
            for ((((row, &seed), take), input), density) in lanes {
                let rng = Rng::new(seed);
                let before = take.frames.last().copied().unwrap_or(primed.last);
                let bias = density.as_ref().map_or(0.0, DensityControl::bias);
                let limits = RollLimits { before, bias, ..options.limits };
                let (frame, log_probability) =
                    self.sample(row, options.decide, limits, &mut room, |key| {
                        rng.at(step as u64, key as u64)
                    })?;
                if let Some(density) = density {
                    let struck = frame.keys().filter(|&key| !before.contains(key)).count();
                    density.record(u8::try_from(struck).unwrap_or(u8::MAX));
                }
                take.frames.push(frame);
                take.log_likelihood += log_probability;
                frame.input(input);
            }
            if step + 1 < options.steps {
                self.stack.step(&mut state, &inputs, &mut biases)?;
                finite(&biases)?;
            }
            progress((step + 1) as f32 / options.steps as f32);
        }
        let copies = takes - written.len();
        written.extend(written.first().cloned().into_iter().cycle().take(copies));
        Ok(written)
    }
}

fn log_probability(p: f32, sounds: bool) -> f64 {
    f64::from(math::ln(EPSILON + if sounds { p } else { 1.0 - p }))
}

fn finite(biases: &[f32]) -> Result<(), WriteError> {
    if biases.iter().all(|b| b.is_finite()) { Ok(()) } else { Err(WriteError::NotFinite) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;

    fn frames(labels: &[u128]) -> Vec<Frame> {
        labels.iter().filter_map(|&label| Frame::from_label(label)).collect()
    }

    fn options(decide: Decide, seeds: &[u32]) -> RollOptions<'_> {
        RollOptions { steps: 6, decide, seeds, limits: RollLimits::NONE, density: None }
    }

    #[test]
    fn a_take_depends_on_its_own_seed_only() {
        let model = testing::model("rnn-nade_attn");
        let rnn = model.rnn_nade().expect("an RNN-NADE");
        let cancel = Cancel::default();
        let primed = rnn.prime(&frames(&[1 << 40, 3 << 40]), &cancel).expect("fits");
        let write = |seeds: &[u32]| {
            rnn.write(&primed, options(Decide::Bernoulli(1.0), seeds), &cancel, &mut |_| {}).expect("written")
        };
        let both = write(&[1, 2]);
        assert_eq!(both[1..], write(&[2])[..]);
        assert_ne!(both[0], both[1]);
        assert!(write(&[]).is_empty());
    }

    #[test]
    fn without_chance_all_takes_are_equal_and_low_temperatures_come_close() {
        let model = testing::model("rnn-nade");
        let rnn = model.rnn_nade().expect("an RNN-NADE");
        let cancel = Cancel::default();
        let primed = rnn.prime(&[], &cancel).expect("fits");
        let write =
            |decide| rnn.write(&primed, options(decide, &[1, 2]), &cancel, &mut |_| {}).expect("written");
        let plain = write(Decide::Threshold);
        assert_eq!(plain[0], plain[1]);
        assert_eq!(plain[0].frames, write(Decide::Bernoulli(1e-6))[1].frames);
        assert_ne!(plain[0].frames, write(Decide::Bernoulli(1.0))[1].frames);
    }

    #[test]
    fn the_likelihood_of_a_take_is_that_of_its_frames() {
        let model = testing::model("rnn-nade");
        let rnn = model.rnn_nade().expect("an RNN-NADE");
        let cancel = Cancel::default();
        let primed = rnn.prime(&[], &cancel).expect("fits");
        let take = options(Decide::Bernoulli(0.8), &[7]);
        let written = rnn.write(&primed, take, &cancel, &mut |_| {}).expect("written").remove(0);
        let scored: f64 = rnn.log_likelihoods(&written.frames, &cancel).expect("fits").iter().sum();
        assert!((scored - written.log_likelihood).abs() < 1e-9, "{scored}, {}", written.log_likelihood);
    }

    #[test]
    fn only_allowed_keys_sound() {
        let model = testing::model("rnn-nade");
        let rnn = model.rnn_nade().expect("an RNN-NADE");
        let cancel = Cancel::default();
        let primed = rnn.prime(&[], &cancel).expect("fits");
        let allowed: Frame = (0..88).filter(|key| key % 12 == 3).collect();
        let limits = RollLimits { allowed, ..RollLimits::NONE };
        let limited = RollOptions { limits, ..options(Decide::Bernoulli(1.0), &[1]) };
        let take = rnn.write(&primed, limited, &cancel, &mut |_| {}).expect("written").remove(0);
        assert!(take.frames.iter().all(|frame| frame.label() & !allowed.label() == 0));
        assert!(take.frames.iter().any(|frame| !frame.is_empty()));
    }

    #[test]
    fn as_many_keys_are_struck_as_are_wanted() {
        let model = testing::model("rnn-nade");
        let rnn = model.rnn_nade().expect("an RNN-NADE");
        let cancel = Cancel::default();
        let primed = rnn.prime(&[], &cancel).expect("fits");
        for wanted in [4.0, 16.0] {
            let control = DensityControl::new(wanted, 16.0);
            let steered =
                RollOptions { steps: 640, density: Some(&control), ..options(Decide::Bernoulli(1.0), &[1]) };
            let take = rnn.write(&primed, steered, &cancel, &mut |_| {}).expect("written").remove(0);
            let struck =
                take.frames.windows(2).map(|w| w[1].keys().filter(|&key| !w[0].contains(key)).count());
            // The first frame follows silence.
            let per_bar = (take.frames[0].len() + struck.sum::<usize>()) as f32 / 40.0;
            assert!((per_bar - wanted).abs() < 0.15 * wanted, "{per_bar} per bar, {wanted} wanted");
        }
    }

    #[test]
    fn no_more_keys_sound_than_may() {
        let model = testing::model("rnn-nade");
        let rnn = model.rnn_nade().expect("an RNN-NADE");
        let cancel = Cancel::default();
        let primed = rnn.prime(&[], &cancel).expect("fits");
        let most = |most| {
            let limits = RollLimits { most, ..RollLimits::NONE };
            let limited = RollOptions { limits, ..options(Decide::Bernoulli(1.0), &[1]) };
            let take = rnn.write(&primed, limited, &cancel, &mut |_| {}).expect("written").remove(0);
            take.frames.iter().map(|frame| frame.len()).max()
        };
        assert_eq!([most(0), most(3)], [Some(0), Some(3)]);
    }

    #[test]
    fn cancelling_stops() {
        let model = testing::model("rnn-nade");
        let rnn = model.rnn_nade().expect("an RNN-NADE");
        let primed = rnn.prime(&[], &Cancel::default()).expect("fits");
        let cancel = Cancel::default();
        cancel.cancel();
        let stopped = rnn.write(&primed, options(Decide::Threshold, &[1]), &cancel, &mut |_| {});
        assert!(matches!(stopped, Err(WriteError::Cancelled)));
        assert!(matches!(rnn.prime(&frames(&[1]), &cancel), Err(WriteError::Cancelled)));
    }
}
