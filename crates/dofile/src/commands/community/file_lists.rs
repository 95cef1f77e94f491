//! `fs` and `filelist`: names of files as results and as data. Written from the help files of Cox (fs, SSC) and Picard
//! (filelist, SSC).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{unquote, words};
use crate::syntax::varlist::wildcard;
use crate::syntax::{OptSpec, ParsedCommand};
use std::path::Path;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("Directory"),
    OptSpec::text("Pattern"),
    OptSpec::flag("noRecursive"),
    OptSpec::int("MAXdeep"),
])
.unsupported(&["Save", "REPLACE", "List"]);

/// `fs`.
pub(super) const FS: CommandSpec = CommandSpec {
    name: "fs",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run: run_fs,
    syntax: "fs [pattern ...]",
    notes: "names of the files that match, in alphabetical order, also as r(files), each in double quotes; Cox, SSC",
    examples: &[Example {
        run: "file open f using fs_a.txt, write replace\nfile close f\nfile open f using fs_b.txt, write replace\nfile close f\nfs fs_?.txt\nscalar n = wordcount(`\"`r(files)'\"')\nerase fs_a.txt\nerase fs_b.txt",
        expect: &[("n", 2.0)],
    }],
};

/// `filelist`.
pub(super) const FILELIST: CommandSpec = CommandSpec {
    name: "filelist",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: run_filelist,
    syntax: "filelist [, directory(name) pattern(text) norecursive maxdeep(#)]",
    notes: "replaces the data by dirname, filename and fsize of the files below the folder; data that were changed must be cleared before; Picard, SSC",
    examples: &[Example {
        run: "file open f using fl_a.txt, write replace\nfile write f \"abc\"\nfile close f\nfilelist, pattern(fl_*.txt) norecursive\nscalar n = _N\nscalar size = fsize[1]\nerase fl_a.txt",
        expect: &[("n", 1.0), ("size", 3.0)],
    }],
};

fn run_fs(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.raw.contains(',') {
        return Err(StataError::unsupported_option("fs", "options"));
    }
    let patterns: Vec<String> = match words(&cmd.raw) {
        list if list.is_empty() => vec!["*".to_string()],
        list => list.into_iter().map(|w| unquote(w).to_string()).collect(),
    };
    let mut names: Vec<String> = Vec::new();
    for pattern in &patterns {
        let (folder, pattern) = pattern.rsplit_once('/').unwrap_or((".", pattern));
        let entries = std::fs::read_dir(s.path(folder)).map_err(|_| StataError::standard(601))?;
        for entry in entries.flatten().filter(|e| e.path().is_file()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if wildcard(pattern, &name) && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.sort();
    names.iter().for_each(|name| s.print(name));
    let mut r = Results::default();
    r.text("files", names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(" "));
    s.r = r;
    Ok(())
}

/// A file: folder, name and size in bytes.
type Found = (String, String, f64);

fn run_filelist(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    if s.frame.changed && s.frame.n_vars() > 0 {
        return Err(StataError::new(4, "no; data in memory would be lost"));
    }
    let folder = cmd.options.text("directory").unwrap_or(".").to_string();
    let pattern = cmd.options.text("pattern").unwrap_or("*").to_string();
    let deepest = match (cmd.has("norecursive"), cmd.options.int("maxdeep")) {
        (true, _) => 1,
        (false, depth) => depth.unwrap_or(64).max(1),
    };
    let mut found = Vec::new();
    walk(&s.path(&folder), &folder, &pattern, deepest, &mut found)?;
    found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let text = |pick: &dyn Fn(&Found) -> String| {
        Column::from_strings(found.iter().map(|f| pick(f).into_boxed_str()).collect())
    };
    let mut frame = Frame::new();
    let sizes: Vec<f64> = found.iter().map(|f| f.2).collect();
    for (name, column) in [
        ("dirname", text(&|f| f.0.clone())),
        ("filename", text(&|f| f.1.clone())),
        ("fsize", Column::from_f64(StorageType::Double, &sizes)),
    ] {
        frame.add(Variable::new(name, column))?;
    }
    s.frame = frame;
    s.print(format!("Number of files found = {}", found.len()));
    Ok(())
}

fn walk(path: &Path, shown: &str, pattern: &str, depth: i64, found: &mut Vec<Found>) -> Result<()> {
    let entries = std::fs::read_dir(path).map_err(|_| StataError::standard(601))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth > 1 {
            walk(&entry.path(), &format!("{shown}/{name}"), pattern, depth - 1, found)?;
        } else if kind.is_file() && wildcard(pattern, &name) {
            let size = entry.metadata().map_or(0.0, |m| m.len() as f64);
            found.push((shown.to_string(), name, size));
        }
    }
    Ok(())
}
