//! Event sequences ↔ network inputs and labels: one file per encoding.
