//! `frlink` and `frget`: rows of the current frame matched with rows of another one, and its variables copied ([D] frlink,
//! [D] frget).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable, is_valid_name};
use crate::results::Results;
use crate::session::{Key, LINK_FRAME, LINK_KEYS, LINK_MODE, LINK_OTHER_KEYS, Session, key};
use crate::syntax::split::ParsedCommand;
use crate::syntax::{OptSpec, varlist};
use crate::value::MISSING;
use std::collections::{HashMap, HashSet};

pub(super) const FRLINK: CommandSpec = CommandSpec {
    notes: "stores r(unmatched); the variable holds row numbers of the other frame, which frget and frval() check against the matched variables; [D] frlink",
    examples: &[Example {
        run: "set obs 3\ngenerate region = 4 - _n\ngenerate double income = 100*region\nframe create person\nframe change person\nset obs 5\ngenerate region = cond(_n == 5, 9, 1 + mod(_n, 3))\nfrlink m:1 region, frame(default)\nscalar left = r(unmatched)\ngenerate double own = frval(default, income)",
        expect: &[("left", 1.0), ("own[1]", 200.0), ("default[1]", 2.0), ("missing(own[5])", 1.0)],
    }],
    ..CommandSpec::raw(
        "frlink",
        6,
        run_link,
        "frlink {1:1|m:1} varlist, frame(name [varlist]) [generate(newvar)] | frlink rebuild linkvar | frlink dir | frlink describe linkvar",
    )
};

pub(super) const FRGET: CommandSpec = CommandSpec {
    notes: "stores r(k) r(newlist) r(srclist); labels, formats and value labels come with the variables; [D] frget",
    examples: &[Example {
        run: "set obs 2\ngenerate id = _n\ngenerate str4 name = cond(_n == 1, \"ada\", \"bob\")\ngenerate age = 30 + _n\nframe create visits\nframe change visits\nset obs 3\ngenerate id = cond(_n == 2, 2, 1)\nfrlink m:1 id, frame(default) generate(who)\nfrget name age, from(who) prefix(p_)\nfrget years = age, from(who)\nscalar k = r(k)\nscalar bob = p_name[2] == \"bob\"\nframe default: gsort -id\ncapture frget age, from(who)\nscalar rc = _rc\nfrlink rebuild who\nfrget age, from(who)",
        expect: &[
            ("bob", 1.0),
            ("p_age[3]", 31.0),
            ("years[2]", 32.0),
            ("rc", 459.0),
            ("age[2]", 32.0),
            ("k", 1.0),
        ],
    }],
    ..CommandSpec::raw(
        "frget",
        5,
        run_get,
        "frget varlist, from(linkvar) [prefix(text) suffix(text) exclude(varlist)] | frget newvar = varname, from(linkvar)",
    )
};

fn run_link(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (word, rest) = raw.split_once(char::is_whitespace).unwrap_or((raw, ""));
    match word {
        "1:1" | "m:1" => {}
        "rebuild" => return rebuild(s, rest.trim()),
        "dir" if rest.trim().is_empty() => {
            list(s, &links(s));
            return Ok(());
        }
        "describe" => {
            let position = s.variable(rest.trim())?;
            let name = s.frame.var(position).name.clone();
            if !links(s).contains(&name) {
                return Err(StataError::new(111, format!("{name} is not a link variable")));
            }
            list(s, &[name]);
            return Ok(());
        }
        _ => return Err(StataError::syntax()),
    }
    let mut parts = ParsedCommand::split("frlink", rest, false)?;
    parts.check_options(&[OptSpec::text("FRAme"), OptSpec::text("GENerate")], &[])?;
    if parts.if_exp.is_some() || parts.in_range.is_some() {
        return Err(StataError::new(101, "if and in not allowed"));
    }
    let keys = s.varlist(&parts.list)?;
    if keys.is_empty() {
        return Err(StataError::standard(100));
    }
    let target = parts.options.text("frame").ok_or_else(|| StataError::invalid("option frame() required"))?;
    let (frame, other_list) = target.trim().split_once(char::is_whitespace).unwrap_or((target.trim(), ""));
    let other = s.other_frame(frame)?;
    let names = |frame: &Frame, positions: &[usize]| -> String {
        positions.iter().map(|v| frame.var(*v).name.as_str()).collect::<Vec<_>>().join(" ")
    };
    let other_keys = match other_list.trim() {
        "" => keys.iter().map(|k| other.position(&s.frame.var(*k).name)).collect::<Result<Vec<_>>>()?,
        list => varlist::resolve_unique(other, list, s.settings.varabbrev)?,
    };
    if keys.len() != other_keys.len() {
        return Err(StataError::new(198, "the lists of variables differ in length"));
    }
    let new = parts.options.text("generate").unwrap_or(frame).trim().to_string();
    if !is_valid_name(&new) {
        return Err(StataError::new(198, format!("{new} invalid name")));
    }
    if s.frame.find(&new).is_some() {
        return Err(StataError::already_defined(&new));
    }
    let made = Made {
        mode: word.to_string(),
        keys: names(&s.frame, &keys),
        other_keys: names(other, &other_keys),
        frame: frame.to_string(),
    };
    let rows = match_rows(s, &made)?;
    store(s, &new, made, &rows)
}

