//! Fisher's exact test of an r × c table: the probability of all tables with
//! the same margins that are at most as probable as the observed one.

use statrs::function::gamma::ln_gamma;
use std::collections::{BTreeMap, HashMap};

/// Steps from node to node before the table counts as too large.
const MAX_WORK: usize = 30_000_000;
/// Searches in the completions of the last two columns before the table counts as too large.
const MAX_SEARCHES: usize = 400_000_000;
/// Ways to fill one column before the table counts as too large: each takes about 100 bytes.
const MAX_FILLINGS: usize = 3_000_000;

fn ln_factorial(x: f64) -> f64 {
    ln_gamma(x + 1.0)
}

/// Two-sided p-value of a table of `nr` rows and `nc` columns given row by row, and the one-sided one for 2 × 2 tables;
/// nothing for tables that are too large.
pub fn exact(nr: usize, nc: usize, cells: &[f64]) -> Option<(f64, Option<f64>)> {
    let rows: Vec<f64> = (0..nr).map(|i| cells[i * nc..(i + 1) * nc].iter().sum()).collect();
    let cols: Vec<f64> = (0..nc).map(|j| (0..nr).map(|i| cells[i * nc + j]).sum()).collect();
    if nr == 2 && nc == 2 {
        let n: f64 = rows.iter().sum();
        let constant = rows.iter().chain(&cols).map(|x| ln_factorial(*x)).sum::<f64>() - ln_factorial(n);
        return Some(two_by_two(&rows, &cols, cells[0], constant));
    }
    let cost: f64 = cells.iter().map(|x| ln_factorial(*x)).sum();
    // The shorter side is the state: few numbers keep the nodes few.
    let (short, long) = if nr <= nc { (&rows, &cols) } else { (&cols, &rows) };
    let network = Network::new(short, long, cost - TOLERANCE);
    network.tail().map(|p| (p.min(1.0), None))
}

/// Logarithms of probabilities that differ by less are equal.
const TOLERANCE: f64 = 1e-7;

/// Paths with one cost (the sum of `ln x!` so far) and how many there are.
type Paths = Vec<(f64, f64)>;

/// The tables of given margins as paths through nodes: what is left of the row totals after each column (Mehta and Patel
/// 1983). Paths whose completions all count, or all do not, are settled at their node.
struct Network {
    /// Row totals that the first node starts from, in order.
    start: Vec<usize>,
    /// Column totals, the largest first.
    columns: Vec<usize>,
    /// `ln k!`.
    ln_factorials: Vec<f64>,
    /// Tables of at least this cost count.
    least: f64,
    /// `ln` of the product of all margins' factorials over `n!`.
    constant: f64,
}

impl Network {
    fn new(rows: &[f64], cols: &[f64], least: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of a table")]
        let ordered = |totals: &[f64]| {
            let mut out: Vec<usize> = totals.iter().map(|t| *t as usize).filter(|t| *t > 0).collect();
            out.sort_unstable_by(|a, b| b.cmp(a));
            out
        };
        let (start, columns) = (ordered(rows), ordered(cols));
        let n: usize = start.iter().sum();
        let mut ln_factorials = vec![0.0; n + 1];
        for k in 1..=n {
            ln_factorials[k] = ln_factorials[k - 1] + (k as f64).ln();
        }
        let margins: f64 = start.iter().chain(&columns).map(|t| ln_factorials[*t]).sum();
        let constant = margins - ln_factorials[n];
        Self { start, columns, ln_factorials, least, constant }
    }

    /// Probability of the tables that count; nothing when there are too many paths.
    fn tail(&self) -> Option<f64> {
        let mut total = 0.0;
        let mut nodes: BTreeMap<Vec<usize>, Paths> = BTreeMap::from([(self.start.clone(), vec![(0.0, 1.0)])]);
        let mut work = 0;
        let last = self.columns.len().saturating_sub(3);
        for j in 0..last {
            let mut next: BTreeMap<Vec<usize>, Paths> = BTreeMap::new();
            for (left, paths) in nodes {
                let (settled, open) = self.settle(&left, paths, j);
                total += settled;
                if open.is_empty() {
                    continue;
                }
                let fillings = self.fillings(&left, j, (MAX_WORK - work) / open.len())?;
                work += open.len() * fillings.len();
                for (after, added) in fillings {
                    let target = next.entry(after).or_default();
                    target.extend(open.iter().map(|(cost, count)| (cost + added, *count)));
                    if target.len() > 4096 && target.len() > 2 * target.capacity() / 3 {
                        *target = merged(std::mem::take(target));
                    }
                }
            }
            nodes = next;
        }
        Some(total + self.ends(nodes, last)?)
    }

