//! The latent pad: clips around a take in two directions, and the places that the musician saved.
//!
//! What the pad lies around is part of the document; its clips are decoded ahead like those of the morph. The
//! directions are drawn by a seed: two of very many, at right angles.

use super::document::Content;
use super::engine::Engine;
use super::files;
use super::morph::Ahead;
use crate::gui::view::{PadView, PointView, StatusKind};
use crate::library;
use descant_core::music::ClipKind;
use descant_core::sampling::{Seed, derive};
use descant_core::tool::{Latent, MAX_BARS, Near, Request, SQUARE_SIDE, Score, Take, ToolKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most points that are kept.
pub const MAX_POINTS: usize = 16;
/// Longest name of a point, in characters.
const LETTERS: usize = 24;
/// Directions of a new pad.
const FIRST_SEED: u32 = 1;

/// Where the pad lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Centre {
    /// The take in its middle.
    pub take: u64,
    /// Decides its directions.
    pub seed: u32,
}

/// A place that was saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// What the musician calls it.
    pub name: String,
    /// The pad that it lies on.
    pub centre: Centre,
    /// Left (0) to right (1).
    pub x: f32,
    /// Down (0) to up (1).
    pub y: f32,
}

/// The pad of a document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pad {
    /// `None`: there is none.
    pub centre: Option<Centre>,
    /// In the order in which they were saved.
    pub points: Vec<Point>,
}

impl Pad {
    /// Around a take, with the directions that it had last.
    pub fn around(&mut self, take: u64) {
        let seed = self.centre.map_or(FIRST_SEED, |centre| centre.seed);
        self.centre = Some(Centre { take, seed });
    }

    /// Other directions.
    pub fn turn(&mut self) {
        if let Some(centre) = &mut self.centre {
            centre.seed = derive(centre.seed, 1);
        }
    }

    /// Saves a place under a name, or the next number where it has none.
    pub fn save(&mut self, name: &str, (x, y): (f32, f32)) {
        let Some(centre) = self.centre.filter(|_| self.points.len() < MAX_POINTS) else { return };
        let name: String = name.trim().chars().take(LETTERS).collect();
        let number = || {
            let taken = |n: &usize| self.points.iter().any(|p| p.name == format!("Point {n}"));
            (1..).find(|n| !taken(n)).map_or_else(String::new, |n| format!("Point {n}"))
        };
        let name = if name.is_empty() { number() } else { name };
        self.points.push(Point { name, centre, x, y });
    }

    /// Forgets what lies around takes that are gone.
    pub fn keep(&mut self, known: impl Fn(u64) -> bool) {
        self.centre = self.centre.filter(|centre| known(centre.take));
        self.points.retain(|point| known(point.centre.take));
    }

    /// As it can be believed.
    #[must_use]
    pub fn credible(mut self, known: impl Fn(u64) -> bool) -> Self {
        self.points.truncate(MAX_POINTS);
        for point in &mut self.points {
            point.name = point.name.chars().take(LETTERS).collect();
        }
        let share = |x: f32| (0.0..=1.0).contains(&x);
        self.points.retain(|point| share(point.x) && share(point.y));
        self.keep(known);
        self
    }
}

/// The clips around a take follow from this request.
#[derive(Clone, Debug, PartialEq)]
pub struct Around(pub Request);

/// The clips around a take, row by row from the lowest.
pub type Square = Ahead<Around>;

/// Number of the clip at a place, both coordinates 0..=1.
#[must_use]
pub fn cell(x: f32, y: f32) -> usize {
    let index = |share: f32| (share.clamp(0.0, 1.0) * (SQUARE_SIDE - 1) as f32).round() as usize;
    index(y) * SQUARE_SIDE + index(x)
}

