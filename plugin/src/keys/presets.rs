//! The instruments that Keys has from the start: the one table to choose them in.
//!
//! Plain data. What a seed sounds like belongs to the weights: new weights ask for new names. These are after the learned
//! instruments whose vectors lie nearest, and how middle C begins and ends.
use super::document::Origin;

/// An instrument that was found worth keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Of its vector.
    pub seed: u32,
    /// Name for people; empty: the seed as a word.
    pub name: &'static str,
}

const fn preset(seed: u32, name: &'static str) -> Preset {
    Preset { seed, name }
}

/// All, in the order of the list. A new instance has the first in slot A and the second in B.
pub const PRESETS: [Preset; 12] = [
    preset(1, "Bowed brass"),
    preset(2, "Plucked reed"),
    preset(3, "Warm hum"),
    preset(4, "Silver horn"),
    preset(5, "Rising strings"),
    preset(6, "Velvet saw"),
    preset(7, "Cathedral air"),
    preset(8, "Brass quill"),
    preset(9, "Organ bell"),
    preset(10, "Bright reed"),
    preset(11, "Dark organ"),
    preset(12, "Reed pipe"),
];

impl Preset {
    /// As an instrument.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::Seed(self.seed)
    }
}

/// The name that the table gives an instrument.
#[must_use]
pub fn name(origin: &Origin) -> Option<&'static str> {
    PRESETS.iter().find(|p| p.origin() == *origin).map(|p| p.name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_preset_comes_twice_and_names_fit_the_header() {
        let seeds: BTreeSet<u32> = PRESETS.iter().map(|p| p.seed).collect();
        assert_eq!(seeds.len(), PRESETS.len());
        let names: Vec<&str> = PRESETS.iter().map(|p| p.name).filter(|n| !n.is_empty()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|n| n.chars().count() <= 20));
    }
}