    /// Probability of the tables that count behind the nodes from which at most three columns are left. Their paths are not
    /// followed to the next nodes, which would be most of all work and memory: each node with two columns keeps its sorted
    /// completions instead, and the sorted paths are set against them.
    fn ends(&self, nodes: BTreeMap<Vec<usize>, Paths>, j: usize) -> Option<f64> {
        let mut total = 0.0;
        let mut known: HashMap<Vec<usize>, Completions> = HashMap::new();
        let (mut work, mut searches) = (0, 0);
        let at = self.columns.len().saturating_sub(2);
        for (left, paths) in nodes {
            let (settled, open) = self.settle(&left, paths, j);
            total += settled;
            let Some(open) = OpenPaths::new(open) else { continue };
            let fillings = if j == at {
                vec![(left, 0.0)]
            } else {
                self.fillings(&left, j, (MAX_SEARCHES - searches) / open.costs.len())?
            };
            for (after, added) in fillings {
                if !known.contains_key(&after) {
                    let endings = self.fillings(&after, at, MAX_WORK - work)?;
                    work += endings.len();
                    known.insert(after.clone(), Completions::new(self, endings));
                }
                let completions = &known[&after];
                searches += open.costs.len();
                total += completions.tail(&open, added, self);
            }
        }
        Some(total)
    }

    /// Probability of the paths of a node whose completions all count, and the paths of which some do.
    fn settle(&self, left: &[usize], paths: Paths, j: usize) -> (f64, Paths) {
        let (low, high, rest) = self.completions(left, &self.columns[j..]);
        let (mut settled, mut open) = (0.0, Vec::new());
        for (cost, count) in merged(paths) {
            if cost + low >= self.least {
                settled += count * (self.constant - cost + rest).exp();
            } else if cost + high >= self.least {
                open.push((cost, count));
            }
        }
        (settled, open)
    }

    /// The ways to fill a column of a node; nothing when there are more than the given number. They are counted first: a
    /// table that is too large costs neither time nor memory.
    fn fillings(&self, left: &[usize], j: usize, most: usize) -> Option<Vec<(Vec<usize>, f64)>> {
        let ways = ways(left, self.columns[j]);
        if ways > most.min(MAX_FILLINGS) as f64 {
            return None;
        }
        let (mut found, mut taken) = (Vec::new(), vec![0; left.len()]);
        self.fill(left, self.columns[j], &mut taken, 0, &mut found);
        Some(found)
    }

