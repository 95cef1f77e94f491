//! The simulator as its callers see it, over real connections.

#![allow(clippy::unwrap_used, reason = "tests")]

mod access;
mod chaos;
mod formats;
mod framing;
mod health;
mod limits;
mod pages;
mod program;
mod support;
#[cfg(feature = "otel")]
mod traces;
