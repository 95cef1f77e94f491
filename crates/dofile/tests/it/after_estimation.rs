//! Statistics after survival and panel models, and tables of stored results: options, refusals and printed layout. Numbers have
//! their oracle cases.

use crate::support::{has_block, has_lines, holds, log_of, run, try_run};

const DURATIONS: &str = "set obs 60\ngenerate x = mod(_n*7, 11) - 5\ngenerate t = 1 + mod(_n*13, 17) + (x > 0)*3\n\
                         generate f = mod(_n, 5) > 0\nreplace t = 60 if !f\nstset t, failure(f)\n";

/// `[ST] streg postestimation`: `alpha1` and `unconditional` belong to models with frailty, the default depends on `shared()`.
#[test]
fn predictions_of_frailty_models_have_their_options() {
    let code = |after: &str| {
        let (log, rc) =
            try_run(&format!("{DURATIONS}quietly streg x, distribution(lognormal) frailty(gamma)\n{after}"));
        (rc, log)
    };
    for (line, want) in [
        ("predict m, median time unconditional", 0),
        ("predict m, marginal", 0),
        ("predict m, mean time", 198),
        ("predict m, mean time alpha1", 0),
        ("predict m, alpha1 unconditional", 198),
        ("predict m, surv partial", 198),
        ("predict m, csurv oos", 0),
        ("stcurve, cumhaz alpha1", 0),
        ("stcurve, survival unconditional alpha1", 198),
        ("margins, predict(median time unconditional)", 0),
        ("margins, predict(mean time)", 198),
        ("margins, predict(mean time alpha1)", 0),
        ("margins, predict(xb)", 0),
    ] {
        let (rc, log) = code(line);
        assert_eq!(rc, want, "{line}\n{log}");
    }
    for line in
        ["predict m, alpha1", "stcurve, survival unconditional", "margins, predict(median time alpha1)"]
    {
        let (log, rc) = try_run(&format!("{DURATIONS}quietly streg x, distribution(weibull)\n{line}"));
        assert_eq!(rc, 198, "{line}\n{log}");
    }
    assert_eq!(try_run(&format!("{DURATIONS}quietly stcox x\npredict m, hr partial")).1, 198);
    assert_eq!(try_run(&format!("{DURATIONS}quietly regress t x\npredict m, partial")).1, 198);
}

/// The mean of the log of time of the models without frailty: `xb` of those of log time, less Euler's constant over p of Weibull's.
#[test]
fn the_mean_of_the_log_of_time_is_no_log_of_a_mean() {
    let (session, _) = run(&format!(
        "{DURATIONS}quietly streg x, distribution(lognormal)\npredict double m, mean lntime\npredict double b, xb\n\
         scalar d = reldif(m[7], b[7])\nquietly streg x, distribution(weibull) time\ndrop m b\n\
         predict double m, mean lntime\npredict double b, xb\nscalar w = reldif(m[7], b[7] - .57721566490153286/e(aux_p))"
    ));
    holds(&session, &["d < 1e-12", "w < 1e-12"]);
}

/// Residuals outside the estimation sample are missing, with `oos` they are not.
#[test]
fn residuals_are_those_of_the_estimation_sample() {
    let (session, _) = run(&format!(
        "{DURATIONS}quietly streg x if _n <= 40, distribution(weibull)\npredict a, csnell\npredict b, csnell oos\n\
         predict c if _n > 50, mgale oos\npredict s, surv\ncount if missing(a)\nscalar n = r(N)\ncount if missing(b)\n\
         scalar o = r(N)\ncount if !missing(c)\nscalar k = r(N)\ncount if missing(s)\nscalar u = r(N)"
    ));
    holds(&session, &["n == 20", "o == 0", "k == 10", "u == 0"]);
}

