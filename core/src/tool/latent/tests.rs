//! Promises of the latent tools, on small models with weights from a formula.
use super::*;
use crate::codec::vae::DrumKit;
use crate::model::testing;
use crate::music::ClipKind;
use crate::music::midi::{self, WriteOptions};
use crate::tool::{ChordTrack, Constraints, run};

const DRUMS: &str = "cat-drums_2bar_small";
const MELODY: &str = "cat-mel_2bar_small";
const CHORDS: &str = "cat-mel_2bar_med_chords";
const GROOVES: &str = "groovae_4bar";
const HUMANIZE: &str = "groovae_2bar_humanize";
const TAP: &str = "groovae_2bar_tap_fixed_velocity";
const HATS: &str = "groovae_2bar_add_closed_hh";

fn request(tool: ToolKind) -> Request {
    Request { tool, variations: 2, bars: 2, seed: 99, tempo: Some(97.5), ..Request::default() }
}

pub(super) fn takes(model: &Model, request: &Request) -> Vec<Take> {
    run(model, request, &Cancel::default(), &mut |_| {}).expect("runs")
}

pub(super) fn refusal(model: &Model, request: &Request) -> String {
    run(model, request, &Cancel::default(), &mut |_| {}).expect_err("is refused").to_string()
}

/// A micro-timed phrase with dynamics, on every third 16th of so many bars, and one sound that no kit has.
pub(super) fn played(kind: ClipKind, bars: i64) -> Clip {
    let pitches: [u8; 5] = if kind == ClipKind::Drums { [36, 42, 38, 46, 3] } else { [60, 64, 67, 71, 55] };
    let notes = (0..bars * 16 / 3).map(|i| Note {
        start: i * 3 * STEP + [0, 711, -650, 1300][(i % 4) as usize],
        pitch: pitches[(i % 5) as usize],
        length: STEP - 77,
        velocity: (30 + 13 * i % 90) as u8,
    });
    let mut clip = Clip { kind, notes: notes.collect(), length: bars * BAR, ..Clip::default() };
    clip.normalise();
    clip
}

fn of(kind: ClipKind, tool: ToolKind, bars: i64) -> Request {
    Request { primer: Some(played(kind, bars)), ..request(tool) }
}

/// A model and a request that it answers, for every tool.
fn all() -> Vec<(Model, Request)> {
    use ClipKind::{Drums, Melody};
    let between = |kind, tool| {
        let mut request = of(kind, tool, 2);
        request.latent.others = vec![played(kind, 3)];
        request
    };
    vec![
        (testing::latent(DRUMS), request(ToolKind::Generate)),
        (testing::latent(MELODY), request(ToolKind::Generate)),
        (testing::latent(CHORDS), request(ToolKind::Generate)),
        (testing::latent(GROOVES), request(ToolKind::Generate)),
        (nade(), request(ToolKind::Generate)),
        (testing::latent(DRUMS), between(Drums, ToolKind::Interpolate)),
        (testing::latent(MELODY), between(Melody, ToolKind::Interpolate)),
        (testing::latent(CHORDS), between(Melody, ToolKind::Interpolate)),
        (testing::latent(GROOVES), between(Drums, ToolKind::Interpolate)),
        (nade(), between(Drums, ToolKind::Interpolate)),
        (testing::latent(HUMANIZE), of(Drums, ToolKind::Groove, 3)),
        (testing::latent(HUMANIZE), of(Melody, ToolKind::Groove, 3)),
        (testing::latent(TAP), of(Melody, ToolKind::Drumify, 3)),
        (testing::latent(TAP), of(Drums, ToolKind::Drumify, 3)),
        (testing::latent(HATS), of(Drums, ToolKind::Hats, 3)),
    ]
}

fn nade() -> Model {
    testing::latent_with(DRUMS, |params| {
        params.music = LatentMusic::Drums { kit: DrumKit::SixtyOne, nade: 6 };
    })
}

