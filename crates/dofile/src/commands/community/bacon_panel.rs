//! The panel of `bacondecomp`: units in groups by the period in which their treatment begins.

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::tsset::Panel;
use crate::value::is_missing;
use estimators::bacon::Group;
use std::collections::BTreeMap;

/// Groups of units and what they are made of.
pub(super) struct Panels {
    /// The groups, by their start; the one without treatment is last.
    pub(super) groups: Vec<Group>,
    /// The periods.
    pub(super) times: Vec<f64>,
    /// Names of outcome, treatment and time.
    pub(super) names: (String, String, String),
}

/// Outcome and treatment of a unit, by period.
type Rows = BTreeMap<u64, Vec<(f64, f64, f64)>>;

/// Reads the panel: r(459) unless it is balanced and the treatment is binary and never ends.
pub(super) fn read(s: &Session, y: usize, d: usize, touse: &mut [bool]) -> Result<Panels> {
    let declared = Panel::of(&s.frame)?;
    let (unit, time) = declared.unit_and_time()?;
    s.markout(&[y, d, unit, time], touse, true)?;
    let mut rows: Rows = BTreeMap::new();
    for row in (0..touse.len()).filter(|r| touse[*r]) {
        let at = |v: usize| s.frame.num_at(v, row);
        rows.entry(at(unit).to_bits()).or_default().push((at(time), at(y), at(d)));
    }
    let mut times: Vec<f64> = rows.values().flatten().map(|r| r.0).filter(|t| !is_missing(*t)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    if rows.values().any(|own| own.len() != times.len()) {
        return Err(StataError::new(459, "panel must be strongly balanced"));
    }
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    for own in rows.values_mut() {
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        if own.iter().any(|r| r.2 != 0.0 && r.2 != 1.0) {
            return Err(StataError::new(459, "treatment must be 0 or 1"));
        }
        if own.windows(2).any(|w| w[1].2 < w[0].2) {
            return Err(StataError::new(459, "treatment must be weakly increasing over time in each panel"));
        }
        let start = own.iter().position(|r| r.2 == 1.0);
        let key = start.unwrap_or(times.len());
        let group =
            groups.entry(key).or_insert_with(|| Group { start, size: 0, means: vec![0.0; times.len()] });
        group.size += 1;
        group.means.iter_mut().zip(own).for_each(|(m, r)| *m += r.1);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        let size = group.size as f64;
        group.means.iter_mut().for_each(|m| *m /= size);
    }
    if groups.len() < 2 || !groups.iter().any(|g| g.start.is_some_and(|t| t > 0)) {
        return Err(StataError::new(459, "treatment must begin at different times or not in all panels"));
    }
    let name = |v: usize| s.frame.var(v).name.clone();
    Ok(Panels { groups, times, names: (name(y), name(d), name(time)) })
}
