//! Runs every template of the library on its sample data and compares the tables and metrics with the
//! expected numbers of independent tools (`datasets/*.json`), and runs the failure cases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dofile::Session;
use serde_json::Value;

const KEY: &str = "0123456789abcdef";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn library() -> PathBuf {
    root().join("assets/stata_do_library")
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn metas() -> Vec<Value> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(library().join("meta"))
        .expect("the metas")
        .map(|e| e.expect("an entry").path())
        .collect();
    paths.sort();
    paths.iter().map(|p| json(p)).collect()
}

fn text<'a>(v: &'a Value, key: &str) -> &'a str {
    v[key].as_str().unwrap_or_else(|| panic!("{key} in {v}"))
}

fn items(v: &Value) -> Vec<Value> {
    v.as_array().cloned().unwrap_or_default()
}

/// The locals of one parameter as the service's preamble writes them.
fn locals(out: &mut String, parameter: &Value, value: &Value, categorical: &[String]) {
    let name = text(parameter, "name");
    let words: Vec<String> = match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(String::from).collect(),
        Value::Bool(b) => vec![u8::from(*b).to_string()],
        Value::String(s) => vec![s.clone()],
        other => vec![other.to_string()],
    };
    let _ = writeln!(out, "local p_{name} \"{}\"", words.join(" "));
    if text(parameter, "type").starts_with("var") {
        let mark = |w: &String| if categorical.contains(w) { format!("i.{w}") } else { w.clone() };
        let marked: Vec<String> = words.iter().map(mark).collect();
        let _ = writeln!(out, "local p_{name}_fv \"{}\"", marked.join(" "));
    }
}

/// The do-file of a run: preamble, data, selection mark and the body.
fn do_file(
    meta: &Value,
    data: &Path,
    parameters: &BTreeMap<String, Value>,
    categorical: &[String],
) -> String {
    let mut out = format!("global SS_KEY \"{KEY}\"\nset varabbrev off\nset linesize 255\n");
    let _ = writeln!(out, "global S_ADO `\"BASE;{}\"'", library().join("ado").display());
    let mut condition = String::new();
    for parameter in items(&meta["parameters"]) {
        let value = parameters.get(text(&parameter, "name")).unwrap_or(&parameter["default"]).clone();
        if text(&parameter, "name") == "sample_if" {
            condition = value.as_str().map_or(String::new(), |c| format!(" if ({c})"));
        } else {
            locals(&mut out, &parameter, &value, categorical);
        }
    }
    let _ =
        writeln!(out, "quietly import delimited using \"{}\", clear asdouble varnames(1)", data.display());
    if data.ends_with("survey.csv") {
        out.push_str("generate long ss_date = date(访问日期, \"YMD\")\ndrop 访问日期\nrename ss_date 访问日期\nformat 访问日期 %td\n");
    }
    let _ = writeln!(out, "generate byte ss_use = 0\nquietly replace ss_use = 1{condition}");
    out.push_str(&std::fs::read_to_string(library().join(text(&meta["body"], "file"))).expect("a body"));
    out
}

/// Writes the further inputs (`second.dta` …) of a run: a sample file, or rows of the case.
fn further_inputs(folder: &Path, inputs: &Value) {
    for (name, source) in inputs.as_object().into_iter().flatten() {
        std::fs::create_dir_all(folder.join("inputs")).expect("a folder");
        let mut data = folder.join("further.csv");
        match source["csv"].as_str() {
            Some(inline) => std::fs::write(&data, inline).expect("written"),
            None => data = library().join(source.as_str().expect("a file")),
        }
        let script = format!(
            "quietly import delimited using \"{}\", clear asdouble varnames(1)\nsave \"inputs/{name}\"\n",
            data.display()
        );
        assert_eq!(run(folder, &script).1, 0, "{name} is written");
    }
}

