//! [`DrumMap`]: which MIDI pitches a lane listens to and which one it plays, for kits that are not General MIDI.
//!
//! Any thread. The tables of the reference implementations live here; models count their classes in the order of
//! the nine lanes.

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

    /// A pitch of this kit as models know it: the first pitch of the same lane in [`MAGENTA`].
    #[must_use]
    pub fn to_model(&self, pitch: u8) -> Option<u8> {
        self.lane(pitch).map(|lane| MAGENTA[lane][0])
    }

    /// A pitch that a model wrote as this kit plays it. What belongs to no lane stays as it is.
    #[must_use]
    pub fn from_model(&self, pitch: u8) -> u8 {
        let lane = MAGENTA.iter().position(|pitches| pitches.contains(&pitch));
        lane.map_or(pitch, |lane| self.output[lane])
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
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_reference_tables_hold_what_they_should() {
        let flat = |table: &Lanes| table.iter().flat_map(|p| p.iter().copied()).collect::<Vec<_>>();
        let set = |list: Vec<u8>| list.into_iter().collect::<BTreeSet<_>>();
        assert_eq!((flat(&MAGENTA).len(), set(flat(&MAGENTA)).len()), (63, 63));
        assert_eq!(set(flat(&MAGENTA_JS)), set(SOUNDS.to_vec()), "the 61 sounds are those of the JS lanes");
        assert_eq!(set(SOUNDS.to_vec()).len(), 61);
        // Where the two differ: 43, 52, and 22 and 26 in one only.
        let (python, js) = (DrumMap::of(&MAGENTA), DrumMap::of(&MAGENTA_JS));
        let differ: Vec<u8> = (0..128).filter(|&p| python.lane(p) != js.lane(p)).collect();
        assert_eq!(differ, [22, 26, 43, 52]);
        assert_eq!((sound_class(36), sound_class(82), sound_class(22)), (Some(0), Some(60), None));
    }

    #[test]
    fn lanes_survive_a_round_trip_in_both_tables() {
        for table in [&MAGENTA, &MAGENTA_JS] {
            let map = DrumMap::of(table);
            for lane in 0..9 {
                assert_eq!(map.output(lane).and_then(|p| map.lane(p)), Some(lane));
            }
        }
    }

    #[test]
    fn a_kit_of_its_own_is_read_and_written() {
        let mut map = DrumMap::default();
        map.set_output(0, 24).expect("free");
        map.set_input(25, Some(1)).expect("free");
        map.set_input(82, None).expect("free");
        assert_eq!(
            (map.to_model(24), map.to_model(36), map.to_model(25), map.to_model(82)),
            (Some(36), Some(36), Some(38), None)
        );
        assert_eq!((map.from_model(36), map.from_model(38), map.from_model(99)), (24, 38, 99));
        assert_eq!(map.inputs(0).collect::<Vec<_>>(), [24, 35, 36]);
        let text = serde_json::to_string(&map).expect("saved");
        assert_eq!(serde_json::from_str::<DrumMap>(&text).expect("read"), map);
        assert!(serde_json::from_str::<DrumMap>("[[36,[36]]]").is_err());
    }

    #[test]
    fn maps_that_could_not_be_read_back_are_refused() {
        let mut map = DrumMap::default();
        let before = map.clone();
        assert_eq!(map.set_output(0, 38), Err(DrumMapError::SharedOutput { pitch: 38, first: 0, second: 1 }));
        assert_eq!(map.set_input(38, None), Err(DrumMapError::Deaf { lane: 1, pitch: 38 }));
        assert_eq!(map.set_input(128, None), Err(DrumMapError::Pitch(128)));
        assert_eq!(map.set_output(9, 1), Err(DrumMapError::Lane(9)));
        assert_eq!(map, before);
        let message = DrumMapError::SharedOutput { pitch: 38, first: 0, second: 1 }.to_string();
        assert_eq!(message, "pitch 38 would play both Kick and Snare");
    }

    #[test]
    fn merges_name_what_becomes_one_sound() {
        let map = DrumMap::default();
        let merges = map.merges([36, 44, 42, 36, 35, 42, 38, 3]);
        let wanted = [Merge { lane: 0, pitches: vec![35, 36] }, Merge { lane: 2, pitches: vec![42, 44] }];
        assert_eq!(merges, wanted);
        assert!(map.merges([36, 38, 42]).is_empty());
    }
}
