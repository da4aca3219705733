//! The plugin's own song position: follows the host's clock without ever trusting its last digits.
//!
//! Runs on the audio thread, once per block, before the player. Cuts a block into segments in which the position
//! is a straight line of the sample number, at loop ends, and says where the line was broken (start, jump, wrap).
//! Never allocates, never knows a note.

use descant_core::music::{Meter, TICKS_PER_QUARTER, Ticks};

/// Most segments in one block. A loop shorter than a block/63 is followed this often and then runs straight on.
const MAX_SEGMENTS: usize = 64;
/// Longest song position that is believed: more than 100 days at 300 bpm.
const FURTHEST: f64 = 1.5e12;
/// Hosts round their positions; Ardour to 1/1920 beat. Anything nearer than this is rounding, not a jump.
const ROUNDING: f64 = TICKS_PER_QUARTER as f64 / 960.0;
/// A tempo ramp moves the host no further than this within a block; more is a jump that comes with a new tempo.
const STEEPEST: f64 = TICKS_PER_QUARTER as f64 / 64.0;

/// What the host says about time at the start of a block. Every field may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// `false`: the host has no transport; the plugin runs on its own clock.
    pub host: bool,
    /// Whether the host's time runs.
    pub playing: bool,
    /// Quarter notes per minute.
    pub tempo: Option<f64>,
    /// Song position in ticks.
    pub position: Option<f64>,
    /// Active loop in ticks, end exclusive.
    pub loop_range: Option<(f64, f64)>,
    /// Time signature.
    pub meter: Option<Meter>,
    /// Start of the current bar in ticks.
    pub bar_start: Option<f64>,
}

/// Why a segment begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Straight on from the last block.
    Continue,
    /// Time began to run.
    Start,
    /// The host is somewhere else than expected.
    Jump,
    /// The loop's end was reached.
    Wrap,
}

/// A stretch of samples in which the position is `anchor + (sample - anchor_sample) · ticks_per_sample`.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// First sample, within the block.
    pub start: u32,
    /// One past the last sample, within the block.
    pub end: u32,
    /// Why it begins.
    pub cause: Cause,
    /// Onsets before this tick are not played (start of the loop after a wrap).
    pub floor: Option<Ticks>,
    /// Onsets from this tick on are not played (end of the loop before a wrap).
    pub ceiling: Option<Ticks>,
    line: Line,
    /// Samples from the line's anchor to `start`.
    offset: i64,
}

/// Position as a straight line. Positions are computed from the anchor, never summed up.
#[derive(Clone, Copy, Debug)]
struct Line {
    anchor: f64,
    ticks_per_sample: f64,
}

impl Line {
    fn at(&self, sample: i64) -> f64 {
        self.anchor + sample as f64 * self.ticks_per_sample
    }

    /// Onsets below this tick belong to samples before `sample`: half-way between two samples, so that an
    /// onset goes to the nearest one.
    fn threshold(&self, sample: i64) -> f64 {
        self.at(sample) - 0.5 * self.ticks_per_sample
    }

    /// The sample nearest to `tick`. Decided by `threshold` alone, so that no block size changes it.
    fn sample(&self, tick: f64) -> i64 {
        let mut k = ((tick - self.anchor) / self.ticks_per_sample).round() as i64;
        for _ in 0..4 {
            if tick < self.threshold(k) {
                k -= 1;
            } else if tick >= self.threshold(k + 1) {
                k += 1;
            } else {
                break;
            }
        }
        k
    }
}

impl Segment {
    /// Song position at a sample of the block, in ticks.
    #[must_use]
    pub fn tick(&self, sample: u32) -> f64 {
        self.line.at(self.offset + i64::from(sample) - i64::from(self.start))
    }

    /// Lowest integer tick whose nearest sample is `sample` or later.
    #[must_use]
    pub fn first_tick(&self, sample: u32) -> Ticks {
        self.line.threshold(self.offset + i64::from(sample) - i64::from(self.start)).ceil() as Ticks
    }

    /// Sample nearest to `tick`, counted from the start of the block; may lie outside the segment.
    #[must_use]
    pub fn sample(&self, tick: Ticks) -> i64 {
        self.line.sample(tick as f64) - self.offset + i64::from(self.start)
    }
}

/// Where bar lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Time signature.
    pub meter: Meter,
    /// Offset of the bar lines from song position 0, `0..bar_ticks`: not 0 after a change of meter.
    pub phase: Ticks,
}

impl Default for Grid {
    fn default() -> Self {
        Self { meter: Meter::COMMON, phase: 0 }
    }
}

impl Grid {
    /// The last bar line up to `tick`.
    #[must_use]
    pub fn line_before(self, tick: Ticks) -> Ticks {
        let bar = self.meter.bar_ticks();
        (tick - self.phase).div_euclid(bar) * bar + self.phase
    }

