//! A CLAP host in this process. The main thread owns the instance; blocks are processed on another thread, as
//! in a DAW, inside [`Host::audio`].

use crate::transport::Transport;
use anyhow::{Context as _, Result, anyhow, bail};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, HostGui, HostGuiImpl, PluginGui, Window};
use clack_extensions::latency::PluginLatency;
use clack_extensions::log::{HostLog, HostLogImpl, LogSeverity};
use clack_extensions::note_ports::PluginNotePorts;
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamInfoBuffer,
    ParamRescanFlags, PluginParams,
};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::{HostState, HostStateImpl, PluginState};
use clack_extensions::thread_check::{HostThreadCheck, HostThreadCheckImpl};
use clack_host::events::Match;
use clack_host::events::event_types::{
    MidiEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent, NoteOnEvent, ParamValueEvent,
};
use clack_host::events::io::{EventBuffer, OutputEventBuffer, TryPushError};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{Pckn, UnknownEvent};
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::ThreadId;

/// Largest block this host ever sends.
pub const MAX_FRAMES: usize = 4096;

/// A message of the plugin's log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// How bad.
    pub severity: LogSeverity,
    /// Text.
    pub text: String,
}

/// What the plugin may call from any thread.
pub struct Shared {
    callback: AtomicBool,
    dirty: AtomicU32,
    log: Mutex<Vec<LogLine>>,
    main_thread: ThreadId,
}

impl<'a> SharedHandler<'a> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.callback.store(true, Ordering::SeqCst);
    }
}

impl HostLogImpl for Shared {
    fn log(&self, severity: LogSeverity, message: &str) {
        if let Ok(mut log) = self.log.lock() {
            log.push(LogLine { severity, text: message.to_owned() });
        }
    }
}

impl HostThreadCheckImpl for Shared {
    fn is_main_thread(&self) -> bool {
        std::thread::current().id() == self.main_thread
    }
    fn is_audio_thread(&self) -> bool {
        std::thread::current().id() != self.main_thread
    }
}

impl HostParamsImplShared for Shared {
    fn request_flush(&self) {}
}

impl HostGuiImpl for Shared {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, _: GuiSize) -> Result<(), HostError> {
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _: bool) {}
}

/// What the plugin may call from the main thread.
pub struct Main<'a> {
    shared: &'a Shared,
}

impl<'a> MainThreadHandler<'a> for Main<'a> {}

impl HostParamsImplMainThread for Main<'_> {
    fn rescan(&self, _: ParamRescanFlags) {}
    fn clear(&self, _: ClapId, _: ParamClearFlags) {}
}

impl HostStateImpl for Main<'_> {
    fn mark_dirty(&self) {
        self.shared.dirty.fetch_add(1, Ordering::SeqCst);
    }
}

/// This host's handler types.
pub struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Shared;
    type MainThread<'a> = Main<'a>;
    type AudioProcessor<'a> = ();
    fn declare_extensions(builder: &mut HostExtensions<Self>, _: &Shared) {
        builder
            .register::<HostLog>()
            .register::<HostThreadCheck>()
            .register::<HostParams>()
            .register::<HostState>()
            .register::<HostGui>();
    }
}

/// A note event, in or out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoteEvent {
    /// Sample within the block (in) or since the session began (out of [`Audio::block`]).
    pub time: u64,
    /// On or off.
    pub on: bool,
    /// MIDI channel 0..=15.
    pub channel: u16,
    /// Key 0..=127.
    pub key: u16,
    /// 0..=1.
    pub velocity: f64,
}

/// One parameter as the host sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// CLAP id.
    pub id: u32,
    /// Position in the list.
    pub index: u32,
    /// Lowest, highest, default value (normalised by the framework).
    pub range: (f64, f64, f64),
}

/// One plugin instance, seen from the main thread.
pub struct Host {
    // Dropped before the instance that it belongs to.
    processor: Option<PluginAudioProcessor<Handlers>>,
    instance: PluginInstance<Handlers>,
    params: BTreeMap<String, Param>,
    sample_rate: f64,
    steady: u64,
}

