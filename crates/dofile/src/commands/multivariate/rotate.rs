//! `rotate`: orthogonal and oblique rotations of the loadings of `pca` and `factor` ([MV] rotate).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::shared::{blanks, bordered, eigenvalues, loadings, matrix_of, named, row_named};
use crate::error::{Result, StataError};
use crate::estimation::post::kernel;
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::ParsedCommand;
use estimators::components::{promax, varimax};
use estimators::matrix::Mat;
use estimators::rotations::{self, Criterion, Rotation};

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("VARImax"),
    OptSpec::flag("NORMalize"),
    OptSpec::flag("KAIser"),
    OptSpec::flag("noNORMalize"),
    OptSpec::flag("ORTHogonal"),
    OptSpec::flag("OBLIQue"),
    OptSpec::flag_or_text("PROMAX"),
    OptSpec::flag_or_text("OBLImin"),
    OptSpec::flag("QUARTIMIN"),
    OptSpec::flag("QUARTIMAx"),
    OptSpec::flag("EQUamax"),
    OptSpec::flag("PARSimax"),
    OptSpec::text("CF"),
    OptSpec::flag("clear"),
    OptSpec::real("BLanks"),
])
.unsupported(&["FACtors", "COMponents"]);

/// `rotate`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rotate",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: rotate,
    syntax: "rotate [, orthogonal|oblique varimax promax[(#)] oblimin[(#)] quartimin quartimax equamax parsimax cf(#) normalize blanks(#) clear]",
    notes: "of the loadings of pca or factor; orthogonal unless promax or oblique; promax: power 3 unless given, from varimax (Hendrickson and White 1964); others by projected gradients (Jennrich 2001, 2002); stores e(r_L) e(r_T) e(r_Phi) e(r_Ev) e(r_f) e(r_criterion) e(r_class) e(r_normalization); [MV] rotate",
    examples: &[Example {
        // A rotation keeps the sum of squared loadings.
        run: "set obs 12\ngenerate a = mod(_n*5, 12)\ngenerate b = a + mod(_n*7, 5)\ngenerate c = mod(_n*7, 11)\ngenerate d = c + mod(_n*3, 4)\nfactor a b c d, pcf factors(2)\nmatrix s = e(L)'*e(L)\nrotate\nmatrix r = e(r_L)'*e(r_L)",
        expect: &[("trace(r)/trace(s)", 1.0)],
    }],
};

/// A criterion of the command: its name in `e(r_criterion)`, how it is found, whether factors may be correlated.
struct Kind {
    name: &'static str,
    search: Search,
    oblique: bool,
}

enum Search {
    /// Planar rotations.
    Varimax,
    /// Regression on powers of varimax loadings.
    Promax(f64),
    /// Projected gradients.
    Gradient(Criterion),
}

/// The number of an option such as `promax(4)`.
fn number(cmd: &ParsedCommand, option: &str, default: f64, range: (f64, f64)) -> Result<f64> {
    let (low, high) = range;
    match cmd.options.text(option) {
        None => Ok(default),
        Some(text) => parse_number(text)
            .filter(|p| (low..=high).contains(p))
            .ok_or_else(|| StataError::invalid(format!("{option}() must be a number from {low} to {high}"))),
    }
}

