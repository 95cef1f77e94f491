//! `xtreg, mle`: random effects by maximum likelihood, with a likelihood-ratio test against the pooled model.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m ll ll_0 ll_c chi2 chi2_c p sigma_u sigma_e rho ic converged, b with
//! /sigma_u and /sigma_e, V. Formulas: [XT] xtreg, Methods and formulas.

use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{fit_error, level};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::iteration;
use crate::estimation::ml_command::{self, Layout, Look};
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, normal, normal_density, normal_quantile};
use estimators::ols;
use estimators::panel::Units;
use estimators::panel_ml::{self, RandomMl};
use estimators::wald;

/// Fits a model and its pooled start; also gives the pooled log likelihood.
fn fit(model: &Model, units: &Units, slopes: bool) -> Result<(RandomMl, f64)> {
    let ones = vec![1.0; model.y.len()];
    let own = if slopes { model.columns() } else { Vec::new() };
    let pooled = ols::fit(&ols::Request { constant: model.constant, ..ols::Request::new(&model.y, &own) })
        .map_err(fit_error)?;
    let mut columns = own;
    columns.extend(model.constant.then_some(ones.as_slice()));
    let n = model.y.len() as f64;
    let means = units.means(&pooled.residuals, None);
    let between: f64 = means.iter().map(|m| m * m).sum::<f64>() / means.len() as f64;
    let within: f64 = pooled
        .residuals
        .iter()
        .zip(&units.of_row)
        .map(|(r, u)| (r - means[*u as usize]).powi(2))
        .sum::<f64>()
        / n;
    let total = pooled.rss / n;
    let mut start = pooled.b.clone();
    start.push(between.max(total * 1e-2).sqrt());
    start.push(within.max(total * 1e-2).sqrt());
    panel_ml::fit(&model.y, &columns, units, &start)
        .map(|found| (found, pooled.ll))
        .ok_or_else(|| StataError::new(430, "convergence not achieved: no maximum with sigma_u above zero"))
}

fn print_log(session: &mut Session, title: &str, log: &[f64]) {
    session.print("");
    session.print(title);
    for (i, ll) in log.iter().enumerate() {
        session.print(format!("{}Log likelihood = {:>10}", iteration(i), format::bare("%10.0g", *ll)));
    }
}

