//! Measures of association in 2x2 tables, rates and matched pairs, with strata. Formulas: [R] Epitab
//! (Methods and formulas); Rothman, Greenland and Lash (2008), chapters 14 and 15; Robins, Breslow and
//! Greenland (1986); Greenland and Robins (1985).

use super::distributions::{beta_quantile, chi2_tail, ln_gamma, normal_quantile};

/// An estimate with its limits; not-a-number where undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Estimate.
    pub value: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

impl Interval {
    /// A symmetric interval.
    pub fn symmetric(value: f64, se: f64, level: f64) -> Self {
        let half = normal_quantile(0.5 + level / 200.0) * se;
        Self { value, low: value - half, high: value + half }
    }

    /// An interval that is symmetric on the log scale.
    pub fn logarithmic(value: f64, se: f64, level: f64) -> Self {
        let half = normal_quantile(0.5 + level / 200.0) * se;
        Self { value, low: value * (-half).exp(), high: value * half.exp() }
    }

    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { value: f(self.value), low: f(self.low), high: f(self.high) }
    }
}

/// Cases and noncases by exposure.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Table {
    /// Exposed cases.
    pub a: f64,
    /// Unexposed cases.
    pub b: f64,
    /// Exposed noncases.
    pub c: f64,
    /// Unexposed noncases.
    pub d: f64,
}

impl Table {
    /// All.
    pub fn total(self) -> f64 {
        self.a + self.b + self.c + self.d
    }

    /// Exposed.
    pub fn exposed(self) -> f64 {
        self.a + self.c
    }

    /// Unexposed.
    pub fn unexposed(self) -> f64 {
        self.b + self.d
    }

    /// Risk among the exposed.
    pub fn risk_exposed(self) -> f64 {
        self.a / self.exposed()
    }

    /// Risk among the unexposed.
    pub fn risk_unexposed(self) -> f64 {
        self.b / self.unexposed()
    }

    /// Risk difference.
    pub fn risk_difference(self, level: f64) -> Interval {
        let (p, q) = (self.risk_exposed(), self.risk_unexposed());
        let se = (p * (1.0 - p) / self.exposed() + q * (1.0 - q) / self.unexposed()).sqrt();
        Interval::symmetric(p - q, se, level)
    }

    /// Variance of the log risk ratio.
    pub(crate) fn risk_ratio_variance(self) -> f64 {
        self.c / (self.a * self.exposed()) + self.d / (self.b * self.unexposed())
    }

    /// Risk ratio.
    pub fn risk_ratio(self, level: f64) -> Interval {
        let value = self.risk_exposed() / self.risk_unexposed();
        Interval::logarithmic(value, self.risk_ratio_variance().sqrt(), level)
    }

    /// Odds ratio without limits.
    pub fn odds_ratio(self) -> f64 {
        self.a * self.d / (self.b * self.c)
    }

    /// Woolf's variance of the log odds ratio.
    pub(crate) fn odds_ratio_variance(self) -> f64 {
        1.0 / self.a + 1.0 / self.b + 1.0 / self.c + 1.0 / self.d
    }

    /// Odds ratio with Woolf's limits.
    pub fn woolf(self, level: f64) -> Interval {
        Interval::logarithmic(self.odds_ratio(), self.odds_ratio_variance().sqrt(), level)
    }

