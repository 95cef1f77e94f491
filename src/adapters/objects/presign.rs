//! URLs that let a client send or fetch one object until they expire: AWS Signature Version 4 in the query (Amazon S3 API
//! reference, "Authenticating Requests: Using Query Parameters"). Those of `object_store` do not cover `content-length`,
//! without which a client could send any amount.

use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::aws::{AwsCredential, AwsCredentialProvider};
use object_store::path::Path;

use crate::domain::canonical::{hmac_sha256, sha256_hex};
use crate::ports::blob_store::DirectRequest;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Signs URLs of one bucket.
#[derive(Clone)]
pub(super) struct Presigner {
    credentials: AwsCredentialProvider,
    region: String,
    /// Address of the bucket without a slash at its end, as clients reach it.
    bucket: String,
    /// Its `Host`: without the port that the scheme implies.
    host: String,
}

impl Presigner {
    /// A signer for the bucket at an address; `None` where it is no address.
    pub(super) fn new(credentials: AwsCredentialProvider, region: &str, bucket: &str) -> Option<Self> {
        let url = url::Url::parse(bucket).ok()?;
        let name = url.host_str()?;
        let host = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let bucket = bucket.trim_end_matches('/').to_owned();
        Some(Self { credentials, region: region.to_owned(), bucket, host })
    }

    /// Returns a URL for one request.
    ///
    /// # Errors
    /// Any error of the source of the credentials.
    pub(super) async fn url(
        &self,
        name: &Path,
        request: &DirectRequest,
        ttl: Duration,
        now: DateTime<Utc>,
    ) -> object_store::Result<String> {
        let credential = self.credentials.get_credential().await?;
        Ok(self.signed(&credential, name, Covered::of(request), ttl, now))
    }

    fn signed(
        &self,
        credential: &AwsCredential,
        name: &Path,
        covered: Covered,
        ttl: Duration,
        now: DateTime<Utc>,
    ) -> String {
        let Covered { method, mut query, size_bytes } = covered;
        let (time, day) = (now.format("%Y%m%dT%H%M%SZ").to_string(), now.format("%Y%m%d").to_string());
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let (headers, names) = match size_bytes {
            Some(size) => (format!("content-length:{size}\nhost:{}\n", self.host), "content-length;host"),
            None => (format!("host:{}\n", self.host), "host"),
        };
        query.extend([
            ("X-Amz-Algorithm", ALGORITHM.to_owned()),
            ("X-Amz-Credential", format!("{}/{scope}", credential.key_id)),
            ("X-Amz-Date", time.clone()),
            ("X-Amz-Expires", ttl.as_secs().to_string()),
            ("X-Amz-SignedHeaders", names.to_owned()),
        ]);
        query.extend(credential.token.clone().map(|token| ("X-Amz-Security-Token", token)));
        query.sort();
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", encoded(value, ""))).collect();
        let query = query.join("&");
        let url = format!("{}/{}", self.bucket, encoded(name.as_ref(), "/"));
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let canonical = format!("{method}\n/{path}\n{query}\n{headers}\n{names}\nUNSIGNED-PAYLOAD");
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", sha256_hex(canonical));
        let mut key = hmac_sha256(format!("AWS4{}", credential.secret_key).as_bytes(), day.as_bytes());
        for part in [self.region.as_str(), "s3", "aws4_request"] {
            key = hmac_sha256(&key, part.as_bytes());
        }
        let signature = hex::encode(hmac_sha256(&key, text.as_bytes()));
        format!("{url}?{query}&X-Amz-Signature={signature}")
    }
}

/// What a signature covers beside the name and the time.
struct Covered {
    method: &'static str,
    /// Headers that the response is to have.
    query: Vec<(&'static str, String)>,
    /// Size of the request's body.
    size_bytes: Option<u64>,
}

impl Covered {
    fn of(request: &DirectRequest) -> Self {
        match request {
            DirectRequest::Get { media_type, disposition } => {
                let query = vec![
                    ("response-content-type", media_type.clone()),
                    ("response-content-disposition", disposition.clone()),
                ];
                Self { method: "GET", query, size_bytes: None }
            }
            DirectRequest::Put { size_bytes } => {
                Self { method: "PUT", query: Vec::new(), size_bytes: Some(*size_bytes) }
            }
        }
    }
}

/// Encodes all but unreserved characters (RFC 3986) and those of `kept`.
fn encoded(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-_.~".contains(c) || kept.contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::StaticCredentialProvider;

    use super::*;

    fn signer(bucket: &str) -> Option<Presigner> {
        let credentials = Arc::new(StaticCredentialProvider::new(credential()));
        Presigner::new(credentials, "us-east-1", bucket)
    }

    fn credential() -> AwsCredential {
        AwsCredential {
            key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
        }
    }

    /// The example of the Amazon S3 API reference, "Authenticating Requests: Using Query Parameters".
    #[test]
    fn the_signature_is_that_of_the_reference() {
        let signer = signer("https://examplebucket.s3.amazonaws.com").expect("an address");
        let now = "2013-05-24T00:00:00Z".parse().expect("a time");
        let covered = Covered { method: "GET", query: Vec::new(), size_bytes: None };
        let ttl = Duration::from_secs(86_400);
        assert_eq!(
            signer.signed(&credential(), &Path::from("test.txt"), covered, ttl, now),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn names_are_encoded_and_the_port_of_the_scheme_is_left_out() {
        assert_eq!(encoded("a b/é~", "/"), "a%20b/%C3%A9~");
        let host = |bucket| signer(bucket).map(|signer| signer.host);
        assert_eq!(host("https://s3.example.org:443/files").as_deref(), Some("s3.example.org"));
        assert_eq!(host("http://127.0.0.1:9000/files/").as_deref(), Some("127.0.0.1:9000"));
        assert_eq!(host("files"), None);
    }
}
