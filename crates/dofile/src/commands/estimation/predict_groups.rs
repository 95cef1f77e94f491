//! Probabilities after `clogit` and `xtlogit, fe`: `pc1`, the default, and `pu0` ([R] clogit postestimation).

use super::predictions::compute;
use crate::error::{Result, StataError};
use crate::ops::groups::grouped;
use crate::ops::predict::{Prediction, chosen};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};

/// `pc1`: the probability of a positive outcome given that there is one in the group, which is exp(xb) over the sum of
/// exp(xb) in the group; `pu0`: the probability where the effect of the group is zero. Nothing after other models.
pub(in crate::commands) fn one(
    session: &mut Session,
    cmd: &ParsedCommand,
    rows: &[usize],
) -> Result<Option<Prediction>> {
    let e = &session.e.results;
    let group = match session.e.cmd() {
        "clogit" => e.get_text("group"),
        "xtlogit" if e.get_text("model") == Some("fe") => e.get_text("ivar"),
        _ => return Ok(None),
    };
    let group = group.unwrap_or("").to_string();
    let statistic = chosen(cmd)?;
    if !matches!(statistic, None | Some("pc1" | "pu0")) {
        return Ok(None);
    }
    let depvar = e.get_text("depvar").unwrap_or("").to_string();
    if statistic.is_none() {
        session.print("(option pc1 assumed; probability of success given one success within group)");
    }
    let mut values = compute(session, Some("xb"), None, rows)?.values;
    if statistic == Some("pu0") {
        for value in values.iter_mut().filter(|v| !is_missing(**v)) {
            *value = 1.0 / (1.0 + (-*value).exp());
        }
        return Ok(Some(Prediction { values, label: format!("Pr({depvar}|fixed effect is 0)") }));
    }
    let at = session.frame.find(&group).ok_or_else(|| StataError::no_variable(&group))?;
    let mut places = vec![usize::MAX; session.frame.n_rows()];
    rows.iter().enumerate().for_each(|(place, row)| places[*row] = place);
    let known = rows.iter().zip(&values).filter(|(_, v)| !is_missing(**v)).map(|(row, _)| *row).collect();
    for members in grouped(session, &[at], known) {
        let largest = members.iter().map(|row| values[places[*row]]).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = members.iter().map(|row| (values[places[*row]] - largest).exp()).sum();
        let absent = !session.frame.var(at).is_string() && is_missing(session.frame.num_at(at, members[0]));
        for row in members {
            let value = &mut values[places[row]];
            *value = if absent { MISSING } else { (*value - largest).exp() / total };
        }
    }
    Ok(Some(Prediction { values, label: format!("Pr({depvar}|one positive outcome in the group)") }))
}
