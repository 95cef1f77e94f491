//! `serrbar` and `xtline`: charts that are combinations of `twoway` plots ([R] serrbar, [XT] xtline).

use super::twoway;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};

/// `serrbar`.
pub(super) const SERRBAR: CommandSpec = CommandSpec {
    name: "serrbar",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: serrbar,
    syntax: "serrbar mvar svar xvar [if] [in] [, scale(#) twoway_options]",
    notes: "capped bars from mvar - scale*svar to mvar + scale*svar with their middle; scale(1) by default; no results; [R] serrbar",
    examples: &[Example {
        run: "input m se x\n1 .2 1\n2 .3 2\nend\nserrbar m se x, scale(1.96)\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg\ndescribe, short",
        expect: &[("rc", 0.0), ("r(k)", 3.0)],
    }],
};

/// `xtline`.
pub(super) const XTLINE: CommandSpec = CommandSpec {
    name: "xtline",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run: xtline,
    syntax: "xtline varlist [if] [in] [, i(varname) t(varname) overlay twoway_options]",
    notes: "a panel of the chart for each unit of xtset; overlay draws one line for each unit; no results; [XT] xtline",
    examples: &[Example {
        run: "input id t y\n1 1 2\n1 2 3\n2 1 1\n2 2 5\nend\nxtset id t\nxtline y, overlay\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg\nxtline y",
        expect: &[("rc", 0.0)],
    }],
};

/// Names of the limits while they are drawn; no user's name begins like this.
const LIMITS: [&str; 2] = ["__serrbar_low", "__serrbar_high"];

/// Options as text without those that `own` takes.
fn further(text: &str, mut own: impl FnMut(&str, Option<&str>) -> Result<bool>) -> Result<String> {
    let mut rest = String::new();
    for (name, argument) in split_options(text)? {
        if own(&name, argument.as_deref())? {
            continue;
        }
        rest.push(' ');
        rest.push_str(&name);
        if let Some(argument) = argument {
            rest.push_str(&format!("({argument})"));
        }
    }
    Ok(rest)
}

/// `if` and `in` of a command as text.
fn selection(cmd: &ParsedCommand) -> String {
    let mut out = String::new();
    if let Some(text) = &cmd.if_exp {
        out.push_str(&format!(" if {text}"));
    }
    if let Some(text) = &cmd.in_range {
        out.push_str(&format!(" in {text}"));
    }
    out
}

fn serrbar(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let own = ParsedCommand::split("serrbar", &cmd.raw, false)?;
    let variables = s.varlist(&own.list)?;
    let [m, se, x] = variables[..] else {
        return Err(StataError::standard(if variables.len() < 3 { 102 } else { 103 }));
    };
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut scale = 1.0;
    let rest = further(&own.option_text, |name, argument| {
        if !abbreviates(name, "SCale") {
            return Ok(false);
        }
        let wrong = || StataError::invalid("scale() needs a number");
        scale = argument.and_then(parse_number).ok_or_else(wrong)?;
        Ok(true)
    })?;
    let (m, se) = (s.frame.numeric(m)?.to_vec(), s.frame.numeric(se)?.to_vec());
    for (name, sign) in LIMITS.into_iter().zip([-scale, scale]) {
        let limit = |(m, se): (&f64, &f64)| {
            if is_missing(*m) || is_missing(*se) { MISSING } else { m + sign * se }
        };
        s.frame.add(Variable::new(name, Column::Double(m.iter().zip(&se).map(limit).collect())))?;
    }
    let names: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let chosen = selection(&own);
    let (mean, x) = (&names[0], &s.frame.var(x).name.clone());
    let text = format!(
        "(rcap {} {} {x}{chosen}) (scatter {mean} {x}{chosen}), legend(off) ytitle(\"{mean}\"){rest}",
        LIMITS[1], LIMITS[0]
    );
    let result = twoway::run(s, &text, None);
    let gone: Vec<usize> = LIMITS.iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&gone);
    result
}

fn xtline(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let own = ParsedCommand::split("xtline", &cmd.raw, false)?;
    let (mut unit, mut time, mut overlay) = (None, None, false);
    let rest = further(&own.option_text, |name, argument| {
        match (name, argument) {
            ("i", Some(text)) => unit = Some(s.variable(text)?),
            ("t", Some(text)) => time = Some(s.variable(text)?),
            (name, None) if abbreviates(name, "OVerlay") => overlay = true,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let declared = Panel::of(&s.frame);
    let missing =
        || StataError::new(459, "panel and time variables not set; use xtset or options i() and t()");
    let from = |pick: fn(&Panel) -> Option<usize>| declared.as_ref().ok().and_then(pick).ok_or_else(missing);
    let unit = unit.map_or_else(|| from(|p| p.panel), Ok)?;
    let time = time.map_or_else(|| from(|p| p.time), Ok)?;
    let variables = s.varlist(&own.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    let name = |v: usize| s.frame.var(v).name.clone();
    let list: Vec<String> = variables.iter().map(|v| name(*v)).collect();
    let (list, unit_name, time_name, chosen) = (list.join(" "), name(unit), name(time), selection(&own));
    if !overlay {
        let text = format!("(line {list} {time_name}{chosen}, sort), by({unit_name}){rest}");
        return twoway::run(s, &text, None);
    }
    if variables.len() > 1 {
        return Err(StataError::invalid("overlay may be specified with one variable only"));
    }
    let text = lines(s, &own, (&list, &time_name), unit)? + &rest;
    twoway::run(s, &text, None)
}

/// One line for each unit, with its value or label in the legend.
fn lines(s: &Session, own: &ParsedCommand, (y, time): (&str, &str), unit: usize) -> Result<String> {
    let touse = s.rows(own)?;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    rows.sort_by(|a, b| s.frame.compare(unit, *a, *b));
    rows.dedup_by(|a, b| s.frame.compare(unit, *a, *b).is_eq());
    let (mut plots, mut order) = (String::new(), String::new());
    for (k, row) in rows.iter().enumerate() {
        let label = crate::ops::record_groups::value_text(s, unit, *row);
        let variable = s.frame.var(unit);
        let value =
            if variable.is_string() { format!("\"{label}\"") } else { variable.data.num(*row).to_string() };
        let also = own.if_exp.as_ref().map_or(String::new(), |text| format!(" & ({text})"));
        let range = own.in_range.as_ref().map_or(String::new(), |text| format!(" in {text}"));
        plots.push_str(&format!("(line {y} {time} if {} == {value}{also}{range}, sort) ", variable.name));
        order.push_str(&format!(" {} \"{label}\"", k + 1));
    }
    Ok(format!("{plots}, ytitle(\"{y}\") legend(order({}))", order.trim()))
}
