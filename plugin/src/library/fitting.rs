//! Which model a tool plays with: the chosen one if it can, else the first with weights that can.
//!
//! Any thread but the audio thread. A pure function of tool, clip, choice and what has weights; weights of the
//! user's own count like those inside the program.

use super::{ModelInfo, models, ready};
use descant_core::codec::vae::GrooveInput;
use descant_core::model::{Configuration, EncodingParams, LatentMusic, catalogue, find};
use descant_core::music::ClipKind;
use descant_core::tool::{ToolKind, trio};

/// The model of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitting {
    /// The model.
    pub model: &'static ModelInfo,
    /// Why it is not the chosen one, as a sentence.
    pub why: Option<String>,
}

/// The model that `tool` plays with. `clip`: what it starts from, if that is known; `chosen`: the model in the menu.
///
/// # Errors
/// A sentence that says which weights to import.
pub fn fitting(
    tool: ToolKind,
    clip: Option<ClipKind>,
    chosen: Option<&ModelInfo>,
) -> Result<Fitting, String> {
    let id = fit(tool, clip, chosen.map(|m| m.id.as_str()), &|id| ready(id))?;
    let model = models().iter().find(|m| m.id == id).ok_or_else(|| needed(tool, clip))?;
    let why = chosen.filter(|c| c.id != model.id).map(|c| {
        let (tool, what) = (tool.name(), purpose(tool, clip));
        format!("Instead of {}: {tool} needs {what}.", c.name)
    });
    Ok(Fitting { model, why })
}

fn fit(
    tool: ToolKind,
    clip: Option<ClipKind>,
    chosen: Option<&str>,
    ready: &dyn Fn(&str) -> bool,
) -> Result<&'static str, String> {
    // These two run on what was chosen, and say what it lacks.
    let plain = matches!(tool, ToolKind::Generate | ToolKind::Continue);
    let chosen = match chosen {
        None if plain => return Err("No model is in this slot. Choose another one.".into()),
        chosen => chosen.and_then(find),
    };
    if let Some(chosen) = chosen.filter(|c| can(tool, clip, c) && (plain || ready(c.id))) {
        return Ok(chosen.id);
    }
    let fitting = catalogue().iter().filter(|c| can(tool, clip, c) && suits(tool, clip, c) && ready(c.id));
    let unlike = |c: &Configuration| chosen.is_some_and(|chosen| chosen.kind != c.kind);
    let last = |c: &Configuration| tool == ToolKind::Trio && c.id != trio::MODELS[0];
    fitting
        .min_by_key(|c| (unlike(c), roundabout(c), last(c)))
        .map(|c| c.id)
        .ok_or_else(|| needed(tool, clip))
}

/// Whether a model writes what one would expect after a clip of this kind.
fn suits(tool: ToolKind, clip: Option<ClipKind>, configuration: &Configuration) -> bool {
    let like_the_clip = matches!(tool, ToolKind::Continue | ToolKind::Rewrite | ToolKind::Interpolate);
    clip.is_none_or(|kind| !like_the_clip || configuration.kind == kind)
}

/// Models that are not told all of what they write come after those that are.
fn roundabout(configuration: &Configuration) -> bool {
    groove(configuration).is_some_and(|(input, _)| *input != GrooveInput::default())
}

