//! `mixed`: linear mixed model with random effects of one grouping level or two nested ones and crossed ones, by maximum or
//! restricted maximum likelihood; `estat icc` and predictions of the effects.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max (matrices of both levels where there are two) df_m ll ll_c chi2 chi2_c df_c p
//! p_c k_f k_r rank converged, b with lns1_1_1 ... lnsig_e, V, cmd depvar ivars redim revars vartypes method.
//! Formulas: [ME] mixed.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::clogit::{nested, store_sizes};
use super::mixed_header::print_log;
use super::mixed_levels::{Level, Line, level_rows, parse};
use super::mixed_origin::Origins;
use super::mixed_plan::Plan;
use super::mixed_post::display;
use super::mixed_predict::MixedState;
use super::mixed_residuals::{Asked, Built, store_structure};
use super::mixed_small::{self, Degrees, Kernel};
use super::mixed_start::start;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::ml_command::Layout;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post;
use crate::matrix::Matrix;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::mixed::{Effects, Mixed, MixedFit};
use estimators::wald;
use std::sync::Arc;

pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("reml"),
    OptSpec::flag("mle"),
    OptSpec::flag("ml"),
    OptSpec::text("COVariance"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("RESiduals"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noGRoup"),
    OptSpec::flag("VARiance"),
    OptSpec::flag("STDDEViations"),
    OptSpec::text("DFMethod"),
];
pub(super) const UNSUPPORTED: &[&str] =
    &["PWeight", "FWeight", "PWSCale", "EMIterate", "EMOnly", "COLlinear", "CONSTraints", "noSTDerr"];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mixed",
    min: 5,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "mixed depvar [indepvars] [if] [in] || {levelvar|_all}: [varlist|R.varname] [, noconstant covariance(independent|unstructured)] [|| levelvar: ...] [, mle|reml residuals(independent|ar 1|exchangeable|unstructured [, t(timevar) by(varname)]) vce(oim|robust|cluster v) dfmethod(residual|satterthwaite[, eim|oim]|kroger[, eim|oim]) level(#) nolog stddeviations]",
    notes: "one level of random effects or two nested ones, and crossed effects (_all: R.varname, also several times), without weights (after several levels no estat sd; after crossed effects no estat icc and no robust covariance; with residuals() no estat and no predictions but xb); by() not with unstructured; vce(robust) by the groups of the highest level; stores e(N N_g df_m ll ll_c chi2 chi2_c p), e(b) with lns1_1_1 ... lnsig_e, e(V), r(table); predict: xb, fitted, residuals, reffects with reses(), relevel(); dfmethod() stores e(F ddf_m df_min df_avg df_max dfmethod dftitle optmetric), e(df), e(V_df); standard errors of effects after reml count the fixed effects; estat icc; formulas: [ME] mixed",
    examples: &[Example {
        // Balanced one-way layout: REML gives the analysis-of-variance estimates, MSE 1 and (18 - 1)/2.
        run: "input g y\n1 1\n1 3\n2 5\n2 5\n3 7\n3 7\nend\nreplace y = 5.2928932188134525 in 3\nreplace y = 4.7071067811865475 in 4\nmixed y || g:, reml",
        expect: &[("_b[_cons]", 14.0 / 3.0)],
    }],
};

/// The command under its name of older versions.
pub(super) const SPEC_OLD: CommandSpec = CommandSpec {
    name: "xtmixed",
    min: 7,
    run: run_old,
    syntax: "xtmixed depvar [indepvars] [if] [in] || levelvar: [varlist] [, options]",
    notes: "mixed under its name of older versions, with standard deviations unless variance is given; stores its results",
    examples: &[Example {
        run: "input g y\n1 1\n1 3\n2 5\n2 5\n3 7\n3 7.5\nend\nmixed y || g:\nscalar b = _b[_cons]\nxtmixed y || g:",
        expect: &[("_b[_cons] - b", 0.0)],
    }],
    ..SPEC
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    if raw.is_empty() || raw.starts_with(',') {
        if session.e.cmd() != "mixed" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("mixed", raw, false)?;
        again.check_options(OPTIONS, UNSUPPORTED)?;
        return display(session, &again);
    }
    fit(session, raw, "mixed")
}

/// The command under its older name, which shows standard deviations unless it is told otherwise.
fn run_old(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    if raw.is_empty() || raw.starts_with(',') { run(session, cmd) } else { fit(session, raw, "xtmixed") }
}

