//! `test, mtest()`: each specification tested alone, with p-values adjusted for their number ([R] test).

use super::test::{joint, report, show_restrictions};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form::LinearForm;
use crate::estimation::reference::{Statement, degrees};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;

/// Adjustment of the p-values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Adjust {
    None,
    Bonferroni,
    Holm,
    Sidak,
}

impl Adjust {
    /// Reads the argument of `mtest()`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let is = |full: &str| !text.is_empty() && full.starts_with(&text);
        match () {
            () if text.is_empty() || is("noadjust") => Some(Self::None),
            () if is("bonferroni") => Some(Self::Bonferroni),
            () if is("holm") => Some(Self::Holm),
            () if is("sidak") => Some(Self::Sidak),
            () => None,
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::None => "# Unadjusted p-values",
            Self::Bonferroni => "# Bonferroni-adjusted p-values",
            Self::Holm => "# Holm-adjusted p-values",
            Self::Sidak => "# Sidak-adjusted p-values",
        }
    }

    /// Adjusted p-values; Holm (1979) multiplies the sorted ones by the number that is left, never below the one before.
    fn apply(self, p: &[f64]) -> Vec<f64> {
        let m = p.len() as f64;
        match self {
            Self::None => p.to_vec(),
            Self::Bonferroni => p.iter().map(|p| (m * p).min(1.0)).collect(),
            Self::Sidak => p.iter().map(|p| -(m * (-p).ln_1p()).exp_m1()).collect(),
            Self::Holm => {
                let mut order: Vec<usize> = (0..p.len()).collect();
                order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
                let (mut out, mut least) = (vec![0.0; p.len()], 0.0);
                for (done, i) in order.into_iter().enumerate() {
                    least = f64::max(least, ((m - done as f64) * p[i]).min(1.0));
                    out[i] = least;
                }
                out
            }
        }
    }
}

/// Tests specifications of these sizes alone and jointly, shows both and stores `r(mtest)` next to the results of `test`.
pub(super) fn several(
    session: &mut Session,
    forms: &[LinearForm],
    sizes: &[usize],
    adjust: Adjust,
    parameters: &Parameters,
) -> Result<()> {
    if session.e.results.get_text("prefix") == Some("svy") {
        return Err(StataError::unsupported_option("test", "mtest() after svy"));
    }
    session.out.quiet += 1;
    let all = report(session, forms, parameters);
    session.out.quiet -= 1;
    all?;
    let df_r = degrees(session, Statement::Linear);
    let mut rows: Vec<[f64; 3]> = Vec::new();
    let mut rest = forms;
    for size in sizes {
        let (own, after) = rest.split_at(*size);
        let test = joint(own, parameters);
        let statistic = if df_r.is_some() { test.f() } else { test.chi2 };
        rows.push([statistic, test.df as f64, test.p(df_r)]);
        rest = after;
    }
    let adjusted = adjust.apply(&rows.iter().map(|row| row[2]).collect::<Vec<_>>());
    show_restrictions(session, forms, parameters, &[]);
    let heading = df_r.map_or("chi2".to_string(), |df| format!("F(df,{})", format::bare("%9.0g", df)));
    let rule = format!("-------+{}", "-".repeat(31));
    let line = |name: &str, row: [f64; 3], mark: &str| {
        let (statistic, p) = (format::bare("%9.2f", row[0]), format::bare("%6.4f", row[2]));
        format!("{name:^6} |{statistic:>13}{:>7}{p:>11}{mark}", row[1])
    };
    let rule_above = "-".repeat(39);
    session.print("");
    session.print(&rule_above);
    session.print(format!("       |{heading:>13}{:>7}{:>8}", "df", "p"));
    session.print(&rule);
    for (i, (row, p)) in rows.iter().zip(&adjusted).enumerate() {
        session.print(line(&format!(" ({})", i + 1), [row[0], row[1], *p], " #"));
    }
    session.print(&rule);
    let scalar = |name: &str| session.r.get_scalar(name);
    let statistic = scalar("F").or(scalar("chi2")).unwrap_or(f64::NAN);
    let total = [statistic, scalar("df").unwrap_or(f64::NAN), scalar("p").unwrap_or(f64::NAN)];
    let last = line("  All", total, "");
    session.print(last);
    session.print(rule_above);
    session.print(format!("{:>39}", adjust.note()));
    let cells = rows.iter().zip(&adjusted).flat_map(|(row, p)| [row[0], row[1], row[2], *p]).collect();
    let mut table = Matrix::new(rows.len(), 4, cells);
    let statistic = if df_r.is_some() { "F" } else { "chi2" };
    table.col_names = [statistic, "df", "p", "adjustp"].iter().map(|n| Stripe::term(*n)).collect();
    session.r.matrix("mtest", table).text(
        "mtmethod",
        adjust.note().trim_start_matches("# ").split([' ', '-']).next().unwrap_or("").to_lowercase(),
    );
    Ok(())
}
