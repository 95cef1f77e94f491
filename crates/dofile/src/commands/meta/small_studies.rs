//! Small-study effects: `meta bias, egger` and `meta trimfill` ([META] meta bias, [META] meta trimfill).

use super::settings::{Declared, OPTIONS, Pooling};
use super::show::{self, Row};
use super::summarize::heading;
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{normal_two_sided, t_two_sided};
use estimators::meta_analysis::{Count, Studies, critical, missing_studies, pool};

const BIAS: &[OptSpec] = concat_lists!(
    OptSpec;
    OPTIONS,
    &[OptSpec::flag("egger"), OptSpec::flag("TRADitional"), OptSpec::flag("noMETASHOW")],
);

const TRIMFILL: &[OptSpec] = concat_lists!(
    OptSpec;
    OPTIONS,
    &[
        OptSpec::text("ESTimator"),
        OptSpec::flag("left"),
        OptSpec::flag("right"),
        OptSpec::flag_or_text("EForm"),
        OptSpec::flag("or"),
        OptSpec::flag("rr"),
        OptSpec::flag("noMETASHOW"),
    ],
);

/// Slope of effects on their standard errors, its standard error, and the degrees of freedom of a t test.
fn egger(data: &Declared, traditional: bool) -> Option<(f64, f64, Option<f64>)> {
    let se: Vec<f64> = data.v.iter().map(|v| v.sqrt()).collect();
    let studies = Studies { y: &data.y, v: &data.v, x: vec![se, vec![1.0; data.y.len()]] };
    let tau2 = match data.model.between() {
        Some(method) if !traditional => studies.between(method)?.0,
        _ => 0.0,
    };
    let fit = studies.fit(&studies.weights(tau2))?;
    let df = data.y.len() as f64 - 2.0;
    let factor = if traditional { fit.q / df } else { 1.0 };
    Some((fit.b[0], (factor * fit.v[(0, 0)]).sqrt(), traditional.then_some(df)))
}

fn enough(data: &Declared) -> Result<()> {
    if data.y.len() < 3 { Err(StataError::insufficient_observations()) } else { Ok(()) }
}

/// `meta bias`.
pub(super) fn bias(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("meta bias", rest, false)?;
    cmd.check_options(BIAS, &["HARBord", "peters", "begg", "se", "MULTiplicative", "TDISTribution"])?;
    if !cmd.list.trim().is_empty() {
        return Err(StataError::unsupported_option("meta bias", "moderators"));
    }
    if !cmd.has("egger") {
        return Err(StataError::invalid("one of egger, harbord, peters or begg is required"));
    }
    let data = Declared::read(s, &cmd)?;
    enough(&data)?;
    let traditional = cmd.has("traditional");
    let (slope, se, df) =
        egger(&data, traditional).ok_or_else(|| StataError::new(459, "standard errors do not vary"))?;
    let statistic = slope / se;
    let p = df.map_or_else(|| normal_two_sided(statistic), |df| t_two_sided(df, statistic));
    if !cmd.has("nometashow") {
        show::before(s, false);
    }
    s.print("");
    s.print("Regression-based Egger test for small-study effects");
    if !traditional {
        s.print(format!("{} model", data.model.title()));
        s.print(format!("Method: {}", data.model.method_title()));
    }
    s.print("");
    s.print("H0: beta1 = 0; no small-study effects");
    let name = if df.is_some() { "t" } else { "z" };
    for (label, value, fmt) in [
        ("beta1", slope, "%9.2f"),
        ("SE of beta1", se, "%9.3f"),
        (name, statistic, "%9.2f"),
        (&format!("Prob > |{name}|"), p, "%6.4f"),
    ] {
        s.print(format!("{label:>17} = {:>9}", format::bare(fmt, value)));
    }
    let mut r = Results::default();
    r.scalar("beta1", slope).scalar("se", se).scalar(name, statistic).scalar("p", p);
    if let Some(df) = df {
        r.scalar("df", df);
    }
    r.text("testtype", "egger").text("model", data.model.name).text("method", data.model.method());
    s.r = r;
    Ok(())
}

