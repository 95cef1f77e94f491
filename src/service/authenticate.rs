//! From the text of a credential to the principal that a request acts as.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::commits::read_problem;
use super::context::Context;
use crate::domain::canonical::sha256_hex;
use crate::domain::credential::{ApiKeyRecord, Principal, Role};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, KeyId, TenantId};
use crate::domain::job::JobRecord;
use crate::ports::store::{Commit, Expect, Housekeeping, Record, Write};

/// A bearer credential that has the right form; nothing was looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// `ssv1.<job_id>.<secret>`
    JobToken { job_id: JobId, secret: String },
    /// `ssk_<id>_<secret>`
    ApiKey { key_id: KeyId, secret: String },
}

/// The administrator's key of the configuration, accepted until it is revoked in the store.
#[derive(Debug, Clone)]
pub struct BootstrapKey {
    pub key_id: KeyId,
    /// SHA-256 (hex) of the secret.
    pub secret_sha256: String,
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
            "the credential is neither a job token (ssv1.…) nor an API key (ssk_…)",
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
    let rest = text.strip_prefix("ssk_").ok_or_else(unreadable)?;
    let (id, secret) = rest.split_once('_').ok_or_else(unreadable)?;
    let key_id = KeyId::parse(id).map_err(|_| unreadable())?;
    secret_ok(secret).then(|| Credential::ApiKey { key_id, secret: secret.to_owned() }).ok_or_else(unreadable)
}

/// Looks a credential up and returns whom it stands for. `stated_tenant` is the header's, which must
/// agree with the credential's.
///
/// # Errors
/// `AUTH_TOKEN_INVALID` if unknown, wrong, expired or revoked; `JOB_NOT_FOUND` for another tenant's header.
pub async fn authenticate(
    ctx: &Context,
    credential: Credential,
    stated_tenant: Option<&TenantId>,
) -> Result<Authenticated, Problem> {
    match credential {
        Credential::JobToken { job_id, secret } => job_token(ctx, job_id, &secret, stated_tenant).await,
        Credential::ApiKey { key_id, secret } => {
            let principal = api_key(ctx, key_id, &secret, stated_tenant).await?;
            Ok(Authenticated { principal, job: None })
        }
    }
}

/// Whom a credential stands for.
pub struct Authenticated {
    pub principal: Principal,
    /// The job of a token, as it was read to check the token.
    pub job: Option<Arc<JobRecord>>,
}

async fn job_token(
    ctx: &Context,
    job_id: JobId,
    secret: &str,
    stated_tenant: Option<&TenantId>,
) -> Result<Authenticated, Problem> {
    let now = ctx.clock.now();
    let hash = sha256_hex(secret);
    let mut owner = None;
    for job in ctx.store.jobs_by_id(&job_id).await.map_err(read_problem)? {
        let Some(token) = &job.token else { continue };
        let alive = !token.revoked && token.expires_at > now;
        if equal_in_constant_time(&hash, &token.secret_sha256) && alive {
            owner = Some(job);
        }
    }
    let job = owner.ok_or_else(invalid)?;
    let tenant = job.tenant_id.clone();
    if stated_tenant.is_some_and(|stated| *stated != tenant) {
        return Err(Problem::new(ErrorCode::JobNotFound, "there is no such job"));
    }
    Ok(Authenticated { principal: Principal::JobToken { tenant, job_id }, job: Some(job) })
}

async fn api_key(
    ctx: &Context,
    key_id: KeyId,
    secret: &str,
    stated_tenant: Option<&TenantId>,
) -> Result<Principal, Problem> {
    let hash = sha256_hex(secret);
    let stored = ctx.store.api_key(&key_id).await.map_err(read_problem)?;
    let (expected, tenant, role) = match &stored {
        Some(record) => {
            let now = ctx.clock.now();
            let alive =
                record.revoked_at.is_none_or(|at| at > now) && record.expires_at.is_none_or(|at| at > now);
            if !alive {
                return Err(invalid());
            }
            (record.secret_sha256.as_str(), record.tenant_id.clone(), record.role)
        }
        None => match &ctx.options.bootstrap_key {
            Some(key) if key.key_id == key_id => {
                (key.secret_sha256.as_str(), TenantId::default_tenant(), Role::Admin)
            }
            _ => return Err(invalid()),
        },
    };
    if !equal_in_constant_time(&hash, expected) {
        return Err(invalid());
    }
    if let Some(record) = stored {
        note_use(ctx, record);
    }
    let tenant = match (role, stated_tenant) {
        (Role::Admin, Some(stated)) => stated.clone(),
        (_, Some(stated)) if *stated != tenant => {
            return Err(Problem::new(ErrorCode::JobNotFound, "there is no such job"));
        }
        _ => tenant,
    };
    Ok(Principal::ApiKey { tenant, key_id, role })
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
    drop(ctx.store.commit(Commit {
        id: ctx.ids.id("commit"),
        writes: vec![write],
        audit: Vec::new(),
        housekeeping,
    }));
}

fn equal_in_constant_time(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn invalid() -> Problem {
    Problem::new(ErrorCode::AuthTokenInvalid, "the credential is unknown, expired or revoked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_forms_are_read() {
        let secret = "a".repeat(43);
        assert!(matches!(parse_credential(&format!("ssv1.job_1.{secret}")), Ok(Credential::JobToken { .. })));
        assert!(matches!(parse_credential(&format!("ssk_k1_{secret}")), Ok(Credential::ApiKey { .. })));
        for bad in [
            "",
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
