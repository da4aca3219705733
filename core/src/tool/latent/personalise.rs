//! [`learn`]: a latent model learns a small space of its own from somebody's clips, in which Generate then looks.
//!
//! Worker thread or one of its own. Source: MidiMe (spec vae 9). Clips are cut into pieces as long as the model's;
//! where the encoder finds them, a [`MidiMe`] learns them, all at once, one step per round. Pieces in which next to
//! nothing happens are left out. Bounded: at most [`MAX_CLIPS`] clips and [`MAX_PIECES`] pieces count.
use super::hear::hear;
use super::{Job, STEP, part};
use crate::codec::encoding::SparseVector;
use crate::model::music_vae::{MidiMe, MidiMeShape};
use crate::model::{LatentMusic, Model};
use crate::music::{Clip, ClipKind, Ticks};
use crate::sampling::{Rng, derive};
use crate::tool::{Cancel, Request, ToolError};

/// Most clips of a lesson.
pub const MAX_CLIPS: usize = 64;
/// Most pieces of a lesson: of more, some evenly apart are taken.
const MAX_PIECES: usize = 256;
/// Onsets that a piece has to have.
const LEAST_ONSETS: usize = 3;
/// Different pieces that a lesson has to have.
const LEAST_PIECES: usize = 2;
/// Rounds that are usual for melodies and drums.
pub const USUAL_ROUNDS: u32 = 100;
/// Most rounds.
const MAX_ROUNDS: u32 = 10_000;

/// What is to be learnt.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// The clips.
    pub clips: &'a [Clip],
    /// Steps of training, from 1.
    pub rounds: u32,
    /// Decides how the network begins, and its noise.
    pub seed: u32,
}

/// What was learnt.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The small space.
    pub network: MidiMe,
    /// Clips that had something to learn from.
    pub clips: usize,
    /// Pieces that they were cut into.
    pub pieces: usize,
    /// The loss before each round.
    pub curve: Vec<f32>,
    /// What was left out, as clauses.
    pub notices: Vec<String>,
}

/// Learns. `progress` is told the part that is done, rising to 1, and the loss of each round; `cancel` is looked at before
/// each.
///
/// # Errors
/// [`ToolError`], worded for a musician: another model, too little to learn from, cancelled.
pub fn learn(
    model: &Model,
    lesson: &Lesson<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32, Option<f32>),
) -> Result<Learnt, ToolError> {
    if !(1..=MAX_ROUNDS).contains(&lesson.rounds) {
        return Err(ToolError::BadRequest(format!("the number of rounds must be 1 to {MAX_ROUNDS}")));
    }
    let request = Request::default();
    let job = Job::new(model, &request)?;
    if !matches!(job.params.music, LatentMusic::Melody { .. } | LatentMusic::Drums { .. }) {
        let needed = "a MusicVAE model of melodies or drums";
        return Err(ToolError::OtherModel { tool: "Make it yours", needed });
    }
    let Pieces { pieces, clips, mut notices } = cut(&job, lesson.clips)?;
    let total = pieces.len();
    let kept: Vec<Option<Vec<SparseVector>>> = if total > MAX_PIECES {
        notices.push(format!("of {total} pieces {MAX_PIECES} were taken, evenly apart"));
        (0..MAX_PIECES).map(|i| pieces.get(i * total / MAX_PIECES).cloned()).collect()
    } else {
        pieces.into_iter().map(Some).collect()
    };
    // A model that follows chords is told that there are none.
    let follows = job.params.music == (LatentMusic::Melody { chords: true });
    let controls = vec![vec![(0, 1.0)]; if follows { kept.len() * job.steps() } else { 0 }];
    let mut told = |done| progress(done, None);
    let found = job.encode(&kept, &controls, cancel, &mut part(&mut told, 0.0, 0.05))?;
    let vectors: Vec<f32> = found.into_iter().flatten().flat_map(|place| place.mu).collect();
    let (network, curve) = train(&vectors, job.params.z, lesson, cancel, &mut |round, loss| {
        progress(0.05 + 0.95 * round as f32 / lesson.rounds as f32, Some(loss));
    })?;
    Ok(Learnt { network, clips, pieces: kept.len(), curve, notices })
}

/// What there is to learn from.
struct Pieces {
    pieces: Vec<Vec<SparseVector>>,
    /// Clips that they come from.
    clips: usize,
    notices: Vec<String>,
}

