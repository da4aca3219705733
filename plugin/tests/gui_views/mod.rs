//! Views of the window for tests: what it shows first, while working, with takes, with a primer, with a song.

use descant_core::music::drum_map::DrumMap;
use descant_core::music::{ChordMark, Clip, ClipKind, Meter, Note, TICKS_PER_QUARTER};
use descant_core::tool::{ChordTrack, Constraints, Mix, Request, Score, Take, ToolKind};
use descant_plugin::gui::view::*;
use std::collections::HashMap;
use std::sync::Arc;

const S: i64 = TICKS_PER_QUARTER / 4;
const TOOLS: [&str; 9] =
    ["Generate", "Continue", "Interpolate", "Groove", "Drumify", "Rewrite", "Harmonise", "Hats", "Trio"];

/// A drum clip: kick, snare, hats, with small differences by `n`.
pub fn drums(bars: i64, n: i64) -> Clip {
    let mut notes = Vec::new();
    let mut add =
        |step: i64, pitch, velocity| notes.push(Note { start: step * S, pitch, length: S, velocity });
    for bar in 0..bars {
        let o = bar * 16;
        for step in 0..8 {
            add(o + step * 2, 42, if step % 2 == 0 { 96 } else { 58 });
        }
        for step in [0, 6 + n % 3, 10] {
            add(o + step, 36, 112);
        }
        for step in [4, 12] {
            add(o + step, 38, 104);
        }
        add(o + 14, 46, 80);
        if (bar + n) % 2 == 1 {
            for (i, pitch) in [50, 48, 45].into_iter().enumerate() {
                add(o + 13 + i as i64, pitch, 70 + 12 * i as u8);
            }
        }
        if bar == 0 {
            add(o, 49, 100);
        }
        for step in [3, 11] {
            add(o + step + n % 2, 51, 50);
        }
    }
    clip(ClipKind::Drums, notes, bars)
}

/// A melody of `bars` bars, different by `n`.
pub fn melody(bars: i64, n: i64) -> Clip {
    let scale = [60, 62, 64, 65, 67, 69, 71, 72, 74];
    let mut notes = Vec::new();
    let (mut step, mut at) = (0, n);
    while step < bars * 16 {
        let length = [2, 4, 2, 1, 1, 6, 2][((step + n * 3) % 7) as usize].min(bars * 16 - step);
        at = (at * 5 + step + 3 * n + 1).rem_euclid(9);
        let velocity = 70 + ((step * 7 + n * 11) % 50) as u8;
        if (step + n) % 11 != 7 {
            notes.push(Note { start: step * S, pitch: scale[at as usize], length: length * S, velocity });
        }
        step += length;
    }
    clip(ClipKind::Melody, notes, bars)
}

fn clip(kind: ClipKind, notes: Vec<Note>, bars: i64) -> Clip {
    let mut c = Clip {
        name: "Descant".into(),
        kind,
        notes,
        length: bars * 16 * S,
        meter: Meter::COMMON,
        tempo: Some(120.0),
    };
    c.normalise();
    c
}

fn param(normalised: f32, text: &str, steps: Option<usize>) -> ParamState {
    ParamState { normalised, default: normalised, text: text.into(), steps, choices: Vec::new() }
}

fn choice(chosen: usize, names: &[&str]) -> ParamState {
    ParamState {
        normalised: chosen as f32 / (names.len() - 1) as f32,
        default: 0.0,
        text: names[chosen].into(),
        steps: Some(names.len() - 1),
        choices: names.iter().map(|n| (*n).to_owned()).collect(),
    }
}

