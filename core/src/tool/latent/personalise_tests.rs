//! A lesson: what is learnt, what is left out, and how Generate looks there.
use super::super::Latent;
use super::super::tests::{played, refusal, takes};
use super::*;
use crate::checkpoint::Checkpoint;
use crate::model::personal::{PersonalFacts, personalised};
use crate::model::testing;
use crate::music::Meter;
use crate::tool::{Near, Take};

const DRUMS: &str = "cat-drums_2bar_small";
const MELODY: &str = "cat-mel_2bar_small";

fn lesson(clips: &[Clip]) -> Lesson<'_> {
    Lesson { clips, rounds: 20, seed: 5 }
}

fn learnt(model: &Model, clips: &[Clip]) -> Result<Learnt, ToolError> {
    learn(model, &lesson(clips), &Cancel::default(), &mut |_, _| {})
}

fn clips(kind: ClipKind) -> Vec<Clip> {
    (1..4).map(|bars| played(kind, 2 * bars)).collect()
}

/// The model with what it has learnt.
fn personal(model: &Model, learnt: &Learnt) -> Model {
    let weights = testing::weights(model.hparams(), 7);
    let base = Checkpoint { weights, card: Some(model.card().clone()) };
    let made = personalised(base, &learnt.network, PersonalFacts::default()).expect("made");
    Model::from_checkpoint(made).expect("fits")
}

#[test]
fn what_is_learnt_depends_on_clips_and_seed_and_the_loss_falls() {
    for id in [DRUMS, MELODY, "cat-mel_2bar_med_chords"] {
        let model = testing::latent(id);
        let all = clips(model.kind());
        let first = learnt(&model, &all).expect("learns");
        assert_eq!((first.clips, first.pieces, first.curve.len()), (3, 6, 20), "{id}");
        let (begun, ended) = (first.curve[0], first.curve[19]);
        assert!(ended < 0.7 * begun, "{id}: {begun} became {ended}");
        let again = learnt(&model, &all).expect("learns");
        assert_eq!((again.curve, again.network.weights()), (first.curve, first.network.weights()));
        let other = learn(&model, &Lesson { seed: 6, ..lesson(&all) }, &Cancel::default(), &mut |_, _| {});
        assert_ne!(other.expect("learns").network.weights(), first.network.weights());
    }
}

#[test]
fn generate_looks_where_the_clips_are_as_far_as_asked_for() {
    let base = testing::latent(MELODY);
    let all = clips(ClipKind::Melody);
    let own = personal(
        &base,
        &learn(&base, &Lesson { rounds: 120, ..lesson(&all) }, &Cancel::default(), &mut |_, _| {})
            .expect("learns"),
    );
    let written = |model: &Model, amount: f32| {
        let latent = Latent { own: amount, ..Latent::default() };
        takes(
            model,
            &Request { variations: 12, bars: 4, seed: 3, temperature: 0.0, latent, ..Request::default() },
        )
    };
    let notes = |takes: &[Take]| takes.iter().map(|t| t.clip.notes.clone()).collect::<Vec<_>>();
    assert_eq!(notes(&written(&own, 0.0)), notes(&written(&base, 1.0)), "nothing of it: the model as it was");
    assert_ne!(notes(&written(&own, 1.0)), notes(&written(&own, 0.0)));

    // The vectors that are decoded lie nearer to those of the clips than the prior's do.
    let request =
        |amount| Request { latent: Latent { own: amount, ..Latent::default() }, ..Request::default() };
    let (far, near) = (request(0.0), request(1.0));
    let job = Job::new(&own, &near).expect("fits");
    let Pieces { pieces, .. } = cut(&job, &all).expect("pieces");
    let pieces: Vec<_> = pieces.into_iter().map(Some).collect();
    let places = job.encode(&pieces, &[], &Cancel::default(), &mut |_| ()).expect("heard");
    let known: Vec<Vec<f32>> = places.into_iter().flatten().map(|p| p.mu).collect();
    let distance = |request: &Request| -> f32 {
        let job = Job::new(&own, request).expect("fits");
        let nearest = |seed| {
            let vector = job.vector(&job.prior(seed)).expect("fits");
            let far = |k: &Vec<f32>| k.iter().zip(&vector).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
            known.iter().map(far).fold(f32::INFINITY, f32::min)
        };
        (0..50).map(nearest).sum()
    };
    assert!(distance(&near) < 0.5 * distance(&far), "{} {}", distance(&near), distance(&far));
}

