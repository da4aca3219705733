//! Scratch bench.
use descant_core::nn::*;
use std::hint::black_box;
use std::time::Instant;

fn best(n: usize, mut f: impl FnMut()) -> f64 {
    (0..n)
        .map(|_| {
            let t = Instant::now();
            f();
            t.elapsed().as_secs_f64() * 1e6
        })
        .fold(f64::MAX, f64::min)
}
fn vars(input: usize, layers: &[usize], attention: bool, out: usize) -> Vec<(String, Vec<usize>)> {
    let mut v = vec![];
    let mut below = input;
    for (k, &u) in layers.iter().enumerate() {
        let mut p = format!("rnn/multi_rnn_cell/cell_{k}/");
        if k == 0 && attention {
            p += "attention_cell_wrapper/";
            for (n, s) in [
                ("kernel", vec![below + u, below]),
                ("bias", vec![below]),
                ("attention/attn_w", vec![1, 1, u, u]),
                ("attention/attn_v", vec![u]),
                ("attention/kernel", vec![2 * u, u]),
                ("attention/bias", vec![u]),
                ("attn_output_projection/kernel", vec![2 * u, u]),
                ("attn_output_projection/bias", vec![u]),
            ] {
                v.push((p.clone() + n, s));
            }
        }
        v.push((p.clone() + "basic_lstm_cell/kernel", vec![below + u, 4 * u]));
        v.push((p.clone() + "basic_lstm_cell/bias", vec![4 * u]));
        below = u;
    }
    v.push(("fully_connected/weights".into(), vec![below, out]));
    v.push(("fully_connected/biases".into(), vec![out]));
    v
}
fn main() {
    let reps: usize = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(2000);
    for (name, input, layers, att, out) in [
        ("2x128", 128, vec![128, 128], 0, 128),
        ("2x256", 256, vec![256; 2], 0, 256),
        ("3x256", 256, vec![256; 3], 0, 256),
        ("3x512", 388, vec![512; 3], 0, 388),
        ("drum_kit", 518, vec![256; 3], 32, 512),
        ("attention_rnn", 74, vec![128, 128], 40, 40),
    ] {
        let v = vars(input, &layers, att > 0, out);
        let w = formula::weights(
            v.iter().map(|(n, s)| (n.as_str(), s.as_slice())),
            1,
            &formula::Scales { default: 0.0625, patterns: vec![] },
        );
        for storage in [Storage::F32, Storage::F16] {
            let stack = LstmStack::new(
                &w,
                &StackConfig {
                    input,
                    layers: layers.clone(),
                    attention: att,
                    residual: false,
                    output: out,
                    storage,
                },
            )
            .unwrap();
            let buf = vec![1.0f32; stack.bytes() / 4];
            let isa = Isa::best();
            let limit = best(reps, || {
                black_box(probe::stream(isa, black_box(&buf)));
            });
            let mut t = vec![];
            for dense in [true, false] {
                for lanes in [1usize, 4, 16] {
                    let mut st = stack.state(lanes);
                    let x: Vec<Vec<(u32, f32)>> = (0..lanes)
                        .map(|l| {
                            if dense {
                                (0..input as u32).map(|i| (i, 0.5)).collect()
                            } else {
                                (0..6).map(|e| ((l * 3 + e * 9) as u32 % input as u32, 1.0)).collect()
                            }
                        })
                        .collect();
                    let mut y = vec![0.0; lanes * out];
                    t.push(best(if lanes == 1 { reps } else { reps / 4 }, || {
                        stack.step(&mut st, &x, &mut y).unwrap()
                    }));
                }
            }
            println!(
                "{name:14} {storage:?} {:6.2} MB limit {limit:7.1} us ({:5.1} GB/s) dense-in b1 {:7.1} ({:3.0}%) b4 {:7.1} b16 {:7.1} (x{:.2}) | sparse b1 {:7.1} b4 {:7.1} b16 {:7.1} (x{:.2})",
                stack.bytes() as f64 / 1e6,
                stack.bytes() as f64 / limit / 1e3,
                t[0],
                100.0 * limit / t[0],
                t[1],
                t[2],
                t[2] / t[0],
                t[3],
                t[4],
                t[5],
                t[5] / t[3]
            );
        }
    }
}
