//! `descant`: the tools on the command line, without a DAW.
fn main() {}
