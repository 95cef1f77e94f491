//! The ways in which a process uses the store, and what it needs for them.

use std::path::Path;

use tokio_postgres::Client;

use super::connect::OpenError;
use super::rows::{Param, query};
use super::store::Options;
use crate::adapters::files::create_dir_durably;
use crate::adapters::store::lock::{OwnerLock, refuse_network_file_system};
use crate::adapters::store::moved::MoveMark;

/// What a process does with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It takes the store over: the server that had it stops with its next commit. It owns the data directory.
    Own,
    /// It serves, maybe with others that have other data directories; it owns its own. It stops where a process takes the
    /// store over.
    Serve,
    /// It commits beside a server that has another data directory, and owns its own.
    Directory,
    /// It commits beside a server, and leaves the data directory alone.
    Beside,
}

/// Takes the data directory for this process.
pub(super) fn lock_directory(dir: &Path, options: &Options) -> Result<OwnerLock, OpenError> {
    create_dir_durably(dir)?;
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    refuse_network_file_system(dir)?;
    Ok(OwnerLock::acquire(&options.data_dir, options.lock_wait, options.clock.now())?)
}

/// Checks that the tables are those that the records of the data directory were moved into, if they were.
pub(super) async fn check_moved(client: &Client, moved: Option<MoveMark>) -> Result<(), OpenError> {
    let Some(mark) = moved else { return Ok(()) };
    let id = [Param::text(mark.id)];
    let found = query(client, "SELECT 1 FROM ss.moves WHERE id = $1 AND state = 'moved'", &id).await?;
    if found.is_empty() { Err(OpenError::MovedElsewhere { target: mark.target }) } else { Ok(()) }
}
