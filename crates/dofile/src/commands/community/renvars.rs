//! `renvars`: variables are renamed by lists or by a change of their names (Cox and Weesie 2005, Stata Journal 5). Written
//! from the help file.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::is_valid_name;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, varlist};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "map() has an expression in which @ is the name; symbol() changes @; test shows the names and renames nothing; no results; Cox and Weesie (2005)",
    examples: &[Example {
        run: "set obs 1\ngenerate Ab = 1\ngenerate cd1 = 2\nrenvars Ab cd1 \\ p q\nrenvars p q, prefix(x_)\nrenvars x_p x_q, presub(x_ y)\nrenvars, upper\nrenvars YP, map(substr(\"@\", 2, .) + \"z\")\nrenvars YQ, predrop(1) test\nrenvars YQ, postdrop(1)",
        expect: &[("Pz", 1.0), ("Y", 2.0)],
    }],
    ..CommandSpec::raw(
        "renvars",
        7,
        run,
        "renvars [varlist] \\ newvarlist [, display test]; renvars [varlist] [, upper lower prefix(str) postfix(str) presub(str1 [str2]) postsub(str1 [str2]) subst(str1 [str2]) predrop(#) postdrop(#) trim(#) trimend(#) map(exp) symbol(str) display test]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("Display"),
    OptSpec::flag("TEST"),
    OptSpec::flag("Upper"),
    OptSpec::flag("Lower"),
    OptSpec::text("PREFix"),
    OptSpec::text("POSTFix"),
    OptSpec::text("SUFfix"),
    OptSpec::text("PRESub"),
    OptSpec::text("POSTSub"),
    OptSpec::text("Subst"),
    OptSpec::int("PREDrop"),
    OptSpec::int("POSTDrop"),
    OptSpec::int("Trim"),
    OptSpec::int("TRIMEnd"),
    OptSpec::text("Map"),
    OptSpec::text("SYmbol"),
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut inner = ParsedCommand::whole("renvars", &cmd.raw)?;
    inner.check_options(OPTIONS, &[])?;
    let (old, new) = match inner.list.split_once('\\') {
        Some((old, new)) => (old.trim(), Some(new.trim())),
        None => (inner.list.trim(), None),
    };
    let vars = if old.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(old)? };
    let old: Vec<String> = vars.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let changes = inner.options.iter().filter(|(n, _)| !["display", "test", "symbol"].contains(n)).count();
    let new: Vec<String> = match new {
        Some(list) if changes == 0 => varlist::new_names(&s.frame, list)?,
        None if changes == 1 => old.iter().map(|n| changed(s, &inner, n)).collect::<Result<_>>()?,
        None if changes == 0 => return Err(StataError::invalid("no transformation of names specified")),
        _ => return Err(StataError::invalid("only one transformation of names is allowed")),
    };
    if new.len() != old.len() {
        return Err(StataError::invalid("lists of old and new names have different lengths"));
    }
    check(s, &old, &new)?;
    if inner.has("display") || inner.has("test") {
        let width = old.iter().map(|n| n.chars().count()).max().unwrap_or(0);
        for (a, b) in old.iter().zip(&new) {
            s.print(format!("  {a:>width$} -> {b}"));
        }
    }
    if inner.has("test") {
        return Ok(());
    }
    // names of other variables of the list may be taken until these have theirs
    for (k, v) in vars.iter().enumerate() {
        s.frame.rename(*v, &format!("__renvars{k}"))?;
    }
    for (v, name) in vars.iter().zip(&new) {
        s.frame.rename(*v, name)?;
    }
    Ok(())
}

fn check(s: &Session, old: &[String], new: &[String]) -> Result<()> {
    for (k, name) in new.iter().enumerate() {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if new[..k].contains(name) || (s.frame.find(name).is_some() && !old.contains(name)) {
            return Err(StataError::already_defined(name));
        }
    }
    Ok(())
}

/// A name after the change of the options.
fn changed(s: &Session, cmd: &ParsedCommand, name: &str) -> Result<String> {
    let o = &cmd.options;
    let count = |option: &str| o.int(option).map(|n| n.max(0) as usize);
    let letters: Vec<char> = name.chars().collect();
    let n = letters.len();
    let part =
        |from: usize, to: usize| letters[from.min(n)..to.min(n).max(from.min(n))].iter().collect::<String>();
    let pair = |text: &str| -> (String, String) {
        let mut words = text.split_whitespace().map(str::to_string);
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    };
    Ok(if o.has("upper") {
        name.to_uppercase()
    } else if o.has("lower") {
        name.to_lowercase()
    } else if let Some(text) = o.text("prefix") {
        format!("{text}{name}")
    } else if let Some(text) = o.text("postfix").or(o.text("suffix")) {
        format!("{name}{text}")
    } else if let Some(text) = o.text("presub") {
        let (a, b) = pair(text);
        name.strip_prefix(&a).map_or_else(|| name.to_string(), |rest| b + rest)
    } else if let Some(text) = o.text("postsub") {
        let (a, b) = pair(text);
        name.strip_suffix(&a).map_or_else(|| name.to_string(), |rest| rest.to_string() + &b)
    } else if let Some(text) = o.text("subst") {
        let (a, b) = pair(text);
        name.replace(&a, &b)
    } else if let Some(k) = count("predrop") {
        part(k, n)
    } else if let Some(k) = count("postdrop") {
        part(0, n.saturating_sub(k))
    } else if let Some(k) = count("trim") {
        part(0, k)
    } else if let Some(k) = count("trimend") {
        part(n.saturating_sub(k), n)
    } else {
        let text = o.text("map").unwrap_or_default();
        let value = s.eval(&text.replace(o.text("symbol").unwrap_or("@"), name))?;
        match value {
            crate::value::Value::Str(text) => text.to_string(),
            crate::value::Value::Num(_) => return Err(StataError::type_mismatch()),
        }
    })
}
