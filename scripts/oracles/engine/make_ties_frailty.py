"""Exact likelihoods of tied failures, frailty of records, normal effects of counts, bootstrap weights: R survival, R lme4,
R survey, scipy. Writes `ties_frailty.json`."""

import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases
from numeric import jacobian, maximise
from scipy import integrate, optimize, stats
from scipy.special import gammaln

DATA = ROOT / "data"
CANCER = "quietly set obs 48\n"


def r(text):
    out = subprocess.run(["Rscript", "-e", text], cwd=DATA, capture_output=True, text=True, check=True).stdout
    return [float(x) for x in out.split()]


def ties(cases):
    """Veterans' data with rounded times: many ties."""
    setup = "replace time = ceil(time/20)\ngenerate prior2 = prior > 0\nstset time, failure(status)\n"
    out = r("library(survival); d <- read.csv('veteran.csv'); d$time <- ceiling(d$time/20); "
            "f <- coxph(Surv(time, status) ~ karno + age, d, ties='exact', control=coxph.control(eps=1e-12, iter.max=50)); "
            "cat(sprintf('%.17g ', c(coef(f), sqrt(diag(vcov(f))), f$loglik)))")
    setup = "replace time = ceil(time/20)\nstset time, failure(status)\n"
    cases.add("stcox exactp by R", "veteran.csv", setup + "stcox karno age, exactp nohr", {"_b[karno]": out[0], "_b[age]": out[1], "_se[karno]": out[2],
              "_se[age]": out[3], "e(ll_0)": out[4], "e(ll)": out[5], "e(chi2)": 2 * (out[5] - out[4])}, 1e-7, "R survival coxph(ties='exact')")
    out = r("library(survival); d <- read.csv('veteran.csv'); d$time <- ceiling(d$time/20); "
            "f <- coxph(Surv(time, status) ~ karno + strata(trt), d, ties='exact', control=coxph.control(eps=1e-12, iter.max=50)); "
            "cat(sprintf('%.17g ', c(coef(f), sqrt(diag(vcov(f))), f$loglik[2])))")
    cases.add("stcox exactp strata() by R", "veteran.csv", setup + "stcox karno, exactp strata(trt) nohr", {"_b[karno]": out[0], "_se[karno]": out[1],
              "e(ll)": out[2]}, 1e-7, "R survival coxph(ties='exact')")
    d = pd.read_csv(DATA / "veteran.csv")
    t = np.ceil(d.time / 20).to_numpy()
    x = ((d.karno - 60) / 20).to_numpy(float)
    dead = d.status.to_numpy() == 1
    grid = np.unique(t[dead])

    def ll(b):
        out = 0.0
        for time in grid:
            deaths = (t == time) & dead
            rest = (t >= time) & ~deaths
            if not rest.any():
                continue
            a = np.exp(b[0] * x[deaths]) / np.exp(b[0] * x[rest]).sum()
            f = lambda s: np.exp(np.log(-np.expm1(-np.outer(np.atleast_1d(s), a))).sum(1) - np.atleast_1d(s))
            edges = np.r_[0, np.geomspace(1e-9, 200, 60)]
            out += np.log(sum(integrate.fixed_quad(f, lo, hi, n=20)[0] for lo, hi in zip(edges, edges[1:])))
        return out

    best = optimize.minimize_scalar(lambda b: -ll([b]), bounds=(-3, 3), method="bounded", options={"xatol": 1e-11}).x
    hess = jacobian(lambda s: jacobian(lambda u: np.array([ll(u)]), s, 1e-2)[0], np.array([best]), 1e-2)[0, 0]
    cases.add("stcox exactm", "veteran.csv", setup + "generate x = (karno - 60)/20\nstcox x, exactm nohr", {"_b[x]": best, "_se[x]": (-1 / hess) ** 0.5,
              "e(ll)": ll([best]), "e(ll_0)": ll([0.0])}, 1e-6, "scipy: the integral over the orders of tied failures")
    tiny = "input t d x\n1 1 0\n1 1 1\n2 1 1\n3 0 0\nend\nstset t, failure(d)\nstcox x, exactm nohr\nscalar a = e(ll_0)\nstcox x, exactp nohr"
    # at zero: two of four in either order have probability 2!/(4 3) as a set; then one of two
    cases.add("stcox exact at zero", None, tiny, {"a": np.log(1 / 6 * 1 / 2), "e(ll_0)": np.log(1 / 6 * 1 / 2)}, 1e-9, "by hand")


