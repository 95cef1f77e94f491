//! The imbalance of two groups: the multivariate distance and a table of one line for each covariate.

use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use estimators::coarsening::{Cutpoints, intervals, l1_distance, strata, univariate};

/// A sample of two groups.
pub(super) struct Sample<'a> {
    /// Names of the covariates.
    pub names: &'a [String],
    /// Their values.
    pub columns: &'a [Vec<f64>],
    /// Which units are treated.
    pub treated: &'a [bool],
    /// Weights of the units.
    pub weights: &'a [f64],
}

/// Stores `r(L1)` and `r(imbal)`. The intervals are those of the sample itself.
pub(super) fn store(r: &mut Results, sample: &Sample<'_>, cutpoints: &Cutpoints) -> Result<()> {
    if sample.columns.iter().flatten().any(|x| x.is_nan()) {
        // how missing values enter the distance is not documented
        return Err(StataError::unsupported_option("imb", "missing values of covariates"));
    }
    let n = sample.treated.len();
    let bins: Vec<Vec<usize>> = sample.columns.iter().map(|c| intervals(c, &cutpoints.of(c))).collect();
    let (numbers, count) = strata(&bins, n);
    r.scalar("L1", l1_distance(&numbers, count, sample.treated, sample.weights));
    let rows = sample.columns.iter().flat_map(|c| univariate(c, sample.treated, sample.weights, cutpoints));
    let mut m = Matrix::new(sample.names.len(), 7, rows.collect());
    m.row_names = sample.names.iter().map(|n| Stripe::term(n.as_str())).collect();
    m.col_names = ["L1", "mean", "min", "25%", "50%", "75%", "max"].map(Stripe::term).to_vec();
    r.matrix("imbal", m);
    Ok(())
}

/// Prints what `r()` holds.
pub(super) fn show(s: &mut Session) -> Result<()> {
    let distance = s.r.get_scalar("L1").unwrap_or(crate::value::MISSING);
    s.print("");
    s.print(format!("Multivariate L1 distance: {}", crate::format::bare("%10.0g", distance)));
    s.print("");
    s.print("Univariate imbalance:");
    s.run_expanded("matrix list r(imbal), noheader format(%7.5g)").map(|_| ())
}
