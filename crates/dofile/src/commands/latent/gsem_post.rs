//! After latent class models: `estat lcprob`, `estat lcmean`, `estat lcgof`, and `predict` of class probabilities.
//! Formulas: [SEM] estat lcprob, estat lcmean, estat lcgof, predict after gsem; intervals on the logit scale.

use super::gsem_state::{ClassState, Probability, covariance, means, shares, state};
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::post::{Parameters, stata};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::predict::{Prediction, add, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::wald;

/// Estimate, standard error and limits of a probability.
fn limits(value: f64, se: f64, level: f64) -> (f64, f64) {
    let odds = value * (1.0 - value);
    if se <= 0.0 || odds <= 0.0 {
        return (MISSING, MISSING);
    }
    let (logit, half) = ((value / (1.0 - value)).ln(), wald::critical(level, None) * se / odds);
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    (back(logit - half), back(logit + half))
}

/// `estat lcprob` and `estat lcmean`.
pub(super) fn probabilities(s: &mut Session, call: &Call, of_items: bool) -> Result<()> {
    let options = call.options(
        &[OptSpec::real("Level"), OptSpec::flag("NOSE")],
        &["CLASSPR", "CLASSPOSteriorpr", "POST"],
    )?;
    let level = options.real("level").unwrap_or(s.settings.level);
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    let state = state(s)?;
    let rows = if of_items { means(&state) } else { shares(&state) };
    let v = covariance(&rows, &state.v);
    let n = s.e.results.get_scalar("N").unwrap_or(MISSING);
    let title = if of_items { "Latent class marginal means" } else { "Latent class marginal probabilities" };
    let count = format!("Number of obs = {}", format::bare("%9.0fc", n).trim());
    s.print("");
    s.print(format!("{title:<52}{count}"));
    s.print("");
    let ci = format!("[{}% conf. interval]", format::bare("%5.0g", level).trim());
    s.print("-".repeat(65));
    s.print(format!("             |{:>34}", "Delta-method"));
    s.print(format!("{:>12} |{:>11}   std. err.{ci:>26}", "", "Margin"));
    s.print(format!("-------------+{}", "-".repeat(51)));
    let mut data: Vec<Vec<f64>> = vec![Vec::new(); 4];
    let mut class = None;
    for (i, p) in rows.iter().enumerate() {
        let se = v[(i, i)].max(0.0).sqrt();
        let (low, high) = limits(p.value, se, level);
        if of_items && class != Some(p.class) {
            if class.is_some() {
                s.print(format!("-------------+{}", "-".repeat(51)));
            }
            s.print(format!("{:<13}|", p.name.eq));
            class = Some(p.class);
        }
        let cell = |x: f64| format::number("%9.0g", x);
        let shown = if se > 0.0 { se } else { MISSING };
        s.print(format!(
            "{:>12} |  {}  {}     {}   {}",
            format::abbrev(&p.name.name, 12),
            cell(p.value),
            cell(shown),
            cell(low),
            cell(high)
        ));
        data.iter_mut().zip([p.value, shown, low, high]).for_each(|(row, x)| row.push(x));
    }
    s.print("-".repeat(65));
    store(s, &rows, v.data(), data, level);
    Ok(())
}

fn store(s: &mut Session, rows: &[Probability], v: &[f64], data: Vec<Vec<f64>>, level: f64) {
    let names: Vec<Stripe> = rows.iter().map(|p| p.name.clone()).collect();
    let size = names.len();
    let parameters = Parameters {
        stripe: names.clone(),
        b: rows.iter().map(|p| p.value).collect(),
        v: estimators::matrix::Mat::from_rows(size, size, v.to_vec()),
    };
    let mut table = Matrix::new(4, size, data.concat());
    table.row_names = ["b", "se", "ll", "ul"].map(Stripe::term).to_vec();
    table.col_names = names;
    s.r.clear();
    s.r.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix()).matrix("table", table);
    s.r.scalar("level", level);
}

