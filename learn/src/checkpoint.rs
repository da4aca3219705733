//! A whole training run as one safetensors file: weights, moments, running mean, best weights, carried states, and
//! the scalar state as JSON in the metadata. Written to the side and renamed, so a killed run leaves the last good
//! file. Runs on the thread that trains.

use crate::learner::Learner;
use crate::lstm::State;
use crate::network::{Architecture, Network};
use crate::trainer::{Progress, Session, Settings};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// Why a checkpoint or an export could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system refused.
    #[error("cannot read or write the training file: {0}")]
    Io(#[from] std::io::Error),
    /// Not a safetensors file.
    #[error("this is not a training file: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// The scalar state does not read.
    #[error("the training file is damaged: {0}")]
    Json(#[from] serde_json::Error),
    /// A tensor is missing or has the wrong size.
    #[error("the training file is damaged: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct Header {
    architecture: Architecture,
    settings: Settings,
    progress: Progress,
}

/// Writes `bytes` beside `path` and renames them over it.
///
/// # Errors
/// Those of the file system.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".partial");
    let aside = std::path::PathBuf::from(aside);
    std::fs::write(&aside, bytes)?;
    std::fs::rename(&aside, path)
}

/// Little-endian bytes of f32 values.
#[must_use]
pub fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Writes named tensors and a text of the run's own.
///
/// # Errors
/// When the file cannot be written.
pub fn store(
    path: &Path,
    header: &str,
    tensors: &[(String, Vec<usize>, &[f32])],
) -> Result<(), CheckpointError> {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, _, values)| f32_bytes(values)).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    let metadata = HashMap::from([("session".to_owned(), header.to_owned())]);
    Ok(write_atomically(path, &safetensors::serialize(views, Some(metadata))?)?)
}

/// A stored run, opened.
#[derive(Debug)]
pub struct Stored<'a> {
    header: String,
    file: SafeTensors<'a>,
}

impl<'a> Stored<'a> {
    /// Opens the bytes of a file that [`store`] wrote.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn new(bytes: &'a [u8]) -> Result<Self, CheckpointError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let header = metadata
            .metadata()
            .as_ref()
            .and_then(|m| m.get("session"))
            .ok_or_else(|| CheckpointError::Damaged("the state of the run is missing".into()))?;
        Ok(Self { header: header.clone(), file: SafeTensors::deserialize(bytes)? })
    }

    /// The run's own text.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// A tensor of `len` values.
    ///
    /// # Errors
    /// When it is missing or has another size.
    pub fn tensor(&self, name: &str, len: usize) -> Result<Vec<f32>, CheckpointError> {
        let view = self.file.tensor(name)?;
        if view.dtype() != Dtype::F32 || view.data().len() != 4 * len {
            return Err(CheckpointError::Damaged(format!("{name} has the wrong size")));
        }
        Ok(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

/// Stores the run.
///
/// # Errors
/// When the file cannot be written.
pub fn save(session: &Session, path: &Path) -> Result<(), CheckpointError> {
    let mut tensors = session.learner.tensors(&session.network.parameters);
    for (k, (state, &units)) in session.states.iter().zip(&session.network.architecture.layers).enumerate() {
        let rows = |values: &[f32]| vec![values.len() / units, units];
        for (name, values) in
            [("h", &state.h), ("c", &state.c), ("attended", &state.attended), ("memory", &state.memory)]
        {
            if !values.is_empty() {
                tensors.push((format!("state/{k}/{name}"), rows(values), values));
            }
        }
    }
    let header = serde_json::to_string(&Header {
        architecture: session.network.architecture.clone(),
        settings: session.settings.clone(),
        progress: session.progress.clone(),
    })?;
    store(path, &header, &tensors)
}

/// Reads a run back; it goes on exactly where it was stored.
///
/// # Errors
/// When the file is missing or damaged.
pub fn load(path: &Path) -> Result<Session, CheckpointError> {
    let bytes = std::fs::read(path)?;
    let stored = Stored::new(&bytes)?;
    let Header { architecture, settings, progress } = serde_json::from_str(stored.header())?;
    let mut network = Network::new(architecture, &mut crate::rng::Rng(0));
    let learner = Learner::load(&stored, &mut network.parameters)?;
    let mut states = network.zero_states(settings.batch);
    for (k, State { h, c, attended, memory }) in states.iter_mut().enumerate() {
        for (part, name) in [(h, "h"), (c, "c"), (attended, "attended"), (memory, "memory")] {
            if !part.is_empty() {
                *part = stored.tensor(&format!("state/{k}/{name}"), part.len())?;
            }
        }
    }
    Ok(Session { settings, network, learner, states, progress })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::tests::small;
    use crate::piece::Piece;

    #[test]
    fn a_resumed_run_makes_the_very_same_updates() {
        let architecture = Architecture { encoding: small(&[4, 8], 3), layers: vec![7, 5], attention: 3 };
        let pieces: Vec<Piece> = (0..6u32)
            .map(|i| Piece {
                id: i.to_string(),
                bar: 4,
                events: (0..40).map(|s| (s * s + i * s / 3) % 5).collect(),
                chords: Vec::new(),
            })
            .collect();
        let settings = Settings { batch: 3, unroll: 9, segment_bars: 6, every: 5, ..Settings::default() };
        let mut whole = Session::new(architecture, settings);
        for _ in 0..10 {
            whole.update(&pieces).expect("fits");
        }
        whole.judge(&pieces[..2]).expect("fits");
        let folder = std::env::temp_dir().join(format!("descant-resume-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("temp folder");
        let path = folder.join("run.safetensors");
        save(&whole, &path).expect("saves");
        let mut resumed = load(&path).expect("loads");
        // All but the figures of the curve, which JSON may change in their last bit.
        assert_eq!(resumed.settings, whole.settings);
        assert_eq!(resumed.network, whole.network);
        assert_eq!(resumed.states, whole.states);
        assert_eq!(resumed.learner, whole.learner);
        assert_eq!(resumed.progress.streams, whole.progress.streams);
        for _ in 0..7 {
            let (a, b) = (whole.update(&pieces).expect("fits"), resumed.update(&pieces).expect("fits"));
            assert_eq!(a.to_bits(), b.to_bits());
        }
        assert_eq!(resumed.network, whole.network);
        std::fs::write(&path, b"noise").expect("writes");
        assert!(load(&path).is_err());
        std::fs::remove_dir_all(&folder).expect("cleans up");
    }
}
