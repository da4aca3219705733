//! Which weights there are for a model: those inside the program and those in the user's folder.
//!
//! Any thread but the audio thread; knows names, opens no file. In the folder `<model>.safetensors` comes before what
//! is inside, `<model>.<name>.safetensors` lies beside it. The key of weights is the file's name without its ending.

use super::{models, user_folder};
use descant_core::model::builtin;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Name of the weights inside the program, in keys.
pub(super) const BUILT_IN: &str = "built-in";
/// Ending of the files.
pub(super) const ENDING: &str = "safetensors";
/// Most files of the folder that are looked at, and that are kept.
const MAX_FILES: (usize, usize) = (10_000, 500);

/// Weights of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// What documents and requests call them, e.g. `drum_kit.mine`; the model's id alone where there was no choice.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// The file; `None` inside the program.
    pub path: Option<PathBuf>,
}

/// Files in the user's folder by key, as of the last look.
static USER: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());

/// Looks into the user's folder. Worker or window, never during a scan.
pub fn look() {
    let files = user_folder().and_then(|f| std::fs::read_dir(f).ok()).into_iter().flatten().flatten();
    let weights =
        files.take(MAX_FILES.0).map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == ENDING));
    let known = |key: &str| models().iter().any(|m| m.id == split(key).0);
    let found = weights.filter_map(|p| Some((p.file_stem()?.to_str()?.to_owned(), p.clone())));
    let found = found.filter(|(key, _)| known(key)).take(MAX_FILES.1).collect();
    *USER.lock().unwrap_or_else(PoisonError::into_inner) = found;
}

/// Whether there are any in the user's folder, as of the last look.
pub(super) fn any_own() -> bool {
    !USER.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
}

/// Model and name of a key; no name: whatever the model plays where there was no choice.
#[must_use]
pub fn split(key: &str) -> (&str, Option<&str>) {
    // The id with most letters: one could be another's beginning.
    let ids = models().iter().map(|m| m.id.as_str()).filter(|id| {
        key.strip_prefix(id).is_some_and(|rest| rest.is_empty() || (rest.len() > 1 && rest.starts_with('.')))
    });
    let Some(id) = ids.max_by_key(|id| id.len()) else { return (key, None) };
    (&key[..id.len()], key.get(id.len() + 1..))
}

/// All weights of a model; the first are played where there was no choice.
#[must_use]
pub fn weights(model: &str) -> Vec<Weights> {
    let user = USER.lock().unwrap_or_else(PoisonError::into_inner);
    list(model, builtin::has(model), &user)
}

fn list(model: &str, built_in: bool, user: &BTreeMap<String, PathBuf>) -> Vec<Weights> {
    let mut all = Vec::new();
    let file = |key: &str, name: &str, path: &PathBuf| Weights {
        key: key.to_owned(),
        name: name.to_owned(),
        path: Some(path.clone()),
    };
    if let Some(path) = user.get(model) {
        all.push(file(model, "My own", path));
    }
    if built_in {
        let key = format!("{model}.{BUILT_IN}");
        all.push(Weights { key, name: "Built in".into(), path: None });
    }
    for (key, path) in user.range(model.to_owned()..).take_while(|(key, _)| key.starts_with(model)) {
        if let (id, Some(name)) = split(key)
            && id == model
            && name != BUILT_IN
        {
            all.push(file(key, name, path));
        }
    }
    all
}

/// The weights of a key, or of a model where there was no choice; `None` if they are not here.
#[must_use]
pub fn find(key: &str) -> Option<Weights> {
    let (model, name) = split(key);
    let all = weights(model);
    match name {
        None => all.into_iter().next(),
        Some(_) => all.into_iter().find(|w| w.key == key),
    }
}

/// As [`find`], with another look into the folder if they are not known yet.
#[must_use]
pub fn find_now(key: &str) -> Option<Weights> {
    find(key).or_else(|| {
        look();
        find(key)
    })
}

/// What a request calls the weights of `model`, of which `choice` was chosen.
///
/// # Errors
/// A sentence, if those are not on this computer.
pub fn for_request(model: &str, choice: Option<&str>) -> Result<String, String> {
    let Some(choice) = choice else {
        // The model's id alone means those that need no choice; other weights are named, so that a take's request
        // goes on meaning them when more are imported.
        let first = find_now(model).filter(|w| w.path.is_some());
        return Ok(first.map_or_else(|| model.to_owned(), |w| w.key));
    };
    find_now(choice).map(|w| w.key).ok_or_else(|| missing(choice))
}

/// What to say about weights that are not here.
pub(super) fn missing(key: &str) -> String {
    let (model, name) = split(key);
    format!(
        "The weights “{}” of {} are not on this computer. Import their checkpoint, or choose others under Models.",
        name.unwrap_or(model),
        super::name(model)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(all: &[Weights]) -> Vec<&str> {
        all.iter().map(|w| w.key.as_str()).collect()
    }

    #[test]
    fn keys_are_taken_apart_at_the_models_id() {
        assert_eq!(split("drum_kit"), ("drum_kit", None));
        assert_eq!(split("drum_kit.my.own"), ("drum_kit", Some("my.own")));
        assert_eq!(split("rnn-nade_attn.x"), ("rnn-nade_attn", Some("x")));
        assert_eq!(split("drum_kit."), ("drum_kit.", None), "no model of this build");
        assert_eq!(split("drum_kits"), ("drum_kits", None));
        assert_eq!(split("é"), ("é", None));
    }

    #[test]
    fn the_users_plain_file_comes_first_and_named_ones_last() {
        let file = |key: &str| (key.to_owned(), PathBuf::from(format!("{key}.{ENDING}")));
        let user: BTreeMap<_, _> =
            ["drum_kit.b", "drum_kit.a", "drum_kit.built-in", "one_drum.a", "drum_kits"].map(file).into();
        assert_eq!(keys(&list("drum_kit", true, &user)), ["drum_kit.built-in", "drum_kit.a", "drum_kit.b"]);
        let mut user = user;
        user.extend([file("drum_kit")]);
        assert_eq!(keys(&list("drum_kit", true, &user))[..2], ["drum_kit", "drum_kit.built-in"]);
        assert_eq!(keys(&list("one_drum", false, &user)), ["one_drum.a"]);
    }

    #[test]
    fn weights_that_are_not_here_are_named() {
        let why = for_request("drum_kit", Some("drum_kit.no such weights")).expect_err("not here");
        assert!(why.contains("no such weights") && why.contains("Drum kit RNN"), "{why}");
        assert_eq!(
            for_request("one_drum", None).as_deref(),
            Ok("one_drum"),
            "the tool says that it has none"
        );
    }
}
