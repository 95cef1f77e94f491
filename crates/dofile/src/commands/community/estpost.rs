//! `estpost`: posts the results of a command without estimates in `e()`, so that `esttab` can show them.

use super::{estpost_groups, estpost_tables};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, front_and_options, words};
use crate::value::MISSING;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "summarize: e(count sum_w mean Var sd min max sum), with detail also skewness kurtosis p1 ... p99; tabulate: e(b pct cumpct), with two variables e(b pct colpct rowpct) with an equation for each column, and scalars of tabulate; correlate: e(b rho p count), with matrix the lower triangle with an equation for each column; svy: tabulate: e(b se lb ub deff deft cell count obs), with two variables also e(row col), missing errors for the total of shares; ttest: e(b count se t df_t p_l p p_u N_1 mu_1 N_2 mu_2); tabstat: a vector for each variable, or for each statistic with columns(statistics), by() as equations; all matrices with one column for each variable or value; see estout (SSC)",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = 2*_n\nestpost summarize x y\nscalar m = el(e(mean),1,2)\nestpost correlate x y\nscalar r = el(e(b),1,1)",
        expect: &[("m", 7.0), ("r", 1.0)],
    }],
    ..CommandSpec::raw(
        "estpost",
        7,
        run,
        "estpost {summarize [varlist] [, detail listwise] | tabulate varname [varname] [, missing nototal sort chi2 lrchi2 exact V gamma taub] | correlate varlist [, matrix nohalf listwise bonferroni sidak] | svy [, svy_options]: tabulate varname [varname] [, nototal svy_tabulate_options] | ttest varlist, by(groupvar) | tabstat varlist [, by() statistics() columns() listwise]} [if] [in] [weight]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (word, rest) = raw.split_at(raw.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(raw.len()));
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let is_survey = cmd.raw.trim().strip_prefix("svy").is_some_and(|r| r.starts_with([':', ',', ' ']));
    let posted = if is_survey {
        estpost_tables::survey(s, cmd.raw.trim())?
    } else if is("summarize", 2) {
        summarize(s, rest)?
    } else if is("tabulate", 2) {
        estpost_tables::tabulate(s, rest)?
    } else if is("correlate", 3) {
        estpost_tables::correlate(s, rest)?
    } else if word == "ttest" {
        estpost_groups::ttest(s, rest)?
    } else if is("tabstat", 4) {
        estpost_groups::tabstat(s, rest)?
    } else {
        return Err(StataError::unsupported_option("estpost", word));
    };
    let Posted { subcommand, n, stripe, columns, scalars } = posted;
    let mut est = Estimation::default();
    for (name, values) in columns {
        est.results.matrix(&name, Matrix::row_vector(values, stripe.clone()));
    }
    for (name, value) in scalars {
        est.results.scalar(&name, value);
    }
    est.results.text("cmd", "estpost").text("subcmd", subcommand).scalar("N", n);
    let touse = vec![true; s.frame.n_rows()];
    show(s, &est.results);
    s.post_estimation(est, touse);
    Ok(())
}

/// What a subcommand posts.
pub(super) struct Posted {
    pub subcommand: &'static str,
    /// Number of observations.
    pub n: f64,
    /// Names of the columns.
    pub stripe: Vec<Stripe>,
    pub columns: Vec<(String, Vec<f64>)>,
    pub scalars: Vec<(String, f64)>,
}

/// The text before the comma, the variables of its list, and the rest from `if`, `in` or a weight on.
pub(super) fn parts(s: &Session, rest: &str) -> Result<(Vec<usize>, String, String)> {
    let (body, options) = front_and_options(rest);
    let parsed = ParsedCommand::split("estpost", body, false)?;
    let list = if parsed.list.trim().is_empty() { "_all" } else { parsed.list.trim() };
    let variables = s.varlist(list)?;
    let start = body.find(parsed.list.trim()).unwrap_or(0) + parsed.list.trim().len();
    Ok((variables, body[start..].to_string(), options.to_string()))
}

