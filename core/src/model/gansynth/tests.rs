//! The acceptance tests T-GS-xx that need no released weights (requirements: audio 4.6), and the edges of a model.
use super::*;
use crate::nn::conv::Alone;
use crate::nn::formula;
use crate::sound::combine::{Note, combine, envelope};
use proptest::prelude::*;

/// A model of a released one's form with an image of 8 × 64 and few channels.
fn tiny() -> GanSynth {
    let shape = Shape { latent: 16, channels: vec![16, 16, 8], samples: 320, ..Shape::released() };
    model(shape, 16.0)
}

/// A model of `shape` with weights by formula; `scale` makes up for the network's own scaling.
fn model(shape: Shape, scale: f32) -> GanSynth {
    let scales =
        formula::Scales { default: 0.25, patterns: vec![("kernel".to_owned(), (scale / 16.0) * 2.0)] };
    let variables = shape.variables();
    let weights = formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 3, &scales);
    let finished = shape.finished();
    GanSynth::new(shape, Normaliser::default(), &weights, finished).expect("fits")
}

fn note(model: &GanSynth, z: &[f32], pitch: u8) -> Vec<f32> {
    model.note(z, pitch, &Alone, &Cancel::default()).expect("a note")
}

/// Plays notes (start, end, pitch, velocity) with the instruments of `anchors`.
fn clip(model: &GanSynth, anchors: &Anchors, notes: &[(f64, f64, u8, u8)]) -> Vec<f64> {
    let sounds: Vec<Vec<f32>> = notes
        .iter()
        .map(|&(start, _, pitch, _)| {
            let z: Vec<f32> = anchors.at(start).into_iter().map(|x| x as f32).collect();
            note(model, &z, pitch)
        })
        .collect();
    let notes: Vec<Note<'_>> = notes
        .iter()
        .zip(&sounds)
        .map(|(&(start, end, _, velocity), sound)| Note { sound, start, end, velocity })
        .collect();
    combine(&notes).expect("a clip")
}

fn close(a: &[f64], b: &[f64], off: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= off)
}

#[test]
fn t_gs_01_five_instruments_in_28_seconds() {
    let anchors = Anchors::random(28.0, 5.0, 256, 1);
    assert_eq!(instruments(28.0, 5.0), 5);
    assert!(close(anchors.times(), &[-0.0001, 6.999_925, 13.999_95, 20.999_975, 28.0], 1e-9));
    assert!(anchors.vectors().len() == 5 && anchors.vectors().iter().all(|z| z.len() == 256));
}

#[test]
fn t_gs_02_a_note_at_0_has_the_first_instrument() {
    let anchors = Anchors::random(28.0, 5.0, 256, 1);
    let share = 0.0001 / 7.000_025;
    assert!((share - 1.43e-5_f64).abs() < 1e-7);
    assert_eq!(anchors.at(0.0), slerp(&anchors.vectors()[0], &anchors.vectors()[1], share));
    assert!(close(&anchors.at(0.0), &anchors.vectors()[0], 1e-4));
}

#[test]
fn t_gs_03_a_note_midway_has_the_instrument_midway() {
    let anchors = Anchors::new(vec![0.0, 7.0], Anchors::random(7.0, 3.5, 256, 2).vectors().to_vec());
    let anchors = anchors.expect("two anchors");
    let midway = slerp(&anchors.vectors()[0], &anchors.vectors()[1], 0.5);
    assert_eq!(anchors.at(3.5), midway);
    // Lengths are kept: of equally long vectors the middle is as long.
    let (a, b) = ([3.0, 0.0], [0.0, 3.0]);
    let half = 3.0 * 0.5_f64.sqrt();
    assert!(close(&slerp(&a, &b, 0.5), &[half, half], 1e-12));
}

