//! Corners of tables, functions and merges: groups without values, weights that are no counts, labels that are not shown.

use crate::support::try_run as run;
use dofile::Session;

/// Runs a text that must succeed, then evaluates expressions that must be true.
fn holds(text: &str, expressions: &[&str]) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    for expression in expressions {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression} after\n{text}\n{log}");
    }
}

/// The formulas are those of [D] collapse and [R] tabulate, summarize(); those of codes of names and of days are the examples
/// of [FN] String functions and a calendar.
#[test]
fn corners_of_tables_and_functions() {
    let data = "clear\ninput g x b w\n1 10 0 1\n1 20 1 2\n2 .a . 1\n3 5 1 1.5\nend\n";
    holds(
        &format!("{data}collapse (iqr) i=x (sebinomial) s=b (sepoisson) p=x (sebinomial) no=x, by(g)\nlist"),
        &[
            "i[1] == 10",
            "i[2] == .",
            "i[3] == 0",
            "abs(s[1] - sqrt(.125)) < 1e-7",
            "s[2] == .",
            "s[3] == 0",
            "abs(p[1] - sqrt(7.5)) < 1e-6",
            "no[1] == .",
        ],
    );
    holds(
        "",
        &[
            "soundex(\"Ashcraft\") == \"A226\"",
            "soundex_nara(\"Ashcraft\") == \"A261\"",
            "soundex(\"Robert\") == \"R163\"",
            "chop(2.0000000001, 1e-8) == 2 & chop(2.1, 1e-8) == 2.1 & chop(.b, 1) == .b",
            "firstweekdayofmonth(2, 2021) == td(1feb2021) & firstweekdayofmonth(8, 2021) == td(2aug2021)",
            "firstweekdayofmonth(5, 2021) == td(3may2021) & firstweekdayofmonth(13, 2021) == .",
            "lastweekdayofmonth(1, 2021) == td(29jan2021) & lastweekdayofmonth(2, 2021) == td(26feb2021)",
            "abs(c(minfloat) + 1.70141173e38) < 1e31",
        ],
    );
    for kind in ["aw", "iw"] {
        for option in ["chi2", "lrchi2", "V", "exact", "all"] {
            let (log, rc) = run(&format!("{data}tabulate g b [{kind}=w], {option}"));
            assert_eq!(rc, 198, "{kind} {option}: {log}");
        }
    }
    let (log, rc) = run(&format!("{data}tabulate g [aw=w], summarize(x)"));
    assert_eq!(rc, 0, "{log}");
    for line in [
        "          g |        Mean   Std. dev.       Freq.        Obs.",
        "          1 |   16.666667   6.6666667           3           2",
        "      Total |   12.777778   8.2214714         4.5           3",
    ] {
        assert!(log.contains(line.trim_start()), "{line} in {log}");
    }
    // a label that is not shown takes no room
    let labelled = "label define l 1 \"a label of many characters\"\nlabel values g l\n";
    let (log, _) = run(&format!("{data}{labelled}tabulate g, nolabel\ntabulate g b, nolabel"));
    assert!(
        log.contains("\n          1 |          2 ") && log.contains("\n         1 |         1 "),
        "{log}"
    );
}

#[test]
fn a_merge_that_breaks_its_assertion_stays_in_memory() {
    let text = "clear\ninput a c\n1 5\n2 6\n4 7\nend\ntempfile v\nsave `v'\nclear\ninput a b\n1 1\n1 2\n2 3\nend\ncapture noisily merge m:1 a using `v', assert(match)\nscalar code = _rc\n";
    holds(text, &["code == 9", "_N == 4", "_merge[4] == 2", "c[1] == 5"]);
    let (log, _) = run(text);
    assert!(log.contains("merge:  after merge, not all observations matched"), "{log}");
}
