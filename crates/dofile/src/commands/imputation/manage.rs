//! `mi set`, `register`, `query`, `describe`, `extract`, `xeq`, `passive`.

use super::data::{SYSTEM, Settings, Style, put_together, take_apart};
use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::{Flow, Session};
use crate::syntax::numlist;
use crate::syntax::split::{ParsedCommand, top_level_colon};
use crate::syntax::varlist::check_new;

/// `mi set style`, and `mi set M += #` and its kin, which are refused.
pub(super) fn set(s: &mut Session, rest: &str) -> Result<()> {
    let style = match rest.trim().trim_end_matches(',').trim() {
        "flongsep" => return Err(StataError::unsupported_command("mi set flongsep")),
        word if word.starts_with(['M', 'm']) && word.contains('=') => {
            return Err(StataError::unsupported_command("mi set M"));
        }
        word => Style::parse(word).ok_or_else(|| StataError::invalid(format!("invalid style '{word}'")))?,
    };
    if Settings::of(&s.frame).is_ok() {
        return Err(StataError::new(459, "data already mi set"));
    }
    let (imputed, passive, regular) = (Vec::new(), Vec::new(), Vec::new());
    let settings = Settings { style, m: 0, imputed, passive, regular };
    s.frame = put_together(&settings, std::slice::from_ref(&s.frame.clone()))?;
    Ok(())
}

/// `mi unset [, asis]`: the data stay as they are without their settings; unless `asis` is given, what `mi` made gets names
/// that are not its own, `mi_miss` for `_mi_miss` and `x_1_` for `_1_x` ([MI] mi set).
pub(super) fn unset(s: &mut Session, rest: &str) -> Result<()> {
    let keeps_names = match rest.trim_start_matches(',').trim() {
        "" if rest.is_empty() => false,
        "asis" => true,
        _ => return Err(StataError::syntax()),
    };
    let settings = Settings::of(&s.frame)?;
    Settings::clear(&mut s.frame);
    if keeps_names {
        return Ok(());
    }
    let own = SYSTEM.iter().map(|name| ((*name).to_string(), name[1..].to_string()));
    let copies = (1..=settings.m)
        .flat_map(|m| settings.varying().map(move |v| (format!("_{m}_{v}"), format!("{v}_{m}_"))));
    for (old, new) in own.chain(copies) {
        if let Some(at) = s.frame.find(&old) {
            check_new(&s.frame, &new)?;
            s.frame.rename(at, &new)?;
        }
    }
    Ok(())
}

/// `mi register kind varlist`.
pub(super) fn register(s: &mut Session, rest: &str) -> Result<()> {
    let (settings, all) = take_apart(&s.frame)?;
    let (kind, list) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let names = names(s, list)?;
    let mut new = settings.clone();
    let list = match kind {
        _ if kind.len() >= 3 && "imputed".starts_with(kind) => &mut new.imputed,
        _ if kind.len() >= 3 && "passive".starts_with(kind) => &mut new.passive,
        _ if kind.len() >= 3 && "regular".starts_with(kind) => &mut new.regular,
        _ => return Err(StataError::invalid(format!("mi register {kind} is unrecognized"))),
    };
    for name in names {
        let taken = settings.varying().chain(&settings.regular).any(|n| *n == name);
        if taken && !list.contains(&name) {
            return Err(StataError::new(110, format!("variable {name} already registered")));
        }
        let v = s.frame.position(&name)?;
        if s.frame.var(v).is_string() && !kind.starts_with("reg") {
            return Err(StataError::new(109, format!("{name} is a string variable")));
        }
        if !list.contains(&name) {
            list.push(name);
        }
    }
    s.frame = put_together(&new, &all)?;
    let count = new.incomplete(&all[0]).iter().filter(|i| **i).count();
    if kind.starts_with("imp") {
        s.print(format!("({count} m=0 obs now marked as incomplete)"));
    }
    Ok(())
}

/// `mi unregister varlist`.
pub(super) fn unregister(s: &mut Session, rest: &str) -> Result<()> {
    let (mut settings, all) = take_apart(&s.frame)?;
    let gone = names(s, rest)?;
    for list in [&mut settings.imputed, &mut settings.passive, &mut settings.regular] {
        list.retain(|n| !gone.contains(n));
    }
    s.frame = put_together(&settings, &all)?;
    Ok(())
}

fn names(s: &Session, list: &str) -> Result<Vec<String>> {
    let found = s.varlist(list)?;
    if found.is_empty() {
        return Err(StataError::standard(100));
    }
    Ok(found.into_iter().map(|v| s.frame.var(v).name.clone()).collect())
}

/// `mi query`.
pub(super) fn query(s: &mut Session) -> Result<()> {
    let mut r = Results::default();
    match Settings::of(&s.frame) {
        Ok(settings) => {
            s.print(format!("data mi set {}, M = {}", settings.style.name(), settings.m));
            r.scalar("M", settings.m as f64).text("style", settings.style.name());
        }
        Err(_) => s.print("(data not mi set)"),
    }
    s.r = r;
    Ok(())
}

