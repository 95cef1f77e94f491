//! Maximum likelihood of `y = l W y + X b + u`, `u = r M u + e`, `e` normal with variance `s2`, either lag or both.
//!
//! The log likelihood is `-n/2 ln(2 pi s2) + ln|I - l W| + ln|I - r M| - e'e / (2 s2)` (Anselin 1988, Spatial
//! Econometrics, 6.2; [SP] spregress). Coefficients and variance are concentrated out; the search for `l` and `r` is
//! Newton's with exact derivatives; the covariance is the inverse of the observed information of all parameters.

use super::hessenberg::{Hessenberg, LnDeterminant};
use super::{dot, less};
use crate::matrix::Mat;

/// A model in the rows of its sample.
pub struct Model<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Regressors with the constant and spatial lags of regressors, none of them collinear.
    pub x: &'a [Vec<f64>],
    /// Matrix of the lag of the outcome, with its reduced form.
    pub w: Option<(&'a Mat, &'a Hessenberg)>,
    /// Matrix of the lag of the errors.
    pub m: Option<(&'a Mat, &'a Hessenberg)>,
    /// Reciprocals of the spectral radii of both: the lags are below them.
    pub limits: (f64, f64),
    /// Distance of neighbours in the grid of starting values, as a share of the limits.
    pub grid: f64,
}

/// A maximum.
#[derive(Debug, Clone)]
pub struct MlFit {
    /// Coefficients, lag of the outcome, lag of the errors, variance: those that the model has.
    pub b: Vec<f64>,
    /// Covariance of all of them.
    pub v: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// Log likelihood before each step.
    pub log: Vec<f64>,
    /// Whether the search ended by its criterion.
    pub converged: bool,
}

/// Columns that do not change during the search.
struct Parts<'a> {
    model: &'a Model<'a>,
    wy: Vec<f64>,
    my: Vec<f64>,
    mwy: Vec<f64>,
    mx: Vec<Vec<f64>>,
}

/// The likelihood at one pair of lags, with the best coefficients and variance for it.
struct Point {
    lags: [f64; 2],
    b: Vec<f64>,
    sigma2: f64,
    e: Vec<f64>,
    bx: Vec<Vec<f64>>,
    dets: [LnDeterminant; 2],
    ll: f64,
}

const NO_LAG: LnDeterminant = LnDeterminant { value: 0.0, first: 0.0, second: 0.0, positive: true };

impl<'a> Parts<'a> {
    fn of(model: &'a Model<'a>) -> Self {
        let lag = |m: Option<(&Mat, &Hessenberg)>, v: &[f64]| -> Vec<f64> {
            m.map_or_else(|| vec![0.0; v.len()], |(m, _)| m.times_vector(v))
        };
        let wy = lag(model.w, model.y);
        let (my, mwy) = (lag(model.m, model.y), lag(model.m, &wy));
        Self { wy, my, mwy, mx: model.x.iter().map(|x| lag(model.m, x)).collect(), model }
    }

    /// The determinants at a pair of lags; nothing where one of them is not positive.
    fn determinants(&self, lags: [f64; 2]) -> Option<[LnDeterminant; 2]> {
        let at = |m: Option<(&Mat, &Hessenberg)>, x: f64| m.map_or(NO_LAG, |(_, h)| h.ln_determinant(x));
        let dets = [at(self.model.w, lags[0]), at(self.model.m, lags[1])];
        dets.iter().all(|d| d.positive && d.value.is_finite()).then_some(dets)
    }

    fn point(&self, lags: [f64; 2], dets: [LnDeterminant; 2]) -> Option<Point> {
        let (y, [l, r]) = (self.model.y, lags);
        let by: Vec<f64> =
            (0..y.len()).map(|i| y[i] - l * self.wy[i] - r * (self.my[i] - l * self.mwy[i])).collect();
        let bx: Vec<Vec<f64>> = self.model.x.iter().zip(&self.mx).map(|(x, mx)| less(x, r, mx)).collect();
        let b = least_squares(&bx, &by)?;
        let e = bx.iter().zip(&b).fold(by, |e, (x, b)| less(&e, *b, x));
        let n = e.len() as f64;
        let sigma2 = dot(&e, &e) / n;
        let ll = -0.5 * n * ((std::f64::consts::TAU * sigma2).ln() + 1.0) + dets[0].value + dets[1].value;
        (sigma2 > 0.0 && ll.is_finite()).then_some(Point { lags, b, sigma2, e, bx, dets, ll })
    }

    /// Which lags the model has.
    fn present(&self) -> Vec<usize> {
        [self.model.w.is_some(), self.model.m.is_some()]
            .iter()
            .enumerate()
            .filter(|(_, has)| **has)
            .map(|(i, _)| i)
            .collect()
    }

