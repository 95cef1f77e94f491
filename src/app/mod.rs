//! The composition root: builds every adapter, owns start and shutdown order.

pub mod anchor;
mod batches;
pub mod build;
mod checks;
pub mod control;
mod count;
pub mod gate;
mod leader;
pub mod llm;
pub mod maintenance;
mod metered_store;
pub mod moving;
pub mod moving_files;
pub mod open_files;
mod opened_files;
pub mod opened_store;
pub mod options;
mod readings;
pub mod reload;
pub mod restore;
mod run_texts;
pub mod serve;
mod servers;
mod shutdown;
pub mod sweep;
mod webhooks;
mod words;
