//! Implementations of the ports, one technology per module.

pub mod backup;
pub mod capsule_archive;
pub mod clock;
pub mod control;
pub mod files;
pub mod guard;
pub mod host;
pub mod ids;
pub mod lease_file;
pub mod legacy;
pub mod link_key;
pub mod llm;
pub mod machine;
pub mod node_id;
pub mod objects;
pub mod peers;
pub mod postgres;
mod private_file;
pub mod process_memory;
pub mod reserve;
pub mod runner;
pub mod store;
pub mod tabular;
pub mod tls;
pub mod tls_client;
pub mod webhook_keys;
pub mod webhooks;
