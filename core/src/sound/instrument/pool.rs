//! [`Pool`]: the zones that there are, and which of them a note is made of.
//!
//! Belongs to the audio thread. It holds a fixed number of zones and frees none: what nobody needs any more comes out of
//! [`Pool::orphan`], for a worker to free. Until the first one comes a plain tone stands in for all. Voices name zones by their place here, so that nothing is counted across
//! threads.
use super::grid::{Axes, POSITIONS, Position};
use super::zone::Zone;
use std::sync::Arc;

/// Zones that it holds at most.
pub const PLACES: usize = 640;
/// MIDI pitches.
const PITCHES: usize = 128;
/// No place, and that of the tone that stands in.
const NONE: u16 = u16::MAX;
const STAND_IN: Place = Place(PLACES as u16);
/// How many semitones of repitching a step on the grid weighs as much as, and an instrument that is no longer chosen.
const STEP: u32 = 2;
const STALE: u32 = 12;

/// A zone in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u16);

#[derive(Debug, Default)]
struct Stored {
    zone: Option<Arc<Zone>>,
    /// Voices that read it.
    users: u16,
    /// Whether the table leads to it.
    listed: bool,
}

/// What a note is made of: zones and how much of each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    parts: [(Place, f32); 4],
    count: usize,
    /// Whether these are the very zones that were asked for.
    pub exact: bool,
}

impl Choice {
    pub(super) fn parts(&self) -> &[(Place, f32)] {
        &self.parts[..self.count]
    }

    fn add(&mut self, place: Place, share: f32) {
        if let Some(part) = self.parts[..self.count].iter_mut().find(|part| part.0 == place) {
            part.1 += share;
        } else if let Some(part) = self.parts.get_mut(self.count) {
            *part = (place, share);
            self.count += 1;
        }
    }
}

/// See the file's head.
#[derive(Debug)]
pub struct Pool {
    stored: Box<[Stored]>,
    free: Vec<u16>,
    orphans: Vec<u16>,
    table: Box<[[u16; PITCHES]]>,
    /// Pitches of each position: of the instruments chosen now, and of those before.
    fresh: Box<[u128]>,
    stale: Box<[u128]>,
    axes: Axes,
    lowest: u8,
    highest: u8,
    version: u64,
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Pool {
    /// With nothing but the plain tone. Allocates; nothing later does.
    #[must_use]
    pub fn new() -> Self {
        let stand_in = Stored { zone: Some(Arc::new(Zone::plain())), users: 0, listed: true };
        Self {
            stored: (0..PLACES).map(|_| Stored::default()).chain([stand_in]).collect(),
            free: (0..PLACES as u16).rev().collect(),
            orphans: Vec::with_capacity(PLACES),
            table: vec![[NONE; PITCHES]; POSITIONS].into(),
            fresh: vec![0; POSITIONS].into(),
            stale: vec![0; POSITIONS].into(),
            axes: Axes::default(),
            lowest: 0,
            highest: 127,
            version: 0,
        }
    }

    /// Other instruments were chosen, which are rendered from `lowest` to `highest`. What is here sounds on until theirs
    /// has come.
    pub fn renew(&mut self, axes: Axes, lowest: u8, highest: u8) {
        (self.axes, self.lowest, self.highest) = (axes, lowest.min(127), highest.clamp(lowest.min(127), 127));
        for (fresh, stale) in self.fresh.iter_mut().zip(&mut self.stale) {
            *stale |= std::mem::take(fresh);
        }
        self.version += 1;
    }

    /// A zone has come. `Err`: there is no room for it.
    ///
    /// # Errors
    /// The zone.
    pub fn insert(&mut self, position: Position, pitch: u8, zone: Arc<Zone>) -> Result<(), Arc<Zone>> {
        let (row, column) = (position.index(), usize::from(pitch.min(127)));
        let old = self.table[row][column];
        let Some(place) = self.free.pop() else { return Err(zone) };
        self.unlist(old);
        self.stored[usize::from(place)] = Stored { zone: Some(zone), users: 0, listed: true };
        self.table[row][column] = place;
        self.fresh[row] |= 1 << column;
        self.stale[row] &= !(1 << column);
        self.version += 1;
        Ok(())
    }

    /// The zones of a position are needed no more.
    pub fn forget(&mut self, position: Position) {
        let row = position.index();
        let all = std::mem::take(&mut self.fresh[row]) | std::mem::take(&mut self.stale[row]);
        self.unlist_all(row, all);
    }

    /// The instruments of before are needed no more.
    pub fn forget_stale(&mut self) {
        for row in 0..POSITIONS {
            let stale = std::mem::take(&mut self.stale[row]);
            self.unlist_all(row, stale);
        }
    }

    fn unlist_all(&mut self, row: usize, mut pitches: u128) {
        while pitches != 0 {
            let pitch = pitches.trailing_zeros() as usize;
            pitches &= pitches - 1;
            let place = std::mem::replace(&mut self.table[row][pitch], NONE);
            self.unlist(place);
        }
        self.version += 1;
    }

    fn unlist(&mut self, place: u16) {
        if let Some(stored) = self.stored.get_mut(usize::from(place)) {
            stored.listed = false;
            if stored.users == 0 {
                self.orphans.push(place);
            }
        }
    }

    /// The next zone that nobody needs.
    pub fn orphan(&mut self) -> Option<Arc<Zone>> {
        let place = self.orphans.pop()?;
        self.free.push(place);
        self.stored[usize::from(place)].zone.take()
    }

    /// A voice begins to read a zone.
    pub(super) fn take(&mut self, place: Place) {
        if let Some(stored) = self.stored.get_mut(usize::from(place.0)) {
            stored.users += 1;
        }
    }

    /// A voice has ceased to read a zone.
    pub(super) fn put_back(&mut self, place: Place) {
        if let Some(stored) = self.stored.get_mut(usize::from(place.0)) {
            stored.users -= 1;
            if stored.users == 0 && !stored.listed {
                self.orphans.push(place.0);
            }
        }
    }

    pub(super) fn zone(&self, place: Place) -> Option<&Zone> {
        self.stored.get(usize::from(place.0))?.zone.as_deref()
    }

    /// Counts on whenever another choice could come out.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Pitches of a position that are ready, as bits.
    #[must_use]
    pub fn ready(&self, position: Position) -> u128 {
        self.fresh[position.index()]
    }

    /// Zones that could be taken in.
    #[must_use]
    pub fn room(&self) -> usize {
        self.free.len()
    }

    /// Whether there is no zone but the plain tone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.free.len() + self.orphans.len() == PLACES
    }

