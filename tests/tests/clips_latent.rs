//! The tools of latent models through the built plugin, with the weights inside: Groove, Interpolate, the morph under
//! automation, and clips that fit no model. What is checked are the notes.
#![expect(clippy::print_stdout, reason = "how much was compared")]

use anyhow::{Context as _, Result, anyhow, ensure};
use descant_core::music::{Clip, ClipKind, Meter, Note, Song, TICKS_PER_QUARTER as Q, Ticks, midi};
use descant_core::tool::{
    Cancel, Latent, Request, SQUARE_SIDE, Take, ToolKind, decode_positions, decode_square,
};
use descant_plugin::clips::document::{Content, Entry, Primer};
use descant_plugin::clips::files::Files;
use descant_plugin::clips::morph::places;
use descant_plugin::clips::pad::cell;
use descant_plugin::gui::view::{Part, PrimerOrigin};
use descant_plugin::library;
use descant_tests::clips::{self, balanced, generate, open};
use descant_tests::session::Session;
use descant_tests::state;
use std::collections::BTreeSet;
use std::sync::Arc;

const BAR: Ticks = 4 * Q;
const S: Ticks = Q / 4;

fn clip(kind: ClipKind, steps: &[(i64, u8)], bars: Ticks) -> Clip {
    let note = |&(step, pitch): &(i64, u8)| Note { start: step * S, pitch, length: S, velocity: 90 };
    let mut clip = Clip {
        name: "clip".into(),
        kind,
        notes: steps.iter().map(note).collect(),
        length: bars * BAR,
        meter: Meter::COMMON,
        tempo: Some(120.0),
    };
    clip.normalise();
    clip
}

/// Two bars on the grid, all as loud.
fn straight() -> Clip {
    let hats = (0..16).map(|i| (2 * i, 42));
    let drums = [0, 8, 16, 24].map(|step| (step, 36)).into_iter().chain([4, 12, 20, 28].map(|s| (s, 38)));
    clip(ClipKind::Drums, &hats.chain(drums).collect::<Vec<_>>(), 2)
}

fn broken() -> Clip {
    let kick = [0, 3, 6, 10, 16, 19, 25, 30].map(|step| (step, 36));
    let snare = [4, 7, 12, 20, 23, 28, 31].map(|step| (step, 38));
    let ride = (0..32).filter(|i| i % 3 != 1).map(|step| (step, 51));
    clip(ClipKind::Drums, &kick.into_iter().chain(snare).chain(ride).collect::<Vec<_>>(), 2)
}

fn tune() -> Clip {
    let steps: Vec<(i64, u8)> = [0, 3, 4, 6, 8, 11, 14, 16, 18, 20, 23, 26, 28, 30]
        .into_iter()
        .zip([60, 62, 64, 65, 67, 69, 71].into_iter().cycle())
        .collect();
    clip(ClipKind::Melody, &steps, 2)
}

fn project(a: Clip) -> Content {
    let primer = Some(Primer { clip: Arc::new(a), origin: PrimerOrigin::Take });
    Content { primer, ..Content::default() }
}

/// What a tool makes of a project.
fn made(project: &Content, tool: &str, settings: &[(&str, &str)]) -> Result<Vec<Entry>> {
    let mut host = open()?;
    let loaded = state::with_document(&host.save()?, project)?;
    host.load(&loaded)?;
    let usual = [("Tool", tool), ("Variations", "3")];
    Ok(generate(&mut host, &[&usual, settings].concat())?.entries)
}

fn takes(project: &Content, tool: &str, settings: &[(&str, &str)]) -> Result<Vec<Arc<Take>>> {
    let takes: Vec<Arc<Take>> = made(project, tool, settings)?.into_iter().map(|e| e.take).collect();
    ensure!(!takes.is_empty(), "{tool} wrote nothing");
    Ok(takes)
}

fn pitches(clip: &Clip) -> Vec<u8> {
    let mut pitches: Vec<u8> = clip.notes.iter().map(|n| n.pitch).collect();
    pitches.sort_unstable();
    pitches
}

