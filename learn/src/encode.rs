//! Event classes → few-hot network inputs and labels, by the encodings of the core.
//!
//! Training keeps events as classes of the plain one-hot below an encoding; here they become events again and go
//! through [`descant_core::codec::encoding`], so that a network learns exactly what the plugin will ask of it.
//! Pure; runs on the thread that trains.

use crate::lstm::FewHot;
use crate::piece::Excerpt;
use descant_core::codec::encoding::{
    Conditional, ControlEncoding, DrumsOneHot, Encoding as Codec, EncodingError, Event, History,
    MelodyOneHot, OneHot, PerformanceOneHot, PolyphonyOneHot, SparseVector, listed,
};
use descant_core::codec::performance::{
    PerformanceControl, STEPS_PER_SECOND, note_densities, pitch_histograms,
};
use descant_core::corpus::harmony;
use descant_core::model::{EncodingParams, ModelEncoding};
use serde::{Deserialize, Serialize};

/// What goes into a network and comes out of it. Always one that the core can build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Impossible parameters, or a model that is not a softmax over classes of events.
    pub fn new(params: EncodingParams) -> Result<Self, EncodingError> {
        let built = params.build()?;
        let (inputs, labels) = built.sizes();
        let lookback = match &built {
            ModelEncoding::Drums(codec) => codec.lookback_classes(),
            ModelEncoding::Melody(codec) | ModelEncoding::Improv { melody: codec, .. } => {
                codec.lookback_classes()
            }
            ModelEncoding::Polyphony(_) | ModelEncoding::Performance { .. } => 0,
            ModelEncoding::Pianoroll { .. } | ModelEncoding::NotePerformance { .. } => {
                return Err(EncodingError::BadParameters("not one softmax over classes of events".into()));
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

    /// Number of labels.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Number of classes of the plain one-hot below.
    #[must_use]
    pub fn events(&self) -> usize {
        self.labels - self.lookback
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
            ModelEncoding::Pianoroll { .. } | ModelEncoding::NotePerformance { .. } => return Err(wrong()),
        })
    }
}

/// Inputs and labels of one sequence, position by position.
pub trait Reader {
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use descant_core::codec::encoding::{ChordEncoding, PerformanceControls};

    /// Five melody classes with lookback, for tests.
    pub(crate) fn small(distances: &[usize], bits: usize) -> Encoding {
        let distances = distances.to_vec();
        Encoding::new(EncodingParams::MelodyLookback { min: 60, max: 63, distances, bits }).expect("possible")
    }

    fn lookback_rnn() -> Encoding {
        let distances = vec![16, 32];
        Encoding::new(EncodingParams::MelodyLookback { min: 48, max: 84, distances, bits: 5 })
            .expect("possible")
    }

    #[test]
    fn inputs_hold_the_event_its_lookbacks_the_counter_and_the_repeats() {
        let encoding = small(&[2, 4], 3);
        let events = [1, 2, 1, 2, 1, 0];
        let mut rows = FewHot::new();
        encoding.reader(&Excerpt::of(&events), 0).expect("reads").push_input(0, &mut rows).expect("fits");
        encoding.reader(&Excerpt::of(&events), 4).expect("reads").push_input(4, &mut rows).expect("fits");
        let dense = |r: usize| {
            let mut row = vec![0.0; encoding.inputs()];
            rows.row(r).for_each(|(c, v)| row[c] = v);
            row
        };
        // event 1; lookbacks before the start are silence; n = 1 is 100 (lowest bit first); nothing repeats
        let first = [
            [0., 1., 0., 0., 0.].as_slice(),
            &[1., 0., 0., 0., 0.],
            &[1., 0., 0., 0., 0.],
            &[1., -1., -1.],
            &[0., 0.],
        ];
        assert_eq!(dense(0), first.concat());
        // event 1; two and four before the next one: events 3 and 1; n = 5 is 101; both repeat
        let later = [
            [0., 1., 0., 0., 0.].as_slice(),
            &[0., 0., 1., 0., 0.],
            &[0., 0., 1., 0., 0.],
            &[1., -1., 1.],
            &[1., 1.],
        ];
        assert_eq!(dense(1), later.concat());
    }

    #[test]
    fn triple_bars_look_back_by_their_own_length_and_duple_bars_as_ever() {
        let at = |bar| match lookback_rnn().for_bar(bar).params() {
            EncodingParams::MelodyLookback { distances, .. } => distances.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            [at(16), at(8), at(12), at(6), at(24)],
            [[16, 32], [16, 32], [12, 24], [12, 24], [24, 48]]
        );
    }

    #[test]
    fn labels_prefer_the_farthest_repeat_and_early_silence_is_a_repeat() {
        let encoding = small(&[2, 4], 3);
        let events = [0, 2, 1, 2, 1, 2, 0];
        let reader = encoding.reader(&Excerpt::of(&events), 0).expect("reads");
        let labels: Vec<u32> = (0..7).map(|p| reader.label(p).expect("fits")).collect();
        assert_eq!(labels, [6, 2, 1, 5, 5, 6, 0]);
    }

