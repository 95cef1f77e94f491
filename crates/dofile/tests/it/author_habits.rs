//! Habits of authors of replication packages: short and old names of options and commands, programs of their own under
//! names of commands, lists of results with wildcards, plots added to others.

use crate::support::{holds, run};
use dofile::Session;

/// The program in memory comes before a command that Stata has as an ado-file, not before one of its executable.
#[test]
fn own_programs_come_before_commands_of_the_same_name() {
    let (session, _) = run("program ratio, rclass byable(recall)\n args a b\n marksample touse, novarlist\n\
         quietly count if `touse'\n return scalar n = r(N)\n return scalar sum = `a' + `b'\nend\n\
         set obs 6\ngenerate g = _n > 2\nratio 2 3\nscalar sum = r(sum)\nby g, sort: ratio 1 1\nscalar n = r(n)\n\
         program count\n error 9\nend\ncount if g\n");
    holds(&session, &["sum == 5", "n == 4", "r(N) == 4"]);
}

/// `[R] estimates`: names with wildcards, and a command after each of the results.
#[test]
fn stored_results_are_listed_with_wildcards() {
    let data = "set obs 30\ngenerate x = _n\ngenerate z = mod(_n*7, 11)\ngenerate y = x + mod(_n*5, 13)\n\
                regress y x\nestimates store m1\nregress y x z\nestimates store m2\nregress y z\nestimates store other\n";
    let (session, log) = run(&format!(
        "{data}estimates table m*, stats(N)\nlocal names = r(names)\nscalar two = \"`names'\" == \"m1 m2\"\n\
         estimates stats m? other\nmatrix S = r(S)\nestimates for m*: test x\neststo one: regress y x\neststo two: regress y z\n\
         estimates drop m*\neststo drop o*\nestimates dir\nscalar left = r(names) == \"two\""
    ));
    holds(&session, &["two", "rowsof(S) == 3", "left", "e(df_m) == 1"]);
    assert_eq!(log.matches("\nModel m").count(), 2, "{log}");
    assert_eq!(Session::default().run_captured(&format!("{data}estimates table q*")).1, 111);
}

/// The stub of a LaTeX table has the width of `varwidth()`, 20 with labels, as published tables have.
#[test]
fn the_stub_of_latex_tables_is_as_wide_as_varwidth() {
    let text = "set obs 30\ngenerate x = _n\nlabel variable x \"Age\"\ngenerate y = x + mod(_n*7, 5)\nquietly regress y x\n";
    let (_, log) = run(&format!("{text}esttab, tex label nostar\nesttab, tex varwidth(6) nostar"));
    assert!(log.contains("\nAge                 &"), "{log}");
    assert!(log.contains("\nObservations        &          30\\\\"), "{log}");
    assert!(log.contains("\n                    &\\multicolumn{1}{c}{(1)}"), "{log}");
    assert!(log.contains("\nx     &"), "{log}");
}

/// `[P] macro`: extended functions for temporary names; `[D] reshape`: wildcards in the list that goes wide.
#[test]
fn temporary_names_and_wide_lists_with_wildcards() {
    let (session, _) = run("local f : tempfile\nlocal v : tempvar\nset obs 4\ngenerate `v' = _n\nsave `f'\n\
         scalar named = \"`f'\" != \"\" & \"`v'\" != \"\"\n\
         label variable `v' \"Age\"\nscalar labelled = \"`: var lab `v''`: val lab `v''`: data lab'\" == \"Age\"\ngenerate i = ceil(_n/2)\ndrop `v'\ngenerate t = mod(_n, 2)\ngenerate v1 = _n\ngenerate v2 = 10*_n\n\
         reshape wide v*, i(i) j(t)\nscalar wide = v21[2] == 30 & v10[1] == 2\nreshape long\nscalar rows = _N\nreshape wide");
    holds(&session, &["named", "labelled", "wide", "rows == 4", "_N == 2"]);
}

