//! One-way analysis of variance with random effects of groups: the correlation within groups ([R] loneway, Methods and
//! formulas).

use super::distributions::{f_inverse_tail, normal_quantile};

/// Sums of squares of a one-way layout with the sizes of its groups.
#[derive(Clone, Debug)]
pub struct OneWay {
    /// Between groups.
    pub between: f64,
    /// Within groups.
    pub within: f64,
    /// Sizes (sums of weights) of the groups.
    pub sizes: Vec<f64>,
}

/// The correlation within groups.
#[derive(Clone, Copy, Debug)]
pub struct Intraclass {
    /// The correlation, zero at least.
    pub rho: f64,
    /// Its asymptotic standard error (Donner 1986).
    pub se: f64,
    /// Limits of its confidence interval.
    pub limits: (f64, f64),
    /// Standard deviation of the group effect.
    pub sd_between: f64,
    /// Standard deviation within groups.
    pub sd_within: f64,
    /// Reliability of the mean of a group of size `size`.
    pub reliability: f64,
    /// The size at which the reliability is evaluated.
    pub size: f64,
}

impl OneWay {
    /// Number of observations.
    pub fn n(&self) -> f64 {
        self.sizes.iter().sum()
    }

    /// Degrees of freedom between and within groups.
    pub fn df(&self) -> (f64, f64) {
        let k = self.sizes.len() as f64;
        (k - 1.0, self.n() - k)
    }

    /// The ratio of mean squares.
    pub fn f(&self) -> f64 {
        let (a, b) = self.df();
        self.between / a / (self.within / b)
    }

    /// The correlation within groups; `reference` is the value of F that stands for no effect (one, or the mean or median
    /// of its distribution), `exact` asks for the limits from F, which hold for groups of one size. `level` in percent.
    pub fn intraclass(&self, reference: f64, exact: bool, level: f64) -> Intraclass {
        let (n, (df1, df2)) = (self.n(), self.df());
        let power = |p: i32| self.sizes.iter().map(|s| s.powi(p)).sum::<f64>();
        let size = (n - power(2) / n) / df1;
        let ratio = self.f() / reference;
        let rho = ((ratio - 1.0) / (ratio - 1.0 + size)).max(0.0);
        let a = (1.0 + rho * (size - 1.0)).powi(2) / df2;
        let b = (1.0 - rho) * (1.0 + rho * (2.0 * size - 1.0)) / df1;
        let c = rho * rho * (power(2) - 2.0 * power(3) / n + power(2).powi(2) / (n * n)) / (df1 * df1);
        let se = (2.0 * (1.0 - rho).powi(2) / (size * size) * (a + b + c)).sqrt();
        let tail = 0.5 * (1.0 - level / 100.0);
        let limits = if exact {
            let at = |f: f64| (self.f() / f - 1.0) / (self.f() / f - 1.0 + size);
            (at(f_inverse_tail(df1, df2, tail)).max(0.0), at(f_inverse_tail(df1, df2, 1.0 - tail)).max(0.0))
        } else {
            let half = normal_quantile(1.0 - tail) * se;
            ((rho - half).max(0.0), (rho + half).min(1.0))
        };
        let within = self.within / df2;
        Intraclass {
            rho,
            se,
            limits,
            sd_between: ((ratio - 1.0) * within / size).max(0.0).sqrt(),
            sd_within: within.sqrt(),
            reliability: size * rho / (1.0 + (size - 1.0) * rho),
            size,
        }
    }
}
