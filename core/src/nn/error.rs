//! What can go wrong between a checkpoint and a step. Any thread; holds text and numbers only.

/// Why a network could not be built or stepped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NnError {
    /// A tensor that the network needs is not in the weights.
    #[error("the model file has no tensor named {name}")]
    Missing {
        /// Full variable name.
        name: String,
    },
    /// A tensor is there with another shape: the file is for another configuration.
    #[error("the model file does not fit this model: {name} has shape {found:?}, but {expected:?} is needed")]
    Shape {
        /// Full variable name.
        name: String,
        /// Shape that the configuration asks for.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// The number of values does not match the shape.
    #[error("the model file is damaged: {name} of shape {shape:?} holds {found} values")]
    Length {
        /// Full variable name.
        name: String,
        /// Declared shape.
        shape: Vec<usize>,
        /// Number of values present.
        found: usize,
    },
    /// The configuration itself cannot be built.
    #[error("this network cannot be built: {reason}")]
    Config {
        /// What is wrong, in words.
        reason: &'static str,
    },
    /// A step was asked for with the wrong number of takes, or buffers of the wrong length.
    #[error("a step needs {expected} {what}, but got {found}")]
    Step {
        /// What was counted.
        what: &'static str,
        /// Count that the network needs.
        expected: usize,
        /// Count given.
        found: usize,
    },
    /// A sparse input names a cell that the network does not have.
    #[error("input {index} is outside the {width} inputs of this network")]
    Input {
        /// Index given.
        index: u32,
        /// Number of inputs.
        width: usize,
    },
    /// A state belongs to a network of another shape.
    #[error("this memory belongs to another network")]
    State,
}
