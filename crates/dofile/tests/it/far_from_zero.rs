//! Data far from zero: a constant of 2^20 that is added to the outcome or to the regressors moves constants alone. The
//! values have few digits, so that the sums are exact; what changes is lost digits.

use dofile::Session;

const DATA: &str = "set obs 240
set seed 7
generate id = ceil(_n/6)
generate t = mod(_n - 1, 6) + 1
generate double u = round(invnormal(mod(id*0.618033988749895, 1)*.98 + .01), 1/1024)
generate double x = round(rnormal(), 1/1024)
generate double z = round(rnormal(), 1/1024)
generate double y = round(1 + .5*x - .3*z + u + rnormal(), 1/1024)
";

/// Expressions after a command on data whose variables were moved.
fn after(shift: &str, command: &str, wanted: &[&str]) -> Vec<f64> {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(&format!("{DATA}xtset id t\n{shift}\n{command}"));
    assert_eq!(rc, 0, "{shift}: {command}\n{log}");
    wanted.iter().map(|w| s.eval_num(w).expect("a number")).collect()
}

#[test]
fn estimates_keep_their_digits() {
    let slopes: &[&str] = &["_b[x]", "_se[x]"];
    let cases: &[(&str, &[&str])] = &[
        ("mixed y x z || id:", &["_b[x]", "_se[x]", "e(ll)", "[lns1_1_1]_cons", "[lnsig_e]_cons"]),
        ("mixed y x z || id:, reml", &["_b[x]", "_se[x]", "e(ll)"]),
        ("xtreg y x z, re", slopes),
        ("regress y x z", &["_b[x]", "_se[x]", "e(r2)"]),
    ];
    for (command, wanted) in cases {
        let plain = after("", command, wanted);
        for shift in ["replace y = y + 2^20", "replace x = x + 2^20\nreplace z = z + 2^20"] {
            let moved = after(shift, command, wanted);
            for ((a, b), name) in plain.iter().zip(&moved).zip(*wanted) {
                assert!((a - b).abs() <= 1e-6 * a.abs(), "{shift}: {command}: {name} {a} {b}");
            }
        }
    }
}

/// A unit of measurement that makes one variance 10^-20 of the others: no coefficient leaves the test.
#[test]
fn hausman_does_not_depend_on_units() {
    let command = "quietly xtreg y x z, fe\nestimates store f\nquietly xtreg y x z, re\nhausman f .";
    let plain = after("", command, &["r(chi2)", "r(df)"]);
    let moved = after("replace x = x*2^34", command, &["r(chi2)", "r(df)"]);
    assert_eq!(plain[1], 2.0);
    assert_eq!(moved[1], 2.0);
    assert!((plain[0] - moved[0]).abs() <= 1e-6 * plain[0], "{plain:?} {moved:?}");
}

/// The cut points of an ordered model and the constants of others take what is added to a regressor.
#[test]
fn slopes_of_ordered_and_grouped_outcomes_keep_their_digits() {
    let data = "generate k = 1 + (y > .5) + (y > 1.5)\ngenerate d = y > 1\n";
    let shift = format!("{data}replace x = x + 2^30");
    for command in
        ["ologit k x z", "oprobit k x z", "ologit k x z, vce(cluster id)", "clogit d x z, group(id)"]
    {
        let wanted = ["_b[x]", "_se[x]", "_b[z]", "e(ll)"];
        let (plain, moved) = (after(data, command, &wanted), after(&shift, command, &wanted));
        for ((a, b), name) in plain.iter().zip(&moved).zip(wanted) {
            assert!((a - b).abs() <= 1e-6 * a.abs(), "{command}: {name} {a} {b}");
        }
    }
    for command in ["qreg y x z", "qreg y x z, vce(robust) quantile(.3)", "qreg y x z, vce(iid, kernel)"] {
        let wanted = ["_b[x]", "_se[x]", "_se[z]"];
        let (plain, moved) = (after(data, command, &wanted), after(&shift, command, &wanted));
        for ((a, b), name) in plain.iter().zip(&moved).zip(wanted) {
            assert!((a - b).abs() <= 1e-6 * a.abs(), "{command}: {name} {a} {b}");
        }
    }
    let cut = after(&shift, "ologit k x z", &["_b[/cut1]", "_b[x]"]);
    let plain = after(data, "ologit k x z", &["_b[/cut1]"]);
    let moved = plain[0] + cut[1] * 2f64.powi(30);
    assert!((cut[0] - moved).abs() <= 1e-9 * moved.abs(), "{cut:?} {plain:?}");
}

