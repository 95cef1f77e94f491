//! Commands with data at their limits: missing values in each variable, no or too few observations, constant and
//! collinear regressors, groups of one observation, strings, unknown names and options, refused weights. Each ends
//! with Stata's return code and prints no number that is none.

use dofile::Session;

const DATA: &str = "set obs 60\n\
    generate id = _n\n\
    generate g = mod(_n, 5) + 1\n\
    generate g1 = _n\n\
    generate double x = mod(_n*7, 13) + 1\n\
    generate double z = mod(_n*11, 17) + .5\n\
    generate double x2 = 2*x\n\
    generate one = 1\n\
    generate nul = .\n\
    generate double y = 2*x + mod(_n*5, 7) + 3\n\
    generate b = mod(_n*3 + int(_n/7), 2)\n\
    generate b2 = mod(int(_n/3), 2)\n\
    generate k = mod(_n*5, 4)\n\
    generate k2 = mod(_n*7, 4)\n\
    generate double t = 1 + mod(_n*17, 23) + _n/100\n\
    generate tr = ceil(t/4)\n\
    generate f = mod(_n, 4) != 0\n\
    generate w = 1 + mod(_n, 3)\n\
    generate str3 s = \"a\" + string(g)\n\
    generate ym = cond(_n==3, ., y)\n\
    generate xm = cond(_n==5, ., x)\n\
    generate bm = cond(_n==4, ., b)\n\
    generate e = 1\n";

