//! Lists in pages: by creation, newest first, and by what retention has to handle, oldest first.

use tokio_postgres::Row;

use super::reads::Readers;
use super::rows::{Param, clean, decode};
use crate::adapters::store::reads::{decode_cursor, encode_cursor};
use crate::adapters::store::rows::{Damage, Stored, column_count, columns};
use crate::domain::job::JobRecord;
use crate::ports::store::{Due, JobFilter, Page, ReadError};

/// Most items of one page or of one read of the queue.
pub(super) const MAX_LIMIT: usize = 10_000;
/// Most jobs of one page for retention.
const MAX_DUE: usize = 1000;

/// Conditions of a list, with the values they bind.
#[derive(Default)]
pub(super) struct Conditions {
    sql: Vec<String>,
    params: Vec<Param>,
}

impl Conditions {
    /// Adds a condition with one value, whose place is `?`.
    pub(super) fn with(mut self, sql: &str, value: Option<Param>) -> Self {
        if let Some(value) = value {
            self.params.push(value);
            self.sql.push(sql.replace('?', &format!("${}", self.params.len())));
        }
        self
    }

    /// Returns the conditions of a list of jobs.
    pub(super) fn of_jobs(filter: &JobFilter) -> Self {
        Self { sql: vec!["batch_id IS NULL".to_owned()], params: Vec::new() }
            .with("tenant = ?", filter.tenant.as_ref().map(|t| Param::text(t.as_str())))
            .with("status = ?", filter.status.map(|s| Param::text(s.as_str())))
            .with("client_ref = ?", filter.client_ref.as_deref().map(|r| Param::text(clean(r))))
            .with("created_at > ?", filter.created_after.map(|t| Param::number(t.timestamp_millis())))
            .with("created_at < ?", filter.created_before.map(|t| Param::number(t.timestamp_millis())))
    }

    /// Adds that a pair of columns lies beyond a cursor.
    fn beyond(mut self, pair: &str, than: char, (at, nr): (i64, i64)) -> Self {
        self.params.extend([Param::number(at), Param::number(nr)]);
        let n = self.params.len();
        self.sql.push(format!("({pair}) {than} (${}, ${n})", n - 1));
        self
    }

    /// Returns the values that the conditions bind.
    pub(super) fn into_params(self) -> Vec<Param> {
        self.params
    }

    /// Returns the clause `WHERE`, empty without conditions.
    pub(super) fn filter(&self) -> String {
        if self.sql.is_empty() { String::new() } else { format!("WHERE {}", self.sql.join(" AND ")) }
    }
}

fn position(cursor: Option<&str>) -> Result<Option<(i64, i64)>, ReadError> {
    cursor.map(|cursor| decode_cursor(cursor).ok_or(ReadError::InvalidCursor)).transpose()
}

impl Readers {
    /// Reads one record out of a row; one that is kept from readers counts as damaged.
    ///
    /// # Errors
    /// `Unavailable`; the inner error is a damaged record.
    pub(super) fn decoded<T: Stored>(&self, row: &Row) -> Result<Result<T, Damage>, ReadError> {
        let read = self.checked(decode::<T>(row))?;
        Ok(read.and_then(|record| self.core.withheld(&record).map_or(Ok(record), Err)))
    }

    /// Reads one page, newest first. Damaged records are reported and left out.
    ///
    /// # Errors
    /// [`ReadError::InvalidCursor`], or `Unavailable`.
    pub(super) async fn page<T: Stored>(
        &self,
        conditions: Conditions,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<T>, ReadError> {
        let limit = limit.clamp(1, MAX_LIMIT);
        let conditions = match position(cursor)? {
            Some(position) => conditions.beyond("created_at, nr", '<', position),
            None => conditions,
        };
        self.ordered(conditions, ("created_at", "DESC"), limit).await
    }

    /// Reads one page of jobs for retention, oldest first.
    ///
    /// # Errors
    /// As [`Readers::page`].
    pub(super) async fn due(
        &self,
        due: Due,
        before_ms: i64,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<JobRecord>, ReadError> {
        let limit = limit.clamp(1, MAX_DUE);
        let column = match due {
            Due::Ended => "ended_at",
            Due::Files => "files_at",
            Due::Inputs => "inputs_at",
        };
        let conditions = Conditions::default().with(&format!("{column} < ?"), Some(Param::number(before_ms)));
        let conditions = match position(cursor)? {
            Some(position) => conditions.beyond(&format!("{column}, nr"), '>', position),
            None => conditions,
        };
        self.ordered(conditions, (column, "ASC"), limit).await
    }

    async fn ordered<T: Stored>(
        &self,
        conditions: Conditions,
        (column, order): (&str, &str),
        limit: usize,
    ) -> Result<Page<T>, ReadError> {
        let sql = format!(
            "SELECT {}, {column}, nr FROM ss.{} {} ORDER BY {column} {order}, nr {order} LIMIT {}",
            columns::<T>(),
            T::TABLE,
            conditions.filter(),
            limit + 1
        );
        let rows = self.rows(&sql, conditions.params).await?;
        let mut page = Page { items: Vec::new(), next_cursor: None };
        for (at, row) in rows.iter().take(limit).enumerate() {
            if at + 1 == limit && rows.len() > limit {
                let n = column_count::<T>();
                page.next_cursor = Some(encode_cursor(self.cell(row, n)?, self.cell(row, n + 1)?));
            }
            match self.decoded::<T>(row)? {
                Ok(item) => page.items.push(item),
                Err(damage) => self.core.report(&damage),
            }
        }
        Ok(page)
    }
}