/// Runs `xtreg, mle`.
pub(super) fn run(session: &mut Session, cmd: &ParsedCommand, unit: usize) -> Result<()> {
    let vce = VceSpec::parse("xtreg", &cmd.options, &["oim", "conventional"])?;
    if vce != VceSpec::Default {
        return Err(StataError::unsupported_option("xtreg", "vce() with mle"));
    }
    let reading = Reading { vce: Some(vce), weight_kinds: &[], further: vec![unit], ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let units = Units::new(number_groups(&session.frame, unit, &model.design.rows).0);
    if units.count() < 2 {
        return Err(StataError::new(2001, "insufficient observations: only one group"));
    }
    let (found, pooled) = fit(&model, &units, true)?;
    let constant = if model.constant { Some(fit(&model, &units, false)?.0) } else { None };
    if session.shows_log(|o| cmd.has(o)) {
        if let Some(constant) = &constant {
            print_log(session, "Fitting constant-only model:", &constant.log);
        }
        print_log(session, "Fitting full model:", &found.log);
    }
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.ancillary("sigma_u").ancillary("sigma_e");
    let parameters = layout.parameters(&found.b, &found.v);
    let mut est = post::begin("xtreg", &post::command_line(cmd), &parameters, &model);
    let k = model.columns().len() as f64;
    let (su, se) = (found.b[found.b.len() - 2], found.b[found.b.len() - 1]);
    let sizes: Vec<f64> = units.sizes.iter().map(|s| *s as f64).collect();
    let n = model.y.len() as f64;
    let r = &mut est.results;
    r.scalar("N", n).scalar("N_g", sizes.len() as f64).scalar("df_m", k).scalar("ll", found.ll);
    r.scalar("g_min", sizes.iter().copied().fold(f64::INFINITY, f64::min))
        .scalar("g_avg", n / sizes.len() as f64)
        .scalar("g_max", sizes.iter().copied().fold(0.0, f64::max));
    if let Some(ll_0) = constant.map(|fit| fit.ll) {
        let chi2 = 2.0 * (found.ll - ll_0);
        r.scalar("ll_0", ll_0).scalar("chi2", chi2).text("chi2type", "LR");
        r.scalar("p", if k > 0.0 { chi2_tail(k, chi2) } else { MISSING });
    }
    let chi2_c = (2.0 * (found.ll - pooled)).max(0.0);
    r.scalar("ll_c", pooled).scalar("chi2_c", chi2_c);
    r.scalar("sigma_u", su).scalar("sigma_e", se).scalar("rho", su * su / (su * su + se * se));
    r.scalar("rank", found.b.len() as f64).scalar("ic", found.log.len() as f64 - 1.0);
    r.scalar("converged", f64::from(u8::from(found.converged)));
    r.text("model", "ml").text("title", "Random-effects ML regression").text("vce", "oim");
    r.text("ivar", session.frame.var(unit).name.clone())
        .text("properties", "b V")
        .text("predict", "xtrefe_p");
    let touse = model.touse;
    session.post_estimation(est, touse);
    display(session, cmd)
}

/// Standard error of rho by the delta method and its limits on the scale of the normal quantile ([XT] xtreg, whose example
/// prints .4204033, .0074828, .4057959 and .4351212).
fn rho_interval(session: &Session, cmd: &ParsedCommand) -> Result<[f64; 3]> {
    let level = level(session, cmd)?;
    let e = &session.e;
    let (Some(v), Some(su), Some(se)) =
        (e.v(), e.results.get_scalar("sigma_u"), e.results.get_scalar("sigma_e"))
    else {
        return Ok([MISSING; 3]);
    };
    let (total, k) = (su * su + se * se, v.rows());
    let gradient = [2.0 * su * se * se / (total * total), -2.0 * se * su * su / (total * total)];
    let mut variance = 0.0;
    for (i, a) in gradient.iter().enumerate() {
        for (j, b) in gradient.iter().enumerate() {
            variance += a * b * v.get(k - 2 + i, k - 2 + j);
        }
    }
    let error = variance.sqrt();
    let at = normal_quantile(su * su / total);
    let half = wald::critical(level, None) * error / normal_density(at);
    Ok([error, normal(at - half), normal(at + half)])
}

/// Shows the active results.
pub(super) fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let left = [
        e.get_text("title").unwrap_or("").to_string(),
        format!("Group variable: {}", e.get_text("ivar").unwrap_or("")),
        "Random effects u_i ~ Gaussian".to_string(),
        String::new(),
        String::new(),
        String::new(),
        format!("Log likelihood = {}", format::bare("%10.0g", scalar("ll"))),
    ];
    let facts = [
        Fact::observations(scalar("N")),
        Fact::new("Number of groups", "%10.0fc", scalar("N_g")),
        Fact::new("Obs per group min", "%10.0fc", scalar("g_min")),
        Fact::new("              avg", "%10.1fc", scalar("g_avg")),
        Fact::new("              max", "%10.0fc", scalar("g_max")),
        Fact::statistic("LR chi2", &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let (rho, chi2_c) = (scalar("rho"), scalar("chi2_c"));
    let spread = rho_interval(session, cmd)?;
    session.print("");
    show(session, &left, &facts, 17, 10);
    session.print("");
    ml_command::table(session, cmd, &Look { ancillary: 2, deviations: true, ..Look::default() })?;
    let cell = |x: f64, width: usize| format::right(&format::bare("%9.0g", x), width);
    let [se, low, high] = spread;
    session.print(format!(
        "         rho |{}{}{:>16}{}{}",
        cell(rho, 11),
        cell(se, 11),
        "",
        cell(low, 13),
        cell(high, 12)
    ));
    session.print("-".repeat(78));
    // The null is on the edge of the parameter space: half of a chi-squared with one degree of freedom.
    let p = if chi2_c > 0.0 { 0.5 * chi2_tail(1.0, chi2_c) } else { 1.0 };
    session.print(format!(
        "LR test of sigma_u=0: chibar2(01) = {}               Prob >= chibar2 = {}",
        format::bare("%9.2f", chi2_c).trim(),
        format::bare("%5.3f", p)
    ));
    Ok(())
}