    /// The pitch whose zone is wanted for `pitch`: itself, within what is rendered.
    #[must_use]
    pub fn own_pitch(&self, pitch: u8) -> u8 {
        pitch.clamp(self.lowest, self.highest)
    }

    /// What a note of `pitch` is made of at a point of the grid: never of nothing.
    #[must_use]
    pub fn choose(&self, pitch: u8, x: f32, y: f32) -> Choice {
        let pitch = self.own_pitch(pitch);
        let mut choice = Choice { parts: [(Place(NONE), 0.0); 4], count: 0, exact: true };
        for (position, share) in self.audible(x, y) {
            if self.fresh[position.index()] >> pitch & 1 == 1 {
                choice.add(Place(self.table[position.index()][usize::from(pitch)]), share);
            } else {
                choice.exact = false;
                choice.add(self.nearest(position, pitch).unwrap_or(STAND_IN), share);
            }
        }
        choice
    }

    /// The first zone that is wanted for a note of `pitch` and is not there.
    #[must_use]
    pub fn missing(&self, pitch: u8, x: f32, y: f32) -> Option<(Position, u8)> {
        let pitch = self.own_pitch(pitch);
        let missing = |p: &Position| self.fresh[p.index()] >> pitch & 1 == 0;
        self.audible(x, y).map(|(position, _)| position).find(missing).map(|position| (position, pitch))
    }

    fn audible(&self, x: f32, y: f32) -> impl Iterator<Item = (Position, f32)> {
        self.axes.corners(x, y).into_iter().filter(|c| c.1 > 0.0)
    }

    /// The zone that is most like the wanted one.
    fn nearest(&self, wanted: Position, pitch: u8) -> Option<Place> {
        let mut best: Option<(u32, Place)> = None;
        for position in Position::all() {
            let row = position.index();
            let away = STEP * u32::from(position.distance(wanted));
            for (pitches, cost) in [(self.fresh[row], away), (self.stale[row], away + STALE)] {
                let Some(found) = nearest_bit(pitches, pitch) else { continue };
                let cost = cost + u32::from(found.abs_diff(pitch));
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, Place(self.table[row][usize::from(found)])));
                }
            }
        }
        best.map(|(_, place)| place)
    }
}