/// What a link is made from.
struct Made {
    mode: String,
    keys: String,
    other_keys: String,
    frame: String,
}

/// For each row of the current frame the number of the row of the other one.
fn match_rows(s: &Session, made: &Made) -> Result<Vec<f64>> {
    let other = s.other_frame(&made.frame)?;
    let find = |frame: &Frame, names: &str| -> Result<Vec<usize>> {
        names.split_whitespace().map(|n| frame.position(n)).collect()
    };
    let (keys, other_keys) = (find(&s.frame, &made.keys)?, find(other, &made.other_keys)?);
    for (a, b) in keys.iter().zip(&other_keys) {
        if s.frame.var(*a).is_string() != other.var(*b).is_string() {
            let name = &s.frame.var(*a).name;
            return Err(StataError::new(
                106,
                format!("{name} is text in one frame and numeric in the other"),
            ));
        }
    }
    let repeated = |names: &str, frame: &str| {
        let s = if names.contains(' ') { "variables" } else { "variable" };
        let verb = if names.contains(' ') { "do" } else { "does" };
        StataError::new(
            459,
            format!("{s} {names} {verb} not uniquely identify observations in frame {frame}"),
        )
    };
    let mut place: HashMap<Vec<Key>, usize> = HashMap::new();
    for row in 0..other.n_rows() {
        if place.insert(key(other, &other_keys, row), row).is_some() {
            return Err(repeated(&made.other_keys, &made.frame));
        }
    }
    let own: Vec<Vec<Key>> = (0..s.frame.n_rows()).map(|row| key(&s.frame, &keys, row)).collect();
    if made.mode == "1:1" && own.iter().collect::<HashSet<_>>().len() < own.len() {
        return Err(repeated(&made.keys, &s.frames.current));
    }
    Ok(own.iter().map(|k| place.get(k).map_or(MISSING, |row| *row as f64 + 1.0)).collect())
}

fn store(s: &mut Session, name: &str, made: Made, rows: &[f64]) -> Result<()> {
    s.frame.add(Variable::new(name, Column::from_f64(StorageType::Long, rows)))?;
    for (key, value) in [
        (LINK_MODE, made.mode),
        (LINK_KEYS, made.keys),
        (LINK_OTHER_KEYS, made.other_keys),
        (LINK_FRAME, made.frame),
    ] {
        s.frame.chars.insert((name.to_string(), key.to_string()), value);
    }
    report(s, rows);
    Ok(())
}

fn report(s: &mut Session, rows: &[f64]) {
    let unmatched = rows.iter().filter(|r| crate::value::is_missing(**r)).count();
    let current = s.frames.current.clone();
    s.print(match unmatched {
        0 => format!("  (all observations in frame {current} matched)"),
        1 => format!("  (1 observation in frame {current} unmatched)"),
        n => format!("  ({n} observations in frame {current} unmatched)"),
    });
    let mut results = Results::default();
    results.scalar("unmatched", unmatched as f64);
    s.r = results;
}

