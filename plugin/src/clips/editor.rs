//! The window: what the host opens, the frame loop, parameter gestures.
//!
//! The window's thread. Draws by the pure function of [`crate::gui`]; what it returns is carried out here
//! (parameters, which only the host's gestures may change) and in [`super::session`] (all else).

use super::engine::Engine;
use super::params::{FIRST_WINDOW, MIN_WINDOW, Visitor};
use super::session::{Wish, carry_out};
use super::show;
use crate::gui::drag::DragOut;
use crate::gui::host_window::{HostWindow, Move, WindowFrame, count_edit, set};
use crate::gui::scale::Scale;
use crate::gui::view::{Action, StatusKind};
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::{Param, ParamSetter};
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};
use std::sync::Arc;
use std::time::Duration;

/// What the host opens.
pub type ClipsEditor = HostWindow<App>;

/// For one instance.
#[must_use]
pub fn new(engine: Arc<Engine>) -> ClipsEditor {
    let window = WindowFrame {
        title: "Descant Clips",
        size: engine.params.window.clone(),
        first: FIRST_WINDOW,
        least: MIN_WINDOW,
        scale: Scale::default(),
    };
    HostWindow::new(window.clone(), move || {
        // A host may never process; the window works all the same.
        engine.start();
        engine.gui.trigger.arm();
        engine.params.panics.arm();
        App::new(engine.clone(), window.clone())
    })
}

/// One open window.
pub struct App {
    engine: Arc<Engine>,
    window: WindowFrame,
    context: Option<GuiContext>,
    ui_state: crate::gui::clips::UiState,
    drag: DragOut,
    /// Document as the host knows it: generation and loads.
    known: (u64, u64),
}

impl App {
    fn new(engine: Arc<Engine>, window: WindowFrame) -> Self {
        let known = (engine.params.doc.generation(), engine.params.doc.loads());
        Self { engine, window, context: None, ui_state: Default::default(), drag: DragOut::default(), known }
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
            count_edit(&setter, &params.revision);
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
        self.window.scale.set(frame.baseview_window().scale_factor());
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
        self.window.resized(size);
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
            set(self.setter, param, value);
        }
    }
}
