//! Magenta.js checkpoints: a list of weights in JSON, their values in one file or more, and what the model is in JSON.
//!
//! Worker thread or command line. The values of a group lie one after the other in its files, little-endian and without
//! gaps; a tensor may begin in one file and end in the next. Values may be stored in one or two bytes.
use super::folder::Folder;
use super::source::Source;
use super::tensor_proto::{Dtype, Values, elements};
use super::{CheckpointError, MAX_FILE_BYTES, MAX_TENSORS, Variable, Watch};
use crate::model::import::JsConfig;
use serde::Deserialize;

/// Name of the list of weights.
pub(super) const MANIFEST: &str = "weights_manifest.json";
/// Name of the file that says what the model is.
const CONFIG: &str = "config.json";
/// Longest list of weights; those of the largest models have 20 kB.
const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// Longest description of a model.
const MAX_CONFIG_BYTES: u64 = 64 << 10;
/// Most files of values; they have 4 MB each.
const MAX_SHARDS: usize = 1000;

/// A checkpoint in a folder.
#[derive(Clone, Debug)]
pub(super) struct JsParts {
    manifest: Source,
    config: Option<Source>,
    folder: Folder,
    /// Folder in the archive, with its slash, or nothing.
    place: String,
}

#[derive(Deserialize)]
struct Group {
    paths: Vec<String>,
    weights: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    shape: Vec<u64>,
    dtype: String,
    quantization: Option<Quantisation>,
}

/// How values were made shorter: `value = scale · number + min`, or 16-bit floats without either.
#[derive(Deserialize)]
struct Quantisation {
    dtype: String,
    scale: Option<f64>,
    min: Option<f64>,
}

fn damaged(what: impl Into<String>) -> CheckpointError {
    CheckpointError::damaged(what)
}

/// Whether a file of this name and beginning is a list of weights.
pub(super) fn recognise(name: &str, head: &[u8]) -> bool {
    let list = head.trim_ascii_start().starts_with(b"[");
    let has = |key: &[u8]| head.windows(key.len()).any(|window| window == key);
    list && (name.rsplit('/').next() == Some(MANIFEST) || has(b"\"weights\"") && has(b"\"paths\""))
}

/// The list of weights that a file of this name belongs to, if it is part of such a checkpoint by its name.
pub(super) fn manifest_beside(name: &str) -> Option<String> {
    let base = name.rsplit('/').next().unwrap_or(name);
    let part = base == CONFIG || base.ends_with(".bin");
    part.then(|| format!("{}{MANIFEST}", &name[..name.len() - base.len()]))
}

/// The checkpoint whose list of weights `manifest` is, under `name` in `folder`.
pub(super) fn find(manifest: Source, folder: &Folder, name: &str) -> Result<JsParts, CheckpointError> {
    let place = name.rfind('/').map_or("", |slash| &name[..=slash]).to_owned();
    let config = folder.get(&format!("{place}{CONFIG}"))?;
    Ok(JsParts { manifest, config, folder: folder.clone(), place })
}

/// What there is in a checkpoint.
pub(super) struct JsContents {
    pub variables: Vec<Variable>,
    pub config: Option<JsConfig>,
    /// Everything that was read.
    pub sources: Vec<Source>,
}

/// Reads the tensors that are `wanted`.
///
/// # Errors
/// [`CheckpointError::Damaged`], [`CheckpointError::Missing`] files, [`CheckpointError::TooLarge`], cancellation, and
/// errors of reading.
pub(super) fn read(
    parts: &JsParts,
    wanted: &dyn Fn(&str) -> bool,
    watch: &mut Watch<'_>,
) -> Result<JsContents, CheckpointError> {
    let config = parts.config.as_ref().map(config).transpose()?;
    let mut sources: Vec<Source> = std::iter::once(&parts.manifest).chain(&parts.config).cloned().collect();
    let groups: Vec<Group> = json(&parts.manifest, MAX_MANIFEST_BYTES, MANIFEST)?;
    let (mut count, mut files) = (0, 0);
    for group in &groups {
        count += group.weights.len();
        files += group.paths.len();
    }
    if count > MAX_TENSORS || files > MAX_SHARDS {
        return Err(damaged("it has too many parts"));
    }
    let mut variables = Vec::new();
    let mut done = 0;
    for group in groups {
        let values = Shards::open(parts, &group.paths)?;
        sources.extend(values.parts.iter().map(|(_, source)| source.clone()));
        let mut at: u64 = 0;
        for entry in group.weights {
            let (dtype, length) = entry.size()?;
            let end = at.checked_add(length).filter(|&end| end <= values.length);
            let end = end.ok_or_else(|| damaged("its files of values are too short"))?;
            if wanted(&entry.name) {
                let raw = Values::from_raw(dtype, &values.read(at, length)?);
                let values = entry.values(raw)?;
                variables.push(Variable { name: entry.name, shape: entry.shape, values });
            }
            at = end;
            done += 1;
            watch.tick(done, count)?;
        }
        if at != values.length {
            return Err(damaged("its files of values are longer than its list of weights"));
        }
    }
    Ok(JsContents { variables, config, sources })
}

