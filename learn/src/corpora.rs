//! Opens the packed corpora of `assets/corpora` and hands their bytes to `descant_core::corpus`.
//!
//! Command line, training and tests; never the plugin. Nothing is unpacked onto the disk.

use descant_core::corpus::{
    Corpus, DrumPiece, Funnel, GrooveError, GrooveFile, MelodyOptions, MelodyPiece, PianoFile, PianoPiece,
    ScoreOptions, ScorePiece, bass_pieces, groove_pieces, melody_pieces, piano_pieces, score_pieces,
};
use lzma_rust2::XzReader;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Why a corpus cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file is missing or unreadable.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The table of recordings cannot be used.
    #[error(transparent)]
    Groove(#[from] GrooveError),
}

/// More than any corpus here unpacks to; a damaged archive must not fill the memory.
const LARGEST: u64 = 1 << 30;

/// Unpacks an `.xz` file.
///
/// # Errors
/// The file is missing, damaged, or unpacks to more than 1 GiB.
pub fn unpack_xz(path: &Path) -> Result<Vec<u8>, CorpusError> {
    let failed = |source| CorpusError::File { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    XzReader::new(std::io::BufReader::new(file), true)
        .take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 == LARGEST {
        return Err(failed(std::io::Error::other("it unpacks to more than 1 GiB")));
    }
    Ok(bytes)
}

/// The drum corpus below `corpora` (`assets/corpora`): all 4/4 grooves and fills with their official split.
///
/// # Errors
/// The archive or its table of recordings cannot be read.
pub fn drums(corpora: &Path) -> Result<(Vec<DrumPiece>, Funnel), CorpusError> {
    let path = corpora.join("groove-midi/groove-midionly.tar.xz");
    let failed = |source| CorpusError::File { path: path.clone(), source };
    let bytes = unpack_xz(&path)?;
    let (mut files, mut info) = (Vec::new(), String::new());
    for entry in tar::Archive::new(bytes.as_slice()).entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = entry.path().map_err(failed)?.to_string_lossy().into_owned();
        let name = name.trim_start_matches("./").trim_start_matches("groove/").to_owned();
        if name == "info.csv" {
            entry.read_to_string(&mut info).map_err(failed)?;
        } else if name.ends_with(".mid") {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(failed)?;
            files.push(GrooveFile { path: name, bytes });
        }
    }
    Ok(groove_pieces(&info, &files)?)
}

/// The melodies below `corpora` (`assets/corpora`): OpenScore Lieder, then the dated pieces of OpenEWLD.
///
/// # Errors
/// A file cannot be read or is not UTF-8 text.
pub fn melodies(
    corpora: &Path,
    options: &MelodyOptions,
) -> Result<(Vec<MelodyPiece>, Vec<Funnel>), CorpusError> {
    let text = |name: &str| text(&corpora.join(name));
    let lieder = text("openscore-lieder/vocal_melody_chords.jsonl.xz")?;
    let sheets = text("openewld/leadsheets_strict.jsonl.xz")?;
    let dated = text("openewld/dated.tsv")?;
    let corpora = [
        Corpus { name: "openscore-lieder", jsonl: &lieder, allowed: None },
        Corpus { name: "openewld", jsonl: &sheets, allowed: Some(&dated) },
    ];
    Ok(melody_pieces(&corpora, options))
}

/// The string quartets below `corpora` (`assets/corpora`).
///
/// # Errors
/// The file cannot be read or is not UTF-8 text.
pub fn quartets(corpora: &Path, options: &ScoreOptions) -> Result<(Vec<ScorePiece>, Funnel), CorpusError> {
    let jsonl = text(&corpora.join("openscore-quartets/quartets_notes.jsonl.xz"))?;
    Ok(score_pieces("openscore-quartets", &jsonl, options))
}

/// The lowest parts of the string quartets below `corpora` (`assets/corpora`).
///
/// # Errors
/// The file cannot be read or is not UTF-8 text.
pub fn bass(corpora: &Path, options: &ScoreOptions) -> Result<(Vec<MelodyPiece>, Funnel), CorpusError> {
    let jsonl = text(&corpora.join("openscore-quartets/quartets_notes.jsonl.xz"))?;
    Ok(bass_pieces("openscore-quartets", &jsonl, options))
}

