//! A Markov chain that writes on in the manner of a few clips: it knows the last steps and nothing else.
//!
//! The model is the baseline of the quality scoreboard. Only what occurs in its examples is ever written; the
//! probability that smoothing reserves for the unheard is shared out.

use crate::codec::encoding::{DrumsOneHot, EncodingError, OneHot};
use crate::codec::{DrumTrack, EventError, Limits, Melody, MelodyLimits};
use crate::corpus::markov::Markov;
use crate::music::{Clip, ClipKind, Grid, Meter, Quantised, Ticks, tick_of_step};
use crate::sampling::Rng;

/// Longest memory, in steps.
pub const MAX_ORDER: usize = 3;

const STEPS_PER_QUARTER: u32 = 4;
const DRUM_TYPES: usize = 9;
/// "No event", "note off" and the pitches.
const MELODY_SYMBOLS: usize = 130;
const VELOCITY: u8 = 100;

/// Why there is no chain.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ToyError {
    /// Nothing to learn from.
    #[error("the examples have no notes of this kind; a chain needs at least one clip to learn from")]
    NoExamples,
    /// An example that no model could read.
    #[error("an example cannot be put on the grid: {0}")]
    Example(String),
}

impl From<EventError> for ToyError {
    fn from(error: EventError) -> Self {
        Self::Example(error.to_string())
    }
}

impl From<EncodingError> for ToyError {
    fn from(error: EncodingError) -> Self {
        Self::Example(error.to_string())
    }
}

/// A chain that has learned.
#[derive(Clone, Debug)]
pub struct MarkovToy {
    kind: ClipKind,
    model: Markov,
    /// Symbols of the examples, ascending.
    known: Vec<u16>,
    /// First symbol of each example.
    beginnings: Vec<u16>,
}

impl MarkovToy {
    /// Learns from clips; those without notes are passed over. `order`: how many steps it remembers, at most
    /// [`MAX_ORDER`].
    ///
    /// # Errors
    /// No notes at all, or a clip that cannot be put on a grid of 16ths.
    pub fn learn<'a>(
        kind: ClipKind,
        order: usize,
        clips: impl IntoIterator<Item = &'a Clip>,
    ) -> Result<Self, ToyError> {
        let mut pieces = Vec::new();
        for clip in clips {
            pieces.push(symbols(kind, clip)?);
        }
        pieces.retain(|piece| !piece.is_empty());
        let mut known: Vec<u16> = pieces.iter().flatten().copied().collect();
        known.sort_unstable();
        known.dedup();
        let beginnings: Vec<u16> = pieces.iter().filter_map(|p| p.first().copied()).collect();
        if beginnings.is_empty() {
            return Err(ToyError::NoExamples);
        }
        let alphabet = match kind {
            ClipKind::Drums => 1 << DRUM_TYPES,
            ClipKind::Melody => MELODY_SYMBOLS,
        };
        let model = Markov::train(order.min(MAX_ORDER), alphabet, pieces.iter().map(Vec::as_slice));
        Ok(Self { kind, model, known, beginnings })
    }

    /// Writes `bars` bars. Equal seeds give equal clips.
    ///
    /// # Errors
    /// [`ToyError::Example`] if a symbol has no meaning, which cannot happen with a chain that has learned.
    pub fn write(&self, bars: u32, meter: Meter, tempo: Option<f64>, seed: u32) -> Result<Clip, ToyError> {
        let rng = Rng::new(seed);
        let length = Ticks::from(bars) * meter.bar_ticks();
        let step = tick_of_step(1, STEPS_PER_QUARTER);
        let steps = usize::try_from((length + step - 1).div_euclid(step)).unwrap_or(0);
        let first = (rng.at(0, 1) * self.beginnings.len() as f64) as usize;
        let mut history: Vec<u16> = self.beginnings.get(first).copied().into_iter().take(steps).collect();
        while history.len() < steps {
            let next = self.draw(&history, rng.at(history.len() as u64, 0));
            history.push(next);
        }
        let notes = match self.kind {
            ClipKind::Melody => {
                let numbers: Vec<i32> = history.iter().map(|&s| i32::from(s) - 2).collect();
                Melody::from_numbers(&numbers)?.to_notes(VELOCITY)
            }
            ClipKind::Drums => {
                let classes = DrumsOneHot::standard(DRUM_TYPES)?;
                let events = history.iter().map(|&s| classes.decode(s.into())).collect::<Result<_, _>>()?;
                DrumTrack::new(events).to_notes(VELOCITY)
            }
        };
        let mut clip = Clip { name: "Markov".into(), kind: self.kind, notes, length, meter, tempo };
        clip.normalise();
        Ok(clip)
    }

    /// The symbol in whose share of 0..1 the draw falls.
    fn draw(&self, history: &[u16], uniform: f64) -> u16 {
        let shares: Vec<f64> = self.known.iter().map(|&s| self.model.probability(history, s)).collect();
        let mut rest = uniform * shares.iter().sum::<f64>();
        for (&symbol, share) in self.known.iter().zip(shares) {
            rest -= share;
            if rest < 0.0 {
                return symbol;
            }
        }
        // Rounding may leave a crumb.
        self.known.last().copied().unwrap_or(0)
    }
}

