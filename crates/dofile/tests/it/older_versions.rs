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
