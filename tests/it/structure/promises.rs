//! `docs/security.md` names a test for each promise: every name must be that of a test, and every row of a table of
//! promises must have one. Scenarios name theirs too; `scripts/checks/scenarios` sees that they ran, at the end of all
//! tests, and a name of a test that was moved is found here within a minute.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::sources;

/// A file of tests: the parts of its module path, and the names of its tests.
struct File {
    parts: Vec<String>,
    tests: Vec<String>,
    /// Every function: the tests of a suite and of a property have no attribute on the line before.
    functions: BTreeSet<String>,
}

/// The names of the functions of a text that follow a test's attribute.
fn tests_of(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let declared = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
        if let Some(rest) = declared.filter(|_| is_test) {
            names.extend(rest.split(['(', '<']).next().map(str::to_owned));
            is_test = false;
        }
    }
    names
}

fn functions_of(text: &str) -> BTreeSet<String> {
    let declared =
        text.lines().map(str::trim).filter_map(|line| line.split_once("fn ")?.1.split(['(', '<']).next());
    declared.map(str::to_owned).collect()
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = ["tests", "src", "crates"].iter().flat_map(|place| sources(&root.join(place)));
    let read = |path: PathBuf| {
        let relative = path.strip_prefix(root).expect("below the root").with_extension("");
        let names = relative.iter().map(|part| part.to_string_lossy().into_owned());
        // a file of unit tests beside its module is that module's
        let parts = names.map(|part| part.strip_suffix("_tests").unwrap_or(&part).to_owned());
        let parts = parts.filter(|part| part != "mod").collect();
        let text = fs::read_to_string(path).expect("a source");
        File { parts, tests: tests_of(&text), functions: functions_of(&text) }
    };
    paths.into_iter().map(read).collect()
}

/// True if the files have the test that a path names; `*` is any test of a file or folder, `browser::` a spec of
/// `scripts/checks/browser`.
fn exists(files: &[File], name: &str) -> bool {
    if let Some((suite, title)) = name.strip_prefix("browser::").and_then(|rest| rest.split_once("::")) {
        let path = format!("scripts/checks/browser/{suite}.spec.mjs");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default();
        return text.contains(&format!("spec('{}'", title.replace('_', " ")));
    }
    let mut segments: Vec<&str> = name.split("::").filter(|segment| *segment != "tests").collect();
    let Some(test) = segments.pop() else { return false };
    files.iter().any(|file| {
        let has_module = match test {
            "*" => file.parts.windows(segments.len()).any(|parts| parts == segments),
            _ => file.parts.ends_with(&segments.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()),
        };
        has_module
            && (file.tests.iter().any(|known| known == test) || (test == "*" && !file.tests.is_empty()))
    })
}

/// True if the files have a function of a path as a scenario names it; the stores that a suite runs on are modules that a
/// macro writes.
fn has_function(files: &[File], name: &str) -> bool {
    [&["tests"][..], &["tests", "memory", "sqlite", "postgres"]].into_iter().any(|left_out| {
        let mut segments: Vec<String> =
            name.split("::").filter(|part| !left_out.contains(part)).map(str::to_owned).collect();
        let function = segments.pop().unwrap_or_default();
        let in_module = |file: &File| {
            let parts: Vec<&String> = file.parts.iter().filter(|part| *part != "tests").collect();
            parts.ends_with(&segments.iter().collect::<Vec<_>>())
        };
        files.iter().any(|file| in_module(file) && file.functions.contains(&function))
    })
}

/// The names in backquotes that are paths of tests.
fn named(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let is_path = |text: &&str| {
        text.contains("::") && text.chars().all(|c| c.is_ascii_alphanumeric() || "_:*".contains(c))
    };
    quoted.filter(is_path).collect()
}

#[test]
fn every_promise_of_the_security_document_names_a_test_that_exists() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let text = fs::read_to_string(path).expect("the document");
    let files = files();
    let (mut missing, mut without, mut found) = (Vec::new(), Vec::new(), 0);
    // the last column of a table of promises
    let mut in_table = false;
    for line in text.lines() {
        if !line.starts_with('|') {
            in_table = false;
        } else if line.ends_with("| test |") || line.ends_with("| seen by |") {
            in_table = true;
        } else if in_table
            && !line.starts_with("|---")
            && named(line).is_empty()
            && !line.ends_with("| the same |")
        {
            without.push(line);
        }
        for name in named(line) {
            found += 1;
            if !exists(&files, name) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "the document names tests that do not exist: {missing:#?}");
    assert!(without.is_empty(), "promises without a test: {without:#?}");
    assert!(found > 40, "only {found} names were found");
}

#[test]
fn every_scenario_names_a_test_that_exists() {
    let files = files();
    let mut specs = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("openspec/specs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of scenarios").flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { specs.push(entry.path()) }
        }
    }
    let texts: Vec<String> =
        specs.iter().map(|path| fs::read_to_string(path).expect("a specification")).collect();
    let lines = texts.iter().flat_map(|text| text.lines()).filter(|line| line.contains("**TEST**"));
    // specs of the browser have names that a loop makes
    let names: BTreeSet<&str> = lines.flat_map(named).filter(|name| !name.starts_with("browser::")).collect();
    let missing: Vec<&&str> = names.iter().filter(|name| !has_function(&files, name)).collect();
    assert!(missing.is_empty(), "scenarios name tests that do not exist: {missing:#?}");
    assert!(names.len() > 400, "only {} names were found", names.len());
}

#[test]
fn the_search_finds_what_exists_and_nothing_else() {
    let files = files();
    assert!(exists(&files, "structure::promises::the_search_finds_what_exists_and_nothing_else"));
    assert!(exists(&files, "adapters::runner::seccomp::tests::the_program_fits_the_kernels_bound"));
    assert!(exists(&files, "structure::*"));
    assert!(!exists(&files, "structure::promises::exists"), "no test");
    assert!(!exists(&files, "absent::*"));
    assert!(exists(&files, "browser::markup::what_clients_store_is_text_on_every_step_of_a_job"));
    assert!(!exists(&files, "browser::markup::absent"));
    assert!(has_function(&files, "limit::headers::tests::headers_tell_every_limit_and_when_to_come_back"));
    assert!(!has_function(&files, "limit::tests::headers_tell_every_limit_and_when_to_come_back"), "moved");
}
