//! Songs and lead sheets (one JSON object per line) as melodies on the 16th grid. Any thread; opens no files.

use super::bars::{Measure, Stretch, stretches};
use super::duplicates::Seen;
use super::melody_piece::{RANGE, events, fold, to_c};
use super::{Funnel, MelodyPiece, Split, harmony};
use serde::Deserialize;
use std::collections::BTreeSet;

/// One corpus of songs, unpacked.
#[derive(Clone, Copy, Debug)]
pub struct Corpus<'a> {
    /// Short name; the ids of its pieces begin with it.
    pub name: &'a str,
    /// One JSON object per line; times in sixteenths: `id`, `title`, `composer`, `offgrid` (share of notes off the
    /// grid), `meas` (start, numerator, denominator, length), `notes` (onset, duration, pitch), perhaps `chords` (onset, root,
    /// kind).
    pub jsonl: &'a str,
    /// Ids that may be used, one per line before a tab; `#` begins a comment. `None`: all of them.
    pub allowed: Option<&'a str>,
}

/// What becomes of the bars in which the voice is silent (a song's interludes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rests {
    /// They stay.
    Keep,
    /// A silence of this many bars ends the melody and the next note begins another, as in the reference.
    Split(u32),
    /// Bars without any sounding note are taken out, the rest closes up on the bar lines.
    ///
    /// The default: a continuation that falls silent for four bars is of no use to the musician, yet a melody cut
    /// into its phrases would hide from the network that the second verse repeats the first.
    #[default]
    Cut,
}

/// How songs become pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MelodyOptions {
    /// Interludes.
    pub rests: Rests,
    /// Songs with a larger share of notes off the 16th grid (triplets) stay out.
    pub off_grid: f64,
    /// Shorter pieces stay out.
    pub bars: i64,
    /// Pieces with fewer distinct pitch classes stay out.
    pub pitch_classes: usize,
}

impl Default for MelodyOptions {
    /// Cut interludes, 10 % off the grid, 4 bars, 5 pitch classes.
    fn default() -> Self {
        Self { rests: Rests::Cut, off_grid: 0.1, bars: 4, pitch_classes: 5 }
    }
}

/// Three numbers of a note: its onset, its duration (as printed) or its end (on a stretch), its pitch.
pub(super) type Tone = (i64, i64, i64);

#[derive(Deserialize)]
struct Song {
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    composer: String,
    #[serde(default)]
    offgrid: f64,
    meas: Vec<Measure>,
    /// Onset, duration, pitch.
    notes: Vec<Tone>,
    /// Onset, root, kind.
    #[serde(default)]
    chords: Vec<(i64, u8, String)>,
}

/// Notes of a phrase and, for each of its bars, the bar of the stretch that it was.
pub(super) type Phrase = (Vec<Tone>, Vec<i64>);

/// Melodies of several corpora, with one funnel each. A song that is mostly one of an earlier line or corpus stays
/// out, whatever it is called.
#[must_use]
pub fn melody_pieces(corpora: &[Corpus<'_>], options: &MelodyOptions) -> (Vec<MelodyPiece>, Vec<Funnel>) {
    let mut seen = Seen::default();
    let mut pieces = Vec::new();
    let mut funnels = Vec::new();
    for corpus in corpora {
        let mut funnel = Funnel::new(corpus.name);
        let allowed: Option<BTreeSet<&str>> = corpus.allowed.map(|list| {
            let ids = list.lines().filter(|l| !l.starts_with('#'));
            ids.map(|l| l.split('\t').next().unwrap_or_default()).collect()
        });
        for (number, line) in corpus.jsonl.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            funnel.seen += 1;
            let song: Song = match serde_json::from_str(line) {
                Ok(song) => song,
                Err(error) => {
                    funnel.reject(&format!("line {}", number + 1), "not a readable song", error.to_string());
                    continue;
                }
            };
            if allowed.as_ref().is_some_and(|ids| !ids.contains(song.id.as_str())) {
                funnel.reject(&song.id, "not dated before 1931, not traditional", "");
            } else if let Err((reason, detail)) = usable(&song, options, &mut seen) {
                funnel.reject(&song.id, reason, detail);
            } else {
                pieces.extend(cut(corpus.name, &song, options, &mut funnel));
            }
        }
        funnels.push(funnel);
    }
    (pieces, funnels)
}

