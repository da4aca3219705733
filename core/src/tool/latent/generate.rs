//! Generate: a clip from places in the latent space, and clips near one that is liked.
//!
//! Worker thread. A take's first piece lies where its seed says, by the model's prior. Each further piece is a small
//! step aside from the one before ([`WALK`]); of [`CANDIDATES`] such steps the one is taken whose notes follow best
//! ([`seam`]), the last piece being judged by how it leads back to the first as well, since clips go round. Near a
//! place, every piece takes one step of the size that was asked for, in a direction of its own, and all takes are
//! written side by side. Clips that are no whole pieces are cut on a bar line.
use super::hear::{Heard, hear};
use super::seam::seam;
use super::{BAR, Job, Near, Origin, STEP, notes, part};
use crate::codec::encoding::{ChordEncoding, SparseVector};
use crate::model::music_vae::DecodeOptions;
use crate::model::{LatentMusic, ModelError};
use crate::music::{ClipKind, Note, STEPS_PER_QUARTER, Ticks};
use crate::sampling::{Rng, derive};
use crate::tool::harmony::Harmony;
use crate::tool::run::seeds;
use crate::tool::{Cancel, Request, Take, ToolError};
use std::f64::consts::FRAC_PI_2;
use std::sync::Arc;

/// How far the next piece lies, in right angles: neighbours that are still of one kind.
const WALK: f64 = 0.25;

/// Steps aside from which the next piece is chosen.
const CANDIDATES: usize = 4;

/// A place in the latent space, and in that of a personal model; none for a piece in which nothing sounds.
pub(super) type Place = Option<Vec<f32>>;

pub(super) fn run(
    job: &Job<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    job.check_meter(job.request.meter)?;
    let length = BAR * Ticks::from(job.request.bars);
    let mut notices = Vec::new();
    let (request, controls) = controls(job, length, &mut notices)?;
    let seeds = seeds(job.request);
    let writer = Writer { job, length, controls: &controls };
    let (all, origins) = match &job.request.latent.near {
        Near::Anywhere => writer.walk(&seeds, cancel, progress)?,
        Near::Take(origin) => {
            let places = middle(&writer, &mut notices, cancel, progress)?;
            let aside = |&seed: &u32| {
                let moves = origin.moves.iter().copied().chain([(seed, job.request.latent.radius)]);
                Some(Origin { moves: moves.collect(), ..origin.clone() })
            };
            (writer.near(&places, &seeds, cancel, progress)?, seeds.iter().map(aside).collect())
        }
        Near::Primer => {
            let places = middle(&writer, &mut notices, cancel, &mut part(progress, 0.0, 0.2))?;
            let all = writer.near(&places, &seeds, cancel, &mut part(progress, 0.2, 1.0))?;
            (all, vec![None; seeds.len()])
        }
    };
    let shared = Arc::new(request);
    let takes = all.into_iter().zip(&seeds).zip(origins);
    let meter = job.request.meter;
    Ok(takes
        .map(|((notes, &seed), origin)| Take {
            origin,
            ..job.take(notes, (length, meter), seed, &shared, &notices)
        })
        .collect())
}

/// Where the pieces lie that the request stays near.
pub(super) fn middle(
    writer: &Writer<'_>,
    notices: &mut Vec<String>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Place>, ToolError> {
    let job = writer.job;
    match &job.request.latent.near {
        Near::Anywhere => Err(ToolError::BadRequest("there is nothing to stay near".into())),
        Near::Take(origin) => Ok(writer.again(origin)),
        Near::Primer => {
            let clip = job.primer()?;
            let Heard { pieces, notices: unheard } =
                hear(job.params, job.model.name(), &clip, job.pieces(clip.length))?;
            notices.extend(unheard);
            let heard = job.encode(&pieces, writer.controls, cancel, progress)?;
            let place = |k: usize| heard[k % heard.len()].as_ref().map(|p| job.at(&p.mu)).transpose();
            let places = (0..job.pieces(writer.length)).map(place).collect::<Result<_, _>>();
            Ok(places.map_err(ModelError::from)?)
        }
    }
}

/// The triads that the model is told step by step, and the request with the chords that they are.
pub(super) fn controls(
    job: &Job<'_>,
    length: Ticks,
    notices: &mut Vec<String>,
) -> Result<(Request, Vec<SparseVector>), ToolError> {
    if job.params.music != (LatentMusic::Melody { chords: true }) {
        return Ok((job.request.clone(), Vec::new()));
    }
    let harmony = Harmony::new(job.request, ChordEncoding::Triad, STEPS_PER_QUARTER, (0, BAR), 0)?;
    notices.extend(harmony.notices.iter().cloned());
    let rows = triads(&harmony, job.pieces(length) * job.steps())?;
    Ok((Request { chords: Some(harmony.track), ..job.request.clone() }, rows))
}

/// The triad of each of `total` steps as a row of control.
pub(super) fn triads(harmony: &Harmony, total: usize) -> Result<Vec<SparseVector>, ToolError> {
    let last = i64::try_from(total).unwrap_or(i64::MAX);
    let row = |chord| Ok(vec![(u32::try_from(ChordEncoding::Triad.class(chord)?).unwrap_or(0), 1.0)]);
    harmony.heard(0, (0, last), 0, 0)?.into_iter().map(row).collect()
}

/// Decodes places into the pieces of a clip.
pub(super) struct Writer<'a> {
    pub job: &'a Job<'a>,
    pub length: Ticks,
    /// What the model is told step by step.
    pub controls: &'a [SparseVector],
}

