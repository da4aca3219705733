use super::*;
use crate::music::Note;
use std::collections::BTreeSet;

#[test]
fn the_reference_tables_hold_what_they_should() {
    let flat = |table: &Lanes| table.iter().flat_map(|p| p.iter().copied()).collect::<Vec<_>>();
    let set = |list: Vec<u8>| list.into_iter().collect::<BTreeSet<_>>();
    assert_eq!((flat(&MAGENTA).len(), set(flat(&MAGENTA)).len()), (63, 63));
    assert_eq!(set(flat(&MAGENTA_JS)), set(SOUNDS.to_vec()), "the 61 sounds are those of the JS lanes");
    assert_eq!(set(SOUNDS.to_vec()).len(), 61);
    // Where the two differ: 43, 52, and 22 and 26 in one only.
    let (python, js) = (DrumMap::of(&MAGENTA), DrumMap::of(&MAGENTA_JS));
    let differ: Vec<u8> = (0..128).filter(|&p| python.lane(p) != js.lane(p)).collect();
    assert_eq!(differ, [22, 26, 43, 52]);
    assert_eq!((sound_class(36), sound_class(82), sound_class(22)), (Some(0), Some(60), None));
}

#[test]
fn lanes_survive_a_round_trip_in_both_tables() {
    for table in [&MAGENTA, &MAGENTA_JS] {
        let map = DrumMap::of(table);
        for lane in 0..9 {
            assert_eq!(map.output(lane).and_then(|p| map.lane(p)), Some(lane));
        }
    }
}

#[test]
fn a_kit_of_its_own_is_read_and_written() {
    let mut map = DrumMap::default();
    map.set_output(0, 24).expect("free");
    map.set_input(25, Some(1)).expect("free");
    map.set_input(82, None).expect("free");
    assert_eq!(
        (map.to_model(24), map.to_model(36), map.to_model(25), map.to_model(82)),
        (Some(36), Some(36), Some(38), None)
    );
    assert_eq!((map.from_model(36), map.from_model(38), map.from_model(99)), (24, 38, 99));
    assert_eq!(map.inputs(0).collect::<Vec<_>>(), [24, 35, 36]);
    let text = serde_json::to_string(&map).expect("saved");
    assert_eq!(serde_json::from_str::<DrumMap>(&text).expect("read"), map);
    assert!(serde_json::from_str::<DrumMap>("[[36,[36]]]").is_err());
}

fn clip(pitches: &[u8]) -> Clip {
    let note = |(i, &pitch): (usize, &u8)| Note { start: 0, pitch, length: 10, velocity: 60 + i as u8 };
    let notes = pitches.iter().enumerate().map(note).collect();
    let mut clip = Clip { kind: ClipKind::Drums, notes, length: 100, ..Clip::default() };
    clip.normalise();
    clip
}

fn pitches(clip: &Clip) -> Vec<u8> {
    clip.notes.iter().map(|n| n.pitch).collect()
}

#[test]
fn the_usual_map_changes_no_note() {
    let all = clip(&(0..128).collect::<Vec<u8>>());
    let map = DrumMap::default();
    assert_eq!((map.heard(&all), map.played(&all)), (all.clone(), all));
    assert_eq!((0..128).map(|p| map.sound(p)).collect::<Vec<u8>>(), (0..128).collect::<Vec<u8>>());
    let melody = Clip { kind: ClipKind::Melody, ..clip(&[58]) };
    assert_eq!(DrumMap::over_general_midi(&ROLAND).heard(&melody), melody);
}

#[test]
fn an_electronic_kit_is_heard_and_played_lane_by_lane() {
    let map = DrumMap::over_general_midi(&ROLAND);
    // Its rims and toms are not where General MIDI has them; 40, 44, 43 and 54 mean the same in both.
    let heard = map.heard(&clip(&[36, 40, 44, 58, 47, 48, 54]));
    assert_eq!(pitches(&heard), [36, 40, 44, 45, 47, 50, 54]);
    assert_eq!(pitches(&map.played(&heard)), [36, 40, 43, 44, 47, 50, 54]);
    assert_eq!([43, 47, 50, 44].map(|p| map.sound(p)), [45, 48, 50, 44]);
    for (lane, pitches) in MAGENTA.iter().enumerate() {
        let written = pitches[0];
        assert_eq!(map.lane(map.from_model(written)), Some(lane), "what is sent is read back");
        assert_eq!(map.sound(map.from_model(written)), written);
    }
}

#[test]
fn hits_that_fall_together_become_the_loudest_and_others_are_left_out() {
    let mut map = DrumMap::default();
    map.set_output(2, 22).expect("free");
    assert_eq!(map.played(&clip(&[42, 44])).notes, [Note { start: 0, pitch: 22, length: 10, velocity: 61 }]);
    map.set_input(82, None).expect("free");
    assert_eq!(pitches(&map.heard(&clip(&[36, 82, 3]))), [3, 36]);
    // A pitch that another lane plays now is not sent as it is.
    map.set_output(0, 44).expect("free");
    assert_eq!((map.from_model(36), map.from_model(44), map.sound(44)), (44, 22, 36));
}

#[test]
fn kits_are_known_again() {
    for (i, (_, kit)) in DrumMap::kits().into_iter().enumerate() {
        assert_eq!(kit.kit(), Some(i));
        let text = serde_json::to_string(&kit).expect("saved");
        assert_eq!(serde_json::from_str::<DrumMap>(&text).expect("read"), kit);
    }
    let mut own = DrumMap::default();
    own.set_output(0, 24).expect("free");
    assert_eq!(own.kit(), None);
}

#[test]
fn maps_that_could_not_be_read_back_are_refused() {
    let mut map = DrumMap::default();
    let before = map.clone();
    assert_eq!(map.set_output(0, 38), Err(DrumMapError::SharedOutput { pitch: 38, first: 0, second: 1 }));
    assert_eq!(map.set_input(38, None), Err(DrumMapError::Deaf { lane: 1, pitch: 38 }));
    assert_eq!(map.set_input(128, None), Err(DrumMapError::Pitch(128)));
    assert_eq!(map.set_output(9, 1), Err(DrumMapError::Lane(9)));
    assert_eq!(map, before);
    let message = DrumMapError::SharedOutput { pitch: 38, first: 0, second: 1 }.to_string();
    assert_eq!(message, "pitch 38 would play both Kick and Snare");
}

#[test]
fn merges_name_what_becomes_one_sound() {
    let map = DrumMap::default();
    let merges = map.merges([36, 44, 42, 36, 35, 42, 38, 3]);
    let wanted = [Merge { lane: 0, pitches: vec![35, 36] }, Merge { lane: 2, pitches: vec![42, 44] }];
    assert_eq!(merges, wanted);
    assert!(map.merges([36, 38, 42]).is_empty());
}
