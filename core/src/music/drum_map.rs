//! [`DrumMap`]: which MIDI pitches a lane listens to and which one it plays, for kits that are not General MIDI.
//!
//! Any thread. The tables of the reference implementations live here; models count their classes in the order of
//! the nine lanes.

use super::{Clip, ClipKind};
use serde::{Deserialize, Serialize};

/// Pitches per lane, the one that is written first.
pub type Lanes = [&'static [u8]; 9];

/// Names of the nine lanes.
pub const LANE_NAMES: [&str; 9] =
    ["Kick", "Snare", "Closed hi-hat", "Open hi-hat", "Low tom", "Mid tom", "High tom", "Crash", "Ride"];

/// The lanes of Magenta's Python models: General MIDI and a few pitches of electronic kits (22, 26).
pub const MAGENTA: Lanes = [
    &[36, 35],
    &[38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85],
    &[42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22],
    &[46, 67, 72, 74, 79, 81, 26],
    &[45, 29, 41, 43, 61, 64, 84],
    &[48, 47, 60, 63, 77, 86, 87],
    &[50, 30, 62, 76, 83],
    &[49, 52, 55, 57, 58],
    &[51, 53, 59, 82],
];

/// The lanes of magenta.js: without 22 and 26; 43 is a high tom and 52 a ride.
pub const MAGENTA_JS: Lanes = [
    MAGENTA[0],
    MAGENTA[1],
    &[42, 44, 54, 68, 69, 70, 71, 73, 78, 80],
    &[46, 67, 72, 74, 79, 81],
    &[45, 29, 41, 61, 64, 84],
    MAGENTA[5],
    &[50, 30, 43, 62, 76, 83],
    &[49, 55, 57, 58],
    &[51, 52, 53, 59, 82],
];

/// The lanes of the electronic kit (Roland TD-11) on which the GrooVAE models were trained.
pub const ROLAND: Lanes = [
    &[36],
    &[38, 37, 40],
    &[42, 22, 44],
    &[46, 26],
    &[43, 58],
    &[47, 45],
    &[50, 48],
    &[49, 52, 55, 57],
    &[51, 53, 59],
];

/// The 61 sounds of models with one class per pitch, in the order of their classes.
pub const SOUNDS: [u8; 61] = [
    36, 35, 38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85, 42, 44, 54, 68, 69, 70, 71, 73, 78,
    80, 46, 67, 72, 74, 79, 81, 45, 29, 41, 61, 64, 84, 48, 47, 60, 63, 77, 86, 87, 50, 30, 43, 62, 76, 83,
    49, 55, 57, 58, 51, 52, 53, 59, 82,
];

/// Class of a pitch among the 61 [`SOUNDS`].
#[must_use]
pub fn sound_class(pitch: u8) -> Option<usize> {
    SOUNDS.iter().position(|&p| p == pitch)
}

/// Why a map cannot be used. Lanes are named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrumMapError {
    /// No such lane.
    #[error("there are nine drum lanes; number {} does not exist", .0 + 1)]
    Lane(usize),
    /// Not a MIDI pitch.
    #[error("{0} is not a MIDI pitch (0–127)")]
    Pitch(u8),
    /// One pitch plays two lanes, so a clip that is written could not be read back.
    #[error("pitch {pitch} would play both {} and {}", LANE_NAMES[*.first], LANE_NAMES[*.second])]
    SharedOutput {
        /// The pitch.
        pitch: u8,
        /// First lane, 0..9.
        first: usize,
        /// Second lane, 0..9.
        second: usize,
    },
    /// A lane does not hear the pitch that it plays.
    #[error("{} plays pitch {pitch}, but the map reads that pitch differently", LANE_NAMES[*.lane])]
    Deaf {
        /// The lane, 0..9.
        lane: usize,
        /// What it plays.
        pitch: u8,
    },
}

/// Two or more sounds of a clip that a model with nine classes hears as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The lane, 0..9.
    pub lane: usize,
    /// Different pitches of the clip in that lane, ascending, at least two.
    pub pitches: Vec<u8>,
}

/// A kit: what each pitch means, and what each lane plays. Reading back what was written gives the same lanes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct DrumMap {
    /// Lane of each pitch.
    lanes: [Option<u8>; 128],
    /// Pitch of each lane.
    output: [u8; 9],
}

