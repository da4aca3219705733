//! A vector → music: layers that begin in a state made from the vector and see it at every step beside their own last
//! step; long pieces by way of a conductor, which gives each part a vector of its own (spec vae 5.4–5.8).
//!
//! Worker thread. A piece does not depend on the others that are written side by side.
use super::MusicVae;
use super::head::{Choice, Chooser, nade};
use super::shape::{CONDUCTOR, Shape};
use super::steps::Steps;
use crate::codec::encoding::SparseVector;
use crate::model::ModelError;
use crate::model::event_rnn::{WriteError, look};
use crate::nn::{
    Context, Dense, Isa, LstmStack, Nade, NnError, StackConfig, StackState, Storage, Weights, math,
};
use crate::sampling::Rng;
use crate::tool::Cancel;

/// Most steps that are written at once.
const MOST_STEPS: usize = 4096;

/// How vectors are decoded.
#[derive(Clone, Copy, Debug)]
pub struct DecodeOptions<'a> {
    /// 0 = the most likely step each time.
    pub temperature: f32,
    /// One per vector. Not looked at without temperature.
    pub seeds: &'a [u32],
    /// For each vector the control of every step, cells that are not zero; empty if the model takes none.
    pub controls: &'a [&'a [SparseVector]],
    /// Steps to write: up to the shape's where the decoder has parts, else up to 4096.
    pub length: usize,
}

/// What a network gives when it is fed a piece instead of its own steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Forward {
    /// Values of each step, [steps × outputs]: logits, or the biases of a NADE.
    pub outputs: Vec<f32>,
    /// Reconstruction loss: how unlikely the piece is, natural logarithm, plus squared errors of a groove.
    pub loss: f64,
}

/// The decoder's packed weights.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// Vector → state, and the layers that step from part to part.
    conductor: Option<(Dense, LstmStack)>,
    cores: Vec<Core>,
    nade: Option<Nade>,
}

/// A network that writes steps, or one block of them.
#[derive(Clone, Debug)]
struct Core {
    initial: Dense,
    stack: LstmStack,
    /// Its first cell of a step, and how many it has.
    first: usize,
    width: usize,
}

impl Network {
    pub(super) fn new(shape: &Shape, weights: &Weights, storage: Storage) -> Result<Self, ModelError> {
        let config = |input, output| StackConfig {
            input,
            layers: shape.decoder.units.clone(),
            attention: 0,
            whole: false,
            residual: false,
            output,
            storage,
        };
        let conductor = if shape.decoder.segments > 1 {
            let initial = format!("{CONDUCTOR}initial_state/");
            let initial = Dense::load(weights, &initial, shape.z, shape.state(), storage)?;
            Some((initial, LstmStack::scoped(weights, &config(1, 0), CONDUCTOR, None)?))
        } else {
            None
        };
        let mut cores = Vec::new();
        let mut first = 0;
        for core in shape.cores() {
            let initial = format!("{}z_to_initial_state/", core.scope);
            let cells = format!("{}multi_rnn_cell/", core.scope);
            let output = format!("{}output_projection/", core.scope);
            let config = config(core.width + shape.embedding() + shape.control, core.outputs);
            cores.push(Core {
                initial: Dense::load(weights, &initial, shape.embedding(), shape.state(), storage)?,
                stack: LstmStack::scoped(weights, &config, &cells, Some(&output))?,
                first,
                width: core.width,
            });
            first += core.width;
        }
        Ok(Self { conductor, cores, nade: nade(shape, weights)? })
    }
}

/// Sets the state of every lane to what `initial` makes of its row of `x`.
fn begin(initial: &Dense, x: &[f32], state: &mut StackState) -> Result<(), NnError> {
    let mut values = vec![0.0; state.lanes() * initial.outputs()];
    initial.run(Isa::best(), x, &mut values)?;
    values.iter_mut().for_each(|v| *v = math::tanh(*v));
    for (lane, values) in values.chunks_exact(initial.outputs()).enumerate() {
        state.set(lane, values)?;
    }
    Ok(())
}

/// A core at work.
struct Player<'a> {
    core: &'a Core,
    state: StackState,
    context: Context,
    inputs: Vec<SparseVector>,
    outputs: Vec<f32>,
}

impl<'a> Player<'a> {
    fn new(core: &'a Core, lanes: usize, embedding: &[f32]) -> Result<Self, NnError> {
        let mut player = Self {
            core,
            state: core.stack.state(lanes),
            context: core.stack.context(core.width, core.initial.inputs(), embedding)?,
            inputs: vec![SparseVector::new(); lanes],
            outputs: vec![0.0; lanes * core.stack.config().output],
        };
        begin(&core.initial, embedding, &mut player.state)?;
        Ok(player)
    }

