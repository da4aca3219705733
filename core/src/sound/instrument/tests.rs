//! The instrument as a musician hears it: loops, onsets, crossfades, stealing, pedals, ends.
use super::testing::{RATE, hertz, note, tone, zone};
use super::*;
use proptest::prelude::*;
use std::f64::consts::TAU;
use std::sync::Arc;

const HOST: f32 = 48_000.0;

/// A synth whose pool holds tones of these pitches.
fn synth(pitches: &[u8]) -> Synth {
    let mut synth = Synth::new();
    synth.pool.renew(Axes::default(), 24, 84);
    for &pitch in pitches {
        synth.pool.insert(Position::FIRST, pitch, tone(pitch)).expect("room");
    }
    synth
}

/// Left and right of so many samples.
fn render(synth: &mut Synth, frames: usize) -> [Vec<f32>; 2] {
    let mut both = [vec![9.0; frames], vec![9.0; frames]];
    let [left, right] = &mut both;
    synth.render(left, right);
    both
}

fn left(synth: &mut Synth, frames: usize) -> Vec<f32> {
    let [left, _] = render(synth, frames);
    left
}

fn rms(x: &[f32]) -> f64 {
    (x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / x.len().max(1) as f64).sqrt()
}

/// Largest second difference: what a click is made of.
fn roughness(x: &[f32]) -> f32 {
    x.windows(3).fold(0.0, |most, w| most.max((w[0] - 2.0 * w[1] + w[2]).abs()))
}

/// Strength of a frequency.
fn strength(x: &[f32], hertz: f64) -> f64 {
    let (re, im) = x.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, &x)| {
        let (sine, cosine) = (TAU * hertz * i as f64 / f64::from(HOST)).sin_cos();
        (re + f64::from(x) * cosine, im + f64::from(x) * sine)
    });
    (re * re + im * im).sqrt() / x.len() as f64
}

/// Notes such as models give: steady, with vibrato, detuned strings, falling, noisy, with a formant that moves.
fn notes() -> Vec<(&'static str, u8, Recording)> {
    let noise = |i: f64| ((i * 12.9898).sin() * 43_758.545_3).fract();
    let harmonics = move |pitch: u8, t: f64, count: u32, fall: f64| -> f64 {
        let f = hertz(f64::from(pitch));
        (1..=count)
            .map(f64::from)
            .filter(|n| n * f < 7_500.0)
            .map(|n| (TAU * n * f * t + n).sin() / n * (-fall * n * t).exp())
            .sum()
    };
    let attack = |t: f64| (t / 0.03).min(1.0) * (0.6 + 0.4 * (-t / 0.2).exp());
    vec![
        ("steady", 60, note(move |t| attack(t) * harmonics(60, t, 12, 0.0))),
        ("low", 24, note(move |t| attack(t) * harmonics(24, t, 60, 0.0))),
        ("high", 84, note(move |t| attack(t) * harmonics(84, t, 7, 0.0))),
        (
            "vibrato",
            67,
            note(move |t| {
                attack(t) * harmonics(67, t + 0.0008 * (TAU * 5.0 * t).sin() / (TAU * 5.0), 8, 0.0)
            }),
        ),
        (
            "two strings",
            55,
            note(move |t| attack(t) * (harmonics(55, t, 8, 0.0) + 0.7 * harmonics(55, t * 1.0012, 8, 0.0))),
        ),
        ("piano", 48, note(move |t| attack(t) * (-0.9 * t).exp() * harmonics(48, t, 20, 0.05))),
        ("pluck", 72, note(move |t| attack(t) * (-3.0 * t).exp() * harmonics(72, t, 10, 0.2))),
        ("breath", 64, note(move |t| attack(t) * (harmonics(64, t, 6, 0.0) + 0.15 * noise(t * 16_000.0)))),
        ("swell", 50, note(move |t| attack(t) * (0.5 + 0.15 * t) * harmonics(50, t, 9, 0.0))),
    ]
}

