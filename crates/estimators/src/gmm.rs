//! Generalised method of moments for residual functions with their instruments: one step, two steps, or iterated.
//! The functions arrive as one closure; expressions and names are the caller's. Formulas: [R] gmm, Methods and formulas;
//! Hansen (1982), Econometrica 50.

use super::matrix::Mat;
use super::nls::{Function, derivatives};
use super::qr;
use super::real::stable_sum;
use super::vce::{Vce, sum_by_cluster};
use super::weights::{WeightKind, Weights};

/// How often the weight matrix is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// The weight matrix of equal variances.
    One,
    /// One renewal, at the first estimates.
    Two,
    /// Until the estimates change by less than 1e-6.
    Iterated,
}

/// Instruments of one residual function: independent columns; with the constant at least one.
#[derive(Clone, Copy, Debug)]
pub struct Instruments<'a> {
    /// Columns without the constant.
    pub columns: &'a [&'a [f64]],
    /// Whether a constant is among them.
    pub constant: bool,
}

/// The weight matrix of the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// The inverse of the products of the instruments of each function, zero between functions.
    Independent,
    /// The inverse of the products of all instruments, also those of different functions.
    Joint,
    /// The identity matrix.
    Identity,
}

/// Moments `Z'u(b)`.
pub struct GmmRequest<'a> {
    /// Number of rows.
    pub rows: usize,
    /// Instruments of each residual function, at least one. The values of the functions follow each other in one vector of
    /// `rows` times the number of functions.
    pub functions: &'a [Instruments<'a>],
    /// The weight matrix of the first step.
    pub initial: Initial,
    /// Weights, if any.
    pub weights: Option<&'a Weights>,
    /// Covariance of the moments in the weight matrix.
    pub weight_matrix: Vce<'a>,
    /// Covariance of the moments in the covariance of the parameters; nothing takes the weight matrix as efficient.
    pub vce: Option<Vce<'a>>,
    /// Whether the moments are centred in the weight matrix.
    pub center: bool,
    /// Number of steps.
    pub steps: Steps,
    /// Most Gauss-Newton steps of a minimisation.
    pub iterations: usize,
}

/// Estimates.
pub struct GmmFit {
    /// Parameters.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// Number of observations.
    pub n: f64,
    /// Hansen's statistic, N times the criterion; not a number after one step with several functions or the identity
    /// matrix, whose weights are in no unit of the moments.
    pub j: f64,
    /// Number of moments.
    pub moments: usize,
    /// Whether all minimisations converged.
    pub converged: bool,
}

/// Why there are no estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GmmError {
    /// The residuals are missing at the initial values.
    Start,
    /// Fewer moments than parameters.
    Unidentified,
    /// A derivative is missing or the parameters are not identified.
    Derivatives,
    /// The covariance of the moments is singular.
    Singular,
    /// Instruments of different functions depend on each other, and the first weight matrix does not exist.
    Initial,
}

/// The moments in an orthonormal basis of the instruments of each function, with the identity matrix in the instruments.
struct Moments<'a> {
    request: &'a GmmRequest<'a>,
    /// Columns of the bases, one after another.
    rows: Vec<f64>,
    /// Function of each column.
    function: Vec<usize>,
    weights: Option<Vec<f64>>,
    n: f64,
}

/// Values at parameters.
struct Point {
    b: Vec<f64>,
    residuals: Vec<f64>,
    moments: Vec<f64>,
}

impl<'a> Moments<'a> {
    fn new(request: &'a GmmRequest<'a>) -> Self {
        let (weights, n) = match request.weights.map(Weights::effective) {
            Some((weights, n)) => (Some(weights), n),
            None => (None, request.rows as f64),
        };
        let (mut rows, mut function) = (Vec::new(), Vec::new());
        for (g, z) in request.functions.iter().enumerate() {
            if z.columns.is_empty() {
                // the constant alone
                let length = if request.initial == Initial::Identity {
                    1.0
                } else {
                    total(weights.as_deref(), request.rows)
                };
                rows.extend(std::iter::repeat_n(1.0 / length.sqrt(), request.rows));
            } else if request.initial == Initial::Identity {
                z.columns.iter().for_each(|c| rows.extend_from_slice(c));
                rows.extend(std::iter::repeat_n(1.0, request.rows * usize::from(z.constant)));
            } else {
                let design =
                    qr::Design { columns: z.columns, weights: weights.as_deref(), constant: z.constant };
                rows.extend(qr::project(design, &[]).basis.rows(z.columns, 0..request.rows));
            }
            function.resize(rows.len() / request.rows.max(1), g);
        }
        Self { request, rows, function, weights, n }
    }

    fn size(&self) -> usize {
        self.function.len()
    }

    fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    fn column(&self, j: usize) -> &[f64] {
        &self.rows[j * self.request.rows..(j + 1) * self.request.rows]
    }

    /// `sum_i w_i q_i u_i`.
    fn sums(&self, u: &[f64]) -> Vec<f64> {
        let own = |j: usize| &u[self.function[j] * self.request.rows..];
        let sum = |j: usize| {
            let terms = self.column(j).iter().zip(own(j)).enumerate();
            stable_sum(terms.map(|(i, (q, u))| self.weight(i) * q * u))
        };
        (0..self.size()).map(sum).collect()
    }

    fn at(&self, function: &mut Function<'_>, b: Vec<f64>) -> Option<Point> {
        let residuals = function(&b)?;
        let moments = self.sums(&residuals);
        Some(Point { b, residuals, moments })
    }

    /// Covariance of the sums at residuals.
    fn covariance(&self, point: &Point, vce: Vce<'_>, center: bool) -> Mat {
        let (count, size) = (self.request.rows, self.size());
        let by_row = !matches!(vce, Vce::Cluster(_));
        let frequency = self.request.weights.is_some_and(|w| w.kind == WeightKind::Frequency);
        let factor = |i: usize| if frequency && by_row { self.weight(i).sqrt() } else { self.weight(i) };
        let score = |i: usize, j: usize| {
            self.column(j)[i] * (factor(i) * point.residuals[self.function[j] * count + i])
        };
        let sums = match vce {
            Vce::Cluster(clusters) => sum_by_cluster(count, size, clusters, |range| {
                range.flat_map(|i| (0..size).map(move |j| (i, j))).map(|(i, j)| score(i, j)).collect()
            }),
            _ => products(&(0..size).map(|j| (0..count).map(|i| score(i, j)).collect()).collect::<Vec<_>>()),
        };
        if !center {
            return sums;
        }
        let m = &point.moments;
        sums.minus(&Mat::from_fn(m.len(), m.len(), |a, b| m[a] * m[b] / self.n))
    }

    /// The root of the first weight matrix.
    fn first_root(&self) -> Result<Mat, GmmError> {
        if self.request.initial != Initial::Joint || self.request.functions.len() == 1 {
            return Ok(Mat::identity(self.size()));
        }
        let weighted = |j: usize| {
            self.column(j).iter().enumerate().map(|(i, q)| self.weight(i).sqrt() * q).collect::<Vec<f64>>()
        };
        inverse_root(&products(&(0..self.size()).map(weighted).collect::<Vec<_>>()))
            .map_err(|_| GmmError::Initial)
    }

    /// The factor that gives the criterion of one step the unit of the moments' variance.
    fn unit(&self, point: &Point) -> Result<f64, GmmError> {
        if self.request.functions.len() > 1 || self.request.initial == Initial::Identity {
            return Ok(1.0);
        }
        let square = |(i, u): (usize, &f64)| self.weight(i) * u * u;
        let variance = stable_sum(point.residuals.iter().enumerate().map(square)) / self.n;
        if variance <= 0.0 { Err(GmmError::Singular) } else { Ok(1.0 / variance.sqrt()) }
    }

    /// Sums of the derivatives, moments x parameters.
    fn slopes(&self, function: &mut Function<'_>, b: &[f64]) -> Option<Mat> {
        let columns: Vec<Vec<f64>> = derivatives(function, b)?.iter().map(|d| self.sums(d)).collect();
        Some(Mat::from_fn(self.size(), b.len(), |i, j| columns[j][i]))
    }

    /// Minimises `m(b)' W m(b)` with `W = root' root` by Gauss and Newton's method with halved steps.
    fn minimise(
        &self,
        function: &mut Function<'_>,
        mut point: Point,
        root: &Mat,
    ) -> Result<(Point, bool), GmmError> {
        let value = |p: &Point| root.times_vector(&p.moments).iter().map(|v| v * v).sum::<f64>();
        for _ in 0..self.request.iterations {
            let slopes = self.slopes(function, &point.b).ok_or(GmmError::Derivatives)?;
            let step = least_squares(&root.times(&slopes), &root.times_vector(&point.moments))?;
            let before = value(&point);
            let mut share = 1.0;
            let next = loop {
                let b: Vec<f64> = point.b.iter().zip(&step).map(|(b, s)| b - share * s).collect();
                match self.at(function, b) {
                    Some(found) if value(&found) <= before * (1.0 + 1e-12) + f64::MIN_POSITIVE => {
                        break Some(found);
                    }
                    _ if share < 1e-10 => break None,
                    _ => share /= 2.0,
                }
            };
            let change =
                point.b.iter().zip(&step).map(|(b, s)| s.abs() / (b.abs() + 1.0)).fold(0.0, f64::max);
            // Close to the minimum rounding may ask for a shorter step than the full one, or for none.
            let settled = change <= 1e-7;
            match next {
                Some(found) => point = found,
                None => return Ok((point, settled)),
            }
            if change * share <= 1e-11 {
                return Ok((point, settled));
            }
        }
        Ok((point, false))
    }
}