/// Cuts the clips. What cannot be learnt from is named; too little of the rest is an error that says why.
fn cut(job: &Job<'_>, clips: &[Clip]) -> Result<Pieces, ToolError> {
    let mut found = Pieces { pieces: Vec::new(), clips: 0, notices: Vec::new() };
    let (mut others, mut meters, mut thin) = (0, 0, 0);
    for clip in clips.iter().take(MAX_CLIPS) {
        let mut clip = clip.clone();
        clip.normalise();
        if (clip.kind == ClipKind::Drums) != (job.model.kind() == ClipKind::Drums) {
            others += 1;
            continue;
        }
        if job.audible(&clip).is_err() {
            meters += 1;
            continue;
        }
        let count = job.pieces(clip.length);
        let heard = hear(job.params, job.model.name(), &clip, count)?;
        for notice in heard.notices {
            // Clips with chords each have their own number of notes that were not heard.
            let alike = |known: &String| known.split(':').next() == notice.split(':').next();
            if !found.notices.iter().any(alike) {
                found.notices.push(notice);
            }
        }
        let before = found.pieces.len();
        for (piece, steps) in heard.pieces.into_iter().enumerate() {
            let first = job.first_step(piece) * STEP;
            let end = first + Ticks::try_from(job.steps()).unwrap_or(0) * STEP;
            let onsets = clip.notes.iter().filter(|n| (first..end).contains(&n.start)).count();
            found.pieces.extend(steps.filter(|_| onsets >= LEAST_ONSETS));
        }
        let any = found.pieces.len() > before;
        found.clips += usize::from(any);
        thin += usize::from(!any);
    }
    let (wanted, is) = match (job.model.kind(), others) {
        (ClipKind::Drums, 1) => ("drums", "1 clip is a melody".into()),
        (ClipKind::Drums, n) => ("drums", format!("{n} clips are melodies")),
        (ClipKind::Melody, 1) => ("melodies", "1 clip is drums".into()),
        (ClipKind::Melody, n) => ("melodies", format!("{n} clips are drums")),
    };
    let left_out = [
        (others, format!("{is}, but the model learns {wanted}")),
        (meters, format!("{} no bars of 16 sixteenths, or too many bars", have(meters))),
        (thin, format!("{} fewer than {LEAST_ONSETS} notes in each {} bars", have(thin), job.params.bars)),
        (
            clips.len().saturating_sub(MAX_CLIPS),
            format!("only the first {MAX_CLIPS} of {} clips were taken", clips.len()),
        ),
    ];
    found.notices.extend(left_out.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text));
    let mut different: Vec<&Vec<SparseVector>> = Vec::new();
    for piece in &found.pieces {
        if different.len() < LEAST_PIECES && !different.contains(&piece) {
            different.push(piece);
        }
    }
    if different.len() < LEAST_PIECES {
        let bars = job.params.bars;
        let mut why = format!(
            "there is too little to learn from: at least {LEAST_PIECES} different pieces of {bars} bars with notes are needed"
        );
        for notice in &found.notices {
            why = format!("{why}; {notice}");
        }
        return Err(ToolError::BadRequest(why));
    }
    Ok(found)
}

fn have(clips: usize) -> String {
    if clips == 1 { "1 clip has".into() } else { format!("{clips} clips have") }
}

/// The network that has learnt `vectors`, each `z` long, and the loss before each round.
fn train(
    vectors: &[f32],
    z: usize,
    lesson: &Lesson<'_>,
    cancel: &Cancel,
    told: &mut dyn FnMut(u32, f32),
) -> Result<(MidiMe, Vec<f32>), ToolError> {
    let shape = MidiMeShape { input: z, ..MidiMeShape::default() };
    let count = vectors.len() / z.max(1) * shape.latent;
    let mut network = MidiMe::new(shape, lesson.seed)?;
    let mut curve = Vec::new();
    for round in 0..lesson.rounds {
        if cancel.is_cancelled() {
            return Err(ToolError::Cancelled);
        }
        let rng = Rng::new(derive(lesson.seed, round));
        let noise: Vec<f32> = (0..count).map(|i| rng.normal(u64::from(round), i as u64) as f32).collect();
        let loss = network.train(vectors, &noise).map_err(crate::model::ModelError::from)?.total as f32;
        if !loss.is_finite() {
            return Err(ToolError::BrokenWeights);
        }
        curve.push(loss);
        told(round + 1, loss);
    }
    Ok((network, curve))
}

#[cfg(test)]
#[path = "personalise_tests.rs"]
mod lesson_tests;