impl Host {
    /// Loads the bundle and makes an active instance of the plugin with this CLAP id.
    pub fn open(bundle: &Path, id: &str, sample_rate: f64) -> Result<Self> {
        let mut host = Self::open_inactive(bundle, id)?;
        host.activate(sample_rate)?;
        Ok(host)
    }

    /// Like [`Host::open`], before activation.
    pub fn open_inactive(bundle: &Path, id: &str) -> Result<Self> {
        // SAFETY: the library is our own build; its entry follows CLAP's rules.
        let entry = unsafe { PluginEntry::load(bundle) }
            .map_err(|e| anyhow!("{} could not be loaded: {e}", bundle.display()))?;
        let info = HostInfo::new("Descant test host", "Descant", "", env!("CARGO_PKG_VERSION"))?;
        let mut instance = PluginInstance::<Handlers>::new(
            |()| Shared {
                callback: AtomicBool::new(false),
                dirty: AtomicU32::new(0),
                log: Mutex::new(Vec::new()),
                main_thread: std::thread::current().id(),
            },
            |shared| Main { shared },
            &entry,
            &CString::new(id)?,
            &info,
        )
        .map_err(|e| anyhow!("{id} could not be instantiated: {e}"))?;
        let params = read_params(&mut instance);
        Ok(Self { processor: None, instance, params, sample_rate: 0.0, steady: 0 })
    }

    /// Ids and names of the plugins in a bundle: what a scan does.
    pub fn scan(bundle: &Path) -> Result<Vec<(String, String)>> {
        // SAFETY: as above.
        let entry = unsafe { PluginEntry::load(bundle) }.map_err(|e| anyhow!("{e}"))?;
        let factory = entry.get_plugin_factory().context("no plugin factory")?;
        let text =
            |s: Option<&std::ffi::CStr>| s.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(factory.plugin_descriptors().map(|d| (text(d.id()), text(d.name()))).collect())
    }

    /// Activates, or activates anew with another sample rate.
    pub fn activate(&mut self, sample_rate: f64) -> Result<()> {
        self.deactivate();
        let configuration = PluginAudioConfiguration {
            sample_rate,
            min_frames_count: 1,
            max_frames_count: MAX_FRAMES as u32,
        };
        let processor =
            self.instance.activate(|_, _| (), configuration).map_err(|e| anyhow!("activate: {e}"))?;
        self.processor = Some(processor.into());
        self.sample_rate = sample_rate;
        Ok(())
    }

    /// Stops processing and deactivates.
    pub fn deactivate(&mut self) {
        if let Some(processor) = self.processor.take() {
            self.instance.deactivate(processor.into_stopped());
        }
    }

    /// Samples per second.
    #[must_use]
    pub fn sample_rate(&self) -> f64 {
        self.sample_rate
    }

    /// Lets the plugin do what it asked the main thread for.
    pub fn idle(&mut self) {
        if self.instance.access_shared_handler(|s| s.callback.swap(false, Ordering::SeqCst)) {
            self.instance.call_on_main_thread_callback();
        }
    }

    /// The plugin's log so far.
    pub fn log(&self) -> Vec<LogLine> {
        self.instance.access_shared_handler(|s| s.log.lock().map(|l| l.clone()).unwrap_or_default())
    }

    /// Real time or bouncing: a bounce waits for the worker.
    pub fn set_offline(&mut self, offline: bool) -> Result<()> {
        let handle = self.instance.plugin_handle();
        let render: PluginRender = handle.get_extension().context("no render extension")?;
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        render.set(&handle, mode).map_err(|e| anyhow!("{e}"))
    }

    /// All parameters by name.
    #[must_use]
    pub fn params(&self) -> &BTreeMap<String, Param> {
        &self.params
    }

    /// Normalised value of a parameter.
    pub fn param(&mut self, name: &str) -> Result<f64> {
        let id = self.param_id(name)?;
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().context("no parameters")?;
        params.get_value(&handle, id).context("no value")
    }