/// `mi describe`.
pub(super) fn describe(s: &mut Session) -> Result<()> {
    let (settings, all) = take_apart(&s.frame)?;
    let incomplete = settings.incomplete(&all[0]).iter().filter(|i| **i).count();
    let n = all[0].n_rows();
    s.print("");
    s.print(format!("Style: {}", settings.style.name()));
    s.print(format!("Observations: {n}; complete {}; incomplete {incomplete}", n - incomplete));
    s.print(format!("Imputations: {}", settings.m));
    for (what, list) in
        [("Imputed", &settings.imputed), ("Passive", &settings.passive), ("Regular", &settings.regular)]
    {
        s.print(format!("{what}: {}", if list.is_empty() { "none".to_string() } else { list.join(" ") }));
    }
    let mut r = Results::default();
    r.scalar("N", n as f64).scalar("M", settings.m as f64);
    r.scalar("N_complete", (n - incomplete) as f64).scalar("N_incomplete", incomplete as f64);
    r.text("style", settings.style.name()).text("ivars", settings.imputed.join(" "));
    r.text("pvars", settings.passive.join(" ")).text("rvars", settings.regular.join(" "));
    s.r = r;
    Ok(())
}

/// `mi extract #`: one data set replaces the data.
pub(super) fn extract(s: &mut Session, rest: &str) -> Result<()> {
    let (number, options) = rest.split_once(',').unwrap_or((rest, ""));
    if !["", "clear"].contains(&options.trim()) {
        return Err(StataError::option_not_allowed(options.trim()));
    }
    let (settings, mut all) = take_apart(&s.frame)?;
    let m: usize = number.trim().parse().map_err(|_| StataError::syntax())?;
    if m > settings.m {
        return Err(StataError::invalid(format!("m={m} does not exist, M={}", settings.m)));
    }
    let mut one = all.swap_remove(m);
    Settings::clear(&mut one);
    s.frame = one;
    Ok(())
}

/// Runs a command on data sets, the original included, and keeps the changes of all.
fn on_each(
    s: &mut Session,
    which: &[usize],
    mut step: impl FnMut(&mut Session, usize) -> Result<()>,
) -> Result<()> {
    let (_, mut all) = take_apart(&s.frame)?;
    let before = s.frame.clone();
    for m in which {
        let Some(one) = all.get_mut(*m) else {
            s.frame = before;
            return Err(StataError::invalid(format!("m={m} does not exist")));
        };
        std::mem::swap(&mut s.frame, one);
        let done = step(s, *m);
        std::mem::swap(&mut s.frame, one);
        if let Err(error) = done {
            s.frame = before;
            return Err(error);
        }
    }
    let settings = Settings::of(&all[0])?;
    s.frame = put_together(&settings, &all)?;
    Ok(())
}

/// `mi xeq [numlist]: command`.
pub(super) fn xeq(s: &mut Session, rest: &str) -> Result<()> {
    let at = top_level_colon(rest).ok_or_else(StataError::syntax)?;
    let (list, command) = (rest[..at].trim(), rest[at + 1..].trim().to_string());
    let settings = Settings::of(&s.frame)?;
    let which: Vec<usize> = match list {
        "" => (0..=settings.m).collect(),
        list => numlist::expand(list)?.into_iter().map(|x| x as usize).collect(),
    };
    let before = s.frame.clone();
    let (_, all) = take_apart(&s.frame)?;
    for m in which {
        let Some(one) = all.get(m) else {
            return Err(StataError::invalid(format!("m={m} does not exist")));
        };
        s.print("");
        s.print(format!("m={m} data:"));
        s.print(format!("-> {command}"));
        s.frame = one.clone();
        s.frame.changed = false;
        let done = s.run_expanded(&command).map(|_: Flow| ());
        let changed = s.frame.changed;
        s.frame = before.clone();
        done?;
        if changed {
            return Err(StataError::unsupported_command("mi xeq with a command that changes the data"));
        }
    }
    Ok(())
}

/// `mi passive: generate ...` and `replace`: the variable varies with the imputations.
pub(super) fn passive(s: &mut Session, rest: &str) -> Result<()> {
    let command = rest.strip_prefix(':').unwrap_or(rest).trim().to_string();
    let (word, _) = command.split_once(char::is_whitespace).unwrap_or((command.as_str(), ""));
    let makes = word == "egen" || (!word.is_empty() && "generate".starts_with(word));
    if !makes && word != "replace" {
        return Err(StataError::invalid("mi passive takes generate, egen and replace"));
    }
    let settings = Settings::of(&s.frame)?;
    let before = s.frame.clone();
    let which: Vec<usize> = (0..=settings.m).collect();
    if !makes {
        let parsed = ParsedCommand::split("replace", command.trim_start_matches("replace"), true)?;
        if !settings.passive.contains(&parsed.list) {
            return Err(StataError::new(459, format!("{} is not a passive variable", parsed.list)));
        }
        return on_each(s, &which, |s, _| quietly(s, &command));
    }
    let mut made = Vec::new();
    let outcome = on_each(s, &which, |s, _| {
        let old: Vec<String> = s.frame.vars().iter().map(|v| v.name.clone()).collect();
        quietly(s, &command)?;
        made = s.frame.vars().iter().map(|v| v.name.clone()).filter(|n| !old.contains(n)).collect();
        let mut settings = Settings::of(&s.frame)?;
        settings.passive.extend(made.iter().cloned());
        settings.store(&mut s.frame);
        Ok(())
    });
    if outcome.is_err() {
        s.frame = before;
    }
    outcome
}