/// `[R] heckman`: the inverse Mills ratio as a variable, and lambda under its older name.
#[test]
fn heckman_keeps_the_inverse_mills_ratio() {
    let (session, _) = run(
        "set obs 60\ngenerate z = mod(_n*7, 11)\ngenerate x = mod(_n*5, 13)\ngenerate s = z + mod(_n*3, 8) > 7\n\
         generate y = 1 + 2*x + mod(_n*11, 6) if s\nheckman y x, select(z x) twostep mills(imr)\npredict double m, mills\n\
         generate double d = abs(imr - m)\nsummarize d\nscalar lambda = [mills]_b[lambda]\ncapture heckman y x, select(z x) twostep mills(x)\nscalar rc = _rc",
    );
    holds(&session, &["r(max) < 1e-6", "r(N) == 60", "lambda == e(lambda)", "rc == 110"]);
}

/// `[R] oneway`, `[R] tabulate`: which statistics stand in the table, rows with zero in subpop() are left out.
#[test]
fn tables_leave_out_statistics_and_subpopulations() {
    let data = "set obs 12\ngenerate g = ceil(_n/4)\ngenerate y = _n + g\ngenerate f = _n > 2\n";
    let (_, log) = run(&format!("{data}oneway y g, tabulate nostandard nofreq noobs\n"));
    assert!(log.contains("|        Mean\n"), "{log}");
    let (session, _) = run(&format!("{data}tabulate g, subpop(f) matcell(F)\ntabulate g f, subpop(f)"));
    holds(&session, &["F[1,1] == 2 & F[3,1] == 4", "r(N) == 10"]);
}

/// `[R] anova postestimation`: a term against the residual, or against another term.
#[test]
fn test_after_anova_takes_terms() {
    let (session, log) = run(
        "set obs 24\ngenerate a = mod(_n, 2)\ngenerate b = mod(ceil(_n/2), 3)\ngenerate y = a*3 + b + mod(_n*7, 5)\n\
         anova y a##b\ntest a\nscalar same = r(F) == e(F_1) & r(df_r) == e(df_r)\ntest b#a\nscalar swapped = r(F) == e(F_3) & r(df) == 2\n\
         test a / a#b\nscalar ratio = reldif(r(F), (e(ss_1)/e(df_1))/(e(ss_3)/e(df_3))) < 1e-12 & r(df_r) == 2\ntest 1.a\nscalar coefficient = r(df)",
    );
    holds(&session, &["same", "swapped", "ratio", "coefficient == 1"]);
    assert!(log.contains("\n                Residual |"), "{log}");
}

/// `p` is short for `pr` after models of probabilities, and for `pearson` after `glm`.
#[test]
fn predictions_take_short_names() {
    let (session, _) = run(
        "set obs 60\ngenerate x = mod(_n*7, 11)\ngenerate k = mod(_n, 3)\ngenerate b = x + mod(_n*5, 13) > 10\n\
         logit b x\npredict double p, p\npredict double q, pr\nscalar logit = p[7] == q[7]\nprobit b x\npredict p2 if e(sample), p\n\
         mlogit k x\npredict m, p outcome(1)\nregress k x\npredict f, dfi\npredict c, cov\n\
         glm b x, family(binomial)\npredict double r, p\npredict double w, pearson\npredict double u, m\nscalar glm = r[3] == w[3] & u[3] == q[3]",
    );
    holds(&session, &["logit", "reldif(u[3], q[3]) < 1e-6", "r[3] == w[3]"]);
}

/// `[R] clogit postestimation`: the default is the probability given one positive outcome in the group.
#[test]
fn conditional_logit_predicts_within_groups() {
    let (session, log) = run(
        "set obs 12\ngenerate g = ceil(_n/4)\ngenerate x = mod(_n*7, 5)\ngenerate b = mod(_n, 4) == 1 | _n == 6\n\
         clogit b x, group(g)\npredict double p\npredict double xb, xb\npredict double u, pu0\negen double all = total(exp(xb)), by(g)\n\
         generate double d = max(abs(p - exp(xb)/all), abs(u - invlogit(xb)))\nsummarize d\nscalar gap = r(max)\n\
         xtset g\nxtlogit b x, fe\npredict double p2, pc1\ngenerate double e = abs(p2 - p)\nsummarize e",
    );
    holds(&session, &["gap < 1e-15", "r(max) < 1e-6"]);
    assert!(
        log.contains("(option pc1 assumed; probability of success given one success within group)"),
        "{log}"
    );
}

