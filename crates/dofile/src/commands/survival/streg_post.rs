//! Postestimation of `streg`: predictions. Formulas: [ST] streg postestimation.

use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::post::stata;
use crate::estimation::survival::{Records, Settings};
use crate::ops::predict::{Prediction, design};
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::ml_survival::{Distribution, cumulative_hazard, hazard, mean, median};

use super::streg::distribution;

/// The fitted distribution and its metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fitted {
    /// The distribution.
    pub distribution: Distribution,
    /// Whether the index acts on log time.
    pub aft: bool,
}

impl Fitted {
    /// The active estimates of `streg`.
    pub(super) fn of(s: &Session) -> Result<Self> {
        if s.e.results.get_scalar("theta").is_some() {
            return Err(StataError::unsupported_option("predict", "after streg with frailty()"));
        }
        if s.e.results.get_scalar("kappa").is_some() {
            return Err(StataError::unsupported_option("predict", "after streg, distribution(ggamma)"));
        }
        let text = |name: &str| s.e.results.get_text(name).unwrap_or("");
        Ok(Self { distribution: distribution(text("distribution"))?, aft: text("frm2") == "time" })
    }
}

/// Index and ancillary parameter of rows of the data.
pub(super) fn indices(s: &Session, rows: &[usize]) -> Result<(Vec<f64>, Vec<f64>)> {
    let parameters = Parameters::of(&s.e)?;
    let of = |main: bool| -> Result<Vec<f64>> {
        let inside = |i: &usize| (parameters.stripe[*i].eq == "_t") == main;
        let positions: Vec<usize> = (0..parameters.b.len()).filter(inside).collect();
        // A lone ancillary parameter has no own term: it is a constant.
        if let [one] = positions[..]
            && !main
        {
            return Ok(vec![parameters.b[one]; rows.len()]);
        }
        let columns = design(&s.frame, &parameters, &positions, rows)?;
        let value = |r: usize| {
            let parts = columns.iter().zip(&positions).map(|(c, p)| (c[r], parameters.b[*p]));
            parts
                .fold(0.0, |sum, (x, b)| if is_missing(x) || is_missing(sum) { MISSING } else { sum + x * b })
        };
        Ok((0..rows.len()).map(value).collect())
    };
    Ok((of(true)?, of(false)?))
}

/// Names of the statistics of `predict` after `streg`.
pub(super) const STATISTICS: &[&str] =
    &["median", "mean", "time", "lntime", "hr", "hazard", "surv", "csnell", "mgale", "deviance"];

/// Predictions after `streg`; the default is the median of survival time.
pub(super) fn predict(s: &mut Session, asked: &[&str], rows: &[usize]) -> Result<Prediction> {
    let fitted = Fitted::of(s)?;
    let (eta, ancillary) = indices(s, rows)?;
    let made = |label: &str, f: &dyn Fn(usize) -> f64| Prediction {
        values: (0..rows.len())
            .map(|i| if is_missing(eta[i]) || is_missing(ancillary[i]) { MISSING } else { stata(f(i)) })
            .collect(),
        label: label.to_string(),
    };
    let (d, aft) = (fitted.distribution, fitted.aft);
    let is_mean = asked.contains(&"mean");
    let is_log = asked.contains(&"lntime");
    let times = asked.iter().all(|a| matches!(*a, "median" | "mean" | "time" | "lntime"));
    if times {
        if is_mean && asked.contains(&"median") {
            return Err(StataError::new(198, "only one of mean and median may be specified"));
        }
        if asked.is_empty() {
            s.print("(option median time assumed; predicted median survival time)");
        }
        if is_mean && d == Distribution::Gompertz {
            return Err(StataError::unsupported_option("predict", "mean time after the Gompertz model"));
        }
        let value = |i: usize| {
            let time = if is_mean {
                mean(d, aft, eta[i], ancillary[i]).unwrap_or(f64::NAN)
            } else {
                median(d, aft, eta[i], ancillary[i])
            };
            if is_log { time.ln() } else { time }
        };
        let what = if is_mean { "Mean" } else { "Median" };
        let log = if is_log { "log " } else { "" };
        return Ok(made(&format!("{what} {log}_t"), &value));
    }
    let [statistic] = asked else {
        return Err(StataError::new(198, "only one statistic may be specified"));
    };
    if *statistic == "hr" {
        if aft {
            return Err(StataError::new(198, "hr is not allowed after estimation in the log-time metric"));
        }
        // Relative hazard: the index without its constant ([ST] streg postestimation).
        let constant = s.e.b().and_then(|b| {
            b.col_names.iter().position(|n| n.eq == "_t" && n.name == "_cons").map(|i| b.get(0, i))
        });
        let constant = constant.unwrap_or(0.0);
        return Ok(made("Hazard ratio", &|i| (eta[i] - constant).exp()));
    }
    let settings = Settings::of(&s.frame)?;
    let mut all = vec![true; s.frame.n_rows()];
    let records = Records::read(s, &settings, &mut all)?;
    let mut at = vec![None; s.frame.n_rows()];
    records.rows.iter().enumerate().for_each(|(i, r)| at[*r] = Some(i));
    let spans = |i: usize| at[rows[i]].map(|p| (records.t0[p], records.t[p], records.d[p]));
    let total = |i: usize, (t0, t, _): (f64, f64, bool)| {
        cumulative_hazard(d, aft, t, eta[i], ancillary[i])
            - cumulative_hazard(d, aft, t0, eta[i], ancillary[i])
    };
    let per = |f: &dyn Fn(usize, (f64, f64, bool)) -> f64, i: usize| spans(i).map_or(f64::NAN, |x| f(i, x));
    let martingale = |i: usize, x: (f64, f64, bool)| f64::from(u8::from(x.2)) - total(i, x);
    Ok(match *statistic {
        "hazard" => made("Hazard", &|i| per(&|i, x| hazard(d, aft, x.1, eta[i], ancillary[i]), i)),
        "surv" => made("S(t|t_0)", &|i| per(&|i, x| (-total(i, x)).exp(), i)),
        "csnell" => made("Cox-Snell residual", &|i| per(&total, i)),
        "mgale" => made("Martingale-like residual", &|i| per(&martingale, i)),
        _ => made("Deviance residual", &|i| {
            let value = |i: usize, x: (f64, f64, bool)| {
                let m = martingale(i, x);
                let log = if x.2 { total(i, x).ln() } else { 0.0 };
                m.signum() * (-2.0 * (m + log)).max(0.0).sqrt()
            };
            per(&value, i)
        }),
    })
}
