//! Task codes: create, list, revoke, delete. A code is shown once, at its creation.

use chrono::{DateTime, Utc};

use crate::domain::canonical::sha256_hex;
use crate::domain::credential::TaskCodeRecord;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{CodeId, TenantId};
use crate::domain::trial::TrialTerms;
use crate::ports::store::{Expect, Page, Record, StoreExt, Write};
use crate::service::access::credentials::{Ports, expiry, is_base32};
use crate::service::shared::commits::{Attempt, read_problem, with_retries};
use crate::service::shared::context::Caller;

/// Most codes of one request.
pub const MAX_COUNT: usize = 500;
/// Validity where none is stated.
pub const DEFAULT_DAYS: u32 = 30;

/// Prefix of every task code.
const PREFIX: &str = "ssc_";
/// 26 characters of 5 bits: 130 random bits.
const SECRET_CHARS: usize = 26;

/// True if a text has the form of a task code.
pub fn is_task_code(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|secret| secret.len() == SECRET_CHARS && is_base32(secret))
}

/// A new code with its record.
#[derive(Debug, Clone)]
pub struct IssuedCode {
    /// The code in plain text; the store has its hash.
    pub task_code: String,
    /// Stored record.
    pub record: TaskCodeRecord,
}

/// Creates codes of a tenant in one commit.
pub struct CreateTaskCodes<'a>(pub Ports<'a>);

impl CreateTaskCodes<'_> {
    /// Creates `count` codes.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED`; `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        count: usize,
        expires_in_days: Option<u32>,
    ) -> Result<Vec<IssuedCode>, Problem> {
        if count == 0 || count > MAX_COUNT {
            return Err(Problem::validation("count", format!("must be 1 to {MAX_COUNT}")));
        }
        let expires_at = expiry(self.0.clock.now(), expires_in_days.unwrap_or(DEFAULT_DAYS))?;
        self.issue(caller, tenant, count, expires_at, None).await
    }

    /// Creates the code of a trial.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn trial(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        expires_at: DateTime<Utc>,
        terms: TrialTerms,
    ) -> Result<IssuedCode, Problem> {
        let mut issued = self.issue(caller, tenant, 1, expires_at, Some(terms)).await?;
        issued.pop().ok_or_else(Problem::internal)
    }

    async fn issue(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        count: usize,
        expires_at: DateTime<Utc>,
        trial: Option<TrialTerms>,
    ) -> Result<Vec<IssuedCode>, Problem> {
        let ports = self.0;
        let now = ports.clock.now();
        let issued: Vec<IssuedCode> = (0..count)
            .map(|_| {
                let task_code = format!("{PREFIX}{}", ports.random_text(SECRET_CHARS));
                let record = TaskCodeRecord {
                    code_id: CodeId::parse(ports.ids.id("tc")).expect("ids of the service are valid"),
                    version: 1,
                    tenant_id: tenant.clone(),
                    code_sha256: sha256_hex(&task_code),
                    created_at: now,
                    expires_at,
                    used_at: None,
                    job_id: None,
                    requirement_sha256: None,
                    trial: trial.clone(),
                    revoked_at: None,
                    deleted_at: None,
                };
                IssuedCode { task_code, record }
            })
            .collect();
        let put = |code: &IssuedCode| Write::Put {
            record: Record::TaskCode(Box::new(code.record.clone())),
            expect: Expect::Absent,
        };
        let event = |code: &IssuedCode| {
            let states = (None, Some("unused"));
            ports.event(caller, tenant, "task_code.created", resource(&code.record.code_id), states)
        };
        let written =
            ports.commit(issued.iter().map(put).collect(), issued.iter().map(event).collect()).await;
        written.map_err(|attempt| match attempt {
            Attempt::Refused(problem) => problem,
            // fresh random ids do not meet stored ones
            Attempt::Lost { .. } => Problem::internal(),
        })?;
        Ok(issued)
    }
}