/// `[R] estat summarize`: weights of the estimation, but not for the weight variable.
#[test]
fn estat_summarize_weights_as_summarize_does() {
    let (session, _) = run(
        "set obs 20\ngenerate x = _n\ngenerate y = mod(_n*7, 11)\ngenerate w = 1 + mod(_n, 3)\n\
         regress y x [pweight=w]\nestat summarize\nmatrix S = r(stats)\nsummarize y [aweight=w]\n\
         scalar weighted = reldif(S[1,1], r(mean)) < 1e-12 & reldif(S[1,2], r(sd)) < 1e-12\nsummarize w\n\
         scalar plain = reldif(S[3,1], r(mean)) < 1e-12\nestat summarize, noweights\nmatrix U = r(stats)\nsummarize y\nscalar none = reldif(U[1,1], r(mean)) < 1e-12",
    );
    holds(&session, &["weighted", "plain", "none", "rowsof(U) == 2"]);
}

/// Commands and options of older versions.
#[test]
fn older_names_run() {
    let (session, _) = run(
        "set obs 40\ngenerate g = ceil(_n/4)\ngenerate x = mod(_n*7, 11)\ngenerate f = mod(_n, 3) > 0\ngenerate y = x + mod(_n*5, 13)\n\
         svyset g\nsvy: regress y x\nscalar se = _se[x]\nsvyreg y x\nscalar old = _se[x] == se\nsvymean y, by(f)\nscalar over = colsof(e(b)) == 2\n\
         bs \"summarize y\" \"r(mean)\", reps(5) seed(1) nodots\nscalar reps = e(N_reps)\n\
         stset x, failure(f)\nstcox y, schoenfeld(s*) mgale(m)\nstphtest\npredict double m2, mgale\nscalar mgale = abs(m[3] - m2[3]) < 1e-6\n\
         xtset g\nxtreg y x, fe cluster(g) nonest",
    );
    holds(&session, &["old", "over", "reps == 5", "mgale"]);
}

/// `[MV] factor`: small loadings are left blank and a note says so.
#[test]
fn small_loadings_are_left_blank() {
    let (_, log) = run(
        "set obs 40\ngenerate a = mod(_n*7, 11)\ngenerate b = a + mod(_n*5, 3)\ngenerate c = mod(_n*3, 7)\n\
         factor a b c, pcf blanks(.5)\nrotate, blanks(.5)\npca a b c, blanks(.3)",
    );
    assert_eq!(log.matches("    (blanks represent abs(loading)<.5)\n").count(), 2, "{log}");
    assert!(log.contains("               c |          |"), "{log}");
}

/// Plots in other plots, lines by their ends, short names of angles, comparisons of margins.
#[test]
fn graphs_take_added_plots() {
    run("set obs 60\nset seed 1\ngenerate x = rnormal()\ngenerate g = mod(_n, 3)\ngenerate y = x + g\n\
         kdensity y if g == 1, addplot(kdensity y if g == 2 || kdensity y if g == 0, lpattern(dash)) legend(ring(0) order(1 \"a\" 2 \"b\"))\n\
         histogram y, frequency addplot(pci 0 1 5 1, lcolor(red)) xlabel(, angle(h))\nhistogram y, addplot((scatter x y, msize(tiny)), below)\n\
         twoway (scatter y x) (pci -1 0 3 0 0 -1 0 1), ylabel(, ang(vert))\n\
         regress y i.g x\nmargins g, pwcompare\nmarginsplot, allxlabels\nmargins r.g\nmarginsplot\n\
         margins g, at(x=(0 1)) cformat(%6.3f)\nmarginsplot, xdimension(x, labels(\"zero\" \"one\")) plotdimension(g, labels(\"A\" \"B\" \"C\"))");
    let (log, rc) = Session::default().run_captured("twoway pci 1 2 3");
    assert_eq!(rc, 198, "{log}");
}