/// Of a model of grooves: what its encoder is not told, and whether it is told the hits.
fn groove(configuration: &Configuration) -> Option<(&GrooveInput, bool)> {
    match &configuration.hparams.encoding {
        EncodingParams::Latent(params) => match &params.music {
            LatentMusic::Groove { input, hits_as_controls, .. } => Some((input, *hits_as_controls)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a tool can run a model on a clip of this kind.
fn can(tool: ToolKind, clip: Option<ClipKind>, configuration: &Configuration) -> bool {
    use EncodingParams::{Latent, NotePerformance, Performance, Pianoroll, Polyphony};
    let encoding = &configuration.hparams.encoding;
    let latent = match encoding {
        Latent(params) => Some(&params.music),
        _ => None,
    };
    let trio = matches!(latent, Some(LatentMusic::Trio { .. }));
    let drums_for_a_melody = clip == Some(ClipKind::Drums) && configuration.kind == ClipKind::Melody;
    let groove = groove(configuration);
    let told = groove.is_some_and(|(_, told)| told);
    match tool {
        ToolKind::Generate => !trio && !told,
        ToolKind::Continue => latent.is_none() && !drums_for_a_melody,
        ToolKind::Rewrite => {
            let whole = matches!(
                encoding,
                Polyphony | Pianoroll { .. } | Performance { .. } | NotePerformance { .. } | Latent(_)
            );
            !whole && !drums_for_a_melody
        }
        ToolKind::Harmonise => matches!(encoding, Polyphony),
        ToolKind::Interpolate => {
            let hears_all = groove.is_none_or(|(input, told)| !told && !input.tapify && input.add_drums == 0);
            let kind = clip.is_none_or(|kind| kind == configuration.kind);
            latent.is_some() && !trio && hears_all && kind
        }
        ToolKind::Groove => groove.is_some_and(|(input, _)| !input.tapify && input.add_drums == 0),
        ToolKind::Drumify => groove.is_some_and(|(input, told)| input.tapify && !told),
        ToolKind::Hats => groove.is_some_and(|(input, told)| input.add_drums != 0 && !told),
        ToolKind::Trio => matches!(encoding, EncodingParams::Improv { .. }),
    }
}

/// What a tool needs, in words.
fn purpose(tool: ToolKind, clip: Option<ClipKind>) -> &'static str {
    match (tool, clip) {
        (ToolKind::Generate, _) => "a model that writes from nothing",
        (ToolKind::Continue, Some(ClipKind::Drums)) => "a drum model that writes on",
        (ToolKind::Continue, _) => "a model that writes on",
        (ToolKind::Rewrite, Some(ClipKind::Drums)) => "a drum model that writes single bars",
        (ToolKind::Rewrite, _) => "a model that writes single bars",
        (ToolKind::Harmonise, _) => "a model of several voices",
        (ToolKind::Interpolate, Some(ClipKind::Drums)) => "a drum model with a space between clips",
        (ToolKind::Interpolate, Some(ClipKind::Melody)) => "a melody model with a space between clips",
        (ToolKind::Interpolate, None) => "a model with a space between clips",
        (ToolKind::Groove, _) => "a model of drummers' timing",
        (ToolKind::Drumify, _) => "a model that hears taps",
        (ToolKind::Hats, _) => "a model that adds hi-hats",
        (ToolKind::Trio, _) => "a model of melodies over chords",
    }
}

/// What to say where there are no weights for a tool.
fn needed(tool: ToolKind, clip: Option<ClipKind>) -> String {
    let name = catalogue()
        .iter()
        .find(|c| can(tool, clip, c) && suits(tool, clip, c))
        .map_or("such a model", |c| c.name);
    format!(
        "{} needs weights that are not here yet: drop a checkpoint of {name} on the window (Magenta.js, TensorFlow, .mag or .safetensors).",
        tool.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClipKind::{Drums, Melody};
    use ToolKind::{Continue, Drumify, Generate, Groove, Harmonise, Hats, Interpolate, Rewrite};

    const ALL: &dyn Fn(&str) -> bool = &|_| true;
    const NONE: &dyn Fn(&str) -> bool = &|_| false;

    #[test]
    fn the_chosen_model_plays_where_it_can() {
        for (tool, clip, chosen) in [
            (Generate, None, "polyphony"),
            (Generate, None, "cat-mel_2bar_small"),
            (Continue, Some(Melody), "mono_rnn"),
            (Rewrite, Some(Drums), "one_drum"),
            (Harmonise, Some(Melody), "polyphony"),
            (Interpolate, Some(Drums), "groovae_4bar"),
            (Interpolate, Some(Melody), "mel_4bar_med"),
            (Groove, Some(Melody), "groovae_4bar"),
            (Drumify, Some(Melody), "groovae_2bar_tap_fixed_velocity"),
            (Hats, Some(Drums), "groovae_2bar_add_closed_hh"),
        ] {
            assert_eq!(fit(tool, clip, Some(chosen), ALL), Ok(chosen), "{tool:?}");
        }
    }

    #[test]
    fn another_plays_where_it_cannot() {
        for (tool, clip, chosen, plays) in [
            (Continue, Some(Drums), "lookback_rnn", "drum_kit"),
            (Continue, Some(Melody), "cat-mel_2bar_small", "attention_rnn"),
            (Continue, None, "groovae_4bar", "drum_kit"),
            (Rewrite, Some(Melody), "polyphony", "attention_rnn"),
            (Harmonise, Some(Melody), "drum_kit", "polyphony"),
            (Harmonise, Some(Melody), "rnn-nade", "polyphony"),
            (Interpolate, Some(Drums), "cat-mel_2bar_small", "cat-drums_2bar_small"),
            (Interpolate, Some(Melody), "drum_kit", "cat-mel_2bar_small"),
            (Interpolate, Some(Drums), "groovae_2bar_add_closed_hh", "cat-drums_2bar_small"),
            (Groove, Some(Melody), "drum_kit", "groovae_4bar"),
            (Drumify, Some(Melody), "lookback_rnn", "groovae_2bar_tap_fixed_velocity"),
            (Hats, Some(Drums), "drum_kit", "groovae_2bar_add_closed_hh"),
            (Generate, None, "hierdec-trio_16bar", "attention_rnn"),
        ] {
            let found = fit(tool, clip, Some(chosen), ALL).expect(plays);
            let kind = |id: &str| find(id).map(|c| c.kind);
            assert!(found == plays || tool == Generate && kind(found) == kind(plays), "{tool:?}: {found}");
        }
    }

    #[test]
    fn only_weights_that_are_here_count() {
        let only: &dyn Fn(&str) -> bool = &|id| matches!(id, "drum_kit" | "groovae_2bar_humanize");
        let fit = |tool, clip, chosen| fit(tool, clip, Some(chosen), only);
        assert_eq!(fit(Groove, Some(Drums), "groovae_4bar"), Ok("groovae_2bar_humanize"));
        assert_eq!(fit(Interpolate, Some(Drums), "cat-drums_2bar_small"), Ok("groovae_2bar_humanize"));
        let why = fit(Interpolate, Some(Melody), "drum_kit").expect_err("none for melodies");
        assert!(why.contains("MusicVAE melody, 2 bars") && why.ends_with('.'), "{why}");
        for tool in [Drumify, Hats] {
            assert!(fit(tool, Some(Drums), "drum_kit").expect_err("none").contains("GrooVAE"));
        }
        // What was chosen by hand is not swapped behind the musician's back.
        assert_eq!(fit(Generate, None, "one_drum"), Ok("one_drum"));
    }

    #[test]
    fn a_slot_without_a_model_and_no_weights_at_all_are_sentences() {
        assert!(fit(Generate, None, None, ALL).expect_err("no model").contains("slot"));
        assert_eq!(fit(Hats, None, None, ALL), Ok("groovae_2bar_add_closed_hh"));
        for tool in [Rewrite, Harmonise, Interpolate, Groove, Drumify, Hats] {
            let why = fit(tool, None, Some("drum_kit"), NONE).expect_err("no weights");
            assert!(why.starts_with(tool.name()) && why.ends_with('.'), "{why}");
        }
    }
}
