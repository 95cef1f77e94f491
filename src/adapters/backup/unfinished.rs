//! The note of a restore that is not finished, in its directory: which backup is restored there and how far it is.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::BackupError;
use super::manifest::Manifest;
use super::restore::{RestoreSpec, Restored};
use crate::adapters::files::{replace_file, sync_dir};
use crate::adapters::objects::moving::is_journal;
use crate::adapters::store::snapshot::Snapshot;
use crate::adapters::store::tools;

/// Name of the note.
const NOTE: &str = "restore.json";
/// Name of the note while it is written.
const BEGUN_NOTE: &str = "restore.tmp";

/// What is restored into a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unfinished {
    /// Id of the backup.
    pub backup: String,
    /// The files go into a bucket.
    pub objects: bool,
    /// Present once the directory has everything.
    pub restored: Option<Restored>,
    /// Sequence of the records that were restored, with the deletions that were repeated.
    pub sequence: Option<u64>,
}

/// Returns the report of a restore that gave the directory its name and did not finish; refuses any other content, and
/// one that a service has changed since.
pub(super) fn named(
    to: &Path,
    manifest: &Manifest,
    spec: &RestoreSpec,
) -> Result<Option<Restored>, BackupError> {
    if fs::read_dir(to).map_or(true, |mut entries| entries.next().is_none()) {
        return Ok(None);
    }
    let note = read_note(to)?.filter(|note| note.is_of(manifest, spec));
    let restored = match note {
        Some(note) if note.sequence == Some(sequence(to)?) => note.restored,
        _ => None,
    };
    restored.map(Some).ok_or_else(|| BackupError::refused("the data directory to restore into is not empty"))
}

impl Unfinished {
    fn is_of(&self, manifest: &Manifest, spec: &RestoreSpec) -> bool {
        (self.backup.as_str(), self.objects) == (manifest.id.as_str(), spec.objects.is_some())
    }
}

/// Returns the sequence of the records in a directory.
fn sequence(dir: &Path) -> io::Result<u64> {
    Ok(Snapshot::open(&tools::database(dir))?.heads()?.sequence)
}

fn read_note(dir: &Path) -> io::Result<Option<Unfinished>> {
    match fs::read(dir.join(NOTE)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes that the directory has everything.
pub(super) fn note_restored(dir: &Path, restored: &Restored, objects: bool) -> io::Result<()> {
    let (backup, sequence) = (restored.id.clone(), Some(sequence(dir)?));
    write_note(dir, &Unfinished { backup, objects, restored: Some(restored.clone()), sequence })
}

fn write_note(dir: &Path, note: &Unfinished) -> io::Result<()> {
    replace_file(&dir.join(NOTE), &serde_json::to_vec_pretty(note)?)
}

/// Makes the directory, or empties the one that an interrupted restore of the same backup left: what it stored in a bucket is
/// known by the journal, which stays.
pub(super) fn enter(dir: &Path, manifest: &Manifest, spec: &RestoreSpec) -> Result<File, BackupError> {
    fs::create_dir_all(dir)?;
    let lock = File::open(dir)?;
    if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Err(BackupError::refused("another restore into this directory is under way"));
    }
    let note = read_note(dir)?;
    // a restore that was killed while it wrote its first note leaves the beginning of that
    let is_new = fs::read_dir(dir)?.flatten().all(|entry| entry.file_name() == BEGUN_NOTE);
    if !is_new && !note.is_some_and(|note| note.is_of(manifest, spec)) {
        let text = format!("{} holds an unfinished restore of something else; remove it", dir.display());
        return Err(BackupError::Refused(text));
    }
    for entry in fs::read_dir(dir)? {
        let (path, name) = {
            let entry = entry?;
            (entry.path(), entry.file_name())
        };
        match name.to_str() {
            Some(name) if name == NOTE || is_journal(name) => {}
            _ if path.is_dir() => fs::remove_dir_all(&path)?,
            _ => fs::remove_file(&path)?,
        }
    }
    let (backup, objects) = (manifest.id.clone(), spec.objects.is_some());
    let note = Unfinished { backup, objects, restored: None, sequence: None };
    write_note(dir, &note)?;
    Ok(lock)
}

/// Ends a restore whose directory has its name: nothing is left of it but what it restored.
///
/// # Errors
/// Any I/O error.
pub fn finished(to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name == NOTE || is_journal(name)) {
            fs::remove_file(entry.path())?;
        }
    }
    sync_dir(to)
}
