//! `descant generate`. Writes clips from nothing.

use crate::continue_clip::clip;
use crate::takes::{Options, meter};
use descant_core::music::Meter;
use descant_core::tool::{Latent, Near, Request, ToolKind};
use std::path::PathBuf;

/// Options of `descant generate`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: Options,
    /// Number of bars, 1 to 32
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=32))]
    bars: u32,
    /// Meter, e.g. 3/4 (the models were trained in 4/4)
    #[arg(long, default_value = "4/4", value_parser = meter)]
    meter: Meter,
    /// Latent models: write clips near that of a file
    #[arg(long, value_name = "FILE")]
    near: Option<PathBuf>,
    /// How far from it: 0 = the same, as the model hears it, to 1 = anything
    #[arg(long, default_value_t = 0.25)]
    radius: f32,
    /// Personal models: how much of them in percent; 0 = the model that they were made from
    #[arg(long, default_value_t = 100.0, value_name = "PERCENT")]
    own: f32,
    /// Tempo written into the files, in quarter notes per minute
    #[arg(long, default_value_t = 120.0)]
    tempo: f64,
}

/// Generates and writes the files.
///
/// # Errors
/// A model without weights, or a folder that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let model = args.options.load(None)?;
    let request = args.options.request(ToolKind::Generate, &model, args.bars)?;
    let mut request = Request { meter: args.meter, tempo: Some(args.tempo), ..request };
    if let Some(path) = &args.near {
        request.primer = Some(clip(path, None, Some(model.kind()))?);
        request.latent = Latent { near: Near::Primer, radius: args.radius, ..Latent::default() };
    }
    if model.personal().is_some() {
        request.latent.own = args.own / 100.0;
    }
    args.options.write(&model, &request)
}
