//! From the text of a credential to the principal that a request acts as.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::domain::canonical::sha256_hex;
use crate::domain::credential::{ApiKeyRecord, KeyKind, Principal, Role};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, KeyId, TenantId};
use crate::domain::job::JobRecord;
use crate::ports::store::{Commit, Expect, Housekeeping, Record, StoreExt, Write};
use crate::service::access::accounts::Accounts;
use crate::service::access::failure_limiter::Subject;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// A bearer credential that has the right form; nothing was looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// `ssv1.<job_id>.<secret>`
    JobToken {
        /// Job that the token belongs to.
        job_id: JobId,
        /// Secret part in plain text; the store has its hash.
        secret: String,
    },
    /// `ssk_<id>_<secret>`, `sss_…` of a session, `ssp_…` of a personal token.
    ApiKey {
        /// Kind, by the prefix.
        kind: KeyKind,
        /// Public id of the key.
        key_id: KeyId,
        /// Secret part in plain text; the store has its hash.
        secret: String,
    },
}

/// Longest accepted credential, in bytes.
const MAX_LEN: usize = 512;

/// Reads the form of a bearer credential.
///
/// # Errors
/// `AUTH_BEARER_TOKEN_INVALID`.
pub fn parse_credential(text: &str) -> Result<Credential, Problem> {
    let unreadable = || {
        Problem::new(
            ErrorCode::AuthBearerTokenInvalid,
            "the credential is no job token (ssv1.…), API key (ssk_…), session (sss_…) or personal token (ssp_…)",
        )
    };
    if text.len() > MAX_LEN {
        return Err(unreadable());
    }
    let secret_ok =
        |s: &str| s.len() >= 16 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if let Some(rest) = text.strip_prefix("ssv1.") {
        let (id, secret) = rest.split_once('.').ok_or_else(unreadable)?;
        let job_id = JobId::parse(id).map_err(|_| unreadable())?;
        return secret_ok(secret)
            .then(|| Credential::JobToken { job_id, secret: secret.to_owned() })
            .ok_or_else(unreadable);
    }
    let (prefix, rest) = text.split_once('_').ok_or_else(unreadable)?;
    let kind = KeyKind::ALL.into_iter().find(|kind| kind.prefix() == prefix).ok_or_else(unreadable)?;
    let (id, secret) = rest.split_once('_').ok_or_else(unreadable)?;
    let key_id = KeyId::parse(id).map_err(|_| unreadable())?;
    secret_ok(secret)
        .then(|| Credential::ApiKey { kind, key_id, secret: secret.to_owned() })
        .ok_or_else(unreadable)
}

/// Looks a credential up and returns whom it stands for. `stated_tenant` is the header's, which must
/// agree with the credential's; `network` is the client's, for the limits on failures.
///
/// # Errors
/// `AUTH_TOKEN_INVALID` if unknown, wrong, expired or revoked; `JOB_NOT_FOUND` for another tenant's header;
/// `RATE_LIMITED` after too many different wrong secrets for one id out of one network.
pub async fn authenticate(
    ctx: &Context,
    credential: Credential,
    stated_tenant: Option<&TenantId>,
    network: impl FnOnce() -> String,
) -> Result<Authenticated, Problem> {
    let (id, secret, outcome) = match &credential {
        Credential::JobToken { job_id, secret } => {
            (job_id.as_str(), secret, job_token(ctx, job_id, secret, stated_tenant).await)
        }
        Credential::ApiKey { kind, key_id, secret } => {
            let known = api_key(ctx, *kind, key_id, secret, stated_tenant).await;
            (key_id.as_str(), secret, known.map(|principal| Authenticated { principal, job: None }))
        }
    };
    let refusal = match outcome {
        Ok(known) => return Ok(known),
        Err(refusal) if !refusal.wrong_secret => return Err(refusal.problem),
        Err(refusal) => refusal,
    };
    // Who holds the secret is let in however many others guess: secrets have 128 random bits and more.
    let subject = [Subject::credential(&network(), id)];
    let slowed = ctx.failure_limiter.take(ctx, &subject, Some(secret)).await;
    Err(slowed.err().unwrap_or(refusal.problem))
}

