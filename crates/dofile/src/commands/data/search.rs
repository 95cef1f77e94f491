//! `lookfor`, `mvdecode`, `mvencode`, `insheet`: finding variables, codes for missing values, old imports.

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::{unquote, words};
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::is_missing;

const DECODE: StandardSyntax = StandardSyntax::new(&[OptSpec::text("mv"), OptSpec::flag("override")]);
const INSHEET: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("Tab"),
    OptSpec::flag("Comma"),
    OptSpec::text("Delimiter"),
    OptSpec::flag("clear"),
    OptSpec::flag("noNames"),
    OptSpec::flag("Names"),
    OptSpec::flag("Double"),
    OptSpec::flag("case"),
])
.using(Using::Required);

pub(super) const SPEC_LOOKFOR: CommandSpec = CommandSpec {
    name: "lookfor",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: lookfor,
    syntax: "lookfor string [string ...]",
    notes: "stores r(varlist): variables whose name or label holds a string, capitals ignored",
    examples: &[Example {
        run: "set obs 1\ngenerate pay = 1\ngenerate x = 1\nlabel variable x \"Hourly PAY\"\ngenerate z = 1\nlookfor pay\nscalar ok = \"`r(varlist)'\" == \"pay x\"",
        expect: &[("ok", 1.0)],
    }],
};
pub(super) const SPEC_MVDECODE: CommandSpec = CommandSpec {
    name: "mvdecode",
    min: 8,
    form: Form::Standard(&DECODE),
    by: ByRule::No,
    run: mvdecode,
    syntax: "mvdecode varlist [if] [in], mv(numlist | numlist=mvc [\\ numlist=mvc ...])",
    notes: "numbers become missing values; no results",
    examples: &[Example {
        run: "set obs 4\ngenerate x = cond(_n == 1, 99, cond(_n == 2, -1, _n))\nmvdecode x, mv(99 = .a \\ -1)\ncount if x == .a\nscalar a = r(N)\ncount if x == .",
        expect: &[("a", 1.0), ("r(N)", 1.0)],
    }],
};
pub(super) const SPEC_MVENCODE: CommandSpec = CommandSpec {
    name: "mvencode",
    min: 8,
    form: Form::Standard(&DECODE),
    by: ByRule::No,
    run: mvencode,
    syntax: "mvencode varlist [if] [in], mv(# | mvc=# [\\ mvc=# ...] [\\ else=#]) [override]",
    notes: "missing values become numbers; r(9) when the number occurs already (override allows it); no results",
    examples: &[Example {
        run: "set obs 3\ngenerate x = cond(_n == 1, ., cond(_n == 2, .b, 3))\nmvencode x, mv(.b = -2 \\ -1)",
        expect: &[("x[1]", -1.0), ("x[2]", -2.0)],
    }],
};
pub(super) const SPEC_INSHEET: CommandSpec = CommandSpec {
    name: "insheet",
    min: 7,
    form: Form::Standard(&INSHEET),
    by: ByRule::No,
    run: insheet,
    syntax: "insheet [varlist] using filename [, tab comma delimiter(\"char\") names nonames double case clear]",
    notes: "import delimited under its old name; stores r(N), r(k)",
    examples: &[Example {
        run: "set obs 2\ngenerate double a = _n/8\ntempfile f\nexport delimited using \"`f'\", replace\ninsheet using \"`f'\", clear double",
        expect: &[("a[2]", 0.25), ("r(N)", 2.0)],
    }],
};

fn lookfor(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let wanted: Vec<String> = words(&cmd.raw).into_iter().map(|w| unquote(w).to_lowercase()).collect();
    if wanted.is_empty() {
        return Err(StataError::standard(100));
    }
    let hit = |v: &&Variable| {
        wanted.iter().any(|w| v.name.to_lowercase().contains(w) || v.label.to_lowercase().contains(w))
    };
    let found: Vec<(String, String)> =
        s.frame.vars().iter().filter(hit).map(|v| (v.name.clone(), v.label.clone())).collect();
    for (name, label) in &found {
        s.print(format!("{:<14} {label}", crate::format::abbrev(name, 13)));
    }
    let mut r = crate::results::Results::default();
    r.text("varlist", found.into_iter().map(|f| f.0).collect::<Vec<_>>().join(" "));
    s.r = r;
    Ok(())
}

