//! Drumify: a drum groove from any rhythm. Hats: hi-hats (or what else the model adds) to a drum clip.
//!
//! Worker thread. Drumify hears every onset of the clip as a tap, whatever its pitch; hits on a tapped step are struck
//! exactly when the tap was, those between with the model's own timing. Hats hears the other drums, which all stay as
//! they are, and writes only the drums that the model was made to add.
use super::groove::Played;
use super::hear::{Cells, as_one, hear, kit};
use super::{Job, STEP};
use crate::codec::vae::TAP;
use crate::model::LatentMusic;
use crate::music::{Clip, ClipKind, Note};
use crate::tool::run::seeds;
use crate::tool::{Cancel, Take, ToolError};

pub(super) fn drumify(
    job: &Job<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let clip = job.primer()?;
    let pieces = job.pieces(clip.length);
    let cells = Cells::of(&clip, pieces * job.steps(), as_one(TAP))?;
    // The same rhythm on the drum of taps, for the model to hear.
    let tap = kit(job.params).pitch(TAP as u8).unwrap_or(0);
    let notes = clip.notes.iter().map(|n| Note { pitch: tap, ..*n }).collect();
    let taps = Clip { notes, kind: ClipKind::Drums, ..clip.clone() };
    let heard = hear(job.params, job.model.name(), &taps, pieces)?;
    let seeds = seeds(job.request);
    let played = Played::play(job, &heard, &[], &|_, _| None, &seeds, (cancel, progress))?;
    let shared = job.shared();
    let takes = seeds.iter().enumerate().map(|(take, &seed)| {
        let mut notes = played.new_notes(take, clip.length, |step, _| cells.main[step][TAP].is_none());
        for (step, main) in cells.main.iter().enumerate() {
            let Some(tap) = main[TAP].map(|main| clip.notes[main]) else { continue };
            let hits = played.hits(take, step);
            notes.extend(hits.map(|(pitch, velocity)| {
                let length = STEP.min(clip.length - tap.start).max(1);
                Note { start: tap.start, pitch, length, velocity }
            }));
        }
        job.take(notes, (clip.length, clip.meter), seed, &shared, &heard.notices)
    });
    Ok(takes.collect())
}

pub(super) fn hats(
    job: &Job<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let clip = job.primer()?;
    let (kit, pieces) = (kit(job.params), job.pieces(clip.length));
    let added = match job.params.music {
        LatentMusic::Groove { input, .. } => input.add_drums,
        _ => 0,
    };
    let adds = |drum: usize| drum < 9 && added >> drum & 1 == 1;
    let cells = Cells::of(&clip, pieces * job.steps(), |pitch| kit.class(pitch))?;
    let mut heard = hear(job.params, job.model.name(), &clip, pieces)?;
    let given = |step: usize, drum: usize| (!adds(drum)).then(|| cells.main[step][drum].is_some());
    let seeds = seeds(job.request);
    let played = Played::play(job, &heard, &[], &given, &seeds, (cancel, progress))?;
    let replace = job.request.latent.replace;
    let stays = |drum: Option<usize>| !replace || !drum.is_some_and(adds);
    let kept = clip.notes.iter().zip(&cells.places).filter(|(_, (_, drum))| stays(*drum));
    let kept: Vec<Note> = kept.map(|(note, _)| *note).collect();
    if heard.pieces.iter().all(Option::is_none) {
        heard.notices.push("there are no drums to play along with".into());
    }
    let shared = job.shared();
    let takes = seeds.iter().enumerate().map(|(take, &seed)| {
        let free = |step: usize, drum: usize| adds(drum) && (replace || cells.main[step][drum].is_none());
        let mut notes = kept.clone();
        notes.extend(played.new_notes(take, clip.length, free));
        job.take(notes, (clip.length, clip.meter), seed, &shared, &heard.notices)
    });
    Ok(takes.collect())
}
