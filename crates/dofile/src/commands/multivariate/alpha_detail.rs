//! `alpha, detail`: covariances or correlations between the items, and the observations of each pair; `label`: the labels
//! of the items ([MV] alpha).

use crate::format;
use crate::session::Session;
use estimators::matrix::Mat;

/// Columns that fit beside the names.
const COLUMNS: usize = 6;

/// Prints the matrix of the (signed) items, k by k, and the observations of each pair where they differ.
pub(super) fn show(s: &mut Session, names: &[String], c: &Mat, counts: &Mat, standard: bool) {
    let first = counts[(0, 0)];
    let equal = counts.data().iter().all(|n| *n == first);
    let what = if standard { "correlations" } else { "covariances" };
    let rows = if equal {
        format!("obs={} in all pairs", format::bare("%9.0g", first))
    } else {
        "obs=pairwise, see below".to_string()
    };
    s.print("");
    s.print(format!("Interitem {what} ({rows})"));
    triangle(s, names, c, if standard { "%9.4f" } else { "%9.0g" });
    if !equal {
        s.print("");
        s.print("Pairwise number of observations");
        triangle(s, names, counts, "%9.0f");
    }
}

/// The lower triangle in blocks of columns.
fn triangle(s: &mut Session, names: &[String], m: &Mat, fmt: &str) {
    let cell = |text: &str| format::right(text, 11);
    for start in (0..names.len()).step_by(COLUMNS) {
        let end = (start + COLUMNS).min(names.len());
        let heads: String = names[start..end].iter().map(|n| cell(&format::abbrev(n, 10))).collect();
        s.print("");
        s.print(format!("{:>12}{heads}", ""));
        for i in start..names.len() {
            let numbers: String =
                (start..end.min(i + 1)).map(|j| cell(&format::bare(fmt, m[(i, j)]))).collect();
            s.print(format!("{:>12}{numbers}", format::abbrev(&names[i], 12)));
        }
    }
}

/// Lists the labels of the items.
pub(super) fn labels(s: &mut Session, names: &[String]) {
    let width = s.settings.linesize.saturating_sub(16).max(16);
    s.print("");
    s.print("Item         |  Label");
    s.print(format!("-------------+{}", "-".repeat(65)));
    for name in names {
        let label = s.frame.find(name).map_or(String::new(), |v| s.frame.var(v).label.clone());
        let short: String = label.chars().take(width).collect();
        s.print(format!("{:<12} |  {short}", format::abbrev(name, 12)).trim_end());
    }
    s.print("-".repeat(79));
}