/// Rules of `mv()`: what is on both sides of `=`.
fn rules(cmd: &ParsedCommand) -> Result<Vec<(String, String)>> {
    let text = cmd.options.text("mv").ok_or_else(|| StataError::invalid("option mv() required"))?;
    Ok(text
        .split('\\')
        .map(|r| match r.split_once('=') {
            Some((a, b)) => (a.trim().to_string(), b.trim().to_string()),
            None => (r.trim().to_string(), String::new()),
        })
        .collect())
}

fn variables(s: &Session, cmd: &ParsedCommand) -> Result<Vec<usize>> {
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    Ok(vars.into_iter().filter(|&v| !s.frame.var(v).is_string()).collect())
}

/// Applies a mapping; storage types are widened where a value needs it.
fn map(s: &mut Session, v: usize, touse: &[bool], f: impl Fn(f64) -> f64) -> usize {
    let column = s.frame.var(v).data.clone();
    let mut changed = 0;
    let values: Vec<f64> = (0..touse.len())
        .map(|r| {
            let x = column.num(r);
            let y = if touse[r] { f(x) } else { x };
            changed += usize::from(y.to_bits() != x.to_bits());
            y
        })
        .collect();
    let ty = values.iter().fold(column.storage_type(), |t, &x| t.promoted_for(x));
    s.frame.set_column(v, Column::from_f64(ty, &values));
    changed
}

fn mvdecode(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let touse = s.rows(cmd)?;
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    for (numbers, code) in rules(cmd)? {
        let to = if code.is_empty() {
            crate::value::MISSING
        } else {
            parse_number(&code).filter(|x| is_missing(*x)).ok_or_else(StataError::syntax)?
        };
        pairs.extend(numlist::expand(&numbers)?.into_iter().map(|x| (x, to)));
    }
    for v in variables(s, cmd)? {
        let n = map(s, v, &touse, |x| pairs.iter().find(|p| p.0 == x).map_or(x, |p| p.1));
        let name = s.frame.var(v).name.clone();
        if n > 0 {
            s.print(format!("{name:>12}: {n} missing value{} generated", if n == 1 { "" } else { "s" }));
        }
    }
    Ok(())
}

fn mvencode(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let touse = s.rows(cmd)?;
    let mut pairs: Vec<(Option<f64>, f64)> = Vec::new();
    for (a, b) in rules(cmd)? {
        let (from, to) = if b.is_empty() {
            (None, &a)
        } else if a == "else" {
            (None, &b)
        } else {
            (Some(parse_number(&a).filter(|x| is_missing(*x)).ok_or_else(StataError::syntax)?), &b)
        };
        pairs.push((from, parse_number(to).filter(|x| !is_missing(*x)).ok_or_else(StataError::syntax)?));
    }
    let vars = variables(s, cmd)?;
    if !cmd.has("override") {
        for &v in &vars {
            let taken =
                (0..touse.len()).any(|r| touse[r] && pairs.iter().any(|p| p.1 == s.frame.num_at(v, r)));
            if taken {
                let name = &s.frame.var(v).name;
                return Err(StataError::new(
                    9,
                    format!("{name}: the number occurs already in {name}; no action taken"),
                ));
            }
        }
    }
    for v in vars {
        let n = map(s, v, &touse, |x| match is_missing(x) {
            true => pairs.iter().find(|p| p.0.is_none_or(|f| f == x)).map_or(x, |p| p.1),
            false => x,
        });
        let name = s.frame.var(v).name.clone();
        if n > 0 {
            s.print(format!("{name:>12}: {n} missing value{} recoded", if n == 1 { "" } else { "s" }));
        }
    }
    Ok(())
}

fn insheet(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let file = cmd.using.clone().unwrap_or_default();
    let mut options = String::new();
    let mut add = |text: &str| {
        options.push(' ');
        options.push_str(text);
    };
    if cmd.has("tab") {
        add("delimiters(\"\\t\")");
    }
    if cmd.has("comma") {
        add("delimiters(\",\")");
    }
    if let Some(d) = cmd.options.text("delimiter") {
        add(&format!("delimiters({d})"));
    }
    if cmd.option_text.split_whitespace().any(|o| o.starts_with("non")) {
        add("varnames(nonames)");
    }
    if cmd.has("double") {
        add("asdouble");
    }
    if cmd.has("case") {
        add("case(preserve)");
    }
    if cmd.has("clear") {
        add("clear");
    }
    s.run_expanded(&format!("import delimited {} using \"{file}\",{options}", cmd.list)).map(|_| ())
}
