//! Maximum likelihood where the likelihood is a product over groups of rows: conditional logit and Poisson.
//! Counts with effects in their dispersion are in `ml_group_counts`, normal effects in `ml_random`.
//! Formulas: [R] clogit, [XT] xtlogit, [XT] xtprobit, [XT] xtpoisson.

use super::distributions::{ln_gamma, normal_quantile};
use super::matrix::Mat;
use super::ml::{Iteration, Limits, MlFit};
use super::ml_binary::Link;
use super::real::stable_sum;

/// Log likelihood of one group with its derivatives in all parameters.
pub struct GroupPoint {
    /// Log likelihood.
    pub ll: f64,
    /// Gradient.
    pub gradient: Vec<f64>,
    /// Hessian.
    pub hessian: Mat,
}

/// A likelihood by groups.
pub trait GroupLikelihood {
    /// Number of parameters.
    fn parameters(&self) -> usize;
    /// Number of groups.
    fn groups(&self) -> usize;
    /// The likelihood of a group.
    fn group(&self, group: usize, b: &[f64]) -> GroupPoint;
    /// Adapts the integration to the parameters; called before every evaluation.
    fn adapt(&mut self, _b: &[f64]) {}

    /// Adds the derivatives of a group to those of the sample and gives its log likelihood.
    fn add(&self, group: usize, b: &[f64], sample: &mut Total) -> f64 {
        let point = self.group(group, b);
        let all: Vec<usize> = (0..b.len()).collect();
        sample.add(&point, &all);
        point.ll
    }
}

/// The whole sample at a point.
pub struct Total {
    ll: f64,
    gradient: Vec<f64>,
    information: Mat,
}

impl Total {
    /// Adds the derivatives of a group in the parameters at `places`; in all others they are zero.
    pub(super) fn add(&mut self, point: &GroupPoint, places: &[usize]) {
        for (a, at) in places.iter().enumerate() {
            self.gradient[*at] += point.gradient[a];
            for (c, other) in places.iter().enumerate() {
                self.information[(*at, *other)] -= point.hessian[(a, c)];
            }
        }
    }
}

fn evaluate<L: GroupLikelihood>(model: &mut L, b: &[f64]) -> Total {
    model.adapt(b);
    let size = model.parameters();
    let mut out = Total { ll: 0.0, gradient: vec![0.0; size], information: Mat::zeros(size, size) };
    let mut terms = Vec::with_capacity(model.groups());
    for group in 0..model.groups() {
        terms.push(model.add(group, b, &mut out));
    }
    out.ll = stable_sum(terms);
    out
}

/// Newton step; where the likelihood is not concave, eigenvalues of the information are raised.
fn step(point: &Total) -> Option<(Vec<f64>, bool)> {
    if let Some(inverse) = point.information.inverse_definite() {
        return Some((inverse.times_vector(&point.gradient), true));
    }
    let (values, vectors) = point.information.symmetric_eigen();
    let top = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !(top > 0.0 && top.is_finite()) {
        return None;
    }
    let along = vectors.transpose().times_vector(&point.gradient);
    let shortened: Vec<f64> = along.iter().zip(&values).map(|(g, v)| g / v.abs().max(1e-6 * top)).collect();
    Some((vectors.times_vector(&shortened), false))
}