/// The request around a document's pad; `None` without a pad.
///
/// # Errors
/// A sentence that says which weights are missing.
pub fn around(engine: &Engine, content: &Content) -> Result<Option<Around>, String> {
    let Some(centre) = content.pad.centre else { return Ok(None) };
    let Some(entry) = content.entry(centre.take) else { return Ok(None) };
    let take = &entry.take;
    let latent = library::model_of(&take.request.model).is_some_and(|m| m.latent);
    let request = if latent && take.request.tool == ToolKind::Generate {
        take.more_like_this(0.0)
    } else {
        // No space wrote it: the one that interpolates such clips hears it.
        let kind: ClipKind = take.clip.kind;
        let model = library::fitting(ToolKind::Interpolate, Some(kind), engine.chosen())?.model;
        let choice = content.weights.get(&model.id).map(String::as_str);
        Request {
            model: library::for_request(&model.id, choice)?,
            primer: Some(take.clip.clone()),
            bars: take.clip.bars().clamp(1, MAX_BARS),
            meter: take.clip.meter,
            tempo: take.clip.tempo,
            latent: Latent { near: Near::Primer, radius: 0.0, ..Latent::default() },
            ..Request::default()
        }
    };
    Ok(Some(Around(Request { seed: centre.seed, variations: 1, ..request })))
}

/// The clip at the pad's place becomes a take.
pub fn keep(engine: &Engine) {
    let (x, y) = engine.params.between.spot();
    let found = {
        let square = engine.square();
        let table = square.decoded.clone();
        table.and_then(|table| Some((table.clips.get(cell(x, y))?.clone(), table.of.clone())))
    };
    let Some((clip, Around(request))) = found else {
        return engine.say(StatusKind::Info, "The pad has no clips yet.");
    };
    let place = u32::try_from(cell(x, y)).unwrap_or(0);
    let mut take = Take {
        clip: (*clip).clone(),
        new_from: 0,
        seed: derive(request.seed, place),
        score: Score::default(),
        request: Arc::new(request),
        notices: Vec::new(),
        origin: None,
    };
    take.clip.name = files::take_name(&take, 1, 1);
    let seed = Seed(take.seed).to_string();
    engine.change(false, |d| {
        let next = d.content().seed;
        d.add_takes(vec![take], next);
    });
    engine.say(StatusKind::Good, format!("Kept as {seed}."));
}

/// What the window shows of a document's pad.
#[must_use]
pub fn view(engine: &Engine, content: &Content) -> Option<PadView> {
    let centre = content.pad.centre?;
    let entry = content.entry(centre.take)?;
    let (x, y) = engine.params.between.spot();
    let square = engine.square();
    let points = content.pad.points.iter().map(|point| PointView {
        name: point.name.clone(),
        x: point.x,
        y: point.y,
        here: point.centre == centre,
    });
    Some(PadView {
        take: centre.take,
        title: Seed(entry.take.seed).to_string(),
        seed: Seed(centre.seed).to_string(),
        side: if square.clips().is_empty() { 0 } else { SQUARE_SIDE },
        clip: square.clips().get(cell(x, y)).cloned(),
        busy: square.busy,
        problem: square.problem.clone(),
        points: points.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_and_the_middle_of_the_square() {
        let last = SQUARE_SIDE - 1;
        assert_eq!([cell(0.0, 0.0), cell(1.0, 0.0), cell(0.0, 1.0)], [0, last, SQUARE_SIDE * last]);
        assert_eq!([cell(0.5, 0.5), cell(9.0, f32::NAN)], [SQUARE_SIDE * SQUARE_SIDE / 2, last]);
    }

    #[test]
    fn points_have_names_and_go_with_their_take() {
        let mut pad = Pad::default();
        pad.save("nowhere", (0.5, 0.5));
        assert!(pad.points.is_empty());
        pad.around(3);
        pad.save(" dark one ", (0.1, 0.9));
        pad.save("", (0.2, 0.2));
        pad.turn();
        pad.save("", (0.3, 0.3));
        let names: Vec<&str> = pad.points.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["dark one", "Point 1", "Point 2"]);
        assert_ne!(pad.points[1].centre.seed, pad.points[2].centre.seed);
        pad.around(4);
        pad.save("there", (1.0, 0.0));
        (0..20).for_each(|_| pad.save("more", (0.0, 0.0)));
        assert_eq!(pad.points.len(), MAX_POINTS);
        let mut odd = pad.clone();
        odd.points[0].x = f32::NAN;
        assert_eq!(odd.credible(|_| true).points.len(), MAX_POINTS - 1);
        pad.keep(|take| take == 3);
        assert_eq!((pad.centre, pad.points.len()), (None, 3));
    }
}
