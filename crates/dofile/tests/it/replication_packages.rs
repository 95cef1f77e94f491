//! What replication packages do with results: rolling windows that are kept in a file, programs of their own that post
//! estimates, outcomes of long codes, notes of survey models.

use crate::support::log_of;
use dofile::Session;

fn numbers(text: &str, expressions: &[&str]) -> Vec<f64> {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    expressions.iter().map(|e| session.eval_num(e).expect("a number")).collect()
}

/// `[TS] rolling`: the results have the panel and the limits of each window, in memory and in a file.
#[test]
fn windows_that_are_saved_keep_their_panel_and_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let text = "set obs 12\ngenerate firm = ceil(_n/6)\nbysort firm: generate day = 100 + _n\ngenerate x = day^2\nxtset firm day\n\
                rolling m=r(mean), window(3) stepsize(2) saving(w, replace) nodots: summarize x\nuse w, clear\nsort firm start";
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    let found: Vec<f64> = ["_N", "firm[3]", "start[2]", "end[2]", "start[4]", "m[1]"]
        .iter()
        .map(|e| session.eval_num(e).expect("a number"))
        .collect();
    let mean = f64::from(101 * 101 + 102 * 102 + 103 * 103) / 3.0;
    assert_eq!(found, [4.0, 2.0, 103.0, 105.0, 103.0, f64::from(mean as f32)]);
}

/// Two outcomes never share the name of an equation: estimates of codes of ten digits are those of 0, 1 and 2.
#[test]
fn outcomes_of_long_codes_have_equations_of_their_own() {
    let text = "set obs 120\ngenerate x = mod(_n*7, 11)\ngenerate k = mod(_n*5 + x, 3)\nmlogit k x, baseoutcome(0)\n\
                matrix plain = e(b)\nmargins, dydx(x) predict(outcome(2))\nmatrix effect = r(b)\n\
                generate long code = 1000000000 + k\nmlogit code x, baseoutcome(1000000000)\nmatrix long = e(b)\n\
                local names = e(eqnames)\nscalar named = \"`names'\" == \"1000000000 1000000001 1000000002\"\n\
                margins, dydx(x) predict(outcome(1000000002))\nscalar same = mreldif(long, plain)\n\
                scalar change = mreldif(r(b), effect)\n\
                label define l 0 \"other\" 1 \"other\" 2 \"none\"\nlabel values k l\nmlogit k x\nlocal names = e(eqnames)\n\
                scalar agree = \"`names'\" == \"0 1 none\"";
    let found = numbers(text, &["named", "same < 1e-10", "change < 1e-10", "agree"]);
    assert_eq!(found, [1.0, 1.0, 1.0, 1.0]);
}

/// A base level is no omitted regressor.
#[test]
fn survey_models_note_no_base_levels() {
    let text = "set obs 60\ngenerate a = mod(_n, 2)\ngenerate b = 1 + mod(_n, 3)\ngenerate y = _n*a + mod(_n*79, 101)\n\
                generate w = 1 + mod(_n, 5)\ngenerate c = 2*y\nsvyset [pweight=w]\nsvy: regress y i.a##i.b";
    assert!(!log_of(text).contains("omitted because of collinearity"));
    let repeated = format!("{text}\nsvy: regress b y c i.a");
    assert_eq!(log_of(&repeated).matches("omitted because of collinearity.").count(), 1);
}

/// `[P] ereturn`: a program may name the predictions of `regress` as its own.
#[test]
fn programs_that_post_estimates_predict_as_regress_does() {
    let text = "program define myols, eclass\n syntax varlist(fv)\n marksample touse\n gettoken dep ind : varlist\n _fv_check_depvar `dep'\n\
                 tempname b V XX Xy\n quietly matrix accum `XX' = `ind' if `touse'\n quietly matrix vecaccum `Xy' = `dep' `ind' if `touse'\n\
                 matrix `b' = `Xy' * invsym(`XX')\n matrix `V' = invsym(`XX')\n ereturn post `b' `V', esample(`touse') depname(`dep') obs(20)\n\
                 ereturn local predict \"regress_p\"\n ereturn local cmd \"myols\"\nend\n\
                set obs 20\ngenerate x = _n\ngenerate y = 3*x + mod(_n*7, 5)\nregress y x\npredict double r, residuals\nmargins, dydx(x)\n\
                matrix want = r(b)\nmyols y x\npredict double own, residuals\nmargins, dydx(x)\nscalar gap = mreldif(r(b), want)\n\
                generate double d = abs(own - r)\nsummarize d\ncapture myols i.x y\nscalar rc = _rc";
    assert_eq!(numbers(text, &["gap < 1e-12", "r(max) < 1e-10", "rc"]), [1.0, 1.0, 198.0]);
}

