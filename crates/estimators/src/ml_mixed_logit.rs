//! Mixed logit by simulated maximum likelihood: choices of people whose coefficients vary.
//!
//! Formulas: Train (2009), Discrete Choice Methods with Simulation, chapters 6 and 9; Revelt and Train (1998), Review of
//! Economics and Statistics 80; Hole (2007), Stata Journal 7: 388-401.

use super::combination_scales::moments;
use super::distributions::normal_quantile;
use super::matrix::Mat;
use super::ml::MlFit;
use super::ml_group::{GroupLikelihood, GroupPoint};

/// Choices of people.
pub struct MixedLogit<'a> {
    /// Attributes: those with one coefficient for all, then those with random ones.
    pub columns: Vec<&'a [f64]>,
    /// Number of attributes with one coefficient.
    pub fixed: usize,
    /// Number of random coefficients, at the end, whose logarithm is normal.
    pub lognormal: usize,
    /// Whether random coefficients are correlated.
    pub correlated: bool,
    /// One for the alternative that was chosen.
    pub y: &'a [f64],
    /// Rows of each choice of each person.
    pub people: Vec<Vec<Vec<usize>>>,
    /// Weight of each person.
    pub weights: Vec<f64>,
    /// Standard normal draws: for each person as many as `draws`, each with a number for every random coefficient.
    pub normals: Vec<f64>,
    /// Draws for each person.
    pub draws: usize,
}

/// Attributes less their mean in each choice, which cancels in every probability, in units of their deviation from it: a
/// search does not depend on their origin and unit.
pub struct Attributes {
    /// The columns.
    pub columns: Vec<Vec<f64>>,
    scales: Vec<f64>,
}

impl Attributes {
    /// Of columns and the rows of each choice.
    pub fn of(columns: &[&[f64]], choices: &[Vec<usize>]) -> Self {
        let mut out = Self { columns: Vec::new(), scales: Vec::new() };
        for column in columns {
            let mut own = column.to_vec();
            for rows in choices {
                let mean = rows.iter().map(|i| column[*i]).sum::<f64>() / rows.len() as f64;
                rows.iter().for_each(|i| own[*i] -= mean);
            }
            let scale = moments(own.iter().copied(), own.len(), false).map_or(1.0, |m| m.1);
            own.iter_mut().for_each(|v| *v /= scale);
            out.columns.push(own);
            out.scales.push(scale);
        }
        out
    }

    /// The columns as slices.
    pub fn slices(&self) -> Vec<&[f64]> {
        self.columns.iter().map(Vec::as_slice).collect()
    }

    /// For each parameter of a model with these columns the factor and the term that take it to the units of the data: the
    /// logarithm of a lognormal coefficient moves, every other coefficient and its spread are multiplied.
    pub fn units(&self, fixed: usize, lognormal: usize, correlated: bool) -> Vec<(f64, f64)> {
        let k = self.scales.len();
        let unit = |i: usize| {
            if i >= k - lognormal { (1.0, -self.scales[i].ln()) } else { (1.0 / self.scales[i], 0.0) }
        };
        let spreads = spread_places(k - fixed, correlated).into_iter().map(|(i, _)| (unit(fixed + i).0, 0.0));
        (0..k).map(unit).chain(spreads).collect()
    }
}

/// Takes a fit to the units of the data ([`Attributes::units`]).
pub fn in_units(fit: &mut MlFit, units: &[(f64, f64)]) {
    fit.b.iter_mut().zip(units).for_each(|(b, (factor, term))| *b = *b * factor + term);
    let scaled = |v: &Mat| Mat::from_fn(v.rows(), v.cols(), |i, j| v[(i, j)] * units[i].0 * units[j].0);
    (fit.v, fit.v_model) = (scaled(&fit.v), scaled(&fit.v_model));
}

/// Element `index`, from one, of Halton's sequence to a base.
fn halton(mut index: usize, base: usize) -> f64 {
    let (mut out, mut digit) = (0.0, 1.0);
    while index > 0 {
        digit /= base as f64;
        out += digit * (index % base) as f64;
        index /= base;
    }
    out
}

/// The first primes.
fn primes(count: usize) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    let mut next = 2;
    while out.len() < count {
        if out.iter().all(|p| next % p != 0) {
            out.push(next);
        }
        next += 1;
    }
    out
}

/// Normal quantiles of Halton's sequences, a dimension for each prime, without the first `burn` elements.
pub fn halton_normals(count: usize, dimensions: usize, burn: usize) -> Vec<f64> {
    let bases = primes(dimensions);
    (0..count).flat_map(|i| bases.iter().map(move |b| normal_quantile(halton(burn + 1 + i, *b)))).collect()
}

/// Row and column of each parameter of the spread, in the order of the parameters.
pub fn spread_places(random: usize, correlated: bool) -> Vec<(usize, usize)> {
    match correlated {
        false => (0..random).map(|k| (k, k)).collect(),
        true => (0..random).flat_map(|j| (j..random).map(move |i| (i, j))).collect(),
    }
}

/// Value and derivatives in the coefficients of one draw.
struct Draw {
    ll: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl MixedLogit<'_> {
    fn random(&self) -> usize {
        self.columns.len() - self.fixed
    }

