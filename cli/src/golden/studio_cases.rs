//! `studio_cases.json`: the tools of Magenta Studio on clips, with the checkpoints of Magenta.js.
use super::c_forward::{count, list, number};
use super::js_cases::continuation;
use super::js_model::JsVae;
use super::js_music::compare;
use super::{Outcome, Report};
use anyhow::{Context, Result, bail, ensure};
use descant_core::model::import::JsArgs;
use descant_core::model::music_vae::{Blend, path};
use descant_core::music::{NoteSequence, Quantised, SequenceNote, TempoMark};
use serde_json::Value;
use std::path::Path;

/// A beat is a second.
const QPM: f64 = 60.0;
/// Steps of a second.
const STEPS: f64 = 4.0;
/// Velocity of notes without one.
const VELOCITY: u8 = 100;
/// Steps that Groove and Drumify take at once, and Interpolate at most.
const MOST: usize = 64;

/// Runs all cases.
pub fn run(doc: &Value, report: &mut Report) {
    let folder = report.folder().to_owned();
    for case in doc["cases"].as_array().into_iter().flatten() {
        let id = format!("{} {}", case["tool"].as_str().unwrap_or("?"), case["name"].as_str().unwrap_or("?"));
        let outcome = match tool(case, &folder) {
            Ok(worst) => Outcome::Ok(worst),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        report.case(&id, outcome);
    }
}

/// The largest difference.
fn tool(case: &Value, folder: &Path) -> Result<f64> {
    let folder = folder.join(case["checkpoint"].as_str().context("no checkpoint")?);
    let clips: Vec<NoteSequence> = list(&case["clips"])?.iter().map(clip).collect::<Result<_>>()?;
    let first = clips.first().context("no clip")?;
    let made = match case["tool"].as_str() {
        Some("groove") => vec![by_chunks(first, &folder, |args| args.humanize = Some(true))?],
        Some("drumify") => {
            vec![by_chunks(first, &folder, |args| {
                args.humanize = None;
                args.tapify = Some(true);
            })?]
        }
        Some("interpolate") => {
            let second = clips.get(1).context("one clip")?;
            interpolated(first, second, count(&case["options"]["steps"])?, &folder)?
        }
        Some("continue") => vec![continued(first, count(&case["options"]["length_bars"])?, &folder)?],
        other => bail!("unknown tool {other:?}"),
    };
    let expected = list(&case["expect"])?;
    ensure!(made.len() == expected.len(), "{} clips, not {}", made.len(), expected.len());
    let mut worst = 0.0_f64;
    for (ours, expected) in made.iter().zip(expected) {
        worst = worst.max(compare(ours, expected, 4)?);
    }
    Ok(worst)
}

/// A clip of notes `[pitch, start, length, velocity?, muted?]` in beats.
fn clip(doc: &Value) -> Result<NoteSequence> {
    let mut notes = Vec::new();
    for note in list(&doc["notes"])?.iter().filter(|note| note[4] != true && note[4] != 1) {
        let start_time = number(&note[1])?;
        notes.push(SequenceNote {
            pitch: u8::try_from(count(&note[0])?)?,
            velocity: note[3].as_u64().map_or(Ok(VELOCITY), u8::try_from)?,
            start_time,
            end_time: start_time + number(&note[2])?,
            ..SequenceNote::default()
        });
    }
    let tempos = vec![TempoMark { time: 0.0, qpm: QPM }];
    Ok(NoteSequence { notes, tempos, total_time: number(&doc["duration"])?, ..NoteSequence::default() })
}

fn loud(mut music: NoteSequence) -> NoteSequence {
    music.notes.iter_mut().for_each(|note| note.velocity = VELOCITY);
    music
}

/// Four bars at a time, each by the model of its length.
fn by_chunks(clip: &NoteSequence, folder: &Path, change: impl Fn(&mut JsArgs)) -> Result<NoteSequence> {
    let q = Quantised::relative(clip, 4)?;
    let total = usize::try_from(q.total_steps)?;
    let mut all = NoteSequence { tempos: clip.tempos.clone(), ..NoteSequence::default() };
    for from in (0..total).step_by(MOST) {
        let to = (from + MOST).min(total);
        let begin = from as f64 / STEPS;
        let inside = clip.notes.iter().zip(&q.notes).filter(|(_, on_grid)| {
            usize::try_from(on_grid.start_step).is_ok_and(|step| (from..to).contains(&step))
        });
        let moved = |(note, _): (&SequenceNote, _)| SequenceNote {
            start_time: note.start_time - begin,
            end_time: note.end_time - begin,
            ..*note
        };
        let chunk = NoteSequence {
            notes: inside.map(moved).collect(),
            total_time: (to - from) as f64 / STEPS,
            ..all_but_notes(clip)
        };
        let model = JsVae::load(folder, |args| {
            change(args);
            args.num_steps = Some((to - from).next_multiple_of(16));
        })?;
        append(&mut all, model.decode(&model.encode(&chunk, &[])?, &[], QPM)?);
    }
    Ok(all)
}

fn all_but_notes(clip: &NoteSequence) -> NoteSequence {
    NoteSequence { notes: Vec::new(), ..clip.clone() }
}

/// Puts music behind other music.
fn append(all: &mut NoteSequence, more: NoteSequence) {
    let begin = all.total_time;
    all.notes.extend(more.notes.into_iter().map(|note| SequenceNote {
        start_time: note.start_time + begin,
        end_time: note.end_time + begin,
        ..note
    }));
    all.total_time += more.total_time;
}

/// Clips from one to the other.
fn interpolated(
    a: &NoteSequence,
    b: &NoteSequence,
    steps: usize,
    folder: &Path,
) -> Result<Vec<NoteSequence>> {
    let model = JsVae::load(folder, |args| args.num_steps = Some(MOST))?;
    let [on_a, on_b] = [Quantised::relative(a, 4)?, Quantised::relative(b, 4)?];
    let length = on_a.total_steps.min(on_b.total_steps).min(i64::try_from(MOST)?);
    let vector = |clip: &NoteSequence, q: &Quantised| {
        // A note that ends where the music is cut is lost.
        let kept = clip.notes.iter().zip(&q.notes).filter(|(_, on_grid)| on_grid.end_step < length);
        let notes = kept.map(|(note, _)| *note).collect();
        model.encode(&NoteSequence { notes, ..all_but_notes(clip) }, &[])
    };
    let (from, to) = (vector(a, &on_a)?, vector(b, &on_b)?);
    let decode = |z: &Vec<f32>| {
        let total_time = length as f64 / STEPS;
        Ok(NoteSequence { total_time, ..loud(model.decode(z, &[], QPM)?) })
    };
    path(&from, &to, steps, Blend::Line).iter().map(decode).collect()
}

/// A clip and more of it.
fn continued(clip: &NoteSequence, bars: usize, folder: &Path) -> Result<NoteSequence> {
    let (_, more) = continuation(folder, clip, 16 * bars)?;
    let mut all = clip.clone();
    append(&mut all, more);
    Ok(loud(all))
}
