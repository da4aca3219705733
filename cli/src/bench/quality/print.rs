//! The scoreboard on the terminal.

use super::Args;
use super::judge::{CONTINUATIONS, Judgement, Reference};
use super::subject::Likelihood;
use descant_core::corpus::measure::{Gate, Interval, Report};
use descant_core::model::Model;
use std::path::Path;

/// Prints everything measured of one model at one temperature.
pub fn judgement(model: &Model, file: &Path, reference: &Reference, j: &Judgement, args: &Args) {
    header(model, file, j.temperature, j.report.windows, args);
    let mut rows = vec![("validation", j.validation), ("test", j.test)];
    if j.judged.steps != j.test.steps {
        rows.push(("test, OpenScore Lieder only", j.judged));
    }
    likelihoods(&rows, reference);
    report(&j.report);

    let p = &j.primers;
    println!(
        "\ncontinuations nearer to their own piece than to the corpus ({} primers × {CONTINUATIONS})",
        p.cases
    );
    println!(
        "  written {:.3}, true continuations {:.3}, unprimed samples {:.3}",
        p.written, p.real, p.unprimed
    );
    gates(&j.gates);
}

/// How well a model, and the Markov model, predict.
pub fn likelihoods(rows: &[(&str, Likelihood)], reference: &Reference) {
    println!("\nheld-out likelihood, temperature 1    nats/16th   by label  accuracy    steps");
    for (name, l) in rows {
        println!("  {name:<34} {:>10.4} {:>10.4} {:>9.3} {:>8}", l.events, l.labels, l.accuracy, l.steps);
    }
    let [all, rest] = reference.markov;
    println!("  {:<34} {:>10.4} {:>30}", "Markov model of order 3", rest.per_step, rest.steps);
    println!("  {:<34} {:>10.4} {:>30}", "  with the first step of each piece", all.per_step, all.steps);
}

/// What is judged.
pub fn header(model: &Model, file: &Path, temperature: f32, windows: usize, args: &Args) {
    println!("{} ({})", model.name(), file.display());
    println!(
        "temperature {temperature}, {windows} samples of 8 bars (bars 5–8 measured), seed {}",
        args.seed
    );
}

/// Distributions, repetition and copying.
pub fn report(r: &Report) {
    println!("\noverlapping area (and divergence)        written     ceiling       floor");
    for f in &r.features {
        println!(
            "  {:<30} {:>6.3} ({:.3}) {:>10.3} {:>11.3}",
            f.name, f.area, f.divergence, f.ceiling, f.floor
        );
    }
    let [written, ceiling, within, floor] = r.mean_area;
    println!(
        "  {:<30} {written:>6.3} {:>18.3} {floor:>11.3}   (training with itself {within:.3})",
        "mean", ceiling
    );

    println!("\nmeans                                    written    training        test   |Δ|/sd");
    for f in &r.figures {
        println!(
            "  {:<30} {:>16.3} {:>11.3} {:>11.3} {:>8.2}",
            f.name, f.generated, f.train, f.test, f.deviation
        );
    }

    println!("\nrepetition                 written [95 %]              training                    test");
    let three = |name: &str, v: &[Interval; 3]| {
        let [a, b, c] = v.map(|i| format!("{:.3} [{:.3}, {:.3}]", i.mean, i.low, i.high));
        println!("  {name:<24} {a:<27} {b:<27} {c}");
    };
    three("adjacent equal bars", &r.adjacent);
    three("self-similarity", &r.similarity);
    let [a, b, c] = r.any_repeat;
    println!("  {:<24} {a:<27.3} {b:<27.3} {c:.3}", "windows with a bar twice");
    let [a, b] = r.position_divergence;
    println!("  onset positions, divergence from training in nats: written {a:.4}, test {b:.4}");

    println!("\ncopying                                  written        test");
    println!("  {:<34} {:>11.4} {:>11.4}", "2-bar windows equal to training", r.copied[0], r.copied[1]);
    println!("  {:<34} {:>11.2} {:>11.2}", "mean run shared with training", r.mean_run[0], r.mean_run[1]);
    println!("  {:<34} {:>11} {:>11}", "longest", r.longest_run[0], r.longest_run[1]);
}

/// Gates with pass or fail.
pub fn gates(gates: &[Gate]) {
    println!("\ngates");
    for gate in gates {
        let mark = if gate.pass { "pass" } else { "FAIL" };
        println!("  {mark}  {:<40} {:<28} {}", gate.name, gate.value, gate.bound);
    }
    println!();
}