/// Maximises by Newton-Raphson with step halving. `clusters` gives the cluster of each group for a robust
/// covariance (factor G/(G-1)); without it the covariance is the inverse information.
pub fn maximise<L: GroupLikelihood>(
    model: &mut L,
    start: &[f64],
    limits: Limits,
    clusters: Option<(&[usize], usize)>,
) -> Option<MlFit> {
    let mut b = start.to_vec();
    let mut point = evaluate(model, &b);
    if !point.ll.is_finite() {
        return None;
    }
    let mut log = Vec::new();
    let (mut converged, mut remark, mut polish) = (false, "", 0);
    for iteration in 0..=limits.iterations {
        if !converged {
            log.push(Iteration { ll: point.ll, remark });
        }
        let (direction, concave) = step(&point)?;
        let decrement: f64 = direction.iter().zip(&point.gradient).map(|(s, g)| s * g).sum();
        if iteration == limits.iterations && !converged {
            break;
        }
        if converged && (decrement.abs() < 1e-20 * (1.0 + point.ll.abs()) || polish == 8) {
            break;
        }
        let mut length = 1.0;
        let mut found = None;
        // adapted integration leaves no longer way up after convergence: a few halvings show that
        for _ in 0..if converged { 4 } else { 40 } {
            let next: Vec<f64> = b.iter().zip(&direction).map(|(b, s)| b + length * s).collect();
            let at = evaluate(model, &next);
            // Adapted integration moves the likelihood a little near the maximum.
            let slack = if converged { 1e-9 } else { 1e-12 } * point.ll.abs();
            if at.ll.is_finite() && at.ll >= point.ll - slack && at.gradient.iter().all(|g| g.is_finite()) {
                found = Some((next, at));
                break;
            }
            length *= 0.5;
        }
        let Some((next_b, next)) = found else {
            converged = converged || (concave && decrement.abs() < limits.newton_tolerance);
            break;
        };
        let moved = b.iter().zip(&next_b).map(|(o, n)| (n - o).abs() / (o.abs() + 1.0)).fold(0.0, f64::max);
        let gained = (next.ll - point.ll).abs() / (point.ll.abs() + 1.0);
        remark = match (concave, length < 1.0) {
            (false, _) => "not concave",
            (true, true) => "backed up",
            _ => "",
        };
        if converged {
            polish += 1;
        } else if concave && (moved <= limits.tolerance || gained <= limits.likelihood_tolerance) {
            log.push(Iteration { ll: next.ll, remark });
            converged = true;
        }
        (b, point) = (next_b, next);
    }
    model.adapt(&b);
    let v_model = point.information.inverse_definite()?;
    let v = match clusters {
        None => v_model.clone(),
        Some((of_group, count)) => {
            let size = b.len();
            let mut sums = Mat::zeros(count, size);
            for group in 0..model.groups() {
                let score = model.group(group, &b).gradient;
                (0..size).for_each(|j| sums[(of_group[group], j)] += score[j]);
            }
            let meat = sums.transpose().times(&sums);
            v_model.sandwich(&meat).scaled(count as f64 / (count as f64 - 1.0))
        }
    };
    Some(MlFit { b, v, v_model, ll: point.ll, log, converged, constrained: None, scores: None })
}

/// Rows of each group and their regressors.
pub struct Grouped<'a> {
    /// Regressors by column.
    pub columns: Vec<&'a [f64]>,
    /// Outcome.
    pub y: &'a [f64],
    /// Offset.
    pub offset: Option<&'a [f64]>,
    /// Rows of each group.
    pub rows: Vec<Vec<usize>>,
}

impl Grouped<'_> {
    /// Regressors of the rows of a group, less those of its first row: what is common to a group cancels in a likelihood that
    /// is conditional on its total, and would take digits.
    fn within(&self, group: usize) -> Vec<Vec<f64>> {
        let rows = &self.rows[group];
        rows.iter().map(|row| self.columns.iter().map(|c| c[*row] - c[rows[0]]).collect()).collect()
    }

    /// Linear indices of the rows of a group from these regressors.
    fn indices(&self, group: usize, x: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
        let index = |(row, x): (&usize, &Vec<f64>)| {
            x.iter().zip(b).map(|(x, b)| x * b).sum::<f64>() + self.offset.map_or(0.0, |o| o[*row])
        };
        self.rows[group].iter().zip(x).map(index).collect()
    }

    /// Linear index of a row.
    pub(super) fn index(&self, row: usize, b: &[f64]) -> f64 {
        self.columns.iter().zip(b).map(|(c, b)| c[row] * b).sum::<f64>() + self.offset.map_or(0.0, |o| o[row])
    }
}

/// Conditional (fixed-effects) logit: the likelihood given the number of ones in the group, by the
/// recursion over rows of Gail, Lubin and Rubinstein (1981, Biometrika 68).
pub struct ConditionalLogit<'a>(pub Grouped<'a>);

