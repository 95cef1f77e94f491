//! `vec` and `predict` after it. Formulas: [TS] vec; numbers: `estimators::vecm`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::var::lagged;
use super::var_sample::{Sample, sample, span};
use super::vec_show;
use super::vecrank::trend;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Prediction, add, column, new_names};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::cointegration::Trend;
use estimators::matrix::Mat;
use estimators::var::log_determinant;
use estimators::vecm::{self, Vecm};
use estimators::wald;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("Rank"),
    OptSpec::int("LAgs"),
    OptSpec::text("Trend"),
    OptSpec::real("Level"),
    OptSpec::flag("noBTable"),
    OptSpec::flag("noIDtest"),
    OptSpec::flag("noETable"),
])
.unsupported(&["BConstraints", "AConstraints", "SIndicators", "noREDuce", "ALpha", "PI", "MAI", "DFORCE"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "vec",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "vec varlist [if] [in] [, rank(#) lags(#) trend(constant|rconstant|rtrend|trend|none) level(#) nobtable noetable]",
    notes: "Johansen's normalisation; the trend counts from one in the first row used; stores e(N k_rank k_eq k_dv k_ce n_lags df_m ll aic hqic sbic detsig_ml tmin tmax beta_iden beta_icnt df_lr rank k_# df_m# r2_# chi2_# rmse_#), e(b), e(V), e(beta), e(V_beta), e(betavec), e(alpha), e(pi), e(omega); [TS] vec",
    examples: &[Example {
        // Given the cointegrating vector each equation is least squares.
        run: "set obs 40\ngenerate t = _n\ntsset t\ngenerate double x = sum(mod(7*_n, 11) - 5)\ngenerate double y = x + mod(5*_n, 13)/4\nvec y x, lags(2)\nmatrix B = e(beta)\ngenerate double ce = y + B[1,2]*x + B[1,3]\nscalar a = [D_y]_b[L._ce1]\nscalar s = [D_y]_se[L._ce1]\nquietly regress D.y L.ce LD.y LD.x\nscalar same = reldif(a, _b[L.ce]) < 1e-8 & reldif(s, _se[L.ce]) < 1e-8",
        expect: &[("same", 1.0), ("B[1,1]", 1.0)],
    }],
};

/// State of the last `vec`.
pub(super) struct State {
    /// The fit.
    pub fit: Vecm,
    /// Names of the series.
    pub names: Vec<String>,
    /// Lags of the levels.
    pub lags: usize,
    /// Deterministic terms.
    pub trend: Trend,
}

/// The state of the last `vec`; r(301) without one.
pub(super) fn held(session: &Session) -> Result<Arc<dyn std::any::Any + Send + Sync>> {
    session
        .e
        .extra
        .clone()
        .filter(|e| e.downcast_ref::<State>().is_some())
        .ok_or_else(|| StataError::new(301, "last estimates not found; vec has to be run first"))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "vec" {
            return Err(StataError::no_estimates());
        }
        return vec_show::show(session, cmd);
    }
    let number = |name: &str, default: usize| match cmd.options.int(name) {
        None => Ok(default),
        Some(n) if (1..=1000).contains(&n) => Ok(n as usize),
        Some(_) => Err(StataError::invalid(format!("{name}() must be a positive integer"))),
    };
    let (rank, lags) = (number("rank", 1)?, number("lags", 2)?);
    let (kind, name) = trend(cmd.options.text("trend"))?;
    let data = sample(session, cmd, lags)?;
    let m = data.names.len();
    if m < 2 {
        return Err(StataError::standard(102));
    }
    if rank >= m {
        return Err(StataError::invalid("rank() must be less than the number of variables"));
    }
    let fit = vecm::fit(&data.y, lags, rank, kind, &[]).map_err(fit_error)?;
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.text("cmd", "vec").text("cmdline", command_line(cmd)).text("predict", "vec_p").text("trend", name);
    r.text("title", "Vector error-correction model");
    matrices(r, &data, &fit, (rank, lags, kind));
    scalars(r, &fit, (rank, lags))?;
    let used = data.rows[data.from..].to_vec();
    span(session, &used, r)?;
    let mut mark = vec![false; session.frame.n_rows()];
    used.iter().for_each(|row| mark[*row] = true);
    est.extra = Some(Arc::new(State { fit, names: data.names, lags, trend: kind }));
    session.post_estimation(est, mark);
    vec_show::show(session, cmd)
}

