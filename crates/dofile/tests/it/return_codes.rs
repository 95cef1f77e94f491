//! Stata's return codes: one do-file for each code that scripts look at (manual [P] error), and the word that the
//! message must hold.

use dofile::Session;

const DATA: &str = "set obs 12\ngenerate id = _n\ngenerate g = mod(_n, 3) + 1\ngenerate double x = _n^1.5\n\
    generate double y = 3*x + mod(_n*5, 7)\ngenerate b = mod(_n, 2)\ngenerate str3 s = \"a\" + string(g)\n\
    generate neg = _n - 5\n";

/// Do-file, return code, a word of the message.
const CASES: &[(&str, i32, &str)] = &[
    ("save a\nsave a", 602, "already exists"),
    ("tab1", 100, "varlist required"),
    ("generate q", 100, "required"),
    ("list x [fw=g]", 101, "weights not allowed"),
    ("tab2 x", 102, "too few"),
    ("generate q = s + 1", 109, "type mismatch"),
    ("generate q = inrange(s, 1, 2)", 109, "type mismatch"),
    ("generate q = inlist(s, 1, 2)", 109, "type mismatch"),
    ("regress s x", 2000, "no observations"),
    ("regress y i.s", 109, "factor variables"),
    ("generate t = _n\ntsset t\ntssmooth ma q = s, window(1 1 1)", 109, "type mismatch"),
    ("generate x = 1", 110, "already defined"),
    ("summarize nosuch", 111, "nosuch"),
    ("generate q = nosuch + 1", 111, "nosuch"),
    ("putdocx text (\"a\")", 119, "begin"),
    ("format x %nonsense", 120, "format"),
    ("foreach i of numlist 1 a {\n}", 121, "numlist"),
    ("program p\nsyntax, o(numlist min=3)\nend\np, o(1 2)", 122, "few"),
    ("program p\nsyntax, o(numlist max=1)\nend\np, o(1 2)", 123, "many"),
    ("egen c = cut(x), at(3 2 1)", 124, "order"),
    ("generate q = nosuch(1)", 133, "nosuch"),
    ("generate 1q = 2", 198, "invalid"),
    ("regress y x\npredict p, marginal", 198, "marginal"),
    ("melogit b x || g:\npredict p, xb marginal", 198, "xb"),
    ("meologit g x || id:\npredict p, xb fixedonly", 198, "xb"),
    ("summarize x, nosuchoption", 198, "nosuchoption"),
    ("regress y x\nestat ic if x > 2", 101, "if not allowed"),
    ("regress y x\nestat ic in 1/5", 101, "in not allowed"),
    ("regress y x\nestat ic [aw=x]", 101, "weights not allowed"),
    ("regress y x\nestat vif x", 101, "varlist not allowed"),
    ("regress y x\nestat ovtest if x > 2", 101, "if not allowed"),
    ("logit b x\nestat gof [fw=id]", 199, "weights"),
    ("svyset id\nsvy: mean y\nestat sd if x > 2", 101, "if not allowed"),
    ("regress y i.g x\nmargins, at(g = generate(1))", 198, "factor"),
    ("regress y i.g x\nmargins, at(x = generate(ln(neg)))", 459, "missing"),
    ("regress y i.g\nmargins, eyex(g)", 198, "factor"),
    ("nosuchcommand x", 199, "unrecognized"),
    ("bysort g: dfactor (y x)", 199, "not supported"),
    ("xtcointtest kao y x", 199, "not supported"),
    ("forecast create m", 111, "time variable"),
    ("anova y g\ntest g, symbolic", 199, "symbolic"),
    ("regress y i.g\ncontrast g, atequations", 199, "atequations"),
    ("mixed y x || g:\npredict r, reffects ebmodes", 199, "ebmodes"),
    ("stset id\nstptime, output(a)", 199, "output()"),
    ("stset id\nstrate g, output(a)\nstrate g, output(a)", 602, "already exists"),
    ("stset id\nstrate g, output(a, append)", 198, "append"),
    ("stdescribe", 119, "not st"),
    ("stset id\nstdescribe, weighted", 199, "weighted"),
    ("tabulate g, wrap", 199, "not supported"),
    ("gmm (y - {b}) (x - {c}), instruments(x)", 506, "winitial(unadjusted, independent)"),
    ("gmm (y - {b}) (x - {c}), instruments(3: x)", 198, "equation 3 not found"),
    ("gmm (a: y - {b}) (a: x - {c})", 110, "equation a already defined"),
    ("gmm (y - {b}*x), instruments(x) wmatrix(hac nw 4)", 199, "wmatrix(hac nw 4)"),
    ("gmm (y - {b}*x), instruments(x) wmatrix(unadjusted)", 199, "wmatrix(unadjusted)"),
    ("gmm (y - {b}*x), instruments(x) wmatrix(cluster g) center", 199, "center"),
    ("gmm (y - {b}*x), instruments(x) onestep vce(unadjusted)", 199, "onestep"),
    ("gmm (y - {b}*x), instruments(x) winitial(xt D)", 199, "winitial"),
    ("gmm (y - {b}*x), instruments(x) xtinstruments(x, lags(1/2))", 199, "xtinstruments"),
    ("gmm (y - {b}*x) [aw=g], instruments(x)", 199, "aweights"),
    ("gmm (y - {b}*x - {a}), instruments(x, noconstant)", 481, "moments"),
    ("gmm (y - {b} - {a}), instruments(x id)", 481, "identified"),
    ("gmm (ln(neg) - {b}), instruments(x)", 480, "initial values"),
    ("gmm (y - {xb:x} - {a}), instruments(id b) from(start)", 199, "from()"),
    ("gmm (y - exp({xb:x} + {a})), instruments(id b) from(xb:x 0 a 2) iterate(1)", 430, "convergence"),
    ("gmm (y - exp({xb:x} + {a})), instruments(id b) from(xb:id 0)", 111, "xb_id"),
    ("gmm (y - {b}*x - {a}), instruments(id b)\npredict q, xb", 199, "xb"),
    ("gmm (y - {b}*x - {a}), instruments(id b) onestep\nestat overid", 322, "two-step"),
    ("gmm (y - {b}*x - {a}), instruments(id)\nestat overid", 322, "identified"),
    ("gmm (y - {xb:x} - {a}), instruments(id b)\nmargins, dydx(x)", 322, "margins"),
    ("gmm (x - {b}*x), instruments(id b)", 506, "rank"),
    ("gmm (x - {b}*x), instruments(id b) onestep", 506, "rank"),
    ("mata: x = moptimize_init()", 199, "not supported"),
    ("datasignature report", 199, "not supported"),
    ("test x", 301, "last estimates not found"),
    ("ttest x, by(g)", 420, ""),
    ("regress y i.neg", 452, "neg"),
    ("isid g", 459, "uniquely"),
    ("xtreg y x", 459, "xtset"),
    ("matrix A = (1, 2)\nmatrix B = inv(A)", 503, "conformability"),
    ("matrix A = (1, . \\ ., 1)\nmatrix C = cholesky(A)", 504, "missing"),
    ("matrix A = (1, 2 \\ 2, 1)\nmatrix C = cholesky(A)", 506, "definite"),
    ("use nosuchfile, clear", 601, "not found"),
    ("run nosuchfile", 601, "not found"),
    ("save nosuchfolder/a", 603, "nosuchfolder"),
    ("log close", 606, "no log"),
    ("file open h using a.dta, write text\nfile write h \"plain\" _n\nfile close h\nuse a, clear", 610, ""),
    ("set obs 1000000000", 909, "memory"),
    ("summarize x\nregress y x if x < 0", 2000, "no observations"),
    ("range q 0 1 1", 2001, ""),
    ("regress y x in 1", 2001, "insufficient"),
    ("regress y in 1", 2001, "insufficient"),
    ("areg y x in 1, absorb(g)", 2001, "insufficient"),
    ("anova y g in 1", 2001, "insufficient"),
    ("ivregress 2sls y (x = id) in 1", 2001, "insufficient"),
    ("poisson id x in 1", 2001, "insufficient"),
    ("glm y x in 1", 2001, "insufficient"),
    ("tobit y x in 1, ll(0)", 2001, "insufficient"),
    ("qreg y x in 1", 2001, "insufficient"),
    ("xtset id\nxtreg y x in 1, fe", 2001, "insufficient"),
    ("xtset id\nxtgee y x in 1", 2001, "insufficient"),
    ("logit b x in 1", 2000, "does not vary"),
    ("svy: mean x", 119, "svyset"),
    ("svyset\nsvyset nosuch", 111, "nosuch"),
    ("svyset id\nsvy, subpop(if x < 0): mean x", 461, "subpop"),
    ("svyset id\nsvy: mean s", 109, ""),
    ("svyset id\nsvy: regress y x [pw=id]", 101, "weights"),
    ("svyset id\nsvy: summarize x", 199, "svy: summarize"),
    ("svyset id\nsvy: regress y x if x < 0", 2000, "no observations"),
    ("generate f = cond(_n < 3, 20, 30)\nsvyset id, fpc(f)\nsvy: mean x", 464, "fpc"),
    ("svyset id\nsvy: regress y x\nestat ic", 321, "svy"),
    ("nl y x", 199, "nl"),
    ("clear\ninput str2 s2 float(a b) c\nx 1 2 3\nend\nconfirm string variable c", 7, "c"),
    ("clear\ninput a a\n1 2\nend", 110, "already defined"),
    ("cnsreg y x, constraints(7)", 412, "7"),
    ("constraint 1 x = 2\nconstraint 2 x = 3\ncnsreg y x id, constraints(1 2)", 412, "inconsistent"),
    ("hotelling x, by(g)", 420, "3 groups"),
    ("esize twosample x", 198, "by()"),
    ("stepwise, pr(2): regress y x", 198, "between"),
    ("stepwise: regress y x", 198, "pr()"),
    ("stepwise, pr(.1): anova y g", 199, "stepwise: anova"),
    ("stepwise, pr(.1): regress y nosuch", 111, "nosuch"),
    ("stepwise, pr(.1) pe(.05) hierarchical: regress y x", 198, "hierarchical"),
    ("teffects ra (y x) (b)\ntebalance overid", 459, "propensity"),
    ("nl (y = 2*x)", 198, "parameters"),
    ("nl (y = {a}*ln(-x))", 480, "starting values"),
    ("nl (y = {a} + {b}*0)", 481, "identified"),
    ("nl (y = {a=1}*x) in 1, initial(q 2)", 111, "q"),
    ("reg3 (y x) (x y)", 481, "order conditions"),
    ("reg3 (y x id, small)", 199, "options of an equation"),
    ("xtset id\nxtgee y x, corr(ar1)", 459, "time variable"),
    ("xtset id\nxtgee s x", 2000, "no observations"),
    ("xtset g\nxtreg y x, mle vce(robust)", 199, "mle"),
    ("didregress (y) (b), group(g)", 198, "time() required"),
    ("didregress (y) (g), group(g) time(id)", 459, "0 or 1"),
    ("didregress (y) (b), group(g) time(id)", 459, "collinear"),
    ("generate long w = 1000000000\nrologit y x [fweight=w], group(g)", 909, "memory"),
    ("assert x > 5", 9, "false"),
    ("bysort g: generate k = _n\nsort x\nby g: generate l = _n", 5, "not sorted"),
    ("confirm numeric variable s", 7, "s"),
    ("preserve\npreserve", 621, "preserved"),
    ("statsby, by(g): regress y x", 4, "changed"),
    ("logit b y if g < 9, iterate(0)", 430, "convergence"),
];

#[test]
fn each_code_has_its_do_file() {
    let mut wrong = Vec::new();
    for (text, code, word) in CASES {
        let folder = tempfile::tempdir().expect("a folder");
        let mut s = Session::default();
        s.cwd = folder.path().to_path_buf();
        s.temp_dir = folder.path().to_path_buf();
        s.bound_memory(1 << 30);
        assert_eq!(s.run_captured(DATA).1, 0);
        let (log, rc) = s.run_captured(text);
        if rc != *code || !log.contains(word) {
            wrong.push(format!("{text:?}: r({rc}) instead of r({code}): {log}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn capture_keeps_the_code_and_the_data() {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(&format!(
        "{DATA}capture regress y nosuch\nscalar k = _rc\ncapture noisily summarize x\nscalar z = _rc"
    ));
    assert_eq!(rc, 0, "{log}");
    assert_eq!(s.eval_num("k").expect("a scalar"), 111.0);
    assert_eq!(s.eval_num("z").expect("a scalar"), 0.0);
    assert_eq!(s.eval_num("_N").expect("rows"), 12.0);
}
