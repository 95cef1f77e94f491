//! `estat bgodfrey`, `durbinalt`, `dwatson` and `archlm` after `regress` (and `newey`): tests for serial
//! correlation and autoregressive heteroskedasticity of the errors. Formulas: [R] regress postestimation time series.

use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::{OptSpec, Options};
use estimators::distributions::{chi2_tail, f_tail};
use estimators::ols::{self, Request};
use estimators::wald;

type Subcommand = fn(&mut Session, &Call) -> Result<()>;

/// The subcommands with their shortest forms.
pub(super) const SUBCOMMANDS: &[(&str, usize, Subcommand)] =
    &[("bgodfrey", 3, bgodfrey), ("durbinalt", 3, durbinalt), ("dwatson", 3, dwatson), ("archlm", 4, archlm)];

/// Residuals and regressors in the order of time.
struct Sample {
    residuals: Vec<f64>,
    columns: Vec<Vec<f64>>,
    constant: bool,
    /// Position of the row `j` periods earlier, if it is in the sample.
    earlier: Vec<Vec<Option<usize>>>,
    parameters: usize,
}

fn sample(session: &Session, most: usize) -> Result<Sample> {
    let (panel, _) = series::declared(session)?;
    if session.e.results.get_text("wtype").is_some() {
        return Err(StataError::new(322, "not available after a weighted regression"));
    }
    let mark = session.required_estimation_sample()?;
    let rows = series::order(session, &mark, true)?;
    let parameters = Parameters::of(&session.e)?;
    let y = crate::ops::predict::outcome(session, &rows)?;
    let fitted = linear_prediction(&session.frame, &parameters, "", &rows)?;
    let slopes: Vec<usize> = (0..parameters.b.len())
        .filter(|p| parameters.v[(*p, *p)] > 0.0 && parameters.terms[*p].is_some())
        .collect();
    let columns = crate::ops::predict::design(&session.frame, &parameters, &slopes, &rows)?;
    let mut position = vec![None; session.frame.n_rows()];
    rows.iter().enumerate().for_each(|(i, r)| position[*r] = Some(i));
    let mut earlier = Vec::new();
    for lag in 1..=most {
        let shifted = panel.shifted_rows(&session.frame, lag as i32)?;
        earlier.push(rows.iter().map(|r| shifted[*r].and_then(|e| position[e])).collect());
    }
    let constant = parameters.stripe.iter().any(|s| s.name == "_cons");
    Ok(Sample {
        residuals: y.iter().zip(&fitted).map(|(y, f)| y - f).collect(),
        parameters: slopes.len() + usize::from(constant),
        columns,
        constant,
        earlier,
    })
}

fn lag_list(text: Option<&str>) -> Result<Vec<usize>> {
    let mut lags = Vec::new();
    for lag in numlist::expand(text.unwrap_or("1"))? {
        if lag < 1.0 || lag.fract() != 0.0 {
            return Err(StataError::new(198, "lags() must hold positive integers"));
        }
        lags.push(lag as usize);
    }
    Ok(lags)
}

