//! `converters_*.json`: music to what the latent models read, and what they write to music.

use super::a_quantise::difference;
use super::vae_array::Array;
use super::vae_cases::{cut, kit, labels, lists, optional, programs, rows, sequence};
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::codec::encoding::EncodingError;
use descant_core::codec::vae::{
    DrumConverter, DrumExample, DrumKit, DrumSteps, GrooveConverter, GrooveExample, GrooveInput,
    GrooveLayout, MelodyConverter, MelodyExample, MultitrackConverter, MultitrackExample, Rows,
    TrioConverter, TrioExample, VaeError,
};
use descant_core::music::{NoteSequence, SequenceNote};
use serde_json::{Value, json};

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    let kind = doc["kind"].as_str().unwrap_or("?");
    let cases = |direction: &str| doc[direction].as_array().into_iter().flatten();
    for case in cases("to_tensors") {
        let outcome = match examples(kind, case) {
            Ok(Some(got)) => compare(&got, case),
            Ok(None) => Outcome::NotBuilt(kind.to_owned()),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        report.case(case["name"].as_str().unwrap_or("?"), outcome);
    }
    for (i, case) in cases("from_tensors").enumerate() {
        let outcome = match music(kind, case) {
            Ok(Some(got)) => {
                let mut largest = 0.0;
                let found = difference(&written(&got, kind != "groove"), &case["expect"], "", &mut largest);
                found.map_or(Outcome::Ok(largest), Outcome::Failed)
            }
            Ok(None) => Outcome::NotBuilt(kind.to_owned()),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        report.case(&format!("from_tensors {i}"), outcome);
    }
}

/// Examples in the shape of the file; `None` if the converter is not built.
fn examples(kind: &str, case: &Value) -> Result<Option<Result<Vec<Value>, VaeError>>> {
    let (args, input) = (&case["args"], sequence(&case["input"])?);
    let yes = |key: &str| args[key] == true;
    let chords = args["chord_encoding"] == "triad";
    Ok(Some(match kind {
        "melody" => {
            let converter = MelodyConverter {
                programs: programs(&args["valid_programs"])?,
                skip_polyphony: yes("skip_polyphony"),
                cut: cut(args)?,
                chords,
            };
            converter.to_tensors(&input).map(|all| all.iter().map(melody).collect())
        }
        "drums" => drum_converter(args)?.to_tensors(&input).map(|all| all.iter().map(drums).collect()),
        "groove" => {
            let add = labels(&args["add_instruments"]).unwrap_or_default();
            let converter = GrooveConverter {
                kit: kit(args, &case["mode"])?,
                bars: optional(&args["split_bars"])?.context("no split_bars")?,
                hop: optional(&args["hop_size"])?,
                input: GrooveInput {
                    tapify: yes("tapify"),
                    humanize: yes("humanize"),
                    fixed_velocities: yes("fixed_velocities"),
                    add_drums: add.iter().map(|drum| 1 << drum).sum(),
                },
                layout: match (optional(&args["num_velocity_bins"])?, optional(&args["num_offset_bins"])?) {
                    (Some(velocities), Some(offsets)) => GrooveLayout::Binned { velocities, offsets },
                    _ if yes("split_instruments") => GrooveLayout::Split,
                    _ => GrooveLayout::Together,
                },
                hits_as_controls: yes("hits_as_controls"),
            };
            converter.to_tensors(&input).map(|all| all.iter().map(groove).collect())
        }
        "trio" => {
            let converter = TrioConverter {
                bars: optional(&args["slice_bars"])?.context("no slice_bars")?,
                gap_bars: optional(&args["gap_bars"])?.context("no gap_bars")?,
                max_examples: cut(args)?.max_examples,
            };
            converter.to_tensors(&input).map(|all| all.iter().map(trio).collect())
        }
        "multiperf" => {
            let converter = MultitrackConverter { chords, max_examples: None };
            converter.to_tensors(&input).map(|all| all.iter().map(multitrack).collect())
        }
        _ => return Ok(None),
    }))
}

/// Music from what a model wrote; `None` if the converter is not built.
fn music(kind: &str, case: &Value) -> Result<Option<NoteSequence>> {
    Ok(Some(match kind {
        "melody" => {
            let triads = case.get("control_labels").map(labels).transpose()?;
            let example = MelodyExample { labels: labels(&case["labels"])?, triads };
            MelodyConverter::default().from_tensors(&example)?
        }
        "drums" => {
            let (kit, output) = match case["form"].as_str() {
                Some("onehot512") => (DrumKit::Nine, DrumSteps::Labels(labels(&case["labels"])?)),
                Some("roll9") => (DrumKit::Nine, DrumSteps::Roll(rows(&case["bits"])?)),
                Some("roll61") => (DrumKit::SixtyOne, DrumSteps::Roll(rows(&case["bits"])?)),
                _ => return Ok(None),
            };
            let converter =
                DrumConverter { kit, roll_input: true, roll_output: true, cut: cut(&Value::Null)? };
            converter.from_tensors(&output)?
        }
        "groove" => {
            // Which map a mode takes stands in the cases of the other direction; it is the same in all.
            let args = json!({ "pitch_classes": "roland9", "inference_pitch_classes": "reduced9" });
            let Array { shape, values } = Array::need(&case["input"], "input")?;
            let width = *shape.last().context("no width")?;
            let converter = GrooveConverter { kit: kit(&args, &case["mode"])?, ..GrooveConverter::default() };
            converter.from_tensors(&Rows { width, values })?
        }
        "trio" => TrioConverter::default().from_tensors(&TrioExample {
            melody: labels(&case["melody"])?,
            bass: labels(&case["bass"])?,
            drums: labels(&case["drums"])?,
        })?,
        "multiperf" => MultitrackConverter::default().from_tensors(&lists(&case["tokens"])?)?,
        _ => return Ok(None),
    }))
}

fn drum_converter(args: &Value) -> Result<DrumConverter> {
    let kit = match args["pitch_classes"].as_str() {
        Some("reduced9") => DrumKit::Nine,
        Some("full61") => DrumKit::SixtyOne,
        other => anyhow::bail!("unknown drum classes {other:?}"),
    };
    let (roll_input, roll_output) = (args["roll_input"] == true, args["roll_output"] == true);
    Ok(DrumConverter { kit, roll_input, roll_output, cut: cut(args)? })
}

// ---- our examples as the file writes them ----

fn melody(e: &MelodyExample) -> Value {
    let mut out = json!({ "length": e.labels.len(), "labels": e.labels });
    if let Some(triads) = &e.triads {
        out["control_labels"] = json!(triads);
    }
    out
}

fn drums(e: &DrumExample) -> Value {
    let mut out = json!({});
    for (side, steps) in [("input", &e.input), ("output", &e.output)] {
        out["length"] = match steps {
            DrumSteps::Labels(labels) => {
                out[format!("{side}_labels")] = json!(labels);
                json!(labels.len())
            }
            DrumSteps::Roll(rows) => {
                out[format!("{side}_bits")] = bits(rows);
                json!(rows.iter().len())
            }
        };
    }
    out
}

fn groove(e: &GrooveExample) -> Value {
    let nonzero = |rows: &Rows| rows.values.iter().filter(|&&v| v != 0.0).count();
    let array = |rows: &Rows| json!({ "width": rows.width, "values": rows.values });
    let mut out = json!({
        "length": e.output.iter().len(), "input": array(&e.input), "output": array(&e.output),
        "input_nonzero": nonzero(&e.input), "output_nonzero": nonzero(&e.output),
    });
    if let Some(control) = &e.control {
        out["control_bits"] = bits(control);
    }
    out
}

fn trio(e: &TrioExample) -> Value {
    json!({ "length": e.melody.len(), "melody": e.melody, "bass": e.bass, "drums": e.drums })
}

fn multitrack(e: &MultitrackExample) -> Value {
    let lengths: Vec<usize> = e.tracks.iter().map(Vec::len).collect();
    let mut out = json!({ "length": lengths, "tokens": e.tracks });
    if let Some(triads) = &e.triads {
        out["control_labels"] = json!(triads);
    }
    out
}

/// Rows of zeros and ones.
fn bits(rows: &Rows) -> Value {
    let text = |row: &[f32]| row.iter().map(|&v| if v == 0.0 { '0' } else { '1' }).collect::<String>();
    rows.iter().map(text).collect()
}

/// Music as the file writes it.
fn written(ns: &NoteSequence, sorted: bool) -> Value {
    let mut notes = ns.notes.clone();
    if sorted {
        notes.sort_by(|a, b| {
            let ids = (a.instrument, a.pitch).cmp(&(b.instrument, b.pitch));
            a.start_time.total_cmp(&b.start_time).then(ids).then(a.end_time.total_cmp(&b.end_time))
        });
    }
    let note = |n: &SequenceNote| {
        json!({
            "pitch": n.pitch, "velocity": n.velocity, "start": n.start_time, "end": n.end_time,
            "instrument": n.instrument, "program": n.program, "is_drum": n.is_drum,
        })
    };
    let tempos = ns.tempos.iter().map(|t| json!({ "time": t.time, "qpm": t.qpm }));
    let signatures = ns
        .time_signatures
        .iter()
        .map(|s| json!({ "time": s.time, "numerator": s.numerator, "denominator": s.denominator }));
    let chords = ns.text_annotations.iter().map(|a| json!({ "time": a.time, "text": a.text }));
    json!({
        "notes": notes.iter().map(note).collect::<Vec<_>>(), "tempos": tempos.collect::<Vec<_>>(),
        "time_signatures": signatures.collect::<Vec<_>>(), "chords": chords.collect::<Vec<_>>(),
        "total_time": ns.total_time,
    })
}

// ---- comparison ----

fn compare(got: &Result<Vec<Value>, VaeError>, case: &Value) -> Outcome {
    let outcome = match (got, case["expect"]["error"].as_str()) {
        (Err(error), expected) => {
            let name = reference_name(error);
            if expected == Some(name) { Ok(()) } else { Err(anyhow::anyhow!("{error} ({name})")) }
        }
        (Ok(_), Some(name)) => Err(anyhow::anyhow!("no error, expected {name}")),
        (Ok(got), None) => same(got, case),
    };
    outcome.map_or_else(|e| Outcome::Failed(format!("{e:#}")), |()| Outcome::Ok(0.0))
}

/// Both lists hold the same examples, where it matters in the same order.
fn same(got: &[Value], case: &Value) -> Result<()> {
    let expected = case["expect"]["examples"].as_array().context("no examples")?;
    let mut expected: Vec<Value> = expected.iter().map(plain).collect::<Result<_>>()?;
    let mut got = got.to_vec();
    if case["compare"] == "set" {
        got.sort_by_key(Value::to_string);
        expected.sort_by_key(Value::to_string);
    }
    ensure!(got.len() == expected.len(), "{} examples, expected {}", got.len(), expected.len());
    for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
        for key in ["length", "labels", "control_labels", "tokens", "input", "output"] {
            ensure!(got[key] == expected[key], "example {i}: {key} {}, expected {}", got[key], expected[key]);
        }
        ensure!(got == expected, "example {i}: {got}, expected {expected}");
    }
    Ok(())
}

/// An expected example with its arrays as lists of numbers.
fn plain(example: &Value) -> Result<Value> {
    let mut out = example.clone();
    for (_, value) in out.as_object_mut().into_iter().flatten() {
        if value.get("b64").is_some() {
            let Array { shape, values } = Array::need(value, "array")?;
            *value = json!({ "width": shape.last(), "values": values });
        }
    }
    Ok(out)
}

/// The exception that the reference raises in the place of our error.
fn reference_name(error: &VaeError) -> &'static str {
    match error {
        VaeError::Encoding(EncodingError::UnknownDrum(_)) => "KeyError",
        VaeError::MixedTrack => "TypeError",
        VaeError::NoChords => "ChordInferenceError",
        _ => "ValueError",
    }
}
