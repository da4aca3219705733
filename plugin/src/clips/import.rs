//! A MIDI file or score that was dropped in or chosen: read with care, waiting for the choice of a track.
//!
//! Runs on the worker; the window looks at the track list. Whatever the file is, the answer is a song or a
//! sentence for the musician.

use super::chords::MAX_CHORDS;
use crate::gui::view::TrackView;
use descant_core::music::{
    ChordMark, Clip, ClipKind, MAX_SONG_BYTES, ReadError, Song, Span, Texture, Ticks, Voices, read_song,
};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A song whose track is to be chosen.
#[derive(Debug)]
pub struct OpenSong {
    /// File name without folder.
    pub file: String,
    /// The track that is most likely wanted.
    pub preselected: usize,
    tracks: Vec<TrackView>,
    song: Song,
}

/// Reads a file. `kind`: what the musician is working on; decides which track is preselected.
///
/// # Errors
/// A sentence that names the file and says what is wrong with it.
pub fn open(path: &Path, kind: ClipKind) -> Result<OpenSong, String> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let bad = |why: &dyn std::fmt::Display| format!("{name}: {why}.");
    let about = std::fs::metadata(path).map_err(|e| bad(&e))?;
    if about.is_dir() {
        return Err(bad(&"this is a folder without a checkpoint; drop a MIDI file, a score or a checkpoint"));
    }
    if !about.is_file() {
        return Err(bad(&"this is not a file"));
    }
    let limit = MAX_SONG_BYTES as u64;
    if about.len() > limit {
        return Err(bad(&ReadError::TooLarge(about.len())));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| bad(&e))?;
    // The file may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| bad(&e))?;
    let song = read_song(&bytes, &name).map_err(|e| bad(&e))?;
    let preselected = song.best_track(kind).ok_or_else(|| bad(&"there are no notes in this file"))?;
    Ok(OpenSong { tracks: tracks(&song), file: name, preselected, song })
}

fn tracks(song: &Song) -> Vec<TrackView> {
    let view = |(index, track): (usize, &descant_core::music::Track)| TrackView {
        name: track.title(),
        notes: track.notes.len(),
        kind: track.kind,
        polyphonic: track.texture() == Texture::Poly,
        bars: song.track_to_clip(index, Voices::All, Span::Auto).map_or(0, |c| c.bars()),
    };
    song.tracks.iter().enumerate().map(view).collect()
}

impl OpenSong {
    /// Tracks with notes.
    #[must_use]
    pub fn tracks(&self) -> &[TrackView] {
        &self.tracks
    }

    /// The track, if there is nothing to choose: one track that is no chords.
    #[must_use]
    pub fn only_choice(&self) -> Option<usize> {
        match self.tracks.as_slice() {
            [only] if !only.polyphonic => Some(0),
            _ => None,
        }
    }

    /// The file's first tempo in quarter notes per minute; what MIDI assumes if it names none.
    #[must_use]
    pub fn tempo(&self) -> f64 {
        self.song.tempo.as_ref().map_or(120.0, |t| t.at(0).qpm())
    }

    /// Whether the tempo changes on the way.
    #[must_use]
    pub fn tempo_changes(&self) -> bool {
        self.song.tempo_changes()
    }

    /// A track as a clip of whole bars, named after it. The clip's tempo is the file's if `file_tempo`, else
    /// `host_tempo`; its beats are the same in any case.
    ///
    /// # Errors
    /// A sentence, if there is no such track.
    pub fn clip(
        &self,
        track: usize,
        top_line: bool,
        file_tempo: bool,
        host_tempo: f64,
    ) -> Result<Clip, String> {
        let voices = if top_line { Voices::TopLine } else { Voices::All };
        let mut clip = self
            .song
            .track_to_clip(track, voices, Span::Auto)
            .ok_or_else(|| format!("{} has no such track.", self.file))?;
        if !file_tempo || clip.tempo.is_none() {
            clip.tempo = Some(host_tempo);
        }
        let stem = Path::new(&self.file).file_stem().map(|s| s.to_string_lossy().into_owned());
        // A lone track is best known by its file.
        if self.tracks.len() == 1
            && let Some(stem) = stem
        {
            clip.name = stem;
        }
        Ok(clip)
    }

