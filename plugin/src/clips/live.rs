//! The live modes: what is to be done, decided from what was heard and from nothing else.
//!
//! Runs on the worker; pure, knows no model, clip or clock. Answer listens bar by bar on the host's grid; when the
//! bars after a call stay silent it asks for an answer, one beat before the last of them ends, so that a fast model
//! answers on that very bar line. Continuous asks for the next clip as soon as the last one that it asked for sounds.

use super::capture::EARLY;
use super::params::LiveMode;
use super::timeline::Grid;
use crate::bridge::{Moment, Played, Sounding};
use descant_core::music::Ticks;
use std::fmt;

/// What a musician played, in whole bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Bar line at which it begins.
    pub from: Ticks,
    /// Bar line at which it ends.
    pub to: Ticks,
}

/// What the worker shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Write the answer to a call.
    Answer {
        /// For [`Machine::wants`].
        ticket: u64,
        /// What to answer.
        call: Call,
        /// Bar line on which the answer shall begin, in `epoch`.
        line: Ticks,
        /// See [`super::timeline::Plan::epoch`].
        epoch: u32,
    },
    /// The answer that was sent for this bar line is not wanted any more.
    Withdraw {
        /// See [`Task::Answer`].
        line: Ticks,
    },
    /// Write the clip after the one of this take; the first one if none sounds.
    Next {
        /// For [`Machine::wants`].
        ticket: u64,
        /// The take that sounds.
        after: Option<u64>,
        /// Serial of the last clip that had arrived by then: if another was sent since, it goes first.
        received: u64,
    },
    /// A clip that repeats has begun to sound.
    Follow {
        /// Its take.
        take: u64,
        /// Serial of the last clip that had arrived by then.
        received: u64,
    },
    /// The clip that sounds shall end at the next swap point: listening begins.
    Hush,
    /// Panic: nothing shall sound.
    Silence,
}

/// What is going on, in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// No live mode.
    #[default]
    Off,
    /// The host stands, or the player is off.
    Standing,
    /// Waiting for a call.
    Listening,
    /// The call has reached this bar, from 1.
    Hearing(Ticks),
    /// An answer is being written, or waits for its bar line.
    Thinking,
    /// The answer sounds: bar from 1, bars.
    Answering(Ticks, Ticks),
    /// A clip repeats: bar from 1, bars, whether the next one is ready.
    Playing(Ticks, Ticks, bool),
    /// The first clip is being written.
    Beginning,
    /// After Panic.
    Silenced,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => Ok(()),
            Self::Standing => f.write_str("Waiting for the song to play"),
            Self::Listening => f.write_str("Listening"),
            Self::Hearing(bar) => write!(f, "Listening, bar {bar} of your call"),
            Self::Thinking => f.write_str("Your call is over, the answer comes"),
            Self::Answering(bar, of) => write!(f, "Answering, bar {bar} of {of}"),
            Self::Playing(bar, of, true) => write!(f, "Bar {bar} of {of}, the next clip is ready"),
            Self::Playing(bar, of, false) => write!(f, "Bar {bar} of {of}, writing the next clip"),
            Self::Beginning => f.write_str("Writing the first clip"),
            Self::Silenced => f.write_str("Silenced: play, or press Generate"),
        }
    }
}

/// See the file's head.
#[derive(Debug, Default)]
pub struct Machine {
    /// The last moment; `None` before the first.
    now: Option<Moment>,
    /// Epoch of what is being heard.
    epoch: u32,
    call: Option<Call>,
    /// Keys that are down, by channel.
    held: [u128; 16],
    /// Bar line of an answer that was asked for and that nothing played has made void.
    due: Option<Ticks>,
    /// Number of the last thing that was asked for.
    ticket: u64,
    /// What is being written.
    busy: Option<u64>,
    /// After Panic, until something sounds or time starts again.
    silenced: bool,
    /// After a failure: not before this song position.
    retry: Option<Ticks>,
    tasks: Vec<Task>,
}

impl Machine {
    /// A note was played.
    pub fn note(&mut self, note: &Played) {
        if !note.running || self.now.is_none_or(|now| now.mode != LiveMode::Answer) {
            return;
        }
        if note.epoch != self.epoch {
            self.listen_anew(note.epoch);
        }
        let tick = note.tick.round() as Ticks;
        let (keys, key) = (&mut self.held[usize::from(note.channel & 15)], 1_u128 << (note.pitch & 127));
        if note.velocity.is_none() {
            if *keys & key != 0 {
                *keys &= !key;
                self.sounds_until(tick, note.grid);
            }
            return;
        }
        *keys |= key;
        let line = note.grid.line_before(tick + EARLY);
        match self.due {
            Some(due) if line < due => self.call_goes_on(),
            // It belongs to the next call, though the moment of the bar line has not come yet.
            Some(_) => self.call_is_over(),
            None => {}
        }
        let to = line + note.grid.meter.bar_ticks();
        let call = self.call.get_or_insert(Call { from: line, to });
        call.to = call.to.max(to);
    }