/// The criterion of a command for loadings of some size.
fn kind(cmd: &ParsedCommand, variables: usize, factors: usize) -> Result<Kind> {
    let names = ["varimax", "promax", "oblimin", "quartimin", "quartimax", "equamax", "parsimax", "cf"];
    let asked: Vec<&str> = names.into_iter().filter(|n| cmd.has(n)).collect();
    if asked.len() > 1 {
        return Err(StataError::invalid(format!("options {} may not be combined", asked.join(" and "))));
    }
    if cmd.has("oblique") && cmd.has("orthogonal") {
        return Err(StataError::invalid("options oblique and orthogonal may not be combined"));
    }
    let name = asked.first().copied().unwrap_or("varimax");
    let (p, k) = (variables as f64, factors as f64);
    let search = match name {
        "promax" => Search::Promax(number(cmd, name, 3.0, (1.0, 20.0))?),
        "oblimin" => Search::Gradient(Criterion::Oblimin(number(cmd, name, 0.0, (-100.0, 1.0))?)),
        "quartimin" | "quartimax" => Search::Gradient(Criterion::Oblimin(0.0)),
        "equamax" => Search::Gradient(Criterion::CrawfordFerguson(k / (2.0 * p))),
        "parsimax" => Search::Gradient(Criterion::CrawfordFerguson((k - 1.0) / (p + k - 2.0))),
        "cf" => Search::Gradient(Criterion::CrawfordFerguson(number(cmd, name, 0.0, (0.0, 1.0))?)),
        _ => Search::Varimax,
    };
    let both = matches!(name, "oblimin" | "quartimin" | "cf");
    if cmd.has("oblique") && !both && name != "promax" {
        return Err(StataError::invalid(format!("{name} is an orthogonal rotation")));
    }
    if name == "promax" && cmd.has("orthogonal") {
        return Err(StataError::invalid("promax is an oblique rotation"));
    }
    Ok(Kind { name, search, oblique: name == "promax" || cmd.has("oblique") })
}

fn rotate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !matches!(session.e.cmd(), "pca" | "factor") {
        return Err(StataError::new(301, "last estimates not found; pca or factor has to be run first"));
    }
    if !cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    if cmd.has("clear") {
        for name in ["r_L", "r_T", "r_Phi", "r_Ev"] {
            session.e.results.matrices.remove(name);
        }
        return Ok(());
    }
    let l = matrix_of(session, "L")?;
    let kind = kind(cmd, l.rows(), l.cols())?;
    let kaiser = cmd.has("normalize") || cmd.has("kaiser");
    let mut found = turned(&kernel(&l), &kind, kaiser)?;
    let factors = session.e.cmd() == "factor";
    let mut explained: Vec<f64> = Vec::new();
    if !factors && !kind.oblique {
        let values = matrix_of(session, "Ev")?;
        (found, explained) = by_variance(found, values.values());
    }
    let phi = (kind.oblique && l.cols() > 1).then(|| found.turn.transpose().times(&found.turn));
    if explained.is_empty() {
        let squares = |j: usize| (0..l.rows()).map(|i| found.loadings[(i, j)].powi(2)).sum();
        explained = (0..l.cols()).map(squares).collect();
    }
    let e = &mut session.e.results;
    e.matrix("r_L", named(&found.loadings, l.row_names.clone(), l.col_names.clone()));
    e.matrix("r_T", named(&found.turn, l.col_names.clone(), l.col_names.clone()));
    e.matrix("r_Ev", row_named(explained, l.col_names.clone()));
    e.matrices.remove("r_Phi");
    if let Some(phi) = &phi {
        e.matrix("r_Phi", named(phi, l.col_names.clone(), l.col_names.clone()));
    }
    let class = if kind.oblique { "oblique" } else { "orthogonal" };
    e.text("r_criterion", kind.name).text("r_class", class);
    e.text("r_normalization", if kaiser { "kaiser" } else { "none" });
    e.scalars.remove("r_f");
    if matches!(kind.search, Search::Gradient(_)) {
        e.scalar("r_f", found.value);
    }
    let off = if kaiser { "on" } else { "off" };
    let rotation = format!("{class} {} (Kaiser {off})", kind.name);
    if factors {
        super::factor::show_facts(session, &rotation)?;
        if !kind.oblique {
            super::factor::show_variances(session, "r_Ev")?;
        }
    } else {
        super::pca::show_facts(session, &rotation);
        if !kind.oblique {
            let total = session.e.results.get_scalar("trace").unwrap_or(f64::NAN);
            eigenvalues(session, "r_Ev", total)?;
        }
    }
    session.print("");
    session.print(match factors {
        true => "Rotated factor loadings (pattern matrix) and unique variances",
        false => "Rotated components",
    });
    loadings(session, "r_L", if factors { "Uniqueness" } else { "Unexplained" }, blanks(cmd)?)?;
    print_square(
        session,
        if factors { "Factor rotation matrix" } else { "Component rotation matrix" },
        "r_T",
    )?;
    if phi.is_some() {
        let what = if factors { "factors" } else { "components" };
        print_square(session, &format!("Correlations of the rotated {what}"), "r_Phi")?;
    }
    Ok(())
}

