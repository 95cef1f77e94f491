"""Survival cases: R survival (data sets, Cox, parametric and Kaplan-Meier fits), lifelines (weighted tests),
numbers printed in the manual [ST] for the drug trial and the generator bearings. Writes `survival.json`."""

import json
import subprocess
import tempfile

import numpy as np
import pandas as pd
from common import Cases, write_data
from lifelines import CoxPHFitter
from lifelines.statistics import multivariate_logrank_test, proportional_hazard_test
from scipy import optimize, stats
from statsmodels.tools.numdiff import approx_fprime_cs, approx_hess_cs

# The drug trial of [ST] stset and the bearings of [ST] streg, as listed in the manual.
DRUG = """1 1 0 61,1 1 0 65,2 1 0 59,3 1 0 52,4 1 0 56,4 1 0 67,5 1 0 63,5 1 0 58,8 1 0 56,8 0 0 58,8 1 0 52,8 1 0 49,
11 1 0 50,11 1 0 55,12 1 0 49,12 1 0 62,15 1 0 51,17 1 0 49,22 1 0 57,23 1 0 52,6 1 1 67,6 0 1 65,7 1 1 58,9 0 1 56,
10 0 1 49,11 0 1 61,13 1 1 62,15 0 1 50,16 1 1 67,19 0 1 50,20 0 1 55,22 1 1 58,23 1 1 47,32 0 1 52,6 1 1 55,10 1 1 54,
17 0 1 60,19 0 1 49,24 1 1 58,25 0 1 50,25 1 1 55,28 1 1 57,28 0 1 48,32 0 1 56,33 1 1 60,34 0 1 62,35 0 1 48,39 0 1 52"""
BEARINGS = "100 15 0,140 15 1,97 20 0,122 20 1,84 25 0,100 25 1,54 30 0,52 30 1,40 35 0,55 35 1,22 40 0,30 40 1"

