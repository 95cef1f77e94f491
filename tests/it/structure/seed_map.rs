//! The map of the requirements: every file and test that it names is there, and the readiness is what it gives.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::sources;

/// Ids that the documents number without gaps.
const TASKS: &[(u32, u32)] =
    &[(1, 5), (10, 16), (20, 22), (30, 31), (40, 41), (50, 51), (60, 61), (100, 103)];
const STATES: &[&str] =
    &["proved here", "needs GitHub", "needs Docker", "needs a cluster", "needs a licence", "open"];

/// One requirement of the map.
struct Row {
    area: String,
    id: String,
    title: String,
    files: Vec<String>,
    /// The command, and the stage of `scripts/test` where it is one.
    test: Vec<String>,
    state: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns what stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("docs/seed-map.md")).expect("the map");
    let (mut area, mut found) = (String::new(), Vec::new());
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut area);
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", id, title, files, test, state, ""] = cells[..] else { continue };
        if id == "id" || id.starts_with('-') {
            continue;
        }
        found.push(Row {
            area: area.clone(),
            id: id.to_owned(),
            title: title.to_owned(),
            files: quoted(files),
            test: quoted(test),
            state: state.to_owned(),
        });
    }
    found
}

/// Returns whether a source below `dir` has the test of this path, or a module of the path where it ends with `::`.
fn has_test(dir: &Path, path: &str) -> bool {
    let (modules, name) = path.rsplit_once("::").unwrap_or(("", path));
    sources(dir).iter().any(|file| {
        let below = file.strip_prefix(dir).expect("below").with_extension("");
        let parts: BTreeSet<_> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let is_part = |m: &str| parts.contains(m) || parts.contains(&format!("{m}_tests"));
        let here = modules.split("::").all(|m| m.is_empty() || m == "tests" || is_part(m));
        let declares = || fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {name}(")));
        here && (name.is_empty() || declares())
    })
}

/// Returns why the test of a row cannot be run, if it cannot.
fn missing_test(test: &[String]) -> Option<String> {
    let (command, stage) = match test {
        [command] => (command.as_str(), None),
        [command, stage] => (command.as_str(), Some(stage)),
        _ => return Some(format!("a row has one command, and a stage where it is one: {test:?}")),
    };
    if let Some(stage) = stage {
        let text = fs::read_to_string(root().join("scripts/test")).expect("the test command");
        let has = |word: &str| text.contains(&format!("{word} \"{stage}\""));
        let there = command.starts_with("scripts/test") && (has("stage") || has("begin"));
        return (!there).then(|| format!("`{command}` has no stage {stage}"));
    }
    if let Some(arguments) = command.strip_prefix("cargo test ") {
        let (dir, path) = match arguments.strip_prefix("--lib ") {
            Some(path) => ("src", path),
            None => ("tests/it", arguments),
        };
        return (!has_test(&root().join(dir), path)).then(|| format!("there is no test {path} in {dir}"));
    }
    let program = command.split(' ').next().unwrap_or_default();
    (!root().join(program).is_file()).then(|| format!("there is no {program}"))
}

/// Returns `docs/readiness.md` as the map gives it.
fn readiness(rows: &[Row]) -> String {
    let mut text = "# Readiness\n\nGenerated from [seed-map.md](seed-map.md) by `tests/it/structure/seed_map.rs` \
                    (`SS_TEST_RENEW=1 cargo test --test it seed_map`). A row counts when its test runs here; what needs \
                    GitHub, Docker, a cluster or a licence does not, although its files and logic are checked.\n\n\
                    | area | proved here | all | of 10 | missing |\n|---|---|---|---|---|\n"
        .to_owned();
    let mut areas: Vec<&str> = rows.iter().map(|row| row.area.as_str()).collect();
    areas.dedup();
    for area in areas.into_iter().map(Some).chain([None]) {
        let of: Vec<&Row> = rows.iter().filter(|row| area.is_none_or(|area| row.area == area)).collect();
        let left: Vec<&&Row> = of.iter().filter(|row| row.state != "proved here").collect();
        let (all, proved) = (of.len(), of.len() - left.len());
        let tenths = (proved * 100 + all / 2) / all;
        let named: Vec<String> = left.iter().map(|row| format!("{} ({})", row.id, row.state)).collect();
        let (name, list) = match area {
            Some(area) => (area.to_owned(), named.join(", ")),
            None => ("**all**".to_owned(), String::new()),
        };
        text += &format!("| {name} | {proved} | {all} | {}.{} | {list} |\n", tenths / 10, tenths % 10);
    }
    text
}

#[test]
fn every_row_names_files_and_a_test_that_are_there() {
    let mut wrong = Vec::new();
    for row in rows() {
        let mut report = |what: String| wrong.push(format!("{} ({}): {what}", row.id, row.title));
        if row.files.is_empty() {
            report("names no file".to_owned());
        }
        for file in row.files.iter().filter(|file| !root().join(file).exists()) {
            report(format!("there is no {file}"));
        }
        if let Some(what) = missing_test(&row.test) {
            report(what);
        }
        if !STATES.contains(&row.state.as_str()) {
            report(format!("the state {} is none of {STATES:?}", row.state));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_task_has_its_row() {
    let rows = rows();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "an id has one row");
    for number in TASKS.iter().flat_map(|(first, last)| *first..=*last) {
        assert!(ids.contains(format!("T{number:03}").as_str()), "T{number:03} has no row");
    }
    for pack in ["ss-audit-remediation", "ss-production-e2e-audit-remediation"] {
        let cards = root().join("openspec/specs").join(pack).join("task_cards");
        for card in fs::read_dir(cards).expect("task cards").flatten() {
            let name = card.file_name().to_string_lossy().into_owned();
            let id = name.trim_end_matches(".md").rsplit("PROD-E2E-").next().unwrap_or_default().to_owned();
            assert!(ids.contains(id.as_str()), "the task card {name} has no row {id}");
        }
    }
}

#[test]
fn a_row_with_a_test_or_file_that_is_not_there_is_found() {
    let test = |words: &[&str]| missing_test(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
    assert_eq!(test(&["cargo test structure::seed_map::every_task_has_its_row"]), None);
    assert_eq!(test(&["cargo test structure::"]), None);
    assert_eq!(test(&["scripts/test", "lint"]), None);
    for gone in [
        &["cargo test structure::seed_map::no_such_test"][..],
        &["cargo test access::every_task_has_its_row"],
        &["cargo test no_such_module::"],
        &["scripts/test", "no such stage"],
        &["scripts/no_such.sh"],
        &[],
    ] {
        assert!(test(gone).is_some(), "{gone:?}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "renewing the page is asked for by the environment")]
fn the_page_of_readiness_is_that_of_the_map() {
    let (path, made) = (root().join("docs/readiness.md"), readiness(&rows()));
    if std::env::var("SS_TEST_RENEW").is_ok() {
        fs::write(&path, &made).expect("writes");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "run this test with SS_TEST_RENEW=1 and review docs/readiness.md");
}
