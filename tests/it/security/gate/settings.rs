//! Rules on settings: each is violated by one change of the sample set-up, which itself violates none.

use std::collections::BTreeSet;
use std::path::Path;

use stata_service::config::{self, Flags, Host, LlmProvider, Settings, production};
use stata_service::domain::gate::{Kind, Rule};

const HOST: Host = Host { cores: 2, first_process: false, container: true };

/// The sample file for production with the secrets of a deployment, after some changes.
fn load(changes: &[(&str, &str)]) -> Settings {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/production.toml");
    let mut environment = vec![
        ("SS_CONFIG".to_owned(), sample.display().to_string()),
        ("SS_LLM_API_KEY".to_owned(), "sk-4f9a1c77e2b05d83".to_owned()),
        ("SS_BOOTSTRAP_ADMIN_KEY".to_owned(), "ssk_ops_7Qm2ZpX9vT4kLs8B".to_owned()),
        ("SS_ADMIN_PASSWORD_HASH".to_owned(), "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
    ];
    for (name, value) in changes {
        environment.retain(|(known, _)| known != name);
        environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    config::load_from(&Flags::default(), environment, HOST).unwrap_or_else(|list| {
        panic!(
            "production loads unresolved values: {}",
            list.iter().map(ToString::to_string).collect::<String>()
        )
    })
}

fn violated(changes: &[(&str, &str)]) -> BTreeSet<&'static str> {
    production::violations(&load(changes)).iter().map(|v| v.rule.id()).collect()
}

/// A file with the sample's text after a replacement, for what the environment cannot unset.
fn violated_in_file(from: &str, to: &str) -> BTreeSet<&'static str> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/production.toml");
    let text = std::fs::read_to_string(sample).expect("the sample");
    assert!(text.contains(from), "{from}");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("production.toml");
    std::fs::write(&file, text.replace(from, to)).expect("written");
    violated(&[("SS_CONFIG", file.to_str().expect("UTF-8"))])
}

