//! Keys without a host: the audio thread's part and the worker, driven as a host would, with tones in place of a network.
//!
//! With the feature `alloc-guard` every block runs under the guard that aborts when the audio thread allocates or frees.
use super::bridge::bridge;
use super::cache::Cache;
use super::compute::{Choice, Renderer, Unrendered};
use super::document::Origin;
use super::document::Store;
use super::engine::{Engine, Sources};
use super::player::{Event, Host, Player};
use super::worker::{Notes, Synthesis};
use crate::bridge::Trigger;
use descant_core::model::gansynth::{GanSynth, Instrument, Normaliser, NoteError, Shape};
use descant_core::nn::conv::{Alone, Crew};
use descant_core::nn::formula;
use descant_core::sound::instrument::{Controller, Expression, Position, Settings, Which};
use descant_core::tool::Cancel;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
const RATE: f32 = 48_000.0;

/// Tones with harmonics as an instrument's numbers say; each is made when it is let, if it must wait.
#[derive(Default)]
struct Tones {
    /// Pitches in the order in which they were asked for.
    asked: Mutex<Vec<u8>>,
    /// Notes that may still be made; `None`: any number.
    allowed: Mutex<Option<usize>>,
    changed: Condvar,
    cancelled: AtomicUsize,
    panics: AtomicBool,
}

impl Tones {
    fn allow(&self, notes: Option<usize>) {
        *self.allowed.lock().expect("not poisoned") = notes;
        self.changed.notify_all();
    }

    fn asked(&self) -> Vec<u8> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

impl Notes for Tones {
    fn model(&self) -> &str {
        "tones 1"
    }

    fn latent(&self) -> usize {
        4
    }

    fn learned(&self) -> &[Instrument] {
        &[]
    }

    fn range(&self) -> (u8, u8) {
        (24, 84)
    }

    fn rate(&self) -> u32 {
        16_000
    }

    fn vector(&self, seed: u32) -> Vec<f32> {
        (0..4).map(|i| 1.0 + (seed.wrapping_mul(7 + i) % 5) as f32).collect()
    }

    fn note(
        &self,
        vector: &[f32],
        pitch: u8,
        crew: &dyn Crew,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, NoteError> {
        self.asked.lock().expect("not poisoned").push(pitch);
        assert!(!self.panics.load(Ordering::SeqCst), "as the test wants");
        let mut allowed = self.allowed.lock().expect("not poisoned");
        loop {
            crew.run(Vec::new());
            if cancel.is_cancelled() {
                self.cancelled.fetch_add(1, Ordering::SeqCst);
                return Err(NoteError::Cancelled);
            }
            match &mut *allowed {
                None => break,
                Some(0) => {}
                Some(left) => {
                    *left -= 1;
                    break;
                }
            }
            allowed = self.changed.wait_timeout(allowed, Duration::from_millis(1)).expect("not poisoned").0;
        }
        drop(allowed);
        let hertz = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
        let step = std::f64::consts::TAU * hertz / 16_000.0;
        // A quarter of the released length: what is tested here does not depend on it.
        let sample = |i: u32| -> f64 {
            let harmonics = vector.iter().enumerate();
            harmonics.map(|(n, level)| f64::from(*level) * (step * f64::from(i) * (n + 1) as f64).cos()).sum()
        };
        Ok((0..16_000).map(|i| 0.05 * sample(i) as f32).collect())
    }
}

/// An instance and the host that drives it.
struct Bench {
    player: Player,
    engine: Arc<Engine>,
    tones: Arc<Tones>,
    settings: Settings,
    left: Vec<f32>,
    right: Vec<f32>,
    /// Samples within the last block and keys of the notes that ended in it.
    ended: Vec<(u32, Option<u8>)>,
}

/// The host's side of one block.
struct Block<'a> {
    events: std::slice::Iter<'a, (u32, Event)>,
    ended: &'a mut Vec<(u32, Option<u8>)>,
}

impl Host for Block<'_> {
    fn next(&mut self) -> Option<(u32, Event)> {
        self.events.next().copied()
    }

