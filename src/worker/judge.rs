//! Looks at what a run left (log, streams, output files) and asks the domain for the verdict. Reads the
//! run directory only; running it again after a crash gives the same verdict.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::prepare::{Manifest, RESERVED};
use crate::domain::log_grammar::{LogReader, ParsedLog};
use crate::domain::plan::{Plan, PlanOutput};
use crate::domain::run_outcome::Outcome;
use crate::domain::template::TemplateMeta;
use crate::domain::verdict::outputs::{OutputFact, OutputState, check_content};
use crate::domain::verdict::{Verdict, VerdictInput, decide, output_applies};

/// How much of standard output and standard error the verdict reads.
const STREAM_HEAD: u64 = 16 * 1024;
/// Most undeclared files that are looked at.
const MOST_UNDECLARED: usize = 500;

/// Decides what the run in this directory is.
pub fn judge(
    run_path: &Path,
    manifest: Option<&Manifest>,
    outcome: &Outcome,
    plan: &Plan,
    meta: &TemplateMeta,
) -> Verdict {
    let work = run_path.join("work");
    let log = manifest.and_then(|m| read_log(&work.join("main.log"), m));
    let outputs = outputs(&work, outcome, plan);
    decide(&VerdictInput {
        outcome,
        log: log.as_ref(),
        stdout: &head(&run_path.join("stdout")),
        stderr: &head(&run_path.join("stderr")),
        plan,
        meta,
        outputs: &outputs,
    })
}

/// Reads the log in pieces; `None` if there is none.
fn read_log(path: &Path, manifest: &Manifest) -> Option<ParsedLog> {
    let mut file = open_plain(path)?;
    let mut reader = LogReader::new(&manifest.run_id, manifest.nonces.clone());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) | Err(_) => return Some(reader.finish()),
            Ok(n) => reader.push(&buffer[..n]),
        }
    }
}

fn head(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Some(file) = open_plain(path) {
        // What cannot be read is not evidence.
        let _ = file.take(STREAM_HEAD).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Opens a regular file, never through a symbolic link.
fn open_plain(path: &Path) -> Option<File> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    File::open(path).ok()
}

fn outputs(work: &Path, outcome: &Outcome, plan: &Plan) -> Vec<OutputFact> {
    let mut facts: Vec<OutputFact> = Vec::new();
    for output in &plan.contract.outputs {
        let applies = output_applies(output.when.as_deref(), &plan.contract.bound);
        let fact = declared(work, outcome, output, applies);
        if applies || fact.state != OutputState::Missing {
            facts.push(fact);
        }
    }
    let mut more = Vec::new();
    undeclared(work, "", &mut more);
    facts.extend(more.into_iter().filter(|f| !plan.contract.outputs.iter().any(|o| o.file == f.file)));
    facts
}

fn declared(work: &Path, outcome: &Outcome, output: &PlanOutput, applies: bool) -> OutputFact {
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
    let Some(metadata) = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file) else { return fact };
    fact.size_bytes = metadata.len();
    if metadata.len() == 0 {
        fact.state = OutputState::Empty;
    } else if modified_ns(&metadata) < outcome.started_at_ns {
        fact.state = OutputState::Stale;
    } else if metadata.len() > output.max_bytes {
        fact.state = OutputState::TooLarge;
    } else {
        let content = File::open(&path).map_err(|e| e.to_string());
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

fn modified_ns(metadata: &fs::Metadata) -> u64 {
    let seconds = u64::try_from(metadata.mtime()).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(metadata.mtime_nsec()).unwrap_or(0)
}

/// Lists the regular files that nothing declares.
fn undeclared(work: &Path, below: &str, found: &mut Vec<OutputFact>) {
    let Ok(entries) = fs::read_dir(work.join(below)) else { return };
    let mut names: Vec<String> = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort_unstable();
    for name in names {
        if found.len() >= MOST_UNDECLARED || (below.is_empty() && is_own(&name)) {
            continue;
        }
        let file = if below.is_empty() { name } else { format!("{below}/{name}") };
        let Ok(metadata) = fs::symlink_metadata(work.join(&file)) else { continue };
        if metadata.is_dir() {
            if file.matches('/').count() < 4 {
                undeclared(work, &file, found);
            }
        } else if metadata.is_file() {
            found.push(OutputFact {
                file,
                declared: false,
                required: false,
                state: OutputState::Undeclared,
                detail: None,
                size_bytes: metadata.len(),
                table: None,
            });
        }
    }
}

fn is_own(name: &str) -> bool {
    name == "main.log" || RESERVED.contains(&name)
}
