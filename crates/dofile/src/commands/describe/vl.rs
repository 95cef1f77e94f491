//! `vl`: lists of variables under names that are global macros too ([D] vl).

use super::vl_sets::{Place, Sets, classify};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::is_valid_name;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{front_and_options, words};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "vl",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "vl set [varlist] [, categorical(#) uncertain(#)]; vl move (varlist) list; vl create list = expression; vl modify list = expression; vl substitute list = i.list ...; vl list [lists]; vl dir; vl drop list | (varlist); vl clear",
    notes: "an expression is (varlist) or the name of a list, then + or - and another; the lists of vl set are vlcategorical, vlcontinuous, vluncertain and vlother, each list is a global macro; vl create and modify store r(k); [D] vl",
    examples: &[Example {
        run: "set obs 200\ngenerate d = mod(_n, 2)\ngenerate x = _n/3\ngenerate k = mod(_n, 50)\ngenerate one = 1\nvl set\nscalar c = \"$vlcategorical\" == \"d\"\nscalar n = \"$vlcontinuous\" == \"x\"\nscalar u = \"$vluncertain\" == \"k\"\nscalar o = \"$vlother\" == \"one\"\nvl move (k) vlcontinuous\nvl create all = vlcategorical + vlcontinuous\nvl modify all = all - (x)\nvl substitute mine = i.vlcategorical##c.vlcontinuous\nscalar a = wordcount(\"$all\")\nscalar w = wordcount(\"$vlcontinuous\")\nscalar s = \"$mine\" == \"i.d##c.x i.d##c.k\"",
        expect: &[("c", 1.0), ("n", 1.0), ("u", 1.0), ("o", 1.0), ("a", 2.0), ("w", 2.0), ("s", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (word, rest) = match word.split_once(',') {
        Some((w, options)) => (w, format!(",{options} {rest}")),
        None => (word, rest.to_string()),
    };
    match word {
        "set" => set(s, &rest),
        "move" => move_variables(s, &rest),
        "create" | "cr" | "cre" => create(s, &rest, false),
        "modify" | "mod" => create(s, &rest, true),
        "substitute" | "sub" | "subst" => substitute(s, &rest),
        "list" | "l" => list(s, &rest),
        "dir" => dir(s),
        "drop" => drop_list(s, &rest),
        "clear" => clear(s, &rest),
        "label" | "rebuild" => Err(StataError::unsupported_option("vl", word)),
        _ => Err(StataError::invalid(format!("subcommand vl {word} is not known"))),
    }
}

/// Keeps the lists and writes each as a global macro.
fn keep(s: &mut Session, sets: Sets) {
    for (name, members) in sets.all() {
        s.set_global(&name, members.join(" "));
    }
    s.extensions.set(sets);
}

fn sets(s: &Session) -> Sets {
    s.extensions.get::<Sets>().cloned().unwrap_or_default()
}

fn names(s: &Session, list: &str) -> Result<Vec<String>> {
    Ok(s.varlist(list)?.iter().map(|v| s.frame.var(*v).name.clone()).collect())
}

fn set(s: &mut Session, rest: &str) -> Result<()> {
    let (list, options) = front_and_options(rest);
    const OPTIONS: &[OptSpec] = &[OptSpec::int("CATegorical"), OptSpec::int("UNCertain")];
    let options =
        Options::parse("vl set", options, OPTIONS, &["DUmmy", "LIst", "CLear", "NONOTEs", "REDO", "UPDATE"])?;
    let categorical = options.int("categorical").unwrap_or(10);
    let uncertain = options.int("uncertain").unwrap_or(100);
    if categorical < 2 || uncertain != 0 && uncertain < categorical {
        return Err(StataError::invalid("categorical() and uncertain() must be ascending numbers of levels"));
    }
    let chosen: Vec<usize> =
        if list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(list)? };
    let mut sets = sets(s);
    // only numbers are classified
    for v in chosen.into_iter().filter(|v| !s.frame.var(*v).is_string()) {
        let place = classify(s, v, categorical as usize, uncertain.max(0) as usize);
        sets.place(&s.frame.var(v).name.clone(), place);
    }
    let counts: Vec<(&str, usize)> =
        Place::ALL.iter().map(|p| (p.list(), sets.members(p.list()).map_or(0, |m| m.len()))).collect();
    keep(s, sets);
    s.print("");
    s.print("-------------------------------------------------------------------------------");
    s.print("                  |                      Macro's contents");
    s.print("                  |------------------------------------------------------------");
    s.print("Macro             |  # Vars   Description");
    s.print("------------------+------------------------------------------------------------");
    s.print("System            |");
    for (place, (name, count)) in Place::ALL.iter().zip(&counts) {
        s.print(format!("  {:<16}|{count:>8}   {}", format!("${name}"), place.description()));
    }
    s.print("-------------------------------------------------------------------------------");
    s.print("Notes");
    s.print("");
    s.print("      1. Review contents of vlcategorical and vlcontinuous to ensure they are correct.");
    s.print("      2. If there are any variables in vluncertain, you can reallocate them");
    s.print("         to vlcategorical, vlcontinuous, or vlother.");
    let mut r = Results::default();
    for (name, count) in counts {
        r.scalar(&format!("k_{name}"), count as f64);
    }
    s.r = r;
    Ok(())
}

fn move_variables(s: &mut Session, rest: &str) -> Result<()> {
    let rest = rest.trim();
    let close = rest.strip_prefix('(').and_then(|r| r.find(')')).ok_or_else(StataError::syntax)?;
    let moved = names(s, &rest[1..=close])?;
    let target = rest[close + 2..].trim();
    let place = Place::ALL.into_iter().find(|p| p.list() == target);
    let place = place.ok_or_else(|| StataError::invalid(format!("{target} is no list of vl set")))?;
    let mut sets = sets(s);
    let before = moved.len();
    for name in &moved {
        sets.place(name, place);
    }
    keep(s, sets);
    s.print(format!("note: {before} variable{} moved to ${target}.", if before == 1 { "" } else { "s" }));
    Ok(())
}

/// Members of an expression: lists and `(varlist)` joined by + and -.
fn members(s: &Session, sets: &Sets, text: &str) -> Result<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    let mut minus = false;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let found = if let Some(inner) = rest.strip_prefix('(') {
            let close = inner.find(')').ok_or_else(StataError::syntax)?;
            let found = names(s, &inner[..close])?;
            rest = inner[close + 1..].trim_start();
            found
        } else {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let name = &rest[..end];
            let found = sets.members(name).cloned();
            let found = found.ok_or_else(|| StataError::new(111, format!("vl list {name} not found")))?;
            rest = rest[end..].trim_start();
            found
        };
        for name in found {
            let at = out.iter().position(|m| *m == name);
            match (minus, at) {
                (true, Some(i)) => drop(out.remove(i)),
                (false, None) => out.push(name),
                _ => {}
            }
        }
        minus = rest.starts_with('-');
        match rest.strip_prefix(['+', '-']) {
            Some(next) if !next.trim().is_empty() => rest = next.trim_start(),
            None if rest.is_empty() => {}
            _ => return Err(StataError::syntax()),
        }
    }
    Ok(out)
}