    fn ended(&mut self, sample: u32, which: Which) {
        self.ended.push((sample, which.key));
    }
}

impl Bench {
    fn new(offline: bool) -> Self {
        Self::with(offline, Arc::default(), None)
    }

    fn with(offline: bool, tones: Arc<Tones>, cache: Option<&Path>) -> Self {
        let shared = tones.clone();
        let cache = cache.map(Path::to_path_buf);
        let load = move || Ok::<Arc<dyn Notes>, String>(shared.clone());
        let open = move || cache.as_ref().map(|folder| Cache::new(folder.clone(), 1 << 30));
        Self::loading(offline, tones, Box::new(load), Box::new(open))
    }

    fn loading(
        offline: bool,
        tones: Arc<Tones>,
        load: super::engine::Load,
        cache: super::engine::OpenCache,
    ) -> Self {
        let graphics = Box::new(|_: &Arc<dyn Notes>| Err("There is none.".to_owned()));
        Self::of(offline, tones, Sources { load, cache, graphics })
    }

    fn of(offline: bool, tones: Arc<Tones>, sources: Sources) -> Self {
        let store = Arc::new(Store::default());
        let (audio, side, keyboard) = bridge(store.generation());
        let random = Arc::new(Trigger::default());
        random.arm();
        let engine = Engine::new(store, random, side, keyboard, sources);
        let mut player = Player::new(audio);
        player.prepare(RATE, offline);
        engine.start();
        let (left, right) = (vec![0.0; 4_096], vec![0.0; 4_096]);
        let (settings, ended) = (Settings::default(), Vec::with_capacity(1_000));
        Self { player, engine, tones, settings, left, right, ended }
    }

    /// One block; the left channel.
    fn block(&mut self, frames: usize, events: &[(u32, Event)]) -> &[f32] {
        let (left, right) = (&mut self.left[..frames], &mut self.right[..frames]);
        left.fill(0.5);
        right.fill(0.5);
        self.ended.clear();
        let mut host = Block { events: events.iter(), ended: &mut self.ended };
        let (player, settings) = (&mut self.player, self.settings);
        guarded(|| player.process(settings, &mut host, left, right));
        assert!(left.iter().chain(right.iter()).all(|x| x.is_finite() && x.abs() < 1.0));
        &self.left[..frames]
    }

    /// Blocks until something is so.
    fn until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        while !so(self) {
            self.block(64, &[]);
            assert!(begun.elapsed() < LIMIT, "{what} never came");
            std::thread::yield_now();
        }
    }

    fn ready(&self) -> u128 {
        self.player.synth().pool.ready(Position::FIRST)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.tones.allow(None);
        self.engine.stop();
    }
}

/// As the host's audio thread runs it.
fn guarded<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(feature = "alloc-guard")]
    return nice_assert_no_alloc::assert_no_alloc(f);
    #[cfg(not(feature = "alloc-guard"))]
    f()
}

fn on(key: u8) -> Event {
    Event::NoteOn { channel: 0, key, id: None, velocity: 0.8 }
}

fn off(key: u8) -> Event {
    Event::NoteOff(Which::key(0, key))
}

#[test]
fn the_note_played_is_rendered_first_and_interrupts_what_is_rendered_ahead() {
    let tones = Arc::new(Tones::default());
    tones.allow(Some(1));
    let mut bench = Bench::with(false, tones, None);
    bench.until("the middle C", |b| b.ready() == 1 << 60);
    assert!(bench.block(256, &[(100, on(72))])[..100].iter().all(|x| *x == 0.0));
    let sound = bench.left[..256].to_vec();
    assert!(sound[100] != 0.0, "repitched, in the same block, to the sample");
    // The worker was at a neighbour of middle C; it lets it go for the note that sounds.
    bench.until("the interruption", |b| b.tones.asked().last() == Some(&72));
    assert!(bench.tones.cancelled.load(Ordering::SeqCst) >= 1);
    bench.tones.allow(Some(1));
    bench.until("its own zone", |b| b.ready() >> 72 & 1 == 1);
    bench.block(64, &[(0, off(72))]);
    bench.tones.allow(None);
    bench.until("the whole keyboard", |b| b.ready().count_ones() == 61);
    let asked = bench.tones.asked();
    let after: Vec<u8> = asked.iter().copied().skip_while(|p| *p != 72).skip(1).take(4).collect();
    assert_eq!(after, [71, 73, 70, 74], "outwards from the note that was played");
}

