//! `reghdfe`: linear regression with several sets of absorbed effects. Numbers: `estimators::absorb_fit`.
//!
//! Degrees of freedom as Correia publishes them (help reghdfe): each pair of sets gives redundant effects by its
//! connected parts, sets nested within clusters do not count, rows that are alone in a group are dropped.

use super::reghdfe_effects::{Effects, degrees, save_effects, save_residuals};
use super::reghdfe_sets::{
    Absorbed, Grouping, absorbed, adjustments, covariance, singletons, units, variables,
};
use super::reghdfe_show::display;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, note_weights};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, AbsorbState, Parameters, plain_stripe, stata};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::is_missing;
use estimators::absorb_fit::{self, AbsorbRequest, AbsorbedFit, Covariance};
use estimators::matrix::Mat;
use estimators::panel::Units;
use estimators::wald;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Absorb"),
    OptSpec::flag("noAbsorb"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::flag_or_text("RESiduals"),
    OptSpec::text("DOFadjustments"),
    OptSpec::flag("KEEPSINgletons"),
    OptSpec::real("Level"),
    OptSpec::flag("noFOOTnote"),
    OptSpec::flag("noHEader"),
    // How the effects are taken out: here they are, to the precision of the numbers, by one method.
    OptSpec::real("TOLerance"),
    OptSpec::real("ITERate"),
    OptSpec::real("MAXITERations"),
    OptSpec::text("ACCELeration"),
    OptSpec::text("TRANSForm"),
    OptSpec::text("PRECONDitioner"),
    OptSpec::text("TECHnique"),
    OptSpec::flag("PRUNE"),
    OptSpec::real("Verbose"),
    OptSpec::flag("TIMEit"),
    OptSpec::real("POOLsize"),
    OptSpec::flag("COMPACT"),
    OptSpec::flag("COMPILE"),
    OptSpec::text("PARallel"),
    OptSpec::flag("NOWARN"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability])
.coefficient_table()
.unsupported(&[
    "GROUPvar",
    "SUMMarize",
    "noREGress",
    "KEEPMATA",
    "noSAMPLE",
    "GROUP",
    "INDIVidual",
    "AGGREGation",
    "EFORM",
    "noTABle",
    "VERSION",
    "OLD",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "reghdfe",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "reghdfe depvar [indepvars] [if] [in] [weight], {absorb([newvar=]a [a#b i.a#c.x a##c.x ...] [, savefe]) | noabsorb} [vce(unadjusted|robust|cluster varlist) residuals[(newvar)] dofadjustments(all|none|pairwise firstpair clusters continuous) noconstant keepsingletons level(#) noheader nofootnote]",
    notes: "stores e(N N_full num_singletons N_hdfe df_m df_r df_a df_a_nested F r2 r2_a r2_within r2_a_within rss mss tss tss_within rmse ll ll_0 rank N_clust N_clustervars N_clust1 ...), e(b), e(V), e(dof_table), absvars extended_absvars clustvar; effects are taken out to the precision of the numbers, and options that choose how (tolerance, acceleration, poolsize ...) change nothing; slopes of groups nested within clusters do not count, as intercepts do not; saved effects of further sets have a mean of zero; predict gives xb d xbd residuals dresiduals; see reghdfe (SSC), Correia (2017)",
    examples: &[Example {
        // A balanced two-way layout: the slope is the one of the doubly centred columns.
        run: "set obs 6\ngen a = ceil(_n/2)\ngen b = mod(_n,2)\ngen x = _n == 1\ngen y = 3*x + 10*a + b\nreghdfe y x, absorb(a b)",
        expect: &[("_b[x]", 3.0), ("e(df_a)", 4.0), ("e(df_r)", 1.0), ("e(num_singletons)", 0.0)],
    }],
};

/// The warning that negative eigenvalues of a covariance were set to zero.
pub(super) const NOT_DEFINITE: &str = "Warning: VCV matrix was non-positive semi-definite; adjustment from \
    Cameron, Gelbach & Miller applied.";

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && cmd.has("compile") {
        // installation scripts compile the package's library, of which there is none here
        return Ok(());
    }
    if cmd.list.trim().is_empty() && s.e.cmd() == "reghdfe" {
        return display(s, cmd);
    }
    let items = match cmd.options.text("absorb") {
        Some(text) => absorbed(s, text)?,
        None if cmd.has("noabsorb") => Vec::new(),
        None => return Err(StataError::invalid("option absorb() or noabsorb required")),
    };
    let (vce, clustered) = covariance(s, &cmd.options, "reghdfe")?;
    let adjustments = adjustments(cmd.options.text("dofadjustments"))?;
    let mut model = read(s, cmd, &items, &clustered, vce)?;
    let full = model.y.len();
    if !cmd.has("keepsingletons") {
        drop_singletons(s, &mut model, &items)?;
    }
    note_weights(s, &model);
    let effects = Effects::new(s, &model, &items)?;
    let clusters: Vec<Units> = clustered.iter().map(|g| units(s, g, &model.design.rows)).collect();
    let kind = match (&model.vce, clusters.is_empty()) {
        (_, false) => Covariance::Clusters(&clusters),
        (VceSpec::Robust, _) => Covariance::Robust,
        _ if is_probability(&model) => Covariance::Robust,
        _ => Covariance::Classical,
    };
    let fit = absorb_fit::fit(&AbsorbRequest {
        y: &model.y,
        columns: &model.columns(),
        weights: model.weights.as_ref(),
        sets: &effects.sets,
        slopes: &effects.slopes,
        covariance: &kind,
        adjustments,
    })
    .map_err(fit_error)?;
    save_effects(s, &model, &items, &effects, &fit)?;
    let omitted = model.omit(&fit.ols.basis.omitted);
    post::note_omitted(s, &omitted);
    if fit.repaired {
        s.print(NOT_DEFINITE);
    }
    let estimated = model.estimated();
    let v = Mat::from_fn(estimated.len(), estimated.len(), |i, j| fit.ols.v[(i, j)]);
    let parameters = Parameters::spread(plain_stripe(model.names()), &estimated, &fit.ols.b, &v);
    let mut est = post::begin("reghdfe", &post::command_line(cmd), &parameters, &model);
    store(&mut est.results, &fit, full - model.y.len(), full);
    est.results.scalar("N_hdfe", items.len().max(1) as f64).scalar("rank", estimated.len() as f64);
    degrees(&mut est.results, &items, &effects, (&fit.sets, &fit.slopes));
    names(&mut est.results, &clustered, &fit);
    save_residuals(s, cmd, &model, &fit.ols.residuals)?;
    if est.results.get_scalar("F").is_none_or(is_missing) && fit.ols.df_m > 0.0 {
        s.print("warning: missing F statistic; dropped variables due to collinearity or too few clusters");
    }
    est.extra = Some(Arc::new(AbsorbState { residuals: fit.ols.residuals.clone() }));
    let touse = model.touse.clone();
    s.post_estimation(est, touse);
    display(s, cmd)
}

