//! What every store promises of its lists: what they hold, in which order, page by page.

use stata_service::domain::audit::{Actor, AuditEvent, AuditFilter};
use stata_service::domain::batch::{BatchRecord, BatchStatus};
use stata_service::domain::ids::{CodeId, JobId, KeyId, TenantId};
use stata_service::domain::job::JobStatus;
use stata_service::ports::audit_log::AuditFrom;
use stata_service::ports::store::{
    CommitError, Due, Housekeeping, JobFilter, Key, ReadError, StoreExt, WebhookScope,
};

use super::store::{Fresh, conformance};
use crate::support::records::*;

conformance![
    audit_events_are_found_by_what_they_say,
    lists_filter_and_page_newest_first,
    a_list_shows_jobs_as_they_were_written_last,
    task_codes_are_found_by_hash_and_hashes_are_unique,
    api_keys_are_listed_by_tenant,
    tenants_are_listed_by_id,
    endpoints_and_deliveries_are_listed,
    batches_are_listed_by_job_and_by_their_end,
    cells_are_left_out_of_lists_and_carry_their_batch_in_the_queue,
    ended_jobs_and_old_inputs_are_found_oldest_first,
];

async fn audit_events_are_found_by_what_they_say(Fresh { store, audit_log, .. }: Fresh) {
    for i in 0..6_i64 {
        let mut c = commit(vec![put(job("default", &format!("job_{i}"), 0))]);
        let resource = format!("job:{}", i % 2);
        let actor = Actor { kind: "api_key".to_owned(), id: format!("k{}", i % 3) };
        let tenant = TenantId::parse(if i < 4 { "default" } else { "other" }).expect("valid");
        c.audit = vec![AuditEvent { resource, actor, tenant, time: time(i), ..event("run.queued") }];
        c.audit.push(AuditEvent { resource: "job:2".to_owned(), time: time(i), ..event("plan.frozen") });
        store.commit(c).await.expect("commits");
    }
    let find = async |filter: AuditFilter, from: AuditFrom, limit: usize| {
        let found = audit_log.find(filter, from, limit).await.expect("reads");
        (found.events.iter().map(|e| e.seq).collect::<Vec<_>>(), found.next)
    };
    let all = AuditFilter::default;
    let of = |resource: &str| AuditFilter { resource: Some(resource.to_owned()), ..all() };
    let oldest = AuditFrom::After(0);
    let newest = AuditFrom::Before(u64::MAX);
    assert_eq!(find(of("job:1"), oldest, 10).await, (vec![3, 7, 11], None));
    assert_eq!(find(of("job:1"), AuditFrom::After(3), 10).await, (vec![7, 11], None));
    assert_eq!(find(of("job:1"), oldest, 2).await, (vec![3, 7], Some(7)));
    assert_eq!(find(of("job:1"), newest, 2).await, (vec![11, 7], Some(7)));
    assert_eq!(find(of("job:1"), AuditFrom::Before(7), 2).await, (vec![3], None));
    assert_eq!(find(of("job:"), oldest, 10).await, (vec![], None));
    let actor = AuditFilter { actor: Some("k1".to_owned()), ..all() };
    assert_eq!(find(actor, newest, 10).await, (vec![9, 3], None));
    let action = |name: &str| AuditFilter { action: Some(name.to_owned()), ..all() };
    assert_eq!(find(action("run."), oldest, 3).await.0, [1, 3, 5]);
    assert_eq!(find(action("run"), oldest, 3).await.0, [0; 0]);
    assert_eq!(find(action("plan.frozen"), newest, 2).await.0, [12, 10]);
    let tenant = AuditFilter { tenant: TenantId::parse("other").ok(), ..all() };
    assert_eq!(find(tenant, oldest, 10).await.0, [9, 11]);
    let span = AuditFilter { since: Some(time(1)), until: Some(time(3)), ..all() };
    assert_eq!(find(span, oldest, 10).await.0, [3, 4, 5, 6]);
}

