"""Samples of two stages, design effects within groups, predicted random effects, sizes of regressions.

R survey and lme4, likelihoods and posterior means by quadrature in numpy and scipy, printed output of Stata.
"""

import json
import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy import optimize

R = """
suppressMessages({library(survey); library(lme4)})
data(api)
num <- function(x) unname(as.numeric(x))
a <- apiclus2
a$st <- as.integer(a$stype); a$yes <- as.integer(a$awards == "Yes")
keep <- a[, c("dnum", "snum", "fpc1", "fpc2", "pw", "api00", "api99", "ell", "meals", "enroll", "st", "yes")]
write.csv(keep, "%(folder)s/schools_two_stage.csv", row.names = FALSE, na = "", quote = FALSE)
d <- svydesign(id = ~dnum + snum, fpc = ~fpc1 + fpc2, weights = ~pw, data = keep)
m <- svymean(~api00 + api99, d)
r <- svyratio(~api00, ~api99, d)
by <- svyby(~api00, ~st, d, svymean)
reg <- svyglm(api00 ~ ell + meals, d)
lg <- svyglm(yes ~ ell + meals, d, family = quasibinomial)
sub <- svymean(~api00, subset(d, st == 1))
strat <- read.csv("%(folder)s/schoolstrat.csv")
s <- svydesign(id = ~1, strata = ~st, fpc = ~fpc, weights = ~pw, data = strat)
deff <- svyby(~api00, ~st, s, svymean, deff = TRUE)
n <- read.csv("%(folder)s/nested_levels.csv")
n$region <- factor(n$region); n$inner <- interaction(n$region, n$school, drop = TRUE)
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
effects <- function(reml) {
  f <- lmer(y ~ x + z + (1 | region) + (1 | inner), n, REML = reml, control = tight)
  u <- ranef(f, condVar = TRUE)
  at <- function(name, group) {
    list(b = num(u[[name]][as.character(group), 1]),
         se = sqrt(num(attr(u[[name]], "postVar")[1, 1, match(as.character(group), rownames(u[[name]]))])))
  }
  v <- as.data.frame(VarCorr(f))
  list(outer = at("region", n$region[1]), inner = at("inner", n$inner[1]), last = at("inner", n$inner[nrow(n)]),
       v = num(c(v$vcov[v$grp == "region"], v$vcov[v$grp == "inner"], v$vcov[v$grp == "Residual"])),
       fitted = num(fitted(f)[1]), beta = num(fixef(f)))
}
h <- read.csv("%(folder)s/holzinger.csv")[, paste0("x", 1:6)]
parts <- eigen(cor(h)); turn <- varimax(parts$vectors[, 1:2], normalize = FALSE, eps = 1e-14)$rotmat
rotated <- sort(diag(t(turn) %%*%% diag(parts$values[1:2]) %%*%% turn), decreasing = TRUE)
cat(jsonlite::toJSON(list(
  rotated = num(rotated),
  mean = num(m), v = num(vcov(m)), total = c(num(svytotal(~api99, d)), num(SE(svytotal(~api99, d)))),
  ratio = c(num(coef(r)), num(SE(r))), by = list(b = num(by$api00), se = num(by$se)),
  reg = list(b = num(coef(reg)), se = num(SE(reg))), lg = list(b = num(coef(lg)), se = num(SE(lg))),
  sub = c(num(coef(sub)), num(SE(sub))), df = degf(d), deff = num(deff[["DEff.api00"]]),
  ml = effects(FALSE), reml = effects(TRUE)), digits = 15, auto_unbox = TRUE))
"""


