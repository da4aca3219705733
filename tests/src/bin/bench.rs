//! `cargo xtask bench`, the part that needs a host: what the shipped bundle costs. See [`descant_tests::bench`].

use std::process::ExitCode;

fn main() -> ExitCode {
    match descant_tests::bench::run() {
        Ok(()) => ExitCode::SUCCESS,
        #[expect(clippy::print_stderr, reason = "a program's last word")]
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
