//! Commands of Mata ([M-3]): `mata describe`, `drop`, `clear`, `rename`, `matsave`, `matuse`, `set` and so on.

use super::grid::Grid;
use super::machine::Machine;
use super::state::State;
use super::value::{Cell, Value};
use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::split::{front_and_options, top_level_comma, unquote, words};
use crate::syntax::varlist::wildcard;
use estimators::complex::Complex;
use std::fmt::Write as _;

/// Commands with what they do here.
const COMMANDS: &[&str] = &[
    "clear",
    "describe",
    "drop",
    "help",
    "matdescribe",
    "matsave",
    "matuse",
    "memory",
    "mlib",
    "mosave",
    "query",
    "rename",
    "set",
    "stata",
    "which",
];

/// Names of `mata set` that are accepted; only `matastrict` has an effect.
const SETTINGS: &[&str] = &[
    "matacache",
    "matafavor",
    "matalibs",
    "matalnum",
    "matamofirst",
    "mataoptimize",
    "matasolvetol",
    "matastrict",
];

/// Whether a word is a command of Mata, abbreviations included.
pub(super) fn is_command(word: &str) -> bool {
    full_name(word).is_some()
}

fn full_name(word: &str) -> Option<&'static str> {
    let exact = COMMANDS.iter().find(|c| **c == word);
    let short = || match word {
        "d" | "de" | "des" | "desc" | "descr" | "descri" | "describ" => Some(&"describe"),
        _ => None,
    };
    exact.or_else(short).copied()
}

/// Runs a command; `text` stands behind the word `mata`.
///
/// # Errors
/// r(198) for an unknown one; r(199) for libraries and compiled files, which the engine does not have; others as named.
pub fn command(session: &mut Session, text: &str) -> Result<()> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (word, rest) = match word.split_once(',') {
        Some((w, option)) => (w, format!(",{option} {rest}")),
        None => (word, rest.to_string()),
    };
    let rest = rest.trim();
    match full_name(word) {
        Some("clear") => {
            session.extensions.state::<State>().clear();
            Ok(())
        }
        Some("describe") => describe(session, rest),
        Some("drop") => drop_names(session, rest),
        Some("rename") => rename(session, rest),
        Some("matsave") => save(session, rest),
        Some("matuse") => load(session, rest),
        Some("matdescribe") => described_file(session, rest),
        Some("set") => set(session, rest),
        Some("query") => {
            for name in SETTINGS {
                let state = session.extensions.state::<State>();
                let value = state.settings.get(*name).cloned().unwrap_or_else(|| "default".into());
                session.print(format!("  set {name:<14} {value}"));
            }
            Ok(())
        }
        Some("stata") => {
            let command = session.substituted(rest)?;
            session.run_expanded(&command).map(|_| ())
        }
        Some("which") => which(session, rest),
        Some("mlib") if rest.starts_with("index") || rest.starts_with("query") => Ok(()),
        Some(name @ ("mlib" | "mosave")) => Err(StataError::unsupported_command(&format!("mata {name}"))),
        Some(_) => Ok(()),
        None => Err(StataError::new(198, format!("mata {word}: command not recognized"))),
    }
}

/// Whether a name with wildcards fits; `f()` names functions.
fn fits(pattern: &str, name: &str, function: bool) -> bool {
    match pattern.strip_suffix("()") {
        Some(p) => function && wildcard(p, name),
        None => !function && wildcard(pattern, name),
    }
}

fn describe(session: &mut Session, rest: &str) -> Result<()> {
    let patterns: Vec<&str> = rest.split_whitespace().collect();
    let wanted =
        |name: &str, function: bool| patterns.is_empty() || patterns.iter().any(|p| fits(p, name, function));
    let state = session.extensions.state::<State>();
    let mut lines = Vec::new();
    for (name, code) in state.functions.iter().filter(|(n, _)| wanted(n, true)) {
        let kind = code.returns.as_ref().map_or_else(|| "void".to_string(), super::types::Type::name);
        lines.push((64 * code.slots.len().max(1), kind, format!("{name}()")));
    }
    for name in state.structs.keys().filter(|n| wanted(n, true)) {
        lines.push((64, "structdef scalar".into(), format!("{name}()")));
    }
    for (name, cell) in state.globals.iter().filter(|(n, _)| wanted(n, false)) {
        let value = cell.get();
        let (rows, cols) = value.shape();
        let extent = match value.organisation() {
            "scalar" => String::new(),
            "rowvector" => format!("[{cols}]"),
            "colvector" => format!("[{rows}]"),
            _ => format!("[{rows},{cols}]"),
        };
        let bytes = match &value {
            Value::View(_) => 24,
            Value::Complex(_) => 16 * rows * cols,
            _ => 8 * rows * cols,
        };
        let kind = format!("{} {}", value.element_type(), value.organisation());
        lines.push((bytes, kind, format!("{name}{extent}")));
    }
    let rule = "-".repeat(session.settings.linesize.clamp(40, 255) - 1);
    session.print("");
    session.print("      # bytes   type                        name and extent");
    session.print(&rule);
    for (bytes, kind, name) in lines {
        session.print(format!("{bytes:>13}   {kind:<27} {name}"));
    }
    session.print(rule);
    Ok(())
}

