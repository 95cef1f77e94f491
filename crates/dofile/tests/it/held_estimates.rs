//! Estimates that come back after others were made in between have their sample again.

use dofile::Session;

const DATA: &str = "set obs 20\ngen x = _n\ngen y = x + mod(_n*7, 5)\n";

/// Observations of `e(sample)` after a do-file.
fn sample_after(text: &str) -> f64 {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!("{DATA}{text}\ncount if e(sample)"));
    assert_eq!(rc, 0, "{log}");
    session.eval_num("r(N)").expect("a count")
}

#[test]
fn a_sample_comes_back_with_its_estimates() {
    let hold = "regress y x in 1/15\n_estimates hold first\nregress x y in 1/10\nregress x y in 1/4\n";
    assert!((sample_after(&format!("{hold}_estimates unhold first")) - 15.0).abs() < 1e-12);
    assert!((sample_after("regress y x in 1/15\nlinktest") - 15.0).abs() < 1e-12);
}

/// The sample follows its rows where the data were sorted in between.
#[test]
fn a_sample_follows_its_rows() {
    let sorted = "regress y x in 1/15\n_estimates hold first\nregress x y\ngsort -x\n_estimates unhold first\n\
        count if e(sample) & x > 15\nassert r(N) == 0";
    assert!((sample_after(sorted) - 15.0).abs() < 1e-12);
}

#[test]
fn margins_and_diagnostics_work_after_linktest() {
    for then in ["estat vif", "estat ovtest", "margins, dydx(x)"] {
        let text = format!("{DATA}gen z = mod(x, 3)\nregress y x i.z\nlinktest\n{then}");
        let (log, rc) = Session::default().run_captured(&text);
        assert_eq!(rc, 0, "{then}: {log}");
    }
}

/// `margins` after results that a do-file posted is of the linear prediction, as `predict` is; a command of the engine that it
/// does not support stays refused.
#[test]
fn margins_work_after_posted_results() {
    let post = "regress y x c.x#c.x\nmatrix b = e(b)\nmatrix V = e(V)\nscalar d = e(df_r)\ngen byte used = 1\n\
        margins, dydx(x)\nmatrix m = r(table)\nereturn post b V, esample(used) depname(y)\nereturn local cmd \"mine\"\n\
        ereturn scalar df_r = d\nmargins, dydx(x)\nmatrix n = r(table)\nassert reldif(m[1,1], n[1,1]) < 1e-12\nassert reldif(m[2,1], n[2,1]) < 1e-12\nassert missing(n[7,1])";
    let (log, rc) = Session::default().run_captured(&format!("{DATA}{post}"));
    assert_eq!(rc, 0, "{log}");
    let (log, rc) = Session::default().run_captured(&format!("{DATA}mean y\nmargins"));
    assert_eq!(rc, 322, "{log}");
}

/// Statistics of rows need no more than the results that a file has.
#[test]
fn statistics_of_rows_are_the_same_after_estimates_use() {
    for weight in ["", "[aw=w]", "[fw=w]"] {
        for statistic in ["rstudent", "rstandard", "hat", "stdf", "stdr", "cooksd", "dfits", "covratio"] {
            let text = format!(
                "{DATA}gen w = 1 + mod(_n, 3)\nregress y x {weight}\npredict double a, {statistic}\ntempfile f\n\
                 estimates save `f'\nregress y\nestimates use `f'\npredict double b, {statistic}\n\
                 assert reldif(a, b) < 1e-13 & a < ."
            );
            let (log, rc) = Session::default().run_captured(&text);
            assert_eq!(rc, 0, "{statistic} {weight}: {log}");
        }
    }
}