R_SCRIPT = r"""
suppressMessages({library(survival); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
out <- list()
cox <- function(f) list(b = num(coef(f)), se = num(sqrt(diag(vcov(f)))), ll0 = f$loglik[1], ll = f$loglik[2], n = f$n)
v <- veteran; v$trtn <- v$trt; v$cell <- as.integer(v$celltype)
write.csv(data.frame(time = v$time, status = v$status, trt = v$trt, cell = v$cell, karno = v$karno, age = v$age,
  prior = v$prior, hosp = (seq_len(nrow(v)) - 1) %% 17), "veteran.tmp", row.names = FALSE)
v$hosp <- (seq_len(nrow(v)) - 1) %% 17
v$fw <- 1 + (seq_len(nrow(v)) %% 3)
out$breslow <- cox(coxph(Surv(time, status) ~ karno + age + trt, v, ties = "breslow", eps = 1e-12, toler.chol = 1e-14))
ef <- coxph(Surv(time, status) ~ karno + age + trt, v, ties = "efron", eps = 1e-12, toler.chol = 1e-14)
out$efron <- cox(ef)
out$strata <- cox(coxph(Surv(time, status) ~ karno + age + strata(cell), v, ties = "efron", eps = 1e-12, toler.chol = 1e-14))
out$factor <- cox(coxph(Surv(time, status) ~ karno + factor(cell), v, ties = "breslow", eps = 1e-12, toler.chol = 1e-14))
n <- nrow(v)
rb <- coxph(Surv(time, status) ~ karno + age + trt, v, ties = "breslow", robust = TRUE, eps = 1e-12, toler.chol = 1e-14)
out$robust <- list(b = num(coef(rb)), se = num(sqrt(diag(rb$var)) * sqrt(n / (n - 1))))
cl <- coxph(Surv(time, status) ~ karno + age + trt + cluster(hosp), v, ties = "efron", eps = 1e-12, toler.chol = 1e-14)
out$cluster <- list(b = num(coef(cl)), se = num(sqrt(diag(cl$var)) * sqrt(17 / 16)))
vx <- v[rep(seq_len(n), v$fw), ]
out$fweight <- cox(coxph(Surv(time, status) ~ karno + age, vx, ties = "efron", eps = 1e-12, toler.chol = 1e-14))
pw <- coxph(Surv(time, status) ~ karno + age, v, weights = fw, ties = "breslow", robust = TRUE, eps = 1e-12, toler.chol = 1e-14)
out$pweight <- list(b = num(coef(pw)), se = num(sqrt(diag(pw$var)) * sqrt(n / (n - 1))), ll = pw$loglik[2])
h <- heart; h$transplant <- as.integer(as.character(h$transplant))
write.csv(data.frame(id = h$id, start = h$start, stop = h$stop, event = h$event, age = h$age, year = h$year,
  surgery = h$surgery, transplant = h$transplant), "heart.tmp", row.names = FALSE)
hc <- coxph(Surv(start, stop, event) ~ age + surgery + transplant, h, ties = "efron", eps = 1e-12, toler.chol = 1e-14)
out$heart <- cox(hc)
hb <- coxph(Surv(start, stop, event) ~ age + surgery + transplant + cluster(id), h, ties = "breslow", eps = 1e-12, toler.chol = 1e-14)
g <- length(unique(h$id))
out$heart_robust <- list(b = num(coef(hb)), se = num(sqrt(diag(hb$var)) * sqrt(g / (g - 1))))
br <- coxph(Surv(time, status) ~ karno + age + trt, v, ties = "breslow", eps = 1e-12, toler.chol = 1e-14)
out$residuals <- list(mart = num(residuals(ef, "martingale"))[c(1, 50, 137)], dev = num(residuals(ef, "deviance"))[c(1, 50, 137)],
  score = unname(residuals(ef, "score")[50, ]), mart_b = num(residuals(br, "martingale"))[c(1, 50, 137)])
s0 <- survfit(br, newdata = data.frame(karno = 0, age = 0, trt = 0), stype = 1, ctype = 1)
h0 <- basehaz(br, centered = FALSE)
at <- function(t, x, y) y[max(which(x <= t))]
out$base <- list(t = v$time[c(1, 50)], surv = c(at(v$time[1], s0$time, s0$surv), at(v$time[50], s0$time, s0$surv)),
  haz = c(at(v$time[1], h0$time, h0$hazard), at(v$time[50], h0$time, h0$hazard)))
sr <- residuals(ef, "schoenfeld")
out$schoenfeld <- list(r = unname(sr), t = num(rownames(sr)), v = unname(vcov(ef)))
cc <- concordance(ef)
out$conc <- list(c = num(cc$concordance), count = num(cc$count))
km <- survfit(Surv(time, status) ~ trt, v, conf.type = "log-log")
ks <- summary(km, times = c(20, 100, 200))
out$km <- list(surv = ks$surv, se = ks$std.err, lo = ks$lower, hi = ks$upper, n = ks$n.risk)
q <- quantile(km, c(.3, .7))
out$quant <- list(q = num(t(q$quantile)), lo = num(t(q$lower)), hi = num(t(q$upper)))
tab <- summary(survfit(Surv(time, status) ~ 1, v), rmean = "common")$table
out$rmean <- num(tab[c("rmean", "se(rmean)")])
if (is.na(out$rmean[1])) out$rmean <- num(tab[c("*rmean", "*se(rmean)")])
na <- survfit(Surv(time, status) ~ 1, v, ctype = 1)
nas <- summary(na, times = 100)
out$na <- c(nas$cumhaz, nas$std.chaz)
lr <- function(f, ...) {x <- survdiff(f, v, ...); c(x$chisq, x$obs, x$exp)}
out$logrank <- lr(Surv(time, status) ~ trt)
out$logrank4 <- survdiff(Surv(time, status) ~ cell, v)$chisq
out$stratified <- survdiff(Surv(time, status) ~ trt + strata(cell), v)$chisq
out$fh10 <- survdiff(Surv(time, status) ~ cell, v, rho = 1)$chisq
hk <- survfit(Surv(start, stop, event) ~ 1, h, id = id, conf.type = "log-log")
hs <- summary(hk, times = c(50, 300))
out$hkm <- list(surv = hs$surv, se = hs$std.err, n = hs$n.risk)
for (d in c("exponential", "weibull", "lognormal", "loglogistic")) {
  f <- survreg(Surv(time, status) ~ karno + age + trt, v, dist = d, control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
  z <- survreg(Surv(time, status) ~ 1, v, dist = d, control = survreg.control(rel.tolerance = 1e-14))
  add <- sum(log(v$time[v$status == 1]))
  out[[d]] <- list(b = num(coef(f)), v = unname(vcov(f)), scale = f$scale, ll = f$loglik[2] + add, ll0 = z$loglik[2] + add)
}
wr <- survreg(Surv(time, status) ~ karno + age, v, dist = "lognormal", robust = TRUE, control = survreg.control(rel.tolerance = 1e-14))
out$lognormal_robust <- list(b = num(coef(wr)), se = num(sqrt(diag(wr$var))) * sqrt(n / (n - 1)))
cat(toJSON(out, digits = NA, auto_unbox = TRUE))
"""


