//! Answer and Continuous as a host meets them: bounced, so that every session gives the same notes.
#![expect(clippy::print_stdout, reason = "how much was compared")]

use anyhow::{Context as _, Result, ensure};
use descant_core::music::{ClipKind, Note, TICKS_PER_QUARTER};
use descant_core::tool::Take;
use descant_plugin::clips::document::MAX_LIVE;
use descant_tests::clips::{balanced, model_for};
#[cfg(target_os = "linux")]
use descant_tests::session::vst3::Vst3;
use descant_tests::session::{Key, Plugin, Session, new_part};
use std::collections::BTreeSet;
use std::sync::Arc;

const BAR: f64 = 4.0;

/// A phrase of some bars from a bar on, another one for every number.
fn phrase(bar: u32, bars: u32, number: u32) -> Vec<Key> {
    let key = |i: u32| [60, 62, 64, 65, 67, 69, 71, 72][((i * 5 + number * 3) % 8) as usize];
    let start = |i: u32| BAR * f64::from(bar) + f64::from(i) * 0.5 + if i % 4 == 3 { 0.02 } else { 0.0 };
    (0..bars * 8 - 1).filter(|i| (i + number) % 3 != 1).map(|i| (start(i), 0.45, key(i))).collect()
}

fn last_live<P: Plugin>(session: &mut Session<P>) -> Result<Option<Arc<Take>>> {
    let content = session.host.document()?;
    Ok(content.entries.iter().rev().find(|e| e.live).map(|e| e.take.clone()))
}

fn live<P: Plugin>(session: &mut Session<P>) -> Result<Vec<(u64, Vec<Note>)>> {
    let content = session.host.document()?;
    ensure!(content.entries.len() <= MAX_LIVE + 1, "{} takes in the history", content.entries.len());
    Ok(content.entries.iter().filter(|e| e.live).map(|e| (e.id, new_part(&e.take))).collect())
}

/// Tempo, blocks and settings of a session that answers.
const ANSWERS: (f64, [u32; 5]) = (97.0, [512, 64, 1000, 4096, 333]);

fn to_answer() -> Result<Vec<(&'static str, &'static str)>> {
    Ok(vec![("Model", model_for(ClipKind::Melody)?), ("Live mode", "Answer")])
}

fn answering(settings: &[(&str, &str)]) -> Result<Session> {
    let (tempo, blocks) = ANSWERS;
    Session::new(tempo, &[&to_answer()?, settings].concat(), &blocks)
}

/// Calls of one and two bars, some over the answer before, and tempo changes within, up to a beat. Every answer
/// begins on its bar line and is new, nothing else sounds, nothing hangs. How many answers there were.
fn call_and_response<P: Plugin>(session: &mut Session<P>, until: f64) -> Result<usize> {
    let mut tempos = [104.5, 88.0, 97.0, 131.7, 97.0, 61.0].into_iter().cycle();
    let (mut bar, mut round, mut next_tempo) = (1, 0, 30.3);
    let mut known: BTreeSet<Vec<Note>> = BTreeSet::new();
    let mut expected = 0;
    let mut answers = Vec::new();
    while session.beats() < until {
        let bars = 1 + round % 2;
        let keys = phrase(bar, bars, round);
        let line = f64::from(bar + bars + 1) * BAR;
        let overlap = round % 3 == 1;
        while next_tempo < line {
            session.play_to(next_tempo, &keys)?;
            session.set_tempo(tempos.next().unwrap_or(97.0));
            next_tempo += 13.7;
        }
        session.play_to(line, &keys)?;
        let take = last_live(session)?.context("no answer was written")?;
        let part = new_part(&take);
        ensure!(take.request.bars == bars, "as long as the call");
        ensure!(known.insert(part.clone()), "answer {round} came before");
        let heard = take.request.primer.as_ref().context("no call")?;
        let starts =
            || heard.notes.iter().map(|n| n.start as f64 / TICKS_PER_QUARTER as f64).collect::<Vec<_>>();
        ensure!(
            heard.notes.len() == keys.len() && heard.bars() == bars,
            "call {round} from beat {}: {keys:?} was heard as {:?}",
            f64::from(bar) * BAR,
            starts()
        );
        answers.push((line, part, f64::from(bars) * BAR));
        bar += bars + 1 + if overlap { 0 } else { bars };
        round += 1;
    }
    let end = answers.last().map_or(0.0, |a| a.0 + a.2);
    session.play_to(end, &[])?;
    for (i, (line, part, beats)) in answers.iter().enumerate() {
        ensure!(
            session.plays(part, *line, *beats),
            "answer {i} at beat {line}: {:?}",
            session.onsets(*line, line + beats)
        );
        expected += part.len();
    }
    ensure!(session.onsets(0.0, end).len() == expected, "something else sounds");
    session.rest(64)?;
    ensure!(balanced(&session.notes)? == 0, "notes hang");
    println!("{} answers, {expected} onsets compared, {:.0} beats", answers.len(), session.beats());
    Ok(answers.len())
}

