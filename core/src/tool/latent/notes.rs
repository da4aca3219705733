//! Steps of a latent model → notes of a clip, in ticks.
//!
//! Worker thread. Models without dynamics write velocity 100 on the grid; grooves keep every velocity and every tick.
use super::hear::PITCHES;
use super::{Early, STEP};
use crate::codec::encoding::{EncodingError, MelodyOneHot, OneHot};
use crate::codec::vae::DrumKit;
use crate::codec::{MelodyEvent, PitchSet};
use crate::model::music_vae::Steps;
use crate::model::{LatentMusic, LatentParams};
use crate::music::{Note, STEPS_PER_QUARTER, Ticks};
use crate::tool::ToolError;
use crate::tool::assemble::{self, Placement};

/// The notes of a piece that begins at `first_step` of a clip and is cut at `end`. Hits of a groove may begin half a
/// step before it.
pub(super) fn notes(
    params: &LatentParams,
    piece: &Steps,
    first_step: i64,
    end: Ticks,
) -> Result<Vec<Note>, ToolError> {
    let at = Placement { first_step, steps_per_quarter: STEPS_PER_QUARTER, end };
    let drums = |kit: DrumKit, sets: Vec<PitchSet>| {
        let pitches = |set: &PitchSet| set.iter().filter_map(|class| kit.pitch(class)).collect();
        assemble::drums(&sets.iter().map(pitches).collect::<Vec<_>>(), at)
    };
    Ok(match (&params.music, piece) {
        (LatentMusic::Melody { .. }, Steps::Classes(blocks)) => {
            let vocabulary = MelodyOneHot::new(PITCHES.0, PITCHES.1)?;
            let classes = blocks.iter().take(1).flatten();
            let events = classes.map(|&class| vocabulary.decode(class as usize));
            assemble::melody(&events.collect::<Result<Vec<MelodyEvent>, EncodingError>>()?, None, 0, at)
        }
        (LatentMusic::Drums { kit, .. }, Steps::Classes(blocks)) => {
            let set = |&class: &u32| (0..9).filter(|bit| class >> bit & 1 == 1).collect();
            drums(*kit, blocks.iter().take(1).flatten().map(set).collect())
        }
        (LatentMusic::Drums { kit, .. }, Steps::Rows { values, width }) => {
            let set =
                |row: &[f32]| (0..).zip(row).filter(|(_, v)| **v > 0.5).map(|(class, _)| class).collect();
            drums(*kit, values.chunks_exact((*width).max(1)).map(set).collect())
        }
        (LatentMusic::Groove { kit, .. }, Steps::Rows { .. }) => {
            let mut notes = Vec::new();
            for step in 0..piece.len() {
                let grid = (first_step + i64::try_from(step).unwrap_or(0)) * STEP;
                for drum in (0..9).filter(|&drum| touch(piece, step, drum).hit) {
                    let Some(pitch) = u8::try_from(drum).ok().and_then(|drum| kit.pitch(drum)) else {
                        continue;
                    };
                    let Touch { late, velocity, .. } = touch(piece, step, drum);
                    let start = grid + late;
                    let length = STEP.min(end - start);
                    let note = Note { start, pitch, length, velocity: loudness(velocity) };
                    notes.extend((length > 0).then_some(note));
                }
            }
            notes
        }
        _ => return Err(ToolError::NoTool("this model".into())),
    })
}

/// What a groove model says of one drum on one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Touch {
    /// Whether it is struck.
    pub hit: bool,
    /// Ticks after the step (or, negative, before): at most half a step.
    pub late: Ticks,
    /// 0..=127.
    pub velocity: f32,
}

/// What a groove model wrote for a drum on a step.
pub(super) fn touch(piece: &Steps, step: usize, drum: usize) -> Touch {
    let Steps::Rows { values, width } = piece else { return Touch::default() };
    let row = values.get(step * width..(step + 1) * width).unwrap_or_default();
    let value = |part: usize| row.get(part * (width / 3) + drum).copied().unwrap_or(0.0);
    let late = (-0.5 * f64::from(value(2).clamp(-1.0, 1.0)) * STEP as f64).round();
    Touch { hit: value(0) > 0.5, late: late as Ticks, velocity: 127.0 * value(1) }
}

/// A velocity as a note has it.
pub(super) fn loudness(velocity: f32) -> u8 {
    velocity.round().clamp(1.0, 127.0) as u8
}

/// Brings notes that begin before or at the end of a clip of `length` ticks into it. None is lost.
pub(super) fn settle(notes: &mut [Note], length: Ticks, early: Early) {
    for note in notes {
        if note.start < 0 && early == Early::Wrap {
            note.start += length;
        }
        note.start = note.start.clamp(0, (length - 1).max(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groove(cells: &[(usize, f32)]) -> Steps {
        let mut values = vec![0.0; 2 * 27];
        cells.iter().for_each(|&(cell, value)| values[cell] = value);
        Steps::Rows { values, width: 27 }
    }

    #[test]
    fn a_groove_keeps_every_tick_and_velocity() {
        // Step 1: snare, 64 of 127, a quarter of a step late; kick not struck.
        let piece = groove(&[(27 + 1, 1.0), (27 + 10, 64.0 / 127.0), (27 + 19, -0.5), (27 + 18, 1.0)]);
        let touched = touch(&piece, 1, 1);
        assert_eq!((touched.hit, touched.late, loudness(touched.velocity)), (true, STEP / 4, 64));
        assert_eq!(touch(&piece, 1, 0), Touch { hit: false, late: -STEP / 2, velocity: 0.0 });
        assert_eq!(touch(&piece, 5, 0), Touch::default());
        let params = crate::model::testing::latent("groovae_4bar");
        let params = params.latent().expect("latent").0;
        let written = notes(params, &piece, 16, 100 * STEP).expect("notes");
        let start = 17 * STEP + STEP / 4;
        assert_eq!(written, [Note { start, pitch: 38, length: STEP, velocity: 64 }]);
    }

    #[test]
    fn early_notes_begin_with_the_clip_or_go_round() {
        let note = |start| Note { start, pitch: 36, length: 10, velocity: 1 };
        let settled = |early| {
            let mut notes = [note(-30), note(5), note(1000)];
            settle(&mut notes, 1000, early);
            notes.map(|n| n.start)
        };
        assert_eq!(settled(Early::Clamp), [0, 5, 999]);
        assert_eq!(settled(Early::Wrap), [970, 5, 999]);
    }
}