/// Regression of the residuals on the regressors and `lag` lagged residuals: N R-squared, the F of the
/// lagged residuals, rows and residual degrees of freedom. Unknown lags are zero, or their rows dropped.
fn auxiliary(data: &Sample, lag: usize, drop: bool) -> Result<(f64, f64, f64, f64)> {
    let known = |i: usize| (0..lag).all(|j| data.earlier[j][i].is_some());
    let rows: Vec<usize> = (0..data.residuals.len()).filter(|i| !drop || known(*i)).collect();
    let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|i| values[*i]).collect() };
    let y = pick(&data.residuals);
    let base: Vec<Vec<f64>> = data.columns.iter().map(|c| pick(c)).collect();
    let lagged: Vec<Vec<f64>> = (0..lag)
        .map(|j| rows.iter().map(|i| data.earlier[j][*i].map_or(0.0, |e| data.residuals[e])).collect())
        .collect();
    let columns: Vec<&[f64]> = base.iter().chain(&lagged).map(Vec::as_slice).collect();
    let request = Request { constant: data.constant, ..Request::new(&y, &columns) };
    let fit = ols::fit(&request).map_err(fit_error)?;
    if fit.df_residual <= 0.0 {
        return Err(StataError::insufficient_observations());
    }
    // residuals of a regression with a constant have mean zero, but not those of a part of the rows
    let uncentred = y.iter().map(|e| e * e).sum::<f64>();
    let r2 = if drop { fit.r2 } else { 1.0 - fit.rss / uncentred };
    let tested: Vec<usize> = fit
        .basis
        .kept
        .iter()
        .enumerate()
        .filter(|(_, k)| **k >= base.len())
        .map(|(position, _)| position)
        .collect();
    let f = wald::test_zero(&fit.b, &fit.v, &tested).f();
    Ok((fit.n * r2, f, fit.n, fit.df_residual))
}

impl Sample {
    /// Periods without a row between two rows.
    fn gaps(&self) -> usize {
        self.earlier[0].iter().skip(1).filter(|before| before.is_none()).count()
    }
}

/// Prints and stores one row for each lag: statistic, degrees of freedom, p-value. `name` is what the statistics are
/// stored as, `F` for those of small samples.
fn report(
    session: &mut Session,
    title: &str,
    null: (&str, &str),
    (data, n): (&Sample, f64),
    rows: &[(usize, f64, f64, f64)],
    name: &str,
) {
    let small = name == "F";
    if data.gaps() > 0 {
        session.print("");
        session.print(format!("Number of gaps in sample = {}", data.gaps()));
    }
    session.print("");
    session.print(title);
    session.print("-".repeat(75));
    let (heading, df, p) = if small { ("F", "df", "Prob > F") } else { ("chi2", "df", "Prob > chi2") };
    session.print(format!("    lags(p)  |{heading:>14}{df:>17}{p:>28}"));
    session.print(format!("-------------+{}", "-".repeat(61)));
    let mut results = Results::default();
    let mut columns = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for (lag, statistic, df_r, p) in rows {
        let df = if small { format!("({lag}, {df_r})") } else { format!("{lag}") };
        session.print(format!(
            "{lag:>8}     |{:>15}{df:>16}{:>25}",
            format::bare("%8.3f", stata(*statistic)),
            format::bare("%6.4f", stata(*p))
        ));
        for (column, value) in columns.iter_mut().zip([*statistic, *lag as f64, *p, *df_r]) {
            column.push(stata(value));
        }
    }
    session.print("-".repeat(75));
    match null {
        (none, "") => session.print(format!("{:24}H0: {none}", "")),
        (none, some) => session.print(format!("{:9}H0: {none}      vs.  H1: {some}", "")),
    }
    let [statistics, df, p, df_r] = columns;
    let row = |values: Vec<f64>| Matrix::new(1, values.len(), values);
    let lags = rows.iter().map(|r| r.0.to_string()).collect::<Vec<_>>().join(" ");
    results.scalar("N", n).scalar("k", data.parameters as f64).scalar("N_gaps", data.gaps() as f64);
    results.text("lags", lags);
    results.matrix(name, row(statistics)).matrix("df", row(df));
    if small {
        results.matrix("df_r", row(df_r));
    }
    results.matrix("p", row(p));
    session.r = results;
}

const SERIAL_OPTIONS: [OptSpec; 3] =
    [OptSpec::text("Lags"), OptSpec::flag("NOMISS0"), OptSpec::flag("small")];

/// `estat bgodfrey [, lags(numlist) nomiss0 small]`: Breusch (1978) and Godfrey (1978).
pub(super) fn bgodfrey(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&SERIAL_OPTIONS, &[])?;
    let title = "Breusch–Godfrey LM test for autocorrelation";
    serial_correlation(session, &options, title, |_, lm, _| lm)
}

