//! Multiple imputation: styles, registration and imputations. Combined estimates are oracle cases.

use crate::support::try_run as run;
use dofile::Session;

/// A regression of 600 rows whose regressor is missing at random; `c` is a binary variable with gaps of its own.
const DATA: &str = "set seed 11
quietly set obs 600
generate id = _n
generate double z = rnormal()
generate double x = .5*z + rnormal()
generate double y = 1 + 2*x - z + rnormal()
generate byte c = runiform() < invlogit(x)
replace x = . if runiform() < invlogit(z - 1)
replace c = . if mod(_n, 5) == 0
";

fn holds(text: &str, expressions: &[&str]) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    for expression in expressions {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression} after\n{text}\n{log}");
    }
}

#[test]
fn every_style_keeps_the_same_imputations() {
    let impute = "mi register imputed x\nmi impute regress x y z, add(3) rseed(5)\n";
    for (style, rows) in [("wide", "600"), ("mlong", "600 + 3*gaps"), ("flong", "2400")] {
        holds(
            &format!(
                "{DATA}quietly count if x == .\nscalar gaps = r(N)\nquietly summarize x\nscalar seen = r(sum)\nmi set {style}\n{impute}scalar rows = _N\nmi query\nscalar m = r(M)\nmi estimate, post: regress y x z\nscalar b = _b[x]\nscalar se = _se[x]\nmi extract 2, clear\nquietly count if x == .\nscalar left = r(N)\nquietly summarize x"
            ),
            &[
                &format!("rows == {rows}"),
                "m == 3",
                "left == 0",
                "_N == 600",
                "abs(b - 2) < .15",
                "r(sum) != seen",
            ],
        );
    }
    // the numbers do not depend on the style, and the data stay under names of their own
    let estimate = |style: &str| {
        let mut s = Session::default();
        let (log, rc) = s.run_captured(&format!(
            "{DATA}mi set {style}\n{impute}mi estimate, post: regress y x z\nscalar b = _b[x]\nmi unset\ncapture confirm variable mi_m, exact\nif !_rc keep if mi_m == 0\nquietly count if x == .\nscalar gaps = r(N)"
        ));
        assert_eq!(rc, 0, "{log}");
        (
            s.eval_num("b").expect("a number"),
            s.eval_num("gaps").expect("a number"),
            s.eval_num("_N").expect("a number"),
        )
    };
    let wide = estimate("wide");
    assert!(wide.1 > 100.0 && wide.2 == 600.0);
    for style in ["mlong", "flong"] {
        assert_eq!(estimate(style), wide, "{style}");
    }
}

#[test]
fn imputed_values_follow_their_model() {
    // the slope of the complete data is 2; the error of the imputed regression is that of the draws
    holds(
        &format!(
            "{DATA}mi set mlong\nmi register imputed x\nmi impute regress x y z, add(20) rseed(1)\nscalar added = r(M_add)\nmatrix I = r(N_imputed)\nquietly count if _mi_m == 0 & _mi_miss == 1\nscalar gaps = r(N)\nmi estimate, post: regress y x z\nmatrix F = e(fmi_mi)"
        ),
        &[
            "added == 20",
            "I[1,1] == gaps",
            "abs(_b[x] - 2) < .15",
            "abs(_b[z] + 1) < .15",
            "F[1,1] > .05 & F[1,1] < .7",
            "e(df_c_mi) == 597",
            "e(df_min_mi) < 597",
        ],
    );
    // a matched value is one of the observed values
    holds(
        &format!(
            "{DATA}generate double r = round(x, .5)\ndrop x\nmi set flong\nmi register imputed r\nmi impute pmm r y z, add(4) knn(5) rseed(2)\nquietly count if r != round(r, .5)\nscalar other = r(N)\nquietly count if r == . & _mi_m > 0"
        ),
        &["other == 0", "r(N) == 0"],
    );
    // the share of ones follows the logistic model: about one half
    holds(
        &format!(
            "{DATA}mi set flong\nmi register imputed c\nmi impute logit c y z, add(10) rseed(3)\nquietly summarize c if _mi_m > 0 & mod(id, 5) == 0\nquietly count if c != 0 & c != 1 & _mi_m > 0\nscalar other = r(N)\nquietly summarize c if _mi_m > 0 & mod(id, 5) == 0"
        ),
        &["other == 0", "abs(r(mean) - .5) < .12", "r(N) == 1200"],
    );
}

