//! [`Grid`]: four instruments at the corners of a square, and the places between them that are rendered.
//!
//! Any thread. A at the top left, B at the top right, C and D below: x leads from A to B, y from A to C. Between two
//! instruments lies the great circle (spec audio 1.8); down the square, that between the two rows' vectors.
use crate::model::gansynth::slerp;

/// Places on each side.
const SIDE: u8 = 9;
/// Places in all.
pub const POSITIONS: usize = SIDE as usize * SIDE as usize;

/// A place of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u8);

impl Position {
    /// Instrument A.
    pub const FIRST: Self = Self(0);

    fn new(column: u8, row: u8) -> Self {
        Self(row.min(SIDE - 1) * SIDE + column.min(SIDE - 1))
    }

    /// Below [`POSITIONS`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The place with that index.
    #[must_use]
    pub fn at(index: usize) -> Option<Self> {
        u8::try_from(index).ok().filter(|&i| usize::from(i) < POSITIONS).map(Self)
    }

    /// All.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SIDE * SIDE).map(Self)
    }

    fn column_row(self) -> (u8, u8) {
        (self.0 % SIDE, self.0 / SIDE)
    }

    /// X and Y, 0..=1.
    #[must_use]
    pub fn place(self) -> (f32, f32) {
        let (column, row) = self.column_row();
        let share = |n: u8| f32::from(n) / f32::from(SIDE - 1);
        (share(column), share(row))
    }

    /// Steps from place to place.
    #[must_use]
    pub fn distance(self, other: Self) -> u8 {
        let ((a, b), (c, d)) = (self.column_row(), other.column_row());
        a.abs_diff(c) + b.abs_diff(d)
    }
}

/// Along which axes there is anything to hear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Axes {
    /// Morph X matters.
    pub x: bool,
    /// Morph Y matters.
    pub y: bool,
}

impl Axes {
    /// The four places around a point (0..=1 each) and how much of each is heard; the shares add up to 1. A place may come
    /// twice, then with nothing the second time.
    #[must_use]
    pub fn corners(self, x: f32, y: f32) -> [(Position, f32); 4] {
        let cell = |matters: bool, value: f32| {
            let value = if matters && value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
            let along = value * f32::from(SIDE - 1);
            let low = along.floor();
            (low as u8, along - low)
        };
        let ((column, right), (row, down)) = (cell(self.x, x), cell(self.y, y));
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(across, below)| {
            let share = |far: u8, share: f32| if far == 1 { share } else { 1.0 - share };
            (Position::new(column + across, row + below), share(across, right) * share(below, down))
        })
    }
}

/// The vectors at the places.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    rows: [[Vec<f64>; 2]; 2],
    axes: Axes,
}

impl Grid {
    /// Between slots A, B, C and D; `None` if all are empty. An empty slot is as its neighbour in the row, an empty row as
    /// the other one.
    #[must_use]
    pub fn new(slots: [Option<&[f32]>; 4]) -> Option<Self> {
        let wide = |z: Option<&[f32]>| z.map(|z| z.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>());
        let [a, b, c, d] = slots.map(wide);
        let x = (a.is_some() && b.is_some()) || (c.is_some() && d.is_some());
        let y = (a.is_some() || b.is_some()) && (c.is_some() || d.is_some());
        let row = |left: Option<Vec<f64>>, right: Option<Vec<f64>>| match (left, right) {
            (Some(left), Some(right)) => Some([left, right]),
            (Some(only), None) | (None, Some(only)) => Some([only.clone(), only]),
            (None, None) => None,
        };
        let rows = match (row(a, b), row(c, d)) {
            (Some(top), Some(bottom)) => [top, bottom],
            (Some(only), None) | (None, Some(only)) => [only.clone(), only],
            (None, None) => return None,
        };
        Some(Self { rows, axes: Axes { x, y } })
    }

    /// Where the morph leads anywhere.
    #[must_use]
    pub fn axes(&self) -> Axes {
        self.axes
    }

    /// The vector at a place.
    #[must_use]
    pub fn vector(&self, position: Position) -> Vec<f32> {
        let (x, y) = position.place();
        let [top, bottom] = [0, 1].map(|r| slerp(&self.rows[r][0], &self.rows[r][1], f64::from(x)));
        slerp(&top, &bottom, f64::from(y)).into_iter().map(|x| x as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: [f32; 2] = [3.0, 0.0];
    const B: [f32; 2] = [0.0, 3.0];

    #[test]
    fn corners_are_the_slots_and_between_lies_the_circle() {
        let grid = Grid::new([Some(&A), Some(&B), None, None]).expect("two slots");
        assert_eq!(grid.axes(), Axes { x: true, y: false });
        let at = |column| grid.vector(Position::new(column, 0));
        let close = |z: Vec<f32>, x: f32, y: f32| (z[0] - x).abs() < 1e-6 && (z[1] - y).abs() < 1e-6;
        assert!(close(at(0), 3.0, 0.0) && close(at(8), 0.0, 3.0));
        assert!(close(at(4), 3.0 * 0.5_f32.sqrt(), 3.0 * 0.5_f32.sqrt()));
        assert_eq!(grid.vector(Position::new(4, 8)), at(4), "the empty row is as the other");
    }

    #[test]
    fn empty_slots_are_as_their_neighbours() {
        let grid = Grid::new([None, Some(&B), Some(&A), None]).expect("two slots");
        assert_eq!(grid.axes(), Axes { x: false, y: true });
        assert_eq!(grid.vector(Position::FIRST), B);
        assert_eq!(Grid::new([None; 4]), None);
    }

    #[test]
    fn a_quarter_past_a_place() {
        let axes = Axes { x: true, y: false };
        let corners = axes.corners(0.25 / 8.0, 0.7);
        assert_eq!(corners.map(|c| c.1), [0.75, 0.25, 0.0, 0.0]);
        assert_eq!((corners[0].0, corners[1].0), (Position(0), Position(1)));
        assert_eq!(Axes::default().corners(0.9, 0.9)[0], (Position::FIRST, 1.0));
    }

    proptest! {
        #[test]
        fn shares_add_up(x in -1.0_f32..2.0, y in -1.0_f32..2.0, both in 0..4_u8) {
            let axes = Axes { x: both & 1 == 1, y: both & 2 == 2 };
            let corners = axes.corners(x, y);
            let sum: f32 = corners.iter().map(|c| c.1).sum();
            prop_assert!((sum - 1.0).abs() < 1e-5 && corners.iter().all(|c| c.1 >= 0.0));
            for (i, a) in corners.iter().enumerate() {
                prop_assert!(corners[..i].iter().all(|b| b.0 != a.0 || a.1 == 0.0));
            }
        }
    }
}
