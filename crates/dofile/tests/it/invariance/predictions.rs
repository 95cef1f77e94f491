//! Predictions do not depend on the order of rows, on the units of regressors, or on a regressor that tells nothing new.

use super::cases::{BINARY, CATEGORICAL, COUNTS, LIMITED, LINEAR, MIXED, PANELS, SERIES, SURVIVAL, SYSTEMS};
use super::{Case, estimates, none, prepared};

/// What `predict` is asked for; a statistic that a command does not have is refused in both ways.
const STATISTICS: [&str; 4] = ["", ", xb", ", stdp", ", residuals"];

/// Names the rows before anything moves them.
const NAMED: &str = "generate long row = _n";

/// Predictions by the names of the rows, or the return code.
type Predicted = Result<Vec<(i64, f64)>, i32>;

/// The predictions after a command, one list for each of the statistics.
fn predictions(before: &[&str], command: &str) -> Vec<Predicted> {
    let mut s = prepared(before);
    let rc = s.run_captured(command).1;
    let mut one = |statistic: &str| -> Predicted {
        if rc != 0 {
            return Err(rc);
        }
        let (log, rc) = s.run_captured(&format!("capture drop fitted\npredict double fitted{statistic}"));
        if rc != 0 {
            return Err(rc);
        }
        let column = |name: &str| {
            let at = s.frame.find(name).unwrap_or_else(|| panic!("{command}: no {name}\n{log}"));
            s.frame.numeric(at).expect("numbers").to_vec()
        };
        let mut out: Vec<(i64, f64)> =
            column("row").into_iter().map(|row| row as i64).zip(column("fitted")).collect();
        out.sort_by_key(|(row, _)| *row);
        Ok(out)
    };
    STATISTICS.into_iter().map(&mut one).collect()
}

/// Missing values of Stata, which are above all numbers.
fn is_missing(x: f64) -> bool {
    x.abs() > 8.9e307 || x.is_nan()
}

/// The first prediction that differs by more than its sixth digit, or by that share of the spread of all.
fn difference(first: &[Predicted], second: &[Predicted]) -> Option<String> {
    STATISTICS.iter().zip(first.iter().zip(second)).find_map(|(statistic, pair)| match pair {
        (Ok(a), Ok(b)) if a.len() != b.len() => Some(format!("{} and {} rows", a.len(), b.len())),
        (Ok(a), Ok(b)) => {
            let largest =
                a.iter().map(|p| p.1).filter(|x| !is_missing(*x)).fold(0.0, |m: f64, x| m.max(x.abs()));
            let differs = |(a, b): &(&(i64, f64), &(i64, f64))| {
                let apart = (a.1 - b.1).abs() > 1e-6 * a.1.abs().max(1e-3 * largest);
                a.0 != b.0 || is_missing(a.1) != is_missing(b.1) || !is_missing(a.1) && apart
            };
            let (a, b) = a.iter().zip(b).find(differs)?;
            Some(format!("predict{statistic}: {} and {} in row {}", a.1, b.1, a.0))
        }
        (Err(a), Err(b)) if a == b => None,
        (a, b) => {
            let code = |p: &Predicted| p.as_ref().err().copied().unwrap_or(0);
            Some(format!("predict{statistic}: r({}) and r({})", code(a), code(b)))
        }
    })
}

fn all() -> impl Iterator<Item = &'static Case> {
    [LINEAR, BINARY, LIMITED, COUNTS, CATEGORICAL, SURVIVAL, MIXED, PANELS, SERIES, SYSTEMS]
        .into_iter()
        .flatten()
}

fn complaint(case: &Case, found: Option<String>) -> Option<String> {
    found.map(|what| format!("{} ({}): {what}", case.command, case.prepare))
}

#[test]
fn predictions_do_not_depend_on_the_order_of_rows() {
    let shuffle = "set seed 99; generate shuffled = runiform(); sort shuffled";
    let of = |case: &'static Case| {
        let first = predictions(&[NAMED, case.prepare], case.command);
        complaint(case, difference(&first, &predictions(&[NAMED, shuffle, case.prepare], case.command)))
    };
    none(&all().filter(|case| !case.has('o')).filter_map(of).collect::<Vec<_>>());
}

/// Whether the first equation has a constant, which takes up what is added to a regressor.
fn has_constant(case: &Case) -> bool {
    let fit = estimates(&mut prepared(&[case.prepare]), case.command);
    let equation = |name: &str| name.rsplit_once(':').map_or(String::new(), |parts| parts.0.to_owned());
    fit.is_ok_and(|fit| {
        let main = fit.names.first().map(|name| equation(name));
        fit.names.iter().any(|name| name.ends_with("_cons") && Some(equation(name)) == main)
    })
}

/// As printed by Stata, the covariance of its constant is that of the transformed model, the constant itself is not.
const OF_TRANSFORMED: &str = "xtregar y x z, fe";

/// Predictions are in the units of the outcome.
#[test]
fn predictions_do_not_depend_on_the_units_of_regressors() {
    let of = |case: &'static Case| {
        let fixed = case.has('s') || case.has('c') || case.command == OF_TRANSFORMED || !has_constant(case);
        let shift = if fixed { 0 } else { 3 };
        let units = format!("quietly replace x = -x/2 + {shift}; quietly replace z = 20*z - {shift}");
        let first = predictions(&[NAMED, case.prepare], case.command);
        complaint(case, difference(&first, &predictions(&[NAMED, case.prepare, &units], case.command)))
    };
    none(&all().filter(|case| !case.has('u')).filter_map(of).collect::<Vec<_>>());
}

#[test]
fn predictions_do_not_depend_on_regressors_that_tell_nothing_new() {
    let made = "generate double copied = x; generate fixed = 3";
    let of = |case: &'static Case| {
        let command = case.command.replacen(" x z", " x copied z fixed", 1);
        let first = predictions(&[NAMED, case.prepare], case.command);
        complaint(case, difference(&first, &predictions(&[NAMED, made, case.prepare], &command)))
    };
    let of_pairs = |case: &&'static Case| !case.has('d') && case.command.contains(" x z");
    none(&all().filter(of_pairs).filter_map(of).collect::<Vec<_>>());
}