#[test]
fn takes_are_whole_and_depend_on_their_seed_alone() {
    for (model, request) in all() {
        let together = takes(&model, &request);
        assert_eq!(together, takes(&model, &request));
        let grooved = request.primer.as_ref().filter(|_| request.tool == ToolKind::Groove);
        let kind = grooved.map_or(model.kind(), |clip| clip.kind);
        for take in &together {
            let clip = &take.clip;
            assert_eq!((clip.kind, clip.tempo), (kind, Some(97.5)));
            assert!(clip.notes.is_sorted() && clip.notes.iter().all(|n| n.length > 0 && n.velocity > 0));
            assert!(clip.notes.iter().all(|n| (0..clip.length).contains(&n.start)), "{:?}", request.tool);
            assert_eq!(clip.length % BAR, 0);
            let bytes = midi::write_clip(clip, WriteOptions::default()).expect("written");
            let song = midi::read(&bytes).expect("a MIDI file");
            let read: Vec<Note> = song.tracks.iter().flat_map(|t| t.notes.clone()).collect();
            assert_eq!(read, clip.notes, "{:?}", request.tool);
            if request.tool != ToolKind::Interpolate {
                let alone = Request { seed: take.seed, variations: 1, ..request.clone() };
                let alone = &takes(&model, &alone)[0];
                assert_eq!((&alone.clip, &alone.origin), (clip, &take.origin), "{:?}", request.tool);
            }
        }
        let silent = together.iter().all(|take| take.clip.notes.is_empty());
        assert!(!silent, "{} with {:?} wrote nothing at all", model.name(), request.tool);
    }
}

#[test]
fn a_run_tells_its_progress_and_can_be_stopped() {
    for (model, request) in all() {
        let mut told = vec![0.0];
        run(&model, &request, &Cancel::default(), &mut |p| told.push(p)).expect("runs");
        assert!(told.is_sorted() && *told.last().expect("told") > 0.999, "{:?} {told:?}", request.tool);
        let free = Cancel::default();
        assert!(run(&model, &request, &free, &mut |_| {}).is_ok());
        let all = free.looks();
        for look in [1, all / 3, all / 2, all] {
            let pressed = Cancel::at_look(look);
            let stopped = run(&model, &request, &pressed, &mut |_| {}).map(|takes| takes.len());
            let text = format!("{:?}, look {look} of {all}: {stopped:?}", request.tool);
            assert!(matches!(stopped, Err(ToolError::Cancelled)), "{text}");
            assert_eq!(pressed.looks(), look, "{text}");
        }
    }
}

#[test]
fn odd_clips_give_takes_or_sentences() {
    let crowd = |pitches: std::ops::Range<u8>| {
        pitches.map(|pitch| Note { start: 0, pitch, length: STEP, velocity: 1 + pitch % 127 }).collect()
    };
    for (model, request) in all() {
        let Some(primer) = &request.primer else { continue };
        let with = |clip: Clip| {
            let mut request = Request { variations: 1, primer: Some(clip.clone()), ..request.clone() };
            request.latent.others.iter_mut().for_each(|other| *other = clip.clone());
            request
        };
        let waltz = Meter { numerator: 3, denominator: 4 };
        let said = refusal(&model, &with(Clip { meter: waltz, ..primer.clone() }));
        assert!(said.contains("16 sixteenths") && said.contains("3/4"), "{said}");
        let said = refusal(&model, &with(Clip { notes: vec![], ..primer.clone() }));
        assert!(said.contains("no notes"), "{said}");
        let said = refusal(&model, &with(Clip { length: 65 * BAR, ..primer.clone() }));
        assert!(said.contains("64 bars"), "{said}");

        let beat = Clip { length: TICKS_PER_QUARTER, ..primer.clone() };
        let take = &takes(&model, &with(beat))[0];
        let whole = if request.tool == ToolKind::Interpolate { BAR } else { TICKS_PER_QUARTER };
        assert_eq!(take.clip.length, whole);
        let long = &takes(&model, &with(played(primer.kind, 64)))[0];
        assert_eq!(long.clip.length, 64 * BAR);
        let crowded = Clip { notes: crowd(0..127), ..primer.clone() };
        let take = &takes(&model, &with(crowded.clone()))[0];
        if request.tool == ToolKind::Groove {
            assert_eq!(take.clip.notes.len(), 127);
        }
        // Not a whole number of steps, and the last note past the last step's middle.
        let mut cut = Clip { length: 2 * BAR - 5, ..primer.clone() };
        cut.notes.push(Note { start: 2 * BAR - 6, pitch: 38, length: 9, velocity: 9 });
        let take = &takes(&model, &with(cut.clone()))[0];
        if request.tool == ToolKind::Groove {
            cut.normalise();
            assert_eq!(take.clip.notes.len(), cut.notes.len());
        }
    }
}

