//! Keeps the clips between A and B decoded while they may be wanted, and lets them play while the switch is on.
//!
//! Looked at in every round; costs next to nothing while nothing has changed.

use super::Worker;
use crate::clips::morph::{Ends, Marks, Table, places};
use crate::gui::view::StatusKind;
use descant_core::tool::Cancel;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

impl Worker {
    fn marks(&self) -> Marks {
        let params = &self.engine.params;
        Marks {
            generation: params.doc.generation(),
            loads: params.doc.loads(),
            model: params.model.value(),
            tool: params.tool.value(),
            plays: params.between.morph_plays.value(),
        }
    }

    /// Decodes what has changed and tells the player.
    pub(super) fn keep_morph(&mut self) {
        let marks = self.marks();
        if self.morphed == Some(marks) {
            return;
        }
        self.morphed = Some(marks);
        let engine = self.engine.clone();
        let before = engine.morph().decoded.clone();
        let known = |ends: &Ends| before.as_ref().filter(|table| table.ends == *ends).cloned();
        let decoded = match engine.ends() {
            // Nobody asks: what is there may be wanted again.
            Ok(None) if !marks.plays => return self.play(false, false),
            Ok(None) => Ok(None),
            Ok(Some(ends)) => match known(&ends) {
                Some(table) => Ok(Some(table)),
                None => match self.decode(ends, marks) {
                    Ok(Some(table)) => Ok(Some(Arc::new(table))),
                    // Something else is wanted: what plays goes on, and the next round begins anew.
                    Ok(None) => return self.morphed = None,
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
        let plays = marks.plays && table.is_some();
        {
            let mut morph = engine.morph();
            morph.decoded = table;
            morph.problem = problem;
        }
        self.play(plays, new);
    }

    /// Tells the player, if that is news. `new`: so are the clips.
    fn play(&self, plays: bool, new: bool) {
        let before = self.engine.morph().plays;
        if plays != before || (plays && new) {
            self.engine.play_morph(plays);
        }
    }

    /// Decodes all positions in one batch; none if something else is wanted meanwhile.
    fn decode(&mut self, ends: Ends, marks: Marks) -> Result<Option<Table>, String> {
        let engine = self.engine.clone();
        let (request, places): (_, Vec<f32>) = (ends.request(), places().collect());
        let cancel = Cancel::default();
        engine.live().cancel = Some(cancel.clone());
        engine.morph().busy = true;
        let clips = catch_unwind(AssertUnwindSafe(|| {
            engine.generator.between(&request, &places, &cancel, &mut |_| {
                self.look();
                if self.marks() != marks {
                    cancel.cancel();
                }
            })
        }));
        engine.morph().busy = false;
        engine.live().cancel = None;
        match clips {
            _ if cancel.is_cancelled() => Ok(None),
            Err(_) => Err("The model stumbled over these two clips.".into()),
            Ok(Err(why)) => Err(why),
            Ok(Ok(clips)) if clips.len() != places.len() => {
                Err("The model wrote nothing between them.".into())
            }
            Ok(Ok(clips)) => Ok(Some(Table { ends, clips: clips.into_iter().map(Arc::new).collect() })),
        }
    }
}
