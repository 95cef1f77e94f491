//! Makes a backup of a store in use: a snapshot of its records, then the files that they name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::BackupError;
use super::crypt::Protection;
use super::files;
use super::manifest::{Content, FORMAT_VERSION, FileEntry, Manifest};
use super::repository::Repository;
use crate::adapters::postgres;
use crate::adapters::store::snapshot::Snapshot;
use crate::domain::job::{JobRecord, SCHEMA_VERSION};
use crate::domain::layout::job_dir;
use crate::ports::blob_store::BlobStore;

/// Tries to have a snapshot whose files are all still there. A job may change meanwhile.
const TRIES: usize = 3;

/// Where the records of a backup are.
#[derive(Debug, Clone)]
pub enum Records {
    /// In the embedded store of the data directory, which the caller owns.
    Embedded,
    /// In a PostgreSQL database, `postgres://…`.
    Postgres(SecretString),
}

impl Records {
    /// Returns where the records are with an address of a database, or without one.
    pub fn of(database_url: Option<&SecretString>) -> Self {
        database_url.map_or(Self::Embedded, |url| Self::Postgres(url.clone()))
    }

    /// Writes them, as of one moment, into a new database file.
    fn take(&self, data_dir: &Path, to: &Path) -> Result<Snapshot, BackupError> {
        let url = match self {
            Self::Embedded => return Ok(Snapshot::take(data_dir, to)?),
            Self::Postgres(url) => url,
        };
        postgres::dump(url, to).map_err(|error| match error {
            postgres::OpenError::Database(_) => BackupError::Unavailable(error.to_string()),
            postgres::OpenError::Io(error) => BackupError::Io(error),
            other => BackupError::refused(other.to_string()),
        })?;
        Ok(Snapshot::open(to)?)
    }
}

/// Request of a backup.
#[derive(Clone)]
pub struct Spec {
    /// Data directory; the snapshot is there for a while.
    pub data_dir: PathBuf,
    /// Where the records are.
    pub records: Records,
    /// Where the files of jobs are.
    pub blobs: Arc<dyn BlobStore>,
    /// Directory of the repository.
    pub to: PathBuf,
    /// Adds to the backups that `to` holds.
    pub incremental: bool,
    /// Encryption of a new repository; it must fit a repository that exists.
    pub protection: Protection,
    /// Time of the backup; part of its id.
    pub now: DateTime<Utc>,
}

/// Result of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Id of the backup, see `Manifest::id`.
    pub id: String,
    /// True if the contents of the repository are encrypted.
    pub encrypted: bool,
    /// Sequence of the last commit in the backup.
    pub sequence: u64,
    /// Number of the last event of its audit chain.
    pub audit_seq: u64,
    /// Hash of that event: SHA-256 in hexadecimal digits.
    pub audit_hash: String,
    /// Number of job records.
    pub jobs: u64,
    /// Number of files, without the database.
    pub files: u64,
    /// Size of these files together, in bytes.
    pub bytes: u64,
    /// Contents that the repository did not hold before, the database among them.
    pub new_contents: u64,
    /// Size of these contents before encryption, in bytes.
    pub new_bytes: u64,
    /// Indexed files that are not there, or not as their records say. Everything else is in the backup.
    pub missing: Vec<String>,
}

/// Makes a backup. The caller owns the store.
///
/// # Errors
/// [`BackupError`]; what was written of it is no backup then, and harms none.
pub fn back_up(spec: &Spec) -> Result<Report, BackupError> {
    let mut repository = match spec.incremental {
        true => Repository::extend(&spec.to, &spec.protection)?,
        false => Repository::create(&spec.to, &spec.protection)?,
    };
    let scratch = spec.data_dir.join("scratch");
    fs::create_dir_all(&scratch)?;
    let mut added = Added::default();
    let mut tries = 0;
    let manifest = loop {
        tries += 1;
        let manifest = attempt(spec, &scratch, &mut repository, &mut added)?;
        // a file that went with a change of its job is not named by a newer snapshot
        if manifest.missing.is_empty() || tries == TRIES {
            break manifest;
        }
    };
    repository.finish(&manifest)?;
    Ok(Report {
        id: manifest.id,
        encrypted: repository.is_encrypted(),
        sequence: manifest.sequence,
        audit_seq: manifest.audit_seq,
        audit_hash: manifest.audit_hash,
        jobs: manifest.jobs,
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|file| file.content.size_bytes).sum(),
        new_contents: added.contents,
        new_bytes: added.bytes,
        missing: manifest.missing,
    })
}

