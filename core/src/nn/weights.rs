//! Tensors by name, as a checkpoint holds them. Any thread; knows no file format and no layer.

use super::NnError;
use half::f16;
use std::collections::BTreeMap;

/// The values of a tensor, row-major, in the precision they were stored in.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorData {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 16-bit floats (IEEE binary16), each of which is exactly one 32-bit float.
    F16(Vec<f16>),
}

/// One named array.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Extent of each axis, outermost first.
    pub shape: Vec<usize>,
    /// Row-major values; as many as the product of `shape`.
    pub data: TensorData,
}

impl Tensor {
    /// A tensor of 32-bit floats.
    pub fn f32(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Self {
        Self { shape: shape.into(), data: TensorData::F32(values) }
    }

    /// A tensor of 16-bit floats.
    pub fn f16(shape: impl Into<Vec<usize>>, values: Vec<f16>) -> Self {
        Self { shape: shape.into(), data: TensorData::F16(values) }
    }

    /// Number of values present.
    pub fn len(&self) -> usize {
        match &self.data {
            TensorData::F32(v) => v.len(),
            TensorData::F16(v) => v.len(),
        }
    }

    /// Whether no value is present.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value at a row-major position, or `None` outside.
    pub fn get(&self, index: usize) -> Option<f32> {
        match &self.data {
            TensorData::F32(v) => v.get(index).copied(),
            TensorData::F16(v) => v.get(index).map(|x| x.to_f32()),
        }
    }

    /// All values as 32-bit floats (exact).
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.data {
            TensorData::F32(v) => v.clone(),
            TensorData::F16(v) => v.iter().map(|x| x.to_f32()).collect(),
        }
    }

    /// The tensor with its values rounded to 16-bit floats (to nearest, ties to even; beyond ±65504 infinite).
    pub fn to_f16(&self) -> Self {
        let data = match &self.data {
            TensorData::F32(v) => v.iter().map(|&x| f16::from_f32(x)).collect(),
            TensorData::F16(v) => v.clone(),
        };
        Self { shape: self.shape.clone(), data: TensorData::F16(data) }
    }
}

/// Everything a checkpoint holds that a network may ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

impl Weights {
    /// No tensors yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.tensors.insert(name.into(), tensor);
    }

    /// The tensor of exactly this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Names and tensors in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// The tensor under any of `names` (current name first, then older ones), of exactly `shape`.
    ///
    /// # Errors
    /// [`NnError::Missing`] under the first name, [`NnError::Shape`], or [`NnError::Length`] for a damaged one.
    pub(crate) fn find(&self, names: &[String], shape: &[usize]) -> Result<&Tensor, NnError> {
        let Some((name, tensor)) = names.iter().find_map(|n| self.tensors.get_key_value(n)) else {
            return Err(NnError::Missing { name: names.first().cloned().unwrap_or_default() });
        };
        if tensor.shape != shape {
            return Err(NnError::Shape {
                name: name.clone(),
                expected: shape.to_vec(),
                found: tensor.shape.clone(),
            });
        }
        if tensor.len() != shape.iter().product::<usize>() {
            return Err(NnError::Length {
                name: name.clone(),
                shape: tensor.shape.clone(),
                found: tensor.len(),
            });
        }
        Ok(tensor)
    }
}

impl FromIterator<(String, Tensor)> for Weights {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(iter: I) -> Self {
        Self { tensors: iter.into_iter().collect() }
    }
}

impl IntoIterator for Weights {
    type Item = (String, Tensor);
    type IntoIter = std::collections::btree_map::IntoIter<String, Tensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.tensors.into_iter()
    }
}
