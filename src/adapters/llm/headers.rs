//! What a provider's headers say about asking again, and which of them identify a request.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName};

/// Longest wait that a provider's header is obeyed for; a longer one ends the attempts.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(HeaderName::try_from(name).ok()?)?.to_str().ok().map(str::trim)
}

/// The wait that the provider asks for: `retry-after-ms`, else `retry-after` in seconds (also fractions) or
/// as an HTTP date (RFC 9110, section 10.2.3). A date that is past is no wait.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let seconds = |text: &str, unit: f64| {
        text.parse::<f64>()
            .ok()
            .filter(|n| n.is_finite() && *n >= 0.0)
            .map(|n| Duration::try_from_secs_f64(n * unit).unwrap_or(Duration::MAX))
    };
    if let Some(wait) = text(headers, "retry-after-ms").and_then(|t| seconds(t, 0.001)) {
        return Some(wait);
    }
    let stated = text(headers, "retry-after")?;
    seconds(stated, 1.0).or_else(|| {
        let date = DateTime::parse_from_rfc2822(&stated.replace("GMT", "+0000")).ok()?;
        Some((date.with_timezone(&Utc) - now).to_std().unwrap_or_default())
    })
}

/// `x-should-retry: true|false`, which overrules what the status would say.
pub fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match text(headers, "x-should-retry")? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The provider's id of the request, for its support.
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = text(headers, "x-request-id").or_else(|| text(headers, "request-id"))?;
    Some(id.chars().filter(|c| c.is_ascii_graphic()).take(128).collect())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn wait(name: &'static str, value: &str) -> Option<Duration> {
        let now = "2026-11-20T10:00:00Z".parse().expect("a time");
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).expect("a header"));
        retry_after(&headers, now)
    }

    #[test]
    fn every_form_of_retry_after_is_read() {
        assert_eq!(wait("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("retry-after", "0.25"), Some(Duration::from_millis(250)));
        assert_eq!(wait("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(wait("retry-after", "Fri, 20 Nov 2026 10:00:09 GMT"), Some(Duration::from_secs(9)));
        assert_eq!(wait("retry-after", "Fri, 20 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        for bad in ["soon", "-3", "NaN", "inf", ""] {
            assert_eq!(wait("retry-after", bad), None, "{bad}");
        }
    }
}
