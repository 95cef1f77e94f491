//! Personal tokens of administrators: create, list, revoke, delete. A token's text is shown once.

use crate::domain::credential::{ApiKeyRecord, KeyKind, KeyOwner, Role};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{KeyId, TenantId};
use crate::ports::store::{Expect, Key, Record, StoreExt, Write};
use crate::service::access::api_keys::{IssuedKey, NewKey, check_label, issue};
use crate::service::access::credentials::{Ports, expiry};
use crate::service::shared::commits::{Attempt, read_problem, with_retries};
use crate::service::shared::context::Caller;

/// Validity where none is stated, in days.
pub const DEFAULT_DAYS: u32 = 90;

/// The use cases.
pub struct PersonalTokens<'a>(pub Ports<'a>);

impl PersonalTokens<'_> {
    /// Creates a token for the caller.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED`; `STORE_UNAVAILABLE`.
    pub async fn create(
        &self,
        caller: &Caller,
        label: Option<String>,
        expires_in_days: Option<u32>,
    ) -> Result<IssuedKey, Problem> {
        check_label(label.as_ref())?;
        let ports = self.0;
        let expires_at = expiry(ports.clock.now(), expires_in_days.unwrap_or(DEFAULT_DAYS))?;
        let new = NewKey {
            tenant_id: TenantId::default_tenant(),
            role: Role::Admin,
            label,
            kind: KeyKind::PersonalToken,
            owner: Some(self.owner_of(caller).await?),
        };
        let issued = issue(ports, &new, Some(expires_at));
        let record = &issued.record;
        let states = (None, Some("active"));
        let event = ports.event(caller, &record.tenant_id, "admin_token.created", record.resource(), states);
        let put = Write::Put { record: Record::ApiKey(Box::new(record.clone())), expect: Expect::Absent };
        ports.commit(vec![put], vec![event]).await.map_err(|attempt| match attempt {
            Attempt::Refused(problem) => problem,
            // fresh random ids do not meet stored ones
            Attempt::Lost { .. } => Problem::internal(),
        })?;
        Ok(issued)
    }

    /// The account behind a session or token; a token that an API key makes belongs to the key. It lives
    /// as long as the account has this name, whatever its password.
    async fn owner_of(&self, caller: &Caller) -> Result<KeyOwner, Problem> {
        let id = KeyId::parse(caller.actor.id.clone()).map_err(|_| Problem::internal())?;
        let stored = self.0.store.api_key(&id).await.map_err(read_problem)?;
        let name = stored.and_then(|key| key.owner).map_or_else(|| format!("ssk_{id}"), |owner| owner.name);
        Ok(KeyOwner { name, account: None })
    }

    /// Lists every token, newest first.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self) -> Result<Vec<ApiKeyRecord>, Problem> {
        let mut all = self.0.store.list_api_keys(None).await.map_err(read_problem)?;
        all.retain(|key| key.kind == KeyKind::PersonalToken);
        Ok(all)
    }

    /// Revokes a token, at once and for good; a revoked one is answered as it is.
    ///
    /// # Errors
    /// `ADMIN_TOKEN_NOT_FOUND`; `STORE_UNAVAILABLE`.
    pub async fn revoke(&self, caller: &Caller, id: &KeyId) -> Result<ApiKeyRecord, Problem> {
        let ports = self.0;
        with_retries(None, || async {
            let token = self.load(id).await?;
            if token.revoked_at.is_some() {
                return Ok(token);
            }
            let expect = Expect::Version(token.version);
            let next =
                ApiKeyRecord { version: token.version + 1, revoked_at: Some(ports.clock.now()), ..token };
            let states = (Some("active"), Some("revoked"));
            let event = ports.event(caller, &next.tenant_id, "admin_token.revoked", next.resource(), states);
            let put = Write::Put { record: Record::ApiKey(Box::new(next.clone())), expect };
            ports.commit(vec![put], vec![event]).await?;
            Ok(next)
        })
        .await
    }

    /// Removes a token; what is left is its id in the audit trail, and the text opens nothing.
    ///
    /// # Errors
    /// `ADMIN_TOKEN_NOT_FOUND`; `STORE_UNAVAILABLE`.
    pub async fn delete(&self, caller: &Caller, id: &KeyId) -> Result<(), Problem> {
        let ports = self.0;
        with_retries(None, || async {
            let token = self.load(id).await?;
            let before = if token.revoked_at.is_some() { "revoked" } else { "active" };
            let states = (Some(before), Some("deleted"));
            let event =
                ports.event(caller, &token.tenant_id, "admin_token.deleted", token.resource(), states);
            let delete =
                Write::Delete { key: Key::ApiKey(id.clone()), expect: Expect::Version(token.version) };
            ports.commit(vec![delete], vec![event]).await?;
            Ok(())
        })
        .await
    }

    async fn load(&self, id: &KeyId) -> Result<ApiKeyRecord, Problem> {
        let found = self.0.store.api_key(id).await.map_err(read_problem)?;
        found.filter(|key| key.kind == KeyKind::PersonalToken).ok_or_else(not_found)
    }
}

/// The refusal for tokens that do not exist.
pub fn not_found() -> Problem {
    Problem::new(ErrorCode::AdminTokenNotFound, "there is no such personal token")
}
