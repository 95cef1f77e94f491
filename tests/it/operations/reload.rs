//! Reading settings again while the real program runs, by signal and by request; TLS with a certificate that
//! is replaced.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{ADMIN_KEY, PATIENCE};
use crate::support::program::{Program, Start};

const OTHER_KEY: &str = "ssk_root2_fedcba9876543210fedcba9876543210";

async fn status(program: &Program, key: &str) -> (u16, Value) {
    let answer = program.call(Method::GET, "/v1/admin/system/status", key, &json!({})).await;
    (answer.status.as_u16(), answer.body)
}

async fn metric(program: &Program, name: &str) -> String {
    let text = program.http.get(format!("{}/metrics", program.base)).send().await.expect("answers");
    let text = text.text().await.expect("a text");
    let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).expect("exported");
    line.rsplit(' ').next().expect("a value").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_in_files_are_read_again_and_bad_settings_leave_everything_as_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let (secret, settings) = (dir.path().join("admin.key"), dir.path().join("settings.toml"));
    std::fs::write(&secret, ADMIN_KEY).expect("writes");
    std::fs::write(&settings, "[limits]\nfailures_per_minute = 10\n").expect("writes");
    let start = Start::on(dir.path())
        .without("SS_BOOTSTRAP_ADMIN_KEY")
        .with("SS_CONFIG", &settings.display().to_string())
        .with("SS_BOOTSTRAP_ADMIN_KEY_FILE", &secret.display().to_string());
    let program = start.go();
    assert_eq!(status(&program, ADMIN_KEY).await.0, 200);
    // another key, by a request
    std::fs::write(&secret, format!("{OTHER_KEY}\n")).expect("writes");
    let reload =
        async |key: &str| program.call(Method::POST, "/v1/admin/system/reload", key, &json!({})).await;
    let report = reload(ADMIN_KEY).await.ok();
    assert_eq!((&report["ok"], &report["applied"]), (&json!(true), &json!(["admin"])), "{report}");
    assert_eq!((status(&program, ADMIN_KEY).await.0, status(&program, OTHER_KEY).await.0), (403, 200));
    // a setting that needs a restart is named
    std::fs::write(&settings, "[limits]\nfailures_per_minute = 20\n[run]\nmemory_mb = 1024\n")
        .expect("writes");
    let report = reload(OTHER_KEY).await.ok();
    assert_eq!(report["applied"], json!(["limits.failures_per_minute"]), "{report}");
    assert_eq!(report["restart_needed"], json!(["run.memory_mb"]), "{report}");
    assert_eq!(metric(&program, "ss_config_reload_success").await, "1");
    // settings that are not valid
    std::fs::write(&settings, "[limits]\nno_such = 1\n").expect("writes");
    let refused = reload(OTHER_KEY).await.refused(409, "CONFIG_RELOAD_FAILED");
    assert!(refused["context"]["problems"][0].as_str().is_some_and(|p| p.contains("no_such")), "{refused}");
    assert_eq!(metric(&program, "ss_config_reload_success").await, "0");
    let (code, seen) = status(&program, OTHER_KEY).await;
    assert_eq!((code, &seen["last_reload"]["ok"]), (200, &json!(false)));
    // the first key again, by a signal
    std::fs::write(&settings, "").expect("writes");
    std::fs::write(&secret, ADMIN_KEY).expect("writes");
    program.signal(rustix::process::Signal::HUP);
    let asked = Instant::now();
    while status(&program, ADMIN_KEY).await.0 != 200 {
        assert!(asked.elapsed() < PATIENCE, "the signal changed nothing");
    }
    // the settings are in force a moment before their success is counted
    while metric(&program, "ss_config_reload_success").await != "1" {
        assert!(asked.elapsed() < PATIENCE, "the success is not counted");
    }
    assert!(program.end().success());
}

/// Writes a certificate for 127.0.0.1 with its key; returns it in DER.
fn certificate(folder: &Path) -> Vec<u8> {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("writes");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("writes");
    made.cert.der().to_vec()
}

/// A client that believes this certificate alone, and does not keep connections.
fn client(der: &[u8]) -> reqwest::Client {
    let root = reqwest::Certificate::from_der(der).expect("a certificate");
    reqwest::Client::builder().tls_certs_only([root]).pool_max_idle_per_host(0).build().expect("a client")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_speaks_tls_and_takes_a_new_certificate() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = certificate(dir.path());
    let start = Start::on(dir.path())
        .with("SS_TLS_CERT_FILE", &dir.path().join("cert.pem").display().to_string())
        .with("SS_TLS_KEY_FILE", &dir.path().join("key.pem").display().to_string());
    let program = start.go();
    let base = program.base.replace("http://", "https://");
    let get = async |der: &[u8]| client(der).get(format!("{base}/health/live")).send().await;
    let answer = get(&first).await.expect("answers");
    assert_eq!(answer.status(), 200);
    let hsts = answer.headers()["strict-transport-security"].to_str().expect("text");
    assert!(hsts.starts_with("max-age=31536000"), "{hsts}");
    assert!(program.http.get(format!("{}/health/live", program.base)).send().await.is_err(), "no plain HTTP");
    let metrics = client(&first).get(format!("{base}/metrics")).send().await.expect("answers");
    let metrics = metrics.text().await.expect("a text");
    // the default of the generator: 4096-01-01
    assert!(metrics.contains("ss_tls_cert_expiry_timestamp_seconds 67090118400"), "{metrics}");
    // the container's health check speaks TLS too
    let health = Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .arg("health")
        .env("SS_LISTEN", base.trim_start_matches("https://"))
        .env("SS_TLS_CERT_FILE", dir.path().join("cert.pem"))
        .env("SS_TLS_KEY_FILE", dir.path().join("key.pem"))
        .output()
        .expect("runs");
    assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));
    assert!(String::from_utf8_lossy(&health.stdout).contains("\"status\":\"ok\""));
    let second = certificate(dir.path());
    assert!(get(&second).await.is_err(), "not in force yet");
    let reload = client(&first).post(format!("{base}/v1/admin/system/reload")).bearer_auth(ADMIN_KEY);
    let report: Value = reload.send().await.expect("answers").json().await.expect("a report");
    assert_eq!(report["applied"], json!(["tls"]), "{report}");
    assert_eq!(get(&second).await.expect("answers").status(), 200);
    assert!(get(&first).await.is_err(), "no longer in force");
    std::fs::write(dir.path().join("key.pem"), "no key").expect("writes");
    let reload = client(&second).post(format!("{base}/v1/admin/system/reload")).bearer_auth(ADMIN_KEY);
    assert_eq!(reload.send().await.expect("answers").status(), 409);
    assert_eq!(get(&second).await.expect("answers").status(), 200, "the old one stays in force");
    assert!(program.end().success());
}