fn config(source: &Source) -> Result<JsConfig, CheckpointError> {
    json(source, MAX_CONFIG_BYTES, CONFIG)
}

fn json<T: for<'a> Deserialize<'a>>(source: &Source, most: u64, name: &str) -> Result<T, CheckpointError> {
    if source.len() > most {
        return Err(damaged(format!("its {name} is too long")));
    }
    serde_json::from_slice(&source.read_all()?).map_err(|e| damaged(format!("its {name} does not read: {e}")))
}

impl Entry {
    /// How an element is stored, and bytes of all.
    fn size(&self) -> Result<(Dtype, u64), CheckpointError> {
        let dtype = match self.quantization.as_ref().map_or(self.dtype.as_str(), |q| &q.dtype) {
            "float32" => Dtype::F32,
            "float16" => Dtype::F16,
            "int32" => Dtype::I32,
            "uint16" => Dtype::U16,
            "uint8" => Dtype::U8,
            "bool" => Dtype::Bool,
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(damaged(format!("its values are stored as “{other}”, which is unknown")));
            }
        };
        let bytes = elements(&self.shape)?.checked_mul(dtype.size());
        Ok((dtype, bytes.ok_or_else(|| damaged("a tensor has an impossible shape"))?))
    }

    /// The values that were stored as `raw`.
    fn values(&self, raw: Values) -> Result<Values, CheckpointError> {
        match (&self.quantization, raw) {
            (Some(how), Values::Integers(numbers)) => {
                let (Some(scale), Some(min)) = (how.scale, how.min) else {
                    return Err(damaged("it does not say how its values were made shorter"));
                };
                let value = |number: i64| number as f64 * scale + min;
                Ok(match self.dtype.as_str() {
                    "float32" => Values::Floats(numbers.into_iter().map(|n| value(n) as f32).collect()),
                    _ => Values::Integers(numbers.into_iter().map(|n| value(n).round() as i64).collect()),
                })
            }
            (_, raw) => Ok(raw),
        }
    }
}

/// Files whose bytes follow each other.
struct Shards {
    /// Where each begins.
    parts: Vec<(u64, Source)>,
    length: u64,
}

impl Shards {
    fn open(checkpoint: &JsParts, paths: &[String]) -> Result<Self, CheckpointError> {
        let mut shards = Self { parts: Vec::new(), length: 0 };
        for path in paths {
            // They lie beside the list, and nothing outside the folder is opened.
            if path.is_empty() || path.starts_with('.') || path.contains(['/', '\\', ':']) {
                return Err(damaged("the name of one of its files is impossible"));
            }
            let source = checkpoint.folder.need(&format!("{}{path}", checkpoint.place))?;
            let start = shards.length;
            shards.length = start.saturating_add(source.len());
            if shards.length > MAX_FILE_BYTES {
                return Err(CheckpointError::TooLarge(shards.length));
            }
            shards.parts.push((start, source));
        }
        Ok(shards)
    }

