//! Which web pages may call the program (Fetch standard, section 3.2, "CORS protocol"). Without origins there is
//! no CORS at all. The list can be replaced while serving; `tower-http`'s layer was weighed and answers every
//! OPTIONS request and marks every answer even where no origin is listed.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};

/// A list of origins that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigins {
    /// An entry that is not an origin.
    #[error("{0:?} is no origin: write scheme://host or scheme://host:port, without a path")]
    NoOrigin(String),
    /// `*` beside other origins.
    #[error("\"*\" cannot stand beside other origins")]
    AnyAndOthers,
    /// `*` together with credentials.
    #[error("\"*\" is never allowed together with credentials")]
    AnyWithCredentials,
}

/// Permissions of pages of allowed origins.
#[derive(Debug, Clone)]
pub struct Rules {
    /// `scheme://host[:port]`; `*` alone allows every page.
    pub origins: Vec<String>,
    /// Methods that a page may use.
    pub methods: Vec<Method>,
    /// Headers that a page may send.
    pub request_headers: Vec<HeaderName>,
    /// Headers that a page may read.
    pub exposed_headers: Vec<HeaderName>,
    /// Cookies and client certificates. Headers such as `Authorization` do not need it.
    pub allows_credentials: bool,
    /// How long a browser may remember a preflight.
    pub max_age: Duration,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Origins {
    is_any: bool,
    listed: HashSet<HeaderValue>,
}

/// The allow-list with what it allows. Clones share the list.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Arc<RwLock<Origins>>,
    methods: HeaderValue,
    request_headers: HeaderValue,
    exposed_headers: HeaderValue,
    allows_credentials: bool,
    max_age: HeaderValue,
}

impl Cors {
    /// Builds the list.
    ///
    /// # Errors
    /// An entry that is no origin, or `*` where it must not stand.
    pub fn new(rules: &Rules) -> Result<Self, BadOrigins> {
        let join = |names: Vec<&str>| {
            HeaderValue::from_str(&names.join(", ")).expect("methods and header names are header text")
        };
        Ok(Self {
            origins: Arc::new(RwLock::new(parse(&rules.origins, rules.allows_credentials)?)),
            methods: join(rules.methods.iter().map(Method::as_str).collect()),
            request_headers: join(rules.request_headers.iter().map(HeaderName::as_str).collect()),
            exposed_headers: join(rules.exposed_headers.iter().map(HeaderName::as_str).collect()),
            allows_credentials: rules.allows_credentials,
            max_age: HeaderValue::from(rules.max_age.as_secs()),
        })
    }

    /// Replaces the origins; on an error the old ones stay.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn replace_origins(&self, origins: &[String]) -> Result<(), BadOrigins> {
        let origins = parse(origins, self.allows_credentials)?;
        *self.origins.write().unwrap_or_else(PoisonError::into_inner) = origins;
        Ok(())
    }

    /// Puts the list in front of a router. Preflights are answered here, before authentication.
    pub fn wrap<S: Clone + Send + Sync + 'static>(self, router: Router<S>) -> Router<S> {
        // every request clones what is around it: one pointer, not four header values
        let shared = Arc::new(self);
        router.layer(from_fn(move |request: Request, next: Next| {
            let cors = Arc::clone(&shared);
            async move { cors.answer(request, |request| next.run(request)).await }
        }))
    }

    /// Answers a preflight, or adds to the answer of `next` what a page of another origin needs: for a program that has one
    /// layer of its own around its routes.
    pub async fn answer<F>(&self, request: Request, next: impl FnOnce(Request) -> F) -> Response
    where
        F: Future<Output = Response>,
    {
        let asked = request.headers();
        let Some(allowed) = self.allowed(asked) else { return next(request).await };
        let is_preflight = request.method() == Method::OPTIONS
            && asked.contains_key(header::ORIGIN)
            && asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let mut response =
            if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next(request).await };
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if is_preflight {
            let asked = "access-control-request-method, access-control-request-headers";
            headers.append(header::VARY, HeaderValue::from_static(asked));
        }
        let Some(origin) = allowed else { return response };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.allows_credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if is_preflight {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.request_headers.clone());
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        } else if !self.exposed_headers.is_empty() {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed_headers.clone());
        }
        response
    }

    /// `None` without any origin (no CORS), else the value of the allowing header, if the asking page is allowed.
    fn allowed(&self, headers: &HeaderMap) -> Option<Option<HeaderValue>> {
        let origins = self.origins.read().unwrap_or_else(PoisonError::into_inner);
        if origins.is_any {
            return Some(headers.contains_key(header::ORIGIN).then(|| HeaderValue::from_static("*")));
        }
        if origins.listed.is_empty() {
            return None;
        }
        Some(headers.get(header::ORIGIN).filter(|origin| origins.listed.contains(*origin)).cloned())
    }
}

fn parse(entries: &[String], allows_credentials: bool) -> Result<Origins, BadOrigins> {
    if entries.iter().any(|entry| entry.trim() == "*") {
        return match (entries.len(), allows_credentials) {
            (1, false) => Ok(Origins { is_any: true, listed: HashSet::new() }),
            (1, true) => Err(BadOrigins::AnyWithCredentials),
            _ => Err(BadOrigins::AnyAndOthers),
        };
    }
    let listed = entries.iter().map(|entry| origin(entry.trim())).collect::<Result<_, _>>()?;
    Ok(Origins { is_any: false, listed })
}

