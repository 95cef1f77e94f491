//! Odds over the ordered levels of an exposure: homogeneity and trend (Breslow and Day 1980, 4.4 and 4.5; Clayton and
//! Hills 1993, chapter 20).

/// Cases and controls at each level of an exposure.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Cases and controls of each level.
    pub counts: Vec<(f64, f64)>,
    /// Score of each level.
    pub scores: Vec<f64>,
}

impl Levels {
    /// Sums of cases and of controls.
    pub fn totals(&self) -> (f64, f64) {
        self.counts.iter().fold((0.0, 0.0), |s, c| (s.0 + c.0, s.1 + c.1))
    }

    /// Test of equal odds: the statistic and its degrees of freedom (levels without observations do not count).
    pub fn homogeneity(&self) -> (f64, f64) {
        let (m1, m0) = self.totals();
        let t = m1 + m0;
        let used = self.counts.iter().filter(|c| c.0 + c.1 > 0.0);
        let share = |c: &(f64, f64)| (c.0 - m1 * (c.0 + c.1) / t).powi(2) / (c.0 + c.1);
        let sum: f64 = used.clone().map(share).sum();
        (t * (t - 1.0) / (m1 * m0) * sum, used.count() as f64 - 1.0)
    }

    /// Score of the trend and its hypergeometric variance; zero without cases or controls.
    fn score(&self) -> (f64, f64) {
        let (m1, m0) = self.totals();
        let t = m1 + m0;
        if m1 == 0.0 || m0 == 0.0 {
            return (0.0, 0.0);
        }
        let sum = |f: &dyn Fn(&(f64, f64), f64) -> f64| -> f64 {
            self.counts.iter().zip(&self.scores).map(|(c, x)| f(c, *x)).sum()
        };
        let cases = sum(&|c, x| c.0 * x);
        let (first, second) = (sum(&|c, x| (c.0 + c.1) * x), sum(&|c, x| (c.0 + c.1) * x * x));
        let u = cases - m1 * first / t;
        let v = m1 * m0 / (t * t * (t - 1.0)) * (t * second - first * first);
        (u, v)
    }
}

/// Score of a common trend over strata and its variance; `u^2/v` is chi-squared with one degree of freedom, `u/v`
/// approximates the log of the odds ratio for a step of one.
pub fn adjusted_trend(strata: &[Levels]) -> (f64, f64) {
    strata.iter().map(Levels::score).fold((0.0, 0.0), |s, x| (s.0 + x.0, s.1 + x.1))
}
