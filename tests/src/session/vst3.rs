//! A session through the VST3 bundle.

use super::{Block, Plugin};
use crate::host::{In, NoteEvent};
use crate::vst3_host::{Clock, Instance, Module, Processor};
use crate::{bundle, clips, state};
use anyhow::{Context as _, Result, anyhow};
use clack_host::utils::ClapId;
use descant_plugin::clips::document::Content;

/// An active instance that bounces.
pub struct Vst3 {
    processor: Processor,
    instance: Instance,
    // Last: it must outlive the others.
    _module: Module,
}

impl Vst3 {
    /// Descant Clips from the bundle under test.
    pub fn open() -> Result<Self> {
        let module = Module::load(&bundle::vst3()?)?;
        let instance = module.create("Descant Clips")?;
        let processor = instance.activate_offline(clips::RATE)?;
        Ok(Self { processor, instance, _module: module })
    }

    fn parameter(&self, name: &str) -> Result<u32> {
        let found = self.instance.parameters().into_iter().find(|p| p.title == name);
        Ok(found.with_context(|| format!("no parameter named {name:?}"))?.id)
    }
}

impl Plugin for Vst3 {
    fn set(&mut self, name: &str, text: &str) -> Result<In> {
        let value = self.instance.value_of(self.parameter(name)?, text)?;
        self.set_normalised(name, value)
    }

    fn set_normalised(&mut self, name: &str, value: f64) -> Result<In> {
        let id = ClapId::from_raw(self.parameter(name)?).context("odd parameter id")?;
        Ok(In::Param { time: 0, id, value })
    }

    fn blocks(&mut self, blocks: &[Block]) -> Result<Vec<NoteEvent>> {
        let processor = &mut self.processor;
        let bounce = move || -> Result<Vec<NoteEvent>> {
            let (mut all, mut begin) = (Vec::new(), 0);
            for Block { frames, transport, events } in blocks {
                let clock = Clock {
                    playing: transport.playing,
                    beats: transport.beats(),
                    tempo: transport.tempo(),
                    sample_rate: clips::RATE,
                };
                let (mut notes, mut automation) = (Vec::new(), Vec::new());
                for event in events {
                    match *event {
                        In::Note(note) => notes.push(note),
                        In::Param { id, value, .. } => automation.push((id.get(), value)),
                        In::Midi { .. } | In::Tuning { .. } => {
                            return Err(anyhow!("sessions play notes and parameters"));
                        }
                    }
                }
                let (out, _) = processor.play(*frames as usize, &clock, &automation, &notes)?;
                all.extend(out.into_iter().map(|n| NoteEvent { time: n.time + begin, ..n }));
                begin += u64::from(*frames);
            }
            Ok(all)
        };
        std::thread::scope(|s| s.spawn(bounce).join()).map_err(|_| anyhow!("the audio thread panicked"))?
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        self.instance.save()
    }

    fn document(&mut self) -> Result<Content> {
        state::vst3_document(&self.save()?)
    }
}

impl Drop for Vst3 {
    fn drop(&mut self) {
        self.instance.deactivate();
    }
}
