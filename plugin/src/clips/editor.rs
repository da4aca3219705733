//! The window: what the host opens, the frame loop, parameter gestures.
//!
//! The window's thread. Draws by the pure function of [`crate::gui`]; what it returns is carried out here
//! (parameters, which only the host's gestures may change) and in [`super::session`] (all else).

use super::engine::Engine;
use super::params::{FIRST_WINDOW, MIN_WINDOW, REVISIONS, Visitor};
use super::session::{Wish, carry_out};
use super::show;
use crate::gui::drag::DragOut;
use crate::gui::scale::Scale;
use crate::gui::view::{Action, Gesture, StatusKind};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize, Size};
use nice_plug::editor::{
    Editor, EditorHandle as _, HostMethods, ParentWindowHandle, ResizeHint, SizeConstraints, SpawnedEditor,
};
use nice_plug::prelude::{Param, ParamSetter};
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{EguiEditor, EguiEditorHandle, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp};
use nice_plug_egui::{RepaintNotifier, create_egui_editor};
use std::error::Error;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// What the host opens. Makes a fresh egui editor for every window, so that a size that was loaded with a
/// project counts.
pub struct ClipsEditor {
    engine: Arc<Engine>,
    repaint: RepaintNotifier,
    scale: Scale,
}

impl ClipsEditor {
    /// For one instance.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, repaint: RepaintNotifier::new(), scale: Scale::default() }
    }

    fn logical(&self) -> (u32, u32) {
        let (width, height) = *self.engine.params.window.read().unwrap_or_else(PoisonError::into_inner);
        // A size from a foreign project may be anything.
        let sane = |size: u32, min: u32, first: u32| if size > 10_000 { first } else { size.max(min) };
        (sane(width, MIN_WINDOW.0, FIRST_WINDOW.0), sane(height, MIN_WINDOW.1, FIRST_WINDOW.1))
    }

    fn editor(&self) -> Option<EguiEditor<App>> {
        let (width, height) = self.logical();
        let size = Size::Logical(LogicalSize::new(f64::from(width), f64::from(height)));
        let settings = EguiNiceSettings::new().with_tile("Descant Clips").with_resize_hint(hint());
        create_egui_editor(
            EguiEditorState::from_size(size, 1.0),
            self.repaint.clone(),
            settings,
            App::new(self.engine.clone(), self.scale.clone()),
        )
    }
}

fn hint() -> ResizeHint {
    ResizeHint {
        can_resize: true,
        can_resize_horizontally: true,
        can_resize_vertically: true,
        preserve_aspect_ratio: false,
        aspect_ratio_width: FIRST_WINDOW.0,
        aspect_ratio_height: FIRST_WINDOW.1,
        size_constraints: SizeConstraints::min_logical_size(LogicalSize::new(
            MIN_WINDOW.0 as f32,
            MIN_WINDOW.1 as f32,
        )),
    }
}

impl Editor for ClipsEditor {
    type Handle = EguiEditorHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let editor = self.editor().ok_or("the window could not be prepared")?;
        // A host may never process; the window works all the same.
        self.engine.start();
        self.engine.gui.trigger.arm();
        self.engine.params.panics.arm();
        #[cfg(all(unix, not(target_os = "macos")))]
        crate::gui::graphics::keep();
        let spawned = editor.spawn(parent, wait_for_parent, None, gui_context, host)?;
        // Told to a window that is there, the host's scale also resizes it; told to one that is made, it does not.
        if let Some(scale) = fallback_scale_factor {
            spawned.handle.set_fallback_scale_factor(scale, &spawned.window)?;
        }
        Ok(spawned)
    }

    /// In pixels of the screen, but on macOS in points. Exact while a window is open; before the first, at scale 1.
    fn size(&self) -> NativeSize<u32> {
        let (width, height) = self.logical();
        let size = Size::Logical(LogicalSize::new(f64::from(width), f64::from(height)));
        NativeSize::from_size(size, self.scale.get())
    }

    fn resize_hint(&self) -> ResizeHint {
        hint()
    }
}

/// One open window.
struct App {
    engine: Arc<Engine>,
    scale: Scale,
    context: Option<GuiContext>,
    ui_state: crate::gui::clips::UiState,
    drag: DragOut,
    /// Document as the host knows it: generation and loads.
    known: (u64, u64),
}