/// J. S. Long and J. Freese, Regression Models for Categorical Dependent Variables Using Stata, section 5.2.2: the names of
/// the rows of `estimates table, varlabel` in a log of Stata.
#[test]
fn rows_of_stored_results_have_the_labels_of_variables() {
    let log = log_of(
        "set obs 300\ngenerate k5 = mod(_n, 3)\ngenerate k618 = mod(_n*5, 7)\ngenerate agecat = 1 + mod(floor(_n/4), 3)\n\
         generate wc = mod(_n*3, 5) > 2\ngenerate hc = mod(_n*7, 11) > 5\ngenerate lwg = mod(_n*13, 17)/10\n\
         generate inc = mod(_n*17, 23)\ngenerate lfp = mod(_n*19, 29) + k5 > 15\nlabel variable k5 \"# kids < 6\"\n\
         label variable k618 \"# kids 6-18\"\nlabel variable agecat \"Wife's age group\"\n\
         label variable wc \"Wife attended college?\"\nlabel variable hc \"Husband attended college?\"\n\
         label variable lwg \"Log of wife's estimated wages\"\nlabel variable inc \"Family income excluding wife's\"\n\
         label define agecat 1 \"30-39\" 2 \"40-49\" 3 \"50+\"\nlabel values agecat agecat\n\
         label define college 0 \"no\" 1 \"college\"\nlabel values wc hc college\n\
         quietly logit lfp k5 k618 i.agecat i.wc i.hc lwg inc\nestimates store Mlogit\n\
         quietly probit lfp k5 k618 i.agecat i.wc i.hc lwg inc\nestimates store Mprobit\n\
         estimates table Mlogit Mprobit, b(%9.3f) t varlabel varwidth(30)",
    );
    has_lines(
        &log,
        "--------------------------------------------------------
                      Variable |  Mlogit      Mprobit
-------------------------------+------------------------",
    );
    let start = log.lines().position(|l| l.contains("Variable |")).expect("the table");
    let names: Vec<&str> =
        log.lines().skip(start + 2).map_while(|l| l.split_once('|')).map(|l| l.0).collect();
    let wanted = "                    # kids < 6 |
                               |
                   # kids 6-18 |
                               |
                               |
              Wife's age group |
                        40-49  |
                               |
                          50+  |
                               |
                               |
        Wife attended college? |
                      college  |
                               |
                               |
     Husband attended college? |
                      college  |
                               |
 Log of wife's estimated wages |
                               |
Family income excluding wife's |
                               |
                      Constant |
                               |";
    let wanted: Vec<&str> = wanted.lines().map(|l| l.trim_end_matches('|')).collect();
    assert_eq!(names, wanted, "{log}");
}

/// The same book, section 3.1.6: the column of labels is 24 characters wide, and one level of a factor has no line behind it.
#[test]
fn tables_with_labels_are_wide() {
    let data = "set obs 300\ngenerate k5 = mod(_n, 3)\ngenerate agecat = 1 + mod(floor(_n/4), 3)\ngenerate wc = mod(_n*3, 5) > 2\n\
                generate lfp = mod(_n*19, 29) + k5 > 15\nlabel variable k5 \"# kids < 6\"\n\
                label variable agecat \"Wife's age group\"\nlabel variable wc \"Wife attended college?\"\n\
                label define agecat 1 \"30-39\" 2 \"40-49\" 3 \"50+\"\nlabel values agecat agecat\n\
                label define college 0 \"no\" 1 \"college\"\nlabel values wc college\n";
    let log = log_of(&format!(
        "{data}logit lfp k5 i.agecat i.wc, nolog\nestimates store logit_model\nquietly probit lfp k5 i.agecat i.wc\n\
         estimates store probit_model\nestimates table logit_model probit_model, b(%12.3f) t varlabel"
    ));
    has_block(
        &log,
        "                Variable | logit_model    probit_model\n-------------------------+------------------------------",
    );
    let names = |from: &str, count: usize| -> Vec<String> {
        let at = log.lines().position(|l| l.starts_with(from)).unwrap_or_else(|| panic!("{from}\n{log}"));
        log.lines().skip(at).take(count).filter_map(|l| Some(l.split_once('|')?.0.to_string())).collect()
    };
    assert_eq!(names("  Wife attended college? |", 5)[1], "                college  ");
    assert_eq!(names("  Wife attended college? |", 5)[3], "                Constant ");
    assert_eq!(
        names("      agecat |", 7),
        [
            "      agecat ",
            "      40-49  ",
            "        50+  ",
            "             ",
            "          wc ",
            "    college  ",
            "       _cons "
        ]
    );
}

