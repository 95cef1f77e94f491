//! Task codes, redeem and job tokens at the use cases: one job per code, the same token each time.

use std::sync::Arc;

use chrono::Duration;
use futures_util::future::join_all;
use stata_service::domain::audit::Actor;
use stata_service::domain::credential::Principal;
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::domain::ids::{TenantId, TraceId};
use stata_service::ports::store::{JobFilter, StoreExt};
use stata_service::service::access::authenticate::{authenticate, parse_credential};
use stata_service::service::access::credentials::Ports;
use stata_service::service::access::redeem_task_code::{RedeemRequest, RedeemTaskCode, Redeemed};
use stata_service::service::access::task_codes::{
    CreateTaskCodes, DeleteTaskCode, IssuedCode, ListTaskCodes, RevokeTaskCode,
};
use stata_service::service::{Caller, Context};

use crate::support::clock::ManualClock;
use crate::support::context::context;
use crate::support::records::tenant;

/// Someone who asks.
pub(crate) fn caller() -> Caller {
    Caller {
        actor: Actor { kind: "api_key".to_owned(), id: "k1".to_owned() },
        trace_id: TraceId::parse("1".repeat(32)).expect("valid"),
        address: None,
        reason: None,
    }
}

/// A running set of use cases on a store of its own.
struct Bench {
    ctx: Arc<Context>,
    clock: Arc<ManualClock>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::new());
        Self { ctx: Arc::new(context(dir.path(), clock.clone())), clock, _dir: dir }
    }

    fn ports(&self) -> Ports<'_> {
        Ports::from(self.ctx.as_ref())
    }

    async fn code(&self, tenant: &TenantId) -> IssuedCode {
        let made = CreateTaskCodes(self.ports()).execute(&caller(), tenant, 1, Some(7)).await;
        made.expect("creates").remove(0)
    }

    async fn redeem(&self, tenant: &TenantId, code: &str, requirement: &str) -> Result<Redeemed, Problem> {
        redeem(&self.ctx, tenant, code, Some(requirement)).await
    }

    async fn authenticate(&self, text: &str) -> Result<Principal, Problem> {
        Ok(authenticate(&self.ctx, parse_credential(text)?, None, String::new).await?.principal)
    }
}

pub(crate) async fn redeem(
    ctx: &Context,
    tenant: &TenantId,
    code: &str,
    requirement: Option<&str>,
) -> Result<Redeemed, Problem> {
    let request = RedeemRequest {
        task_code: code.to_owned(),
        requirement: requirement.map(str::to_owned),
        data_sharing: None,
        client_ref: None,
    };
    RedeemTaskCode(ctx).execute(&caller(), tenant, &request).await
}

