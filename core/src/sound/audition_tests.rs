//! Tests of [`Audition`]: exact onsets, silence, bounds, tuning, headroom.
use super::*;

const RATES: [f32; 6] = [22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0];

fn at(rate: f32) -> Audition {
    let mut audition = Audition::new();
    audition.prepare(rate);
    audition
}

/// `frames` frames in blocks of `block`.
fn run(audition: &mut Audition, frames: usize, block: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut left, mut right) = (vec![9.0; frames], vec![9.0; frames]);
    for (l, r) in left.chunks_mut(block).zip(right.chunks_mut(block)) {
        audition.render(l, r);
    }
    (left, right)
}

fn peak(x: &[f32]) -> f32 {
    x.iter().fold(0.0, |m, v| m.max(v.abs()))
}

#[test]
fn first_sound_is_at_exactly_the_frame_asked_for() {
    for rate in RATES {
        for (sound, pitch) in [(Sound::Drums, 36), (Sound::Drums, 42), (Sound::Keys, 61), (Sound::Warm, 40)] {
            for (offset, block) in [(0, 64), (1, 64), (63, 64), (64, 64), (1_000, 37), (5, 4_096)] {
                let mut audition = at(rate);
                audition.note_on(sound, pitch, 100, offset);
                let (left, right) = run(&mut audition, offset + (rate / 500.0) as usize, block);
                let first = (0..left.len()).find(|&i| left[i] != 0.0 || right[i] != 0.0);
                assert_eq!(first, Some(offset), "{sound:?} {pitch} at {rate} Hz in blocks of {block}");
            }
        }
    }
}

#[test]
fn energy_comes_within_a_millisecond() {
    for rate in RATES {
        for pitch in [35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 50, 51, 53] {
            let mut audition = at(rate);
            audition.note_on(Sound::Drums, pitch, 100, 10);
            let (left, _) = run(&mut audition, 10 + (0.3 * rate) as usize, 128);
            let loud = 0.1 * peak(&left);
            let first = left.iter().position(|x| x.abs() > loud).unwrap_or(usize::MAX);
            let late = first.saturating_sub(10) as f32 / rate;
            assert!(late < 0.0013, "pitch {pitch} at {rate} Hz: a tenth of its peak only after {late} s");
        }
    }
}

#[test]
fn block_size_changes_nothing() {
    let play = |block: usize| {
        let mut audition = at(44_100.0);
        for i in 0..40 {
            let sound = [Sound::Drums, Sound::Keys, Sound::Warm][i % 3];
            audition.note_on(sound, 36 + (i * 7 % 30) as u8, 40 + 2 * i as u8, 331 * i);
            audition.note_off(sound, 36 + (i * 7 % 30) as u8, 331 * i + 700);
        }
        run(&mut audition, 30_000, block)
    };
    let whole = play(30_000);
    for block in [1, 7, 64, 1_024] {
        assert_eq!(play(block), whole, "blocks of {block}");
    }
}

#[test]
fn all_off_leads_to_exact_silence() {
    for rate in RATES {
        let mut audition = at(rate);
        for pitch in 35..60 {
            audition.note_on(Sound::Drums, pitch, 127, 0);
            audition.note_on(Sound::Warm, pitch, 127, 3);
        }
        run(&mut audition, 2_000, 256);
        audition.note_on(Sound::Keys, 60, 127, 5_000);
        audition.note_on(Sound::Keys, 61, 127, 0);
        audition.all_off();
        assert_eq!(
            audition.active_voices(),
            25 + 7,
            "those that sounded fade; the two that had not begun never do"
        );
        let (left, _) = run(&mut audition, (0.02 * rate) as usize, 256);
        assert!(peak(&left) > 0.0, "the fade is not a cut");
        assert_eq!(audition.active_voices(), 0);
        run(&mut audition, (2.5 * rate) as usize, 256);
        assert!(audition.is_silent());
        let (left, right) = run(&mut audition, rate as usize, 256);
        assert!(left.iter().chain(&right).all(|x| *x == 0.0));
    }
}

#[test]
fn pitched_notes_end_after_their_note_off_and_hold_without_one() {
    let mut audition = at(48_000.0);
    audition.note_on(Sound::Warm, 48, 100, 0);
    run(&mut audition, 480_000, 512);
    assert_eq!(audition.active_voices(), 1, "held for ten seconds");
    audition.note_off(Sound::Keys, 48, 0);
    audition.note_off(Sound::Warm, 47, 0);
    run(&mut audition, 48_000, 512);
    assert_eq!(audition.active_voices(), 1, "other notes' offs mean nothing");
    audition.note_on(Sound::Warm, 48, 0, 0);
    run(&mut audition, 96_000, 512);
    assert_eq!(audition.active_voices(), 0);
}

