//! Lines of analysis scripts of several authors: quotes in macros, labels without a blank, lists in parentheses, blocks of
//! text in documents, tables of collections in workbooks, looks of smoothers, selected contrasts.

use crate::support::{has_block, holds, run, try_run, try_run_in_a_folder};

/// `[U]` 18.3: outer quotes go; those inside stay, and a list of quoted words keeps all of its quotes.
#[test]
fn outer_quotes_of_macros_go_around_quoted_texts() {
    let (session, _) = run("local labels \"1 \"North\" 2 \"South West\" \"\nlabel define region `labels'\n\
         scalar text = `\"`: label region 2'\"' == \"South West\"\n\
         global code \"\"ETH\"\"\nscalar code = $code == \"ETH\"\n\
         local two \"a b\" \"c d\"\nlocal n : word count `two'\nlocal nested \"\"a b\" \"c d\"\"\nlocal m : word count `nested'\n\
         scalar n = `n'\nscalar m = `m'");
    holds(&session, &["text", "code", "n == 2", "m == 2"]);
}

/// A quote ends the name of a variable or of the data.
#[test]
fn labels_need_no_blank_before_their_text() {
    let (session, _) = run("set obs 2\ngenerate x = 1\nlabel variable x\"Age\"\nlabel data\"My data\"\n\
         scalar named = \"`: variable label x'\" == \"Age\" & \"`: data label'\" == \"My data\"\n\
         label variable x`\"The \"new\" age\"'\nscalar both = `\"`: variable label x'\"' == `\"The \"new\" age\"'");
    holds(&session, &["named", "both"]);
}

#[test]
fn lists_of_variables_may_stand_in_parentheses() {
    let (session, _) =
        run("set obs 4\ngenerate x = _n\ngenerate z = 2*_n\ngenerate str1 s = char(96 + _n)\n\
         encode( s), generate(code)\nscalar coded = code[3] == 3\nsummarize (x z)\nscalar last = r(sum)\n\
         twoway scatter (x z)\nkeep (x z) code\nscalar k = c(k)\ncapture summarize x(z)\nscalar rc = _rc");
    holds(&session, &["coded", "last == 20", "k == 3", "rc == 198"]);
}

/// `append, generate()` makes a set of value labels, which do-files drop.
#[test]
fn appending_makes_a_set_of_labels() {
    let (session, _) =
        run("set obs 2\ngenerate x = _n\ntempfile f\nsave `f'\nappend using `f', generate(from)\n\
         label drop _append\ntabulate from");
    holds(&session, &["r(r) == 2"]);
}

/// The old name of `import sasxport5`.
#[test]
fn fdause_reads_transport_files() {
    assert_eq!(try_run("fdause nosuch.xpt, clear").1, 601);
}

/// Lines of text have neither macros nor comments; `paramode` starts a paragraph at an empty line.
#[test]
fn documents_take_blocks_of_text() {
    let text = "set obs 3\ngenerate x = _n\nsummarize x\nputdocx begin\nputdocx textblock begin, style(Heading1)\n\
        See https://example.org/a for `details' of $5 & {more,\nwhose mean is <<dd_docx_display %4.2f: r(mean)>>.\n\
        putdocx textblock end\nputdocx textblock append\n(end)\nputdocx textblock end\n\
        putdocx textblock begin, paramode\nOne.\n\nTwo.\nputdocx textblock end\nputdocx describe\n\
        scalar paragraphs = r(nparagraphs)\nputdocx save t, replace\nscalar there = fileexists(\"t.docx\")\n\
        assert paragraphs == 3 & there == 1";
    let (log, rc) = try_run_in_a_folder(text);
    assert_eq!(rc, 0, "{log}");
    let (log, rc) = try_run_in_a_folder("putdocx begin\nputdocx textblock append\na\nputdocx textblock end");
    assert_eq!(rc, 119, "{log}");
}

