//! Lines of real do-files: commands that never stop a script, older syntax and names, prefixes that catch errors.

use dofile::Session;

fn run(text: &str) -> (Session, String, i32) {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(text);
    (session, log, rc)
}

fn holds(text: &str, expressions: &[(&str, f64)]) {
    let (session, log, rc) = run(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    for (expression, want) in expressions {
        let got = session.eval_num(expression).expect("a number");
        assert!((got - want).abs() < 1e-9, "{text}: {expression} is {got}, not {want}");
    }
}

#[test]
fn capture_catches_what_goes_wrong_in_a_by_prefix() {
    let data = "set obs 4\ngenerate g = mod(_n, 2)\n";
    holds(&format!("{data}capture by g: summarize g\nscalar a = _rc"), &[("a", 5.0)]);
    holds(&format!("{data}capture by nosuch: summarize g\nscalar a = _rc"), &[("a", 111.0)]);
    holds(&format!("{data}capture bysort g summarize g\nscalar a = _rc"), &[("a", 198.0)]);
    holds(&format!("{data}capture bysort g: nosuch g\nscalar a = _rc > 0"), &[("a", 1.0)]);
}

#[test]
fn commands_without_a_meaning_here_stop_nothing() {
    for line in [
        "cls",
        "more",
        "pause on",
        "sleep 100",
        "window manage forward results",
        "query memory",
        "browse",
        "help regress",
        "ssc install estout, replace",
        "net install x, from(nowhere)",
        "ado update",
        "adopath + folder",
        "update all",
        "graph close _all",
        "graph set window fontface Arial",
        "set more off, permanently",
        "set rmsg on",
        "set trace off",
        "set output error",
        "set emptycells drop",
        "set logtype smcl",
        "set graphics off",
        "set matsize 800",
        "set mem 1g",
    ] {
        holds(line, &[("c(N)", 0.0)]);
    }
}

#[test]
fn old_and_short_forms_of_data_commands() {
    let file = "tempfile f\nset obs 3\ngenerate id = _n\ngenerate z = 10*_n\nsave `f'\n";
    holds(&format!("{file}replace z = 0\nuse `f', replace"), &[("z[3]", 30.0)]);
    let merge = "clear\nset obs 2\ngenerate y = _n\n";
    holds(
        &format!("{file}{merge}merge 1:1 _n using `f'"),
        &[("_N", 3.0), ("z[2]", 20.0), ("_merge[3]", 2.0)],
    );
    holds(&format!("{file}{merge}merge using `f'"), &[("_N", 3.0), ("_merge[1]", 3.0)]);
    holds(
        &format!("{file}{merge}generate id = _n + 1\nmerge id using `f'\nsort id"),
        &[("_N", 3.0), ("_merge[1]", 2.0), ("z[3]", 30.0)],
    );
    holds(
        "set obs 2\ngenerate x = _n\nla var x \"a\"\nla def l 1 \"one\"\nla val x l\nlocal v : variable label x\nscalar s = \"`v'\" == \"a\"",
        &[("s", 1.0)],
    );
    holds("local h : environment HOME\nscalar s = \"`h'\" == \"\"", &[("s", 1.0)]);
}

/// Controls that are certain not to be treated are no trouble for the effect on the treated ([CAUSAL] teffects
/// intro advanced: overlap for the treated asks for scores below one).
#[test]
fn the_effect_on_the_treated_needs_scores_below_one_only() {
    let data = "set obs 400\nset seed 5\ngenerate x = -20 + 21*runiform()\ngenerate t = runiform() < invlogit(x)\ngenerate y = x + t + rnormal()\n";
    let (_, log, rc) = run(&format!("{data}teffects psmatch (y) (t x), atet"));
    assert_eq!(rc, 0, "{log}");
    assert_eq!(run(&format!("{data}teffects psmatch (y) (t x)")).2, 459);
}
