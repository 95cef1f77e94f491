//! What textbook exercises and replication files meet: sizes of tiny effects, text variables in models, modes, failed
//! reshapes, macros, programs with options.

use dofile::Session;

/// Runs a text that must succeed and returns the log.
fn log(text: &str) -> String {
    let (log, rc) = Session::default().run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    log
}

/// Runs a text that must succeed, then evaluates expressions that must be true.
fn holds(text: &str, expressions: &[&str]) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    for expression in expressions {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression} after\n{text}\n{log}");
    }
}

/// Sizes of tiny effects. Those of the t tests: the smallest whole size whose power by quadrature over the noncentral t
/// distribution (mpmath, 30 digits) is 0.8, and that of the variance by quadrature over the gamma distribution; the others:
/// scipy (`norm`, `f`, `ncf`) by halving, and the closed forms of Freedman (1982) and of Hsieh and Lavori (2000).
#[test]
fn sizes_of_tiny_effects_are_found() {
    for (command, size, want) in [
        ("power twomeans 0 3, sd(5000)", "r(N1)", 43_604_782.0),
        ("power onemean 0 .0005", "r(N)", 31_395_444.0),
        ("power pairedmeans, altdiff(.0005) sddiff(1)", "r(N)", 31_395_444.0),
        ("power oneproportion .5 .5001", "r(N)", 196_221_511.0),
        ("power twoproportions .5 .5001", "r(N1)", 392_443_021.0),
        ("power onecorrelation 0 .0001", "r(N)", 784_886_048.0),
        ("power onevariance 1 1.001", "r(N)", 15_711_332.0),
        ("power oneway, ngroups(3) delta(.001)", "r(N_per_group)", 3_211_564.0),
        ("power rsquared .000001", "r(N)", 7_848_855.0),
        ("power logrank, hratio(.9999)", "r(E)", 3_139_237_947.0),
        ("power cox, hratio(.9999)", "r(E)", 3_139_237_942.0),
    ] {
        // the power falls so slowly that its last digits decide on a few rows
        holds(command, &[&format!("reldif({size}, {want}) < 2e-8")]);
    }
    for command in [
        "power onemean 0 1e-12",
        "power twoproportions .5 .5000000000001",
        "power oneway, ngroups(3) delta(1e-12)",
        "power logrank, hratio(.9999999999999)",
    ] {
        let (log, rc) = Session::default().run_captured(command);
        assert_eq!(rc, 430, "{command}\n{log}");
    }
    // an effect that every size shows
    holds("power oneway 0 1000", &["r(N_per_group) == 2"]);
    holds("power onemean 0 10000", &["r(N) == 2"]);
}

/// R 4.4 `qt`, `pt`, `qchisq` agree with the quadrature in the tests of the distributions; these are the functions of do-files.
#[test]
fn quantiles_of_very_large_samples() {
    holds(
        "set obs 1",
        &[
            "reldif(invttail(1e7, .025), 1.959964221767205) < 1e-12",
            "reldif(invttail(1e8, .025), 1.959964008262767) < 1e-12",
            "reldif(invt(1e5, .975), 1.95998770753461) < 1e-12",
            "reldif(invFtail(3, 1e7, .05), 2.604910188671315) < 1e-9",
            "reldif(invchi2tail(1e6, .05), 1002327.310781219) < 1e-11",
            "reldif(ttail(1e7, 2.5), .006209673268289235) < 1e-10",
        ],
    );
    // draws of a large mean do not count through all numbers below it
    holds(
        "set seed 4\nset obs 400\ngenerate double p = rpoisson(1e9)\ngenerate double b = rbinomial(1e9, .5)\n\
         summarize p\nscalar zp = (r(mean) - 1e9)/sqrt(1e9/400)\nscalar sp = r(sd)/sqrt(1e9)\nsummarize b\n\
         scalar zb = (r(mean) - 5e8)/sqrt(2.5e8/400)\ngenerate double t = rt(1e8)\nsummarize t\nscalar st = r(sd)",
        &["abs(zp) < 4 & abs(zb) < 4", "sp > .85 & sp < 1.15", "st > .85 & st < 1.15", "p == floor(p)"],
    );
}

