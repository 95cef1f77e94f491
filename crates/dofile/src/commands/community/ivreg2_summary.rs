//! First stages of `ivreg2`: their regressions with the tests of the excluded instruments, and the summary of `first` and
//! `ffirst`. The layout is that of logs that Stata printed.

use super::ivreg2_show::{cluster_line, critical_values, scalar, text, underidentification};
use crate::error::Result;
use crate::estimation::first_stages::{fit_stage, heading, show_table};
use crate::estimation::instruments::IvState;
use crate::format;
use crate::matrix::Matrix;
use crate::results::Results;
use crate::session::Session;
use crate::value::{MISSING, is_missing};

/// A number of `e(first)`: the row has this name, the column is that of the endogenous variable.
fn at(table: &Matrix, row: &str, j: usize) -> f64 {
    table.row_names.iter().position(|r| r.name == row).map_or(MISSING, |i| table.get(i, j))
}

/// Prints the regression of each endogenous variable on the instruments, with the F statistics of `e(first)` below it.
pub(super) fn stages(s: &mut Session, state: &IvState, results: &Results, level: f64) -> Result<()> {
    let Some(table) = results.matrices.get("first") else { return Ok(()) };
    let number = |name: &str| results.get_scalar(name).unwrap_or(MISSING);
    heading(s);
    for (j, (name, values)) in state.endogenous.iter().enumerate() {
        s.print("");
        s.print("");
        s.print(format!("First-stage regression of {name}:"));
        s.print("");
        for subtitle in ["hacsubtitleV", "hacsubtitleV2"] {
            if let Some(line) = results.get_text(subtitle).filter(|l| !l.is_empty()) {
                s.print(line);
            }
        }
        s.print(format!("Number of obs ={:>23}", number("N")));
        let two = results.get_text("clustvar2").is_some();
        let sets = if two {
            [("clustvar1", "N_clust1"), ("clustvar2", "N_clust2")]
        } else {
            [("clustvar", "N_clust"), ("", "")]
        };
        for (variable, count) in sets {
            if !is_missing(number(count)) {
                s.print(cluster_line(results.get_text(variable).unwrap_or(""), number(count)));
            }
        }
        let fit = fit_stage(state, values)?;
        show_table(s, state, name, &fit, (level, None));
        let tests = [
            ("F test of excluded instruments:", ["df", "df_r", "F", "pvalue"]),
            (
                "Sanderson-Windmeijer multivariate F test of excluded instruments:",
                ["SWFdf1", "SWFdf2", "SWF", "SWFp"],
            ),
        ];
        for (label, [df1, df2, f, p]) in tests {
            s.print(label);
            let value = format::bare("%8.2f", at(table, f, j));
            s.print(format!("  F({:>3},{:>6}) = {value:>8}", at(table, df1, j), at(table, df2, j)));
            s.print(format!("  Prob > F      = {:>8}", format::bare("%8.4f", at(table, p, j))));
        }
    }
    s.print("");
    s.print("");
    Ok(())
}

/// To which departures from independent errors with one variance the tests of the active model are robust.
fn robust_to(s: &Session) -> Option<&'static str> {
    let clustered = ["N_clust", "N_clust1"].iter().any(|n| !is_missing(scalar(s, n)));
    match (clustered, text(s, "kernel").is_empty(), text(s, "vcetype").is_empty()) {
        (true, _, _) => Some("cluster-robust"),
        (_, false, false) => Some("heteroskedasticity and autocorrelation-robust"),
        (_, true, false) => Some("heteroskedasticity-robust"),
        (_, false, true) => Some("autocorrelation-robust"),
        _ => None,
    }
}

/// Prints critical values of Stock and Yogo with their notes; nothing where the tables have none.
fn stock_yogo(s: &mut Session, title: String, endogenous: f64, note: Option<&str>) {
    let lines = critical_values(s, endogenous);
    if lines.is_empty() {
        return;
    }
    s.print("");
    s.print(title);
    for line in lines {
        s.print(format!("{line:>72}"));
    }
    s.print("Source: Stock-Yogo (2005).");
    if let Some(note) = note {
        s.print(format!("NB: Critical values are for {note}."));
    }
}

