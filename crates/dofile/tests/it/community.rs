//! Commands of the SSC archive. The models of the first test are those of the documentation of `esttab`
//! (http://repec.sowi.unibe.ch/stata/estout/esttab.html): coefficients and standard errors as Stata prints them for its
//! automobile data, and the table that the documentation shows for them.

use dofile::Session;

/// Posts the two models of the documentation as `est1` and `est2`.
const MODELS: &str = r#"
program posted, eclass
    args b se names n dof r2 ar2
    tempname B V
    matrix `B' = `b'
    matrix `V' = diag(`se')
    matrix `V' = `V' * `V'
    matrix colnames `B' = `names'
    matrix colnames `V' = `names'
    matrix rownames `V' = `names'
    ereturn post `B' `V', obs(`n') dof(`dof') depname(price)
    ereturn scalar r2 = `r2'
    ereturn scalar r2_a = `ar2'
    ereturn local cmd "regress"
    ereturn local depvar "price"
end
eststo clear
posted "(1.746559, -49.51222, 1946.069)" "(.6413538, 86.15604, 3597.0495)" "weight mpg _cons" 74 71 .2934 .2734
eststo
posted "(3.464706, 21.8536, 3673.06, -5853.696)" "(.630749, 74.22114, 683.9783, 3376.987)" "weight mpg foreign _cons" 74 70 .4996 .4781
eststo
"#;

/// The log of commands after the models, from the first line of the last command on.
fn shown(command: &str) -> String {
    let (log, rc) = Session::default().run_captured(&format!("{MODELS}\n{command}"));
    assert_eq!(rc, 0, "{log}");
    let start = log.rfind("(est2 stored)\n").expect("the models are stored") + "(est2 stored)\n".len();
    log[start..].to_string()
}

#[test]
fn esttab_shows_the_table_of_its_documentation() {
    let want = "
--------------------------------------------
                      (1)             (2)   
                    price           price   
--------------------------------------------
weight              1.747**         3.465***
                   (2.72)          (5.49)   

mpg                -49.51           21.85   
                  (-0.57)          (0.29)   

foreign                            3673.1***
                                   (5.37)   

_cons              1946.1         -5853.7   
                   (0.54)         (-1.73)   
--------------------------------------------
N                      74              74   
--------------------------------------------
t statistics in parentheses
* p<0.05, ** p<0.01, *** p<0.001
";
    let lines = |text: &str| text.lines().map(|l| l.trim_end().to_string()).collect::<Vec<_>>();
    assert_eq!(lines(shown("esttab").trim_matches('\n')), lines(want.trim_matches('\n')));
}

#[test]
fn statistics_brackets_and_titles() {
    let log = shown(
        "esttab, se ar2 nostar brackets title(A table) nonumbers mtitles(\"Model A\" \"Model B\") addnotes(\"Source: auto.dta\")",
    );
    for want in [
        "A table\n",
        "Model A",
        "[0.641]",
        "[74.22]",
        "[684.0]",
        "[3597.0]",
        "adj. R-sq",
        "0.478",
        "Standard errors in brackets\nSource: auto.dta",
    ] {
        assert!(log.contains(want), "{want}\n{log}");
    }
    assert!(!log.contains('*') && !log.contains("(1)"), "{log}");
}

#[test]
fn latex_with_booktabs() {
    let log = shown(
        "esttab, booktabs se star(* 0.10 ** 0.05 *** 0.01) keep(weight foreign) coeflabels(weight \"Weight\")",
    );
    for want in [
        "\\begin{tabular}{l*{2}{c}}\n\\toprule\n",
        "&\\multicolumn{1}{c}{(1)}&\\multicolumn{1}{c}{(2)}\\\\",
        "Weight      &       1.747\\sym{***}&       3.465\\sym{***}\\\\",
        "\\addlinespace\n",
        "\\(N\\)",
        "\\bottomrule\n\\multicolumn{3}{l}{\\footnotesize Standard errors in parentheses}\\\\\n",
        "\\sym{*} \\(p<0.10\\), \\sym{**} \\(p<0.05\\), \\sym{***} \\(p<0.01\\)",
        "\\end{tabular}\n}",
    ] {
        assert!(log.contains(want), "{want}\n{log}");
    }
    assert!(!log.contains("mpg") && !log.contains("_cons"), "{log}");
}

#[test]
fn cells_statistics_order_and_indicators() {
    let log = shown(
        "esttab, cells(\"b(fmt(2) star) se(fmt(3) par)\") stats(r2 N, fmt(3 0) labels(\"R2\" \"Rows\")) order(_cons) indicate(\"Origin = foreign\")",
    );
    let line = |name: &str| {
        log.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{name}\n{log}")).to_string()
    };
    let words = |name: &str| line(name).split_whitespace().map(str::to_string).collect::<Vec<_>>();
    assert_eq!(words("weight"), ["weight", "1.75**", "(0.641)", "3.46***", "(0.631)"]);
    assert_eq!(words("Origin"), ["Origin", "No", "Yes"]);
    assert_eq!(words("R2"), ["R2", "0.293", "0.500"]);
    assert_eq!(words("Rows"), ["Rows", "74", "74"]);
    assert!(log.find("_cons") < log.find("weight"), "{log}");
}

#[test]
fn a_csv_file_and_what_was_added() {
    let log = shown(
        "estadd local effects \"Yes\": est2\nestadd scalar twice = 2*e(N): est1 est2\nesttab using out.csv, plain b(3) se(3) scalars(effects \"twice Twice\") replace\ntype out.csv\nerase out.csv",
    );
    for want in [
        "\"weight\",\"1.747\",\"3.465\"",
        "\"\",\"0.641\",\"0.631\"",
        "\"effects\",\"\",\"Yes\"",
        "\"Twice\",\"148.000\",\"148.000\"",
    ] {
        assert!(log.contains(want), "{want}\n{log}");
    }
    let (log, rc) = Session::default().run_captured(&format!("{MODELS}\nesttab using out.csv, onecell"));
    assert_eq!(rc, 199, "{log}");
}

/// Sums by hand.
#[test]
fn estpost_posts_what_esttab_shows() {
    let data = "set obs 4\ngenerate x = 2*_n\ngenerate g = _n > 1\n";
    let (log, rc) = Session::default().run_captured(&format!(
        "{data}estpost summarize x g\nesttab, cells(\"count mean sd min max\") nomtitles nonumbers"
    ));
    assert_eq!(rc, 0, "{log}");
    let last = log.lines().rfind(|l| l.starts_with("x ")).expect("a line");
    assert_eq!(last.split_whitespace().collect::<Vec<_>>(), ["x", "4", "5", "2.581989", "2", "8"]);
    let (log, rc) = Session::default().run_captured(&format!(
        "{data}estpost tabulate g\nassert el(e(b),1,1) == 1 & el(e(b),1,2) == 3 & el(e(pct),1,2) == 75 & el(e(cumpct),1,1) == 25"
    ));
    assert_eq!(rc, 0, "{log}");
}

#[test]
fn reghdfe_refuses_what_it_does_not_compute() {
    let data = "set obs 12\ngenerate id = mod(_n, 4)\ngenerate x = _n\ngenerate y = x + mod(_n*_n, 5)\n";
    for (line, code) in [
        ("reghdfe y x, absorb(id) groupvar(g)", 199),
        ("reghdfe y x, absorb(id, savefe keep)", 199),
        ("reghdfe y x, absorb(id) dofadjustments(some)", 199),
        ("reghdfe y x, absorb(c.x)", 198),
        ("reghdfe y x, absorb(x=id)", 110),
        ("reghdfe y x, absorb(id##c.x)", 0),
        ("reghdfe y x, absorb(fe=id) dofadjustments(none)\nsummarize fe\nassert abs(r(mean)) < 1e-9", 0),
        ("ivreghdfe y (x = nosuch), absorb(id)", 111),
        ("ivreghdfe y (x = id), absorb(id)", 481),
        ("reghdfe y x", 198),
        ("reghdfe y x, absorb(nosuch)", 111),
        ("reghdfe y x, absorb(i.id) vce(cluster id x)", 0),
        ("reghdfe y x, noabsorb residuals(e)\nsummarize e\nassert abs(r(mean)) < 1e-9", 0),
    ] {
        let (log, rc) = Session::default().run_captured(&format!("{data}{line}"));
        assert_eq!(rc, code, "{line}\n{log}");
    }
}

#[test]
fn estadd_replaces_a_name_only_when_asked() {
    for (command, rc) in [
        ("estadd scalar r2 = 1", 110),
        ("estadd scalar r2 = 1, replace", 0),
        ("estadd local cmd \"other\"", 110),
        ("estadd scalar new = 1\nestadd local new \"text\"", 110),
        ("estadd scalar new = 1\nestadd local new \"text\", replace", 0),
        ("estadd scalar r2 = 1, prefix(my_)", 0),
        ("estadd scalar r2 = 1 : est1", 110),
        ("estadd scalar r2 = 1, replace : est1", 0),
        ("matrix A = (1, 2)\nestadd matrix A = A\nestadd matrix A = A", 110),
    ] {
        let (log, code) = Session::default().run_captured(&format!("{MODELS}\n{command}"));
        assert_eq!(code, rc, "{command}\n{log}");
        assert!(rc == 0 || log.contains("already defined"), "{log}");
    }
    // the text took the place of the number
    let text =
        format!("{MODELS}\nestadd scalar new = 1\nestadd local new \"text\", replace\ndisplay \"`e(new)'\"");
    assert!(Session::default().run_captured(&text).0.ends_with("text\n"));
}