    /// Begins another part.
    fn begin(&mut self, embedding: &[f32]) -> Result<(), NnError> {
        begin(&self.core.initial, embedding, &mut self.state)?;
        self.context = self.core.stack.context(self.core.width, self.core.initial.inputs(), embedding)?;
        Ok(())
    }

    /// One step of all lanes; `last` are the cells of their last steps, `control` those of the controls.
    fn step<'c>(
        &mut self,
        last: &[SparseVector],
        control: impl Fn(usize) -> &'c [(u32, f32)],
        cancel: &Cancel,
    ) -> Result<(), WriteError> {
        let (first, end) = (self.core.first as u32, (self.core.first + self.core.width) as u32);
        let behind = (self.core.width + self.core.initial.inputs()) as u32;
        for (lane, (input, last)) in self.inputs.iter_mut().zip(last).enumerate() {
            input.clear();
            let own = last.iter().filter(|(cell, _)| (first..end).contains(cell));
            input.extend(own.map(|&(cell, value)| (cell - first, value)));
            input.extend(control(lane).iter().map(|&(cell, value)| (behind.saturating_add(cell), value)));
        }
        let (context, tick) = (Some(&self.context), &mut || look(cancel));
        self.core.stack.step_in(&mut self.state, context, &self.inputs, &mut self.outputs, tick)
    }
}

impl MusicVae {
    /// Bytes of weights that a step of one lane reads: those of the layers that write steps. What the vector adds
    /// is computed once.
    #[must_use]
    pub fn bytes_read(&self) -> usize {
        let core = |core: &Core| core.stack.bytes_read(1);
        self.decoder.cores.iter().map(core).sum()
    }

    /// Writes a piece from each vector of `z`. `progress` is told the share that is done, 0..=1.
    ///
    /// # Errors
    /// Vectors, seeds, controls or a length that do not fit; cancellation, looked at before every step of every
    /// piece; unusable weights.
    pub fn decode<Z: AsRef<[f32]>>(
        &self,
        z: &[Z],
        options: &DecodeOptions<'_>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Steps>, WriteError> {
        self.decode_seen(z, options, cancel, progress, &mut |_, _, _| {})
    }

    /// [`Self::decode`] of a groove some of whose hits are known: `hit(piece, step, drum)` says whether a drum is struck,
    /// or `None` where the model decides. How hard and when is the model's in any case.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_hits<Z: AsRef<[f32]>>(
        &self,
        z: &[Z],
        options: &DecodeOptions<'_>,
        hit: &dyn Fn(usize, usize, usize) -> Option<bool>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Steps>, WriteError> {
        self.write(z, options, cancel, progress, &mut |_, _, _| {}, hit)
    }

