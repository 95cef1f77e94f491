//! Classical multidimensional scaling (Torgerson 1952; Gower 1966; Mardia, Kent and Bibby 1979, chapter 14) and the Procrustes
//! transformation (Cox and Cox 2001, chapter 5; Mardia, Kent and Bibby 1979, section 14.7).

use super::matrix::Mat;
use super::svd::svd;

/// A configuration of points whose distances approximate dissimilarities.
#[derive(Debug, Clone)]
pub struct Scaling {
    /// Eigenvalues of the doubly centred matrix, in descending order.
    pub values: Vec<f64>,
    /// Coordinates, a row for each object and a column for each retained dimension.
    pub coordinates: Mat,
    /// Constant that was added to the squared dissimilarities.
    pub added: f64,
}

impl Scaling {
    /// Scales symmetric dissimilarities. `add` makes the matrix positive semidefinite by a constant on the squared
    /// dissimilarities (Lingoes 1971). The coordinate that is largest in absolute value is positive in each dimension.
    pub fn classical(dissimilarities: &Mat, dimensions: usize, add: bool) -> Self {
        let n = dissimilarities.rows();
        let (mut values, vectors) = centred(dissimilarities).symmetric_eigen();
        let least = values.last().copied().unwrap_or(0.0).min(0.0);
        let added = if add { -2.0 * least } else { 0.0 };
        if added > 0.0 {
            // the constant adds half of itself to each eigenvalue but the one of the vector of ones, which is zero
            let flat = |j: usize| (0..n).map(|i| vectors[(i, j)]).sum::<f64>().powi(2) / n as f64;
            let constant = (0..n).max_by(|a, b| flat(*a).total_cmp(&flat(*b))).unwrap_or(0);
            let mut order: Vec<usize> = (0..n).collect();
            for (j, value) in values.iter_mut().enumerate() {
                *value = if j == constant { 0.0 } else { *value + added / 2.0 };
            }
            order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
            let sorted = Mat::from_fn(n, n, |i, j| vectors[(i, order[j])]);
            let values: Vec<f64> = order.iter().map(|j| values[*j]).collect();
            return Self { coordinates: coordinates(&values, &sorted, dimensions), values, added };
        }
        Self { coordinates: coordinates(&values, &vectors, dimensions), values, added }
    }

    /// Number of eigenvalues above zero, but for rounding.
    pub fn positive(&self) -> usize {
        let top = self.values.first().copied().unwrap_or(0.0);
        self.values.iter().filter(|v| **v > 1e-12 * top).count()
    }

    /// Mardia's measures of fit: shares of the retained dimensions in the absolute and in the squared eigenvalues.
    pub fn mardia(&self) -> [f64; 2] {
        let kept = self.coordinates.cols();
        let share = |f: &dyn Fn(f64) -> f64| {
            let sum = |values: &[f64]| values.iter().map(|v| f(*v)).sum::<f64>();
            sum(&self.values[..kept]) / sum(&self.values)
        };
        [share(&f64::abs), share(&|v| v * v)]
    }