/// The estimates of the documentation of `esttab`, written by hand in the layout that the help file of `outreg2`
/// describes: three significant digits, standard errors in parentheses, the constant as the last coefficient.
#[test]
fn outreg2_adds_a_column_for_each_model() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut s = Session::default();
    s.cwd = dir.path().to_path_buf();
    let (log, rc) = s.run_captured(&format!(
        "{MODELS}\nestimates restore est1\noutreg2 using t.doc, replace\nestimates restore est2\noutreg2 using t.doc, append ctitle(Second) addtext(Region, \"yes\")\noutreg2 [est1] using m.tex, tstat bdec(1) nor2 noaster tex(frag)\noutreg2 [est*] using x, excel label keep(weight) nocons nonotes addstat(\"Adj\", e(r2_a))"
    ));
    assert_eq!(rc, 0, "{log}");
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("written");
    let want = "\t(1)\t(2)
VARIABLES\tprice\tSecond
\t\t
weight\t1.747***\t3.465***
\t(0.641)\t(0.631)
mpg\t-49.51\t21.85
\t(86.16)\t(74.22)
foreign\t\t3,673***
\t\t(684.0)
Constant\t1,946\t-5,854*
\t(3,597)\t(3,377)
\t\t
Observations\t74\t74
R-squared\t0.293\t0.500
Region\t\tyes
Standard errors in parentheses\t\t
*** p<0.01, ** p<0.05, * p<0.1\t\t
";
    assert_eq!(read("t.txt"), want);
    let document = read("t.doc");
    assert!(document.starts_with("{\\rtf1") && document.matches("\\row").count() == 15, "{document}");
    let tex = read("m.tex");
    assert!(tex.contains("weight & 1.7 \\\\") && tex.contains(" & (2.723) \\\\"), "{tex}");
    assert!(tex.contains("t-statistics in parentheses") && !tex.contains("documentclass"), "{tex}");
    assert!(!tex.contains("R-squared") && !tex.contains("p$<$0.01"), "{tex}");
    let sheet = read("x.xml");
    assert!(sheet.contains(">weight<") && !sheet.contains(">mpg<") && !sheet.contains("Constant"), "{sheet}");
    assert!(sheet.contains(">Adj<") && sheet.contains(">0.273<") && sheet.contains(">0.478<"), "{sheet}");
    for (command, code) in [
        ("outreg2 using t.doc", 602),
        ("outreg2 using t.doc, append replace", 198),
        ("outreg2 using t.pdf, replace", 199),
        ("outreg2 using n, replace sideway", 199),
        ("outreg2 using n, replace stats(coef nosuch)", 199),
        ("outreg2 using n, replace sum(nosuch)", 199),
        ("outreg2 [nosuch] using n, replace", 111),
        ("outreg2 using n, replace addtext(a)", 198),
        ("outreg2, replace", 100),
    ] {
        let (log, rc) = s.run_captured(command);
        assert_eq!(rc, code, "{command}\n{log}");
    }
}

