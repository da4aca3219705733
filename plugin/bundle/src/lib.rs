//! The library that hosts load.
