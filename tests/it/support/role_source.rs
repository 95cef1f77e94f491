//! A local fake of the places that hand out the credentials of a role: instance metadata (IMDSv2), the agent of a pod, and
//! the token service of a cluster.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use chrono::TimeDelta;
use serde_json::json;
use stata_service::adapters::clock::SystemClock;
use stata_service::ports::clock::Clock as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::objects::{KEY_ID, SECRET};

/// The token that the metadata hands out.
const METADATA_TOKEN: &str = "metadata-token";
/// The token of the session.
pub(crate) const SESSION_TOKEN: &str = "session-token";

/// The fake. It hands out the key of the object servers.
#[derive(Default)]
pub(crate) struct RoleSource {
    /// Credentials that were handed out.
    pub handed_out: AtomicUsize,
    /// Seconds until they expire.
    pub lasts: AtomicUsize,
    /// Answers `404`: the machine has no role.
    pub has_no_role: Mutex<bool>,
    /// The token that pods and clusters must show.
    pub token: Mutex<String>,
}

impl RoleSource {
    /// Starts the metadata and the agent on one address; returns it.
    pub(crate) async fn start(lasts: Duration) -> (Arc<Self>, String) {
        let source = Self::new(lasts);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&source));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (source, format!("http://{address}"))
    }

    fn new(lasts: Duration) -> Arc<Self> {
        let source = Self::default();
        source.lasts.store(usize::try_from(lasts.as_secs()).expect("small"), Ordering::SeqCst);
        *source.token.lock().expect("not poisoned") = "token-of-the-pod".to_owned();
        Arc::new(source)
    }

    /// Starts the token service with a certificate for 127.0.0.1; returns its address.
    pub(crate) async fn start_token_service(
        lasts: Duration,
        certificate: &str,
        key: &str,
    ) -> (Arc<Self>, String) {
        let source = Self::new(lasts);
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("fits");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::clone(&source);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, source) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = vec![0; 16 << 10];
                    let read = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..read]).into_owned();
                    let (status, body) = source.session(&request);
                    let answer = format!(
                        "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        (source, format!("https://{address}"))
    }

    fn expires(&self) -> String {
        self.handed_out.fetch_add(1, Ordering::SeqCst);
        let lasts = i64::try_from(self.lasts.load(Ordering::SeqCst)).expect("small");
        (SystemClock.now() + TimeDelta::seconds(lasts)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    fn shown(&self, token: &str) -> bool {
        *self.token.lock().expect("not poisoned") == token
    }

    fn credentials(&self) -> String {
        json!({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET,
               "Token": SESSION_TOKEN, "Expiration": self.expires(), "RoleArn": "arn:aws:iam::1:role/tests",
               "LastUpdated": "2026-01-01T00:00:00Z"})
        .to_string()
    }

    /// Answers `AssumeRoleWithWebIdentity`.
    fn session(&self, request: &str) -> (&'static str, String) {
        let token =
            request.split("WebIdentityToken=").nth(1).and_then(|rest| rest.split(['&', ' ', '\r']).next());
        let asks = request.contains("Action=AssumeRoleWithWebIdentity") && request.contains("role%2Ftests");
        if !asks || !token.is_some_and(|token| self.shown(token)) {
            let body = "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>";
            return ("400 Bad Request", body.to_owned());
        }
        let body = format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>{KEY_ID}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
             <SessionToken>{SESSION_TOKEN}</SessionToken><Expiration>{}</Expiration>\
             </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
            self.expires()
        );
        ("200 OK", body)
    }
}

async fn answer(
    State(source): State<Arc<RoleSource>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> (StatusCode, String) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let role = "/latest/meta-data/iam/security-credentials/";
    let may_ask = header("x-aws-ec2-metadata-token") == METADATA_TOKEN;
    if *source.has_no_role.lock().expect("not poisoned") && uri.path() != "/latest/api/token" {
        return (StatusCode::NOT_FOUND, String::new());
    }
    match (method.as_str(), uri.path()) {
        ("PUT", "/latest/api/token") if !header("x-aws-ec2-metadata-token-ttl-seconds").is_empty() => {
            (StatusCode::OK, METADATA_TOKEN.to_owned())
        }
        ("GET", path) if path == role && may_ask => (StatusCode::OK, "tests".to_owned()),
        ("GET", path) if path == format!("{role}tests") && may_ask => (StatusCode::OK, source.credentials()),
        ("GET", "/v1/credentials") if source.shown(header("authorization")) => {
            (StatusCode::OK, source.credentials())
        }
        _ => (StatusCode::UNAUTHORIZED, String::new()),
    }
}
