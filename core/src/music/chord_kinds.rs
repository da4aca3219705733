//! The kinds of chords by their abbreviations, and the modifications that may follow them.
//!
//! Pure; any thread. Source: `spec` 5 of the note-model notes. The order of [`KINDS`] is part of the grammar.

/// A degree of a chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Degree {
    /// 1 = root, 3 = third … 13.
    pub number: u8,
    /// Semitones above (or, negative, below) the degree of the major scale.
    pub alteration: i32,
}

impl Degree {
    /// Pitch class over a root.
    pub fn pitch_class(self, root: u8) -> u8 {
        const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
        let step = usize::from(self.number + 6) % 7;
        (MAJOR[step] + self.alteration + i32::from(root)).rem_euclid(12) as u8
    }
}

const fn d(number: u8, alteration: i32) -> Degree {
    Degree { number, alteration }
}

const ROOT: Degree = d(1, 0);
const MAJ3: Degree = d(3, 0);
const MIN3: Degree = d(3, -1);
const P5: Degree = d(5, 0);
const DIM5: Degree = d(5, -1);
const AUG5: Degree = d(5, 1);
const SIXTH: Degree = d(6, 0);
const MIN7: Degree = d(7, -1);
const MAJ7: Degree = d(7, 0);
const NINTH: Degree = d(9, 0);
const ELEVENTH: Degree = d(11, 0);
const THIRTEENTH: Degree = d(13, 0);

/// Abbreviations and degrees, in the order in which they are tried.
pub(super) const KINDS: &[(&[&str], &[Degree])] = &[
    (&["", "maj", "M"], &[ROOT, MAJ3, P5]),
    (&["m", "min", "-"], &[ROOT, MIN3, P5]),
    (&["+", "aug"], &[ROOT, MAJ3, AUG5]),
    (&["o", "dim"], &[ROOT, MIN3, DIM5]),
    (&["7"], &[ROOT, MAJ3, P5, MIN7]),
    (&["maj7", "M7"], &[ROOT, MAJ3, P5, MAJ7]),
    (&["m7", "min7", "-7"], &[ROOT, MIN3, P5, MIN7]),
    (&["o7", "dim7"], &[ROOT, MIN3, DIM5, d(7, -2)]),
    (&["+7", "aug7"], &[ROOT, MAJ3, AUG5, MIN7]),
    (&["m7b5", "-7b5", "/o", "/o7"], &[ROOT, MIN3, DIM5, MIN7]),
    (
        &[
            "mmaj7",
            "mM7",
            "minmaj7",
            "minM7",
            "-maj7",
            "-M7",
            "m(maj7)",
            "m(M7)",
            "min(maj7)",
            "min(M7)",
            "-(maj7)",
            "-(M7)",
        ],
        &[ROOT, MIN3, P5, MAJ7],
    ),
    (&["6"], &[ROOT, MAJ3, P5, SIXTH]),
    (&["m6", "min6", "-6"], &[ROOT, MIN3, P5, SIXTH]),
    (&["9"], &[ROOT, MAJ3, P5, MIN7, NINTH]),
    (&["maj9", "M9"], &[ROOT, MAJ3, P5, MAJ7, NINTH]),
    (&["m9", "min9", "-9"], &[ROOT, MIN3, P5, MIN7, NINTH]),
    (&["+9", "aug9"], &[ROOT, MAJ3, AUG5, MIN7, NINTH]),
    (&["6/9"], &[ROOT, MAJ3, P5, SIXTH, NINTH]),
    (&["11"], &[ROOT, MAJ3, P5, MIN7, NINTH, ELEVENTH]),
    (&["maj11", "M11"], &[ROOT, MAJ3, P5, MAJ7, NINTH, ELEVENTH]),
    (&["m11", "min11", "-11"], &[ROOT, MIN3, P5, MIN7, NINTH, ELEVENTH]),
    (&["13"], &[ROOT, MAJ3, P5, MIN7, NINTH, ELEVENTH, THIRTEENTH]),
    (&["maj13", "M13"], &[ROOT, MAJ3, P5, MAJ7, NINTH, ELEVENTH, THIRTEENTH]),
    (&["m13", "min13", "-13"], &[ROOT, MIN3, P5, MIN7, NINTH, ELEVENTH, THIRTEENTH]),
    (&["sus2"], &[ROOT, d(2, 0), P5]),
    (&["sus", "sus4"], &[ROOT, d(4, 0), P5]),
    (&["sus7", "7sus"], &[ROOT, d(4, 0), P5, MIN7]),
    (&["ped"], &[ROOT]),
    (&["5"], &[ROOT, P5]),
];

/// What a modification does to its degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Adds it with an alteration.
    Add(i32),
    /// Takes it away.
    Remove,
    /// Alters it, or adds it altered.
    Alter(i32),
}

/// One modification, e.g. `(add9)`, `b5`, `no3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Modification {
    change: Change,
    degree: u8,
}

/// The modifications at the front of `text`, and the rest.
pub(super) fn read_modifications(mut text: &str) -> (Vec<Modification>, &str) {
    let mut all = Vec::new();
    while let Some((modification, rest)) = read_modification(text) {
        all.push(modification);
        text = rest;
    }
    (all, text)
}

fn read_modification(text: &str) -> Option<(Modification, &str)> {
    const NAMES: [(&str, Change); 6] = [
        ("add#", Change::Add(1)),
        ("addb", Change::Add(-1)),
        ("add", Change::Add(0)),
        ("no", Change::Remove),
        ("#", Change::Alter(1)),
        ("b", Change::Alter(-1)),
    ];
    let text = text.strip_prefix('(').unwrap_or(text);
    let (rest, change) = NAMES.iter().find_map(|(name, c)| Some((text.strip_prefix(name)?, *c)))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let degree = rest[..digits].parse().ok().filter(|d| (1..=99).contains(d))?;
    let rest = &rest[digits..];
    Some((Modification { change, degree }, rest.strip_prefix(')').unwrap_or(rest)))
}

/// The degrees of a kind after its modifications, or the degree at which they contradict it.
pub(super) fn modify(kind: &[Degree], modifications: &[Modification]) -> Result<Vec<Degree>, u8> {
    let mut degrees = kind.to_vec();
    for &Modification { change, degree } in modifications {
        let at = degrees.iter().position(|d| d.number == degree);
        match (change, at) {
            (Change::Add(_), Some(_)) | (Change::Remove, None) => return Err(degree),
            (Change::Add(alteration), None) => {
                // An added seventh is the minor one.
                let alteration = if degree == 7 { alteration - 1 } else { alteration };
                degrees.push(Degree { number: degree, alteration });
            }
            (Change::Remove, Some(at)) => {
                degrees.remove(at);
            }
            (Change::Alter(alteration), Some(at)) => degrees[at].alteration += alteration,
            (Change::Alter(alteration), None) => degrees.push(Degree { number: degree, alteration }),
        }
    }
    Ok(degrees)
}