/// `[D] filefilter`, `import excel, describe`, and formats of `putexcel` that are added to those of a cell.
#[test]
fn files_are_filtered_described_and_formatted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(
        "file open f using a.txt, write text\nfile write f `\"x;\"y\";z\"' _n\nfile close f\nfilefilter a.txt b.txt, from(\"\\Q\") to(\"\")\n\
         scalar quotes = r(occurrences)\nimport delimited b.txt, delimiters(\";\") varnames(nonames) clear\nscalar middle = v2[1] == \"y\"\n\
         putexcel set p.xlsx, replace sheet(One)\nputexcel A1 = \"Title\" A2 = \"x\" B2 = (1) C2 = (3), bold\nputexcel A1:C1, merge hcenter vcenter border(bottom, double)\n\
         putexcel set p.xlsx, modify sheet(Two)\nputexcel B3 = (2), txtwrap\nputexcel save\nimport excel using p.xlsx, describe\n\
         scalar sheets = r(N_worksheet)\nscalar range = r(range_1) == \"A1:C2\" & r(worksheet_2) == \"Two\" & r(range_2) == \"B3:B3\"",
    );
    assert_eq!(rc, 0, "{log}");
    holds(&session, &["quotes == 2", "middle", "sheets == 2", "range"]);
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook(folder.path().join("p.xlsx")).expect("a workbook");
    let merged = book.merge_cells_by_sheet_name("One").expect("its merged cells");
    let merged: Vec<_> = merged.iter().map(|cells| (cells.start, cells.end)).collect();
    assert_eq!(merged, [((0, 0), (0, 2))]);
}

/// `[P] #delimit`: a text in quotes may go on in the next line. `[U] 18.4`: all arguments, less those that were shifted away.
#[test]
fn texts_over_lines_and_all_arguments() {
    let (session, _) = run(
        "#delimit ;\nlocal c \"x y\n  z\";\nlocal n : word count `c';\nscalar words = `n';\n\
         foreach v of local c {;\n  scalar last = \"`v'\" == \"z\";\n};\n#delimit cr\n\
         program first\n local all `*'\n macro shift\n scalar shifted = \"`all'|`*'\" == \"a b c d|b c d\"\nend\n\
         first a \"b c\" d\ntokenize \"p q r\"\nlocal one `1'\nmacro shift\nlocal rest \"`*'\"\nscalar rest = \"`rest'\" == \"q r\"",
    );
    holds(&session, &["words == 3", "last", "shifted", "rest"]);
}

/// `_dots` in a loop of an author, codes of failures, and functions of old names.
#[test]
fn progress_and_old_functions() {
    let (session, log) = run(
        "_dots 0, title(Draws) reps(12)\nquietly forvalues i = 1/12 {\n noisily _dots `i' `=`i' == 3'\n}\n\
         set obs 2\ngenerate a = _n\ngenerate b = 2\negen c = neqany(a b), values(2)\nscalar count = c[1] == 1 & c[2] == 2\n\
         scalar tail = Binomial(10, 3, .5) == binomialtail(10, 3, .5)\nparse \"p,q\", parse(\",\")\nscalar third = \"`3'\" == \"q\"",
    );
    assert!(log.contains("Draws (12): ..x......10.."), "{log}");
    holds(&session, &["count", "tail", "third"]);
}

/// `[R] xi`: options before or behind the terms, and the group that is left out by a characteristic.
#[test]
fn xi_takes_options_and_omits_the_group_that_is_named() {
    let (session, _) = run(
        "set obs 10\ngenerate a = 1 + (_n > 3) + (_n > 8)\ngenerate str1 s = char(96 + a)\n\
         xi, prefix(_Z) noomit i.a\nquietly ds _Z*\nscalar three = wordcount(r(varlist)) == 3\n\
         xi i.a, noomit\nquietly ds _I*\nscalar behind = wordcount(r(varlist)) == 3\n\
         char _dta[omit] prevalent\nxi i.a\ncapture confirm variable _Ia_2\nscalar most = _rc == 111\nchar _dta[omit]\n\
         char s[omit] c\nxi i.s\ncapture confirm variable _Is_3\nscalar text = _rc == 111",
    );
    holds(&session, &["three", "behind", "most", "text"]);
}

