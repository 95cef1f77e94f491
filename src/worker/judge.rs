//! Checks the results of a run (log, streams, output files) and asks the domain for the verdict. Reads the
//! run directory only; running it again after a crash gives the same verdict.

use std::io::{BufReader, Read};
use std::path::Path;

use super::prepare::{DO_FILE, Manifest, RESERVED, read_do_file};
use crate::domain::log_grammar::{LogReader, ParsedLog};
use crate::domain::plan::{Plan, PlanOutput};
use crate::domain::run_outcome::Outcome;
use crate::domain::template::TemplateMeta;
use crate::domain::verdict::outputs::{OutputFact, OutputState, check_content};
use crate::domain::verdict::{Verdict, VerdictInput, decide, output_applies};
use crate::ports::workspace::Workspace;

/// How much of standard output and standard error the verdict reads.
const STREAM_HEAD: u64 = 16 * 1024;
/// Most undeclared files that are checked.
const MOST_UNDECLARED: usize = 500;

/// Decides what the run in this directory is.
pub(super) fn judge(
    workspace: &dyn Workspace,
    run_path: &Path,
    manifest: Option<&Manifest>,
    outcome: &Outcome,
    plan: &Plan,
    meta: &TemplateMeta,
) -> Verdict {
    let work = run_path.join("work");
    let log = manifest.and_then(|m| read_log(workspace, &work.join("main.log"), m));
    let outputs = outputs(workspace, &work, outcome, plan);
    decide(&VerdictInput {
        outcome,
        log: log.as_ref(),
        stdout: &head(workspace, &run_path.join("stdout")),
        stderr: &head(workspace, &run_path.join("stderr")),
        plan,
        meta,
        outputs: &outputs,
        do_file_changed: manifest.is_some_and(|m| {
            outcome.engine_started && !matches!(read_do_file(workspace, &work.join(DO_FILE), m), Ok(Some(_)))
        }),
    })
}

/// Reads the log in pieces; `None` if there is none.
fn read_log(workspace: &dyn Workspace, path: &Path, manifest: &Manifest) -> Option<ParsedLog> {
    let mut file = workspace.open(path).ok()?;
    let mut reader = LogReader::new(&manifest.run_id, manifest.nonces.clone());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) | Err(_) => return Some(reader.finish()),
            Ok(n) => reader.push(&buffer[..n]),
        }
    }
}

fn head(workspace: &dyn Workspace, path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = workspace.open(path) {
        // What cannot be read is not evidence.
        let _ = file.take(STREAM_HEAD).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn outputs(workspace: &dyn Workspace, work: &Path, outcome: &Outcome, plan: &Plan) -> Vec<OutputFact> {
    let mut facts: Vec<OutputFact> = Vec::new();
    for output in &plan.contract.outputs {
        let applies = output_applies(output.when.as_deref(), &plan.contract.bound);
        let fact = declared(workspace, work, outcome, output, applies);
        if applies || fact.state != OutputState::Missing {
            facts.push(fact);
        }
    }
    let mut more = Vec::new();
    undeclared(workspace, work, "", &mut more);
    facts.extend(more.into_iter().filter(|f| !plan.contract.outputs.iter().any(|o| o.file == f.file)));
    facts
}

fn declared(
    workspace: &dyn Workspace,
    work: &Path,
    outcome: &Outcome,
    output: &PlanOutput,
    applies: bool,
) -> OutputFact {
    let mut fact = OutputFact {
        file: output.file.clone(),
        declared: true,
        required: output.required && applies,
        state: OutputState::Missing,
        detail: None,
        size_bytes: 0,
        table: None,
    };
    let path = work.join(&output.file);
    let Some(found) = workspace.facts(&path).ok().filter(|facts| facts.is_file) else { return fact };
    fact.size_bytes = found.size_bytes;
    if found.size_bytes == 0 {
        fact.state = OutputState::Empty;
    } else if found.modified_ns < outcome.fresh_since_ns() {
        fact.state = OutputState::Stale;
    } else if found.size_bytes > output.max_bytes {
        fact.state = OutputState::TooLarge;
    } else {
        let content = workspace.open(&path).map_err(|e| e.to_string());
        match content.and_then(|file| check_content(output, BufReader::new(file))) {
            Ok(table) => {
                fact.state = OutputState::Ok;
                fact.table = table;
            }
            Err(detail) => {
                fact.state = OutputState::Unparsable;
                fact.detail = Some(detail);
            }
        }
    }
    fact
}

/// Lists the regular files that nothing declares.
fn undeclared(workspace: &dyn Workspace, work: &Path, below: &str, found: &mut Vec<OutputFact>) {
    let Ok(entries) = workspace.list(&work.join(below)) else { return };
    let mut names: Vec<(String, bool)> =
        entries.into_iter().map(|entry| (entry.name, entry.is_text)).collect();
    names.sort_unstable();
    for (name, is_text) in names {
        if found.len() >= MOST_UNDECLARED || (below.is_empty() && is_own(&name)) {
            continue;
        }
        let file = if below.is_empty() { name } else { format!("{below}/{name}") };
        if !is_text {
            found.push(undeclared_fact(file, OutputState::BadName, 0));
            continue;
        }
        let Ok(facts) = workspace.facts(&work.join(&file)) else { continue };
        if facts.is_dir {
            if file.matches('/').count() < 4 {
                undeclared(workspace, work, &file, found);
            }
        } else if facts.is_file {
            found.push(undeclared_fact(file, OutputState::Undeclared, facts.size_bytes));
        }
    }
}

fn undeclared_fact(file: String, state: OutputState, size_bytes: u64) -> OutputFact {
    OutputFact { file, declared: false, required: false, state, detail: None, size_bytes, table: None }
}

fn is_own(name: &str) -> bool {
    name == "main.log" || RESERVED.contains(&name)
}