    /// A moment; `silent`: silent bars that end a call; `sent`: serial of the last clip that was sent to the player.
    pub fn moment(&mut self, now: &Moment, silent: Ticks, sent: u64) {
        let before = self.now.replace(*now);
        let same_time = before.is_some_and(|b| b.mode == now.mode && b.grid == now.grid);
        if now.epoch != self.epoch || !same_time || !now.running {
            self.listen_anew(now.epoch);
        }
        let began = before.is_none_or(|b| b.mode != now.mode || (now.running && !b.running));
        self.silenced &= !began;
        if before.is_some_and(|b| b.mode != now.mode) {
            self.busy = None;
            self.retry = None;
            if now.mode == LiveMode::Answer && now.sounding.is_some_and(|s| !s.once) {
                self.tasks.push(Task::Hush);
            }
        }
        if before.is_some_and(|b| b.panics != now.panics) {
            return self.silence(); // the moment itself still tells of what sounded before
        }
        if let Some(Sounding { take, once: false, .. }) = now.sounding {
            self.silenced = false;
            let known = |b: Moment| b.received == now.received && b.sounding.is_some_and(|s| s.take == take);
            if !before.is_some_and(known) {
                self.tasks.push(Task::Follow { take, received: now.received });
            }
        }
        match now.mode {
            LiveMode::Answer if now.running => self.answer(now, silent),
            LiveMode::Continuous if now.running => self.go_on(now, sent),
            _ => {}
        }
    }

    /// Answer: is a call over, or nearly?
    fn answer(&mut self, now: &Moment, silent: Ticks) {
        if self.due.is_some_and(|due| now.tick >= due) {
            self.call_is_over();
        }
        if self.held.iter().any(|keys| *keys != 0) {
            self.sounds_until(now.tick, now.grid);
        }
        let Some(call) = self.call.filter(|_| self.due.is_none()) else { return };
        let meter = now.grid.meter;
        let line = call.to + silent * meter.bar_ticks();
        if now.tick >= line - meter.beat_ticks() {
            let ticket = self.ask();
            self.due = Some(line);
            self.tasks.push(Task::Answer { ticket, call, line, epoch: self.epoch });
        }
    }

    /// Continuous: does the last clip that was asked for sound?
    fn go_on(&mut self, now: &Moment, sent: u64) {
        let arrived = now.received >= sent && !now.waiting;
        let patient = self.retry.is_some_and(|retry| now.tick < retry);
        if arrived && self.busy.is_none() && !self.silenced && !patient {
            self.retry = None;
            let ticket = self.ask();
            let after = now.sounding.map(|s| s.take);
            self.tasks.push(Task::Next { ticket, after, received: now.received });
        }
    }

    fn ask(&mut self) -> u64 {
        self.ticket += 1;
        self.busy = Some(self.ticket);
        self.ticket
    }

    /// Time was broken, or the mode is another: what was heard is no call.
    fn listen_anew(&mut self, epoch: u32) {
        self.epoch = epoch;
        self.call = None;
        self.held = [0; 16];
        self.call_goes_on();
    }

    fn call_is_over(&mut self) {
        self.due = None;
        self.call = None;
    }

    /// The answer that was asked for, if one was, is not wanted.
    fn call_goes_on(&mut self) {
        if let Some(line) = self.due.take()
            && self.busy.take().is_none()
        {
            self.tasks.push(Task::Withdraw { line });
        }
    }

    /// A note sounded until `tick`. A bar in which it lasts for a beat is not silent.
    fn sounds_until(&mut self, tick: Ticks, grid: Grid) {
        let to = grid.line_from(tick - grid.meter.beat_ticks());
        if self.due.is_none()
            && let Some(call) = &mut self.call
        {
            call.to = call.to.max(to);
        }
    }

    fn silence(&mut self) {
        self.busy = None;
        self.silenced = true;
        self.tasks.push(Task::Silence);
    }

    /// Another project was loaded: what was played before is not answered.
    pub fn forget(&mut self) {
        self.listen_anew(self.epoch);
        self.busy = None;
        self.tasks.clear();
    }

    /// What is to be done next.
    pub fn next_task(&mut self) -> Option<Task> {
        (!self.tasks.is_empty()).then(|| self.tasks.remove(0))
    }

    /// Whether what was asked for is still wanted.
    #[must_use]
    pub fn wants(&self, ticket: u64) -> bool {
        self.busy == Some(ticket)
    }

