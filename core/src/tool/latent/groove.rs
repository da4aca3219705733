//! Groove: a clip as a drummer would play it, its notes a little early or late, louder and softer.
//!
//! Worker thread. Drums are heard hit by hit; the model says when and how hard each is struck, told which hits there
//! are (or deciding that itself). Timing and dynamics are blended into the clip separately: at 0 % a note stays to the
//! tick, above 100 % the difference grows, and no note leaves its half of the steps beside it. Notes of one drum on one
//! step move together. Sounds that the model does not have stay as they are. For melodies see [`feel`](super::feel).
use super::hear::{Cells, Heard, hear, kit};
use super::notes::{Touch, loudness, touch};
use super::{Job, STEP, feel, part};
use crate::codec::encoding::SparseVector;
use crate::model::music_vae::{DecodeOptions, Posterior, Steps};
use crate::music::{ClipKind, Note, Ticks};
use crate::sampling::derive;
use crate::tool::run::seeds;
use crate::tool::{Cancel, Take, ToolError};

pub(super) fn run(
    job: &Job<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let clip = job.primer()?;
    if clip.kind == ClipKind::Melody {
        return feel::run(job, &clip, cancel, progress);
    }
    let kit = kit(job.params);
    let total = job.pieces(clip.length) * job.steps();
    let cells = Cells::of(&clip, total, |pitch| kit.class(pitch))?;
    let heard = hear(job.params, job.model.name(), &clip, job.pieces(clip.length))?;
    let keep = job.request.latent.keep_hits;
    let given = |step: usize, drum: usize| keep.then(|| cells.main[step][drum].is_some());
    let seeds = seeds(job.request);
    let played = Played::play(job, &heard, &controls(job, &cells), &given, &seeds, (cancel, progress))?;
    let shared = job.shared();
    let takes = seeds.iter().enumerate().map(|(take, &seed)| {
        let mut notes = Vec::new();
        let mut before = Vec::new();
        for (note, &(step, drum)) in clip.notes.iter().zip(&cells.places) {
            let main = drum.and_then(|drum| Some((drum, clip.notes[cells.main[step][drum]?])));
            let Some((drum, main)) = main else {
                notes.push(*note);
                before.push(*note);
                continue;
            };
            let touch = played.touch(take, step, drum);
            if touch.hit {
                notes.push(blended(job, *note, main, step, touch));
                before.push(*note);
            }
        }
        untangle(&before, &mut notes);
        if !keep {
            let free = |step: usize, drum: usize| cells.main[step][drum].is_none();
            notes.extend(played.new_notes(take, clip.length, free));
        }
        job.take(notes, (clip.length, clip.meter), seed, &shared, &heard.notices)
    });
    Ok(takes.collect())
}

/// The hits, for a model that is told them besides.
pub(super) fn controls(job: &Job<'_>, cells: &Cells) -> Vec<SparseVector> {
    if job.params.control() == 0 {
        return Vec::new();
    }
    let row = |set: &crate::codec::PitchSet| set.iter().map(|drum| (u32::from(drum), 1.0)).collect();
    cells.sets.iter().map(row).collect()
}

/// A note of a clip with as much of the model's touch as was asked for. `main` is the loudest note of its drum and step,
/// which the model heard.
pub(super) fn blended(job: &Job<'_>, note: Note, main: Note, step: usize, to: Touch) -> Note {
    let grid = i64::try_from(step).unwrap_or(0) * STEP;
    let latent = &job.request.latent;
    let late = note.start - grid;
    let change = (f64::from(latent.timing) * (to.late - (main.start - grid)) as f64).round() as Ticks;
    // What lies further away was put there by hand.
    let late = (late + change).clamp(late.min(-STEP / 2), late.max(STEP / 2));
    let louder = latent.dynamics * (to.velocity - f32::from(main.velocity));
    Note { start: grid + late, velocity: loudness(f32::from(note.velocity) + louder), ..note }
}

/// Ends notes before the next of their pitch begins, where they did so `before` they were moved.
pub(super) fn untangle(before: &[Note], notes: &mut [Note]) {
    let mut order: Vec<usize> = (0..before.len()).collect();
    order.sort_by_key(|&i| (before[i].pitch, before[i].start));
    for pair in order.windows(2) {
        let (this, next) = (pair[0], pair[1]);
        let alike = before[this].pitch == before[next].pitch;
        if alike && before[this].end() <= before[next].start {
            let room = notes[next].start - notes[this].start;
            notes[this].length = notes[this].length.min(room.max(1));
        }
    }
}

