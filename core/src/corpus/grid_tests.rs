//! Tests of the groove reader and of the grooves that come with Descant.
use super::*;
use std::collections::BTreeSet;

const SIXTEENTH: Ticks = TICKS_PER_QUARTER / 4;

fn one(body: &str) -> Clip {
    read_grooves(&format!("style: Test\n[One]\n{body}")).unwrap().remove(0).clip
}

fn problem(text: &str) -> (usize, GridProblem) {
    let error = read_grooves(text).unwrap_err();
    (error.line, error.problem)
}

#[test]
fn every_own_groove_is_there_and_fits_the_models() {
    let all: Vec<_> = OWN.iter().flat_map(|text| read_grooves(text).unwrap()).collect();
    assert_eq!(all, own_grooves());
    assert!(all.len() >= 60, "{}", all.len());
    let names: BTreeSet<_> = all.iter().map(|g| g.clip.name.clone()).collect();
    assert_eq!(names.len(), all.len(), "names are unique");
    for style in all.iter().map(|g| &g.style).collect::<BTreeSet<_>>() {
        let roles: Vec<_> = all.iter().filter(|g| g.style == *style).map(|g| g.role).collect();
        assert_eq!(roles[0], GrooveRole::Main, "{style}");
        assert!(roles.contains(&GrooveRole::Variation) && roles.contains(&GrooveRole::Fill), "{style}");
    }
    for Groove { clip, .. } in &all {
        let bars = clip.bars();
        assert!((1..=4).contains(&bars) && clip.length == i64::from(bars) * clip.meter.bar_ticks());
        assert!(clip.notes.len() >= 6 * bars as usize, "{}: {} notes", clip.name, clip.notes.len());
        assert!(clip.notes.iter().any(|n| n.pitch == 36 && n.start == 0), "{} begins with a kick", clip.name);
        let velocities: BTreeSet<_> = clip.notes.iter().map(|n| n.velocity).collect();
        assert!(velocities.len() >= 2, "{} has dynamics", clip.name);
        assert!(clip.notes.iter().all(|n| (1..=127).contains(&n.velocity) && n.length > 0));
        assert!(clip.notes.windows(2).all(|w| (w[0].start, w[0].pitch) < (w[1].start, w[1].pitch)));
    }
}

#[test]
fn no_two_own_grooves_are_the_same() {
    let all = own_grooves();
    let bare: BTreeSet<Vec<_>> =
        all.iter().map(|g| g.clip.notes.iter().map(|n| (n.start / SIXTEENTH, n.pitch)).collect()).collect();
    assert_eq!(bare.len(), all.len());
}

#[test]
fn columns_become_exact_ticks_and_short_lanes_repeat() {
    let clip = one("bpm: 97.5\nkick |X...........x...|x..............9|\nhat |....x...........|");
    let got: Vec<_> = clip.notes.iter().map(|n| (n.start / SIXTEENTH, n.pitch, n.velocity)).collect();
    assert_eq!(got, [(0, 36, 118), (4, 42, 90), (12, 36, 90), (16, 36, 90), (20, 42, 90), (31, 36, 126)]);
    assert!(clip.notes.iter().all(|n| n.start % SIXTEENTH == 0));
    assert_eq!((clip.tempo, clip.length), (Some(97.5), 32 * SIXTEENTH));
    assert_eq!(clip.name, "Test One");
}

#[test]
fn swing_shift_rolls_and_triplets_are_exact() {
    let starts = |body: &str| one(body).notes.iter().map(|n| n.start).collect::<Vec<_>>();
    assert_eq!(starts("swing: 75\nhat |xx..............|"), [0, 11_520]);
    assert_eq!(starts("hat +5% |.x..............|"), [8_064]);
    assert_eq!(starts("hat -5% |xx..............|"), [0, 7_296]);
    assert_eq!(starts("hat |..rt............|"), [15_360, 19_200, 23_040, 25_600, 28_160]);
    assert_eq!(starts("swing: 75\nhat |.r..............|"), [11_520, 13_440]);
    assert_eq!(starts("steps: 3\nhat |.x.........x|"), [10_240, 112_640]);
}

#[test]
fn mistakes_are_told_with_their_line() {
    let bar = "|x...............|";
    assert_eq!(problem(&format!("kick {bar}")), (1, GridProblem::NoHeading));
    assert_eq!(problem("[A]\nkick |x..|"), (2, GridProblem::BarLength { expected: 16, found: 3 }));
    assert_eq!(problem("[A]\nkick |x..............?|"), (2, GridProblem::BadHit('?')));
    assert_eq!(problem(&format!("[A]\nbanjo {bar}")), (2, GridProblem::UnknownDrum("banjo".into())));
    assert_eq!(problem("[A]\nswing: 90").0, 2);
    assert_eq!(problem("[A]\nbpm: fast").0, 2);
    assert_eq!(problem("[A]\nmood: blue"), (2, GridProblem::UnknownSetting("mood".into())));
    assert_eq!(problem("[A]\nnonsense"), (2, GridProblem::Unreadable));
    assert_eq!(problem("[A]\nbpm: 100"), (1, GridProblem::Empty("A".into())));
    let uneven = format!("[A]\nkick {bar}{bar}{bar}\nhat {bar}{bar}").replace("||", "|");
    assert_eq!(problem(&uneven), (3, GridProblem::BarCount { found: 2, longest: 3 }));
    let shown = read_grooves("[A]\nkick |x..|").unwrap_err().to_string();
    assert_eq!(shown, "line 2: a bar needs 16 columns and this one has 3");
}