/// Rotated loadings, columns in the order of the variance that they explain, with positive sums.
fn turned(l: &Mat, kind: &Kind, kaiser: bool) -> Result<Rotation> {
    match kind.search {
        Search::Gradient(criterion) => {
            let length: Vec<f64> = (0..l.rows())
                .map(|i| l.row(i).iter().map(|x| x * x).sum::<f64>().sqrt())
                .map(|own| if kaiser && own > 0.0 { own } else { 1.0 })
                .collect();
            let scaled = Mat::from_fn(l.rows(), l.cols(), |i, j| l[(i, j)] / length[i]);
            let mut found =
                rotations::rotate(&scaled, criterion, kind.oblique).ok_or_else(StataError::not_converged)?;
            found.loadings = Mat::from_fn(l.rows(), l.cols(), |i, j| found.loadings[(i, j)] * length[i]);
            Ok(ordered(found))
        }
        Search::Varimax => Ok(ordered(orthogonal(l, kaiser))),
        Search::Promax(_) if l.cols() < 2 => Ok(ordered(orthogonal(l, kaiser))),
        Search::Promax(power) => {
            let first = ordered(orthogonal(l, kaiser));
            let (loadings, turn) = promax(&first.loadings, power)
                .ok_or_else(|| StataError::new(506, "the loadings are collinear"))?;
            // loadings are L inv(T'), with correlations T'T of the factors
            let turn = first.turn.times(&turn).inverse();
            let turn = turn.ok_or_else(|| StataError::new(506, "the rotation is singular"))?.transpose();
            Ok(Rotation { loadings, turn, value: f64::NAN })
        }
    }
}

/// Rotated components in the order of the variance that they explain, `T' diag(eigenvalues) T` of the components, and these
/// variances ([MV] rotate).
fn by_variance(found: Rotation, values: &[f64]) -> (Rotation, Vec<f64>) {
    let k = found.turn.cols();
    let variance = |j: usize| (0..k).map(|i| values[i] * found.turn[(i, j)].powi(2)).sum::<f64>();
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|a, b| variance(*b).total_cmp(&variance(*a)));
    let explained = order.iter().map(|j| variance(*j)).collect();
    let pick = |m: &Mat| Mat::from_fn(m.rows(), k, |i, j| m[(i, order[j])]);
    let (loadings, turn) = (pick(&found.loadings), pick(&found.turn));
    (Rotation { loadings, turn, value: found.value }, explained)
}

fn orthogonal(l: &Mat, kaiser: bool) -> Rotation {
    let (loadings, turn) = varimax(l, kaiser);
    Rotation { loadings, turn, value: f64::NAN }
}

fn ordered(found: Rotation) -> Rotation {
    let (n, k) = (found.loadings.rows(), found.loadings.cols());
    let variance = |j: usize| (0..n).map(|i| found.loadings[(i, j)].powi(2)).sum::<f64>();
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|a, b| variance(*b).total_cmp(&variance(*a)));
    let sign = |j: usize| {
        if (0..n).map(|i| found.loadings[(i, j)]).sum::<f64>() < 0.0 { -1.0 } else { 1.0 }
    };
    let pick = |m: &Mat| Mat::from_fn(m.rows(), k, |i, j| sign(order[j]) * m[(i, order[j])]);
    Rotation { loadings: pick(&found.loadings), turn: pick(&found.turn), value: found.value }
}

fn print_square(session: &mut Session, title: &str, name: &str) -> Result<()> {
    session.print("");
    session.print(title);
    let shown = matrix_of(session, name)?;
    bordered(session, &shown, 9, 4);
    Ok(())
}
