//! `npregress kernel`: what it refuses, data that are hard, replications and what follows it. Its numbers are in the cases
//! `kernel_regression` of the oracles.

use crate::support::{holds, run};
use dofile::Session;

const DATA: &str = "set obs 60\nset seed 4\ngenerate double x = round(3*runiform(), 1/1024)\ngenerate double z = round(rnormal(), 1/1024)\n\
    generate a = mod(_n, 3)\ngenerate double y = round(sin(2*x) + .4*z + .5*(a == 1) + .2*rnormal(), 1/1024)\n";

/// Wrong input ends with the return code of Stata, what is not there is named.
#[test]
fn wrong_input_is_refused() {
    for (line, code, wanted) in [
        ("npregress kernel y", 102, "too few variables"),
        ("npregress kernel y c.x#i.a", 198, "interactions"),
        ("npregress kernel i.a x", 198, "depvar"),
        ("npregress kernel y x, kernel(square)", 198, "is not a kernel"),
        ("npregress kernel y x, dkernel(aitchison)", 198, "dkernel(aitchison)"),
        ("npregress kernel y x, estimator(quadratic)", 198, "estimator(quadratic)"),
        ("npregress kernel y x z, bwidth(1, copy)", 503, "needs 2 bandwidths"),
        ("npregress kernel y x z, bwidth(x=1)", 198, "has no bandwidth of z"),
        ("npregress kernel y x, bwidth(w=1)", 111, "w is not a regressor"),
        ("npregress kernel y x, bwidth(-1, copy)", 198, "positive bandwidths"),
        ("npregress kernel y x i.a, bwidth(1 2, copy)", 198, "between 0 and 1"),
        ("npregress kernel y x, bwidth(1, copy) meanbwidth(2, copy)", 198, "may not be combined"),
        ("npregress kernel y x, noderivatives derivbwidth(2, copy)", 198, "may not be combined"),
        ("npregress kernel y x, bwidth(1, copy) seed(3)", 198, "requires reps()"),
        ("npregress kernel y x, bwidth(1, copy) vce(robust)", 198, "vcetype robust"),
        ("npregress kernel y x, bwidth(1, copy) citype(bca) reps(5)", 199, "citype(bca)"),
        ("npregress kernel y x [fweight=a]", 101, "weights not allowed"),
        ("npregress kernel y x if x > 9", 2000, "no observations"),
        ("npregress kernel y x in 1/2", 2001, "insufficient observations"),
        ("npregress series y x", 199, "series"),
        ("npregress local y x", 198, "unknown subcommand"),
        ("npregress kernel y x, bwidth(1, copy) nosuch", 198, "nosuch"),
        (
            "npregress kernel y x, bwidth(1, copy) noderivatives\nmargins, dydx(x)\npredict d*, derivatives",
            322,
            "noderivatives",
        ),
        ("npregress kernel y x, bwidth(1, copy)\nmargins, predict(xb)", 199, "predictions other than mean"),
        ("regress y x\nmargins, reps(5)", 198, "need npregress kernel"),
    ] {
        let (log, rc) = Session::default().run_captured(&format!("{DATA}{line}"));
        assert_eq!(rc, code, "{line}\n{log}");
        assert!(log.contains(wanted), "{line}\n{log}");
    }
}

/// A constant in the data moves the constant alone, and a unit of measurement changes bandwidths by its size.
#[test]
fn origin_and_unit_do_not_matter() {
    let fit = "npregress kernel y x z, nolog noderivatives\nmatrix h = e(bwidth)\nmatrix b = e(b)\nscalar r2 = e(r2)";
    let numbers = |change: &str| {
        let (s, _) = run(&format!("{DATA}{change}\n{fit}"));
        ["h[1,1]", "h[1,2]", "b[1,1]", "r2"].map(|e| s.eval_num(e).expect("a number"))
    };
    let plain = numbers("");
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs();
    let moved = numbers("replace x = x + 2^30\nreplace y = y + 2^30");
    assert!(
        near(moved[0], plain[0]) && near(moved[1], plain[1]) && near(moved[3], plain[3]),
        "{moved:?} {plain:?}"
    );
    assert!(near(moved[2] - 2f64.powi(30), plain[2]), "{moved:?} {plain:?}");
    let scaled = numbers("replace x = x*2^40\nreplace y = y*2^-30");
    assert!(
        near(scaled[0], plain[0] * 2f64.powi(40)) && near(scaled[2], plain[2] * 2f64.powi(-30)),
        "{scaled:?} {plain:?}"
    );
    assert!(near(scaled[3], plain[3]), "{scaled:?} {plain:?}");
}

