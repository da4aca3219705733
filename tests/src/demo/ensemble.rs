//! Both plugins together in the demo: Clips writes a trio over chords and plays its bass and drums, Keys plays its lead.
use super::{TEMPO, write_wav};
use crate::clips::{RATE, balanced, bounce, generate, open, roll};
use crate::host::{In, NoteEvent};
use crate::keys::{open_offline, peak, play};
use crate::state;
use crate::transport::Transport;
use anyhow::{Context as _, Result, ensure};
use descant_core::music::{Note, TICKS_PER_QUARTER, midi};
use descant_core::tool::{Mix, trio};
use descant_plugin::clips::chords::Chords;
use descant_plugin::clips::document::Content;
use std::path::Path;

const CHORDS: [&str; 4] = ["Am", "F", "C", "G"];
/// Channels from 0 of melody, bass and drums.
const CHANNELS: [u16; 3] = [0, 1, 9];
/// Seconds after the last bar.
const TAIL: f64 = 1.0;

/// Notes of a channel as they are written, by time.
fn onsets(notes: &[NoteEvent], channel: u16) -> Vec<(u64, u16)> {
    let of = notes.iter().filter(|n| n.on && n.channel == channel);
    let mut all: Vec<(u64, u16)> = of.map(|n| (n.time, n.key)).collect();
    all.sort_unstable();
    all
}

/// The trio as MIDI and as sound; a line for people, and the saved project.
pub(super) fn perform(out: &Path) -> Result<(String, Vec<u8>)> {
    let mut host = open()?;
    let chords = Chords { progression: CHORDS.map(String::from).to_vec(), ..Chords::default() };
    let project = Content { chords, ..state::document(&host.save()?)? };
    let loaded = state::with_document(&host.save()?, &project)?;
    host.load(&loaded)?;
    let content = generate(&mut host, &[("Tool", "Trio"), ("Variations", "2"), ("Generate bars", "8")])?;
    let parts = content.sounding.and_then(|id| content.trio(id)).context("no trio sounds")?;
    let clips = parts.map(|e| e.take.clip.clone());
    let bytes = trio::write(clips.clone())?;
    std::fs::write(out.join("trio.mid"), &bytes)?;
    let tracks: Vec<Vec<Note>> = midi::read(&bytes)?.tracks.into_iter().map(|t| t.notes).collect();
    ensure!(
        tracks.iter().zip(&clips).all(|(track, clip)| *track == clip.notes),
        "trio.mid holds other notes"
    );

    let transport = Transport::new(RATE, TEMPO);
    let beats = clips[0].length as f64 / TICKS_PER_QUARTER as f64;
    let rolled = roll(&mut host, &transport, beats, &[512])?;
    ensure!(balanced(&rolled.notes)? == 0, "notes hang");
    for (clip, channel) in clips.iter().zip(CHANNELS) {
        let found = onsets(&rolled.notes, channel);
        let exact = |note: &Note| note.start as f64 / TICKS_PER_QUARTER as f64 * transport.samples_per_beat();
        let right = |(found, note): (&(u64, u16), &Note)| {
            (found.0 as f64 - exact(note)).abs() <= 1.0 && found.1 == u16::from(note.pitch)
        };
        ensure!(
            found.len() == clip.notes.len() && found.iter().zip(&clip.notes).all(right),
            "channel {channel}"
        );
    }

    // The lead leaves Clips for Keys.
    let lead: Vec<In> =
        rolled.notes.iter().filter(|n| n.channel == CHANNELS[0]).map(|n| In::Note(*n)).collect();
    let samples = rolled.wave[0].len() as u64 + (TAIL * RATE) as u64;
    let mut keys = open_offline()?;
    let lead = play(&mut keys, samples, &[512], &lead)?.wave;
    let mix = Mix { muted: [true, false, false], ..Mix::default() };
    let quiet = state::with_document(&host.save()?, &Content { mix, ..content.clone() })?;
    host.load(&quiet)?;
    let audition = host.set_normalised(0, "Audition", 0.7)?;
    bounce(&mut host, &[&[audition]])?;
    let rest = roll(&mut host, &transport, beats, &[512])?;
    ensure!(onsets(&rest.notes, CHANNELS[0]).is_empty(), "a muted part is heard");
    let [bass, drums] = [1, 2].map(|part| onsets(&rest.notes, CHANNELS[part]).len());
    ensure!(bass > 0 && drums > 0 && peak(&rest.wave[0]) > 0.02 && peak(&lead[0]) > 0.02, "a part is silent");
    let mut wave = lead;
    for (all, rest) in wave.iter_mut().zip(&rest.wave) {
        all.iter_mut().zip(rest).for_each(|(a, b)| *a = 0.7 * (*a + b));
    }
    write_wav(&out.join("trio.wav"), &wave)?;
    let line = format!(
        "Trio      trio.mid, trio.wav: over {}, lead of {} notes by Keys, bass {bass}, drums {drums} by Clips",
        CHORDS.join(" "),
        clips[0].notes.len(),
    );
    Ok((line, state::with_document(&quiet, &content)?))
}
