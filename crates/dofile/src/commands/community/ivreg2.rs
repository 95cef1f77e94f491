//! `ivreg2`: instrumental variables with tests of identification and of exogeneity. Numbers: `estimators::iv` and
//! `estimators::iv_identification`; conventions as Baum, Schaffer and Stillman (2003, 2007) publish them.

use super::ivreg2_dependence::{declare, partial_out, take};
use super::ivreg2_show;
use super::ivreg2_summary::stages;
use super::ivreg2_tests::{exogeneity, first_stage, identified};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, note_weights};
use crate::estimation::instruments::{Asked, Dependence, IvState, read, with_request};
use crate::estimation::model::VceSpec;
use crate::estimation::post::{self, AbsorbState, Parameters, plain_stripe, stata};
use crate::matrix::Stripe;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::hac::Kernel;
use estimators::iv::{self, IvFit, IvRequest, Method};
use estimators::iv_identification as identification;
use estimators::ols::total_squares;
use estimators::wald;
use estimators::weights::Weights;
use std::sync::Arc;

pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("noCONstant"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::flag("GMM2s"),
    OptSpec::flag("LIML"),
    OptSpec::real("FULLER"),
    OptSpec::flag("SMall"),
    OptSpec::flag("FIRST"),
    OptSpec::flag("FFIRST"),
    OptSpec::flag("SAVEFIRST"),
    OptSpec::text("SAVEFPREFIX"),
    OptSpec::text("ENDOGtest"),
    OptSpec::text("ORTHOG"),
    OptSpec::real("Level"),
    OptSpec::flag("NOID"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noFOOTer"),
    OptSpec::text("BW"),
    OptSpec::text("KERNEL"),
    OptSpec::text("DKRAAY"),
];

/// Options that are known and not supported.
pub(super) const REFUSED: &[&str] = &[
    "CUE",
    "KCLASS",
    "COVIV",
    "KIEFER",
    "REDundant",
    "RF",
    "SAVERF",
    "SAVERFPREFIX",
    "SFIRST",
    "SAVESFIRST",
    "DOFMINUS",
    "SDOFMINUS",
    "EFORM",
    "PLUS",
    "DEPname",
    "NOCOLLIN",
    "NOOUTPUT",
    "TItle",
    "SUBTItle",
    "B0",
    "SMATRIX",
    "WMATRIX",
    "CENTER",
    "PSD",
    "PSDA",
    "PSD0",
    "SW",
    "TVAR",
    "IVAR",
    "BVCLEAN",
];

const OWN: &[OptSpec] =
    crate::concat_lists!(OptSpec; OPTIONS, &[OptSpec::text("PARTIAL"), OptSpec::text("FWL")]);

const SYNTAX: StandardSyntax = StandardSyntax::new(OWN)
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability, WeightKind::Importance])
    .coefficient_table()
    .unsupported(REFUSED);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ivreg2",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ivreg2 depvar [exog] [(endog = instruments)] [if] [in] [weight] [, gmm2s liml fuller(#) robust cluster(v) small first ffirst savefirst savefprefix(prefix) endogtest(varlist) orthog(varlist) noconstant noid level(#) noheader nofooter cluster(v1 v2) bw(#) kernel(bartlett|parzen|quadraticspectral) dkraay(#) partial(varlist) fwl(varlist)]",
    notes: "large-sample statistics unless small; stores e(N yy yyc rss mss rmse df_m df_r r2 r2c r2u r2_a ll F Fp Fdf1 Fdf2 sargan j jp jdf idstat idp iddf widstat cd cdf estat estatp estatdf cstat cstatp cstatdf arubin kclass lambda fuller rankxx rankzz inexog_ct exexog_ct endog_ct N_clust), with first or ffirst also e(arf archi2 sstat) and the matrix e(first); e(b), e(V), e(model insts instd inexog exexog); with cluster(v1 v2) also e(clustvar1 clustvar2 N_clust1 N_clust2), the smaller number of clusters in e(N_clust); with bw() or dkraay() also e(bw kernel); bw() with robust, without weights, within panels; partial() takes the constant out as well; critical values for one endogenous regressor; see ivreg2 (SSC), Baum, Schaffer and Stillman (2003, 2007)",
    examples: &[Example {
        // Means of y differ by 5, of x by 3 between the values of z.
        run: "input y x z\n1 1 0\n3 2 0\n5 3 1\n9 6 1\nend\nivreg2 y (x = z)",
        expect: &[("_b[x]", 5.0 / 3.0), ("e(endog_ct)", 1.0), ("e(j)", 0.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && s.e.cmd() == "ivreg2" {
        return ivreg2_show::show(s, cmd);
    }
    let mut plain = cmd.clone();
    let wanted = take(s, &mut plain)?;
    let mut asked = asked(&plain, wanted.vce.clone())?;
    asked.further.extend(&wanted.further);
    let mut state = read(s, &plain, asked, &cmd.list)?;
    declare(s, &mut state, &wanted)?;
    let partialled = partial_out(s, cmd, &mut state)?;
    estimate(s, cmd, "ivreg2", &state, |results| {
        if let Some(names) = &partialled {
            let constant = names.last().is_some_and(|n| n == "_cons");
            let count = names.len() - usize::from(constant);
            results.text("partial", names.join(" ")).scalar("partial_ct", count as f64);
            results.scalar("partialcons", f64::from(u8::from(constant))).scalar("sdofminus", 0.0);
        }
    })?;
    if partialled.is_none() && state.absorbed == 0 {
        s.e.extra = Some(Arc::new(state));
    }
    ivreg2_show::show(s, cmd)?;
    if cmd.has("savefirst") || cmd.options.text("savefprefix").is_some() {
        super::ivreg2_first::save(s, cmd)?;
    }
    Ok(())
}

/// Fits the model, tests it and makes it active as estimates of `command`; `add` adds further results.
pub(super) fn estimate(
    s: &mut Session,
    cmd: &ParsedCommand,
    command: &str,
    state: &IvState,
    add: impl FnOnce(&mut Results),
) -> Result<IvFit> {
    if let Some(clusters) = &state.model.clusters
        && state.method == Method::Gmm
        && clusters.count < with_request(state, moments)
    {
        return Err(StataError::new(
            506,
            "estimated covariance matrix of moment conditions not of full rank:\nthe number of clusters is less than the number of moment conditions",
        ));
    }
    let fit = with_request(state, iv::fit).map_err(fit_error)?;
    note_weights(s, &state.model);
    let mut stripe: Vec<String> = state.endogenous.iter().map(|c| c.0.clone()).collect();
    let offset = stripe.len();
    stripe.extend(state.model.names());
    let mut estimated: Vec<usize> = (0..offset).collect();
    estimated.extend(state.model.estimated().iter().map(|p| p + offset));
    let parameters = Parameters::spread(plain_stripe(stripe), &estimated, &fit.b, &fit.v);
    let mut est = post::begin(command, &post::command_line(cmd), &parameters, &state.model);
    let results = &mut est.results;
    names(results, state);
    fitted(results, state, &fit);
    with_request(state, |request| overidentified(results, request, &fit));
    if !state.endogenous.is_empty() {
        if !cmd.has("noid") {
            with_request(state, |request| identified(results, request)).map_err(fit_error)?;
        }
        if cmd.has("first") || cmd.has("ffirst") {
            let columns = state.endogenous.iter().map(|c| Stripe::term(c.0.clone())).collect();
            with_request(state, |request| first_stage(results, request, columns)).map_err(fit_error)?;
        }
        if cmd.has("first") {
            let level = level(s, cmd)?;
            stages(s, state, results, level)?;
        }
    }
    for (option, name) in [("endogtest", "estat"), ("orthog", "cstat")] {
        if let Some(text) = cmd.options.text(option) {
            let test = exogeneity(s, state, text, option)?;
            let (value, p) = test.map_or((MISSING, MISSING), |t| (stata(t.statistic), stata(t.p)));
            let df = test.map_or(MISSING, |t| t.df);
            results.scalar(name, value).scalar(&format!("{name}p"), p).scalar(&format!("{name}df"), df);
        }
    }
    add(&mut est.results);
    if state.absorbed > 0 {
        est.extra = Some(Arc::new(AbsorbState { residuals: fit.residuals.clone() }));
    }
    let touse = state.model.touse.clone();
    s.post_estimation(est, touse);
    Ok(fit)
}

/// The estimator and the covariance.
pub(super) fn asked(cmd: &ParsedCommand, own: Option<VceSpec>) -> Result<Asked> {
    let liml = cmd.has("liml") || cmd.has("fuller");
    if liml && cmd.has("gmm2s") {
        return Err(StataError::invalid("options gmm2s and liml may not be combined"));
    }
    let tests = ["endogtest", "orthog"].iter().any(|o| cmd.has(o));
    if liml && tests {
        return Err(StataError::unsupported_option(
            "ivreg2",
            "endogtest() and orthog() with liml or fuller()",
        ));
    }
    let vce = own.map_or_else(|| VceSpec::parse("ivreg2", &cmd.options, &[]), Ok)?;
    let fuller = cmd.options.real("fuller").unwrap_or(0.0);
    if fuller < 0.0 {
        return Err(StataError::invalid("fuller() must not be negative"));
    }
    // Under equal variances two-step GMM is two-stage least squares.
    let plain = vce == VceSpec::Default
        && cmd.weight.as_ref().is_none_or(|w| w.kind != Some(WeightKind::Probability));
    let method = match (liml, cmd.has("gmm2s")) {
        (true, _) => Method::Liml,
        (false, true) if !plain => Method::Gmm,
        _ => Method::TwoStage,
    };
    let weight_matrix = if vce == VceSpec::Default { VceSpec::Robust } else { vce.clone() };
    Ok(Asked { method, vce, weight_matrix, fuller, efficient: true, optional: true, further: Vec::new() })
}

/// Number of moment conditions.
fn moments(request: &IvRequest<'_>) -> usize {
    request.exogenous.len() + request.instruments.len() + usize::from(request.constant)
}

fn names(results: &mut Results, state: &IvState) {
    let list = |list: &[(String, Vec<f64>)]| list.iter().map(|c| c.0.clone()).collect::<Vec<_>>().join(" ");
    let (excluded, included) = (list(&state.instruments), list(&state.exogenous));
    let (model, title) = match state.method {
        Method::Liml => ("liml", "LIML estimation"),
        Method::Gmm => ("gmm2s", "2-Step GMM estimation"),
        Method::TwoStage if state.endogenous.is_empty() => ("ols", "OLS estimation"),
        Method::TwoStage => ("iv", "IV (2SLS) estimation"),
    };
    let robust = state.model.is_robust();
    dependent(results, state);
    let variances = match (&state.model.clusters, robust) {
        (Some(c), _) => format!(
            "Statistics robust to heteroskedasticity and clustering on {}",
            c.name.replace(' ', " and ")
        ),
        (None, true) => "Statistics robust to heteroskedasticity".to_string(),
        (None, false) => "Statistics consistent for homoskedasticity only".to_string(),
    };
    let over_time = results.get_text("kernel").is_some();
    let variances = if over_time {
        variances.replace("heteroskedasticity", "heteroskedasticity and autocorrelation")
    } else {
        variances
    };
    let efficient = match (state.method, &state.model.clusters) {
        (Method::Gmm, Some(c)) => {
            format!("Estimates efficient for arbitrary heteroskedasticity and clustering on {}", c.name)
        }
        (Method::Gmm, None) => "Estimates efficient for arbitrary heteroskedasticity".to_string(),
        _ => "Estimates efficient for homoskedasticity only".to_string(),
    };
    results.text("instd", list(&state.endogenous)).text("inexog", &included).text("exexog", &excluded);
    results.text("insts", format!("{excluded} {included}").trim()).text("model", model).text("title", title);
    let efficient = if over_time && state.method == Method::Gmm {
        efficient.replace("heteroskedasticity", "heteroskedasticity and autocorrelation")
    } else {
        efficient
    };
    results.text("hacsubtitleV", variances).text("hacsubtitleB", efficient).text("predict", "ivreg2_p");
    if state.model.clusters.is_some() {
        results.text("vce", "robust cluster");
    }
    if state.small {
        results.text("small", "small");
    }
    results.text("partialsmall", "small");
    for (name, count) in [
        ("endog_ct", state.endogenous.len()),
        ("exexog_ct", state.instruments.len()),
        ("inexog_ct", state.exogenous.len()),
        ("partial_ct", usize::from(state.absorbed > 0)),
        ("cons", usize::from(state.model.constant)),
        ("partialcons", usize::from(state.absorbed > 0)),
        ("dofminus", 0),
        ("sdofminus", state.absorbed),
    ] {
        results.scalar(name, count as f64);
    }
}

/// Results on clusters of two variables and on correlation over time.
fn dependent(results: &mut Results, state: &IvState) {
    let kernel = |k: Kernel| match k {
        Kernel::Bartlett => "Bartlett",
        Kernel::Parzen => "Parzen",
        Kernel::QuadraticSpectral => "Quadratic Spectral",
    };
    match &state.dependence {
        Some(Dependence::TwoWay([first, second, _])) => {
            results.text("clustvar1", &first.name).text("clustvar2", &second.name);
            results.scalar("N_clust1", first.count as f64).scalar("N_clust2", second.count as f64);
        }
        Some(Dependence::Series(lags)) => {
            results.text("kernel", kernel(lags.kernel)).scalar("bw", lags.count(state.y.len()) + 1.0);
        }
        Some(Dependence::Periods { lags, .. }) => {
            results.text("kernel", "Bartlett").scalar("bw", *lags as f64 + 1.0);
            let text = "and kernel-robust to common correlated disturbances (Driscoll-Kraay)";
            results.text("hacsubtitleV2", text);
        }
        None => {}
    }
}

fn fitted(results: &mut Results, state: &IvState, fit: &IvFit) {
    let (n, k) = (fit.n, (fit.b.len() + state.absorbed) as f64);
    let effective = state.model.weights.as_ref().map(Weights::effective);
    let weights = effective.as_ref().map(|(w, _)| w.as_slice());
    let (yy, yyc) = (total_squares(&state.y, weights, false), total_squares(&state.y, weights, true));
    let constant = f64::from(u8::from(state.model.constant));
    let total = if state.model.constant { yyc } else { yy };
    let r2 = 1.0 - fit.rss / total;
    let slopes: Vec<usize> = (0..fit.b.len() - usize::from(state.model.constant)).collect();
    let test = wald::test_zero(&fit.b, &fit.v, &slopes);
    let groups = state.model.clusters.as_ref().map(|c| c.count as f64);
    // Without `small` the covariance has no finite-sample factor, the F statistic always has it.
    let factor = match (state.small, groups) {
        (true, _) => 1.0,
        (false, Some(g)) => (g - 1.0) / g * (n - k) / (n - 1.0),
        (false, None) => (n - k) / n,
    };
    let df_r = groups.map_or(n - k, |g| g - 1.0);
    let f = if slopes.is_empty() || test.df < slopes.len() { f64::NAN } else { test.f() * factor };
    let df_m = slopes.len() as f64;
    results.scalar("N", n).scalar("df_m", df_m).scalar("yy", yy).scalar("yyc", yyc).scalar("rss", fit.rss);
    results.scalar("mss", total - fit.rss).scalar("rmse", fit.rmse).scalar("r2", stata(r2));
    results.scalar("r2c", stata(1.0 - fit.rss / yyc)).scalar("r2u", stata(1.0 - fit.rss / yy));
    results.scalar("r2_a", stata(1.0 - (1.0 - r2) * (n - constant) / (n - k)));
    results.scalar("ll", -n / 2.0 * ((2.0 * std::f64::consts::PI * fit.rss / n).ln() + 1.0));
    results.scalar("F", stata(f)).scalar("Fdf1", df_m).scalar("Fdf2", df_r);
    results.scalar("Fp", if f.is_nan() { MISSING } else { f_tail(df_m, df_r, f) });
    let rank = fit.b.len() as f64;
    results.scalar("rankxx", rank).scalar("rankV", rank).scalar("rankzz", fit.instruments as f64);
    // The covariance of the moments has full rank where it has more terms than moments.
    if state.model.is_robust() && groups.is_none_or(|g| g > fit.instruments as f64) {
        results.scalar("rankS", fit.instruments as f64);
    }
    if state.small {
        results.scalar("df_r", df_r);
    }
    if let Some(kappa) = fit.kappa {
        let lambda = kappa + state.fuller / (n - (fit.instruments + state.absorbed) as f64);
        results.scalar("kclass", kappa).scalar("lambda", lambda);
        if state.fuller > 0.0 {
            results.scalar("fuller", state.fuller);
        }
        let df = fit.instruments as f64 - rank;
        if !state.model.is_robust() && df > 0.0 {
            let (likelihood, linear) = (n * lambda.ln(), n * (lambda - 1.0));
            results.scalar("arubin", likelihood).scalar("arubinp", chi2_tail(df, likelihood));
            results.scalar("arubin_lin", linear).scalar("arubin_linp", chi2_tail(df, linear));
            results.scalar("arubindf", df);
        }
    }
}

/// Sargan's or Hansen's statistic; zero without overidentifying restrictions.
fn overidentified(results: &mut Results, request: &IvRequest<'_>, fit: &IvFit) {
    let df = request.instruments.len() - request.endogenous.len();
    if df == 0 {
        results.scalar("j", 0.0).scalar("jdf", 0.0);
        return;
    }
    let first = match request.method {
        Method::Gmm => iv::fit(&IvRequest { method: Method::TwoStage, ..*request }).ok(),
        _ => None,
    };
    let residuals = first.as_ref().map_or(&fit.residuals, |f| &f.residuals);
    let test = identification::overidentification_at(request, residuals);
    let (value, p) = test.map_or((MISSING, MISSING), |t| (stata(t.statistic), stata(t.p)));
    results.scalar("j", value).scalar("jp", p).scalar("jdf", df as f64);
    if results.get_text("vcetype").is_none() && !request.endogenous.is_empty() {
        results.scalar("sargan", value).scalar("sarganp", p).scalar("sargandf", df as f64);
    }
}
