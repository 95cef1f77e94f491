//! Maximum likelihood for a log likelihood that is known by its values only: Newton-Raphson with differences of
//! fourth order (Abramowitz and Stegun 1964, 25.3), step halving, linear constraints, and the covariances of the
//! result. The step of a difference is one at which the second difference is a fixed share of the log likelihood of
//! a row, so that it fits the scale of the coordinate ([R] ml, Methods and formulas of numerical derivatives).

mod covariance;
mod scales;
mod search;

pub use super::allowed::Allowed;
pub use search::{Point, TRIED};

use super::combination_scales::Combination;
use super::matrix::Mat;
use super::real::stable_sum;
use super::vce::Vce;
use super::weights::WeightKind;

/// A log likelihood at parameters.
pub trait Values {
    /// Why an evaluation stopped the whole search.
    type Error;

    /// Log likelihood of each row (one row when only the total is known) at parameters `b` with `shift` added to the
    /// linear indices; nothing where one of them cannot be computed.
    fn at(&mut self, b: &[f64], shift: &[f64]) -> Result<Option<Vec<f64>>, Self::Error>;
}

/// How the rows depend on the parameters.
pub enum Shape<'a> {
    /// Through linear indices: the columns of each, a constant as a column of ones.
    Indices(Vec<Vec<&'a [f64]>>),
    /// Directly, with this number of parameters; linear combinations among them with their columns, where they are
    /// known, set the scales of the differences.
    Parameters(usize, Vec<Combination<'a>>),
}

/// The sample of a problem.
#[derive(Clone, Copy)]
pub struct Sample<'a> {
    /// Weight of each row and its meaning.
    pub weights: Option<(&'a [f64], WeightKind)>,
    /// Number of observations that the rows stand for.
    pub n: f64,
}

/// Why a search ended without a fit.
#[derive(Debug)]
pub enum Failure<E> {
    /// The log likelihood cannot be computed at the start.
    Start,
    /// Differences cannot be computed, or the log likelihood is flat.
    Derivatives,
    /// An evaluation failed.
    Evaluation(E),
}

/// Which covariance is wanted.
#[derive(Clone, Copy)]
pub enum Covariance<'a> {
    /// Inverse information, or a sandwich.
    Of(Vce<'a>),
    /// Inverse of the sum of outer products of the scores.
    OuterProduct,
}

/// A log likelihood with its sample.
pub struct Problem<'a> {
    /// How rows depend on parameters.
    pub shape: Shape<'a>,
    /// The sample.
    pub sample: Sample<'a>,
    /// Constraints.
    pub allowed: Option<Allowed>,
}

/// Values and differences by row at a point.
struct Local {
    /// Log likelihood of the rows.
    ll: f64,
    /// First derivatives, coordinate by coordinate.
    first: Vec<Vec<f64>>,
    gradient: Vec<f64>,
    information: Mat,
}

/// The step of a coordinate, and the rows at two steps up and down.
struct Step {
    h: f64,
    up: Vec<f64>,
    down: Vec<f64>,
}

/// Wanted second difference of a row's log likelihood; the total of a sample allows longer steps.
const TARGET_ROW: f64 = 1e-5;
const TARGET_TOTAL: f64 = 1e-4;