/// Names of the parameters of an equation.
fn terms(names: &[String], (rank, lags, trend): (usize, usize, Trend)) -> Vec<String> {
    let mut out: Vec<String> = (1..=rank).map(|j| format!("L._ce{j}")).collect();
    for name in names {
        let changed = changed(name);
        out.extend((1..lags).map(|lag| lagged(&changed, lag)));
    }
    if trend == Trend::Trend {
        out.push("_trend".to_string());
    }
    if trend.outside() > 0 {
        out.push("_cons".to_string());
    }
    out
}

/// `D.x`; for a series with operators `D2.x` or `DL.x`.
fn changed(name: &str) -> String {
    match name.split_once('.') {
        Some((operators, base)) => match operators.strip_prefix('D') {
            Some(order) => format!("D{}.{base}", order.parse::<usize>().unwrap_or(1) + 1),
            None => format!("D{operators}.{base}"),
        },
        None => format!("D.{name}"),
    }
}

/// Stores parameters, cointegrating vectors and their covariances.
fn matrices(r: &mut Results, data: &Sample, fit: &Vecm, kind: (usize, usize, Trend)) {
    let (rank, k, m) = (kind.0, fit.system.k, data.names.len());
    let equations: Vec<String> = data.names.iter().map(|n| format!("D_{}", n.replace('.', "_"))).collect();
    let own = terms(&data.names, kind);
    let stripe: Vec<Stripe> = equations
        .iter()
        .flat_map(|eq| own.iter().map(move |x| Stripe::with_eq(eq.clone(), x.clone())))
        .collect();
    let factor = fit.system.n as f64 / (fit.system.n - k) as f64;
    let v = Mat::from_fn(m * k, m * k, |a, b| {
        factor * fit.system.sigma_ml[(a / k, b / k)] * fit.system.unscaled[(a % k, b % k)]
    });
    r.matrix("b", Matrix::row_vector(fit.system.b.data().to_vec(), stripe.clone()));
    r.matrix("V", Matrix::square(v.data().to_vec(), stripe));
    let speeds: Vec<usize> = (0..m).flat_map(|eq| (0..rank).map(move |j| eq * k + j)).collect();
    let v_alpha = v.select(&speeds, &speeds);
    let mut rows = data.names.clone();
    if matches!(kind.2, Trend::RestrictedTrend | Trend::Trend) {
        rows.push("_trend".to_string());
    }
    if kind.2 != Trend::None {
        rows.push("_cons".to_string());
    }
    let cenames: Vec<String> = (1..=rank).map(|j| format!("_ce{j}")).collect();
    let beta_stripe = |rows: &[String]| -> Vec<Stripe> {
        cenames
            .iter()
            .flat_map(|ce| rows.iter().map(move |x| Stripe::with_eq(ce.clone(), x.clone())))
            .collect()
    };
    let upright = fit.beta.transpose();
    r.matrix("beta", Matrix::row_vector(upright.data().to_vec(), beta_stripe(&rows)));
    r.matrix("V_beta", Matrix::square(fit.v_beta.data().to_vec(), beta_stripe(&rows)));
    let direct = m + kind.2.inside();
    let values = (0..rank).flat_map(|j| (0..direct).map(move |i| fit.beta[(i, j)])).collect();
    r.matrix("betavec", Matrix::row_vector(values, beta_stripe(&rows[..direct])));
    let alpha: Vec<Stripe> = equations
        .iter()
        .flat_map(|eq| own[..rank].iter().map(move |x| Stripe::with_eq(eq.clone(), x.clone())))
        .collect();
    r.matrix("V_alpha", Matrix::square(v_alpha.data().to_vec(), alpha.clone()));
    r.matrix("alpha", Matrix::row_vector(fit.alpha.data().to_vec(), alpha));
    let series: Vec<usize> = (0..m).collect();
    let first: Vec<usize> = (0..rank).collect();
    let pi = fit.alpha.times(&fit.beta.select(&series, &first).transpose());
    let pi_stripe = equations
        .iter()
        .flat_map(|eq| data.names.iter().map(move |x| Stripe::with_eq(eq.clone(), x.clone())));
    r.matrix("pi", Matrix::row_vector(pi.data().to_vec(), pi_stripe.collect()));
    let names: Vec<Stripe> = data.names.iter().map(Stripe::term).collect();
    r.matrix("omega", Matrix::square(fit.system.sigma_ml.data().to_vec(), names));
    r.text("eqnames", equations.join(" "))
        .text("cenames", cenames.join(" "))
        .text("endog", data.names.join(" "));
    r.text("depvar", data.names.iter().map(|n| changed(n)).collect::<Vec<_>>().join(" "));
}

