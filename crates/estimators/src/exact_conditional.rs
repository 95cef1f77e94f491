//! Exact conditional inference for logistic and Poisson regression: the distribution of the sufficient statistics given those of
//! nuisance parameters, by a recursion over observations, and joint tests from it; estimates are in `exact_estimates`.
//!
//! Sources: Hirji, Mehta and Patel (1987), Journal of the American Statistical Association 82 (recursion); Cox and Snell (1989), Analysis of
//! Binary Data, 2.1 (conditional likelihood); Hirji, Tsiatis and Mehta (1989), The American Statistician 43 (median unbiased
//! estimates); Mehta and Patel (1995), Statistics in Medicine 14; [R] exlogistic, [R] expoisson.

use super::distributions::ln_gamma;
use super::exact_estimates::Conditional;
use std::collections::{BTreeMap, HashMap};

/// Outcomes of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Successes in a number of trials.
    Binomial,
    /// A count without a bound; only with its sum given.
    Poisson,
}

/// One observation.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Number of its group.
    pub group: usize,
    /// Successes, or the count.
    pub y: u64,
    /// Trials of a binomial outcome.
    pub trials: u64,
    /// Logarithm of the exposure, or the offset.
    pub offset: f64,
    /// Values of the variables, those that are only conditioned on behind the others.
    pub x: Vec<f64>,
}

/// What is conditioned on.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// Kind of the outcomes.
    pub outcome: Outcome,
    /// Number of variables whose parameters are estimated; the others are conditioned on.
    pub free: usize,
    /// Whether the sum of each group is given.
    pub sums: bool,
    /// Most bytes that the states may take.
    pub memory: f64,
}

/// Why there is no distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The states took more than the memory.
    Memory,
    /// A Poisson outcome without given sums.
    Unbounded,
}

/// Values of one variable as whole numbers of a unit.
fn whole_numbers(values: &[f64]) -> (Vec<i64>, f64) {
    let most = values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if most == 0.0 {
        return (vec![0; values.len()], 1.0);
    }
    // the greatest common divisor by Euclid's algorithm, up to errors of storage as float
    let small = 2e-7 * most;
    let mut unit = 0.0_f64;
    for x in values {
        let (mut a, mut b) = (unit.max(x.abs()), unit.min(x.abs()));
        while b > small {
            let rest = a - b * (a / b).round();
            (a, b) = (b, rest.abs());
        }
        unit = a;
    }
    let fits = |unit: f64| values.iter().all(|x| ((x / unit).round() * unit - x).abs() <= small);
    if unit < 1e-6 * most || !fits(unit) {
        unit = most / 2_f64.powi(40);
    }
    (values.iter().map(|x| (x / unit).round() as i64).collect(), unit)
}

/// The joint distribution of the sufficient statistics of the free variables, given the others.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Value of the statistics of each point.
    pub points: Vec<Vec<f64>>,
    /// Logarithm of the number of outcomes of each point, up to a constant.
    pub weights: Vec<f64>,
    /// The observed statistics.
    pub observed: Vec<f64>,
    keys: Vec<Vec<i64>>,
    observed_keys: Vec<i64>,
}

/// Observations with the same group and variables, as whole numbers.
struct Cell {
    group: usize,
    trials: u64,
    offset: f64,
    x: Vec<i64>,
}

/// Least and greatest amount that the statistics of the cells from each position on can add; sums of the group are separate.
struct Reach {
    low: Vec<Vec<i64>>,
    high: Vec<Vec<i64>>,
    /// Trials that are left in the group of each cell, itself included.
    left: Vec<u64>,
}

impl Reach {
    fn of(cells: &[Cell], width: usize) -> Self {
        let n = cells.len();
        let (mut low, mut high) = (vec![vec![0_i64; width]; n + 1], vec![vec![0_i64; width]; n + 1]);
        let mut left = vec![0; n];
        for i in (0..n).rev() {
            let m = cells[i].trials as i64;
            let add = |next: &[i64], pick: fn(i64) -> i64| -> Vec<i64> {
                next.iter().zip(&cells[i].x).map(|(sum, x)| sum + pick(m * x)).collect()
            };
            low[i] = add(&low[i + 1], |x| x.min(0));
            high[i] = add(&high[i + 1], |x| x.max(0));
            let same = i + 1 < n && cells[i + 1].group == cells[i].group;
            left[i] = cells[i].trials + if same { left[i + 1] } else { 0 };
        }
        Self { low, high, left }
    }
}

