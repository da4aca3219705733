//! Judges improv models: as melodies, and by how their notes fit the chords of held-out songs.
//!
//! Two controls say whether the notes follow the chords or merely the key: the same notes judged against the chords
//! of the next song, and notes written over the same chords in another order, judged against the true ones. A melody
//! model that hears no chords stands beside them.

use super::judge::{Reference, likelihood_below};
use super::subject::{Likelihood, Speaker, Sums};
use super::verdict::{Judge, Verdict};
use super::written::{BARS, melody, request, takes};
use super::{Args, print};
use descant_core::codec::MelodyEvent;
use descant_core::codec::encoding::{
    ChordEncoding, Conditional, ControlEncoding, Encoding, SparseVector, listed,
};
use descant_core::corpus::harmony;
use descant_core::corpus::measure::{BAR, ChordTones, Gate, Interval, Random, chord_tones};
use descant_core::corpus::{MelodyOptions, MelodyPiece, Split};
use descant_core::model::{Model, builtin};
use descant_core::music::{Chord, ChordMark, TICKS_PER_QUARTER, Ticks};
use descant_core::tool::{ChordTrack, Request};
use descant_learn::corpora;
use serde_json::json;
use std::path::Path;
use std::rc::Rc;

/// Takes of one request, so that many songs are heard.
const EACH: u32 = 4;
/// Steps of a sample.
const STEPS: usize = BARS as usize * BAR;
/// The melody model that stands beside.
const PLAIN: &str = "lookback_rnn";
/// Most that chord tones may be off the data's share.
const OFF: f64 = 0.05;

/// Semitones that chords are moved by to see whether the model hears them.
const WRONG: i32 = 2;

/// Eight bars of a held-out song: classes of the melody, and chords as [`harmony`] numbers them.
struct Song {
    classes: Vec<u16>,
    chords: Vec<u16>,
}

/// An improv model and its corpus.
pub(super) struct ImprovJudge<'a> {
    model: &'a Model,
    file: &'a Path,
    reference: Rc<Reference>,
    /// On validation and test pieces, and on the test pieces with the wrong chords.
    likelihoods: [Likelihood; 3],
    songs: Vec<Song>,
}

impl<'a> ImprovJudge<'a> {
    /// Reads the corpus and lets the model predict it over its chords.
    ///
    /// # Errors
    /// An unreadable corpus, or a model of another range.
    pub(super) fn new(
        (model, control, target): (&'a Model, ChordEncoding, &'a dyn Encoding<MelodyEvent>),
        reference: Rc<Reference>,
        file: &'a Path,
        args: &Args,
    ) -> anyhow::Result<Self> {
        let (pieces, _) = corpora::melodies(&args.corpus, &MelodyOptions::default())?;
        let pieces: Vec<MelodyPiece> = pieces.into_iter().filter(MelodyPiece::is_duple).collect();
        let known = |class: u16| {
            harmony::chord(class).filter(|&c| control.input(Some(c), &mut SparseVector::new()).is_ok())
        };
        let speaker = Speaker::melody(model.rnn(target)?, 0)?;
        let likelihood = |split, higher| -> anyhow::Result<Likelihood> {
            let mut sums = Sums::default();
            // As the melody models: the Lieder alone.
            let judged = |p: &&MelodyPiece| p.split == split && p.id.starts_with("openscore-lieder");
            for piece in pieces.iter().filter(judged) {
                let mut chords: Vec<Option<Chord>> =
                    piece.chords.iter().map(|&c| known(harmony::transposed(c, higher))).collect();
                // The last event is fed, too, and asks for the chord after it.
                chords.push(None);
                let source = listed(&chords);
                let encoding = Conditional { control: &control, source: &source, target };
                speaker.score(model.rnn(&encoding)?, &piece.classes(), &mut sums)?;
            }
            Ok(sums.mean())
        };
        let likelihoods =
            [likelihood(Split::Validation, 0)?, likelihood(Split::Test, 0)?, likelihood(Split::Test, WRONG)?];
        let songs = pieces.iter().filter(|p| p.split == Split::Test).flat_map(|p| songs(p, known)).collect();
        Ok(Self { model, file, reference, likelihoods, songs })
    }

