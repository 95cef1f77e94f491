//! Best linear unbiased predictions of the effects of linear mixed models ([ME] mixed postestimation).

use super::matrix::Mat;
use super::mixed::Mixed;

/// Best linear unbiased predictions of the effects of a group.
pub struct PredictedEffects {
    /// The predictions.
    pub effects: Vec<f64>,
    /// Their variance if the fixed effects are known.
    pub variance: Mat,
    /// Effect of each fixed effect on the predictions.
    pub loadings: Mat,
}

impl Mixed {
    /// Predicted effects `M Z' r` of a group from its residuals, their variance `s2 M` for known fixed effects, and the
    /// loadings `M Z'X` by which the fixed effects enter ([ME] mixed postestimation; Bates and Pinheiro 1998).
    pub fn effects_of(
        root: &Mat,
        s2: f64,
        z: &[Vec<f64>],
        residuals: &[f64],
        x: &[Vec<f64>],
    ) -> Option<PredictedEffects> {
        let q = z.len();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let zz = Mat::from_fn(q, q, |i, j| dot(&z[i], &z[j]));
        let zr: Vec<f64> = z.iter().map(|c| dot(c, residuals)).collect();
        let zx = Mat::from_fn(q, x.len(), |i, j| dot(&z[i], &x[j]));
        let middle = Self::middle(root, &zz, s2)?.0;
        Some(PredictedEffects {
            effects: middle.times_vector(&zr),
            loadings: middle.times(&zx),
            variance: middle.scaled(s2),
        })
    }
}