async fn lists_filter_and_page_newest_first(Fresh { store, .. }: Fresh) {
    for i in 0..10_i64 {
        let mut record = job(if i % 2 == 0 { "even" } else { "odd" }, &format!("job_{i}"), i / 3);
        record.client_ref = (i == 4).then(|| "mine".to_owned());
        store.commit(commit(vec![put(record.clone())])).await.expect("commits");
        if i == 6 {
            store.commit(commit(vec![put(next(&record, JobStatus::DraftReady))])).await.expect("commits");
        }
    }
    let list = async |filter: JobFilter| -> Vec<String> {
        let mut cursor = None;
        let mut ids = Vec::new();
        loop {
            let page =
                store.list_jobs(JobFilter { cursor, limit: 3, ..filter.clone() }).await.expect("lists");
            assert!(page.items.len() <= 3);
            ids.extend(page.items.iter().map(|job| job.job_id.to_string().replace("job_", "")));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return ids;
            }
        }
    };
    let all = JobFilter::default;
    assert_eq!(list(all()).await.join(""), "9876543210");
    let even = Some(tenant("even"));
    assert_eq!(list(JobFilter { tenant: even.clone(), ..all() }).await.join(""), "86420");
    let status = Some(JobStatus::DraftReady);
    assert_eq!(list(JobFilter { status, ..all() }).await.join(""), "6");
    assert_eq!(list(JobFilter { tenant: Some(tenant("odd")), status, ..all() }).await.join(""), "");
    let status = Some(JobStatus::Created);
    assert_eq!(list(JobFilter { tenant: even.clone(), status, ..all() }).await.join(""), "8420");
    let client_ref = Some("mine".to_owned());
    assert_eq!(list(JobFilter { client_ref: client_ref.clone(), ..all() }).await.join(""), "4");
    assert_eq!(list(JobFilter { client_ref, tenant: Some(tenant("odd")), ..all() }).await.join(""), "");
    let (created_after, created_before) = (Some(time(0)), Some(time(2)));
    assert_eq!(list(JobFilter { created_after, created_before, ..all() }).await.join(""), "543");
    let bad = JobFilter { cursor: Some("not a cursor".to_owned()), limit: 3, ..all() };
    assert_eq!(store.list_jobs(bad).await, Err(ReadError::InvalidCursor));
}

async fn a_list_shows_jobs_as_they_were_written_last(Fresh { store, .. }: Fresh) {
    let mut first = job("a", "job_1", 0);
    let mut other = job("b", "job_2", 1);
    store.commit(commit(vec![put(first.clone()), put(other.clone())])).await.expect("commits");
    let listed =
        async || store.list_jobs(JobFilter { limit: 10, ..JobFilter::default() }).await.expect("lists").items;
    for _ in 0..3 {
        // what is read may be kept in memory, and must not be listed after a write
        assert_eq!(store.job(&first.tenant_id, &first.job_id).await, Ok(Some(first.clone())));
        assert_eq!(listed().await, [other.clone(), first.clone()]);
        first = next(&first, JobStatus::DraftReady);
        store.commit(commit(vec![put(first.clone())])).await.expect("commits");
        assert_eq!(listed().await, [other.clone(), first.clone()]);
        other = next(&other, JobStatus::DraftReady);
        store.commit(commit(vec![put(other.clone())])).await.expect("commits");
        assert_eq!(listed().await, [other.clone(), first.clone()]);
    }
}

async fn task_codes_are_found_by_hash_and_hashes_are_unique(Fresh { store, .. }: Fresh) {
    let first = code("a", "c1", "hash1", 0);
    store.commit(commit(vec![put(first.clone()), put(code("b", "c2", "hash2", 1))])).await.expect("commits");
    assert_eq!(store.task_code_by_hash("hash1").await, Ok(Some(first.clone())));
    assert_eq!(store.task_code_by_hash("none").await, Ok(None));
    let id = CodeId::parse("c1").expect("valid");
    assert_eq!(store.task_code(&id).await, Ok(Some(first.clone())));
    let refused = store.commit(commit(vec![put(code("a", "c3", "hash1", 0))])).await;
    assert!(matches!(refused, Err(CommitError::Conflict { .. })), "{refused:?}");
    let mut used = first.clone();
    used.version = 2;
    used.used_at = Some(time(5));
    store.commit(commit(vec![put(used.clone())])).await.expect("keeps its own hash");
    assert_eq!(store.task_code_by_hash("hash1").await, Ok(Some(used)));
    let ids = async |tenant, cursor, limit| {
        let page = store.list_task_codes(tenant, cursor, limit).await.expect("lists");
        let ids: Vec<String> = page.items.iter().map(|c| c.code_id.to_string()).collect();
        (ids.join(","), page.next_cursor)
    };
    assert_eq!(ids(Some(tenant("a")), None, 9).await, ("c1".to_owned(), None));
    let (first_page, cursor) = ids(None, None, 1).await;
    assert_eq!(first_page, "c2");
    assert_eq!(ids(None, cursor, 1).await, ("c1".to_owned(), None));
}

