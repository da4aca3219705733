//! [`Plane`]: an image inside a margin of zeros one pixel wide, pixel after pixel, so that three neighbours of a row are
//! one stretch of memory and a whole image is a matrix with overlapping rows. Any thread; memory only.

/// Values [height × width × channels] with their margin.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Rows without the margin.
    pub height: usize,
    /// Pixels of a row without the margin.
    pub width: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Values, margin included.
    pub data: Vec<f32>,
}

impl Plane {
    /// All zero.
    #[must_use]
    pub fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { height, width, channels, data: vec![0.0; (height + 2) * (width + 2) * channels] }
    }

    /// Values from one row to the next.
    #[must_use]
    pub fn row(&self) -> usize {
        (self.width + 2) * self.channels
    }

    /// Where the pixel (y, x) lies, counted with the margin.
    #[must_use]
    pub fn at(&self, y: usize, x: usize) -> usize {
        y * self.row() + x * self.channels
    }

    /// The rows inside the margin, without their own margins.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        let (row, inside) = (self.row(), self.width * self.channels);
        self.data[row..]
            .chunks_exact(row.max(1))
            .take(self.height)
            .map(move |r| &r[self.channels..][..inside])
    }

    /// The same, to be changed.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let (row, inside, channels) = (self.row(), self.width * self.channels, self.channels);
        let rows = self.data[row..].chunks_exact_mut(row.max(1)).take(self.height);
        rows.map(move |r| &mut r[channels..][..inside])
    }

    /// Makes the margin zero again.
    pub fn clear_margin(&mut self) {
        let (row, channels, height) = (self.row(), self.channels, self.height);
        self.data[..row].fill(0.0);
        for r in self.data[row..].chunks_exact_mut(row.max(1)).take(height) {
            r[..channels].fill(0.0);
            r[row - channels..].fill(0.0);
        }
        self.data[(height + 1) * row..].fill(0.0);
    }
}
