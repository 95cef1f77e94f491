//! Unit roots with common factors, quantiles via moments, pooled mean groups, weak instruments: what they print, leave
//! behind and refuse.

use dofile::Session;

fn run(text: &str) -> (String, i32) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    s.end();
    (log, rc)
}

const PANEL: &str = "set obs 120\ngenerate id = ceil(_n/30)\nbysort id: generate t = _n\ngenerate double x = sum(mod(7*_n, 11) - 5)\ngenerate double y = x/id + mod(5*_n, 13)/2\ngenerate str3 name = \"u\" + string(id)\ngenerate w = 1 + mod(_n, 3)\nxtset id t\n";

/// Lines of a log with runs of blanks as one.
fn lines(log: &str) -> Vec<String> {
    log.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_they_do_not_compute_is_refused_by_name() {
    for (line, code, named) in [
        ("xtcips y, bglags(1)", 198, "maxlags"),
        ("xtcips y, maxlags(1)", 198, "bglags"),
        ("xtcips y, maxlags(1) bglags(1) q", 199, "q"),
        ("xtcips y, maxlags(1) bglags(1) trend noc", 198, "trend"),
        ("xtcips y, maxlags(1) bglags(1 2)", 198, "either 1 or 4"),
        ("xtcips y, maxlags(1) bglags(0)", 198, "bglags"),
        ("xtcips y x, maxlags(1) bglags(1)", 103, ""),
        ("xtcips y, maxlags(26) bglags(1)", 2001, "insufficient"),
        ("drop if t == 9\nxtcips y, maxlags(1) bglags(1)", 498, "gaps"),
        ("pescadf y", 198, "lags"),
        ("pescadf y, lags(1 2)", 198, "either 1 or 4"),
        ("drop if t == 30 & id == 2\npescadf y, lags(1)", 199, "unbalanced"),
        ("xtset, clear\nxtcips y, maxlags(1) bglags(1)", 459, "xtset"),
        ("mmqreg y x, quantile(0)", 198, "quantile()"),
        ("mmqreg y x, denopt(fitted)", 199, "denopt"),
        ("mmqreg y x, dfadj", 199, "dfadj"),
        ("mmqreg y x, absorb(c.x)", 199, "c.x"),
        ("mmqreg y x [fw=w]", 101, "weights"),
        ("generate one = 1\nmmqreg y x, cluster(one)", 460, "cluster"),
        ("xtqreg y x, quantile(25)", 198, "between 0 and 1"),
        ("xtqreg y x, savefe(a)", 199, "savefe"),
        ("xtset, clear\nxtqreg y x", 459, "i()"),
        ("xtqreg y id", 102, ""),
        ("xtpmg D.y D.x", 198, "lr()"),
        ("xtpmg D.y D.x, lr(L.y)", 102, "further"),
        ("xtpmg D.y D.x, lr(L.y x) full", 199, "full"),
        ("xtpmg D.y D.x, lr(L.y x) pmg mg", 198, "combined"),
        ("xtpmg D.y D.x, lr(L.y x) cluster(id)", 199, "cluster()"),
        ("xtpmg D.y D.x, lr(L.y x) constraints(1)", 199, "constraints"),
        ("xtpmg D.y D.x, lr(L.y x) ec(w)", 110, "already defined"),
        ("xtpmg D.y, lr(L.y i.w)", 199, "lr()"),
        ("xtpmg D.y D.x if id == 1, lr(L.y x)", 2001, "two groups"),
        ("xtpmg D.y D.x if t < 6, lr(L.y x) mg", 459, "id = 1"),
        ("regress y x\nweakivtest", 301, "ivregress"),
        ("ivregress 2sls y (x w = t id L.x)\nweakivtest", 198, "one endogenous"),
        ("ivregress 2sls y (x = t id) [aw=w]\nweakivtest", 199, "weights"),
        ("ivreg2 y (x = t id), partial(_cons)\nweakivtest", 301, "estimates"),
        ("ivregress 2sls y (x = t id)\nweakivtest, eps(.1)", 199, "eps"),
        ("ivregress 2sls y (x = t id)\nweakivtest, level(5)", 198, "level()"),
    ] {
        let (log, rc) = run(&format!("{PANEL}{line}"));
        assert!(rc == code && log.contains(named), "{line}: r({rc})\n{log}");
    }
}

#[test]
fn weak_instruments_print_as_published() {
    // README of gfweakivtest: the same model by weakivtest of Stata.
    let text = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data/mroz_wages.csv"),
    )
    .expect("the data");
    let mut input = String::from("input inlf lwage educ exper expersq age kidslt6 kidsge6\n");
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').map(|c| if c.is_empty() { "." } else { c }).collect();
        input.push_str(&cells.join(" "));
        input.push('\n');
    }
    input.push_str(
        "end\nquietly ivreg2 lwage exper expersq (educ = age kidslt6 kidsge6), robust\nweakivtest\n",
    );
    let (log, rc) = run(&input);
    assert_eq!(rc, 0, "{log}");
    let printed = lines(&log);
    for line in [
        "Montiel-Pflueger robust weak instrument test",
        "Effective F statistic: 4.552",
        "Confidence level alpha: 5%",
        "Critical Values TSLS LIML",
        "% of Worst Case Bias",
        "tau=5% 15.711 15.406",
        "tau=10% 9.957 9.789",
        "tau=20% 6.749 6.654",
        "tau=30% 5.560 5.491",
    ] {
        assert!(printed.iter().any(|l| l == line), "{line}\n{log}");
    }
}

