//! Output of `canon`, `estat` and `predict` after it ([MV] canon, [MV] canon postestimation).

use super::super::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::estat::Call;
use crate::ops::predict::{Prediction, add, new_names};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};

/// Width of the rules.
const WIDTH: usize = 76;

fn stored(session: &Session, name: &str) -> Result<Matrix> {
    let found = session.e.results.matrices.get(name).cloned();
    found.ok_or_else(StataError::no_estimates)
}

/// Prints the active results.
pub(super) fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let n = session.e.results.get_scalar("N").unwrap_or(MISSING);
    let one = cmd.options.int("lc").or(cmd.has("first").then_some(1));
    let title = match one {
        Some(c) => format!("Linear combinations for canonical correlation {c}"),
        None if cmd.has("stderr") => "Linear combinations for canonical correlations".to_string(),
        None => "Canonical correlation analysis".to_string(),
    };
    session.print("");
    session.print(format!("{title:<52}Number of obs = {}", format::right(&format::bare("%10.0fc", n), 10)));
    session.print("");
    if one.is_some() || (cmd.has("stderr") && !cmd.has("coefmatrix")) {
        show_errors(session, one, level)?;
    } else {
        let (kind, word) = if cmd.has("stdcoef") { ("std", "Standardized") } else { ("raw", "Raw") };
        for (set, ordinal) in [(1, "first"), (2, "second")] {
            session.print(format!("{word} coefficients for the {ordinal} variable set"));
            let matrix = stored(session, &format!("{kind}coef_var{set}"))?;
            show_matrix(session, &matrix);
        }
    }
    session.print("-".repeat(WIDTH));
    session.print("Canonical correlations:");
    let values = stored(session, "ccorr")?;
    let cells: String = values.values().iter().map(|r| format!("  {}", format::bare("%6.4f", *r))).collect();
    session.print(cells);
    session.print("");
    if !cmd.has("notests") {
        show_tests(session, cmd)?;
    }
    Ok(())
}

/// Coefficients with standard errors, of one combination or all.
fn show_errors(session: &mut Session, one: Option<i64>, level: f64) -> Result<()> {
    let (b, v) = (stored(session, "b")?, stored(session, "V")?);
    let keep: Vec<usize> =
        (0..b.cols()).filter(|i| one.is_none_or(|c| b.col_names[*i].eq[1..] == c.to_string())).collect();
    let stripe: Vec<_> = keep.iter().map(|i| b.col_names[*i].clone()).collect();
    let values: Vec<f64> = keep.iter().map(|i| b.get(0, *i)).collect();
    let se: Vec<f64> = keep.iter().map(|i| v.get(*i, *i).sqrt()).collect();
    Table::of_equations(&stripe, &values, &se, session.e.results.get_scalar("df_r"), level).show(session);
    session.print("                                    (Standard errors estimated conditionally)");
    Ok(())
}

/// A matrix with four decimals under its column names.
fn show_matrix(session: &mut Session, m: &Matrix) {
    let heads: String = m.col_names.iter().map(|n| format!("{:>9} ", format::abbrev(&n.name, 8))).collect();
    session.print("");
    session.print(format!("    {:>12} |{heads}", "").trim_end());
    session.print(format!("    {}+{}", "-".repeat(13), "-".repeat(10 * m.cols())));
    for i in 0..m.rows() {
        let cells: String = (0..m.cols())
            .map(|j| format!("{} ", format::right(&format::bare("%9.4f", m.get(i, j)), 9)))
            .collect();
        session.print(format!("    {:>12} |{cells}", format::abbrev(&m.row_names[i].name, 12)).trim_end());
    }
    session.print(format!("    {}", "-".repeat(14 + 10 * m.cols())));
    session.print("");
}