    /// The first bar line from `tick` on.
    #[must_use]
    pub fn line_from(self, tick: Ticks) -> Ticks {
        let line = self.line_before(tick);
        if line == tick { line } else { line + self.meter.bar_ticks() }
    }
}

/// One block as the player and the capture see it.
#[derive(Clone, Debug)]
pub struct Plan {
    segments: [Segment; MAX_SEGMENTS],
    used: usize,
    /// Whether time runs. When it does not, the one segment counts on from the last stop (for the capture).
    pub running: bool,
    /// Bar lines.
    pub grid: Grid,
    /// Quarter notes per minute.
    pub tempo: f64,
    /// Counts starts, stops, jumps and wraps: notes of one epoch lie on one straight time line. The value is
    /// that of the first segment; each following segment is one more.
    pub epoch: u32,
}

impl Plan {
    /// The segments in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments[..self.used]
    }

    /// Position and epoch at a sample of the block.
    #[must_use]
    pub fn tick(&self, sample: u32) -> (f64, u32) {
        let mut index = 0;
        while index + 1 < self.used && self.segments[index + 1].start <= sample {
            index += 1;
        }
        (self.segments[index].tick(sample), self.epoch.wrapping_add(index as u32))
    }
}

/// Keeps the running position between blocks.
#[derive(Debug)]
pub struct Timeline {
    sample_rate: f64,
    line: Line,
    /// Samples since the anchor, at the start of the next block.
    elapsed: i64,
    running: bool,
    tempo: f64,
    last_error: f64,
    last_frames: u32,
    plan: Plan,
}

impl Timeline {
    /// For `sample_rate` samples per second.
    #[must_use]
    pub fn new(sample_rate: f64) -> Self {
        let line = Line { anchor: 0.0, ticks_per_sample: 1.0 };
        let segment =
            Segment { start: 0, end: 0, cause: Cause::Continue, floor: None, ceiling: None, line, offset: 0 };
        Self {
            sample_rate: if sample_rate.is_finite() && sample_rate >= 1.0 { sample_rate } else { 48_000.0 },
            line,
            elapsed: 0,
            running: false,
            tempo: 120.0,
            last_error: 0.0,
            last_frames: 0,
            plan: Plan {
                segments: [segment; MAX_SEGMENTS],
                used: 1,
                running: false,
                grid: Grid::default(),
                tempo: 120.0,
                epoch: 0,
            },
        }
    }

    /// Notes that were played before belong to the past: the next block has another epoch.
    pub fn interrupt(&mut self) {
        self.plan.epoch = self.plan.epoch.wrapping_add(1);
    }

    /// Other sample rate: the position stays.
    pub fn set_sample_rate(&mut self, sample_rate: f64) {
        if sample_rate.is_finite() && sample_rate >= 1.0 && sample_rate != self.sample_rate {
            let here = self.line.at(self.elapsed);
            self.sample_rate = sample_rate;
            self.line = Line { anchor: here, ticks_per_sample: self.ticks_per_sample(self.tempo) };
            self.elapsed = 0;
        }
    }

    fn ticks_per_sample(&self, tempo: f64) -> f64 {
        tempo / 60.0 * TICKS_PER_QUARTER as f64 / self.sample_rate
    }

    /// The plan of the last block.
    #[must_use]
    pub fn last(&self) -> &Plan {
        &self.plan
    }

    /// Cuts the next `frames` samples. `own_tempo` counts where the host gives none; `free_run`: time runs
    /// although there is no host transport.
    pub fn plan(&mut self, transport: &Transport, frames: u32, own_tempo: f64, free_run: bool) -> &Plan {
        let tempo = usable_tempo(transport.tempo).or(usable_tempo(Some(own_tempo))).unwrap_or(120.0);
        let step = self.ticks_per_sample(tempo);
        let position = transport.position.filter(|p| transport.host && p.is_finite() && p.abs() < FURTHEST);
        let running = if transport.host { transport.playing } else { free_run };
        self.follow_grid(transport);

        let expected = self.line.at(self.elapsed);
        let (here, cause) = if !running {
            let cause = if self.running { Cause::Start } else { Cause::Continue };
            (if self.running { 0.0 } else { expected }, cause)
        } else if self.running {
            match position {
                Some(host) => self.compare(host, expected, transport.loop_range, tempo, step),
                None => (expected, Cause::Continue),
            }
        } else {
            self.last_error = 0.0;
            (position.unwrap_or(0.0), Cause::Start)
        };
        if cause != Cause::Continue || here != expected || step != self.line.ticks_per_sample {
            self.line = Line { anchor: here, ticks_per_sample: step };
            self.elapsed = 0;
        }
        self.plan.epoch = self.plan.epoch.wrapping_add((self.plan.used - 1) as u32);
        if cause != Cause::Continue || running != self.running {
            self.plan.epoch = self.plan.epoch.wrapping_add(1);
        }
        self.running = running;
        self.tempo = tempo;
        self.last_frames = frames;
        self.plan.running = running;
        self.plan.tempo = tempo;
        self.cut(frames, cause, transport.loop_range.filter(|_| running && transport.host));
        &self.plan
    }

