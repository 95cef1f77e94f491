//! Steps of feasible generalised least squares for `nlsur`: least squares of the equations times a root of the inverse
//! covariance of their errors ([R] nlsur, Methods and formulas).

use super::expression::{Evaluator, Substitutable};
use crate::error::{Result, StataError};
use crate::estimation::likelihood::iteration;
use crate::estimation::model::Model;
use crate::format;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::matrix::Mat;
use estimators::nls::{self, NlsError, NlsFit, Sample};

/// The equations in the sample.
pub(super) struct System {
    pub(super) model: Model,
    pub(super) expression: Substitutable,
    pub(super) depvars: Vec<String>,
    pub(super) texts: Vec<String>,
    /// Outcomes, one after the other.
    pub(super) y: Vec<f64>,
    /// Weights of the rows and the number of observations.
    pub(super) weights: Option<Vec<f64>>,
    pub(super) n: f64,
}

impl System {
    pub(super) fn count(&self) -> usize {
        self.depvars.len()
    }

    pub(super) fn rows(&self) -> usize {
        self.model.y.len()
    }

    pub(super) fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    /// Each row of the stacked equations times a root of the inverse covariance.
    fn turned(&self, root: &Mat, stacked: &[f64]) -> Vec<f64> {
        let (m, n) = (self.count(), self.rows());
        let of = |e: usize, i: usize| (0..m).map(|f| root[(e, f)] * stacked[f * n + i]).sum();
        (0..m).flat_map(|e| (0..n).map(move |i| (e, i))).map(|(e, i)| of(e, i)).collect()
    }

    /// Covariance of errors with divisor N.
    fn covariance(&self, residuals: &[f64]) -> Mat {
        let (m, n) = (self.count(), self.rows());
        Mat::from_fn(m, m, |e, f| {
            (0..n).map(|i| self.weight(i) * residuals[e * n + i] * residuals[f * n + i]).sum::<f64>() / self.n
        })
    }
}

pub(super) fn invalid_start() -> StataError {
    StataError::standard(480)
}

/// A fitted system.
pub(super) struct Fit {
    pub(super) nls: NlsFit,
    /// Covariance that weights the equations.
    pub(super) sigma: Mat,
    /// Its inverse.
    inverse: Mat,
    /// Residuals of the equations, one after the other.
    pub(super) residuals: Vec<f64>,
    /// Derivatives of the equations.
    derivatives: Vec<Vec<f64>>,
    pub(super) rounds: usize,
    pub(super) converged: bool,
}

/// Least squares of the equations times a root of an inverse covariance.
fn weighted(
    s: &mut Session,
    cmd: &ParsedCommand,
    system: &System,
    evaluator: &Evaluator,
    start: &[f64],
    root: &Mat,
) -> Result<NlsFit> {
    let y = system.turned(root, &system.y);
    let repeated: Option<Vec<f64>> =
        system.weights.as_ref().map(|w| (0..system.count()).flat_map(|_| w.iter().copied()).collect());
    let sample = Sample { y: &y, weights: repeated.as_deref() };
    let iterations = cmd.options.int("iterate").map_or(1000, |i| i.max(0) as usize);
    let tolerance = cmd.options.real("eps").unwrap_or(1e-10);
    let mut function = |b: &[f64]| evaluator.complete(s, b).map(|values| system.turned(root, &values));
    nls::fit(&mut function, &sample, start, iterations, tolerance).map_err(|e| match e {
        NlsError::Start => invalid_start(),
        NlsError::Derivatives => {
            StataError::new(481, "cannot calculate derivatives, or parameters are not identified")
        }
    })
}

fn log(s: &mut Session, cmd: &ParsedCommand, title: &str, what: &str, fit: &NlsFit) {
    if !s.shows_log(|o| cmd.has(o)) {
        return;
    }
    s.print(title);
    for (i, rss) in fit.log.iter().enumerate() {
        s.print(format!("{}{what} = {}", iteration(i), format::bare("%9.0g", *rss).trim()));
    }
}

/// The inverse of a covariance and the root `R` of it with `R'R` the inverse.
fn root_of(sigma: &Mat) -> Result<(Mat, Mat)> {
    let singular = || StataError::new(506, "covariance matrix of errors is singular");
    let inverse = sigma.inverse_definite().ok_or_else(singular)?;
    let lower = inverse.cholesky().ok_or_else(singular)?;
    Ok((inverse, lower.transpose()))
}

pub(super) fn steps(s: &mut Session, cmd: &ParsedCommand, system: &System, method: &str) -> Result<Fit> {
    let start: Vec<f64> = system.expression.parameters.iter().map(|p| p.start).collect();
    if system.n * (system.count() as f64) < start.len() as f64 {
        return Err(StataError::insufficient_observations());
    }
    if s.shows_log(|o| cmd.has(o)) {
        s.print(format!("(obs = {})", format::bare("%12.0fc", system.n)));
        s.print("");
    }
    let evaluator = system.expression.open(s, system.model.design.rows.clone())?;
    let done = rounds(s, cmd, system, &evaluator, &start, method);
    evaluator.close(s);
    done
}

