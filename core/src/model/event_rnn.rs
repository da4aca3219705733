//! Stepping an event model: prime once, write many takes side by side, score a given sequence.
//!
//! Worker thread. Papers: none; the models are Drums RNN, Melody RNN, Improv RNN and Performance RNN of the
//! Magenta project (`catalogue` lists their configurations); parity is held by the golden files `e_loglik.json`
//! and `f_generate.json` (reference semantics around it: [`super::compat`]).
//! Knows events and classes; clips, ticks and bars are `tool`'s.
use super::ModelError;
use super::cache::{Cache, CacheParams};
use crate::codec::encoding::{Encoding, EncodingError, Event, History, SparseVector};
use crate::nn::{LstmStack, StackState};
use crate::sampling::{BeamOptions, DensityControl, Effect, Heads, Rng, limit};
use crate::tool::Cancel;
use std::sync::Arc;

/// Why writing stopped.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// [`Cancel::cancel`] was called.
    #[error("cancelled")]
    Cancelled,
    /// An event or a checkpoint that does not fit.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Weights that blow up.
    #[error("the model's output is not a number: its weights are unusable")]
    NotFinite,
}

/// An error once `cancel` was called.
pub(super) fn look(cancel: &Cancel) -> Result<(), WriteError> {
    if cancel.is_cancelled() { Err(WriteError::Cancelled) } else { Ok(()) }
}

impl From<crate::nn::NnError> for WriteError {
    fn from(error: crate::nn::NnError) -> Self {
        Self::Model(error.into())
    }
}

impl From<EncodingError> for WriteError {
    fn from(error: EncodingError) -> Self {
        Self::Model(error.into())
    }
}

/// A network with its encoding.
#[derive(Clone, Copy, Debug)]
pub struct EventRnn<'a, E: Event> {
    /// Events ↔ vectors and classes.
    pub encoding: &'a dyn Encoding<E>,
    /// The network.
    pub stack: &'a LstmStack,
    /// Whether and how it recalls what was played before, beyond what the network does. Outputs of several heads
    /// recall nothing.
    pub cache: Option<CacheParams>,
}

/// What a sequence has left behind in the network: ready for the next event.
#[derive(Clone, Debug)]
pub struct Primed<E: Event> {
    /// The events so far.
    pub history: History<E>,
    /// The network's memory, one lane.
    pub state: StackState,
    /// Logits of the next event.
    pub logits: Vec<f32>,
    recall: Option<Recall<E>>,
}

/// A take's cache with what tells the class of an event that may have been written as "as a bar ago".
#[derive(Clone, Debug)]
struct Recall<E> {
    cache: Cache,
    /// Event of each class that always means the same.
    events: Arc<[E]>,
}

impl<E: Event> Recall<E> {
    /// `event` is what followed the state.
    fn push(&mut self, state: &StackState, lane: usize, event: E) {
        if let Some(class) = self.events.iter().position(|&e| e == event) {
            self.cache.push(state.output(lane), class);
        }
    }
}

/// Rules that depend on what was written before: for a history the [`Effect::cost`] of each next event.
pub type Rules<'a, E> = dyn Fn(&History<E>) -> Box<dyn Fn(E) -> u8> + 'a;

/// What each next event is favoured by after a history, see [`Effect::lean`].
pub type Lean<'a, E> = dyn Fn(&History<E>) -> Box<dyn Fn(E) -> f32> + 'a;

/// The share of a take that is written, 0..=1, after a history.
pub type Until<'a, E> = dyn Fn(&History<E>) -> f32 + 'a;

/// The event of this number (from 0) after a history, if it is given.
pub type Forced<'a, E> = dyn Fn(usize, &History<E>) -> Option<E> + 'a;

/// How takes are written.
pub struct WriteOptions<'a, E: Event> {
    /// Events to write; with `until` at most so many.
    pub steps: usize,
    /// A take ends as soon as its share is 1. `None` = after `steps` events.
    pub until: Option<&'a Until<'a, E>>,
    /// How many of the first of them are a warm-up: no part of the score, and drawn at temperature 1 at least
    /// (unless greedy), because at low temperatures these models rarely leave the silence of an empty past.
    pub unscored: usize,
    /// 0 = greedy.
    pub temperature: f32,
    /// One per take.
    pub seeds: &'a [u32],
    /// What an event would break or start. `None` = anything goes and nothing is counted. Outputs of several
    /// heads know no limits.
    pub effect: Option<&'a dyn Fn(E) -> Effect>,
    /// Asked anew for every event. Outputs of several heads know no rules.
    pub rules: Option<&'a Rules<'a, E>>,
    /// Asked anew for every event. Outputs of several heads favour nothing.
    pub lean: Option<&'a Lean<'a, E>>,
    /// Events that are given: they are not drawn, but scored like the others.
    pub forced: Option<&'a Forced<'a, E>>,
    /// Steers onsets per bar (needs `effect`).
    pub density: Option<DensityControl>,
    /// Each take is the likeliest of several that are written side by side and weeded out on the way. Needs takes
    /// of one length (no `until`) and a temperature above 0.
    pub search: BeamOptions,
}

