//! Descant Clips: the MIDI effect. This file is what the host calls; the audio thread's part of it is
//! [`Clips::process`], which never allocates, locks, waits (but in an offline render), frees or logs.

pub mod between;
pub mod capture;
pub mod chords;
pub mod document;
pub mod editor;
pub mod engine;
pub mod files;
pub mod import;
pub mod lesson;
pub mod live;
pub mod more;
pub mod morph;
pub mod pad;
pub mod params;
pub mod playable;
pub mod player;
pub mod session;
pub mod shell;
pub mod show;
pub mod state;
mod thru;
pub mod timeline;

#[cfg(test)]
mod player_tests;

use crate::bridge::{AudioSide, Moment, Played, Snapshot, Trigger, bridge, loading_state};
use crate::library::Models;
use descant_core::music::{Meter, TICKS_PER_QUARTER, Ticks};
use descant_core::sound::{Audition, Sound};
use engine::Engine;
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;
use params::{ClipsParams, LiveMode};
use playable::{Spot, Start};
use player::{Event, Player, Settings};
use std::sync::Arc;
use std::time::Duration;
use thru::Thru;
use timeline::{Plan, Timeline, Transport as HostTime};

/// An offline render waits this long for a take at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// The plugin.
pub struct Clips {
    params: Arc<ClipsParams>,
    engine: Arc<Engine>,
    audio: AudioSide,
    timeline: Timeline,
    player: Player,
    thru: Thru,
    audition: Audition,
    offline: bool,
    audible: bool,
    /// Presses of Panic that have been answered.
    panics: u64,
}

impl Default for Clips {
    /// Cheap: hosts make instances while they scan. No thread, no file, no model.
    fn default() -> Self {
        let trigger = Arc::new(Trigger::default());
        let params = Arc::new(ClipsParams::new(trigger.clone()));
        let (audio, worker, gui) = bridge(trigger);
        let engine = Engine::new(params.clone(), gui, worker, Arc::new(Models));
        Self {
            params,
            engine,
            audio,
            timeline: Timeline::new(48_000.0),
            player: Player::default(),
            thru: Thru::default(),
            audition: Audition::new(),
            offline: false,
            audible: false,
            panics: 0,
        }
    }
}

impl Drop for Clips {
    fn drop(&mut self) {
        self.engine.stop();
    }
}

impl Plugin for Clips {
    const NAME: &'static str = "Descant Clips";
    const VENDOR: &'static str = "Descant";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Some hosts refuse a plugin without an audio output.
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: None,
        main_output_channels: NonZeroU32::new(2),
        ..AudioIOLayout::const_default()
    }];
    const MIDI_INPUT: MidiConfig = MidiConfig::Basic;
    const MIDI_OUTPUT: MidiConfig = MidiConfig::Basic;
    /// Splitting blocks at parameter changes breaks the framework's song position.
    const SAMPLE_ACCURATE_AUTOMATION: bool = false;

    type Editor = editor::ClipsEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        Some(editor::new(self.engine.clone()))
    }

    fn filter_state(state: &mut PluginState) {
        loading_state(true);
        state::prepare(&mut state.fields);
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.timeline.set_sample_rate(f64::from(config.sample_rate));
        self.audition.prepare(config.sample_rate);
        self.offline = config.process_mode == ProcessMode::Offline;
        if let Some(next) = self.audio.latest() {
            // An answer is for the song as it was.
            let start = if next.start.is_answer() { next.start } else { Start::Now };
            drop(self.player.set_clip(next.clip, start));
        }
        self.audio.hurry(self.offline);
        self.audio.trigger.arm();
        self.params.panics.arm();
        self.engine.start();
        true
    }

    fn reset(&mut self) {
        // The table of sounding notes stays: their note-offs leave with the next block.
        self.audition.all_off();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        if self.offline {
            // A bounce must hold what was asked for, so here the audio thread may wait.
            self.audio.trigger.wait(PATIENCE);
            if self.params.live_mode.value() != LiveMode::Off {
                self.audio.wait_for_worker(PATIENCE);
            }
            if self.params.between.ahead() != self.player.ahead() {
                self.audio.wait_for_round(PATIENCE);
            }
        }
        let panics = self.params.panics.asked();
        let panic = std::mem::replace(&mut self.panics, panics) != panics;
        if panic {
            self.timeline.interrupt();
            self.audition.all_off();
        }
        while let Some(next) = self.audio.next_clip() {
            let displaced = self.player.set_clip(next.clip, next.start);
            self.audio.discard(displaced);
        }
        let frames = buffer.samples() as u32;
        let on = self.params.play.value() && !self.params.bypass.value();
        let transport = host_time(context.transport());
        let own_tempo = f64::from(self.params.own_tempo.value());
        let plan = self.timeline.plan(&transport, frames, own_tempo, on);
        self.audio.moment(moment(plan, &self.player, &self.params, (self.audio.received(), self.panics), on));
        let channels = self.params.channels();
        let (morph, pad) = (self.params.between.place(), self.params.between.spot());
        let settings = Settings { on, quantum: self.params.quantum(), channels, spot: Spot { morph, pad } };
        let level = self.params.audition.value() / 100.0;
        self.audible = level > 0.0 && on;

        let mut out =
            Out { context, thru: &mut self.thru, audio: &mut self.audio, plan, last: 0, next: None };
        out.settle();
        if panic {
            out.release_played();
            self.player.panic(&mut |event| out.send(event));
        }
        out.next = out.context.next_event();
        let (audition, audible) = (&mut self.audition, self.audible);
        self.player.process(plan, frames, settings, &mut |event| {
            let sent = out.send(event);
            if sent && audible {
                let sound = if event.drum { Sound::Drums } else { Sound::Keys };
                match event.velocity {
                    Some(velocity) => audition.note_on(sound, event.sound, velocity, event.sample as usize),
                    None => audition.note_off(sound, event.sound, event.sample as usize),
                }
            }
            sent
        });
        out.finish();
        let retired = self.player.take_retired();
        self.audio.discard(retired);
        self.publish(&transport);
        self.sound(buffer, level);
        ProcessStatus::KeepAlive
    }
}

