//! The key under which a table keeps a tensor or one of its slices: name and box in an encoding whose bytes sort
//! like what they stand for. Any thread.
use super::slices::Slice;

/// The key of a slice of the tensor `name`. Starts with a zero byte, which no name does.
pub(super) fn slice_key(name: &str, slice: &Slice) -> Vec<u8> {
    let mut key = vec![0];
    for &byte in name.as_bytes() {
        key.push(byte);
        // UTF-8 has no byte 0xff, which would be escaped too.
        if byte == 0 {
            key.push(0xff);
        }
    }
    key.extend([0, 1]);
    match slice.0.len() {
        0 => key.push(0),
        axes => key.extend([1, axes as u8]),
    }
    for &(start, length) in &slice.0 {
        put(&mut key, start);
        match length {
            Some(length) => put(&mut key, length),
            // The whole axis: -1.
            None => key.push(0x7f),
        }
    }
    key
}

/// Appends a number that is not negative: as many leading ones as there are bytes, a zero, then the number.
fn put(key: &mut Vec<u8>, number: u64) {
    let bits = u64::BITS - number.leading_zeros();
    let length = (bits / 7 + 1).min(10) as usize;
    // Ten bytes hold the longest: 64 bits of number, and a header of ten ones and a zero over the first two.
    let mut bytes = u128::from(number).to_be_bytes();
    let at = bytes.len() - length;
    for one in 0..length {
        bytes[at + one / 8] |= 0x80 >> (one % 8);
    }
    key.extend_from_slice(&bytes[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, slice: &[(u64, Option<u64>)]) -> Vec<u8> {
        slice_key(name, &Slice(slice.to_vec()))
    }

    #[test]
    fn keys_of_the_specification() {
        assert_eq!(key("a", &[(0, None)]), [0, b'a', 0, 1, 1, 1, 0x80, 0x7f]);
        assert_eq!(key("s", &[]), [0, b's', 0, 1, 0]);
        let rows = [(4, Some(3)), (0, Some(4))];
        assert_eq!(key("part/w", &rows), b"\0part/w\0\x01\x01\x02\x84\x83\x80\x84");
        assert_eq!(key("a\0b", &[]), b"\0a\0\xffb\0\x01\0");
    }

    #[test]
    fn large_numbers_have_more_bytes_and_sort_like_themselves() {
        let bytes = |number| {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            bytes
        };
        assert_eq!(bytes(63), [0xbf]);
        assert_eq!(bytes(64), [0xc0, 64]);
        assert_eq!(bytes(8191), [0xdf, 0xff]);
        assert_eq!(bytes(8192), [0xe0, 0x20, 0]);
        let numbers: Vec<u64> = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).collect();
        let mut sorted = numbers.clone();
        sorted.sort_by_key(|&number| bytes(number));
        assert!(sorted.is_sorted());
    }
}
