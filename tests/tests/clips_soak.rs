//! Ten minutes of everything a host may do, as fast as possible, with the allocation guard on.

use anyhow::{Context as _, Result, ensure};
use descant_core::music::{Clip, TICKS_PER_QUARTER};
use descant_tests::clips::{balanced, generate};
use descant_tests::host::{Host, NoteEvent};
use descant_tests::transport::Transport;
use descant_tests::{bundle, state};

const MINUTES: f64 = 10.0;

/// xorshift: the same run for the same seed, without a dependency.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
    /// 1..=4096, small ones as likely as large ones by order of magnitude.
    fn block(&mut self) -> u32 {
        2_f64.powf(self.unit() * 12.0).round() as u32
    }
}

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
    for model in ["Drum", "Melody"] {
        // Models are named for people; the first that fits and has weights is taken.
        let steps: Vec<String> =
            (0..=20).map(|i| host.param_text("Model", f64::from(i) / 20.0)).collect::<Result<_>>()?;
        let name = steps.iter().find(|name| name.contains(model)).context("no such model")?;
        generate(&mut host, &[("Model", name)])?;
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
            _ => disturbed = false,
        }
        if disturbed {
            // A scene begins after a jump to a place of its own, so that what must sound is known.
            transport.locate(transport.cycle.map_or_else(|| (random.unit() * 64.0).floor(), |c| c.0));
        }
        let samples = ((0.2 + random.unit() * 4.0) * rate) as u64;
        let scene = transport.clone();
        let (notes, after) = {
            let mut transport = transport.clone();
            let random = &mut random;
            host.audio(move |audio| -> Result<(Vec<NoteEvent>, Transport)> {
                let (mut notes, mut left) = (Vec::new(), samples);
                let start = audio.now();
                let mut events = events;
                while left > 0 {
                    let frames = random.block().min(left.min(4096) as u32);
                    let frames = transport.frames_to_wrap(frames).unwrap_or(frames);
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
                Ok((notes, transport))
            })??
        };
        if scene.playing && !bypassed && scene.cycle.is_none() && disturbed {
            exact += compare(&scene, &clips[current], &notes, samples)?;
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
    ensure!(exact > 1000, "only {exact} onsets were compared: the test lost its point");
    println!("{} events, {exact} onsets compared, at {rate} Hz", all.len());
    Ok(())
}

/// What must sound: the clip, repeated from the song's beginning. Returns the number of onsets compared.
fn compare(scene: &Transport, clip: &Clip, notes: &[NoteEvent], samples: u64) -> Result<usize> {
    let spb = scene.samples_per_beat();
    let length = clip.length as f64 / TICKS_PER_QUARTER as f64;
    let (from, to) = (scene.beats(), scene.beats() + samples as f64 / spb);
    let mut expected: Vec<(f64, u16)> = Vec::new();
    let mut round = (from / length).floor();
    while round * length < to {
        for n in &clip.notes {
            let beat = round * length + n.start as f64 / TICKS_PER_QUARTER as f64;
            if beat >= from - 1e-9 && beat < to {
                expected.push(((beat - from) * spb, u16::from(n.pitch)));
            }
        }
        round += 1.0;
    }
    let ons: Vec<_> = notes.iter().filter(|n| n.on).collect();
    let mut free: Vec<bool> = vec![true; ons.len()];
    for (exact, key) in &expected {
        let found = ons
            .iter()
            .enumerate()
            .position(|(i, n)| free[i] && n.key == *key && (n.time as f64 - exact).abs() <= 1.0);
        match found {
            Some(i) => free[i] = false,
            // The last sample belongs to the next scene.
            None => ensure!(*exact > samples as f64 - 2.0, "{key} at {exact:.1} is missing in {scene:?}"),
        }
    }
    if let Some(i) = free.iter().position(|f| *f) {
        anyhow::bail!("{:?} should not sound in {scene:?}", ons[i]);
    }
    Ok(expected.len())
}