#[test]
fn ten_minutes_of_call_and_response_through_tempo_changes() -> Result<()> {
    ensure!(call_and_response(&mut answering(&[])?, 970.0)? > 50);
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn a_vst3_host_gets_its_answers_on_the_bar_lines_as_well() -> Result<()> {
    let (tempo, blocks) = ANSWERS;
    let mut session = Session::with(Vst3::open()?, tempo, &to_answer()?, &blocks)?;
    ensure!(call_and_response(&mut session, 150.0)? > 7);
    Ok(())
}

#[test]
fn a_set_length_and_more_silence_are_kept_and_a_locked_seed_answers_the_same() -> Result<()> {
    let mut session =
        answering(&[("Call ends after", "2 silent bars"), ("Answer length", "3 bars"), ("Seed lock", "On")])?;
    let mut parts = Vec::new();
    for bar in [1, 9] {
        let keys = phrase(bar, 1, 1);
        session.play_to(f64::from(bar + 7) * BAR, &keys)?;
        let part = new_part(&*last_live(&mut session)?.context("no answer")?);
        ensure!(
            session.plays(&part, f64::from(bar + 3) * BAR, 3.0 * BAR),
            "three bars after two silent ones"
        );
        parts.push(part);
    }
    ensure!(parts[0] == parts[1], "the same call, the same answer");
    Ok(())
}

#[test]
fn a_note_in_the_silent_bar_goes_on_with_the_call() -> Result<()> {
    let mut session = answering(&[])?;
    let mut keys = phrase(1, 1, 0);
    // In the last beat of the bar that would have ended the call, when the answer is there already.
    keys.push((3.0 * BAR - 0.5, 0.1, 60));
    session.play_to(5.0 * BAR, &keys)?;
    ensure!(session.onsets(0.0, 4.0 * BAR).is_empty(), "it did not wait");
    let content = session.host.document()?;
    ensure!(content.entries.len() == 1, "what was not heard is not in the history");
    let take = &content.entries[0].take;
    ensure!(take.request.bars == 2);
    session.play_to(6.0 * BAR, &[])?;
    ensure!(session.plays(&new_part(take), 4.0 * BAR, 2.0 * BAR), "two bars of call, then the answer");
    Ok(())
}

#[test]
fn a_jump_or_a_stop_forgets_the_call() -> Result<()> {
    for stop in [false, true] {
        let mut session = answering(&[])?;
        let keys = phrase(1, 1, 0);
        // The answer is written and waits for its line.
        session.play_to(3.0 * BAR - 0.2, &keys)?;
        if stop {
            session.rest(4800)?;
        }
        session.play_from(20.0 * BAR + 1.0);
        session.play_to(26.0 * BAR, &[])?;
        ensure!(session.notes.iter().all(|n| n.channel == descant_tests::session::PLAYED), "it answered");
    }
    Ok(())
}

#[test]
fn panic_ends_everything_and_listens_anew() -> Result<()> {
    let mut session = answering(&[])?;
    let keys = phrase(1, 2, 0);
    session.play_to(4.0 * BAR, &keys)?;
    let part = new_part(&*last_live(&mut session)?.context("no answer")?);
    let note = part.iter().find(|n| n.length > 600).context("a note of some length")?;
    let during = 4.0 * BAR + (note.start as f64 + 0.5 * note.length as f64) / TICKS_PER_QUARTER as f64;
    session.play_to(during, &[(4.1 * BAR - 0.4, 99.0, 30)])?;
    ensure!(balanced(&session.notes)? > 0, "something sounds");
    session.press("Panic")?;
    ensure!(balanced(&session.notes)? == 0, "notes hang");
    let heard = session.notes.len();
    session.play_to(10.0 * BAR, &[])?;
    ensure!(session.notes.len() == heard, "it went on");
    let keys = phrase(10, 1, 4);
    session.play_to(13.0 * BAR, &keys)?;
    let part = new_part(&*last_live(&mut session)?.context("no answer")?);
    ensure!(session.plays(&part, 12.0 * BAR, BAR), "it listens again");
    Ok(())
}

#[test]
fn a_loaded_project_answers_nothing_that_was_played_before() -> Result<()> {
    let mut first = answering(&[])?;
    first.play_to(3.5 * BAR, &phrase(1, 1, 0))?;
    let saved = first.host.save()?;
    let mut second = Session::new(97.0, &[], &[512])?;
    second.host.load(&saved)?;
    first.host.load(&saved)?;
    ensure!(second.host.save()? == saved, "nothing is changed by loading");
    second.play_to(9.0 * BAR, &[])?;
    ensure!(second.notes.is_empty(), "it plays by itself");
    Ok(())
}

/// Settings of a session that plays on by itself, in clips of four bars.
fn to_play_on() -> Result<[(&'static str, &'static str); 3]> {
    Ok([("Model", model_for(ClipKind::Drums)?), ("Live mode", "Continuous"), ("Generate bars", "4")])
}

/// Plays on up to a beat: each clip is new and begins on the bar line on which the one before ends. How many notes
/// each clip has, and the largest state of each half.
fn change_over<P: Plugin>(session: &mut Session<P>, end: f64) -> Result<(Vec<usize>, [usize; 2])> {
    // The first clip is asked for when time begins to run, and so begins with the second bar.
    let (mut beat, length) = (BAR, 4.0 * BAR);
    let mut known: BTreeSet<Vec<Note>> = BTreeSet::new();
    let (mut clips, mut last, mut largest) = (Vec::new(), 0, [0; 2]);
    while beat < end {
        let from = beat;
        session.play_to(beat + 8.0 * length, &[])?;
        let parts = live(session)?;
        let half = usize::from(beat > end / 2.0);
        largest[half] = session.host.save()?.len().max(largest[half]);
        while beat + length <= from + 8.0 * length {
            let found = parts.iter().find(|(id, part)| *id > last && session.plays(part, beat, length));
            let (id, part) = found.with_context(|| {
                format!(
                    "at beat {beat} none of {} clips: {:?}",
                    parts.len(),
                    session.onsets(beat, beat + length)
                )
            })?;
            ensure!(!part.is_empty() && known.insert(part.clone()), "clip {id} came before");
            clips.push(part.len());
            last = *id;
            beat += length;
        }
        // What was compared is not needed any more; a note may still sound.
        let keep = session.sample(beat - length) as u64;
        session.forget_before(keep);
    }
    session.rest(64)?;
    println!("{} clips, {} onsets compared, {beat} beats", clips.len(), clips.iter().sum::<usize>());
    Ok((clips, largest))
}

#[test]
fn continuous_changes_over_on_bar_lines_and_never_stops() -> Result<()> {
    // An hour takes ten seconds, on a busy machine over a minute: there DESCANT_LIVE_MINUTES makes it shorter.
    let tempo = 97.0;
    let mut session = Session::new(tempo, &to_play_on()?, &[4096, 1024, 4096, 2048])?;
    let minutes: f64 =
        std::env::var("DESCANT_LIVE_MINUTES").ok().and_then(|m| m.parse().ok()).unwrap_or(60.0);
    let (clips, largest) = change_over(&mut session, minutes * tempo)?;
    ensure!(largest[1] < largest[0] * 3 / 2, "the state grows: {largest:?}");
    // Each clip follows the one before: the music must not run dry on the way.
    let mean = |clips: &[usize]| clips.iter().sum::<usize>() as f64 / clips.len() as f64;
    let quarter = clips.len() / 4;
    let (early, late) = (mean(&clips[..quarter]), mean(&clips[clips.len() - quarter..]));
    ensure!(
        (0.6 * early..1.6 * early).contains(&late),
        "{early:.1} notes per clip at first, {late:.1} in the end"
    );
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn continuous_changes_over_on_bar_lines_in_a_vst3_host_as_well() -> Result<()> {
    let mut session = Session::with(Vst3::open()?, 97.0, &to_play_on()?, &[4096, 333])?;
    ensure!(change_over(&mut session, 200.0)?.0.len() == 16);
    Ok(())
}

#[test]
fn continuous_goes_on_with_what_the_musician_chooses_and_stops_by_panic() -> Result<()> {
    let settings =
        [("Model", model_for(ClipKind::Drums)?), ("Live mode", "Continuous"), ("Generate bars", "2")];
    let mut session = Session::new(97.0, &settings, &[700])?;
    session.play_to(9.0 * BAR, &[])?;
    ensure!(!session.onsets(7.0 * BAR, 9.0 * BAR).is_empty());
    let content = session.host.document()?;
    let sounding = content.sounding_entry().context("nothing sounds")?;
    ensure!(sounding.live && content.shown == content.sounding, "the roll shows what sounds");
    session.press("Panic")?;
    ensure!(balanced(&session.notes)? == 0, "notes hang");
    let heard = session.notes.len();
    session.play_to(14.0 * BAR, &[])?;
    ensure!(session.notes.len() == heard, "it went on");
    session.press("Generate")?;
    session.play_to(20.0 * BAR, &[])?;
    let newest = last_live(&mut session)?.context("no live take")?;
    ensure!(newest.request.primer.is_some() && session.notes.len() > heard, "it goes on from the new take");
    Ok(())
}
