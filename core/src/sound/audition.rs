//! [`Audition`]: the small built-in instrument. Notes go in with a frame offset, stereo sound comes out.
//!
//! The audio thread runs it. It allocates in [`Audition::new`] only, never locks, waits or logs, and never sends notes.
use super::bank;
use super::kit::{self, Choke};
use super::room::Room;
use super::voice::{Start, Voice};
use crate::music::ClipKind;

/// Notes that sound at once; one more takes the place of the oldest.
const SOUNDING: usize = 32;
/// Places in the pool: those above [`SOUNDING`] hold notes that fade out for a few milliseconds.
const PLACES: usize = 64;
/// Seconds over which a note that lost its place, or everything at [`Audition::all_off`], fades out.
const FADE: f32 = 0.005;
/// Peak of one pitched note at velocity 127.
const KEYS_GAIN: f32 = 0.26;
const WARM_GAIN: f32 = 0.24;

/// The sounds there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sound {
    /// A drum kit on the General MIDI drum pitches; hits ring out, note-offs mean nothing.
    Drums,
    /// An electric piano: decays while held.
    #[default]
    Keys,
    /// A warm synthesiser: sounds as long as it is held; for bass lines and long notes.
    Warm,
}

impl From<ClipKind> for Sound {
    fn from(kind: ClipKind) -> Self {
        match kind {
            ClipKind::Drums => Self::Drums,
            ClipKind::Melody => Self::Keys,
        }
    }
}

/// A drum kit and two pitched sounds with a fixed number of voices. See the file's head for what it never does.
#[derive(Debug)]
pub struct Audition {
    voices: Box<[Voice; PLACES]>,
    room: Room,
    rate: f32,
    serial: u64,
    level: f32,
    level_target: f32,
    level_glide: f32,
}

impl Default for Audition {
    fn default() -> Self {
        Self::new()
    }
}

impl Audition {
    /// An instrument at 48 kHz, full level. Allocates; nothing later does.
    #[must_use]
    pub fn new() -> Self {
        let mut audition = Self {
            voices: Box::new([Voice::free(); PLACES]),
            room: Room::new(),
            rate: 48_000.0,
            serial: 0,
            level: 1.0,
            level_target: 1.0,
            level_glide: 1.0,
        };
        audition.prepare(48_000.0);
        audition
    }

    /// Sets the sample rate in Hz (held within 8,000..=768,000) and silences everything at once.
    pub fn prepare(&mut self, sample_rate: f32) {
        self.rate = if sample_rate.is_finite() { sample_rate.clamp(8_000.0, 768_000.0) } else { 48_000.0 };
        self.room.prepare(self.rate);
        self.level_glide = 1.0 - (-1.0 / (0.02 * self.rate)).exp();
        self.level = self.level_target;
        for voice in self.voices.iter_mut() {
            voice.active = false;
        }
    }

    /// Sets the volume as a factor 0..=2; changes glide over about 50 ms. 1 leaves a full drum kit near −6 dBFS.
    pub fn set_level(&mut self, level: f32) {
        self.level_target = if level.is_finite() { level.clamp(0.0, 2.0) } else { 0.0 };
    }

    /// Begins a note `offset` frames after the start of the next block: its first audible frame is exactly that one.
    /// `pitch` 0..=127 (higher ones count as 127), `velocity` 1..=127; velocity 0 is a note-off. `offset` may lie
    /// beyond the next block.
    pub fn note_on(&mut self, sound: Sound, pitch: u8, velocity: u8, offset: usize) {
        if velocity == 0 {
            return self.note_off(sound, pitch, offset);
        }
        let (pitch, wait) = (pitch.min(127), frames(offset));
        let force = f32::from(velocity.min(127)) / 127.0;
        let loudness = force * force.sqrt();
        self.serial += 1;
        let start = Start {
            sound,
            pitch,
            choke: Choke::None,
            wait,
            gain: loudness,
            pan: 0.0,
            brightness: 1_800.0 + 18_000.0 * force * force,
            decay: f32::INFINITY,
            release: 0.05,
        };
        let (rate, serial) = (self.rate, self.serial);
        let voice = match sound {
            Sound::Drums => {
                let hit = kit::hit_for(pitch);
                self.choke(hit.choke, pitch, wait);
                let brightness = 5_000.0 + 40_000.0 * force * force;
                let (gain, pan) = (loudness * hit.gain, hit.pan);
                let start = Start { choke: hit.choke, gain, pan, brightness, ..start };
                Voice::recording(start, hit.zone, hit.tune, rate, serial)
            }
            Sound::Keys => {
                let zone = bank::keys(pitch);
                let semitones = f32::from(pitch) - f32::from(zone.root);
                // Low keys to the left, as the player hears them; they also ring longer.
                let pan = ((f32::from(pitch) - 62.0) / 90.0).clamp(-0.3, 0.3);
                let decay = 1.4 * ((60.0 - f32::from(pitch)) / 36.0).exp2();
                let start = Start { gain: loudness * KEYS_GAIN, pan, decay, release: 0.07, ..start };
                Voice::recording(start, zone, semitones, rate, serial)
            }
            Sound::Warm => {
                let start =
                    Start { gain: loudness * WARM_GAIN, brightness: 20_000.0, release: 0.09, ..start };
                Voice::warm(start, force, rate, serial)
            }
        };
        let place = self.make_room(wait);
        self.voices[place] = voice;
    }

