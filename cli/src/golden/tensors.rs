//! Arrays and parameters of one `.safetensors` golden file, of the types that the audio vectors use.
use anyhow::{Context, Result, bail, ensure};
use descant_core::nn::{Tensor, Weights};
use serde_json::{Map, Value};
use std::path::Path;

/// An open file.
pub struct Tensors {
    header: Map<String, Value>,
    data: Vec<u8>,
}

/// An array as 64-bit floats, which hold every type of these files exactly.
pub struct Array {
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f64>,
}

impl Array {
    /// The part at `index` of the first axis.
    pub fn part(&self, index: usize) -> Result<Vec<f64>> {
        let size: usize = self.shape.iter().skip(1).product();
        Ok(self.values.get(index * size..(index + 1) * size).context("an array is too short")?.to_vec())
    }
}

impl Tensors {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)?;
        let (length, rest) = bytes.split_first_chunk().context("it is too short")?;
        let (header, data) =
            rest.split_at_checked(u64::from_le_bytes(*length).try_into()?).context("it is too short")?;
        Ok(Self {
            header: serde_json::from_slice(header).context("its header is not JSON")?,
            data: data.into(),
        })
    }

    /// Names of all arrays.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.header.keys().map(String::as_str).filter(|name| *name != "__metadata__")
    }

    /// The parameter `name`: JSON, or text that is none.
    pub fn parameter(&self, name: &str) -> Result<Value> {
        let text = self.header.get("__metadata__").and_then(|m| m[name].as_str());
        let text = text.with_context(|| format!("no parameter {name}"))?;
        Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
    }

    /// A parameter that is a count.
    pub fn count(&self, name: &str) -> Result<usize> {
        super::c_forward::count(&self.parameter(name)?)
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Result<f64> {
        super::c_forward::number(&self.parameter(name)?)
    }

    /// A parameter that is a list of counts.
    pub fn counts(&self, name: &str) -> Result<Vec<usize>> {
        super::c_forward::list(&self.parameter(name)?)?.iter().map(super::c_forward::count).collect()
    }

    /// The array `name`.
    pub fn array(&self, name: &str) -> Result<Array> {
        let entry = self.header.get(name).with_context(|| format!("no array {name}"))?;
        let counts = |value: &Value| -> Result<Vec<usize>> {
            super::c_forward::list(value)?.iter().map(super::c_forward::count).collect()
        };
        let shape = counts(&entry["shape"])?;
        let offsets = counts(&entry["data_offsets"])?;
        let &[from, to] = offsets.as_slice() else { bail!("{name} has no place in the file") };
        let bytes = self.data.get(from..to).with_context(|| format!("{name} is outside the file"))?;
        let values: Vec<f64> = match entry["dtype"].as_str() {
            Some("F32") => bytes.as_chunks().0.iter().map(|&b| f64::from(f32::from_le_bytes(b))).collect(),
            Some("F64") => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect(),
            Some("I32") => bytes.as_chunks().0.iter().map(|&b| f64::from(i32::from_le_bytes(b))).collect(),
            other => bail!("{name} is of type {other:?}"),
        };
        ensure!(values.len() == shape.iter().product::<usize>(), "{name} has {} values", values.len());
        Ok(Array { shape, values })
    }

    /// The array whose name begins with `start`, and of how many values it stores one: `…_every_8th`, else all.
    pub fn sampled(&self, start: &str) -> Result<(usize, Array)> {
        let name = self.names().find(|name| name.starts_with(start));
        let name = name.with_context(|| format!("no array {start}"))?;
        let step = match name.split_once("_every_") {
            Some((_, step)) => step.trim_end_matches(char::is_alphabetic).parse()?,
            None => 1,
        };
        ensure!(step > 0, "{name} stores nothing");
        Ok((step, self.array(name)?))
    }

    /// The values of the array `name`.
    pub fn values(&self, name: &str) -> Result<Vec<f64>> {
        Ok(self.array(name)?.values)
    }

    /// The values of the array `name` as 32-bit floats.
    pub fn floats(&self, name: &str) -> Result<Vec<f32>> {
        Ok(self.values(name)?.into_iter().map(|x| x as f32).collect())
    }

    /// The values of the array `name` as positions.
    pub fn positions(&self, name: &str) -> Result<Vec<usize>> {
        Ok(self.values(name)?.into_iter().map(|x| x as usize).collect())
    }

    /// All arrays under `w/`, by the names of the checkpoint's variables.
    pub fn weights(&self) -> Result<Weights> {
        let named = self.names().filter_map(|name| Some((name, name.strip_prefix("w/")?)));
        named
            .map(|(name, variable)| {
                let Array { shape, values } = self.array(name)?;
                Ok((variable.to_owned(), Tensor::f32(shape, values.into_iter().map(|x| x as f32).collect())))
            })
            .collect()
    }
}

/// The formula that fills arrays: a linear congruential generator's values in 0..1.
pub fn lcg(seed: u32) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / 4_294_967_296.0
    })
}

/// The largest difference of two rows of numbers, none of which may be larger than `tolerance`.
pub fn compare(what: &str, ours: &[f64], expected: &[f64], tolerance: f64) -> Result<f64> {
    ensure!(ours.len() == expected.len(), "{what}: {} values, not {}", ours.len(), expected.len());
    compare_where(what, ours, expected, tolerance, |a, b| a - b, |_| true)
}

/// [`compare`] by another difference, and only where `counts` says so.
pub fn compare_where(
    what: &str,
    ours: &[f64],
    expected: &[f64],
    tolerance: f64,
    difference: impl Fn(f64, f64) -> f64,
    counts: impl Fn(usize) -> bool,
) -> Result<f64> {
    ensure!(ours.len() == expected.len(), "{what}: {} values, not {}", ours.len(), expected.len());
    let mut worst = 0.0_f64;
    for (i, (&a, &b)) in ours.iter().zip(expected).enumerate().filter(|(i, _)| counts(*i)) {
        let off = difference(a, b).abs();
        // Written so that a NaN fails.
        ensure!(off <= tolerance, "{what}: value {i} is {a}, not {b}");
        worst = worst.max(off);
    }
    Ok(worst)
}

/// Difference of two frequencies, for which whole turns do not count.
pub fn modulo_2(a: f64, b: f64) -> f64 {
    let off = a - b;
    off - 2.0 * (off / 2.0).round()
}

/// 32-bit values as 64-bit ones.
pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| x.into()).collect()
}
