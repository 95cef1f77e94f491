//! The traits at the edge of the domain. Adapters implement them; `app` wires them.

pub mod audit_log;
pub mod blob_store;
pub mod capsule_archive;
pub mod clock;
pub mod cluster;
pub mod host;
pub mod ids;
pub mod legacy;
pub mod llm;
pub mod peers;
pub mod runner;
pub mod stop;
pub mod store;
mod store_claim;
mod store_query;
mod store_reads;
pub mod tabular;
pub mod volume;
pub mod webhook;
pub mod workspace;