/// Why a credential does not open.
struct Refusal {
    problem: Problem,
    /// The id exists and the secret does not match.
    wrong_secret: bool,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem, wrong_secret: false }
    }
}

fn wrong_secret() -> Refusal {
    Refusal { problem: invalid(), wrong_secret: true }
}

/// Identity behind a credential.
pub struct Authenticated {
    /// Job or key that the request acts as.
    pub principal: Principal,
    /// The job of a token, as it was read to check the token.
    pub job: Option<Arc<JobRecord>>,
}

async fn job_token(
    ctx: &Context,
    job_id: &JobId,
    secret: &str,
    stated_tenant: Option<&TenantId>,
) -> Result<Authenticated, Refusal> {
    let now = ctx.clock.now();
    let hash = sha256_hex(secret);
    let (mut owner, mut guessed) = (None, false);
    for job in ctx.store.jobs_by_id(job_id).await.map_err(read_problem)? {
        let Some(token) = &job.token else { continue };
        let fits = equal_in_constant_time(&hash, &token.secret_sha256);
        guessed |= !fits;
        if fits && token.is_alive(now) {
            owner = Some(job);
        }
    }
    let job = owner.ok_or_else(|| Refusal { problem: invalid(), wrong_secret: guessed })?;
    let tenant = job.tenant_id.clone();
    if stated_tenant.is_some_and(|stated| *stated != tenant) {
        return Err(Problem::new(ErrorCode::JobNotFound, "there is no such job").into());
    }
    Ok(Authenticated { principal: Principal::JobToken { tenant, job_id: job_id.clone() }, job: Some(job) })
}

async fn api_key(
    ctx: &Context,
    kind: KeyKind,
    key_id: &KeyId,
    secret: &str,
    stated_tenant: Option<&TenantId>,
) -> Result<Principal, Refusal> {
    let hash = sha256_hex(secret);
    let stored = ctx.store.api_key(key_id).await.map_err(read_problem)?;
    let accounts = ctx.accounts.load();
    let (expected, tenant, role) = match &stored {
        Some(record) => {
            if record.kind != kind || !is_alive(ctx, &accounts, record) {
                return Err(invalid().into());
            }
            (record.secret_sha256.as_str(), record.tenant_id.clone(), record.role)
        }
        None => match &accounts.bootstrap_key {
            Some(key) if key.key_id == *key_id && kind == KeyKind::ApiKey => {
                (key.secret_sha256.as_str(), TenantId::default_tenant(), Role::Admin)
            }
            _ => return Err(invalid().into()),
        },
    };
    if !equal_in_constant_time(&hash, expected) {
        return Err(wrong_secret());
    }
    if let Some(record) = stored {
        note_use(ctx, record);
    }
    let tenant = match (role, stated_tenant) {
        (Role::Admin, Some(stated)) => stated.clone(),
        (_, Some(stated)) if *stated != tenant => {
            return Err(Problem::new(ErrorCode::JobNotFound, "there is no such job").into());
        }
        _ => tenant,
    };
    Ok(Principal::ApiKey { tenant, key_id: key_id.clone(), role, kind })
}

/// True unless the key was revoked, has expired or has lost its owner.
fn is_alive(ctx: &Context, accounts: &Accounts, record: &ApiKeyRecord) -> bool {
    let now = ctx.clock.now();
    record.revoked_at.is_none_or(|at| at > now)
        && record.expires_at.is_none_or(|at| at > now)
        && owner_remains(accounts, record)
}

