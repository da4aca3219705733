//! [`HostWindow`]: what a host opens to see a plugin's page, and [`Move`], a gesture of the page on a parameter.
//!
//! The host's main thread; the page runs on the window's. The same for both plugins.
use super::scale::Scale;
use super::view::{Gesture, ParamState};
use crate::clips::params::{REVISIONS, Visitor};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize, Size};
use nice_plug::editor::{
    Editor, EditorHandle as _, HostMethods, ParentWindowHandle, ResizeHint, SizeConstraints, SpawnedEditor,
};
use nice_plug::prelude::{IntParam, Param, ParamSetter};
use nice_plug_egui::baseview::WindowSize;
use nice_plug_egui::{EguiEditor, EguiEditorHandle, EguiEditorState, EguiNiceSettings, NiceEguiApp};
use nice_plug_egui::{RepaintNotifier, create_egui_editor};
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};

/// How large a window is, in points. Shared by an editor, its windows and the saved state.
#[derive(Clone)]
pub struct WindowFrame {
    /// Title.
    pub title: &'static str,
    /// As it was left.
    pub size: Arc<RwLock<(u32, u32)>>,
    /// Of a new instance.
    pub first: (u32, u32),
    /// Smallest.
    pub least: (u32, u32),
    /// Pixels per point.
    pub scale: Scale,
}

impl WindowFrame {
    fn logical(&self) -> (u32, u32) {
        let (width, height) = *self.size.read().unwrap_or_else(PoisonError::into_inner);
        // A size from a foreign project may be anything.
        let sane = |size: u32, min: u32, first: u32| if size > 10_000 { first } else { size.max(min) };
        (sane(width, self.least.0, self.first.0), sane(height, self.least.1, self.first.1))
    }

    fn size(&self) -> Size {
        let (width, height) = self.logical();
        Size::Logical(LogicalSize::new(f64::from(width), f64::from(height)))
    }

    fn hint(&self) -> ResizeHint {
        ResizeHint {
            can_resize: true,
            can_resize_horizontally: true,
            can_resize_vertically: true,
            preserve_aspect_ratio: false,
            aspect_ratio_width: self.first.0,
            aspect_ratio_height: self.first.1,
            size_constraints: SizeConstraints::min_logical_size(LogicalSize::new(
                self.least.0 as f32,
                self.least.1 as f32,
            )),
        }
    }

    /// A window was resized.
    pub fn resized(&self, size: WindowSize) {
        self.scale.set(size.scale_factor);
        let (width, height) = (size.logical.width.round() as u32, size.logical.height.round() as u32);
        if width > 0 && height > 0 {
            *self.size.write().unwrap_or_else(PoisonError::into_inner) = (width, height);
        }
    }
}

/// Makes a fresh egui editor for every window, so that a size that was loaded with a project counts.
pub struct HostWindow<A> {
    frame: WindowFrame,
    repaint: RepaintNotifier,
    app: Box<dyn Fn() -> A + Send>,
}

impl<A: NiceEguiApp> HostWindow<A> {
    /// `app` makes one open window's page.
    pub fn new(frame: WindowFrame, app: impl Fn() -> A + Send + 'static) -> Self {
        Self { frame, repaint: RepaintNotifier::new(), app: Box::new(app) }
    }

    fn editor(&self) -> Option<EguiEditor<A>> {
        let settings =
            EguiNiceSettings::new().with_tile(self.frame.title).with_resize_hint(self.frame.hint());
        let state = EguiEditorState::from_size(self.frame.size(), 1.0);
        create_egui_editor(state, self.repaint.clone(), settings, (self.app)())
    }
}

impl<A: NiceEguiApp> Editor for HostWindow<A> {
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
        #[cfg(all(unix, not(target_os = "macos")))]
        super::graphics::keep();
        let spawned = editor.spawn(parent, wait_for_parent, None, gui_context, host)?;
        // Told to a window that is there, the host's scale also resizes it; told to one that is made, it does not.
        if let Some(scale) = fallback_scale_factor {
            spawned.handle.set_fallback_scale_factor(scale, &spawned.window)?;
        }
        Ok(spawned)
    }

    /// In pixels of the screen, but on macOS in points. Exact while a window is open; before the first, at scale 1.
    fn size(&self) -> NativeSize<u32> {
        NativeSize::from_size(self.frame.size(), self.frame.scale.get())
    }

    fn resize_hint(&self) -> ResizeHint {
        self.frame.hint()
    }
}

/// A whole gesture: a parameter has another value.
pub fn set<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

/// Counts an edit of the document: the one sign by which a host learns that the project changed.
pub fn count_edit(setter: &ParamSetter<'_>, revision: &IntParam) {
    set(setter, revision, (revision.value() + 1) % (REVISIONS + 1));
}

/// A gesture of the window on any parameter.
pub struct Move<'a> {
    /// The way to the host.
    pub setter: &'a ParamSetter<'a>,
    /// The gesture.
    pub gesture: &'a Gesture,
}

impl Visitor for Move<'_> {
    type Result = ();

    fn visit<P: Param>(self, param: &P) {
        let whole = |value| set(self.setter, param, value);
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

/// What a parameter looks like now; with the names of its values if `choices`.
pub struct State {
    /// Whether its values have names.
    pub choices: bool,
}

impl Visitor for State {
    type Result = ParamState;

    fn visit<P: Param>(self, param: &P) -> ParamState {
        let steps = param.step_count();
        let names = |steps: usize| {
            let place = |i: usize| i as f32 / steps as f32;
            (0..=steps).map(|i| param.normalized_value_to_string(place(i), true)).collect()
        };
        ParamState {
            normalised: param.unmodulated_normalized_value(),
            default: param.default_normalized_value(),
            text: param.normalized_value_to_string(param.unmodulated_normalized_value(), true),
            steps,
            choices: steps.filter(|_| self.choices).map(names).unwrap_or_default(),
        }
    }
}
