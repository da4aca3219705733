//! The network of every event model: LSTM layers, attention on the first or all if wanted, one dense output (spec 8).
//!
//! Built once per checkpoint and shared; stepped on worker threads with a [`StackState`] each. A step allocates
//! nothing once its state has seen the batch size. Knows no music and draws nothing at random.

use super::attention::{Attention, Memory, Work};
use super::dense::{Dense, Lanes, SparseLanes, accumulate, start};
use super::lstm::{Cell, Source, padded};
use super::pack::Storage;
use super::simd::Isa;
use super::state::{Layout, Room, StackState};
use super::{NnError, Tensor, Weights};
use std::ops::Range;

/// Lanes that pass through all layers together. Enough that reading the weights again for the next ones costs little,
/// few enough that a step of many lanes can be stopped in between.
pub const LANES_AT_ONCE: usize = 64;

/// Shape of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackConfig {
    /// Width of the input vector.
    pub input: usize,
    /// Units of each LSTM layer, from the input up.
    pub layers: Vec<usize>,
    /// Window of the attention on layer 0; 0 for none.
    pub attention: usize,
    /// Whether the attention is around all layers and not only layer 0. They are of one size then.
    pub whole: bool,
    /// Whether each layer's input is added to its output.
    pub residual: bool,
    /// Number of logits.
    pub output: usize,
    /// How the packed weights are kept.
    pub storage: Storage,
}

impl StackConfig {
    fn check(&self, has_output: bool) -> Result<(), NnError> {
        // Above any real model, and low enough that no shape or offset can overflow.
        const MOST: usize = 1 << 16;
        let output = has_output.then_some(self.output);
        let sizes = [self.input].into_iter().chain(self.layers.iter().copied()).chain(output);
        if self.layers.is_empty() {
            return Err(NnError::Config { reason: "it has no layers" });
        }
        if sizes.clone().any(|n| n == 0) {
            return Err(NnError::Config { reason: "a layer, the input or the output is empty" });
        }
        if sizes.chain([self.attention]).any(|n| n > MOST) {
            return Err(NnError::Config {
                reason: "a layer, the input, the output or the window is too large",
            });
        }
        let even = self.layers.iter().all(|units| Some(units) == self.layers.first());
        if self.whole && (self.attention == 0 || self.residual || !even) {
            return Err(NnError::Config {
                reason: "an attention around all layers needs layers of one size",
            });
        }
        if !has_output && self.output != 0 {
            return Err(NnError::Config { reason: "it has no output layer" });
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Core {
    Plain(Cell),
    Attention(Box<Attention>),
}

#[derive(Clone, Debug)]
struct Layer {
    units: usize,
    /// Residual stacks only, where the input is not as wide as the layer.
    projection: Option<Dense>,
    core: Core,
}

/// The share of inputs that do not change from step to step, see [`LstmStack::context`].
#[derive(Clone, Debug)]
pub struct Context {
    /// What layer 0's sums begin with, [lanes × packed].
    sums: Vec<f32>,
    packed: usize,
}

impl Context {
    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        self.sums.len() / self.packed.max(1)
    }

    fn lanes_of(&self, range: &Range<usize>) -> &[f32] {
        &self.sums[range.start * self.packed..range.end * self.packed]
    }
}

/// A packed network.
#[derive(Clone, Debug)]
pub struct LstmStack {
    isa: Isa,
    config: StackConfig,
    layers: Vec<Layer>,
    /// None for a stack whose result is its top layer.
    output: Option<Dense>,
    layout: Layout,
    /// Floats per lane that the three buffers of [`Room`] need.
    room_layer: usize,
    room_z: usize,
    room_mixed: usize,
}

impl LstmStack {
    /// Packs the tensors of a checkpoint (names of spec 8.5, older names accepted) for this CPU.
    ///
    /// # Errors
    /// [`NnError::Missing`], [`NnError::Shape`], [`NnError::Length`] with the variable's name;
    /// [`NnError::Config`] for a shape that no network has.
    pub fn new(weights: &Weights, config: &StackConfig) -> Result<Self, NnError> {
        Self::load(weights, config, "rnn/multi_rnn_cell/", "basic_lstm_cell/", Some("fully_connected/"))
    }

    /// The network under an RNN-NADE: the same, with its variables below `decoder/`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn decoder(weights: &Weights, config: &StackConfig) -> Result<Self, NnError> {
        Self::load(weights, config, "decoder/multi_rnn_cell/", "basic_lstm_cell/", Some("decoder/dense/"))
    }

    /// A stack whose layers are `{cells}cell_{k}/lstm_cell/{kernel, bias}`, and the output layer
    /// `{output}{kernel, bias}`. Without `output` there are no logits (`config.output` is 0) and the result of a step
    /// is [`StackState::output`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn scoped(
        weights: &Weights,
        config: &StackConfig,
        cells: &str,
        output: Option<&str>,
    ) -> Result<Self, NnError> {
        Self::load(weights, config, cells, "lstm_cell/", output)
    }

