//! `svy: tabulate`: shares of one or two variables with linearised standard errors, and Rao and Scott's
//! corrected test of independence ([SVY] svy: tabulate oneway, [SVY] svy: tabulate twoway).

use super::svy::Call;
use super::{design, results, tabulate_show, tabulate_tests};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::Parameters;
use crate::estimation::survival::Records;
use crate::matrix::{Matrix, Stripe};
use crate::ops::record_groups::Grouping;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::OptSpec;
use estimators::survey::simple_random;

/// Options after the colon.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("CELl"),
    OptSpec::flag("ROW"),
    OptSpec::flag("COLumn"),
    OptSpec::flag("COUnt"),
    OptSpec::flag("se"),
    OptSpec::flag("ci"),
    OptSpec::flag("obs"),
    OptSpec::flag("PERcent"),
    OptSpec::flag("CV"),
    OptSpec::flag("DEFF"),
    OptSpec::flag("DEFT"),
    OptSpec::flag("PEArson"),
    OptSpec::flag("LR"),
    OptSpec::flag("WALD"),
    OptSpec::flag("noADJust"),
    OptSpec::flag("MISSing"),
    OptSpec::flag("PROPortion"),
    OptSpec::int("CELLwidth"),
    OptSpec::int("STUBwidth"),
    OptSpec::flag("noMARGinals"),
    OptSpec::text("FORmat"),
    OptSpec::real("Level"),
];
/// Options that are refused by name.
pub(super) const REFUSED: &[&str] =
    &["NULl", "LLWALD", "TAB", "SRSsubpop", "STDize", "STDWeight", "CSEPwidth", "noLABel"];

/// Quantity shown in a cell, in addition to its standard error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Shares of the whole.
    Cell,
    /// Shares of the row.
    Row,
    /// Shares of the column.
    Column,
    /// Sums of weights.
    Count,
}

/// The table: labels and cell of each row of the sample.
pub(super) struct Cells {
    /// Rows of the table.
    pub rows: Grouping,
    /// Columns of the table.
    pub cols: Grouping,
    /// Cell of each row of the sample, row by row of the table.
    pub cell: Vec<Option<usize>>,
}

/// Runs the command.
pub(super) fn run(s: &mut Session, call: &Call<'_>) -> Result<()> {
    let cmd = &call.inner;
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() || variables.len() > 2 {
        return Err(StataError::standard(if variables.is_empty() { 100 } else { 103 }));
    }
    let chosen: Vec<Shown> =
        [("cell", Shown::Cell), ("row", Shown::Row), ("column", Shown::Column), ("count", Shown::Count)]
            .into_iter()
            .filter(|(o, _)| cmd.has(o))
            .map(|(_, k)| k)
            .collect();
    if chosen.len() > 1 {
        return Err(StataError::unsupported_option("svy: tabulate", "several kinds of cells at once"));
    }
    let shown = chosen.first().copied().unwrap_or(Shown::Cell);
    let level = level(s, if call.prefix.has("level") { &call.prefix } else { cmd })?;
    let open = design::open(s, cmd, call.prefix.options.text("subpop"))?;
    let mut used = open.inside.clone();
    if !cmd.has("missing") {
        s.markout(&variables, &mut used, true)?;
    }
    if !used.iter().any(|u| *u) {
        return Err(StataError::no_observations());
    }
    let rows = open.close(s, &used, call.prefix.options.real("dof"))?;
    let inside: Vec<usize> =
        (0..rows.rows.len()).filter(|i| rows.inside[*i] && used[rows.rows[*i]]).collect();
    let records = Records { rows: inside.iter().map(|i| rows.rows[*i]).collect(), ..Records::default() };
    let by_row = Grouping::of(s, &variables[..1], &records);
    let by_col = Grouping::of(s, &variables[1..], &records);
    let mut cell = vec![None; rows.rows.len()];
    for (k, i) in inside.iter().enumerate() {
        cell[*i] = Some(by_row.of[k] * by_col.count() + by_col.of[k]);
    }
    let cells = Cells { rows: by_row, cols: by_col, cell };
    estimate(s, call, &rows, &cells, shown)?;
    tabulate_show::display(s, call, &rows, &cells, (shown, level));
    Ok(())
}

/// Linearised shares: `(1(cell) - p 1(base))/W(base)` with the base all rows, a table row or a column.
pub(super) fn linearise(rows: &design::SurveyRows, cells: &Cells, shown: Shown) -> (Vec<f64>, Vec<Vec<f64>>) {
    let (nr, nc) = (cells.rows.count(), cells.cols.count());
    let in_base = |i: usize, k: usize| {
        cells.cell[i].is_some_and(|c| match shown {
            Shown::Row => c / nc == k / nc,
            Shown::Column => c % nc == k % nc,
            _ => true,
        })
    };
    let n = rows.rows.len();
    (0..nr * nc)
        .map(|k| {
            let mine = |i: usize| f64::from(u8::from(cells.cell[i] == Some(k)));
            let total: f64 = (0..n).map(|i| rows.weights[i] * mine(i)).sum();
            if shown == Shown::Count {
                return (total, (0..n).map(mine).collect());
            }
            let base: f64 = (0..n).filter(|i| in_base(*i, k)).map(|i| rows.weights[i]).sum();
            let p = total / base;
            let column = (0..n).map(|i| if in_base(i, k) { (mine(i) - p) / base } else { 0.0 }).collect();
            (p, column)
        })
        .unzip()
}

fn estimate(
    s: &mut Session,
    call: &Call<'_>,
    rows: &design::SurveyRows,
    cells: &Cells,
    shown: Shown,
) -> Result<()> {
    let (nr, nc) = (cells.rows.count(), cells.cols.count());
    let (b, columns) = linearise(rows, cells, shown);
    let v = results::covariance(rows, &columns);
    let stripe: Vec<Stripe> =
        (0..nr * nc).map(|k| Stripe::term(format!("p{}{}", k / nc + 1, k % nc + 1))).collect();
    let places: Vec<usize> = (0..stripe.len()).collect();
    let parameters = Parameters { stripe: stripe.clone(), b, v };
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    r.text("cmd", "tabulate").text("cmdline", format!("svy: {}", call.text));
    r.scalar("r", nr as f64).scalar("c", nc as f64);
    let with_replacement = simple_random(&columns, &rows.weights);
    results::store(r, rows, &with_replacement, &parameters.v, &stripe, &places);
    let observed: Vec<f64> =
        (0..nr * nc).map(|k| cells.cell.iter().filter(|c| **c == Some(k)).count() as f64).collect();
    r.matrix("Obs", Matrix::new(nr, nc, observed));
    if nr > 1 && nc > 1 {
        tabulate_tests::store(r, rows, cells, call);
    } else {
        r.matrix("Prop", Matrix::new(nr, nc, linearise(rows, cells, Shown::Cell).0));
    }
    s.post_estimation(est, rows.sample(s.frame.n_rows()));
    Ok(())
}
