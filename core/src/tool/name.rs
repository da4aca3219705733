//! What a take is called: as a file, as a track, on screen.
//!
//! Any thread. The same words everywhere, so that a track in a project leads back to its take.
use super::Take;
use crate::sampling::Seed;

/// Longest file name without its ending, in bytes: every file system takes it.
const LONGEST: usize = 120;
/// Longest part of it that a primer's name takes, in characters.
const LONGEST_PRIMER: usize = 40;

/// `Descant 3 of 8 [Generate] Drum kit RNN mavo-tiru`: the track name of take `index` (from 1) of `of`, made
/// by a model called `model`.
#[must_use]
pub fn take_name(take: &Take, index: usize, of: usize, model: &str) -> String {
    let from = match (&take.request.primer, take.request.tool) {
        (Some(primer), tool) if tool.needs_primer() => {
            let name: String = primer.name.trim().chars().take(LONGEST_PRIMER).collect();
            if name.trim().is_empty() { "primer".to_owned() } else { name.trim_end().to_owned() }
        }
        _ => "Generate".to_owned(),
    };
    format!("Descant {index} of {of} [{from}] {model} {}", Seed(take.seed))
}

/// A name that every file system takes, without an ending.
#[must_use]
pub fn file_name(name: &str) -> String {
    let bad = |c: char| c.is_control() || r#"<>:"/\|?*"#.contains(c);
    let mut safe: String = name.chars().map(|c| if bad(c) { '_' } else { c }).collect();
    while safe.len() > LONGEST {
        safe.pop();
    }
    let safe = safe.trim_matches([' ', '.']);
    if safe.is_empty() { "Descant".to_owned() } else { safe.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_everywhere() {
        assert_eq!(file_name("a/b\\c:d?.mid"), "a_b_c_d_.mid");
        assert_eq!(file_name(" .. "), "Descant");
        assert!(file_name(&"ü".repeat(200)).len() <= LONGEST);
    }
}
