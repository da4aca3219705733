//! Interpolate: what lies between two clips, or in the square between four.
//!
//! Worker thread. Clips are heard piece by piece, a shorter one followed by silence; the means of their pieces are mixed
//! on the great circle, and all positions are decoded in one batch with the same draws, so that only the place makes
//! them different. The ends are the ends' reconstructions. Where a piece sounds in some of the clips only, the nearest
//! clip decides: its own piece, or silence. A take is as long as the longest clip in whole bars.
use super::generate::triads;
use super::hear::hear;
use super::{BAR, Job, STEP, notes, part};
use crate::codec::encoding::{ChordEncoding, SparseVector};
use crate::model::music_vae::{DecodeOptions, Posterior, slerp};
use crate::model::{LatentMusic, Model};
use crate::music::{Clip, Meter, Note, STEPS_PER_QUARTER, Ticks};
use crate::sampling::derive;
use crate::tool::harmony::Harmony;
use crate::tool::{Cancel, Request, Take, ToolError, ToolKind};

/// Most positions of a morph: of the longest clips they are 2048 pieces side by side.
const MAX_MORPH: usize = 64;

/// Across and down, 0..=1 each.
type Position = (f64, f64);

pub(super) fn run(
    job: &Job<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let space = Space::open(job, cancel, &mut part(progress, 0.0, 0.3))?;
    let steps = job.request.latent.steps;
    let share = |i: u32| if steps > 1 { f64::from(i) / f64::from(steps - 1) } else { 0.0 };
    let rows = if space.corners.len() > 2 { steps } else { 1 };
    let positions: Vec<Position> =
        (0..rows).flat_map(|y| (0..steps).map(move |x| (share(x), share(y)))).collect();
    let mut all = space.notes(&positions, cancel, &mut part(progress, 0.3, 1.0))?;
    let mut length = space.length;
    if job.request.latent.bake {
        let moved = |(i, notes): (Ticks, Vec<Note>)| {
            notes.into_iter().map(move |n| Note { start: n.start + i * space.length, ..n })
        };
        length *= Ticks::try_from(all.len()).unwrap_or(1);
        all = vec![(0..).zip(all).flat_map(moved).collect()];
    }
    let shared = job.shared();
    let seed = job.request.seed;
    let take = |notes| job.take(notes, (length, space.meter), seed, &shared, &space.notices);
    Ok(all.into_iter().map(take).collect())
}

/// The clips at `positions` between the request's primer (0) and its other clip (1), decoded in one batch: what a morph
/// plays. The first and the last are the two clips' reconstructions.
///
/// # Errors
/// [`ToolError`], worded for a musician; more than 64 positions, or some outside 0..=1.
pub fn decode_positions(
    model: &Model,
    request: &Request,
    positions: &[f32],
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Clip>, ToolError> {
    let request = Request { tool: ToolKind::Interpolate, ..request.clone() };
    crate::tool::run::check(&request)?;
    if !positions.iter().all(|p| (0.0..=1.0).contains(p)) || positions.len() > MAX_MORPH {
        let range = format!("up to {MAX_MORPH} positions from 0 to 1 can be decoded at once");
        return Err(ToolError::BadRequest(range));
    }
    let job = Job::new(model, &request)?;
    let space = Space::open(&job, cancel, &mut part(progress, 0.0, 0.3))?;
    let positions: Vec<Position> = positions.iter().map(|&p| (f64::from(p), 0.0)).collect();
    let all = space.notes(&positions, cancel, &mut part(progress, 0.3, 1.0))?;
    Ok(all.into_iter().map(|notes| job.clip(notes, space.length, space.meter)).collect())
}

/// The clips and where they lie.
struct Space<'a> {
    job: &'a Job<'a>,
    /// For each clip where its pieces lie; none for those in which nothing sounds.
    corners: Vec<Vec<Option<Posterior>>>,
    controls: Vec<SparseVector>,
    length: Ticks,
    meter: Meter,
    notices: Vec<String>,
}

