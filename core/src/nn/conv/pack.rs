//! Kernels of convolutions laid out the way they are read. Done once at load; any thread.
//!
//! One [`Phase`] for a plain layer; four after a doubling, one for each place in a square of the large image.
use super::image::GROUP;

/// Weights of one input channel of one tap for a group of outputs, on a cache line of its own.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Row(pub [[f32; 8]; 2]);

/// What gives the outputs at one place of every square.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    /// Where it writes, in a square of the large image.
    pub place: (usize, usize),
    /// Pixels that are read, relative to the upper left neighbour.
    pub taps: Vec<(usize, usize)>,
    /// `rows[(group * taps + tap) * inputs + input]`.
    pub rows: Vec<Row>,
}

/// The phases of a 3×3 kernel [3, 3, inputs, outputs] of which `weight(y, x, input, output)` tells a value.
pub(super) fn phases(
    inputs: usize,
    outputs: usize,
    doubled: bool,
    weight: impl Fn(usize, usize, usize, usize) -> f64,
) -> Vec<Phase> {
    let places: &[(usize, usize)] = if doubled { &[(0, 0), (0, 1), (1, 0), (1, 1)] } else { &[(0, 0)] };
    let phase = |&place: &(usize, usize)| {
        let side = if doubled { 2 } else { 3 };
        let tiles: Vec<(usize, usize)> = (0..side * side).map(|i| (i / side, i % side)).collect();
        let mut rows = Vec::with_capacity(outputs.div_ceil(GROUP) * tiles.len() * inputs);
        for group in (0..outputs).step_by(GROUP) {
            for &(y, x) in &tiles {
                let (ys, xs) =
                    if doubled { (summed(place.0, y), summed(place.1, x)) } else { (y..y + 1, x..x + 1) };
                for input in 0..inputs {
                    let value = |output: usize| {
                        let all = ys.clone().flat_map(|y| xs.clone().map(move |x| (y, x)));
                        all.map(|(y, x)| weight(y, x, input, output)).sum::<f64>() as f32
                    };
                    rows.push(Row(std::array::from_fn(|half| {
                        std::array::from_fn(|lane| {
                            let output = group + half * 8 + lane;
                            if output < outputs { value(output) } else { 0.0 }
                        })
                    })));
                }
            }
        }
        // The first of two neighbours is the left one for an even place, the pixel itself for an odd one.
        let taps = tiles.into_iter().map(|(y, x)| (y + place.0, x + place.1)).collect();
        Phase { place, taps, rows }
    };
    places.iter().map(phase).collect()
}

/// Which of three taps on the large image fall on the `tap`-th of two neighbours in the small one, along one axis, at an
/// even (0) or odd (1) place of the large one.
#[must_use]
pub fn summed(place: usize, tap: usize) -> std::ops::Range<usize> {
    match (place, tap) {
        (0, 0) => 0..1,
        (0, _) => 1..3,
        (_, 0) => 0..2,
        _ => 2..3,
    }
}