/// Bounds of a loop, for every kind of note: the jump is no rougher than the sound around it, and over the crossfade the
/// level stays within 2 dB of the loop's own (noise and beats move it as much).
#[test]
fn loops_have_no_step_and_no_dip() {
    for (name, pitch, note) in notes() {
        let zone = zone(&note, pitch, f64::from(HOST));
        let (start, end) = zone.loop_points();
        assert!(end - start > 4_800, "{name}: a loop of {} samples", end - start);
        let read = |i: usize| zone.read(if i >= end { start + (i - end) % (end - start) } else { i }, 0.0);
        let twice: Vec<f32> = (start..end + (end - start)).map(read).collect();
        let (once, length) = (&twice[..end - start], end - start);
        let joint = roughness(&twice[length - 4..length + 4]);
        assert!(joint <= 1.01 * roughness(&once[..length - 4]), "{name}: the jump is rough");
        let window = 2_400;
        let whole = rms(once);
        let levels: Vec<f64> = (0..16)
            .map(|i| rms(&twice[length - 8 * window / 2 + i * window / 2..][..window]) / whole)
            .collect();
        let within: Vec<f64> = once.chunks_exact(window).map(|part| rms(part) / whole).collect();
        let (low, high) = (minimum(&within).min(0.8), within.iter().fold(1.25, |a: f64, &b| a.max(b)));
        assert!(
            levels.iter().all(|l| (0.89 * low..1.12 * high).contains(l)),
            "{name}: level {levels:?} in a loop of {low}..{high}"
        );
    }
}

fn minimum(x: &[f64]) -> f64 {
    x.iter().fold(f64::INFINITY, |a, &b| a.min(b))
}

/// What is fading goes on fading: each half second of a held note is as much quieter as the note itself said.
#[test]
fn a_held_piano_note_goes_on_fading() {
    let (_, pitch, note) = notes().remove(5);
    let zone = Arc::new(zone(&note, pitch, f64::from(HOST)));
    let mut synth = Synth::new();
    synth.pool.insert(Position::FIRST, pitch, zone.clone()).expect("room");
    synth.note_on(0, pitch, None, 1.0);
    let sound = left(&mut synth, 10 * 48_000);
    let seconds: Vec<f64> = sound.chunks_exact(24_000).map(rms).collect();
    // The recording itself, where it is heard as it is, then 1 dB of doubt per step.
    for (i, pair) in seconds.windows(2).enumerate().skip(2) {
        let fall = 20.0 * (pair[0] / pair[1]).log10();
        assert!((2.0..6.5).contains(&fall), "half second {i}: {fall} dB");
    }
    assert!(f64::from(zone.decay()) * 48_000.0 > 0.8);
}

#[test]
fn a_note_of_20_seconds_is_even() {
    for (name, pitch, note) in notes().into_iter().filter(|n| !["piano", "pluck", "swell"].contains(&n.0)) {
        let mut synth = Synth::new();
        synth.pool.insert(Position::FIRST, pitch, Arc::new(zone(&note, pitch, 48_000.0))).expect("room");
        synth.note_on(0, pitch, None, 1.0);
        let sound = left(&mut synth, 20 * 48_000);
        let early = roughness(&sound[24_000..2 * 48_000]);
        let late = roughness(&sound[3 * 48_000..]);
        assert!(late <= 1.15 * early, "{name}: {late} after {early}");
        let levels = |from: usize, to: usize| -> Vec<f64> {
            sound[from * 4_800..to * 4_800].chunks_exact(4_800).map(rms).collect()
        };
        // Until 2.9 s it is the note itself that is heard.
        let own = levels(8, 29);
        let (low, high) = (0.8 * minimum(&own), 1.25 * own.iter().fold(0.0, |a: f64, &b| a.max(b)));
        let late = levels(29, 200);
        assert!(late.iter().all(|l| (low..high).contains(l)), "{name}: {low}..{high}, but {late:?}");
    }
}

#[test]
fn the_first_sample_is_that_of_the_note_on() {
    for offset in [0, 1, 31, 32, 33, 500, 999] {
        for key in [24, 60, 67, 100] {
            let mut synth = synth(&[60]);
            let silence = left(&mut synth, offset);
            assert!(silence.iter().all(|x| *x == 0.0));
            synth.note_on(0, key, None, 0.5);
            let sound = left(&mut synth, 64);
            assert!(sound[0] != 0.0, "key {key} at {offset}");
        }
    }
}

#[test]
fn blocks_of_any_length_sound_the_same() {
    let play = |blocks: &[usize]| {
        let mut synth = synth(&[55, 60]);
        let settings = Settings { unison: 3, glide: 0.05, brightness: 0.7, ..Settings::default() };
        synth.set(settings);
        let mut all = Vec::new();
        let mut sizes = blocks.iter().cycle();
        let events = [0, 1_000, 3_333, 5_000, 7_777, 12_000];
        for (i, pair) in events.windows(2).enumerate() {
            match i {
                0 => synth.note_on(0, 60, None, 0.9),
                1 => synth.control(0, Controller::Bend(0.9)),
                2 => synth.note_on(0, 50, None, 0.3),
                3 => synth.note_off(Which::key(0, 60)),
                _ => synth.control(0, Controller::ModWheel(1.0)),
            }
            let mut rest = pair[1] - pair[0];
            while rest > 0 {
                let frames = (*sizes.next().expect("endless")).min(rest);
                all.extend(left(&mut synth, frames));
                rest -= frames;
            }
        }
        all
    };
    let whole = play(&[100_000]);
    assert!(whole == play(&[1]) && whole == play(&[64]) && whole == play(&[7, 333, 32, 1_024]));
}