/// True unless the account that a session or personal token belongs to is gone, or, for a session, has
/// another password now.
fn owner_remains(accounts: &Accounts, record: &ApiKeyRecord) -> bool {
    let Some(owner) = &record.owner else { return true };
    if owner.name.starts_with("ssk_") && record.kind == KeyKind::PersonalToken {
        return true;
    }
    let Some(account) = &accounts.admin else { return false };
    let same = owner.account.as_ref().is_none_or(|print| *print == account.fingerprint());
    account.username == owner.name && same
}

/// True while whom a long answer goes to may still have it: its token or key was not revoked and has not
/// expired. A store that cannot tell ends nothing.
pub async fn still_valid(ctx: &Context, principal: &Principal) -> bool {
    match principal {
        Principal::JobToken { tenant, job_id } => match ctx.store.shared_job(tenant, job_id).await {
            Ok(Some(job)) => job.token.as_ref().is_some_and(|token| token.is_alive(ctx.clock.now())),
            Ok(None) => false,
            Err(_) => true,
        },
        Principal::ApiKey { key_id, .. } => match ctx.store.api_key(key_id).await {
            Ok(Some(key)) => is_alive(ctx, &ctx.accounts.load(), &key),
            Ok(None) => ctx.accounts.load().bootstrap_key.as_ref().is_some_and(|key| key.key_id == *key_id),
            Err(_) => true,
        },
    }
}

/// Least time between two notes of a key's use.
const USE_RESOLUTION: chrono::Duration = chrono::Duration::minutes(1);

/// Notes when a key was last used. Nobody waits for it, and a lost race or a busy store loses a note only.
fn note_use(ctx: &Context, record: ApiKeyRecord) {
    let now = ctx.clock.now();
    if record.last_used_at.is_some_and(|at| now - at < USE_RESOLUTION) {
        return;
    }
    let expect = Expect::Version(record.version);
    let next = ApiKeyRecord { version: record.version + 1, last_used_at: Some(now), ..record };
    let write = Write::Put { record: Record::ApiKey(Box::new(next)), expect };
    let housekeeping = Some(Housekeeping::LastUsed);
    let commit = Commit {
        id: ctx.ids.id("commit"),
        writes: vec![write],
        audit: Vec::new(),
        housekeeping,
        within: None,
    };
    // outside of the request's span, whose trace is not known before it is authenticated
    tracing::debug_span!(parent: None, "note_use", otel.discard = true)
        .in_scope(|| drop(ctx.store.commit(commit)));
}

pub(super) fn equal_in_constant_time(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// The refusal of a credential that opens nothing.
pub(super) fn invalid() -> Problem {
    Problem::new(ErrorCode::AuthTokenInvalid, "the credential is unknown, expired or revoked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_known_forms_are_read() {
        let secret = "a".repeat(43);
        assert!(matches!(parse_credential(&format!("ssv1.job_1.{secret}")), Ok(Credential::JobToken { .. })));
        assert!(matches!(parse_credential(&format!("ssk_k1_{secret}")), Ok(Credential::ApiKey { .. })));
        let long = "a".repeat(43);
        for (prefix, expected) in [("sss", KeyKind::Session), ("ssp", KeyKind::PersonalToken)] {
            let read = parse_credential(&format!("{prefix}_k1_{long}"));
            assert!(matches!(read, Ok(Credential::ApiKey { kind, .. }) if kind == expected), "{prefix}");
        }
        for bad in [
            "",
            "ssx_k1_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "x",
            "ssv1.",
            "ssv1.job",
            "ssv1.job.short",
            "ssk_a",
            "ssk__aaaaaaaaaaaaaaaaaaaa",
            "ssv1.../a",
        ] {
            let refused = parse_credential(bad).expect_err(bad);
            assert_eq!(refused.code, ErrorCode::AuthBearerTokenInvalid, "{bad}");
        }
        assert!(parse_credential(&format!("ssv1.job_1.{}", "a".repeat(600))).is_err());
    }
}
