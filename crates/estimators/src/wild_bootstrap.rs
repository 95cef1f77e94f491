//! The wild (cluster) bootstrap of Wald statistics in linear regression: Cameron, Gelbach and Miller (2008), Review of
//! Economics and Statistics 90; Roodman, MacKinnon, Nielsen and Webb (2019), Stata Journal 19.
//!
//! A draw gives each bootstrap cluster a weight with mean zero and variance one. The outcome of the draw is the fit of the
//! model plus the residuals times the weights, and its statistic is compared with that of the data.

use super::matrix::Mat;
use super::panel::Units;

/// Statistics that agree to this share count as equal: draws of equal weights repeat the statistic of the data.
const TIE: f64 = 1e-9;

/// A regression on columns from which absorbed effects are removed already.
pub struct Regression<'a> {
    /// Columns of the regressors.
    pub columns: &'a [Vec<f64>],
    /// Weights of the rows.
    pub weights: Option<&'a [f64]>,
    /// Absorbed effects, removed from the disturbances of each draw.
    pub effects: Option<&'a Units>,
    /// Residuals of the regression.
    pub residuals: &'a [f64],
    /// Coefficients.
    pub b: &'a [f64],
    /// Restrictions `R b = r`: rows of `R`.
    pub restrictions: &'a Mat,
    /// Right side of the restrictions.
    pub targets: &'a [f64],
    /// Clusters of the errors.
    pub clusters: &'a Units,
    /// Clusters that get one weight.
    pub draws: &'a Units,
}

/// Weights of the bootstrap clusters: how many draws, and the next one.
pub struct Weights<'a> {
    /// Number of draws.
    pub count: usize,
    /// Weights of one draw, in the order of the clusters; called with the number of the draw.
    pub draw: &'a mut dyn FnMut(usize) -> Vec<f64>,
}

/// Distance from the restrictions and the scores of clusters, of one vector of disturbances.
#[derive(Clone)]
struct Response {
    distance: Vec<f64>,
    scores: Vec<f64>,
}

impl Response {
    fn scaled_sum(size: (usize, usize), parts: &[Self], weights: &[f64]) -> Self {
        let mut out = Self { distance: vec![0.0; size.0], scores: vec![0.0; size.1] };
        for (part, weight) in parts.iter().zip(weights) {
            out.distance.iter_mut().zip(&part.distance).for_each(|(o, x)| *o += weight * x);
            out.scores.iter_mut().zip(&part.scores).for_each(|(o, x)| *o += weight * x);
        }
        out
    }
}

/// The bootstrap of one hypothesis.
pub struct Bootstrap<'a> {
    model: &'a Regression<'a>,
    /// `(X'WX)^-1`.
    inverse: Mat,
    /// `X (X'WX)^-1 R'`, one column for each restriction.
    directions: Vec<Vec<f64>>,
}

/// Statistics of draws as functions of the target `r` of one restriction:
/// `(distance0 + r distance1)/sqrt(square0 + 2 r square1 + r^2 square2)`.
pub struct Draws {
    parts: Vec<[f64; 5]>,
}

/// How extreme a statistic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Share of draws with a larger absolute value.
    Symmetric,
    /// Twice the smaller of the shares below and above.
    Equal,
    /// Share of draws below.
    Lower,
    /// Share of draws above.
    Upper,
}

impl<'a> Bootstrap<'a> {
    /// Nothing where the regressors are collinear.
    pub fn new(model: &'a Regression<'a>) -> Option<Self> {
        let k = model.columns.len();
        let weight = |i: usize| model.weights.map_or(1.0, |w| w[i]);
        let cross = |a: &[f64], b: &[f64]| (0..a.len()).map(|i| weight(i) * a[i] * b[i]).sum::<f64>();
        let mut square = Mat::zeros(k, k);
        for i in 0..k {
            for j in 0..=i {
                square[(i, j)] = cross(&model.columns[i], &model.columns[j]);
                square[(j, i)] = square[(i, j)];
            }
        }
        let inverse = square.inverse_definite()?;
        let loadings = inverse.times(&model.restrictions.transpose());
        let rows = model.residuals.len();
        let directions = (0..model.targets.len())
            .map(|j| {
                (0..rows).map(|i| (0..k).map(|c| model.columns[c][i] * loadings[(c, j)]).sum()).collect()
            })
            .collect();
        Some(Self { model, inverse, directions })
    }

    /// `R b - r`.
    pub fn distance(&self) -> Vec<f64> {
        let at = self.model.restrictions.times_vector(self.model.b);
        at.iter().zip(self.model.targets).map(|(a, r)| a - r).collect()
    }