fn drop_names(session: &mut Session, rest: &str) -> Result<()> {
    for pattern in rest.split_whitespace() {
        let state = session.extensions.state::<State>();
        let before = state.globals.len() + state.functions.len() + state.structs.len();
        state.globals.retain(|name, _| !fits(pattern, name, false));
        state.functions.retain(|name, _| !fits(pattern, name, true));
        state.structs.retain(|name, _| !fits(pattern, name, true));
        let after = state.globals.len() + state.functions.len() + state.structs.len();
        if after == before && !pattern.contains(['*', '?']) {
            return Err(StataError::new(3499, format!("{:>24}:  3499  {pattern} not found", "<istmt>")));
        }
    }
    Ok(())
}

fn rename(session: &mut Session, rest: &str) -> Result<()> {
    let [old, new] = rest.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(StataError::syntax());
    };
    let state = session.extensions.state::<State>();
    let missing = || StataError::new(3499, format!("{old} not found"));
    let taken = || StataError::new(110, format!("{new} already exists"));
    if let (Some(from), Some(to)) = (old.strip_suffix("()"), new.strip_suffix("()")) {
        if state.functions.contains_key(to) {
            return Err(taken());
        }
        let code = state.functions.remove(from).ok_or_else(missing)?;
        let mut renamed = (*code).clone();
        renamed.name = to.to_string();
        state.functions.insert(to.to_string(), renamed.into());
        return Ok(());
    }
    if state.globals.contains_key(new) {
        return Err(taken());
    }
    let cell = state.globals.remove(old).ok_or_else(missing)?;
    state.globals.insert(new.to_string(), cell);
    Ok(())
}

fn set(session: &mut Session, rest: &str) -> Result<()> {
    let main = top_level_comma(rest).map_or(rest, |i| &rest[..i]);
    let (name, value) = main.trim().split_once(char::is_whitespace).ok_or_else(StataError::syntax)?;
    if !SETTINGS.contains(&name) {
        return Err(StataError::new(198, format!("mata set {name} not recognized")));
    }
    if name == "matastrict" && !["on", "off"].contains(&value.trim()) {
        return Err(StataError::syntax());
    }
    session.extensions.state::<State>().settings.insert(name.to_string(), value.trim().to_string());
    Ok(())
}

fn which(session: &mut Session, rest: &str) -> Result<()> {
    let name = rest.trim().trim_end_matches("()");
    let defined = session.extensions.state::<State>().functions.contains_key(name);
    let text = if defined {
        format!("{name}():  defined in this session")
    } else if super::functions::find(name).is_some() {
        format!("{name}():  built-in")
    } else {
        return Err(StataError::new(111, format!("function {name}() not found")));
    };
    session.print(text);
    Ok(())
}

/// First line of a file of matrices.
const HEADER: &str = "open engine matrices 1";

fn path_of(session: &Session, text: &str) -> (std::path::PathBuf, String) {
    let name = unquote(text.trim()).to_string();
    let name = if std::path::Path::new(&name).extension().is_some() { name } else { format!("{name}.mmat") };
    (session.path(&name), name)
}

/// The file, the names and the options of `matsave` and `matuse`.
fn parts(rest: &str) -> Result<(String, Vec<String>, bool)> {
    let (main, options) = front_and_options(rest);
    let mut list = words(main).into_iter().map(str::to_string);
    let file = list.next().ok_or_else(StataError::syntax)?;
    let replace = match options {
        "" => false,
        "replace" => true,
        other => return Err(StataError::option_not_allowed(other)),
    };
    Ok((file, list.collect(), replace))
}

/// `mata matsave file names [, replace]`: real, complex and string matrices in a text file of this engine.
fn save(session: &mut Session, rest: &str) -> Result<()> {
    let (file, names, replace) = parts(rest)?;
    let (path, shown) = path_of(session, &file);
    if path.exists() && !replace {
        return Err(StataError::new(602, format!("file {shown} already exists")));
    }
    let mut out = format!("{HEADER}\n");
    let state = session.extensions.state::<State>();
    let all = names.iter().any(|n| n == "*");
    let kept: Vec<(String, Cell)> = state
        .globals
        .iter()
        .filter(|(n, _)| all || names.iter().any(|p| wildcard(p, n)))
        .map(|(n, c)| (n.clone(), c.clone()))
        .collect();
    if let Some(gone) = names.iter().find(|p| !p.contains(['*', '?']) && !kept.iter().any(|(n, _)| n == *p)) {
        return Err(StataError::new(3499, format!("{gone} not found")));
    }
    for (name, cell) in kept {
        let value = cell.get();
        let value = Machine::new(session).without_view(value).map_err(super::fault::Fault::into_error)?;
        written(&mut out, &name, &value)?;
    }
    std::fs::write(&path, out)
        .map_err(|_| StataError::new(603, format!("file {shown} could not be opened")))?;
    session.print(format!("(saving to {shown})"));
    Ok(())
}

