//! Fills the window's [`View`] from the engine. The window's thread, once per frame; changes nothing.
use super::compute::ComputeView;
use super::document::{Document, Origin};
use super::engine::Engine;
use super::params::KeysParams;
use super::piece::{Piece, SPACING};
use super::presets::PRESETS;
use super::worker::Notes;
use crate::gui::host_window::State;
use crate::gui::keys::view::{ChoiceView, InstrumentView, KNOBS, PieceView, PlanView, Target, View};
use crate::gui::view::{ParamState, Status};
use descant_core::sampling::Seed;
use descant_core::sound::instrument::Position;

/// The instruments to choose from: those with a star, the table, what the model learned, what was tried. Each once.
#[must_use]
pub fn choices(document: &Document, notes: Option<&dyn Notes>) -> Vec<(Origin, &'static str)> {
    let mut all: Vec<(Origin, &'static str)> = Vec::new();
    let mut add = |origin: Origin, group| {
        if all.iter().all(|(there, _)| *there != origin) {
            all.push((origin, group));
        }
    };
    document.kept().iter().filter(|k| k.starred).for_each(|k| add(k.origin.clone(), "starred"));
    PRESETS.iter().for_each(|preset| add(preset.origin(), "preset"));
    let learned = notes.map(Notes::learned).unwrap_or_default();
    learned.iter().for_each(|i| add(Origin::Learned(i.name.clone()), "learned"));
    document.kept().iter().rev().for_each(|k| add(k.origin.clone(), "tried"));
    document.slots().iter().flatten().for_each(|origin| add(origin.clone(), "tried"));
    all
}

fn instrument(document: &Document, origin: &Origin) -> InstrumentView {
    InstrumentView { name: document.name(origin), starred: document.is_starred(origin) }
}

/// The seconds between instruments as a control shows them.
fn spacing(piece: &Piece) -> ParamState {
    let (first, least, most) = SPACING;
    let place = |seconds: f64| ((seconds / least).ln() / (most / least).ln()) as f32;
    ParamState {
        normalised: place(piece.spacing),
        default: place(first),
        text: format!("{:.1} s", piece.spacing),
        ..ParamState::default()
    }
}

/// The seconds that a place of that control means.
#[must_use]
pub fn seconds(normalised: f32) -> f64 {
    let (_, least, most) = SPACING;
    let seconds = least * (most / least).powf(f64::from(normalised.clamp(0.0, 1.0)));
    (seconds * 10.0).round() / 10.0
}

fn piece(piece: &Piece, notes: Option<&dyn Notes>) -> PieceView {
    let plan = piece.opened.as_ref().and(notes).map(|notes| {
        // Vectors without numbers: where they stand is all that is shown.
        piece.plan(0, notes.range()).map(|plan| PlanView {
            notes: plan.notes.len(),
            instruments: plan.anchors.vectors().len(),
            spacing: plan.spacing(),
            moved: plan.moved,
            left_out: plan.left_out,
        })
    });
    PieceView {
        file: piece.opened.as_ref().map(|o| o.file.clone()),
        plan,
        manner: piece.manner,
        rendered: piece.wav.is_some(),
        seed: Seed(piece.seed).to_string(),
    }
}

/// What the window shows now.
#[must_use]
pub fn view(engine: &Engine, params: &KeysParams) -> View {
    let notes = engine.loaded();
    let notes = notes.as_deref();
    let knob = |knob| (Target::Knob(knob), params.visit(knob, State { choices: false }));
    let along = engine.piece().clone();
    let spacing = std::iter::once((Target::Spacing, spacing(&along)));
    let nearest = engine.nearest_slot();
    let (slots, choices, chosen, can, choice) = engine.store.read(|d| {
        let here = d.slots()[nearest].clone();
        let choices = choices(d, notes);
        let chosen = choices.iter().position(|(origin, _)| Some(origin) == here.as_ref());
        let views = choices.iter().map(|(o, group)| ChoiceView { instrument: instrument(d, o), group });
        let slots = d.slots().each_ref().map(|slot| slot.as_ref().map(|o| instrument(d, o)));
        (slots, views.collect(), chosen, d.can(), d.compute())
    });
    let (point, progress) = (engine.demand.morph(), engine.studio.progress());
    let live = engine.live();
    let corners = live.axes.corners(point.0, point.1);
    let place = corners.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(Position::FIRST, |c| c.0);
    View {
        params: KNOBS.into_iter().map(knob).chain(spacing).collect(),
        slots,
        nearest,
        choices,
        chosen,
        point,
        axes: live.axes,
        ready: Box::new(live.ready),
        place: place.index(),
        range: live.range,
        rendering: live.rendering.map(|(position, pitch)| (position.index(), pitch)),
        held: engine.demand.held(),
        model: notes.map(|n| title(n.model()).to_owned()).unwrap_or_default(),
        compute: ComputeView { choice, ..live.compute.clone() },
        picture: live.picture.clone(),
        piece: piece(&along, notes),
        progress,
        status: if live.status.text.is_empty() { welcome() } else { live.status.clone() },
        can,
    }
}

/// What the status line says while there is nothing else to say.
fn welcome() -> Status {
    Status {
        text: "Play a key, here or on your keyboard: it sounds at once, and the other notes follow.".into(),
        ..Status::default()
    }
}

/// The name of weights without their version.
fn title(model: &str) -> &str {
    model.rsplit_once(' ').map_or(model, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_instrument_once_and_those_with_a_star_first() {
        let mut document = Document::default();
        document.put(2, Some(Origin::Seed(77)));
        document.put(2, Some(Origin::Seed(78)));
        document.star(&Origin::Seed(77));
        document.star(&PRESETS[3].origin());
        let list = choices(&document, None);
        assert_eq!(list[..3].iter().map(|c| c.1).collect::<Vec<_>>(), ["starred", "starred", "preset"]);
        assert_eq!(list.len(), PRESETS.len() + 2);
        assert_eq!(list.last(), Some(&(Origin::Seed(78), "tried")));
    }

    #[test]
    fn the_control_of_seconds_means_what_it_shows() {
        let piece = Piece::default();
        assert_eq!(seconds(spacing(&piece).normalised), SPACING.0);
        assert_eq!((seconds(0.0), seconds(1.0)), (SPACING.1, SPACING.2));
        assert_eq!(spacing(&piece).text, "5.0 s");
    }
}