    /// Packs the layers `{cells}cell_{k}/` of `cell`s and the output layer.
    fn load(
        weights: &Weights,
        config: &StackConfig,
        cells: &str,
        cell: &str,
        output: Option<&str>,
    ) -> Result<Self, NnError> {
        config.check(output.is_some())?;
        let mut layers = Vec::new();
        let mut input = config.input;
        for (k, &units) in config.layers.iter().enumerate() {
            let mut prefix = format!("{cells}cell_{k}/");
            let mut projection = None;
            if config.residual && (k == 0 || input != units) {
                prefix.push_str("input_projection_wrapper/");
                projection = Some(dense(weights, &prefix, input, units, config.storage)?);
                input = units;
            }
            let core = if k == 0 && config.attention > 0 {
                let mut scopes = vec![cell.to_owned()];
                if config.whole {
                    let inner = |k| format!("multi_rnn_cell/cell_{k}/{cell}");
                    scopes = (0..config.layers.len()).map(inner).collect();
                    prefix = cells.trim_end_matches("multi_rnn_cell/").to_owned();
                }
                let attention = Attention::load(weights, &prefix, &scopes, input, units, config.storage)?;
                Core::Attention(Box::new(attention))
            } else {
                prefix.push_str(cell);
                Core::Plain(Cell::load(weights, &prefix, input, units, config.storage)?)
            };
            layers.push(Layer { units, projection, core });
            input = units;
            if config.whole {
                break;
            }
        }
        let output = output.map(|o| dense(weights, o, input, config.output, config.storage)).transpose()?;
        let z = layers.iter().map(|layer| {
            let core = match &layer.core {
                Core::Plain(cell) => cell.packed(),
                Core::Attention(attention) => attention.packed(),
            };
            core.max(layer.projection.as_ref().map_or(0, Dense::packed))
        });
        let mixed = layers.iter().map(|layer| match &layer.core {
            Core::Plain(_) => 0,
            Core::Attention(attention) => attention.mixed(),
        });
        Ok(Self {
            isa: Isa::best(),
            config: config.clone(),
            room_layer: config.layers.iter().map(|&units| padded(units)).max().unwrap_or(0),
            room_z: z.max().unwrap_or(0).max(output.as_ref().map_or(0, Dense::packed)),
            room_mixed: mixed.max().unwrap_or(0),
            layout: Layout::new(&config.layers, config.attention),
            layers,
            output,
        })
    }

    /// The same network on a chosen instruction set; the results are the same bits.
    #[must_use]
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// The instruction set in use.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The shape it was built for.
    pub fn config(&self) -> &StackConfig {
        &self.config
    }

    /// Bytes of packed weights (padding included): about what a step reads when the input is dense.
    pub fn bytes(&self) -> usize {
        let layer = |layer: &Layer| {
            let core = match &layer.core {
                Core::Plain(cell) => cell.bytes(),
                Core::Attention(attention) => attention.bytes(),
            };
            core + layer.projection.as_ref().map_or(0, |p| p.matrix.bytes())
        };
        self.layers.iter().map(layer).sum::<usize>() + self.output.as_ref().map_or(0, |o| o.matrix.bytes())
    }

    /// Bytes of weights that a step of one lane reads when `nonzero` inputs are not zero: the rows of the other
    /// inputs are never touched. Divided by the size of a weight it is the number of multiply-adds.
    pub fn bytes_read(&self, nonzero: usize) -> usize {
        let skipped = self.config.input.saturating_sub(nonzero);
        let row = self.layers.first().map_or(0, |layer| match (&layer.projection, &layer.core) {
            (Some(projection), _) => projection.matrix.row_bytes(),
            (None, Core::Plain(cell)) => cell.row_bytes(),
            (None, Core::Attention(attention)) => attention.row_bytes(),
        });
        self.bytes() - skipped * row
    }

