//! `estimates save`, `estimates use` and `estimates esample`: results in a file ([R] estimates save, estimates esample).
//!
//! The file is text of this engine: a line with a keyword for each scalar, macro and matrix, numbers by their bits.
//! As in Stata, it has no estimation sample.

use crate::error::{Result, StataError};
use crate::matrix::{Matrix, Stripe};
use crate::ops::files;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, unquote};
use std::fmt::Write as _;

const FIRST_LINE: &str = "stata-service estimates 1";

fn file_name(text: &str) -> Result<String> {
    match unquote(text.trim()) {
        "" => Err(StataError::invalid("filename required")),
        name => Ok(files::with_extension(name, "ster")),
    }
}

/// Lines are separators in the file.
fn one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn many_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => out.push(if characters.next() == Some('n') { '\n' } else { '\\' }),
            c => out.push(c),
        }
    }
    out
}

fn written(e: &Estimation) -> String {
    let mut out = String::from("results\n");
    let r = &e.results;
    let names = |stripes: &[Stripe]| stripes.iter().map(Stripe::full).collect::<Vec<_>>().join("\t");
    for (name, x) in r.scalars.iter() {
        let _ = writeln!(out, "scalar {name} {:016x}", x.to_bits());
    }
    for (name, text) in r.macros.iter().filter(|(name, _)| *name != "_estimates_name") {
        let _ = writeln!(out, "macro {name} {}", one_line(text));
    }
    for (name, m) in r.matrices.iter() {
        let _ = writeln!(out, "matrix {name} {} {}", m.rows(), m.cols());
        let _ = writeln!(out, "{}\n{}", names(&m.row_names), names(&m.col_names));
        let cells: Vec<String> = m.values().iter().map(|x| format!("{:016x}", x.to_bits())).collect();
        let _ = writeln!(out, "{}", cells.join(" "));
    }
    out.push_str("end\n");
    out
}

/// `estimates save filename [, replace append]`.
pub(super) fn save(s: &mut Session, name: &str, options: &str) -> Result<()> {
    let options = Options::parse(
        "estimates save",
        options,
        &[OptSpec::flag("replace"), OptSpec::flag("append")],
        &["FRESH"],
    )?;
    if s.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let file = file_name(name)?;
    let path = s.path(&file);
    let mut text = format!("{FIRST_LINE}\n");
    if options.has("append") {
        if path.exists() {
            text = read(s, &file)?;
        }
    } else {
        files::check_replace(&path, &file, options.has("replace"))?;
    }
    text.push_str(&written(&s.e));
    std::fs::write(&path, text).map_err(|e| StataError::unwritten(&file, &e))?;
    s.print(format!("file {file} saved"));
    Ok(())
}

fn read(s: &Session, file: &str) -> Result<String> {
    let bytes =
        std::fs::read(s.path(file)).map_err(|_| StataError::new(601, format!("file {file} not found")))?;
    let text = String::from_utf8(bytes).ok().filter(|t| t.lines().next() == Some(FIRST_LINE));
    text.ok_or_else(|| {
        StataError::new(610, format!("file {file} is not a file of estimates of the open engine"))
    })
}

fn stripes(line: Option<&str>, count: usize) -> Option<Vec<Stripe>> {
    let names: Vec<Stripe> = line?.split('\t').filter(|n| !n.is_empty()).map(Stripe::parse).collect();
    (names.len() == count).then_some(names)
}

fn number(text: &str) -> Option<f64> {
    u64::from_str_radix(text, 16).ok().map(f64::from_bits)
}

/// The results of a file in their order; nothing for a damaged file.
fn parsed(text: &str) -> Option<Vec<Results>> {
    let mut out: Vec<Results> = Vec::new();
    let mut lines = text.lines().skip(1);
    while let Some(line) = lines.next() {
        let mut words = line.splitn(3, ' ');
        let (keyword, name, rest) = (words.next()?, words.next().unwrap_or(""), words.next().unwrap_or(""));
        if keyword == "results" {
            out.push(Results::default());
            continue;
        }
        let results = out.last_mut()?;
        match keyword {
            "end" => {}
            "scalar" => {
                results.scalar(name, number(rest)?);
            }
            "macro" => {
                results.text(name, many_lines(rest));
            }
            "matrix" => {
                let (rows, cols) = rest.split_once(' ')?;
                let (rows, cols): (usize, usize) = (rows.parse().ok()?, cols.parse().ok()?);
                let row_names = stripes(lines.next(), rows)?;
                let col_names = stripes(lines.next(), cols)?;
                let cells: Vec<f64> = lines.next()?.split_whitespace().map(number).collect::<Option<_>>()?;
                if cells.len() != rows * cols {
                    return None;
                }
                let mut matrix = Matrix::new(rows, cols, cells);
                (matrix.row_names, matrix.col_names) = (row_names, col_names);
                results.matrix(name, matrix);
            }
            _ => return None,
        }
    }
    Some(out)
}

/// `estimates use filename [, number(#)]`.
pub(super) fn use_file(s: &mut Session, name: &str, options: &str) -> Result<()> {
    let options = Options::parse("estimates use", options, &[OptSpec::int("number")], &[])?;
    let file = file_name(name)?;
    let text = read(s, &file)?;
    let damaged = || StataError::new(610, format!("file {file} is damaged"));
    let mut all = parsed(&text).ok_or_else(damaged)?;
    let wanted = options.int("number").unwrap_or(1);
    let at = usize::try_from(wanted - 1).ok().filter(|at| *at < all.len());
    let at = at.ok_or_else(|| StataError::new(198, format!("file {file} has no results number {wanted}")))?;
    s.e = Estimation { results: all.swap_remove(at), sample: None, extra: None, scores: None };
    Ok(())
}

/// `estimates esample: [varlist] [if] [in]`: declares the estimation sample of results from a file.
pub(super) fn sample(s: &mut Session, text: &str) -> Result<()> {
    if s.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let Some(rest) = text.trim().strip_prefix(':') else {
        s.print(if s.e.sample.is_some() {
            "e(sample) set by user or estimation"
        } else {
            "e(sample) not set"
        });
        return Ok(());
    };
    let cmd = ParsedCommand::split("estimates esample", rest, false)?;
    let mut touse = s.rows(&cmd)?;
    let variables = s.varlist(&cmd.list)?;
    s.markout(&variables, &mut touse, true)?;
    let est = s.e.clone();
    s.post_estimation(est, touse);
    Ok(())
}

/// `estimates title: text` names the active results; without a text it shows their title.
pub(super) fn title(session: &mut Session, text: &str) -> Result<()> {
    if session.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    match text.strip_prefix(':') {
        Some(text) => {
            session.e.results.text("estimates_title", text.trim());
        }
        None if text.is_empty() => {
            let title = session.e.results.get_text("estimates_title").unwrap_or("").to_string();
            session.print(title);
        }
        None => return Err(StataError::syntax()),
    }
    Ok(())
}
