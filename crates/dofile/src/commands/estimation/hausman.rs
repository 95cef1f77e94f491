//! `hausman`: specification test of a consistent against an efficient estimator.
//!
//! Syntax: `hausman name-consistent [name-efficient|.] [, sigmamore sigmaless constant]` after `estimates store`.
//! Stores in `r()`: chi2 df p rank. Formulas: [R] hausman.

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::post::stata;
use crate::format;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "hausman",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "hausman name-consistent [name-efficient|.] [, sigmamore sigmaless constant] | hausman, save | hausman [, more|less sigmamore sigmaless constant]",
    notes: "without names as in version 7, against the results of hausman, save, which are the consistent ones unless less; stores r(chi2) r(df) r(p) r(rank); formulas: [R] hausman",
    examples: &[Example {
        // One coefficient: the squared difference over the difference of the variances.
        run: "input y x z\n1 1 0\n3 2 0\n2 2 0\n5 3 1\n9 6 1\n6 5 1\nend\nregress y x\nestimates store ols\nscalar b = _b[x]\nscalar v = _se[x]^2\nivregress 2sls y (x = z), small\nestimates store iv\nscalar h = (_b[x] - b)^2/(_se[x]^2 - v)\nhausman iv ols",
        expect: &[("r(chi2)/h", 1.0), ("r(df)", 1.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("SIGMAMore"),
    OptSpec::flag("SIGMALess"),
    OptSpec::flag("Constant"),
    OptSpec::flag("Save"),
    OptSpec::flag("More"),
    OptSpec::flag("Less"),
];

/// Name of the results that `hausman, save` of version 7 keeps.
const SAVED: &str = "_hausman";

fn find<'a>(session: &'a Session, name: &str) -> Result<&'a Estimation> {
    if name == "." {
        return Ok(&session.e);
    }
    session
        .stored
        .get(name)
        .ok_or_else(|| StataError::new(111, format!("estimation result {name} not found")))
}

/// Residual variance of an estimate: e(rmse) squared, for fixed effects e(sigma_e) squared.
fn variance(estimation: &Estimation) -> Option<f64> {
    let scalar = |name: &str| estimation.results.get_scalar(name);
    let value = if estimation.cmd() == "xtreg" && estimation.results.get_text("model") == Some("fe") {
        scalar("sigma_e")
    } else {
        scalar("rmse")
    };
    value.map(|v| v * v)
}

/// Names of the consistent and of the efficient results; nothing where the line only saves results, as in version 7.
fn models(session: &mut Session, body: &str, options: &Options) -> Result<Option<(String, String)>> {
    let names: Vec<&str> = body.split_whitespace().collect();
    if !names.is_empty()
        && let Some(option) = ["save", "more", "less"].into_iter().find(|o| options.has(o))
    {
        return Err(StataError::option_not_allowed(option));
    }
    if options.has("save") {
        if session.e.b().is_none() {
            return Err(StataError::no_estimates());
        }
        let now = session.e.clone();
        session.stored.set(SAVED, now);
        return Ok(None);
    }
    let (first, second) = match names[..] {
        // the line of version 7: what was saved is consistent, unless the present results are the less efficient ones
        [] if session.stored.get(SAVED).is_some() && options.has("less") => (".", SAVED),
        [] if session.stored.get(SAVED).is_some() => (SAVED, "."),
        [first] => (first, "."),
        [first, second] => (first, second),
        _ => return Err(StataError::new(198, "one or two estimation results required")),
    };
    Ok(Some((first.to_string(), second.to_string())))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, options) = front_and_options(&cmd.raw);
    let options =
        Options::parse("hausman", options, OPTIONS, &["ALLEQs", "SKIPeqs", "EQuations", "FORCE", "df"])?;
    let Some((first, second)) = models(session, body, &options)? else { return Ok(()) };
    let (consistent, efficient) = (find(session, &first)?, find(session, &second)?);
    if [consistent, efficient].iter().any(|e| matches!(e.results.get_text("vce"), Some("robust" | "cluster")))
    {
        return Err(StataError::new(
            198,
            "hausman cannot be used with vce(robust), vce(cluster cvar), or p-weighted data",
        ));
    }
    let (c, e) = (Parameters::of(consistent)?, Parameters::of(efficient)?);
    let pairs = common(&c, &e, options.has("constant"))?;
    // Both covariances on the error variance of one of the estimators, as the manual says.
    let (of_c, of_e) = (variance(consistent), variance(efficient));
    let scale = match (options.has("sigmamore"), options.has("sigmaless"), of_c, of_e) {
        (true, true, ..) => {
            return Err(StataError::invalid("options sigmamore and sigmaless may not be combined"));
        }
        (true, _, Some(vc), Some(ve)) => (ve / vc, 1.0),
        (_, true, Some(vc), Some(ve)) => (1.0, vc / ve),
        (false, false, ..) => (1.0, 1.0),
        _ => return Err(StataError::new(498, "estimates have no error variance")),
    };
    let left: Vec<usize> = pairs.iter().map(|p| p.0).collect();
    let right: Vec<usize> = pairs.iter().map(|p| p.1).collect();
    let gap: Vec<f64> = pairs.iter().map(|(i, j)| c.b[*i] - e.b[*j]).collect();
    let v = c.v.select(&left, &left).scaled(scale.0).minus(&e.v.select(&right, &right).scaled(scale.1));
    let size: Vec<f64> = left.iter().map(|i| c.v[(*i, *i)].sqrt()).collect();
    let (chi2, rank, definite) = statistic(&gap, &v, &size);
    let rows: Vec<[f64; 4]> = pairs
        .iter()
        .enumerate()
        .map(|(k, (i, j))| {
            [c.b[*i], e.b[*j], gap[k], if v[(k, k)] >= 0.0 { v[(k, k)].sqrt() } else { MISSING }]
        })
        .collect();
    let names: Vec<String> = pairs.iter().map(|(i, _)| c.stripe[*i].name.clone()).collect();
    let commands = [consistent, efficient].map(|e| e.cmd().to_string());
    print(session, (&first, &second), &commands, &names, &rows);
    let p = stata(chi2_tail(rank as f64, chi2));
    session.print("Test of H0: Difference in coefficients not systematic");
    session.print("");
    session.print(format!("    chi2({rank}) = (b-B)'[(V_b-V_B)^(-1)](b-B)"));
    session.print(format!("            = {}", format::bare("%9.2f", stata(chi2))));
    if chi2 < 0.0 {
        session.print("    chi2<0 ==> model fitted on these data fails to meet the asymptotic assumptions");
    } else {
        session.print(format!("Prob > chi2 = {}", format::bare("%6.4f", p)));
    }
    if !definite {
        session.print("(V_b-V_B is not positive definite)");
    }
    let mut results = Results::default();
    results.scalar("chi2", stata(chi2)).scalar("df", rank as f64).scalar("rank", rank as f64);
    if chi2 >= 0.0 {
        results.scalar("p", p);
    }
    session.r = results;
    Ok(())
}