fn fit(session: &mut Session, raw: &str, name: &str) -> Result<()> {
    let line = parse(raw)?;
    estimate(session, &line, &format!("{name} {raw}"))?;
    display(session, &line.cmd)?;
    crate::estimation::likelihood::finish(&session.e)
}

/// What is fitted.
struct Setup<'a> {
    model: &'a Model,
    mixed: &'a Mixed,
    levels: &'a [Level],
    plan: &'a Plan,
    /// Groups of the levels.
    rows: &'a [Vec<Vec<usize>>],
    residual: Option<&'a Built>,
    /// Effects that the search took about the means of their variables.
    origins: Option<&'a Origins>,
    /// Degrees of freedom of the fixed effects.
    degrees: Option<Degrees>,
}

/// The covariance that the options ask for; a robust one is by the groups of the highest level unless it is by cluster.
fn covariance(cmd: &ParsedCommand, levels: &[Level]) -> Result<VceSpec> {
    let vce = match VceSpec::parse("mixed", &cmd.options, &["oim", "conventional"])? {
        VceSpec::Robust => VceSpec::Cluster(levels[0].group.clone()),
        other @ (VceSpec::Default | VceSpec::Cluster(_)) => other,
        _ => return Err(StataError::invalid("invalid vce() option")),
    };
    if cmd.has("reml") && vce != VceSpec::Default {
        return Err(StataError::invalid("vce(robust) is not allowed with REML estimation"));
    }
    let plain = |level: &Level| level.unit.is_some() && level.parts.iter().all(|part| part.factor.is_none());
    if vce != VceSpec::Default && !levels.iter().all(plain) {
        return Err(StataError::unsupported_option("mixed", "vce(robust) with _all: or R."));
    }
    Ok(vce)
}

fn estimate(session: &mut Session, line: &Line, cmdline: &str) -> Result<()> {
    let cmd = &line.cmd;
    let asked = cmd.options.text("residuals").map(|text| Asked::parse(session, text)).transpose()?;
    let levels = Level::read_all(session, &line.levels, asked.is_some())?;
    let vce = covariance(cmd, &levels)?;
    let small = mixed_small::Asked::of(cmd, vce != VceSpec::Default)?;
    let parts = levels.iter().flat_map(|l| &l.parts);
    let mut further: Vec<usize> = parts.flat_map(|p| p.slopes.iter().copied().chain(p.factor)).collect();
    further.extend(levels.iter().filter_map(|l| l.unit));
    further.extend(asked.iter().flat_map(Asked::variables));
    let reading = Reading { further, weight_kinds: &[], vce: Some(vce), ..Reading::new(cmd) };
    let mut model = reading.model(session)?;
    // noconstant belongs to the random effects here.
    model.constant = true;
    drop_collinear(session, &mut model);
    let plan = Plan::new(session, &levels, &model)?;
    let columns: Vec<_> = plan.tiers.iter().map(|tier| tier.columns(session, &model)).collect();
    let z: Vec<Vec<&[f64]>> =
        columns.iter().map(|(own, _)| own.iter().map(Vec::as_slice).collect()).collect();
    let ones = vec![1.0; model.y.len()];
    let mut x = model.columns();
    x.push(&ones);
    let rows = level_rows(session, &levels, &model);
    if rows.iter().zip(&levels).any(|(r, level)| level.unit.is_some() && r.len() < 2) {
        return Err(StataError::new(2001, "insufficient groups"));
    }
    let tier_rows = plan.rows(session, &model);
    let effects: Vec<Effects> =
        (0..z.len()).map(|at| Effects { z: &z[at], rows: &tier_rows[at], blocks: &columns[at].1 }).collect();
    let mut built = asked.map(|a| a.build(session, &model.design.rows, &rows[rows.len() - 1])).transpose()?;
    let form = built.as_mut().and_then(|b| b.form.take());
    let mut origins = Origins::of(&effects).filter(|_| form.is_none());
    let about = origins.as_ref().map(Origins::slices);
    let limit = cmd.options.int("iterate").map_or(100, |i| i.max(0) as usize);
    let search = |effects: &[Effects<'_>], form| -> Result<_> {
        let mixed = Mixed::new(&model.y, &x, effects, form, cmd.has("reml"));
        let (start, ll_c) = start(&model, &mixed, effects)?;
        let fit = mixed.fit(&start, limit).ok_or_else(StataError::not_converged)?;
        Ok((mixed, ll_c, fit))
    };
    let mut found = match &about {
        None => search(&effects, form)?,
        Some(z) => {
            let moved: Vec<Effects> =
                effects.iter().zip(z).map(|(e, z)| Effects { z, rows: e.rows, blocks: e.blocks }).collect();
            search(&moved, None)?
        }
    };
    if origins.as_ref().is_some_and(|o| o.at_edge(&found.2)) {
        origins = None;
        found = search(&effects, None)?;
    }
    let (mixed, ll_c, fit) = found;
    print_log(session, cmd, &fit, model.is_robust());
    let residual = built.as_ref();
    let origins = origins.as_ref();
    let moved = origins.map(Origins::slices);
    let effects: Vec<Effects> = (0..z.len())
        .map(|at| Effects { z: moved.as_ref().map_or(&z[at], |m| &m[at]), ..effects[at] })
        .collect();
    let kernel = Kernel { x: &x, effects: &effects, mixed: &mixed, fit: &fit };
    let degrees = small.map(|asked| Degrees::of(asked, &model, &kernel)).transpose()?;
    let (model, mixed, levels, plan, rows) = (&model, &mixed, &levels[..], &plan, &rows[..]);
    let setup = Setup { model, mixed, levels, plan, rows, residual, origins, degrees };
    post_results(session, cmdline, &setup, &fit, ll_c)
}