impl Default for DrumMap {
    fn default() -> Self {
        Self::of(&MAGENTA)
    }
}

impl DrumMap {
    /// The map of one of the reference tables; [`MAGENTA`] is the default.
    #[must_use]
    pub fn of(table: &Lanes) -> Self {
        let mut lanes = [None; 128];
        let mut output = [0; 9];
        for ((lane, pitches), out) in (0u8..).zip(table).zip(&mut output) {
            *out = pitches[0];
            pitches.iter().for_each(|&pitch| lanes[usize::from(pitch)] = Some(lane));
        }
        Self { lanes, output }
    }

    /// As [`Self::of`]; what the table leaves out means what it means in [`MAGENTA`].
    #[must_use]
    pub fn over_general_midi(table: &Lanes) -> Self {
        let mut map = Self::of(table);
        for (lane, pitches) in (0u8..).zip(&MAGENTA) {
            for &pitch in *pitches {
                map.lanes[usize::from(pitch)].get_or_insert(lane);
            }
        }
        map
    }

    /// Kits with a name, the default first.
    #[must_use]
    pub fn kits() -> [(&'static str, Self); 3] {
        [
            ("General MIDI", Self::default()),
            ("Roland TD-11", Self::over_general_midi(&ROLAND)),
            ("magenta.js", Self::of(&MAGENTA_JS)),
        ]
    }

    /// The place of this kit among [`Self::kits`]; `None`: a kit of its own.
    #[must_use]
    pub fn kit(&self) -> Option<usize> {
        Self::kits().iter().position(|(_, kit)| kit == self)
    }

    /// Makes `pitch` mean a lane, or nothing.
    ///
    /// # Errors
    /// A lane or pitch that does not exist, or a pitch that another lane plays.
    pub fn set_input(&mut self, pitch: u8, lane: Option<usize>) -> Result<(), DrumMapError> {
        let mut map = self.clone();
        let number = lane.map(checked_lane).transpose()?;
        *map.lanes.get_mut(usize::from(pitch)).ok_or(DrumMapError::Pitch(pitch))? = number;
        *self = map.checked()?;
        Ok(())
    }

    /// Makes a lane play `pitch`, which then means that lane. What it played before still means it, too.
    ///
    /// # Errors
    /// A lane or pitch that does not exist, or a pitch that another lane plays.
    pub fn set_output(&mut self, lane: usize, pitch: u8) -> Result<(), DrumMapError> {
        let mut map = self.clone();
        let number = checked_lane(lane)?;
        *map.lanes.get_mut(usize::from(pitch)).ok_or(DrumMapError::Pitch(pitch))? = Some(number);
        map.output[lane] = pitch;
        *self = map.checked()?;
        Ok(())
    }

    fn checked(self) -> Result<Self, DrumMapError> {
        for (lane, &pitch) in self.output.iter().enumerate() {
            if let Some(second) = (lane + 1..9).find(|&other| self.output[other] == pitch) {
                return Err(DrumMapError::SharedOutput { pitch, first: lane, second });
            }
            if self.lane(pitch) != Some(lane) {
                return Err(DrumMapError::Deaf { lane, pitch });
            }
        }
        Ok(self)
    }

    /// The lane that a pitch means, 0..9.
    #[must_use]
    pub fn lane(&self, pitch: u8) -> Option<usize> {
        self.lanes.get(usize::from(pitch)).copied().flatten().map(usize::from)
    }

    /// The pitch that a lane plays.
    #[must_use]
    pub fn output(&self, lane: usize) -> Option<u8> {
        self.output.get(lane).copied()
    }

    /// The pitches that mean a lane, ascending.
    pub fn inputs(&self, lane: usize) -> impl Iterator<Item = u8> + '_ {
        (0u8..128).filter(move |&pitch| self.lane(pitch) == Some(lane))
    }

    /// A pitch of this kit as models know it: itself where they put it in the same lane, else the first pitch of its
    /// lane in [`MAGENTA`]; `None` if this kit says that it means nothing.
    #[must_use]
    pub fn to_model(&self, pitch: u8) -> Option<u8> {
        match (self.lane(pitch), models_lane(pitch)) {
            (ours, theirs) if ours == theirs => Some(pitch),
            (lane, _) => lane.map(|lane| MAGENTA[lane][0]),
        }
    }

