//! Results of `exlogistic` and `expoisson`: estimates, limits and tests, their table, and `estat se` ([R] exlogistic, [R] expoisson and their
//! postestimation entries).

use super::super::StandardSyntax;
use super::exact::{Exact, test_of};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::exact_conditional::{Joint, Outcome};
use estimators::exact_estimates::Estimate;
use std::sync::Arc;

/// `predict` is refused after these commands.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[]);

/// `predict`: there is no linear prediction without the conditioned constant.
pub(super) fn predict(s: &mut Session, _: &ParsedCommand) -> Result<()> {
    Err(StataError::new(321, format!("predict is not allowed after {}", s.e.cmd())))
}

/// The title of the results.
pub(super) fn title(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Binomial => "Exact logistic regression",
        Outcome::Poisson => "Exact Poisson regression",
    }
}

/// A row vector; without names its columns are `c1`, `c2` ...
pub(super) fn row(values: &[f64], names: &[String]) -> Matrix {
    let mut m = Matrix::new(1, values.len(), values.iter().map(|x| stata(*x)).collect());
    if !names.is_empty() {
        m.col_names = names.iter().map(|n| Stripe::term(n.clone())).collect();
    }
    m
}

/// The sample space of the active results; r(301) where a file has them without it.
fn exact(s: &Session) -> Result<Arc<dyn std::any::Any + Send + Sync>> {
    s.e.extra.clone().filter(|x| x.is::<Exact>()).ok_or_else(StataError::no_estimates)
}

/// Stores estimates, limits and tests of the variables.
pub(super) fn store(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = exact(s)?;
    let Some(exact) = state.downcast_ref::<Exact>() else { return Ok(()) };
    let level = level(s, cmd)?;
    let mid = cmd.has("midp");
    let wanted = cmd.options.text("mue").map(str::trim).unwrap_or("");
    let median: Vec<String> = match wanted {
        "_all" => exact.names.clone(),
        list => s.varlist(list)?.iter().map(|v| s.frame.var(*v).name.clone()).collect(),
    };
    if let Some(name) = median.iter().find(|n| !exact.names.contains(n)) {
        return Err(StataError::invalid(format!("{name} of mue() is not in the model")));
    }
    let names = &exact.names;
    let parts: Vec<_> = (0..names.len()).map(|j| exact.distribution.conditional(j)).collect();
    let found: Vec<Estimate> =
        parts.iter().zip(names).map(|(c, n)| c.estimate(level, mid, median.contains(n))).collect();
    let joint: Vec<Joint> = (0..names.len()).map(|j| exact.distribution.joint(&[j])).collect();
    for (name, _) in names.iter().zip(&parts).filter(|(_, part)| part.is_degenerate()) {
        s.print(format!("note: the sufficient statistic of {name} has one possible value; no estimate"));
    }
    let infinite = |x: &f64| if x.is_infinite() { MISSING } else { *x };
    let mut ci = Matrix::new(
        2,
        names.len(),
        found
            .iter()
            .map(|e| infinite(&e.low))
            .chain(found.iter().map(|e| infinite(&e.high)))
            .map(stata)
            .collect(),
    );
    ci.col_names = names.iter().map(|n| Stripe::term(n.clone())).collect();
    ci.row_names = ["ll", "ul"].map(Stripe::term).to_vec();
    let of = |f: &dyn Fn(usize) -> f64| (0..names.len()).map(f).collect::<Vec<f64>>();
    let p_of = |j: usize| if parts[j].is_degenerate() { 1.0 } else { parts[j].two_sided(mid) };
    let observed = exact.distribution.observed.clone();
    let rows = [
        ("b", of(&|j| found[j].value)),
        ("mue_indicators", of(&|j| f64::from(u8::from(found[j].median)))),
        ("se", of(&|j| found[j].error)),
        ("sufficient", observed),
        ("p_sufficient", of(&p_of)),
        ("scoretest", of(&|j| joint[j].score)),
        ("p_scoretest", of(&|j| joint[j].p_score)),
        ("probtest", of(&|j| joint[j].probability)),
        ("p_probtest", of(&|j| joint[j].p_probability)),
    ];
    let m = exact.model;
    let model = [
        ("scoretest_m", m.score),
        ("p_scoretest_m", m.p_score),
        ("probtest_m", m.probability),
        ("p_probtest_m", m.p_probability),
    ];
    let r = &mut s.e.results;
    for (name, values) in rows {
        r.matrix(name, row(&values, names));
    }
    for (name, value) in model {
        r.matrix(name, row(&[value], &[]));
    }
    r.matrix("ci", ci)
        .scalar("midp", f64::from(u8::from(mid)))
        .text("level", format::bare("%5.0g", level).trim());
    r.text("properties", "b");
    Ok(())
}