/// `min |y - X s|` with independent columns, by orthogonalisation after scaling.
fn least_squares(x: &Mat, y: &[f64]) -> Result<Vec<f64>, GmmError> {
    let length = |j: usize| (0..x.rows()).map(|i| x[(i, j)].powi(2)).sum::<f64>().sqrt();
    let scale: Vec<f64> = (0..x.cols()).map(length).collect();
    if scale.iter().any(|s| !(*s > 0.0 && s.is_finite())) {
        return Err(GmmError::Derivatives);
    }
    let (q, r) = Mat::from_fn(x.rows(), x.cols(), |i, j| x[(i, j)] / scale[j]).thin_qr();
    if r.diagonal().iter().any(|d| d.is_nan() || d.abs() <= 1e-10) {
        return Err(GmmError::Derivatives);
    }
    let s = r.inverse_upper().times_vector(&q.transpose().times_vector(y));
    Ok(s.iter().zip(&scale).map(|(s, d)| s / d).collect())
}

/// Sum of the weights.
fn total(weights: Option<&[f64]>, rows: usize) -> f64 {
    weights.map_or(rows as f64, |w| stable_sum(w.iter().copied()))
}

/// Products of columns.
fn products(columns: &[Vec<f64>]) -> Mat {
    let mut out = Mat::zeros(columns.len(), columns.len());
    for (i, left) in columns.iter().enumerate() {
        for (j, right) in columns[..=i].iter().enumerate() {
            let value = stable_sum(left.iter().zip(right).map(|(a, b)| a * b));
            out[(i, j)] = value;
            out[(j, i)] = value;
        }
    }
    out
}

/// `root` with `root' root` the inverse of a covariance.
fn inverse_root(covariance: &Mat) -> Result<Mat, GmmError> {
    let lower = covariance.cholesky().ok_or(GmmError::Singular)?;
    let largest = lower.diagonal().iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    if lower.diagonal().iter().any(|d| d.is_nan() || d.abs() <= 1e-9 * largest) {
        return Err(GmmError::Singular);
    }
    Ok(lower.transpose().inverse_upper().transpose())
}

/// Estimates the parameters from initial values.
///
/// # Errors
/// See [`GmmError`].
pub fn fit(function: &mut Function<'_>, request: &GmmRequest<'_>, start: &[f64]) -> Result<GmmFit, GmmError> {
    let moments = Moments::new(request);
    let size = moments.size();
    if size < start.len() {
        return Err(GmmError::Unidentified);
    }
    let first = moments.at(function, start.to_vec()).ok_or(GmmError::Start)?;
    let mut root = moments.first_root()?;
    let (mut point, mut converged) = moments.minimise(function, first, &root)?;
    // One step: the criterion is in units of the variance of the residuals.
    root = root.scaled(moments.unit(&point)?);
    let renewals = match request.steps {
        Steps::One => 0,
        Steps::Two => 1,
        Steps::Iterated => request.iterations,
    };
    for _ in 0..renewals {
        root = inverse_root(&moments.covariance(&point, request.weight_matrix, request.center))?;
        let before = point.b.clone();
        let (found, done) = moments.minimise(function, point, &root)?;
        point = found;
        let change =
            before.iter().zip(&point.b).map(|(a, b)| (a - b).abs() / (a.abs() + 1.0)).fold(0.0, f64::max);
        let iterated = request.steps == Steps::Iterated;
        let settled = !iterated || change <= 1e-6;
        converged = done && settled && (converged || iterated);
        if settled {
            break;
        }
    }
    let slopes = moments.slopes(function, &point.b).ok_or(GmmError::Derivatives)?;
    let whitened = root.times(&slopes);
    let bread = whitened
        .transpose()
        .times(&whitened)
        .symmetrised()
        .inverse_definite()
        .ok_or(GmmError::Derivatives)?;
    let v = match request.vce {
        None => bread,
        Some(vce) => {
            let projector = bread.times(&whitened.transpose()).times(&root);
            projector.sandwich(&moments.covariance(&point, vce, false))
        }
    };
    let scaled =
        request.steps != Steps::One || (request.functions.len() == 1 && request.initial != Initial::Identity);
    let j = if scaled { root.times_vector(&point.moments).iter().map(|v| v * v).sum() } else { f64::NAN };
    Ok(GmmFit { b: point.b, v, n: moments.n, j, moments: size, converged })
}
