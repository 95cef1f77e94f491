//! Settings: layers and origins, all problems at once, secrets, names that do not exist.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use secrecy::ExposeSecret;
use stata_service::config::{self, ConfigProblem, Flags, Host, OnShutdown, S3Credentials, Settings};

const HOST: Host = Host { cores: 3, first_process: false, container: false };

fn load(environment: &[(&str, &str)]) -> Result<Settings, Vec<ConfigProblem>> {
    load_with(&Flags::default(), environment)
}

fn load_with(flags: &Flags, environment: &[(&str, &str)]) -> Result<Settings, Vec<ConfigProblem>> {
    config::load_from(flags, environment.iter().map(|(n, v)| (n.to_string(), v.to_string())), HOST)
}

fn problems(environment: &[(&str, &str)]) -> Vec<String> {
    let list = load(environment).expect_err("these settings are refused");
    list.iter().map(ToString::to_string).collect()
}

fn shown(settings: &Settings, key: &str) -> (String, String) {
    let found = settings.shown.iter().find(|s| s.key == key).expect("every key is shown");
    (found.value.clone(), found.origin.clone())
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_defaults_alone_are_a_development_set_up() {
    let s = load(&[]).unwrap();
    assert_eq!((s.env.as_str(), s.listen.to_string().as_str()), ("development", "127.0.0.1:8080"));
    assert_eq!((s.worker.concurrency, s.worker.seats), (3, 0));
    assert_eq!((s.worker.on_shutdown, s.worker.drain_delay_seconds), (OnShutdown::Detach, 0));
    assert_eq!((s.run.timeout_seconds, s.run.memory_mb), (3600, 4096));
    assert_eq!((s.upload.max_bytes, s.store.lock_wait), (2 << 30, 10));
    assert!(s.llm.is_none() && s.stata.cmd.is_none() && s.library_dir.is_none());
}

#[test]
fn later_layers_win_and_every_value_knows_its_origin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:1\"\n[run]\ntimeout_seconds = 5\nmemory_mb = 100\n").unwrap();
    let flags = Flags {
        config: Some(file.clone()),
        values: vec![("--listen".into(), "listen".into(), "127.0.0.1:3".into())],
    };
    let s = load_with(&flags, &[("SS_LISTEN", "127.0.0.1:2"), ("SS_RUN_MEMORY_MB", "200"), ("SS_LOG", "")])
        .unwrap();
    assert_eq!((s.listen.port(), s.run.memory_mb, s.run.timeout_seconds), (3, 200, 5));
    assert_eq!(shown(&s, "listen").1, "--listen");
    assert_eq!(shown(&s, "run.memory_mb"), ("200".into(), "SS_RUN_MEMORY_MB".into()));
    assert_eq!(shown(&s, "run.timeout_seconds").1, file.display().to_string());
    assert_eq!(shown(&s, "log.level"), ("\"info\"".into(), "default".into()));
    let by_variable = load(&[("SS_CONFIG", file.to_str().unwrap()), ("SS_RUN__MEMORY_MB", "300")]).unwrap();
    assert_eq!((by_variable.listen.port(), by_variable.run.memory_mb), (1, 300));
}

#[test]
fn every_short_name_of_the_contract_is_known() {
    let names = "SS_ENV SS_LISTEN SS_DATA_DIR SS_LIBRARY_DIR SS_STATA_CMD SS_STATA_ADO_DIR SS_WORKER_CONCURRENCY \
        SS_STATA_SEATS SS_RUN_TIMEOUT_SECONDS SS_RUN_MEMORY_MB SS_ON_SHUTDOWN SS_SHUTDOWN_TIMEOUT_SECONDS \
        SS_DRAIN_DELAY_SECONDS SS_LLM_PROVIDER SS_LLM_BASE_URL SS_LLM_API_KEY SS_LLM_MODEL SS_LLM_TIMEOUT_SECONDS \
        SS_LLM_MAX_ATTEMPTS SS_JOB_STORE_BACKEND SS_DATABASE_URL SS_UPLOAD_OBJECT_STORE_BACKEND SS_S3_ENDPOINT \
        SS_S3_REGION SS_S3_BUCKET SS_S3_ACCESS_KEY_ID SS_S3_SECRET_ACCESS_KEY SS_S3_FORCE_PATH_STYLE \
        SS_BOOTSTRAP_ADMIN_KEY SS_ADMIN_USERNAME SS_ADMIN_PASSWORD_HASH SS_CORS_ALLOWED_ORIGINS SS_TRUSTED_PROXIES \
        SS_TLS_CERT_FILE SS_TLS_KEY_FILE SS_GATE_ON_VIOLATION SS_RETENTION_DAYS SS_UPLOAD_MAX_BYTES SS_LOG_FORMAT SS_LOG";
    for name in names.split_whitespace() {
        // whatever the value is worth, the name must not be the problem
        for problem in load(&[(name, "x")]).err().unwrap_or_default() {
            assert!(!problem.message.contains("no such setting"), "{name}: {problem}");
        }
    }
}

