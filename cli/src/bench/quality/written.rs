//! Takes for the judges, written by the same tools that a musician uses.

use descant_core::corpus::measure::{Moment, moments};
use descant_core::model::Model;
use descant_core::music::{Clip, TICKS_PER_QUARTER, Ticks};
use descant_core::tool::{self, Cancel, MAX_VARIATIONS, Request, Take, ToolKind};
use indicatif::{ProgressBar, ProgressStyle};

/// Bars of a sample; the second half is measured.
pub(super) const BARS: u32 = 8;
/// Steps of a bar of 16ths.
const STEP: Ticks = TICKS_PER_QUARTER / 4;

/// A request for samples from nothing at 120 quarter notes per minute.
pub(super) fn request(model: &Model, temperature: f32, seed: u32) -> Request {
    Request {
        tool: ToolKind::Generate,
        model: model.card().id.clone(),
        bars: BARS,
        temperature,
        seed,
        tempo: Some(120.0),
        ..Request::default()
    }
}

/// `count` takes of requests that differ in their seeds, counted up from the one given, and in what `change` does with
/// the number of each request; `each` takes of one request.
pub(super) fn takes(
    model: &Model,
    base: &Request,
    (count, each): (u32, u32),
    change: impl Fn(usize, &mut Request),
) -> anyhow::Result<Vec<Take>> {
    let bar = ProgressBar::new(count.into()).with_style(
        ProgressStyle::with_template("writing {bar:30} {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut all: Vec<Take> = Vec::new();
    let each = each.clamp(1, MAX_VARIATIONS);
    for (number, from) in (0..count).step_by(each as usize).enumerate() {
        let mut request = base.clone();
        request.variations = each.min(count - from);
        request.seed = base.seed.wrapping_add(u32::try_from(number)?);
        change(number, &mut request);
        all.extend(tool::run(model, &request, &Cancel::default(), &mut |_| {})?);
        bar.set_position(all.len() as u64);
    }
    bar.finish_and_clear();
    Ok(all)
}

/// A clip on a grid of 16ths, without velocities: scores have none.
pub(super) fn on_sixteenths(clip: &Clip) -> Vec<Moment> {
    let all = on_grid(clip, |tick| (tick + STEP / 2).div_euclid(STEP));
    all.into_iter().map(|m| Moment { velocity: 0, ..m }).collect()
}

/// A clip at 120 quarter notes per minute, in steps of 10 ms.
pub(super) fn in_centiseconds(clip: &Clip) -> Vec<Moment> {
    // A second is two quarter notes.
    on_grid(clip, |tick| (tick * 50 + TICKS_PER_QUARTER / 2).div_euclid(TICKS_PER_QUARTER))
}

fn on_grid(clip: &Clip, step: impl Fn(Ticks) -> Ticks) -> Vec<Moment> {
    let index = |tick| usize::try_from(step(tick)).unwrap_or(0);
    let note = |n: &descant_core::music::Note| {
        let on = index(n.start);
        (n.pitch, n.velocity, on, index(n.end()).max(on + 1))
    };
    moments(clip.notes.iter().map(note), index(clip.length))
}

/// A pitch folded into the range of the scoreboard.
pub(super) fn within(pitch: i32) -> u16 {
    let folded = match pitch {
        ..48 => 48 + pitch.rem_euclid(12),
        84.. => 72 + pitch % 12,
        _ => pitch,
    };
    u16::try_from(folded).unwrap_or(48)
}

/// A melody of whole 16ths as the classes of the scoreboard; pitches outside its range are folded into it.
pub(super) fn melody(clip: &Clip) -> Vec<u16> {
    let index = |tick: Ticks| usize::try_from(tick.div_euclid(STEP)).unwrap_or(0);
    let mut classes = vec![0; index(clip.length)];
    for note in &clip.notes {
        // An end is written before the next onset, which may come at the same step.
        if let Some(end) = classes.get_mut(index(note.end())).filter(|c| **c == 0) {
            *end = 1;
        }
        if let Some(class) = classes.get_mut(index(note.start)) {
            *class = within(note.pitch.into()) - 46;
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::Note;

    fn clip(notes: &[(Ticks, u8, Ticks)], length: Ticks) -> Clip {
        let note = |&(start, pitch, length): &(Ticks, u8, Ticks)| Note { start, pitch, length, velocity: 80 };
        Clip { notes: notes.iter().map(note).collect(), length, ..Clip::default() }
    }

    #[test]
    fn a_melody_reads_as_the_corpus_writes_it() {
        let take = clip(&[(0, 60, STEP), (STEP, 40, STEP), (3 * STEP, 90, 3 * STEP)], 6 * STEP);
        assert_eq!(melody(&take), [14, 6, 1, 32, 0, 0]);
    }

    #[test]
    fn grids_are_sixteenths_and_centiseconds() {
        let take = clip(&[(0, 60, 2 * TICKS_PER_QUARTER), (TICKS_PER_QUARTER, 64, 1)], 2 * TICKS_PER_QUARTER);
        let moments = in_centiseconds(&take);
        assert_eq!((moments.len(), moments[50].on.len(), moments[51].held.len()), (100, 1, 1));
        let moments = on_sixteenths(&take);
        assert_eq!((moments.len(), moments[4].on.len(), moments[7].held.len()), (8, 1, 1));
        assert!(moments.iter().all(|m| m.velocity == 0));
    }
}
