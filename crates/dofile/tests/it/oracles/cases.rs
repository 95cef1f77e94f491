//! Runs every do-file case of `cases/*.json` through the interpreter and compares its numbers.

use dofile::Session;
use dofile::frame::{Column, StorageType, Variable};
use dofile::value::MISSING;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles")
}

/// Loads a CSV file: a column is text unless every cell is a number or empty.
fn load(session: &mut Session, file: &str) {
    let text = std::fs::read_to_string(folder().join("data").join(file)).expect("a data file");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    for (j, name) in names.iter().enumerate() {
        let cells: Vec<&str> = rows.iter().map(|r| r[j]).collect();
        let numeric = cells.iter().all(|c| c.is_empty() || c.parse::<f64>().is_ok());
        let column = if numeric {
            let values: Vec<f64> = cells.iter().map(|c| c.parse().unwrap_or(MISSING)).collect();
            Column::from_f64(StorageType::Double, &values)
        } else {
            Column::from_strings(cells.iter().map(|c| (*c).into()).collect())
        };
        session.frame.add(Variable::new(name, column)).expect("a new variable");
    }
}

/// Words of a line in their order: runs of blanks and the position of a column do not count.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines of `printed` (output of Stata) that the log does not hold in the same order. Optional: a case without them has none.
fn printed_lines_that_miss<'a>(case: &'a Value, log: &str) -> impl Iterator<Item = &'a str> {
    let logged: Vec<String> = log.lines().map(words).collect();
    let mut next = 0;
    let lines = case["printed"].as_array().into_iter().flatten();
    lines.map(|l| l.as_str().expect("a line")).filter(move |line| {
        let wanted = words(line);
        let found = logged[next..].iter().position(|l| *l == wanted);
        next += found.map_or(0, |i| i + 1);
        found.is_none()
    })
}

/// Failures of one case, each with what was found and wanted.
fn failures(case: &Value) -> Vec<String> {
    let name = case["name"].as_str().expect("a name");
    // what a case writes does not stay among the sources
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    if let Some(file) = case["data"].as_str() {
        load(&mut session, file);
    }
    let (log, rc) = session.run_captured(case["do"].as_str().expect("a do-file"));
    if rc != 0 {
        return vec![format!("{name}: r({rc})\n{log}")];
    }
    let tolerance = case["tol"].as_f64().expect("a tolerance");
    let expected = case["expect"].as_object().expect("expected values");
    let mut out: Vec<String> =
        printed_lines_that_miss(case, &log).map(|l| format!("{name}: not printed: {l}")).collect();
    for (expression, want) in expected {
        let want = want.as_f64().expect("a number");
        match session.eval_num(expression) {
            Ok(got) if (got - want).abs() <= tolerance * want.abs().max(1e-12) => {}
            Ok(got) => out.push(format!("{name}: {expression} is {got:e}, not {want:e}")),
            Err(error) => out.push(format!("{name}: {expression}: {error}")),
        }
    }
    out
}

#[test]
fn every_case_holds() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join("cases"))
        .expect("the folder of cases")
        .map(|e| e.expect("an entry").path())
        .collect();
    files.sort();
    let mut checked = 0;
    let mut failed = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a case file");
        let parsed: Value = serde_json::from_str(&text).expect("valid JSON");
        for case in parsed["cases"].as_array().expect("cases") {
            checked += 1;
            failed.extend(failures(case));
        }
    }
    assert!(checked >= 500, "{checked} cases were found");
    assert!(failed.is_empty(), "{} failures in {checked} cases:\n{}", failed.len(), failed.join("\n"));
}
