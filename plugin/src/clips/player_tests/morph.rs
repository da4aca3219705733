//! A morph: the clip at its place sounds, and changes at the swap point.

use super::*;
use crate::clips::playable::{MORPH, PAD};

/// Quarters on another pitch at each of `places`; two places with the same pitch are the same clip.
fn morph(places: &[u8]) -> Arc<Playable> {
    let one = |&pitch: &u8| clip(1, &[0, 1, 2, 3].map(|i| (i * Q, pitch, Q / 2)));
    let clips: Vec<Clip> = places.iter().map(one).collect();
    Arc::new(Playable::morph(&clips, &DrumMap::default()).expect("clips"))
}

#[test]
fn equal_neighbours_are_one_place() {
    let morph = morph(&[60, 60, 62, 60, 60]);
    assert_eq!(morph.take, MORPH);
    let nearest = [0.0, 0.12, 0.25, 0.37, 0.4, 0.6, 0.75, 1.0, 9.0]
        .map(|place| morph.nearest(Spot { morph: place, ..Spot::default() }));
    assert_eq!(nearest, [0, 0, 0, 0, 2, 2, 3, 3, 3]);
    assert_eq!([0, 2, 3].map(|number| morph.notes_at(number)[0].pitch), [60, 62, 60]);
    assert!(Playable::morph(&[], &DrumMap::default()).is_none());
}

#[test]
fn a_place_sounds_from_the_next_swap_point_on() {
    for (quantum, pitches) in
        [(Quantum::Bar, [60, 60, 60, 60, 64, 64, 64, 64]), (Quantum::Beat, [60, 60, 64, 64, 64, 64, 64, 64])]
    {
        let mut host = Host::new(48_000.0, 120.0);
        host.settings.quantum = quantum;
        host.player.set_clip(Some(morph(&[60, 62, 64])), Start::Now);
        assert_eq!(host.player.ahead(), Some(MORPH));
        // Half a beat is 12 000 samples.
        host.run(36_000, || 333);
        host.settings.spot.morph = 1.0;
        host.run(8 * 24_000 - 36_000, || 333);
        let heard: Vec<(u64, u8)> = (0..).map(|beat| beat * 24_000).zip(pitches).collect();
        assert_eq!(host.onsets(), heard, "{quantum:?}");
        host.stop().assert_balanced();
    }
}

#[test]
fn it_begins_at_its_place_and_every_start_finds_it() {
    let mut host = Host::new(48_000.0, 120.0);
    host.settings.spot.morph = 0.5;
    host.player.set_clip(Some(morph(&[60, 62, 64])), Start::Now);
    host.run(24_000, || 512).stop();
    host.settings.spot.morph = 1.0;
    host.position = 0.0;
    host.transport.playing = true;
    host.run(24_000, || 512).stop().assert_balanced();
    assert_eq!(host.onsets().iter().map(|o| o.1).collect::<Vec<_>>(), [62, 64]);
}

#[test]
fn a_pad_plays_the_clip_nearest_to_its_place() {
    let clips: Vec<Clip> = (60..69).map(|pitch| clip(1, &[(0, pitch, Q)])).collect();
    let pad = Playable::pad(&clips, 3, &DrumMap::default()).expect("clips");
    let at = |x, y| pad.notes_at(pad.nearest(Spot { pad: (x, y), ..Spot::default() }))[0].pitch;
    assert_eq!([at(0.0, 0.0), at(1.0, 0.0), at(0.5, 0.5), at(0.0, 1.0), at(1.0, 1.0)], [60, 62, 64, 66, 68]);
    assert_eq!([at(0.3, 0.7), at(9.0, -9.0)], [64, 62]);
    let mut host = Host::new(48_000.0, 120.0);
    host.settings.spot.pad = (1.0, 0.5);
    host.player.set_clip(Some(Arc::new(pad)), Start::Now);
    assert_eq!(host.player.ahead(), Some(PAD));
    host.run(24_000, || 512);
    host.settings.spot.pad = (1.0, 1.0);
    host.run(120_000, || 512).stop().assert_balanced();
    assert_eq!(host.onsets(), [(0, 65), (96_000, 68)]);
}
