//! Decomposition of the two-way fixed-effects difference in differences with treatment at different times into all
//! comparisons of two groups. Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing, Journal of
//! Econometrics 225, theorem 1.

/// Units of a balanced panel that are treated from the same period on.
pub struct Group {
    /// First treated period, counted from zero; nothing where the group is never treated.
    pub start: Option<usize>,
    /// Number of units.
    pub size: usize,
    /// Mean outcome in each period.
    pub means: Vec<f64>,
}

/// Kind of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An early group against a later one before that is treated.
    EarlyLate,
    /// A late group against an earlier one that is treated already.
    LateEarly,
    /// A group against those that are treated in all periods.
    Always,
    /// A group against those that are never treated.
    Never,
}

/// One comparison of two groups.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Position of the treated group.
    pub treated: usize,
    /// Position of the control group.
    pub control: usize,
    /// Kind.
    pub kind: Kind,
    /// Difference in differences.
    pub estimate: f64,
    /// Its weight in the two-way estimate.
    pub weight: f64,
}

impl Group {
    /// Share of periods with treatment.
    fn share(&self) -> f64 {
        let periods = self.means.len();
        self.start.map_or(0.0, |start| (periods - start) as f64 / periods as f64)
    }

    fn mean(&self, periods: std::ops::Range<usize>) -> f64 {
        let count = periods.len() as f64;
        self.means[periods].iter().sum::<f64>() / count
    }
}

/// All comparisons with a weight. Groups differ in their start; at least one of them changes its treatment.
pub fn decompose(groups: &[Group]) -> Vec<Comparison> {
    let periods = groups.first().map_or(0, |g| g.means.len());
    let total: usize = groups.iter().map(|g| g.size).sum();
    let share = |g: usize| groups[g].size as f64 / total as f64;
    let changes = |g: usize| groups[g].start.is_some_and(|start| start > 0);
    let mut out = Vec::new();
    for (k, group) in groups.iter().enumerate() {
        let Some(start) = group.start.filter(|_| changes(k)) else { continue };
        for (c, other) in groups.iter().enumerate().filter(|(c, _)| *c != k) {
            let both = share(k) + share(c);
            let spread = share(k) / both * (1.0 - share(k) / both);
            let (d, other_d) = (group.share(), other.share());
            let compare = |before: std::ops::Range<usize>, after: std::ops::Range<usize>| {
                (group.mean(after.clone()) - group.mean(before.clone()))
                    - (other.mean(after) - other.mean(before))
            };
            let (kind, estimate, weight) = match other.start {
                None => {
                    (Kind::Never, compare(0..start, start..periods), both * both * spread * d * (1.0 - d))
                }
                Some(0) => {
                    (Kind::Always, compare(0..start, start..periods), both * both * spread * d * (1.0 - d))
                }
                Some(later) if later > start => {
                    let window = 1.0 - other_d;
                    let inside = (d - other_d) / window * ((1.0 - d) / window);
                    (
                        Kind::EarlyLate,
                        compare(0..start, start..later),
                        (both * window).powi(2) * spread * inside,
                    )
                }
                Some(earlier) => {
                    let inside = d / other_d * ((other_d - d) / other_d);
                    let weight = (both * other_d).powi(2) * spread * inside;
                    (Kind::LateEarly, compare(earlier..start, start..periods), weight)
                }
            };
            out.push(Comparison { treated: k, control: c, kind, estimate, weight });
        }
    }
    // The variance of the treatment without unit and period effects is the sum of these terms.
    let sum: f64 = out.iter().map(|c| c.weight).sum();
    out.iter_mut().for_each(|c| c.weight /= sum);
    out
}

#[cfg(test)]
mod tests {
    use super::{Group, decompose};

    /// Three units over ten periods, treated never, from period 5 with effect 2 and from period 8 with effect 4: the two-way
    /// regression in numpy has 2.909091, with weights 0.181818, 0.136364 and 0.681818.
    #[test]
    fn weights_add_up_to_the_two_way_estimate() {
        let group = |start: Option<usize>, effect: f64| Group {
            start,
            size: 1,
            means: (0..10).map(|t| if start.is_some_and(|s| t >= s) { effect } else { 0.0 }).collect(),
        };
        let found = decompose(&[group(None, 0.0), group(Some(4), 2.0), group(Some(7), 4.0)]);
        let sum: f64 = found.iter().map(|c| c.weight * c.estimate).sum();
        assert!((sum - 32.0 / 11.0).abs() < 1e-12, "{sum}");
    }
}
