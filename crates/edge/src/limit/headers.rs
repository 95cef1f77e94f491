//! The headers that tell callers of their limits.

use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use super::Decision;

/// Remaining tokens of each limit (draft-ietf-httpapi-ratelimit-headers-10, section 4).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// Size and window of each limit (the same draft, section 3).
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Appends an item of a list of structured fields with two numbers (RFC 9651, section 3.1.2).
fn push_item(list: &mut String, name: &str, first: (&str, u64), second: (&str, u64)) {
    let separator = if list.is_empty() { "\"" } else { ", \"" };
    for part in [separator, name, "\""] {
        list.push_str(part);
    }
    for (key, number) in [first, second] {
        for part in [";", key, "="] {
            list.push_str(part);
        }
        push_number(list, number);
    }
}

fn push_number(text: &mut String, mut number: u64) {
    // 20 digits are the longest number
    let (mut digits, mut at) = ([b'0'; 20], 20);
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// Writes `RateLimit-Policy`, `RateLimit` and, where one of the decisions is a refusal, `Retry-After` (at least
/// one second: RFC 9110, section 10.2.3 knows whole seconds only).
pub fn write_headers(headers: &mut HeaderMap, decisions: &[Decision]) {
    if decisions.is_empty() {
        return;
    }
    // written by hand: every answer to a known caller has three of each
    let room = 48 * decisions.len();
    let (mut policy, mut state) = (String::with_capacity(room), String::with_capacity(room));
    for decision in decisions {
        let wait = if decision.is_allowed { decision.full_after } else { decision.retry_after };
        let window = seconds(decision.window).max(1);
        push_item(&mut policy, decision.name, ("q", decision.burst.into()), ("w", window));
        push_item(&mut state, decision.name, ("r", decision.remaining.into()), ("t", seconds(wait)));
    }
    let (policy, state) = (HeaderValue::try_from(policy), HeaderValue::try_from(state));
    // names are literals of the program; one that is no header text is left out
    if let (Ok(policy), Ok(state)) = (policy, state) {
        headers.insert(RATE_LIMIT_POLICY, policy);
        headers.insert(RATE_LIMIT, state);
    }
    if let Some(wait) = decisions.iter().filter(|d| !d.is_allowed).map(|d| d.retry_after).max() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait).max(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limiter, Rate};
    use super::*;

    fn limiter(per_second: f64, burst: u32) -> Limiter<u32> {
        Limiter::new("t", Rate::per_second(per_second, burst).expect("sound"), 10)
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        for number in [0, 7, 10, 99, 100, 12_345, u64::from(u32::MAX), u64::MAX] {
            let mut text = String::from("x=");
            push_number(&mut text, number);
            assert_eq!(text, format!("x={number}"));
        }
    }

    #[test]
    fn headers_tell_every_limit_and_when_to_come_back() {
        let (a, b) = (limiter(100.0, 200), limiter(0.5, 1));
        let now = a.epoch.max(b.epoch);
        b.take_at(&1, 1, now);
        let mut headers = HeaderMap::new();
        let mut decisions = [a.take_at(&1, 1, now), b.take_at(&1, 1, now)];
        decisions[0].name = "credential";
        write_headers(&mut headers, &decisions);
        assert_eq!(headers[RATE_LIMIT_POLICY], "\"credential\";q=200;w=2, \"t\";q=1;w=2");
        assert_eq!(headers[RATE_LIMIT], "\"credential\";r=199;t=1, \"t\";r=0;t=2");
        assert_eq!(headers[RETRY_AFTER], "2");
        let mut headers = HeaderMap::new();
        write_headers(&mut headers, &decisions[..1]);
        assert!(!headers.contains_key(RETRY_AFTER));
        write_headers(&mut HeaderMap::new(), &[]);
    }
}
