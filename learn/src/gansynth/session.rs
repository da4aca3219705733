//! The training loop: notes → losses → clipped Adam → running mean of the weights, a finer block after every stage, with
//! evaluations on held-out notes and the curve that goes into the metrics file; a run is stored whole and resumes bit by
//! bit. Runs on the caller's thread and, where asked, some more. Never prints.
//!
//! The vectors of the instruments are shifted and scaled after every update to the mean and spread that, with the noise
//! that is added when a note is learned, N(0, 1) has in every dimension: so random vectors lie where learned ones do.

use super::data::{DataError, Note, Notes, Picture, Spectra};
use super::loss::{Losses, Target};
use super::network::{INSTRUMENTS, Input, Network, Workspace, normal};
use crate::checkpoint::{CheckpointError, Stored, store};
use crate::learner::Learner;
use crate::network::Parameter;
use crate::rng::Rng;
use crate::trainer;
use descant_core::model::gansynth::Shape;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::Path;

/// A part of a run, in which pictures have one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Block, from 0, whose picture is learned.
    pub block: usize,
    /// Share of all updates.
    pub share: f32,
    /// Weight of frequencies beside magnitudes.
    pub frequencies: f32,
}

/// Everything that decides a run, besides the notes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Batch, learning rate, number of updates and the like. What concerns music is not looked at.
    pub run: trainer::Settings,
    /// From coarse to fine.
    pub stages: Vec<Stage>,
    /// Deviation of the noise on the instruments' vectors.
    pub noise: f32,
    /// Threads; sums are rounded otherwise with another number.
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let stage = |block, share, frequencies| Stage { block, share, frequencies };
        let run = trainer::Settings {
            steps: 9_000,
            batch: 8,
            rate: 4e-3,
            warmup: 100,
            floor: 0.05,
            clip: 10.0,
            mean: 0.995,
            every: 500,
            patience: u32::MAX,
            ..trainer::Settings::default()
        };
        Self {
            run,
            // 4,800, 1,600, 1,400 and 1,200 updates: about 20, 7, 6 and 5 passes over the notes.
            stages: vec![
                stage(3, 0.533_333_3, 0.05),
                stage(4, 0.177_777_8, 0.05),
                stage(5, 0.155_555_6, 0.1),
                stage(6, 0.133_333_3, 0.2),
            ],
            noise: 0.3,
            threads: 1,
        }
    }
}

impl Settings {
    /// The stage of update `step` (from 1), and how many updates were made before it began and when it ends.
    #[must_use]
    pub fn stage(&self, step: u64) -> (Stage, Range<u64>) {
        let mut end = 0;
        let mut found = (Stage { block: 0, share: 1.0, frequencies: 0.0 }, 0..self.run.steps);
        for &stage in &self.stages {
            let begin = end;
            end += (f64::from(stage.share) * self.run.steps as f64).round() as u64;
            found = (stage, begin..end);
            if step <= end {
                break;
            }
        }
        found
    }
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Updates made.
    pub step: u64,
    /// Passes over the notes begun.
    pub epoch: u64,
    /// Training seconds so far.
    pub seconds: f64,
    /// Columns of the pictures.
    pub width: usize,
    /// Since the last point.
    pub train: Losses,
    /// On the held-out notes.
    pub valid: Losses,
    /// Magnitudes of the note a semitone off the held-out ones, in decibels off them.
    pub neighbour: f64,
}

/// State of a run besides its weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Updates made.
    pub step: u64,
    /// Passes begun.
    pub epoch: u64,
    /// Notes of this pass that were used.
    pub used: usize,
    /// State of the random generator at the start of this pass, and now.
    pub random: [u64; 2],
    /// The curve.
    pub curve: Vec<Point>,
    /// Lowest loss on held-out notes in this stage.
    pub best: Option<f64>,
    /// Training seconds.
    pub seconds: f64,
    /// Since the last point.
    pub since: Losses,
}

/// A run.
pub struct Session {
    /// What decides it.
    pub settings: Settings,
    /// The weights.
    pub network: Network,
    /// Where it stands.
    pub progress: Progress,
    learner: Learner,
    /// Notes of this pass in their order; empty = not shuffled yet.
    order: Vec<usize>,
    /// Of each thread, with the block that they are for.
    rooms: (usize, Vec<Room>),
}

/// What a thread works in.
struct Room {
    work: Workspace,
    gradients: Vec<Vec<f32>>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    shape: Shape,
    instruments: usize,
    settings: Settings,
    progress: Progress,
}

impl Session {
    /// A run that has made no update.
    #[must_use]
    pub fn new(shape: Shape, instruments: usize, settings: Settings) -> Self {
        let mut rng = Rng(settings.run.seed);
        let mut network = Network::new(shape, instruments, &mut rng);
        spread(&mut network, settings.noise);
        let random = rng.next_u64();
        let progress = Progress { random: [random; 2], ..Progress::default() };
        let learner = Learner::new(&network.parameters);
        Self { settings, learner, network, progress, order: Vec::new(), rooms: (usize::MAX, Vec::new()) }
    }

