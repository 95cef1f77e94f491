//! Missing values by variable and by observation: `missings` (Cox 2015, Stata Journal 15) and its predecessors `nmissing`
//! and `dropmiss`. Written from the articles and help files.

mod older;
mod report;
mod table;

pub(super) use older::SPEC_DROPMISS as DROPMISS;
pub(super) use older::SPEC_NMISSING as NMISSING;
pub(super) use report::SPEC as MISSINGS;

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::{MISSING, is_missing};

/// Which values of a row count as missing.
struct Rule {
    system_only: bool,
}

impl Rule {
    fn holds(&self, s: &Session, v: usize, row: usize) -> bool {
        let column = &s.frame.var(v).data;
        if column.is_string() {
            return column.str(row).is_empty();
        }
        let x = column.num(row);
        if self.system_only { x == MISSING } else { is_missing(x) }
    }

    /// Missing values of a variable among rows.
    fn of_variable(&self, s: &Session, v: usize, rows: &[usize]) -> usize {
        rows.iter().filter(|r| self.holds(s, v, **r)).count()
    }

    /// Missing values of a row among variables.
    fn of_row(&self, s: &Session, vars: &[usize], row: usize) -> usize {
        vars.iter().filter(|v| self.holds(s, **v, row)).count()
    }
}

/// The variables of a command, all without a list; of one type with `numeric` or `string`.
fn variables(s: &Session, cmd: &ParsedCommand) -> Result<Vec<usize>> {
    let mut vars = match cmd.list.trim() {
        "" => (0..s.frame.n_vars()).collect(),
        list => s.varlist(list)?,
    };
    if cmd.has("numeric") && cmd.has("string") {
        return Err(StataError::invalid("numeric and string options incompatible"));
    }
    if cmd.has("numeric") || cmd.has("string") {
        vars.retain(|v| s.frame.var(*v).is_string() == cmd.has("string"));
    }
    if vars.is_empty() { Err(StataError::new(102, "no variables specified")) } else { Ok(vars) }
}

/// The selected rows.
fn rows(s: &Session, cmd: &ParsedCommand) -> Result<Vec<usize>> {
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    if rows.is_empty() { Err(StataError::no_observations()) } else { Ok(rows) }
}
