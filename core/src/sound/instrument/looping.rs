//! Loop points: where in the sustain part of a note the sound may go back and hold on for ever.
//!
//! Worker threads. A note fades as it is held, so the loop is looked for in the note with that fading taken out
//! ([`Loop::decay`]; a voice puts it back, and goes on fading at the same rate). The candidates are compared by how alike
//! the sound before both points is; then the end is crossfaded into what lies before the start, with the level that the
//! likeness of the two asks for. So the jump itself is never heard: the last sample of the loop is the one before its
//! first.
use super::resample::dot;

/// A loop may begin at these parts of the note, and ends by the last one: before a recorded key is let go.
const STARTS: [f64; 3] = [0.2, 0.25, 0.3];
const LAST: f64 = 0.725;
/// The fading is measured from here on.
const SETTLED: f64 = 0.15;
/// A note that falls by less than this (4 dB, in nepers) until [`LAST`] does not fade: it beats, or breathes.
const LEAST_FALL: f64 = 0.5;
/// Shortest and longest loop as parts of the note.
const LENGTHS: (f64, f64) = (0.15, 0.42);
/// Most by which taking out the fading may raise the end of a loop: 24 dB, in nepers.
const MOST_RISE: f64 = 2.76;
/// What is compared, as a part of the note: 40 ms of 4 s.
const WINDOW: f64 = 0.01;
/// The crossfade likewise, at most.
const FADE: f64 = 0.03;
/// Shorter sounds have no loop to speak of: they are held on their last samples.
const SHORTEST: usize = 16;

/// See the file's head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Loop {
    /// First sample of the loop.
    pub start: usize,
    /// The sample after its last.
    pub end: usize,
    /// Nepers per sample by which the note fades from `start` on.
    pub decay: f64,
}

impl Loop {
    /// A loop for this sound; `None` if it is too short for any.
    pub fn find(sound: &[f32]) -> Option<Self> {
        let whole = sound.len();
        if whole < SHORTEST {
            return None;
        }
        let part = |share: f64| (share * whole as f64) as usize;
        let decay = decay(&sound[part(SETTLED)..part(LAST)]);
        let decay = if decay * part(LAST - SETTLED) as f64 > LEAST_FALL { decay } else { 0.0 };
        let decay = decay.min(MOST_RISE / part(LENGTHS.0 / 2.0).max(1) as f64);
        let longest = part(LENGTHS.1).min((MOST_RISE / decay.max(1e-12)) as usize).max(2);
        let shortest = part(LENGTHS.0).min(longest / 2).max(1);
        let flat = flattened(sound, part(STARTS[0]), decay);
        let window = part(WINDOW).max(4);
        let mut best = (f32::MIN, part(STARTS[0]), part(STARTS[0]) + shortest);
        for start in STARTS.map(part) {
            let until = (start + longest).min(part(LAST));
            // A longer loop is heard as one less easily.
            for (score, end) in likeness(&flat, start, start + shortest..until, window) {
                let score = score + 0.02 * (end - start) as f32 / longest as f32;
                if score > best.0 {
                    best = (score, start, end);
                }
            }
        }
        Some(Self { start: best.1, end: best.2, decay })
    }

    /// The same loop in the same sound at `ratio` times its rate, with the end that fits best there.
    pub fn at_rate(self, sound: &[f32], ratio: f64) -> Self {
        let scaled = |n: usize| (n as f64 * ratio).round() as usize;
        let start = scaled(self.start).clamp(1, sound.len().saturating_sub(2).max(1));
        let decay = self.decay / ratio;
        let flat = flattened(sound, start, decay);
        let (end, reach) = (scaled(self.end), ratio.ceil() as usize);
        let window = ((WINDOW * sound.len() as f64) as usize).max(4);
        let ends = end.saturating_sub(reach).max(start + 1)..(end + reach + 1).min(sound.len());
        let best = likeness(&flat, start, ends, window).max_by(|a, b| a.0.total_cmp(&b.0));
        Self { start, end: best.map_or(end.clamp(start + 1, sound.len()), |(_, end)| end), decay }
    }

