//! [`Scale`]: how many pixels of the screen a point of the window has.
//!
//! Set by the window's thread, read by the host's. Only an open window knows it: from the system, else from the host.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by an editor and its windows; 1 before the first of them.
#[derive(Clone, Debug)]
pub struct Scale(Arc<AtomicU64>);

impl Default for Scale {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1.0_f64.to_bits())))
    }
}

impl Scale {
    /// Pixels per point, above 0.
    #[must_use]
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// What a window found. Anything that is no scale changes nothing.
    pub fn set(&self, scale: f64) {
        if scale.is_normal() && scale > 0.0 {
            self.0.store(scale.to_bits(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shared_and_stays_possible() {
        let (editor, window) = {
            let editor = Scale::default();
            (editor.clone(), editor)
        };
        assert_eq!(editor.get(), 1.0);
        window.set(1.75);
        for impossible in [0.0, -2.0, f64::NAN, f64::INFINITY] {
            window.set(impossible);
        }
        assert_eq!(editor.get(), 1.75);
    }
}