#[test]
fn there_is_sound_in_the_block_of_every_note_on() {
    let mut bench = Bench::new(false);
    bench.settings.adsr.release = 0.005;
    bench.until("a zone", |b| b.ready() != 0);
    for key in (0..128).step_by(5) {
        bench.until("silence", |b| b.player.synth().active_voices() == 0);
        let at = usize::from(key) % 64;
        let sound = bench.block(64, &[(at as u32, on(key))]);
        assert!(sound[..at].iter().all(|x| *x == 0.0) && sound[at] != 0.0, "key {key}");
        bench.block(64, &[(3, off(key))]);
    }
}

#[test]
fn before_the_first_zone_a_plain_tone_sounds_and_gives_way_without_a_click() {
    let tones = Arc::new(Tones::default());
    tones.allow(Some(0));
    let mut bench = Bench::with(false, tones, None);
    let mut sound = bench.block(512, &[(10, on(60))]).to_vec();
    assert!(sound[..10].iter().all(|x| *x == 0.0) && sound[10..].iter().any(|x| *x != 0.0));
    for _ in 0..20 {
        sound.extend_from_slice(bench.block(64, &[]));
    }
    bench.tones.allow(None);
    let begun = Instant::now();
    while bench.ready() >> 60 & 1 == 0 {
        sound.extend_from_slice(bench.block(64, &[]));
        assert!(begun.elapsed() < LIMIT, "a zone never came");
        std::thread::yield_now();
    }
    for _ in 0..100 {
        sound.extend_from_slice(bench.block(64, &[]));
    }
    let jump = sound.windows(2).fold(0.0f32, |most, w| most.max((w[1] - w[0]).abs()));
    assert!(jump < 0.05, "{jump}");
}

/// One bounce: a melody with a morph, a program change, a bend. Left channel.
fn bounce(tones: Arc<Tones>, cache: Option<&Path>, blocks: &[usize]) -> Vec<f32> {
    let mut bench = Bench::with(true, tones, cache);
    let mut sound = Vec::new();
    let events = [
        (0, on(60)),
        (9_000, off(60)),
        (9_000, on(67)),
        (15_000, Event::Control(0, Controller::Bend(0.7))),
        (20_000, Event::Program(5)),
        (20_001, on(100)),
        (30_000, off(67)),
    ];
    let (mut now, mut sizes) = (0, blocks.iter().cycle());
    while now < 40_000 {
        let frames = (*sizes.next().expect("endless")).min(40_000 - now);
        // A parameter changes at most once per block: at the same samples, whatever the blocks.
        bench.settings.morph.0 = if now < 12_800 { 0.0 } else { 0.3 };
        let within = |at: usize| (now..now + frames).contains(&at);
        let events: Vec<(u32, Event)> =
            events.iter().filter(|e| within(e.0)).map(|e| ((e.0 - now) as u32, e.1)).collect();
        sound.extend_from_slice(bench.block(frames, &events));
        now += frames;
    }
    sound
}

#[test]
fn a_bounce_is_complete_and_the_same_every_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let tones: Arc<Tones> = Arc::default();
    let first = bounce(tones.clone(), Some(folder.path()), &[64]);
    assert!(first[0] != 0.0, "even the first sample");
    let rendered = tones.asked().len();
    assert!(first == bounce(tones.clone(), None, &[256]), "other blocks, rendered anew");
    let before = tones.asked().len();
    assert!(rendered > 0 && before > rendered);
    assert!(first == bounce(Arc::default(), Some(folder.path()), &[3_200]), "from the cache");
}

