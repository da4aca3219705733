//! Melodies: per grid step, a note-on, a note-off or nothing.
