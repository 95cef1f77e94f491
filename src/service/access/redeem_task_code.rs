//! Redeems a task code: one commit uses the code and creates the job. Anyone who repeats it gets the same.

use chrono::{DateTime, Utc};

use crate::domain::audit::Actor;
use crate::domain::canonical::sha256_hex;
use crate::domain::credential::{TaskCodeRecord, job_token, job_token_secret};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::job::ops::NewJob;
use crate::domain::job::record::{DataSharing, TokenState};
use crate::ports::store::{Expect, Record, StoreExt, Write};
use crate::service::access::credentials::{Ports, expiry};
use crate::service::access::task_codes::{is_task_code, not_found, replace, resource};
use crate::service::shared::commits::{Attempt, job_event, read_problem, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::{admit_job, check_sharing, default_sharing};
use crate::telemetry::traces;

/// Longest requirement, in characters.
pub const REQUIREMENT_MAX_CHARS: usize = 20_000;
/// Longest reference of a client, in characters.
pub const CLIENT_REF_MAX_CHARS: usize = 200;

/// Request of a redeem.
#[derive(Debug, Clone)]
pub struct RedeemRequest {
    /// The code in plain text, as its holder typed it.
    pub task_code: String,
    /// Required the first time; may be empty.
    pub requirement: Option<String>,
    /// Data that a language model may see; absent: the default of the service, within the tenant's limit.
    pub data_sharing: Option<DataSharing>,
    /// The client's own reference, at most 200 characters.
    pub client_ref: Option<String>,
}

/// The job and its token.
#[derive(Debug, Clone, PartialEq)]
pub struct Redeemed {
    /// Job that the code made; the same on a repeated redeem.
    pub job_id: JobId,
    /// Job token `ssv1.<job_id>.<secret>`; a repeated redeem returns the same.
    pub token: String,
    /// Expiry of the token (UTC).
    pub expires_at: DateTime<Utc>,
    /// The code had been redeemed before.
    pub is_idempotent: bool,
}

/// The use case.
pub struct RedeemTaskCode<'a>(pub &'a Context);