#[test]
fn an_exact_zone_is_played_sample_by_sample() {
    let zone = tone(60);
    let mut synth = synth(&[60]);
    synth.set(Settings { adsr: Adsr { attack: 0.0, ..Adsr::default() }, ..Settings::default() });
    synth.note_on(0, 60, None, 1.0);
    let sound = left(&mut synth, 4_800);
    let level = sound[100] / zone.read(100, 0.0);
    assert!((48..4_800).all(|i| (sound[i] - level * zone.read(i, 0.0)).abs() < 1e-6));
}

#[test]
fn repitched_notes_have_the_right_pitch() {
    for (key, bend, semitones) in
        [(60, 0.5, 60.0), (67, 0.5, 67.0), (48, 0.5, 48.0), (60, 1.0, 62.0), (96, 0.5, 96.0)]
    {
        let mut synth = synth(&[60]);
        synth.control(0, Controller::Bend(bend));
        synth.note_on(0, key, None, 1.0);
        let sound = &left(&mut synth, 48_000)[9_600..];
        let at = |off: f64| strength(sound, hertz(semitones + off));
        assert!(at(0.0) > 5.0 * at(0.3).max(at(-0.3)), "key {key}, bend {bend}");
    }
}

#[test]
fn its_own_zone_takes_over_without_a_click_or_a_dip() {
    let mut synth = synth(&[64]);
    synth.note_on(0, 60, None, 1.0);
    let before = left(&mut synth, 30_000);
    assert_eq!(synth.missing(), Some((Position::FIRST, 60)));
    synth.pool.insert(Position::FIRST, 60, tone(60)).expect("room");
    assert_eq!(synth.missing(), None);
    let after = left(&mut synth, 30_000);
    let whole = [&before[20_000..], &after[..]].concat();
    assert!(roughness(&whole) < 1.1 * roughness(&before[20_000..]));
    let quiet = minimum(&whole.chunks_exact(400).map(rms).collect::<Vec<f64>>());
    assert!(quiet > 0.85 * rms(&before[20_000..]), "{quiet}");
    // The zone that was left is free to go.
    synth.pool.forget_stale();
    synth.pool.renew(Axes::default(), 24, 84);
}

#[test]
fn stealing_does_not_click() {
    let mut synth = synth(&[40, 44, 47, 52]);
    synth.set(Settings { polyphony: 4, ..Settings::default() });
    let mut sound = Vec::new();
    for i in 0..40_u8 {
        synth.note_on(0, [40, 44, 47, 52][usize::from(i % 4)], None, 0.6);
        sound.extend(left(&mut synth, 2_000));
        assert!(synth.active_voices() <= 5);
    }
    // 5 ms of fading are as steep as the attack of 10 ms, twice: nothing near a jump of the level itself.
    assert!(roughness(&sound) < 0.02, "{}", roughness(&sound));
}

#[test]
fn pedals_hold_what_they_should() {
    let sounding = |synth: &mut Synth| {
        left(synth, 48_000);
        synth.held()
    };
    let mut synth = synth(&[60]);
    synth.control(0, Controller::Sustain(true));
    synth.note_on(0, 60, None, 1.0);
    synth.note_off(Which::key(0, 60));
    assert_eq!(sounding(&mut synth), 1 << 60);
    synth.control(1, Controller::Sustain(false));
    assert_eq!(sounding(&mut synth), 1 << 60, "another channel's pedal");
    synth.control(0, Controller::Sustain(false));
    assert_eq!((sounding(&mut synth), synth.active_voices()), (0, 0));
    // Sostenuto: only what is down when it is pressed.
    synth.note_on(0, 60, None, 1.0);
    synth.control(0, Controller::Sostenuto(true));
    synth.note_on(0, 64, None, 1.0);
    synth.note_off(Which::key(0, 60));
    synth.note_off(Which::key(0, 64));
    assert_eq!(sounding(&mut synth), 1 << 60);
    synth.control(0, Controller::Sostenuto(false));
    assert_eq!((sounding(&mut synth), synth.active_voices()), (0, 0));
}