    /// [`Self::decode`] that tells `seen(piece, step, outputs)` what the network gave for every step.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_seen<Z: AsRef<[f32]>>(
        &self,
        z: &[Z],
        options: &DecodeOptions<'_>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
        seen: &mut dyn FnMut(usize, usize, &[f32]),
    ) -> Result<Vec<Steps>, WriteError> {
        self.write(z, options, cancel, progress, seen, &|_, _, _| None)
    }

    fn write<Z: AsRef<[f32]>>(
        &self,
        z: &[Z],
        options: &DecodeOptions<'_>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
        seen: &mut dyn FnMut(usize, usize, &[f32]),
        hit: &dyn Fn(usize, usize, usize) -> Option<bool>,
    ) -> Result<Vec<Steps>, WriteError> {
        let choice = Choice::new(options.temperature);
        if choice != Choice::Mode {
            count("seeds", z.len(), options.seeds.len())?;
        }
        let rngs: Vec<Rng> = options.seeds.iter().map(|&seed| Rng::new(seed)).collect();
        let head = &self.shape.head;
        let mut chooser = Chooser::new(head, self.decoder.nade.as_ref());
        let mut pieces = vec![Steps::none(head); z.len()];
        self.drive(z, options.controls, options.length, cancel, progress, |lane, step, outputs, cells| {
            seen(lane, step, outputs);
            let uniform = |number| rngs.get(lane).map_or(0.5, |rng| rng.at(step as u64, number));
            chooser.choose(outputs, choice, uniform, &mut pieces[lane])?;
            pieces[lane].give_hits(head, outputs, |drum| hit(lane, step, drum));
            pieces[lane].cells(step, head, cells);
            Ok(())
        })?;
        Ok(pieces)
    }

    /// What the network gives for each vector of `z` when its last step is always that of the piece in `targets`.
    ///
    /// # Errors
    /// As [`Self::decode`]; pieces of another kind or of different lengths.
    pub fn forward<Z: AsRef<[f32]>>(
        &self,
        z: &[Z],
        targets: &[Steps],
        controls: &[&[SparseVector]],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Forward>, WriteError> {
        count("pieces", z.len(), targets.len())?;
        let head = &self.shape.head;
        let length = targets.first().map_or(0, Steps::len);
        for target in targets {
            count("steps in each piece", length, target.len())?;
            if !target.fit(head) {
                return Err(
                    NnError::Config { reason: "the piece is of another kind than the model's" }.into()
                );
            }
        }
        let mut chooser = Chooser::new(head, self.decoder.nade.as_ref());
        let mut all = vec![Forward { outputs: Vec::new(), loss: 0.0 }; z.len()];
        self.drive(z, controls, length, cancel, progress, |lane, step, outputs, cells| {
            all[lane].outputs.extend_from_slice(outputs);
            all[lane].loss += chooser.loss(outputs, &targets[lane], step)?;
            targets[lane].cells(step, head, cells);
            Ok(())
        })?;
        Ok(all)
    }

    /// Steps through `length` steps of all vectors. `choose(lane, step, outputs, cells)` puts in `cells` what the step
    /// is; it is fed to the next.
    fn drive<Z: AsRef<[f32]>>(
        &self,
        z: &[Z],
        controls: &[&[SparseVector]],
        length: usize,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
        mut choose: impl FnMut(usize, usize, &[f32], &mut SparseVector) -> Result<(), NnError>,
    ) -> Result<(), WriteError> {
        self.check(z, controls, length)?;
        if z.is_empty() {
            return Ok(());
        }
        let (lanes, parts) = (z.len(), self.shape.decoder.segments);
        let z: Vec<f32> = z.iter().flat_map(|z| z.as_ref()).copied().collect();
        let mut conductor = match &self.decoder.conductor {
            None => None,
            Some((initial, stack)) => {
                let mut state = stack.state(lanes);
                begin(initial, &z, &mut state)?;
                Some((stack, state))
            }
        };
        let nothing = vec![SparseVector::new(); lanes];
        let mut last = nothing.clone();
        let mut players: Vec<Player<'_>> = Vec::new();
        let part = if parts > 1 { self.shape.steps / parts } else { length };
        let mut outputs = Vec::with_capacity(self.shape.head.outputs());
        for step in 0..length {
            look(cancel)?;
            if step.is_multiple_of(part) {
                let mut embedding = Vec::new();
                if let Some((stack, state)) = &mut conductor {
                    // The conductor is told nothing but its own memory.
                    stack.step(state, &nothing, &mut [])?;
                    (0..lanes).for_each(|lane| embedding.extend_from_slice(state.output(lane)));
                } else {
                    embedding.extend_from_slice(&z);
                }
                if players.is_empty() {
                    let player = |core| Player::new(core, lanes, &embedding);
                    players = self.decoder.cores.iter().map(player).collect::<Result<_, _>>()?;
                } else {
                    players.iter_mut().try_for_each(|player| player.begin(&embedding))?;
                }
            }
            let control = |lane: usize| {
                controls.get(lane).and_then(|rows| rows.get(step)).map_or(&[][..], Vec::as_slice)
            };
            players.iter_mut().try_for_each(|player| player.step(&last, control, cancel))?;
            for (lane, cells) in last.iter_mut().enumerate() {
                look(cancel)?;
                outputs.clear();
                for player in &players {
                    let width = player.core.stack.config().output;
                    outputs.extend_from_slice(&player.outputs[lane * width..][..width]);
                }
                if !outputs.iter().all(|v| v.is_finite()) {
                    return Err(WriteError::NotFinite);
                }
                choose(lane, step, &outputs, cells)?;
            }
            progress((step + 1) as f32 / length as f32);
        }
        Ok(())
    }

    /// Whether what is to be decoded fits the model.
    fn check<Z: AsRef<[f32]>>(
        &self,
        z: &[Z],
        controls: &[&[SparseVector]],
        length: usize,
    ) -> Result<(), NnError> {
        for z in z {
            count("values in a vector", self.shape.z, z.as_ref().len())?;
        }
        let most = if self.shape.decoder.segments > 1 { self.shape.steps } else { MOST_STEPS };
        if length > most {
            return Err(NnError::Step { what: "steps at most", expected: most, found: length });
        }
        if self.shape.control == 0 {
            return count("controls", 0, controls.len());
        }
        count("controls", z.len(), controls.len())?;
        for rows in controls {
            if rows.len() < length {
                return Err(NnError::Step { what: "steps of control", expected: length, found: rows.len() });
            }
        }
        Ok(())
    }
}

fn count(what: &'static str, expected: usize, found: usize) -> Result<(), NnError> {
    if expected == found { Ok(()) } else { Err(NnError::Step { what, expected, found }) }
}
