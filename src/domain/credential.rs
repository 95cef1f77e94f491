//! Records of task codes and keys (API keys, admin sessions, personal tokens), and the principal that a request acts as. Secrets appear as hashes only.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::audit::Actor;
use super::ids::{CodeId, JobId, KeyId, TenantId};
use super::trial::TrialTerms;

/// Permissions of an API key; see the table in `docs/api.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads the jobs of its tenant.
    Viewer,
    /// Everything on the jobs of its tenant but DELETE; creates, lists and revokes task codes.
    Client,
    /// Reads, runs, cancels and deletes jobs of its tenant; has the admin routes for jobs and the system's status.
    Operator,
    /// Everything in every tenant.
    Admin,
}

/// Kind of a stored key; each kind has its own form, `<prefix>_<id>_<secret>`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// `ssk_`: made for programs of a tenant.
    #[default]
    ApiKey,
    /// `sss_`: made by an administrator's login, ends by logout or in hours.
    Session,
    /// `ssp_`: made by an administrator for their own scripts.
    PersonalToken,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::ApiKey, Self::Session, Self::PersonalToken];

    /// Prefix of a key of this kind.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "ssk",
            Self::Session => "sss",
            Self::PersonalToken => "ssp",
        }
    }

    /// The name of the kind in resources of audit events.
    pub fn resource(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Session => "admin_session",
            Self::PersonalToken => "admin_token",
        }
    }

    fn is_api_key(&self) -> bool {
        *self == Self::ApiKey
    }
}

/// Whose a session or personal token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyOwner {
    /// The account's name, or `ssk_<id>` of the key that made it.
    pub name: String,
    /// The account's fingerprint at the login: with another password the session ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// A key as stored, of which only the hash of the secret is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// Public part of the key, in its text and in audit events.
    pub key_id: KeyId,
    /// 1 at the creation, one more with every write; the optimistic lock.
    pub version: u64,
    /// Tenant that the key acts in. An administrator may name another one for each request.
    pub tenant_id: TenantId,
    /// Permissions of the key.
    pub role: Role,
    /// Words by which people recognise the key; absent where none were given.
    pub label: Option<String>,
    /// SHA-256 (hex) of the secret, which has at least 128 random bits.
    pub secret_sha256: String,
    /// When the key was made (UTC).
    pub created_at: DateTime<Utc>,
    /// End of validity (UTC); absent for a key without an end.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the key was revoked (UTC); absent while it is valid.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Last use, to the minute (UTC); absent if it was never used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Kind of the key; records without the field are API keys.
    #[serde(default, skip_serializing_if = "KeyKind::is_api_key")]
    pub kind: KeyKind,
    /// Of sessions and personal tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<KeyOwner>,
}

impl ApiKeyRecord {
    /// The resource name that audit events use.
    pub fn resource(&self) -> String {
        format!("{}:{}", self.kind.resource(), self.key_id)
    }
}

/// A task code as stored. The code itself is shown once and never kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskCodeRecord {
    /// Public id of the code, in lists and audit events.
    pub code_id: CodeId,
    /// 1 at the creation, one more with every write; the optimistic lock.
    pub version: u64,
    /// Tenant of the job that the code creates.
    pub tenant_id: TenantId,
    /// SHA-256 (hex) of the code; the store finds the record by it.
    pub code_sha256: String,
    /// When the code was issued (UTC).
    pub created_at: DateTime<Utc>,
    /// End of validity (UTC); a code that was redeemed before still returns its job.
    pub expires_at: DateTime<Utc>,
    /// When it was redeemed first (UTC); absent before.
    pub used_at: Option<DateTime<Utc>>,
    /// Job that the redeem created; absent before.
    pub job_id: Option<JobId>,
    /// SHA-256 (hex) of the requirement it was redeemed with: a repeated redeem must state the same.
    #[serde(default)]
    pub requirement_sha256: Option<String>,
    /// Bounds of the job, for the code of a trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialTerms>,
    /// When it was revoked (UTC); absent if it was not.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Deleted by an administrator; the tombstone keeps the code from working again.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Returns the secret of a job's token: `base64url(HMAC-SHA256(key = task code, tenant ‖ 0 ‖ job_id ‖ 0 ‖
