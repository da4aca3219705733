//! What a stack remembers between steps, for a batch of takes, and the room it works in.
//!
//! Owned by the thread that steps. Each lane is one contiguous piece of memory, so that copying a primer's state
//! to many takes, or reordering the beams of a search, is plain copying. Never holds weights.

use super::NnError;
use super::dense::SparseBatch;
use super::lstm::padded;

/// Where things lie inside a lane (in floats).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Units and start of each layer's cell; its output follows at `start + padded(units)`.
    pub layers: Vec<(usize, usize)>,
    /// The attention's part, if there is one.
    pub attention: Option<AttentionLayout>,
    /// Floats from one lane to the next.
    pub stride: usize,
}

/// The attention's part of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AttentionLayout {
    /// Rows of the memory.
    pub length: usize,
    /// Start of the last attended vector.
    pub attended: usize,
    /// Start of the ring of remembered outputs, each row padded(units of layer 0).
    pub memory: usize,
    /// Start of the ring of e^2k, where k is the same row times `attn_w`: made once when a row is appended.
    pub keys: usize,
    /// Its length.
    pub keys_len: usize,
}

impl Layout {
    pub(super) fn new(layers: &[usize], attention: usize) -> Self {
        let mut end = 0;
        let layers: Vec<_> = layers
            .iter()
            .map(|&units| {
                let start = end;
                end += 2 * padded(units);
                (units, start)
            })
            .collect();
        let attention = match layers.first() {
            Some(&(units, _)) if attention > 0 => {
                let (attended, memory) = (end, end + padded(units));
                let keys_len = attention * padded(units);
                let keys = memory + keys_len;
                end = keys + keys_len;
                Some(AttentionLayout { length: attention, attended, memory, keys, keys_len })
            }
            _ => None,
        };
        // An odd number of cache lines, so that the lanes do not compete for the same cache sets.
        let stride = if (end / 16) % 2 == 0 { end + 16 } else { end };
        Self { layers, attention, stride }
    }

    /// Makes `data` so many lanes that remember nothing: all zeros, hence keys of zero.
    fn blank(&self, data: &mut Vec<f32>, lanes: usize) {
        data.clear();
        data.resize(self.stride * lanes, 0.0);
        if let Some(attention) = &self.attention {
            for lane in data.chunks_exact_mut(self.stride) {
                lane[attention.keys..][..attention.keys_len].fill(1.0);
            }
        }
    }
}

/// Buffers of a step; contents mean nothing between steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    pub sparse: SparseBatch,
    /// Input of the layer at work, later its output.
    pub layer: Vec<f32>,
    /// Gates, or the packed output of a dense part.
    pub z: Vec<f32>,
    /// What layer 0's cell sees under attention.
    pub mixed: Vec<f32>,
    /// Scores of the memory rows.
    pub scores: Vec<f32>,
    /// Spare lanes for reordering.
    spare: Vec<f32>,
    spare_oldest: Vec<u32>,
}

/// The memory of a stack for a batch of lanes.
#[derive(Clone, Debug)]
pub struct StackState {
    pub(super) layout: Layout,
    pub(super) data: Vec<f32>,
    /// Per lane: ring row that is the oldest, hence the next to be replaced.
    pub(super) oldest: Vec<u32>,
    pub(super) room: Room,
}

