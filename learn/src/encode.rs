//! Event classes → few-hot network inputs and labels, by the encodings of the core.
//!
//! Training keeps events as classes of the plain one-hot below an encoding; here they become events again and go
//! through [`descant_core::codec::encoding`], so that a network learns exactly what the plugin will ask of it.
//! Pure; runs on the thread that trains.

use crate::lstm::FewHot;
use crate::piece::{Excerpt, Piece, Variation};
use descant_core::codec::encoding::{
    Conditional, ControlEncoding, DrumsOneHot, Encoding as Codec, EncodingError, Event, History,
    MelodyOneHot, OneHot, PerformanceOneHot, PolyphonyOneHot, SparseVector, listed,
};
use descant_core::codec::performance::{
    PerformanceControl, STEPS_PER_SECOND, note_densities, pitch_histograms,
};
use descant_core::codec::pianoroll::key_of_pitch;
use descant_core::codec::{Frame, PolyphonicEvent};
use descant_core::corpus::harmony;
use descant_core::model::{EncodingParams, ModelEncoding};
use serde::{Deserialize, Serialize};

/// What goes into a network and comes out of it. Always one that the core can build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "EncodingParams")]
pub struct Encoding {
    params: EncodingParams,
    inputs: usize,
    labels: usize,
    lookback: usize,
}

/// An encoding in a file: as cards name it, or as the first metrics files did.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Named(EncodingParams),
    Key { min: i32, max: i32, distances: Vec<usize>, bits: usize },
    Classes { classes: usize, distances: Vec<usize>, bits: usize },
}

impl TryFrom<Stored> for Encoding {
    type Error = EncodingError;

    fn try_from(stored: Stored) -> Result<Self, EncodingError> {
        Self::new(match stored {
            Stored::Named(params) => params,
            Stored::Key { min, max, distances, bits } => {
                EncodingParams::KeyMelody { min, max, distances, bits }
            }
            Stored::Classes { classes: 512, distances, bits } => {
                EncodingParams::DrumsLookback { types: 9, distances, bits }
            }
            Stored::Classes { classes: 38, distances, bits } => {
                EncodingParams::MelodyLookback { min: 48, max: 84, distances, bits }
            }
            Stored::Classes { classes, .. } => {
                return Err(EncodingError::BadParameters(format!("{classes} classes of no known event")));
            }
        })
    }
}

impl From<Encoding> for EncodingParams {
    fn from(encoding: Encoding) -> Self {
        encoding.params
    }
}

impl Encoding {
    /// The encoding of these parameters.
    ///
    /// # Errors
    /// Impossible parameters, or a model that does not step through events or frames.
    pub fn new(params: EncodingParams) -> Result<Self, EncodingError> {
        let built = params.build()?;
        let (inputs, labels) = built.sizes();
        let lookback = match &built {
            ModelEncoding::Drums(codec) => codec.lookback_classes(),
            ModelEncoding::Melody(codec) | ModelEncoding::Improv { melody: codec, .. } => {
                codec.lookback_classes()
            }
            ModelEncoding::Polyphony(_)
            | ModelEncoding::Performance { .. }
            | ModelEncoding::Pianoroll { .. } => 0,
            ModelEncoding::NotePerformance { .. } | ModelEncoding::Latent(_) => {
                return Err(EncodingError::BadParameters("not one choice after the other".into()));
            }
        };
        Ok(Self { params, inputs, labels, lookback })
    }

    /// As a card tells it.
    #[must_use]
    pub fn params(&self) -> &EncodingParams {
        &self.params
    }

    /// Width of a network input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of labels; of a piano roll the biases of its NADE.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Number of classes of the plain one-hot below.
    #[must_use]
    pub fn events(&self) -> usize {
        self.labels - self.lookback
    }

    /// Hidden units of the NADE, for piano rolls.
    #[must_use]
    pub fn nade(&self) -> Option<usize> {
        match self.params {
            EncodingParams::Pianoroll { hidden } => Some(hidden),
            _ => None,
        }
    }