    /// Bounds of the cost of all completions of a node, and `ln` of the sum of their `1/prod x!`.
    fn completions(&self, left: &[usize], columns: &[usize]) -> (f64, f64, f64) {
        let ln = &self.ln_factorials;
        let n: usize = left.iter().sum();
        let factorials = |totals: &[usize]| totals.iter().map(|t| ln[*t]).sum::<f64>();
        let rest = ln[n] - factorials(left) - factorials(columns);
        if let [_] = columns {
            // The last column is what is left.
            return (factorials(left), factorials(left), rest);
        }
        // Cells as independent Poisson counts with the margins' means: none of them can be more probable than its mode.
        let entropy = |totals: &[usize]| {
            totals.iter().filter(|t| **t > 0).map(|t| *t as f64 * (*t as f64).ln()).sum::<f64>()
        };
        let mut modes = 0.0;
        for r in left.iter().filter(|r| **r > 0) {
            for c in columns {
                let mean = (*r as f64) * (*c as f64) / n as f64;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at most a total"
                )]
                let mode = mean.floor() as usize;
                modes += mode as f64 * mean.ln() - ln[mode];
            }
        }
        let low =
            entropy(left) + entropy(columns) - if n > 0 { n as f64 * (n as f64).ln() } else { 0.0 } - modes;
        // No column can be more concentrated than in the largest rows, and no row than in the largest columns.
        let piled = |totals: &[usize], into: &[usize]| {
            let mut sizes = into.to_vec();
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            totals
                .iter()
                .map(|total| {
                    let (mut need, mut sum) = (*total, 0.0);
                    for size in &sizes {
                        let put = need.min(*size);
                        sum += ln[put];
                        need -= put;
                    }
                    sum
                })
                .sum::<f64>()
        };
        let high = piled(columns, left).min(piled(left, columns));
        (low - TOLERANCE, high + TOLERANCE, rest)
    }

    /// The ways to take `need` from the totals: what is left, in order, and the cost.
    fn fill(
        &self,
        left: &[usize],
        need: usize,
        taken: &mut Vec<usize>,
        at: usize,
        out: &mut Vec<(Vec<usize>, f64)>,
    ) {
        if at + 1 == left.len() {
            taken[at] = need;
            let cost = taken.iter().map(|t| self.ln_factorials[*t]).sum();
            let mut after: Vec<usize> = left.iter().zip(taken.iter()).map(|(l, t)| l - t).collect();
            after.sort_unstable_by(|a, b| b.cmp(a));
            out.push((after, cost));
            return;
        }
        // What the rows behind cannot take must go here.
        let behind: usize = left[at + 1..].iter().sum();
        for k in need.saturating_sub(behind)..=need.min(left[at]) {
            taken[at] = k;
            self.fill(left, need - k, taken, at + 1, out);
        }
    }
}

/// How many ways there are to take `need` from the totals.
fn ways(left: &[usize], need: usize) -> f64 {
    let mut counts = vec![0.0; need + 1];
    counts[0] = 1.0;
    for total in left {
        // sums over the last `total + 1` places
        let (mut sum, before) = (0.0, counts.clone());
        for (k, count) in counts.iter_mut().enumerate() {
            sum += before[k] - if k > *total { before[k - total - 1] } else { 0.0 };
            *count = sum;
        }
    }
    counts[need]
}

/// The ways to fill the last two columns of a node.
struct Completions {
    /// Costs, the largest first.
    costs: Vec<f64>,
    /// Sums of the weights of the first completions, relative to the cheapest one: they neither overflow nor vanish.
    weights: Vec<f64>,
}

impl Completions {
    /// From the fillings of the last column but one; the last one is what is left.
    fn new(network: &Network, fillings: Vec<(Vec<usize>, f64)>) -> Self {
        let rest = |after: &[usize]| after.iter().map(|t| network.ln_factorials[*t]).sum::<f64>();
        let mut costs: Vec<f64> = fillings.into_iter().map(|(after, added)| added + rest(&after)).collect();
        costs.sort_unstable_by(|a, b| b.total_cmp(a));
        let base = costs.last().copied().unwrap_or(0.0);
        let mut sum = 0.0;
        let mut weights = Vec::with_capacity(costs.len() + 1);
        weights.push(sum);
        for cost in &costs {
            sum += (base - cost).exp();
            weights.push(sum);
        }
        Self { costs, weights }
    }

    /// Probability of the tables that count behind paths whose costs are `added` higher.
    fn tail(&self, open: &OpenPaths, added: f64, network: &Network) -> f64 {
        let base = self.costs.last().copied().unwrap_or(0.0);
        // the dearer a path, the cheaper may be the completions that count
        let (mut sum, mut counted) = (0.0, 0);
        for (cost, weight) in open.costs.iter().zip(&open.weights) {
            counted = first_after(&self.costs, counted, |c| cost + added + c >= network.least);
            sum += weight * self.weights[counted];
        }
        (network.constant - open.costs[0] - added - base).exp() * sum
    }
}

/// The first place, from a place on, whose value does not hold: places before it hold, those behind it do not. Neighbours are
/// looked at first, as searches in order of their paths end close to the last one.
fn first_after(values: &[f64], from: usize, holds: impl Fn(f64) -> bool) -> usize {
    let (mut at, mut step) = (from, 1);
    while at + step <= values.len() && holds(values[at + step - 1]) {
        at += step;
        step *= 2;
    }
    let end = (at + step).min(values.len());
    at + values[at..end].partition_point(|v| holds(*v))
}