    /// Text that the plugin shows for a normalised value.
    pub fn param_text(&mut self, name: &str, value: f64) -> Result<String> {
        let id = self.param_id(name)?;
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().context("no parameters")?;
        let mut buffer = [0; 256];
        let text = params.value_to_text(&handle, id, value, &mut buffer).map_err(|e| anyhow!("{e:?}"))?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// Normalised value for a text as a user would type it.
    pub fn param_value(&mut self, name: &str, text: &str) -> Result<f64> {
        let id = self.param_id(name)?;
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().context("no parameters")?;
        params
            .text_to_value(&handle, id, &CString::new(text)?)
            .with_context(|| format!("{name} does not understand {text:?}"))
    }

    fn param_id(&self, name: &str) -> Result<ClapId> {
        let param = self.params.get(name).with_context(|| format!("no parameter named {name:?}"))?;
        ClapId::from_raw(param.id).context("odd parameter id")
    }

    /// An event that sets a parameter, for [`Block::events`]: by the text a user would type.
    pub fn set(&mut self, time: u32, name: &str, text: &str) -> Result<In> {
        let value = self.param_value(name, text)?;
        self.set_normalised(time, name, value)
    }

    /// Like [`Host::set`], with a normalised value.
    pub fn set_normalised(&mut self, time: u32, name: &str, value: f64) -> Result<In> {
        Ok(In::Param { time, id: self.param_id(name)?, value })
    }

    /// Number of note ports (in, out).
    pub fn note_ports(&mut self) -> Result<(u32, u32)> {
        let handle = self.instance.plugin_handle();
        let ports: PluginNotePorts = handle.get_extension().context("no note ports")?;
        Ok((ports.count(&handle, true), ports.count(&handle, false)))
    }

    /// Latency in samples.
    pub fn latency(&mut self) -> u32 {
        let handle = self.instance.plugin_handle();
        handle.get_extension::<PluginLatency>().map_or(0, |l| l.get(&handle))
    }

    /// Saves the state.
    pub fn save(&mut self) -> Result<Vec<u8>> {
        let handle = self.instance.plugin_handle();
        let state: PluginState = handle.get_extension().context("no state")?;
        let mut bytes = Vec::new();
        state.save(&handle, &mut bytes).map_err(|e| anyhow!("{e}"))?;
        Ok(bytes)
    }

    /// Loads a state through short reads, as hosts with buffered files do. `Err` means that the plugin refused it.
    pub fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let handle = self.instance.plugin_handle();
        let state: PluginState = handle.get_extension().context("no state")?;
        state.load(&handle, &mut ShortReads(bytes)).map_err(|e| anyhow!("{e}"))
    }

    /// Opens the window inside an X11 window of ours; how large it says it is.
    ///
    /// # Safety
    /// The X11 window must live until [`Host::close_window`].
    pub unsafe fn open_window(&mut self, parent: u32) -> Result<(u32, u32)> {
        // SAFETY: passed on to the caller.
        unsafe { self.open_window_at(parent, None) }
    }

    /// The same by a host that names the screen's scale.
    ///
    /// # Safety
    /// As [`Host::open_window`].
    pub unsafe fn open_window_at(&mut self, parent: u32, scale: Option<f64>) -> Result<(u32, u32)> {
        let handle = self.instance.plugin_handle();
        let gui: PluginGui = handle.get_extension().context("no GUI")?;
        let configuration = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
        gui.create(&handle, configuration).map_err(|e| anyhow!("{e}"))?;
        if let Some(scale) = scale {
            gui.set_scale(&handle, scale).map_err(|e| anyhow!("{e}"))?;
        }
        let size = gui.get_size(&handle).unwrap_or(GuiSize { width: 0, height: 0 });
        // SAFETY: passed on to the caller.
        unsafe { gui.set_parent(&handle, Window::from_x11_handle(parent.into())) }
            .map_err(|e| anyhow!("{e}"))?;
        gui.show(&handle).map_err(|e| anyhow!("{e}"))?;
        Ok((size.width, size.height))
    }

