//! Where the objects are, and why they cannot be used.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsCredentialProvider, Checksum};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use secrecy::{ExposeSecret, SecretString};

use super::errors::{code, reason};
use super::partial::Connector;
use super::presign::Presigner;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection whose peer is silent this long is broken.
const SILENCE: Duration = Duration::from_secs(15);
/// First and longest pause between two tries.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Where the objects are.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the store; `None` for that of AWS in the region.
    pub endpoint: Option<String>,
    /// Region that requests are signed for.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What every name begins with; empty for nothing.
    pub prefix: String,
    /// The bucket is in the path instead of the host name; always so where the host is an address.
    pub path_style: bool,
    /// Address in the URLs that clients get; `None` for the same.
    pub public_endpoint: Option<String>,
    /// Where the credentials come from.
    pub credentials: Credentials,
    /// Time after which an answer that asks to try again is an error of the call.
    pub patience: Duration,
}

/// Where the credentials come from. Those of a role are fetched when they are needed and again before they expire.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A key.
    Key {
        /// Access key id.
        access_key_id: SecretString,
        /// Secret access key.
        secret_access_key: SecretString,
    },
    /// A role that is assumed with a token of the cluster.
    WebIdentity {
        /// File with the token, which is read for each session.
        token_file: PathBuf,
        /// The role.
        role_arn: String,
        /// Name of the session.
        session_name: String,
        /// Address of the token service (HTTPS); `None` for that of AWS in the region.
        sts_endpoint: Option<String>,
    },
    /// A role of the task (ECS).
    Task {
        /// Path at 169.254.170.2.
        relative_uri: String,
    },
    /// A role of the pod (EKS Pod Identity).
    Pod {
        /// Address of the agent.
        full_uri: String,
        /// File with the token for it.
        token_file: PathBuf,
    },
    /// A role of the machine.
    Instance {
        /// Address of the metadata; `None` for 169.254.169.254.
        metadata_endpoint: Option<String>,
    },
}

impl Credentials {
    fn give_to(&self, builder: AmazonS3Builder) -> AmazonS3Builder {
        use AmazonS3ConfigKey as K;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match self {
            Self::Key { access_key_id, secret_access_key } => builder
                .with_access_key_id(access_key_id.expose_secret())
                .with_secret_access_key(secret_access_key.expose_secret()),
            Self::WebIdentity { token_file, role_arn, session_name, sts_endpoint } => {
                let builder = builder
                    .with_config(K::WebIdentityTokenFile, text(token_file))
                    .with_config(K::RoleArn, role_arn)
                    .with_config(K::RoleSessionName, session_name);
                match sts_endpoint {
                    Some(endpoint) => builder.with_config(K::StsEndpoint, endpoint),
                    None => builder,
                }
            }
            Self::Task { relative_uri } => {
                builder.with_config(K::ContainerCredentialsRelativeUri, relative_uri)
            }
            Self::Pod { full_uri, token_file } => builder
                .with_config(K::ContainerCredentialsFullUri, full_uri)
                .with_config(K::ContainerAuthorizationTokenFile, text(token_file)),
            Self::Instance { metadata_endpoint: Some(endpoint) } => builder.with_metadata_endpoint(endpoint),
            Self::Instance { metadata_endpoint: None } => builder,
        }
    }
}