/// Lists codes, newest first.
pub struct ListTaskCodes<'a>(pub Ports<'a>);

impl ListTaskCodes<'_> {
    /// Returns a page of the codes of a tenant, or of all.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for a bad cursor; `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        tenant: Option<TenantId>,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<TaskCodeRecord>, Problem> {
        self.0.store.list_task_codes(tenant, cursor, limit).await.map_err(read_problem)
    }
}

/// Revokes a code; with a used one, also the token of its job.
pub struct RevokeTaskCode<'a>(pub Ports<'a>);

impl RevokeTaskCode<'_> {
    /// Revokes a code of a tenant (any tenant when absent); a revoked one is answered as it is.
    ///
    /// # Errors
    /// `TASK_CODE_NOT_FOUND`; `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: Option<&TenantId>,
        code_id: &CodeId,
    ) -> Result<TaskCodeRecord, Problem> {
        let ports = self.0;
        with_retries(None, || async {
            let code = load(ports, tenant, code_id).await?;
            if code.revoked_at.is_some() {
                return Ok(code);
            }
            let now = ports.clock.now();
            let mut next = code.clone();
            next.version += 1;
            next.revoked_at = Some(now);
            let states = (Some(code.status(now)), Some("revoked"));
            let mut writes = vec![replace(&next)];
            let mut audit =
                vec![ports.event(caller, &code.tenant_id, "task_code.revoked", resource(code_id), states)];
            if let Some(job_id) = &code.job_id
                && let Some(job) = ports.store.job(&code.tenant_id, job_id).await.map_err(read_problem)?
            {
                let states = (Some(job.status.as_str()), Some(job.status.as_str()));
                audit.push(ports.event(caller, &code.tenant_id, "job.token_revoked", job.resource(), states));
                let record = Record::from(job.revoke_token(now));
                writes.push(Write::Put { record, expect: Expect::Version(job.version) });
            }
            ports.commit(writes, audit).await?;
            Ok(next)
        })
        .await
    }
}

/// Deletes a code; a tombstone keeps it from working again.
pub struct DeleteTaskCode<'a>(pub Ports<'a>);

impl DeleteTaskCode<'_> {
    /// Deletes a code of a tenant (any tenant when absent).
    ///
    /// # Errors
    /// `TASK_CODE_NOT_FOUND`, also for a deleted one; `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: Option<&TenantId>,
        code_id: &CodeId,
    ) -> Result<TaskCodeRecord, Problem> {
        let ports = self.0;
        with_retries(None, || async {
            let code = load(ports, tenant, code_id).await?;
            let now = ports.clock.now();
            let mut next = code.clone();
            next.version += 1;
            next.deleted_at = Some(now);
            let states = (Some(code.status(now)), Some("deleted"));
            let event = ports.event(caller, &code.tenant_id, "task_code.deleted", resource(code_id), states);
            ports.commit(vec![replace(&next)], vec![event]).await?;
            Ok(next)
        })
        .await
    }
}

/// The refusal for codes that do not exist for this caller.
pub(super) fn not_found() -> Problem {
    Problem::new(ErrorCode::TaskCodeNotFound, "there is no such task code")
}

/// The resource name that audit events use.
pub(super) fn resource(code_id: &CodeId) -> String {
    format!("task_code:{code_id}")
}

/// The write of the next version of a code.
pub(super) fn replace(next: &TaskCodeRecord) -> Write {
    let record = Record::TaskCode(Box::new(next.clone()));
    Write::Put { record, expect: Expect::Version(next.version - 1) }
}

async fn load(
    ports: Ports<'_>,
    tenant: Option<&TenantId>,
    code_id: &CodeId,
) -> Result<TaskCodeRecord, Problem> {
    ports
        .store
        .task_code(code_id)
        .await
        .map_err(read_problem)?
        .filter(|code| code.deleted_at.is_none() && tenant.is_none_or(|t| *t == code.tenant_id))
        .ok_or_else(not_found)
}
