//! Hand-calculated values and properties; the golden files compare with the original.
use super::*;
use proptest::prelude::*;

fn small() -> Spectral {
    let framing = Framing { fft: 64, hop: 16, frames: 20, samples: 300 };
    Spectral::new(framing, 16_000.0, 32, Variant::Python).expect("sizes")
}

#[test]
fn sizes_of_the_released_models() {
    assert_eq!((Framing::GANSYNTH.bins(), Framing::GANSYNTH.lead()), (1024, 3072));
    let spectral = Spectral::new(Framing::GANSYNTH, 16_000.0, 1024, Variant::MagentaJs).expect("sizes");
    let sound = spectral.render(&vec![[-13.0, 0.0]; 128 * 1024]).expect("fits");
    assert_eq!(sound.len(), 60_928, "Magenta.js loses the end");
}

#[test]
fn impossible_sizes_are_refused() {
    let good = Framing { fft: 64, hop: 16, frames: 20, samples: 300 };
    let wrong = [
        Framing { fft: 63, ..good },
        Framing { fft: 0, ..good },
        Framing { hop: 0, ..good },
        Framing { hop: 33, ..good },
        Framing { frames: 0, ..good },
        Framing { fft: 1 << 16, hop: 1 << 15, frames: 1 << 16, ..good },
        Framing { samples: 369, ..good },
        Framing { samples: 0, ..good },
    ];
    for framing in wrong {
        assert!(Spectral::new(framing, 16_000.0, 32, Variant::Python).is_err(), "{framing:?}");
    }
    assert!(MelBands::new(1, 32, 16_000.0).is_err());
    assert!(MelBands::new(32, 0, 16_000.0).is_err());
    assert!(MelBands::new(32, 32, f64::NAN).is_err());
}

#[test]
fn data_of_another_length_is_refused() {
    let spectral = small();
    assert!(spectral.stft(&[0.0; 299]).is_err());
    assert!(spectral.sound(&[Complex64::default(); 639]).is_err());
    assert!(spectral.render(&[[0.0; 2]; 639]).is_err());
    assert!(spectral.to_mel(&[[0.0; 2]; 33]).is_err());
}

#[test]
fn a_cosine_has_its_energy_in_its_bin_and_its_frequency_there() {
    // Bin 8 of 64 samples: 8 turns a frame, 2 turns a hop, hence no step of phase.
    let spectral = small();
    let sound: Vec<f32> = (0..300).map(|n| (TURN * 8.0 * f64::from(n - 4) / 64.0).cos() as f32).collect();
    let cells = spectral.cells(&spectral.stft(&sound).expect("fits"));
    let frame = &cells[10 * 32..11 * 32];
    // The window's sum is 32, half of which goes to the negative frequency; array index 7 is bin 8.
    assert!((frame[7][0] - 16.0_f64.ln()).abs() < 1e-5, "{}", frame[7][0].exp());
    assert!(frame[7][1].abs() < 1e-5);
    assert!(frame[12][0] < -9.0, "nothing elsewhere");
}

#[test]
fn unwrapping_takes_the_short_way_round() {
    let mut phase = [3.0, 0.0, -3.0, PI, 3.0, 0.0];
    unwrap(&mut phase, 2);
    let expected = [3.0, 0.0, TURN - 3.0, PI, 3.0, 0.0];
    assert!(phase.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{phase:?}");
    let mut phase = [0.5, 0.5 + 4.0];
    wrapped_frequency(&mut phase, 1);
    assert!((phase[1] - (4.0 - TURN) / PI).abs() < 1e-12);
}

#[test]
fn every_bin_comes_back_from_its_bands() {
    let bands = MelBands::new(256, 256, 16_000.0).expect("sizes");
    let back = bands.from_mel().rows(&bands.to_mel().rows(&[1.0; 256]).expect("fits")).expect("fits");
    // Each bin that a band reads is divided by just what it gets of a flat spectrum.
    assert!(back[1..255].iter().all(|x| (x - 1.0).abs() < 1e-12));
    assert_eq!((back[0], back[255]), (0.0, 0.0), "the ends belong to no band");
}

proptest! {
    #[test]
    fn sound_survives_its_spectrum(parts in proptest::collection::vec((2..32_u32, 0.0..0.1, 0.0..TURN), 1..8)) {
        let spectral = small();
        let at = |n: usize| {
            let part = |&(bin, level, phase): &(u32, f64, f64)| {
                level * (TURN * f64::from(bin) * n as f64 / 64.0 + phase).cos()
            };
            parts.iter().map(part).sum::<f64>() as f32
        };
        let sound: Vec<f32> = (0..300).map(at).collect();
        let stft = spectral.stft(&sound).expect("fits");
        let cells = spectral.cells(&stft);
        for (back, off) in [(spectral.sound(&stft), 1e-6), (spectral.sound(&spectral.stft_of(&cells)), 1e-5)] {
            let back = back.expect("fits");
            // Samples whose frames hold no silence and all exist.
            prop_assert!((80..250).all(|n| (back[n] - sound[n]).abs() < off), "{back:?}");
        }
    }

    #[test]
    fn frequencies_add_up_to_the_phase(phases in proptest::collection::vec(-PI..PI, 24)) {
        let mut back = phases.clone();
        instantaneous_frequency(&mut back, 3);
        accumulate(&mut back, 3);
        for (a, b) in phases.iter().zip(back) {
            let turns = (b - a) / TURN;
            prop_assert!((turns - turns.round()).abs() < 1e-9);
        }
    }

    #[test]
    fn any_image_gives_finite_sound(image in proptest::collection::vec([-14.0..14.0, -1.0..1.0], 640)) {
        let sound = small().render(&image).expect("fits");
        prop_assert!(sound.len() == 300 && sound.iter().all(|x| x.is_finite()));
    }
}
