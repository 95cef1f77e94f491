//! Conditional headers: versions as entity tags.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};

use crate::domain::error::Problem;
use crate::http::error::ApiError;

/// The version that a write states with `If-Match: "v<version>"`.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        text.strip_prefix("\"v")
            .and_then(|t| t.strip_suffix('"'))
            .and_then(|digits| digits.parse().ok())
            .map(|version| Self(Some(version)))
            .ok_or_else(|| {
                Problem::validation("If-Match", "must be an entity tag of a job, such as \"v3\"").into()
            })
    }
}

/// Returns the entity tag of a job's version.
pub fn version_tag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"v{version}\"")).expect("digits are a valid header")
}

/// True if `If-None-Match` names this entity tag (weak comparison, RFC 9110 section 13.1.2).
pub fn none_match_hits(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .any(|list| list_hits(list, tag))
}

fn list_hits(list: &str, tag: &str) -> bool {
    list.split(',').map(|t| t.trim().trim_start_matches("W/")).any(|t| t == "*" || t == tag)
}

/// The entity tags of `If-None-Match`; most requests have none.
#[derive(Debug, Clone)]
pub struct IfNoneMatch(Vec<HeaderValue>);

impl IfNoneMatch {
    /// False for a request without the header.
    pub fn is_stated(&self) -> bool {
        !self.0.is_empty()
    }

    /// True if one of them is this tag (weak comparison).
    pub fn hits(&self, tag: &str) -> bool {
        self.0.iter().filter_map(|v| v.to_str().ok()).any(|list| list_hits(list, tag))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()))
    }
}

/// All headers, for handlers that need several.
#[derive(Debug, Clone)]
pub struct Headers(pub HeaderMap);

impl<S: Send + Sync> FromRequestParts<S> for Headers {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.clone()))
    }
}
