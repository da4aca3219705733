//! The demo: loads the bundle in the in-process host, generates and continues clips, plays them on a rolling
//! transport and looks at the window. Everything it writes comes from the plugin; everything it claims it checks.
#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

mod ensemble;
mod keys;
mod onsets;
#[cfg(target_os = "linux")]
mod pictures;

use crate::clips::{RATE, balanced, generate, model_for, open, roll};
use crate::host::Host;
use crate::state;
use crate::transport::Transport;
use anyhow::{Context as _, Result, bail, ensure};
use descant_core::music::midi::{self, WriteOptions};
use descant_core::music::{Chord, Clip, ClipKind, Note, Span, TICKS_PER_QUARTER, Voices};
use descant_core::tool::{self, Take};
use descant_plugin::clips::chords::Chords;
use descant_plugin::clips::document::{Content, Entry, Primer};
use descant_plugin::gui::view::PrimerOrigin;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const TEMPO: f64 = 120.0;

/// A file a user would have, and what is continued from it.
struct Input {
    file: &'static str,
    kind: ClipKind,
}

const INPUTS: [Input; 5] = [
    Input { file: "drums.mid", kind: ClipKind::Drums },
    Input { file: "melody.mid", kind: ClipKind::Melody },
    Input { file: "song.mid", kind: ClipKind::Drums },
    Input { file: "song.mid", kind: ClipKind::Melody },
    Input { file: "swung.mid", kind: ClipKind::Melody },
];

/// Runs the demo and writes its files into `out`.
pub fn run(out: &Path) -> Result<()> {
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| format!("{} cannot be emptied", out.display()))?;
    }
    fs::create_dir_all(out)?;
    println!("Descant demo → {}\n", out.display());
    let models =
        [(ClipKind::Drums, model_for(ClipKind::Drums)?), (ClipKind::Melody, model_for(ClipKind::Melody)?)];
    let mut pages = Vec::new();

    for (kind, model) in &models {
        let mut host = open()?;
        let content = generate(&mut host, &[("Tool", "Generate"), ("Model", model), ("Variations", "8")])?;
        ensure!(content.entries.len() == 8, "{} takes instead of 8", content.entries.len());
        for entry in &content.entries {
            write_take(out, entry)?;
        }
        let notes: usize = content.entries.iter().map(|e| e.take.clip.notes.len()).sum();
        let worst = plays_what_it_shows(&mut host, &content)?;
        println!(
            "Generate  {model}: 8 takes of {} bars, {notes} notes; played on the timeline within {worst:.2} samples",
            content.entries[0].take.clip.bars()
        );
        if *kind == ClipKind::Drums {
            println!("          {}", audition(&mut host, out)?);
        }
        pages.push((format!("generate-{}", word(*kind)), host.save()?));
    }

    for input in &INPUTS {
        let model = &models.iter().find(|m| m.0 == input.kind).context("both kinds are there")?.1;
        let primer = primer(input)?;
        let mut host = open()?;
        let before = state::document(&host.save()?)?;
        let content =
            Content { primer: Some(Primer { clip: primer.clone(), origin: PrimerOrigin::File }), ..before };
        let loaded = state::with_document(&host.save()?, &content)?;
        host.load(&loaded)?;
        let content = generate(&mut host, &[("Tool", "Continue"), ("Model", model), ("Variations", "2")])?;
        ensure!(!content.entries.is_empty(), "no continuation of {}", input.file);
        for entry in &content.entries {
            intact(&primer, &entry.take).with_context(|| format!("the continuation of {}", input.file))?;
            write_take(out, entry)?;
        }
        let take = &content.entries[0].take;
        let new = take.clip.notes.iter().filter(|n| n.start >= take.new_from).count();
        println!(
            "Continue  {} ({}, {} notes, {} bars): {} + {new} notes in {} bars, primer intact{}",
            input.file,
            primer.name,
            primer.notes.len(),
            primer.bars(),
            take.clip.notes.len() - new,
            take.clip.bars(),
            notices(take)
        );
        plays_what_it_shows(&mut host, &content)?;
        if input.file == "melody.mid" {
            pages.push(("continue-melody".into(), host.save()?));
        }
    }

    pages.push(("improvise".into(), improvise(out)?));
    pages.push(("harmonise".into(), harmonise(out)?));
    for tool in ["Interpolate", "Groove", "Drumify", "Hats"] {
        pages.push((tool.to_lowercase(), with_tool(tool, out)?));
    }

    println!("{}", keys::perform(out)?);
    let (line, trio) = ensemble::perform(out)?;
    println!("{line}");
    pages.push(("trio".into(), trio));

    #[cfg(target_os = "linux")]
    for line in pictures::take(out, &pages)? {
        println!("{line}");
    }
    let files = fs::read_dir(out)?.count();
    println!("\n{files} files in {}", out.display());
    Ok(())
}

