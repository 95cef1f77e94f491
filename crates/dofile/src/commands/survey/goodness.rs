//! `estat gof` after `svy: logit` and `svy: probit`: Archer and Lemeshow's F-adjusted mean residual test ([R] estat gof;
//! Archer and Lemeshow 2006, Stata Journal 6: 97–105).

use crate::error::{Result, StataError};
use crate::estimation::post::{kernel, stata};
use crate::format;
use crate::ops::estat::Call;
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use estimators::distributions::f_tail;

/// Names of the variables that are made for a while.
const PROBABILITY: &str = "__gof_p";
const RESIDUAL: &str = "__gof_r";
const GROUP: &str = "__gof_g";

/// Runs the test: mean residuals of groups of predicted probabilities are zero, by a Wald test with the survey covariance.
pub(super) fn run(s: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::int("Group")], &["TOTal", "ALL"])?;
    let command = s.e.cmd().to_string();
    if !matches!(command.as_str(), "logit" | "logistic" | "probit") {
        return Err(StataError::new(321, "estat gof is not valid after svy"));
    }
    let groups = options.int("group").unwrap_or(10);
    if groups < 2 {
        return Err(StataError::invalid("group() must be at least 2"));
    }
    let (frame, estimates) = (s.frame.clone(), s.e.clone());
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    let found = means(s, &depvar, groups);
    let design = s.e.results.get_scalar("df_r").unwrap_or(f64::NAN);
    s.frame = frame;
    s.e = estimates;
    let (b, v) = found?;
    let (inverse, ..) = v.inverse_semidefinite(1e-12);
    let g = b.len() as f64;
    let (df1, df2) = (g - 1.0, design - g + 2.0);
    let f = if df2 > 0.0 { df2 / (design * g) * inverse.quadratic(&b) } else { f64::NAN };
    let p = f_tail(df1, df2, f);
    s.print("");
    s.print(format!(
        "{} model for {depvar}, goodness-of-fit test",
        if command == "probit" { "Probit" } else { "Logistic" }
    ));
    s.print("");
    let line = |name: String, value: String| format!("{name:>26} = {value:>12}");
    s.print(line(format!("F({df1},{df2})"), format::bare("%9.2f", stata(f))));
    s.print(line("Prob > F".into(), format::bare("%6.4f", stata(p))));
    let mut r = Results::default();
    r.scalar("F", stata(f)).scalar("df1", df1).scalar("df2", df2).scalar("p", stata(p));
    s.r = r;
    Ok(())
}

/// Weighted mean residuals of the groups and their covariance. The groups are quantiles of the predicted probability with
/// the sampling weights, in the subpopulation where there is one.
fn means(s: &mut Session, depvar: &str, groups: i64) -> Result<(Vec<f64>, estimators::matrix::Mat)> {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").trim().to_string();
    let (subpop, weight) = (text("subpop"), text("wexp"));
    let (variable, condition) = match subpop.split_once("if ") {
        Some((variable, condition)) => (variable.trim(), condition.trim()),
        None => (subpop.as_str(), ""),
    };
    let mut inside = "e(sample)".to_string();
    if !variable.is_empty() {
        inside.push_str(&format!(" & {variable} != 0 & {variable} < ."));
    }
    if !condition.is_empty() {
        inside.push_str(&format!(" & ({condition})"));
    }
    let weight = if weight.is_empty() { String::new() } else { format!("[aweight {weight}]") };
    let prefix = if subpop.is_empty() { "svy".to_string() } else { format!("svy, subpop({subpop})") };
    quietly(s, &format!("predict double {PROBABILITY}, pr"))?;
    quietly(s, &format!("generate double {RESIDUAL} = ({depvar} != 0) - {PROBABILITY} if e(sample)"))?;
    quietly(s, &format!("xtile {GROUP} = {PROBABILITY} {weight} if {inside}, nquantiles({groups})"))?;
    // rows outside of the subpopulation belong to the design, in any group
    quietly(s, &format!("replace {GROUP} = 1 if e(sample) & {GROUP} == ."))?;
    quietly(s, &format!("{prefix}: mean {RESIDUAL}, over({GROUP})"))?;
    match (s.e.b(), s.e.v()) {
        (Some(b), Some(v)) => Ok((b.values().to_vec(), kernel(v))),
        _ => Err(StataError::no_estimates()),
    }
}
