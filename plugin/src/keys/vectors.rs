//! Instruments of the musician's own from files: NumPy's `.npy`, and JSON (a list of numbers, a list of such lists, or an
//! object of names and lists).
//!
//! Any thread but the audio thread. What a file says is checked before memory is asked for.
use super::state::LONGEST_VECTOR;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Endings of the files that are read here.
pub const EXTENSIONS: [&str; 2] = ["npy", "json"];
/// Instruments that are taken from one file.
pub const MOST: usize = 64;
/// Bytes of a file that are read.
const LARGEST: u64 = 16 << 20;

/// An instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// May be empty.
    pub name: String,
    /// 1 to [`LONGEST_VECTOR`] finite numbers.
    pub values: Vec<f32>,
}

/// Why a file holds no instruments.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VectorsError {
    /// The disk.
    #[error("it cannot be read ({0})")]
    Read(String),
    /// More than anybody needs.
    #[error("it is larger than {} MB", LARGEST >> 20)]
    Large,
    /// Not a NumPy file.
    #[error("it is no NumPy file, or cut off")]
    Npy,
    /// Of integers, objects or the like.
    #[error("its values are “{0}”; numbers of 32 or 64 bits are needed (f4, f8)")]
    Kind(String),
    /// Of no or too many dimensions.
    #[error("it is no list of numbers and no table of them")]
    Shape,
    /// Not JSON, or of something else.
    #[error("a list of numbers is needed, or lists of them with or without names")]
    Json,
    /// None, too long, or not a number.
    #[error("an instrument needs 1 to {LONGEST_VECTOR} numbers, none of them infinite")]
    Values,
}

/// The first [`MOST`] instruments of a file. Waits for the disk.
///
/// # Errors
/// [`VectorsError`].
pub fn read(path: &Path) -> Result<Vec<Vector>, VectorsError> {
    let failed = |why: std::io::Error| VectorsError::Read(why.to_string());
    if std::fs::metadata(path).map_err(failed)?.len() > LARGEST {
        return Err(VectorsError::Large);
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let npy = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy"));
    if npy { of_npy(&bytes) } else { of_json(&bytes) }
}

/// # Errors
/// [`VectorsError`].
pub fn of_json(bytes: &[u8]) -> Result<Vec<Vector>, VectorsError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Document {
        One(Vec<f32>),
        Many(Vec<Vec<f32>>),
        Named(BTreeMap<String, Vec<f32>>),
    }
    let nameless = |values| Vector { name: String::new(), values };
    match serde_json::from_slice(bytes).map_err(|_| VectorsError::Json)? {
        Document::One(values) => checked(std::iter::once(nameless(values))),
        Document::Many(all) => checked(all.into_iter().map(nameless)),
        Document::Named(all) => checked(all.into_iter().map(|(name, values)| Vector { name, values })),
    }
}

/// # Errors
/// [`VectorsError`].
pub fn of_npy(bytes: &[u8]) -> Result<Vec<Vector>, VectorsError> {
    let version = bytes.strip_prefix(b"\x93NUMPY").ok_or(VectorsError::Npy)?;
    let (length, rest) = match version {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err(VectorsError::Npy),
    };
    let (header, data) = rest.split_at_checked(length).ok_or(VectorsError::Npy)?;
    let header = std::str::from_utf8(header).map_err(|_| VectorsError::Npy)?;
    let after = |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start_matches([' ', ':']));
    let kind = after("'descr'")
        .and_then(|rest| rest.strip_prefix('\'')?.split_once('\''))
        .ok_or(VectorsError::Npy)?
        .0;
    let columns_first = after("'fortran_order'").ok_or(VectorsError::Npy)?.starts_with("True");
    let shape =
        after("'shape'").and_then(|rest| rest.strip_prefix('(')?.split_once(')')).ok_or(VectorsError::Npy)?.0;
    let sizes = shape.split(',').map(str::trim).filter(|n| !n.is_empty()).map(str::parse::<usize>);
    let sizes: Vec<usize> = sizes.collect::<Result<_, _>>().map_err(|_| VectorsError::Shape)?;
    let (rows, columns) = match sizes[..] {
        [columns] => (1, columns),
        [rows, columns] => (rows, columns),
        _ => return Err(VectorsError::Shape),
    };
    let value: fn(&[u8]) -> Option<f32> = match kind {
        "<f4" => |b| Some(f32::from_le_bytes(*b.first_chunk()?)),
        ">f4" => |b| Some(f32::from_be_bytes(*b.first_chunk()?)),
        "<f8" => |b| Some(f64::from_le_bytes(*b.first_chunk()?) as f32),
        ">f8" => |b| Some(f64::from_be_bytes(*b.first_chunk()?) as f32),
        _ => return Err(VectorsError::Kind(kind.chars().take(8).collect())),
    };
    let size = if kind.ends_with('4') { 4 } else { 8 };
    let bytes = rows.checked_mul(columns).and_then(|n| n.checked_mul(size));
    if bytes.is_none_or(|bytes| bytes > data.len()) {
        return Err(VectorsError::Npy);
    }
    if !(1..=LONGEST_VECTOR).contains(&columns) {
        return Err(VectorsError::Values);
    }
    let at = |row: usize, column: usize| {
        let index = if columns_first { column * rows + row } else { row * columns + column };
        data.get(index * size..).and_then(value).unwrap_or(f32::NAN)
    };
    let row =
        |row| Vector { name: String::new(), values: (0..columns).map(|column| at(row, column)).collect() };
    checked((0..rows).map(row))
}

