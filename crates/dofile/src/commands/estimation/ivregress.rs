//! `ivregress`: instrumental-variables regression by 2SLS, LIML or two-step GMM.
//!
//! Syntax: `ivregress 2sls|liml|gmm depvar [exog] (endog = instruments) [if] [in] [weight] [, noconstant
//! vce(unadjusted|robust|cluster v) wmatrix(unadjusted|robust|cluster v) small first level(#)]`.
//! Stores in `e()`: N df_m df_r mss rss r2 r2_a rmse F chi2 p kappa J rank N_clust, b V, cmd estimator depvar
//! instd insts exogr vce vcetype clustvar. Formulas: [R] ivregress.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, note_weights, show_active};
use crate::estimation::first_stages::show_first_stages;
use crate::estimation::header::{Fact, show};
use crate::estimation::instruments::{Asked, IvState, Lags, read, with_request};
use crate::estimation::model::{VceSpec, first_word};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::iv::{IvFit, Method};
use estimators::iv_gmm::Iterated;
use estimators::{iv, wald};
use std::sync::Arc;

/// Options of `ivregress`.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("noConstant"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::text("Wmatrix"),
    OptSpec::flag("SMall"),
    OptSpec::flag("first"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("IGMM"),
    OptSpec::real("EPS"),
    OptSpec::real("WEPS"),
    OptSpec::int("ITERate"),
];

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability, WeightKind::Importance])
    .unsupported(&["CENTer", "NOFOOTer", "PERfect", "HASCons"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ivregress",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ivregress 2sls|liml|gmm depvar [exog] (endog = instruments) [if] [in] [weight] [, noconstant vce(unadjusted|robust|cluster v|hac kernel [#]) wmatrix(the same) igmm eps(#) weps(#) iterate(#) small first level(#)]; kernel: bartlett (nwest), parzen (gallant), quadraticspectral (andrews)",
    notes: "hac needs tsset and one series; lags without # are observations less two; stores e(N df_m df_r mss rss r2 r2_a rmse F chi2 p kappa J N_clust hac_lag iterations), e(vce wmatrix hac_kernel), e(b), e(V), r(table); formulas: [R] ivregress",
    examples: &[Example {
        // Means of y differ by 5, of x by 3 between the values of z.
        run: "input y x z\n1 1 0\n3 2 0\n5 3 1\n9 6 1\nend\nivregress 2sls y (x = z)",
        expect: &[("_b[x]", 5.0 / 3.0)],
    }],
};

/// Runs the command.
fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "ivregress" {
        return display(session, cmd);
    }
    let (method, list) = first_word(&cmd.list);
    let method = match method {
        "2sls" => Method::TwoStage,
        "liml" => Method::Liml,
        "gmm" => Method::Gmm,
        other => {
            return Err(StataError::invalid(format!(
                "invalid estimator {other}: 2sls, liml or gmm expected"
            )));
        }
    };
    let mut cmd = cmd.clone();
    let hac = take_hac(&mut cmd)?;
    let cmd = &cmd;
    let (vce, weight_matrix) = covariances(cmd, method)?;
    let asked = Asked {
        method,
        vce,
        weight_matrix,
        fuller: 0.0,
        efficient: false,
        optional: false,
        further: Vec::new(),
    };
    let mut state = read(session, cmd, asked, list)?;
    time(session, cmd, &mut state, hac)?;
    let fit = with_request(&state, iv::fit).map_err(fit_error)?;
    note_weights(session, &state.model);
    if cmd.options.has("first") {
        let level = level(session, cmd)?;
        show_first_stages(session, &state, level)?;
    }
    let names: Vec<String> = state.endogenous.iter().chain(&state.exogenous).map(|c| c.0.clone()).collect();
    post_results(session, cmd, state, &fit, names);
    display(session, cmd)?;
    match fit.steps {
        Some((_, false)) => Err(StataError::not_converged()),
        _ => Ok(()),
    }
}

/// The autocorrelation that `vce()` and `wmatrix()` ask for.
#[derive(Clone, Copy)]
struct HacRequest {
    vce: Option<Lags>,
    weight: Option<Lags>,
}

/// Takes `hac kernel #` out of `vce()` and `wmatrix()`, which are robust otherwise.
fn take_hac(cmd: &mut ParsedCommand) -> Result<HacRequest> {
    let read = |name: &str| match cmd.options.text(name) {
        Some(text) => Lags::read("ivregress", text.trim()),
        None => Ok(None),
    };
    let found = HacRequest { vce: read("vce")?, weight: read("wmatrix")? };
    for (name, lags) in [("vce", found.vce), ("wmatrix", found.weight)] {
        if lags.is_some() {
            cmd.options.set_text(name, "robust");
        }
    }
    Ok(found)
}

