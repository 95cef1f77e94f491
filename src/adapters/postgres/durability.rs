//! What acknowledged commits survive, as far as the server tells: a crash by its own settings, a failover by its standbys.

use tokio_postgres::{Error, Row};

use super::reads::Readers;

/// Reads the settings and counts the servers that follow this one. Readers of single changes (logical replication) and
/// tools that copy take nothing over. Any role may ask this.
pub(super) const LOOK: &str = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
     current_setting('synchronous_standby_names'), \
     (SELECT count(*) FROM pg_stat_replication AS r \
      WHERE coalesce(r.application_name, '') NOT IN ('pg_basebackup', 'pg_receivewal') \
        AND NOT EXISTS (SELECT 1 FROM pg_replication_slots AS s WHERE s.slot_type = 'logical' AND s.active_pid = r.pid))";

/// How acknowledged commits could be lost; `None` where nothing is known to threaten them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Risks {
    /// By a crash of the server's machine.
    pub crash: Option<String>,
    /// By a failover to a standby.
    pub failover: Option<String>,
}

impl Risks {
    /// Judges the answer to [`LOOK`].
    ///
    /// # Errors
    /// An answer of another form.
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        let mut off = Vec::new();
        for (at, name) in ["fsync", "full_page_writes"].into_iter().enumerate() {
            if row.try_get::<_, &str>(at)? == "off" {
                off.push(name);
            }
        }
        let (synchronous, standbys) = (row.try_get::<_, &str>(2)?, row.try_get::<_, i64>(3)?);
        let crash = format!("PostgreSQL runs with {} off", off.join(" and "));
        let failover = format!("{standbys} standbys follow, and synchronous_standby_names is empty");
        Ok(Self {
            crash: (!off.is_empty()).then_some(crash),
            failover: (standbys > 0 && synchronous.trim().is_empty()).then_some(failover),
        })
    }
}

/// Looks again and notes what was found. A database that does not answer changes nothing.
pub(super) async fn look(readers: &Readers) {
    let Ok(rows) = readers.rows(LOOK, Vec::new()).await else { return };
    if let Some(risks) = rows.first().and_then(|row| Risks::read(row).ok()) {
        readers.core.note_risks(risks);
    }
}