/// `[P] confirm` with short words and types with lengths, `[P] macro`: folders of a folder.
#[test]
fn confirm_takes_short_words() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "x").expect("a file");
    std::fs::write(folder.path().join("sub/b, c.txt"), "x").expect("a file");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(
        "confirm file \"sub/b, c.txt\"\nset obs 1\ngenerate a = 1\ngenerate str2 st = \"a\"\nconfirm numeric v a\nconfirm num var a\nconfirm str v st\nconfirm str2 var st\n\
         confirm str# variable st\nconf n 3\nconfirm integer n 3\nconfirm new v zz\nconfirm new f zz.txt\nconfirm new f x\n\
         capture confirm numeric v st\nscalar numeric = _rc == 7\ncapture confirm str3 var st\nscalar length = _rc == 7\n\
         capture confirm new f a.txt\nscalar file = _rc == 602\nlocal d : dir \".\" dirs \"*\"\nlocal f : dir . files \"*\"\n\
         scalar dirs = `\"`d'\"' == `\"\"sub\"\"' & `\"`f'\"' == `\"\"a.txt\"\"'",
    );
    assert_eq!(rc, 0, "{log}");
    holds(&session, &["numeric", "length", "file", "dirs"]);
}

/// `[D] recode` without parentheses: a rule of several values, and a condition that has some.
#[test]
fn recode_reads_rules_without_parentheses() {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(
        "set obs 6\ngenerate x = _n\nrecode x 1 2=10 3/4=20 if inlist(x, 1, 2, 3)\n\
         scalar rules = x[1] == 10 & x[2] == 10 & x[3] == 20 & x[4] == 4 & x[6] == 6\n\
         recode x min/5=0 20 10=.a if x == 10 | x < 6\nscalar missing = x[1] == .a & x[3] == 20 & x[5] == 0",
    );
    assert_eq!(rc, 0, "{log}");
    holds(&session, &["rules", "missing"]);
}

/// Authors on Windows write backslashes in the names of files.
#[test]
fn backslashes_in_names_of_files_are_slashes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(
        "mkdir out\nset obs 3\ngenerate id = _n\nglobal D \"out\"\nsave \"$D\\f\", replace\nsave out\\g.dta, replace\nuse .\\out\\f, clear\n\
         merge 1:1 id using \"${D}\\g.dta\", nogenerate\nexport delimited using \"$D\\o.csv\", replace\nimport delimited \"$D\\o.csv\", clear\n\
         cd out\ncd ..\nlocal f : dir \"$D\\.\" files \"*.dta\"\nscalar two = wordcount(`\"`f'\"') == 2",
    );
    assert_eq!(rc, 0, "{log}");
    assert!(folder.path().join("out/f.dta").is_file() && folder.path().join("out/o.csv").is_file(), "{log}");
    holds(&session, &["two", "_N == 3"]);
}

/// `[R] margins`: the base level of a factor has one line where its effects stand in equations of their own.
#[test]
fn effects_of_the_base_level_are_one_line() {
    let text = "set obs 60\ngenerate x = mod(_n*7, 11)\ngenerate g = mod(_n, 3)\ngenerate y = x*g + mod(_n*5, 13)\n\
                quietly regress y c.x##i.g\nmargins, dydx(g) at(x=(1 5))";
    let (_, log) = run(text);
    assert!(log.contains("\n0.g          |  (base outcome)\n-------------+"), "{log}");
    assert!(log.contains("\n1.g          |\n         _at |\n          1  |"), "{log}");
    assert!(!log.contains("0b.g"), "{log}");
}

/// `[P] return`: what a program has returned so far is `return(name)`.
#[test]
fn programs_read_what_they_have_returned() {
    let (session, _) = run(
        "program inner, rclass\n return scalar b = 99\nend\nprogram outer, rclass\n return scalar t = -3\n\
         return local word \"abc\"\n inner\n return scalar rejected = abs(return(t)) > 2\n \
         return local again = upper(\"`return(word)'\")\nend\nouter\nscalar yes = r(rejected)\nlocal again \"`r(again)'\"\n\
         scalar same = \"`again'\" == \"ABC\"",
    );
    holds(&session, &["yes == 1", "same == 1", "r(t) == -3"]);
}