#[test]
fn broken_cache_files_are_rendered_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = bounce(Arc::default(), Some(folder.path()), &[64]);
    let mut files = 0;
    for (i, entry) in std::fs::read_dir(folder.path()).expect("there").flatten().enumerate() {
        let mut bytes = std::fs::read(entry.path()).expect("reads");
        match i % 3 {
            0 => bytes.truncate(bytes.len() / 2),
            1 => bytes[1_000] ^= 4,
            _ => bytes.clear(),
        }
        std::fs::write(entry.path(), bytes).expect("writes");
        files += 1;
    }
    let tones: Arc<Tones> = Arc::default();
    assert!(files > 3 && first == bounce(tones.clone(), Some(folder.path()), &[64]));
    assert!(!tones.asked().is_empty());
}

#[test]
fn the_morph_renders_where_it_stands_and_both_places_are_heard() {
    let mut bench = Bench::new(false);
    bench.settings.morph.0 = 0.5 + 1.0 / 16.0;
    bench.block(64, &[(0, on(60))]);
    let at = |index: usize| Position::at(index).expect("on the grid");
    bench.until("the places around it", |b| {
        [4, 5].iter().all(|&p| b.player.synth().pool.ready(at(p)) >> 60 & 1 == 1)
    });
    bench.until("its own zones", |b| b.player.synth().missing().is_none());
}

#[test]
fn random_and_undo_change_the_slot_at_the_morph() {
    let mut bench = Bench::new(false);
    let [first, second, ..] = bench.engine.store.slots().0;
    bench.until("a zone", |b| b.ready() != 0);
    bench.settings.morph.0 = 1.0;
    bench.block(64, &[]);
    bench.engine.random.parameter_changed(true);
    bench.until("another instrument", |b| b.engine.store.slots().0[1] != second);
    assert_eq!(bench.engine.store.slots().0[0], first);
    assert!(bench.engine.store.change(super::document::Document::undo));
    bench.until("the old one's zones", |b| b.ready() != 0);
    assert_eq!(bench.engine.store.slots().0[1], second);
}

#[test]
fn a_model_that_fails_or_panics_says_so_and_an_offline_render_does_not_wait_for_it() {
    let missing = || Err("There are no sounds here.".to_string());
    let mut bench = Bench::loading(true, Arc::default(), Box::new(missing), Box::new(|| None));
    let begun = Instant::now();
    assert!(bench.block(512, &[(0, on(60))]).iter().any(|x| *x != 0.0), "the plain tone");
    assert!(begun.elapsed() < LIMIT && bench.engine.live().status.text == "There are no sounds here.");

    let tones = Arc::new(Tones::default());
    tones.panics.store(true, Ordering::SeqCst);
    let mut bench = Bench::with(true, tones, None);
    bench.block(512, &[(0, on(60))]);
    assert!(bench.engine.live().status.text.starts_with("Something went wrong"));
    // Another instrument is another chance.
    bench.tones.panics.store(false, Ordering::SeqCst);
    bench.engine.store.change(|d| d.random(0));
    assert!(bench.block(512, &[(0, on(62))]).iter().any(|x| *x != 0.0));
}

/// xorshift: the same run for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn unit(&mut self) -> f32 {
        self.below(1 << 20) as f32 / (1 << 20) as f32
    }
}

