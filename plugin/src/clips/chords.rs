//! The chords of one instance: those for the new bars and those under the primer, as typed, read or found.
//!
//! Plain data of the document; any thread but the audio thread. Who types a wrong symbol is told which; nothing
//! changes then.

use descant_core::music::{
    Chord, ChordError, ChordMark, Clip, NO_CHORD, Ticks, find_chords, find_progression,
};
use descant_core::tool::ChordTrack;

/// Most chords that are kept of a progression, and under a primer.
pub const MAX_CHORDS: usize = 512;

/// Why typed chords are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChordsError {
    /// A word that is no chord symbol.
    #[error(transparent)]
    Symbol(#[from] ChordError),
    /// More than anybody types.
    #[error("at most {MAX_CHORDS} chords are kept")]
    TooMany,
}

/// See the file's head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chords {
    /// Figures for the new bars, over and over, each as long as the parameter says; none: the model's own choice.
    pub progression: Vec<String>,
    /// Under the primer, counted from its start.
    pub primer: Vec<ChordMark>,
}

impl Chords {
    /// With another progression, typed like `C G7 | Am F`.
    ///
    /// # Errors
    /// As [`ChordsError`].
    pub fn with_progression(&self, text: &str) -> Result<Self, ChordsError> {
        Ok(Self { progression: figures(text)?, primer: self.primer.clone() })
    }

    /// With other chords under the primer: as many words as there were chords rename those, else each lasts `every`
    /// from the start on.
    ///
    /// # Errors
    /// As [`ChordsError`].
    pub fn with_primer(&self, text: &str, every: Ticks) -> Result<Self, ChordsError> {
        let figures = figures(text)?;
        let renamed = figures.len() == self.primer.len();
        let place = |i: usize| if renamed { self.primer[i].tick } else { every.saturating_mul(i as Ticks) };
        let marks = figures.into_iter().enumerate();
        let primer = marks.map(|(i, figure)| ChordMark { tick: place(i), figure }).collect();
        Ok(Self { progression: self.progression.clone(), primer })
    }

    /// With the chords under the primer that its notes spell, one per `every`.
    #[must_use]
    pub fn found_in_primer(&self, primer: &Clip, every: Ticks) -> Self {
        let mut marks = find_chords(&primer.notes, primer.length, every);
        marks.truncate(MAX_CHORDS);
        Self { progression: self.progression.clone(), primer: marks }
    }

    /// With the progression that played notes spell, one chord per `every`.
    #[must_use]
    pub fn found_in_playing(&self, played: &Clip, every: Ticks) -> Self {
        let mut progression = find_progression(&played.notes, played.length, every);
        progression.truncate(MAX_CHORDS);
        Self { progression, primer: self.primer.clone() }
    }

    /// What a request holds of it; `None` if there is nothing to say.
    #[must_use]
    pub fn track(&self, every: Ticks, with_primer: bool) -> Option<ChordTrack> {
        let primer = if with_primer { self.primer.clone() } else { Vec::new() };
        if primer.is_empty() && self.progression.is_empty() {
            return None;
        }
        let place = |i: usize| every.saturating_mul(i as Ticks);
        let marks = self.progression.iter().enumerate();
        Some(ChordTrack {
            primer,
            chords: marks.map(|(i, f)| ChordMark { tick: place(i), figure: f.clone() }).collect(),
            length: (!self.progression.is_empty()).then(|| place(self.progression.len())),
        })
    }

    /// What can be believed of a saved state.
    #[must_use]
    pub fn credible(mut self, longest: Ticks) -> Self {
        self.progression.truncate(MAX_CHORDS);
        self.progression.retain(|figure| Chord::of_figure(figure).is_ok());
        self.primer.retain(|c| (0..=longest).contains(&c.tick) && c.figure.len() <= 64);
        self.primer.sort_by_key(|c| c.tick);
        self.primer.truncate(MAX_CHORDS);
        self
    }
}

