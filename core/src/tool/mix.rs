//! [`Mix`]: which parts of a trio are heard.
//!
//! Any thread; plain data, saved with a project.
use serde::{Deserialize, Serialize};

/// Which parts of trios are muted, and which are heard alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mix {
    /// Not heard.
    pub muted: [bool; 3],
    /// If any is, the others are not heard.
    pub solo: [bool; 3],
}

impl Mix {
    /// Whether a part is heard.
    #[must_use]
    pub fn hears(&self, part: usize) -> bool {
        let on = |of: &[bool; 3]| of.get(part).copied().unwrap_or(false);
        if self.solo.contains(&true) { on(&self.solo) } else { !on(&self.muted) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solo_beats_mute() {
        let heard = |mix: Mix| [0, 1, 2].map(|part| mix.hears(part));
        assert_eq!(heard(Mix::default()), [true; 3]);
        let mut mix = Mix { muted: [true, false, false], ..Mix::default() };
        assert_eq!(heard(mix), [false, true, true]);
        mix.solo[0] = true;
        assert_eq!(heard(mix), [true, false, false]);
        mix.solo[2] = true;
        assert_eq!(heard(mix), [true, false, true]);
    }
}
