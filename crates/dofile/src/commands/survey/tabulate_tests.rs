//! Tests of independence of `svy: tabulate`: Pearson's and the likelihood-ratio statistic with Rao and Scott's second-order
//! correction, and the Wald test of the residuals ([SVY] svy: tabulate twoway, Methods and formulas).

use super::design::SurveyRows;
use super::results;
use super::svy::Call;
use super::tabulate::{Cells, Shown, linearise};
use crate::format;
use crate::matrix::Matrix;
use crate::results::Results;
use crate::session::Session;
use estimators::distributions::f_tail;
use estimators::matrix::Mat;
use estimators::survey::{adjusted_wald, independence};

/// The statistics: suffix of their stored results, and title.
const TESTS: [(&str, &str); 3] =
    [("Pear", "Pearson"), ("LR", "Likelihood ratio"), ("Wald", "Wald (Pearson)")];

/// Stores the tests that the options name, Pearson's without any.
pub(super) fn store(r: &mut Results, rows: &SurveyRows, cells: &Cells, call: &Call<'_>) {
    let cmd = &call.inner;
    let (nr, nc) = (cells.rows.count(), cells.cols.count());
    let (p, shares) = linearise(rows, cells, Shown::Cell);
    let covariance = results::covariance(rows, &shares);
    let m = cells.cell.iter().filter(|c| c.is_some()).count() as f64;
    r.matrix("Prop", Matrix::new(nr, nc, p.clone()));
    let mut put = |name: &str, chi2: f64, f: f64, df: [f64; 2]| {
        r.scalar(&format!("cun_{name}"), chi2)
            .scalar(&format!("F_{name}"), f)
            .scalar(&format!("df1_{name}"), df[0])
            .scalar(&format!("df2_{name}"), df[1])
            .scalar(&format!("p_{name}"), f_tail(df[0], df[1], f));
    };
    if let Some(test) = independence(&p, nr, nc, &covariance, m, rows.df()) {
        if cmd.has("pearson") || !(cmd.has("lr") || cmd.has("wald")) {
            put("Pear", test.chi2, test.f, [test.df1, test.df2]);
        }
        if cmd.has("lr") {
            let chi2 = likelihood_ratio(&p, nc, m);
            // both statistics have the same asymptotic distribution, and so the same correction
            put("LR", chi2, chi2 * test.f / test.chi2, [test.df1, test.df2]);
        }
    }
    if cmd.has("wald")
        && let Some(chi2) = wald(rows, cells)
    {
        let df = (nr - 1) * (nc - 1);
        let (f, df2) = adjusted_wald(chi2, df, rows.df());
        let plain = cmd.has("noadjust");
        let (f, df2) = if plain { (chi2 / df as f64, rows.df()) } else { (f, df2) };
        put("Wald", chi2, f, [df as f64, df2]);
        if plain {
            r.text("adjust", "noadjust");
        }
    }
}

/// `2 m sum p ln(p / (p_r p_c))`.
fn likelihood_ratio(p: &[f64], cols: usize, m: f64) -> f64 {
    let row = |r: usize| p[r * cols..(r + 1) * cols].iter().sum::<f64>();
    let col = |c: usize| p.iter().skip(c).step_by(cols).sum::<f64>();
    let term = |(i, p): (usize, &f64)| {
        let expected = row(i / cols) * col(i % cols);
        if *p > 0.0 { p * (p / expected).ln() } else { 0.0 }
    };
    2.0 * m * p.iter().enumerate().map(term).sum::<f64>()
}

/// `Y' V(Y)^-1 Y` with `Y_rc = N_rc - N_r N_c / N`, all but the last row and column.
fn wald(rows: &SurveyRows, cells: &Cells) -> Option<f64> {
    let (nr, nc) = (cells.rows.count(), cells.cols.count());
    let total = |test: &dyn Fn(usize) -> bool| -> f64 {
        let each = cells.cell.iter().zip(&rows.weights);
        each.filter(|(c, _)| c.is_some_and(test)).map(|(_, w)| w).sum()
    };
    let all = total(&|_| true);
    let (mut y, mut columns) = (Vec::new(), Vec::new());
    for r in 0..nr - 1 {
        for c in 0..nc - 1 {
            let (row, col) = (total(&|k| k / nc == r), total(&|k| k % nc == c));
            let expected = row * col / all;
            y.push(total(&|k| k == r * nc + c) - expected);
            let derivative = |cell: &Option<usize>| {
                cell.map_or(0.0, |k| {
                    let on = |test: bool| f64::from(u8::from(test));
                    on(k == r * nc + c) - on(k / nc == r) * col / all - on(k % nc == c) * row / all
                        + expected / all
                })
            };
            columns.push(cells.cell.iter().map(derivative).collect::<Vec<f64>>());
        }
    }
    let v: Mat = results::covariance(rows, &columns);
    let solved = v.inverse_definite()?.times_vector(&y);
    Some(y.iter().zip(solved).map(|(a, b)| a * b).sum())
}

/// Prints the tests.
pub(super) fn show(s: &mut Session) {
    let size = |name: &str| s.e.results.get_scalar(name).unwrap_or(0.0);
    let df = (size("r") - 1.0) * (size("c") - 1.0);
    for (name, title) in TESTS {
        let e = &s.e.results;
        let found = ["cun", "F", "df1", "df2", "p"].map(|part| e.get_scalar(&format!("{part}_{name}")));
        let [Some(chi2), Some(f), Some(df1), Some(df2), Some(p)] = found else { continue };
        let number = |fmt: &str, x: f64| format::bare(fmt, x).trim().to_string();
        let labels = match (name, e.get_text("adjust")) {
            ("Wald", Some(_)) => ["Unadjusted  ", "Unadjusted  "],
            ("Wald", None) => ["Unadjusted  ", "Adjusted    "],
            _ => ["Uncorrected ", "Design-based"],
        };
        let dfs = match name {
            "Wald" => format!("F({df1}, {df2})"),
            _ => format!("F({}, {})", number("%9.2f", df1), number("%9.2f", df2)),
        };
        s.print("");
        s.print(format!("  {title}:"));
        let value = |x: f64| format::right(&format::bare("%9.4f", x), 9);
        s.print(format!("    {}  {:<16}= {}", labels[0], format!("chi2({df})"), value(chi2)));
        let start = format!("    {}  {dfs:<16}= {}", labels[1], value(f));
        s.print(format!("{start:<48}  P = {}", format::bare("%6.4f", p)));
    }
}
