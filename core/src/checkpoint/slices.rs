//! Slices: boxes of a tensor that are stored apart, as partitioned variables are.
//!
//! Worker thread or command line. [`Boxes`] puts them together again and sees to it that they cover every element
//! exactly once.
use super::CheckpointError;
use super::protobuf::Fields;
use super::tensor_proto::{Dtype, Values, elements};

/// Most slices of one tensor.
const MAX_SLICES: usize = 1024;

fn damaged(what: &str) -> CheckpointError {
    CheckpointError::damaged(format!("a tensor's parts {what}"))
}

/// A part as a TensorSliceProto says it: start and length per axis, no length for the whole axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice(pub(super) Vec<(u64, Option<u64>)>);

impl Slice {
    /// Reads a TensorSliceProto.
    pub(super) fn from_message(message: &[u8]) -> Result<Self, CheckpointError> {
        let mut extents = Vec::new();
        for field in Fields(message) {
            if let (1, extent) = field? {
                let (mut start, mut length) = (0, None);
                for field in Fields(extent.bytes()?) {
                    match field? {
                        (1, value) => start = value.varint()?,
                        (2, value) => length = Some(value.varint()?),
                        _ => {}
                    }
                }
                if extents.len() == 8 {
                    return Err(damaged("have too many axes"));
                }
                extents.push((start, length));
            }
        }
        Ok(Self(extents))
    }

    /// Start and length per axis inside `shape`.
    fn within(&self, shape: &[u64]) -> Result<Vec<(u64, u64)>, CheckpointError> {
        if self.0.len() != shape.len() {
            return Err(damaged("have another number of axes than it"));
        }
        let inside = |(&(start, length), &extent): (&(u64, Option<u64>), &u64)| {
            let length = length.or(if start == 0 { Some(extent) } else { None })?;
            let end = start.checked_add(length)?;
            (end <= extent).then_some((start, length))
        };
        let all: Option<Vec<_>> = self.0.iter().zip(shape).map(inside).collect();
        all.ok_or_else(|| damaged("lie outside it"))
    }
}

/// A tensor while it is put together.
#[derive(Debug)]
pub(super) struct Boxes {
    shape: Vec<u64>,
    dtype: Dtype,
    values: Option<Values>,
    filled: Vec<Vec<(u64, u64)>>,
}

impl Boxes {
    /// Nothing yet; allocates nothing before the first part.
    pub(super) fn new(shape: Vec<u64>, dtype: Dtype) -> Self {
        Self { shape, dtype, values: None, filled: Vec::new() }
    }

    pub(super) fn shape(&self) -> &[u64] {
        &self.shape
    }

    pub(super) fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Number of elements that `slice` has.
    pub(super) fn count(&self, slice: &Slice) -> Result<u64, CheckpointError> {
        let lengths: Vec<u64> = slice.within(&self.shape)?.iter().map(|&(_, length)| length).collect();
        elements(&lengths)
    }

    /// Adds a part.
    ///
    /// # Errors
    /// [`CheckpointError::Damaged`] when it does not fit or an element was there already.
    pub(super) fn put(&mut self, slice: &Slice, part: Values) -> Result<(), CheckpointError> {
        let place = slice.within(&self.shape)?;
        if self.count(slice)? != part.len() as u64 {
            return Err(damaged("do not have as many values as their shape"));
        }
        let apart = |other: &Vec<(u64, u64)>| {
            other.iter().zip(&place).any(|(a, b)| a.0 + a.1 <= b.0 || b.0 + b.1 <= a.0)
        };
        if self.filled.len() >= MAX_SLICES || !self.filled.iter().all(apart) {
            return Err(damaged("overlap"));
        }
        let whole = place.iter().zip(&self.shape).all(|(&(_, length), &extent)| length == extent);
        if whole {
            self.values = Some(part);
        } else if part.len() > 0 {
            let total = usize::try_from(elements(&self.shape)?).map_err(|_| damaged("lie outside it"))?;
            let into = self.values.get_or_insert_with(|| Values::zeros(self.dtype, total));
            match (into, part) {
                (Values::Floats(into), Values::Floats(part)) => copy(into, &self.shape, &place, &part),
                (Values::Integers(into), Values::Integers(part)) => copy(into, &self.shape, &place, &part),
                _ => return Err(damaged("are of different types")),
            }
        }
        self.filled.push(place);
        Ok(())
    }