    /// The chord symbols over the clip that [`Self::clip`] makes of a track.
    #[must_use]
    pub fn chords(&self, track: usize, length: Ticks) -> Vec<ChordMark> {
        let mut chords = self.song.track_chords(track, Span::Auto, length);
        chords.truncate(MAX_CHORDS);
        chords
    }

    /// What the musician should know, as sentences; may be empty.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = self.song.notices.clone();
        if self.tempo_changes() {
            remarks.push("The file changes its tempo; beats are kept.".into());
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::{Meter, Note, TICKS_PER_QUARTER as Q, midi};

    fn written(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("temporary file");
        path
    }

    fn part(name: &str, kind: ClipKind, pitches: &[u8]) -> Clip {
        let note =
            |(i, &pitch): (usize, &u8)| Note { start: i as i64 * Q, pitch, length: Q / 2, velocity: 80 };
        let notes = pitches.iter().enumerate().map(note).collect();
        Clip { name: name.into(), kind, notes, length: 4 * Q, meter: Meter::COMMON, tempo: Some(97.5) }
    }

    #[test]
    fn what_is_no_midi_file_is_named_and_explained() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let big = folder.path().join("big.mid");
        File::create(&big).and_then(|f| f.set_len(MAX_SONG_BYTES as u64 + 1)).expect("sparse file");
        let cases = [
            (written(folder.path(), "empty.mid", b""), "empty.mid"),
            (written(folder.path(), "noise.mid", &[0x9c; 777]), "noise.mid"),
            (
                written(folder.path(), "cut.mid", b"MThd\0\0\0\x06\0\x01\0\x01\x01\xe0MTrk\0\0\xff\xff\0"),
                "cut.mid",
            ),
            (folder.path().to_path_buf(), "folder"),
            (big, "too large"),
            (folder.path().join("gone.mid"), "gone.mid"),
        ];
        for (path, words) in cases {
            let why = open(&path, ClipKind::Melody).expect_err("no song");
            assert!(why.contains(words) && why.ends_with('.'), "{why}");
        }
    }

    #[test]
    fn a_song_offers_its_tracks_and_keeps_their_notes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let parts = [
            part("Kit", ClipKind::Drums, &[36, 42, 38, 42]),
            part("Lead", ClipKind::Melody, &[60, 64, 67, 72]),
        ];
        let bytes = midi::write_clips(&parts).expect("a file");
        let path = written(folder.path(), "song.mid", &bytes);
        let song = open(&path, ClipKind::Melody).expect("two tracks");
        assert_eq!((song.tracks().len(), song.preselected, song.only_choice()), (2, 1, None));
        assert_eq!(song.tracks()[0].kind, ClipKind::Drums);
        let clip = song.clip(1, false, false, 140.0).expect("lead");
        assert_eq!((clip.name.as_str(), &clip.notes, clip.tempo), ("Lead", &parts[1].notes, Some(140.0)));
        let tempo = song.clip(1, false, true, 140.0).expect("lead").tempo.expect("the file's own");
        assert!((tempo - 97.5).abs() < 1e-3, "{tempo}");
        assert!(song.clip(2, false, false, 140.0).is_err());
        assert_eq!(open(&path, ClipKind::Drums).map(|s| s.preselected), Ok(0));
    }

    #[test]
    fn a_score_is_read_like_a_midi_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = written(folder.path(), "scale.abc", b"X:1\nT:Scale\nM:3/4\nL:1/4\nK:C\nC D E|F G A|\n");
        let song = open(&path, ClipKind::Melody).expect("an ABC tune");
        let clip = song.clip(song.preselected, false, false, 120.0).expect("its voice");
        let notes: Vec<_> = clip.notes.iter().map(|n| (n.start / Q, n.pitch)).collect();
        assert_eq!(notes, [(0, 60), (1, 62), (2, 64), (3, 65), (4, 67), (5, 69)]);
        assert_eq!((clip.meter.numerator, clip.bars()), (3, 2));
    }

    impl PartialEq for OpenSong {
        fn eq(&self, other: &Self) -> bool {
            self.song == other.song
        }
    }
}
