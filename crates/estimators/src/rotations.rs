//! Rotations of factor loadings by projected gradients: Jennrich (2001, Psychometrika 66; 2002, Psychometrika 67),
//! criteria of Crawford and Ferguson (1970) and the oblimin family ([MV] rotatemat).

use super::matrix::Mat;

/// What a rotation minimises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Criterion {
    /// Direct oblimin with its parameter; at zero quartimin, and with orthogonal factors quartimax.
    Oblimin(f64),
    /// Crawford and Ferguson with the weight of the columns.
    CrawfordFerguson(f64),
}

impl Criterion {
    /// The criterion and its gradient in the loadings (variables by factors).
    fn at(self, l: &Mat) -> (f64, Mat) {
        let (p, k) = (l.rows(), l.cols());
        let squares = Mat::from_fn(p, k, |i, j| l[(i, j)].powi(2));
        let row: Vec<f64> = (0..p).map(|i| squares.row(i).iter().sum()).collect();
        let column: Vec<f64> = (0..k).map(|j| (0..p).map(|i| squares[(i, j)]).sum()).collect();
        let others = Mat::from_fn(p, k, |i, j| row[i] - squares[(i, j)]);
        let weight = match self {
            Self::Oblimin(gamma) => {
                let means: Vec<f64> =
                    (0..k).map(|j| (0..p).map(|i| others[(i, j)]).sum::<f64>() / p as f64).collect();
                Mat::from_fn(p, k, |i, j| others[(i, j)] - gamma * means[j])
            }
            Self::CrawfordFerguson(kappa) => Mat::from_fn(p, k, |i, j| {
                (1.0 - kappa) * others[(i, j)] + kappa * (column[j] - squares[(i, j)])
            }),
        };
        let value = squares.data().iter().zip(weight.data()).map(|(a, b)| a * b).sum::<f64>() / 4.0;
        (value, Mat::from_fn(p, k, |i, j| l[(i, j)] * weight[(i, j)]))
    }
}

/// A rotation: loadings are `a t` with orthogonal factors and `a inv(t')` with oblique ones, whose correlations are
/// `t't`.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Rotated loadings.
    pub loadings: Mat,
    /// The rotation.
    pub turn: Mat,
    /// The criterion at its minimum.
    pub value: f64,
}

/// Largest number of steps; the search stops before when the projected gradient is below 1e-10.
const STEPS: usize = 20_000;

/// Rotates loadings (variables by factors). Nothing when the search does not settle.
pub fn rotate(a: &Mat, criterion: Criterion, oblique: bool) -> Option<Rotation> {
    let k = a.cols();
    let mut t = Mat::identity(k);
    let mut l = a.clone();
    let (mut value, mut slope) = criterion.at(&l);
    let mut step = 1.0;
    for _ in 0..STEPS {
        let projected = if oblique { oblique_gradient(&l, &slope, &t)? } else { gradient(a, &slope, &t) };
        let size = projected.data().iter().map(|x| x * x).sum::<f64>();
        if size.sqrt() < 1e-10 {
            return Some(Rotation { loadings: l, turn: t, value });
        }
        step *= 2.0;
        let mut moved = None;
        for _ in 0..60 {
            let next = t.minus(&projected.clone().scaled(step));
            let next = if oblique { unit_columns(&next) } else { nearest_orthogonal(&next)? };
            let turned = if oblique { a.times(&next.inverse()?.transpose()) } else { a.times(&next) };
            let (found, gradient) = criterion.at(&turned);
            if value - found > 0.5 * size * step {
                moved = Some((next, turned, found, gradient));
                break;
            }
            step /= 2.0;
        }
        // No further decrease in double precision: the minimum, if the gradient is small.
        let Some(found) = moved else {
            return (size.sqrt() < 1e-6).then_some(Rotation { loadings: l, turn: t, value });
        };
        (t, l, value, slope) = found;
    }
    None
}

/// Gradient along the orthogonal matrices.
fn gradient(a: &Mat, slope: &Mat, t: &Mat) -> Mat {
    let g = a.transpose().times(slope);
    let m = t.transpose().times(&g).symmetrised();
    g.minus(&t.times(&m))
}

/// Gradient along the matrices with columns of length one.
fn oblique_gradient(l: &Mat, slope: &Mat, t: &Mat) -> Option<Mat> {
    let g = l.transpose().times(slope).times(&t.inverse()?).transpose().scaled(-1.0);
    let k = t.cols();
    let along: Vec<f64> = (0..k).map(|j| (0..k).map(|i| t[(i, j)] * g[(i, j)]).sum()).collect();
    Some(Mat::from_fn(k, k, |i, j| g[(i, j)] - t[(i, j)] * along[j]))
}

fn unit_columns(x: &Mat) -> Mat {
    let k = x.cols();
    let length: Vec<f64> = (0..k).map(|j| (0..k).map(|i| x[(i, j)].powi(2)).sum::<f64>().sqrt()).collect();
    Mat::from_fn(k, k, |i, j| x[(i, j)] / length[j])
}

/// The orthogonal matrix next to `x`, `x (x'x)^(-1/2)`.
fn nearest_orthogonal(x: &Mat) -> Option<Mat> {
    let (values, vectors) = x.transpose().times(x).symmetric_eigen();
    if values.iter().any(|v| *v <= 0.0) {
        return None;
    }
    let k = values.len();
    let scaled = Mat::from_fn(k, k, |i, j| vectors[(i, j)] / values[j].sqrt());
    Some(x.times(&scaled.times(&vectors.transpose())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simple_structure_stays() {
        let a = Mat::from_rows(4, 2, vec![0.8, 0.0, 0.7, 0.0, 0.0, 0.6, 0.0, 0.9]);
        for oblique in [false, true] {
            let found = rotate(&a, Criterion::Oblimin(0.0), oblique).expect("a minimum");
            assert!(found.value.abs() < 1e-12);
            assert!((found.loadings[(0, 0)] - 0.8).abs() < 1e-9);
        }
    }
}
