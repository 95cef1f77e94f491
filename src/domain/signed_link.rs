//! Links that open one path of one job for a while: for browsers, which cannot send a credential with images,
//! downloads and event streams, and for the parts of an upload.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::error::{ErrorCode, Problem};
use super::job::JobRecord;

/// Longest validity.
pub const MAX_TTL: Duration = Duration::seconds(900);

/// Returns the signature of a request until a time: `base64url(HMAC-SHA256(key, method ‖ 0 ‖ path ‖ 0 ‖ seconds))`,
/// the seconds since 1970 in decimal digits. The key is the stored hash of the job's token, so that a link
/// ends with the token.
pub fn signature(key: &str, method: &str, path: &str, expires: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{method}\0{path}\0{expires}").as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// True if this signature opens this path now. One that would outlive [`MAX_TTL`] opens nothing.
pub fn opens(
    key: &str,
    (method, path): (&str, &str),
    expires: i64,
    stated: &str,
    now: DateTime<Utc>,
) -> bool {
    let in_time = expires > now.timestamp() && expires <= (now + MAX_TTL).timestamp();
    let right: bool = signature(key, method, path, expires).as_bytes().ct_eq(stated.as_bytes()).into();
    in_time && right
}

/// Returns path and query of a signed request of a job that works for a while from now, and until when.
///
/// # Errors
/// `AUTH_TOKEN_FORBIDDEN` for a job without a token.
pub fn signed_url(
    job: &JobRecord,
    method: &str,
    path: &str,
    ttl: Duration,
    now: DateTime<Utc>,
) -> Result<(String, DateTime<Utc>), Problem> {
    let token = job.token.as_ref().ok_or_else(|| {
        Problem::new(ErrorCode::AuthTokenForbidden, "the job has no token that a link could be signed with")
    })?;
    let expires_at = now + ttl.min(MAX_TTL);
    let expires = expires_at.timestamp();
    let signed = signature(&token.secret_sha256, method, path, expires);
    Ok((format!("{path}?expires={expires}&signature={signed}"), expires_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_its_path_in_its_time_with_its_key() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let end = now.timestamp() + 60;
        let signed = signature("key", "GET", "/v1/jobs/job_1/events", end);
        assert!(opens("key", ("GET", "/v1/jobs/job_1/events"), end, &signed, now));
        assert!(!opens("other", ("GET", "/v1/jobs/job_1/events"), end, &signed, now));
        assert!(!opens("key", ("GET", "/v1/jobs/job_2/events"), end, &signed, now));
        assert!(!opens("key", ("PUT", "/v1/jobs/job_1/events"), end, &signed, now));
        assert!(!opens("key", ("GET", "/v1/jobs/job_1/events"), end + 1, &signed, now));
        assert!(!opens("key", ("GET", "/v1/jobs/job_1/events"), end, &signed[1..], now));
        assert!(!opens("key", ("GET", "/v1/jobs/job_1/events"), end, &signed, now + Duration::seconds(60)));
        let late = (now + MAX_TTL).timestamp() + 1;
        assert!(
            !opens("key", ("GET", "/p"), late, &signature("key", "GET", "/p", late), now),
            "no link lives longer"
        );
    }

    #[test]
    fn the_signature_is_hmac_sha256() {
        // Python: base64.urlsafe_b64encode(hmac.new(b"key", b"GET\0/p\0" + b"60", "sha256").digest())
        assert_eq!(signature("key", "GET", "/p", 60), "527S5Xb9LuZyR5psI3S3rPiRNgcTCG6v7GMhpyVWgRw");
    }
}
