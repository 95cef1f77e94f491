//! Keys of callers and of admins: who may do what, and rotation.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

const KEYS: &str = "keys = ['old']\nadmin_keys = ['root']";

async fn status(base: &str, key: Option<&str>) -> u16 {
    let bearer = key.map(|key| format!("Bearer {key}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|b| ("authorization", b.as_str())).collect();
    post(&format!("{base}/v1/chat/completions"), &chat("x"), &headers).await.status().as_u16()
}

async fn admin(base: &str, method: Method, path: &str, key: Option<&str>, body: Value) -> reqwest::Response {
    let mut request = client().request(method, format!("{base}/admin/{path}")).json(&body);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    request.send().await.unwrap()
}

async fn first_key_id(base: &str) -> String {
    let listed: Value =
        admin(base, Method::GET, "keys", Some("root"), json!(null)).await.json().await.unwrap();
    listed["keys"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_format_asks_for_its_key_in_its_own_words() {
    let base = start(settings(KEYS)).await;
    assert_eq!((status(&base, None).await, status(&base, Some("wrong")).await), (401, 401));
    assert_eq!(status(&base, Some("old")).await, 200);
    let refused = post(&format!("{base}/v1/chat/completions"), &chat("x"), &[]).await;
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "invalid_api_key");
    let url = format!("{base}/v1/messages");
    assert_eq!(post(&url, &message("x"), &[VERSION, ("x-api-key", "old")]).await.status(), 200);
    assert_eq!(post(&url, &message("x"), &[VERSION, ("authorization", "Bearer old")]).await.status(), 200);
    let refused: Value = post(&url, &message("x"), &[VERSION]).await.json().await.unwrap();
    assert_eq!(refused["error"]["type"], "authentication_error");
    let url = format!("{base}/v1beta/models/g:generateContent");
    assert_eq!(post(&url, &contents("x"), &[("x-goog-api-key", "old")]).await.status(), 200);
    assert_eq!(post(&format!("{url}?key=old"), &contents("x"), &[]).await.status(), 200);
    let refused = post(&url, &contents("x"), &[("x-goog-api-key", "wrong")]).await;
    assert_eq!(refused.status(), 400, "a bad key is a 400 there");
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["error"]["status"], "INVALID_ARGUMENT");
    assert_eq!(refused["error"]["details"][0]["reason"], "API_KEY_INVALID");
    for path in ["/v1/models", "/v1/models/m"] {
        assert_eq!(get(&format!("{base}{path}")).await.status(), 401, "{path}");
    }
    assert_eq!(get(&format!("{base}/v1beta/models")).await.status(), 400);
}

#[tokio::test]
async fn admin_routes_want_an_admins_key() {
    let base = start(settings(KEYS)).await;
    for (method, path, body) in [
        (Method::GET, "keys", json!(null)),
        (Method::PUT, "keys", json!(["n"])),
        (Method::DELETE, "keys/x", json!(null)),
        (Method::POST, "keys/x/rotate", json!({})),
        (Method::PUT, "health", json!({"degraded": true})),
        (Method::GET, "settings", json!(null)),
    ] {
        let ask = async |key| admin(&base, method.clone(), path, key, body.clone()).await.status().as_u16();
        assert_eq!((ask(None).await, ask(Some("old")).await), (401, 403), "{method} {path}");
    }
    assert_eq!(status(&base, Some("old")).await, 200, "nothing was changed");
    let closed = start(settings("keys = ['old']")).await;
    let refused = admin(&closed, Method::GET, "keys", Some("old"), json!(null)).await;
    assert_eq!(refused.status(), 403, "without admin keys nobody is an admin");
}

#[tokio::test]
async fn keys_are_replaced_without_a_gap() {
    let base = start(settings(KEYS)).await;
    let put =
        async |keys: Value| admin(&base, Method::PUT, "keys", Some("root"), keys).await.status().as_u16();
    assert_eq!(put(json!(["old", "new"])).await, 200);
    assert_eq!((status(&base, Some("old")).await, status(&base, Some("new")).await), (200, 200));
    assert_eq!(put(json!(["new"])).await, 200);
    assert_eq!((status(&base, Some("old")).await, status(&base, Some("new")).await), (401, 200));
    assert_eq!(put(json!([])).await, 400, "an empty list would let everybody in");
}

#[tokio::test]
async fn a_rotated_key_lives_on_for_the_stated_time() {
    let base = start(settings(KEYS)).await;
    let id = first_key_id(&base).await;
    let rotated =
        admin(&base, Method::POST, &format!("keys/{id}/rotate"), Some("root"), json!({"overlap_ms": 300}))
            .await;
    assert_eq!(rotated.status(), 200);
    let rotated: Value = rotated.json().await.unwrap();
    let new = rotated["key"].as_str().unwrap();
    assert!(new.starts_with("sk-sim-"));
    assert_eq!((status(&base, Some("old")).await, status(&base, Some(new)).await), (200, 200));
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!((status(&base, Some("old")).await, status(&base, Some(new)).await), (401, 200));
    let unknown = admin(&base, Method::POST, "keys/000000000000/rotate", Some("root"), json!({})).await;
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn a_revoked_key_ends_at_once_but_the_last_one_stays() {
    let base = start(settings("keys = ['one', 'two']\nadmin_keys = ['root']")).await;
    let delete =
        async |id: &str| admin(&base, Method::DELETE, &format!("keys/{id}"), Some("root"), json!(null)).await;
    let id = first_key_id(&base).await;
    assert_eq!(delete(&id).await.status(), 204);
    assert_eq!((status(&base, Some("one")).await, status(&base, Some("two")).await), (401, 200));
    let last = first_key_id(&base).await;
    assert_eq!(delete(&last).await.status(), 409);
    assert_eq!(status(&base, Some("two")).await, 200);
}

#[tokio::test]
async fn no_answer_shows_a_key() {
    let base = start(settings("keys = ['sk-caller-1']\nadmin_keys = ['sk-admin-1']")).await;
    let mut seen = String::new();
    for path in ["keys", "settings"] {
        seen += &admin(&base, Method::GET, path, Some("sk-admin-1"), json!(null)).await.text().await.unwrap();
    }
    seen += &get(&format!("{base}/metrics")).await.text().await.unwrap();
    seen += &get(&format!("{base}/health")).await.text().await.unwrap();
    assert!(
        seen.contains("expires_in_ms") && !seen.contains("sk-caller") && !seen.contains("sk-admin"),
        "{seen}"
    );
}