/// Weights with a card like that of the drums inside the program.
fn weights(id: &str, key: &str, name: &str, path: Option<&str>) -> WeightsView {
    let gate = |name: &str, value: &str, bound: &str, pass| GateView {
        name: name.into(),
        value: value.into(),
        bound: bound.into(),
        pass,
    };
    let card = CardView {
        data: vec!["Groove MIDI Dataset, Gillick, Roberts, Engel, Eck, Bamman: Learning to Groove, ICML 2019, CC BY 4.0".into()],
        licence: "MIT OR Apache-2.0".into(),
        bytes: 5_011_084,
        parameters: 2_487_298,
        held_out: Some("0.997 nats per step".into()),
        gates: vec![
            gate("nats per 16th, held out", "0.9972", "≤ 1.5", true),
            gate("mean overlapping area", "0.9353", "≥ 0.9110", true),
            gate("adjacent equal bars", "0.0283 [0.0228, 0.0340]", "0.0220 to 0.1343", false),
        ],
        ..CardView::default()
    };
    let imported =
        CardView { data: vec![], licence: String::new(), held_out: None, gates: vec![], ..card.clone() };
    WeightsView {
        key: format!("{id}.{key}"),
        name: name.into(),
        path: path.map(Into::into),
        card: Some(Arc::new(if path.is_some() { imported } else { card })),
    }
}

/// The model page has something to show: two sets of weights for the drums.
pub fn two_weights() -> View {
    let mut v = first_open();
    let file = "/home/ada/.local/share/descant/models/drum_kit.jazz.safetensors";
    v.models[0].weights.push(weights("drum_kit", "jazz", "jazz", Some(file)));
    v
}

fn family_of_latent(id: &str) -> Option<&'static str> {
    id.starts_with("cat").then_some("MusicVAE").or(id.starts_with("groovae").then_some("GrooVAE"))
}