    /// Own position against the host's: the host's rounding is ignored, a slow drift (tempo ramps inside a
    /// block) is taken over without a break, anything sudden is a jump.
    fn compare(
        &mut self,
        host: f64,
        expected: f64,
        loop_range: Option<(f64, f64)>,
        tempo: f64,
        step: f64,
    ) -> (f64, Cause) {
        let error = host - expected;
        let ramp = (tempo - self.tempo).abs() / 60.0 * f64::from(self.last_frames) / self.sample_rate;
        let ramp = (ramp * TICKS_PER_QUARTER as f64).min(STEEPEST);
        let tolerance = ROUNDING + step.max(self.line.ticks_per_sample) + ramp;
        if (error - self.last_error).abs() > tolerance {
            self.last_error = 0.0;
            // A host that cuts its blocks at the loop's end jumps back itself, by up to a sample too far.
            let looped = loop_range
                .is_some_and(|(from, to)| expected + step >= to && (host - from).abs() <= tolerance);
            (host, if looped { Cause::Wrap } else { Cause::Jump })
        } else if error.abs() > tolerance || ramp > 0.0 {
            self.last_error = 0.0;
            (host, Cause::Continue)
        } else {
            self.last_error = error;
            (expected, Cause::Continue)
        }
    }

    fn cut(&mut self, frames: u32, cause: Cause, loop_range: Option<(f64, f64)>) {
        let shortest = 2.0 * self.line.ticks_per_sample;
        let loop_range = loop_range.filter(|(start, end)| {
            start.is_finite()
                && end.is_finite()
                && start.abs() < FURTHEST
                && end.abs() < FURTHEST
                && end - start >= shortest
        });
        let loop_start = loop_range.map(|(from, _)| from.ceil() as Ticks);
        let (mut start, mut cause) = (0, cause);
        let mut floor = loop_start.filter(|_| cause == Cause::Wrap);
        self.plan.used = 0;
        loop {
            let mut segment = Segment {
                start,
                end: frames,
                cause,
                floor,
                ceiling: None,
                line: self.line,
                offset: self.elapsed,
            };
            let wrap = loop_range.filter(|_| self.plan.used + 1 < MAX_SEGMENTS).and_then(|(from, to)| {
                // A position past the end plays on: hosts only loop when they come from inside.
                (self.line.at(self.elapsed) < to).then(|| {
                    let at = i64::from(start) + (self.line.sample(to) - self.elapsed).max(0);
                    (at, from, to)
                })
            });
            match wrap {
                Some((at, from, to)) if at < i64::from(frames) => {
                    segment.end = at as u32;
                    segment.ceiling = Some(to.ceil() as Ticks);
                    let at_wrap = self.elapsed + i64::from(segment.end - start);
                    self.line.anchor = self.line.at(at_wrap) - to + from;
                    self.elapsed = 0;
                    // The host's next position is compared with the wrapped line, so an old error is void.
                    self.last_error = 0.0;
                    self.push(segment);
                    start = segment.end;
                    cause = Cause::Wrap;
                    floor = loop_start;
                }
                _ => {
                    self.elapsed += i64::from(frames - start);
                    self.push(segment);
                    return;
                }
            }
        }
    }

    fn push(&mut self, segment: Segment) {
        self.plan.segments[self.plan.used] = segment;
        self.plan.used += 1;
    }

    fn follow_grid(&mut self, transport: &Transport) {
        let meter = transport.meter.unwrap_or(self.plan.grid.meter);
        let bar = meter.bar_ticks();
        let phase = match transport.bar_start.filter(|s| s.is_finite() && s.abs() < FURTHEST) {
            Some(start) => {
                // Bar lines lie on round ticks; the host's last digits do not move them.
                let unit = TICKS_PER_QUARTER / 960;
                let rounded = (start / unit as f64).round() as Ticks * unit;
                rounded.rem_euclid(bar)
            }
            None if meter == self.plan.grid.meter => self.plan.grid.phase,
            None => 0,
        };
        self.plan.grid = Grid { meter, phase };
    }
}

fn usable_tempo(tempo: Option<f64>) -> Option<f64> {
    tempo.filter(|t| t.is_finite() && *t > 0.0).map(|t| t.clamp(1.0, 2000.0))
}