/// `[R] bootstrap`: e(b_bs) is the mean of the replications, e(z0) the normal quantile of their share up to the estimate.
#[test]
fn the_bootstrap_stores_its_means_and_median_biases() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let text = "set obs 30\ngenerate y = mod(_n*7, 13)\nbootstrap m=r(mean), reps(25) seed(1) saving(b, double) nodots: summarize y\n\
                matrix b = e(b)\nmatrix mean = e(b_bs)\nmatrix bias = e(bias)\nmatrix z = e(z0)\nuse b, clear\nsummarize m\n\
                scalar mean = r(mean)\ncount if m <= b[1,1]\nscalar z0 = invnormal(r(N)/25)";
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for expression in [
        "reldif(mean[1,1], mean) < 1e-12",
        "reldif(mean[1,1], b[1,1] + bias[1,1]) < 1e-12",
        "reldif(z[1,1], z0) < 1e-12",
    ] {
        assert_eq!(session.eval_num(expression), Ok(1.0), "{expression}\n{log}");
    }
}

/// `[D] destring`: percent takes the signs away and divides all values of the variable by 100, with ignore() too.
#[test]
fn destring_divides_all_values_of_a_variable_with_percent_signs() {
    let data = "input str6 p str3 n\n\"12%\" \"5\"\n\"7.5 %\" \"6\"\n\"3\" \"7\"\nend\n";
    for options in ["percent", "percent ignore(\"%\")"] {
        let found = numbers(
            &format!("{data}destring p n, generate(x y) {options}"),
            &["x[1]", "x[2]", "x[3]", "y[3]"],
        );
        assert_eq!(found, [0.12, 0.075, 0.03, 7.0], "{options}");
    }
    assert_eq!(numbers(&format!("{data}destring p, generate(x) ignore(\"%\")"), &["x[1]"]), [12.0]);
}

/// `[P] macro`: the name in the braces of a global macro may itself have one.
#[test]
fn global_macros_stand_in_the_names_of_others() {
    let text = "global i 1\nglobal G1 hello\nglobal hello 7\nscalar a = \"${G${i}}|${G$i}x\" == \"hello|hellox\"\nscalar b = ${${G${i}}}";
    assert_eq!(numbers(text, &["a", "b"]), [1.0, 7.0]);
}

/// Numbers in tests and combinations may have a power of ten with its sign.
#[test]
fn linear_forms_take_numbers_with_powers_of_ten() {
    let text = "set obs 30\ngenerate x = _n\ngenerate e1 = mod(_n*7, 11)\ngenerate y = 2*x + e1 + mod(_n*13, 17)\nregress y x e1\n\
                lincom 9.8e-2*x + 2.5E+1*e1 - 1e1\nscalar a = reldif(r(estimate), .098*_b[x] + 25*_b[e1] - 10)\n\
                test 1e-1*x = 2e-1\nscalar f = r(F)\ntest x = 2\nscalar same = reldif(r(F), f)\n\
                lincom e1-1*x\nscalar b = reldif(r(estimate), _b[e1] - _b[x])\n\
                constraint 1 x = 5e-1*e1\ncnsreg y x e1, constraints(1)\nscalar c = reldif(_b[x], .5*_b[e1])";
    let found = numbers(text, &["a < 1e-12", "same < 1e-12", "b < 1e-12", "c < 1e-12"]);
    assert_eq!(found, [1.0; 4]);
}

/// Intervals that are wider than a column stay whole.
#[test]
fn esttab_cuts_no_number() {
    let text = "set obs 50\ngenerate x = _n\ngenerate y = x + mod(_n*7, 13)\nregress y x\neststo a\n";
    let log =
        log_of(&format!("{text}esttab a, cells(\"b(fmt(3)) ci(par fmt(4))\") modelwidth(8)\nesttab a, ci"));
    assert!(!log.contains('~'), "{log}");
    let interval = "display \"[\" %5.3f _b[x] - invttail(48, .025)*_se[x] \",\" %5.3f _b[x] + invttail(48, .025)*_se[x] \"]\"";
    let shown = log_of(&format!("{text}{interval}"));
    let shown = shown.lines().find(|line| line.starts_with('[')).expect("the interval");
    assert!(log.contains(shown), "{shown}\n{log}");
}