const DATA: &str = "set obs 40\nset seed 2\ngenerate double x = rnormal()\ngenerate double z = rnormal()\n\
    generate double y = x + rnormal()\ngenerate b = mod(_n, 2)\ngenerate c = mod(_n, 5)\ngenerate g = mod(_n, 8)\n\
    generate t = _n\ngenerate str3 s = \"a\" + string(c)\ntsset t\n";

/// A text variable as outcome or regressor has no numbers: no row is left, as `regress` reports it in published logs.
#[test]
fn text_variables_leave_no_observations() {
    for command in [
        "regress s x",
        "regress y s",
        "regress y x s z",
        "logit s x",
        "logit b s",
        "logistic b s",
        "probit b s",
        "cloglog b s",
        "poisson c s",
        "nbreg c s",
        "ologit c s",
        "oprobit c s",
        "mlogit c s",
        "tobit y s, ll(0)",
        "truncreg y s, ll(-9)",
        "glm y s",
        "qreg y s",
        "areg y s, absorb(c)",
        "ivregress 2sls y (x = s)",
        "ivregress 2sls s (x = z)",
        "rreg y s",
        "newey y s, lag(1)",
        "correlate y s",
        "sureg (y s)",
        "xtset g\nxtreg y s, fe",
        "biprobit b s",
        "clogit b s, group(g)",
        "mvreg y z = s",
        "intreg y y s",
        "stepwise, pr(.1): regress y s x",
        "eivreg y s",
        "frontier y s",
    ] {
        let (log, rc) = Session::default().run_captured(&format!("{DATA}{command}"));
        assert_eq!(rc, 2000, "{command}\n{log}");
        assert!(log.contains("no observations"), "{command}\n{log}");
    }
    for command in ["regress y i.s", "regress y c.x#i.s", "regress y c.s", "regress y L.s"] {
        let (log, rc) = Session::default().run_captured(&format!("{DATA}{command}"));
        assert_eq!(rc, 109, "{command}\n{log}");
    }
}

#[test]
fn several_modes_give_a_warning() {
    let data =
        "input g x str2 s\n1 3 \"a\"\n1 3 \"b\"\n1 7 \"b\"\n2 5 \"c\"\n2 4 \"d\"\n2 . \"\"\n2 . \"\"\nend\n";
    let shown = log(&format!("{data}egen m = mode(x), by(g)"));
    assert!(shown.contains("Warning: at least one group contains multiple modes."), "{shown}");
    let shown = log(&format!("{data}egen m = mode(x) if g == 2"));
    assert!(shown.contains("Warning: multiple modes encountered."), "{shown}");
    for quiet in ["mode(x), by(g) minmode", "mode(x) if g == 1", "mode(x), by(g) missing"] {
        let shown = log(&format!("{data}egen m = {quiet}"));
        assert!(!shown.contains("Warning"), "{shown}");
    }
    holds(
        &format!(
            "{data}egen a = mode(x), by(g)\negen b = mode(x), by(g) minmode\negen c = mode(x), by(g) maxmode\n\
             egen d = mode(x), by(g) nummode(2)\negen e = mode(x), by(g) missing\negen t = mode(s), by(g)\n\
             egen u = mode(s), by(g) maxmode"
        ),
        &[
            "a[1] == 3 & missing(a[4])",
            "b[4] == 4 & c[4] == 5 & d[4] == 5 & missing(d[1])",
            "e[1] == 3 & missing(e[4])",
            "t[1] == \"b\" & t[4] == \"\"",
            "u[4] == \"d\"",
        ],
    );
}

