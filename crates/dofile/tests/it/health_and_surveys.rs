//! What do-files of epidemiology, survey statistics and psychology ask for: older forms of commands, tables of one study,
//! meta-analyses, power, tests of terms. Expected numbers are from R (metafor 3.8, survival 3.5), scipy, or formulas by hand
//! where a comment says so.

use crate::support::{holds, run};
use dofile::Session;

fn code(text: &str) -> i32 {
    Session::default().run_captured(text).1
}

const SURVEY: &str = "set obs 60\ngenerate psu = ceil(_n/6)\ngenerate w = 1 + mod(_n, 3)\ngenerate g = mod(_n, 3)\n\
    generate x = mod(_n*7, 11)\ngenerate y = x + mod(_n*5, 13)\ngenerate d = y > 12\nsvyset psu [pw=w]\n";

/// Options of tables and of the search stand behind the command and behind the prefix.
#[test]
fn options_of_tables_hold_under_the_survey_prefix() {
    for (line, want) in [
        ("svy: regress y x i.g, baselevels", "(base)"),
        ("svy: mean y, over(g) coeflegend", "_b[c.y@0bn.g]"),
        ("svy, coeflegend: regress y x", "_b[x]"),
        ("svy: logit d x, nolog difficult technique(nr) noomitted", "Logistic"),
        ("svy: mean y, cformat(%9.2f)", "Linearized"),
    ] {
        let log = run(&format!("{SURVEY}{line}")).1;
        assert!(log.contains(want), "{line}\n{log}");
    }
    // the options end with their command
    let log = run(&format!("{SURVEY}svy: regress y i.g, baselevels\nsvy: regress y i.g")).1;
    assert_eq!(log.matches("(base)").count(), 1, "{log}");
    assert_eq!(code(&format!("{SURVEY}svy: logit d x, constraints(1)")), 198);
    let session = run(&format!("{SURVEY}svy: ratio y x\nscalar a = _b[_ratio_1]\nsvy: ratio y/x")).0;
    holds(&session, &["a == _b[_ratio_1]"]);
}

/// Before version 14.1 options said what an interval is of, and every estimate was r(mean).
#[test]
fn intervals_have_their_older_syntax_under_version_control() {
    let (session, _) = run(
        "version 12\ncii 50 10\nscalar low = r(lb)\nscalar high = r(ub)\nscalar m = r(mean)\n\
        cii 30 12.5 3.2\nscalar a = r(lb)\ncii 12.5 3, poisson\nscalar p = r(ub)\n\
        set obs 50\ngenerate x = _n <= 10\ngenerate s = \"a\"\nci x, binomial\nscalar q = r(ub)\nci\nscalar n = r(N)",
    );
    holds(
        &session,
        &[
            "m == .2",
            "reldif(low, .10030223747222769) < 1e-10",
            "reldif(high, .33718310838351306) < 1e-10",
            "reldif(a, 11.30510036237408) < 1e-10",
            "reldif(p, .7013818455793859) < 1e-10",
            "q == high",
            "n == 50",
        ],
    );
    assert_eq!(code("cii 50 10"), 198);
    assert_eq!(code("version 14\ncii means 4 10 2"), 0);
}

/// Sums of squares by hand: a 72, b 32, a#b 8, residual 8 with four degrees of freedom.
#[test]
fn terms_are_tested_after_anova() {
    const MODEL: &str = "set obs 8\ngenerate a = _n > 4\ngenerate b = mod(ceil(_n/2), 2) == 0\n\
        generate y = cond(a, cond(b, 12, 6), cond(b, 4, 2)) + cond(mod(_n,2), 1, -1)\nanova y a##b\n";
    let (session, log) = run(&format!(
        "{MODEL}test a\nscalar f = r(F)\nscalar d = r(df_r)\ntest b#a\nscalar i = r(F)\ntest a / a#b\nscalar e = r(F)"
    ));
    holds(
        &session,
        &[
            "reldif(f, 36) < 1e-12",
            "d == 4",
            "reldif(i, 4) < 1e-12",
            "reldif(e, 9) < 1e-12",
            "r(df_r) == 1",
            "reldif(r(p), Ftail(1,1,9)) < 1e-12",
        ],
    );
    assert!(log.contains("Residual |"), "{log}");
    // coefficients are tested as before, and the regression behind the table is shown again
    let (session, log) = run(&format!("{MODEL}test 1.a\nscalar f = r(F)\nregress"));
    holds(&session, &["f < .", "reldif(e(ss_1), 72) < 1e-12"]);
    assert!(log.contains("1.a |") || log.contains("Coefficient"), "{log}");
}

