//! Postestimation of `streg`: predictions. Formulas: [ST] streg postestimation.

use super::streg_fitted::{Averaging, Fitted};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::post::stata;
use crate::estimation::survival::{Records, Settings, residual};
use crate::matrix::Stripe;
use crate::ops::predict::{Prediction, design};
use crate::ops::scores::offset;
use crate::session::Session;
use crate::value::{MISSING, is_missing};

/// Whether a parameter is that of the index (`main`) or the ancillary one: the variance of a frailty and the shape kappa are
/// neither.
pub(super) fn belongs(stripe: &Stripe, main: bool) -> bool {
    let own = matches!(stripe.name.as_str(), "lntheta" | "kappa") && stripe.eq.starts_with('/');
    !own && (stripe.eq == "_t") == main
}

/// Index and ancillary parameter of rows of the data.
pub(super) fn indices(s: &Session, rows: &[usize]) -> Result<(Vec<f64>, Vec<f64>)> {
    let parameters = Parameters::of(&s.e)?;
    let of = |main: bool| -> Result<Vec<f64>> {
        let positions: Vec<usize> =
            (0..parameters.b.len()).filter(|i| belongs(&parameters.stripe[*i], main)).collect();
        // A lone ancillary parameter has no own term: it is a constant.
        if let [one] = positions[..]
            && !main
        {
            return Ok(vec![parameters.b[one]; rows.len()]);
        }
        let columns = design(&s.frame, &parameters, &positions, rows)?;
        let shift = if main { offset(s, rows)? } else { vec![0.0; rows.len()] };
        let value = |r: usize| {
            let parts = columns.iter().zip(&positions).map(|(c, p)| (c[r], parameters.b[*p]));
            parts.fold(
                shift[r],
                |sum, (x, b)| if is_missing(x) || is_missing(sum) { MISSING } else { sum + x * b },
            )
        };
        Ok((0..rows.len()).map(value).collect())
    };
    Ok((of(true)?, of(false)?))
}

/// Names of the statistics of `predict` after `streg`.
const STATISTICS: &[&str] =
    &["median", "mean", "time", "lntime", "hr", "hazard", "surv", "csurv", "csnell", "mgale", "deviance"];

/// Options of `predict` after `streg` that are not statistics.
const MODIFIERS: &[&str] = &["alpha1", "unconditional", "marginal", "partial", "oos"];

/// Whether an option of `predict` has a meaning after `streg`.
pub(super) fn is_known(option: &str) -> bool {
    STATISTICS.contains(&option) || MODIFIERS.contains(&option)
}

/// A request for a prediction.
struct Request<'a> {
    statistics: Vec<&'a str>,
    averaging: Averaging,
    /// Residuals of records, not of subjects.
    partial: bool,
    /// Sums over the rows asked for, not over the estimation sample.
    oos: bool,
}