fn rounds(
    s: &mut Session,
    cmd: &ParsedCommand,
    system: &System,
    evaluator: &Evaluator,
    start: &[f64],
    method: &str,
) -> Result<Fit> {
    let unit = Mat::identity(system.count());
    let mut fit = weighted(s, cmd, system, evaluator, start, &unit)?;
    log(s, cmd, "Calculating NLS estimates...", "Residual SS", &fit);
    let gaps = |s: &mut Session, b: &[f64]| -> Result<Vec<f64>> {
        let values = evaluator.complete(s, b).ok_or_else(invalid_start)?;
        Ok(system.y.iter().zip(&values).map(|(y, f)| y - f).collect())
    };
    let mut residuals = gaps(s, &fit.b)?;
    let mut sigma = system.covariance(&residuals);
    let (mut inverse, mut converged, mut count) = (unit, fit.converged, 0);
    let most = match method {
        "fgnls" => 1,
        _ => cmd.options.int("ifgnlsiterate").map_or(1000, |i| i.max(1) as usize),
    };
    let tolerance = cmd.options.real("ifgnlseps").unwrap_or(1e-10);
    for round in 1..=most {
        let (inv, root) = root_of(&sigma)?;
        let next = weighted(s, cmd, system, evaluator, &fit.b, &root)?;
        let title = match method {
            "fgnls" => "Calculating FGNLS estimates...".to_string(),
            _ => format!("FGNLS iteration {}...", round + 1),
        };
        log(s, cmd, &title, "Scaled RSS", &next);
        let moved =
            fit.b.iter().zip(&next.b).map(|(a, b)| (a - b).abs() / (a.abs() + 1.0)).fold(0.0, f64::max);
        residuals = gaps(s, &next.b)?;
        (fit, inverse, count) = (next, inv, round);
        let again = system.covariance(&residuals);
        if method == "ifgnls" {
            sigma = again;
            converged = fit.converged && moved <= tolerance;
            if converged {
                break;
            }
        } else {
            converged = fit.converged;
        }
    }
    let derivatives = nls::derivatives(&mut |b: &[f64]| evaluator.complete(s, b), &fit.b)
        .ok_or_else(|| StataError::new(481, "cannot calculate derivatives"))?;
    if method == "ifgnls" {
        inverse = root_of(&sigma)?.0;
    }
    Ok(Fit { nls: fit, sigma, inverse, residuals, derivatives, rounds: count, converged })
}

/// `(sum X' W X)^-1` for a weight matrix `W` of the equations, and the sandwich of a robust covariance ([R] nlsur).
pub(super) fn covariance(system: &System, fit: &Fit) -> Result<Mat> {
    let (m, n, k) = (system.count(), system.rows(), fit.nls.b.len());
    let weight = &fit.inverse;
    let product = |i: usize, a: usize, b: usize, middle: &Mat| -> f64 {
        let mut out = 0.0;
        for e in 0..m {
            for f in 0..m {
                out += fit.derivatives[a][e * n + i] * middle[(e, f)] * fit.derivatives[b][f * n + i];
            }
        }
        out
    };
    let total = |middle: &Mat| {
        Mat::from_fn(k, k, |a, b| (0..n).map(|i| system.weight(i) * product(i, a, b, middle)).sum())
    };
    let bread = total(weight)
        .inverse_definite()
        .ok_or_else(|| StataError::new(481, "parameters are not identified"))?;
    if !system.model.is_robust() {
        return Ok(bread);
    }
    let frequency = system.model.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
    let mut scores = Mat::zeros(n, k);
    for i in 0..n {
        let w = system.weight(i);
        let w = if frequency { w.sqrt() } else { w };
        for a in 0..k {
            for e in 0..m {
                let pull: f64 = (0..m).map(|f| weight[(e, f)] * fit.residuals[f * n + i]).sum();
                scores[(i, a)] += w * fit.derivatives[a][e * n + i] * pull;
            }
        }
    }
    Ok(bread.sandwich(&scores.transpose().times(&scores)))
}

/// The parameter of each equation that is a constant term: its derivative is one number in all rows.
pub(super) fn constants(system: &System, fit: &Fit) -> Vec<Option<usize>> {
    let n = system.rows();
    let flat = |e: usize, j: usize| {
        let d = &fit.derivatives[j][e * n..(e + 1) * n];
        d[0] != 0.0 && d.iter().all(|x| (x - d[0]).abs() <= 1e-8 * d[0].abs())
    };
    (0..system.count()).map(|e| (0..fit.nls.b.len()).find(|j| flat(e, *j))).collect()
}