#[test]
fn all_problems_are_told_at_once_with_key_and_origin() {
    let list = problems(&[
        ("SS_LISTEN", "nowhere"),
        ("SS_RUN_TIMEOUT_SECONDS", "soon"),
        ("SS_RUN__MEMORY_MB", "0"),
        ("SS_LOG_FORMAT", "xml"),
        ("SS_TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.0/99"),
        ("SS_CORS_ALLOWED_ORIGINS", "https://a.example/path"),
        ("SS_LLM_PROVIDER", "openai"),
        ("SS_STATA_CMD", "\"stata"),
    ]);
    let text = list.join("\n");
    for start in [
        "listen (from SS_LISTEN)",
        "run.timeout_seconds (from SS_RUN_TIMEOUT_SECONDS): must be a whole number",
        "run.memory_mb (from SS_RUN__MEMORY_MB): must be 64 to",
        "log.format (from SS_LOG_FORMAT): must be one of auto, json, pretty",
        "http.trusted_proxies (from SS_TRUSTED_PROXIES)",
        "cors.allowed_origins (from SS_CORS_ALLOWED_ORIGINS)",
        "LLM_CONFIG_INVALID: llm.base_url (from default): is required with llm.provider",
        "LLM_CONFIG_INVALID: llm.api_key (from default): is required with llm.provider",
        "LLM_CONFIG_INVALID: llm.model (from default): is required with llm.provider",
        "stata.cmd (from SS_STATA_CMD)",
    ] {
        assert!(list.iter().any(|p| p.starts_with(start)), "{start} is missing in\n{text}");
    }
    assert_eq!(list.len(), 10, "{text}");
}

#[test]
fn problems_of_a_settings_file_have_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let told = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let flags = Flags { config: Some(file.clone()), values: Vec::new() };
        let list = load_with(&flags, &[]).expect_err("these settings are refused");
        list.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let from = |line: u32| format!("(from {}, line {line}): ", file.display());
    let text = "# settings\nlisten = 8080\n\n[run]\ntimeout_second = 5\nmemory_mb = 1\n";
    assert_eq!(
        told(text),
        [
            format!("listen {}must be of type string, not integer, such as \"127.0.0.1:8080\"", from(2)),
            format!(
                "run.timeout_second {}there is no such setting; did you mean run.timeout_seconds?",
                from(5)
            ),
            format!("run.memory_mb {}must be 64 to 16777216, not 1", from(6)),
        ]
    );
    assert!(told("a = 1\n[run]\ntimeout_seconds = 5 minutes\n")[0].contains(&from(3)));
    assert_eq!(
        told("run = 5\n"),
        [format!("run {}is a section, no setting: write [run] and its settings below it", from(1))]
    );
}

#[test]
fn a_number_with_a_unit_is_refused_with_a_number_as_it_should_be() {
    assert_eq!(
        problems(&[("SS_RUN_TIMEOUT_SECONDS", "60s")]),
        [
            "run.timeout_seconds (from SS_RUN_TIMEOUT_SECONDS): must be a whole number such as 3600, not \"60s\""
        ]
    );
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    assert_eq!(
        problems(&[("SS_LISTN", "x")]),
        ["SS_LISTN (from SS_LISTN): there is no such setting; did you mean SS_LISTEN?"]
    );
    assert!(problems(&[("SS_RUN_TIMEOUT_SECOND", "5")])[0].contains("SS_RUN_TIMEOUT_SECONDS"));
    assert!(problems(&[("SS_LISTEN_FILE", "5")])[0].contains("no such setting"), "only secrets have files");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "[worker]\nconcurency = 2\n[run]\ngrace_ms = \"soon\"\n").unwrap();
    let list = problems(&[("SS_CONFIG", file.to_str().unwrap())]).join("\n");
    assert!(list.contains("did you mean worker.concurrency?"), "{list}");
    std::fs::write(&file, "[http]\nbind = \"127.0.0.1:80\"\n").unwrap();
    let far = problems(&[("SS_CONFIG", file.to_str().unwrap())]).join("\n");
    assert!(far.contains("docs/configuration.md") && !far.contains("did you mean"), "{far}");
    assert!(list.contains("run.grace_ms") && list.contains("must be of type integer, not string"), "{list}");
    assert!(load(&[("SS_TEST_FULL", "1"), ("OTEL_SERVICE_NAME", "x"), ("HOME", "/")]).is_ok());
}

