//! Records of task codes and keys (API keys, admin sessions, personal tokens), and the principal that a request acts as. Secrets appear as hashes only.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::audit::Actor;
use super::ids::{CodeId, JobId, KeyId, TenantId};

/// Permissions of an API key; see the table in `docs/api.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Client,
    Operator,
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
    pub key_id: KeyId,
    pub version: u64,
    pub tenant_id: TenantId,
    pub role: Role,
    pub label: Option<String>,
    /// SHA-256 (hex) of the secret, which has at least 128 random bits.
    pub secret_sha256: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
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
    pub code_id: CodeId,
    pub version: u64,
    pub tenant_id: TenantId,
    /// SHA-256 (hex) of the code; the store finds the record by it.
    pub code_sha256: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
    pub job_id: Option<JobId>,
    /// SHA-256 (hex) of the requirement it was redeemed with: a repeated redeem must state the same.
    #[serde(default)]
    pub requirement_sha256: Option<String>,
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
    JobToken { tenant: TenantId, job_id: JobId },
    /// The holder of an API key, an admin session or a personal token.
    ApiKey { tenant: TenantId, key_id: KeyId, role: Role, kind: KeyKind },
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
    pub version: u64,
    /// Hash over the request's body.
    pub request_sha256: String,
    /// Absent when the answer held a secret.
    pub response: Option<StoredResponse>,
    /// The id of what was made, for answers that held a secret.
    pub resource: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// The part of an answer that is replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
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
