//! Imputation of one variable given others: a draw of the parameters from their posterior, then a draw of the values
//! ([MI] mi impute regress, pmm, truncreg, logit, ologit, mlogit, poisson, nbreg; Rubin 1987). Parameters that maximise
//! a likelihood are drawn from their asymptotic normal distribution.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::expr::functions;
use crate::frame::{Column, Variable};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::Options;
use crate::value::{MISSING, Value, is_missing};
use estimators::distributions::{self, chi2_quantile, normal_quantile};
use estimators::ml_binary::logistic;
use std::path::Path;

/// How a variable is imputed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Method {
    /// Normal errors.
    Regress,
    /// Normal errors, and outcomes between limits.
    Truncreg { low: f64, high: f64 },
    /// Zero or one.
    Logit,
    /// Ordered categories, proportional odds.
    Ologit,
    /// Categories.
    Mlogit,
    /// Counts.
    Poisson,
    /// Counts of larger variance.
    Nbreg,
    /// An observed value of one of the nearest rows.
    Pmm { neighbours: usize },
}

impl Method {
    /// The method of `name` with its own options `knn()`, `ll()`, `ul()`.
    pub(super) fn parse(name: &str, options: &Options) -> Result<Self> {
        for (option, owner) in [("knn", "pmm"), ("ll", "truncreg"), ("ul", "truncreg")] {
            if options.has(option) && name != owner {
                return Err(StataError::option_not_allowed(&format!("{option}()")));
            }
        }
        match (name, options.int("knn")) {
            ("pmm", Some(k)) if k >= 1 => Ok(Self::Pmm { neighbours: k as usize }),
            ("pmm", _) => Err(StataError::invalid("option knn() required")),
            ("regress" | "reg", _) => Ok(Self::Regress),
            ("truncreg", _) => Ok(Self::Truncreg {
                low: options.real("ll").unwrap_or(f64::NEG_INFINITY),
                high: options.real("ul").unwrap_or(f64::INFINITY),
            }),
            ("logit", _) => Ok(Self::Logit),
            ("ologit", _) => Ok(Self::Ologit),
            ("mlogit", _) => Ok(Self::Mlogit),
            ("poisson", _) => Ok(Self::Poisson),
            ("nbreg", _) => Ok(Self::Nbreg),
            ("intreg", _) => Err(StataError::unsupported_command(&format!("mi impute {name}"))),
            _ => Err(StataError::invalid(format!("mi impute {name} is unrecognized"))),
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Regress => "Linear regression",
            Self::Truncreg { .. } => "Truncated regression",
            Self::Logit => "Logistic regression",
            Self::Ologit => "Ordered logistic regression",
            Self::Mlogit => "Multinomial logistic regression",
            Self::Poisson => "Poisson regression",
            Self::Nbreg => "Negative binomial regression",
            Self::Pmm { .. } => "Predictive mean matching",
        }
    }

    /// The name of the method as r(method) and lists of chained equations have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Regress => "regress",
            Self::Truncreg { .. } => "truncreg",
            Self::Logit => "logit",
            Self::Ologit => "ologit",
            Self::Mlogit => "mlogit",
            Self::Poisson => "poisson",
            Self::Nbreg => "nbreg",
            Self::Pmm { .. } => "pmm",
        }
    }

    /// The command that fits the model, and its options.
    fn command(self) -> (&'static str, String) {
        let limit =
            |option: &str, x: f64| if x.is_finite() { format!("{option}({x})") } else { String::new() };
        match self {
            Self::Truncreg { low, high } => {
                ("truncreg", format!("{} {}", limit("ll", low), limit("ul", high)))
            }
            Self::Pmm { .. } => ("regress", String::new()),
            other => (other.name(), String::new()),
        }
    }
}

/// Mark of the rows that the model is fitted on; no user's variable begins like this.
const MARK: &str = "__mi_observed";

