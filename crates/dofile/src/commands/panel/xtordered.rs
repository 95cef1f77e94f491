//! `xtologit`, `xtoprobit` and `xttobit`: random-effects models of ordered and of censored outcomes.
//!
//! Store in `e()`: N N_g g_min g_avg g_max df_m ll ll_c chi2 chi2_c p n_quad; ordered also k_cat, cat; `xttobit` also
//! N_unc N_lc N_rc sigma_u sigma_e rho; b, V, cmd ivar depvar. Formulas: [XT] xtologit, [XT] xtoprobit, [XT] xttobit.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit::{group_rows, panel_header, store_sizes};
use super::random::{Setup, categories, cut_starts, fit, integration_points};
use super::random_censored::{Linear, fit_linear};
use super::unit_variable;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::format;
use crate::matrix::Matrix;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, normal_quantile};
use estimators::ml::MlFit;
use estimators::ml_censored::Seen;
use estimators::ml_random_outcomes::{Curve, Ordered};

const UNSUPPORTED: &[&str] = &["INTMethod", "LRMODEL", "TOBIT"];
const ORDERED: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("I"),
    OptSpec::text("OFFset"),
    OptSpec::int("INTPoints"),
    OptSpec::flag("or"),
    OptSpec::flag("re"),
])
.searched()
.unsupported(UNSUPPORTED);
const TOBIT: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("I"),
    OptSpec::text("OFFset"),
    OptSpec::int("INTPoints"),
    OptSpec::flag("re"),
    OptSpec::flag_or_text("ll"),
    OptSpec::flag_or_text("ul"),
])
.searched()
.unsupported(UNSUPPORTED);

/// The command `xtologit`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtologit",
    min: 8,
    form: Form::Standard(&ORDERED),
    by: ByRule::EachGroup,
    run,
    syntax: "xtologit depvar [indepvars] [if] [in] [, or offset(v) intpoints(#) vce(oim|robust|cluster v) level(#) nolog]",
    notes: "mean-variance adaptive Gauss-Hermite quadrature, 12 points; stores e(N N_g k_cat df_m ll ll_c chi2 chi2_c p sigma_u rho), e(b) with /cut1 ... /sigma2_u, e(V), r(table); formulas: [XT] xtologit",
    examples: &[Example {
        run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = 1 + (x + 3*mod(id, 3) + mod(_n*5, 9) > 5) + (x + mod(id, 3) + mod(_n*5, 9) > 8)\nxtset id\nxtologit y x",
        expect: &[("e(N_g)", 15.0), ("e(k_cat)", 3.0), ("2*(e(ll) - e(ll_c)) - e(chi2_c)", 0.0)],
    }],
};

/// The command `xtoprobit`.
pub(super) const SPEC_PROBIT: CommandSpec = CommandSpec {
    name: "xtoprobit",
    min: 9,
    syntax: "xtoprobit depvar [indepvars] [if] [in] [, offset(v) intpoints(#) vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores as xtologit; formulas: [XT] xtoprobit",
    examples: &[Example {
        run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = 1 + (x + 3*mod(id, 3) + mod(_n*5, 9) > 5) + (x + mod(id, 3) + mod(_n*5, 9) > 8)\nxtset id\nxtoprobit y x",
        expect: &[("e(N_g)", 15.0), ("e(k_cat)", 3.0)],
    }],
    ..SPEC
};

/// The command `xttobit`.
pub(super) const SPEC_TOBIT: CommandSpec = CommandSpec {
    name: "xttobit",
    min: 7,
    form: Form::Standard(&TOBIT),
    syntax: "xttobit depvar [indepvars] [if] [in] [, ll[(#)] ul[(#)] noconstant offset(v) intpoints(#) vce(oim|robust|cluster v) level(#) nolog]",
    notes: "mean-variance adaptive Gauss-Hermite quadrature, 12 points; stores e(N N_g N_unc N_lc N_rc df_m ll ll_c chi2 chi2_c p sigma_u sigma_e rho), e(b) with /sigma_u /sigma_e, e(V), r(table); formulas: [XT] xttobit",
    examples: &[Example {
        run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) + mod(_n*5, 9)\nxtset id\nxtreg y x, mle\nscalar ll = e(ll)\nxttobit y x, ll(-100)",
        // without a censored row it is the linear model
        expect: &[("e(ll) - ll", 0.0), ("e(N_lc)", 0.0)],
    }],
    ..SPEC
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name: &'static str = match cmd.name.as_str() {
        "xtologit" => "xtologit",
        "xtoprobit" => "xtoprobit",
        _ => "xttobit",
    };
    let tobit = name == "xttobit";
    if name == "xtoprobit" && cmd.has("or") {
        return Err(StataError::option_not_allowed("or"));
    }
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name,
            estimate: &|session| if tobit { censored(session, cmd) } else { ordered(session, cmd, name) },
            header: &|session| {
                let title = session.e.results.get_text("title").unwrap_or("").to_string();
                let points = session.e.results.get_scalar("n_quad");
                panel_header(session, &title, "Random effects u_i ~ Gaussian", points);
            },
            look: &|session| Look {
                eform: cmd.has("or").then_some("Odds ratio"),
                ancillary: session.e.b().map_or(0, |b| b.col_names.iter().filter(|s| s.eq == "/").count()),
                ..Look::default()
            },
            footer: &footer,
        },
    )
}

fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<(Model, usize)> {
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.push(unit);
    let mut model = Reading { further, ..Reading::likelihood(cmd, &[]) }.model(session)?;
    by_unit(session, &mut model, unit);
    Ok((model, unit))
}

/// A robust covariance of a panel is by unit.
pub(super) fn by_unit(session: &Session, model: &mut Model, unit: usize) {
    if model.vce == VceSpec::Robust {
        model.vce = VceSpec::Cluster(session.frame.var(unit).name.clone());
        model.clusters = Some(ClusterRows::of(&session.frame, unit, &model.design.rows));
    }
}

fn ordered(session: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    let (mut model, unit) = read(session, cmd)?;
    // cutpoints take the place of the constant
    model.constant = false;
    let omitted = {
        let columns = model.columns();
        estimators::qr::choose_columns(estimators::qr::Design {
            columns: &columns,
            weights: None,
            constant: true,
        })
        .1
    };
    let names = model.omit(&omitted);
    crate::estimation::post::note_omitted(session, &names);
    let (values, of_row) = categories(&model)?;
    let rows = group_rows(session, unit, &model);
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let ones = vec![1.0; model.y.len()];
    let probit = name == "xtoprobit";
    let curve = if probit { Curve::Probit } else { Curve::Logit };
    let index = |p: f64| if probit { normal_quantile(p) } else { (p / (1.0 - p)).ln() };
    let points = integration_points(cmd, 12)?;
    let setup = Setup {
        model: &model,
        outcome: Ordered { category: &of_row, categories: values.len(), curve },
        further: cut_starts(&of_row, values.len(), index),
        constant: 0.0,
        effects: vec![&ones],
        correlated: false,
        unit: 1.0,
        points,
        rows: &rows,
        offset: offset.as_ref().map(|o| o.0.as_slice()),
    };
    let mut found = fit(session, cmd, setup)?;
    let last = found.fit.b.len() - 1;
    let variance = (2.0 * found.fit.b[last]).exp();
    let best = &mut found.fit;
    ml_command::rescale(&mut best.b, &mut best.v, last, variance, 2.0 * variance);
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    for j in 1..values.len() {
        layout.ancillary(&format!("cut{j}"));
    }
    layout.ancillary("sigma2_u");
    let title = if probit {
        "Random-effects ordered probit regression"
    } else {
        "Random-effects ordered logistic regression"
    };
    let error = if probit { 1.0 } else { std::f64::consts::PI.powi(2) / 3.0 };
    let shares = (variance.sqrt(), variance / (variance + error));
    post(
        session,
        cmd,
        (name, title),
        layout,
        &Shown { model: &model, rows: &rows, unit, points, shares },
        &found.fit,
        found.ll_c,
    );
    let results = &mut session.e.results;
    results.scalar("k_cat", values.len() as f64).matrix("cat", Matrix::new(1, values.len(), values));
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    Ok(())
}

/// One censoring limit: the number, or the extreme of the outcome when none is given.
fn limit(cmd: &ParsedCommand, option: &str, extreme: f64) -> Result<Option<f64>> {
    if !cmd.options.has(option) {
        return Ok(None);
    }
    match cmd.options.text(option).map(str::trim).filter(|t| !t.is_empty()) {
        None => Ok(Some(extreme)),
        Some(text) => parse_number(text)
            .map(Some)
            .ok_or_else(|| StataError::unsupported_option("xttobit", &format!("{option}({text})"))),
    }
}