#[test]
fn a_random_run_neither_allocates_nor_hangs() {
    let mut bench = Bench::new(false);
    let mut random = Random(0x5EED);
    let saved = bench.engine.store.saved();
    let mut samples = 0_u64;
    while samples < 30 * RATE as u64 {
        let key = 20 + random.below(80) as u8;
        let unit = random.unit();
        let event = match random.below(14) {
            0..=3 => on(key),
            4..=6 => off(key),
            7 => Event::Control(0, Controller::Sustain(unit > 0.6)),
            8 => Event::Control(0, Controller::Sostenuto(unit > 0.6)),
            9 => Event::Control(0, Controller::Bend(unit)),
            10 => Event::Express(Which::key(0, key), Expression::Tuning(unit)),
            11 if unit < 0.05 => Event::Program((unit * 1_000.0) as u8),
            12 if unit < 0.1 => Event::Choke(Which::default()),
            _ => Event::Control(0, Controller::ModWheel(unit)),
        };
        match random.below(400) {
            0 => drop(bench.engine.store.load(saved.clone())),
            1 => {
                bench.engine.store.change(|d| d.random(1));
            }
            2 => bench.engine.store.change(|d| d.put(2, Some(Origin::Seed(9)))),
            3 => bench.settings.polyphony = 1 + random.below(64) as u8,
            4 => bench.settings.unison = 1 + random.below(8) as u8,
            5 => bench.settings.glide = 0.2 * random.unit(),
            _ => {
                // Morph under automation.
                let (x, y) = bench.settings.morph;
                let moved = |v: f32, by: f32| (v + 0.02 * (by - 0.5)).clamp(0.0, 1.0);
                bench.settings.morph = (moved(x, random.unit()), moved(y, random.unit()));
            }
        }
        let frames = 1 + random.below(2_048) as usize;
        bench.block(frames, &[(random.below(frames as u64) as u32, event)]);
        samples += frames as u64;
    }
    bench.block(
        64,
        &[(0, Event::Control(0, Controller::Reset)), (1, Event::Control(0, Controller::NotesOff))],
    );
    for _ in 0..10 {
        bench.block(4_096, &[]);
    }
    assert_eq!(bench.player.synth().active_voices(), 0, "every voice has ended");
    assert_eq!(bench.engine.live().status.text, "");
}

/// The real network, small: its notes become zones and sound.
#[test]
fn gansynth_itself_plays() {
    let shape = Shape { latent: 16, channels: vec![16, 16, 8], samples: 320, ..Shape::released() };
    let scales = formula::Scales { default: 0.25, patterns: vec![("kernel".to_owned(), 2.0)] };
    let variables = shape.variables();
    let weights = formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 3, &scales);
    let finished = shape.finished();
    let model = GanSynth::new(shape, Normaliser::default(), &weights, finished).expect("fits");
    let notes: Arc<dyn Notes> = Arc::new(Synthesis { name: "tiny".into(), model, learned: Vec::new() });
    let load = Box::new(move || Ok(notes.clone()));
    let mut bench = Bench::loading(true, Arc::default(), load, Box::new(|| None));
    let sound = bench.block(512, &[(7, on(60))]);
    assert!(sound[..7].iter().all(|x| *x == 0.0) && sound[7..].iter().any(|x| x.abs() > 1e-3));
    assert_eq!(bench.engine.live().status.text, "");
}

#[test]
fn the_host_learns_which_notes_have_ended_and_nothing_of_those_of_the_window() {
    let mut bench = Bench::new(false);
    bench.settings.adsr.release = 0.005;
    bench.until("a zone", |b| b.ready() != 0);
    bench.engine.press(64, 0.9);
    bench.block(64, &[(10, on(60))]);
    assert_eq!(bench.player.synth().held(), 1 << 60 | 1 << 64);
    bench.engine.press(64, 0.0);
    bench.block(64, &[(0, off(60))]);
    let mut ended = Vec::new();
    for _ in 0..10 {
        bench.block(64, &[]);
        ended.extend_from_slice(&bench.ended);
    }
    assert_eq!(ended, [(63, Some(60))]);
    assert_eq!(bench.player.synth().active_voices(), 0);
}

