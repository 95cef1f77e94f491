//! Restores a backup into a new data directory: everything is verified while it is written next to the
//! target, which gets its name only once all is right. Files go into the directory, or straight into a bucket. A restore that was
//! interrupted is continued by the same request.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BackupError;
use super::crypt::Opening;
use super::manifest::{Deletion, DeletionKind, FileEntry, Manifest};
use super::repository::Repository;
use super::unfinished::{enter, finished, named, note_restored};
use super::verify::{check_database, copy_content, write_database};
use crate::adapters::files::{LocalBlobStore, create_dir_durably, sync_dir};
use crate::adapters::objects;
use crate::adapters::objects::moving::{Begun, FileMove, Incoming};
use crate::adapters::store::check_audit::{Link, lines};
use crate::adapters::store::{snapshot, tools};
use crate::domain::artifact::safe_rel_path;
use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::{BlobStore, Written};

/// Request of a restore.
#[derive(Debug, Clone)]
pub struct RestoreSpec {
    /// Directory of the backup repository.
    pub from: PathBuf,
    /// The latest one when absent.
    pub id: Option<String>,
    /// The data directory; absent or empty.
    pub to: PathBuf,
    /// Secret of an encrypted repository.
    pub opening: Opening,
    /// An audit export (file or directory) that is younger than the backup, for the deletions in it.
    pub audit: Option<PathBuf>,
    /// The bucket that the files go into; they go into the data directory without it.
    pub objects: Option<objects::Options>,
    /// More is done with the directory once it has its name: the request is then continued until [`finished`].
    pub continues: bool,
}

/// Result of a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// Id of the restored backup, see `Manifest::id`.
    pub id: String,
    /// Time of its snapshot (UTC).
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// The last commit that is there again.
    pub sequence: u64,
    /// Number of the last event of the restored audit chain.
    pub audit_seq: u64,
    /// Hash of that event: SHA-256 in hexadecimal digits.
    pub audit_hash: String,
    /// Number of job records.
    pub jobs: u64,
    /// Number of files, without the database.
    pub files: u64,
    /// Size of these files together, in bytes.
    pub bytes: u64,
    /// Indexed files that the backup has not.
    pub missing: Vec<String>,
    /// Deletions recorded after the backup that were repeated.
    pub deletions_applied: u64,
    /// Later backups that cannot be read, whose deletions are not known.
    pub unread: Vec<String>,
}

/// A restored directory that has not got its name yet.
pub struct Staged {
    /// Temporary location of the restored files.
    pub dir: PathBuf,
    to: PathBuf,
    /// Report for the operator.
    pub restored: Restored,
    /// Deletions recorded after the backup, in their order.
    pub deletions: Vec<Deletion>,
    /// The bucket, until the directory has its name.
    bucket: Option<FileMove>,
    continues: bool,
    /// Kept by the process that restores.
    _lock: File,
}

/// A restore that was begun.
pub enum Begin {
    /// The directory is to get its deletions and its name.
    Staged(Box<Staged>),
    /// An earlier call gave it its name; what follows was interrupted.
    Named(Restored),
}

/// Restores into a directory next to the target, or continues there. The caller applies the deletions, then calls
/// [`Staged::finish`]; dropping it without leaves the directory for the next call.
///
/// # Errors
/// [`BackupError`]; the target is as it was.
pub fn restore(spec: &RestoreSpec) -> Result<Begin, BackupError> {
    let repository = Repository::open(&spec.from, &spec.opening)?;
    let manifest = repository.manifest(spec.id.as_deref())?;
    let to = std::path::absolute(&spec.to)?;
    if let Some(restored) = named(&to, &manifest, spec)? {
        if let Some(options) = &spec.objects {
            // ends the reservation of the bucket, whose note is there
            drop(FileMove::begin(options, &to).map_err(unusable)?);
        }
        if !spec.continues {
            finished(&to)?;
        }
        return Ok(Begin::Named(restored));
    }
    let (deletions, unread) = later_deletions(spec, &repository, &manifest)?;
    let name = to.file_name().ok_or_else(|| BackupError::refused("the data directory needs a name"))?;
    let parent = to.parent().ok_or_else(|| BackupError::refused("the data directory needs a parent"))?;
    create_dir_durably(parent)?;
    let dir = parent.join(format!("{}.restoring", name.to_string_lossy()));
    let lock = enter(&dir, &manifest, spec)?;
    let bucket = spec.objects.as_ref().map(|options| FileMove::begin(options, &dir)).transpose();
    let mut bucket = match bucket.map_err(unusable)? {
        None => None,
        Some(Begun::Copying(bucket)) => Some(*bucket),
        // noted, and not renamed: the same objects again
        Some(Begun::Switched) => {
            return Err(BackupError::refused("the bucket has the files of another restore"));
        }
    };
    let restored = Restored {
        id: manifest.id.clone(),
        created_at: manifest.created_at,
        sequence: manifest.sequence,
        audit_seq: manifest.audit_seq,
        audit_hash: manifest.audit_hash.clone(),
        jobs: manifest.jobs,
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|file| file.content.size_bytes).sum(),
        missing: manifest.missing.clone(),
        deletions_applied: 0,
        unread,
    };
    write_all(repository, &manifest, &dir, bucket.as_mut())?;
    let continues = spec.continues;
    let staged = Staged { dir, to, restored, deletions, bucket, continues, _lock: lock };
    Ok(Begin::Staged(Box::new(staged)))
}

