//! Which versions of the interface are mounted, what of them is deprecated, and the headers and marks that tell
//! clients so (RFC 9745, RFC 8594, RFC 8288). What the routes of a version do is in its own module.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

/// Shortest time between the notice of a deprecation and the end of what is deprecated, in days: six months of
/// 31 days, so that every six months of the calendar are in it.
pub const WINDOW_DAYS: i64 = 186;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// That something will go: since when it should not be used, when it ends, and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    since: DateTime<Utc>,
    sunset: DateTime<Utc>,
    /// Path or URL of what takes its place.
    successor: Option<String>,
    /// Path or URL of a page for people.
    explained_at: String,
}

/// A notice that leaves clients too little time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is deprecated stays for at least {WINDOW_DAYS} days; {days} were given")]
pub struct WindowTooShort {
    days: i64,
}

impl Notice {
    /// States a deprecation.
    ///
    /// # Errors
    /// [`WindowTooShort`] with less than [`WINDOW_DAYS`] between the two times.
    pub fn new(
        since: DateTime<Utc>,
        sunset: DateTime<Utc>,
        explained_at: impl Into<String>,
    ) -> Result<Self, WindowTooShort> {
        if sunset - since < Duration::days(WINDOW_DAYS) {
            return Err(WindowTooShort { days: (sunset - since).num_days() });
        }
        Ok(Self { since, sunset, successor: None, explained_at: explained_at.into() })
    }

    /// Since when it should not be used.
    pub fn since(&self) -> DateTime<Utc> {
        self.since
    }

    /// Until when it answers at least.
    pub fn sunset(&self) -> DateTime<Utc> {
        self.sunset
    }

    /// Names what takes its place.
    #[must_use]
    pub fn with_successor(mut self, target: impl Into<String>) -> Self {
        self.successor = Some(target.into());
        self
    }

    /// Writes `Deprecation: @<Unix time>` (RFC 9745, section 2), `Sunset: <HTTP date>` (RFC 8594, section 3) and
    /// the links `deprecation` (RFC 9745, section 3) and `successor-version` (RFC 5829, section 3.4).
    pub fn write(&self, headers: &mut HeaderMap) {
        let mut insert = |name, text: String| {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.append(name, value);
            }
        };
        insert(DEPRECATION, format!("@{}", self.since.timestamp()));
        insert(SUNSET, http_date(self.sunset));
        insert(header::LINK, format!("<{}>; rel=\"deprecation\"; type=\"text/html\"", self.explained_at));
        if let Some(successor) = &self.successor {
            insert(header::LINK, format!("<{successor}>; rel=\"successor-version\""));
        }
    }

    fn for_people(&self) -> String {
        let instead = self.successor.as_ref().map(|to| format!(" Use {to} instead.")).unwrap_or_default();
        let day = |time: DateTime<Utc>| time.format("%Y-%m-%d").to_string();
        format!("Deprecated since {}; answers until {}.{instead}", day(self.since), day(self.sunset))
    }
}

/// IMF-fixdate of RFC 9110, section 5.6.7.
fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A version and, once its successor is there, the notice of its end.
#[derive(Debug, Clone)]
struct Version {
    prefix: &'static str,
    notice: Option<Notice>,
}

#[derive(Debug, Clone)]
struct DeprecatedRoute {
    method: Method,
    /// As it is mounted: `/v1/jobs/{job_id}`.
    route: String,
    notice: Notice,
}

/// The versions that are mounted and what of them is deprecated.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    versions: Vec<Version>,
    routes: Vec<DeprecatedRoute>,
}

impl Versions {
    /// Versions that this service serves: `/v1`, current, with nothing deprecated.
    pub fn served() -> Self {
        Self::default().current("/v1")
    }

    /// Adds a version that is there to be used.
    #[must_use]
    pub fn current(mut self, prefix: &'static str) -> Self {
        self.versions.push(Version { prefix, notice: None });
        self
    }

    /// Adds a version that will go.
    #[must_use]
    pub fn deprecated(mut self, prefix: &'static str, notice: Notice) -> Self {
        self.versions.push(Version { prefix, notice: Some(notice) });
        self
    }

    /// Deprecates one route of a version that stays.
    #[must_use]
    pub fn deprecated_route(mut self, method: Method, route: impl Into<String>, notice: Notice) -> Self {
        self.routes.push(DeprecatedRoute { method, route: route.into(), notice });
        self
    }

