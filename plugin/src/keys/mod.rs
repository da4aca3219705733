//! Descant Keys: the instrument. This file is what the host calls; the audio thread's part of it is [`Player::process`],
//! which never allocates, locks, waits (but in an offline render), frees or logs.
pub mod bridge;
pub mod cache;
pub mod compute;
pub mod document;
pub mod editor;
pub mod engine;
pub mod export;
pub mod params;
pub mod piece;
pub mod plan;
pub mod player;
pub mod presets;
pub mod session;
pub mod show;
pub mod state;
pub mod studio;
pub mod vectors;
pub mod weights;
pub mod worker;

#[cfg(test)]
mod tests;

use crate::bridge::{Trigger, loading_state};
use descant_core::sound::instrument::{Controller, Expression, Which};
use engine::Engine;
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;
use params::KeysParams;
use player::{Event, Player};
use std::sync::Arc;
use std::time::Duration;

/// Name of the document among the state's fields.
const FIELD: &str = "doc";
/// An offline render waits this long for a press of Random at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// The plugin.
pub struct Keys {
    params: Arc<KeysParams>,
    engine: Arc<Engine>,
    player: Player,
    offline: bool,
}

impl Default for Keys {
    /// Cheap: hosts make instances while they scan. No thread, no file, no model.
    fn default() -> Self {
        let random = Arc::new(Trigger::default());
        let params = Arc::new(KeysParams::new(random.clone()));
        let (audio, side, keyboard) = bridge::bridge(params.doc.generation());
        let sources = engine::Sources {
            load: Box::new(weights::built_in),
            cache: Box::new(cache::Cache::of_user),
            graphics: Box::new(compute::graphics),
        };
        let engine = Engine::new(params.doc.clone(), random, side, keyboard, sources);
        Self { params, engine, player: Player::new(audio), offline: false }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.engine.stop();
    }
}

impl Plugin for Keys {
    const NAME: &'static str = "Descant Keys";
    const VENDOR: &'static str = "Descant";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: None,
        main_output_channels: NonZeroU32::new(2),
        ..AudioIOLayout::const_default()
    }];
    /// Pedals and pitch bend.
    const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = editor::KeysEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        Some(editor::new(self.params.clone(), self.engine.clone()))
    }

    fn filter_state(state: &mut PluginState) {
        loading_state(true);
        // So that the document's field is reached, and ends what was begun here.
        let readable = state.fields.get(FIELD).is_some_and(|json| {
            json.trim_start().starts_with('{') && serde_json::from_str::<state::Saved>(json).is_ok()
        });
        if !readable {
            state.fields.insert(FIELD.into(), r#"{"version":0}"#.into());
        }
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.offline = config.process_mode == ProcessMode::Offline;
        self.player.prepare(config.sample_rate, self.offline);
        self.engine.random.arm();
        self.engine.start();
        true
    }

    fn reset(&mut self) {
        self.player.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        if self.offline {
            self.engine.random.wait(PATIENCE);
        }
        let settings = self.params.settings();
        let host = &mut Events(context);
        match buffer.as_slice() {
            [left, right, ..] => self.player.process(settings, host, left, right),
            channels => channels.iter_mut().for_each(|c| c.fill(0.0)),
        }
        ProcessStatus::KeepAlive
    }
}

/// The events of a block.
struct Events<'a, C>(&'a mut C);

impl<C: ProcessContext<Keys>> player::Host for Events<'_, C> {
    fn next(&mut self) -> Option<(u32, Event)> {
        loop {
            let incoming = self.0.next_event()?;
            if let Some(event) = event(incoming) {
                return Some((incoming.timing(), event));
            }
        }
    }

    fn ended(&mut self, sample: u32, which: Which) {
        // Only a hint: a host whose buffer is full does without.
        let _ = self.0.try_send_event(NoteEvent::VoiceTerminated {
            timing: sample,
            voice_id: which.id.map_or(VoiceID::Wildcard, VoiceID::ID),
            channel: which.channel.map_or(Channel::Wildcard, Channel::Number),
            key: which.key.map_or(Key::Wildcard, Key::Number),
        });
    }
}

/// What a host's event means here.
fn event(incoming: PluginNoteEvent<Keys>) -> Option<Event> {
    let which = || Which {
        channel: incoming.channel().and_then(|c| c.number()),
        key: match incoming {
            NoteEvent::NoteOff { key, .. }
            | NoteEvent::Choke { key, .. }
            | NoteEvent::PolyPressure { key, .. }
            | NoteEvent::PolyVolume { key, .. }
            | NoteEvent::PolyPan { key, .. }
            | NoteEvent::PolyTuning { key, .. }
            | NoteEvent::PolyVibrato { key, .. }
            | NoteEvent::PolyExpression { key, .. }
            | NoteEvent::PolyBrightness { key, .. } => key.number(),
            _ => None,
        },
        id: incoming.voice_id().and_then(|id| id.id()),
    };
    Some(match incoming {
        NoteEvent::NoteOn { channel, key, voice_id, velocity, .. } => Event::NoteOn {
            channel: channel.number().unwrap_or(0),
            key: key.number_or_middle_c(),
            id: voice_id.id(),
            velocity,
        },
        NoteEvent::NoteOff { .. } => Event::NoteOff(which()),
        NoteEvent::Choke { .. } => Event::Choke(which()),
        NoteEvent::PolyPressure { pressure, .. } => Event::Express(which(), Expression::Pressure(pressure)),
        NoteEvent::PolyVolume { gain, .. } => Event::Express(which(), Expression::Volume(gain)),
        NoteEvent::PolyPan { pan, .. } => Event::Express(which(), Expression::Pan(pan)),
        NoteEvent::PolyTuning { tuning, .. } => Event::Express(which(), Expression::Tuning(tuning)),
        NoteEvent::PolyVibrato { vibrato, .. } => Event::Express(which(), Expression::Vibrato(vibrato)),
        NoteEvent::PolyExpression { expression, .. } => {
            Event::Express(which(), Expression::Expression(expression))
        }
        NoteEvent::PolyBrightness { brightness, .. } => {
            Event::Express(which(), Expression::Brightness(brightness))
        }
        NoteEvent::MidiChannelPressure { channel, pressure, .. } => {
            Event::Control(channel, Controller::Pressure(pressure))
        }
        NoteEvent::MidiPitchBend { channel, value, .. } => Event::Control(channel, Controller::Bend(value)),
        NoteEvent::MidiCC { channel, cc, value, .. } => Event::Control(channel, Controller::midi(cc, value)?),
        NoteEvent::MidiProgramChange { program, .. } => Event::Program(program),
        _ => return None,
    })
}

impl ClapPlugin for Keys {
    const CLAP_ID: &'static str = "org.descant.keys";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("Plays sounds that a network renders, and morphs between them");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::Instrument, ClapFeature::Synthesizer, ClapFeature::Stereo];
}

impl Vst3Plugin for Keys {
    const VST3_CLASS_ID: [u8; 16] = *b"DescantKeys00001";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Instrument, Vst3SubCategory::Synth];
}