/// The number of a limit: infinity where the statistic is at the end of its range.
fn limit(x: f64, upper: bool, ratio: bool) -> String {
    match (is_missing(x), upper) {
        (false, _) => format::bare("%9.0g", if ratio { x.exp() } else { x }),
        (true, true) => "+Inf".to_string(),
        (true, false) if ratio => "0".to_string(),
        (true, false) => "-Inf".to_string(),
    }
}

/// Prints the active results.
pub(super) fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = exact(s)?;
    let Some(exact) = state.downcast_ref::<Exact>() else { return Ok(()) };
    if cmd.list.trim().is_empty() && ["level", "midp", "mue"].iter().any(|o| cmd.has(o)) {
        store(s, cmd)?;
    }
    let test = test_of(cmd)?;
    let logistic = s.e.cmd() == "exlogistic";
    let ratio = if logistic { !cmd.has("coef") } else { cmd.has("irr") };
    let (value, chance, p) = match test {
        "score" => ("Score", "Pr>=Score", ["scoretest", "p_scoretest"]),
        "probability" => ("Prob.", "Pr<=Prob.", ["probtest", "p_probtest"]),
        _ => ("Suff.", "2*Pr(Suff.)", ["sufficient", "p_sufficient"]),
    };
    header(s, exact);
    let get = |name: &str| s.e.results.matrices.get(name).map(|m| m.values().to_vec()).unwrap_or_default();
    let (b, median, ci) = (get("b"), get("mue_indicators"), get("ci"));
    let (statistic, probability) = (get(p[0]), get(p[1]));
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    let shown_level = s.e.results.get_text("level").unwrap_or("95").to_string();
    let heading = match (ratio, logistic) {
        (true, true) => "Odds ratio",
        (true, false) => "IRR",
        _ => "Coefficient",
    };
    let rule = "-".repeat(78);
    let name = |text: &str| format!("{:>12} |", format::abbrev(text, 12));
    s.print(&rule);
    let limits = format!("[{shown_level}% conf. interval]");
    s.print(format!("{}{heading:>12} {value:>11}{chance:>13}{limits:>25}", name(&depvar)));
    s.print(format!("-------------+{}", "-".repeat(64)));
    let k = exact.names.len();
    for j in 0..k {
        let estimate = format::bare("%9.0g", if ratio && !is_missing(b[j]) { b[j].exp() } else { b[j] });
        let mark = if median[j] == 1.0 { "*" } else { " " };
        let (low, high) = if is_missing(b[j]) {
            (".".to_string(), ".".to_string())
        } else {
            (limit(ci[j], false, ratio), limit(ci[k + j], true, ratio))
        };
        let (t, p) = (format::bare("%9.0g", statistic[j]), format::bare("%6.4f", probability[j]));
        let line = format!("{}{:>12}{mark}{:>11}{p:>13}", name(&exact.names[j]), estimate.trim(), t.trim());
        s.print(format!("{line}{:>13}{:>12}", low.trim(), high.trim()));
    }
    s.print(&rule);
    if median.contains(&1.0) {
        s.print("(*) median unbiased estimates (MUE)");
    }
    if s.e.results.get_scalar("midp") == Some(1.0) {
        s.print("mid-p-value computed for the probabilities and CIs");
    }
    terms(s, exact);
    Ok(())
}