pub(super) fn normal(s: &Session) -> f64 {
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
    let active = s.hold_estimates();
    s.frame.add(Variable::new(MARK, Column::Double(mark)))?;
    let (command, options) = method.command();
    let fitted = quietly(s, &format!("{command} {variable} {predictors} if {MARK} == 1, {options}"));
    let result = fitted.and_then(|()| values(s, method, variable, observed, missing));
    s.restore_estimates(active);
    if let Some(mark) = s.frame.find(MARK) {
        s.frame.drop_vars(&[mark]);
    }
    result
}

/// One draw of a function of random numbers.
pub(super) fn random(s: &Session, name: &str, parameters: &[f64]) -> f64 {
    let arguments: Vec<Value> = parameters.iter().map(|x| Value::Num(*x)).collect();
    let drawn = functions::scalar(name).map(|f| f.call(&arguments, &s.rng, Path::new("")));
    drawn.and_then(|value| value.as_num()).unwrap_or(MISSING)
}

/// A draw of the parameters; deviations from the estimates are multiplied by `scale`.
fn posterior(s: &Session, estimated: &Parameters, scale: f64) -> Result<Parameters> {
    let places: Vec<usize> = (0..estimated.b.len()).filter(|i| estimated.v[(*i, *i)] > 0.0).collect();
    let spread = estimated.v.select(&places, &places).cholesky().ok_or_else(|| StataError::standard(506))?;
    let z: Vec<f64> = places.iter().map(|_| normal(s)).collect();
    let mut drawn = estimated.clone();
    for (i, p) in places.iter().enumerate() {
        drawn.b[*p] += scale * (0..=i).map(|j| spread[(i, j)] * z[j]).sum::<f64>();
    }
    Ok(drawn)
}

/// Linear predictions of an equation, all of which must be there.
fn index(
    s: &Session,
    drawn: &Parameters,
    equation: &str,
    variable: &str,
    rows: &[usize],
) -> Result<Vec<f64>> {
    if equation.starts_with('/') {
        return Ok(vec![0.0; rows.len()]);
    }
    let xb = linear_prediction(&s.frame, drawn, equation, rows)?;
    if xb.iter().any(|x| is_missing(*x)) {
        return Err(StataError::new(
            459,
            format!("missing imputed values of {variable}: the independent variables have missing values"),
        ));
    }
    Ok(xb)
}

/// Ancillary parameters whose names begin like this.
fn ancillary(parameters: &Parameters, name: &str) -> Vec<f64> {
    let named = |i: &usize| {
        let stripe = &parameters.stripe[*i];
        stripe.eq.starts_with('/') && stripe.name.starts_with(name)
    };
    (0..parameters.b.len()).filter(named).map(|i| parameters.b[i]).collect()
}

/// The category that a uniform draw falls into: the first whose cumulative probability exceeds it.
fn category(values: &[f64], cumulative: impl Iterator<Item = f64>, u: f64) -> f64 {
    let at = cumulative.take_while(|p| *p <= u).count();
    values.get(at).or(values.last()).copied().unwrap_or(MISSING)
}

