//! Security headers of every answer. A handler that set one of them itself (a page with its own policy, an
//! answer that may be cached) is left alone.

use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// An API answers with documents that are no pages: nothing of them may run, load or be framed.
pub const API_POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FEATURES: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()";

/// Headers that do not depend on settings.
const FIXED: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), FEATURES),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Values of the headers.
#[derive(Debug, Clone)]
pub struct SecurityHeaders {
    content_policy: HeaderValue,
    strict_transport: Option<HeaderValue>,
}

impl Default for SecurityHeaders {
    /// For an API without TLS.
    fn default() -> Self {
        Self { content_policy: HeaderValue::from_static(API_POLICY), strict_transport: None }
    }
}

impl SecurityHeaders {
    /// Adds `Strict-Transport-Security` for so long: only where callers come by TLS (RFC 6797, section 7.2).
    #[must_use]
    pub fn with_hsts(mut self, max_age: Duration) -> Self {
        let value = format!("max-age={}; includeSubDomains", max_age.as_secs());
        self.strict_transport = HeaderValue::from_str(&value).ok();
        self
    }

    /// Sets another `Content-Security-Policy` than [`API_POLICY`].
    #[must_use]
    pub fn with_content_policy(mut self, policy: HeaderValue) -> Self {
        self.content_policy = policy;
        self
    }

    /// Writes the headers that are not there yet; without a statement of the handler an answer is private and
    /// is not stored. The server does not tell what it is.
    pub fn write(&self, headers: &mut HeaderMap) {
        // one growth of the map instead of several, with room for the ids and limits of an answer
        headers.reserve(FIXED.len() + 7);
        for (name, value) in FIXED {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| self.content_policy.clone());
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        if let Some(value) = &self.strict_transport {
            headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert_with(|| value.clone());
        }
        headers.remove(header::SERVER);
    }

    /// Writes them on all answers of a router.
    pub fn wrap<S: Clone + Send + Sync + 'static>(self, router: Router<S>) -> Router<S> {
        router.layer(map_response(move |mut response: Response| {
            self.write(response.headers_mut());
            std::future::ready(response)
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(headers: SecurityHeaders, path: &str) -> HeaderMap {
        let page = ([(header::CACHE_CONTROL, "public, max-age=60"), (header::SERVER, "x/1.2")], "page");
        let router =
            Router::new().route("/", get(async || "private")).route("/page", get(async move || page));
        let request = Request::get(path).body(Body::empty()).expect("a request");
        headers.wrap(router).oneshot(request).await.expect("infallible").headers().clone()
    }

    #[tokio::test]
    async fn every_answer_carries_them_and_private_ones_are_not_stored() {
        for path in ["/", "/nowhere"] {
            let headers = answer(SecurityHeaders::default(), path).await;
            for (name, value) in FIXED {
                assert_eq!(headers[&name], value, "{path}");
            }
            assert_eq!(headers[header::CONTENT_SECURITY_POLICY], API_POLICY);
            assert_eq!(headers[header::CACHE_CONTROL], "no-store");
            assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY), "no TLS, no promise of it");
        }
    }

    #[tokio::test]
    async fn a_handlers_own_statement_stays_and_the_server_is_not_named() {
        let headers =
            answer(SecurityHeaders::default().with_hsts(Duration::from_secs(63_072_000)), "/page").await;
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=60");
        assert!(!headers.contains_key(header::SERVER));
        assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], "max-age=63072000; includeSubDomains");
    }
}
