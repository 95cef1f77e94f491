//! `stteffects`: treatment effects on survival time. Numbers: `estimators::survival_effects`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::model::State;
use super::show;
use super::stteffects_model::{Found, Pair, Parts, read, split};
use super::teffects::{begin, estimand, heads, level_names, overlap, without_constant};
use crate::error::{Result, StataError};
use crate::estimation::model::VceSpec;
use crate::estimation::survival::show as show_settings;
use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::assignments::Assignment;
use estimators::durations::Duration;
use estimators::effects::EffectsError;
use estimators::ml_binary::Link;
use estimators::survival_effects::{ModelColumns, SurvivalEffects, SurvivalEffectsFit, SurvivalMethod};
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("ate"),
    OptSpec::flag("atet"),
    OptSpec::flag("POMeans"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("AEQuations"),
    OptSpec::flag("noAEQuations"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("noShow"),
    OptSpec::real("PSTOLerance"),
    OptSpec::text("OSample"),
    OptSpec::real("CONtrol"),
])
.unsupported(&["TLevel", "STATistic", "ITERate", "FROM"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stteffects",
    min: 10,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "stteffects ra (x [, model ancillary(vars)]) (t) | ipw (t z [, logit|probit|hetprobit(vars)]) [(c [, model])] | ipwra (x [, model]) (t z [, tmodel]) [(c [, model])] | wra (x [, model]) (t) (c [, model]) [if] [in] [, ate atet pomeans vce(robust|cluster v) level(#) aequations pstolerance(#) osample(newvar) control(#) noshow]",
    notes: "after stset with one record for each subject from time zero on; models of time are weibull (default), exponential, gamma, lognormal; two-level treatments; ipw needs the equation of censoring where times are censored; stores e(N n0 n1 k_levels treated control converged N_clust), e(b), e(V), e(subcmd depvar dead tvar stat emodel omodel tmodel cmodel); stacked robust covariance without small-sample factor; the gamma model has the shape exp(-2 lnsigma); [CAUSAL] stteffects",
    examples: &[Example {
        // without covariates the mean of exponential times is time at risk over failures: 20 / 4 and 12 / 3
        run: "input t f g\n2 1 0\n4 1 0\n6 1 0\n8 1 0\n1 1 1\n5 1 1\n4 1 1\n2 0 1\nend\nstset t, failure(f)\nstteffects ra (, exponential) (g)",
        expect: &[("_b[POmean:0.g]", 5.0), ("round(_b[ATE:r1vs0.g], 1e-10)", -1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let bare = cmd.raw.trim();
    if bare.is_empty() || bare.starts_with(',') {
        if s.e.cmd() != "stteffects" {
            return Err(StataError::no_estimates());
        }
        let mut replay = ParsedCommand::split("stteffects", bare, false)?;
        replay.check_weighted_options(SYNTAX.options, SYNTAX.unsupported)?;
        return show::show(s, &replay);
    }
    let mut parts = split(bare)?;
    SYNTAX.check(&parts.call.rest)?;
    parts.call.rest.check_weighted_options(SYNTAX.options, SYNTAX.unsupported)?;
    let estimand = estimand(&parts.call)?;
    let vce = match parts.call.rest.options.text("vce") {
        None => VceSpec::Robust,
        Some(text) => VceSpec::parse_vce("stteffects", text, &[])?,
    };
    let found = read(s, &parts, &vce)?;
    if !parts.call.rest.has("noshow") {
        show_settings(s, &found.settings);
    }
    let sample = &found.sample;
    let weights = sample.weights.as_ref();
    let problem = SurvivalEffects {
        t: &sample.y,
        d: &found.failed,
        treated: &sample.treated,
        x: model_columns(&found.outcome),
        z: model_columns(&found.treatment),
        c: model_columns(&found.censoring),
        outcome: parts.outcome.duration(),
        assignment: match parts.treatment.model.as_deref() {
            Some("probit") => Assignment::Plain(Link::Probit),
            Some("hetprobit") => Assignment::Heteroskedastic,
            _ => Assignment::Plain(Link::Logit),
        },
        censoring: parts.censoring.as_ref().map(|c| c.duration()),
        method: parts.method,
        estimand,
        weights: weights.map(|w| w.1.as_slice()),
        frequency: weights.is_some_and(|w| {
            w.0 == WeightKind::Frequency || w.0 == WeightKind::Importance && sample.clusters.is_none()
        }),
        clusters: sample.clusters.as_ref().map(|c| (c.of_row.as_slice(), c.count)),
    };
    let fit = problem.fit().map_err(|e| match e {
        EffectsError::Model => StataError::not_converged(),
        EffectsError::Values => StataError::invalid(
            "there are censored times: stteffects ipw needs the equation of the time to censoring",
        ),
    })?;
    overlap(s, &parts.call, sample, &fit.score)?;
    if s.shows_log(|o| parts.call.rest.has(o)) {
        s.print("");
        s.print(format!("Iteration 0:  EE criterion = {}", format::bare("%10.0g", fit.criterion)));
    }
    post(s, &parts, &found, &problem, fit, &format!("stteffects {bare}"));
    show::show(s, &parts.call.rest)
}

fn model_columns(pair: &Pair) -> ModelColumns<'_> {
    ModelColumns { main: pair.main.slices(), shape: pair.shape.slices() }
}

fn post(
    s: &mut Session,
    parts: &Parts,
    found: &Found,
    problem: &SurvivalEffects<'_>,
    fit: SurvivalEffectsFit,
    command_line: &str,
) {
    let sample = &found.sample;
    let stripe = stripe(parts, found, problem);
    let mut est =
        begin(s, &parts.call, command_line, sample, problem.estimand, stripe, &fit.b, fit.v.data().to_vec());
    let r = &mut est.results;
    r.text("cmd", "stteffects").text("predict", "stteffects_p").text("dead", "_d").text("properties", "b V");
    r.text("emodel", emodel(parts.method)).text("omodel", omodel(problem));
    r.text("tmodel", tmodel(problem)).text("cmodel", problem.censoring.map_or("none", duration_name));
    r.text("title", "Survival treatment-effects estimation").scalar("converged", 1.0);
    if let Some(clusters) = &sample.clusters {
        r.text("clustvar", &clusters.name).scalar("N_clust", clusters.count as f64).text("vce", "cluster");
    }
    let raw = sample.weights.as_ref().map_or(vec![1.0; sample.y.len()], |w| w.1.clone());
    let balance = raw.clone();
    let treatment = !found.treatment.main.names.is_empty();
    let covariates = without_constant(if treatment { &sample.z } else { &sample.x });
    est.extra = Some(Arc::new(State {
        rows: sample.rows.clone(),
        treated: sample.treated.clone(),
        covariates,
        score: fit.score,
        balance,
        raw,
        means: fit.means,
        level_names: level_names(s, sample),
        matched: false,
        uncensored: fit.uncensored,
        neighbours: None,
    }));
    s.post_estimation(est, sample.touse.clone());
}

/// Names of all parameters.
fn stripe(parts: &Parts, found: &Found, problem: &SurvivalEffects<'_>) -> Vec<Stripe> {
    let sample = &found.sample;
    let mut out = heads(sample, problem.estimand).to_vec();
    let mut add = |equation: &str, suffix: &str, pair: &Pair| {
        out.extend(pair.main.names.iter().map(|n| Stripe::with_eq(equation, n.clone())));
        let shape = format!("{equation}_{suffix}");
        out.extend(pair.shape.names.iter().map(|n| Stripe::with_eq(shape.clone(), n.clone())));
    };
    let level = |l: f64| format::bare("%9.0g", l);
    if parts.method != SurvivalMethod::Ipw {
        for l in sample.levels {
            add(&format!("OME{}", level(l)), shape_name(problem.outcome), &found.outcome);
        }
    }
    add(&format!("TME{}", level(sample.levels[1])), "lnsigma", &found.treatment);
    if let Some(censoring) = problem.censoring {
        add("CME", shape_name(censoring), &found.censoring);
    }
    out
}

fn shape_name(duration: Duration) -> &'static str {
    if duration == Duration::Weibull { "lnshape" } else { "lnsigma" }
}

fn duration_name(duration: Duration) -> &'static str {
    match duration {
        Duration::Exponential => "exponential",
        Duration::Weibull => "Weibull",
        Duration::Gamma => "gamma",
        Duration::LogNormal => "lognormal",
    }
}

fn emodel(method: SurvivalMethod) -> &'static str {
    match method {
        SurvivalMethod::Ra => "regression adjustment",
        SurvivalMethod::Ipw => "inverse-probability weights",
        SurvivalMethod::IpwRa => "IPW regression adjustment",
        SurvivalMethod::Wra => "weighted regression adjustment",
    }
}

fn omodel(problem: &SurvivalEffects<'_>) -> &'static str {
    if problem.method == SurvivalMethod::Ipw { "weighted mean" } else { duration_name(problem.outcome) }
}

fn tmodel(problem: &SurvivalEffects<'_>) -> &'static str {
    match (problem.method, problem.assignment) {
        (SurvivalMethod::Ra | SurvivalMethod::Wra, _) => "none",
        (_, Assignment::Plain(Link::Logit)) => "logit",
        (_, Assignment::Plain(Link::Probit)) => "probit",
        (_, Assignment::Heteroskedastic) => "hetprobit",
    }
}