#[test]
fn a_groove_moves_hits_and_adds_none_whatever_model_is_chosen() -> Result<()> {
    let project = project(straight());
    for model in ["Drum kit RNN", "Lookback melody RNN"] {
        let mut moved = BTreeSet::new();
        for take in takes(&project, "Groove", &[("Model", model)])? {
            ensure!(take.request.model.starts_with("groovae"), "{}", take.request.model);
            ensure!(take.clip.length == 2 * BAR && pitches(&take.clip) == pitches(&straight()));
            for note in &take.clip.notes {
                let off = (note.start + S / 2).rem_euclid(S) - S / 2;
                ensure!(off.abs() <= S / 2);
                moved.insert((off, note.velocity));
            }
        }
        ensure!(moved.len() > 20, "it stays on the grid: {moved:?}");
    }
    for take in takes(&project, "Groove", &[("Timing", "0 %"), ("Dynamics", "0 %")])? {
        ensure!(take.clip.notes == straight().notes, "nothing of the model was asked for");
    }
    let timing = &takes(&project, "Groove", &[("Dynamics", "0 %")])?[0];
    ensure!(timing.clip.notes.iter().all(|n| n.velocity == 90) && timing.clip.notes != straight().notes);
    Ok(())
}

#[test]
fn a_melody_takes_over_a_groove_and_keeps_its_notes() -> Result<()> {
    // Each drum hit a little later than the one before; loud and soft in turn.
    let mut guide = straight();
    for (i, note) in (0..).zip(&mut guide.notes) {
        note.start += note.start / S * 40;
        note.velocity = if i % 2 == 0 { 120 } else { 50 };
    }
    guide.length = 2 * BAR;
    for guide in [None, Some(guide)] {
        let project = Content { guide: guide.clone().map(Arc::new), ..project(tune()) };
        let take = &takes(&project, "Groove", &[])?[0];
        ensure!(take.clip.kind == ClipKind::Melody && pitches(&take.clip) == pitches(&tune()));
        ensure!(take.clip.notes != tune().notes, "nothing moved");
        let Some(guide) = guide else { continue };
        for (before, after) in tune().notes.iter().zip(&take.clip.notes) {
            let step = before.start / S;
            let hits = guide.notes.iter().filter(|n| (n.start + S / 2) / S == step);
            let Some(hit) = hits.max_by_key(|n| n.velocity) else { continue };
            ensure!(after.start - before.start == hit.start - step * S, "step {step}: {after:?} {hit:?}");
            ensure!(after.velocity == hit.velocity, "step {step}");
        }
    }
    Ok(())
}

#[test]
fn what_is_dragged_out_is_the_take_bit_for_bit() -> Result<()> {
    let entries = made(&project(straight()), "Groove", &[])?;
    ensure!(entries.len() == 3);
    let files = Files::default();
    for entry in &entries {
        let path = files.path(entry, Part::Whole, &Content::default().kit)?;
        let song: Song = midi::read(&std::fs::read(path)?)?;
        let mut want = entry.take.clip.notes.clone();
        let mut got = song.tracks.first().context("no track")?.notes.clone();
        want.sort_unstable();
        got.sort_unstable();
        ensure!(want == got, "the file differs");
    }
    Ok(())
}

#[test]
fn interpolation_gives_its_positions_as_takes_or_as_one_clip() -> Result<()> {
    let project = Content { other: Some(Arc::new(broken())), ..project(straight()) };
    let positions = takes(&project, "Interpolate", &[("Positions", "7")])?;
    ensure!(positions.len() == 7 && positions.iter().all(|t| t.clip.length == 2 * BAR));
    ensure!(positions[0].clip.notes != positions[6].clip.notes);
    let baked = takes(&project, "Interpolate", &[("Positions", "7"), ("Bake", "On")])?;
    ensure!(baked.len() == 1 && baked[0].clip.length == 14 * BAR);
    let sum: usize = positions.iter().map(|t| t.clip.notes.len()).sum();
    ensure!(baked[0].clip.notes.len() == sum, "{} and {sum} notes", baked[0].clip.notes.len());
    // The same clip twice is nowhere.
    let alike = Content { other: Some(Arc::new(straight())), ..project };
    let alike = takes(&alike, "Interpolate", &[])?;
    ensure!(alike.iter().all(|t| t.clip.notes == alike[0].clip.notes));
    Ok(())
}