/// Declares the time of the rows and the end of the iterations in the model.
fn time(session: &Session, cmd: &ParsedCommand, state: &mut IvState, hac: HacRequest) -> Result<()> {
    let gmm = state.method == Method::Gmm;
    if !gmm && ["igmm", "eps", "weps", "iterate"].iter().any(|o| cmd.options.has(o)) {
        return Err(StataError::invalid("igmm, eps(), weps() and iterate() are options of ivregress gmm"));
    }
    if cmd.has("igmm") {
        let value = |name: &str| cmd.options.real(name).unwrap_or(1e-6);
        let limit = cmd.options.int("iterate").map_or(16_000, |i| i.max(1) as usize);
        state.iterated = Some(Iterated { eps: value("eps"), weps: value("weps"), limit });
    }
    // Each of the two is the other's default.
    let given = |names: &[&str]| names.iter().any(|o| cmd.options.has(o));
    state.hac_vce = hac.vce.or(hac.weight.filter(|_| !given(&["vce", "robust", "cluster"])));
    state.hac_weight = hac.weight.or(hac.vce.filter(|_| gmm && !given(&["wmatrix"])));
    if state.hac_vce.is_none() && state.hac_weight.is_none() {
        return Ok(());
    }
    if state.model.weights.is_some() {
        return Err(StataError::unsupported_option("ivregress", "hac with weights"));
    }
    let declared = Panel::of(&session.frame)?;
    let time = declared.series()?;
    if declared.panel.is_some() {
        return Err(StataError::unsupported_option("ivregress", "hac with panels"));
    }
    let at: Vec<f64> =
        state.model.design.rows.iter().map(|r| session.frame.num_at(time, *r) / declared.delta).collect();
    if at.iter().any(|t| crate::value::is_missing(*t)) {
        return Err(StataError::new(459, "the time variable is missing in the sample"));
    }
    let first = at.iter().copied().fold(f64::INFINITY, f64::min);
    let last = at.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut periods = vec![None; (last - first).round() as usize + 1];
    at.iter().enumerate().for_each(|(i, t)| periods[(t - first).round() as usize] = Some(i));
    state.periods = periods;
    Ok(())
}

/// The covariance and GMM's weight matrix: each defaults to the other, and both to robust under GMM.
fn covariances(cmd: &ParsedCommand, method: Method) -> Result<(VceSpec, VceSpec)> {
    let plain = ["unadjusted"];
    let vce = VceSpec::parse("ivregress", &cmd.options, &plain)?;
    let given = ["vce", "robust", "cluster"].iter().any(|o| cmd.options.has(o));
    let Some(text) = cmd.options.text("wmatrix") else {
        let default = if given { vce } else { VceSpec::Robust };
        return Ok(if method == Method::Gmm {
            (default.clone(), default)
        } else {
            (VceSpec::parse("ivregress", &cmd.options, &plain)?, default)
        });
    };
    if method != Method::Gmm {
        return Err(StataError::option_not_allowed("wmatrix()"));
    }
    let weight = VceSpec::parse_vce("ivregress", text, &plain)?;
    let vce = if given { vce } else { weight.clone() };
    match (&vce, &weight) {
        (VceSpec::Cluster(a), VceSpec::Cluster(b)) if a == b => Ok((vce, weight)),
        (_, VceSpec::Cluster(_)) => {
            Err(StataError::unsupported_option("ivregress", "wmatrix(cluster) with another vce()"))
        }
        _ => Ok((vce, weight)),
    }
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    state: IvState,
    fit: &IvFit,
    mut names: Vec<String>,
) {
    // Base levels and omitted terms of the exogenous list stay in e(b) with zeros.
    let endogenous = state.endogenous.len();
    let mut stripe: Vec<String> = names.drain(..endogenous).collect();
    let offset = stripe.len();
    stripe.extend(state.model.names());
    let mut estimated: Vec<usize> = (0..endogenous).collect();
    estimated.extend(state.model.estimated().iter().map(|p| p + offset));
    let parameters = Parameters::spread(plain_stripe(stripe), &estimated, &fit.b, &fit.v);
    let mut est = post::begin("ivregress", &post::command_line(cmd), &parameters, &state.model);
    let list = |list: &[(String, Vec<f64>)]| list.iter().map(|c| c.0.clone()).collect::<Vec<_>>().join(" ");
    let results = &mut est.results;
    results.text("instd", list(&state.endogenous)).text("exogr", list(&state.exogenous));
    let all: Vec<String> = state.exogenous.iter().chain(&state.instruments).map(|c| c.0.clone()).collect();
    results.text("insts", all.join(" ")).text("predict", "ivregress_p").text("estat_cmd", "ivregress_estat");
    let (name, title) = match state.method {
        Method::TwoStage => ("2sls", "Instrumental variables 2SLS regression"),
        Method::Liml => ("liml", "Instrumental variables LIML regression"),
        Method::Gmm => ("gmm", "Instrumental variables GMM regression"),
    };
    results.text("estimator", name).text("title", title);
    if results.get_text("vce").is_none() {
        results.text("vce", "unadjusted");
    }
    if state.small {
        results.text("small", "small");
    }
    store_time(results, &state, fit);
    store(results, &state, fit);
    let touse = state.model.touse.clone();
    est.extra = Some(Arc::new(state));
    session.post_estimation(est, touse);
}

