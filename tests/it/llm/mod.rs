//! The language model: settings, drafts, interpretation, replay, hostile providers.

mod addresses;
mod config;
pub(crate) mod drafts;
mod faults;
pub(crate) mod hostile;
mod interpretation;
mod numbers;
mod replay;