def nested_errors(found):
    """Standard errors of the effects of the first row's groups after restricted likelihood: dense matrices."""
    n = pd.read_csv(ROOT / "data/nested_levels.csv")
    x = np.column_stack([n.x, n.z, np.ones(len(n))])
    outer = pd.get_dummies(n.region).to_numpy(float)
    pairs = n.region * 1000 + n.school
    inner = pd.get_dummies(pairs).to_numpy(float)
    z = np.hstack([outer, inner])
    g = np.diag([found["v"][0]] * outer.shape[1] + [found["v"][1]] * inner.shape[1])
    v = z @ g @ z.T + found["v"][2] * np.eye(len(n))
    w = np.linalg.inv(v)
    p = w - w @ x @ np.linalg.solve(x.T @ w @ x, x.T @ w)
    variance = g - g @ z.T @ p @ z @ g
    se = np.sqrt(np.diag(variance))
    return se[int(np.argmax(outer[0]))], se[outer.shape[1] + int(np.argmax(inner[0]))]


def posterior(frame, slopes):
    """Maximum of a logit with random intercept (and slope), and posterior means and deviations of the first group."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(70)
    weights = weights / weights.sum()
    q = 1 + len(slopes)
    grid = np.stack(np.meshgrid(*[nodes] * q, indexing="ij"), -1).reshape(-1, q)
    mass = np.prod(np.stack(np.meshgrid(*[weights] * q, indexing="ij"), -1).reshape(-1, q), 1)
    x = np.column_stack([frame.x, frame.w, np.ones(len(frame))])
    z = np.column_stack([frame[s] for s in slopes] + [np.ones(len(frame))])
    groups = [np.flatnonzero(frame.id == g) for g in frame.id.unique()]

    def densities(p, rows):
        eta = (x[rows] @ p[:3])[:, None] + z[rows] @ (grid * np.exp(p[3:])).T
        signs = np.where(frame.y.to_numpy()[rows] == 1, 1.0, -1.0)[:, None]
        return np.exp(-np.logaddexp(0, -signs * eta).sum(0))

    def minus(p):
        return -sum(np.log(densities(p, rows) @ mass) for rows in groups)

    start = np.r_[0.7, 0.6, -0.3, np.full(q, -0.2)]
    fit = optimize.minimize(minus, start, method="BFGS", options={"gtol": 1e-7})
    best = fit.x
    for _ in range(4):
        h = 1e-4
        eye = np.eye(len(best)) * h
        grad = np.array([(minus(best + e) - minus(best - e)) / (2 * h) for e in eye])
        hess = np.array([[(minus(best + a + b) - minus(best + a - b) - minus(best - a + b) + minus(best - a - b)) / (4 * h * h)
                          for b in eye] for a in eye])
        best = best - np.linalg.solve(hess, grad)
    density = densities(best, groups[0]) * mass
    effects = grid * np.exp(best[3:])
    mean = density @ effects / density.sum()
    sd = np.sqrt(density @ effects**2 / density.sum() - mean**2)
    first = groups[0][0]
    eta = x[first] @ best[:3] + z[first] @ mean
    return -fit.fun, mean, sd, eta


def surveys(cases, r):
    design = "svyset dnum [pweight=pw], fpc(fpc1) || snum, fpc(fpc2)\n"
    add = lambda name, do, expect: cases.add(name, "schools_two_stage.csv", design + do, expect, 1e-8, "R survey, data apiclus2")
    add("two stages: means", "svy: mean api00 api99", {
        "_b[api00]": r["mean"][0], "_se[api00]": r["v"][0] ** .5, "el(e(V),1,2)": r["v"][1], "e(df_r)": r["df"], "e(stages)": 2})
    add("two stages: total", "svy: total api99", {"_b[api99]": r["total"][0], "_se[api99]": r["total"][1]})
    add("two stages: ratio", "svy: ratio (api00/api99)", {"_b[_ratio_1]": r["ratio"][0], "_se[_ratio_1]": r["ratio"][1]})
    add("two stages: groups", "svy: mean api00, over(st)", {
        f"el(e(V),{i},{i})": se**2 for i, se in enumerate(r["by"]["se"], 1)})
    add("two stages: regress", "svy: regress api00 ell meals", {
        "_b[ell]": r["reg"]["b"][1], "_se[ell]": r["reg"]["se"][1], "_se[meals]": r["reg"]["se"][2], "_se[_cons]": r["reg"]["se"][0]})
    add("two stages: subpopulation", "svy, subpop(if st==1): mean api00", {"_b[api00]": r["sub"][0], "_se[api00]": r["sub"][1]})
    cases.add("two stages: logit", "schools_two_stage.csv", design + "svy: logit yes ell meals", {
        "_b[ell]": r["lg"]["b"][1], "_se[ell]": r["lg"]["se"][1], "_se[_cons]": r["lg"]["se"][0]}, 1e-6, "R survey, data apiclus2")
    # Without a finite population at the first stage the second adds nothing.
    add("two stages: the first with replacement",
        "svyset dnum [pweight=pw], fpc(fpc1)\nsvy: mean api00\nscalar one = _se[api00]\n"
        "svyset dnum [pweight=pw] || snum, fpc(fpc2)\nsvy: mean api00\nscalar many = _se[api00]\n"
        "svyset dnum [pweight=pw]\nsvy: mean api00", {"many - _se[api00]": 0, "one < _se[api00]": 1})
    cases.add("design effects within groups", "schoolstrat.csv",
              "svyset [pweight=pw], strata(st) fpc(fpc)\nsvy: mean api00, over(st)\nestat effects, srssubpop", {
                  f"el(r(deffsub),1,{i})": x for i, x in enumerate(r["deff"], 1)}, 1e-8, "R survey, svyby(deff = TRUE)")
    data = "input h u w N x\n" + "\n".join(
        f"{h} {u} {w} {n} {x}" for h, u, w, n, x in [
            (1, 1, 3, 15, 2.8), (1, 2, 3, 15, 4.1), (1, 3, 3, 15, 6.8), (1, 4, 3, 15, 6.8), (1, 5, 3, 15, 9.2),
            (2, 1, 4, 12, 3.7), (2, 2, 4, 12, 6.6), (2, 3, 4, 12, 4.2)]) + "\nend\n"
    cases.add("finite population of the manual", None, data + "svyset u [pweight=w], strata(h) fpc(N)\nsvy: mean x\nestat cv", {
        "abs(_b[x] - 5.448148) <= 5.1e-7": 1, "abs(_se[x] - .6160407) <= 5.1e-8": 1,
        "el(r(cv),1,1) / (100*_se[x]/_b[x])": 1}, 1e-12, "published: [SVY] svyset, finite population correction")


def mixed(cases, r):
    do = "mixed y x z || region: || school:{}\npredict u*, reffects reses(s*)\npredict f, fitted\npredict e, residuals"
    for name, option in (("ml", ""), ("reml", ", reml")):
        own = r[name]
        expect = {"u1[1]": own["outer"]["b"], "u2[1]": own["inner"]["b"], "u2[_N]": own["last"]["b"], "f[1]": own["fitted"],
                  "e[1] + f[1] - y[1] + 1": 1}
        if name == "ml":
            expect |= {"s1[1]": own["outer"]["se"], "s2[1]": own["inner"]["se"], "s2[_N]": own["last"]["se"]}
        else:
            expect["s1[1]"], expect["s2[1]"] = nested_errors(own)
        cases.add(f"mixed, two levels, {name}: effects", "nested_levels.csv", do.format(option), expect, 1e-5,
                  "R lme4" if name == "ml" else "R lme4, standard errors by dense matrices in numpy")
        a, b, c = own["v"]
        shares = {"r(icc3)": a / (a + b + c), "r(icc2)": (a + b) / (a + b + c)}
        cases.add(f"mixed, two levels, {name}: correlations", "nested_levels.csv",
                  f"mixed y x z || region: || school:{option}\nestat recovariance\nscalar v = el(r(Cov3),1,1)\nestat icc",
                  {**shares, "v": a}, 1e-5, "R lme4")
    # The data of R's plm differ from the manual's in the seventh digit.
    cases.add("mixed, productivity: correlations of the manual", "productivity.csv",
              "mixed gsp private emp hwy water other unemp || region: || state:\nestat icc", {
                  "r(icc3)": .159893, "r(se3)": .127627, "el(r(ci3),1,1)": .0287143, "el(r(ci3),1,2)": .5506202,
                  "r(icc2)": .8516265, "r(se2)": .0301733, "el(r(ci2),1,1)": .7823466, "el(r(ci2),1,2)": .9016272,
                  "e(ll)": 1430.5017, "e(chi2)": 18829.06}, 1e-5, "published: [ME] mixed, [ME] estat icc; data: R plm")


def logits(cases):
    grouped = pd.read_csv(ROOT / "data/grouped.csv")
    pupils = pd.read_csv(ROOT / "data/pupils.csv")
    renamed = pupils.assign(y=pupils.slope, w=pupils.z, id=pupils.school)
    for frame, data, model, slopes in (
        (grouped, "grouped.csv", "melogit y x w || id:", []),
        (renamed, "pupils.csv", "melogit slope x z || school: x", ["x"]),
    ):
        ll, mean, sd, eta = posterior(frame, slopes)
        do = f"{model}, intpoints(30)\npredict u*, reffects reses(s*)\npredict t, eta\npredict p, mu"
        expect = {"e(ll)": ll, "t[1]": eta, "p[1]": 1 / (1 + np.exp(-eta))}
        for k in range(len(mean)):
            expect |= {f"u{k + 1}[1]": mean[k], f"s{k + 1}[1]": sd[k]}
        cases.add(f"melogit effects{' and slopes' if slopes else ''}", data, do, expect, 2e-5,
                  "likelihood and posterior by quadrature, scipy")
    cases.add("melogit slopes of a factor", "pupils.csv",
              "generate two = z == 1\nmelogit slope x || school: two\nscalar ll = e(ll)\nmelogit slope x || school: i.two",
              {"e(ll) - ll": 0}, 1e-9, "the same model with its own variable")


def components(cases, r):
    cases.add("rotate after pca: variances", "holzinger.csv", "pca x1 x2 x3 x4 x5 x6, components(2)\nrotate", {
        "el(e(r_Ev),1,1)": r["rotated"][0], "el(e(r_Ev),1,2)": r["rotated"][1]}, 1e-7, "R eigen and varimax")


def sizes(cases):
    source = "printed output of Stata (mlln.cn, sample sizes; scipy gives the same)"
    cases.add("power oneslope", None, "power oneslope 0 -0.1, sdx(10) sdy(4)", {
        "r(N)": 120, "round(r(delta), .0001)": -.2582, "round(r(sderror), .0001)": 3.8730}, 1e-9, source)
    cases.add("power rsquared", None, "power rsquared 0.10, ntested(2)", {"r(N)": 90, "round(r(delta), .0001)": .1111}, 1e-9, source)
    cases.add("power onemean, diff()", None, "power onemean 15, sd(40) diff(25) knownsd", {"r(N)": 21, "r(ma)": 40}, 1e-9, source)
    table = {f"el(r(pss_table),{i},3)": n for i, n in enumerate((638, 286, 162, 104, 74), 1)}
    cases.add("power twomeans, list", None, "power twomeans 8 (10(1)14), sd(9)", table, 1e-9, source)
    table = {f"el(r(pss_table),{i},3)": n for i, n in enumerate((504, 224, 128, 82, 58), 1)}
    cases.add("power twomeans, list, one-sided", None, "power twomeans 8 (10(1)14), sd(9) oneside", table, 1e-9, source)
    cases.add("power onemean, lists with a failure", None, "power onemean (0 1) (1 2)", {
        "el(r(pss_table),1,3)": 10, "el(r(pss_table),2,3)": 5, "missing(el(r(pss_table),3,3))": 1, "el(r(pss_table),4,3)": 10},
        1e-9, "published: help power errors")


def main():
    folder = str(ROOT / "data")
    done = subprocess.run(["Rscript", "-"], input=R % {"folder": folder}, capture_output=True, text=True, check=True)
    r = json.loads(done.stdout)
    cases = Cases("designs_effects", "R survey and lme4, numpy and scipy, printed output of Stata; see each case")
    surveys(cases, r)
    mixed(cases, r)
    logits(cases)
    components(cases, r)
    sizes(cases)
    cases.write()


if __name__ == "__main__":
    main()
