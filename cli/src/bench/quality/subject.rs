//! A model as the scoreboard sees it: sequences of classes in, likelihoods and new sequences out.

use super::judge::Music;
use super::written::within;
use anyhow::Context;
use descant_core::codec::encoding::{Event, OneHot};
use descant_core::codec::{MelodyEvent, PitchSet};
use descant_core::corpus::measure::{BAR, Language, Style};
use descant_core::model::event_rnn::{EventRnn, WriteOptions};
use descant_core::model::{Model, ModelEncoding};
use descant_core::sampling::{DensityControl, Effect, derive, probabilities};
use descant_core::tool::Cancel;

/// Takes written side by side.
const LANES: u32 = 16;

/// How well held-out pieces are predicted, at temperature 1. The first event of a piece is given, not predicted.
#[derive(Clone, Copy, Debug)]
pub struct Likelihood {
    /// Nats per event: an event that the network can write in two ways (itself, or "as a bar ago") has the sum of
    /// both probabilities. This is what the Markov model is compared with.
    pub events: f64,
    /// Nats per label: the way that training asks for, alone.
    pub labels: f64,
    /// Share of steps whose most likely label means the right event.
    pub accuracy: f64,
    /// Steps.
    pub steps: usize,
}

/// A loaded model with the table between its events and the scoreboard's classes.
pub enum Subject<'a> {
    /// Classes are sets of nine drum types, or one drum and none.
    Drums(Speaker<'a, PitchSet>),
    /// Classes are no event, note-off, and 36 pitches.
    Melody(Speaker<'a, MelodyEvent>),
}

impl<'a> Subject<'a> {
    /// Prepares a model that speaks one of the two languages of the scoreboard.
    ///
    /// # Errors
    /// Its encoding has other classes.
    pub fn new(model: &'a Model) -> anyhow::Result<Self> {
        match model.encoding() {
            ModelEncoding::Drums(encoding) => {
                let classes =
                    model.hparams().encoding.drum_classes()?.context("a drum model without drums")?;
                let events = (0..classes.classes()).map(|c| classes.decode(c)).collect::<Result<_, _>>()?;
                // What Generate starts from: bass drum and closed hi-hat, or the one drum that there is.
                let first = if classes.classes() == 2 { 1 } else { 0b101 };
                let rnn = model.rnn(encoding.as_ref())?;
                Ok(Self::Drums(Speaker::new(Language::Drums, rnn, events, first)?))
            }
            ModelEncoding::Melody(encoding) => {
                let lift = Music::of(&model.hparams().encoding).map_or(0, Music::lift);
                Ok(Self::Melody(Speaker::melody(model.rnn(encoding.as_ref())?, lift)?))
            }
            _ => anyhow::bail!("this model speaks another language"),
        }
    }

    /// Likelihood of whole pieces.
    pub fn likelihood(&self, pieces: &[Vec<u16>]) -> anyhow::Result<Likelihood> {
        match self {
            Self::Drums(s) => s.likelihood(pieces),
            Self::Melody(s) => s.likelihood(pieces),
        }
    }

    /// Samples from nothing, begun as Generate begins: one event and the rest of its bar as a warm-up that is cut
    /// off.
    pub fn write(
        &self,
        count: u32,
        steps: usize,
        temperature: f32,
        seed: u32,
        done: &dyn Fn(u64),
    ) -> anyhow::Result<Vec<Vec<u16>>> {
        match self {
            Self::Drums(s) => s.samples(count, steps, temperature, seed, done),
            Self::Melody(s) => s.samples(count, steps, temperature, seed, done),
        }
    }

    /// Continuations of a primer, without it.
    pub fn go_on(
        &self,
        primer: &[u16],
        steps: usize,
        count: u32,
        temperature: f32,
        seed: u32,
    ) -> anyhow::Result<Vec<Vec<u16>>> {
        match self {
            Self::Drums(s) => s.go_on(primer, steps, &seeds(seed, 0, count), temperature),
            Self::Melody(s) => s.go_on(primer, steps, &seeds(seed, 0, count), temperature),
        }
    }
}

fn seeds(base: u32, from: u32, count: u32) -> Vec<u32> {
    (from..from + count).map(|i| derive(base, i)).collect()
}

/// One kind of event.
pub struct Speaker<'a, E: Event> {
    language: Language,
    rnn: EventRnn<'a, E>,
    /// Event of each class of the scoreboard.
    events: Vec<E>,
    /// Class of the network that means the event of each class of the scoreboard, without lookback; none where the
    /// scoreboard's range is the wider one.
    direct: Vec<Option<usize>>,
    /// The class that samples begin with.
    first: u16,
    /// What an event that the scoreboard does not know counts as.
    folded: fn(E) -> E,
}

impl<'a> Speaker<'a, MelodyEvent> {
    /// A melody model of the scoreboard's three octaves, or of more, which are folded into them; or one within those that
    /// are `lift` semitones higher than it writes.
    ///
    /// # Errors
    /// It does not know silence, or middle C (of a bass: the octave below).
    pub fn melody(rnn: EventRnn<'a, MelodyEvent>, lift: i32) -> anyhow::Result<Self> {
        let number = |class| if class < 2 { class - 2 } else { class + 46 - lift };
        let events = (0..38).map(|c| MelodyEvent::try_from(number(c))).collect::<Result<_, _>>()?;
        // What Generate starts from.
        let first = if lift == 0 { 14 } else { 14 + lift - 12 };
        let folded = |event| match event {
            MelodyEvent::Pitch(pitch) => u8::try_from(within(pitch.into())).map_or(event, MelodyEvent::Pitch),
            other => other,
        };
        let speaker = Self::new(Language::Melody, rnn, events, u16::try_from(first)?)?;
        Ok(Self { folded: if lift == 0 { folded } else { |event| event }, ..speaker })
    }
}

