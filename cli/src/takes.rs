//! What the commands that write takes share: options, running the tool with a progress bar, MIDI files.

use anyhow::{Context, Result, bail, ensure};
use descant_core::checkpoint;
use descant_core::model::{Configuration, Model, builtin, catalogue, find};
use descant_core::music::{
    Clip, ClipKind, Meter, PitchClasses, TICKS_PER_QUARTER, Ticks, midi, pitch_from_name,
};
use descant_core::sampling::Seed;
use descant_core::tool::{
    Cancel, ChordTrack, Constraints, PerformanceControls, Request, ToolKind, file_name, run, take_name,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

/// Weights of the pitch classes from C on.
pub type PitchWeights = [f64; 12];

/// Options of all of them.
#[derive(clap::Args)]
pub struct Options {
    /// Model id, e.g. drum_kit or lookback_rnn; default: the first of the right kind that has weights
    #[arg(short, long)]
    pub model: Option<String>,
    /// Weights from a safetensors file instead of those built in
    #[arg(short, long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Number of takes, 1 to 16
    #[arg(short = 'n', long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub variations: u32,
    /// 0 = always the likeliest (all takes equal) to 2 = wild; default: what the model is rated at
    #[arg(short, long, value_parser = temperature)]
    pub temperature: Option<f32>,
    /// Seed of the first take: a word such as mavo-tiru, or a number
    #[arg(short, long, default_value = "1")]
    pub seed: Seed,
    /// Scale that melodies keep to, e.g. "D dorian" or "Bb minor"
    #[arg(long, value_parser = scale)]
    pub scale: Option<PitchClasses>,
    /// Lowest and highest pitch of melodies, e.g. C2..C4 (middle C is C3) or 48..72
    #[arg(long, value_parser = range)]
    pub range: Option<(u8, u8)>,
    /// Note onsets per bar to aim at
    #[arg(long, value_parser = density)]
    pub density: Option<f32>,
    /// Most notes that sound at once (drums: that are struck at once)
    #[arg(long, value_name = "NOTES", value_parser = clap::value_parser!(u8).range(1..))]
    pub polyphony: Option<u8>,
    /// Never the same pitch (drums: the same drums) twice in a row
    #[arg(long)]
    pub no_repeat: bool,
    /// Chords of the new bars for improv models, over and over, e.g. "C G7 Am F"
    #[arg(long)]
    pub chords: Option<String>,
    /// How many 16th notes each of them lasts
    #[arg(long, value_name = "STEPS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub steps_per_chord: u16,
    /// Notes per second, for performance models that can be told
    #[arg(long, value_name = "NUMBER")]
    pub notes_per_second: Option<f64>,
    /// Weights of the twelve pitch classes from C on, for performance models that can be told, e.g. 2,0,1,0,1,1,0,1,0,1,0,1
    #[arg(long, value_name = "WEIGHTS", value_parser = weights)]
    pub pitch_classes: Option<PitchWeights>,
    /// Folder for the MIDI files
    #[arg(short, long, default_value = ".")]
    pub out: PathBuf,
}

fn temperature(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(t) if (0.0..=2.0).contains(&t) => Ok(t),
        _ => Err("the temperature is a number from 0 to 2".into()),
    }
}

fn density(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(d) if (0.0..=64.0).contains(&d) => Ok(d),
        _ => Err("the density is a number of onsets from 0 to 64".into()),
    }
}

fn scale(text: &str) -> Result<PitchClasses, String> {
    PitchClasses::from_name(text).ok_or_else(|| "a scale is a key and a name, e.g. \"D dorian\"".into())
}

fn range(text: &str) -> Result<(u8, u8), String> {
    let wrong = || "a range is two pitches, e.g. C2..C4".to_owned();
    let (low, high) = text.split_once("..").ok_or_else(wrong)?;
    let (low, high) = (pitch_from_name(low).ok_or_else(wrong)?, pitch_from_name(high).ok_or_else(wrong)?);
    if low > high { Err("the lowest pitch is above the highest".into()) } else { Ok((low, high)) }
}

fn weights(text: &str) -> Result<PitchWeights, String> {
    let numbers: Vec<f64> = text
        .trim_matches(['[', ']'])
        .split(',')
        .map(|n| n.trim().parse().map_err(|_| format!("{n:?} is no number")))
        .collect::<Result<_, _>>()?;
    let count = numbers.len();
    numbers.try_into().map_err(|_| format!("there are twelve pitch classes, but {count} weights"))
}

/// A meter such as 4/4.
pub fn meter(text: &str) -> Result<Meter, String> {
    let wrong = || "a meter is written like 3/4".to_owned();
    let (numerator, denominator) = text.split_once('/').ok_or_else(wrong)?;
    let number = |s: &str| s.trim().parse().map_err(|_| wrong());
    Meter::new(number(numerator)?, number(denominator)?).ok_or_else(wrong)
}

