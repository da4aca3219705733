//! A VST3 host in this process, just large enough: classes, buses, blocks with notes and automation, state,
//! and the editor with the run loop that Linux hosts offer.
//!
//! The interfaces are C; each `unsafe` block calls one of their functions with pointers that live in this file.

use crate::host::NoteEvent;
use anyhow::{Context as _, Result, anyhow, ensure};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_void};
use std::path::Path;
use std::sync::Mutex;
use vst3::Steinberg::Linux::*;
use vst3::Steinberg::Vst::*;
use vst3::Steinberg::*;
use vst3::{Class, ComPtr, ComWrapper, Interface};

/// The loaded library.
pub struct Module {
    factory: ComPtr<IPluginFactory>,
    // After the factory: it must outlive every object.
    _library: libloading::Library,
}

/// One class of the factory.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassInfo {
    /// The 16 bytes of the class id.
    pub id: TUID,
    /// Name.
    pub name: String,
    /// Category, `Audio Module Class` for plugins.
    pub category: String,
}

impl Module {
    /// Loads `Descant.vst3` (a folder) on Linux.
    pub fn load(bundle: &Path) -> Result<Self> {
        let name = bundle.file_stem().context("odd bundle name")?;
        let library = bundle.join("Contents/x86_64-linux").join(name).with_extension("so");
        // SAFETY: our own build; its initialisers follow the format's rules.
        let library = unsafe { libloading::Library::new(&library) }?;
        // SAFETY: signatures as the VST3 SDK documents them.
        let factory = unsafe {
            let entry = library.get::<unsafe extern "system" fn(*mut c_void) -> bool>(b"ModuleEntry\0")?;
            ensure!(entry(std::ptr::null_mut()), "ModuleEntry refused");
            let get =
                library.get::<unsafe extern "system" fn() -> *mut IPluginFactory>(b"GetPluginFactory\0")?;
            ComPtr::from_raw(get()).context("no factory")?
        };
        Ok(Self { factory, _library: library })
    }

    /// What a scan sees.
    pub fn classes(&self) -> Vec<ClassInfo> {
        // SAFETY: `info` is written by the call before it is read.
        unsafe {
            (0..self.factory.countClasses())
                .map(|i| {
                    let mut info: PClassInfo = std::mem::zeroed();
                    self.factory.getClassInfo(i, &mut info);
                    ClassInfo { id: info.cid, name: text(&info.name), category: text(&info.category) }
                })
                .collect()
        }
    }

    /// Makes and initialises an instance of the class with this name.
    pub fn create(&self, name: &str) -> Result<Instance> {
        let class = self
            .classes()
            .into_iter()
            .find(|c| c.name == name)
            .with_context(|| format!("no class named {name}"))?;
        let mut object = std::ptr::null_mut();
        // SAFETY: ids are 16 bytes; `object` receives an owned IComponent.
        let component = unsafe {
            let result = self.factory.createInstance(
                class.id.as_ptr(),
                IComponent::IID.as_ptr().cast::<c_char>(),
                &mut object,
            );
            ensure!(result == kResultOk, "createInstance: {result}");
            ComPtr::from_raw(object.cast::<IComponent>()).context("no component")?
        };
        let application = ComWrapper::new(Application).to_com_ptr::<FUnknown>().context("no host object")?;
        // SAFETY: `application` lives until the component took its own reference.
        ensure!(unsafe { component.initialize(application.as_ptr()) } == kResultOk, "initialize failed");
        let processor = component.cast::<IAudioProcessor>().context("no audio processor")?;
        let controller = component.cast::<IEditController>().context("no edit controller")?;
        Ok(Instance { component, processor, controller, _application: application })
    }
}

fn text(chars: &[c_char]) -> String {
    // SAFETY: reinterprets C chars as bytes of the same size; ends inside the array or at its end.
    let bytes = unsafe { std::slice::from_raw_parts(chars.as_ptr().cast::<u8>(), chars.len()) };
    CStr::from_bytes_until_nul(bytes).map_or_else(|_| String::new(), |c| c.to_string_lossy().into_owned())
}

fn wide(chars: &[char16]) -> String {
    let end = chars.iter().position(|&c| c == 0).unwrap_or(chars.len());
    String::from_utf16_lossy(&chars[..end])
}

struct Application;

impl Class for Application {
    type Interfaces = (IHostApplication,);
}

