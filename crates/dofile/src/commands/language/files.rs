//! Result files: `postfile`/`post`/`postclose`, and text files through `file`.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format::{self, Format};
use crate::frame::{Frame, StorageType, Variable};
use crate::ops::data_files::write_dta;
use crate::ops::files::{check_replace, with_extension};
use crate::ops::posted;
use crate::ops::sources::is_temporary;
use crate::session::{Extension, Session};
use crate::syntax::ParsedCommand;
use crate::syntax::blanks::first_blank;
use crate::syntax::options::abbreviates;
use crate::syntax::split::{front_and_options, unquote, words};
use crate::syntax::varlist::{new_names, typed_words};
use crate::value::Value;
use std::collections::HashMap;
use std::io::Write;

/// The open `postfile`s by handle.
#[derive(Debug, Default)]
struct Posts(HashMap<String, PostFile>);

impl Extension for Posts {
    fn drop_temporary(&mut self, name: &str) {
        self.0.remove(name);
    }
}

/// An open `postfile`.
#[derive(Debug)]
struct PostFile {
    path: std::path::PathBuf,
    names: Vec<String>,
    types: Vec<StorageType>,
    rows: Vec<Vec<Value>>,
}

/// The open files of `file open` by handle.
#[derive(Debug, Default)]
struct TextFiles(HashMap<String, TextFile>);

impl Extension for TextFiles {
    fn drop_temporary(&mut self, name: &str) {
        self.0.remove(name);
    }
}

/// An open file of `file open`.
#[derive(Debug)]
struct TextFile {
    path: std::path::PathBuf,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    Read { lines: Vec<String>, next: usize },
    Write(std::io::BufWriter<std::fs::File>),
}

pub(crate) const POSTFILE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tempname h\ntempfile f\npostfile `h' str8 a double b using `f'\npost `h' (\"x\") (1.5)\npost `h' (\"y\") (.)\npostclose `h'\nuse `f', clear\nscalar n = _N\nscalar b = b[1]",
        expect: &[("n", 2.0), ("b", 1.5)],
    }],
    ..CommandSpec::raw(
        "postfile",
        8,
        postfile,
        "postfile postname newvarlist using filename [, every(#) replace]",
    )
};
pub(crate) const POST: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tempname h\ntempfile f\npostfile `h' x using `f'\nforvalues i = 1/3 {\npost `h' (`i'^2)\n}\npostclose `h'\nuse `f', clear\nsummarize x",
        expect: &[("r(sum)", 14.0)],
    }],
    ..CommandSpec::raw("post", 4, post, "post postname (exp) (exp) ...")
};
pub(crate) const POSTCLOSE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tempname h\ntempfile f\npostfile `h' x using `f'\npost `h' (1)\npostclose `h'\ncapture post `h' (2)\nscalar rc = _rc\nuse `f', clear\nscalar n = _N",
        expect: &[("rc", 111.0), ("n", 1.0)],
    }],
    ..CommandSpec::raw("postclose", 9, postclose, "postclose postname")
};
pub(crate) const POSTUTIL: CommandSpec = CommandSpec {
    notes: "clear closes all postfiles and their data are lost; dir lists them; stores r(names); [P] postfile",
    examples: &[Example {
        run: "tempname h\ntempfile f\npostfile `h' x using `f'\npostutil clear\ncapture post `h' (2)\nscalar rc = _rc",
        expect: &[("rc", 111.0)],
    }],
    ..CommandSpec::raw("postutil", 8, postutil, "postutil {dir|clear}")
};
pub(crate) const FILE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tempfile f\nfile   open   h   using `f', write text\nfile write h \"first\" _n \"6 7\" _n\nfile close h\nfile open h using `f', read text\nfile read h line\nfile read h line\ntokenize `line'\nscalar a = `1' * `2'\nfile read h line\nscalar eof = r(eof)\nfile close h",
        expect: &[("a", 42.0), ("eof", 1.0)],
    }],
    ..CommandSpec::raw("file", 4, file, "file {open|write|read|close} handle ...")
};

