//! Nested logit with two levels: alternatives in nests whose dissimilarity parameters scale the index of their alternatives
//! (McFadden 1981; [CM] nlogit, Methods and formulas), and any likelihood by groups under linear constraints.
//!
//! Parameters: those of the alternatives, those of the nests, the dissimilarity parameters. In the form that is consistent
//! with random utility `P(j|m) = exp(u_j/t_m) / sum exp(u_l/t_m)`, `P(m) = exp(w_m + t_m I_m) / sum exp(w_n + t_n I_n)`;
//! the form that is not normalised has `u_j` in the place of `u_j/t_m`.

use super::allowed::Allowed;
use super::matrix::Mat;
use super::ml_group::{GroupLikelihood, GroupPoint};
use super::ml_mixture::mixture;

/// The likelihood.
pub struct NestedLogit<'a> {
    /// Regressors of the alternatives.
    pub alternatives: Vec<&'a [f64]>,
    /// Regressors of the nests; rows of a nest have the same value in a case.
    pub nests: Vec<&'a [f64]>,
    /// Number of nests.
    pub count: usize,
    /// Nest of each row.
    pub nest: &'a [usize],
    /// Whether the row is chosen.
    pub chosen: &'a [bool],
    /// Rows of each case.
    pub cases: &'a [Vec<usize>],
    /// The form that is consistent with random utility.
    pub normalised: bool,
}

/// A value with gradient and Hessian in all parameters.
type Part = (f64, Vec<f64>, Mat);

/// The probabilities of a row: of its nest, within its nest, and both; and the inclusive value of its nest.
pub struct Shares {
    /// Probability of the nest.
    pub nest: f64,
    /// Probability within the nest.
    pub within: f64,
    /// Inclusive value.
    pub inclusive: f64,
}

impl NestedLogit<'_> {
    fn tau_at(&self, nest: usize) -> usize {
        self.alternatives.len() + self.nests.len() + nest
    }

    /// The scaled index of a row.
    fn index(&self, row: usize, b: &[f64]) -> Part {
        let (k, size) = (self.alternatives.len(), b.len());
        let x: Vec<f64> = self.alternatives.iter().map(|c| c[row]).collect();
        let u: f64 = x.iter().zip(b).map(|(x, b)| x * b).sum();
        let (mut gradient, mut hessian) = (vec![0.0; size], Mat::zeros(size, size));
        if !self.normalised {
            gradient[..k].copy_from_slice(&x);
            return (u, gradient, hessian);
        }
        let at = self.tau_at(self.nest[row]);
        let tau = b[at];
        for (a, x) in x.iter().enumerate() {
            gradient[a] = x / tau;
            hessian[(a, at)] = -x / (tau * tau);
            hessian[(at, a)] = hessian[(a, at)];
        }
        gradient[at] = -u / (tau * tau);
        hessian[(at, at)] = 2.0 * u / (tau * tau * tau);
        (u / tau, gradient, hessian)
    }

    /// Inclusive value of the rows of a nest, and the index of the nest.
    fn upper(&self, rows: &[usize], b: &[f64]) -> (GroupPoint, Part) {
        let size = b.len();
        let parts: Vec<Part> = rows.iter().map(|r| self.index(*r, b)).collect();
        let inclusive = mixture(&parts, size);
        let at = self.tau_at(self.nest[rows[0]]);
        let tau = b[at];
        let mut value = tau * inclusive.ll;
        let mut gradient: Vec<f64> = inclusive.gradient.iter().map(|g| tau * g).collect();
        let mut hessian = inclusive.hessian.clone().scaled(tau);
        gradient[at] += inclusive.ll;
        for a in 0..size {
            hessian[(a, at)] += inclusive.gradient[a];
            hessian[(at, a)] += inclusive.gradient[a];
        }
        for (j, column) in self.nests.iter().enumerate() {
            let place = self.alternatives.len() + j;
            value += column[rows[0]] * b[place];
            gradient[place] += column[rows[0]];
        }
        (inclusive, (value, gradient, hessian))
    }

    /// Rows of a case by nest.
    fn by_nest(&self, rows: &[usize]) -> Vec<Vec<usize>> {
        let mut out = vec![Vec::new(); self.count];
        rows.iter().for_each(|r| out[self.nest[*r]].push(*r));
        out.into_iter().filter(|rows: &Vec<usize>| !rows.is_empty()).collect()
    }

    /// Probabilities of the rows of a case, in the order of its rows.
    pub fn shares(&self, case: usize, b: &[f64]) -> Vec<Shares> {
        let rows = &self.cases[case];
        let nests = self.by_nest(rows);
        let upper: Vec<(GroupPoint, Part)> = nests.iter().map(|own| self.upper(own, b)).collect();
        let parts: Vec<Part> = upper.iter().map(|u| u.1.clone()).collect();
        let total = mixture(&parts, b.len()).ll;
        let of_row = |row: &usize| {
            let at = nests.iter().position(|own| own.contains(row)).unwrap_or(0);
            let inclusive = upper[at].0.ll;
            Shares {
                nest: (upper[at].1.0 - total).exp(),
                within: (self.index(*row, b).0 - inclusive).exp(),
                inclusive,
            }
        };
        rows.iter().map(of_row).collect()
    }
}