/// The window as it is when a new instance opens for the first time.
pub fn first_open() -> View {
    let model = |id: &str, name: &str, about: &str, kind, ready| ModelView {
        id: id.into(),
        name: name.into(),
        about: about.into(),
        kind,
        ready,
        default_temperature: 1.0,
        hears_chords: id.ends_with("improv"),
        latent: family_of_latent(id).is_some(),
        learns: id.starts_with("cat"),
        family: match (kind, id.ends_with("improv")) {
            _ if family_of_latent(id).is_some() => family_of_latent(id).unwrap_or_default(),
            (ClipKind::Drums, _) => "Drums",
            (ClipKind::Melody, true) => "Improv",
            (ClipKind::Melody, false) => "Melody",
        },
        weights: if ready { vec![weights(id, "built-in", "Built in", None)] } else { Vec::new() },
        playing: ready.then_some(0),
        missing: None,
    };
    let about_drums = "Writes grooves for nine drum sounds. Learned from thirteen hours of human drumming.";
    let about_melody = "Writes single-voice melodies that repeat and vary what came before.";
    let models = vec![
        model("drum_kit", "Drum kit RNN", about_drums, ClipKind::Drums, true),
        model("one_drum", "One drum RNN", "Writes a rhythm for one drum.", ClipKind::Drums, false),
        model("attention", "Attention melody RNN", about_melody, ClipKind::Melody, true),
        model(
            "lookback",
            "Lookback melody RNN",
            "Writes melodies with an ear for repeats.",
            ClipKind::Melody,
            false,
        ),
        model(
            "chord_pitches_improv",
            "Chord pitches improv RNN",
            "Writes melodies over any chords, from the pitches in them.",
            ClipKind::Melody,
            true,
        ),
        model(
            "cat-drums_2bar_small",
            "MusicVAE drums, 2 bars",
            "Writes drum patterns, and patterns between two of yours.",
            ClipKind::Drums,
            true,
        ),
        model(
            "groovae_2bar_humanize",
            "GrooVAE humanize",
            "Plays drums as a drummer would: a little early or late, louder and softer.",
            ClipKind::Drums,
            true,
        ),
    ];
    let keys = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
    let params = HashMap::from([
        (ParamId::Tool, choice(0, &TOOLS)),
        (
            ParamId::Model,
            // More places than models, as in the plugin.
            ParamState {
                steps: Some(63),
                ..choice(0, &["Drum kit RNN", "One drum RNN", "Attention melody RNN", "Lookback melody RNN"])
            },
        ),
        (ParamId::Temperature, param(0.5, "1.00", None)),
        (ParamId::Bars, param(3.0 / 31.0, "4 bars", Some(31))),
        (ParamId::Variations, param(7.0 / 15.0, "8", Some(15))),
        (ParamId::Density, param(0.0, "Auto", None)),
        (ParamId::Key, choice(0, &keys)),
        (ParamId::Scale, choice(0, &["Off", "Major", "Minor", "Dorian", "Mixolydian", "Pentatonic"])),
        (ParamId::RangeLow, param(48.0 / 127.0, "C3", Some(127))),
        (ParamId::RangeHigh, param(84.0 / 127.0, "C6", Some(127))),
        (ParamId::SeedLock, param(0.0, "Off", Some(1))),
        (ParamId::SwapQuantum, choice(2, &["Now", "Beat", "Bar"])),
        (ParamId::AuditionLevel, param(0.75, "−6.0 dB", None)),
        (ParamId::Play, param(1.0, "On", Some(1))),
        (ParamId::LiveMode, choice(0, &["Off", "Answer", "Continuous"])),
        (ParamId::CallEnds, param(0.0, "1 silent bar", Some(3))),
        (ParamId::AnswerBars, param(0.0, "As the call", Some(16))),
        (ParamId::MostNotes, param(0.0, "Any", Some(10))),
        (ParamId::NoRepeat, param(0.0, "Off", Some(1))),
        (ParamId::Keep, choice(0, &["Nothing", "Rhythm", "Rhythm and contour"])),
        (ParamId::ListenFirst, param(0.0, "Off", Some(1))),
        (ParamId::Search, choice(0, &["Wild", "Free", "Careful", "Safe", "Custom"])),
        (ParamId::BeamSize, param(1.0 / 7.0, "2", Some(7))),
        (ParamId::BranchFactor, param(1.0 / 7.0, "2", Some(7))),
        (ParamId::StepsPerIteration, param(7.0 / 63.0, "8", Some(63))),
        (ParamId::NotesPerSecond, param(0.0, "Auto", Some(30))),
        (ParamId::Distance, ParamState { default: 0.25, ..param(0.25, "25 %", None) }),
        (ParamId::Positions, param(2.0 / 13.0, "5", Some(13))),
        (ParamId::Bake, param(0.0, "Off", Some(1))),
        (ParamId::MorphPlays, param(0.0, "Off", Some(1))),
        (ParamId::Morph, param(0.0, "0 %", None)),
        (ParamId::Timing, param(2.0 / 3.0, "100 %", None)),
        (ParamId::Dynamics, param(2.0 / 3.0, "100 %", None)),
        (ParamId::KeepHits, param(1.0, "On", Some(1))),
        (ParamId::ReplaceHats, param(1.0, "On", Some(1))),
        (ParamId::Early, choice(0, &["Start", "End"])),
        (ParamId::Own, param(1.0, "100 %", None)),
        (ParamId::PadPlays, param(0.0, "Off", Some(1))),
        (ParamId::PadX, param(0.5, "0 %", None)),
        (ParamId::PadY, param(0.5, "0 %", None)),
        (ParamId::ChordLength, choice(2, &["1 beat", "2 beats", "1 bar", "2 bars", "4 bars"])),
    ]);
    let params = params.into_iter().chain((0..12).map(|class| {
        (ParamId::PitchWeight(class), ParamState { default: 0.25, ..param(0.25, "100 %", Some(400)) })
    }));
    View {
        transport: TransportView {
            tempo: 120.0,
            meter: Meter::COMMON,
            bar: 1,
            playing: false,
            host: true,
            playhead: None,
        },
        tool: ToolKind::Generate,
        models,
        model: 0,
        params: params.collect(),
        primer: None,
        captured_bars: 0,
        takes: Vec::new(),
        shown: None,
        sounding: None,
        locked: Vec::new(),
        seed: "mavo-tiru".into(),
        progress: None,
        status: Status { kind: StatusKind::Info, text: "Ready.".into() },
        can_undo: false,
        can_redo: false,
        live: String::new(),
        song: None,
        chords: ChordsView { every: 16 * S, ..ChordsView::default() },
        kit: KitView::default(),
        fit: FitView::Chosen,
        without_weights: Vec::new(),
        other: None,
        guide: None,
        morph: MorphView::default(),
        lesson: LessonView::default(),
        pad: None,
        mix: Mix::default(),
        channels: [1, 2, 10],
    }
}

