//! Trio: melody, bass and drums at once, three takes of equal length.
//!
//! Worker thread. No weights of a model that writes all three are free to ship, so a model of each part does it, and what
//! makes them one piece is shared here: the **chords** that the melody was written over, to whose tones the bass is held
//! bar by bar and with whose roots it begins; and the **groove** of the drums, whose timing, and half of whose dynamics,
//! the other two take over. A trio is a pure function of the models and the request.
use super::{Cancel, Constraints, Latent, PitchClasses, Request, Take, ToolError, ToolKind, run};
use crate::model::Model;
use crate::music::midi::{self, MidiError};
use crate::music::{Chord, ChordMark, Clip, ClipKind, Note, Ticks};
use crate::sampling::derive;
use std::borrow::Borrow;
use std::sync::Arc;

/// A model, and what a request calls it.
#[derive(Clone, Copy, Debug)]
pub struct Player<'a> {
    /// Id, with the name of weights of one's own.
    pub key: &'a str,
    /// The model.
    pub model: &'a Model,
}

/// Who plays.
#[derive(Clone, Copy, Debug)]
pub struct Players<'a> {
    /// Writes a melody, over chords if it hears them.
    pub melody: Player<'a>,
    /// Writes a bass line: a melody model that writes on from bar to bar.
    pub bass: Player<'a>,
    /// Writes drums.
    pub drums: Player<'a>,
    /// Plays all as a drummer would (GrooVAE); `None`: they stay on the grid.
    pub groove: Option<Player<'a>>,
}

/// What a trio's parts are called, in their order.
pub const PARTS: [&str; 3] = ["Melody", "Bass", "Drums"];
/// Places among the parts.
pub const BASS: usize = 1;
/// See [`BASS`].
pub const DRUMS: usize = 2;

/// The model of each part, unless the musician chooses another one for the melody.
pub const MODELS: [&str; 3] = ["chord_pitches_improv", "bass_rnn", "drum_kit"];
/// The drummer whom all follow.
pub const GROOVE: &str = "groovae_2bar_humanize";

/// How much of the drummer's dynamics melody and bass take over.
const DYNAMICS: f32 = 0.5;

/// The usual players, but `melody` for the melody; `load` gives the model of a key.
///
/// # Errors
/// Those of `load`.
pub fn with_players<M: Borrow<Model>, E, R>(
    melody: &str,
    load: impl FnMut(&str) -> Result<M, E>,
    play: impl FnOnce(&Players<'_>) -> R,
) -> Result<R, E> {
    let [_, bass, drums] = MODELS;
    let keys = [melody, bass, drums, GROOVE];
    let models = keys.into_iter().map(load).collect::<Result<Vec<M>, E>>()?;
    let player = |place: usize| Player { key: keys[place], model: models[place].borrow() };
    Ok(play(&Players { melody: player(0), bass: player(1), drums: player(2), groove: Some(player(3)) }))
}

/// The bytes of a MIDI file with a track for each part, called as the part is.
///
/// # Errors
/// [`MidiError::Unwritable`] for clips without a length.
pub fn write(parts: [Clip; 3]) -> Result<Vec<u8>, MidiError> {
    let mut clips = parts;
    clips.iter_mut().zip(PARTS).for_each(|(clip, name)| clip.name = name.into());
    midi::write_clips(&clips)
}

/// As many trios as the request has variations, each with its seed: the request with that seed gives that trio first.
///
/// # Errors
/// As [`trio`].
pub fn trios(
    players: &Players<'_>,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<(u32, [Take; 3])>, ToolError> {
    run::check(request)?;
    let one = |number: u32| {
        let seed = derive(request.seed, number);
        let told = &mut |p: f32| progress((number as f32 + p) / request.variations as f32);
        Ok((seed, trio(players, &Request { seed, ..request.clone() }, cancel, told)?))
    };
    (0..request.variations).map(one).collect()
}

/// Writes melody, bass and drums. Of the request, its bars, seed, temperature, meter, tempo, chords, limits (of the
/// melody) and amounts of timing and dynamics count.
///
/// # Errors
/// [`ToolError`] of a part, which says what is wrong.
pub fn trio(
    players: &Players<'_>,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<[Take; 3], ToolError> {
    run::check(request)?;
    let part = |player: Player<'_>, number: u32| Request {
        tool: ToolKind::Generate,
        model: player.key.to_owned(),
        primer: None,
        variations: 1,
        seed: derive(request.seed, number),
        constraints: Constraints::default(),
        chords: None,
        latent: Latent::default(),
        ..request.clone()
    };
    let drums = one(players.drums, &part(players.drums, 0), cancel, &mut |p| progress(0.25 * p))?;
    let melody = Request {
        constraints: request.constraints.clone(),
        chords: request.chords.clone(),
        ..part(players.melody, 1)
    };
    let melody = one(players.melody, &melody, cancel, &mut |p| progress(0.25 + 0.25 * p))?;
    // What the melody was written over, given or not.
    let chords = melody.request.chords.clone().or_else(|| request.chords.clone());
    let marks = chords.map_or_else(Vec::new, |track| track.marks(0, melody.clip.length));
    let mut told = |p| progress(0.5 + 0.25 * p);
    let bass = bass(players.bass, &part(players.bass, 2), &marks, cancel, &mut told)?;
    let mut told = |p| progress(0.75 + 0.25 * p);
    let all = match players.groove {
        Some(groove) => feel(groove, request, [melody, bass, drums], cancel, &mut told)?,
        None => [melody, bass, drums],
    };
    progress(1.0);
    Ok(all)
}

