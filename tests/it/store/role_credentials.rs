//! The object store with the credentials of a role instead of a key.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stata_service::adapters::objects::{Credentials, ObjectBlobStore, OpenError, Options};
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::ports::blob_store::{BlobStore, DirectRequest};

use crate::support::authority::Authority;
use crate::support::objects::{self, KEY_ID, SECRET};
use crate::support::program::Start;
use crate::support::role_source::{RoleSource, SESSION_TOKEN};

const HOUR: Duration = Duration::from_secs(3600);

fn with(credentials: Credentials) -> Option<Options> {
    let server = objects::rclone()?;
    Some(Options { credentials, ..server.options() })
}

/// Opens the store on a thread that may block, and puts and reads an object.
async fn used(options: Options, dir: &Path) -> Result<ObjectBlobStore, OpenError> {
    let dir = dir.to_owned();
    let use_it = move || {
        let blobs = ObjectBlobStore::open(&options, &dir)?;
        let (tenant, job) = (TenantId::default_tenant(), JobId::parse("job_1").expect("an id"));
        blobs.put(&tenant, &job, "artifacts/a", &mut &b"content"[..]).expect("put");
        assert_eq!(blobs.head(&tenant, &job, "artifacts/a").expect("there").size_bytes, 7);
        Ok(blobs)
    };
    tokio::task::block_in_place(use_it)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_a_role_needs_no_key() {
    let (source, endpoint) = RoleSource::start(HOUR).await;
    let Some(options) = with(Credentials::Instance { metadata_endpoint: Some(endpoint) }) else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let blobs = used(options.clone(), dir.path()).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(source.handed_out.load(Ordering::SeqCst), 1, "all clients share the credentials");
    let (tenant, job) = (TenantId::default_tenant(), JobId::parse("job_1").expect("an id"));
    let put = DirectRequest::Put { size_bytes: 7 };
    let url =
        tokio::task::block_in_place(|| blobs.direct_url(&tenant, &job, "uploads/u/1.direct", &put, HOUR));
    let url = url.expect("signed").expect("an object store");
    assert!(url.contains(&format!("X-Amz-Security-Token={SESSION_TOKEN}")), "{url}");
    drop(blobs);
    *source.has_no_role.lock().expect("not poisoned") = true;
    let refused = used(Options { patience: Duration::from_secs(1), ..options }, dir.path()).await;
    let refused = refused.err().expect("there is no role");
    let text = refused.to_string();
    assert!(!text.contains(SECRET) && !text.contains(KEY_ID), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_expire_are_fetched_again() {
    // within five minutes of their end they are renewed
    let (source, endpoint) = RoleSource::start(Duration::from_secs(60)).await;
    let Some(options) = with(Credentials::Instance { metadata_endpoint: Some(endpoint) }) else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let blobs = used(options, dir.path()).await.unwrap_or_else(|error| panic!("{error}"));
    let (tenant, job) = (TenantId::default_tenant(), JobId::parse("job_1").expect("an id"));
    let asks = async || {
        // renewals are a tenth of a second apart at the least
        tokio::time::sleep(Duration::from_millis(150)).await;
        let found = tokio::task::block_in_place(|| blobs.head(&tenant, &job, "artifacts/a"));
        assert_eq!(found.expect("there").size_bytes, 7);
        source.handed_out.load(Ordering::SeqCst)
    };
    let before = source.handed_out.load(Ordering::SeqCst);
    assert!(asks().await > before, "{before}");
    source.lasts.store(3600, Ordering::SeqCst);
    let renewed = asks().await;
    assert_eq!(asks().await, renewed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_gets_credentials_for_its_token() {
    let (source, address) = RoleSource::start(HOUR).await;
    let dir = tempfile::tempdir().expect("a directory");
    let token_file = dir.path().join("token");
    let full_uri = format!("{address}/v1/credentials");
    let credentials = Credentials::Pod { full_uri, token_file: token_file.clone() };
    let Some(options) = with(credentials) else { return };
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("made");
    std::fs::write(&token_file, "of-another-pod").expect("written");
    let short = Options { patience: Duration::from_secs(1), ..options.clone() };
    assert!(used(short, &data).await.is_err(), "another pod's token");
    assert_eq!(source.handed_out.load(Ordering::SeqCst), 0);
    // the cluster renews the file
    std::fs::write(&token_file, "token-of-the-pod").expect("written");
    used(options, &data).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(source.handed_out.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_assumes_a_role_with_the_token_of_the_cluster() {
    let Some(server) = objects::rclone() else { return };
    let authority = Authority::new();
    let (certificate, key) = authority.issue("127.0.0.1");
    let (source, endpoint) = RoleSource::start_token_service(HOUR, &certificate, &key).await;
    let dir = tempfile::tempdir().expect("a directory");
    let (roots, token) = (dir.path().join("roots.pem"), dir.path().join("token"));
    authority.write(&roots);
    std::fs::write(&token, "token-of-the-pod").expect("written");
    let start = server
        .settings(Start::on(dir.path()), &server.options().prefix)
        .without("SS_S3_ACCESS_KEY_ID")
        .without("SS_S3_SECRET_ACCESS_KEY")
        .with("SS_S3__CREDENTIALS", "web_identity")
        // as a cluster sets them
        .with("AWS_ROLE_ARN", "arn:aws:iam::1:role/tests")
        .with("AWS_WEB_IDENTITY_TOKEN_FILE", &token.display().to_string())
        .with("AWS_ENDPOINT_URL_STS", &endpoint)
        .with("SSL_CERT_FILE", &roots.display().to_string());
    let program = tokio::task::block_in_place(|| start.go());
    assert_eq!(source.handed_out.load(Ordering::SeqCst), 1);
    tokio::task::block_in_place(|| program.end());
    // a token that the service refuses
    std::fs::write(&token, "of-another-cluster").expect("written");
    let refused = tokio::task::block_in_place(|| start.command().output().expect("runs"));
    assert!(matches!(refused.status.code(), Some(69 | 78)), "{:?}: {}", refused.status, start.log());
    assert!(!start.log().contains("of-another-cluster") && !start.log().contains(SECRET));
}