async fn api_keys_are_listed_by_tenant(Fresh { store, .. }: Fresh) {
    let key = api_key("a", "k1", 0);
    store.commit(commit(vec![put(key.clone()), put(api_key("b", "k2", 1))])).await.expect("commits");
    assert_eq!(store.api_key(&KeyId::parse("k1").expect("valid")).await, Ok(Some(key.clone())));
    assert_eq!(store.api_key(&KeyId::parse("k3").expect("valid")).await, Ok(None));
    assert_eq!(store.list_api_keys(Some(tenant("a"))).await, Ok(vec![key.clone()]));
    let all: Vec<String> =
        store.list_api_keys(None).await.expect("lists").iter().map(|k| k.key_id.to_string()).collect();
    assert_eq!(all, ["k2", "k1"]);
    let mut silent = commit(vec![]);
    let mut used = key;
    used.version = 2;
    used.last_used_at = Some(time(9));
    silent.writes.push(put(used.clone()));
    silent.audit.clear();
    silent.housekeeping = Some(Housekeeping::LastUsed);
    store.commit(silent).await.expect("commits");
    assert_eq!(store.api_key(&used.key_id).await, Ok(Some(used.clone())));
}

async fn tenants_are_listed_by_id(Fresh { store, .. }: Fresh) {
    let (a, b) = (tenant_record("a"), tenant_record("b"));
    store.commit(commit(vec![put(b.clone()), put(a.clone())])).await.expect("commits");
    assert_eq!(store.tenant(&a.tenant_id).await, Ok(Some(a.clone())));
    assert_eq!(store.tenant(&tenant("c")).await, Ok(None));
    assert_eq!(store.list_tenants().await, Ok(vec![a.clone(), b]));
    let mut changed = a;
    changed.version = 2;
    changed.limits.jobs = None;
    store.commit(commit(vec![put(changed.clone())])).await.expect("commits");
    assert_eq!(store.tenant(&changed.tenant_id).await, Ok(Some(changed)));
}