/// The page of a tool that starts from a primer, played by model `plays` instead of the chosen one.
fn page(tool: ToolKind, place: usize, primer: Clip, plays: usize) -> View {
    let mut v = eight_takes();
    v.tool = tool;
    v.params.insert(ParamId::Tool, choice(place, &TOOLS));
    v.primer = Some(PrimerView { clip: Arc::new(primer), origin: PrimerOrigin::File });
    let why =
        format!("Instead of Drum kit RNN: {} needs a drum model with a space between clips.", tool.name());
    v.fit = FitView::Other { model: plays, why };
    v
}

/// A morph half way between two drum clips, and the positions as takes.
pub fn interpolate() -> View {
    let mut v = page(ToolKind::Interpolate, 2, drums(2, 0), 5);
    for (place, t) in (1..).zip(&mut v.takes) {
        t.part = Some((place, 8));
        t.take = Arc::new(Take { score: Score::default(), ..(*t.take).clone() });
    }
    v.other = Some(Arc::new(drums(2, 2)));
    v.params.insert(ParamId::MorphPlays, param(1.0, "On", Some(1)));
    v.params.insert(ParamId::Morph, ParamState { default: 0.0, ..param(0.4, "40 %", None) });
    let places = (0..17).map(|i| i as f32 / 16.0).collect();
    v.morph = MorphView { places, clip: Some(Arc::new(drums(2, 1))), busy: false, problem: None };
    v.sounding = None;
    v.transport.playhead = None;
    v
}

/// Drums that got a groove.
pub fn groove() -> View {
    let mut v = page(ToolKind::Groove, 3, drums(4, 1), 6);
    let primer = drums(4, 1);
    v.takes.clear();
    takes(&mut v, ToolKind::Groove, Some(&primer), |i| {
        let mut c = primer.clone();
        for (k, note) in (0..).zip(&mut c.notes) {
            note.start = (note.start + (k * 977 + i * 311) % 1600 - 500).clamp(0, c.length - 1);
        }
        c.normalise();
        c
    });
    for t in &mut v.takes {
        t.take = Arc::new(Take { new_from: 0, ..(*t.take).clone() });
    }
    v
}

/// A melody that takes over the feel of a drum clip.
pub fn groove_of_a_melody() -> View {
    let mut v = page(ToolKind::Groove, 3, melody(4, 1), 6);
    v.guide = Some(Arc::new(drums(2, 1)));
    v
}

/// Hats behind *More*; there are no weights for Drumify.
pub fn hats() -> View {
    let mut v = page(ToolKind::Hats, 7, drums(2, 1), 6);
    let why =
        "Drumify needs weights that are not here yet: drop a checkpoint of GrooVAE drumify on the window.";
    v.without_weights = vec![(ToolKind::Drumify, why.into())];
    v
}

/// A tool whose weights are missing, chosen by the host.
pub fn drumify_without_weights() -> View {
    let mut v = hats();
    v.tool = ToolKind::Drumify;
    v.fit = FitView::None(v.without_weights[0].1.clone());
    v.takes.clear();
    v.shown = None;
    v
}

/// A latent model chosen for Generate.
pub fn near() -> View {
    let mut v = eight_takes();
    v.model = 5;
    v
}

/// A model that is learning from drums; a melody is among the clips.
pub fn learning() -> View {
    let mut v = near();
    let named = |mut clip: Clip, name: &str| {
        name.clone_into(&mut clip.name);
        Arc::new(clip)
    };
    let clips = vec![
        named(drums(4, 0), "pela-suno"),
        named(drums(2, 1), "late night, final mix (2): a rather long name"),
        named(melody(4, 1), "Lead"),
        named(drums(4, 2), "suna-bopi"),
    ];
    let curve = (0..43).map(|i| 180.0 * (-0.05 * f64::from(i)).exp() as f32 + 24.0).collect();
    v.lesson = LessonView { clips, progress: Some(0.43), curve, ended: Status::default() };
    v
}