/// generation))`, the generation in decimal digits. Anyone who holds the code gets the same secret again.
pub fn job_token_secret(task_code: &str, tenant: &TenantId, job_id: &JobId, generation: u32) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(task_code.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{tenant}\0{job_id}\0{generation}").as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Returns the text of a job's token: `ssv1.<job_id>.<secret>`.
pub fn job_token(job_id: &JobId, secret: &str) -> String {
    format!("ssv1.{job_id}.{secret}")
}

impl TaskCodeRecord {
    /// Returns `unused`, `used`, `expired`, `revoked` or `deleted`.
    pub fn status(&self, now: DateTime<Utc>) -> &'static str {
        if self.deleted_at.is_some() {
            "deleted"
        } else if self.revoked_at.is_some() {
            "revoked"
        } else if self.used_at.is_some() {
            "used"
        } else if self.expires_at <= now {
            "expired"
        } else {
            "unused"
        }
    }
}

/// Identity of a request after authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The holder of a job token: everything on that one job.
    JobToken {
        /// Tenant of the job's record.
        tenant: TenantId,
        /// The one job that the token admits.
        job_id: JobId,
    },
    /// The holder of an API key, an admin session or a personal token.
    ApiKey {
        /// Tenant of the key's record.
        tenant: TenantId,
        /// Public part of the key.
        key_id: KeyId,
        /// Permissions of the key.
        role: Role,
        /// Kind of the key, which decides the resource name in audit events.
        kind: KeyKind,
    },
}

impl Principal {
    /// Returns the tenant that the credential names.
    pub fn tenant(&self) -> &TenantId {
        match self {
            Self::JobToken { tenant, .. } | Self::ApiKey { tenant, .. } => tenant,
        }
    }

    /// Returns the actor that audit events name.
    pub fn actor(&self) -> Actor {
        match self {
            Self::JobToken { job_id, .. } => Actor { kind: "job_token".to_owned(), id: job_id.to_string() },
            Self::ApiKey { key_id, role, .. } => Actor {
                kind: if *role == Role::Admin { "admin" } else { "api_key" }.to_owned(),
                id: key_id.to_string(),
            },
        }
    }
}

/// The stored answer of a request that carried an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// Hash over credential, method, route and key.
    pub key_sha256: String,
    /// 1, or one more than the version of the expired record that it replaces.
    pub version: u64,
    /// Hash over the request's body.
    pub request_sha256: String,
    /// Absent when the answer held a secret.
    pub response: Option<StoredResponse>,
    /// The id of what was made, for answers that held a secret.
    pub resource: Option<String>,
    /// When the response was made (UTC).
    pub created_at: DateTime<Utc>,
    /// When the store removes the record (UTC): 24 hours later.
    pub expires_at: DateTime<Utc>,
}

/// The part of an answer that is replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// Names and values of the headers that belong to the response.
    pub headers: Vec<(String, String)>,
    /// Complete body as text.
    pub body: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_derived_as_documented() {
        // Python: base64.urlsafe_b64encode(hmac.new(code, b"default\0job_1\x001", "sha256").digest())
        let (tenant, job) = (TenantId::default_tenant(), JobId::parse("job_1").expect("valid"));
        let secret = job_token_secret("ssc_0123456789abcdefghjkmnpqrs", &tenant, &job, 1);
        assert_eq!(job_token(&job, &secret), "ssv1.job_1.ZnRPp1G0A2W9M81iW8u2tgZK6oztEHp3sc0GHBHFUjg");
        assert_ne!(job_token_secret("ssc_0123456789abcdefghjkmnpqrs", &tenant, &job, 2), secret);
    }
}
