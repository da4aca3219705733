//! Views of the window of Keys for tests: as it opens, while it is played, with everything full, when something is wrong.
use descant_core::sound::along::Manner;
use descant_core::sound::instrument::{Axes, POSITIONS, Position};
use descant_core::sound::picture::Picture;
use descant_plugin::gui::keys::view::*;
use descant_plugin::gui::view::{ParamState, Status, StatusKind};
use descant_plugin::keys::compute::ComputeView;
use descant_plugin::keys::engine::ZoneView;
use std::sync::Arc;

fn param(normalised: f32, text: &str, steps: Option<usize>) -> ParamState {
    ParamState { normalised, default: normalised, text: text.into(), steps, choices: Vec::new() }
}

fn instrument(name: &str, starred: bool) -> InstrumentView {
    InstrumentView { name: name.into(), starred }
}

/// Bits of the pitches from `low` to `high`.
pub fn pitches(low: u8, high: u8) -> u128 {
    (low..=high).fold(0, |bits, p| bits | 1 << p)
}

/// The window when a new instance opens for the first time.
pub fn first_open() -> View {
    use Knob::*;
    let knobs = [
        (MorphX, 0.0, "0.0 %", None),
        (MorphY, 0.0, "0.0 %", None),
        (Attack, 0.21, "10.0 ms", None),
        (Decay, 0.47, "500.0 ms", None),
        (Sustain, 1.0, "100.0 %", None),
        (Release, 0.41, "300.0 ms", None),
        (Brightness, 1.0, "100.0 %", None),
        (Velocity, 1.0, "100.0 %", None),
        (VelocityBrightness, 0.0, "0.0 %", None),
        (Tune, 0.5, "0.00 st", None),
        (BendRange, 2.0 / 48.0, "2.0 st", None),
        (Glide, 0.0, "0.0 ms", None),
        (Voices, 15.0 / 63.0, "16", Some(63)),
        (Unison, 0.0, "1", Some(7)),
        (Detune, 0.12, "12.0 ct", None),
        (Width, 0.6, "60.0 %", None),
        (Pan, 0.5, "0.0 %", None),
        (Gain, 60.0 / 72.0, "0.0 dB", None),
    ];
    let knobs = knobs.map(|(knob, place, text, steps)| (Target::Knob(knob), param(place, text, steps)));
    let names = ["keno-fugu", "zano-kesa", "Grand Piano", "Violin", "Flute", "Trumpet"];
    let choice = |(i, name): (usize, &&str)| ChoiceView {
        instrument: instrument(name, false),
        group: if i < 2 { "preset" } else { "learned" },
    };
    View {
        params: knobs.into_iter().chain([(Target::Spacing, param(0.48, "5.0 s", None))]).collect(),
        slots: [Some(instrument("keno-fugu", false)), Some(instrument("zano-kesa", false)), None, None],
        nearest: 0,
        choices: names.iter().enumerate().map(choice).collect(),
        chosen: Some(0),
        point: (0.0, 0.0),
        axes: Axes { x: true, y: false },
        ready: Box::new([0; POSITIONS]),
        place: 0,
        range: (24, 84),
        rendering: Some((0, 60)),
        held: 0,
        model: "GANSynth small".into(),
        compute: ComputeView::default(),
        picture: None,
        piece: PieceView { seed: "keno-fugu".into(), ..PieceView::default() },
        progress: None,
        status: Status::default(),
        can: (false, false),
    }
}

/// A tone with seven harmonics that fades.
fn picture() -> Arc<ZoneView> {
    let picture = |columns: usize, rows: usize, octave: f32| {
        let dot = |row: usize, column: usize| {
            let t = column as f32 / columns as f32;
            let near = (1..8).map(|n| (row as f32 - 0.2 * rows as f32 - octave * (n as f32).log2()).abs());
            let off = near.fold(f32::MAX, f32::min);
            [((1.0 - 0.5 * t) * (1.0 - off / 3.0)).clamp(0.0, 1.0), (0.3 * off - 0.2 + t).sin()]
        };
        let dots = (0..rows).flat_map(|row| (0..columns).map(move |column| dot(row, column))).collect();
        Picture { columns, dots }
    };
    Arc::new(ZoneView {
        pitch: 60,
        position: Position::FIRST,
        spectrogram: picture(128, 120, 16.4),
        rainbowgram: picture(250, 240, 40.0),
    })
}

/// Three keys held, one of them repitched, under a moving morph.
pub fn playing() -> View {
    let mut view = first_open();
    view.params.insert(Target::Knob(Knob::MorphX), param(0.4, "40.0 %", None));
    view.point = (0.36, 0.0);
    view.place = 3;
    view.ready[0] = pitches(24, 84);
    view.ready[3] = pitches(43, 70);
    view.ready[4] = pitches(50, 66);
    view.ready[8] = pitches(55, 64);
    view.rendering = Some((3, 42));
    view.held = 1 << 60 | 1 << 64 | 1 << 79;
    view.picture = Some(picture());
    view.can = (true, false);
    view
}

/// Four slots, stars, long names, a piece that was rendered.
pub fn full() -> View {
    let mut view = playing();
    view.slots = [
        Some(instrument("Glass reed", true)),
        Some(instrument("Bowed tin under a very long name indeed", true)),
        Some(instrument("Grand Piano", false)),
        Some(instrument("lura-jema-sina", false)),
    ];
    view.nearest = 1;
    view.axes = Axes { x: true, y: true };
    view.params.insert(Target::Knob(Knob::MorphY), param(0.3, "30.0 %", None));
    view.params.insert(Target::Knob(Knob::Unison), param(3.0 / 7.0, "4", Some(7)));
    view.params.insert(Target::Knob(Knob::Sustain), param(0.6, "60.0 %", None));
    view.point = (0.7, 0.3);
    view.ready = Box::new(std::array::from_fn(|i| {
        if i.is_multiple_of(4) { pitches(24, 84) } else { pitches(60, 60 + (i % 9) as u8) }
    }));
    view.rendering = None;
    view.piece = PieceView {
        file: Some("a chorale with a long name.mid".into()),
        plan: Some(Ok(PlanView { notes: 210, instruments: 6, spacing: 5.6, moved: 3, left_out: 0 })),
        manner: Manner::Musical,
        rendered: true,
        seed: "mavo-tiru".into(),
    };
    view.status = Status {
        kind: StatusKind::Good,
        text: "Rendered 210 notes, 31 s, with 6 instruments, one every 5.60 s; 3 moved by octaves.".into(),
    };
    view.can = (true, true);
    view
}

/// A piece is being rendered.
pub fn rendering() -> View {
    View { progress: Some(0.42), status: Status::default(), ..full() }
}

/// A file that cannot be played, and a model that fails.
pub fn wrong() -> View {
    let mut view = first_open();
    view.model.clear();
    view.rendering = None;
    view.piece.file = Some("drums.mid".into());
    view.piece.plan = Some(Err("drums.mid: there are no notes in it that this instrument can play.".into()));
    let text = "The sounds inside this build cannot be used: the file is cut off.";
    view.status = Status { kind: StatusKind::Bad, text: text.into() };
    view
}
