//! `mi convert` and the declarations of other families for multiply imputed data: `mi stset`, `mi xtset`, `mi tsset`, `mi svyset`
//! ([MI] mi convert, [MI] mi XXXset); `mi varying` and `mi update`.

use super::data::{Style, put_together, take_apart};
use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::{Flow, Session};

/// `mi convert style [, clear]`.
pub(super) fn convert(s: &mut Session, rest: &str) -> Result<()> {
    let (word, options) = rest.split_once(',').unwrap_or((rest, ""));
    let clear = match options.trim() {
        "" => false,
        "clear" => true,
        other => return Err(StataError::option_not_allowed(other)),
    };
    let word = word.trim();
    if word.starts_with("flongs") {
        return Err(StataError::unsupported_command("mi convert flongsep"));
    }
    let style = Style::parse(word).ok_or_else(|| StataError::invalid(format!("invalid style '{word}'")))?;
    if s.frame.changed && !clear {
        return Err(StataError::standard(4));
    }
    let (mut settings, all) = take_apart(&s.frame)?;
    settings.style = style;
    s.frame = put_together(&settings, &all)?;
    Ok(())
}

/// `mi stset` and the other declarations: the command runs on each data set, and what it adds to them is kept.
pub(super) fn declare(s: &mut Session, command: &str) -> Result<()> {
    let before = s.frame.clone();
    let (settings, mut all) = take_apart(&s.frame)?;
    let outcome = all.iter_mut().enumerate().try_for_each(|(m, one)| {
        s.frame = one.clone();
        let done = if m == 0 { s.run_expanded(command).map(|_: Flow| ()) } else { quietly(s, command) };
        *one = s.frame.clone();
        done
    });
    s.frame = before;
    outcome?;
    s.frame = put_together(&settings, &all)?;
    Ok(())
}

/// `mi varying`: variables that differ between data sets although they are not registered as imputed or passive.
pub(super) fn varying(s: &mut Session, rest: &str) -> Result<()> {
    if !rest.is_empty() {
        return Err(StataError::unsupported_command("mi varying with options"));
    }
    let (settings, all) = take_apart(&s.frame)?;
    let (original, copies) = all.split_first().expect("the original data");
    let differs = |name: &str| {
        let Some(v) = original.find(name) else { return false };
        (0..original.n_rows()).any(|r| {
            let same = |one: &crate::frame::Frame| {
                if original.var(v).is_string() {
                    one.str_at(v, r) == original.str_at(v, r)
                } else {
                    one.num_at(v, r) == original.num_at(v, r)
                }
            };
            !copies.iter().all(same)
        })
    };
    let registered = |name: &str| settings.varying().any(|n| n == name);
    let names = original.vars().iter().map(|v| v.name.clone()).filter(|n| !registered(n));
    let found: Vec<String> = names.filter(|n| differs(n)).collect();
    let list = if found.is_empty() { "(none)".to_string() } else { found.join(" ") };
    s.print("");
    s.print("Possible problem     Variable names");
    s.print("-".repeat(74));
    s.print(format!("{:>20}:  {list}", "unregistered varying"));
    s.print("-".repeat(74));
    let mut r = Results::default();
    r.text("uvars_v", found.join(" "));
    s.r = r;
    Ok(())
}