def run_r():
    """Runs the R part; returns the data sets and the numbers."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["Rscript", "-"], input=R_SCRIPT, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return pd.read_csv(f"{folder}/veteran.tmp"), pd.read_csv(f"{folder}/heart.tmp"), json.loads(done.stdout)


def frame(text, names):
    rows = [r.split() for r in text.replace("\n", "").split(",")]
    return pd.DataFrame(rows, columns=names).astype(float)


def named(names, found, what=("_b", "_se"), keys=("b", "se")):
    return {f"{w}[{n}]": x for w, k in zip(what, keys) for n, x in zip(names, found[k])}


def cox(cases, r):
    """Cox regressions and what follows them."""
    x = ["karno", "age", "trt"]
    st = "stset time, failure(status)\n"
    data = "veteran.csv"
    for name, do, names in (("breslow", "stcox karno age trt, nohr", x), ("efron", "stcox karno age trt, efron nohr", x),
                            ("strata", "stcox karno age, strata(cell) efron", x[:2]),
                            ("factor", "stcox karno i.cell", ["karno", "2.cell", "3.cell", "4.cell"])):
        f = r[name]
        cases.add(f"stcox {name}", data, st + do, named(names, f) | {"e(ll)": f["ll"], "e(ll_0)": f["ll0"], "e(N)": f["n"],
                  "e(chi2)": 2 * (f["ll"] - f["ll0"])}, 1e-6, "R survival coxph")
    cases.add("stcox robust", data, st + "stcox karno age trt, vce(robust)", named(x, r["robust"]), 1e-6,
              "R survival coxph robust, times n/(n-1)")
    cases.add("stcox cluster", data, st + "stcox karno age trt, efron vce(cluster hosp)", named(x, r["cluster"]) | {"e(N_clust)": 17},
              1e-6, "R survival coxph cluster(), times G/(G-1)")
    weight = "generate fw = 1 + mod(_n, 3)\n"
    f = r["fweight"]
    cases.add("stcox fweight", data, weight + "stset time [fweight = fw], failure(status)\nstcox karno age, efron",
              named(x[:2], f) | {"e(ll)": f["ll"], "e(N)": f["n"]}, 1e-6, "R survival coxph on repeated rows")
    f = r["pweight"]
    cases.add("stcox pweight", data, weight + "stset time [pweight = fw], failure(status)\nstcox karno age",
              named(x[:2], f) | {"e(ll)": f["ll"]}, 1e-6, "R survival coxph weights robust, times n/(n-1)")
    h = "stset stop, failure(event) id(id) time0(start)\n"
    names = ["age", "surgery", "transplant"]
    f = r["heart"]
    cases.add("stcox delayed entry", "heart.csv", h + "stcox age surgery transplant, efron", named(names, f) |
              {"e(ll)": f["ll"], "e(N)": 172, "e(N_sub)": 103, "e(N_fail)": 75}, 1e-6, "R survival coxph (start, stop]")
    cases.add("stcox robust by id", "heart.csv", h + "stcox age surgery transplant, vce(robust)", named(names, r["heart_robust"]),
              1e-6, "R survival coxph cluster(id), times G/(G-1)")
    m = r["residuals"]
    expect = {f"m[{i}]": x for i, x in zip((1, 50, 137), m["mart"])} | {f"v[{i}]": x for i, x in zip((1, 50, 137), m["dev"])}
    expect |= {f"s{j + 1}[50]": x for j, x in enumerate(m["score"])}
    cases.add("stcox residuals", data, st + "stcox karno age trt, efron\npredict double m, mgale\npredict double v, deviance\n"
              "predict double s*, esr", expect, 1e-6, "R survival residuals.coxph")
    expect = {f"m[{i}]": x for i, x in zip((1, 50, 137), m["mart_b"])}
    b = r["base"]
    expect |= {"s[1]": b["surv"][0], "s[50]": b["surv"][1], "h[1]": b["haz"][0], "h[50]": b["haz"][1]}
    cases.add("stcox baseline", data, st + "stcox karno age trt\npredict double m, mgale\npredict double s, basesurv\n"
              "predict double h, basechazard", expect, 1e-6, "R survival survfit(stype=1, ctype=1) at zero, basehaz")
    c = r["conc"]["count"]
    cases.add("estat concordance", data, st + "stcox karno age trt, efron\nestat concordance", {"r(C)": r["conc"]["c"],
              "r(n_E)": c[0], "r(n_P)": c[0] + c[1] + c[2]}, 1e-9, "R survival concordance")


def ph_global(cases, r, veteran):
    """Grambsch and Therneau (1994) with the average covariance, from the Schoenfeld residuals of R."""
    f = r["schoenfeld"]
    residuals, time, v = np.array(f["r"]), np.array(f["t"]), np.array(f["v"])
    d = len(time)
    ranks = stats.rankdata(time)
    for option, g in (("", time), (" rank", ranks), (" log", np.log(time))):
        g = g - g.mean()
        u = g @ residuals
        chi2 = d * u @ v @ u / (g @ g)
        scaled = residuals @ v * d
        own = (g @ scaled) ** 2 / (d * np.diag(v) * (g @ g))
        rho = [np.corrcoef(g, scaled[:, j])[0, 1] for j in range(3)]
        expect = {"r(chi2)": chi2, "r(df)": 3, "r(p)": stats.chi2.sf(chi2, 3)}
        expect |= {f"m[{j + 1},2]": own[j] for j in range(3)} | {f"m[{j + 1},1]": rho[j] for j in range(3)}
        cases.add(f"estat phtest global{option}", "veteran.csv", "stset time, failure(status)\nstcox karno age trt, efron\n"
                  f"estat phtest,{option} detail\nmatrix m = r(phtest)", expect, 1e-6, "R survival schoenfeld residuals, formula of [ST] by hand")


def ph_test(cases, veteran):
    """Tests of proportional hazards: lifelines, and the global test by hand from its scaled residuals."""
    x = ["karno", "age", "trt"]
    fitter = CoxPHFitter()
    fitter.fit(veteran[["time", "status", *x]], "time", "status", fit_options={"precision": 1e-12})
    assert fitter._central_values is not None
    for option, transform in (("", "identity"), (" log", "log")):
        found = proportional_hazard_test(fitter, veteran[["time", "status", *x]], time_transform=transform)
        chi2 = found.summary["test_statistic"]
        expect = {f"m[{i + 1},2]": chi2[n] for i, n in enumerate(x)}
        cases.add(f"estat phtest{option}", "veteran.csv", "stset time, failure(status)\nstcox karno age trt, efron\n"
                  f"estat phtest,{option} detail\nmatrix m = r(phtest)", expect, 1e-4, "lifelines proportional_hazard_test")


def survivor(cases, r, veteran):
    """Survivor functions, percentiles, means and tests."""
    st = "stset time, failure(status)\n"
    times = [20, 100, 200]
    k = r["km"]
    expect = {}
    do = st + "sts generate s = s se = se(s) lo = lb(s) hi = ub(s), by(trt)\n"
    for i, (trt, time) in enumerate([(t, x) for t in (1, 2) for x in times]):
        do += f"generate double u{i} = _t if trt == {trt} & _t <= {time}\nquietly summarize u{i}\nlocal last = r(max)\n"
        do += f"foreach v in s se lo hi {{\nquietly summarize `v' if trt == {trt} & _t == `last', meanonly\nscalar `v'{i} = r(mean)\n}}\n"
        expect |= {f"s{i}": k["surv"][i], f"se{i}": k["se"][i], f"lo{i}": k["lo"][i], f"hi{i}": k["hi"][i]}
    cases.add("sts generate", "veteran.csv", do, expect, 1e-9, "R survival survfit conf.type log-log")
    q = r["quant"]
    for j, p in enumerate((30, 70)):
        cases.add(f"stci p{p}", "veteran.csv", st + f"stci, by(trt) p({p})\nmatrix m = r(table)", {
            f"m[{g + 1},{c}]": q[key][2 * g + j] for g in (0, 1) for c, key in ((2, "q"), (4, "lo"), (5, "hi"))}, 1e-9,
            "R survival quantile.survfit")
    cases.add("stci rmean", "veteran.csv", st + "stci, rmean", {"r(rmean)": r["rmean"][0], "r(se)": r["rmean"][1]}, 1e-9,
              "R survival summary.survfit rmean")
    cases.add("sts generate na", "veteran.csv", st + "sts generate h = na se = se(na)\nsummarize _t if _t <= 100\nlocal t = r(max)\n"
              "summarize h if _t == `t', meanonly\nscalar a = r(mean)\nsummarize se if _t == `t', meanonly\nscalar b = r(mean)",
              {"a": r["na"][0], "b": r["na"][1]}, 1e-9, "R survival survfit cumhaz")
    t = r["logrank"]
    cases.add("sts test logrank", "veteran.csv", st + "sts test trt", {"r(chi2)": t[0], "r(df)": 1}, 1e-9, "R survival survdiff")
    for name, do, value, df in (("four groups", "sts test cell", r["logrank4"], 3), ("strata", "sts test trt, strata(cell)", r["stratified"], 1),
                                ("fh(1 0)", "sts test cell, fh(1 0)", r["fh10"], 3)):
        cases.add(f"sts test {name}", "veteran.csv", st + do, {"r(chi2)": value, "r(df)": df}, 1e-9, "R survival survdiff")
    for option, weights in (("wilcoxon", "wilcoxon"), ("tware", "tarone-ware"), ("peto", "peto")):
        found = multivariate_logrank_test(veteran["time"], veteran["cell"], veteran["status"], weightings=weights)
        cases.add(f"sts test {option}", "veteran.csv", st + f"sts test cell, {option}", {"r(chi2)": found.test_statistic}, 1e-9,
                  "lifelines multivariate_logrank_test")
    h = r["hkm"]
    cases.add("sts generate delayed entry", "heart.csv", "stset stop, failure(event) id(id) time0(start)\nsts generate s = s\n"
              "summarize _t if _t <= 50\nlocal a = r(max)\nsummarize s if _t == `a', meanonly\nscalar a = r(mean)\n"
              "summarize _t if _t <= 300\nlocal a = r(max)\nsummarize s if _t == `a', meanonly\nscalar b = r(mean)",
              {"a": h["surv"][0], "b": h["surv"][1]}, 1e-9, "R survival survfit (start, stop]")


def parametric(cases, r, veteran, heart):
    """Parametric models: survreg, its PH form by the delta method, and direct maximisation where R has none."""
    st = "stset time, failure(status)\n"
    x = ["karno", "age", "trt"]
    ancillary = {"weibull": ("/ln_p", -1.0), "lognormal": ("/lnsigma", 1.0), "loglogistic": ("/lngamma", 1.0)}
    for dist in ("exponential", "weibull", "lognormal", "loglogistic"):
        f = r[dist]
        v = np.array(f["v"])
        names = ["_cons", *x]
        expect = {f"_b[{n}]": b for n, b in zip(names, f["b"])} | {f"_se[{n}]": v[i, i] ** 0.5 for i, n in enumerate(names)}
        if dist in ancillary:
            name, sign = ancillary[dist]
            expect |= {f"_b[{name}]": sign * np.log(f["scale"]), f"_se[{name}]": v[4, 4] ** 0.5}
        expect |= {"e(ll)": f["ll"], "e(ll_0)": f["ll0"], "e(chi2)": 2 * (f["ll"] - f["ll0"])}
        cases.add(f"streg {dist} time", "veteran.csv", st + f"streg karno age trt, distribution({dist}) time nolog", expect, 1e-6,
                  "R survival survreg; log likelihood plus the log failure times")
        if dist in ("exponential", "weibull"):
            p = 1 / f["scale"]
            b = np.array(f["b"])
            size = len(v)
            jacobian = np.zeros((4, size))
            jacobian[:, :4] = -p * np.eye(4)
            if size > 4:
                jacobian[:, 4] = b * p  # d(-b / scale) / d ln(scale)
            w = jacobian @ v @ jacobian.T
            expect = {f"_b[{n}]": -p * y for n, y in zip(names, b)} | {f"_se[{n}]": w[i, i] ** 0.5 for i, n in enumerate(names)}
            cases.add(f"streg {dist} hazard", "veteran.csv", st + f"streg karno age trt, distribution({dist}) nohr nolog",
                      expect | {"e(ll)": f["ll"]}, 1e-6, "R survival survreg, delta method")
    f = r["lognormal_robust"]
    cases.add("streg lognormal robust", "veteran.csv", st + "streg karno age, distribution(lognormal) vce(robust) nolog",
              {f"_b[{n}]": b for n, b in zip(["_cons", "karno", "age"], f["b"])} |
              {f"_se[{n}]": b for n, b in zip(["_cons", "karno", "age"], f["se"])}, 1e-6, "R survival survreg robust, times n/(n-1)")
    maximised(cases, veteran, heart)


def newton(loglike, start):
    """Maximises by Newton's method with complex-step derivatives; estimate, covariance, value."""
    b = optimize.minimize(lambda b: -loglike(b).real, start, method="BFGS").x
    for _ in range(50):
        step = np.linalg.solve(approx_hess_cs(b, loglike), approx_fprime_cs(b, loglike))
        b = b - step
        if np.abs(step).max() < 1e-13:
            break
    return b, -np.linalg.inv(approx_hess_cs(b, loglike)), loglike(b).real