impl<'a> Request<'a> {
    fn read(asked: &[&'a str]) -> Result<Self> {
        let mut out =
            Self { statistics: Vec::new(), averaging: Averaging::default(), partial: false, oos: false };
        for option in asked {
            match *option {
                "partial" => out.partial = true,
                "oos" => out.oos = true,
                _ if out.averaging.take(option)? => {}
                statistic => out.statistics.push(statistic),
            }
        }
        Ok(out)
    }
}

/// Predictions after `streg`; the default is the median of survival time.
pub(super) fn predict(s: &mut Session, asked: &[&str], rows: &[usize]) -> Result<Prediction> {
    let request = Request::read(asked)?;
    let fitted = Fitted::of(s, request.averaging)?;
    if request.statistics.iter().all(|a| matches!(*a, "median" | "mean" | "time" | "lntime")) {
        return times(s, &fitted, &request.statistics, rows);
    }
    let [statistic] = request.statistics[..] else {
        return Err(StataError::new(198, "only one statistic may be specified"));
    };
    if request.partial && !["csnell", "mgale", "deviance"].contains(&statistic) {
        return Err(StataError::new(198, format!("option partial not allowed with {statistic}")));
    }
    if statistic != "hr" {
        return of_records(s, &fitted, statistic, &request, rows);
    }
    if fitted.aft {
        return Err(StataError::new(198, "hr is not allowed after estimation in the log-time metric"));
    }
    // Relative hazard: the index without its constant ([ST] streg postestimation).
    let constant = s.e.b().and_then(|b| {
        b.col_names.iter().position(|n| n.eq == "_t" && n.name == "_cons").map(|i| b.get(0, i))
    });
    let constant = constant.unwrap_or(0.0);
    let ratio = |x: &f64| if is_missing(*x) { MISSING } else { stata((x - constant).exp()) };
    let values = indices(s, rows)?.0.iter().map(ratio).collect();
    Ok(Prediction { values, label: "Hazard ratio".to_string() })
}

/// Median and mean of survival time and of its log.
fn times(s: &mut Session, fitted: &Fitted, asked: &[&str], rows: &[usize]) -> Result<Prediction> {
    let (is_mean, is_log) = (asked.contains(&"mean"), asked.contains(&"lntime"));
    if is_mean && asked.contains(&"median") {
        return Err(StataError::new(198, "only one of mean and median may be specified"));
    }
    if asked.is_empty() {
        s.print("(option median time assumed; predicted median survival time)");
    }
    if is_mean && fitted.has_no_mean() {
        return Err(StataError::unsupported_option("predict", "mean time after the Gompertz model"));
    }
    if is_mean && fitted.is_averaged() {
        return Err(StataError::new(
            198,
            "the mean of time after streg with frailty() requires option alpha1",
        ));
    }
    let (eta, ancillary) = indices(s, rows)?;
    let value = |i: usize| {
        if is_missing(eta[i]) || is_missing(ancillary[i]) {
            return MISSING;
        }
        stata(match (is_mean, is_log) {
            (true, _) => fitted.mean(is_log, eta[i], ancillary[i]).unwrap_or(f64::NAN),
            (false, true) => fitted.median(eta[i], ancillary[i]).ln(),
            (false, false) => fitted.median(eta[i], ancillary[i]),
        })
    };
    let what = if is_mean { "Mean" } else { "Median" };
    let log = if is_log { "log " } else { "" };
    Ok(Prediction { values: (0..rows.len()).map(value).collect(), label: format!("{what} {log}_t") })
}

/// Statistics at the times of the records: survival and hazard of all records, residuals of the estimation sample.
fn of_records(
    s: &Session,
    fitted: &Fitted,
    statistic: &str,
    request: &Request<'_>,
    rows: &[usize],
) -> Result<Prediction> {
    let settings = Settings::of(&s.frame)?;
    let mut touse = if matches!(statistic, "hazard" | "surv") {
        vec![true; s.frame.n_rows()]
    } else if request.oos {
        (0..s.frame.n_rows()).map(|i| rows.binary_search(&i).is_ok()).collect()
    } else {
        s.required_estimation_sample()?.to_vec()
    };
    let records = Records::read(s, &settings, &mut touse)?;
    let (eta, ancillary) = indices(s, &records.rows)?;
    let n = records.rows.len();
    let at = |i: usize, f: &dyn Fn(f64, f64) -> f64| {
        if is_missing(eta[i]) || is_missing(ancillary[i]) { f64::NAN } else { f(eta[i], ancillary[i]) }
    };
    let total = |i: usize| {
        let upto = |t: f64| at(i, &|eta, ancillary| fitted.cumulative(t, eta, ancillary));
        upto(records.t[i]) - upto(records.t0[i])
    };
    let totals: Vec<f64> = (0..n).map(total).collect();
    let survived = |hazards: &[f64]| hazards.iter().map(|h| (-h).exp()).collect();
    let (values, label): (Vec<f64>, _) = match statistic {
        "hazard" => {
            let hazard = |i: usize| at(i, &|eta, ancillary| fitted.hazard(records.t[i], eta, ancillary));
            ((0..n).map(hazard).collect(), "Hazard")
        }
        "surv" => (survived(&totals), "S(t|t_0)"),
        "csurv" => (survived(&records.running(&s.frame, &settings, &totals)), "S(t|earliest t_0)"),
        _ => {
            let failures: Vec<f64> = records.d.iter().map(|d| f64::from(u8::from(*d))).collect();
            let summed = |values: Vec<f64>| {
                if request.partial { values } else { records.at_last(&s.frame, &settings, &values) }
            };
            let (hazards, failures) = (summed(totals), summed(failures));
            let label = match statistic {
                "csnell" => "Cox-Snell residual",
                "mgale" => "Martingale-like residual",
                _ => "Deviance residual",
            };
            (hazards.iter().zip(&failures).map(|(h, d)| residual(statistic, *h, *d)).collect(), label)
        }
    };
    let mut all = vec![MISSING; s.frame.n_rows()];
    records.rows.iter().zip(&values).for_each(|(row, v)| all[*row] = stata(*v));
    Ok(Prediction { values: rows.iter().map(|r| all[*r]).collect(), label: label.to_string() })
}
