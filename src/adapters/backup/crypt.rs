//! Encryption of what a repository holds: the age format (age-encryption.org/v1), streamed, to X25519
//! recipients. A passphrase protects a key of the repository, since deriving it takes a second each time.

use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519;

use super::BackupError;

/// Work of deriving a key from a passphrase: 2^16 rounds of scrypt take 64 MiB.
const WORK: u8 = 16;
/// Most work that is accepted when a passphrase is used.
const MAX_WORK: u8 = 20;

/// How a new repository is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// Not at all; the volume must be.
    None,
    /// To the holders of these keys (`age1…`).
    Recipients(Vec<String>),
    /// To those who know the passphrase in this file.
    PassphraseFile(PathBuf),
}

/// Secret that opens an encrypted repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// No secret was given: only a repository without encryption can be opened.
    None,
    /// A file with one or more secret keys (`AGE-SECRET-KEY-1…`), as `age-keygen` writes it.
    IdentityFile(PathBuf),
    /// A file whose content is the passphrase of the repository.
    PassphraseFile(PathBuf),
}

/// Encrypts, or does not.
pub(super) struct Sealing(Vec<x25519::Recipient>);

/// Decrypts, or does not.
pub(super) struct Keys(Vec<x25519::Identity>);

impl Sealing {
    /// Reads recipients; none means no encryption.
    ///
    /// # Errors
    /// [`BackupError::Refused`] naming the one that is none.
    pub(super) fn to(recipients: &[String]) -> Result<Self, BackupError> {
        let parse = |text: &String| {
            text.parse()
                .map_err(|_| BackupError::refused(format!("{text:?} is not an age recipient (age1…)")))
        };
        recipients.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// True if what is written is encrypted.
    pub(super) fn seals(&self) -> bool {
        !self.0.is_empty()
    }

    /// Writes everything that a reader holds.
    ///
    /// # Errors
    /// Any I/O error of either side.
    pub(super) fn copy(&self, from: &mut impl Read, to: impl Write) -> io::Result<()> {
        let mut to = to;
        if self.0.is_empty() {
            io::copy(from, &mut to)?;
            return to.flush();
        }
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut sealed = encryptor.wrap_output(to)?;
        io::copy(from, &mut sealed)?;
        sealed.finish()?.flush()
    }
}

impl Keys {
    /// For repositories that are not encrypted.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// Returns a reader of the plain content.
    ///
    /// # Errors
    /// `InvalidData` where no key fits or the file is no age file.
    pub(super) fn open<'a>(&self, from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        if self.0.is_empty() {
            return Ok(Box::new(from));
        }
        let invalid =
            |error: age::DecryptError| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        let decryptor = age::Decryptor::new_buffered(BufReader::new(from)).map_err(invalid)?;
        let keys = self.0.iter().map(|key| key as &dyn age::Identity);
        Ok(Box::new(decryptor.decrypt(keys).map_err(invalid)?))
    }
}

/// A fresh key, as text that the passphrase in a file protects, and its recipient.
///
/// # Errors
/// The passphrase cannot be read or is too short.
pub(super) fn new_key(passphrase_file: &Path) -> Result<(Vec<u8>, String), BackupError> {
    let mut lock = age::scrypt::Recipient::new(passphrase(passphrase_file)?);
    lock.set_work_factor(WORK);
    let key = x25519::Identity::generate();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&lock as &dyn age::Recipient))
        .map_err(io::Error::other)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(key.to_string().expose_secret().as_bytes())?;
    writer.finish()?;
    Ok((sealed, key.to_public().to_string()))
}

/// Reads the keys that an encrypted repository is opened with; `key_file` is its protected key.
///
/// # Errors
/// [`BackupError::Refused`] where they do not fit.
pub(super) fn keys(opening: &Opening, key_file: &Path) -> Result<Keys, BackupError> {
    let text = match opening {
        Opening::None => {
            return Err(BackupError::refused(
                "the backup is encrypted; name --identity or --passphrase-file",
            ));
        }
        Opening::IdentityFile(path) => read(path)?,
        Opening::PassphraseFile(path) => {
            let sealed = fs::read(key_file)
                .map_err(|_| BackupError::refused("the backup is not protected by a passphrase"))?;
            let mut lock = age::scrypt::Identity::new(passphrase(path)?);
            lock.set_max_work_factor(MAX_WORK);
            let wrong = |_| BackupError::refused("the passphrase does not open the backup");
            let decryptor = age::Decryptor::new_buffered(&sealed[..]).map_err(wrong)?;
            let mut text = String::new();
            decryptor
                .decrypt(std::iter::once(&lock as &dyn age::Identity))
                .map_err(wrong)?
                .read_to_string(&mut text)?;
            text
        }
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Result<Vec<x25519::Identity>, _> = lines.map(str::parse).collect();
    match keys {
        Ok(keys) if !keys.is_empty() => Ok(Keys(keys)),
        _ => Err(BackupError::refused("the identity file holds no secret keys (AGE-SECRET-KEY-1…)")),
    }
}

fn read(path: &Path) -> Result<String, BackupError> {
    fs::read_to_string(path).map_err(|error| BackupError::File { path: path.to_owned(), error })
}

/// The first line of a file.
fn passphrase(path: &Path) -> Result<age::secrecy::SecretString, BackupError> {
    let text = read(path)?;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() < 12 {
        return Err(BackupError::refused("a passphrase has at least 12 characters"));
    }
    Ok(line.to_owned().into())
}
