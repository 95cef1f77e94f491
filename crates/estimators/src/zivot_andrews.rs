//! Unit-root test of Zivot and Andrews (1992), Journal of Business and Economic Statistics 10, with a break of unknown
//! date under the alternative.

use super::ols::{self, FitError, OlsFit, Request};

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The level.
    Intercept,
    /// The slope of the trend.
    Trend,
    /// Both.
    Both,
}

impl Break {
    /// Asymptotic critical values at 1, 5 and 10 percent: tables 2 to 4 of the article.
    pub fn critical_values(self) -> [f64; 3] {
        match self {
            Self::Intercept => [-5.34, -4.80, -4.58],
            Self::Trend => [-4.93, -4.42, -4.11],
            Self::Both => [-5.57, -5.08, -4.82],
        }
    }
}

/// How the number of lagged differences is found, up to `T^(1/4)` of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LagRule {
    /// A number of the caller.
    Fixed(usize),
    /// Akaike's criterion.
    Aic,
    /// Schwarz's criterion.
    Bic,
    /// The last lag with a p-value of at most this.
    Significance(f64),
}

/// The tests at each date.
pub struct ZivotAndrews {
    /// Lagged differences.
    pub lags: usize,
    /// Observations of each regression.
    pub n: usize,
    /// Position of the first row after the break, and the t statistic.
    pub path: Vec<(usize, f64)>,
}

/// The regression of the difference on the lagged level, a trend, lagged differences and further columns, from row
/// `first`.
fn regression(y: &[f64], lags: usize, first: usize, further: &[Vec<f64>]) -> Result<OlsFit, FitError> {
    let rows = first..y.len();
    let difference = |t: usize| y[t] - y[t - 1];
    let mut columns: Vec<Vec<f64>> = vec![rows.clone().map(|t| y[t - 1]).collect()];
    columns.push(rows.clone().map(|t| t as f64).collect());
    columns.extend(further.iter().map(|c| c[first..].to_vec()));
    columns.extend((1..=lags).map(|j| rows.clone().map(|t| difference(t - j)).collect()));
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let outcome: Vec<f64> = rows.map(difference).collect();
    ols::fit(&Request::new(&outcome, &views))
}

/// The number of lags from the regressions without a break, all on the rows of the longest one.
fn choose_lags(y: &[f64], rule: LagRule) -> Result<usize, FitError> {
    if let LagRule::Fixed(lags) = rule {
        return Ok(lags);
    }
    let most = (y.len() as f64).powf(0.25).floor() as usize;
    let fits = (0..=most).map(|j| regression(y, j, most + 1, &[])).collect::<Result<Vec<_>, _>>()?;
    let criterion =
        |fit: &OlsFit, penalty: f64| fit.n * (fit.rss / fit.n).ln() + penalty * fit.b.len() as f64;
    let least = |penalty: &dyn Fn(f64) -> f64| {
        let values: Vec<f64> = fits.iter().map(|f| criterion(f, penalty(f.n))).collect();
        (0..values.len()).min_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0)
    };
    Ok(match rule {
        LagRule::Aic => least(&|_| 2.0),
        LagRule::Bic => least(&|n: f64| n.ln()),
        LagRule::Significance(level) => (1..=most)
            .rev()
            .find(|j| {
                let (fit, last) = (&fits[*j], j + 1);
                let t = fit.b[last] / fit.v[(last, last)].sqrt();
                2.0 * super::distributions::t_tail(fit.df_residual, t.abs()) <= level
            })
            .unwrap_or(0),
        LagRule::Fixed(lags) => lags,
    })
}

/// Tests every date of the sample but the share `trim` at each end.
///
/// # Errors
/// Too few rows.
pub fn test(y: &[f64], kind: Break, rule: LagRule, trim: f64) -> Result<ZivotAndrews, FitError> {
    let lags = choose_lags(y, rule)?;
    let n = y.len();
    let outer = trim * n as f64;
    let first = outer.ceil() as usize + lags;
    let last = (n as f64 - outer).floor() as usize;
    if lags + 1 >= n || first >= last {
        return Err(FitError::Insufficient);
    }
    let after = |at: usize, f: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..n).map(|t| if t >= at { f(t) } else { 0.0 }).collect()
    };
    let path = (first..last)
        .map(|at| {
            let level = || after(at, &|_| 1.0);
            let slope = || after(at, &|t| (t - at + 1) as f64);
            let further = match kind {
                Break::Intercept => vec![level()],
                Break::Trend => vec![slope()],
                Break::Both => vec![level(), slope()],
            };
            let fit = regression(y, lags, lags + 1, &further)?;
            Ok((at, fit.b[0] / fit.v[(0, 0)].sqrt()))
        })
        .collect::<Result<Vec<_>, FitError>>()?;
    Ok(ZivotAndrews { lags, n: n - lags - 1, path })
}