fn unusable(error: objects::OpenError) -> BackupError {
    match error {
        objects::OpenError::Io(error) => BackupError::Io(error),
        error if error.may_pass() => BackupError::Unavailable(error.to_string()),
        error => BackupError::Refused(error.to_string()),
    }
}

fn write_all(
    repository: Repository,
    manifest: &Manifest,
    dir: &Path,
    bucket: Option<&mut FileMove>,
) -> Result<(), BackupError> {
    let damaged = |path: &str, error: &io::Error| BackupError::damaged(format!("{path}: {error}"));
    let store = dir.join("store");
    fs::create_dir(&store)?;
    fs::set_permissions(&store, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let database = tools::database(dir);
    write_database(&repository, manifest, &database)
        .and_then(|()| check_database(manifest, &database))
        .map_err(|error| damaged("the database", &error))?;
    let local = LocalBlobStore::new(dir.to_owned());
    let blobs: &dyn BlobStore = match bucket {
        None => {
            write_files(&repository, manifest, dir)?;
            &local
        }
        Some(bucket) => {
            fill(repository, manifest, bucket)?;
            bucket.blobs()
        }
    };
    snapshot::write_copies(dir)?;
    rustix::fs::syncfs(File::open(dir)?).map_err(io::Error::from)?;
    let report = tools::check(dir, blobs, false, false)?;
    let known = |subject: &str| manifest.missing.iter().any(|path| subject.ends_with(tail(path)));
    let unexpected = report.problems.iter().find(|problem| {
        let stated = matches!(problem.kind.as_str(), "record" | "quarantine" | "job_copy");
        !stated && (problem.kind != "artifact" || !known(&problem.subject))
    });
    match unexpected {
        None => Ok(()),
        Some(problem) => {
            Err(BackupError::damaged(format!("{}: {}: {}", problem.kind, problem.subject, problem.detail)))
        }
    }
}

fn check_path(entry: &FileEntry) -> Result<(), BackupError> {
    if safe_rel_path(&entry.path).is_none() || !entry.path.starts_with("tenants/") {
        return Err(BackupError::damaged(format!("{:?} is no path of a job's file", entry.path)));
    }
    Ok(())
}

fn write_files(repository: &Repository, manifest: &Manifest, dir: &Path) -> Result<(), BackupError> {
    for entry in &manifest.files {
        check_path(entry)?;
        let path = dir.join(&entry.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = BufWriter::new(File::options().write(true).create_new(true).open(&path)?);
        copy_content(repository, &entry.content, &mut file)
            .map_err(|error| BackupError::damaged(format!("{}: {error}", entry.path)))?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?;
    }
    Ok(())
}

/// Stores the files of a backup in a bucket.
fn fill(repository: Repository, manifest: &Manifest, bucket: &mut FileMove) -> Result<(), BackupError> {
    let mut files = Vec::with_capacity(manifest.files.len());
    for entry in &manifest.files {
        check_path(entry)?;
        let incoming = incoming(entry)
            .ok_or_else(|| BackupError::damaged(format!("{:?} is no path of a job's file", entry.path)))?;
        files.push(incoming);
    }
    let repository = Mutex::new(repository);
    let open = |sha256: &str| repository.lock().unwrap_or_else(PoisonError::into_inner).read(sha256);
    bucket.fill(files, &open, &mut |_| {}).map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::NotFound => BackupError::damaged(error.to_string()),
        _ => unusable(bucket.error(error)),
    })
}

