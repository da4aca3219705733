//! Keeps decoded what may be wanted at any moment, the clips between A and B and those around a take, and lets them
//! play while their switches are on.
//!
//! Looked at in every round; costs next to nothing while nothing has changed.

use super::{Generator, Worker};
use crate::clips::engine::Engine;
use crate::clips::morph::{Ahead, Ends, Marks, POSITIONS, Table, places};
use crate::clips::pad::Around;
use crate::gui::view::StatusKind;
use descant_core::music::Clip;
use descant_core::tool::{Cancel, SQUARE_SIDE};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard};

/// What clips are decoded from ahead.
trait Kept: Clone + PartialEq {
    /// Clips that there are.
    const COUNT: usize;
    /// What to say where the model breaks.
    const STUMBLED: &str;

    /// Where they are kept.
    fn shelf(engine: &Engine) -> MutexGuard<'_, Ahead<Self>>;
    /// What the worker saw when it looked last.
    fn seen(worker: &mut Worker) -> &mut Option<Marks>;
    /// Its switch.
    fn plays(marks: &Marks) -> bool;
    /// What is wanted now.
    fn wanted(engine: &Engine) -> Result<Option<Self>, String>;
    /// All clips, in one batch.
    fn decode(
        &self,
        generator: &dyn Generator,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String>;
}

impl Kept for Ends {
    const COUNT: usize = POSITIONS;
    const STUMBLED: &str = "The model stumbled over these two clips.";

    fn shelf(engine: &Engine) -> MutexGuard<'_, Ahead<Self>> {
        engine.morph()
    }

    fn seen(worker: &mut Worker) -> &mut Option<Marks> {
        &mut worker.morphed
    }

    fn plays(marks: &Marks) -> bool {
        marks.plays.0
    }

    fn wanted(engine: &Engine) -> Result<Option<Self>, String> {
        engine.ends()
    }

    fn decode(
        &self,
        generator: &dyn Generator,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String> {
        generator.between(&self.request(), &places().collect::<Vec<_>>(), cancel, progress)
    }
}

impl Kept for Around {
    const COUNT: usize = SQUARE_SIDE * SQUARE_SIDE;
    const STUMBLED: &str = "The model stumbled over this take.";

    fn shelf(engine: &Engine) -> MutexGuard<'_, Ahead<Self>> {
        engine.square()
    }

    fn seen(worker: &mut Worker) -> &mut Option<Marks> {
        &mut worker.padded
    }

    fn plays(marks: &Marks) -> bool {
        marks.plays.1
    }

    fn wanted(engine: &Engine) -> Result<Option<Self>, String> {
        engine.around()
    }

    fn decode(
        &self,
        generator: &dyn Generator,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String> {
        generator.around(&self.0, cancel, progress)
    }
}

impl Worker {
    fn marks(&self) -> Marks {
        let params = &self.engine.params;
        Marks {
            generation: params.doc.generation(),
            loads: params.doc.loads(),
            model: params.model.value(),
            tool: params.tool.value(),
            plays: (params.between.morph_plays.value(), params.between.pad_plays.value()),
        }
    }

    /// Decodes what has changed between A and B and tells the player.
    pub(super) fn keep_morph(&mut self) {
        self.keep::<Ends>();
    }

    /// The same around the take of the pad.
    pub(super) fn keep_pad(&mut self) {
        self.keep::<Around>();
    }

    fn keep<K: Kept>(&mut self) {
        let marks = self.marks();
        if *K::seen(self) == Some(marks) {
            return;
        }
        *K::seen(self) = Some(marks);
        let engine = self.engine.clone();
        let before = K::shelf(&engine).decoded.clone();
        let known = |of: &K| before.as_ref().filter(|table| table.of == *of).cloned();
        let decoded = match K::wanted(&engine) {
            // Nobody asks: what is there may be wanted again.
            Ok(None) if !K::plays(&marks) => return play::<K>(&engine, false, false),
            Ok(None) => Ok(None),
            Ok(Some(of)) => match known(&of) {
                Some(table) => Ok(Some(table)),
                None => match self.decode(of, marks) {
                    Ok(Some(table)) => Ok(Some(Arc::new(table))),
                    // Something else is wanted: what plays goes on, and the next round begins anew.
                    Ok(None) => return *K::seen(self) = None,
                    Err(why) => Err(why),
                },
            },
            Err(why) => Err(why),
        };
        let problem = decoded.as_ref().err().cloned();
        if let Some(why) = problem.clone() {
            engine.say(StatusKind::Warn, why);
        }
        let table = decoded.unwrap_or(None);
        let new = table.as_ref().map(Arc::as_ptr) != before.as_ref().map(Arc::as_ptr);
        let plays = K::plays(&marks) && table.is_some();
        {
            let mut shelf = K::shelf(&engine);
            shelf.decoded = table;
            shelf.problem = problem;
        }
        play::<K>(&engine, plays, new);
    }

    /// Decodes all clips in one batch; none if something else is wanted meanwhile.
    fn decode<K: Kept>(&mut self, of: K, marks: Marks) -> Result<Option<Table<K>>, String> {
        let engine = self.engine.clone();
        let cancel = Cancel::default();
        engine.live().cancel = Some(cancel.clone());
        K::shelf(&engine).busy = true;
        let clips = catch_unwind(AssertUnwindSafe(|| {
            of.decode(&*engine.generator, &cancel, &mut |_| {
                self.look();
                if self.marks() != marks {
                    cancel.cancel();
                }
            })
        }));
        K::shelf(&engine).busy = false;
        engine.live().cancel = None;
        match clips {
            _ if cancel.is_cancelled() => Ok(None),
            Err(_) => Err(K::STUMBLED.into()),
            Ok(Err(why)) => Err(why),
            Ok(Ok(clips)) if clips.len() != K::COUNT => Err("The model wrote nothing there.".into()),
            Ok(Ok(clips)) => Ok(Some(Table { of, clips: clips.into_iter().map(Arc::new).collect() })),
        }
    }
}

/// Tells the player, if that is news. `new`: so are the clips.
fn play<K: Kept>(engine: &Engine, plays: bool, new: bool) {
    let before = K::shelf(engine).plays;
    if plays != before || (plays && new) {
        engine.play_ahead(|engine| K::shelf(engine).plays = plays);
    }
}
