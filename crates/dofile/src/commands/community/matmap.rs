//! `matmap`: a function of each element of a matrix (Cox, Stata Technical Bulletin 56; SSC).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::matrix::Matrix;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{is_missing, missing_text};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("Map"), OptSpec::flag("Symmetric")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "matmap",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "matmap matrix newmatrix, map(exp) [symmetric]",
    notes: "@ in the expression stands for the element; names stay; no results",
    examples: &[Example {
        run: "matrix A = (4, 9)\nmatrix colnames A = x y\nmatmap A B, m(sqrt(@))\nlocal names : colnames B\nscalar same = \"`names'\" == \"x y\"",
        expect: &[("B[1,1]", 2.0), ("B[1,2]", 3.0), ("same", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let [from, to] = words(&cmd.list)[..] else { return Err(StataError::syntax()) };
    let map = cmd.options.text("map").filter(|m| m.contains('@'));
    let map = map.ok_or_else(|| StataError::invalid("option map() with @ required"))?;
    let matrix = s.matrix(from).ok_or_else(|| StataError::not_found(from))?;
    let mut values = Vec::with_capacity(matrix.rows() * matrix.cols());
    for x in matrix.values() {
        let text = if is_missing(*x) { missing_text(*x) } else { format!("({x:e})") };
        values.push(s.eval_num(&map.replace('@', &text))?);
    }
    let mut mapped = Matrix::new(matrix.rows(), matrix.cols(), values);
    (mapped.row_names, mapped.col_names) = (matrix.row_names.clone(), matrix.col_names.clone());
    s.matrices.insert(to.to_string(), std::sync::Arc::new(mapped));
    Ok(())
}