#[test]
fn t_gs_04_two_hundred_and_ten_notes_become_thirty_seconds() {
    // As many notes, as long and as loud as those of the source's example.
    let model = tiny();
    let notes: Vec<(f64, f64, u8, u8)> = (0..210)
        .map(|i| {
            let start = f64::from(i) * 27.999 / 210.0;
            (start, start + 27.999 / 210.0, 38 + (i * 7 % 30) as u8, 85 + (i % 16) as u8)
        })
        .collect();
    let clip = clip(&model, &Anchors::random(27.999, 5.0, 16, 4), &notes);
    assert_eq!(clip.len(), 480_000);
    assert_eq!(clip.iter().fold(0.0, |peak: f64, x| peak.max(*x)), 0.5);
    assert_eq!(notes.len().div_ceil(8), 27, "batches of the reference");
}

#[test]
fn t_gs_07_a_note_of_the_released_size_is_an_image_of_128_by_1024_by_2() {
    let shape = Shape { latent: 8, channels: vec![4; 7], ..Shape::released() };
    let model = model(shape, 16.0);
    let z = model.random_instrument(1);
    let image = model.generator().image(&z, 60, &Alone, &Cancel::default()).expect("an image");
    assert_eq!(image.len(), 128 * 1024 * 2);
    assert!(image.iter().all(|x| (-1.0..=1.0).contains(x)), "half of it and a half is 0 to 1");
    assert_eq!(note(&model, &z, 60).len(), 64_000);
}

#[test]
fn t_gs_08_the_envelope_of_half_a_second() {
    let envelope = envelope(0.5);
    assert_eq!(envelope.len(), 8_000 + 4_800);
    assert_eq!((envelope[0], envelope[160], envelope[8_000]), (0.0, 1.0, 1.0));
    assert!((envelope[159] - 1.0).abs() < 1e-12 && envelope[12_799].abs() < 1e-12);
    assert!(envelope[..160].is_sorted() && envelope[8_000..].iter().rev().is_sorted());
    assert!(envelope[160..8_000].iter().all(|x| *x == 1.0));
}

#[test]
fn t_gs_09_ten_instruments_are_normally_distributed() {
    let anchors = Anchors::random(50.0, 5.0, 256, 9);
    let all = anchors.vectors().concat();
    assert_eq!((anchors.vectors().len(), all.len()), (10, 2560));
    let mean = all.iter().sum::<f64>() / 2560.0;
    let deviation = (all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 2560.0).sqrt();
    // Standard errors: 0.02 and 0.014.
    assert!(mean.abs() < 0.08 && (deviation - 1.0).abs() < 0.06, "{mean} {deviation}");
}

#[test]
fn t_gs_10_new_instruments_play_the_same_score_differently() {
    let (model, notes) = (tiny(), [(0.0, 0.5, 60, 100), (0.5, 1.0, 64, 90)]);
    let play = |seed| clip(&model, &Anchors::random(1.0, 0.5, 16, seed), &notes);
    let (one, two) = (play(1), play(2));
    assert_eq!(one, play(1), "the same instruments play the same");
    let energy = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    let difference: Vec<f64> = one.iter().zip(&two).map(|(a, b)| a - b).collect();
    assert!(one.len() == two.len() && energy(&difference) > 0.1 * energy(&one));
}

#[test]
fn t_gs_11_a_clip_of_one_second_has_two_instruments() {
    let anchors = Anchors::random(1.0, 5.0, 16, 1);
    assert_eq!((instruments(1.0, 5.0), anchors.times()), (0, [-0.0001, 1.0].as_slice()));
    let clip = clip(&tiny(), &anchors, &[(0.0, 1.0, 60, 127)]);
    assert!(clip.len() == 64_000 && clip.iter().all(|x| x.is_finite()));
}

#[test]
fn t_gs_12_between_two_instruments_there_is_no_step() {
    let anchors = Anchors::random(16.0, 16.0, 256, 5);
    let steps: Vec<f64> = (0..160)
        .map(|i| (anchors.at(f64::from(i) / 10.0), anchors.at(f64::from(i + 1) / 10.0)))
        .map(|(a, b)| a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt())
        .collect();
    let mean = steps.iter().sum::<f64>() / 160.0;
    // Vectors of 256 normal numbers are 16 long and stand about at right angles: an arc of about 25.
    assert!((0.12..0.2).contains(&mean), "{mean}");
    assert!(steps.iter().all(|step| (0.8 * mean..1.2 * mean).contains(step)), "{steps:?}");
}