/// Several tables go to sheets of one workbook, which `putexcel` completes.
#[test]
fn tables_of_collections_go_to_sheets() {
    let text = "set obs 6\ngenerate g = mod(_n, 2)\ngenerate x = _n\nquietly table (g), statistic(mean x) nototals\n\
        collect export t.xlsx, replace\ncollect export t.xlsx, sheet(\"second\", replace) cell(B5) modify\n\
        putexcel set t.xlsx, sheet(second) modify\nputexcel B2 = \"Means\"\n\
        quietly table (g), statistic(count x) nototals\ncollect export t.xlsx, sheet(third) modify\n\
        import excel t.xlsx, sheet(second) clear allstring\nlist\nscalar heading = B[1] == \"Means\"\n\
        scalar mean = C[_N] == \"3\" & C[_N-1] == \"4\"\nimport excel t.xlsx, sheet(third) clear allstring\n\
        scalar count = B[_N] == \"3\"\nimport excel t.xlsx, describe\nassert heading & mean & count & r(N_worksheet) == 3\n\
        capture collect export t.xlsx, sheet(a)\nassert _rc == 602\ncapture collect export t.docx, sheet(a)\nassert _rc == 198";
    let (log, rc) = try_run_in_a_folder(text);
    assert_eq!(rc, 0, "{log}");
}

/// Blanks may stand before the levels of a dimension, and a layout without items is no error when it is shown.
#[test]
fn dimensions_of_collections_are_read_with_blanks() {
    let (_, log) = run(
        "set obs 6\ngenerate g = mod(_n, 2)\ngenerate x = _n\ntable (g), statistic(mean x) statistic(sd x) nototals\n\
         collect style cell result [mean sd]#g [0], nformat(%9.3f)\ncollect preview\n\
         collect recode result mean = one sd = two\ncollect preview",
    );
    assert!(log.contains("4.000") && log.contains("|      3 "), "{log}");
    assert!(log.trim_end().ends_with("Your layout specification does not identify any items."), "{log}");
}

/// `[R] dtable`: the size of the sample under or behind the labels of the columns, short names of statistics.
#[test]
fn dtable_has_the_sample_in_the_heading() {
    let data = "set obs 6\ngenerate g = mod(_n, 2)\ngenerate x = _n > 2\n";
    let table = "dtable i.x, by(g, nototals) sformat(\"(N=%s)\" freq) nosample\n";
    assert_eq!(try_run(&format!("{data}{table}")).1, 0);
    let (_, log) = run(&format!(
        "{data}dtable i.x, by(g) sample(, statistics(freq) place(seplabels)) sformat(\"(N=%s)\" frequency)"
    ));
    let at =
        |text: &str| log.lines().position(|l| l.contains(text)).unwrap_or_else(|| panic!("{text} in {log}"));
    let sizes = log.lines().nth(at("(N=6)")).unwrap_or_default();
    assert_eq!(sizes.matches("(N=3)").count(), 2, "{log}");
    assert_eq!(at("(N=6)"), at("Total") + 1, "{log}");
    assert!(log.lines().nth(at("(N=6)") + 1).is_some_and(|l| l.starts_with("---")), "{log}");
    let (_, log) = run(&format!("{data}dtable i.x, by(g) sample(, statistics(freq) place(inlabels))"));
    assert!(log.contains("Total 6"), "{log}");
    assert_eq!(try_run(&format!("{data}dtable i.x, by(g) sample(, place(nowhere))")).1, 198);
}

/// A comma may follow the word of the subcommand.
#[test]
fn estpost_takes_options_without_a_list() {
    let (session, _) = run("set obs 4\ngenerate x = _n\ngenerate z = _n if _n < 4\nestpost sum, listwise\n\
         matrix N = e(count)");
    holds(&session, &["N[1,1] == 3", "N[1,2] == 3"]);
}

