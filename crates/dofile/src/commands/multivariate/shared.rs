//! Code shared by components and factors: the sample with its covariances, stored matrices, tables of eigenvalues and
//! loadings. The commands are in `pca`, `factor` and `rotate`.

use super::from_matrix;
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind as Kind};
use crate::value::{MISSING, is_missing};
use estimators::components::covariance;
use estimators::matrix::Mat;
use estimators::weights::Weights;

/// The sample of a multivariate command.
pub(super) struct Sample {
    pub(super) names: Vec<String>,
    pub(super) touse: Vec<bool>,
    pub(super) n: f64,
    pub(super) means: Vec<f64>,
    /// Whether means and standard deviations are known, so that they are stored.
    pub(super) moments: bool,
    pub(super) covariance: Mat,
    pub(super) weight_text: Option<(String, String)>,
}

pub(super) fn sample(session: &Session, cmd: &ParsedCommand) -> Result<Sample> {
    if from_matrix::takes_matrix(cmd) {
        return from_matrix::sample(session, cmd);
    }
    let variables = session.varlist(&cmd.list)?;
    match variables.len() {
        0 => return Err(StataError::standard(100)),
        1 => return Err(StataError::standard(102)),
        _ => {}
    }
    if variables.iter().any(|v| session.frame.var(*v).is_string()) {
        return Err(StataError::new(109, "string variables not allowed in varlist"));
    }
    let mut touse = session.rows(cmd)?;
    session.markout(&variables, &mut touse, false)?;
    let found = session.weights(cmd, Kind::Analytic, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let weights = found.as_ref().map(|w| {
        let values = rows.iter().map(|r| w.values[*r]).collect();
        Weights { kind: w.kind, values }.effective()
    });
    let n = weights.as_ref().map_or(rows.len() as f64, |w| w.1);
    if n < 2.0 {
        return Err(StataError::insufficient_observations());
    }
    let columns: Vec<Vec<f64>> =
        variables.iter().map(|v| rows.iter().map(|r| session.frame.num_at(*v, *r)).collect()).collect();
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let (means, covariance) = covariance(&slices, weights.as_ref().map(|w| w.0.as_slice()));
    let names: Vec<String> = variables.iter().map(|v| session.frame.var(*v).name.clone()).collect();
    if let Some(flat) = (0..names.len()).find(|i| covariance[(*i, *i)] <= 0.0) {
        return Err(StataError::new(459, format!("{} has zero variance", names[flat])));
    }
    Ok(Sample {
        names,
        touse,
        n,
        means,
        moments: true,
        covariance,
        weight_text: found.map(|w| (w.kind.name().to_string(), w.exp)),
    })
}

pub(super) fn columns_named(prefix: &str, count: usize) -> Vec<Stripe> {
    (1..=count).map(|j| Stripe::term(format!("{prefix}{j}"))).collect()
}

pub(super) fn named(m: &Mat, rows: Vec<Stripe>, cols: Vec<Stripe>) -> Matrix {
    let mut out = Matrix::new(m.rows(), m.cols(), m.data().to_vec());
    out.row_names = rows;
    out.col_names = cols;
    out
}

pub(super) fn row_named(values: Vec<f64>, cols: Vec<Stripe>) -> Matrix {
    let mut out = Matrix::new(1, values.len(), values);
    out.col_names = cols;
    out
}

/// Stores the results common to `pca` and `factor`.
#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
pub(super) fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    data: Sample,
    matrix: &Mat,
    loadings: &Mat,
    ev: &[f64],
    psi: &[f64],
    prefix: &str,
) {
    let variables: Vec<Stripe> = data.names.iter().map(Stripe::term).collect();
    let retained = columns_named(prefix, loadings.cols());
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("L", named(loadings, variables.clone(), retained));
    r.matrix("Ev", row_named(ev.to_vec(), columns_named(prefix, ev.len())));
    r.matrix("Psi", row_named(psi.to_vec(), variables.clone()));
    r.matrix("C", named(matrix, variables.clone(), variables.clone()));
    if data.moments {
        let sds = data.covariance.diagonal().iter().map(|v| v.sqrt()).collect();
        r.matrix("means", row_named(data.means.clone(), variables.clone()));
        r.matrix("sds", row_named(sds, variables));
    }
    r.scalar("N", data.n).scalar("f", loadings.cols() as f64);
    r.text("cmd", cmd.name.trim_end_matches("mat"))
        .text("cmdline", crate::estimation::post::command_line(cmd));
    r.text("varlist", data.names.join(" "));
    if let Some((kind, expression)) = &data.weight_text {
        r.text("wtype", kind).text("wexp", expression);
    }
    session.post_estimation(est, data.touse);
}

pub(super) fn retained(cmd: &ParsedCommand, values: &[f64], least: f64, most: Option<i64>) -> Result<usize> {
    let most = match most {
        None => values.len(),
        Some(m) if m >= 1 => (m as usize).min(values.len()),
        Some(_) => return Err(StataError::new(198, "the number of components must be positive")),
    };
    let least = cmd.options.real("mineigen").unwrap_or(least);
    Ok(values.iter().take(most).filter(|v| **v >= least).count())
}

pub(super) fn scalar(session: &Session, name: &str) -> f64 {
    session.e.results.get_scalar(name).unwrap_or(MISSING)
}

pub(super) fn matrix_of(session: &Session, name: &str) -> Result<Matrix> {
    let found = session.e.results.matrices.get(name).cloned();
    found.ok_or_else(|| StataError::new(301, "last estimates not found; pca or factor has to be run first"))
}