    /// Asks for another size of the open window.
    pub fn resize_window(&mut self, width: u32, height: u32) -> Result<()> {
        let handle = self.instance.plugin_handle();
        let gui: PluginGui = handle.get_extension().context("no GUI")?;
        gui.set_size(&handle, GuiSize { width, height }).map_err(|e| anyhow!("{e}"))
    }

    /// Closes the window.
    pub fn close_window(&mut self) {
        let handle = self.instance.plugin_handle();
        if let Some(gui) = handle.get_extension::<PluginGui>() {
            gui.destroy(&handle);
        }
    }

    /// Runs `work` on another thread with the audio side of the instance.
    pub fn audio<R: Send>(&mut self, work: impl FnOnce(&mut Audio<'_>) -> R + Send) -> Result<R> {
        let processor = self.processor.as_mut().context("not active")?;
        let mut audio = Audio::new(processor, self.sample_rate, self.steady);
        let result = std::thread::scope(|s| {
            let thread = s.spawn(|| {
                let result = work(&mut audio);
                (result, audio.steady)
            });
            thread.join()
        });
        match result {
            Ok((result, steady)) => {
                self.steady = steady;
                self.idle();
                Ok(result)
            }
            Err(_) => bail!("the audio thread panicked"),
        }
    }
}

struct ShortReads<'a>(&'a [u8]);

impl std::io::Read for ShortReads<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = buffer.len().min(self.0.len()).min(1000);
        let (now, rest) = self.0.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.0 = rest;
        Ok(n)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.deactivate();
    }
}

fn read_params(instance: &mut PluginInstance<Handlers>) -> BTreeMap<String, Param> {
    let handle = instance.plugin_handle();
    let Some(params) = handle.get_extension::<PluginParams>() else { return BTreeMap::new() };
    (0..params.count(&handle))
        .filter_map(|index| {
            let mut buffer = ParamInfoBuffer::new();
            let info = params.get_info(&handle, index, &mut buffer)?;
            let name = String::from_utf8_lossy(info.name).into_owned();
            let range = (info.min_value, info.max_value, info.default_value);
            Some((name, Param { id: info.id.get(), index, range }))
        })
        .collect()
}

/// An event for the plugin.
#[derive(Clone, Copy, Debug)]
pub enum In {
    /// A note; `time` within the block.
    Note(NoteEvent),
    /// A parameter change.
    Param {
        /// Sample within the block.
        time: u32,
        /// Which.
        id: ClapId,
        /// Normalised value.
        value: f64,
    },
    /// A MIDI message: controllers, pitch bend, program changes.
    Midi {
        /// Sample within the block.
        time: u32,
        /// Status and data bytes.
        data: [u8; 3],
    },
    /// A note is tuned.
    Tuning {
        /// Sample within the block.
        time: u32,
        /// Its key on channel 0.
        key: u16,
        /// Semitones.
        semitones: f64,
    },
}

/// The audio side of an instance, on the audio thread.
pub struct Audio<'a> {
    processor: &'a mut PluginAudioProcessor<Handlers>,
    ports: AudioPorts,
    /// Left and right output of the last block.
    pub out: [Vec<f32>; 2],
    /// Ends of voices that the plugin told: samples since the first block, keys.
    pub ended: Vec<(u64, u16)>,
    /// How many output events the plugin may send per block.
    pub capacity: usize,
    /// Sample rate.
    pub sample_rate: f64,
    steady: u64,
}

/// Collects output events, up to a capacity: a full buffer refuses, as real hosts' do.
struct Sink<'a> {
    capacity: usize,
    base: u64,
    order_error: Option<(u32, u32)>,
    last: u32,
    notes: &'a mut Vec<NoteEvent>,
    ended: &'a mut Vec<(u64, u16)>,
    count: usize,
}

