//! Chords: what a musician gives, what is taken where nothing is given, and what a model hears of it step by step.
//!
//! Worker thread. The model hears chords in its own key, moved like its melody. Chords under a primer come from its
//! file; if they cannot be read or the model does not know them, it hears none there and that is said.
use super::{Request, ToolError};
use crate::codec::encoding::{ChordEncoding, History};
use crate::codec::{ChordProgression, MelodyEvent};
use crate::music::{
    Chord, ChordError, ChordMark, ChordSymbol, NO_CHORD, PitchClasses, Scale, TICKS_PER_QUARTER, Ticks,
    tick_of_step,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most chords of a track.
const MAX_CHORDS: usize = 4096;
/// Shortest progression: a 16th note.
const SHORTEST: Ticks = TICKS_PER_QUARTER / 4;
/// What is played over if nothing is given, a chord per bar, in C.
const PLAIN: [&str; 4] = ["C", "Am", "F", "G"];

/// Chords by exact position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChordTrack {
    /// Chords under the primer, counted from its start; as its file has them, readable or not.
    #[serde(default)]
    pub primer: Vec<ChordMark>,
    /// Chords of the new bars, counted from the first whole new bar; an incomplete bar that is completed keeps the
    /// primer's last chord. None = the primer's progression again, or a plain one.
    pub chords: Vec<ChordMark>,
    /// Length of the progression, which begins anew after it. `None` = its last chord stays.
    pub length: Option<Ticks>,
}

impl ChordTrack {
    /// The chords of a text such as `C G7 Am F`, each for `ticks_per_chord`, over and over.
    ///
    /// # Errors
    /// The first word that is no chord symbol.
    pub fn from_text(text: &str, ticks_per_chord: Ticks) -> Result<Self, ChordError> {
        let mut chords = Vec::new();
        let mut tick: Ticks = 0;
        for figure in text.split_whitespace() {
            Chord::of_figure(figure)?;
            chords.push(ChordMark { tick, figure: figure.to_owned() });
            tick = tick.saturating_add(ticks_per_chord.max(1));
        }
        let length = (!chords.is_empty()).then_some(tick);
        Ok(Self { primer: Vec::new(), chords, length })
    }

    /// What makes no sense in it, in words.
    pub(super) fn check(&self) -> Result<(), ToolError> {
        let bad = |what: &str| Err(ToolError::BadRequest(what.to_owned()));
        let in_order = |marks: &[ChordMark]| {
            marks.is_sorted_by_key(|c| c.tick) && marks.first().is_none_or(|c| c.tick >= 0)
        };
        if self.chords.len() > MAX_CHORDS || self.primer.len() > MAX_CHORDS {
            return bad("there are more than 4096 chords");
        }
        if !in_order(&self.chords) || !in_order(&self.primer) {
            return bad("the chords are not in order");
        }
        let last = self.chords.last().map_or(0, |c| c.tick);
        if self.length.is_some_and(|length| length < SHORTEST || length <= last) {
            return bad("the chord progression is shorter than its chords or than a 16th note");
        }
        for mark in &self.chords {
            Chord::of_figure(&mark.figure).map_err(|e| ToolError::BadRequest(e.to_string()))?;
        }
        Ok(())
    }

    /// The figure at a tick after the first whole new bar line.
    fn figure(&self, tick: Ticks) -> &str {
        match self.length.filter(|&length| length > 0) {
            // Before its first chord a progression that goes round is at its last.
            Some(length) => at(&self.chords, tick.rem_euclid(length)).or(self.chords.last()),
            None => at(&self.chords, tick),
        }
        .map_or(NO_CHORD, |c| &c.figure)
    }

    /// All chords of a take whose first whole new bar begins at `line` and which ends at `end`: one mark at every
    /// change.
    #[must_use]
    pub fn marks(&self, line: Ticks, end: Ticks) -> Vec<ChordMark> {
        let mut marks: Vec<ChordMark> = self.primer.iter().filter(|c| c.tick < line).cloned().collect();
        if line < end {
            marks.push(ChordMark { tick: line, figure: self.figure(0).to_owned() });
        }
        let length = self.length.map_or(Ticks::MAX, |length| length.max(SHORTEST));
        let mut from = line;
        while from < end {
            let round = self.chords.iter().map(|c| (from.saturating_add(c.tick), &c.figure));
            let round = round.filter(|&(tick, _)| tick > line && tick < end);
            marks.extend(round.map(|(tick, figure)| ChordMark { tick, figure: figure.clone() }));
            from = from.saturating_add(length);
        }
        marks.dedup_by(|later, earlier| later.figure == earlier.figure);
        if marks.first().is_some_and(|c| c.figure == NO_CHORD) {
            marks.remove(0);
        }
        marks
    }
}

