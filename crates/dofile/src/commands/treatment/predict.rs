//! `predict` after `teffects` and `stteffects`: effects, potential-outcome means and propensity scores of rows of the sample.
//! Formulas: [CAUSAL] teffects postestimation, stteffects postestimation.

use super::super::StandardSyntax;
use super::model::State;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, chosen, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Options.
pub(super) const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("te"),
    OptSpec::flag("CMean"),
    OptSpec::flag("ps"),
    OptSpec::flag("CENSurv"),
    OptSpec::real("TLevel"),
])
.unsupported(&["xb", "PSXB", "lnsigma", "SCores", "po", "DISTance"]);

/// One new variable: `te` (default), `cmean` and `ps` of a level (the control's, unless `tlevel()` says otherwise).
pub(super) fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = session.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<State>()) else {
        return Err(StataError::new(301, "last estimates not found"));
    };
    let level = cmd.options.real("tlevel");
    let statistic = cmd.options.iter().map(|o| o.0.to_string()).find(|o| o != "tlevel");
    if level.is_none() {
        chosen(cmd)?;
    }
    let control = session.e.results.get_scalar("control").unwrap_or(0.0);
    let treated = session.e.results.get_scalar("treated").unwrap_or(1.0);
    let of_treated = match level {
        None => false,
        Some(l) if l == control => false,
        Some(l) if l == treated => true,
        Some(_) => return Err(StataError::new(198, "tlevel() is no level of the treatment")),
    };
    let missing = |what: &str| StataError::new(322, format!("{what} is not available after this estimator"));
    let (values, label): (Vec<f64>, &str) = match statistic.as_deref() {
        None | Some("te") => {
            if state.means[0].is_empty() {
                return Err(missing("te"));
            }
            let pairs = state.means[1].iter().zip(&state.means[0]);
            (pairs.map(|(a, b)| a - b).collect(), "Treatment effect")
        }
        Some("cmean") => {
            let own = &state.means[usize::from(of_treated)];
            if own.is_empty() {
                return Err(missing("cmean"));
            }
            (own.clone(), "Conditional mean")
        }
        Some("censurv") => {
            if state.uncensored.is_empty() {
                return Err(missing("censurv"));
            }
            (state.uncensored.clone(), "Censored survival probability")
        }
        _ => {
            if state.score.is_empty() {
                return Err(missing("ps"));
            }
            let own = |p: &f64| if of_treated { *p } else { 1.0 - p };
            (state.score.iter().map(own).collect(), "Propensity score")
        }
    };
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let touse = session.rows(cmd)?;
    let mut all = vec![MISSING; session.frame.n_rows()];
    state.rows.iter().zip(&values).for_each(|(r, v)| all[*r] = *v);
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let values = rows.iter().map(|r| all[*r]).collect();
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}
