//! Tables of `mvtest`.

use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::multivariate_normality::{Statistic, doornik_hansen, henze_zirkler, mardia};
use estimators::multivariate_tests::Tests;
use estimators::normality::skewness_kurtosis;

/// Prints a statistic and its probability in two lines.
pub(super) fn pair(s: &mut Session, width: usize, name: &str, value: f64, tail: &str, p: f64) {
    s.print(format!("{name:>width$} = {}", format::right(&format::bare("%8.2f", value), 8)));
    s.print(format!("{tail:>width$} = {}", format::right(&format::bare("%6.4f", stata(p)), 8)));
}

/// Prints the four tests of equal means; returns them as `r(stat_m)`.
pub(super) fn table(s: &mut Session, tests: &Tests) -> Matrix {
    let names = ["Wilks' lambda", "Pillai's trace", "Lawley-Hotelling trace", "Roy's largest root"];
    let number = |fmt: &str, x: f64, width: usize| format::right(&format::bare(fmt, x), width);
    s.print("");
    s.print(format!("{:>23} |  Statistic    F(df1,    df2) =   F   Prob>F", ""));
    let rule = format!("{}+{}", "-".repeat(24), "-".repeat(44));
    s.print(&rule);
    let mut cells = Vec::new();
    for (name, test) in names.iter().zip(tests.all()) {
        let p = stata(f_tail(test.df1, test.df2, test.f));
        s.print(format!(
            "{name:>23} | {}{}{}{} {} {}",
            number("%8.4f", test.statistic, 10),
            number("%7.1f", test.df1, 8),
            number("%7.1f", test.df2, 8),
            number("%8.2f", test.f, 9),
            number("%6.4f", p, 6),
            test.kind.letter()
        ));
        cells.extend([test.statistic, test.f, test.df1, test.df2, p]);
    }
    s.print(&rule);
    s.print(format!("{:>27}e = exact, a = approximate, u = upper bound on F", ""));
    let mut out = Matrix::new(4, 5, cells);
    out.row_names = ["Wilks", "Pillai", "Hotelling", "Roy"].map(Stripe::term).to_vec();
    out.col_names = ["statistic", "F", "df1", "df2", "pvalue"].map(Stripe::term).to_vec();
    out
}

/// Prints the tests of each variable, or of each pair of variables.
pub(super) fn distances(
    s: &mut Session,
    names: &[String],
    columns: &[Vec<f64>],
    r: &mut Results,
    pairs: bool,
) -> Result<()> {
    let cell = |fmt: &str, x: f64, width: usize| format::right(&format::bare(fmt, stata(x)), width);
    s.print("");
    let mut cells = Vec::new();
    let mut rows = Vec::new();
    if pairs {
        s.print("Doornik-Hansen test for bivariate normality");
        s.print("");
        s.print(" Pair of variables           |        chi2     df   Prob>chi2");
        s.print(format!("{}+{}", "-".repeat(29), "-".repeat(35)));
        for i in 0..names.len() {
            for j in i + 1..names.len() {
                let both = [columns[i].clone(), columns[j].clone()];
                let test = doornik_hansen(&both).ok_or_else(singular)?;
                let p = chi2_tail(test.df, test.chi2);
                let name = format!("{:<14}{}", format::abbrev(&names[i], 12), format::abbrev(&names[j], 12));
                s.print(format!(
                    " {name:<28}|{}{}{}",
                    cell("%9.2f", test.chi2, 12),
                    cell("%5.0f", test.df, 7),
                    cell("%6.4f", p, 12)
                ));
                cells.extend([test.chi2, test.df, p]);
                rows.push(Stripe::with_eq(&names[i], &names[j]));
            }
        }
    } else {
        s.print("Test for univariate normality");
        s.print("");
        s.print("    Variable |  Pr(skewness)   Pr(kurtosis)  adj chi2(2)    Prob>chi2");
        s.print(format!("{}+{}", "-".repeat(13), "-".repeat(55)));
        for (name, column) in names.iter().zip(columns) {
            let test = skewness_kurtosis(column, true);
            s.print(format!(
                "{:>12} |{}{}{}{}",
                format::abbrev(name, 12),
                cell("%6.4f", test.p_skewness, 14),
                cell("%6.4f", test.p_kurtosis, 15),
                cell("%9.2f", test.chi2, 13),
                cell("%6.4f", test.p, 13)
            ));
            cells.extend([test.p_skewness, test.p_kurtosis, test.chi2, test.p]);
            rows.push(Stripe::term(name.clone()));
        }
    }
    let mut matrix = Matrix::new(rows.len(), cells.len() / rows.len().max(1), cells);
    matrix.row_names = rows;
    r.matrix(if pairs { "Btests" } else { "Utests" }, matrix);
    Ok(())
}

fn singular() -> StataError {
    StataError::new(506, "covariance matrix not positive definite")
}

/// Prints and stores the tests of multivariate normality: Mardia's skewness and kurtosis, Henze-Zirkler, Doornik-Hansen.
pub(super) fn group_statistics(
    s: &mut Session,
    columns: &[Vec<f64>],
    wanted: [bool; 4],
    r: &mut Results,
) -> Result<()> {
    s.print("");
    s.print("Test for multivariate normality");
    s.print("");
    let mut line = |s: &mut Session, name: &str, stored: [&str; 4], test: Statistic| {
        let p = chi2_tail(test.df, test.chi2);
        let value = if test.value.is_finite() {
            format!("= {}", format::right(&format::bare("%9.0g", test.value), 9))
        } else {
            " ".repeat(11)
        };
        s.print(format!(
            "    {name:<17}{value}   {:>9} = {}   Prob>chi2 = {}",
            format!("chi2({})", test.df),
            format::right(&format::bare("%8.3f", test.chi2), 8),
            format::right(&format::bare("%6.4f", stata(p)), 7)
        ));
        if !stored[0].is_empty() {
            r.scalar(stored[0], test.value);
        }
        r.scalar(stored[1], test.chi2).scalar(stored[2], test.df).scalar(stored[3], stata(p));
    };
    if wanted[0] || wanted[1] {
        let (skewness, kurtosis) = mardia(columns).ok_or_else(singular)?;
        if wanted[0] {
            line(s, "Mardia mSkewness", ["mskew", "chi2_mskew", "df_mskew", "p_mskew"], skewness);
        }
        if wanted[1] {
            line(s, "Mardia mKurtosis", ["mkurt", "chi2_mkurt", "df_mkurt", "p_mkurt"], kurtosis);
        }
    }
    if wanted[2] {
        let test = henze_zirkler(columns).ok_or_else(singular)?;
        line(s, "Henze-Zirkler", ["hzirkler", "chi2_hzirkler", "df_hzirkler", "p_hzirkler"], test);
    }
    if wanted[3] {
        let test = doornik_hansen(columns).ok_or_else(singular)?;
        line(s, "Doornik-Hansen", ["", "chi2_dh", "df_dh", "p_dh"], test);
    }
    Ok(())
}
