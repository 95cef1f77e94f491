//! The time of day by the database's clock. Servers that share a store judge what expires by one clock: the machine of one of
//! them may have another time, and would remove what the others keep.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use tokio_postgres::{Client, Row};

use crate::adapters::clock::{SystemClock, since_boot};
use crate::domain::cluster::{BootTime, Contact, DatabaseTime};
use crate::ports::clock::Clock;

/// The clock of the database in microseconds, and when this database server was started.
pub(super) const CLOCK: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::int8, \
     (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8";
/// No answer was seen yet.
const UNKNOWN: i64 = i64::MIN;

/// The database's clock, carried on between its answers by the clock of this machine that nobody sets.
#[derive(Debug)]
pub struct DatabaseClock {
    /// Microseconds from the boot's clock to the database's, or [`UNKNOWN`].
    offset: AtomicI64,
}

impl Default for DatabaseClock {
    /// Until the first answer the machine's clock has to do.
    fn default() -> Self {
        Self { offset: AtomicI64::new(UNKNOWN) }
    }
}

impl DatabaseClock {
    /// Takes an answer into account. The database read its clock between request and answer; within these bounds the time
    /// known so far stays, so that it does not move with each answer's way.
    pub(super) fn see(&self, contact: &Contact) {
        let at_most = contact.database.micros().saturating_sub(micros(contact.asked));
        let at_least = contact.database.micros().saturating_sub(micros(contact.answered));
        let known = self.offset.load(Ordering::Relaxed);
        let offset = match known {
            UNKNOWN => at_least.midpoint(at_most),
            _ => known.clamp(at_least.min(at_most), at_most),
        };
        self.offset.store(offset, Ordering::Relaxed);
    }

    /// Asks the database for its time.
    ///
    /// # Errors
    /// Any error of the connection.
    pub(super) async fn ask(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let asked = since_boot();
        self.see(&contact(&client.query_typed_one(&format!("SELECT {CLOCK}"), &[]).await?, asked)?);
        Ok(())
    }

    fn at(&self, moment: BootTime) -> Option<DateTime<Utc>> {
        let offset = self.offset.load(Ordering::Relaxed);
        (offset != UNKNOWN).then(|| DateTime::from_timestamp_micros(micros(moment).saturating_add(offset)))?
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> DateTime<Utc> {
        self.at(since_boot()).map_or_else(|| SystemClock.now(), |time| time.trunc_subsecs(3))
    }

    fn machine_ahead(&self) -> TimeDelta {
        SystemClock.now() - self.now()
    }
}

/// Reads the answer to a request out of the columns of [`CLOCK`], which come first.
///
/// # Errors
/// Any error of the row.
pub(super) fn contact(row: &Row, asked: BootTime) -> Result<Contact, tokio_postgres::Error> {
    Ok(Contact {
        asked,
        answered: since_boot(),
        database: DatabaseTime::from_micros(row.try_get(0)?),
        server_started: DatabaseTime::from_micros(row.try_get(1)?),
    })
}

fn micros(moment: BootTime) -> i64 {
    i64::try_from(moment.since_boot().as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn boot(millis: u64) -> BootTime {
        BootTime::new(Duration::from_millis(millis))
    }

    fn answer(asked: u64, answered: u64, database: i64) -> Contact {
        Contact {
            asked: boot(asked),
            answered: boot(answered),
            database: DatabaseTime::from_micros(database * 1000),
            server_started: DatabaseTime::from_micros(0),
        }
    }

    fn millis(clock: &DatabaseClock, at: u64) -> i64 {
        clock.at(boot(at)).expect("an answer was seen").timestamp_millis()
    }

    #[test]
    fn the_time_stays_within_what_answers_allow_and_follows_a_clock_that_is_set() {
        let clock = DatabaseClock::default();
        assert_eq!(clock.at(boot(5)), None);
        clock.see(&answer(1_000, 1_010, 900_000));
        assert_eq!(millis(&clock, 1_005), 900_000, "in the middle of request and answer");
        clock.see(&answer(2_000, 2_100, 901_090));
        assert_eq!(millis(&clock, 2_000), 900_995, "a slow answer that agrees moves nothing");
        clock.see(&answer(3_000, 3_002, 902_020));
        assert_eq!(millis(&clock, 3_002), 902_020, "an answer that does not agree, as little as it asks for");
        clock.see(&answer(4_000, 4_002, 90_000_000));
        assert_eq!(millis(&clock, 4_002), 90_000_000, "the database's clock was set");
    }
}