fn code_of<T: std::fmt::Debug>(outcome: Result<T, Problem>) -> ErrorCode {
    outcome.expect_err("refused").code
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_concurrent_redeems_make_one_job_and_one_token() {
    let bench = Bench::new();
    let home = TenantId::default_tenant();
    let code = bench.code(&home).await;
    let redeems = (0..200).map(|_| {
        let (ctx, home, text) = (Arc::clone(&bench.ctx), home.clone(), code.task_code.clone());
        tokio::spawn(async move { redeem(&ctx, &home, &text, Some("Does x raise y?")).await })
    });
    let mut answers = Vec::new();
    for answer in join_all(redeems).await {
        answers.push(answer.expect("does not panic").expect("redeems"));
    }
    assert_eq!(answers.iter().filter(|a| !a.is_idempotent).count(), 1);
    for answer in &answers {
        assert_eq!((&answer.job_id, &answer.token), (&answers[0].job_id, &answers[0].token));
        assert_eq!(answer.expires_at, answers[0].expires_at);
    }
    let page = bench.ctx.store.list_jobs(JobFilter { limit: 10, ..Default::default() }).await.expect("lists");
    assert_eq!(page.items.len(), 1);
    let principal = bench.authenticate(&answers[0].token).await.expect("the token works");
    assert_eq!(principal, Principal::JobToken { tenant: home, job_id: answers[0].job_id.clone() });
    let actions: Vec<String> = bench
        .ctx
        .audit_log
        .events(0, 0, 10)
        .await
        .expect("reads")
        .into_iter()
        .map(|e| e.event.action)
        .collect();
    assert_eq!(actions, ["task_code.created", "task_code.redeemed", "job.created"]);
}

#[tokio::test]
async fn only_an_issued_valid_code_of_this_tenant_redeems() {
    let bench = Bench::new();
    let (home, other) = (TenantId::default_tenant(), tenant("other"));
    let code = bench.code(&other).await;
    let never = format!("ssc_{}", "0".repeat(26));
    assert_eq!(code_of(bench.redeem(&home, &never, "").await), ErrorCode::TaskCodeNotFound);
    assert_eq!(code_of(bench.redeem(&home, &code.task_code, "").await), ErrorCode::TaskCodeNotFound);
    for malformed in ["", "ssc_", "ssc_ILOU", &code.task_code.to_uppercase(), &format!("{never}0")] {
        assert_eq!(code_of(bench.redeem(&home, malformed, "").await), ErrorCode::TaskCodeInvalid);
    }
    let missing = redeem(&bench.ctx, &other, &code.task_code, None).await.expect_err("refused");
    assert_eq!(missing.code, ErrorCode::InputValidationFailed);
    assert_eq!(missing.context["errors"][0]["path"], "requirement");
    bench.clock.advance(Duration::days(7));
    assert_eq!(code_of(bench.redeem(&other, &code.task_code, "").await), ErrorCode::TaskCodeExpired);
    let page = bench.ctx.store.list_jobs(JobFilter { limit: 10, ..Default::default() }).await.expect("lists");
    assert!(page.items.is_empty(), "nothing was created");
}

#[tokio::test]
async fn a_repeated_redeem_answers_the_same_and_another_requirement_conflicts() {
    let bench = Bench::new();
    let home = TenantId::default_tenant();
    let code = bench.code(&home).await;
    let first = bench.redeem(&home, &code.task_code, "").await.expect("an empty requirement is one");
    let conflict = bench.redeem(&home, &code.task_code, "another").await.expect_err("refused");
    assert_eq!(conflict.code, ErrorCode::TaskCodeRedeemConflict);
    let unstated = redeem(&bench.ctx, &home, &code.task_code, None).await.expect("redeems again");
    assert_eq!((unstated.token, unstated.is_idempotent), (first.token.clone(), true));
    // a used code still answers after its own expiry; the token's expiry decides
    bench.clock.advance(Duration::days(8));
    let late = bench.redeem(&home, &code.task_code, "").await.expect("redeems again");
    assert_eq!(late.token, first.token);
    bench.clock.advance(Duration::days(60));
    assert_eq!(code_of(bench.authenticate(&first.token).await), ErrorCode::AuthTokenInvalid);
}

#[tokio::test]
async fn revoking_a_used_code_revokes_its_token_and_deletion_keeps_it_dead() {
    let bench = Bench::new();
    let home = TenantId::default_tenant();
    let code = bench.code(&home).await;
    let redeemed = bench.redeem(&home, &code.task_code, "q").await.expect("redeems");
    bench.authenticate(&redeemed.token).await.expect("the token works");
    let id = &code.record.code_id;
    let foreign = RevokeTaskCode(bench.ports()).execute(&caller(), Some(&tenant("other")), id).await;
    assert_eq!(code_of(foreign), ErrorCode::TaskCodeNotFound);
    let revoke = RevokeTaskCode(bench.ports());
    let revoked = revoke.execute(&caller(), Some(&home), id).await.expect("revokes");
    assert_eq!(revoke.execute(&caller(), Some(&home), id).await.expect("again"), revoked);
    assert_eq!(code_of(bench.authenticate(&redeemed.token).await), ErrorCode::AuthTokenInvalid);
    assert_eq!(code_of(bench.redeem(&home, &code.task_code, "q").await), ErrorCode::TaskCodeRevoked);
    let delete = DeleteTaskCode(bench.ports());
    delete.execute(&caller(), Some(&home), id).await.expect("deletes");
    assert_eq!(code_of(delete.execute(&caller(), Some(&home), id).await), ErrorCode::TaskCodeNotFound);
    assert_eq!(code_of(bench.redeem(&home, &code.task_code, "q").await), ErrorCode::TaskCodeNotFound);
    assert_eq!(code_of(bench.authenticate(&redeemed.token).await), ErrorCode::AuthTokenInvalid);
    let page = ListTaskCodes(bench.ports()).execute(Some(home), None, 10).await.expect("lists");
    assert_eq!(page.items[0].status(bench.ctx.clock.now()), "deleted", "the tombstone stays");
}

#[tokio::test]
async fn five_hundred_codes_are_one_commit_and_leave_no_secret_behind() {
    let bench = Bench::new();
    let home = TenantId::default_tenant();
    let create = CreateTaskCodes(bench.ports());
    for (count, days) in [(0, 1), (501, 1), (1, 0), (1, 100_000)] {
        let refused = create.execute(&caller(), &home, count, Some(days)).await;
        assert_eq!(code_of(refused), ErrorCode::InputValidationFailed, "{count} {days}");
    }
    let codes = create.execute(&caller(), &home, 500, None).await.expect("creates");
    let distinct: std::collections::HashSet<&str> = codes.iter().map(|c| c.task_code.as_str()).collect();
    assert_eq!((codes.len(), distinct.len()), (500, 500));
    assert_eq!(bench.ctx.store.status().sequence, 1);
    let stored = bench.ctx.store.list_task_codes(None, None, 1000).await.expect("lists").items;
    let text = serde_json::to_string(&stored).expect("serialises");
    assert!(codes.iter().all(|c| !text.contains(&c.task_code)));
}