/// The piano performances below `corpora` (`assets/corpora`), in parts of `least` notes or more.
///
/// # Errors
/// The archive or the table of recordings cannot be read.
pub fn performances(corpora: &Path, least: usize) -> Result<(Vec<PianoPiece>, Funnel), CorpusError> {
    let table = text(&corpora.join("giantmidi-sample/recordings.tsv"))?;
    let path = corpora.join("giantmidi-sample/giantmidi_eval_preview_56.tar.xz");
    let failed = |source| CorpusError::File { path: path.clone(), source };
    let bytes = unpack_xz(&path)?;
    let mut files = Vec::new();
    for entry in tar::Archive::new(bytes.as_slice()).entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name =
            entry.path().map_err(failed)?.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".mid") {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(failed)?;
            files.push(PianoFile { name, bytes });
        }
    }
    Ok(piano_pieces(&table, &files, least))
}

/// A text file, perhaps packed.
fn text(path: &Path) -> Result<String, CorpusError> {
    let failed = |source| CorpusError::File { path: path.to_owned(), source };
    let packed = path.extension().is_some_and(|e| e == "xz");
    let bytes = if packed { unpack_xz(path)? } else { std::fs::read(path).map_err(failed)? };
    String::from_utf8(bytes).map_err(|error| failed(std::io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::corpus::{GrooveKind, Split};

    fn corpora() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/corpora")
    }

    #[test]
    fn groove_midi_gives_the_published_number_of_bars() {
        let (pieces, funnel) = drums(&corpora()).unwrap();
        let bars = |split| {
            let of = pieces.iter().filter(|p| p.split == split && p.kind == GrooveKind::Beat);
            of.map(DrumPiece::bars).sum::<usize>()
        };
        assert_eq!(Split::ALL.map(bars), [16_709, 2_071, 2_145]);
        assert_eq!((funnel.seen, pieces.len()), (1_150, 1_138));
        assert_eq!(funnel.reasons(), [("not in 4/4".to_owned(), 12)]);
    }

    #[test]
    fn no_song_is_in_two_splits_and_none_goes_missing_without_a_reason() {
        let (pieces, funnels) = melodies(&corpora(), &MelodyOptions::default()).unwrap();
        let mut home = std::collections::BTreeMap::new();
        for piece in &pieces {
            assert_eq!(
                *home.entry(piece.title.to_lowercase()).or_insert(piece.split),
                piece.split,
                "{}",
                piece.id
            );
            assert_eq!(piece.events.len() % piece.steps_per_bar, 0, "{}", piece.id);
            assert!(
                piece.events.iter().filter_map(|e| e.pitch()).all(|p| (48..84).contains(&p)),
                "{}",
                piece.id
            );
        }
        for funnel in &funnels {
            let whole = funnel.rejected.iter().filter(|r| !r.reason.starts_with('(')).count();
            let part = |id: &str| {
                id.split('#')
                    .next()
                    .unwrap_or_default()
                    .trim_start_matches(&format!("{}/", funnel.source))
                    .to_owned()
            };
            let mut songs: std::collections::BTreeSet<String> =
                pieces.iter().filter(|p| p.id.starts_with(&funnel.source)).map(|p| part(&p.id)).collect();
            songs.extend(funnel.rejected.iter().filter(|r| r.reason.starts_with('(')).map(|r| part(&r.id)));
            assert!(songs.len() + whole <= funnel.seen, "{}", funnel.source);
            assert!(
                songs.len() + whole + 5 >= funnel.seen,
                "{}: {} + {whole} of {}",
                funnel.source,
                songs.len(),
                funnel.seen
            );
        }
    }

    #[test]
    fn quartets_and_performances_keep_every_work_on_one_side() {
        let (scores, funnel) = quartets(&corpora(), &ScoreOptions::default()).unwrap();
        assert_eq!(funnel.seen, 122);
        let mut home = std::collections::BTreeMap::new();
        for piece in &scores {
            let score = piece.id.split('#').next().unwrap_or_default().to_owned();
            assert_eq!(*home.entry(score).or_insert(piece.split), piece.split, "{}", piece.id);
        }
        assert!(Split::ALL.iter().all(|s| home.values().any(|h| h == s)));
        let (played, funnel) = performances(&corpora(), 100).unwrap();
        assert_eq!(funnel.seen, 56);
        let hours = played.iter().map(|p| p.notes.total_time).sum::<f64>() / 3600.0;
        // 7.77 h less two files that are part of a third, and the silences.
        assert!((5.0..6.6).contains(&hours), "{hours} h; {:?}", funnel.reasons());
    }
}
