//! Promises of the models of every kind, on small shapes with weights from a formula.
use super::*;
use crate::codec::encoding::SparseVector;
use crate::model::event_rnn::WriteError;
use crate::nn::{NnError, formula};
use crate::tool::Cancel;

fn shape(encoder: usize, decoder: usize, split: bool, head: Head, control: usize) -> Shape {
    Shape {
        encoder: Encoder { units: if encoder > 1 { vec![6] } else { vec![5, 7] }, segments: encoder },
        decoder: Decoder { units: vec![9, 8], segments: decoder, split },
        input: head.width() + 1,
        head,
        z: 5,
        control,
        steps: 12,
    }
}

/// One of each kind.
fn shapes() -> Vec<Shape> {
    let trio = || Head::Categorical(vec![7, 6, 16]);
    vec![
        shape(1, 1, false, Head::Categorical(vec![13]), 0),
        shape(1, 1, false, Head::Categorical(vec![13]), 4),
        shape(1, 1, false, trio(), 0),
        shape(1, 1, false, Head::Nade { hidden: 6, keys: 9 }, 0),
        shape(1, 1, false, Head::Groove { drums: 3 }, 3),
        shape(1, 4, false, Head::Categorical(vec![13]), 0),
        shape(4, 3, true, trio(), 0),
        shape(3, 4, false, Head::Categorical(vec![13]), 4),
    ]
}

fn weights(shape: &Shape) -> Weights {
    let scales = formula::Scales { default: 0.8, patterns: vec![("mu/".into(), 2.0)] };
    let variables = shape.variables();
    formula::weights(variables.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())), 21, &scales)
}

fn model(shape: &Shape) -> MusicVae {
    MusicVae::new(shape.clone(), &weights(shape), Storage::F32).expect("fits")
}

/// Rows of a control: one cell each.
fn control(shape: &Shape, steps: usize) -> Vec<SparseVector> {
    (0..steps).map(|t| vec![((t * 3 % shape.control.max(1)) as u32, 1.0)]).collect()
}

fn decode(model: &MusicVae, z: &[Vec<f32>], temperature: f32, seeds: &[u32]) -> Vec<Steps> {
    let rows = control(model.shape(), 12);
    let controls = vec![rows.as_slice(); if model.shape().control > 0 { z.len() } else { 0 }];
    let options = DecodeOptions { temperature, seeds, controls: &controls, length: 12 };
    model.decode(z, &options, &Cancel::default(), &mut |_| {}).expect("decoded")
}

#[test]
fn pieces_side_by_side_are_those_written_alone() {
    for shape in shapes() {
        let model = model(&shape);
        let z: Vec<Vec<f32>> = (0..7).map(|seed| model.prior(seed)).collect();
        let seeds = [5, 6, 7, 8, 9, 10, 11];
        for temperature in [0.0, 0.7, 1.5] {
            let together = decode(&model, &z, temperature, &seeds);
            for (i, piece) in together.iter().enumerate() {
                assert_eq!(piece.len(), 12);
                assert!(piece.fit(&shape.head), "{piece:?}");
                let alone = decode(&model, &z[i..=i], temperature, &seeds[i..=i]);
                assert_eq!(alone[0], *piece, "{shape:?} at {temperature}");
            }
        }
    }
}

#[test]
fn chance_is_in_the_seed_alone_and_little_of_it_is_none() {
    for shape in shapes() {
        let model = model(&shape);
        let z = vec![model.prior(1); 2];
        let hot = decode(&model, &z, 1.0, &[3, 4]);
        assert_ne!(hot[0], hot[1], "{shape:?}");
        assert_eq!(hot, decode(&model, &z, 1.0, &[3, 4]));
        let mode = decode(&model, &z, 0.0, &[]);
        assert_eq!(mode[0], mode[1]);
        assert_eq!(mode, decode(&model, &z, 1e-6, &[3, 4]), "{shape:?}");
        assert_eq!(mode, decode(&model, &z, f32::NAN, &[]));
    }
}

