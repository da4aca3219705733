//! Every model whose weights are inside, through the built plugin: from nothing, after a primer, under every limit.
//! What is checked are the notes.

use anyhow::{Context as _, Result, ensure};
use descant_core::model::{EncodingParams, builtin, find};
use descant_core::music::{Clip, ClipKind, Meter, Note, TICKS_PER_QUARTER as Q, Ticks};
use descant_core::tool::Take;
use descant_plugin::clips::document::{Content, Primer};
use descant_plugin::gui::view::PrimerOrigin;
use descant_plugin::library::{self, ModelInfo};
use descant_tests::clips::{generate, open};
use descant_tests::host::Host;
use descant_tests::state;
use std::collections::BTreeSet;
use std::sync::Arc;

const BAR: Ticks = 4 * Q;

/// What a model writes, as far as limits are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Drums,
    Melody,
    Improv,
    Polyphony,
    Roll,
    Performance,
}

fn family(model: &ModelInfo) -> Result<Family> {
    Ok(match find(&model.id).context("in the catalogue")?.hparams.encoding {
        EncodingParams::OneDrum | EncodingParams::Drums { .. } | EncodingParams::DrumsLookback { .. } => {
            Family::Drums
        }
        EncodingParams::Improv { .. } => Family::Improv,
        EncodingParams::Polyphony => Family::Polyphony,
        EncodingParams::Pianoroll { .. } => Family::Roll,
        EncodingParams::Performance { .. } => Family::Performance,
        _ => Family::Melody,
    })
}

/// Latent models have tools and tests of their own.
fn inside() -> impl Iterator<Item = &'static ModelInfo> {
    library::models().iter().filter(|m| builtin::has(&m.id) && !m.latent)
}

/// Two bars that no grid made: swung, with velocities of their own.
fn primer(kind: ClipKind) -> Clip {
    let pitches: [u8; 4] = if kind == ClipKind::Drums { [36, 42, 38, 42] } else { [60, 64, 62, 67] };
    let note = |i: i64| Note {
        start: i * Q / 2 + if i % 2 == 1 { Q / 11 } else { 0 },
        pitch: pitches[(i % 4) as usize],
        length: Q / 3,
        velocity: (60 + i) as u8,
    };
    let mut clip = Clip {
        name: "primer".into(),
        kind,
        notes: (0..16).map(note).collect(),
        length: 2 * BAR,
        meter: Meter::COMMON,
        tempo: Some(120.0),
    };
    clip.normalise();
    clip
}

/// As a project comes back: with this primer, and these bars locked.
fn reopened(host: &mut Host, clip: Clip, locked: &[u32]) -> Result<()> {
    let primer = Some(Primer { clip: Arc::new(clip), origin: PrimerOrigin::File });
    let content = Content { primer, locked: locked.to_vec(), ..Content::default() };
    let state = state::with_document(&host.save()?, &content)?;
    host.load(&state)
}

/// Takes of a tool with these settings in a fresh instance.
fn takes(model: &ModelInfo, tool: &str, locked: &[u32], settings: &[(&str, &str)]) -> Result<Vec<Arc<Take>>> {
    let mut host = open()?;
    reopened(&mut host, primer(model.kind), locked)?;
    let usual = [("Tool", tool), ("Model", model.name.as_str()), ("Variations", "3"), ("Continue bars", "4")];
    let content = generate(&mut host, &[&usual, settings].concat())?;
    let takes: Vec<Arc<Take>> = content.entries.into_iter().map(|e| e.take).collect();
    ensure!(takes.len() == 3, "{}: {} takes by {tool}", model.name, takes.len());
    Ok(takes)
}

/// Notes that the model wrote.
fn new(take: &Take) -> Vec<Note> {
    take.clip.notes.iter().filter(|n| n.start >= take.new_from).copied().collect()
}

#[test]
fn every_model_writes_from_nothing_and_after_a_primer_and_again_the_same() -> Result<()> {
    for model in inside() {
        let written = takes(model, "Generate", &[], &[])?;
        for take in &written {
            assert_eq!((take.clip.length, take.new_from), (4 * BAR, 0), "{}", model.name);
            assert!(!take.clip.notes.is_empty(), "{} wrote nothing", model.name);
            assert!(take.score.log_likelihood_per_step < 0.0);
        }
        assert_ne!(written[0].clip.notes, written[1].clip.notes, "{}", model.name);
        assert_eq!(takes(model, "Generate", &[], &[])?, written, "{} is reproducible", model.name);

        let old = primer(model.kind);
        let continued = takes(model, "Continue", &[], &[])?;
        for take in &continued {
            let before: Vec<Note> =
                take.clip.notes.iter().filter(|n| n.start < take.new_from).copied().collect();
            assert_eq!(before, old.notes, "{}: the primer stays", model.name);
            assert_eq!((take.new_from, take.clip.length), (2 * BAR, 6 * BAR), "{}", model.name);
        }
        assert!(continued.iter().any(|t| !new(t).is_empty()), "{} went on with nothing", model.name);
        assert_eq!(takes(model, "Continue", &[], &[])?, continued, "{} is reproducible", model.name);
    }
    Ok(())
}

