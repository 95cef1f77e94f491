//! `predict, scores` after models of several equations ([R] ologit, mlogit, heckman, biprobit, zinb, tobit postestimation): one
//! variable for each equation and free parameter, whose sums with the regressors are zero at the maximum.

use crate::support::{holds, run};
use dofile::Session;

const DATA: &str = "set obs 200
set seed 11
generate double x = rnormal()
generate double z = rnormal()
generate double e = rnormal()
generate double y = 1 + .5*x + e
generate k = 1 + (y > .4) + (y > 1.6)
generate b = y > 1
generate b2 = .3*z + .5*e + rnormal() > 0
generate s = .4 + .6*z + .5*e + rnormal() > 0
generate double ys = y if s
generate bs = b if s
generate c = rpoisson(exp(.2 + .3*x + .5*rnormal()))
replace c = 0 if runiform() < .25
generate double lo = floor(2*y)/2 if y > 0
generate double hi = floor(2*y)/2 + .5 if y < 2
replace lo = y if mod(_n, 3) == 0 & lo < . & hi < .
replace hi = y if lo == y
";

/// Command, number of scores, products of scores and regressors whose sums are zero.
const MODELS: &[(&str, usize, &str)] = &[
    ("ologit k x z", 3, "u1*x u1*z u2 u3"),
    ("oprobit k x z", 3, "u1*x u1*z u2 u3"),
    ("mlogit k x, baseoutcome(2)", 2, "u1 u1*x u2 u2*x"),
    ("nbreg c x", 2, "u1 u1*x u2"),
    ("heckman ys x, select(s = z x)", 4, "u1 u1*x u2 u2*z u2*x u3 u4"),
    ("heckman ys x, select(z x)", 4, "u1 u1*x u2 u2*z u2*x u3 u4"),
    ("heckprobit bs x, select(s = z x)", 3, "u1 u1*x u2 u2*z u2*x u3"),
    ("biprobit (b = x) (b2 = z)", 3, "u1 u1*x u2 u2*z u3"),
    ("zip c x, inflate(z)", 2, "u1 u1*x u2 u2*z"),
    ("zinb c x, inflate(z)", 3, "u1 u1*x u2 u2*z u3"),
    ("tobit y x, ll(0) ul(2) offset(z)", 2, "u1 u1*x u2"),
    ("truncreg y x, ll(0)", 2, "u1 u1*x u2"),
    ("truncreg y x if y < 3, ll(0) ul(3)", 2, "u1 u1*x u2"),
    ("intreg lo hi x, offset(z)", 2, "u1 u1*x u2"),
    ("intreg lo hi x, het(z)", 2, "u1 u1*x u2 u2*z"),
];

#[test]
fn scores_are_orthogonal_to_the_regressors() {
    for (command, count, products) in MODELS {
        let sums: String = products
            .split(' ')
            .map(|p| format!("generate double w = {p}\nquietly summarize w\nassert abs(r(sum)) < 1e-4 & r(N) > 0\ndrop w\n"))
            .collect();
        let text = format!(
            "{DATA}quietly {command}\npredict double u*, scores\nunab all : u*\nscalar count = wordcount(\"`all'\")\n{sums}"
        );
        let (session, log) = run(&text);
        assert!(!log.contains("assertion is false"), "{command}\n{log}");
        holds(&session, &[&format!("count == {count}")]);
    }
}

/// The robust covariance is made of the scores ([P] _robust).
#[test]
fn scores_give_the_robust_covariance() {
    let (session, log) = run(&format!(
        "{DATA}quietly ologit k x\nmatrix V = e(V)\npredict double u v w, scores\n\
         generate double a = V[1,1]*u*x + V[1,2]*v + V[1,3]*w\ngenerate double a2 = a^2\nquietly summarize a2\n\
         scalar robust = r(sum)*r(N)/(r(N) - 1)\nquietly ologit k x, vce(robust)\n\
         predict double second, scores equation(cut1)\npredict double third, scores equation(#3)"
    ));
    holds(
        &session,
        &[
            "reldif(robust, _se[x]^2) < 1e-6",
            "reldif(second[5], v[5]) < 1e-5",
            "reldif(third[7], w[7]) < 1e-5",
        ],
    );
    assert!(!log.contains("r(1"), "{log}");
}

/// Manual of tobit: the second score is the derivative in sigma, though `e(b)` holds the variance.
#[test]
fn scores_of_censored_and_truncated_outcomes() {
    let (session, log) = run(&format!(
        "{DATA}quietly tobit y x, ll(0)\npredict double u v, scores\npredict double m, xb\nscalar sg = e(sigma)\n\
         generate double a = cond(y <= 0, -normalden(-m/sg)/normal(-m/sg)/sg, (y - m)/sg^2)\n\
         generate double d = cond(y <= 0, m/sg^2*normalden(-m/sg)/normal(-m/sg), ((y - m)^2/sg^2 - 1)/sg)\n\
         generate double far = max(reldif(a, u), reldif(d, v))\nquietly summarize far\nscalar tobit = r(max)\n\
         drop u v m a d far\nquietly truncreg y x, ll(0)\npredict double u v, scores\npredict double m, xb\nscalar sg = e(sigma)\n\
         generate double h = normalden(m/sg)/normal(m/sg)\ngenerate double a = (y - m)/sg^2 - h/sg\n\
         generate double d = ((y - m)^2/sg^2 - 1)/sg + h*m/sg^2\n\
         generate double far = max(reldif(a, u), reldif(d, v)) if y > 0\nquietly summarize far\nscalar truncreg = r(max)\n\
         quietly count if u < . & y <= 0\nscalar outside = r(N)"
    ));
    holds(&session, &["tobit < 1e-8", "truncreg < 1e-8", "outside == 0"]);
    assert!(!log.contains("r(1"), "{log}");
}

#[test]
fn lists_of_another_length_are_refused() {
    let code = |text: &str| Session::default().run_captured(&format!("{DATA}{text}")).1;
    assert_eq!(code("quietly ologit k x\npredict p q, scores"), 102);
    assert_eq!(code("quietly ologit k x\npredict p q r t, scores"), 103);
    assert_eq!(code("quietly ologit k x\npredict p, scores equation(cut9)"), 303);
    assert_eq!(code("quietly heckman ys x, select(z x) twostep\npredict p*, scores"), 198);
    assert_eq!(code("quietly tobit y x, ll(0)\npredict p q r, scores"), 103);
    assert_eq!(code("quietly truncreg y x, ll(0)\npredict p, scores equation(lnalpha)"), 303);
}
