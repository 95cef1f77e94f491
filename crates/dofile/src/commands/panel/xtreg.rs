//! `xtreg`: linear panel regression with fixed, random or between effects.
//!
//! Syntax: `xtreg depvar [indepvars] [if] [in] [weight] [, fe|re|be [wls]|mle|pa corr(...) vce(conventional|robust|cluster v)
//! robust cluster(v) level(#) i(v) theta sa]` after `xtset`. Stores in `e()`: N N_g df_m df_r df_a F chi2 p
//! r2 r2_w r2_b r2_o r2_a rss mss tss rmse sigma sigma_u sigma_e rho corr F_f g_min g_avg g_max Tbar Tcon
//! ll ll_0 rank N_clust, b V, cmd model ivar depvar vce vcetype clustvar. Formulas: [XT] xtreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::unit_variable;
use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::display::{fit_error, level};
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::descriptive::Sample;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::ml_glm::{Family, GlmLink};
use estimators::ols::Request;
use estimators::panel::{self, RandomFit, Units, WithinFit};
use estimators::wald;

/// Options of `xtreg`.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("fe"),
    OptSpec::flag("re"),
    OptSpec::flag("be"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::text("I"),
    OptSpec::flag("theta"),
    OptSpec::flag("sa"),
    OptSpec::flag("mle"),
    // the log of mle; the other estimators have none
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::flag("pa"),
    OptSpec::flag("wls"),
    OptSpec::text("Corr"),
    // without effect where the panels are nested in the clusters
    OptSpec::flag("NONEST"),
];

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability])
    .unsupported(&["DFADJust"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtreg",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtreg depvar [indepvars] [if] [in] [weight] [, fe|re [sa]|be [wls] vce(conventional|robust|cluster v) level(#) i(v)]",
    notes: "stores e(N N_g df_m df_r F chi2 p r2_w r2_b r2_o rss sigma_u sigma_e rho corr F_f), e(b), e(V), r(table); formulas: [XT] xtreg",
    examples: &[Example {
        // Slopes 3 and 1 within two units of equal size.
        run: "input id x y\n1 1 1\n1 2 4\n2 1 10\n2 2 11\nend\nxtset id\nxtreg y x, fe",
        expect: &[("_b[x]", 2.0), ("e(N_g)", 2.0)],
    }],
};

/// The model of `xtreg, pa`.
const AVERAGED: super::xtgee::Averaged = ("xtreg", Family::Gaussian, GlmLink::Identity);

/// Runs the command.
fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "xtreg" {
        if session.e.results.get_text("model") == Some("ml") {
            return super::xtreg_mle::display(session, cmd);
        }
        return display(session, cmd);
    }
    let options = &cmd.options;
    let mut kinds: Vec<&str> =
        ["fe", "re", "be", "mle", "pa"].into_iter().filter(|k| options.has(k)).collect();
    if kinds == ["re", "mle"] {
        // Maximum likelihood is an estimator of the random-effects model.
        kinds.remove(0);
    }
    if kinds.len() > 1 {
        return Err(StataError::invalid(format!("options {} may not be combined", kinds.join(" and "))));
    }
    let unit = unit_variable(session, options.text("i"))?;
    let kind = kinds.first().copied().unwrap_or("re");
    if kind != "re" && options.has("sa") {
        return Err(StataError::option_not_allowed("sa"));
    }
    if kind != "be" && options.has("wls") {
        return Err(StataError::new(198, "option wls belongs to xtreg with option be"));
    }
    if kind != "pa" && options.has("corr") {
        return Err(StataError::option_not_allowed("corr()"));
    }
    match kind {
        "pa" => return super::xtgee::population_averaged(session, cmd, AVERAGED),
        "mle" => return super::xtreg_mle::run(session, cmd, unit),
        _ => {}
    }
    use crate::syntax::split::WeightKind::{Analytic, Frequency, Probability};
    let kinds: &[_] = if kind == "fe" { &[Analytic, Frequency, Probability] } else { &[] };
    let reading = Reading { further: vec![unit], weight_kinds: kinds, ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    let (of_row, _) = number_groups(&session.frame, unit, &model.design.rows);
    let units = Units::new(of_row);
    if model.vce == VceSpec::Robust || (model.is_robust() && model.clusters.is_none()) {
        // A robust covariance of a panel is by unit.
        model.vce = VceSpec::Cluster(session.frame.var(unit).name.clone());
        model.clusters = Some(ClusterRows::of(&session.frame, unit, &model.design.rows));
    }
    check(&model, &units, cmd.has("nonest"))?;
    let name = session.frame.var(unit).name.clone();
    match kind {
        "fe" => fixed(session, cmd, model, &units)?,
        "be" => between(session, cmd, model, &units)?,
        _ => random(session, cmd, model, &units)?,
    }
    let results = &mut session.e.results;
    results.text("ivar", name).text("model", kind).text("cmd", "xtreg").text("predict", "xtrefe_p");
    if results.get_text("vce").is_none() {
        results.text("vce", "conventional");
    }
    store_sizes(results, &units);
    display(session, cmd)
}

/// Panels must be nested in clusters, and weights constant in panels.
fn check(model: &Model, units: &Units, unchecked: bool) -> Result<()> {
    if let Some(clusters) = &model.clusters {
        let mut first = vec![None; units.count()];
        for (unit, cluster) in units.of_row.iter().zip(&clusters.of_row) {
            if *first[*unit as usize].get_or_insert(*cluster) != *cluster {
                return Err(match unchecked {
                    true => StataError::unsupported_option("xtreg", "nonest with panels in several clusters"),
                    false => StataError::new(498, "panels are not nested within clusters"),
                });
            }
        }
    }
    if let Some(weights) = &model.weights {
        let mut first = vec![None; units.count()];
        for (unit, weight) in units.of_row.iter().zip(&weights.values) {
            if *first[*unit as usize].get_or_insert(*weight) != *weight {
                return Err(StataError::new(199, "weight must be constant within panel"));
            }
        }
    }
    Ok(())
}

fn fixed(session: &mut Session, cmd: &ParsedCommand, mut model: Model, units: &Units) -> Result<()> {
    let fit = {
        let columns = model.columns();
        let request = Request {
            weights: model.weights.as_ref(),
            vce: model.kernel_vce(),
            ..Request::new(&model.y, &columns)
        };
        panel::within(&request, units, false).map_err(fit_error)?
    };
    model.constant = true;
    let omitted = model.omit(&fit.ols.basis.omitted);
    post::note_omitted(session, &omitted);
    let parameters =
        Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.ols.b, &fit.ols.v);
    let mut est = post::begin("xtreg", &post::command_line(cmd), &parameters, &model);
    store_fixed(&mut est.results, &fit, units, model.is_robust());
    est.results.text("title", "Fixed-effects (within) regression");
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    Ok(())
}

