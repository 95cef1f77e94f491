//! Durable state: the embedded store, migration, backup, audit, retention, quotas.

mod audit;
mod backup;
mod backup_postgres;
mod crash;
pub(crate) mod migration;
mod model;
mod moving;
mod objects;
mod objects_service;
mod postgres;
mod postgres_tls;
mod postgres_verify;
mod retention;
mod retention_and_quota;
pub(crate) mod sqlite;
mod tools;