#[test]
fn stages_of_training_blend_blocks() {
    assert_eq!(alphas(0.0, 3), [1.0, 0.0, 0.0]);
    assert_eq!(alphas(1.25, 3), [0.0, 0.75, 0.25]);
    assert_eq!(alphas(9.0, 3), [0.0, 0.0, 1.0]);
    let schedule = Schedule { stable: 800_000, transition: 800_000 };
    assert_eq!(schedule.progress(12, 11_000_000), 6.0, "the released models are finished");
    assert_eq!(schedule.progress(0, 5_000_000), 0.0);
    assert_eq!(schedule.progress(12, 800_000), 0.0);
    assert_eq!(schedule.progress(12, 1_200_000), 0.5);
    assert_eq!(Schedule { stable: 0, transition: 0 }.progress(3, u64::MAX), 0.0);
}

#[test]
fn the_released_size_has_the_published_number_of_parameters() {
    let count: usize = Shape::released().variables().iter().map(|(_, s)| s.iter().product::<usize>()).sum();
    assert_eq!(count, 7_311_246);
}

#[test]
fn what_a_model_cannot_play_is_refused() {
    let model = tiny();
    let z = model.random_instrument(1);
    let refused = |z: &[f32], pitch| model.note(z, pitch, &Alone, &Cancel::default()).expect_err("refused");
    assert!(matches!(refused(&z, 23), NoteError::Pitch { lowest: 24, highest: 84, .. }));
    assert!(matches!(refused(&z, 85), NoteError::Pitch { pitch: 85, .. }));
    assert!(matches!(refused(&z[1..], 60), NoteError::Latent { expected: 16, found: 15 }));
    assert!(matches!(refused(&[f32::NAN; 16], 60), NoteError::NotFinite));
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(matches!(model.note(&z, 60, &Alone, &cancel), Err(NoteError::Cancelled)));
}

#[test]
fn impossible_shapes_are_refused_before_memory_is_asked_for() {
    let good = Shape::released();
    let wrong = [
        Shape { latent: 0, ..good.clone() },
        Shape { pitches: 0, ..good.clone() },
        Shape { pitches: 120, ..good.clone() },
        Shape { start: [0, 16], ..good.clone() },
        Shape { start: [1 << 10, 1 << 10], ..good.clone() },
        Shape { channels: Vec::new(), ..good.clone() },
        Shape { channels: vec![1; 60], ..good.clone() },
        Shape { channels: vec![256, 1 << 20], ..good.clone() },
        Shape { channels: vec![4096; 7], ..good.clone() },
        Shape { rate: 0, ..good.clone() },
    ];
    for shape in wrong {
        let result = GanSynth::new(shape.clone(), Normaliser::default(), &Weights::new(), 0.0);
        assert!(matches!(result, Err(ModelError::Hparams(_))), "{shape:?}");
    }
    let result = GanSynth::new(good, Normaliser::default(), &Weights::new(), 6.0);
    assert!(matches!(result, Err(ModelError::Network(crate::nn::NnError::Missing { .. }))));
}

#[test]
fn blocks_that_are_not_seen_may_be_missing() {
    let shape = tiny().shape().clone();
    let variables = shape.variables();
    let scales = formula::Scales { default: 1.0, patterns: Vec::new() };
    let first = variables.iter().filter(|(name, _)| name.contains("block_1/"));
    let weights = formula::weights(first.map(|(n, s)| (n.as_str(), s.as_slice())), 3, &scales);
    let load = |progress| GanSynth::new(shape.clone(), Normaliser::default(), &weights, progress);
    assert!(load(0.5).is_err());
    let model = load(0.0).expect("the first block is enough");
    let image = model.generator().image(&[0.5; 16], 60, &Alone, &Cancel::default()).expect("an image");
    assert_eq!(image.len(), 8 * 64 * 2);
    assert_eq!(image[..2], image[2..4], "each pixel of the small image covers four by four");
}

