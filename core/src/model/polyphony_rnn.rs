//! Writing several voices with Polyphony RNN for music: whole steps, no stray marks, a limit on the number of
//! notes at once, and given music that is kept note by note while the model adds to it.
//!
//! Worker thread. The network is stepped like every event model's; what differs from the reference (see
//! [`super::compat_polyphony`]) are masks that keep the notes what they seem: a pitch happens once per step,
//! only what sounds goes on, and a kept note begins and ends where it did. Ending the step is always legal, so
//! no state is without a legal event, and every step ends after at most as many events as there are voices.
use super::event_rnn::{EventRnn, Primed, WriteError, look};
use crate::codec::encoding::{EncodingError, History, SparseVector};
use crate::codec::polyphony::PolyphonicNote;
use crate::codec::{PitchSet, PolyphonicEvent, Polyphony};
use crate::sampling::{DensityControl, Effect, Rng, greedy, limit, log_probability, pick, probabilities};
use crate::tool::Cancel;

/// How takes are written.
#[derive(Clone, Debug)]
pub struct VoicesOptions<'a> {
    /// Grid steps to write.
    pub steps: usize,
    /// 0 = greedy.
    pub temperature: f32,
    /// One per take.
    pub seeds: &'a [u32],
    /// Most notes that sound at once. Kept notes count, but are kept even beyond it.
    pub voices: usize,
    /// Pitches that the model may start.
    pub allowed: PitchSet,
    /// A sequence whose notes are all kept: its first step is the first new step. Empty for none.
    pub keep: &'a [PolyphonicEvent],
    /// Steers the onsets per bar; those of kept notes count.
    pub density: Option<DensityControl>,
}

/// One take.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenVoices {
    /// All new events, those of kept notes among them.
    pub events: Vec<PolyphonicEvent>,
    /// The model's own notes, in steps from the first new one.
    pub notes: Vec<PolyphonicNote>,
    /// Sum of natural-log probabilities of the model's own events, at temperature 1 and before limits.
    pub log_likelihood: f64,
}

