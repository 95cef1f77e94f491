//! What the benchmarks of the two stores have in common: commits of new jobs, and reads of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use stata_service::domain::audit::{Actor, AuditEvent};
use stata_service::domain::ids::{CodeId, JobId, TenantId, TraceId};
use stata_service::domain::job::JobRecord;
use stata_service::domain::job::ops::NewJob;
use stata_service::domain::job::record::{DataSharing, TokenState};
use stata_service::ports::store::{Commit, Expect, Record, Store, StoreExt, Write};

use crate::report::sized;

/// Wall time of each measurement.
pub(crate) fn time() -> Duration {
    Duration::from_millis(sized(2000, 800))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("a valid time")
}

/// A new job whose record has about 2 KB.
pub(crate) fn new_job(n: u64) -> JobRecord {
    JobRecord::create(
        NewJob {
            tenant_id: TenantId::default_tenant(),
            job_id: JobId::parse(format!("job_{n:020}")).expect("a valid id"),
            trace_id: TraceId::parse("0".repeat(32)).expect("a valid id"),
            requirement: "Does treatment raise income? ".repeat(45),
            client_ref: None,
            data_sharing: DataSharing::Schema,
            token: Some(TokenState {
                code_id: CodeId::parse("code_1").expect("a valid id"),
                secret_sha256: "0".repeat(64),
                generation: 1,
                expires_at: now(),
                revoked: false,
            }),
            trial: None,
            expires_at: None,
        },
        now(),
    )
}

pub(crate) fn event() -> AuditEvent {
    AuditEvent {
        time: now(),
        tenant: TenantId::default_tenant(),
        actor: Actor::system("bench"),
        action: "job.created".to_owned(),
        resource: "job:1".to_owned(),
        before: None,
        after: Some("created".to_owned()),
        reason: None,
        trace_id: None,
        address: None,
        detail: serde_json::Value::Null,
    }
}

fn commit(n: u64) -> Commit {
    let record = Record::from(new_job(n));
    let writes = vec![Write::Put { record, expect: Expect::Absent }];
    Commit { id: format!("commit_{n:020}"), writes, audit: vec![event()], housekeeping: None, within: None }
}

/// Returns durable commits per second, a new job each, by `callers` callers. A store has nothing but such jobs.
pub(crate) async fn commits_per_second(store: &Arc<dyn Store>, callers: usize) -> f64 {
    let next = Arc::new(AtomicU64::new(store.status().sequence + 1));
    rate(store, callers, move |store, _, _| {
        let next = Arc::clone(&next);
        async move {
            store.commit(commit(next.fetch_add(1, Ordering::Relaxed))).await.expect("commits");
        }
    })
    .await
}

/// Returns reads per second of single jobs out of `span`, by `callers` callers.
pub(crate) async fn reads_per_second(store: &Arc<dyn Store>, callers: usize, span: u64) -> f64 {
    rate(store, callers, move |store, caller, done| async move {
        // a step that is coprime to the span visits every job
        let n = 1 + (caller + done * 7919) % span;
        let id = JobId::parse(format!("job_{n:020}")).expect("a valid id");
        store.job(&TenantId::default_tenant(), &id).await.expect("reads").expect("exists");
        if done.is_multiple_of(64) {
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Calls `work` with the store, the number of the caller and how many calls it has made, over and over, by `callers` callers;
/// returns calls per second.
async fn rate<F, Fut>(store: &Arc<dyn Store>, callers: usize, work: F) -> f64
where
    F: Fn(Arc<dyn Store>, u64, u64) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers as u64)
        .map(|caller| {
            let (store, work) = (Arc::clone(store), work.clone());
            tokio::spawn(async move {
                let mut done = 0_u64;
                while start.elapsed() < time() {
                    work(Arc::clone(&store), caller, done).await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("does not panic");
    }
    done as f64 / start.elapsed().as_secs_f64()
}
