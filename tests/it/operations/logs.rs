//! Log lines: flat JSON with the fields of their spans, the filter, and the list of event names.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use stata_service::telemetry::events;
use stata_service::telemetry::logging::{Format, LoggingError, subscriber};

/// Collects what is logged.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged(format: Format, filter: &str, work: impl FnOnce()) -> String {
    let sink = Sink::default();
    let out = sink.clone();
    let subscriber = subscriber(format, filter, move || out.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, work);
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn work() {
    let request =
        tracing::info_span!("request", trace_id = %"abc", job_id = tracing::field::Empty, status = 1);
    request.in_scope(|| {
        request.record("job_id", "job_1");
        let run = tracing::info_span!("run", run_id = %"run_1");
        run.in_scope(|| {
            tracing::warn!(
                event = "SS_HTTP_REQUEST",
                status = 503_u16,
                ok = false,
                share = 0.5,
                "it \"failed\"\n"
            )
        });
    });
    tracing::debug!("not shown");
}

#[test]
fn a_json_line_carries_the_fields_of_event_and_spans() {
    let text = logged(Format::Json, "info", work);
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    for (name, value) in [
        ("level", Value::from("WARN")),
        ("event", "SS_HTTP_REQUEST".into()),
        ("message", "it \"failed\"\n".into()),
        ("trace_id", "abc".into()),
        ("job_id", "job_1".into()),
        ("run_id", "run_1".into()),
        ("status", 503.into()),
        ("ok", false.into()),
        ("share", 0.5.into()),
    ] {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    assert_eq!(line["span_id"].as_str().map(str::len), Some(16));
    assert!(chrono::DateTime::parse_from_rfc3339(line["time"].as_str().unwrap()).is_ok(), "{line}");
}

#[test]
fn the_filter_decides_and_a_bad_one_is_refused() {
    assert_eq!(logged(Format::Json, "error", work), "");
    assert_eq!(logged(Format::Json, "debug", work).lines().count(), 2);
    assert!(logged(Format::Pretty, "info", work).contains("SS_HTTP_REQUEST"));
    assert!(matches!(subscriber(Format::Json, "a==b", std::io::sink), Err(LoggingError::Filter(_))));
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { sources(&p) } else { vec![p] }).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "renewing the document is asked for by the environment")]
fn every_event_name_of_the_sources_is_listed_and_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    for path in sources(&root.join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for part in text.split("event = \"").skip(1) {
            used.insert(part.split('"').next().unwrap_or_default().to_owned());
        }
        for call in ["tracing::info!(", "tracing::warn!(", "tracing::error!("] {
            for part in text.split(call).skip(1) {
                assert!(part.trim_start().starts_with("event = \"SS_"), "{}: {part:.80}", path.display());
            }
        }
    }
    let listed: BTreeSet<String> = events::events().map(|e| e.name.to_owned()).collect();
    assert_eq!(used, listed, "left: in the sources, right: in src/telemetry/events.tsv");
    assert!(listed.iter().all(|name| name.starts_with("SS_")));
    let is_whole = |e: &events::Event| {
        let is_level = ["error", "warn", "info", "debug"].iter().any(|level| e.level.starts_with(level));
        is_level && !e.meaning.is_empty() && !e.fields.contains('\t')
    };
    assert_eq!(events::events().find(|e| !is_whole(e)).map(|e| e.name), None, "name, level, meaning, fields");
    let path = root.join("docs/logging.md");
    let expected = events::markdown();
    if std::env::var("SS_TEST_RENEW").is_ok() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "run this test with SS_TEST_RENEW=1 and commit docs/logging.md");
}