async fn endpoints_and_deliveries_are_listed(Fresh { store, .. }: Fresh) {
    let (all, of_job) =
        (webhook("default", "wh_all", None, 1), webhook("default", "wh_job", Some("job_1"), 2));
    let foreign = webhook("acme", "wh_acme", None, 3);
    store
        .commit(commit(vec![put(of_job.clone()), put(foreign.clone()), put(all.clone())]))
        .await
        .expect("commits");
    assert_eq!(store.webhook(&all.webhook_id).await, Ok(Some(all.clone())));
    let job = |id: &str| WebhookScope::Job(id.parse().expect("valid"));
    let own = Some(tenant("default"));
    let list = async |tenant: &Option<TenantId>, scope, limit| {
        store.list_webhooks(tenant.clone(), scope, limit).await.expect("lists")
    };
    assert_eq!(list(&own, WebhookScope::Tenant, 9).await, std::slice::from_ref(&all));
    assert_eq!(list(&own, job("job_1"), 9).await, std::slice::from_ref(&of_job));
    assert_eq!(list(&Some(tenant("acme")), job("job_1"), 9).await, []);
    assert_eq!(list(&own, job("job_2"), 9).await, []);
    assert_eq!(list(&own, WebhookScope::All, 9).await, [all.clone(), of_job.clone()]);
    assert_eq!(list(&None, WebhookScope::All, 2).await, [all.clone(), of_job.clone()]);
    assert_eq!(store.pending_webhooks().await, Ok(Vec::new()));

    let (late, soon) = (delivery("wh_all", "msg_1", 1, Some(90)), delivery("wh_all", "msg_2", 2, Some(80)));
    let (done, other) = (delivery("wh_all", "msg_3", 3, None), delivery("wh_acme", "msg_4", 4, None));
    let records = [&late, &soon, &done, &other].map(|record| put(record.clone()));
    store.commit(commit(records.into())).await.expect("commits");
    assert_eq!(store.delivery(&late.delivery_id).await, Ok(Some(late.clone())));
    assert_eq!(store.pending_webhooks().await, Ok(vec![all.clone()]));
    let id = || all.webhook_id.clone();
    assert_eq!(store.pending_deliveries(id(), 9).await, Ok(vec![soon.clone(), late.clone()]));
    assert_eq!(store.pending_deliveries(id(), 1).await, Ok(vec![soon.clone()]));
    let page = store.list_deliveries(id(), None, 2).await.expect("lists");
    assert_eq!(page.items, [done.clone(), soon.clone()]);
    let rest = store.list_deliveries(id(), page.next_cursor, 2).await.expect("lists");
    assert_eq!((rest.items, rest.next_cursor), (vec![late.clone()], None));
    assert_eq!(store.old_deliveries(time(4), 9).await, Ok(vec![done.clone()]));
    assert_eq!(store.old_deliveries(time(9), 9).await, Ok(vec![done.clone(), other.clone()]));

    let all_but_late = vec![soon.clone(), done.clone(), other];
    assert_eq!(store.old_deliveries(time(81), 9).await, Ok(all_but_late), "due long ago");

    let ended = soon.attempted(attempt(20), None);
    store.commit(commit(vec![put(ended.clone())])).await.expect("commits");
    assert_eq!(store.pending_deliveries(id(), 9).await, Ok(vec![late]));
    assert_eq!(store.old_deliveries(time(9), 1).await, Ok(vec![ended]));
    store.commit(commit(vec![delete(Key::Delivery(done.delivery_id.clone()), 1)])).await.expect("commits");
    assert_eq!(store.delivery(&done.delivery_id).await, Ok(None));
}

async fn batches_are_listed_by_job_and_by_their_end(Fresh { store, .. }: Fresh) {
    let first = batch("default", "batch_1", "job_1", 1, Some(50));
    let second = batch("default", "batch_2", "job_1", 2, None);
    let others = [
        batch("default", "batch_3", "job_2", 3, Some(40)),
        batch("acme", "batch_4", "job_1", 4, Some(60)),
        batch("default", "batch_5", "job_2", 0, None),
    ];
    let all = [&first, &second].into_iter().chain(&others).map(|record| put(record.clone())).collect();
    store.commit(commit(all)).await.expect("commits");
    assert_eq!(store.batch(&first.batch_id).await, Ok(Some(first.clone())));
    assert_eq!(store.batch(&"batch_9".parse().expect("valid")).await, Ok(None));
    let (own, job) = (tenant("default"), "job_1".parse().expect("valid"));
    let page = store.list_batches(&own, &job, None, 1).await.expect("lists");
    assert_eq!(page.items, std::slice::from_ref(&second));
    let rest = store.list_batches(&own, &job, page.next_cursor, 9).await.expect("lists");
    assert_eq!((rest.items, rest.next_cursor), (vec![first.clone()], None));
    let ids =
        |found: Vec<BatchRecord>| -> Vec<String> { found.iter().map(|b| b.batch_id.to_string()).collect() };
    assert_eq!(ids(store.open_batches().await.expect("lists")), ["batch_5", "batch_2"]);
    let due = async |before, limit| ids(store.due_batches(time(before), limit).await.expect("lists"));
    assert_eq!(due(50, 9).await, ["batch_3"], "the bound is exclusive");
    assert_eq!(due(99, 9).await, ["batch_3", "batch_1", "batch_4"]);
    assert_eq!(due(99, 1).await, ["batch_3"]);

    let removed = first.remove_content("request", None, time(70)).expect("ended");
    let ended =
        BatchRecord { version: 2, status: BatchStatus::Succeeded, ended_at: Some(time(45)), ..second };
    store.commit(commit(vec![put(removed.clone()), put(ended)])).await.expect("commits");
    assert_eq!(store.batch(&first.batch_id).await, Ok(Some(removed)));
    assert_eq!(ids(store.open_batches().await.expect("lists")), ["batch_5"]);
    assert_eq!(due(99, 9).await, ["batch_3", "batch_2", "batch_4"], "what was removed is not due");
}

