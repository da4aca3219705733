//! A square of clips around a take, for a pad: left and right, up and down are two directions of the latent space.
//!
//! Worker thread. The directions are drawn by a seed, at right angles to each other and to where the take lies; a place
//! of the square is a turn towards them, so that its vector is as long as the take's and stays where the model knows
//! music. The middle is the take, note by note; all places are decoded in one batch with the take's own draws, so that
//! only the place makes them different.
use super::generate::{Writer, controls, draw};
use super::{BAR, Job, Near, generate, part};
use crate::model::Model;
use crate::music::{Clip, Ticks};
use crate::sampling::Rng;
use crate::tool::{Cancel, Request, ToolError};

/// Places along a side: an odd number, so that one is the middle.
pub const SQUARE_SIDE: usize = 9;

/// How far the middle of an edge is from the middle of the square, in right angles.
const REACH: f64 = 0.6;

/// The clips of the square around the take that `request` stays near ([`Take::more_like_this`](crate::tool::Take)),
/// row by row from the lowest, each from left to right. The request's seed decides the directions.
///
/// # Errors
/// [`ToolError`], worded for a musician.
pub fn decode_square(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Clip>, ToolError> {
    crate::tool::run::check(request)?;
    // A clip that the model only hears is given back as it hears it.
    let drawn = if let Near::Take(origin) = &request.latent.near { Some(origin) } else { None };
    let temperature = if drawn.is_some() { request.temperature } else { 0.0 };
    let request = Request { temperature, ..request.clone() };
    let job = Job::new(model, &request)?;
    job.check_meter(request.meter)?;
    let length = BAR * Ticks::from(request.bars);
    let (_, controls) = controls(&job, length, &mut Vec::new())?;
    let writer = Writer { job: &job, length, controls: &controls };
    let middle = generate::middle(&writer, &mut Vec::new(), cancel, &mut part(progress, 0.0, 0.1))?;
    let seed = |piece: usize| match drawn {
        Some(origin) => match origin.moves.last() {
            Some(&(seed, _)) => draw(seed, piece, 0),
            None => draw(origin.seed, piece, origin.picks.get(piece).copied().unwrap_or(0).into()),
        },
        None => 0,
    };
    let (mut lanes, mut draws, mut pieces, mut owners) = (vec![], vec![], vec![], vec![]);
    for (piece, place) in middle.iter().enumerate() {
        let Some(place) = place else { continue };
        let around = Around::new(place, job.params.z, request.seed);
        for cell in 0..SQUARE_SIDE * SQUARE_SIDE {
            lanes.push(around.at(share(cell % SQUARE_SIDE), share(cell / SQUARE_SIDE)));
            draws.push(seed(piece));
            pieces.push(piece);
            owners.push(cell);
        }
    }
    let written = writer.decode(&lanes, &draws, &pieces, cancel, &mut part(progress, 0.1, 1.0))?;
    let mut all = vec![Vec::new(); SQUARE_SIDE * SQUARE_SIDE];
    for ((notes, cell), piece) in written.iter().zip(owners).zip(pieces) {
        all[cell].extend(writer.moved(notes, piece));
    }
    Ok(all.into_iter().map(|notes| job.clip(notes, length, request.meter)).collect())
}

/// Where the `i`-th place of a side lies, −1..=1.
fn share(i: usize) -> f64 {
    2.0 * i as f64 / (SQUARE_SIDE - 1) as f64 - 1.0
}

/// The square around a place: of the vector, and of that of the small space behind it.
struct Around {
    parts: Vec<Plane>,
}

/// A vector, and two that are as long, at right angles to it and to each other.
struct Plane {
    middle: Vec<f64>,
    across: Vec<f64>,
    up: Vec<f64>,
}

impl Around {
    fn new(place: &[f32], z: usize, seed: u32) -> Self {
        let (vector, rest) = place.split_at(z.min(place.len()));
        Self { parts: vec![Plane::new(vector, seed, 0), Plane::new(rest, seed, z)] }
    }

    fn at(&self, x: f64, y: f64) -> Vec<f32> {
        self.parts.iter().flat_map(|plane| plane.at(x, y)).collect()
    }
}

impl Plane {
    /// `first`: number of the first draw.
    fn new(middle: &[f32], seed: u32, first: usize) -> Self {
        let middle: Vec<f64> = middle.iter().map(|&x| f64::from(x)).collect();
        let rng = Rng::new(seed);
        // Far from the numbers that a walk and its steps aside use.
        let direction = |number: u64, others: &[&Vec<f64>]| {
            let draw = |i| rng.normal((1 << 40) + number, (first + i) as u64);
            let mut direction: Vec<f64> = (0..middle.len()).map(draw).collect();
            for other in others {
                let share = dot(&direction, other) / dot(other, other).max(f64::MIN_POSITIVE);
                direction.iter_mut().zip(*other).for_each(|(d, o)| *d -= share * o);
            }
            let size = (dot(&middle, &middle) / dot(&direction, &direction).max(f64::MIN_POSITIVE)).sqrt();
            direction.iter_mut().for_each(|d| *d *= size);
            direction
        };
        let across = direction(0, &[&middle]);
        let up = direction(1, &[&middle, &across]);
        Self { middle, across, up }
    }

    fn at(&self, x: f64, y: f64) -> Vec<f32> {
        let far = x.mul_add(x, y * y).sqrt();
        let (aside, along) = generate::sine_and_cosine(REACH * far * std::f64::consts::FRAC_PI_2);
        let (x, y) = if far > 0.0 { (x / far, y / far) } else { (0.0, 0.0) };
        let mixed = |i: usize| along * self.middle[i] + aside * (x * self.across[i] + y * self.up[i]);
        (0..self.middle.len()).map(|i| mixed(i) as f32).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{played, takes};
    use super::*;
    use crate::model::testing;
    use crate::music::ClipKind;
    use crate::tool::{Take, ToolKind};

    fn square(model: &Model, take: &Take, seed: u32) -> Vec<Clip> {
        let request = Request { seed, ..take.more_like_this(0.0) };
        decode_square(model, &request, &Cancel::default(), &mut |_| ()).expect("decodes")
    }

    const MIDDLE: usize = SQUARE_SIDE * SQUARE_SIDE / 2;

    #[test]
    fn places_are_as_far_as_they_look_and_all_as_long() {
        let middle: Vec<f32> = (0..12).map(|i| (i as f32 * 1.7).sin()).collect();
        let around = Around::new(&middle, 9, 5);
        let length = |v: &[f32]| v.iter().map(|&x| f64::from(x * x)).sum::<f64>();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-5, "{a} {b}");
        let spot = around.at(0.0, 0.0);
        spot.iter().zip(&middle).for_each(|(a, b)| near(f64::from(*a), f64::from(*b)));
        let cosine = |v: &[f32], part: std::ops::Range<usize>| {
            let (v, m) = (&v[part.clone()], &middle[part]);
            v.iter().zip(m).map(|(a, b)| f64::from(a * b)).sum::<f64>() / (length(v) * length(m)).sqrt()
        };
        for (x, y, far) in [(1.0, 0.0, 1.0), (0.0, -0.5, 0.5), (-0.6, 0.8, 1.0)] {
            let there = around.at(x, y);
            for part in [0..9, 9..12] {
                near(length(&there[part.clone()]), length(&middle[part.clone()]));
                near(cosine(&there, part), (REACH * far * std::f64::consts::FRAC_PI_2).cos());
            }
        }
        // The two directions are at right angles: as far from each other as their angles say.
        let (right, up) = (around.at(1.0, 0.0), around.at(0.0, 1.0));
        let cosine = right[..9].iter().zip(&up[..9]).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let along = (REACH * std::f64::consts::FRAC_PI_2).cos();
        near(cosine / length(&middle[..9]), along * along);
    }

    #[test]
    fn the_middle_is_the_take_and_its_neighbours_are_like_it() {
        for id in ["cat-drums_2bar_small", "cat-mel_2bar_small", "groovae_4bar"] {
            let model = testing::latent(id);
            let first = Request { bars: 4, variations: 2, seed: 9, ..Request::default() };
            let take = &takes(&model, &first)[1];
            let all = square(&model, take, 3);
            assert_eq!((all.len(), &all[MIDDLE].notes), (81, &take.clip.notes), "{id}");
            assert!(all.iter().all(|clip| clip.length == take.clip.length));
            assert_eq!(all, square(&model, take, 3));
            assert_ne!(all, square(&model, take, 4), "other directions");
            let moved = Request { seed: 5, ..take.more_like_this(0.3) };
            let moved = &takes(&model, &moved)[0];
            assert_eq!(square(&model, moved, 3)[MIDDLE].notes, moved.clip.notes);
            let different: std::collections::BTreeSet<_> = all.iter().map(|c| c.notes.clone()).collect();
            assert!(different.len() > 9, "{id}: {}", different.len());
        }
    }

    #[test]
    fn a_clip_of_ones_own_is_the_middle_as_the_model_hears_it() {
        let model = testing::latent("cat-drums_2bar_small");
        let first = Request { bars: 2, ..Request::default() };
        let take = takes(&model, &first).remove(0);
        let own = Take { origin: None, clip: played(ClipKind::Drums, 3), ..take };
        let all = square(&model, &own, 3);
        let heard = takes(&model, &Request { temperature: 0.0, ..own.more_like_this(0.0) });
        assert_eq!(all[MIDDLE].notes, heard[0].clip.notes);
        assert_eq!(all[0].length, 3 * BAR);
    }

    #[test]
    fn it_can_be_stopped_and_refuses_what_generate_refuses() {
        let model = testing::latent("cat-drums_2bar_small");
        let request = Request { bars: 2, ..Request::default() };
        let take = takes(&model, &request).remove(0);
        let near = take.more_like_this(0.0);
        let run = |request: &Request, cancel: &Cancel| decode_square(&model, request, cancel, &mut |_| ());
        assert!(matches!(run(&near, &Cancel::at_look(3)), Err(ToolError::Cancelled)));
        for wrong in [Request { bars: 0, ..near.clone() }, Request { tool: ToolKind::Groove, ..near }] {
            assert!(run(&wrong, &Cancel::default()).is_err());
        }
        assert!(run(&request, &Cancel::default()).is_err(), "near nothing");
    }
}