/// Merges observations that differ in nothing but their outcome.
fn cells(
    rows: &[Observation],
    numbers: &[Vec<i64>],
    c: Conditions,
    totals: &HashMap<usize, u64>,
) -> Vec<Cell> {
    let mut found: Vec<Cell> = Vec::new();
    let mut places: HashMap<(usize, Vec<i64>, u64), usize> = HashMap::new();
    for (i, row) in rows.iter().enumerate() {
        let x: Vec<i64> = numbers.iter().map(|column| column[i]).collect();
        // counts of two rows add up to a count with both exposures
        let key = (row.group, x.clone(), 0);
        let place = *places.entry(key).or_insert_with(|| {
            found.push(Cell { group: row.group, trials: 0, offset: f64::NEG_INFINITY, x });
            found.len() - 1
        });
        let cell = &mut found[place];
        match c.outcome {
            Outcome::Binomial => cell.trials += row.trials,
            Outcome::Poisson => {
                cell.trials = totals.get(&row.group).copied().unwrap_or(0);
                let (a, b) = (cell.offset.max(row.offset), cell.offset.min(row.offset));
                cell.offset = a + (b - a).exp().ln_1p();
            }
        }
    }
    found.sort_by_key(|cell| cell.group);
    found
}

/// Logarithm of the number of outcomes of a cell with `k` successes.
fn ways(cell: &Cell, outcome: Outcome, k: u64) -> f64 {
    let (n, k) = (cell.trials as f64, k as f64);
    match outcome {
        Outcome::Binomial => ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0),
        Outcome::Poisson => k * cell.offset - ln_gamma(k + 1.0),
    }
}

/// Logarithm of a sum of two numbers that are logarithms.
fn add_logs(a: f64, b: f64) -> f64 {
    let (high, low) = (a.max(b), a.min(b));
    high + (low - high).exp().ln_1p()
}

/// Computes the distribution.
///
/// # Errors
/// [`Failure`] where there is none, or none within the memory.
pub fn distribution(rows: &[Observation], c: Conditions) -> Result<Distribution, Failure> {
    if c.outcome == Outcome::Poisson && !c.sums {
        return Err(Failure::Unbounded);
    }
    let width = rows.first().map_or(0, |r| r.x.len());
    let columns: Vec<(Vec<i64>, f64)> =
        (0..width).map(|j| whole_numbers(&rows.iter().map(|r| r.x[j]).collect::<Vec<f64>>())).collect();
    let numbers: Vec<Vec<i64>> = columns.iter().map(|c| c.0.clone()).collect();
    let observed: Vec<i64> =
        numbers.iter().map(|column| column.iter().zip(rows).map(|(x, r)| x * r.y as i64).sum()).collect();
    let mut totals: HashMap<usize, u64> = HashMap::new();
    for row in rows {
        *totals.entry(row.group).or_default() += row.y;
    }
    let cells = cells(rows, &numbers, c, &totals);
    let reach = Reach::of(&cells, width);
    // a state: successes in the present group, then the statistics
    // in order, so that sums are rounded in the same way in every run
    let mut states: BTreeMap<Vec<i64>, f64> = BTreeMap::from([(vec![0; width + 1], 0.0)]);
    let bytes = 8.0 * (width as f64 + 1.0) + 64.0;
    for (i, cell) in cells.iter().enumerate() {
        let total = totals.get(&cell.group).copied().unwrap_or(0);
        let last = cells.get(i + 1).is_none_or(|next| next.group != cell.group);
        let further = if last { 0 } else { reach.left[i + 1] };
        let logs: Vec<f64> = (0..=cell.trials).map(|k| ways(cell, c.outcome, k)).collect();
        let mut next: BTreeMap<Vec<i64>, f64> = BTreeMap::new();
        for (state, log) in &states {
            for k in 0..=cell.trials {
                let done = state[0] as u64 + k;
                if c.sums && (done > total || done + further < total) {
                    continue;
                }
                let mut key = state.clone();
                key[0] = if last || !c.sums { 0 } else { done as i64 };
                key[1..].iter_mut().zip(&cell.x).for_each(|(own, x)| *own += x * k as i64);
                let possible = (c.free..width).all(|j| {
                    let missing = observed[j] - key[j + 1];
                    missing >= reach.low[i + 1][j] && missing <= reach.high[i + 1][j]
                });
                if possible {
                    let log = log + logs[k as usize];
                    next.entry(key).and_modify(|own| *own = add_logs(*own, log)).or_insert(log);
                }
            }
            if next.len() as f64 * bytes > c.memory {
                return Err(Failure::Memory);
            }
        }
        states = next;
    }
    let found: Vec<(Vec<i64>, f64)> =
        states.into_iter().map(|(key, log)| (key[1..=c.free].to_vec(), log)).collect();
    let real = |key: &[i64]| key.iter().zip(&columns).map(|(k, c)| *k as f64 * c.1).collect::<Vec<f64>>();
    Ok(Distribution {
        points: found.iter().map(|(key, _)| real(key)).collect(),
        weights: found.iter().map(|f| f.1).collect(),
        observed: real(&observed[..c.free]),
        keys: found.into_iter().map(|f| f.0).collect(),
        observed_keys: observed[..c.free].to_vec(),
    })
}

