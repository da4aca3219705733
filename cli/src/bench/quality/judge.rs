//! Reads the corpora and the weights, lets the models write, hands the sequences to `descant_core::corpus::measure`.
//!
//! One thread; the same arguments give the same figures.

use super::subject::{Likelihood, Subject};
use super::verdict::{Judge, Verdict};
use super::written::within;
use super::{
    Args, improv::ImprovJudge, latent::LatentJudge, playing::PlayingJudge, print, sound, voices::VoicesJudge,
};
use anyhow::{Context, bail};
use descant_core::checkpoint::{self, Checkpoint};
use descant_core::codec::MelodyEvent;
use descant_core::corpus::markov::{Markov, Nll};
use descant_core::corpus::measure::{Anchors, BAR, Board, Gate, Language, PrimerScore, Report};
use descant_core::corpus::{BASS_RANGE, GrooveKind, MelodyOptions, MelodyPiece, ScoreOptions, Split};
use descant_core::model::{EncodingParams, Model, ModelEncoding};
use descant_learn::corpora;
use descant_learn::piece::Piece;
use descant_learn::task::{Meters, Task};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Continuations per primer: the share that is judged is a mean over them.
pub(super) const CONTINUATIONS: u32 = 4;
/// Primers asked for; as many are taken as the held-out pieces hold.
const PRIMERS: usize = 500;
const WINDOW: usize = 4 * BAR;

/// Music of the corpora that models are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Music {
    Drums,
    /// One drum of nine on eighths: a bar of the scoreboard is two of them.
    OneDrum,
    Melody,
    /// Melodies in their printed keys, by octaves within the range of the others.
    Mono,
    /// Melodies that the scoreboard hears two octaves higher.
    Bass,
}

impl Music {
    /// The music that an encoding can express.
    pub(super) fn of(encoding: &EncodingParams) -> Option<Self> {
        const BASS: (i32, i32) = (BASS_RANGE.0 as i32, BASS_RANGE.1 as i32);
        match encoding {
            EncodingParams::Drums { types: 9 } | EncodingParams::DrumsLookback { types: 9, .. } => {
                Some(Self::Drums)
            }
            EncodingParams::OneDrum => Some(Self::OneDrum),
            other => match other.note_range()? {
                (48, 84) => Some(Self::Melody),
                (0, 128) => Some(Self::Mono),
                BASS => Some(Self::Bass),
                _ => None,
            },
        }
    }

    fn language(self) -> Language {
        match self {
            Self::Drums | Self::OneDrum => Language::Drums,
            Self::Melody | Self::Mono | Self::Bass => Language::Melody,
        }
    }

    /// Number of classes.
    fn alphabet(self) -> usize {
        if self == Self::OneDrum { 2 } else { self.language().alphabet() }
    }

    /// Semitones by which the scoreboard hears it higher.
    pub(super) fn lift(self) -> i32 {
        if self == Self::Bass { 24 } else { 0 }
    }
}

/// Real music of one kind with everything that does not depend on a model.
pub(super) struct Reference {
    pub(super) music: Music,
    pub(super) validation: Vec<Vec<u16>>,
    pub(super) test: Vec<Vec<u16>>,
    /// Held-out pieces whose likelihood is gated: melodies count the Lieder alone.
    pub(super) judged: Vec<Vec<u16>>,
    pub(super) board: Board,
    pub(super) anchors: Anchors,
    /// Baseline on all steps of the judged pieces, and on all but the first of each, which a network is given.
    pub(super) markov: [Nll; 2],
}

/// Everything measured of one set of weights at one temperature.
pub(super) struct Judgement {
    pub(super) temperature: f32,
    pub(super) validation: Likelihood,
    pub(super) test: Likelihood,
    pub(super) judged: Likelihood,
    pub(super) report: Report,
    pub(super) primers: PrimerScore,
    pub(super) gates: Vec<Gate>,
}

