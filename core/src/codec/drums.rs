//! Drum tracks: per grid step, the set of drum sounds struck.