    /// The sound up to the loop's end, without fading from the loop's start on and with the crossfade in it.
    pub fn bake(self, sound: &[f32]) -> Vec<f32> {
        let mut made = flattened(sound, self.start, self.decay);
        made.truncate(self.end);
        let most = (FADE * sound.len() as f64) as usize;
        let fade = most.min((self.end - self.start) / 2).min(self.start).max(1);
        let (before, after) = (self.start - fade, self.end - fade);
        let other = made[before..self.start].to_vec();
        let own = &made[after..self.end];
        let alike = (dot(own, &other) / (dot(own, own) * dot(&other, &other)).sqrt().max(f32::MIN_POSITIVE))
            .clamp(0.0, 1.0);
        for (i, (x, other)) in made[after..].iter_mut().zip(other).enumerate() {
            let share = 0.5 - 0.5 * (std::f32::consts::PI * (i + 1) as f32 / fade as f32).cos();
            let rest = 1.0 - share;
            // As loud all along, whether the two add up in step or not.
            let power = share * share + rest * rest + 2.0 * alike * share * rest;
            *x = (rest * *x + share * other) / power.sqrt();
        }
        made
    }
}

/// How alike the `window` samples before `start` are to those before each of `ends`: 1 for the same, less for another
/// level or another form.
fn likeness(
    sound: &[f32],
    start: usize,
    ends: std::ops::Range<usize>,
    window: usize,
) -> impl Iterator<Item = (f32, usize)> + '_ {
    let window = window.min(start);
    let model = &sound[start - window..start];
    let own = dot(model, model);
    let mut energy = f64::NAN;
    ends.filter(move |&end| end >= window && end <= sound.len()).map(move |end| {
        let part = &sound[end - window..end];
        // The energy of a window is that of the one before it, but for two samples.
        energy = if energy.is_nan() {
            f64::from(dot(part, part))
        } else {
            let (gone, new) = (f64::from(sound[end - window - 1]), f64::from(sound[end - 1]));
            (energy + new * new - gone * gone).max(0.0)
        };
        let both = own + energy as f32;
        (if both > 0.0 { 2.0 * dot(model, part) / both } else { 0.0 }, end)
    })
}

/// Nepers per sample by which a sound fades: the slope of a line through the levels of its parts. 0 if it does not.
fn decay(sound: &[f32]) -> f64 {
    const PARTS: usize = 40;
    let length = (sound.len() / PARTS).max(1);
    let levels: Vec<(f64, f64)> = sound
        .chunks_exact(length)
        .enumerate()
        .map(|(i, part)| (i as f64 * length as f64, f64::from(dot(part, part)) / length as f64))
        .collect();
    let loudest = levels.iter().fold(0.0, |most: f64, l| most.max(l.1));
    // What is 60 dB below is noise that does not fade.
    let heard: Vec<(f64, f64)> =
        levels.iter().filter(|l| l.1 > 1e-6 * loudest).map(|l| (l.0, 0.5 * l.1.ln())).collect();
    let count = heard.len() as f64;
    if count < 2.0 {
        return 0.0;
    }
    let (x, y) = heard.iter().fold((0.0, 0.0), |sum, l| (sum.0 + l.0 / count, sum.1 + l.1 / count));
    let above = heard.iter().map(|l| (l.0 - x) * (l.1 - y)).sum::<f64>();
    let below = heard.iter().map(|l| (l.0 - x) * (l.0 - x)).sum::<f64>();
    (-above / below).max(0.0)
}

/// The sound without its fading from `start` on.
fn flattened(sound: &[f32], start: usize, decay: f64) -> Vec<f32> {
    let mut flat = sound.to_vec();
    if decay > 0.0 {
        let most = 10.0 * MOST_RISE;
        flat[start..]
            .iter_mut()
            .enumerate()
            .for_each(|(i, x)| *x *= (decay * i as f64).min(most).exp() as f32);
    }
    flat
}
