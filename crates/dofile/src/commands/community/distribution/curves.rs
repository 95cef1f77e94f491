//! Ordinates of Lorenz curves with their influence functions (Jann 2016, Stata Journal 16(2) and 16(4); Kovacevic and Binder
//! 1997, Journal of Official Statistics 13).

/// A sample with weights, in the order of the ranks.
pub(super) struct Sample {
    /// Position of each value among all rows, outcome, weight.
    rows: Vec<(usize, f64, f64)>,
    /// Cumulative weights and cumulative outcomes.
    cumulative: Vec<(f64, f64)>,
    pub(super) weight: f64,
    pub(super) total: f64,
}

/// A cumulative sum up to a share of the population, with the value at the quantile.
#[derive(Clone, Copy)]
struct At {
    sum: f64,
    quantile: f64,
    /// Ranked rows that are below the quantile or at it.
    through: usize,
}

impl Sample {
    /// Rows as position, outcome, ranking variable and weight. Outcomes are averaged where the ranking variable is the same.
    pub(super) fn new(mut rows: Vec<(usize, f64, f64, f64)>) -> Self {
        rows.sort_by(|a, b| a.2.total_cmp(&b.2));
        let mut sorted = Vec::with_capacity(rows.len());
        for run in rows.chunk_by(|a, b| a.2 == b.2) {
            let w: f64 = run.iter().map(|r| r.3).sum();
            let mean = run.iter().map(|r| r.1 * r.3).sum::<f64>() / w;
            sorted.extend(run.iter().map(|r| (r.0, mean, r.3)));
        }
        let (mut w, mut y) = (0.0, 0.0);
        let cumulative: Vec<(f64, f64)> = sorted
            .iter()
            .map(|r| {
                w += r.2;
                y += r.1 * r.2;
                (w, y)
            })
            .collect();
        Self { rows: sorted, cumulative, weight: w, total: y }
    }

    fn at(&self, p: f64, step: bool) -> At {
        let target = p * self.weight;
        // shares such as 0.3 of ten rows are not below their whole number for the last digit
        let near = self.weight * 1e-12;
        let k = self.cumulative.partition_point(|c| c.0 < target - near).min(self.rows.len() - 1);
        let (before, sum) = if k == 0 { (0.0, 0.0) } else { self.cumulative[k - 1] };
        let (_, y, w) = self.rows[k];
        if p <= 0.0 {
            return At { sum: 0.0, quantile: y, through: 0 };
        }
        let part = if step { 1.0 } else { ((target - before) / w).clamp(0.0, 1.0) };
        At { sum: sum + part * y * w, quantile: y, through: k + 1 }
    }

    /// The cumulative outcome at a share, and what each row adds to it: the row's position, weight and value.
    pub(super) fn cumulated(&self, p: f64, step: bool) -> (f64, Vec<(usize, f64, f64)>) {
        let at = self.at(p, step);
        let value = |(i, (row, y, w)): (usize, &(usize, f64, f64))| {
            let own = if i < at.through { y - at.quantile } else { 0.0 };
            (*row, *w, own + p.max(0.0) * at.quantile)
        };
        (at.sum, self.rows.iter().enumerate().map(value).collect())
    }

    /// Outcomes of the rows, as [`Self::cumulated`] gives them.
    pub(super) fn outcome(&self, i: usize) -> f64 {
        self.rows[i].1
    }

    /// One less twice the area under the curve.
    pub(super) fn gini(&self) -> f64 {
        let (mut f, mut l, mut area) = (0.0, 0.0, 0.0);
        for (w, y) in &self.cumulative {
            let (next, height) = (w / self.weight, y / self.total);
            area += (next - f) * (height + l);
            (f, l) = (next, height);
        }
        1.0 - area
    }
}

/// What an ordinate or a share is expressed in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Share of the total.
    Relative,
    /// Population share less the share of the total.
    Gap,
    /// Sum of the outcome.
    Sum,
    /// Sum divided by the population.
    Generalized,
    /// The same less that of equal outcomes.
    Absolute,
    /// Share of the total divided by the population share.
    Density,
    /// Mean outcome of the group.
    Average,
}

/// An estimate with the influence of each row, times its weight.
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) influence: Vec<(usize, f64)>,
}

/// The estimate between two shares (`from` zero: the ordinate of the curve), times `scale`.
pub(super) fn between(sample: &Sample, kind: Kind, from: f64, to: f64, step: bool, scale: f64) -> Estimate {
    let (low, below) = sample.cumulated(from, step);
    let (high, upto) = sample.cumulated(to, step);
    let (sum, p) = (high - low, to - from);
    let (w, t) = (sample.weight, sample.total);
    let mean = t / w;
    let value = match kind {
        Kind::Relative => sum / t,
        Kind::Gap => p - sum / t,
        Kind::Sum => sum,
        Kind::Generalized => sum / w,
        Kind::Absolute => sum / w - p * mean,
        Kind::Density => sum / t / p,
        Kind::Average => sum / w / p,
    };
    let influence = upto
        .iter()
        .zip(&below)
        .enumerate()
        .map(|(i, (b, a))| {
            let own = b.2 - a.2;
            let y = sample.outcome(i);
            let z = match kind {
                Kind::Relative => (own - y * sum / t) / t,
                Kind::Gap => -(own - y * sum / t) / t,
                Kind::Sum => own,
                Kind::Generalized => (own - sum / w) / w,
                Kind::Absolute => (own - sum / w - p * (y - mean)) / w,
                Kind::Density => (own - y * sum / t) / t / p,
                Kind::Average => (own - sum / w) / w / p,
            };
            (b.0, scale * b.1 * z)
        })
        .collect();
    Estimate { value: scale * value, influence }
}