/// The table of eigenvalues, or of the variances of rotated factors, in the look of `pca` or of `factor`.
pub(super) fn eigenvalues(session: &mut Session, name: &str, total: f64) -> Result<()> {
    let values = matrix_of(session, name)?;
    let components = session.e.cmd() == "pca";
    let what = if name == "Ev" { "Eigenvalue" } else { "Variance" };
    let heading = if components { "   Component |" } else { "     Factor  |" };
    let fmt = if components { "%12.6g" } else { "%12.5f" };
    let (label, gap) = if components { (12, 19) } else { (11, 18) };
    session.print("");
    session.print(format!("    {}", "-".repeat(74)));
    session.print(format!(
        "    {heading}{what:>13}   Difference{:>width$}   Cumulative",
        "Proportion",
        width = gap
    ));
    session.print(format!("    -------------+{}", "-".repeat(60)));
    let mut sum = 0.0;
    for j in 0..values.cols() {
        let value = values.get(0, j);
        sum += value / total;
        let next = if j + 1 < values.cols() { value - values.get(0, j + 1) } else { MISSING };
        let cell = |fmt: &str, x: f64, width: usize| format::right(&format::bare(fmt, x), width);
        session.print(format!(
            "    {:>label$}{}|{}{}{}{}",
            values.col_names[j].name,
            " ".repeat(13 - label),
            cell(fmt, value, 13),
            cell(fmt, next, 13),
            cell("%9.4f", value / total, gap),
            cell("%9.4f", sum, 13)
        ));
    }
    session.print(format!("    {}", "-".repeat(74)));
    Ok(())
}

/// The loadings `name` with uniqueness or unexplained variance; those below `blanks` in absolute value are not shown.
pub(super) fn loadings(session: &mut Session, name: &str, last: &str, blanks: f64) -> Result<()> {
    let l = matrix_of(session, name)?;
    let psi = matrix_of(session, "Psi")?;
    for first in (0..l.cols()).step_by(6) {
        let cols: Vec<usize> = (first..l.cols().min(first + 6)).collect();
        let width = cols.len() * 10;
        let tail = first + 6 >= l.cols();
        let unique = last == "Uniqueness";
        let behind = if unique { 14 } else { 13 };
        let mut heading = format!("    {:>12} |", "Variable");
        for (k, j) in cols.iter().enumerate() {
            heading.push_str(&format::right(&l.col_names[*j].name, if k == 0 { 9 } else { 10 }));
        }
        session.print("");
        session.print(format!("    {}", "-".repeat(14 + width + if tail { 1 + behind } else { 0 })));
        session.print(if tail {
            format!("{heading} |{} ", format::right(last, behind - 1))
        } else {
            heading
        });
        let rule = if tail { format!("+{}", "-".repeat(behind)) } else { String::new() };
        session.print(format!("    -------------+{}{rule}", "-".repeat(width)));
        for i in 0..l.rows() {
            let mut line = format!("    {:>12} |", format::abbrev(&l.row_names[i].name, 12));
            for (k, j) in cols.iter().enumerate() {
                let width = if k == 0 { 9 } else { 10 };
                let shown = match l.get(i, *j) {
                    x if x.abs() < blanks => String::new(),
                    x => format::bare("%7.4f", x),
                };
                line.push_str(&format::right(&shown, width));
            }
            if tail {
                let fmt = if unique { "%9.4f" } else { "%9.4g" };
                line.push_str(&format!(" |{}", format::right(&format::bare(fmt, psi.get(0, i)), 12)));
            }
            session.print(line);
        }
        session.print(format!("    {}", "-".repeat(14 + width + if tail { 1 + behind } else { 0 })));
    }
    if blanks > 0.0 {
        session.print(format!("    (blanks represent abs(loading)<{})", format::bare("%9.0g", blanks)));
    }
    Ok(())
}

/// `blanks(#)`: loadings below it in absolute value are not shown.
pub(super) fn blanks(cmd: &ParsedCommand) -> Result<f64> {
    match cmd.options.real("blanks") {
        None => Ok(0.0),
        Some(x) if x >= 0.0 && !is_missing(x) => Ok(x),
        Some(_) => Err(StataError::invalid("blanks() must be nonnegative")),
    }
}

/// A matrix with a border and `decimals` decimals, as it stands under loadings: columns of `width` characters.
pub(super) fn bordered(session: &mut Session, m: &Matrix, width: usize, decimals: usize) {
    let stub = if width > 9 { "Variable" } else { "" };
    let per_page = (session.settings.linesize.saturating_sub(18) / width).max(1);
    let inner = width - 1;
    for first in (0..m.cols()).step_by(per_page) {
        let columns = first..m.cols().min(first + per_page);
        let border = format!("    {}", "-".repeat(14 + width * columns.len()));
        let heads: String = columns
            .clone()
            .map(|j| format!("{:>inner$} ", format::abbrev(&m.col_names[j].name, 8)))
            .collect();
        session.print("");
        session.print(&border);
        session.print(format!("    {stub:>12} |{heads}"));
        session.print(format!("    -------------+{}", "-".repeat(width * columns.len())));
        for i in 0..m.rows() {
            let cells: String = columns
                .clone()
                .map(|j| {
                    format!(
                        "{} ",
                        format::right(&format::bare(&format!("%9.{decimals}f"), m.get(i, j)), inner)
                    )
                })
                .collect();
            session.print(format!("    {:>12} |{cells}", format::abbrev(&m.row_names[i].name, 12)));
        }
        session.print(border);
    }
}
