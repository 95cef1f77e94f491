//! What do-files of courses and replication packages use: single levels in tables, ranges of a sheet, tables of surveys,
//! titles at the edges of a graph, failures per so many units of time.

use crate::support::{has_block, holds, log_of, run, try_run_in_a_folder};
use dofile::Session;

/// `[R] dtable`: `1.x` shows one level; its percent is that of all observations.
#[test]
fn dtable_shows_single_levels() {
    let data = "set obs 8\ngenerate g = 1 + (_n > 4) + (_n > 7)\ngenerate x = _n\n";
    let log = log_of(&format!("{data}dtable x 2.g"));
    assert!(log.contains("3 (37.5%)"), "{log}");
    assert!(!log.contains("4 (50.0%)") && !log.contains("1 (12.5%)"), "{log}");
    let log = log_of(&format!("{data}dtable 1.g 3.g"));
    assert!(log.contains("4 (50.0%)") && log.contains("1 (12.5%)") && !log.contains("3 (37.5%)"), "{log}");
    let log = log_of(&format!("{data}dtable 1.g i.g"));
    assert!(log.contains("3 (37.5%)"), "{log}");
}

/// `[RPT] putexcel`: a range of cells in parentheses is the range.
#[test]
fn putexcel_takes_ranges_in_parentheses() {
    let (log, rc) = try_run_in_a_folder(
        "putexcel set t.xlsx, replace\nputexcel (B2:D2) = \"Head\", merge bold\nputexcel (B3:D3), border(top, thin)\n\
         import excel t.xlsx, clear\nassert B[1] == \"Head\"",
    );
    assert_eq!(rc, 0, "{log}");
}

/// `[R] estimates table`: widths of the names and of the columns.
#[test]
fn estimates_table_has_the_widths_asked_for() {
    let log = log_of(
        "set obs 20\ngenerate x = _n\ngenerate y = 2*x + mod(_n*7, 5)\nregress y x\nestimates store a\n\
         estimates table a, b(%9.2f) varwidth(16) modelwidth(11)",
    );
    has_block(
        &log,
        "        Variable |     a\n-----------------+------------\n               x |      1.97\n",
    );
}

/// `estpost svy: tabulate` keeps what the table shows: the shares are those of the weights.
#[test]
fn estpost_keeps_tables_of_surveys() {
    let data = "set obs 12\ngenerate w = 1 + mod(_n, 3)\ngenerate g = mod(_n, 2)\ngenerate h = _n > 7\nsvyset _n [pweight = w]\n";
    let (session, _) = run(&format!(
        "{data}svy: tabulate g\nmatrix p = e(Prop)\nquietly svy: proportion g\nscalar se = _se[1.g]\n\
         estpost svy: tabulate g\nmatrix b = e(b)\nmatrix s = e(se)\nmatrix c = e(count)\nmatrix l = e(lb)"
    ));
    holds(
        &session,
        &[
            "reldif(b[1, 1], p[1, 1]) < 1e-12",
            "reldif(s[1, 2], se) < 1e-10",
            "colsof(b) == 3 & b[1, 3] == 1 & missing(s[1, 3])",
            "c[1, 3] == 24",
            "l[1, 1] < b[1, 1] & l[1, 1] > 0",
        ],
    );
    let (session, _) = run(&format!(
        "{data}estpost svy: tabulate g h, row percent\nmatrix b = e(b)\nmatrix o = e(obs)\n\
         quietly summarize h [aweight = w] if g == 0\nscalar share = 100*r(mean)"
    ));
    holds(&session, &["colsof(b) == 9", "reldif(b[1, 4], share) < 1e-12", "o[1, 9] == 12"]);
}

/// `[G-3] title_options`, `[G-2] graph export`, `[G-2] graph rename`: older and short spellings.
#[test]
fn graphs_take_titles_at_the_edges_and_short_options() {
    let (log, rc) = try_run_in_a_folder(
        "set obs 9\ngenerate g = ceil(_n/3)\ngenerate x = _n\n\
         scatter x g, b1title(\"Below\") l1title(\"Left\") t1title(\"Above\") scheme(plotplain)\n\
         graph rename Graph first\ngraph copy first second\ngraph display second\n\
         graph export a.png, replace wid(900) hei(600)\ngraph bar (semean) x, over(g)\n\
         scatter x g, title(\"T\", size(enormous))",
    );
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("(note:  named style enormous not found"), "{log}");
}

/// `[ST] sts graph`: `per(#)` multiplies the rates; it needs no option of its own for the survivor function.
#[test]
fn sts_graph_takes_per() {
    log_of(
        "set obs 10\ngenerate t = _n\ngenerate d = mod(_n, 2)\nstset t, failure(d)\nsts graph, failure per(100)",
    );
}

/// `esttab` names what is its default.
#[test]
fn esttab_takes_the_names_of_its_defaults() {
    let data = "set obs 20\ngenerate x = _n\ngenerate y = 2*x + mod(_n*7, 5)\nquietly regress y x\n";
    let table = |options: &str| {
        let log = log_of(&format!("{data}esttab{options}"));
        log[log.find("(1)").expect("the table")..].to_string()
    };
    assert_eq!(table(""), table(", parentheses lines"));
}