/// The chord symbols of a text, between blanks, bar lines or commas.
fn figures(text: &str) -> Result<Vec<String>, ChordsError> {
    let words = text.split(|c: char| c.is_whitespace() || c == '|' || c == ',').filter(|w| !w.is_empty());
    let mut figures = Vec::new();
    for word in words {
        if figures.len() == MAX_CHORDS {
            return Err(ChordsError::TooMany);
        }
        let none = ["nc", "n.c", NO_CHORD].iter().any(|none| none.eq_ignore_ascii_case(word));
        let figure = if none { NO_CHORD.to_owned() } else { word.replace('♭', "b").replace('♯', "#") };
        Chord::of_figure(&figure)?;
        figures.push(figure);
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::{Note, TICKS_PER_QUARTER as Q};

    const BAR: Ticks = 4 * Q;

    fn mark(tick: Ticks, figure: &str) -> ChordMark {
        ChordMark { tick, figure: figure.into() }
    }

    #[test]
    fn a_progression_is_typed_as_musicians_write_it() {
        let chords = Chords::default().with_progression(" C |G7/B, A♭maj7  nc ").expect("chords");
        assert_eq!(chords.progression, ["C", "G7/B", "Abmaj7", "N.C."]);
        let track = chords.track(2 * Q, true).expect("a track");
        assert_eq!((track.chords[3].clone(), track.length), (mark(6 * Q, "N.C."), Some(8 * Q)));
        assert_eq!(chords.with_progression("").map(|c| c.track(BAR, true)), Ok(None));
    }

    #[test]
    fn wrong_symbols_are_named_and_too_many_refused() {
        let why = Chords::default().with_progression("C H7 G").expect_err("H is no root here");
        assert!(why.to_string().contains("“H7”"), "{why}");
        assert!(Chords::default().with_primer("C x", BAR).is_err());
        assert_eq!(Chords::default().with_progression(&"C ".repeat(513)), Err(ChordsError::TooMany));
    }

    #[test]
    fn chords_under_the_primer_keep_their_places_when_renamed() {
        let chords = Chords { primer: vec![mark(0, "C"), mark(3 * Q, "G")], ..Chords::default() };
        let renamed = chords.with_primer("Am F", BAR).expect("chords");
        assert_eq!(renamed.primer, [mark(0, "Am"), mark(3 * Q, "F")]);
        let laid = chords.with_primer("Am F C", BAR).expect("chords");
        assert_eq!(laid.primer, [mark(0, "Am"), mark(BAR, "F"), mark(2 * BAR, "C")]);
        assert_eq!(laid.track(BAR, false), None, "Generate has no primer");
    }

    #[test]
    fn played_chords_become_a_progression() {
        let bars: [[u8; 3]; 4] = [[60, 64, 67], [57, 60, 64], [53, 57, 60], [55, 59, 62]];
        let notes = bars.iter().enumerate().flat_map(|(bar, chord)| {
            chord.map(|pitch| Note { start: bar as Ticks * BAR, pitch, length: BAR - Q / 8, velocity: 80 })
        });
        let clip = Clip { notes: notes.collect(), length: 4 * BAR, ..Clip::default() };
        let found = Chords::default().found_in_playing(&clip, BAR);
        assert_eq!(found.progression, ["C", "Am", "F", "G"]);
        let under = Chords::default().found_in_primer(&clip, 2 * BAR);
        assert_eq!(under.primer.len(), 2);
    }

    #[test]
    fn a_foreign_state_is_not_believed() {
        let chords = Chords {
            progression: vec!["C".into(), "H".into()],
            primer: vec![mark(BAR, "G"), mark(-1, "C"), mark(0, "what?")],
        };
        let credible = chords.credible(100 * BAR);
        assert_eq!(credible.progression, ["C"]);
        assert_eq!(credible.primer, [mark(0, "what?"), mark(BAR, "G")], "the tool says what it cannot read");
    }
}
