//! Keeps `docs/engine/commands.md`, `mata.md` and `verification.md` in step with the table of commands, the
//! functions and the oracle cases. `SS_TEST_RENEW=1 cargo test -p dofile --test it docs::` writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dofile::commands::{ByRule, Form, SearchOptions, registry};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::disallowed_methods, reason = "a switch of the test")]
fn renewing() -> bool {
    std::env::var_os("SS_TEST_RENEW").is_some()
}

/// Compares a page with its text, or writes it.
fn in_step(name: &str, text: &str) {
    let path = root().join("docs/engine").join(name);
    if renewing() {
        std::fs::write(&path, text).expect("the page can be written");
        return;
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(
        page == text,
        "docs/engine/{name} is out of step, renew it with SS_TEST_RENEW=1; first difference: {differs:?}"
    );
}

/// The part of a page that is written by hand, with the mark behind it.
fn head(name: &str) -> String {
    let mark = "<!-- generated below: SS_TEST_RENEW=1 cargo test -p dofile --test it docs:: -->\n";
    let page = std::fs::read_to_string(root().join("docs/engine").join(name)).unwrap_or_default();
    format!("{}{mark}", page.split(mark).next().unwrap_or(""))
}

/// Writes names of functions in lines.
fn push_functions(out: &mut String, names: &[&str]) {
    for line in names.chunks(8) {
        let _ = writeln!(out, "{}", line.iter().map(|n| format!("`{n}()`")).collect::<Vec<_>>().join(" "));
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Cases by command, and by file with their number and source.
type Cases = (BTreeMap<String, usize>, Vec<(String, usize, String)>);

/// Names of the oracle cases whose do-file uses a command, by command.
fn cases() -> Cases {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/cases");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the cases").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let mut by_command: BTreeMap<String, usize> = BTreeMap::new();
    let mut by_file = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a case file");
        let parsed: Value = serde_json::from_str(&text).expect("valid JSON");
        let list = parsed["cases"].as_array().expect("cases");
        for case in list {
            let mut used = BTreeSet::new();
            for line in case["do"].as_str().expect("a do-file").lines() {
                for part in line.split(':') {
                    let mut words =
                        part.split(|c: char| !(c == '_' || c.is_alphanumeric())).filter(|w| !w.is_empty());
                    let first =
                        words.find(|w| !["quietly", "noisily", "capture", "by", "bysort"].contains(w));
                    used.extend(first.and_then(registry::find).map(|c| c.name.to_string()));
                }
            }
            used.into_iter().for_each(|name| *by_command.entry(name).or_default() += 1);
        }
        let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
        by_file.push((stem, list.len(), parsed["source"].as_str().unwrap_or("").to_string()));
    }
    (by_command, by_file)
}

#[test]
fn the_page_of_commands_is_the_table_of_commands() {
    let mut out = String::from(
        "# Commands of the open engine\n\nGenerated from the declarations in `crates/dofile/src/commands/` by the test `docs`; renew with `SS_TEST_RENEW=1`.\n\
         Capitals of the shortest abbreviation are in the second column. Any other command stops with r(199) and its name;\n\
         options in the fourth column are Stata's and are refused by name.\n\n\
         Shared options are not repeated in the syntax. Commands with a coefficient table take `coeflegend noci nopvalues noomitted\n\
         noemptycells baselevels allbaselevels nofvlabel cformat() pformat() sformat() nolstretch`, and `vsquish fvwrap() fvwrapon()` without\n\
         effect ([R] Estimation options). Commands that maximise a likelihood take `trace gradient showstep hessian showtolerance\n\
         nonrtolerance difficult technique() tolerance()` ([R] Maximize); the engine's own search is used whatever they say. Those marked\n\
         with an m take `constraints() nocnsreport collinear from() vce(opg)` too, and `technique(bhhh)` gives them that covariance.\n\n",
    );
    let mut specs: Vec<_> = registry::all().collect();
    specs.sort_by_key(|c| c.name);
    let _ = writeln!(out, "{} commands.\n", specs.len());
    out.push_str("| command | from | syntax | refused options | by | stores and formulas |\n|---|---|---|---|---|---|\n");
    for c in &specs {
        let refused = registry::refused_options(c);
        let by = match c.by {
            ByRule::No => "",
            ByRule::EachGroup | ByRule::Whole => "yes",
        };
        let constrained = matches!(c.form, Form::Standard(s) if s.search == SearchOptions::Full);
        let mark = if constrained { " m" } else { "" };
        let _ = writeln!(
            out,
            "| `{}`{mark} | `{}` | `{}` | {} | {by} | {} |",
            c.name,
            &c.name[..c.min],
            cell(c.syntax),
            cell(&refused),
            cell(c.notes)
        );
    }
    let names = dofile::expr::functions::names();
    let _ = writeln!(out, "\n## Functions\n\n{} functions of expressions:\n", names.len());
    push_functions(&mut out, &names);
    in_step("commands.md", &out);
}

#[test]
fn the_page_of_mata_lists_its_functions() {
    let names = dofile::mata::functions::names();
    let mut out = format!("{}\n## Functions\n\n{} functions:\n\n", head("mata.md"), names.len());
    push_functions(&mut out, &names);
    in_step("mata.md", &out);
}

#[test]
fn the_page_of_verification_counts_the_cases() {
    let (by_command, by_file) = cases();
    let total: usize = by_file.iter().map(|f| f.1).sum();
    let examples: usize = registry::all().map(|c| c.examples.len()).sum();
    let mut out = format!(
        "{}\n## Oracle cases\n\n{total} cases in {} files; {examples} examples of commands run as tests besides.\n\n",
        head("verification.md"),
        by_file.len()
    );
    out.push_str("| file of `tests/oracles/cases` | cases | source |\n|---|---:|---|\n");
    for (name, count, source) in &by_file {
        let _ = writeln!(out, "| `{name}` | {count} | {} |", cell(source));
    }
    out.push_str("\n## Cases for each command\n\n| command | oracle cases | examples |\n|---|---:|---:|\n");
    let mut specs: Vec<_> = registry::all().collect();
    specs.sort_by_key(|c| c.name);
    for c in specs {
        let count = by_command.get(c.name).copied().unwrap_or(0);
        if count > 0 || !c.examples.is_empty() {
            let _ = writeln!(out, "| `{}` | {count} | {} |", c.name, c.examples.len());
        }
    }
    in_step("verification.md", &out);
}
