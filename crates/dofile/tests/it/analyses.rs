//! Do-files as analysts write them: those of `tests/analyses/` run to the end with their own assertions, and constructs
//! outside the subset are refused by name at their line.

use crate::support::try_run_in_a_folder as run;

fn passes(text: &str) {
    let (log, rc) = run(text);
    let tail: Vec<&str> = log.lines().rev().take(12).collect();
    assert_eq!(rc, 0, "{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
}

macro_rules! analyses {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            passes(include_str!(concat!("../analyses/", stringify!($name), ".do")));
        })*
    };
}

analyses! {
    panel_reshape world_indicators event_study dates_and_text programs_and_loops cohort household_survey simulation data_checks
    files_and_matrices older_habits programs_of_authors time_series tables_for_papers applied_tables
}

/// The layout of two-way tables, and the order of `r()`, as printed in [R] tabulate twoway and [R] summarize.
#[test]
fn tables_of_two_variables_and_returned_results_have_their_layout() {
    let (log, rc) = run(include_str!("../analyses/applied_tables.do"));
    assert_eq!(rc, 0);
    for lines in [
        "           |                   Repair record 1978\n  Car type |         1          2          3          4          5 |     Total\n-----------+-------------------------------------------------------+----------\n  Domestic |         2          8         27          9          2 |        48",
        "    Repair |\n    record |       Car type\n      1978 |  Domestic    Foreign |     Total\n-----------+----------------------+----------\n         1 |         2          0 |         2",
        "                  r(N) =  69",
        "              r(sum_w) =  69\n               r(mean) =",
    ] {
        assert!(log.contains(lines), "{lines}");
    }
}

#[test]
fn the_first_stage_is_the_regression_on_all_instruments() {
    let data = "set obs 40\ngenerate z = mod(7*_n, 11)\ngenerate w = mod(3*_n, 5)\ngenerate x = z + w + mod(5*_n, 13)\n\
                generate y = 2*x + mod(3*_n, 7)\n";
    let (own, rc) = run(&format!("{data}regress x w z, vce(robust)"));
    assert_eq!(rc, 0, "{own}");
    let rows: Vec<&str> = own.lines().filter(|l| l.contains(" | ") && l.contains('.')).collect();
    assert_eq!(rows.len(), 4, "{own}");
    for line in ["ivregress 2sls y w (x = z), first vce(robust)", "ivreg2 y w (x = z), first robust"] {
        let (log, rc) = run(&format!("{data}{line}"));
        assert_eq!(rc, 0, "{log}");
        assert!(log.contains("First-stage regressions"), "{log}");
        for row in &rows {
            assert!(log.contains(row), "{row}\n{log}");
        }
    }
}

#[test]
fn what_is_not_supported_is_named() {
    let data = "set obs 20\ngenerate x = _n\ngenerate y = mod(_n, 3)\ngenerate z = mod(_n * 7, 5)\n";
    for (line, code, named) in [
        ("mata: hash1(1)", 199, "hash1()"),
        ("mgarch dcc (x y)", 199, "mgarch"),
        ("sysuse auto", 601, "do not come with the open engine"),
        ("ivreghdfe y (x = z), absorb(y) partial(z)", 199, "partial()"),
        ("xtabond2 y x, gmmstyle(y) cluster(z)", 199, "cluster()"),
        ("ivreg2 y (x = z), bw(2)", 199, "bw() without robust"),
        ("graph play mine.grec", 199, "graph play"),
        ("frames save both, frames(other)", 199, "frame save"),
        ("npregress series y x", 199, "series"),
        ("collect unget", 199, "collect unget"),
        ("etable, style(xyz)", 199, "style"),
        ("tssmooth nl s = x", 199, "tssmooth nl"),
        ("cluster centroidlinkage x", 199, "cluster centroidlinkage"),
        ("egen d = mean(x), p(50)", 198, "p"),
        ("xtunitroot breitung y, robust", 199, "robust"),
        ("lpoly y x", 199, "rule-of-thumb bandwidth"),
        ("!ls", 199, "shell"),
        ("regress", 301, "last estimates not found"),
    ] {
        let (log, rc) = run(&format!("{data}{line}\ndisplay \"after\""));
        assert_eq!(rc, code, "{line}\n{log}");
        assert!(log.contains(named), "{line}\n{log}");
        assert!(!log.contains("after"), "{line}\n{log}");
    }
}

