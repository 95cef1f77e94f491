//! Every template of the library over HTTP: its sample data, its golden numbers, computed elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Map, Value, json};

use super::results::lost_results;
use super::words::untold;
use crate::support::app::{Answer, Job, TestApp};

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/stata_do_library")
}

fn read(path: PathBuf) -> Value {
    let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn metas() -> Vec<Value> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(library().join("meta")).expect("metas").flatten().map(|e| e.path()).collect();
    paths.sort();
    paths.into_iter().map(read).filter(|m| m["stata"]["engine"] == "supported").collect()
}

/// A sample file as a part of an upload.
fn part(name: &str, file: &str) -> Part {
    Part::bytes(fs::read(library().join(file)).expect("sample data")).file_name(name.to_owned())
}

/// Runs a template on its sample data; returns the job's end, the run and its tables.
async fn run(app: &TestApp, meta: &Value) -> (Value, BTreeMap<String, Vec<Map<String, Value>>>) {
    let id = meta["id"].as_str().expect("an id");
    let sample = &meta["sample_data"];
    let file = sample["file"].as_str().expect("a file");
    let job = app.job("").await;
    let name = file.rsplit('/').next().expect("a name");
    let mut form = Form::new().part("file", part(name, file)).text("role", "primary_dataset");
    for (input, file) in sample["inputs"].as_object().into_iter().flatten() {
        let file = file.as_str().expect("a file");
        form =
            form.part("file", part(&input.replace(".dta", ".csv"), file)).text("role", "secondary_dataset");
    }
    let path = format!("/v1/jobs/{}/inputs/upload", job.job_id);
    Answer::of(app.request(Method::POST, &path, &job.token).multipart(form)).await.ok();
    let mut draft = json!({"template_id": id, "parameters": sample["parameters"]});
    if let Some(marks) = sample.get("categorical") {
        draft["categorical_vars"] = marks.clone();
    }
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
    let ended = app.wait_for_end(&job).await;
    let runs = app.get(&job, "/runs").await.ok();
    let run = runs["runs"][0].clone();
    assert_eq!(ended["status"], "succeeded", "{id}: {} {}", run["cause"], run["evidence"]);
    let (mut tables, mut texts) = (BTreeMap::new(), BTreeMap::new());
    let prefix = format!("artifacts/runs/{}/", run["run_id"].as_str().expect("an id"));
    for artifact in app.get(&job, "/artifacts").await.ok()["artifacts"].as_array().expect("a list") {
        let path = artifact["rel_path"].as_str().expect("a path");
        if path.starts_with(&prefix) && path.ends_with(".svg") {
            let figure = String::from_utf8(app.artifact(&job, path).await).expect("UTF-8");
            let named = figure.split("</desc>").next().unwrap_or_default();
            assert!(
                !named.contains("; ss_") && !named.contains("; __0"),
                "{id} {path} names variables of the body: {named}"
            );
        }
        if let Some(table) = path.strip_prefix(&prefix).filter(|p| p.ends_with(".csv")) {
            let text = String::from_utf8(app.artifact(&job, path).await).expect("UTF-8");
            tables.insert(table.to_owned(), rows(text.as_bytes()));
            texts.insert(table.to_owned(), text);
        }
    }
    let files =
        sample["inputs"].as_object().into_iter().flatten().map(|(_, file)| file).chain([&sample["file"]]);
    let data = files
        .map(|file| fs::read_to_string(library().join(file.as_str().expect("a file"))).expect("sample data"));
    let untold = untold(&texts, &data.collect::<Vec<_>>());
    assert!(untold.is_empty(), "{id}: texts without words:\n{}", untold.join("\n"));
    says_its_results(app, id, (&job, &run), &tables).await;
    (run, tables)
}

/// Every analysis has sentences in both languages, of tables that are there and without an unfilled blank.
async fn says_its_results(
    app: &TestApp,
    template: &str,
    (job, run): (&Job, &Value),
    tables: &BTreeMap<String, Vec<Map<String, Value>>>,
) {
    let run_id = run["run_id"].as_str().expect("an id");
    for language in ["en", "zh"] {
        let said = app.get(job, &format!("/runs/{run_id}/findings?language={language}")).await.ok();
        let findings = said["findings"].as_array().expect("a list");
        assert!((1..=6).contains(&findings.len()), "{template} in {language}: {said}");
        for finding in findings {
            let (text, file) = (finding["text"].as_str(), finding["file"].as_str());
            let whole = text.is_some_and(|text| !text.is_empty() && !text.contains(['{', '}']));
            assert!(whole && file.is_some_and(|file| tables.contains_key(file)), "{template}: {finding}");
        }
    }
}

