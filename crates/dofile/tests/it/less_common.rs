//! Options and commands that few do-files use: each is honoured or refused, and prints what [R], [ST] show.

use dofile::Session;

use crate::support::{holds, run};

const STRATA: &str = "input y x g n t\n1 1 1 6 30\n0 1 1 9 40\n1 0 1 3 20\n0 0 1 8 50\n\
                      1 1 2 7 20\n0 1 2 5 30\n1 0 2 4 40\n0 0 2 9 20\nend\n";

#[test]
fn stratified_tables_leave_out_what_is_not_wanted() {
    for command in
        ["cs y x [fweight=n], by(g)", "cc y x [fweight=n], by(g) bd", "ir y x t [fweight=n], by(g)"]
    {
        let (_, whole) = run(&format!("{STRATA}{command}"));
        assert!(whole.contains("Crude |") && whole.contains("Test of homogeneity"), "{whole}");
        let (s, log) = run(&format!("{STRATA}{command} nocrude"));
        assert!(!log.contains("Crude |") && log.contains("Test of homogeneity (M–H)"), "{log}");
        assert!(s.r.get_scalar("crude").is_some(), "{command}");
        let (_, log) = run(&format!("{STRATA}{command} nohom"));
        assert!(log.contains("Crude |") && !log.contains("Test of homogeneity"), "{log}");
        assert!(log.contains("M–H combined"), "{log}");
    }
}

/// The orders were listed with Python's itertools: 14 of the 35 of 3 and 4 values reach 2/3.
#[test]
fn the_exact_test_of_smirnov_stands_in_a_column_of_its_own() {
    let data = "input x g\n1 1\n2 1\n5 1\n3 2\n4 2\n6 2\n7 2\nend\n";
    let (s, log) = run(&format!("{data}ksmirnov x, by(g) exact"));
    // after 2 both values lie below in the first group only
    holds(&s, &["abs(r(D) - 2/3) < 1e-12", "abs(r(p_exact) - 14/35) < 1e-12"]);
    let heading = "Smaller group             D     p-value      Exact";
    assert!(log.lines().any(|l| l.trim_end() == heading), "{log}");
    assert!(log.lines().any(|l| l.starts_with("Combined K-S:") && l.ends_with("0.400")), "{log}");
    let (s, log) = run(&format!("{data}ksmirnov x, by(g)"));
    assert!(s.r.get_scalar("p_exact").is_none());
    assert!(!log.contains("Exact") && !log.contains("Ties"), "{log}");
    let (_, log) = run(&format!("{data}replace x = 6 in 7\nksmirnov x, by(g)"));
    assert!(log.contains("Note: Ties exist in combined dataset;"), "{log}");
    assert!(log.contains("      there are 6 unique values out of 7 observations."), "{log}");
}

#[test]
fn the_test_of_vuong_is_given_where_it_is_forced() {
    let data =
        "set obs 60\ngenerate x = mod(_n, 5)\ngenerate y = cond(mod(_n, 3) == 0, 0, 1 + mod(_n*7, 4))\n";
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!("{data}zip y x, inflate(_cons) vuong"));
    assert_eq!(rc, 198, "{log}");
    assert!(log.contains("Specify option forcevuong to perform the test anyway."), "{log}");
    let (_, log) = run(&format!("{data}zip y x, inflate(_cons) forcevuong nolog"));
    assert!(log.contains("Vuong test of zip vs. standard Poisson:"), "{log}");
    let (log, rc) = session.run_captured("zip y x, inflate(_cons) forcevuong vce(robust)");
    assert_eq!(rc, 198, "{log}");
}

#[test]
fn nl_shows_the_title_of_the_program_or_of_the_option() {
    let data = "set obs 8\ngenerate x = _n\ngenerate y = 3 + 2*.5^x + mod(_n, 3)/100\n\
                program nlmine, rclass\nsyntax varlist(min=2 max=2) if\n\
                tokenize `varlist'\nreturn local eq \"`1' = {a=2} + {b=1}*.5^`2'\"\n\
                return local title \"my curve of `1'\"\nend\n";
    let (s, log) = run(&format!("{data}nl mine: y x, nolog"));
    assert!(log.lines().any(|l| l == "my curve of y"), "{log}");
    assert_eq!(s.e.results.get_text("title"), Some("my curve of y"));
    let (s, log) = run(&format!("{data}nl mine: y x if x > 2, nolog title(\"another\") title2(below)"));
    assert!(log.contains("another\nbelow\n"), "{log}");
    assert_eq!(s.eval_num("e(N)"), Ok(6.0));
    // the helper of the sample is gone
    assert_eq!(s.frame.n_vars(), 2);
    for (text, code) in [
        ("nl nosuch: y x", 199),
        ("nl log4: y", 102),
        ("generate z = 1\nnl log4: y x z", 103),
        ("nl mine @ y x, parameters(a b)", 199),
    ] {
        let mut session = Session::default();
        let (log, rc) = session.run_captured(&format!("{data}{text}"));
        assert_eq!(rc, code, "{text}: {log}");
    }
}