#[test]
fn notes_with_numbers_of_their_own_are_told_apart() {
    let mut synth = synth(&[60]);
    synth.note_on(0, 60, Some(1), 1.0);
    synth.note_on(0, 60, Some(2), 1.0);
    synth.note_off(Which { id: Some(1), ..Which::key(0, 60) });
    left(&mut synth, 48_000);
    assert_eq!(synth.active_voices(), 1);
    synth.express(Which { id: Some(2), ..Which::default() }, Expression::Volume(0.0));
    left(&mut synth, 2_400);
    assert!(left(&mut synth, 480).iter().all(|x| *x == 0.0));
}

#[test]
fn pressure_volume_and_place_move_without_a_click() {
    let mut synth = synth(&[60]);
    synth.note_on(0, 60, Some(1), 1.0);
    let still = roughness(&left(&mut synth, 24_000)[12_000..]);
    let moved = [Expression::Volume(0.25), Expression::Pan(-1.0), Expression::Pressure(1.0)];
    for expression in moved {
        synth.express(Which::key(0, 60), expression);
        let sound = left(&mut synth, 4_800);
        assert!(roughness(&sound) < 2.0 * still, "{expression:?}: {} {still}", roughness(&sound));
    }
}

#[test]
fn gliding_arrives() {
    let mut synth = synth(&[60]);
    synth.set(Settings { glide: 0.1, ..Settings::default() });
    synth.note_on(0, 60, None, 1.0);
    left(&mut synth, 4_800);
    synth.note_off(Which::key(0, 60));
    synth.note_on(0, 72, None, 1.0);
    left(&mut synth, 24_000);
    let sound = left(&mut synth, 24_000);
    assert!(strength(&sound, hertz(72.0)) > 0.02);
}

#[test]
fn a_morph_between_two_places_has_no_hole() {
    let mut synth = Synth::new();
    synth.pool.renew(Axes { x: true, y: false }, 24, 84);
    // The same sound, each time begun at another point of its period.
    for index in 0..9_usize {
        let late = index as f64 * 0.001_7;
        let sound =
            note(|t| (1..=3).map(f64::from).map(|n| (TAU * n * hertz(60.0) * (t + late)).cos() / n).sum());
        let zone = Arc::new(zone(&sound, 60, 48_000.0));
        synth.pool.insert(Position::at(index).expect("on the grid"), 60, zone).expect("room");
    }
    synth.note_on(0, 60, None, 1.0);
    let mut sound = left(&mut synth, 9_600);
    for step in 0..2_000 {
        synth.set(Settings { morph: (step as f32 / 2_000.0, 0.0), ..Settings::default() });
        sound.extend(left(&mut synth, 48));
    }
    // Two periods at a time.
    let levels: Vec<f64> = sound[4_800..].chunks_exact(367).map(rms).collect();
    let mean = levels.iter().sum::<f64>() / levels.len() as f64;
    assert!(minimum(&levels) > 0.9 * mean, "{} of {mean}", minimum(&levels));
    assert!(roughness(&sound[9_600..]) < 1.2 * roughness(&sound[4_800..9_600]));
}