#[test]
fn failures_codes_take_one_equal_sign() {
    let data = "set obs 6\ngenerate t = _n\ngenerate c = mod(_n, 3)\n";
    let (session, _) = run(&format!(
        "{data}stset t, failure(c=1 2)\ncount if _d\nscalar n = r(N)\nstset t, f(c==1)\ncount if _d"
    ));
    holds(&session, &["n == 4", "r(N) == 2"]);
}

/// The idiom of a first table: levels of factors and means in the rows.
#[test]
fn tables_have_frequencies_of_factor_levels() {
    let (session, log) = run(
        "set obs 12\ngenerate s = _n > 4\ngenerate r = mod(_n, 3)\nreplace r = . in 12\ngenerate x = _n\n\
        label variable r \"Race\"\nlabel define r 0 \"A\" 1 \"B\" 2 \"C\"\nlabel values r r\n\
        table (var) (s), statistic(fvfrequency r) statistic(fvpercent r) statistic(mean x) nototals\nmatrix T = r(table)",
    );
    // rows 1 to 4 have levels 1 2 0 1, rows 5 to 11 have 2 0 1 2 0 1 2
    holds(
        &session,
        &[
            "T[1,1] == 1",
            "T[2,1] == 25",
            "T[3,1] == 2",
            "T[1,2] == 2",
            "reldif(T[6,2], 300/7) < 1e-12",
            "T[7,1] == 2.5",
        ],
    );
    assert!(log.contains("Race=A") && log.contains("Factor-variable percent"), "{log}");
}

#[test]
fn small_loadings_are_blank() {
    let data = "set obs 40\nset seed 3\ngenerate f = rnormal()\ngenerate h = rnormal()\n\
        foreach v in a b c {\ngenerate `v' = f + .5*rnormal()\n}\nforeach v in p q r {\ngenerate `v' = h + .5*rnormal()\n}\n";
    let log = run(&format!("{data}factor a b c p q r, pcf blanks(.99)\nrotate, varimax blanks(.4)")).1;
    let tables: Vec<&str> = log.split("unique variances").collect();
    let row = |text: &str, name: &str| -> usize {
        let line = text.lines().find(|l| l.trim_start().starts_with(&format!("{name} |"))).expect("a row");
        line.split('|').nth(1).expect("loadings").split_whitespace().count()
    };
    assert_eq!((row(tables[1], "a"), row(tables[2], "a"), row(tables[2], "q")), (0, 1, 1), "{log}");
    assert!(log.contains("(blanks represent abs(loading)<.4)"), "{log}");
}

/// metafor: `leave1out()` and `cumul()` of DerSimonian and Laird's model.
#[test]
fn pooled_effects_without_one_study_and_by_turns() {
    let data = "input double(y s) yr\n.1 .1 3\n.4 .2 1\n-.2 .15 5\n.8 .3 2\n.3 .25 4\nend\nmeta set y s, random(dlaird)\n";
    let (session, log) = run(&format!(
        "{data}meta summarize, leaveoneout\nmatrix L = r(leaveoneout)\nmeta summarize, cumulative(yr)\nmatrix C = r(cumulative)"
    ));
    holds(
        &session,
        &[
            "reldif(L[1,1], .282994962502) < 1e-9",
            "reldif(L[3,2], .140213801474) < 1e-9",
            "reldif(L[3,5], .0222046105483) < 1e-8",
            "reldif(C[2,1], .5375) < 1e-9",
            "reldif(C[5,2], .141847920897) < 1e-9",
        ],
    );
    assert!(
        log.contains("Leave-one-out meta-analysis summary") && log.contains("Order variable: yr"),
        "{log}"
    );
    assert_eq!(code(&format!("{data}meta summarize, leaveoneout cumulative(yr)")), 198);
    run(&format!(
        "{data}generate g = _n > 2\nmeta forestplot, subgroup(g) eform nullrefline\nmeta forestplot _id _plot\n\
        meta funnelplot, contours(1 5 10)\nmeta funnelplot, random\nmeta galbraithplot"
    ));
    assert_eq!(code(&format!("{data}meta forestplot yr _plot")), 199);
}

