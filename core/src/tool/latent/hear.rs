//! A clip → the steps that a latent model's encoder reads, piece by piece.
//!
//! Worker thread. The clip itself is never changed; ticks become steps here, so that micro-timing reaches a groove model
//! to the tick.
use super::STEP;
use crate::codec::encoding::{MelodyOneHot, OneHot, SparseVector};
use crate::codec::vae::{DrumKit, GrooveHit, GrooveStep};
use crate::codec::{MelodyEvent, PitchSet};
use crate::model::{LatentMusic, LatentParams};
use crate::music::{Clip, ClipKind, Quantised, STEPS_PER_QUARTER};
use crate::tool::ToolError;
use crate::tool::primer::{GridPrimer, one_voice};

/// Pitches of a melody, the upper end exclusive.
pub(super) const PITCHES: (i32, i32) = (21, 109);

/// A clip as a model hears it.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Steps of each piece; none where nothing sounds.
    pub pieces: Vec<Option<Vec<SparseVector>>>,
    /// What it could not hear.
    pub notices: Vec<String>,
}

/// Hears `pieces` pieces of a clip, which is not longer than they are.
pub(super) fn hear(
    params: &LatentParams,
    model: &str,
    clip: &Clip,
    pieces: usize,
) -> Result<Heard, ToolError> {
    let total = pieces * params.steps();
    let cut = |rows: Vec<(bool, SparseVector)>| {
        let piece = |rows: &[(bool, SparseVector)]| {
            let sounds = rows.iter().any(|(sounds, _)| *sounds);
            sounds.then(|| rows.iter().map(|(_, row)| row.clone()).collect())
        };
        rows.chunks(params.steps().max(1)).map(piece).collect()
    };
    match &params.music {
        LatentMusic::Melody { .. } => {
            if clip.kind == ClipKind::Drums {
                return Err(ToolError::DrumPrimer(model.to_owned()));
            }
            let (events, notices) = melody(clip, total, params.steps())?;
            let vocabulary = MelodyOneHot::new(PITCHES.0, PITCHES.1)?;
            let row = |&event: &MelodyEvent| {
                let class = u32::try_from(vocabulary.encode(event)?).unwrap_or(0);
                Ok((event.pitch().is_some(), vec![(class, 1.0)]))
            };
            let rows = events.iter().map(row).collect::<Result<Vec<_>, ToolError>>()?;
            Ok(Heard { pieces: cut(rows), notices })
        }
        LatentMusic::Drums { kit, .. } => {
            let cells = Cells::of(clip, total, |pitch| kit.class(pitch))?;
            let row = |set: &PitchSet| {
                let silence = u32::try_from(kit.classes()).unwrap_or(0);
                let cells: SparseVector = if set.is_empty() {
                    vec![(silence, 1.0)]
                } else {
                    set.iter().map(|class| (u32::from(class), 1.0)).collect()
                };
                (!set.is_empty(), cells)
            };
            Ok(Heard { pieces: cut(cells.sets.iter().map(row).collect()), notices: cells.notices(clip) })
        }
        LatentMusic::Groove { kit, input, .. } => {
            let cells = Cells::of(clip, total, |pitch| kit.class(pitch))?;
            let rows = cells.steps.iter().map(|step| row(&input.told(step)));
            Ok(Heard { pieces: cut(rows.collect()), notices: cells.notices(clip) })
        }
        LatentMusic::Trio { .. } => Err(ToolError::NoTool(model.to_owned())),
    }
}

/// A step of a groove: hits, velocities and offsets that are not zero, and whether there is a hit.
pub(super) fn row(step: &GrooveStep) -> (bool, SparseVector) {
    let column = |of: fn(&GrooveHit) -> f64| step.iter().map(move |hit| of(hit) as f32);
    let all = column(|h| h.hit).chain(column(|h| h.velocity)).chain(column(|h| h.offset));
    let cells = (0..).zip(all).filter(|(_, value)| *value != 0.0).collect();
    (step.iter().any(|hit| hit.hit > 0.0), cells)
}

/// The top line of a clip as events of `total` steps, moved by octaves where the model has no key for it. A piece
/// begins with a note or a rest.
fn melody(clip: &Clip, total: usize, piece: usize) -> Result<(Vec<MelodyEvent>, Vec<String>), ToolError> {
    let mut notices = Vec::new();
    let (mut line, dropped) = one_voice(clip, STEPS_PER_QUARTER);
    if dropped > 0 {
        notices
            .push(format!("the clip has chords: the model heard its top line, without {}", notes(dropped)));
    }
    let mut moved = 0;
    for note in &mut line.notes {
        let heard = fold(note.pitch);
        moved += usize::from(heard != note.pitch);
        note.pitch = heard;
    }
    if moved > 0 {
        notices.push(format!("the model heard {} moved by octaves into its range", notes(moved)));
    }
    if line.notes.is_empty() {
        return Ok((vec![MelodyEvent::NoEvent; total], notices));
    }
    let melody = GridPrimer::from_start(&line, STEPS_PER_QUARTER, total)?.melody(STEPS_PER_QUARTER)?;
    let mut events = Vec::with_capacity(total);
    for from in (0..total).step_by(piece.max(1)) {
        events.extend_from_slice(melody.slice(from..from + piece).events());
    }
    Ok((events, notices))
}

