//! `ivregress`: instrumental-variables regression by 2SLS, LIML or two-step GMM.
//!
//! Syntax: `ivregress 2sls|liml|gmm depvar [exog] (endog = instruments) [if] [in] [weight] [, noconstant
//! vce(unadjusted|robust|cluster v) wmatrix(unadjusted|robust|cluster v) small first level(#)]`.
//! Stores in `e()`: N df_m df_r mss rss r2 r2_a rmse F chi2 p kappa J rank N_clust, b V, cmd estimator depvar
//! instd insts exogr vce vcetype clustvar. Formulas: [R] ivregress.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, note_weights, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Model, Reading, VceSpec, first_word};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{Design, FvList};
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::iv::{IvFit, IvRequest, Method};
use estimators::qr::{Design as Columns, choose_in_blocks};
use estimators::{iv, wald};
use std::sync::Arc;

/// Options of `ivregress`.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("noCONstant"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::text("Wmatrix"),
    OptSpec::flag("SMall"),
    OptSpec::flag("first"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
];

/// The model as the diagnostics need it again.
pub(super) struct IvState {
    /// Outcome.
    pub y: Vec<f64>,
    /// Endogenous regressors: names and values.
    pub endogenous: Vec<(String, Vec<f64>)>,
    /// Included exogenous regressors.
    pub exogenous: Vec<(String, Vec<f64>)>,
    /// Excluded instruments.
    pub instruments: Vec<(String, Vec<f64>)>,
    /// Sample, weights and covariance.
    pub model: Model,
    /// The estimator.
    pub method: Method,
    /// Finite-sample statistics.
    pub small: bool,
    /// Weight matrix of GMM.
    pub weight_matrix: VceSpec,
}

/// The three parts of `y x1 (x2 = z)`.
fn split_list(list: &str) -> Result<(String, String, String)> {
    let bad =
        || StataError::new(198, "invalid syntax: endogenous regressors and instruments are given as (x = z)");
    let open = list.find('(').ok_or_else(bad)?;
    let close = crate::syntax::split::matching_paren(list, open).ok_or_else(bad)?;
    let (endogenous, instruments) = list[open + 1..close].split_once('=').ok_or_else(bad)?;
    let rest = format!("{} {}", &list[..open], &list[close + 1..]);
    Ok((rest, endogenous.trim().to_string(), instruments.trim().to_string()))
}

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability, WeightKind::Importance])
    .unsupported(&[
        "CENTer",
        "IGMM",
        "EPS",
        "WEPS",
        "NOFOOTer",
        "PERfect",
        "COEFLegend",
        "HASCons",
        "BASElevels",
    ]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ivregress",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ivregress 2sls|liml|gmm depvar [exog] (endog = instruments) [if] [in] [weight] [, noconstant vce(unadjusted|robust|cluster v) wmatrix(spec) small level(#)]",
    notes: "stores e(N df_m df_r mss rss r2 r2_a rmse F chi2 p kappa J N_clust), e(b), e(V), r(table); formulas: [R] ivregress",
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
    let state = read(session, cmd, method, list)?;
    let fit = with_request(&state, iv::fit).map_err(fit_error)?;
    note_weights(session, &state.model);
    let names: Vec<String> = state.endogenous.iter().chain(&state.exogenous).map(|c| c.0.clone()).collect();
    post_results(session, cmd, state, &fit, names);
    if cmd.options.has("first") {
        return Err(StataError::unsupported_option("ivregress", "first"));
    }
    display(session, cmd)
}