/// Contents that were added to the repository.
#[derive(Default)]
struct Added {
    contents: u64,
    bytes: u64,
}

impl Added {
    fn put(&mut self, repository: &mut Repository, from: &mut impl Read) -> io::Result<Content> {
        let (content, new) = repository.add(from)?;
        if new {
            self.contents += 1;
            self.bytes += content.size_bytes;
        }
        Ok(content)
    }
}

fn attempt(
    spec: &Spec,
    scratch: &Path,
    repository: &mut Repository,
    added: &mut Added,
) -> Result<Manifest, BackupError> {
    let copied = tempfile_in(scratch);
    let outcome = (|| {
        let snapshot = spec.records.take(&spec.data_dir, &copied)?;
        let heads = snapshot.heads()?;
        let mut manifest = Manifest {
            format_version: FORMAT_VERSION,
            id: format!("{}-{:012}", spec.now.format("%Y%m%dT%H%M%S%3fZ"), heads.sequence),
            created_at: spec.now,
            service_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: SCHEMA_VERSION,
            sequence: heads.sequence,
            audit_seq: heads.audit_seq,
            audit_hash: heads.audit_hash,
            database: Content { size_bytes: 0, sha256: String::new() },
            jobs: 0,
            files: Vec::new(),
            missing: Vec::new(),
            deletions: snapshot.deletions()?,
        };
        let damaged = snapshot.for_each_job(|job| {
            manifest.jobs += 1;
            add_files(spec, &job, repository, added, &mut manifest)
        })?;
        // a damaged record names no files that could be known; the database holds it as it is
        manifest.missing.extend(damaged);
        drop(snapshot);
        manifest.database = added.put(repository, &mut File::open(&copied)?)?;
        Ok(manifest)
    })();
    match fs::remove_file(&copied) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => outcome,
    }
}

fn tempfile_in(scratch: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    scratch.join(format!("backup-{}-{}.sqlite3", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn add_files(
    spec: &Spec,
    job: &JobRecord,
    repository: &mut Repository,
    added: &mut Added,
    manifest: &mut Manifest,
) -> io::Result<()> {
    let rel_dir = job_dir(&job.tenant_id, &job.job_id);
    let blobs = spec.blobs.as_ref();
    let named = files::named(job);
    let mut put = |repository: &mut Repository, rel_path: &str| {
        added.put(repository, &mut blobs.get(&job.tenant_id, &job.job_id, rel_path)?)
    };
    let mut contents: BTreeMap<String, Content> = BTreeMap::new();
    for (rel_path, stated) in &named {
        if stated.sha256.len() == 64 && repository.holds(&stated.sha256) {
            contents.insert(rel_path.clone(), stated.clone());
            continue;
        }
        match put(repository, rel_path) {
            Ok(content) if content == *stated => {
                contents.insert(rel_path.clone(), content);
            }
            Ok(_) => manifest.missing.push(format!("{rel_dir}/{rel_path}")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                manifest.missing.push(format!("{rel_dir}/{rel_path}"));
            }
            Err(error) => return Err(error),
        }
    }
    for rel_path in files::found(blobs, job)?.into_iter().filter(|path| !named.contains_key(path)) {
        match put(repository, &rel_path) {
            Ok(content) => {
                contents.insert(rel_path, content);
            }
            // it went with a change of its job, and no record names it
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let entry = |(rel_path, content)| FileEntry { path: format!("{rel_dir}/{rel_path}"), content };
    manifest.files.extend(contents.into_iter().map(entry));
    Ok(())
}
