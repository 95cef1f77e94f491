//! `streg, frailty()`: parametric survival models whose hazard a random variable multiplies, of each record or shared by the
//! records of a group ([ST] streg).

use super::streg::{Survival, equations, layout, names};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::ml_command;
use crate::estimation::model::number_groups;
use crate::estimation::survival::Records;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, normal_quantile};
use estimators::jet::{Formula, Jet};
use estimators::ml::{Equation, Likelihood, Limits, MlFit};
use estimators::ml_frailty::{Frailty, Model, Record};
use estimators::ml_group::maximise;
use estimators::ml_shared_frailty::SharedFrailty;

/// The distribution that `frailty()` names; nothing without the option.
pub(super) fn kind(cmd: &ParsedCommand) -> Result<Option<Frailty>> {
    let Some(text) = cmd.options.text("frailty").map(str::trim) else { return Ok(None) };
    match text {
        t if !t.is_empty() && "gamma".starts_with(t) => Ok(Some(Frailty::Gamma)),
        t if !t.is_empty() && "invgaussian".starts_with(t) => Ok(Some(Frailty::InverseGaussian)),
        _ => Err(StataError::invalid(format!("frailty({text}) invalid"))),
    }
}

/// Fits with the frailty after the model without it, whose estimates are the start: both models with regressors, and the
/// log likelihood of the one with a constant alone.
pub(super) fn fit(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Survival,
    frailty: Frailty,
    (plain, null): (&MlFit, Option<&MlFit>),
) -> Result<(MlFit, Option<f64>)> {
    let r = &data.records;
    let model = Model { distribution: data.distribution, aft: data.aft, frailty };
    if let Some(groups) = &data.shared {
        let records: Vec<Record> = (0..r.t.len()).map(|i| record(r, i)).collect();
        return fit_shared(s, cmd, data, model, (&records, groups.as_slice()), (plain, null));
    }
    if names(data.distribution).2.is_empty() {
        return search(s, cmd, data, &without_ancillary(model, r), (plain, null));
    }
    search(s, cmd, data, &with_ancillary(model, r), (plain, null))
}

fn record(records: &Records, i: usize) -> Record {
    Record { t0: records.t0[i], t: records.t[i], d: records.d[i] }
}

/// The likelihood of records in the index and the log of the variance of the frailty.
pub(super) fn without_ancillary(model: Model, records: &Records) -> impl Likelihood {
    Formula::<2, _>(move |i: usize, [eta, theta]: [Jet<2>; 2]| {
        model.row(record(records, i), eta, Jet::constant(0.0), theta)
    })
}

/// The likelihood of records in the index, the ancillary parameter and the log of the variance of the frailty.
pub(super) fn with_ancillary(model: Model, records: &Records) -> impl Likelihood {
    Formula::<3, _>(move |i: usize, [eta, ancillary, theta]: [Jet<3>; 3]| {
        model.row(record(records, i), eta, ancillary, theta)
    })
}

/// Starts of the log of the variance: the likelihood may have several maxima.
const STARTS: [f64; 3] = [-1.0, 0.5, -3.0];

/// The estimates without frailty and a start of the log of its variance.
fn from(fit: &MlFit, theta: f64) -> Vec<f64> {
    fit.b.iter().copied().chain([theta]).collect()
}

/// Fits with a frailty of each group.
fn fit_shared(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Survival,
    model: Model,
    (records, groups): (&[Record], &[Vec<usize>]),
    (plain, null): (&MlFit, Option<&MlFit>),
) -> Result<(MlFit, Option<f64>)> {
    let limits = likelihood::limits(&cmd.options);
    let best = |fit: &MlFit, slopes: bool, limits: Limits| {
        let tries = STARTS.map(|theta| {
            let equations = equations(data, slopes);
            let mut kernel = SharedFrailty { model, records: records.to_vec(), groups, equations };
            maximise(&mut kernel, &from(fit, theta), limits, None)
        });
        tries.into_iter().flatten().max_by(|a, b| a.ll.total_cmp(&b.ll))
    };
    let ll_0 = null.and_then(|fit| best(fit, false, Limits::default())).map(|fit| fit.ll);
    let fit = best(plain, true, limits).ok_or_else(StataError::not_converged)?;
    if s.shows_log(|o| cmd.has(o)) {
        likelihood::print_log(s, &fit, false, cmd.options.int("iterate"));
    }
    Ok((fit, ll_0))
}

/// Rows of the groups that `shared()` names; nothing without the option.
///
/// # Errors
/// r(198) without frailty(), and for what a shared frailty cannot be combined with.
pub(super) fn groups(
    s: &Session,
    cmd: &ParsedCommand,
    model: &crate::estimation::model::Model,
    weighted: bool,
) -> Result<Option<Vec<Vec<usize>>>> {
    let Some(name) = cmd.options.text("shared").map(str::trim) else { return Ok(None) };
    if cmd.options.text("frailty").is_none() {
        return Err(StataError::new(198, "shared() requires frailty()"));
    }
    let refused = |what: &str| Err(StataError::unsupported_option("streg", &format!("shared() with {what}")));
    if weighted {
        return refused("weights");
    }
    if model.is_robust() {
        return refused("vce(robust) and vce(cluster)");
    }
    if let Some(option) = ["constraints", "from", "technique"].into_iter().find(|o| cmd.options.has(o)) {
        return refused(&format!("{option}()"));
    }
    let (of, count) = number_groups(&s.frame, s.variable(name)?, &model.design.rows);
    let mut rows = vec![Vec::new(); count];
    of.iter().enumerate().for_each(|(i, g)| rows[*g as usize].push(i));
    Ok(Some(rows))
}