    /// The state before the first event, for `lanes` takes.
    pub fn state(&self, lanes: usize) -> StackState {
        StackState::new(self.layout.clone(), lanes)
    }

    /// One event for every lane: `inputs[i]` lists the non-zero cells of lane `i` as (index, value), and lane
    /// `i` of `logits` [lanes × output] is written. A lane's result does not depend on the other lanes.
    ///
    /// # Errors
    /// [`NnError::Step`] for a wrong number of inputs or logits, [`NnError::Input`] for an index outside the
    /// input, [`NnError::State`] for a state of another network. The state is unchanged then.
    pub fn step<R: AsRef<[(u32, f32)]>>(
        &self,
        state: &mut StackState,
        inputs: &[R],
        logits: &mut [f32],
    ) -> Result<(), NnError> {
        self.step_in(state, None, inputs, logits, &mut || Ok(()))
    }

    /// What the inputs `first..first + width` do to a step where they are `x` [lanes × width], the same at every step:
    /// worked out once, for [`Self::step_in`]. Only for a first layer without attention or residual.
    ///
    /// # Errors
    /// [`NnError::Input`] for inputs that are not there, [`NnError::Step`] if `x` is no whole number of lanes,
    /// [`NnError::Config`] for another kind of first layer.
    pub fn context(&self, first: usize, width: usize, x: &[f32]) -> Result<Context, NnError> {
        let Some(Layer { core: Core::Plain(cell), projection: None, .. }) = self.layers.first() else {
            return Err(NnError::Config { reason: "its first layer cannot be given a constant input" });
        };
        let outside = first.checked_add(width).is_none_or(|end| end > self.config.input);
        if outside || width == 0 {
            let index = u32::try_from(first.saturating_add(width)).unwrap_or(u32::MAX);
            return Err(NnError::Input { index, width: self.config.input });
        }
        let lanes = x.len() / width;
        if x.len() != lanes * width {
            return Err(NnError::Step { what: "inputs", expected: lanes * width, found: x.len() });
        }
        let mut sums = vec![0.0; lanes * cell.packed()];
        cell.start(&mut sums);
        cell.feed_part(self.isa, first, width, Lanes { data: x, stride: width }, &mut sums);
        Ok(Context { sums, packed: cell.packed() })
    }

    /// [`Self::step`] where a part of the input may be in `context` and not in `inputs`: that part's share of layer 0
    /// comes first in every sum. `tick` is called before every [`LANES_AT_ONCE`] lanes and stops the step with an error;
    /// some lanes of the state are then a step ahead of the others.
    ///
    /// # Errors
    /// As [`Self::step`]; [`NnError::State`] for a context of another network, [`NnError::Step`] for one of another
    /// number of lanes; what `tick` says.
    pub fn step_in<R: AsRef<[(u32, f32)]>, E: From<NnError>>(
        &self,
        state: &mut StackState,
        context: Option<&Context>,
        inputs: &[R],
        logits: &mut [f32],
        tick: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        let lanes = state.lanes();
        if state.layout != self.layout {
            return Err(NnError::State.into());
        }
        for (what, expected, found) in
            [("inputs", lanes, inputs.len()), ("logits", lanes * self.config.output, logits.len())]
        {
            if expected != found {
                return Err(NnError::Step { what, expected, found }.into());
            }
        }
        if let Some(context) = context {
            let fits = matches!(self.layers.first(), Some(Layer { core: Core::Plain(cell), projection: None, .. })
                if cell.packed() == context.packed);
            if !fits {
                return Err(NnError::State.into());
            }
            if context.lanes() != lanes {
                let (what, expected, found) = ("contexts", lanes, context.lanes());
                return Err(NnError::Step { what, expected, found }.into());
            }
        }
        state.room.sparse.fill(inputs, self.config.input)?;
        for first in (0..lanes).step_by(LANES_AT_ONCE) {
            tick()?;
            self.step_some(state, context, first..lanes.min(first + LANES_AT_ONCE), logits)?;
        }
        Ok(())
    }

