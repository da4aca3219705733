//! Arrays as the files of the latent models write them: shape, type and base64 of little-endian values.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Shape and row-major values of an array of `f32`.
pub fn floats(array: &Value) -> Result<(Vec<usize>, Vec<f32>)> {
    ensure!(array["dtype"] == "f32", "array of {}, expected f32", array["dtype"]);
    let sizes = array["shape"].as_array().context("array without shape")?;
    let size = |n: &Value| n.as_u64().and_then(|n| usize::try_from(n).ok()).context("no size");
    let shape: Vec<usize> = sizes.iter().map(size).collect::<Result<_>>()?;
    let bytes = base64(array["b64"].as_str().context("array without values")?)?;
    let values: Vec<f32> =
        bytes.chunks_exact(4).filter_map(|b| b.try_into().ok()).map(f32::from_le_bytes).collect();
    ensure!(
        values.len() * 4 == bytes.len() && values.len() == shape.iter().product::<usize>(),
        "{} bytes for an array of shape {shape:?}",
        bytes.len()
    );
    Ok((shape, values))
}

fn base64(text: &str) -> Result<Vec<u8>> {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for sign in text.trim_end_matches('=').bytes() {
        let value = SIGNS.iter().position(|&s| s == sign).context("not base64")?;
        bits = bits << 6 | u32::try_from(value)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff)?);
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
        let array = json!({ "shape": [1, 2], "dtype": "f32", "b64": "AACAPwAAAMA=" });
        assert_eq!(floats(&array).expect("array"), (vec![1, 2], vec![1.0, -2.0]));
        for wrong in ["AACAPwAAAM", "AACAPw==", "AACAPwAAA*A="] {
            assert!(floats(&json!({ "shape": [1, 2], "dtype": "f32", "b64": wrong })).is_err(), "{wrong}");
        }
    }
}