#[test]
fn a_setting_given_under_two_names_is_refused() {
    let list = problems(&[("SS_LOG", "info"), ("SS_LOG__LEVEL", "debug")]);
    assert_eq!(list.len(), 1);
    assert!(list[0].contains("SS_LOG and SS_LOG__LEVEL are the same setting"), "{list:?}");
}

#[test]
fn secrets_come_from_values_or_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "sk-from-file\n").unwrap();
    let file = file.to_str().unwrap();
    let base = [("SS_LLM_PROVIDER", "anthropic"), ("SS_LLM_BASE_URL", "https://x/"), ("SS_LLM_MODEL", "m")];
    let with = |more: &[(&'static str, &str)]| {
        let list: Vec<(&str, &str)> = base.iter().copied().chain(more.iter().copied()).collect();
        load(&list)
    };
    use secrecy::ExposeSecret;
    let from_file = with(&[("SS_LLM_API_KEY_FILE", file)]).unwrap();
    assert_eq!(from_file.llm.as_ref().unwrap().primary.api_key.expose_secret(), "sk-from-file");
    assert_eq!(from_file.llm.as_ref().unwrap().primary.base_url, "https://x");
    assert_eq!(shown(&from_file, "llm.api_key"), ("\"***\"".into(), "SS_LLM_API_KEY_FILE".into()));
    let direct = with(&[("SS_LLM__API_KEY", "sk-direct-value")]).unwrap();
    assert_eq!(shown(&direct, "llm.api_key"), ("\"***\"".into(), "SS_LLM__API_KEY".into()));
    assert!(!format!("{direct:?}").contains("sk-direct-value"));
    let both = with(&[("SS_LLM_API_KEY", "sk-direct-value"), ("SS_LLM_API_KEY_FILE", file)]).err().unwrap();
    assert_eq!(both.len(), 1, "{both:?}");
    assert!(both[0].to_string().contains("give one of them") && !both[0].to_string().contains("sk-direct"));
    let absent = with(&[("SS_LLM_API_KEY_FILE", "/nonexistent/key")]).err().unwrap();
    assert!(absent.len() == 1 && absent[0].message.contains("cannot be read"), "{absent:?}");
}

#[test]
fn fields_that_contradict_each_other_are_refused() {
    for (environment, key) in [
        (&[("SS_ADMIN_USERNAME", "root")][..], "admin.username"),
        (&[("SS_ADMIN_PASSWORD_HASH", "secret")], "admin.password_hash"),
        (&[("SS_BOOTSTRAP_ADMIN_KEY", "ssk_a_short")], "admin.bootstrap_key"),
        (&[("SS_LLM_MODEL", "m")], "LLM_CONFIG_INVALID: llm.model"),
        (&[("SS_DATABASE_URL", "postgres://x")], "store.database_url"),
        (&[("SS_JOB_STORE_BACKEND", "postgres")], "store.database_url"),
        (&[("SS_STORE__LISTEN_URL", "postgres://x")], "store.listen_url"),
        (&[("SS_JOB_STORE_BACKEND", "postgres"), ("SS_DATABASE_URL", "mysql://x")], "store.database_url"),
        (&[("SS_S3_BUCKET", "b")], "s3.bucket"),
        (&[("SS_S3__PREFIX", "p")], "s3.prefix"),
        (&[("SS_S3_ACCESS_KEY_ID", "p")], "s3.access_key_id"),
        (&[("SS_S3__ALLOW_HTTP", "true")], "s3.allow_http"),
        (&[("SS_FILES__PRESIGNED", "true")], "files.presigned"),
        (&[("SS_FILES__REDIRECT", "true")], "files.redirect"),
        (&[("SS_LIMITS__TENANT_BURST", "1")], "limits.tenant_burst"),
        (&[("SS_RUN__FILE_MB", "9999999")], "run.file_mb"),
        (&[("SS_LOG", "no==filter")], "log.level"),
        (&[("SS_TLS_CERT_FILE", "/x.pem")], "tls.cert_file"),
        (&[("SS_TLS_KEY_FILE", "/x.pem")], "tls.key_file"),
    ] {
        let list = problems(environment);
        assert!(list.iter().any(|p| p.starts_with(key)), "{key}: {list:?}");
    }
    let first = Host { first_process: true, container: true, ..HOST };
    let variable = [("SS_ON_SHUTDOWN".to_owned(), "detach".to_owned())];
    let list = config::load_from(&Flags::default(), variable, first).err().unwrap();
    assert_eq!(list[0].key, "worker.on_shutdown");
    let inside = config::load_from(&Flags::default(), [], first).unwrap();
    assert_eq!(inside.worker.on_shutdown, OnShutdown::Wait);
}

