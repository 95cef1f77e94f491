//! The export thread: keeps `job.json` and `audit/*.jsonl` within a second of the store. The copies never
//! overrule the store; an error here is reported and repeated, and loses nothing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::audit_log::AuditLog;
use super::job_copy::render;
use super::rows::{column_count, columns, decode};
use super::shared::{Committed, Core};
use super::{keys, reads};
use crate::adapters::files::{create_dir_durably, sync_dir};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::layout::job_dir;
use crate::ports::store::Key;

/// Changes are gathered this long, so that a job that moves fast is written once.
const GATHER: Duration = Duration::from_millis(200);
/// Pause after an error.
const RETRY: Duration = Duration::from_secs(1);
/// Most jobs of one batch. Each large one makes the whole file system durable twice, which commits wait for.
const BATCH: usize = 8192;
/// Batches up to this size sync each file; larger ones sync the file system once.
const SYNC_EACH: usize = 16;

/// Writes the copies of one store.
pub(super) struct Exporter {
    core: Arc<Core>,
    conn: Connection,
    data_dir: PathBuf,
    audit: Option<AuditLog>,
    /// Jobs whose copy is behind.
    behind: BTreeSet<Key>,
    /// Sequence that is reached once nothing is behind.
    target: u64,
}

/// Reads how far the copies were when the store was last open.
pub(super) fn exported_sequence(data_dir: &Path) -> u64 {
    let text = fs::read_to_string(marker(data_dir)).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

fn marker(data_dir: &Path) -> PathBuf {
    data_dir.join("store").join("exported")
}

impl Exporter {
    /// Prepares the exporter; `target` is the sequence of the store at its opening.
    pub(super) fn new(core: Arc<Core>, conn: Connection, data_dir: PathBuf, target: u64) -> Self {
        Self { core, conn, data_dir, audit: None, behind: BTreeSet::new(), target }
    }

    /// Catches up, then follows the committer until it has ended and everything is written.
    pub(super) fn run(mut self) {
        let mut caught_up = false;
        let mut news: Vec<Committed> = Vec::new();
        loop {
            let result = self.catch_up(&mut caught_up).and_then(|()| self.export());
            match result {
                Ok(()) => self.core.publish_export(Some(self.target), None),
                Err(error) => {
                    tracing::error!(event = "SS_EXPORT_FAILED", %error, "readable copies cannot be written");
                    self.core.publish_export(None, Some(error.to_string()));
                    self.audit = None;
                    self.core.exports.pause(RETRY);
                    let open = self.core.exports.take_ready(&mut news);
                    self.note(&mut news);
                    if open {
                        continue;
                    }
                    // closing: one last try, then the next start catches up
                    if self.catch_up(&mut caught_up).and_then(|()| self.export()).is_ok() {
                        self.core.publish_export(Some(self.target), None);
                    }
                    return;
                }
            }
            if !self.core.exports.take_waiting(usize::MAX, &mut news) {
                return;
            }
            self.core.exports.pause(GATHER);
            self.core.exports.take_ready(&mut news);
            self.note(&mut news);
        }
    }

    fn note(&mut self, news: &mut Vec<Committed>) {
        for committed in news.drain(..) {
            self.target = self.target.max(committed.sequence);
            self.behind.extend(committed.jobs);
        }
    }

    /// Finds the jobs that were written after the last export, from the receipts of commits.
    fn catch_up(&mut self, done: &mut bool) -> io::Result<()> {
        if *done {
            return Ok(());
        }
        let mut statement = self
            .conn
            .prepare("SELECT versions FROM commits WHERE sequence > ?1 AND sequence <= ?2")
            .map_err(io::Error::other)?;
        let range = (self.core.exported_sequence().cast_signed(), self.target.cast_signed());
        let mut rows = statement.query(range).map_err(io::Error::other)?;
        while let Some(row) = rows.next().map_err(io::Error::other)? {
            let text: String = row.get(0).map_err(io::Error::other)?;
            let versions = keys::decode_versions(&text).unwrap_or_default();
            self.behind
                .extend(versions.into_iter().map(|(key, _)| key).filter(|k| matches!(k, Key::Job(..))));
        }
        *done = true;
        Ok(())
    }

    fn export(&mut self) -> io::Result<()> {
        // a folder that is gone must not be made again in another place
        self.core.places.lost().map_or(Ok(()), |reason| Err(io::Error::other(reason)))?;
        self.export_audit().inspect_err(|_| self.core.count_audit_failures(1))?;
        while !self.behind.is_empty() {
            let batch: Vec<Key> = self.behind.iter().take(BATCH).cloned().collect();
            self.export_jobs(&batch)?;
            for key in &batch {
                self.behind.remove(key);
            }
        }
        let path = marker(&self.data_dir);
        let temporary = path.with_extension("tmp");
        fs::write(&temporary, self.target.to_string())?;
        fs::rename(&temporary, &path)
    }

    fn export_audit(&mut self) -> io::Result<()> {
        if self.audit.is_none() {
            let stored = |seq: u64| {
                let found =
                    reads::audit_json(&self.conn, seq.saturating_sub(1), 1).map_err(io::Error::other)?;
                Ok(found.into_iter().find(|(n, _)| *n == seq).map(|(_, json)| json))
            };
            self.audit = Some(AuditLog::open(self.data_dir.join("audit"), stored)?);
        }
        let log = self.audit.as_mut().expect("just opened");
        loop {
            let events = reads::audit_json(&self.conn, log.last_seq(), 1000).map_err(io::Error::other)?;
            if events.is_empty() {
                return Ok(());
            }
            log.append(&events)?;
        }
    }

    fn export_jobs(&self, batch: &[Key]) -> io::Result<()> {
        let mut written: Vec<PathBuf> = Vec::with_capacity(batch.len());
        for key in batch {
            let Key::Job(tenant, job_id) = key else { continue };
            let dir = self.data_dir.join(job_dir(tenant, job_id));
            match self.read(tenant, job_id)? {
                Found::Text(text) => {
                    // what a large batch makes is synced at once below
                    if batch.len() > SYNC_EACH {
                        fs::create_dir_all(&dir)?;
                    } else {
                        create_dir_durably(&dir)?;
                    }
                    let mut file = File::create(dir.join(".job.json.tmp"))?;
                    file.write_all(text.as_bytes())?;
                    if batch.len() <= SYNC_EACH {
                        file.sync_data()?;
                    }
                    written.push(dir);
                }
                Found::Nothing => match fs::remove_file(dir.join("job.json")) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                    _ => {}
                },
                Found::Damaged => {}
            }
        }
        self.sync(batch.len(), &[])?;
        for dir in &written {
            fs::rename(dir.join(".job.json.tmp"), dir.join("job.json"))?;
        }
        self.sync(batch.len(), &written)
    }

    /// Makes a batch durable: its directories one by one, or everything at once.
    fn sync(&self, batch: usize, dirs: &[PathBuf]) -> io::Result<()> {
        if batch > SYNC_EACH {
            return Ok(rustix::fs::syncfs(File::open(&self.data_dir)?)?);
        }
        dirs.iter().try_for_each(|dir| sync_dir(dir))
    }

    fn read(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<Found> {
        let sql = format!(
            "SELECT {}, sequence FROM jobs WHERE tenant = ?1 AND job_id = ?2",
            columns::<JobRecord>()
        );
        let found = self
            .conn
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement
                    .query_row((tenant.as_str(), job_id.as_str()), |row| {
                        let sequence: i64 = row.get(column_count::<JobRecord>())?;
                        Ok((decode::<JobRecord>(row)?, sequence.cast_unsigned()))
                    })
                    .optional()
            })
            .map_err(io::Error::other)?;
        Ok(match found {
            None => Found::Nothing,
            Some((Ok(job), sequence)) => Found::Text(render(&job, sequence)),
            Some((Err(damage), _)) if damage.newer => Found::Damaged,
            Some((Err(damage), _)) => {
                let key = damage.key.unwrap_or_else(|| Key::Job(tenant.clone(), job_id.clone()));
                self.core.report_damage(&key, damage.reason);
                Found::Damaged
            }
        })
    }
}

/// State of a job in the store.
enum Found {
    Text(String),
    Nothing,
    /// The last good copy stays.
    Damaged,
}