/// Sizes by hand: the normal formula of Pearson's test, Fleiss's correction, Connor's formula for pairs.
#[test]
fn power_of_proportions_by_effects() {
    let (session, log) = run("power twoproportions .2, rrisk(1.5)\nscalar a = r(N1)\nscalar e = r(delta)\n\
        power twoproportions .2, oratio(2)\nscalar b = r(N1)\nscalar p = r(p2)\n\
        power twoproportions .2 .35, continuity\nscalar c = r(N1)\n\
        power oneproportion .2 .3, test(wald)\nscalar w = r(N)\n\
        power pairedproportions .1 .2\nscalar d = r(N)\npower pairedproportions .1 .2, n(100)");
    holds(
        &session,
        &[
            "a == 294",
            "e == 1.5",
            "b == 172",
            "reldif(p, 1/3) < 1e-12",
            "c == 151",
            "w == 165",
            "d == 234",
            "reldif(r(power), .44576537346893114) < 1e-9",
        ],
    );
    assert!(log.contains("(relative risk)"), "{log}");
    assert_eq!(code("power twoproportions .2 .3, test(fisher)"), 199);
    assert_eq!(code("power twomeans 1 2, rrisk(2)"), 198);
}

#[test]
fn imputed_data_change_their_style_and_are_declared() {
    let data = "set obs 30\nset seed 4\ngenerate x = rnormal()\ngenerate y = x + rnormal()\ngenerate t = ceil(5*runiform())\n\
        generate d = mod(_n, 3) > 0\nreplace x = . in 1/5\nmi set mlong\nmi register imputed x\n\
        mi impute regress x y, add(3) rseed(1)\nmi estimate, post: regress y x\nscalar b = _b[x]\n";
    let (session, _) = run(&format!(
        "{data}mi convert wide, clear\nscalar n = _N\nmi estimate, post: regress y x\nscalar c = _b[x]\n\
         mi convert flong, clear\nscalar m = _N\nmi stset t, failure(d)\nmi estimate, post: stcox x\nscalar s = e(M_mi)\nmi varying"
    ));
    holds(&session, &["b == c", "n == 30", "m == 120", "s == 3", "r(uvars_v) == \"\""]);
    assert_eq!(code(&format!("{data}mi convert wide")), 4);
}

#[test]
fn windows_keep_a_variable_and_plots_have_smooth_lines() {
    let (session, _) =
        run("set obs 6\ngenerate t = _n\ngenerate z = 10*_n\ntsset t\ngenerate double x = t^2\n\
        rolling m=r(mean), window(3) clear nodots keep(z): summarize x\nscalar a = z[1]");
    holds(&session, &["a == 30", "z[4] == 60", "_N == 4"]);
    run(
        "set obs 20\ngenerate x = _n\ngenerate z = mod(_n*7, 11)\ngenerate y = 3 + 2*x - z + mod(_n, 3)\nregress y x z\n\
        rvfplot, mlabel(z) yline(0)\nlvr2plot, mlabel(x)\navplot x, mlabel(z)\ncprplot x, lowess\nacprplot x, lsopts(bwidth(.5))\n\
        generate d = y > 20\nstset x, failure(d)\nsts graph, hazard by(d) kernel(gaussian) width(3)\nsts graph, hazard",
    );
}

#[test]
fn patterns_are_numbered_and_old_names_run() {
    let (session, _) = run(
        "set obs 12\ngenerate x = mod(_n, 3)\ngenerate y = mod(_n, 2)\ngenerate k = 1 + mod(_n, 4)\nlogit y x\n\
        predict n, number\nassert n == x + 1\npoisson k x\npoisgof\nmlogit k x, basecategory(2)\nscalar b = e(ibaseout)\n\
        means k\nstset k\nstrate x, nolist output(rates_of_test)\nuse rates_of_test, clear\nerase rates_of_test.dta",
    );
    holds(&session, &["b == 2", "_N == 3"]);
}

/// Points that do not vary have no transformation: their spread is rounding of the mean.
#[test]
fn procrustes_needs_sources_that_vary() {
    let data = "set obs 40\ngenerate double y = mod(_n*7, 11)\ngenerate double x = mod(_n*3, 7)\ngenerate double a = .1\ngenerate double b = .7\n";
    assert_eq!(code(&format!("{data}procrustes (y x) (a b)")), 506);
    let (session, _) = run(&format!(
        "{data}generate double u = mod(_n*5, 13)\nprocrustes (y a) (x u)\nmatrix S = e(ystats)"
    ));
    holds(&session, &["S[1,2] == 0", "S[4,2] == .", "S[5,2] == .", "S[5,1] < ."]);
}