impl<E: Event> Default for WriteOptions<'_, E> {
    fn default() -> Self {
        Self {
            steps: 0,
            until: None,
            unscored: 0,
            temperature: 1.0,
            seeds: &[],
            effect: None,
            rules: None,
            lean: None,
            forced: None,
            density: None,
            search: BeamOptions::default(),
        }
    }
}

impl<E: Event> WriteOptions<'_, E> {
    /// Whether the logits are changed before an event is drawn.
    fn limits(&self) -> bool {
        self.effect.is_some() || self.rules.is_some() || self.lean.is_some()
    }
}

/// One take's events.
#[derive(Clone, Debug, PartialEq)]
pub struct Written<E> {
    /// The new events only.
    pub events: Vec<E>,
    /// Sum of natural-log probabilities of the scored events, at temperature 1 and before limits.
    pub log_likelihood: f64,
}

impl<E: Event> EventRnn<'_, E> {
    fn check(&self, logits: &[f32]) -> Result<(), WriteError> {
        if logits.iter().all(|l| l.is_finite()) { Ok(()) } else { Err(WriteError::NotFinite) }
    }

    /// Feeds `events` from the zero state; calls `score(next event's position, logits)` before each event but
    /// the first.
    ///
    /// # Errors
    /// Events that do not fit (none at all among them), cancellation.
    pub fn prime(
        &self,
        events: &[E],
        cancel: &Cancel,
        mut score: impl FnMut(usize, &[f32]) -> Result<(), WriteError>,
    ) -> Result<Primed<E>, WriteError> {
        if events.is_empty() {
            return Err(EncodingError::Empty.into());
        }
        let mut primed = Primed {
            history: History::default(),
            state: self.stack.state(1),
            logits: vec![0.0; self.encoding.num_classes()],
            recall: self.recall()?,
        };
        for (position, &event) in events.iter().enumerate() {
            look(cancel)?;
            if position > 0 {
                score(position, &primed.logits)?;
            }
            self.advance(&mut primed, event)?;
        }
        Ok(primed)
    }

    /// Appends one event to a sequence.
    ///
    /// # Errors
    /// As [`Self::prime`].
    pub fn advance(&self, primed: &mut Primed<E>, event: E) -> Result<(), WriteError> {
        // Before the first event there is no output to remember.
        if let Some(recall) = primed.recall.as_mut().filter(|_| !primed.history.is_empty()) {
            recall.push(&primed.state, 0, event);
        }
        primed.history.push(event);
        let mut input = [SparseVector::new()];
        self.encoding.input(&primed.history, &mut input[0])?;
        self.stack.step(&mut primed.state, &input, &mut primed.logits)?;
        self.check(&primed.logits)?;
        if let Some(recall) = &mut primed.recall {
            recall.cache.mix(primed.state.output(0), &mut primed.logits);
        }
        Ok(())
    }

    /// An empty memory, if the model has one.
    fn recall(&self) -> Result<Option<Recall<E>>, WriteError> {
        let single = self.encoding.heads().len() == 1;
        let Some(params) = self.cache.filter(|_| single) else { return Ok(None) };
        let fixed = self.encoding.num_classes() - self.encoding.lookback_classes();
        let events = (0..fixed).map(|class| self.encoding.decode(class, &[])).collect::<Result<_, _>>()?;
        Ok(Some(Recall { cache: Cache::new(params), events }))
    }

    /// Sum of natural-log probabilities of all events but the first, at temperature 1.
    ///
    /// # Errors
    /// As [`Self::prime`].
    pub fn log_likelihood(&self, events: &[E]) -> Result<f64, WriteError> {
        let (_, before) = events.split_last().ok_or(EncodingError::Empty)?;
        if before.is_empty() {
            return Ok(0.0);
        }
        let heads = Heads::new(self.encoding.heads());
        let (mut row, mut sum) = (Vec::new(), 0.0);
        let mut score = |position, logits: &[f32]| {
            let label = self.encoding.label(events, position)?;
            heads.probabilities(logits, 1.0, &mut row);
            sum += f64::from(heads.log_probability(&row, label));
            Ok(())
        };
        // The last event is scored but never fed: nothing, and no control value, has to follow it.
        let primed = self.prime(before, &Cancel::default(), &mut score)?;
        score(before.len(), &primed.logits)?;
        Ok(sum)
    }

    /// Writes one take per seed after `primed`. A take does not depend on the others.
    ///
    /// # Errors
    /// Cancellation, looked at for every event of every take; unusable weights.
    pub fn write(
        &self,
        primed: &Primed<E>,
        options: &WriteOptions<'_, E>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Written<E>>, WriteError> {
        let classes = self.encoding.num_classes();
        // All greedy takes are equal: one is written and copied.
        let takes = options.seeds.len();
        let (lanes, width) = match options.temperature > 0.0 {
            true if options.until.is_none() => (takes * options.search.width(), options.search.width()),
            true => (takes, 1),
            false => (takes.min(1), 1),
        };
        let mut state = primed.state.clone();
        state.broadcast(lanes)?;
        let mut logits = primed.logits.repeat(lanes);
        let table = self.effects(options)?;
        let mut writers: Vec<Writer<E>> = (0..lanes)
            .map(|lane| Writer {
                history: primed.history.clone(),
                recall: primed.recall.clone(),
                rng: Rng::new(options.seeds[lane / width]),
                candidate: (lane % width) as u64,
                density: options.density.clone(),
                log_likelihood: 0.0,
                written: 0.0,
            })
            .collect();
        let mut inputs = vec![SparseVector::new(); lanes];
        let mut room = Room { heads: Heads::new(self.encoding.heads()), ..Room::default() };
        let mut told = 0.0;
        for step in 0..options.steps {
            look(cancel)?;
            if width > 1 && options.search.prunes_before(step, options.steps) {
                let survivors = survivors(&writers, width, options.search.beam);
                state.select(&survivors)?;
                logits = survivors.iter().flat_map(|&s| &logits[s * classes..][..classes]).copied().collect();
                let moved = |(&from, lane): (&usize, &Writer<E>)| {
                    look(cancel)?;
                    Ok(writers[from].moved(lane))
                };
                writers = survivors.iter().zip(&writers).map(moved).collect::<Result<_, WriteError>>()?;
            }
            let mut least = 1.0_f32;
            let lanes = writers.iter_mut().zip(logits.chunks_exact_mut(classes)).zip(&mut inputs);
            for (lane, ((writer, row), input)) in lanes.enumerate() {
                if writer.written >= 1.0 {
                    // It steps along, because the others do, but nobody listens.
                    continue;
                }
                look(cancel)?;
                self.check(row)?;
                if let Some(recall) = writer.recall.as_mut().filter(|_| step > 0) {
                    recall.cache.mix(state.output(lane), row);
                }
                let event = self.choose(writer, row, step, options, &table, &mut room)?;
                if let Some(recall) = &mut writer.recall {
                    recall.push(&state, lane, event);
                }
                let share = (step + 1) as f32 / options.steps as f32;
                writer.written = options.until.map_or(share, |until| until(&writer.history));
                least = least.min(writer.written);
                if writer.written < 1.0 && step + 1 < options.steps {
                    self.encoding.input(&writer.history, input)?;
                }
            }
            if least < 1.0 && step + 1 < options.steps {
                self.stack.step_in(&mut state, None, &inputs, &mut logits, &mut || look(cancel))?;
            } else {
                // Complete, or at the most events that were allowed.
                least = 1.0;
            }
            if least > told {
                told = least;
                progress(told);
            }
            if told >= 1.0 {
                break;
            }
        }
        let from = primed.history.len();
        let best = survivors(&writers, width, 1).into_iter().step_by(width).map(|lane| &writers[lane]);
        let mut written: Vec<Written<E>> = best
            .map(|w| Written {
                events: w.history.events()[from..].to_vec(),
                log_likelihood: w.log_likelihood,
            })
            .collect();
        while written.len() < takes
            && let Some(first) = written.first().cloned()
        {
            written.push(first);
        }
        Ok(written)
    }

    /// Events and effects of the classes whose event never changes.
    fn effects(&self, options: &WriteOptions<'_, E>) -> Result<Vec<(E, Effect)>, WriteError> {
        if !options.limits() || self.encoding.heads().len() != 1 {
            return Ok(Vec::new());
        }
        let fixed = self.encoding.num_classes() - self.encoding.lookback_classes();
        let effect = |event| options.effect.map_or(Effect::default(), |effect| effect(event));
        (0..fixed)
            .map(|class| Ok(self.encoding.decode(class, &[]).map(|event| (event, effect(event)))?))
            .collect()
    }

    /// Chooses the next event of a take from its logits, which the limits overwrite.
    fn choose(
        &self,
        writer: &mut Writer<E>,
        logits: &mut [f32],
        step: usize,
        options: &WriteOptions<'_, E>,
        table: &[(E, Effect)],
        room: &mut Room,
    ) -> Result<E, WriteError> {
        let heads = &room.heads;
        let limited = heads.is_single() && options.limits();
        let effect = |event| options.effect.map_or(Effect::default(), |effect| effect(event));
        heads.probabilities(logits, 1.0, &mut room.plain);
        let forced = options.forced.and_then(|forced| forced(step, &writer.history));
        let (class, event) = if let Some(event) = forced {
            let events: Vec<E> = writer.history.events().iter().copied().chain([event]).collect();
            (self.encoding.label(&events, events.len() - 1)?, event)
        } else {
            let mut drawn_from = &room.plain;
            if limited {
                let bias = writer.density.as_ref().map_or(0.0, DensityControl::bias);
                let rules = options.rules.map(|rules| rules(&writer.history));
                let lean = options.lean.map(|lean| lean(&writer.history));
                let events = writer.history.events();
                let of_class = |class: usize| {
                    let known = table.get(class).copied();
                    let decoded =
                        || self.encoding.decode(class, events).ok().map(|event| (event, effect(event)));
                    let Some((event, effect)) = known.or_else(decoded) else { return Effect::default() };
                    let cost =
                        rules.as_ref().map_or(effect.cost, |cost| effect.cost.saturating_add(cost(event)));
                    Effect { cost, lean: lean.as_ref().map_or(0.0, |lean| lean(event)), ..effect }
                };
                limit(logits, bias, of_class);
            }
            let class = if options.temperature > 0.0 {
                let warm_up = step < options.unscored;
                let temperature = if warm_up { options.temperature.max(1.0) } else { options.temperature };
                if limited || temperature != 1.0 {
                    heads.probabilities(logits, temperature, &mut room.drawn);
                    drawn_from = &room.drawn;
                }
                let (rng, candidate) = (&writer.rng, writer.candidate);
                heads.pick(drawn_from, |head| rng.at(step as u64, head + (candidate << 8)), |_| {})
            } else {
                heads.greedy(logits)
            };
            (class, self.encoding.decode(class, writer.history.events())?)
        };
        if step >= options.unscored {
            writer.log_likelihood += f64::from(heads.log_probability(&room.plain, class));
        }
        if let Some(density) = writer.density.as_mut().filter(|_| limited) {
            density.record(effect(event).onsets);
        }
        writer.history.push(event);
        Ok(event)
    }
}

