//! Parts of a line that a command does not read are refused: a weight, a selection or an option that nobody reads would
//! leave wrong numbers behind.

use crate::support::{holds, run};
use dofile::Session;

const DATA: &str = "set obs 40\ngenerate id = ceil(_n/2)\nbysort id: generate j = _n\ngenerate x = mod(_n*7, 11)\n\
                    generate g = mod(_n, 2)\ngenerate w = 1 + mod(_n, 3)\ngenerate o = 1 + mod(_n*5 + x, 3)\ngenerate y = x + mod(_n*3, 5) + g\n";

fn refused(line: &str, code: i32) -> String {
    let (log, rc) = Session::default().run_captured(&format!("{DATA}quietly regress y x i.g\n{line}"));
    assert_eq!(rc, code, "{line}\n{log}");
    log
}

/// [P] error: r(101) for a weight that a command does not take.
#[test]
fn weights_that_a_command_does_not_read_are_refused() {
    for line in [
        "egen m = mean(x) [aw=w]",
        "egen m = total(x) [fw=w], by(g)",
        "recode x (1=2) [aw=w]",
        "reshape wide x y g w o [aw=w], i(id) j(j)",
        "esize twosample x [fw=w], by(g)",
        "linktest [aw=w]",
        "predict p [aw=w]",
        "predictnl p = _b[x]*x [aw=w]",
        "clonevar z = x [aw=w]",
        "clear\nset obs 9\ngenerate t = _n\ntsset t\ncorrgram t [aw=t]",
        "stset y\nsts list [aw=w]",
    ] {
        assert!(refused(line, 101).contains("weights not allowed"), "{line}");
    }
}

/// [P] error: r(101) for `if` and `in` where a command takes the whole data.
#[test]
fn selections_that_a_command_does_not_read_are_refused() {
    assert!(refused("reshape wide x y g w o if id < 9, i(id) j(j)", 101).contains("if not allowed"));
    assert!(refused("reshape wide x y g w o in 1/8, i(id) j(j)", 101).contains("in range not allowed"));
}

/// `streset` keeps the weights of `stset` and takes a range.
#[test]
fn streset_takes_a_range() {
    let (session, _) = run(&format!(
        "{DATA}generate t = _n\nstset t [fw=w], failure(g)\nstreset in 1/10, scale(2)\n\
                                     count if _st\nscalar n = r(N)\nscalar fourth = _t[4]"
    ));
    holds(&session, &["n == 10", "fourth == 2"]);
}

/// One probability for each outcome has as many names as scores, and is no answer to a request for them.
#[test]
fn predictions_of_several_outcomes_answer_what_was_asked() {
    let model = "quietly ologit o x\n";
    refused(&format!("{model}predict a b, scores"), 102);
    refused(&format!("{model}predict a b c, xb"), 103);
    refused(&format!("{model}predict a b c, stdp"), 103);
    let (session, log) = run(&format!("{DATA}{model}predict a b c, pr"));
    holds(&session, &["reldif(a[1] + b[1] + c[1], 1) < 1e-6"]);
    assert!(!log.contains("assumed"), "{log}");
}

/// [TS] tsset: r(111) without a time variable.
#[test]
fn operators_without_a_time_variable_give_r_111() {
    for line in ["generate z = L.x", "regress y L.x", "summarize D.x", "tsset"] {
        assert!(refused(line, 111).contains("time variable not set"), "{line}");
    }
    refused("xtset", 459);
}

/// Names in the manuals are those of commands that this engine has not, everything else is unrecognized.
#[test]
fn commands_of_the_manuals_are_named_as_such() {
    for line in ["stcoxkm, by(g)", "cmtab", "xteprobit y x", "manovatest g", "meintreg y y"] {
        assert!(refused(line, 199).contains("is not supported by the open engine"), "{line}");
    }
    assert!(refused("nosuchcommand x", 199).contains("is unrecognized"));
}
