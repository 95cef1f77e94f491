//! Principal components, principal factors and item statistics from a covariance or correlation matrix.
//! Formulas: [MV] pca, [MV] factor, [MV] alpha; Kaiser (1974) for the measure of sampling adequacy.

use super::matrix::Mat;

/// Means and the covariance matrix (divisor: weights less one) of columns.
pub fn covariance(columns: &[&[f64]], weights: Option<&[f64]>) -> (Vec<f64>, Mat) {
    let n = columns.first().map_or(0, |c| c.len());
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let total: f64 = (0..n).map(weight).sum();
    let means: Vec<f64> =
        columns.iter().map(|c| super::real::stable_sum((0..n).map(|i| weight(i) * c[i])) / total).collect();
    let mut out = Mat::zeros(columns.len(), columns.len());
    for a in 0..columns.len() {
        for b in 0..=a {
            let sum = (0..n).map(|i| weight(i) * (columns[a][i] - means[a]) * (columns[b][i] - means[b]));
            let value = super::real::stable_sum(sum) / (total - 1.0);
            out[(a, b)] = value;
            out[(b, a)] = value;
        }
    }
    (means, out)
}

/// Correlations from covariances; the diagonal is exactly one.
pub fn correlation(covariance: &Mat) -> Mat {
    let sd: Vec<f64> = covariance.diagonal().iter().map(|v| v.sqrt()).collect();
    Mat::from_fn(sd.len(), sd.len(), |a, b| if a == b { 1.0 } else { covariance[(a, b)] / (sd[a] * sd[b]) })
}

/// Eigenvalues in descending order and eigenvectors whose elements sum to something positive ([MV] pca).
pub fn principal(matrix: &Mat) -> (Vec<f64>, Mat) {
    let (values, mut vectors) = matrix.symmetric_eigen();
    for j in 0..values.len() {
        let sum: f64 = (0..values.len()).map(|i| vectors[(i, j)]).sum();
        if sum < 0.0 {
            for i in 0..values.len() {
                vectors[(i, j)] = -vectors[(i, j)];
            }
        }
    }
    (values, vectors)
}

/// Kaiser-Meyer-Olkin measure: overall and for each variable, from correlations.
pub fn sampling_adequacy(r: &Mat) -> Option<(f64, Vec<f64>)> {
    let inverse = r.inverse_definite()?;
    let k = r.rows();
    let (mut all_r, mut all_q) = (0.0, 0.0);
    let mut each = Vec::with_capacity(k);
    for i in 0..k {
        let (mut own_r, mut own_q) = (0.0, 0.0);
        for j in (0..k).filter(|j| *j != i) {
            own_r += r[(i, j)].powi(2);
            own_q += inverse[(i, j)].powi(2) / (inverse[(i, i)] * inverse[(j, j)]);
        }
        each.push(own_r / (own_r + own_q));
        all_r += own_r;
        all_q += own_q;
    }
    Some((all_r / (all_r + all_q), each))
}

/// How the communalities of a factor analysis are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factoring {
    /// Squared multiple correlations, once.
    Principal,
    /// Squared multiple correlations, repeated until they settle.
    Iterated,
    /// Communalities of one.
    Components,
}

/// A factor analysis.
pub struct FactorFit {
    /// Eigenvalues of the reduced matrix, descending.
    pub values: Vec<f64>,
    /// Loadings, one column per retained factor.
    pub loadings: Mat,
    /// Uniqueness of each variable.
    pub uniqueness: Vec<f64>,
}