/// The last chord at or before `tick`.
fn at(marks: &[ChordMark], tick: Ticks) -> Option<&ChordMark> {
    marks[..marks.partition_point(|c| c.tick <= tick)].last()
}

/// The chords of a run: all of them, and what to say about them.
pub(super) struct Harmony {
    /// Complete: the new bars have chords.
    pub track: ChordTrack,
    pub notices: Vec<String>,
    control: ChordEncoding,
    steps_per_quarter: u32,
}

impl Harmony {
    /// The chords of a request. `line` is the length of a primer in whole bars; `key` the major key of what is
    /// there already, for a plain progression.
    pub fn new(
        request: &Request,
        control: ChordEncoding,
        steps_per_quarter: u32,
        (line, bar): (Ticks, Ticks),
        key: u8,
    ) -> Result<Self, ToolError> {
        let mut track = request.chords.clone().unwrap_or_default();
        let mut notices = Vec::new();
        if line == 0 {
            track.primer.clear();
        }
        let known = |figure: &str| {
            let one = ChordProgression::on_grid(vec![figure.into()], 0, 16, 4);
            one.chords_for(control).is_ok()
        };
        let strange = track.primer.iter_mut().filter(|c| !known(&c.figure));
        let strange: Vec<String> =
            strange.map(|c| std::mem::replace(&mut c.figure, NO_CHORD.to_owned())).collect();
        if let Some(first) = strange.first() {
            let first: String = first.chars().take(20).collect();
            notices.push(match strange.len() {
                1 => format!("the model does not know the primer's chord “{first}”: it heard none there"),
                n => format!("the model does not know {n} of the primer's chords, “{first}” among them: it heard none there"),
            });
        }
        if track.chords.is_empty() && track.primer.iter().any(|c| c.figure != NO_CHORD) {
            track.chords = track.primer.clone();
            track.length = Some(line);
            notices.push("no chords were given: the new bars repeat the primer's".into());
        }
        if track.chords.is_empty() {
            let mut figures = Vec::new();
            for plain in PLAIN {
                let symbol = ChordSymbol::parse(plain).map_err(|e| ToolError::BadRequest(e.to_string()))?;
                figures.push(symbol.transposed(i32::from(key)).to_string());
            }
            let text = figures.join(" ");
            notices.push(format!("no chords were given: the new bars have {text}, a bar each"));
            let plain =
                ChordTrack::from_text(&text, bar).map_err(|e| ToolError::BadRequest(e.to_string()))?;
            track = ChordTrack { primer: track.primer, ..plain };
        }
        Ok(Self { track, notices, control, steps_per_quarter })
    }

    /// The major scale that holds most of what the progression's chords are made of, for as long as they last; none
    /// for no chords.
    pub fn scale(&self) -> Option<PitchClasses> {
        let ends =
            self.track.chords.iter().skip(1).map(|c| c.tick).chain([self.track.length.unwrap_or(Ticks::MAX)]);
        let mut weights = [0_i64; 12];
        for (mark, end) in self.track.chords.iter().zip(ends) {
            let Ok(Some(chord)) = Chord::of_figure(&mark.figure) else { continue };
            // A last chord that stays counts like a bar of 4/4.
            let lasts = end.saturating_sub(mark.tick).min(4 * TICKS_PER_QUARTER);
            for (class, weight) in (0..12_u8).zip(&mut weights) {
                *weight += if chord.pitches.contains(class) { lasts } else { 0 };
            }
        }
        let inside = |key: u8| -> i64 {
            let scale = Scale::Major.in_key(key);
            (0..12_u8).zip(weights).filter(|&(class, _)| scale.contains(class)).map(|(_, w)| w).sum()
        };
        let best = (0..12).max_by_key(|&key| (inside(key), std::cmp::Reverse(key)))?;
        (inside(best) > 0).then(|| Scale::Major.in_key(best))
    }

    /// The figure of a step of the clip, whose first whole new bar begins at `line`. A chord belongs to the nearest
    /// step.
    fn figure(&self, step: i64, line: Ticks) -> &str {
        let tick = tick_of_step(step, self.steps_per_quarter);
        let reach = tick_of_step(1, self.steps_per_quarter) / 2 - 1;
        if tick < line {
            return at(&self.track.primer, tick.saturating_add(reach)).map_or(NO_CHORD, |c| &c.figure);
        }
        self.track.figure((tick - line).saturating_add(reach))
    }

