//! Survivor and cumulative hazard functions without covariates, tests of their equality, and survival
//! times: Kaplan–Meier, Nelson–Aalen, the log-rank family. Formulas: [ST] sts, [ST] sts test, [ST] stci;
//! Kalbfleisch and Prentice (2002), Klein and Moeschberger (2003).

use super::distributions::normal_quantile;
use super::matrix::Mat;

/// Records `(t0, t]` with their weight and whether they end in failure.
#[derive(Debug, Clone, Copy)]
pub struct Spans<'a> {
    /// Begin.
    pub t0: &'a [f64],
    /// End.
    pub t: &'a [f64],
    /// Failure at the end.
    pub d: &'a [bool],
    /// Weights; absent means ones.
    pub w: Option<&'a [f64]>,
}

impl Spans<'_> {
    fn weight(&self, i: usize) -> f64 {
        self.w.map_or(1.0, |w| w[i])
    }
}

/// One distinct time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Point {
    /// Analysis time.
    pub time: f64,
    /// At risk just before it.
    pub at_risk: f64,
    /// Failures at it.
    pub failures: f64,
    /// Censored at it.
    pub censored: f64,
    /// Entering at it.
    pub entered: f64,
    /// Kaplan–Meier survivor function.
    pub survivor: f64,
    /// Greenwood's sum of `d / (n (n - d))`.
    pub greenwood: f64,
    /// Nelson–Aalen cumulative hazard.
    pub hazard: f64,
    /// Its variance, the sum of `d / n^2`.
    pub hazard_variance: f64,
}

impl Point {
    /// Greenwood's standard error of the survivor function.
    pub fn survivor_se(&self) -> f64 {
        if self.survivor > 0.0 { self.survivor * self.greenwood.sqrt() } else { f64::NAN }
    }

    /// Standard error of `ln(-ln S)`.
    pub fn log_log_se(&self) -> f64 {
        self.greenwood.sqrt() / self.survivor.ln().abs()
    }

    /// Limits of the survivor function, symmetric on the scale of `ln(-ln S)`; none where it is 0 or 1, or where its
    /// variance is not known.
    pub fn survivor_limits(&self, level: f64) -> Option<(f64, f64)> {
        if !(self.survivor > 0.0 && self.survivor < 1.0) || self.greenwood.is_nan() {
            return None;
        }
        let half = normal_quantile(0.5 + level / 200.0) * self.log_log_se();
        Some((self.survivor.powf(half.exp()), self.survivor.powf((-half).exp())))
    }

    /// Limits of the cumulative hazard, symmetric on the log scale; none where it is 0 or its variance is not known.
    pub fn hazard_limits(&self, level: f64) -> Option<(f64, f64)> {
        if self.hazard <= 0.0 || self.hazard_variance.is_nan() {
            return None;
        }
        let half = normal_quantile(0.5 + level / 200.0) * self.hazard_variance.sqrt() / self.hazard;
        Some((self.hazard * (-half).exp(), self.hazard * half.exp()))
    }
}

/// Distinct values, ascending.
fn distinct(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut out: Vec<f64> = values.collect();
    out.sort_by(f64::total_cmp);
    out.dedup();
    out
}

/// The survivor function at every time at which a record ends or begins (times above zero).
/// A subject whose records follow each other neither enters nor is censored in between.
pub fn life_table(spans: Spans<'_>, subject: Option<&[u32]>) -> Vec<Point> {
    let n = spans.t.len();
    // Records that continue a record of the same subject cancel in entries and losses.
    let continues = |a: &[f64], b: &[f64]| -> Vec<bool> {
        let Some(subject) = subject else { return vec![false; n] };
        let ends: std::collections::HashSet<(u32, u64)> =
            (0..n).map(|i| (subject[i], (b[i] + 0.0).to_bits())).collect();
        (0..n).map(|i| ends.contains(&(subject[i], (a[i] + 0.0).to_bits()))).collect()
    };
    let begins_inside = continues(spans.t0, spans.t);
    let ends_inside = continues(spans.t, spans.t0);
    let shown = (0..n).filter(|&i| spans.d[i] || !ends_inside[i]).map(|i| spans.t[i]);
    let entries = (0..n).filter(|&i| !begins_inside[i] && spans.t0[i] > 0.0).map(|i| spans.t0[i]);
    let times = distinct(shown.chain(entries));
    let mut points: Vec<Point> = times.iter().map(|&time| Point { time, ..Point::default() }).collect();
    let at = |x: f64| times.partition_point(|t| *t < x);
    // Change of the number at risk before each time.
    let mut change = vec![0.0; times.len() + 1];
    for i in 0..n {
        let w = spans.weight(i);
        change[times.partition_point(|t| *t <= spans.t0[i])] += w;
        change[times.partition_point(|t| *t <= spans.t[i])] -= w;
        if spans.d[i] {
            points[at(spans.t[i])].failures += w;
        } else if !ends_inside[i] {
            points[at(spans.t[i])].censored += w;
        }
        if !begins_inside[i] && spans.t0[i] > 0.0 {
            points[at(spans.t0[i])].entered += w;
        }
    }
    let mut running = 0.0;
    let (mut survivor, mut greenwood, mut hazard, mut variance) = (1.0, 0.0, 0.0, 0.0);
    for (p, c) in points.iter_mut().zip(&change) {
        running += c;
        p.at_risk = running;
        if p.failures > 0.0 {
            survivor *= ((running - p.failures) / running).max(0.0);
            greenwood += p.failures / (running * (running - p.failures));
            hazard += p.failures / running;
            variance += p.failures / (running * running);
        }
        (p.survivor, p.greenwood, p.hazard, p.hazard_variance) = (survivor, greenwood, hazard, variance);
    }
    points
}

