//! Task codes and API keys as clients and operators see them. Secrets appear once, in the answer that makes them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::credential::{ApiKeyRecord, Role, TaskCodeRecord};
use crate::service::access::api_keys::IssuedKey;
use crate::service::access::task_codes::IssuedCode;

/// A task code.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TaskCodeView {
    /// Public id of the task code.
    pub code_id: String,
    /// The code itself, only in the answer to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_code: Option<String>,
    /// Tenant whose jobs the code makes.
    pub tenant_id: String,
    /// When it was made (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// Time after which it cannot be redeemed (RFC 3339, UTC).
    pub expires_at: DateTime<Utc>,
    /// When it was redeemed (RFC 3339, UTC); null before.
    pub used_at: Option<DateTime<Utc>>,
    /// Job that its redeem made; null before.
    pub job_id: Option<String>,
    /// Time of the revocation (RFC 3339, UTC); null if not revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// `unused`, `used`, `expired`, `revoked` or `deleted`.
    pub status: String,
}

impl TaskCodeView {
    /// Shows a stored code.
    pub fn of(record: &TaskCodeRecord, now: DateTime<Utc>) -> Self {
        Self {
            code_id: record.code_id.to_string(),
            task_code: None,
            tenant_id: record.tenant_id.to_string(),
            created_at: record.created_at,
            expires_at: record.expires_at,
            used_at: record.used_at,
            job_id: record.job_id.as_ref().map(ToString::to_string),
            revoked_at: record.revoked_at,
            status: record.status(now).to_owned(),
        }
    }

    /// Shows a new code with its text.
    pub fn issued(code: &IssuedCode) -> Self {
        let view = Self::of(&code.record, code.record.created_at);
        Self { task_code: Some(code.task_code.clone()), ..view }
    }
}

/// An API key.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ApiKeyView {
    /// Public id of the key.
    pub key_id: String,
    /// The key itself, only in the answer to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Id of the tenant.
    pub tenant_id: String,
    /// Role of the key, which decides the routes it may use.
    pub role: Role,
    /// Words for people, to recognise the key; null without any.
    pub label: Option<String>,
    /// When it was made (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// Expiry (RFC 3339, UTC); null if it does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// Time of the revocation (RFC 3339, UTC); null if not revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Time of the last use, to the minute (RFC 3339, UTC); null if never used.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<&ApiKeyRecord> for ApiKeyView {
    fn from(record: &ApiKeyRecord) -> Self {
        Self {
            key_id: record.key_id.to_string(),
            api_key: None,
            tenant_id: record.tenant_id.to_string(),
            role: record.role,
            label: record.label.clone(),
            created_at: record.created_at,
            expires_at: record.expires_at,
            revoked_at: record.revoked_at,
            last_used_at: record.last_used_at,
        }
    }
}

impl From<&IssuedKey> for ApiKeyView {
    fn from(key: &IssuedKey) -> Self {
        Self { api_key: Some(key.api_key.clone()), ..Self::from(&key.record) }
    }
}

/// A personal token of an administrator.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PersonalTokenView {
    /// Public id of the token.
    pub token_id: String,
    /// The token itself, only in the answer to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The account, or the key that made it.
    pub owner: String,
    /// Words for people, to recognise the token; null without any.
    pub label: Option<String>,
    /// When it was made (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// Expiry (RFC 3339, UTC); null if it does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// Time of the revocation (RFC 3339, UTC); null if not revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Time of the last use, to the minute (RFC 3339, UTC); null if never used.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<&ApiKeyRecord> for PersonalTokenView {
    fn from(record: &ApiKeyRecord) -> Self {
        Self {
            token_id: record.key_id.to_string(),
            token: None,
            owner: record.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default(),
            label: record.label.clone(),
            created_at: record.created_at,
            expires_at: record.expires_at,
            revoked_at: record.revoked_at,
            last_used_at: record.last_used_at,
        }
    }
}

impl PersonalTokenView {
    /// Shows a new token with its text.
    pub fn issued(key: &IssuedKey) -> Self {
        Self { token: Some(key.api_key.clone()), ..Self::from(&key.record) }
    }
}
