//! Functions of files (manual [FN] Programming functions). The first value is the working directory, against which
//! names are resolved; error numbers are return codes.

use super::{AnyFn, Function, Imp};
use crate::value::{Value, is_missing};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const fn function(name: &'static str, args: &'static str, f: AnyFn, string: bool) -> Function {
    Function { name, args, imp: Imp::File(f, string) }
}

pub(super) const TABLE: &[Function] = &[
    function("fileexists", "s", |a| number(path(a).exists()), false),
    function("fileread", "s", |a| Value::Str(read(&path(a)).unwrap_or_else(marker)), true),
    function("filereaderror", "s", |a| Value::Num(code(text(a, 1))), false),
    function("filewrite", "ssn?", |a| Value::Num(write(a).unwrap_or_else(|code| -f64::from(code))), false),
];

/// Text in front of the number in the result of a `fileread()` that failed.
const FAILED: &str = "fileread() error ";

fn number(yes: bool) -> Value {
    Value::Num(f64::from(u8::from(yes)))
}

fn text(a: &[Value], k: usize) -> &str {
    match a.get(k) {
        Some(Value::Str(s)) => s,
        _ => "",
    }
}

fn path(a: &[Value]) -> PathBuf {
    Path::new(text(a, 0)).join(text(a, 1).trim())
}

fn marker(code: i32) -> String {
    format!("{FAILED}{code}")
}

/// The number in the text of a failed `fileread()`, otherwise zero.
fn code(text: &str) -> f64 {
    text.strip_prefix(FAILED).and_then(|n| n.trim().parse().ok()).unwrap_or(0.0)
}

/// The content of a file; bytes that are not UTF-8 become the replacement character.
fn read(path: &Path) -> Result<String, i32> {
    if path.exists() && !path.is_file() {
        return Err(603);
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(601),
        Err(_) => Err(603),
    }
}

/// Writes a text and gives its number of bytes; the third argument replaces (1) or appends to (2) a file.
fn write(a: &[Value]) -> Result<f64, i32> {
    let mode = match a.get(3) {
        Some(Value::Num(x)) if !is_missing(*x) => *x,
        Some(_) => return Err(198),
        None => 0.0,
    };
    let mut options = std::fs::OpenOptions::new();
    match mode {
        0.0 => options.write(true).create_new(true),
        1.0 => options.write(true).create(true).truncate(true),
        2.0 => options.append(true).create(true),
        _ => return Err(198),
    };
    let refused = |e: std::io::Error| if e.kind() == std::io::ErrorKind::AlreadyExists { 602 } else { 603 };
    let content = text(a, 2);
    let mut file = options.open(path(a)).map_err(refused)?;
    file.write_all(content.as_bytes()).map_err(|_| 693)?;
    Ok(content.len() as f64)
}
