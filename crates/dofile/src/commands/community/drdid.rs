//! `drdid`: differences in differences of two periods with covariates, doubly robust among others.
//!
//! Formulas: Sant'Anna and Zhao (2020, Journal of Econometrics 219); syntax: Rios-Avila, Sant'Anna and Naqvi, drdid (SSC).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters};
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::did::{Effect, Method, TwoPeriods, covariance};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Ivar"),
    OptSpec::text("Time"),
    OptSpec::text("TReatment"),
    OptSpec::flag("DRIMP"),
    OptSpec::flag("DRIPW"),
    OptSpec::flag("REG"),
    OptSpec::flag("STDIPW"),
    OptSpec::flag("IPW"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
])
.unsupported(&["ALL", "IPWRA", "RC1", "WBOOT", "REPs", "RSEED", "STUB", "REPLACE", "GMM", "Pscore", "vce"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "drdid",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "drdid depvar [indepvars] [if] [in], ivar(v) time(v) treatment(v) [drimp|dripw|reg|stdipw|ipw cluster(v) level(#)]",
    notes: "panel data of two periods; treatment() is 0 for controls and not 0 for the treated, in both periods alike; standard errors from influence functions; stores e(N), e(b) and e(V) with the equation ATET; formulas: Sant'Anna and Zhao (2020)",
    examples: &[Example {
        // The treated units move by 5 on average, the controls by 1.
        run: "input id t y d\n1 1 1 1\n1 2 5 1\n2 1 2 1\n2 2 8 1\n3 1 0 0\n3 2 2 0\n4 1 1 0\n4 2 1 0\nend\ndrdid y, ivar(id) time(t) treatment(d)",
        expect: &[("[ATET]_b[r1vs0.d]", 4.0), ("e(N)", 8.0)],
    }],
};

/// The estimator with its name in the output.
fn method(cmd: &ParsedCommand) -> Result<(Method, &'static str, &'static str)> {
    let all = [
        ("drimp", Method::Improved, "Inverse tilting propensity score and weighted least squares"),
        ("dripw", Method::DoublyRobust, "Inverse probability weights and least squares"),
        ("reg", Method::Regression, "Outcome regression"),
        ("stdipw", Method::Weighting, "Standardized inverse probability weights"),
        ("ipw", Method::Abadie, "Abadie's inverse probability weights"),
    ];
    let given: Vec<_> = all.iter().filter(|m| cmd.has(m.0)).collect();
    match given[..] {
        [] => Ok((all[0].1, all[0].0, all[0].2)),
        [one] => Ok((one.1, one.0, one.2)),
        _ => Err(StataError::invalid("only one estimator may be specified")),
    }
}

/// Rows of a unit in the first and the second period.
type Pair = (Option<usize>, Option<usize>);

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if ml_command::replay(session, cmd, "drdid")? {
        return show(session, cmd);
    }
    let (method, name, title) = method(cmd)?;
    let variable = |session: &Session, option: &str| {
        let text = cmd.options.text(option);
        let name = text.ok_or_else(|| StataError::new(198, format!("option {option}() required")))?;
        session.numeric_variable(name.trim())
    };
    if !cmd.has("ivar") {
        return Err(StataError::unsupported_option("drdid", "repeated cross sections (no ivar())"));
    }
    let (unit, time) = (variable(session, "ivar")?, variable(session, "time")?);
    let treatment = variable(session, "treatment")?;
    let cluster = cmd.options.text("cluster").map(|v| session.variable(v.trim())).transpose()?;
    let mut further = vec![unit, time, treatment];
    further.extend(cluster);
    let reading = Reading { further, vce: Some(VceSpec::Default), weight_kinds: &[], ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    crate::estimation::binary::drop_collinear(session, &mut model);
    let rows = model.design.rows.clone();
    let at = |v: usize, i: usize| session.frame.num_at(v, rows[i]);
    let mut periods: Vec<f64> = (0..rows.len()).map(|i| at(time, i)).collect();
    periods.sort_by(f64::total_cmp);
    periods.dedup();
    let [first, _] = periods[..] else {
        return Err(StataError::new(459, "time() must have two periods in the sample"));
    };
    let (of_row, count) = number_groups(&session.frame, unit, &rows);
    let mut pairs: Vec<Pair> = vec![(None, None); count];
    for (i, unit) in of_row.iter().enumerate() {
        let pair = &mut pairs[*unit as usize];
        let place = if at(time, i) == first { &mut pair.0 } else { &mut pair.1 };
        if place.replace(i).is_some() {
            return Err(StataError::new(451, "repeated time values within panel"));
        }
    }
    let pairs: Vec<(usize, usize)> = pairs.into_iter().filter_map(|(a, b)| Some((a?, b?))).collect();
    if pairs.iter().any(|(a, b)| (at(treatment, *a) != 0.0) != (at(treatment, *b) != 0.0)) {
        return Err(StataError::new(459, "treatment() must be constant in each unit of ivar()"));
    }
    let treated: Vec<bool> = pairs.iter().map(|(a, _)| at(treatment, *a) != 0.0).collect();
    let change: Vec<f64> = pairs.iter().map(|(a, b)| model.y[*b] - model.y[*a]).collect();
    let mut columns: Vec<Vec<f64>> =
        model.columns().iter().map(|c| pairs.iter().map(|(a, _)| c[*a]).collect()).collect();
    columns.push(vec![1.0; pairs.len()]);
    let both = TwoPeriods { change: &change, treated: &treated, columns: &columns };
    let effect = both
        .effect(method)
        .filter(|e| e.value.is_finite())
        .ok_or_else(|| StataError::new(498, "the effect is not identified in this sample"))?;
    let clusters = cluster.map(|variable| {
        let used: Vec<usize> = pairs.iter().map(|(a, _)| rows[*a]).collect();
        number_groups(&session.frame, variable, &used).0.into_iter().map(|c| c as usize).collect::<Vec<_>>()
    });
    let mut touse = vec![false; model.touse.len()];
    pairs.iter().for_each(|(a, b)| {
        touse[rows[*a]] = true;
        touse[rows[*b]] = true;
    });
    let label = format!("r1vs0.{}", session.frame.var(treatment).name);
    let parameters = estimates(&effect, label, clusters.as_deref());
    let mut est = post::begin("drdid", &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    r.scalar("N", 2.0 * pairs.len() as f64).text("method", name).text("title", title);
    if let (Some(clusters), Some(name)) = (&clusters, cmd.options.text("cluster")) {
        let count = clusters.iter().max().map_or(0, |m| m + 1);
        r.scalar("N_clust", count as f64).text("clustvar", name.trim());
        r.text("vce", "cluster").text("vcetype", "Robust");
    }
    for (option, name) in [("ivar", "ivar"), ("time", "tvar"), ("treatment", "treatvar")] {
        r.text(name, cmd.options.text(option).unwrap_or("").trim());
    }
    session.post_estimation(est, touse);
    show(session, cmd)
}

fn estimates(effect: &Effect, label: String, clusters: Option<&[usize]>) -> Parameters {
    let v = covariance(&[effect], clusters);
    Parameters { stripe: vec![Stripe::with_eq("ATET", label)], b: vec![effect.value], v }
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let n = crate::format::bare("%9.0fc", session.e.results.get_scalar("N").unwrap_or(0.0));
    let title = session.e.results.get_text("title").unwrap_or("").to_string();
    session.print("");
    session.print(format!("{:<55}Number of obs = {n:>7}", "Doubly robust difference-in-differences"));
    session.print(format!("Estimator: {title}"));
    ml_command::table(session, cmd, &Look { equations: true, ..Look::default() })
}
