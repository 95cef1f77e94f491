//! Groups of survival records by the values of variables, with their labels.

use crate::error::Result;
use crate::estimation::survival::Records;
use crate::format;
use crate::session::Session;

/// Records in groups, ordered by the values of the variables.
#[derive(Debug, Clone)]
pub(crate) struct Grouping {
    /// Names of the variables.
    pub(crate) variables: Vec<String>,
    /// Group of each record.
    pub(crate) of: Vec<usize>,
    /// Label of each value of each group, variable by variable.
    pub(crate) labels: Vec<Vec<String>>,
    /// Value of each variable in each group, where it is a number.
    pub(crate) levels: Vec<Vec<f64>>,
}

impl Grouping {
    /// Takes rows with a missing value of the variables out of a sample.
    pub(crate) fn positions(session: &Session, list: &str, touse: &mut [bool]) -> Result<Vec<usize>> {
        let variables = session.varlist(list)?;
        session.markout(&variables, touse, true)?;
        Ok(variables)
    }

    /// One group for all records.
    pub(crate) fn single(records: &Records) -> Self {
        Self {
            variables: Vec::new(),
            of: vec![0; records.rows.len()],
            labels: vec![Vec::new()],
            levels: vec![vec![0.0]],
        }
    }

    /// Groups by variables.
    pub(crate) fn of(session: &Session, variables: &[usize], records: &Records) -> Self {
        let frame = &session.frame;
        if variables.is_empty() {
            return Self::single(records);
        }
        let mut order: Vec<usize> = (0..records.rows.len()).collect();
        let compare = |a: usize, b: usize| {
            let by = |v: &usize| frame.compare(*v, records.rows[a], records.rows[b]);
            variables.iter().map(by).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        };
        order.sort_by(|&a, &b| compare(a, b));
        let mut out = Self {
            variables: variables.iter().map(|&v| frame.var(v).name.clone()).collect(),
            of: vec![0; records.rows.len()],
            labels: Vec::new(),
            levels: Vec::new(),
        };
        let mut last: Option<usize> = None;
        for i in order {
            if last.is_none_or(|l| compare(l, i).is_ne()) {
                let row = records.rows[i];
                out.labels.push(variables.iter().map(|&v| value_text(session, v, row)).collect());
                out.levels.push(variables.iter().map(|&v| frame.num_at(v, row)).collect());
                last = Some(i);
            }
            out.of[i] = out.labels.len() - 1;
        }
        out
    }

    /// Value of the first variable in each group.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.levels.iter().map(|levels| levels[0]).collect()
    }

    /// Number of groups.
    pub(crate) fn count(&self) -> usize {
        self.labels.len()
    }

    /// Positions of the records of a group.
    pub(crate) fn members(&self, group: usize) -> Vec<usize> {
        (0..self.of.len()).filter(|&i| self.of[i] == group).collect()
    }

    /// `drug=1` or `drug=1 sex=2`.
    pub(crate) fn text(&self, group: usize) -> String {
        let parts: Vec<String> =
            self.variables.iter().zip(&self.labels[group]).map(|(v, l)| format!("{v}={l}")).collect();
        parts.join(" ")
    }
}

/// A value as its label, or formatted.
pub(crate) fn value_text(session: &Session, variable: usize, row: usize) -> String {
    let var = session.frame.var(variable);
    if var.is_string() {
        return var.data.str(row).to_string();
    }
    let x = var.data.num(row);
    let label = session.frame.labels_of(variable).and_then(|l| l.get(x)).map(str::to_string);
    label.unwrap_or_else(|| format::bare(&var.format, x))
}
