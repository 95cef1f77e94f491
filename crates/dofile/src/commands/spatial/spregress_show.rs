//! Posts and shows the results of `spregress`.

use super::spregress_model::SpatialModel;
use crate::error::Result;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{Look, table};
use crate::estimation::post::{self, Parameters, equation_stripe, stata};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::lu::Lu;
use estimators::matrix::Mat;
use estimators::spatial::impacts::filter;
use estimators::wald;
use std::sync::Arc;

/// Estimates in the order of the kernels: regressors, constant, lagged regressors, lag of the outcome, lag of the
/// errors, variance.
pub(super) struct Fitted {
    pub b: Vec<f64>,
    pub v: Mat,
    /// Log likelihood, of maximum likelihood alone.
    pub ll: Option<f64>,
    pub iterations: usize,
    pub converged: bool,
    /// Coefficients of the first step of two-stage least squares.
    pub first: Option<Vec<f64>>,
    /// Lag of the errors of the first step.
    pub first_lag: Option<f64>,
    pub heteroskedastic: bool,
}

/// Names of all parameters, the place of each estimate among them, and the estimates that each test is about.
struct Layout {
    stripe: Vec<Stripe>,
    place: Vec<usize>,
    model: Vec<usize>,
    spatial: Vec<usize>,
}

fn layout(sp: &SpatialModel, variance: bool) -> Layout {
    let depvar = &sp.model.depvar;
    let mut stripe = equation_stripe(depvar, sp.model.names());
    let mut place = sp.model.estimated();
    let slopes = place.len() - usize::from(sp.model.constant);
    let (mut model, mut spatial): (Vec<usize>, Vec<usize>) = ((0..slopes).collect(), Vec::new());
    // further parameters: matrix, name, place among the estimates
    let mut further: Vec<(&str, String, Option<usize>)> = Vec::new();
    let mut next = place.len();
    for lag in &sp.lags {
        let at = lag.values.is_some().then_some(next);
        next += usize::from(at.is_some());
        let name = if at.is_some() { lag.term.clone() } else { format!("o.{}", lag.term) };
        further.push((&lag.matrix, name, at));
        model.extend(at);
        spatial.extend(at);
    }
    for (matrix, name, tested) in
        [(&sp.units.outcome, depvar.clone(), true), (&sp.units.errors, format!("e.{depvar}"), false)]
    {
        if let Some(matrix) = matrix {
            further.push((matrix, name, Some(next)));
            spatial.push(next);
            model.extend(tested.then_some(next));
            next += 1;
        }
    }
    place.resize(next, 0);
    let mut names: Vec<&str> = Vec::new();
    for (matrix, _, _) in &further {
        if !names.contains(matrix) {
            names.push(matrix);
        }
    }
    for matrix in names {
        for (_, name, at) in further.iter().filter(|f| f.0 == matrix) {
            if let Some(at) = at {
                place[*at] = stripe.len();
            }
            stripe.push(Stripe::with_eq(matrix, name.clone()));
        }
    }
    if variance {
        place.push(stripe.len());
        stripe.push(Stripe::with_eq("/", format!("var(e.{depvar})")));
    }
    Layout { stripe, place, model, spatial }
}

/// Squared correlation of the outcome with its mean given the regressors.
fn pseudo_r2(sp: &SpatialModel, b: &[f64]) -> f64 {
    let x = sp.columns();
    let n = sp.model.y.len();
    let mut mean: Vec<f64> = (0..n).map(|i| x.iter().zip(b).map(|(c, b)| c[i] * b).sum()).collect();
    if let Some(w) = sp.w() {
        let right = Mat::from_fn(n, 1, |i, _| mean[i]);
        mean = Lu::new(&filter(&w.w, b[x.len()])).solve(&right).data().to_vec();
    }
    let average = |v: &[f64]| v.iter().sum::<f64>() / n as f64;
    let (my, mm) = (average(&sp.model.y), average(&mean));
    let product = |a: &[f64], ma: f64, b: &[f64], mb: f64| -> f64 {
        a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum()
    };
    let y = &sp.model.y;
    let cross = product(y, my, &mean, mm);
    stata(cross * cross / (product(y, my, y, my) * product(&mean, mm, &mean, mm)))
}

