//! API keys: create, list, rotate with an overlap, revoke. A key's text is shown once, at its creation.

use chrono::{DateTime, Duration, Utc};

use crate::domain::canonical::sha256_hex;
use crate::domain::credential::{ApiKeyRecord, KeyKind, KeyOwner, Role};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{KeyId, TenantId};
use crate::ports::store::{Expect, Record, StoreExt, Write};
use crate::service::access::accounts::BootstrapKey;
use crate::service::access::credentials::{Ports, expiry};
use crate::service::shared::commits::{Attempt, read_problem, with_retries};
use crate::service::shared::context::Caller;

/// How long a rotated key continues working, where nothing is stated, in hours.
pub const DEFAULT_OVERLAP_HOURS: u32 = 24;
/// Longest overlap, in hours.
pub const MAX_OVERLAP_HOURS: u32 = 24 * 30;
/// Longest label, in characters.
const LABEL_MAX_CHARS: usize = 200;

/// 32 characters of 5 bits: 160 random bits.
const SECRET_CHARS: usize = 32;
const ID_CHARS: usize = 16;

/// A new key with its record.
#[derive(Debug, Clone)]
pub struct IssuedKey {
    /// `ssk_<id>_<secret>`, or with the prefix of its kind.
    pub api_key: String,
    /// Stored record; it holds a hash of the secret only.
    pub record: ApiKeyRecord,
}

/// Role and expiry of a new key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Tenant of the key.
    pub tenant_id: TenantId,
    /// Role of the key.
    pub role: Role,
    /// Words for people, to recognise the key.
    pub label: Option<String>,
    /// For ever when absent.
    pub expires_in_days: Option<u32>,
}

/// Content of the record of a new key of any kind.
pub(super) struct NewKey {
    pub tenant_id: TenantId,
    pub role: Role,
    pub label: Option<String>,
    pub kind: KeyKind,
    pub owner: Option<KeyOwner>,
}

impl NewKey {
    fn api_key(tenant_id: TenantId, role: Role, label: Option<String>) -> Self {
        Self { tenant_id, role, label, kind: KeyKind::ApiKey, owner: None }
    }
}

/// Checks the length of a label.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED`.
pub(super) fn check_label(label: Option<&String>) -> Result<(), Problem> {
    if label.is_some_and(|label| label.chars().count() > LABEL_MAX_CHARS) {
        let reason = format!("must have at most {LABEL_MAX_CHARS} characters");
        return Err(Problem::validation("label", reason));
    }
    Ok(())
}

/// Creates a key.
pub struct CreateApiKey<'a>(pub Ports<'a>);

impl CreateApiKey<'_> {
    /// Creates a key of a tenant.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED`; `STORE_UNAVAILABLE`.
    pub async fn execute(&self, caller: &Caller, new: NewApiKey) -> Result<IssuedKey, Problem> {
        check_label(new.label.as_ref())?;
        let now = self.0.clock.now();
        let expires_at = new.expires_in_days.map(|days| expiry(now, days)).transpose()?;
        let new = NewKey::api_key(new.tenant_id, new.role, new.label);
        let issued = issue(self.0, &new, expires_at);
        let event = created(self.0, caller, &issued.record);
        self.0.commit(vec![insert(&issued.record)], vec![event]).await.map_err(final_problem)?;
        Ok(issued)
    }
}

/// Lists keys, newest first.
pub struct ListApiKeys<'a>(pub Ports<'a>);

impl ListApiKeys<'_> {
    /// Returns the keys of a tenant, or of all.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn execute(&self, tenant: Option<TenantId>) -> Result<Vec<ApiKeyRecord>, Problem> {
        let mut all = self.0.store.list_api_keys(tenant).await.map_err(read_problem)?;
        all.retain(|key| key.kind == KeyKind::ApiKey);
        Ok(all)
    }
}

/// Replaces a key by a new one of the same kind; the old one continues working for the overlap.
pub struct RotateApiKey<'a>(pub Ports<'a>);

impl RotateApiKey<'_> {
    /// Rotates a key of a tenant (any tenant when absent).
    ///
    /// # Errors
    /// `API_KEY_NOT_FOUND`, also for a revoked or expired one; `INPUT_VALIDATION_FAILED`;
    /// `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: Option<&TenantId>,
        key_id: &KeyId,
        overlap_hours: Option<u32>,
    ) -> Result<IssuedKey, Problem> {
        let ports = self.0;
        let hours = overlap_hours.unwrap_or(DEFAULT_OVERLAP_HOURS);
        if hours > MAX_OVERLAP_HOURS {
            return Err(Problem::validation("overlap_hours", format!("must be 0 to {MAX_OVERLAP_HOURS}")));
        }
        with_retries(None, || async {
            let old = load(ports, tenant, key_id).await?.ok_or_else(not_found)?;
            let now = ports.clock.now();
            if old.revoked_at.is_some() || old.expires_at.is_some_and(|at| at <= now) {
                return Err(not_found().into());
            }
            let new = NewKey::api_key(old.tenant_id.clone(), old.role, old.label.clone());
            let issued = issue(ports, &new, old.expires_at);
            let end = now + Duration::hours(hours.into());
            let mut ending = old.clone();
            ending.version += 1;
            ending.expires_at = Some(old.expires_at.map_or(end, |at| at.min(end)));
            let states = (Some("active"), Some("ending"));
            let audit = vec![
                ports.event(caller, &old.tenant_id, "api_key.rotated", resource(key_id), states),
                created(ports, caller, &issued.record),
            ];
            ports.commit(vec![replace(&ending), insert(&issued.record)], audit).await?;
            Ok(issued)
        })
        .await
    }
}

