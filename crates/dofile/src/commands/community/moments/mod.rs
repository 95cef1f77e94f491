//! Quantiles via moments (Machado and Santos Silva 2019): `mmqreg`, `xtqreg`.

mod mmqreg;
mod xtqreg;

pub(super) use mmqreg::SPEC as MMQREG;
pub(super) use xtqreg::SPEC as XTQREG;

use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use estimators::quantile_moments::{ErrorQuantile, LocationScale};

/// The quantiles of the errors at some shares.
fn quantiles(fit: &LocationScale, shares: &[f64]) -> Result<Vec<ErrorQuantile>> {
    let at = |tau: &f64| {
        fit.quantile(*tau).ok_or_else(|| {
            let tau = format::bare("%9.0g", *tau);
            StataError::new(
                498,
                format!("the density of the errors at quantile {tau} could not be estimated"),
            )
        })
    };
    shares.iter().map(at).collect()
}

/// Warns of rows whose fitted scale is not positive, for which the model cannot hold.
fn warn(s: &mut Session, fit: &LocationScale) {
    let count = fit.not_positive();
    if count > 0 {
        s.print(format!("WARNING: {count} fitted values of the scale function are not positive"));
    }
}
