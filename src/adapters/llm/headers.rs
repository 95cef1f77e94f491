//! Retry information and request ids in a provider's headers.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName};

/// Longest wait that a provider's header is obeyed for; a longer one ends the attempts.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(120);

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(HeaderName::try_from(name).ok()?)?.to_str().ok().map(str::trim)
}

/// The wait that the provider asks for: `retry-after-ms`, else `retry-after` in seconds (also fractions) or
/// as an HTTP date (RFC 9110, section 10.2.3), else for 429 the time when the limit that is used up opens
/// again. A date that is past is no wait.
pub(super) fn retry_after(status: u16, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    if let Some(wait) = text(headers, "retry-after-ms").and_then(|t| number(t, 0.001)) {
        return Some(wait);
    }
    stated_wait(headers, now).or_else(|| (status == 429).then(|| reset(headers, now)).flatten())
}

/// Returns the wait of the header `Retry-After`: seconds, or until a date (RFC 9110, section 10.2.3).
pub(in crate::adapters) fn stated_wait(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let stated = text(headers, "retry-after")?;
    number(stated, 1.0).or_else(|| {
        let date = DateTime::parse_from_rfc2822(&stated.replace("GMT", "+0000")).ok()?;
        Some(until(date.with_timezone(&Utc), now))
    })
}

fn number(text: &str, unit: f64) -> Option<Duration> {
    let n = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0)?;
    Some(Duration::try_from_secs_f64(n * unit).unwrap_or(Duration::MAX))
}

fn until(time: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (time - now).to_std().unwrap_or_default()
}

/// Limits with the headers of what is left of them and of when they open again.
const LIMITS: [(&str, &str); 7] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
];

/// The longest wait of the limits that are used up; of those that do not say what is left, too.
fn reset(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let waits = LIMITS.iter().filter_map(|(remaining, reset)| {
        let wait = reset_time(text(headers, reset)?, now)?;
        text(headers, remaining).is_none_or(|left| left == "0").then_some(wait)
    });
    waits.max()
}

/// A Go-style duration (`6m0s`), seconds from now, a Unix time, or a date (RFC 3339).
fn reset_time(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        let unix = seconds >= 1e9;
        return number(text, 1.0).map(|n| if unix { until_unix(seconds, now) } else { n });
    }
    if let Ok(date) = DateTime::parse_from_rfc3339(text) {
        return Some(until(date.with_timezone(&Utc), now));
    }
    go_duration(text)
}

fn until_unix(seconds: f64, now: DateTime<Utc>) -> Duration {
    let wait = (seconds - now.timestamp() as f64).max(0.0);
    Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX)
}

/// Go's `time.Duration` as text: numbers with the units h, m, s, ms, us, ns.
fn go_duration(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (n, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += n.parse::<f64>().ok()? * seconds;
        rest = next;
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(total).unwrap_or(Duration::MAX))
}

/// `x-should-retry: true|false`, which overrules what the status would say.
pub(super) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match text(headers, "x-should-retry")? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The provider's id of the request, for its support.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
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
        retry_after(429, &headers, now)
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

    #[test]
    fn limits_say_when_they_open_again() {
        for (value, seconds) in [
            ("6m0s", 360.0),
            ("1s", 1.0),
            ("12ms", 0.012),
            ("1h2m3.5s", 3723.5),
            ("7", 7.0),
            ("1795168809", 9.0),
            ("2026-11-20T10:00:09Z", 9.0),
            ("2026-11-20T09:00:09Z", 0.0),
        ] {
            let seen = wait("x-ratelimit-reset", value).map(|wait| wait.as_secs_f64());
            assert_eq!(seen, Some(seconds), "{value}");
        }
        assert_eq!(wait("x-ratelimit-reset", "6 minutes"), None);
        let now = "2026-11-20T10:00:00Z".parse().expect("a time");
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "2s"),
            ("x-ratelimit-remaining-tokens", "900"),
            ("x-ratelimit-reset-tokens", "50s"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        assert_eq!(
            retry_after(429, &headers, now),
            Some(Duration::from_secs(2)),
            "only the used-up one counts"
        );
        assert_eq!(retry_after(500, &headers, now), None, "a limit says nothing of other failures");
        headers.insert("retry-after", HeaderValue::from_static("3"));
        assert_eq!(retry_after(429, &headers, now), Some(Duration::from_secs(3)), "its own word comes first");
    }
}
