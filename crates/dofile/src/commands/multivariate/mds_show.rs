//! Output, `estat` and `predict` of multidimensional scaling ([MV] mds, [MV] mds postestimation).

use super::super::StandardSyntax;
use super::shared::{matrix_of, scalar};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::matrix_tables::{Look, draw};
use crate::ops::predict::{Prediction, add, new_names};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::ParsedCommand;
use estimators::scaling::Scaling;
use std::sync::Arc;

/// Whether the active results are those of a scaling.
pub(super) fn active(s: &Session) -> bool {
    matches!(s.e.cmd(), "mds" | "mdslong" | "mdsmat")
}

fn state(s: &Session) -> Result<Arc<Scaling>> {
    let extra = s.e.extra.clone().and_then(|e| e.downcast::<Scaling>().ok());
    extra.ok_or_else(StataError::no_estimates)
}

/// Prints the active results.
pub(super) fn show(s: &mut Session, options: &Options) -> Result<()> {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or_default().to_string();
    let (title, about) = (text("title"), text("about"));
    let found = state(s)?;
    let number = |name: &str, f: &str| format::bare(f, scalar(s, name));
    let (n, np, p) = (number("N", "%9.0gc"), number("np", "%9.0g"), number("p", "%9.0g"));
    let fit = [number("mardia1", "%6.4f"), number("mardia2", "%6.4f")];
    let added = scalar(s, "addcons");
    s.print("");
    s.print(title);
    s.print(format!("    Dissimilarity: {about}"));
    if added > 0.0 {
        s.print(format!("    Constant added to squared dissimilarities: {}", format::bare("%9.0g", added)));
    }
    s.print("");
    s.print(format!("{:<42}Number of obs        ={n:>10}", ""));
    s.print(format!("    Eigenvalues > 0      ={np:>10}      Mardia fit measure 1 ={:>10}", fit[0]));
    s.print(format!("    Retained dimensions  ={p:>10}      Mardia fit measure 2 ={:>10}", fit[1]));
    s.print("");
    s.print("-".repeat(74));
    s.print(format!("{:>12} |{:>14}{:>23}{:>23}", "", "", "abs(eigenvalue)", "(eigenvalue)^2"));
    s.print(format!(
        "{:>12} |{:>14}{:>12}{:>11}{:>12}{:>11}",
        "Dimension", "Eigenvalue", "Percent", "Cumul.", "Percent", "Cumul."
    ));
    let rule = format!("-------------+{}", "-".repeat(60));
    s.print(&rule);
    let shown = match options.text("neigen").map(str::trim) {
        None => 10.max(found.coordinates.cols()),
        Some("max") => usize::MAX,
        Some(word) => word.parse().map_err(|_| StataError::invalid(format!("neigen({word}) invalid")))?,
    };
    let sums = [found.values.iter().map(|v| v.abs()).sum::<f64>(), found.values.iter().map(|v| v * v).sum()];
    let mut cumulated = [0.0; 2];
    for (k, value) in found.values.iter().enumerate().take(found.positive().min(shown)) {
        let shares = [100.0 * value.abs() / sums[0], 100.0 * value * value / sums[1]];
        cumulated.iter_mut().zip(shares).for_each(|(c, x)| *c += x);
        let two = |x: f64| format::bare("%9.2f", x);
        s.print(format!(
            "{:>12} |{:>14}{:>12}{:>11}{:>12}{:>11}",
            k + 1,
            format::bare("%10.0g", *value),
            two(shares[0]),
            two(cumulated[0]),
            two(shares[1]),
            two(cumulated[1])
        ));
        if k + 1 == found.coordinates.cols() && found.positive() > k + 1 && shown > k + 1 {
            s.print(&rule);
        }
    }
    s.print("-".repeat(74));
    if options.has("config") { configuration(s) } else { Ok(()) }
}

fn configuration(s: &mut Session) -> Result<()> {
    let y = matrix_of(s, "Y")?;
    let p = y.cols();
    s.print("");
    s.print(format!("Configuration in {p}-dimensional Euclidean space (principal normalization)"));
    s.print("");
    draw(s, &y, &Look { left: 4, underscore: true, half: false, format: four(), ..Look::default() });
    Ok(())
}

fn four() -> crate::format::Format {
    crate::format::Format::parse("%9.4f").expect("a format")
}

