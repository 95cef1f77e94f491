//! The administrator's login with name and password, which makes a session, and its logout.

use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::audit::Actor;
use crate::domain::canonical::sha256_hex;
use crate::domain::credential::{ApiKeyRecord, KeyKind, KeyOwner, Role};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{KeyId, TenantId};
use crate::ports::store::{Expect, Key, Record, StoreExt, Write};
use crate::service::access::api_keys::{IssuedKey, NewKey, issue};
use crate::service::access::authenticate::equal_in_constant_time;
use crate::service::access::credentials::Ports;
use crate::service::access::failure_limiter::Subject;
use crate::service::shared::commits::{Attempt, read_problem, with_retries};
use crate::service::shared::context::{Caller, Context};

/// Longest name and password, in bytes.
pub const MAX_BYTES: usize = 1024;
/// Most ended sessions that one login clears away.
const MOST_CLEARED: usize = 100;
/// The action of the audit event of a failed login; the limits are taken up from it after a restart.
pub const FAILED: &str = "admin.login_failed";

/// Request of a login, with its address.
#[derive(Debug)]
pub struct LoginRequest {
    /// Name of the account.
    pub username: String,
    /// Password in plain text; compared with the argon2id hash and never kept.
    pub password: SecretString,
    /// The client's network, for the limits.
    pub network: String,
}

/// The login.
pub struct Login<'a>(pub &'a Context);

impl Login<'_> {
    /// Checks name and password and makes a session.
    ///
    /// # Errors
    /// `AUTH_LOGIN_FAILED`, without saying whether name or password is wrong; `RATE_LIMITED` after too many
    /// failures of this address or on this account; `INPUT_VALIDATION_FAILED`; `SERVICE_NOT_READY`.
    pub async fn execute(&self, caller: &Caller, request: LoginRequest) -> Result<IssuedKey, Problem> {
        let ctx = self.0;
        if request.username.is_empty() || request.username.len() > MAX_BYTES {
            return Err(Problem::validation("username", format!("must have 1 to {MAX_BYTES} bytes")));
        }
        if request.password.expose_secret().len() > MAX_BYTES {
            return Err(Problem::validation("password", format!("must have at most {MAX_BYTES} bytes")));
        }
        let subjects = subjects(&request.network, &request.username);
        // counted before the answer is known, so that concurrent failures do not pass the limit together
        ctx.failure_limiter.take(ctx, &subjects, None).await?;
        let accounts = ctx.accounts.load_full();
        let (checked, name, password) =
            (accounts.clone(), request.username.clone(), request.password.clone());
        let admitted = ctx.pools.passwords.run(move || checked.admits(&name, &password)).await?;
        let account = match accounts.admin.as_ref().filter(|_| admitted) {
            Some(account) => account,
            None => {
                self.note_failure(caller, &request).await;
                return Err(Problem::new(
                    ErrorCode::AuthLoginFailed,
                    "name or password is wrong, or there is no such account",
                ));
            }
        };
        ctx.failure_limiter.give_back(ctx, &subjects).await;
        let owner = KeyOwner { name: account.username.clone(), account: Some(account.fingerprint()) };
        self.open(caller, owner).await
    }

    /// Writes the session, and clears ended ones away with it.
    async fn open(&self, caller: &Caller, owner: KeyOwner) -> Result<IssuedKey, Problem> {
        let ports = Ports::from(self.0);
        let now = ports.clock.now();
        let expires_at = now + Duration::hours(self.0.options.session_hours.into());
        let new = NewKey {
            tenant_id: TenantId::default_tenant(),
            role: Role::Admin,
            label: None,
            kind: KeyKind::Session,
            owner: Some(owner),
        };
        let issued = issue(ports, &new, Some(expires_at));
        let actor = Actor { kind: "admin".to_owned(), id: issued.record.key_id.to_string() };
        let caller = Caller { actor, ..caller.clone() };
        let tenant = TenantId::default_tenant();
        let states = (None, Some("active"));
        let mut event = ports.event(&caller, &tenant, "admin.login", issued.record.resource(), states);
        event.detail = serde_json::json!({"username": issued.record.owner.as_ref().map(|o| &o.name)});
        with_retries(None, || async {
            let all = ports.store.list_api_keys(None).await.map_err(read_problem)?;
            let ended = all.iter().filter(|key| {
                key.kind == KeyKind::Session
                    && (key.revoked_at.is_some() || key.expires_at.is_some_and(|at| at <= now))
            });
            let mut writes = vec![Write::Put {
                record: Record::ApiKey(Box::new(issued.record.clone())),
                expect: Expect::Absent,
            }];
            writes.extend(ended.take(MOST_CLEARED).map(|key| Write::Delete {
                key: Key::ApiKey(key.key_id.clone()),
                expect: Expect::Version(key.version),
            }));
            ports.commit(writes, vec![event.clone()]).await?;
            Ok(issued.clone())
        })
        .await
    }

    /// Keeps the failure in the audit trail; whether that works does not change the answer.
    async fn note_failure(&self, caller: &Caller, request: &LoginRequest) {
        let ports = Ports::from(self.0);
        // an unknown name may be a password in the wrong field: only its hash is kept
        let known = self.0.accounts.load().admin.as_ref().is_some_and(|a| {
            equal_in_constant_time(&sha256_hex(&a.username), &sha256_hex(&request.username))
        });
        let resource = if known { "admin_account:known" } else { "admin_account:unknown" };
        let caller =
            Caller { actor: Actor { kind: "anonymous".to_owned(), id: String::new() }, ..caller.clone() };
        let tenant = TenantId::default_tenant();
        let mut event = ports.event(&caller, &tenant, FAILED, resource.to_owned(), (None, None));
        event.detail = serde_json::json!({
            "account_sha256": sha256_hex(&request.username), "network": request.network,
        });
        tracing::warn!(event = "SS_LOGIN_FAILED", address = caller.address, "a login failed");
        if let Err(Attempt::Refused(problem)) = ports.commit(Vec::new(), vec![event]).await {
            tracing::warn!(
                event = "SS_LOGIN_FAILED",
                code = problem.code.as_str(),
                "a failed login is not in the audit trail"
            );
        }
    }
}

