//! ONNX Runtime as the named alternative: the same weights and note in a graph that a Python script writes ([`SCRIPT`]).
//!
//! The script's packages are installed by pip into `target/onnx` the first time. Without Python, pip or a network the figure
//! is "not measured", with the reason.

use anyhow::{Context, Result, ensure};
use descant_core::model::gansynth::Shape;
use descant_core::nn::Weights;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = include_str!("onnx.py");
const PACKAGES: [&str; 3] = ["numpy", "onnx", "onnxruntime"];
/// Their answer and ours are sums of the same products in another order.
const TOLERANCE: f64 = 1e-3;

/// What the script prints.
pub(super) struct Measured {
    /// Milliseconds on one thread.
    pub one: f64,
    /// Milliseconds on several.
    pub many: f64,
    /// Of ONNX Runtime.
    pub version: String,
}

/// What is given to both.
pub(super) struct Given<'a> {
    pub shape: &'a Shape,
    pub weights: &'a Weights,
    pub z: &'a [f32],
    pub pitch: u8,
    /// Our answer.
    pub image: &'a [f32],
}

/// Times ONNX Runtime.
///
/// # Errors
/// Why it could not be, or that its answer is another one.
pub(super) fn measure(given: &Given<'_>, repeats: usize, threads: usize) -> Result<Measured> {
    let packages = Path::new("target/onnx");
    install(packages)?;
    let folder = packages.join("network");
    std::fs::create_dir_all(&folder)?;
    write(given, &folder)?;
    let script = folder.join("onnx_bench.py");
    std::fs::write(&script, SCRIPT)?;
    let output = python(packages)
        .arg(&script)
        .arg(&folder)
        .args([repeats.to_string(), threads.to_string()])
        .output()
        .context("python3 could not be started")?;
    ensure!(output.status.success(), "{}", last_line(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout)?;
    let number = |key: &str| printed[key].as_f64().with_context(|| format!("no {key} in {printed}"));
    let error = number("error")?;
    ensure!(error < TOLERANCE, "its image differs from ours by {error:.2e}");
    let version = printed["version"].as_str().unwrap_or_default().to_owned();
    Ok(Measured { one: number("one")?, many: number("many")?, version })
}

fn install(packages: &Path) -> Result<()> {
    let imports = PACKAGES.map(|p| format!("import {p}")).join("; ");
    let there = python(packages).args(["-c", &imports]).output().context("python3 could not be started")?;
    if there.status.success() {
        return Ok(());
    }
    let pip = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--target"])
        .arg(packages)
        .args(PACKAGES)
        .output()?;
    ensure!(pip.status.success(), "pip: {}", last_line(&pip.stderr));
    Ok(())
}

fn python(packages: &Path) -> Command {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", packages);
    command
}

fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no reason was given").trim().to_owned()
}

fn write(given: &Given<'_>, folder: &Path) -> Result<()> {
    let mut tensors = BTreeMap::new();
    let mut numbers: Vec<f32> = Vec::new();
    for (name, shape) in given.shape.variables() {
        let tensor = given.weights.get(&name).with_context(|| format!("{name} is missing"))?;
        tensors.insert(name, json!({ "shape": shape, "offset": numbers.len() }));
        numbers.extend(tensor.to_f32());
    }
    // Every block's variables begin with its scope; the names are sorted, and so are the blocks.
    let mut scopes: Vec<&str> = tensors.keys().filter_map(|name| name.strip_suffix("conv0/bias")).collect();
    scopes.sort_unstable();
    let network = json!({
        "start": given.shape.start, "inputs": given.shape.inputs(), "scopes": scopes, "tensors": &tensors,
    });
    std::fs::write(folder.join("network.json"), network.to_string())?;
    let mut input = given.z.to_vec();
    let (lowest, highest) = (given.shape.lowest, given.shape.highest());
    input.extend((lowest..=highest).map(|p| f32::from(u8::from(p == given.pitch))));
    for (name, numbers) in [("tensors", &numbers[..]), ("input", &input), ("image", given.image)] {
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(folder.join(format!("{name}.bin")), bytes)?;
    }
    Ok(())
}