fn postfile(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::split("postfile", &cmd.raw, false)?;
    cmd.check_options(&[crate::syntax::OptSpec::flag("replace"), crate::syntax::OptSpec::int("every")], &[])?;
    let using = cmd.using.clone().ok_or_else(|| StataError::new(100, "using required"))?;
    let (handle, list) = first_blank(cmd.list.trim());
    if handle.is_empty() {
        return Err(StataError::syntax());
    }
    let handle = handle.to_string();
    if s.extensions.state::<Posts>().0.contains_key(&handle) {
        return Err(StataError::new(110, format!("post {handle} already exists")));
    }
    let file = with_extension(&using, "dta");
    let path = s.path(&file);
    let temporary = is_temporary(s, &using);
    check_replace(&path, &file, cmd.has("replace") || temporary)?;
    let (mut names, mut types) = (Vec::new(), Vec::new());
    for (item, ty) in typed_words(list, s.settings.default_type)? {
        for name in new_names(&Frame::new(), item)? {
            if names.contains(&name) {
                return Err(StataError::new(198, format!("{name} invalid name")));
            }
            names.push(name);
            types.push(ty);
        }
    }
    if names.is_empty() {
        return Err(StataError::standard(100));
    }
    s.extensions.state::<Posts>().0.insert(handle, PostFile { path, names, types, rows: Vec::new() });
    Ok(())
}

fn post(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (handle, rest) = cmd
        .raw
        .split_once(|c: char| c.is_whitespace() || c == '(')
        .map_or((cmd.raw.as_str(), ""), |(h, _)| (h, cmd.raw[h.len()..].trim_start()));
    let types = match s.extensions.state::<Posts>().0.get(handle) {
        Some(p) => p.types.clone(),
        None => return Err(StataError::new(111, format!("post {handle} not found"))),
    };
    let row = posted::values(s, rest, &types)?;
    if let Some(p) = s.extensions.state::<Posts>().0.get_mut(handle) {
        p.rows.push(row);
    }
    Ok(())
}

fn postutil(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    match cmd.raw.trim() {
        "clear" => s.extensions.state::<Posts>().0.clear(),
        "dir" => {
            let mut names: Vec<String> = s.extensions.state::<Posts>().0.keys().cloned().collect();
            names.sort();
            names.iter().for_each(|name| s.print(name));
            let mut r = crate::results::Results::default();
            r.text("names", names.join(" "));
            s.r = r;
        }
        _ => return Err(StataError::syntax()),
    }
    Ok(())
}

fn postclose(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let handle = cmd.raw.trim();
    let p = s
        .extensions
        .state::<Posts>()
        .0
        .remove(handle)
        .ok_or_else(|| StataError::new(111, format!("post {handle} not found")))?;
    let mut frame = Frame::new();
    for (k, (name, ty)) in p.names.iter().zip(&p.types).enumerate() {
        let mut column = ty.column(p.rows.len());
        for (i, row) in p.rows.iter().enumerate() {
            match &row[k] {
                Value::Num(x) => column.set_num(i, *x),
                Value::Str(t) => column.set_str(i, t),
            }
        }
        frame.add(Variable::new(name, column))?;
    }
    write_dta(&frame, &p.path)
}

fn file(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (what, rest) = first_blank(cmd.raw.trim());
    let (handle, rest) = first_blank(rest);
    let handle = handle.to_string();
    match what {
        "open" => open(s, handle, rest),
        "write" => {
            let text = written(s, rest)?;
            match s.extensions.state::<TextFiles>().0.get_mut(&handle) {
                Some(TextFile { mode: Mode::Write(w), path }) => {
                    let path = path.clone();
                    w.write_all(text.as_bytes())
                        .map_err(|e| StataError::new(693, format!("could not write {}: {e}", path.display())))
                }
                _ => Err(StataError::new(111, format!("file handle {handle} not found"))),
            }
        }
        "read" => {
            let local = rest.split_whitespace().next().unwrap_or("").to_string();
            let line = match s.extensions.state::<TextFiles>().0.get_mut(&handle) {
                Some(TextFile { mode: Mode::Read { lines, next }, .. }) => {
                    *next += 1;
                    lines.get(*next - 1).cloned()
                }
                _ => return Err(StataError::new(111, format!("file handle {handle} not found"))),
            };
            let eof = f64::from(u8::from(line.is_none()));
            s.r.clear();
            s.r.scalar("eof", eof);
            s.set_local(&local, line.unwrap_or_default());
            Ok(())
        }
        "close" => {
            if handle == "_all" {
                s.extensions.state::<TextFiles>().0.clear();
                return Ok(());
            }
            match s.extensions.state::<TextFiles>().0.remove(&handle) {
                Some(TextFile { mode: Mode::Write(mut w), path }) => w
                    .flush()
                    .map_err(|e| StataError::new(693, format!("could not write {}: {e}", path.display()))),
                Some(_) => Ok(()),
                None => Err(StataError::new(111, format!("file handle {handle} not found"))),
            }
        }
        other => Err(StataError::new(198, format!("file {other}: subcommand not allowed"))),
    }
}