#[test]
fn what_a_model_cannot_do_is_a_sentence() {
    let drums = testing::latent(DRUMS);
    let refused = [
        (of(ClipKind::Drums, ToolKind::Continue, 2), "cannot write on from a clip"),
        (of(ClipKind::Drums, ToolKind::Rewrite, 2), "cannot write single bars anew"),
        (of(ClipKind::Drums, ToolKind::Harmonise, 2), "cannot harmonise"),
        (of(ClipKind::Drums, ToolKind::Groove, 2), "choose GrooVAE humanize"),
        (of(ClipKind::Drums, ToolKind::Drumify, 2), "choose GrooVAE drumify"),
        (of(ClipKind::Drums, ToolKind::Hats, 2), "choose GrooVAE hi-hats"),
        (of(ClipKind::Drums, ToolKind::Interpolate, 2), "needs a second clip"),
        (request(ToolKind::Interpolate), "play something in"),
    ];
    for (request, expected) in refused {
        let said = refusal(&drums, &request);
        assert!(said.contains(expected), "{said}");
    }
    let mut waltz = request(ToolKind::Generate);
    waltz.meter = Meter { numerator: 3, denominator: 4 };
    assert!(refusal(&drums, &waltz).contains("choose 4/4"));
    let rnn = testing::model("basic_rnn");
    let said = refusal(&rnn, &of(ClipKind::Melody, ToolKind::Interpolate, 2));
    assert_eq!(said, "Interpolate needs a model that can do it: choose a MusicVAE or GrooVAE model");
    let trio = testing::latent_with("hierdec-trio_16bar", |params| params.encoder = vec![24, 24]);
    assert!(refusal(&trio, &request(ToolKind::Generate)).contains("not played from here yet"));
    let mut between = of(ClipKind::Drums, ToolKind::Interpolate, 2);
    between.latent.others = vec![played(ClipKind::Melody, 2)];
    assert!(refusal(&testing::latent(MELODY), &between).contains("the primer is a drum clip"));
    let limited = Request {
        constraints: Constraints { density: Some(4.0), ..Constraints::default() },
        ..request(ToolKind::Generate)
    };
    assert!(takes(&drums, &limited)[0].notices.iter().any(|n| n.contains("were ignored")));
}

#[test]
fn values_outside_their_range_are_refused() {
    let refused = |change: &dyn Fn(&mut Latent)| {
        let mut latent = Latent::default();
        change(&mut latent);
        check(&latent).is_err()
    };
    assert!(!refused(&|_| ()));
    assert!(refused(&|l| l.radius = f32::NAN));
    assert!(refused(&|l| l.radius = 1.1));
    assert!(refused(&|l| l.timing = 1.6));
    assert!(refused(&|l| l.dynamics = -0.1));
    assert!(refused(&|l| l.steps = 0));
    assert!(refused(&|l| l.steps = 17));
    assert!(refused(&|l| l.others = vec![Clip::default(); 2]));
    assert!(refused(&|l| (l.others, l.steps) = (vec![Clip::default(); 3], 5)));
    let moves = vec![(1, 2.0)];
    assert!(refused(&|l| l.near = Near::Take(Origin { moves: moves.clone(), ..Origin::default() })));
    let odd = Meter { numerator: 0, denominator: 0 };
    for clip in [Clip { meter: odd, ..Clip::default() }, Clip { length: i64::MAX, ..Clip::default() }] {
        let mut request = of(ClipKind::Drums, ToolKind::Interpolate, 2);
        request.latent.others = vec![clip.clone()];
        refusal(&testing::latent(DRUMS), &request);
        let mut request = of(ClipKind::Melody, ToolKind::Groove, 2);
        request.latent.guide = Some(clip);
        refusal(&testing::latent(HUMANIZE), &request);
    }
}

