//! Time-series operators in the variable lists of commands that read variables by position: `summarize L.y`,
//! `twoway line D.y t`. Each operated variable becomes a column under its written name while the command runs.

use crate::error::Result;
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::split::{quote_at, skip_quote};
use crate::syntax::{Atom, FvList, ParsedCommand};

/// Commands whose lists take operators in Stata and are resolved to variables here.
const COMMANDS: &[&str] = &[
    "ci",
    "codebook",
    "correlate",
    "cumul",
    "graph",
    "histogram",
    "kdensity",
    "ksmirnov",
    "kwallis",
    "line",
    "list",
    "lowess",
    "lpoly",
    "mean",
    "proportion",
    "pwcorr",
    "qnorm",
    "pnorm",
    "ranksum",
    "ratio",
    "scatter",
    "sdtest",
    "sfrancia",
    "signrank",
    "sktest",
    "spearman",
    "summarize",
    "swilk",
    "tabstat",
    "tabulate",
    "total",
    "tsline",
    "ttest",
    "twoway",
    "xtline",
    "xtsum",
    "ztest",
];

/// Whether a list of a command can have operators and this one has them.
pub(super) fn apply(command: &str, text: &str) -> bool {
    COMMANDS.contains(&command) && !found(text).is_empty()
}

/// Adds the operated variables of a text to the data; returns the text with their names, and the new names.
pub(super) fn add(s: &mut Session, text: &str, abbreviates: bool) -> Result<(String, Vec<String>)> {
    let (mut out, mut added, mut from) = (String::new(), Vec::new(), 0);
    for (start, end) in found(text) {
        let Some(names) = columns(s, &text[start..end], abbreviates, &mut added)? else { continue };
        out.push_str(&text[from..start]);
        out.push_str(&names.join(" "));
        from = end;
    }
    out.push_str(&text[from..]);
    Ok((out, added))
}

/// Removes the columns again.
pub(super) fn remove(s: &mut Session, names: &[String], changed: bool) {
    let at: Vec<usize> = names.iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&at);
    s.frame.changed = changed;
}

/// Adds the columns of one token such as `L(0/2).y`; nothing where the token is no operated variable.
fn columns(
    s: &mut Session,
    token: &str,
    abbreviates: bool,
    added: &mut Vec<String>,
) -> Result<Option<Vec<String>>> {
    let Ok(list) = FvList::parse(&s.frame, token, abbreviates) else { return Ok(None) };
    let n = s.frame.n_rows();
    let terms = list.expand(&s.frame, &vec![true; n])?;
    let rows: Vec<usize> = (0..n).collect();
    let mut names = Vec::new();
    for term in &terms {
        let [Atom::Cont { var, ts, .. }] = &term.atoms[..] else { return Ok(None) };
        let name = term.name();
        if s.frame.find(&name).is_none() {
            let base = s.frame.var(s.frame.position(var)?).clone();
            let mut variable = Variable::new(&name, Column::Double(term.values(&s.frame, &rows)?));
            variable.format = base.format;
            if !base.label.is_empty() {
                variable.label = format!("{}, {}", base.label, ts.prefix());
            }
            s.frame.add(variable)?;
            added.push(name.clone());
        }
        names.push(name);
    }
    Ok(Some(names))
}

/// Positions of tokens `L.y`, `L2D.y`, `L(1/3).y`, `D.(x y)` outside of quotes.
fn found(text: &str) -> Vec<(usize, usize)> {
    let b = text.as_bytes();
    let name = |c: u8| c == b'_' || c.is_ascii_alphanumeric() || c >= 0x80;
    let (mut out, mut i) = (Vec::new(), 0);
    while i < b.len() {
        if quote_at(b, i) {
            i = skip_quote(b, i);
            continue;
        }
        let starts = i == 0 || !(name(b[i - 1]) || b[i - 1] == b'.' || b[i - 1] == b'/');
        if starts && let Some(end) = operated(text, i) {
            out.push((i, end));
            i = end;
            continue;
        }
        i += 1;
    }
    out
}

/// The end of an operated variable that starts at a position.
fn operated(text: &str, start: usize) -> Option<usize> {
    let b = text.as_bytes();
    let mut i = start;
    // at least one operator letter, each with a number or a numlist
    while b.get(i).is_some_and(|c| b"LFDSlfds".contains(c)) {
        i += 1;
        if b.get(i) == Some(&b'(') {
            i = crate::syntax::split::matching_paren(text, i)? + 1;
        }
        while b.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
    }
    if i == start || b.get(i) != Some(&b'.') {
        return None;
    }
    i += 1;
    if let Some(end) = operated(text, i) {
        return Some(end);
    }
    if b.get(i) == Some(&b'(') {
        return crate::syntax::split::matching_paren(text, i).map(|close| close + 1);
    }
    let length = text[i..].find(|c: char| !(c == '_' || c.is_alphanumeric() || "*?~".contains(c)));
    let end = length.map_or(text.len(), |n| n + i);
    (end > i && !b[i].is_ascii_digit()).then_some(end)
}

/// Runs a command on its text with the operated variables as columns.
pub(super) fn with_columns(
    s: &mut Session,
    cmd: &mut ParsedCommand,
    standard: bool,
    run: impl FnOnce(&mut Session, &ParsedCommand) -> Result<()>,
) -> Result<()> {
    let changed = s.frame.changed;
    // the text of a graph has titles and files too: only whole names count there
    let abbreviates = standard && s.settings.varabbrev;
    let (text, added) = add(s, if standard { &cmd.list } else { &cmd.raw }, abbreviates)?;
    *(if standard { &mut cmd.list } else { &mut cmd.raw }) = text;
    let result = run(s, cmd);
    remove(s, &added, changed);
    result
}