/// Runs the command.
///
/// # Errors
/// Unreadable corpora or weights, or a gate that does not hold.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let files =
        if args.weights.is_empty() { shipped(Path::new("assets/models"))? } else { args.weights.clone() };
    if args.samples < 200 {
        bail!("at least 200 samples are needed to compare distributions");
    }
    let mut references: Vec<Rc<Reference>> = Vec::new();
    let (mut failed, mut asked) = (0, 0);
    let mut all = Vec::new();
    for file in &files {
        let read = || checkpoint::load_file(file).with_context(|| format!("cannot read {}", file.display()));
        let opened = read()?;
        if let Some(card) =
            opened.card.as_ref().filter(|c| matches!(c.hparams.encoding, EncodingParams::Sound(_)))
        {
            let Verdict { gates, figures } = sound::verdict(file, &opened, args)?;
            failed += gates.iter().filter(|g| !g.pass).count();
            asked += gates.len();
            all.push(json!({ "model": card.id, "file": file.file_name().map(|n| n.to_string_lossy()), "quality": figures }));
            if args.write {
                write(file, read()?, card.default_temperature, figures)?;
            }
            continue;
        }
        let model =
            Model::from_checkpoint(opened).with_context(|| format!("cannot use {}", file.display()))?;
        let Some(judge) = judge_of(&model, file, &mut references, args)? else {
            println!("{}: its classes are not those of the corpora here; not judged\n", file.display());
            continue;
        };
        let mut temperatures = args.temperature.clone();
        if temperatures.is_empty() {
            temperatures.push(model.card().default_temperature);
        }
        if args.write && temperatures.len() != 1 {
            bail!("--write needs one temperature: the one that the card will name");
        }
        for temperature in temperatures {
            let Verdict { gates, figures } = judge.judge(temperature, args)?;
            failed += gates.iter().filter(|g| !g.pass).count();
            asked += gates.len();
            all.push(json!({ "model": model.card().id, "file": file.file_name().map(|n| n.to_string_lossy()), "quality": figures }));
            if args.write {
                write(file, read()?, temperature, figures)?;
            }
        }
    }
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&all)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if asked == 0 {
        bail!("nothing was judged");
    }
    if failed > 0 {
        bail!("{failed} of {asked} gates do not hold");
    }
    println!("all {asked} gates hold");
    Ok(())
}

/// Who judges a model; none if the corpora here do not speak its language.
fn judge_of<'a>(
    model: &'a Model,
    file: &'a Path,
    references: &mut Vec<Rc<Reference>>,
    args: &Args,
) -> anyhow::Result<Option<Box<dyn Judge + 'a>>> {
    let mut known = |music| -> anyhow::Result<Rc<Reference>> {
        if let Some(reference) = references.iter().find(|r| r.music == music) {
            return Ok(Rc::clone(reference));
        }
        let reference = Rc::new(reference(music, args)?);
        references.push(Rc::clone(&reference));
        Ok(reference)
    };
    Ok(match (model.encoding(), Music::of(&model.hparams().encoding)) {
        (ModelEncoding::Polyphony(encoding), _) => {
            Some(Box::new(VoicesJudge::new(model, encoding.as_ref(), file, args)?))
        }
        (ModelEncoding::Pianoroll { .. }, _) => Some(Box::new(VoicesJudge::of_rolls(model, file, args)?)),
        (ModelEncoding::Performance { bins, controls, events }, _) if bins.count() == 32 => {
            Some(Box::new(PlayingJudge::new((model, *bins, *controls), events.as_ref(), file, args)?))
        }
        (ModelEncoding::Improv { chords, melody }, Some(Music::Melody)) => {
            let reference = known(Music::Melody)?;
            Some(Box::new(ImprovJudge::new((model, *chords, melody.as_ref()), reference, file, args)?))
        }
        (ModelEncoding::Latent(_), _) => Some(Box::new(LatentJudge::new(model, file, args)?)),
        (ModelEncoding::Drums(_) | ModelEncoding::Melody(_), Some(music)) => {
            Some(Box::new(GridJudge::new(model, file, known(music)?)?))
        }
        _ => None,
    })
}

/// Judges drum and melody models.
struct GridJudge<'a> {
    model: &'a Model,
    file: &'a Path,
    subject: Subject<'a>,
    reference: Rc<Reference>,
    likelihoods: [Likelihood; 3],
}

impl<'a> GridJudge<'a> {
    fn new(model: &'a Model, file: &'a Path, reference: Rc<Reference>) -> anyhow::Result<Self> {
        let subject = Subject::new(model)?;
        let likelihoods = [
            subject.likelihood(&reference.validation)?,
            subject.likelihood(&reference.test)?,
            subject.likelihood(&reference.judged)?,
        ];
        Ok(Self { model, file, subject, reference, likelihoods })
    }
}

impl Judge for GridJudge<'_> {
    fn judge(&self, temperature: f32, args: &Args) -> anyhow::Result<Verdict> {
        let judgement = judge(&self.subject, &self.reference, self.likelihoods, temperature, args)?;
        print::judgement(self.model, self.file, &self.reference, &judgement, args);
        let figures = figures(&self.reference, &judgement, args);
        Ok(Verdict { gates: judgement.gates, figures })
    }
}