def maximised(cases, veteran, heart):
    t, d = veteran["time"].to_numpy(), veteran["status"].to_numpy()
    z = np.column_stack([np.ones(len(t)), veteran["karno"] / 10, veteran["age"] / 10])

    def gompertz(b):
        eta, g = z @ b[:3], b[3]
        return np.sum(d * (eta + g * t + np.log(t)) - np.exp(eta) * (np.exp(g * t) - 1) / g)

    b, v, ll = newton(gompertz, np.array([-3.0, -0.2, 0.01, 0.001]))
    se = np.sqrt(np.diag(v))
    names = ["_cons", "k", "a"]
    make = "generate double k = karno/10\ngenerate double a = age/10\n"
    expect = {f"_b[{n}]": x for n, x in zip(names, b)} | {f"_se[{n}]": x for n, x in zip(names, se)}
    cases.add("streg gompertz", "veteran.csv", "stset time, failure(status)\n" + make + "streg k a, distribution(gompertz) nolog",
              expect | {"_b[/gamma]": b[3], "_se[/gamma]": se[3], "e(ll)": ll}, 1e-6, "scipy and complex-step Newton")
    h = heart[heart["stop"] > heart["start"]]
    t0, t1, e = h["start"].to_numpy(), h["stop"].to_numpy(), h["event"].to_numpy()
    y = np.column_stack([np.ones(len(h)), h["age"] / 10, h["transplant"]])

    def weibull(b):
        eta, p = y @ b[:3], np.exp(b[3])
        cumulative = np.exp(eta) * (t1**p - np.where(t0 > 0, np.maximum(t0, 1e-300) ** p, 0))
        return np.sum(e * (eta + b[3] + p * np.log(t1)) - cumulative)

    b, v, ll = newton(weibull, np.array([-4.0, 0.1, 0.0, -0.5]))
    se = np.sqrt(np.diag(v))
    names = ["_cons", "a", "transplant"]
    expect = {f"_b[{n}]": x for n, x in zip(names, b)} | {f"_se[{n}]": x for n, x in zip(names, se)}
    cases.add("streg weibull delayed entry", "heart.csv", "stset stop, failure(event) id(id) time0(start)\ngenerate double a = age/10\n"
              "streg a transplant, distribution(weibull) nohr nolog", expect | {"_b[/ln_p]": b[3], "_se[/ln_p]": se[3], "e(ll)": ll}, 1e-6,
              "scipy and complex-step Newton")

    def lognormal(b):
        from scipy.special import log_ndtr
        eta, s = z @ b[:3], np.exp(b[3])
        w = (np.log(t) - eta) / s
        return np.sum(d * (-b[3] - 0.5 * w**2 - 0.5 * np.log(2 * np.pi)) + (1 - d) * log_ndtr(-w))

    b, v, ll = newton(lognormal, np.array([2.0, 0.3, 0.0, 0.1]))
    eta = z @ b[:3]
    s = np.exp(b[3])
    w = (np.log(t) - eta) / s
    surv = stats.norm.sf(w)
    cases.add("streg predict", "veteran.csv", "stset time, failure(status)\n" + make + "streg k a, distribution(lognormal) nolog\n"
              "predict double m, median time\npredict double e, mean time\npredict double s, surv\npredict double h, hazard\n"
              "predict double c, csnell", {"m[7]": np.exp(eta[6]), "e[7]": np.exp(eta[6] + s**2 / 2), "s[7]": surv[6], "c[7]": -np.log(surv[6]),
              "h[7]": stats.norm.pdf(w[6]) / (s * t[6] * surv[6])}, 1e-6, "scipy and complex-step Newton")