impl Clips {
    fn publish(&self, transport: &HostTime) {
        let plan = self.timeline.last();
        let tick = plan.tick(0).0.floor() as Ticks;
        let bar = plan.grid.meter.bar_ticks();
        let playhead = self.player.playhead(tick, plan.grid).filter(|_| plan.running);
        self.audio.telemetry.publish(&Snapshot {
            tempo: plan.tempo,
            meter: plan.grid.meter,
            bar: (tick - plan.grid.phase).div_euclid(bar) + 1,
            playing: plan.running,
            host: transport.host,
            playhead,
        });
    }

    fn sound(&mut self, buffer: &mut Buffer, level: f32) {
        let channels = buffer.as_slice();
        if !self.audible && !self.audition.is_silent() {
            self.audition.all_off();
        }
        match channels {
            [left, right, ..] if self.audible || !self.audition.is_silent() => {
                if self.audible {
                    self.audition.set_level(level);
                }
                self.audition.render(left, right);
            }
            _ => channels.iter_mut().for_each(|c| c.fill(0.0)),
        }
    }
}

/// The way out to the host: merges what came in with what the player plays, in order of time.
struct Out<'a, C: ProcessContext<Clips>> {
    context: &'a mut C,
    thru: &'a mut Thru,
    audio: &'a mut AudioSide,
    plan: &'a Plan,
    /// Sample of the last event sent.
    last: u32,
    next: Option<PluginNoteEvent<Clips>>,
}

