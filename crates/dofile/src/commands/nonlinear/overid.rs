//! `estat overid` after `gmm`: Hansen's J. Stores in `r()`: J J_df J_p. Formulas: [R] gmm postestimation.

use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;

/// The test; J has its distribution with an efficient weight matrix only.
pub(super) fn run(s: &mut Session, call: &Call) -> Result<()> {
    call.bare()?;
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let (j, df) = (scalar("J"), scalar("J_df"));
    if [e.get_text("estimator"), e.get_text("gmmestimator")].contains(&Some("onestep")) {
        return Err(StataError::new(322, "estat overid needs two-step or iterated estimation"));
    }
    if df <= 0.0 {
        return Err(StataError::new(322, "the model is exactly identified: no overidentifying restrictions"));
    }
    let p = chi2_tail(df, j);
    s.print("");
    s.print("  Test of overidentifying restriction:");
    s.print("");
    let (value, shown) = (format::bare("%8.0g", j), format::bare("%6.4f", p));
    s.print(format!("  Hansen's J chi2({df}) = {} (p = {shown})", value.trim()));
    let mut results = Results::default();
    results.scalar("J", stata(j)).scalar("J_df", df).scalar("J_p", stata(p));
    s.r = results;
    Ok(())
}
