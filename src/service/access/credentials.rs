//! Code shared by the use cases of task codes and API keys: their ports, the texts of secrets, audit events.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use crate::domain::audit::AuditEvent;
use crate::domain::error::Problem;
use crate::domain::ids::TenantId;
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::store::{Commit, Receipt, Store, Write};
use crate::service::shared::commits::{Attempt, commit_attempt};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::Admitted;

/// The ports that these use cases need; also available without a running service.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Job records, credentials and the audit chain; every write is a conditional commit.
    pub store: &'a dyn Store,
    /// Source of the current time (UTC).
    pub clock: &'a dyn Clock,
    /// Source of new ids and of secrets.
    pub ids: &'a dyn IdSource,
}

impl<'a> From<&'a Context> for Ports<'a> {
    fn from(ctx: &'a Context) -> Self {
        Self { store: ctx.store.as_ref(), clock: ctx.clock.as_ref(), ids: ctx.ids.as_ref() }
    }
}

impl Ports<'_> {
    /// Makes one commit with its events.
    ///
    /// # Errors
    /// As the store's, as an [`Attempt`].
    pub async fn commit(&self, writes: Vec<Write>, audit: Vec<AuditEvent>) -> Result<Receipt, Attempt> {
        self.commit_within(writes, audit, &Admitted::default()).await
    }

    /// Makes one commit that adds to what a tenant holds, within its limits.
    ///
    /// # Errors
    /// As [`Ports::commit`]; `QUOTA_EXCEEDED` where others took what was left.
    pub async fn commit_within(
        &self,
        writes: Vec<Write>,
        audit: Vec<AuditEvent>,
        admitted: &Admitted,
    ) -> Result<Receipt, Attempt> {
        let (id, within) = (self.ids.id("commit"), admitted.bounds());
        let commit = Commit { id, writes, audit, housekeeping: None, within };
        self.store.commit(commit).await.map_err(commit_attempt)
    }

    /// Builds the audit event of a change of a credential.
    pub fn event(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        action: &str,
        resource: String,
        states: (Option<&str>, Option<&str>),
    ) -> AuditEvent {
        AuditEvent {
            time: self.clock.now(),
            tenant: tenant.clone(),
            actor: caller.actor.clone(),
            action: action.to_owned(),
            resource,
            before: states.0.map(str::to_owned),
            after: states.1.map(str::to_owned),
            reason: caller.reason.clone(),
            trace_id: Some(caller.trace_id.to_string()),
            address: caller.address.clone(),
            detail: Value::Null,
        }
    }

    /// Returns a random text of `chars` characters with 5 bits each.
    pub fn random_text(&self, chars: usize) -> String {
        base32(&self.ids.secret((chars * 5).div_ceil(8)), chars)
    }
}

/// Crockford's alphabet in lower case: no letter that is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// True for texts of [`Ports::random_text`].
pub fn is_base32(text: &str) -> bool {
    text.bytes().all(|b| ALPHABET.contains(&b))
}

/// Returns the first `chars` groups of 5 bits as characters.
fn base32(bytes: &[u8], chars: usize) -> String {
    let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| usize::from(byte >> (7 - n % 8) & 1));
    (0..chars)
        .map(|i| (0..5).fold(0, |value, k| value << 1 | bit(i * 5 + k)))
        .map(|index| char::from(ALPHABET[index]))
        .collect()
}

/// Longest validity that can be requested, in days.
const MAX_DAYS: u32 = 3650;

/// Returns the end of a validity in days.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` outside 1 to 3650 days.
pub fn expiry(now: DateTime<Utc>, days: u32) -> Result<DateTime<Utc>, Problem> {
    if days == 0 || days > MAX_DAYS {
        return Err(Problem::validation("expires_in_days", format!("must be 1 to {MAX_DAYS}")));
    }
    Ok(now + Duration::days(days.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_bits_make_one_character() {
        // 0xff 0x00 0x42 -> 11111 11100 00000 00100 0010(0)
        assert_eq!(base32(&[0xff, 0x00, 0x42], 5), "zw044");
        assert!(is_base32("zw044") && !is_base32("il"));
    }
}
