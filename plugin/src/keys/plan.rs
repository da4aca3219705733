//! Which zone is rendered next: that of the note just played, then outwards from what is being played, then where the morph
//! is going, then the rest of the keyboard, then the places beside.
//!
//! Pure; the worker asks after each zone.
use descant_core::sound::instrument::{Axes, POSITIONS, Position};

/// Zones that are kept at most. The rest of the pool is for those that are still being read after they were replaced.
pub const BUDGET: usize = 512;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// The pitch just played.
    pub played: u8,
    /// Pitches that are held, as bits.
    pub held: u128,
    /// Where the morph stands, and where it will be soon.
    pub point: (f32, f32),
    #[allow(missing_docs)]
    pub soon: (f32, f32),
    /// Where the morph leads anywhere.
    pub axes: Axes,
    /// Lowest and highest pitch that can be rendered.
    pub range: (u8, u8),
}

/// A zone to render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// On the grid.
    pub position: Position,
    /// MIDI pitch.
    pub pitch: u8,
    /// A note that sounds now lacks it: whatever else is being rendered must wait.
    pub urgent: bool,
}

/// The zone to render next, if any: `done` has the pitches of each position that are ready (or cannot be made).
#[must_use]
pub fn next(wanted: &Wanted, done: &[u128; POSITIONS]) -> Option<Next> {
    let lacks = |position: Position, pitch: u8| done[position.index()] >> pitch & 1 == 0;
    let find = |positions: &[Position], pitches: &mut dyn Iterator<Item = u8>, urgent: bool| {
        for pitch in pitches {
            if let Some(position) = positions.iter().copied().find(|&p| lacks(p, pitch)) {
                return Some(Next { position, pitch, urgent });
            }
        }
        None
    };
    let (low, high) = wanted.range;
    let held = wanted.held;
    let centre = wanted.played.clamp(low, high);
    // Keys beyond what is rendered need the last zone there is.
    let own =
        (0..128_u8).filter(|p| held >> p & 1 == 1).fold(1_u128 << centre, |b, p| b | 1 << p.clamp(low, high));
    let sounding = || outwards(centre, low, high).filter(move |p| own >> p & 1 == 1);
    let (here, soon) = (corners(wanted.axes, wanted.point), corners(wanted.axes, wanted.soon));
    find(&here, &mut sounding(), true)
        .or_else(|| find(&soon, &mut sounding(), false))
        .or_else(|| find(&here, &mut outwards(centre, low, high), false))
        .or_else(|| find(&soon, &mut outwards(centre, low, high), false))
        .or_else(|| {
            let beside = beside(wanted.axes, &here);
            find(&beside, &mut sounding(), false)
        })
}

/// A position to forget so that there is room for one more zone: the one furthest from the morph that holds any. `None` if
/// there is room, or nothing can be spared.
#[must_use]
pub fn spare(wanted: &Wanted, done: &[u128; POSITIONS]) -> Option<Position> {
    let count: u32 = done.iter().map(|bits| bits.count_ones()).sum();
    if (count as usize) < BUDGET {
        return None;
    }
    let needed = [corners(wanted.axes, wanted.point), corners(wanted.axes, wanted.soon)].concat();
    let away = |p: &Position| needed.iter().map(|n| n.distance(*p)).min().unwrap_or(0);
    Position::all().filter(|p| done[p.index()] != 0 && away(p) > 0).max_by_key(away)
}

/// The places around a point, the most audible first.
fn corners(axes: Axes, (x, y): (f32, f32)) -> Vec<Position> {
    let mut corners: Vec<(Position, f32)> = axes.corners(x, y).into_iter().filter(|c| c.1 > 0.0).collect();
    corners.sort_by(|a, b| b.1.total_cmp(&a.1));
    corners.into_iter().map(|c| c.0).collect()
}

/// The places beside these, on the axes that matter.
fn beside(axes: Axes, here: &[Position]) -> Vec<Position> {
    let on_axes = |p: &Position| {
        let (x, y) = p.place();
        (axes.x || x == 0.0) && (axes.y || y == 0.0)
    };
    Position::all().filter(|p| on_axes(p) && here.iter().any(|h| h.distance(*p) == 1)).collect()
}

/// All pitches, the nearest to `centre` first.
fn outwards(centre: u8, low: u8, high: u8) -> impl Iterator<Item = u8> {
    let centre = i16::from(centre);
    let away = (0..=127_i16)
        .flat_map(move |n| [centre - n, centre + n].into_iter().take(if n == 0 { 1 } else { 2 }));
    away.filter_map(|p| u8::try_from(p).ok()).filter(move |p| (low..=high).contains(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: Axes = Axes { x: true, y: false };

    fn wanted() -> Wanted {
        Wanted {
            played: 60,
            held: 0,
            point: (0.0, 0.0),
            soon: (0.0, 0.0),
            axes: Axes::default(),
            range: (24, 84),
        }
    }

    /// The first `count` zones that are rendered, by index of the position and pitch.
    fn order(wanted: &Wanted, count: usize) -> Vec<(usize, u8, bool)> {
        let mut done = [0; POSITIONS];
        let mut order = Vec::new();
        while let Some(n) = next(wanted, &done).filter(|_| order.len() < count) {
            done[n.position.index()] |= 1 << n.pitch;
            order.push((n.position.index(), n.pitch, n.urgent));
        }
        order
    }

    #[test]
    fn the_note_played_then_what_is_held_then_outwards() {
        let wanted = Wanted { held: 1 << 67 | 1 << 48, ..wanted() };
        let first =
            [(0, 60, true), (0, 67, true), (0, 48, true), (0, 59, false), (0, 61, false), (0, 58, false)];
        assert_eq!(order(&wanted, 6), first);
        assert_eq!(order(&wanted, 1_000).len(), 61, "the whole keyboard, and no more");
    }

    #[test]
    fn keys_beyond_the_model_need_its_last_note() {
        let wanted = Wanted { played: 100, held: 1 << 10, ..wanted() };
        assert_eq!(order(&wanted, 2), [(0, 84, true), (0, 24, true)]);
    }

    #[test]
    fn both_places_around_the_morph_the_louder_first_then_where_it_goes() {
        let wanted = Wanted { point: (0.3, 0.0), soon: (0.51, 0.0), axes: X, ..wanted() };
        let first = [(2, 60, true), (3, 60, true), (4, 60, false), (5, 60, false), (2, 59, false)];
        assert_eq!(order(&wanted, 5), first);
        let all = order(&wanted, 1_000);
        assert_eq!(all[all.len() - 1], (1, 60, false), "at last, what lies beside: {}", all.len());
    }

    #[test]
    fn what_is_furthest_is_spared() {
        let all = 0x1FFF_FFFF_FFFF_FFFF << 24;
        let wanted = Wanted { point: (0.0, 0.0), axes: X, ..wanted() };
        let mut done = [0; POSITIONS];
        (0..8).for_each(|p| done[p] = all);
        assert_eq!(spare(&wanted, &done), None, "488 zones");
        done[8] = all;
        assert_eq!(spare(&wanted, &done), Position::at(8));
        assert_eq!(spare(&Wanted { point: (1.0, 0.0), soon: (1.0, 0.0), ..wanted }, &done), Position::at(0));
    }
}
