//! `tabi`: a two-way table of counts that are typed ([R] tabulate twoway).

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, front_and_options, words};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "results and options of tabulate with two variables; a table of two rows and columns has Fisher's exact test unless options ask for others; replace leaves row, col and pop as the data",
    examples: &[Example {
        // [R] tabulate twoway prints 0.7967; more digits by scipy
        run: "tabi 30 18 38 \\ 13 7 22, chi2",
        expect: &[("r(N)", 128.0), ("r(r)", 2.0), ("r(c)", 3.0), ("r(chi2)", 0.796_743_327_581_618_5)],
    }],
    ..CommandSpec::raw(
        "tabi",
        4,
        run,
        "tabi # # [...] \\ # # [...] [\\ ...] [, replace and options of tabulate]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, options) = front_and_options(&cmd.raw);
    let rows: Vec<Vec<f64>> = body
        .split('\\')
        .map(|row| {
            let cell = |w: &str| w.parse::<f64>().ok().filter(|x| *x >= 0.0 && x.fract() == 0.0);
            row.split_whitespace().map(cell).collect::<Option<Vec<f64>>>()
        })
        .collect::<Option<_>>()
        .ok_or_else(|| StataError::invalid("cells must be nonnegative whole numbers"))?;
    let columns = rows.first().map_or(0, Vec::len);
    if rows.len() < 2 || columns < 2 || rows.iter().any(|r| r.len() != columns) {
        return Err(StataError::invalid(
            "invalid syntax: rows of equal length, at least two rows and two columns",
        ));
    }
    let given = words(options);
    let replace = given.contains(&"replace");
    let mut passed: Vec<&str> = given.into_iter().filter(|o| *o != "replace").collect();
    if passed.is_empty() && rows.len() == 2 && columns == 2 {
        passed.push("exact");
    }
    let mut frame = Frame::new();
    let of = |value: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        (0..rows.len()).flat_map(|i| (0..columns).map(move |j| (i, j))).map(|(i, j)| value(i, j)).collect()
    };
    for (name, values) in [
        ("row", of(&|i, _| i as f64 + 1.0)),
        ("col", of(&|_, j| j as f64 + 1.0)),
        ("pop", of(&|i, j| rows[i][j])),
    ] {
        frame.add(Variable::new(name, Column::from_f64(StorageType::Long, &values)))?;
    }
    let before = std::mem::replace(&mut s.frame, frame);
    let result = s.run_expanded(&format!("tabulate row col [fweight=pop], {}", passed.join(" ")));
    if !replace {
        s.frame = before;
    }
    result.map(|_| ())
}