    /// Melodies over the chords of the songs, in turn; `chords` says what is told of those.
    fn over(
        &self,
        model: &Model,
        (temperature, count): (f32, u32),
        chords: impl Fn(usize, &Song) -> Vec<u16>,
        args: &Args,
    ) -> anyhow::Result<Vec<Vec<u16>>> {
        let base = request(model, temperature, args.seed);
        let tell = |number: usize, request: &mut Request| {
            let song = &self.songs[number % self.songs.len()];
            request.chords = Some(track(&chords(number, song)));
        };
        Ok(takes(model, &base, (count, EACH), tell)?.iter().map(|t| melody(&t.clip)).collect())
    }

    /// How the second halves of melodies, [`EACH`] over one song, fit the chords of the song `next` places on.
    fn fit(&self, melodies: &[Vec<u16>], next: usize, args: &Args) -> [Interval; 2] {
        let half = STEPS / 2;
        let one = |(i, melody): (usize, &Vec<u16>)| {
            let song = &self.songs[(i / EACH as usize + next) % self.songs.len()];
            chord_tones(melody.get(half..).unwrap_or_default(), &sounding(&song.chords[half..]))
        };
        let found: Vec<ChordTones> = melodies.iter().enumerate().map(one).collect();
        ChordTones::shares(&found, args.seed.into())
    }
}

impl Judge for ImprovJudge<'_> {
    fn judge(&self, temperature: f32, args: &Args) -> anyhow::Result<Verdict> {
        anyhow::ensure!(self.songs.len() > 1, "no held-out song has chords that this model knows");
        let as_written = |_: usize, song: &Song| song.chords.clone();
        let samples = self.over(self.model, (temperature, args.samples), as_written, args)?;
        let fewer = (args.samples / 4).max(200);
        let disordered =
            |number: usize, song: &Song| reordered(&song.chords, u64::from(args.seed) ^ number as u64);
        let reordered = self.over(self.model, (temperature, fewer), disordered, args)?;
        let plain = builtin::load(PLAIN)?;
        let plain = self.over(&plain, (plain.card().default_temperature, fewer), as_written, args)?;
        let real: Vec<Vec<u16>> =
            self.songs.iter().flat_map(|s| vec![s.classes.clone(); EACH as usize]).collect();
        let rows = [
            ("written", self.fit(&samples, 0, args)),
            ("data, the same songs", self.fit(&real, 0, args)),
            ("written, judged by the next song", self.fit(&samples, 1, args)),
            ("data, judged by the next song", self.fit(&real, 1, args)),
            ("written over reordered chords", self.fit(&reordered, 0, args)),
            ("lookback_rnn, without chords", self.fit(&plain, 0, args)),
        ];

        let report = self.reference.board.judge(&self.reference.anchors, &samples);
        print::header(self.model, self.file, temperature, report.windows, args);
        let [validation, test, wrong] = self.likelihoods;
        print::likelihoods(
            &[
                ("validation", validation),
                ("test, OpenScore Lieder", test),
                ("test, all chords a tone higher", wrong),
            ],
            &self.reference,
        );
        print::report(&report);
        println!(
            "\nchord tones over {} songs of 8 bars    all notes          strong beats",
            self.songs.len()
        );
        for (name, [all, strong]) in &rows {
            let share = |i: &Interval| format!("{:.3} [{:.3}, {:.3}]", i.mean, i.low, i.high);
            println!("  {name:<34} {:<22} {}", share(all), share(strong));
        }
        let mut gates = vec![likelihood_below(&self.reference, &test)];
        gates.extend(report.gates.iter().cloned());
        gates.extend(chord_gates(&rows));
        print::gates(&gates);
        let likelihood = |l: &Likelihood| json!({ "nats_per_step": l.events, "nats_per_label": l.labels, "accuracy": l.accuracy, "steps": l.steps });
        let tones = |(name, [all, strong]): &(&str, [Interval; 2])| {
            ((*name).to_owned(), json!({ "all": all, "strong_beats": strong }))
        };
        let figures = json!({
            "temperature": temperature,
            "samples": args.samples,
            "seed": args.seed,
            "likelihood_at_temperature_1": {
                "validation": likelihood(&validation),
                "test": likelihood(&test),
                "test_chords_a_tone_higher": likelihood(&wrong),
                "markov_order_3": self.reference.markov[1].per_step,
            },
            "windows": report,
            "chord_tones": rows.iter().map(tones).collect::<serde_json::Map<_, _>>(),
            "gates": gates,
        });
        Ok(Verdict { gates, figures })
    }
}