    /// Odds ratio with Cornfield's limits, found by iteration.
    pub fn cornfield(self, level: f64) -> Interval {
        let z = normal_quantile(0.5 + level / 200.0);
        let (m, n1, n0) = (self.a + self.b, self.exposed(), self.unexposed());
        let limit = |sign: f64| -> f64 {
            let mut a = self.a;
            for _ in 0..500 {
                let (b, c, d) = (m - a, n1 - a, n0 - m + a);
                let se = 1.0 / (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt();
                let next = self.a + sign * z * se;
                if !next.is_finite() {
                    return f64::NAN;
                }
                let done = (next - a).abs() < 1e-13 * a.abs();
                a = if done { next } else { 0.5 * (a + next) };
                if done {
                    break;
                }
            }
            a * (n0 - m + a) / ((m - a) * (n1 - a))
        };
        Interval { value: self.odds_ratio(), low: limit(-1.0), high: limit(1.0) }
    }

    /// Odds ratio with exact limits given the margins (noncentral hypergeometric distribution).
    pub fn exact(self, level: f64) -> Interval {
        let alpha = 0.5 - level / 200.0;
        let (m, n1, n0) = (self.a + self.b, self.exposed(), self.unexposed());
        let (low, high) = ((m - n0).max(0.0), m.min(n1));
        let ln_choose = |n: f64, k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
        let base: Vec<(f64, f64)> = (0..=(high - low) as usize)
            .map(|i| low + i as f64)
            .map(|k| (k, ln_choose(n1, k) + ln_choose(n0, m - k)))
            .collect();
        let tail = |log_or: f64, upper: bool| -> f64 {
            let terms: Vec<(f64, f64)> = base.iter().map(|(k, l)| (*k, l + k * log_or)).collect();
            let top = terms.iter().map(|t| t.1).fold(f64::NEG_INFINITY, f64::max);
            let sum = |keep: &dyn Fn(f64) -> bool| -> f64 {
                terms.iter().filter(|t| keep(t.0)).map(|t| (t.1 - top).exp()).sum()
            };
            sum(&|k| if upper { k >= self.a } else { k <= self.a }) / sum(&|_| true)
        };
        // The upper tail grows with the odds ratio, the lower one falls.
        let solve = |upper: bool| -> f64 {
            let (mut from, mut to) = (-60.0, 60.0);
            for _ in 0..200 {
                let middle = 0.5 * (from + to);
                let below = if upper { tail(middle, true) < alpha } else { tail(middle, false) > alpha };
                if below { from = middle } else { to = middle }
            }
            (0.5 * (from + to)).exp()
        };
        Interval {
            value: self.odds_ratio(),
            low: if self.a <= low { 0.0 } else { solve(true) },
            high: if self.a >= high { f64::NAN } else { solve(false) },
        }
    }

    /// Pearson's chi-squared without correction.
    pub fn chi2(self) -> f64 {
        let cross = self.a * self.d - self.b * self.c;
        let margins = (self.a + self.b) * (self.c + self.d) * self.exposed() * self.unexposed();
        cross * cross * self.total() / margins
    }
}

/// Attributable fraction among the exposed, or preventive fraction for a ratio below one; limits that
/// follow those of the ratio. The flag says that it is preventive.
pub fn fraction(ratio: Interval) -> (Interval, bool) {
    if ratio.value >= 1.0 {
        (ratio.map(|r| 1.0 - 1.0 / r), false)
    } else {
        let turned = ratio.map(|r| 1.0 - r);
        (Interval { value: turned.value, low: turned.high, high: turned.low }, true)
    }
}

/// A combined ratio with the test of homogeneity and of no association.
#[derive(Debug, Clone, Copy)]
pub struct Combined {
    /// Mantel–Haenszel estimate.
    pub ratio: Interval,
    /// Chi-squared of homogeneity and its degrees of freedom.
    pub homogeneity: (f64, f64),
    /// Mantel–Haenszel chi-squared of no association, one degree of freedom.
    pub association: f64,
}

impl Combined {
    /// P-value of homogeneity.
    pub fn homogeneity_p(&self) -> f64 {
        if self.homogeneity.1 > 0.0 { chi2_tail(self.homogeneity.1, self.homogeneity.0) } else { f64::NAN }
    }
}

/// Sum over strata.
fn sum(tables: &[Table], f: impl Fn(&Table) -> f64) -> f64 {
    tables.iter().map(f).filter(|x| x.is_finite()).sum()
}

/// Observed minus expected exposed cases and its variance given the margins.
pub fn mantel_haenszel_score(tables: &[Table]) -> (f64, f64) {
    let (mut u, mut v) = (0.0, 0.0);
    for t in tables.iter().filter(|t| t.total() > 1.0) {
        let (n, cases) = (t.total(), t.a + t.b);
        u += t.a - t.exposed() * cases / n;
        v += t.exposed() * t.unexposed() * cases * (n - cases) / (n * n * (n - 1.0));
    }
    (u, v)
}

/// Sum of `(ln r_i - ln r)^2 / var_i` over strata where it is defined, with its degrees of freedom.
fn spread(parts: impl Iterator<Item = (f64, f64)>, combined: f64) -> (f64, f64) {
    let used: Vec<(f64, f64)> =
        parts.filter(|(r, v)| r.is_finite() && *r > 0.0 && v.is_finite() && *v > 0.0).collect();
    let chi2 = used.iter().map(|(r, v)| (r.ln() - combined.ln()).powi(2) / v).sum();
    (chi2, (used.len() as f64 - 1.0).max(0.0))
}

/// Combined risk ratio (Greenland and Robins 1985).
pub fn combined_risk_ratio(tables: &[Table], level: f64) -> Combined {
    let p = sum(tables, |t| t.a * t.unexposed() / t.total());
    let q = sum(tables, |t| t.b * t.exposed() / t.total());
    let variance = sum(tables, |t| {
        let n = t.total();
        ((t.a + t.b) * t.exposed() * t.unexposed() - t.a * t.b * n) / (n * n)
    }) / (p * q);
    let (u, v) = mantel_haenszel_score(tables);
    let parts = tables.iter().map(|t| (t.risk_exposed() / t.risk_unexposed(), t.risk_ratio_variance()));
    Combined {
        ratio: Interval::logarithmic(p / q, variance.sqrt(), level),
        homogeneity: spread(parts, p / q),
        association: u * u / v,
    }
}

/// Combined odds ratio (Robins, Breslow and Greenland 1986).
pub fn combined_odds_ratio(tables: &[Table], level: f64) -> Combined {
    let r = sum(tables, |t| t.a * t.d / t.total());
    let s = sum(tables, |t| t.b * t.c / t.total());
    let part = |f: &dyn Fn(f64, f64, f64, f64) -> f64| {
        sum(tables, |t| {
            let n = t.total();
            f((t.a + t.d) / n, (t.b + t.c) / n, t.a * t.d / n, t.b * t.c / n)
        })
    };
    let variance = part(&|p, _, r, _| p * r) / (2.0 * r * r)
        + part(&|p, q, r, s| p * s + q * r) / (2.0 * r * s)
        + part(&|_, q, _, s| q * s) / (2.0 * s * s);
    let (u, v) = mantel_haenszel_score(tables);
    let parts = tables.iter().map(|t| (t.odds_ratio(), t.odds_ratio_variance()));
    Combined {
        ratio: Interval::logarithmic(r / s, variance.sqrt(), level),
        homogeneity: spread(parts, r / s),
        association: u * u / v,
    }
}

/// Cases and person-time by exposure.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Exposed cases.
    pub a: f64,
    /// Unexposed cases.
    pub b: f64,
    /// Time of the exposed.
    pub t1: f64,
    /// Time of the unexposed.
    pub t0: f64,
}