impl Distribution {
    /// The points where the statistics outside of `part` have their observed values: indices.
    fn given(&self, part: &[usize]) -> Vec<usize> {
        let same = |i: &usize| {
            (0..self.observed.len())
                .filter(|j| !part.contains(j))
                .all(|j| self.keys[*i][j] == self.observed_keys[j])
        };
        (0..self.keys.len()).filter(same).collect()
    }

    /// The distribution of one statistic given all others.
    pub fn conditional(&self, j: usize) -> Conditional {
        let used = self.given(&[j]);
        Conditional {
            values: used.iter().map(|i| self.points[*i][j]).collect(),
            logs: used.iter().map(|i| self.weights[*i]).collect(),
            observed: used.iter().position(|i| self.keys[*i][j] == self.observed_keys[j]).unwrap_or(0),
        }
    }

    /// Joint tests that the parameters of some variables are zero, given the others: the conditional score with its p-value, and the
    /// probability of the observed point with the p-value of the test by probabilities.
    pub fn joint(&self, part: &[usize]) -> Joint {
        let used = self.given(part);
        let top = used.iter().map(|i| self.weights[*i]).fold(f64::NEG_INFINITY, f64::max);
        let raw: Vec<f64> = used.iter().map(|i| (self.weights[*i] - top).exp()).collect();
        let total: f64 = raw.iter().sum();
        let p: Vec<f64> = raw.iter().map(|w| w / total).collect();
        let k = part.len();
        let value = |i: usize, j: usize| self.points[used[i]][part[j]];
        let mean: Vec<f64> = (0..k).map(|j| (0..used.len()).map(|i| p[i] * value(i, j)).sum()).collect();
        let mut v = super::matrix::Mat::zeros(k, k);
        for a in 0..k {
            for b in 0..k {
                v[(a, b)] =
                    (0..used.len()).map(|i| p[i] * (value(i, a) - mean[a]) * (value(i, b) - mean[b])).sum();
            }
        }
        let (inverse, rank, _) = v.inverse_semidefinite(1e-10);
        let score = |i: usize| -> f64 {
            let gap: Vec<f64> = (0..k).map(|j| value(i, j) - mean[j]).collect();
            (0..k).map(|a| (0..k).map(|b| gap[a] * inverse[(a, b)] * gap[b]).sum::<f64>()).sum()
        };
        let at = used.iter().position(|i| self.keys[*i] == self.observed_keys).unwrap_or(0);
        let own = score(at);
        // points whose score or probability is the observed one up to rounding belong to its tail
        let near = |x: f64, own: f64| x >= own - 1e-9 * own.abs().max(1e-12);
        let p_score = (0..used.len()).filter(|i| near(score(*i), own)).map(|i| p[i]).sum::<f64>();
        let p_probability = p.iter().filter(|x| **x <= p[at] * (1.0 + 1e-9)).sum::<f64>();
        Joint {
            score: own,
            p_score: p_score.min(1.0),
            probability: p[at],
            p_probability: p_probability.min(1.0),
            rank,
        }
    }
}

/// Joint tests.
#[derive(Debug, Clone, Copy)]
pub struct Joint {
    /// The conditional score.
    pub score: f64,
    /// Probability of a score as great.
    pub p_score: f64,
    /// Probability of the observed point.
    pub probability: f64,
    /// Probability of a point that is no likelier.
    pub p_probability: f64,
    /// Rank of the covariance of the statistics.
    pub rank: usize,
}