/// Writes a data set of a run as a table of its values.
fn data_as_table(folder: &Path, file: &str) -> String {
    let table = format!("{file}.csv");
    let script = format!("use \"{file}\", clear\nexport delimited using \"{table}\", nolabel\n");
    assert_eq!(run(folder, &script).1, 0, "{file} is read");
    table
}

/// Runs a do-file in an own folder; what it printed and its return code.
fn run(folder: &Path, script: &str) -> (String, i32) {
    let mut session = Session::default();
    session.cwd = folder.to_path_buf();
    session.temp_dir = folder.to_path_buf();
    session.run_captured(script)
}

/// Anchors of a kind as maps of their fields.
fn anchors(log: &str, kind: &str) -> Vec<BTreeMap<String, String>> {
    let start = format!("SS_EVENT|{kind}|k={KEY}|");
    let fields = |l: &str| -> BTreeMap<String, String> {
        l.split('|').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_string(), v.to_string())).collect()
    };
    log.lines().filter_map(|l| l.strip_prefix(start.as_str())).map(fields).collect()
}

/// A table as rows of cells by column name.
fn table(path: &Path) -> Result<Vec<BTreeMap<String, String>>, String> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    let cells =
        |r: csv::StringRecord| header.iter().map(String::from).zip(r.iter().map(String::from)).collect();
    reader.records().map(|r| r.map(cells).map_err(|e| e.to_string())).collect()
}

fn close(got: &str, want: &Value, tolerance: f64) -> bool {
    match want {
        Value::Null => got.is_empty() || got == ".",
        Value::String(s) => got == s,
        _ => {
            let want = want.as_f64().expect("a number");
            got.parse::<f64>().is_ok_and(|x| (x - want).abs() <= (tolerance * want.abs()).max(1e-13))
        }
    }
}

/// A key cell as text, whole numbers without a decimal part.
fn key_text(v: &Value) -> String {
    v.as_str().map_or_else(|| v.as_f64().map_or(String::new(), |x| format!("{x}")), String::from)
}

fn tolerance(limits: &Value, names: &[&str]) -> f64 {
    names.iter().chain([&"default"]).find_map(|n| limits[*n].as_f64()).expect("a default tolerance")
}

fn compare(folder: &Path, file: &str, expected: &Value, limits: &Value, wrong: &mut Vec<String>) {
    let rows = match table(&folder.join(file)) {
        Ok(rows) => rows,
        Err(e) => return wrong.push(e),
    };
    let key: Vec<String> = items(&expected["key"]).iter().map(key_text).collect();
    let wanted = items(&expected["rows"]);
    if file != "table_fit.csv" && rows.len() != wanted.len() {
        wrong.push(format!("{file}: {} rows, expected {}", rows.len(), wanted.len()));
    }
    for (i, want) in wanted.iter().enumerate() {
        let names: Vec<String> = key.iter().map(|k| key_text(&want[k])).collect();
        let same = |r: &&BTreeMap<String, String>| key.iter().zip(&names).all(|(k, n)| r.get(k) == Some(n));
        let found = if key.is_empty() { rows.get(i) } else { rows.iter().find(same) };
        let Some(found) = found else {
            wrong.push(format!("{file}: no row {names:?}"));
            continue;
        };
        for (column, value) in want.as_object().expect("a row").iter().filter(|(c, _)| !key.contains(c)) {
            let limit = tolerance(limits, &[names.last().map_or("", String::as_str), column]);
            let got = found.get(column).map_or("", String::as_str);
            if !close(got, value, limit) {
                wrong.push(format!("{file} {names:?} {column}: {got}, expected {value}"));
            }
        }
    }
}