/// Outcomes of known models with a slope of z, missing in every third row.
const OUTCOMES: &str = "set seed 7
quietly set obs 900
generate id = _n
generate double z = rnormal()
generate double e = z + logit(runiform())
generate byte o = 1 + (e > -1) + (e > 1)
generate double u = runiform()
generate byte k = cond(u < 1/(1 + exp(z) + exp(.5 - z)), 3, cond(u < (1 + exp(z))/(1 + exp(z) + exp(.5 - z)), 5, 8))
generate int n = rpoisson(exp(.5 + .5*z))
generate int b = rpoisson(exp(.5 + .5*z)*rgamma(2, .5))
generate double t = 1 + z - invnormal(runiform()*normal(1 + z))
foreach v in o k n b t {
    quietly replace `v' = . if mod(id, 3) == 0
}
mi set flong
mi register imputed o k n b t
";

#[test]
fn categories_counts_and_limited_outcomes_follow_their_models() {
    // the model of the imputed rows alone has the parameters that made the observed ones; their standard errors are
    // about .1 (ologit, mlogit) and .04 (the others) in 600 rows
    for (impute, fit, expressions) in [
        (
            "ologit o z",
            "ologit o z",
            &["abs(_b[z] - 1) < .35", "abs(_b[/cut1] + 1) < .4", "abs(_b[/cut2] - 1) < .4"][..],
        ),
        (
            "mlogit k z",
            "mlogit k z, baseoutcome(3)",
            &["abs([5]_b[z] - 1) < .45", "abs([8]_b[z] + 1) < .45", "abs([8]_b[_cons] - .5) < .4"],
        ),
        ("poisson n z", "poisson n z", &["abs(_b[z] - .5) < .15", "abs(_b[_cons] - .5) < .15"]),
        (
            "nbreg b z",
            "nbreg b z",
            &["abs(_b[z] - .5) < .2", "abs(_b[_cons] - .5) < .2", "abs(e(alpha) - .5) < .25"],
        ),
        ("truncreg t z, ll(0)", "truncreg t z, ll(0)", &["abs(_b[z] - 1) < .25", "abs(e(sigma) - 1) < .2"]),
    ] {
        let separator = if impute.contains(',') { " " } else { ", " };
        let method = impute.split(' ').next().expect("a method");
        holds(
            &format!(
                "{OUTCOMES}mi impute {impute}{separator}add(6) rseed(21)\nscalar named = \"`r(method)'\" == \"{method}\"\nquietly keep if _mi_m > 0 & mod(id, 3) == 0\nscalar rows = _N\n{fit}"
            ),
            &[&["rows == 1800", "e(N) == 1800", "named"], expressions].concat(),
        );
    }
}

#[test]
fn a_monotone_pattern_is_imputed_in_one_pass() {
    let data = format!("{DATA}replace c = . if x == .\nmi set wide\nmi register imputed x c\n");
    holds(
        &format!(
            "{data}mi impute monotone (logit) c (regress) x = y z, add(4) rseed(9)\nscalar k = r(k_ivars)\nscalar named = \"`r(method)'\" == \"monotone\"\nmi estimate, post: logit c x z"
        ),
        &["k == 2", "named", "e(M_mi) == 4", "abs(_b[x] - 1) < .5", "e(N_mi) == 600"],
    );
    let (log, rc) = run(&format!(
        "{DATA}mi set wide\nmi register imputed x c\nmi impute monotone (regress) x (logit) c = z, add(2)"
    ));
    assert_eq!(rc, 459, "{log}");
}