    /// The notice of a route, or of its version. A HEAD is answered like its GET.
    pub fn notice(&self, method: &Method, route: &str) -> Option<&Notice> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let own = self.routes.iter().find(|entry| entry.method == *method && entry.route == route);
        own.map(|entry| &entry.notice).or_else(|| self.version_of(route)?.notice.as_ref())
    }

    fn version_of(&self, route: &str) -> Option<&Version> {
        let below = |prefix: &str| route.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        self.versions.iter().find(|version| below(version.prefix))
    }

    /// Each version with its notice, if it will go.
    pub fn states(&self) -> impl Iterator<Item = (&'static str, Option<&Notice>)> {
        self.versions.iter().map(|version| (version.prefix, version.notice.as_ref()))
    }

    /// Writes the notices on the answers of a router. A router without anything deprecated stays as it is.
    pub fn wrap<S: Clone + Send + Sync + 'static>(self, router: Router<S>) -> Router<S> {
        if self.routes.is_empty() && self.versions.iter().all(|version| version.notice.is_none()) {
            return router;
        }
        let versions = Arc::new(self);
        router.layer(from_fn(move |request: Request, next: Next| {
            let versions = Arc::clone(&versions);
            async move {
                let route = request.extensions().get::<MatchedPath>().cloned();
                let method = request.method().clone();
                let mut response = next.run(request).await;
                let notice = route.as_ref().and_then(|route| versions.notice(&method, route.as_str()));
                if let Some(notice) = notice {
                    notice.write(response.headers_mut());
                }
                response
            }
        }))
    }

    /// Marks the deprecated operations of an OpenAPI document.
    pub fn mark(&self, document: &mut Value) {
        let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
                let Some(notice) = self.notice(&method, path) else { continue };
                operation["deprecated"] = json!(true);
                operation["x-sunset"] = json!(notice.sunset.to_rfc3339());
                let text = operation["description"].as_str().unwrap_or_default();
                operation["description"] = json!(format!("{} {text}", notice.for_people()).trim_end());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn the_headers_are_those_of_the_rfcs() {
        // the times of the example of RFC 9745, section 5
        let notice = Notice::new(
            time("2023-06-30T23:59:59Z"),
            time("2024-06-30T23:59:59Z"),
            "https://developer.example.com/deprecation",
        );
        let mut headers = HeaderMap::new();
        notice.expect("a year").with_successor("/v2/jobs").write(&mut headers);
        assert_eq!(headers["deprecation"], "@1688169599");
        assert_eq!(headers["sunset"], "Sun, 30 Jun 2024 23:59:59 GMT");
        let links: Vec<_> = headers.get_all("link").iter().filter_map(|link| link.to_str().ok()).collect();
        assert_eq!(
            links,
            [
                "<https://developer.example.com/deprecation>; rel=\"deprecation\"; type=\"text/html\"",
                "</v2/jobs>; rel=\"successor-version\"",
            ]
        );
    }

    #[test]
    fn less_than_six_months_are_no_notice() {
        let since = time("2026-09-01T00:00:00Z");
        let short = Notice::new(since, time("2027-02-28T00:00:00Z"), "/");
        assert_eq!(short, Err(WindowTooShort { days: 180 }));
        assert!(Notice::new(since, time("2027-03-06T00:00:00Z"), "/").is_ok());
    }

    #[test]
    fn a_route_is_found_by_itself_and_by_its_version() {
        let notice = |to: &str| {
            let (since, sunset) = (time("2026-01-01T00:00:00Z"), time("2027-01-01T00:00:00Z"));
            Notice::new(since, sunset, "/v1/docs").expect("a year").with_successor(to)
        };
        let versions = Versions::default().current("/v2").deprecated("/v1", notice("/v2")).deprecated_route(
            Method::GET,
            "/v2/old",
            notice("/v2/new"),
        );
        let successor = |method, route| {
            versions.notice(&method, route).and_then(|notice: &Notice| notice.successor.clone())
        };
        assert_eq!(successor(Method::GET, "/v1/jobs").as_deref(), Some("/v2"));
        assert_eq!(successor(Method::HEAD, "/v2/old").as_deref(), Some("/v2/new"));
        assert_eq!(successor(Method::POST, "/v2/old"), None);
        assert_eq!(successor(Method::GET, "/v10/jobs"), None);
        assert!(Versions::served().states().all(|(_, notice)| notice.is_none()));
    }
}