/// `meta trimfill`.
pub(super) fn trimfill(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("meta trimfill", rest, false)?;
    cmd.check_options(TRIMFILL, &["FUNNel", "ITERMethod", "POOLMethod"])?;
    let mut data = Declared::read(s, &cmd)?;
    enough(&data)?;
    if data.model.pooling == Pooling::MantelHaenszel {
        data.model.pooling = Pooling::Inverse;
    }
    let asked = cmd.options.text("estimator").unwrap_or("linear").trim();
    let (count, estimator) = match asked {
        a if a.len() >= 3 && "linear".starts_with(a) => (Count::Linear, "linear"),
        "run" => (Count::Run, "run"),
        a if a.len() >= 4 && "quadratic".starts_with(a) => (Count::Quadratic, "quadratic"),
        other => return Err(StataError::invalid(format!("estimator({other}) not allowed"))),
    };
    let failed = StataError::not_converged;
    let right = match (cmd.has("left"), cmd.has("right")) {
        (true, true) => return Err(StataError::invalid("only one of left and right is allowed")),
        (false, false) => egger(&data, false).is_some_and(|e| e.0 < 0.0),
        (_, right) => right,
    };
    let sign = if right { -1.0 } else { 1.0 };
    let y: Vec<f64> = data.y.iter().map(|y| sign * y).collect();
    let method = data.model.between();
    let at = |rows: &[usize]| {
        let pick = |values: &[f64]| rows.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        pool(&pick(&y), &pick(&data.v), method).filter(|p| p.converged)
    };
    let (k0, centre) = missing_studies(&y, count, |rows| at(rows).map(|p| p.theta)).ok_or_else(failed)?;
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by(|a, b| y[*b].total_cmp(&y[*a]));
    let (mut filled, mut v) = (y.clone(), data.v.clone());
    for &i in &order[..k0] {
        filled.push(2.0 * centre - y[i]);
        v.push(data.v[i]);
    }
    let observed = at(&order).ok_or_else(failed)?;
    let whole = pool(&filled, &v, method).filter(|p| p.converged).ok_or_else(failed)?;
    let z = critical(data.level, None);
    let row = |name: &str, theta: f64, se: f64| Row {
        name: name.to_string(),
        values: [sign * theta, sign * theta - z * se, sign * theta + z * se],
        weight: None,
    };
    let side = if right { "right" } else { "left" };
    if !cmd.has("nometashow") {
        show::before(s, false);
    }
    let first = estimator[..1].to_uppercase();
    let (model, method) = (data.model.title(), data.model.method_title());
    let facts = [("Number of studies", y.len() + k0), ("observed", y.len()), ("imputed", k0)]
        .map(|(name, n)| format!("{name} = {n:>6}"));
    let left = ["Iteration".to_string(), format!("  Model: {model}"), format!(" Method: {method}")];
    s.print("");
    s.print("Nonparametric trim-and-fill analysis of publication bias");
    s.print(format!("{first}{} estimator, imputing on the {side}", &estimator[1..]));
    s.print("");
    for (left, fact) in left.iter().zip(&facts) {
        s.print(format!("{left:<37}{fact:>26}"));
    }
    s.print("");
    s.print("Pooling");
    left[1..].iter().for_each(|line| s.print(line));
    let rows =
        vec![row("Observed", observed.theta, observed.se), row("Observed + Imputed", whole.theta, whole.se)];
    let eform = ["eform", "or", "rr"].iter().any(|o| cmd.has(o));
    show_filled(s, &heading(s, eform), data.level, &rows, eform);
    let parts = [rows];
    let mut r = Results::default();
    let [theta, low, high] = parts[0][1].values;
    r.scalar("N", (y.len() + k0) as f64).scalar("N_observed", y.len() as f64).scalar("N_imputed", k0 as f64);
    r.scalar("theta", theta).scalar("se", whole.se).scalar("ci_lb", low).scalar("ci_ub", high);
    r.scalar("theta_obs", sign * observed.theta).scalar("se_obs", observed.se).scalar("level", data.level);
    r.text("side", side).text("estimator", estimator);
    r.text("model", data.model.name).text("method", data.model.method());
    s.r = r;
    Ok(())
}

/// The table of the effects with and without the studies that were added.
fn show_filled(s: &mut Session, heading: &str, level: f64, rows: &[Row], eform: bool) {
    let interval = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    let rule = |cross: &str| format!("{}{cross}{}", "-".repeat(21), "-".repeat(41));
    s.print("");
    s.print(rule("-"));
    s.print(format!("{:>20} | {}    {interval:>20}", "Studies", format::right(heading, 16)));
    s.print(rule("+"));
    for row in rows {
        let [y, low, high] = show::shown(row.values, eform).map(|x| format::number("%9.3f", x));
        s.print(format!("{:>20} | {y:>16}   {low:>9}   {high:>9}", row.name));
    }
    s.print(rule("-"));
}