/// Positions of the coefficients that both estimates have; r(498) without any.
fn common(c: &Parameters, e: &Parameters, with_constant: bool) -> Result<Vec<(usize, usize)>> {
    let mut pairs = Vec::new();
    for i in 0..c.b.len() {
        let constant = c.stripe[i].name == "_cons";
        if c.v[(i, i)] <= 0.0 || (constant && !with_constant) {
            continue;
        }
        let same = |j: &usize| e.stripe[*j].name == c.stripe[i].name && e.v[(*j, *j)] > 0.0;
        if let Some(j) = (0..e.b.len()).find(same) {
            pairs.push((i, j));
        }
    }
    if pairs.is_empty() {
        return Err(StataError::new(
            498,
            "no coefficients in common; specify equations(matchlist) for problems with different equation names.",
        ));
    }
    Ok(pairs)
}

/// `d' V^- d`, the rank, and whether V is positive definite. Eigenvalues near zero are left out, on the scale of the
/// standard errors `size`: coefficients of large and of small regressors count alike.
fn statistic(gap: &[f64], v: &Mat, size: &[f64]) -> (f64, usize, bool) {
    let scaled = Mat::from_fn(gap.len(), gap.len(), |i, j| v[(i, j)] / size[i] / size[j]);
    let (values, vectors) = scaled.symmetric_eigen();
    let gap: Vec<f64> = gap.iter().zip(size).map(|(g, s)| g / s).collect();
    let along = vectors.transpose().times_vector(&gap);
    let top = values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let mut chi2 = 0.0;
    let mut rank = 0;
    for (value, part) in values.iter().zip(&along) {
        if value.abs() > 1e-12 * top {
            chi2 += part * part / value;
            rank += 1;
        }
    }
    (chi2, rank, values.iter().all(|x| *x > 0.0))
}

fn print(
    session: &mut Session,
    (first, second): (&str, &str),
    commands: &[String; 2],
    names: &[String],
    rows: &[[f64; 4]],
) {
    session.print("");
    session.print("                 ---- Coefficients ----");
    session.print("             |      (b)          (B)            (b-B)     sqrt(diag(V_b-V_B))");
    session.print(format!(
        "             |{:>9}{:>13}         Difference       Std. err.",
        format::abbrev(first, 8),
        format::abbrev(second, 12)
    ));
    session.print(format!("-------------+{}", "-".repeat(64)));
    for (name, row) in names.iter().zip(rows) {
        let cell = |x: f64, width: usize| format::right(&format::bare("%9.0g", x), width);
        session.print(format!(
            "{:>12} |{}{}{}{}",
            format::abbrev(name, 12),
            cell(row[0], 12),
            cell(row[1], 13),
            cell(row[2], 16),
            cell(row[3], 16)
        ));
    }
    session.print("-".repeat(78));
    let [one, two] = commands;
    session.print(format!("{:>71} {one}.", "b = Consistent under H0 and Ha; obtained from"));
    session.print(format!("{:>71} {two}.", "B = Inconsistent under Ha, efficient under H0; obtained from"));
    session.print("");
}
