//! The table file (SSTable) under both kinds of TensorFlow checkpoint: sorted keys with values, in blocks.
//!
//! Worker thread or command line. Layout: footer → index block → data blocks. Every block's checksum is checked.
//! Blocks must follow each other without overlap, so that a walk never costs more than the file is long.
use super::CheckpointError;
use super::crc32c::{crc32c, masked};
use super::protobuf::{put_varint, varint};
use super::snappy;
use super::source::Source;

const MAGIC: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();
const FOOTER: u64 = 48;
/// Compression type and checksum after each block.
const TRAILER: u64 = 5;
/// Longest key: names of variables are far shorter.
pub(super) const MAX_KEY_BYTES: usize = 4096;

fn damaged(what: &str) -> CheckpointError {
    CheckpointError::damaged(format!("its table {what}"))
}

/// A key with its value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// Where a block lies.
#[derive(Clone, Copy, Debug)]
struct Handle {
    offset: u64,
    size: u64,
}

impl Handle {
    fn take(bytes: &mut &[u8]) -> Result<Self, CheckpointError> {
        Ok(Self { offset: varint(bytes)?, size: varint(bytes)? })
    }

    fn end(self) -> Result<u64, CheckpointError> {
        let end = self.offset.checked_add(self.size).and_then(|end| end.checked_add(TRAILER));
        end.ok_or_else(|| damaged("has an impossible block"))
    }
}

/// An opened table.
#[derive(Debug)]
pub(super) struct Table {
    source: Source,
    blocks: Vec<Handle>,
}

impl Table {
    /// Whether the bytes end like a table.
    pub(super) fn recognise(source: &Source) -> Result<bool, CheckpointError> {
        let Some(at) = source.len().checked_sub(FOOTER) else { return Ok(false) };
        Ok(source.read(at + FOOTER - 8, 8)? == MAGIC)
    }

    /// Reads footer and index.
    ///
    /// # Errors
    /// [`CheckpointError::Damaged`] and errors of reading.
    pub(super) fn open(source: Source) -> Result<Self, CheckpointError> {
        let at = source.len().checked_sub(FOOTER).ok_or_else(|| damaged("is too short"))?;
        let footer = source.read(at, FOOTER)?;
        let mut handles = footer.strip_suffix(&MAGIC).ok_or_else(|| damaged("has no end mark"))?;
        Handle::take(&mut handles)?;
        let index = Handle::take(&mut handles)?;
        let mut blocks: Vec<Handle> = Vec::new();
        let mut from = 0;
        Block::read(&source, index)?.for_each(&mut Vec::new(), &mut |_, mut value| {
            let handle = Handle::take(&mut value)?;
            if handle.offset < from || handle.end()? > index.offset {
                return Err(damaged("has blocks that overlap"));
            }
            from = handle.end()?;
            blocks.push(handle);
            Ok(())
        })?;
        Ok(Self { source, blocks })
    }

    /// Calls `visit(key, value)` for every entry, in the order of the keys, with one block in memory at a time.
    ///
    /// # Errors
    /// [`CheckpointError::Damaged`] and errors of reading, and those of `visit`.
    pub(super) fn for_each(&self, visit: Visit<'_>) -> Result<(), CheckpointError> {
        let mut last: Vec<u8> = Vec::new();
        let mut first = true;
        for &handle in &self.blocks {
            Block::read(&self.source, handle)?.for_each(&mut Vec::new(), &mut |key, value| {
                if !first && key <= last.as_slice() {
                    return Err(damaged("has keys out of order"));
                }
                first = false;
                last.clear();
                last.extend_from_slice(key);
                visit(key, value)
            })?;
        }
        Ok(())
    }

    /// The first entry, if there is one.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub(super) fn first(&self) -> Result<Option<Entry>, CheckpointError> {
        let Some(&handle) = self.blocks.first() else { return Ok(None) };
        let mut found = None;
        Block::read(&self.source, handle)?.for_each(&mut Vec::new(), &mut |key, value| {
            if found.is_none() {
                found = Some((key.to_vec(), value.to_vec()));
            }
            Ok(())
        })?;
        Ok(found)
    }
}

type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<(), CheckpointError>;

/// The contents of a block.
struct Block {
    bytes: Vec<u8>,
    /// Where the entries end and the restart offsets begin.
    end: usize,
}

impl Block {
    fn read(source: &Source, handle: Handle) -> Result<Self, CheckpointError> {
        handle.end()?;
        let mut bytes = source.read(handle.offset, handle.size + TRAILER)?;
        let stored = bytes.split_off(bytes.len() - 4);
        if masked(crc32c(&bytes)).to_le_bytes() != stored[..] {
            return Err(CheckpointError::BlockChecksum);
        }
        match bytes.pop() {
            Some(0) => {}
            Some(1) => bytes = snappy::unpack(&bytes)?,
            _ => return Err(damaged("is compressed in an unknown way")),
        }
        let end = bytes.split_last_chunk::<4>().and_then(|(rest, count)| {
            let restarts = usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(4)?;
            rest.len().checked_sub(restarts)
        });
        let end = end.ok_or_else(|| damaged("has a block without an end"))?;
        Ok(Self { bytes, end })
    }

