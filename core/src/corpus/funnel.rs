//! What went into a corpus, what came out, and why each rejected piece stayed out. Pure; any thread.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A piece, or a part of one, that stays out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The piece.
    pub id: String,
    /// Why, in words that group: equal reasons are counted together.
    pub reason: String,
    /// What is special about this piece, e.g. a measured value; may be empty.
    pub detail: String,
}

/// One corpus on its way from files to pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Name of the corpus.
    pub source: String,
    /// Files or songs that were looked at.
    pub seen: usize,
    /// Every rejection, in the order of the corpus.
    pub rejected: Vec<Rejected>,
    /// What was kept: a label such as "train: 4/4 beats" with pieces, bars and notes.
    pub kept: BTreeMap<String, Kept>,
    /// Remarks that belong beside the figures.
    pub notes: Vec<String>,
}

/// Size of one group of kept pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Pieces.
    pub pieces: usize,
    /// Bars.
    pub bars: usize,
    /// Notes or drum hits.
    pub notes: usize,
}

impl Funnel {
    /// An empty funnel for a corpus.
    #[must_use]
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }

    /// Records a rejection.
    pub fn reject(&mut self, id: &str, reason: &str, detail: impl Into<String>) {
        self.rejected.push(Rejected { id: id.to_owned(), reason: reason.to_owned(), detail: detail.into() });
    }

    /// Records a kept piece under a label.
    pub fn keep(&mut self, label: String, bars: usize, notes: usize) {
        let kept = self.kept.entry(label).or_default();
        kept.pieces += 1;
        kept.bars += bars;
        kept.notes += notes;
    }

    /// Number of rejections per reason, most frequent first.
    #[must_use]
    pub fn reasons(&self) -> Vec<(String, usize)> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for r in &self.rejected {
            *count.entry(&r.reason).or_default() += 1;
        }
        let mut list: Vec<(String, usize)> = count.into_iter().map(|(r, n)| (r.to_owned(), n)).collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    }

    /// The funnel as a table; with `each` also every rejected piece with its reason.
    #[must_use]
    pub fn report(&self, each: bool) -> String {
        let mut out = format!("{}: {} looked at\n", self.source, self.seen);
        for (reason, count) in self.reasons() {
            let _ = writeln!(out, "  out  {count:>6}  {reason}");
        }
        for (label, kept) in &self.kept {
            let Kept { pieces, bars, notes } = kept;
            let _ = writeln!(out, "  in   {pieces:>6}  {label:<34} {bars:>7} bars {notes:>8} notes");
        }
        for note in &self.notes {
            let _ = writeln!(out, "  note: {note}");
        }
        if each {
            for r in &self.rejected {
                let _ = writeln!(out, "  - {}: {} {}", r.id, r.reason, r.detail);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_reasons_are_counted_together_and_listed_most_frequent_first() {
        let mut funnel = Funnel::new("songs");
        funnel.reject("a", "too short", "3 bars");
        funnel.reject("b", "off the grid", "");
        funnel.reject("c", "too short", "1 bar");
        funnel.keep("train 4/4".into(), 8, 20);
        funnel.keep("train 4/4".into(), 4, 10);
        assert_eq!(funnel.reasons(), [("too short".to_owned(), 2), ("off the grid".to_owned(), 1)]);
        assert_eq!(funnel.kept["train 4/4"], Kept { pieces: 2, bars: 12, notes: 30 });
        assert!(funnel.report(true).contains("- c: too short 1 bar"));
    }
}