#[test]
fn a_test_of_coefficients_is_that_of_the_model() {
    // e(F_mi) agrees with Reiter (2007) in the oracle cases; one coefficient gives the square of its t statistic
    holds(
        &format!(
            "{DATA}mi set mlong\nmi register imputed x\nmi impute regress x y z, add(5) rseed(5)\nmi estimate: regress y x z\nmi test\nscalar f = r(F)\nscalar df = r(df_r)\nmi test x\nscalar t = el(e(b_mi),1,1)^2/el(e(V_mi),1,1)\nscalar d = el(e(df_mi),1,1)"
        ),
        &[
            "reldif(f, e(F_mi)) < 1e-12",
            "reldif(df, e(df_r_mi)) < 1e-12",
            "reldif(r(F), t) < 1e-9",
            "reldif(r(df_r), d) < 1e-9",
            "r(df) == 1",
        ],
    );
}

#[test]
fn chained_equations_impute_several_variables() {
    let chained = "mi impute chained (regress) x (logit) c = y z, add(4) rseed(9) burnin(5)\n";
    holds(
        &format!(
            "{DATA}mi set wide\nmi register imputed x c\n{chained}scalar k = r(k_ivars)\nmi estimate, post: logit c x z"
        ),
        &["k == 2", "e(M_mi) == 4", "abs(_b[x] - 1) < .5", "e(N_mi) == 600"],
    );
    // the same seed gives the same values; replace makes them again, and add() keeps the old ones
    holds(
        &format!(
            "{DATA}mi set wide\nmi register imputed x c\n{chained}generate double first = _2_x\nmi impute chained (regress) x (logit) c = y z, replace rseed(9) burnin(5)\nscalar updated = r(M_update)\ngenerate same = first == _2_x\nquietly summarize same\nscalar s = r(mean)\nmi impute chained (pmm, knn(3)) x (logit) c = y z, add(1) rseed(4)\nscalar m = r(M)\nquietly replace same = first == _2_x\nquietly summarize same"
        ),
        &["updated == 4", "s == 1", "m == 5", "r(mean) == 1"],
    );
}

#[test]
fn passive_variables_and_commands_on_each_imputation() {
    holds(
        &format!(
            "{DATA}mi set mlong\nmi register imputed x\nmi impute regress x y z, add(3) rseed(5)\nmi passive: generate double xx = x*z\nquietly count if xx == . & _mi_m > 0\nscalar left = r(N)\nmi estimate, post: regress y x z xx\nmi describe\nlocal p \"`r(pvars)'\"\nscalar p = \"`p'\" == \"xx\"\nmi xeq 1 2: summarize x"
        ),
        &["left == 0", "abs(_b[xx]) < .2", "p"],
    );
    holds(
        &format!(
            "{DATA}mi set flong\nmi register imputed x\nmi register regular z\nmi unregister z\nmi impute regress x y z if id <= 500, add(2) rseed(5)\nquietly count if x == . & _mi_m > 0\nscalar left = r(N)\nquietly count if x == . & _mi_m == 0 & id > 500"
        ),
        &["left == 2*r(N)"],
    );
}

