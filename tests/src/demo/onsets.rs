//! Finds where sounds begin, without knowing the notes, near the places where notes are.

/// How sound and notes agree.
pub struct Agreement {
    /// Different note onsets.
    pub expected: usize,
    /// Those whose beginning stands out of what still rings.
    pub heard: usize,
    /// Largest distance between a heard beginning and its note.
    pub worst_ms: f64,
}

/// A note stands out if within 4 ms of it the sound is at least four times as steep as in the 8 ms before; it
/// begins where the slope first rises a quarter above what rang before. Slopes rather than levels: an attack is
/// steep even under a ringing cymbal. Notes that do not stand out are masked and not counted as heard.
pub fn compare(wave: &[Vec<f32>; 2], onsets: &[u64], rate: f64) -> Agreement {
    let mono: Vec<f32> = wave[0].iter().zip(&wave[1]).map(|(l, r)| l + r).collect();
    let slope = |i: usize| if i == 0 { mono[0].abs() } else { (mono[i] - mono[i - 1]).abs() };
    let ms = (rate / 1000.0) as usize;
    let mut onsets = onsets.to_vec();
    onsets.sort_unstable();
    onsets.dedup();
    let (mut heard, mut worst) = (0, 0.0_f64);
    for &onset in &onsets {
        let at = onset as usize;
        let from = at.saturating_sub(4 * ms);
        let before = (from.saturating_sub(8 * ms)..from).map(slope).fold(1e-4, f32::max);
        let end = (at + 4 * ms).min(mono.len());
        let stands_out = (from..end).any(|i| slope(i) > 4.0 * before);
        if let Some(first) = (from..end).find(|&i| stands_out && slope(i) > 1.25 * before) {
            heard += 1;
            worst = worst.max(first.abs_diff(at) as f64 / rate * 1000.0);
        }
    }
    Agreement { expected: onsets.len(), heard, worst_ms: worst }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clicks(at: &[usize], late: usize) -> [Vec<f32>; 2] {
        let mut wave = vec![0.0_f32; 48_000];
        for &a in at {
            for i in 0..400 {
                wave[a + late + i] += 0.5 * (1.0 - i as f32 / 400.0) * if i % 2 == 0 { 1.0 } else { -1.0 };
            }
        }
        [wave.clone(), wave]
    }

    #[test]
    fn exact_sounds_agree_and_late_ones_do_not() {
        let notes = [4800_u64, 12_000, 24_000];
        let at = notes.map(|n| n as usize);
        let exact = compare(&clicks(&at, 0), &notes, 48_000.0);
        assert_eq!((exact.expected, exact.heard), (3, 3));
        assert!(exact.worst_ms < 0.05);
        let late = compare(&clicks(&at, 96), &notes, 48_000.0);
        assert!((late.worst_ms - 2.0).abs() < 0.05);
    }

    #[test]
    fn silence_is_not_heard() {
        let silent = [vec![0.0; 9600], vec![0.0; 9600]];
        assert_eq!(compare(&silent, &[4800], 48_000.0).heard, 0);
    }
}