    /// The covariance of `R b` by clusters, without a factor of small samples.
    pub fn covariance(&self) -> Mat {
        let own = self.response(self.model.residuals);
        self.square(&own.scores)
    }

    fn square(&self, scores: &[f64]) -> Mat {
        let q = self.directions.len();
        let mut out = Mat::zeros(q, q);
        for score in scores.chunks_exact(q) {
            for i in 0..q {
                for j in 0..q {
                    out[(i, j)] += score[i] * score[j];
                }
            }
        }
        out
    }

    /// Regresses disturbances on the model.
    fn response(&self, u: &[f64]) -> Response {
        let model = self.model;
        let q = self.directions.len();
        let weight = |i: usize| model.weights.map_or(1.0, |w| w[i]);
        let weighted: Vec<f64> = (0..u.len()).map(|i| weight(i) * u[i]).collect();
        let moments: Vec<f64> =
            model.columns.iter().map(|c| c.iter().zip(&weighted).map(|(x, u)| x * u).sum()).collect();
        let c = self.inverse.times_vector(&moments);
        let means = model.effects.map(|effects| (effects, effects.means(u, model.weights)));
        let mut out = Response { distance: vec![0.0; q], scores: vec![0.0; q * model.clusters.count()] };
        for i in 0..u.len() {
            let mut e = u[i] - model.columns.iter().zip(&c).map(|(x, c)| x[i] * c).sum::<f64>();
            if let Some((effects, means)) = &means {
                e -= means[effects.of_row[i] as usize];
            }
            let cluster = model.clusters.of_row[i] as usize;
            for (j, direction) in self.directions.iter().enumerate() {
                out.distance[j] += weighted[i] * direction[i];
                out.scores[cluster * q + j] += weight(i) * direction[i] * e;
            }
        }
        out
    }

    /// Residuals under the null, `u0 + r u1` for one restriction and `u0` for several; with `imposed` false the residuals
    /// of the regression.
    fn sources(&self, imposed: bool) -> Option<Vec<Vec<f64>>> {
        let own = self.model.residuals.to_vec();
        if !imposed {
            return Some(vec![own]);
        }
        let r = self.model.restrictions;
        let middle = r.times(&self.inverse).times(&r.transpose()).inverse_definite()?;
        if self.directions.len() == 1 {
            let at = r.times_vector(self.model.b)[0];
            let z = &self.directions[0];
            let first = own.iter().zip(z).map(|(e, z)| e + z * at * middle[(0, 0)]).collect();
            return Some(vec![first, z.iter().map(|z| -z * middle[(0, 0)]).collect()]);
        }
        let shift = middle.times_vector(&self.distance());
        let moved = (0..own.len())
            .map(|i| own[i] + self.directions.iter().zip(&shift).map(|(z, s)| z[i] * s).sum::<f64>())
            .collect();
        Some(vec![moved])
    }

    /// Responses to draws of weights, one list for each source of disturbances.
    fn respond(
        &self,
        imposed: bool,
        draws: &mut Weights<'_>,
        mut take: impl FnMut(Vec<Response>),
    ) -> Option<()> {
        let sources = self.sources(imposed)?;
        let of_row = &self.model.draws.of_row;
        let groups = self.model.draws.count();
        let size = (self.directions.len(), self.directions.len() * self.model.clusters.count());
        let masked = |u: &[f64], weight: &dyn Fn(usize) -> f64| -> Vec<f64> {
            u.iter().zip(of_row).map(|(u, g)| u * weight(*g as usize)).collect()
        };
        // Responses are linear in the weights: with few clusters those of each cluster are computed once.
        if groups <= draws.count && groups * size.1 <= 20_000_000 {
            let parts: Vec<Vec<Response>> = sources
                .iter()
                .map(|u| {
                    (0..groups)
                        .map(|g| self.response(&masked(u, &|own| f64::from(u8::from(own == g)))))
                        .collect()
                })
                .collect();
            for i in 0..draws.count {
                let draw = (draws.draw)(i);
                take(parts.iter().map(|p| Response::scaled_sum(size, p, &draw)).collect());
            }
        } else {
            for i in 0..draws.count {
                let draw = (draws.draw)(i);
                take(sources.iter().map(|u| self.response(&masked(u, &|own| draw[own]))).collect());
            }
        }
        Some(())
    }

