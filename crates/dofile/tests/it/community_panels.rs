//! Frequency tables, panel tests, wild bootstrap and figures of designs of the SSC archive: their layout, and what they
//! refuse.

use crate::support::try_run_in_a_folder as run;

/// The repair records of the automobile data as the documentation of `fre` shows them (Jann 2007).
#[test]
fn fre_shows_values_shares_and_missing_values() {
    let data = "input rep78 n\n1 2\n2 8\n3 30\n4 18\n5 11\n. 5\nend\nexpand n\nlabel variable rep78 \"Repair Record 1978\"\n";
    let want = "
rep78 -- Repair Record 1978
-----------------------------------------------------------
              |      Freq.    Percent      Valid       Cum.
--------------+--------------------------------------------
Valid   1     |          2       2.70       2.90       2.90
        2     |          8      10.81      11.59      14.49
        3     |         30      40.54      43.48      57.97
        4     |         18      24.32      26.09      84.06
        5     |         11      14.86      15.94     100.00
        Total |         69      93.24     100.00
Missing .     |          5       6.76
Total         |         74     100.00
-----------------------------------------------------------";
    let (log, rc) = run(&format!("{data}fre rep78"));
    assert_eq!(rc, 0, "{log}");
    let lines = |text: &str| text.lines().map(|l| l.trim_end().to_string()).collect::<Vec<_>>();
    let from = log.find("rep78 -- ").expect("a title");
    assert_eq!(lines(log[from..].trim_end()), lines(want.trim_start()));
    let labelled = "label define r 1 \"Poor\" 5 \"Excellent\" 9 \"None\"\nlabel values rep78 r\n";
    for (options, wanted) in [
        (
            "",
            vec![
                "Valid   1 Poor      |          2",
                "        2           |          8",
                "Missing .           |",
            ],
        ),
        (
            ", nomissing",
            vec!["      Freq.    Percent       Cum.", "5 Excellent |         11      15.94     100.00"],
        ),
        (", includelabeled nolabel", vec!["        9     |          0       0.00       0.00     100.00"]),
        (", tabulate(1) novalue", vec!["Valid   Poor      |", "        :         |          :          :"]),
        (
            ", format(0) descending noname",
            vec![
                "Repair Record 1978\n-",
                "Valid   3           |         30         41         43         43",
            ],
        ),
    ] {
        let (log, rc) = run(&format!("{data}{labelled}fre rep78{options}"));
        assert_eq!(rc, 0, "{options}\n{log}");
        for text in wanted {
            assert!(log.contains(text), "{options}: {text:?} is not in\n{log}");
        }
    }
}

#[test]
fn the_tests_of_panels_show_their_statistics() {
    let data = "set obs 30\ngenerate id = ceil(_n/10)\ngenerate t = mod(_n - 1, 10)\ngenerate x = mod(7*_n, 11)\ngenerate y = x + mod(5*_n, 13) + id\nxtset id t\nxtreg y x, fe\n";
    for (line, wanted) in [
        (
            "xttest3",
            vec!["Modified Wald test for groupwise heteroskedasticity", "chi2 (3)  =", "Prob>chi2 ="],
        ),
        (
            "xttest2",
            vec!["Breusch-Pagan LM test of independence: chi2(3) =", "Based on 10 complete observations"],
        ),
        (
            "xtcsd, pesaran abs show",
            vec!["Pesaran's test of cross sectional independence =", "Average absolute value"],
        ),
        ("xtcsd, frees", vec!["Frees' test of cross sectional independence =", "alpha = 0.05"]),
        (
            "xtscc y x, fe lag(2)",
            vec![
                "Regression with Driscoll-Kraay standard errors",
                "Drisc/Kraay",
                "within R-squared",
                "maximum lag: 2",
            ],
        ),
        (
            "regress y x, vce(cluster id)\nboottest x = 1",
            vec![
                "Wild bootstrap-t, null imposed, 8 replications, Wald test, bootstrap clustering by id, Rademacher weights:",
                "t(2) =",
                "Prob>|t| =",
                "95% confidence set for null hypothesis expression:",
            ],
        ),
        (
            "xtbalance, range(2 5)",
            vec!["(18 observations deleted due to out of range)", "(0 observations deleted due to missing)"],
        ),
    ] {
        let (log, rc) = run(&format!("{data}{line}"));
        assert_eq!(rc, 0, "{line}\n{log}");
        for text in wanted {
            assert!(log.contains(text), "{line}: {text:?} is not in\n{log}");
        }
    }
}

