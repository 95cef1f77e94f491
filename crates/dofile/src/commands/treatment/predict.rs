//! `predict` after `teffects` and `stteffects`: effects, potential-outcome means and propensity scores of rows of the sample.
//! Formulas: [CAUSAL] teffects postestimation, stteffects postestimation.

use super::super::StandardSyntax;
use super::model::{Neighbours, State};
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
    OptSpec::flag("po"),
    OptSpec::flag("DISTance"),
    OptSpec::real("TLevel"),
])
.unsupported(&["xb", "PSXB", "lnsigma", "SCores"]);

/// One new variable: `te` (default), `cmean`, `po` and `ps` of a level (the control's, unless `tlevel()` says otherwise);
/// one for each match with `distance`.
pub(super) fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = session.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<State>()) else {
        return Err(StataError::no_estimates());
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
    if statistic.as_deref() == Some("distance") {
        return distances(session, cmd, state);
    }
    let (values, label): (Vec<f64>, &str) = match statistic.as_deref() {
        None | Some("te") if state.matched => {
            let of = matches(state, "te")?;
            let value = |(effect, own): (&f64, &Vec<f64>)| if own.is_empty() { MISSING } else { *effect };
            (of.effects.iter().zip(&of.distances).map(value).collect(), "Treatment effect")
        }
        Some("po") => {
            let of = matches(state, "po")?;
            let sign = if of_treated { 1.0 } else { -1.0 };
            let own = |i: usize| {
                let moved = if state.treated[i] == of_treated { 0.0 } else { sign * of.effects[i] };
                of.outcomes[i] + moved
            };
            let known = |i: usize| state.treated[i] == of_treated || !of.distances[i].is_empty();
            let value = |i: usize| if known(i) { own(i) } else { MISSING };
            ((0..of.outcomes.len()).map(value).collect(), "Potential outcome")
        }
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

/// The matches of `generate()`; r(322) without it.
fn matches<'a>(state: &'a State, what: &str) -> Result<&'a Neighbours> {
    state.neighbours.as_ref().ok_or_else(|| {
        let text = format!("{what} needs the matches of option generate() of teffects nnmatch and psmatch");
        StataError::new(322, text)
    })
}

/// The distances from the matches, the nearest first, in one variable each.
fn distances(session: &mut Session, cmd: &ParsedCommand, state: &State) -> Result<()> {
    let found = &matches(state, "distance")?.distances;
    let most = found.iter().map(Vec::len).max().unwrap_or(0);
    let (kind, names) = new_names(session, cmd)?;
    let all: Vec<String> = match &names[..] {
        [(stub, true)] => (1..=most).map(|k| format!("{stub}{k}")).collect(),
        named if named.len() <= most => named.iter().map(|(name, _)| name.clone()).collect(),
        _ => return Err(StataError::standard(103)),
    };
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    for (k, name) in all.iter().enumerate() {
        let mut values = vec![MISSING; session.frame.n_rows()];
        for (row, own) in state.rows.iter().zip(found) {
            values[*row] = own.get(k).copied().unwrap_or(MISSING);
        }
        let values = rows.iter().map(|r| values[*r]).collect();
        add(
            session,
            name,
            kind,
            &rows,
            Prediction { values, label: "Nearest-neighbor distance".to_string() },
        )?;
    }
    Ok(())
}
