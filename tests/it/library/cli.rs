//! `stata-service library run` and `library new`: one template outside the service, and the files of a new one.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn library(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .arg("library")
        .args(words)
        .output()
        .expect("the program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn assets() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/stata_do_library")
}

#[test]
fn a_template_runs_on_its_sample_data_and_shows_checks_and_tables() {
    let output = library(&["run", "test.ttest_one"]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for part in ["test.ttest_one", "succeeded", "check ok    no_obs", "table_ttest.csv", "t_difference"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let output = library(&["run", "test.ttest_one", "--json"]);
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let golden: Value = serde_json::from_slice(
        &std::fs::read(assets().join("datasets/clinic.ttest_one.json")).expect("golden numbers"),
    )
    .expect("JSON");
    let (t, expected) = (seen["metrics"]["t"].as_f64(), golden["metrics"]["t"].as_f64());
    let (t, expected) = t.zip(expected).expect("numbers");
    assert!((t - expected).abs() < 1e-8 * expected.abs(), "{t} instead of {expected}");
}

#[test]
fn columns_may_have_the_names_of_a_tables_columns() {
    let run = |id: &str, file: &str, names: [(&str, &str, &str); 3]| {
        let sample = std::fs::read_to_string(assets().join("datasets").join(file)).expect("sample data");
        let (head, rows) = sample.split_once('\n').expect("a header");
        let metrics = |renamed: bool| {
            let head = head.trim_end().split(',').map(|column| {
                let new = names.iter().find(|(_, own, _)| renamed && *own == column);
                new.map_or(column, |(_, _, new)| new)
            });
            let dir = tempfile::tempdir().expect("a folder");
            let data = dir.path().join("data.csv");
            let head = head.collect::<Vec<_>>().join(",");
            std::fs::write(&data, format!("{head}\n{rows}")).expect("a file");
            let set = names.iter().filter(|(parameter, ..)| !parameter.is_empty());
            let set: Vec<String> = set
                .map(|(parameter, own, new)| format!("{parameter}={}", if renamed { new } else { own }))
                .collect();
            let data = data.display().to_string();
            let mut words = vec!["run", id, "--data", &data, "--json"];
            words.extend(set.iter().flat_map(|pair| ["--set", pair]));
            let output = library(&words);
            assert_eq!(output.status.code(), Some(0), "{id}: {}", text(&output));
            let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            seen["metrics"].clone()
        };
        assert_eq!(metrics(true), metrics(false), "{id}");
    };
    run(
        "survival.km_logrank",
        "trial.csv",
        [("time", "months", "time"), ("failure", "died", "events"), ("group", "arm", "group")],
    );
    let markers = [("marker", "marker_a", "marker"), ("second_marker", "marker_b", "cutoff")];
    run("medical.roc", "screening.csv", [("disease", "disease", "best"), markers[0], markers[1]]);
    run(
        "plot.line",
        "firms_panel.csv",
        [("y", "log_output", "n"), ("time_var", "year", "value"), ("", "", "")],
    );
}

/// `w` decides the outcome of its rows, `twice` is a multiple of `x`: both are left out of the model.
#[test]
fn effects_of_omitted_terms_are_omitted() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data.csv");
    let mut lines = "y,female,w,x,twice\n".to_owned();
    for row in 0..120 {
        let (w, x) = (row / 100, row % 7);
        let y = if w == 1 { 1 } else { u32::from(row * 37 % 101 < 30 + 6 * x) };
        lines += &format!("{y},{},{w},{x},{}\n", row % 2, 2 * x);
    }
    std::fs::write(&data, lines).expect("a file");
    let data = data.to_string_lossy();
    let set = ["--set", "outcome=y", "--set", "regressors=female,x", "--set", "controls=w,twice"];
    let output = library(&[&["run", "limited.logit_margins", "--data", &data], &set[..]].concat());
    let shown = text(&output);
    let margins = shown
        .split("table_margins.csv")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").next())
        .unwrap_or_default();
    let row = |term: &str| {
        let of = |line: &&str| line.split_whitespace().nth(1) == Some(term);
        margins.lines().find(of).unwrap_or_else(|| panic!("no {term} in {shown}")).trim_end().to_owned()
    };
    assert!(row("female").ends_with("from 0 to 1"), "{shown}");
    assert_eq!(row("w").split_whitespace().collect::<Vec<_>>(), ["dydx", "w", "omitted"]);
    let one_of = [row("x"), row("twice")];
    assert_eq!(one_of.iter().filter(|row| row.ends_with("omitted")).count(), 1, "{shown}");
}

#[test]
fn a_file_and_parameters_replace_the_sample_and_files_are_kept_where_asked() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("x.csv");
    // mean 4, standard deviation sqrt(10/3), n = 4: t against 1 is 3 / (sqrt(10/3) / 2)
    std::fs::write(&data, "v,w\n2,a\n3,a\n5,b\n6,b\n").expect("a file");
    let (data, out) = (data.display().to_string(), dir.path().join("out").display().to_string());
    let set = ["--set", "outcome_var=v", "--set", "null_value=1"];
    let mut words = vec!["run", "test.ttest_one", "--data", &data, "--out", &out, "--json"];
    words.extend(set);
    let output = library(&words);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let t = seen["metrics"]["t"].as_f64().expect("a number");
    assert!((t - 3.0 / ((10.0f64 / 3.0).sqrt() / 2.0)).abs() < 1e-12, "{t}");
    assert!(dir.path().join("out/work/table_ttest.csv").is_file());
    assert_eq!(library(&words).status.code(), Some(74), "an existing folder is not written into");
}

