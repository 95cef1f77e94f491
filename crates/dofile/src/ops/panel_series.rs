//! One variable by panel, in the order of time: the series of tests for unit roots.

use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use std::collections::BTreeMap;

/// The series of a panel, in the order of time.
pub(crate) struct Data {
    pub(crate) name: String,
    pub(crate) panels: Vec<Vec<f64>>,
    /// Times of the series of each panel.
    pub(crate) times: Vec<Vec<f64>>,
    /// Value of the panel variable of each panel; its number where it is text.
    pub(crate) ids: Vec<f64>,
    /// True where all panels have the same periods.
    pub(crate) balanced: bool,
}

/// Reads the series of each panel: r(459) without a declared panel and time, r(498) where a panel has gaps.
pub(crate) fn read(session: &Session, cmd: &ParsedCommand) -> Result<Data> {
    let declared = Panel::of(&session.frame)?;
    let (panel, time) = declared.unit_and_time()?;
    let mut touse = session.rows(cmd)?;
    session.markout(&[panel, time], &mut touse, true)?;
    let list = FvList::parse(&session.frame, &cmd.list, session.settings.varabbrev)?;
    list.markout(&session.frame, &mut touse)?;
    let terms = list.expand(&session.frame, &touse)?;
    let [term] = terms.as_slice() else {
        return Err(StataError::standard(if terms.is_empty() { 100 } else { 103 }));
    };
    let rows: Vec<usize> = session
        .frame
        .sorted_order(&[(panel, false), (time, false)])
        .into_iter()
        .filter(|r| touse[*r])
        .collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut values = term.values(&session.frame, &rows)?;
    let times: Vec<f64> = rows.iter().map(|r| session.frame.num_at(time, *r)).collect();
    if cmd.has("demean") {
        subtract_period_means(&times, &mut values);
    }
    let ids = unit_keys(&session.frame, panel, &rows);
    let numbered = !session.frame.var(panel).data.is_string();
    let mut panels: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    let mut numbers = Vec::new();
    for (i, value) in values.into_iter().enumerate() {
        if i == 0 || ids[i] != ids[i - 1] {
            panels.push((Vec::new(), Vec::new()));
            numbers.push(if numbered { session.frame.num_at(panel, rows[i]) } else { panels.len() as f64 });
        }
        if let Some((at, series)) = panels.last_mut() {
            at.push(times[i]);
            series.push(value);
        }
    }
    if panels.iter().any(|(at, _)| at.windows(2).any(|w| w[1] - w[0] != declared.delta)) {
        return Err(StataError::new(498, "panels may not contain gaps"));
    }
    let balanced = panels.iter().all(|(at, _)| *at == panels[0].0);
    let (times, panels) = panels.into_iter().unzip();
    Ok(Data { name: term.name(), panels, times, ids: numbers, balanced })
}

/// The unit of each row as text, for panels that are numbers or strings.
fn unit_keys(frame: &Frame, panel: usize, rows: &[usize]) -> Vec<String> {
    let column = &frame.var(panel).data;
    let key = |row: usize| {
        if column.is_string() {
            column.str(row).to_string()
        } else {
            (column.num(row) + 0.0).to_bits().to_string()
        }
    };
    rows.iter().map(|r| key(*r)).collect()
}

fn subtract_period_means(times: &[f64], values: &mut [f64]) {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (t, v) in times.iter().zip(values.iter()) {
        let entry = sums.entry((t + 0.0).to_bits()).or_insert((0.0, 0.0));
        *entry = (entry.0 + v, entry.1 + 1.0);
    }
    for (t, v) in times.iter().zip(values.iter_mut()) {
        if let Some((sum, n)) = sums.get(&(t + 0.0).to_bits()) {
            *v -= sum / n;
        }
    }
}