#[test]
fn a_piece_fed_back_gives_what_was_seen_when_it_was_written() {
    for shape in shapes() {
        let model = model(&shape);
        let z = [model.prior(8), model.prior(9)];
        let rows = control(&shape, 12);
        let controls = vec![rows.as_slice(); if shape.control > 0 { 2 } else { 0 }];
        let options = DecodeOptions { temperature: 1.0, seeds: &[1, 2], controls: &controls, length: 12 };
        let mut seen = [Vec::new(), Vec::new()];
        let mut see = |piece: usize, _: usize, outputs: &[f32]| seen[piece].extend_from_slice(outputs);
        let pieces =
            model.decode_seen(&z, &options, &Cancel::default(), &mut |_| {}, &mut see).expect("decoded");
        let forward = model.forward(&z, &pieces, &controls, &Cancel::default(), &mut |_| {}).expect("fits");
        for (forward, seen) in forward.iter().zip(seen) {
            assert_eq!(forward.outputs.len(), 12 * shape.head.outputs());
            assert_eq!(forward.outputs, seen, "{shape:?}");
            assert!(forward.loss.is_finite() && forward.loss > 0.0, "{}", forward.loss);
        }
    }
}

#[test]
fn hits_that_are_known_are_struck_and_heard() {
    let shape = shape(1, 1, false, Head::Groove { drums: 3 }, 0);
    let model = model(&shape);
    let z = [model.prior(8), model.prior(9)];
    let options = DecodeOptions { temperature: 1.0, seeds: &[1, 2], controls: &[], length: 12 };
    let decode = |hit: &dyn Fn(usize, usize, usize) -> Option<bool>| {
        model.decode_hits(&z, &options, hit, &Cancel::default(), &mut |_| {}).expect("decoded")
    };
    let free = model.decode(&z, &options, &Cancel::default(), &mut |_| {}).expect("decoded");
    assert_eq!(decode(&|_, _, _| None), free);
    let known = |piece: usize, step: usize, drum: usize| {
        (drum < 2).then_some((piece + step + drum).is_multiple_of(2))
    };
    let given = decode(&known);
    for (piece, (given, free)) in given.iter().zip(&free).enumerate() {
        let (Steps::Rows { values: given, width: 9 }, Steps::Rows { values: free, .. }) = (given, free)
        else {
            panic!("no groove")
        };
        for (step, row) in given.chunks_exact(9).enumerate() {
            for (drum, hit) in row.iter().take(2).enumerate() {
                let struck = known(piece, step, drum) == Some(true);
                assert_eq!(*hit > 0.5, struck);
                assert!(struck || (row[3 + drum], row[6 + drum]) == (0.0, 0.0), "a drum that rests");
            }
        }
        // On the first step nothing has been heard yet. Where a stroke is certain, its velocity and offset are those of
        // a stroke that may be, without that doubt.
        for drum in 0..2 {
            if known(piece, 0, drum) == Some(true) {
                assert!(given[3 + drum] > free[3 + drum] && given[6 + drum].abs() > free[6 + drum].abs());
                assert_eq!(given[6 + drum].is_sign_positive(), free[6 + drum].is_sign_positive());
            }
        }
        assert_eq!((given[5], given[8]), (free[5], free[8]), "the model decides on the third drum");
        assert_ne!(given[12..18], free[12..18], "later steps know what was struck");
    }
}

#[test]
fn draws_of_a_distribution_are_those_of_the_prior_moved_and_stretched() {
    let prior = model(&shapes()[0]).prior(3);
    assert_ne!(prior[0], prior[1]);
    let posterior = Posterior { mu: vec![1.0, 2.0, 3.0, 4.0, 5.0], sigma: vec![0.0, 1.0, 2.0, 0.5, 4.0] };
    let expected = [
        1.0,
        2.0 + prior[1],
        2.0f32.mul_add(prior[2], 3.0),
        0.5f32.mul_add(prior[3], 4.0),
        4.0f32.mul_add(prior[4], 5.0),
    ];
    assert_eq!(posterior.sample(3), expected);
}

/// Steps with some cells.
fn music(shape: &Shape, length: usize, salt: usize) -> Vec<SparseVector> {
    let cell = |t: usize| ((t * 5 + salt * 3) % shape.input) as u32;
    (0..length).map(|t| if t % 3 == 1 { vec![] } else { vec![(cell(t), 1.0)] }).collect()
}

