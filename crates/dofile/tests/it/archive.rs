//! Commands of the SSC archive for data work, documents and effects: what they refuse, and tables as their authors show them.

use dofile::Session;

/// Data for the refusals.
const DATA: &str = "set obs 24
generate id = ceil(_n/4)
generate t = mod(_n - 1, 4) + 1
generate x = mod(_n * 7, 11)
generate y = x + mod(_n, 5)
generate g = id > 3
generate p = t > 2
generate d = id == 6 & t == 4
";

/// The return code and the log of commands on the data.
fn run(commands: &str) -> (i32, String) {
    let (log, rc) = Session::default().run_captured(&format!("{DATA}{commands}"));
    (rc, log)
}

#[test]
fn what_is_not_computed_is_refused_by_name() {
    let cases = [
        ("rangestat (mycode) x, interval(t -1 1)", 199, "(mycode)"),
        ("rangestat (mean) x, interval(t -1)", 198, "interval()"),
        ("asreg y x, window(t -3 3)", 199, "window(t -3 3)"),
        ("asreg y x, by(id) fmb", 198, "may not be combined"),
        ("xtset id t\nasreg y x, fmb shanken", 199, "shanken"),
        ("asrol y, stat(skewness) gen(z)", 199, "stat(skewness)"),
        ("asrol y, stat(mean)", 198, "generate()"),
        ("missings breakdown", 199, "breakdown"),
        ("missings dropvars", 4, "force"),
        ("gstats moving x", 199, "gstats moving"),
        ("gquantiles q = x, xtile altdef", 199, "altdef"),
        ("greshape wide x, keys(t)", 198, "by()"),
        ("geodist 91 0 0 0", 198, "latitudes"),
        ("renvars x, upper prefix(a)", 198, "one transformation"),
        ("egen k = corr(x y), taua", 199, "taua"),
        ("parmest", 198, "list()"),
        ("regress y x\nregsave, table(a)", 199, "table"),
        ("asdoc sum x, wide", 199, "wide"),
        ("asdoc nosuch x", 199, "nosuch"),
        ("tabout g p using f.txt, cells(freq) svy replace", 199, "svy"),
        ("tabout g using f.txt, cells(lb) replace", 199, "cells(lb)"),
        ("logout, save(f) dta: summarize x", 199, "dta"),
        ("iebaltab x, groupvar(g) normdiff", 199, "normdiff"),
        ("balancetable (mean if g) x using f.csv", 199, "parentheses"),
        ("stddiff x, by(t)", 420, "2 required"),
        ("khb logit g i.x || y", 199, "factor variables"),
        ("khb logit g x y", 198, "||"),
        ("diff y, treated(g) period(p) bs", 199, "bs"),
        ("diff y, treated(g) period(t)", 198, "0/1"),
        ("rifhdreg y x, rif(lor(20))", 199, "rif(lor)"),
        ("ebalance g x, manualtargets(1)", 199, "manualtargets"),
        ("ebalance t x", 450, "0 or 1"),
        ("sdid y id t d", 198, "vce()"),
        ("sdid y id t d, vce(jackknife)", 451, "Jackknife"),
        ("sdid y id t g, vce(noinference)", 459, "pre-treatment"),
        ("drop in 1\nsdid y id t d, vce(noinference)", 451, "unbalanced"),
        ("regress y i.g\nmfx", 199, "factor variables"),
    ];
    for (commands, code, text) in cases {
        let (rc, log) = run(commands);
        assert_eq!(rc, code, "{commands}\n{log}");
        assert!(log.contains(text), "{commands}\n{log}");
    }
}

#[test]
fn the_table_of_diff_is_that_of_its_article() {
    let (rc, log) = run("diff y, treated(g) period(p)");
    assert_eq!(rc, 0, "{log}");
    for line in [
        "DIFFERENCE-IN-DIFFERENCES ESTIMATION RESULTS",
        "Number of observations in the DIFF-IN-DIFF: 24",
        "   Control: 6              6           12",
        " Outcome var.   | y       | S. Err. |   |t|   |  P>|t|",
        "Before          |         |         |         | ",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
}

#[test]
fn a_second_table_goes_behind_the_first_one_in_a_word_document() {
    let folder = std::env::temp_dir().join(format!("archive_{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("two.docx");
    let name = file.display();
    let (rc, log) = run(&format!(
        "sum2docx x using \"{name}\", replace title(First)\ncorr2docx x y using \"{name}\", append title(Second)"
    ));
    assert_eq!(rc, 0, "{log}");
    let bytes = std::fs::read(&file).expect("the document");
    let (rc, log) = run(&format!("sum2docx x using \"{name}\""));
    assert_eq!(rc, 602, "{log}");
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
    assert!(figure::docx::join(&bytes, &bytes, false).is_ok_and(|both| both.len() > bytes.len()));
}
