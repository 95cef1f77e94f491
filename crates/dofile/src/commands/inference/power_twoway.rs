//! `power twoway`: the F tests of a two-way analysis of variance with cells of one size ([PSS-2] power twoway).

use super::numbers;
use super::power_request::{levels, parsed, sized, smallest};
use super::power_show::study_and_answer;
use super::power_text::{four, whole};
use crate::error::{Result, StataError};
use crate::expr::functions::noncentral::nf;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::f_inverse_tail;

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("NPERCell"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::text("FACTor"),
    OptSpec::real("NROWs"),
    OptSpec::real("NCOLs"),
    OptSpec::real("VARRow"),
    OptSpec::real("VARColumn"),
    OptSpec::real("VARROWColumn"),
    OptSpec::real("VARError"),
    OptSpec::real("delta"),
];

const UNSUPPORTED: &[&str] =
    &["CELLWeights", "SHOWMATrices", "SHOWMEans", "init", "ITERate", "TOLerance", "noTItle"];

/// The tested effect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Factor {
    Row,
    Column,
    Both,
}

impl Factor {
    fn of(cmd: &ParsedCommand) -> Result<Self> {
        match cmd.options.text("factor").map(str::trim) {
            None | Some("row") => Ok(Self::Row),
            Some("column" | "col") => Ok(Self::Column),
            Some("rowcol") => Ok(Self::Both),
            Some(other) => Err(StataError::invalid(format!("factor({other}) not allowed"))),
        }
    }

    fn name(self) -> &'static str {
        ["row", "column", "rowcol"][self as usize]
    }
}

/// The cells of the design: their number in rows and columns, and the variance of the effect.
struct Cells {
    rows: f64,
    columns: f64,
    variance: f64,
    /// Means of the cells, row by row.
    means: Vec<f64>,
}

/// Variances of the effects of rows, columns and cells: means of their squares.
fn effects(means: &[Vec<f64>]) -> [f64; 3] {
    let (r, c) = (means.len() as f64, means[0].len() as f64);
    let of_row: Vec<f64> = means.iter().map(|row| row.iter().sum::<f64>() / c).collect();
    let of_column: Vec<f64> =
        (0..means[0].len()).map(|j| means.iter().map(|row| row[j]).sum::<f64>() / r).collect();
    let all = of_row.iter().sum::<f64>() / r;
    let spread = |values: &[f64]| values.iter().map(|m| (m - all).powi(2)).sum::<f64>() / values.len() as f64;
    let left = |i: usize, j: usize| (means[i][j] - of_row[i] - of_column[j] + all).powi(2);
    let cells = (0..means.len()).flat_map(|i| (0..means[0].len()).map(move |j| left(i, j)));
    [spread(&of_row), spread(&of_column), cells.sum::<f64>() / (r * c)]
}

impl Cells {
    fn of(s: &Session, cmd: &ParsedCommand, factor: Factor, error: f64) -> Result<Self> {
        let real = |name: &str| cmd.options.real(name);
        let variance = [real("varrow"), real("varcolumn"), real("varrowcolumn")][factor as usize];
        let text = cmd.list.trim();
        let needed = || {
            StataError::invalid("means of cells, or nrows() and ncols() with a variance or delta(), required")
        };
        if text.is_empty() {
            let (Some(rows), Some(columns)) = (real("nrows"), real("ncols")) else { return Err(needed()) };
            let variance = match (variance, real("delta")) {
                (Some(variance), None) => variance,
                (None, Some(delta)) => delta * delta * error,
                _ => return Err(needed()),
            };
            return Self { rows, columns, variance, means: Vec::new() }.checked();
        }
        if variance.or(real("delta")).or(real("nrows")).or(real("ncols")).is_some() {
            return Err(StataError::invalid("means of cells give the variances of the effects"));
        }
        let means: Vec<Vec<f64>> = match s.matrix(text) {
            Some(m) => (0..m.rows()).map(|i| (0..m.cols()).map(|j| m.get(i, j)).collect()).collect(),
            None => text.split('\\').map(numbers).collect::<Result<_>>()?,
        };
        if means.iter().any(|row| row.len() != means[0].len()) {
            return Err(StataError::new(503, "the rows of the means must have one length"));
        }
        let variance = effects(&means)[factor as usize];
        let (rows, columns) = (means.len() as f64, means[0].len() as f64);
        Self { rows, columns, variance, means: means.concat() }.checked()
    }