    /// Draws of one restriction.
    pub fn draws(&self, imposed: bool, weights: &mut Weights<'_>) -> Option<Draws> {
        let mut parts = Vec::with_capacity(weights.count);
        let dot =
            |a: &Response, b: &Response| a.scores.iter().zip(&b.scores).map(|(x, y)| x * y).sum::<f64>();
        self.respond(imposed, weights, |r| {
            parts.push(match &r[..] {
                [one] => [one.distance[0], 0.0, dot(one, one), 0.0, 0.0],
                [a, b, ..] => [a.distance[0], b.distance[0], dot(a, a), dot(a, b), dot(b, b)],
                [] => [f64::NAN; 5],
            });
        })?;
        Some(Draws { parts })
    }

    /// Share of draws whose Wald statistic of several restrictions exceeds that of the data, and the number of draws with a
    /// statistic.
    pub fn joint(&self, imposed: bool, weights: &mut Weights<'_>) -> Option<(f64, usize)> {
        let own = self.covariance().inverse_definite()?.quadratic(&self.distance());
        let (mut above, mut count) = (0usize, 0usize);
        self.respond(imposed, weights, |r| {
            if let Some(inverse) = self.square(&r[0].scores).inverse_definite() {
                count += 1;
                above += usize::from(inverse.quadratic(&r[0].distance) > own * (1.0 + TIE));
            }
        })?;
        Some((above as f64 / count as f64, count))
    }
}

impl Draws {
    /// Statistics of the draws when the target is `r`, without those whose variance is zero.
    pub fn statistics(&self, r: f64) -> Vec<f64> {
        self.parts
            .iter()
            .map(|[a, b, c, d, e]| (a + r * b) / (c + 2.0 * r * d + r * r * e).sqrt())
            .filter(|t| t.is_finite())
            .collect()
    }

    /// The p-value of a statistic (both without the factor of small samples) when the target is `r`.
    pub fn p(&self, r: f64, statistic: f64, tail: Tail) -> f64 {
        extreme(&self.statistics(r), statistic, tail)
    }
}

/// Share of statistics of draws that are more extreme than that of the data.
pub fn extreme(draws: &[f64], statistic: f64, tail: Tail) -> f64 {
    let n = draws.len() as f64;
    let share = |holds: &dyn Fn(f64) -> bool| draws.iter().filter(|t| holds(**t)).count() as f64 / n;
    let slack = TIE * statistic.abs();
    match tail {
        Tail::Symmetric => share(&|t| t.abs() > statistic.abs() + slack),
        Tail::Lower => share(&|t| t < statistic - slack),
        Tail::Upper => share(&|t| t > statistic + slack),
        Tail::Equal => 2.0 * share(&|t| t <= statistic + slack).min(share(&|t| t > statistic + slack)),
    }
}

/// Intervals on which a p-value is at least `alpha`, by a grid between bounds that are widened while the value is not
/// rejected there, and bisection; bounds without an end are infinite.
pub fn accepted(
    p: impl Fn(f64) -> f64,
    alpha: f64,
    (estimate, step): (f64, f64),
    (low, high): (Option<f64>, Option<f64>),
    points: usize,
) -> Vec<(f64, f64)> {
    let holds = |r: f64| p(r) >= alpha;
    let widened = |sign: f64| {
        let mut reach = step;
        for _ in 0..12 {
            if !holds(estimate + sign * reach) {
                break;
            }
            reach *= 2.0;
        }
        estimate + sign * reach
    };
    let low = low.unwrap_or_else(|| widened(-1.0));
    let high = high.unwrap_or_else(|| widened(1.0));
    let points = points.max(2);
    let mut grid: Vec<f64> =
        (0..points).map(|i| low + (high - low) * i as f64 / (points - 1) as f64).collect();
    if estimate > low && estimate < high {
        grid.push(estimate);
        grid.sort_by(f64::total_cmp);
    }
    let crossing = |mut inside: f64, mut outside: f64| {
        for _ in 0..200 {
            let middle = 0.5 * (inside + outside);
            if middle == inside || middle == outside {
                break;
            }
            if holds(middle) { inside = middle } else { outside = middle }
        }
        inside
    };
    let inside: Vec<bool> = grid.iter().map(|r| holds(*r)).collect();
    let mut out = Vec::new();
    let mut start = inside[0].then_some(f64::NEG_INFINITY);
    for i in 1..grid.len() {
        match (inside[i - 1], inside[i]) {
            (false, true) => start = Some(crossing(grid[i], grid[i - 1])),
            (true, false) => {
                let from = start.take().unwrap_or(f64::NEG_INFINITY);
                out.push((from, crossing(grid[i - 1], grid[i])));
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        out.push((from, f64::INFINITY));
    }
    out
}
