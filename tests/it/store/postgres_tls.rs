//! The connection to PostgreSQL over TLS, by the program as an operator runs it.

use std::path::Path;
use std::process::Output;

use crate::support::authority::Authority;
use crate::support::postgres::Server;
use crate::support::program::Start;

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_reached_through_tls_and_its_certificate_is_checked() {
    let Some(server) = tokio::task::block_in_place(Server::start) else { return };
    let (right, wrong) = (Authority::new(), Authority::new());
    let (certificate, key) = right.issue("127.0.0.1");
    let Some(port) = tokio::task::block_in_place(|| server.only_tls(&certificate, &key)) else { return };
    let (database, _) = server.empty_database();
    let dir = tempfile::tempdir().expect("a directory");
    let [trusted, other] = ["right.pem", "wrong.pem"].map(|name| dir.path().join(name));
    right.write(&trusted);
    wrong.write(&other);
    let start = |host: &str, rest: &str, roots: &Path| {
        let url = format!("postgresql://postgres:hidden-word@{host}:{port}/{database}{rest}");
        Start::on(dir.path())
            .with("SS_JOB_STORE_BACKEND", "postgres")
            .with("SS_DATABASE_URL", &url)
            .with("SSL_CERT_FILE", &roots.display().to_string())
    };
    let migrate = |host: &str, rest: &str, roots: &Path| {
        let done = start(host, rest, roots).tool(&["store", "migrate"]).output().expect("runs");
        assert!(!text(&done).contains("hidden-word"), "{}", text(&done));
        (done.status.code(), text(&done))
    };
    for (host, rest, roots, reason) in [
        ("127.0.0.1", "?sslmode=disable", &trusted, "pg_hba.conf rejects"),
        ("127.0.0.1", "?sslmode=require", &other, "certificate"),
        ("localhost", "?sslmode=require", &trusted, "certificate"),
        ("127.0.0.1", "?sslmode=verify-full", &other, "certificate"),
    ] {
        let (code, says) = migrate(host, rest, roots);
        assert_eq!(code, Some(69), "{host}{rest}: {says}");
        assert!(says.contains(reason), "{host}{rest}: {says}");
    }
    for rest in ["?sslmode=require", "?sslmode=verify-full", ""] {
        let (code, says) = migrate("127.0.0.1", rest, &trusted);
        assert_eq!(code, Some(0), "{rest}: {says}");
    }
    let program = tokio::task::block_in_place(|| start("127.0.0.1", "?sslmode=require", &trusted).go());
    let used = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                WHERE ssl AND application_name = 'stata-service'";
    let connections = tokio::task::block_in_place(|| server.sql(&database, used)).expect("asked");
    assert_ne!(connections, ["0"], "the service uses TLS");
    assert!(tokio::task::block_in_place(|| program.end()).success());
}