/// The options of the points and those of the line.
#[test]
fn smoothers_have_looks() {
    let data = "set obs 30\ngenerate x = _n\ngenerate y = x + mod(_n*7, 5)\n";
    let looks = "mcolor(red) msymbol(oh) msize(small) lineopts(lcolor(green) lwidth(thick) lpattern(dash))";
    for command in ["lowess y x,", "lpoly y x, bwidth(3)"] {
        let (log, rc) = try_run_in_a_folder(&format!(
            "{data}{command} {looks}\ngraph export g.svg\nscalar svg = fileread(\"g.svg\")\n\
             assert strpos(lower(svg), \"#ff0000\") & strpos(svg, \"stroke-dasharray\")"
        ));
        assert_eq!(rc, 0, "{command} {log}");
        assert_eq!(try_run(&format!("{data}{command} lineopts(msymbol(oh))")).1, 198);
        assert_eq!(try_run(&format!("{data}{command} mcolour(red)")).1, 198);
    }
}

/// `sort` puts the coefficients in the order of their values.
#[test]
fn coefplot_sorts_coefficients() {
    let data = "set obs 40\ngenerate a = mod(_n, 3)\ngenerate b = mod(_n, 5)\ngenerate c = mod(_n, 7)\n\
                generate y = 2*a + 3*b + c + mod(_n*11, 4)/10\nquietly regress y a b c\n";
    let order = |option: &str| {
        let (log, rc) = try_run_in_a_folder(&format!(
            "{data}coefplot, drop(_cons) {option}\ngraph export g.svg\nscalar svg = fileread(\"g.svg\")\n\
             foreach v in a b c {{\ndi \"at `v' \" strpos(svg, \">`v'<\")\n}}"
        ));
        assert_eq!(rc, 0, "{log}");
        let place = |v: &str| {
            let line = log.lines().find(|l| l.starts_with(&format!("at {v} "))).unwrap_or_default();
            line.rsplit(' ').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or_default()
        };
        let mut names = ["a", "b", "c"];
        names.sort_by_key(|v| place(v));
        if place("a") > 0 { names.join("") } else { log }
    };
    let (rising, falling) = (order("sort"), order("sort(1:1, descending)"));
    assert_eq!(rising, "cab");
    assert_eq!(falling, "bac");
    assert_eq!(try_run(&format!("{data}coefplot, sort(0)")).1, 198);
}

/// `[R] contrast`: polynomials of the degrees that the operator names. The weights of the linear and the quadratic one of
/// three levels are (-1 0 1)/sqrt(6) and (1 -2 1)/sqrt(18) (Kuehl 2000, table XI, over the number of levels).
#[test]
fn contrasts_of_selected_degrees() {
    let data = "set obs 30\ngenerate g = mod(_n, 3)\ngenerate y = g^2 + mod(_n*7, 5)\nregress y i.g\n";
    let (session, _) = run(&format!(
        "{data}contrast q(2).g\nmatrix B = r(b)\nscalar k = colsof(B)\n\
         scalar quadratic = (_b[2.g] - 2*_b[1.g])/sqrt(18)\ncontrast p(1 2).g\nmatrix P = r(b)\ncontrast q.g\nmatrix A = r(b)\n\
         margins q(2).g\nscalar m = colsof(r(b))"
    ));
    holds(
        &session,
        &[
            "k == 1",
            "abs(B[1,1] - quadratic) < 1e-12",
            "colsof(P) == 2",
            "abs(P[1,2] - A[1,2]) < 1e-12",
            "m == 1",
        ],
    );
    assert_eq!(try_run(&format!("{data}contrast q(3).g")).1, 198);
    assert_eq!(try_run(&format!("{data}contrast p(0).g")).1, 198);
}

/// `vce()` says what `robust` and `cluster()` say.
#[test]
fn ivreghdfe_takes_vce() {
    let data = "set obs 80\nset seed 5\ngenerate g = ceil(_n/8)\ngenerate z = rnormal()\ngenerate x = z + rnormal()\n\
                generate y = x + rnormal()\n";
    let (session, _) = run(&format!(
        "{data}ivreghdfe y (x = z), absorb(g) cluster(g)\nscalar a = _se[x]\n\
         ivreghdfe y (x = z), absorb(g) vce(cluster g)\nscalar same = _se[x] == a & e(N_clust) == 10\n\
         ivreghdfe y (x = z), absorb(g) robust\nscalar b = _se[x]\nivreghdfe y (x = z), absorb(g) vce(robust)\n\
         scalar robust = _se[x] == b & b != a"
    ));
    holds(&session, &["same", "robust"]);
    assert_eq!(try_run(&format!("{data}ivreghdfe y (x = z), absorb(g) vce(cluster g) robust")).1, 198);
}