#[test]
fn examples_side_by_side_lie_where_they_lie_alone() {
    for shape in shapes() {
        let model = model(&shape);
        let parts = shape.encoder.segments;
        let mut examples: Vec<Example> = (0..5)
            .map(|salt| {
                let example = Example::cut(music(&shape, 12, salt), parts).expect("can be cut");
                let width = u32::try_from(shape.input).expect("small");
                let rows = if shape.control > 0 { control(&shape, 12) } else { vec![] };
                example.with_control(width, &rows)
            })
            .collect();
        examples[1].segments[0].truncate(2);
        examples[2].segments.iter_mut().for_each(Vec::clear);
        let encode =
            |examples: &[Example]| model.encode(examples, &Cancel::default(), &mut |_| {}).expect("encoded");
        let together = encode(&examples);
        assert!(encode(&[]).is_empty());
        for (i, posterior) in together.iter().enumerate() {
            assert_eq!((posterior.mu.len(), posterior.sigma.len()), (5, 5));
            assert!(posterior.sigma.iter().all(|&s| s > 0.0));
            assert_eq!(encode(&examples[i..=i])[0], *posterior, "{shape:?}");
        }
        assert_ne!(together[0], together[1], "its length counts");
        assert_ne!(together[0], together[3]);
    }
}

#[test]
fn an_example_is_cut_and_gets_its_control() {
    let steps = |n: u32| (0..n).map(|i| vec![(i, 1.0)]).collect::<Vec<SparseVector>>();
    assert_eq!(Example::cut(steps(5), 2), None);
    assert_eq!(Example::cut(steps(4), 0), None);
    assert_eq!(Example::cut(vec![], 2).expect("empty").segments, [vec![], vec![]] as [Vec<SparseVector>; 2]);
    let mut example = Example::cut(steps(4), 2).expect("even");
    example.segments[0].truncate(1);
    let controls: Vec<SparseVector> = (0..4).map(|i| vec![(i, 2.0)]).collect();
    let example = example.with_control(10, &controls);
    let row = |i: u32| vec![(i, 1.0), (10 + i, 2.0)];
    assert_eq!(example.segments, [vec![row(0)], vec![row(2), row(3)]]);
}

#[test]
fn every_variable_is_needed_in_its_shape() {
    for shape in shapes() {
        let all = weights(&shape);
        for (name, dims) in shape.variables() {
            let without: Weights = all.clone().into_iter().filter(|(n, _)| *n != name).collect();
            let missing = MusicVae::new(shape.clone(), &without, Storage::F32).err();
            assert!(
                matches!(&missing, Some(ModelError::Network(NnError::Missing { name: n })) if *n == name),
                "{missing:?} without {name}"
            );
            let mut other = all.clone();
            let larger: Vec<usize> = dims.iter().map(|n| n + 1).collect();
            let count = larger.iter().product();
            other.insert(name.clone(), crate::nn::Tensor::f32(larger, vec![0.0; count]));
            let wrong = MusicVae::new(shape.clone(), &other, Storage::F32).err();
            assert!(
                matches!(&wrong, Some(ModelError::Network(NnError::Shape { name: n, .. })) if *n == name),
                "{wrong:?} with another {name}"
            );
        }
    }
}

#[test]
fn progress_rises_to_one_and_cancelling_stops() {
    for shape in shapes() {
        let model = model(&shape);
        let rows = control(&shape, 12);
        let controls = vec![rows.as_slice(); usize::from(shape.control > 0)];
        let options = DecodeOptions { temperature: 0.0, seeds: &[], controls: &controls, length: 12 };
        let example = Example::cut(music(&shape, 12, 1), shape.encoder.segments).expect("can be cut");
        let z = [model.prior(1)];
        let (mut told, mut encoded) = (vec![0.0], vec![0.0]);
        let cancel = Cancel::default();
        model.decode(&z, &options, &cancel, &mut |p| told.push(p)).expect("decoded");
        model.encode(std::slice::from_ref(&example), &cancel, &mut |p| encoded.push(p)).expect("encoded");
        for told in [told, encoded] {
            assert!(told.is_sorted() && told.last() == Some(&1.0), "{told:?}");
        }
        cancel.cancel();
        let stopped = model.decode(&z, &options, &cancel, &mut |_| {});
        assert!(matches!(stopped, Err(WriteError::Cancelled)));
        let stopped = model.encode(&[example], &cancel, &mut |_| {});
        assert!(matches!(stopped, Err(WriteError::Cancelled)));
    }
}