    /// Releases the oldest held note of that sound and pitch, `offset` frames after the start of the next block.
    pub fn note_off(&mut self, sound: Sound, pitch: u8, offset: usize) {
        if sound == Sound::Drums {
            return;
        }
        let pitch = pitch.min(127);
        let held = self.voices.iter_mut().filter(|v| v.is_held() && v.sound == sound && v.pitch == pitch);
        if let Some(voice) = held.min_by_key(|v| v.serial) {
            voice.release_in(frames(offset));
        }
    }

    /// Ends everything now, with a fade of 5 ms and the room's echo; notes that have not begun never do.
    pub fn all_off(&mut self) {
        let length = FADE * self.rate;
        for voice in self.voices.iter_mut().filter(|v| v.active) {
            if voice.is_waiting() {
                voice.active = false;
            } else {
                voice.fade_in(0, length);
            }
        }
    }

    /// Writes the next block over `left` and `right`; the shorter one decides its length.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len());
        let (left, right) = (&mut left[..frames], &mut right[..frames]);
        left.fill(0.0);
        right.fill(0.0);
        for voice in self.voices.iter_mut().filter(|v| v.active) {
            voice.render(left, right);
        }
        for (l, r) in left.iter_mut().zip(right) {
            let (echo_left, echo_right) = self.room.process(*l * 0.16, *r * 0.16);
            self.level += self.level_glide * (self.level_target - self.level);
            *l = soft_limit((*l + echo_left) * self.level);
            *r = soft_limit((*r + echo_right) * self.level);
        }
    }

    /// Number of notes that sound, wait for their offset or fade out; at most 64.
    #[must_use]
    pub fn active_voices(&self) -> usize {
        self.voices.iter().filter(|v| v.active).count()
    }

    /// Whether the next block will be exact silence unless a note begins.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.active_voices() == 0 && self.room.is_asleep()
    }

    /// Ends what a hit of this kind on `pitch` ends, `wait` frames from now.
    fn choke(&mut self, choke: Choke, pitch: u8, wait: u32) {
        let rate = self.rate;
        for voice in self.voices.iter_mut().filter(|v| v.active && v.sound == Sound::Drums) {
            match choke {
                Choke::ClosesHat | Choke::OpenHat if voice.choke == Choke::OpenHat => {
                    voice.fade_in(wait, 0.02 * rate);
                }
                Choke::Cymbal if voice.choke == Choke::Cymbal && voice.pitch == pitch => {
                    voice.fade_in(wait, 0.09 * rate);
                }
                _ => {}
            }
        }
    }

    /// A free place for a note that begins in `wait` frames. If [`SOUNDING`] notes are on, the oldest one (a released
    /// one first) fades out from then on; if no place is free, the note furthest in its fade-out ends at once.
    fn make_room(&mut self, wait: u32) -> usize {
        let length = FADE * self.rate;
        let staying = self.voices.iter_mut().filter(|v| v.active && !v.is_leaving());
        let (mut count, mut oldest) = (0, None::<&mut Voice>);
        for voice in staying {
            count += 1;
            let key = (voice.is_held(), voice.serial);
            if oldest.as_ref().is_none_or(|o| key < (o.is_held(), o.serial)) {
                oldest = Some(voice);
            }
        }
        if let Some(voice) = oldest.filter(|_| count >= SOUNDING) {
            voice.fade_in(wait, length);
        }
        let place = |v: &Voice| (v.active, v.fade());
        let best = self.voices.iter().enumerate().min_by(|(_, a), (_, b)| {
            let ((a, fade_a), (b, fade_b)) = (place(a), place(b));
            a.cmp(&b).then(fade_a.total_cmp(&fade_b))
        });
        best.map_or(0, |(index, _)| index)
    }
}

/// A frame count for a countdown; the largest value means "never" there.
fn frames(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX).min(u32::MAX - 2)
}

/// Leaves anything up to 0.7 as it is and bends what is louder so that it stays below 1.
#[inline]
pub(super) fn soft_limit(x: f32) -> f32 {
    const KNEE: f32 = 0.7;
    let over = x.abs() - KNEE;
    if over <= 0.0 {
        return x;
    }
    let u = over / (1.0 - KNEE);
    (KNEE + (1.0 - KNEE) * u / (1.0 + u)).copysign(x)
}

#[cfg(test)]
#[path = "audition_tests.rs"]
mod tests;