/// The draws after the fit, which is the active model.
fn values(
    s: &Session,
    method: Method,
    variable: &str,
    observed: &[bool],
    missing: &[usize],
) -> Result<Vec<f64>> {
    let estimated = Parameters::of(&s.e)?;
    let linear = matches!(method, Method::Regress | Method::Pmm { .. });
    let df = s.e.results.get_scalar("df_r").unwrap_or(f64::INFINITY);
    // sigma from its posterior: rss over a chi-squared draw
    let scale = if linear { (df / chi2_quantile(df, uniform(s))).sqrt() } else { 1.0 };
    let drawn = posterior(s, &estimated, scale)?;
    let equation = estimated.stripe.first().map(|p| p.eq.clone()).unwrap_or_default();
    let xb = || index(s, &drawn, &equation, variable, missing);
    let each =
        |value: &dyn Fn(f64) -> f64| -> Result<Vec<f64>> { Ok(xb()?.into_iter().map(value).collect()) };
    match method {
        Method::Regress => {
            let sigma = s.e.results.get_scalar("rmse").unwrap_or(1.0);
            each(&|x| x + scale * sigma * normal(s))
        }
        Method::Truncreg { low, high } => {
            let of = |p: &Parameters| ancillary(p, "sigma").first().copied().unwrap_or(1.0);
            // the logarithm of sigma is normal, as it is estimated
            let sigma = of(&estimated) * (of(&drawn) / of(&estimated) - 1.0).exp();
            each(&|x| truncated(x, sigma, (low, high), uniform(s)))
        }
        Method::Logit => each(&|x| f64::from(u8::from(uniform(s) < logistic(x)))),
        Method::Ologit => {
            let (levels, cuts) = (levels(s, "cat"), ancillary(&drawn, "cut"));
            each(&|x| category(&levels, cuts.iter().map(|cut| logistic(cut - x)), uniform(s)))
        }
        Method::Mlogit => multinomial(s, &drawn, variable, missing),
        Method::Poisson => each(&|x| random(s, "rpoisson", &[x.exp()])),
        Method::Nbreg => {
            let alpha = ancillary(&drawn, "lnalpha").first().map_or(0.0, |a| a.exp());
            each(&|x| random(s, "rpoisson", &[x.exp() * random(s, "rgamma", &[1.0 / alpha, alpha])]))
        }
        Method::Pmm { neighbours } => {
            matched(s, &estimated, &equation, (variable, observed), &xb()?, neighbours)
        }
    }
}

/// The categories of the fitted model, from a matrix in `e()`.
fn levels(s: &Session, name: &str) -> Vec<f64> {
    s.e.results.matrices.get(name).map(|m| m.values().to_vec()).unwrap_or_default()
}

/// Categories by the probabilities of a multinomial logit model; the equation of the base is zero.
fn multinomial(s: &Session, drawn: &Parameters, variable: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let levels = levels(s, "out");
    let indices: Vec<Vec<f64>> =
        drawn.equations().iter().map(|e| index(s, drawn, e, variable, rows)).collect::<Result<_>>()?;
    let draw = |row: usize| {
        let most = indices.iter().map(|xb| xb[row]).fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = indices.iter().map(|xb| (xb[row] - most).exp()).collect();
        let total: f64 = weights.iter().sum();
        let cumulative = weights.iter().scan(0.0, |sum, w| {
            *sum += w / total;
            Some(*sum)
        });
        category(&levels, cumulative, uniform(s))
    };
    Ok((0..rows.len()).map(draw).collect())
}

/// The quantile `u` of a normal distribution between limits.
fn truncated(mean: f64, sigma: f64, (low, high): (f64, f64), u: f64) -> f64 {
    let (a, b) = ((low - mean) / sigma, (high - mean) / sigma);
    // in the upper tail the complement keeps its digits
    let z = if a > 0.0 {
        let (from, to) = (distributions::normal(-a), distributions::normal(-b));
        -normal_quantile(from + u * (to - from))
    } else {
        let (from, to) = (distributions::normal(a), distributions::normal(b));
        normal_quantile(from + u * (to - from))
    };
    (mean + sigma * z).clamp(low, high)
}

/// Observed values of the rows whose predictions are nearest.
fn matched(
    s: &Session,
    estimated: &Parameters,
    equation: &str,
    (variable, observed): (&str, &[bool]),
    xb: &[f64],
    neighbours: usize,
) -> Result<Vec<f64>> {
    let donors: Vec<usize> = (0..observed.len()).filter(|r| observed[*r]).collect();
    let at = s.frame.position(variable)?;
    let fitted = linear_prediction(&s.frame, estimated, equation, &donors)?;
    let mut pool: Vec<(f64, f64)> = donors
        .iter()
        .zip(fitted)
        .filter(|(_, f)| !is_missing(*f))
        .map(|(r, f)| (f, s.frame.num_at(at, *r)))
        .collect();
    pool.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(xb.iter().map(|x| nearest(&pool, *x, neighbours, uniform(s))).collect())
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