/// Tests of the excluded instruments in each first stage, of identification, and those that stay valid with weak
/// instruments.
pub(super) fn summary(s: &mut Session) {
    let Some(table) = s.e.results.matrices.get("first").cloned() else { return };
    s.print("");
    s.print("Summary results for first-stage regressions");
    s.print("-------------------------------------------");
    s.print("");
    s.print("                                           (Underid)            (Weak id)");
    s.print(format!(
        "Variable     | F({:>3},{:>6})  P-val | SW Chi-sq({:>3}) P-val | SW F({:>3},{:>6})",
        at(&table, "df", 0),
        at(&table, "df_r", 0),
        at(&table, "SWFdf1", 0),
        at(&table, "SWFdf1", 0),
        at(&table, "SWFdf2", 0)
    ));
    for (j, name) in table.col_names.iter().enumerate() {
        let number = |row: &str, fmt: &str| format::bare(fmt, at(&table, row, j));
        s.print(format!(
            "{:<12} |{:>11}{:>10} |{:>12}{:>9} |{:>12}",
            format::abbrev(&name.name, 12),
            number("F", "%8.2f"),
            number("pvalue", "%6.4f"),
            number("SWchi2", "%8.2f"),
            number("SWchi2p", "%6.4f"),
            number("SWF", "%8.2f")
        ));
    }
    let robust = robust_to(s);
    if let Some(kind) = robust {
        s.print("");
        s.print(format!("NB: first-stage test statistics {kind}"));
    }
    let title = "Stock-Yogo weak ID F test critical values for single endogenous regressor:".to_string();
    let note = robust.map_or("Sanderson-Windmeijer F statistic", |_| "i.i.d. errors only");
    stock_yogo(s, title, 1.0, Some(note));
    if !is_missing(scalar(s, "idstat")) {
        identification(s, robust.is_some());
    }
    weak_instruments(s, robust);
}

/// The tests of underidentification and weak identification.
fn identification(s: &mut Session, robust: bool) {
    let under = underidentification(robust);
    s.print("");
    s.print("Underidentification test");
    s.print("Ho: matrix of reduced form coefficients has rank=K1-1 (underidentified)");
    s.print("Ha: matrix has rank=K1 (identified)");
    let value =
        format!("Chi-sq({})={}", scalar(s, "iddf"), format::bare("%-8.2f", scalar(s, "idstat")).trim_start());
    let p = format::bare("%6.4f", scalar(s, "idp"));
    s.print(format!("{under:<41}{value:<18} P-val={p}"));
    s.print("");
    s.print("Weak identification test");
    s.print("Ho: equation is weakly identified");
    let mut tests = vec![("Cragg-Donald Wald F statistic", "cdf")];
    if robust {
        tests.push(("Kleibergen-Paap Wald rk F statistic", "widstat"));
    }
    for (label, name) in tests {
        s.print(format!("{label:<60}{:>12}", format::bare("%8.2f", scalar(s, name))));
    }
    let (k, l) = (scalar(s, "endog_ct"), scalar(s, "exexog_ct"));
    let title = format!("Stock-Yogo weak ID test critical values for K1={k} and L1={l}:");
    stock_yogo(s, title, k, robust.then_some("Cragg-Donald F statistic and i.i.d. errors"));
}

/// The tests that stay valid with weak instruments, and the sizes of the model.
fn weak_instruments(s: &mut Session, robust: Option<&str>) {
    s.print("");
    s.print("Weak-instrument-robust inference");
    s.print("Tests of joint significance of endogenous regressors B1 in main equation");
    s.print("Ho: B1=0 and orthogonality conditions are valid");
    let df = scalar(s, "ardf");
    let tests = [
        ("Anderson-Rubin Wald test", format!("F({df},{})=", scalar(s, "ardf_r")), "arf", "arfp"),
        ("Anderson-Rubin Wald test", format!("Chi-sq({df})="), "archi2", "archi2p"),
        ("Stock-Wright LM S statistic", format!("Chi-sq({df})="), "sstat", "sstatp"),
    ];
    for (label, degrees, value, p) in tests {
        let (value, p) = (format::bare("%8.2f", scalar(s, value)), format::bare("%6.4f", scalar(s, p)));
        let width = 20_usize.saturating_sub(degrees.len());
        s.print(format!("{label:<35}{degrees}{value:>width$}     P-val={p}"));
    }
    if let Some(kind) = robust {
        s.print("");
        s.print("NB: Underidentification, weak identification and weak-identification-robust");
        s.print(format!("    test statistics {kind}"));
    }
    s.print("");
    let sizes = [
        ("Number of clusters             N_clust  =", scalar(s, "N_clust")),
        ("Number of observations               N  =", scalar(s, "N")),
        ("Number of regressors                 K  =", scalar(s, "rankxx")),
        ("Number of endogenous regressors      K1 =", scalar(s, "endog_ct")),
        ("Number of instruments                L  =", scalar(s, "rankzz")),
        ("Number of excluded instruments       L1 =", scalar(s, "exexog_ct")),
    ];
    for (label, size) in sizes {
        if !is_missing(size) {
            s.print(format!("{label}{size:>11}"));
        }
    }
}