/// A project that already holds something, and the takes of a run with these settings in it.
fn reopened(content: &Content, settings: &[(&str, &str)]) -> Result<(Host, Content)> {
    let mut host = open()?;
    let loaded = state::with_document(&host.save()?, content)?;
    host.load(&loaded)?;
    let content = generate(&mut host, settings)?;
    plays_what_it_shows(&mut host, &content)?;
    Ok((host, content))
}

/// Melodies over typed chords. The saved project.
fn improvise(out: &Path) -> Result<Vec<u8>> {
    const MODEL: &str = "Chord pitches improv RNN";
    const CHORDS: [&str; 4] = ["Dm7", "G7", "Cmaj7", "Am7"];
    let chords = Chords { progression: CHORDS.map(String::from).to_vec(), ..Chords::default() };
    let project = Content { chords, ..Content::default() };
    let settings = [("Model", MODEL), ("Variations", "4"), ("Generate bars", "8")];
    let (mut host, content) = reopened(&project, &settings)?;
    let (mut inside, mut notes) = (0, 0);
    for entry in &content.entries {
        write_take(out, entry)?;
        let marks = entry.take.chords();
        for note in &entry.take.clip.notes {
            let mark = marks.iter().rev().find(|c| c.tick <= note.start).context("a note without a chord")?;
            let chord = Chord::of_figure(&mark.figure)?.context("no chord")?;
            inside += usize::from(chord.pitches.contains(note.pitch));
            notes += 1;
        }
    }
    ensure!(notes > 0 && 2 * inside > notes, "{inside} of {notes} notes belong to their chords");
    println!(
        "Generate  {MODEL} over {}: {} takes, {inside} of {notes} notes belong to their chords",
        CHORDS.join(" "),
        content.entries.len()
    );
    host.save()
}

/// Voices for a melody. The saved project.
fn harmonise(out: &Path) -> Result<Vec<u8>> {
    const MODEL: &str = "Polyphony RNN";
    let melody = primer(&INPUTS[1])?;
    let project = Content {
        primer: Some(Primer { clip: melody.clone(), origin: PrimerOrigin::File }),
        ..Content::default()
    };
    let settings = [("Tool", "Harmonise"), ("Model", MODEL), ("Variations", "2")];
    let (mut host, content) = reopened(&project, &settings)?;
    for entry in &content.entries {
        let mut rest = entry.take.clip.notes.clone();
        for note in &melody.notes {
            let place = rest.iter().position(|n| n == note).context("a note of the melody is gone")?;
            rest.remove(place);
        }
        ensure!(!rest.is_empty(), "no voices were added");
        write_take(out, entry)?;
    }
    let take = &content.entries[0].take;
    println!(
        "Harmonise {} ({} notes): {} notes in {} bars by {MODEL}, every one of the melody among them",
        INPUTS[1].file,
        melody.notes.len(),
        take.clip.notes.len(),
        take.clip.bars()
    );
    host.save()
}

/// A tool of the latent models on the drum primer. The saved project.
fn with_tool(tool: &str, out: &Path) -> Result<Vec<u8>> {
    let drums = primer(&INPUTS[0])?;
    let project = Content {
        primer: Some(Primer { clip: drums.clone(), origin: PrimerOrigin::File }),
        other: Some(primer(&INPUTS[2])?),
        ..Content::default()
    };
    let (mut host, content) = reopened(&project, &[("Tool", tool), ("Variations", "2")])?;
    for entry in &content.entries {
        write_take(out, entry)?;
        let bar = entry.take.clip.meter.bar_ticks();
        ensure!(entry.take.clip.length % bar == 0, "a take of {tool} does not end on a bar line");
    }
    let take = &content.entries[0].take;
    println!(
        "{tool:11} {} ({} notes): {} takes, the first with {} notes in {} bars{}",
        INPUTS[0].file,
        drums.notes.len(),
        content.entries.len(),
        take.clip.notes.len(),
        take.clip.bars(),
        notices(take)
    );
    host.save()
}

fn word(kind: ClipKind) -> &'static str {
    match kind {
        ClipKind::Drums => "drums",
        ClipKind::Melody => "melody",
    }
}

fn notices(take: &Take) -> String {
    if take.notices.is_empty() { String::new() } else { format!(" ({})", take.notices.join("; ")) }
}

