//! [`Latent`]: what the tools of latent models are told besides, as a request and a take keep it.
//!
//! Any thread. Every field has a default, so that projects of earlier versions load.
use crate::music::Clip;
use crate::tool::ToolError;
use serde::{Deserialize, Serialize};

/// Most positions that are asked for at once.
pub const MAX_POSITIONS: u32 = 16;

/// Most moves and picks that an origin keeps.
const MAX_MOVES: usize = 64;

/// Settings of the tools of latent models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latent {
    /// Generate: stay near a place.
    pub near: Near,
    /// How far from it, 0..=1: 0 is the same place, 1 as far as any other. The angle of the step is so many right angles.
    pub radius: f32,
    /// Generate with a personal model: how much of it, 0..=1; 0 is the model that it was made from.
    pub own: f32,
    /// Interpolate: the other clips, one or three. With three, the primer and they are the corners of a square: top left,
    /// top right, bottom left, bottom right.
    pub others: Vec<Clip>,
    /// Interpolate: positions from end to end, both ends included, 1..=16; of a square along each side, 1..=4.
    pub steps: u32,
    /// Interpolate: one take with all positions end to end, instead of a take each.
    pub bake: bool,
    /// Groove: how much of the model's timing, 0..=1.5.
    pub timing: f32,
    /// Groove: how much of the model's dynamics, 0..=1.5.
    pub dynamics: f32,
    /// Groove: the primer's hits stay, and none are added.
    pub keep_hits: bool,
    /// Groove of a melody: the drum clip whose timing and dynamics it takes; without one the model makes a groove for it.
    pub guide: Option<Clip>,
    /// Hats: those that the primer has make way.
    pub replace: bool,
    /// What becomes of a hit before beat one.
    pub early: Early,
}

impl Default for Latent {
    fn default() -> Self {
        Self {
            near: Near::Anywhere,
            radius: 0.25,
            own: 1.0,
            others: Vec::new(),
            steps: 3,
            bake: false,
            timing: 1.0,
            dynamics: 1.0,
            keep_hits: true,
            guide: None,
            replace: true,
            early: Early::Clamp,
        }
    }
}

impl Latent {
    /// Whether it says nothing, as in the requests of other models.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Where Generate looks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Near {
    /// Anywhere.
    #[default]
    Anywhere,
    /// Near a generated take.
    Take(Origin),
    /// Near the primer.
    Primer,
}

/// What makes the vectors of a generated take again, in the model that made it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Seed of the walk.
    pub seed: u32,
    /// Which of its candidates each piece is; pieces without one are the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picks: Vec<u8>,
    /// Later steps aside: seed and radius.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<(u32, f32)>,
}

/// What becomes of a hit that a groove puts before the clip's beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Early {
    /// It is struck at the beginning.
    #[default]
    Clamp,
    /// It goes to the clip's end, as if the clip went round.
    Wrap,
}

/// Values outside their range, in words.
pub(in crate::tool) fn check(latent: &Latent) -> Result<(), ToolError> {
    let bad = |what: &str| Err(ToolError::BadRequest(what.to_owned()));
    let share = |radius: f32| (0.0..=1.0).contains(&radius);
    if !share(latent.radius) {
        return bad("the distance must be 0 to 1");
    }
    if !share(latent.own) {
        return bad("the amount of the personal model must be 0 to 100 %");
    }
    if let Near::Take(origin) = &latent.near {
        let moves = &origin.moves;
        if origin.picks.len() > MAX_MOVES || moves.len() > MAX_MOVES || !moves.iter().all(|m| share(m.1)) {
            return bad("the place to stay near makes no sense");
        }
    }
    if !matches!(latent.others.len(), 0 | 1 | 3) {
        return bad("interpolation needs one other clip, or three");
    }
    let most = if latent.others.len() == 3 { 4 } else { MAX_POSITIONS };
    if !(1..=most).contains(&latent.steps) {
        return Err(ToolError::BadRequest(format!("the number of positions must be 1 to {most}")));
    }
    if ![latent.timing, latent.dynamics].iter().all(|amount| (0.0..=1.5).contains(amount)) {
        return bad("the amounts of timing and dynamics must be 0 to 150 %");
    }
    Ok(())
}
