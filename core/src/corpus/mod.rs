//! Folders of music → pieces that a model can learn from, and the figures that describe them.
//!
//! Bytes come in already unpacked (archives are opened by `descant-learn`), pieces go out with the split they
//! belong to; every file that stays out is kept in a [`Funnel`] with the reason. [`markov`] is the baseline that
//! a network has to beat and [`measure`] holds the statistics of the quality scoreboard. Runs on whatever thread
//! calls it, never in the note path: `f64` maths from the standard library is used freely here.
mod bars;
mod bass;
mod duplicates;
mod funnel;
pub mod grid;
pub mod groove;
pub mod harmony;
pub mod markov;
pub mod markov_frames;
pub mod measure;
mod melody;
mod melody_piece;
mod piano;
mod scores;
mod split;

pub use bass::{BASS_RANGE, bass_pieces};
pub use funnel::{Funnel, Rejected};
pub use groove::{DrumPiece, GrooveError, GrooveFile, GrooveKind, Hit, groove_pieces};
pub use melody::{Corpus, MelodyOptions, Rests, melody_pieces};
pub use melody_piece::MelodyPiece;
pub use piano::{PianoFile, PianoPiece, piano_pieces};
pub use scores::{ScoreOptions, ScorePiece, score_pieces};
pub use split::Split;
