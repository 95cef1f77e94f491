//! `var` and `predict` after it. Formulas: [TS] var; numbers: `estimators::var`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::var_sample::{Sample, lag_list, sample, span};
use super::varsoc::criteria;
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Prediction, add, column, new_names};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{chi2_tail, f_tail};
use estimators::matrix::Mat;
use estimators::var::{self as kernel, VarFit};
use estimators::wald;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("LAgs"),
    OptSpec::text("EXog"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("dfk"),
    OptSpec::flag("SMall"),
    OptSpec::flag("LUTStats"),
    OptSpec::real("Level"),
])
.unsupported(&["CONSTraints", "noBIGf", "noISure", "noLOg", "ITERate", "TOLerance"]);

/// `var`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "var",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "var varlist [if] [in] [, lags(numlist) exog(varlist) noconstant dfk small lutstats level(#)]",
    notes: "stores e(N neqs k mlag ll aic hqic sbic fpe detsig detsig_ml tmin tmax obs_# k_# rmse_# r2_# ll_# chi2_# df_m#; with small F_# df_r# df_r), e(b), e(V), e(Sigma); [TS] var",
    examples: &[Example {
        // Each equation is least squares.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nregress y L.y L.x\nscalar b = _b[L.x]\nvar y x, lags(1)",
        expect: &[("[y]_b[L.x]/b", 1.0), ("e(N)", 19.0)],
    }],
};

/// State of the last `var` for `irf` and the tests.
pub(super) struct State {
    /// The fit.
    pub fit: VarFit,
    /// Its lags.
    pub lags: Vec<usize>,
    /// Names of the series.
    pub names: Vec<String>,
    /// Names of the regressors of `exog()`.
    pub exogenous: Vec<String>,
    /// Error covariance of the reported kind.
    pub sigma: Mat,
    /// Values of the series, with the rows that supply lags only.
    pub y: Vec<Vec<f64>>,
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "var" {
            return Err(StataError::no_estimates());
        }
        return show(session, cmd);
    }
    let lags = lag_list(cmd.options.text("lags"))?;
    let most = lags.iter().copied().max().unwrap_or(1);
    let data = sample(session, cmd, most)?;
    let exogenous: Vec<Vec<f64>> = data.exogenous.iter().map(|e| e.1.clone()).collect();
    let constant = !cmd.has("noconstant");
    let fit = kernel::fit(&data.y, &lags, &exogenous, constant, data.from).map_err(fit_error)?;
    let ll = fit.ll().ok_or_else(|| StataError::new(459, "the errors of the equations are collinear"))?;
    let (m, n, k) = (data.names.len(), fit.n as f64, fit.k);
    // small changes the distributions alone, dfk the divisor alone
    let factor = if cmd.has("dfk") { n / (n - k as f64) } else { 1.0 };
    let sigma = fit.sigma_ml.clone().scaled(factor);
    let mut names: Vec<String> = Vec::new();
    for name in &data.names {
        for lag in &lags {
            names.push(lagged(name, *lag));
        }
    }
    names.extend(data.exogenous.iter().map(|e| e.0.clone()));
    if constant {
        names.push("_cons".to_string());
    }
    let mut stripe = Vec::new();
    for name in &data.names {
        let eq = name.replace('.', "_");
        stripe.extend(names.iter().map(|x| Stripe::with_eq(eq.clone(), x.clone())));
    }
    let size = m * k;
    let v = Mat::from_fn(size, size, |a, b| sigma[(a / k, b / k)] * fit.unscaled[(a % k, b % k)]);
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(fit.b.data().to_vec(), stripe.clone()));
    r.matrix("V", Matrix::square(v.data().to_vec(), stripe));
    let eqs: Vec<Stripe> = data.names.iter().map(Stripe::term).collect();
    r.matrix("Sigma", Matrix::square(sigma.data().to_vec(), eqs));
    r.text("cmd", "var").text("cmdline", crate::estimation::post::command_line(cmd)).text("predict", "var_p");
    r.text("depvar", data.names.join(" "))
        .text("eqnames", data.names.join(" "))
        .text("endog", data.names.join(" "));
    r.text("lags", lags.iter().map(usize::to_string).collect::<Vec<_>>().join(" "))
        .text("title", "Vector autoregressive model");
    let [fpe, aic, hqic, sbic] = criteria(&fit, ll, cmd.has("lutstats").then_some(lags.len()));
    r.scalar("N", n).scalar("k", size as f64).scalar("neqs", m as f64).scalar("mlag", most as f64);
    r.scalar("ll", ll).scalar("fpe", fpe).scalar("aic", aic).scalar("hqic", hqic).scalar("sbic", sbic);
    r.scalar("rank", size as f64).scalar("k_eq", m as f64).scalar("df_eq", k as f64);
    r.scalar("detsig_ml", kernel::log_determinant(&fit.sigma_ml).map_or(MISSING, f64::exp));
    r.scalar("detsig", kernel::log_determinant(&sigma).map_or(MISSING, f64::exp));
    if cmd.has("small") {
        r.scalar("df_r", n - k as f64).text("small", "small");
    }
    if cmd.has("lutstats") {
        r.text("lutstats", "lutstats");
    }
    if cmd.has("dfk") {
        r.text("dfk", "dfk");
    }
    let used = &data.rows[data.from..];
    span(session, used, r)?;
    equations(r, &data, &fit, &v, (constant, cmd.has("small")));
    let exogenous = data.exogenous.into_iter().map(|e| e.0).collect();
    est.extra = Some(Arc::new(State { fit, lags, names: data.names, exogenous, sigma, y: data.y }));
    let mut mark = vec![false; session.frame.n_rows()];
    used.iter().for_each(|r| mark[*r] = true);
    session.post_estimation(est, mark);
    show(session, cmd)
}

