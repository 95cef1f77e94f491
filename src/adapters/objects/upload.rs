//! Writes objects: small ones in one request, large ones in parts, both with their SHA-256.

use std::io::{self, Read};

use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    WriteMultipart,
};
use sha2::{Digest, Sha256};

use super::errors::to_io;
use super::store::ObjectBlobStore;
use crate::adapters::ids::SystemIds;
use crate::ports::blob_store::{Written, unavailable};
use crate::ports::ids::IdSource;

/// Larger objects are written in parts of this size.
const PART_BYTES: usize = 16 << 20;
/// Parts of one object under way at once.
const PARTS_AT_ONCE: usize = 2;
/// Metadata that names the write which made an object.
const WRITE: &str = "write";

/// What happens where the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Refuse,
    Replace,
}

impl ObjectBlobStore {
    /// Writes all that a source has.
    ///
    /// # Errors
    /// `AlreadyExists` where the name is taken and `taken` says so; any error of the source; unavailable.
    pub(super) fn write(&self, name: &Path, source: &mut dyn Read, taken: Taken) -> io::Result<Written> {
        let first = part(source)?;
        let is_whole = first.len() < PART_BYTES;
        let by_condition = is_whole && self.is_conditional();
        if taken == Taken::Refuse && !by_condition && self.is_taken(name)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !is_whole {
            return self.write_parts(name, first, source);
        }
        let written = Written { size_bytes: first.len() as u64, sha256: hex::encode(Sha256::digest(&first)) };
        if taken == Taken::Refuse && by_condition {
            self.create(name, first)?
        } else {
            self.replace(name, first)?
        }
        Ok(written)
    }

    /// True if there is an object of this name.
    fn is_taken(&self, name: &Path) -> io::Result<bool> {
        let name = name.clone();
        self.with(move |client| async move {
            match client.head(&name).await {
                Ok(_) => Ok(true),
                // the bucket may be missing; the put that follows says so
                Err(Error::NotFound { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    fn replace(&self, name: &Path, bytes: Bytes) -> io::Result<()> {
        let name = name.clone();
        self.with(move |client| async move { client.put(&name, PutPayload::from(bytes)).await.map(drop) })
    }

    /// Puts an object that must not exist. One that does may be this very put, whose answer was lost.
    fn create(&self, name: &Path, bytes: Bytes) -> io::Result<()> {
        let name = name.clone();
        let write = SystemIds.id("write");
        let key = Attribute::Metadata(WRITE.into());
        self.with(move |client| async move {
            let attributes = Attributes::from_iter([(key.clone(), write.clone())]);
            let options = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
            let refused = match client.put_opts(&name, PutPayload::from(bytes), options).await {
                Err(refused @ Error::AlreadyExists { .. }) => refused,
                other => return other.map(drop),
            };
            let found = client.get_opts(&name, GetOptions { head: true, ..GetOptions::default() }).await?;
            if found.attributes.get(&key).is_some_and(|value| value.as_ref() == write) {
                Ok(())
            } else {
                Err(refused)
            }
        })
    }

    /// Writes an object in parts, of which the first was read.
    fn write_parts(&self, name: &Path, first: Bytes, source: &mut dyn Read) -> io::Result<Written> {
        let begin = name.clone();
        let mut upload = self.with(move |client| async move {
            let upload = client.put_multipart(&begin).await?;
            Ok(WriteMultipart::new_with_chunk_size(upload, PART_BYTES))
        })?;
        let (mut hash, mut size_bytes, mut bytes) = (Sha256::new(), 0, first);
        loop {
            hash.update(&bytes);
            size_bytes += bytes.len() as u64;
            let sent = self.bridge().run(async move {
                let waited = upload.wait_for_capacity(PARTS_AT_ONCE).await;
                upload.put(bytes);
                (upload, waited)
            })?;
            upload = sent.0;
            let next = sent.1.map_err(to_io).and_then(|()| part(source));
            bytes = match next {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => bytes,
                Err(error) => {
                    // what cannot be taken back is removed by the bucket's rule for parts
                    let _ = self.bridge().run(async move { upload.abort().await });
                    return Err(self.noted(error));
                }
            };
        }
        let finished = self.bridge().run(async move { upload.finish().await })?;
        match finished {
            Ok(_) => Ok(Written { size_bytes, sha256: hex::encode(hash.finalize()) }),
            Err(error) => Err(self.noted(match error {
                Error::AlreadyExists { .. } => unavailable("the parts could not be put together"),
                error => to_io(error),
            })),
        }
    }
}

/// Reads the next part of a source, shorter than [`PART_BYTES`] only at the end.
fn part(source: &mut dyn Read) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    source.take(PART_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}
