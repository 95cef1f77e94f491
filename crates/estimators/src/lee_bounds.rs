//! Bounds of a treatment effect under selection (Lee 2009, Review of Economic Studies 76): the group with the higher share
//! of observed outcomes is trimmed from above or from below by the share of its excess.

use super::distributions::normal;
use super::roots::bracketed;

/// A unit: whether it is treated, its outcome where it is observed, and the number of units that it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    /// Treatment.
    pub treated: bool,
    /// Observed outcome.
    pub y: Option<f64>,
    /// Frequency.
    pub weight: f64,
}

/// Estimated bounds.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Standard error of the lower bound.
    pub se_lower: f64,
    /// Standard error of the upper bound.
    pub se_upper: f64,
    /// Trimmed share.
    pub trim: f64,
    /// Whether the treated are trimmed.
    pub treated_trimmed: bool,
}

/// Sums of one group.
struct Group {
    /// Units.
    all: f64,
    /// Units with an outcome.
    selected: f64,
    /// Outcomes in ascending order with their frequencies.
    values: Vec<(f64, f64)>,
}

impl Group {
    fn new(units: &[Unit], treated: bool) -> Self {
        let own = || units.iter().filter(move |u| u.treated == treated);
        let mut values: Vec<(f64, f64)> = own().filter_map(|u| u.y.map(|y| (y, u.weight))).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { all: own().map(|u| u.weight).sum(), selected: values.iter().map(|v| v.1).sum(), values }
    }

    fn share(&self) -> f64 {
        self.selected / self.all
    }
}

/// What is left of a trimmed group: mean, variance, and the value at which it is cut.
struct Trimmed {
    mean: f64,
    variance: f64,
    cut: f64,
}

/// Keeps the first `amount` of units; the value at the cut counts with the part that is left of it.
fn trimmed(values: impl Iterator<Item = (f64, f64)>, amount: f64) -> Trimmed {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut left = amount;
    for (y, weight) in values {
        // a rest below the rounding of the amount is none
        if left <= 1e-12 * amount {
            break;
        }
        let part = weight.min(left);
        kept.push((y, part));
        left -= part;
    }
    let total: f64 = kept.iter().map(|k| k.1).sum();
    let mean = kept.iter().map(|k| k.0 * k.1).sum::<f64>() / total;
    let variance = kept.iter().map(|k| k.1 * (k.0 - mean).powi(2)).sum::<f64>() / total;
    Trimmed { mean, variance, cut: kept.last().map_or(f64::NAN, |k| k.0) }
}

/// The bounds; `None` when a group is empty, or has fewer than two outcomes.
pub fn bounds(units: &[Unit]) -> Option<Bounds> {
    let (treated, control) = (Group::new(units, true), Group::new(units, false));
    if treated.selected < 2.0 || control.selected < 2.0 {
        return None;
    }
    let treated_trimmed = treated.share() >= control.share();
    let (cut, whole) = if treated_trimmed { (&treated, &control) } else { (&control, &treated) };
    let kept = whole.selected * cut.all / whole.all;
    let trim = 1.0 - whole.share() / cut.share();
    let low = trimmed(cut.values.iter().copied(), kept);
    let high = trimmed(cut.values.iter().rev().copied(), kept);
    let mean = whole.values.iter().map(|v| v.0 * v.1).sum::<f64>() / whole.selected;
    let spread = whole.values.iter().map(|v| v.1 * (v.0 - mean).powi(2)).sum::<f64>();
    let of_whole = spread / (whole.selected - 1.0) / whole.selected;
    // Lee (2009), Proposition 3: variance of the trimmed mean, of the cut, and of the share that is trimmed
    let odds = |g: &Group| (1.0 - g.share()) / (g.all * g.share());
    let of_share = odds(cut) + odds(whole);
    let se = |t: &Trimmed| {
        let distance = (t.cut - t.mean).powi(2);
        ((t.variance + distance * trim) / kept + distance * of_share + of_whole).sqrt()
    };
    let ([lower, upper], [first, second]) = if treated_trimmed {
        ([low.mean - mean, high.mean - mean], [&low, &high])
    } else {
        ([mean - high.mean, mean - low.mean], [&high, &low])
    };
    Some(Bounds { lower, upper, se_lower: se(first), se_upper: se(second), trim, treated_trimmed })
}

/// Confidence interval of the effect itself (Imbens and Manski 2004, Econometrica 72): narrower than the union of the
/// intervals of both bounds. `level` is a share.
pub fn effect_interval(bounds: (f64, f64), se: (f64, f64), level: f64) -> Option<(f64, f64)> {
    let width = (bounds.1 - bounds.0) / se.0.max(se.1);
    let covered = |c: f64| normal(c + width) - normal(-c) - level;
    let critical = bracketed(covered, 0.0, 40.0);
    critical.is_finite().then_some((bounds.0 - critical * se.0, bounds.1 + critical * se.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Equal shares of outcomes: nothing is trimmed, and both bounds are the difference of means.
    #[test]
    fn equal_shares_are_not_trimmed() {
        let unit = |treated, y| Unit { treated, y, weight: 1.0 };
        let units = [
            unit(true, Some(3.0)),
            unit(true, Some(5.0)),
            unit(true, None),
            unit(false, Some(1.0)),
            unit(false, Some(2.0)),
            unit(false, None),
        ];
        let found = bounds(&units).expect("bounds");
        assert_eq!((found.lower, found.upper, found.trim), (2.5, 2.5, 0.0));
    }
}