/// Posts the estimates.
pub(super) fn post_results(s: &mut Session, text: &str, sp: SpatialModel, fit: Fitted) -> Result<()> {
    let named = layout(&sp, fit.ll.is_some());
    let parameters = Parameters::spread(named.stripe, &named.place, &fit.b, &fit.v);
    let mut est = post::begin("spregress", &format!("spregress {text}"), &parameters, &sp.model);
    let r = &mut est.results;
    let n = sp.model.y.len() as f64;
    r.scalar("N", n).scalar("k", fit.b.len() as f64).scalar("rank", fit.b.len() as f64);
    for (positions, df, chi2, p) in
        [(&named.model, "df_m", "chi2", "p"), (&named.spatial, "df_c", "chi2_c", "p_c")]
    {
        let test = wald::test_zero(&fit.b, &fit.v, positions);
        r.scalar(df, test.df as f64);
        let value = if test.df > 0 { stata(test.chi2) } else { MISSING };
        let tail = if test.df > 0 { stata(chi2_tail(test.df as f64, test.chi2)) } else { MISSING };
        r.scalar(chi2, value).scalar(p, tail);
    }
    r.scalar("r2_p", pseudo_r2(&sp, &fit.b));
    r.scalar("iterations", fit.iterations as f64).scalar("converged", f64::from(u8::from(fit.converged)));
    if let Some(ll) = fit.ll {
        r.scalar("ll", ll).text("vce", "oim").text("technique", "nr").text("ml_method", "d2");
    } else {
        r.scalar("iterations_2sls", 1.0).scalar("converged_2sls", 1.0);
        r.text("het", if fit.heteroskedastic { "heteroskedastic" } else { "homoskedastic" });
    }
    if let Some(first) = fit.first {
        let names: Vec<Stripe> =
            named.place[..first.len()].iter().map(|p| parameters.stripe[*p].clone()).collect();
        r.matrix("delta_2sls", Matrix::row_vector(first, names));
    }
    if let Some(lag) = fit.first_lag {
        let name =
            Stripe::with_eq(sp.units.errors.clone().unwrap_or_default(), format!("e.{}", sp.model.depvar));
        r.matrix("rho_2sls", Matrix::row_vector(vec![lag], vec![name]));
    }
    let names: Vec<String> = sp.model.design.terms.iter().map(crate::syntax::Term::name).collect();
    let exogenous: Vec<String> =
        names.iter().cloned().chain(sp.lags.iter().map(|l| format!("{}*{}", l.matrix, l.term))).collect();
    r.text("title", "Spatial autoregressive model").text("indeps", names.join(" "));
    r.text("estimator", if fit.ll.is_some() { "ml" } else { "gs2sls" }).text("idvar", "_ID");
    r.text("constant", if sp.model.constant { "hasconstant" } else { "noconstant" });
    r.text("dlmat", sp.units.outcome.clone().unwrap_or_default());
    r.text("elmat", sp.units.errors.clone().unwrap_or_default());
    r.text("exogr", exogenous.join(" ")).text("chi2type", "Wald").text("properties", "b V");
    r.text("predict", "spregress_p").text("estat_cmd", "spregress_estat");
    est.extra = Some(Arc::new(sp.units));
    let touse = sp.model.touse;
    s.post_estimation(est, touse);
    Ok(())
}

/// Shows the active estimates.
pub(super) fn replay(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    level(s, cmd)?;
    let e = s.e.results.clone();
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let likelihood = e.get_text("estimator") == Some("ml");
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
        Fact::probability("Pseudo R2", scalar("r2_p")),
    ];
    let method = if likelihood { "Maximum likelihood estimates" } else { "GS2SLS estimates" };
    let mut left = vec!["Spatial autoregressive model".to_string(), method.to_string(), String::new()];
    left.extend(e.get_scalar("ll").map(|ll| format!("Log likelihood = {}", format::bare("%10.0g", ll))));
    s.print("");
    show(s, &left, &facts, 17, 10);
    s.print("");
    table(s, cmd, &Look { equations: true, ..Look::default() })?;
    if scalar("df_c") > 0.0 {
        s.print(format!(
            "Wald test of spatial terms:          chi2({}) = {}      Prob > chi2 = {}",
            scalar("df_c"),
            format::bare("%4.2f", scalar("chi2_c")),
            format::bare("%6.4f", scalar("p_c"))
        ));
    }
    Ok(())
}
