//! The order in which events are handled: an endpoint receives what happens after it was made, also where the server that it
//! happens at has an earlier time, the end of its job, also where it is woken before, and what happened before an outage.

use std::sync::Arc;

use chrono::Duration;
use stata_service::domain::ids::TenantId;
use stata_service::domain::webhook::event::EventType;
use stata_service::ports::store::StoreExt;
use stata_service::service::access::credentials::Ports;
use stata_service::service::access::task_codes::CreateTaskCodes;
use stata_service::service::jobs::delete_job::DeleteJob;
use stata_service::service::webhooks::endpoints::{Endpoints, NewWebhook, Reach, WebhookChange};
use stata_service::service::webhooks::follow::Follower;
use stata_service::service::webhooks::lanes;
use tokio_util::sync::CancellationToken;

use crate::access::redeem::{caller, redeem};
use crate::support::app::until;
use crate::support::clock::ManualClock;
use crate::support::context::context;
use crate::support::flaky_store::FlakyStore;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_server_whose_clock_is_behind_reaches_an_endpoint_that_was_made_before_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::new());
    let ctx = Arc::new(context(dir.path(), clock.clone()));
    let (home, caller) = (TenantId::default_tenant(), caller());
    let codes = CreateTaskCodes(Ports::from(ctx.as_ref())).execute(&caller, &home, 2, Some(7)).await;
    let codes = codes.expect("made");
    let follower = Follower::start(Arc::clone(&ctx)).await.expect("starts");
    let earlier = redeem(&ctx, &home, &codes[0].task_code, Some("x")).await.expect("redeemed");
    clock.advance(Duration::seconds(2));
    let new =
        NewWebhook { url: "http://127.0.0.1:9/hook".to_owned(), event_types: vec![EventType::JobCreated] };
    let (endpoint, _) = Endpoints(&ctx).create(&caller, &home, None, new).await.expect("made");
    clock.advance(Duration::seconds(-1));
    let later = redeem(&ctx, &home, &codes[1].task_code, Some("x")).await.expect("redeemed");
    let stop = CancellationToken::new();
    let following = tokio::spawn(follower.run(stop.clone()));
    let made = async || {
        let page = ctx.store.list_deliveries(endpoint.webhook_id.clone(), None, 10).await.expect("readable");
        page.items.into_iter().filter_map(|delivery| delivery.job_id).collect::<Vec<_>>()
    };
    until(async || made().await.contains(&later.job_id)).await;
    assert!(!made().await.contains(&earlier.job_id), "it was there before the endpoint");
    stop.cancel();
    following.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_woken_while_its_job_ends_receives_the_end_of_the_job() {
    let dir = tempfile::tempdir().expect("a directory");
    let ctx = Arc::new(context(dir.path(), Arc::new(ManualClock::new())));
    let (home, caller) = (TenantId::default_tenant(), caller());
    let codes = CreateTaskCodes(Ports::from(ctx.as_ref())).execute(&caller, &home, 1, Some(7)).await;
    let follower = Follower::start(Arc::clone(&ctx)).await.expect("starts");
    let job = redeem(&ctx, &home, &codes.expect("made")[0].task_code, Some("x")).await.expect("redeemed");
    let new =
        NewWebhook { url: "http://127.0.0.1:9/hook".to_owned(), event_types: vec![EventType::JobDeleted] };
    let made = Endpoints(&ctx).create(&caller, &home, Some(&job.job_id), new).await.expect("made").0;
    DeleteJob(&ctx).execute(&caller, &home, &job.job_id, None).await.expect("removed");
    let stop = CancellationToken::new();
    let sending = tokio::spawn(lanes::run(Arc::clone(&ctx), stop.clone()));
    // the lane that this wakes finds nothing to be sent, and a job without content
    let change = WebhookChange { event_types: Some(Vec::new()), ..WebhookChange::default() };
    let reach = Reach::Tenant(Some(home.clone()));
    for _ in 0..10 {
        let changed = Endpoints(&ctx).change(&caller, &reach, &made.webhook_id, &change, None).await;
        changed.expect("it is there until the end of its job has a delivery");
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    let following = tokio::spawn(follower.run(stop.clone()));
    until(async || {
        let page = ctx.store.list_deliveries(made.webhook_id.clone(), None, 10).await.expect("readable");
        page.items.iter().any(|delivery| delivery.event_type == "job.deleted" && delivery.tries > 0)
    })
    .await;
    stop.cancel();
    following.await.expect("ends");
    sending.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_delivery_an_outage_refused_reaches_its_endpoint_afterwards() {
    let dir = tempfile::tempdir().expect("a directory");
    let ctx = context(dir.path(), Arc::new(ManualClock::new()));
    let (home, caller) = (TenantId::default_tenant(), caller());
    let codes = CreateTaskCodes(Ports::from(&ctx)).execute(&caller, &home, 1, Some(7)).await;
    let new =
        NewWebhook { url: "http://127.0.0.1:9/hook".to_owned(), event_types: vec![EventType::JobCreated] };
    let (endpoint, _) = Endpoints(&ctx).create(&caller, &home, None, new).await.expect("made");
    let mut away = context(&dir.path().join("other"), Arc::new(ManualClock::new()));
    let store = Arc::clone(&ctx.store);
    let ctx = Arc::new(ctx);
    drop(Follower::start(Arc::clone(&ctx)).await.expect("its position is stored"));
    let job = redeem(&ctx, &home, &codes.expect("made")[0].task_code, Some("x")).await.expect("redeemed");
    away.audit_log = Arc::clone(&ctx.audit_log);
    away.store = Arc::new(FlakyStore::away(Arc::clone(&store), 1));
    let stop = CancellationToken::new();
    let follower = Follower::start(Arc::new(away)).await.expect("starts");
    let following = tokio::spawn(follower.run(stop.clone()));
    until(async || {
        let page = store.list_deliveries(endpoint.webhook_id.clone(), None, 10).await.expect("readable");
        page.items.iter().any(|delivery| delivery.job_id.as_ref() == Some(&job.job_id))
    })
    .await;
    stop.cancel();
    following.await.expect("ends");
}