/// Why the object store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing answers, or only with errors that pass; the reason.
    #[error("the object store {place} does not answer: {reason}")]
    Unreachable {
        /// Address and bucket.
        place: String,
        /// What happened.
        reason: String,
    },
    /// The store does not have the bucket.
    #[error(
        "the object store {place} has no such bucket; make it, or correct s3.bucket, s3.region and s3.endpoint"
    )]
    NoBucket {
        /// Address and bucket.
        place: String,
    },
    /// The store refuses the key.
    #[error(
        "the object store {place} refuses the credentials ({reason}); correct s3.access_key_id and \
         s3.secret_access_key, or the role of s3.credentials, and let it put, get, list and delete objects below \
         s3.prefix"
    )]
    Denied {
        /// Address and bucket.
        place: String,
        /// Code of the store.
        reason: String,
    },
    /// The store refuses the time of a signature.
    #[error(
        "the object store {place} refuses the time of requests (RequestTimeTooSkewed): the clock of this machine is wrong, or that \
         of the store; set it"
    )]
    Clock {
        /// Address and bucket.
        place: String,
    },
    /// The store answers in a way that no object store does.
    #[error(
        "the object store {place} cannot be used: {reason}; check s3.endpoint, s3.region and s3.force_path_style"
    )]
    Unusable {
        /// Address and bucket.
        place: String,
        /// What it answered.
        reason: String,
    },
    /// The data directory belongs to another bucket or prefix.
    #[error(
        "the files of this data directory are in another place than {place}: its objects.json notes another id than the \
         bucket holds; name the place of the files in s3.bucket, s3.prefix and s3.endpoint, or, if {place} is that place \
         (servers of a release before this one that started together noted different ids), remove objects.json"
    )]
    OtherPlace {
        /// Address and bucket.
        place: String,
    },
    /// The data directory holds files of jobs.
    #[error(
        "the data directory holds files of jobs, which would be left behind; use another data directory, or \
         files.backend = \"local\""
    )]
    LocalFiles,
    /// The files of the data directory are in an object store.
    #[error("the files of this data directory are in the object store {place}; set files.backend = \"s3\"")]
    InObjects {
        /// Address and bucket, as they were noted.
        place: String,
    },
    /// A move of files into the bucket is not finished.
    #[error(
        "a move of files into the object store {place} is not finished; finish it with `stata-service store move --files` \
         or take it back with `--take-back`"
    )]
    Moving {
        /// Address and bucket.
        place: String,
    },
    /// The bucket holds files below the prefix, or is the target of another move.
    #[error("the object store {place} holds files already; use another s3.prefix or an empty bucket")]
    Occupied {
        /// Address and bucket.
        place: String,
    },
    /// The data directory cannot be read or written, or the runtime not started.
    #[error("the data directory cannot be used for the files: {0}")]
    Io(#[from] std::io::Error),
}

impl OpenError {
    /// Returns the refusal that an error of the store means at the start.
    pub(super) fn of(place: &str, error: &object_store::Error) -> Self {
        let (place, why) = (place.to_owned(), reason(error));
        let code = code(error);
        match (error, code.as_deref()) {
            (_, Some("NoSuchBucket")) => Self::NoBucket { place },
            (_, Some("RequestTimeTooSkewed")) => Self::Clock { place },
            (
                object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. },
                _,
            )
            | (_, Some("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "AccessDenied")) => {
                Self::Denied { place, reason: why }
            }
            (object_store::Error::NotFound { .. }, _)
            | (_, Some("PermanentRedirect" | "AuthorizationHeaderMalformed" | "InvalidBucketName")) => {
                Self::Unusable { place, reason: why }
            }
            _ if why.contains("redirect") => Self::Unusable { place, reason: why },
            _ => Self::Unreachable { place, reason: why },
        }
    }

    /// True if the store may answer later: the settings are not known to be wrong.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Clock { .. })
    }
}

