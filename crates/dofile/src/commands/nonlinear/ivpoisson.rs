//! `ivpoisson gmm`: exponential mean with endogenous regressors, by the generalised method of moments.
//!
//! Stores in `e()`: N Q J J_df k k_eq n_moments rank converged N_clust, b V, cmd depvar estimator gmmestimator additive or
//! multiplicative instd insts wmatrix vce vcetype clustvar winit. Formulas: [R] ivpoisson, Methods and formulas; Mullahy
//! (1997), Review of Economics and Statistics 79; Windmeijer and Santos Silva (1997), Journal of Applied Econometrics 12.

use super::gmm::{Covariances, covariances, estimator, failure, header};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::instruments::{Asked, IvState, read};
use crate::estimation::ml_command::{self, Layout, Look};
use crate::estimation::model::VceSpec;
use crate::estimation::post::{self, stata};
use crate::format;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::combination_scales::Scales;
use estimators::gmm::{self, GmmFit, GmmRequest, Initial};
use estimators::iv::Method;
use estimators::ml::Equation;
use estimators::ml_count::Poisson;
use estimators::vce::Vce;
use estimators::weights::WeightKind;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("ADDitive"),
    OptSpec::flag("MULTiplicative"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
    OptSpec::flag("ONEstep"),
    OptSpec::flag("TWOstep"),
    OptSpec::flag("Igmm"),
    OptSpec::text("WMATrix"),
    OptSpec::flag("Center"),
    OptSpec::text("vce"),
    OptSpec::flag("IRr"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("noHEader"),
];
const UNSUPPORTED: &[&str] = &["WINITial", "FROM", "IGMMITerate", "IGMMEPS", "IGMMWEPS"];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ivpoisson",
    min: 9,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "ivpoisson gmm depvar [varlist1] [(varlist2 = varlist_iv)] [if] [in] [weight] [, additive|multiplicative onestep|twostep|igmm wmatrix(robust|cluster v) center exposure(v) offset(v) irr noconstant vce(robust|cluster v|unadjusted) level(#) iterate(#) nolog]",
    notes: "gmm only, not cfunction; initial weight matrix unadjusted; frequency and probability weights; stores e(N Q J J_df k n_moments rank converged), e(b), e(V), r(table); predict: n, xb; estat overid; formulas: [R] ivpoisson",
    examples: &[Example {
        // Exactly identified by itself as an instrument: the moments of Poisson regression.
        run: "set obs 60\ngen x = mod(_n*7, 11)/5\ngen y = int(exp(x/2) + mod(_n*5, 4)/2)\nivpoisson gmm y x\nscalar b = _b[x]\npoisson y x",
        expect: &[("abs(b - _b[x]) < 1e-8", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    if raw.is_empty() || raw.starts_with(',') {
        if s.e.cmd() != "ivpoisson" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("ivpoisson", raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return display(s, &again);
    }
    let (which, rest) = raw.split_once(char::is_whitespace).unwrap_or((raw, ""));
    if which.len() >= 5 && "cfunction".starts_with(which) {
        return Err(StataError::unsupported_option("ivpoisson", "cfunction"));
    }
    if which != "gmm" {
        return Err(StataError::new(
            198,
            format!("estimator {which} not allowed: gmm or cfunction expected"),
        ));
    }
    let mut line = ParsedCommand::split("ivpoisson", rest, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    if line.has("additive") && line.has("multiplicative") {
        return Err(StataError::invalid("only one of additive and multiplicative may be specified"));
    }
    let covariances = covariances("ivpoisson", &line)?;
    let fit = estimate(s, &line, raw, &covariances)?;
    display(s, &line)?;
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, raw: &str, covariances: &Covariances) -> Result<GmmFit> {
    let further = ml_command::offset_variables(s, &cmd.options)?;
    let asked = Asked {
        method: Method::Gmm,
        vce: covariances.vce.clone(),
        weight_matrix: covariances.weight.clone(),
        fuller: 0.0,
        efficient: covariances.efficient,
        optional: true,
        further,
    };
    let state = read(s, cmd, asked, &cmd.list)?;
    let model = &state.model;
    if model
        .weights
        .as_ref()
        .is_some_and(|w| !matches!(w.kind, WeightKind::Frequency | WeightKind::Probability))
    {
        return Err(StataError::new(101, "only fweights and pweights are allowed"));
    }
    if state.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    let offset = ml_command::offset(s, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let fit = minimised(cmd, &state, shift, covariances)?;
    if s.shows_log(|o| cmd.has(o)) {
        s.print("");
        s.print(format!("Final GMM criterion Q(b) = {}", format::bare("%9.0g", stata(fit.j / fit.n))));
    }
    if fit.moments == fit.b.len() {
        s.print("");
        s.print("note: model is exactly identified.");
    }
    post_results(s, cmd, raw, &state, &fit, covariances);
    if let Some((_, name)) = &offset {
        s.e.results.text("offset", name);
    }
    Ok(fit)
}

/// The estimates, from those of Poisson regression.
fn minimised(
    cmd: &ParsedCommand,
    state: &IvState,
    shift: Option<&[f64]>,
    covariances: &Covariances,
) -> Result<GmmFit> {
    let model = &state.model;
    let regressors: Vec<&[f64]> =
        state.endogenous.iter().chain(&state.exogenous).map(|c| c.1.as_slice()).collect();
    let instruments: Vec<&[f64]> =
        state.exogenous.iter().chain(&state.instruments).map(|c| c.1.as_slice()).collect();
    let equation = Equation { columns: regressors.clone(), constant: model.constant, offset: shift };
    let mut start = vec![0.0; equation.len()];
    if model.constant {
        let last = start.len() - 1;
        start[last] = (state.y.iter().sum::<f64>() / state.y.len() as f64).max(1e-6).ln();
    }
    let start = ml_command::quiet(model, &Poisson { y: &state.y }, vec![equation], &start)?.b;
    let multiplicative = cmd.has("multiplicative");
    let ones = vec![1.0; state.y.len()];
    let constant = model.constant.then_some(ones.as_slice());
    let scales = Scales::of(start.len(), &[regressors.iter().copied().chain(constant).enumerate().collect()]);
    let mut residuals = |c: &[f64]| {
        let b = scales.to_raw.times_vector(c);
        let index = |i: usize| {
            let slopes: f64 = regressors.iter().zip(&b).map(|(c, b)| c[i] * b).sum();
            let constant = if model.constant { b[b.len() - 1] } else { 0.0 };
            slopes + constant + shift.map_or(0.0, |o| o[i])
        };
        let of_row = |(i, y): (usize, &f64)| {
            let mean = index(i).exp();
            if multiplicative { y / mean - 1.0 } else { y - mean }
        };
        let all: Vec<f64> = state.y.iter().enumerate().map(of_row).collect();
        all.iter().all(|u| u.is_finite()).then_some(all)
    };
    let functions = [gmm::Instruments { columns: &instruments, constant: model.constant }];
    let request = GmmRequest {
        rows: state.y.len(),
        functions: &functions,
        initial: Initial::Independent,
        weights: model.weights.as_ref(),
        weight_matrix: if covariances.weight == VceSpec::Robust { Vce::Robust } else { model.kernel_vce() },
        vce: (!covariances.efficient).then(|| model.kernel_vce()),
        center: cmd.has("center"),
        steps: estimator(cmd)?.1,
        iterations: cmd.options.int("iterate").and_then(|i| usize::try_from(i).ok()).unwrap_or(1000),
    };
    let fit = gmm::fit(&mut residuals, &request, &scales.coordinates(&start)).map_err(failure)?;
    let (b, v) = scales.raw(&fit.b, &fit.v);
    Ok(GmmFit { b, v, ..fit })
}

fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    raw: &str,
    state: &IvState,
    fit: &GmmFit,
    covariances: &Covariances,
) {
    let model = &state.model;
    let words = |list: &[(String, Vec<f64>)]| list.iter().map(|c| c.0.clone()).collect::<Vec<_>>();
    let (endogenous, instruments) = (words(&state.endogenous), words(&state.instruments));
    let mut names = endogenous.clone();
    names.extend(model.names());
    let first = endogenous.len();
    let estimated: Vec<usize> = (0..first).chain(model.estimated().into_iter().map(|i| i + first)).collect();
    let mut layout = Layout::default();
    layout.equation(&model.depvar, names, &estimated);
    let parameters = layout.parameters(&fit.b, &fit.v);
    let mut est = post::begin("ivpoisson", &format!("ivpoisson {raw}"), &parameters, model);
    let (k, moments) = (fit.b.len() as f64, fit.moments as f64);
    let r = &mut est.results;
    r.scalar("N", fit.n)
        .scalar("Q", stata(fit.j / fit.n))
        .scalar("J", stata(fit.j))
        .scalar("J_df", moments - k);
    r.scalar("k", k).scalar("k_eq", 1.0).scalar("k_aux", 0.0).scalar("k_eq_model", 0.0).scalar("k_dv", 1.0);
    r.scalar("n_moments", moments).scalar("rank", k);
    r.scalar("converged", f64::from(u8::from(fit.converged)));
    let weight = match &covariances.weight {
        VceSpec::Cluster(name) => format!("cluster {name}"),
        _ => "robust".to_string(),
    };
    let exogenous = words(&state.exogenous);
    r.text("estimator", "gmm").text("wmatrix", weight).text("winit", "Unadjusted").text("technique", "gn");
    if let Ok((name, _)) = estimator(cmd) {
        r.text("gmmestimator", name);
    }
    let form = if cmd.has("multiplicative") { "multiplicative" } else { "additive" };
    r.text(form, form).text("instd", endogenous.join(" "));
    r.text("insts", exogenous.iter().chain(&instruments).cloned().collect::<Vec<_>>().join(" "));
    if covariances.efficient {
        r.remove("vcetype");
        r.text("vce", "unadjusted");
    }
    r.text("title", "Exponential mean model with endogenous regressors");
    r.text("predict", "ivpoisson_p").text("estat_cmd", "ivpoisson_estat").text("properties", "b V");
    s.post_estimation(est, model.touse.clone());
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.has("noheader") {
        let one_step = s.e.results.get_text("gmmestimator") == Some("onestep");
        header(s, one_step);
    }
    ml_command::table(s, cmd, &Look { eform: cmd.has("irr").then_some("IRR"), ..Look::default() })?;
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (endogenous, instruments) = (text("instd"), text("insts"));
    if !endogenous.is_empty() {
        s.print(format!("Endogenous: {endogenous}"));
        s.print(format!("Exogenous:  {instruments}"));
    }
    Ok(())
}
