//! A directory of backups: contents by their hash, each once, and one manifest per backup.
//!
//! ```text
//! repository.json           format and encryption
//! key.age                   the repository's key, where a passphrase protects it
//! snapshots/<id>.json[.age] manifests
//! blobs/<2>/<sha256>[.age]  contents
//! incoming/                 what is being written
//! ```

use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BackupError;
use super::crypt::{Keys, Opening, Protection, Sealing, keys, new_key};
use super::manifest::{Content, Manifest};
use crate::adapters::files::{create_dir_durably, replace_file};

const FORMAT: &str = "stata-service backup";
/// Contents that are made durable together.
const BATCH: usize = 512;

#[derive(Serialize, Deserialize)]
struct Description {
    format: String,
    format_version: u32,
    /// Empty: not encrypted.
    recipients: Vec<String>,
}

/// A repository.
pub(super) struct Repository {
    dir: PathBuf,
    sealing: Sealing,
    keys: Keys,
    /// Written and not yet durable: temporary and final name.
    pending: Vec<(PathBuf, PathBuf)>,
    written: u64,
}

impl Repository {
    /// Makes a repository in an empty or absent directory.
    ///
    /// # Errors
    /// [`BackupError::Refused`] if the directory holds anything.
    pub(super) fn create(dir: &Path, protection: &Protection) -> Result<Self, BackupError> {
        create_dir_durably(dir)?;
        if fs::read_dir(dir)?.next().is_some() {
            let text =
                "the directory is not empty; add to the backups in it with --incremental, or name another";
            return Err(BackupError::refused(text));
        }
        fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let recipients = match protection {
            Protection::None => Vec::new(),
            Protection::Recipients(recipients) => recipients.clone(),
            Protection::PassphraseFile(path) => {
                let (sealed, recipient) = new_key(path)?;
                write_durably(&dir.join("key.age"), &sealed)?;
                vec![recipient]
            }
        };
        let sealing = Sealing::to(&recipients)?;
        let description = Description { format: FORMAT.to_owned(), format_version: 1, recipients };
        let text = serde_json::to_vec_pretty(&description).map_err(io::Error::from)?;
        write_durably(&dir.join("repository.json"), &text)?;
        Self::at(dir, sealing, Keys::none())
    }

    /// Opens a repository to add a backup. It says itself to whom it is encrypted.
    ///
    /// # Errors
    /// [`BackupError::Refused`] if it is none, or is asked to be protected in another way.
    pub(super) fn extend(dir: &Path, protection: &Protection) -> Result<Self, BackupError> {
        let description = describe(dir)?;
        if let Protection::Recipients(recipients) = protection
            && *recipients != description.recipients
        {
            return Err(BackupError::refused("the repository is encrypted to other recipients"));
        }
        if matches!(protection, Protection::PassphraseFile(_)) && !dir.join("key.age").exists() {
            return Err(BackupError::refused("the repository is not protected by a passphrase"));
        }
        Self::at(dir, Sealing::to(&description.recipients)?, Keys::none())
    }

    /// Opens a repository for reading.
    ///
    /// # Errors
    /// [`BackupError::Refused`] if it is none, or no key fits.
    pub(super) fn open(dir: &Path, opening: &Opening) -> Result<Self, BackupError> {
        let description = describe(dir)?;
        let keys = match description.recipients.is_empty() {
            true => Keys::none(),
            false => keys(opening, &dir.join("key.age"))?,
        };
        Self::at(dir, Sealing::to(&description.recipients)?, keys)
    }

    fn at(dir: &Path, sealing: Sealing, keys: Keys) -> Result<Self, BackupError> {
        Ok(Self { dir: dir.to_owned(), sealing, keys, pending: Vec::new(), written: 0 })
    }