/// The last point at or before a time; none before the first.
pub fn at_time(points: &[Point], time: f64) -> Option<&Point> {
    points[..points.partition_point(|p| p.time <= time)].last()
}

/// A survival time with its standard error and limits; missing parts are absent.
#[derive(Debug, Clone, Copy, Default)]
pub struct SurvivalTime {
    /// The time.
    pub time: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Lower limit.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
}

/// Slack for comparing a product of fractions with a percentage.
const SLACK: f64 = 1e-12;

/// Percentile of survival time: the first time at which at least `percent` have failed. Standard error
/// `sqrt(Var S) / f` with the density from the times at which S is 5 points above and below
/// (Klein and Moeschberger 2003, section 4.5); limits from the limits of S on the log-log scale.
pub fn percentile(points: &[Point], percent: f64, level: f64) -> SurvivalTime {
    let left = 1.0 - percent / 100.0;
    let failures = || points.iter().filter(|p| p.failures > 0.0);
    let first = |holds: &dyn Fn(&Point) -> bool| failures().find(|p| holds(p)).map(|p| p.time);
    let Some(point) = failures().find(|p| p.survivor <= left + SLACK) else {
        let low = first(&|p| p.survivor_limits(level).is_some_and(|l| l.0 <= left + SLACK));
        return SurvivalTime { low, ..SurvivalTime::default() };
    };
    let before = failures().rfind(|p| p.survivor >= left + 0.05 - SLACK);
    let after = failures().find(|p| p.survivor <= left - 0.05 + SLACK);
    let se = match (before, after) {
        (Some(b), Some(a)) if a.time > b.time && point.survivor > 0.0 => {
            Some(point.survivor_se() * (a.time - b.time) / (b.survivor - a.survivor))
        }
        _ => None,
    };
    SurvivalTime {
        time: Some(point.time),
        se: se.filter(|s| s.is_finite()),
        low: first(&|p| p.survivor_limits(level).map_or(p.survivor == 0.0, |l| l.0 <= left + SLACK)),
        high: first(&|p| p.survivor_limits(level).is_some_and(|l| l.1 <= left + SLACK)),
    }
}

/// Mean survival time, restricted to the longest time or extended by an exponential tail, with the
/// standard error of the restricted mean ([ST] stci, Klein and Moeschberger 2003, 4.5.1 to 4.5.3).
pub fn mean_time(points: &[Point], extended: bool) -> (f64, f64) {
    let Some(last) = points.last() else { return (f64::NAN, f64::NAN) };
    let mut areas = Vec::with_capacity(points.len());
    let (mut area, mut time, mut survivor) = (0.0, 0.0, 1.0);
    for p in points {
        area += survivor * (p.time - time);
        areas.push(area);
        (time, survivor) = (p.time, p.survivor);
    }
    let variance: f64 = points
        .iter()
        .zip(&areas)
        .filter(|(p, _)| p.failures > 0.0 && p.at_risk > p.failures)
        .map(|(p, a)| (area - a).powi(2) * p.failures / (p.at_risk * (p.at_risk - p.failures)))
        .sum();
    if extended && last.survivor > 0.0 {
        // An exponential curve through the last point carries the survivor function to zero.
        return (area - last.survivor * last.time / last.survivor.ln(), f64::NAN);
    }
    (area, variance.sqrt())
}