#[test]
fn scale_and_range_hold() -> Result<()> {
    let limits = [("Key", "D"), ("Scale", "Major"), ("Lowest note", "G2"), ("Highest note", "A4")];
    for model in inside() {
        if family(model)? == Family::Drums {
            continue;
        }
        for tool in ["Generate", "Continue"] {
            for take in takes(model, tool, &[], &limits)? {
                for note in new(&take) {
                    assert!((55..=81).contains(&note.pitch), "{}: {note:?}", model.name);
                    assert!([2, 4, 6, 7, 9, 11, 1].contains(&(note.pitch % 12)), "{}: {note:?}", model.name);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_bass_stays_on_its_strings() -> Result<()> {
    let model = inside().find(|m| m.id == "bass_rnn").context("bass has weights")?;
    for take in takes(model, "Generate", &[], &[])? {
        assert!(take.clip.notes.iter().all(|n| (28..56).contains(&n.pitch)), "{:?}", take.clip.notes);
    }
    Ok(())
}

#[test]
fn the_most_notes_at_once_hold() -> Result<()> {
    for model in inside() {
        let drums = family(model)? == Family::Drums;
        for take in takes(model, "Generate", &[], &[("Most notes at once", "2")])? {
            let notes = &take.clip.notes;
            for a in notes {
                let with = notes.iter().filter(|b| {
                    if drums { b.start == a.start } else { b.start <= a.start && a.start < b.end() }
                });
                assert!(with.count() <= 2, "{}: at {}", model.name, a.start);
            }
        }
    }
    Ok(())
}

#[test]
fn no_note_follows_itself_where_that_is_asked() -> Result<()> {
    for model in inside() {
        let family = family(model)?;
        // Voices may repeat pitches, and one drum has nothing else to play; a notice says so.
        if matches!(family, Family::Polyphony | Family::Roll) || model.id == "one_drum" {
            let said = takes(model, "Generate", &[], &[("No repeated notes", "On")])?;
            assert!(said.iter().all(|t| t.notices.iter().any(|n| n.contains("repeat"))));
            continue;
        }
        for take in takes(model, "Generate", &[], &[("No repeated notes", "On")])? {
            let together: Vec<BTreeSet<u8>> = take
                .clip
                .notes
                .chunk_by(|a, b| a.start == b.start)
                .map(|notes| notes.iter().map(|n| n.pitch).collect())
                .collect();
            // Keys struck together were struck one after the other, who knows in which order.
            let alone = |pair: &[BTreeSet<u8>]| pair.iter().all(|keys| keys.len() == 1);
            let counts = |pair: &&[BTreeSet<u8>]| family != Family::Performance || alone(pair);
            let mut pairs = together.windows(2).filter(counts);
            assert!(pairs.all(|pair| pair[0] != pair[1]), "{}: {together:?}", model.name);
        }
    }
    Ok(())
}

#[test]
fn more_density_is_more_notes() -> Result<()> {
    for model in inside() {
        let onsets = |settings: &[(&str, &str)]| -> Result<usize> {
            let settings = [settings, &[("Generate bars", "8")]].concat();
            let takes = takes(model, "Generate", &[], &settings)?;
            Ok(takes.iter().map(|t| t.clip.notes.len()).sum())
        };
        let (thin, thick) = (onsets(&[("Density", "3 per bar")])?, onsets(&[("Density", "12 per bar")])?);
        assert!(2 * thin < thick, "{}: {thin} and {thick} notes", model.name);
        if family(model)? == Family::Performance {
            let (thin, thick) =
                (onsets(&[("Notes per second", "3")])?, onsets(&[("Notes per second", "15")])?);
            assert!(thin < thick, "{}: {thin} and {thick} notes", model.name);
        }
    }
    Ok(())
}

#[test]
fn locked_bars_stay_and_a_kept_rhythm_is_kept() -> Result<()> {
    for model in inside() {
        if !matches!(family(model)?, Family::Drums | Family::Melody | Family::Improv) {
            continue;
        }
        let old = primer(model.kind);
        let bar = |clip: &Clip, n: Ticks| -> Vec<Note> {
            clip.notes.iter().filter(|note| note.start / BAR == n).copied().collect()
        };
        let takes = |settings: &[(&str, &str)]| takes(model, "Rewrite", &[0], settings);
        for take in takes(&[])? {
            assert_eq!((bar(&take.clip, 0), take.clip.length), (bar(&old, 0), old.length), "{}", model.name);
        }
        let mut moved = false;
        for take in takes(&[("Keep", "Rhythm")])? {
            let places = |clip: &Clip| -> BTreeSet<(Ticks, u8)> {
                clip.notes.iter().map(|n| (n.start, n.velocity)).collect()
            };
            assert_eq!(places(&take.clip), places(&old), "{}", model.name);
            moved |= take.clip.notes != old.notes;
        }
        assert!(moved, "{} wrote what was there", model.name);
    }
    Ok(())
}

#[test]
fn harmonising_keeps_every_note_of_the_primer() -> Result<()> {
    let mut harmonised = 0;
    for model in inside() {
        if family(model)? != Family::Polyphony {
            continue;
        }
        for listens in ["Off", "On"] {
            for take in takes(model, "Harmonise", &[], &[("Listen first", listens)])? {
                let mut rest = take.clip.notes.clone();
                for note in primer(model.kind).notes {
                    let place =
                        rest.iter().position(|n| *n == note).context("a note of the primer is gone")?;
                    rest.remove(place);
                }
                assert!(!rest.is_empty(), "no voice was added");
                assert_eq!(take.clip.length, 2 * BAR);
                harmonised += 1;
            }
        }
    }
    assert!(harmonised > 0, "no model harmonises");
    Ok(())
}

#[test]
fn a_safer_search_finds_likelier_takes() -> Result<()> {
    for model in inside() {
        if !matches!(family(model)?, Family::Drums | Family::Melody | Family::Improv) {
            continue;
        }
        let mean = |search: &str| -> Result<f32> {
            let takes = takes(model, "Generate", &[], &[("Search", search)])?;
            Ok(takes.iter().map(|t| t.score.log_likelihood_per_step).sum::<f32>() / takes.len() as f32)
        };
        let (wild, safe) = (mean("Wild")?, mean("Safe")?);
        assert!(wild < safe, "{}: {wild} and {safe}", model.name);
    }
    Ok(())
}