/// A take while it is written.
struct Writer<E: Event> {
    history: History<E>,
    recall: Option<Recall<E>>,
    rng: Rng,
    /// Number among those that the take is chosen from: they draw differently.
    candidate: u64,
    density: Option<DensityControl>,
    log_likelihood: f64,
    /// Share of the take, 0..=1.
    written: f32,
}

impl<E: Event> Writer<E> {
    /// This sequence in the lane of another candidate of the same take.
    fn moved(&self, lane: &Self) -> Self {
        Self {
            history: self.history.clone(),
            recall: self.recall.clone(),
            rng: lane.rng,
            candidate: lane.candidate,
            density: self.density.clone(),
            ..*self
        }
    }
}

/// Which lane each lane goes on from when of every `width` candidates of a take the `beam` likeliest stay, best first,
/// again and again; of equals the earlier.
fn survivors<E: Event>(writers: &[Writer<E>], width: usize, beam: usize) -> Vec<usize> {
    let of_take = |first: usize| {
        let mut lanes: Vec<usize> = (first..first + width).collect();
        lanes.sort_by(|&a, &b| writers[b].log_likelihood.total_cmp(&writers[a].log_likelihood));
        lanes.into_iter().take(beam.max(1)).cycle().take(width)
    };
    (0..writers.len()).step_by(width).flat_map(of_take).collect()
}

/// Buffers of [`EventRnn::choose`].
#[derive(Default)]
struct Room {
    heads: Heads,
    plain: Vec<f32>,
    drawn: Vec<f32>,
}