/// Whether a song as a whole may go in.
fn usable(song: &Song, options: &MelodyOptions, seen: &mut Seen) -> Result<(), (&'static str, String)> {
    if song.offgrid > options.off_grid {
        return Err(("too many notes off the 16th grid", format!("{:.0} %", song.offgrid * 100.0)));
    }
    if song.notes.is_empty() {
        return Err(("no melody", String::new()));
    }
    // A grid position beyond any song, or notes out of order, is a damaged line.
    let sane = |&(on, length, pitch): &Tone| {
        (0..1 << 20).contains(&on) && (1..1 << 20).contains(&length) && (0..128).contains(&pitch)
    };
    if !song.notes.iter().all(sane) || song.notes.windows(2).any(|w| w[0].0 >= w[1].0) {
        return Err(("not one melody: notes overlap, or are damaged", String::new()));
    }
    let tune: Vec<(i64, i64)> = song.notes.iter().map(|n| (n.0, n.2)).collect();
    match seen.check(&song.id, &tune) {
        Some(twin) => Err(("mostly a song already taken", twin.to_owned())),
        None => Ok(()),
    }
}

/// The pieces of a song: one per stretch of equal bars (and per phrase, when silences split).
fn cut(corpus: &str, song: &Song, options: &MelodyOptions, funnel: &mut Funnel) -> Vec<MelodyPiece> {
    let key_shift = to_c(song.notes.iter().map(|n| n.2));
    let name = song.id.rsplit('/').nth(1).unwrap_or(&song.title);
    let split = Split::by_title(name);
    let mut pieces = Vec::new();
    for stretch in stretches(&song.meas) {
        for (notes, origins) in phrases(&on_stretch(&song.notes, &stretch), &stretch, options.rests) {
            let bars = origins.len() as i64;
            let id = format!("{corpus}/{}#{}", song.id, pieces.len());
            if bars < options.bars {
                funnel.reject(&id, "(part of a song) too short", format!("{bars} bars"));
                continue;
            }
            let classes: BTreeSet<i64> = notes.iter().map(|n| n.2 % 12).collect();
            if classes.len() < options.pitch_classes {
                funnel.reject(
                    &id,
                    "(part of a song) too few different pitches",
                    format!("{}", classes.len()),
                );
                continue;
            }
            let steps = origins.iter().flat_map(|&bar| (0..stretch.bar).map(move |s| (bar, s)));
            let positions = steps.map(|(bar, step)| stretch.position(bar * stretch.bar + step));
            let chords = harmony::along(&song.chords, positions);
            let moved: Vec<_> =
                notes.iter().map(|&(on, end, p)| (on, end, fold(p + key_shift, RANGE))).collect();
            let piece = MelodyPiece {
                id,
                title: name.replace('_', " "),
                composer: song.composer.clone(),
                split,
                meter: stretch.meter,
                steps_per_bar: usize::try_from(stretch.bar).unwrap_or(16),
                events: events(&moved, bars * stretch.bar),
                chords: chords.into_iter().map(|c| harmony::transposed(c, key_shift as i32)).collect(),
                transposed: i32::try_from(key_shift).unwrap_or(0),
            };
            funnel.keep(format!("{split} {}", stretch.meter), piece.bars(), piece.notes());
            pieces.push(piece);
        }
    }
    pieces
}

/// Notes (onset, end, pitch) in steps of the stretch.
fn on_stretch(notes: &[Tone], stretch: &Stretch) -> Vec<Tone> {
    let length = stretch.length();
    let place = |&(on, duration, pitch): &Tone| {
        stretch.step(on).map(|step| (step, (step + duration).min(length), pitch))
    };
    notes.iter().filter_map(place).collect()
}

/// Notes of each phrase, moved to its own first bar, with its bars.
fn phrases(notes: &[Tone], stretch: &Stretch, rests: Rests) -> Vec<Phrase> {
    let bar = stretch.bar;
    let mut groups: Vec<Vec<Tone>> = Vec::new();
    for &note in notes {
        let gap = match rests {
            Rests::Split(bars) => i64::from(bars) * bar,
            Rests::Keep | Rests::Cut => i64::MAX,
        };
        match groups.last_mut() {
            Some(group) if group.last().is_none_or(|last| note.0 - last.1 < gap) => group.push(note),
            _ => groups.push(vec![note]),
        }
    }
    groups
        .into_iter()
        .map(|group| if rests == Rests::Cut { close_up(group, bar) } else { shift(group, bar) })
        .collect()
}

/// Moves a phrase so that the bar of its first note becomes bar 0.
fn shift(mut notes: Vec<Tone>, bar: i64) -> Phrase {
    let first = notes.first().map_or(0, |n| n.0 / bar * bar);
    for note in &mut notes {
        note.0 -= first;
        note.1 -= first;
    }
    let end = notes.iter().map(|n| n.1).max().unwrap_or(0);
    (notes, (0..(end + bar - 1) / bar).map(|b| first / bar + b).collect())
}