impl Rates {
    /// Difference of incidence rates.
    pub fn difference(self, level: f64) -> Interval {
        let se = (self.a / (self.t1 * self.t1) + self.b / (self.t0 * self.t0)).sqrt();
        Interval::symmetric(self.a / self.t1 - self.b / self.t0, se, level)
    }

    /// Ratio without limits.
    pub fn ratio(self) -> f64 {
        self.a * self.t0 / (self.b * self.t1)
    }

    /// Ratio with exact limits: given all cases, the exposed ones are binomial (Clopper and Pearson 1934).
    pub fn exact(self, level: f64) -> Interval {
        let (low, high) = clopper_pearson(self.a, self.a + self.b, level);
        let odds = |p: f64| p / (1.0 - p) * self.t0 / self.t1;
        Interval {
            value: self.ratio(),
            low: odds(low),
            high: if high >= 1.0 { f64::NAN } else { odds(high) },
        }
    }

    /// One- and two-sided mid-p: the tail on the observed side, half of the observed point included.
    pub fn mid_p(self) -> (f64, bool) {
        let n = (self.a + self.b) as u64;
        let share = self.t1 / (self.t1 + self.t0);
        let upper = self.a >= (self.a + self.b) * share;
        // each tail is added up on its own side: one less the other has no digits left where it is small
        let (count, share) = if upper { (self.a, share) } else { (self.b, 1.0 - share) };
        let tail = |from: u64| super::distributions::binomial_tail(n, from, share);
        (0.5 * (tail(count as u64) + tail(count as u64 + 1)), upper)
    }
}

