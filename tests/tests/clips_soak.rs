//! Ten minutes of everything a host may do, as fast as possible, with the allocation guard on.
#![expect(clippy::print_stdout, reason = "the seed of a failed run must be known")]

use anyhow::{Context as _, Result, ensure};
use descant_core::music::{Clip, ClipKind, TICKS_PER_QUARTER};
use descant_tests::clips::{balanced, generate, model_for};
use descant_tests::host::{Host, NoteEvent};
use descant_tests::random::Random;
use descant_tests::transport::Transport;
use descant_tests::{bundle, state};

const MINUTES: f64 = 10.0;

#[test]
fn fixed_seed() -> Result<()> {
    soak(0x5eed)
}

#[test]
fn random_seed() -> Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let seed = std::env::var("DESCANT_SOAK_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| u64::from(now.subsec_nanos()) ^ now.as_secs());
    println!("DESCANT_SOAK_SEED={seed}");
    soak(seed).with_context(|| format!("repeat with DESCANT_SOAK_SEED={seed}"))
}

fn soak(seed: u64) -> Result<()> {
    let mut random = Random(seed | 1);
    let rate = [44_100.0, 48_000.0, 96_000.0][random.below(3) as usize];
    let mut host = Host::open(&bundle::clap()?, "org.descant.clips", rate)?;
    let mut states = Vec::new();
    for kind in [ClipKind::Drums, ClipKind::Melody] {
        generate(&mut host, &[("Model", model_for(kind)?)])?;
        states.push(host.save()?);
    }
    let clips: Vec<Clip> = states
        .iter()
        .map(|s| Ok(state::document(s)?.sounding_entry().context("no take sounds")?.take.clip.clone()))
        .collect::<Result<_>>()?;
    host.load(&states[0])?;
    let mut current = 0;

    let total = (MINUTES * 60.0 * rate) as u64;
    let mut transport = Transport::new(rate, 120.0);
    transport.playing = true;
    let mut all: Vec<NoteEvent> = Vec::new();
    let mut bypassed = false;
    let (mut passed, mut exact) = (0_u64, 0_usize);
    while passed < total {
        // One scene: something changes, then time passes undisturbed and the onsets are compared.
        let mut events = Vec::new();
        let mut disturbed = true;
        match random.below(10) {
            0 => transport.playing = !transport.playing,
            1 => transport.locate(random.unit() * 200.0 - 8.0),
            2 | 3 => transport.set_tempo(20.0 + random.unit() * 280.0),
            4 => transport.meter = [(4, 4), (3, 4), (7, 8), (6, 8), (5, 4)][random.below(5) as usize],
            5 => {
                transport.cycle = if transport.cycle.is_some() {
                    None
                } else {
                    let start = (random.unit() * 64.0).floor();
                    let end = start + 1.0 + (random.unit() * 32.0).floor() / 4.0;
                    transport.locate(start);
                    Some((start, end))
                }
            }
            6 => {
                current = random.below(2) as usize;
                host.load(&states[current])?;
            }
            7 => {
                bypassed = !bypassed;
                events.push(host.set_normalised(0, "Bypass", f64::from(u8::from(bypassed)))?);
            }
            8 => {
                let _ = host.save()?;
                disturbed = false;
            }
            _ => {
                events.push(host.set_normalised(0, "Audition", [0.0, 0.7][random.below(2) as usize])?);
                disturbed = false;
            }
        }
        if disturbed {
            // A scene begins after a jump to a place of its own, so that what must sound is known.
            let before = transport.beats();
            transport.locate(transport.cycle.map_or_else(|| (random.unit() * 64.0).floor(), |c| c.0));
            // So near to where it was that it cannot be told from a host's rounding: no jump.
            disturbed = (transport.beats() - before).abs() > 1.0 / 240.0;
        }
        let samples = ((0.2 + random.unit() * 4.0) * rate) as u64;
        let scene = transport.clone();
        let (notes, blocks, after) = {
            let mut transport = transport.clone();
            let random = &mut random;
            host.audio(move |audio| -> Result<(Vec<NoteEvent>, Vec<Block>, Transport)> {
                let (mut notes, mut blocks, mut left) = (Vec::new(), Vec::new(), samples);
                let start = audio.now();
                let mut events = events;
                while left > 0 {
                    let frames = random.block().min(left.min(4096) as u32);
                    let frames = transport.frames_to_wrap(frames).unwrap_or(frames);
                    blocks.push(Block { from: samples - left, beats: transport.beats(), frames });
                    audio.block(frames, Some(&transport), &events, &mut notes)?;
                    events.clear();
                    ensure!(
                        audio.out.iter().all(|c| c[..frames as usize].iter().all(|s| s.is_finite())),
                        "not finite"
                    );
                    transport.advance(frames);
                    left -= u64::from(frames);
                }
                for n in &mut notes {
                    n.time -= start;
                }
                Ok((notes, blocks, transport))
            })??
        };
        if scene.playing && !bypassed {
            exact += compare(&scene, &clips[current], &notes, &blocks, disturbed)?;
        }
        all.extend(notes.iter().map(|n| NoteEvent { time: n.time + passed, ..*n }));
        transport = after;
        passed += samples;
    }
    transport.playing = false;
    let mut rest = Vec::new();
    let last = host.audio(move |audio| -> Result<Vec<NoteEvent>> {
        audio.block(64, Some(&transport), &[], &mut rest)?;
        Ok(rest)
    })??;
    all.extend(last.iter().map(|n| NoteEvent { time: passed, ..*n }));

    let hanging = balanced(&all)?;
    ensure!(hanging == 0, "{hanging} notes hang");
    ensure!(exact > 400, "only {exact} onsets were compared: the test lost its point");
    println!("{} events, {exact} onsets compared, at {rate} Hz", all.len());
    Ok(())
}

