//! Groups of rows: runs of equal keys, and a variable split by another one, as the tests of means, spreads and ranks
//! need it. Groups are ordered by value (numbers) or alphabetically (text).

use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::blocks;
use estimators::group_moments::NO_GROUP;

/// Values with the group of each row.
pub(crate) struct Grouped {
    /// The values.
    pub(crate) values: Vec<f64>,
    /// Group of each value.
    pub(crate) group: Vec<usize>,
    /// Names of the groups: value label, number or text.
    pub(crate) names: Vec<String>,
}

impl Grouped {
    /// Reads a numeric variable over the groups of another one. Rows where either is missing are left out.
    pub(crate) fn read(session: &Session, cmd: &ParsedCommand, variable: &str, by: &str) -> Result<Self> {
        let variable = session.numeric_variable(variable)?;
        let by = session.variable(by)?;
        let mut touse = session.rows(cmd)?;
        session.markout(&[variable, by], &mut touse, true)?;
        let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
        if rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let values = rows.iter().map(|r| session.frame.num_at(variable, *r)).collect();
        let column = &session.frame.var(by).data;
        let (group, names) = if column.is_string() {
            let mut names: Vec<String> = rows.iter().map(|r| column.str(*r).to_string()).collect();
            names.sort();
            names.dedup();
            let group = rows.iter().map(|r| names.partition_point(|n| n.as_str() < column.str(*r))).collect();
            (group, names)
        } else {
            let mut found: Vec<f64> = rows.iter().map(|r| column.num(*r)).collect();
            found.sort_by(f64::total_cmp);
            found.dedup();
            let group = rows.iter().map(|r| found.partition_point(|v| *v < column.num(*r))).collect();
            let label = |v: f64| {
                let text = session.frame.labels_of(by).and_then(|l| l.get(v)).map(str::to_string);
                text.unwrap_or_else(|| crate::format::bare(&session.frame.var(by).format, v))
            };
            (group, found.iter().map(|v| label(*v)).collect())
        };
        Ok(Self { values, group, names })
    }

    /// Requires exactly two groups: r(420) otherwise.
    pub(crate) fn two(self) -> Result<Self> {
        if self.names.len() == 2 {
            return Ok(self);
        }
        let count = self.names.len();
        Err(StataError::new(
            420,
            format!(
                "{} group{} found, 2 required",
                if count > 2 { format!("more than 2 ({count})") } else { count.to_string() },
                if count == 1 { "" } else { "s" }
            ),
        ))
    }

    /// Values of one group.
    pub(crate) fn of(&self, group: usize) -> Vec<f64> {
        self.values.iter().zip(&self.group).filter(|(_, g)| **g == group).map(|(v, _)| *v).collect()
    }
}

/// Rows in runs of equal keys, ordered by key; within a run from the first row to the last.
pub(crate) fn grouped(s: &Session, vars: &[usize], mut rows: Vec<usize>) -> Vec<Vec<usize>> {
    rows.sort_unstable();
    let (rows, ends) = s.frame.runs(vars, rows);
    let mut from = 0;
    let run = |end: usize| rows[std::mem::replace(&mut from, end)..end].to_vec();
    ends.into_iter().map(run).collect()
}

/// The group of each of `rows` rows; [`NO_GROUP`] for those in none.
pub(crate) fn numbered(groups: &[Vec<usize>], rows: usize) -> Vec<u32> {
    let mut numbers = vec![NO_GROUP; rows];
    for (group, number) in groups.iter().zip(0..) {
        group.iter().for_each(|&r| numbers[r] = number);
    }
    numbers
}

/// The value of a variable in a row as tables show it: its label, else the number in the variable's format; texts as they are.
pub(crate) fn level_name(s: &Session, v: usize, row: usize) -> String {
    let var = s.frame.var(v);
    if var.is_string() {
        return var.data.str(row).to_string();
    }
    let x = var.data.num(row);
    s.frame.labels_of(v).and_then(|l| l.get(x)).map_or_else(|| format::bare(&var.format, x), str::to_string)
}

/// Applies `work` to every group, with the machine's threads where there are many rows; results are in order.
pub(crate) fn each_group<T: Send>(groups: &[Vec<usize>], work: impl Fn(&[usize]) -> T + Sync) -> Vec<T> {
    let rows: usize = groups.iter().map(Vec::len).sum();
    if rows < 20_000 {
        return groups.iter().map(|g| work(g)).collect();
    }
    let parts: Vec<&[Vec<usize>]> = groups.chunks(groups.len().div_ceil(64)).collect();
    let found = blocks::each(parts.len(), |part| parts[part].iter().map(|g| work(g)).collect::<Vec<T>>());
    found.into_iter().flatten().collect()
}
