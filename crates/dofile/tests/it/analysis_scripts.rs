//! Lines of analysis scripts of several authors: quotes in macros, labels without a blank, lists in parentheses, blocks of
//! text in documents, tables of collections in workbooks, selected contrasts.

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

/// [RPT] putdocx: a document behind the one of a file, and files behind each other. The parts of the package are checked in
/// the crate that joins them.
#[test]
fn documents_are_appended() {
    let write = |text: &str, save: &str| {
        format!("putdocx begin\nputdocx paragraph\nputdocx text (\"{text}\")\nputdocx save {save}\n")
    };
    let text = [
        write("one", "a"),
        write("two", "b, append"),
        write("three", "a, append(pagebreak)"),
        "putdocx append a b.docx, saving(c) pagebreak\nputdocx append c a\ncapture putdocx append a\n".to_string(),
        "assert _rc == 100\ncapture putdocx append a nosuch\nassert _rc == 601\n".to_string(),
        "capture putdocx append a b, saving(c)\nassert _rc == 602\nputdocx append a b, saving(c, replace)\n".to_string(),
        "capture putdocx append a b, stylesrc(own)\nassert _rc == 199\nputdocx begin\n".to_string(),
        "capture putdocx save a, append(nosuch)\nassert _rc == 198\ncapture putpdf append a b\nassert _rc == 199".to_string(),
    ];
    let (log, rc) = try_run_in_a_folder(&text.concat());
    assert_eq!(rc, 0, "{log}");
    let says =
        ["created a.docx", "created b.docx", "appended to a.docx", "created c.docx", "appended to c.docx"];
    let found: Vec<&str> = log.lines().filter_map(|l| l.strip_prefix("successfully ")).collect();
    assert_eq!(found[..says.len()], says, "{log}");
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

/// `.xls` is a workbook of Excel 97 to 2003, which the reader of another library opens: texts of any length and script,
/// numbers, dates, several sheets.
#[test]
fn workbooks_of_excel_97_are_written() {
    let text = "set obs 3\ngenerate x = _n/8\ngenerate str5 s = char(96 + _n)\nreplace s = \"\" in 2\ngenerate d = 20000 + _n\nformat d %td\n\
        generate strL story = 9000*\"é\" + 100*\"收入\"\n\
        export excel using t.xls, firstrow(variables)\nexport excel x using t.xls, sheet(\"Second\") sheetmodify\n\
        putexcel set p.xls, replace\nputexcel A1 = \"mean\" B1 = (2.5), bold nformat(0.00)\nputexcel set p.xls, sheet(b) modify\n\
        matrix M = (1, 2 \\ 3, 4)\nputexcel B2 = matrix(M), names\nquietly table s, nototals\ncollect export c.xls\n\
        capture putexcel A9 = formula(\"=A1\")\nassert _rc == 199\n\
        import excel t.xls, firstrow clear\nassert x[3] == .375 & s[3] == \"c\" & s[2] == \"\" & d[2] == 20002 & \"`: format d'\" == \"%td\"\n\
        assert ustrlen(story[3]) == 9200 & usubstr(story[3], 9001, 2) == \"收入\"\n\
        import excel t.xls, sheet(Second) clear\nassert A[2] == .25 & _N == 3\n\
        import excel p.xls, clear\nassert A[1] == \"mean\" & B[1] == 2.5\nimport excel p.xls, sheet(b) clear allstring\n\
        assert C[3] == \"3\" | D[_N] == \"4\"\nimport excel c.xls, clear allstring\nassert _N > 1";
    let (log, rc) = try_run_in_a_folder(text);
    assert_eq!(rc, 0, "{log}");
    let wide = "set obs 2\nforvalues i = 1/257 {\ngenerate x`i' = 1\n}\n";
    assert_eq!(try_run_in_a_folder(&format!("{wide}export excel using t.xls")).1, 198);
}

/// `auto(#)` of `outreg2`: so many significant digits.
#[test]
fn outreg2_rounds_to_significant_digits() {
    let data = "set obs 4\ngenerate x = 123456.789 in 1\nreplace x = 0.00123456 in 2\nreplace x = 9.99961 in 3\nreplace x = 12.34567 in 4\n\
                generate id = _n\n";
    let text = |option: &str| {
        let (log, rc) = try_run_in_a_folder(&format!(
            "{data}forvalues i = 1/4 {{\ngenerate v`i' = x[`i']\n}}\nkeep v*\n\
             outreg2 using t.txt, replace sum(log) eqkeep(mean) {option}\ntype t.txt"
        ));
        assert_eq!(rc, 0, "{log}");
        log.lines()
            .filter(|l| l.starts_with('v'))
            .map(|l| l.split_whitespace().last().unwrap_or("").to_string())
            .collect()
    };
    let (usual, five): (Vec<String>, Vec<String>) = (text(""), text("auto(5)"));
    assert_eq!(usual, ["123,457", "0.00123", "10.00", "12.35"]);
    assert_eq!(five, ["123,457", "0.0012346", "9.99961", "12.3457"]);
}

/// `[D] save`: sets of value labels that no variable has stay out of the file without `orphans`.
#[test]
fn files_have_the_labels_of_their_variables() {
    let (session, _) = run(
        "set obs 2\ngenerate x = 1\ngenerate y = 2\nlabel define a 1 \"one\"\nlabel define b 2 \"two\"\n\
         label values y b\nlabel language de, new\nlabel define c 2 \"zwei\"\nlabel values y c\ntempfile f g\nsave `f'\n\
         scalar kept = \"`: label a 1'\" == \"one\"\nsave `g', orphans\nuse `f', clear\nlabel dir\n\
         scalar attached = r(names) == \"b c\"\nuse `g', clear\nlabel dir\nscalar all = r(names) == \"a b c\"\n\
         use `f', clear\nsavesome x using `f', replace\nuse `f', clear\nlabel dir\nscalar none = r(names) == \"\"",
    );
    holds(&session, &["kept", "attached", "all", "none"]);
}

/// `[R] summarize`: indicators of the levels of factor variables.
#[test]
fn factor_variables_are_summarised() {
    let (session, log) = run(
        "set obs 8\ngenerate g = mod(_n, 4)\nreplace g = . in 1\ngenerate x = _n\nlabel define g 2 \"two of them\" 3 \"three\"\n\
         label values g g\nsummarize x i.g\nscalar last = r(mean)\nsummarize ibn.g if x > 4\nscalar n = r(N)\nsummarize 2.g c.x\n\
         scalar own = r(mean)\nsummarize ib2.g, meanonly\nscalar m = r(sum)",
    );
    has_block(
        &log,
        "
           x |          8         4.5     2.44949          1          8
             |
           g |
          1  |          7    .1428571    .3779645          0          1
two of them  |          7    .2857143      .48795          0          1
      three  |          7    .2857143      .48795          0          1
",
    );
    holds(&session, &["abs(last - 2/7) < 1e-15", "n == 4", "own == 4.5", "m == 2"]);
    assert_eq!(try_run("set obs 3\ngenerate x = _n/2\nsummarize i.x").1, 452);
    assert_eq!(try_run("set obs 3\ngenerate x = _n\nsummarize c.x#c.x").1, 199);
}

/// `[MI] mi set`: `mi unset` leaves the data, under names that are not those of `mi`.
#[test]
fn unset_imputations_stay_as_variables() {
    let data = "set obs 40\nset seed 3\ngenerate x = rnormal()\ngenerate y = x + rnormal()\nreplace y = . in 1/5\nmi set wide\n\
                mi register imputed y\nmi impute regress y x, add(2) rseed(1)\n";
    let (session, _) = run(&format!(
        "{data}mi unset\nscalar k = c(k)\nquietly count if y_2_ == .\nscalar gaps = r(N)\n\
         confirm variable mi_miss y_1_\ncapture mi query\nscalar rc = _rc"
    ));
    holds(&session, &["k == 5", "gaps == 0"]);
    let (_, log) = run(&format!("{data}mi unset, asis\ndescribe, simple"));
    assert!(log.contains("_1_y"), "{log}");
}

/// Bars without a level behind them, and options of `by()` apart from its list.
#[test]
fn loose_ends_are_read() {
    let (session, _) = run(
        "set obs 90\nset seed 3\ngenerate g = mod(_n, 9)\ngenerate y = g + rnormal()\nquietly mixed y || g:\nscalar a = e(ll)\n\
         quietly xtmixed y || g: ||\nscalar same = e(ll) == a\ngraph bar (mean) y, by(, title(All)) by(g)\nscatter y g, by(g, total) by(, cols(2))",
    );
    holds(&session, &["same"]);
    assert_eq!(try_run("set obs 3\ngenerate x = _n\nscatter x x, by()").1, 100);
}