#[test]
fn a_burst_of_notes_stays_within_the_pool_and_finite() {
    let mut audition = at(44_100.0);
    let mut state = 1_u32;
    for _ in 0..400 {
        for _ in 0..25 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let sound = [Sound::Drums, Sound::Keys, Sound::Warm][(state >> 8) as usize % 3];
            audition.note_on(sound, (state >> 16) as u8, (state >> 24) as u8, (state >> 4) as usize % 200);
        }
        let (left, right) = run(&mut audition, 100, 100);
        assert!(audition.active_voices() <= PLACES);
        assert!(left.iter().chain(&right).all(|x| x.is_finite() && x.abs() <= 1.0));
    }
}

#[test]
fn a_note_that_loses_its_place_does_not_click() {
    let rate = 48_000.0;
    let steepest = |notes: usize| {
        let mut audition = at(rate);
        // Low and soft, so that a cut would stand out against the slope of the sound itself.
        for i in 0..notes {
            audition.note_on(Sound::Warm, 24, 50, i * 480);
        }
        let (left, _) = run(&mut audition, 480 * 80, 480);
        left.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
    };
    let (fits, stolen) = (steepest(SOUNDING), steepest(60));
    assert!(stolen < 1.5 * fits, "steepest step {stolen} when notes are taken over, {fits} before");
}

#[test]
fn pitched_sounds_are_in_tune_at_every_rate() {
    for rate in [22_050.0, 48_000.0, 192_000.0] {
        for sound in [Sound::Keys, Sound::Warm] {
            for pitch in [45_u8, 64, 81] {
                let mut audition = at(rate);
                audition.note_on(sound, pitch, 90, 0);
                let (left, _) = run(&mut audition, (0.6 * rate) as usize, 512);
                let wanted = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
                let found = strongest(&left[(0.1 * rate) as usize..], wanted, f64::from(rate));
                // The warm sound is two saws 10 cents apart: which one leads changes as they beat.
                let allowed = if sound == Sound::Warm { 12.0 } else { 6.0 };
                assert!(found.abs() <= allowed, "{sound:?} {pitch} at {rate} Hz is {found} cents off");
            }
        }
    }
}

/// Cents from `wanted` Hz to the frequency with the most energy within ±40 cents.
fn strongest(x: &[f32], wanted: f64, rate: f64) -> f64 {
    let power = |cents: f64| {
        let step = std::f64::consts::TAU * wanted * (cents / 1_200.0).exp2() / rate;
        let (mut re, mut im) = (0.0, 0.0);
        for (i, v) in x.iter().enumerate().step_by((rate / 22_050.0) as usize) {
            let window = 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / x.len() as f64).cos();
            re += f64::from(*v) * window * (step * i as f64).cos();
            im += f64::from(*v) * window * (step * i as f64).sin();
        }
        re * re + im * im
    };
    let cents = (-20..=20).map(|c| f64::from(c) * 2.0);
    cents.max_by(|a, b| power(*a).total_cmp(&power(*b))).unwrap_or(f64::NAN)
}

#[test]
fn a_full_kit_peaks_near_minus_six_decibels() {
    let mut audition = at(48_000.0);
    let step = 6_000;
    for i in 0..32 {
        let mut hit = |pitch, velocity| audition.note_on(Sound::Drums, pitch, velocity, i * step);
        hit(42, if i % 2 == 0 { 110 } else { 80 });
        match i % 8 {
            0 => hit(36, 127),
            4 => hit(38, 127),
            _ => {}
        }
        if i % 16 == 0 {
            hit(49, 120);
        }
    }
    let (left, right) = run(&mut audition, 33 * step, 512);
    let loudest = peak(&left).max(peak(&right));
    assert!((0.35..=0.65).contains(&loudest), "peak {loudest}");
}

#[test]
fn every_drum_pitch_sounds_and_harder_is_louder() {
    for pitch in 0..=127 {
        let loudness = |velocity| {
            let mut audition = at(44_100.0);
            audition.note_on(Sound::Drums, pitch, velocity, 0);
            peak(&run(&mut audition, 8_000, 512).0)
        };
        let (soft, middle, hard) = (loudness(20), loudness(70), loudness(127));
        assert!(0.001 < soft && soft < middle && middle < hard, "{pitch}: {soft} {middle} {hard}");
    }
}

#[test]
fn closing_the_hat_ends_the_open_one() {
    let mut audition = at(44_100.0);
    audition.note_on(Sound::Drums, 46, 120, 0);
    audition.note_on(Sound::Drums, 44, 20, 4_410);
    run(&mut audition, 4_410 + 2_000, 441);
    assert_eq!(audition.active_voices(), 1, "only the pedal hat still rings");
}

#[test]
fn level_zero_is_silent_and_odd_values_are_refused() {
    let mut audition = at(44_100.0);
    audition.set_level(0.0);
    audition.prepare(44_100.0);
    audition.note_on(Sound::Keys, 60, 127, 0);
    assert_eq!(peak(&run(&mut audition, 1_000, 100).0), 0.0);
    audition.set_level(f32::NAN);
    audition.prepare(f32::NAN);
    audition.note_on(Sound::Keys, 255, 255, usize::MAX);
    assert!(run(&mut audition, 1_000, 100).0.iter().all(|x| x.is_finite()));
}
