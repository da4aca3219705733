//! Protobuf's wire format: fields out of bytes, and into bytes. Any thread.
//!
//! Reading borrows and never allocates. No message definitions: each reader knows its field numbers.
use super::CheckpointError;

fn damaged() -> CheckpointError {
    CheckpointError::damaged("a message ends too early or has fields that cannot be")
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Value<'a> {
    /// The bytes of a string, message or packed list.
    pub(super) fn bytes(self) -> Result<&'a [u8], CheckpointError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(damaged()),
        }
    }

    /// A number.
    pub(super) fn varint(self) -> Result<u64, CheckpointError> {
        match self {
            Self::Varint(n) => Ok(n),
            _ => Err(damaged()),
        }
    }

    /// UTF-8 text.
    pub(super) fn text(self) -> Result<&'a str, CheckpointError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| CheckpointError::damaged("a name is no text"))
    }
}

/// Takes a varint from the front of `rest`.
///
/// # Errors
/// None there, or one of more than 64 bits.
pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, CheckpointError> {
    let mut number = 0u64;
    for (i, &byte) in rest.iter().enumerate().take(10) {
        if i == 9 && byte > 1 {
            break;
        }
        number |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            *rest = &rest[i + 1..];
            return Ok(number);
        }
    }
    Err(damaged())
}

/// The fields of a message, one by one. Stops at the first error.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Value<'a>), CheckpointError> {
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut self.0)?),
            1 => Value::Fixed64(u64::from_le_bytes(self.chunk()?)),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| damaged())?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.chunk()?)),
            _ => return Err(damaged()),
        };
        if tag >> 3 == 0 { Err(damaged()) } else { Ok((tag >> 3, value)) }
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], CheckpointError> {
        let (chunk, rest) = self.0.split_first_chunk().ok_or_else(damaged)?;
        self.0 = rest;
        Ok(*chunk)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), CheckpointError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Appends a varint.
pub(super) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a number field.
pub(super) fn put_number(out: &mut Vec<u8>, field: u64, number: u64) {
    put_varint(out, field << 3);
    put_varint(out, number);
}

/// Appends a string, message or packed list.
pub(super) fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_wire_types() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0];
        let fields: Vec<_> = Fields(&bytes).collect::<Result<_, _>>().expect("a message");
        let expected = [
            (1, Value::Varint(150)),
            (2, Value::Bytes(b"hi")),
            (3, Value::Fixed32(1)),
            (4, Value::Fixed64(2)),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn impossible_messages_are_refused() {
        for bad in [
            &[0x08][..],
            &[0x12, 3, 1, 2],
            &[0x0b],
            &[0x00, 1],
            &[0x1d, 1, 2, 3],
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ] {
            assert!(Fields(bad).collect::<Result<Vec<_>, _>>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_put_is_read(number: u64, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            put_number(&mut out, 7, number);
            put_bytes(&mut out, 600, &bytes);
            let fields: Vec<_> = Fields(&out).collect::<Result<_, _>>().expect("a message");
            prop_assert_eq!(fields, [(7, Value::Varint(number)), (600, Value::Bytes(&bytes))]);
        }
    }
}