/// One block of a scene: its first sample, its position, its length.
struct Block {
    from: u64,
    beats: f64,
    frames: u32,
}

/// What must sound: the clip, repeated from the song's beginning. Returns the number of onsets compared.
fn compare(
    scene: &Transport,
    clip: &Clip,
    notes: &[NoteEvent],
    blocks: &[Block],
    fresh: bool,
) -> Result<usize> {
    let spb = scene.samples_per_beat();
    let length = clip.length as f64 / TICKS_PER_QUARTER as f64;
    let mut expected: Vec<(f64, u16)> = Vec::new();
    let mut stretch = |from: f64, beats: f64, to: f64| {
        let mut round = (beats / length).floor();
        while round * length < to {
            for n in &clip.notes {
                let beat = round * length + n.start as f64 / TICKS_PER_QUARTER as f64;
                if beat >= beats - 1e-9 && beat < to - 1e-9 {
                    expected.push((from + (beat - beats) * spb, u16::from(n.pitch)));
                }
            }
            round += 1.0;
        }
    };
    for block in blocks {
        let (from, to) = (block.from as f64, block.beats + f64::from(block.frames) / spb);
        match scene.cycle {
            // The block reaches over the loop's end: the rest of it lies at the loop's start.
            Some((start, end)) if block.beats < end && to > end => {
                stretch(from, block.beats, end);
                stretch(from + (end - block.beats) * spb, start, start + to - end);
            }
            _ => stretch(from, block.beats, to),
        }
    }
    let samples = blocks.last().map_or(0, |b| b.from + u64::from(b.frames)) as f64;
    let ons: Vec<_> = notes.iter().filter(|n| n.on).collect();
    let mut free: Vec<bool> = vec![true; ons.len()];
    for (exact, key) in &expected {
        let found = ons
            .iter()
            .enumerate()
            .position(|(i, n)| free[i] && n.key == *key && (n.time as f64 - exact).abs() <= 1.0);
        match found {
            Some(i) => free[i] = false,
            // A note on the seam between two scenes may fall to either side.
            None => ensure!(
                *exact > samples - 2.0 || (!fresh && *exact < 1.0),
                "{key} at {exact:.1} of {samples} is missing in {scene:?}"
            ),
        }
    }
    if let Some(i) = (0..ons.len()).find(|&i| free[i] && (fresh || ons[i].time > 1)) {
        anyhow::bail!("{:?} should not sound in {scene:?}", ons[i]);
    }
    Ok(expected.len())
}
