//! `b_chords.json`: chord figures, what they mean, their transpositions and classes.

use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::codec::encoding::{ChordEncoding, EncodingError};
use descant_core::music::{Chord, ChordSymbol};
use serde_json::{Value, json};

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    for case in doc["chords"].as_array().into_iter().flatten() {
        let outcome = match check(case) {
            Ok(()) => Outcome::Ok(0.0),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        report.case(case["figure"].as_str().unwrap_or("?"), outcome);
    }
}

fn check(case: &Value) -> Result<()> {
    let figure = case["figure"].as_str().context("no figure")?;
    let mut got = json!({
        "figure": figure, "triad": class(figure, ChordEncoding::Triad),
        "majmin": class(figure, ChordEncoding::MajorMinor),
    });
    match ChordSymbol::parse(figure) {
        Err(_) => got["error"] = json!("ChordSymbolError"),
        Ok(symbol) => {
            got["root"] = json!(symbol.root());
            got["bass"] = json!(symbol.bass());
            match symbol.chord() {
                Err(_) => got["error"] = json!("ChordSymbolError"),
                Ok(chord) => {
                    let pitches = (0..12).filter(|&p| chord.pitches.contains(p));
                    got["pitches"] = json!(pitches.collect::<Vec<u8>>());
                    got["quality"] = json!(chord.quality as u8);
                    got["transposed"] = (0..12).map(|d| symbol.transposed(d).to_string()).collect();
                }
            }
        }
    }
    ensure!(got == *case, "got {got}, expected {case}");
    Ok(())
}

/// Class of a figure, or the reference's name of the error.
fn class(figure: &str, encoding: ChordEncoding) -> Value {
    match Chord::of_figure(figure).map(|chord| encoding.class(chord)) {
        Ok(Ok(class)) => json!(class),
        Ok(Err(EncodingError::UnknownChord(_))) => json!("ChordEncodingError"),
        Ok(Err(error)) => json!(error.to_string()),
        Err(_) => json!("ChordSymbolError"),
    }
}
