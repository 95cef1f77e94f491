//! Commands of applied do-files: what they print, and what they refuse.

use crate::support::try_run as run;

const DATA: &str = r#"
input str6 name double x byte g int day
"a b" .1 1 10
"c" 2.5 2 .
"" -1e10 1 22000
end
format %td day
label define group 1 "one" 2 "two"
label values g group
"#;

/// The lines between the marks are a do-file that makes the same data.
#[test]
fn dataex_lines_make_the_data_again() {
    let (log, rc) = run(&format!("{DATA}dataex\n"));
    assert_eq!(rc, 0, "{log}");
    let start = log.find("[CODE]\n").expect("the first mark") + "[CODE]\n".len();
    let end = log.find("[/CODE]").expect("the last mark");
    let lines = &log[start..end];
    assert!(lines.contains("input str6 name double x byte g int day\n"), "{lines}");
    assert!(lines.contains("format %td day\nlabel values g group\n"), "{lines}");
    let check = "assert name[1] == \"a b\" & x[1] == .1 & x[3] == -1e10 & day[3] == 22000 & missing(day[2])\n\
                 decode g, generate(t)\nassert t[2] == \"two\"\n";
    let (log, rc) = run(&format!("{lines}{check}"));
    assert_eq!(rc, 0, "{log}");
}

/// Options that are not supported are refused by name, and nothing is computed.
#[test]
fn refused_by_name() {
    let data = "set obs 40\ngenerate t = mod(_n, 2)\ngenerate x = mod(7*_n, 11)\ngenerate y = x + t\ngenerate g = ceil(_n/4)\n";
    for (command, wanted) in [
        ("leebounds y t, tight(g)", "tight"),
        ("leebounds y t [pweight=x+1]", "pweights not allowed"),
        ("ppml y x, technique(nr)", "technique(nr)"),
        ("ppml y i.g", "factor-variable"),
        ("ritest t _b[t], null(y 1): regress y t", "null"),
        ("ritest t _b[t]: regress y t [aweight=x+1]", "force"),
        ("rologit y x, group(g) offset(t)", "offset"),
        ("eregress y x", "endogenous()"),
        ("eregress y, endogenous(x = t g, probit)", "probit"),
        ("dataex, obsno", "obsno"),
    ] {
        let (log, rc) = run(&format!("{data}{command}\n"));
        assert_ne!(rc, 0, "{command}\n{log}");
        assert!(log.contains(wanted), "{command}\n{log}");
    }
}

/// A treatment that varies within clusters cannot be assigned to them.
#[test]
fn ritest_needs_a_constant_assignment_within_clusters() {
    let (log, rc) = run(
        "set obs 12\ngenerate c = ceil(_n/3)\ngenerate t = mod(_n, 2)\ngenerate y = _n\nritest t _b[t], cluster(c): regress y t\n",
    );
    assert_eq!(rc, 459, "{log}");
    assert!(log.contains("t is not constant within clusters"), "{log}");
}

/// Values of `fixlevels()` stay where they are: with one value left to permute, every draw is the data.
#[test]
fn ritest_keeps_fixed_levels() {
    let (log, rc) = run(
        "set obs 12\ngenerate t = mod(_n, 3)\ngenerate y = _n*_n\nritest t _b[1.t], reps(20) fixlevels(0 2) nodots: regress y i.t\nmatrix p = r(p)\nassert p[1,1] == 1\nritest t _b[1.t], reps(50) fixlevels(2) seed(3) nodots: regress y i.t if t < 2\nassert r(N) == 8\n",
    );
    assert_eq!(rc, 0, "{log}");
}
