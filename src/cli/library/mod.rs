//! `stata-service library`: check the do-template library, write its index, rank templates for a question, run
//! one, start one. The rules themselves are in `library`.

mod new;
mod run;
mod show;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::domain::draft::Statement;
use crate::domain::profile::KINDS;
use crate::library::select::{Selected, SelectionInput, select};
use crate::library::sketch::sketch;
use crate::library::{Library, LibraryProblem, index, load, validate};

/// No problem was found.
const OK: u8 = 0;
/// The arguments cannot be understood.
const USAGE: u8 = 2;
/// A file could not be written or read (`EX_IOERR`).
const IO_ERROR: u8 = 74;
/// The library violates its contract or its index is outdated (`EX_CONFIG`).
const BROKEN: u8 = 78;

/// The do-template library.
#[derive(Debug, Args)]
pub struct LibraryArgs {
    /// Subcommand of the library.
    #[command(subcommand)]
    pub command: LibraryCommand,
}

/// The do-template library.
#[derive(Debug, Subcommand)]
pub enum LibraryCommand {
    /// Check every rule of the contract and the index; prints all problems
    Check {
        /// A library's folder; by default the embedded one
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the hashes of the bodies into the metas, and the index
    Index {
        /// The library's folder
        #[arg(long, default_value = "assets/stata_do_library")]
        dir: PathBuf,
        /// Write nothing; fail if something would be written
        #[arg(long)]
        check: bool,
    },
    /// Run every template on its sample data and write its page, with table and figure
    Docs {
        /// The folder of the pages
        #[arg(long, default_value = "docs/library")]
        dir: PathBuf,
        /// Write nothing; fail if something would be written
        #[arg(long)]
        check: bool,
        /// Templates, separated by commas; by default all
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
    },
    /// Run one template on its sample data or on a file; prints checks and tables
    Run(Box<run::RunArgs>),
    /// Start a template: body, declaration, sample data and expected numbers, with marks to fill in
    New(new::NewArgs),
    /// Rank the templates for a question
    Rank {
        /// The question, in the words of the person who asks
        #[arg(long)]
        question: String,
        /// `name` or `name:kind` of the columns, separated by commas; without any kind the data are not used
        #[arg(long, value_delimiter = ',')]
        columns: Vec<String>,
        /// `role=column` of the draft, such as outcome_var=pay; may be repeated
        #[arg(long)]
        role: Vec<String>,
        /// Kinds of question, such as effect,associate
        #[arg(long, value_delimiter = ',')]
        kind: Vec<String>,
        /// Number of rows of the data
        #[arg(long, default_value_t = 1000)]
        rows: u64,
        /// A library's folder; by default the embedded one
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs the subcommand and returns the exit code: 0, 1 (a run that failed), 2 (arguments, or refused before the
/// run), 74 (files), 78 (broken library).
pub fn run(args: &LibraryArgs) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let done = match &args.command {
        LibraryCommand::Check { dir, json } => check(dir.as_deref(), *json, &mut out),
        LibraryCommand::Index { dir, check } => write_index(dir, *check, &mut out),
        LibraryCommand::Docs { dir, check, only } => docs(dir, *check, only, &mut out),
        LibraryCommand::Run(args) => run::run(args, &mut out),
        LibraryCommand::New(args) => new::run(args, &mut out),
        LibraryCommand::Rank { question, columns, role, kind, rows, dir, json } => {
            let asked = Asked { question, columns, roles: role, kinds: kind, rows: *rows };
            rank(&asked, dir.as_deref(), *json, &mut out)
        }
    };
    ExitCode::from(done.unwrap_or(IO_ERROR))
}

fn open(dir: Option<&Path>) -> Result<Arc<Library>, Vec<LibraryProblem>> {
    match dir {
        Some(dir) => Library::from_dir(dir).map(Arc::new),
        None => Library::embedded(),
    }
}

fn check(dir: Option<&Path>, json: bool, out: &mut impl Write) -> std::io::Result<u8> {
    let (templates, problems) = match open(dir) {
        Ok(library) => {
            let mut problems = validate::check(&library);
            problems.extend(index::drift(&library));
            (library.len(), problems)
        }
        Err(problems) => (0, problems),
    };
    if json {
        let list: Vec<_> =
            problems.iter().map(|p| json!({"file": p.file, "line": p.line, "reason": p.reason})).collect();
        writeln!(out, "{}", json!({"templates": templates, "problems": list}))?;
    } else {
        for problem in &problems {
            writeln!(out, "{problem}")?;
        }
        writeln!(out, "{templates} templates, {} problems", problems.len())?;
    }
    Ok(if problems.is_empty() { OK } else { BROKEN })
}

/// Works in its own folder among the system's temporary files.
fn docs(dir: &Path, check: bool, only: &[String], out: &mut impl Write) -> std::io::Result<u8> {
    let library = match Library::embedded() {
        Ok(library) => library,
        Err(problems) => return report(&problems, out),
    };
    let scratch = std::env::temp_dir().join(format!("stata-service-docs-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let done = super::library_docs::write(&library, dir, check, only, &scratch, out);
    std::fs::remove_dir_all(&scratch)?;
    match done {
        Ok(differ) => {
            for name in differ.iter().filter(|_| check) {
                writeln!(out, "{name} is out of step; run stata-service library docs")?;
            }
            Ok(if check && !differ.is_empty() { BROKEN } else { OK })
        }
        Err(error) => {
            writeln!(out, "{error}")?;
            Ok(BROKEN)
        }
    }
}

/// The hash of a body stands in its meta, the hash of the meta in the index: in this order.
fn write_index(dir: &Path, check: bool, out: &mut impl Write) -> std::io::Result<u8> {
    let library = match Library::from_dir(dir) {
        Ok(library) => library,
        Err(problems) => return report(&problems, out),
    };
    let mut changed = Vec::new();
    for template in library.templates() {
        let stated = &template.meta.body.sha256;
        if *stated == template.body_sha256 {
            continue;
        }
        let text = String::from_utf8_lossy(&template.meta_bytes);
        let new = text.replacen(&format!("\"{stated}\""), &format!("\"{}\"", template.body_sha256), 1);
        changed.push((dir.join(template.meta_path()), new.into_bytes()));
    }
    if !check {
        for (path, bytes) in &changed {
            std::fs::write(path, bytes)?;
        }
    }
    let library = match Library::from_dir(dir) {
        Ok(library) => library,
        Err(problems) => return report(&problems, out),
    };
    let bytes = index::to_bytes(&index::generate(&library));
    let path = dir.join(load::INDEX_PATH);
    if std::fs::read(&path).ok().as_deref() != Some(bytes.as_slice()) {
        if !check {
            std::fs::write(&path, &bytes)?;
        }
        changed.push((path, bytes));
    }
    for (path, _) in &changed {
        writeln!(out, "{} {}", if check { "out of step:" } else { "wrote" }, path.display())?;
    }
    writeln!(out, "{} templates in the index", library.len())?;
    Ok(if check && !changed.is_empty() { BROKEN } else { OK })
}

fn report(problems: &[LibraryProblem], out: &mut impl Write) -> std::io::Result<u8> {
    for problem in problems {
        writeln!(out, "{problem}")?;
    }
    Ok(BROKEN)
}

/// Request of a ranking.
struct Asked<'a> {
    question: &'a str,
    columns: &'a [String],
    roles: &'a [String],
    kinds: &'a [String],
    rows: u64,
}

fn rank(asked: &Asked<'_>, dir: Option<&Path>, json: bool, out: &mut impl Write) -> std::io::Result<u8> {
    let library = match open(dir) {
        Ok(library) => library,
        Err(problems) => return report(&problems, out),
    };
    let mut statement = Statement::default();
    for role in asked.roles {
        let Some((name, column)) = role.split_once('=') else {
            writeln!(out, "--role takes role=column, not {role}")?;
            return Ok(USAGE);
        };
        statement.roles.entry(name.to_owned()).or_default().push(column.to_owned());
    }
    let dataset = match sketch(asked.columns, asked.rows) {
        Ok(dataset) => dataset,
        Err(kind) => {
            writeln!(out, "{kind} is not a kind of column; known are {}", KINDS.join(", "))?;
            return Ok(USAGE);
        }
    };
    let selected = select(&SelectionInput {
        library: &library,
        question: asked.question,
        question_kinds: asked.kinds,
        statement: &statement,
        dataset: dataset.as_ref(),
    });
    print_ranking(&selected, json, out)?;
    Ok(OK)
}

fn print_ranking(selected: &Selected, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    if json {
        let ranked: Vec<_> = selected
            .candidates
            .ranking
            .iter()
            .map(|r| json!({"template_id": r.template_id, "score": r.score, "reasons": r.reasons}))
            .collect();
        return writeln!(out, "{}", json!(ranked));
    }
    for (i, ranked) in selected.candidates.ranking.iter().take(crate::library::select::TOP).enumerate() {
        writeln!(out, "{:>2}. {:.3}  {}  {}", i + 1, ranked.score, ranked.template_id, ranked.title)?;
        for reason in &ranked.reasons {
            writeln!(out, "           {reason}")?;
        }
    }
    for verdict in selected.stage1.templates.iter().filter(|t| !t.applicable) {
        writeln!(out, "    not applicable: {}: {}", verdict.template_id, verdict.blockers.join("; "))?;
    }
    Ok(())
}
