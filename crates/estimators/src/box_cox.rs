//! Regression after the transformation of Box and Cox ([R] boxcox, Methods and formulas).

use super::matrix::Mat;
use super::ols::{self, Request};
use super::weights::{WeightKind, Weights};

/// Which variables are transformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The outcome by theta.
    Left,
    /// The regressors by lambda.
    Right,
    /// Outcome and regressors by one lambda.
    Both,
    /// The outcome by theta, the regressors by lambda.
    Two,
}

impl Form {
    /// Number of parameters of the transformation.
    pub fn parameters(self) -> usize {
        if self == Self::Two { 2 } else { 1 }
    }
}

/// A model and its sample.
#[derive(Clone)]
pub struct BoxCox<'a> {
    /// Outcome; positive where it is transformed.
    pub y: &'a [f64],
    /// Regressors that are transformed, positive.
    pub transformed: Vec<&'a [f64]>,
    /// Regressors that are not.
    pub plain: Vec<&'a [f64]>,
    /// Whether there is a constant.
    pub constant: bool,
    /// Number of observations that each row stands for.
    pub weights: Option<&'a [f64]>,
    /// Which variables are transformed.
    pub form: Form,
}

/// A maximised likelihood.
#[derive(Clone, Debug)]
pub struct BoxCoxFit {
    /// Parameters of the transformation: lambda before theta where there are two.
    pub shape: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// Coefficients: plain regressors, constant, transformed regressors.
    pub b: Vec<f64>,
    /// Standard deviation of the residuals (divisor N).
    pub sigma: f64,
    /// Log likelihood.
    pub ll: f64,
    /// Log likelihood of each iteration.
    pub log: Vec<f64>,
    /// Whether the gradient vanished.
    pub converged: bool,
}

/// `(x^p - 1)/p`, or the logarithm at zero.
pub fn transform(x: f64, p: f64) -> f64 {
    let log = x.ln();
    if (p * log).abs() < 1e-300 { log } else { f64::exp_m1(p * log) / p }
}

/// The inverse of [`transform`]; not-a-number outside its range.
pub fn restore(z: f64, p: f64) -> f64 {
    if p.abs() < 1e-12 { z.exp() } else { (f64::ln_1p(p * z) / p).exp() }
}

/// Step of the differences; errors of the fourth differences fall with its sixth power.
const STEP: f64 = 0.02;

