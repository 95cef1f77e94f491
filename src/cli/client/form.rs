//! Bytes of files on their way: a multipart form (RFC 7578) or a part of a file, the same each time that they are sent.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::failure::Failure;
use super::meter::Meter;

/// Bytes that are read and sent at once.
const PIECE: u64 = 1 << 18;

/// A meter that the bytes of a request move.
pub(super) type Counted = Arc<Mutex<Meter>>;

/// A file to upload.
#[derive(Debug, Clone)]
pub(super) struct SentFile {
    pub path: PathBuf,
    pub name: String,
    pub size: u64,
    pub role: String,
}

impl SentFile {
    /// Looks at a file.
    ///
    /// # Errors
    /// [`Failure::Read`] if it is absent, a folder, or may not be read.
    pub(super) fn new(path: &Path, role: &str) -> Result<Self, Failure> {
        let open = || -> io::Result<u64> {
            let file = File::open(path)?;
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
            }
            Ok(about.len())
        };
        let size = open().map_err(|error| Failure::read(path, error))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { path: path.to_owned(), name, size, role: role.to_owned() })
    }

    /// SHA-256 of `length` bytes from an offset, in lower-case hexadecimal digits.
    pub(super) fn sha256(&self, start: u64, length: u64) -> Result<String, Failure> {
        let mut digest = Sha256::new();
        for piece in self.pieces(start, length) {
            digest.update(piece.map_err(|error| Failure::read(&self.path, error))?);
        }
        Ok(hex::encode(digest.finalize()))
    }

    /// `length` bytes from an offset. A file that became shorter is an error: what arrives must have its length.
    pub(super) fn pieces(
        &self,
        start: u64,
        length: u64,
    ) -> impl Iterator<Item = io::Result<Bytes>> + Send + use<> {
        let path = self.path.clone();
        let mut file: Option<File> = None;
        let mut left = length;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let mut read = || -> io::Result<Bytes> {
                let open = match &mut file {
                    Some(open) => open,
                    none => {
                        let mut open = File::open(&path)?;
                        open.seek(SeekFrom::Start(start))?;
                        none.insert(open)
                    }
                };
                let mut piece = vec![0; usize::try_from(left.min(PIECE)).unwrap_or(0)];
                open.read_exact(&mut piece)?;
                Ok(Bytes::from(piece))
            };
            let piece = read();
            left = piece.as_ref().map_or(0, |piece| left - piece.len() as u64);
            Some(piece)
        })
    }
}

/// Makes a body of pieces that move a meter from where it stood.
pub(super) fn counted(
    pieces: impl Iterator<Item = io::Result<Bytes>> + Send + 'static,
    meter: &Counted,
    words: &str,
) -> reqwest::Body {
    let (meter, words) = (Arc::clone(meter), words.to_owned());
    let mut done = locked(&meter).done();
    let counted = pieces.inspect(move |piece| {
        if let Ok(piece) = piece {
            done += piece.len() as u64;
            let mut meter = locked(&meter);
            let total = meter.total();
            meter.set(done.min(total.unwrap_or(done)), total, &words);
        }
    });
    reqwest::Body::wrap_stream(futures_util::stream::iter(counted))
}

/// The meter, also after a panic elsewhere: it only shows.
pub(super) fn locked(meter: &Counted) -> std::sync::MutexGuard<'_, Meter> {
    meter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A form with files, their roles and names.
pub(super) struct Form {
    files: Vec<SentFile>,
    boundary: String,
}

impl Form {
    pub(super) fn new(files: &[SentFile], boundary: String) -> Self {
        Self { files: files.to_vec(), boundary }
    }

    pub(super) fn media_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Bytes of the whole form.
    pub(super) fn size(&self) -> u64 {
        let files = self.files.iter().map(|file| self.head(file).len() as u64 + file.size + 2);
        files.sum::<u64>() + self.rest().len() as u64
    }

    /// The bytes of the form.
    pub(super) fn pieces(&self) -> impl Iterator<Item = io::Result<Bytes>> + Send + use<> {
        let files: Vec<_> = self.files.iter().map(|file| (self.head(file), file.clone())).collect();
        let text = |text: String| std::iter::once(Ok(Bytes::from(text)));
        let files = files.into_iter().flat_map(move |(head, file)| {
            text(head).chain(file.pieces(0, file.size)).chain(text("\r\n".to_owned()))
        });
        files.chain(text(self.rest()))
    }

    fn head(&self, file: &SentFile) -> String {
        let name = file.name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        format!(
            "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            self.boundary
        )
    }

    fn rest(&self) -> String {
        let roles = self.files.iter().map(|file| ("role", &file.role));
        let names = self.files.iter().map(|file| ("filename", &file.name));
        let fields: String = roles
            .chain(names)
            .map(|(name, value)| {
                format!(
                    "--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n",
                    self.boundary
                )
            })
            .collect();
        format!("{fields}--{}--\r\n", self.boundary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_the_size_that_it_announces_and_the_bytes_of_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a \"b\".csv");
        std::fs::write(&path, vec![b'x'; 600_000]).expect("written");
        let file = SentFile::new(&path, "primary_dataset").expect("a file");
        let form = Form::new(std::slice::from_ref(&file), "boundary".to_owned());
        for _ in 0..2 {
            let bytes: Vec<u8> = form.pieces().flat_map(|piece| piece.expect("read").to_vec()).collect();
            assert_eq!(bytes.len() as u64, form.size());
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.starts_with(
                "--boundary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22.csv\"\r\n"
            ));
            assert!(text.ends_with("\r\n--boundary--\r\n"));
        }
        assert_eq!(
            file.sha256(0, 3).ok().as_deref(),
            Some("cd2eb0837c9b4c962c22d2ff8b5441b7b45805887f051d39bf133b583baf6860")
        );
        std::fs::write(&path, "short").expect("written");
        assert!(file.pieces(0, file.size).any(|piece| piece.is_err()), "a file that became shorter");
        assert!(SentFile::new(folder.path(), "primary_dataset").is_err());
    }
}
