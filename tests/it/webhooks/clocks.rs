//! Servers whose clocks differ: what happens after an endpoint was made reaches it, also where the server that it happens at
//! has an earlier time.

use std::sync::Arc;

use chrono::Duration;
use stata_service::domain::ids::TenantId;
use stata_service::domain::webhook::event::EventType;
use stata_service::ports::store::StoreExt;
use stata_service::service::access::credentials::Ports;
use stata_service::service::access::task_codes::CreateTaskCodes;
use stata_service::service::webhooks::endpoints::{Endpoints, NewWebhook};
use stata_service::service::webhooks::follow::Follower;
use tokio_util::sync::CancellationToken;

use crate::access::redeem::{caller, redeem};
use crate::support::app::until;
use crate::support::clock::ManualClock;
use crate::support::context::context;

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