/// All weights in a folder, by name.
pub(super) fn shipped(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in list {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "safetensors") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("there are no weights in {}", folder.display());
    }
    Ok(files)
}

/// Split, whether its likelihood is gated, classes.
type Labelled = (Split, bool, Vec<u16>);

/// All pieces that are judged with.
fn pieces(music: Music, corpus: &Path) -> anyhow::Result<Vec<Labelled>> {
    Ok(match music {
        Music::Drums => {
            let (pieces, _) = corpora::drums(corpus)?;
            let beats = pieces.into_iter().filter(|p| p.kind == GrooveKind::Beat);
            beats.map(|p| (p.split, true, p.classes)).collect()
        }
        Music::OneDrum => {
            let sets = Task::open("one_drum", corpus, Meters::Duple)?.sets;
            let classes =
                |piece: Piece| piece.events.into_iter().map(u16::try_from).collect::<Result<_, _>>();
            let mut all = Vec::new();
            for (split, pieces) in Split::ALL.into_iter().zip([sets.train, sets.valid, sets.test]) {
                for piece in pieces {
                    all.push((split, true, classes(piece)?));
                }
            }
            all
        }
        Music::Melody => {
            let (pieces, _) = corpora::melodies(corpus, &MelodyOptions::default())?;
            let duple = pieces.iter().filter(|p| p.is_duple());
            duple.map(|p| (p.split, p.id.starts_with("openscore-lieder"), p.classes())).collect()
        }
        Music::Mono => {
            let (pieces, _) = corpora::melodies(corpus, &MelodyOptions::default())?;
            let duple = pieces.iter().filter(|p| p.is_duple());
            let printed = |p: &MelodyPiece| {
                let back = |class: u16| match class {
                    pitch @ 2.. => within(i32::from(pitch) + 46 - p.transposed) - 46,
                    other => other,
                };
                p.classes().into_iter().map(back).collect()
            };
            duple.map(|p| (p.split, p.id.starts_with("openscore-lieder"), printed(p))).collect()
        }
        Music::Bass => {
            let (pieces, _) = corpora::bass(corpus, &ScoreOptions::default())?;
            let duple = pieces.iter().filter(|p| p.is_duple());
            let class = |event: &MelodyEvent| match event {
                MelodyEvent::NoEvent => 0,
                MelodyEvent::NoteOff => 1,
                MelodyEvent::Pitch(pitch) => (u16::from(*pitch) + 24).saturating_sub(46),
            };
            duple.map(|p| (p.split, true, p.events.iter().map(class).collect())).collect()
        }
    })
}

/// The validation pieces whose kind is gated.
pub(super) fn validation(music: Music, corpus: &Path) -> anyhow::Result<Vec<Vec<u16>>> {
    let pieces = pieces(music, corpus)?.into_iter();
    Ok(pieces.filter(|p| p.0 == Split::Validation && p.1).map(|p| p.2).collect())
}

/// Reads music and measures it.
fn reference(music: Music, args: &Args) -> anyhow::Result<Reference> {
    let language = music.language();
    let pieces = pieces(music, &args.corpus)?;
    let of =
        |split| -> Vec<Vec<u16>> { pieces.iter().filter(|p| p.0 == split).map(|p| p.2.clone()).collect() };
    let (train, test) = (of(Split::Train), of(Split::Test));
    let judged: Vec<Vec<u16>> =
        pieces.iter().filter(|p| p.0 == Split::Test && p.1).map(|p| p.2.clone()).collect();
    let model = Markov::train(3, music.alphabet(), train.iter().map(Vec::as_slice));
    let held_out = || judged.iter().map(Vec::as_slice);
    let markov = [model.nll(held_out(), 0), model.nll(held_out(), 1)];
    let board = Board::new(language, train, test.clone(), u64::from(args.seed));
    let anchors = board.anchors();
    Ok(Reference { music, validation: of(Split::Validation), test, judged, board, anchors, markov })
}