/// Stores fit and tests.
fn scalars(r: &mut Results, fit: &Vecm, (rank, lags): (usize, usize)) -> Result<()> {
    let (n, m, k) = (fit.system.n as f64, fit.alpha.rows(), fit.system.k);
    let log = log_determinant(&fit.system.sigma_ml)
        .ok_or_else(|| StataError::new(459, "the errors of the equations are collinear"))?;
    let free = fit.parameters as f64;
    r.scalar("N", n).scalar("k_rank", free).scalar("k_eq", m as f64).scalar("k_dv", m as f64);
    r.scalar("k_ce", rank as f64).scalar("n_lags", lags as f64).scalar("df_m", free).scalar("ll", fit.ll);
    r.scalar("df_lr", 0.0).scalar("beta_iden", 1.0).scalar("beta_icnt", (rank * rank) as f64);
    let criterion = |price: f64| (-2.0 * fit.ll + price * free) / n;
    r.scalar("aic", criterion(2.0))
        .scalar("hqic", criterion(2.0 * n.ln().ln()))
        .scalar("sbic", criterion(n.ln()));
    r.scalar("detsig_ml", log.exp()).scalar("rank", (m * k) as f64);
    let v = crate::estimation::post::kernel(r.matrices.get("V").ok_or_else(StataError::no_estimates)?);
    for j in 0..m {
        let rss: f64 = fit.system.residuals[j].iter().map(|e| e * e).sum();
        let fitted = |t: usize| {
            let constant = if k > fit.system.regressors.len() { fit.system.b[(j, k - 1)] } else { 0.0 };
            constant
                + fit
                    .system
                    .regressors
                    .iter()
                    .enumerate()
                    .map(|(i, c)| fit.system.b[(j, i)] * c[t])
                    .sum::<f64>()
        };
        let tss: f64 = (0..fit.system.n).map(|t| (fitted(t) + fit.system.residuals[j][t]).powi(2)).sum();
        let positions: Vec<usize> = (0..k).map(|i| j * k + i).collect();
        let test = wald::test_zero(fit.system.b.data(), &v, &positions);
        let number = j + 1;
        r.scalar(&format!("k_{number}"), k as f64).scalar(&format!("df_m{number}"), test.df as f64);
        r.scalar(&format!("r2_{number}"), 1.0 - rss / tss).scalar(&format!("chi2_{number}"), test.chi2);
        r.scalar(&format!("rmse_{number}"), (rss / (n - k as f64)).sqrt());
    }
    Ok(())
}

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("xb"),
    OptSpec::flag("Residuals"),
    OptSpec::flag("ce"),
    OptSpec::flag("Levels"),
    OptSpec::text("EQuation"),
])
.unsupported(&["stdp", "Usece"]);

