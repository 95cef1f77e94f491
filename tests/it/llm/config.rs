//! Settings of the language model that make no sense end the start with `LLM_CONFIG_INVALID`, the key and
//! the reason.

use std::process::Command;

use stata_service::config::{self, Flags, Host, Settings};

const HOST: Host = Host { cores: 2, first_process: false, container: false };
const SOUND: [(&str, &str); 4] = [
    ("SS_LLM_PROVIDER", "openai"),
    ("SS_LLM_BASE_URL", "https://models.example/v1"),
    ("SS_LLM_API_KEY", "sk-0123456789abcdef"),
    ("SS_LLM_MODEL", "m"),
];

fn load(changes: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let kept = SOUND.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let environment = kept.chain(changes).map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    config::load_from(&Flags::default(), environment, HOST)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// The settings are refused for one reason, which names its key.
fn refused(changes: &[(&str, &str)], key: &str, reason: &str) {
    let problems = load(changes).expect_err("these settings make no sense");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with(&format!("LLM_CONFIG_INVALID: {key} (from ")), "{problems:?}");
    assert!(problems[0].contains(reason), "{problems:?}");
    assert!(!problems[0].contains("0123456789abcdef"), "a key is shown: {problems:?}");
}

#[test]
fn sound_settings_are_taken_and_defaults_bend_to_a_stated_total() {
    let llm = load(&[]).expect("sound").llm.expect("a model");
    assert_eq!(
        (llm.timeout_seconds, llm.first_byte_timeout_seconds, llm.draft_budget_seconds),
        (60, 30, 180)
    );
    let short = load(&[("SS_LLM_TIMEOUT_SECONDS", "7")]).expect("sound").llm.expect("a model");
    assert_eq!((short.first_byte_timeout_seconds, short.idle_timeout_seconds), (7, 7));
    let long = load(&[("SS_LLM_TIMEOUT_SECONDS", "600")]).expect("sound").llm.expect("a model");
    assert_eq!(long.draft_budget_seconds, 600);
    for (text, temperature) in [("0.7", Some(0.7)), ("1", Some(1.0)), ("-1", None)] {
        let llm = load(&[("SS_LLM__TEMPERATURE", text)]).expect("sound").llm.expect("a model");
        assert_eq!(llm.temperature, temperature, "{text}");
    }
}

#[test]
fn an_unknown_kind_of_provider() {
    refused(&[("SS_LLM_PROVIDER", "gemini")], "llm.provider", "must be one of openai, anthropic");
}

#[test]
fn a_provider_without_key_model_or_address() {
    for (name, key) in [
        ("SS_LLM_API_KEY", "llm.api_key"),
        ("SS_LLM_MODEL", "llm.model"),
        ("SS_LLM_BASE_URL", "llm.base_url"),
    ] {
        refused(&[(name, "")], key, "is required with llm.provider");
    }
}

#[test]
fn a_key_without_a_provider() {
    let problems = load(&[("SS_LLM_PROVIDER", "")]).expect_err("nothing to use it with");
    assert!(problems.iter().all(|p| p.contains("is given without llm.provider")), "{problems:?}");
    assert_eq!(problems.len(), 3);
}

#[test]
fn a_key_file_that_is_not_there() {
    let file = "/nowhere/key";
    refused(&[("SS_LLM_API_KEY", ""), ("SS_LLM_API_KEY_FILE", file)], "llm.api_key_file", "cannot be read");
}

#[test]
fn an_empty_key_file_and_a_key_with_a_line_break() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key");
    std::fs::write(&file, " \n").expect("written");
    let path = file.to_str().expect("text");
    refused(&[("SS_LLM_API_KEY", ""), ("SS_LLM_API_KEY_FILE", path)], "llm.api_key_file", "is empty");
    std::fs::write(&file, "sk-0123456789abcdef\nsk-second").expect("written");
    refused(&[("SS_LLM_API_KEY", ""), ("SS_LLM_API_KEY_FILE", path)], "llm.api_key", "visible ASCII");
}

#[test]
fn a_key_and_a_key_file() {
    refused(&[("SS_LLM_API_KEY_FILE", "/nowhere/key")], "llm.api_key_file", "give one of them");
}

#[test]
fn an_address_that_is_none() {
    for (url, reason) in [
        ("models.example/v1", "must begin with"),
        ("ftp://models.example", "must begin with"),
        ("https://", "names no host"),
        ("https://models.example:port/v1", ""),
        ("https://models.example/v1?key=sk-0123456789abcdef", "without query"),
        ("https://models.example/v1 x", "blanks"),
        ("https://sk-0123456789abcdef@models.example/v1", "must not hold a user or a key"),
    ] {
        refused(&[("SS_LLM_BASE_URL", url)], "llm.base_url", reason);
    }
}