#[test]
fn designs_are_drawn() {
    let rd = "set obs 200\ngenerate double x = (_n - 100.5)/100\ngenerate double y = x + (x > 0) + mod(7*_n, 11)/30\n";
    let did = "set obs 30\ngenerate id = ceil(_n/10)\ngenerate t = 1 + mod(_n - 1, 10)\ngenerate d = (id == 2 & t >= 5) | (id == 3 & t >= 8)\ngenerate y = 2*d*(id == 2) + 4*d*(id == 3) + mod(_n, 3)/10\nxtset id t\n";
    for (text, wanted) in [
        (
            format!(
                "{rd}rdplot y x, ci(95) shade graph_options(title(Cutoff))\ngraph export a.svg\nconfirm file a.svg"
            ),
            "Bins selected |",
        ),
        (
            format!("{did}bacondecomp y d, ddetail\ngraph export b.svg\nconfirm file b.svg"),
            "Goodman-Bacon decomposition",
        ),
    ] {
        let (log, rc) = run(&text);
        assert_eq!(rc, 0, "{log}");
        assert!(log.contains(wanted), "{wanted} is not in\n{log}");
    }
}

#[test]
fn what_they_do_not_compute_is_refused_by_name() {
    let data = "set obs 30\ngenerate id = ceil(_n/10)\ngenerate t = mod(_n - 1, 10)\ngenerate x = mod(7*_n, 11)\ngenerate y = x + mod(5*_n, 13) + id\ngenerate d = t > 4 & id == 2\nxtset id t\n";
    for (line, code, named) in [
        ("fre x, tex", 199, "tex"),
        ("fre x using f", 199, "using"),
        ("fre x, ascending descending", 198, "combined"),
        ("fre nosuch", 111, "nosuch"),
        ("xttest3", 301, "xtreg, fe"),
        ("xtreg y x\nxttest3", 301, "xtreg, fe"),
        ("regress y x\nxttest2", 301, "ivreg2"),
        ("xtreg y x, fe\nxtcsd", 198, "pesaran"),
        ("xtreg y x, fe\nxtcsd, pesaran frees", 198, "combined"),
        ("xtscc y x, re", 199, "re"),
        ("xtscc y x, fe pooled", 198, "combined"),
        ("xtscc y x [aw=x], fe", 101, "fe"),
        ("xtbalance", 198, "range()"),
        ("xtbalance, range(5 2)", 198, "range()"),
        ("xtbalance, range(0 99)", 198, "outside"),
        ("boottest x", 301, "not found"),
        ("regress y x\nboottest x", 199, "classical"),
        ("regress y x, vce(robust)\nboottest", 100, "hypothesis"),
        ("regress y x, vce(robust)\nboottest nosuch", 111, "nosuch"),
        ("regress y x, vce(robust)\nboottest x, weighttype(gamma)", 199, "gamma"),
        ("regress y x, vce(robust)\nboottest x, boottype(score)", 199, "boottype"),
        ("ivregress gmm y (x = t), vce(robust)\nboottest x", 199, "gmm"),
        ("ivregress 2sls y (x = t), vce(robust)\nboottest x, nonull", 199, "nonull"),
        ("ivregress 2sls y d (x = t), vce(robust)\nboottest d", 199, "instrumented"),
        ("ivregress 2sls y (x = t)\nboottest x", 199, "classical"),
        ("areg y x, absorb(id) vce(robust)\nboottest _cons", 198, "absorbed"),
        ("bacondecomp y d x", 199, "controls"),
        ("drop in 3\nbacondecomp y d", 459, "balanced"),
        ("bacondecomp y x", 459, "0 or 1"),
        ("did2s y, first_stage(i.id i.t) second_stage(d) treatment(d)", 198, "cluster()"),
        ("did2s y, first_stage(i.id i.t i.d) second_stage(d) treatment(d) cluster(id)", 199, "first_stage()"),
        ("jwdid y, tvar(t)", 198, "gvar()"),
        ("jwdid y, tvar(t) gvar(t) hettype(time)", 199, "hettype"),
        ("keep if t < 2\nreplace d = id == 2\ndrdid y x, time(t) treatment(d) ipw", 199, "ivar()"),
        ("replace d = 0\nreplace d = 8 if id == 2\ncsdid y, time(t) gvar(d) method(ipw)", 199, "ivar()"),
        ("drdid y x, ivar(id) time(t) treatment(d) all", 199, "all"),
        ("twowayfeweights y id t d", 198, "type()"),
        ("twowayfeweights y id t d, type(fdTR)", 199, "fdTR"),
        ("twowayfeweights y id t d, type(feTR) controls(x)", 199, "controls"),
        ("rdplot y x, binselect(espt)", 198, "espt"),
        ("rdplot y x, c(100)", 125, "range"),
        ("rdplot y x, masspoints(none)", 198, "none"),
    ] {
        let (log, rc) = run(&format!("{data}{line}"));
        assert!(rc == code && log.contains(named), "{line}: r({rc})\n{log}");
    }
}
