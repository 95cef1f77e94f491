//! Starting values: loadings from the first component of the indicators of each latent variable, or equal ones; regressions
//! of observed variables by least squares, other paths and covariances at zero.

use super::likelihood::Problem;
use super::{Cell, Means, Model, Value};
use crate::matrix::Mat;

/// Share of the variance of an indicator that is left to its error.
const UNIQUE: f64 = 0.5;

/// Loading of a latent variable's only indicator, as a correlation.
const ALONE: f64 = 0.9;

/// Correlation of an indicator with its latent variable where all are equal.
const EQUAL: f64 = 0.6;

/// Where the loadings start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loadings {
    /// At the first component.
    Component,
    /// Equal, with the signs of the covariances with the indicator that sets the scale.
    Signed,
    /// Equal and positive.
    Positive,
}

/// Scale of each variable, and the correlation of each indicator with its latent variable by (indicator, latent).
struct Scales {
    of: Vec<f64>,
    loading: Vec<(usize, usize, f64)>,
}

impl Model {
    fn fixed(&self, cell: Cell) -> Option<f64> {
        self.cells.iter().find(|(c, _)| *c == cell).and_then(|(_, value)| match value {
            Value::Fixed(x) => Some(*x),
            Value::Free(_) => None,
        })
    }

    fn effects_of(&self, variable: usize) -> Vec<usize> {
        let to = |(cell, _): &(Cell, Value)| match cell {
            Cell::Path { to, from } if *from == variable => Some(*to),
            _ => None,
        };
        self.cells.iter().filter_map(to).collect()
    }

    fn causes_of(&self, variable: usize) -> Vec<usize> {
        let from = |(cell, _): &(Cell, Value)| match cell {
            Cell::Path { to, from } if *to == variable => Some(*from),
            _ => None,
        };
        self.cells.iter().filter_map(from).collect()
    }
}

/// Correlations of indicators with the component that they share.
fn component(s: &Mat, indicators: &[usize]) -> Vec<f64> {
    if indicators.len() == 1 {
        return vec![ALONE];
    }
    let sd: Vec<f64> = indicators.iter().map(|i| s[(*i, *i)].sqrt()).collect();
    let r = Mat::from_fn(indicators.len(), indicators.len(), |i, j| {
        s[(indicators[i], indicators[j])] / (sd[i] * sd[j])
    });
    let (values, vectors) = r.symmetric_eigen();
    // the part of the first component that is more than an indicator by itself
    let common = ((values[0] - 1.0).max(0.1) * values[0]).sqrt();
    let raw: Vec<f64> = (0..indicators.len()).map(|i| vectors[(i, 0)] * common.sqrt()).collect();
    let size = |x: f64| if x.abs() < 0.1 { 0.1_f64.copysign(x) } else { x.clamp(-0.95, 0.95) };
    raw.into_iter().map(size).collect()
}

fn correlations(s: &Mat, indicators: &[usize], anchor: usize, kind: Loadings) -> Vec<f64> {
    match kind {
        Loadings::Component => component(s, indicators),
        Loadings::Signed => indicators.iter().map(|i| EQUAL.copysign(s[(*i, anchor)])).collect(),
        Loadings::Positive => vec![EQUAL; indicators.len()],
    }
}

/// The indicator with a fixed loading, and the loading.
fn anchor_of(model: &Model, latent: usize, indicators: &[usize]) -> Option<(usize, f64)> {
    let fixed = |i: &usize| model.fixed(Cell::Path { to: *i, from: latent }).filter(|x| *x != 0.0);
    indicators.iter().enumerate().find_map(|(at, i)| fixed(i).map(|x| (at, x)))
}

fn scales(model: &Model, s: &Mat, kind: Loadings) -> Scales {
    let p = model.observed;
    let mut out = Scales { of: vec![0.0; model.variables], loading: Vec::new() };
    for i in 0..p {
        out.of[i] = s[(i, i)].sqrt();
    }
    // latent variables with observed indicators first, then those above them
    for _ in p..model.variables {
        for latent in p..model.variables {
            if out.of[latent] > 0.0 {
                continue;
            }
            let effects = model.effects_of(latent);
            let own: Vec<usize> = effects.iter().copied().filter(|i| *i < p).collect();
            let (indicators, mut loading) = if own.is_empty() {
                let known: Vec<usize> = effects.into_iter().filter(|i| out.of[*i] > 0.0).collect();
                let loading = vec![0.7; known.len()];
                (known, loading)
            } else {
                let first = anchor_of(model, latent, &own).map_or(own[0], |(at, _)| own[at]);
                let loading = correlations(s, &own, first, kind);
                (own, loading)
            };
            if indicators.is_empty() {
                continue;
            }
            let anchored = anchor_of(model, latent, &indicators);
            let variance = model.fixed(Cell::Covariance(latent, latent)).filter(|v| *v > 0.0);
            let negative = match anchored {
                Some((a, x)) => loading[a] * x < 0.0,
                None => loading.iter().sum::<f64>() < 0.0,
            };
            if negative {
                loading.iter_mut().for_each(|l| *l = -*l);
            }
            out.of[latent] = match (anchored, variance) {
                (Some((a, x)), _) => (loading[a] * out.of[indicators[a]] / x).abs(),
                (None, Some(v)) if model.causes_of(latent).is_empty() => v.sqrt(),
                (None, Some(v)) => (v / UNIQUE).sqrt(),
                (None, None) => 1.0,
            };
            out.loading.extend(indicators.iter().zip(&loading).map(|(i, l)| (*i, latent, *l)));
        }
    }
    out.of[p..].iter_mut().filter(|x| **x == 0.0).for_each(|x| *x = 1.0);
    out
}

