//! Pure types and rules of the service: no runtime, no I/O, no clock.

pub mod artifact;
pub mod audit;
pub mod canonical;
pub mod credential;
pub mod dataset;
pub mod draft;
pub mod error;
pub mod ids;
pub mod job;
pub mod layout;
pub mod plan;
pub mod run;
pub mod template;
