//! Tukey's ladder of powers ([R] ladder).

use estimators::normality::{SkewKurtosis, skewness_kurtosis};

/// A transformation of the ladder.
pub(crate) struct Power {
    /// Name in tables.
    pub(crate) name: &'static str,
    /// Formula with `@` for the variable.
    formula: &'static str,
    /// Name among stored results.
    pub(crate) stored: &'static str,
    /// The transformation; not finite where it is not defined.
    pub(crate) of: fn(f64) -> f64,
}

impl Power {
    /// The formula with the name of a variable.
    pub(crate) fn written(&self, variable: &str) -> String {
        self.formula.replace('@', variable)
    }

    /// The transformed values, unless it is not defined for all of them.
    pub(crate) fn apply(&self, values: &[f64]) -> Option<Vec<f64>> {
        let out: Vec<f64> = values.iter().map(|x| (self.of)(*x)).collect();
        out.iter().all(|x| x.is_finite()).then_some(out)
    }

    /// The test of skewness and kurtosis of the transformed values, where they are defined and vary.
    pub(crate) fn test(&self, values: &[f64], adjust: bool) -> Option<SkewKurtosis> {
        let values = self.apply(values)?;
        let varies = values.iter().any(|x| *x != values[0]);
        varies.then(|| skewness_kurtosis(&values, adjust)).filter(|t| t.chi2.is_finite())
    }
}

const fn power(name: &'static str, formula: &'static str, stored: &'static str, of: fn(f64) -> f64) -> Power {
    Power { name, formula, stored, of }
}

/// The nine transformations in the order of the tables.
pub(crate) const LADDER: [Power; 9] = [
    power("Cubic", "@^3", "cube", |x| x * x * x),
    power("Square", "@^2", "square", |x| x * x),
    power("Identity", "@", "ident", |x| x),
    power("Square root", "sqrt(@)", "sqrt", f64::sqrt),
    power("Log", "log(@)", "log", f64::ln),
    power("1/(Square root)", "1/sqrt(@)", "invsqrt", |x| 1.0 / x.sqrt()),
    power("Inverse", "1/@", "inv", |x| 1.0 / x),
    power("1/Square", "1/(@^2)", "invsq", |x| 1.0 / (x * x)),
    power("1/Cubic", "1/(@^3)", "invcube", |x| 1.0 / (x * x * x)),
];