/// Coefficients of the observed causes of each observed variable.
fn regressions(model: &Model, s: &Mat) -> Vec<Vec<(usize, f64)>> {
    let of = |to: usize| {
        let causes: Vec<usize> = model.causes_of(to).into_iter().filter(|c| *c < model.observed).collect();
        let (inverse, _, _) = s.select(&causes, &causes).inverse_semidefinite(1e-8);
        let cross: Vec<f64> = causes.iter().map(|c| s[(*c, to)]).collect();
        causes.iter().copied().zip(inverse.times_vector(&cross)).collect()
    };
    (0..model.observed).map(of).collect()
}

impl Problem<'_> {
    fn variance_start(&self, s: &Mat, scales: &Scales, fitted: &[Vec<(usize, f64)>], v: usize) -> f64 {
        let causes = self.model.causes_of(v);
        let full = scales.of[v].powi(2);
        if causes.is_empty() {
            return full;
        }
        if causes.iter().any(|c| *c >= self.model.observed) || v >= self.model.observed {
            return UNIQUE * full;
        }
        let explained: f64 = fitted[v].iter().map(|(c, b)| b * s[(*c, v)]).sum();
        (full - explained).max(0.05 * full)
    }

    fn cell_start(&self, cell: Cell, s: &Mat, scales: &Scales, fitted: &[Vec<(usize, f64)>]) -> f64 {
        let p = self.model.observed;
        match cell {
            Cell::Path { to, from } if from >= p => {
                let found = scales.loading.iter().find(|(i, l, _)| (*i, *l) == (to, from));
                found.map_or(0.0, |(_, _, r)| r * scales.of[to] / scales.of[from])
            }
            Cell::Path { to, from } if to < p => {
                fitted[to].iter().find(|(c, _)| *c == from).map_or(0.0, |(_, b)| *b)
            }
            Cell::Path { .. } => 0.0,
            Cell::Covariance(a, b) if a == b => self.variance_start(s, scales, fitted, a),
            Cell::Covariance(a, b) => {
                let exogenous = |v: usize| v < p && self.model.causes_of(v).is_empty();
                if exogenous(a) && exogenous(b) { s[(a, b)] } else { 0.0 }
            }
            Cell::Mean(v) => match self.means {
                Means::Cells if v < p => {
                    let shift = |(c, b): &(usize, f64)| b * self.sample.centre[*c];
                    self.sample.centre[v] - fitted[v].iter().map(shift).sum::<f64>()
                }
                _ => 0.0,
            },
        }
    }

    /// Starting values in the order of the parameters; cells that share one are averaged.
    pub(super) fn start(&self, kind: Loadings) -> Vec<f64> {
        let s = self.sample.covariance();
        let (scales, fitted) = (scales(self.model, &s, kind), regressions(self.model, &s));
        let mut sums = vec![(0.0, 0.0); self.model.parameters];
        for (cell, k) in self.free() {
            sums[k].0 += self.cell_start(cell, &s, &scales, &fitted);
            sums[k].1 += 1.0;
        }
        let found: Vec<f64> = sums.iter().map(|(sum, n)| sum / f64::max(*n, 1.0)).collect();
        if self.value(&found).is_some() {
            return found;
        }
        self.plain_start(&s, &scales, &found)
    }

    /// Starting values without paths between observed variables and covariances: implied covariances that are positive
    /// definite even where the available pairs are not.
    fn plain_start(&self, s: &Mat, scales: &Scales, found: &[f64]) -> Vec<f64> {
        let mut out = found.to_vec();
        for (cell, k) in self.free() {
            match cell {
                Cell::Path { from, .. } if from < self.model.observed => out[k] = 0.0,
                Cell::Covariance(a, b) if a != b => out[k] = 0.0,
                Cell::Covariance(a, _) if a < self.model.observed => out[k] = s[(a, a)],
                Cell::Covariance(a, _) => out[k] = scales.of[a].powi(2),
                _ => {}
            }
        }
        out
    }
}