impl Options {
    /// Address and bucket, as messages name them.
    pub(super) fn place(&self) -> String {
        let endpoint = self.endpoint.clone().unwrap_or_else(|| format!("s3.{}.amazonaws.com", self.region));
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("/{}", self.prefix) };
        format!("{}/{}{prefix}", endpoint.trim_end_matches('/'), self.bucket)
    }

    /// Builds the clients: one that tries again and one that tries once, and what signs URLs with the address that clients
    /// use. They share the credentials.
    ///
    /// # Errors
    /// [`OpenError::Unusable`].
    pub(super) fn clients(&self) -> Result<(AmazonS3, AmazonS3, Presigner), OpenError> {
        let patient = self.client(true, None)?;
        let credentials = patient.credentials();
        let quick = self.client(false, Some(credentials))?;
        let reason = "s3.endpoint or s3.public_endpoint is no address".to_owned();
        let signer = self
            .public_bucket()
            .and_then(|bucket| Presigner::new(Arc::clone(credentials), &self.region, &bucket))
            .ok_or_else(|| OpenError::Unusable { place: self.place(), reason })?;
        Ok((patient, quick, signer))
    }

    /// The address of the bucket that clients use.
    fn public_bucket(&self) -> Option<String> {
        let aws = || format!("https://s3.{}.amazonaws.com", self.region);
        let endpoint = self.public_endpoint.clone().or_else(|| self.endpoint.clone()).unwrap_or_else(aws);
        if self.path_style || is_address(&endpoint) {
            return Some(format!("{}/{}", endpoint.trim_end_matches('/'), self.bucket));
        }
        with_bucket(&endpoint, &self.bucket)
    }

    /// Builds a client. With `retries` answers that ask for it are tried again for a while.
    ///
    /// # Errors
    /// [`OpenError::Unusable`].
    fn client(&self, retries: bool, shared: Option<&AwsCredentialProvider>) -> Result<AmazonS3, OpenError> {
        let unusable = |reason: String| OpenError::Unusable { place: self.place(), reason };
        let builder = AmazonS3Builder::new().with_region(&self.region).with_bucket_name(&self.bucket);
        let builder = match shared {
            Some(credentials) => builder.with_credentials(Arc::clone(credentials)),
            None => self.credentials.give_to(builder),
        };
        let mut builder = builder
            .with_http_connector(Connector::default())
            .with_checksum_algorithm(Checksum::SHA256)
            // one object at a time: not every store deletes several
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                backoff: BackoffConfig { init_backoff: PAUSE.0, max_backoff: PAUSE.1, base: 2.0 },
                max_retries: if retries { 100 } else { 0 },
                retry_timeout: self.patience,
            });
        let mut client = ClientOptions::new()
            .with_connect_timeout(CONNECT)
            .with_read_timeout(SILENCE)
            .with_timeout_disabled();
        let path_style = self.path_style || self.endpoint.as_deref().is_some_and(is_address);
        builder = builder.with_virtual_hosted_style_request(!path_style);
        if let Some(endpoint) = &self.endpoint {
            // the settings decide which address may be plain
            client = client.with_allow_http(endpoint.starts_with("http://"));
            let endpoint =
                if path_style { Some(endpoint.clone()) } else { with_bucket(endpoint, &self.bucket) };
            let endpoint = endpoint.ok_or_else(|| unusable("s3.endpoint is no address".to_owned()))?;
            builder = builder.with_endpoint(endpoint);
        }
        builder.with_client_options(client).build().map_err(|error| unusable(reason(&error)))
    }
}

/// True if the host of a URL is an address of IPv4 or IPv6.
fn is_address(endpoint: &str) -> bool {
    let host = url::Url::parse(endpoint).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
}

/// The address with the bucket in front of the host name.
fn with_bucket(endpoint: &str, bucket: &str) -> Option<String> {
    let (scheme, rest) = endpoint.split_once("://")?;
    Some(format!("{scheme}://{bucket}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> OpenError {
        let source = format!("403 Forbidden: <Error><Code>{code}</Code></Error>").into();
        let error = object_store::Error::PermissionDenied { path: "trial".to_owned(), source };
        OpenError::of("http://store/files", &error)
    }

    #[test]
    fn a_wrong_clock_is_not_called_a_wrong_key() {
        let clock = refused("RequestTimeTooSkewed");
        assert!(clock.to_string().contains("the clock of this machine is wrong"), "{clock}");
        assert!(clock.may_pass(), "the settings are not wrong");
        let key = refused("SignatureDoesNotMatch");
        assert!(key.to_string().contains("refuses the credentials") && !key.may_pass(), "{key}");
    }
}
