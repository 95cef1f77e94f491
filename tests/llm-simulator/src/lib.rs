//! A language model provider for tests. It speaks three wire formats, answers from the prompt and the asked
//! schema, and misbehaves on request; with one seed the same request gets the same bytes.

pub mod answer;
mod chaos;
mod dice;
mod latency;
mod schema;
mod server;
mod settings;
mod wire;

pub use chaos::Fault;
pub use schema::conform;
pub use server::Simulator;
pub use settings::{
    Chaos, Cors, Distribution, Latency, Limits, Protocol, Queue, Script, Settings, Telemetry,
};