/// The gates on chord tones; rows as they are printed.
fn chord_gates(rows: &[(&'static str, [Interval; 2])]) -> Vec<Gate> {
    let [written, data, next, _, reordered, _] = rows else { return Vec::new() };
    let near = |name: &str, i: usize| Gate {
        name: format!("chord tones, {name}"),
        value: format!("{:.3}", written.1[i].mean),
        bound: format!("{:.3} ± {OFF}", data.1[i].mean),
        pass: (written.1[i].mean - data.1[i].mean).abs() <= OFF,
    };
    let lower = |other: &(&str, [Interval; 2])| Gate {
        name: format!("chord tones, {}", other.0),
        value: other.1[0].to_string(),
        bound: format!("< {}", written.1[0]),
        pass: other.1[0].high < written.1[0].low,
    };
    vec![near("all notes", 0), near("strong beats", 1), lower(next), lower(reordered)]
}

/// The stretches of eight bars of a piece that begin with a chord. Chords that the model does not know are none.
fn songs(piece: &MelodyPiece, known: impl Fn(u16) -> Option<Chord>) -> Vec<Song> {
    let classes = piece.classes();
    let stretches = classes.chunks_exact(STEPS).zip(piece.chords.chunks_exact(STEPS));
    let song = |(classes, chords): (&[u16], &[u16])| {
        let chords: Vec<u16> = chords.iter().map(|&c| if known(c).is_some() { c } else { 0 }).collect();
        Song { classes: classes.to_vec(), chords }
    };
    stretches.map(song).filter(|s| s.chords.first().is_some_and(|&c| c > 0)).collect()
}

fn sounding(chords: &[u16]) -> Vec<Option<Chord>> {
    chords.iter().map(|&c| harmony::chord(c)).collect()
}

/// Chords of 16ths as a request has them.
fn track(chords: &[u16]) -> ChordTrack {
    let starts = (0..chords.len()).filter(|&i| i == 0 || chords[i] != chords[i - 1]);
    let mark = |i: usize| ChordMark {
        tick: i as Ticks * TICKS_PER_QUARTER / 4,
        figure: harmony::figure(chords[i]).to_owned(),
    };
    ChordTrack { primer: Vec::new(), chords: starts.map(mark).collect(), length: None }
}

/// The same chords for as long, in another order.
fn reordered(chords: &[u16], seed: u64) -> Vec<u16> {
    let runs: Vec<&[u16]> = chords.chunk_by(|a, b| a == b).collect();
    let order = Random::new(seed).choose(runs.len(), runs.len());
    order.into_iter().flat_map(|i| runs[i].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(mean: f64) -> Interval {
        Interval { mean, low: mean - 0.01, high: mean + 0.01 }
    }

    #[test]
    fn chords_become_marks_where_they_change() {
        let (c, g7) = (harmony::class(0, ""), harmony::class(7, "7"));
        let marks = track(&[c, c, 0, g7]).chords;
        let found: Vec<(Ticks, &str)> =
            marks.iter().map(|m| (4 * m.tick / TICKS_PER_QUARTER, m.figure.as_str())).collect();
        assert_eq!(found, [(0, "C"), (2, "N.C."), (3, "G7")]);
        let mut again = reordered(&[c, c, 0, g7], 3);
        again.sort_unstable();
        assert_eq!(again, [0, c, c, g7]);
    }

    #[test]
    fn gates_ask_for_the_datas_share_and_for_less_without_the_chords() {
        let rows = |written, next, reordered| {
            [written, 0.7, next, 0.5, reordered, 0.5].map(|mean| ("row", [interval(mean), interval(mean)]))
        };
        let pass = |rows: &[(&'static str, [Interval; 2])]| -> Vec<bool> {
            chord_gates(rows).iter().map(|g| g.pass).collect()
        };
        assert_eq!(pass(&rows(0.72, 0.5, 0.6)), [true; 4]);
        assert_eq!(pass(&rows(0.6, 0.595, 0.7)), [false; 4]);
    }
}