/// `estat` of this file; nothing when the word is not one of its subcommands.
pub(super) fn estat(s: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let names = [("config", 3), ("correlations", 3), ("stress", 3)];
    let (name, _) = names.iter().find(|n| word.len() >= n.1 && n.0.starts_with(word))?;
    let call = call(name);
    Some(call.options(&[], &["MAXlength", "noTRANSform", "FORmat", "nototal", "TOTal"]).and_then(|_| {
        match *name {
            "config" => configuration(s).and_then(|()| {
                let mut r = Results::default();
                r.matrix("config", matrix_of(s, "Y")?);
                s.r = r;
                Ok(())
            }),
            "correlations" => by_object(s, "Correlations of dissimilarities and Euclidean distances", true),
            _ => by_object(s, "Stress between dissimilarities and Euclidean distances", false),
        }
    }))
}

/// Pairs of dissimilarity and distance of one object, or of all pairs.
fn pairs(d: &Matrix, found: &Scaling, object: Option<usize>) -> Vec<[f64; 2]> {
    let n = d.rows();
    let all = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
    let mine = all.filter(|(i, j)| object.is_none_or(|o| o == *i || o == *j));
    mine.map(|(i, j)| [d.get(i, j), found.distance(i, j)]).collect()
}

/// Kruskal's (1964) stress, formula 1: the root of the squared gaps over the squared distances.
fn stress(pairs: &[[f64; 2]]) -> f64 {
    let gaps: f64 = pairs.iter().map(|[d, e]| (d - e).powi(2)).sum();
    (gaps / pairs.iter().map(|[_, e]| e * e).sum::<f64>()).sqrt()
}

/// Pearson's correlation, of ranks with `ranked`.
fn correlation(pairs: &[[f64; 2]], ranked: bool) -> f64 {
    let column = |k: usize| {
        let values: Vec<f64> = pairs.iter().map(|p| p[k]).collect();
        if ranked { estimators::means::ranks(&values) } else { values }
    };
    let (a, b) = (column(0), column(1));
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(&a), mean(&b));
    let sum = |f: &dyn Fn(usize) -> f64| (0..a.len()).map(f).sum::<f64>();
    let across = sum(&|i| (a[i] - ma) * (b[i] - mb));
    across / (sum(&|i| (a[i] - ma).powi(2)) * sum(&|i| (b[i] - mb).powi(2))).sqrt()
}

fn by_object(s: &mut Session, title: &str, correlations: bool) -> Result<()> {
    let found = state(s)?;
    let d = matrix_of(s, "D")?;
    let n = d.rows();
    let each = |object: Option<usize>| -> Vec<f64> {
        let pairs = pairs(&d, &found, object);
        if correlations {
            vec![pairs.len() as f64, correlation(&pairs, false), correlation(&pairs, true)]
        } else {
            vec![stress(&pairs)]
        }
    };
    let rows: Vec<Vec<f64>> = (0..n).map(Some).chain([None]).map(each).collect();
    let names: &[&str] = if correlations { &["N", "Pearson", "Spearman"] } else { &["Kruskal"] };
    let mut out = Matrix::new(
        n + 1,
        names.len(),
        rows.concat().into_iter().map(crate::estimation::post::stata).collect(),
    );
    out.row_names = d.row_names.iter().cloned().chain([Stripe::term("Total")]).collect();
    out.col_names = names.iter().map(|n| Stripe::term(*n)).collect();
    s.print("");
    s.print(title);
    s.print("");
    draw(s, &out, &Look { left: 4, underscore: true, half: false, format: four(), ..Look::default() });
    let mut r = Results::default();
    r.matrix(if correlations { "R" } else { "S" }, out);
    s.r = r;
    Ok(())
}

/// Options of `predict` after a scaling.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("CONFig")]).unsupported(&["PAIRwise", "SAVing", "FULL"]);

/// `predict newvarlist, config`: the coordinates of the objects, after `mds` in its rows.
pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if s.e.cmd() != "mds" {
        return Err(StataError::unsupported_option("predict", &format!("config after {}", s.e.cmd())));
    }
    let found = state(s)?;
    let (kind, names) = new_names(s, cmd)?;
    let p = found.coordinates.cols();
    let names: Vec<String> = match &names[..] {
        [(stub, true)] => (1..=p).map(|j| format!("{stub}{j}")).collect(),
        several => several.iter().map(|n| n.0.clone()).collect(),
    };
    if names.len() > p {
        return Err(StataError::standard(103));
    }
    let sample = s.estimation_sample().map_or_else(Vec::new, |m| m.to_vec());
    let touse = s.rows(cmd)?;
    let inside: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    for (k, name) in names.iter().enumerate() {
        let (mut rows, mut values) = (Vec::new(), Vec::new());
        for (object, row) in inside.iter().enumerate().filter(|(_, row)| touse[**row]) {
            rows.push(*row);
            values.push(found.coordinates[(object, k)]);
        }
        let label = format!("MDS dimension {}", k + 1);
        add(s, name, kind, &rows, Prediction { values, label })?;
    }
    Ok(())
}