proptest! {
    #[test]
    fn slerp_stays_between_its_ends_and_is_always_a_number(
        a in proptest::collection::vec(-2.0..2.0, 4), b in proptest::collection::vec(-2.0..2.0, 4),
        share in 0.0..1.0,
    ) {
        prop_assert!(close(&slerp(&a, &b, 0.0), &a, 1e-9) && close(&slerp(&a, &b, 1.0), &b, 1e-9));
        for (a, b) in [(&a, &b), (&a, &a), (&a, &a.iter().map(|x| -x).collect()), (&vec![0.0; 4], &b)] {
            prop_assert!(slerp(a, b, share).iter().all(|x| x.is_finite()));
        }
        prop_assert!(close(&slerp(&a, &a, share), &a, 1e-9), "between a vector and itself is that vector");
    }

    #[test]
    fn every_time_has_an_instrument(total in -1.0..100.0, spacing in -1.0..10.0, start in -10.0..1000.0) {
        let anchors = Anchors::random(total, spacing, 4, 1);
        prop_assert_eq!(anchors.at(start).len(), 4);
    }

    #[test]
    fn any_notes_make_a_sound_or_a_sentence(
        notes in proptest::collection::vec((-1.0..10.0, -1.0..2000.0, 0..128_u8), 0..4),
    ) {
        let sound = [0.5_f32, -0.25, 1.0];
        let notes: Vec<Note<'_>> = notes
            .iter()
            .map(|&(start, end, velocity)| Note { sound: &sound, start, end: end % 40.0, velocity })
            .collect();
        if let Ok(clip) = combine(&notes) {
            prop_assert!(clip.iter().all(|x| x.is_finite() && *x <= 0.5));
        }
    }
}

#[test]
fn pieces_that_are_too_long_or_before_time_are_refused() {
    let note = Note { sound: &[1.0], start: 0.0, end: 1.0, velocity: 100 };
    assert!(combine(&[Note { end: 1e9, ..note }]).is_err());
    assert!(combine(&[Note { start: -0.1, ..note }]).is_err());
    assert!(combine(&[Note { end: f64::NAN, ..note }]).is_err());
    assert_eq!(combine(&[]).map(|clip| clip.len()), Ok(48_000));
}

#[test]
fn a_note_of_an_instrument_that_changes_begins_as_the_first_and_ends_as_the_last() {
    let model = tiny();
    let (a, b) = (model.random_instrument(1), model.random_instrument(2));
    let seconds = f64::from(model.shape().samples as u32) / f64::from(model.shape().rate);
    let go = |way: &[Vec<f32>], step: f64| {
        model.morphing_note((way, step), 60, &Alone, &Cancel::default()).expect("a note")
    };
    assert_eq!(go(std::slice::from_ref(&a), 1.0), note(&model, &a, 60));
    assert_eq!(go(&[a.clone(), a.clone(), a.clone()], seconds / 3.0), note(&model, &a, 60));
    // Long before it is heard, and long after.
    assert_eq!(go(&[a.clone(), b.clone()], 1e9), note(&model, &a, 60));
    let [from, to, on_the_way] =
        [note(&model, &a, 60), note(&model, &b, 60), go(&[a, b.clone()], seconds / 2.0)];
    let off = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| (x - y).abs()).sum::<f32>();
    let (early, late) = (..from.len() / 4, from.len() * 3 / 4..);
    assert!(off(&on_the_way[early], &from[early]) < off(&on_the_way[early], &to[early]));
    assert!(off(&on_the_way[late.clone()], &to[late.clone()]) < off(&on_the_way[late.clone()], &from[late]));
    let none = model.morphing_note((&[], 1.0), 60, &Alone, &Cancel::default());
    assert!(matches!(none, Err(NoteError::Latent { found: 0, .. })));
}
