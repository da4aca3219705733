//! Snappy's raw format, decoded. Any thread; refuses a length that the bytes cannot come to before it allocates.
use super::CheckpointError;
use super::protobuf::varint;

/// No element makes more than 64 bytes out of three.
const MOST_PER_BYTE: usize = 22;

fn damaged() -> CheckpointError {
    CheckpointError::damaged("a compressed part cannot be unpacked")
}

/// Unpacks `bytes`.
///
/// # Errors
/// [`CheckpointError::Damaged`].
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, CheckpointError> {
    let mut rest = bytes;
    let length = usize::try_from(varint(&mut rest)?).map_err(|_| damaged())?;
    if length > rest.len().saturating_mul(MOST_PER_BYTE) {
        return Err(damaged());
    }
    let mut out = Vec::with_capacity(length);
    while !rest.is_empty() {
        let tag = usize::from(take(&mut rest, 1)?[0]);
        let (count, distance) = match tag & 3 {
            0 => {
                let short = tag >> 2;
                let count = if short < 60 { short } else { number(&mut rest, short - 59)? };
                (count.checked_add(1).ok_or_else(damaged)?, None)
            }
            1 => (4 + (tag >> 2 & 7), Some((tag >> 5) << 8 | number(&mut rest, 1)?)),
            kind => (1 + (tag >> 2), Some(number(&mut rest, if kind == 2 { 2 } else { 4 })?)),
        };
        if count > length - out.len() {
            return Err(damaged());
        }
        match distance {
            None => out.extend_from_slice(take(&mut rest, count)?),
            Some(distance) => {
                let from = out.len().checked_sub(distance).filter(|_| distance > 0).ok_or_else(damaged)?;
                // Where a copy reaches into itself, what it has just written is repeated.
                for i in 0..count {
                    out.push(out[from + i]);
                }
            }
        }
    }
    if out.len() == length { Ok(out) } else { Err(damaged()) }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], CheckpointError> {
    let (head, tail) = rest.split_at_checked(count).ok_or_else(damaged)?;
    *rest = tail;
    Ok(head)
}

/// A little-endian number of up to four bytes.
fn number(rest: &mut &[u8], bytes: usize) -> Result<usize, CheckpointError> {
    let number = take(rest, bytes)?.iter().rev().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
    usize::try_from(number).map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies() {
        // Length 11; literal "abc"; copy 4 from 3 back; copy 4 from 1 back (kind 2).
        let bytes = [11, 2 << 2, b'a', b'b', b'c', 1, 3, 3 << 2 | 2, 1, 0];
        assert_eq!(unpack(&bytes).expect("unpacks"), b"abcabcaaaaa");
        // A literal whose length has a byte of its own; copy with four bytes of distance.
        let long: Vec<u8> = (0..70).collect();
        let bytes = [&[72, 60 << 2, 69][..], &long, &[1 << 2 | 3, 70, 0, 0, 0]].concat();
        assert_eq!(unpack(&bytes).expect("unpacks"), [&long[..], &[0, 1]].concat());
        assert_eq!(unpack(&[0]).expect("unpacks"), b"");
    }

    #[test]
    fn impossible_bytes_are_refused() {
        for bad in [
            &[][..],
            &[3, 2 << 2, b'a'],
            &[4, 2 << 2, b'a', b'b', b'c'],
            &[2, 2 << 2, b'a', b'b', b'c'],
            &[7, 2 << 2, b'a', b'b', b'c', 1, 4],
            &[7, 2 << 2, b'a', b'b', b'c', 1, 0],
            &[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0],
        ] {
            assert!(unpack(bad).is_err(), "{bad:?}");
        }
    }
}