    /// Euclidean distance of two objects in the configuration.
    pub fn distance(&self, i: usize, j: usize) -> f64 {
        let x = &self.coordinates;
        x.row(i).iter().zip(x.row(j)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }
}

/// `-HDH/2` for squared dissimilarities `D` and the centring matrix `H`.
fn centred(dissimilarities: &Mat) -> Mat {
    let n = dissimilarities.rows();
    let squared = |i: usize, j: usize| -0.5 * dissimilarities[(i, j)].powi(2);
    let means: Vec<f64> = (0..n).map(|i| (0..n).map(|j| squared(i, j)).sum::<f64>() / n as f64).collect();
    let all = means.iter().sum::<f64>() / n as f64;
    Mat::from_fn(n, n, |i, j| squared(i, j) - means[i] - means[j] + all)
}

fn coordinates(values: &[f64], vectors: &Mat, dimensions: usize) -> Mat {
    let n = vectors.rows();
    let sign = |k: usize| {
        let top = (0..n).map(|i| vectors[(i, k)]).max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if top.is_some_and(|x| x < 0.0) { -1.0 } else { 1.0 }
    };
    let signs: Vec<f64> = (0..dimensions).map(sign).collect();
    Mat::from_fn(n, dimensions, |i, k| signs[k] * vectors[(i, k)] * values[k].max(0.0).sqrt())
}

/// The transformation of source points that brings them nearest to target points: `target ~ c + rho source A`.
#[derive(Debug, Clone)]
pub struct Procrustes {
    /// Rotation and reflection, or the unrestricted matrix.
    pub a: Mat,
    /// Translation.
    pub c: Vec<f64>,
    /// Dilation.
    pub rho: f64,
    /// Whether the rotation is the only one.
    pub unique: bool,
}

/// Sum of squares around the mean over the sum of squares up to which values are constant: the square of some units of
/// the last place.
pub const ROUNDING: f64 = 1e-26;

/// What a Procrustes transformation may do.
#[derive(Debug, Clone, Copy)]
pub struct Freedom {
    /// Any matrix instead of a rotation and reflection.
    pub unrestricted: bool,
    /// A translation.
    pub constant: bool,
    /// A dilation.
    pub dilation: bool,
}

impl Procrustes {
    /// The nearest transformation with weights of the points; nothing for sources that are all the same, or, unrestricted,
    /// collinear.
    pub fn of(target: &[Vec<f64>], source: &[Vec<f64>], weights: &[f64], freedom: Freedom) -> Option<Self> {
        let total: f64 = weights.iter().sum();
        let mean = |x: &Vec<f64>| match freedom.constant {
            true => x.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() / total,
            false => 0.0,
        };
        let (of_target, of_source): (Vec<f64>, Vec<f64>) =
            (target.iter().map(mean).collect(), source.iter().map(mean).collect());
        let product = |a: &[Vec<f64>], b: &[Vec<f64>], ma: &[f64], mb: &[f64]| {
            let cell = |i: usize, j: usize| {
                let terms = a[i].iter().zip(&b[j]).zip(weights);
                terms.map(|((x, y), w)| w * (x - ma[i]) * (y - mb[j])).sum()
            };
            Mat::from_fn(a.len(), b.len(), cell)
        };
        let xy = product(source, target, &of_source, &of_target);
        let xx = product(source, source, &of_source, &of_source);
        let spread: f64 = xx.diagonal().iter().sum();
        let size: f64 = source.iter().flat_map(|x| x.iter().zip(weights)).map(|(x, w)| w * x * x).sum();
        // sources that do not vary have a spread that is rounding of their mean
        if spread <= ROUNDING * size {
            return None;
        }
        let (a, rho, unique) = if freedom.unrestricted {
            (xx.inverse_definite()?.times(&xy), 1.0, true)
        } else {
            let parts = svd(&xy)?;
            let a = parts.u.times(&parts.v.transpose());
            let sum: f64 = parts.values.iter().sum();
            let least = parts.values.last().copied().unwrap_or(0.0);
            (a, if freedom.dilation { sum / spread } else { 1.0 }, least > 1e-12 * sum)
        };
        let moved = |j: usize| (0..source.len()).map(|i| of_source[i] * a[(i, j)]).sum::<f64>() * rho;
        let c = if freedom.constant {
            (0..target.len()).map(|j| of_target[j] - moved(j)).collect()
        } else {
            vec![0.0; target.len()]
        };
        Some(Self { a, c, rho, unique })
    }

    /// Where a source point comes to lie.
    pub fn fitted(&self, x: &[f64]) -> Vec<f64> {
        let one = |j: usize| {
            self.c[j] + self.rho * x.iter().enumerate().map(|(i, x)| x * self.a[(i, j)]).sum::<f64>()
        };
        (0..self.c.len()).map(one).collect()
    }
}
