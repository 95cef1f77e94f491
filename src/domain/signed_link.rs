//! Signed links: one request of one job for a while, without a credential. Browsers need them for images, downloads and
//! event streams, which they cannot send with a credential, and for the parts of an upload.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::canonical::sha256_hex;
use super::cluster::settings::PRINT_DIGITS;
use super::error::{ErrorCode, Problem};
use super::job::JobRecord;

/// Longest validity.
pub const MAX_TTL: Duration = Duration::seconds(900);

/// Fewest bytes of a signing key.
pub const MIN_KEY_BYTES: usize = 32;

/// The keys that sign links: the first signs, all verify, so that a key can be rotated. They are kept outside the store
/// and its backups: anyone who reads those can sign nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKeys(Vec<Vec<u8>>);

/// A request that a link stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkedRequest<'a> {
    /// `GET`, or `PUT` of a part of an upload.
    pub method: &'a str,
    /// Path of the request from `/v1/` on, percent-encoded as it is sent.
    pub path: &'a str,
    /// The query without `expires` and `signature`; empty without one.
    pub query: &'a str,
}

impl LinkedRequest<'_> {
    /// Returns whether links exist for requests of this kind: reading a job, and sending a part of an upload.
    fn may_be_linked(&self) -> bool {
        match self.method {
            "GET" => self.path.starts_with("/v1/jobs/"),
            "PUT" => self.path.starts_with("/v1/upload-sessions/") && self.path.contains("/parts/"),
            _ => false,
        }
    }
}

impl LinkKeys {
    /// Takes keys, the signing one first; `None` without a key or with one shorter than [`MIN_KEY_BYTES`].
    pub fn new(keys: Vec<Vec<u8>>) -> Option<Self> {
        let sound = !keys.is_empty() && keys.iter().all(|key| key.len() >= MIN_KEY_BYTES);
        sound.then_some(Self(keys))
    }

    /// Returns fingerprints of the keys, in their order.
    pub fn prints(&self) -> Vec<String> {
        let print = |key: &Vec<u8>| {
            let mut named = b"link key\0".to_vec();
            named.extend_from_slice(key);
            sha256_hex(named)[..PRINT_DIGITS].to_owned()
        };
        self.0.iter().map(print).collect()
    }

    /// Returns the signature of a request until a time.
    ///
    /// `base64url(HMAC-SHA256(key, token ‖ 0 ‖ method ‖ 0 ‖ path ‖ 0 ‖ query ‖ 0 ‖ seconds))`, where `token` is the stored
    /// hash of the job's token, so that a link ends with the token, and `seconds` counts from 1970 in decimal digits.
    pub fn sign(&self, token_sha256: &str, request: LinkedRequest<'_>, expires: i64) -> String {
        signature(&self.0[0], token_sha256, request, expires)
    }

    /// Returns whether a signature opens this request now. One that outlives [`MAX_TTL`] opens nothing.
    pub fn opens(
        &self,
        token_sha256: &str,
        request: LinkedRequest<'_>,
        (expires, given): (i64, &str),
        now: DateTime<Utc>,
    ) -> bool {
        let in_time = expires > now.timestamp() && expires <= (now + MAX_TTL).timestamp();
        let matches = |key: &Vec<u8>| -> bool {
            signature(key, token_sha256, request, expires).as_bytes().ct_eq(given.as_bytes()).into()
        };
        in_time && request.may_be_linked() && self.0.iter().any(matches)
    }

    /// Returns path and query of a signed request of a job that works for a while from now, and until when.
    ///
    /// # Errors
    /// `AUTH_TOKEN_FORBIDDEN` for a job without a token.
    pub fn signed_url(
        &self,
        job: &JobRecord,
        request: LinkedRequest<'_>,
        ttl: Duration,
        now: DateTime<Utc>,
    ) -> Result<(String, DateTime<Utc>), Problem> {
        let token = job.token.as_ref().ok_or_else(|| {
            Problem::new(
                ErrorCode::AuthTokenForbidden,
                "the job has no token that a link could be signed with",
            )
        })?;
        let expires_at = now + ttl.min(MAX_TTL);
        let expires = expires_at.timestamp();
        let signed = self.sign(&token.secret_sha256, request, expires);
        let (path, query) = (request.path, request.query);
        let joint = if query.is_empty() { "" } else { "&" };
        Ok((format!("{path}?{query}{joint}expires={expires}&signature={signed}"), expires_at))
    }
}

impl fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkKeys({})", self.0.len())
    }
}