/// `estat durbinalt [, lags(numlist) nomiss0 small]`: Durbin's (1970) alternative test.
pub(super) fn durbinalt(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&SERIAL_OPTIONS, &["Robust", "Force"])?;
    let title = "Durbin's alternative test for autocorrelation";
    serial_correlation(session, &options, title, |lags, _, f| f * lags)
}

/// Tests with the F statistic of the lagged residuals (`small`), or with the chi-squared statistic that `chi2` makes of the
/// number of lags, N R-squared and F.
fn serial_correlation(
    session: &mut Session,
    options: &Options,
    title: &str,
    chi2: fn(f64, f64, f64) -> f64,
) -> Result<()> {
    let lags = lag_list(options.text("lags"))?;
    let data = sample(session, lags.iter().copied().max().unwrap_or(1))?;
    let (drop, small) = (options.has("nomiss0"), options.has("small"));
    let mut rows = Vec::new();
    let mut n = 0.0;
    for lag in lags {
        let (lm, f, used, df_r) = auxiliary(&data, lag, drop)?;
        n = used;
        let df = lag as f64;
        let (statistic, p) = if small {
            (f, f_tail(df, df_r, f))
        } else {
            let statistic = chi2(df, lm, f);
            (statistic, chi2_tail(df, statistic))
        };
        rows.push((lag, statistic, df_r, p));
    }
    let name = if small { "F" } else { "chi2" };
    report(session, title, ("no serial correlation", ""), (&data, n), &rows, name);
    Ok(())
}

/// `estat dwatson`: Durbin and Watson (1950).
pub(super) fn dwatson(session: &mut Session, call: &Call) -> Result<()> {
    call.bare()?;
    let data = sample(session, 1)?;
    let e = &data.residuals;
    let steps: f64 = data.earlier[0]
        .iter()
        .enumerate()
        .filter_map(|(i, before)| before.map(|b| (e[i] - e[b]).powi(2)))
        .sum();
    let gaps = data.gaps();
    let d = steps / e.iter().map(|v| v * v).sum::<f64>();
    let (n, k) = (e.len() as f64, data.parameters as f64);
    session.print("");
    if gaps > 0 {
        session.print(format!("Number of gaps in sample = {gaps}"));
    }
    session.print(format!("Durbin–Watson d-statistic({k:>3}, {n:>5}) = {}", format::number("%9.0g", d)));
    let mut results = Results::default();
    results.scalar("dw", stata(d)).scalar("N", n).scalar("k", k).scalar("N_gaps", gaps as f64);
    session.r = results;
    Ok(())
}

/// `estat archlm [, lags(numlist)]`: Engle (1982).
pub(super) fn archlm(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::text("Lags")], &["Force"])?;
    let lags = lag_list(options.text("lags"))?;
    let data = sample(session, lags.iter().copied().max().unwrap_or(1))?;
    let squares: Vec<f64> = data.residuals.iter().map(|e| e * e).collect();
    let mut rows = Vec::new();
    let mut n = 0.0;
    for lag in lags {
        let used: Vec<usize> =
            (0..squares.len()).filter(|i| (0..lag).all(|j| data.earlier[j][*i].is_some())).collect();
        let y: Vec<f64> = used.iter().map(|i| squares[*i]).collect();
        let lagged: Vec<Vec<f64>> = (0..lag)
            .map(|j| used.iter().map(|i| data.earlier[j][*i].map_or(0.0, |e| squares[e])).collect())
            .collect();
        let columns: Vec<&[f64]> = lagged.iter().map(Vec::as_slice).collect();
        let fit = ols::fit(&Request::new(&y, &columns)).map_err(fit_error)?;
        n = fit.n;
        let lm = fit.n * fit.r2;
        rows.push((lag, lm, fit.df_residual, chi2_tail(lag as f64, lm)));
    }
    let title = "LM test for autoregressive conditional heteroskedasticity (ARCH)";
    report(session, title, ("no ARCH effects", "ARCH(p) disturbance"), (&data, n), &rows, "arch");
    Ok(())
}