const HISTORY: &str = "input id t0 t d x z\n1 0 2 0 0 5\n1 2 5 1 1 .\n1 6 8 0 1 7\n2 1 4 0 0 .\n2 4 9 0 . 3\n3 0 7 1 2 1\nend\n\
                       quietly stset t, id(id) failure(d) time0(t0) exit(time .)\n";

#[test]
fn stgen_tells_the_history_of_subjects() {
    let (s, _) = run(&format!(
        "{HISTORY}stgen ev = ever(x == 1)\nstgen ne = never(x == 1)\nstgen al = always(x < 2)\nstgen lo = min(x)\n\
         stgen double w = when(x == 1)\nstgen w0 = when0(x == 1)\nstgen nf = nfailures()\nstgen ng = ngaps()\nstgen gl = gaplen()\n\
         stgen hg = hasgap()\nlist\n"
    ));
    holds(
        &s,
        &[
            "ev[1] == 1 & ev[3] == 1 & ev[4] == 0 & ev[6] == 0",
            "ne[1] == 0 & ne[5] == 1 & ne[6] == 1",
            // a missing value is not less than 2
            "al[1] == 1 & al[4] == 0 & al[6] == 0",
            "lo[3] == 0 & lo[5] == 0 & lo[6] == 2",
            "w[1] == 5 & w[3] == 5 & w[4] == .",
            "w0[1] == 2 & w0[6] == .",
            "nf[1] == 0 & nf[2] == 0 & nf[3] == 1 & nf[6] == 0",
            "ng[2] == 0 & ng[3] == 1 & ng[4] == 0",
            "gl[2] == 0 & gl[3] == 1 & gl[4] == 0",
            "hg[1] == 1 & hg[3] == 1 & hg[4] == 0",
        ],
    );
    for (text, code) in [
        ("stgen c = count(x)", 199),
        ("stgen c = nosuch(x)", 133),
        ("stgen c = ever()", 198),
        ("stgen x = ever(x)", 110),
        ("stfill x", 198),
        ("stfill x, baseline forward", 198),
        ("drop x\nstset t\nstgen c = ever(z)", 459),
    ] {
        let mut session = Session::default();
        let (log, rc) = session.run_captured(&format!("{HISTORY}{text}"));
        assert_eq!(rc, code, "{text}: {log}");
    }
}

#[test]
fn stfill_carries_values_over_the_records_of_a_subject() {
    let (s, log) = run(&format!("{HISTORY}generate str2 s = cond(z < ., \"v\", \"\")\nstfill z s, forward"));
    holds(&s, &["z[2] == 5", "z[3] == 7", "z[4] == .", "z[5] == 3", "s[2] == \"v\"", "s[4] == \"\""]);
    assert!(log.contains("                z:  1 real change made"), "{log}");
    let (s, log) = run(&format!("{HISTORY}stfill z, baseline noshow"));
    holds(&s, &["z[2] == 5", "z[3] == 5", "z[4] == .", "z[5] == .", "z[6] == 1"]);
    assert!(log.contains("                z:  3 real changes made"), "{log}");
    assert!(!log.contains("Failure _d"), "{log}");
}

#[test]
fn fp_generate_makes_the_terms_of_stated_powers() {
    let (s, _) = run("set obs 5\ngenerate x = _n - 1\nfp generate double p = x^(0 .5 .5) if x > 0\n\
                      fp generate x^(2), zero\nfp generate q=x^3, scale(1 2) center(3) replace");
    holds(
        &s,
        &[
            "p_1[1] == .",
            "abs(p_1[3] - ln(2)) < 1e-15",
            "abs(p_2[5] - 2) < 1e-15",
            "abs(p_3[5] - 2*ln(4)) < 1e-14",
            "x_1[1] == 0 & x_1[4] == 9",
            // ((0 + 1)/2)^3 - ((3 + 1)/2)^3
            "abs(q_1[1] + 7.875) < 1e-6",
        ],
    );
    let mut session = Session::default();
    for (text, code) in [
        ("set obs 3\ngenerate x = _n - 1\nfp generate x^(1 2)", 411),
        ("fp generate x", 198),
        ("generate x_1 = 1\nfp generate x^(2) if x > 0", 110),
        ("fp generate x^(2), catzero", 199),
        ("fp plot", 198),
    ] {
        let (log, rc) = session.run_captured(text);
        assert_eq!(rc, code, "{text}: {log}");
    }
}