impl StackState {
    pub(super) fn new(layout: Layout, lanes: usize) -> Self {
        let mut data = Vec::new();
        layout.blank(&mut data, lanes);
        Self { layout, data, oldest: vec![0; lanes], room: Room::default() }
    }

    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        self.oldest.len()
    }

    /// Back to the state before the first event, with `lanes` lanes.
    pub fn reset(&mut self, lanes: usize) {
        self.layout.blank(&mut self.data, lanes);
        self.oldest.clear();
        self.oldest.resize(lanes, 0);
    }

    /// Lane `i` becomes what lane `from[i]` was, for all `i`; the number of lanes becomes `from.len()`.
    /// This is the step of a beam search that keeps some beams and repeats others.
    ///
    /// # Errors
    /// [`NnError::Step`] if a lane is named that is not there; nothing changes then.
    pub fn select(&mut self, from: &[usize]) -> Result<(), NnError> {
        if let Some(&lane) = from.iter().find(|&&lane| lane >= self.lanes()) {
            return Err(NnError::Step { what: "lanes", expected: lane + 1, found: self.lanes() });
        }
        let (stride, room) = (self.layout.stride, &mut self.room);
        room.spare.clear();
        room.spare_oldest.clear();
        for &lane in from {
            room.spare.extend_from_slice(&self.data[lane * stride..(lane + 1) * stride]);
            room.spare_oldest.push(self.oldest[lane]);
        }
        std::mem::swap(&mut self.data, &mut room.spare);
        std::mem::swap(&mut self.oldest, &mut room.spare_oldest);
        Ok(())
    }

    /// `lanes` copies of lane 0: a primer is read once and then continued many times.
    ///
    /// # Errors
    /// [`NnError::Step`] if there is no lane 0.
    pub fn broadcast(&mut self, lanes: usize) -> Result<(), NnError> {
        self.select(&vec![0; lanes])
    }

    /// Lane `to` of this state becomes what lane `from` of `other` is.
    ///
    /// # Errors
    /// [`NnError::State`] if the states are of different networks, [`NnError::Step`] if a lane is not there.
    pub fn copy_lane(&mut self, to: usize, other: &Self, from: usize) -> Result<(), NnError> {
        if self.layout != other.layout {
            return Err(NnError::State);
        }
        for (lane, lanes) in [(to, self.lanes()), (from, other.lanes())] {
            if lane >= lanes {
                return Err(NnError::Step { what: "lanes", expected: lane + 1, found: lanes });
            }
        }
        let stride = self.layout.stride;
        self.data[to * stride..(to + 1) * stride]
            .copy_from_slice(&other.data[from * stride..(from + 1) * stride]);
        self.oldest[to] = other.oldest[from];
        Ok(())
    }

    /// The cells and outputs of a lane become `values`: c, h of each layer from the input up. What an attention
    /// remembers stays.
    ///
    /// # Errors
    /// [`NnError::Step`] if there is no such lane, or if there are not as many values; nothing changes then.
    pub fn set(&mut self, lane: usize, values: &[f32]) -> Result<(), NnError> {
        if lane >= self.lanes() {
            return Err(NnError::Step { what: "lanes", expected: lane + 1, found: self.lanes() });
        }
        let expected = self.layout.layers.iter().map(|&(units, _)| 2 * units).sum();
        if values.len() != expected {
            return Err(NnError::Step { what: "values of state", expected, found: values.len() });
        }
        let data = &mut self.data[lane * self.layout.stride..][..self.layout.stride];
        let mut rest = values;
        for &(units, at) in &self.layout.layers {
            for at in [at, at + padded(units)] {
                let (these, further) = rest.split_at(units);
                data[at..at + units].copy_from_slice(these);
                rest = further;
            }
        }
        Ok(())
    }

    /// Output of the top layer's cell in a lane. Empty for a lane that is not there.
    pub fn output(&self, lane: usize) -> &[f32] {
        let top = self.layout.layers.last().filter(|_| lane < self.lanes());
        top.map_or(&[], |&(units, at)| &self.data[lane * self.layout.stride + at + padded(units)..][..units])
    }

    /// The state of a lane as the reference lists it: c, h of layer 0, attended vector, memory oldest row first
    /// (both only with attention), then c, h of the further layers. Empty for a lane that is not there.
    pub fn parts(&self, lane: usize) -> Vec<Vec<f32>> {
        let Some(&oldest) = self.oldest.get(lane) else { return Vec::new() };
        let data = &self.data[lane * self.layout.stride..][..self.layout.stride];
        let mut parts = Vec::new();
        for (k, &(units, at)) in self.layout.layers.iter().enumerate() {
            parts.push(data[at..][..units].to_vec());
            parts.push(data[at + padded(units)..][..units].to_vec());
            if let (0, Some(a)) = (k, &self.layout.attention) {
                parts.push(data[a.attended..][..units].to_vec());
                let rows = (0..a.length).map(|t| (oldest as usize + t) % a.length);
                let row = |r: usize| data[a.memory + r * padded(units)..][..units].iter().copied();
                parts.push(rows.flat_map(row).collect());
            }
        }
        parts
    }
}