/// Reads the model and drops collinear columns, with notes.
fn read(session: &mut Session, cmd: &ParsedCommand, method: Method, list: &str) -> Result<IvState> {
    let (rest, endogenous, instruments) = split_list(list)?;
    if endogenous.is_empty() || instruments.is_empty() {
        return Err(StataError::new(198, "endogenous regressors and instruments must be given as (x = z)"));
    }
    let abbrev = session.settings.varabbrev;
    let x2 = FvList::parse(&session.frame, &endogenous, abbrev)?;
    let z = FvList::parse(&session.frame, &instruments, abbrev)?;
    // Reading the model marks out missing values only of its own list: the others go in as further lists.
    let (vce, weight_matrix) = covariances(cmd, method)?;
    let mut model = Reading { list: &rest, vce: Some(vce), ..Reading::new(cmd) }.model(session)?.enough()?;
    let mut touse = model.touse.clone();
    x2.markout(&session.frame, &mut touse)?;
    z.markout(&session.frame, &mut touse)?;
    let dropped: Vec<usize> =
        (0..model.design.rows.len()).filter(|i| !touse[model.design.rows[*i]]).collect();
    if dropped.len() == model.design.rows.len() {
        return Err(StataError::new(2000, "no observations"));
    }
    model.drop_rows(session, &dropped)?;
    if !dropped.is_empty() {
        // Levels and bases of factors follow the final sample.
        let (_, list) = first_word(&rest);
        model.design =
            Design::build(&session.frame, &FvList::parse(&session.frame, list, abbrev)?, &model.touse)?;
    }
    let x2 = Design::build(&session.frame, &x2, &model.touse)?;
    let z = Design::build(&session.frame, &z, &model.touse)?;
    let named = |design: &Design| -> Vec<(String, Vec<f64>)> {
        let values = |i: usize| design.column(i).map(<[f64]>::to_vec).unwrap_or_default();
        design.active().into_iter().map(|i| (design.terms[i].name(), values(i))).collect()
    };
    let exogenous = named(&model.design);
    let mut state = IvState {
        y: model.y.clone(),
        endogenous: named(&x2),
        exogenous,
        instruments: named(&z),
        method,
        small: cmd.options.has("small"),
        weight_matrix,
        model,
    };
    drop_collinear(session, &mut state);
    if state.instruments.len() < state.endogenous.len() {
        return Err(StataError::new(
            481,
            "equation not identified; must have at least as many instruments not in\nthe regression as there are instrumented variables",
        ));
    }
    Ok(state)
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

/// Drops exogenous columns, instruments and endogenous regressors that earlier columns explain.
fn drop_collinear(session: &mut Session, state: &mut IvState) {
    let constant = state.model.constant;
    let values = |list: &[(String, Vec<f64>)], others: &[(String, Vec<f64>)]| -> Vec<usize> {
        let columns: Vec<&[f64]> = list.iter().chain(others).map(|c| c.1.as_slice()).collect();
        choose_in_blocks(Columns { columns: &columns, weights: None, constant }, &[list.len()]).1
    };
    let count = state.exogenous.len();
    let joint = values(&state.exogenous, &state.instruments);
    let exogenous: Vec<usize> = joint.iter().copied().filter(|i| *i < count).collect();
    let instruments: Vec<usize> = joint.iter().filter(|i| **i >= count).map(|i| i - count).collect();
    let endogenous: Vec<usize> = values(&state.exogenous, &state.endogenous)
        .into_iter()
        .filter(|i| *i >= count)
        .map(|i| i - count)
        .collect();
    state.model.omit(&exogenous);
    for (list, dropped) in [
        (&mut state.exogenous, exogenous),
        (&mut state.instruments, instruments),
        (&mut state.endogenous, endogenous),
    ] {
        let names: Vec<String> = dropped.iter().map(|i| list[*i].0.clone()).collect();
        post::note_omitted(session, &names);
        let mut at = 0;
        list.retain(|_| {
            at += 1;
            !dropped.contains(&(at - 1))
        });
    }
}

/// Calls a kernel with the model of a state.
pub(super) fn with_request<T>(state: &IvState, call: impl Fn(&IvRequest<'_>) -> T) -> T {
    let endogenous: Vec<&[f64]> = state.endogenous.iter().map(|c| c.1.as_slice()).collect();
    let exogenous: Vec<&[f64]> = state.exogenous.iter().map(|c| c.1.as_slice()).collect();
    let instruments: Vec<&[f64]> = state.instruments.iter().map(|c| c.1.as_slice()).collect();
    let weight_matrix = match (&state.weight_matrix, &state.model.clusters) {
        (VceSpec::Cluster(_), Some(c)) => estimators::vce::Vce::Cluster(c.kernel()),
        (VceSpec::Default, _) => estimators::vce::Vce::Classical,
        _ => estimators::vce::Vce::Robust,
    };
    call(&IvRequest {
        y: &state.y,
        endogenous: &endogenous,
        exogenous: &exogenous,
        instruments: &instruments,
        constant: state.model.constant,
        weights: state.model.weights.as_ref(),
        method: state.method,
        vce: state.model.kernel_vce(),
        weight_matrix,
        small: state.small,
    })
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
    store(results, &state, fit);
    let touse = state.model.touse.clone();
    est.extra = Some(Arc::new(state));
    session.post_estimation(est, touse);
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
