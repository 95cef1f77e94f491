//! `client results --tables`: every table of a run on the terminal, under the words of the plan.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::failure::Failure;
use super::fetch::escaped;
use super::output::{columns, text};
use super::results::{number, p_value};
use super::session::Job;
use crate::cli::plain::plain;

/// Most rows of a table that are printed; the file has all.
const MOST_ROWS: usize = 60;
/// Largest table that is read.
const MOST_BYTES: u64 = 16 << 20;

/// A table as its file has it.
struct Table {
    file: String,
    /// What the plan says of it; empty where the run had another plan.
    description: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Names of the tables that a run has, without their ending.
pub(super) fn names(run: &Value) -> Vec<&str> {
    let outputs = run["outputs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let whole = outputs.iter().filter(|output| output["declared"] == true && output["status"] == "ok");
    whole.filter_map(|output| output["rel_path"].as_str()?.strip_suffix(".csv")).collect()
}

/// Prints all tables of a succeeded run.
pub(super) async fn print(job: &Job, run: &Value) -> Result<(), Failure> {
    let answer = job.get("/plan").await?;
    let plan = Some(&answer["plan"]).filter(|plan| plan["plan_id"] == run["plan_id"]);
    let outputs = plan.and_then(|plan| plan["contract"]["outputs"].as_array());
    let outputs = outputs.map(Vec::as_slice).unwrap_or_default();
    let mut tables = Vec::new();
    for name in names(run) {
        let file = format!("{name}.csv");
        let said = outputs.iter().find(|output| output["file"] == file.as_str());
        let description = said.map(|output| text(output, "description")).unwrap_or_default();
        tables.push(fetched(job, &text(run, "run_id"), file, description).await?);
    }
    let labels = labels(run);
    let of_table = |table: &Table| json!({"file": table.file, "description": table.description, "columns": table.head, "rows": table.rows});
    let all: Vec<Value> = tables.iter().map(of_table).collect();
    let result = json!({"run_id": run["run_id"], "tables": all});
    job.out
        .result(&result, || tables.iter().map(|table| table.shown(&labels)).collect::<Vec<_>>().join("\n"));
    Ok(())
}

async fn fetched(job: &Job, run_id: &str, file: String, description: String) -> Result<Table, Failure> {
    let path = job.path(&format!("/artifacts/{}", escaped(&format!("artifacts/runs/{run_id}/{file}"))));
    let mut bytes = Vec::new();
    let take = |piece: &[u8]| {
        bytes.extend_from_slice(piece);
        Ok(())
    };
    job.api.download(&path, (MOST_BYTES, true), take).await?;
    Table::read(file, description, &bytes)
}

/// The terms of the run in the words of the data.
fn labels(run: &Value) -> BTreeMap<String, String> {
    let rows = run["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    let labelled = rows.iter().filter(|row| row["label"].is_string());
    labelled.map(|row| (text(row, "term"), text(row, "label"))).collect()
}

impl Table {
    fn read(file: String, description: String, bytes: &[u8]) -> Result<Self, Failure> {
        let refuse = |error: csv::Error| Failure::Unexpected(format!("{file} is no table: {error}"));
        let mut reader = csv::Reader::from_reader(bytes);
        let of = |record: &csv::StringRecord| record.iter().map(plain).collect::<Vec<_>>();
        let head = reader.headers().map(of).map_err(refuse)?;
        let rows = reader.records().map(|row| row.map(|row| of(&row))).collect::<Result<Vec<_>, _>>();
        let rows = rows.map_err(refuse)?;
        Ok(Self { file, description, head, rows })
    }

    /// The table for a terminal: columns without a value are left out.
    fn shown(&self, labels: &BTreeMap<String, String>) -> String {
        let title = if self.description.is_empty() { &self.file } else { &self.description };
        let used: Vec<usize> =
            (0..self.head.len()).filter(|n| self.rows.iter().any(|row| !is_missing(&row[*n]))).collect();
        let numeric =
            |n: &usize| self.rows.iter().all(|row| is_missing(&row[*n]) || row[*n].parse::<f64>().is_ok());
        let right: Vec<bool> = used.iter().map(numeric).collect();
        let mut lines = vec![used.iter().map(|n| self.head[*n].clone()).collect::<Vec<_>>()];
        for row in self.rows.iter().take(MOST_ROWS) {
            lines.push(used.iter().map(|n| cell(&self.head[*n], &row[*n], labels)).collect());
        }
        let mut out = format!("{title} ({})\n{}", self.file, columns(&lines, &right));
        if let Some(more @ 1..) = self.rows.len().checked_sub(MOST_ROWS) {
            out.push_str(&format!("… {more} more rows; all: stata-service client fetch\n"));
        }
        out
    }
}

/// True for what Stata and CSV write for a missing value.
fn is_missing(text: &str) -> bool {
    matches!(text.trim(), "" | ".")
}

/// A cell as it is printed: whole numbers and texts as they are, other numbers as in the table of results.
fn cell(column: &str, text: &str, labels: &BTreeMap<String, String>) -> String {
    if is_missing(text) {
        return String::new();
    }
    match text.parse::<f64>() {
        Ok(p) if column == "p_value" => p_value(p),
        Ok(x) if x.is_finite() && text.contains(['.', 'e', 'E']) => number(x),
        // tests of single terms name them in another column
        _ => labels.get(text).cloned().unwrap_or_else(|| text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(csv: &str) -> String {
        let labels = BTreeMap::from([("2.ss_c_arm".to_owned(), "arm: new care".to_owned())]);
        let table = Table::read("table_margins.csv".to_owned(), "Effects".to_owned(), csv.as_bytes());
        table.expect("a table").shown(&labels)
    }

    #[test]
    fn a_table_has_its_words_and_no_empty_columns() {
        let text = shown("term,note,estimate,p_value,n\n2.ss_c_arm,,-0.25,0.00001,40\nage,.,.,,7\n");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "Effects (table_margins.csv)",
                "term            estimate  p_value   n",
                "arm: new care  -0.250000  <0.0001  40",
                "age                                 7",
            ]
        );
    }

    #[test]
    fn a_term_has_its_words_in_every_column() {
        let text = shown("test,statistic\n2.ss_c_arm,0.5\nglobal,0.7\n");
        assert!(text.contains("\narm: new care   0.500000\n"), "{text}");
    }

    #[test]
    fn a_long_table_says_what_is_left_out() {
        let rows: String = (0..62).map(|n| format!("{n}\n")).collect();
        let text = shown(&format!("n\n{rows}"));
        assert!(text.ends_with("59\n… 2 more rows; all: stata-service client fetch\n"), "{text}");
    }

    #[test]
    fn rows_of_another_length_and_control_characters_are_no_table() {
        assert!(Table::read("t.csv".to_owned(), String::new(), b"a,b\n1\n").is_err());
        assert!(shown("a\n\"x\u{1b}[2J\"\n").contains("x\\u{1b}[2J"));
    }

    #[test]
    fn the_declared_tables_of_a_run_are_named() {
        let output = |file: &str, declared: bool, status: &str| json!({"rel_path": file, "declared": declared, "status": status});
        let run = json!({"outputs": [
            output("table_fit.csv", true, "ok"), output("main.log", true, "ok"),
            output("fig.csv", false, "undeclared"), output("table_x.csv", true, "missing"),
        ]});
        assert_eq!(names(&run), ["table_fit"]);
    }
}