    /// What was asked for is on its way to the player, or nobody wants it any more.
    pub fn done(&mut self) {
        self.busy = None;
    }

    /// What was asked for could not be written: the next bar is another chance.
    pub fn failed(&mut self) {
        self.busy = None;
        self.retry = self.now.map(|now| now.grid.line_from(now.tick + 1));
    }

    /// What is going on.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let Some(now) = self.now else { return Stage::Off };
        let bar = now.grid.meter.bar_ticks();
        match (now.mode, now.sounding) {
            (LiveMode::Off, _) => Stage::Off,
            _ if !now.running => Stage::Standing,
            (LiveMode::Answer, Some(Sounding { once: true, bar, of, .. })) => Stage::Answering(bar + 1, of),
            (LiveMode::Answer, _) => match self.call {
                _ if self.busy.is_some() || self.due.is_some() || now.waiting => Stage::Thinking,
                Some(call) => Stage::Hearing((now.tick - call.from).max(0) / bar + 1),
                None => Stage::Listening,
            },
            (LiveMode::Continuous, Some(s)) => {
                Stage::Playing(s.bar + 1, s.of, self.busy.is_none() && now.waiting)
            }
            (LiveMode::Continuous, None) if self.silenced => Stage::Silenced,
            (LiveMode::Continuous, None) => Stage::Beginning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::{Meter, TICKS_PER_QUARTER as Q};

    const BAR: Ticks = 4 * Q;

    /// A machine with a clock that tells every beat.
    struct Bench {
        machine: Machine,
        now: Moment,
        silent: Ticks,
        sent: u64,
    }

    fn bench(mode: LiveMode) -> Bench {
        let now = Moment {
            mode,
            tick: 0,
            epoch: 3,
            running: true,
            grid: Grid::default(),
            sounding: None,
            waiting: false,
            received: 0,
            panics: 0,
        };
        let mut bench = Bench { machine: Machine::default(), now, silent: 1, sent: 0 };
        bench.tell();
        bench
    }

    impl Bench {
        fn tell(&mut self) -> Vec<Task> {
            self.machine.moment(&self.now, self.silent, self.sent);
            self.tasks()
        }

        fn tasks(&mut self) -> Vec<Task> {
            std::iter::from_fn(|| self.machine.next_task()).collect()
        }

        /// Lets beats pass up to `tick`; what was asked for, and when.
        fn pass(&mut self, tick: Ticks) -> Vec<(Ticks, Task)> {
            let mut tasks = Vec::new();
            while self.now.tick + Q <= tick {
                self.now.tick += Q;
                let at = self.now.tick;
                tasks.extend(self.tell().into_iter().map(|t| (at, t)));
            }
            tasks
        }

        fn key(&mut self, tick: Ticks, on: bool) {
            self.machine.note(&Played {
                tick: tick as f64,
                epoch: self.now.epoch,
                running: true,
                channel: 0,
                pitch: 60,
                velocity: on.then_some(90),
                grid: self.now.grid,
                tempo: 97.0,
            });
        }

        fn play(&mut self, start: Ticks, length: Ticks) {
            self.key(start, true);
            self.key(start + length, false);
        }
    }

    fn asked(tasks: &[(Ticks, Task)]) -> Vec<(Ticks, Call, Ticks)> {
        let answer = |&(at, task): &(Ticks, Task)| match task {
            Task::Answer { call, line, .. } => Some((at, call, line)),
            _ => None,
        };
        tasks.iter().filter_map(answer).collect()
    }

    #[test]
    fn a_call_of_two_bars_is_answered_on_the_bar_line_after_a_silent_one() {
        for silent in 1..=4 {
            let mut bench = bench(LiveMode::Answer);
            bench.silent = silent;
            let early = bench.pass(5 * BAR);
            bench.play(5 * BAR - 100, Q);
            bench.play(6 * BAR + Q, Q);
            let tasks = bench.pass(14 * BAR);
            let call = Call { from: 5 * BAR, to: 7 * BAR };
            let line = (7 + silent) * BAR;
            assert_eq!((early.len(), asked(&tasks)), (0, vec![(line - Q, call, line)]));
        }
    }

    #[test]
    fn a_note_in_the_silent_bar_takes_the_answer_back_and_the_call_goes_on() {
        let mut bench = bench(LiveMode::Answer);
        bench.play(0, Q);
        assert_eq!(asked(&bench.pass(2 * BAR - Q)).len(), 1);
        assert!(bench.machine.wants(1));
        bench.key(2 * BAR - Q / 2, true);
        assert!(!bench.machine.wants(1), "what is being written is not wanted");
        assert!(bench.tasks().is_empty());
        bench.key(2 * BAR - Q / 4, false);
        let tasks = bench.pass(3 * BAR - Q);
        assert_eq!(asked(&tasks), [(3 * BAR - Q, Call { from: 0, to: 2 * BAR }, 3 * BAR)]);
        bench.machine.done();
        bench.play(3 * BAR - Q / 2, Q / 8);
        assert_eq!(bench.tasks(), [Task::Withdraw { line: 3 * BAR }], "it was sent already");
    }

    #[test]
    fn a_note_just_before_the_line_opens_the_next_call() {
        let mut bench = bench(LiveMode::Answer);
        bench.play(0, Q);
        bench.pass(2 * BAR - Q);
        bench.play(2 * BAR - 10, Q);
        assert!(bench.machine.wants(1) && bench.tasks().is_empty());
        let tasks = bench.pass(4 * BAR);
        assert_eq!(asked(&tasks), [(4 * BAR - Q, Call { from: 2 * BAR, to: 3 * BAR }, 4 * BAR)]);
        assert!(!bench.machine.wants(1) && bench.machine.wants(2), "the newest call counts");
    }

    #[test]
    fn a_held_key_is_no_silence_and_a_late_release_is_none_either() {
        let mut bench = bench(LiveMode::Answer);
        bench.key(Q, true);
        assert!(asked(&bench.pass(4 * BAR)).is_empty());
        bench.key(4 * BAR + Q / 2, false);
        let tasks = bench.pass(7 * BAR);
        assert_eq!(asked(&tasks), [(5 * BAR - Q, Call { from: 0, to: 4 * BAR }, 5 * BAR)]);
    }

    #[test]
    fn a_break_in_time_or_meter_listens_anew() {
        let breaks: [fn(&mut Bench); 4] = [
            |b| b.now.epoch += 1,
            |b| b.now.grid = Grid { meter: Meter { numerator: 3, denominator: 4 }, phase: 0 },
            |b| b.now.running = false,
            |b| b.machine.forget(),
        ];
        for (i, broken) in breaks.into_iter().enumerate() {
            let mut bench = bench(LiveMode::Answer);
            bench.play(0, Q);
            assert_eq!(asked(&bench.pass(2 * BAR - Q)).len(), 1);
            broken(&mut bench);
            bench.tell();
            assert!(!bench.machine.wants(1), "break {i}");
            bench.now.running = true;
            assert!(asked(&bench.pass(9 * BAR)).is_empty(), "break {i}");
        }
    }

    #[test]
    fn the_next_clip_is_asked_for_when_the_last_one_sounds() {
        let mut bench = bench(LiveMode::Continuous);
        let first = bench.machine.ticket;
        assert!(bench.machine.wants(first) && bench.pass(BAR).is_empty(), "asked for once");
        bench.machine.done();
        bench.sent = 1;
        assert!(bench.pass(2 * BAR).is_empty(), "not before it has arrived");
        (bench.now.received, bench.now.waiting) = (1, true);
        assert!(bench.tell().is_empty(), "nor before it sounds");
        bench.now.waiting = false;
        bench.now.sounding = Some(Sounding { take: 7, once: false, bar: 0, of: 4 });
        let tasks = bench.tell();
        let next = Task::Next { ticket: first + 1, after: Some(7), received: 1 };
        assert_eq!(tasks, [Task::Follow { take: 7, received: 1 }, next]);
    }

    #[test]
    fn a_failure_waits_for_the_next_bar_and_panic_for_the_musician() {
        let mut bench = bench(LiveMode::Continuous);
        bench.pass(Q);
        bench.machine.failed();
        assert!(bench.pass(BAR - Q).is_empty());
        assert_eq!(bench.pass(BAR).len(), 1);
        bench.now.panics += 1;
        bench.now.sounding = Some(Sounding { take: 6, once: false, bar: 0, of: 4 });
        assert_eq!(bench.tell(), [Task::Silence]);
        bench.now.sounding = None;
        assert!(bench.pass(9 * BAR).is_empty());
        assert_eq!(bench.machine.stage(), Stage::Silenced);
        bench.now.sounding = Some(Sounding { take: 7, once: false, bar: 0, of: 4 });
        assert_eq!(bench.tell().len(), 2, "it goes on when something sounds again");
    }

    #[test]
    fn the_state_is_said_in_words() {
        let mut bench = bench(LiveMode::Answer);
        assert_eq!(bench.machine.stage().to_string(), "Listening");
        bench.play(0, Q);
        bench.pass(BAR - Q);
        assert_eq!(bench.machine.stage().to_string(), "Listening, bar 1 of your call");
        bench.now.sounding = Some(Sounding { take: 7, once: true, bar: 1, of: 4 });
        bench.tell();
        assert_eq!(bench.machine.stage().to_string(), "Answering, bar 2 of 4");
    }
}