/// Revokes a key, at once and for good.
pub struct RevokeApiKey<'a>(pub Ports<'a>);

impl RevokeApiKey<'_> {
    /// Revokes a key of a tenant (any tenant when absent), or the administrator's key of the
    /// configuration; a revoked one is answered as it is.
    ///
    /// # Errors
    /// `API_KEY_NOT_FOUND`; `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: Option<&TenantId>,
        key_id: &KeyId,
        bootstrap: Option<&BootstrapKey>,
    ) -> Result<ApiKeyRecord, Problem> {
        let ports = self.0;
        with_retries(None, || async {
            let now = ports.clock.now();
            let (write, revoked) = match load(ports, tenant, key_id).await? {
                Some(key) if key.revoked_at.is_some() => return Ok(key),
                Some(key) => {
                    let mut next = key;
                    next.version += 1;
                    next.revoked_at = Some(now);
                    (replace(&next), next)
                }
                None => {
                    let key = bootstrap
                        .filter(|key| key.key_id == *key_id && tenant.is_none())
                        .ok_or_else(not_found)?;
                    let record = revoked_bootstrap(key, now);
                    (insert(&record), record)
                }
            };
            let states = (Some("active"), Some("revoked"));
            let event = ports.event(caller, &revoked.tenant_id, "api_key.revoked", resource(key_id), states);
            ports.commit(vec![write], vec![event]).await?;
            Ok(revoked)
        })
        .await
    }
}

/// The stored revocation of the configuration's key; a stored record wins over the configuration.
fn revoked_bootstrap(key: &BootstrapKey, now: DateTime<Utc>) -> ApiKeyRecord {
    ApiKeyRecord {
        key_id: key.key_id.clone(),
        version: 1,
        tenant_id: TenantId::default_tenant(),
        role: Role::Admin,
        label: Some("bootstrap".to_owned()),
        secret_sha256: key.secret_sha256.clone(),
        created_at: now,
        expires_at: None,
        revoked_at: Some(now),
        last_used_at: None,
        kind: KeyKind::ApiKey,
        owner: None,
    }
}

/// Makes a new key with its record; nothing is written.
pub(super) fn issue(ports: Ports<'_>, new: &NewKey, expires_at: Option<DateTime<Utc>>) -> IssuedKey {
    let secret = ports.random_text(SECRET_CHARS);
    let key_id = KeyId::parse(ports.random_text(ID_CHARS)).expect("base-32 texts are valid ids");
    let record = ApiKeyRecord {
        key_id: key_id.clone(),
        version: 1,
        tenant_id: new.tenant_id.clone(),
        role: new.role,
        label: new.label.clone(),
        secret_sha256: sha256_hex(&secret),
        created_at: ports.clock.now(),
        expires_at,
        revoked_at: None,
        last_used_at: None,
        kind: new.kind,
        owner: new.owner.clone(),
    };
    IssuedKey { api_key: format!("{}_{key_id}_{secret}", new.kind.prefix()), record }
}

fn created(ports: Ports<'_>, caller: &Caller, record: &ApiKeyRecord) -> crate::domain::audit::AuditEvent {
    let states = (None, Some("active"));
    let mut event =
        ports.event(caller, &record.tenant_id, "api_key.created", resource(&record.key_id), states);
    event.detail = serde_json::json!({"role": record.role});
    event
}

fn insert(record: &ApiKeyRecord) -> Write {
    Write::Put { record: Record::ApiKey(Box::new(record.clone())), expect: Expect::Absent }
}

fn replace(next: &ApiKeyRecord) -> Write {
    let record = Record::ApiKey(Box::new(next.clone()));
    Write::Put { record, expect: Expect::Version(next.version - 1) }
}

fn resource(key_id: &KeyId) -> String {
    format!("api_key:{key_id}")
}

fn not_found() -> Problem {
    Problem::new(ErrorCode::ApiKeyNotFound, "there is no such API key")
}

/// Fresh random ids do not meet stored ones, so a lost race is a defect.
fn final_problem(attempt: Attempt) -> Problem {
    match attempt {
        Attempt::Refused(problem) => problem,
        Attempt::Lost { .. } => Problem::internal(),
    }
}

async fn load(
    ports: Ports<'_>,
    tenant: Option<&TenantId>,
    key_id: &KeyId,
) -> Result<Option<ApiKeyRecord>, Problem> {
    let found = ports.store.api_key(key_id).await.map_err(read_problem)?;
    Ok(found.filter(|key| key.kind == KeyKind::ApiKey && tenant.is_none_or(|t| *t == key.tenant_id)))
}
