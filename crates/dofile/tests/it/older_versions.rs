//! Do-files of versions before 8: results by number, graphs, commands and options under older names.

use crate::support::{holds, run};
use dofile::Session;

/// Results under the numbers that they had before version 6: of `summarize`, `count`, `test` and `regress`.
#[test]
fn results_have_their_older_numbers() {
    let (session, _) = run(
        "set obs 9\ngenerate x = _n\ngenerate y = x + mod(_n, 3)\nquietly summarize x, detail\n\
         scalar mean = _result(3)\nscalar median = _result(10)\nscalar spread = _result(11) - _result(9)\nscalar sum = _result(18)\n\
         matrix A = J(2, 1, 0)\nmatrix A[2,1] = _result(6)\ngenerate away = x - _result(3)\ncount if x > 4\nscalar n = _result(1)\n\
         quietly regress y x\nscalar r2 = _result(7)\nscalar f = _result(6)\ntest x\nscalar tested = _result(6)\ncapture display _result(0)\nscalar rc = _rc",
    );
    holds(
        &session,
        &[
            "mean == 5 & median == 5 & spread == 4 & sum == 45",
            "A[2,1] == 9 & away[1] == -4",
            "n == 5",
            "r2 == e(r2) & f == e(F)",
            "reldif(tested, e(F)) < 1e-9",
            "rc == 198",
        ],
    );
}

/// Graphs of version 7: the types follow from the number of variables and an option.
#[test]
fn graphs_of_version_seven() {
    let data = "set obs 24\ngenerate x = _n\ngenerate y = x + mod(_n, 3)\ngenerate w = y/2\ngenerate g = mod(_n, 2)\n";
    let lines = "graph y x\ngraph y x, c(l) s(i) sort xlab ylab(0,10,20) t1(\"Title\") saving(a, replace)\n\
         graph y w x, connect(l.) symbol(Oi) by(g) total\ngraph x\ngraph x, bin(6) normal freq xlabel\ngraph y x, xline(5,10) log\n\
         gr y w, box by(g)\ngraph y w, bar means\ngraph y w x, matrix\ngraph y w x, rescale c(ll)\ngraph y w, pie\n";
    let (log, rc) = Session::default().run_captured(&format!("{data}version 7\n{lines}erase a.gph"));
    assert_eq!(rc, 0, "{log}");
    let (log, rc) = Session::default().run_captured(&format!("{data}graph7 y x, c(l)\nversion 6: graph y x"));
    assert_eq!(rc, 0, "{log}");
    let code = |text: &str| Session::default().run_captured(&format!("{data}version 7\n{text}")).1;
    assert_eq!(code("graph y x, connect(s)"), 199);
    assert_eq!(code("graph y x, star"), 199);
    assert_eq!(code("graph nosuch x"), 111);
}

/// [R] lrtest of release 7, nl of release 8, hreg of release 4; `macro define`, settings of screen and log.
#[test]
fn commands_of_older_versions() {
    let data = "set obs 60\ngenerate x = mod(_n, 7)\ngenerate z = mod(7*_n, 11)\ngenerate id = ceil(_n/5)\n\
                generate y = x + mod(_n, 3)\ngenerate b = x + z + mod(3*_n, 5) > 9\n";
    let (session, _) = run(&format!(
        "{data}quietly logit b x z\nestimates store full\nlrtest, saving(0)\nquietly logit b x\nlrtest\nscalar chi2 = r(chi2)\n\
         quietly lrtest full .\nscalar same = r(chi2)\nlrtest, saving(1)\nlrtest, using(0) model(1)\nscalar third = r(chi2)\n\
         quietly hreg y x z, group(id)\nscalar se = _se[x]\nscalar cmd = \"`e(cmd)'\" == \"regress\"\nquietly regress y x z, vce(cluster id)\nscalar robust = _se[x]\n\
         macro def A 3\nmacro define _b = 2 + 2\nscalar macros = $A + `b'\nset display linesize 90\nset textsize 100\nset log linesize 100\n\
         generate w = 2*exp(.1*z) + mod(_n, 2)/50\nquietly nl exp2 w z\nscalar old = _b[/b2]\nquietly nl exp2: w z\nscalar new = _b[/b2]\n\
         quietly fit y x\nquietly predict r, residuals"
    ));
    holds(
        &session,
        &[
            "chi2 == same & third == same",
            "se == robust & cmd",
            "macros == 7",
            "c(linesize) == 90",
            "old == new",
        ],
    );
}

/// Prefixes before version 9 have their command in quotes in front of the expressions ([R] statsby, simulate of release 8).
#[test]
fn prefixes_of_version_eight() {
    let data = "set obs 60\ngenerate g = mod(_n, 3)\ngenerate x = mod(7*_n, 11)\ngenerate y = x*(1 + g) + mod(_n, 5)\nset seed 5\n";
    let run_of = |line: &str| run(&format!("{data}{line}\nscalar b = b_x[1] + b_x[2]\nscalar n = _N")).0;
    for line in [
        "statsby \"regress y x\" _b _se, by(g) clear",
        "statsby \"regress y x, robust\" \"_b _se\", by(g) clear",
    ] {
        let session = run_of(&line.replace("_b _se", "b_x=_b[x]"));
        let today = run_of("statsby b_x=_b[x], by(g) clear: regress y x");
        assert_eq!(session.eval_num("b").ok(), today.eval_num("b").ok(), "{line}");
        holds(&session, &["n == 3"]);
    }
    let mean = "program define draw, rclass\ngenerate z = rnormal()\nquietly summarize z\nreturn scalar m = r(mean)\ndrop z\nend\n";
    let of = |line: &str| {
        run(&format!("{data}{mean}quietly {line}\nquietly summarize m\nscalar s = r(sum)\nscalar n = _N")).0
    };
    let (old, new) = (of("simulate \"draw\" m=r(m), reps(4)"), of("simulate m=r(m), reps(4): draw"));
    assert_eq!(old.eval_num("s").ok(), new.eval_num("s").ok());
    holds(&old, &["n == 4"]);
    let se = |line: &str| run(&format!("{data}quietly {line}\nscalar s = _se[x]")).0.eval_num("s").ok();
    assert_eq!(se("bootstrap \"regress y x\" _b, reps(5)"), se("bootstrap _b, reps(5): regress y x"));
    assert_eq!(se("jknife \"regress y x\" \"_b\""), se("jackknife _b: regress y x"));
}

