//! Arrays inside golden files: base64 of little-endian values, as the README of the MusicVAE vectors says.
use super::c_forward::{count, list};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// An array of 32-bit floats.
pub struct Array {
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

impl Array {
    /// The array of an object with `shape`, `dtype` and `b64`; `None` for `null`.
    pub fn read(value: &Value) -> Result<Option<Self>> {
        if value.is_null() {
            return Ok(None);
        }
        let shape: Vec<usize> = list(&value["shape"])?.iter().map(count).collect::<Result<_>>()?;
        ensure!(value["dtype"] == "f32", "an array of {}, not f32", value["dtype"]);
        let bytes = base64(value["b64"].as_str().context("an array without values")?)?;
        let values: Vec<f32> = bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
        ensure!(
            4 * values.len() == bytes.len() && values.len() == shape.iter().product::<usize>(),
            "{} values of shape {shape:?}",
            values.len()
        );
        Ok(Some(Self { shape, values }))
    }

    /// An array that has to be there.
    pub fn need(value: &Value, what: &str) -> Result<Self> {
        Self::read(value)?.with_context(|| format!("no {what}"))
    }

    /// The part at `index` of the first axis.
    pub fn part(&self, index: usize) -> &[f32] {
        let size: usize = self.shape.iter().skip(1).product();
        self.values.get(index * size..(index + 1) * size).unwrap_or(&[])
    }
}

fn base64(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => bail!("{:?} is no base64", char::from(c)),
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arrays_are_read() {
        let read = |b64: &str| Array::need(&json!({ "shape": [1, 2], "dtype": "f32", "b64": b64 }), "array");
        let array = read("AACAPwAAAMA=").expect("an array");
        assert_eq!((array.shape, array.values), (vec![1, 2], vec![1.0, -2.0]));
        for wrong in ["AACAPwAAAM", "AACAPw==", "AACAPwAAA*A="] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