fn rows(csv: &[u8]) -> Vec<Map<String, Value>> {
    let mut reader = csv::Reader::from_reader(csv);
    let headers = reader.headers().expect("a header").clone();
    let row = |record: csv::StringRecord| {
        headers.iter().map(str::to_owned).zip(record.iter().map(|c| Value::String(c.to_owned()))).collect()
    };
    reader.records().map(|r| row(r.expect("a row"))).collect()
}

/// Compares a cell with its expected value: numbers by relative tolerance, texts exactly.
fn agrees(seen: &str, expected: &Value, tolerance: f64) -> bool {
    match expected {
        Value::Null => seen.is_empty() || seen == ".",
        Value::Number(number) => {
            let expected = number.as_f64().expect("a finite number");
            seen.parse::<f64>().is_ok_and(|seen| {
                (seen - expected).abs() <= tolerance * expected.abs() || (seen - expected).abs() < 1e-13
            })
        }
        Value::Bool(flag) => seen == if *flag { "1" } else { "0" },
        other => other.as_str() == Some(seen),
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A key by its text, numbers by their value.
fn as_key(value: &Value) -> String {
    let text = as_text(value);
    text.parse::<f64>().map_or(text, |number| number.to_string())
}

/// Returns every difference between the tables of a run and the golden ones.
fn differences(golden: &Value, tables: &BTreeMap<String, Vec<Map<String, Value>>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, expected) in golden["tables"].as_object().expect("tables") {
        let Some(seen) = tables.get(file) else {
            wrong.push(format!("{file} is missing"));
            continue;
        };
        let keys: Vec<&str> =
            expected["key"].as_array().expect("a key").iter().filter_map(Value::as_str).collect();
        for (place, row) in expected["rows"].as_array().expect("rows").iter().enumerate() {
            let key: Vec<String> = keys.iter().map(|k| as_key(&row[*k])).collect();
            // without a key the place in the table is the key
            let found = seen.iter().enumerate().find(|(i, r)| match keys.is_empty() {
                true => *i == place,
                false => keys.iter().zip(&key).all(|(k, v)| as_key(&r[*k]) == *v),
            });
            let Some((_, found)) = found else {
                wrong.push(format!("{file}: no row {key:?}"));
                continue;
            };
            for (column, value) in row.as_object().expect("a row") {
                let limits = &golden["tolerance"];
                let tolerance = [key.last().map_or("", String::as_str), column, "default"]
                    .iter()
                    .find_map(|k| limits[*k].as_f64())
                    .expect("a default tolerance");
                let cell = found.get(column).map(as_text).unwrap_or_default();
                if !agrees(&cell, value, tolerance) {
                    wrong.push(format!("{file} {key:?} {column}: {cell} instead of {value}"));
                }
            }
        }
    }
    wrong
}

/// A fit of fewer rows than the run says it used.
fn lost_rows(run: &Value, tables: &BTreeMap<String, Vec<Map<String, Value>>>) -> Option<String> {
    let fit = tables.get("table_fit.csv")?.iter().find(|row| row["metric"] == "N")?;
    let fitted: f64 = fit["value"].as_str()?.parse().ok()?;
    let used = run["sample_flow"].as_array()?.last()?["rows"].as_f64()?;
    (fitted < used).then(|| format!("the fit has {fitted} rows, the sample {used}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_template_gives_its_golden_numbers_over_http() {
    let mut app = TestApp::start().await;
    let metas = metas();
    assert!(metas.len() >= 9, "the first nine templates are there");
    let mut wrong = Vec::new();
    for meta in &metas {
        let id = meta["id"].as_str().expect("an id");
        let golden = read(library().join(meta["oracle"]["expected"].as_str().expect("a path")));
        let (run, tables) = run(&app, meta).await;
        wrong.extend(differences(&golden, &tables).into_iter().map(|w| format!("{id}: {w}")));
        wrong.extend(lost_rows(&run, &tables).into_iter().map(|w| format!("{id}: {w}")));
        wrong.extend(lost_results(id, &run, &tables).into_iter().map(|w| format!("{id}: {w}")));
        for name in meta["metrics"].as_array().expect("a list") {
            let name = name.as_str().expect("a name");
            if run["metrics"].get(name).is_none_or(Value::is_null) {
                wrong.push(format!("{id}: no metric {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.stop().await;
}
