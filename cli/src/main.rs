//! `descant`: the tools on the command line, without a DAW.
//!
//! Reads the arguments and hands each subcommand to its file. No music or maths lives here.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its terminal")]
use clap::{Parser, Subcommand};
use std::process::ExitCode;

mod bench;
mod continue_clip;
mod dataset;
mod export;
mod generate;
mod golden;
mod import;
mod latent;
mod personalise;
mod takes;
mod toy;
mod train;
mod trio;

/// Magenta's music models without a DAW.
#[derive(Parser)]
#[command(name = "descant", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write clips from nothing and save them as MIDI files
    Generate(generate::Args),
    /// Write on from a MIDI file
    Continue(continue_clip::Args),
    /// Make a Magenta, Magenta.js or TensorFlow checkpoint into a weights file that Descant plays
    /// Write what lies between two clips, or four
    Interpolate(latent::InterpolateArgs),
    /// Play a clip as a drummer would: its timing and dynamics
    Groove(latent::GrooveArgs),
    /// Make a drum groove from the rhythm of a clip
    Drumify(latent::ClipArgs),
    /// Add hi-hats to a drum clip
    Hats(latent::ClipArgs),
    /// Write melody, bass and drums at once, over one set of chords and with one groove
    Trio(trio::Args),
    /// Make a latent model of melodies or drums your own: it learns from your clips (MidiMe)
    Personalise(personalise::Args),
    /// Make a Magenta or TensorFlow checkpoint into a weights file that Descant plays
    Import(import::Args),
    /// Write a model as a Magenta bundle (.mag)
    Export(export::Args),
    /// Turn folders of music into training pieces and say what was left out and why
    Dataset(dataset::Args),
    /// Train weights for a model
    Train(train::Args),
    /// Compare the library with vectors from the reference implementations
    Golden(golden::Args),
    /// Measure speed, size or musical quality
    Bench(bench::Args),
    /// Write music without a network: with dice, or with a Markov chain that learns from your files
    Toy(toy::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Generate(args) => generate::run(&args),
        Command::Continue(args) => continue_clip::run(&args),
        Command::Interpolate(args) => latent::interpolate(&args),
        Command::Groove(args) => latent::groove_clip(&args),
        Command::Drumify(args) => latent::drumify(&args),
        Command::Hats(args) => latent::hats(&args),
        Command::Trio(args) => trio::run(&args),
        Command::Personalise(args) => personalise::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Dataset(args) => dataset::run(args),
        Command::Train(args) => train::run(args),
        Command::Golden(args) => golden::run(&args),
        Command::Bench(args) => bench::run(args),
        Command::Toy(args) => toy::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("descant: {error:#}");
            ExitCode::FAILURE
        }
    }
}