    /// One update. Returns its loss.
    ///
    /// # Errors
    /// When notes cannot be read.
    pub fn update(&mut self, notes: &Notes) -> Result<f64, DataError> {
        let batch = self.settings.run.batch.min(notes.train.len());
        if self.order.is_empty() {
            self.shuffle(notes.train.len());
        }
        if self.progress.used + batch > notes.train.len() {
            self.progress.epoch += 1;
            (self.progress.used, self.progress.random[0]) = (0, self.progress.random[1]);
            self.shuffle(notes.train.len());
        }
        let chosen: Vec<Note> =
            self.order[self.progress.used..][..batch].iter().map(|&i| notes.train[i]).collect();
        let pictures = chosen.iter().map(|&note| notes.picture(note)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.learn(&chosen, &pictures, &notes.spectra))
    }

    /// One update from these notes and their pictures. Returns its loss.
    pub fn learn(&mut self, notes: &[Note], pictures: &[Picture], spectra: &Spectra) -> f64 {
        let (stage, Range { start: begin, end }) = self.settings.stage(self.progress.step + 1);
        if begin == self.progress.step {
            // Losses of pictures of another size do not compare.
            self.progress.best = None;
        }
        let mut rng = Rng(self.progress.random[1]);
        let inputs: Vec<Input> =
            notes.iter().map(|note| self.noisy(*note, self.settings.noise, &mut rng)).collect();
        self.progress.random[1] = rng.0;
        let (losses, vectors) = self.gradients(stage, &inputs, pictures, spectra);
        let mut gradients: Vec<Vec<f32>> =
            self.network.parameters.iter().map(|p| vec![0.0; p.values.len()]).collect();
        for room in &self.rooms.1 {
            for (sum, part) in gradients.iter_mut().zip(&room.gradients) {
                sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
            }
        }
        if let Some(table) = gradients.last_mut() {
            for (note, slopes) in notes.iter().zip(vectors) {
                let row = &mut table[note.instrument * slopes.len()..];
                row.iter_mut().zip(slopes).for_each(|(r, s)| *r += s);
            }
        }
        self.progress.used += notes.len();
        self.progress.step += 1;
        // Adam and the rate begin anew with each stage: new layers have learned nothing yet.
        let run = &self.settings.run;
        let rate = trainer::Settings { begin, steps: end, ..run.clone() }.rate_at(self.progress.step);
        let run = trainer::Settings { rate, floor: 1.0, warmup: 0, begin: 0, ..run.clone() };
        self.learner.update(&mut self.network.parameters, &gradients, self.progress.step - begin, &run);
        spread(&mut self.network, self.settings.noise);
        self.progress.since.add(&losses);
        losses.total(stage.frequencies)
    }

    /// A note of an instrument, whose vector is moved by noise.
    fn noisy(&self, note: Note, noise: f32, rng: &mut Rng) -> Input {
        let mut input = input(&self.network, note);
        input.z.iter_mut().for_each(|x| *x += noise * normal(rng));
        input
    }

    /// Fills the rooms' gradients; losses, and the gradient of each note's vector.
    fn gradients(
        &mut self,
        stage: Stage,
        inputs: &[Input],
        pictures: &[Picture],
        spectra: &Spectra,
    ) -> (Losses, Vec<Vec<f32>>) {
        let threads = self.settings.threads.clamp(1, inputs.len().max(1));
        if self.rooms.0 != stage.block || self.rooms.1.len() != threads {
            let gradients = || self.network.parameters.iter().map(|p| vec![0.0; p.values.len()]).collect();
            let room = |_| Room { work: self.network.workspace(stage.block), gradients: gradients() };
            self.rooms = (stage.block, (0..threads).map(room).collect());
        }
        let packed = self.network.pack(stage.block);
        let (network, rooms) = (&self.network, &mut self.rooms.1);
        let (each, share) = (inputs.len().div_ceil(threads), 1.0 / inputs.len() as f32);
        let all: Vec<_> = inputs.iter().zip(pictures).collect();
        let work = |room: &mut Room, part: &[(&Input, &Picture)]| {
            room.gradients.iter_mut().for_each(|g| g.fill(0.0));
            let mut losses = Losses::default();
            let mut vectors = Vec::new();
            for (input, picture) in part {
                let target = target(&network.shape, stage.block, picture, spectra.of(input.pitch));
                let (found, vector) = network.learn(
                    &packed,
                    (input, &target),
                    (stage.frequencies, share),
                    &mut room.work,
                    &mut room.gradients,
                );
                losses.add(&found);
                vectors.push(vector);
            }
            (losses, vectors)
        };
        let mut found = Vec::new();
        std::thread::scope(|scope| {
            let mut parts = rooms.iter_mut().zip(all.chunks(each));
            let own = parts.next();
            let handles: Vec<_> = parts.map(|(room, part)| scope.spawn(move || work(room, part))).collect();
            found.extend(own.map(|(room, part)| work(room, part)));
            found.extend(handles.into_iter().flat_map(|handle| handle.join()));
        });
        let mut losses = Losses::default();
        let mut vectors = Vec::new();
        for (part, mut of_part) in found {
            losses.add(&part);
            vectors.append(&mut of_part);
        }
        (losses, vectors)
    }

