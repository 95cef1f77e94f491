//! Imputation of one variable given others: a draw of the parameters from their posterior, then a draw of the values
//! ([MI] mi impute regress, logit, pmm; Rubin 1987).

use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::frame::{Column, Variable};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_quantile;
use estimators::ml_binary::logistic;

/// How a variable is imputed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Method {
    /// Normal errors.
    Regress,
    /// Zero or one.
    Logit,
    /// An observed value of one of the nearest rows.
    Pmm { neighbours: usize },
}

impl Method {
    /// The method of `name`; `knn` is the number of neighbours.
    pub(super) fn parse(name: &str, knn: Option<i64>) -> Result<Self> {
        match (name, knn) {
            ("pmm", Some(k)) if k >= 1 => Ok(Self::Pmm { neighbours: k as usize }),
            ("pmm", _) => Err(StataError::invalid("option knn() required")),
            (_, Some(_)) => Err(StataError::option_not_allowed("knn()")),
            ("regress" | "reg", None) => Ok(Self::Regress),
            ("logit", None) => Ok(Self::Logit),
            (
                "mvn" | "ologit" | "mlogit" | "poisson" | "nbreg" | "truncreg" | "intreg" | "monotone",
                None,
            ) => Err(StataError::unsupported_command(&format!("mi impute {name}"))),
            _ => Err(StataError::invalid(format!("mi impute {name} is unrecognized"))),
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Regress => "Linear regression",
            Self::Logit => "Logistic regression",
            Self::Pmm { .. } => "Predictive mean matching",
        }
    }

    fn command(self) -> &'static str {
        if self == Self::Logit { "logit" } else { "regress" }
    }
}

/// Mark of the rows that the model is fitted on; no user's variable begins like this.
const MARK: &str = "__mi_observed";

fn normal(s: &Session) -> f64 {
    s.rng.borrow_mut().normal()
}

fn uniform(s: &Session) -> f64 {
    s.rng.borrow_mut().uniform()
}

/// Values for the rows `missing` of the data in memory, from the rows `observed`.
pub(super) fn draw(
    s: &mut Session,
    method: Method,
    variable: &str,
    predictors: &str,
    observed: &[bool],
    missing: &[usize],
) -> Result<Vec<f64>> {
    let mark: Vec<f64> = observed.iter().map(|o| f64::from(u8::from(*o))).collect();
    let active = s.e.clone();
    s.frame.add(Variable::new(MARK, Column::Double(mark)))?;
    let fitted = quietly(s, &format!("{} {variable} {predictors} if {MARK} == 1", method.command()));
    let result = fitted.and_then(|()| values(s, method, variable, observed, missing));
    s.e = active;
    if let Some(mark) = s.frame.find(MARK) {
        s.frame.drop_vars(&[mark]);
    }
    result
}

/// The draws after the fit, which is the active model.
fn values(
    s: &mut Session,
    method: Method,
    variable: &str,
    observed: &[bool],
    missing: &[usize],
) -> Result<Vec<f64>> {
    let estimated = Parameters::of(&s.e)?;
    let sigma = s.e.results.get_scalar("rmse").unwrap_or(1.0);
    let df = s.e.results.get_scalar("df_r").unwrap_or(f64::INFINITY);
    let linear = method != Method::Logit;
    // sigma from its posterior: rss over a chi-squared draw
    let scale = if linear { (df / chi2_quantile(df, uniform(s))).sqrt() } else { 1.0 };
    let places: Vec<usize> = (0..estimated.b.len()).filter(|i| estimated.v[(*i, *i)] > 0.0).collect();
    let spread = estimated.v.select(&places, &places).cholesky().ok_or_else(|| StataError::standard(506))?;
    let z: Vec<f64> = places.iter().map(|_| normal(s)).collect();
    let mut drawn = estimated.clone();
    for (i, p) in places.iter().enumerate() {
        drawn.b[*p] += scale * (0..=i).map(|j| spread[(i, j)] * z[j]).sum::<f64>();
    }
    let equation = estimated.stripe.first().map(|p| p.eq.clone()).unwrap_or_default();
    let xb = linear_prediction(&s.frame, &drawn, &equation, missing)?;
    if xb.iter().any(|x| is_missing(*x)) {
        return Err(StataError::new(
            459,
            format!("missing imputed values of {variable}: the independent variables have missing values"),
        ));
    }
    match method {
        Method::Regress => Ok(xb.iter().map(|x| x + scale * sigma * normal(s)).collect()),
        Method::Logit => Ok(xb.iter().map(|x| f64::from(u8::from(uniform(s) < logistic(*x)))).collect()),
        Method::Pmm { neighbours } => {
            let donors: Vec<usize> = (0..observed.len()).filter(|r| observed[*r]).collect();
            let at = s.frame.position(variable)?;
            let fitted = linear_prediction(&s.frame, &estimated, &equation, &donors)?;
            let mut pool: Vec<(f64, f64)> = donors
                .iter()
                .zip(fitted)
                .filter(|(_, f)| !is_missing(*f))
                .map(|(r, f)| (f, s.frame.num_at(at, *r)))
                .collect();
            pool.sort_by(|a, b| a.0.total_cmp(&b.0));
            Ok(xb.iter().map(|x| nearest(&pool, *x, neighbours, uniform(s))).collect())
        }
    }
}

/// The value of one of the `k` entries nearest to `x` in a pool sorted by its first number; `u` chooses it.
fn nearest(pool: &[(f64, f64)], x: f64, k: usize, u: f64) -> f64 {
    if pool.is_empty() {
        return MISSING;
    }
    let middle = pool.partition_point(|p| p.0 < x);
    let (mut low, mut high) = (middle, middle);
    while high - low < k.min(pool.len()) {
        let below = low.checked_sub(1).map(|i| x - pool[i].0);
        let above = pool.get(high).map(|p| p.0 - x);
        match (below, above) {
            (Some(b), Some(a)) if b <= a => low -= 1,
            (_, Some(_)) => high += 1,
            _ => low -= 1,
        }
    }
    pool[low + ((u * (high - low) as f64) as usize).min(high - low - 1)].1
}