/// `[SVY] estat`: MEFF is the variance over that of the command without the design. Numbers: numpy, the variance of totals of
/// units within strata over `s^2/n`, `n s^2` and the linearised ratio with equal weights.
#[test]
fn misspecification_effects_compare_with_the_plain_command() {
    let data = "set obs 24\ngenerate st = 1 + (_n > 12)\ngenerate psu = ceil(_n/3)\ngenerate w = 1 + mod(_n, 4)\n\
                generate g = mod(_n, 2)\ngenerate y = mod(_n*7, 13) + 3*g\ngenerate x = 1 + mod(_n*5, 7)\n\
                svyset psu [pweight=w], strata(st)\n";
    let cases: [(&str, &[f64]); 6] = [
        ("svy: mean y", &[1.119791570881226]),
        ("svy: total y", &[8.013869731800765]),
        ("svy: mean y, over(g)", &[0.7184829059829061, 0.572517674369526]),
        ("svy: total y, over(g)", &[2.9567745551352105, 4.068612774451098]),
        ("svy: ratio y/x", &[0.7910593839411316]),
        ("svy, subpop(g): total y", &[14.283882783882783]),
    ];
    for (command, want) in cases {
        let text =
            format!("{data}{command}\nestat effects, meff meft\nmatrix f = r(meff)\nmatrix t = r(meft)");
        for (j, want) in want.iter().enumerate() {
            let found = numbers(&text, &[&format!("f[1,{}]", j + 1), &format!("t[1,{}]^2", j + 1)]);
            assert!(found.iter().all(|x| (x / want - 1.0).abs() < 1e-7), "{command}: {found:?}, not {want}");
        }
    }
    let log = log_of(&format!("{data}svy: mean y\nestat effects, deff deft meff meft\nestat effects"));
    assert!(log.contains("std. err.       DEFF      DEFT      MEFF      MEFT\n"), "{log}");
    assert!(log.contains("std. err.       DEFF      DEFT\n"), "{log}");
}

/// `[R] cumul`: shares of the sum of the weights; frequency weights stand for rows.
#[test]
fn cumulative_shares_take_weights() {
    let data = "input x w\n1 2\n3 1\n3 4\n7 1\nend\n";
    let text = format!(
        "{data}cumul x [aweight=w], generate(a)\ncumul x [fweight=w], generate(e) equal\ncumul x [fweight=w], generate(f) freq equal\n\
                        expand w\ncumul x, generate(rows) equal\nsummarize rows if x == 3"
    );
    let found =
        numbers(&text, &["a[1] == 2/8", "a[3] == 7/8", "e[2] == 7/8", "f[2]", "r(max) == 7/8", "e[4]"]);
    assert_eq!(found, [1.0, 1.0, 1.0, 7.0, 1.0, 1.0]);
}

/// `[FN] datepart()`, `clockpart()`.
#[test]
fn parts_of_dates_and_times_have_their_units() {
    let text = "scalar d = td(5mar2020)\nscalar c = tc(5mar1950 13:45:01.250)";
    let parts = [
        "datepart(d, \"y\")",
        "datepart(d, \"month\")",
        "datepart(d, \"d\")",
        "missing(datepart(d, \"hour\"))",
    ];
    assert_eq!(numbers(text, &parts), [2020.0, 3.0, 5.0, 1.0]);
    let parts =
        ["year", "mon", "day", "hour", "minute", "s", "ms"].map(|unit| format!("clockpart(c, \"{unit}\")"));
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    assert_eq!(numbers(text, &parts), [1950.0, 3.0, 5.0, 13.0, 45.0, 1.0, 250.0]);
}

/// `[FN] String functions`: the examples of ustrpos(), ustrrpos(), strtoname() and tobytes() with their last arguments.
#[test]
fn string_functions_heed_their_last_arguments() {
    let positions = [
        ("ustrpos(\"médiane\", \"édi\")", 2.0),
        ("ustrpos(\"médiane\", \"édi\", 3)", 0.0),
        ("ustrpos(\"äöüö\", \"ö\", 3)", 4.0),
        ("ustrpos(\"ab\", \"b\", 9)", 0.0),
        ("ustrrpos(\"enchanté\", \"n\")", 6.0),
        ("ustrrpos(\"enchanté\", \"n\", 5)", 2.0),
        ("ustrrpos(\"enchanté\", \"n\", 6)", 6.0),
        ("ustrrpos(\"enchanté\", \"ne\")", 0.0),
        ("strtoname(\"5:30\", 1) == \"_5_30\"", 1.0),
        ("strtoname(\"5:30\", 0) == \"5_30\"", 1.0),
        ("strtoname(\"5\") == \"_5\"", 1.0),
        ("strtoname(\"é\") == \"__\"", 1.0),
        ("ustrtoname(\"5é:x\", 0) == \"5é_x\"", 1.0),
        ("tobytes(\"abc\", 1) == \"\\x61\\x62\\x63\"", 1.0),
        ("tobytes(\"café\") == \"\\d099\\d097\\d102\\d195\\d169\"", 1.0),
    ];
    for (expression, want) in positions {
        assert_eq!(numbers("", &[expression]), [want], "{expression}");
    }
}
