//! Effects of cohorts and times, lassos with penalties from theory, new rows: their layout, and what they refuse.

use dofile::Session;

fn run(text: &str) -> (String, i32) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    s.end();
    (log, rc)
}

const PANEL: &str = "set obs 60\ngenerate id = ceil(_n/6)\ngenerate t = 2001 + mod(_n - 1, 6)\ngenerate g = cond(id < 4, 0, cond(id < 7, 2003, 2005))\ngenerate d = g > 0 & t >= g\ngenerate double x = mod(7*id, 11)\ngenerate double y = t - 2000 + 2*d + mod(5*_n, 13)/5 + id\nxtset id t\n";

/// The lines of the log of Stata 19.5 (stata skills of jefeerzhang, demo 09) with the names and counts of these data.
#[test]
fn the_table_of_cohorts_has_the_printed_layout() {
    let (log, rc) = run(&format!(
        "{PANEL}xthdidregress aipw (y) (d), group(id)\nestat aggregation, dynamic\nestat ptrends"
    ));
    assert_eq!(rc, 0, "{log}");
    let mut rest = log.as_str();
    for line in [
        "note: variable _did_cohort, containing cohort indicators formed by treatment",
        "      variable d and group variable id, was added to the dataset using",
        "      the estimation sample.",
        "",
        "Computing ATET for each cohort and time:",
        "Cohort 2003 (5): ..... done",
        "Cohort 2005 (5): ..... done",
        "",
        "Treatment and time information",
        "",
        "Time variable: t",
        "Time interval: 2001 to 2006",
        "Control:       _did_cohort = 0",
        "Treatment:     _did_cohort > 0",
        "-------------------------------",
        "                  | _did_cohort",
        "------------------+------------",
        "Number of cohorts |           3",
        "------------------+------------",
        "Number of obs     |",
        "    Never treated |          18",
        "             2003 |          18",
        "             2005 |          24",
        "-------------------------------",
        "",
        "Heterogeneous-treatment-effects regression               Number of obs    = 60",
        "                                                         Number of panels = 10",
        "Estimator:       Augmented IPW",
        "Panel variable:  id",
        "Treatment level: id",
        "Control group:   Never treated",
        "",
        "                                    (Std. err. adjusted for 10 clusters in id)",
        "------------------------------------------------------------------------------",
        "             |               Robust",
        "Cohort       |       ATET   std. err.      z    P>|z|     [95% conf. interval]",
        "-------------+----------------------------------------------------------------",
        "2003         |",
        "           t |",
    ] {
        let at = rest.find(&format!("{line}\n"));
        assert!(at.is_some(), "{line:?} is not next in\n{log}");
        rest = &rest[at.unwrap_or(0) + line.len() + 1..];
    }
    for line in [
        "Note: Base time for pretreatment ATETs is the previous period.",
        "Duration of exposure ATET                                   Number of obs = 60",
        "    Exposure |       ATET   std. err.      z    P>|z|     [95% conf. interval]",
        "Note: Exposure is the number of periods since the first treatment time.",
        "Note: Aggregation weights vary across times and cohorts.",
        "Parallel-trends test (pretreatment time period)",
        "H0: Treatment effects in all the pretreatment periods are zero",
    ] {
        let at = rest.find(&format!("{line}\n"));
        assert!(at.is_some(), "{line:?} is not next in\n{log}");
        rest = &rest[at.unwrap_or(0) + line.len() + 1..];
    }
    let (log, rc) = run(&format!("{PANEL}xthdidregress ra (y x) (d), group(id)\nestat aggregation"));
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("\n           d |\n   (1 vs 0)  |   "), "{log}");
}

/// Without covariates all estimators are differences of means, in panels and cross sections.
#[test]
fn estimators_agree_without_covariates() {
    let mut lines = String::from(PANEL);
    for (k, line) in [
        "xthdidregress aipw (y) (d), group(id)",
        "xthdidregress ra (y) (d), group(id)",
        "xthdidregress ipw (y) (d), group(id)",
        "hdidregress ipw (y) (d), group(id) time(t)",
    ]
    .iter()
    .enumerate()
    {
        lines.push_str(&format!("{line}\nmatrix b{k} = e(b)\nmatrix V{k} = e(V)\n"));
    }
    lines.push_str("forvalues k = 1/3 {\nassert mreldif(b0, b`k') < 1e-9\nassert mreldif(V0, V`k') < 1e-9\n}\nassert e(N_clust) == 10\n");
    let (log, rc) = run(&lines);
    assert_eq!(rc, 0, "{log}");
}

#[test]
fn what_they_do_not_compute_is_refused_by_name() {
    for (line, code, named) in [
        ("xthdidregress twfe (y) (d), group(id)", 199, "twfe"),
        ("xthdidregress ols (y) (d), group(id)", 198, "ols"),
        ("xthdidregress ra (y) (d x), group(id)", 198, "treatment"),
        ("xthdidregress ipw (y x) (d), group(id)", 198, "outcome"),
        ("xthdidregress ra (y) (d)", 198, "group()"),
        ("xthdidregress ra (y) (x), group(id)", 459, "0 or 1"),
        ("replace d = 0 if t == 2006\nxthdidregress ra (y) (d), group(id)", 459, "stay on"),
        ("xthdidregress ra (y) (d), group(id) controlgroup(all)", 198, "controlgroup(all)"),
        ("xthdidregress ra (y) (d), group(id) time(t)", 198, "time()"),
        ("hdidregress ra (y x) (d), group(id) time(t)", 199, "covariates"),
        ("hdidregress ra (y) (d), group(id)", 198, "time()"),
        ("xthdidregress ra (y) (d), group(id)\nestat atetplot", 199, "atetplot"),
        ("xthdidregress ra (y) (d), group(id)\nestat aggregation, dynamic graph", 199, "graph"),
        ("xthdidregress ra (y) (d), group(id)\nestat aggregation, cohort time", 198, "only one"),
        ("drop if g == 0\nxthdidregress ra (y) (d), group(id)", 2000, "never-treated"),
        ("rlasso y x t, sqrt", 199, "sqrt"),
        ("lasso2 y x t, adaptive", 199, "adaptive"),
        ("lasso2 y x t, lic(cv)", 198, "cv"),
        ("pdslasso y d (x t), cluster(id)", 199, "cluster"),
        ("pdslasso y d", 198, "controls"),
        ("xtmg y x t, augment", 199, "augment"),
        ("xtmg y x", 459, "not identified"),
        ("insobs 0", 198, "0"),
        ("insobs 1, before(99)", 198, "99"),
        ("insobs 1, before(1) after(1)", 184, ""),
        ("expandcl x, generate(n)", 198, "cluster()"),
        ("expandcl y, cluster(id) generate(n)", 198, "constant"),
        ("expandcl 2, cluster(id) generate(x)", 110, "x"),
    ] {
        let (log, rc) = run(&format!("{PANEL}{line}"));
        assert!(rc == code && log.contains(named), "{line}: r({rc})\n{log}");
    }
}
