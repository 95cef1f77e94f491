//! The file of `irf`: a data set with a row for each name, impulse, response and step.

use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, Variable};
use crate::ops::data_files::{read_dta, write_dta};
use crate::value::MISSING;
use std::path::Path;

/// The statistics of a file, in the order of its variables.
pub(super) const STATISTICS: [&str; 9] =
    ["irf", "oirf", "cirf", "coirf", "fevd", "sirf", "sfevd", "dm", "cdm"];

/// A row.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Name of the set of results.
    pub(super) set: String,
    /// Series or regressor that is changed.
    pub(super) impulse: String,
    /// Series that responds.
    pub(super) response: String,
    /// Periods since the impulse.
    pub(super) step: f64,
    /// Value and standard error of each of [`STATISTICS`].
    pub(super) cells: Vec<(f64, f64)>,
}

/// The rows of a file.
#[derive(Debug, Default)]
pub(super) struct IrfFile {
    /// The rows.
    pub(super) entries: Vec<Entry>,
}

impl IrfFile {
    /// Reads a file; a statistic that it does not have is missing.
    ///
    /// # Errors
    /// r(601) without the file, r(111) or r(198) where it is another data set.
    pub(super) fn read(path: &Path, shown: &str) -> Result<Self> {
        let frame = read_dta(path, shown, None, false)?;
        let [set, impulse, response] = ["irfname", "impulse", "response"].map(|name| frame.position(name));
        let (set, impulse, response, step) = (set?, impulse?, response?, frame.position("step")?);
        if [set, impulse, response].iter().any(|v| !frame.var(*v).data.is_string())
            || frame.var(step).data.is_string()
        {
            return Err(StataError::new(198, format!("{shown} is no file of irf")));
        }
        let columns: Vec<[Option<usize>; 2]> =
            STATISTICS.iter().map(|s| [frame.find(s), frame.find(&format!("std{s}"))]).collect();
        let entry = |row: usize| {
            let text = |v: usize| frame.var(v).data.str(row).to_string();
            let number = |v: Option<usize>| v.map_or(MISSING, |v| frame.num_at(v, row));
            Entry {
                set: text(set),
                impulse: text(impulse),
                response: text(response),
                step: frame.num_at(step, row),
                cells: columns.iter().map(|c| (number(c[0]), number(c[1]))).collect(),
            }
        };
        Ok(Self { entries: (0..frame.n_rows()).map(entry).collect() })
    }

    /// Writes the file.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = |of: fn(&Entry) -> &String| {
            Column::from_strings(self.entries.iter().map(|e| of(e).as_str().into()).collect())
        };
        let mut frame = Frame::new();
        frame.add(Variable::new("irfname", text(|e| &e.set)))?;
        frame.add(Variable::new("impulse", text(|e| &e.impulse)))?;
        frame.add(Variable::new("response", text(|e| &e.response)))?;
        let steps = self.entries.iter().map(|e| e.step).collect();
        frame.add(Variable::new("step", Column::Double(steps)))?;
        for (at, statistic) in STATISTICS.iter().enumerate() {
            let values = self.entries.iter().map(|e| e.cells[at].0).collect();
            frame.add(Variable::new(statistic, Column::Double(values)))?;
        }
        for (at, statistic) in STATISTICS.iter().enumerate() {
            let values = self.entries.iter().map(|e| e.cells[at].1).collect();
            frame.add(Variable::new(&format!("std{statistic}"), Column::Double(values)))?;
        }
        write_dta(&frame, path)
    }

    /// Removes the rows of a name; false where there are none.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|e| e.set != name);
        self.entries.len() < before
    }
}