/// Models with random effects, and the two-step estimator of a selection model.
#[test]
fn random_effects_and_selection_keep_their_digits() {
    let data = "generate d = y > 1\ngenerate k = 1 + (y > .5) + (y > 1.5)\ngenerate c = max(0, floor(y))\ngenerate double ys = y if z + u > -.5\ngenerate ds = d if ys < .\ngenerate t2 = z + u > .3\n";
    let shift = format!("{data}replace x = x + 2^30\nreplace z = z + 2^30");
    let cases: &[(&str, [&str; 4])] = &[
        ("xtlogit d x z, re", ["_b[x]", "_se[x]", "e(rho)", "e(ll)"]),
        ("xtprobit d x z, re vce(robust)", ["_b[x]", "_se[x]", "e(rho)", "e(ll)"]),
        ("xtpoisson c x z, re", ["_b[x]", "_se[x]", "e(alpha)", "e(ll)"]),
        ("melogit d x z || id:", ["_b[x]", "_se[x]", "_b[z]", "e(ll)"]),
        ("heckman ys x, select(z x) twostep", ["_b[x]", "_se[x]", "e(rho)", "e(sigma)"]),
        ("heckman ys x, select(z x)", ["_b[x]", "_se[x]", "e(rho)", "e(ll)"]),
        ("heckman ys x, select(z x) vce(robust)", ["_b[x]", "_se[x]", "[select]_se[z]", "e(ll)"]),
        ("heckprobit ds x, select(z x)", ["_b[x]", "_se[x]", "e(rho)", "e(ll)"]),
        ("etregress y x, treat(t2 = z) twostep", ["_b[x]", "_se[x]", "e(rho)", "e(sigma)"]),
    ];
    for (command, wanted) in cases {
        let (plain, moved) = (after(data, command, wanted), after(&shift, command, wanted));
        for ((a, b), name) in plain.iter().zip(&moved).zip(*wanted) {
            assert!((a - b).abs() <= 2e-6 * a.abs(), "{command}: {name} {a} {b}");
        }
    }
}

/// A random slope of the year, correlated with the intercept, is that of the period: the intercept alone has another origin.
#[test]
fn random_slopes_of_a_year_are_those_of_the_period() {
    let data = "replace y = y + .4*t*invnormal(mod(id*0.414213562373095, 1)*.98 + .01)\n";
    for options in ["", " reml"] {
        let command = format!("mixed y x t || id: t, covariance(unstructured){options}");
        let wanted = [
            "_b[x]",
            "_se[x]",
            "_b[t]",
            "_se[t]",
            "e(ll)",
            "[lns1_1_1]_cons",
            "[lns1_1_1]_se[_cons]",
            "[lnsig_e]_cons",
        ];
        let plain = after(data, &command, &wanted);
        let moved = after(&format!("{data}replace t = t + 2000"), &command, &wanted);
        for ((a, b), name) in plain.iter().zip(&moved).zip(wanted) {
            assert!((a - b).abs() <= 2e-5 * a.abs(), "{command}: {name} {a} {b}");
        }
        // in 1999 the slope has 1999 times its variance more in the intercept
        let parts = "matrix G = e(b)\nscalar s = exp([lns1_1_1]_cons)\nscalar c = exp([lns1_1_2]_cons)\nscalar r = tanh([atr1_1_1_2]_cons)";
        let about = |shift: &str| after(shift, &format!("{command}\n{parts}"), &["s", "c", "r"]);
        let (near, far) = (about(data), about(&format!("{data}replace t = t + 2000")));
        let intercept = near[1].powi(2) - 4000.0 * near[2] * near[0] * near[1] + (2000.0 * near[0]).powi(2);
        assert!((far[1] / intercept.sqrt() - 1.0).abs() < 1e-5, "{near:?} {far:?}");
    }
}
