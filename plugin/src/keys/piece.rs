//! Along the clip: a MIDI file or score that was dropped in, and how it is played by instruments that change.
//!
//! Any thread but the audio thread; rendering is the studio's. Not saved: the file is the musician's.
use super::engine::Engine;
use super::studio::Task;
use descant_core::model::gansynth::NoteError;
use descant_core::music::{MAX_SONG_BYTES, read_song};
use descant_core::nn::conv::Alone;
use descant_core::sound::along::{Along, AlongError, Manner, PieceNote, STEP, notes_of};
use descant_core::sound::combine::RATE;
use descant_core::sound::wav;
use descant_core::tool::file_name;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Seconds between instruments: of a new instance, the least, the most.
pub const SPACING: (f64, f64, f64) = (5.0, 0.5, 60.0);

/// The notes of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// File name without folder.
    pub file: String,
    /// Its notes.
    pub notes: Arc<[PieceNote]>,
}

/// See the file's head.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// What was dropped in.
    pub opened: Option<Opened>,
    /// Seconds from instrument to instrument that are wished for.
    pub spacing: f64,
    /// Which instruments.
    pub seed: u32,
    /// Whose rules hold.
    pub manner: Manner,
    /// What was rendered, of just this.
    pub wav: Option<PathBuf>,
}

impl Default for Piece {
    fn default() -> Self {
        Self { opened: None, spacing: SPACING.0, seed: 1, manner: Manner::Musical, wav: None }
    }
}

impl Piece {
    /// Changes something; what was rendered before is of something else.
    pub fn change(&mut self, f: impl FnOnce(&mut Self)) {
        f(self);
        self.wav = None;
    }

    /// The plan, for a model with vectors of `latent` numbers and pitches within `range`.
    ///
    /// # Errors
    /// A sentence.
    pub fn plan(&self, latent: usize, range: (u8, u8)) -> Result<Along, String> {
        let opened = self.opened.as_ref().ok_or("Drop a MIDI file first.")?;
        Along::new(&opened.notes, self.manner, self.spacing, (latent, self.seed), range)
            .map_err(|why| format!("{}: {why}.", opened.file))
    }
}

/// Reads a MIDI file or score.
///
/// # Errors
/// A sentence that names the file and says what is wrong with it.
pub fn open(path: &Path) -> Result<Opened, String> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let bad = |why: &dyn std::fmt::Display| format!("{file}: {why}.");
    if !path.is_file() {
        return Err(bad(&"this is not a file; drop a MIDI file or a score"));
    }
    let mut bytes = Vec::new();
    let source = File::open(path).map_err(|e| bad(&e))?;
    source.take(MAX_SONG_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| bad(&e))?;
    let song = read_song(&bytes, &file).map_err(|e| bad(&e))?;
    let notes: Arc<[PieceNote]> = notes_of(&song).into();
    if notes.is_empty() {
        return Err(bad(&"there are no notes in it but drums"));
    }
    Ok(Opened { notes, file })
}

/// Why there is no sound of a piece.
#[derive(Debug, thiserror::Error)]
enum RenderError {
    #[error(transparent)]
    Along(#[from] AlongError),
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Renders the piece as it is set and keeps the file; words for the status line. For the studio.
///
/// # Errors
/// A sentence.
pub fn render(engine: &Arc<Engine>, task: &Task) -> Result<String, String> {
    let piece = engine.piece().clone();
    let notes = engine.notes()?;
    let plan = piece.plan(notes.latent(), notes.range())?;
    let count = plan.notes.len();
    let sound = plan.render(|index, note, way| -> Result<_, RenderError> {
        task.progress(index as f32 / count as f32);
        Ok(notes.morphing((way, STEP), note.pitch, &Alone, &task.cancel)?)
    });
    let sound = sound.map_err(|why| format!("The piece could not be rendered: {why}."))?;
    let sound: Vec<f32> = sound.into_iter().map(|x| x as f32).collect();
    let opened = piece.opened.as_ref().map_or("", |o| o.file.as_str());
    let stem = Path::new(opened).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let written =
        engine.studio.place(&format!("{}.wav", file_name(&format!("{stem} along")))).and_then(|path| {
            std::fs::write(&path, wav::write(RATE as u32, &[&sound]))?;
            Ok(path)
        });
    let path = written.map_err(|why| format!("The sound could not be written as a file: {why}."))?;
    let mut now = engine.piece();
    // Unless the musician has turned a knob meanwhile.
    if (Piece { wav: None, ..now.clone() }) == (Piece { wav: None, ..piece }) {
        now.wav = Some(path);
    }
    Ok(report(&plan, sound.len() as f64 / RATE))
}

/// What was rendered, in words.
fn report(plan: &Along, seconds: f64) -> String {
    let mut text = format!(
        "Rendered {} notes, {seconds:.0} s, with {} instruments, one every {:.2} s",
        plan.notes.len(),
        plan.anchors.vectors().len(),
        plan.spacing()
    );
    if plan.moved > 0 {
        text.push_str(&format!("; {} moved by octaves", plan.moved));
    }
    if plan.left_out > 0 {
        text.push_str(&format!("; {} left out", plan.left_out));
    }
    text + "."
}
