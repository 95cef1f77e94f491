//! Upgrades of stored records from older schema versions, one version at a time, as pure functions of the
//! record and of what is known about its files. Finding and storing records is the caller's matter.

pub mod layout;
mod plan_v1;
mod reading;
mod runs;
pub mod steps;
mod to_v4;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::ids::{JobId, TenantId};
use super::job::SCHEMA_VERSION;

pub use reading::named_files;

/// A record as JSON, whatever its version.
pub type Members = Map<String, Value>;

/// Input of a step in addition to the record.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The tenant and the job that the record's place names.
    pub tenant_id: TenantId,
    /// The job that the directory's path names.
    pub job_id: JobId,
    /// The old directory, relative to the data directory.
    pub place: String,
    /// Time of the upgrade (UTC); the same for every step of a record.
    pub now: DateTime<Utc>,
    /// Validity of tokens whose record states no end, in days.
    pub token_days: u32,
    /// Regular files of the old directory that the record names, by their path relative to it.
    pub files: BTreeMap<String, FileFact>,
}

/// Size, hash and time of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFact {
    /// Size, in bytes.
    pub size_bytes: u64,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: String,
    /// Time of the last change of the content (UTC).
    pub modified_at: DateTime<Utc>,
}

/// One upgrade: `to` is `from + 1`.
#[derive(Clone, Copy)]
pub struct Step {
    /// Schema version that the step reads.
    pub from: u32,
    /// The upgrade itself: a pure function of record and facts.
    pub apply: fn(Members, &Facts) -> Result<Members, Refusal>,
}

/// Why a record is not upgraded. Nothing of it was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The file is empty, or not a JSON object in UTF-8; carries the reason.
    #[error("it is not a job record: {0}")]
    NotARecord(String),
    /// A field has the wrong type or value.
    #[error("its field {field} {reason}")]
    Field {
        /// Name of the field in the record.
        field: String,
        /// Predicate of a sentence that begins with the field.
        reason: String,
    },
    /// The record was written by a newer release.
    #[error("its schema version {found} is newer than this release knows ({known}); use a newer release")]
    Newer {
        /// Version of the record.
        found: u64,
        /// Newest version that this release reads.
        known: u32,
    },
    /// The record names another tenant or job than its directory.
    #[error("it belongs to {found}, but lies in the place of {expected}")]
    Misplaced {
        /// Tenant and job that the record names.
        found: String,
        /// Tenant and job that the path names.
        expected: String,
    },
    /// No step of this release reads this version; carries it.
    #[error("there is no upgrade from schema version {0}")]
    NoStep(u64),
}

impl Refusal {
    pub(super) fn field(field: &str, reason: impl Into<String>) -> Self {
        Self::Field { field: field.to_owned(), reason: reason.into() }
    }
}

/// The versions that a release knows: it writes `stable`, and the version after it only once that has
/// been made final, so that the release before it can still read everything until then.
pub struct Migrator {
    steps: Vec<Step>,
    stable: u32,
}

impl Migrator {
    /// The steps of this release.
    pub fn this_release() -> Self {
        Self::new(steps::ALL.to_vec(), SCHEMA_VERSION)
    }

    /// Builds a migrator of steps in ascending order.
    ///
    /// # Panics
    /// If the steps do not follow each other, or do not reach `stable` or the version after it.
    pub fn new(steps: Vec<Step>, stable: u32) -> Self {
        assert!(steps.windows(2).all(|two| two[0].from + 1 == two[1].from), "steps follow each other");
        let newest = steps.last().map_or(stable, |step| step.from + 1);
        assert!(newest == stable || newest == stable + 1, "steps end at the stable version or the next");
        Self { steps, stable }
    }

    /// Returns the newest version that can be read.
    pub fn newest(&self) -> u32 {
        self.steps.last().map_or(self.stable, |step| step.from + 1)
    }

    /// Returns the version that is written; `finalized` is the one that an operator made final, if any.
    pub fn writes(&self, finalized: Option<u32>) -> u32 {
        finalized.unwrap_or(self.stable).clamp(self.stable, self.newest())
    }

    /// Upgrades a record to a version, step by step. A record of that version or a later known one is
    /// returned as it is.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn upgrade(&self, record: Members, to: u32, facts: &Facts) -> Result<(Members, u32), Refusal> {
        let from = version_of(&record)?;
        if from > u64::from(self.newest()) {
            return Err(Refusal::Newer { found: from, known: self.newest() });
        }
        let from = u32::try_from(from).expect("not above the newest");
        let mut record = record;
        for version in from..to.min(self.newest()) {
            let step = self.steps.iter().find(|step| step.from == version);
            let step = step.ok_or(Refusal::NoStep(version.into()))?;
            record = (step.apply)(record, facts)?;
        }
        Ok((record, from))
    }
}

/// Returns the schema version that a record states; the first release wrote none.
///
/// # Errors
/// [`Refusal::Field`] if it is not a whole number of at least 1.
pub fn version_of(record: &Members) -> Result<u64, Refusal> {
    match record.get("schema_version") {
        None | Some(Value::Null) => Ok(1),
        Some(value) => value
            .as_u64()
            .filter(|version| *version >= 1)
            .ok_or_else(|| Refusal::field("schema_version", "is not a whole number of at least 1")),
    }
}

/// Reads the bytes of a record's file.
///
/// # Errors
/// [`Refusal::NotARecord`].
pub fn parse(bytes: &[u8]) -> Result<Members, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::NotARecord("it is not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Refusal::NotARecord("it is empty".to_owned()));
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::NotARecord("it is not a JSON object".to_owned())),
        Err(error) => Err(Refusal::NotARecord(format!("it is not whole JSON: {error}"))),
    }
}