#[test]
fn generated_clips_are_as_long_as_asked_for() {
    let model = testing::latent(DRUMS);
    for bars in [1, 2, 3, 5, 8, 32] {
        let request = Request { bars, ..request(ToolKind::Generate) };
        for take in takes(&model, &request) {
            assert_eq!(take.clip.length, BAR * i64::from(bars));
            let late = take.clip.notes.iter().any(|n| n.start >= BAR * i64::from(bars - 1));
            assert!(late, "something sounds in the last of {bars} bars");
            let origin = take.origin.expect("generated");
            assert_eq!(origin.picks.len(), bars.div_ceil(2) as usize);
        }
    }
}

#[test]
fn more_like_this_stays_near_after_save_and_load() {
    let model = testing::latent(DRUMS);
    let first = Request { bars: 6, temperature: 0.0, variations: 3, ..request(ToolKind::Generate) };
    let all = takes(&model, &first);
    let picks = all.iter().flat_map(|take| &take.origin.as_ref().expect("an origin").picks);
    assert!(picks.into_iter().any(|&pick| pick > 0), "pieces are chosen by their seams");
    let liked = &all[2];
    let text = serde_json::to_string(liked).expect("text");
    let liked: Take = serde_json::from_str(&text).expect("reads");
    let near = |take: &Take, radius| {
        let request = Request { seed: 5, variations: 8, temperature: 0.0, ..take.more_like_this(radius) };
        takes(&model, &request)
    };
    let same = near(&liked, 0.0);
    assert!(same.iter().all(|take| take.clip.notes == liked.clip.notes));
    let likeness = |radius| {
        let all = near(&liked, radius);
        all.iter().map(|take| similarity_of(&take.clip, &liked.clip)).sum::<f64>() / 8.0
    };
    let (close, far) = (likeness(0.1), likeness(1.0));
    assert!(close > far, "{close} {far}");
    // A variation of a variation knows where it is, too.
    let moved = &near(&liked, 0.3)[1];
    assert_eq!(moved.origin.as_ref().expect("an origin").moves, [(moved.seed, 0.3)]);
    let again = near(moved, 0.0);
    assert!(again.iter().all(|take| take.clip.notes == moved.clip.notes));
    // A clip that was not generated is heard.
    let heard = Take { origin: None, clip: played(ClipKind::Drums, 3), ..liked.clone() };
    let around = near(&heard, 0.0);
    assert_eq!((around[0].clip.length, &around[0].origin), (3 * BAR, &None));
    assert!(around.iter().all(|take| take.clip == around[0].clip && !take.clip.notes.is_empty()));
}

fn similarity_of(a: &Clip, b: &Clip) -> f64 {
    let set = |clip: &Clip| {
        clip.notes.iter().map(|n| (n.start, n.pitch)).collect::<std::collections::BTreeSet<_>>()
    };
    let (a, b) = (set(a), set(b));
    a.intersection(&b).count() as f64 / a.union(&b).count().max(1) as f64
}