impl IHostApplicationTrait for Application {
    unsafe fn getName(&self, name: *mut String128) -> tresult {
        // SAFETY: the caller passes 128 UTF-16 units.
        let name = unsafe { &mut *name };
        name.fill(0);
        for (to, from) in name.iter_mut().zip("Descant test host".encode_utf16()) {
            *to = from as char16;
        }
        kResultOk
    }
    unsafe fn createInstance(&self, _: *mut TUID, _: *mut TUID, _: *mut *mut c_void) -> tresult {
        kNotImplemented
    }
}

/// One plugin instance. Component and controller are one object, as the framework builds them.
pub struct Instance {
    component: ComPtr<IComponent>,
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
    _application: ComPtr<FUnknown>,
}

/// The part of an instance that may process on another thread while the editor opens and closes.
pub struct Processor {
    processor: ComPtr<IAudioProcessor>,
    mode: ProcessModes,
}

// SAFETY: the format allows `process` on any one thread beside the main thread.
unsafe impl Send for Processor {}

/// A parameter of the controller.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Id for automation.
    pub id: u32,
    /// Title.
    pub title: String,
}

impl Instance {
    /// Note and audio buses: (event in, event out, audio in, audio out).
    #[must_use]
    pub fn buses(&self) -> (i32, i32, i32, i32) {
        let count = |media, direction| {
            // SAFETY: plain call.
            unsafe { self.component.getBusCount(media as i32, direction as i32) }
        };
        use {BusDirections_::*, MediaTypes_::*};
        (count(kEvent, kInput), count(kEvent, kOutput), count(kAudio, kInput), count(kAudio, kOutput))
    }

    /// All parameters.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        // SAFETY: `info` is written by the call before it is read.
        unsafe {
            (0..self.controller.getParameterCount())
                .map(|i| {
                    let mut info: ParameterInfo = std::mem::zeroed();
                    self.controller.getParameterInfo(i, &mut info);
                    Parameter { id: info.id, title: wide(&info.title) }
                })
                .collect()
        }
    }

    /// The controller's normalised value.
    #[must_use]
    pub fn value(&self, id: u32) -> f64 {
        // SAFETY: plain call.
        unsafe { self.controller.getParamNormalized(id) }
    }

    /// The normalised value for a text as a user would type it.
    pub fn value_of(&self, id: u32, text: &str) -> Result<f64> {
        let mut text: Vec<TChar> = text.encode_utf16().chain([0]).map(|unit| unit as TChar).collect();
        let mut value = 0.0;
        // SAFETY: the text ends with a zero; both live during the call.
        let result = unsafe { self.controller.getParamValueByString(id, text.as_mut_ptr(), &mut value) };
        ensure!(result == kResultOk, "parameter {id} does not understand the text");
        Ok(value)
    }

    /// Activates in real time with 32-bit samples and blocks of up to 4096.
    pub fn activate(&self, sample_rate: f64) -> Result<Processor> {
        self.activate_as(ProcessModes_::kRealtime, sample_rate)
    }

    /// The same for a bounce.
    pub fn activate_offline(&self, sample_rate: f64) -> Result<Processor> {
        self.activate_as(ProcessModes_::kOffline, sample_rate)
    }

    fn activate_as(&self, mode: ProcessModes, sample_rate: f64) -> Result<Processor> {
        let mut setup = ProcessSetup {
            processMode: mode as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            maxSamplesPerBlock: 4096,
            sampleRate: sample_rate,
        };
        // SAFETY: the structures live during the calls.
        unsafe {
            ensure!(self.processor.setupProcessing(&mut setup) == kResultOk, "setupProcessing failed");
            for (media, direction) in [
                (MediaTypes_::kEvent, BusDirections_::kInput),
                (MediaTypes_::kEvent, BusDirections_::kOutput),
                (MediaTypes_::kAudio, BusDirections_::kOutput),
            ] {
                self.component.activateBus(media as i32, direction as i32, 0, 1);
            }
            ensure!(self.component.setActive(1) == kResultOk, "setActive failed");
            self.processor.setProcessing(1);
        }
        Ok(Processor { processor: self.processor.clone(), mode })
    }

    /// Ends processing.
    pub fn deactivate(&self) {
        // SAFETY: plain calls in the order that the format asks for.
        unsafe {
            self.processor.setProcessing(0);
            self.component.setActive(0);
        }
    }

    /// Saves the state.
    pub fn save(&self) -> Result<Vec<u8>> {
        let stream = ComWrapper::new(Stream::default());
        let pointer = stream.to_com_ptr::<IBStream>().context("no stream")?;
        // SAFETY: `pointer` lives during the call.
        ensure!(unsafe { self.component.getState(pointer.as_ptr()) } == kResultOk, "getState failed");
        Ok(stream.bytes.borrow().clone())
    }

    /// Loads a state.
    pub fn load(&self, bytes: &[u8]) -> Result<()> {
        let stream = ComWrapper::new(Stream { bytes: RefCell::new(bytes.to_vec()), at: Cell::new(0) });
        let pointer = stream.to_com_ptr::<IBStream>().context("no stream")?;
        // SAFETY: `pointer` lives during the call.
        ensure!(unsafe { self.component.setState(pointer.as_ptr()) } == kResultOk, "setState refused");
        Ok(())
    }

    /// Opens the editor in an X11 window.
    ///
    /// # Safety
    /// The window must outlive the editor.
    pub unsafe fn open_editor(&self, window: u32) -> Result<Editor> {
        // SAFETY: the frame lives as long as the view; the window is the caller's promise.
        unsafe {
            let view = self.controller.createView(ViewType::kEditor);
            let view = ComPtr::from_raw(view).context("no editor")?;
            let frame = ComWrapper::new(Frame::default());
            let pointer = frame.to_com_ptr::<IPlugFrame>().context("no frame")?;
            view.setFrame(pointer.as_ptr());
            let result = view.attached(window as usize as *mut c_void, kPlatformTypeX11EmbedWindowID);
            ensure!(result == kResultOk, "attached: {result}");
            Ok(Editor { view, frame, _pointer: pointer })
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: last call before the references go.
        unsafe {
            self.component.terminate();
        }
    }
}

