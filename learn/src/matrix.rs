//! Dense f32 products on plain slices, and the vectorised scalar functions of the training kernels.
//!
//! The products run on the `gemm` crate; this file is the only place of the crate with `unsafe`, and every pointer
//! is covered by a bounds check made from the shapes. Runs on the thread that trains. Never used by the note path:
//! its results may differ in the last bits between processors, which training tolerates and generation would not.

/// A read-only matrix view: element `(r, c)` lies at `r * row_stride + c * col_stride`.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Mat<'a> {
    /// Row-major `rows × cols` over the front of `data`.
    ///
    /// # Panics
    /// If `data` is shorter than `rows * cols`.
    #[must_use]
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert!(data.len() >= rows * cols, "matrix view longer than its data");
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// `rows × cols` over `data`, one row beginning `stride` values after the one before: rows may overlap.
    ///
    /// # Panics
    /// If the last row ends after `data` does.
    #[must_use]
    pub fn strided(data: &'a [f32], rows: usize, cols: usize, stride: usize) -> Self {
        assert!(rows == 0 || data.len() >= (rows - 1) * stride + cols, "matrix view longer than its data");
        Self { data, rows, cols, row_stride: stride, col_stride: 1 }
    }

    /// The transposed view.
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// `dst = a · b`, or `dst += a · b` with `accumulate`; `dst` is row-major `a.rows × b.cols`.
///
/// # Panics
/// If the shapes do not fit.
pub fn product(dst: &mut [f32], a: Mat<'_>, b: Mat<'_>, accumulate: bool) {
    product_strided(dst, b.cols, a, b, accumulate);
}

/// [`product`] where a row of `dst` begins `stride` values after the one before; what lies between rows stays.
///
/// # Panics
/// If the shapes do not fit.
pub fn product_strided(dst: &mut [f32], stride: usize, a: Mat<'_>, b: Mat<'_>, accumulate: bool) {
    assert_eq!(a.cols, b.rows, "inner dimensions differ");
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert!(stride >= n && (m == 0 || dst.len() >= (m - 1) * stride + n), "destination too short");
    // SAFETY: `Mat` views lie inside their slices by construction (all rows and columns at the stated strides), `dst`
    // holds m rows of n elements at `stride`, was just checked, and is borrowed mutably, so it cannot overlap the
    // operands.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            dst.as_mut_ptr(),
            1,
            stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Runs `f` compiled for the widest vector unit of this processor. `f` and all it calls must be `#[inline(always)]`.
#[inline]
pub fn vectorised<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// `e^x` with an absolute error near 1e-7 of the value; branch-free, so loops over it vectorise.
#[inline(always)]
#[must_use]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5·2^23 rounds to the nearest integer and leaves that integer in the low mantissa bits.
    const SHIFT: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    let scale = f32::from_bits((shifted.to_bits().wrapping_sub(SHIFT.to_bits()).wrapping_add(127)) << 23);
    p * scale
}

/// Logistic function.
#[inline(always)]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent, absolute error near 1e-7.
#[inline(always)]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    2.0 / (1.0 + exp(-2.0 * x)) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_views_match_the_definition() {
        let a: Vec<f32> = (0..6).map(|v| v as f32 - 2.0).collect();
        let b: Vec<f32> = (0..12).map(|v| (v * v) as f32 * 0.25).collect();
        let mut dst = vec![1.0; 8];
        product(&mut dst, Mat::new(&a, 2, 3), Mat::new(&b, 3, 4), true);
        let mut twice = vec![0.0; 8];
        product(&mut twice, Mat::new(&a, 3, 2).t(), Mat::new(&b, 4, 3).t(), false);
        for r in 0..2 {
            for c in 0..4 {
                let plain: f32 = (0..3).map(|k| a[r * 3 + k] * b[k * 4 + c]).sum();
                assert!((dst[r * 4 + c] - plain - 1.0).abs() < 1e-5);
                let turned: f32 = (0..3).map(|k| a[k * 2 + r] * b[c * 3 + k]).sum();
                assert!((twice[r * 4 + c] - turned).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn scalar_functions_stay_close_to_f64() {
        for i in -4000..4000 {
            let x = i as f32 * 0.005;
            let d = f64::from(x);
            assert!((f64::from(exp(x)) / d.exp() - 1.0).abs() < 3e-7, "exp({x})");
            assert!((f64::from(tanh(x)) - d.tanh()).abs() < 3e-7, "tanh({x})");
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-d).exp())).abs() < 2e-7, "sigmoid({x})");
        }
        assert!(exp(-1000.0) < 1e-37 && exp(1000.0).is_finite());
    }
}
