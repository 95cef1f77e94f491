//! Hostile data, messages and printed lines of fractional polynomials, standardised tables, planned intervals and exact regressions.

use dofile::Session;

const DATA: &str = "set obs 12\ngenerate id = _n\ngenerate g = mod(_n, 3) + 1\ngenerate double x = _n^1.5\n\
    generate double y = 3*x + mod(_n*5, 7)\ngenerate b = mod(_n, 2)\ngenerate str3 s = \"a\" + string(g)\n\
    generate neg = _n - 5\n";

/// Do-file and return code.
const CASES: &[(&str, i32)] = &[
    ("fp plot, residuals(none)", 301),
    ("regress y x\nfp predict q", 301),
    ("fp <x>: regress y <x>\nfp plot", 198),
    ("fp <x>: regress y <x>\nfp plot, residuals(nosuch)", 198),
    ("fp <x>: regress y <x>\nfp predict q, fp stdp", 198),
    ("fp <x>: regress y <x>\nfp predict q, equation(z)", 303),
    ("fp <x>: regress y <x>\nfp predict x", 110),
    ("fp <x>: regress y <x>\nfp plot, residuals(none) addplot(line y x)", 199),
    ("fp <x>: regress y <x>\ndrop x_1\nfp predict q", 111),
    ("fracpoly", 198),
    ("fracpoly: regress y", 102),
    ("fracpoly: regress y s", 109),
    ("fracpoly: regress y x x", 198),
    ("fracpoly: regress y i.g", 198),
    ("fracpoly: regress y 2 x", 198),
    ("fracpoly, degree(0): regress y x", 198),
    ("fracpoly, degree(7): regress y x", 198),
    ("fracpoly, noscaling: regress y neg", 411),
    ("fracpoly, center(x:-900): regress y x", 411),
    ("fracpoly, zero: regress y x", 199),
    ("fracpoly, powers(.): regress y x", 198),
    ("fracpoly: regress y neg", 0),
    ("fracpoly: nosuch y x", 199),
    ("fracpoly: mlogit g x", 199),
    ("fracplot", 301),
    ("fracpred q", 301),
    ("fracpoly: regress y x\nfracplot g", 198),
    ("fracpoly: regress y x\nfracpred q, stdp", 198),
    ("fracpoly: regress y x\nfracpred q, dresid for(x)", 198),
    ("fracpoly: regress y x [aw=g]\nfracpred q, dresid", 199),
    ("fracpoly: ologit g x\nfracpred q, dresid", 198),
    ("fracpoly: regress y x neg\nfracplot neg", 0),
    ("mfp, center(x:-900): regress y x neg", 411),
    ("cs b g, istandard", 198),
    ("cs b b, by(g) istandard estandard", 198),
    ("cs b neg, by(g) rd", 198),
    ("cs b neg, by(g) standard(s)", 109),
    ("cs b neg, by(g) standard(id)", 459),
    ("cs b neg, by(g) standard(neg)", 411),
    ("generate z=0\ncs b neg, by(g) standard(z)", 411),
    ("cs b neg, by(g) istandard or", 199),
    ("ir b b x, by(g) ird", 198),
    ("cc b neg, pool", 198),
    ("cc b neg, by(g) pool istandard", 0),
    ("ir b id x, by(g) pool estandard ird", 0),
    ("stset id\nstrate g, smr(s)", 109),
    ("stset id\nstrate g, smr(neg)", 411),
    ("stset id\nstrate g, smr(x) nolist", 0),
    ("stset id\nstptime, smr(g)", 198),
    ("stset id\nstptime, smr(g x)", 198),
    ("stset id\nstptime, using(a)", 198),
    ("stset id\nstptime, smr(g x) using(nosuch)", 601),
    ("save r1\nstset id\nstptime, smr(g x) using(r1)", 459),
    ("preserve\nkeep in 1/2\nsave r2\nrestore\nstset id\nstptime, smr(g x) using(r2)", 459),
    ("stset id\nsts test g, cox trend", 198),
    ("stset id\nsts test g, cox peto", 198),
    ("stset id\nsts test g, cox", 0),
    ("stset id\nsts test s b, cox strata(b)", 0),
    ("power mcc .2", 198),
    ("power mcc .2, oratio(1)", 198),
    ("power mcc 1.2, oratio(2)", 198),
    ("power mcc .2, oratio(2) corr(-.9)", 198),
    ("power mcc .2, oratio(2) m(0)", 198),
    ("power mcc .2, oratio(2) n(50) power(.9)", 199),
    ("power cmh .2, oratio(2)", 198),
    ("power cmh .2 .3, oratio(2) strweights(1)", 198),
    ("power cmh .2 .3, oratio(2) nperstratum(20)", 0),
    ("power trend .1 .2", 198),
    ("power trend .1 .1 .1", 198),
    ("power trend .1 .2 .3, exposure(3 2 1)", 198),
    ("power trend .1 .2 .3, exposure(1 2 4) continuity", 198),
    ("power pairedproportions .1 .1", 198),
    ("power pairedproportions .6 .7", 198),
    ("power twocorrelations .2 1", 198),
    ("power twocorrelations .2 .5, n1(3)", 198),
    ("ciwidth", 198),
    ("ciwidth onemean", 198),
    ("ciwidth onemean, width(2)", 198),
    ("ciwidth onemean, width(-1) probwidth(.9)", 198),
    ("ciwidth onemean, width(1) probwidth(.9) n(20)", 198),
    ("ciwidth onemean, width(1e-9) knownsd", 430),
    ("ciwidth twomeans, width(1) sd1(2) probwidth(.9)", 199),
    ("ciwidth onevariance -2, width(1) probwidth(.9)", 198),
    ("ciwidth onemean, width(1) probwidth(.9) fpc(100)", 199),
    ("ciwidth onemean, width(1) nosuch", 198),
    ("ciwidth pairedmeans, width(1) corr(2) probwidth(.9)", 198),
    ("exlogistic", 301),
    ("exlogistic b", 102),
    ("exlogistic b s", 109),
    ("exlogistic b i.g", 198),
    ("exlogistic b g, condvars(g)", 198),
    ("exlogistic b g, memory(1k)", 909),
    ("exlogistic b x neg, memory(zz)", 198),
    ("exlogistic b g, test(foo)", 198),
    ("exlogistic b g, saving(a)", 199),
    ("exlogistic b g, group(s) estconstant", 198),
    ("exlogistic b g, estconstant noconstant", 198),
    ("exlogistic id g, binomial(4)", 459),
    ("exlogistic b g, binomial(0)", 198),
    ("exlogistic b g, mue(x)", 198),
    ("exlogistic b g, terms(t = x)", 198),
    ("exlogistic b g\npredict p", 321),
    ("exlogistic b g\nestat se, irr", 198),
    ("generate k = 1\nexlogistic b k", 0),
    ("exlogistic b g neg, group(s)", 0),
    ("exlogistic b b", 102),
    ("exlogistic b g [aw=id]", 101),
    ("expoisson y g", 459),
    ("expoisson g b neg, exposure(neg)", 459),
    ("expoisson g b, noconstant", 199),
    ("expoisson g b, exposure(x) offset(y)", 198),
    ("expoisson g b neg\nexpoisson, irr\nestat se, irr", 0),
    ("generate z = 0\nexpoisson z b", 0),
    ("generate z = .\nexlogistic z b", 2000),
    ("replace b = 1\nexlogistic b g", 0),
];

