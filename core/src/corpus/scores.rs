//! Scores of several parts (one JSON object per line) as polyphonic sequences on the 16th grid. Any thread; opens no
//! files.

use super::bars::{Measure, Stretch, stretches};
use super::duplicates::Seen;
use super::{Funnel, Split};
use crate::codec::{EventError, PolyphonicEvent, Polyphony};
use crate::music::{Grid, Meter, Quantised, QuantisedNote};
use serde::Deserialize;

/// Units of a sixteenth: times are in 24ths of a quarter note.
pub(super) const SIXTEENTH: i64 = 6;

/// How scores become pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreOptions {
    /// Stretches with a larger share of onsets off the 16th grid (triplets) stay out.
    pub off_grid: f64,
    /// Shorter stretches stay out, steps.
    pub steps: i64,
}

impl Default for ScoreOptions {
    /// 10 % off the grid, 80 steps.
    fn default() -> Self {
        Self { off_grid: 0.1, steps: 80 }
    }
}

/// Several voices on the 16th grid, at printed pitch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScorePiece {
    /// Corpus, score and, after `#`, the stretch of the score.
    pub id: String,
    /// Composer as the corpus names one.
    pub composer: String,
    /// Split, by composer and title.
    pub split: Split,
    /// Meter as printed.
    pub meter: Meter,
    /// Sixteenths per bar.
    pub steps_per_bar: usize,
    /// From the start event to the end event.
    pub events: Vec<PolyphonicEvent>,
}

/// A score as it is written in a corpus.
#[derive(Deserialize)]
pub(super) struct Score {
    pub(super) id: String,
    #[serde(default)]
    pub(super) composer: String,
    /// How many measures in a row have this numerator, denominator and length.
    pub(super) meas: Vec<(u16, (u32, u32, i64))>,
    parts: Vec<Part>,
}

/// Name, number of notes with lyrics, notes.
type Part = (String, i64, Vec<Tone>);

/// Distance from the onset before, duration, pitch, voice, staff.
type Tone = (i64, i64, i64, i64, i64);

impl Score {
    /// The title, as the folder of the score says.
    pub(super) fn title(&self) -> &str {
        self.id.rsplit('/').nth(1).unwrap_or(&self.id)
    }

    pub(super) fn split(&self) -> Split {
        Split::by_title(&format!("{} {}", self.composer, self.title()))
    }
}

/// Onset, end and pitch.
pub(super) type Span = (i64, i64, u8);

/// The pieces of a corpus of scores. A score whose first part is mostly one of an earlier line stays out.
#[must_use]
pub fn score_pieces(name: &str, jsonl: &str, options: &ScoreOptions) -> (Vec<ScorePiece>, Funnel) {
    let mut funnel = Funnel::new(name);
    let mut pieces = Vec::new();
    for (score, parts) in kept(jsonl, &mut funnel) {
        pieces.extend(cut(name, &score, &parts.concat(), options, &mut funnel));
    }
    (pieces, funnel)
}

/// The scores of a corpus that may be used, with the notes of their parts.
pub(super) fn kept(jsonl: &str, funnel: &mut Funnel) -> Vec<(Score, Vec<Vec<Span>>)> {
    let mut seen = Seen::default();
    let mut scores = Vec::new();
    for (number, line) in jsonl.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        funnel.seen += 1;
        let score: Score = match serde_json::from_str(line) {
            Ok(score) => score,
            Err(error) => {
                funnel.reject(&format!("line {}", number + 1), "not a readable score", error.to_string());
                continue;
            }
        };
        let Some(parts) = score.parts.iter().map(|p| spans(&p.2)).collect::<Option<Vec<_>>>() else {
            funnel.reject(&score.id, "a note that no instrument can play: damaged", "");
            continue;
        };
        let tune: Vec<(i64, i64)> = parts.iter().take(1).flatten().map(|n| (n.0, n.2.into())).collect();
        if let Some(twin) = seen.check(&score.id, &tune) {
            let twin = twin.to_owned();
            funnel.reject(&score.id, "mostly a score already taken", twin);
            continue;
        }
        scores.push((score, parts));
    }
    scores
}

/// The share of onsets off the 16th grid.
pub(super) fn off_grid(notes: &[&Span]) -> f64 {
    let off = notes.iter().filter(|n| n.0 % SIXTEENTH != 0).count();
    off as f64 / notes.len().max(1) as f64
}