/// A clip as symbols, one per 16th; empty if it has no notes of the kind.
fn symbols(kind: ClipKind, clip: &Clip) -> Result<Vec<u16>, ToyError> {
    let bad = |e: crate::music::QuantiseError| ToyError::Example(e.to_string());
    let mut quantised = Quantised::from_clip(clip, STEPS_PER_QUARTER).map_err(bad)?;
    // Bars do not matter to a chain, so any meter with whole steps will do.
    quantised.grid =
        Grid::Beats { steps_per_quarter: STEPS_PER_QUARTER, qpm: 120.0, numerator: 4, denominator: 4 };
    let limits = Limits { search_start: 0, min_bars: 0, gap_bars: f64::INFINITY, ..Limits::default() };
    match kind {
        ClipKind::Melody => {
            for note in &mut quantised.notes {
                (note.is_drum, note.instrument) = (false, 0);
            }
            let limits = MelodyLimits {
                common: limits,
                min_unique_pitches: 1,
                ignore_polyphonic: true,
                filter_drums: true,
            };
            let numbers = Melody::extract(&quantised, 0, &limits)?.numbers();
            Ok(numbers.into_iter().filter_map(|n| u16::try_from(n + 2).ok()).collect())
        }
        ClipKind::Drums => {
            let classes = DrumsOneHot::standard(DRUM_TYPES)?;
            let track = DrumTrack::extract(&quantised, true, &limits)?;
            let class = |&event: &_| Ok(u16::try_from(classes.encode(event)?).unwrap_or(0));
            track.events().iter().map(class).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Note, TICKS_PER_QUARTER as Q};

    fn clip(kind: ClipKind, notes: &[(Ticks, u8, Ticks)]) -> Clip {
        let note = |&(start, pitch, length): &(Ticks, u8, Ticks)| Note {
            start: start * Q / 4,
            pitch,
            length: length * Q / 4,
            velocity: 90,
        };
        Clip { kind, notes: notes.iter().map(note).collect(), length: 8 * Q, ..Clip::default() }
    }

    #[test]
    fn a_chain_without_a_choice_repeats_its_example() {
        // C held three steps, then D for one, again and again: three steps of memory settle each step.
        let notes: Vec<_> = (0..8).flat_map(|i| [(4 * i, 60, 3), (4 * i + 3, 62, 1)]).collect();
        let example = clip(ClipKind::Melody, &notes);
        let symbols = symbols(ClipKind::Melody, &example).expect("on the grid");
        assert_eq!(symbols[..5], [62, 0, 0, 64, 62]);
        let toy = MarkovToy::learn(ClipKind::Melody, 3, [&example]).expect("notes");
        assert_eq!(
            (toy.known.as_slice(), toy.beginnings.as_slice()),
            ([0, 62, 64].as_slice(), [62].as_slice())
        );
        // The share of what never followed is small, so a draw in the middle always finds what did.
        let mut history = vec![62, 0, 0];
        for _ in 0..32 {
            let next = toy.draw(&history, 0.5);
            history.push(next);
        }
        assert_eq!(history[..32], symbols[..32]);
    }

    #[test]
    fn clips_are_as_long_as_asked_and_follow_the_seed() {
        let kit = clip(ClipKind::Drums, &[(0, 36, 1), (4, 38, 1), (4, 42, 1), (8, 35, 1), (12, 38, 1)]);
        let toy = MarkovToy::learn(ClipKind::Drums, 1, [&kit, &Clip { notes: Vec::new(), ..kit.clone() }])
            .expect("notes");
        let three = Meter { numerator: 3, denominator: 4 };
        let write = |seed| toy.write(8, three, Some(99.0), seed).expect("known symbols");
        let clip = write(1);
        assert_eq!(
            (clip.bars(), clip.length, clip.kind, clip.tempo),
            (8, 24 * Q, ClipKind::Drums, Some(99.0))
        );
        assert!(clip.notes.iter().all(|n| [36, 38, 42].contains(&n.pitch) && n.length == Q / 4));
        assert_eq!(clip, write(1));
        assert_ne!(clip.notes, write(2).notes);
        assert_eq!(toy.write(0, three, None, 1).map(|c| c.notes.len()), Ok(0));
    }

    #[test]
    fn nothing_teaches_nothing() {
        let none = clip(ClipKind::Melody, &[]);
        assert_eq!(MarkovToy::learn(ClipKind::Melody, 3, [&none]).map(|_| ()), Err(ToyError::NoExamples));
    }
}
