//! A trio: three takes that sound together, are mixed, and leave as one file.

use super::*;
use crate::clips::document::tests::take;
use descant_core::tool::{Mix, ToolKind, trio};
use std::path::PathBuf;

/// Trios of one note per part.
struct Band;

impl Generator for Band {
    fn run(&self, _: &Request, _: &Cancel, _: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
        Err("Not asked.".into())
    }

    fn trios(
        &self,
        request: &Request,
        _: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<(u32, [Take; 3])>, String> {
        assert_eq!((request.tool, request.model.as_str()), (ToolKind::Trio, trio::MODELS[0]));
        assert_eq!((request.latent.timing, request.latent.dynamics), (1.0, 1.0));
        progress(0.5);
        let part = |seed: u32, part: u32| {
            let kind = if part == 2 { ClipKind::Drums } else { ClipKind::Melody };
            let mut take = take(seed + part);
            take.clip.kind = kind;
            take.notices = vec!["the bass rests".into()];
            take
        };
        let seeds = (0..request.variations).map(|i| derive(request.seed, i));
        Ok(seeds.map(|seed| (seed, [part(seed, 0), part(seed, 1), part(seed, 2)])).collect())
    }
}

fn band() -> Bench {
    bench_with(Band, |p| {
        p.tool = EnumParam::new("Tool", Tool::Trio);
        p.variations = IntParam::new("Variations", 2, IntRange::Linear { min: 1, max: 16 });
    })
}

fn dragged(bench: &Bench, part: Part) -> PathBuf {
    match session::carry_out(&bench.engine, Action::DragOut(part)) {
        Some(session::Wish::Drag(path)) => path,
        None => panic!("nothing is dragged: {:?}", bench.status()),
    }
}

#[test]
fn a_run_gives_trios_that_sound_together() {
    let mut bench = band();
    bench.worker.carry_out(Command::Run);
    let (kind, text) = bench.status();
    assert!(kind == StatusKind::Warn && text.starts_with("2 trios in "), "{text}");
    assert_eq!(text.matches("The bass rests.").count(), 1, "{text}");
    let named =
        |id: u64| bench.engine.params.doc.read(|d| d.content().entry(id).map(|e| e.take.clip.name.clone()));
    let seed = descant_core::sampling::Seed(derive(1, 1));
    assert_eq!(named(5), Some(format!("Descant trio 2 of 2 [Bass] {seed}")));
    let clip = bench.audio.next_clip().and_then(|next| next.clip).expect("it sounds");
    assert_eq!((clip.take, clip.notes_at(0).len()), (1, 3));
    bench.audio.discard(Some(clip));

    // Another part is looked at, and nothing else is heard.
    session::carry_out(&bench.engine, Action::LookAt(2));
    assert!(bench.audio.next_clip().is_none());
    let mix = Mix { muted: [false, false, true], ..Mix::default() };
    session::carry_out(&bench.engine, Action::Mix(mix));
    let clip = bench.audio.next_clip().and_then(|next| next.clip).expect("it sounds");
    assert_eq!(clip.notes_at(0).len(), 2);
    bench.audio.discard(Some(clip));
    let view = crate::clips::show::view(&bench.engine);
    assert_eq!(view.trio().map(|parts| parts.map(|t| t.id)), Some([1, 2, 3]));
    assert!((view.shown, view.sounding, view.mix) == (Some(2), Some(1), mix) && view.sounds(&view.takes[2]));

    // An edit of any part is heard.
    let mut edited =
        bench.engine.params.doc.read(|d| d.content().entry(2).map(|e| e.take.clip.clone())).expect("there");
    edited.notes[0].pitch = 40;
    session::carry_out(&bench.engine, Action::Edit { take: Some(2), clip: Arc::new(edited) });
    let clip = bench.audio.next_clip().and_then(|next| next.clip).expect("it sounds");
    assert!(clip.notes_at(0).iter().any(|n| n.pitch == 40));
    bench.audio.discard(Some(clip));
}

#[test]
fn its_parts_leave_one_by_one_or_as_one_file() {
    let mut bench = band();
    bench.worker.carry_out(Command::Run);
    while let Some(next) = bench.audio.next_clip() {
        bench.audio.discard(next.clip);
    }
    session::carry_out(&bench.engine, Action::LookAt(2));
    let tracks =
        |path: PathBuf| midi::read(&std::fs::read(path).expect("written")).expect("a MIDI file").tracks;
    assert_eq!(tracks(dragged(&bench, Part::Whole)).len(), 1);
    assert_eq!(bench.heard(), Some(None), "the trio falls silent: the host will play it");
    let all = tracks(dragged(&bench, Part::Trio));
    assert_eq!(all.iter().map(|t| t.channel).collect::<Vec<_>>(), [1, 2, 10]);
    session::carry_out(&bench.engine, Action::Delete(3));
    assert_eq!(bench.seeds().len(), 3, "a trio goes as a whole");
}
