//! A window without a screen, of either plugin, for its mouse and its keys.
use descant_plugin::gui::theme;
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, Ui, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

/// What is drawn, what the window remembers, and the actions of all frames so far.
pub struct World<V, S, A> {
    pub view: V,
    pub state: S,
    pub actions: Vec<A>,
}

pub struct Window<V: 'static, S: 'static, A: 'static>(pub Harness<'static, World<V, S, A>>);

impl<V, S: Default, A> Window<V, S, A> {
    pub fn new(view: V, size: Vec2, show: fn(&mut Ui, &V, &mut S) -> Vec<A>) -> Self {
        let world = World { view, state: S::default(), actions: Vec::new() };
        let mut window = Self(
            Harness::builder()
                .with_size(size)
                .with_step_dt(1.0 / 60.0)
                .with_context_setup(theme::install)
                .build_ui_state(
                    move |ui, w: &mut World<V, S, A>| {
                        let actions = show(ui, &w.view, &mut w.state);
                        w.actions.extend(actions);
                    },
                    world,
                ),
        );
        window.taken();
        window
    }

    pub fn frames(&mut self) {
        self.0.run_steps(3);
    }

    /// Long enough that the next click does not count as the second of the last one.
    pub fn pause(&mut self) {
        self.0.run_steps(40);
    }

    /// Actions since the last look.
    pub fn taken(&mut self) -> Vec<A> {
        self.frames();
        std::mem::take(&mut self.0.state_mut().actions)
    }

    pub fn rect(&self, label: &str) -> Rect {
        self.0.get_by_label(label).rect()
    }

    pub fn click(&mut self, label: &str) -> Vec<A> {
        self.0.get_by_label(label).click();
        self.taken()
    }

    pub fn key(&mut self, key: Key, modifiers: Modifiers) -> Vec<A> {
        self.0.key_press_modifiers(modifiers, key);
        self.taken()
    }

    fn button(&mut self, pos: Pos2, pressed: bool, modifiers: Modifiers) {
        let button = PointerButton::Primary;
        self.0.event(Event::PointerButton { pos, button, pressed, modifiers });
        self.0.step();
    }

    pub fn press(&mut self, at: Pos2, modifiers: Modifiers) {
        self.0.event(Event::ModifiersChanged(modifiers));
        self.0.event(Event::PointerMoved(at));
        self.0.step();
        self.button(at, true, modifiers);
    }

    pub fn release(&mut self, at: Pos2, modifiers: Modifiers) {
        self.button(at, false, modifiers);
        self.0.event(Event::ModifiersChanged(Modifiers::NONE));
        self.0.step();
    }

    pub fn drag(&mut self, from: Pos2, to: Pos2, modifiers: Modifiers) -> Vec<A> {
        self.press(from, modifiers);
        for i in 1..=4 {
            self.0.event(Event::PointerMoved(from + (to - from) * (i as f32 / 4.0)));
            self.0.step();
        }
        self.release(to, modifiers);
        self.taken()
    }

    pub fn double_click(&mut self, at: Pos2) -> Vec<A> {
        self.pause();
        for _ in 0..2 {
            self.press(at, Modifiers::NONE);
            self.release(at, Modifiers::NONE);
        }
        self.taken()
    }
}
