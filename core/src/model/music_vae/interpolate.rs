//! Ways between latent vectors (spec vae 7): along the great circle, along the straight line, across a square.
//!
//! Any thread. Vectors of a space of many dimensions lie near a sphere, and so does the arc between them; the straight
//! line leaves it. Sine and angle are our own, of operations that every CPU rounds the same way. Deviation from the
//! original: where the arc is not defined (an end is zero, or the ends point the same or opposite ways) the line is taken
//! instead of numbers that are none.

/// Below this sine of the angle between the ends the line is taken.
const FLAT: f64 = 1e-6;

/// How vectors are mixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blend {
    /// Along the great circle, lengths along with it: what the original program does.
    #[default]
    Sphere,
    /// Along the straight line: what Magenta.js does.
    Line,
}

/// The vector at `t` (0 = `a`, 1 = `b`) on the great circle through two vectors; as long as the shorter one of them.
#[must_use]
pub fn slerp(a: &[f32], b: &[f32], t: f64) -> Vec<f32> {
    let [mut aa, mut bb] = [0.0_f64; 2];
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a), f64::from(b));
        aa = a.mul_add(a, aa);
        bb = b.mul_add(b, bb);
    }
    let (norm_a, norm_b) = (aa.sqrt(), bb.sqrt());
    // Half the angle from the difference and the sum of the directions: exact for near and for opposite ones alike.
    let [mut apart, mut together] = [0.0_f64; 2];
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) / norm_a, f64::from(b) / norm_b);
        apart = (a - b).mul_add(a - b, apart);
        together = (a + b).mul_add(a + b, together);
    }
    let angle = 2.0 * quarter_angle(apart.sqrt(), together.sqrt());
    let whole = sine(angle);
    // Where an end has no length there is no angle either.
    if whole.is_nan() || whole <= FLAT {
        return mix(a, b, 1.0 - t, t);
    }
    mix(a, b, sine((1.0 - t) * angle) / whole, sine(t * angle) / whole)
}

/// The vector at `t` between two vectors.
#[must_use]
pub fn blend(a: &[f32], b: &[f32], t: f64, how: Blend) -> Vec<f32> {
    match how {
        Blend::Sphere => slerp(a, b, t),
        Blend::Line => mix(a, b, 1.0 - t, t),
    }
}

/// `count` vectors from `a` to `b`, both included; only `a` if there is to be one.
#[must_use]
pub fn path(a: &[f32], b: &[f32], count: usize, how: Blend) -> Vec<Vec<f32>> {
    (0..count).map(|i| blend(a, b, share(i, count), how)).collect()
}

/// `width` × `height` vectors, row by row, between four corners: `corners[0]` is at the first column and row,
/// `corners[1]` at the first column and the last row, `corners[2]` at the last column and the first row.
#[must_use]
pub fn grid(corners: [&[f32]; 4], width: usize, height: usize, how: Blend) -> Vec<Vec<f32>> {
    let [first, below, right, last] = corners;
    let row = |y: usize| {
        let left = blend(first, below, share(y, height), how);
        let right = blend(right, last, share(y, height), how);
        path(&left, &right, width, how)
    };
    (0..height).flat_map(row).collect()
}

/// Where the `i`-th of `count` points lies between 0 and 1.
fn share(i: usize, count: usize) -> f64 {
    if count > 1 { i as f64 / (count - 1) as f64 } else { 0.0 }
}

fn mix(a: &[f32], b: &[f32], of_a: f64, of_b: f64) -> Vec<f32> {
    a.iter().zip(b).map(|(&a, &b)| f64::from(b).mul_add(of_b, f64::from(a) * of_a) as f32).collect()
}

