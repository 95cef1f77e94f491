//! Output of `xtfrontier` and `predict` after it: the inefficiency of each panel given its residuals, and its efficiency
//! ([XT] xtfrontier, [XT] xtfrontier postestimation; Battese and Coelli 1992).

use super::mixed_levels::values;
use super::outcome_values;
use super::xtlogit_show::derived_row;
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::label;
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::model::number_groups;
use crate::format;
use crate::ops::predict::{Prediction, add, chosen, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::ml_frontier::{efficiency, expected, mode};
use estimators::panel_frontier::{Sums, posterior};
use estimators::wald;

fn scalar(session: &Session, name: &str) -> f64 {
    session.e.results.get_scalar(name).unwrap_or(MISSING)
}

fn text(session: &Session, name: &str) -> String {
    session.e.results.get_text(name).unwrap_or("").to_string()
}

/// Prints the header of the active results.
pub(super) fn header(session: &mut Session) {
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::new("Number of groups", "%10.0fc", scalar(session, "N_g")),
    ];
    let sizes = [
        Fact::new("Obs per group: min", "%10.0fc", scalar(session, "g_min")),
        Fact::new("               avg", "%10.1fc", scalar(session, "g_avg")),
        Fact::new("               max", "%10.0fc", scalar(session, "g_max")),
    ];
    let test = [
        Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let ll = format!("{} = {}", label(false), format::bare("%10.0g", scalar(session, "ll")));
    let time = if text(session, "model") == "tvd" {
        format!("Time variable: {}", text(session, "tvar"))
    } else {
        String::new()
    };
    session.print("");
    let group = format!("Group variable: {}", text(session, "ivar"));
    show(session, &[text(session, "title"), group], &facts, 18, 10);
    session.print("");
    show(session, &[time], &sizes, 18, 10);
    session.print("");
    show(session, &[String::new(), ll], &test, 18, 10);
    session.print("");
}

/// Prints the variances below the table: sums and shares on their own scales, single variances with symmetric limits.
pub(super) fn footer(session: &mut Session, level: f64) {
    let (Some(b), Some(v)) = (session.e.b().cloned(), session.e.v().cloned()) else { return };
    let critical = wald::critical(level, None);
    let at = b.cols() - 2;
    let (lns, lgt) = (b.values()[at], b.values()[at + 1]);
    let se = |i: usize| v.get(i, i).sqrt();
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (s2, gamma) = (lns.exp(), logistic(lgt));
    let limits = |value: f64, i: usize| [value - critical * se(i), value + critical * se(i)];
    let [low, high] = limits(lns, at).map(f64::exp);
    session.print(derived_row("sigma2", s2, s2 * se(at), low, high));
    let [low, high] = limits(lgt, at + 1).map(logistic);
    session.print(derived_row("gamma", gamma, gamma * (1.0 - gamma) * se(at + 1), low, high));
    let slope = s2 * gamma * (1.0 - gamma);
    for (name, value, slopes) in [
        ("sigma_u2", s2 * gamma, [s2 * gamma, slope]),
        ("sigma_v2", s2 * (1.0 - gamma), [s2 * (1.0 - gamma), -slope]),
    ] {
        let variance: f64 =
            (0..2).map(|i| (0..2).map(|j| slopes[i] * slopes[j] * v.get(at + i, at + j)).sum::<f64>()).sum();
        let reach = critical * variance.max(0.0).sqrt();
        session.print(derived_row(name, value, variance.max(0.0).sqrt(), value - reach, value + reach));
    }
    session.print("-".repeat(78));
}

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("xb"), OptSpec::flag("u"), OptSpec::flag("m"), OptSpec::flag("te")])
        .unsupported(&["stdp", "noOFFset"]);

/// `predict newvar [, xb u m te]`.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let statistic = chosen(cmd)?.unwrap_or("xb").to_string();
    if chosen(cmd)?.is_none() {
        session.print("(option xb assumed; fitted values)");
    }
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let parameters = Parameters::of(&session.e)?;
    let depvar = text(session, "depvar");
    let (values, label) = if statistic == "xb" {
        (linear_prediction(&session.frame, &parameters, &depvar, &rows)?, "Linear prediction")
    } else {
        let label = match statistic.as_str() {
            "u" => "Technical inefficiency via E(u|e)",
            "m" => "Technical inefficiency via M(u|e)",
            _ => "Technical efficiency via E[exp(-su)|e]",
        };
        (inefficiency(session, &parameters, &depvar, &statistic, &rows)?, label)
    };
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}

/// Values of `u`, `m` or `te` on rows, from the residuals of the estimation sample.
fn inefficiency(
    session: &Session,
    parameters: &Parameters,
    depvar: &str,
    statistic: &str,
    rows: &[usize],
) -> Result<Vec<f64>> {
    let sample = session.required_estimation_sample()?;
    let used: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let both: Vec<usize> = used.iter().chain(rows).copied().collect();
    let ivar = session.frame.position(&text(session, "ivar"))?;
    let (numbers, count) = number_groups(&session.frame, ivar, &both);
    let named = |name: &str| parameters.stripe.iter().position(|s| s.eq == "/" && s.name == name);
    let value = |name: &str| named(name).map_or(0.0, |i| parameters.b[i]);
    let eta = value("eta");
    let clock = match named("eta") {
        Some(_) => values(session, session.frame.position(&text(session, "tvar"))?, &both),
        None => vec![0.0; both.len()],
    };
    let mut last = vec![f64::NEG_INFINITY; count];
    (0..used.len()).for_each(|i| {
        let g = numbers[i] as usize;
        last[g] = last[g].max(clock[i]);
    });
    let factor = |i: usize| (-eta * (clock[i] - last[numbers[i] as usize])).exp();
    let y = outcome_values(session, depvar, &used)?;
    let xb = linear_prediction(&session.frame, parameters, depvar, &used)?;
    let mut sums = vec![Sums { cross: 0.0, squares: 0.0, decay: 0.0 }; count];
    for i in 0..used.len() {
        let (e, h) = (y[i] - xb[i], factor(i));
        let own = &mut sums[numbers[i] as usize];
        (own.cross, own.squares, own.decay) = (own.cross + h * e, own.squares + e * e, own.decay + h * h);
    }
    let sign = if text(session, "function") == "cost" { -1.0 } else { 1.0 };
    let scales = (scalar(session, "sigma_v"), scalar(session, "sigma_u"));
    let of_row = |k: usize| {
        let i = used.len() + k;
        let own = sums[numbers[i] as usize];
        if own.decay == 0.0 || is_missing(clock[i]) {
            return MISSING;
        }
        let h = factor(i);
        let found = posterior(sign, own, value("mu"), scales);
        match statistic {
            "u" => h * expected(found),
            "m" => h * mode(found),
            // exp(-s h u) with u cut at zero
            _ => efficiency(sign, (h * found.0, h * found.1)),
        }
    };
    Ok((0..rows.len()).map(of_row).collect())
}