/// `[R] estimates table`: `eform` shows exp(b) with its error and no constant, `keep()` orders, `newpanel` sets the statistics
/// apart.
#[test]
fn tables_of_stored_results_take_their_options() {
    let data = "set obs 80\ngenerate x = mod(_n*7, 11) - 5\ngenerate z = mod(_n*5, 13)\ngenerate y = x + mod(_n*3, 17) > 8\n\
                quietly logit y x z\nestimates store a\n";
    let (session, log) = run(&format!(
        "{data}estimates table a, eform se b(%9.5f)\nscalar r = exp(_b[x])\nscalar s = exp(_b[x])*_se[x]"
    ));
    let table: Vec<&str> = log.lines().skip_while(|l| !l.contains("Variable |")).collect();
    assert!(!table.iter().any(|l| l.contains("_cons")), "{log}");
    let cell = |row: usize| -> f64 {
        table[row].split('|').nth(1).expect("a cell").trim().parse().expect("a number")
    };
    for (row, name) in [(2, "r"), (3, "s")] {
        let value = session.eval_num(name).expect("a scalar");
        assert!((cell(row) - value).abs() < 6e-6, "{name} {value}\n{log}");
    }
    let log = log_of(&format!("{data}estimates table a, keep(_cons z) stats(N) newpanel"));
    let at =
        |text: &str| log.lines().position(|l| l.contains(text)).unwrap_or_else(|| panic!("{text}\n{log}"));
    assert!(at("_cons |") < at("z |") && !log.contains(" x |"), "{log}");
    has_block(&log, "---------------------------\n\n---------------------------\n  Statistics |     a");
    for (options, want) in
        [("style(oneline)", 0), ("style(columns)", 199), ("coded", 199), ("label", 0), ("nonsense", 198)]
    {
        assert_eq!(try_run(&format!("{data}estimates table a, {options}")).1, want, "{options}");
    }
}

/// `predict` after `xtabond` and `xtdpdsys`: levels and differences, by their formulas.
#[test]
fn predictions_of_dynamic_panels() {
    let data = "set obs 240\ngenerate id = ceil(_n/8)\ngenerate t = _n - 8*(id - 1)\nxtset id t\ngenerate x = mod(_n*7, 11)\n\
                generate y = id/10 + x/5 + mod(_n*5, 13)/4\n";
    for model in ["xtabond y x", "xtdpdsys y x", "xtabond y x, noconstant twostep"] {
        let constant = if model.contains("noconstant") { "0" } else { "_b[_cons]" };
        let (session, _) = run(&format!(
            "{data}quietly {model}\npredict double f\npredict double f2, xb\npredict double e, e\npredict double df, difference\n\
             predict double de, e difference\npredict double s, stdp\npredict double ds, stdp difference\n\
             generate double g = {constant} + _b[L.y]*L.y + _b[x]*x\ngenerate double dg = _b[L.y]*LD.y + _b[x]*D.x\n\
             matrix V = e(V)\ngenerate double q = sqrt(V[1,1]*LD.y^2 + 2*V[2,1]*LD.y*D.x + V[2,2]*D.x^2)\n\
             scalar a = 0\nforeach p in \"f g\" \"f2 g\" \"df dg\" \"ds q\" {{\ntokenize `p'\ngenerate double h = reldif(`1', `2')\n\
             quietly summarize h\nscalar a = max(a, r(max))\nassert missing(`1') == missing(`2')\ndrop h\n}}\n\
             generate double h = max(reldif(e, y - g), reldif(de, D.y - dg))\nquietly summarize h\nscalar a = max(a, r(max))\n\
             count if !missing(de)\nscalar n = r(N)\ncount if !missing(s)\nscalar m = r(N)"
        ));
        holds(&session, &["a < 1e-12", "n == 180", "m == 210"]);
    }
    assert_eq!(try_run(&format!("{data}quietly xtabond y x\npredict p, xb e")).1, 198);
    assert_eq!(try_run(&format!("{data}quietly xtabond y x\npredict p, ue")).1, 198);
}

