//! Tries and requests that are counted over all servers: one bucket for each subject, filled by the clock of the database.
//! The table is not logged: a crash of the database forgives.

use std::time::Duration;

use super::reads::Readers;
use super::rows::Param;
use crate::ports::cluster::Tries;
use crate::ports::store::ReadError;

/// What a bucket holds by now: `$2` tries when it is full, `$3` milliseconds to fill it.
const FILLED: &str = "least($2::float8, g.remaining + \
     greatest(extract(epoch FROM clock_timestamp() - g.at)::float8, 0) * 1000 * $2::float8 / $3::float8)";

/// Removes buckets that no window leaves unfilled.
pub(super) const PRUNE: &str = "DELETE FROM ss.guesses WHERE at < clock_timestamp() - interval '1 day'";

fn params(subject: &str, tries: Tries) -> Vec<Param> {
    let window = i64::try_from(tries.window.as_millis()).unwrap_or(i64::MAX);
    vec![Param::text(subject), Param::number(tries.most.into()), Param::number(window.max(1))]
}

/// Takes a try; returns the time until the next one if none is left.
///
/// # Errors
/// `Unavailable` or `Stopped`.
pub(super) async fn take(
    readers: &Readers,
    subject: &str,
    tries: Tries,
) -> Result<Option<Duration>, ReadError> {
    let sql = format!(
        "WITH taken AS (
           INSERT INTO ss.guesses AS g (subject, remaining, at) VALUES (decode($1, 'hex'), $2::float8 - 1, clock_timestamp())
           ON CONFLICT (subject) DO UPDATE SET remaining = {FILLED} - 1, at = clock_timestamp() WHERE {FILLED} >= 1
           RETURNING 1
         )
         SELECT EXISTS (SELECT 1 FROM taken),
                (SELECT {FILLED} FROM ss.guesses g WHERE g.subject = decode($1, 'hex'))"
    );
    let rows = readers.rows(&sql, params(subject, tries)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    if readers.cell::<bool>(row, 0)? {
        return Ok(None);
    }
    // as it was before the statement: another one may have taken the last try since
    let left = readers.cell::<Option<f64>>(row, 1)?.unwrap_or(0.0).clamp(0.0, 1.0);
    Ok(Some(tries.window.mul_f64((1.0 - left) / f64::from(tries.most.max(1)))))
}

/// Takes what was used already; returns what is left, which may be negative.
///
/// # Errors
/// `Unavailable` or `Stopped`.
pub(super) async fn take_use(
    readers: &Readers,
    subject: &str,
    bucket: Tries,
    used: u32,
) -> Result<f64, ReadError> {
    let sql = format!(
        "INSERT INTO ss.guesses AS g (subject, remaining, at) \
         VALUES (decode($1, 'hex'), $2::float8 - $4::float8, clock_timestamp()) \
         ON CONFLICT (subject) DO UPDATE SET remaining = {FILLED} - $4::float8, at = clock_timestamp() \
         RETURNING g.remaining::float8"
    );
    let mut params = params(subject, bucket);
    params.push(Param::number(used.into()));
    let rows = readers.rows(&sql, params).await?;
    rows.first().map_or(Ok(f64::from(bucket.most)), |row| readers.cell(row, 0))
}

/// Gives a try back.
///
/// # Errors
/// `Unavailable` or `Stopped`.
pub(super) async fn give_back(readers: &Readers, subject: &str, tries: Tries) -> Result<(), ReadError> {
    let sql = format!(
        "UPDATE ss.guesses g SET remaining = least({FILLED} + 1, $2::float8), at = clock_timestamp() \
         WHERE g.subject = decode($1, 'hex')"
    );
    readers.rows(&sql, params(subject, tries)).await.map(drop)
}
