//! TensorFlow's V1 checkpoint: one table whose values hold the tensors, or several of them (shards).
//!
//! Worker thread or command line. The first entry (under the empty key) lists all tensors; each other entry is one
//! tensor or a slice of one. Memory: one block and what is wanted of the file, at most eight bytes per byte of it.
use super::protobuf::{Fields, Value, put_bytes, put_number};
use super::slices::{Boxes, Slice};
use super::source::Source;
use super::table::{self, Table};
use super::tensor_proto::{Dtype, Values, elements, shape};
use super::{CheckpointError, MAX_TENSORS, Variable, Watch};
use crate::nn::Weights;
use std::collections::BTreeMap;

fn damaged(what: &str) -> CheckpointError {
    CheckpointError::damaged(what)
}

/// Whether a table's first value is the list of a V1 checkpoint.
pub(super) fn recognise(first: &[u8]) -> bool {
    matches!(Fields(first).next(), Some(Ok((1, Value::Bytes(_)))))
}

/// Reads the tensors whose names are `wanted`.
///
/// # Errors
/// [`CheckpointError::Damaged`], errors of reading, cancellation.
pub(super) fn read(
    shards: &[Source],
    wanted: &dyn Fn(&str) -> bool,
    watch: &mut Watch<'_>,
) -> Result<Vec<Variable>, CheckpointError> {
    let bytes = shards.iter().map(Source::len).sum();
    let mut tensors = BTreeMap::new();
    let mut tables = Vec::new();
    for shard in shards {
        let table = Table::open(shard.clone())?;
        match table.first()? {
            Some((key, list)) if key.is_empty() => read_list(&list, wanted, &mut tensors)?,
            _ => return Err(damaged("it has no list of its tensors")),
        }
        tables.push(table);
    }
    // An element takes a byte at least.
    let claimed = tensors.values().try_fold(0u64, |sum, boxes: &Boxes| {
        sum.checked_add(elements(boxes.shape()).ok()?).filter(|&sum| sum <= bytes)
    });
    claimed.ok_or_else(|| damaged("its tensors are larger than the file"))?;
    let mut parts = 0;
    for table in &tables {
        table.for_each(&mut |key, value| {
            if !key.is_empty() && read_data(value, &mut tensors)? {
                parts += 1;
                watch.tick(parts, tensors.len())?;
            }
            Ok(())
        })?;
    }
    let variable = |(name, boxes): (String, Boxes)| match boxes.finish() {
        Some((shape, values)) => Ok(Variable { name, shape, values }),
        None => Err(CheckpointError::damaged(format!("values of {name} are missing"))),
    };
    tensors.into_iter().map(variable).collect()
}

/// The list under the empty key.
fn read_list(
    message: &[u8],
    wanted: &dyn Fn(&str) -> bool,
    tensors: &mut BTreeMap<String, Boxes>,
) -> Result<(), CheckpointError> {
    for field in Fields(message) {
        let (1, list) = field? else { continue };
        for field in Fields(list.bytes()?) {
            let (1, entry) = field? else { continue };
            let (mut name, mut extents, mut dtype) = ("", Vec::new(), None);
            for field in Fields(entry.bytes()?) {
                match field? {
                    (1, value) => name = value.text()?,
                    (2, value) => extents = shape(value.bytes()?)?,
                    (3, value) => dtype = Dtype::from_number(value.varint()?),
                    _ => {}
                }
            }
            let (Some(dtype), true) = (dtype, wanted(name)) else { continue };
            let known = tensors.entry(name.into()).or_insert_with(|| Boxes::new(extents.clone(), dtype));
            if known.shape() != extents || known.dtype() != dtype {
                return Err(damaged("a tensor has two shapes"));
            }
            if tensors.len() > MAX_TENSORS {
                return Err(damaged("it has too many tensors"));
            }
        }
    }
    Ok(())
}

/// An entry with values; whether they were wanted.
fn read_data(message: &[u8], tensors: &mut BTreeMap<String, Boxes>) -> Result<bool, CheckpointError> {
    let (mut name, mut slice, mut data) = ("", Slice(Vec::new()), &[][..]);
    for field in Fields(message) {
        let (2, saved) = field? else { continue };
        for field in Fields(saved.bytes()?) {
            match field? {
                (1, value) => name = value.text()?,
                (2, value) => slice = Slice::from_message(value.bytes()?)?,
                (3, value) => data = value.bytes()?,
                _ => {}
            }
        }
    }
    let Some(boxes) = tensors.get_mut(name) else { return Ok(false) };
    boxes.put(&slice, Values::from_message(boxes.dtype(), data)?)?;
    Ok(true)
}

/// Writes tensors as 32-bit floats, each whole.
pub(super) fn write(weights: &Weights) -> Vec<u8> {
    const FLOAT: u64 = 1;
    let mut list = Vec::new();
    let mut entries = Vec::new();
    for (name, tensor) in weights.iter() {
        let mut extents = Vec::new();
        let mut slice = Vec::new();
        for &extent in &tensor.shape {
            let mut dim = Vec::new();
            put_number(&mut dim, 1, extent as u64);
            put_bytes(&mut extents, 2, &dim);
            put_bytes(&mut slice, 1, &[]);
        }
        let mut entry = Vec::new();
        put_bytes(&mut entry, 1, name.as_bytes());
        put_bytes(&mut entry, 2, &extents);
        put_number(&mut entry, 3, FLOAT);
        put_bytes(&mut entry, 4, &slice);
        put_bytes(&mut list, 1, &entry);

        let raw: Vec<u8> = tensor.to_f32().iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut data = Vec::new();
        put_bytes(&mut data, 5, &raw);
        let mut saved = Vec::new();
        put_bytes(&mut saved, 1, name.as_bytes());
        put_bytes(&mut saved, 2, &slice);
        put_bytes(&mut saved, 3, &data);
        let mut value = Vec::new();
        put_bytes(&mut value, 2, &saved);
        let whole = Slice(vec![(0, None); tensor.shape.len()]);
        entries.push((super::slice_key::slice_key(name, &whole), value));
    }
    // Version 1 of the list, which all readers take.
    put_bytes(&mut list, 2, &[0x08, 0x01]);
    let mut first = Vec::new();
    put_bytes(&mut first, 1, &list);
    entries.push((Vec::new(), first));
    entries.sort();
    table::write(&entries)
}
