//! Ten minutes of everything a host may do to Descant Keys, as fast as possible, with the allocation guard on.
#![expect(clippy::print_stdout, reason = "the seed of a failed run must be known")]
use anyhow::{Context as _, Result, ensure};
use descant_tests::host::{Host, In, NoteEvent};
use descant_tests::keys::{RATE, open, peak, roughness};
use descant_tests::random::Random;
use std::time::{Duration, Instant};

const MINUTES: f64 = 10.0;
/// Largest second difference of the samples. The run is played dull, so that whatever is sharp comes of a voice that is cut
/// off or of a step in its level, and below the knee of the limiter, whose bend is as sharp as a click.
const ROUGHEST: f32 = 0.003;
/// Where the limiter begins.
const KNEE: f32 = 0.7;

/// Blocks until something sounds.
fn first_sound(host: &mut Host) -> Result<()> {
    let started = Instant::now();
    host.audio(|audio| -> Result<()> {
        let note = In::Note(NoteEvent { time: 0, on: true, channel: 0, key: 60, velocity: 0.5 });
        let end = In::Note(NoteEvent { time: 0, on: false, channel: 0, key: 60, velocity: 0.0 });
        audio.block(64, None, &[note], &mut Vec::new())?;
        while peak(&audio.out[0][..64]) == 0.0 {
            ensure!(started.elapsed() < Duration::from_secs(60), "no sound within a minute");
            audio.block(64, None, &[], &mut Vec::new())?;
            std::thread::yield_now();
        }
        audio.block(64, None, &[end], &mut Vec::new())
    })?
}

#[test]
fn ten_minutes_of_everything() -> Result<()> {
    let seed = std::env::var("DESCANT_SOAK_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0x5EED_u64);
    println!("DESCANT_SOAK_SEED={seed}");
    soak(seed).with_context(|| format!("repeat with DESCANT_SOAK_SEED={seed}"))
}

fn soak(seed: u64) -> Result<()> {
    let mut random = Random(seed | 1);
    let mut host = open()?;
    first_sound(&mut host)?;
    let begin = [host.set(0, "Brightness", "30")?, host.set(0, "Gain", "-24")?];
    host.audio(|audio| audio.block(64, None, &begin, &mut Vec::new()))??;
    let mut states = vec![host.save()?];
    let names = ["Morph X", "Morph Y", "Glide", "Unison", "Voices", "Tune", "Pan", "Gain", "Release"];
    let total = (MINUTES * 60.0 * RATE) as u64;
    let (mut passed, mut ons, mut ends, mut loudest, mut roughest) = (0_u64, 0_u64, 0_u64, 0.0_f32, 0.0_f32);
    let mut morph = 0.5;
    while passed < total {
        // One scene: about a second; what only the main thread may do comes between.
        match random.below(60) {
            0 => states.push(host.save()?),
            1 => host.load(&states[random.below(states.len() as u64) as usize])?,
            2 => host.idle(),
            _ => {}
        }
        let moved = if random.below(4) == 0 {
            let name = names[random.below(names.len() as u64) as usize];
            Some(host.set_normalised(
                0,
                name,
                if name == "Gain" { 0.4 + 0.15 * random.unit() } else { random.unit() },
            )?)
        } else {
            None
        };
        let press = [host.set_normalised(0, "Random", 1.0)?, host.set_normalised(1, "Random", 0.0)?];
        let presses = random.below(40) == 0;
        let lane = host.set_normalised(0, "Morph X", 0.0)?;
        let scene = &mut random;
        let (on, end, loud, rough, samples) =
            host.audio(|audio| -> Result<(u64, u64, f32, f32, u64)> {
                let (mut count, mut samples) = (0, 0_u64);
                let mut scene_sound = [Vec::new(), Vec::new()];
                audio.ended.clear();
                let mut begin: Vec<In> = moved.into_iter().collect();
                if presses {
                    begin.extend(press);
                }
                while samples < RATE as u64 {
                    let frames = scene.block();
                    let at = |scene: &mut Random| scene.below(u64::from(frames));
                    let mut events: Vec<In> = std::mem::take(&mut begin);
                    if frames < 2 {
                        events.retain(|e| !matches!(e, In::Param { time: 1.., .. }));
                    }
                    if scene.below(3) == 0 {
                        // The morph under automation, once per block.
                        morph = (morph + 0.04 * (scene.unit() - 0.5)).clamp(0.0, 1.0);
                        if let In::Param { id, .. } = lane {
                            events.push(In::Param { time: frames - 1, id, value: morph });
                        }
                    }
                    let (time, key) = (at(scene), 20 + scene.below(80) as u16);
                    let unit = scene.unit();
                    let midi = |data| In::Midi { time: time as u32, data };
                    let seven = (unit * 127.0) as u8;
                    let note =
                        |on| In::Note(NoteEvent { time, on, channel: 0, key, velocity: 0.1 + 0.9 * unit });
                    let event = match scene.below(16) {
                        0..=4 => {
                            count += 1;
                            note(true)
                        }
                        5..=9 => note(false),
                        10 => midi([0xB0, 64, if unit > 0.7 { 127 } else { 0 }]),
                        11 => midi([0xB0, 66, if unit > 0.7 { 127 } else { 0 }]),
                        12 => midi([0xE0, 0, seven]),
                        13 => midi([0xB0, 1, seven]),
                        14 => In::Tuning { time: time as u32, key, semitones: 2.0 * unit - 1.0 },
                        _ if unit < 0.01 => midi([0xC0, seven, 0]),
                        _ => midi([0xD0, seven, 0]),
                    };
                    events.push(event);
                    events.sort_by_key(|e| match e {
                        In::Note(n) => n.time as u32,
                        In::Param { time, .. } | In::Midi { time, .. } | In::Tuning { time, .. } => *time,
                    });
                    audio.block(frames, None, &events, &mut Vec::new())?;
                    for (all, channel) in scene_sound.iter_mut().zip(&audio.out) {
                        let block = &channel[..frames as usize];
                        ensure!(block.iter().all(|x| x.is_finite()), "not finite");
                        all.extend_from_slice(block);
                    }
                    samples += u64::from(frames);
                }
                let most =
                    |of: fn(&[f32]) -> f32| scene_sound.iter().fold(0.0_f32, |most, c| most.max(of(c)));
                Ok((count, audio.ended.len() as u64, most(peak), most(roughness), samples))
            })??;
        (ons, ends, passed) = (ons + on, ends + end, passed + samples);
        (loudest, roughest) = (loudest.max(loud), roughest.max(rough));
    }
    let rest = host.audio(|audio| -> Result<u64> {
        audio.ended.clear();
        let reset = [121, 123].map(|number| In::Midi { time: 0, data: [0xB0, number, 0] });
        audio.block(64, None, &reset, &mut Vec::new())?;
        // The longest release, and some more.
        for _ in 0..(11.0 * RATE) as u64 / 4_096 {
            audio.block(4_096, None, &[], &mut Vec::new())?;
        }
        ensure!(audio.out.iter().all(|c| c.iter().all(|x| *x == 0.0)), "something sounds on");
        Ok(audio.ended.len() as u64)
    })??;
    ends += rest;
    println!("{ons} notes, loudest {loudest:.3}, roughest {roughest:.5}");
    ensure!(loudest < KNEE, "the limiter was reached: {loudest}");
    ensure!(roughest < ROUGHEST, "a click: {roughest}");
    ensure!(ons > 5_000, "only {ons} notes: the test lost its point");
    // The note before the run ends within it.
    ensure!(ends == ons + 1 || ends == ons, "{ons} notes, but {ends} ends");
    Ok(())
}