fn signature(key: &[u8], token_sha256: &str, request: LinkedRequest<'_>, expires: i64) -> String {
    let LinkedRequest { method, path, query } = request;
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(format!("{token_sha256}\0{method}\0{path}\0{query}\0{expires}").as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Returns a query without the parameters `expires` and `signature`, the rest as it was sent.
pub fn signed_part(query: &str) -> String {
    let own = |pair: &&str| !matches!(pair.split('=').next(), Some("expires" | "signature"));
    query.split('&').filter(own).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> LinkKeys {
        LinkKeys::new(bytes.iter().map(|byte| vec![*byte; MIN_KEY_BYTES]).collect()).expect("sound")
    }

    fn get<'a>(path: &'a str, query: &'a str) -> LinkedRequest<'a> {
        LinkedRequest { method: "GET", path, query }
    }

    #[test]
    fn a_link_opens_its_request_in_its_time_with_its_key_and_token() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let end = now.timestamp() + 60;
        let own = get("/v1/jobs/job_1/capsule", "run_id=run_1");
        let signed = keys(b"a").sign("token", own, end);
        let opens = |keys: &LinkKeys, token: &str, request, end, now| {
            keys.opens(token, request, (end, signed.as_str()), now)
        };
        assert!(opens(&keys(b"a"), "token", own, end, now));
        assert!(!opens(&keys(b"b"), "token", own, end, now), "another key");
        assert!(!opens(&keys(b"a"), "other", own, end, now), "another token");
        assert!(!opens(&keys(b"a"), "token", get("/v1/jobs/job_2/capsule", own.query), end, now));
        assert!(!opens(&keys(b"a"), "token", get(own.path, "run_id=run_2"), end, now));
        assert!(!opens(&keys(b"a"), "token", get(own.path, "run_id=run_1&data=include"), end, now));
        assert!(!opens(&keys(b"a"), "token", get(own.path, ""), end, now));
        assert!(!opens(&keys(b"a"), "token", own, end + 1, now));
        assert!(!opens(&keys(b"a"), "token", own, end, now + Duration::seconds(60)));
        let late = (now + MAX_TTL).timestamp() + 1;
        let long = keys(b"a").sign("token", own, late);
        assert!(!keys(b"a").opens("token", own, (late, &long), now), "no link lives longer");
    }

    #[test]
    fn only_reading_a_job_and_sending_parts_can_be_linked() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let end = now.timestamp() + 60;
        for (method, path, expected) in [
            ("GET", "/v1/jobs/job_1/events", true),
            ("PUT", "/v1/upload-sessions/us_1/parts/1", true),
            ("DELETE", "/v1/jobs/job_1", false),
            ("POST", "/v1/jobs/job_1/run", false),
            ("PUT", "/v1/jobs/job_1/draft", false),
            ("GET", "/v1/admin/jobs", false),
        ] {
            let request = LinkedRequest { method, path, query: "" };
            let signed = keys(b"a").sign("token", request, end);
            assert_eq!(keys(b"a").opens("token", request, (end, &signed), now), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_rotated_key_still_verifies_and_no_longer_signs() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let (end, request) = (now.timestamp() + 60, get("/v1/jobs/job_1/events", ""));
        let before = keys(b"a").sign("token", request, end);
        let rotated = keys(b"ba");
        assert!(rotated.opens("token", request, (end, &before), now));
        assert_eq!(rotated.sign("token", request, end), keys(b"b").sign("token", request, end));
        assert!(!keys(b"b").opens("token", request, (end, &before), now), "the old key is gone");
        assert_eq!(LinkKeys::new(vec![vec![1; MIN_KEY_BYTES - 1]]), None);
        assert_eq!(LinkKeys::new(Vec::new()), None);
    }

    #[test]
    fn the_signature_is_hmac_sha256() {
        // Python: base64.urlsafe_b64encode(hmac.new(b"k" * 32, b"t\0GET\0/v1/jobs/j\0a=1\0" + b"60", "sha256").digest())
        let signed = keys(b"k").sign("t", get("/v1/jobs/j", "a=1"), 60);
        assert_eq!(signed, "VQQwVp_wis5Yxyw7kxfByy1roUdqoi4uIP1oM7nPSgo");
    }

    #[test]
    fn the_signed_part_of_a_query_is_all_but_the_links_own_parameters() {
        assert_eq!(signed_part("expires=1&signature=x"), "");
        assert_eq!(signed_part("run_id=r&expires=1&data=hash&signature=x"), "run_id=r&data=hash");
        assert_eq!(signed_part("expires=1&signature=x&follow=true"), "follow=true");
    }
}
