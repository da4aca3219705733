//! WAV files: 32-bit floating-point samples, as the reference saves them and every host reads them.
//!
//! Any thread but the audio thread. Only writing: Descant hears MIDI, not sound.

/// A file of the sound of one or more channels, as long as the shortest of them; `rate` in samples per second.
#[must_use]
pub fn write(rate: u32, channels: &[&[f32]]) -> Vec<u8> {
    let frames = channels.iter().map(|c| c.len()).min().unwrap_or(0);
    let count = channels.len().min(usize::from(u16::MAX)) as u16;
    let frame = 4 * u32::from(count);
    // A file of this form has sizes of 32 bits.
    let frames = frames.min((u32::MAX - 64) as usize / frame.max(1) as usize);
    let data = frames as u32 * frame;
    let mut bytes = Vec::with_capacity(58 + data as usize);
    let number = |n: u32| n.to_le_bytes();
    bytes.extend(b"RIFF");
    bytes.extend(number(50 + data));
    bytes.extend(b"WAVEfmt ");
    bytes.extend(number(18));
    // Floating-point numbers.
    bytes.extend(3_u16.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(number(rate));
    bytes.extend(number(rate.saturating_mul(frame)));
    bytes.extend((frame as u16).to_le_bytes());
    bytes.extend(32_u16.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes.extend(b"fact");
    bytes.extend(number(4));
    bytes.extend(number(frames as u32));
    bytes.extend(b"data");
    bytes.extend(number(data));
    for i in 0..frames {
        bytes.extend(channels.iter().flat_map(|channel| channel[i].to_le_bytes()));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_frames_in_stereo() {
        let bytes = write(48_000, &[&[0.5, -1.0], &[0.25, 0.0, 9.0]]);
        let mut expected = b"RIFF".to_vec();
        expected.extend([66, 0, 0, 0]);
        expected.extend(b"WAVEfmt ");
        expected.extend([18, 0, 0, 0, 3, 0, 2, 0]);
        // 48,000 and 384,000 bytes per second.
        expected.extend([0x80, 0xBB, 0, 0, 0x00, 0xDC, 0x05, 0, 8, 0, 32, 0, 0, 0]);
        expected.extend(b"fact");
        expected.extend([4, 0, 0, 0, 2, 0, 0, 0]);
        expected.extend(b"data");
        expected.extend([16, 0, 0, 0, 0, 0, 0, 0x3F, 0, 0, 0x80, 0x3E, 0, 0, 0x80, 0xBF, 0, 0, 0, 0]);
        assert_eq!(bytes, expected);
        assert_eq!(u32::from_le_bytes([66, 0, 0, 0]) as usize, bytes.len() - 8);
        assert_eq!(write(16_000, &[]).len(), 58);
    }
}