/// It has learnt: its weights are chosen, and the page says so.
pub fn learnt() -> View {
    let mut v = learning();
    v.lesson.progress = None;
    let text = "MusicVAE drums, 2 bars (mine) has learnt from 3 clips and plays now. 1 clip is a melody, but the model learns drums.";
    v.lesson.ended = Status { kind: StatusKind::Good, text: text.into() };
    let file = "/home/ada/.local/share/descant/models/cat-drums_2bar_small.mine.safetensors";
    let mut own = weights("cat-drums_2bar_small", "mine", "mine", Some(file));
    let mut card = (**own.card.as_ref().expect("a card")).clone();
    card.own = Some(OwnView {
        base: "MusicVAE drums, 2 bars".into(),
        date: "2026-11-22".into(),
        clips: 3,
        pieces: 5,
        rounds: 100,
        seed: "mavo-tiru".into(),
        curve: v.lesson.curve.clone(),
    });
    own.card = Some(Arc::new(card));
    v.models[5].weights.push(own);
    v.models[5].playing = Some(1);
    v
}

/// The pad around the shown take, a place a little right of the middle.
pub fn pad() -> View {
    let mut v = near();
    let point = |name: &str, x, y, here| PointView { name: name.into(), x, y, here };
    v.pad = Some(PadView {
        take: 2,
        title: "pela-suno".into(),
        seed: "mavo-tiru".into(),
        side: 9,
        clip: Some(Arc::new(drums(4, 2))),
        busy: false,
        problem: None,
        points: vec![
            point("Point 1", 0.25, 0.875, true),
            point("with the toms", 0.9, 0.1, true),
            point("verse", 0.5, 0.2, false),
        ],
    });
    v.params.insert(ParamId::PadPlays, param(1.0, "On", Some(1)));
    v.params.insert(ParamId::PadX, ParamState { default: 0.5, ..param(0.65, "30 %", None) });
    v.params.insert(ParamId::PadY, ParamState { default: 0.5, ..param(0.7, "40 %", None) });
    v.sounding = None;
    v.transport.playhead = None;
    v
}

/// Seeds as the product writes them.
pub const SEEDS: [&str; 8] =
    ["mavo-tiru", "pela-suno", "kiro-vami", "doru-leka", "suna-bopi", "tavi-moru", "neko-rasu", "hilo-pame"];

fn takes(view: &mut View, tool: ToolKind, primer: Option<&Clip>, make: impl Fn(i64) -> Clip) {
    let request = Arc::new(Request {
        tool,
        model: view.models[view.model].id.clone(),
        primer: primer.cloned(),
        bars: 4,
        variations: 8,
        temperature: 1.0,
        seed: 1,
        constraints: Constraints::default(),
        meter: Meter::COMMON,
        tempo: Some(120.0),
        ..Request::default()
    });
    for (i, seed) in SEEDS.into_iter().enumerate() {
        let score = Score { log_likelihood_per_step: -0.81 - 0.07 * i as f32, steps: 64 };
        let take = Take {
            clip: make(i as i64),
            new_from: primer.map_or(0, |p| p.length),
            seed: i as u32,
            score,
            request: request.clone(),
            notices: Vec::new(),
            origin: None,
        };
        let id = view.takes.len() as u64 + 1;
        view.takes.push(TakeView {
            id,
            take: Arc::new(take),
            seed: seed.into(),
            starred: i == 1 || i == 4,
            part: None,
            index: i as u32 + 1,
            trio: None,
        });
    }
    view.status = Status {
        kind: StatusKind::Good,
        text: "Drum kit RNN wrote 8 takes in 41 ms · seed mavo-tiru".into(),
    };
    view.can_undo = true;
}

/// Eight drum takes, the second shown and playing.
pub fn eight_takes() -> View {
    let mut v = first_open();
    takes(&mut v, ToolKind::Generate, None, |i| drums(4, i));
    v.shown = Some(2);
    v.sounding = Some(2);
    v.transport.playing = true;
    v.transport.bar = 17;
    v.transport.playhead = Some(22 * S + 311);
    v
}