def manual(cases):
    """Numbers that the manual prints."""
    st = "stset studytime, failure(died)\n"
    cases.add("manual stcox", "drugtr.csv", st + "stcox drug age", {"e(ll)": -83.323546, "e(chi2)": 33.18}, 2e-4, "[ST] stcox")
    cases.add("manual stcox ll", "drugtr.csv", st + "stcox drug age", {"e(ll)": -83.323546, "e(ll_0)": -99.911448}, 1e-8, "[ST] stcox")
    cases.add("manual sts test", "drugtr.csv", st + "sts test drug", {"r(chi2)": 28.27}, 2e-4, "[ST] sts test")
    weibull = {"exp(_b[load])": 1.599315, "exp(_b[bearings])": 0.1887995, "_b[/ln_p]": 2.051552, "_se[/ln_p]": 0.2317074,
               "e(aux_p)": 7.779969}
    cases.add("manual streg weibull", "kva.csv", "stset failtime\nstreg load bearings, distribution(weibull) nolog", weibull, 1e-6,
              "[ST] streg")
    cases.add("manual streg weibull ll", "kva.csv", "stset failtime\nstreg load bearings, distribution(weibull) nolog",
              {"e(ll)": 5.6934189}, 1e-8, "[ST] streg")


if __name__ == "__main__":
    vet, hrt, numbers = run_r()
    write_data("veteran", vet)
    write_data("heart", hrt)
    write_data("drugtr", frame(DRUG, ["studytime", "died", "drug", "age"]))
    write_data("kva", frame(BEARINGS, ["failtime", "load", "bearings"]))
    all_cases = Cases("survival", "R survival, lifelines, scipy, manual [ST]")
    cox(all_cases, numbers)
    ph_test(all_cases, vet)
    ph_global(all_cases, numbers, vet)
    survivor(all_cases, numbers, vet)
    parametric(all_cases, numbers, vet, hrt)
    manual(all_cases)
    all_cases.write()