    /// What the network takes one step for, in words.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self.params {
            EncodingParams::OneDrum => "8th step",
            EncodingParams::Polyphony | EncodingParams::Performance { .. } => "event",
            _ => "16th step",
        }
    }

    /// The encoding for bars of `bar` steps: lookback distances of one and two 16-step bars become one and two bars
    /// of that length, or two and four where the bars are shorter than twelve steps. 4/4, 2/2 and 2/4 keep theirs.
    #[must_use]
    pub fn for_bar(&self, bar: usize) -> Self {
        let unit = if bar < 12 { 2 * bar } else { bar };
        let mut scaled = self.clone();
        let params = match &mut scaled.params {
            EncodingParams::Improv { melody, .. } => melody.as_mut(),
            params => params,
        };
        if let EncodingParams::DrumsLookback { distances, .. }
        | EncodingParams::MelodyLookback { distances, .. }
        | EncodingParams::KeyMelody { distances, .. } = params
        {
            distances.iter_mut().for_each(|d| *d = (*d * unit / 16).max(1));
        }
        scaled
    }

    /// The frames of a whole piano roll.
    ///
    /// # Errors
    /// A class that no voice has.
    pub fn frames(&self, piece: &Piece) -> Result<Vec<Frame>, EncodingError> {
        let whole = piece.excerpt(self, 0..piece.events.len(), Variation::default());
        let reader = self.reader(&whole, 0)?;
        // The first position is the silence before everything.
        Ok((1..reader.positions()).map(|position| reader.frame(position)).collect())
    }

    /// Reads an excerpt from `position` on. Performances are told how dense and on which pitch classes they are.
    ///
    /// # Errors
    /// A class that the encoding does not have, or bars so long that their lookback is impossible.
    pub fn reader(&self, excerpt: &Excerpt, position: usize) -> Result<Box<dyn Reader>, EncodingError> {
        let Excerpt { classes, chords, free } = excerpt;
        let wrong = || EncodingError::BadParameters(format!("{:?} has no events", self.params));
        Ok(match self.params.build()? {
            ModelEncoding::Drums(codec) => {
                let one_hot: DrumsOneHot = self.params.drum_classes()?.ok_or_else(wrong)?;
                Box::new(Track::new(codec, &one_hot, classes, position)?)
            }
            ModelEncoding::Melody(codec) => {
                let (min, max) = self.params.note_range().ok_or_else(wrong)?;
                Box::new(Track::new(codec, &MelodyOneHot::new(min, max)?, classes, position)?)
            }
            ModelEncoding::Polyphony(codec) => {
                Box::new(Track::new(codec, &PolyphonyOneHot, classes, position)?)
            }
            ModelEncoding::Improv { chords: control, melody: codec } => {
                let (min, max) = self.params.note_range().ok_or_else(wrong)?;
                let track = Track::new(codec, &MelodyOneHot::new(min, max)?, classes, position)?;
                // A chord that the model cannot be told is as good as none.
                let known = |&class: &u16| {
                    harmony::chord(class)
                        .filter(|&c| control.input(Some(c), &mut SparseVector::new()).is_ok())
                };
                let controls = chords.iter().map(known).collect();
                Box::new(Controlled { track, control, controls })
            }
            ModelEncoding::Performance { bins, controls: control, events: codec } => {
                let track = Track::new(codec, &PerformanceOneHot::new(bins), classes, position)?;
                let densities = note_densities(&track.events, STEPS_PER_SECOND);
                let histograms = pitch_histograms(&track.events, STEPS_PER_SECOND);
                let value = |(notes_per_second, pitch_histogram)| PerformanceControl {
                    disabled: *free,
                    notes_per_second,
                    pitch_histogram,
                };
                let controls = densities.into_iter().zip(histograms).map(value).collect();
                Box::new(Controlled { track, control, controls })
            }
            ModelEncoding::Pianoroll { .. } => Box::new(Roll::new(classes)?),
            ModelEncoding::NotePerformance { .. } | ModelEncoding::Latent(_) => return Err(wrong()),
        })
    }
}

/// Inputs and labels of one sequence, position by position.
pub trait Reader {
    /// Number of positions.
    fn positions(&self) -> usize;

    /// Appends the input row at `position`. Positions must be asked for in order, each once.
    ///
    /// # Errors
    /// An event that the encoding cannot express.
    fn push_input(&mut self, position: usize, rows: &mut FewHot) -> Result<(), EncodingError>;

    /// The label of the event at `position`.
    ///
    /// # Errors
    /// An event that the encoding cannot express.
    fn label(&self, position: usize) -> Result<u32, EncodingError>;

    /// The frame at `position` of a piano roll, which has no labels but this.
    fn frame(&self, _position: usize) -> Frame {
        Frame::EMPTY
    }

    /// All labels that decode to the event at `position`: their probabilities add up to that of the event.
    ///
    /// # Errors
    /// An event that the encoding cannot express.
    fn aliases(&self, position: usize) -> Result<Vec<u32>, EncodingError>;
}

/// A sequence of events with its encoding.
struct Track<E: Event> {
    codec: Box<dyn Codec<E>>,
    events: Vec<E>,
    history: History<E>,
    cells: SparseVector,
}

