//! What `merge`, `append`, `egen` and `mvencode` do and say in the corners that do-files of authors use. The layouts are those of
//! logs that authors publish in their replication files.

use crate::support::has_block;
use dofile::Session;

/// The log of a do-file that must end with a return code.
fn log_with(text: &str, code: i32) -> String {
    let (log, rc) = Session::default().run_captured(text);
    assert_eq!(rc, code, "{log}");
    log
}

/// A using file `f` and master data: a filled gap, a conflict, an equal row, and one row of each file alone.
const TWO_FILES: &str = "tempfile f
clear
input byte k str4 w int z
1 \"aa\" 10
2 \"bb\" 20
3 \"cc\" 30
5 \"ee\" 500
end
save `f'
clear
input byte k str2 w byte z
1 \"aa\" .
2 \"b2\" 20
3 \"cc\" 30
4 \"dd\" 40
end
";

#[test]
fn an_update_lists_the_matches_by_what_happened() {
    let log = log_with(&format!("{TWO_FILES}merge 1:1 k using `f', update gen(of)\nlist, clean"), 0);
    has_block(
        &log,
        "
(variable w was str2, now str4 to accommodate using data's values)
(variable z was byte, now int to accommodate using data's values)

    Result                      Number of obs
    -----------------------------------------
    Not matched                             2
        from master                         1  (of==1)
        from using                          1  (of==2)

    Matched                                 3
        not updated                         1  (of==3)
        missing updated                     1  (of==4)
        nonmissing conflict                 1  (of==5)
    -----------------------------------------
",
    );
    assert!(log.contains("b2    20   Nonmissing conflict (5)"), "{log}");
}

/// Rows are selected by the codes 4 and 5 too ([D] merge: match_update, match_conflict).
#[test]
fn keep_and_assert_know_updates() {
    let keeps = |words: &str| {
        let text = format!("{TWO_FILES}merge 1:1 k using `f', update nonotes noreport keep({words})");
        let mut s = Session::default();
        assert_eq!(s.run_captured(&text).1, 0);
        s.eval_num("_N")
    };
    assert_eq!(keeps("match"), Ok(1.0));
    assert_eq!(keeps("match_update match_conflict"), Ok(2.0));
    assert_eq!(keeps("3 4 5 1"), Ok(4.0));
    let log = log_with(&format!("{TWO_FILES}merge 1:1 k using `f', update assert(master using match)"), 9);
    assert!(
        log.contains("merge:  after merge, not all observations from master, from using, or matched\n"),
        "{log}"
    );
    let log = log_with(&format!("{TWO_FILES}merge 1:1 k using `f', assert(using match)"), 9);
    has_block(
        &log,
        "merge:  after merge, not all observations from using or matched\n        (merged result left in memory)",
    );
}

#[test]
fn append_says_which_types_grow() {
    let log = log_with(&format!("{TWO_FILES}append using `f'"), 0);
    has_block(
        &log,
        "
(variable w was str2, now str4 to accommodate using data's values)
(variable z was byte, now int to accommodate using data's values)
",
    );
    let log = log_with(&format!("{TWO_FILES}drop w\ngenerate byte w = 1\nappend using `f', force"), 0);
    assert!(log.contains("(note: variable w was str4 in the using data, but will be byte now)"), "{log}");
    assert!(!log_with(&format!("{TWO_FILES}append using `f', nonotes"), 0).contains("accommodate"));
}

/// The classes and labels of the example of length in auto.dta, STB-50 dm66: `140-`, `180-`, `200-`, `220-`, with 31, 16, 20
/// and 7 cars.
#[test]
fn classes_of_cut_are_labelled_by_their_left_ends() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data/printed_auto.csv");
    let text = format!(
        "import delimited using \"{}\", clear\negen lgrp = cut(length), at(140,180(20)240) label\ntab lgrp\negen q = cut(mpg), group(3) label\ntab q\negen plain = cut(length), at(140 180 240)\nsummarize plain",
        path.display()
    );
    let log = log_with(&text, 0);
    has_block(
        &log,
        "
       lgrp |      Freq.     Percent        Cum.
------------+-----------------------------------
       140- |         31       41.89       41.89
       180- |         16       21.62       63.51
       200- |         20       27.03       90.54
       220- |          7        9.46      100.00
",
    );
    assert!(log.contains("        12- |"), "{log}");
    assert!(log.contains("plain |         74    163.2432"), "{log}");
}

#[test]
fn mvencode_has_a_number_for_all_other_codes() {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(
        "set obs 3\ngenerate x = cond(_n == 1, .a, cond(_n == 2, .z, 3))\nmvencode x, mv(.a=-1 \\ else=-9)",
    );
    assert_eq!(rc, 0, "{log}");
    assert_eq!((s.eval_num("x[1]"), s.eval_num("x[2]")), (Ok(-1.0), Ok(-9.0)));
}

/// The header of [R] bootstrap, example 1, and of [R] jackknife: title, test and fit of the model.
#[test]
fn replications_of_a_model_show_its_test() {
    let log = log_with(
        "set obs 40\nset seed 1\ngenerate x = _n\ngenerate y = x + mod(_n*7, 11)\ngenerate d = mod(_n*5, 13) + x/20 > 6\nbootstrap, reps(10) nodots: regress y x\njackknife, nodots: logit d x",
        0,
    );
    let lines: Vec<&str> = log.lines().map(str::trim_end).collect();
    let heading = |title: &str| lines.iter().position(|l| l.starts_with(title)).expect(title);
    let starts: Vec<&str> =
        lines[heading("Linear regression")..][..7].iter().map(|l| l[48..].trim_start()).collect();
    let labels: Vec<&str> = starts.iter().map(|l| l.split('=').next().unwrap_or("").trim_end()).collect();
    let wanted = [
        "Number of obs",
        "Replications",
        "Wald chi2(1)",
        "Prob > chi2",
        "R-squared",
        "Adj R-squared",
        "Root MSE",
    ];
    assert_eq!(labels, wanted, "{log}");
    let at = heading("Logistic regression");
    assert!(lines[at + 4].starts_with("Log likelihood = -"), "{log}");
    assert!(lines[at + 2].contains("F(1, 39)") && lines[at + 4].contains("Pseudo R2"), "{log}");
    // a model of one equation has no line with its name
    assert!(lines.iter().all(|l| *l != "d            |"), "{log}");
}

/// The F test of all levels of a factor is that of a one-way analysis of variance.
#[test]
fn a_factor_with_hundreds_of_levels_is_tested() {
    let mut s = Session::default();
    let text = "set seed 3\nset obs 900\ngenerate g = 1 + mod(_n, 300)\ngenerate y = rnormal()\nregress y i.g\nscalar f = e(F)\ntestparm i.g\nscalar t = r(F)\nscalar df = r(df)\noneway y g\nscalar w = r(F)";
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for expression in ["df == 299", "reldif(f, w) < 1e-10", "reldif(t, w) < 1e-10"] {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression}");
    }
}

/// A model of counts with an indicator for each of many groups has the maximum of the model within groups: each
/// group's total is fitted exactly ([R] poisson: the scores of the indicators are zero).
#[test]
fn indicators_of_many_groups_fit_their_totals() {
    let mut s = Session::default();
    let text = "set seed 5\nset obs 400\ngenerate g = 1 + mod(_n, 40)\ngenerate x = rnormal()\ngenerate c = rpoisson(exp(.3*x + g/40)) + (_n <= 40)\npoisson c x i.g\npredict double n\negen double a = total(c), by(g)\negen double b = total(n), by(g)\ngenerate double r = x*(c - n)\nsummarize r\nscalar slope = r(sum)\ngenerate double gap = abs(a - b)\nsummarize gap\nscalar most = r(max)\nxtset g\nxtpoisson c x, fe\nscalar within = _b[x]\nquietly poisson c x i.g\nscalar all = _b[x]";
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for expression in ["abs(slope) < 1e-6", "most < 1e-6", "reldif(within, all) < 1e-7"] {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression}\n{log}");
    }
}