/// Takes out every bar in which nothing sounds.
pub(super) fn close_up(notes: Vec<Tone>, bar: i64) -> Phrase {
    let mut closed = Vec::with_capacity(notes.len());
    let mut origins = Vec::new();
    // Bars taken out so far, and the first bar after everything placed so far (in the song's own count).
    let (mut out, mut next) = (0, 0);
    for (on, end, pitch) in notes {
        let first = on / bar;
        out += (first - next).max(0);
        closed.push((on - out * bar, end - out * bar, pitch));
        let after = (end + bar - 1) / bar;
        origins.extend(first.max(next)..after);
        next = next.max(after);
    }
    (closed, origins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn song(id: &str, notes: &str) -> String {
        let meas: Vec<String> = (0..12).map(|b| format!("[{},4,4,16]", b * 16)).collect();
        format!(
            "{{\"id\":\"a/{id}/x.mxl\",\"title\":\"t\",\"offgrid\":0.0,\"meas\":[{}],\"notes\":[{notes}]}}",
            meas.join(",")
        )
    }

    /// Five notes of a C major scale, one per bar, in bars 1, 2, 3, 6 and 7.
    const TUNE: &str = "[16,16,60],[36,4,62],[48,8,64],[96,4,65],[112,4,67]";

    fn read(jsonl: &str, rests: Rests, bars: i64) -> (Vec<MelodyPiece>, Funnel) {
        let options = MelodyOptions { rests, bars, pitch_classes: 1, ..MelodyOptions::default() };
        let corpus = Corpus { name: "c", jsonl, allowed: None };
        let (pieces, mut funnels) = melody_pieces(&[corpus], &options);
        (pieces, funnels.remove(0))
    }

    #[test]
    fn silent_bars_are_taken_out_and_the_rest_stays_on_its_bar_lines() {
        let (pieces, _) = read(&song("Tune", TUNE), Rests::Cut, 1);
        let onsets: Vec<usize> = (0..80).filter(|&i| pieces[0].events[i].pitch().is_some()).collect();
        assert_eq!((pieces.len(), pieces[0].events.len()), (1, 80));
        assert_eq!(onsets, [0, 20, 32, 48, 64]);
    }

    #[test]
    fn chords_follow_their_bars_and_the_transposition() {
        // C in bar 1, G7 from its middle on, F before bar 6. The tune stays in C.
        let line = song("Tune", TUNE);
        let line = line.replace("\"notes\"", "\"chords\":[[16,0,\"\"],[24,7,\"7\"],[90,5,\"\"]],\"notes\"");
        let (pieces, _) = read(&line, Rests::Cut, 1);
        let shift = pieces[0].transposed;
        let [c, g, f] = [(0, ""), (7, "7"), (5, "")]
            .map(|(root, kind)| harmony::transposed(harmony::class(root, kind), shift));
        let at = |step: usize| pieces[0].chords[step];
        assert_eq!([at(0), at(7), at(8), at(47), at(48), at(79)], [c, c, g, g, f, f]);
        assert_eq!(pieces[0].chords.len(), pieces[0].events.len());
    }

    #[test]
    fn silences_split_or_stay_when_asked() {
        let (pieces, _) = read(&song("Tune", TUNE), Rests::Split(1), 1);
        assert_eq!(pieces.iter().map(|p| (p.bars(), p.notes())).collect::<Vec<_>>(), [(3, 3), (2, 2)]);
        let (pieces, _) = read(&song("Tune", TUNE), Rests::Keep, 1);
        assert_eq!(pieces.iter().map(|p| (p.bars(), p.notes())).collect::<Vec<_>>(), [(7, 5)]);
    }

    #[test]
    fn everything_that_stays_out_has_a_reason() {
        let lines = [
            "no json".to_owned(),
            song("Off", TUNE).replace("\"offgrid\":0.0", "\"offgrid\":0.3"),
            song("Chords", "[0,4,60],[0,4,64]"),
            song("Short", "[0,4,60],[4,4,62]"),
            song("Empty", ""),
        ];
        let (pieces, funnel) = read(&lines.join("\n"), Rests::Cut, 4);
        assert!(pieces.is_empty());
        assert_eq!((funnel.seen, funnel.rejected.len()), (5, 5));
        assert_eq!(funnel.reasons().len(), 5, "{:?}", funnel.rejected);
    }

    #[test]
    fn only_listed_songs_go_in_where_there_is_a_list() {
        let jsonl = [song("A", TUNE), song("B", "[0,4,60],[8,4,71]")].join("\n");
        let corpus = Corpus { name: "c", jsonl: &jsonl, allowed: Some("# ids\na/A/x.mxl\t1900\n") };
        let options = MelodyOptions { pitch_classes: 1, ..MelodyOptions::default() };
        let (pieces, funnels) = melody_pieces(&[corpus], &options);
        assert_eq!((pieces.len(), funnels[0].rejected[0].id.as_str()), (1, "a/B/x.mxl"));
    }
}
