//! Turns a commit into what the committer writes: serialised records with their checksums and audit
//! events split around the fields that only the committer knows. Runs on the caller's thread.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::audit::AuditEvent;
use crate::domain::canonical::{canonical_json, canonical_value, sha256_hex};
use crate::domain::tenant::TenantBounds;
use crate::ports::store::{Commit, CommitError, Expect, Housekeeping, Key, Record, Write};

/// The chain that the embedded store writes.
pub(in crate::adapters) const CHAIN: u32 = 0;

/// A commit ready to be applied.
pub(in crate::adapters) struct Prepared {
    pub id: String,
    pub writes: Vec<PreparedWrite>,
    pub audit: Vec<PreparedEvent>,
    pub within: Option<TenantBounds>,
}

impl Prepared {
    /// Returns how many webhooks it makes.
    pub(in crate::adapters) fn new_webhooks(&self) -> u64 {
        let is_new = |write: &&PreparedWrite| {
            matches!((&write.key, write.expect, &write.put), (Key::Webhook(_), Expect::Absent, Some(_)))
        };
        self.writes.iter().filter(is_new).count() as u64
    }
}

/// One conditional write.
pub(in crate::adapters) struct PreparedWrite {
    pub key: Key,
    pub expect: Expect,
    /// Absent for a deletion.
    pub put: Option<Put>,
}

/// A serialised record.
pub(in crate::adapters) struct Put {
    pub record: Record,
    pub json: String,
    pub checksum: [u8; 32],
}

/// Checks the rules of the port and serialises the commit.
///
/// # Errors
/// [`CommitError::Invalid`] or [`CommitError::TooLarge`].
pub(in crate::adapters) fn prepare(commit: Commit, limit: usize) -> Result<Prepared, CommitError> {
    check_audit(&commit)?;
    let mut bytes = 0;
    let mut names = HashSet::new();
    let mut hashes = HashSet::new();
    let mut writes = Vec::with_capacity(commit.writes.len());
    for write in commit.writes {
        let prepared = prepare_write(write)?;
        bytes += prepared.put.as_ref().map_or(0, |put| put.json.len());
        if !names.insert(prepared.key.clone()) {
            return Err(invalid("it names a record twice"));
        }
        if let Some(Put { record: Record::TaskCode(code), .. }) = &prepared.put
            && !hashes.insert(code.code_sha256.clone())
        {
            return Err(invalid("it writes the same task code under two names"));
        }
        writes.push(prepared);
    }
    let audit: Vec<PreparedEvent> = commit.audit.iter().map(PreparedEvent::new).collect();
    bytes += audit.iter().map(PreparedEvent::len).sum::<usize>();
    if bytes > limit {
        return Err(CommitError::TooLarge { limit });
    }
    Ok(Prepared { id: commit.id, writes, audit, within: commit.within })
}

fn invalid(reason: &str) -> CommitError {
    CommitError::Invalid { reason: reason.to_owned() }
}

fn check_audit(commit: &Commit) -> Result<(), CommitError> {
    if !commit.audit.is_empty() {
        return Ok(());
    }
    let Some(kind) = commit.housekeeping else {
        return Err(invalid("it has no audit event"));
    };
    let covered = |write: &Write| match kind {
        Housekeeping::RunProgress | Housekeeping::IngestProgress => {
            matches!(write, Write::Put { record: Record::Job(_), expect: Expect::Version(_) })
        }
        Housekeeping::LastUsed => {
            matches!(write, Write::Put { record: Record::ApiKey(_), expect: Expect::Version(_) })
        }
        Housekeeping::Deliveries => match write {
            Write::Put { record: Record::Delivery(_) | Record::Cursor(_), .. }
            | Write::Delete { key: Key::Delivery(_), .. } => true,
            Write::Put { record: Record::Webhook(_), expect } => matches!(expect, Expect::Version(_)),
            _ => false,
        },
        Housekeeping::BatchProgress => {
            matches!(write, Write::Put { record: Record::Batch(_), expect: Expect::Version(_) })
        }
        Housekeeping::Idempotency => matches!(
            write,
            Write::Put { record: Record::Idempotency(_), .. }
                | Write::Delete { key: Key::Idempotency(_), .. }
        ),
    };
    if commit.writes.iter().all(covered) {
        Ok(())
    } else {
        Err(invalid("it has no audit event and writes more than its kind of housekeeping may"))
    }
}

