//! `spmatrix export` and `spmatrix import`: text files whose first line is the number of units and whose further lines
//! are an identifier and its row of the matrix ([SP] spmatrix export).

use super::spmatrix_make::checked;
use super::state::{Matrices, Weighting, find, new_name, room};
use crate::error::{Result, StataError};
use crate::ops::files::{check_replace, with_extension};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;
use estimators::spatial::weights::Scaling;
use std::fmt::Write as _;

const OPTIONS: &[OptSpec] = &[OptSpec::flag("replace")];

fn parsed(name: &str, rest: &str) -> Result<(ParsedCommand, String)> {
    let mut cmd = ParsedCommand::split(name, rest, false)?;
    cmd.check_options(OPTIONS, &[])?;
    let file = cmd.using.clone().ok_or_else(|| StataError::new(100, "using required"))?;
    Ok((cmd, with_extension(&file, "txt")))
}

/// `spmatrix export`.
pub(super) fn export(s: &mut Session, rest: &str) -> Result<()> {
    let (cmd, file) = parsed("spmatrix export", rest)?;
    let name = cmd.list.trim();
    let held = find(s, name)?;
    let path = s.path(&file);
    check_replace(&path, &file, cmd.has("replace"))?;
    let mut text = format!("{}\n", held.ids.len());
    for (i, id) in held.ids.iter().enumerate() {
        let _ = write!(text, "{id}");
        for x in held.w.row(i) {
            let _ = write!(text, " {x}");
        }
        text.push('\n');
    }
    std::fs::write(&path, text)
        .map_err(|_| StataError::new(603, format!("file {file} could not be opened")))?;
    s.print(format!("(matrix {name} saved in file {file})"));
    Ok(())
}

/// `spmatrix import`.
pub(super) fn import(s: &mut Session, rest: &str) -> Result<()> {
    let (cmd, file) = parsed("spmatrix import", rest)?;
    let name = cmd.list.trim().to_string();
    new_name(s, &name, cmd.has("replace"))?;
    let path = s.path(&file);
    let text =
        std::fs::read_to_string(&path).map_err(|_| StataError::new(601, format!("file {file} not found")))?;
    let invalid =
        |line: usize| StataError::new(610, format!("file {file} is not a weighting matrix: line {line}"));
    let mut lines = text.lines();
    let n: usize = lines.next().and_then(|l| l.trim().parse().ok()).ok_or_else(|| invalid(1))?;
    if n == 0 {
        return Err(invalid(1));
    }
    room(n)?;
    let (mut ids, mut cells) = (Vec::with_capacity(n), Vec::with_capacity(n * n));
    for (i, line) in lines.filter(|l| !l.trim().is_empty()).enumerate() {
        let numbers: std::result::Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        match numbers {
            Ok(row) if row.len() == n + 1 && ids.len() < n => {
                ids.push(row[0]);
                cells.extend_from_slice(&row[1..]);
            }
            _ => return Err(invalid(i + 2)),
        }
    }
    if ids.len() != n {
        return Err(invalid(ids.len() + 2));
    }
    let w = Mat::from_rows(n, n, cells);
    checked(&w)?;
    let made = Weighting { ids, w, kind: "custom", scaling: Scaling::None, note: String::new() };
    s.extensions.state::<Matrices>().0.insert(name, made.into());
    Ok(())
}