impl<E: Event> Track<E> {
    fn new<T: OneHot<Event = E>>(
        codec: Box<dyn Codec<E>>,
        one_hot: &T,
        classes: &[u32],
        position: usize,
    ) -> Result<Self, EncodingError> {
        let events: Vec<E> =
            classes.iter().map(|&class| one_hot.decode(class as usize)).collect::<Result<_, _>>()?;
        let history = History::new(&events[..position.min(events.len())]);
        Ok(Self { codec, events, history, cells: SparseVector::new() })
    }

    fn event(&self, position: usize) -> Result<E, EncodingError> {
        self.events.get(position).copied().ok_or(EncodingError::Empty)
    }
}

/// Writes `cells` as a row.
fn push_row(cells: &SparseVector, rows: &mut FewHot) {
    for &(column, value) in cells {
        rows.push(column as usize, value);
    }
    rows.end_row();
}

impl<E: Event> Reader for Track<E> {
    fn positions(&self) -> usize {
        self.events.len()
    }

    fn push_input(&mut self, position: usize, rows: &mut FewHot) -> Result<(), EncodingError> {
        self.history.push(self.event(position)?);
        self.codec.input(&self.history, &mut self.cells)?;
        push_row(&self.cells, rows);
        Ok(())
    }

    fn label(&self, position: usize) -> Result<u32, EncodingError> {
        Ok(self.codec.label(&self.events, position)? as u32)
    }

    fn aliases(&self, position: usize) -> Result<Vec<u32>, EncodingError> {
        let event = self.event(position)?;
        // A first event repeats nothing, but for silence, which counts as a repeat at a start.
        let own = if event == self.codec.default_event() {
            self.codec.default_label()
        } else {
            self.codec.label(&[event], 0)?
        };
        let mut all = vec![own as u32];
        let classes = self.codec.num_classes();
        for class in classes - self.codec.lookback_classes()..classes {
            if self.codec.decode(class, &self.events[..position])? == event {
                all.push(class as u32);
            }
        }
        Ok(all)
    }
}

/// A sequence with one control value per event.
struct Controlled<E: Event, K: ControlEncoding> {
    track: Track<E>,
    control: K,
    controls: Vec<K::Control>,
}

impl<E: Event, K: ControlEncoding<Control: Send + Sync>> Reader for Controlled<E, K> {
    fn positions(&self) -> usize {
        self.track.positions()
    }

    fn push_input(&mut self, position: usize, rows: &mut FewHot) -> Result<(), EncodingError> {
        let event = self.track.event(position)?;
        let Track { codec, history, cells, .. } = &mut self.track;
        history.push(event);
        let source = listed(&self.controls);
        let codec = Conditional { control: &self.control, source: &source, target: codec.as_ref() };
        codec.input(history, cells)?;
        push_row(cells, rows);
        Ok(())
    }

    fn label(&self, position: usize) -> Result<u32, EncodingError> {
        self.track.label(position)
    }

    fn aliases(&self, position: usize) -> Result<Vec<u32>, EncodingError> {
        self.track.aliases(position)
    }
}

/// Voices as the frames of a piano roll, after a silent one in place of their start event.
struct Roll {
    frames: Vec<Frame>,
    cells: SparseVector,
}

impl Roll {
    /// A key that is struck again without a rest is let go for the step before, as when a roll is made of notes. Steps
    /// that do not end, and pitches that a piano does not have, stay out.
    fn new(classes: &[u32]) -> Result<Self, EncodingError> {
        let (mut frames, mut now) = (vec![Frame::EMPTY], Frame::EMPTY);
        for &class in classes {
            match PolyphonyOneHot.decode(class as usize)? {
                PolyphonicEvent::New(pitch) => {
                    if let (Some(key), Some(before)) = (key_of_pitch(pitch), frames.last_mut()) {
                        before.remove(key);
                        now.insert(key);
                    }
                }
                PolyphonicEvent::Continued(pitch) => {
                    key_of_pitch(pitch).into_iter().for_each(|k| now.insert(k))
                }
                PolyphonicEvent::StepEnd => frames.push(std::mem::take(&mut now)),
                PolyphonicEvent::Start | PolyphonicEvent::End => {}
            }
        }
        Ok(Self { frames, cells: SparseVector::new() })
    }
}

impl Reader for Roll {
    fn positions(&self) -> usize {
        self.frames.len()
    }

    fn push_input(&mut self, position: usize, rows: &mut FewHot) -> Result<(), EncodingError> {
        self.frame(position).input(&mut self.cells);
        push_row(&self.cells, rows);
        Ok(())
    }

    fn label(&self, _position: usize) -> Result<u32, EncodingError> {
        Ok(0)
    }

    fn frame(&self, position: usize) -> Frame {
        self.frames.get(position).copied().unwrap_or_default()
    }

    fn aliases(&self, _position: usize) -> Result<Vec<u32>, EncodingError> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
pub(crate) mod tests;