def frailty(cases):
    d = pd.read_csv(DATA / "veteran.csv")
    t, dead, k = d.time.to_numpy(float), d.status.to_numpy(float), d.karno.to_numpy(float) / 10
    setup = "replace karno = karno/10\nstset time, failure(status)\n"

    def hazards(dist, theta):
        eta = theta[0] * k + theta[1]
        if dist == "weibull":
            p = np.exp(theta[2])
            return np.exp(eta) * t**p, eta + theta[2] + p * np.log(t)
        if dist == "exponential":
            return np.exp(eta) * t, eta + np.log(t)
        if dist == "gompertz":
            g = theta[2]
            return np.exp(eta) * np.expm1(g * t) / g, eta + g * t + np.log(t)
        s = np.exp(theta[2])
        w = (np.log(t) - eta) / s
        if dist == "lognormal":
            return -stats.norm.logsf(w), stats.norm.logpdf(w) - stats.norm.logsf(w) - theta[2]
        return np.log1p(np.exp(w)), w - np.log1p(np.exp(w)) - theta[2]

    def rows(dist, kind):
        def f(theta):
            v = np.exp(theta[-1])
            h, lh = hazards(dist, theta)
            if kind == "gamma":
                return dead * (lh - np.log1p(v * h)) - np.log1p(v * h) / v
            return dead * (lh - 0.5 * np.log1p(2 * v * h)) - (np.sqrt(1 + 2 * v * h) - 1) / v
        return f

    starts = {"weibull": [-0.5, -3.0, 0.1], "exponential": [-0.5, -2.0], "lognormal": [0.4, 1.5, 0.0], "loglogistic": [0.4, 1.5, -0.5]}
    names = {"weibull": "ln_p", "lognormal": "lnsigma", "loglogistic": "lngamma"}
    for dist, kind in [("weibull", "gamma"), ("weibull", "invgaussian"), ("exponential", "gamma"), ("exponential", "invgaussian")]:
        theta, ll, info, _ = maximise(rows(dist, kind), np.array(starts[dist] + [-0.3]))
        se = np.sqrt(np.diag(np.linalg.inv(info)))
        expect = {"_b[karno]": theta[0], "_se[karno]": se[0], "_b[_cons]": theta[1], "e(ll)": ll, "e(theta)": np.exp(theta[-1]), "[/]_b[lntheta]": theta[-1],
                  "[/]_se[lntheta]": se[-1]}
        if dist in names:
            expect[f"[/]_b[{names[dist]}]"] = theta[2]
        cases.add(f"streg {dist} frailty({kind})", "veteran.csv", setup + f"streg karno, distribution({dist}) frailty({kind}) nohr", expect, 1e-5,
                  "scipy maximum likelihood")


def counts(cases):
    out = r("library(lme4); d <- read.csv('panelcounts.csv'); f <- glmer(y ~ x + (1|id), d, family=poisson, nAGQ=25, control=glmerControl(tolPwrss=1e-12, "
            "optimizer='bobyqa', optCtrl=list(rhoend=1e-9, maxfun=1e5))); cat(sprintf('%.17g ', c(fixef(f), sqrt(diag(vcov(f))), sqrt(VarCorr(f)$id[1]))))")
    d = pd.read_csv(DATA / "panelcounts.csv")
    nodes = np.linspace(-9, 9, 1801)
    w = stats.norm.pdf(nodes) * (nodes[1] - nodes[0])
    groups = [(g.x.to_numpy(), g.y.to_numpy()) for _, g in d.groupby("id")]

    def rows(theta):
        u = np.exp(theta[2] / 2) * nodes
        out = []
        for x, y in groups:
            eta = theta[0] + theta[1] * x[:, None] + u[None, :]
            s = (y[:, None] * eta - np.exp(eta) - gammaln(y + 1)[:, None]).sum(0)
            out.append(np.log((w * np.exp(s - s.max())).sum()) + s.max())
        return np.array(out)

    theta, ll, info, _ = maximise(rows, np.array([out[0], out[1], 2 * np.log(out[4])]))
    se = np.sqrt(np.diag(np.linalg.inv(info)))
    line = "xtset id\nxtpoisson y x, re normal intpoints(30)"
    cases.add("xtpoisson normal", "panelcounts.csv", line, {"_b[x]": theta[1], "_b[_cons]": theta[0], "_se[x]": se[1], "[/]_b[lnsig2u]": theta[2],
              "[/]_se[lnsig2u]": se[2], "e(ll)": ll, "e(sigma_u)": np.exp(theta[2] / 2)}, 1e-5, "scipy maximum likelihood, integral by 1801 points")
    cases.add("xtpoisson normal by R", "panelcounts.csv", line, {"_b[x]": out[1], "_b[_cons]": out[0], "_se[x]": out[3], "e(sigma_u)": out[4]}, 2e-3,
              "R lme4 glmer(nAGQ=25)")