fn show_tests(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    // with one or two variables in a set the F statistics are exact, but for that of Roy's root with two in both
    let sets = [stored(session, "rawcoef_var1")?.rows(), stored(session, "rawcoef_var2")?.rows()];
    let least = sets.into_iter().min().unwrap_or(0);
    let exact = |most: usize| if least <= most { "e" } else { "a" };
    let kinds = [exact(2), exact(1), exact(1), if least == 1 { "e" } else { "u" }];
    let line = |name: &str, m: &Matrix, i: usize| {
        let number = |fmt: &str, j: usize, w: usize| format::right(&format::bare(fmt, m.get(i, j)), w);
        format!(
            "{name:>22}{}{}{}{}{} {}",
            number("%8.0g", 0, 12),
            number("%8.0g", 1, 9),
            number("%8.0g", 2, 9),
            number("%9.4f", 3, 13),
            number("%6.4f", 4, 11),
            kinds[i]
        )
    };
    let head = format!("{:>34}{:>9}{:>9}{:>13}{:>11}", "Statistic", "df1", "df2", "F", "Prob>F");
    session.print("-".repeat(WIDTH));
    session.print("Tests of significance of all canonical correlations");
    session.print("");
    session.print(&head);
    let all = stored(session, "stat_m")?;
    for (i, name) in
        ["Wilks' lambda", "Pillai's trace", "Lawley-Hotelling trace", "Roy's largest root"].iter().enumerate()
    {
        session.print(line(name, &all, i));
    }
    let count = stored(session, "ccorr")?.cols();
    for from in cmd.options.text("test").map_or_else(|| Ok(Vec::new()), numlist::expand)? {
        if from.fract() != 0.0 || from < 1.0 || from > count as f64 {
            return Err(StataError::invalid(format!("test() must be between 1 and {count}")));
        }
        session.print("-".repeat(WIDTH));
        session.print(if from == count as f64 {
            format!("Test of significance of canonical correlation {from}")
        } else {
            format!("Test of significance of canonical correlations {from}-{count}")
        });
        session.print("");
        session.print(&head);
        let one = stored(session, &format!("stat_{from}"))?;
        session.print(line("Wilks' lambda", &one, 0));
    }
    session.print("-".repeat(WIDTH));
    session.print(format!("{:>WIDTH$}", "e = exact, a = approximate, u = upper bound on F"));
    Ok(())
}

/// `estat correlations` and `estat loadings`.
pub(super) fn estat(session: &mut Session, call: &Call) -> Result<()> {
    call.bare()?;
    let parts: &[(&str, &str)] = if call.name == "correlations" {
        &[
            ("corr_var1", "Correlations for variable list 1"),
            ("corr_var2", "Correlations for variable list 2"),
            ("corr_mixed", "Correlations between variable lists 1 and 2"),
        ]
    } else {
        &[
            ("canload11", "Canonical loadings for variable list 1"),
            ("canload22", "Canonical loadings for variable list 2"),
            ("canload12", "Correlation between variable list 1 and canonical variates from list 2"),
            ("canload21", "Correlation between variable list 2 and canonical variates from list 1"),
        ]
    };
    let mut r = Results::default();
    for (name, title) in parts {
        let matrix = stored(session, name)?;
        session.print("");
        session.print(*title);
        show_matrix(session, &matrix);
        r.matrix(name, matrix);
    }
    session.r = r;
    Ok(())
}

/// Options of `predict` after `canon`.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("u"), OptSpec::flag("v"), OptSpec::int("Correlation")])
        .unsupported(&["STDU", "STDV"]);

/// `predict`: a combination of the raw variables of one set.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else {
        return Err(StataError::new(103, "one new variable name needed"));
    };
    let (u, v) = (cmd.has("u"), cmd.has("v"));
    if u == v {
        return Err(StataError::invalid("one of u and v must be specified"));
    }
    let matrix = stored(session, if u { "rawcoef_var1" } else { "rawcoef_var2" })?;
    let c = cmd.options.int("correlation").unwrap_or(1);
    let column = usize::try_from(c - 1)
        .ok()
        .filter(|c| *c < matrix.cols())
        .ok_or_else(|| StataError::invalid(format!("correlation({c}) invalid")))?;
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let mut values = vec![0.0; rows.len()];
    for i in 0..matrix.rows() {
        let variable = session.numeric_variable(&matrix.row_names[i].name)?;
        for (total, row) in values.iter_mut().zip(&rows) {
            let x = session.frame.num_at(variable, *row);
            *total = if is_missing(x) || is_missing(*total) {
                MISSING
            } else {
                *total + x * matrix.get(i, column)
            };
        }
    }
    let label = format!("Canonical variates for {} set", if u { "first" } else { "second" });
    add(session, name, kind, &rows, Prediction { values, label })
}
