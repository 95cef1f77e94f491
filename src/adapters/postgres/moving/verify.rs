//! The copy, verified before the switch: every row against the source, every checksum, the heads and the audit chain.

use std::collections::BTreeMap;
use std::path::Path;

use tokio_postgres::{Client, Row};

use super::MoveError;
use super::source::Source;
use crate::adapters::postgres::cells::{Digest, Digests, from_postgres};
use crate::adapters::postgres::connect::OpenError;
use crate::adapters::postgres::rows::{Table, query};
use crate::adapters::postgres::tables::ALL;
use crate::adapters::postgres::verify::{check_chain, check_heads, check_job_columns, read, walk};
use crate::adapters::store::check::Report;
use crate::adapters::store::rows::{Stored, columns};
use crate::domain::batch::BatchRecord;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::job::JobRecord;
use crate::domain::tenant::TenantRecord;
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};

/// Result of a verification.
pub(super) struct Verified {
    /// Problems of the records themselves, which the source has too.
    pub report: Report,
    /// Tables that differ from the source.
    pub differing: Vec<&'static str>,
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
}

/// Compares the copy with the source, in one snapshot of each.
///
/// # Errors
/// [`MoveError`].
pub(super) async fn verify(
    client: &Client,
    (data_dir, source): (&Path, &Source),
) -> Result<Verified, MoveError> {
    let data_dir = data_dir.to_owned();
    // both are read at the same time
    let expected =
        std::thread::spawn(move || Source::open(&data_dir)?.digests().map_err(std::io::Error::other));
    client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0")
        .await?;
    let (report, copied) = copied(client).await?;
    client.batch_execute("COMMIT").await?;
    let gone = |_| std::io::Error::other("the reader of the data directory ended by a panic");
    let expected = expected.join().map_err(gone)??;
    let mut differing: Vec<&'static str> =
        ALL.iter().map(|table| table.name).filter(|name| copied.get(name) != expected.get(name)).collect();
    let from = &source.heads;
    if (report.sequence, report.audit_seq, &report.audit_hash)
        != (from.sequence, from.audit_seq, &from.audit_hash)
    {
        differing.push("heads");
    }
    let rows = copied.iter().map(|(name, digest)| (*name, digest.rows)).collect();
    Ok(Verified { report, differing, rows })
}

/// Reads every row of the copy: its digest, and what is wrong with it by itself.
async fn copied(client: &Client) -> Result<(Report, Digests), MoveError> {
    let (mut report, mut digests) = (Report::default(), Digests::new());
    let heads = query(client, "SELECT sequence, audit_seq, audit_hash FROM ss.heads", &[]).await?;
    let heads = heads.first().ok_or_else(|| OpenError::Database("the row of ss.heads is gone".to_owned()))?;
    report.sequence = heads.try_get::<_, i64>(0)?.cast_unsigned();
    report.audit_seq = heads.try_get::<_, i64>(1)?.cast_unsigned();
    report.audit_hash = heads.try_get(2)?;
    for table in ALL {
        let found = &mut report;
        let digest = match table.name {
            JobRecord::TABLE => {
                let visit = |row: &Row, report: &mut Report| {
                    let Some(job) = read::<JobRecord>(row, report)? else { return Ok(()) };
                    check_job_columns(row, &job, report)
                };
                rows(client, table, columns::<JobRecord>(), found, visit).await?
            }
            TaskCodeRecord::TABLE => records::<TaskCodeRecord>(client, table, found).await?,
            ApiKeyRecord::TABLE => records::<ApiKeyRecord>(client, table, found).await?,
            TenantRecord::TABLE => records::<TenantRecord>(client, table, found).await?,
            IdempotencyRecord::TABLE => records::<IdempotencyRecord>(client, table, found).await?,
            WebhookRecord::TABLE => records::<WebhookRecord>(client, table, found).await?,
            DeliveryRecord::TABLE => records::<DeliveryRecord>(client, table, found).await?,
            CursorRecord::TABLE => records::<CursorRecord>(client, table, found).await?,
            BatchRecord::TABLE => records::<BatchRecord>(client, table, found).await?,
            _ => rows(client, table, String::new(), found, |_, _| Ok(())).await?,
        };
        digests.insert(table.name, digest);
    }
    check_heads(client, &mut report).await?;
    check_chain(client, &[], &mut report).await?;
    report.ok = report.problem_count == 0;
    Ok((report, digests))
}

async fn records<T: Stored>(
    client: &Client,
    table: &Table,
    report: &mut Report,
) -> Result<Digest, OpenError> {
    rows(client, table, columns::<T>(), report, |row, report| read::<T>(row, report).map(drop)).await
}

/// Reads the rows of a table, with the columns of its record first.
async fn rows(
    client: &Client,
    table: &Table,
    first: String,
    report: &mut Report,
    visit: impl Fn(&Row, &mut Report) -> Result<(), OpenError>,
) -> Result<Digest, OpenError> {
    let known: Vec<&str> = first.split(", ").filter(|column| !column.is_empty()).collect();
    let rest = table.columns.iter().filter(|column| !known.contains(column));
    let all: Vec<&str> = known.iter().copied().chain(rest.copied()).collect();
    let mut digest = Digest::default();
    walk(client, &format!("SELECT {} FROM ss.{}", all.join(", "), table.name), |row| {
        digest.add(&from_postgres(table, row)?);
        visit(row, report)
    })
    .await?;
    Ok(digest)
}
