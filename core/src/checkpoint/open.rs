//! [`open`]: a checkpoint of any format, by its path.
//!
//! Worker thread or command line. Training extras are left in the file; progress and cancellation at every tensor.
use super::bundle::{self, BundleDetails};
use super::find::{Parts, find};
use super::folder::{Folder, stage_of};
use super::graph::attention_window;
use super::js;
use super::names::{STEP, canonical, is_training_extra};
use super::source::Source;
use super::tensor_proto::Values;
use super::{CheckpointError, MAX_FILE_BYTES, load_bytes, v1, v2};
use crate::model::Card;
use crate::model::import::JsConfig;
use crate::nn::{Tensor, Weights};
use crate::tool::Cancel;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Longest graph that is looked into; those of event models have 200 kB.
const MAX_GRAPH_BYTES: u64 = 32 << 20;

/// Longest description of a training; those of the released models have 2 kB.
const MAX_EXPERIMENT_BYTES: u64 = 1 << 20;

/// How a checkpoint was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// TensorFlow, version 1.
    V1,
    /// TensorFlow, version 2.
    V2,
    /// Magenta bundle.
    Bundle,
    /// Magenta.js.
    Js,
}

impl Format {
    /// Name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors file",
            Self::V1 => "TensorFlow checkpoint (V1)",
            Self::V2 => "TensorFlow checkpoint (V2)",
            Self::Bundle => "Magenta bundle",
            Self::Js => "Magenta.js checkpoint",
        }
    }
}

/// What is in a checkpoint.
#[derive(Clone, Debug)]
pub struct Opened {
    /// How it was stored.
    pub format: Format,
    /// The tensors of numbers with a fraction, under today's names.
    pub weights: Weights,
    /// Descant's card, if there is one.
    pub card: Option<Card>,
    /// What a bundle says about itself.
    pub bundle: Option<BundleDetails>,
    /// Window of the attention in steps, if a bundle's graph tells.
    pub attention: Option<usize>,
    /// What a Magenta.js checkpoint says about itself.
    pub js: Option<JsConfig>,
    /// What GANSynth's training says about itself.
    pub experiment: Option<ExperimentFile>,
    /// Training step, if it was kept.
    pub step: Option<i64>,
    /// The files that were read: several for a V2 checkpoint, the archive where there is one.
    pub files: Vec<PathBuf>,
}

/// An `experiment.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentFile {
    /// Its text.
    pub text: String,
    /// Number of the stage of training that the checkpoint is of, if its folder tells.
    pub stage: Option<u32>,
}

impl ExperimentFile {
    /// That of the checkpoint whose files begin with `prefix`: beside it, or beside the folder of its stage.
    fn find(folder: &Folder, prefix: &str) -> Result<Option<(Self, Source)>, CheckpointError> {
        let place = prefix.rsplit_once('/').map_or("", |(place, _)| place);
        let stage = stage_of(place);
        let above =
            if stage.is_some() { place.rsplit_once('/').map_or("", |(above, _)| above) } else { place };
        let slash = if above.is_empty() { "" } else { "/" };
        let Some(source) = folder.get(&format!("{above}{slash}experiment.json"))? else { return Ok(None) };
        if source.len() > MAX_EXPERIMENT_BYTES {
            return Err(CheckpointError::damaged("its experiment.json is too long"));
        }
        let text = String::from_utf8(source.read_all()?);
        let text = text.map_err(|_| CheckpointError::damaged("its experiment.json is no text"))?;
        Ok(Some((Self { text, stage }, source)))
    }
}

/// A tensor as the TensorFlow readers give it.
#[derive(Debug)]
pub(super) struct Variable {
    pub name: String,
    pub shape: Vec<u64>,
    pub values: Values,
}

/// Who looks on while a checkpoint is read.
pub(super) struct Watch<'a> {
    pub progress: &'a mut dyn FnMut(f32),
    pub cancel: &'a Cancel,
}

impl Watch<'_> {
    /// Called at every tensor.
    pub(super) fn tick(&mut self, done: usize, of: usize) -> Result<(), CheckpointError> {
        (self.progress)((done as f32 / of.max(1) as f32).min(1.0));
        if self.cancel.is_cancelled() { Err(CheckpointError::Cancelled) } else { Ok(()) }
    }
}