/// The clips that the morph plays, by the model itself.
fn decoded(a: &Clip, b: &Clip, places: &[f32]) -> Result<Vec<Clip>> {
    let chosen = library::models().first();
    let fitting =
        library::fitting(ToolKind::Interpolate, Some(a.kind), chosen).map_err(|why| anyhow!("{why}"))?;
    let model = library::load(&fitting.model.id).map_err(|why| anyhow!("{why}"))?;
    let request = Request {
        tool: ToolKind::Interpolate,
        primer: Some(a.clone()),
        temperature: 0.0,
        latent: Latent { others: vec![b.clone()], ..Latent::default() },
        ..Request::default()
    };
    Ok(decode_positions(&model, &request, places, &Cancel::default(), &mut |_| ())?)
}

#[test]
fn the_morph_follows_automation_without_a_gap() -> Result<()> {
    let (a, b) = (straight(), broken());
    let places: Vec<f32> = places().collect();
    let table = decoded(&a, &b, &places)?;
    let alone = |clip: &Clip| Ok::<_, anyhow::Error>(decoded(clip, clip, &[0.0])?[0].notes.clone());
    ensure!(table[0].notes == alone(&a)? && table[16].notes == alone(&b)?, "the ends are reconstructions");

    let mut host = open()?;
    let content = Content { other: Some(Arc::new(b)), ..project(a) };
    let loaded = state::with_document(&host.save()?, &content)?;
    host.load(&loaded)?;
    host.set_offline(true)?;
    host.activate(clips::RATE)?;
    let settings = [("Morph plays", "On"), ("Swap at", "Beat"), ("Morph", "0 %")];
    let mut session = Session::with(host, 120.0, &settings, &[512, 333, 64, 1000])?;
    // 32 beats from A to B; each new place is set half a beat before the beat on which it is heard.
    let beats = 32;
    let place = |beat: i32| beat.min(beats - 1) as f32 / (beats - 1) as f32;
    let (mut sounded, mut compared) = (BTreeSet::new(), 0);
    for beat in 0..beats {
        session.play_to(f64::from(beat) + 0.5, &[])?;
        session.set(&[("Morph", &format!("{:.1} %", 100.0 * place(beat + 1)))])?;
    }
    session.play_to(f64::from(beats), &[])?;
    for beat in 0..beats {
        // As the parameter's steps of 0.1 % round it.
        let percent = (1000.0 * place(beat)).round() / 10.0;
        let clip = &table[(percent / 100.0 * 16.0).round() as usize];
        let local = Q * Ticks::from(beat) % clip.length;
        let notes = clip.notes.iter().filter(|n| (local..local + Q).contains(&n.start));
        let part: Vec<Note> = notes.map(|n| Note { start: n.start - local, ..*n }).collect();
        ensure!(
            session.plays(&part, f64::from(beat), 1.0),
            "beat {beat}: {part:?}, but {:?}",
            session.onsets(f64::from(beat), f64::from(beat) + 1.0)
        );
        compared += part.len();
        sounded.insert(clip.notes.clone());
    }
    session.rest(64)?;
    ensure!(balanced(&session.notes)? == 0, "notes hang");
    let there_are = table.iter().map(|c| c.notes.clone()).collect::<BTreeSet<_>>().len();
    println!("{} clips of {there_are} sounded, {compared} onsets compared", sounded.len());
    ensure!(sounded.len() >= 9.min(there_are) && there_are >= 9, "{} of {there_are}", sounded.len());

    // Off: the take sounds again, here none.
    session.set(&[("Morph plays", "Off")])?;
    session.play_from(40.0);
    session.play_to(48.0, &[])?;
    ensure!(session.onsets(40.0, 48.0).is_empty(), "it goes on");
    Ok(())
}

