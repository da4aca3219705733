//! `descant interpolate`, `groove`, `drumify` and `hats`: the tools of MusicVAE and GrooVAE models.

use crate::continue_clip::clip;
use crate::takes::Options;
use anyhow::{Result, ensure};
use descant_core::codec::vae::GrooveInput;
use descant_core::model::{Configuration, EncodingParams, LatentMusic};
use descant_core::music::ClipKind;
use descant_core::tool::{Early, Latent, Request, ToolKind};
use std::path::PathBuf;

/// Options of `descant interpolate`.
#[derive(clap::Args)]
pub struct InterpolateArgs {
    /// Two files with clips, or four: the corners of a square, top left, top right, bottom left, bottom right
    #[arg(num_args = 2..=4, required = true)]
    clips: Vec<PathBuf>,
    /// Number of clips from end to end, both ends included (of a square along each side, up to 4)
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
    steps: u32,
    /// One file with all of them end to end, instead of a file each
    #[arg(long)]
    bake: bool,
    #[command(flatten)]
    options: Options,
}

/// Options of `descant groove`.
#[derive(clap::Args)]
pub struct GrooveArgs {
    /// File with the clip
    clip: PathBuf,
    /// Track by number (from 1) or name
    #[arg(long)]
    track: Option<String>,
    /// How much of the model's timing in percent, 0 to 150
    #[arg(long, default_value_t = 100.0)]
    timing: f32,
    /// How much of the model's dynamics in percent, 0 to 150
    #[arg(long, default_value_t = 100.0)]
    dynamics: f32,
    /// The model may leave out hits and add some
    #[arg(long)]
    free_hits: bool,
    /// Drum clip whose groove a melody takes over; without one the model makes a groove
    #[arg(long, value_name = "FILE")]
    guide: Option<PathBuf>,
    /// Hits before beat one go to the clip's end
    #[arg(long)]
    wrap: bool,
    #[command(flatten)]
    options: Options,
}

/// Options of `descant drumify` and `descant hats`.
#[derive(clap::Args)]
pub struct ClipArgs {
    /// File with the clip
    clip: PathBuf,
    /// Track by number (from 1) or name
    #[arg(long)]
    track: Option<String>,
    /// Hats: those that the clip has stay
    #[arg(long)]
    keep_hats: bool,
    #[command(flatten)]
    options: Options,
}

/// What a configuration's steps are, if it is a latent model.
fn music(configuration: &Configuration) -> Option<&LatentMusic> {
    match &configuration.hparams.encoding {
        EncodingParams::Latent(params) => Some(&params.music),
        _ => None,
    }
}

fn groove(configuration: &Configuration, suits: fn(&GrooveInput) -> bool) -> bool {
    matches!(music(configuration), Some(LatentMusic::Groove { input, .. }) if suits(input))
}

/// Interpolates and writes the files.
///
/// # Errors
/// An unreadable clip, a model without weights, or a folder that cannot be written.
pub fn interpolate(args: &InterpolateArgs) -> Result<()> {
    ensure!(args.clips.len() != 3, "interpolation is between two clips or four, not three");
    let first = clip(&args.clips[0], None, None)?;
    let model = args.options.load_first(|c| {
        c.kind == first.kind
            && matches!(music(c), Some(LatentMusic::Drums { .. } | LatentMusic::Melody { .. }))
    })?;
    let kind = Some(model.kind());
    let others = args.clips[1..].iter().map(|path| clip(path, None, kind)).collect::<Result<_>>()?;
    let latent = Latent { others, steps: args.steps, bake: args.bake, ..Latent::default() };
    let primer = Some(clip(&args.clips[0], None, kind)?);
    let request = args.options.request(ToolKind::Interpolate, &model, 1)?;
    args.options.write(&model, &Request { primer, latent, ..request })
}

/// Grooves and writes the files.
///
/// # Errors
/// As [`interpolate`].
pub fn groove_clip(args: &GrooveArgs) -> Result<()> {
    let primer = Some(clip(&args.clip, args.track.as_deref(), None)?);
    let model = args.options.load_first(|c| groove(c, |input| !input.tapify && input.add_drums == 0))?;
    let guide = args.guide.as_deref().map(|path| clip(path, None, Some(ClipKind::Drums))).transpose()?;
    let latent = Latent {
        timing: args.timing / 100.0,
        dynamics: args.dynamics / 100.0,
        keep_hits: !args.free_hits,
        guide,
        early: if args.wrap { Early::Wrap } else { Early::Clamp },
        ..Latent::default()
    };
    let request = args.options.request(ToolKind::Groove, &model, 1)?;
    args.options.write(&model, &Request { primer, latent, ..request })
}

/// Makes drums of a rhythm and writes the files.
///
/// # Errors
/// As [`interpolate`].
pub fn drumify(args: &ClipArgs) -> Result<()> {
    tool(args, ToolKind::Drumify, None, |input| input.tapify)
}

/// Adds hi-hats and writes the files.
///
/// # Errors
/// As [`interpolate`].
pub fn hats(args: &ClipArgs) -> Result<()> {
    tool(args, ToolKind::Hats, Some(ClipKind::Drums), |input| input.add_drums != 0)
}

fn tool(
    args: &ClipArgs,
    tool: ToolKind,
    kind: Option<ClipKind>,
    suits: fn(&GrooveInput) -> bool,
) -> Result<()> {
    let primer = Some(clip(&args.clip, args.track.as_deref(), kind)?);
    let model = args.options.load_first(|c| groove(c, suits))?;
    let latent = Latent { replace: !args.keep_hats, ..Latent::default() };
    let request = args.options.request(tool, &model, 1)?;
    args.options.write(&model, &Request { primer, latent, ..request })
}
