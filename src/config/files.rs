//! The settings of the files of jobs.

use secrecy::SecretString;

use super::reader::Reader;
use super::sections::{host_of, is_loopback, meaning};
use crate::domain::artifact::safe_rel_path;
use crate::domain::gate::Rule;

/// The region that requests are signed for where none is given.
const REGION: &str = "us-east-1";

/// Inputs and artifacts of jobs.
#[derive(Debug, Clone)]
pub struct Files {
    /// The object store that holds them; without it they are in the data directory.
    pub s3: Option<S3>,
    #[doc = meaning!("files.copies_mb")]
    pub copies_mb: u64,
}

/// An S3-compatible object store.
#[derive(Debug, Clone)]
pub struct S3 {
    /// Address; `None` for AWS in the region.
    pub endpoint: Option<String>,
    #[doc = meaning!("s3.region")]
    pub region: String,
    #[doc = meaning!("s3.bucket")]
    pub bucket: String,
    #[doc = meaning!("s3.prefix")]
    pub prefix: String,
    #[doc = meaning!("s3.force_path_style")]
    pub force_path_style: bool,
    #[doc = meaning!("s3.access_key_id")]
    pub access_key_id: SecretString,
    #[doc = meaning!("s3.secret_access_key")]
    pub secret_access_key: SecretString,
}

/// Reads the sections `files` and `s3`; the latter belongs to the backend `s3` only.
pub(super) fn read(r: &mut Reader<'_>) -> Files {
    let backend = r.text("files.backend").unwrap_or_default();
    let s3 = match backend.as_str() {
        "s3" => s3(r),
        _ => {
            if backend == "local" {
                refuse_s3(r);
            } else {
                r.unresolved(
                    Rule::ObjectStore,
                    "files.backend",
                    format!("must be local or s3, not {backend:?}"),
                );
            }
            None
        }
    };
    Files { s3, copies_mb: r.count("files.copies_mb", 0, 1 << 30) }
}

/// Reports settings of an object store that nothing would use.
fn refuse_s3(r: &mut Reader<'_>) {
    const TEXT: &str = "is given, but files.backend is local";
    for key in ["s3.endpoint", "s3.region", "s3.bucket", "s3.prefix"] {
        if r.text(key).is_some() {
            r.invalid(key, TEXT);
        }
    }
    for key in ["s3.access_key_id", "s3.secret_access_key"] {
        if r.secret(key).is_some() {
            r.invalid(key, TEXT);
        }
    }
    for key in ["s3.force_path_style", "s3.allow_http"] {
        if r.flag(key) {
            r.invalid(key, TEXT);
        }
    }
}

fn s3(r: &mut Reader<'_>) -> Option<S3> {
    let before = r.problems.len();
    let required = |r: &mut Reader<'_>, key: &str, given: bool, what: &str| {
        if !given && !r.problems.iter().any(|problem| problem.key.starts_with(key)) {
            r.invalid(key, format!("is missing; files.backend s3 needs {what}"));
        }
    };
    let bucket = r.text("s3.bucket");
    required(r, "s3.bucket", bucket.is_some(), "a bucket");
    let key_id = r.secret("s3.access_key_id");
    required(r, "s3.access_key_id", key_id.is_some(), "an access key id");
    let secret = r.secret("s3.secret_access_key");
    required(r, "s3.secret_access_key", secret.is_some(), "a secret access key");
    let endpoint = r.text("s3.endpoint").map(|endpoint| endpoint.trim_end_matches('/').to_owned());
    let allow_http = r.flag("s3.allow_http");
    if let Some(problem) = endpoint.as_deref().and_then(|endpoint| wrong_endpoint(endpoint, allow_http)) {
        r.invalid("s3.endpoint", problem);
    }
    let prefix = r.text("s3.prefix").unwrap_or_default();
    if !prefix.is_empty() && safe_rel_path(&prefix).is_none() {
        r.invalid("s3.prefix", "must be names divided by single slashes, without one at either end");
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if bucket.as_deref().is_some_and(|bucket| !bucket.chars().all(is_name)) {
        r.invalid("s3.bucket", "must be letters, digits, dots, hyphens and underscores");
    }
    if r.problems.len() > before {
        return None;
    }
    Some(S3 {
        endpoint,
        region: r.text("s3.region").unwrap_or_else(|| REGION.to_owned()),
        bucket: bucket?,
        prefix,
        force_path_style: r.flag("s3.force_path_style"),
        access_key_id: key_id?,
        secret_access_key: secret?,
    })
}

/// Returns what is wrong with an address.
fn wrong_endpoint(endpoint: &str, allow_http: bool) -> Option<String> {
    let url = url::Url::parse(endpoint).ok();
    let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) else {
        return Some("must be an address such as https://s3.example.org".to_owned());
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.path() != "/" {
        return Some("must be a scheme, a host and a port only".to_owned());
    }
    let is_near = host_of(endpoint).is_some_and(|host| is_loopback(&host));
    (url.scheme() == "http" && !is_near && !allow_http).then(|| {
        "is plain http:// to another machine, which sends files unencrypted; use https://, or set s3.allow_http".to_owned()
    })
}