/// The message is that of published logs; the option makes the names.
#[test]
fn reshape_wide_wants_to_know_of_text() {
    let data = "clear\ninput id str1 sex inc\n1 \"a\" 2\n1 \"b\" 3\nend\n";
    let log = log_with(&format!("{data}reshape wide inc, i(id) j(sex)"), 109);
    assert!(log.contains("variable sex is string; specify string option"), "{log}");
    let mut s = Session::default();
    let text = format!("{data}reshape wide inc, i(id) j(sex) string\nreshape long\nreshape wide");
    assert_eq!(s.run_captured(&text).1, 0);
    assert_eq!(s.eval_num("inca[1] + incb[1]"), Ok(5.0));
}

/// [D] recast: the values that a forced change loses are counted.
#[test]
fn a_forced_recast_says_what_it_changes() {
    let data = "set obs 3\ngenerate x = _n + .5\n";
    let log = log_with(&format!("{data}recast byte x\nrecast byte x, force\ndisplay x[2]"), 0);
    has_block(&log, "x:  3 values would be changed; not changed\nx:  3 values changed\n2");
}

/// [R] test: Bonferroni multiplies the p-values by their number, Sidak and Holm as in their papers.
#[test]
fn several_tests_are_adjusted_for_their_number() {
    let mut s = Session::default();
    let text = "set obs 30\nset seed 2\ngenerate x = rnormal()\ngenerate z = rnormal()\ngenerate y = .4*x + rnormal()\nregress y x z\ntest x\nscalar a = r(p)\ntest z\nscalar b = r(p)\ntest (x = 0) (z = 0)\nscalar joint = r(F)\ntest (x = 0) (z = 0), mtest(bonferroni)\nscalar all = r(F)\nmatrix m = r(mtest)\ntest (x = 0) (z = 0), mtest(sidak)\nmatrix k = r(mtest)\ntest (x = 0) (z = 0), mtest(holm)\nmatrix h = r(mtest)\ntest (x = 0) (z = 0), mtest\nmatrix n = r(mtest)";
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for expression in [
        "joint == all",
        "reldif(m[1,4], min(1, 2*a)) < 1e-12 & reldif(m[2,4], min(1, 2*b)) < 1e-12",
        "reldif(k[1,4], 1 - (1 - a)^2) < 1e-9 & reldif(k[2,4], 1 - (1 - b)^2) < 1e-9",
        "reldif(min(h[1,4], h[2,4]), min(1, 2*min(a, b))) < 1e-12",
        "reldif(max(h[1,4], h[2,4]), max(max(a, b), min(1, 2*min(a, b)))) < 1e-12",
        "colsof(n) == 3 & colsof(m) == 4 & m[2,3] == n[2,3]",
    ] {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression}\n{log}");
    }
    let marked = log.lines().filter(|l| l.trim_end().ends_with('#')).count();
    assert_eq!(marked, 8, "{log}");
    assert!(log.contains("# Bonferroni-adjusted p-values"), "{log}");
}