/// `using name, {read|write} [text replace append all]`.
fn open(s: &mut Session, handle: String, rest: &str) -> Result<()> {
    let (front, options) = front_and_options(rest);
    let name = front
        .trim()
        .strip_prefix("using")
        .map(unquote)
        .ok_or_else(|| StataError::new(100, "using required"))?;
    let mut found = Vec::new();
    for word in words(options) {
        let known =
            ["Read", "Write", "Text", "replace", "append", "all"].iter().find(|o| abbreviates(word, o));
        found.push(known.ok_or_else(|| StataError::option_not_allowed(word))?.to_lowercase());
    }
    let has = |name: &str| found.iter().any(|o| o == name);
    let path = s.path(name);
    let failed = |e: std::io::Error| StataError::unwritten(name, &e);
    let mode = if has("write") {
        let append = has("append");
        let temporary = is_temporary(s, name);
        check_replace(&path, name, append || temporary || has("replace"))?;
        let f = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .append(append)
            .truncate(!append)
            .open(&path)
            .map_err(failed)?;
        Mode::Write(std::io::BufWriter::new(f))
    } else {
        let text =
            std::fs::read(&path).map_err(|_| StataError::new(601, format!("file {name} not found")))?;
        let lines = String::from_utf8_lossy(&text).lines().map(String::from).collect();
        Mode::Read { lines, next: 0 }
    };
    s.extensions.state::<TextFiles>().0.insert(handle, TextFile { path, mode });
    Ok(())
}

/// The text of `file write`: strings, `(exp)`, `%fmt (exp)`, `_n`, `_tab`.
fn written(s: &Session, rest: &str) -> Result<String> {
    let mut out = String::new();
    let mut fmt: Option<Format> = None;
    for item in words(rest) {
        if item.starts_with('"') || item.starts_with('`') {
            out.push_str(unquote(item));
        } else if item.starts_with('%') && !item.contains('(') {
            fmt = Some(
                Format::parse(item).ok_or_else(|| StataError::new(120, format!("invalid format {item}")))?,
            );
        } else if item.starts_with('(') || item.starts_with('%') {
            let (f, exp) = match item.find('(') {
                Some(0) => (fmt.take(), item),
                Some(k) => (Format::parse(&item[..k]), &item[k..]),
                None => return Err(StataError::syntax()),
            };
            let inner =
                exp.strip_prefix('(').and_then(|e| e.strip_suffix(')')).ok_or_else(StataError::syntax)?;
            match s.eval(inner)? {
                Value::Num(x) => out.push_str(&f.map_or_else(|| format::bare("%10.0g", x), |f| f.number(x))),
                Value::Str(t) => out.push_str(&f.filter(|f| f.is_string()).map_or(t.clone(), |f| f.text(&t))),
            }
        } else if let Some(k) = item.strip_prefix("_n") {
            let k = k.trim_matches(['(', ')']);
            out.push_str(&"\n".repeat(k.parse().unwrap_or(1)));
        } else if let Some(k) = item.strip_prefix("_tab") {
            out.push_str(&"\t".repeat(k.trim_matches(['(', ')']).parse().unwrap_or(1)));
        } else {
            return Err(StataError::syntax());
        }
    }
    Ok(out)
}

/// Files of a directory that match a pattern, quoted (`: dir . files "*.dta"`).
pub(crate) fn directory_list(s: &Session, rest: &str) -> Result<String> {
    let parts = words(rest);
    let [dir, kind @ ("files" | "dirs" | "other"), pattern, ..] = parts[..] else {
        return Err(StataError::syntax());
    };
    let wanted = |path: &std::path::Path| match kind {
        "files" => path.is_file(),
        "dirs" => path.is_dir(),
        _ => !path.is_file() && !path.is_dir(),
    };
    let path = s.path(unquote(dir));
    let mut names: Vec<String> = std::fs::read_dir(path)
        .map_err(|_| StataError::standard(601))?
        .filter_map(|e| e.ok())
        .filter(|e| wanted(&e.path()))
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|n| crate::syntax::varlist::wildcard(unquote(pattern), n))
        .collect();
    names.sort();
    Ok(names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(" "))
}
