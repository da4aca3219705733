//! Names of drum sounds by MIDI pitch: General MIDI, with the sounds around it that synthesizers and electronic kits
//! have agreed on. Pure look-up.

use descant_core::music::pitch_name;

/// First pitch of [`NAMES`].
const FIRST: u8 = 27;

const NAMES: [&str; 61] = [
    "High Q",
    "Slap",
    "Scratch push",
    "Scratch pull",
    "Sticks",
    "Square click",
    "Metronome click",
    "Metronome bell",
    "Acoustic bass drum",
    "Bass drum 1",
    "Side stick",
    "Acoustic snare",
    "Hand clap",
    "Electric snare",
    "Low floor tom",
    "Closed hi-hat",
    "High floor tom",
    "Pedal hi-hat",
    "Low tom",
    "Open hi-hat",
    "Low-mid tom",
    "High-mid tom",
    "Crash cymbal 1",
    "High tom",
    "Ride cymbal 1",
    "Chinese cymbal",
    "Ride bell",
    "Tambourine",
    "Splash cymbal",
    "Cowbell",
    "Crash cymbal 2",
    "Vibraslap",
    "Ride cymbal 2",
    "High bongo",
    "Low bongo",
    "Mute high conga",
    "Open high conga",
    "Low conga",
    "High timbale",
    "Low timbale",
    "High agogo",
    "Low agogo",
    "Cabasa",
    "Maracas",
    "Short whistle",
    "Long whistle",
    "Short guiro",
    "Long guiro",
    "Claves",
    "High wood block",
    "Low wood block",
    "Mute cuica",
    "Open cuica",
    "Mute triangle",
    "Open triangle",
    "Shaker",
    "Jingle bell",
    "Bell tree",
    "Castanets",
    "Mute surdo",
    "Open surdo",
];

/// The name of a drum sound; `None` where there is no usual one.
#[must_use]
pub fn name(pitch: u8) -> Option<&'static str> {
    match pitch {
        22 => Some("Closed hi-hat edge"),
        26 => Some("Open hi-hat edge"),
        _ => NAMES.get(usize::from(pitch.checked_sub(FIRST)?)).copied(),
    }
}

/// Number and name: `36 Bass drum 1`; the note's name where the sound has none.
#[must_use]
pub fn with_number(pitch: u8) -> String {
    match name(pitch) {
        Some(name) => format!("{pitch} {name}"),
        None => format!("{pitch} {}", pitch_name(pitch)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::drum_map::{MAGENTA, SOUNDS};

    #[test]
    fn every_sound_that_models_know_has_a_name() {
        assert!(SOUNDS.iter().chain(MAGENTA.iter().copied().flatten()).all(|&p| name(p).is_some()));
        assert_eq!(
            [35, 49, 81, 87].map(name),
            [Some("Acoustic bass drum"), Some("Crash cymbal 1"), Some("Open triangle"), Some("Open surdo")]
        );
        assert_eq!((with_number(36), with_number(24)), ("36 Bass drum 1".into(), "24 C0".into()));
        assert_eq!((name(88), name(0)), (None, None));
    }
}
