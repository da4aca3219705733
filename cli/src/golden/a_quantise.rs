//! `a_quantise_extract.json`: quantisation and the event sequences extracted from it.

use super::{Outcome, Report};
use serde_json::Value;

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    for case in doc["cases"].as_array().into_iter().flatten() {
        let op = case["op"].as_str().unwrap_or_default();
        report.case(case["id"].as_str().unwrap_or("?"), Outcome::NotBuilt(op.to_owned()));
    }
}