/// An origin as browsers write it: scheme and host in small letters, no default port (RFC 6454, section 6.2).
fn origin(text: &str) -> Result<HeaderValue, BadOrigins> {
    let bad = || BadOrigins::NoOrigin(text.to_owned());
    let uri: Uri = text.parse().map_err(|_| bad())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(bad()) };
    let is_bare = !authority.as_str().contains('@')
        && !authority.host().is_empty()
        && !authority.host().contains('*')
        && format!("{scheme}://{authority}").eq_ignore_ascii_case(text);
    if !is_bare {
        return Err(bad());
    }
    let default = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let host = authority.host().to_ascii_lowercase();
    let written = match authority.port_u16().filter(|port| Some(*port) != default) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    };
    HeaderValue::from_str(&written).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::{get, post};
    use tower::ServiceExt as _;

    use super::*;

    fn rules(origins: &[&str], allows_credentials: bool) -> Rules {
        Rules {
            origins: origins.iter().map(|o| (*o).to_owned()).collect(),
            methods: vec![Method::GET, Method::POST],
            request_headers: vec![header::AUTHORIZATION, header::CONTENT_TYPE],
            exposed_headers: vec![header::ETAG],
            allows_credentials,
            max_age: Duration::from_secs(600),
        }
    }

    async fn ask(cors: &Cors, method: Method, headers: &[(HeaderName, &str)]) -> Response {
        let router = Router::new().route("/", get(async || "hello").merge(post(async || "posted")));
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        cors.clone().wrap(router).oneshot(request).await.expect("infallible")
    }

    const PAGE: (HeaderName, &str) = (header::ORIGIN, "https://app.example");
    const OTHER: (HeaderName, &str) = (header::ORIGIN, "https://evil.example");
    const METHOD: (HeaderName, &str) = (header::ACCESS_CONTROL_REQUEST_METHOD, "POST");

    fn has_cors(response: &Response) -> bool {
        response.headers().keys().any(|name| name.as_str().starts_with("access-control-"))
    }

    #[tokio::test]
    async fn without_origins_there_is_no_cors() {
        let cors = Cors::new(&rules(&[], false)).expect("rules");
        let answer = ask(&cors, Method::GET, &[PAGE]).await;
        assert!(!has_cors(&answer) && !answer.headers().contains_key(header::VARY));
        let preflight = ask(&cors, Method::OPTIONS, &[PAGE, METHOD]).await;
        assert_eq!(preflight.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert!(!has_cors(&preflight));
    }

    #[tokio::test]
    async fn a_listed_page_may_call_and_another_may_not() {
        let cors = Cors::new(&rules(&["https://App.example:443"], false)).expect("rules");
        let preflight = ask(&cors, Method::OPTIONS, &[PAGE, METHOD]).await;
        assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
        let headers = preflight.headers();
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_METHODS], "GET, POST");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_HEADERS], "authorization, content-type");
        assert_eq!(headers[header::ACCESS_CONTROL_MAX_AGE], "600");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        let answer = ask(&cors, Method::GET, &[PAGE]).await;
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS], "etag");
        for other in [OTHER, (header::ORIGIN, "null"), (header::ORIGIN, "https://app.example.evil.example")] {
            for method in [Method::GET, Method::OPTIONS] {
                let answer = ask(&cors, method, &[other.clone(), METHOD]).await;
                assert!(!has_cors(&answer));
                assert_eq!(answer.headers()[header::VARY], "origin", "caches keep the answers apart");
            }
        }
    }

    #[tokio::test]
    async fn an_options_request_that_is_no_preflight_reaches_the_routes() {
        let cors = Cors::new(&rules(&["https://app.example"], false)).expect("rules");
        assert_eq!(ask(&cors, Method::OPTIONS, &[PAGE]).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[tokio::test]
    async fn every_page_may_call_where_all_may_but_never_with_credentials() {
        assert_eq!(Cors::new(&rules(&["*"], true)).err(), Some(BadOrigins::AnyWithCredentials));
        let cors = Cors::new(&rules(&["*"], false)).expect("rules");
        let answer = ask(&cors, Method::GET, &[OTHER]).await;
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        let cors = Cors::new(&rules(&["https://app.example"], true)).expect("rules");
        assert_eq!(cors.replace_origins(&["*".to_owned()]), Err(BadOrigins::AnyWithCredentials));
        let answer = ask(&cors, Method::GET, &[PAGE]).await;
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    }

    #[tokio::test]
    async fn the_list_can_be_replaced_while_serving() {
        let cors = Cors::new(&rules(&["https://app.example"], false)).expect("rules");
        assert!(cors.replace_origins(&["not an origin".to_owned()]).is_err());
        assert!(has_cors(&ask(&cors, Method::GET, &[PAGE]).await), "the old list stays");
        cors.replace_origins(&["https://evil.example".to_owned()]).expect("an origin");
        assert!(!has_cors(&ask(&cors, Method::GET, &[PAGE]).await));
        assert!(has_cors(&ask(&cors, Method::GET, &[OTHER]).await));
    }

    #[test]
    fn entries_that_are_no_origins_are_named() {
        for bad in [
            "app.example",
            "https://app.example/",
            "https://app.example/x",
            "https://*.example",
            "null",
            "",
            "https://user@app.example",
            "https://",
        ] {
            let error = Cors::new(&rules(&[bad], false)).err();
            assert_eq!(error, Some(BadOrigins::NoOrigin(bad.to_owned())), "{bad:?}");
        }
        assert_eq!(
            Cors::new(&rules(&["*", "https://a.example"], false)).err(),
            Some(BadOrigins::AnyAndOthers)
        );
    }
}