/// Lets the model write and measures what it wrote.
fn judge(
    subject: &Subject<'_>,
    reference: &Reference,
    [validation, test, judged]: [Likelihood; 3],
    temperature: f32,
    args: &Args,
) -> anyhow::Result<Judgement> {
    let bar = ProgressBar::new(u64::from(args.samples)).with_style(
        ProgressStyle::with_template("writing at temperature {msg} {bar:30} {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.set_message(format!("{temperature}"));
    let samples =
        subject.write(args.samples, 2 * WINDOW, temperature, args.seed, &|done| bar.set_position(done))?;
    let cases = reference.board.primers(PRIMERS);
    bar.set_length(cases.len() as u64);
    let (mut written, mut unprimed) = (Vec::new(), Vec::new());
    for (i, case) in cases.iter().enumerate() {
        let seed = args.seed.wrapping_add(1 + u32::try_from(i)?);
        written.extend(subject.go_on(&case.primer, WINDOW, CONTINUATIONS, temperature, seed)?);
        let free = samples.iter().cycle().skip(i * CONTINUATIONS as usize).take(CONTINUATIONS as usize);
        unprimed.extend(free.map(|s| s[WINDOW..].to_vec()));
        bar.set_position(i as u64 + 1);
    }
    bar.finish_and_clear();
    let report = reference.board.judge(&reference.anchors, &samples);
    let primers = reference.board.judge_primers(&cases, &written, &unprimed);
    let mut gates = likelihood_gates(reference, &judged);
    gates.extend(report.gates.iter().cloned());
    gates.extend(primers.gates());
    Ok(Judgement { temperature, validation, test, judged, report, primers, gates })
}

/// The gates on held-out likelihood.
fn likelihood_gates(reference: &Reference, judged: &Likelihood) -> Vec<Gate> {
    let most = match reference.music {
        Music::Drums => Some(1.5),
        Music::Melody => Some(0.85),
        Music::OneDrum | Music::Mono | Music::Bass => None,
    };
    let held_out = most.map(|most| Gate {
        name: "nats per 16th, held out".into(),
        value: format!("{:.4}", judged.events),
        bound: format!("≤ {most}"),
        pass: judged.events <= most,
    });
    held_out.into_iter().chain([likelihood_below(reference, judged)]).collect()
}

/// The gate that asks for more than a Markov model knows.
pub(super) fn likelihood_below(reference: &Reference, judged: &Likelihood) -> Gate {
    let below = match reference.music {
        Music::Drums => 0.5,
        Music::OneDrum | Music::Melody | Music::Mono | Music::Bass => 0.1,
    };
    let markov = reference.markov[1].per_step;
    Gate {
        name: "nats per 16th, below the Markov model".into(),
        value: format!("{:.4}", judged.events),
        bound: format!("≤ {:.4} = {markov:.4} − {below}", markov - below),
        pass: judged.events <= markov - below,
    }
}

/// Everything as JSON, with what is needed to get it again.
fn figures(reference: &Reference, j: &Judgement, args: &Args) -> serde_json::Value {
    let likelihood = |l: &Likelihood| json!({ "nats_per_step": l.events, "nats_per_label": l.labels, "accuracy": l.accuracy, "steps": l.steps });
    json!({
        "temperature": j.temperature,
        "samples": args.samples,
        "seed": args.seed,
        "likelihood_at_temperature_1": {
            "validation": likelihood(&j.validation),
            "test": likelihood(&j.test),
            "judged": likelihood(&j.judged),
            "markov_order_3_all_steps": reference.markov[0].per_step,
            "markov_order_3": reference.markov[1].per_step,
        },
        "windows": j.report,
        "continue": {
            "primers": j.primers.cases,
            "continuations_per_primer": CONTINUATIONS,
            "nearer_to_own_piece": j.primers.written,
            "true_continuations": j.primers.real,
            "unprimed_samples": j.primers.unprimed,
        },
        "gates": j.gates,
    })
}

/// Puts the figures into the card of a weights file; the tensors stay as they are.
fn write(
    file: &Path,
    checkpoint: Checkpoint,
    temperature: f32,
    figures: serde_json::Value,
) -> anyhow::Result<()> {
    let mut card = checkpoint.card.context("the weights have no card to write into")?;
    let mut figures = figures;
    // What is not written at a temperature names its own command.
    if figures.get("command").is_none() {
        figures["command"] = json!(format!(
            "descant bench quality {} --temperature {} --samples {} --seed {}",
            file.display(),
            temperature,
            figures["samples"],
            figures["seed"]
        ));
    }
    card.metrics.insert("quality".into(), figures);
    card.default_temperature = temperature;
    checkpoint::save_file(file, &checkpoint.weights, &card)
        .with_context(|| format!("cannot write {}", file.display()))
}
