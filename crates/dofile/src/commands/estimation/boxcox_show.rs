//! Output of `boxcox`, and `predict` after it ([R] boxcox, [R] boxcox postestimation).

use super::super::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::predict::{Prediction, add, new_names, outcome};
use crate::session::Session;
use crate::syntax::Term;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::box_cox::{restore, transform};

/// Prints the active results.
pub(super) fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let (b, v) = session.e.b_and_v()?;
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic("LR chi2", &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let ll = format!("Log likelihood = {}", format::bare("%10.0g", scalar("ll")));
    session.print("");
    show_header(session, &[String::new(), String::new(), ll], &facts, 15, 10);
    session.print("");
    let size = b.cols();
    let from = (0..size).find(|i| b.col_names[*i].eq == "/").unwrap_or(size);
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let se: Vec<f64> = (0..size).map(|i| v.get(i, i).sqrt()).collect();
    let table = |range: std::ops::Range<usize>| Table {
        title: &depvar,
        ancillary_from: Some(0),
        equations: false,
        ..Table::of_equations(
            &b.col_names[range.clone()],
            &b.values()[range.clone()],
            &se[range],
            None,
            level,
        )
    };
    table(from..size - 1).print(session);
    session.r.clear();
    table(0..size).store(session);
    show_coefficients(session, &b, from);
    show_tests(session);
    Ok(())
}

/// The parameters whose scale changes with the transformation: without standard errors.
fn show_coefficients(session: &mut Session, b: &Matrix, from: usize) {
    let get = |name: &str| session.e.results.matrices.get(name).cloned();
    let tests = match (get("chi2m"), get("df"), get("pm")) {
        (Some(chi2), Some(df), Some(p)) => Some((chi2, df, p)),
        _ => None,
    };
    let width = if tests.is_some() { 64 } else { 14 };
    session.print("");
    session.print("Estimates of scale-variant parameters");
    session.print("-".repeat(width + 14));
    let head = if tests.is_some() { "    chi2(df)      P>chi2    df of chi2" } else { "" };
    session.print(format!("{:>12} | Coefficient{head}", ""));
    session.print(format!("{}+{}", "-".repeat(13), "-".repeat(width)));
    let mut equation = String::new();
    for i in 0..from {
        let name = &b.col_names[i];
        if name.eq != equation {
            if !equation.is_empty() {
                session.print(format!("{}+{}", "-".repeat(13), "-".repeat(width)));
            }
            session.print(format!("{:<13}|", name.eq));
            equation.clone_from(&name.eq);
        }
        let omitted = Term::parse(&name.name).is_ok_and(|t| t.is_omitted());
        let at = tests.as_ref().and_then(|t| t.0.col_names.iter().position(|n| n == name).map(|j| (t, j)));
        let further = at.map_or(String::new(), |((chi2, df, p), j)| {
            format!(
                "{:>12}{:>12}{:>14}",
                format::bare("%8.3f", chi2.get(0, j)),
                format::bare("%6.3f", p.get(0, j)),
                format::bare("%9.0g", df.get(0, j))
            )
        });
        let value = if omitted { "(omitted)".to_string() } else { format::number("%9.0g", b.get(0, i)) };
        session.print(format!("{:>12} |  {value:>10}{further}", format::abbrev(&name.name, 12)));
    }
    session.print(format!("{}+{}", "-".repeat(13), "-".repeat(width)));
    session.print(format!("{:>12} |  {:>10}", "/sigma", format::number("%9.0g", b.get(0, b.cols() - 1))));
    session.print("-".repeat(width + 14));
}

fn show_tests(session: &mut Session) {
    let model = session.e.results.get_text("model").unwrap_or("").to_string();
    let name = match model.as_str() {
        "theta" => "theta=lambda",
        "lhsonly" => "theta",
        _ => "lambda",
    };
    session.print("");
    session.print("-".repeat(57));
    session.print("   Test            Restricted     LR statistic");
    session.print("    H0:          log likelihood       chi2       Prob > chi2");
    session.print("-".repeat(57));
    for (suffix, value) in [("tm1", -1), ("t0", 0), ("t1", 1)] {
        let scalar =
            |what: &str| session.e.results.get_scalar(&format!("{what}_{suffix}")).unwrap_or(MISSING);
        let line = format!(
            "{:<17}{}{}{}",
            format!("{name} = {value:>2}"),
            format::right(&format::bare("%10.0g", scalar("ll")), 13),
            format::right(&format::bare("%8.2f", scalar("chi2")), 13),
            format::right(&format::bare("%6.3f", scalar("p")), 13)
        );
        session.print(line);
    }
    session.print("-".repeat(57));
}

