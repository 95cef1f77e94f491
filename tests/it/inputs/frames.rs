//! What the tests of files of R and of Parquet files share: canonical columns, and a run on the same data from the question to the numbers.

use serde_json::json;

use super::ingest_fixtures::Converted;
use crate::support::app::TestApp;

/// The remark of a kind on a column.
pub(super) fn said(file: &Converted, kind: &str, column: &str) -> String {
    let all = &file.data.warnings;
    let found = all.iter().find(|w| w.kind == kind && w.column.as_deref() == Some(column));
    found.unwrap_or_else(|| panic!("no {kind} on {column}: {all:?}")).message.clone()
}

fn reader(file: &Converted) -> dta::Reader<std::fs::File> {
    dta::Reader::open(std::fs::File::open(&file.path).expect("canonical data")).expect("opens")
}

/// Format and values of a column; a letter for a missing value.
pub(super) fn column(file: &Converted, name: &str) -> (String, Vec<Result<f64, char>>) {
    let mut reader = reader(file);
    let at = reader.variables().iter().position(|v| v.name == name).expect("the variable");
    let format = reader.variables()[at].format.clone();
    let block = reader.read_block(9).expect("reads").expect("rows");
    let mut numbers = Vec::new();
    block.columns[at].append_doubles(&mut numbers);
    let value = |x: f64| match dta::Missing::of_double(x).map(|missing| missing.rank()) {
        None => Ok(x),
        Some(0) => Err('.'),
        Some(rank) => Err(char::from(b'a' + rank - 1)),
    };
    (format, numbers.into_iter().map(value).collect())
}

/// The value labels of a column.
pub(super) fn labels(file: &Converted, name: &str) -> Vec<(i32, String)> {
    let reader = reader(file);
    let variable = reader.variables().iter().find(|v| v.name == name).expect("the variable");
    let sets = &reader.meta().value_labels;
    sets.iter().find(|set| set.name == variable.value_label).expect("its labels").entries.clone()
}

/// Coefficient and standard error of each term from 749 observations: `tests/fixtures/ingest/frames/make.py` prints them.
const OF_STATSMODELS: [(&str, f64, f64); 3] = [
    ("schooling", 0.08550262467995291, 0.006064191780363215),
    ("age", 0.011150148919790569, 0.0011665339956357225),
    ("_cons", 0.7387778403590805, 0.09104059631236114),
];

/// Uploads the file, takes the suggested draft, freezes and runs it, and compares the numbers.
pub(super) async fn run(name: &str, bytes: &[u8]) {
    let mut app = TestApp::start().await;
    let job = app.job("How does another year of schooling change log pay, controlling for age?").await;
    let uploaded = app.upload(&job, name, bytes.to_vec()).await.ok();
    let data = &uploaded["datasets"][0];
    assert_eq!(data["row_count"], 800, "{uploaded}");
    let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(suggested["draft"]["template_id"], "linear.ols_robust", "{suggested}");
    assert_eq!(suggested["draft"]["roles"]["outcome_var"], json!(["log_pay"]), "{suggested}");
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    let ended = app.wait_for_end(&job).await;
    let runs = app.get(&job, "/runs").await.ok();
    let run = runs["runs"].as_array().and_then(|runs| runs.last()).cloned().unwrap_or_default();
    assert_eq!(ended["status"], "succeeded", "{} {}", run["cause"], run["evidence"]);
    let rows = run["results"].as_array().expect("results");
    for (term, estimate, error) in OF_STATSMODELS {
        let row = rows.iter().find(|row| row["term"] == term).unwrap_or_else(|| panic!("no {term}: {run}"));
        let close = |field: &str, wanted: f64| {
            let seen = row[field].as_f64().unwrap_or_else(|| panic!("no {field}: {row}"));
            assert!(
                (seen - wanted).abs() <= 1e-8 * wanted.abs(),
                "{name} {term} {field}: {seen}, not {wanted}"
            );
        };
        close("estimate", estimate);
        close("std_error", error);
    }
    // all observations but three
    assert_eq!(run["metrics"]["df_r"].as_f64(), Some(746.0), "{}", run["metrics"]);
    app.stop().await;
}