#[test]
fn the_sample_file_for_production_violates_no_rule_on_settings() {
    let found = production::violations(&load(&[]));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn every_rule_on_settings_is_violated_by_a_set_up_of_its_own() {
    let cases: Vec<(Rule, BTreeSet<&str>)> = vec![
        (Rule::LlmProvider, violated(&[("SS_LLM_PROVIDER", "stub")])),
        (Rule::LlmModel, violated(&[("SS_LLM_MODEL", "stub")])),
        (Rule::LlmCredentials, violated(&[("SS_LLM_API_KEY", "changeme-please")])),
        (Rule::LlmTls, violated(&[("SS_LLM_BASE_URL", "http://api.openai.com/v1")])),
        (Rule::StataCommand, violated(&[("SS_STATA_CMD", "stata-mp")])),
        (Rule::JobStore, violated(&[("SS_JOB_STORE_BACKEND", "memory")])),
        (
            Rule::JobStore,
            violated(&[
                ("SS_JOB_STORE_BACKEND", "postgres"),
                ("SS_DATABASE_URL", "postgres://db.internal/x?sslmode=disable"),
            ]),
        ),
        (Rule::AdminCredentials, violated(&[("SS_BOOTSTRAP_ADMIN_KEY", "ssk_a_aaaaaaaaaaaaaaaaaaaa")])),
        (Rule::CorsOrigins, violated(&[("SS_CORS_ALLOWED_ORIGINS", "*")])),
        (Rule::TransportSecurity, violated_in_file("[\"10.0.0.0/8\"]", "[]")),
        (Rule::WebhookNetworks, violated(&[("SS_WEBHOOKS__PRIVATE_NETWORKS", "127.0.0.0/8")])),
        (
            Rule::RateLimits,
            violated(&[
                ("SS_LIMITS__ADDRESS_PER_SECOND", "9000000"),
                ("SS_LIMITS__ADDRESS_BURST", "9000000"),
            ]),
        ),
        (Rule::TrialBounded, violated(&[("SS_TRIAL__ENABLED", "true"), ("SS_TRIAL__JOBS_PER_DAY", "90000")])),
        (Rule::SandboxMode, violated(&[("SS_RUN__SANDBOX", "best_effort")])),
        (Rule::SandboxReads, violated(&[("SS_RUN__SANDBOX_READ", "/")])),
        (Rule::OnShutdown, violated(&[("SS_ON_SHUTDOWN", "detach")])),
        (Rule::TimeoutsOrdered, violated(&[("SS_HTTP__REQUEST_TIMEOUT_SECONDS", "600")])),
    ];
    for (rule, found) in &cases {
        assert_eq!(found, &BTreeSet::from([rule.id()]), "{}", rule.id());
    }
    let covered: BTreeSet<&str> = cases.iter().map(|(rule, _)| rule.id()).collect();
    let all: BTreeSet<&str> =
        Rule::ALL.iter().filter(|r| r.text().kind == Kind::Settings).map(|r| r.id()).collect();
    assert_eq!(covered, all, "a rule without a set-up that violates it");
}

#[test]
fn further_ways_to_violate_a_rule() {
    for (changes, rule) in [
        (&[("SS_UPLOAD_OBJECT_STORE_BACKEND", "fake")][..], Rule::ObjectStore),
        (
            &[
                ("SS_FILES__BACKEND", "s3"),
                ("SS_S3_ENDPOINT", "http://objects.internal:9000"),
                ("SS_S3__ALLOW_HTTP", "true"),
                ("SS_S3_BUCKET", "stata"),
                ("SS_S3_ACCESS_KEY_ID", "AKIDEXAMPLE0123"),
                ("SS_S3_SECRET_ACCESS_KEY", "0123456789abcdef0123456789abcdef"),
            ],
            Rule::ObjectStore,
        ),
        (&[("SS_LLM_BASE_URL", "https://127.0.0.1:8443/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://[::1]/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://llm.example.com/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://2130706433/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://127.1/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://0x7f.1/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://0177.0.0.1/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://[::ffff:127.0.0.1]/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://[64:ff9b::7f00:1]/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://169.254.169.254/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://[fe80::1]/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://0.0.0.0/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://10.1.2.3/v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://LOCALHOST./v1")], Rule::LlmTls),
        (&[("SS_LLM_BASE_URL", "https://user@localhost/v1")], Rule::LlmTls),
        (&[("SS_LLM_API_KEY", "sk-fake-key-of-a-stub")], Rule::LlmCredentials),
        (&[("SS_LLM_API_KEY", "short")], Rule::LlmCredentials),
        (&[("SS_LLM_PROVIDER", "fake")], Rule::LlmProvider),
        (&[("SS_STATA_CMD", "fake")], Rule::StataCommand),
        (&[("SS_STATA_CMD", "stub --batch")], Rule::StataCommand),
        (&[("SS_RUN__SANDBOX", "off")], Rule::SandboxMode),
        (&[("SS_RUN__SANDBOX_READ", "/var/lib/stata-service/tenants")], Rule::SandboxReads),
        (&[("SS_RUN__SANDBOX_READ", "/opt/stata,/var/lib")], Rule::SandboxReads),
        (&[("SS_DATA_DIR", "/usr/local/lib/stata-service")], Rule::SandboxReads),
        (&[("SS_STATA_CMD", "/var/lib/stata-service/bin/stata-mp")], Rule::SandboxReads),
        (&[("SS_TRUSTED_PROXIES", "0.0.0.0/0")], Rule::TransportSecurity),
        (&[("SS_TRUSTED_PROXIES", "0.0.0.0/1,128.0.0.0/1")], Rule::TransportSecurity),
        (&[("SS_TRUSTED_PROXIES", "0.0.0.0/2,64.0.0.0/2,128.0.0.0/2,192.0.0.0/3")], Rule::TransportSecurity),
        (&[("SS_TRUSTED_PROXIES", "128.0.0.0/1")], Rule::TransportSecurity),
        (&[("SS_TRUSTED_PROXIES", "::/1,8000::/1")], Rule::TransportSecurity),
        (&[("SS_TRUSTED_PROXIES", "2000::/3")], Rule::TransportSecurity),
        (&[("SS_TRUSTED_PROXIES", "::ffff:0:0/96")], Rule::TransportSecurity),
        (&[("SS_TRUSTED_PROXIES", "::ffff:0:0/97,::ffff:128.0.0.0/97")], Rule::TransportSecurity),
        (&[("SS_WEBHOOKS__PRIVATE_NETWORKS", "10.0.0.0/8")], Rule::WebhookNetworks),
        (&[("SS_WEBHOOKS__PRIVATE_NETWORKS", "10.1.0.0/16,10.2.0.0/15")], Rule::WebhookNetworks),
        (&[("SS_WEBHOOKS__PRIVATE_NETWORKS", "fd00::/8")], Rule::WebhookNetworks),
        (&[("SS_WEBHOOKS__PRIVATE_NETWORKS", "::1/128")], Rule::WebhookNetworks),
        (&[("SS_LIMITS__FAILURES_PER_MINUTE", "99999")], Rule::RateLimits),
        (&[("SS_BOOTSTRAP_ADMIN_KEY", "ssk_a_changeme-changeme")], Rule::AdminCredentials),
    ] {
        assert_eq!(violated(changes), BTreeSet::from([rule.id()]), "{changes:?}");
    }
    assert_eq!(
        violated_in_file("cmd = \"/usr/local/stata/stata-mp\"\n", ""),
        BTreeSet::from(["stata_command"])
    );
    let no_llm = violated_in_file(
        "provider = \"openai\"\nbase_url = \"https://api.openai.com/v1\"\nmodel = \"gpt-4.1\"\n",
        "",
    );
    assert_eq!(
        no_llm,
        BTreeSet::from(["llm_model", "llm_provider", "llm_tls"]),
        "all that is missing is told"
    );
}

#[test]
fn all_violations_are_told_at_once() {
    let found = violated(&[
        ("SS_LLM_PROVIDER", "stub"),
        ("SS_UPLOAD_OBJECT_STORE_BACKEND", "fake"),
        ("SS_STATA_CMD", "fake"),
        ("SS_RUN__SANDBOX", "off"),
        ("SS_CORS_ALLOWED_ORIGINS", "*"),
    ]);
    let expected = ["cors_origins", "llm_provider", "object_store", "sandbox_mode", "stata_command"];
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn outside_of_production_the_same_names_are_problems_of_the_settings() {
    for (name, value) in [
        ("SS_LLM_PROVIDER", "stub"),
        ("SS_UPLOAD_OBJECT_STORE_BACKEND", "fake"),
        ("SS_JOB_STORE_BACKEND", "fake"),
        ("SS_STATA_CMD", "stub"),
    ] {
        let environment = [(name.to_owned(), value.to_owned())];
        let list = config::load_from(&Flags::default(), environment, HOST).expect_err(name);
        assert!(list.iter().any(|p| p.to_string().contains(value)), "{list:?}");
    }
}

#[test]
fn providers_are_a_closed_list_without_a_fake() {
    // a new provider must be looked at here: the match has no wildcard
    let name = |provider: LlmProvider| match provider {
        LlmProvider::OpenAi => "openai",
        LlmProvider::Anthropic => "anthropic",
    };
    assert_eq!(name(load(&[]).llm.expect("a model").primary.provider), "openai");
}

#[test]
fn proxies_and_providers_of_internal_networks_are_allowed() {
    for changes in [
        &[("SS_TRUSTED_PROXIES", "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8,::1")][..],
        &[("SS_LLM_BASE_URL", "https://10.20.3.4/v1"), ("SS_LLM__PRIVATE_NETWORKS", "10.20.0.0/16")],
        &[("SS_LLM_BASE_URL", "https://[fd00:1::5]/v1"), ("SS_LLM__PRIVATE_NETWORKS", "fd00::/8")],
    ] {
        assert_eq!(violated(changes), BTreeSet::new(), "{changes:?}");
    }
    for network in ["10.0.0.0/7", "0.0.0.0/0", "127.0.0.0/8", "169.254.0.0/16", "::/0", "x"] {
        let environment = [("SS_LLM__PRIVATE_NETWORKS".to_owned(), network.to_owned())];
        let problems = config::load_from(&Flags::default(), environment, HOST).expect_err(network);
        assert_eq!(problems[0].key, "llm.private_networks", "{network}");
    }
}

/// Every key of the form `ssk_<id>_<secret>` in the files below a folder.
fn keys_in(place: &Path, found: &mut BTreeSet<String>) {
    if place.is_dir() {
        for entry in std::fs::read_dir(place).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && name != "node_modules" {
                keys_in(&entry.path(), found);
            }
        }
        return;
    }
    let Ok(text) = std::fs::read_to_string(place) else { return };
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    for (at, _) in text.match_indices("ssk_") {
        let key: String = text[at..].chars().take_while(|c| is_part(*c)).collect();
        if key.splitn(3, '_').nth(2).is_some_and(|secret| secret.len() >= 16) {
            found.insert(key);
        }
    }
}

#[test]
fn no_key_that_the_documents_show_opens_a_production_set_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut keys = BTreeSet::new();
    for place in ["README.md", "docs", "config", "deploy", "clients", "openspec", "scripts", "src"] {
        keys_in(&root.join(place), &mut keys);
    }
    assert!(!keys.is_empty(), "the checks of scripts/ have a key");
    for key in keys {
        let environment = [("SS_BOOTSTRAP_ADMIN_KEY".to_owned(), key.clone())];
        // what is no key of this form is refused in every set-up
        if config::load_from(&Flags::default(), environment, HOST).is_ok() {
            let found = violated(&[("SS_BOOTSTRAP_ADMIN_KEY", &key)]);
            assert_eq!(found, BTreeSet::from(["admin_credentials"]), "{key}");
        }
    }
}