/// The bit that is nearest to `wanted`, the lower one of two.
fn nearest_bit(bits: u128, wanted: u8) -> Option<u8> {
    if bits == 0 {
        return None;
    }
    let (below, above) = (bits << (127 - u32::from(wanted)), bits >> wanted);
    let down = below.leading_zeros() as u8;
    let up = above.trailing_zeros() as u8;
    match (below == 0, above == 0) {
        (true, _) => Some(wanted + up),
        (_, true) => Some(wanted - down),
        _ if up < down => Some(wanted + up),
        _ => Some(wanted - down),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::tone;
    use super::*;

    fn position(index: usize) -> Position {
        Position::at(index).expect("on the grid")
    }

    fn root(pool: &Pool, choice: &Choice, part: usize) -> Option<u8> {
        pool.zone(choice.parts().get(part)?.0).map(Zone::root)
    }

    #[test]
    fn the_nearest_bit() {
        let bits = 1 << 24 | 1 << 60 | 1 << 64 | 1 << 127;
        let found = [0, 24, 41, 43, 62, 63, 95, 96, 127].map(|p| nearest_bit(bits, p));
        assert_eq!(found, [24, 24, 24, 60, 60, 64, 64, 127, 127].map(Some));
        assert_eq!(nearest_bit(0, 5), None);
    }

    #[test]
    fn the_exact_zone_else_the_nearest_pitch() {
        let mut pool = Pool::new();
        let choice = pool.choose(67, 0.3, 0.3);
        assert!(pool.is_empty() && choice.parts() == [(STAND_IN, 1.0)] && !choice.exact, "{choice:?}");
        pool.renew(Axes::default(), 24, 84);
        pool.insert(Position::FIRST, 60, tone(60)).expect("room");
        let choice = pool.choose(67, 0.3, 0.3);
        assert_eq!((root(&pool, &choice, 0), choice.exact), (Some(60), false));
        assert_eq!(pool.missing(67, 0.0, 0.0), Some((Position::FIRST, 67)));
        pool.insert(Position::FIRST, 67, tone(67)).expect("room");
        let choice = pool.choose(67, 0.0, 0.0);
        assert_eq!((root(&pool, &choice, 0), choice.exact), (Some(67), true));
        assert_eq!(pool.missing(67, 0.0, 0.0), None);
        assert_eq!(
            pool.missing(100, 0.0, 0.0),
            Some((Position::FIRST, 84)),
            "beyond: the last that is rendered"
        );
    }

    #[test]
    fn between_two_places_both_are_heard() {
        let mut pool = Pool::new();
        pool.renew(Axes { x: true, y: false }, 24, 84);
        for index in [0, 1] {
            pool.insert(position(index), 60, tone(60)).expect("room");
        }
        let choice = pool.choose(60, 0.25 / 8.0, 0.0);
        let shares: Vec<f32> = choice.parts().iter().map(|p| p.1).collect();
        assert_eq!((shares, choice.exact), (vec![0.75, 0.25], true));
        // Where nothing is rendered yet the nearest place stands for both.
        let far = pool.choose(60, 0.55, 0.0);
        assert_eq!((far.parts().len(), far.exact, far.parts()[0].1), (1, false, 1.0));
    }

    #[test]
    fn the_old_instrument_is_heard_until_the_new_one_is_near_enough() {
        let mut pool = Pool::new();
        pool.insert(Position::FIRST, 60, tone(60)).expect("room");
        pool.renew(Axes::default(), 24, 84);
        let choice = pool.choose(60, 0.0, 0.0);
        assert_eq!((root(&pool, &choice, 0), choice.exact), (Some(60), false));
        pool.insert(Position::FIRST, 73, tone(73)).expect("room");
        assert_eq!(root(&pool, &pool.choose(60, 0.0, 0.0), 0), Some(60), "13 semitones are too many");
        pool.insert(Position::FIRST, 71, tone(71)).expect("room");
        assert_eq!(root(&pool, &pool.choose(60, 0.0, 0.0), 0), Some(71));
        pool.forget_stale();
        assert!(pool.orphan().is_some() && pool.orphan().is_none());
    }

    #[test]
    fn what_is_read_is_no_orphan() {
        let mut pool = Pool::new();
        pool.insert(Position::FIRST, 60, tone(60)).expect("room");
        let place = pool.choose(60, 0.0, 0.0).parts()[0].0;
        pool.take(place);
        pool.insert(Position::FIRST, 60, tone(60)).expect("room");
        pool.forget(Position::FIRST);
        assert!(pool.orphan().is_some() && pool.orphan().is_none());
        assert_eq!(pool.room(), PLACES - 1);
        pool.put_back(place);
        assert!(pool.orphan().is_some() && pool.is_empty());
        assert_eq!(pool.room(), PLACES);
    }

    #[test]
    fn a_full_pool_gives_the_zone_back() {
        let mut pool = Pool::new();
        let zone = tone(60);
        for index in 0..PLACES {
            pool.insert(position(index / 128), (index % 128) as u8, zone.clone()).expect("room");
        }
        assert!(pool.insert(position(80), 60, zone).is_err());
        pool.forget(position(0));
        while pool.orphan().is_some() {}
        assert_eq!(pool.room(), 128);
    }
}