/// The paths of a node of which some completions count: at least one.
struct OpenPaths {
    /// Costs, the least first.
    costs: Vec<f64>,
    /// Numbers of paths by their probability relative to the cheapest one.
    weights: Vec<f64>,
}

impl OpenPaths {
    /// From paths in the order of their costs.
    fn new(paths: Paths) -> Option<Self> {
        let least = paths.first()?.0;
        let weights = paths.iter().map(|(cost, count)| count * (least - cost).exp()).collect();
        Some(Self { costs: paths.into_iter().map(|(cost, _)| cost).collect(), weights })
    }
}

/// Paths of one cost put together.
fn merged(mut paths: Paths) -> Paths {
    paths.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Paths = Vec::with_capacity(paths.len() / 2 + 1);
    for (cost, count) in paths {
        match out.last_mut() {
            Some(last) if cost - last.0 < 1e-10 => last.1 += count,
            _ => out.push((cost, count)),
        }
    }
    out
}

fn two_by_two(rows: &[f64], cols: &[f64], a: f64, constant: f64) -> (f64, Option<f64>) {
    let lo = (rows[0] - cols[1]).max(0.0);
    let hi = rows[0].min(cols[0]);
    let ln_p = |x: f64| {
        constant
            - ln_factorial(x)
            - ln_factorial(rows[0] - x)
            - ln_factorial(cols[0] - x)
            - ln_factorial(cols[1] - rows[0] + x)
    };
    let observed = ln_p(a);
    let (mut two, mut below, mut above) = (0.0, 0.0, 0.0);
    let mut x = lo;
    while x <= hi {
        let l = ln_p(x);
        let p = |counts: bool| if counts { l.exp() } else { 0.0 };
        two += p(l <= observed + TOLERANCE);
        below += p(x <= a);
        above += p(x >= a);
        x += 1.0;
    }
    (two.min(1.0), Some(f64::min(below, above).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fisher_against_scipy_and_r() {
        // scipy.stats.fisher_exact([[8,2],[1,5]]): two-sided 0.03496503496503495, greater 0.024475524475524476
        let (p, one) = exact(2, 2, &[8.0, 2.0, 1.0, 5.0]).expect("small");
        assert!((p - 0.034_965_034_965_034_95).abs() < 1e-12);
        assert!((one.expect("2 x 2") - 0.024_475_524_475_524_476).abs() < 1e-12);
        // R fisher.test; tables of moderate size.
        for (nr, nc, cells, wanted) in [
            (3, 3, vec![30., 20., 25., 15., 30., 10., 20., 18., 32.], 0.001_361_778_028_370_04),
            (2, 5, vec![100., 50., 60., 30., 10., 80., 60., 70., 20., 20.], 0.056_293_566_855_407_9),
            (
                4,
                4,
                vec![7., 5., 9., 4., 3., 12., 6., 5., 8., 4., 2., 10., 6., 7., 5., 7.],
                0.091_213_439_375_8,
            ),
            (
                3,
                6,
                vec![9., 3., 5., 8., 2., 7., 4., 6., 7., 5., 9., 2., 7., 8., 3., 6., 5., 8.],
                0.138_624_765_097,
            ),
            (4, 3, vec![12., 7., 3., 8., 9., 5., 4., 10., 12., 2., 6., 14.], 0.002_708_381_315_338_72),
        ] {
            let p = exact(nr, nc, &cells).expect("not too large").0;
            assert!((p / wanted - 1.0).abs() < 1e-6, "{p} {wanted}");
        }
        assert_eq!(
            (ways(&[2, 1], 2), ways(&[1, 1, 1], 2), ways(&[5, 5], 3), ways(&[1], 2)),
            (2.0, 3.0, 4.0, 0.0)
        );
        // refused before anything is tried
        let large: Vec<f64> = (0..1600).map(|i| f64::from(i % 7)).collect();
        assert_eq!(exact(40, 40, &large), None);
        // the most probable table has every other table below it
        let all = exact(3, 3, &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]).expect("small").0;
        assert!((all - 1.0).abs() < 1e-12);
    }
}