/// `[R] tabstat`: no line stands before the last group where there is no total.
#[test]
fn tables_of_groups_without_a_total_have_no_line_before_the_last_group() {
    let data = "set obs 6\ngenerate g = _n > 3\ngenerate x = _n\n";
    let (_, log) = run(&format!("{data}tabstat x, by(g) nototal"));
    assert!(log.contains("\n       0 |         2\n       1 |         5\n--------------------\n"), "{log}");
    let (_, log) = run(&format!("{data}tabstat x, by(g)"));
    assert!(log.contains("\n       1 |         5\n---------+----------\n   Total |       3.5\n"), "{log}");
}

/// Stepner's `binscatter` writes its graph into the file of `savegraph()`.
#[test]
fn binscatter_saves_its_graph() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let text = "set obs 60\ngenerate x = _n\ngenerate y = x + mod(_n*7, 11)\nbinscatter y x, savegraph(\"b.png\")\n\
                binscatter y x, savegraph(b.png) replace\nbinscatter y x, savegraph(b)\nconfirm file b.png\nconfirm file b.gph";
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    assert_eq!(session.run_captured("binscatter y x, savegraph(b.png)").1, 602);
}

/// Years above the columns of the World Bank's files: variables `v3`, `v4` … with the year as their label, which do-files
/// rename in a loop, and `yr1960` for `1960 [YR1960]`; columns of a workbook have their letters.
#[test]
fn years_above_columns_become_labels() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let text = "file open h using w.csv, write text replace\nfile write h `\"Country Name,Code,\"1960\",\"1961\"\"' _n \"Chad,TCD,5,6\" _n\n\
                file close h\nimport delimited w.csv, varnames(1) clear\nforeach v of varlist v3-v4 {\n local x : variable label `v'\n\
                 rename `v' gdp`x'\n}\nreshape long gdp, i(code) j(year)\nassert gdp == year - 1955\nscalar rows = _N\n\
                file open h using d.csv, write text replace\nfile write h \"id,1960 [YR1960],1961 [YR1961]\" _n \"1,2,3\" _n\nfile close h\n\
                import delimited d.csv, clear\nconfirm variable yr1960 yr1961\nclear\nset obs 1\ngenerate v = 7\nlabel variable v \"1960\"\n\
                export excel using w.xlsx, firstrow(varlabels) replace\nimport excel w.xlsx, firstrow clear\nscalar seven = A[1]";
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    holds(&session, &["rows == 2", "seven == 7"]);
}

/// `[FN] String functions`: letters lose their accents by normalization and the characters of ASCII.
#[test]
fn accents_are_taken_off_by_normalization() {
    let (session, _) = run(
        "scalar plain = ustrto(ustrnormalize(\"Côte d'Ivoire, Müller, São\", \"nfd\"), \"ascii\", 2)\n\
         scalar same = plain == \"Cote d'Ivoire, Muller, Sao\"\nscalar parts = ustrlen(ustrnormalize(\"é\", \"nfd\"))\n\
         scalar whole = ustrlen(ustrnormalize(ustrnormalize(\"é\", \"nfd\"), \"nfc\"))\n\
         scalar escape = ustrto(\"aé\", \"ascii\", 4)\nscalar latin = ustrto(\"é\", \"latin1\", 2) == \"é\"\n\
         scalar none = ustrto(\"é\", \"ascii\", 3) == \"\"",
    );
    holds(&session, &["same", "parts == 2", "whole == 1", "escape == \"a\\u00e9\"", "latin", "none"]);
}

/// `bysort: asdoc` has a table for each group.
#[test]
fn asdoc_runs_for_groups() {
    let (session, log) = run(
        "set obs 6\ngenerate x = _n\ngenerate g = _n > 3\nbysort g: asdoc sum x, save(groups.csv) replace dec(1)\n\
         scalar got = fileread(\"groups.csv\")\nerase groups.csv\ncapture bysort g: asdoc describe x\nscalar rc = _rc",
    );
    holds(
        &session,
        &[
            "strpos(got, \"x,3,2.0\") > 0",
            "strpos(got, \"x,3,5.0\") > strpos(got, \"x,3,2.0\")",
            "strpos(got, \"g = 1\") > 0",
            "rc == 190",
        ],
    );
    assert!(log.contains("-> g = 1"), "{log}");
}