/// Layouts of `outreg2` that its help file describes, from six rows with known sums.
#[test]
fn outreg2_has_equations_summaries_and_the_prefix_form() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut s = Session::default();
    s.cwd = dir.path().to_path_buf();
    let (log, rc) = s.run_captured(
        "set obs 6\ngenerate x = _n\nlabel variable x \"Number\"\ngenerate y = cond(mod(_n,2), _n+1, _n-1)\ngenerate t = \"a\"\n\
         outreg2 using p.tex, replace ctitle(Model 1) label tex(frag) addtext(Mark, $\\times$): regress y x\n\
         outreg2 using s, replace sum(log) label eqkeep(N mean sd p50)\n\
         outreg2 using w.dta, replace stats(coef se ci) dec(2) 2aster\n\
         outreg2 using e, replace noaster e(df_r) nonotes nodepvar keep(x) nocons noobs nor2\n\
         program two, eclass\nmatrix b = (1, 2, 3, 4)\nmatrix V = I(4)\nmatrix colnames b = one:x one:_cons two:x /:sigma\n\
         matrix colnames V = one:x one:_cons two:x /:sigma\nmatrix rownames V = one:x one:_cons two:x /:sigma\n\
         ereturn post b V, obs(6)\nereturn local cmd two\nend\ntwo\n\
         outreg2 using m, replace noaster nonotes eform\noutreg2 using o, replace noaster nonotes onecol\noutreg2 using o, append noaster nonotes onecol\n\
         use w, clear",
    );
    assert_eq!(rc, 0, "{log}");
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("written");
    assert!(
        read("p.tex").contains("Number & 0.829**") && read("p.tex").contains("Mark & $\\times$"),
        "{}",
        read("p.tex")
    );
    // 1 to 6 in another order: mean 3.5, standard deviation sqrt(3.5)
    let summary = "\t(1)\t(2)\t(3)\t(4)\nVARIABLES\tN\tmean\tsd\tp50\n\t\t\t\t\nNumber\t6\t3.500\t1.871\t3.500\ny\t6\t3.500\t1.871\t3.500\n\t\t\t\t\n";
    assert_eq!(read("s.txt"), summary);
    assert_eq!(read("e.txt"), "\t(1)\nVARIABLES\t\n\t\nx\t0.829\n\t(0.280)\n\t\ndf_r\t4\n");
    let several = "\t(1)\t(2)\nVARIABLES\tone\ttwo\n\t\t\nx\t2.718\t20.09\n\t(2.718)\t(20.09)\nsigma\t\t4.000\n\t\t(1.000)\nConstant\t7.389\t\n\t(7.389)\t\n\t\t\nObservations\t6\t6\n";
    assert_eq!(read("m.txt"), several);
    let one = "\t(1)\t(2)\nVARIABLES\t\t\n\t\t\none\t\t\nx\t1.000\t1.000\n\t(1.000)\t(1.000)\nConstant\t2.000\t2.000\n\t(1.000)\t(1.000)\ntwo\t\t\nx\t3.000\t3.000\n\t(1.000)\t(1.000)\n/\t\t\nsigma\t4.000\t4.000\n\t(1.000)\t(1.000)\n\t\t\nObservations\t6\t6\n";
    assert_eq!(read("o.txt"), one);
    // the data set has the lines of the table: coefficient, error, interval
    let cells: Vec<String> = (0..s.frame.n_rows()).map(|i| s.frame.str_at(1, i).to_string()).collect();
    assert_eq!(cells[3..6], ["0.83*", "(0.28)", "(0.05 - 1.61)"], "{cells:?}");
}