/// Position of the equation that `equation()` names among `names`, the first by default.
fn chosen(text: Option<&str>, names: &[&str]) -> Result<usize> {
    let Some(text) = text.map(str::trim) else { return Ok(0) };
    let number = text.strip_prefix('#').and_then(|t| t.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
    number
        .or_else(|| names.iter().position(|n| *n == text))
        .filter(|i| *i < names.len())
        .ok_or_else(|| StataError::new(303, format!("equation {text} not found")))
}

/// Change, its residual, level, or cointegrating equation.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    if matches!(state.trend, Trend::RestrictedTrend | Trend::Trend) {
        return Err(StataError::unsupported_option("vec", "predict with trend(rtrend) or trend(trend)"));
    }
    let asked = ["xb", "residuals", "ce", "levels"].into_iter().filter(|o| cmd.has(o)).collect::<Vec<_>>();
    if asked.len() > 1 {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let levels = Levels::read(session, state, &rows)?;
    let asked = asked.first().copied().unwrap_or("xb");
    let list = text(if asked == "ce" { "cenames" } else { "eqnames" });
    let at = chosen(cmd.options.text("equation"), &list.split_whitespace().collect::<Vec<_>>())?;
    let (values, label) = match asked {
        "ce" => (levels.within(at, 0), "Predicted cointegrated equation"),
        "levels" => (levels.change(at, Part::Level), "Linear prediction in levels"),
        "residuals" => (levels.change(at, Part::Residual), "Residuals"),
        _ => (levels.change(at, Part::Change), "Linear prediction"),
    };
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}

/// What is predicted of a series.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Change,
    Residual,
    Level,
}

/// Values of the series and of their lags in some rows.
struct Levels<'a> {
    state: &'a State,
    /// Series, lag, row.
    values: Vec<Vec<Vec<f64>>>,
    rows: usize,
}

impl<'a> Levels<'a> {
    fn read(session: &Session, state: &'a State, rows: &[usize]) -> Result<Self> {
        let one = |name: &String, lag: usize| {
            let name = if lag == 0 { name.clone() } else { lagged(name, lag) };
            column(&session.frame, &name, rows)
        };
        let of = |name: &String| (0..=state.lags).map(|lag| one(name, lag)).collect::<Result<Vec<_>>>();
        let values = state.names.iter().map(of).collect::<Result<_>>()?;
        Ok(Self { state, values, rows: rows.len() })
    }

    /// Cointegrating equation `at` of the levels `lag` periods before.
    fn within(&self, at: usize, lag: usize) -> Vec<f64> {
        let (beta, m) = (&self.state.fit.beta, self.values.len());
        let constant = if beta.rows() > m { beta[(m, at)] } else { 0.0 };
        let one = |t: usize| {
            let own: Vec<f64> = self.values.iter().map(|series| series[lag][t]).collect();
            if own.iter().any(|v| is_missing(*v)) {
                return MISSING;
            }
            constant + own.iter().enumerate().map(|(i, v)| beta[(i, at)] * v).sum::<f64>()
        };
        (0..self.rows).map(one).collect()
    }

    /// Prediction of series `at`.
    fn change(&self, at: usize, part: Part) -> Vec<f64> {
        let (system, lags) = (&self.state.fit.system, self.state.lags);
        let rank = self.state.fit.alpha.cols();
        let within: Vec<Vec<f64>> = (0..rank).map(|j| self.within(j, 1)).collect();
        let constant = if self.state.trend.outside() > 0 { system.b[(at, system.k - 1)] } else { 0.0 };
        let difference = |a: f64, b: f64| if is_missing(a) || is_missing(b) { MISSING } else { a - b };
        let one = |t: usize| {
            let mut regressors: Vec<f64> = within.iter().map(|ce| ce[t]).collect();
            for series in &self.values {
                regressors.extend((1..lags).map(|lag| difference(series[lag][t], series[lag + 1][t])));
            }
            if regressors.iter().any(|v| is_missing(*v)) {
                return MISSING;
            }
            let xb =
                constant + regressors.iter().enumerate().map(|(i, v)| system.b[(at, i)] * v).sum::<f64>();
            let own = &self.values[at];
            match part {
                Part::Change => xb,
                Part::Level => own[1][t] + xb,
                Part::Residual => difference(difference(own[0][t], own[1][t]), xb),
            }
        };
        (0..self.rows).map(one).collect()
    }
}