    fn shuffle(&mut self, count: usize) {
        let mut rng = Rng(self.progress.random[0]);
        self.order = (0..count).collect();
        rng.shuffle(&mut self.order);
        if self.progress.used == 0 {
            self.progress.random[1] = rng.0;
        }
    }

    /// The weights as they are judged: their running mean.
    #[must_use]
    pub fn averaged(&self) -> Network {
        Network {
            parameters: self.learner.averaged(&self.network.parameters),
            shape: self.network.shape.clone(),
        }
    }

    /// The weights that did best in the last stage.
    #[must_use]
    pub fn best(&self) -> Network {
        Network { parameters: self.learner.best(&self.network.parameters), shape: self.network.shape.clone() }
    }

    /// Adds a point to the curve and keeps the averaged weights if they are the best so far in this stage.
    ///
    /// # Errors
    /// When notes cannot be read.
    pub fn judge(&mut self, notes: &Notes) -> Result<Point, DataError> {
        let (stage, _) = self.settings.stage(self.progress.step);
        let network = self.averaged();
        let packed = network.pack(stage.block);
        let mut work = network.workspace(stage.block);
        let mut valid = Losses::default();
        let mut neighbour = 0.0;
        for &note in &notes.held_out {
            let spectrum = notes.spectra.of(note.pitch);
            let goal = target(&network.shape, stage.block, &notes.picture(note)?, spectrum);
            valid.add(&network.score(&packed, &input(&network, note), &goal, &mut work));
            let beside = beside(note, &network.shape);
            let beside = target(&network.shape, stage.block, &notes.picture(beside)?, spectrum);
            neighbour += goal.decibels(&beside) / notes.held_out.len() as f64;
        }
        let width = network.shape.start[1] << stage.block;
        let Progress { step, epoch, seconds, since, .. } = &mut self.progress;
        let train = std::mem::take(since);
        let point = Point { step: *step, epoch: *epoch, seconds: *seconds, width, train, valid, neighbour };
        let loss = valid.total(stage.frequencies);
        self.progress.curve.push(point);
        if self.progress.best.is_none_or(|best| loss < best) {
            self.progress.best = Some(loss);
            self.learner.keep_mean();
        }
        Ok(point)
    }

    /// Whether all updates are made.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.progress.step >= self.settings.run.steps
    }

    /// Stores the run.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let Network { shape, parameters } = &self.network;
        let instruments = parameters.last().and_then(|p| p.shape.first()).copied().unwrap_or(0);
        let (shape, settings, progress) = (shape.clone(), self.settings.clone(), self.progress.clone());
        let header = serde_json::to_string(&Header { shape, instruments, settings, progress })?;
        store(path, &header, &self.learner.tensors(parameters))
    }

    /// Reads a run back; it goes on exactly where it was stored.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = std::fs::read(path)?;
        let stored = Stored::new(&bytes)?;
        let Header { shape, instruments, settings, progress } = serde_json::from_str(stored.header())?;
        shape.check().map_err(|error| CheckpointError::Damaged(error.to_string()))?;
        let mut session = Self::new(shape, instruments, settings);
        session.learner = Learner::load(&stored, &mut session.network.parameters)?;
        session.progress = progress;
        Ok(session)
    }
}

/// A note of an instrument.
fn input(network: &Network, note: Note) -> Input {
    let latent = network.shape.latent;
    let z = network.instruments()[note.instrument * latent..][..latent].to_vec();
    Input { z, pitch: note.pitch }
}

/// A picture as block `block` learns it.
fn target(shape: &Shape, block: usize, picture: &Picture, spectrum: &[f32]) -> Target {
    let finest = shape.channels.len() - 1;
    Target::new(picture, spectrum, 1 << (finest - block))
}

/// The note a semitone lower, or higher than the lowest.
fn beside(note: Note, shape: &Shape) -> Note {
    let pitch = if note.pitch > shape.lowest { note.pitch - 1 } else { note.pitch + 1 };
    Note { pitch, ..note }
}

/// Shifts and scales the instruments' vectors to mean 0 and, with the noise, variance 1 in every dimension.
fn spread(network: &mut Network, noise: f32) {
    let latent = network.shape.latent;
    let Some(Parameter { name, values, .. }) = network.parameters.last_mut() else { return };
    debug_assert_eq!(name, INSTRUMENTS);
    let count = values.len() / latent.max(1);
    if count < 2 {
        return;
    }
    let goal = (1.0 - noise * noise).max(0.0).sqrt();
    for dimension in 0..latent {
        let column = || values.iter().skip(dimension).step_by(latent);
        let mean = column().sum::<f32>() / count as f32;
        let spread = (column().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count as f32).sqrt();
        let scale = goal / spread.max(1e-6);
        values.iter_mut().skip(dimension).step_by(latent).for_each(|x| *x = (*x - mean) * scale);
    }
}
