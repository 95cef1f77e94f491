//! A bundle: the files that a client is going to upload one by one, and the sessions in which they arrive.
//! It is part of the job's record, so that its last file and the new inputs are one write.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::dataset::DatasetRole;
use super::error::{ErrorCode, Problem};
use super::ids::JobId;
use super::layout::session_dir;

/// Size from which a file is sent in parts, in bytes.
pub const MULTIPART_THRESHOLD: u64 = 64 << 20;
/// Least size of a part but the last, in bytes.
const MIN_PART: u64 = 16 << 20;
/// Most parts of a file.
const MAX_PARTS: u64 = 1000;

/// The files that are to become the inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// `bundle_` and a random part; a new bundle of the job replaces the earlier one.
    pub bundle_id: String,
    /// When the bundle was opened (UTC).
    pub created_at: DateTime<Utc>,
    /// The announced files, in the order of the request.
    pub files: Vec<BundleFile>,
    /// All files arrived and were read.
    #[serde(default)]
    pub became_inputs: bool,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFile {
    /// Names the file within its bundle.
    pub file_id: String,
    /// Name of the file at the client, never empty; the content decides the format.
    pub filename: String,
    /// Announced size, in bytes; the received bytes must have it.
    pub size_bytes: u64,
    /// Purpose of the data set that the file becomes.
    pub role: DatasetRole,
    /// Media type announced by the client; the content decides the format.
    pub mime_type: Option<String>,
    /// The open or last session; absent until one was opened for the file.
    pub session: Option<UploadSession>,
    /// Size and hash of the complete file; absent until it has arrived.
    pub received: Option<ReceivedBytes>,
}

/// The way in which a file arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadSession {
    /// `us_<random>.<job_id>`, see [`session_id`].
    pub upload_session_id: String,
    /// End of the session (UTC): later parts are refused.
    pub expires_at: DateTime<Utc>,
    /// Bytes of every part but the last.
    pub part_size: u64,
    /// 1 for a file that is sent as a whole.
    pub parts: u32,
}

/// A file that arrived whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedBytes {
    /// Lower-case hexadecimal SHA-256.
    pub sha256: String,
    /// Size, in bytes; equal to the announced one.
    pub size_bytes: u64,
    /// Path of the stored file below the job's directory; no other writer uses it. Absent where an earlier release
    /// received the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_as: Option<String>,
}

impl UploadSession {
    /// Opens a session for a file of this size.
    pub fn new(upload_session_id: String, size_bytes: u64, expires_at: DateTime<Utc>) -> Self {
        let part_size = if size_bytes < MULTIPART_THRESHOLD {
            size_bytes.max(1)
        } else {
            size_bytes.div_ceil(MAX_PARTS).max(MIN_PART)
        };
        let parts = u32::try_from(size_bytes.div_ceil(part_size)).unwrap_or(u32::MAX).max(1);
        Self { upload_session_id, expires_at, part_size, parts }
    }

    /// Returns the bytes that a part (from 1) of a file of this size must have; `None` if it has no such part.
    pub fn bytes_of(&self, part: u32, size_bytes: u64) -> Option<u64> {
        if part == 0 || part > self.parts {
            return None;
        }
        let before = u64::from(part - 1) * self.part_size;
        Some((size_bytes - before).min(self.part_size))
    }
}

/// Makes the id of a session: it names its job, so that no second index is needed.
pub fn session_id(random: &str, job_id: &JobId) -> String {
    format!("us_{random}.{job_id}")
}

/// Returns the text of the job's id in the id of a session.
pub fn job_of_session(session_id: &str) -> Option<&str> {
    session_id.strip_prefix("us_")?.split_once('.').map(|(_, job)| job)
}

impl Bundle {
    /// Returns the file with this id.
    ///
    /// # Errors
    /// `UPLOAD_SESSION_NOT_FOUND`.
    pub fn file(&self, file_id: &str) -> Result<&BundleFile, Problem> {
        self.files
            .iter()
            .find(|file| file.file_id == file_id)
            .ok_or_else(|| absent("the bundle has no such file"))
    }

    /// Returns the file that arrives in this session.
    ///
    /// # Errors
    /// `UPLOAD_SESSION_NOT_FOUND`; `UPLOAD_SESSION_EXPIRED` unless the file has arrived and is kept.
    pub fn file_of(
        &self,
        session_id: &str,
        now: DateTime<Utc>,
    ) -> Result<(&BundleFile, &UploadSession), Problem> {
        let found = self.files.iter().find_map(|file| {
            let session = file.session.as_ref().filter(|session| session.upload_session_id == session_id)?;
            Some((file, session))
        });
        let (file, session) = found.ok_or_else(|| absent("there is no such upload session"))?;
        let is_there = file.received.is_some() && self.keeps_files(now);
        if !is_there && session.expires_at <= now {
            return Err(expired());
        }
        Ok((file, session))
    }

    /// True while the files that arrived are kept: for ever once they are the inputs, else as long as any session of the
    /// bundle is open.
    pub fn keeps_files(&self, now: DateTime<Utc>) -> bool {
        let sessions = self.files.iter().filter_map(|file| file.session.as_ref());
        self.became_inputs || sessions.map(|session| session.expires_at).any(|expires_at| expires_at > now)
    }

