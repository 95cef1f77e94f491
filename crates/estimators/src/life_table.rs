//! Life tables of grouped survival times ([ST] ltable; Kalbfleisch and Prentice 2002, The Statistical Analysis of Failure Time
//! Data, section 1.4).

use super::distributions::{chi2_quantile, normal_quantile};

/// Deaths and losses of one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its begin.
    pub from: f64,
    /// Its end, which belongs to the next one; infinite for the last of given cut points.
    pub to: f64,
    /// Alive at its begin.
    pub total: f64,
    /// Deaths in it.
    pub deaths: f64,
    /// Losses in it.
    pub lost: f64,
}

/// An estimate with its standard error and limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Value.
    pub value: f64,
    /// Standard error.
    pub se: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// One line of a life table.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The interval.
    pub interval: Interval,
    /// Probability to survive its end.
    pub survival: Estimate,
    /// Hazard within it.
    pub hazard: Estimate,
}

/// Intervals with deaths or losses: `(time, died, how many)`, cut at `cuts` (ascending; a time belongs to the last cut that it
/// reaches) or, with one width, at its multiples.
pub fn intervals(records: &[(f64, bool, f64)], width: f64, cuts: &[f64]) -> Vec<Interval> {
    let bounds = |t: f64| {
        if cuts.is_empty() {
            let k = (t / width).floor();
            return (k * width, (k + 1.0) * width);
        }
        let at = cuts.partition_point(|c| *c <= t);
        let from = if at == 0 { 0.0 } else { cuts[at - 1] };
        (from, cuts.get(at).copied().unwrap_or(f64::INFINITY))
    };
    let mut sorted = records.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut left: f64 = sorted.iter().map(|r| r.2).sum();
    let mut out: Vec<Interval> = Vec::new();
    for (t, died, count) in sorted {
        let (from, to) = bounds(t);
        if out.last().is_none_or(|last| last.from != from) {
            out.push(Interval { from, to, total: left, deaths: 0.0, lost: 0.0 });
        }
        if let Some(last) = out.last_mut() {
            if died { last.deaths += count } else { last.lost += count }
        }
        left -= count;
    }
    out
}

/// The table of some intervals. With `adjust`, those lost count for half of their interval.
pub fn table(intervals: &[Interval], adjust: bool, level: f64) -> Vec<Line> {
    let z = normal_quantile(0.5 + level / 200.0);
    // the sums of Greenwood's formula and of the logarithms
    let (mut survival, mut greenwood, mut log) = (1.0, 0.0, 0.0);
    intervals
        .iter()
        .map(|own| {
            let exposed = if adjust { own.total - own.lost / 2.0 } else { own.total };
            let share = own.deaths / exposed;
            survival *= 1.0 - share;
            log += (1.0 - share).ln();
            greenwood += own.deaths / (exposed * (exposed - own.deaths));
            let se = survival * greenwood.sqrt();
            let spread = greenwood.sqrt() / log;
            let limit = |sign: f64| survival.powf((sign * z * spread).exp());
            let known = own.deaths > 0.0 || log < 0.0;
            let bounds = if known { (limit(-1.0), limit(1.0)) } else { (f64::NAN, f64::NAN) };
            let (low, high) = (bounds.0.min(bounds.1), bounds.0.max(bounds.1));
            Line {
                interval: *own,
                survival: Estimate { value: survival, se, low, high },
                hazard: hazard(own, share, level),
            }
        })
        .collect()
}

/// The hazard that is constant within an interval, with limits from the chi-squared distribution of twice the deaths.
fn hazard(own: &Interval, share: f64, level: f64) -> Estimate {
    let width = own.to - own.from;
    if !width.is_finite() {
        return Estimate { value: f64::NAN, se: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let value = share / ((1.0 - share / 2.0) * width);
    if own.deaths <= 0.0 {
        return Estimate { value, se: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let se = value * ((1.0 - (width * value / 2.0).powi(2)) / own.deaths).sqrt();
    let tail = 0.5 - level / 200.0;
    let scale = value / (2.0 * own.deaths);
    let limit = |p: f64| scale * chi2_quantile(2.0 * own.deaths, p);
    Estimate { value, se, low: limit(tail), high: limit(1.0 - tail) }
}