/// Stores the groups of a shared frailty, and its name in the title.
pub(super) fn store_groups(r: &mut Results, name: &str, groups: &[Vec<usize>]) {
    let sizes = groups.iter().map(|g| g.len() as f64);
    let total: f64 = sizes.clone().sum();
    r.scalar("N_g", groups.len() as f64)
        .scalar("g_min", sizes.clone().fold(f64::INFINITY, f64::min))
        .scalar("g_avg", total / groups.len() as f64)
        .scalar("g_max", sizes.fold(0.0, f64::max));
    let title = r.get_text("fr_title").unwrap_or("").replace(" frailty", " shared frailty");
    r.text("shared", name).text("fr_title", title);
}

/// The lines of the header of a model with shared frailty: groups beside the subjects. Nothing for other models.
pub(super) fn shared_header(s: &mut Session, left: &[String], facts: &[Fact; 3]) -> bool {
    let e = &s.e.results;
    let Some(group) = e.get_text("shared").map(str::to_string) else { return false };
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let frailty = e.get_text("fr_title").unwrap_or("").to_string();
    let groups = Fact::new("Number of groups", "%10.0fc", scalar("N_g"));
    let sizes = [
        Fact::new("             min", "%10.0fc", scalar("g_min")),
        Fact::new("             avg", "%10.0gc", scalar("g_avg")),
        Fact::new("             max", "%10.0fc", scalar("g_max")),
    ];
    let [observations, test, p] = facts;
    let every = [observations, test, p, &groups].into_iter().chain(&sizes);
    let width = every.map(Fact::width).max().unwrap_or(0);
    let room = 16;
    let ll = likelihood::ll_line(s);
    show(s, &[frailty], std::slice::from_ref(observations), room, width);
    show(s, &[format!("Group variable: {group}")], std::slice::from_ref(&groups), room, width);
    s.print(format!("{:1$}Obs per group:", "", 75 - room - width));
    show(s, left, &sizes, room, width);
    s.print("");
    show(s, &[String::new()], std::slice::from_ref(test), room, width);
    show(s, &[ll], std::slice::from_ref(p), room, width);
    s.print("");
    true
}

/// Tries a few starts of the variance and keeps the best maximum.
fn search<L: Likelihood>(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Survival,
    likelihood: &L,
    (plain, null): (&MlFit, Option<&MlFit>),
) -> Result<(MlFit, Option<f64>)> {
    let with = |slopes: bool| {
        let mut out = equations(data, slopes);
        out.push(Equation { constant: true, ..Equation::default() });
        out
    };
    let best = |fit: &MlFit, slopes: bool| {
        let tries = STARTS
            .map(|theta| ml_command::quiet(&data.model, likelihood, with(slopes), &from(fit, theta)).ok());
        tries.into_iter().flatten().max_by(|a, b| a.ll.total_cmp(&b.ll))
    };
    let failed = StataError::not_converged;
    let ll_0 = null.and_then(|fit| best(fit, false)).map(|fit| fit.ll);
    let found = best(plain, true).ok_or_else(failed)?;
    let fit = likelihood::maximise(
        s,
        &cmd.options,
        &data.model,
        likelihood,
        with(true),
        &found.b,
        &layout(cmd, data),
    )?;
    Ok((fit, ll_0))
}

/// Stores the variance of the frailty and the test against the model without it.
pub(super) fn store(r: &mut Results, fit: &MlFit, frailty: Frailty, ll_c: f64) {
    let chi2 = (2.0 * (fit.ll - ll_c)).max(0.0);
    let p = chi2_tail(1.0, chi2) * if chi2 > 0.0 { 0.5 } else { 1.0 };
    let theta = fit.b.last().map_or(MISSING, |x| x.exp());
    r.scalar("theta", theta).scalar("ll_c", ll_c).scalar("chi2_c", chi2).scalar("p_c", p);
    let (name, title) = match frailty {
        Frailty::Gamma => ("gamma", "Gamma frailty"),
        Frailty::InverseGaussian => ("invgaussian", "Inverse-Gaussian frailty"),
    };
    r.text("frailty", name).text("fr_title", title);
}

/// The variance on its own scale under the table, and the test.
pub(super) fn show_variance(s: &mut Session, level: f64, with_test: bool) {
    let (Some(b), Some(v)) = (s.e.b().cloned(), s.e.v().cloned()) else { return };
    let last = b.cols() - 1;
    let (log, se) = (b.get(0, last), v.get(last, last).sqrt());
    let half = normal_quantile(0.5 + level / 200.0) * se;
    let wide = |x: f64| format::number("%9.0g", x);
    s.print(format!(
        "{:>12} |  {}  {}{:>22}   {}   {}",
        "theta",
        wide(log.exp()),
        wide(log.exp() * se),
        "",
        wide((log - half).exp()),
        wide((log + half).exp())
    ));
    s.print("-".repeat(78));
    if with_test {
        let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
        let left = format!(
            "LR test of theta=0: chibar2(01) = {}",
            format::bare("%8.2f", scalar("chi2_c")).trim_start()
        );
        let right = format!("Prob >= chibar2 = {}", format::bare("%5.3f", scalar("p_c")));
        s.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    }
}
