//! `constraint`: numbered linear constraints for commands that estimate under them.

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::constraints::{Constraints, Table, table};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::split::ParsedCommand;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "constraint",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "constraint [define] # [exp=exp | coeflist] | constraint dir|list [numlist] | constraint drop numlist|_all | constraint get # | constraint free",
    notes: "numbers 1 to 1999; stores r(contents) r(defined) with get, r(free) with free; [R] constraint",
    examples: &[Example {
        run: "constraint 3 x = z\nconstraint get 3\nscalar d = r(defined)\nconstraint drop _all\nconstraint free",
        expect: &[("d", 1.0), ("r(free)", 1.0)],
    }],
};

fn number(text: &str) -> Result<i64> {
    text.parse::<i64>()
        .ok()
        .filter(|n| (1..=1999).contains(n))
        .ok_or_else(|| StataError::invalid(format!("{text} is not a number of a constraint (1 to 1999)")))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (word, rest) = raw.split_once(char::is_whitespace).unwrap_or((raw, ""));
    let rest = rest.trim();
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let mut all = table(s);
    s.r = Results::default();
    if word.is_empty() {
        return Err(StataError::syntax());
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return define(s, all, word, rest);
    }
    if is("define", 1) && !rest.is_empty() {
        let (first, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        return define(s, all, first, text.trim());
    }
    if is("drop", 4) {
        if rest == "_all" {
            all.clear();
        } else {
            for x in numlist::expand(rest)? {
                all.remove(&(x as i64));
            }
        }
        s.extensions.set(Constraints(all));
        return Ok(());
    }
    if is("dir", 3) || is("list", 1) {
        let wanted: Option<Vec<f64>> =
            if rest.is_empty() || rest == "_all" { None } else { Some(numlist::expand(rest)?) };
        for (n, text) in &all {
            if wanted.as_ref().is_none_or(|w| w.contains(&(*n as f64))) {
                s.print(format!("{n:>6}:  {text}"));
            }
        }
        return Ok(());
    }
    match word {
        "get" => {
            let n = number(rest)?;
            s.r.scalar("defined", f64::from(u8::from(all.contains_key(&n))));
            if let Some(text) = all.get(&n) {
                s.r.text("contents", text.as_str());
            }
            Ok(())
        }
        "free" => {
            let free = (1..=1999).find(|n| !all.contains_key(n)).unwrap_or(0);
            s.print(free.to_string());
            s.r.scalar("free", free as f64);
            Ok(())
        }
        _ => Err(StataError::invalid(format!("constraint {word} is unrecognized"))),
    }
}

fn define(s: &mut Session, mut all: Table, first: &str, text: &str) -> Result<()> {
    let n = number(first)?;
    if text.is_empty() {
        all.remove(&n);
    } else {
        all.insert(n, text.to_string());
    }
    s.extensions.set(Constraints(all));
    Ok(())
}