/// What was wrong, if a count was.
fn counted<T>(result: Result<T, WriteError>) -> Option<(&'static str, usize, usize)> {
    match result {
        Err(WriteError::Model(ModelError::Network(NnError::Step { what, expected, found }))) => {
            Some((what, expected, found))
        }
        _ => None,
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let shape = shape(3, 4, false, Head::Categorical(vec![13]), 4);
    let model = model(&shape);
    let rows = control(&shape, 12);
    let decode = |z: &[Vec<f32>], seeds: &[u32], controls: &[&[SparseVector]], length| {
        let options = DecodeOptions { temperature: 1.0, seeds, controls, length };
        model.decode(z, &options, &Cancel::default(), &mut |_| {})
    };
    let z = vec![vec![0.0; 5]];
    assert!(decode(&z, &[1], &[&rows], 12).is_ok());
    assert!(decode(&z, &[1], &[&rows], 0).expect("nothing")[0].is_empty());
    assert_eq!(decode(&z, &[1], &[&rows], 7).expect("a part")[0].len(), 7);
    assert!(decode(&[], &[], &[], 12).expect("none").is_empty());
    assert_eq!(counted(decode(&z, &[], &[&rows], 12)), Some(("seeds", 1, 0)));
    assert_eq!(counted(decode(&z, &[1], &[], 12)), Some(("controls", 1, 0)));
    assert_eq!(counted(decode(&z, &[1], &[&rows[1..]], 12)), Some(("steps of control", 12, 11)));
    assert_eq!(counted(decode(&z, &[1], &[&rows], 13)), Some(("steps at most", 12, 13)));
    assert_eq!(counted(decode(&[vec![0.0; 4]], &[1], &[&rows], 12)), Some(("values in a vector", 5, 4)));
    let outside = vec![vec![(4, 1.0)]; 12];
    let wrong = decode(&z, &[1], &[&outside], 12);
    assert!(matches!(wrong, Err(WriteError::Model(ModelError::Network(NnError::Input { .. })))));

    let encode = |segments: Vec<Vec<SparseVector>>| {
        model.encode(&[Example { segments }], &Cancel::default(), &mut |_| {})
    };
    assert_eq!(counted(encode(vec![vec![]; 2])), Some(("parts", 3, 2)));
    assert_eq!(counted(encode(vec![vec![vec![]; 5]; 3])), Some(("steps in a part at most", 4, 5)));
    let outside = encode(vec![vec![vec![(18, 1.0)]]; 3]);
    assert!(matches!(outside, Err(WriteError::Model(ModelError::Network(NnError::Input { .. })))));

    let forward = |targets: &[Steps]| {
        model.forward(&z, targets, &[&rows], &Cancel::default(), &mut |_| {}).map(|all| all[0].loss)
    };
    assert!(forward(&[Steps::Classes(vec![vec![12; 12]])]).is_ok());
    assert_eq!(counted(forward(&[])), Some(("pieces", 1, 0)));
    let others = [
        Steps::Classes(vec![vec![13; 12]]),
        Steps::Classes(vec![vec![0; 12], vec![0; 12]]),
        Steps::Rows { values: vec![0.0; 12 * 13], width: 13 },
    ];
    for other in others {
        let wrong = forward(&[other]);
        assert!(matches!(wrong, Err(WriteError::Model(ModelError::Network(NnError::Config { .. })))));
    }
}

#[test]
fn loss_of_even_odds_by_hand() {
    // Without weights every logit is 0.
    let zero = |shape: &Shape| -> MusicVae {
        let tensors = shape.variables().into_iter().map(|(name, dims)| {
            let count = dims.iter().product();
            (name, crate::nn::Tensor::f32(dims, vec![0.0; count]))
        });
        MusicVae::new(shape.clone(), &tensors.collect(), Storage::F32).expect("fits")
    };
    let loss = |head: Head, target: Steps| {
        let model = zero(&shape(1, 1, false, head, 0));
        let all = model.forward(&[[0.0; 5]], &[target], &[], &Cancel::default(), &mut |_| {});
        all.expect("fits")[0].loss
    };
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
    near(loss(Head::Categorical(vec![13]), Steps::Classes(vec![vec![3, 0]])), 2.0 * 13.0_f64.ln());
    let trio = Head::Categorical(vec![7, 6, 16]);
    near(loss(trio, Steps::Classes(vec![vec![3], vec![1], vec![15]])), (7.0 * 6.0 * 16.0_f64).ln());
    let nade = Head::Nade { hidden: 6, keys: 9 };
    let keys = Steps::Rows { values: vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0], width: 9 };
    near(loss(nade, keys), 9.0 * 2.0_f64.ln() - 9.0 * 2e-6);
    // Hit and none; velocity ½ met exactly and missed by 0.25; offset 0 missed by 0.5 and met.
    let groove = Steps::Rows { values: vec![1.0, 0.0, 0.5, 0.75, 0.5, 0.0], width: 6 };
    near(loss(Head::Groove { drums: 2 }, groove), 2.0 * 2.0_f64.ln() + 0.0625 + 0.25);
}
