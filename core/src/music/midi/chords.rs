//! Chord symbols among the words of a MIDI file. Pure; any thread.
//!
//! There is no event for chords. Magenta and most programs write them as texts, some as lyrics or markers, where
//! real words may look like them: "A" is a word, and "A B C" are parts of a song. So a track's words of one kind are
//! taken for chords only if a quarter of them are chord symbols, markers only if one is more than a letter; and of
//! the three kinds only the first that holds chords counts.

use crate::music::song::ChordMark;
use crate::music::{Chord, Ticks};

/// Most chord symbols that are kept of one kind.
const MAX_CHORDS: usize = 4096;

/// How words are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Lyric,
    Marker,
}

/// Words of one kind.
#[derive(Clone, Debug, Default)]
struct Words {
    /// Chords of the tracks before this one.
    found: Vec<ChordMark>,
    /// Chord symbols of this track.
    here: Vec<ChordMark>,
    /// All words of this track but empty ones.
    count: usize,
}

/// Collects the chord symbols of a file, track after track.
#[derive(Clone, Debug, Default)]
pub(super) struct ChordReader([Words; 3]);

impl ChordReader {
    /// Takes a word of the track being read.
    pub fn word(&mut self, kind: Kind, tick: Ticks, text: &str) {
        let words = &mut self.0[kind as usize];
        words.count += usize::from(!text.is_empty());
        if words.found.len() + words.here.len() < MAX_CHORDS && Chord::of_figure(text).is_ok() {
            words.here.push(ChordMark { tick, figure: text.to_owned() });
        }
    }

    /// Ends the track.
    pub fn end_track(&mut self) {
        for (number, words) in self.0.iter_mut().enumerate() {
            let letters = number == Kind::Marker as usize && words.here.iter().all(|c| c.figure.len() == 1);
            let here = std::mem::take(&mut words.here);
            if 4 * here.len() >= words.count && !letters {
                words.found.extend(here);
            }
            words.count = 0;
        }
    }

    /// The chords by tick: of several at one tick the last, and none that only says the one before again.
    pub fn finish(self) -> Vec<ChordMark> {
        let mut chords =
            self.0.into_iter().map(|words| words.found).find(|f| !f.is_empty()).unwrap_or_default();
        chords.sort_by_key(|c| c.tick);
        chords.dedup_by(|later, earlier| {
            let together = later.tick == earlier.tick;
            if together {
                std::mem::swap(later, earlier);
            }
            together
        });
        chords.dedup_by(|later, earlier| later.figure == earlier.figure);
        chords
    }
}