/// Notes of a part with absolute onsets; `None` if one cannot be.
fn spans(notes: &[Tone]) -> Option<Vec<Span>> {
    let mut now = 0;
    let place = |&(delta, duration, pitch, ..): &Tone| {
        let sane = (0..1 << 20).contains(&delta) && (0..1 << 20).contains(&duration);
        now += delta;
        let pitch = u8::try_from(pitch).ok().filter(|&p| sane && p < 128 && now < 1 << 30)?;
        Some((now, now + duration, pitch))
    };
    notes.iter().map(place).collect()
}

/// The measures one by one, in sixteenths. One of a length that is no whole number of them gets an impossible meter.
pub(super) fn measures(runs: &[(u16, (u32, u32, i64))]) -> Vec<Measure> {
    let mut start = 0;
    let mut all = Vec::new();
    for &(count, (numerator, denominator, length)) in runs {
        let length = length.clamp(0, 1 << 16);
        for _ in 0..count {
            let whole = length % SIXTEENTH == 0 && start % SIXTEENTH == 0;
            all.push((start / SIXTEENTH, numerator, if whole { denominator } else { 0 }, length / SIXTEENTH));
            start += length;
        }
    }
    all
}

/// The pieces of a score: one per stretch of equal bars.
fn cut(
    corpus: &str,
    score: &Score,
    notes: &[Span],
    options: &ScoreOptions,
    funnel: &mut Funnel,
) -> Vec<ScorePiece> {
    let split = score.split();
    let mut pieces = Vec::new();
    for (number, stretch) in stretches(&measures(&score.meas)).into_iter().enumerate() {
        let id = format!("{corpus}/{}#{number}", score.id);
        let inside: Vec<&Span> =
            notes.iter().filter(|n| stretch.step(n.0.div_euclid(SIXTEENTH)).is_some()).collect();
        let share = off_grid(&inside);
        if stretch.length() < options.steps {
            let steps = stretch.length();
            funnel.reject(&id, "(part of a score) too short", format!("{steps} sixteenths"));
            continue;
        }
        if inside.is_empty() {
            funnel.reject(&id, "(part of a score) silence", "");
            continue;
        }
        if share > options.off_grid {
            let share = format!("{:.0} %", share * 100.0);
            funnel.reject(&id, "(part of a score) too many notes off the 16th grid", share);
            continue;
        }
        let placed = on_grid(&inside, &stretch);
        let count = placed.len();
        match events(&placed, &stretch) {
            Err(error) => funnel.reject(&id, "(part of a score) no sequence", error.to_string()),
            Ok(None) => funnel.reject(&id, "(part of a score) no sequence", ""),
            Ok(Some(voices)) => {
                let bars = usize::try_from(stretch.length() / stretch.bar).unwrap_or(0);
                funnel.keep(format!("{split} {}", stretch.meter), bars, count);
                pieces.push(ScorePiece {
                    id,
                    composer: score.composer.clone(),
                    split,
                    meter: stretch.meter,
                    steps_per_bar: usize::try_from(stretch.bar).unwrap_or(16),
                    events: voices.events().to_vec(),
                });
            }
        }
    }
    pieces
}

/// Notes in steps of the stretch, as one player could strike them: of several notes of one pitch at one step the
/// longest counts, and a note ends where its pitch is struck again. In the order of onsets.
fn on_grid(notes: &[&Span], stretch: &Stretch) -> Vec<Span> {
    let nearest = |units: i64| (units + SIXTEENTH / 2).div_euclid(SIXTEENTH);
    let place = |note: &&Span| {
        let on = stretch.step(nearest(note.0))?;
        let length = (nearest(note.1) - nearest(note.0)).max(1);
        Some((on, (on + length).min(stretch.length()), note.2))
    };
    let mut placed: Vec<Span> = notes.iter().filter_map(place).collect();
    placed.sort_unstable_by_key(|&(on, end, pitch)| (pitch, on, std::cmp::Reverse(end)));
    placed.dedup_by_key(|&mut (on, _, pitch)| (pitch, on));
    for i in 1..placed.len() {
        let (on, _, pitch) = placed[i];
        let before = &mut placed[i - 1];
        if before.2 == pitch {
            before.1 = before.1.min(on);
        }
    }
    placed.sort_unstable();
    placed
}

