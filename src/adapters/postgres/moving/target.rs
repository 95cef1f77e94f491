//! The database that records are moved into: who may fill it, how far it is filled, and the switch.

use std::collections::BTreeMap;
use std::path::Path;

use tokio_postgres::Client;

use super::source::{Chunk, Source};
use super::{MoveError, refused};
use crate::adapters::postgres::apply::Heads;
use crate::adapters::postgres::connect::OpenError;
use crate::adapters::postgres::rows::{Param, query};
use crate::adapters::postgres::schema::{self, FORMAT, MOVING, QUEUE};
use crate::adapters::postgres::tables::ALL;
use crate::adapters::postgres::transaction::save;
use crate::adapters::store::moved::{MoveMark, MoveState};

/// Newest key of each table that was copied.
pub(super) type Progress = BTreeMap<String, i64>;

/// A move, as the database knows it.
pub(super) struct Held {
    pub id: String,
    /// The data directory, for people.
    pub source: String,
    /// `copying`, `moved` or `taken_back`.
    pub state: String,
    format: i64,
    /// Heads of the source that was copied.
    pub sequence: i64,
    pub audit_seq: i64,
    audit_hash: String,
    progress: Progress,
}

impl Held {
    fn is_of(&self, source: &Source) -> bool {
        let heads = &source.heads;
        (self.sequence, self.audit_seq, &self.audit_hash)
            == (heads.sequence.cast_signed(), heads.audit_seq.cast_signed(), &heads.audit_hash)
    }
}

