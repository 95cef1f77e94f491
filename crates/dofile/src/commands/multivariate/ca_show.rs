//! Output of `ca` and `camat` ([MV] ca).

use super::shared::{matrix_of, scalar};
use crate::error::Result;
use crate::estimation::header::{Fact, show as show_header};
use crate::format;
use crate::matrix::Matrix;
use crate::session::Session;
use crate::syntax::options::Options;

/// Prints the active results.
pub(super) fn show(s: &mut Session, options: &Options) -> Result<()> {
    let values = matrix_of(s, "Sv")?;
    let (rows, columns) = (matrix_of(s, "GSR")?, matrix_of(s, "GSC")?);
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (row_name, column_name, norm) = (text("Rname"), text("Cname"), text("norm"));
    let df = format::bare("%9.0g", scalar(s, "X2_df"));
    let left = [
        "Correspondence analysis".to_string(),
        String::new(),
        String::new(),
        String::new(),
        format!("{:>5} active rows", rows.rows()),
        format!("{:>5} active columns", columns.rows()),
    ];
    let facts = [
        Fact::observations(scalar(s, "N")),
        Fact::new(format!("Pearson chi2({df})"), "%9.2f", scalar(s, "X2")),
        Fact::probability("Prob > chi2", scalar(s, "X2_p")),
        Fact::new("Total inertia", "%9.4f", scalar(s, "inertia")),
        Fact::new("Number of dim.", "%9.0g", scalar(s, "f")),
        Fact::new("Expl. inertia (%)", "%9.2f", 100.0 * scalar(s, "pinertia")),
    ];
    s.print("");
    show_header(s, &left, &facts, 17, 9);
    let most = options.int("ddimensions").map_or(values.cols(), |d| (d.max(0) as usize).min(values.cols()));
    dimensions(s, &values, most);
    s.print("");
    s.print(format!("Statistics for row and column categories in {norm} normalization"));
    let mut parts = Vec::new();
    if !options.has("norowpoints") {
        parts.push((row_name, rows));
    }
    if !options.has("nocolpoints") {
        parts.push((column_name, columns));
    }
    points(s, &parts);
    Ok(())
}

fn dimensions(s: &mut Session, values: &Matrix, most: usize) {
    let (all, n) = (scalar(s, "inertia"), scalar(s, "N"));
    let line = |label: &str, cells: [String; 5]| {
        let [value, inertia, chi2, percent, sum] = cells;
        format!("{label:>15} |{value:>11}{inertia:>12}{chi2:>15}{percent:>11}{sum:>10}")
            .trim_end()
            .to_string()
    };
    let rule = format!("    ------------+{}", "-".repeat(60));
    s.print("");
    s.print("                |   singular    principal                             cumul");
    s.print("      Dimension |    value       inertia           chi2    percent   percent");
    s.print(&rule);
    let mut sum = 0.0;
    for k in 0..most {
        let value = values.get(0, k);
        let share = if all > 0.0 { 100.0 * value * value / all } else { 0.0 };
        sum += share;
        let cells = [
            format::bare("%9.0g", value),
            format::bare("%9.0g", value * value),
            format::bare("%9.2f", value * value * n),
            format::bare("%6.2f", share),
            format::bare("%6.2f", sum),
        ];
        s.print(line(&format!("dim {}", k + 1), cells));
    }
    s.print(&rule);
    let total = [
        String::new(),
        format::bare("%9.0g", all),
        format::bare("%9.2f", all * n),
        "100   ".to_string(),
        String::new(),
    ];
    s.print(line("total", total));
}

/// Statistics of the categories: the overall ones and those of the first dimension side by side, further dimensions below.
pub(super) fn points(s: &mut Session, parts: &[(String, Matrix)]) {
    let Some((_, first)) = parts.first() else { return };
    let blocks: Vec<usize> = (0..first.cols() / 3).collect();
    let per_page = (s.settings.linesize.saturating_sub(18) / 28).max(1);
    for page in blocks.chunks(per_page) {
        let title = |b: &usize| {
            let name = if *b == 0 { "overall".to_string() } else { format!("dimension_{b}") };
            format!("|{name:^27}")
        };
        let heads = |b: &usize| {
            let names = if *b == 0 { ["mass", "quality", "%inert"] } else { ["coord", "sqcorr", "contrib"] };
            format!("|{:>8}{:>9}{:>9} ", names[0], names[1], names[2])
        };
        let join = |f: &dyn Fn(&usize) -> String| page.iter().map(f).collect::<String>();
        s.print("");
        s.print(format!("{:17}{}", "", join(&title)));
        s.print(format!("{:>16} {}", "Categories", join(&heads)));
        s.print(format!("    {}{}", "-".repeat(13), join(&|_| format!("+{}", "-".repeat(27)))));
        for (k, (name, m)) in parts.iter().enumerate() {
            if k > 0 {
                s.print(format!("    {}{}", "-".repeat(13), join(&|_| format!("+{}", "-".repeat(27)))));
            }
            let title = format::left(&format::abbrev(name, 12), 13);
            s.print(format!("    {title}{}", join(&|_| format!("|{:27}", ""))));
            for i in 0..m.rows() {
                let cells = |b: &usize| {
                    let cell = |j: usize| format::bare("%6.3f", m.get(i, 3 * b + j));
                    format!("|{:>8}{:>9}{:>9} ", cell(0), cell(1), cell(2))
                };
                let label = format::abbrev(&m.row_names[i].name.replace('_', " "), 12);
                s.print(format!("{} {}", format::right(&label, 16), join(&cells)));
            }
        }
        s.print(format!("    {}", "-".repeat(13 + 28 * page.len())));
    }
}