/// Constants, gaps, outcomes without variation and points on their own.
#[test]
fn hard_data_have_an_answer() {
    let (s, log) = run(&format!(
        "{DATA}generate k = 3\nreplace z = . in 5\nreplace x = 90 in 7\nnpregress kernel y x k z, bwidth(.5 1, copy) unidentsample(lost)\n\
         matrix b = e(b)\npredict double m\npredict double e if e(sample), residuals\nquietly summarize m if e(sample)\nscalar mean = r(mean)\nquietly summarize lost"
    ));
    assert!(log.contains("note: k omitted because of collinearity."), "{log}");
    assert!(log.contains("1 observation violates"), "{log}");
    holds(
        &s,
        &[
            "e(N) == 59",
            "r(N) == 59",
            "lost[7] == 1",
            "r(sum) == 1",
            "m[7] == .",
            "m[5] == .",
            "reldif(mean, b[1,1]) < 1e-12",
            "colsof(b) == 3",
            "abs(e[1] - (y[1] - m[1])) < 1e-12",
        ],
    );
    let (s, _) = run(&format!("{DATA}generate c = 7\nnpregress kernel c x, nolog\nmatrix b = e(b)"));
    holds(&s, &["reldif(b[1,1], 7) < 1e-12", "abs(b[1,2]) < 1e-9", "e(r2) == ."]);
}

/// The bandwidths that a command found fit it again, by matrix and by names; a factor alone has the cells' means where its
/// bandwidth is zero.
#[test]
fn bandwidths_can_be_given() {
    let (s, _) = run(&format!(
        "{DATA}npregress kernel y x i.a, nolog\nmatrix m = e(meanbwidth)\nmatrix d = e(derivbwidth)\nmatrix b = e(b)\n\
         npregress kernel y x i.a, meanbwidth(m) derivbwidth(d)\nscalar same = mreldif(b, e(b))\n\
         npregress kernel y i.a, bwidth(a=0)\nmatrix c = e(b)\nquietly regress y i.a\nscalar first = _b[1.a] - c[1,2]\nscalar second = _b[2.a] - c[1,3]"
    ));
    holds(&s, &["same < 1e-12", "abs(first) < 1e-12", "abs(second) < 1e-12"]);
}

/// Replications repeat with their seed, their percentiles stand in the table, and margins have them too.
#[test]
fn replications_give_errors() {
    let fit = "npregress kernel y x i.a, bwidth(.5 .4, copy) reps(40) seed(5) nodots";
    let (s, log) = run(&format!(
        "{DATA}{fit}\nmatrix v = e(V)\nmatrix t = r(table)\nmatrix p = e(ci_percentile)\n{fit}\nscalar again = mreldif(v, e(V))\n\
         margins, at(x=(.5 1.5)) reps(30) seed(3) nodots\nmatrix mv = r(V)\nmatrix mt = r(table)\nmargins a\nscalar bare = r(k_margins)\n\
         test _b[Effect:x] = 0\nscalar chi2 = r(chi2)\nmatrix b = e(b)"
    ));
    holds(
        &s,
        &[
            "again == 0",
            "v[1,1] > 0 & v[2,2] > 0",
            "reldif(t[5,2], p[1,2]) < 1e-12",
            "reldif(t[2,2], sqrt(v[2,2])) < 1e-12",
            "mv[1,1] > 0 & mv[2,2] > 0",
            "mt[5,1] < mt[1,1] & mt[6,1] > mt[1,1]",
            "bare == 3",
            "reldif(chi2, b[1,2]^2/v[2,2]) < 1e-9",
            "e(N_reps) == 40",
        ],
    );
    for wanted in [
        "Percentile",
        "Observed   Bootstrap",
        "Local-linear regression",
        "E(Kernel obs)",
        "(1 vs 0)",
        "Predictive margins",
    ] {
        assert!(log.contains(wanted), "{wanted}\n{log}");
    }
}

/// New observations are predicted from the sample, and `predict()` stores what the command computed.
#[test]
fn predictions_of_other_rows() {
    let (s, _) = run(&format!(
        "{DATA}npregress kernel y x i.a in 1/50, bwidth(.6 .3, copy) predict(p*)\npredict double m, mean\npredict double d*, derivatives\nscalar n = e(N)"
    ));
    holds(
        &s,
        &[
            "n == 50",
            "reldif(m[3], p1[3]) < 1e-12",
            "p1[55] == .",
            "m[55] < .",
            "reldif(d1[3], p2[3]) < 1e-12",
            "reldif(d3[9], p4[9]) < 1e-12",
            "d2[55] < .",
        ],
    );
}