/// Do-file after the data, return code.
const CASES: &[(&str, i32)] = &[
    // spatial data
    ("spset id, coord(x z)", 0),
    ("spset g", 459),
    ("spset s", 109),
    ("spset nosuch", 111),
    ("spset nul", 459),
    ("spset", 459),
    ("spset id, coord(x)", 198),
    ("spset id, coord(x s)", 109),
    ("spset id, coord(x z) coordsys(moon)", 198),
    ("spset id, coord(z id) coordsys(latlong)", 0),
    ("generate far = 10*id\nspset id, coord(z far) coordsys(latlong)", 459),
    ("spset id\nspset id", 459),
    ("spset id\nspmatrix create idistance W", 459),
    ("spset id, coord(g b)\nspmatrix create idistance W", 459),
    ("spset id, coord(xm z)\nspmatrix create idistance W", 416),
    ("spset id, coord(t z)\nspmatrix create idistance W if id>100", 2000),
    ("spset id, coord(t z)\nspmatrix create idistance W, vtruncate(1e9)", 459),
    ("spset id, coord(t z)\nspmatrix create contiguity W", 199),
    ("spset id, coord(t z)\nspmatrix create idistance W, normalize(foo)", 198),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspmatrix create idistance W", 110),
    ("spmatrix drop W", 111),
    ("spmatrix summarize W", 111),
    ("spset id\nspmatrix fromdata W = x z", 503),
    ("spmatrix import W using nosuch", 601),
    (
        "set obs 3100\nreplace id = _n\nreplace t = _n\nreplace z = 0\nspset id, coord(t z)\nspmatrix create idistance W",
        198,
    ),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspgenerate l = W*x", 0),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspgenerate l = W*xm", 416),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspgenerate l = V*x", 111),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspgenerate l = W*s", 109),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspgenerate x = W*z", 110),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W)", 0),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x", 198),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml gs2sls", 198),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(V)", 111),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress ym x, ml dvarlag(W)", 459),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress ym x, ml dvarlag(W) force", 0),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x if id>100, ml dvarlag(W)", 2000),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x in 1/3, ml dvarlag(W) force", 2001),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x x2 one, ml dvarlag(W)", 0),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress s x, ml dvarlag(W)", 109),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y s, ml dvarlag(W)", 109),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y nosuch, ml dvarlag(W)", 111),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W) ivarlag(W x)", 198),
    (
        "spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W) ivarlag(W: x x2 i.g) errorlag(W) nolog",
        0,
    ),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, gs2sls dvarlag(W) impower(0)", 198),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y, gs2sls dvarlag(W) noconstant", 481),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W) heteroskedastic", 198),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W) vce(robust)", 199),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x [aw=w], ml dvarlag(W)", 101),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W) constraints(1)", 199),
    ("spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W)\nestat impact z", 111),
    (
        "spset id, coord(t z)\nspmatrix create idistance W\nspregress y x c.x#c.z, ml dvarlag(W)\nestat impact",
        199,
    ),
    (
        "spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W)\npredict p, limited",
        198,
    ),
    (
        "spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W)\ndrop in 1\npredict p",
        459,
    ),
    (
        "spset id, coord(t z)\nspmatrix create idistance W\nspregress y x, ml dvarlag(W)\nmargins, dydx(x)",
        322,
    ),
    ("spset id, coord(t z)\nspmatrix create idistance W\nregress y x\nestat moran", 198),
    ("spset id, coord(t z)\nspmatrix create idistance W\nregress y x\nestat moran, errorlag(V)", 111),
    ("spset id, coord(t z)\nspmatrix create idistance W\nregress y x [aw=w]\nestat moran, errorlag(W)", 101),
    ("spset id, coord(t z)\nspmatrix create idistance W\nregress ym x\nestat moran, errorlag(W)", 459),
    (
        "spset id, coord(t z)\nspmatrix create idistance W\nregress y x\nestat moran, errorlag(W) errorlag(W)",
        459,
    ),
    ("spatgsa x, moran", 198),
    ("spatgsa x, weights(W) moran", 111),
    ("matrix W = (0,1\\1,0)\nspatgsa x, weights(W) moran", 503),
    ("matrix W = J(60,60,1)\nspatgsa one, weights(W) moran", 459),
    ("matrix W = J(60,60,1)\nspatgsa xm, weights(W) moran", 416),
    // boxcox
    ("boxcox ym xm z", 0),
    ("boxcox y x if id>100", 2000),
    ("boxcox y x in 1/2", 2001),
    ("boxcox y one", 0),
    ("boxcox y x x2", 0),
    ("boxcox s x", 109),
    ("boxcox y s", 109),
    ("boxcox y nosuch", 111),
    ("boxcox y x, foo", 198),
    ("boxcox y x [pw=w]", 101),
    ("boxcox y x [aw=w]", 101),
    ("boxcox y x, model(foo)", 198),
    ("generate neg=y-20\nboxcox neg x", 411),
    ("boxcox y b, model(rhsonly)", 411),
    ("boxcox", 301),
    ("boxcox one x", 430),
    ("boxcox nul x", 2000),
    ("boxcox y x, notrans(z) model(lhsonly)", 198),
    ("boxcox y x, model(lambda) notrans(nosuch)", 111),
    // eivreg
    ("eivreg y x if id>100, reliab(x .9)", 2000),
    ("eivreg y x z in 1/2, reliab(x .9)", 2001),
    ("eivreg s x", 109),
    ("eivreg y s", 109),
    ("eivreg y nosuch", 111),
    ("eivreg y x, reliab(nosuch .9)", 111),
    ("eivreg y x, reliab(z .9)", 198),
    ("eivreg y x, reliab(x 2)", 198),
    ("eivreg y x, reliab(x -1)", 198),
    ("eivreg y x, reliab(x)", 198),
    ("eivreg y x, foo", 198),
    ("eivreg y x [pw=w], reliab(x .9)", 101),
    ("eivreg y x [iw=w], reliab(x .9)", 101),
    ("eivreg nul x", 2000),
    // canon
    ("canon (y x) (z b) if id>100", 2000),
    ("canon (y x) (z b) in 1/3", 2001),
    ("canon (y one) (x z)", 506),
    ("canon (y x x2) (z b)", 506),
    ("canon (s x) (z b)", 109),
    ("canon (y x) (s b)", 109),
    ("canon (y x) (nosuch b)", 111),
    ("canon (y x) (z b), foo", 198),
    ("canon (y x) (z b) [pw=w]", 101),
    ("canon y x", 198),
    ("canon (y x)", 198),
    ("canon (y x) (x z)", 506),
    ("canon (y) (x)", 0),
    // loneway
    ("loneway ym g", 0),
    ("loneway y g if id>100", 2000),
    ("loneway y one", 2001),
    ("loneway y g1", 2001),
    ("loneway one g", 0),
    ("loneway s g", 109),
    ("loneway y nosuch", 111),
    ("loneway y g x", 103),
    ("loneway y g, foo", 198),
    ("loneway y g [pw=w]", 101),
    ("loneway y g [fw=w]", 101),
    ("loneway nul g", 2000),
    // tetrachoric
    ("tetrachoric bm b2", 0),
    ("tetrachoric b b2 if id>100", 2000),
    ("tetrachoric b one", 0),
    ("tetrachoric s b", 109),
    ("tetrachoric b nosuch", 111),
    ("tetrachoric b b2, foo", 198),
    ("tetrachoric b b2 [aw=w]", 101),
    ("tetrachoric b b", 0),
    ("generate nb=1-b\ntetrachoric b nb", 0),
    ("tetrachoric b b2 in 1/1", 0),
    ("tetrachoric nul b", 2000),
    // symmetry
    ("symmetry k k2", 0),
    ("symmetry k k2 if id>100", 2000),
    ("symmetry s k", 109),
    ("symmetry k nosuch", 111),
    ("symmetry k k2, foo", 198),
    ("symmetry k k2 [aw=w]", 101),
    ("symmetry k", 102),
    ("symmetry k k2 b", 103),
    ("symmi 1 2 \\ 3 4 5", 198),
    ("symmi 1 -2 \\ 3 4", 198),
    ("symmetry nul k", 2000),
    // tabodds
    ("tabodds bm k", 0),
    ("tabodds b k if id>100", 2000),
    ("tabodds b one", 459),
    ("tabodds s k", 109),
    ("tabodds b s", 109),
    ("tabodds b nosuch", 111),
    ("tabodds b k, foo", 198),
    ("tabodds b k [aw=w]", 101),
    ("tabodds one k", 2000),
    ("tabodds b k, or adjust(nosuch)", 111),
    ("tabodds nul k", 2000),
    // mhodds
    ("mhodds bm b2", 0),
    ("mhodds b b2 if id>100", 2000),
    ("mhodds b one", 459),
    ("mhodds s b2", 109),
    ("mhodds b s", 109),
    ("mhodds b nosuch", 111),
    ("mhodds b b2, foo", 198),
    ("mhodds b b2 [aw=w]", 101),
    ("mhodds b b2, by(g1)", 0),
    ("mhodds b k, compare(3,0)", 0),
    ("mhodds b b2 k, by(g)", 0),
    ("mhodds nul b2", 2000),
    ("mhodds one b2", 0),
    // pstest
    ("pstest ym x, treated(b) raw", 0),
    ("pstest y if id>100, treated(b) raw", 2000),
    ("pstest one y, treated(b) raw", 0),
    ("pstest y, treated(s) raw", 109),
    ("pstest nosuch, treated(b) raw", 111),
    ("pstest y, treated(nosuch) raw", 111),
    ("pstest y, treated(b) foo", 198),
    ("pstest y [pw=w], treated(b) raw", 101),
    ("pstest x x2 y, treated(b) raw", 0),
    // estat sd
    ("estat sd", 301),
    ("regress y x\nestat sd", 321),
    ("mixed y x || g:\nestat sd", 0),
    ("mixed y x || g:\nestat sd, foo", 198),
    ("mixed y x || g: z, cov(uns)\nestat sd", 0),
    // fp
    ("fp <x>: regress ym <x> z", 0),
    ("fp <x>: regress y <x> if id>100", 2000),
    ("fp <nosuch>: regress y <nosuch>", 111),
    ("fp <s>: regress y <s>", 109),
    ("fp <x>, foo: regress y <x>", 198),
    ("fp <x>: regress y <x> [iw=w]", 0),
    ("generate n=x-5\nfp <n>: regress y <n>", 411),
    ("fp <x>, fp(1 2): regress y <x>", 0),
    ("fp <x>: nosuch y <x>", 199),
    ("fp <x>: regress y z", 198),
    ("fp <xm>: logit b <xm>", 0),
    // streg frailty
    ("stset t, failure(f)\nstreg xm z, d(weibull) frailty(gamma)", 0),
    ("stset t, failure(f)\nstreg x, d(weibull) frailty(foo)", 198),
    ("stset t, failure(f)\nstreg x if id>100, d(weibull) frailty(gamma)", 2000),
    ("stset t, failure(f)\nstreg one, d(exp) frailty(gamma)", 0),
    ("stset t, failure(f)\nstreg x x2, d(exp) frailty(invgaussian)", 0),
    ("stset t, failure(f)\nstreg s, d(exp) frailty(gamma)", 109),
    ("stset t, failure(f)\nstreg nosuch, d(exp) frailty(gamma)", 111),
    ("stset t, failure(f)\nstreg x, d(exp) frailty(gamma) foo", 198),
    ("stset t, failure(f)\nstreg x [aw=w], d(exp) frailty(gamma)", 101),
    ("stset t, failure(f)\nstreg x, frailty(gamma)", 198),
    ("stset t, failure(f)\nstreg x, d(foo)", 198),
    ("stset t, failure(f)\nstreg, d(lognormal) frailty(gamma)", 0),
    ("stset t, failure(f)\nstreg x if f==0, d(weibull) frailty(gamma)", 2000),
    ("stset t, failure(f)\nstreg x, d(gompertz) frailty(gamma)", 0),
    ("stset t, failure(f)\nstreg x, d(loglogistic) frailty(invg)", 0),
    // stcox ex
    ("stset tr, failure(f)\nstcox xm z, exactp", 0),
    ("stset tr, failure(f)\nstcox xm z, exactm", 0),
    ("stset tr, failure(f)\nstcox x, exactp exactm", 198),
    ("stset tr, failure(f)\nstcox x, exactp efron", 198),
    ("stset tr, failure(f)\nstcox x if id>100, exactp", 2000),
    ("stset tr, failure(f)\nstcox x in 1/1, exactm", 0),
    ("stset tr, failure(f)\nstcox one, exactp", 0),
    ("stset tr, failure(f)\nstcox x x2, exactm", 0),
    ("stset tr, failure(f)\nstcox s, exactp", 109),
    ("stset tr, failure(f)\nstcox nosuch, exactp", 111),
    ("stset tr, failure(f)\nstcox x, exactp foo", 198),
    ("stset tr, failure(f)\nstcox x, exactp vce(robust)", 198),
    ("stset tr, failure(f)\nstcox x if f==0, exactp", 2000),
    ("stset tr, failure(f)\nstcox x, exactp strata(g)", 0),
    ("stset tr, failure(f)\nstset tr [pw=w], failure(f)\nstcox x, exactp", 101),
    ("stset tr, failure(f)\nclear\nstcox x, exactp", 119),
    // xtpoisson normal
    ("xtset g\nxtpoisson k xm z, re normal", 0),
    ("xtset g\nxtpoisson k x if id>100, re normal", 2000),
    ("xtset g\nxtpoisson k one, re normal", 0),
    ("xtset g\nxtpoisson k x x2, re normal", 0),
    ("xtset g\nxtpoisson s x, re normal", 109),
    ("xtset g\nxtpoisson k s, re normal", 109),
    ("xtset g\nxtpoisson k nosuch, re normal", 111),
    ("xtset g\nxtpoisson k x, re normal foo", 198),
    ("xtset g\nxtpoisson k x [fw=w], re normal", 101),
    ("xtset g\nxtpoisson k x, fe normal", 198),
    ("xtset g\ngenerate n=k-2\nxtpoisson n x, re normal", 459),
    ("xtset g\nxtset, clear\nxtpoisson k x, re normal", 459),
    ("xtset g\nxtset g1\nxtpoisson k x, re normal", 0),
    ("xtset g\ngenerate zero=0\nxtpoisson zero x, re normal", 0),
    ("xtset g\nxtpoisson k x, re normal offset(nosuch)", 111),
    ("xtset g\nxtpoisson k x, re normal exposure(b)", 459),
    // svyset
    ("svyset [pw=w], bsrweight(nosuch)", 111),
    ("svyset [pw=w], bsrweight(s)", 109),
    ("svyset [pw=w], bsrweight(x z) vce(bootstrap)\nsvy: mean ym", 0),
    ("svyset [pw=w], bsrweight(x z) vce(bootstrap) bsn(0)", 198),
    ("svyset [pw=w], poststrata(g)", 198),
    ("svyset [pw=w], poststrata(g) postweight(nosuch)", 111),
    ("generate pw=100*g\nsvyset [pw=w], poststrata(g) postweight(pw)\nsvy: mean y", 0),
    ("generate pw=100*g\nsvyset [pw=w], poststrata(g) postweight(pw)\nsvy: mean y if id>100", 2000),
    ("svyset [pw=w], poststrata(g) postweight(x)\nsvy: mean y", 459),
    ("generate pw=100*g\nsvyset [pw=w], poststrata(g) postweight(pw)\nsvy: regress ym x one", 0),
    ("svyset [aw=w]", 101),
    ("svyset [pw=w], foo", 198),
    ("svy: mean y", 119),
    ("svyset [pw=w]\nsvy: regress s x", 109),
    ("svyset nosuch [pw=w]", 111),
    ("generate pw=0*g\nsvyset [pw=w], poststrata(g) postweight(pw)\nsvy: mean y", 0),
];

#[test]
fn commands_at_their_limits_end_with_the_return_code() {
    let wrong: Vec<String> = CASES
        .iter()
        .filter_map(|(text, code)| {
            let mut session = Session::default();
            let (log, rc) = session.run_captured(&format!("{DATA}{text}"));
            let no_number = log.split(|c: char| !c.is_alphanumeric()).any(|w| ["NaN", "inf"].contains(&w));
            (rc != *code || no_number).then(|| format!("r({rc}), not r({code}): {text}\n{log}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
