//! Groove for melodies: when and how hard a drum groove strikes each 16th moves onto the notes.
//!
//! Worker thread. Pitches, lengths and the number of notes stay. The groove is a drum clip, over and over, or what the
//! model makes of the melody's rhythm as if it were a hi-hat. Where the drum clip is silent on a 16th, the mean of that
//! place in its other bars counts; where there is none, timing goes to the grid and dynamics stay.
use super::groove::{Played, blended, untangle};
use super::hear::{Cells, Heard, as_one, row};
use super::notes::Touch;
use super::{Job, STEP};
use crate::codec::vae::GrooveInput;
use crate::model::LatentMusic;
use crate::music::{Clip, ClipKind, Note, Ticks};
use crate::tool::run::seeds;
use crate::tool::{Cancel, Take, ToolError};

/// The drum that a melody's rhythm is played on: the closed hi-hat.
const HAT: usize = 2;

/// Steps of a bar.
const BAR: usize = crate::model::STEPS_PER_BAR;

pub(super) fn run(
    job: &Job<'_>,
    clip: &Clip,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let total = job.pieces(clip.length) * job.steps();
    let cells = Cells::of(clip, total, as_one(HAT))?;
    let shared = job.shared();
    let seeds = seeds(job.request);
    let take = |seed, touch: &dyn Fn(usize, Note) -> Touch| {
        let notes = clip.notes.iter().zip(&cells.places).map(|(note, &(step, _))| {
            let main = cells.main[step][HAT].map_or(*note, |main| clip.notes[main]);
            blended(job, *note, main, step, touch(step, main))
        });
        let mut notes: Vec<Note> = notes.collect();
        untangle(&clip.notes, &mut notes);
        job.take(notes, (clip.length, clip.meter), seed, &shared, &[])
    };
    if let Some(guide) = &job.request.latent.guide {
        let guide = Guide::of(job, guide)?;
        let touch = |step: usize, main: Note| guide.touch(step, main);
        progress(1.0);
        // Nothing is left to chance.
        return Ok(seeds.iter().map(|&seed| take(seed, &touch)).collect());
    }
    let input = match job.params.music {
        LatentMusic::Groove { input, .. } => input,
        _ => GrooveInput::default(),
    };
    let rows: Vec<_> = cells.steps.iter().map(|step| row(&input.told(step))).collect();
    let piece = |rows: &[(bool, _)]| {
        let sounds = rows.iter().any(|(sounds, _)| *sounds);
        sounds.then(|| rows.iter().map(|(_, row): &(bool, Vec<_>)| row.clone()).collect())
    };
    let heard = Heard { pieces: rows.chunks(job.steps()).map(piece).collect(), notices: Vec::new() };
    let given = |step: usize, drum: usize| Some(cells.main[step][drum].is_some());
    let controls = super::groove::controls(job, &cells);
    let played = Played::play(job, &heard, &controls, &given, &seeds, (cancel, progress))?;
    let each = seeds.iter().enumerate();
    Ok(each.map(|(i, &seed)| take(seed, &|step, _| played.touch(i, step, HAT))).collect())
}

/// A drum clip's timing and dynamics by 16th.
struct Guide {
    /// The loudest hit of each step.
    steps: Vec<Option<Touch>>,
}

impl Guide {
    fn of(job: &Job<'_>, clip: &Clip) -> Result<Self, ToolError> {
        let mut clip = clip.clone();
        clip.normalise();
        job.audible(&clip)?;
        if clip.kind == ClipKind::Melody || clip.notes.is_empty() {
            return Err(ToolError::BadRequest(
                "the groove to take over must be a drum clip with notes".into(),
            ));
        }
        let total = clip.bars() as usize * BAR;
        let cells = Cells::of(&clip, total, as_one(HAT))?;
        let touch = |(step, main): (i64, &[Option<usize>; 9])| {
            let note = clip.notes[main[HAT]?];
            let late = (note.start - step * STEP).clamp(-STEP / 2, STEP / 2);
            Some(Touch { hit: true, late, velocity: f32::from(note.velocity) })
        };
        Ok(Self { steps: (0..).zip(&cells.main).map(touch).collect() })
    }

    /// The touch of a step of a melody whose loudest note there is `main`.
    fn touch(&self, step: usize, main: Note) -> Touch {
        if let Some(touch) = self.steps[step % self.steps.len()] {
            return touch;
        }
        let here: Vec<Touch> = self.steps.iter().skip(step % BAR).step_by(BAR).copied().flatten().collect();
        if here.is_empty() {
            return Touch { hit: true, late: 0, velocity: f32::from(main.velocity) };
        }
        let count = here.len() as f32;
        let late: Ticks = here.iter().map(|t| t.late).sum::<Ticks>() / here.len() as Ticks;
        Touch { hit: true, late, velocity: here.iter().map(|t| t.velocity).sum::<f32>() / count }
    }
}
