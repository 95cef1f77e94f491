//! `spgenerate`: the spatial lag of a variable ([SP] spgenerate).

use super::state::{find, ids};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, column, new_names};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;

/// `spgenerate`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "the weighting matrix must have all observations that if and in select; a missing value among them is an error; [SP] spgenerate",
    examples: &[Example {
        // Rows of weights sum to one: the first unit has neighbors at distances 1 and 2.
        run: "input id x v\n1 0 3\n2 1 6\n3 2 9\nend\ngenerate y = 0\nspset id, coord(x y)\nspmatrix create idistance W, normalize(row)\nspgenerate double lag = W*v",
        expect: &[("lag[1]", 7.0), ("lag[2]", 6.0)],
    }],
    ..CommandSpec::raw("spgenerate", 5, run, "spgenerate [type] newvar = W*varname [if] [in]")
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::split("spgenerate", &cmd.raw, true)?;
    cmd.check_options(&[], &[])?;
    let exp = cmd.exp.clone().ok_or_else(StataError::syntax)?;
    let (matrix, variable) = exp.split_once('*').ok_or_else(StataError::syntax)?;
    let (kind, names) = new_names(s, &cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::syntax()) };
    let held = find(s, matrix)?;
    let touse = s.rows(&cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let part = held.part(matrix.trim(), &ids(s, &rows)?)?;
    let values = column(&s.frame, variable.trim(), &rows)?;
    if values.iter().any(|x| is_missing(*x)) {
        return Err(StataError::new(416, format!("{} has missing values", variable.trim())));
    }
    let label = format!("Spatial lag {}*{}", matrix.trim(), variable.trim());
    add(s, name, kind, &rows, Prediction { values: part.times_vector(&values), label })
}