#[test]
fn the_window_sees_the_note_that_was_played_last() {
    let mut bench = Bench::new(false);
    bench.until("a zone", |b| b.ready() != 0);
    assert_eq!(bench.engine.live().picture, None, "nobody looks");
    bench.engine.window(true);
    bench.block(64, &[(0, on(72))]);
    let pitch = |b: &Bench| b.engine.live().picture.as_ref().map(|p| p.pitch);
    bench.until("its picture", |b| pitch(b) == Some(72));
    bench.block(64, &[(0, on(62))]);
    bench.until("the next one's", |b| pitch(b) == Some(62));
    // Its fundamental is the loudest line: 293.7 Hz lies 86.7 steps above C2.
    let picture = bench.engine.live().picture.clone().expect("there");
    let gram = &picture.rainbowgram;
    let level = |row: usize| gram.dots[row * gram.columns + 60][0];
    let loudest = (0..100).max_by(|&a, &b| level(a).total_cmp(&level(b))).expect("rows");
    assert!(loudest.abs_diff(87) <= 1, "row {loudest}");
}

#[test]
fn an_instrument_that_the_model_cannot_play_is_an_empty_slot_with_a_reason() {
    let mut bench = Bench::new(false);
    bench.until("a zone", |b| b.ready() != 0);
    bench.engine.store.change(|d| d.put(0, Some(Origin::Vector(vec![1.0; 9].into()))));
    bench.until("the reason", |b| b.engine.live().status.text.contains("9 numbers"));
    bench.until("the other slot's zones", |b| b.ready() != 0);
}

/// A piece of three notes: one of them too low, one a drum.
fn midi_file(folder: &Path) -> std::path::PathBuf {
    use descant_core::music::{Clip, ClipKind, Meter, Note, TICKS_PER_QUARTER, midi};
    let quarter = TICKS_PER_QUARTER;
    let note = |start, pitch| Note { start: start * quarter, pitch, length: quarter, velocity: 100 };
    let clip = Clip {
        name: "Three".into(),
        kind: ClipKind::Melody,
        notes: vec![note(0, 60), note(1, 12), note(2, 64)],
        length: 4 * quarter,
        meter: Meter::COMMON,
        tempo: Some(120.0),
    };
    let path = folder.join("three.mid");
    std::fs::write(&path, midi::write_clip(&clip, midi::WriteOptions::default()).expect("writes"))
        .expect("writes");
    path
}

#[test]
fn a_dropped_file_is_rendered_along_changing_instruments() {
    use super::session::{Wish, carry_out};
    use crate::gui::keys::view::{Action, Target};
    use crate::gui::view::Gesture;
    let folder = tempfile::tempdir().expect("a folder");
    let mut bench = Bench::new(false);
    let engine = bench.engine.clone();
    assert_eq!(carry_out(&engine, Action::DragOut), []);
    carry_out(&engine, Action::Drop(vec![folder.path().join("gone.mid")]));
    bench.until("the refusal", |b| b.engine.live().status.text.contains("gone.mid"));
    carry_out(&engine, Action::Drop(vec![midi_file(folder.path())]));
    bench.until("the file", |b| b.engine.piece().opened.is_some());
    carry_out(&engine, Action::Move(Target::Spacing, Gesture::Text("0.5".into())));
    carry_out(&engine, Action::Render);
    bench.until("the sound", |b| b.engine.piece().wav.is_some());
    bench.until("the end", |b| b.engine.studio.progress().is_none());
    let text = engine.live().status.text.clone();
    assert_eq!(text, "Rendered 3 notes, 4 s, with 3 instruments, one every 0.75 s; 1 moved by octaves.");
    let wishes = carry_out(&engine, Action::DragOut);
    let [Wish::Drag(path)] = wishes.as_slice() else { panic!("{wishes:?}") };
    assert_eq!(path.file_name().and_then(|n| n.to_str()), Some("three along.wav"));
    assert_eq!(std::fs::metadata(path).expect("there").len(), 58 + 4 * 4 * 16_000);
    carry_out(&engine, Action::NewSeed);
    assert_eq!(carry_out(&engine, Action::DragOut), [], "that is another sound");
}