impl<'a> Space<'a> {
    fn open(job: &'a Job<'a>, cancel: &Cancel, progress: &mut dyn FnMut(f32)) -> Result<Self, ToolError> {
        let mut clips = vec![job.primer()?];
        clips.extend(job.request.latent.others.iter().cloned());
        if clips.len() < 2 {
            return Err(ToolError::BadRequest("interpolation needs a second clip: choose one".into()));
        }
        for clip in &mut clips {
            clip.normalise();
            job.audible(clip)?;
            if clip.notes.is_empty() {
                return Err(ToolError::BadRequest("one of the clips has no notes".into()));
            }
        }
        let bars = clips.iter().map(Clip::bars).max().unwrap_or(1).max(1);
        let length = BAR * Ticks::from(bars);
        let longest = clips.iter().map(whole_bars).max().unwrap_or(length);
        clips.iter_mut().for_each(|clip| go_round(clip, longest));
        let pieces = job.pieces(length);
        let mut notices: Vec<String> = Vec::new();
        let controls = controls(job, pieces * job.steps(), &mut notices)?;
        let mut heard = Vec::new();
        for clip in &clips {
            let one = hear(job.params, job.model.name(), clip, pieces)?;
            heard.extend(one.pieces);
            let new: Vec<String> = one.notices.into_iter().filter(|n| !notices.contains(n)).collect();
            notices.extend(new);
        }
        // All clips follow the same chords.
        let told: Vec<SparseVector> = clips.iter().flat_map(|_| controls.iter().cloned()).collect();
        let found = job.encode(&heard, &told, cancel, progress)?;
        let corners = found.chunks(pieces.max(1)).map(<[_]>::to_vec).collect();
        Ok(Self { job, corners, controls, length, meter: clips[0].meter, notices })
    }

    /// The place of a piece at a position.
    fn place(&self, piece: usize, (x, y): Position) -> Option<Vec<f32>> {
        let mean = |corner: usize| self.corners.get(corner)?.get(piece)?.as_ref().map(|p| p.mu.as_slice());
        if self.corners.len() < 4 {
            return match (mean(0), mean(1)) {
                (Some(a), Some(b)) => Some(slerp(a, b, x)),
                (a, b) => if x <= 0.5 { a } else { b }.map(<[_]>::to_vec),
            };
        }
        match (mean(0), mean(1), mean(2), mean(3)) {
            (Some(a), Some(b), Some(c), Some(d)) => Some(slerp(&slerp(a, b, x), &slerp(c, d, x), y)),
            _ => mean(usize::from(x > 0.5) + 2 * usize::from(y > 0.5)).map(<[_]>::to_vec),
        }
    }

    /// The notes at each position.
    fn notes(
        &self,
        positions: &[Position],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Vec<Note>>, ToolError> {
        let job = self.job;
        let pieces = job.pieces(self.length);
        let (mut lanes, mut z, mut seeds, mut told) = (vec![], vec![], vec![], vec![]);
        for (index, &position) in positions.iter().enumerate() {
            for piece in 0..pieces {
                let Some(place) = self.place(piece, position) else { continue };
                lanes.push((index, piece));
                z.push(place);
                seeds.push(derive(job.request.seed, u32::try_from(piece).unwrap_or(0)));
                if !self.controls.is_empty() {
                    told.push(job.control(&self.controls, piece));
                }
            }
        }
        let options = DecodeOptions {
            temperature: job.request.temperature,
            seeds: &seeds,
            controls: &told,
            length: job.steps(),
        };
        let written = job.vae.decode(&z, &options, cancel, progress)?;
        let mut all = vec![Vec::new(); positions.len()];
        for (steps, (index, piece)) in written.iter().zip(lanes) {
            let first = job.first_step(piece);
            let end = self.length.min((first + i64::try_from(job.steps()).unwrap_or(0)) * STEP);
            all[index].extend(notes::notes(job.params, steps, first, end)?);
        }
        Ok(all)
    }
}

fn whole_bars(clip: &Clip) -> Ticks {
    clip.meter.bar_ticks() * Ticks::from(clip.bars().max(1))
}

/// Repeats a clip up to a length, as a timeline repeats clips: between a clip and a longer one there is no silence.
fn go_round(clip: &mut Clip, length: Ticks) {
    let once = whole_bars(clip);
    let notes = clip.notes.clone();
    for from in (1..).map(|n| n * once).take_while(|from| *from < length) {
        let again = notes.iter().map(|n| Note { start: n.start + from, ..*n });
        clip.notes.extend(again.filter(|n| n.start < length));
    }
    clip.length = clip.length.max(length);
}

/// What a model that follows chords is told: those of the request, or none.
fn controls(job: &Job<'_>, total: usize, notices: &mut Vec<String>) -> Result<Vec<SparseVector>, ToolError> {
    if job.params.music != (LatentMusic::Melody { chords: true }) {
        return Ok(Vec::new());
    }
    if job.request.chords.as_ref().is_none_or(|track| track.chords.is_empty()) {
        notices.push("no chords were given: the model heard none".into());
        return Ok(vec![vec![(0, 1.0)]; total]);
    }
    let harmony = Harmony::new(job.request, ChordEncoding::Triad, STEPS_PER_QUARTER, (0, BAR), 0)?;
    triads(&harmony, total)
}
