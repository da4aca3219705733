//! What the sound is like: colour, pitch, place, loudness, voices. GUI thread.
use super::Cx;
use super::view::Knob;
use egui::{Rect, Ui, pos2, vec2};

const ROW: f32 = 44.0;
const GAP: f32 = 8.0;
/// Height of all.
pub(super) const HEIGHT: f32 = 2.0 * ROW + GAP;

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let cell = |row: usize, column: usize, of: usize| {
        let width = (rect.width() - GAP * (of - 1) as f32) / of as f32;
        let at = pos2(rect.left() + (width + GAP) * column as f32, rect.top() + (ROW + GAP) * row as f32);
        Rect::from_min_size(at, vec2(width, ROW))
    };
    let dials = [
        (Knob::Brightness, "Brightness", "How much of the high tones is let through."),
        (Knob::Tune, "Tune", "Semitones up or down."),
        (Knob::Pan, "Pan", "Left or right."),
        (Knob::Gain, "Gain", "Loudness of all; a soft limiter holds the peaks."),
    ];
    for (i, (knob, title, tip)) in dials.into_iter().enumerate() {
        cx.dial(ui, cell(0, i, dials.len()), knob, (title, tip), true);
    }
    let unison = cx.knob_state(Knob::Unison).normalised > 0.0;
    let fields = [
        (Knob::VelocityBrightness, "Vel. bright", "How much softer keys are duller.", true),
        (Knob::Voices, "Voices", "How many voices sound at once; beyond, the oldest makes way.", true),
        (Knob::Unison, "Unison", "Voices per key.", true),
        (Knob::Detune, "Detune", "How far the voices of a key are out of tune.", unison),
        (Knob::Width, "Width", "How far the voices of a key are spread between left and right.", unison),
    ];
    for (i, (knob, title, tip, on)) in fields.into_iter().enumerate() {
        let target = super::Target::Knob(knob);
        cx.control(ui, cell(1, i, fields.len()), super::control::field, target, (title, tip), on);
    }
}