#[test]
fn rendering_can_be_cancelled() {
    use super::session::carry_out;
    use crate::gui::keys::view::Action;
    let folder = tempfile::tempdir().expect("a folder");
    let tones = Arc::new(Tones::default());
    tones.allow(Some(0));
    let mut bench = Bench::with(false, tones, None);
    let engine = bench.engine.clone();
    carry_out(&engine, Action::Drop(vec![midi_file(folder.path())]));
    bench.until("the file", |b| b.engine.piece().opened.is_some());
    carry_out(&engine, Action::Render);
    assert!(engine.studio.progress().is_some());
    carry_out(&engine, Action::Cancel);
    bench.until("the end", |b| b.engine.studio.progress().is_none());
    assert_eq!((engine.live().status.text.as_str(), &engine.piece().wav), ("Cancelled.", &None));
}

#[test]
fn an_instrument_becomes_a_folder_for_samplers() {
    let home = tempfile::tempdir().expect("a folder");
    let mut bench = Bench::new(false);
    let to = home.path().to_path_buf();
    bench.engine.store.change(|d| d.rename(&Origin::Seed(1), "Glass reed"));
    let engine = bench.engine.clone();
    engine
        .studio
        .start(&engine, move |engine, task| super::export::export(engine, task, &Origin::Seed(1), &to));
    bench.until("the end", |b| b.engine.studio.progress().is_none());
    let folder = home.path().join("Glass reed");
    assert_eq!(std::fs::read_dir(&folder).expect("there").count(), 62);
    let wav = std::fs::read(folder.join("Glass reed 060 C3.wav")).expect("there");
    assert_eq!(wav.len(), 58 + 4 * 16_000);
}

#[test]
fn steps_go_through_the_list_and_a_typed_seed_brings_its_instrument() {
    use super::presets::PRESETS;
    use super::session::carry_out;
    use crate::gui::keys::view::Action;
    let bench = Bench::new(false);
    let engine = bench.engine.clone();
    let first = || engine.store.slots().0[0].clone();
    carry_out(&engine, Action::Step(1));
    assert_eq!(first(), Some(PRESETS[1].origin()));
    carry_out(&engine, Action::Step(-1));
    carry_out(&engine, Action::Step(-1));
    assert_eq!(first(), Some(PRESETS[0].origin()));
    carry_out(&engine, Action::Rename(0, "keno-fugu".into()));
    assert_eq!(first(), Some(Origin::Seed(1)));
    carry_out(&engine, Action::Rename(0, "Glass reed".into()));
    carry_out(&engine, Action::Star(0));
    assert_eq!(
        engine.store.read(|d| (d.name(&Origin::Seed(1)), d.is_starred(&Origin::Seed(1)))),
        ("Glass reed".into(), true)
    );
}

/// A graphics processor that breaks down when a test wants it.
struct Graphics {
    notes: Arc<dyn Notes>,
    made: Arc<AtomicUsize>,
    /// Notes until it breaks down.
    good: usize,
}

impl Renderer for Graphics {
    fn name(&self) -> &str {
        "Fine Graphics 9"
    }

    fn note(&self, vector: &[f32], pitch: u8) -> Result<Vec<f32>, Unrendered> {
        if self.made.fetch_add(1, Ordering::SeqCst) >= self.good {
            return Err(Unrendered::Processor("It was pulled out.".into()));
        }
        self.notes.note(vector, pitch, &Alone, &Cancel::default()).map_err(Unrendered::Note)
    }
}

/// An instance with a graphics processor that makes so many notes, and how many it was asked for.
fn with_graphics(good: usize) -> (Bench, Arc<AtomicUsize>) {
    let (tones, asked) = (Arc::new(Tones::default()), Arc::new(AtomicUsize::new(0)));
    let (shared, made) = (tones.clone(), asked.clone());
    let sources = Sources {
        load: Box::new(move || Ok(shared.clone())),
        cache: Box::new(|| None),
        graphics: Box::new(move |notes| {
            Ok(Box::new(Graphics { notes: notes.clone(), made: made.clone(), good }))
        }),
    };
    (Bench::of(false, tones, sources), asked)
}