    /// A pitch that a model wrote or heard as this kit plays it: itself where its lane plays what [`MAGENTA`] plays,
    /// else what its lane plays. What belongs to no lane stays as it is.
    #[must_use]
    pub fn from_model(&self, pitch: u8) -> u8 {
        let Some(lane) = models_lane(pitch) else { return pitch };
        let usual = self.output[lane] == MAGENTA[lane][0] && self.lane(pitch) == Some(lane);
        if usual { pitch } else { self.output[lane] }
    }

    /// A pitch that this kit plays as the sound that is meant: what [`Self::from_model`] made it of.
    #[must_use]
    pub fn sound(&self, pitch: u8) -> u8 {
        let lane = self.lane(pitch).filter(|&lane| self.output[lane] == pitch);
        lane.map_or(pitch, |lane| MAGENTA[lane][0])
    }

    /// A clip that was played on this kit as models know it. Melodies stay as they are.
    #[must_use]
    pub fn heard(&self, clip: &Clip) -> Clip {
        repitched(clip, |pitch| self.to_model(pitch))
    }

    /// A clip that a model wrote as this kit plays it. Melodies stay as they are.
    #[must_use]
    pub fn played(&self, clip: &Clip) -> Clip {
        repitched(clip, |pitch| Some(self.from_model(pitch)))
    }

    /// What a model with nine classes cannot tell apart among these pitches, by lane; for a warning.
    #[must_use]
    pub fn merges(&self, pitches: impl IntoIterator<Item = u8>) -> Vec<Merge> {
        let mut by_lane: [Vec<u8>; 9] = Default::default();
        for pitch in pitches {
            if let Some(lane) = self.lane(pitch) {
                let known = &mut by_lane[lane];
                if let Err(at) = known.binary_search(&pitch) {
                    known.insert(at, pitch);
                }
            }
        }
        let merged = by_lane.into_iter().enumerate().filter(|(_, pitches)| pitches.len() > 1);
        merged.map(|(lane, pitches)| Merge { lane, pitches }).collect()
    }
}

/// The lane of a pitch among the classes of models.
fn models_lane(pitch: u8) -> Option<usize> {
    MAGENTA.iter().position(|pitches| pitches.contains(&pitch))
}

/// The clip with other drum pitches; of hits that fall together the loudest stays.
fn repitched(clip: &Clip, map: impl Fn(u8) -> Option<u8>) -> Clip {
    let mut clip = clip.clone();
    if clip.kind != ClipKind::Drums || clip.notes.iter().all(|n| map(n.pitch) == Some(n.pitch)) {
        return clip;
    }
    clip.notes.retain_mut(|note| {
        let pitch = map(note.pitch);
        note.pitch = pitch.unwrap_or(note.pitch);
        pitch.is_some()
    });
    clip.notes.sort_unstable_by_key(|n| (n.start, n.pitch, std::cmp::Reverse((n.velocity, n.length))));
    clip.notes.dedup_by_key(|n| (n.start, n.pitch));
    clip
}

fn checked_lane(lane: usize) -> Result<u8, DrumMapError> {
    u8::try_from(lane).ok().filter(|&l| usize::from(l) < LANE_NAMES.len()).ok_or(DrumMapError::Lane(lane))
}

/// A map as it is saved: per lane what it plays and what it hears.
#[derive(Clone, Serialize, Deserialize)]
struct Stored(Vec<(u8, Vec<u8>)>);

impl From<DrumMap> for Stored {
    fn from(map: DrumMap) -> Self {
        Self((0..9).map(|lane| (map.output[lane], map.inputs(lane).collect())).collect())
    }
}

impl TryFrom<Stored> for DrumMap {
    type Error = DrumMapError;

    fn try_from(stored: Stored) -> Result<Self, DrumMapError> {
        let mut map = Self { lanes: [None; 128], output: [0; 9] };
        if stored.0.len() != 9 {
            return Err(DrumMapError::Lane(stored.0.len()));
        }
        for (lane, (output, inputs)) in stored.0.into_iter().enumerate() {
            map.output[lane] = output;
            for pitch in inputs {
                let slot = map.lanes.get_mut(usize::from(pitch)).ok_or(DrumMapError::Pitch(pitch))?;
                *slot = Some(checked_lane(lane)?);
            }
        }
        map.checked()
    }
}

#[cfg(test)]
#[path = "drum_map_tests.rs"]
mod tests;
