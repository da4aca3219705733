//! The window of Keys: the frame loop, parameter gestures.
//!
//! The window's thread. Draws by the pure function of [`crate::gui::keys`]; what it returns is carried out here
//! (parameters, which only the host's gestures may change) and in [`super::session`] (all else).
use super::engine::Engine;
use super::params::KeysParams;
use super::session::{Wish, carry_out};
use super::show;
use crate::gui::drag::DragOut;
use crate::gui::host_window::{HostWindow, Move, WindowFrame, count_edit};
use crate::gui::keys::{DEFAULT_SIZE, MIN_SIZE, UiState};
use crate::gui::scale::Scale;
use crate::gui::view::StatusKind;
use nice_plug::context::gui::GuiContext;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};
use std::sync::Arc;
use std::time::Duration;

/// What the host opens.
pub type KeysEditor = HostWindow<App>;

/// For one instance.
#[must_use]
pub fn new(params: Arc<KeysParams>, engine: Arc<Engine>) -> KeysEditor {
    let window = WindowFrame {
        title: "Descant Keys",
        size: params.window.clone(),
        first: DEFAULT_SIZE,
        least: MIN_SIZE,
        scale: Scale::default(),
    };
    HostWindow::new(window.clone(), move || {
        // A host may never process; the window works all the same.
        engine.start();
        engine.random.arm();
        App::new(params.clone(), engine.clone(), window.clone())
    })
}

/// One open window.
pub struct App {
    params: Arc<KeysParams>,
    engine: Arc<Engine>,
    window: WindowFrame,
    context: Option<GuiContext>,
    ui_state: UiState,
    drag: DragOut,
    /// Edits that the host knows of.
    known: u64,
    open: bool,
}

impl App {
    fn new(params: Arc<KeysParams>, engine: Arc<Engine>, window: WindowFrame) -> Self {
        let known = engine.store.edits();
        let (ui_state, drag) = (UiState::default(), DragOut::default());
        Self { params, engine, window, context: None, ui_state, drag, known, open: false }
    }

    /// Counts windows, and lets go what the mouse held in one that closes.
    fn opened(&mut self, open: bool) {
        if std::mem::replace(&mut self.open, open) != open {
            self.engine.window(open);
            if let Some(key) = self.ui_state.release() {
                self.engine.press(key, 0.0);
            }
        }
    }

    fn fulfil(&self, wish: Wish, frame: &mut Frame) {
        match wish {
            Wish::Drag(path) => self.drag.start(path, frame),
            Wish::Param(knob, gesture) => {
                if let Some(context) = &self.context {
                    self.params.visit(knob, Move { setter: &context.param_setter(), gesture: &gesture });
                }
            }
        }
    }

    /// The one sign by which a host learns that the project changed.
    fn tell_host(&mut self) {
        let Some(context) = &self.context else { return };
        let now = self.engine.store.edits();
        if std::mem::replace(&mut self.known, now) != now {
            count_edit(&context.param_setter(), &self.params.revision);
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.opened(false);
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
        self.context = Some(gui_context);
        self.opened(true);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        let view = show::view(&self.engine, &self.params);
        for action in crate::gui::keys::show(ui, &view, &mut self.ui_state) {
            for wish in carry_out(&self.engine, action) {
                self.fulfil(wish, frame);
            }
        }
        if let Some(Err(why)) = self.drag.poll() {
            self.engine.say(StatusKind::Warn, why.to_string());
        }
        self.tell_host();
        // Often enough that automation and the worker show up; faster while a note sounds, see the page.
        ui.ctx().request_repaint_after(Duration::from_millis(100));
    }

    fn resized(&mut self, size: WindowSize) {
        self.window.resized(size);
    }

    fn editor_closed(&mut self) {
        self.opened(false);
    }
}
