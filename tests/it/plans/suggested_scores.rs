//! What drafts by rules are measured and learned with: the readings of all known questions, and the scores of any set.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stata_service::library::load::Library;
use stata_service::library::suggest::{SuggestInput, draft_of, readings, suggest};

use super::suggested_library::{Read, judged, read, table};
use crate::support::app::TestApp;

/// The folder of the sets, and those from which the weights are learned.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/suggest");
const SETS: [&str; 35] = [
    "asked",
    "asked2",
    "asked3",
    "briefs",
    "causaldata",
    "daily",
    "field",
    "fresh",
    "headers",
    "headers2",
    "letters",
    "library",
    "library2",
    "people",
    "textbook",
    "unseen",
    "unseen2",
    "unseen3",
    "unseen4",
    "unseen5",
    "unseen6",
    "unseen7",
    "unseen8",
    "unseen9",
    "unseen10",
    "unseen11",
    "unseen12",
    "unseen13",
    "unseen15",
    "unseen16",
    "unseen17",
    "unseen18",
    "unseen20",
    "unseen23",
    "plain",
];

fn set(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{FIXTURES}/{name}.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn field<'a>(question: &'a Value, name: &str) -> &'a str {
    question[name].as_str().expect("a text")
}

/// Writes every known question with its readings to `target/suggest_readings.jsonl`.
#[test]
#[ignore = "writes what scripts/suggest/weights.py learns from; it checks nothing"]
fn readings_of_all_known_questions() {
    let library = Library::embedded().expect("the library");
    let mut lines = String::new();
    let mut known: BTreeMap<String, Read> = BTreeMap::new();
    for file in SETS {
        for question in set(file) {
            let data = field(&question, "data");
            let (dataset, values) = known.entry(data.to_owned()).or_insert_with(|| read(data));
            let asked = field(&question, "question");
            let readings = readings(&SuggestInput { library: &library, question: asked, dataset, values });
            lines.push_str(&format!("{}\n", json!({"file": file, "q": question, "readings": readings})));
        }
    }
    std::fs::write("target/suggest_readings.jsonl", lines).expect("the readings are written");
}

/// Prints the shares of right outcomes, roles, methods and of all three for each set of `SS_SUGGEST_SETS` (all known ones
/// without it). `SS_SUGGEST_ANSWERS` names a file for the single drafts.
#[test]
#[ignore = "it only measures: docs/suggest.md"]
fn scores_of_sets() {
    let library = Library::embedded().expect("the library");
    let mut known: BTreeMap<String, Read> = BTreeMap::new();
    let mut lines = String::new();
    for name in asked_for() {
        let mut scores = Vec::new();
        for question in set(&name) {
            let data = field(&question, "data");
            let (dataset, values) = known.entry(data.to_owned()).or_insert_with(|| read(data));
            let text = field(&question, "question");
            let made = suggest(&SuggestInput { library: &library, question: text, dataset, values });
            let open = made.open_questions.iter().map(|q| json!({"field": q.field, "blocking": q.blocking}));
            let made = json!({"draft": draft_of(&made), "open_questions": open.collect::<Vec<_>>()});
            let right = judged(&question, &made);
            scores.push(right);
            lines.push_str(&format!("{}\n", json!({"file": name, "q": question, "right": right, "made": made})));
        }
        printed(&name, &scores);
    }
    if let Ok(path) = std::env::var("SS_SUGGEST_ANSWERS") {
        std::fs::write(path, lines).expect("the drafts are written");
    }
}

/// The same over HTTP, with the repairs of the service.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it only measures: docs/suggest.md"]
async fn scores_of_sets_by_the_service() {
    let app = TestApp::start().await;
    let mut lines = String::new();
    for name in asked_for() {
        let mut scores = Vec::new();
        for question in set(&name) {
            let job = app.job(field(&question, "question")).await;
            let (file, bytes) = table(field(&question, "data"));
            app.upload(&job, &file, bytes).await.ok();
            let made = app.post(&job, "/draft/suggest", &json!({})).await.ok();
            let right = judged(&question, &made);
            scores.push(right);
            lines.push_str(&format!("{}\n", json!({"file": name, "q": question, "right": right, "made": made})));
        }
        printed(&name, &scores);
    }
    if let Ok(path) = std::env::var("SS_SUGGEST_ANSWERS") {
        std::fs::write(path, lines).expect("the drafts are written");
    }
}

fn asked_for() -> Vec<String> {
    let names = std::env::var("SS_SUGGEST_SETS").unwrap_or_else(|_| SETS.join(","));
    names.split(',').map(str::to_owned).collect()
}

#[expect(clippy::print_stderr, reason = "the scores are recorded in docs/suggest.md")]
fn printed(name: &str, scores: &[[bool; 3]]) {
    let share = |right: &dyn Fn(&[bool; 3]) -> bool| {
        100.0 * scores.iter().filter(|s| right(s)).count() as f64 / scores.len().max(1) as f64
    };
    eprintln!(
        "{name:12} {:4} outcome {:5.1} roles {:5.1} method {:5.1} all {:5.1}",
        scores.len(),
        share(&|s| s[0]),
        share(&|s| s[1]),
        share(&|s| s[2]),
        share(&|s| !s.contains(&false))
    );
}