/// Notes of each take, and where it lies.
type Written = (Vec<Vec<Note>>, Vec<Option<Origin>>);

impl Writer<'_> {
    /// Takes that walk from where their seeds are.
    fn walk(
        &self,
        seeds: &[u32],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Written, ToolError> {
        let pieces = self.job.pieces(self.length);
        let mut takes: Vec<Vec<Note>> = vec![Vec::new(); seeds.len()];
        let mut origins: Vec<Origin> =
            seeds.iter().map(|&seed| Origin { seed, ..Origin::default() }).collect();
        let mut places: Vec<Vec<f32>> = seeds.iter().map(|&seed| self.job.prior(seed)).collect();
        let mut before: Vec<Vec<Note>> = Vec::new();
        let mut first: Vec<Vec<Note>> = Vec::new();
        for piece in 0..pieces {
            let count = if piece == 0 { 1 } else { CANDIDATES };
            let mut lanes = Vec::new();
            let mut draws = Vec::new();
            for (place, &seed) in places.iter().zip(seeds) {
                for pick in 0..count {
                    lanes.push(if piece == 0 { place.clone() } else { step(place, seed, piece, pick) });
                    draws.push(draw(seed, piece, pick));
                }
            }
            let share = |piece: usize| piece as f32 / pieces as f32;
            let mut told = part(progress, share(piece), share(piece + 1));
            let mut written = self.decode(&lanes, &draws, &vec![piece; lanes.len()], cancel, &mut told)?;
            let mut latest = Vec::new();
            for take in 0..seeds.len() {
                let own = &mut written[take * count..][..count];
                let cost = |notes: &[Note]| {
                    let last = piece + 1 == pieces;
                    let round = if last { self.seam(notes, &first[take], piece) } else { 0.0 };
                    self.seam(&before[take], notes, piece - 1) + round
                };
                let costs: Vec<f32> =
                    if piece == 0 { vec![0.0] } else { own.iter().map(|n| cost(n)).collect() };
                let pick = (0..count).min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap_or(0);
                let chosen = std::mem::take(&mut own[pick]);
                places[take].clone_from(&lanes[take * count + pick]);
                origins[take].picks.push(u8::try_from(pick).unwrap_or(0));
                takes[take].extend(self.moved(&chosen, piece));
                latest.push(chosen);
            }
            if piece == 0 {
                first.clone_from(&latest);
            }
            before = latest;
        }
        Ok((takes, origins.into_iter().map(Some).collect()))
    }

    /// Where the pieces of a take lie.
    fn again(&self, origin: &Origin) -> Vec<Place> {
        let mut place = self.job.prior(origin.seed);
        let mut places = vec![Some(place.clone())];
        for piece in 1..self.job.pieces(self.length) {
            let pick = origin.picks.get(piece).copied().unwrap_or(0);
            place = step(&place, origin.seed, piece, usize::from(pick));
            places.push(Some(place.clone()));
        }
        for &(seed, radius) in &origin.moves {
            places = (0..).zip(&places).map(|(piece, place)| aside(place, seed, piece, radius)).collect();
        }
        places
    }

    /// Takes a step aside from `places`.
    fn near(
        &self,
        places: &[Place],
        seeds: &[u32],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Vec<Note>>, ToolError> {
        let radius = self.job.request.latent.radius;
        let (mut lanes, mut draws, mut pieces, mut owners) = (vec![], vec![], vec![], vec![]);
        for (take, &seed) in seeds.iter().enumerate() {
            for (piece, place) in places.iter().enumerate() {
                let Some(place) = aside(place, seed, piece, radius) else { continue };
                lanes.push(place);
                draws.push(draw(seed, piece, 0));
                pieces.push(piece);
                owners.push(take);
            }
        }
        let written = self.decode(&lanes, &draws, &pieces, cancel, progress)?;
        let mut takes = vec![Vec::new(); seeds.len()];
        for ((notes, take), piece) in written.iter().zip(owners).zip(pieces) {
            takes[take].extend(self.moved(notes, piece));
        }
        Ok(takes)
    }

    /// Notes of pieces at these places, each counted from its own start.
    pub fn decode(
        &self,
        places: &[Vec<f32>],
        seeds: &[u32],
        pieces: &[usize],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Vec<Note>>, ToolError> {
        let job = self.job;
        let ends: Vec<Ticks> = pieces.iter().map(|&piece| self.end(piece)).collect();
        let longest = ends.iter().max().copied().unwrap_or(0) / STEP;
        let told = pieces.iter().map(|&piece| job.control(self.controls, piece));
        let controls: Vec<&[SparseVector]> = if self.controls.is_empty() { vec![] } else { told.collect() };
        let options = DecodeOptions {
            temperature: job.request.temperature,
            seeds,
            controls: &controls,
            length: usize::try_from(longest).unwrap_or(0),
        };
        let z = places.iter().map(|place| job.vector(place)).collect::<Result<Vec<_>, _>>();
        let written = job.vae.decode(&z.map_err(ModelError::from)?, &options, cancel, progress)?;
        written.iter().zip(ends).map(|(steps, end)| notes::notes(job.params, steps, 0, end)).collect()
    }

    /// End of a piece, counted from its start: the last one ends with the clip.
    fn end(&self, piece: usize) -> Ticks {
        let start = self.job.first_step(piece) * STEP;
        (self.length - start).min(self.job.steps() as Ticks * STEP)
    }

    /// Notes of a piece, counted from the clip's start.
    pub fn moved<'n>(&self, notes: &'n [Note], piece: usize) -> impl Iterator<Item = Note> + use<'n> {
        let (start, end) = (self.job.first_step(piece) * STEP, self.end(piece));
        let inside = notes.iter().filter(move |n| n.start < end);
        inside.map(move |n| Note { start: n.start + start, ..*n })
    }

    fn seam(&self, left: &[Note], right: &[Note], left_piece: usize) -> f32 {
        seam(left, right, self.end(left_piece), self.job.model.kind() == ClipKind::Drums)
    }
}

