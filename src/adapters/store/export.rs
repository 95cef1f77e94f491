//! The export thread: keeps `job.json` and `audit/*.jsonl` within a second of the store. The copies never
//! overrule the store; an error here is reported and repeated, and loses nothing.
//!
//! The copies are written at once and made durable some seconds later, all together: commits wait for the same disk.
//! What a power loss takes of them is written again, because `store/exported` names only what was durable.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};

use super::audit_log::AuditLog;
use super::job_copy::render;
use super::queue::Waited;
use super::rows::{column_count, columns, decode};
use super::shared::{Committed, Core};
use super::{keys, reads};
use crate::adapters::background::give_way;
use crate::adapters::files::{create_dir, create_dir_durably, sync_dir};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::layout::job_dir;
use crate::ports::store::Key;

/// Name of the readable copy in a job's folder.
const COPY: &str = "job.json";
/// Changes are gathered this long, so that a job that moves fast is written once.
const GATHER: Duration = Duration::from_millis(200);
/// Pause after an error.
const RETRY: Duration = Duration::from_secs(1);
/// Copies become durable so long after the first of them was written.
const SETTLE: Duration = Duration::from_secs(5);
/// Up to so many copies are synced one by one; more of them by one sync of the file system.
const SYNC_EACH: usize = 16;
/// So many copies become durable at once: commits wait for a sync of the file system, the longer the larger it is.
const MOST_UNSYNCED: usize = 8192;

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
    /// Written and not durable yet.
    unsynced: Unsynced,
}

/// Copies that a power loss would take.
#[derive(Default)]
struct Unsynced {
    /// Jobs whose copy was written, or removed.
    jobs: BTreeSet<Key>,
    /// When the first commit came that `store/exported` does not name yet.
    since: Option<Instant>,
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
        Self {
            core,
            conn,
            data_dir,
            audit: None,
            behind: BTreeSet::new(),
            target,
            unsynced: Unsynced::default(),
        }
    }

    /// Catches up, then follows the committer until it has ended and everything is written and durable.
    pub(super) fn run(mut self) {
        give_way();
        let mut caught_up = false;
        let mut news: Vec<Committed> = Vec::new();
        loop {
            if let Err(error) = self.catch_up(&mut caught_up).and_then(|()| self.export()) {
                self.failed(&error);
                let open = self.core.exports.take_ready(&mut news);
                self.note(&mut news);
                if open {
                    continue;
                }
                // closing: one last try, then the next start catches up
                if self.catch_up(&mut caught_up).and_then(|()| self.export()).is_err() {
                    return;
                }
            }
            self.core.publish_export(Some(self.target), None);
            if self.unsynced.is_due()
                && let Err(error) = self.settle()
            {
                self.failed(&error);
            }
            match self.core.exports.take_until(self.unsynced.due(), &mut news) {
                Waited::Items => {
                    self.core.exports.pause(GATHER);
                    self.core.exports.take_ready(&mut news);
                    self.note(&mut news);
                }
                Waited::Time => {}
                Waited::End => {
                    if let Err(error) = self.settle() {
                        self.failed(&error);
                    }
                    return;
                }
            }
        }
    }

    fn failed(&mut self, error: &io::Error) {
        tracing::error!(event = "SS_EXPORT_FAILED", %error, "readable copies cannot be written");
        self.core.publish_export(None, Some(error.to_string()));
        self.audit = None;
        self.core.exports.pause(RETRY);
    }

    fn note(&mut self, news: &mut Vec<Committed>) {
        for committed in news.drain(..) {
            self.target = self.target.max(committed.sequence);
            self.behind.extend(committed.jobs);
            self.unsynced.since.get_or_insert_with(Instant::now);
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
        let exported = self.core.exported_sequence();
        self.unsynced.since = (exported < self.target).then(Instant::now);
        let range = (exported.cast_signed(), self.target.cast_signed());
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
            let batch: Vec<Key> = self.behind.iter().take(MOST_UNSYNCED).cloned().collect();
            self.export_jobs(&batch)?;
            for key in &batch {
                self.behind.remove(key);
            }
            if self.unsynced.jobs.len() >= MOST_UNSYNCED {
                self.sync()?;
            }
        }
        Ok(())
    }

    /// Makes everything durable that was written, and notes how far that is. Nothing may be behind.
    fn settle(&mut self) -> io::Result<()> {
        if self.unsynced.since.is_none() {
            return Ok(());
        }
        self.sync()?;
        let path = marker(&self.data_dir);
        let temporary = path.with_extension("tmp");
        fs::write(&temporary, self.target.to_string())?;
        fs::rename(&temporary, &path)?;
        self.unsynced.since = None;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let jobs = std::mem::take(&mut self.unsynced.jobs);
        let synced = match jobs.len() > SYNC_EACH {
            true => File::open(&self.data_dir).and_then(|folder| Ok(rustix::fs::syncfs(folder)?)),
            false => jobs
                .iter()
                .filter_map(|key| self.dir_of(key))
                .try_for_each(|dir| sync_copy(&dir))
                .and_then(|()| self.sync_audit()),
        };
        if synced.is_err() {
            // what a failed sync left of them is not known: they are written again
            self.behind.extend(jobs);
        }
        synced
    }

    fn sync_audit(&self) -> io::Result<()> {
        let synced = self.audit.as_ref().map_or(Ok(()), AuditLog::sync);
        synced.inspect_err(|_| self.core.count_audit_failures(1))
    }

    fn dir_of(&self, key: &Key) -> Option<PathBuf> {
        match key {
            Key::Job(tenant, job_id) => Some(self.data_dir.join(job_dir(tenant, job_id))),
            _ => None,
        }
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

    fn export_jobs(&mut self, batch: &[Key]) -> io::Result<()> {
        for key in batch {
            let Key::Job(tenant, job_id) = key else { continue };
            let dir = self.data_dir.join(job_dir(tenant, job_id));
            match self.read(tenant, job_id)? {
                Found::Text(text) => {
                    // the folders of a large batch are synced with its copies
                    if batch.len() > SYNC_EACH {
                        create_dir(&dir)?;
                    } else {
                        create_dir_durably(&dir)?;
                    }
                    let temporary = dir.join(".job.json.tmp");
                    fs::write(&temporary, text)?;
                    fs::rename(&temporary, dir.join(COPY))?;
                }
                Found::Nothing => match fs::remove_file(dir.join(COPY)) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                    _ => {}
                },
                Found::Damaged => continue,
            }
            self.unsynced.jobs.insert(key.clone());
        }
        Ok(())
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

impl Unsynced {
    /// When it should become durable.
    fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + SETTLE)
    }

    fn is_due(&self) -> bool {
        self.due().is_some_and(|due| due <= Instant::now())
    }
}

/// Makes the copy in a job's folder durable, or its absence; the folder may be gone with its job.
fn sync_copy(dir: &Path) -> io::Result<()> {
    let or_absent = |synced: io::Result<()>| match synced {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    or_absent(File::open(dir.join(COPY)).and_then(|copy| copy.sync_data()))?;
    or_absent(sync_dir(dir))
}

/// State of a job in the store.
enum Found {
    Text(String),
    Nothing,
    /// The last good copy stays.
    Damaged,
}
