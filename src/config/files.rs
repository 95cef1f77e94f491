//! The settings of the files of jobs.

use std::path::PathBuf;

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
    #[doc = meaning!("files.presigned")]
    pub presigned: bool,
    #[doc = meaning!("files.redirect")]
    pub redirect: bool,
}

/// An S3-compatible object store.
#[derive(Debug, Clone)]
pub struct S3 {
    /// Address; `None` for AWS in the region.
    pub endpoint: Option<String>,
    #[doc = meaning!("s3.public_endpoint")]
    pub public_endpoint: Option<String>,
    #[doc = meaning!("s3.region")]
    pub region: String,
    #[doc = meaning!("s3.bucket")]
    pub bucket: String,
    #[doc = meaning!("s3.prefix")]
    pub prefix: String,
    #[doc = meaning!("s3.force_path_style")]
    pub force_path_style: bool,
    #[doc = meaning!("s3.credentials")]
    pub credentials: S3Credentials,
}

/// Where the credentials come from.
#[derive(Debug, Clone)]
pub enum S3Credentials {
    /// Given in the settings.
    Key {
        #[doc = meaning!("s3.access_key_id")]
        access_key_id: SecretString,
        #[doc = meaning!("s3.secret_access_key")]
        secret_access_key: SecretString,
    },
    /// A role that is assumed with a token of the cluster.
    WebIdentity {
        #[doc = meaning!("s3.web_identity_token_file")]
        token_file: PathBuf,
        #[doc = meaning!("s3.role_arn")]
        role_arn: String,
        #[doc = meaning!("s3.role_session_name")]
        session_name: String,
        #[doc = meaning!("s3.sts_endpoint")]
        sts_endpoint: Option<String>,
    },
    /// A role of the task (ECS).
    Task {
        #[doc = meaning!("s3.container_relative_uri")]
        relative_uri: String,
    },
    /// A role of the pod (EKS Pod Identity).
    Pod {
        #[doc = meaning!("s3.container_full_uri")]
        full_uri: String,
        #[doc = meaning!("s3.container_token_file")]
        token_file: PathBuf,
    },
    /// A role of the machine.
    Instance {
        #[doc = meaning!("s3.metadata_endpoint")]
        metadata_endpoint: Option<String>,
    },
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
    for key in ["files.presigned", "files.redirect"] {
        if r.flag(key) && backend == "local" {
            r.invalid(key, "needs files.backend s3");
        }
    }
    Files {
        s3,
        copies_mb: r.count("files.copies_mb", 0, 1 << 30),
        presigned: r.flag("files.presigned"),
        redirect: r.flag("files.redirect"),
    }
}

/// Reports settings of an object store that nothing would use.
fn refuse_s3(r: &mut Reader<'_>) {
    const TEXT: &str = "is given, but files.backend is local";
    for key in ["s3.endpoint", "s3.public_endpoint", "s3.region", "s3.bucket", "s3.prefix"] {
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

/// Reports a setting that is missing.
fn required(r: &mut Reader<'_>, key: &str, given: bool, what: &str) {
    if !given && !r.problems.iter().any(|problem| problem.key.starts_with(key)) {
        r.invalid(key, format!("is missing; {what}"));
    }
}

/// An address without a slash at its end; reports one that cannot be used.
fn endpoint(r: &mut Reader<'_>, key: &str) -> Option<String> {
    let endpoint = r.text(key).map(|endpoint| endpoint.trim_end_matches('/').to_owned())?;
    let allow_http = r.flag("s3.allow_http");
    if let Some(problem) = wrong_endpoint(&endpoint, allow_http) {
        r.invalid(key, problem);
    }
    Some(endpoint)
}

fn s3(r: &mut Reader<'_>) -> Option<S3> {
    let before = r.problems.len();
    let bucket = r.text("s3.bucket");
    required(r, "s3.bucket", bucket.is_some(), "files.backend s3 needs a bucket");
    let credentials = credentials(r);
    let (endpoint, public_endpoint) = (endpoint(r, "s3.endpoint"), endpoint(r, "s3.public_endpoint"));
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
        public_endpoint,
        region: r.text("s3.region").unwrap_or_else(|| REGION.to_owned()),
        bucket: bucket?,
        prefix,
        force_path_style: r.flag("s3.force_path_style"),
        credentials: credentials?,
    })
}

/// The words of `s3.credentials`.
#[derive(Clone, Copy)]
enum Kind {
    Key,
    WebIdentity,
    Container,
    Instance,
}

/// Reads where the credentials come from; a key that nothing would use is reported.
fn credentials(r: &mut Reader<'_>) -> Option<S3Credentials> {
    let words = [
        ("key", Kind::Key),
        ("web_identity", Kind::WebIdentity),
        ("container", Kind::Container),
        ("instance", Kind::Instance),
    ];
    let kind = r.choice("s3.credentials", &words)?;
    let (key_id, secret) = (r.secret("s3.access_key_id"), r.secret("s3.secret_access_key"));
    if !matches!(kind, Kind::Key) {
        for (key, given) in
            [("s3.access_key_id", key_id.is_some()), ("s3.secret_access_key", secret.is_some())]
        {
            if given {
                r.invalid(key, "is given, but s3.credentials is not key");
            }
        }
    }
    match kind {
        Kind::Key => {
            required(r, "s3.access_key_id", key_id.is_some(), "files.backend s3 needs an access key id");
            required(
                r,
                "s3.secret_access_key",
                secret.is_some(),
                "files.backend s3 needs a secret access key",
            );
            Some(S3Credentials::Key { access_key_id: key_id?, secret_access_key: secret? })
        }
        Kind::WebIdentity => {
            let (token_file, role_arn) = (r.path("s3.web_identity_token_file"), r.text("s3.role_arn"));
            required(r, "s3.web_identity_token_file", token_file.is_some(), "web_identity needs the token");
            required(r, "s3.role_arn", role_arn.is_some(), "web_identity needs a role");
            let sts_endpoint = endpoint(r, "s3.sts_endpoint");
            if sts_endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")) {
                r.invalid("s3.sts_endpoint", "must be https://, since the token is sent to it");
            }
            let session_name = r.text("s3.role_session_name").unwrap_or_else(|| "stata-service".to_owned());
            Some(S3Credentials::WebIdentity {
                token_file: token_file?,
                role_arn: role_arn?,
                session_name,
                sts_endpoint,
            })
        }
        Kind::Container => container(r),
        Kind::Instance => Some(S3Credentials::Instance { metadata_endpoint: r.text("s3.metadata_endpoint") }),
    }
}

fn container(r: &mut Reader<'_>) -> Option<S3Credentials> {
    let (relative_uri, full_uri) = (r.text("s3.container_relative_uri"), r.text("s3.container_full_uri"));
    match (relative_uri, full_uri) {
        (Some(relative_uri), None) => Some(S3Credentials::Task { relative_uri }),
        (None, Some(full_uri)) => {
            let token_file = r.path("s3.container_token_file");
            required(
                r,
                "s3.container_token_file",
                token_file.is_some(),
                "container_full_uri needs the token",
            );
            Some(S3Credentials::Pod { full_uri, token_file: token_file? })
        }
        (Some(_), Some(_)) => {
            r.invalid("s3.container_full_uri", "is given beside s3.container_relative_uri; give one of them");
            None
        }
        (None, None) => {
            r.invalid(
                "s3.container_relative_uri",
                "is missing, as is s3.container_full_uri; container needs one",
            );
            None
        }
    }
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