/// Runs one case of a golden file and returns what differs.
fn golden(meta: &Value, case: &Value, limits: &Value) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = &meta["sample_data"];
    let mut parameters: BTreeMap<String, Value> = BTreeMap::new();
    for source in [&sample["parameters"], &case["parameters"]] {
        parameters.extend(source.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    }
    let categorical: Vec<String> = items(&sample["categorical"]).iter().map(key_text).collect();
    let data = library().join(text(sample, "file"));
    further_inputs(folder.path(), if case["inputs"].is_null() { &sample["inputs"] } else { &case["inputs"] });
    let (log, rc) = run(folder.path(), &do_file(meta, &data, &parameters, &categorical));
    let mut wrong = Vec::new();
    if rc != 0 {
        let tail: Vec<&str> = log.lines().rev().take(6).collect();
        wrong.push(format!("r({rc}): {tail:?}"));
        return wrong;
    }
    for output in items(&meta["outputs"]).iter().filter(|o| o["type"] != "log") {
        let size = std::fs::metadata(folder.path().join(text(output, "file"))).map_or(0, |m| m.len());
        if output["required"] == true && size == 0 {
            wrong.push(format!("{}: absent or empty", text(output, "file")));
        }
    }
    for (file, expected) in case["tables"].as_object().expect("tables") {
        compare(folder.path(), file, expected, limits, &mut wrong);
    }
    for (file, expected) in case["data"].as_object().into_iter().flatten() {
        let file = data_as_table(folder.path(), file);
        compare(folder.path(), &file, expected, limits, &mut wrong);
    }
    let metrics: BTreeMap<String, String> = anchors(&log, "metric")
        .into_iter()
        .map(|mut a| (a.remove("name").unwrap_or_default(), a.remove("value").unwrap_or_default()))
        .collect();
    for (name, value) in case["metrics"].as_object().expect("metrics") {
        let got = metrics.get(name).map_or("", String::as_str);
        if !close(got, value, tolerance(limits, &[name])) {
            wrong.push(format!("metric {name}: {got}, expected {value}"));
        }
    }
    let absent =
        |m: &Value| m.as_str().filter(|m| !metrics.contains_key(*m)).map(|m| format!("metric {m} is absent"));
    wrong.extend(items(&meta["metrics"]).iter().filter_map(absent));
    wrong
}

#[test]
fn sample_runs_agree_with_the_expected_numbers() {
    let mut failures = String::new();
    let mut count = 0;
    for meta in metas() {
        let expected = json(&library().join(text(&meta["oracle"], "expected")));
        let mut cases = vec![expected.clone()];
        cases.extend(items(&expected["variants"]));
        for case in cases {
            count += 1;
            for line in golden(&meta, &case, &expected["tolerance"]) {
                let _ = writeln!(failures, "{} {}: {line}", text(&meta, "id"), case["name"]);
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 50, "{count} runs");
}

#[test]
fn failure_cases_end_with_their_check() {
    let mut failures = String::new();
    for meta in metas() {
        let id = text(&meta, "id");
        for case in items(&json(&root().join(format!("tests/fixtures/templates/{id}.failures.json")))) {
            let expect = &case["expect"];
            if expect["cause"].is_null() {
                continue;
            }
            let folder = tempfile::tempdir().expect("a folder");
            let mut data = folder.path().join("inline.csv");
            match case["data"]["csv"].as_str() {
                Some(inline) => std::fs::write(&data, inline).expect("written"),
                None => data = library().join(text(&case["data"], "file")),
            }
            further_inputs(folder.path(), &case["data"]["inputs"]);
            let parameters =
                case["parameters"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone()));
            let (log, rc) = run(folder.path(), &do_file(&meta, &data, &parameters.collect(), &[]));
            let failed: Vec<String> = anchors(&log, "check")
                .into_iter()
                .filter(|a| a.get("status").is_some_and(|s| s == "fail"))
                .filter_map(|mut a| a.remove("id"))
                .collect();
            let by_check = expect["check"].as_str().is_none_or(|c| failed == [c.to_string()]);
            let by_code = expect["rc"].as_i64().is_none_or(|c| c == i64::from(rc));
            if rc == 0 || !by_check || !by_code {
                let _ = writeln!(
                    failures,
                    "{id} {}: checks {failed:?}, r({rc}): {:?}",
                    case["name"],
                    log.lines().rev().take(4).collect::<Vec<_>>()
                );
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
