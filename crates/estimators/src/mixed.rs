//! Linear mixed models with one grouping level, or two nested ones: profile likelihood or restricted likelihood over
//! the variance parameters, from cross products of the groups. Formulas: [ME] mixed; Pinheiro and Bates 2000, chapter 2.

use super::matrix::Mat;
use super::mixed_levels::{Group, products, root_of};
use super::mixed_residuals::{Raw, Residual};
use super::ml::Iteration;
use super::real::stable_sum;

pub use super::mixed_levels::{Block, Effects, Form};

/// A mixed model. Variance parameters in order: for each level, the highest first, logs of the standard deviations of
/// the effects and inverse hyperbolic tangents of their correlations (unstructured only); log of the residual
/// standard deviation; parameters of the residual covariance.
pub struct Mixed {
    /// Groups of the highest level.
    pub(super) groups: Vec<Group>,
    levels: Vec<Vec<Block>>,
    /// Logs of the sizes of the effects' columns at the logs of the deviations, zero at the other variance parameters.
    sizes: Vec<f64>,
    /// Rows with the form of their covariance, where the residuals are not independent with one variance.
    pub(super) residual: Option<(Residual, Raw)>,
    /// Least squares of the outcome on the fixed effects, which `groups` are net of.
    pub(super) plain: Vec<f64>,
    /// Triangle `R` of `X = Q R`; the columns in `groups` are those of `Q`.
    pub(super) triangle: Mat,
    /// Number of fixed effects.
    pub fixed: usize,
    /// Rows.
    pub n: f64,
    /// Restricted likelihood.
    pub restricted: bool,
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
    /// A model from fixed-effects columns (with the constant) and one or two levels of random effects, the higher
    /// first; the groups of the second level lie within those of the first.
    pub fn new(
        y: &[f64],
        x: &[&[f64]],
        effects: &[Effects<'_>],
        residual: Option<Residual>,
        restricted: bool,
    ) -> Self {
        // Cross products of raw columns lose the digits that a large mean takes up.
        let (basis, triangle) = Mat::from_fn(y.len(), x.len(), |i, j| x[j][i]).thin_qr();
        let basis: Vec<Vec<f64>> =
            (0..x.len()).map(|j| (0..y.len()).map(|i| basis[(i, j)]).collect()).collect();
        let mut rest = y.to_vec();
        let mut along = vec![0.0; x.len()];
        for _ in 0..2 {
            for (column, sum) in basis.iter().zip(&mut along) {
                let share = stable_sum(column.iter().zip(&rest).map(|(q, r)| q * r));
                rest.iter_mut().zip(column).for_each(|(r, q)| *r -= share * q);
                *sum += share;
            }
        }
        let plain = triangle.inverse_upper().times_vector(&along);
        let (above, lowest) = match effects {
            [above, lowest] => (Some(above), lowest),
            _ => (None, &effects[0]),
        };
        let mut columns: Vec<&[f64]> = above.map_or(Vec::new(), |a| a.z.to_vec());
        columns.extend(basis.iter().map(Vec::as_slice));
        let mut of_row: Vec<usize> = vec![0; y.len()];
        for (at, rows) in above.unwrap_or(lowest).rows.iter().enumerate() {
            rows.iter().for_each(|row| of_row[*row] = at);
        }
        let mut members: Vec<Vec<&Vec<usize>>> =
            above.unwrap_or(lowest).rows.iter().map(|_| Vec::new()).collect();
        lowest.rows.iter().for_each(|rows| members[of_row[rows[0]]].push(rows));
        let of_rows = |rows: &&Vec<usize>| products(&rest, &columns, lowest.z, rows);
        let groups = members.iter().filter_map(|own| Group::of(own.iter().map(of_rows))).collect();
        let residual = residual.map(|form| {
            let members = members.iter().map(|own| own.iter().map(|rows| rows.to_vec()).collect());
            (form, Raw::new(&rest, &columns, lowest.z, members.collect()))
        });
        let mut out = Self {
            groups,
            residual,
            sizes: Vec::new(),
            levels: effects.iter().map(|e| e.blocks.to_vec()).collect(),
            plain,
            triangle,
            fixed: x.len(),
            n: y.len() as f64,
            restricted,
        };
        out.sizes = out.sizes_of(effects);
        out
    }

    /// The largest absolute value of each effect's column, as a log: one for an intercept.
    fn sizes_of(&self, effects: &[Effects<'_>]) -> Vec<f64> {
        let size = |columns: &[&[f64]]| {
            let top = columns.iter().flat_map(|c| c.iter()).fold(0.0_f64, |m, v| m.max(v.abs()));
            if top > 0.0 { top.ln() } else { 0.0 }
        };
        let mut out = Vec::new();
        for level in effects {
            let mut from = 0;
            for block in level.blocks {
                let own = &level.z[from..from + block.effects];
                match block.form {
                    Form::Identity => out.extend(vec![size(own); block.deviations()]),
                    _ => out.extend(own.iter().map(|c| size(&[c]))),
                }
                out.extend(vec![0.0; block.correlations()]);
                from += block.effects;
            }
        }
        out.extend(vec![0.0; 1 + self.residual_parameters()]);
        out
    }

    /// The log of the deviation at which each effect counts as zero, whatever the unit of its column.
    fn lowest(&self, theta: &[f64]) -> Vec<f64> {
        let low = theta[self.sigma_at(theta)] - EDGE;
        self.sizes.iter().map(|size| low - size).collect()
    }

    /// Roots of the covariances of the levels.
    pub fn roots(&self, theta: &[f64]) -> Option<Vec<Mat>> {
        let mut at = 0;
        let mut out = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            let (root, taken) = root_of(level, &theta[at..])?;
            out.push(root);
            at += taken;
        }
        Some(out)
    }

    /// For each variance parameter whether it is the log of a standard deviation of an effect.
    pub fn deviations(&self) -> Vec<bool> {
        let mut out = Vec::new();
        for block in self.levels.iter().flatten() {
            out.extend(std::iter::repeat_n(true, block.deviations()));
            out.extend(std::iter::repeat_n(false, block.correlations()));
        }
        out.extend(vec![false; 1 + self.residual_parameters()]);
        out
    }

    /// Position of the log of the residual standard deviation.
    pub fn sigma_at(&self, theta: &[f64]) -> usize {
        theta.len() - 1 - self.residual_parameters()
    }

    /// The profile likelihood.
    pub fn profile(&self, theta: &[f64]) -> Option<Profile> {
        let s2 = (2.0 * theta[self.sigma_at(theta)]).exp();
        let roots = self.roots(theta)?;
        let p = self.fixed;
        let (mut xvx, mut xvy, mut yvy, mut ln_det) = (Mat::zeros(p, p), vec![0.0; p], 0.0, 0.0);
        for group in self.groups_at(theta)?.iter() {
            let (xx, xy, yy, ln) = self.net(group, &roots, s2)?;
            xvx = xvx.plus(&xx);
            xvy.iter_mut().zip(&xy).for_each(|(sum, x)| *sum += x);
            yvy += yy;
            ln_det += ln;
        }
        let inverse = xvx.inverse_definite()?;
        let b = inverse.times_vector(&xvy);
        let rss = (yvy - b.iter().zip(&xvy).map(|(a, c)| a * c).sum::<f64>()) / s2;
        let two_pi = (2.0 * std::f64::consts::PI).ln();
        let mut ll = -0.5 * (self.n * two_pi + ln_det + rss);
        if self.restricted {
            let factor = xvx.cholesky()?;
            let ln_diagonal = |m: &Mat| (0..p).map(|i| m[(i, i)].abs().ln()).sum::<f64>();
            let ln_xvx = 2.0 * (ln_diagonal(&factor) + ln_diagonal(&self.triangle)) - p as f64 * s2.ln();
            ll += 0.5 * (p as f64 * two_pi - ln_xvx);
        }
        let back = self.triangle.inverse_upper();
        let b = back.times_vector(&b).iter().zip(&self.plain).map(|(b, p)| b + p).collect();
        Some(Profile { ll, b, v: back.sandwich(&inverse.scaled(s2)).symmetrised() })
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
        let near = self.deviations().into_iter().zip(theta).zip(self.lowest(theta));
        near.map(|((sd, t), low)| sd && *t <= low + 0.5).collect()
    }

    /// Puts small deviations to zero where that does not lower the likelihood: on the log scale the search would
    /// approach zero in steps of one half and end before.
    fn without_small(&self, mut theta: Vec<f64>, mut ll: f64) -> (Vec<f64>, f64) {
        let lowest = self.lowest(&theta);
        for (at, _) in self.deviations().iter().enumerate().filter(|(_, sd)| **sd) {
            if theta[at] < lowest[at] + EDGE - 2.0 {
                let mut zero = theta.clone();
                zero[at] = lowest[at];
                let value = self.value(&zero);
                if value >= ll {
                    (theta, ll) = (zero, value);
                }
            }
        }
        (theta, ll)
    }

    /// The first point along a direction that is no worse than `ll`, by halves of the step; deviations end at their lowest
    /// value. Returns it, its log likelihood, and whether the step was halved.
    fn along(
        &self,
        theta: &[f64],
        direction: &[f64],
        ll: f64,
        deviations: &[bool],
    ) -> Option<(Vec<f64>, f64, bool)> {
        (0..30).find_map(|halves| {
            let length = 0.5_f64.powi(halves);
            let mut next: Vec<f64> = theta.iter().zip(direction).map(|(t, d)| t + length * d).collect();
            let lowest = self.lowest(&next);
            let ends = next.iter_mut().zip(deviations).zip(&lowest);
            ends.filter(|((_, sd), _)| **sd).for_each(|((t, _), low)| *t = t.max(*low));
            let value = self.value(&next);
            let rises = value.is_finite() && value >= ll - 1e-11 * ll.abs();
            rises.then_some((next, value, halves > 0))
        })
    }

    /// Covariance of the parameters of the effects; zero for those at the edge.
    fn covariance(&self, theta: &[f64], deviations: &[bool]) -> Mat {
        let (_, hessian) = self.derivatives(theta);
        let edge = self.at_edge(theta);
        // A correlation with an effect at zero is not identified either.
        let free: Vec<usize> = (0..theta.len())
            .filter(|i| !edge[*i] && (deviations[*i] || *i >= self.sigma_at(theta) || !edge.contains(&true)))
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
        v_theta
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
        let deviations = self.deviations();
        for iteration in 0..=iterations {
            if !converged {
                log.push(Iteration { ll, remark });
            }
            if iteration == iterations || polish == 8 {
                break;
            }
            let (mut gradient, hessian): (Vec<f64>, Mat) = self.derivatives(&theta);
            let edge = self.at_edge(&theta);
            // A deviation at zero that does not want to grow stays there.
            gradient.iter_mut().zip(&edge).filter(|(g, e)| **e && **g < 1e-6).for_each(|(g, _)| *g = 0.0);
            let (direction, concave) = ascent(&gradient, &hessian.scaled(-1.0))?;
            let decrement: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
            let found = self.along(&theta, &direction, ll, &deviations);
            let Some((next, value, halved)) = found else {
                converged = converged || decrement.abs() < 1e-5;
                break;
            };
            remark = if !concave {
                "not concave"
            } else if halved {
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
            if converged && polish == 0 {
                (theta, ll) = self.without_small(theta, ll);
            }
        }
        let v_theta = self.covariance(&theta, &deviations);
        Some(MixedFit { profile: self.profile(&theta)?, theta, v_theta, log, converged })
    }
}

/// The direction of ascent by the absolute eigenvalues of the information, at most 2 long in each parameter, and whether
/// the information is positive definite. `None` where it is not finite.
fn ascent(gradient: &[f64], information: &Mat) -> Option<(Vec<f64>, bool)> {
    let (values, vectors) = information.symmetric_eigen();
    let top = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !(top > 0.0 && top.is_finite()) {
        return None;
    }
    let along = vectors.transpose().times_vector(gradient);
    let short: Vec<f64> = along.iter().zip(&values).map(|(g, v)| g / v.abs().max(1e-7 * top)).collect();
    let mut direction = vectors.times_vector(&short);
    let longest = direction.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    if longest > 2.0 {
        direction.iter_mut().for_each(|d| *d *= 2.0 / longest);
    }
    Some((direction, values.iter().all(|v| *v > 1e-8 * top)))
}
