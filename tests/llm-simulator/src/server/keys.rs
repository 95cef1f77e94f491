//! API keys: which are accepted, until when, and who may change them.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A key and how long it lives.
#[derive(Debug, Clone)]
struct Key {
    /// Tells keys apart without showing them: the first 12 digits of the SHA-256.
    id: String,
    secret: String,
    until: Option<Instant>,
}

/// The accepted keys. With none at the start every caller is accepted.
#[derive(Debug, Default)]
pub(super) struct Keys(RwLock<Vec<Key>>);

/// What showed up in place of a key that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// No key at all.
    None,
    /// A key that is not accepted, or not any more.
    Wrong,
}

impl Key {
    fn new(secret: String) -> Self {
        Self { id: id(&secret), secret, until: None }
    }

    fn lives(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

fn id(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The key of a request, from any of the headers that the formats use, or from Gemini's query.
pub(super) fn shown<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> Option<&'a str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| {
        let (scheme, key) = v.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let named = ["x-api-key", "x-goog-api-key"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
    bearer.or(named).or(query)
}

impl Keys {
    /// These keys, without end.
    pub(super) fn new(secrets: &[String]) -> Self {
        Self(RwLock::new(secrets.iter().cloned().map(Key::new).collect()))
    }

    /// True if no keys are asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The id of the accepted key that was shown.
    ///
    /// # Errors
    /// What was shown in its place.
    pub(super) fn check(&self, shown: Option<&str>) -> Result<String, Unknown> {
        let shown = shown.ok_or(Unknown::None)?;
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // all are compared, so that time does not tell which one came near
        let mut found = None;
        for key in keys.iter().filter(|key| key.lives()) {
            if bool::from(key.secret.as_bytes().ct_eq(shown.as_bytes())) {
                found = Some(key.id.clone());
            }
        }
        found.ok_or(Unknown::Wrong)
    }

    /// Replaces all keys.
    pub(super) fn replace(&self, secrets: Vec<String>) {
        let keys = secrets.into_iter().map(Key::new).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Adds a key and lets the old one live for a while; false if there is no such old one.
    pub(super) fn rotate(&self, old_id: &str, new: String, overlap: Duration) -> bool {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.retain(Key::lives);
        let Some(old) = keys.iter_mut().find(|key| key.id == old_id) else { return false };
        old.until = Some(Instant::now() + overlap);
        keys.push(Key::new(new));
        true
    }

    /// Takes a key back at once; false if there is no such key or it is the last one.
    pub(super) fn revoke(&self, id: &str) -> bool {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.retain(Key::lives);
        let before = keys.len();
        if before > 1 {
            keys.retain(|key| key.id != id);
        }
        keys.len() < before
    }

    /// The living keys by id, never their secrets.
    pub(super) fn list(&self) -> Value {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let one = |key: &Key| {
            let left = key.until.map(|until| until.saturating_duration_since(Instant::now()).as_millis());
            json!({"id": key.id, "expires_in_ms": left.and_then(|ms| u64::try_from(ms).ok())})
        };
        keys.iter().filter(|key| key.lives()).map(one).collect()
    }
}
