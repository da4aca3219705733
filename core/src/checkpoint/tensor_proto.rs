//! What both kinds of TensorFlow checkpoint say about a tensor: its type, its shape, its values.
//!
//! Worker thread or command line. Numbers become `f32` or `i64`; text and complex numbers are passed over, no
//! model has any.
use super::CheckpointError;
use super::protobuf::{Fields, Value, varint};
use half::{bf16, f16};

/// Most axes of a tensor.
const MAX_RANK: usize = 8;

fn damaged(what: &str) -> CheckpointError {
    CheckpointError::damaged(format!("a tensor {what}"))
}

/// Element types that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dtype {
    F32,
    F64,
    F16,
    Bf16,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

impl Dtype {
    /// The type with a number of TensorFlow's; `None` for one that is passed over.
    pub(super) fn from_number(number: u64) -> Option<Self> {
        // Types of references are 100 above those of values.
        Some(match number % 100 {
            1 => Self::F32,
            2 => Self::F64,
            3 => Self::I32,
            4 => Self::U8,
            5 => Self::I16,
            6 => Self::I8,
            9 => Self::I64,
            10 => Self::Bool,
            14 => Self::Bf16,
            17 => Self::U16,
            19 => Self::F16,
            22 => Self::U32,
            23 => Self::U64,
            _ => return None,
        })
    }

    /// Bytes per element.
    pub(super) fn size(self) -> u64 {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }
}

/// Row-major values.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    Floats(Vec<f32>),
    Integers(Vec<i64>),
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Floats(v) => v.len(),
            Self::Integers(v) => v.len(),
        }
    }

    /// Zeros of the kind that `dtype` becomes.
    pub(super) fn zeros(dtype: Dtype, count: usize) -> Self {
        match dtype {
            Dtype::F32 | Dtype::F64 | Dtype::F16 | Dtype::Bf16 => Self::Floats(vec![0.0; count]),
            _ => Self::Integers(vec![0; count]),
        }
    }

    /// Values from their raw little-endian bytes.
    pub(super) fn from_raw(dtype: Dtype, raw: &[u8]) -> Self {
        fn each<const N: usize, T>(raw: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
            raw.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)).collect()
        }
        match dtype {
            Dtype::F32 => Self::Floats(each(raw, f32::from_le_bytes)),
            Dtype::F64 => Self::Floats(each(raw, |b| f64::from_le_bytes(b) as f32)),
            Dtype::F16 => Self::Floats(each(raw, |b| f16::from_le_bytes(b).to_f32())),
            Dtype::Bf16 => Self::Floats(each(raw, |b| bf16::from_le_bytes(b).to_f32())),
            Dtype::I8 => Self::Integers(each(raw, |b| i8::from_le_bytes(b).into())),
            Dtype::I16 => Self::Integers(each(raw, |b| i16::from_le_bytes(b).into())),
            Dtype::I32 => Self::Integers(each(raw, |b| i32::from_le_bytes(b).into())),
            Dtype::I64 => Self::Integers(each(raw, i64::from_le_bytes)),
            Dtype::U8 | Dtype::Bool => Self::Integers(each(raw, |[b]: [u8; 1]| b.into())),
            Dtype::U16 => Self::Integers(each(raw, |b| u16::from_le_bytes(b).into())),
            Dtype::U32 => Self::Integers(each(raw, |b| u32::from_le_bytes(b).into())),
            Dtype::U64 => Self::Integers(each(raw, |b| u64::from_le_bytes(b).cast_signed())),
        }
    }

    /// Values of a TensorProto, whose type and shape stand elsewhere: `tensor_content`, or the list of the type.
    pub(super) fn from_message(dtype: Dtype, message: &[u8]) -> Result<Self, CheckpointError> {
        const CONTENT: u64 = 4;
        let list = match dtype {
            Dtype::F32 => 5,
            Dtype::F64 => 6,
            Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::U8 | Dtype::U16 => 7,
            Dtype::I64 => 10,
            Dtype::Bool => 11,
            Dtype::F16 | Dtype::Bf16 => 13,
            Dtype::U32 => 16,
            Dtype::U64 => 17,
        };
        let mut values = Self::zeros(dtype, 0);
        for field in Fields(message) {
            match field? {
                (CONTENT, content) => {
                    let content = content.bytes()?;
                    if !(content.len() as u64).is_multiple_of(dtype.size()) {
                        return Err(damaged("ends within a value"));
                    }
                    values.append(Self::from_raw(dtype, content));
                }
                (number, value) if number == list => values.append_field(dtype, value)?,
                _ => {}
            }
        }
        Ok(values)
    }

    /// Appends a field of a repeated scalar, packed or not.
    fn append_field(&mut self, dtype: Dtype, value: Value<'_>) -> Result<(), CheckpointError> {
        match (dtype, value) {
            (Dtype::F32, Value::Fixed32(bits)) => self.append(Self::Floats(vec![f32::from_bits(bits)])),
            (Dtype::F64, Value::Fixed64(bits)) => {
                self.append(Self::Floats(vec![f64::from_bits(bits) as f32]));
            }
            (Dtype::F32 | Dtype::F64, Value::Bytes(packed)) => {
                if !(packed.len() as u64).is_multiple_of(dtype.size()) {
                    return Err(damaged("ends within a value"));
                }
                self.append(Self::from_raw(dtype, packed));
            }
            (Dtype::F32 | Dtype::F64, _) | (_, Value::Fixed32(_) | Value::Fixed64(_)) => {
                return Err(damaged("has values of another type"));
            }
            (_, Value::Varint(number)) => self.push_varint(dtype, number),
            (_, Value::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    let number = varint(&mut packed)?;
                    self.push_varint(dtype, number);
                }
            }
        }
        Ok(())
    }

    fn push_varint(&mut self, dtype: Dtype, number: u64) {
        match self {
            Self::Floats(v) if dtype == Dtype::Bf16 => v.push(bf16::from_bits(number as u16).to_f32()),
            Self::Floats(v) => v.push(f16::from_bits(number as u16).to_f32()),
            Self::Integers(v) => v.push(number.cast_signed()),
        }
    }

    fn append(&mut self, more: Self) {
        match (self, more) {
            (Self::Floats(v), Self::Floats(more)) if v.is_empty() => *v = more,
            (Self::Floats(v), Self::Floats(more)) => v.extend(more),
            (Self::Integers(v), Self::Integers(more)) => v.extend(more),
            // Both come from the same type.
            _ => {}
        }
    }
}

