//! Stored results and the table of comparisons of `fp`.

use super::fp::Request;
use super::fp_search::{Candidate, Scaled};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail};

/// Stores what `fp` adds to the results of the command.
pub(super) fn store(
    s: &mut Session,
    request: &Request,
    parsed: &ParsedCommand,
    scaled: &Scaled,
    powers: &[f64],
    raw: &str,
) {
    let list =
        |values: &[f64]| values.iter().map(|p| format::bare("%9.0g", *p)).collect::<Vec<_>>().join(" ");
    let names: Vec<String> = (1..=powers.len()).map(|i| format!("{}_{i}", request.term)).collect();
    let r = &mut s.e.results;
    r.scalar("fp_dimension", powers.len() as f64);
    r.scalar("fp_scale_a", scaled.shift).scalar("fp_scale_b", scaled.factor);
    if let Some(center) = scaled.center {
        let mean = parsed.has("classic") || parsed.options.text("center").map(str::trim) == Some("mean");
        r.scalar(if mean { "fp_center_mean" } else { "fp_center" }, center);
    }
    let kind = if request.fixed.is_some() { "fp, powers():" } else { "fp, search():" };
    r.text("fp_cmd", kind).text("fp_cmdline", format!("fp {raw}"));
    r.text("fp_variable", &request.variable).text("fp_terms", names.join(" "));
    r.text("fp_powers", list(&request.powers));
    let mut m = Matrix::new(1, powers.len(), powers.to_vec());
    m.col_names = names.into_iter().map(Stripe::term).collect();
    r.matrix("fp_fp", m);
}

/// One line: name, degrees of freedom, the model.
type Line<'a> = (String, f64, &'a Candidate);

/// Prints the comparisons with the polynomial of the most powers and stores them.
pub(super) fn compare(
    s: &mut Session,
    request: &Request,
    omitted: Option<&Candidate>,
    linear: &Candidate,
    best: &[Candidate],
) {
    let Some(last) = best.last() else { return };
    let mut lines: Vec<Line<'_>> = omitted.map(|c| ("omitted".to_string(), 0.0, c)).into_iter().collect();
    lines.push(("linear".to_string(), 1.0, linear));
    for (i, c) in best.iter().enumerate() {
        lines.push((format!("m = {}", i + 1), 2.0 * (i as f64 + 1.0), c));
    }
    let full = 2.0 * best.len() as f64;
    // each power counts as a parameter of the largest model
    let df2 = last.df_r.filter(|_| last.rmse.is_some()).map(|df| df - best.len() as f64);
    let mut cells = Vec::new();
    let rows: Vec<[f64; 5]> = lines
        .iter()
        .map(|(_, df, c)| {
            let gap = c.deviance - last.deviance;
            let n1 = full - df;
            let p = match df2 {
                _ if n1 <= 0.0 => MISSING,
                Some(n2) => f_tail(n1, n2, n2 / n1 * f64::exp_m1(gap / c.n)),
                None => chi2_tail(n1, gap),
            };
            [*df, c.deviance, c.rmse.unwrap_or(MISSING), if n1 > 0.0 { gap } else { 0.0 }, stata(p)]
        })
        .collect();
    print(s, request, &lines, &rows, df2.is_some());
    rows.iter().for_each(|r| cells.extend(r));
    let mut m = Matrix::new(rows.len(), 5, cells);
    m.row_names = lines.iter().map(|l| Stripe::term(l.0.replace(' ', ""))).collect();
    m.col_names = ["df", "deviance", "rmse", "diff", "p"].map(Stripe::term).to_vec();
    let r = &mut s.e.results;
    r.matrix("fp_compare", m).text("fp_compare_stat", if df2.is_some() { "F" } else { "chi2" });
    if let Some(df2) = df2 {
        r.scalar("fp_compare_df2", df2);
    }
}

fn print(s: &mut Session, request: &Request, lines: &[Line<'_>], rows: &[[f64; 5]], by_f: bool) {
    let cell = |fmt: &str, x: f64, w: usize| {
        if x >= MISSING { " ".repeat(w) } else { format::right(&format::bare(fmt, x), w) }
    };
    s.print("");
    s.print("Fractional polynomial comparisons:");
    s.print("-".repeat(78));
    s.print(format!("{:>12} |{:>7}{:>12}{:>11}{:>12}{:>8}", "", "Test", "", "Residual", "Deviance", ""));
    s.print(format!(
        "{:>12} |{:>7}{:>12}{:>11}{:>12}{:>8}  Powers",
        format::abbrev(&request.term, 12),
        "df",
        "Deviance",
        "std. dev.",
        "diff.",
        "P"
    ));
    s.print(format!("{}+{}", "-".repeat(13), "-".repeat(64)));
    for ((name, _, c), row) in lines.iter().zip(rows) {
        let powers: Vec<String> = c.powers.iter().map(|p| format::bare("%9.0g", *p)).collect();
        let text = format!(
            "{name:>12} |{}{}{}{}{}  {}",
            cell("%9.0g", row[0], 7),
            cell("%9.3f", row[1], 12),
            cell("%9.3f", row[2], 11),
            cell("%9.3f", row[3], 12),
            cell("%5.3f", row[4], 8),
            powers.join(" ")
        );
        s.print(text.trim_end());
    }
    s.print("-".repeat(78));
    s.print(
        "Note: Test df is degrees of freedom, and P = P > ".to_string()
            + if by_f { "F is sig. level for tests" } else { "chi2 is sig. level for tests" },
    );
    s.print("      comparing models vs. model with the most powers based on deviance difference.");
}