/// What predictions add up to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    events: f64,
    labels: f64,
    right: usize,
    steps: usize,
}

impl Sums {
    /// Means over all steps.
    pub fn mean(self) -> Likelihood {
        let n = self.steps.max(1) as f64;
        Likelihood {
            events: self.events / n,
            labels: self.labels / n,
            accuracy: self.right as f64 / n,
            steps: self.steps,
        }
    }
}

impl<'a, E: Event> Speaker<'a, E> {
    fn new(language: Language, rnn: EventRnn<'a, E>, events: Vec<E>, first: u16) -> anyhow::Result<Self> {
        let fixed = rnn.encoding.num_classes() - rnn.encoding.lookback_classes();
        let decoded: Vec<E> = (0..fixed).map(|c| rnn.encoding.decode(c, &[])).collect::<Result<_, _>>()?;
        let class = |event: &E| decoded.iter().position(|e| e == event);
        let direct: Vec<Option<usize>> = events.iter().map(class).collect();
        let needed = [0, 1, usize::from(first)];
        if needed.iter().any(|&c| direct.get(c).copied().flatten().is_none()) {
            anyhow::bail!("the model has no class for some event of the corpus");
        }
        Ok(Self { language, rnn, events, direct, first, folded: |event| event })
    }

    /// The scoreboard's class of an event.
    fn class(&self, event: &E) -> Option<u16> {
        self.events
            .iter()
            .position(|e| *e == (self.folded)(*event))
            .and_then(|class| u16::try_from(class).ok())
    }

    fn likelihood(&self, pieces: &[Vec<u16>]) -> anyhow::Result<Likelihood> {
        let mut sums = Sums::default();
        for piece in pieces {
            self.score(self.rnn, piece, &mut sums)?;
        }
        Ok(sums.mean())
    }

    /// Adds how `rnn`, which may hear more than the piece, predicts the classes of a piece.
    ///
    /// # Errors
    /// Classes that it does not know.
    pub fn score(&self, rnn: EventRnn<'_, E>, piece: &[u16], sums: &mut Sums) -> anyhow::Result<()> {
        if piece.len() < 2 {
            return Ok(());
        }
        let encoding = rnn.encoding;
        let fixed = encoding.num_classes() - encoding.lookback_classes();
        let events: Vec<E> = piece.iter().map(|&c| self.events[usize::from(c)]).collect();
        let mut row = Vec::new();
        rnn.prime(&events, &Cancel::default(), |position, logits| {
            probabilities(logits, 1.0, &mut row);
            let (past, event) = (&events[..position], events[position]);
            let direct = self.direct[usize::from(piece[position])];
            let mut p = direct.map_or(0.0, |class| f64::from(row[class]));
            for (class, &also) in row.iter().enumerate().skip(fixed) {
                if encoding.decode(class, past)? == event {
                    p += f64::from(also);
                }
            }
            let best = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
            sums.right += usize::from(encoding.decode(best, past)? == event);
            // A probability that underflowed to 0 costs as much as the smallest one there is.
            let nats = |p: f64| -p.max(f64::from(f32::MIN_POSITIVE)).ln();
            sums.events += nats(p);
            sums.labels += nats(f64::from(row[encoding.label(&events, position)?]));
            sums.steps += 1;
            Ok(())
        })?;
        Ok(())
    }

    fn samples(
        &self,
        count: u32,
        steps: usize,
        temperature: f32,
        seed: u32,
        done: &dyn Fn(u64),
    ) -> anyhow::Result<Vec<Vec<u16>>> {
        let mut samples = Vec::with_capacity(count as usize);
        for from in (0..count).step_by(LANES as usize) {
            let seeds = seeds(seed, from, LANES.min(count - from));
            let written = self.go_on(&[self.first], BAR - 1 + steps, &seeds, temperature)?;
            samples.extend(written.into_iter().map(|s| s[BAR - 1..].to_vec()));
            done(samples.len() as u64);
        }
        Ok(samples)
    }

    fn go_on(
        &self,
        primer: &[u16],
        steps: usize,
        seeds: &[u32],
        temperature: f32,
    ) -> anyhow::Result<Vec<Vec<u16>>> {
        let events: Vec<E> = primer.iter().map(|&c| self.events[usize::from(c)]).collect();
        let cancel = Cancel::default();
        let primed = self.rnn.prime(&events, &cancel, |_, _| Ok(()))?;
        // As the tool Continue: the primer's rhythm is kept. A sample from nothing has less than a bar before it.
        let onsets: Vec<u8> = primer
            .iter()
            .map(|&class| u8::try_from(self.language.onsets(class)).unwrap_or(u8::MAX))
            .collect();
        let density = DensityControl::like(&onsets, BAR);
        let effect = |event: E| Effect {
            onsets: self
                .class(&event)
                .map_or(0, |class| u8::try_from(self.language.onsets(class)).unwrap_or(u8::MAX)),
            ..Effect::default()
        };
        let options = WriteOptions {
            steps,
            temperature,
            seeds,
            effect: density.is_some().then_some(&effect),
            density,
            ..WriteOptions::default()
        };
        let written = self.rnn.write(&primed, &options, &cancel, &mut |_| {})?;
        let classes = written.iter().map(|w| w.events.iter().map(|e| self.class(e)).collect::<Option<_>>());
        classes.collect::<Option<_>>().context("the model wrote an event that the scoreboard does not know")
    }
}