/// Reads the checkpoint at `path`: a file, a folder, an archive, or a prefix as TensorFlow names checkpoints.
/// `progress` is told the part that is done, 0..=1.
///
/// # Errors
/// Anything that keeps it from being one whole, finite, undamaged checkpoint; cancellation.
pub fn open(path: &Path, progress: &mut dyn FnMut(f32), cancel: &Cancel) -> Result<Opened, CheckpointError> {
    let mut opened = read(find(path)?, &mut Watch { progress, cancel })?;
    if opened.files.is_empty() {
        // Unpacked from an archive.
        opened.files.push(path.into());
    }
    Ok(opened)
}

/// Paths without repetition.
fn paths<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Vec<PathBuf> {
    let paths: BTreeSet<&Path> = sources.into_iter().filter_map(Source::path).collect();
    paths.into_iter().map(Path::to_owned).collect()
}

pub(super) fn read(parts: Parts, watch: &mut Watch<'_>) -> Result<Opened, CheckpointError> {
    let wanted = |name: &str| name == STEP || !is_training_extra(name);
    let (mut js, mut experiment) = (None, None);
    let (format, variables, files) = match parts {
        Parts::Safetensors(source) => {
            let checkpoint = load_bytes(&source.read_all()?)?;
            let count = checkpoint.weights.len();
            watch.tick(count, count)?;
            return Ok(Opened {
                format: Format::Safetensors,
                weights: canonical(checkpoint.weights),
                card: checkpoint.card,
                bundle: None,
                attention: None,
                js: None,
                experiment: None,
                step: None,
                files: paths([&source]),
            });
        }
        Parts::Bundle(source) => return read_bundle(&source, &wanted, watch),
        Parts::V1(shards) => (Format::V1, v1::read(&shards, &wanted, watch)?, paths(&shards)),
        Parts::V2(index, folder, prefix) => {
            let mut sources = vec![index.clone()];
            let mut shard = |i, n| {
                let source = folder.need(&format!("{prefix}.data-{i:05}-of-{n:05}"))?;
                sources.push(source.clone());
                Ok(source)
            };
            let variables = v2::read(index, &mut shard, &wanted, watch)?;
            if let Some((found, source)) = ExperimentFile::find(&folder, &prefix)? {
                experiment = Some(found);
                sources.push(source);
            }
            (Format::V2, variables, paths(&sources))
        }
        Parts::Js(parts) => {
            let contents = js::read(&parts, &wanted, watch)?;
            js = contents.config;
            (Format::Js, contents.variables, paths(&contents.sources))
        }
    };
    let (weights, step) = weights(variables)?;
    Ok(Opened { format, weights, card: None, bundle: None, attention: None, js, experiment, step, files })
}

fn read_bundle(
    source: &Source,
    wanted: &dyn Fn(&str) -> bool,
    watch: &mut Watch<'_>,
) -> Result<Opened, CheckpointError> {
    let bundle = bundle::open(source)?;
    let (weights, step) = weights(v1::read(&bundle.checkpoints, wanted, watch)?)?;
    let units = weights.iter().find(|(name, _)| name.ends_with("attention_cell_wrapper/attention/attn_v"));
    let attention = match (bundle.graph, units) {
        (Some(graph), Some((_, units))) if graph.len() <= MAX_GRAPH_BYTES => {
            attention_window(&graph.read_all()?, units.len())?
        }
        _ => None,
    };
    Ok(Opened {
        format: Format::Bundle,
        weights,
        card: bundle.card,
        bundle: Some(bundle.details),
        attention,
        js: None,
        experiment: None,
        step,
        files: paths([source]),
    })
}

/// The float tensors under today's names, and the training step.
fn weights(variables: Vec<Variable>) -> Result<(Weights, Option<i64>), CheckpointError> {
    let mut weights = Weights::new();
    let mut step = None;
    let mut bytes = 0;
    for Variable { name, shape, values } in variables {
        let short = || name.chars().take(120).collect::<String>();
        match values {
            Values::Integers(numbers) if name == STEP => step = numbers.first().copied(),
            Values::Floats(values) if name != STEP => {
                bytes += 4 * values.len() as u64;
                if bytes > MAX_FILE_BYTES {
                    return Err(CheckpointError::TooLarge(bytes));
                }
                if !values.iter().all(|v| v.is_finite()) {
                    return Err(CheckpointError::NotFinite(short()));
                }
                let shape: Option<Vec<usize>> = shape.iter().map(|&n| usize::try_from(n).ok()).collect();
                let shape =
                    shape.ok_or_else(|| CheckpointError::damaged(format!("{} is too large", short())))?;
                weights.insert(name, Tensor::f32(shape, values));
            }
            _ => {}
        }
    }
    Ok((canonical(weights), step))
}
