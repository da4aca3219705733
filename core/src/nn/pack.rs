//! Weight matrices laid out the way the kernels read them. Done once at load; any thread; no arithmetic.
//!
//! A matrix [rows, columns] that acts on row vectors becomes panels of 64 columns, each panel one straight
//! stream of rows: `panel[p][k][64]`. For an LSTM the 64 columns are 16 units × 4 gates, so that all gates of a
//! unit end up side by side and the activations need no shuffling. Missing columns are zeros, which keeps the
//! units they stand for at zero for ever.

use super::{Tensor, TensorData};
use half::f16;

/// Columns of a panel.
pub(super) const PANEL: usize = 64;
/// LSTM units of a panel (four gates each).
pub(super) const UNITS: usize = 16;

/// How packed weights are kept. Biases are always 32-bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// 32-bit: what the checkpoint says, to the bit.
    F32,
    /// 16-bit: half the memory and, as a step is bound by memory, about half the time.
    F16,
    /// Each tensor as it was stored: nothing is rounded that was not rounded before.
    #[default]
    AsStored,
}

/// One row of a panel, on cache lines of its own.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Row<T>(pub [[T; 8]; 8]);

/// The rows of all panels, panel after panel.
#[derive(Clone, Debug)]
pub(super) enum Panels {
    F32(Vec<Row<f32>>),
    F16(Vec<Row<f16>>),
}

/// A packed matrix.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    /// Inputs.
    pub rows: usize,
    /// Groups of 64 outputs.
    pub panels: usize,
    pub data: Panels,
}

/// Which column of the source a packed column shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Columns {
    /// As they are: this many.
    Plain(usize),
    /// Four blocks i, j, f, o of this many units → panels of 16 units, gates i, f, j, o.
    Gates(usize),
}

impl Columns {
    /// Number of panels.
    pub(super) fn panels(self) -> usize {
        match self {
            Self::Plain(columns) => columns.div_ceil(PANEL),
            Self::Gates(units) => units.div_ceil(UNITS),
        }
    }

    /// Columns of the source.
    pub(super) fn count(self) -> usize {
        match self {
            Self::Plain(columns) => columns,
            Self::Gates(units) => 4 * units,
        }
    }

    /// Source column of a packed column.
    fn source(self, packed: usize) -> Option<usize> {
        match self {
            Self::Plain(columns) => (packed < columns).then_some(packed),
            Self::Gates(units) => {
                let (panel, within) = (packed / PANEL, packed % PANEL);
                let unit = panel * UNITS + within % UNITS;
                // Packed gate order i, f, j, o from the checkpoint's i, j, f, o.
                let gate = [0, 2, 1, 3][within / UNITS];
                (unit < units).then_some(gate * units + unit)
            }
        }
    }
}

impl Matrix {
    /// Packs `tensor`, whose values are [rows, `columns.count()`] whatever its shape says.
    pub(super) fn pack(tensor: &Tensor, rows: usize, columns: Columns, storage: Storage) -> Self {
        let panels = columns.panels();
        let data = match (&tensor.data, storage) {
            (TensorData::F16(v), Storage::F16 | Storage::AsStored) => {
                Panels::F16(pack_rows(v, rows, columns, |x| x))
            }
            (TensorData::F16(v), Storage::F32) => Panels::F32(pack_rows(v, rows, columns, f16::to_f32)),
            (TensorData::F32(v), Storage::F32 | Storage::AsStored) => {
                Panels::F32(pack_rows(v, rows, columns, |x| x))
            }
            (TensorData::F32(v), Storage::F16) => Panels::F16(pack_rows(v, rows, columns, f16::from_f32)),
        };
        Self { rows, panels, data }
    }

    /// Bytes that one pass over the packed weights reads.
    pub(super) fn bytes(&self) -> usize {
        match &self.data {
            Panels::F32(rows) => size_of_val(rows.as_slice()),
            Panels::F16(rows) => size_of_val(rows.as_slice()),
        }
    }
}

impl Matrix {
    /// Bytes of one input's row.
    pub(super) fn row_bytes(&self) -> usize {
        self.bytes() / self.rows.max(1)
    }
}

fn pack_rows<A: Copy, B: Copy + Default>(
    values: &[A],
    rows: usize,
    columns: Columns,
    convert: impl Fn(A) -> B,
) -> Vec<Row<B>> {
    let mut packed = Vec::with_capacity(columns.panels() * rows);
    for panel in 0..columns.panels() {
        let sources: [Option<usize>; PANEL] = std::array::from_fn(|j| columns.source(panel * PANEL + j));
        for k in 0..rows {
            let row = &values[k * columns.count()..(k + 1) * columns.count()];
            packed.push(Row(std::array::from_fn(|a| {
                std::array::from_fn(|b| sources[a * 8 + b].map_or_else(B::default, |c| convert(row[c])))
            })));
        }
    }
    packed
}

/// Packs a bias vector like the columns of its matrix; `forget` is added to the forget gates of [`Columns::Gates`].
pub(super) fn pack_bias(tensor: Option<&Tensor>, columns: Columns, forget: f32) -> Vec<f32> {
    (0..columns.panels() * PANEL)
        .map(|packed| {
            let Some(source) = columns.source(packed) else { return 0.0 };
            let value = tensor.and_then(|t| t.get(source)).unwrap_or(0.0);
            match columns {
                Columns::Gates(units) if source / units == 2 => value + forget,
                _ => value,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_of_a_unit_land_side_by_side_and_missing_units_are_zero() {
        let units = 17;
        let source: Vec<f32> = (0..2 * 4 * units).map(|i| i as f32 + 1.0).collect();
        let matrix =
            Matrix::pack(&Tensor::f32([2, 4 * units], source), 2, Columns::Gates(units), Storage::F32);
        let Panels::F32(rows) = &matrix.data else { panic!("stored as 32-bit") };
        assert_eq!((matrix.panels, rows.len()), (2, 4));
        let at = |panel: usize, k: usize, gate: usize, lane: usize| {
            let j = gate * UNITS + lane;
            rows[panel * 2 + k].0[j / 8][j % 8]
        };
        let source =
            |k: usize, block: usize, unit: usize| (k * 4 * units + block * units + unit) as f32 + 1.0;
        assert_eq!(at(0, 1, 0, 5), source(1, 0, 5));
        assert_eq!(at(0, 1, 1, 5), source(1, 2, 5), "second packed gate is the forget gate");
        assert_eq!(at(0, 0, 2, 15), source(0, 1, 15), "third is the candidate");
        assert_eq!(at(1, 1, 3, 0), source(1, 3, 16));
        assert_eq!(at(1, 1, 3, 1), 0.0);
    }

    #[test]
    fn the_forget_bias_is_added_to_forget_gates_only() {
        let bias = pack_bias(Some(&Tensor::f32([4], vec![0.5, 1.5, 2.5, 3.5])), Columns::Gates(1), 1.0);
        assert_eq!([bias[0], bias[16], bias[32], bias[48]], [0.5, 3.5, 1.5, 3.5]);
        assert_eq!(bias[17], 0.0);
    }
}
