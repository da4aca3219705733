//! How alike two sets of windows are in one property: overlapping area and divergence of distance distributions.
//! Pure; any thread.

use super::Random;

/// Distances looked at per set; more only cost time.
const DISTANCES: usize = 4000;
/// Points of the density estimate.
const GRID: usize = 400;

/// Likeness of two sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Area under both densities, 0 to 1.
    pub area: f64,
    /// Kullback-Leibler divergence of the two densities in nats.
    pub divergence: f64,
}

/// Compares the distances within `a` (all pairs) with the distances between `a` and `b`, each estimated by a
/// Gaussian kernel density on one grid from 0 to 1.1 × the largest distance; of more than 4,000 distances that many
/// are drawn. Distances are Euclidean. Bandwidth: `max(sd, 0.001 · largest) · n^(-1/5)`.
///
/// Sets with fewer than two values compare as unlike (area 0).
#[must_use]
pub fn overlap(a: &[Vec<f64>], b: &[Vec<f64>], seed: u64) -> Overlap {
    if a.len() < 2 || b.is_empty() {
        return Overlap { area: 0.0, divergence: f64::INFINITY };
    }
    let mut intra = Vec::with_capacity(a.len() * (a.len() - 1) / 2);
    for (i, x) in a.iter().enumerate() {
        intra.extend(a[i + 1..].iter().map(|y| distance(x, y)));
    }
    let inter: Vec<f64> = a.iter().flat_map(|x| b.iter().map(|y| distance(x, y))).collect();
    let mut random = Random::new(seed);
    let mut some = |all: &[f64]| -> Vec<f64> {
        random.choose(all.len(), DISTANCES).into_iter().map(|i| all[i]).collect()
    };
    let (intra, inter) = (some(&intra), some(&inter));
    let largest = intra.iter().chain(&inter).copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Overlap { area: 1.0, divergence: 0.0 };
    }
    let dx = 1.1 * largest / (GRID - 1) as f64;
    let (p, q) = (density(&intra, largest, dx), density(&inter, largest, dx));
    let area = p.iter().zip(&q).map(|(p, q)| p.min(*q)).sum::<f64>() * dx;
    let divergence = p.iter().zip(&q).map(|(p, q)| p * ((p + 1e-9) / (q + 1e-9)).ln()).sum::<f64>() * dx;
    Overlap { area, divergence }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()
}

fn density(distances: &[f64], largest: f64, dx: f64) -> Vec<f64> {
    let n = distances.len() as f64;
    let mean = distances.iter().sum::<f64>() / n;
    let deviation = (distances.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / n).sqrt();
    let h = deviation.max(0.001 * largest) * n.powf(-0.2);
    let scale = 1.0 / (n * h * std::f64::consts::TAU.sqrt());
    let mut density = vec![0.0; GRID];
    for &d in distances {
        // Beyond six bandwidths a kernel adds less than 1e-8 of its height.
        let first = ((d - 6.0 * h) / dx).max(0.0) as usize;
        let last = (((d + 6.0 * h) / dx) as usize).min(GRID - 1);
        for (i, sum) in density.iter_mut().enumerate().take(last + 1).skip(first) {
            let z = (i as f64 * dx - d) / h;
            *sum += scale * (-0.5 * z * z).exp();
        }
    }
    density
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(n: usize, mean: f64, seed: u64) -> Vec<Vec<f64>> {
        let mut random = Random::new(seed);
        let mut unit = || random.below(1 << 30) as f64 / (1_u64 << 30) as f64;
        (0..n).map(|_| vec![mean + (0..12).map(|_| unit()).sum::<f64>() - 6.0]).collect()
    }

    #[test]
    fn two_draws_of_one_distribution_overlap_and_distant_ones_do_not() {
        let a = normal(160, 0.0, 1);
        let same = overlap(&a, &normal(160, 0.0, 2), 7);
        let shifted = overlap(&a, &normal(160, 1.5, 3), 7);
        let far = overlap(&a, &normal(160, 30.0, 4), 7);
        assert!(same.area > 0.93 && same.divergence < 0.02, "{same:?}");
        assert!(shifted.area < same.area - 0.1, "{shifted:?}");
        assert!(far.area < 0.01 && far.divergence > 5.0, "{far:?}");
    }

    #[test]
    fn densities_integrate_to_one() {
        let distances: Vec<f64> = (0..500).map(|i| 3.0 + f64::from(i % 40) / 10.0).collect();
        let dx = 1.1 * 6.9 / 399.0;
        let area = density(&distances, 6.9, dx).iter().sum::<f64>() * dx;
        assert!((area - 1.0).abs() < 0.02, "{area}");
    }

    #[test]
    fn a_seed_gives_one_answer_and_degenerate_sets_give_an_answer() {
        let (a, b) = (normal(160, 0.0, 5), normal(160, 0.2, 6));
        assert_eq!(overlap(&a, &b, 1), overlap(&a, &b, 1));
        assert_eq!(overlap(&a[..1], &b, 1).area, 0.0);
        let flat = vec![vec![2.0]; 4];
        assert_eq!(overlap(&flat, &flat, 1).area, 1.0);
    }
}