/// `[XT] quadchk`: the differences are those of the model with other numbers of points, and the active results stay.
#[test]
fn quadrature_is_checked_with_other_numbers_of_points() {
    let data = "set obs 160\ngenerate id = ceil(_n/8)\ngenerate x = mod(_n*7, 11) - 5\n\
                generate y = x + 3*mod(id, 4) + mod(_n*5, 9) > 6\nxtset id\n";
    let (session, log) = run(&format!(
        "{data}quietly xtprobit y x, intpoints(10) vce(oim) nolog\nscalar b = _b[x]\nscalar l = e(ll)\nquadchk 6 20, nooutput\n\
         scalar same = _b[x] == b & e(n_quad) == 10 & e(cmd) == \"xtprobit\"\nquietly xtprobit y x, intpoints(6)\n\
         scalar d = e(ll) - l\nscalar c = _b[x] - b"
    ));
    holds(&session, &["same == 1", "d != 0"]);
    has_lines(
        &log,
        "Refitting model intpoints() =  6\nRefitting model intpoints() = 20\n                          Quadrature check",
    );
    let row = |name: &str, further: usize| -> Vec<f64> {
        let at = log.lines().position(|l| l.starts_with(name)).expect("a row") + further;
        let line = log.lines().nth(at).expect("a line");
        line.split_whitespace().filter_map(|w| w.parse().ok()).collect()
    };
    for (name, value) in [("likelihood ", "d"), ("x ", "c")] {
        let wanted = session.eval_num(value).expect("a scalar");
        let found = row(name, 0)[0];
        // eight decimals are printed
        assert!((found - wanted).abs() <= 5.000_001e-9, "{name} {found} {wanted}\n{log}");
    }
    let log = log_of(&format!("{data}quietly xtlogit y x\nquadchk"));
    assert_eq!(log.matches("Random-effects logistic regression").count(), 2, "{log}");
    assert!(log.contains("8 points") && log.contains("16 points"), "{log}");
    for after in ["", "quietly regress y x\n", "quietly xtlogit y x, fe\n"] {
        assert_ne!(try_run(&format!("{data}{after}quadchk")).1, 0, "{after}");
    }
    assert_eq!(try_run(&format!("{data}quietly xtlogit y x\nquadchk 5")).1, 198);
}

/// `[R] linktest` after survival models: their command again, on the index and its square, with coefficients.
#[test]
fn the_link_of_survival_models_is_tested() {
    for (model, again) in [
        ("stcox x", "stcox h h2, nohr"),
        ("stcox x, strata(g) efron", "stcox h h2, strata(g) efron"),
        ("streg x, distribution(weibull)", "streg h h2, distribution(weibull)"),
        ("streg x, distribution(weibull) time", "streg h h2, distribution(weibull) time"),
        ("streg x, distribution(llogistic)", "streg h h2, distribution(llogistic)"),
    ] {
        let (session, log) = run(&format!(
            "{DURATIONS}generate g = mod(_n, 2)\nquietly {model}\npredict double h, xb\ngenerate double h2 = h^2\nlinktest\n\
             scalar link = r(t)\nscalar kept = \"`e(cmd2)'\" != \"\" & _b[x] != 0\nquietly {again}\nscalar d = reldif(link, _b[h2]/_se[h2])"
        ));
        holds(&session, &["kept == 1", "d < 1e-6"]);
        assert!(log.contains("Coefficient") && !log.contains("Haz. ratio"), "{log}");
    }
}

/// `[ST] stcurve`: the hazard after `stcox` is the sum of kernels over the baseline contributions, times the relative hazard; files
/// have a variable for each curve.
#[test]
fn curves_of_cox_models_are_smoothed_and_saved() {
    let (session, _) = run(&format!(
        "{DURATIONS}quietly stcox x\npredict double b, basehc\nstcurve, hazard at(x=2) kernel(gaussian) width(4)\n\
         matrix c = r(curves)\nbysort _t (b): generate double k = normalden((c[51,1] - _t)/4)/4*b*exp(2*_b[x]) if _n == 1 & b < .\n\
         quietly summarize k\nscalar d = reldif(r(sum), c[51,2])\nscalar n = r(N)\nstcurve, hazard at1(x=2) at2(x=-1)\n\
         matrix c = r(curves)\nscalar r = reldif(c[7,2]/c[7,3], exp(3*_b[x]))"
    ));
    holds(&session, &["d < 1e-12", "n > 5", "r < 1e-12"]);
    let (log, rc) = crate::support::try_run_in_a_folder(&format!(
        "{DURATIONS}quietly stcox x\nstcurve, survival at1(x=-2) at2(x=2) outfile(curves)\nmatrix c = r(curves)\n\
         capture stcurve, survival outfile(curves)\nassert _rc == 602\nstcurve, cumhaz outfile(curves2, replace)\n\
         quietly streg x, distribution(weibull)\nstcurve, hazard at(x=1) outfile(h)\nuse h, clear\nconfirm variable _t haz1\n\
         use curves, clear\nassert surv2 < surv3 | surv2 == 1\nassert _N == rowsof(c) & surv3[_N] == c[_N, 3] & _t[5] == c[5, 1]\n\
         use curves2, clear\nassert cumhaz1 >= 0"
    ));
    assert_eq!(rc, 0, "{log}");
    for line in [
        "stcurve, hazard kernel(nonsense)",
        "stcurve, hazard width(-1)",
        "stcurve, survival outfile(x, nonsense)",
    ] {
        assert_ne!(try_run(&format!("{DURATIONS}quietly stcox x\n{line}")).1, 0, "{line}");
    }
}
