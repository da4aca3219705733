//! Scratch.
use descant_core::nn::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let lanes: usize = a[1].parse().unwrap();
    let storage = if a[2] == "f16" { Storage::F16 } else { Storage::F32 };
    let layers = vec![128usize; 2];
    let mut v: Vec<(String, Vec<usize>)> = vec![]; let mut below = 128;
    for (k, &u) in layers.iter().enumerate() {
        let p = format!("rnn/multi_rnn_cell/cell_{k}/basic_lstm_cell/");
        v.push((p.clone() + "kernel", vec![below + u, 4 * u])); v.push((p + "bias", vec![4 * u])); below = u;
    }
    v.push(("fully_connected/weights".into(), vec![below, 128])); v.push(("fully_connected/biases".into(), vec![128]));
    let w = formula::weights(v.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 1, &formula::Scales { default: 0.0625, patterns: vec![] });
    let stack = LstmStack::new(&w, &StackConfig { input: 128, layers, attention: 0, residual: false, output: 128, storage }).unwrap();
    let mut st = stack.state(lanes);
    let x: Vec<Vec<(u32, f32)>> = (0..lanes).map(|l| (0..6).map(|e| ((l * 3 + e * 9) as u32 % 128, 1.0)).collect()).collect();
    let mut y = vec![0.0; lanes * 128];
    for _ in 0..20000 { stack.step(&mut st, &x, &mut y).unwrap(); }
}
