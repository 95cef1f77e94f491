//! `svy: tabulate`: shares of one or two variables with linearised standard errors, and Rao and Scott's
//! corrected test of independence ([SVY] svy: tabulate oneway, [SVY] svy: tabulate twoway).

use super::svy::Call;
use super::{design, results};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::Parameters;
use crate::estimation::survival::Records;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::record_groups::Grouping;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::OptSpec;
use estimators::distributions::{f_tail, t_inverse_tail};
use estimators::survey::independence;

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
    OptSpec::flag("PEArson"),
    OptSpec::text("FORmat"),
    OptSpec::real("Level"),
];
/// Options that are refused by name.
pub(super) const REFUSED: &[&str] = &[
    "LR",
    "NULl",
    "WALD",
    "LLWALD",
    "noADJust",
    "TAB",
    "MISSing",
    "CV",
    "DEFF",
    "DEFT",
    "SRSsubpop",
    "STDize",
    "STDWeight",
    "CELLwidth",
    "CSEPwidth",
    "STUBwidth",
    "noMARGinals",
    "noLABel",
    "PROPortion",
];

/// Quantity shown in a cell, in addition to its standard error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Cell,
    Row,
    Column,
    Count,
}

/// The table: labels and cell of each row of the sample.
struct Cells {
    rows: Grouping,
    cols: Grouping,
    cell: Vec<Option<usize>>,
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
    s.markout(&variables, &mut used, true)?;
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
    display(s, call, &cells, shown, level);
    Ok(())
}

/// Linearised shares: `(1(cell) - p 1(base))/W(base)` with the base all rows, a table row or a column.
fn linearise(rows: &design::SurveyRows, cells: &Cells, shown: Shown) -> (Vec<f64>, Vec<Vec<f64>>) {
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
    results::store(r, rows, &columns, &parameters.v, &stripe, &places);
    let observed: Vec<f64> =
        (0..nr * nc).map(|k| cells.cell.iter().filter(|c| **c == Some(k)).count() as f64).collect();
    r.matrix("Obs", Matrix::new(nr, nc, observed));
    if nr > 1 && nc > 1 {
        let (p, shares) = linearise(rows, cells, Shown::Cell);
        let covariance = results::covariance(rows, &shares);
        let m = cells.cell.iter().filter(|c| c.is_some()).count() as f64;
        r.matrix("Prop", Matrix::new(nr, nc, p.clone()));
        if let Some(test) = independence(&p, nr, nc, &covariance, m, rows.df()) {
            r.scalar("cun_Pear", test.chi2)
                .scalar("F_Pear", test.f)
                .scalar("df1_Pear", test.df1)
                .scalar("df2_Pear", test.df2)
                .scalar("p_Pear", f_tail(test.df1, test.df2, test.f));
        }
    }
    let mut touse = vec![false; s.frame.n_rows()];
    rows.rows.iter().for_each(|i| touse[*i] = true);
    s.post_estimation(est, touse);
    Ok(())
}

fn display(s: &mut Session, call: &Call<'_>, cells: &Cells, shown: Shown, level: f64) {
    let cmd = &call.inner;
    let (nr, nc) = (cells.rows.count(), cells.cols.count());
    s.print("(running tabulate on estimation sample)");
    results::header(s, "", &[]);
    let (Some(b), Some(v)) = (s.e.b().cloned(), s.e.v().cloned()) else { return };
    let df = s.e.results.get_scalar("df_r").unwrap_or(f64::NAN);
    let t = t_inverse_tail(df, 0.5 - level / 200.0);
    let percent = if cmd.has("percent") && shown != Shown::Count { 100.0 } else { 1.0 };
    let text = cmd.options.text("format").map_or("%9.4g", str::trim).to_string();
    let number = |x: f64| format!("{:>12}", format::bare(&text, x));
    let name = format::abbrev(&cells.rows.variables[0], 12);
    let across = cells.cols.variables.first().cloned().unwrap_or_default();
    let rule = "-".repeat(14 + 12 * nc.max(1));
    s.print(&rule);
    s.print(format!("{name:>12} |{across:>12}"));
    if nc > 1 || !across.is_empty() {
        let labels: Vec<String> =
            cells.cols.labels.iter().map(|l| format!("{:>12}", format::abbrev(&l.join(" "), 11))).collect();
        s.print(format!("{:>12} |{}", "", labels.concat()));
    }
    s.print(format!("-------------+{}", "-".repeat(12 * nc.max(1))));
    let observed = s.e.results.matrices.get("Obs").cloned();
    for i in 0..nr {
        let line = |f: &dyn Fn(usize) -> String| (0..nc).map(|j| f(i * nc + j)).collect::<String>();
        let label = format::abbrev(&cells.rows.labels[i].join(" "), 12);
        s.print(format!("{label:>12} |{}", line(&|k| number(percent * b.get(0, k)))));
        let se = |k: usize| v.get(k, k).max(0.0).sqrt();
        if cmd.has("se") {
            s.print(format!(
                "{:>12} |{}",
                "",
                line(&|k| format!("{:>12}", format!("({})", format::bare(&text, percent * se(k)).trim())))
            ));
        }
        if cmd.has("ci") {
            let limits = |k: usize| {
                let (x, half) = (b.get(0, k), t * se(k));
                // Shares have limits on the logit scale.
                let (low, high) = if shown == Shown::Count || x <= 0.0 || x >= 1.0 {
                    (x - half, x + half)
                } else {
                    let (middle, half) = ((x / (1.0 - x)).ln(), half / (x * (1.0 - x)));
                    let back = |z: f64| 1.0 / (1.0 + (-z).exp());
                    (back(middle - half), back(middle + half))
                };
                let cell = |x: f64| format::bare("%6.4g", percent * x).trim().to_string();
                format!("{:>12}", format!("{},{}", cell(low), cell(high)))
            };
            s.print(format!("{:>12} |{}", "", line(&limits)));
        }
        if let Some(o) = observed.as_ref().filter(|_| cmd.has("obs")) {
            s.print(format!("{:>12} |{}", "", line(&|k| number(o.get(k / nc, k % nc)))));
        }
    }
    s.print(&rule);
    let what = match shown {
        Shown::Cell => "Cell proportion",
        Shown::Row => "Row proportion",
        Shown::Column => "Column proportion",
        Shown::Count => "Weighted count",
    };
    s.print(format!("Key: {what}{}", if cmd.has("se") { ", (linearized standard error)" } else { "" }));
    show_test(s);
    results::notes(s);
}

fn show_test(s: &mut Session) {
    let e = &s.e.results;
    let (Some(chi2), Some(f), Some(df1), Some(df2), Some(p)) = (
        e.get_scalar("cun_Pear"),
        e.get_scalar("F_Pear"),
        e.get_scalar("df1_Pear"),
        e.get_scalar("df2_Pear"),
        e.get_scalar("p_Pear"),
    ) else {
        return;
    };
    let (rows, cols) = (e.get_scalar("r").unwrap_or(0.0), e.get_scalar("c").unwrap_or(0.0));
    let df = (rows - 1.0) * (cols - 1.0);
    s.print("");
    s.print("  Pearson:");
    s.print(format!("    Uncorrected   chi2({df})         = {}", format::bare("%9.4f", chi2)));
    s.print(format!(
        "    Design-based  F({}, {})  = {}     P = {}",
        format::bare("%9.2f", df1).trim(),
        format::bare("%9.2f", df2).trim(),
        format::bare("%9.4f", f),
        format::bare("%6.4f", p)
    ));
}
