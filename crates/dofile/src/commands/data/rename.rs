//! `rename`: one variable, lists of variables, and groups described by wildcards.
//! Rules: [D] rename group. Where that manual leaves the pairing of wildcards open, a mismatch is refused.

use super::rename_pattern::{Piece, matched, pieces};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::is_valid_name;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{front_and_options, matching_paren, words};
use crate::syntax::varlist::resolve;

pub(super) const RENAME: CommandSpec = CommandSpec {
    notes: "* ? # (#) (##) in old names; these, = and [#] in new ones; stores nothing, with r: r(n) r(oldnames) r(newnames)",
    examples: &[
        Example {
            run: "set obs 1\ngenerate a1 = 1\ngenerate a2 = 2\ngenerate z = 3\nrename a* b*\nrename z y\nrename (b1 y) (p q)",
            expect: &[("p[1]", 1.0), ("b2[1]", 2.0), ("q[1]", 3.0)],
        },
        Example {
            run: "set obs 1\ngenerate inc9 = 1\ngenerate inc10 = 2\ngenerate sex = 3\nrename inc# i(##)_old\nrename (i* sex) =_w, r",
            expect: &[("i09_old_w[1]", 1.0), ("i10_old_w[1]", 2.0), ("sex_w[1]", 3.0), ("r(n)", 3.0)],
        },
    ],
    ..CommandSpec::raw(
        "rename",
        3,
        run,
        "rename old new | rename (old1 old2 ...) (new1 new2 ...) [, renumber[(#)] addnumber[(#)] sort dryrun r] | rename varlist, {upper|lower|proper} [dryrun r]",
    )
};

/// A variable to rename, and what the wildcards stand for in its name.
struct Old {
    variable: usize,
    parts: Vec<(Piece, String)>,
}

fn olds(s: &Session, token: &str) -> Result<Vec<Old>> {
    let plain = |i: usize| Old { variable: i, parts: Vec::new() };
    if token == "_all" || !token.contains(['*', '?', '#']) {
        return Ok(resolve(&s.frame, token, s.settings.varabbrev)?.into_iter().map(plain).collect());
    }
    let pattern = pieces(token)?;
    let found: Vec<Old> = (0..s.frame.n_vars())
        .filter_map(|i| {
            let name: Vec<char> = s.frame.var(i).name.chars().collect();
            matched(&pattern, &name).map(|parts| Old { variable: i, parts })
        })
        .collect();
    if found.is_empty() { Err(StataError::no_variable(token)) } else { Ok(found) }
}

/// Where the numbers of new names come from.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    Kept,
    /// The number of the old name is replaced.
    Renewed,
    /// The new name has a number that the old one had not.
    Added,
}

fn digits_of(value: &str, width: Option<usize>) -> String {
    match width {
        None => value.to_string(),
        Some(n) => format!("{:0>n$}", value.trim_start_matches('0')),
    }
}

/// The new name of one variable; `counter` is its number in a renewed or added numbering.
fn new_name(s: &Session, old: &Old, pattern: &str, numbers: Numbers, counter: u64) -> Result<String> {
    let mismatch = || {
        StataError::new(198, format!("the wildcards of {pattern} do not correspond to those of the old name"))
    };
    let (mut out, mut next, mut counted) = (String::new(), 0, false);
    for (piece, subscript) in pieces(pattern)? {
        match &piece {
            Piece::Text(t) => {
                out.push_str(t);
                continue;
            }
            Piece::Whole => {
                out.push_str(&s.frame.var(old.variable).name);
                continue;
            }
            Piece::Number(width) if numbers == Numbers::Added && !counted => {
                counted = true;
                out.push_str(&digits_of(&counter.to_string(), *width));
                continue;
            }
            _ => {}
        }
        let place = match subscript {
            Some(k) => usize::checked_sub(k, 1).ok_or_else(mismatch)?,
            None => next,
        };
        next = place + 1;
        let (kind, text) = old.parts.get(place).ok_or_else(mismatch)?;
        match &piece {
            Piece::Skipped => {}
            Piece::Number(width) => {
                if !matches!(kind, Piece::Number(_)) {
                    return Err(mismatch());
                }
                let renewed = numbers == Numbers::Renewed && !counted;
                counted |= renewed;
                let value = if renewed { counter.to_string() } else { text.clone() };
                out.push_str(&digits_of(&value, *width));
            }
            Piece::One if *kind != Piece::One => return Err(mismatch()),
            _ => out.push_str(text),
        }
    }
    if numbers != Numbers::Kept && !counted {
        return Err(StataError::new(198, "renumber and addnumber need # in new names"));
    }
    Ok(out)
}

