//! TensorFlow's V2 checkpoint ("tensor bundle"): an index table, and data files that hold nothing but values.
//!
//! Worker thread or command line. Every tensor's checksum is checked. Memory: the index and what is wanted of the
//! data, none of which may be claimed twice.
use super::crc32c::{crc32c, masked};
use super::protobuf::Fields;
use super::slice_key::slice_key;
use super::slices::{Boxes, Slice};
use super::source::Source;
use super::table::Table;
use super::tensor_proto::{Dtype, Values, elements, shape};
use super::{CheckpointError, MAX_TENSORS, Variable, Watch};
use std::collections::BTreeMap;

/// Most bytes of names and entries together.
const MAX_INDEX_BYTES: usize = 32 << 20;
/// Most data files.
const MAX_SHARDS: u64 = 10_000;

fn damaged(what: &str) -> CheckpointError {
    CheckpointError::damaged(what)
}

/// The entry under the empty key.
#[derive(Debug, Default)]
struct Header {
    shards: u64,
    big_endian: bool,
}

impl Header {
    fn read(message: &[u8]) -> Result<Self, CheckpointError> {
        let mut header = Self::default();
        for field in Fields(message) {
            match field? {
                (1, value) => header.shards = value.varint()?,
                (2, value) => header.big_endian = value.varint()? == 1,
                (3, version) => {
                    for field in Fields(version.bytes()?) {
                        if let (2, needed) = field?
                            && needed.varint()? > 1
                        {
                            return Err(CheckpointError::Version);
                        }
                    }
                }
                _ => {}
            }
        }
        if (1..=MAX_SHARDS).contains(&header.shards) {
            Ok(header)
        } else {
            Err(damaged("it has no data files"))
        }
    }
}

/// Where a tensor lies.
#[derive(Debug, Default)]
struct Entry {
    dtype: Option<Dtype>,
    shape: Vec<u64>,
    shard: u64,
    offset: u64,
    size: u64,
    checksum: u32,
    slices: Vec<Slice>,
}

impl Entry {
    fn read(message: &[u8]) -> Result<Self, CheckpointError> {
        let mut entry = Self::default();
        for field in Fields(message) {
            match field? {
                (1, value) => entry.dtype = Dtype::from_number(value.varint()?),
                (2, value) => entry.shape = shape(value.bytes()?)?,
                (3, value) => entry.shard = value.varint()?,
                (4, value) => entry.offset = value.varint()?,
                (5, value) => entry.size = value.varint()?,
                (6, super::protobuf::Value::Fixed32(value)) => entry.checksum = value,
                (7, value) => entry.slices.push(Slice::from_message(value.bytes()?)?),
                _ => {}
            }
        }
        Ok(entry)
    }
}

/// Opens data file `i` of `n`.
pub(super) type OpenShard<'a> = &'a mut dyn FnMut(u64, u64) -> Result<Source, CheckpointError>;

/// The data files, opened when they are needed.
struct Data<'a> {
    header: Header,
    open: OpenShard<'a>,
    /// Files with how much of each has been claimed.
    shards: BTreeMap<u64, (Source, u64)>,
}

impl Data<'_> {
    /// The bytes of an entry, not yet read.
    fn claim(&mut self, entry: &Entry, dtype: Dtype) -> Result<Source, CheckpointError> {
        if elements(&entry.shape)?.checked_mul(dtype.size()) != Some(entry.size) {
            return Err(damaged("a tensor does not have as many bytes as its shape"));
        }
        if entry.shard >= self.header.shards {
            return Err(damaged("a tensor lies in a file that does not belong to it"));
        }
        if !self.shards.contains_key(&entry.shard) {
            let source = (self.open)(entry.shard, self.header.shards)?;
            self.shards.insert(entry.shard, (source, 0));
        }
        let outside = || damaged("a data file ends too early, or two tensors share their bytes");
        let (source, claimed) = self.shards.get_mut(&entry.shard).ok_or_else(outside)?;
        *claimed = claimed.checked_add(entry.size).filter(|&n| n <= source.len()).ok_or_else(outside)?;
        source.slice(entry.offset, entry.size).ok_or_else(outside)
    }

    fn values(&self, entry: &Entry, dtype: Dtype, bytes: &Source) -> Result<Values, CheckpointError> {
        let mut raw = bytes.read_all()?;
        if masked(crc32c(&raw)) != entry.checksum {
            return Err(CheckpointError::BlockChecksum);
        }
        if self.header.big_endian {
            raw.chunks_exact_mut(dtype.size() as usize).for_each(<[u8]>::reverse);
        }
        Ok(Values::from_raw(dtype, &raw))
    }
}

