//! What `synth` keeps and draws: `keep()` writes weights and outcomes to a file, `figure` draws the outcomes over time.

use crate::error::Result;
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::matrix::Matrix;
use crate::ops::data_files::write_dta;
use crate::ops::files::{check_replace, with_extension};
use crate::ops::graphs::plain::{Plain, show};
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, unquote};
use crate::value::{MISSING, is_missing};
use figure::{RefLine, Series, Shape, Style};

/// Writes `_Co_Number _W_Weight _Y_treated _Y_synthetic _time`: a row for each control unit and one for each period from
/// the first row on.
///
/// # Errors
/// r(602) for a file that is there without `replace`, r(603) where it cannot be written.
pub(super) fn keep(session: &Session, cmd: &ParsedCommand, periods: &[f64], name: &str) -> Result<()> {
    let file = with_extension(unquote(name), "dta");
    let path = session.path(&file);
    check_replace(&path, &file, cmd.has("replace"))?;
    let e = &session.e.results;
    let column = |matrix: &str, at: usize| -> Vec<f64> {
        let of = |m: &Matrix| (0..m.rows()).map(|i| m.get(i, at)).collect();
        e.matrices.get(matrix).map(of).unwrap_or_default()
    };
    let columns = [
        ("_Co_Number", column("W_weights", 0)),
        ("_W_Weight", column("W_weights", 1)),
        ("_Y_treated", column("Y_treated", 0)),
        ("_Y_synthetic", column("Y_synthetic", 0)),
        ("_time", periods.to_vec()),
    ];
    let rows = columns.iter().map(|c| c.1.len()).max().unwrap_or(0);
    let mut frame = Frame::new();
    frame.set_n_rows(rows);
    for (name, mut values) in columns {
        values.resize(rows, MISSING);
        frame.add(Variable::new(name, Column::from_f64(StorageType::Double, &values)))?;
    }
    write_dta(&frame, &path)
}

/// Draws the outcomes of the treated and the synthetic unit, with a line where the treatment starts.
///
/// # Errors
/// Those of the figure.
pub(super) fn draw(session: &mut Session, periods: &[f64], start: f64) -> Result<()> {
    let e = &session.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let (outcome, unit) = (text("depvar"), text("trunit"));
    let line = |matrix: &str, label: String, number: usize| {
        let of = |m: &Matrix| (0..m.rows()).map(|i| m.get(i, 0)).collect::<Vec<f64>>();
        let values = e.matrices.get(matrix).map(of).unwrap_or_default();
        let points = periods.iter().copied().zip(values).filter(|p| !is_missing(p.1)).collect();
        Series { label, number, shape: Shape::Line { points, step: false }, style: Style::default() }
    };
    let series =
        vec![line("Y_treated", unit.clone(), 0), line("Y_synthetic", format!("synthetic {unit}"), 1)];
    let figure = Plain {
        series,
        y_title: outcome,
        x_lines: vec![RefLine { at: start, style: Style::default() }],
        ..Plain::default()
    };
    show(session, figure, &[])
}
