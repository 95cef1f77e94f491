//! Correlated random slopes of variables far from zero, a year for example: about the means of the variables the intercept
//! and the slopes are nearly uncorrelated, so that the search of `mixed` takes them there. The model is the same one.

use estimators::matrix::Mat;
use estimators::mixed::{Effects, Form, MixedFit};

/// Deviations of a variable from zero, in its standard deviations, above which its slope is taken about the mean.
const FAR: f64 = 10.0;

/// A block of correlated effects about the means of their variables.
struct Moved {
    level: usize,
    /// Its first column in the level, and its first variance parameter.
    column: usize,
    theta: usize,
    effects: usize,
    /// Maps its effects to those of the variables as they are.
    map: Mat,
}

/// The moved effects of all levels.
pub(super) struct Origins {
    moved: Vec<Moved>,
    columns: Vec<Vec<Vec<f64>>>,
}

impl Origins {
    /// Of the effects of all levels; nothing where no variable with a correlated slope is far from zero.
    pub(super) fn of(effects: &[Effects<'_>]) -> Option<Self> {
        let mut columns: Vec<Vec<Vec<f64>>> =
            effects.iter().map(|e| e.z.iter().map(|c| c.to_vec()).collect()).collect();
        let (mut moved, mut theta) = (Vec::new(), 0);
        for (level, own) in effects.iter().enumerate() {
            let mut column = 0;
            for block in own.blocks {
                let z = &own.z[column..column + block.effects];
                let constant = z.iter().position(|c| c.iter().all(|v| *v == 1.0));
                if let (Form::Unstructured, Some(constant)) = (block.form, constant) {
                    let means: Vec<f64> = z.iter().map(|c| far_mean(c)).collect();
                    if means.iter().any(|m| *m != 0.0) {
                        let mut map = Mat::identity(z.len());
                        for (j, mean) in means.iter().enumerate() {
                            map[(constant, j)] -= mean;
                            columns[level][column + j].iter_mut().for_each(|v| *v -= mean);
                        }
                        moved.push(Moved { level, column, theta, effects: z.len(), map });
                    }
                }
                column += block.effects;
                theta += block.deviations() + block.correlations();
            }
        }
        (!moved.is_empty()).then_some(Self { moved, columns })
    }

    /// Columns of the moved effects by level.
    pub(super) fn slices(&self) -> Vec<Vec<&[f64]>> {
        self.columns.iter().map(|level| level.iter().map(Vec::as_slice).collect()).collect()
    }

    /// Whether a variance of a moved effect is at zero, where the effects of the variables as they are would be collinear.
    pub(super) fn at_edge(&self, fit: &MixedFit) -> bool {
        let own = |m: &Moved| (m.theta..m.theta + m.effects).any(|i| fit.v_theta[(i, i)] <= 0.0);
        self.moved.iter().any(own)
    }

    /// Variance parameters of the variables as they are.
    pub(super) fn theta(&self, theta: &[f64]) -> Vec<f64> {
        let mut out = theta.to_vec();
        for own in &self.moved {
            let q = own.effects;
            let pairs: Vec<(usize, usize)> = (0..q).flat_map(|i| (i + 1..q).map(move |j| (i, j))).collect();
            let sd = |i: usize| theta[own.theta + i].exp();
            let mut g = Mat::from_fn(q, q, |i, j| if i == j { sd(i).powi(2) } else { 0.0 });
            for (k, (i, j)) in pairs.iter().enumerate() {
                let value = theta[own.theta + q + k].tanh() * sd(*i) * sd(*j);
                g[(*i, *j)] = value;
                g[(*j, *i)] = value;
            }
            let g = own.map.sandwich(&g);
            for i in 0..q {
                out[own.theta + i] = 0.5 * g[(i, i)].ln();
            }
            for (k, (i, j)) in pairs.iter().enumerate() {
                let r = g[(*i, *j)] / (g[(*i, *i)] * g[(*j, *j)]).sqrt();
                out[own.theta + q + k] = r.clamp(-1.0 + f64::EPSILON, 1.0 - f64::EPSILON).atanh();
            }
        }
        out
    }

    /// The covariance of fixed effects and variance parameters by the delta method; the derivatives are extrapolated
    /// differences.
    pub(super) fn covariance(&self, fixed: usize, theta: &[f64], v: &Mat) -> Mat {
        let mut map = Mat::identity(fixed + theta.len());
        for j in 0..theta.len() {
            let slope = |h: f64| -> Vec<f64> {
                let at = |by: f64| {
                    let mut moved = theta.to_vec();
                    moved[j] += by;
                    self.theta(&moved)
                };
                at(h).iter().zip(at(-h)).map(|(up, down)| (up - down) / (2.0 * h)).collect()
            };
            let rows = [slope(4e-3), slope(2e-3), slope(1e-3)];
            for i in 0..theta.len() {
                let first = [(4.0 * rows[1][i] - rows[0][i]) / 3.0, (4.0 * rows[2][i] - rows[1][i]) / 3.0];
                map[(fixed + i, fixed + j)] = (16.0 * first[1] - first[0]) / 15.0;
            }
        }
        map.sandwich(v)
    }

    /// Roots of the covariances of the levels' effects, for the variables as they are.
    pub(super) fn roots(&self, roots: Vec<Mat>) -> Vec<Mat> {
        let mut out = roots;
        for own in &self.moved {
            let size = out[own.level].rows();
            let mut map = Mat::identity(size);
            for i in 0..own.effects {
                for j in 0..own.effects {
                    map[(own.column + i, own.column + j)] = own.map[(i, j)];
                }
            }
            out[own.level] = map.times(&out[own.level]);
        }
        out
    }
}

/// The mean of a variable that is far from zero, and zero for others; a constant is none.
fn far_mean(column: &[f64]) -> f64 {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let spread = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    if spread > 1e-10 * mean.abs() && mean.abs() > FAR * spread { mean } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use estimators::mixed::Block;

    #[test]
    fn parameters_about_the_mean_are_those_of_the_same_covariance() {
        let (x, ones) = (vec![100.0, 101.0, 102.0, 103.0], vec![1.0; 4]);
        let z: Vec<&[f64]> = vec![&x, &ones];
        let rows = [vec![0, 1], vec![2, 3]];
        let blocks = [Block { effects: 2, form: Form::Unstructured }];
        let origins = Origins::of(&[Effects { z: &z, rows: &rows, blocks: &blocks }]).expect("far");
        assert_eq!(origins.slices()[0][0], [-1.5, -0.5, 0.5, 1.5]);
        // slope variance 1, intercept variance 4, no covariance; intercept of the raw variable: u0 - 101.5 u1
        let theta = origins.theta(&[0.0, 2.0_f64.ln(), 0.0, 0.3]);
        let variance = 4.0 + 101.5 * 101.5;
        assert!((theta[1] - 0.5 * f64::ln(variance)).abs() < 1e-12);
        assert!((theta[2].tanh() + 101.5 / variance.sqrt()).abs() < 1e-12);
        assert_eq!((theta[0], theta[3]), (0.0, 0.3));
    }
}