/// Stock and Yogo (2005), tables 5.1 and 5.2, two endogenous regressors and four excluded instruments.
#[test]
fn critical_values_of_weak_instruments_hold_for_two_endogenous_regressors() {
    let log = log_of(
        "set obs 60\nset seed 3\nforeach v in z1 z2 z3 z4 u z {\n generate `v' = rnormal()\n}\ngenerate x1 = z1 + z2 + u\n\
         generate x2 = z3 - z4 + u + z\ngenerate y = x1 + x2 + u\nivregress 2sls y (x1 x2 = z1 z2 z3 z4)\nestat firststage",
    );
    has_block(&log, "  2SLS relative bias                 |  11.04    7.56    5.57    4.73\n");
}

/// `logit` counts the rows beyond an index of 18 as determined: its output on the sample of Dehejia and Wahba (1999, Mixtape
/// Sessions, Lalonde) has "12 failures", the rows to an index of -18.005; the next has -17.9997.
#[test]
fn logit_counts_rows_that_are_determined() {
    let (session, log) =
        run("set obs 60\ngenerate x = mod(_n*7, 11) - 5\nreplace x = -120 in 1/3\nreplace x = 150 in 4\n\
         generate y = x + mod(_n*5, 9) - 4 > 0\nlogit y x\npredict double xb, xb\nquietly count if xb < -18\n\
         scalar low = r(N)\nquietly count if xb > 18\nscalar high = r(N)");
    holds(&session, &["low == 3", "high == 1", "e(N_cdf) == low", "e(N_cds) == high"]);
    assert!(log.contains("Note: 3 failures and 1 successes completely determined."), "{log}");
}

/// A factor without labels has one level in a table: its row is `1.x`, as in the table of its command (the same output).
#[test]
fn tables_of_estimates_name_a_level_that_stands_alone() {
    let log = log_of(
        "set obs 20\ngenerate t = _n > 9\ngenerate y = t + mod(_n*7, 5)\nregress y i.t\nestimates store a\nestimates table a",
    );
    assert!(log.contains("\n         1.t |"), "{log}");
}

/// `ivreg2` continues long lists of instruments below their first name.
#[test]
fn ivreg2_wraps_lists_of_instruments() {
    let log = log_of(
        "set obs 90\nset seed 1\nforeach v in z u experience_of_the_job {\n generate `v' = rnormal()\n}\n\
         generate educ = z + u\ngenerate y = educ + u\ngenerate marital_status = 1 + mod(_n, 6)\n\
         ivreg2 y experience_of_the_job i.marital_status (educ = z)",
    );
    has_block(
        &log,
        "Included instruments: experience_of_the_job 2.marital_status 3.marital_status\n                      \
         4.marital_status 5.marital_status 6.marital_status\n",
    );
}

/// `matrix A = (A, #)` numbers on the names of a matrix without names of its own; a matrix that is named keeps them.
#[test]
fn joined_numbers_continue_the_names() {
    let (session, _) = run(
        "matrix A = (1)\nmatrix A = (A, 2)\nmatrix A = (A \\ 3, 4)\nmatrix A = (A \\ ., A[2,2]-A[1,2])\n\
         local names: colnames A\nlocal rows: rownames A\nscalar same = \"`names'\" == \"c1 c2\" & \"`rows'\" == \"r1 r2 r3\"\n\
         matrix B = (7)\nmatrix rownames B = total\nmatrix C = (A[1..2, 1] \\ B)\nlocal last: rownames C\n\
         scalar kept = \"`last'\" == \"r1 r2 total\"",
    );
    holds(&session, &["same", "kept"]);
}

/// Labels of a file beyond the 80 characters of Stata are cut where the file is read, so that the data can be saved again.
#[test]
fn long_labels_of_files_are_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let label = "q".repeat(80);
    session.run_captured(&format!("set obs 2\ngenerate x = _n\nlabel variable x \"{label}\"\nsave a"));
    let file = folder.path().join("a.dta");
    let mut bytes = std::fs::read(&file).expect("the file");
    let at = bytes.windows(80).position(|w| w == label.as_bytes()).expect("the label") + 80;
    bytes[at..at + 20].fill(b'q');
    std::fs::write(&file, bytes).expect("the file");
    let (log, rc) =
        session.run_captured("use a, clear\nsave b\nlocal l: variable label x\nscalar n = strlen(\"`l'\")");
    assert_eq!(rc, 0, "{log}");
    holds(&session, &["n == 80"]);
}

/// `[D] separate` describes the variables that it makes.
#[test]
fn separate_describes_what_it_makes() {
    let (session, log) = run(
        "set obs 4\ngenerate g = 1 + (_n > 2)\ngenerate x = _n\nseparate x, by(g)\nscalar made = r(varlist) == \"x1 x2\"",
    );
    holds(&session, &["made"]);
    assert!(log.contains("x, g == 1") && log.contains("Storage"), "{log}");
}
