//! The embedded library keeps every rule of the contract, the index is in step, and a broken rule is found.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};
use stata_service::library::files::{FileSet, embedded};
use stata_service::library::{Library, index, validate};

fn library() -> Arc<Library> {
    Library::embedded().unwrap_or_else(|problems| panic!("{}", listed(&problems)))
}

fn listed(problems: &[stata_service::library::LibraryProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_library_keeps_every_rule_of_its_contract() {
    let problems = validate::check(&library());
    assert!(problems.is_empty(), "{}", listed(&problems));
}

/// The plan may choose another kind than the usual one, and the title stands above every report.
#[test]
fn no_title_names_standard_errors_that_a_plan_can_change() {
    let mut seen = 0;
    for template in library().templates() {
        let meta = serde_json::to_value(&template.meta).expect("a declaration");
        let parameters = meta["parameters"].as_array().expect("a list").iter();
        let kinds =
            parameters.filter(|p| p["name"] == "vce").find_map(|p| p["values"].as_array().map(Vec::len));
        if kinds.is_none_or(|n| n < 2) {
            continue;
        }
        seen += 1;
        let title = format!("{} {}", meta["title"]["en"], meta["title"]["zh"]).to_lowercase();
        for kind in ["robust", "cluster", "classical", "稳健", "聚类", "经典"] {
            assert!(!title.contains(kind), "{}: {title}", template.meta.id);
        }
    }
    assert!(seen >= 20, "{seen}");
}

#[test]
fn the_index_is_in_step_with_the_files() {
    let problems = index::drift(&library());
    assert!(problems.is_empty(), "{}", listed(&problems));
}

/// A library of one template with a changed meta.
fn changed(change: impl FnOnce(&mut Value, &mut FileSet)) -> Result<Library, String> {
    let id = "linear.ols_robust";
    let mut files: FileSet = embedded()
        .into_iter()
        .filter(|(path, _)| path.contains(id) || path.starts_with("ado/") || path.starts_with("datasets/"))
        .collect();
    let path = format!("meta/{id}.meta.json");
    let mut meta: Value = serde_json::from_slice(&files[&path]).expect("a meta");
    change(&mut meta, &mut files);
    files.insert(path, Cow::Owned(serde_json::to_vec(&meta).expect("a meta")));
    Library::from_files(files).map_err(|problems| listed(&problems))
}

#[test]
fn every_broken_rule_of_a_meta_is_found() {
    type Change = fn(&mut Value);
    let cases: &[(&str, Change)] = &[
        ("contract", |m| m["contract"] = json!("1.0")),
        ("version", |m| m["version"] = json!("1")),
        ("title has no Chinese", |m| m["title"] = json!({"en": "x"})),
        ("description has", |m| m["description"] = json!("x".repeat(401))),
        ("family", |m| m["family"] = json!("unknown")),
        ("level", |m| m["level"] = json!("easy")),
        ("body.sha256", |m| m["body"]["sha256"] = json!("0".repeat(64))),
        ("min_version", |m| m["stata"]["min_version"] = json!(9)),
        ("two parameters have one name", |m| m["parameters"][1]["name"] = json!("outcome")),
        ("occurs twice", |m| m["parameters"][1]["bind"] = json!("outcome_var")),
        ("not a bind", |m| m["parameters"][0]["bind"] = json!("y_var")),
        ("not a parameter name", |m| m["parameters"][0]["name"] = json!("Outcome")),
        ("required and has a default", |m| {
            let level = m["parameters"].as_array_mut().expect("a list").iter_mut();
            level.filter(|p| p["name"] == "level").for_each(|p| p["required"] = json!(true));
        }),
        ("default", |m| {
            let level = m["parameters"].as_array_mut().expect("a list").iter_mut();
            level.filter(|p| p["name"] == "level").for_each(|p| p["default"] = json!(100));
        }),
        ("sample_if", |m| {
            m["parameters"].as_array_mut().expect("a list").retain(|p| p["name"] != "sample_if");
        }),
        ("column.kinds", |m| m["parameters"][0]["column"]["kinds"] = json!(["numbers"])),
        ("distinct_from", |m| m["parameters"][0]["distinct_from"] = json!(["nobody"])),
        ("a rule names", |m| m["rules"] = json!([{"if": "nobody=1", "message": "x"}])),
        ("main.log", |m| m["outputs"].as_array_mut().expect("a list").retain(|o| o["file"] != "main.log")),
        ("a body writes a table as csv", |m| m["outputs"][0]["format"] = json!("docx")),
        ("is not a plain file name", |m| m["outputs"][0]["file"] = json!("../table_x.csv")),
        ("tables declare columns", |m| m["outputs"][0]["columns"] = json!([])),
        ("when names", |m| m["outputs"][0]["when"] = json!("nobody")),
        ("is not a check", |m| m["checks"] = json!([{"id": "nothing"}])),
        ("cannot be lowered", |m| m["checks"] = json!([{"id": "no_obs", "severity": "warn"}])),
        ("selection.roles", |m| m["selection"]["roles"] = json!(["outcome_var"])),
        ("question_kinds", |m| m["selection"]["question_kinds"] = json!(["guess"])),
        ("is not a fact", |m| m["selection"]["excludes"] = json!([{"fact": "weather.rain"}])),
        ("in English and in Chinese", |m| m["selection"]["questions"] = json!(["What?"])),
        ("sample_data.file", |m| m["sample_data"]["file"] = json!("datasets/none.csv")),
        ("oracle.expected", |m| m["oracle"]["expected"] = json!("datasets/none.json")),
        ("names \"nobody\"", |m| m["sample_data"]["parameters"]["nobody"] = json!(1)),
        ("lacks the required", |m| {
            m["sample_data"]["parameters"].as_object_mut().expect("an object").remove("outcome");
        }),
        ("limitations", |m| m["limitations_zh"] = json!([])),
        ("the steps are", |m| m["anchors"]["steps"] = json!(["other"])),
        ("not a declared output", |m| {
            m["outputs"].as_array_mut().expect("a list").retain(|o| o["type"] != "figure")
        }),
        ("inputs", |m| m["inputs"] = json!([])),
        ("shape", |m| m["shape"] = json!(["round"])),
    ];
    for (expected, change) in cases {
        let library = changed(|meta, _| change(meta)).expect("it loads");
        let problems = listed(&validate::check(&library));
        assert!(problems.contains(expected), "{expected}: {problems}");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let library = changed(|meta, _| {
        meta["contract"] = json!("1.0");
        meta["level"] = json!("easy");
        meta["seed"]["policy"] = json!("sometimes");
    });
    let problems = listed(&validate::check(&library.expect("it loads")));
    for expected in ["contract", "level", "seed.policy"] {
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn files_that_do_not_belong_together_do_not_load() {
    assert!(changed(|meta, _| meta["id"] = json!("linear.other")).is_err());
    assert!(changed(|meta, _| meta["unknown_field"] = json!(1)).is_err());
    assert!(changed(|_, files| drop(files.remove("do/linear.ols_robust.do"))).is_err());
    let orphan = changed(|_, files| drop(files.insert("do/linear.orphan.do".into(), Cow::Borrowed(b"\n"))));
    assert!(orphan.is_err_and(|e| e.contains("has no meta")));
}

#[test]
fn an_edited_body_or_idiom_is_drift() {
    let library = library();
    let index = index::to_bytes(&index::generate(&library));
    for path in ["do/linear.ols_robust.do", "ado/ss_event.ado"] {
        let mut files = embedded();
        files.insert("DO_LIBRARY_INDEX.json".to_owned(), Cow::Owned(index.clone()));
        let intact = Library::from_files(files.clone()).expect("it loads");
        assert_eq!(index::drift(&intact), []);
        let mut edited = files[path].to_vec();
        edited.extend_from_slice(b"* edited\n");
        files.insert(path.to_owned(), Cow::Owned(edited));
        let library = Library::from_files(files).expect("it loads");
        assert!(!index::drift(&library).is_empty(), "{path}");
    }
}

#[test]
fn a_copied_body_is_a_near_duplicate() {
    let mut files = embedded();
    let body = files["do/linear.ols_robust.do"].clone();
    let mut meta: Value = serde_json::from_slice(&files["meta/linear.ols_robust.meta.json"]).expect("a meta");
    meta["id"] = json!("linear.copy");
    meta["body"]["file"] = json!("do/linear.copy.do");
    files.insert("do/linear.copy.do".to_owned(), body);
    let bytes = serde_json::to_vec(&meta).expect("a meta");
    files.insert("meta/linear.copy.meta.json".to_owned(), Cow::Owned(bytes));
    let problems = validate::check(&Library::from_files(files).expect("it loads"));
    assert!(listed(&problems).contains("make the difference a parameter"), "{}", listed(&problems));
}

#[test]
fn no_template_is_named_in_the_code() {
    let library = library();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for room in ["library", "service", "worker", "http", "adapters", "app"] {
        for (path, source) in sources(&root.join(room)) {
            let code = source.split("#[cfg(test)]").next().unwrap_or_default();
            let code: Vec<&str> = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
            for template in library.templates() {
                let quoted = format!("\"{}\"", template.meta.id);
                assert!(!code.iter().any(|l| l.contains(&quoted)), "{path} names {quoted}");
            }
        }
    }
}

fn sources(dir: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push((name, std::fs::read_to_string(&path).expect("a source")));
        }
    }
    found
}
