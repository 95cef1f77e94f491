//! Saved credentials: servers, their keys and the tokens of jobs, in one file that only its owner can read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// Version of the file's form.
const VERSION: u32 = 1;
/// Most jobs of a server; the oldest go first.
const MOST_JOBS: usize = 200;

/// Everything that is saved.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Saved {
    version: u32,
    /// Address of the service that was used last.
    pub server: Option<String>,
    #[serde(default)]
    pub servers: BTreeMap<String, SavedServer>,
}

/// One service.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SavedServer {
    /// API key, personal token or session of an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The job that was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    #[serde(default)]
    pub jobs: Vec<SavedJob>,
}

/// One job with its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SavedJob {
    pub job_id: String,
    pub token: String,
    pub expires_at: String,
    #[serde(default)]
    pub question: String,
}

impl SavedServer {
    /// Adds a job, or replaces what is saved of it, and makes it the current one.
    pub(super) fn keep(&mut self, job: SavedJob) {
        self.jobs.retain(|known| known.job_id != job.job_id);
        self.job = Some(job.job_id.clone());
        self.jobs.push(job);
        let surplus = self.jobs.len().saturating_sub(MOST_JOBS);
        self.jobs.drain(..surplus);
    }

    /// The saved token of a job.
    pub(super) fn token(&self, job_id: &str) -> Option<&str> {
        self.jobs.iter().find(|job| job.job_id == job_id).map(|job| job.token.as_str())
    }
}

/// The file of saved credentials.
pub(super) struct SavedFile {
    folder: PathBuf,
}

impl SavedFile {
    /// The file in a folder, which need not exist.
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join("client.json")
    }

    /// Reads the file; an absent one is empty.
    ///
    /// # Errors
    /// [`Failure::Usage`] if others can read it, or another program or a newer release wrote it.
    pub(super) fn load(&self) -> Result<Saved, Failure> {
        let path = self.path();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Saved::default()),
            Err(error) => return Err(Failure::read(&path, error)),
        };
        let mode = fs::metadata(&path).map_err(|error| Failure::read(&path, error))?.permissions().mode();
        if mode & 0o077 != 0 {
            let path = path.display();
            return Err(Failure::Usage(format!(
                "{path} holds credentials and others can read it: `chmod 600 {path}`, and replace its keys"
            )));
        }
        let wrong = |why: &str| Failure::Usage(format!("{} cannot be used: {why}", path.display()));
        let saved: Saved = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
        if saved.version > VERSION {
            return Err(wrong("a newer release of the client wrote it"));
        }
        Ok(saved)
    }

    /// Changes what is saved. Clients that do so at the same time wait for each other.
    ///
    /// # Errors
    /// As [`Self::load`]; [`Failure::Write`].
    pub(super) fn change(&self, change: impl FnOnce(&mut Saved)) -> Result<(), Failure> {
        let wrote = |path: &Path, error: std::io::Error| Failure::write(path, error);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|error| wrote(&self.folder, error))?;
        let lock_path = self.folder.join("client.lock");
        let lock = private(&lock_path, false).map_err(|error| wrote(&lock_path, error))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| wrote(&lock_path, error.into()))?;
        let mut saved = self.load()?;
        change(&mut saved);
        saved.version = VERSION;
        let path = self.path();
        let part = path.with_extension("json.part");
        let text = serde_json::to_vec_pretty(&saved).expect("plain data serialise");
        let write = || -> std::io::Result<()> {
            let mut file = private(&part, true)?;
            // a part that an earlier process left may have other permissions
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&part, &path)
        };
        write().map_err(|error| wrote(&path, error))
    }
}

/// Opens a file for writing that is its owner's alone from its first byte.
fn private(path: &Path, truncate: bool) -> std::io::Result<File> {
    File::options().write(true).create(true).truncate(truncate).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str) -> SavedJob {
        SavedJob {
            job_id: id.to_owned(),
            token: format!("ssv1.{id}.x"),
            expires_at: String::new(),
            question: String::new(),
        }
    }

    #[test]
    fn changes_of_many_at_once_are_all_kept_and_the_file_is_private() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("config/stata-service");
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let file = SavedFile::in_folder(folder.clone());
                std::thread::spawn(move || {
                    file.change(|saved| {
                        saved.servers.entry("http://a".into()).or_default().keep(job(&format!("job_{n}")));
                    })
                })
            })
            .collect();
        for thread in threads {
            assert!(thread.join().expect("joined").is_ok());
        }
        let file = SavedFile::in_folder(folder.clone());
        assert_eq!(file.load().expect("loads").servers["http://a"].jobs.len(), 8);
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&file.path()), mode(&folder)), (0o600, 0o700));
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).expect("changed");
        let refused = file.load().expect_err("refused");
        assert!(matches!(&refused, Failure::Usage(text) if text.contains("chmod 600")), "{refused:?}");
    }

    #[test]
    fn the_oldest_jobs_make_room() {
        let mut server = SavedServer::default();
        (0..=MOST_JOBS).for_each(|n| server.keep(job(&n.to_string())));
        server.keep(job("7"));
        assert_eq!((server.jobs.len(), server.job.as_deref()), (MOST_JOBS, Some("7")));
        assert_eq!((server.token("0"), server.token("1")), (None, Some("ssv1.1.x")));
    }
}