#[test]
fn a_liked_take_of_a_personal_model_comes_back_and_has_neighbours() {
    let base = testing::latent(DRUMS);
    let own = personal(&base, &learnt(&base, &clips(ClipKind::Drums)).expect("learns"));
    let latent = Latent { own: 0.7, ..Latent::default() };
    let first = Request { bars: 4, temperature: 0.0, variations: 3, seed: 8, latent, ..Request::default() };
    let liked = &takes(&own, &first)[1];
    let near = |take: &Take, radius| {
        takes(&own, &Request { seed: 5, variations: 4, temperature: 0.0, ..take.more_like_this(radius) })
    };
    assert!(near(liked, 0.0).iter().all(|take| take.clip.notes == liked.clip.notes));
    // A clip of one's own is heard by the small space, too.
    let heard = Take { origin: None, clip: played(ClipKind::Drums, 2), ..liked.clone() };
    let around = near(&heard, 0.0);
    assert_eq!(around[0].request.latent.near, Near::Primer);
    assert!(around.iter().all(|take| take.clip == around[0].clip));
}

#[test]
fn what_cannot_be_learnt_from_is_a_sentence() {
    let melody = testing::latent(MELODY);
    let said = |clips: &[Clip]| learnt(&melody, clips).map(|l| l.pieces).expect_err("too little").to_string();
    assert!(said(&[]).starts_with("there is too little to learn from"), "{}", said(&[]));
    let drums = said(&[played(ClipKind::Drums, 4)]);
    assert!(drums.contains("1 clip is drums, but the model learns melodies"), "{drums}");
    let once = said(&[played(ClipKind::Melody, 2), played(ClipKind::Melody, 2)]);
    assert!(once.contains("at least 2 different pieces of 2 bars"), "{once}");
    let waltz = Meter { numerator: 3, denominator: 4 };
    let three = said(&[Clip { meter: waltz, ..played(ClipKind::Melody, 4) }]);
    assert!(three.contains("1 clip has no bars of 16 sixteenths"), "{three}");
    let mut thin = played(ClipKind::Melody, 4);
    thin.notes.truncate(2);
    let thin = said(&[thin.clone(), thin]);
    assert!(thin.contains("2 clips have fewer than 3 notes"), "{thin}");
    for id in ["groovae_4bar", "basic_rnn"] {
        let model = if id == "basic_rnn" { testing::model(id) } else { testing::latent(id) };
        let said = learnt(&model, &clips(ClipKind::Drums)).map(|l| l.pieces).expect_err("another model");
        assert!(said.to_string().contains("choose a MusicVAE"), "{said}");
    }
    let lesson =
        |rounds| learn(&melody, &Lesson { rounds, ..lesson(&[]) }, &Cancel::default(), &mut |_, _| {});
    assert!(lesson(0).is_err() && lesson(u32::MAX).is_err());
    let mut request = Request::default();
    request.latent.own = 1.1;
    assert!(refusal(&melody, &request).contains("0 to 100 %"));
}

#[test]
fn a_long_lesson_is_bounded_and_can_be_stopped() {
    let model = testing::latent(MELODY);
    let many = vec![played(ClipKind::Melody, 20); 70];
    let short = Lesson { rounds: 1, ..lesson(&many) };
    let mut told = vec![0.0];
    let all = learn(&model, &short, &Cancel::default(), &mut |done, _| told.push(done)).expect("learns");
    assert_eq!((all.clips, all.pieces), (MAX_CLIPS, MAX_PIECES));
    assert!(told.is_sorted() && told.last() == Some(&1.0), "{told:?}");
    let notices = all.notices.join("; ");
    assert!(notices.contains("of 640 pieces 256") && notices.contains("first 64 of 70 clips"), "{notices}");

    let few = clips(ClipKind::Melody);
    let free = Cancel::default();
    learn(&model, &lesson(&few), &free, &mut |_, _| {}).expect("learns");
    for look in [1, free.looks() / 2, free.looks()] {
        let pressed = Cancel::at_look(look);
        let stopped = learn(&model, &lesson(&few), &pressed, &mut |_, _| {});
        assert!(matches!(stopped, Err(ToolError::Cancelled)) && pressed.looks() == look);
    }
}
