//! `catplot`: frequencies of one, two or three categorical variables as bars. Written from the help file of Cox (2004, Stata
//! Journal 4).

use super::request::Request;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::run::shown;
use crate::session::Session;
use crate::syntax::ParsedCommand;

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "catplot",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "catplot varlist [if] [in] [, percent recast(hbar | bar | dot) var1opts() var2opts() var3opts() options of graph hbar]",
    notes: "up to three variables, the first innermost; draws graph hbar (count), over() over() unless recast(); Cox, SSC",
    examples: &[Example {
        run: "set obs 6\ngenerate g = 1 + (_n > 4)\ncatplot g\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nerase `f'.csv\nsummarize x",
        expect: &[("r(max)", 4.0), ("r(min)", 2.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let known = ["PERcent", "FRACtion", "RECast", "VAR1opts", "VAR2opts", "VAR3opts", "SORT", "DEScending"];
    let request = Request::read("catplot", cmd, &known, &[])?;
    for option in ["SORT", "DEScending"] {
        if request.has(option) {
            return Err(StataError::unsupported_option("catplot", &option.to_lowercase()));
        }
    }
    let variables = s.varlist(&request.cmd.list)?;
    match variables.len() {
        0 => return Err(StataError::standard(100)),
        1..=3 => {}
        _ => return Err(StataError::standard(103)),
    }
    let chart = match request.text("RECast").map(str::trim) {
        None => "hbar",
        Some(chart @ ("hbar" | "bar" | "dot")) => chart,
        Some(other) => {
            return Err(StataError::invalid(format!("recast({other}) must be hbar, bar or dot")));
        }
    };
    if request.has("FRACtion") {
        return Err(StataError::unsupported_option("catplot", "fraction"));
    }
    if request.text("PERcent").is_some_and(|list| !list.trim().is_empty()) {
        return Err(StataError::unsupported_option("catplot", "percent(varlist)"));
    }
    let statistic = if request.has("PERcent") { "percent" } else { "count" };
    let mut line = format!("graph {chart} ({statistic})");
    for (word, text) in [("if", &request.cmd.if_exp), ("in", &request.cmd.in_range)] {
        if let Some(text) = text {
            line.push_str(&format!(" {word} {text}"));
        }
    }
    if request.cmd.weight.is_some() {
        return Err(StataError::unsupported_option("catplot", "weights"));
    }
    line.push(',');
    for (i, v) in variables.iter().enumerate() {
        let own = ["VAR1opts", "VAR2opts", "VAR3opts"][i];
        let options = request.text(own).map_or(String::new(), |text| format!(", {text}"));
        line.push_str(&format!(" over({}{options})", s.frame.var(*v).name));
    }
    for (name, argument) in &request.rest {
        line.push_str(&argument.as_ref().map_or(format!(" {name}"), |a| format!(" {name}({a})")));
    }
    shown(s, &line)
}
