//! Operators' requests: on the store directly, through its owner's socket, and refused where neither works.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stata_service::adapters::control::ask;
use stata_service::app::control::{RequestError, Target, request, serve_control};
use stata_service::domain::credential::Role;
use stata_service::domain::ids::{KeyId, TenantId};
use stata_service::ports::store::StoreExt;
use stata_service::service::Context;
use stata_service::service::access::administer::AdminRequest;
use tokio_util::sync::CancellationToken;

use crate::support::clock::ManualClock;
use crate::support::context::context;

fn target(data_dir: &Path) -> Target {
    Target {
        database_url: None,
        files: Default::default(),
        data_dir: data_dir.to_owned(),
        wait: Duration::ZERO,
        bootstrap_key: None,
        token_days: 30,
        retention: Default::default(),
    }
}

fn codes(count: usize) -> AdminRequest {
    AdminRequest::CreateTaskCodes { tenant_id: TenantId::default_tenant(), count, expires_in_days: None }
}

/// The use cases, whose store lies in `data` below the directory.
fn owner(dir: &Path) -> Arc<Context> {
    Arc::new(context(dir, Arc::new(ManualClock::new())))
}

#[tokio::test]
async fn without_an_owner_the_store_is_used_directly() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let answer = request(&target(&data), &codes(3)).await.expect("creates");
    let made = answer["task_codes"].as_array().expect("a list");
    assert_eq!(made.len(), 3);
    let owner = owner(dir.path());
    let stored = owner.store.list_task_codes(None, None, 10).await.expect("lists").items;
    assert_eq!(stored.len(), 3);
    let event = &owner.audit_log.events(0, 0, 1).await.expect("reads")[0].event;
    assert_eq!((event.actor.kind.as_str(), event.action.as_str()), ("cli", "task_code.created"));
}

#[tokio::test]
async fn a_request_goes_through_the_owner_and_the_socket_goes_with_it() {
    // socket paths have at most 108 bytes; data directories may have more
    let dir = tempfile::tempdir().expect("a directory");
    let long = dir.path().join("d".repeat(120));
    std::fs::create_dir(&long).expect("creates");
    let (owner, data) = (owner(&long), long.join("data"));
    let stop = CancellationToken::new();
    let served = serve_control(Arc::clone(&owner), None, &data, stop.clone()).expect("binds");
    let socket = data.join("store/control.sock");
    let mode = std::fs::metadata(&socket).expect("exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let created = AdminRequest::CreateApiKey {
        tenant_id: TenantId::default_tenant(),
        role: Role::Operator,
        label: None,
        expires_in_days: Some(1),
    };
    let key = request(&target(&data), &created).await.expect("creates");
    assert!(key["api_key"].as_str().expect("shown once").starts_with("ssk_"));
    let key_id = KeyId::parse(key["key_id"].as_str().expect("an id")).expect("valid");
    let rotated = AdminRequest::RotateApiKey { key_id: key_id.clone(), overlap_hours: None };
    let new = request(&target(&data), &rotated).await.expect("rotates");
    assert_ne!(new["key_id"], key["key_id"]);
    let revoked = request(&target(&data), &AdminRequest::RevokeApiKey { key_id }).await.expect("revokes");
    assert!(revoked["revoked_at"].is_string());
    let listed =
        request(&target(&data), &AdminRequest::ListApiKeys { tenant_id: None }).await.expect("lists");
    assert_eq!(listed["api_keys"].as_array().map(Vec::len), Some(2));
    assert!(!listed.to_string().contains("\"api_key\":"), "texts are shown once");
    match request(&target(&data), &codes(0)).await {
        Err(RequestError::Refused { code, .. }) => assert_eq!(code, "INPUT_VALIDATION_FAILED"),
        other => panic!("{other:?}"),
    }
    let garbage = ask(&data.join("store"), "{\"command\":\"unknown\"}").await.expect("answers");
    let garbage: Value = serde_json::from_str(&garbage.expect("is served")).expect("is JSON");
    assert_eq!(garbage["error"]["code"], "INPUT_VALIDATION_FAILED");
    stop.cancel();
    served.await.expect("ends");
    assert!(!socket.exists());
}

#[tokio::test]
async fn an_owner_that_does_not_answer_is_named_and_a_dead_socket_is_no_owner() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let owner = owner(dir.path());
    let refused = request(&target(&data), &codes(1)).await.expect_err("owned");
    assert_eq!(refused.exit_code(), 75);
    assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    drop(owner);
    drop(std::os::unix::net::UnixListener::bind(data.join("store/control.sock")).expect("binds"));
    request(&target(&data), &codes(1)).await.expect("goes to the store directly");
}
