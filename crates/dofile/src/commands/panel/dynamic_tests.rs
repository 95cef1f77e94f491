//! `estat abond` and `estat sargan`: tests after `xtabond` and `xtdpdsys`. Formulas: [XT] xtabond postestimation.

use super::xtabond::GmmState;
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{chi2_tail, normal_two_sided};
use std::sync::Arc;

fn state(session: &Session) -> Result<Arc<dyn std::any::Any + Send + Sync>> {
    session.e.extra.clone().filter(|e| e.is::<GmmState>()).ok_or_else(StataError::no_estimates)
}

/// `estat abond`: tests of no serial correlation in the differenced errors.
pub(crate) fn abond(session: &mut Session, orders: Option<i64>) -> Result<()> {
    let extra = state(session)?;
    let Some(state) = extra.downcast_ref::<GmmState>() else { return Ok(()) };
    let most = orders.unwrap_or(session.e.results.get_scalar("artests").unwrap_or(2.0) as i64).max(1);
    session.print("");
    session.print("Arellano-Bond test for zero autocorrelation in first-differenced errors");
    session.print("H0: No autocorrelation");
    session.print("");
    session.print("  +-----------------------+");
    session.print("  |Order |  z     Prob > z|");
    session.print("  |------+----------------|");
    let mut rows = Vec::new();
    for order in 1..=most {
        let z = state.fit.serial_correlation(&state.units, order).unwrap_or(MISSING);
        let p = if is_missing(z) { MISSING } else { normal_two_sided(z) };
        session.print(format!(
            "  |  {order:<3} |{:>8} {:>7}|",
            format::bare("%7.0g", z),
            format::bare("%6.4f", p)
        ));
        rows.push([order as f64, z, p]);
    }
    session.print("  +-----------------------+");
    let mut results = Results::default();
    let mut matrix = Matrix::new(rows.len(), 3, rows.concat());
    matrix.col_names = ["order", "z", "p"].map(Stripe::term).to_vec();
    for row in &rows {
        results.scalar(&format!("m{}", row[0]), row[1]).scalar(&format!("p{}", row[0]), row[2]);
    }
    session.r = results;
    session.r.matrix("arm", matrix);
    Ok(())
}

/// `estat sargan`: test of the overidentifying restrictions.
pub(crate) fn sargan(session: &mut Session) -> Result<()> {
    state(session)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let two = e.get_text("twostep").is_some();
    if !two && e.get_text("vce") == Some("robust") {
        return Err(StataError::new(322, "cannot calculate Sargan test with vce(robust)"));
    }
    let df = scalar("zrank") - scalar("rank");
    if df <= 0.0 {
        return Err(StataError::new(322, "the model is exactly identified: no overidentifying restrictions"));
    }
    let (chi2, p) = (scalar("sargan"), chi2_tail(df, scalar("sargan")));
    session.print("");
    session.print("Sargan test of overidentifying restrictions");
    session.print("H0: Overidentifying restrictions are valid");
    session.print("");
    session.print(format!("        chi2({df})      =  {}", format::number("%9.0g", chi2)));
    session.print(format!("        Prob > chi2  =    {}", format::bare("%6.4f", p)));
    let mut results = Results::default();
    results.scalar("chi2", chi2).scalar("df", df).scalar("p", p);
    session.r = results;
    Ok(())
}