    /// What the model hears: the first chord of the new bars for `before` steps, and then those of the steps
    /// `from..to`; all `shift` semitones higher.
    pub fn heard(
        &self,
        before: usize,
        (from, to): (i64, i64),
        line: Ticks,
        shift: i32,
    ) -> Result<Vec<Option<Chord>>, ToolError> {
        let first = std::iter::repeat_n(self.track.figure(0), before);
        let figures = first.chain((from..to).map(|step| self.figure(step, line)));
        let spelled: Vec<Arc<str>> = figures.map(Arc::from).collect();
        let progression = ChordProgression::on_grid(spelled, from, 16, self.steps_per_quarter);
        let bad = |e: &dyn std::fmt::Display| ToolError::BadRequest(e.to_string());
        // As they are written, so that a message names the musician's own chord.
        progression.chords_for(self.control).map_err(|e| bad(&e))?;
        let moved = progression.transposed(shift).map_err(|e| bad(&e))?;
        moved.chords_for(self.control).map_err(|e| bad(&e))
    }
}

/// Holds a melody to the chords of its steps by `amount`, see [`Card::chord_lean`](crate::model::Card::chord_lean).
pub(super) fn lean(heard: &[Option<Chord>], amount: f32) -> impl Fn(&History<MelodyEvent>) -> Lean + '_ {
    move |history| {
        let chord = heard.get(history.len()).copied().flatten();
        Box::new(move |event: MelodyEvent| match (event.pitch(), chord) {
            (Some(pitch), Some(chord)) if chord.pitches.contains(pitch) => amount,
            (Some(_), Some(_)) => -amount,
            _ => 0.0,
        })
    }
}

/// What each next event is favoured by.
type Lean = Box<dyn Fn(MelodyEvent) -> f32>;

/// A chord from its root upwards and back, starting near middle C: four model pitches.
pub(super) fn broken(chord: Option<Chord>) -> [i32; 4] {
    let Some(chord) = chord else { return [60, 64, 67, 64] };
    let root = 54 + (i32::from(chord.root) - 54).rem_euclid(12);
    let sounds = |pitch: &i32| u8::try_from(*pitch).is_ok_and(|p| chord.pitches.contains(p));
    let tones: Vec<i32> = (root..root + 12).filter(sounds).collect();
    let tone = |i: usize| tones.get(i.min(tones.len().saturating_sub(1))).copied().unwrap_or(root);
    [tone(0), tone(1), tone(2), tone(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: Ticks = 4 * TICKS_PER_QUARTER;

    fn figures(marks: &[ChordMark]) -> Vec<(Ticks, &str)> {
        marks.iter().map(|c| (c.tick / TICKS_PER_QUARTER, c.figure.as_str())).collect()
    }

    #[test]
    fn a_progression_goes_round_and_a_last_chord_stays() {
        let round = ChordTrack::from_text("C G7", BAR).expect("chords");
        assert_eq!(figures(&round.marks(0, 4 * BAR)), [(0, "C"), (4, "G7"), (8, "C"), (12, "G7")]);
        let stays = ChordTrack { length: None, ..round };
        assert_eq!(figures(&stays.marks(0, 4 * BAR)), [(0, "C"), (4, "G7")]);
        assert_eq!(stays.figure(100 * BAR), "G7");
    }

    #[test]
    fn chords_of_the_primer_come_first() {
        let primer = vec![ChordMark { tick: BAR, figure: "Dm".into() }];
        let track = ChordTrack { primer, ..ChordTrack::from_text("C", BAR).expect("a chord") };
        assert_eq!(figures(&track.marks(2 * BAR, 4 * BAR)), [(4, "Dm"), (8, "C")]);
    }

    #[test]
    fn words_that_are_no_chords_and_disorder_are_refused() {
        assert!(ChordTrack::from_text("C H", BAR).is_err());
        let mut track = ChordTrack::from_text("C G", BAR).expect("chords");
        assert!(track.check().is_ok());
        track.length = Some(BAR);
        assert!(track.check().is_err(), "G is after the end");
        track.length = None;
        track.chords.reverse();
        assert!(track.check().is_err());
        track.chords = vec![ChordMark { tick: 0, figure: "x".into() }];
        assert!(track.check().is_err());
        assert!(ChordTrack::from_text("", BAR).expect("nothing").check().is_ok());
    }

    #[test]
    fn a_chord_is_broken_from_its_root() {
        let chord = |figure: &str| broken(Chord::of_figure(figure).expect("a chord"));
        assert_eq!(chord("C"), [60, 64, 67, 64]);
        assert_eq!(chord("Am"), [57, 60, 64, 60]);
        assert_eq!(chord("Gsus4"), [55, 60, 62, 60]);
    }
}
