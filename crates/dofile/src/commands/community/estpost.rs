//! `estpost`: posts the results of a command without estimates in `e()`, so that `esttab` can show them.

use super::estpost_groups;
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, top_level_comma, words};
use crate::value::MISSING;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "summarize: e(count sum_w mean Var sd min max sum), with detail also skewness kurtosis p1 ... p99; tabulate (one-way): e(b pct cumpct); correlate: e(b rho p count); ttest: e(b count se t df_t p_l p p_u N_1 mu_1 N_2 mu_2); tabstat: a vector for each variable, or for each statistic with columns(statistics), by() as equations; all matrices with one column for each variable or value; see estout (SSC)",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = 2*_n\nestpost summarize x y\nscalar m = el(e(mean),1,2)\nestpost correlate x y\nscalar r = el(e(b),1,1)",
        expect: &[("m", 7.0), ("r", 1.0)],
    }],
    ..CommandSpec::raw(
        "estpost",
        7,
        run,
        "estpost {summarize [varlist] [, detail] | tabulate varname | correlate varlist | ttest varlist, by(groupvar) | tabstat varlist [, by() statistics() columns() listwise]} [if] [in] [weight]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, rest) = cmd.raw.trim().split_once(char::is_whitespace).unwrap_or((cmd.raw.trim(), ""));
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let posted = if is("summarize", 2) {
        summarize(s, rest)?
    } else if is("tabulate", 2) {
        tabulate(s, rest)?
    } else if is("correlate", 3) {
        correlate(s, rest)?
    } else if word == "ttest" {
        estpost_groups::ttest(s, rest)?
    } else if is("tabstat", 4) {
        estpost_groups::tabstat(s, rest)?
    } else {
        return Err(StataError::unsupported_option("estpost", word));
    };
    let (subcommand, n, stripe, columns) = posted;
    let mut est = Estimation::default();
    for (name, values) in columns {
        est.results.matrix(&name, Matrix::row_vector(values, stripe.clone()));
    }
    est.results.text("cmd", "estpost").text("subcmd", subcommand).scalar("N", n);
    let touse = vec![true; s.frame.n_rows()];
    show(s, &est.results);
    s.post_estimation(est, touse);
    Ok(())
}

/// Name of the subcommand, number of observations, names of the columns, and the vectors.
pub(super) type Posted = (&'static str, f64, Vec<Stripe>, Vec<(String, Vec<f64>)>);

/// The text before the comma, the variables of its list, and the rest from `if`, `in` or a weight on.
pub(super) fn parts(s: &Session, rest: &str) -> Result<(Vec<usize>, String, String)> {
    let (body, options) = match top_level_comma(rest) {
        Some(i) => (rest[..i].trim(), rest[i + 1..].trim()),
        None => (rest.trim(), ""),
    };
    let parsed = ParsedCommand::split("estpost", body, false)?;
    let list = if parsed.list.trim().is_empty() { "_all" } else { parsed.list.trim() };
    let variables = s.varlist(list)?;
    let start = body.find(parsed.list.trim()).unwrap_or(0) + parsed.list.trim().len();
    Ok((variables, body[start..].to_string(), options.to_string()))
}

fn owned(columns: Vec<(&str, Vec<f64>)>) -> Vec<(String, Vec<f64>)> {
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
    let (variables, condition, options) = parts(s, rest)?;
    let mut detail = false;
    for option in words(&options) {
        match option {
            o if "detail".starts_with(o) => detail = true,
            "quietly" => {}
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
    Ok(("summarize", most, stripe, owned(columns)))
}

fn tabulate(s: &mut Session, rest: &str) -> Result<Posted> {
    let (variables, condition, options) = parts(s, rest)?;
    let [variable] = variables[..] else {
        return Err(StataError::unsupported_option("estpost tabulate", "with two variables"));
    };
    let missing = match options.as_str() {
        "" => "",
        o if o.len() >= 2 && "missing".starts_with(o) => "missing",
        o => return Err(StataError::unsupported_option("estpost tabulate", o)),
    };
    let name = s.frame.var(variable).name.clone();
    let option = format!("matrow(__estpost_rows) matcell(__estpost_cells) {missing}");
    crate::ops::run::quietly(s, &format!("tabulate {name} {condition}, {option}"))?;
    let take = |s: &mut Session, name: &str| {
        let found = s.matrix(name).map(|m| m.values().to_vec()).unwrap_or_default();
        _ = s.run_expanded(&format!("matrix drop {name}"));
        found
    };
    let counts = take(s, "__estpost_cells");
    let levels = take(s, "__estpost_rows");
    let total: f64 = counts.iter().sum();
    let label = |x: &f64| {
        let text = s.frame.labels_of(variable).and_then(|l| l.get(*x));
        text.map_or_else(|| crate::format::bare("%9.0g", *x).trim().to_string(), str::to_string)
    };
    let mut stripe: Vec<Stripe> = levels.iter().map(|x| Stripe::term(label(x))).collect();
    stripe.push(Stripe::term("Total"));
    let share: Vec<f64> = counts.iter().map(|c| 100.0 * c / total).collect();
    let mut cumulated: Vec<f64> = share
        .iter()
        .scan(0.0, |sum, x| {
            *sum += x;
            Some(*sum)
        })
        .collect();
    cumulated.push(MISSING);
    let with_total = |mut values: Vec<f64>, last: f64| {
        values.push(last);
        values
    };
    let columns =
        vec![("b", with_total(counts, total)), ("pct", with_total(share, 100.0)), ("cumpct", cumulated)];
    Ok(("tabulate", total, stripe, owned(columns)))
}

fn correlate(s: &mut Session, rest: &str) -> Result<Posted> {
    let (variables, condition, options) = parts(s, rest)?;
    if let Some(option) = words(&options).first() {
        return Err(StataError::unsupported_option("estpost correlate", option));
    }
    let Some((first, others)) = variables.split_first().filter(|(_, o)| !o.is_empty()) else {
        return Err(StataError::standard(102));
    };
    let name = |s: &Session, v: usize| s.frame.var(v).name.clone();
    let mut columns = [("b", Vec::new()), ("rho", Vec::new()), ("p", Vec::new()), ("count", Vec::new())];
    let mut stripe = Vec::new();
    for other in others {
        let (left, right) = (name(s, *first), name(s, *other));
        crate::ops::run::quietly(s, &format!("correlate {left} {right} {condition}"))?;
        let (rho, n) = (s.r.get_scalar("rho").unwrap_or(MISSING), s.r.get_scalar("N").unwrap_or(0.0));
        let t = rho * ((n - 2.0) / (1.0 - rho * rho)).sqrt();
        let p = crate::estimation::post::stata(estimators::wald::p_value(t, Some(n - 2.0)));
        for (slot, value) in columns.iter_mut().zip([rho, rho, p, n]) {
            slot.1.push(value);
        }
        stripe.push(Stripe::term(right));
    }
    let n = columns[3].1.iter().copied().fold(0.0, f64::max);
    Ok(("correlate", n, stripe, owned(columns.into())))
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
    for (j, name) in names.iter().enumerate() {
        let cells: String = shown
            .iter()
            .map(|(_, m)| format!("{:>10}", crate::format::bare("%9.0g", m.get(0, j)).trim()))
            .collect();
        s.print(format!("{:>12} |{cells}", crate::format::abbrev(&name.name, 12)));
    }
}