fn store_fixed(results: &mut Results, fit: &WithinFit, units: &Units, robust: bool) {
    let ols = &fit.ols;
    let f = ols.f.unwrap_or(f64::NAN);
    let absorbed = units.count() as f64 - 1.0;
    // The conventional model counts the unit effects. A robust one leaves them out of its scalars, and the constant takes
    // one degree from e(df_m): Stata stores 4 for five regressors.
    let (df_m, df) = if robust {
        (ols.df_m - 1.0, ols.n - ols.df_m - 1.0)
    } else {
        (ols.df_m + absorbed, ols.df_residual)
    };
    results.scalar("N", ols.n).scalar("df_m", df_m).scalar("df_b", ols.df_m).scalar("df_r", ols.df_r);
    results.scalar("df_a", absorbed).scalar("F", stata(f));
    results.scalar("p", stata(f_tail(ols.df_m, ols.df_r, f)));
    results.scalar("r2", stata(fit.r2[0])).scalar("r2_w", stata(fit.r2[0])).scalar("r2_b", stata(fit.r2[1]));
    results
        .scalar("r2_o", stata(fit.r2[2]))
        .scalar("r2_a", stata(1.0 - (1.0 - fit.r2[0]) * (ols.n - 1.0) / df));
    results.scalar("rmse", (ols.rss / df).sqrt());
    results.scalar("rss", ols.rss).scalar("mss", ols.mss).scalar("tss", fit.total_squares);
    results.scalar("sigma_e", fit.sigma_e).scalar("sigma_u", stata(fit.sigma_u));
    let variance = fit.sigma_u.powi(2) + fit.sigma_e.powi(2);
    results.scalar("sigma", stata(variance.sqrt())).scalar("rho", stata(fit.sigma_u.powi(2) / variance));
    results.scalar("corr", stata(fit.correlation));
    results.scalar("ll", stata(ols.ll)).scalar("ll_0", stata(ols.ll_0)).scalar("rank", ols.rank as f64);
    let (f, df1, df2) = fit.effects_f;
    results.scalar("F_f", stata(f)).scalar("p_f", stata(f_tail(df1, df2, f)));
    results.scalar("df_e", df2);
}

pub(super) fn store_sizes(results: &mut Results, units: &Units) {
    let sizes = &units.sizes;
    let least = sizes.iter().copied().min().unwrap_or(0);
    let most = sizes.iter().copied().max().unwrap_or(0);
    let total: usize = sizes.iter().sum();
    let count = units.count() as f64;
    let harmonic = count / sizes.iter().map(|t| 1.0 / *t as f64).sum::<f64>();
    results.scalar("N_g", count).scalar("g_min", least as f64).scalar("g_max", most as f64);
    let average = total as f64 / count;
    let random = results.get_text("model") == Some("re");
    results.scalar("g_avg", average).scalar("Tbar", if random { harmonic } else { average });
    results.scalar("Tcon", f64::from(u8::from(least == most)));
}