/// The survey commands of version 8 are those of today, and over() had an option.
#[test]
fn surveys_have_their_commands_of_version_eight() {
    let today = run(&format!("{SURVEY}svy, subpop(d): mean y, over(g)")).0;
    let (session, _) = run(&format!(
        "{}svyset [pweight=w], psu(psu)\nsvymean y, by(g) subpop(d)\nscalar a = _se[c.y@1.g]\nscalar m = _b[c.y@2.g]\n\
         svytab g d, row\nsvylogit d x, or\nsvyprop g\nsvy: mean y, over(g, nolabel)\nmean y, over(g, nolabel)",
        SURVEY.replace("svyset psu [pw=w]\n", "")
    ));
    for (name, value) in [("a", "_se[c.y@1.g]"), ("m", "_b[c.y@2.g]")] {
        assert_eq!(session.eval_num(name), today.eval_num(value), "{value}");
    }
}

/// A single equal sign in compete() names the codes in predictions too.
#[test]
fn competing_events_take_one_equal_sign() {
    let data = "set obs 60\ngenerate t = 1 + mod(_n*7, 17)\ngenerate c = mod(_n, 4)\ngenerate x = mod(_n*5, 3)\nstset t, failure(c==1)\n";
    let (session, log) = run(&format!(
        "{data}stcrreg x, compete(c==2) nolog\npredict a, basecif\nstcrreg x, compete(c=2) nolog\npredict b, basecif\nassert a == b"
    ));
    holds(&session, &["e(crnz) == 0"]);
    assert_eq!(log.matches("Competing event: c == 2").count(), 2, "{log}");
    let session =
        run("set obs 20\ngenerate t = _n\ngenerate k = mod(_n, 4)\nglm k, family(poisson) exposure(t)\n\
        scalar a = _b[_cons]\nglm k, family(poisson) lnoffset(t)")
        .0;
    holds(&session, &["a == _b[_cons]"]);
}

/// Columns count from the last line of a text, and colors of older versions may be abbreviated.
#[test]
fn displayed_texts_are_laid_out_line_by_line() {
    let log = run("display as text \"a long first line\" _newline \"x{col 10}y\"\ndisplay in gr \"b\" in ye 5 in w \"c\"\n\
        display \"{ralign 8:mean}{c |}{dup 3:=}\"").1;
    for line in ["x        y", "b5c", "    mean|==="] {
        assert!(log.lines().any(|l| l == line), "{line}\n{log}");
    }
}

#[test]
fn tables_of_estimates_take_patterns() {
    let (session, log) = run(
        "set obs 9\ngenerate x = _n\ngenerate y = mod(_n*4, 7)\nregress y x\nestimates store m1\nregress y\n\
        estimates store m2\nestimates table m*, keep(x)\nestimates stats m?",
    );
    holds(&session, &["rowsof(r(S)) == 2"]);
    assert!(log.contains("m1") && log.contains("m2"), "{log}");
    assert_eq!(code("estimates table q*"), 111);
}

/// Masks of dates were in small letters before version 10.
#[test]
fn masks_of_dates_are_small_under_version_nine() {
    let (session, _) = run(
        "version 9\nscalar a = date(\"12-4-1953\", \"dmy\")\nscalar b = date(\"5/6/98\", \"md19y\")\nversion 18\nscalar c = date(\"12-4-1953\", \"dmy\")",
    );
    holds(&session, &["a == mdy(4, 12, 1953)", "b == mdy(5, 6, 1998)", "c == ."]);
}

/// R: `fisher.test(matrix(c(3,0,2,5,4,1), 2))`.
#[test]
fn first_tables_have_fisher_tests() {
    let (_, log) = run(
        "input g f n\n1 1 3\n1 2 2\n1 3 4\n2 2 5\n2 3 1\nend\nexpand n\ndtable i.f, by(g, tests) factor(f, test(fisher))",
    );
    assert!(log.contains("0.147"), "{log}");
}

/// By hand: slope 4/5, residual sum of squares 1.8, standard error sqrt(.9/5), t of two degrees of freedom 4.3027.
#[test]
fn tables_of_models_show_intervals() {
    let (_, log) = run(
        "input x y\n1 1\n2 3\n3 2\n4 4\nend\nregress y x\netable, cstat(_r_b) cstat(_r_ci, cidelimiter(\", \") nformat(%5.2f))",
    );
    // slope 4/5, residual sum of squares 5 - 16/5 = 1.8, variance .9/5
    assert!(log.contains("[-1.03, 2.63]"), "{log}");
}

