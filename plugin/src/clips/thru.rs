//! Passing the played-in notes through.
//!
//! Runs on the audio thread. A plugin with a note output gets no pass-through from the host, so what comes in is
//! sent on, merged by time with the player's notes. Holds two small tables: note-offs that the host had no room
//! for (tried again) and note-ons that were refused (their note-offs are swallowed). Never allocates.

const WORDS: usize = 16 * 128 / 64;

/// Bit per channel and key.
#[derive(Debug, Default)]
struct Keys([u64; WORDS]);

impl Keys {
    fn place(channel: u8, key: u8) -> (usize, u64) {
        let bit = usize::from(channel & 15) * 128 + usize::from(key & 127);
        (bit / 64, 1 << (bit % 64))
    }

    fn set(&mut self, channel: u8, key: u8) {
        let (word, bit) = Self::place(channel, key);
        self.0[word] |= bit;
    }

    /// Clears the bit; whether it was set.
    fn take(&mut self, channel: u8, key: u8) -> bool {
        let (word, bit) = Self::place(channel, key);
        let was = self.0[word] & bit != 0;
        self.0[word] &= !bit;
        was
    }
}

/// See the file's head.
#[derive(Debug, Default)]
pub struct Thru {
    /// Note-offs to send as soon as there is room.
    owed: Keys,
    owes: bool,
    /// Notes whose note-off is to be swallowed: their note-on never left, or they were ended before.
    refused: Keys,
    /// Notes that sound.
    sounding: Keys,
}

impl Thru {
    /// Start of a block: sends the note-offs that are owed. `send` returns `false` when there is no room.
    pub fn settle(&mut self, mut send: impl FnMut(u8, u8) -> bool) {
        if !self.owes {
            return;
        }
        self.owes = false;
        for word in 0..WORDS {
            while self.owed.0[word] != 0 {
                let bit = word * 64 + self.owed.0[word].trailing_zeros() as usize;
                if !send((bit / 128) as u8, (bit % 128) as u8) {
                    self.owes = true;
                    return;
                }
                self.owed.0[word] &= self.owed.0[word] - 1;
            }
        }
    }

    /// A note-on came in; `send` passes it on.
    pub fn on(&mut self, channel: u8, key: u8, send: impl FnOnce() -> bool) {
        // An owed note-off would otherwise end this new note later.
        if self.owed.take(channel, key) || !send() {
            self.refused.set(channel, key);
        } else {
            self.refused.take(channel, key);
            self.sounding.set(channel, key);
        }
    }

    /// Ends all notes that sound; `send` returns `false` when there is no room.
    pub fn release_all(&mut self, mut send: impl FnMut(u8, u8) -> bool) {
        for word in 0..WORDS {
            while self.sounding.0[word] != 0 {
                let bit = word * 64 + self.sounding.0[word].trailing_zeros() as usize;
                let (channel, key) = ((bit / 128) as u8, (bit % 128) as u8);
                self.sounding.take(channel, key);
                self.refused.set(channel, key);
                if !send(channel, key) {
                    self.owed.set(channel, key);
                    self.owes = true;
                }
            }
        }
    }

    /// A note-off came in; `send` passes it on.
    pub fn off(&mut self, channel: u8, key: u8, send: impl FnOnce() -> bool) {
        self.sounding.take(channel, key);
        if !self.refused.take(channel, key) && !send() {
            self.owed.set(channel, key);
            self.owes = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_note_off_is_sent_later_and_once() {
        let mut thru = Thru::default();
        thru.on(3, 60, || true);
        thru.off(3, 60, || false);
        let mut sent = Vec::new();
        thru.settle(|_, _| false);
        thru.settle(|c, k| {
            sent.push((c, k));
            true
        });
        thru.settle(|c, k| {
            sent.push((c, k));
            true
        });
        assert_eq!(sent, [(3, 60)]);
    }

    #[test]
    fn a_note_that_was_released_early_ends_once() {
        let mut thru = Thru::default();
        thru.on(1, 60, || true);
        thru.on(1, 61, || true);
        thru.off(1, 61, || true);
        let mut sent = Vec::new();
        thru.release_all(|c, k| {
            sent.push((c, k));
            true
        });
        thru.off(1, 60, || panic!("it has ended already"));
        assert_eq!(sent, [(1, 60)]);
        thru.on(1, 60, || true);
        thru.release_all(|_, _| false);
        thru.settle(|c, k| {
            sent.push((c, k));
            true
        });
        assert_eq!(sent, [(1, 60), (1, 60)]);
    }

    #[test]
    fn a_refused_note_on_takes_its_note_off_with_it() {
        let mut thru = Thru::default();
        thru.on(0, 127, || false);
        thru.off(0, 127, || panic!("the note never sounded"));
        let mut sent = 0;
        thru.on(0, 127, || true);
        thru.off(0, 127, || {
            sent += 1;
            true
        });
        assert_eq!(sent, 1);
    }
}