fn random(session: &mut Session, cmd: &ParsedCommand, mut model: Model, units: &Units) -> Result<()> {
    let fit = {
        let columns = model.columns();
        let clusters = model.clusters.as_ref().map(ClusterRows::kernel);
        panel::random(&model.y, &columns, units, clusters, cmd.has("sa")).map_err(fit_error)?
    };
    let omitted = model.omit(&fit.omitted);
    post::note_omitted(session, &omitted);
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let mut est = post::begin("xtreg", &post::command_line(cmd), &parameters, &model);
    store_random(&mut est.results, &fit, model.y.len() as f64);
    est.results.text("title", "Random-effects GLS regression");
    if cmd.has("sa") {
        est.results.text("sa", "Swamy-Arora");
    }
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    Ok(())
}

fn store_random(results: &mut Results, fit: &RandomFit, n: f64) {
    let slopes: Vec<usize> = (0..fit.kept.len()).collect();
    let test = wald::test_zero(&fit.b, &fit.v, &slopes);
    results.scalar("N", n).scalar("df_m", test.df as f64).scalar("chi2", stata(test.chi2));
    results.scalar("p", stata(chi2_tail(test.df as f64, test.chi2))).text("chi2type", "Wald");
    results
        .scalar("r2_w", stata(fit.r2[0]))
        .scalar("r2_b", stata(fit.r2[1]))
        .scalar("r2_o", stata(fit.r2[2]));
    let variance = fit.sigma_u.powi(2) + fit.sigma_e.powi(2);
    results.scalar("sigma_u", fit.sigma_u).scalar("sigma_e", fit.sigma_e).scalar("sigma", variance.sqrt());
    results.scalar("rho", fit.sigma_u.powi(2) / variance).scalar("rmse", fit.rmse);
    results.scalar("rank", fit.b.len() as f64);
    store_theta(results, fit.theta.clone());
}

/// Stores the shares of the unit means: one number for units of one size, their distribution otherwise.
pub(super) fn store_theta(results: &mut Results, mut sorted: Vec<f64>) {
    sorted.sort_by(f64::total_cmp);
    if sorted.first() == sorted.last() {
        results.scalar("theta", sorted[0]);
    } else {
        let theta = Sample::plain(sorted.into_iter());
        for (name, p) in [("thta_5", 5.0), ("thta_50", 50.0), ("thta_95", 95.0)] {
            results.scalar(name, theta.percentile(p));
        }
        results.scalar("thta_min", theta.min()).scalar("thta_max", theta.max());
    }
}

fn between(session: &mut Session, cmd: &ParsedCommand, mut model: Model, units: &Units) -> Result<()> {
    if model.is_robust() {
        return Err(StataError::unsupported_option("xtreg", "vce() with be"));
    }
    let (fit, r2) = {
        let columns = model.columns();
        let fit = panel::between(&model.y, &columns, units, cmd.has("wls")).map_err(fit_error)?;
        let kept = &fit.basis.kept;
        let slopes = &fit.b[..kept.len()];
        let xb = if columns.is_empty() {
            vec![0.0; model.y.len()]
        } else {
            estimators::qr::predict(&columns, kept, false, slopes)
        };
        let r2 = panel::r_squared(&model.y, &xb, units);
        (fit, r2)
    };
    let omitted = model.omit(&fit.basis.omitted);
    post::note_omitted(session, &omitted);
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let mut est = post::begin("xtreg", &post::command_line(cmd), &parameters, &model);
    let f = fit.f.unwrap_or(f64::NAN);
    let results = &mut est.results;
    results.scalar("N", model.y.len() as f64).scalar("df_m", fit.df_m).scalar("df_r", fit.df_r);
    results.scalar("F", stata(f)).scalar("p", stata(f_tail(fit.df_m, fit.df_r, f)));
    results.scalar("r2", stata(fit.r2)).scalar("r2_w", stata(r2[0])).scalar("r2_b", stata(fit.r2));
    results
        .scalar("r2_o", stata(r2[2]))
        .scalar("r2_a", stata(fit.r2_a))
        .scalar("rss", fit.rss)
        .scalar("mss", fit.mss);
    results.scalar("rmse", fit.rmse).scalar("ll", stata(fit.ll)).scalar("ll_0", stata(fit.ll_0));
    results.scalar("rank", fit.rank as f64).text("title", "Between regression (regression on group means)");
    if cmd.has("wls") {
        results.text("typ", "WLS");
    }
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    Ok(())
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    super::xtreg_show::header(session);
    if cmd.has("theta") {
        super::xtreg_show::show_theta(session);
    }
    let model = session.e.results.get_text("model").unwrap_or("").to_string();
    super::xtreg_show::table(session, level, model != "be")?;
    if model == "be" {
        return Ok(());
    }
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let (f, p) = (scalar("F_f"), scalar("p_f"));
    let degrees = (scalar("df_a"), scalar("df_e"));
    let robust = e.get_text("vcetype").is_some();
    super::xtreg_show::components(session);
    if model == "fe" && !robust {
        super::xtreg_show::effects_line(session, degrees, (f, p));
    }
    Ok(())
}
