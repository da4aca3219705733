//! Trios: a melody, a bass and drums on the same steps.
//!
//! Any thread. Source: MusicVAE (Magenta), `spec` 4.5 of the latent-model notes.

use super::melody::PITCHES;
use super::{
    Cut, DrumConverter, DrumKit, DrumSteps, MelodyConverter, MelodyExample, STEPS_PER_BAR, STEPS_PER_QUARTER,
    VaeError,
};
use crate::music::{NoteSequence, Quantised, QuantisedNote};
use std::collections::BTreeMap;

/// Music after this bar is not looked at.
const MAX_BARS: usize = 1024;

/// Highest instrument number.
const MAX_INSTRUMENT: u32 = 127;

/// MIDI program and instrument number of the bass that a model wrote.
const BASS: (u8, u32) = (33, 1);

/// What a part plays, by the MIDI programs of its notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Programs 0 to 31.
    Melody,
    /// Programs 32 to 39.
    Bass,
    /// Notes marked as drums.
    Drums,
    /// Other programs, or several of these.
    Other,
}

impl Role {
    fn of(note: &QuantisedNote) -> Self {
        match note.program {
            _ if note.is_drum => Self::Drums,
            0..32 => Self::Melody,
            32..40 => Self::Bass,
            _ => Self::Other,
        }
    }
}

/// Notes ↔ the classes of three parts. All combinations of a melody, a bass and a drum instrument are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrioConverter {
    /// Length of an example.
    pub bars: u32,
    /// So many bars of rest before, and as many after, do not count as silence.
    pub gap_bars: u32,
    /// Keep the first so many examples. `None`: up to [`MAX_EXAMPLES`](super::MAX_EXAMPLES).
    pub max_examples: Option<usize>,
}

impl Default for TrioConverter {
    fn default() -> Self {
        Self { bars: 16, gap_bars: 2, max_examples: Some(5) }
    }
}

/// Three parts as a network reads and writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrioExample {
    /// Class of every step, below [`MELODY_CLASSES`](super::MELODY_CLASSES).
    pub melody: Vec<u32>,
    /// As the melody.
    pub bass: Vec<u32>,
    /// Class of every step, below 512: bit n is drum n.
    pub drums: Vec<u32>,
}

/// One instrument of the music.
struct Part {
    role: Role,
    /// For every bar whether a note sounds in it.
    covered: Vec<bool>,
    /// Class of every step.
    labels: Vec<u32>,
}

impl TrioConverter {
    /// The windows, one from each bar on, in which melody, bass and drums play.
    ///
    /// # Errors
    /// What the converters of melodies and drums refuse.
    pub fn to_tensors(&self, ns: &NoteSequence) -> Result<Vec<TrioExample>, VaeError> {
        super::of_stretches(ns, self.max_examples, |stretch, max| {
            match super::on_grid(stretch, STEPS_PER_QUARTER, STEPS_PER_BAR) {
                Some(q) => self.examples(&q, max),
                None => Ok(Vec::new()),
            }
        })
    }

    fn examples(&self, q: &Quantised, max: usize) -> Result<Vec<TrioExample>, VaeError> {
        let parts = self.parts(q)?;
        let of = |role| parts.iter().filter(move |p| p.role == role);
        let bar = STEPS_PER_BAR as usize;
        let bars = self.bars.max(1) as usize;
        let mut examples = Vec::new();
        for melody in of(Role::Melody) {
            for bass in of(Role::Bass) {
                for drums in of(Role::Drums) {
                    let covered = self.together([melody, bass, drums]);
                    for (start, _) in covered.windows(bars).enumerate().filter(|w| w.1.iter().all(|&c| c)) {
                        if examples.len() >= max {
                            return Ok(examples);
                        }
                        let window = |part: &Part| part.labels[start * bar..(start + bars) * bar].to_vec();
                        examples.push(TrioExample {
                            melody: window(melody),
                            bass: window(bass),
                            drums: window(drums),
                        });
                    }
                }
            }
        }
        Ok(examples)
    }