/// R, survey 4.1: mean residuals of weighted tenths (fifths) of risk by `svyby`, their covariance, and the F of Archer and
/// Lemeshow.
#[test]
fn logistic_models_of_surveys_have_a_test_of_fit() {
    let data = "set obs 300\ngenerate psu = ceil(_n/10)\ngenerate w = 1 + mod(_n, 3)\ngenerate x = mod(_n*7, 11) - 5\n\
        generate double z = mod(_n*5, 13) + _n/1000\ngenerate y = mod(_n*_n, 7) < 2 + (x > 0) + (z > 6)\n\
        generate s = mod(_n, 5) > 0\nsvyset psu [pw=w]\n";
    let (session, log) = run(&format!(
        "{data}svy: logit y x z\nestat gof\nscalar f = r(F)\nscalar p = r(p)\nestat gof, group(5)\nscalar h = r(F)\n\
         scalar e = e(df_r)\nsvy, subpop(s): logistic y x z\nestat gof"
    ));
    holds(
        &session,
        &[
            "reldif(f, .658135434209) < 1e-7",
            "reldif(p, .736239917267) < 1e-7",
            "reldif(h, .687084629804) < 1e-7",
            "reldif(r(F), 2.62389037043) < 1e-7",
            "r(df1) == 9 & r(df2) == 21",
            "e == 29",
            "e(subpop) == \"s\"",
            "c(k) == 6",
        ],
    );
    assert!(log.contains("F(9,21) =         0.66"), "{log}");
    assert_eq!(code(&format!("{data}svy: regress y x\nestat gof")), 321);
}

/// Factor variables of combined estimates stand in blocks, without their base, as after the command itself.
#[test]
fn combined_estimates_have_the_table_of_other_estimates() {
    let (_, log) = run(
        "set obs 60\nset seed 4\ngenerate x = rnormal()\ngenerate g = mod(_n, 3)\ngenerate y = x + g + rnormal()\n\
        replace x = . in 1/9\nmi set wide\nmi register imputed x\nmi impute regress x y, add(3) rseed(1)\nmi estimate: regress y x i.g\n\
        matrix B = e(b_mi)\nmatrix V = e(V_mi)\nmatrix D = e(df_mi)\n\
        display %9.7f invttail(D[1,1], .025)*sqrt(V[1,1]) + B[1,1]",
    );
    assert!(!log.contains("0b.g") && log.lines().any(|l| l.trim_end() == "           g |"), "{log}");
    let row = log.lines().find(|l| l.starts_with("           x |")).expect("the row of x");
    let high: f64 = row.split_whitespace().last().and_then(|t| t.parse().ok()).expect("a number");
    let shown: f64 = log.lines().rev().find_map(|l| l.trim().parse().ok()).expect("the limit");
    assert!((high - shown).abs() < 1e-5, "{log}");
}

/// Standardized residuals of a mixed model with independent errors are residuals over their standard deviation.
#[test]
fn mixed_models_have_standardized_residuals() {
    run(
        "set obs 60\ngenerate g = ceil(_n/6)\ngenerate x = mod(_n*7, 11)\ngenerate y = x + g + mod(_n*5, 13)\nmixed y x || g:, nolog\n\
        predict double e, residuals\npredict double s, rstandard\nscalar d = exp([lnsig_e]_cons)\n\
        assert reldif(s, e/d) < 1e-6",
    );
    assert_eq!(
        code(
            "set obs 60\ngenerate g = ceil(_n/6)\ngenerate y = mod(_n*5, 13)\nmixed y || g:, nolog\npredict s, rstandard fitted"
        ),
        198
    );
}

/// `bs "command" "expressions"` is the bootstrap of version 8.
#[test]
fn bootstraps_have_their_older_form() {
    let data = "set obs 30\ngenerate x = _n\ngenerate y = x + mod(_n*7, 11)\n";
    let (session, _) = run(&format!(
        "{data}set seed 3\nbs \"regress y x\" \"_b[x] e(r2)\", reps(5) nodots\nscalar a = _se[_bs_1]\n\
         set seed 3\nbootstrap _b[x] e(r2), reps(5) nodots: regress y x"
    ));
    holds(&session, &["a == _se[_bs_1]"]);
}
