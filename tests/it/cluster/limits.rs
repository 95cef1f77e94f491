//! Limits of a tenant hold at every server, whichever took them.

use std::time::Instant;

use reqwest::Method;
use serde_json::json;

use super::support::Shared;
use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_one_server_takes_holds_at_the_others() {
    let Some(shared) = Shared::new() else { return };
    let (one, two) =
        tokio::task::block_in_place(|| (shared.server("one", "api").go(), shared.server("two", "api").go()));
    let wanted = json!({"count": 200, "tenant_id": "acme"});
    let codes = one.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &wanted).await.ok();
    let limits = json!({"limits": {"jobs": 1}});
    one.call(Method::PUT, "/v1/admin/tenants/acme", ADMIN_KEY, &limits).await.ok();
    let (since, mut made) = (Instant::now(), 0);
    for code in codes["task_codes"].as_array().expect("codes") {
        let body = json!({"task_code": code["task_code"], "requirement": "x"});
        let request = two.http.post(format!("{}/v1/task-codes/redeem", two.base)).json(&body);
        let answer = Answer::of(request.header("X-SS-Tenant-ID", "acme")).await;
        if answer.status == 409 {
            answer.refused(409, "QUOTA_EXCEEDED");
            return;
        }
        answer.ok();
        made += 1;
        assert!(since.elapsed() < PATIENCE, "{made} jobs");
        // the other server hears of it within a second or so
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{made} jobs of a tenant that may have one");
}