/// An open editor.
pub struct Editor {
    view: ComPtr<IPlugView>,
    frame: ComWrapper<Frame>,
    _pointer: ComPtr<IPlugFrame>,
}

impl Editor {
    /// Width and height that the view says it has.
    pub fn size(&self) -> Result<(i32, i32)> {
        let mut rect = ViewRect { left: 0, top: 0, right: 0, bottom: 0 };
        // SAFETY: the view lives and writes into `rect`.
        ensure!(unsafe { self.view.getSize(&mut rect) } == kResultOk, "getSize failed");
        Ok((rect.right - rect.left, rect.bottom - rect.top))
    }

    /// Width and height that the view asked for since it was attached.
    pub fn asked_for(&self) -> Option<(i32, i32)> {
        self.frame.asked.lock().ok().and_then(|asked| *asked)
    }

    /// One turn of the host's run loop: handlers read without blocking, so each may be called.
    pub fn pump(&self) {
        let handlers = self.frame.handlers.lock().map(|h| h.clone()).unwrap_or_default();
        for (handler, fd) in handlers {
            // SAFETY: registered and not yet unregistered.
            unsafe { handler.0.onFDIsSet(fd) };
        }
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // SAFETY: the view was attached.
        unsafe {
            self.view.removed();
            self.view.setFrame(std::ptr::null_mut());
        }
    }
}

#[derive(Clone)]
struct Handler(ComPtr<IEventHandler>);

// SAFETY: only the main thread calls it; the list it lies in is guarded by a mutex.
unsafe impl Send for Handler {}

/// Frame and run loop in one object, as hosts do.
#[derive(Default)]
struct Frame {
    handlers: Mutex<Vec<(Handler, FileDescriptor)>>,
    /// Width and height that the view asked for last.
    asked: Mutex<Option<(i32, i32)>>,
}

impl Class for Frame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, _: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: a rectangle of the caller's, or none.
        let Some(size) = (unsafe { size.as_ref() }) else { return kInvalidArgument };
        if let Ok(mut asked) = self.asked.lock() {
            *asked = Some((size.right - size.left, size.bottom - size.top));
        }
        kResultOk
    }
}

impl IRunLoopTrait for Frame {
    unsafe fn registerEventHandler(&self, handler: *mut IEventHandler, fd: FileDescriptor) -> tresult {
        // SAFETY: a valid interface; we take a reference of our own.
        let Some(handler) = (unsafe { vst3::ComRef::from_raw(handler) }) else { return kInvalidArgument };
        if let Ok(mut handlers) = self.handlers.lock() {
            handlers.push((Handler(handler.to_com_ptr()), fd));
        }
        kResultOk
    }
    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        if let Ok(mut handlers) = self.handlers.lock() {
            handlers.retain(|(h, _)| h.0.as_ptr() != handler);
        }
        kResultOk
    }
    unsafe fn registerTimer(&self, _: *mut ITimerHandler, _: TimerInterval) -> tresult {
        kNotImplemented
    }
    unsafe fn unregisterTimer(&self, _: *mut ITimerHandler) -> tresult {
        kNotImplemented
    }
}

