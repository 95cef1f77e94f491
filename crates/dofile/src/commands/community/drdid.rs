//! `drdid`: differences in differences of two periods with covariates, doubly robust among others.
//!
//! Formulas: Sant'Anna and Zhao (2020, Journal of Econometrics 219); syntax: Rios-Avila, Sant'Anna and Naqvi, drdid (SSC).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::csdid_sections::allowed;
use crate::error::{Result, StataError};
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters};
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::did::{Effect, Method, TwoPeriods, covariance};
use estimators::did_sections::Sections;

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
    syntax: "drdid depvar [indepvars] [if] [in], time(v) treatment(v) [ivar(v) drimp|dripw|reg|stdipw|ipw cluster(v) level(#)]",
    notes: "two periods: panel data with ivar(), repeated cross sections without (then no ipw); treatment() is 0 for controls and not 0 for the treated, in both periods alike; standard errors from influence functions; stores e(N), e(b) and e(V) with the equation ATET; formulas: Sant'Anna and Zhao (2020)",
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

/// The effect in a panel, with the rows of the units that are there in both periods.
type Found = (Option<Effect>, Vec<(usize, usize)>);

fn panel(
    model: &Model,
    (of_row, count): (&[u32], usize),
    treated_row: &[bool],
    later: &[bool],
    method: Method,
) -> Result<Found> {
    let mut pairs: Vec<Pair> = vec![(None, None); count];
    for (i, unit) in of_row.iter().enumerate() {
        let pair = &mut pairs[*unit as usize];
        let place = if later[i] { &mut pair.1 } else { &mut pair.0 };
        if place.replace(i).is_some() {
            return Err(StataError::new(451, "repeated time values within panel"));
        }
    }
    let pairs: Vec<(usize, usize)> = pairs.into_iter().filter_map(|(a, b)| Some((a?, b?))).collect();
    if pairs.iter().any(|(a, b)| treated_row[*a] != treated_row[*b]) {
        return Err(StataError::new(459, "treatment() must be constant in each unit of ivar()"));
    }
    let treated: Vec<bool> = pairs.iter().map(|(a, _)| treated_row[*a]).collect();
    let change: Vec<f64> = pairs.iter().map(|(a, b)| model.y[*b] - model.y[*a]).collect();
    let mut columns: Vec<Vec<f64>> =
        model.columns().iter().map(|c| pairs.iter().map(|(a, _)| c[*a]).collect()).collect();
    columns.push(vec![1.0; pairs.len()]);
    let effect = TwoPeriods { change: &change, treated: &treated, columns: &columns }.effect(method);
    Ok((effect, pairs))
}

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
    let unit = if cmd.has("ivar") { Some(variable(session, "ivar")?) } else { None };
    let (time, treatment) = (variable(session, "time")?, variable(session, "treatment")?);
    let cluster = cmd.options.text("cluster").map(|v| session.variable(v.trim())).transpose()?;
    let further: Vec<usize> = unit.into_iter().chain([time, treatment]).chain(cluster).collect();
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
    let treated_row: Vec<bool> = (0..rows.len()).map(|i| at(treatment, i) != 0.0).collect();
    let later: Vec<bool> = (0..rows.len()).map(|i| at(time, i) != first).collect();
    let of_row = unit.map(|unit| number_groups(&session.frame, unit, &rows));
    let (effect, used) = match &of_row {
        Some((of_row, count)) => panel(&model, (of_row, *count), &treated_row, &later, method)?,
        None => {
            allowed("drdid", method)?;
            let mut columns: Vec<Vec<f64>> = model.columns().iter().map(|c| c.to_vec()).collect();
            columns.push(vec![1.0; rows.len()]);
            let sample = Sections { y: &model.y, treated: &treated_row, later: &later, columns: &columns };
            (sample.effect(method), (0..rows.len()).map(|i| (i, i)).collect())
        }
    };
    let effect = effect
        .filter(|e| e.value.is_finite())
        .ok_or_else(|| StataError::new(498, "the effect is not identified in this sample"))?;
    let clusters = cluster.map(|variable| {
        let used: Vec<usize> = used.iter().map(|(a, _)| rows[*a]).collect();
        number_groups(&session.frame, variable, &used).0.into_iter().map(|c| c as usize).collect::<Vec<_>>()
    });
    let mut touse = vec![false; model.touse.len()];
    used.iter().for_each(|(a, b)| {
        touse[rows[*a]] = true;
        touse[rows[*b]] = true;
    });
    let n = touse.iter().filter(|t| **t).count() as f64;
    let label = format!("r1vs0.{}", session.frame.var(treatment).name);
    let parameters = estimates(&effect, label, clusters.as_deref());
    let mut est = post::begin("drdid", &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    r.scalar("N", n).text("method", name).text("title", title);
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
