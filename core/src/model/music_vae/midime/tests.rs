//! Gradients against differences, learning, refusals; the golden file has the rest.
use super::*;

fn small() -> MidiMeShape {
    MidiMeShape { input: 5, latent: 2, encoder: vec![6, 4], decoder: vec![4, 6], beta: 0.5 }
}

#[test]
fn gradients_are_those_of_small_differences() {
    let network = MidiMe::new(small(), 3).expect("possible");
    let x: Vec<f32> = crate::model::music_vae::normal(1, 15).collect();
    let noise: Vec<f32> = crate::model::music_vae::normal(2, 6).collect();
    let loss = |network: &MidiMe| network.clone().train(&x, &noise).expect("fits").total;
    let pass = network.forward(&x, &noise).expect("fits");
    let error = pass.reconstruction.iter().zip(&x).map(|(a, b)| (a - b) / 3.0).collect();
    let gradients = network.gradients(&pass, error, &noise, 3.0);
    for (layer, gradient) in gradients.iter().enumerate() {
        for at in [0, gradient.len() - 1] {
            let moved = |by: f32| {
                let mut network = network.clone();
                network.layers[layer].values[at] += by;
                loss(&network)
            };
            let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            let found = f64::from(gradient[at]);
            assert!((slope - found).abs() < 2e-2 * (1.0 + slope.abs()), "{layer} {at}: {found}, not {slope}");
        }
    }
}

#[test]
fn it_learns_what_it_is_shown() {
    let mut network = MidiMe::new(small(), 7).expect("possible");
    let x: Vec<f32> = crate::model::music_vae::normal(5, 20).collect();
    let noise = [0.0; 8];
    let first = network.train(&x, &noise).expect("fits").total;
    let last = (0..300).map(|_| network.train(&x, &noise).expect("fits").total).last();
    assert!(last.is_some_and(|last| last < 0.8 * first), "{first} became {last:?}");
    assert_eq!(network.decode(&[0.0; 4]).expect("fits").len(), 10);
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = MidiMe::new(small(), 7).expect("possible");
    assert!(network.forward(&[0.0; 6], &[0.0; 2]).is_err());
    assert!(network.forward(&[0.0; 5], &[0.0; 3]).is_err());
    assert!(network.decode(&[0.0; 3]).is_err());
    assert!(MidiMe::new(MidiMeShape { input: 0, ..small() }, 1).is_err());
    assert!(MidiMe::new(MidiMeShape { encoder: vec![usize::MAX], ..small() }, 1).is_err());
    assert!(MidiMe::load(small(), &Weights::new()).is_err());
    assert!(MidiMe::load(small(), &network.weights()).is_ok());
}