/// The texts are those of the examples of [D] reshape.
#[test]
fn reshape_error_lists_the_rows_in_the_way() {
    let data = "input id sex year inc\n1 0 80 5000\n1 0 81 5500\n1 0 81 5400\n2 1 80 2000\n2 1 81 2200\n3 0 80 3000\nend\n";
    let shown = log(&format!("{data}capture reshape wide inc, i(id) j(year)\nreshape error"));
    for line in [
        "(j = 80 81)",
        "i (id) indicates the top-level grouping such as subject id.",
        "j (year) indicates the subgrouping such as time.",
        "The data are in the long form;  j should be unique within i.",
        "There are multiple observations on the same year within id.",
        "The following 2 of 6 observations have repeated year values:",
        "  2. |  1     81 |",
        "  3. |  1     81 |",
        "(data now sorted by id year)",
    ] {
        assert!(shown.lines().any(|l| l == line), "{line}\n{shown}");
    }
    let shown = log(&format!(
        "{data}drop in 3\nreplace sex = 1 in 2\ncapture reshape wide inc, i(id) j(year)\nreshape error"
    ));
    assert!(shown.contains("xij variable is inc."), "{shown}");
    assert!(shown.contains("sex not constant within i (id) for 1 value of i:"), "{shown}");
    let shown =
        log("input id a1 a2\n1 5 6\n2 1 2\n2 3 4\nend\ncapture reshape long a, i(id) j(t)\nreshape error");
    assert!(shown.contains("2 of 3 observations have duplicate i values:"), "{shown}");
    holds(&format!("{data}drop in 3\nreshape wide inc, i(id) j(year)\nreshape error"), &["_N == 3"]);
    assert_eq!(Session::default().run_captured("reshape error").1, 111);
}

#[test]
fn extended_functions_of_the_manual() {
    let shown = log(
        "clear\nset obs 1\ngenerate mpg = 1\nscalar n1 = 1\nscalar n2 = \"a\"\nglobal ga 1\nglobal gb 2\nglobal h 3\n\
         local l a b c a\nlocal s : subinstr local l \"a\" \"Z\", all count(local k)\n\
         local w : subinstr local l \"a\" \"\", word count(local one)\nlocal u : udstrlen local l\n\
         local al : all globals \"g*\"\nlocal an : all numeric scalars\nlocal as : all string scalars\n\
         matrix A = (1, 2\\3, 4)\nmatrix rownames A = r1 r2\nmatrix colnames A = eq1:c1 eq2:c2\n\
         local q : coleq A, quoted\nlocal e : coleqnumb A eq2\nlocal f : colnlfs A\nlocal r : rownumb A r2\n\
         local t : tsnorm l.ldl\nlocal v : tsnorm l.ldl.gnp, varname\nlocal p : permname mpg\n\
         local longest : permname a234567890123456789, length(8)\nlocal p1 : piece 1 5 of \"abcdefgh ij\"\n\
         local p2 : piece 2 5 of \"abcdefgh ij\"\nlocal p3 : piece 1 5 of \"abcdefgh ij\", nobreak\n\
         display `\"<`s'|`k'|`one'|`u'|`al'|`an'|`as'>\"'\ndisplay `\"<`q'|`e'|`f'|`r'|`t'|`v'|`p'|`longest'|`p1'|`p2'|`p3'>\"'",
    );
    assert!(shown.lines().any(|l| l == "<Z b c Z|2|1|7|ga gb|n1|n2>"), "{shown}");
    let want = "<`\"eq1\"' `\"eq2\"'|2|2|2|L3D|L3D.gnp|mpg1|a2345678|abcde|fgh|abcdefgh>";
    assert!(shown.lines().any(|l| l == want), "{shown}");
    // a value label that holds marks of macros, and its text as it stands
    let shown = log(
        "mata: st_vlmodify(\"L\", 1, \"cost \" + char(36) + \"x \" + char(96) + \"q\" + char(39))\nglobal x 5\nlocal q 6\n\
         local a : label L 1\nlocal b `macval(a)'\ndisplay `\"[`macval(b)'] [`a']\"'",
    );
    assert!(shown.contains("[cost $x `q'] [cost 5 6]"), "{shown}");
}