/// Factors of a correlation matrix ([MV] factor): eigenvectors of the reduced matrix times roots of eigenvalues;
/// `most` factors at most, with eigenvalues above `least`. Nothing for a singular matrix.
pub fn factors(r: &Mat, method: Factoring, most: usize, least: f64) -> Option<FactorFit> {
    let k = r.rows();
    let mut communality: Vec<f64> = match method {
        Factoring::Components => vec![1.0; k],
        _ => r.inverse_definite()?.diagonal().iter().map(|d| 1.0 - 1.0 / d).collect(),
    };
    let rounds = if method == Factoring::Iterated { 10_000 } else { 1 };
    let mut out = None;
    for _ in 0..rounds {
        let reduced = Mat::from_fn(k, k, |a, b| if a == b { communality[a] } else { r[(a, b)] });
        let (values, vectors) = principal(&reduced);
        let kept = values.iter().take(most).filter(|v| **v > least).count();
        let loadings = Mat::from_fn(k, kept, |i, j| vectors[(i, j)] * values[j].sqrt());
        let next: Vec<f64> = (0..k).map(|i| (0..kept).map(|j| loadings[(i, j)].powi(2)).sum()).collect();
        let moved = communality.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let uniqueness = next.iter().map(|c| 1.0 - c).collect();
        out = Some(FactorFit { values, loadings, uniqueness });
        if method == Factoring::Iterated {
            communality = next;
        }
        if moved < 1e-12 {
            break;
        }
    }
    out
}

/// Orthogonal varimax rotation (Kaiser 1958) by planar rotations: rotated loadings and the rotation;
/// `kaiser` normalises rows to unit length first.
pub fn varimax(loadings: &Mat, kaiser: bool) -> (Mat, Mat) {
    let (n, k) = (loadings.rows(), loadings.cols());
    let length: Vec<f64> = (0..n)
        .map(|i| {
            let own = (0..k).map(|j| loadings[(i, j)].powi(2)).sum::<f64>().sqrt();
            if kaiser && own > 0.0 { own } else { 1.0 }
        })
        .collect();
    let mut a = Mat::from_fn(n, k, |i, j| loadings[(i, j)] / length[i]);
    let mut t = Mat::identity(k);
    for _ in 0..1000 {
        let mut largest: f64 = 0.0;
        for p in 0..k {
            for q in p + 1..k {
                let u: Vec<f64> = (0..n).map(|i| a[(i, p)].powi(2) - a[(i, q)].powi(2)).collect();
                let v: Vec<f64> = (0..n).map(|i| 2.0 * a[(i, p)] * a[(i, q)]).collect();
                let (su, sv) = (u.iter().sum::<f64>(), v.iter().sum::<f64>());
                let c: f64 = u.iter().zip(&v).map(|(u, v)| u * u - v * v).sum::<f64>();
                let d: f64 = 2.0 * u.iter().zip(&v).map(|(u, v)| u * v).sum::<f64>();
                let top = d - 2.0 * su * sv / n as f64;
                let bottom = c - (su * su - sv * sv) / n as f64;
                let angle = top.atan2(bottom) / 4.0;
                largest = largest.max(angle.abs());
                let (sine, cosine) = angle.sin_cos();
                for m in [&mut a, &mut t] {
                    for i in 0..m.rows() {
                        let (x, y) = (m[(i, p)], m[(i, q)]);
                        m[(i, p)] = cosine * x + sine * y;
                        m[(i, q)] = cosine * y - sine * x;
                    }
                }
            }
        }
        if largest < 1e-14 {
            break;
        }
    }
    (Mat::from_fn(n, k, |i, j| a[(i, j)] * length[i]), t)
}

/// Promax rotation of orthogonally rotated loadings (Hendrickson and White 1964): the loadings and the matrix that
/// they were multiplied by, whose columns are scaled so that the factors have variance one. Nothing for collinear
/// loadings.
pub fn promax(rotated: &Mat, power: f64) -> Option<(Mat, Mat)> {
    let target = Mat::from_fn(rotated.rows(), rotated.cols(), |i, j| {
        rotated[(i, j)].signum() * rotated[(i, j)].abs().powf(power)
    });
    let cross = rotated.transpose();
    let mut turn = cross.times(rotated).inverse_definite()?.times(&cross.times(&target));
    let scale = turn.transpose().times(&turn).inverse_definite()?.diagonal();
    for j in 0..turn.cols() {
        (0..turn.rows()).for_each(|i| turn[(i, j)] *= scale[j].sqrt());
    }
    Some((rotated.times(&turn), turn))
}