    /// The instruments that have a role and something to play, in order of their numbers, with rests of `gap_bars`
    /// before and after their notes counted as playing.
    fn parts(&self, q: &Quantised) -> Result<Vec<Part>, VaeError> {
        let bar = i64::from(STEPS_PER_BAR);
        let bars = usize::try_from(q.total_steps.saturating_add(bar - 1) / bar).unwrap_or(0).min(MAX_BARS);
        let mut found: BTreeMap<u32, (Role, Vec<bool>)> = BTreeMap::new();
        for n in q.notes.iter().filter(|n| n.instrument <= MAX_INSTRUMENT) {
            let role = Role::of(n);
            let (known, covered) = found.entry(n.instrument).or_insert_with(|| (role, vec![false; bars]));
            if *known != role {
                *known = Role::Other;
            }
            let at = |bar: i64| usize::try_from(bar).unwrap_or(0).min(bars);
            let (first, end) = (at(n.start_step / bar), at(n.end_step.saturating_add(bar - 1) / bar));
            covered[first..end.max(first)].fill(true);
        }
        let mut parts = Vec::new();
        for (instrument, (role, covered)) in found {
            let Some(labels) = self.labels(q, instrument, role, bars)? else { continue };
            parts.push(Part { role, covered: self.widened(&covered), labels });
        }
        Ok(parts)
    }

    /// Class of every step of one instrument; none without a role or notes that have a class.
    fn labels(
        &self,
        q: &Quantised,
        instrument: u32,
        role: Role,
        bars: usize,
    ) -> Result<Option<Vec<u32>>, VaeError> {
        let playable = |n: &&QuantisedNote| {
            n.instrument == instrument && (role == Role::Drums || PITCHES.contains(&n.pitch))
        };
        let alone = Quantised {
            notes: q.notes.iter().filter(playable).copied().collect(),
            texts: Vec::new(),
            control_steps: Vec::new(),
            total_steps: bars as i64 * i64::from(STEPS_PER_BAR),
            ..*q
        };
        let labels = match role {
            Role::Other => None,
            Role::Melody | Role::Bass => {
                let examples =
                    MelodyConverter { cut: Cut::WHOLE, ..MelodyConverter::default() }.examples(&alone, 1)?;
                examples.into_iter().next().map(|e| e.labels)
            }
            Role::Drums => match drums().examples(alone, 1)?.into_iter().next().map(|e| e.output) {
                Some(DrumSteps::Labels(labels)) => Some(labels),
                _ => None,
            },
        };
        Ok(labels)
    }

    /// A bar is covered if any bar within `gap_bars` of it is.
    fn widened(&self, covered: &[bool]) -> Vec<bool> {
        let gap = self.gap_bars as usize;
        let near = |bar: usize| bar.saturating_sub(gap)..bar.saturating_add(gap + 1).min(covered.len());
        (0..covered.len()).map(|bar| covered[near(bar)].contains(&true)).collect()
    }

    /// The bars that all cover; at begin and end of the music it is enough that one does.
    fn together(&self, parts: [&Part; 3]) -> Vec<bool> {
        let bars = parts[0].covered.len();
        let mut covered: Vec<bool> = (0..bars).map(|bar| parts.iter().all(|p| p.covered[bar])).collect();
        let gap = (self.gap_bars as usize).min(bars);
        for edge in [0..gap, bars - gap..bars] {
            let any = parts.iter().any(|p| p.covered[edge.clone()].contains(&true));
            covered[edge].fill(any);
        }
        covered
    }

    /// Notes of velocity 80 at 120 quarter notes per minute: instruments 0 (melody), 1 (bass) and 9 (drums).
    ///
    /// # Errors
    /// Classes that do not exist.
    pub fn from_tensors(&self, example: &TrioExample) -> Result<NoteSequence, VaeError> {
        let tune = |labels: &[u32]| {
            let example = MelodyExample { labels: labels.to_vec(), triads: None };
            MelodyConverter::default().from_tensors(&example)
        };
        let mut ns = tune(&example.melody)?;
        let mut bass = tune(&example.bass)?;
        for note in &mut bass.notes {
            (note.program, note.instrument) = BASS;
        }
        let drums = drums().from_tensors(&DrumSteps::Labels(example.drums.clone()))?;
        for part in [bass, drums] {
            ns.notes.extend(part.notes);
            ns.total_time = ns.total_time.max(part.total_time);
        }
        Ok(ns)
    }
}

/// The drums of a trio.
fn drums() -> DrumConverter {
    DrumConverter { kit: DrumKit::Nine, roll_input: false, roll_output: false, cut: Cut::WHOLE }
}
