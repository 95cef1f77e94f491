//! The sizes of files and functions: the numbers of long ones may only fall.

use std::fs;
use std::path::{Path, PathBuf};

use super::sources;

/// Lines that a file should not exceed.
const LONG_FILE: usize = 400;
/// Lines that a function should not exceed.
const LONG_FUNCTION: usize = 80;
/// How many files are longer. Lower it with every file that is shortened; never raise it.
const LONG_FILES: usize = 0;
/// How many functions are longer. Lower it with every function that is shortened; never raise it.
const LONG_FUNCTIONS: usize = 4;

/// Words that may precede `fn` in a declaration, after its visibility.
const BEFORE_FN: [&str; 6] = ["default", "const", "async", "unsafe", "extern", "\"C\""];

/// A function of a source file.
#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    /// Number of its first line, from 1.
    at: usize,
    /// Lines from its first to its last one, without documentation and attributes.
    lines: usize,
}

/// The sources of the service and of every crate, tests of their own left out.
fn all_sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = sources(&root.join("src"));
    for member in fs::read_dir(root.join("crates")).expect("the crates").flatten() {
        found.extend(sources(&member.path().join("src")));
    }
    found
}

/// Returns the name of the function that a line declares.
fn declared(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub(") {
        Some(restricted) => restricted.split_once(") ")?.1,
        None => line.strip_prefix("pub ").unwrap_or(line),
    };
    let mut words = line.split(' ').skip_while(|word| BEFORE_FN.contains(word));
    let name = (words.next()? == "fn").then(|| words.next())??;
    Some(name.split(['(', '<']).next().unwrap_or_default())
}

/// Returns the functions with a body of several lines. rustfmt places the closing brace under the declaration.
fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = declared(line) else { continue };
        let Some(head) = lines[at..].iter().position(|line| line.ends_with(['{', ';', '}'])) else {
            continue;
        };
        if !lines[at + head].ends_with('{') {
            continue;
        }
        let closing = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let body = lines[at + head..].iter().position(|line| *line == closing);
        let last = body.unwrap_or_else(|| panic!("the function {name} has no end"));
        found.push(Function { name, at: at + 1, lines: head + last + 1 });
    }
    found
}

fn check(kind: &str, mut long: Vec<String>, allowed: usize) {
    long.sort();
    let (count, list) = (long.len(), long.join("\n"));
    assert!(count <= allowed, "{count} {kind} are too long, {allowed} are allowed: shorten one\n{list}");
    assert!(count == allowed, "only {count} {kind} are too long: lower the constant from {allowed}");
}

#[test]
fn long_files_only_become_fewer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut long = Vec::new();
    for path in all_sources() {
        let lines = fs::read_to_string(&path).expect("a source file is UTF-8").lines().count();
        if lines > LONG_FILE {
            long.push(format!("{lines} {}", path.strip_prefix(root).expect("below the root").display()));
        }
    }
    check("files", long, LONG_FILES);
}

#[test]
fn long_functions_only_become_fewer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut long = Vec::new();
    for path in all_sources() {
        let text = fs::read_to_string(&path).expect("a source file is UTF-8");
        let shown = path.strip_prefix(root).expect("below the root").display();
        for function in functions(&text).iter().filter(|function| function.lines > LONG_FUNCTION) {
            long.push(format!("{} {shown}:{} {}", function.lines, function.at, function.name));
        }
    }
    check("functions", long, LONG_FUNCTIONS);
}

#[test]
fn a_function_is_measured_from_its_declaration_to_its_closing_brace() {
    let text = "impl A {\n    pub(crate) async fn long<T>(\n        a: T,\n    ) -> T\n    where\n        T: B,\n    {\n        \
                if a {\n        }\n        a\n    }\n\n    fn declared(&self);\n\n    fn short() {}\n}\n\nfn last() {\n}\n";
    assert_eq!(
        functions(text),
        [Function { name: "long", at: 2, lines: 10 }, Function { name: "last", at: 18, lines: 2 }]
    );
    assert_eq!(declared("    let name = \"fn x\";"), None);
    assert_eq!(declared("// a comment on fn x"), None);
    assert_eq!(declared("    pub(in crate::a) const unsafe fn b<T>("), Some("b"));
    assert_eq!(declared("    f: fn (A) -> B,"), None);
}