#[test]
fn an_object_store_needs_a_bucket_a_key_and_a_safe_address() {
    let base = [
        ("SS_FILES__BACKEND", "s3"),
        ("SS_S3_BUCKET", "files"),
        ("SS_S3_ACCESS_KEY_ID", "AKIDSECRETID"),
        ("SS_S3_SECRET_ACCESS_KEY", "very-secret-value"),
    ];
    let with = |more: &[(&'static str, &'static str)]| {
        let mut all: BTreeMap<&str, &str> = base.into_iter().collect();
        all.extend(more.iter().copied());
        let all: Vec<(&str, &str)> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        load(&all)
    };
    let settings = with(&[]).expect("complete");
    let s3 = settings.files.s3.as_ref().expect("an object store");
    assert_eq!((s3.bucket.as_str(), s3.region.as_str(), &s3.endpoint), ("files", "us-east-1", &None));
    assert!(
        !format!("{settings:?}").contains("very-secret") && !format!("{settings:?}").contains("AKIDSECRET")
    );
    for near in
        ["http://127.0.0.1:9000", "http://localhost:9000/", "http://[::1]:9000", "https://s3.example.org"]
    {
        assert!(with(&[("SS_S3_ENDPOINT", near)]).is_ok(), "{near}");
    }
    assert!(with(&[("SS_S3_ENDPOINT", "http://s3.local"), ("SS_S3__ALLOW_HTTP", "true")]).is_ok());
    for (name, value, key) in [
        ("SS_S3_BUCKET", "", "s3.bucket"),
        ("SS_S3_BUCKET", "a/b", "s3.bucket"),
        ("SS_S3_ACCESS_KEY_ID", "", "s3.access_key_id"),
        ("SS_S3_SECRET_ACCESS_KEY", "", "s3.secret_access_key"),
        ("SS_S3_ENDPOINT", "http://s3.local", "s3.endpoint"),
        ("SS_S3_ENDPOINT", "s3.local", "s3.endpoint"),
        ("SS_S3_ENDPOINT", "https://s3.local/bucket", "s3.endpoint"),
        ("SS_S3_ENDPOINT", "https://user:pass@s3.local", "s3.endpoint"),
        ("SS_S3__PREFIX", "/a", "s3.prefix"),
        ("SS_S3__PREFIX", "a/../b", "s3.prefix"),
        ("SS_S3__PUBLIC_ENDPOINT", "http://s3.example.org", "s3.public_endpoint"),
        ("SS_S3__CREDENTIALS", "none", "s3.credentials"),
    ] {
        let list = with(&[(name, value)]).expect_err("refused");
        assert_eq!(list.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), [key], "{name}={value}");
        assert!(!list[0].to_string().contains("pass@"), "{}", list[0]);
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "of-a-file\n").expect("written");
    let path = file.path().to_str().expect("text").to_owned();
    let environment = [
        ("SS_FILES__BACKEND".to_owned(), "s3".to_owned()),
        ("SS_S3_BUCKET".to_owned(), "files".to_owned()),
        ("SS_S3_ACCESS_KEY_ID_FILE".to_owned(), path.clone()),
        ("SS_S3_SECRET_ACCESS_KEY_FILE".to_owned(), path),
    ];
    let settings = config::load_from(&Flags::default(), environment, HOST).expect("complete");
    let S3Credentials::Key { secret_access_key, .. } = settings.files.s3.expect("s3").credentials else {
        panic!("a key");
    };
    assert_eq!(secret_access_key.expose_secret(), "of-a-file");
}