fn header(s: &mut Session, exact: &Exact) {
    let n = s.e.results.get_scalar("N").unwrap_or(MISSING);
    let grouped = s.e.results.get_text("groupvar").map(str::to_string);
    let title = s.e.results.get_text("title").unwrap_or("").to_string();
    let mut left = vec![title];
    let mut facts = vec![Fact::observations(n)];
    if let Some(variable) = grouped {
        left.push(format!("Group variable: {variable}"));
        let sizes = &exact.group_sizes;
        facts.push(Fact::new("Number of groups", "%9.0fc", sizes.len() as f64));
        let least = sizes.iter().copied().fold(f64::INFINITY, f64::min);
        let most = sizes.iter().copied().fold(0.0, f64::max);
        facts.push(Fact::new("Obs per group: min", "%9.0fc", least));
        facts.push(Fact::new("avg", "%9.1f", n / sizes.len() as f64));
        facts.push(Fact::new("max", "%9.0fc", most));
    }
    facts.push(Fact::new("Model score", "%9.0g", exact.model.score));
    facts.push(Fact::probability("Pr >= score", exact.model.p_score));
    s.print("");
    show_header(s, &left, &facts, 18, 10);
}

/// The joint tests of `terms()`.
fn terms(s: &mut Session, exact: &Exact) {
    if exact.terms.is_empty() {
        return;
    }
    s.print("");
    s.print("Joint conditional tests of terms:");
    s.print(format!("{:>12} |{:>11}{:>12}{:>12}{:>12}", "Term", "Score", "Pr>=Score", "Prob.", "Pr<=Prob."));
    s.print(format!("-------------+{}", "-".repeat(47)));
    for (name, j) in &exact.terms {
        let cell = |fmt: &str, x: f64, w: usize| format::right(&format::bare(fmt, stata(x)), w);
        s.print(format!(
            "{:>12} |{}{}{}{}",
            format::abbrev(name, 12),
            cell("%9.0g", j.score, 11),
            cell("%6.4f", j.p_score, 12),
            cell("%6.4f", j.probability, 12),
            cell("%6.4f", j.p_probability, 12)
        ));
    }
}

/// `estat se [, coef]` after `exlogistic`, `estat se [, irr]` after `expoisson`.
pub(in crate::commands) fn estat_se(s: &mut Session, call: &Call) -> Result<()> {
    let logistic = s.e.cmd() == "exlogistic";
    let own = if logistic { OptSpec::flag("COEF") } else { OptSpec::flag("IRr") };
    let options = call.options(&[own], &[])?;
    let ratio = if logistic { !options.has("coef") } else { options.has("irr") };
    let get = |name: &str| s.e.results.matrices.get(name).cloned();
    let (Some(b), Some(se)) = (get("b"), get("se")) else {
        return Err(StataError::no_estimates());
    };
    let heading = match (ratio, logistic) {
        (true, true) => "Odds ratio",
        (true, false) => "IRR",
        _ => "Coefficient",
    };
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    s.print("");
    s.print("-".repeat(39));
    s.print(format!("{:>12} |{heading:>11}   Std. err.", format::abbrev(&depvar, 12)));
    s.print(format!("-------------+{}", "-".repeat(25)));
    let mut data = vec![MISSING; 2 * b.cols()];
    for j in 0..b.cols() {
        let (x, e) = (b.get(0, j), se.get(0, j));
        let value = if ratio && !is_missing(x) { x.exp() } else { x };
        // the error of a ratio by the delta method
        let error = if ratio && !is_missing(e) { e * value } else { e };
        (data[j], data[b.cols() + j]) = (value, error);
        let cell = |x: f64| format::bare("%9.0g", x).trim().to_string();
        let name = format::abbrev(&b.col_names[j].name, 12);
        s.print(format!("{name:>12} |{:>11}{:>12}", cell(value), cell(error)));
    }
    s.print("-".repeat(39));
    let mut m = Matrix::new(2, b.cols(), data);
    m.col_names = b.col_names.clone();
    m.row_names = ["b", "se"].map(Stripe::term).to_vec();
    let mut r = Results::default();
    r.matrix("estimates", m);
    s.r = r;
    Ok(())
}