impl GroupLikelihood for NestedLogit<'_> {
    fn parameters(&self) -> usize {
        self.alternatives.len() + self.nests.len() + self.count
    }

    fn groups(&self) -> usize {
        self.cases.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let size = b.len();
        let nests = self.by_nest(&self.cases[group]);
        let mut out = GroupPoint { ll: 0.0, gradient: vec![0.0; size], hessian: Mat::zeros(size, size) };
        let mut add = |ll: f64, gradient: &[f64], hessian: &Mat, sign: f64| {
            out.ll += sign * ll;
            out.gradient.iter_mut().zip(gradient).for_each(|(o, g)| *o += sign * g);
            out.hessian = out.hessian.plus(&hessian.clone().scaled(sign));
        };
        let mut parts: Vec<Part> = Vec::with_capacity(nests.len());
        for own in &nests {
            let (inclusive, index) = self.upper(own, b);
            if let Some(row) = own.iter().find(|r| self.chosen[**r]) {
                let (u, g, h) = self.index(*row, b);
                add(u, &g, &h, 1.0);
                add(inclusive.ll, &inclusive.gradient, &inclusive.hessian, -1.0);
                add(index.0, &index.1, &index.2, 1.0);
            }
            parts.push(index);
        }
        let total = mixture(&parts, size);
        add(total.ll, &total.gradient, &total.hessian, -1.0);
        out
    }
}

/// A likelihood in the free parameters of linear constraints.
pub struct Held<'a, L> {
    /// The likelihood.
    pub inner: L,
    /// The constraints.
    pub allowed: &'a Allowed,
}

impl<L> Held<'_, L> {
    /// All parameters from the free ones.
    pub fn all(&self, free: &[f64]) -> Vec<f64> {
        let along = self.allowed.basis.times_vector(free);
        along.iter().zip(&self.allowed.origin).map(|(a, o)| a + o).collect()
    }

    /// The free parameters next to given ones.
    pub fn free(&self, b: &[f64]) -> Vec<f64> {
        let away: Vec<f64> = b.iter().zip(&self.allowed.origin).map(|(b, o)| b - o).collect();
        self.allowed.basis.transpose().times_vector(&away)
    }
}

impl<L: GroupLikelihood> GroupLikelihood for Held<'_, L> {
    fn parameters(&self) -> usize {
        self.allowed.basis.cols()
    }

    fn groups(&self) -> usize {
        self.inner.groups()
    }

    fn adapt(&mut self, free: &[f64]) {
        let all = self.all(free);
        self.inner.adapt(&all);
    }

    fn group(&self, group: usize, free: &[f64]) -> GroupPoint {
        let point = self.inner.group(group, &self.all(free));
        let back = self.allowed.basis.transpose();
        GroupPoint {
            ll: point.ll,
            gradient: back.times_vector(&point.gradient),
            hessian: back.sandwich(&point.hessian),
        }
    }
}