/// Begins a transaction and takes the lock of the heads, behind the commits of a service that still runs; returns the
/// move that the tables hold.
///
/// # Errors
/// [`MoveError`]: tables that this release cannot use, or any error of the database.
pub(super) async fn lock(client: &Client) -> Result<Option<Held>, MoveError> {
    schema::check_server(client).await?;
    client.batch_execute("BEGIN; SET LOCAL lock_timeout = '60s'").await?;
    match schema::format(client).await? {
        Some(FORMAT | MOVING) => {}
        None => return Err(OpenError::NotMigrated.into()),
        Some(found) if found < FORMAT => return Err(OpenError::OlderFormat { found, known: FORMAT }.into()),
        Some(found) => return Err(OpenError::NewerFormat { found, known: FORMAT }.into()),
    }
    query(client, "SELECT one FROM ss.heads FOR UPDATE", &[]).await?;
    let sql = "SELECT id, source, state, format, sequence, audit_seq, audit_hash, progress FROM ss.moves";
    let rows = query(client, sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let held = Held {
        id: row.try_get(0)?,
        source: row.try_get(1)?,
        state: row.try_get(2)?,
        format: row.try_get(3)?,
        sequence: row.try_get(4)?,
        audit_seq: row.try_get(5)?,
        audit_hash: row.try_get(6)?,
        progress: serde_json::from_str(row.try_get(7)?).unwrap_or_default(),
    };
    if held.format != FORMAT {
        let text = format!("the move was begun by another release (tables of format {})", held.format);
        return Err(refused(format!("{text}; finish it with that release, or begin with an empty database")));
    }
    Ok(Some(held))
}

/// How a database is entered.
pub(super) enum Entered {
    /// The move was completed before.
    Done,
    /// Rows after these keys are to be copied.
    Copy(Progress),
}

/// Makes the database the target of this move: one that it fills already, or one that is empty, for which `begin` makes
/// the mark of the data directory first. No service can use it from here on.
///
/// # Errors
/// [`MoveError::Refused`] where it holds anything else, or any error of the database.
pub(super) async fn enter(
    client: &Client,
    (data_dir, source): (&Path, &Source),
    mark: Option<&MoveMark>,
    begin: impl FnOnce() -> std::io::Result<String>,
) -> Result<Entered, MoveError> {
    let held = lock(client).await?;
    let entered = match (held, mark) {
        (Some(held), Some(mark)) if held.id == mark.id => match (held.state.as_str(), mark.state) {
            ("moved", MoveState::Moved) => Entered::Done,
            ("moved", MoveState::Copying) => {
                let text = "the database serves the records of this data directory already, and the data directory \
                            is an earlier copy";
                return Err(refused(text));
            }
            _ if held.is_of(source) => Entered::Copy(held.progress),
            _ => {
                clear(client).await?;
                Entered::Copy(Progress::new())
            }
        },
        (Some(held), _) => {
            return Err(refused(format!(
                "the database holds the records of another data directory, {}; use an empty database",
                held.source
            )));
        }
        (None, Some(mark)) if mark.state == MoveState::Moved => {
            return Err(OpenError::MovedElsewhere { target: mark.target.clone() }.into());
        }
        (None, _) => {
            refuse_content(client).await?;
            let id = Param::text(begin()?);
            let sql = "INSERT INTO ss.moves (id, source, state, format, sequence, audit_seq, audit_hash, progress) \
                       VALUES ($1, $2, 'copying', $3, 0, 0, '', '{}')";
            query(client, sql, &[id, Param::text(data_dir.display().to_string()), Param::number(FORMAT)])
                .await?;
            Entered::Copy(Progress::new())
        }
    };
    if let Entered::Copy(progress) = &entered {
        note(client, source, progress).await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(entered)
}

/// Notes what is copied, and keeps every release from opening the tables. A service that has them stops with its next
/// commit.
async fn note(client: &Client, source: &Source, progress: &Progress) -> Result<(), MoveError> {
    let heads = &source.heads;
    let params = [
        Param::number(heads.sequence.cast_signed()),
        Param::number(heads.audit_seq.cast_signed()),
        Param::text(heads.audit_hash.clone()),
        Param::text(serde_json::to_string(progress).expect("keys serialise to JSON")),
    ];
    let sql = "UPDATE ss.moves SET state = 'copying', sequence = $1, audit_seq = $2, audit_hash = $3, progress = $4";
    query(client, sql, &params).await?;
    client.batch_execute(&closing()).await?;
    Ok(())
}

/// Statements after which no release opens the tables, and a service that has them stops.
fn closing() -> String {
    format!("UPDATE ss.meta SET format = {MOVING}; UPDATE ss.heads SET epoch = epoch + 1")
}

async fn refuse_content(client: &Client) -> Result<(), MoveError> {
    if schema::format(client).await? != Some(FORMAT) {
        return Err(refused("the database is not empty; use an empty one"));
    }
    let some = ALL.map(|table| format!("SELECT '{0}' WHERE EXISTS (SELECT 1 FROM ss.{0})", table.name));
    let heads = "SELECT 'heads' FROM ss.heads WHERE sequence > 0 OR audit_seq > 0";
    let rows = query(client, &format!("{} UNION ALL {heads}", some.join(" UNION ALL ")), &[]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let table: &str = row.try_get(0)?;
    Err(refused(format!("the database holds records already (ss.{table}); use an empty one")))
}

/// Empties the tables of a move that was begun.
async fn clear(client: &Client) -> Result<(), MoveError> {
    let names = ALL.map(|table| format!("ss.{}", table.name)).join(", ");
    client.batch_execute(&format!("TRUNCATE {names}")).await?;
    Ok(())
}

/// Copies again from the beginning.
///
/// # Errors
/// Any error of the database.
pub(super) async fn start_over(client: &Client, source: &Source) -> Result<Progress, MoveError> {
    lock(client).await?;
    clear(client).await?;
    note(client, source, &Progress::new()).await?;
    client.batch_execute("COMMIT").await?;
    Ok(Progress::new())
}

/// Writes a chunk and how far the copy is, in one transaction. It may be lost by a crash of the server, together with
/// its progress; the switch makes everything durable.
///
/// # Errors
/// [`MoveError`].
pub(super) async fn put(
    client: &Client,
    id: &str,
    chunk: Chunk,
    progress: &mut Progress,
) -> Result<(), MoveError> {
    progress.insert(chunk.table.name.to_owned(), chunk.last);
    let text = serde_json::to_string(progress).expect("keys serialise to JSON");
    let (sql, params) = chunk.table.put(chunk.rows);
    let noted = [Param::text(id), Param::text(text)];
    let note = "UPDATE ss.moves SET progress = $2 WHERE id = $1 AND state = 'copying' RETURNING id";
    // polled in this order, and so sent in it
    let (_, found, _) = futures_util::try_join!(
        client.batch_execute("BEGIN; SET LOCAL synchronous_commit = off"),
        query(client, note, &noted),
        query(client, &sql, &params),
    )?;
    if found.is_empty() {
        return Err(refused("the database was taken for another move"));
    }
    client.batch_execute("COMMIT").await?;
    Ok(())
}

/// Writes the heads, and lets the planner know the tables.
///
/// # Errors
/// Any error of the database.
pub(super) async fn put_heads(client: &Client, source: &Source) -> Result<(), MoveError> {
    let from = &source.heads;
    let (sql, params) = save(&Heads {
        epoch: 0,
        sequence: from.sequence,
        queue_seq: from.queue_seq,
        nr: source.nr,
        audit_seq: from.audit_seq,
        audit_hash: from.audit_hash.clone(),
        jobs: from.jobs.clone(),
        claim_after: String::new(),
    });
    query(client, &sql, &params).await?;
    let names = ALL.map(|table| format!("ss.{}", table.name)).join(", ");
    client.batch_execute(&format!("ANALYZE {names}")).await?;
    Ok(())
}

/// Opens the tables for the service. Durable before it returns, with everything that was copied.
///
/// # Errors
/// [`MoveError`].
pub(super) async fn switch(client: &Client, id: &str) -> Result<(), MoveError> {
    lock(client).await?;
    let sql = "UPDATE ss.moves SET state = 'moved' WHERE id = $1 AND state = 'copying' RETURNING id";
    if query(client, sql, &[Param::text(id)]).await?.is_empty() {
        return Err(refused("the database was taken for another move"));
    }
    let open = format!(
        "TRUNCATE ss.queue, ss.active_runs; {QUEUE}; UPDATE ss.meta SET format = {FORMAT}; UPDATE ss.heads SET epoch = epoch + 1; \
         SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'; COMMIT"
    );
    client.batch_execute(&open).await?;
    Ok(())
}

/// Closes the tables, if nothing was committed since the switch.
///
/// # Errors
/// [`MoveError::Refused`] where something was, or any error of the database.
pub(super) async fn close(client: &Client, mark: &MoveMark) -> Result<(), MoveError> {
    let held = lock(client).await?;
    let Some(held) = held.filter(|held| held.id == mark.id) else {
        return Err(OpenError::MovedElsewhere { target: mark.target.clone() }.into());
    };
    if held.state == "moved" {
        let rows = query(client, "SELECT sequence, audit_seq FROM ss.heads", &[]).await?;
        let row =
            rows.first().ok_or_else(|| OpenError::Database("the row of ss.heads is gone".to_owned()))?;
        let now: (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if now != (held.sequence, held.audit_seq) {
            return Err(refused(format!(
                "the database has taken {} commits since the move, which would be lost; go back with `backup` and \
                 `restore` instead",
                now.0 - held.sequence
            )));
        }
    }
    client.batch_execute(&format!("UPDATE ss.moves SET state = 'taken_back'; {}; COMMIT", closing())).await?;
    Ok(())
}
