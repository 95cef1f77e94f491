//! Tables of documents and sheets: empty ones, data, matrices, and the table of the last estimation.

use super::content::shown;
use super::model::{Align, Cell, Grid, Look};
use crate::error::{Result, StataError};
use crate::estimation::table::row;
use crate::format;
use crate::matrix::Matrix;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::{Value, is_missing};

/// Most cells of one table.
const MOST_CELLS: usize = 1_000_000;

fn text(t: impl Into<String>) -> Cell {
    Cell { text: t.into(), ..Cell::default() }
}

fn heading(t: impl Into<String>, align: Align) -> Cell {
    Cell { text: t.into(), look: Look { bold: true, ..Look::default() }, align, ..Cell::default() }
}

fn number(x: f64, fmt: Option<&str>) -> Result<Cell> {
    Ok(Cell { text: shown(&Value::Num(x), fmt)?, align: Align::Right, ..Cell::default() })
}

/// An empty table.
pub(super) fn empty(rows: usize, columns: usize) -> Result<Grid> {
    if rows == 0 || columns == 0 || rows.saturating_mul(columns) > MOST_CELLS {
        return Err(StataError::invalid("the size of the table is not possible"));
    }
    Ok(Grid { rows: vec![vec![Cell::default(); columns]; rows], ..Grid::default() })
}

/// `data(varlist)` with `if`, `in`, `varnames`, `obsno`.
pub(super) fn data(s: &Session, list: &str, cmd: &ParsedCommand, names: bool, numbers: bool) -> Result<Grid> {
    let vars = s.varlist(list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    if rows.len().saturating_mul(vars.len()) > MOST_CELLS {
        return Err(StataError::invalid("the table would be too large"));
    }
    let mut out: Vec<Vec<Cell>> = Vec::with_capacity(rows.len() + 1);
    if names {
        let mut head: Vec<Cell> = if numbers { vec![heading("", Align::Left)] } else { Vec::new() };
        head.extend(vars.iter().map(|&v| heading(&s.frame.var(v).name, Align::Center)));
        out.push(head);
    }
    for &r in &rows {
        let mut cells: Vec<Cell> = if numbers { vec![text((r + 1).to_string())] } else { Vec::new() };
        for &v in &vars {
            let var = s.frame.var(v);
            cells.push(if var.is_string() {
                text(s.frame.str_at(v, r))
            } else {
                let x = var.data.num(r);
                match s.frame.labels_of(v).and_then(|l| l.get(x)) {
                    Some(label) => text(label),
                    None => {
                        Cell { text: format::bare(&var.format, x), align: Align::Right, ..Cell::default() }
                    }
                }
            });
        }
        out.push(cells);
    }
    Ok(Grid { headings: usize::from(names), rows: out, ..Grid::default() })
}

/// `matrix(name)` with `rownames`, `colnames`, a format.
pub(super) fn matrix(m: &Matrix, fmt: Option<&str>, row_names: bool, col_names: bool) -> Result<Grid> {
    let mut out = Vec::with_capacity(m.rows() + 1);
    if col_names {
        let mut head: Vec<Cell> = if row_names { vec![heading("", Align::Left)] } else { Vec::new() };
        head.extend(m.col_names.iter().map(|n| heading(n.full(), Align::Center)));
        out.push(head);
    }
    for i in 0..m.rows() {
        let mut cells: Vec<Cell> = if row_names { vec![text(m.row_names[i].full())] } else { Vec::new() };
        for j in 0..m.cols() {
            cells.push(number(m.get(i, j), fmt)?);
        }
        out.push(cells);
    }
    Ok(Grid { headings: usize::from(col_names), rows: out, ..Grid::default() })
}

/// `etable`: coefficients, standard errors, statistics, p-values and limits of the active estimates.
pub(super) fn estimates(s: &Session) -> Result<Grid> {
    let (Some(b), Some(v)) = (s.e.b(), s.e.v()) else { return Err(StataError::no_estimates()) };
    let df = s.e.results.get_scalar("df_r").filter(|x| !is_missing(*x));
    let level = s.settings.level;
    let ratio = if df.is_some() { "t" } else { "z" };
    let head = [
        "",
        "Coefficient",
        "Std. err.",
        ratio,
        &format!("P>|{ratio}|"),
        &format!("[{level}% conf."),
        "interval]",
    ]
    .iter()
    .enumerate()
    .map(|(k, t)| heading(*t, if k == 0 { Align::Left } else { Align::Right }))
    .collect();
    let mut rows: Vec<Vec<Cell>> = vec![head];
    let mut equation = String::new();
    for (j, stripe) in b.col_names.iter().enumerate() {
        if stripe.eq != equation {
            equation.clone_from(&stripe.eq);
            let mut line = vec![heading(&equation, Align::Left)];
            line.resize(7, Cell::default());
            rows.push(line);
        }
        // base levels have no row
        if crate::estimation::table::parse_term(&stripe.name).is_some_and(|t| t.is_base()) {
            continue;
        }
        let se = v.get(j, j).max(0.0).sqrt();
        let x = row(b.get(0, j), se, df, level, false);
        if is_missing(x.se) {
            let mut line = vec![
                text(&stripe.name),
                Cell { text: format::bare("%9.0g", x.b), align: Align::Right, ..Cell::default() },
                text("(omitted)"),
            ];
            line.resize(7, Cell::default());
            rows.push(line);
            continue;
        }
        let cells = [
            (x.b, "%9.0g"),
            (x.se, "%9.0g"),
            (x.ratio, "%8.2f"),
            (x.p, "%5.3f"),
            (x.low, "%9.0g"),
            (x.high, "%9.0g"),
        ];
        let mut line = vec![text(&stripe.name)];
        for (value, fmt) in cells {
            line.push(number(value, Some(fmt))?);
        }
        rows.push(line);
    }
    let n = s.e.results.get_scalar("N").map(|n| format!("Number of obs = {}", format::bare("%15.0gc", n)));
    Ok(Grid {
        headings: 1,
        rows,
        title: s.e.results.get_text("depvar").unwrap_or("").to_string(),
        notes: n.into_iter().collect(),
        ..Grid::default()
    })
}
