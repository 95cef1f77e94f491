//! Verifies a backup: its manifest, every content, and that the database in it is whole and ends where the
//! manifest says.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BackupError;
use super::crypt::Opening;
use super::manifest::{Content, Manifest};
use super::repository::{Hashing, Repository};
use crate::adapters::store::snapshot::Snapshot;

/// Result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Id of the verified backup, see `Manifest::id`.
    pub id: String,
    /// Sequence of the last commit in it.
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
    /// Other backups in the repository.
    pub backups: Vec<String>,
    /// Problems found; empty for a backup that can be restored.
    pub problems: Vec<String>,
    /// Indexed files that the backup says it has not.
    pub missing: Vec<String>,
}

/// Verifies a backup, or every backup of the repository: the answer is on the latest one, and its problems are those
/// of all, each of another one with its name. `scratch` takes the databases for a while.
///
/// # Errors
/// [`BackupError`] where nothing can be verified; damage of contents is reported.
pub fn verify(
    from: &Path,
    id: Option<&str>,
    opening: &Opening,
    scratch: &Path,
) -> Result<Verified, BackupError> {
    let repository = Repository::open(from, opening)?;
    let manifest = repository.manifest(id)?;
    let ids = repository.ids()?;
    let mut seen = BTreeSet::new();
    let mut problems = contents(&repository, &manifest, scratch, &mut seen);
    for other in ids.iter().filter(|other| id.is_none() && **other != manifest.id) {
        let found = match repository.manifest(Some(other)) {
            Ok(manifest) => contents(&repository, &manifest, scratch, &mut seen),
            Err(error) => vec![error.to_string()],
        };
        problems.extend(found.into_iter().map(|problem| format!("backup {other}: {problem}")));
    }
    Ok(Verified {
        id: manifest.id.clone(),
        sequence: manifest.sequence,
        audit_seq: manifest.audit_seq,
        audit_hash: manifest.audit_hash.clone(),
        jobs: manifest.jobs,
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|file| file.content.size_bytes).sum(),
        backups: ids,
        problems,
        missing: manifest.missing,
    })
}

/// Reads the contents of a backup that are not `seen` yet, and checks its database; returns what is wrong.
fn contents(
    repository: &Repository,
    manifest: &Manifest,
    scratch: &Path,
    seen: &mut BTreeSet<String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for file in &manifest.files {
        if seen.insert(file.content.sha256.clone())
            && let Err(error) = copy_content(repository, &file.content, &mut io::sink())
        {
            problems.push(format!("{}: {error}", file.path));
        }
    }
    let database = scratch.join(format!("verify-{}.sqlite3", std::process::id()));
    let outcome =
        write_database(repository, manifest, &database).and_then(|()| check_database(manifest, &database));
    let _ = fs::remove_file(&database);
    problems.extend(outcome.err().map(|error| format!("database: {error}")));
    problems
}

/// Copies a content and checks that it is the one it must be.
///
/// # Errors
/// `InvalidData` where it is another, or any I/O error.
pub(super) fn copy_content(
    repository: &Repository,
    content: &Content,
    to: &mut impl Write,
) -> io::Result<()> {
    let mut from = Hashing { inner: repository.read(&content.sha256)?, hasher: Sha256::new(), size_bytes: 0 };
    // not more than it must be, whatever the repository holds
    io::copy(&mut (&mut from).take(content.size_bytes + 1), to)?;
    let sha256 = hex::encode(from.hasher.finalize());
    if from.size_bytes != content.size_bytes || sha256 != content.sha256 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the content does not match its hash"));
    }
    Ok(())
}

/// Writes the database of a backup into a new file.
///
/// # Errors
/// As [`copy_content`].
pub(super) fn write_database(repository: &Repository, manifest: &Manifest, path: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    copy_content(repository, &manifest.database, &mut file)?;
    file.sync_all()
}

/// Checks that a database is whole, and that its chain ends where the manifest says.
///
/// # Errors
/// A damaged database, or a chain with another end.
pub(super) fn check_database(manifest: &Manifest, path: &Path) -> io::Result<()> {
    let snapshot = Snapshot::open(path)?;
    snapshot.check_whole()?;
    let heads = snapshot.heads()?;
    let stated = (manifest.sequence, manifest.audit_seq, &manifest.audit_hash);
    if (heads.sequence, heads.audit_seq, &heads.audit_hash) != stated {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not end where the manifest says"));
    }
    Ok(())
}
