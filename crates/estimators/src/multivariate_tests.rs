//! Tests of a multivariate linear hypothesis from its products `H` and those of the residuals `E`, with their F
//! approximations ([MV] manova; Rao 1951, Pillai 1955).

use super::matrix::Mat;

/// A hypothesis.
pub struct Hypothesis<'a> {
    /// Sums of squares and products of the hypothesis.
    pub h: &'a Mat,
    /// Those of the residuals, positive definite.
    pub e: &'a Mat,
    /// Degrees of freedom of the hypothesis.
    pub df: f64,
    /// Residual degrees of freedom.
    pub df_r: f64,
}

/// How the F of a test is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The distribution is F.
    Exact,
    /// It is nearly F.
    Approximate,
    /// F is an upper bound.
    Bound,
}

impl Kind {
    /// Its mark in tables.
    pub fn letter(self) -> char {
        match self {
            Self::Exact => 'e',
            Self::Approximate => 'a',
            Self::Bound => 'u',
        }
    }
}

/// One test.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The statistic.
    pub statistic: f64,
    /// Its F.
    pub f: f64,
    /// Numerator degrees of freedom.
    pub df1: f64,
    /// Denominator degrees of freedom.
    pub df2: f64,
    /// How F is meant.
    pub kind: Kind,
}

/// The four tests.
#[derive(Clone, Copy, Debug)]
pub struct Tests {
    /// Wilks's lambda.
    pub wilks: Test,
    /// Pillai's trace.
    pub pillai: Test,
    /// The trace of Lawley and Hotelling.
    pub hotelling: Test,
    /// Roy's largest root.
    pub roy: Test,
}

impl Tests {
    /// Wilks, Pillai, Lawley and Hotelling, Roy.
    pub fn all(&self) -> [Test; 4] {
        [self.wilks, self.pillai, self.hotelling, self.roy]
    }
}

impl Hypothesis<'_> {
    /// The tests; nothing when `E` is not positive definite.
    pub fn tests(&self) -> Option<Tests> {
        // the roots of E^-1 H are those of L^-1 H L'^-1, with E = L L'
        let factor = self.e.cholesky()?;
        let inverse = factor.inverse()?;
        let (roots, _) = inverse.sandwich(self.h).symmetric_eigen();
        let (p, q, v) = (self.e.rows() as f64, self.df, self.df_r);
        let s = p.min(q);
        let (m, n) = (((p - q).abs() - 1.0) / 2.0, (v - p - 1.0) / 2.0);
        let kind = if s <= 1.0 { Kind::Exact } else { Kind::Approximate };
        let roots: Vec<f64> = roots.into_iter().map(|r| r.max(0.0)).collect();
        let lambda: f64 = roots.iter().map(|r| 1.0 / (1.0 + r)).product();
        let trace: f64 = roots.iter().map(|r| r / (1.0 + r)).sum();
        let sum: f64 = roots.iter().sum();
        let largest = roots.first().copied().unwrap_or(0.0);
        let square = p * p + q * q - 5.0;
        let t = if square > 0.0 { ((p * p * q * q - 4.0) / square).sqrt() } else { 1.0 };
        let wide = v + q - (p + q + 1.0) / 2.0;
        let (df1, df2) = (p * q, wide * t - (p * q - 2.0) / 2.0);
        let root = lambda.powf(1.0 / t);
        let wilks = Test {
            statistic: lambda,
            f: (1.0 - root) / root * df2 / df1,
            df1,
            df2,
            kind: if s <= 2.0 { Kind::Exact } else { Kind::Approximate },
        };
        let shape = 2.0 * m + s + 1.0;
        let pillai = Test {
            statistic: trace,
            f: (2.0 * n + s + 1.0) / shape * trace / (s - trace),
            df1: s * shape,
            df2: s * (2.0 * n + s + 1.0),
            kind,
        };
        let df2 = 2.0 * (s * n + 1.0);
        let hotelling = Test { statistic: sum, f: df2 * sum / (s * s * shape), df1: s * shape, df2, kind };
        let d = p.max(q);
        let roy = Test {
            statistic: largest,
            f: largest * (v - d + q) / d,
            df1: d,
            df2: v - d + q,
            kind: if s <= 1.0 { Kind::Exact } else { Kind::Bound },
        };
        Some(Tests { wilks, pillai, hotelling, roy })
    }
}