/// Stores fit and test of each equation.
fn equations(r: &mut Results, data: &Sample, fit: &VarFit, v: &Mat, (constant, small): (bool, bool)) {
    let (n, k) = (fit.n as f64, fit.k);
    for (j, series) in data.y.iter().enumerate() {
        let rss: f64 = fit.residuals[j].iter().map(|e| e * e).sum();
        let tss = estimators::ols::total_squares(&series[data.from..], None, constant);
        let positions: Vec<usize> = (0..k - usize::from(constant)).map(|s| j * k + s).collect();
        let test = wald::test_zero(fit.b.data(), v, &positions);
        let ll = -0.5 * n * ((2.0 * std::f64::consts::PI * rss / n).ln() + 1.0);
        let number = j + 1;
        let own = [
            ("rmse_", (rss / (n - k as f64)).sqrt()),
            ("r2_", 1.0 - rss / tss),
            ("ll_", ll),
            ("obs_", n),
            ("k_", k as f64),
            ("df_m", test.df as f64),
        ];
        own.iter().for_each(|(name, value)| {
            r.scalar(&format!("{name}{number}"), *value);
        });
        if small {
            r.scalar(&format!("F_{number}"), test.f()).scalar(&format!("df_r{number}"), n - k as f64);
        } else {
            r.scalar(&format!("chi2_{number}"), test.chi2);
        }
    }
}

