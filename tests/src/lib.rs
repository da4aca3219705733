//! Whole-product tests and the demo: an in-process host that loads the built bundle.
