//! `cargo xtask …`: everything a fresh machine needs, in one small program that builds before the product
//! resolves. Words it does not know are handed to the `descant` command line.

mod bundle;
mod check;
mod packages;
mod patch;

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask WORD …

  setup      system packages (apt as root on Debian/Ubuntu, else a list) and the patched framework
  demo       builds, loads the bundle in an in-process host, writes bundles/demo/
  test       formatting, lints, all tests (what CI runs)
  bundle     builds bundles/Descant.clap and bundles/Descant.vst3 as shipped   [--target T]
  install    bundles and copies both into the user's plugin folders
  bench      ratios: kernels, training, quality, and the shipped bundle in a host   [plugin | kernels | …]
  deny       licences, bans and sources by cargo-deny, when it is installed

Every other word goes to the descant command line: generate, continue, dataset, train, golden.
`cargo xtask --help-descant` shows its help.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let root = root()?;
    std::env::set_current_dir(&root).context("the repository root is not readable")?;
    let mut args = std::env::args().skip(1);
    let word = args.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = args.collect();
    match word.as_str() {
        "help" | "--help" | "-h" => println!("{HELP}"),
        "setup" => {
            packages::ensure(packages::Need::Tests)?;
            if patch::ensure(&root)? {
                println!("set-up done: framework patched");
            } else {
                println!("set-up done: nothing to change");
            }
        }
        "bundle" => {
            packages::ensure(packages::Need::Build)?;
            patch::ensure(&root)?;
            bundle::bundle(&root, bundle::Kind::Shipped, &rest, &root.join("bundles"))?;
        }
        "install" => {
            packages::ensure(packages::Need::Build)?;
            patch::ensure(&root)?;
            bundle::bundle(&root, bundle::Kind::Shipped, &[], &root.join("bundles"))?;
            bundle::install(&root.join("bundles"))?;
        }
        "demo" => {
            packages::ensure(packages::Need::Tests)?;
            patch::ensure(&root)?;
            bundle::bundle(&root, bundle::Kind::Guarded, &[], &root.join("bundles"))?;
            let out = root.join("bundles/demo");
            program(&root, "demo")?
                .arg(&out)
                .args(&rest)
                .env("DESCANT_BUNDLE", root.join("bundles/Descant.clap"))
                .run()?;
        }
        "test" => {
            packages::ensure(packages::Need::Tests)?;
            patch::ensure(&root)?;
            check::test(&root, &rest)?;
        }
        "deny" => check::deny()?,
        _ => {
            patch::ensure(&root)?;
            descant(&root, &word, &rest)?;
        }
    }
    Ok(())
}

/// Hands a word to the command line. Benches of speed are built as shipped; everything else with the test profile.
fn descant(root: &Path, word: &str, rest: &[String]) -> Result<()> {
    let what = rest.first().map_or("all", String::as_str);
    let shipped = word == "bench" && !["quality", "cache"].contains(&what);
    if shipped && matches!(what, "all" | "plugin") {
        let out = root.join("target/bench-bundle");
        bundle::bundle(root, bundle::Kind::Shipped, &[], &out)?;
        cargo(&["run", "-q", "-p", "descant-tests", "--profile", "dist", "--bin", "bench"])
            .env("DESCANT_BUNDLE", out.join("Descant.clap"))
            .run()?;
        if what == "plugin" {
            return Ok(());
        }
    }
    let mut command = if shipped {
        cargo(&["run", "-q", "-p", "descant-cli", "--profile", "dist", "--"])
    } else {
        program(root, "descant")?
    };
    command.arg(if word == "--help-descant" { "--help" } else { word });
    if word == "bench" && rest.is_empty() {
        command.arg("all");
    }
    command.args(rest).run()
}

/// A program of the workspace, built now if need be. With the features of the tests: dependencies are compiled once.
fn program(root: &Path, name: &str) -> Result<Command> {
    cargo(&["build", "-q", "--workspace", "--features", bundle::GUARD, "--bin", name]).run()?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(Command::new(bundle::target_dir(root)?.join("debug").join(file)))
}

/// The repository: the folder above this program's manifest.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_path_buf).context("xtask has no parent folder")
}

/// `cargo` with the product's own manifest, whatever called us.
fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Runs a command to its end and turns a failure into a sentence.
trait Run {
    fn run(&mut self) -> Result<()>;
}

impl Run for Command {
    fn run(&mut self) -> Result<()> {
        let what = format!(
            "{} {}",
            Path::new(self.get_program()).file_stem().unwrap_or_default().to_string_lossy(),
            self.get_args().map(|a| a.to_string_lossy()).collect::<Vec<_>>().join(" ")
        );
        let status = self.status().with_context(|| format!("`{what}` could not be started"))?;
        if !status.success() {
            bail!("`{what}` failed ({status})");
        }
        Ok(())
    }
}
