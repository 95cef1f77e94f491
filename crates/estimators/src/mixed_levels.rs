//! Levels of the random effects of linear mixed models, and the cross products of their groups.

use super::matrix::Mat;

/// Cross products of a group: `x` are the effects of the level above it and then the fixed effects.
#[derive(Clone)]
pub(super) struct Products {
    pub(super) n: f64,
    /// Log of the determinant of the rows' covariance in units of the residual variance.
    pub(super) ln_det: f64,
    pub(super) xx: Mat,
    pub(super) xy: Vec<f64>,
    pub(super) yy: f64,
    pub(super) zx: Mat,
    pub(super) zy: Vec<f64>,
    pub(super) zz: Mat,
}

/// Random effects of a level.
pub struct Effects<'a> {
    /// Their columns.
    pub z: &'a [&'a [f64]],
    /// Rows of each group.
    pub rows: &'a [Vec<usize>],
    /// Correlated effects.
    pub unstructured: bool,
}

/// The form of the covariance of a level.
#[derive(Clone, Copy)]
pub(super) struct Level {
    pub(super) effects: usize,
    pub(super) unstructured: bool,
}

impl Level {
    pub(super) fn correlations(self) -> usize {
        if self.unstructured { self.effects * (self.effects - 1) / 2 } else { 0 }
    }

    /// Root of the covariance of the effects: `G = L L'`; nothing when it is not positive semidefinite.
    pub(super) fn root(self, theta: &[f64]) -> Option<Mat> {
        let q = self.effects;
        let sd: Vec<f64> = theta[..q].iter().map(|l| l.exp()).collect();
        if !self.unstructured {
            return Some(Mat::from_fn(q, q, |i, j| if i == j { sd[i] } else { 0.0 }));
        }
        let mut correlation = Mat::identity(q);
        let mut at = q;
        for i in 0..q {
            for j in i + 1..q {
                let r = theta[at].tanh();
                correlation[(i, j)] = r;
                correlation[(j, i)] = r;
                at += 1;
            }
        }
        let root = correlation.cholesky()?;
        Some(Mat::from_fn(q, q, |i, j| sd[i] * root[(i, j)]))
    }
}

/// Cross products of the rows of a group.
pub(super) fn products(y: &[f64], x: &[&[f64]], z: &[&[f64]], rows: &[usize]) -> Products {
    let dot = |a: &[f64], b: &[f64]| rows.iter().map(|i| a[*i] * b[*i]).sum::<f64>();
    Products {
        n: rows.len() as f64,
        ln_det: 0.0,
        xx: Mat::from_fn(x.len(), x.len(), |i, j| dot(x[i], x[j])),
        xy: x.iter().map(|c| dot(c, y)).collect(),
        yy: dot(y, y),
        zx: Mat::from_fn(z.len(), x.len(), |i, j| dot(z[i], x[j])),
        zy: z.iter().map(|c| dot(c, y)).collect(),
        zz: Mat::from_fn(z.len(), z.len(), |i, j| dot(z[i], z[j])),
    }
}