pub(super) fn owned(columns: Vec<(&str, Vec<f64>)>) -> Vec<(String, Vec<f64>)> {
    columns.into_iter().map(|(name, values)| (name.to_string(), values)).collect()
}

const SUMMARY: [(&str, &str); 8] = [
    ("count", "N"),
    ("sum_w", "sum_w"),
    ("mean", "mean"),
    ("Var", "Var"),
    ("sd", "sd"),
    ("min", "min"),
    ("max", "max"),
    ("sum", "sum"),
];
const DETAIL: [&str; 11] =
    ["skewness", "kurtosis", "p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99"];

fn summarize(s: &mut Session, rest: &str) -> Result<Posted> {
    let (variables, mut condition, options) = parts(s, rest)?;
    let mut detail = false;
    for option in words(&options) {
        match option {
            o if "detail".starts_with(o) => detail = true,
            o if o.len() >= 3 && "quietly".starts_with(o) => {}
            o if "listwise".starts_with(o) || (o.len() >= 4 && "casewise".starts_with(o)) => {
                condition = listwise(s, &variables, &condition)?;
            }
            other => return Err(StataError::unsupported_option("estpost summarize", other)),
        }
    }
    let mut columns: Vec<(&str, Vec<f64>)> = SUMMARY.iter().map(|(name, _)| (*name, Vec::new())).collect();
    if detail {
        columns.extend(DETAIL.iter().map(|name| (*name, Vec::new())));
    }
    let mut stripe = Vec::new();
    let mut most = 0.0_f64;
    for variable in variables {
        let name = s.frame.var(variable).name.clone();
        let option = if detail { ", detail" } else { "" };
        crate::ops::run::quietly(s, &format!("summarize {name} {condition}{option}"))?;
        for (name, values) in &mut columns {
            let source = SUMMARY.iter().find(|(own, _)| own == name).map_or(*name, |(_, source)| source);
            values.push(s.r.get_scalar(source).unwrap_or(MISSING));
        }
        most = most.max(s.r.get_scalar("N").unwrap_or(0.0));
        stripe.push(Stripe::term(name));
    }
    Ok(Posted { subcommand: "summarize", n: most, stripe, columns: owned(columns), scalars: Vec::new() })
}

/// The text from `if`, `in` or a weight on with the condition that all variables are known.
pub(super) fn listwise(s: &Session, variables: &[usize], condition: &str) -> Result<String> {
    let names: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let parsed = ParsedCommand::split("estpost", condition, false)?;
    let own = parsed.if_exp.map_or(String::new(), |exp| format!(" & ({exp})"));
    let range = parsed.in_range.map_or(String::new(), |range| format!(" in {range}"));
    let weight = condition.find('[').filter(|_| parsed.weight.is_some()).map_or("", |at| &condition[at..]);
    Ok(format!("if !missing({}){own}{range} {weight}", names.join(", ")))
}

/// Prints the vectors side by side.
fn show(s: &mut Session, results: &Results) {
    let shown: Vec<(String, Matrix)> =
        results.matrices.iter().take(8).map(|(n, m)| (format!("e({n})"), m.clone())).collect();
    let heads: String = shown.iter().map(|(n, _)| format!("{n:>10}")).collect();
    s.print("");
    s.print(format!("{:>12} |{heads}", ""));
    s.print(format!("{}+{}", "-".repeat(13), "-".repeat(10 * shown.len())));
    let names = shown.first().map(|(_, m)| m.col_names.clone()).unwrap_or_default();
    let mut equation = "";
    for (j, name) in names.iter().enumerate() {
        if name.eq != equation {
            equation = &name.eq;
            s.print(format!("{:<12} |", crate::format::abbrev(equation, 12)));
        }
        let cells: String = shown
            .iter()
            .map(|(_, m)| format!("{:>10}", crate::format::bare("%9.0g", m.get(0, j)).trim()))
            .collect();
        s.print(format!("{:>12} |{cells}", crate::format::abbrev(&name.name, 12)));
    }
}