/// Reads the tensors whose names are `wanted`.
///
/// # Errors
/// [`CheckpointError::Damaged`], [`CheckpointError::Version`], errors of reading and of `open`, cancellation.
pub(super) fn read(
    index: Source,
    open: OpenShard<'_>,
    wanted: &dyn Fn(&str) -> bool,
    watch: &mut Watch<'_>,
) -> Result<Vec<Variable>, CheckpointError> {
    let mut header = None;
    let mut entries: BTreeMap<Vec<u8>, Entry> = BTreeMap::new();
    let mut bytes = 0;
    Table::open(index)?.for_each(&mut |key, value| {
        bytes += key.len() + value.len();
        if bytes > MAX_INDEX_BYTES || entries.len() == MAX_TENSORS {
            return Err(damaged("it has too many tensors"));
        }
        match key {
            [] => header = Some(Header::read(value)?),
            _ => {
                entries.insert(key.to_vec(), Entry::read(value)?);
            }
        }
        Ok(())
    })?;
    let header = header.ok_or_else(|| damaged("it has no list of its data files"))?;
    let mut data = Data { header, open, shards: BTreeMap::new() };
    let mut variables = Vec::new();
    // Slices have keys that begin with a zero byte.
    let named = entries.iter().filter(|(key, _)| key.first() != Some(&0));
    let count = named.clone().count();
    for (i, (key, entry)) in named.enumerate() {
        let name = std::str::from_utf8(key).map_err(|_| damaged("a name is no text"))?;
        let (Some(dtype), true) = (entry.dtype, wanted(name)) else { continue };
        let boxes = Boxes::new(entry.shape.clone(), dtype);
        let values = if entry.slices.is_empty() {
            let bytes = data.claim(entry, dtype)?;
            data.values(entry, dtype, &bytes)?
        } else {
            assemble(name, entry, boxes, &entries, &mut data)?
        };
        variables.push(Variable { name: name.into(), shape: entry.shape.clone(), values });
        watch.tick(i + 1, count)?;
    }
    Ok(variables)
}

/// Puts a partitioned variable together. All parts are claimed before anything of the size of the whole is.
fn assemble(
    name: &str,
    entry: &Entry,
    mut boxes: Boxes,
    entries: &BTreeMap<Vec<u8>, Entry>,
    data: &mut Data<'_>,
) -> Result<Values, CheckpointError> {
    let missing = || CheckpointError::damaged(format!("values of {name} are missing"));
    let mut parts = Vec::new();
    let mut sum = 0u64;
    for slice in &entry.slices {
        let part = entries.get(&slice_key(name, slice)).ok_or_else(missing)?;
        if part.dtype != Some(boxes.dtype()) || elements(&part.shape)? != boxes.count(slice)? {
            return Err(damaged("a tensor's parts do not fit it"));
        }
        sum = sum.saturating_add(boxes.count(slice)?);
        parts.push((slice, part, data.claim(part, boxes.dtype())?));
    }
    if sum != elements(&entry.shape)? {
        return Err(missing());
    }
    for (slice, part, bytes) in parts {
        boxes.put(slice, data.values(part, boxes.dtype(), &bytes)?)?;
    }
    boxes.finish().map(|(_, values)| values).ok_or_else(missing)
}