async fn cells_are_left_out_of_lists_and_carry_their_batch_in_the_queue(Fresh { store, .. }: Fresh) {
    let single = job("default", "job_1", 0);
    let cell = cell_of(job("default", "job_2", 1), "batch_1");
    store.commit(commit(vec![put(single.clone()), put(cell.clone())])).await.expect("commits");
    let queued = [next(&single, JobStatus::Queued), next(&cell, JobStatus::Queued)];
    store.commit(commit(queued.clone().map(put).into())).await.expect("commits");
    let listed = store.list_jobs(JobFilter { limit: 9, ..Default::default() }).await.expect("lists");
    assert_eq!(listed.items, [queued[0].clone()]);
    let by_status = JobFilter { status: Some(JobStatus::Queued), limit: 9, ..Default::default() };
    assert_eq!(store.list_jobs(by_status).await.expect("lists").items.len(), 1);
    let in_queue: Vec<_> =
        store.queued(0, 9).await.expect("lists").into_iter().map(|job| job.batch_id).collect();
    assert_eq!(in_queue, [None, Some("batch_1".parse().expect("valid"))]);
    assert_eq!(store.job(&cell.tenant_id, &cell.job_id).await, Ok(Some(queued[1].clone())));
    assert_eq!(store.nth_newest_job(&cell.tenant_id, 1).await, Ok(Some(time(1))), "a cell counts as a job");
    assert_eq!(store.usage(&cell.tenant_id).await.map(|usage| (usage.jobs, usage.queued)), Ok((2, 2)));
}

async fn ended_jobs_and_old_inputs_are_found_oldest_first(Fresh { store, .. }: Fresh) {
    for (id, ended) in [("job_1", 30), ("job_2", 10), ("job_3", 20)] {
        let mut ended_job = next(&job("a", id, 0), JobStatus::Failed);
        ended_job.version = 1;
        ended_job.timestamps.finished_at = Some(time(ended));
        ended_job.inputs = Some(inputs(time(ended - 5)));
        store.commit(commit(vec![put(ended_job)])).await.expect("commits");
    }
    store.commit(commit(vec![put(job("a", "job_4", 0))])).await.expect("commits");
    let names = async |due, before, cursor, limit| {
        let page = store.due_jobs(due, time(before), cursor, limit).await.expect("reads");
        let ids: Vec<String> = page.items.iter().map(|j| j.job_id.to_string()).collect();
        (ids.join(","), page.next_cursor)
    };
    assert_eq!(names(Due::Ended, 30, None, 9).await, ("job_2,job_3".to_owned(), None));
    let (first, cursor) = names(Due::Ended, 99, None, 2).await;
    assert_eq!(first, "job_2,job_3");
    assert_eq!(names(Due::Ended, 99, cursor, 2).await, ("job_1".to_owned(), None));
    assert_eq!(names(Due::Inputs, 26, None, 9).await.0, "job_2,job_3,job_1");
    let read = store.job(&tenant("a"), &JobId::parse("job_2").expect("valid")).await.expect("reads");
    let without = read.expect("stored").remove_inputs(time(50));
    store.commit(commit(vec![put(without.clone())])).await.expect("commits");
    assert_eq!(names(Due::Inputs, 26, None, 9).await.0, "job_3,job_1");
    let removed = without.remove_content("retention", None, time(60)).expect("not running");
    store.commit(commit(vec![put(removed.clone())])).await.expect("commits");
    assert_eq!(names(Due::Ended, 99, None, 9).await.0, "job_3,job_1");
    assert_eq!(names(Due::Files, 99, None, 9).await.0, "job_2", "its files may still be there");
    store.commit(commit(vec![put(removed.files_gone(time(70)))])).await.expect("commits");
    assert_eq!(names(Due::Files, 99, None, 9).await.0, "");
}