#[test]
fn silence_and_short_notes_make_zones_or_errors() {
    let resampler = Resampler::new(16_000.0, 48_000.0);
    for length in [0, 1, 15] {
        assert_eq!(
            Zone::new(&Recording::new(&vec![0.1; length], RATE), 60, &resampler),
            Err(ZoneError::Empty)
        );
    }
    for length in [16, 100, 320, 5_000] {
        for value in [0.0, 0.5, f32::NAN] {
            let zone =
                Zone::new(&Recording::new(&vec![value; length], RATE), 60, &resampler).expect("a zone");
            let (start, end) = zone.loop_points();
            assert!(start < end && (0..end).all(|i| zone.read(i, 0.3).is_finite()), "{length} of {value}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_is_played_stays_finite_and_ends(
        events in proptest::collection::vec((0..14_u8, any::<u8>(), 0.0_f32..1.0, 0..700_usize), 1..60),
    ) {
        let mut synth = synth(&[60]);
        let extra = tone(72);
        for (kind, key, value, frames) in events {
            let which = Which::key(key % 3, 40 + key % 40);
            let (channel, note) = (key % 3, 40 + key % 40);
            match kind {
                0..=3 => synth.note_on(channel, note, None, value),
                4 | 5 => synth.note_off(which),
                6 => synth.control(channel, Controller::Sustain(value > 0.5)),
                7 => synth.control(channel, Controller::Sostenuto(value > 0.5)),
                8 => synth.control(channel, Controller::Bend(value)),
                9 => synth.express(which, Expression::Tuning(value * 1_000.0 - 500.0)),
                10 => synth.pool.renew(Axes { x: value > 0.3, y: value > 0.6 }, 24, 84),
                11 => drop(synth.pool.insert(Position::at(usize::from(key) % POSITIONS).expect("on it"), note, extra.clone())),
                12 => synth.pool.forget(Position::at(usize::from(key) % POSITIONS).expect("on it")),
                _ => synth.set(Settings {
                    polyphony: key, unison: key / 20, brightness: value, glide: value, tune: value * 100.0 - 50.0,
                    morph: (value, 1.0 - value), gain: 3.0 * value, ..Settings::default()
                }),
            }
            let [left, right] = render(&mut synth, frames);
            prop_assert!(left.iter().chain(&right).all(|x| x.is_finite() && x.abs() < 1.0));
            while synth.pool.orphan().is_some() {}
        }
        for channel in 0..3 {
            synth.control(channel, Controller::Reset);
            synth.control(channel, Controller::NotesOff);
        }
        render(&mut synth, 20_000);
        prop_assert_eq!(synth.active_voices(), 0);
        // Every zone that nobody reads can be given back.
        Position::all().for_each(|p| synth.pool.forget(p));
        while synth.pool.orphan().is_some() {}
        prop_assert!(synth.pool.is_empty());
    }
}

fn ends(synth: &mut Synth) -> Vec<(Option<u8>, Option<i32>)> {
    std::iter::from_fn(|| synth.ended()).map(|which| (which.key, which.id)).collect()
}

#[test]
fn every_note_ends_once_whatever_ends_it() {
    let mut synth = synth(&[60]);
    synth.set(Settings { unison: 3, polyphony: 6, ..Settings::default() });
    for key in 60..63 {
        synth.note_on(0, key, Some(i32::from(key)), 0.8);
        render(&mut synth, 100);
    }
    // The third took the voices of the first, which fades out.
    render(&mut synth, 480);
    assert_eq!(ends(&mut synth), [(Some(60), Some(60))]);
    synth.note_off(Which::key(0, 61));
    render(&mut synth, 480);
    assert_eq!(ends(&mut synth), [], "the release sounds");
    render(&mut synth, 48_000);
    assert_eq!(ends(&mut synth), [(Some(61), Some(61))]);
    synth.choke(Which::default());
    render(&mut synth, 480);
    assert_eq!(ends(&mut synth), [(Some(62), Some(62))]);
    synth.note_on(0, 64, None, 0.8);
    synth.reset();
    assert_eq!(ends(&mut synth), [(Some(64), None)]);
    assert_eq!(synth.active_voices(), 0);
}

/// The tone that stands in begins with the note, in tune, gives way without a click to the note's own zone, and ends.
#[test]
fn a_note_before_there_is_any_zone_sounds() {
    let mut synth = Synth::new();
    synth.note_on(0, 67, None, 0.8);
    let before = left(&mut synth, 9_600);
    assert!(before[..64].iter().any(|x| x.abs() > 1e-4) && rms(&before[4_800..]) > 0.03);
    let (own, beside) = (strength(&before[2_400..], hertz(67.0)), strength(&before[2_400..], hertz(66.5)));
    assert!(own > 3.0 * beside, "{own} {beside}");
    synth.pool.insert(Position::FIRST, 67, tone(67)).expect("room");
    let after = left(&mut synth, 9_600);
    let bound = 1.3 * roughness(&after[4_800..]).max(roughness(&before[4_800..]));
    let seam: Vec<f32> = [&before[9_500..], &after[..2_400]].concat();
    assert!(roughness(&seam) < bound && rms(&seam) > 0.03, "{} {bound}", roughness(&seam));
    synth.note_off(Which::key(0, 67));
    left(&mut synth, 24_000);
    assert_eq!((synth.active_voices(), ends(&mut synth)), (0, vec![(Some(67), None)]));
}

#[test]
fn a_held_zone_is_what_a_held_key_sounds_like() {
    let zone = tone(60);
    let held = zone.held(200_000);
    let mut synth = synth(&[60]);
    let adsr = Adsr { attack: 0.0, ..Adsr::default() };
    synth.set(Settings { adsr, velocity: 0.0, ..Settings::default() });
    synth.note_on(0, 60, None, 1.0);
    let played = left(&mut synth, 200_000);
    let level = played[60_000..100_000].iter().fold(0.0_f32, |a, b| a.max(b.abs()))
        / held[60_000..100_000].iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    // The soft limiter bends peaks a little.
    let off = played.iter().zip(&held).skip(100).map(|(a, b)| (a - level * b).abs()).fold(0.0, f32::max);
    assert!(off < 0.02, "{off}");
}