/// [P] syntax: an option that turns something off fills the local without its `no`; a slash drops the word.
#[test]
fn options_that_turn_off_and_bare_parts() {
    let shown = log(
        "program p\nsyntax [anything] [if/] [in/] [, noCONStant LOG noLOG L(numlist >0 sort) K(numlist descending range(>=0))]\n\
         display `\"<`anything'|`if'|`in'|`constant'|`noconstant'|`log'|`l'|`k'>\"'\nend\n\
         p a if x > 3 in 1/2, nocons l(3 1 2) k(3 2)\np",
    );
    assert!(shown.lines().any(|l| l == "<a|x > 3|1/2|noconstant|||1 2 3|3 2>"), "{shown}");
    assert!(shown.lines().any(|l| l == "<|||||||>"), "{shown}");
    let (shown, rc) =
        Session::default().run_captured("program p\nsyntax, K(numlist descending)\nend\np, k(1 2)");
    assert_eq!(rc, 124, "{shown}");
}

/// [P] byable: the body sees all data, `marksample` keeps the group; `onecall` runs the program once.
#[test]
fn byable_programs() {
    let data = "set obs 6\ngenerate g = 1 + (_n > 4)\ngenerate x = _n\nsort g x\n";
    let shown = log(&format!(
        "{data}program p, byable(recall)\nsyntax varname [if]\nmarksample touse\nquietly count\nlocal all = r(N)\n\
         quietly count if `touse'\ndisplay \"<`all' `r(N)' \" _N \" \" x[1] \" `=_by()' `=_byindex()' `=_bylastcall()' `_byvars'>\"\n\
         end\nby g: p x if x > 1\np x"
    ));
    for line in ["<6 3 6 1 1 1 0 g>", "<6 2 6 1 1 2 1 g>", "<6 6 6 1 0 0 1 >"] {
        assert!(shown.lines().any(|l| l == line), "{line}\n{shown}");
    }
    let shown = log(&format!(
        "{data}program q, byable(onecall)\nsyntax varname\nif _by() by `_byvars': summarize `varlist'\nelse summarize `varlist'\n\
         display \"once\"\nend\nby g: q x"
    ));
    assert_eq!(shown.lines().filter(|l| *l == "once").count(), 1, "{shown}");
    assert_eq!(shown.matches("-> g = ").count(), 2, "{shown}");
}

#[test]
fn notes_of_data_commands() {
    let shown = log("input str8 v\n\"1,000\"\n\"n/a\"\nend\ndestring v, replace ignore(\",\")");
    assert!(shown.contains("v: contains characters not specified in ignore(); no replace"), "{shown}");
    let shown = log("global b 1\nglobal a 2\nlocal z 3\nlocal y 4\nmacro list a _y b");
    assert!(shown.contains("a:              2\nb:              1\n_y:             4\n"), "{shown}");
    assert!(!shown.contains("_z:"), "{shown}");
    let shown = log("set obs 5\ngenerate double x = _n\ngenerate y = 1.5\ncompress");
    assert!(shown.contains("  variable x was double now byte\n  (35 bytes saved)\n"), "{shown}");
    let shown = log(&format!("{DATA}logistic b x\nlogistic b x, log"));
    assert_eq!(shown.matches("Iteration 0:").count(), 1, "{shown}");
    let shown = log(&format!("{DATA}regress y x i.b\nmargins b, at(x = (0 1))\nmarginsplot"));
    assert!(shown.contains("\nVariables that uniquely identify margins: x b\n"), "{shown}");
    let shown = log("prtesti 50 0.52 0.4");
    assert!(shown.contains("Ha: p < 0.4") && shown.contains("Ha: p != 0.4"), "{shown}");
    let shown = log(&format!("{DATA}simulate m=r(mean), reps(2) nodots: summarize x"));
    assert!(shown.contains("\n      Command: summarize x\n            m: r(mean)\n"), "{shown}");
    for (command, legend) in [
        ("ratio y/x", "\n\n     _ratio_1: y/x\n\n"),
        ("svyset g\nsvy: ratio (r: y/x)", "\n\n            r: y/x\n\n"),
    ] {
        let shown = log(&format!("{DATA}{command}"));
        assert!(shown.contains(legend), "{shown}");
    }
    let shown = log(&format!("{DATA}bootstrap m=r(mean), reps(3): summarize x"));
    assert!(shown.contains("(running summarize on estimation sample)"), "{shown}");
}