#[test]
fn each_wrong_use_has_its_code() {
    let mut wrong = Vec::new();
    for (text, code) in CASES {
        let folder = tempfile::tempdir().expect("a folder");
        let mut session = Session::default();
        session.cwd = folder.path().to_path_buf();
        let (log, rc) = session.run_captured(&format!("{DATA}{text}"));
        if rc != *code {
            wrong.push(format!("{text}: r({rc}), not r({code})\n{log}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The log of a do-file that has no error.
fn log(text: &str) -> String {
    let (log, rc) = Session::default().run_captured(&format!("{DATA}{text}"));
    assert_eq!(rc, 0, "{log}");
    log
}

/// Two regressors with the same first letters had one new variable, which was in the model twice.
#[test]
fn new_variables_of_mfp_have_names_of_their_own() {
    let text = "generate weight_a = x\ngenerate weight_b = mod(_n*5, 11)\nmfp, df(1): regress y weight_a weight_b\n\
        assert e(fp_fvl) == \"Iweig__1 Iwei2__1\"\nassert corr == corr\n";
    let text = text.replace("assert corr == corr\n", "correlate Iweig__1 Iwei2__1\nassert abs(r(rho)) < .99");
    log(&text);
    let both = "generate weight_a = x\ngenerate weight_b = mod(_n*5, 11) + 1\nfracpoly: regress y weight_a 1 weight_b\n\
        assert e(fp_fvl) == \"Iweig__1 Iwei2__1\"";
    log(both);
}

#[test]
fn fp_says_whether_it_searched() {
    log("fp <x>: regress y <x>\nassert e(fp_cmd) == \"fp, search():\"");
    log("fp <x>, fp(1 2): regress y <x>\nassert e(fp_cmd) == \"fp, powers():\"");
}

/// A failed search leaves neither variables nor the mark of its sample.
#[test]
fn a_failed_fracpoly_leaves_no_variables() {
    log(
        "capture fracpoly, noscaling: regress y neg\nassert _rc == 411\nassert c(k) == 7\ncapture fracpoly: regress y x if 0\nassert _rc == 2000\nassert c(k) == 7",
    );
}

/// Graphs show the component, its limits and the points.
#[test]
fn components_are_drawn() {
    for text in [
        "fp <x>, fp(0): regress y <x> neg\nfp plot, residuals(none)",
        "fp <x>, fp(0): regress y <x> neg\nfp plot if id > 2, residuals(rstandard) level(90) title(\"T\")",
        "fracpoly, degree(1): logit b x\nfracplot, xtitle(\"X\")",
        "mfp, df(2): regress y x neg\nfracplot neg",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut session = Session::default();
        session.cwd = folder.path().to_path_buf();
        let (log, rc) = session.run_captured(&format!("{DATA}{text}\ngraph export a.svg"));
        assert_eq!(rc, 0, "{text}: {log}");
        let picture = std::fs::read_to_string(folder.path().join("a.svg")).expect("a picture");
        assert!(picture.contains("Component") && picture.len() > 2000, "{text}");
    }
}

/// The lines of the manual's standardised and pooled tables.
#[test]
fn standardised_tables_have_their_lines() {
    let cohort = "clear\ninput g y x n\n1 1 1 8\n1 1 0 5\n1 0 1 98\n1 0 0 115\n2 1 1 22\n2 1 0 16\n2 0 1 76\n2 0 0 69\nend\n";
    let text = log(&format!("{cohort}cs y x [fw=n], by(g) istandard"));
    assert!(text.contains("Weight") && !text.contains("M–H"), "{text}");
    assert!(text.contains(" I. Standardized |    1.312122    .7889772    2.182147"), "{text}");
    let text = log(&format!("{cohort}cs y x [fw=n], by(g) pool estandard"));
    assert!(text.contains("E. Standardized |") && text.contains("Pooled (direct) |"), "{text}");
    assert!(text.contains("Test of homogeneity (direct)"), "{text}");
}

/// Rows that stand for many are the same as the rows; the order of the rows has no part in the results.
#[test]
fn exact_results_do_not_depend_on_the_form_of_the_data() {
    let many = "expand id\ngsort -x\nexlogistic b g neg, nolog\nmatrix p = e(p_sufficient)\nscalar a = el(e(b), 1, 1)\n";
    let few = "exlogistic b g neg [fweight=id], nolog\nassert reldif(el(e(b), 1, 1), scalar(a)) < 1e-9\n\
        assert reldif(el(e(p_sufficient), 1, 2), p[1,2]) < 1e-9";
    log(&format!("preserve\n{many}restore\n{few}"));
}

/// Values that are not whole numbers of one unit still have a distribution; a float is taken as its decimal number.
#[test]
fn exact_regression_takes_odd_values() {
    log("generate double odd = sqrt(_n)\nexlogistic b odd, nolog\nassert e(n_possible) > 100");
    let decimal = "generate float tenth = g/10\nexlogistic b tenth, nolog\nscalar p = el(e(p_sufficient), 1, 1)\nscalar n = e(n_possible)\n\
        exlogistic b g, nolog\nassert scalar(n) == e(n_possible)\nassert reldif(el(e(p_sufficient), 1, 1), scalar(p)) < 1e-12";
    log(decimal);
}

#[test]
fn exact_tables_mark_medians_and_open_limits() {
    let text = log("replace b = id > 6\ngenerate c = id > 5\nexlogistic b c");
    assert!(text.contains("+Inf") && text.contains('*') && text.contains("median unbiased"), "{text}");
    let text = log("expoisson g b neg, irr group(s)\nestat se");
    assert!(text.contains("IRR") && text.contains("Group variable: s"), "{text}");
}
