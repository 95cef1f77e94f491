//! Scripts in the engine's place: the interpreters that their first lines name, which the sandbox has to allow, and
//! the paths in their text that it does not allow.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::sandbox::Grants;
use crate::domain::sandbox_paths::{LIBRARIES, READABLE};
use crate::ports::runner::{SandboxMode, SandboxSpec};

/// Bytes of a first line that the kernel reads (`BINPRM_BUF_SIZE`).
const FIRST_LINE: u64 = 256;
/// Interpreters that are scripts themselves, at most; the kernel has the same bound.
const DEPTH: usize = 5;
/// Bytes of a script that are searched for paths.
const TEXT: u64 = 64 << 10;
/// Problems that are reported at once.
const PROBLEMS: usize = 8;
/// Folders that runs search for programs, after the engine's folder.
pub(super) const SEARCH_PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Returns the programs that the kernel starts in a script's place, each with its links resolved: the interpreter of
/// the first line, the program that `env` looks up, and theirs in turn. Empty for a program that is no script.
///
/// # Errors
/// A text that names the script and the interpreter that cannot be used.
pub(super) fn interpreters(program: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = program.parent().unwrap_or(Path::new("/"));
    let mut found: Vec<PathBuf> = Vec::new();
    let mut current = program.to_owned();
    while let Some((named, argument)) = first_line(&current) {
        if found.len() >= 2 * DEPTH {
            return Err(format!("{} leads from script to script", program.display()));
        }
        let script = current.display().to_string();
        current = resolved(&named, &script)?;
        found.push(current.clone());
        // by the name that the script gives: the file itself may be one of many programs
        if named.file_name().is_some_and(|name| name == "env")
            && let Some(word) = program_of_env(&argument)
        {
            let there = on_path(word, folder)
                .ok_or_else(|| format!("{script} starts {word:?} by env, which runs do not find"))?;
            current = resolved(&there, &script)?;
            found.push(current.clone());
        }
    }
    Ok(found)
}

fn resolved(interpreter: &Path, script: &str) -> Result<PathBuf, String> {
    interpreter
        .canonicalize()
        .map_err(|error| format!("{script} names the interpreter {}: {error}", interpreter.display()))
}

/// The interpreter and its argument on the first line of a script.
fn first_line(file: &Path) -> Option<(PathBuf, String)> {
    let mut head = Vec::new();
    File::open(file).ok()?.take(FIRST_LINE).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let line = line.trim_matches([' ', '\t', '\r']);
    let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    (!interpreter.is_empty()).then(|| (PathBuf::from(interpreter), argument.trim().to_owned()))
}

/// The program in the argument of `env`: the first word that is neither an option nor an assignment.
fn program_of_env(argument: &str) -> Option<&str> {
    argument.split_ascii_whitespace().find(|word| !word.starts_with('-') && !word.contains('='))
}

fn on_path(word: &str, folder: &Path) -> Option<PathBuf> {
    if word.starts_with('/') {
        return Some(PathBuf::from(word));
    }
    let folders = std::iter::once(folder).chain(SEARCH_PATH.iter().map(Path::new));
    folders.map(|folder| folder.join(word)).find(|path| path.is_file())
}

/// Finds what would keep runs from starting the engine: an interpreter that is absent, and paths that a script
/// names or links of the engine's folder lead to, outside of what runs may read. Each text names the path and the
/// setting. What a script computes cannot be seen.
pub fn engine_problems(command: &[String], sandbox: &SandboxSpec) -> Vec<String> {
    let Some(program) = command.first().and_then(|word| Path::new(word).canonicalize().ok()) else {
        return Vec::new();
    };
    let interpreters = match interpreters(&program) {
        Ok(found) => found,
        Err(problem) => return vec![problem],
    };
    if sandbox.mode == SandboxMode::Off {
        return Vec::new();
    }
    let grants = Grants::of(Path::new(""), &program, &interpreters, &sandbox.read);
    let allowed: Vec<PathBuf> = allowed(&grants);
    let is_outside = |path: &PathBuf| !allowed.iter().any(|granted| path.starts_with(granted));
    let name = program.display();
    let mut problems: Vec<String> = Vec::new();
    if !interpreters.is_empty() {
        for (word, path) in paths_of(&program) {
            match path {
                Some(path) if is_outside(&path) => problems.push(format!(
                    "{name} names {word}: runs may not read {}; run.sandbox_read must name it or its folder",
                    path.display()
                )),
                None => problems.push(format!(
                    "{name} starts {word:?}, which runs do not find; the script must give its absolute path"
                )),
                Some(_) => {}
            }
        }
    }
    for (link, target) in links_of(&program).into_iter().filter(|(_, target)| is_outside(target)) {
        problems.push(format!(
            "{} leads to {}, which runs may not read; run.sandbox_read must name it",
            link.display(),
            target.display()
        ));
    }
    problems.dedup();
    problems.truncate(PROBLEMS);
    problems
}

/// Everything that runs may read, with links resolved.
fn allowed(grants: &Grants<'_>) -> Vec<PathBuf> {
    let fixed = LIBRARIES.iter().chain(READABLE).map(Path::new);
    let own = ["/dev/null", "/proc/self"].iter().map(Path::new);
    let all = fixed.chain(own).map(Path::to_owned).chain(grants.executable());
    all.filter_map(|path| path.canonicalize().ok()).collect()
}

/// The paths that a script's text names and that are there, resolved; and what it executes by a bare name, `None`
/// where the name is not found and nothing in the script changes where it is looked for.
fn paths_of(script: &Path) -> Vec<(String, Option<PathBuf>)> {
    let mut text = Vec::new();
    if File::open(script).and_then(|file| file.take(TEXT).read_to_end(&mut text)).is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&text);
    let folder = script.parent().unwrap_or(Path::new("/"));
    let changes_path = text.contains("PATH") || text.contains("module");
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let is_end = |c: char| c.is_whitespace() || "\"'`;:=()|&<>{}$,".contains(c);
        for word in line.split(is_end).filter(|word| word.len() > 1 && word.starts_with('/')) {
            if let Ok(path) = Path::new(word).canonicalize() {
                found.push((word.to_owned(), Some(path)));
            }
        }
        let executed = line.strip_prefix("exec ").and_then(|rest| rest.split_ascii_whitespace().next());
        let is_name = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if let Some(word) = executed.filter(is_name).filter(|word| !word.starts_with('-')) {
            match on_path(word, folder).map(|path| path.canonicalize()) {
                Some(Ok(path)) => found.push((word.to_owned(), Some(path))),
                _ if changes_path => {}
                _ => found.push((word.to_owned(), None)),
            }
        }
    }
    found
}

/// Links in the engine's folder that belong to a Stata, with what they lead to.
fn links_of(program: &Path) -> Vec<(PathBuf, PathBuf)> {
    let Some(entries) = program.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let belongs = |name: &str| ["ado", "utilities", "plugins"].contains(&name) || name.starts_with("stata");
    let links = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
        .filter(|entry| entry.file_name().to_str().is_some_and(belongs))
        .map(|entry| entry.path());
    links.filter_map(|link| link.canonicalize().ok().map(|target| (link, target))).collect()
}