impl<C: ProcessContext<Clips>> Out<'_, C> {
    /// Note-offs of notes passed through that the host had no room for.
    fn settle(&mut self) {
        let context = &mut *self.context;
        self.thru.settle(|channel, key| context.try_send_event(note(0, channel, key, None)).is_ok());
    }

    /// Note-offs of all notes passed through that sound.
    fn release_played(&mut self) {
        let context = &mut *self.context;
        self.thru.release_all(|channel, key| context.try_send_event(note(0, channel, key, None)).is_ok());
    }

    /// A note of the player, after all that came in before it.
    fn send(&mut self, event: Event) -> bool {
        while let Some(incoming) = self.next.take() {
            if incoming.timing() > event.sample {
                self.next = Some(incoming);
                break;
            }
            self.pass(incoming);
            self.next = self.context.next_event();
        }
        let sample = event.sample.max(self.last);
        self.last = sample;
        self.context.try_send_event(note(sample, event.channel, event.pitch, event.velocity)).is_ok()
    }

    fn finish(mut self) {
        while let Some(incoming) = self.next.take() {
            self.pass(incoming);
            self.next = self.context.next_event();
        }
    }

    fn pass(&mut self, incoming: PluginNoteEvent<Clips>) {
        // Hosts send in order; one that does not must not make our output unsorted.
        let sample = incoming.timing().max(self.last);
        self.last = sample;
        match incoming {
            NoteEvent::NoteOn { channel: Channel::Number(c), key: Key::Number(k), velocity, .. }
                if velocity > 0.0 =>
            {
                let strength = (velocity * 127.0).round().clamp(1.0, 127.0) as u8;
                self.capture(sample, c, k, Some(strength));
                let context = &mut *self.context;
                let event = retimed(incoming, sample);
                self.thru.on(c, k, || context.try_send_event(event).is_ok());
            }
            NoteEvent::NoteOn { channel: Channel::Number(c), key: Key::Number(k), .. }
            | NoteEvent::NoteOff { channel: Channel::Number(c), key: Key::Number(k), .. }
            | NoteEvent::Choke { channel: Channel::Number(c), key: Key::Number(k), .. } => {
                self.capture(sample, c, k, None);
                let context = &mut *self.context;
                let event = retimed(incoming, sample);
                self.thru.off(c, k, || context.try_send_event(event).is_ok());
            }
            other if other.timing() == sample => {
                let _ = self.context.try_send_event(other);
            }
            _ => {}
        }
    }

    fn capture(&mut self, sample: u32, channel: u8, pitch: u8, velocity: Option<u8>) {
        let (tick, epoch) = self.plan.tick(sample);
        let (grid, tempo, running) = (self.plan.grid, self.plan.tempo, self.plan.running);
        self.audio.played(Played { tick, epoch, running, channel, pitch, velocity, grid, tempo });
    }
}

/// Where the song is at the start of a block. `on`: the player is on.
fn moment(
    plan: &Plan,
    player: &Player,
    params: &ClipsParams,
    (received, panics): (u64, u64),
    on: bool,
) -> Moment {
    let (tick, epoch) = plan.tick(0);
    let tick = tick.round() as Ticks;
    Moment {
        mode: params.live_mode.value(),
        tick,
        epoch,
        running: plan.running && on,
        grid: plan.grid,
        sounding: player.now_playing(tick, plan.grid),
        waiting: player.is_waiting(),
        received,
        panics,
    }
}

fn retimed(event: PluginNoteEvent<Clips>, sample: u32) -> PluginNoteEvent<Clips> {
    match event {
        NoteEvent::NoteOn { voice_id, channel, key, velocity, .. } => {
            NoteEvent::NoteOn { timing: sample, voice_id, channel, key, velocity }
        }
        NoteEvent::NoteOff { voice_id, channel, key, velocity, .. } => {
            NoteEvent::NoteOff { timing: sample, voice_id, channel, key, velocity }
        }
        NoteEvent::Choke { voice_id, channel, key, .. } => {
            NoteEvent::Choke { timing: sample, voice_id, channel, key }
        }
        other => other,
    }
}

fn note(timing: u32, channel: u8, key: u8, velocity: Option<u8>) -> PluginNoteEvent<Clips> {
    let (channel, key, voice_id) = (Channel::Number(channel), Key::Number(key), VoiceID::Wildcard);
    match velocity {
        Some(v) => NoteEvent::NoteOn { timing, voice_id, channel, key, velocity: f32::from(v) / 127.0 },
        None => NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 },
    }
}

fn host_time(host: &Transport) -> HostTime {
    let ticks = |beats: f64| beats * TICKS_PER_QUARTER as f64;
    let position = host.pos_beats();
    let meter = host
        .time_sig_numerator
        .zip(host.time_sig_denominator)
        .and_then(|(n, d)| Meter::new(u8::try_from(n).ok()?, u8::try_from(d).ok()?));
    HostTime {
        host: host.playing || host.tempo.is_some() || position.is_some(),
        playing: host.playing,
        tempo: host.tempo,
        position: position.map(ticks),
        loop_range: host.loop_range_beats().map(|(start, end)| (ticks(start), ticks(end))),
        meter,
        bar_start: host.bar_start_pos_beats().map(ticks),
    }
}

impl ClapPlugin for Clips {
    const CLAP_ID: &'static str = "org.descant.clips";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("Writes drum grooves and melodies, or continues yours, on the host's timeline");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[ClapFeature::NoteEffect, ClapFeature::Utility];
}

impl Vst3Plugin for Clips {
    const VST3_CLASS_ID: [u8; 16] = *b"DescantClips0001";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Instrument, Vst3SubCategory::Tools];
}
