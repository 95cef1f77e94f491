//! The composition root: builds every adapter, owns start and shutdown order.

pub mod anchor;
pub mod build;
mod checks;
pub mod control;
mod count;
pub mod gate;
pub mod llm;
pub mod maintenance;
mod metered_store;
pub mod moving;
pub mod open_files;
mod opened_files;
pub mod opened_store;
pub mod options;
pub mod reload;
pub mod restore;
mod run_texts;
pub mod serve;
mod shutdown;
pub mod sweep;
mod webhooks;
mod words;