    /// True if a directory below the job's holds something that this bundle still needs: a file that arrived and is not
    /// the inputs yet, or the parts of one that is arriving.
    pub fn needs(&self, dir: &str, now: DateTime<Utc>) -> bool {
        let is_below = |path: &str| path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
        let is_open = |file: &BundleFile| {
            let session = file.session.as_ref().filter(|session| session.expires_at > now);
            file.received.is_none()
                && session.is_some_and(|session| session_dir(&session.upload_session_id) == dir)
        };
        let stored =
            |file: &BundleFile| file.received.as_ref().and_then(|received| received.stored_as.clone());
        !self.became_inputs
            && self.keeps_files(now)
            && self.files.iter().any(|file| is_open(file) || stored(file).is_some_and(|path| is_below(&path)))
    }

    /// Forgets that a file arrived, so that it is sent again.
    pub fn forget(&mut self, stored_as: Option<&str>) {
        for file in &mut self.files {
            if file.received.as_ref().is_some_and(|received| received.stored_as.as_deref() == stored_as) {
                (file.received, file.session) = (None, None);
            }
        }
    }

    /// True once every file has arrived.
    pub fn is_complete(&self) -> bool {
        self.files.iter().all(|file| file.received.is_some())
    }

    /// When each open session (begun and without its file) expires.
    pub fn open_until(&self) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        let open = self.files.iter().filter(|file| file.received.is_none());
        open.filter_map(|file| file.session.as_ref().map(|session| session.expires_at))
    }
}

/// The refusal of a session that is over.
pub fn expired() -> Problem {
    Problem::new(
        ErrorCode::UploadSessionExpired,
        "the upload session has expired; open a new one for the file",
    )
}

fn absent(message: &str) -> Problem {
    Problem::new(ErrorCode::UploadSessionNotFound, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_cover_a_file_without_gap(size in 1_u64..(3 << 40)) {
            let session = UploadSession::new("us_x.job_1".to_owned(), size, DateTime::UNIX_EPOCH);
            let sizes: Vec<u64> = (1..=session.parts).map(|n| session.bytes_of(n, size).expect("a part")).collect();
            prop_assert_eq!(sizes.iter().sum::<u64>(), size);
            prop_assert!(sizes.iter().all(|n| *n > 0) && sizes.len() as u64 <= MAX_PARTS);
            prop_assert_eq!(session.bytes_of(0, size), None);
            prop_assert_eq!(session.bytes_of(session.parts + 1, size), None);
            prop_assert_eq!(session.parts == 1, size < MULTIPART_THRESHOLD);
        }
    }

    #[test]
    fn files_of_a_bundle_are_needed_until_it_is_the_inputs_or_its_last_session_ends() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + chrono::Duration::hours(hours);
        let file = |id: &str, expires_at, stored_as: Option<&str>| BundleFile {
            file_id: id.to_owned(),
            filename: id.to_owned(),
            size_bytes: 5,
            role: DatasetRole::AuxiliaryData,
            mime_type: None,
            session: Some(UploadSession::new(format!("us_{id}.job_1"), 5, expires_at)),
            received: stored_as.map(|path| ReceivedBytes {
                sha256: String::new(),
                size_bytes: 5,
                stored_as: Some(path.to_owned()),
            }),
        };
        let files = vec![file("a", at(1), Some("inputs/up_1/original_1")), file("b", at(2), None)];
        let bundle_id = "bundle_1".to_owned();
        let mut bundle = Bundle { bundle_id, created_at: at(0), files, became_inputs: false };
        let needs = |bundle: &Bundle, hours| {
            ["inputs/up_1", "inputs/up_", "uploads/us_a.job_1", "uploads/us_b.job_1"]
                .map(|dir| bundle.needs(dir, at(hours)))
        };
        assert_eq!(needs(&bundle, 0), [true, false, false, true]);
        assert_eq!(needs(&bundle, 1), [true, false, false, true], "the other session keeps the first file");
        assert!(bundle.file_of("us_a.job_1", at(1)).is_ok());
        assert_eq!(needs(&bundle, 2), [false; 4]);
        let over = bundle.file_of("us_a.job_1", at(2)).expect_err("it is not kept");
        assert_eq!(over.code, ErrorCode::UploadSessionExpired);
        bundle.became_inputs = true;
        assert_eq!(needs(&bundle, 0), [false; 4], "the inputs are cited by the record itself");
        assert!(bundle.file_of("us_a.job_1", at(9)).is_ok());
        bundle.forget(Some("inputs/up_1/original_1"));
        assert!(bundle.files[0].received.is_none() && bundle.files[0].session.is_none());
    }

    #[test]
    fn a_session_names_its_job() {
        let job = JobId::parse("job_1").expect("valid");
        assert_eq!(job_of_session(&session_id("abc", &job)), Some("job_1"));
        assert_eq!(job_of_session("us_abc"), None);
        assert_eq!(job_of_session("job_1"), None);
    }
}