#[test]
fn what_cannot_run_is_said_with_its_own_exit_code() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("x.csv");
    std::fs::write(&data, "v,w\n2,a\n2,a\n2,b\n3,b\n").expect("a file");
    let data = data.display().to_string();
    for (words, code, part) in [
        (vec!["run", "no.such"], 2, "there is no template"),
        (vec!["run", "test.ttest_one", "--set", "x"], 2, "name=value"),
        (vec!["run", "test.ttest_one", "--set", "x=1"], 2, "has no parameter x"),
        (vec!["run", "test.ttest_one", "--data", &data], 2, "PLAN_FREEZE_MISSING_REQUIRED"),
        (
            vec!["run", "test.ttest_one", "--data", &data, "--set", "variable=w", "--set", "null_value=1"],
            2,
            "refused",
        ),
        (
            vec![
                "run",
                "test.ttest_one",
                "--data",
                &data,
                "--set",
                "variable=v",
                "--set",
                "null_value=1",
                "--set",
                "sample_if=v < 3",
            ],
            1,
            "zero_spread",
        ),
    ] {
        let output = library(&words);
        assert_eq!(output.status.code(), Some(code), "{words:?} {}", text(&output));
        assert!(text(&output).contains(part), "{part} in {}", text(&output));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn a_new_template_says_what_to_fill_and_passes_once_it_is_filled() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("library");
    copy(&assets(), &root);
    let folder = root.display().to_string();
    let made = library(&["new", "desc.plain_mean", "--dir", &folder]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made));
    assert!(text(&made).contains("meta/desc.plain_mean.meta.json:"), "{}", text(&made));
    let again = library(&["new", "desc.plain_mean", "--dir", &folder]);
    assert_eq!(again.status.code(), Some(2), "nothing is replaced");
    let check = library(&["check", "--dir", &folder]);
    assert_eq!(check.status.code(), Some(78), "{}", text(&check));
    assert!(text(&check).contains("still say FILL:"), "{}", text(&check));
    for file in ["meta/desc.plain_mean.meta.json", "do/desc.plain_mean.do"] {
        let path = root.join(file);
        let filled = std::fs::read_to_string(&path).expect("a file").replace("FILL: ", "filled ");
        std::fs::write(path, filled).expect("a file");
    }
    assert_eq!(library(&["index", "--dir", &folder]).status.code(), Some(0));
    let check = library(&["check", "--dir", &folder]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check));
    let run = library(&["run", "desc.plain_mean", "--dir", &folder, "--json"]);
    let seen: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!((run.status.code(), &seen["metrics"]["mean"]), (Some(0), &serde_json::json!(3.5)), "{seen}");
    for (id, part) in [("Desc.x", "is not an id"), ("nofamily.x", "is not a family")] {
        let refused = library(&["new", id, "--dir", &folder]);
        assert!(refused.status.code() == Some(2) && text(&refused).contains(part), "{}", text(&refused));
    }
}

/// The sample of a template with its parameters, as words of the command; `change` edits a cell by column, row and value.
fn sample(id: &str, file: &Path, change: impl Fn(&str, usize, &str) -> String) -> Vec<String> {
    let read = |path: std::path::PathBuf| std::fs::read(path).expect("a file of the library");
    let meta: Value =
        serde_json::from_slice(&read(assets().join(format!("meta/{id}.meta.json")))).expect("JSON");
    let sample = &meta["sample_data"];
    let data = read(assets().join(sample["file"].as_str().expect("a file")));
    let mut reader = csv::Reader::from_reader(data.as_slice());
    let names = reader.headers().expect("a header").clone();
    let mut writer = csv::Writer::from_path(file).expect("a file");
    writer.write_record(&names).expect("a row");
    for (i, row) in reader.records().enumerate() {
        let row = row.expect("a row");
        let cells = names.iter().zip(&row).map(|(name, cell)| change(name, i, cell));
        writer.write_record(cells).expect("a row");
    }
    writer.flush().expect("a file");
    let mut words = vec!["run".to_owned(), id.to_owned(), "--data".to_owned(), file.display().to_string()];
    for (name, value) in sample["parameters"].as_object().expect("parameters") {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let value = match value {
            Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
            value => text(value),
        };
        words.extend(["--set".to_owned(), format!("{name}={value}")]);
    }
    words
}

fn run(words: &[String]) -> Output {
    library(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn panels_with_one_odd_row_run_or_name_the_check() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("x.csv");
    let alone = |name: &str, i: usize, cell: &str| {
        if name == "town" && i == 0 { "999".to_owned() } else { cell.to_owned() }
    };
    let output = run(&sample("panel.diagnostics", &file, alone));
    assert_eq!(output.status.code(), Some(0), "a unit of one row has no pairs: {}", text(&output));
    let blank = |name: &str, i: usize, cell: &str| {
        if name == "start_year" && i == 0 { "2999".to_owned() } else { cell.to_owned() }
    };
    for id in ["did.callaway", "did.imputation", "did.staggered"] {
        let output = run(&sample(id, &file, blank));
        assert_eq!(output.status.code(), Some(1), "{id} {}", text(&output));
        assert!(text(&output).contains("nonconstant_in_unit"), "{id} {}", text(&output));
    }
    let words = |name: &str, _: usize, cell: &str| {
        if name == "month" { format!("month {cell}") } else { cell.to_owned() }
    };
    let output = run(&sample("ts.interrupted", &file, words));
    assert!(text(&output).contains("non_numeric"), "{}", text(&output));
}