/// The sample: rows without a missing value in the model, the sets, the variables of slopes and the clusters.
fn read(
    s: &mut Session,
    cmd: &ParsedCommand,
    items: &[Absorbed],
    clustered: &[Grouping],
    vce: VceSpec,
) -> Result<Model> {
    let further = variables(items).chain(clustered.iter().flat_map(|g| g.variables.clone())).collect();
    Reading { further, vce: Some(vce), ..Reading::new(cmd) }.model(s)?.enough()
}

fn drop_singletons(s: &mut Session, model: &mut Model, items: &[Absorbed]) -> Result<()> {
    let alone = singletons(s, items, &model.design.rows);
    model.drop_rows(s, &alone)?;
    if model.y.is_empty() { Err(StataError::insufficient_observations()) } else { Ok(()) }
}

fn is_probability(model: &Model) -> bool {
    model.weights.as_ref().is_some_and(|w| w.kind == estimators::weights::WeightKind::Probability)
}

fn store(results: &mut Results, fit: &AbsorbedFit, singletons: usize, full: usize) {
    let ols = &fit.ols;
    let slopes: Vec<usize> = (0..ols.basis.kept.len()).collect();
    let test = wald::test_zero(&ols.b, &ols.v, &slopes);
    let f = if slopes.is_empty() || test.df < slopes.len() { f64::NAN } else { test.f() };
    let (tss, within) = fit.total;
    let mean_square = ols.rss / fit.df_residual;
    results.scalar("N", ols.n).scalar("N_full", full as f64).scalar("num_singletons", singletons as f64);
    results.scalar("df_m", ols.df_m).scalar("df_r", ols.df_r).scalar("df_a", fit.df_a);
    results.scalar("df_a_nested", fit.df_a_nested);
    results.scalar("F", stata(f));
    results
        .scalar("tss", tss)
        .scalar("tss_within", within)
        .scalar("rss", ols.rss)
        .scalar("mss", tss - ols.rss);
    results.scalar("r2", stata(1.0 - ols.rss / tss)).scalar("r2_within", stata(1.0 - ols.rss / within));
    results.scalar("r2_a", stata(1.0 - mean_square / (tss / (ols.n - 1.0))));
    let before = fit.df_residual + ols.df_m;
    results.scalar("r2_a_within", stata(1.0 - mean_square / (within / before)));
    results.scalar("rmse", mean_square.sqrt()).scalar("ll", stata(ols.ll)).scalar("ll_0", stata(ols.ll_0));
}

fn names(results: &mut Results, clustered: &[Grouping], fit: &AbsorbedFit) {
    let list = |all: &[Grouping]| all.iter().map(|g| g.name.as_str()).collect::<Vec<_>>().join(" ");
    results.text("title", "HDFE Linear regression").text("model", "ols").text("predict", "reghdfe_p");
    if !clustered.is_empty() {
        results.text("vce", "cluster").text("vcetype", "Robust").text("clustvar", list(clustered));
        let smallest = fit.clusters.iter().copied().min().unwrap_or(0);
        results.scalar("N_clust", smallest as f64).scalar("N_clustervars", clustered.len() as f64);
        for (k, (grouping, count)) in clustered.iter().zip(&fit.clusters).enumerate() {
            results.text(&format!("clustvar{}", k + 1), grouping.name.as_str());
            results.scalar(&format!("N_clust{}", k + 1), *count as f64);
        }
    }
}