/// Options of `predict` after `boxcox`.
pub(crate) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("xbt"),
    OptSpec::flag("Yhat"),
    OptSpec::flag("Residuals"),
    OptSpec::flag("SMEaring"),
    OptSpec::flag("BTRansform"),
]);

/// `predict`: the transformed linear prediction, or predictions and residuals on the scale of the outcome, by smearing
/// (Duan 1983) or the plain inverse transformation.
pub(crate) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let back = cmd.has("btransform");
    if back && cmd.has("smearing") {
        return Err(StataError::invalid("options btransform and smearing may not be combined"));
    }
    let wanted: Vec<&str> = ["xbt", "yhat", "residuals"].into_iter().filter(|o| cmd.has(o)).collect();
    if wanted.len() > 1 {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let statistic = wanted.first().copied().unwrap_or("yhat");
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else {
        return Err(StataError::new(103, "one new variable name needed"));
    };
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let index = indices(session, &rows)?;
    let theta = power(session, true);
    let (values, label) = if statistic == "xbt" {
        (index, "Transformed linear prediction")
    } else {
        let errors = if back { vec![0.0] } else { residuals(session, theta)? };
        let mean = |z: f64| {
            if is_missing(z) {
                return MISSING;
            }
            let sum: f64 = errors.iter().map(|e| theta.map_or(z + e, |p| restore(z + e, p))).sum();
            crate::estimation::post::stata(sum / errors.len() as f64)
        };
        let fitted: Vec<f64> = index.into_iter().map(mean).collect();
        if statistic == "residuals" {
            let y = outcome(session, &rows)?;
            let gap = |(y, f): (&f64, &f64)| if is_missing(*y) || is_missing(*f) { MISSING } else { y - f };
            (y.iter().zip(&fitted).map(gap).collect(), "Residuals")
        } else {
            (fitted, "Predicted mean")
        }
    };
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}

/// The parameter of the outcome or of the regressors; nothing when they are not transformed.
fn power(session: &Session, outcome: bool) -> Option<f64> {
    let model = session.e.results.get_text("model").unwrap_or("");
    let name = match (model, outcome) {
        ("lhsonly" | "theta", true) => "theta",
        ("lambda", _) | ("rhsonly" | "theta", false) => "lambda",
        _ => return None,
    };
    let b = session.e.b()?;
    let at = b.col_names.iter().position(|s| s.eq == "/" && s.name == name)?;
    Some(b.get(0, at))
}

/// The linear prediction of the transformed outcome on rows of the data.
fn indices(session: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let stored = Parameters::of(&session.e)?;
    let mut sum = if stored.positions("Notrans").is_empty() {
        vec![0.0; rows.len()]
    } else {
        linear_prediction(&session.frame, &stored, "Notrans", rows)?
    };
    let lambda = power(session, false);
    for position in stored.positions("Trans") {
        let term = Term::parse(&stored.stripe[position].name)?;
        if term.is_omitted() {
            continue;
        }
        let values = term.values(&session.frame, rows)?;
        for (total, x) in sum.iter_mut().zip(values) {
            let moved = lambda.map_or(x, |p| transform(x, p));
            *total = if is_missing(*total) || is_missing(x) || x <= 0.0 {
                MISSING
            } else {
                *total + stored.b[position] * moved
            };
        }
    }
    Ok(sum)
}

/// Residuals of the transformed outcome in the estimation sample.
fn residuals(session: &Session, theta: Option<f64>) -> Result<Vec<f64>> {
    let sample = session.required_estimation_sample()?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let (y, index) = (outcome(session, &rows)?, indices(session, &rows)?);
    Ok(y.iter().zip(index).map(|(y, z)| theta.map_or(*y, |p| transform(*y, p)) - z).collect())
}