/// `estat lcgof`: the likelihood ratio against the saturated model, and information criteria.
pub(super) fn goodness(s: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("NODESCribe")], &[])?;
    let _ = options;
    let state = state(s)?;
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (n, ll, rank) = (scalar("N"), scalar("ll"), scalar("rank"));
    if s.e.results.get_text("vcetype").is_some() {
        return Err(StataError::new(498, "estat lcgof is not allowed after robust estimation"));
    }
    let test = state.patterns.as_ref().map(|(_, weights)| {
        let total: f64 = weights.iter().sum();
        let saturated: f64 = weights.iter().filter(|w| **w > 0.0).map(|w| w * (w / total).ln()).sum();
        let cells: f64 = state.items.iter().map(|i| i.values.len() as f64).product();
        (stata(2.0 * (saturated - ll)).max(0.0), cells - 1.0 - rank)
    });
    let (aic, bic) = (2.0 * rank - 2.0 * ll, rank * n.ln() - 2.0 * ll);
    s.print("");
    s.print("-".repeat(78));
    s.print(format!("{:<21}|      Value   Description", "Fit statistic"));
    s.print(format!("{}+{}", "-".repeat(21), "-".repeat(56)));
    s.r.clear();
    if let Some((chi2, df)) = test {
        let p = if df > 0.0 { chi2_tail(df, chi2) } else { MISSING };
        let number = |fmt: &str, x: f64| format::bare(fmt, x);
        s.print(format!("{:<21}|", "Likelihood ratio"));
        s.print(format!(
            "{:>20} |{:>11}   model vs. saturated",
            format!("chi2_ms({df})"),
            number("%9.3f", chi2)
        ));
        s.print(format!("{:>20} |{:>11}", "p > chi2", number("%6.3f", p)));
        s.print(format!("{}+{}", "-".repeat(21), "-".repeat(56)));
        s.r.scalar("chi2_ms", chi2).scalar("df_ms", df).scalar("p_ms", p);
    }
    s.print(format!("{:<21}|", "Information criteria"));
    s.print(format!(
        "{:>20} |{:>11}   Akaike's information criterion",
        "AIC",
        format::bare("%11.3f", aic).trim()
    ));
    s.print(format!(
        "{:>20} |{:>11}   Bayesian information criterion",
        "BIC",
        format::bare("%11.3f", bic).trim()
    ));
    s.print("-".repeat(78));
    s.r.scalar("aic", aic).scalar("bic", bic);
    Ok(())
}

/// Options of `predict`.
pub(super) const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("CLASSPOSteriorpr"),
    OptSpec::flag("CLASSPR"),
    OptSpec::text("class"),
])
.unsupported(&[
    "mu",
    "pr",
    "eta",
    "xb",
    "DENsity",
    "DISTribution",
    "SURVival",
    "EXPression",
    "SCores",
    "outcome",
    "MARGinal",
    "PMARGinal",
]);

/// `predict`: the probabilities of the classes, given the answers or not.
pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = state(s)?;
    let given = cmd.options.has("classposteriorpr");
    if given == cmd.options.has("classpr") {
        let message = "predict after latent classes: classposteriorpr or classpr expected";
        return Err(if given {
            StataError::new(198, "only one statistic may be specified")
        } else {
            StataError::unsupported_option("predict", message)
        });
    }
    let (kind, names) = new_names(s, cmd)?;
    let wanted: Vec<usize> = match cmd.options.text("class") {
        None => (0..state.classes).collect(),
        Some(text) => vec![class(&state, text)?],
    };
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let names: Vec<String> = match names.as_slice() {
        [(stub, true)] => wanted.iter().map(|c| format!("{stub}{}", c + 1)).collect(),
        _ => names.into_iter().map(|n| n.0).collect(),
    };
    if names.len() != wanted.len() {
        let code = if names.len() > wanted.len() { 103 } else { 102 };
        return Err(StataError::new(code, format!("{} new variable names needed", wanted.len())));
    }
    let values = class_probabilities(s, &state, &rows, given)?;
    for (name, class) in names.iter().zip(&wanted) {
        let word = if given { "posterior" } else { "prior" };
        let label = format!("Predicted {word} probability ({}.{})", class + 1, state.name);
        let values = values.iter().map(|p| p.as_ref().map_or(MISSING, |p| p[*class])).collect();
        add(s, name, kind, &rows, Prediction { values, label })?;
    }
    Ok(())
}

fn class(state: &ClassState, text: &str) -> Result<usize> {
    let text = text.trim();
    let number = text.strip_suffix(&format!(".{}", state.name)).unwrap_or(text);
    let found = number.parse::<usize>().ok().filter(|c| (1..=state.classes).contains(c));
    found.map(|c| c - 1).ok_or_else(|| StataError::new(198, format!("class({text}) not found")))
}

/// Probabilities of the classes by row; nothing for a row without any answer.
fn class_probabilities(
    s: &Session,
    state: &ClassState,
    rows: &[usize],
    given: bool,
) -> Result<Vec<Option<Vec<f64>>>> {
    if !given {
        return Ok(vec![Some(state.probabilities.shares.clone()); rows.len()]);
    }
    let variables: Vec<usize> =
        state.items.iter().map(|i| s.numeric_variable(&i.name)).collect::<Result<_>>()?;
    let of = |row: &usize| {
        let answer = |(v, item): (&usize, &super::gsem_state::ClassItem)| {
            let x = s.frame.num_at(*v, *row);
            item.values.iter().position(|value| *value == x)
        };
        let answers: Vec<Option<usize>> = variables.iter().zip(&state.items).map(answer).collect();
        answers.iter().any(Option::is_some).then(|| state.probabilities.posterior(&answers).0)
    };
    Ok(rows.iter().map(of).collect())
}
