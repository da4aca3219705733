//! One bar of up to eight instruments, each a performance of its own.
//!
//! Any thread. Source: multi-instrument MusicVAE (Magenta), `spec` 4.7 of the latent-model notes.

use super::triads::{self, Chords};
use super::{QPM, VaeError, class};
use crate::codec::encoding::EncodingError;
use crate::codec::performance::{PerformanceGrid, PerformanceLimits, VelocityBins};
use crate::codec::{Performance, PerformanceEvent};
use crate::music::{DEFAULT_QPM, NoteSequence, Quantised, TempoMark};

/// Most tracks of an example.
pub const MAX_TRACKS: usize = 8;

/// Most tokens of a track, program and end among them.
pub const MAX_TRACK_TOKENS: usize = 64;

/// Number of tokens: 128 note-ons, 128 note-offs, 96 time shifts, 8 velocities, 128 programs, drums, and the end.
pub const TRACK_CLASSES: usize = 490;

/// Fewest tracks and fewest events of an example.
const FEWEST: (usize, usize) = (2, 8);

pub(super) const STEPS_PER_QUARTER: u32 = 24;
pub(super) const STEPS_PER_BAR: u32 = 96;

/// First tokens of each kind.
const OFF: u32 = 128;
const SHIFT: u32 = 256;
const VELOCITY: u32 = SHIFT + STEPS_PER_BAR;
pub(super) const PROGRAM: u32 = VELOCITY + 8;
pub(super) const DRUMS: u32 = PROGRAM + 128;
pub(super) const END: u32 = DRUMS + 1;

/// Velocity of notes before the first velocity event.
const FIRST_VELOCITY: u8 = 100;

/// Notes ↔ tokens of up to eight tracks, bar by bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MultitrackConverter {
    /// The model follows chords. What has a chord that is no triad is passed over.
    pub chords: bool,
    /// Keep the first so many examples. `None`: up to [`MAX_EXAMPLES`](super::MAX_EXAMPLES).
    pub max_examples: Option<usize>,
}

/// A bar as a network reads and writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultitrackExample {
    /// Tokens, below [`TRACK_CLASSES`], of [`MAX_TRACKS`] tracks: the program, events, the end. A track that is
    /// missing is the end alone. The network's rows after the end are all zeros.
    pub tracks: Vec<Vec<u32>>,
    /// The triad at every token, below [`TRIAD_CLASSES`](super::TRIAD_CLASSES), for a model that follows chords.
    pub triads: Option<Vec<Vec<u32>>>,
}

/// An instrument's bar.
struct Track {
    /// The token of its program.
    program: u32,
    events: Performance,
}

impl MultitrackConverter {
    /// The bars of the music in which two to eight instruments play, none of them too much.
    ///
    /// # Errors
    /// [`VaeError::NoChords`], [`VaeError::MixedTrack`].
    pub fn to_tensors(&self, ns: &NoteSequence) -> Result<Vec<MultitrackExample>, VaeError> {
        if self.chords {
            triads::require(ns)?;
        }
        super::of_stretches(&ns.sustained(), self.max_examples, |stretch, max| {
            let qpm = stretch.tempos.first().map_or(DEFAULT_QPM, |tempo| tempo.qpm);
            let quarters = f64::from(STEPS_PER_BAR) / f64::from(STEPS_PER_QUARTER);
            let mut examples = Vec::new();
            for bar in stretch.split_every(60.0 * quarters / qpm) {
                let Some(q) = super::on_grid(&bar, STEPS_PER_QUARTER, STEPS_PER_BAR) else { break };
                examples.extend(self.example(&q)?);
                if examples.len() >= max {
                    break;
                }
            }
            Ok(examples)
        })
    }

    /// A bar on a grid; none if the model cannot hold it.
    fn example(&self, q: &Quantised) -> Result<Option<MultitrackExample>, VaeError> {
        let Some(tracks) = tracks(q)? else { return Ok(None) };
        let events = tracks.iter().map(|t| t.events.events().len());
        let room = MAX_TRACK_TOKENS - 2;
        if events.clone().any(|n| n > room) || events.sum::<usize>() < FEWEST.1 {
            return Ok(None);
        }
        let mut tokens = Vec::with_capacity(MAX_TRACKS);
        for track in &tracks {
            let events = track.events.events().iter().map(|&event| token(event));
            let all = std::iter::once(Ok(track.program)).chain(events).chain([Ok(END)]);
            tokens.push(all.collect::<Result<Vec<_>, _>>()?);
        }
        tokens.resize(MAX_TRACKS, vec![END]);
        if !self.chords {
            return Ok(Some(MultitrackExample { tracks: tokens, triads: None }));
        }
        let Some(chords) = Chords::of(q)? else { return Ok(None) };
        let triads: Option<Vec<_>> = tracks.iter().map(|track| track.triads(&chords)).collect();
        Ok(triads.map(|mut triads| {
            triads.resize(MAX_TRACKS, vec![0]);
            MultitrackExample { tracks: tokens, triads: Some(triads) }
        }))
    }