/// A TensorShapeProto. Each extent and their product fit into 63 bits.
pub(super) fn shape(message: &[u8]) -> Result<Vec<u64>, CheckpointError> {
    let mut shape = Vec::new();
    for field in Fields(message) {
        match field? {
            (2, dim) => {
                let mut size = 0;
                for field in Fields(dim.bytes()?) {
                    if let (1, value) = field? {
                        size = value.varint()?;
                    }
                }
                if size > i64::MAX as u64 || shape.len() == MAX_RANK {
                    return Err(damaged("has an impossible shape"));
                }
                shape.push(size);
            }
            (3, unknown) if unknown.varint()? != 0 => return Err(damaged("has no shape")),
            _ => {}
        }
    }
    elements(&shape)?;
    Ok(shape)
}

/// Number of elements of a shape.
pub(super) fn elements(shape: &[u64]) -> Result<u64, CheckpointError> {
    if shape.contains(&0) {
        return Ok(0);
    }
    let product = shape.iter().try_fold(1u64, |n, &extent| n.checked_mul(extent));
    product.filter(|&n| n <= i64::MAX as u64).ok_or_else(|| damaged("has an impossible shape"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_single_and_chunked_lists_are_the_same() {
        let (one, two) = (1.5f32.to_le_bytes(), (-2.0f32).to_le_bytes());
        let single = [&[0x2d][..], &one, &[0x2d], &two].concat();
        let packed = [&[0x2a, 8][..], &one, &two].concat();
        let chunks = [&[0x2a, 4][..], &one, &[0x2a, 4], &two].concat();
        let content = [&[0x22, 8][..], &one, &two].concat();
        for message in [single, packed, chunks, content] {
            let values = Values::from_message(Dtype::F32, &message).expect("reads");
            assert_eq!(values, Values::Floats(vec![1.5, -2.0]));
        }
        // -1 as a varint of ten bytes.
        let negative = [0x38, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        let values = Values::from_message(Dtype::I8, &negative).expect("reads");
        assert_eq!(values, Values::Integers(vec![-1]));
        // 1.0 as half.
        let values = Values::from_message(Dtype::F16, &[0x6a, 2, 0x80, 0x78]).expect("reads");
        assert_eq!(values, Values::Floats(vec![1.0]));
    }

    #[test]
    fn shapes() {
        assert_eq!(shape(&[]).expect("a scalar"), [] as [u64; 0]);
        assert_eq!(shape(&[0x12, 2, 8, 2, 0x12, 0, 0x12, 2, 8, 3]).expect("a shape"), [2, 0, 3]);
        assert_eq!(elements(&[2, 0, 3]).expect("possible"), 0);
        assert_eq!(elements(&[2, 3]).expect("possible"), 6);
        assert!(elements(&[1 << 40, 1 << 40]).is_err());
        let negative = [0x12, 11, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert!(shape(&negative).is_err());
        assert!(shape(&[0x18, 1]).is_err());
        assert!(shape(&[0x12, 0].repeat(9)).is_err());
    }
}