/// Subjects that a failed login counts against.
fn subjects(network: &str, username: &str) -> [Subject; 2] {
    [Subject::address("login", network), Subject::account(&sha256_hex(username))]
}

/// Counts the failed logins of the last minute again, as the audit trail tells them.
///
/// # Errors
/// As reads of the store.
pub async fn recall_failures(ctx: &Context) -> Result<usize, Problem> {
    const LAST_EVENTS: u64 = 500;
    let now = ctx.clock.now();
    let head = ctx.store.status().audit_heads.first().map_or(0, |(_, seq, _)| *seq);
    let after = head.saturating_sub(LAST_EVENTS);
    let events = ctx.audit_log.events(0, after, LAST_EVENTS as usize).await.map_err(read_problem)?;
    let mut counted = 0;
    for event in events.iter().map(|chained| &chained.event).filter(|event| event.action == FAILED) {
        let text = |name: &str| event.detail[name].as_str().unwrap_or_default().to_owned();
        let subjects =
            [Subject::address("login", &text("network")), Subject::account(&text("account_sha256"))];
        if now - event.time < Duration::minutes(1) {
            ctx.failure_limiter.failed(event.time, &subjects, None);
            counted += 1;
        }
    }
    Ok(counted)
}

/// The logout.
pub struct Logout<'a>(pub Ports<'a>);

impl Logout<'_> {
    /// Ends a session, at once and for good.
    ///
    /// # Errors
    /// `AUTH_TOKEN_INVALID` for a session that has ended meanwhile; `STORE_UNAVAILABLE`.
    pub async fn execute(&self, caller: &Caller, session: &KeyId) -> Result<(), Problem> {
        let ports = self.0;
        with_retries(None, || async {
            let found = ports.store.api_key(session).await.map_err(read_problem)?;
            let Some(open) = found.filter(|key| key.kind == KeyKind::Session && key.revoked_at.is_none())
            else {
                return Err(crate::service::access::authenticate::invalid().into());
            };
            let expect = Expect::Version(open.version);
            let ended =
                ApiKeyRecord { version: open.version + 1, revoked_at: Some(ports.clock.now()), ..open };
            let states = (Some("active"), Some("ended"));
            let event = ports.event(caller, &ended.tenant_id, "admin.logout", ended.resource(), states);
            let write = Write::Put { record: Record::ApiKey(Box::new(ended)), expect };
            ports.commit(vec![write], vec![event]).await?;
            Ok(())
        })
        .await
    }
}