fn written(out: &mut String, name: &str, value: &Value) -> Result<()> {
    let (rows, cols) = value.shape();
    let _ = writeln!(out, "{name} {} {rows} {cols}", value.element_type());
    let mut cell = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    match value {
        Value::Num(x) => cell(format!("{:016x}", x.to_bits())),
        Value::Real(g) => g.data().iter().for_each(|x| cell(format!("{:016x}", x.to_bits()))),
        Value::Complex(g) => {
            g.data().iter().for_each(|z| cell(format!("{:016x} {:016x}", z.re.to_bits(), z.im.to_bits())));
        }
        Value::Text(g) => g.data().iter().for_each(|t| {
            cell(t.bytes().map(|b| format!("{b:02x}")).collect());
        }),
        _ => {
            return Err(StataError::new(
                3255,
                format!("{name}: only real, complex and string matrices can be saved"),
            ));
        }
    }
    Ok(())
}

/// Names and values of a file of matrices.
fn read(session: &Session, file: &str) -> Result<Vec<(String, Value)>> {
    let (path, shown) = path_of(session, file);
    let text =
        std::fs::read_to_string(path).map_err(|_| StataError::new(601, format!("file {shown} not found")))?;
    let mut lines = text.lines();
    let bad = || StataError::new(610, format!("file {shown} is no file of matrices of this engine"));
    if lines.next() != Some(HEADER) {
        return Err(bad());
    }
    let mut out = Vec::new();
    while let Some(head) = lines.next() {
        let [name, kind, rows, cols] = head.split(' ').collect::<Vec<_>>()[..] else { return Err(bad()) };
        let (rows, cols): (usize, usize) =
            (rows.parse().map_err(|_| bad())?, cols.parse().map_err(|_| bad())?);
        let count = rows.checked_mul(cols).filter(|n| *n <= text.len()).ok_or_else(bad)?;
        let cells: Vec<&str> = lines.by_ref().take(count).collect();
        if cells.len() < count {
            return Err(bad());
        }
        let number = |t: &str| u64::from_str_radix(t, 16).map(f64::from_bits).map_err(|_| bad());
        let value = match kind {
            "real" => {
                Value::real(Grid::new(rows, cols, cells.iter().map(|c| number(c)).collect::<Result<_>>()?))
            }
            "complex" => {
                let parse = |c: &&str| {
                    let (re, im) = c.split_once(' ').ok_or_else(bad)?;
                    Ok(Complex::new(number(re)?, number(im)?))
                };
                Value::Complex(Grid::new(rows, cols, cells.iter().map(parse).collect::<Result<_>>()?))
            }
            "string" => {
                let parse = |c: &&str| {
                    let byte =
                        |k: usize| c.get(2 * k..2 * k + 2).and_then(|h| u8::from_str_radix(h, 16).ok());
                    let bytes: Option<Vec<u8>> = (0..c.len() / 2).map(byte).collect();
                    Ok(String::from_utf8_lossy(&bytes.ok_or_else(bad)?).as_ref().into())
                };
                Value::Text(Grid::new(rows, cols, cells.iter().map(parse).collect::<Result<_>>()?))
            }
            _ => return Err(bad()),
        };
        out.push((name.to_string(), value));
    }
    Ok(out)
}

fn load(session: &mut Session, rest: &str) -> Result<()> {
    let (file, _, replace) = parts(rest)?;
    let matrices = read(session, &file)?;
    let state = session.extensions.state::<State>();
    if !replace && let Some((name, _)) = matrices.iter().find(|(n, _)| state.globals.contains_key(n)) {
        return Err(StataError::new(110, format!("{name} already exists")));
    }
    for (name, value) in matrices {
        state.globals.insert(name, Cell::new(value));
    }
    Ok(())
}

fn described_file(session: &mut Session, rest: &str) -> Result<()> {
    let (file, ..) = parts(rest)?;
    for (name, value) in read(session, &file)? {
        let (rows, cols) = value.shape();
        session.print(format!("  {} {}  {name}[{rows},{cols}]", value.element_type(), value.organisation()));
    }
    Ok(())
}