/// `L2.x`; for a differenced series `L2D.x`.
pub(super) fn lagged(name: &str, lag: usize) -> String {
    let prefix = if lag == 1 { "L".to_string() } else { format!("L{lag}") };
    match name.split_once('.') {
        Some((operators, base)) => format!("{prefix}{operators}.{base}"),
        None => format!("{prefix}.{name}"),
    }
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let (b, v) = session.e.b_and_v()?;
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let text = |s: &Session, name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let wide = |x: f64| format::bare("%9.0g", x);
    session.print("");
    session.print("Vector autoregression");
    session.print("");
    let pairs = [
        (
            format!("Sample: {} thru {}", text(session, "tmins"), text(session, "tmaxs")),
            "Number of obs",
            format::bare("%9.0fc", scalar(session, "N")),
        ),
        (
            format!(
                "Log likelihood = {:>10}{}",
                wide(scalar(session, "ll")),
                if text(session, "lutstats").is_empty() { "" } else { "     (lutstats)" }
            ),
            "AIC",
            wide(scalar(session, "aic")),
        ),
        (
            format!("FPE            = {:>10}", wide(scalar(session, "fpe"))),
            "HQIC",
            wide(scalar(session, "hqic")),
        ),
        (
            format!("Det(Sigma_ml)  = {:>10}", wide(scalar(session, "detsig_ml"))),
            "SBIC",
            wide(scalar(session, "sbic")),
        ),
    ];
    for (left, label, value) in pairs {
        session.print(format!("{left:<48}{label:<17} = {value:>10}"));
    }
    session.print("");
    show_equations(session);
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table::of_equations(&b.col_names, b.values(), &se, session.e.results.get_scalar("df_r"), level)
        .show(session);
    Ok(())
}

/// Shows fit and test of each equation.
fn show_equations(session: &mut Session) {
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let df_r = session.e.results.get_scalar("df_r");
    let (statistic, tail) = if df_r.is_some() { ("F", "P > F") } else { ("chi2", "P>chi2") };
    session.print(format!("Equation           Parms      RMSE     R-sq{statistic:>10}{tail:>11}"));
    session.print("-".repeat(64));
    let names: Vec<String> =
        session.e.results.get_text("eqnames").unwrap_or("").split_whitespace().map(str::to_string).collect();
    for (j, name) in names.iter().enumerate() {
        let get = |what: &str| scalar(session, &format!("{what}{}", j + 1));
        let df = get("df_m");
        let (value, p) = match df_r {
            _ if df == 0.0 => (MISSING, MISSING),
            Some(df_r) => (get("F_"), f_tail(df, df_r, get("F_"))),
            None => (get("chi2_"), chi2_tail(df, get("chi2_"))),
        };
        session.print(format!(
            "{:<16}{:>7}{:>12}{:>9}{:>11}{:>9}",
            format::abbrev(name, 16),
            get("k_"),
            format::bare("%8.0g", get("rmse_")),
            format::bare("%7.4f", get("r2_")),
            format::bare("%9.0g", value),
            format::bare("%6.4f", p)
        ));
    }
    session.print("-".repeat(64));
    session.print("");
}

/// The state of the last `var`; r(301) without one.
pub(super) fn held(session: &Session) -> Result<Arc<dyn std::any::Any + Send + Sync>> {
    if session.e.cmd() == "vec" {
        return Err(StataError::unsupported_command("this command after vec"));
    }
    session
        .e
        .extra
        .clone()
        .filter(|e| e.downcast_ref::<State>().is_some())
        .ok_or_else(|| StataError::new(301, "last estimates not found; var has to be run first"))
}

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("xb"), OptSpec::flag("Residuals"), OptSpec::text("EQuation")])
        .unsupported(&["stdp"]);

/// Linear prediction or residuals of one equation, the first by default.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let at = match cmd.options.text("equation") {
        None => 0,
        Some(text) => {
            let text = text.trim();
            let number =
                text.strip_prefix('#').and_then(|t| t.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
            number
                .or_else(|| state.names.iter().position(|n| n == text))
                .filter(|i| *i < state.names.len())
                .ok_or_else(|| StataError::new(303, format!("equation {text} not found")))?
        }
    };
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let parameters = Parameters::of(&session.e)?;
    let equation = state.names[at].replace('.', "_");
    let xb = linear_prediction(&session.frame, &parameters, &equation, &rows)?;
    let (values, label) = if cmd.has("residuals") {
        let y = column(&session.frame, &state.names[at], &rows)?;
        let gap = |(y, f): (&f64, &f64)| if is_missing(*y) || is_missing(*f) { MISSING } else { y - f };
        (y.iter().zip(&xb).map(gap).collect(), "Residuals")
    } else {
        (xb, "Linear prediction")
    };
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}