/// The seed of a piece's draws; of the first piece the take's own.
pub(super) fn draw(seed: u32, piece: usize, pick: usize) -> u32 {
    derive(seed, u32::try_from(piece * CANDIDATES + pick).unwrap_or(0))
}

/// A candidate for piece `piece` of a walk, from the piece before.
fn step(place: &[f32], seed: u32, piece: usize, pick: usize) -> Vec<f32> {
    turn(place, seed, 1 + (piece * CANDIDATES + pick) as u64, WALK)
}

/// A step aside from a piece's place.
fn aside(place: &Place, seed: u32, piece: usize, radius: f32) -> Place {
    // Far from the numbers that a walk uses.
    place.as_ref().map(|place| turn(place, seed, (1 << 32) + piece as u64, f64::from(radius)))
}

/// A vector `angle` right angles from `place` towards a random direction; at a right angle it is a draw of the prior, in
/// between it has the prior's spread too.
fn turn(place: &[f32], seed: u32, number: u64, angle: f64) -> Vec<f32> {
    let rng = Rng::new(seed);
    let (across, along) = sine_and_cosine(angle * FRAC_PI_2);
    let draw = |i: usize| rng.normal(u64::MAX - number, i as u64);
    let mixed = |(i, &x): (usize, &f32)| along.mul_add(f64::from(x), across * draw(i)) as f32;
    place.iter().enumerate().map(mixed).collect()
}

/// Of an angle from 0 to π/2, by its series: every CPU gives the same bits.
pub(super) fn sine_and_cosine(angle: f64) -> (f64, f64) {
    let square = angle * angle;
    let series = |first: f64, from: i32| {
        let (mut term, mut sum) = (first, first);
        for n in 0..10 {
            let k = f64::from(from + 2 * n);
            term *= -square / (k * (k + 1.0));
            sum += term;
        }
        sum
    };
    (series(angle, 2), series(1.0, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_those_of_the_library() {
        for i in 0..=100 {
            let angle = FRAC_PI_2 * f64::from(i) / 100.0;
            let (sine, cosine) = sine_and_cosine(angle);
            assert!((sine - angle.sin()).abs() < 1e-12 && (cosine - angle.cos()).abs() < 1e-12, "{angle}");
        }
    }

    #[test]
    fn a_step_of_no_size_stays_and_others_keep_the_spread() {
        let place: Vec<f32> = (0..4000).map(|i| Rng::new(1).normal(0, i) as f32).collect();
        assert_eq!(turn(&place, 5, 3, 0.0), place);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>() / 4000.0;
        for (angle, cosine) in [(0.25, 0.924), (0.5, 0.707), (1.0, 0.0)] {
            let there = turn(&place, 5, 3, angle);
            assert!((dot(&there, &there) - 1.0).abs() < 0.1, "{angle}");
            assert!((dot(&there, &place) - cosine).abs() < 0.06, "{angle}: {}", dot(&there, &place));
        }
        assert_ne!(turn(&place, 5, 3, 0.5), turn(&place, 5, 4, 0.5));
        assert_ne!(turn(&place, 5, 3, 0.5), turn(&place, 6, 3, 0.5));
    }
}