/// Autocorrelation and iterations of the fit.
fn store_time(results: &mut Results, state: &IvState, fit: &IvFit) {
    let n = state.y.len();
    if state.method == Method::Gmm {
        let (weight, matrix) = (state.hac_weight, &state.weight_matrix);
        results.text(
            "wmatrix",
            match (weight, matrix) {
                (Some(l), _) => format!("hac {} {}", l.name(), l.count(n)),
                (None, VceSpec::Cluster(v)) => format!("cluster {v}"),
                (None, VceSpec::Default) => "unadjusted".to_string(),
                _ => "robust".to_string(),
            },
        );
        results.text("gmmestimator", if state.iterated.is_some() { "igmm" } else { "twostep" });
    }
    if let Some((steps, settled)) = fit.steps {
        results.scalar("iterations", steps as f64).scalar("converged", f64::from(u8::from(settled)));
    }
    if let Some(l) = state.hac_vce {
        results.text("vce", "hac").text("vcetype", "HAC").text("hac_kernel", l.name());
        results.scalar("hac_lag", l.count(n));
    }
}

fn store(results: &mut Results, state: &IvState, fit: &IvFit) {
    let k = fit.b.len() as f64;
    let constant = f64::from(u8::from(state.model.constant));
    let slopes: Vec<usize> = (0..state.endogenous.len() + state.exogenous.len()).collect();
    let test = wald::test_zero(&fit.b, &fit.v, &slopes);
    let r2 = fit.mss / (fit.mss + fit.rss);
    results.scalar("N", fit.n).scalar("df_m", k - constant).scalar("mss", fit.mss).scalar("rss", fit.rss);
    results.scalar("rmse", fit.rmse).scalar("rank", k);
    results.scalar("r2", if fit.mss < 0.0 { MISSING } else { stata(r2) });
    if fit.mss >= 0.0 {
        results.scalar("r2_a", stata(1.0 - (1.0 - r2) * (fit.n - constant) / (fit.n - k)));
    }
    if state.small {
        let df_r = state.model.clusters.as_ref().map_or(fit.n - k, |c| c.count as f64 - 1.0);
        results.scalar("df_r", df_r).scalar("F", stata(test.f()));
        results.scalar("p", stata(f_tail(test.df as f64, df_r, test.f())));
    } else {
        results.scalar("chi2", stata(test.chi2)).scalar("p", stata(chi2_tail(test.df as f64, test.chi2)));
    }
    if let Some(kappa) = fit.kappa {
        results.scalar("kappa", kappa);
    }
    if let Some(j) = fit.j {
        results.scalar("J", j);
    }
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let df_m = scalar("df_m");
    let (test, p) = match e.get_scalar("F") {
        Some(f) => (Fact::statistic("F", &[df_m, scalar("df_r")], f), "Prob > F"),
        None => (Fact::statistic("Wald chi2", &[df_m], scalar("chi2")), "Prob > chi2"),
    };
    let facts = [
        Fact::observations(scalar("N")),
        test,
        Fact::probability(p, scalar("p")),
        Fact::probability("R-squared", scalar("r2")),
        Fact::new("Root MSE", "%9.5g", scalar("rmse")),
    ];
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let (title, endogenous, instruments) = (text("title"), text("instd"), text("insts"));
    if !cmd.options.has("noheader") {
        session.print("");
        show(session, &[title], &facts, 15, 10);
        session.print("");
    }
    show_active(session, level, None)?;
    session.print(format!("Endogenous: {endogenous}"));
    session.print(format!("Exogenous:  {instruments}"));
    Ok(())
}