#[test]
fn the_pad_follows_automation_around_a_take() -> Result<()> {
    let mut host = open()?;
    let settings = [("Model", "MusicVAE drums, 2 bars"), ("Generate bars", "2"), ("Variations", "2")];
    let mut content = generate(&mut host, &settings)?;
    let entry = content.entries.first().context("no take")?.clone();
    content.pad.around(entry.id);
    let centre = content.pad.centre.context("a pad")?;
    let model = library::load(&entry.take.request.model).map_err(|why| anyhow!("{why}"))?;
    let request = Request { seed: centre.seed, variations: 1, ..entry.take.more_like_this(0.0) };
    let square = decode_square(&model, &request, &Cancel::default(), &mut |_| ())?;
    ensure!(square[SQUARE_SIDE * SQUARE_SIDE / 2].notes == entry.take.clip.notes, "the middle is the take");

    let mut host = open()?;
    let loaded = state::with_document(&host.save()?, &content)?;
    host.load(&loaded)?;
    host.set_offline(true)?;
    host.activate(clips::RATE)?;
    let settings = [("Pad plays", "On"), ("Swap at", "Bar"), ("Pad X", "0 %"), ("Pad Y", "0 %")];
    let mut session = Session::with(host, 120.0, &settings, &[512, 333, 64, 1000])?;
    // From the middle to a corner and along an edge, a place for each two bars.
    let ways = [(0.0, 0.0), (50.0, 0.0), (100.0, 100.0), (0.0, 100.0), (-100.0, 100.0), (-100.0, -100.0)];
    for (i, (x, y)) in ways.into_iter().enumerate() {
        session.set(&[("Pad X", &format!("{x} %")), ("Pad Y", &format!("{y} %"))])?;
        session.play_to(8.0 * (i + 1) as f64 - 0.5, &[])?;
    }
    session.play_to(8.0 * ways.len() as f64, &[])?;
    let mut sounded = BTreeSet::new();
    for (i, (x, y)) in ways.into_iter().enumerate() {
        let share = |percent: f32| percent / 200.0 + 0.5;
        let clip = &square[cell(share(x), share(y))];
        let from = 8.0 * i as f64;
        ensure!(
            session.plays(&clip.notes, from, 8.0),
            "({x}, {y}): {:?}, but {:?}",
            clip.notes,
            session.onsets(from, from + 8.0)
        );
        sounded.insert(clip.notes.clone());
    }
    session.rest(64)?;
    ensure!(balanced(&session.notes)? == 0 && sounded.len() >= 3, "{} clips", sounded.len());
    Ok(())
}

#[test]
fn awkward_clips_give_a_take_or_none_and_never_harm() -> Result<()> {
    let waltz = Meter { numerator: 3, denominator: 4 };
    let three = Clip { meter: waltz, length: 6 * Q, ..straight() };
    let beat = Clip { length: Q, ..straight() };
    let long: Vec<(i64, u8)> = (0..256).map(|i| (4 * i, if i % 2 == 0 { 36 } else { 38 })).collect();
    let crowd: Vec<(i64, u8)> = (0..127).map(|pitch| (0, pitch)).collect();
    let cut = |mut clip: Clip| {
        clip.normalise();
        clip.notes.retain(|n| n.start < clip.length);
        clip
    };
    for (name, clip, writes) in [
        ("3/4", cut(three), false),
        ("one beat", cut(beat), true),
        ("64 bars", clip(ClipKind::Drums, &long, 64), true),
        ("127 notes at once", clip(ClipKind::Drums, &crowd, 1), true),
        ("empty", clip(ClipKind::Drums, &[], 1), false),
    ] {
        for tool in ["Groove", "Interpolate", "Drumify", "Hats"] {
            let project = Content { other: Some(Arc::new(straight())), ..project(clip.clone()) };
            let entries = made(&project, tool, &[("Variations", "1"), ("Positions", "3")])?;
            if tool == "Groove" {
                ensure!(entries.is_empty() != writes, "{tool}, {name}: {} takes", entries.len());
            }
            for entry in entries {
                let made = &entry.take.clip;
                ensure!(
                    made.length > 0 && made.notes.iter().all(|n| n.start < made.length),
                    "{tool}, {name}"
                );
                ensure!(tool != "Groove" || pitches(made) == pitches(&clip), "{name}: a note is lost");
            }
        }
    }
    Ok(())
}