/// Three trios, the bass of the second shown, its drums muted.
pub fn trio() -> View {
    let mut v = first_open();
    v.tool = ToolKind::Trio;
    v.params.insert(ParamId::Tool, choice(8, &TOOLS));
    takes(&mut v, ToolKind::Generate, None, |i| melody(4, i + 1));
    let mut parts = Vec::new();
    for (i, leader) in v.takes.drain(..).take(3).enumerate() {
        let first = 3 * i as u64 + 1;
        for part in 0..3 {
            let mut take = (*leader.take).clone();
            let seed = 3 * i as u32 + part as u32;
            take.seed = seed;
            take.request = Arc::new(Request { seed, ..(*take.request).clone() });
            match part {
                1 => take.clip.notes.iter_mut().for_each(|n| n.pitch -= 24),
                2 => take.clip = drums(4, i as i64),
                _ => {}
            }
            let trio = Some(TrioView { first, part, seed: SEEDS[i].into() });
            let seed = SEEDS[(i + part + 2) % 8].to_owned();
            let (id, take) = (first + part as u64, Arc::new(take));
            parts.push(TakeView { id, take, seed, trio, index: i as u32 + 1, ..leader.clone() });
        }
    }
    v.takes = parts;
    v.shown = Some(5);
    v.sounding = Some(4);
    v.transport.playing = true;
    v.transport.playhead = Some(22 * S + 311);
    v.mix.muted[2] = true;
    v.status = Status { kind: StatusKind::Good, text: "3 trios in 212 ms.".into() };
    v
}

/// Drum takes after a primer with rim shots, a second kick and an unknown pitch, on an electronic kit.
pub fn drum_map() -> View {
    let mut v = eight_takes();
    let map = DrumMap::kits()[1].1.clone();
    let primer = vec![3, 35, 36, 38, 40, 42, 58];
    v.kit = KitView { merged: map.merges(primer.iter().copied()), map, primer };
    v
}

/// A melody continued from a captured primer.
pub fn continued() -> View {
    let mut v = first_open();
    v.model = 2;
    v.tool = ToolKind::Continue;
    v.params.insert(ParamId::Tool, choice(1, &TOOLS));
    let primer = melody(2, 1);
    takes(&mut v, ToolKind::Continue, Some(&primer), |i| {
        let mut c = melody(6, i + 2);
        c.notes.retain(|n| n.start >= primer.length);
        c.notes.extend(primer.notes.iter().copied());
        c.normalise();
        c
    });
    v.primer = Some(PrimerView { clip: Arc::new(primer), origin: PrimerOrigin::Captured });
    v.captured_bars = 6;
    v.shown = Some(3);
    v.sounding = Some(3);
    v
}

/// A melody continued over chords: the primer's from its file, the new ones typed.
pub fn over_chords() -> View {
    let mut v = continued();
    v.model = 4;
    let mark = |bar: i64, figure: &str| ChordMark { tick: bar * 16 * S, figure: figure.into() };
    let primer = vec![mark(0, "Dm7"), mark(1, "G7")];
    let typed = ChordTrack::from_text("C Am7 F G7", 16 * S).expect("chords");
    let track = ChordTrack { primer: primer.clone(), ..typed };
    v.chords = ChordsView {
        progression: track.chords.iter().map(|c| c.figure.clone()).collect(),
        every: 16 * S,
        primer,
    };
    let model = v.models[4].id.clone();
    let request = Arc::new(Request { model, chords: Some(track), ..(*v.takes[0].take.request).clone() });
    for t in &mut v.takes {
        t.take = Arc::new(Take { request: request.clone(), ..(*t.take).clone() });
    }
    v
}

/// Answer mode in the middle of an answer.
pub fn answering() -> View {
    let mut v = continued();
    v.params.insert(ParamId::LiveMode, choice(1, &["Off", "Answer", "Continuous"]));
    v.live = "Answering, bar 2 of 4".into();
    v
}

/// A song of five tracks was dropped.
pub fn song() -> View {
    let mut v = first_open();
    let track = |name: &str, notes, kind, polyphonic, bars| TrackView {
        name: name.into(),
        notes,
        kind,
        polyphonic,
        bars,
    };
    v.song = Some(SongView {
        file: "late night, final mix (2).mid".into(),
        tracks: vec![
            track("Drums", 912, ClipKind::Drums, true, 64),
            track("Bass", 288, ClipKind::Melody, false, 64),
            track("Rhodes", 640, ClipKind::Melody, true, 56),
            track("Lead vocal with a rather long track name", 203, ClipKind::Melody, false, 48),
            track("Strings", 96, ClipKind::Melody, true, 32),
        ],
        preselected: 3,
        tempo: 96.0,
        tempo_changes: true,
    });
    v
}
