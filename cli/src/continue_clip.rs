//! `descant continue`. Writes on from a clip.

use crate::takes::Options;
use anyhow::{Context, Result, bail};
use descant_core::model::{ModelEncoding, find};
use descant_core::music::text::TextPrimer;
use descant_core::music::{Clip, ClipKind, MAX_SONG_BYTES, Song, Span, Voices, read_song};
use descant_core::tool::{ChordTrack, Request, ToolKind};
use std::path::{Path, PathBuf};

/// Options of `descant continue`.
#[derive(clap::Args)]
pub struct Args {
    /// File to continue (MIDI, MusicXML, ABC, text), or the notes themselves, one item per 16th: [60,-2,67,-1] for a
    /// melody (-2 = goes on, -1 = off), [(36,42),(),(42,),()] for drums
    primer: PathBuf,
    /// Track by number (from 1) or name; default: the one that suits the model best
    #[arg(long)]
    track: Option<String>,
    /// Use only the highest notes of a track with chords
    #[arg(long)]
    top_line: bool,
    #[command(flatten)]
    options: Options,
    /// Number of new bars, 1 to 32
    #[arg(short, long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=32))]
    bars: u32,
    /// Tempo written into the files; default: the primer's
    #[arg(long)]
    tempo: Option<f64>,
}

/// Continues and writes the files.
///
/// # Errors
/// An unreadable primer, a model without weights, or a folder that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let path = &args.primer;
    let song = read(path)?;
    let chosen = args.options.model.as_deref().and_then(find).map(|c| c.kind);
    let track = pick(&song, args.track.as_deref(), chosen)?;
    let kind = song.tracks[track].kind;
    let model = args.options.load(Some(chosen.unwrap_or(kind)))?;
    let track = match args.track {
        Some(_) => track,
        // Only now is it certain what the model writes.
        None => song.best_track(model.kind()).unwrap_or(track),
    };
    for notice in &song.notices {
        println!("note: {notice}");
    }
    let voices = if args.top_line { Voices::TopLine } else { Voices::All };
    let mut clip = song.track_to_clip(track, voices, Span::Auto).context("the track has no notes")?;
    if song.tracks.len() > 1 {
        println!("track {}: {}", track + 1, song.tracks[track].title());
    }
    named(&mut clip, path);
    let request = args.options.request(ToolKind::Continue, &model, args.bars)?;
    // Only a model that hears chords is told those of the file.
    let chords = match model.encoding() {
        ModelEncoding::Improv { .. } => Some(ChordTrack {
            primer: song.track_chords(track, Span::Auto, clip.length),
            ..request.chords.clone().unwrap_or_default()
        }),
        _ => request.chords.clone(),
    };
    let request = Request { primer: Some(clip), tempo: args.tempo, chords, ..request };
    args.options.write(&model, &request)
}

/// The clip of a file: of the track by number or name, or the one that suits a kind of music best.
///
/// # Errors
/// A file that cannot be read, or has no such track or no notes.
pub fn clip(path: &Path, track: Option<&str>, kind: Option<ClipKind>) -> Result<Clip> {
    let song = read(path)?;
    let track = pick(&song, track, kind)?;
    for notice in &song.notices {
        println!("note: {notice}");
    }
    let context = || format!("{} has no notes in that track", path.display());
    let mut clip = song.track_to_clip(track, Voices::All, Span::Auto).with_context(context)?;
    named(&mut clip, path);
    Ok(clip)
}

/// Reads a song from a file that is small enough to be one, or from the text that is in its place.
pub fn read(path: &Path) -> Result<Song> {
    let context = || path.display().to_string();
    let text = path.to_str().filter(|t| t.starts_with(['[', '(', '"', '\'']) && !path.exists());
    if let Some(text) = text {
        return Ok(text.parse::<TextPrimer>()?.song());
    }
    let metadata = std::fs::metadata(path).with_context(context)?;
    if !metadata.is_file() {
        bail!("{} is no file", path.display());
    }
    if metadata.len() > MAX_SONG_BYTES as u64 {
        bail!("{} is larger than any file of notes", path.display());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    read_song(&std::fs::read(path).with_context(context)?, &name).with_context(context)
}

/// The track by number or name, or the one that suits the kind of music (the melody, if there is one, when that is open).
fn pick(song: &Song, wanted: Option<&str>, kind: Option<ClipKind>) -> Result<usize> {
    let tracks = &song.tracks;
    let Some(wanted) = wanted else {
        let kind = kind.unwrap_or_else(|| {
            if tracks.iter().any(|t| t.kind == ClipKind::Melody) { ClipKind::Melody } else { ClipKind::Drums }
        });
        return song.best_track(kind).context("the file has no notes");
    };
    let by_number = wanted.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).filter(|&n| n < tracks.len());
    let by_name = || tracks.iter().position(|t| t.title().eq_ignore_ascii_case(wanted));
    match by_number.or_else(by_name) {
        Some(track) => Ok(track),
        None => {
            let titles: Vec<String> =
                tracks.iter().enumerate().map(|(i, t)| format!("{}: {}", i + 1, t.title())).collect();
            bail!("there is no track {wanted:?}; tracks are: {}", titles.join(", "))
        }
    }
}

/// A clip without a name gets its file's.
fn named(clip: &mut Clip, path: &Path) {
    if clip.name.trim().is_empty() {
        clip.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    }
}