/// What the model played for each take.
pub(super) struct Played<'a> {
    job: &'a Job<'a>,
    /// For each take its pieces; none where nothing sounded.
    pieces: Vec<Vec<Option<Steps>>>,
}

impl<'a> Played<'a> {
    /// Plays what was heard, once for each seed: without temperature the most likely way, else a way drawn from those
    /// that the model finds fitting. `given(step, drum)` says whether a drum is struck, if that is known.
    pub fn play(
        job: &'a Job<'a>,
        heard: &Heard,
        controls: &[SparseVector],
        given: &dyn Fn(usize, usize) -> Option<bool>,
        seeds: &[u32],
        (cancel, progress): (&Cancel, &mut dyn FnMut(f32)),
    ) -> Result<Self, ToolError> {
        let found = job.encode(&heard.pieces, controls, cancel, &mut part(progress, 0.0, 0.4))?;
        let temperature = job.request.temperature;
        let (mut lanes, mut z, mut draws, mut told) = (vec![], vec![], vec![], vec![]);
        for (take, &seed) in seeds.iter().enumerate() {
            for (piece, place) in found.iter().enumerate() {
                let Some(place) = place else { continue };
                let draw = derive(seed, u32::try_from(piece).unwrap_or(0));
                lanes.push((take, piece));
                z.push(drawn(place, draw, temperature));
                draws.push(draw);
                if !controls.is_empty() {
                    told.push(job.control(controls, piece));
                }
            }
        }
        let options = DecodeOptions { temperature, seeds: &draws, controls: &told, length: job.steps() };
        let hit = |lane: usize, step: usize, drum: usize| {
            lanes.get(lane).and_then(|&(_, piece): &(usize, usize)| given(piece * job.steps() + step, drum))
        };
        let mut told = part(progress, 0.4, 1.0);
        let written = job.vae.decode_hits(&z, &options, &hit, cancel, &mut told)?;
        let mut pieces = vec![vec![None; found.len()]; seeds.len()];
        for (steps, (take, piece)) in written.into_iter().zip(lanes.iter().copied()) {
            pieces[take][piece] = Some(steps);
        }
        Ok(Self { job, pieces })
    }

    /// What a take's drummer does with a drum on a step of the clip.
    pub fn touch(&self, take: usize, step: usize, drum: usize) -> Touch {
        let piece = self.pieces.get(take).and_then(|pieces| pieces.get(step / self.job.steps())?.as_ref());
        piece.map_or_else(Touch::default, |piece| touch(piece, step % self.job.steps(), drum))
    }

    /// Pitches and velocities of a take's hits on a step.
    pub fn hits(&self, take: usize, step: usize) -> impl Iterator<Item = (u8, u8)> {
        let kit = kit(self.job.params);
        (0..9).filter_map(move |drum| {
            let touch = self.touch(take, step, usize::from(drum));
            let pitch = kit.pitch(drum).filter(|_| touch.hit)?;
            Some((pitch, loudness(touch.velocity)))
        })
    }

    /// Hits of a take on those steps and drums that are `free`, within a clip of `length` ticks, with as much of the
    /// model's timing as was asked for.
    pub fn new_notes(&self, take: usize, length: Ticks, free: impl Fn(usize, usize) -> bool) -> Vec<Note> {
        let kit = kit(self.job.params);
        let timing = f64::from(self.job.request.latent.timing);
        let mut notes = Vec::new();
        let last = usize::try_from((length + STEP - 1) / STEP).unwrap_or(0);
        for step in 0..last {
            let grid = i64::try_from(step).unwrap_or(0) * STEP;
            for drum in (0..9).filter(|&drum| free(step, drum)) {
                let touch = self.touch(take, step, drum);
                let pitch = u8::try_from(drum).ok().and_then(|drum| kit.pitch(drum));
                let (true, Some(pitch)) = (touch.hit, pitch) else { continue };
                let late = (timing * touch.late as f64).round() as Ticks;
                let start = grid + late.clamp(-STEP / 2, STEP / 2);
                let length = STEP.min(length - start).max(1);
                notes.push(Note { start, pitch, length, velocity: loudness(touch.velocity) });
            }
        }
        notes
    }
}

/// The mean, or with temperature a vector around it.
fn drawn(place: &Posterior, seed: u32, temperature: f32) -> Vec<f32> {
    let sample = place.sample(seed);
    place.mu.iter().zip(sample).map(|(&mu, x)| temperature.mul_add(x - mu, mu)).collect()
}