impl App {
    fn new(engine: Arc<Engine>, scale: Scale) -> Self {
        let known = (engine.params.doc.generation(), engine.params.doc.loads());
        Self { engine, scale, context: None, ui_state: Default::default(), drag: DragOut::default(), known }
    }

    fn apply(&self, action: Action, frame: &mut Frame) {
        let Some(context) = &self.context else { return };
        let setter = context.param_setter();
        match &action {
            Action::Param(id, gesture) => self.engine.params.visit(*id, Move { setter: &setter, gesture }),
            _ => {
                if let Some(Wish::Drag(path)) = carry_out(&self.engine, action) {
                    self.drag.start(path, frame);
                }
            }
        }
    }

    /// What the worker would like to be set, and the one sign by which a host learns that the project changed.
    fn tell_host(&mut self) {
        let Some(context) = &self.context else { return };
        let setter = context.param_setter();
        let params = &self.engine.params;
        let wishes = std::mem::take(&mut self.engine.live().wishes);
        for (id, index) in wishes {
            params.visit(id, Choose { setter: &setter, index });
        }
        let now = (params.doc.generation(), params.doc.loads());
        if now.1 == self.known.1 && now.0 != self.known.0 {
            let next = (params.revision.value() + 1) % (REVISIONS + 1);
            setter.begin_set_parameter(&params.revision);
            setter.set_parameter(&params.revision, next);
            setter.end_set_parameter(&params.revision);
        }
        self.known = now;
    }
}

impl NiceEguiApp for App {
    fn build(
        &mut self,
        egui_ctx: egui::Context,
        gui_context: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.scale.set(frame.baseview_window().scale_factor());
        crate::gui::theme::install(&egui_ctx);
        crate::library::look();
        self.context = Some(gui_context);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        let view = show::view(&self.engine);
        let lively = view.transport.playing || view.progress.is_some() || view.lesson.progress.is_some();
        for action in crate::gui::clips::show(ui, &view, &mut self.ui_state) {
            self.apply(action, frame);
        }
        if let Some(Err(why)) = self.drag.poll() {
            self.engine.say(StatusKind::Warn, why.to_string());
        }
        self.tell_host();
        // Fast while something moves; otherwise often enough that automation and worker show up.
        ui.ctx().request_repaint_after(Duration::from_millis(if lively { 16 } else { 100 }));
    }

    fn resized(&mut self, size: WindowSize) {
        self.scale.set(size.scale_factor);
        let (width, height) = (size.logical.width.round() as u32, size.logical.height.round() as u32);
        if width > 0 && height > 0 {
            *self.engine.params.window.write().unwrap_or_else(PoisonError::into_inner) = (width, height);
        }
    }
}

/// A gesture of the window on any parameter.
struct Move<'a> {
    setter: &'a ParamSetter<'a>,
    gesture: &'a Gesture,
}

impl Visitor for Move<'_> {
    type Result = ();

    fn visit<P: Param>(self, param: &P) {
        let whole = |value: P::Plain| {
            self.setter.begin_set_parameter(param);
            self.setter.set_parameter(param, value);
            self.setter.end_set_parameter(param);
        };
        match self.gesture {
            Gesture::Begin => self.setter.begin_set_parameter(param),
            // To a value that the parameter can have, so that host and plugin agree to the last bit.
            Gesture::Set(place) => {
                self.setter.set_parameter(param, param.preview_plain(place.clamp(0.0, 1.0)))
            }
            Gesture::End => self.setter.end_set_parameter(param),
            Gesture::Reset => whole(param.default_plain_value()),
            Gesture::Text(text) => {
                if let Some(place) = param.string_to_normalized_value(text) {
                    whole(param.preview_plain(place));
                }
            }
        }
    }
}

/// Sets a stepped parameter to its `index`-th value.
struct Choose<'a> {
    setter: &'a ParamSetter<'a>,
    index: usize,
}

impl Visitor for Choose<'_> {
    type Result = ();

    fn visit<P: Param>(self, param: &P) {
        let Some(steps) = param.step_count().filter(|s| *s >= self.index && *s > 0) else { return };
        let value = param.preview_plain(self.index as f32 / steps as f32);
        if param.unmodulated_plain_value() != value {
            self.setter.begin_set_parameter(param);
            self.setter.set_parameter(param, value);
            self.setter.end_set_parameter(param);
        }
    }
}
