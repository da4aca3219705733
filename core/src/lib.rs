//! Descant's music and maths: clips, codecs, networks, sampling and the tools built from them.
//!
//! Nothing here knows a host, a window, a clock, a thread or a tensor framework. Rooms, in the order data
//! visits them: [`music`] → [`codec`] → [`nn`] with [`sampling`] → [`model`] → [`tool`]; beside them
//! [`checkpoint`] (bytes → weights), [`corpus`] (folders of music → training pieces), [`sound`] and [`toy`].
pub mod checkpoint;
pub mod codec;
pub mod corpus;
pub mod model;
pub mod music;
pub mod nn;
pub mod sampling;
pub mod sound;
pub mod tool;
pub mod toy;