/// Link variables of the current frame.
fn links(s: &Session) -> Vec<String> {
    let is_link = |name: &&str| !s.frame.char(name, LINK_FRAME).is_empty();
    (0..s.frame.n_vars()).map(|i| s.frame.var(i).name.as_str()).filter(is_link).map(str::to_string).collect()
}

fn list(s: &mut Session, names: &[String]) {
    for name in names {
        let get = |key: &str| s.frame.char(name, key).to_string();
        let line = format!(
            "  {name}: {} {} -> frame {} ({})",
            get(LINK_MODE),
            get(LINK_KEYS),
            get(LINK_FRAME),
            get(LINK_OTHER_KEYS)
        );
        s.print(line);
    }
    let mut results = Results::default();
    results.scalar("n_vars", names.len() as f64).text("vars", names.join(" "));
    s.r = results;
}

fn rebuild(s: &mut Session, variable: &str) -> Result<()> {
    let position = s.variable(variable)?;
    let name = s.frame.var(position).name.clone();
    let get = |key: &str| s.frame.char(&name, key).to_string();
    let made = Made {
        mode: get(LINK_MODE),
        keys: get(LINK_KEYS),
        other_keys: get(LINK_OTHER_KEYS),
        frame: get(LINK_FRAME),
    };
    if made.frame.is_empty() {
        return Err(StataError::new(111, format!("{name} is not a link variable")));
    }
    let rows = match_rows(s, &made)?;
    s.frame.set_column(position, Column::from_f64(StorageType::Long, &rows));
    report(s, &rows);
    Ok(())
}

fn run_get(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut parts = ParsedCommand::split("frget", &cmd.raw, true)?;
    let options =
        [OptSpec::text("from"), OptSpec::text("PREfix"), OptSpec::text("SUFfix"), OptSpec::text("EXCLude")];
    parts.check_options(&options, &[])?;
    let text = |name: &str| parts.options.text(name).map_or("", str::trim);
    let link = s.link(text("from"))?;
    let other = s.other_frame(&link.frame)?;
    let abbreviates = s.settings.varabbrev;
    let pairs: Vec<(usize, String)> = if let Some(source) = &parts.exp {
        vec![(other.find_abbrev(source.trim(), abbreviates)?, parts.list.trim().to_string())]
    } else {
        let chosen = varlist::resolve_unique(other, &parts.list, abbreviates)?;
        let excluded = varlist::resolve_unique(other, text("exclude"), abbreviates)?;
        // a pattern stands for what can be copied, a name for itself
        let named = |v: &usize| parts.list.split_whitespace().any(|w| w == other.var(*v).name);
        let new_name = |v: &usize| format!("{}{}{}", text("prefix"), other.var(*v).name, text("suffix"));
        chosen
            .into_iter()
            .filter(|v| !excluded.contains(v))
            .filter(|v| named(v) || !link.other_keys.contains(v))
            .map(|v| (v, new_name(&v)))
            .collect()
    };
    for (_, name) in &pairs {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if s.frame.find(name).is_some() {
            return Err(StataError::already_defined(name));
        }
    }
    let mut made = Vec::new();
    for (source, name) in &pairs {
        let old = other.var(*source);
        let column = old.data.gather(link.rows.iter().copied());
        let variable = Variable { name: name.clone(), data: std::sync::Arc::new(column), ..old.clone() };
        let labels = other.value_labels.get(&old.value_label).cloned();
        made.push((variable, labels, old.name.clone()));
    }
    let mut results = Results::default();
    results.scalar("k", made.len() as f64);
    results.text("newlist", pairs.iter().map(|p| p.1.as_str()).collect::<Vec<_>>().join(" "));
    results.text("srclist", made.iter().map(|m| m.2.as_str()).collect::<Vec<_>>().join(" "));
    let plural = if made.len() == 1 { "variable" } else { "variables" };
    s.print(format!("  ({} {plural} copied from linked frame)", made.len()));
    for (variable, labels, _) in made {
        if let Some(labels) = labels {
            s.frame.value_labels.entry(variable.value_label.clone()).or_insert(labels);
        }
        s.frame.add(variable)?;
    }
    s.r = results;
    Ok(())
}
