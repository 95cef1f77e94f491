//! What operators ask for: tables made or brought up to date, and the queue made again.

use secrecy::SecretString;

use super::connect::{OpenError, Target};
use super::schema::{self, Migrated};
use super::store::apart;

/// Makes the tables of a database, or brings them to the format of this release. Blocks.
///
/// # Errors
/// [`OpenError`].
pub fn migrate(url: &SecretString) -> Result<Migrated, OpenError> {
    let target = Target::parse(url)?;
    apart(async move || schema::migrate(&target).await)
}

/// Makes the queue again out of the jobs, between the commits of a service that runs; returns the number of queued jobs.
/// Blocks.
///
/// # Errors
/// [`OpenError`].
pub fn rebuild_queue(url: &SecretString) -> Result<u64, OpenError> {
    let target = Target::parse(url)?;
    apart(async move || schema::rebuild_queue(&target).await)
}