    /// True if what is written is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.sealing.seals()
    }

    fn suffix(&self) -> &'static str {
        if self.sealing.seals() { ".age" } else { "" }
    }

    fn blob(&self, sha256: &str) -> PathBuf {
        self.dir.join("blobs").join(&sha256[..2]).join(format!("{sha256}{}", self.suffix()))
    }

    /// True if a content is held. It was durable before it got its name.
    pub(super) fn holds(&self, sha256: &str) -> bool {
        self.blob(sha256).is_file()
    }

    /// Adds a content; true if it was not held before.
    ///
    /// # Errors
    /// Any I/O error of reading or writing.
    pub(super) fn add(&mut self, from: &mut impl Read) -> io::Result<(Content, bool)> {
        let incoming = self.dir.join("incoming");
        fs::create_dir_all(&incoming)?;
        self.written += 1;
        let temporary = incoming.join(format!("{}-{}", std::process::id(), self.written));
        let mut hashing = Hashing { inner: from, hasher: Sha256::new(), size_bytes: 0 };
        self.sealing.copy(&mut hashing, BufWriter::new(File::create(&temporary)?))?;
        let content =
            Content { size_bytes: hashing.size_bytes, sha256: hex::encode(hashing.hasher.finalize()) };
        let target = self.blob(&content.sha256);
        if target.is_file() || self.pending.iter().any(|(_, other)| *other == target) {
            fs::remove_file(&temporary)?;
            return Ok((content, false));
        }
        self.pending.push((temporary, target));
        if self.pending.len() >= BATCH {
            self.settle()?;
        }
        Ok((content, true))
    }

    /// Makes everything durable that was added, then gives it its names.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let root = File::open(&self.dir)?;
        rustix::fs::syncfs(&root)?;
        for (temporary, target) in self.pending.drain(..) {
            if let Some(dir) = target.parent() {
                fs::create_dir_all(dir)?;
            }
            fs::rename(temporary, target)?;
        }
        rustix::fs::syncfs(&root)?;
        Ok(())
    }

    /// Returns a reader of a content.
    ///
    /// # Errors
    /// Any I/O error; `NotFound` if it is not held.
    pub(super) fn read(&self, sha256: &str) -> io::Result<Box<dyn Read>> {
        if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.keys.open(File::open(self.blob(sha256))?)
    }

    /// Adds the manifest, which makes the backup one.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn finish(&mut self, manifest: &Manifest) -> io::Result<()> {
        self.settle()?;
        let mut bytes = Vec::new();
        self.sealing.copy(&mut manifest.to_text().as_bytes(), &mut bytes)?;
        let name = format!("{}.json{}", manifest.id, self.suffix());
        write_durably(&self.dir.join("snapshots").join(name), &bytes)?;
        // what an interrupted backup left
        match fs::remove_dir_all(self.dir.join("incoming")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns the names of the backups, oldest first.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn ids(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.dir.join("snapshots")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let ending = format!(".json{}", self.suffix());
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            ids.extend(name.strip_suffix(&ending).map(str::to_owned));
        }
        ids.sort();
        Ok(ids)
    }

    /// Reads the manifest of a backup, or of the latest one.
    ///
    /// # Errors
    /// [`BackupError::Refused`] if there is none; [`BackupError::Damaged`].
    pub(super) fn manifest(&self, id: Option<&str>) -> Result<Manifest, BackupError> {
        let ids = self.ids()?;
        let id = match id {
            None => ids.last().ok_or_else(|| BackupError::refused("the directory holds no backup"))?,
            Some(id) => ids.iter().find(|known| *known == id).ok_or_else(|| {
                BackupError::refused(format!("there is no backup {id:?}; there are {ids:?}"))
            })?,
        };
        let path = self.dir.join("snapshots").join(format!("{id}.json{}", self.suffix()));
        let mut text = String::new();
        let opened = self.keys.open(File::open(&path)?).and_then(|mut from| from.read_to_string(&mut text));
        opened.map_err(|error| BackupError::damaged(format!("the manifest {id} cannot be read: {error}")))?;
        let manifest = Manifest::from_text(&text)?;
        if manifest.id == *id {
            Ok(manifest)
        } else {
            Err(BackupError::damaged("a manifest bears another name"))
        }
    }
}

fn describe(dir: &Path) -> Result<Description, BackupError> {
    let none = || BackupError::refused(format!("{} holds no backup of this service", dir.display()));
    let text = fs::read(dir.join("repository.json")).map_err(|_| none())?;
    let description: Description = serde_json::from_slice(&text).map_err(|_| none())?;
    match (description.format.as_str(), description.format_version) {
        (FORMAT, 1) => Ok(description),
        (FORMAT, _) => Err(BackupError::refused("the repository was made by a newer release")),
        _ => Err(none()),
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().expect("files of a repository have a parent");
    create_dir_durably(dir)?;
    replace_file(path, bytes)
}

/// Hashes what passes through.
pub(super) struct Hashing<R> {
    pub inner: R,
    pub hasher: Sha256,
    pub size_bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        self.size_bytes += n as u64;
        Ok(n)
    }
}
