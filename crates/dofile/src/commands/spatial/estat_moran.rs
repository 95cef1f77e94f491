//! `estat moran` after `regress`: Moran's test of the residuals ([SP] estat moran).

use super::spregress_model::repeated;
use super::state::{find, ids};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::estat::Call;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::options::Options;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::spatial::moran::residual_test;

const RESIDUALS: &str = "__sp_residuals";

/// Runs the command.
pub(super) fn run(s: &mut Session, call: &Call) -> Result<()> {
    let (names, rest) = repeated(&call.option_text, "ERRorlag")?;
    Options::parse("estat moran", &rest, &[], &[])?;
    if names.is_empty() {
        return Err(StataError::new(198, "option errorlag() required"));
    }
    call.no_list()?;
    if s.e.results.get_text("wtype").is_some() {
        return Err(StataError::new(101, "estat moran is not available after regress with weights"));
    }
    let names: Vec<String> = names.iter().map(|n| n.trim().to_string()).collect();
    let touse = s.required_estimation_sample()?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let ids = ids(s, &rows)?;
    let mut matrices: Vec<Mat> = Vec::new();
    for name in &names {
        let held = find(s, name)?;
        let part = held.part(name, &ids)?;
        if held.ids.len() != ids.len() {
            let message = format!(
                "weighting matrix {name} defines {} places, the estimation sample has {}",
                held.ids.len(),
                ids.len()
            );
            return Err(StataError::new(459, message));
        }
        matrices.push(part);
    }
    quietly(s, &format!("predict double {RESIDUALS} if e(sample), residuals"))?;
    let v = s.variable(RESIDUALS)?;
    let e: Vec<f64> = rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
    s.frame.drop_vars(&[v]);
    let parts: Vec<&Mat> = matrices.iter().collect();
    let chi2 = residual_test(&e, &parts).ok_or_else(|| {
        StataError::new(459, "residuals are zero or weighting matrices depend on each other")
    })?;
    let df = names.len() as f64;
    s.print("");
    s.print("Moran test for spatial dependence");
    s.print("         H0: Error terms are i.i.d.");
    s.print(format!("         Errorlags:  {}", names.join(" ")));
    s.print("");
    s.print(format!("         chi2({df})      = {}", format::number("%8.2f", chi2)));
    s.print(format!("         Prob > chi2  = {}", format::number("%8.4f", chi2_tail(df, chi2))));
    s.r.clear();
    s.r.scalar("chi2", chi2).scalar("df", df).scalar("p", chi2_tail(df, chi2));
    s.r.text("elmat", names.join(" "));
    Ok(())
}