#[test]
fn marks_keep_rows_of_zero_weight_and_system_missing_values_where_asked() {
    let data = "input w x\n1 1\n0 2\n. 3\n2 .\n1 .a\nend\n";
    let (s, _) = run(&format!(
        "{data}mark a [aw=w]\nmark b [aw=w], zeroweight\nmark c\nmark d\nmarkout c x\nmarkout d x, sysmissok\n\
         program t, rclass\nsyntax [aw]\nmarksample m, zeroweight\nmarksample n\ncount if `m'\nreturn scalar m = r(N)\n\
         count if `n'\nreturn scalar n = r(N)\nend\nt [aw=w]"
    ));
    holds(
        &s,
        &[
            "a[1] == 1 & a[2] == 0 & a[3] == 0",
            "b[1] == 1 & b[2] == 1 & b[3] == 0",
            "c[3] == 1 & c[4] == 0 & c[5] == 0",
            "d[3] == 1 & d[4] == 1 & d[5] == 0",
            "r(m) == 4 & r(n) == 3",
        ],
    );
    let mut session = Session::default();
    assert_eq!(session.run_captured(&format!("{data}assert x > 0 if x > 5 & x < ., null")).1, 8);
    assert_eq!(session.run_captured("assert x > 0 if x > 5 & x < .").1, 0);
}

