//! `cargo xtask demo`: the main job, seen without a DAW. See [`descant_tests::demo`].

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let out = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("bundles/demo"), PathBuf::from);
    match descant_tests::demo::run(&out) {
        Ok(()) => ExitCode::SUCCESS,
        #[expect(clippy::print_stderr, reason = "a program's last word")]
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