/// Exact limits of a proportion.
pub fn clopper_pearson(k: f64, n: f64, level: f64) -> (f64, f64) {
    let alpha = 0.5 - level / 200.0;
    let low = if k <= 0.0 { 0.0 } else { beta_quantile(k, n - k + 1.0, alpha) };
    let high = if k >= n { 1.0 } else { beta_quantile(k + 1.0, n - k, 1.0 - alpha) };
    (low, high)
}

/// Combined incidence-rate ratio (Rothman, Greenland and Lash 2008, chapter 15).
pub fn combined_rate_ratio(strata: &[Rates], level: f64) -> Combined {
    let total = |f: &dyn Fn(&Rates) -> f64| strata.iter().map(f).filter(|x| x.is_finite()).sum::<f64>();
    let r = total(&|s| s.a * s.t0 / (s.t1 + s.t0));
    let q = total(&|s| s.b * s.t1 / (s.t1 + s.t0));
    let v = total(&|s| (s.a + s.b) * s.t1 * s.t0 / (s.t1 + s.t0).powi(2));
    let u = total(&|s| s.a - (s.a + s.b) * s.t1 / (s.t1 + s.t0));
    let parts = strata.iter().map(|s| (s.ratio(), 1.0 / s.a + 1.0 / s.b));
    Combined {
        ratio: Interval::logarithmic(r / q, (v / (r * q)).sqrt(), level),
        homogeneity: spread(parts, r / q),
        association: u * u / v,
    }
}

/// Pairs of a matched study: both exposed, only the case, only the control, neither.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Matched {
    /// Case and control exposed.
    pub a: f64,
    /// Only the case.
    pub b: f64,
    /// Only the control.
    pub c: f64,
    /// Neither.
    pub d: f64,
}

impl Matched {
    /// McNemar's chi-squared.
    pub fn chi2(self) -> f64 {
        (self.b - self.c).powi(2) / (self.b + self.c)
    }

    /// Exact two-sided p-value.
    pub fn exact_p(self) -> f64 {
        let n = (self.b + self.c) as u64;
        let most = self.b.max(self.c) as u64;
        (2.0 * super::distributions::binomial_tail(n, most, 0.5)).min(1.0)
    }

    /// Odds ratio with exact limits.
    pub fn odds_ratio(self, level: f64) -> Interval {
        let (low, high) = clopper_pearson(self.b, self.b + self.c, level);
        let odds = |p: f64| p / (1.0 - p);
        Interval {
            value: self.b / self.c,
            low: odds(low),
            high: if high >= 1.0 { f64::NAN } else { odds(high) },
        }
    }

    /// Difference of the exposed shares, limits with a continuity correction of 1/n ([R] Epitab).
    pub fn difference(self, level: f64) -> Interval {
        let n = self.a + self.b + self.c + self.d;
        let se = ((self.a + self.d) * (self.b + self.c) + 4.0 * self.b * self.c).sqrt() / (n * n.sqrt());
        let plain = Interval::symmetric((self.b - self.c) / n, se, level);
        Interval { value: plain.value, low: plain.low - 1.0 / n, high: plain.high + 1.0 / n }
    }

    /// Ratio of the exposed shares.
    pub fn ratio(self, level: f64) -> Interval {
        let (case, control) = (self.a + self.b, self.a + self.c);
        Interval::logarithmic(case / control, ((self.b + self.c) / (case * control)).sqrt(), level)
    }

    /// Relative difference; delta method for three multinomial shares.
    pub fn relative_difference(self, level: f64) -> Interval {
        let rest = self.b + self.d;
        let value = (self.b - self.c) / rest;
        let se = ((self.b + self.c + self.d) * (self.b * self.c + self.b * self.d + self.c * self.d)
            - self.b * self.c * self.d)
            .sqrt()
            / (rest * rest);
        Interval::symmetric(value, se, level)
    }
}