    #[test]
    fn aliases_are_the_classes_that_decode_to_the_event_and_hold_its_label() {
        let key = EncodingParams::KeyMelody { min: 48, max: 84, distances: vec![16, 32], bits: 7 };
        let drums = EncodingParams::DrumsLookback { types: 3, distances: vec![2, 4], bits: 2 };
        for (params, classes) in [(key, 38), (drums, 8), (EncodingParams::Polyphony, 259)] {
            let encoding = Encoding::new(params.clone()).expect("possible");
            let events: Vec<u32> =
                (0..90u32).map(|i| [14, 0, 1, 16, 18, 0, 0][(i * i % 7) as usize] % classes).collect();
            let mut reader = encoding.reader(&Excerpt::of(&events), 0).expect("reads");
            let mut rows = FewHot::new();
            for p in 0..events.len() {
                let aliases = reader.aliases(p).expect("fits");
                assert!(aliases.contains(&reader.label(p).expect("fits")), "{params:?} at {p}");
                let same: Vec<u32> = match params.build().expect("possible") {
                    ModelEncoding::Drums(codec) => {
                        alike(codec.as_ref(), &DrumsOneHot::standard(3).expect("3"), &events, p)
                    }
                    ModelEncoding::Melody(codec) => {
                        alike(codec.as_ref(), &MelodyOneHot::new(48, 84).expect("range"), &events, p)
                    }
                    ModelEncoding::Polyphony(codec) => alike(codec.as_ref(), &PolyphonyOneHot, &events, p),
                    other => panic!("{other:?}"),
                };
                assert_eq!(aliases, same, "{params:?} at {p}");
                reader.push_input(p, &mut rows).expect("fits");
            }
            let mut late = encoding.reader(&Excerpt::of(&events), 40).expect("reads");
            let mut rest = FewHot::new();
            (40..60).for_each(|p| late.push_input(p, &mut rest).expect("fits"));
            assert!((0..20).all(|r| rest.row(r).eq(rows.row(40 + r))), "{params:?}");
            assert!(rows.index.iter().all(|&c| (c as usize) < encoding.inputs()));
        }
    }

    /// Every class that decodes to the event at `p`, by trying all of them.
    fn alike<T: OneHot>(codec: &dyn Codec<T::Event>, one_hot: &T, classes: &[u32], p: usize) -> Vec<u32> {
        let events: Vec<T::Event> =
            classes.iter().map(|&c| one_hot.decode(c as usize).expect("exists")).collect();
        let means = |&class: &usize| codec.decode(class, &events[..p]).expect("exists") == events[p];
        (0..codec.num_classes()).filter(means).map(|c| c as u32).collect()
    }

    #[test]
    fn the_first_metrics_files_name_the_same_encodings() {
        let read = |text: &str| serde_json::from_str::<Encoding>(text);
        let melody = read(r#"{"classes":38,"default":0,"distances":[16,32],"bits":5}"#).expect("reads");
        assert_eq!(melody, lookback_rnn());
        let text = serde_json::to_string(&melody).expect("writes");
        assert_eq!(read(&text).expect("reads back"), melody);
        assert!(read(r#"{"classes":7,"default":0,"distances":[],"bits":5}"#).is_err());
        assert!(Encoding::new(EncodingParams::Pianoroll { hidden: 8 }).is_err());
    }

    #[test]
    fn chords_and_measured_values_stand_before_the_event_they_belong_to() {
        let melody = Box::new(EncodingParams::Melody { min: 48, max: 84 });
        let improv = EncodingParams::Improv { chords: ChordEncoding::Triad, melody };
        let chords =
            [("", 0), ("m", 9), ("sus4", 7), ("7", 7)].map(|(kind, root)| harmony::class(root, kind));
        let excerpt = Excerpt { chords: chords.to_vec(), ..Excerpt::of(&[2, 0, 0, 4]) };
        let encoding = Encoding::new(improv).expect("possible");
        let mut rows = FewHot::new();
        let mut reader = encoding.reader(&excerpt, 0).expect("reads");
        (0..3).for_each(|p| reader.push_input(p, &mut rows).expect("fits"));
        let row = |r| rows.row(r).map(|(c, _)| c).collect::<Vec<_>>();
        // A minor, nothing for the suspended fourth, G major; the events' one-hot comes 49 cells later.
        assert_eq!([row(0), row(1), row(2)], [[51, 22], [49, 0], [49, 8]]);
        let controls = PerformanceControls { density: true, pitch_histogram: true, optional: true };
        let params = EncodingParams::Performance { velocity_bins: 32, modulo: false, controls };
        let encoding = Encoding::new(params).expect("possible");
        // C, three seconds, off: a third of a note per second is the lowest class, C weighs most.
        let events = [60, 355, 355, 355, 188];
        for free in [false, true] {
            let excerpt = Excerpt { free, ..Excerpt::of(&events) };
            let mut rows = FewHot::new();
            let mut reader = encoding.reader(&excerpt, 0).expect("reads");
            reader.push_input(0, &mut rows).expect("fits");
            let cells: Vec<(usize, f32)> = rows.row(0).collect();
            assert_eq!(cells[0], (21 + 60, 1.0));
            if free {
                assert_eq!(cells[1..], [(0, 1.0)]);
            } else {
                assert_eq!(cells[1].0, 1);
                assert!(cells[2].0 == 9 && cells[2].1 > 0.9, "{cells:?}");
            }
        }
    }
}