impl OutputEventBuffer for Sink<'_> {
    fn try_push(&mut self, event: &UnknownEvent) -> Result<(), TryPushError> {
        if self.count >= self.capacity {
            return Err(TryPushError::new());
        }
        self.count += 1;
        let time = event.header().time();
        if time < self.last {
            self.order_error.get_or_insert((self.last, time));
        }
        self.last = time;
        let specific = |m: Match<u16>| match m {
            Match::Specific(v) => v,
            Match::All => u16::MAX,
        };
        let note = |on, pckn: Pckn, velocity| NoteEvent {
            time: self.base + u64::from(time),
            on,
            channel: specific(pckn.channel),
            key: specific(pckn.key),
            velocity,
        };
        match event.as_core_event() {
            Some(CoreEventSpace::NoteOn(n)) => self.notes.push(note(true, n.pckn(), n.velocity())),
            Some(CoreEventSpace::NoteOff(n)) => self.notes.push(note(false, n.pckn(), n.velocity())),
            Some(CoreEventSpace::NoteEnd(n)) => {
                self.ended.push((self.base + u64::from(time), specific(n.pckn().key)));
            }
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Audio<'a> {
    fn new(processor: &'a mut PluginAudioProcessor<Handlers>, sample_rate: f64, steady: u64) -> Self {
        Self {
            processor,
            ports: AudioPorts::with_capacity(2, 1),
            out: [vec![0.0; MAX_FRAMES], vec![0.0; MAX_FRAMES]],
            ended: Vec::new(),
            capacity: usize::MAX,
            sample_rate,
            steady,
        }
    }

    /// Samples since the first block.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.steady
    }

    /// One block. Output notes are appended to `notes` with times since the first block of the session.
    pub fn block(
        &mut self,
        frames: u32,
        transport: Option<&Transport>,
        events: &[In],
        notes: &mut Vec<NoteEvent>,
    ) -> Result<()> {
        let mut input = EventBuffer::new();
        for event in events {
            match *event {
                In::Note(n) => {
                    let pckn = Pckn::new(0_u16, n.channel, n.key, Match::All);
                    let time = u32::try_from(n.time).context("note time lies outside the block")?;
                    if n.on {
                        input.push(&NoteOnEvent::new(time, pckn, n.velocity));
                    } else {
                        input.push(&NoteOffEvent::new(time, pckn, n.velocity));
                    }
                }
                In::Param { time, id, value } => {
                    input.push(&ParamValueEvent::new(time, id, Pckn::match_all(), value));
                }
                In::Midi { time, data } => input.push(&MidiEvent::new(time, 0, data)),
                In::Tuning { time, key, semitones } => {
                    let pckn = Pckn::new(0_u16, 0_u16, key, Match::All);
                    let tuning = NoteExpressionType::Tuning;
                    input.push(&NoteExpressionEvent::new(time, pckn, tuning, semitones));
                }
            }
        }
        let frames = frames as usize;
        for channel in &mut self.out {
            // Rubbish, so that a plugin that forgets to write silence is caught.
            channel[..frames].fill(0.5);
        }
        let mut sink = Sink {
            capacity: self.capacity,
            base: self.steady,
            order_error: None,
            last: 0,
            notes,
            ended: &mut self.ended,
            count: 0,
        };
        let mut buffers = self.ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(self.out.iter_mut().map(|c| &mut c[..frames])),
        }]);
        self.processor.ensure_processing_started().map_err(|e| anyhow!("{e}"))?;
        let event = transport.map(Transport::event);
        self.processor
            .as_started_mut()
            .map_err(|e| anyhow!("{e}"))?
            .process(
                &InputAudioBuffers::empty(),
                &mut buffers,
                &InputEvents::from_buffer(&input),
                &mut OutputEvents::from_buffer(&mut sink),
                Some(self.steady),
                event.as_ref(),
            )
            .map_err(|e| anyhow!("process: {e}"))?;
        if let Some((before, after)) = sink.order_error {
            bail!("output events are not sorted: {before} before {after}");
        }
        self.steady += frames as u64;
        Ok(())
    }
}