impl BoxCox<'_> {
    /// Number of observations.
    pub fn n(&self) -> f64 {
        self.weights.map_or(self.y.len() as f64, |w| w.iter().sum())
    }

    fn outcome_power(&self, shape: &[f64]) -> Option<f64> {
        match self.form {
            Form::Right => None,
            _ => shape.last().copied(),
        }
    }

    fn regressor_power(&self, shape: &[f64]) -> Option<f64> {
        match self.form {
            Form::Left => None,
            _ => shape.first().copied(),
        }
    }

    /// The regression at given parameters: coefficients and residual sum of squares.
    fn regress(&self, shape: &[f64]) -> Option<(Vec<f64>, f64)> {
        let power = self.outcome_power(shape);
        let y: Vec<f64> = self.y.iter().map(|y| power.map_or(*y, |p| transform(*y, p))).collect();
        let lambda = self.regressor_power(shape);
        let moved: Vec<Vec<f64>> = self
            .transformed
            .iter()
            .map(|c| c.iter().map(|x| lambda.map_or(*x, |p| transform(*x, p))).collect())
            .collect();
        let columns: Vec<&[f64]> =
            self.plain.iter().copied().chain(moved.iter().map(Vec::as_slice)).collect();
        let weights = self.weights.map(|w| Weights { kind: WeightKind::Frequency, values: w.to_vec() });
        let request = Request {
            constant: self.constant,
            weights: weights.as_ref(),
            chosen: true,
            ..Request::new(&y, &columns)
        };
        let fit = ols::fit(&request).ok()?;
        Some((fit.b, fit.rss))
    }

    /// Log likelihood with the other parameters at their best for these.
    pub fn profile(&self, shape: &[f64]) -> f64 {
        let n = self.n();
        let Some((_, rss)) = self.regress(shape) else { return f64::NEG_INFINITY };
        let jacobian = self.outcome_power(shape).map_or(0.0, |p| (p - 1.0) * self.sum_of_logs());
        jacobian - 0.5 * n * ((2.0 * std::f64::consts::PI).ln() + 1.0 + (rss / n).ln())
    }

    fn sum_of_logs(&self) -> f64 {
        self.y.iter().enumerate().map(|(i, y)| self.weights.map_or(1.0, |w| w[i]) * y.ln()).sum()
    }

    /// Gradient and Hessian of the profile by differences of the sixth order.
    fn derivatives(&self, shape: &[f64]) -> (Vec<f64>, Mat) {
        let k = shape.len();
        let at = |moves: &[(usize, f64)]| {
            let mut point = shape.to_vec();
            moves.iter().for_each(|(i, d)| point[*i] += d * STEP);
            self.profile(&point)
        };
        let middle = self.profile(shape);
        let first = [(1.0, 45.0), (2.0, -9.0), (3.0, 1.0)];
        let second = [(1.0, 270.0), (2.0, -27.0), (3.0, 2.0)];
        let gradient = (0..k)
            .map(|i| {
                first.iter().map(|(d, c)| c * (at(&[(i, *d)]) - at(&[(i, -d)]))).sum::<f64>() / (60.0 * STEP)
            })
            .collect();
        let hessian = Mat::from_fn(k, k, |i, j| {
            if i == j {
                let sum: f64 =
                    second.iter().map(|(d, c)| c * (at(&[(i, *d)]) + at(&[(i, -d)]) - 2.0 * middle)).sum();
                return sum / (180.0 * STEP * STEP);
            }
            let cross = |d: f64, e: f64| {
                at(&[(i, d), (j, e)]) - at(&[(i, d), (j, -e)]) - at(&[(i, -d), (j, e)])
                    + at(&[(i, -d), (j, -e)])
            };
            let sum: f64 =
                first.iter().flat_map(|(d, c)| first.iter().map(move |(e, f)| c * f * cross(*d, *e))).sum();
            sum / (3600.0 * STEP * STEP)
        });
        (gradient, hessian)
    }

    /// Maximises from one (no transformation) by Newton steps that are halved while they do not improve. Nothing when
    /// the regression cannot be computed.
    pub fn fit(&self, iterations: usize) -> Option<BoxCoxFit> {
        let mut shape = vec![1.0; self.form.parameters()];
        let mut ll = self.profile(&shape);
        if !ll.is_finite() {
            return None;
        }
        let mut log = vec![ll];
        let (mut gradient, mut hessian) = self.derivatives(&shape);
        let mut converged = false;
        for _ in 0..iterations {
            let information = hessian.clone().scaled(-1.0);
            let step = match information.inverse_definite() {
                Some(inverse) => inverse.times_vector(&gradient),
                None => gradient.iter().map(|g| 0.5 * g.signum()).collect(),
            };
            let decrement: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
            if decrement.abs() < 1e-14 {
                converged = true;
                break;
            }
            let mut length =
                (1.0_f64).min(1.0 / step.iter().fold(0.0_f64, |m, s| m.max(s.abs())).max(1e-300));
            let next = loop {
                let point: Vec<f64> = shape.iter().zip(&step).map(|(p, s)| p + length * s).collect();
                let value = self.profile(&point);
                if value > ll {
                    break Some((point, value));
                }
                length *= 0.5;
                if length < 1e-10 {
                    break None;
                }
            };
            let Some((point, value)) = next else {
                converged = decrement.abs() < 1e-6;
                break;
            };
            if value - ll > 1e-9 {
                log.push(value);
            }
            (shape, ll) = (point, value);
            (gradient, hessian) = self.derivatives(&shape);
        }
        let v = hessian.scaled(-1.0).inverse_definite()?;
        let (b, rss) = self.regress(&shape)?;
        Some(BoxCoxFit { shape, v, b: self.ordered(&b), sigma: (rss / self.n()).sqrt(), ll, log, converged })
    }

    /// Coefficients in the order of [`BoxCoxFit::b`]: the constant stands between both kinds of regressors.
    fn ordered(&self, b: &[f64]) -> Vec<f64> {
        let (plain, rest) = b.split_at(self.plain.len());
        let (moved, constant) = rest.split_at(self.transformed.len());
        plain.iter().chain(constant).chain(moved).copied().collect()
    }

    /// The same model without regressors: the comparison model of the test of all of them.
    pub fn null(&self) -> Self {
        Self { transformed: Vec::new(), plain: Vec::new(), ..self.clone() }
    }

    /// Log likelihood of [`BoxCox::null`]; without a transformed outcome nothing is left to be searched.
    pub fn null_likelihood(&self, iterations: usize) -> Option<f64> {
        let null = self.null();
        match self.form {
            Form::Right => Some(null.profile(&[1.0])),
            _ => Self { form: Form::Left, ..null }.fit(iterations).map(|f| f.ll),
        }
    }
}