#[test]
fn credentials_of_a_role_need_what_their_kind_needs_and_no_key() {
    let load_with = |more: &[(&'static str, &'static str)]| {
        let base = [("SS_FILES__BACKEND", "s3"), ("SS_S3_BUCKET", "files")];
        load(&base.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let role = [("AWS_ROLE_ARN", "arn:aws:iam::1:role/a"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token")];
    let settings = load_with(&[role[0], role[1], ("SS_S3__CREDENTIALS", "web_identity")]).expect("complete");
    let found = settings.files.s3.expect("s3").credentials;
    assert!(
        matches!(&found, S3Credentials::WebIdentity { role_arn, .. } if role_arn == role[0].1),
        "{found:?}"
    );
    let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
    let relative = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/a");
    let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token");
    let container = ("SS_S3__CREDENTIALS", "container");
    assert!(load_with(&[container, full, token]).is_ok() && load_with(&[container, relative]).is_ok());
    assert!(load_with(&[("SS_S3__CREDENTIALS", "instance")]).is_ok());
    for (given, keys) in [
        (&[("SS_S3__CREDENTIALS", "web_identity")][..], &["s3.web_identity_token_file", "s3.role_arn"][..]),
        (&[container], &["s3.container_relative_uri"]),
        (&[container, full], &["s3.container_token_file"]),
        (&[container, full, token, relative], &["s3.container_full_uri"]),
        (&[("SS_S3__CREDENTIALS", "instance"), ("SS_S3_ACCESS_KEY_ID", "A")], &["s3.access_key_id"]),
        (
            &[
                role[0],
                role[1],
                ("SS_S3__CREDENTIALS", "web_identity"),
                ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1"),
            ],
            &["s3.sts_endpoint"],
        ),
    ] {
        let list = load_with(given).expect_err("refused");
        assert_eq!(list.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), keys, "{given:?}");
    }
    // a cluster sets these for every pod
    assert!(load(&[role[0], role[1], full]).is_ok(), "local files");
}

#[test]
fn settings_that_nothing_acts_on_are_told() {
    let s = load(&[
        ("SS_STATA_ADO_DIR", "/srv/ado"),
        ("SS_RETENTION_DAYS", "30"),
        ("SS_LIMITS__TENANT_BURST", "2000"),
        ("SS_RUN_MEMORY_MB", "100"),
    ]);
    assert_eq!(s.unwrap().without_effect, ["stata.ado_dir"], "the default and what works are not told");
    assert!(config::documentation::markdown().contains("*No effect in this release.*"));
}

#[test]
fn the_sample_files_load() {
    let sample = root("config/production.toml");
    let list = load(&[
        ("SS_CONFIG", sample.to_str().unwrap()),
        ("SS_LLM_API_KEY", "sk-some-key"),
        ("SS_BOOTSTRAP_ADMIN_KEY", "ssk_ops_0123456789abcdefghijklmnop"),
        ("SS_ADMIN_PASSWORD_HASH", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
    ]);
    assert_eq!(list.expect("the sample loads").env.as_str(), "production");
    assert!(load(&[("SS_CONFIG", root("config/default.toml").to_str().unwrap())]).is_ok());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "renewing the document is asked for by the environment")]
fn the_document_of_the_settings_is_in_step() {
    let path = root("docs/configuration.md");
    let expected = config::documentation::markdown();
    if std::env::var("SS_TEST_RENEW").is_ok() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "run this test with SS_TEST_RENEW=1 and commit docs/configuration.md");
}

#[test]
fn networks_contain_their_addresses() {
    let network = config::Network::parse("10.1.0.0/16").unwrap();
    assert!(network.contains("10.1.2.3".parse().unwrap()) && !network.contains("10.2.0.1".parse().unwrap()));
    assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
    assert!(config::Network::parse("::/0").unwrap().contains("2001:db8::1".parse().unwrap()));
    assert!(!config::Network::parse("192.0.2.1").unwrap().contains("192.0.2.2".parse().unwrap()));
    for bad in ["", "10.0.0.0/33", "x/8", "10.0.0.0/x"] {
        assert!(config::Network::parse(bad).is_none(), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_value_makes_loading_panic(value in "\\PC{0,30}", at in any::<prop::sample::Index>()) {
        let settings = load(&[]).unwrap();
        let key = &settings.shown[at.index(settings.shown.len())].key;
        let name = format!("SS_{}", key.replace('.', "__").to_uppercase());
        if let Err(list) = load(&[(&name, &value)]) {
            for problem in list {
                prop_assert!(!problem.message.contains("no such setting"), "{}", problem);
            }
        }
    }
}