def bootstrap(cases):
    out = r("library(survey); d <- read.csv('replicates.csv'); w <- as.matrix(d[,grep('^brr', names(d))]); R <- ncol(w); res <- c(); "
            "for (m in c(FALSE,TRUE)) { s <- svrepdesign(data=d, weights=~w, repweights=w, type='bootstrap', combined.weights=TRUE, scale=3/R, rscales=rep(1,R), mse=m); "
            "f <- svymean(~y, s); g <- svyglm(y ~ x, s); res <- c(res, coef(f), SE(f), coef(g), sqrt(diag(vcov(g)))) }; cat(sprintf('%.17g ', res))")
    base = "svyset [pw=w], bsrweight(brr*) bsn(3) vce(bootstrap)"
    for k, option in enumerate(["", " mse"]):
        v = out[6 * k: 6 * k + 6]
        setup = base + option + "\n"
        cases.add(f"svy bootstrap mean{option}", "replicates.csv", setup + "svy: mean y", {"_b[y]": v[0], "_se[y]": v[1]}, 1e-9, "R survey svrepdesign(type='bootstrap')")
        cases.add(f"svy bootstrap regress{option}", "replicates.csv", setup + "svy: regress y x", {"_b[x]": v[3], "_se[x]": v[5], "_se[_cons]": v[4],
                  "e(chi2)": (v[3] / v[5]) ** 2, "missing(e(df_r))": 1}, 1e-8, "R survey svrepdesign(type='bootstrap')")


def poststrata(cases):
    """Clusters of schools, poststratified by type with invented sizes."""
    code = ("library(survey); options(survey.lonely.psu='adjust'); d <- read.csv('schoolclus.csv'); d$g <- as.integer(d$st); "
            "s <- svydesign(ids=~dnum, weights=~pw, data=d); p <- postStratify(s, ~g, data.frame(g=c(1,2,3), Freq=c(4421,1018,755)[1:3])); "
            "m <- svymean(~api00, p); t <- svytotal(~enroll, subset(p, !is.na(enroll))); r <- svyglm(api00 ~ ell, p); b <- subset(p, half == 1); "
            "u <- svymean(~api00, b); cat(sprintf('%.17g ', c(coef(m), SE(m), coef(r), sqrt(diag(vcov(r))), coef(u), SE(u))))")
    v = r(code)
    setup = ("generate size = cond(st == 1, 4421, cond(st == 2, 1018, 755))\nsvyset dnum [pw=pw], poststrata(st) postweight(size)\n")
    source = "R survey postStratify"
    cases.add("svy poststrata mean", "schoolclus.csv", setup + "svy: mean api00", {"_b[api00]": v[0], "_se[api00]": v[1], "e(N_poststrata)": 3, "e(N_pop)": 6194}, 1e-9, source)
    cases.add("svy poststrata regress", "schoolclus.csv", setup + "svy: regress api00 ell", {"_b[_cons]": v[2], "_b[ell]": v[3], "_se[_cons]": v[4], "_se[ell]": v[5]}, 1e-8, source)
    cases.add("svy poststrata subpop()", "schoolclus.csv", setup + "svy, subpop(half): mean api00", {"_b[api00]": v[6], "_se[api00]": v[7]}, 1e-8, source)


def panel_counts():
    from common import write_data

    rng = np.random.default_rng(7)
    ids = np.repeat(np.arange(1, 61), 5)
    x = rng.normal(size=300).round(3)
    u = rng.normal(scale=0.7, size=60)[ids - 1]
    write_data("panelcounts", pd.DataFrame({"id": ids, "x": x, "y": rng.poisson(np.exp(0.4 + 0.5 * x + u))}))


def main():
    panel_counts()
    cases = Cases("ties_frailty", "R survival, R lme4, R survey, scipy")
    ties(cases)
    frailty(cases)
    counts(cases)
    bootstrap(cases)
    poststrata(cases)
    cases.write()


if __name__ == "__main__":
    main()