/// Weights of the tests of equality over failure times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TestWeight {
    /// Ones.
    LogRank,
    /// Number at risk (Breslow, Gehan).
    Wilcoxon,
    /// Its square root.
    TaroneWare,
    /// A survivor function close to Kaplan and Meier's (Peto and Peto, Prentice).
    Peto,
    /// `S^p (1 - S)^q` of Kaplan and Meier just before (Fleming and Harrington).
    Harrington(f64, f64),
}

/// A test of the equality of survivor functions.
#[derive(Debug, Clone)]
pub struct Equality {
    /// Observed failures of each group.
    pub observed: Vec<f64>,
    /// Expected failures.
    pub expected: Vec<f64>,
    /// Weighted sums of observed minus expected.
    pub score: Vec<f64>,
    /// Their covariance.
    pub covariance: Mat,
}

impl Equality {
    /// No groups compared yet.
    pub fn empty(groups: usize) -> Self {
        Self {
            observed: vec![0.0; groups],
            expected: vec![0.0; groups],
            score: vec![0.0; groups],
            covariance: Mat::zeros(groups, groups),
        }
    }

    /// Adds a stratum.
    pub fn plus(mut self, other: &Self) -> Self {
        let add = |a: &mut [f64], b: &[f64]| a.iter_mut().zip(b).for_each(|(x, y)| *x += y);
        add(&mut self.observed, &other.observed);
        add(&mut self.expected, &other.expected);
        add(&mut self.score, &other.score);
        self.covariance = self.covariance.plus(&other.covariance);
        self
    }

    /// Chi-squared and degrees of freedom (the rank of the covariance).
    pub fn chi2(&self) -> (f64, f64) {
        let (inverse, rank, _) = self.covariance.inverse_semidefinite(1e-10);
        (inverse.quadratic(&self.score), rank as f64)
    }

    /// Chi-squared with one degree of freedom for a trend over group values.
    pub fn trend(&self, values: &[f64]) -> f64 {
        let u: f64 = values.iter().zip(&self.score).map(|(a, s)| a * s).sum();
        u * u / self.covariance.quadratic(values)
    }
}

/// The log-rank family: `group` numbers the groups from zero ([ST] sts test, "Methods and formulas").
pub fn equality(spans: Spans<'_>, group: &[usize], groups: usize, weight: TestWeight) -> Equality {
    let n = spans.t.len();
    let times = distinct((0..n).filter(|&i| spans.d[i]).map(|i| spans.t[i]));
    let mut risk = vec![0.0; (times.len() + 1) * groups];
    let mut died = vec![0.0; times.len() * groups];
    for i in 0..n {
        let w = spans.weight(i);
        // At risk at failure times in (t0, t].
        risk[times.partition_point(|t| *t <= spans.t0[i]) * groups + group[i]] += w;
        risk[times.partition_point(|t| *t <= spans.t[i]) * groups + group[i]] -= w;
        if spans.d[i] {
            died[times.partition_point(|t| *t < spans.t[i]) * groups + group[i]] += w;
        }
    }
    let mut out = Equality::empty(groups);
    let mut at_risk = vec![0.0; groups];
    let (mut survivor, mut peto) = (1.0, 1.0);
    for j in 0..times.len() {
        at_risk.iter_mut().zip(&risk[j * groups..]).for_each(|(a, c)| *a += c);
        let d = &died[j * groups..(j + 1) * groups];
        let (n_j, d_j) = (at_risk.iter().sum::<f64>(), d.iter().sum::<f64>());
        peto *= 1.0 - d_j / (n_j + 1.0);
        let w = match weight {
            TestWeight::LogRank => 1.0,
            TestWeight::Wilcoxon => n_j,
            TestWeight::TaroneWare => n_j.sqrt(),
            TestWeight::Peto => peto,
            TestWeight::Harrington(p, q) => f64::powf(survivor, p) * f64::powf(1.0 - survivor, q),
        };
        survivor *= 1.0 - d_j / n_j;
        let spread = if n_j > 1.0 { w * w * d_j * (n_j - d_j) / (n_j * n_j * (n_j - 1.0)) } else { 0.0 };
        for g in 0..groups {
            let e = at_risk[g] * d_j / n_j;
            out.observed[g] += d[g];
            out.expected[g] += e;
            out.score[g] += w * (d[g] - e);
            for h in 0..groups {
                let own = if g == h { n_j } else { 0.0 };
                out.covariance[(g, h)] += spread * at_risk[g] * (own - at_risk[h]);
            }
        }
    }
    out
}