/// The only take of a request.
fn one(
    player: Player<'_>,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Take, ToolError> {
    let take = run(player.model, request, cancel, progress)?.pop();
    take.ok_or_else(|| ToolError::BadRequest(format!("{} wrote nothing", player.model.name())))
}

/// A bass line, bar by bar, each held to the tones of its chords.
fn bass(
    player: Player<'_>,
    request: &Request,
    marks: &[ChordMark],
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Take, ToolError> {
    if player.model.kind() != ClipKind::Melody || player.model.latent().is_some() {
        return Err(ToolError::OtherModel { tool: "The bass of a trio", needed: "Bass RNN" });
    }
    let bar = request.meter.bar_ticks();
    let mut written: Option<Take> = None;
    for number in 0..request.bars {
        let from = Ticks::from(number) * bar;
        let next = Request {
            tool: if written.is_some() { ToolKind::Continue } else { ToolKind::Generate },
            primer: written.map(|take| take.clip),
            bars: 1,
            seed: derive(request.seed, number),
            constraints: Constraints { scale: tones(marks, from..from + bar), ..Constraints::default() },
            ..request.clone()
        };
        written = Some(one(player, &next, cancel, &mut |_| {})?);
        progress((number + 1) as f32 / request.bars as f32);
    }
    let mut take = written.ok_or_else(|| ToolError::BadRequest("there are no bars to write".into()))?;
    begin_with_roots(&mut take.clip.notes, marks, request.meter.beat_ticks());
    take.clip.normalise();
    Ok(Take { new_from: 0, seed: request.seed, request: Arc::new(request.clone()), ..take })
}

/// The tones of all chords within a range of ticks; `None` where there are none.
fn tones(marks: &[ChordMark], range: std::ops::Range<Ticks>) -> Option<PitchClasses> {
    let first = marks.partition_point(|mark| mark.tick <= range.start).saturating_sub(1);
    let within = marks.iter().skip(first).take_while(|mark| mark.tick < range.end);
    let chords = within.filter_map(|mark| Chord::of_figure(&mark.figure).ok().flatten());
    let all = chords.fold(0, |all, chord| all | chord.pitches.0 | 1 << chord.root);
    (all != 0).then_some(PitchClasses(all))
}

/// The first note of each chord, if it begins within its first beat, becomes the chord's lowest tone in the nearest
/// octave.
fn begin_with_roots(notes: &mut [Note], marks: &[ChordMark], beat: Ticks) {
    for mark in marks {
        let Ok(Some(chord)) = Chord::of_figure(&mark.figure) else { continue };
        let first = notes.iter_mut().filter(|n| (mark.tick..mark.tick + beat).contains(&n.start));
        if let Some(note) = first.min_by_key(|n| n.start) {
            note.pitch = nearest(note.pitch, chord.bass);
        }
    }
}

/// The pitch of a class that is nearest to another pitch, the lower of two.
fn nearest(pitch: u8, class: u8) -> u8 {
    let up = (class + 12 - pitch % 12) % 12;
    if up < 6 && pitch + up < 128 || pitch < 12 - up { pitch + up } else { pitch + up - 12 }
}

/// Melody, bass and drums as one drummer would play them.
fn feel(
    groove: Player<'_>,
    request: &Request,
    [melody, bass, drums]: [Take; 3],
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<[Take; 3], ToolError> {
    let amounts = |dynamics: f32| Latent {
        timing: request.latent.timing,
        dynamics: dynamics * request.latent.dynamics,
        ..Latent::default()
    };
    let mut play = |take: Take, latent: Latent, done: f32| {
        if take.clip.notes.is_empty() {
            return Ok(take);
        }
        let told = Request {
            tool: ToolKind::Groove,
            model: groove.key.to_owned(),
            primer: Some(take.clip.clone()),
            seed: take.seed,
            variations: 1,
            chords: None,
            constraints: Constraints::default(),
            latent,
            ..request.clone()
        };
        let played = one(groove, &told, cancel, &mut |_| {})?;
        progress(done);
        Ok::<Take, ToolError>(Take { clip: played.clip, ..take })
    };
    let drums = play(drums, amounts(1.0), 0.4)?;
    let guide = (!drums.clip.notes.is_empty()).then(|| drums.clip.clone());
    let melody = play(melody, Latent { guide: guide.clone(), ..amounts(DYNAMICS) }, 0.7)?;
    let bass = play(bass, Latent { guide, ..amounts(DYNAMICS) }, 1.0)?;
    Ok([melody, bass, drums])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;
    use crate::music::{Meter, TICKS_PER_QUARTER as Q};
    use crate::tool::ChordTrack;

    const BAR: Ticks = 4 * Q;

    struct Band {
        models: [Model; 4],
    }

    impl Band {
        fn new() -> Self {
            let models = [
                testing::model("chord_pitches_improv"),
                testing::model("bass_rnn"),
                testing::model("drum_kit"),
                testing::latent("groovae_2bar_humanize"),
            ];
            Self { models }
        }

        fn players(&self) -> Players<'_> {
            let [melody, bass, drums, groove] =
                ["chord_pitches_improv", "bass_rnn", "drum_kit", "groovae_2bar_humanize"];
            let player = |key, i: usize| Player { key, model: &self.models[i] };
            Players {
                melody: player(melody, 0),
                bass: player(bass, 1),
                drums: player(drums, 2),
                groove: Some(player(groove, 3)),
            }
        }
    }

    fn asked() -> Request {
        let chords = ChordTrack::from_text("Dm7 G7 Cmaj7 A7", BAR).expect("chords");
        Request { bars: 4, seed: 11, chords: Some(chords), tempo: Some(101.0), ..Request::default() }
    }

    fn written(players: &Players<'_>, request: &Request) -> [Take; 3] {
        trio(players, request, &Cancel::default(), &mut |_| {}).expect("plays")
    }

    #[test]
    fn several_trios_each_from_its_seed() {
        let band = Band::new();
        let request = Request { bars: 2, variations: 3, ..asked() };
        let mut told = Vec::new();
        let all = trios(&band.players(), &request, &Cancel::default(), &mut |p| told.push(p)).expect("plays");
        assert!(all.len() == 3 && told.is_sorted() && told.last() == Some(&1.0), "{told:?}");
        for (seed, parts) in &all {
            assert_eq!(written(&band.players(), &Request { seed: *seed, ..request.clone() }), *parts);
        }
        assert!(all[0].1 != all[1].1 && all[0].0 == request.seed);
        let alone = Request { tool: ToolKind::Trio, ..request };
        assert!(run(&band.models[0], &alone, &Cancel::default(), &mut |_| {}).is_err());
    }

    #[test]
    fn three_parts_of_one_length_from_one_seed() {
        let band = Band::new();
        let mut told = vec![0.0];
        let first =
            trio(&band.players(), &asked(), &Cancel::default(), &mut |p| told.push(p)).expect("plays");
        assert!(told.is_sorted() && told.last() == Some(&1.0), "{told:?}");
        for (take, kind) in first.iter().zip([ClipKind::Melody, ClipKind::Melody, ClipKind::Drums]) {
            assert_eq!((take.clip.kind, take.clip.length, take.clip.tempo), (kind, 4 * BAR, Some(101.0)));
            assert!(take.clip.notes.is_sorted());
            assert!(take.clip.notes.iter().all(|n| (0..4 * BAR).contains(&n.start) && n.length > 0));
        }
        assert!(first.iter().filter(|take| !take.clip.notes.is_empty()).count() >= 2);
        assert_eq!(first, written(&band.players(), &asked()));
        let other = written(&band.players(), &Request { seed: 12, ..asked() });
        assert_ne!(first.map(|t| t.clip.notes), other.map(|t| t.clip.notes));
    }

    #[test]
    fn the_bass_keeps_to_the_chords_of_the_melody() {
        let band = Band::new();
        let players = Players { groove: None, ..band.players() };
        for seed in 0..8 {
            let [melody, bass, _] = written(&players, &Request { seed, ..asked() });
            let marks = melody.chords();
            assert_eq!(marks.len(), 4);
            for note in &bass.clip.notes {
                let bar = note.start / BAR;
                let tones = tones(&marks, bar * BAR..(bar + 1) * BAR).expect("a chord");
                assert!(tones.contains(note.pitch), "seed {seed}, bar {bar}: {}", note.pitch);
            }
        }
        // With none given, both follow those that the melody's model takes.
        let [melody, bass, _] = written(&players, &Request { chords: None, ..asked() });
        let marks = melody.chords();
        assert!(!marks.is_empty());
        let first = bass.clip.notes.iter().find(|n| n.start < Q);
        assert!(first.is_none_or(|n| n.pitch % 12 == 0), "plain chords begin with C");
    }

    #[test]
    fn melody_and_bass_take_over_the_drums_timing() {
        let band = Band::new();
        let still = Players { groove: None, ..band.players() };
        let (plain, played) = (written(&still, &asked()), written(&band.players(), &asked()));
        for (before, after) in plain.iter().zip(&played) {
            let pitches = |take: &Take| {
                let mut all: Vec<u8> = take.clip.notes.iter().map(|n| n.pitch).collect();
                all.sort_unstable();
                all
            };
            assert_eq!(pitches(before), pitches(after), "no note is lost");
        }
        assert_ne!(plain[2].clip.notes, played[2].clip.notes);
        let none = Latent { timing: 0.0, dynamics: 0.0, ..Latent::default() };
        let same = written(&band.players(), &Request { latent: none, ..asked() });
        assert_eq!(same.map(|t| t.clip.notes), plain.map(|t| t.clip.notes));
    }

    #[test]
    fn what_cannot_be_is_refused_and_it_can_be_stopped() {
        let band = Band::new();
        let refused = |players: &Players<'_>, request: &Request| {
            trio(players, request, &Cancel::default(), &mut |_| {}).expect_err("is refused").to_string()
        };
        let wrong = Players { bass: band.players().drums, ..band.players() };
        assert!(refused(&wrong, &asked()).contains("choose Bass RNN"));
        let waltz = Request { meter: Meter { numerator: 3, denominator: 4 }, ..asked() };
        assert!(refused(&band.players(), &waltz).contains("16 sixteenths"));
        assert!(
            trio(&band.players(), &Request { bars: 0, ..asked() }, &Cancel::default(), &mut |_| ()).is_err()
        );
        for look in [1, 40, 120] {
            let pressed = Cancel::at_look(look);
            assert!(matches!(
                trio(&band.players(), &asked(), &pressed, &mut |_| ()),
                Err(ToolError::Cancelled)
            ));
        }
    }

    #[test]
    fn tones_and_roots_by_hand() {
        let mark = |tick, figure: &str| ChordMark { tick, figure: figure.into() };
        let marks = [mark(0, "C"), mark(BAR, "Dm/A"), mark(BAR + 2 * Q, "N.C.")];
        assert_eq!(tones(&marks, 0..BAR), Some(PitchClasses(0b1001_0001)));
        let second = tones(&marks, BAR..2 * BAR).expect("Dm");
        assert!([62, 65, 69].iter().all(|&p| second.contains(p)) && !second.contains(60));
        assert_eq!(tones(&marks, 2 * BAR..3 * BAR), None, "no chord goes on");
        assert_eq!(tones(&[], 0..BAR), None);
        assert_eq!([nearest(40, 0), nearest(35, 0), nearest(1, 11), nearest(42, 0)], [36, 36, 11, 36]);
        let note = |start, pitch| Note { start, pitch, length: Q, velocity: 90 };
        let mut notes = [note(Q / 2, 40), note(3 * Q, 41), note(BAR, 41), note(BAR + Q / 2, 43)];
        begin_with_roots(&mut notes, &marks, Q);
        assert_eq!(notes.map(|n| n.pitch), [36, 41, 45, 43]);
    }
}
