//! `text/uri-list` (RFC 2483): one `file://` address per line, percent-encoded. Pure functions.

use std::path::{Path, PathBuf};

/// The list as bytes, every line ended by CR LF.
#[cfg_attr(any(target_os = "macos", windows), allow(dead_code))]
pub(super) fn list(paths: &[PathBuf]) -> Vec<u8> {
    paths.iter().flat_map(|p| [of(p), "\r\n".to_owned()]).collect::<String>().into_bytes()
}

fn of(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut uri = "file://".to_owned();
    for &b in path.as_os_str().as_encoded_bytes() {
        if b.is_ascii_alphanumeric() || b"/-._~".contains(&b) {
            uri.push(char::from(b));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{b:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_takes_survive_the_trip() {
        let path = PathBuf::from("/tmp/Descant 1 of 8 [é] #2%.mid");
        let expected = b"file:///tmp/Descant%201%20of%208%20%5B%C3%A9%5D%20%232%25.mid\r\n";
        assert_eq!(list(&[path]), expected);
    }
}
