//! Notes → one sound, as the reference does it: an envelope per note, each as loud as its velocity says, added up (spec
//! audio 1.8).
//!
//! Worker threads; 64-bit. Copies the reference's peculiarities: peaks are the largest values, not the largest magnitudes,
//! and the sound is cut to whole seconds. Silent notes are left alone, where the reference divides by 0.

/// Samples per second of all that is combined here.
pub const RATE: f64 = 16_000.0;
/// Seconds of a note that are heard in full at most.
const LONGEST: f64 = 3.0;
const ATTACK: usize = 160;
const RELEASE: usize = 4_800;
/// Seconds from the last end to the end of the sound, of which only whole ones are kept.
const TAIL: f64 = 3.0;
/// Seconds of sound at most: half an hour.
const MOST_SECONDS: f64 = 1_800.0;

/// A rendered note and when it is heard.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    /// Its sound from its onset on.
    pub sound: &'a [f32],
    /// Onset in seconds.
    pub start: f64,
    /// End in seconds, without the release.
    pub end: f64,
    /// 0 to 127.
    pub velocity: u8,
}

/// Why notes cannot be combined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CombineError {
    /// Too long for the memory.
    #[error("this piece lasts {0:.0} seconds, more than the 30 minutes that can be rendered")]
    TooLong(f64),
    /// A time that is none.
    #[error("a note begins before the piece, or its times are no numbers")]
    Time,
}

/// Loudness of each sample of a note of `seconds`: 10 ms up, up to 3 s held, 300 ms down. In a short note the release
/// takes the place of the attack's end.
#[must_use]
pub fn envelope(seconds: f64) -> Vec<f64> {
    let sustain = (RATE * seconds.clamp(0.0, LONGEST)) as usize;
    let mut envelope = vec![1.0; sustain + RELEASE];
    let up = 1.0 / (ATTACK - 1) as f64;
    envelope.iter_mut().take(ATTACK).enumerate().for_each(|(i, x)| *x = i as f64 * up);
    let down = 1.0 / (RELEASE - 1) as f64;
    envelope.iter_mut().skip(sustain).enumerate().for_each(|(i, x)| *x = 1.0 - i as f64 * down);
    envelope
}

/// What counts as the peak of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peaks {
    /// The largest value, as in the reference.
    Largest,
    /// The largest magnitude.
    Magnitude,
}

impl Peaks {
    /// The peak; 1 if there is none.
    fn of(self, sound: &[f64]) -> f64 {
        let largest = sound.iter().fold(0.0, |peak: f64, &x| match self {
            Self::Largest => peak.max(x),
            Self::Magnitude => peak.max(x.abs()),
        });
        if largest > 0.0 { largest } else { 1.0 }
    }
}

/// A sound to which notes are added one by one.
#[derive(Clone, Debug)]
pub struct Mix {
    sum: Vec<f64>,
    peaks: Peaks,
}

impl Mix {
    /// Silence for notes from and to these times in seconds.
    ///
    /// # Errors
    /// [`CombineError`].
    pub fn new(spans: impl Iterator<Item = (f64, f64)>, peaks: Peaks) -> Result<Self, CombineError> {
        let mut last = 0.0_f64;
        for (start, end) in spans {
            if !(start >= 0.0 && start.is_finite() && end.is_finite()) {
                return Err(CombineError::Time);
            }
            last = last.max(end).max(start);
        }
        if last > MOST_SECONDS {
            return Err(CombineError::TooLong(last));
        }
        Ok(Self { sum: vec![0.0; ((last + TAIL) as usize) * RATE as usize], peaks })
    }

    /// Adds a note, as loud as its velocity says.
    pub fn add(&mut self, note: &Note<'_>) {
        let envelope = envelope(note.end - note.start);
        let shaped: Vec<f64> = note.sound.iter().zip(envelope).map(|(&x, e)| f64::from(x) * e).collect();
        let level = f64::from(note.velocity) / 127.0 / self.peaks.of(&shaped);
        let from = (note.start * RATE) as usize;
        self.sum.iter_mut().skip(from).zip(shaped).for_each(|(sum, x)| *sum += level * x);
    }

    /// The sound, with a peak of 0.5.
    #[must_use]
    pub fn finish(mut self) -> Vec<f64> {
        let level = 2.0 * self.peaks.of(&self.sum);
        self.sum.iter_mut().for_each(|x| *x /= level);
        self.sum
    }
}

/// The sound of all notes, with a peak of 0.5.
///
/// # Errors
/// [`CombineError`].
pub fn combine(notes: &[Note<'_>]) -> Result<Vec<f64>, CombineError> {
    let mut mix = Mix::new(notes.iter().map(|n| (n.start, n.end)), Peaks::Largest)?;
    notes.iter().for_each(|note| mix.add(note));
    Ok(mix.finish())
}