impl Problem<'_> {
    fn coordinates(&self) -> usize {
        match &self.shape {
            Shape::Indices(indices) => indices.len(),
            Shape::Parameters(size, _) => *size,
        }
    }

    fn size(&self) -> usize {
        match &self.shape {
            Shape::Indices(indices) => indices.iter().map(Vec::len).sum(),
            Shape::Parameters(size, _) => *size,
        }
    }

    fn total(&self, values: &[f64]) -> f64 {
        match self.sample.weights {
            Some((w, _)) if w.len() == values.len() => stable_sum(values.iter().zip(w).map(|(v, w)| v * w)),
            _ => stable_sum(values.iter().copied()),
        }
    }

    /// Values at a point moved along coordinates.
    fn moved<V: Values>(
        &self,
        values: &mut V,
        b: &[f64],
        moves: &[(usize, f64)],
    ) -> Result<Option<Vec<f64>>, Failure<V::Error>> {
        let mut shift = match &self.shape {
            Shape::Indices(indices) => vec![0.0; indices.len()],
            Shape::Parameters(..) => Vec::new(),
        };
        let mut at = b.to_vec();
        let target = if shift.is_empty() { &mut at } else { &mut shift };
        moves.iter().for_each(|(c, h)| target[*c] += h);
        let found = values.at(&at, &shift).map_err(Failure::Evaluation)?;
        Ok(found.filter(|rows| rows.iter().all(|v| v.is_finite())))
    }

    /// Chooses the step of a coordinate: the mean second difference of the rows comes near to the target.
    fn step<V: Values>(
        &self,
        values: &mut V,
        b: &[f64],
        centre: &[f64],
        coordinate: usize,
        start: f64,
    ) -> Result<Step, Failure<V::Error>> {
        let target = if centre.len() == 1 { TARGET_TOTAL } else { TARGET_ROW };
        let mut h = start;
        for _ in 0..12 {
            // differences of fourth order reach two steps away
            let up = self.moved(values, b, &[(coordinate, 2.0 * h)])?;
            let down = self.moved(values, b, &[(coordinate, -2.0 * h)])?;
            let (Some(up), Some(down)) = (up, down) else {
                h /= 16.0;
                continue;
            };
            let count = centre.len() as f64;
            let seconds = (0..centre.len()).map(|i| (up[i] - 2.0 * centre[i] + down[i]).abs());
            let found = stable_sum(seconds) / (4.0 * count);
            if found > target / 10.0 && found < target * 10.0 {
                return Ok(Step { h, up, down });
            }
            let factor = if found > 0.0 { (target / found).sqrt().clamp(1e-3, 1e2) } else { 1e2 };
            h *= factor;
            if h > 1e6 * (1.0 + start) || h < 1e-14 * start {
                break;
            }
        }
        Err(Failure::Derivatives)
    }

    /// Value, gradient and information at a point; `steps` holds the step of each coordinate between calls.
    fn local<V: Values>(
        &self,
        values: &mut V,
        b: &[f64],
        steps: &mut Vec<f64>,
    ) -> Result<Option<Local>, Failure<V::Error>> {
        let Some(centre) = self.moved(values, b, &[])? else { return Ok(None) };
        let width = self.coordinates();
        if steps.is_empty() {
            *steps = match &self.shape {
                Shape::Indices(_) => vec![1e-3; width],
                Shape::Parameters(..) => b.iter().map(|b| 1e-3 * b.abs().max(1e-2)).collect(),
            };
        }
        let (mut first, mut second) = (Vec::with_capacity(width), vec![vec![Vec::new(); width]; width]);
        for c in 0..width {
            let Step { h, up: far_up, down: far_down } = self.step(values, b, &centre, c, steps[c])?;
            steps[c] = h;
            let up = self.moved(values, b, &[(c, h)])?.ok_or(Failure::Derivatives)?;
            let down = self.moved(values, b, &[(c, -h)])?.ok_or(Failure::Derivatives)?;
            let slope = |i: usize| (far_down[i] - far_up[i] + 8.0 * (up[i] - down[i])) / (12.0 * h);
            let bend = |i: usize| {
                let far = far_up[i] + far_down[i];
                (16.0 * (up[i] + down[i]) - far - 30.0 * centre[i]) / (12.0 * h * h)
            };
            first.push((0..centre.len()).map(slope).collect::<Vec<f64>>());
            second[c][c] = (0..centre.len()).map(bend).collect();
            for d in 0..c {
                second[c][d] = self.cross(values, b, (c, steps[c]), (d, steps[d]))?;
            }
        }
        let ll = self.total(&centre);
        Ok(Some(self.gather(ll, first, &second)))
    }

    /// Mixed second derivatives by row, extrapolated from two steps.
    fn cross<V: Values>(
        &self,
        values: &mut V,
        b: &[f64],
        (c, h): (usize, f64),
        (d, k): (usize, f64),
    ) -> Result<Vec<f64>, Failure<V::Error>> {
        let mut estimate = |scale: f64| -> Result<Vec<f64>, Failure<V::Error>> {
            let mut sum: Vec<f64> = Vec::new();
            for (p, q) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
                let moves = [(c, p * scale * h), (d, q * scale * k)];
                let rows = self.moved(values, b, &moves)?.ok_or(Failure::Derivatives)?;
                sum.resize(rows.len(), 0.0);
                sum.iter_mut().zip(&rows).for_each(|(s, v)| *s += p * q * v);
            }
            let unit = 4.0 * scale * scale * h * k;
            sum.iter_mut().for_each(|s| *s /= unit);
            Ok(sum)
        };
        let (near, far) = (estimate(1.0)?, estimate(2.0)?);
        Ok(near.iter().zip(&far).map(|(near, far)| (4.0 * near - far) / 3.0).collect())
    }

    fn weight(&self, row: usize, rows: usize) -> f64 {
        self.sample.weights.filter(|(w, _)| w.len() == rows).map_or(1.0, |(w, _)| w[row])
    }

    /// Index and column of each parameter.
    fn places(&self) -> Vec<(usize, Option<&[f64]>)> {
        match &self.shape {
            Shape::Parameters(size, _) => (0..*size).map(|j| (j, None)).collect(),
            Shape::Indices(indices) => {
                let mut out = Vec::new();
                for (e, columns) in indices.iter().enumerate() {
                    out.extend(columns.iter().map(|c| (e, Some(*c))));
                }
                out
            }
        }
    }

    fn gather(&self, ll: f64, first: Vec<Vec<f64>>, second: &[Vec<Vec<f64>>]) -> Local {
        let places = self.places();
        let rows = first.first().map_or(0, Vec::len);
        let value = |column: Option<&[f64]>, i: usize| column.map_or(1.0, |c| c[i]);
        let gradient = places
            .iter()
            .map(|(e, x)| stable_sum((0..rows).map(|i| self.weight(i, rows) * first[*e][i] * value(*x, i))))
            .collect();
        let mut information = Mat::zeros(places.len(), places.len());
        for (p, (e, x)) in places.iter().enumerate() {
            for (q, (f, z)) in places.iter().enumerate().take(p + 1) {
                let bends = &second[*e.max(f)][*e.min(f)];
                let terms = (0..rows).map(|i| -self.weight(i, rows) * bends[i] * value(*x, i) * value(*z, i));
                information[(p, q)] = stable_sum(terms);
                information[(q, p)] = information[(p, q)];
            }
        }
        Local { ll, first, gradient, information }
    }
}
