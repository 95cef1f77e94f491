//! `greshape`: `reshape` with the options by() and keys(), and `gather` and `spread`. Written from the help file of gtools.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    notes: "long and wide as reshape, with by() for i() and keys() for j(); gather stacks variables of one type into values() with their names (uselabels: labels) in keys(); spread is its inverse; missing values are kept; the options match() of regular expressions, fast and dropmiss are refused; no results",
    examples: &[
        Example {
            run: "set obs 2\ngenerate id = _n\ngenerate x1 = 10*_n\ngenerate x2 = 20*_n\ngreshape long x, by(id) keys(t)\nscalar n = _N\nscalar v = x[2]\ngreshape wide x, i(id) j(t)",
            expect: &[("n", 4.0), ("v", 20.0), ("x2[2]", 40.0), ("_N", 2.0)],
        },
        Example {
            run: "set obs 2\ngenerate id = _n\ngenerate a = _n\ngenerate b = 5*_n\ngreshape gather a b, values(v) keys(k)\nscalar v = v[4]\nscalar s = k[4] == \"b\"\ngreshape spread v, keys(k) by(id)",
            expect: &[("v", 10.0), ("s", 1.0), ("b[2]", 10.0), ("_N", 2.0)],
        },
    ],
    ..CommandSpec::raw(
        "greshape",
        8,
        run,
        "greshape {long|wide} stubs, by(varlist) keys(varname) [string]; greshape gather varlist, values(newvar) keys(newvar) [uselabels]; greshape spread varlist, keys(varname) [by(varlist)]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::text("i"),
    OptSpec::text("keys"),
    OptSpec::text("j"),
    OptSpec::text("values"),
    OptSpec::flag("string"),
    OptSpec::flag("uselabels"),
];
const REFUSED: &[&str] = &[
    "match",
    "fast",
    "dropmiss",
    "unsorted",
    "nochecks",
    "nomisscheck",
    "xi",
    "prefix",
    "labelformat",
    "check",
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (kind, rest) = raw.split_once(char::is_whitespace).unwrap_or((raw, ""));
    let mut inner = ParsedCommand::split("greshape", rest, false)?;
    inner.check_options(OPTIONS, REFUSED)?;
    if inner.if_exp.is_some() || inner.in_range.is_some() {
        return Err(StataError::invalid("if and in not allowed"));
    }
    let either = |a: &str, b: &str| inner.options.text(a).or(inner.options.text(b)).map(str::to_string);
    let (ids, keys) = (either("by", "i"), either("keys", "j"));
    match kind {
        "long" | "wide" => {
            let ids = ids.ok_or_else(|| StataError::invalid("option by() required"))?;
            let text = |k: &String| s.variable(k).is_ok_and(|v| s.frame.var(v).is_string());
            let texts = kind == "wide" && keys.as_ref().is_some_and(text);
            let keys = keys.map_or_else(String::new, |k| format!(" j({k})"));
            let string = if inner.has("string") || texts { " string" } else { "" };
            s.run_expanded(&format!("reshape {kind} {}, i({ids}){keys}{string}", inner.list)).map(|_| ())
        }
        "gather" => gather(s, &inner, keys),
        "spread" => spread(s, &inner, ids, keys),
        _ => Err(StataError::invalid(format!("subcommand greshape {kind} is not known"))),
    }
}

fn gather(s: &mut Session, cmd: &ParsedCommand, keys: Option<String>) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    let keys = keys.ok_or_else(|| StataError::invalid("option keys() required"))?;
    let values = cmd.options.text("values").ok_or_else(|| StataError::invalid("option values() required"))?;
    let strings = vars.iter().filter(|v| s.frame.var(**v).is_string()).count();
    if strings != 0 && strings != vars.len() {
        return Err(StataError::type_mismatch());
    }
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    for name in [keys.as_str(), values] {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if s.frame.find(name).is_some_and(|v| !vars.contains(&v)) {
            return Err(StataError::already_defined(name));
        }
    }
    let (n, k) = (s.frame.n_rows(), vars.len());
    let old: Vec<Variable> = vars.iter().map(|v| s.frame.var(*v).clone()).collect();
    s.room_for((n * k) as f64, 0.0)?;
    s.frame.gather_rows((0..n * k).map(|r| Some(r / k)));
    s.frame.drop_vars(&vars);
    let names = (0..n * k).map(|r| {
        let v = &old[r % k];
        let text = if cmd.has("uselabels") && !v.label.is_empty() { &v.label } else { &v.name };
        text.as_str().into()
    });
    s.frame.add(Variable::new(&keys, Column::from_strings(names.collect())))?;
    let column = if strings > 0 {
        Column::from_strings((0..n * k).map(|r| old[r % k].data.str(r / k).into()).collect())
    } else {
        let all: Vec<f64> = (0..n * k).map(|r| old[r % k].data.num(r / k)).collect();
        Column::from_f64(all.iter().fold(StorageType::Byte, |t, x| t.promoted_for(*x)), &all)
    };
    s.frame.add(Variable::new(values, column)).map(|_| ())
}

fn spread(s: &mut Session, cmd: &ParsedCommand, ids: Option<String>, keys: Option<String>) -> Result<()> {
    let keys = keys.ok_or_else(|| StataError::invalid("option keys() required"))?;
    let key = s.variable(&keys)?;
    let vars = s.varlist(&cmd.list)?;
    let [value] = vars[..] else {
        return Err(StataError::unsupported_option("greshape spread", "several variables"));
    };
    let value = s.frame.var(value).name.clone();
    let ids = match ids {
        Some(ids) => ids,
        None => (0..s.frame.n_vars())
            .filter(|v| *v != key && s.frame.var(*v).name != value)
            .map(|v| s.frame.var(v).name.clone())
            .collect::<Vec<_>>()
            .join(" "),
    };
    let string = if s.frame.var(key).is_string() { " string" } else { "" };
    let before: Vec<String> = s.frame.vars().iter().map(|v| v.name.clone()).collect();
    quietly(s, &format!("reshape wide {value}, i({ids}) j({keys}){string}"))?;
    let made: Vec<usize> = (0..s.frame.n_vars())
        .filter(|v| !string.is_empty() && !before.contains(&s.frame.var(*v).name))
        .collect();
    for v in made {
        let name = s.frame.var(v).name[value.len()..].to_string();
        s.frame.rename(v, &name)?;
    }
    Ok(())
}
