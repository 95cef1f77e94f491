//! A question on a table, and numbers for tables.

use serde_json::{Value, json};

use crate::support::app::TestApp;

/// The draft that the rules suggest for a question on a text of comma-separated values.
pub(super) async fn asked(app: &TestApp, question: &str, text: &str) -> Value {
    let job = app.job(question).await;
    app.upload(&job, "data.csv", text.as_bytes().to_vec()).await.ok();
    app.post(&job, "/draft/suggest", &json!({})).await.ok()
}

/// A number that looks random, below `most`.
pub(super) fn of(row: usize, by: usize, most: usize) -> usize {
    (row * by + row * row * 7) % 97 % most
}