    /// The whole tensor: `None` if a part is missing.
    pub(super) fn finish(self) -> Option<(Vec<u64>, Values)> {
        let mut filled = 0;
        for place in &self.filled {
            let lengths: Vec<u64> = place.iter().map(|&(_, length)| length).collect();
            filled += elements(&lengths).ok()?;
        }
        if filled != elements(&self.shape).ok()? {
            return None;
        }
        let values = self.values.unwrap_or_else(|| Values::zeros(self.dtype, 0));
        Some((self.shape, values))
    }
}

/// Copies `part`, row-major, into the box `place` of `into`.
fn copy<T: Copy>(into: &mut [T], shape: &[u64], place: &[(u64, u64)], part: &[T]) {
    // All indices lie inside `into`, so that they fit.
    let row = place.last().map_or(1, |&(_, length)| length as usize).max(1);
    for (number, values) in part.chunks_exact(row).enumerate() {
        let (mut rest, mut at, mut stride) = (number * row, 0, 1);
        for (&(start, length), &extent) in place.iter().zip(shape).rev() {
            at += (start as usize + rest % length as usize) * stride;
            rest /= length as usize;
            stride *= extent as usize;
        }
        into[at..at + row].copy_from_slice(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(extents: &[(u64, u64)]) -> Slice {
        Slice(extents.iter().map(|&(start, length)| (start, Some(length))).collect())
    }

    #[test]
    fn quarters_make_a_whole() {
        let mut boxes = Boxes::new(vec![3, 4], Dtype::I64);
        for (place, values) in [
            ([(0, 2), (0, 3)], vec![0, 1, 2, 4, 5, 6]),
            ([(2, 1), (0, 3)], vec![8, 9, 10]),
            ([(0, 2), (3, 1)], vec![3, 7]),
            ([(2, 1), (3, 1)], vec![11]),
        ] {
            boxes.put(&slice(&place), Values::Integers(values)).expect("fits");
        }
        let whole = boxes.finish().expect("is whole");
        assert_eq!(whole, (vec![3, 4], Values::Integers((0..12).collect())));
    }

    #[test]
    fn holes_overlaps_and_strays_are_noticed() {
        let mut boxes = Boxes::new(vec![4], Dtype::F32);
        boxes.put(&slice(&[(0, 2)]), Values::Floats(vec![1.0, 2.0])).expect("fits");
        assert!(boxes.put(&slice(&[(1, 2)]), Values::Floats(vec![1.0, 2.0])).is_err(), "overlaps");
        assert!(boxes.put(&slice(&[(3, 2)]), Values::Floats(vec![1.0, 2.0])).is_err(), "sticks out");
        assert!(boxes.put(&slice(&[(u64::MAX, 2)]), Values::Floats(vec![1.0, 2.0])).is_err(), "overflows");
        assert!(boxes.put(&slice(&[(2, 2)]), Values::Floats(vec![1.0])).is_err(), "is too short");
        assert!(boxes.put(&Slice(vec![]), Values::Floats(vec![1.0])).is_err(), "has no axis");
        assert!(boxes.finish().is_none(), "has a hole");
    }

    #[test]
    fn scalars_and_empty_tensors_are_whole() {
        let mut scalar = Boxes::new(vec![], Dtype::F32);
        scalar.put(&Slice(vec![]), Values::Floats(vec![2.5])).expect("fits");
        assert_eq!(scalar.finish(), Some((vec![], Values::Floats(vec![2.5]))));
        let empty = Boxes::new(vec![0, 3], Dtype::F32);
        assert_eq!(empty.finish(), Some((vec![0, 3], Values::Floats(vec![]))));
    }
}
