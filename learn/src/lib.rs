//! Training and reference implementations on burn: the networks in autodiff, their custom operations, and the
//! loops that make the weights Descant ships. Used by the command line and by tests, never by the note path.
pub mod corpora;