    /// Gradient in the lags and the observed information of all parameters.
    fn derivatives(&self, p: &Point) -> (Vec<f64>, Mat) {
        let n = p.e.len();
        let [l, r] = p.lags;
        let bwy = less(&self.wy, r, &self.mwy);
        let mu: Vec<f64> = (0..n)
            .map(|i| {
                let mxb: f64 = self.mx.iter().zip(&p.b).map(|(x, b)| x[i] * b).sum();
                self.my[i] - l * self.mwy[i] - mxb
            })
            .collect();
        let lags = self.present();
        // Derivatives of the residuals, without their sign.
        let mut first: Vec<&[f64]> = p.bx.iter().map(Vec::as_slice).collect();
        first.extend(lags.iter().map(|i| if *i == 0 { bwy.as_slice() } else { mu.as_slice() }));
        let (k, size) = (p.bx.len(), first.len() + 1);
        let s2 = p.sigma2;
        let mut info = Mat::zeros(size, size);
        for a in 0..size - 1 {
            for b in 0..size - 1 {
                info[(a, b)] = dot(first[a], first[b]) / s2;
            }
            let cross = dot(first[a], &p.e) / (s2 * s2);
            info[(a, size - 1)] = cross;
            info[(size - 1, a)] = cross;
        }
        info[(size - 1, size - 1)] = n as f64 / (2.0 * s2 * s2);
        for (position, lag) in lags.iter().enumerate() {
            info[(k + position, k + position)] -= p.dets[*lag].second;
        }
        if self.model.m.is_some() {
            let at = k + lags.len() - 1;
            for (j, mx) in self.mx.iter().enumerate() {
                let cross = dot(&p.e, mx) / s2;
                info[(at, j)] += cross;
                info[(j, at)] += cross;
            }
            if lags.len() == 2 {
                let cross = dot(&p.e, &self.mwy) / s2;
                info[(at, k)] += cross;
                info[(k, at)] += cross;
            }
        }
        let gradient = lags
            .iter()
            .map(|i| dot(&p.e, if *i == 0 { &bwy } else { &mu }) / s2 + p.dets[*i].first)
            .collect();
        (gradient, info)
    }

    /// The best point of a grid over the admissible lags.
    fn start(&self) -> Option<Point> {
        let limits = [self.model.limits.0, self.model.limits.1];
        let steps = (0.95 / self.model.grid).floor().max(1.0) as i32;
        let axis = |has: bool, limit: f64, h: Option<(&Mat, &Hessenberg)>| -> Vec<(f64, LnDeterminant)> {
            let range = if has { -steps..=steps } else { 0..=0 };
            let value = |x: f64| (x, h.map_or(NO_LAG, |(_, h)| h.ln_determinant(x)));
            range.map(|i| value(f64::from(i) * self.model.grid * limit)).filter(|a| a.1.positive).collect()
        };
        let first = axis(self.model.w.is_some(), limits[0], self.model.w);
        let second = axis(self.model.m.is_some(), limits[1], self.model.m);
        let mut best: Option<Point> = None;
        for l in &first {
            for r in &second {
                if let Some(p) = self.point([l.0, r.0], [l.1, r.1])
                    && best.as_ref().is_none_or(|b| p.ll > b.ll)
                {
                    best = Some(p);
                }
            }
        }
        best
    }

    /// The point of a step, halved until the likelihood rises.
    fn step(&self, from: &Point, direction: &[f64]) -> Option<Point> {
        let lags = self.present();
        let limits = [self.model.limits.0, self.model.limits.1];
        let mut share = 1.0;
        for _ in 0..60 {
            let mut at = from.lags;
            for (lag, d) in lags.iter().zip(direction) {
                at[*lag] += share * d;
            }
            let inside = lags.iter().all(|i| at[*i] < limits[*i]);
            if inside
                && let Some(dets) = self.determinants(at)
                && let Some(p) = self.point(at, dets)
                && p.ll >= from.ll
            {
                return Some(p);
            }
            share *= 0.5;
        }
        None
    }
}

/// Fits the model; nothing when the likelihood has no proper maximum.
pub fn fit(model: &Model<'_>, iterations: usize) -> Option<MlFit> {
    let parts = Parts::of(model);
    let mut at = parts.start()?;
    let (k, count) = (model.x.len(), parts.present().len());
    let (mut log, mut converged) = (Vec::new(), false);
    for _ in 0..=iterations {
        log.push(at.ll);
        let (gradient, info) = parts.derivatives(&at);
        let positions: Vec<usize> = (k..k + count).collect();
        let direction = match info.inverse_definite() {
            Some(v) => v.select(&positions, &positions).times_vector(&gradient),
            None => {
                let size = gradient.iter().map(|g| g * g).sum::<f64>().sqrt().max(1e-300);
                gradient.iter().map(|g| 0.05 * g / size).collect()
            }
        };
        let gain = dot(&gradient, &direction);
        let last = at.ll;
        let Some(next) = parts.step(&at, &direction) else {
            converged = gain.abs() < 1e-6;
            break;
        };
        at = next;
        if gain.abs() < 1e-18 || count == 0 || (gain.abs() < 1e-12 && at.ll == last) {
            converged = true;
            break;
        }
    }
    let v = parts.derivatives(&at).1.inverse_definite()?;
    let mut b = at.b.clone();
    b.extend(parts.present().iter().map(|i| at.lags[*i]));
    b.push(at.sigma2);
    Some(MlFit { b, v, ll: at.ll, log, converged })
}

/// Coefficients of least squares; nothing when columns are collinear.
pub(crate) fn least_squares(x: &[Vec<f64>], y: &[f64]) -> Option<Vec<f64>> {
    if x.is_empty() {
        return Some(Vec::new());
    }
    let (q, r) = Mat::from_fn(y.len(), x.len(), |i, j| x[j][i]).thin_qr();
    if r.diagonal().iter().any(|d| d.is_nan() || *d == 0.0) {
        return None;
    }
    Some(r.inverse_upper().times_vector(&q.transpose().times_vector(y)))
}
