//! Linear mixed models with one grouping level: profile likelihood or restricted likelihood over the variance
//! parameters, from cross products of the groups. Formulas: [ME] mixed; Pinheiro and Bates 2000, chapter 2.

use super::matrix::Mat;
use super::ml::Iteration;

/// Cross products of a group.
struct Products {
    n: f64,
    xx: Mat,
    xy: Vec<f64>,
    yy: f64,
    zx: Mat,
    zy: Vec<f64>,
    zz: Mat,
}

/// A mixed model. Variance parameters in order: logs of the standard deviations of the effects, inverse
/// hyperbolic tangents of their correlations (unstructured only), log of the residual standard deviation.
pub struct Mixed {
    groups: Vec<Products>,
    /// Number of fixed effects.
    pub fixed: usize,
    /// Number of random effects per group.
    pub effects: usize,
    /// Rows.
    pub n: f64,
    /// Restricted likelihood.
    pub restricted: bool,
    /// Correlated effects.
    pub unstructured: bool,
}

/// The model at given variance parameters.
pub struct Profile {
    /// Log likelihood, restricted if so asked.
    pub ll: f64,
    /// Fixed effects.
    pub b: Vec<f64>,
    /// Their covariance `(X'V^-1 X)^-1`.
    pub v: Mat,
}

/// A fitted mixed model.
pub struct MixedFit {
    /// Fixed effects and log likelihood.
    pub profile: Profile,
    /// Variance parameters.
    pub theta: Vec<f64>,
    /// Their covariance; zero for one that sits at the edge of its range.
    pub v_theta: Mat,
    /// Iterations.
    pub log: Vec<Iteration>,
    /// Whether the criteria were met.
    pub converged: bool,
}

/// Below the log residual deviation by this much, a deviation counts as zero.
const EDGE: f64 = 12.0;

impl Mixed {
    /// A model from fixed-effects columns (with the constant), random-effects columns and group rows.
    pub fn new(
        y: &[f64],
        x: &[&[f64]],
        z: &[&[f64]],
        rows: &[Vec<usize>],
        restricted: bool,
        unstructured: bool,
    ) -> Self {
        let products = |group: &Vec<usize>| {
            let dot = |a: &[f64], b: &[f64]| group.iter().map(|i| a[*i] * b[*i]).sum::<f64>();
            Products {
                n: group.len() as f64,
                xx: Mat::from_fn(x.len(), x.len(), |i, j| dot(x[i], x[j])),
                xy: x.iter().map(|c| dot(c, y)).collect(),
                yy: dot(y, y),
                zx: Mat::from_fn(z.len(), x.len(), |i, j| dot(z[i], x[j])),
                zy: z.iter().map(|c| dot(c, y)).collect(),
                zz: Mat::from_fn(z.len(), z.len(), |i, j| dot(z[i], z[j])),
            }
        };
        Self {
            groups: rows.iter().map(products).collect(),
            fixed: x.len(),
            effects: z.len(),
            n: y.len() as f64,
            restricted,
            unstructured,
        }
    }