#[test]
fn plain_http_to_another_machine() {
    let far = ("SS_LLM_BASE_URL", "http://10.0.0.7:8000/v1");
    refused(&[far], "llm.base_url", "plain http to another machine");
    load(&[far, ("SS_LLM__ALLOW_INSECURE_HTTP", "true")]).expect("allowed by the operator");
    for near in ["http://127.0.0.1:8000/v1", "http://localhost:8000/v1", "http://[::1]:8000"] {
        load(&[("SS_LLM_BASE_URL", near)]).expect("the same machine");
    }
}

#[test]
fn a_second_provider_that_is_the_first() {
    let failover = |model: &'static str| {
        [
            ("SS_LLM__FAILOVER_PROVIDER", "openai"),
            ("SS_LLM__FAILOVER_BASE_URL", "https://models.example/v1/"),
            ("SS_LLM__FAILOVER_API_KEY", "sk-other"),
            ("SS_LLM__FAILOVER_MODEL", model),
        ]
    };
    refused(&failover("m"), "llm.failover_model", "the same model of the same provider");
    load(&failover("smaller")).expect("another model of the provider may answer");
}

#[test]
fn a_second_provider_without_a_first() {
    let none =
        [("SS_LLM_PROVIDER", ""), ("SS_LLM_BASE_URL", ""), ("SS_LLM_API_KEY", ""), ("SS_LLM_MODEL", "")];
    let second = [
        ("SS_LLM__FAILOVER_PROVIDER", "openai"),
        ("SS_LLM__FAILOVER_BASE_URL", "https://models.example"),
        ("SS_LLM__FAILOVER_API_KEY", "sk-other"),
        ("SS_LLM__FAILOVER_MODEL", "m"),
    ];
    let all: Vec<_> = none.into_iter().chain(second).collect();
    refused(&all, "llm.failover_provider", "without llm.provider");
}

#[test]
fn times_that_are_longer_than_the_whole() {
    for name in ["CONNECT_TIMEOUT_SECONDS", "FIRST_BYTE_TIMEOUT_SECONDS", "IDLE_TIMEOUT_SECONDS"] {
        let key = format!("llm.{}", name.to_lowercase());
        let variable = format!("SS_LLM__{name}");
        refused(&[("SS_LLM_TIMEOUT_SECONDS", "5"), (&variable, "6")], &key, "must not be longer");
    }
}

#[test]
fn a_budget_of_time_that_no_call_fits_into() {
    let key = "llm.draft_budget_seconds";
    refused(&[("SS_LLM__DRAFT_BUDGET_SECONDS", "30")], key, "must not be shorter than llm.timeout_seconds");
    let problems = load(&[("SS_LLM__DRAFT_BUDGET_SECONDS", "0")]).expect_err("no time at all");
    assert!(problems[0].starts_with("LLM_CONFIG_INVALID: llm.draft_budget_seconds"), "{problems:?}");
}

#[test]
fn a_budget_of_tokens_that_no_answer_fits_into() {
    refused(&[("SS_LLM__TOKENS_PER_DAY", "100")], "llm.tokens_per_day", "less than one answer");
    load(&[("SS_LLM__TOKENS_PER_DAY", "0")]).expect("0 is no bound");
}

#[test]
fn no_calls_at_once_and_no_attempts() {
    refused(&[("SS_LLM__CONCURRENCY", "0")], "llm.concurrency", "must be 1 to");
    refused(&[("SS_LLM_MAX_ATTEMPTS", "0")], "llm.max_attempts", "must be 1 to");
    refused(&[("SS_LLM__MAX_OUTPUT_TOKENS", "10")], "llm.max_output_tokens", "must be 256 to");
}

#[test]
fn a_temperature_that_no_provider_takes() {
    refused(&[("SS_LLM__TEMPERATURE", "2.5")], "llm.temperature", "must be -1 to 2");
    refused(&[("SS_LLM__TEMPERATURE", "warm")], "llm.temperature", "must be a number");
    refused(&[("SS_LLM__TEMPERATURE", "-0.5")], "llm.temperature", "-1 for the provider's own");
}

#[test]
fn certificates_that_are_not_there() {
    refused(&[("SS_LLM__CA_FILE", "/nowhere/ca.pem")], "llm.ca_file", "cannot be read");
}

#[test]
fn the_program_ends_with_78_and_names_code_key_and_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n")
        .expect("written");
    let ca = ca.to_str().expect("text");
    for changes in [&[("SS_LLM__CONCURRENCY", "0")][..], &[("SS_LLM__CA_FILE", ca)]] {
        let output = Command::new(env!("CARGO_BIN_EXE_stata-service"))
            .arg("serve")
            .env_clear()
            .env("SS_DATA_DIR", folder.path().join("data"))
            .env("SS_LISTEN", "127.0.0.1:0")
            .envs(SOUND)
            .envs(changes.iter().copied())
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains("LLM_CONFIG_INVALID: "), "{said}");
        assert!(!said.contains("0123456789abcdef"), "{said}");
    }
}