/// Reads a file as dropping it would, on the track that the plugin preselects.
fn primer(input: &Input) -> Result<Arc<Clip>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/primers").join(input.file);
    let song = midi::read(&fs::read(&path).with_context(|| format!("{} is not readable", path.display()))?)?;
    let track = song.best_track(input.kind).context("no track fits")?;
    let voices = if input.kind == ClipKind::Drums { Voices::All } else { Voices::TopLine };
    let clip = song.track_to_clip(track, voices, Span::Auto).context("the track is empty")?;
    Ok(Arc::new(clip))
}

/// The primer's notes are in the take, bit by bit, and nothing else sounds before the new part.
fn intact(primer: &Clip, take: &Take) -> Result<()> {
    let old: Vec<&Note> = take.clip.notes.iter().filter(|n| n.start < take.new_from).collect();
    ensure!(old.len() == primer.notes.len(), "{} notes instead of {}", old.len(), primer.notes.len());
    for (a, b) in old.iter().zip(&primer.notes) {
        ensure!(*a == b, "{b:?} became {a:?}");
    }
    Ok(())
}

fn write_take(out: &Path, entry: &Entry) -> Result<()> {
    let clip = &entry.take.clip;
    let chords = entry.take.chords();
    let bytes = midi::write_clip(clip, WriteOptions { chords: &chords, ..WriteOptions::default() })?;
    let name = tool::file_name(&clip.name);
    fs::write(out.join(format!("{name}.mid")), &bytes)?;
    // What was written must read back as the clip.
    let song = midi::read(&bytes)?;
    let back = song.tracks.iter().find(|t| !t.notes.is_empty()).map(|t| t.notes.clone()).unwrap_or_default();
    if back != clip.notes {
        bail!("{name}.mid does not hold the take's notes");
    }
    Ok(())
}

/// Rolls the transport over the sounding take and compares what left the plugin. Largest error in samples.
fn plays_what_it_shows(host: &mut Host, content: &Content) -> Result<f64> {
    let clip = &content.sounding_entry().context("no take sounds")?.take.clip;
    let transport = Transport::new(RATE, TEMPO);
    let beats = clip.length as f64 / TICKS_PER_QUARTER as f64;
    let rolled = roll(host, &transport, beats, &[512])?;
    ensure!(balanced(&rolled.notes)? == 0, "notes hang");
    let mut ons: Vec<(u64, u16)> = rolled.notes.iter().filter(|n| n.on).map(|n| (n.time, n.key)).collect();
    ons.sort_unstable();
    ensure!(ons.len() == clip.notes.len(), "{} notes played, {} shown", ons.len(), clip.notes.len());
    let spb = transport.samples_per_beat();
    let mut worst = 0.0_f64;
    for ((time, key), note) in ons.iter().zip(&clip.notes) {
        ensure!(*key == u16::from(note.pitch), "key {key} instead of {}", note.pitch);
        worst = worst.max((*time as f64 - note.start as f64 / TICKS_PER_QUARTER as f64 * spb).abs());
    }
    ensure!(worst <= 1.0, "an onset is {worst:.1} samples off");
    Ok(worst)
}

/// Turns the audition sound on, records the take and compares the sound's onsets with the notes'.
fn audition(host: &mut Host, out: &Path) -> Result<String> {
    let on = host.set_normalised(0, "Audition", 0.8)?;
    crate::clips::bounce(host, &[&[on]])?;
    let rolled = roll(host, &Transport::new(RATE, TEMPO), 16.0, &[512])?;
    write_wav(&out.join("audition.wav"), &rolled.wave)?;
    let times: Vec<u64> = rolled.notes.iter().filter(|n| n.on).map(|n| n.time).collect();
    let found = onsets::compare(&rolled.wave, &times, RATE);
    ensure!(found.heard * 2 >= found.expected, "only {} of {} onsets are heard", found.heard, found.expected);
    ensure!(found.worst_ms <= 1.0, "a sound is {:.2} ms away from its note", found.worst_ms);
    Ok(format!(
        "audition.wav: {} of {} onsets stand out of the sound, the worst {:.2} ms from its note",
        found.heard, found.expected, found.worst_ms
    ))
}

/// Stereo, 16 bits.
fn write_wav(path: &Path, wave: &[Vec<f32>; 2]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for (l, r) in wave[0].iter().zip(&wave[1]) {
        for s in [l, r] {
            writer.write_sample((s.clamp(-1.0, 1.0) * 32_767.0) as i16)?;
        }
    }
    Ok(writer.finalize()?)
}
