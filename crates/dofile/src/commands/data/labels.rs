//! `label`: labels of the data, of variables and of values ([D] label).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::{ValueLabel, is_valid_name};
use crate::ops::files::{check_replace, with_extension};
use crate::session::Session;
use crate::syntax::blanks::numbers_and_texts;
use crate::syntax::options::parse_number;
use crate::syntax::split::{top_level_comma, unquote, words};
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "list stores r(k) r(min) r(max) r(hasemiss) of the last set, dir r(names), language r(k) r(language) r(languages); [D] label, [D] label language",
    examples: &[
        Example {
            run: "set obs 2\ngenerate x = _n\nlabel define l 1 \"one\" 2 \"two\"\nlabel values x l\nlabel variable x \"number\"\nlocal t : label l 2\nlocal v : variable label x\nscalar a = \"`t'\" == \"two\" & \"`v'\" == \"number\"",
            expect: &[("a", 1.0)],
        },
        Example {
            run: "set obs 2\ngenerate x = _n\nlabel data \"Cars\"\nlabel variable x \"number\"\nlabel language en, rename\nlabel language de, new\nscalar none = \"`: variable label x'\" == \"\"\nlabel variable x \"Zahl\"\nlabel language en\nscalar back = \"`: variable label x'\" == \"number\" & \"`: data label'\" == \"Cars\"\nlabel language de\nscalar own = \"`: variable label x'\" == \"Zahl\"\nscalar both = r(k)\nlabel language en, delete\nscalar one = r(k)",
            expect: &[("none", 1.0), ("back", 1.0), ("own", 1.0), ("both", 2.0), ("one", 1.0)],
        },
    ],
    ..CommandSpec::raw(
        "label",
        2,
        label,
        "label {data|variable|define|values|list|dir|drop|copy} ... | label save [names] using filename [, replace] | label language [name [, new [copy] | rename | delete]]",
    )
};

/// The first word, which a quote ends too, and the text behind it.
fn name_and_rest(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(text.len());
    let end = if text[..end].ends_with('`') { end - 1 } else { end };
    (&text[..end], text[end..].trim())
}

fn label(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, rest) = name_and_rest(&cmd.raw);
    let is = |full: &str, min: usize| word.len() >= min && full.starts_with(word);
    if is("data", 2) {
        s.frame.label = unquote(rest).chars().take(80).collect();
        s.frame.changed = true;
    } else if is("variable", 3) {
        let (name, text) = name_and_rest(rest);
        let i = s.variable(name)?;
        s.frame.var_mut(i).label = unquote(text).chars().take(80).collect();
    } else if is("define", 2) {
        define(s, rest)?;
    } else if is("values", 3) {
        let text = rest.split(',').next().unwrap_or("").trim();
        let (list, set) = text.rsplit_once(char::is_whitespace).unwrap_or((text, "."));
        let set = if set == "." { "" } else { set };
        for i in s.varlist(list)? {
            if s.frame.var(i).is_string() && !set.is_empty() {
                return Err(StataError::standard(181));
            }
            s.frame.var_mut(i).value_label = set.to_string();
        }
    } else if is("language", 3) {
        super::label_language::run(s, rest)?;
    } else if is("list", 1) {
        list(s, &words(rest))?;
    } else if is("dir", 2) {
        let names: Vec<String> = s.frame.value_labels.keys().cloned().collect();
        names.iter().for_each(|name| s.print(name));
        s.r.clear();
        s.r.text("names", names.join(" "));
    } else if is("save", 4) {
        save(s, rest)?;
    } else if is("drop", 4) {
        for n in words(rest) {
            if n == "_all" {
                s.frame.value_labels.clear();
            } else if s.frame.value_labels.remove(n).is_none() {
                return Err(StataError::new(111, format!("value label {n} not found")));
            }
        }
    } else if is("copy", 3) {
        let parts = words(rest.split(',').next().unwrap_or(""));
        let [a, b] = parts[..] else { return Err(StataError::syntax()) };
        let set = s
            .frame
            .value_labels
            .get(a)
            .cloned()
            .ok_or_else(|| StataError::new(111, format!("value label {a} not found")))?;
        if s.frame.value_labels.contains_key(b) && !rest.contains("replace") {
            return Err(StataError::new(110, format!("value label {b} already exists")));
        }
        s.frame.value_labels.insert(b.to_string(), set);
    } else {
        return Err(StataError::unsupported_command(&format!("label {word}")));
    }
    Ok(())
}