#[test]
fn options_that_were_passed_over_are_honoured() {
    let (s, _) = run(
        "set obs 4\ngenerate x = _n\ngenerate g = _n > 2\nseparate x, by(g)\nseparate x, by(g) generate(z) shortlabel",
    );
    let labels: Vec<&str> = s.frame.vars()[2..].iter().map(|v| v.label.as_str()).collect();
    assert_eq!(labels, ["x, g == 0", "x, g == 1", "g == 0", "g == 1"]);
    let patterns = "set obs 10\ngenerate a = 1\ngenerate b = 1\nreplace a = . in 1/3\nreplace b = . in 1/3\nreplace b = . in 4/5\nmisstable patterns a b, frequency";
    let rows = |log: &str| -> Vec<String> {
        let at = |l: &&str| l.contains(" | ") && !l.contains("Frequency") && !l.contains("Pattern");
        log.lines().filter(at).map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(rows(&run(patterns).1), ["5 | 1 1", "3 | 0 0", "2 | 1 0"]);
    assert_eq!(rows(&run(&format!("{patterns} bypatterns")).1), ["5 | 1 1", "2 | 1 0", "3 | 0 0"]);
    let regression = "set obs 30\ngenerate x = _n\ngenerate z = mod(_n*7, 11)\ngenerate y = x + mod(_n*5, 7)\ngenerate w = z - mod(_n*3, 5)\n";
    let (_, log) = run(&format!("{regression}sureg (y x) (w z), notable"));
    assert!(log.contains("RMSE") && !log.contains("Coefficient"), "{log}");
    for prefix in ["bootstrap m = r(mean), reps(5) seed(1)", "jackknife m = r(mean), rclass"] {
        let (_, log) = run(&format!("{regression}{prefix}: summarize x"));
        assert!(log.contains("Command: summarize x"), "{log}");
        let (_, log) = run(&format!("{regression}{prefix} nolegend: summarize x"));
        assert!(!log.contains("Command: summarize x"), "{log}");
    }
    let (s, _) = run(
        "set obs 6\ngenerate e = _n/6\ngenerate v = .2\ngenerate n = 10*_n\nmeta set e v, studysize(n)\nmeta clear",
    );
    assert!(s.frame.find("_meta_studysize").is_none());
    let (s, _) =
        run("set obs 6\ngenerate e = _n/6\ngenerate v = .2\ngenerate n = 10*_n\nmeta set e v, studysize(n)");
    holds(&s, &["_meta_studysize[3] == 30"]);
}

/// [ST] stcox: robust standard errors have the factor g/(g - 1) of the groups, which noadjust takes away.
#[test]
fn stcox_leaves_out_the_adjustment_of_robust_errors() {
    let data = "set obs 20\ngenerate t = mod(_n*7, 23) + _n/50\ngenerate x = mod(_n*3, 5)\ngenerate g = ceil(_n/4)\nquietly stset t\n";
    for (vce, groups) in [("robust", 20.0), ("cluster g", 5.0)] {
        let (s, _) = run(&format!(
            "{data}stcox x, vce({vce}) nolog\nscalar a = _se[x]\nstcox x, vce({vce}) noadjust nolog"
        ));
        holds(&s, &[&format!("abs((_se[x]/a)^2 - ({groups} - 1)/{groups}) < 1e-9")]);
    }
}

#[test]
fn options_without_an_effect_are_refused_by_name() {
    for (text, named) in [
        ("describe, numbers", "numbers"),
        ("svyset x, noclear", "noclear"),
        ("mixed y x || g:, nostderr", "nostderr"),
    ] {
        let mut session = Session::default();
        let data = "set obs 12\ngenerate x = _n\ngenerate g = ceil(_n/3)\ngenerate y = x + mod(_n*5, 7)\n";
        let (log, rc) = session.run_captured(&format!("{data}{text}"));
        assert_eq!(rc, 199, "{text}: {log}");
        assert!(log.contains(named), "{text}: {log}");
    }
}

/// [TS] irf create; the weights of an ARMA(1,1) are `a^(j-1) (a + m)`, those of two autoregressive factors the coefficients of the
/// product of both series; derivatives by hand.
#[test]
fn responses_after_arima_are_the_weights_of_its_errors() {
    let data = "set obs 120\nset seed 5\ngenerate t = _n\ntsset t\ngenerate double y = rnormal()\n\
                replace y = .6*y[_n-1] + y in 2/l\nquietly ";
    let (s, log) = run(&format!(
        "{data}arima y, ar(1) ma(1)\nscalar a = [ARMA]_b[L.ar]\nscalar m = [ARMA]_b[L.ma]\nscalar g = [/]_b[sigma]\n\
         matrix V = e(V)\nscalar vaa = V[2,2]\nscalar vam = V[2,3]\nscalar vmm = V[3,3]\nscalar vag = V[2,4]\nscalar vmg = V[3,4]\n\
         scalar vgg = V[4,4]\ntempfile f\nirf create one, step(4) set(\"`f'.irf\")\nirf table irf\nuse \"`f'.irf\", clear\nerase \"`f'.irf\""
    ));
    assert!(log.contains("impulse = y"), "{log}");
    holds(
        &s,
        &[
            "_N == 5 & irf[1] == 1 & stdirf[1] == 0",
            "abs(irf[2] - (a + m)) < 1e-12",
            "abs(irf[5] - a^3*(a + m)) < 1e-12",
            "abs(oirf[3] - g*a*(a + m)) < 1e-12",
            "abs(cirf[3] - (1 + a + m + a*(a + m))) < 1e-12",
            "abs(coirf[2] - g*(1 + a + m)) < 1e-12",
            "abs(stdirf[2]^2 - (vaa + 2*vam + vmm)) < 1e-9",
            "abs(stdirf[3]^2 - ((2*a + m)^2*vaa + 2*(2*a + m)*a*vam + a^2*vmm)) < 1e-9",
            "abs(stdoirf[2]^2 - (g^2*(vaa + 2*vam + vmm) + 2*g*(a + m)*(vag + vmg) + (a + m)^2*vgg)) < 1e-9",
            "abs(stdoirf[1]^2 - vgg) < 1e-9",
            "fevd[2] == .",
        ],
    );
    let (s, _) = run(&format!(
        "{data}arima y, ar(1) sarima(1,0,0,4) noconstant\nmatrix B = e(b)\nscalar a = B[1,1]\nscalar b = B[1,2]\ntempfile f\n\
         irf create one, step(5) set(\"`f'.irf\")\nuse \"`f'.irf\", clear\nerase \"`f'.irf\""
    ));
    holds(
        &s,
        &[
            "abs(irf[4] - a^3) < 1e-12",
            "abs(irf[5] - (a^4 + b)) < 1e-12",
            "abs(irf[6] - (a^5 + a*b)) < 1e-12",
        ],
    );
    for (text, code) in [
        ("arima y, arima(1,1,0)\nirf create one, set(f, replace)", 199),
        ("arima y, ar(1)\nirf create one, set(f, replace) order(y)", 198),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut session = Session::default();
        session.cwd = folder.path().to_path_buf();
        let (log, rc) = session.run_captured(&format!("{data}{text}"));
        assert_eq!(rc, code, "{text}: {log}");
    }
}