fn events(notes: &[Span], stretch: &Stretch) -> Result<Option<Polyphony>, EventError> {
    let mut onset_rank = 0;
    let mut last = i64::MIN;
    let note = |&(start_step, end_step, pitch): &Span| {
        onset_rank += u32::from(start_step > std::mem::replace(&mut last, start_step));
        QuantisedNote {
            pitch,
            velocity: 100,
            start_step,
            end_step,
            start_offset: 0,
            end_offset: 0,
            onset_rank,
            instrument: 0,
            program: 0,
            is_drum: false,
        }
    };
    let quantised = Quantised {
        grid: Grid::Beats {
            steps_per_quarter: 4,
            qpm: 120.0,
            numerator: stretch.meter.numerator.into(),
            denominator: stretch.meter.denominator.into(),
        },
        notes: notes.iter().map(note).collect(),
        texts: Vec::new(),
        control_steps: Vec::new(),
        total_steps: stretch.length(),
    };
    Polyphony::extract(&quantised, 0, 0..=usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PolyphonicEvent::{Continued, End, New, Start, StepEnd};

    fn read(parts: &str, meas: &str, steps: i64) -> (Vec<ScorePiece>, Funnel) {
        let line = format!(
            "{{\"id\":\"s/Who/Quartet/x.mxl\",\"composer\":\"Who\",\"meas\":[{meas}],\"parts\":[{parts}]}}"
        );
        score_pieces("c", &line, &ScoreOptions { steps, ..ScoreOptions::default() })
    }

    #[test]
    fn two_parts_become_one_stream_from_the_highest_pitch_down() {
        // A bar of 1/8: two sixteenths. E above, C below for both; then in both parts the same G.
        let parts = "[\"a\",0,[[0,6,64,1,1],[6,6,67,1,1]]],[\"b\",0,[[0,9,60,1,1],[6,3,67,1,1]]]";
        let (pieces, funnel) = read(parts, "[1,[1,8,12]]", 1);
        assert_eq!(funnel.rejected, []);
        assert_eq!(
            pieces[0].events,
            [Start, New(64), New(60), StepEnd, New(67), Continued(60), StepEnd, End]
        );
        assert_eq!(pieces[0].steps_per_bar, 2);
    }

    #[test]
    fn an_upbeat_waits_for_its_place_in_the_bar_and_a_repeated_pitch_ends_the_one_before() {
        // Upbeat of a sixteenth to a bar of two; a long note that another part strikes again.
        let parts = "[\"a\",0,[[0,18,60,1,1]]],[\"b\",0,[[6,6,60,1,1]]]";
        let (pieces, _) = read(parts, "[1,[1,8,6]],[1,[1,8,12]]", 1);
        assert_eq!(pieces[0].events, [Start, StepEnd, New(60), StepEnd, New(60), StepEnd, StepEnd, End]);
    }

    #[test]
    fn everything_that_stays_out_has_a_reason() {
        let reasons = |parts: &str, meas: &str, steps| {
            let (pieces, funnel) = read(parts, meas, steps);
            assert!(pieces.is_empty());
            funnel.rejected.into_iter().map(|r| r.reason).collect::<Vec<_>>()
        };
        let triplets = "[\"a\",0,[[0,4,60,1,1],[4,4,62,1,1],[4,4,64,1,1]]]";
        assert_eq!(
            reasons(triplets, "[1,[1,4,24]]", 1),
            ["(part of a score) too many notes off the 16th grid"]
        );
        assert_eq!(reasons("[\"a\",0,[[0,6,60,1,1]]]", "[1,[1,4,24]]", 80), ["(part of a score) too short"]);
        assert_eq!(reasons("[\"a\",0,[]]", "[9,[1,4,24]]", 1), ["(part of a score) silence"]);
        assert_eq!(
            reasons("[\"a\",0,[[0,6,200,1,1]]]", "[1,[1,4,24]]", 1),
            ["a note that no instrument can play: damaged"]
        );
        let (_, funnel) = score_pieces("c", "{}\n", &ScoreOptions::default());
        assert_eq!((funnel.seen, funnel.rejected.len()), (1, 1));
    }
}