/// The covariance of all parameters in the order of the kernel; the model-based one beside a robust one.
fn variances(setup: &Setup<'_>, fit: &MixedFit) -> Result<(Mat, Option<Mat>)> {
    let (p, k) = (setup.mixed.fixed, fit.theta.len());
    // Fixed effects and variance parameters are asymptotically independent.
    let v = Mat::from_fn(p + k, p + k, |i, j| match (i < p, j < p) {
        (true, true) => fit.profile.v[(i, j)],
        (false, false) => fit.v_theta[(i - p, j - p)],
        _ => 0.0,
    });
    let Some((of_group, count)) = nested(setup.model, &setup.rows[0])? else { return Ok((v, None)) };
    let free: Vec<bool> = (0..k).map(|i| fit.v_theta[(i, i)] > 0.0).collect();
    let scores = setup
        .mixed
        .scores(&fit.profile.b, &fit.theta, &free)
        .ok_or_else(|| StataError::new(430, "could not calculate numerical derivatives"))?;
    let mut sums = Mat::zeros(count, p + k);
    for (group, cluster) in of_group.iter().enumerate() {
        (0..p + k).for_each(|j| sums[(*cluster, j)] += scores[(group, j)]);
    }
    let meat = sums.transpose().times(&sums);
    let robust = v.sandwich(&meat).scaled(count as f64 / (count as f64 - 1.0)).symmetrised();
    Ok((robust, Some(v)))
}

/// Names of the parameters.
fn layout(setup: &Setup<'_>) -> Layout {
    let mut layout = Layout::default();
    let model = setup.model;
    layout.equation(&model.depvar, model.names(), &model.estimated());
    for (level, parts) in (1..).zip(setup.levels.iter().map(|l| &l.parts)) {
        for (block, part) in (1..).zip(parts) {
            let q = part.effects();
            for i in 1..=q {
                layout.constant(&format!("lns{level}_{block}_{i}"));
            }
            let pairs = (1..=q).flat_map(|i| (i + 1..=q).map(move |j| (i, j)));
            for (i, j) in pairs.filter(|_| part.unstructured) {
                layout.constant(&format!("atr{level}_{block}_{i}_{j}"));
            }
        }
    }
    layout.constant("lnsig_e");
    setup.residual.iter().flat_map(|r| r.names()).for_each(|name| {
        layout.constant(&name);
    });
    layout
}