#[test]
fn the_mean_of_the_t_is_printed_with_its_critical_values() {
    let (log, rc) = run(&format!(
        "{PANEL}xtcips y, maxlags(2) bglags(1) trend\npescadf y, lags(1)\npescadf D.y, lags(0) trunoff"
    ));
    assert_eq!(rc, 0, "{log}");
    for line in [
        "Pesaran Panel Unit Root Test with cross-sectional and first difference mean included for y",
        "Deterministics chosen: constant & trend",
        "H0 (homogeneous non-stationary): bi = 0 for all i",
        "Pesaran's CADF test for y",
        "Cross-sectional average in first period extracted and extreme t-values truncated",
        "Cross-sectional average in first period extracted and no truncation of extreme t-values",
        "t-bar test, N,T = (4,30) Obs = 112",
        "Augmented by 1 lags (average)",
        "t-bar cv10 cv5 cv1 Z[t-bar] P-value",
    ] {
        assert!(lines(&log).iter().any(|l| l == line), "{line}\n{log}");
    }
    // four units are below the tables
    let (log, rc) =
        run(&format!("{PANEL}quietly pescadf y, lags(1)\nassert missing(r(cv5))\nassert !missing(r(tbar))"));
    assert_eq!(rc, 0, "{log}");
    // units that are named by text are numbered
    let (log, rc) = run(&format!(
        "{PANEL}xtset, clear\nencode name, generate(unit)\nxtset unit t\nquietly xtcips y, maxlags(0) bglags(1)\nmatrix W = r(W)\nassert rowsof(W) == 4 & W[3,1] == 3"
    ));
    assert_eq!(rc, 0, "{log}");
}

#[test]
fn error_correction_terms_and_results_are_kept() {
    let (log, rc) = run(&format!(
        "{PANEL}xtpmg D.y D.x, lr(L.y x) ec(ec) pmg\nassert \"`e(model)'\" == \"pmg\"\ngenerate double own = L.y - [ec]_b[x]*x\nassert reldif(ec, own) < 1e-9 if e(sample)\nassert missing(ec) if !e(sample)\nxtpmg D.y D.x, lr(L.y x) ec(ec) replace mg\nhausman mg pmg\nestimates restore pmg\nassert e(ll) < .\nxtpmg D.y D.x, lr(L.y x) ec(ec) replace dfe\nestimates dir\ntest [ec]x = 1\nxtpmg"
    ));
    assert_eq!(rc, 0, "{log}");
    let printed = lines(&log);
    for line in [
        "Pooled Mean Group Regression",
        "(Estimate results saved as pmg)",
        "Panel Variable (i): id Number of obs = 116",
        "Time Variable (t): t Number of groups = 4",
        "Obs per group: min = 29",
        "Mean Group Estimation: Error Correction Form",
        "(Estimate results saved as mg)",
        "Dynamic Fixed Effects Regression: Estimated Error Correction Form",
        "(Estimate results saved as DFE)",
    ] {
        assert!(printed.iter().any(|l| l == line), "{line}\n{log}");
    }
    assert!(log.contains("Iteration 0:   log likelihood = "), "{log}");
}

#[test]
fn quantiles_via_moments_have_equations_and_leave_out_what_effects_explain() {
    let (log, rc) = run(&format!(
        "{PANEL}mmqreg y x w, quantile(25 50) absorb(id) cluster(id)\nassert e(N_clust) == 4\nassert [qtile_25]_b[x] != [qtile_50]_b[x]\ntest [qtile_25]x = [qtile_50]x\nmmqreg\nmmqreg y x id w, absorb(id)\nassert _b[location:o.id] == 0\nxtqreg y x w, ls quantile(.5)\nassert colsof(e(b)) == 2\nxtqreg y x w, quantile(.25 .5)\nassert [q25]_b[x] < .\nbysort id: mmqreg y x"
    ));
    assert_eq!(rc, 0, "{log}");
    for line in [
        "MM-QR regression results Number of obs = 120",
        "Absorbed effects: id",
        "note: id omitted because of collinearity.",
        "Location parameters",
        "Scale parameters",
        ".5 Quantile regression",
        "Number of groups = 4",
    ] {
        assert!(lines(&log).iter().any(|l| l == line), "{line}\n{log}");
    }
}