#[test]
fn what_is_wrong_or_missing_is_said() {
    let set = format!("{DATA}mi set wide\nmi register imputed x\n");
    let imputed = format!("{set}mi impute regress x y z, add(2)\n");
    for (text, code) in [
        (format!("{DATA}mi estimate: regress y x"), 119),
        (format!("{DATA}mi set other"), 198),
        (format!("{DATA}mi set flongsep"), 199),
        (format!("{set}mi set wide"), 459),
        (format!("{set}mi register regular x"), 110),
        (format!("{set}mi impute regress x y z"), 198),
        (format!("{set}mi impute regress x y z, replace"), 198),
        (format!("{set}mi impute regress c y z, add(2)"), 459),
        (format!("{set}mi impute pmm x y z, add(2)"), 198),
        (format!("{set}mi impute intreg x y z, add(2)"), 199),
        (format!("{set}mi impute nosuch x y z, add(2)"), 198),
        (format!("{set}mi impute poisson x y z, add(2) knn(3)"), 198),
        (format!("{set}mi impute poisson x y z, add(2)"), 459),
        (format!("{set}mi impute logit x y z, add(2)"), 459),
        (format!("{set}mi impute regress x c, add(2)"), 459),
        (format!("{set}mi estimate: regress y x"), 2000),
        (format!("{imputed}mi estimate, mcerror: regress y x"), 199),
        (format!("{imputed}mi estimate, other: regress y x"), 198),
        (format!("{imputed}mi estimate: regress y x c nosuch"), 111),
        (format!("{imputed}mi estimate: summarize y"), 301),
        (format!("{imputed}mi estimate (a: _b[nosuch]): regress y x"), 111),
        (format!("{imputed}mi estimate a: regress y x"), 198),
        (format!("{imputed}mi extract 3"), 198),
        (format!("{imputed}mi xeq 1: replace y = 1"), 199),
        (format!("{imputed}mi predict a"), 199),
        (format!("{imputed}mi test x"), 301),
        (format!("{imputed}mi estimate: regress y x\nmi test z"), 111),
        (format!("{imputed}mi estimate: regress y x\nmi test x = 1"), 199),
        (format!("{imputed}mi passive: drop y"), 198),
    ] {
        let (log, rc) = run(&text);
        assert_eq!(rc, code, "{text}\n{log}");
    }
    // a failed imputation leaves the data as they were
    holds(
        &format!("{imputed}capture mi impute regress x c, replace\nscalar rc = _rc\nmi query"),
        &["rc == 459", "r(M) == 2", "_N == 600"],
    );
}

/// Draws of several variables together: their means and slopes are those of the complete data up to the noise of draws; a row
/// without any value is imputed too, and a value that was observed stays.
#[test]
fn joint_draws_follow_the_normal_model() {
    holds(
        &format!(
            "{DATA}generate double w = x + rnormal() if mod(_n, 4)\ngenerate double kept = w\nmi set mlong\nmi register imputed x w\nmi impute mvn x w = y z, add(15) burnin(20) burnbetween(10) rseed(3)\nscalar m = r(M_add)\nmatrix I = r(N_imputed)\nscalar named = \"`r(method)'\" == \"mvn\" & \"`r(prior)'\" == \"uniform\"\nquietly count if _mi_m > 0 & (x == . | w == .)\nscalar left = r(N)\nquietly count if _mi_m > 0 & kept < . & kept != w\nscalar moved = r(N)\nmi estimate, post: regress w x"
        ),
        &[
            "m == 15",
            "I[1,2] == 279",
            "named",
            "left == 0",
            "moved == 0",
            "abs(_b[x] - 1) < .12",
            "abs(_b[_cons]) < .15",
        ],
    );
    let (log, rc) = run(&format!("{DATA}mi set wide\nmi register imputed x\nmi impute mvn x c = z, add(2)"));
    assert_eq!(rc, 459, "{log}");
    let (log, rc) =
        run(&format!("{DATA}mi set wide\nmi register imputed x\nmi impute mvn x = z, add(2) prior(ridge)"));
    assert_eq!(rc, 199, "{log}");
}

/// Where one variable is missing the chain is the imputation by regression: rounds given the same observed values are
/// independent of each other, so that the spread between imputations is that of the posterior.
#[test]
fn joint_draws_of_one_variable_are_those_of_its_regression() {
    let spread = |impute: &str| {
        let mut s = Session::default();
        let text = format!(
            "{DATA}mi set mlong\nmi register imputed x\n{impute} add(60) rseed(8)\nmi estimate, post: mean x\nmatrix B = e(B_mi)\nmatrix W = e(W_mi)\nscalar b = _b[x]"
        );
        let (log, rc) = s.run_captured(&text);
        assert_eq!(rc, 0, "{log}");
        ["b", "B[1,1]", "W[1,1]"].map(|name| s.eval_num(name).expect("a number"))
    };
    let [mean, between, within] = spread("mi impute regress x y z,");
    let [other, across, inside] = spread("mi impute mvn x = y z, burnin(5) burnbetween(1)");
    assert!((mean - other).abs() < 0.01, "{mean} {other}");
    assert!((within / inside - 1.0).abs() < 0.05, "{within} {inside}");
    assert!((between / across).ln().abs() < 0.7, "{between} {across}");
}