#[test]
fn projects_of_earlier_versions_load() {
    let plain = request(ToolKind::Generate);
    let text = serde_json::to_string(&plain).expect("text");
    assert!(!text.contains("latent"), "as earlier versions wrote it: {text}");
    assert_eq!(serde_json::from_str::<Request>(&text).expect("reads"), plain);
    let told = of(ClipKind::Drums, ToolKind::Groove, 1);
    let told = Request { latent: Latent { timing: 0.5, ..Latent::default() }, ..told };
    let text = serde_json::to_string(&told).expect("text");
    assert_eq!(serde_json::from_str::<Request>(&text).expect("reads"), told);
    let some: Latent = serde_json::from_str(r#"{"radius":0.5,"near":{"take":{"seed":7}}}"#).expect("reads");
    assert_eq!(some.near, Near::Take(Origin { seed: 7, ..Origin::default() }));
    assert_eq!((some.radius, some.steps, some.keep_hits), (0.5, 3, true));
}

#[test]
fn the_ends_of_a_way_are_the_clips_as_the_model_hears_them() {
    for id in [DRUMS, MELODY, GROOVES] {
        let model = testing::latent(id);
        let (a, b) = (played(model.kind(), 2), played(model.kind(), 5));
        let between = |a: &Clip, b: &Clip, steps, bake| {
            let mut request = Request { primer: Some(a.clone()), ..request(ToolKind::Interpolate) };
            request.latent = Latent { others: vec![b.clone()], steps, bake, ..Latent::default() };
            takes(&model, &request)
        };
        let way = between(&a, &b, 5, false);
        assert_eq!(way.len(), 5);
        assert!(way.iter().all(|take| take.clip.length == 5 * BAR && take.seed == 99));
        // The same clip at both ends is its own reconstruction everywhere, and no place is lost on the way.
        let still = between(&a, &a, 3, false);
        let inside =
            |clip: &Clip| clip.notes.iter().filter(|n| n.start < 2 * BAR).copied().collect::<Vec<_>>();
        assert!(still.iter().all(|take| take.clip == still[0].clip));
        if model.latent().expect("latent").0.bars == 2 {
            assert_eq!(inside(&way[0].clip), inside(&still[0].clip));
        }
        assert_eq!(way[4].clip, between(&b, &a, 5, false)[0].clip);
        assert_ne!(way[0].clip.notes, way[4].clip.notes);
        // Five bars are three pieces of two; the shorter clip goes round through them.
        let sounds = |take: &Take| take.clip.notes.iter().any(|n| n.start >= 2 * BAR);
        assert!(id != DRUMS || way.iter().all(sounds));
        let baked = &between(&a, &b, 5, true)[0].clip;
        assert_eq!(baked.length, 25 * BAR);
        for (i, take) in (0..).zip(&way) {
            let (from, to) = (i * 5 * BAR, (i + 1) * 5 * BAR);
            let part = baked.notes.iter().filter(|n| (from..to).contains(&n.start)).count();
            // A hit of a groove may be struck a little before its position.
            assert!(part.abs_diff(take.clip.notes.len()) <= if id == GROOVES { 9 } else { 0 });
        }
        let mut morph = Request { primer: Some(a.clone()), ..request(ToolKind::Interpolate) };
        morph.latent.others = vec![b.clone()];
        let positions = [0.0, 0.25, 0.5, 0.75, 1.0];
        let clips =
            decode_positions(&model, &morph, &positions, &Cancel::default(), &mut |_| {}).expect("runs");
        assert!(clips.iter().zip(&way).all(|(clip, take)| *clip == take.clip));
        let outside = decode_positions(&model, &morph, &[1.5], &Cancel::default(), &mut |_| {});
        assert!(outside.is_err());
    }
}

#[test]
fn four_clips_are_the_corners_of_a_square() {
    let model = testing::latent(DRUMS);
    let corner = |shift: i64| {
        let mut clip = played(ClipKind::Drums, 2);
        clip.notes.iter_mut().for_each(|n| n.start = (n.start + shift * STEP) % clip.length);
        clip.normalise();
        clip
    };
    let clips: Vec<Clip> = (0..4).map(corner).collect();
    let mut square =
        Request { primer: Some(clips[0].clone()), temperature: 0.0, ..request(ToolKind::Interpolate) };
    square.latent = Latent { others: clips[1..].to_vec(), steps: 3, ..Latent::default() };
    let all = takes(&model, &square);
    assert_eq!(all.len(), 9);
    for (at, clip) in [0, 2, 6, 8].into_iter().zip(&clips) {
        let mut alone = Request { primer: Some(clip.clone()), ..square.clone() };
        alone.latent = Latent { others: vec![clip.clone()], steps: 1, ..Latent::default() };
        assert_eq!(all[at].clip, takes(&model, &alone)[0].clip, "corner {at}");
    }
}

#[test]
fn chords_reach_the_model_that_follows_them() {
    let model = testing::latent(CHORDS);
    let over = |text: &str| {
        let chords = Some(ChordTrack::from_text(text, BAR).expect("chords"));
        Request { chords, temperature: 0.0, bars: 3, ..request(ToolKind::Generate) }
    };
    let (one, other) = (takes(&model, &over("C Am")), takes(&model, &over("F#dim Eb")));
    assert_ne!(one[0].clip.notes, other[0].clip.notes);
    let figures: Vec<_> = one[0].chords().into_iter().map(|c| c.figure).collect();
    assert_eq!(figures, ["C", "Am", "C"]);
    assert!(one[0].notices.is_empty());
    let plain = &takes(&model, &request(ToolKind::Generate))[0];
    assert!(plain.notices[0].contains("no chords were given"));
    assert!(!refusal(&model, &over("Csus4")).is_empty(), "it is no triad");
    let deaf = &takes(&testing::latent(MELODY), &over("C"))[0];
    assert!(deaf.notices.iter().any(|n| n.contains("does not hear chords")) && deaf.chords().is_empty());
}

fn grooved(clip: &Clip, change: impl Fn(&mut Latent)) -> Vec<Take> {
    let mut request = Request { primer: Some(clip.clone()), ..request(ToolKind::Groove) };
    change(&mut request.latent);
    takes(&testing::latent(HUMANIZE), &request)
}

#[test]
fn a_groove_is_blended_by_its_amounts() {
    for kind in [ClipKind::Drums, ClipKind::Melody] {
        let clip = played(kind, 3);
        let amounts = |timing, dynamics| {
            let takes = grooved(&clip, |l| (l.timing, l.dynamics) = (timing, dynamics));
            takes[0].clip.notes.clone()
        };
        assert_eq!(amounts(0.0, 0.0), clip.notes);
        // Each note with its counterpart: none crosses another of its pitch.
        let by_pitch = |mut notes: Vec<Note>| {
            notes.sort_by_key(|n| (n.pitch, n.start));
            notes
        };
        let before = by_pitch(clip.notes.clone());
        let (half, whole) = (by_pitch(amounts(0.5, 0.5)), by_pitch(amounts(1.0, 1.0)));
        let only_timing = by_pitch(amounts(1.0, 0.0));
        let mut changed = 0;
        for i in 0..before.len() {
            let [b, h, w, t] = [before[i], half[i], whole[i], only_timing[i]];
            assert!([h, w, t].iter().all(|n| n.pitch == b.pitch && n.length == b.length));
            let middle = b.start + (w.start - b.start + 1).div_euclid(2);
            let first = w.start == 0 || h.start == 0;
            assert!(first || (h.start - middle).abs() <= 1, "{b:?} {h:?} {w:?}");
            let middle = f32::from(b.velocity) + (f32::from(w.velocity) - f32::from(b.velocity)) / 2.0;
            assert!((f32::from(h.velocity) - middle).abs() <= 1.0);
            assert_eq!((t.start, t.velocity), (w.start, b.velocity));
            if kind == ClipKind::Drums && b.pitch == 3 {
                assert_eq!(w, b, "no drum of the model");
            } else {
                changed += usize::from(w.start != b.start && w.velocity != b.velocity);
            }
        }
        assert!(changed > before.len() / 2, "{changed}");
        // Whatever the timing was before, the whole groove is the model's.
        let mut straight = clip.clone();
        for note in &mut straight.notes {
            note.start = (note.start + STEP / 2) / STEP * STEP;
        }
        let from_straight = grooved(&straight, |_| ());
        let starts = |notes: &[Note]| notes.iter().map(|n| n.start).collect::<Vec<_>>();
        let known = |notes: Vec<Note>| notes.into_iter().filter(|n| n.pitch != 3).collect::<Vec<_>>();
        let ours = starts(&known(from_straight[0].clip.notes.clone()));
        assert_eq!(ours, starts(&known(amounts(1.0, 1.0))));
    }
}

#[test]
fn hits_are_kept_or_left_to_the_model() {
    let clip = played(ClipKind::Drums, 4);
    let kept = grooved(&clip, |_| ());
    for take in &kept {
        let pitches = |clip: &Clip| {
            let mut pitches: Vec<u8> = clip.notes.iter().map(|n| n.pitch).collect();
            pitches.sort_unstable();
            pitches
        };
        assert_eq!(pitches(&take.clip), pitches(&clip));
        assert!(take.notices.iter().any(|n| n.contains("no sound for")), "{:?}", take.notices);
    }
    assert_ne!(kept[0].clip, kept[1].clip, "a drummer plays it differently each time");
    let free = grooved(&clip, |l| l.keep_hits = false);
    assert_ne!(free[0].clip.notes.len(), clip.notes.len());
    let foreign = |clip: &Clip| clip.notes.iter().filter(|n| n.pitch == 3).copied().collect::<Vec<_>>();
    assert_eq!(foreign(&free[0].clip), foreign(&clip));
}

#[test]
fn hits_before_beat_one_wrap_or_wait() {
    let note = Note { start: 0, pitch: 36, length: STEP, velocity: 100 };
    let clip = Clip { kind: ClipKind::Drums, notes: vec![note], length: 2 * BAR, ..Clip::default() };
    let starts = |early| -> Vec<Ticks> {
        let takes = (0..16).map(|seed| {
            let mut request = Request { primer: Some(clip.clone()), seed, ..request(ToolKind::Groove) };
            request.temperature = 2.0;
            request.latent.early = early;
            takes(&testing::latent(HUMANIZE), &request)[0].clip.notes[0].start
        });
        takes.collect()
    };
    let (clamped, wrapped) = (starts(Early::Clamp), starts(Early::Wrap));
    let early: Vec<_> = wrapped.iter().filter(|&&start| start > BAR).collect();
    for (clamped, wrapped) in clamped.iter().zip(&wrapped) {
        assert!(clamped == wrapped || (*clamped == 0 && *wrapped >= 2 * BAR - STEP / 2));
    }
    assert!(early.iter().all(|&&start| start >= 2 * BAR - STEP / 2));
}

#[test]
fn a_melody_takes_over_the_groove_of_a_drum_clip() {
    let melody = played(ClipKind::Melody, 3);
    // Every 16th of a bar a little later and softer than the one before.
    let hits =
        (0..16).map(|i| Note { start: i * STEP + 100 * i, pitch: 42, length: 10, velocity: 120 - i as u8 });
    let guide = Clip { kind: ClipKind::Drums, notes: hits.collect(), length: BAR, ..Clip::default() };
    let take = &grooved(&melody, |l| l.guide = Some(guide.clone()))[0];
    assert_eq!((take.clip.kind, take.clip.notes.len()), (ClipKind::Melody, melody.notes.len()));
    for (note, before) in take.clip.notes.iter().zip(&melody.notes) {
        let step = (before.start + STEP / 2) / STEP;
        let place = step % 16;
        assert_eq!((note.start, note.velocity), (step * STEP + 100 * place, 120 - place as u8));
        assert_eq!((note.pitch, note.length), (before.pitch, before.length));
    }
    // Silence in the guide: the mean of its other bars there, else the grid.
    let sparse = Clip {
        notes: vec![Note { start: 3 * STEP + 500, pitch: 38, length: 10, velocity: 50 }],
        length: 2 * BAR,
        ..guide.clone()
    };
    let take = &grooved(&melody, |l| l.guide = Some(sparse.clone()))[0];
    for (note, before) in take.clip.notes.iter().zip(&melody.notes) {
        let step = (before.start + STEP / 2) / STEP;
        let expected = if step % 16 == 3 { (500, 50) } else { (0, before.velocity) };
        assert_eq!((note.start - step * STEP, note.velocity), expected, "step {step}");
    }
    let melodic = Clip { kind: ClipKind::Melody, ..guide };
    let mut request = Request { primer: Some(melody), ..request(ToolKind::Groove) };
    request.latent.guide = Some(melodic);
    assert!(refusal(&testing::latent(HUMANIZE), &request).contains("must be a drum clip"));
}

#[test]
fn drums_on_a_tap_are_struck_with_it() {
    for kind in [ClipKind::Melody, ClipKind::Drums] {
        let clip = played(kind, 3);
        let model = testing::latent(TAP);
        let all = takes(&model, &Request { primer: Some(clip.clone()), ..request(ToolKind::Drumify) });
        let step = |n: &Note| (n.start + STEP / 2) / STEP;
        let mut on_taps = 0;
        for note in all.iter().flat_map(|take| &take.clip.notes) {
            if let Some(tap) = clip.notes.iter().find(|tap| step(tap) == step(note)) {
                assert_eq!(note.start, tap.start);
                on_taps += 1;
            }
        }
        assert!(on_taps > 0);
        assert_eq!(all[0].clip.kind, ClipKind::Drums);
    }
}

#[test]
fn a_shorter_clip_goes_round_between_itself_and_a_longer_one() {
    let (short, long) = (played(ClipKind::Drums, 2), played(ClipKind::Drums, 4));
    let mut twice = short.clone();
    twice.notes.extend(short.notes.iter().map(|n| Note { start: n.start + 2 * BAR, ..*n }));
    twice.length = 4 * BAR;
    let model = testing::latent(DRUMS);
    let between = |a: &Clip, b: &Clip| -> Vec<Clip> {
        let mut request = Request { primer: Some(a.clone()), ..request(ToolKind::Interpolate) };
        request.latent.others = vec![b.clone()];
        takes(&model, &request).into_iter().map(|take| take.clip).collect()
    };
    assert_eq!(between(&short, &long), between(&twice, &long));
    assert_eq!(between(&long, &short), between(&long, &twice));
}

#[test]
fn hats_leave_the_other_drums_alone() {
    let clip = played(ClipKind::Drums, 3);
    let model = testing::latent(HATS);
    let is_hat = |n: &&Note| n.pitch == 42;
    let others = |clip: &Clip| clip.notes.iter().filter(|n| !is_hat(n)).copied().collect::<Vec<_>>();
    for replace in [true, false] {
        let mut request = Request { primer: Some(clip.clone()), ..request(ToolKind::Hats) };
        request.latent.replace = replace;
        for take in takes(&model, &request) {
            assert_eq!(others(&take.clip), others(&clip));
            // A new hat ends one that still sounds.
            let stays = |hat: &Note| {
                let same = |n: &&Note| (n.start, n.pitch, n.velocity) == (hat.start, hat.pitch, hat.velocity);
                take.clip.notes.iter().find(same).is_some_and(|n| n.length <= hat.length)
            };
            assert!(replace || clip.notes.iter().filter(is_hat).all(stays));
            assert_ne!(take.clip.notes.iter().filter(is_hat).count(), 0);
        }
    }
    let only_hats = Clip { notes: clip.notes.iter().filter(is_hat).copied().collect(), ..clip };
    let request = Request { primer: Some(only_hats), ..request(ToolKind::Hats) };
    assert!(takes(&model, &request)[0].notices.iter().any(|n| n.contains("no drums")));
}