    /// Log likelihood of all choices of a person at coefficients.
    fn choices(&self, person: usize, beta: &[f64]) -> Draw {
        let k = beta.len();
        let mut out = Draw { ll: 0.0, gradient: vec![0.0; k], hessian: vec![0.0; k * k] };
        for rows in &self.people[person] {
            let utility: Vec<f64> =
                rows.iter().map(|r| self.columns.iter().zip(beta).map(|(c, b)| c[*r] * b).sum()).collect();
            let top = utility.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = utility.iter().map(|u| (u - top).exp()).collect();
            let total: f64 = weights.iter().sum();
            let mean: Vec<f64> = self
                .columns
                .iter()
                .map(|c| rows.iter().zip(&weights).map(|(r, w)| w * c[*r]).sum::<f64>() / total)
                .collect();
            for (i, row) in rows.iter().enumerate() {
                let away: Vec<f64> = self.columns.iter().zip(&mean).map(|(c, m)| c[*row] - m).collect();
                let p = weights[i] / total;
                if self.y[*row] != 0.0 {
                    out.ll += utility[i] - top - total.ln();
                    out.gradient.iter_mut().zip(&away).for_each(|(g, a)| *g += a);
                }
                for a in 0..k {
                    for b in 0..k {
                        out.hessian[a * k + b] -= p * away[a] * away[b];
                    }
                }
            }
        }
        out
    }

    /// The probability of each row to be chosen, as the mean over the draws of its person; zero for rows of nobody.
    pub fn probabilities(&self, b: &[f64]) -> Vec<f64> {
        let random = self.random();
        let mut out = vec![0.0; self.y.len()];
        for (person, situations) in self.people.iter().enumerate() {
            for draw in 0..self.draws {
                let from = (person * self.draws + draw) * random;
                let (beta, _) = self.coefficients(b, &self.normals[from..from + random]);
                for rows in situations {
                    let value =
                        |r: &usize| self.columns.iter().zip(&beta).map(|(c, b)| c[*r] * b).sum::<f64>();
                    let utility: Vec<f64> = rows.iter().map(value).collect();
                    let top = utility.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let total: f64 = utility.iter().map(|u| (u - top).exp()).sum();
                    for (row, u) in rows.iter().zip(&utility) {
                        out[*row] += (u - top).exp() / total / self.draws as f64;
                    }
                }
            }
        }
        out
    }

    /// Coefficients of a draw, and their derivatives in the linear parts.
    fn coefficients(&self, b: &[f64], normals: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let k = self.columns.len();
        let mut beta = b[..k].to_vec();
        for ((i, j), s) in spread_places(self.random(), self.correlated).into_iter().zip(&b[k..]) {
            beta[self.fixed + i] += s * normals[j];
        }
        let mut slopes = vec![1.0; k];
        for i in k - self.lognormal..k {
            beta[i] = beta[i].exp();
            slopes[i] = beta[i];
        }
        (beta, slopes)
    }
}

impl GroupLikelihood for MixedLogit<'_> {
    fn parameters(&self) -> usize {
        self.columns.len() + spread_places(self.random(), self.correlated).len()
    }

    fn groups(&self) -> usize {
        self.people.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let (size, k, random) = (self.parameters(), self.columns.len(), self.random());
        let places = spread_places(random, self.correlated);
        let mut points: Vec<(f64, Vec<f64>, Mat)> = Vec::with_capacity(self.draws);
        for draw in 0..self.draws {
            let from = (group * self.draws + draw) * random;
            let normals = &self.normals[from..from + random];
            let (beta, slopes) = self.coefficients(b, normals);
            let at = self.choices(group, &beta);
            // each parameter moves one linear part: itself, or a random coefficient by a normal draw
            let part = |p: usize| match p.checked_sub(k) {
                None => (p, 1.0),
                Some(s) => (self.fixed + places[s].0, normals[places[s].1]),
            };
            let parts: Vec<(usize, f64)> = (0..size).map(part).collect();
            let gradient: Vec<f64> = parts.iter().map(|(i, x)| at.gradient[*i] * slopes[*i] * x).collect();
            let second = Mat::from_fn(size, size, |p, q| {
                let ((i, x), (j, z)) = (parts[p], parts[q]);
                let bend = if i == j && i >= k - self.lognormal { at.gradient[i] * beta[i] } else { 0.0 };
                x * z * (at.hessian[i * k + j] * slopes[i] * slopes[j] + bend)
            });
            points.push((at.ll, gradient, second));
        }
        self.average(&points, size, self.weights[group])
    }
}

impl MixedLogit<'_> {
    /// The log of the mean likelihood of all draws with its derivatives.
    fn average(&self, points: &[(f64, Vec<f64>, Mat)], size: usize, weight: f64) -> GroupPoint {
        let top = points.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = points.iter().map(|p| (p.0 - top).exp()).collect();
        let total: f64 = shares.iter().sum();
        let mut gradient = vec![0.0; size];
        let mut hessian = Mat::zeros(size, size);
        for ((_, g, h), share) in points.iter().zip(&shares) {
            let w = share / total;
            for a in 0..size {
                gradient[a] += w * g[a];
                for c in 0..size {
                    hessian[(a, c)] += w * (h[(a, c)] + g[a] * g[c]);
                }
            }
        }
        let hessian = Mat::from_fn(size, size, |a, c| weight * (hessian[(a, c)] - gradient[a] * gradient[c]));
        gradient.iter_mut().for_each(|g| *g *= weight);
        GroupPoint { ll: weight * (top + (total / self.draws as f64).ln()), gradient, hessian }
    }
}