    /// Notes at 120 quarter notes per minute, an instrument number for every track, from tokens; what comes after a
    /// track's end does not count. At most one bar long.
    ///
    /// # Errors
    /// Tokens that do not exist.
    pub fn from_tensors(&self, tracks: &[Vec<u32>]) -> Result<NoteSequence, VaeError> {
        let mut all =
            NoteSequence { tempos: vec![TempoMark { time: 0.0, qpm: QPM }], ..NoteSequence::default() };
        for (instrument, tokens) in (0..).zip(tracks) {
            let (mut program, mut events) = (None, Vec::new());
            for &token in tokens.iter().take_while(|&&token| token != END) {
                match event(token)? {
                    Some(event) => events.push(event),
                    None => program = program.or(Some(token)),
                }
            }
            let mut performance = Performance::new(events, 0, grid(), bins());
            performance.set_length(STEPS_PER_BAR.into())?;
            let mut part = performance.to_sequence(FIRST_VELOCITY, QPM, None);
            for note in &mut part.notes {
                note.instrument = instrument;
                note.is_drum = program == Some(DRUMS);
                let number = program.filter(|&p| p < DRUMS).map_or(0, |p| p - PROGRAM);
                note.program = u8::try_from(number).unwrap_or(0);
            }
            all.notes.append(&mut part.notes);
            all.total_time = all.total_time.max(part.total_time);
        }
        Ok(all)
    }
}

impl Track {
    /// The triad at the program (none), at every event, and at the end (as before it).
    fn triads(&self, chords: &Chords) -> Option<Vec<u32>> {
        let mut step = 0;
        let mut triads = vec![0];
        for event in self.events.events() {
            triads.push(triads::triad(&chords.figure(step))?);
            step += u64::from(event.steps());
        }
        triads.extend(triads.last().copied());
        Some(triads)
    }
}

/// The instruments of a bar in order of their programs, drums last, each exactly one bar long; none if there are too
/// few or too many.
fn tracks(q: &Quantised) -> Result<Option<Vec<Track>>, VaeError> {
    let split = PerformanceLimits { bins: bins(), split_instruments: true, ..PerformanceLimits::default() };
    let performances = Performance::extract_all(q, &split)?;
    if !(FEWEST.0..=MAX_TRACKS).contains(&performances.len()) {
        return Ok(None);
    }
    let mut tracks = Vec::with_capacity(performances.len());
    for mut events in performances {
        let program = match (events.is_drum(), events.program()) {
            (Some(true), _) => DRUMS,
            (_, Some(program)) => PROGRAM + u32::from(program),
            (_, None) => return Err(VaeError::MixedTrack),
        };
        events.set_length(STEPS_PER_BAR.into())?;
        tracks.push(Track { program, events: closed(&events)? });
    }
    // The token of drums is above those of programs.
    tracks.sort_by_key(|t| t.program);
    Ok(Some(tracks))
}

/// The performance with notes that lost their end in the cut ended there.
fn closed(performance: &Performance) -> Result<Performance, VaeError> {
    let notes = performance.to_sequence(FIRST_VELOCITY, QPM, None);
    let q = Quantised::relative(&notes, STEPS_PER_QUARTER).map_err(crate::codec::EventError::from)?;
    let all = PerformanceLimits { bins: bins(), ..PerformanceLimits::default() };
    let mut closed =
        Performance::extract_all(&q, &all)?.pop().unwrap_or_else(|| performance.with_events(Vec::new()));
    closed.set_length(STEPS_PER_BAR.into())?;
    Ok(closed)
}

pub(super) fn bins() -> VelocityBins {
    VelocityBins::new(8)
}

fn grid() -> PerformanceGrid {
    PerformanceGrid::Beats { steps_per_quarter: STEPS_PER_QUARTER }
}

/// The token of an event.
pub(super) fn token(event: PerformanceEvent) -> Result<u32, EncodingError> {
    let out = |what, value, high| EncodingError::OutOfRange { what, value, low: 1, high };
    match event {
        PerformanceEvent::NoteOn(pitch) => Ok(u32::from(pitch)),
        PerformanceEvent::NoteOff(pitch) => Ok(OFF + u32::from(pitch)),
        PerformanceEvent::TimeShift(steps @ 1..=STEPS_PER_BAR) => Ok(SHIFT + steps - 1),
        PerformanceEvent::TimeShift(steps) => Err(out("time shift", steps, STEPS_PER_BAR)),
        PerformanceEvent::Velocity(bin @ 1..=8) => Ok(VELOCITY + u32::from(bin) - 1),
        PerformanceEvent::Velocity(bin) => Err(out("velocity bin", bin.into(), 8)),
    }
}

/// The event of a token; none for a program.
fn event(token: u32) -> Result<Option<PerformanceEvent>, EncodingError> {
    let wrong = EncodingError::NoSuchClass { class: class(token), classes: TRACK_CLASSES };
    let small = |value| u8::try_from(value).map_err(|_| wrong.clone());
    Ok(Some(match token {
        0..OFF => PerformanceEvent::NoteOn(small(token)?),
        OFF..SHIFT => PerformanceEvent::NoteOff(small(token - OFF)?),
        SHIFT..VELOCITY => PerformanceEvent::TimeShift(token - SHIFT + 1),
        VELOCITY..PROGRAM => PerformanceEvent::Velocity(small(token - VELOCITY + 1)?),
        PROGRAM..=DRUMS => return Ok(None),
        _ => return Err(wrong),
    }))
}
