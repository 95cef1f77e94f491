//! Durable state: the embedded store, migration, backup, audit, retention, quotas.

mod audit;
mod backup;
mod backup_postgres;
mod crash;
mod direct_files;
mod failover;
pub(crate) mod migration;
mod model;
mod moving;
mod moving_files;
mod objects;
mod objects_service;
mod other_servers;
mod outages;
mod postgres;
mod postgres_several;
mod postgres_tls;
mod postgres_verify;
mod releases;
mod restoring;
mod retention;
mod retention_and_quota;
mod role_credentials;
pub(crate) mod sqlite;
mod standing_claims;
mod tools;
mod wake;