fn post_results(
    session: &mut Session,
    cmdline: &str,
    setup: &Setup<'_>,
    fit: &MixedFit,
    ll_c: f64,
) -> Result<()> {
    let Setup { model, mixed, levels, plan, rows, residual, origins, ref degrees } = *setup;
    let (p, k) = (mixed.fixed, fit.theta.len());
    // From the order of the kernel to that of the levels; residual parameters stay last.
    let mut order: Vec<usize> = (0..p).chain(plan.order().iter().map(|at| p + at)).collect();
    order.extend(order.len()..p + k);
    let theta = origins.map_or(fit.theta.clone(), |o| o.theta(&fit.theta));
    let kernel: Vec<f64> = fit.profile.b.iter().chain(&theta).copied().collect();
    let b: Vec<f64> = order.iter().map(|at| kernel[*at]).collect();
    let (v, v_model) = variances(setup, fit)?;
    let raw = |v: Mat| origins.map_or(v.clone(), |o| o.covariance(p, &fit.theta, &v));
    let (v, v_model) = (raw(v), v_model.map(raw));
    let (v, v_model) = (v.select(&order, &order), v_model.map(|v| v.select(&order, &order)));
    let layout = layout(setup);
    let parameters = layout.parameters(&b, &v);
    let tested: Vec<usize> = (0..p - 1).collect();
    let test = wald::test_zero(&b, &v, &tested);
    let mut est = post::begin("mixed", cmdline, &parameters, model);
    let results = &mut est.results;
    results.scalar("N", mixed.n).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    results.scalar("p", if test.df == 0 { MISSING } else { chi2_tail(test.df as f64, test.chi2) });
    results.scalar("ll", fit.profile.ll).scalar("rank", (p + k) as f64);
    if let Some(v_model) = &v_model {
        results.matrix("V_modelbased", layout.parameters(&b, v_model).v_matrix());
    } else {
        let chi2_c = (2.0 * (fit.profile.ll - ll_c)).max(0.0);
        let df_c = (k - 1) as f64;
        // One variance: half of the tail; several: the plain tail is conservative ([ME] mixed).
        let p_c = chi2_tail(df_c, chi2_c) / if is_bar(setup, k) && chi2_c > 0.0 { 2.0 } else { 1.0 };
        results.scalar("ll_c", ll_c).scalar("chi2_c", chi2_c).scalar("df_c", df_c).scalar("p_c", p_c);
    }
    results.scalar("k", (p + k) as f64).scalar("k_f", p as f64).scalar("k_r", k as f64);
    results.scalar("converged", f64::from(u8::from(fit.converged)));
    store_groups(results, rows);
    let blocks: Vec<_> =
        levels.iter().flat_map(|l| l.parts.iter().map(move |p| (l.group.as_str(), p))).collect();
    let groups: Vec<&str> = blocks.iter().map(|(group, _)| *group).collect();
    let names: Vec<Vec<String>> = blocks.iter().map(|(_, part)| part.names(session)).collect();
    let sizes: Vec<String> = names.iter().map(|n| n.len().to_string()).collect();
    let forms: Vec<&str> = blocks.iter().map(|(_, part)| part.form()).collect();
    results.text("ivars", groups.join(" ")).text("revars", names.concat().join(" "));
    results.text("redim", sizes.join(" ")).text("vartypes", forms.join(" "));
    results.text("method", if mixed.restricted { "REML" } else { "ML" }).text("chi2type", "Wald");
    results.text(
        "title",
        match (mixed.restricted, v_model.is_some()) {
            (true, _) => "Mixed-effects REML regression",
            (false, true) => "Mixed-effects regression",
            _ => "Mixed-effects ML regression",
        },
    );
    results.text("properties", "b V").text("predict", "mixed_p");
    if v_model.is_none() {
        results.text("vce", "oim");
    }
    store_structure(results, residual);
    if let Some(degrees) = degrees {
        degrees.store(results, model, test.df as f64);
    }
    let s2 = (2.0 * fit.theta[mixed.sigma_at(&fit.theta)]).exp();
    if let (Some(roots), None) = (mixed.roots(&fit.theta), residual) {
        let roots = origins.map_or(roots.clone(), |o| o.roots(roots));
        est.extra = Some(Arc::new(MixedState::new(session, levels, plan, roots, (s2, mixed.restricted))));
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// Whether the only parameter beside the residual variance is a variance of an effect.
fn is_bar(setup: &Setup<'_>, parameters: usize) -> bool {
    parameters == 2 && setup.mixed.residual_parameters() == 0
}

/// Numbers and sizes of the groups: scalars for one level, matrices for two.
fn store_groups(results: &mut Results, rows: &[Vec<Vec<usize>>]) {
    if let [rows] = rows {
        return store_sizes(results, rows);
    }
    let sizes = |level: &[Vec<usize>]| -> [f64; 4] {
        let own = level.iter().map(|g| g.len() as f64);
        let total: f64 = own.clone().sum();
        let count = level.len() as f64;
        [count, own.clone().fold(f64::INFINITY, f64::min), total / count, own.fold(0.0, f64::max)]
    };
    let all: Vec<[f64; 4]> = rows.iter().map(|level| sizes(level)).collect();
    for (at, name) in ["N_g", "g_min", "g_avg", "g_max"].into_iter().enumerate() {
        results.matrix(name, Matrix::new(1, all.len(), all.iter().map(|own| own[at]).collect()));
    }
}
