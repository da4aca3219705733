//! A small room: four delay lines that feed each other, so that dry mono recordings do not sound glued to the speaker.
//!
//! Runs on the audio thread; allocates only in [`Room::new`]. Its first echo comes 23 ms or more after the direct sound, so
//! onsets stay where they are.

/// Line lengths in seconds; mutually prime at the usual rates, hence no ringing pitch.
const SECONDS: [f32; 4] = [0.0231, 0.0297, 0.0371, 0.0437];
/// Longest line in samples at the highest rate that is honoured exactly.
const CAPACITY: usize = 8_400;
/// Time after which an echo is 60 dB down.
const DECAY_SECONDS: f32 = 0.7;
/// What counts as silence: −120 dB.
const SILENCE: f32 = 1.0e-6;

#[derive(Debug)]
pub(super) struct Room {
    lines: Box<[[f32; CAPACITY]; 4]>,
    length: [usize; 4],
    at: [usize; 4],
    gain: [f32; 4],
    damped: [f32; 4],
    damping: f32,
    /// Samples since anything audible was in it; asleep when that is longer than the longest line.
    quiet: usize,
}

impl Room {
    pub fn new() -> Self {
        let lines = vec![[0.0; CAPACITY]; 4].into_boxed_slice().try_into().unwrap_or_else(|_| unreachable!());
        let mut room = Self {
            lines,
            length: [1; 4],
            at: [0; 4],
            gain: [0.0; 4],
            damped: [0.0; 4],
            damping: 0.5,
            quiet: 0,
        };
        room.prepare(48_000.0);
        room
    }

    /// Empties the room and sets its size for `rate` frames per second. Above 192 kHz it gets smaller.
    pub fn prepare(&mut self, rate: f32) {
        for (i, seconds) in SECONDS.iter().enumerate() {
            self.length[i] = ((seconds * rate) as usize).clamp(1, CAPACITY);
            self.gain[i] = (-6.907_755 * self.length[i] as f32 / rate / DECAY_SECONDS).exp();
        }
        self.damping = 1.0 - (-std::f32::consts::TAU * 4_500.0 / rate).exp();
        self.clear();
    }

    pub fn clear(&mut self) {
        for line in self.lines.iter_mut() {
            line.fill(0.0);
        }
        self.at = [0; 4];
        self.damped = [0.0; 4];
        self.quiet = usize::MAX;
    }

    /// Whether nothing rings in it; then silence in gives exact silence out.
    pub fn is_asleep(&self) -> bool {
        self.quiet > self.length[3]
    }

    /// One frame of echo for one frame of input.
    #[inline]
    pub fn process(&mut self, left: f32, right: f32) -> (f32, f32) {
        if left == 0.0 && right == 0.0 && self.is_asleep() {
            return (0.0, 0.0);
        }
        for (i, damped) in self.damped.iter_mut().enumerate() {
            *damped += self.damping * (self.lines[i][self.at[i]] * self.gain[i] - *damped);
        }
        let out = self.damped;
        let half = 0.5 * out.iter().sum::<f32>();
        for (i, line) in self.lines.iter_mut().enumerate() {
            // Householder reflection: spreads every line over all, keeps the energy.
            let input = if i % 2 == 0 { left } else { right };
            line[self.at[i]] = out[i] - half + input;
            self.at[i] += 1;
            if self.at[i] == self.length[i] {
                self.at[i] = 0;
            }
        }
        let loudest = out.iter().fold(left.abs().max(right.abs()), |m, x| m.max(x.abs()));
        self.quiet = if loudest < SILENCE { self.quiet.saturating_add(1) } else { 0 };
        if self.is_asleep() {
            // Also keeps numbers from shrinking into the slow, denormal range.
            self.clear();
        }
        (out[0] + 0.6 * out[2], out[1] + 0.6 * out[3])
    }
}
