//! `brant` after `ologit`: the test of parallel slopes. Community command by Long and Freese; numbers: `estimators::brant`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{design, outcome};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::brant::test;
use estimators::distributions::chi2_tail;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[OptSpec::flag("detail")]);

/// `brant`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "brant",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "brant [, detail]",
    notes: "after ologit without weights; Wald tests that the slopes of the binary logits of each cut agree; stores r(chi2) r(df) r(p), r(ivtests): chi2 and p>chi2 of each regressor; Brant (1990); community command by Long and Freese",
    examples: &[Example {
        run: "set obs 90\ngenerate x = mod(7*_n, 11)\ngenerate z = mod(5*_n, 13)\ngenerate y = 1 + (x + mod(11*_n, 17) > 8) + (x + z + mod(3*_n, 19) > 22)\nologit y x z\nbrant",
        expect: &[("r(df)", 2.0), ("r(p)/chi2tail(2, r(chi2))", 1.0), ("rowsof(r(ivtests))", 2.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if session.e.cmd() != "ologit" {
        return Err(StataError::new(301, "brant can only be used after ologit"));
    }
    if session.e.results.get_text("wtype").is_some() {
        return Err(StataError::new(322, "brant after weights is not supported by the open engine"));
    }
    let sample = session.required_estimation_sample()?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let parameters = Parameters::of(&session.e)?;
    let slopes: Vec<usize> = (0..parameters.b.len())
        .filter(|p| parameters.v[(*p, *p)] > 0.0 && parameters.terms[*p].is_some())
        .collect();
    let columns = design(&session.frame, &parameters, &slopes, &rows)?;
    let y = outcome(session, &rows)?;
    let mut values = y.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() < 3 || slopes.is_empty() {
        return Err(StataError::new(148, "the test needs at least three categories and a regressor"));
    }
    let category: Vec<usize> = y.iter().map(|v| values.partition_point(|x| x < v)).collect();
    let found = test(&category, &columns).ok_or_else(|| {
        StataError::new(
            498,
            "a binary logit does not keep all regressors, so that the test cannot be computed",
        )
    })?;
    let names: Vec<String> = slopes.iter().map(|p| parameters.stripe[*p].name.clone()).collect();
    let single = (values.len() - 2) as f64;
    let all = single * slopes.len() as f64;
    if cmd.has("detail") {
        show_logits(session, &names, &found.coefficients, &values);
    }
    session.print("");
    session.print("Brant test of parallel regression assumption");
    session.print("");
    session.print("              |       chi2     p>chi2      df");
    session.print(" -------------+------------------------------");
    let p = chi2_tail(all, found.chi2);
    session.print(line("All", found.chi2, p, all));
    session.print(" -------------+------------------------------");
    let mut tests = Vec::new();
    for (name, chi2) in names.iter().zip(&found.by_regressor) {
        let p = chi2_tail(single, *chi2);
        session.print(line(name, *chi2, p, single));
        tests.extend([*chi2, p]);
    }
    session.print("");
    session.print("A significant test statistic provides evidence that the parallel");
    session.print("regression assumption has been violated.");
    let mut matrix = Matrix::new(names.len(), 2, tests);
    matrix.row_names = names.iter().map(Stripe::term).collect();
    matrix.col_names = ["chi2", "p>chi2"].map(Stripe::term).to_vec();
    let mut r = Results::default();
    r.scalar("chi2", found.chi2).scalar("p", p).scalar("df", all).matrix("ivtests", matrix);
    session.r = r;
    Ok(())
}

fn line(name: &str, chi2: f64, p: f64, df: f64) -> String {
    format!(
        " {:>12} |{:>11}{:>11}{df:>8}",
        format::abbrev(name, 12),
        format::bare("%10.2f", chi2),
        format::bare("%9.3f", p)
    )
}

/// The coefficients of the binary logits.
fn show_logits(session: &mut Session, names: &[String], coefficients: &[Vec<f64>], values: &[f64]) {
    session.print("");
    session.print("Estimated coefficients from binary logits");
    session.print("");
    let heading: String =
        values[..coefficients.len()].iter().map(|v| format!("{:>12}", format!("y_gt_{v}"))).collect();
    session.print(format!("{:>13} |{heading}", ""));
    session.print(format!("{}+{}", "-".repeat(14), "-".repeat(12 * coefficients.len())));
    for (at, name) in names.iter().map(String::as_str).chain(["_cons"]).enumerate() {
        let cells: String =
            coefficients.iter().map(|b| format!("{:>12}", format::bare("%9.3f", b[at]))).collect();
        session.print(format!("{:>13} |{cells}", format::abbrev(name, 13)));
    }
}
