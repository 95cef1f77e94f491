//! What a move of files has stored so far: a line for each file, in the data directory, so that a move continues where it
//! was interrupted and its last pass reads only what changed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::{BlobInfo, Written};

/// Name of the journal in the data directory.
const NAME: &str = "files-move.jsonl";

/// True for the name of a journal in a data directory.
pub fn is_journal(name: &str) -> bool {
    name == NAME
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Id of the move, which the bucket holds too.
    pub id: String,
    /// Address, bucket and prefix.
    pub place: String,
}

/// A file of a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    #[serde(rename = "t")]
    pub tenant: TenantId,
    #[serde(rename = "j")]
    pub job_id: JobId,
    /// Path below the job's directory.
    #[serde(rename = "p")]
    pub rel_path: String,
}

/// What was stored of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    #[serde(rename = "s")]
    pub size_bytes: u64,
    #[serde(rename = "h")]
    pub sha256: String,
    /// When the local file was changed, before it was read (UTC).
    #[serde(rename = "m")]
    pub changed_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    key: Key,
    /// Absent where the file went and its object with it.
    #[serde(flatten)]
    stored: Option<Stored>,
}

/// The journal of one move.
pub(super) struct Journal {
    pub head: Head,
    pub stored: BTreeMap<Key, Stored>,
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal of a data directory, if there is one. A last line that was cut short is left out.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn open(data_dir: &Path) -> io::Result<Option<Self>> {
        let path = data_dir.join(NAME);
        let mut lines = match File::open(&path) {
            Ok(file) => BufReader::new(file).lines(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(head) = lines.next().transpose()?.and_then(|line| serde_json::from_str(&line).ok()) else {
            // it was not begun
            fs::remove_file(&path)?;
            return Ok(None);
        };
        let mut stored = BTreeMap::new();
        for line in lines {
            match serde_json::from_str::<Line>(&line?) {
                Ok(Line { key, stored: Some(found) }) => drop(stored.insert(key, found)),
                Ok(Line { key, stored: None }) => drop(stored.remove(&key)),
                Err(_) => {}
            }
        }
        let mut file = OpenOptions::new().append(true).open(&path)?;
        // after a line that was cut short
        file.write_all(b"\n")?;
        Ok(Some(Self { head, stored, path, file }))
    }

    /// Makes the journal of a move that begins.
    ///
    /// # Errors
    /// `AlreadyExists`, or any I/O error.
    pub(super) fn begin(data_dir: &Path, head: Head) -> io::Result<Self> {
        let path = data_dir.join(NAME);
        let mut file = OpenOptions::new().create_new(true).append(true).open(&path)?;
        writeln!(file, "{}", serde_json::to_string(&head)?)?;
        file.sync_all()?;
        Ok(Self { head, stored: BTreeMap::new(), path, file })
    }

    /// True if the file was stored as it is now.
    pub(super) fn has(&self, key: &Key, now: &BlobInfo) -> bool {
        self.stored
            .get(key)
            .is_some_and(|was| was.size_bytes == now.size_bytes && was.changed_at == now.changed_at)
    }

    /// Notes that a file was stored. A line that a power loss takes is written again: its file is stored once more.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn note(&mut self, key: Key, written: Written, changed_at: DateTime<Utc>) -> io::Result<()> {
        let stored = Stored { size_bytes: written.size_bytes, sha256: written.sha256, changed_at };
        let line = Line { key: key.clone(), stored: Some(stored.clone()) };
        writeln!(self.file, "{}", serde_json::to_string(&line)?)?;
        self.stored.insert(key, stored);
        Ok(())
    }

    /// Notes that an object was removed.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn forget(&mut self, key: &Key) -> io::Result<()> {
        let line = Line { key: key.clone(), stored: None };
        writeln!(self.file, "{}", serde_json::to_string(&line)?)?;
        self.stored.remove(key);
        Ok(())
    }

    /// Removes the journal.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(rel_path: &str) -> Key {
        let (tenant, job_id) = (TenantId::default_tenant(), JobId::parse("job_1").expect("an id"));
        Key { tenant, job_id, rel_path: rel_path.to_owned() }
    }

    #[test]
    fn a_journal_is_read_as_it_was_written_and_a_cut_line_is_left_out() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(Journal::open(dir.path()).expect("reads").is_none());
        let head = Head { id: "move_1".to_owned(), place: "http://s3/files".to_owned() };
        let mut journal = Journal::begin(dir.path(), head.clone()).expect("begins");
        assert!(Journal::begin(dir.path(), head.clone()).is_err());
        let written = |size_bytes| Written { size_bytes, sha256: "ab".to_owned() };
        let at = DateTime::UNIX_EPOCH + chrono::Duration::nanoseconds(1_234_567_890);
        for path in ["artifacts/a", "artifacts/b", "inputs/c"] {
            journal.note(key(path), written(5), at).expect("noted");
        }
        journal.forget(&key("artifacts/b")).expect("noted");
        journal.file.write_all(b"{\"t\":\"default\",\"j\":\"jo").expect("written");
        drop(journal);
        let mut journal = Journal::open(dir.path()).expect("reads").expect("is there");
        assert_eq!(journal.head, head);
        let paths: Vec<&str> = journal.stored.keys().map(|key| key.rel_path.as_str()).collect();
        assert_eq!(paths, ["artifacts/a", "inputs/c"]);
        let info = |size_bytes, changed_at| BlobInfo {
            rel_path: "artifacts/a".to_owned(),
            size_bytes,
            changed_at,
            tag: None,
        };
        assert!(journal.has(&key("artifacts/a"), &info(5, at)));
        assert!(!journal.has(&key("artifacts/a"), &info(6, at)));
        assert!(!journal.has(&key("artifacts/a"), &info(5, at + chrono::Duration::nanoseconds(1))));
        journal.note(key("artifacts/d"), written(1), at).expect("noted");
        drop(journal);
        let journal = Journal::open(dir.path()).expect("reads").expect("is there");
        assert_eq!(journal.stored.len(), 3);
        journal.remove().expect("removed");
        assert!(Journal::open(dir.path()).expect("reads").is_none());
    }
}