impl GroupLikelihood for ConditionalLogit<'_> {
    fn parameters(&self) -> usize {
        self.0.columns.len()
    }

    fn groups(&self) -> usize {
        self.0.rows.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let p = b.len();
        let rows = &self.0.rows[group];
        let regressors = self.0.within(group);
        let eta = self.0.indices(group, &regressors, b);
        // A common shift of the indices cancels; it keeps the exponentials in range.
        let centre = eta.iter().sum::<f64>() / eta.len() as f64;
        let ones = rows.iter().filter(|r| self.0.y[**r] != 0.0).count();
        // f[j]: sum over sets of j rows of exp(sum of indices), with derivatives, rescaled as it grows.
        let mut value = vec![0.0; ones + 1];
        let mut first = vec![vec![0.0; p]; ones + 1];
        let mut second = vec![vec![0.0; p * p]; ones + 1];
        value[0] = 1.0;
        let mut scale = 0.0;
        for (position, x) in regressors.iter().enumerate() {
            let w = (eta[position] - centre).exp();
            for j in (1..=ones.min(position + 1)).rev() {
                let (low, high) = value.split_at_mut(j);
                let before = low[j - 1];
                high[0] += w * before;
                let (first_low, first_high) = first.split_at_mut(j);
                let (second_low, second_high) = second.split_at_mut(j);
                let (g, h) = (&first_low[j - 1], &second_low[j - 1]);
                for a in 0..p {
                    for c in 0..p {
                        second_high[0][a * p + c] +=
                            w * (h[a * p + c] + x[a] * g[c] + g[a] * x[c] + x[a] * x[c] * before);
                    }
                }
                for a in 0..p {
                    first_high[0][a] += w * (g[a] + x[a] * before);
                }
            }
            let top = value.iter().copied().fold(0.0, f64::max);
            if top > 1e100 {
                let factor = 1.0 / top;
                scale += top.ln();
                value.iter_mut().for_each(|v| *v *= factor);
                first.iter_mut().flatten().for_each(|v| *v *= factor);
                second.iter_mut().flatten().for_each(|v| *v *= factor);
            }
        }
        let total = value[ones];
        let mut out =
            GroupPoint { ll: -(total.ln() + scale), gradient: vec![0.0; p], hessian: Mat::zeros(p, p) };
        for (position, _) in rows.iter().enumerate().filter(|(_, r)| self.0.y[**r] != 0.0) {
            out.ll += eta[position] - centre;
            out.gradient.iter_mut().zip(&regressors[position]).for_each(|(g, x)| *g += x);
        }
        for a in 0..p {
            let ga = first[ones][a] / total;
            out.gradient[a] -= ga;
            for c in 0..p {
                out.hessian[(a, c)] = ga * first[ones][c] / total - second[ones][a * p + c] / total;
            }
        }
        out
    }
}

/// Conditional (fixed-effects) Poisson: multinomial given the total of the group.
pub struct ConditionalPoisson<'a>(pub Grouped<'a>);

impl GroupLikelihood for ConditionalPoisson<'_> {
    fn parameters(&self) -> usize {
        self.0.columns.len()
    }

    fn groups(&self) -> usize {
        self.0.rows.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let p = b.len();
        let rows = &self.0.rows[group];
        let regressors = self.0.within(group);
        let eta = self.0.indices(group, &regressors, b);
        let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = eta.iter().map(|e| (e - top).exp()).collect();
        let total: f64 = weights.iter().sum();
        let events: f64 = rows.iter().map(|r| self.0.y[*r]).sum();
        let mut out =
            GroupPoint { ll: ln_gamma(events + 1.0), gradient: vec![0.0; p], hessian: Mat::zeros(p, p) };
        let mut mean = vec![0.0; p];
        for (position, row) in rows.iter().enumerate() {
            let y = self.0.y[*row];
            out.ll += y * (eta[position] - top - total.ln()) - ln_gamma(y + 1.0);
            let share = weights[position] / total;
            for (a, average) in mean.iter_mut().enumerate() {
                let x = regressors[position][a];
                *average += share * x;
                out.gradient[a] += y * x;
                for (c, other) in regressors[position].iter().enumerate() {
                    out.hessian[(a, c)] -= events * share * x * other;
                }
            }
        }
        for a in 0..p {
            out.gradient[a] -= events * mean[a];
            for c in 0..p {
                out.hessian[(a, c)] += events * mean[a] * mean[c];
            }
        }
        out
    }
}

/// Index of a share under a link, for starting values.
pub fn start_index(link: Link, share: f64) -> f64 {
    match link {
        Link::Logit => (share / (1.0 - share)).ln(),
        Link::Probit => normal_quantile(share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A likelihood whose derivatives have their zero off its maximum, as those of an adapted quadrature have.
    struct Shifted {
        evaluations: Cell<usize>,
    }

    impl GroupLikelihood for Shifted {
        fn parameters(&self) -> usize {
            1
        }

        fn groups(&self) -> usize {
            1
        }

        fn group(&self, _: usize, b: &[f64]) -> GroupPoint {
            self.evaluations.set(self.evaluations.get() + 1);
            let mut hessian = Mat::zeros(1, 1);
            hessian[(0, 0)] = -2.0;
            GroupPoint { ll: -1000.0 - b[0] * b[0], gradient: vec![0.1 - 2.0 * b[0]], hessian }
        }
    }

    /// The search ends near the maximum and does not try step lengths without end in each of its last steps.
    #[test]
    fn a_search_that_cannot_rise_ends() {
        let mut model = Shifted { evaluations: Cell::new(0) };
        let fit = maximise(&mut model, &[0.02], Limits::default(), None).expect("a maximum");
        assert!(fit.converged && fit.b[0].abs() < 0.05, "{:?}", fit.b);
        assert!(model.evaluations.get() < 60, "{} evaluations", model.evaluations.get());
    }
}