fn prepare_write(write: Write) -> Result<PreparedWrite, CommitError> {
    let (key, expect, record) = match write {
        Write::Delete { key, expect: Expect::Absent | Expect::Import } => {
            return Err(CommitError::Invalid { reason: format!("it deletes what must be absent: {key:?}") });
        }
        Write::Delete { key, expect } => (key, expect, None),
        Write::Put { record, expect } => (record.key(), expect, Some(record)),
    };
    let next = match (expect, &record) {
        (Expect::Absent, _) => Some(1),
        (Expect::Import, Some(record)) => {
            Some(record.version()).filter(|n| (1..=i64::MAX as u64).contains(n))
        }
        (Expect::Version(n), _) if n < i64::MAX as u64 => Some(n + 1),
        (Expect::Import | Expect::Version(_), _) => None,
    };
    if record.as_ref().is_some_and(|record| Some(record.version()) != next) || next.is_none() {
        return Err(invalid("a record does not carry the version after the expected one"));
    }
    let put = record.map(serialise).transpose()?;
    Ok(PreparedWrite { key, expect, put })
}

fn serialise(record: Record) -> Result<Put, CommitError> {
    let json = match &record {
        Record::Job(r) => to_json(r.as_ref()),
        Record::TaskCode(r) => to_json(r),
        Record::ApiKey(r) => to_json(r),
        Record::Idempotency(r) => to_json(r),
        Record::Tenant(r) => to_json(r),
        Record::Webhook(r) => to_json(r),
        Record::Delivery(r) => to_json(r),
        Record::Cursor(r) => to_json(r),
        Record::Batch(r) => to_json(r),
    }?;
    let checksum = checksum(json.as_bytes());
    Ok(Put { record, json, checksum })
}

fn to_json<T: Serialize>(record: &T) -> Result<String, CommitError> {
    serde_json::to_string(record)
        .map_err(|e| CommitError::Invalid { reason: format!("a record is not JSON: {e}") })
}

/// Returns the checksum of a stored record: the SHA-256 of its bytes.
pub(super) fn checksum(json: &[u8]) -> [u8; 32] {
    Sha256::digest(json).into()
}

/// An audit event in canonical JSON, split where sequence, previous hash and hash belong.
pub(in crate::adapters) struct PreparedEvent {
    /// Members before `hash`, between `hash` and `prev_hash`, up to `seq`, and after it.
    parts: [String; 4],
}

impl PreparedEvent {
    /// Serialises an event.
    pub(super) fn new(event: &AuditEvent) -> Self {
        let mut parts: [String; 4] = Default::default();
        let value = serde_json::to_value(event).expect("audit events serialise to JSON");
        let Value::Object(mut members) = value else { unreachable!("an event is an object") };
        members.insert("chain".to_owned(), Value::from(CHAIN));
        let mut names: Vec<&String> = members.keys().collect();
        names.sort();
        for name in names {
            let part = ["hash", "prev_hash", "seq"].iter().filter(|at| name.as_str() > **at).count();
            if !parts[part].is_empty() {
                parts[part].push(',');
            }
            parts[part].push_str(&canonical_json(name.as_str()));
            parts[part].push(':');
            parts[part].push_str(&canonical_value(&members[name.as_str()]));
        }
        Self { parts }
    }

    fn len(&self) -> usize {
        self.parts.iter().map(String::len).sum()
    }

    /// Chains the event; returns its hash and its canonical JSON with the hash.
    pub(in crate::adapters) fn chain(&self, seq: u64, prev_hash: &str) -> (String, String) {
        let hash = sha256_hex(format!("{prev_hash}{}", self.join(seq, prev_hash, None)));
        let json = self.join(seq, prev_hash, Some(&hash));
        (hash, json)
    }

    fn join(&self, seq: u64, prev_hash: &str, hash: Option<&str>) -> String {
        let hash = hash.map(|hash| format!("\"hash\":\"{hash}\"")).unwrap_or_default();
        let prev = format!("\"prev_hash\":\"{prev_hash}\"");
        let seq = format!("\"seq\":{seq}");
        let [a, b, c, d] = &self.parts;
        let mut out = String::with_capacity(self.len() + 200);
        out.push('{');
        for part in [a, &hash, b, &prev, c, &seq, d] {
            if !part.is_empty() {
                if out.len() > 1 {
                    out.push(',');
                }
                out.push_str(part);
            }
        }
        out.push('}');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::{Actor, ChainedEvent, GENESIS_HASH};
    use crate::domain::ids::TenantId;

    #[test]
    fn the_split_event_is_the_chained_event_of_the_domain() {
        let event = AuditEvent {
            time: chrono::DateTime::UNIX_EPOCH,
            tenant: TenantId::default_tenant(),
            actor: Actor::system("worker"),
            action: "run.started".to_owned(),
            resource: "job:\"prev_hash\":\"\"".to_owned(),
            before: None,
            after: Some("running".to_owned()),
            reason: Some("ünïcode \"seq\":0".to_owned()),
            trace_id: None,
            address: None,
            detail: serde_json::json!({"seq": 1, "hash": {"b": 0.1, "a": [null]}}),
        };
        let (hash, json) = PreparedEvent::new(&event).chain(7, GENESIS_HASH);
        let expected = ChainedEvent::chain(CHAIN, 7, GENESIS_HASH, event);
        assert_eq!(hash, expected.hash);
        assert_eq!(json, canonical_json(&expected));
    }
}