/// Options of the command.
struct Options {
    case: Option<fn(&str) -> String>,
    numbers: Numbers,
    start: u64,
    sort: bool,
    dryrun: bool,
    store: bool,
}

fn proper(name: &str) -> String {
    let mut after_letter = false;
    name.chars()
        .flat_map(|c| {
            let changed: Vec<char> =
                if after_letter { c.to_lowercase().collect() } else { c.to_uppercase().collect() };
            after_letter = c.is_alphabetic();
            changed
        })
        .collect()
}

fn options(text: &str) -> Result<Options> {
    let mut o =
        Options { case: None, numbers: Numbers::Kept, start: 1, sort: false, dryrun: false, store: false };
    for word in text.split_whitespace() {
        let (name, argument) = word.split_once('(').unwrap_or((word, ""));
        let is = |full: &str, min: usize| name.len() >= min && full.starts_with(name);
        let bare = argument.is_empty();
        if is("addnumber", 3) || is("renumber", 3) {
            o.numbers = if name.starts_with('a') { Numbers::Added } else { Numbers::Renewed };
            if !bare {
                let number = argument.strip_suffix(')').and_then(|a| a.parse().ok());
                o.start = number.ok_or_else(|| StataError::new(198, format!("{word} invalid")))?;
            }
        } else if bare && is("upper", 1) {
            o.case = Some(|n| n.to_uppercase());
        } else if bare && is("lower", 1) {
            o.case = Some(|n| n.to_lowercase());
        } else if bare && is("proper", 1) {
            o.case = Some(proper);
        } else if bare && is("sort", 1) {
            o.sort = true;
        } else if bare && is("dryrun", 1) {
            o.dryrun = true;
        } else if bare && name == "r" {
            o.store = true;
        } else {
            return Err(StataError::option_not_allowed(word));
        }
    }
    Ok(o)
}

/// Names in order, their numbers compared as numbers.
fn ordered(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = vec![(String::new(), 0)];
    let mut in_number = false;
    for c in name.chars() {
        match c.to_digit(10) {
            Some(d) => {
                if let Some(last) = parts.last_mut() {
                    last.1 = last.1.saturating_mul(10).saturating_add(u64::from(d));
                }
                in_number = true;
            }
            None => {
                if std::mem::take(&mut in_number) {
                    parts.push((String::new(), 0));
                }
                if let Some(last) = parts.last_mut() {
                    last.0.push(c);
                }
            }
        }
    }
    parts
}

/// The two sides of `old new`, each one pattern or a list in parentheses.
fn sides(text: &str) -> Result<(String, String)> {
    let bare = |t: &str| -> String {
        t.strip_prefix('(')
            .filter(|_| matching_paren(t, 0) == Some(t.len() - 1))
            .and_then(|t| t.strip_suffix(')'))
            .unwrap_or(t)
            .replace(" - ", "-")
    };
    if text.starts_with('(') {
        let close = matching_paren(text, 0).ok_or_else(StataError::syntax)?;
        let second = text[close + 1..].trim();
        return if second.is_empty() {
            Err(StataError::syntax())
        } else {
            Ok((bare(&text[..=close]), bare(second)))
        };
    }
    match words(text)[..] {
        [a, b] => Ok((a.to_string(), bare(b))),
        [a, ..] => {
            let second = text[a.len()..].trim();
            if second.starts_with('(') && second.ends_with(')') {
                Ok((a.to_string(), bare(second)))
            } else {
                Err(StataError::syntax())
            }
        }
        [] => Err(StataError::syntax()),
    }
}