fn create(s: &mut Session, rest: &str, again: bool) -> Result<()> {
    let (name, text) = rest.split_once('=').ok_or_else(StataError::syntax)?;
    let name = name.trim();
    let mut sets = sets(s);
    if !is_valid_name(name) || Place::ALL.iter().any(|p| p.list() == name) {
        return Err(StataError::new(198, format!("{name} invalid name for a list of variables")));
    }
    match (sets.members(name).is_some(), again) {
        (true, false) => return Err(StataError::already_defined(&format!("vl list {name}"))),
        (false, true) => return Err(StataError::new(111, format!("vl list {name} not found"))),
        _ => {}
    }
    let found = members(s, &sets, text)?;
    let k = found.len();
    sets.define(name, found);
    keep(s, sets);
    let what = if again { "modified" } else { "initialized" };
    s.print(format!("note: ${name} {what} with {k} variable{}.", if k == 1 { "" } else { "s" }));
    let mut r = Results::default();
    r.scalar("k", k as f64).text("vlname", name);
    s.r = r;
    Ok(())
}

/// Puts the members of lists into the words of an expression with factor operators, each with each.
fn substitute(s: &mut Session, rest: &str) -> Result<()> {
    let (name, text) = rest.split_once('=').ok_or_else(StataError::syntax)?;
    let name = name.trim();
    let sets = sets(s);
    if !is_valid_name(name) || sets.members(name).is_some() {
        return Err(StataError::new(198, format!("{name} invalid name for a substitution")));
    }
    let mut out = Vec::new();
    for word in words(text) {
        let mut terms = vec![String::new()];
        let mut rest = word;
        while !rest.is_empty() {
            let start = rest.find(|c: char| c.is_alphabetic() || c == '_').unwrap_or(rest.len());
            terms.iter_mut().for_each(|t| t.push_str(&rest[..start]));
            rest = &rest[start..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            rest = after;
            if token.is_empty() {
                continue;
            }
            match sets.members(token).filter(|_| !rest.starts_with('.')) {
                None => terms.iter_mut().for_each(|t| t.push_str(token)),
                Some(members) => {
                    let each = |t: &String| members.iter().map(|m| format!("{t}{m}")).collect::<Vec<_>>();
                    terms = terms.iter().flat_map(each).collect();
                }
            }
        }
        out.extend(terms);
    }
    s.set_global(name, out.join(" "));
    Ok(())
}

fn list(s: &mut Session, rest: &str) -> Result<()> {
    let sets = sets(s);
    let asked: Vec<&str> = rest.split_whitespace().collect();
    if asked.iter().any(|w| w.contains(',') || w.starts_with('(')) {
        return Err(StataError::unsupported_option("vl list", "varlists and options"));
    }
    if let Some(name) = asked.iter().find(|n| sets.members(n).is_none()) {
        return Err(StataError::new(111, format!("vl list {name} not found")));
    }
    s.print("");
    s.print("----------------------------------------------");
    s.print("      Variable | Macro           Values");
    s.print("---------------+------------------------------");
    for (name, members) in sets.all() {
        if !asked.is_empty() && !asked.contains(&name.as_str()) {
            continue;
        }
        for member in members {
            let kind = s.frame.find(&member).map_or("not in the data", |v| super::vl_sets::values(s, v));
            s.print(format!(
                "{:>14} | {:<15} {kind}",
                crate::format::abbrev(&member, 14),
                crate::format::abbrev(&format!("${name}"), 15)
            ));
        }
    }
    s.print("----------------------------------------------");
    Ok(())
}

fn dir(s: &mut Session) -> Result<()> {
    s.print("");
    for (name, members) in sets(s).all() {
        s.print(format!("  {:<20}{:>6}", format!("${name}"), members.len()));
    }
    Ok(())
}

fn drop_list(s: &mut Session, rest: &str) -> Result<()> {
    let mut sets = sets(s);
    let rest = rest.trim();
    if let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
        for name in names(s, inner)? {
            sets.forget(&name);
        }
    } else {
        for name in rest.split_whitespace() {
            if Place::ALL.iter().any(|p| p.list() == name) || !sets.remove(name) {
                return Err(StataError::new(111, format!("vl list {name} not found")));
            }
            s.set_global(name, "");
        }
    }
    keep(s, sets);
    Ok(())
}

fn clear(s: &mut Session, rest: &str) -> Result<()> {
    if !rest.trim().is_empty() {
        return Err(StataError::unsupported_option("vl clear", "options"));
    }
    for (name, _) in sets(s).all() {
        s.set_global(&name, "");
    }
    s.extensions.remove::<Sets>();
    Ok(())
}