/// The angle (0..=π/2) whose tangent is `y / x`, both at least 0; NaN for anything else.
fn quarter_angle(y: f64, x: f64) -> f64 {
    if y > x {
        return std::f64::consts::FRAC_PI_2 - quarter_angle(x, y);
    }
    // Halved three times, the angle is below 0.1, where few terms of the series are enough.
    let mut t = y / x;
    for _ in 0..3 {
        t /= 1.0 + t.mul_add(t, 1.0).sqrt();
    }
    let square = t * t;
    let series = (0..9).rev().fold(0.0, |sum: f64, n| {
        let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
        sum.mul_add(square, sign / f64::from(2 * n + 1))
    });
    8.0 * t * series
}

/// Sine of 0..=π.
fn sine(angle: f64) -> f64 {
    let angle = if angle > std::f64::consts::FRAC_PI_2 { std::f64::consts::PI - angle } else { angle };
    let square = angle * angle;
    let series = (1..11).rev().fold(1.0, |sum: f64, n| 1.0 - sum * square / f64::from(2 * n * (2 * n + 1)));
    angle * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sine_and_angle_are_those_of_the_library() {
        for i in 0..=1000 {
            let angle = std::f64::consts::PI * f64::from(i) / 1000.0;
            assert!((sine(angle) - angle.sin()).abs() < 1e-15, "{angle}");
            let (y, x) = ((angle / 2.0).sin(), (angle / 2.0).cos().max(0.0));
            assert!((quarter_angle(y, x) - y.atan2(x)).abs() < 1e-15, "{angle}");
        }
        assert!(quarter_angle(0.0, 0.0).is_nan());
    }

    #[test]
    fn halfway_on_a_right_angle_is_in_the_middle_of_the_arc() {
        let half = std::f32::consts::FRAC_1_SQRT_2;
        assert_eq!(slerp(&[1.0, 0.0], &[0.0, 1.0], 0.5), [half, half]);
        assert_eq!(slerp(&[2.0, 0.0], &[0.0, 1.0], 1.0 / 3.0), [2.0 * 0.866_025_4, 0.5]);
    }

    #[test]
    fn where_there_is_no_arc_the_line_is_taken() {
        assert_eq!(slerp(&[1.0, 2.0], &[1.0, 2.0], 0.3), [1.0, 2.0]);
        assert_eq!(slerp(&[1.0, 0.0], &[3.0, 0.0], 0.5), [2.0, 0.0]);
        assert_eq!(slerp(&[1.0, 0.0], &[-1.0, 0.0], 0.25), [0.5, 0.0]);
        assert_eq!(slerp(&[0.0, 0.0], &[4.0, -2.0], 0.5), [2.0, -1.0]);
        assert_eq!(slerp(&[0.0, 0.0], &[0.0, 0.0], 0.5), [0.0, 0.0]);
    }

    #[test]
    fn a_square_has_its_corners_where_they_belong() {
        let corners: [&[f32]; 4] = [&[0.0], &[1.0], &[10.0], &[11.0]];
        let square = grid(corners, 3, 2, Blend::Line);
        assert_eq!(square.concat(), [0.0, 5.0, 10.0, 1.0, 6.0, 11.0]);
        assert_eq!(grid(corners, 1, 1, Blend::Line).concat(), [0.0]);
        assert!(grid(corners, 0, 5, Blend::Sphere).is_empty());
    }

    proptest! {
        #[test]
        fn ways_are_finite_and_end_at_their_ends(
            ends in prop::collection::vec((-9.0f32..9.0, -9.0f32..9.0), 1..20),
            count in 2usize..6,
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = ends.into_iter().unzip();
            for how in [Blend::Sphere, Blend::Line] {
                let way = path(&a, &b, count, how);
                prop_assert_eq!(way.len(), count);
                prop_assert!(way.iter().flatten().all(|v| v.is_finite()));
                for (end, found) in [(&a, &way[0]), (&b, &way[count - 1])] {
                    let off = end.iter().zip(found).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
                    prop_assert!(off < 1e-5, "{:?} is not {:?}", found, end);
                }
            }
        }
    }
}
