//! What servers that share a database do one after the other.

use secrecy::SecretString;

use super::connect::{OpenError, Target};
use super::store::apart;

/// Does something while no other server that shares the database does the same. Blocks; waits for a minute at most.
///
/// # Errors
/// [`OpenError`] where the database cannot be reached or another server does not come to an end.
pub fn in_turn<T: Send>(url: &SecretString, work: impl FnOnce() -> T + Send) -> Result<T, OpenError> {
    let target = Target::parse(url)?;
    apart(async move || {
        let link = target.connect().await?;
        // the lock ends with the transaction, also behind a pooler
        link.client
            .batch_execute(
                "BEGIN; SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '70s'; \
                 SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_advisory_xact_lock(7311, 3)",
            )
            .await?;
        let done = tokio::task::block_in_place(work);
        link.client.batch_execute("COMMIT").await?;
        Ok(done)
    })
}