    /// Bytes `at..at + length`, which lie inside.
    fn read(&self, at: u64, length: u64) -> Result<Vec<u8>, CheckpointError> {
        let mut bytes = Vec::new();
        let end = at + length;
        let first = self.parts.partition_point(|(start, source)| start + source.len() <= at);
        for (start, source) in self.parts[first..].iter().take_while(|(start, _)| *start < end) {
            let from = at.max(*start);
            let to = end.min(start + source.len());
            bytes.extend(source.read(from - start, to - from)?);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::folder::Member;
    use super::super::open::{Format, Opened};
    use super::*;
    use crate::tool::Cancel;
    use std::collections::BTreeMap;

    /// A folder of files in memory.
    pub(in crate::checkpoint) fn folder<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Folder {
        let member = |(name, bytes): (&'a str, &'a [u8])| {
            (name.to_owned(), Member::Stored(Source::memory(bytes.to_vec())))
        };
        Folder::Archive(files.into_iter().map(member).collect::<BTreeMap<_, _>>())
    }

    /// Opens the list of weights, which lies in `folder`.
    pub(in crate::checkpoint) fn opened(folder: &Folder) -> Result<Opened, CheckpointError> {
        let manifest = folder.need(MANIFEST)?;
        let parts = super::super::find::file(manifest, folder, MANIFEST, true)?;
        let cancel = Cancel::default();
        super::super::open::read(parts, &mut Watch { progress: &mut |_| {}, cancel: &cancel })
    }

    const LIST: &str = r#"[
        {"paths": ["a.bin", "b.bin"], "weights": [
            {"name": "x", "shape": [2], "dtype": "float32"},
            {"name": "y", "shape": [1, 3], "dtype": "float32",
             "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0, "original_dtype": "float32"}}]},
        {"paths": ["c.bin"], "weights": [
            {"name": "z", "shape": [2], "dtype": "float32",
             "quantization": {"dtype": "uint16", "scale": 0.001, "min": -32.0}},
            {"name": "n", "shape": [1], "dtype": "int32"},
            {"name": "h", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}},
            {"name": "x/Adam", "shape": [1], "dtype": "float32"}]}]"#;

    /// 1.5 and -2, the second cut in two; 0, 4 and 255; then 1, 65535, 7, 1.0 and -0.5 as halves, 0.
    const A: [u8; 6] = [0, 0, 0xc0, 0x3f, 0, 0];
    const B: [u8; 5] = [0, 0xc0, 0, 4, 255];
    const C: [u8; 16] = [1, 0, 255, 255, 7, 0, 0, 0, 0, 0x3c, 0, 0xb8, 0, 0, 0, 0];

    #[test]
    fn values_are_put_together_over_files_and_made_long_again() {
        let config =
            br#"{"type": "MusicVAE", "dataConverter": {"type": "DrumsConverter", "args": {"numSteps": 16}}}"#;
        let files: [(&str, &[u8]); 5] =
            [(MANIFEST, LIST.as_bytes()), (CONFIG, config), ("a.bin", &A), ("b.bin", &B), ("c.bin", &C)];
        let all = opened(&folder(files)).expect("reads");
        assert_eq!(all.format, Format::Js);
        assert_eq!(
            all.js.map(|c| (c.kind, c.data_converter.args.num_steps)),
            Some(("MusicVAE".into(), Some(16)))
        );
        let names: Vec<&str> = all.weights.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["h", "x", "y", "z"]);
        let of = |name: &str| all.weights.get(name).map(|t| (t.shape.clone(), t.to_f32())).expect(name);
        assert_eq!(of("x"), (vec![2], vec![1.5, -2.0]));
        assert_eq!(of("y"), (vec![1, 3], vec![-1.0, 1.0, 126.5]));
        assert_eq!(of("z"), (vec![2], vec![-31.999, 33.535]));
        assert_eq!(of("h"), (vec![2], vec![1.0, -0.5]));
    }

    #[test]
    fn files_that_are_missing_short_long_or_elsewhere_are_refused() {
        let refused = |list: &str, a: &[u8]| {
            let files: [(&str, &[u8]); 4] =
                [(MANIFEST, list.as_bytes()), ("a.bin", a), ("b.bin", &B), ("c.bin", &C)];
            opened(&folder(files)).expect_err("is refused").to_string()
        };
        assert!(refused(LIST, &A[1..]).contains("too short"));
        assert!(refused(LIST, &[&A[..], &[0]].concat()).contains("longer than its list"));
        assert!(refused(&LIST.replace("b.bin", "d.bin"), &A).starts_with("d.bin is missing"));
        for outside in ["../b.bin", "/b.bin", "x/b.bin", "x\\\\b.bin", "c:b.bin", ""] {
            let error = refused(&LIST.replace("b.bin", outside), &A);
            assert!(error.contains("impossible"), "{outside}: {error}");
        }
        assert!(refused(&LIST.replace("\"uint8\"", "\"int4\""), &A).contains("“int4”"));
        assert!(refused(&LIST.replace("\"scale\": 0.5,", ""), &A).contains("made shorter"));
        assert!(
            refused(&LIST.replace("[1, 3]", "[4294967296, 4294967296]"), &A).contains("impossible shape")
        );
        assert!(refused(&LIST.replace("[1, 3]", "3"), &A).contains("weights_manifest.json does not read"));
        assert!(refused(&LIST.replace("0.5", "1e308"), &A).contains("no numbers"));
    }
}
