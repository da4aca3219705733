//! [`Report`]: what one golden file's cases came to.

use anyhow::Result;
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};

/// How one case went.
#[derive(Debug)]
pub enum Outcome {
    /// Within tolerance. The value is the largest difference met (0 for symbolic cases).
    Ok(f64),
    /// The library has no such operation, family or configuration yet; says which.
    NotBuilt(String),
    /// This computer or build cannot run it; says why. Skipped, and printed.
    Absent(String),
    /// What differed.
    Failed(String),
}

/// Counts of one golden file.
#[derive(Debug)]
pub struct Report {
    known_only: bool,
    folder: PathBuf,
    used: Vec<String>,
    ok: usize,
    skipped: usize,
    absent: Vec<String>,
    failures: Vec<String>,
    largest_error: f64,
}

impl Report {
    /// An empty report on a file in `folder`. `known_only`: cases that are not built count as skipped.
    #[must_use]
    pub fn new(known_only: bool, folder: PathBuf) -> Self {
        Self {
            known_only,
            folder,
            used: Vec::new(),
            ok: 0,
            skipped: 0,
            absent: Vec::new(),
            failures: Vec::new(),
            largest_error: 0.0,
        }
    }

    /// Notes the outcome of case `id`.
    pub fn case(&mut self, id: &str, outcome: Outcome) {
        match outcome {
            Outcome::Ok(error) => {
                self.ok += 1;
                self.largest_error = self.largest_error.max(error);
            }
            Outcome::Absent(why) => {
                self.skipped += 1;
                self.absent.push(format!("{id}: {why}"));
            }
            Outcome::NotBuilt(_) if self.known_only => self.skipped += 1,
            Outcome::NotBuilt(what) => self.failures.push(format!("{id}: not built yet: {what}")),
            Outcome::Failed(why) => self.failures.push(format!("{id}: {why}")),
        }
    }

    /// Runs `check` on every case of a file: its largest difference, or `None` for what is not built, which the cell
    /// `kind` of the case names.
    pub fn cases(&mut self, doc: &Value, kind: &str, check: impl Fn(&Value) -> Result<Option<f64>>) {
        for case in doc["cases"].as_array().into_iter().flatten() {
            let outcome = match check(case) {
                Ok(Some(error)) => Outcome::Ok(error),
                Ok(None) => Outcome::NotBuilt(case[kind].as_str().unwrap_or("?").into()),
                Err(error) => Outcome::Failed(format!("{error:#}")),
            };
            self.case(case["id"].as_str().unwrap_or("?"), outcome);
        }
    }

    /// What was skipped because this computer or build has it not.
    #[must_use]
    pub fn absent(&self) -> &[String] {
        &self.absent
    }

    /// Folder of the file, for the files it refers to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes that the file's cases read the file `name` beside it.
    pub fn uses(&mut self, name: &str) {
        self.used.push(name.to_owned());
    }

    /// The files beside it that the file's cases read.
    #[must_use]
    pub fn used(&self) -> &[String] {
        &self.used
    }

    /// Number of cases within tolerance.
    #[must_use]
    pub fn ok(&self) -> usize {
        self.ok
    }

    /// Number of cases passed over because the library lacks what they test.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// One line per failed case.
    #[must_use]
    pub fn failures(&self) -> &[String] {
        &self.failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ok, {} skipped, {} failed, ", self.ok, self.skipped, self.failures.len())?;
        write!(f, "largest error {:.1e}", self.largest_error)
    }
}