/// Pairs of variables and patterns of new names.
fn paired<'a>(s: &Session, old: &str, new: &'a str) -> Result<Vec<(Old, &'a str)>> {
    let tokens: Vec<Vec<Old>> = old.split_whitespace().map(|t| olds(s, t)).collect::<Result<_>>()?;
    let news: Vec<&str> = new.split_whitespace().collect();
    let total: usize = tokens.iter().map(Vec::len).sum();
    let general = |p: &str| p.contains(['*', '?', '#', '=']);
    let by_token =
        tokens.len() == news.len() && tokens.iter().zip(&news).all(|(t, n)| t.len() == 1 || general(n));
    if by_token {
        return Ok(tokens
            .into_iter()
            .zip(news)
            .flat_map(|(t, n)| t.into_iter().map(move |o| (o, n)))
            .collect());
    }
    let all = tokens.into_iter().flatten();
    match news[..] {
        [one] if general(one) => Ok(all.map(|o| (o, one)).collect()),
        _ if news.len() == total => Ok(all.zip(news.iter().copied()).collect()),
        _ => Err(StataError::new(198, "syntax error\nold and new names differ in number")),
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (text, option) = front_and_options(&cmd.raw);
    let options = options(option)?;
    let name = |i: usize| s.frame.var(i).name.clone();
    let mut pairs: Vec<(usize, String)> = Vec::new();
    if let Some(change) = options.case {
        let list =
            text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text).replace(" - ", "-");
        for token in list.split_whitespace() {
            pairs.extend(olds(s, token)?.iter().map(|o| (o.variable, change(&name(o.variable)))));
        }
    } else {
        let (old, new) = sides(text)?;
        let mut all = paired(s, &old, &new)?;
        if options.sort {
            all.sort_by_key(|(o, _)| ordered(&name(o.variable)));
        }
        for (k, (old, pattern)) in all.iter().enumerate() {
            let counter = options.start + k as u64;
            pairs.push((old.variable, new_name(s, old, pattern, options.numbers, counter)?));
        }
    }
    finish(s, &options, &pairs)
}

fn finish(s: &mut Session, options: &Options, pairs: &[(usize, String)]) -> Result<()> {
    let old: Vec<String> = pairs.iter().map(|(i, _)| s.frame.var(*i).name.clone()).collect();
    let new: Vec<&str> = pairs.iter().map(|(_, n)| n.as_str()).collect();
    check(s, pairs)?;
    if options.dryrun {
        for (old, new) in old.iter().zip(&new) {
            s.print(format!("  {old:>32} -> {new}"));
        }
    } else {
        // through unused names, so that names can be exchanged
        for (k, (i, _)) in pairs.iter().enumerate() {
            s.frame.rename(*i, &format!("__ren{k}"))?;
        }
        for (i, name) in pairs {
            s.frame.rename(*i, name)?;
        }
    }
    if options.store {
        let mut r = Results::default();
        r.scalar("n", pairs.len() as f64).text("oldnames", old.join(" ")).text("newnames", new.join(" "));
        s.r = r;
    }
    Ok(())
}

/// New names are valid, different, and not those of other variables.
fn check(s: &Session, pairs: &[(usize, String)]) -> Result<()> {
    for (k, (i, name)) in pairs.iter().enumerate() {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if pairs[..k].iter().any(|p| p.0 == *i) {
            let old = &s.frame.var(*i).name;
            return Err(StataError::new(198, format!("{old} is named more than once among the old names")));
        }
        let taken = s.frame.find(name).is_some_and(|j| j != *i && !pairs.iter().any(|p| p.0 == j));
        if taken || pairs[..k].iter().any(|p| p.1 == *name) {
            return Err(StataError::already_defined(name));
        }
    }
    Ok(())
}
