//! JSON bodies, path segments and queries.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::request_words::in_words;
use crate::http::error::ApiError;
use crate::http::middleware::body_idle_timeout::JsonLimit;

/// Largest JSON body where the settings state none, in bytes; routes that take files have their own limit.
const MAX_JSON_BYTES: usize = 1024 * 1024;

/// Longest time for a JSON body to arrive.
const BODY_LIMIT: Duration = Duration::from_secs(30);

/// A JSON body, as a request (unknown fields are refused by the type) or an answer.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        if !is_json(&request) {
            return Err(Problem::new(
                ErrorCode::UnsupportedMediaType,
                "the body must be JSON; send Content-Type: application/json",
            )
            .into());
        }
        let bytes = read_body(request).await?;
        parse(&bytes).map(Json)
    }
}

/// A JSON body that may be absent, which reads as the type's default.
#[derive(Debug, Clone)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let bytes = read_body(request).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

fn is_json(request: &Request) -> bool {
    let Some(value) = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

async fn read_body(request: Request) -> Result<bytes::Bytes, ApiError> {
    let limit = request.extensions().get::<JsonLimit>().map_or(MAX_JSON_BYTES, |limit| limit.0);
    let limited = http_body_util::Limited::new(request.into_body(), limit);
    let collected = tokio::time::timeout(BODY_LIMIT, limited.collect())
        .await
        .map_err(|_| Problem::new(ErrorCode::RequestTimeout, "the body stopped arriving"))?;
    match collected {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Problem::new(ErrorCode::PayloadTooLarge, format!("the body is larger than {limit} bytes"))
                .with("limit_bytes", limit)
                .into())
        }
        Err(_) => Err(Problem::validation("", "the body ended early or cannot be decoded").into()),
    }
}

/// Parses JSON and names the place of the first fault.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` with `{path, reason}`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        Problem::validation(path, in_words(&error.into_inner().to_string()))
    })?;
    deserializer.end().map_err(|error| Problem::validation("", in_words(&error.to_string())))?;
    Ok(value)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json_response(json_bytes(&self.0))
    }
}

/// Writes a body.
pub fn json_bytes(value: &impl Serialize) -> bytes::Bytes {
    // room for most answers, so that they are not moved while they grow
    let mut body = Vec::with_capacity(1024);
    serde_json::to_writer(&mut body, value).expect("answers serialise to JSON");
    body.into()
}

/// Answers with a body that is written already.
pub fn json_response(body: bytes::Bytes) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    // with those that every answer has
    headers.reserve(20);
    headers.insert(header::CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    response
}

/// Path segments.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

#[expect(clippy::disallowed_types, reason = "this is the wrapper that answers its rejections")]
impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| Problem::validation("path", rejection.body_text()).into())
    }
}

/// Reads the query string of a request's target.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED`.
#[expect(clippy::disallowed_types, reason = "this is the wrapper that answers its rejections")]
pub fn parse_query<T: DeserializeOwned>(uri: &axum::http::Uri) -> Result<T, Problem> {
    axum::extract::Query::<T>::try_from_uri(uri)
        .map(|axum::extract::Query(value)| value)
        .map_err(|rejection| in_query(&rejection.body_text()))
}

/// The refusal of a query string, with the name of the field where the reader tells it: `language: unknown variant …`.
fn in_query(message: &str) -> Problem {
    let plain = message.strip_prefix("Failed to deserialize query string: ").unwrap_or(message);
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    match plain.split_once(": ").filter(|(name, _)| is_name(name)) {
        Some((field, why)) => Problem::validation(field, in_words(why)),
        None => Problem::validation("query", in_words(plain)),
    }
}

/// The query string.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Ok(Self(parse_query(&parts.uri)?))
    }
}
