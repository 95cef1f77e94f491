//! Commands for the interpretation of models and lists of variables: what they refuse and with which code.

use dofile::Session;

const MODEL: &str = "set obs 60\ngenerate x = mod(7*_n, 11)\ngenerate g = mod(_n, 3)\n\
                     generate y = mod(11*_n, 17) + x > 12\n";

/// Return code and log of a do-file after the data of a model.
fn run(text: &str) -> (i32, String) {
    let (log, rc) = Session::default().run_captured(&format!("{MODEL}{text}"));
    (rc, log)
}

fn refuses(text: &str, code: i32, message: &str) {
    let (rc, log) = run(text);
    assert_eq!(rc, code, "{text}\n{log}");
    assert!(log.contains(message), "{text}: no {message:?} in\n{log}");
}

#[test]
fn without_estimates_there_is_nothing_to_interpret() {
    for command in ["listcoef", "fitstat", "mchange", "mtable", "prvalue", "prchange", "margeff", "mlincom 1"]
    {
        let (rc, log) = run(command);
        assert_eq!(rc, 301, "{command}\n{log}");
    }
}

#[test]
fn other_models_are_refused_by_name() {
    refuses("tobit y x, ll(0)\nlistcoef", 322, "listcoef after tobit is not supported by the open engine");
    refuses("regress y x\nmargeff", 322, "margeff after regress");
    refuses("probit y x\nlistcoef, factor", 198, "not allowed after probit");
}

#[test]
fn forms_that_exclude_each_other_are_refused() {
    refuses("logit y x\nlistcoef, percent std", 198, "only one of factor, percent and std");
    refuses("logit y x\nlistcoef, gt", 198, "option gt not allowed");
    refuses("logit y x\nlistcoef g", 198, "g is not a regressor of the model");
    refuses("mlogit g x\nlistcoef, std", 199, "std after mlogit");
    refuses("logit y x\nmchange, amount(huge)", 198, "amount(huge)");
    refuses("logit y x\nmchange, amount(delta)", 198, "needs option delta()");
    refuses("logit y x\nmtable, statistics(median)", 198, "statistics(median)");
    refuses("logit y x\nmtable, over(g)", 199, "over()");
}

#[test]
fn older_commands_take_no_factor_variables() {
    refuses("logit y x i.g\nprvalue", 198, "does not work with factor variables");
    refuses("logit y x i.g\nprchange", 198, "does not work with factor variables");
    refuses("logit y x i.g\nmargeff", 198, "does not work with factor variables");
}

#[test]
fn measures_are_compared_with_saved_ones_of_the_same_rows() {
    refuses("logit y x\nfitstat, diff", 198, "no measures were saved");
    refuses(
        "logit y x\nquietly fitstat, save\nlogit y x in 1/50\nfitstat, diff",
        459,
        "numbers of observations",
    );
    refuses("logit y x\nquietly fitstat, save\nprobit y x\nfitstat, diff", 459, "logit");
    let (rc, log) = run("logit y x\nquietly fitstat, save\nprobit y x\nfitstat, diff force");
    assert_eq!(rc, 0, "{log}");
}

/// The point of a change is that of at(), and the variable itself is set once.
#[test]
fn a_change_starts_from_the_value_of_at() {
    let (rc, log) = run("logit y x g\nmchange x, at(x=2 g = 1) amount(one)\nscalar c = el(r(table), 1, 1)\n\
         scalar d = invlogit(_b[_cons] + 3*_b[x] + _b[g]) - invlogit(_b[_cons] + 2*_b[x] + _b[g])\n\
         assert reldif(c, d) < 1e-10");
    assert_eq!(rc, 0, "{log}");
}

#[test]
fn numbers_of_estimates_are_combined_with_signs() {
    let (rc, log) = run("logit y x\nmtable, at(x = (0 1 2 3)) post\nmlincom (4 - 3) - (2-1)\n\
         scalar d = el(e(b),1,4) - el(e(b),1,3) - el(e(b),1,2) + el(e(b),1,1)\nassert reldif(r(est), d) < 1e-10");
    assert_eq!(rc, 0, "{log}");
    refuses("logit y x\nmlincom 1 -", 198, "expression");
    refuses("logit y x\nmlincom 7", 111, "estimate 7 not found");
}

#[test]
fn lists_of_variables_keep_to_their_rules() {
    refuses("vl create a = nothing", 111, "vl list nothing not found");
    refuses("vl create a = (x)\nvl create a = (y)", 110, "already defined");
    refuses("vl modify a = (x)", 111, "vl list a not found");
    refuses("vl rebuild", 199, "rebuild");
    let (rc, log) = run(
        "vl create a = (x y g)\nvl modify a = a - (y)\nassert \"$a\" == \"x g\"\nvl drop (x)\nassert \"$a\" == \"g\"\nvl clear\nassert \"$a\" == \"\"",
    );
    assert_eq!(rc, 0, "{log}");
}

#[test]
fn quantile_groups_and_stems_check_their_numbers() {
    refuses("sumdist x, ngps(1)", 198, "ngps()");
    refuses("stem x, lines(3)", 198, "must divide 10");
    refuses("stem x, lines(2) width(5)", 198, "may not be combined");
    refuses("ineqdec0 x, by(y) welfare", 199, "welfare");
    refuses("stripplot x, bar", 199, "bar");
}
