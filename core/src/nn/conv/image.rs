//! [`Image`]: activations between layers. Any thread; memory only.
use std::ops::Range;

/// Floats to whose multiple channels are filled up with zeros.
pub(super) const GROUP: usize = 16;

/// An image [height × width × channels] inside a margin of zeros one pixel wide.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    height: usize,
    width: usize,
    channels: usize,
    pub(super) data: Vec<f32>,
}

impl Image {
    /// All zero.
    #[must_use]
    pub fn zeros(height: usize, width: usize, channels: usize) -> Self {
        let floats = (height + 2) * (width + 2) * channels.next_multiple_of(GROUP);
        Self { height, width, channels, data: vec![0.0; floats] }
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Pixels of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Values of a pixel.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Floats from one pixel to the next.
    pub(super) fn pixel_stride(&self) -> usize {
        self.channels.next_multiple_of(GROUP)
    }

    /// Floats from one row to the next.
    pub(super) fn row_stride(&self) -> usize {
        (self.width + 2) * self.pixel_stride()
    }

    /// The values of a pixel; none outside the image.
    #[must_use]
    pub fn pixel(&self, y: usize, x: usize) -> &[f32] {
        self.place(y, x).map_or(&[], |place| &self.data[place])
    }

    /// The values of a pixel, to be changed; none outside the image.
    pub fn pixel_mut(&mut self, y: usize, x: usize) -> &mut [f32] {
        self.place(y, x).map_or(&mut [], |place| &mut self.data[place])
    }

    fn place(&self, y: usize, x: usize) -> Option<Range<usize>> {
        let inside = y < self.height && x < self.width;
        inside.then(|| {
            let start = (y + 1) * self.row_stride() + (x + 1) * self.pixel_stride();
            start..start + self.channels
        })
    }

    /// The rows without those of the margin, margins at their ends included.
    pub(super) fn rows_mut(&mut self) -> &mut [f32] {
        let row = self.row_stride();
        let end = self.data.len() - row;
        &mut self.data[row..end]
    }
}
