//! `forecast`: models of equations and identities, their solutions and what the subcommands refuse ([TS] forecast).

use crate::support::{has_lines, holds, run, try_run};

/// Income of consumption, investment and outlays of the state; the equations are known.
const MODEL: &str = "set obs 30
generate t = 1990 + _n
tsset t
generate double g = 20 + mod(7*_n, 5)
generate double c = 40 + mod(3*_n, 7) + _n
generate double i = 10 + mod(5*_n, 4)
generate double y = c + i + g
quietly regress c y L.c in 1/24
estimates store cons
quietly regress i L.y L.i in 1/24
estimates store inv
foreach v in c i y {
    replace `v' = . in 25/30
}
forecast create small
forecast estimates cons
forecast estimates inv
forecast identity y = c + i + g
forecast exogenous g
";

#[test]
fn a_model_says_what_it_holds() {
    let (session, log) = run(&format!("{MODEL}forecast query\nscalar found = r(found)\nforecast list"));
    has_lines(
        &log,
        "  Forecast model small started.\n  Added estimation results from regress.\n  Forecast model small now contains 1 endogenous variable.\n  Forecast model small now contains 2 endogenous variables.\n  Forecast model small now contains 3 endogenous variables.\n  Forecast model small now contains 1 declared exogenous variable.\nforecast create small\nforecast estimates cons\nforecast estimates inv\nforecast identity y = c + i + g\nforecast exogenous g",
    );
    holds(&session, &["found == 1"]);
}

#[test]
fn descriptions_store_their_results() {
    let (session, log) = run(&format!(
        "{MODEL}forecast adjust c = c + 1 if t == 2016\nforecast describe endogenous\nassert \"`r(varlist)'\" == \"c i y\"\n\
         assert \"`r(source_list)'\" == \"estimates estimates identity\"\nassert \"`r(adjust_cnt)'\" == \"1 0 0\"\n\
         scalar n = r(n_endogenous)\nforecast describe estimates, detail\nassert \"`r(estimates)'\" == \"cons inv\"\n\
         scalar lhs = r(n_lhs)\nforecast describe identity\nscalar ids = r(n_identities)\nforecast describe exogenous, brief\n\
         scalar x = r(n_exogenous)\nforecast describe adjust\nassert r(n_adjustments) == 1 & r(n_adjust_vars) == 1\n\
         forecast solve, log(off)\nforecast describe solve\nassert \"`r(begin)'\" == \"2015\" & \"`r(end)'\" == \"2020\"\n\
         assert r(periods) == 6 & r(Nvar) == 3 & \"`r(technique)'\" == \"dampedgaussseidel\"\nforecast describe"
    ));
    has_lines(
        &log,
        "Forecast model small contains 3 endogenous variables:\nForecast model small contains 1 declared exogenous variable.",
    );
    holds(&session, &["n == 3", "lhs == 2", "ids == 1", "x == 1"]);
}

#[test]
fn a_solution_is_printed_and_dropped() {
    let (session, log) = run(&format!(
        "{MODEL}forecast solve, prefix(bl_) technique(newtonraphson)\nassert r(first_obs) == 25 & r(last_obs) == 30 & r(Npanels) == 1\n\
         assert bl_c[24] == float(c[24]) & missing(c[25])\nforecast drop, prefix(bl_)\nscalar gone = r(n_dropped)\n\
         capture confirm variable bl_c\nscalar rc = _rc\nforecast clear\nforecast query\nscalar left = r(found)"
    ));
    has_lines(
        &log,
        "Computing dynamic forecasts for model small.\nStarting period:  2015\nEnding period:    2020\nForecast prefix:  bl_\nForecast 3 variables spanning 6 periods.",
    );
    holds(&session, &["gone == 3", "rc == 111", "left == 0"]);
}

/// Both techniques, and equations with factor variables and without, have one solution.
#[test]
fn techniques_agree() {
    let (session, _) = run(&format!(
        "{MODEL}forecast solve, prefix(a_) double vtolerance(1e-12) log(off)\nforecast solve, prefix(b_) double technique(gaussseidel) vtolerance(1e-12) log(off)\n\
         forecast solve, suffix(_n) double technique(newtonraphson) log(off)\n\
         scalar d = max(reldif(a_y[30], b_y[30]), reldif(a_y[30], y_n[30]), reldif(a_c[27], c_n[27]))"
    ));
    holds(&session, &["d < 1e-8"]);
}

#[test]
fn what_cannot_be_solved_is_refused() {
    for (line, code, named) in [
        ("forecast estimates nothing", 111, "nothing"),
        ("forecast estimates cons", 110, "c"),
        ("forecast identity y = c", 110, "y"),
        ("forecast identity c y", 198, ""),
        ("forecast exogenous c", 110, "c"),
        ("forecast adjust g = 1", 111, "g"),
        ("forecast adjust c = 1 in 3", 199, "in"),
        ("forecast create other", 110, "replace"),
        ("forecast coefvector b", 199, "coefvector"),
        ("forecast solve, simulate(betas)", 199, "simulate"),
        ("forecast solve, technique(broydenpowell)", 199, "broydenpowell"),
        ("forecast solve, prefix(a) suffix(b)", 198, "suffix"),
        ("forecast solve, begin(2030)", 198, "begin"),
        ("replace g = . in 27\nforecast solve", 459, "g"),
        ("generate f_c = 1\nforecast solve", 110, "f_c"),
        ("forecast solve, iterate(2)", 430, "2015"),
        ("quietly logit bin c\nestimates store l\nforecast estimates l", 199, "logit"),
        ("quietly regress D.c L.y\nestimates store l\nforecast estimates l", 198, "names()"),
        ("forecast clear\nforecast solve", 198, "forecast create"),
    ] {
        let (log, rc) = try_run(&format!("{MODEL}generate bin = mod(_n, 3) == 0\n{line}"));
        assert_eq!(rc, code, "{line}\n{log}");
        assert!(log.contains(named), "{line}\n{log}");
    }
}