/// The nearest octave of a pitch among [`PITCHES`].
fn fold(pitch: u8) -> u8 {
    match pitch {
        0..21 => pitch + 12 * (32 - pitch).div_euclid(12),
        109.. => pitch - 12 * (pitch - 97).div_euclid(12),
        _ => pitch,
    }
}

/// "1 note", "3 notes".
pub(super) fn notes(n: usize) -> String {
    if n == 1 { "1 note".into() } else { format!("{n} notes") }
}

/// The notes of a clip on the grid of steps and drums.
pub(super) struct Cells {
    /// The loudest hit of each drum on each step.
    pub steps: Vec<GrooveStep>,
    /// The drums of each step.
    pub sets: Vec<PitchSet>,
    /// For each note of the clip the step, and the drum if it has one.
    pub places: Vec<(usize, Option<usize>)>,
    /// For each step and drum the note that is its loudest hit.
    pub main: Vec<[Option<usize>; 9]>,
}

impl Cells {
    /// Puts a clip on `total` steps. `class`: the drum of a pitch. Drums past the ninth have no [`Self::steps`].
    pub fn of(clip: &Clip, total: usize, class: impl Fn(u8) -> Option<u8>) -> Result<Self, ToolError> {
        let bad = |e: crate::music::QuantiseError| ToolError::BadRequest(e.to_string());
        let quantised = Quantised::from_clip(clip, STEPS_PER_QUARTER).map_err(bad)?;
        let mut cells = Self {
            steps: vec![GrooveStep::default(); total],
            sets: vec![PitchSet::EMPTY; total],
            places: Vec::with_capacity(clip.notes.len()),
            main: vec![[None; 9]; total],
        };
        for (index, note) in quantised.notes.iter().enumerate() {
            let step = usize::try_from(note.start_step).unwrap_or(0).min(total.saturating_sub(1));
            let drum = class(note.pitch);
            cells.places.push((step, drum.map(usize::from)));
            let Some(drum) = drum else { continue };
            if let Some(set) = cells.sets.get_mut(step) {
                set.insert(drum);
            }
            let drum = usize::from(drum);
            let Some(cell) = cells.steps.get_mut(step).and_then(|step| step.get_mut(drum)) else { continue };
            let velocity = f64::from(note.velocity) / 127.0;
            if cell.hit == 0.0 || velocity > cell.velocity {
                let early = -2.0 * note.start_offset as f64 / STEP as f64;
                *cell = GrooveHit { hit: 1.0, velocity, offset: early.clamp(-1.0, 1.0) };
                cells.main[step][drum] = Some(index);
            }
        }
        Ok(cells)
    }

    /// What the model did not hear.
    pub fn notices(&self, clip: &Clip) -> Vec<String> {
        let mut notices = Vec::new();
        if clip.kind == ClipKind::Melody {
            notices.push("the clip was read as drums".to_owned());
        }
        let unknown = self.places.iter().filter(|(_, drum)| drum.is_none()).count();
        if unknown > 0 {
            notices.push(format!("the model has no sound for {}", notes(unknown)));
        }
        notices
    }
}

/// Everything is one drum.
pub(super) fn as_one(drum: usize) -> impl Fn(u8) -> Option<u8> {
    move |_| u8::try_from(drum).ok()
}

/// The kit of a model of drums.
pub(super) fn kit(params: &LatentParams) -> DrumKit {
    match params.music {
        LatentMusic::Drums { kit, .. } | LatentMusic::Groove { kit, .. } => kit,
        _ => DrumKit::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pitches_outside_move_by_octaves_and_no_further_than_needed() {
        for pitch in 0..=127 {
            let heard = fold(pitch);
            assert!((PITCHES.0..PITCHES.1).contains(&i32::from(heard)), "{pitch} {heard}");
            assert_eq!(heard % 12, pitch % 12);
            assert!(heard == pitch || !(33..97).contains(&heard), "{pitch} {heard}");
        }
        assert_eq!([fold(20), fold(0), fold(109), fold(127)], [32, 24, 97, 103]);
    }
}