impl RedeemTaskCode<'_> {
    /// Redeems a code of a tenant.
    ///
    /// # Errors
    /// `TASK_CODE_INVALID`, `TASK_CODE_NOT_FOUND` (also for another tenant's), `TASK_CODE_EXPIRED`,
    /// `TASK_CODE_REVOKED`, `TASK_CODE_REDEEM_CONFLICT` (another requirement),
    /// `INPUT_VALIDATION_FAILED`, `STORAGE_FULL`, `STORE_UNAVAILABLE`, `QUOTA_EXCEEDED`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        request: &RedeemRequest,
    ) -> Result<Redeemed, Problem> {
        if !is_task_code(&request.task_code) {
            let message = "the task code does not have the form of one (ssc_ and 26 characters)";
            return Err(Problem::new(ErrorCode::TaskCodeInvalid, message));
        }
        check_lengths(request)?;
        let hash = sha256_hex(&request.task_code);
        with_retries(None, || async {
            let found = self.0.store.task_code_by_hash(&hash).await.map_err(read_problem)?;
            let code = found
                .filter(|code| code.tenant_id == *tenant && code.deleted_at.is_none())
                .ok_or_else(not_found)?;
            if code.revoked_at.is_some() {
                return Err(revoked().into());
            }
            match &code.job_id {
                Some(job_id) => Ok(self.again(&code, job_id, request).await?),
                None => self.first(caller, &code, request).await,
            }
        })
        .await
    }

    /// Returns a code that was redeemed before.
    async fn again(
        &self,
        code: &TaskCodeRecord,
        job_id: &JobId,
        request: &RedeemRequest,
    ) -> Result<Redeemed, Problem> {
        if let Some(requirement) = &request.requirement
            && code.requirement_sha256.as_ref().is_some_and(|hash| *hash != sha256_hex(requirement))
        {
            let message = "the code was redeemed with another requirement; use a new code for a new question";
            return Err(
                Problem::new(ErrorCode::TaskCodeRedeemConflict, message).with("job_id", job_id.as_str())
            );
        }
        let job = self.0.load_job(&code.tenant_id, job_id).await?;
        if let Some(created) = &job.trace.created {
            tracing::Span::current().record("otel.link", created);
        }
        let token = job.token.as_ref().filter(|token| !token.revoked).ok_or_else(revoked)?;
        let secret = job_token_secret(&request.task_code, &job.tenant_id, job_id, token.generation);
        Ok(Redeemed {
            job_id: job_id.clone(),
            token: job_token(job_id, &secret),
            expires_at: token.expires_at,
            is_idempotent: true,
        })
    }

    /// Uses the code and creates the job in one commit.
    async fn first(
        &self,
        caller: &Caller,
        code: &TaskCodeRecord,
        request: &RedeemRequest,
    ) -> Result<Redeemed, Attempt> {
        let ctx = self.0;
        let ports = Ports::from(ctx);
        let now = ctx.clock.now();
        if code.expires_at <= now {
            let message = "the task code has expired; ask for a new one";
            return Err(Problem::new(ErrorCode::TaskCodeExpired, message)
                .with("expired_at", serde_json::json!(code.expires_at))
                .into());
        }
        let Some(requirement) = &request.requirement else {
            let reason = "is required when a code is redeemed for the first time; it may be empty";
            return Err(Problem::validation("requirement", reason).into());
        };
        ctx.check_space().await?;
        let sharing = match request.data_sharing {
            None => default_sharing(ctx, &code.tenant_id),
            Some(asked) => {
                check_sharing(ctx, &code.tenant_id, asked)?;
                asked
            }
        };
        let admitted = admit_job(ctx, &code.tenant_id).await?;
        let job_id = JobId::parse(ctx.ids.id("job")).expect("ids of the service are valid");
        let secret = job_token_secret(&request.task_code, &code.tenant_id, &job_id, 1);
        let trial = code.trial.as_ref().map(|terms| terms.begin(now));
        let expires_at = match &trial {
            Some(trial) => trial.expires_at,
            None => expiry(now, ctx.options.token_days)?,
        };
        let mut job = JobRecord::create(
            NewJob {
                tenant_id: code.tenant_id.clone(),
                job_id: job_id.clone(),
                trace_id: caller.trace_id.clone(),
                requirement: requirement.clone(),
                client_ref: request.client_ref.clone(),
                data_sharing: sharing,
                token: Some(TokenState {
                    code_id: code.code_id.clone(),
                    secret_sha256: sha256_hex(&secret),
                    generation: 1,
                    expires_at,
                    revoked: false,
                }),
                trial,
                expires_at: None,
            },
            now,
        );
        job.trace.created = traces::current();
        let mut used = code.clone();
        used.version += 1;
        used.used_at = Some(now);
        used.job_id = Some(job_id.clone());
        used.requirement_sha256 = Some(sha256_hex(requirement));
        // the holder of the code acts, whatever the request was made through
        let caller = Caller {
            actor: Actor { kind: "task_code".to_owned(), id: code.code_id.to_string() },
            ..caller.clone()
        };
        let states = (Some("unused"), Some("used"));
        let audit = vec![
            ports.event(&caller, &code.tenant_id, "task_code.redeemed", resource(&code.code_id), states),
            job_event(ctx, &caller, "job.created", None, &job),
        ];
        let create = Write::Put { record: Record::from(job), expect: Expect::Absent };
        ports.commit_within(vec![replace(&used), create], audit, &admitted).await?;
        Ok(Redeemed { token: job_token(&job_id, &secret), job_id, expires_at, is_idempotent: false })
    }
}

fn revoked() -> Problem {
    Problem::new(ErrorCode::TaskCodeRevoked, "the task code was revoked")
}

fn check_lengths(request: &RedeemRequest) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut check = |path: &str, text: Option<&String>, max: usize| {
        if text.is_some_and(|text| text.chars().count() > max) {
            errors.push((path.to_owned(), format!("must have at most {max} characters")));
        }
    };
    check("requirement", request.requirement.as_ref(), REQUIREMENT_MAX_CHARS);
    check("client_ref", request.client_ref.as_ref(), CLIENT_REF_MAX_CHARS);
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation_all(errors)) }
}