/// State bytes in memory.
#[derive(Default)]
struct Stream {
    bytes: RefCell<Vec<u8>>,
    at: Cell<usize>,
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, count: int32, done: *mut int32) -> tresult {
        let bytes = self.bytes.borrow();
        let left = &bytes[self.at.get().min(bytes.len())..];
        let n = left.len().min(count.max(0) as usize);
        // SAFETY: the caller passes a buffer of `count` bytes; `done` may be null.
        unsafe {
            std::ptr::copy_nonoverlapping(left.as_ptr(), buffer.cast::<u8>(), n);
            if !done.is_null() {
                *done = n as int32;
            }
        }
        self.at.set(self.at.get() + n);
        kResultOk
    }
    unsafe fn write(&self, buffer: *mut c_void, count: int32, done: *mut int32) -> tresult {
        // SAFETY: the caller passes `count` readable bytes; `done` may be null.
        unsafe {
            let from = std::slice::from_raw_parts(buffer.cast::<u8>(), count.max(0) as usize);
            self.bytes.borrow_mut().extend_from_slice(from);
            if !done.is_null() {
                *done = count;
            }
        }
        self.at.set(self.bytes.borrow().len());
        kResultOk
    }
    unsafe fn seek(&self, position: int64, mode: int32, result: *mut int64) -> tresult {
        let length = self.bytes.borrow().len() as int64;
        let base = match mode {
            0 => 0,
            1 => self.at.get() as int64,
            _ => length,
        };
        let at = (base + position).clamp(0, length);
        self.at.set(at as usize);
        if !result.is_null() {
            // SAFETY: checked for null.
            unsafe { *result = at };
        }
        kResultOk
    }
    unsafe fn tell(&self, position: *mut int64) -> tresult {
        // SAFETY: the caller passes a valid pointer.
        unsafe { *position = self.at.get() as int64 };
        kResultOk
    }
}

/// Events in or out.
#[derive(Default)]
struct Events(RefCell<Vec<Event>>);

impl Class for Events {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for Events {
    unsafe fn getEventCount(&self) -> int32 {
        self.0.borrow().len() as int32
    }
    unsafe fn getEvent(&self, index: int32, event: *mut Event) -> tresult {
        match self.0.borrow().get(index.max(0) as usize) {
            Some(e) => {
                // SAFETY: the caller passes a valid pointer.
                unsafe { *event = *e };
                kResultOk
            }
            None => kInvalidArgument,
        }
    }
    unsafe fn addEvent(&self, event: *mut Event) -> tresult {
        // SAFETY: the caller passes a valid event.
        self.0.borrow_mut().push(unsafe { *event });
        kResultOk
    }
}

/// Automation points of one parameter in one block.
struct Queue {
    id: ParamID,
    value: ParamValue,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }
    unsafe fn getPointCount(&self) -> int32 {
        1
    }
    unsafe fn getPoint(&self, _: int32, offset: *mut int32, value: *mut ParamValue) -> tresult {
        // SAFETY: the caller passes valid pointers.
        unsafe {
            *offset = 0;
            *value = self.value;
        }
        kResultOk
    }
    unsafe fn addPoint(&self, _: int32, _: ParamValue, _: *mut int32) -> tresult {
        kNotImplemented
    }
}

struct Changes(Vec<ComPtr<IParamValueQueue>>);

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        self.0.len() as int32
    }
    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        self.0.get(index.max(0) as usize).map_or(std::ptr::null_mut(), ComPtr::as_ptr)
    }
    unsafe fn addParameterData(&self, _: *const ParamID, _: *mut int32) -> *mut IParamValueQueue {
        std::ptr::null_mut()
    }
}

/// The transport of one VST3 block.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Whether time runs.
    pub playing: bool,
    /// Position in quarter notes.
    pub beats: f64,
    /// Quarter notes per minute.
    pub tempo: f64,
    /// Samples per second.
    pub sample_rate: f64,
}

impl Processor {
    /// One block without notes going in; see [`Self::play`].
    pub fn block(
        &self,
        frames: usize,
        clock: &Clock,
        automation: &[(u32, f64)],
    ) -> Result<(Vec<NoteEvent>, f32)> {
        self.play(frames, clock, automation, &[])
    }