/// A file of a backup as one of a bucket: `tenants/<tenant>/jobs/<shard>/<job>/<path>`.
fn incoming(entry: &FileEntry) -> Option<Incoming> {
    let mut parts = entry.path.splitn(6, '/').skip(1);
    let tenant = TenantId::parse(parts.next()?).ok()?;
    let job_id = JobId::parse(parts.nth(2)?).ok()?;
    let content = &entry.content;
    let written = Written { size_bytes: content.size_bytes, sha256: content.sha256.clone() };
    Some(Incoming { tenant, job_id, rel_path: parts.next()?.to_owned(), written })
}

/// The path of a file below its job's directory: `tenants/<tenant>/jobs/<shard>/<job>/<this>`.
fn tail(path: &str) -> &str {
    path.splitn(6, '/').nth(5).unwrap_or(path)
}

/// Deletions after the backup that later backups or a younger audit export tell of.
fn later_deletions(
    spec: &RestoreSpec,
    repository: &Repository,
    manifest: &Manifest,
) -> Result<(Vec<Deletion>, Vec<String>), BackupError> {
    let mut found: BTreeMap<u64, Deletion> = BTreeMap::new();
    let mut unread = Vec::new();
    for id in repository.ids()?.into_iter().filter(|id| *id > manifest.id) {
        // a later backup that is damaged keeps nobody from restoring this one, but must be known
        match repository.manifest(Some(&id)) {
            Ok(later) => found.extend(later.deletions.into_iter().map(|deletion| (deletion.seq, deletion))),
            Err(_) => unread.push(id),
        }
    }
    if let Some(audit) = &spec.audit {
        if !audit.exists() {
            return Err(BackupError::refused(format!("there is no audit export {}", audit.display())));
        }
        let mut link = Link { seq: manifest.audit_seq, hash: manifest.audit_hash.clone() };
        let mut broken = None;
        lines(audit, |name, text| {
            let event: Value = serde_json::from_str(text).unwrap_or_default();
            if event["seq"].as_u64().is_some_and(|seq| seq <= manifest.audit_seq) {
                return true;
            }
            match link.follow(text) {
                Ok(()) => {
                    found.extend(Deletion::of_event(&event).map(|deletion| (deletion.seq, deletion)));
                    true
                }
                Err(reason) => {
                    broken = Some(format!("{name}: after event {}: {reason}", link.seq));
                    false
                }
            }
        })
        .map_err(|error| BackupError::File { path: audit.clone(), error })?;
        if let Some(broken) = broken {
            let text = format!("the audit export does not continue the backup's chain ({broken})");
            return Err(BackupError::refused(text));
        }
    }
    let later = found.into_values().filter(|deletion| deletion.seq > manifest.audit_seq).collect();
    Ok((later, unread))
}

impl Staged {
    /// Removes the files of what a deletion took away; the record is the caller's.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn remove_files(&mut self, deletion: &Deletion) -> io::Result<()> {
        let job = self.dir.join(crate::domain::layout::job_dir(&deletion.tenant_id, &deletion.job_id));
        let folders: &[&str] = match deletion.kind {
            DeletionKind::Requested | DeletionKind::Expired => &["inputs", "artifacts", "runs"],
            DeletionKind::Inputs => &["inputs"],
        };
        for folder in folders {
            match fs::remove_dir_all(job.join(folder)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            if let Some(bucket) = &mut self.bucket {
                bucket.remove_dir(&deletion.tenant_id, &deletion.job_id, folder)?;
            }
        }
        Ok(())
    }

    /// Gives the directory its name.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn finish(self) -> Result<Restored, BackupError> {
        let Self { dir, to, restored, bucket, continues, .. } = self;
        note_restored(&dir, &restored, bucket.is_some())?;
        if let Some(bucket) = &bucket {
            bucket.note().map_err(unusable)?;
        }
        rustix::fs::syncfs(File::open(&dir)?).map_err(io::Error::from)?;
        // An empty directory gives way. The note goes last: without it, the next call would take what a kill left here
        // for something else.
        fs::rename(&dir, &to)?;
        if let Some(parent) = to.parent() {
            sync_dir(parent)?;
        }
        if let Some(bucket) = bucket {
            bucket.release().map_err(unusable)?;
        }
        if !continues {
            finished(&to)?;
        }
        Ok(restored)
    }
}