/// A multilevel model without regressors has no test, as in published logs of `xtmelogit`.
#[test]
fn multilevel_models_without_regressors_have_no_test() {
    let (session, log) = run(
        "set obs 200\nset seed 3\ngenerate g = ceil(_n/10)\ngenerate y = runiform() < .4\nmelogit y || g:",
    );
    has_block(&log, "                                                Wald chi2(0)      =          .\n");
    holds(&session, &["missing(e(chi2))", "missing(e(p))"]);
}

/// The subpopulation in the options of the command, `collect note`, `label list _all`, and an empty text for no labels.
#[test]
fn short_forms_of_survey_scripts() {
    let (session, log) = run(
        "set obs 60\nset seed 2\ngenerate g = mod(_n, 3)\ngenerate f = _n > 20\ngenerate y = rnormal()\n\
         svyset _n\nsvy, subpop(f): mean y, over(g)\nmatrix A = r(table)\nsvy: mean y, over(g) subpop(f)\nmatrix B = r(table)\n\
         scalar same = mreldif(A, B) < 1e-14 & e(N_sub) == 40\n\
         label define a 1 \"one\"\nlabel define b 2 \"two\"\nlabel list _all\n\
         quietly table g, nototals\ncollect note \"Source: own\"\ncollect preview\n\
         scatter y g, ylabel(\"\") xlabel(0 \"no\" 1 \"yes\")",
    );
    holds(&session, &["same"]);
    for text in ["a:\n", "b:\n", "\nSource: own"] {
        assert!(log.contains(text), "{text} in {log}");
    }
}

/// `[ST] sts graph` and `stphplot`: looks of the curves of groups.
#[test]
fn curves_of_groups_have_looks() {
    let data = "set obs 40\nset seed 9\ngenerate t = rexponential(3) + .01\ngenerate g = mod(_n, 2)\ngenerate x = rnormal()\n\
                stset t\n";
    let looks = "by(g) plot1opts(lcolor(red) lpattern(solid)) plot2opts(lpattern(dash) connect(stairstep))";
    for command in ["sts graph,", "sts graph, hazard", "stphplot, nolntime"] {
        let (log, rc) = try_run_in_a_folder(&format!(
            "{data}{command} {looks}\ngraph export g.svg\nscalar svg = fileread(\"g.svg\")\n\
             assert strpos(lower(svg), \"#ff0000\") & strpos(svg, \"stroke-dasharray\")"
        ));
        assert_eq!(rc, 0, "{command} {log}");
        assert_eq!(try_run(&format!("{data}{command} by(g) plot1opts(nosuch(1))")).1, 198);
        assert_eq!(try_run(&format!("{data}{command} by(g) plot0opts(lcolor(red))")).1, 198);
    }
}

/// `[ST] sts`: with `adjustfor()` the function of each group is the baseline of a Cox regression in it.
#[test]
fn survivor_functions_adjusted_for_covariates() {
    let data = "set obs 40\nset seed 9\ngenerate t = rexponential(3) + .01\ngenerate g = mod(_n, 2)\ngenerate x = rnormal()\n\
                stset t\nstcox g\n";
    let (log, rc) = try_run_in_a_folder(&format!(
        "{data}sts graph, by(g) adjustfor(x)\ngraph export a.svg\nsts graph, by(g)\ngraph export b.svg\n\
         assert fileread(\"a.svg\") != fileread(\"b.svg\")\nassert e(df_m) == 1 & c(k) == 7"
    ));
    assert_eq!(rc, 0, "{log}");
    // without variation in x nothing is adjusted
    let (log, rc) = try_run_in_a_folder(&format!(
        "{data}replace x = 0\nreplace x = 1e-9 in 1\nsts graph, by(g) adjustfor(x) ci"
    ));
    assert_eq!(rc, 198, "{log}");
}