    fn for_each(&self, key: &mut Vec<u8>, visit: Visit<'_>) -> Result<(), CheckpointError> {
        let mut rest = &self.bytes[..self.end];
        let wrong = || damaged("has an impossible entry");
        let size = |rest: &mut &[u8]| usize::try_from(varint(rest)?).map_err(|_| wrong());
        while !rest.is_empty() {
            let (shared, own, value) = (size(&mut rest)?, size(&mut rest)?, size(&mut rest)?);
            if shared > key.len() || own > MAX_KEY_BYTES - shared.min(MAX_KEY_BYTES) {
                return Err(wrong());
            }
            let (name, after) = rest.split_at_checked(own).ok_or_else(wrong)?;
            let (value, after) = after.split_at_checked(value).ok_or_else(wrong)?;
            key.truncate(shared);
            key.extend_from_slice(name);
            visit(key, value)?;
            rest = after;
        }
        Ok(())
    }
}

/// Writes a table of one data block per entry group of about 256 KiB, uncompressed. Keys must ascend.
pub(super) fn write(entries: &[Entry]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 256 << 10;
    let mut out = Vec::new();
    let mut index = BlockWriter::default();
    let mut block = BlockWriter::default();
    for (i, (key, value)) in entries.iter().enumerate() {
        block.put(key, value);
        if block.bytes.len() >= BLOCK_BYTES || i + 1 == entries.len() {
            // The last key of a block is itself a separator.
            index.put(key, &std::mem::take(&mut block).finish(&mut out));
        }
    }
    let meta = BlockWriter::default().finish(&mut out);
    let mut footer = [meta, index.finish(&mut out)].concat();
    footer.resize(FOOTER as usize - MAGIC.len(), 0);
    out.extend(footer);
    out.extend(MAGIC);
    out
}

#[derive(Default)]
struct BlockWriter {
    bytes: Vec<u8>,
    restarts: Vec<u32>,
    count: usize,
    last: Vec<u8>,
}

impl BlockWriter {
    /// Entries between two restart points.
    const INTERVAL: usize = 16;

    fn put(&mut self, key: &[u8], value: &[u8]) {
        let mut shared = 0;
        if self.count.is_multiple_of(Self::INTERVAL) {
            self.restarts.push(self.bytes.len() as u32);
        } else {
            shared = key.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        }
        self.count += 1;
        for number in [shared, key.len() - shared, value.len()] {
            put_varint(&mut self.bytes, number as u64);
        }
        self.bytes.extend_from_slice(&key[shared..]);
        self.bytes.extend_from_slice(value);
        self.last = key.to_vec();
    }

    /// Appends the block to `out`; its handle.
    fn finish(mut self, out: &mut Vec<u8>) -> Vec<u8> {
        // An empty block has its one restart point all the same.
        if self.restarts.is_empty() {
            self.restarts.push(0);
        }
        let count = self.restarts.len() as u32;
        self.bytes.extend(self.restarts.iter().chain([&count]).flat_map(|n| n.to_le_bytes()));
        let mut handle = Vec::new();
        put_varint(&mut handle, out.len() as u64);
        put_varint(&mut handle, self.bytes.len() as u64);
        self.bytes.push(0);
        let checksum = masked(crc32c(&self.bytes));
        out.extend(self.bytes);
        out.extend(checksum.to_le_bytes());
        handle
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Where the blocks of a table lie and how long they are, the index last; without the empty one.
    pub(in crate::checkpoint) fn blocks(bytes: &[u8]) -> Vec<(usize, usize)> {
        let table = Table::open(Source::memory(bytes)).expect("a table");
        let mut footer = &bytes[bytes.len() - FOOTER as usize..];
        Handle::take(&mut footer).expect("a table");
        let index = Handle::take(&mut footer).expect("a table");
        let all = table.blocks.iter().chain([&index]);
        all.map(|handle| (handle.offset as usize, handle.size as usize)).collect()
    }

    /// Gives changed blocks the checksums of what they now hold.
    pub(in crate::checkpoint) fn repair(bytes: &mut [u8], blocks: &[(usize, usize)]) {
        for &(at, size) in blocks {
            let end = at + size + 1;
            let checksum = masked(crc32c(&bytes[at..end])).to_le_bytes();
            bytes[end..end + 4].copy_from_slice(&checksum);
        }
    }

    fn entries(count: usize, size: usize) -> Vec<Entry> {
        (0..count).map(|i| (format!("key {i:06}").into_bytes(), vec![i as u8; size])).collect()
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<Entry>, CheckpointError> {
        let mut read = Vec::new();
        Table::open(Source::memory(bytes))?.for_each(&mut |key, value| {
            read.push((key.to_vec(), value.to_vec()));
            Ok(())
        })?;
        Ok(read)
    }

    #[test]
    fn what_was_written_is_read() {
        for (count, size) in [(0, 0), (1, 0), (40, 9), (10, 100_000)] {
            let entries = entries(count, size);
            let bytes = write(&entries);
            assert!(Table::recognise(&Source::memory(bytes.clone())).expect("reads"));
            assert_eq!(read(bytes).expect("reads"), entries);
        }
    }

    #[test]
    fn every_flipped_bit_of_a_block_is_noticed() {
        let entries = entries(20, 3);
        let bytes = write(&entries);
        for at in 0..bytes.len() - FOOTER as usize {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            // Only the empty block that nothing reads may change unnoticed.
            if let Ok(same) = read(changed) {
                assert_eq!(same, entries, "byte {at}");
            }
        }
    }

    #[test]
    fn keys_out_of_order_are_refused() {
        let mut entries = entries(3, 1);
        entries.swap(1, 2);
        assert!(matches!(read(write(&entries)), Err(CheckpointError::Damaged(_))));
    }
}