/// Writes one take per seed after `primed`, whose notes end where the new steps begin. A take does not depend on
/// the others.
///
/// # Errors
/// Cancellation, checked at every event; unusable weights; given music that does not fit the encoding.
pub fn write(
    rnn: EventRnn<'_, PolyphonicEvent>,
    primed: &Primed<PolyphonicEvent>,
    options: &VoicesOptions<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<WrittenVoices>, WriteError> {
    let keep = Kept::new(options.keep);
    let decoded: Vec<PolyphonicEvent> = (0..rnn.encoding.num_classes())
        .map(|class| rnn.encoding.decode(class, &[]))
        .collect::<Result<_, EncodingError>>()?;
    // All greedy takes are equal: one is written and copied.
    let takes = options.seeds.len();
    let lanes = if options.temperature > 0.0 { takes } else { takes.min(1) };
    let mut writers: Vec<Writer> = options.seeds[..lanes]
        .iter()
        .map(|&seed| Writer::new(primed, seed, options.density.clone()))
        .collect();
    let mut state = primed.state.clone();
    // Which writers still write; lane `i` of the network is writer `active[i]`.
    let mut active: Vec<usize> = if options.steps > 0 { (0..lanes).collect() } else { Vec::new() };
    state.broadcast(active.len())?;
    let mut logits = primed.logits.repeat(active.len());
    let mut inputs = Vec::new();
    let mut room = Room::default();
    while !active.is_empty() {
        look(cancel)?;
        for (row, &i) in logits.chunks_exact_mut(decoded.len()).zip(&active) {
            if !row.iter().all(|l| l.is_finite()) {
                return Err(WriteError::NotFinite);
            }
            writers[i].next(row, &decoded, &keep, options, &mut room);
        }
        let going: Vec<usize> =
            (0..active.len()).filter(|&lane| writers[active[lane]].step < options.steps).collect();
        if going.len() < active.len() {
            state.select(&going)?;
            active = going.iter().map(|&lane| active[lane]).collect();
            logits.truncate(active.len() * decoded.len());
        }
        inputs.resize_with(active.len(), SparseVector::new);
        for (input, &i) in inputs.iter_mut().zip(&active) {
            rnn.encoding.input(&writers[i].history, input)?;
        }
        rnn.stack.step(&mut state, &inputs, &mut logits)?;
        let done: usize = writers.iter().map(|w| w.step).sum();
        progress(done as f32 / (options.steps * lanes) as f32);
    }
    let from = primed.history.len();
    let mut written = writers.into_iter().map(|w| w.finish(from)).collect::<Result<Vec<_>, _>>()?;
    let copies = takes - written.len();
    written.extend(written.first().cloned().into_iter().cycle().take(copies));
    Ok(written)
}

/// Kept music, step by step.
struct Kept(Vec<Vec<PolyphonicEvent>>);

impl Kept {
    fn new(events: &[PolyphonicEvent]) -> Self {
        let steps = events.split(|e| *e == PolyphonicEvent::StepEnd);
        let note = |e: &&PolyphonicEvent| pitch_of(**e).is_some();
        Self(steps.map(|step| step.iter().filter(note).copied().collect()).collect())
    }

    fn event(&self, step: usize, index: usize) -> Option<PolyphonicEvent> {
        self.0.get(step)?.get(index).copied()
    }
}

fn pitch_of(event: PolyphonicEvent) -> Option<u8> {
    match event {
        PolyphonicEvent::New(pitch) | PolyphonicEvent::Continued(pitch) => Some(pitch),
        _ => None,
    }
}

/// Buffers of [`Writer::next`].
#[derive(Default)]
struct Room {
    plain: Vec<f32>,
    drawn: Vec<f32>,
}

/// A take while it is written.
struct Writer {
    history: History<PolyphonicEvent>,
    /// The model's own events and the ends of steps.
    own: Vec<PolyphonicEvent>,
    rng: Rng,
    draws: u64,
    density: Option<DensityControl>,
    log_likelihood: f64,
    /// Complete steps.
    step: usize,
    /// Kept events of this step that are already there.
    given: usize,
    /// Pitches of this step, and those of them that are kept.
    now: PitchSet,
    kept_now: PitchSet,
    /// The same of the step before.
    before: PitchSet,
    kept_before: PitchSet,
    onsets: u8,
}

impl Writer {
    fn new(primed: &Primed<PolyphonicEvent>, seed: u32, density: Option<DensityControl>) -> Self {
        Self {
            history: primed.history.clone(),
            own: Vec::new(),
            rng: Rng::new(seed),
            draws: 0,
            density,
            log_likelihood: 0.0,
            step: 0,
            given: 0,
            now: PitchSet::EMPTY,
            kept_now: PitchSet::EMPTY,
            before: PitchSet::EMPTY,
            kept_before: PitchSet::EMPTY,
            onsets: 0,
        }
    }

    /// Whether the model may write `event` now.
    fn legal(&self, event: PolyphonicEvent, options: &VoicesOptions<'_>) -> bool {
        let room = self.now.len() < options.voices;
        match event {
            PolyphonicEvent::Start | PolyphonicEvent::End => false,
            PolyphonicEvent::StepEnd => true,
            PolyphonicEvent::New(p) => room && options.allowed.contains(p) && !self.now.contains(p),
            PolyphonicEvent::Continued(p) => {
                room && self.before.contains(p) && !self.kept_before.contains(p) && !self.now.contains(p)
            }
        }
    }

    /// Appends the next event: a kept one if this step has any left, else one drawn from `logits`, which the
    /// limits overwrite.
    fn next(
        &mut self,
        logits: &mut [f32],
        decoded: &[PolyphonicEvent],
        keep: &Kept,
        options: &VoicesOptions<'_>,
        room: &mut Room,
    ) {
        if let Some(event) = keep.event(self.step, self.given) {
            self.given += 1;
            if let Some(pitch) = pitch_of(event) {
                self.kept_now.insert(pitch);
            }
            self.take(event);
            return;
        }
        probabilities(logits, 1.0, &mut room.plain);
        let bias = self.density.as_ref().map_or(0.0, DensityControl::bias);
        limit(logits, bias, |class| Effect {
            forbidden: !self.legal(decoded[class], options),
            onsets: u8::from(matches!(decoded[class], PolyphonicEvent::New(_))),
            ..Effect::default()
        });
        let class = if options.temperature > 0.0 {
            probabilities(logits, options.temperature, &mut room.drawn);
            pick(&room.drawn, self.rng.at(self.draws, 0))
        } else {
            greedy(logits)
        };
        self.draws += 1;
        self.log_likelihood += f64::from(log_probability(&room.plain, class));
        self.own.push(decoded[class]);
        self.take(decoded[class]);
    }

    /// Takes an event into account.
    fn take(&mut self, event: PolyphonicEvent) {
        self.history.push(event);
        if let Some(pitch) = pitch_of(event) {
            self.now.insert(pitch);
            self.onsets = self.onsets.saturating_add(u8::from(matches!(event, PolyphonicEvent::New(_))));
        } else {
            self.before = std::mem::take(&mut self.now);
            self.kept_before = std::mem::take(&mut self.kept_now);
            if let Some(density) = &mut self.density {
                density.record(self.onsets);
            }
            self.onsets = 0;
            self.given = 0;
            self.step += 1;
        }
    }

    fn finish(mut self, from: usize) -> Result<WrittenVoices, WriteError> {
        self.own.push(PolyphonicEvent::End);
        let own = Polyphony::new(self.own, 0, 1);
        Ok(WrittenVoices {
            events: self.history.events()[from..].to_vec(),
            // Every note goes back to an onset and ends with the sequence at the latest.
            notes: own.notes().map_err(|e| EncodingError::BadParameters(e.to_string()))?,
            log_likelihood: self.log_likelihood,
        })
    }
}

#[cfg(test)]
#[path = "polyphony_rnn_tests.rs"]
mod tests;