/// `p` is the short name of the probability in `predict()` too.
#[test]
fn short_names_of_predictions() {
    let data = "set obs 60\ngenerate x = mod(7*_n, 11)\ngenerate b = x + mod(3*_n, 7) > 8\n";
    let (session, _) = run(&format!(
        "{data}quietly logit b x\nquietly margins, dydx(x) predict(p)\nmatrix m = r(b)\nscalar brief = m[1,1]\n\
         quietly margins, dydx(x) predict(pr)\nmatrix m = r(b)\nscalar whole = m[1,1]\n\
         quietly mfx, predict(p)\nmatrix m = e(Xmfx_dydx)\nscalar a = m[1,1]\nquietly mfx\nmatrix m = e(Xmfx_dydx)\nscalar c = m[1,1]"
    ));
    holds(&session, &["brief == whole & a == c & brief < ."]);
}

/// Stata FAQ "Obtaining one-tailed probabilities for the t distribution" (1997): `tprob()` and `invt()` were two-tailed; the
/// numbers are printed there. Since version 13 `invt()` is the inverse of `t()`.
#[test]
fn distributions_of_older_versions() {
    let (session, _) = run(
        "version 8\nscalar p1 = 1 - tprob(15, 1.6)/2\nscalar p2 = tprob(61, -1.96)/2\nscalar q = cond(1.65 <= 0, tprob(22, 1.65)/2, 1 - tprob(22, 1.65)/2)\n\
         scalar old = invt(10, .95)\nscalar half = -invt(8, 1 - 2*.3)\nversion 18: scalar new = invt(10, .95)\n\
         version 13\nscalar since = invt(10, .95)\nversion 8: scalar density = normden(1.3)\nset obs 2\ngenerate p = .9 + .05*(_n - 1)\nversion 6: generate t = invt(10, p)",
    );
    holds(
        &session,
        &[
            "reldif(p1, .93477749) < 1e-8 & reldif(p2, .02728415) < 1e-6 & reldif(q, .94342544) < 1e-8",
            "reldif(old, invttail(10, .025)) < 1e-12 & reldif(tprob(10, old), .05) < 1e-10",
            "reldif(t(8, half), .3) < 1e-10",
            "reldif(new, invttail(10, .05)) < 1e-12 & since == new",
            "density == normalden(1.3)",
            "reldif(t[2], old) < 1e-6 & reldif(t[1], new) < 1e-6",
        ],
    );
}

/// [D] egen of release 8: `any()` is `anyvalue()` today.
#[test]
fn any_of_egen_is_the_value() {
    let (session, _) = run("set obs 4\ngenerate a = _n\negen b = any(a), values(1 3)");
    holds(&session, &["b[1] == 1 & b[2] == . & b[3] == 3 & b[4] == ."]);
}

/// [R] hausman of release 7: one model is saved, the other one is that of the last estimates.
#[test]
fn hausman_of_version_seven() {
    let (session, _) = run(
        "set obs 80\nset seed 4\ngenerate id = ceil(_n/4)\nbysort id: generate t = _n\ngenerate x = rnormal() + id/10\n\
         generate y = x + id/5 + rnormal()\nxtset id t\nquietly xtreg y x, fe\nestimates store fe\nhausman, save\n\
         quietly xtreg y x, re\nestimates store re\nhausman\nscalar old = r(chi2)\nhausman fe re\nscalar new = r(chi2)\n\
         hausman, save\nquietly xtreg y x, fe\nhausman, less\nscalar less = r(chi2)",
    );
    holds(&session, &["old == new & less == new & new < ."]);
    let code = |text: &str| Session::default().run_captured(text).1;
    assert_eq!(code("hausman"), 198);
    assert_eq!(code("hausman, save"), 301);
    assert_eq!(
        code(
            "set obs 9\ngenerate x = _n\ngenerate y = x + mod(x, 3)\nquietly regress y x\nestimates store a\nhausman a ., less"
        ),
        198
    );
}

/// [P] version: the prefix holds for its command, and a program or do-file leaves the version of its caller.
#[test]
fn versions_end_with_what_set_them() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("old.do"), "version 9\nscalar inside = c(version)\n")
        .expect("a do-file");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(
        "version 8: scalar prefixed = c(version)\nscalar after = c(version)\nprogram define old\nversion 6\nscalar called = c(version)\n\
         capture error 9\nend\nold\nscalar later = c(version)\ndo old.do\nscalar done = c(version)\nversion 12\n\
         capture version 7: error 9\nscalar kept = c(version)",
    );
    assert_eq!(rc, 0, "{log}");
    holds(
        &session,
        &[
            "prefixed == 8 & after == 18",
            "called == 6 & later == 18",
            "inside == 9 & done == 18",
            "kept == 12",
        ],
    );
}
