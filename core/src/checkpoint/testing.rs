//! A writer of TensorFlow's V2 format, for tests of what reads it. Never part of the product.
use super::crc32c::{crc32c, masked};
use super::protobuf::{put_bytes, put_number};
use super::table;
use crate::nn::Weights;

/// The files of a checkpoint of f32 tensors and a training step: names and contents.
pub(crate) fn write_v2(prefix: &str, weights: &Weights, step: i64) -> [(String, Vec<u8>); 2] {
    const FLOAT: u64 = 1;
    const INT64: u64 = 9;
    let of = |name: &str| weights.get(name).map(|t| (FLOAT, t.shape.clone(), t.to_f32()));
    let mut names: Vec<&str> = weights.iter().map(|(name, _)| name).chain(["global_step"]).collect();
    names.sort_unstable();
    let mut data = Vec::new();
    // One data file, little-endian, version 1.
    let mut entries = vec![(Vec::new(), vec![8, 1, 0x1a, 2, 8, 1])];
    for name in names {
        let (dtype, shape, bytes) = match of(name) {
            Some((dtype, shape, values)) => {
                (dtype, shape, values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())
            }
            None => (INT64, Vec::new(), step.to_le_bytes().to_vec()),
        };
        let mut sizes = Vec::new();
        for extent in shape {
            let mut dimension = Vec::new();
            put_number(&mut dimension, 1, extent as u64);
            put_bytes(&mut sizes, 2, &dimension);
        }
        let mut entry = Vec::new();
        put_number(&mut entry, 1, dtype);
        put_bytes(&mut entry, 2, &sizes);
        put_number(&mut entry, 4, data.len() as u64);
        put_number(&mut entry, 5, bytes.len() as u64);
        // Field 6, four bytes.
        entry.push(0x35);
        entry.extend(masked(crc32c(&bytes)).to_le_bytes());
        data.extend(bytes);
        entries.push((name.as_bytes().to_vec(), entry));
    }
    [(format!("{prefix}.index"), table::write(&entries)), (format!("{prefix}.data-00000-of-00001"), data)]
}

/// A folder that is gone with its value.
pub(crate) struct Temporary(std::path::PathBuf);

impl Temporary {
    /// An empty folder of this name; tests that run beside each other take different ones.
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("descant-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("temp folder");
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
