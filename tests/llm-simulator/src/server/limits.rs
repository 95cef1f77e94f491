//! Limits of each caller, counted after authentication, and how the providers tell of them in headers.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use edge::limit::{Decision, Limiter, Rate, write_headers};

use crate::settings;
use crate::wire::Wire;

/// Most callers that are told apart.
const MOST_CALLERS: usize = 50_000;

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    /// By the id of the key.
    Key(String),
    /// Where no keys are asked for.
    Address(IpAddr),
    /// Neither is known.
    Anybody,
}

/// The buckets.
#[derive(Debug)]
pub(super) struct Limits {
    requests: Option<Limiter<Caller>>,
    tokens: Option<Limiter<Caller>>,
}

impl Limits {
    /// The buckets of the settings; a rate of 0 is no limit.
    pub(super) fn new(settings: &settings::Limits) -> Self {
        let requests = Rate::per_second(settings.requests_per_second, settings.burst).ok();
        let tokens = Rate::per_minute(settings.tokens_per_minute).ok();
        Self {
            requests: requests.map(|rate| Limiter::new("requests", rate, MOST_CALLERS)),
            tokens: tokens.map(|rate| Limiter::new("tokens", rate, MOST_CALLERS)),
        }
    }

    /// Takes a request of a caller.
    pub(super) fn request(&self, caller: &Caller) -> Option<Decision> {
        self.requests.as_ref().map(|limiter| limiter.take(caller))
    }

    /// Takes the tokens of a call.
    pub(super) fn tokens(&self, caller: &Caller, tokens: usize) -> Option<Decision> {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        self.tokens.as_ref().map(|limiter| limiter.take_at(caller, tokens, std::time::Instant::now()))
    }
}

/// Writes the standard headers and those of the provider.
pub(super) fn tell(wire: Wire, headers: &mut HeaderMap, decisions: &[Decision]) {
    write_headers(headers, decisions);
    let mut set = |name: String, value: String| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    for decision in decisions {
        let wait = if decision.is_allowed { decision.full_after } else { decision.retry_after };
        let (limit, left, unit) = (decision.burst.to_string(), decision.remaining.to_string(), decision.name);
        match wire {
            Wire::OpenAi | Wire::Responses => {
                set(format!("x-ratelimit-limit-{unit}"), limit);
                set(format!("x-ratelimit-remaining-{unit}"), left);
                set(format!("x-ratelimit-reset-{unit}"), go_duration(wait));
                if !decision.is_allowed {
                    set("retry-after-ms".to_owned(), wait.as_millis().to_string());
                }
            }
            Wire::Anthropic => {
                set(format!("anthropic-ratelimit-{unit}-limit"), limit);
                set(format!("anthropic-ratelimit-{unit}-remaining"), left);
                set(format!("anthropic-ratelimit-{unit}-reset"), rfc3339(SystemTime::now() + wait));
            }
            // it tells in the body of a refusal only
            Wire::Gemini => {}
        }
    }
}

/// A duration as Go writes it and OpenAI sends it: `12ms`, `1.5s`, `6m0s`.
fn go_duration(time: Duration) -> String {
    let ms = time.as_millis();
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    let seconds = |ms: u128| {
        let text = format!("{}.{:03}", ms / 1_000, ms % 1_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match (ms / 3_600_000, ms / 60_000 % 60, ms % 60_000) {
        (0, 0, rest) => format!("{}s", seconds(rest)),
        (0, minutes, rest) => format!("{minutes}m{}s", seconds(rest)),
        (hours, minutes, rest) => format!("{hours}h{minutes}m{}s", seconds(rest)),
    }
}

/// A time as RFC 3339 writes it, in UTC and whole seconds.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // H. Hinnant, chrono-Compatible Low-Level Date Algorithms, civil_from_days, for days after 1970
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_does() {
        for (ms, text) in [
            (0, "0ms"),
            (12, "12ms"),
            (1_000, "1s"),
            (1_500, "1.5s"),
            (360_000, "6m0s"),
            (3_600_000, "1h0m0s"),
            (61_250, "1m1.25s"),
        ] {
            assert_eq!(go_duration(Duration::from_millis(ms)), text);
        }
    }

    #[test]
    fn times_are_written_as_rfc_3339_does() {
        // `date -u -d @N +%FT%TZ`
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_798_761_600, "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
