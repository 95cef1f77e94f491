//! How values look in the log: scalars behind two blanks, matrices in a frame with numbers of rows and columns.

use super::grid::Grid;
use super::value::{Pointer, Value};
use crate::format;
use crate::value::{is_missing, missing_text};
use estimators::complex::Complex;
use unicode_width::UnicodeWidthStr;

/// The lines that show a value; none for a value without columns and rows.
pub(super) fn lines(value: &Value, width: usize) -> Vec<String> {
    let (cells, symmetric) = match value {
        Value::Num(x) => return vec![format!("  {}", number(*x))],
        Value::Real(g) => (g.map(|x| number(*x)), is_symmetric(g)),
        Value::Complex(g) if g.is_scalar() => return vec![format!("  {}", complex(g.data()[0]))],
        Value::Complex(g) => (g.map(|z| complex(*z)), false),
        Value::Text(g) if g.is_scalar() => return vec![format!("  {}", g.data()[0])],
        Value::Text(g) => (g.map(|t| t.to_string()), false),
        Value::Pointer(g) if g.is_scalar() => return vec![format!("  {}", pointer(&g.data()[0]))],
        Value::Pointer(g) => (g.map(pointer), false),
        Value::Struct(g) => (g.map(|s| format!("{:#x}", std::sync::Arc::as_ptr(s) as usize)), false),
        Value::Object(o) => return vec![format!("  {}", o.kind())],
        Value::View(_) => return Vec::new(),
    };
    frame(&cells, symmetric, width)
}

/// A real number with as many digits as Mata shows.
pub(super) fn number(x: f64) -> String {
    format::bare("%12.0g", x)
}

fn complex(z: Complex) -> String {
    if is_missing(z.re) {
        return missing_text(z.re);
    }
    let part = |x: f64| format::bare("%11.0g", x);
    let (sign, imaginary) = (if z.im < 0.0 { '-' } else { '+' }, part(z.im.abs()));
    match (z.re, z.im) {
        (re, 0.0) => part(re),
        (0.0, im) => format!("{}{imaginary}i", if im < 0.0 { "-" } else { "" }),
        (re, _) => format!("{} {sign} {imaginary}i", part(re)),
    }
}

fn pointer(p: &Pointer) -> String {
    match p {
        Pointer::Null => "NULL".into(),
        Pointer::To(cell) => format!("{:#x}", cell.address()),
        Pointer::Function(name) => format!("{name}()"),
    }
}

/// Whether a real matrix of at least two rows equals its transpose.
fn is_symmetric(g: &Grid<f64>) -> bool {
    let n = g.rows();
    n > 1 && n == g.cols() && (0..n).all(|i| (0..i).all(|j| g.get(i, j) == g.get(j, i)))
}

fn frame(cells: &Grid<String>, symmetric: bool, width: usize) -> Vec<String> {
    let (rows, cols) = (cells.rows(), cells.cols());
    if rows + cols == 0 {
        return Vec::new();
    }
    let label = rows.to_string().len();
    let widest = cells.data().iter().map(|c| c.width()).max().unwrap_or(0);
    let cell = widest.max(cols.to_string().len()).max(1);
    // two blanks, the row's number and a blank before the frame; the frame and its inner blanks
    let fixed = 2 + label + 1 + 1 + 2 + 2 + 1;
    let per_block = if fixed + cell >= width { 1 } else { 1 + (width - fixed - cell) / (cell + 3) };
    let mut out = Vec::new();
    if symmetric {
        out.push("[symmetric]".to_string());
    }
    let mut first = 0;
    loop {
        let last = (first + per_block).min(cols);
        if first > 0 {
            out.push(String::new());
        }
        block(&mut out, cells, symmetric, (first, last), (label, cell));
        if last >= cols {
            return out;
        }
        first = last;
    }
}

/// Columns `first..last` with the parts of the frame that belong to them.
fn block(
    out: &mut Vec<String>,
    cells: &Grid<String>,
    symmetric: bool,
    (first, last): (usize, usize),
    (label, cell): (usize, usize),
) {
    let right = |t: &str| format!("{}{t}", " ".repeat(cell.saturating_sub(t.width())));
    let line = |texts: Vec<String>| texts.join("   ");
    let blank = " ".repeat(2 + label + 1);
    let (opens, closes) = (first == 0, last == cells.cols());
    let numbers = line((first..last).map(|j| right(&(j + 1).to_string())).collect());
    out.push(format!("{blank}   {numbers}").trim_end().to_string());
    let count = last - first;
    let dashes = 2 + count * cell + 3 * count.saturating_sub(1) + 2;
    let rule = format!(
        "{blank}{}{}{}",
        if opens { "+" } else { "" },
        "-".repeat(dashes),
        if closes { "+" } else { "" }
    );
    out.push(rule.clone());
    for i in 0..cells.rows() {
        let shown = |j: usize| if symmetric && j > i { right("") } else { right(cells.get(i, j)) };
        let body = line((first..last).map(shown).collect());
        let start = format!("  {:>label$} {}", i + 1, if opens { "|  " } else { "  " });
        out.push(format!("{start}{body}  {}", if closes { "|" } else { "" }));
    }
    out.push(rule);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_published_logs() {
        let lines_of =
            |rows, cols, data: &[f64]| lines(&Value::real(Grid::new(rows, cols, data.to_vec())), 80);
        assert_eq!(
            lines_of(2, 2, &[1.0, 2.0, 3.0, 4.0]),
            ["       1   2", "    +---------+", "  1 |  1   2  |", "  2 |  3   4  |", "    +---------+"]
        );
        // [M-1] First, invsym()
        let x = [0.0298458083, -0.0098470272, -0.0155497706, -0.0098470272, 0.0216268926];
        let shown = lines_of(2, 2, &[x[0], x[1], x[3], x[4]]);
        assert_eq!(shown[0], "[symmetric]");
        assert_eq!(shown[1], "                  1              2");
        assert_eq!(shown[3], "  1 |   .0298458083                 |");
        assert_eq!(shown[4], "  2 |  -.0098470272    .0216268926  |");
        assert_eq!(lines(&Value::Num(1.0 / 3.0), 80), ["  .3333333333"]);
        // [M-1] First, sqrt(-4+2i)
        assert_eq!(complex(Complex::new(0.485868271756, 2.0581710272)), ".485868272 + 2.05817103i");
    }

    #[test]
    fn wide_matrices_continue_in_blocks() {
        let shown = lines(&Value::real(Grid::filled(1, 8, -1.5e-100)), 80);
        assert!(shown.iter().all(|l| l.width() <= 80), "{shown:?}");
        assert_eq!(shown.iter().filter(|l| l.is_empty()).count(), 1);
        assert!(shown[1].ends_with('-') && shown[shown.len() - 1].ends_with('+'));
    }
}
