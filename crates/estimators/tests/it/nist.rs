//! NIST StRD linear regression data sets against the least-squares kernel.

use estimators::ols::{Request, fit};
use estimators::qr::{Design, choose_columns};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn columns(case: &Value) -> Vec<Vec<f64>> {
    if let Some(columns) = case["x"].as_array() {
        return columns.iter().map(numbers).collect();
    }
    let x = numbers(&case["powers_of"]);
    let degree = case["degree"].as_u64().expect("a degree") as usize;
    let mut powers = vec![x.clone()];
    while powers.len() < degree {
        let last = &powers[powers.len() - 1];
        let next = x.iter().zip(last).map(|(a, b)| a * b).collect();
        powers.push(next);
    }
    powers
}

/// Common digits of two numbers (McCullough's log relative error).
fn digits(got: f64, want: f64) -> f64 {
    let gap = if want == 0.0 { got.abs() } else { ((got - want) / want).abs() };
    if gap == 0.0 { 17.0 } else { -gap.log10() }
}

fn check(case: &Value, fit: &[f64], want: &[f64], least: f64, what: &str) {
    // The fixture puts the constant first, the engine last.
    let (constant, slopes) = fit.split_last().expect("a constant");
    for (j, (got, want)) in std::iter::once(constant).chain(slopes).zip(want).enumerate() {
        let found = digits(*got, *want);
        assert!(found >= least, "{} {what}[{j}]: {got:e} has {found:.1} digits of {want:e}", case["name"]);
    }
}

#[test]
fn linear_regression_reaches_the_certified_values() {
    let file: Value = serde_json::from_str(include_str!("nist.json")).expect("valid fixture");
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 8);
    for case in cases {
        let y = numbers(&case["y"]);
        let x = columns(case);
        let x: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
        let fit = fit(&Request { chosen: true, ..Request::new(&y, &x) }).expect("enough observations");
        assert!(fit.basis.omitted.is_empty(), "{}: nothing is collinear", case["name"]);
        let se: Vec<f64> = fit.v.diagonal().iter().map(|v| v.sqrt()).collect();
        let least = case["digits"].as_f64().expect("digits");
        check(case, &fit.b, &numbers(&case["b"]), least, "b");
        check(case, &se, &numbers(&case["se"]), least, "se");
        if case["rounded_b"].is_array() {
            check(case, &fit.b, &numbers(&case["rounded_b"]), 10.0, "rounded b");
            check(case, &se, &numbers(&case["rounded_se"]), 10.0, "rounded se");
        }
        assert!(digits(fit.r2, case["r2"].as_f64().expect("r2")) >= least, "{} r2", case["name"]);
        assert!(digits(fit.rmse, case["rmse"].as_f64().expect("rmse")) >= least, "{} rmse", case["name"]);
        // StataCorp's account of these data: two powers of Filip are omitted as collinear, nothing else.
        let omitted = choose_columns(Design { columns: &x, weights: None, constant: true }).1.len();
        assert_eq!(omitted, if case["name"] == "Filip" { 2 } else { 0 }, "{} omitted", case["name"]);
    }
}