#[test]
fn shown_tables_are_exported() {
    let data = "set obs 40\ngenerate g = mod(_n, 2)\nlabel define l 0 \"对照 & 组\" 1 \"treated | new\"\nlabel values g l\ngenerate x = _n\ngenerate y = 2*_n + mod(_n*7, 11)\n";
    let read = "file open f using FILE, read text\nfile read f line\nlocal all `\"`macval(line)'\"'\nwhile r(eof) == 0 {\nfile read f line\nlocal all `\"`macval(all)' `macval(line)'\"'\n}\nfile close f\ndisplay `\"`macval(all)'\"'\n";
    let table = "table (g) (result), statistic(mean x) statistic(sd x) nformat(%6.2f)\n";
    for (file, wanted) in [
        ("t.md", vec!["| Mean | Standard deviation |", "treated \\| new", "20.50", "|:---|---:|---:|"]),
        ("t.tex", vec!["\\begin{tabular}{lrr}", "对照 \\& 组", "20.50"]),
        ("t.html", vec!["<table>", "对照 &amp; 组", "20.50"]),
        ("t.txt", vec!["Mean", "20.50"]),
    ] {
        let (log, rc) =
            run(&format!("{data}{table}collect export {file}, replace\n{}", read.replace("FILE", file)));
        assert_eq!(rc, 0, "{file}\n{log}");
        for text in wanted {
            assert!(log.contains(text), "{file}: {text} is not in\n{log}");
        }
    }
    let models = "regress y x\nestimates store a\nregress y x i.g\nestimates store b\netable, estimates(a b) mstat(N) mstat(r2) showstars showstarsnote column(estimates) title(Models) export(m.xlsx, replace)\ncollect export m.docx\ncollect export m.pdf\nimport excel using m.xlsx, clear\nlist in 1/4\ncount\n";
    let (log, rc) = run(&format!("{data}{models}"));
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("Number of observations") && log.contains("Intercept"), "{log}");
    let (log, rc) = run(&format!("{data}{table}collect export t.md\ncollect export t.md"));
    assert_eq!(rc, 602, "{log}");
    assert_eq!(run("collect export t.md").1, 111);
}

/// Means, standard deviations, frequencies and p-values of eight rows, counted by hand: F(1, 6) = 32 / (10 / 6), of which
/// scipy.stats.f.sf has 0.00466; two equal halves have the p-value one.
#[test]
fn a_table_of_descriptive_statistics_has_groups_and_tests() {
    let data = "set obs 8\ngenerate g = _n > 4\nlabel define l 0 \"control\" 1 \"treated\"\nlabel values g l\nlabel variable g \"Arm\"\ngenerate x = _n\nlabel variable x \"Age\"\ngenerate b = mod(_n, 2)\ngenerate w = cond(_n == 1, 3, 1)\n";
    let lines = |table: &str| -> Vec<String> {
        let (log, rc) = run(&format!("{data}{table}"));
        assert_eq!(rc, 0, "{table}\n{log}");
        log.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    for (table, wanted) in [
        (
            "dtable x i.b, by(g, tests) title(Table 1)",
            vec![
                "Table 1",
                "Arm",
                "control treated Total Test",
                "N 4 (50.0%) 4 (50.0%) 8 (100.0%)",
                "Age 2.500 (1.291) 6.500 (1.291) 4.500 (2.449) 0.005",
                "b",
                "0 2 (50.0%) 2 (50.0%) 4 (50.0%) 1.000",
            ],
        ),
        (
            "replace x = . in 8\ndtable x b, by(g, nototals) factor(b, statistics(fvpercent)) continuous(x, statistics(median q1 count)) sformat(\"[%s]\" q1) nformat(%4.1f median q1) nosample column(by(hide))",
            vec!["control treated", "Age 2.5 [1.5] 4 6.0 [5.0] 3", "1 (50.0%) (50.0%)"],
        ),
        ("dtable c.x i.(b g) w", vec!["Arm", "treated 4 (50.0%)", "w 1.250 (0.707)"]),
        ("dtable x [fw=w], sample(Persons)", vec!["Summary", "Persons 10", "Age 3.800 (2.616)"]),
        ("replace x = . in 8\ndtable x b, listwise", vec!["N 7", "b 0.571 (0.535)"]),
        (
            "replace b = 3 in 5/8\ndtable, by(g, tests nototals) factor(b, test(lrchi2)) continuous(x, test(kwallis))",
            vec![
                "Age 2.500 (1.291) 6.500 (1.291) 0.021",
                "0 2 (50.0%) 0 (0.0%) 0.004",
                "3 0 (0.0%) 4 (100.0%)",
            ],
        ),
    ] {
        let shown = lines(table);
        for line in wanted {
            assert!(shown.iter().any(|l| l == line), "{table}: {line:?} is not in\n{}", shown.join("\n"));
        }
    }
    for (table, code, named) in [
        ("dtable x, by(g, sorted)", 198, "sorted"),
        ("dtable x, continuous(x, statistics(geomean))", 199, "geomean"),
        ("dtable x [aw=w]", 199, "fweights"),
        ("dtable x [fw=w], by(g, tests) continuous(, test(kwallis))", 199, "kwallis"),
        ("dtable x if x > 9", 2000, "no observations"),
        ("dtable x, nformat(%zz)", 120, "format"),
    ] {
        let (log, rc) = run(&format!("{data}{table}"));
        assert!(rc == code && log.contains(named), "{table}: r({rc})\n{log}");
    }
}

#[test]
fn a_match_belongs_to_its_row() {
    passes(
        "input str12 d\n\"2020-01-15\"\n\"n/a\"\n\"2021-12-31\"\nend\ngenerate y = real(regexs(1)) if regexm(d, \"^([0-9]+)-\")\nassert y[1] == 2020 & missing(y[2]) & y[3] == 2021\ngenerate str4 t = \"\"\nreplace t = regexs(1) if regexm(d, \"^([0-9]+)-\")\nassert t[1] == \"2020\" & t[2] == \"\" & t[3] == \"2021\"",
    );
}