    /// Root of the covariance of the effects: `G = L L'`; nothing when it is not positive semidefinite.
    pub fn root(&self, theta: &[f64]) -> Option<Mat> {
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

    /// `M = L (s2 I + L' Z'Z L)^-1 L'` and `ln|I + L'Z'Z L / s2|` of a group.
    fn middle(root: &Mat, zz: &Mat, s2: f64) -> Option<(Mat, f64)> {
        let q = root.rows();
        let inner = root.transpose().sandwich(zz).plus(&Mat::identity(q).scaled(s2));
        let factor = inner.cholesky()?;
        let ln_det = 2.0 * (0..q).map(|i| factor[(i, i)].ln()).sum::<f64>() - q as f64 * s2.ln();
        Some((root.sandwich(&inner.inverse_definite()?), ln_det))
    }

    /// The profile likelihood.
    pub fn profile(&self, theta: &[f64]) -> Option<Profile> {
        let s2 = (2.0 * theta[theta.len() - 1]).exp();
        let root = self.root(theta)?;
        let p = self.fixed;
        let (mut xvx, mut xvy, mut yvy, mut ln_det) = (Mat::zeros(p, p), vec![0.0; p], 0.0, 0.0);
        for g in &self.groups {
            let (m, ln) = Self::middle(&root, &g.zz, s2)?;
            ln_det += g.n * s2.ln() + ln;
            let mzx = m.times(&g.zx);
            let mzy = m.times_vector(&g.zy);
            xvx = xvx.plus(&g.xx.minus(&g.zx.transpose().times(&mzx)));
            for (j, cell) in xvy.iter_mut().enumerate() {
                *cell += g.xy[j] - (0..self.effects).map(|i| g.zx[(i, j)] * mzy[i]).sum::<f64>();
            }
            yvy += g.yy - g.zy.iter().zip(&mzy).map(|(a, b)| a * b).sum::<f64>();
        }
        let inverse = xvx.inverse_definite()?;
        let b = inverse.times_vector(&xvy);
        let rss = (yvy - b.iter().zip(&xvy).map(|(a, c)| a * c).sum::<f64>()) / s2;
        let two_pi = (2.0 * std::f64::consts::PI).ln();
        let mut ll = -0.5 * (self.n * two_pi + ln_det + rss);
        if self.restricted {
            let factor = xvx.cholesky()?;
            let ln_xvx = 2.0 * (0..p).map(|i| factor[(i, i)].ln()).sum::<f64>() - p as f64 * s2.ln();
            ll += 0.5 * (p as f64 * two_pi - ln_xvx);
        }
        Some(Profile { ll, b, v: inverse.scaled(s2) })
    }

    fn value(&self, theta: &[f64]) -> f64 {
        self.profile(theta).map_or(f64::NEG_INFINITY, |p| p.ll)
    }

    /// Gradient and Hessian by extrapolated differences (three levels of Romberg).
    fn derivatives(&self, theta: &[f64]) -> (Vec<f64>, Mat) {
        let k = theta.len();
        let at = |moves: &[(usize, f64)]| {
            let mut t = theta.to_vec();
            moves.iter().for_each(|(i, h)| t[*i] += h);
            self.value(&t)
        };
        let romberg = |f: &dyn Fn(f64) -> f64, h: f64| {
            let rows = [f(h), f(h / 2.0), f(h / 4.0)];
            let first = [(4.0 * rows[1] - rows[0]) / 3.0, (4.0 * rows[2] - rows[1]) / 3.0];
            (16.0 * first[1] - first[0]) / 15.0
        };
        let centre = self.value(theta);
        let gradient =
            (0..k).map(|i| romberg(&|h| (at(&[(i, h)]) - at(&[(i, -h)])) / (2.0 * h), 0.01)).collect();
        let hessian = |i: usize, j: usize| {
            romberg(
                &|h| {
                    if i == j {
                        (at(&[(i, h)]) - 2.0 * centre + at(&[(i, -h)])) / (h * h)
                    } else {
                        (at(&[(i, h), (j, h)]) - at(&[(i, h), (j, -h)]) - at(&[(i, -h), (j, h)])
                            + at(&[(i, -h), (j, -h)]))
                            / (4.0 * h * h)
                    }
                },
                0.04,
            )
        };
        let mut out = Mat::zeros(k, k);
        for i in 0..k {
            for j in 0..=i {
                out[(i, j)] = hessian(i, j);
                out[(j, i)] = out[(i, j)];
            }
        }
        (gradient, out)
    }

    /// Effects whose deviation is at zero.
    fn at_edge(&self, theta: &[f64]) -> Vec<bool> {
        let low = theta[theta.len() - 1] - EDGE + 0.5;
        (0..theta.len()).map(|i| i < self.effects && theta[i] <= low).collect()
    }

    /// Maximises from starting values.
    pub fn fit(&self, start: &[f64], iterations: usize) -> Option<MixedFit> {
        let mut theta = start.to_vec();
        let mut ll = self.value(&theta);
        if !ll.is_finite() {
            return None;
        }
        let (mut log, mut converged, mut remark) = (Vec::new(), false, "");
        let mut polish = 0;
        for iteration in 0..=iterations {
            if !converged {
                log.push(Iteration { ll, remark });
            }
            if iteration == iterations || polish == 4 {
                break;
            }
            let (mut gradient, hessian): (Vec<f64>, Mat) = self.derivatives(&theta);
            let edge = self.at_edge(&theta);
            // A deviation at zero that does not want to grow stays there.
            gradient.iter_mut().zip(&edge).filter(|(g, e)| **e && **g < 1e-6).for_each(|(g, _)| *g = 0.0);
            let information = hessian.scaled(-1.0);
            let (values, vectors) = information.symmetric_eigen();
            let top = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if !(top > 0.0 && top.is_finite()) {
                return None;
            }
            let concave = values.iter().all(|v| *v > 1e-8 * top);
            let along = vectors.transpose().times_vector(&gradient);
            let short: Vec<f64> =
                along.iter().zip(&values).map(|(g, v)| g / v.abs().max(1e-4 * top)).collect();
            let mut direction = vectors.times_vector(&short);
            let longest = direction.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
            if longest > 2.0 {
                direction.iter_mut().for_each(|d| *d *= 2.0 / longest);
            }
            let decrement: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
            let mut length = 1.0;
            let mut found = None;
            for _ in 0..30 {
                let mut next: Vec<f64> = theta.iter().zip(&direction).map(|(t, d)| t + length * d).collect();
                let low = next[next.len() - 1] - EDGE;
                next[..self.effects].iter_mut().for_each(|t| *t = t.max(low));
                let value = self.value(&next);
                if value.is_finite() && value >= ll - 1e-11 * ll.abs() {
                    found = Some((next, value));
                    break;
                }
                length *= 0.5;
            }
            let Some((next, value)) = found else {
                converged = converged || decrement.abs() < 1e-5;
                break;
            };
            remark = if !concave {
                "not concave"
            } else if length < 1.0 {
                "backed up"
            } else {
                ""
            };
            if converged {
                polish += 1;
            } else if decrement.abs() < 1e-7 * (1.0 + ll.abs()) {
                converged = true;
                log.push(Iteration { ll: value, remark });
            }
            (theta, ll) = (next, value);
        }
        let (_, hessian) = self.derivatives(&theta);
        let edge = self.at_edge(&theta);
        // A correlation with an effect at zero is not identified either.
        let free: Vec<usize> = (0..theta.len())
            .filter(|i| !edge[*i] && (*i < self.effects || *i + 1 == theta.len() || !edge.contains(&true)))
            .collect();
        let small = hessian.select(&free, &free).scaled(-1.0).inverse_definite();
        let mut v_theta = Mat::zeros(theta.len(), theta.len());
        if let Some(small) = small {
            for (i, a) in free.iter().enumerate() {
                for (j, b) in free.iter().enumerate() {
                    v_theta[(*a, *b)] = small[(i, j)];
                }
            }
        }
        Some(MixedFit { profile: self.profile(&theta)?, theta, v_theta, log, converged })
    }

    /// Predicted effects of a group from its residuals: `M Z' r` ([ME] mixed postestimation).
    pub fn effects_of(root: &Mat, s2: f64, z: &[Vec<f64>], residuals: &[f64]) -> Option<Vec<f64>> {
        let q = z.len();
        let zz = Mat::from_fn(q, q, |i, j| z[i].iter().zip(&z[j]).map(|(a, b)| a * b).sum());
        let zr: Vec<f64> = z.iter().map(|c| c.iter().zip(residuals).map(|(a, r)| a * r).sum()).collect();
        Some(Self::middle(root, &zz, s2)?.0.times_vector(&zr))
    }
}