/// `label define name # "text" … [, add modify replace nofix]`.
fn define(s: &mut Session, rest: &str) -> Result<()> {
    let (front, options) = match top_level_comma(rest) {
        Some(i) => (&rest[..i], words(&rest[i + 1..])),
        None => (rest, Vec::new()),
    };
    if let Some(bad) = options.iter().find(|o| !["add", "modify", "replace", "nofix"].contains(o)) {
        return Err(StataError::option_not_allowed(bad));
    }
    let parts = numbers_and_texts(front);
    let (name, pairs) = parts.split_first().ok_or_else(StataError::syntax)?;
    if !is_valid_name(name) && !name.starts_with("__") {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if pairs.len() % 2 == 1 {
        return Err(StataError::syntax());
    }
    let exists = s.frame.value_labels.contains_key(*name);
    let (add, modify, replace) =
        (options.contains(&"add"), options.contains(&"modify"), options.contains(&"replace"));
    if exists && !(add || modify || replace) {
        return Err(StataError::new(110, format!("label {name} already defined")));
    }
    let mut set = if replace {
        ValueLabel::default()
    } else {
        s.frame.value_labels.get(*name).cloned().unwrap_or_default()
    };
    for pair in pairs.chunks(2) {
        let x = parse_number(pair[0]).or_else(|| s.eval_num(pair[0]).ok()).ok_or_else(StataError::syntax)?;
        if (!is_missing(x) && x.fract() != 0.0) || x == MISSING {
            return Err(StataError::new(198, "may not label system missing or noninteger values"));
        }
        if add && !modify && set.get(x).is_some() {
            return Err(StataError::standard(180));
        }
        set.set(x, unquote(pair[1]));
    }
    s.frame.value_labels.insert(name.to_string(), set);
    s.frame.changed = true;
    Ok(())
}

/// Value labels of the given names, or all; r(111) where there is none of a name.
fn sets(s: &Session, names: &[&str]) -> Result<Vec<(String, ValueLabel)>> {
    if let Some(name) = names.iter().find(|n| !s.frame.value_labels.contains_key(**n)) {
        return Err(StataError::new(111, format!("value label {name} not found")));
    }
    let wanted = |name: &String| names.is_empty() || names.contains(&name.as_str());
    let found = s.frame.value_labels.iter().filter(|(name, _)| wanted(name));
    Ok(found.map(|(name, set)| (name.clone(), set.clone())).collect())
}

/// `label list`: prints the sets and stores the size and the limits of the last one.
fn list(s: &mut Session, names: &[&str]) -> Result<()> {
    s.r.clear();
    let names = if names == ["_all"] { &[] } else { names };
    for (name, set) in sets(s, names)? {
        s.print(format!("{name}:"));
        for (x, text) in set.iter() {
            s.print(format!("{:>12} {text}", crate::format::macro_text(x)));
        }
        let numbers: Vec<f64> = set.iter().map(|(x, _)| x).filter(|x| !is_missing(*x)).collect();
        let extended = numbers.len() < set.len();
        let or_missing = |x: f64| if x.is_finite() { x } else { MISSING };
        s.r.scalar("k", set.len() as f64).scalar("hasemiss", f64::from(u8::from(extended)));
        s.r.scalar("min", or_missing(numbers.iter().copied().fold(f64::INFINITY, f64::min)));
        s.r.scalar("max", or_missing(numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)));
    }
    Ok(())
}

/// `label save [names] using filename [, replace]`: a do-file that defines the sets.
fn save(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("label save", rest, false)?;
    cmd.check_options(&[OptSpec::flag("replace")], &[])?;
    let file = cmd.using.as_deref().ok_or_else(|| StataError::new(100, "using required"))?;
    let file = with_extension(file, "do");
    let path = s.path(&file);
    check_replace(&path, &file, cmd.has("replace"))?;
    let mut text = String::new();
    let names = if cmd.list.trim() == "_all" { Vec::new() } else { words(&cmd.list) };
    for (name, set) in sets(s, &names)? {
        for (x, label) in set.iter() {
            text.push_str(&format!(
                "label define {name} {} `\"{label}\"', modify\n",
                crate::format::macro_text(x)
            ));
        }
    }
    std::fs::write(&path, text)
        .map_err(|_| StataError::new(603, format!("file {file} could not be opened")))?;
    s.print(format!("file {file} saved"));
    Ok(())
}