impl Options {
    /// Loads the model: from a file, or the one named, or the first of `kind` that is built in.
    pub fn load(&self, kind: Option<ClipKind>) -> Result<Model> {
        self.load_first(|c| kind.is_none_or(|k| k == c.kind))
    }

    /// The same with the first model that suits.
    pub fn load_first(&self, suits: impl Fn(&Configuration) -> bool) -> Result<Model> {
        if let Some(path) = &self.weights {
            return self.load_file(path);
        }
        if let Some(id) = &self.model {
            ensure!(find(id).is_some(), "there is no model {id:?}; models are: {}", ids());
            return Ok(builtin::load(id)?);
        }
        match catalogue().iter().find(|c| suits(c) && builtin::has(c.id)) {
            Some(configuration) => Ok(builtin::load(configuration.id)?),
            None => bail!("no weights are built in for this: give some with --weights FILE"),
        }
    }

    /// Weights with a card say what they are; others need `--model`.
    fn load_file(&self, path: &Path) -> Result<Model> {
        let context = || path.display().to_string();
        let checkpoint = checkpoint::load_file(path)?;
        if checkpoint.card.is_some() {
            let model = Model::from_checkpoint(checkpoint).with_context(context)?;
            if let Some(id) = &self.model {
                let card = model.card();
                ensure!(
                    id == &card.id || id == &card.configuration,
                    "{} holds {}, not {id}",
                    path.display(),
                    card.id
                );
            }
            return Ok(model);
        }
        let id = self.model.as_deref().context("these weights have no card: say which --model they are")?;
        let configuration =
            find(id).with_context(|| format!("there is no model {id:?}; models are: {}", ids()))?;
        Model::of_configuration(configuration, &checkpoint.weights).with_context(context)
    }

    /// The request of these options.
    ///
    /// # Errors
    /// A chord that is none.
    pub fn request(&self, tool: ToolKind, model: &Model, bars: u32) -> Result<Request> {
        let ticks = Ticks::from(self.steps_per_chord) * TICKS_PER_QUARTER / 4;
        let chords = self.chords.as_deref().map(|text| ChordTrack::from_text(text, ticks)).transpose()?;
        Ok(Request {
            tool,
            model: model.card().id.clone(),
            primer: None,
            bars,
            variations: self.variations,
            temperature: self.temperature.unwrap_or(model.card().default_temperature),
            seed: self.seed.0,
            constraints: Constraints {
                scale: self.scale,
                range: self.range,
                density: self.density,
                polyphony: self.polyphony,
                no_repeat: self.no_repeat,
            },
            meter: Meter::COMMON,
            tempo: None,
            chords,
            performance: PerformanceControls {
                density: self.notes_per_second,
                pitch_classes: self.pitch_classes,
            },
            ..Request::default()
        })
    }

    /// Runs the request and writes one file per take, whole takes with primer.
    pub fn write(&self, model: &Model, request: &Request) -> Result<()> {
        std::fs::create_dir_all(&self.out).with_context(|| self.out.display().to_string())?;
        let bar = ProgressBar::new(1000);
        bar.set_style(ProgressStyle::with_template("{msg} [{bar:32}] {percent} %")?.progress_chars("=> "));
        bar.set_message(model.name().to_owned());
        let mut progress = |p: f32| bar.set_position((p * 1000.0) as u64);
        let result = run(model, request, &Cancel::default(), &mut progress);
        bar.finish_and_clear();
        let takes = result?;
        for notice in takes.first().iter().flat_map(|t| &t.notices) {
            println!("note: {notice}");
        }
        if takes.len() > 1 && takes.iter().all(|take| take.clip == takes[0].clip) {
            println!("note: all takes are equal");
        }
        for (i, take) in takes.iter().enumerate() {
            let name = take_name(take, i + 1, takes.len(), model.name());
            let path = self.out.join(format!("{}.mid", file_name(&name)));
            let clip = Clip { name, ..take.clip.clone() };
            let options = midi::WriteOptions { chords: &take.chords(), ..midi::WriteOptions::default() };
            let bytes = midi::write_clip(&clip, options)?;
            std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
            let nats = format!(", {:.2} nats per step", -take.score.log_likelihood_per_step);
            let nats = if take.score.steps > 0 { nats } else { String::new() };
            println!("{}  ({} notes{nats})", path.display(), clip.notes.len());
        }
        Ok(())
    }
}

fn ids() -> String {
    catalogue().iter().map(|c| c.id).collect::<Vec<_>>().join(", ")
}