#[test]
fn a_graphics_processor_that_is_lost_in_a_note_costs_nothing_but_speed() {
    let (mut bench, asked) = with_graphics(3);
    bench.engine.store.change(|d| d.set_compute(Choice::Gpu));
    bench.block(64, &[(0, on(60))]);
    bench.until("the whole keyboard", |b| b.ready().count_ones() == 61);
    assert_eq!(asked.load(Ordering::SeqCst), 4, "it is left alone after it broke down");
    let live = bench.engine.live();
    assert_eq!((live.compute.used.as_str(), live.compute.why.as_str()), ("CPU", "It was pulled out."));
    assert_eq!(live.status.text, "It was pulled out. The CPU renders the notes.");
}

#[test]
fn without_a_graphics_processor_only_those_hear_of_it_who_asked_for_one() {
    let mut bench = Bench::new(false);
    bench.until("the whole keyboard", |b| b.ready().count_ones() == 61);
    {
        let live = bench.engine.live();
        assert_eq!((live.compute.used.as_str(), live.compute.why.as_str()), ("CPU", "There is none."));
        assert_eq!(live.status.text, "");
    }
    bench.engine.store.change(|d| d.set_compute(Choice::Gpu));
    bench.engine.store.change(|d| d.put(0, Some(Origin::Seed(3))));
    bench.until("the sentence", |b| {
        b.engine.live().status.text == "There is none. The CPU renders the notes."
    });
}

/// What this computer has: a real graphics processor renders as the main one does, anything else is refused with a sentence.
#[cfg(feature = "gpu")]
#[test]
fn the_processor_of_this_computer_renders_or_is_refused() {
    let notes: Arc<dyn Notes> = super::weights::built_in().expect("loads");
    match super::compute::graphics(&notes) {
        Ok(renderer) => {
            let z = notes.vector(6);
            let sound = renderer.note(&z, 60).expect("a note");
            let expected = notes.note(&z, 60, &Alone, &Cancel::default()).expect("a note");
            let off = sound.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-2, "{}: {off}", renderer.name());
        }
        Err(why) => {
            assert!(why.contains("graphics processor") && why.ends_with('.'), "{why}");
            assert!(why.starts_with(|c: char| !c.is_lowercase()), "{why}");
        }
    }
}

#[test]
fn instruments_of_a_file_come_into_the_slot_and_the_list() {
    use super::session::carry_out;
    use crate::gui::keys::view::Action;
    let mut bench = Bench::new(false);
    bench.until("a zone", |b| b.ready() != 0);
    let folder = tempfile::tempdir().expect("a folder");
    let drop_in = |bench: &mut Bench, name: &str, text: &str, says: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        carry_out(&bench.engine, Action::Drop(vec![path]));
        bench.until(says, |b| b.engine.live().status.text.contains(says));
    };
    let before = bench.engine.store.slots().0;
    drop_in(&mut bench, "short.json", "[1, 2, 3]", "has 3 numbers, but this model needs 4");
    drop_in(&mut bench, "broken.npy", "nothing", "broken.npy: it is no NumPy file");
    assert_eq!(bench.engine.store.slots().0, before);
    drop_in(&mut bench, "Own.json", "[[1, 2, 3, 4], [5, 6, 7, 8]]", "2 instruments of your own");
    let first = Origin::Vector(vec![1.0, 2.0, 3.0, 4.0].into());
    assert_eq!(bench.engine.store.slots().0[0], Some(first.clone()));
    let names = |d: &super::document::Document| (d.name(&first), d.kept().len());
    assert_eq!(bench.engine.store.read(names).0, "Own 1");
    assert!(bench.engine.store.read(|d| d.kept().iter().any(|k| k.name == "Own 2")));
}
