//! What a Magenta.js `config.json` says about a MusicVAE (spec vae 8). Any thread.
use super::measure::Measured;
use super::{Facts, JsModel, LatentError, Music};
use crate::codec::encoding::{ChordEncoding, ControlEncoding};
use crate::codec::vae::js::{
    JsChords, JsConverter, JsDrumSteps, JsDrums, JsGroove, JsMelody, JsMultitrack, JsTrio,
};
use crate::codec::vae::{DrumKit, GrooveInput, TRACK_CLASSES};
use crate::model::import::{JsArgs, JsConfig};
use crate::model::music_vae::{Decoder, Encoder, Head, Shape};
use crate::music::drum_map::MAGENTA_JS;

/// Most steps, segments or cells that a `config.json` may ask for.
const MOST: usize = 1 << 16;
/// Keys that a model is told.
const KEYS: usize = 12;

/// The converter that a `config.json` names: without a length, as long as the music.
///
/// # Errors
/// [`LatentError::Unsupported`], [`LatentError::Unsaid`].
pub fn converter(config: &JsConfig) -> Result<JsConverter, LatentError> {
    let (kind, args) = (config.data_converter.kind.as_str(), &config.data_converter.args);
    if args.num_steps.is_some_and(|steps| !(1..=MOST).contains(&steps)) {
        return Err(LatentError::Unsaid("a length of its pieces that makes sense"));
    }
    Ok(match kind {
        "MelodyConverter" => JsConverter::Melody(melody(args, args.num_steps)?),
        "DrumsConverter" | "DrumRollConverter" => {
            JsConverter::Drums(drums(args, args.num_steps, JsDrumSteps::Roll)?)
        }
        "DrumsOneHotConverter" => JsConverter::Drums(drums(args, args.num_steps, JsDrumSteps::Classes)?),
        "TrioConverter" => {
            let none = JsArgs::default();
            let part = |args: &Option<Box<JsArgs>>| args.as_deref().cloned().unwrap_or_else(|| none.clone());
            JsConverter::Trio(JsTrio {
                melody: melody(&part(&args.mel_args), args.num_steps)?,
                bass: melody(&part(&args.bass_args), args.num_steps)?,
                drums: drums(&part(&args.drums_args), args.num_steps, JsDrumSteps::Classes)?,
            })
        }
        "MultitrackConverter" => multitrack(args)?,
        "GrooveConverter" => JsConverter::Groove(JsGroove {
            steps: args.num_steps.ok_or(LatentError::Unsaid("how long its pieces are"))?,
            kit: kit(args)?,
            humanize: args.humanize == Some(true),
            tapify: args.tapify == Some(true),
            split: args.split_instruments == Some(true),
        }),
        other => return Err(LatentError::Unsupported(format!("the converter “{}”", short(other)))),
    })
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn melody(args: &JsArgs, steps: Option<usize>) -> Result<JsMelody, LatentError> {
    let (Some(low), Some(high)) = (args.min_pitch, args.max_pitch) else {
        return Err(LatentError::Unsaid("which pitches it knows"));
    };
    if low > high || high > 127 {
        return Err(LatentError::Unsaid("a range of pitches that makes sense"));
    }
    Ok(JsMelody { steps, pitches: low..=high, refuse_polyphony: args.ignore_polyphony == Some(false) })
}

/// The drums of the arguments, else those of Magenta.js.
fn kit(args: &JsArgs) -> Result<Vec<Vec<u8>>, LatentError> {
    let standard = || MAGENTA_JS.iter().map(|pitches| pitches.to_vec()).collect();
    let kit: Vec<Vec<u8>> = args.pitch_classes.clone().unwrap_or_else(standard);
    let possible = (1..=128).contains(&kit.len()) && kit.iter().all(|pitches| !pitches.is_empty());
    if possible { Ok(kit) } else { Err(LatentError::Unsaid("drums that make sense")) }
}

fn drums(args: &JsArgs, steps: Option<usize>, input: JsDrumSteps) -> Result<JsDrums, LatentError> {
    Ok(JsDrums { steps, kit: kit(args)?, input })
}

/// Several instruments: the vocabulary of the published models, with any number of tracks.
fn multitrack(args: &JsArgs) -> Result<JsConverter, LatentError> {
    let (steps, tracks) = (args.num_steps.unwrap_or(512), args.num_segments.unwrap_or(8));
    let vocabulary = [
        args.steps_per_quarter.unwrap_or(24) == 24,
        args.total_steps.unwrap_or(96) == 96,
        args.num_velocity_bins.unwrap_or(8) == 8,
        args.min_pitch.unwrap_or(0) == 0 && args.max_pitch.unwrap_or(127) == 127,
    ];
    if vocabulary.contains(&false) {
        return Err(LatentError::Unsupported(
            "other events of its instruments than the published ones".into(),
        ));
    }
    if tracks == 0 || steps > MOST || !steps.is_multiple_of(tracks) || steps / tracks < 2 {
        return Err(LatentError::Unsaid("how many tokens a track has"));
    }
    Ok(JsConverter::Multitrack(JsMultitrack { tracks, tokens: steps / tracks }))
}

/// Everything about a model.
pub(super) fn facts(config: &JsConfig, measured: &Measured) -> Result<Facts, LatentError> {
    if config.kind != "MusicVAE" {
        return Err(LatentError::OtherProgram(short(&config.kind)));
    }
    if config.use_boolean_decoder {
        return Err(LatentError::Unsupported("a decoder that says yes or no for each cell".into()));
    }
    let args = &config.data_converter.args;
    let converter = converter(config)?;
    let (input, head, music) = steps_of(&converter, measured)?;
    let steps = match (&converter, args.num_steps) {
        (JsConverter::Multitrack(tracks), _) => tracks.tracks * tracks.tokens,
        (JsConverter::Groove(groove), Some(steps)) if groove.split => {
            steps.checked_mul(groove.kit.len()).ok_or(LatentError::Unsaid("how long its pieces are"))?
        }
        (_, steps) => steps.ok_or(LatentError::Unsaid("how long its pieces are"))?,
    };
    let segments = match &converter {
        JsConverter::Multitrack(tracks) => tracks.tracks,
        _ => args.num_segments.unwrap_or(1),
    };
    if measured.cores > 1 && !measured.conductor {
        return Err(LatentError::Unsupported("a network for each part without one that leads them".into()));
    }
    let chords = config.chord_encoder.as_deref().map(chords).transpose()?;
    let extra: Vec<(String, usize)> =
        config.extra_controls.iter().take(64).map(|c| (short(&c.name), c.depth.min(MOST))).collect();
    let key = if config.condition_on_key { KEYS } else { 0 };
    let control = chords.map_or(0, |c| c.size()) + key + extra.iter().map(|(_, depth)| depth).sum::<usize>();
    let shape = Shape {
        encoder: Encoder {
            units: measured.encoder.clone(),
            segments: if measured.encoder_in_parts { segments } else { 1 },
        },
        decoder: Decoder {
            units: measured.decoder.clone(),
            segments: if measured.conductor { segments } else { 1 },
            split: measured.cores > 1,
        },
        head,
        z: measured.z,
        input,
        control,
        steps,
    };
    let parts = if music == Music::Performances { segments } else { 1 };
    let js = JsModel {
        converter,
        chords: chords.map(|encoding| JsChords { encoding, parts }),
        key: config.condition_on_key,
        extra,
    };
    Ok(Facts { shape, music, chords, configuration: None, js: Some(js) })
}

/// Cells that the encoder reads, what the decoder writes, and what a step means.
fn steps_of(converter: &JsConverter, measured: &Measured) -> Result<(usize, Head, Music), LatentError> {
    let sets = |drums: &JsDrums| match drums.kit.len() {
        drums @ 1..=15 => Ok(1usize << drums),
        _ => Err(LatentError::Unsupported("a class for every set of so many drums".into())),
    };
    Ok(match converter {
        JsConverter::Melody(melody) => {
            let classes = melody.classes() as usize;
            (classes, Head::Categorical(vec![classes]), Music::Melody)
        }
        JsConverter::Drums(drums) => {
            let keys = drums.kit.len();
            let head = match measured.nade {
                Some(hidden) => Head::Nade { hidden, keys },
                None => Head::Categorical(vec![sets(drums)?]),
            };
            let input = if drums.input == JsDrumSteps::Roll { keys + 1 } else { sets(drums)? };
            (input, head, Music::Drums { kit: DrumKit::Nine })
        }
        JsConverter::Trio(trio) => {
            let melody = [&trio.melody, &trio.bass].map(|part| part.classes() as usize);
            let blocks = vec![melody[0], melody[1], sets(&trio.drums)?];
            (blocks.iter().sum(), Head::Categorical(blocks), Music::Trio)
        }
        JsConverter::Multitrack(_) => {
            (TRACK_CLASSES, Head::Categorical(vec![TRACK_CLASSES]), Music::Performances)
        }
        JsConverter::Groove(groove) => {
            let drums = if groove.split { 1 } else { groove.kit.len() };
            let input = GrooveInput {
                tapify: groove.tapify,
                humanize: groove.humanize,
                fixed_velocities: groove.tapify,
                add_drums: 0,
            };
            (3 * drums, Head::Groove { drums }, Music::Groove { input, hits_as_controls: false })
        }
    })
}

/// How chords are told.
///
/// # Errors
/// [`LatentError::Unsupported`].
pub fn chords(encoder: &str) -> Result<ChordEncoding, LatentError> {
    match encoder {
        "MajorMinorChordEncoder" => Ok(ChordEncoding::MajorMinor),
        "TriadChordEncoder" => Ok(ChordEncoding::Triad),
        "PitchChordEncoder" => Ok(ChordEncoding::Pitches),
        other => Err(LatentError::Unsupported(format!("the chords of “{}”", short(other)))),
    }
}