    /// One block; returns the notes that came out (times within the block, as those going in) and the audio's peak.
    pub fn play(
        &self,
        frames: usize,
        clock: &Clock,
        automation: &[(u32, f64)],
        notes: &[NoteEvent],
    ) -> Result<(Vec<NoteEvent>, f32)> {
        let mut left = vec![0.5_f32; frames];
        let mut right = vec![0.5_f32; frames];
        let mut channels = [left.as_mut_ptr(), right.as_mut_ptr()];
        let mut bus = AudioBusBuffers {
            numChannels: 2,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
        };
        // SAFETY: a plain C structure; zero is a valid value for every field.
        let mut context: ProcessContext = unsafe { std::mem::zeroed() };
        use ProcessContext_::StatesAndFlags_::*;
        context.state = kTempoValid | kTimeSigValid | kProjectTimeMusicValid | kBarPositionValid;
        if clock.playing {
            context.state |= kPlaying;
        }
        context.sampleRate = clock.sample_rate;
        context.tempo = clock.tempo;
        context.projectTimeMusic = clock.beats;
        context.barPositionMusic = (clock.beats / 4.0).floor() * 4.0;
        context.projectTimeSamples = (clock.beats * 60.0 / clock.tempo * clock.sample_rate).round() as i64;
        context.timeSigNumerator = 4;
        context.timeSigDenominator = 4;
        let queues = automation
            .iter()
            .map(|&(id, value)| ComWrapper::new(Queue { id, value }).to_com_ptr().context("no queue"))
            .collect::<Result<Vec<_>>>()?;
        let changes =
            ComWrapper::new(Changes(queues)).to_com_ptr::<IParameterChanges>().context("no changes")?;
        let input = Events(RefCell::new(notes.iter().map(event).collect()));
        let input = ComWrapper::new(input).to_com_ptr::<IEventList>().context("no events")?;
        let events = ComWrapper::new(Events::default());
        let output = events.to_com_ptr::<IEventList>().context("no events")?;
        let mut data = ProcessData {
            processMode: self.mode as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            numSamples: frames as i32,
            numInputs: 0,
            numOutputs: 1,
            inputs: std::ptr::null_mut(),
            outputs: &mut bus,
            inputParameterChanges: changes.as_ptr(),
            outputParameterChanges: std::ptr::null_mut(),
            inputEvents: input.as_ptr(),
            outputEvents: output.as_ptr(),
            processContext: &mut context,
        };
        // SAFETY: everything `data` points to lives until the end of this function.
        let result = unsafe { self.processor.process(&mut data) };
        if result != kResultOk {
            return Err(anyhow!("process: {result}"));
        }
        let peak = left.iter().chain(&right).fold(0.0_f32, |p, s| p.max(s.abs()));
        let notes = events.0.borrow().iter().filter_map(note).collect();
        Ok((notes, peak))
    }
}

fn event(note: &NoteEvent) -> Event {
    // SAFETY: a plain C structure; zero is a valid value for every field.
    let mut event: Event = unsafe { std::mem::zeroed() };
    event.sampleOffset = note.time as i32;
    let (channel, pitch, velocity) = (note.channel as i16, note.key as i16, note.velocity as f32);
    if note.on {
        event.r#type = Event_::EventTypes_::kNoteOnEvent as u16;
        event.__field0.noteOn = NoteOnEvent { channel, pitch, tuning: 0.0, velocity, length: 0, noteId: -1 };
    } else {
        event.r#type = Event_::EventTypes_::kNoteOffEvent as u16;
        event.__field0.noteOff = NoteOffEvent { channel, pitch, velocity, noteId: -1, tuning: 0.0 };
    }
    event
}

fn note(event: &Event) -> Option<NoteEvent> {
    let time = event.sampleOffset as u64;
    // SAFETY: the union's field is chosen by the event's type.
    unsafe {
        match u32::from(event.r#type) {
            Event_::EventTypes_::kNoteOnEvent => {
                let n = event.__field0.noteOn;
                Some(NoteEvent {
                    time,
                    on: true,
                    channel: n.channel as u16,
                    key: n.pitch as u16,
                    velocity: n.velocity.into(),
                })
            }
            Event_::EventTypes_::kNoteOffEvent => {
                let n = event.__field0.noteOff;
                Some(NoteEvent {
                    time,
                    on: false,
                    channel: n.channel as u16,
                    key: n.pitch as u16,
                    velocity: n.velocity.into(),
                })
            }
            _ => None,
        }
    }
}
