//! The commands that show settings, version and health, and the exit codes, by the real program.

use std::process::{Command, Output};

use serde_json::Value;

fn program(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn config_show_masks_secrets_and_tells_origins() {
    let secret = "ssk_ops_0123456789abcdefghijklmnop";
    let environment = [("SS_LISTEN", "127.0.0.1:1234"), ("SS_BOOTSTRAP_ADMIN_KEY", secret)];
    let lines = stdout(&program(&["config", "show"], &environment));
    assert!(lines.contains("listen = \"127.0.0.1:1234\"  # SS_LISTEN"), "{lines}");
    assert!(lines.contains("admin.bootstrap_key = \"***\"  # SS_BOOTSTRAP_ADMIN_KEY"), "{lines}");
    assert!(!lines.contains("0123456789abcdef"));
    let json = program(&["config", "show", "--json"], &environment);
    let list: Value = serde_json::from_slice(&json.stdout).unwrap();
    let found = list.as_array().unwrap().iter().find(|s| s["key"] == "run.memory_mb").unwrap();
    assert_eq!((&found["value"], &found["origin"]), (&"4096".into(), &"default".into()));
}

#[test]
fn problems_of_settings_end_with_78_and_are_all_told() {
    for (environment, says) in [
        (&[("SS_LISTN", "x"), ("SS_LISTEN", "y")][..], &["SS_LISTN", "listen (from SS_LISTEN)"][..]),
        (&[("SS_JOB_STORE_BACKEND", "postgres")], &["postgres"]),
        (&[("SS_UPLOAD_OBJECT_STORE_BACKEND", "s3")], &["s3.bucket", "s3.access_key_id"]),
    ] {
        for command in [&["config", "show"][..], &["serve"]] {
            let output = program(command, environment);
            assert_eq!(output.status.code(), Some(78), "{environment:?}");
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(says.iter().all(|s| text.contains(s)), "{text}");
            assert!(output.stdout.is_empty());
        }
    }
}

/// A program that is not there.
const STATA: &str = "/usr/local/no-stata/stata-mp";

#[test]
fn what_keeps_the_service_from_starting_is_named_with_path_setting_and_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("file"), "no program").expect("written");
    std::fs::create_dir_all(path("empty")).expect("made");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").to_string();
    let (data, file, empty) = (path("data"), path("file"), path("empty"));
    let (below, absent) = (path("file/data"), path("stata-mp"));
    type Case<'a> = (&'a [(&'a str, &'a str)], i32, &'a [&'a str]);
    let cases: [Case<'_>; 10] = [
        (
            &[("SS_STATA_CMD", STATA)],
            78,
            &[STATA, "stata.cmd, from SS_STATA_CMD", "No such file", "open engine"],
        ),
        (
            &[("SS_STATA_CMD", "no-such-stata -b")],
            78,
            &["no-such-stata", "was not found in /usr/bin", "stata.cmd"],
        ),
        (&[("SS_STATA_CMD", &file), ("SS_DATA_DIR", "/var/tmp/ss-absent")], 78, &[&file, "chmod +x"]),
        (&[("SS_STATA_CMD", "/usr/bin")], 78, &["stata.cmd (from SS_STATA_CMD): /usr/bin is a folder"]),
        (
            &[("SS_DATA_DIR", &file)],
            74,
            &[&file, "data_dir, from SS_DATA_DIR", "the user ", "name another directory"],
        ),
        (&[("SS_DATA_DIR", &below)], 74, &[&below, "data_dir, from SS_DATA_DIR", "name another directory"]),
        (&[("SS_LISTEN", &port)], 69, &[&port, "listen, from SS_LISTEN", "another program uses this port"]),
        (&[("SS_LIBRARY_DIR", &absent)], 78, &[&absent, "library_dir", "cannot be read"]),
        (&[("SS_LIBRARY_DIR", &empty)], 78, &[&empty, "no template is in this folder (library_dir)"]),
        (
            &[("SS_TLS_CERT_FILE", &file), ("SS_TLS_KEY_FILE", &file)],
            78,
            &[&file, "no certificate", "tls.cert_file, from SS_TLS_CERT_FILE"],
        ),
    ];
    for (environment, code, says) in cases {
        let mut environment = environment.to_vec();
        environment.push(("PATH", "/usr/bin"));
        for (name, value) in [("SS_DATA_DIR", data.as_str()), ("SS_LISTEN", "127.0.0.1:0")] {
            if !environment.iter().any(|(given, _)| *given == name) {
                environment.push((name, value));
            }
        }
        let output = program(&["serve"], &environment);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{environment:?}: {text}");
        let missing: Vec<&&str> = says.iter().filter(|s| !text.contains(**s)).collect();
        assert!(missing.is_empty(), "{missing:?} in {text}");
    }
}

#[test]
fn version_and_usage() {
    let version: Value = serde_json::from_slice(&program(&["version", "--json"], &[]).stdout).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(version["schema"]["job"].is_u64());
    assert_eq!(stdout(&program(&["version"], &[])), format!("stata-service {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(program(&["no-such-command"], &[]).status.code(), Some(2));
}

#[test]
fn health_of_a_service_that_is_not_there_is_69() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let output = program(&["health", "--url", &url], &[]);
    assert_eq!(output.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not answer"));
    assert_eq!(program(&["health", "--url", "https://x"], &[]).status.code(), Some(2));
}

#[test]
fn a_command_whose_output_nobody_reads_ends_quietly() {
    let commands: [&[&str]; 5] =
        [&["config", "show"], &["config", "show", "--json"], &["openapi"], &["version"], &["--help"]];
    for words in commands {
        // closed before the program starts, however fast it is
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = Command::new(env!("CARGO_BIN_EXE_stata-service"))
            .args(words)
            .env_clear()
            .stdout(writer)
            .output()
            .expect("starts");
        let text = String::from_utf8_lossy(&ended.stderr);
        assert!(!text.contains("panicked") && !text.contains("Broken pipe"), "{words:?}: {text}");
        // 128 and the number of SIGPIPE; help is printed by the parser of arguments, which does not fail
        let expected = if words == ["--help"] { 0 } else { 141 };
        assert_eq!(ended.status.code(), Some(expected), "{words:?}: {text}");
    }
}
