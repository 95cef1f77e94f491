//! Opens an artifact's bytes, checked against the record.

use std::io::{Cursor, ErrorKind, Read as _};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::artifact::Artifact;
use crate::domain::canonical::sha256_hex;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
pub use crate::ports::blob_store::BlobReader;
use crate::ports::blob_store::{DirectRequest, is_unavailable};
use crate::service::shared::context::Context;
use crate::service::shared::space::files_away;

/// Files up to this size are compared with their hash before their first byte is sent, larger ones while
/// they are streamed.
pub const CHECKED_BYTES: u64 = 4 << 20;

/// An artifact whose file is there.
pub enum OpenArtifact {
    /// With all its bytes, which are those of the recorded hash.
    Checked(Vec<u8>),
    /// Too large to be read before its first byte is sent.
    Large,
}

impl OpenArtifact {
    /// Finds an artifact; a small one is read and compared with the hash in the record.
    ///
    /// # Errors
    /// `ARTIFACT_EXPIRED` where it is gone, `JOB_CORRUPT` where it differs from the hash,
    /// `DEPENDENCY_UNAVAILABLE` where the files cannot be reached.
    pub async fn find(ctx: &Context, job: &JobRecord, artifact: &Artifact) -> Result<Self, Problem> {
        let blobs = Arc::clone(&ctx.blobs);
        let (stored, size_bytes) = (artifact.stored_path().to_owned(), artifact.size_bytes);
        let (tenant, job_id) = (job.tenant_id.clone(), job.holder_of(&stored).clone());
        let look = move || -> std::io::Result<OpenArtifact> {
            if size_bytes > CHECKED_BYTES {
                return blobs.head(&tenant, &job_id, &stored).map(|_| OpenArtifact::Large);
            }
            let mut bytes = Vec::new();
            blobs.get(&tenant, &job_id, &stored)?.take(CHECKED_BYTES + 1).read_to_end(&mut bytes)?;
            Ok(OpenArtifact::Checked(bytes))
        };
        match ctx.pools.reads.run(look).await? {
            Ok(OpenArtifact::Checked(bytes)) if sha256_hex(&bytes) != artifact.sha256 => {
                Err(damaged(artifact))
            }
            Ok(opened) => Ok(opened),
            Err(error) => Err(unreadable(artifact, &error)),
        }
    }

    /// Returns the bytes of a range.
    ///
    /// # Errors
    /// As [`OpenArtifact::find`].
    pub async fn read(
        self,
        ctx: &Context,
        job: &JobRecord,
        artifact: &Artifact,
        range: Range<u64>,
    ) -> Result<BlobReader, Problem> {
        if let OpenArtifact::Checked(mut bytes) = self {
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
            let (start, end) = (at(range.start), at(range.end));
            bytes.truncate(end);
            bytes.drain(..start);
            return Ok(Box::new(Cursor::new(bytes)));
        }
        let blobs = Arc::clone(&ctx.blobs);
        let stored = artifact.stored_path().to_owned();
        let (tenant, job_id) = (job.tenant_id.clone(), job.holder_of(&stored).clone());
        let read = move || blobs.get_range(&tenant, &job_id, &stored, range);
        ctx.pools.reads.run(read).await?.map_err(|error| unreadable(artifact, &error))
    }
}

/// How long a client may fetch an artifact from the object store.
const DIRECT: Duration = Duration::from_secs(60);

/// Returns a URL of the object store with which a client fetches an artifact; `None` where there is no such store.
///
/// # Errors
/// `DEPENDENCY_UNAVAILABLE`.
pub async fn direct_url(
    ctx: &Context,
    job: &JobRecord,
    artifact: &Artifact,
    disposition: String,
) -> Result<Option<String>, Problem> {
    let (blobs, stored) = (Arc::clone(&ctx.blobs), artifact.stored_path().to_owned());
    let (tenant, job_id) = (job.tenant_id.clone(), job.holder_of(&stored).clone());
    let request = DirectRequest::Get { media_type: artifact.media_type.clone(), disposition };
    let sign = move || blobs.direct_url(&tenant, &job_id, &stored, &request, DIRECT);
    ctx.pools.reads.run(sign).await?.map_err(|error| unreadable(artifact, &error))
}

/// Returns the refusal of an artifact that is listed but not kept any more.
pub fn expired() -> Problem {
    Problem::new(ErrorCode::ArtifactExpired, "the artifact is not kept any more; its hash is in the list")
}

fn unreadable(artifact: &Artifact, error: &std::io::Error) -> Problem {
    if error.kind() == ErrorKind::NotFound {
        tracing::error!(
            event = "SS_ARTIFACT_UNREADABLE",
            rel_path = artifact.rel_path,
            "an indexed artifact is gone"
        );
        return expired();
    }
    if is_unavailable(error) {
        return files_away(error);
    }
    tracing::error!(event = "SS_ARTIFACT_UNREADABLE", rel_path = artifact.rel_path, %error, "an artifact cannot be read");
    Problem::internal()
}

fn damaged(artifact: &Artifact) -> Problem {
    tracing::error!(
        event = "SS_ARTIFACT_DAMAGED",
        rel_path = artifact.rel_path,
        "an artifact does not match its hash; it is not served"
    );
    Problem::new(
        ErrorCode::JobCorrupt,
        "the stored file is damaged; an operator can restore it from a backup",
    )
    .with("rel_path", artifact.rel_path.clone())
}