fn checked(all: impl Iterator<Item = Vector>) -> Result<Vec<Vector>, VectorsError> {
    let all: Vec<Vector> = all.take(MOST).collect();
    let usable =
        |v: &Vector| (1..=LONGEST_VECTOR).contains(&v.values.len()) && v.values.iter().all(|x| x.is_finite());
    if all.is_empty() || !all.iter().all(usable) {
        return Err(VectorsError::Values);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As NumPy writes it.
    fn npy(kind: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let fortran = if fortran { "True" } else { "False" };
        let mut header = format!("{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': ({shape}), }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    }

    fn values(all: &[Vector]) -> Vec<Vec<f32>> {
        all.iter().map(|v| v.values.clone()).collect()
    }

    #[test]
    fn numpy_files_of_every_order_and_width() {
        let six = [1.0, 2.0, 3.0, -4.5, 5.0, 6.0f32];
        let little: Vec<u8> = six.iter().flat_map(|x| x.to_le_bytes()).collect();
        let big: Vec<u8> = six.iter().flat_map(|x| f64::from(*x).to_be_bytes()).collect();
        let rows = of_npy(&npy("<f4", false, "2, 3", &little)).expect("a table");
        assert_eq!(values(&rows), [[1.0, 2.0, 3.0], [-4.5, 5.0, 6.0]]);
        let columns = of_npy(&npy(">f8", true, "2, 3", &big)).expect("a table");
        assert_eq!(values(&columns), [[1.0, 3.0, 5.0], [2.0, -4.5, 6.0]]);
        assert_eq!(values(&of_npy(&npy("<f4", false, "6,", &little)).expect("a list")), [six]);
    }

    #[test]
    fn what_is_no_instrument_is_refused_with_a_reason() {
        let refused = |kind, shape, data: &[u8]| of_npy(&npy(kind, false, shape, data)).expect_err("refused");
        assert_eq!(refused("<i8", "1,", &[0; 8]), VectorsError::Kind("<i8".into()));
        assert_eq!(refused("|O", "1,", &[0; 8]), VectorsError::Kind("|O".into()));
        assert_eq!(refused("<f4", "2, 3, 4", &[0; 96]), VectorsError::Shape);
        assert_eq!(refused("<f4", "", &[0; 4]), VectorsError::Shape);
        assert_eq!(refused("<f4", "4,", &[0; 15]), VectorsError::Npy, "cut off");
        assert_eq!(refused("<f4", "99999999999, 99999999999", &[0; 16]), VectorsError::Npy);
        assert_eq!(refused("<f4", "9999, 1", &[0; 16]), VectorsError::Npy);
        assert_eq!(refused("<f4", "1, 5000", &[0; 20_000]), VectorsError::Values);
        assert_eq!(refused("<f4", "1,", &f32::NAN.to_le_bytes()), VectorsError::Values);
        assert_eq!(refused("<f4", "0, 4", &[]), VectorsError::Values);
        for text in ["", "{}", "[]", "[[]]", "[1e999]", "{\"a\":[]}", "true", "[1, \"b\"]"] {
            assert!(of_json(text.as_bytes()).is_err(), "{text}");
        }
        let missing = read(Path::new("no such file.npy")).expect_err("missing");
        assert!(matches!(missing, VectorsError::Read(_)), "{missing}");
    }

    #[test]
    fn json_with_and_without_names() {
        assert_eq!(values(&of_json(b"[1, -2.5]").expect("a list")), [[1.0, -2.5]]);
        assert_eq!(values(&of_json(b"[[1, 2], [3, 4]]").expect("lists")), [[1.0, 2.0], [3.0, 4.0]]);
        let named = of_json(br#"{"Reed": [1, 2], "Bell": [3, 4]}"#).expect("names");
        assert_eq!(named.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["Bell", "Reed"]);
        let many = format!("[{}]", vec!["[1]"; 1_000].join(","));
        assert_eq!(of_json(many.as_bytes()).expect("lists").len(), MOST);
    }

    proptest! {
        #[test]
        fn nothing_that_is_dropped_in_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..100, to: u8) {
            let _ = (of_json(&bytes), of_npy(&bytes));
            let mut almost = npy("<f4", false, "2, 3", &[0; 24]);
            almost[at] = to;
            if let Ok(all) = of_npy(&almost) {
                prop_assert!(all.iter().all(|v| v.values.iter().all(|x| x.is_finite())));
            }
        }
    }
}
