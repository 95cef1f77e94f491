//! The categories of a preview: values with their labels and numbers of rows.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::app::TestApp;

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a fixture")
}

async fn categories(app: &TestApp, name: &str, bytes: Vec<u8>, column: &str) -> Vec<(Value, Value, Value)> {
    let job = app.job("q").await;
    app.upload(&job, name, bytes).await.ok();
    let seen = app.get(&job, "/inputs/preview?rows=1").await.ok();
    let columns = seen["columns"].as_array().expect("a list");
    let found = columns.iter().find(|c| c["name"] == column).expect("the column");
    let all = found["categories"].as_array().cloned().unwrap_or_default();
    all.into_iter().map(|c| (c["value"].clone(), c["label"].clone(), c["rows"].clone())).collect()
}

/// The rows were counted by hand in the script that wrote each file (crates/rds/tests/fixtures/generate.R,
/// crates/sav/tests/fixtures/generate.py).
#[tokio::test(flavor = "multi_thread")]
async fn values_with_labels_are_shown_with_their_rows() {
    let mut app = TestApp::start().await;
    let labelled = fixture("crates/rds/tests/fixtures/labelled.rds");
    let refused = (json!(".a"), json!("refused"), json!(1));
    let tagged = categories(&app, "labelled.rds", labelled, "tagged").await;
    assert_eq!(
        tagged,
        [
            (json!(1), json!("no"), json!(1)),
            (json!(2), json!("yes"), json!(1)),
            refused,
            (json!(".z"), Value::Null, json!(1))
        ]
    );
    let sav = fixture("crates/sav/tests/fixtures/bytes.sav");
    let sex = categories(&app, "survey.sav", sav, "sex").await;
    let no_answer = (json!(".a"), json!("No answer"), json!(1));
    assert_eq!(sex, [(json!(1), json!("Male"), json!(1)), (json!(2), json!("Female"), json!(1)), no_answer]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_shown_with_their_rows_and_numbers_without_labels_are_not() {
    let mut app = TestApp::start().await;
    let rows: String =
        (0..40).map(|n| format!("{n},{},t{n}\n", ["Ost", "Nord", "", "Nord"][n % 4])).collect();
    let data = format!("x,region,name\n{rows}").into_bytes();
    let region = categories(&app, "data.csv", data.clone(), "region").await;
    assert_eq!(region, [(json!("Nord"), Value::Null, json!(20)), (json!("Ost"), Value::Null, json!(10))]);
    assert_eq!(categories(&app, "data.csv", data.clone(), "x").await, []);
    assert_eq!(categories(&app, "data.csv", data, "name").await, [], "40 values are no categories");
    app.stop().await;
}
