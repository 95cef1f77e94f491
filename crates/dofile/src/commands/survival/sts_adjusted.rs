//! `adjustfor()` of `sts graph` ([ST] sts, Methods and formulas): the survivor function of each group is the baseline of a
//! Cox regression on the covariates in that group alone, the function at zero of all covariates.

use super::sts::Curves;
use crate::commands::Interpreter;
use crate::error::Result;
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::value::is_missing;

/// Puts the adjusted functions in the place of those of Kaplan and Meier.
///
/// # Errors
/// Those of `stcox`.
pub(super) fn adjust(s: &mut Session, curves: &mut Curves, list: &str) -> Result<()> {
    let (r, e) = (s.r.clone(), s.e.clone());
    let (inside, baseline) = (s.fresh_name(), s.fresh_name());
    let mut done = Ok(());
    for g in 0..curves.groups.count() {
        done = group(s, curves, (g, list), (&inside, &baseline));
        for name in [&inside, &baseline] {
            if let Some(at) = s.frame.find(name) {
                s.frame.drop_vars(&[at]);
            }
        }
        if done.is_err() {
            break;
        }
    }
    (s.r, s.e) = (r, e);
    done
}

fn group(
    s: &mut Session,
    curves: &mut Curves,
    (g, list): (usize, &str),
    (inside, baseline): (&str, &str),
) -> Result<()> {
    let members = curves.groups.members(g);
    let mut marks = vec![0.0; s.frame.n_rows()];
    members.iter().for_each(|&i| marks[curves.records.rows[i]] = 1.0);
    s.frame.add(Variable::new(inside, Column::from_f64(StorageType::Byte, &marks)))?;
    s.run_expanded(&format!("quietly stcox {list} if {inside}"))?;
    s.run_expanded(&format!("quietly predict double {baseline} if e(sample), basesurv"))?;
    let values = s.frame.numeric(s.frame.position(baseline)?)?.to_vec();
    let mut steps: Vec<(f64, f64)> = members
        .iter()
        .map(|&i| (curves.records.t[i], values[curves.records.rows[i]]))
        .filter(|(_, value)| !is_missing(*value))
        .collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    for point in &mut curves.tables[g] {
        let before = steps.partition_point(|(t, _)| *t <= point.time);
        point.survivor = before.checked_sub(1).map_or(1.0, |at| steps[at].1);
    }
    Ok(())
}