fn censored(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut model, unit) = read(session, cmd)?;
    drop_collinear(session, &mut model);
    let extreme = |f: fn(f64, f64) -> f64, from: f64| model.y.iter().copied().fold(from, f);
    let lower = limit(cmd, "ll", extreme(f64::min, f64::INFINITY))?;
    let upper = limit(cmd, "ul", extreme(f64::max, f64::NEG_INFINITY))?;
    let see = |y: f64| match (lower, upper) {
        (Some(l), _) if y <= l => Seen::AtMost(l),
        (_, Some(u)) if y >= u => Seen::AtLeast(u),
        _ => Seen::Value(y),
    };
    let seen: Vec<Seen> = model.y.iter().map(|y| see(*y)).collect();
    let count = |test: fn(&Seen) -> bool| seen.iter().filter(|s| test(s)).count() as f64;
    let counts = [
        count(|s| matches!(s, Seen::Value(_))),
        count(|s| matches!(s, Seen::AtMost(_))),
        count(|s| matches!(s, Seen::AtLeast(_))),
    ];
    if counts[0] == 0.0 {
        return Err(StataError::new(2000, "no uncensored observations"));
    }
    fit_censored(session, cmd, ("xttobit", "Random-effects tobit regression"), &model, unit, &seen)?;
    let results = &mut session.e.results;
    for (name, count) in ["N_unc", "N_lc", "N_rc"].iter().zip(counts) {
        results.scalar(name, count);
    }
    for (name, limit) in [("llopt", lower), ("ulopt", upper)] {
        if let Some(limit) = limit {
            results.scalar(name, limit);
        }
    }
    Ok(())
}

/// Fits and posts a linear model with normal effects of the units, of which each row shows a value, a bound or an interval.
pub(super) fn fit_censored(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: (&'static str, &str),
    model: &Model,
    unit: usize,
    seen: &[Seen],
) -> Result<()> {
    let rows = group_rows(session, unit, model);
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let points = integration_points(cmd, 12)?;
    let constant = vec![1.0; model.y.len()];
    let linear = Linear {
        model,
        seen,
        effects: vec![&constant],
        correlated: false,
        points,
        rows: &rows,
        offset: offset.as_ref().map(|o| o.0.as_slice()),
    };
    let mut found = fit_linear(session, cmd, linear)?;
    let best = &mut found.fit;
    let size = best.b.len();
    let sigma = [best.b[size - 1].exp(), best.b[size - 2].exp()];
    ml_command::rescale(&mut best.b, &mut best.v, size - 1, sigma[0], sigma[0]);
    ml_command::rescale(&mut best.b, &mut best.v, size - 2, sigma[1], sigma[1]);
    // sigma_u stands before sigma_e
    best.b.swap(size - 1, size - 2);
    let order: Vec<usize> = (0..size - 2).chain([size - 1, size - 2]).collect();
    best.v = best.v.select(&order, &order);
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.ancillary("sigma_u").ancillary("sigma_e");
    let total = sigma[0].powi(2) + sigma[1].powi(2);
    let shares = (sigma[0], sigma[0].powi(2) / total);
    post(
        session,
        cmd,
        name,
        layout,
        &Shown { model, rows: &rows, unit, points, shares },
        &found.fit,
        found.ll_c,
    );
    let results = &mut session.e.results;
    results.scalar("sigma_e", sigma[1]);
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    Ok(())
}

/// What a result says about its effects.
struct Shown<'a> {
    model: &'a Model,
    rows: &'a [Vec<usize>],
    unit: usize,
    points: usize,
    /// Standard deviation of the effects and their share of the variance.
    shares: (f64, f64),
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    (name, title): (&'static str, &str),
    layout: Layout,
    shown: &Shown<'_>,
    fit: &MlFit,
    ll_c: f64,
) {
    let model = shown.model;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: name,
        title,
        predict: "xtbin_p",
        parameters: &parameters,
        fit,
        ll_0: None,
        tested: &tested,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let results = &mut est.results;
    store_sizes(results, shown.rows);
    results.scalar("ll_c", ll_c).scalar("chi2_c", (2.0 * (fit.ll - ll_c)).max(0.0)).text("chi2_ct", "LR");
    results.scalar("sigma_u", shown.shares.0).scalar("rho", shown.shares.1);
    results
        .scalar("n_quad", shown.points as f64)
        .text("intmethod", "mvaghermite")
        .text("distrib", "Gaussian");
    results.text("model", "re").text("ivar", session.frame.var(shown.unit).name.clone());
    session.post_estimation(est, model.touse.clone());
}

pub(super) fn footer(session: &mut Session) {
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let tobit = ["xttobit", "xtintreg"].contains(&session.e.cmd());
    let (rho, chi2) = (scalar("rho"), scalar("chi2_c"));
    if tobit {
        session.print(format!("{:>12} |  {}", "rho", format::number("%9.0g", rho)));
        session.print("-".repeat(78));
    }
    if session.e.results.get_text("vcetype").is_none() {
        // Zero is the edge of the range: half of the chi-squared tail.
        let p = chi2_tail(1.0, chi2) / if chi2 > 0.0 { 2.0 } else { 1.0 };
        let what = match session.e.cmd() {
            "xttobit" | "xtintreg" => "LR test of sigma_u=0",
            "xtologit" => "LR test vs. ologit model",
            _ => "LR test vs. oprobit model",
        };
        let left = format!("{what}: chibar2(01) = {}", format::bare("%8.2f", chi2).trim_start());
        let right = format!("Prob >= chibar2 = {}", format::bare("%5.3f", p));
        session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    }
}