    fn checked(self) -> Result<Self> {
        let whole = |x: f64| x >= 2.0 && x.fract() == 0.0;
        if whole(self.rows) && whole(self.columns) && self.variance > 0.0 {
            return Ok(self);
        }
        Err(StataError::invalid("at least two rows and two columns, and an effect, are required"))
    }

    fn count(&self) -> f64 {
        self.rows * self.columns
    }

    /// Power with this many rows of the data in each cell: `lambda = N Var/Var_e`.
    fn power(&self, factor: Factor, size: f64, error: f64, alpha: f64) -> f64 {
        let n = size * self.count();
        let (rows, columns) = (self.rows - 1.0, self.columns - 1.0);
        let df1 = [rows, columns, rows * columns][factor as usize];
        let df2 = n - self.count();
        if df2 < 1.0 {
            return 0.0;
        }
        nf(df1, df2, n * self.variance / error, f_inverse_tail(df1, df2, alpha), true)
    }
}

/// Runs what follows `power twoway`.
pub(super) fn run(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, OPTIONS, UNSUPPORTED)?;
    let factor = Factor::of(&cmd)?;
    let error = cmd.options.real("varerror").unwrap_or(1.0);
    if error <= 0.0 {
        return Err(StataError::invalid("varerror() must be positive"));
    }
    let cells = Cells::of(s, &cmd, factor, error)?;
    let (alpha, wanted) = levels(&cmd)?;
    let given = sized(&cmd, &["n", "npercell"])?;
    let size = match (cmd.options.real("npercell"), cmd.options.real("n")) {
        (Some(size), None) => size,
        (None, Some(n)) if n % cells.count() == 0.0 => n / cells.count(),
        (None, Some(_)) => {
            return Err(StataError::unsupported_option("power", "n() that is no multiple of the cells"));
        }
        (None, None) => smallest(2.0, |size| cells.power(factor, size, error, alpha) >= wanted)?,
        _ => return Err(StataError::invalid("only one of n() and npercell() is allowed")),
    };
    if size < 2.0 || size.fract() != 0.0 {
        return Err(StataError::invalid("sample sizes must be whole numbers of at least 2 in each cell"));
    }
    let power = if given { cells.power(factor, size, error, alpha) } else { wanted };
    let (n, delta) = (size * cells.count(), (cells.variance / error).sqrt());
    let (symbol, what) =
        [("Var_r", "row"), ("Var_c", "column"), ("Var_rc", "row-by-column")][factor as usize];
    let mut r = Results::default();
    r.scalar("N", n).scalar("power", power).scalar("beta", 1.0 - power).scalar("alpha", alpha);
    r.scalar("N_rc", cells.count()).scalar("N_per_cell", size).scalar("delta", delta);
    r.scalar("nrows", cells.rows).scalar("ncols", cells.columns).scalar(symbol, cells.variance);
    r.scalar("Var_e", error).scalar("balanced", 1.0);
    r.text("type", "test").text("method", "twoway").text("factor", factor.name());
    s.r = r;
    let mut study = vec![("delta", four(delta)), ("N_r", whole(cells.rows)), ("N_c", whole(cells.columns))];
    if !cells.means.is_empty() {
        study.push(("means", "  <matrix>".to_string()));
    }
    study.extend([(symbol, four(cells.variance)), ("Var_e", four(error))]);
    let sizes = [("N", whole(n)), ("N per cell", whole(size))];
    let title = format!("two-way ANOVA\nF test for {what} effect\nH0: delta = 0  versus  Ha: delta != 0");
    study_and_answer(s, &title, (alpha, power, !given), &study, &sizes);
    Ok(())
}