    /// The step of some lanes, whose inputs are in the state's room.
    fn step_some(
        &self,
        state: &mut StackState,
        context: Option<&Context>,
        range: Range<usize>,
        logits: &mut [f32],
    ) -> Result<(), NnError> {
        let StackState { layout, data, oldest, room } = state;
        let Room { sparse, layer: current, z, mixed, scores, .. } = room;
        let (lanes, isa, stride, wide) = (range.len(), self.isa, layout.stride, self.room_layer);
        current.resize(lanes * self.room_layer, 0.0);
        z.resize(lanes * self.room_z, 0.0);
        mixed.resize(lanes * self.room_mixed, 0.0);
        let sparse = sparse.lanes(range.clone());
        let data = &mut data[range.start * stride..range.end * stride];
        let oldest = &mut oldest[range.clone()];
        let logits = &mut logits[range.start * self.config.output..range.end * self.config.output];

        for (k, layer) in self.layers.iter().enumerate() {
            let below = if k == 0 { self.config.input } else { self.layers[k - 1].units };
            if let Some(projection) = &layer.projection {
                let z = &mut z[..lanes * projection.packed()];
                start(&projection.bias, z);
                source(k == 0, sparse, current, wide).accumulate(isa, &projection.matrix, below, z);
                put(z, projection.packed(), current, wide, layer.units, false);
            }
            let raw = k == 0 && layer.projection.is_none();
            let input = source(raw, sparse, current, wide);
            let (from, from_stride) = match (&layer.core, &layout.attention) {
                (Core::Attention(attention), Some(layout)) => {
                    let memory = Memory { data, oldest, stride, layout };
                    let packed = attention.step(isa, input, memory, Work { z, mixed, scores });
                    (&z[..], packed)
                }
                (Core::Plain(cell), _) => {
                    let at = layout.layers[k].1;
                    let z = &mut z[..lanes * cell.packed()];
                    match context.filter(|_| k == 0) {
                        Some(context) => z.copy_from_slice(context.lanes_of(&range)),
                        None => cell.start(z),
                    }
                    cell.feed(isa, input, z);
                    cell.advance(isa, data, stride, at, z);
                    (&data[at + padded(layer.units)..], stride)
                }
                // A stack's own layout has the attention that the stack has.
                (Core::Attention(_), None) => return Err(NnError::State),
            };
            put(from, from_stride, current, wide, layer.units, self.config.residual);
        }

        let Some(output) = &self.output else { return Ok(()) };
        let z = &mut z[..lanes * output.packed()];
        start(&output.bias, z);
        let x = Lanes { data: current, stride: wide };
        accumulate(isa, &output.matrix, 0, output.inputs(), x, z);
        put(z, output.packed(), logits, self.config.output, self.config.output, false);
        Ok(())
    }
}

/// The network's own input, or the output of the layer below.
fn source<'a>(raw: bool, sparse: SparseLanes<'a>, current: &'a [f32], stride: usize) -> Source<'a> {
    if raw { Source::Sparse(sparse) } else { Source::Dense(Lanes { data: current, stride }) }
}

/// The dense layer `{prefix}kernel|bias`, or under the output layer's and older names `weights|biases`.
fn dense(
    weights: &Weights,
    prefix: &str,
    inputs: usize,
    outputs: usize,
    storage: Storage,
) -> Result<Dense, NnError> {
    let find = |names: [&str; 2], shape: &[usize]| -> Result<&Tensor, NnError> {
        weights.find(&names.map(|name| format!("{prefix}{name}")), shape)
    };
    let (kernel, bias) = match prefix.starts_with("fully_connected") {
        true => (["weights", "kernel"], ["biases", "bias"]),
        false => (["kernel", "weights"], ["bias", "biases"]),
    };
    Dense::new(find(kernel, &[inputs, outputs])?, Some(find(bias, &[outputs])?), inputs, outputs, storage)
}

/// Copies (or, for a residual, adds) the first `width` floats of each lane of `from` to those of `to`.
fn put(from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize, width: usize, add: bool) {
    for (from, to) in from.chunks(from_stride).zip(to.chunks_exact_mut(to_stride)) {
        for (to, &from) in to[..width].iter_mut().zip(from) {
            *to = if add { from + *to } else { from };
        }
    }
}
