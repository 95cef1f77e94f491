"""Cases of commands that had none: Cox models with several records per subject, random effects at many points, weighted
analysis of variance, exact tests, offsets, tables of surveys with an empty cell (R survival, lme4, survey, stats; by hand
where the case says so; published output). Writes `various.json`."""

import json
import subprocess
import tempfile
from pathlib import Path

import pandas as pd
from common import Cases, write_data

R = r"""
suppressMessages({library(survival); library(lme4); library(survey); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
out <- list()
tight <- function(f, d, ...) coxph(f, d, ..., eps = 1e-12, toler.chol = 1e-14)
infections <- data.frame(id = cgd$id, center = as.integer(cgd$center), treat = as.integer(cgd$treat) - 1, age = cgd$age,
  steroids = cgd$steroids, tstart = cgd$tstart, tstop = cgd$tstop, enum = cgd$enum, status = cgd$status)
write.csv(infections, "infections.csv", row.names = FALSE)
for (t in c("breslow", "efron")) {
  f <- tight(Surv(tstart, tstop, status) ~ treat + age + steroids, infections, ties = t)
  out[[paste0("cox_", t)]] <- list(b = num(coef(f)), se = num(sqrt(diag(vcov(f)))), ll = f$loglik)
  g <- length(unique(infections$id))
  f <- tight(Surv(tstart, tstop, status) ~ treat + age + steroids + cluster(id), infections, ties = t)
  out[[paste0("robust_", t)]] <- list(b = num(coef(f)), se = num(sqrt(diag(f$var) * g / (g - 1))))
  g <- length(unique(infections$center))
  f <- tight(Surv(tstart, tstop, status) ~ treat + age + steroids + strata(enum) + cluster(center), infections, ties = t)
  out[[paste0("strata_", t)]] <- list(b = num(coef(f)), se = num(sqrt(diag(f$var) * g / (g - 1))), ll = f$loglik)
}
late <- subset(infections, tstop > 30); late$tstart <- pmax(late$tstart, 30)
f <- tight(Surv(tstart, tstop, status) ~ treat + age + steroids, late, ties = "breslow")
out$late <- list(b = num(coef(f)), se = num(sqrt(diag(vcov(f)))), ll = f$loglik)
# Spells that leave and come back: every second record without its last ten days.
gone <- infections; cut <- gone$status == 0 & gone$tstop - gone$tstart > 20 & seq_len(nrow(gone)) %% 2 == 0
gone$tstop[cut] <- gone$tstop[cut] - 10
f <- tight(Surv(tstart, tstop, status) ~ treat + age + steroids, gone, ties = "efron")
out$absent <- list(b = num(coef(f)), se = num(sqrt(diag(vcov(f)))), ll = f$loglik)

# Regressors times a function of time: R's tt(), and the records cut at every failure by hand; both must agree.
for (t in c("breslow", "efron")) {
  f <- coxph(Surv(time, status) ~ karno + age + tt(karno) + tt(age), veteran, ties = t, eps = 1e-12, toler.chol = 1e-14,
    tt = function(x, t, ...) x * log(t + 20))
  cut <- survSplit(Surv(time, status) ~ ., veteran, cut = sort(unique(veteran$time[veteran$status == 1])), start = "begin")
  g <- tight(Surv(begin, time, status) ~ karno + age + I(karno * log(time + 20)) + I(age * log(time + 20)), cut, ties = t)
  stopifnot(all(abs(coef(f) - coef(g)) < 1e-7))
  out[[paste0("tvc_", t)]] <- list(b = num(coef(g)), se = num(sqrt(diag(vcov(g)))), ll = g$loglik)
}
cut <- survSplit(Surv(tstart, tstop, status) ~ ., infections, start = "begin", end = "tstop",
  cut = sort(unique(infections$tstop[infections$status == 1])))
g <- length(unique(cut$id))
f <- tight(Surv(begin, tstop, status) ~ treat + age + I(treat * tstop) + strata(steroids) + cluster(id), cut, ties = "breslow")
out$tvc_records <- list(b = num(coef(f)), se = num(sqrt(diag(f$var) * g / (g - 1))), ll = f$loglik)
own <- veteran; own$row <- seq_len(nrow(own))
cut <- survSplit(Surv(time, status) ~ ., own, cut = sort(unique(own$time[own$status == 1])), start = "begin")
f <- tight(Surv(begin, time, status) ~ karno + I(karno * time) + cluster(row), cut, ties = "breslow")
out$tvc_robust <- list(b = num(coef(f)), se = num(sqrt(diag(f$var) * nrow(own) / (nrow(own) - 1))))

set.seed(4)
n <- 60; d <- data.frame(id = rep(1:n, each = 6)); d$x <- round(rnorm(360), 3); d$w <- rep(0:1, 180); u <- rnorm(n, 0, .8)
d$y <- rbinom(360, 1, plogis(-.3 + .6 * d$x + .5 * d$w + u[d$id])); d$c <- rpois(360, exp(.2 + .3 * d$x + .2 * d$w + .7 * u[d$id]))
d$e <- round(runif(360, 1, 5), 2)
d$k <- 1 + seq_len(360) %% 3
write.csv(d, "grouped.csv", row.names = FALSE)
ct <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, optCtrl = list(rhoend = 1e-11, maxfun = 1e6))
f <- glmer(y ~ x + w + (1 | id), d, family = binomial, nAGQ = 25, control = ct)
out$melogit <- list(b = num(fixef(f)), v = num(getME(f, "theta"))^2, ll = num(logLik(f)))
f <- glmer(c ~ x + w + offset(log(e)) + (1 | id), d, family = poisson, nAGQ = 25, control = ct)
out$mepoisson <- list(b = num(fixef(f)), v = num(getME(f, "theta"))^2)
for (link in c("logit", "probit")) {
  f <- glm(y ~ x + w + offset(log(e)), binomial(link), d, control = list(epsilon = 1e-14, maxit = 100))
  f0 <- glm(y ~ 1 + offset(log(e)), binomial(link), d, control = list(epsilon = 1e-14, maxit = 100))
  # Stata's probit has the observed information, R the expected one: no standard errors are taken for it.
  out[[link]] <- list(b = num(coef(f)), se = num(sqrt(diag(vcov(f)))), ll = num(logLik(f)), ll0 = num(logLik(f0)),
    p = num(fitted(f))[c(1, 100)], xb = num(predict(f))[c(1, 100)])
}
a <- anova(lm(x ~ factor(w + 2 * (id > 30)), d, weights = e))
s <- nrow(d) / sum(d$e)
out$oneway <- list(ss = num(a[["Sum Sq"]]) * s, f = num(a[["F value"]])[1])
big <- d[rep(seq_len(nrow(d)), d$k), ]
a <- anova(lm(x ~ factor(w), big)); b <- bartlett.test(x ~ w, big)
out$frequency <- list(ss = num(a[["Sum Sq"]]), f = num(a[["F value"]])[1], df = a$Df, b = num(b$statistic))
m <- matrix(c(7,5,9,4,3,12,6,5,8,4,2,10,6,7,5,7), 4, byrow = TRUE)
out$fisher <- fisher.test(m, workspace = 2e8)$p.value

i <- 1:60; q <- data.frame(i, g = i %% 3, w = round(2 + cos(i * 2.1) + .3 * (i %% 3), 6), a = as.integer(i <= 20), b = i %% 4)
q$b[q$a == 1 & q$b == 0] <- 1
write.csv(q, "empty_cell.csv", row.names = FALSE)
des <- svydesign(~1, strata = ~g, weights = ~w, data = q)
q$cell <- factor(q$a * 4 + q$b, levels = 0:7)
v <- vcov(svymean(~cell, update(des, cell = q$cell)))
p <- num(coef(svymean(~cell, update(des, cell = q$cell))))
e <- outer(rowSums(matrix(p, 2, byrow = TRUE)), colSums(matrix(p, 2, byrow = TRUE)))
x2 <- nrow(q) * sum((matrix(p, 2, byrow = TRUE) - e)^2 / e)
# [SVY] svy: tabulate twoway, Methods and formulas: contrasts of the log-linear model, the element of an empty cell at will.
c2 <- model.matrix(~ a * b, expand.grid(b = factor(0:3), a = factor(0:1)), contrasts.arg = list(a = "contr.sum", b = "contr.sum"))[, 6:8]
test <- function(any) {
  di <- diag(ifelse(p > 0, 1 / p, any)); vs <- (diag(p) - p %o% p) / nrow(q)
  delta <- solve(t(c2) %*% di %*% vs %*% di %*% c2, t(c2) %*% di %*% v %*% di %*% c2)
  l <- Re(eigen(delta)$values); df1 <- sum(l)^2 / sum(l^2)
  c(x2, x2 / sum(l), df1, df1 * 57, pf(x2 / sum(l), df1, df1 * 57, lower.tail = FALSE))
}
stopifnot(all(abs(test(0) - test(17)) < 1e-10))
out$empty <- test(0)
cat(toJSON(out, digits = NA, auto_unbox = TRUE))
"""

MPG = [22, 17, 22, 20, 15, 18, 26, 20, 16, 19, 14, 14, 21, 29, 16, 22, 22, 24, 19, 30, 18, 16, 17, 28, 21, 12, 12, 14, 22, 14,
       15, 18, 14, 20, 21, 19, 19, 18, 19, 24, 16, 28, 34, 25, 26, 18, 18, 18, 19, 19, 19, 24, 17, 23, 25, 23, 35, 24, 21, 21,
       25, 28, 30, 14, 26, 35, 18, 31, 18, 23, 41, 25, 25, 17]
REPAIRS = "33934393333233432235222433334433434334313353924133925344544354493555545445"  # 9: missing


def main():
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run(["Rscript", "-e", R], cwd=folder, check=True, capture_output=True, text=True).stdout
        for name in ["infections", "grouped", "empty_cell"]:
            write_data(name, pd.read_csv(Path(folder) / f"{name}.csv"))
    r = json.loads(text)
    c = Cases("various", "R survival, lme4, survey and stats; published output")
    names = ["treat", "age", "steroids"]

    def rows(stem, values, names=names):
        return {f"{stem}[{n}]": v for n, v in zip(names, values)}

    stset = "stset tstop, id(id) time0(tstart) failure(status) exit(time .)\n"
    for ties in ["breslow", "efron"]:
        f = r[f"cox_{ties}"]
        c.add(f"stcox {ties} several records", "infections.csv", f"{stset}stcox treat age steroids, {ties}",
              {**rows("_b", f["b"]), **rows("_se", f["se"]), "e(ll_0)": f["ll"][0], "e(ll)": f["ll"][1]}, 1e-6, "R survival coxph")
        f = r[f"robust_{ties}"]
        c.add(f"stcox {ties} several records robust", "infections.csv", f"{stset}stcox treat age steroids, {ties} vce(robust)",
              {**rows("_b", f["b"]), **rows("_se", f["se"])}, 1e-6, "R survival coxph cluster(id), times G/(G-1)")
        f = r[f"strata_{ties}"]
        c.add(f"stcox {ties} several records strata cluster", "infections.csv",
              f"{stset}stcox treat age steroids, {ties} strata(enum) vce(cluster center)",
              {**rows("_b", f["b"]), **rows("_se", f["se"]), "e(ll)": f["ll"][1]}, 1e-6, "R survival coxph, times G/(G-1)")
    f = r["late"]
    c.add("stcox enter", "infections.csv",
          "stset tstop, id(id) time0(tstart) failure(status) exit(time .) enter(time 30)\nstcox treat age steroids",
          {**rows("_b", f["b"]), **rows("_se", f["se"]), "e(ll)": f["ll"][1]}, 1e-6, "R survival coxph of what is left after 30 days")
    f = r["absent"]
    c.add("stcox absences", "infections.csv",
          "replace tstop = tstop - 10 if !status & tstop - tstart > 20 & mod(_n, 2) == 0\n" + stset + "stcox treat age steroids, efron",
          {**rows("_b", f["b"]), **rows("_se", f["se"]), "e(ll)": f["ll"][1]}, 1e-6, "R survival coxph")
    timed = ["main:karno", "main:age", "tvc:karno", "tvc:age"]
    for ties in ["breslow", "efron"]:
        f = r[f"tvc_{ties}"]
        c.add(f"stcox tvc {ties}", "veteran.csv",
              f"stset time, failure(status)\nstcox karno age, tvc(karno age) texp(ln(_t + 20)) {ties}",
              {**rows("_b", f["b"], timed), **rows("_se", f["se"], timed), "e(ll_0)": f["ll"][0], "e(ll)": f["ll"][1], "e(N)": 137},
              1e-6, "R survival coxph with tt() and with survSplit()")
    timed = ["main:treat", "main:age", "tvc:treat"]
    f = r["tvc_records"]
    c.add("stcox tvc several records", "infections.csv", stset + "stcox treat age, tvc(treat) strata(steroids) vce(robust)",
          {**rows("_b", f["b"], timed), **rows("_se", f["se"], timed), "e(ll)": f["ll"][1]}, 1e-6, "R survival survSplit() and coxph")
    timed = ["main:karno", "tvc:karno"]
    f = r["tvc_robust"]
    c.add("stcox tvc robust", "veteran.csv", "stset time, failure(status)\nstcox karno, tvc(karno) vce(robust)",
          {**rows("_b", f["b"], timed), **rows("_se", f["se"], timed)}, 1e-6, "R survival survSplit() and coxph, times n/(n-1)")
    slopes = ["_cons", "x", "w"]
    f = r["melogit"]
    c.add("melogit 25 points", "grouped.csv", "melogit y x w || id:, intpoints(25)",
          {**rows("_b", f["b"], slopes), "e(ll)": f["ll"], "_b[/var(_cons[id])]": f["v"]}, 2e-6, "R lme4 glmer, 25 points")
    f = r["mepoisson"]
    c.add("mepoisson 25 points", "grouped.csv", "mepoisson c x w, exposure(e) || id:, intpoints(25)",
          {**rows("_b", f["b"], slopes), "_b[/var(_cons[id])]": f["v"]}, 2e-6, "R lme4 glmer, 25 points")
    for link in ["logit", "probit"]:
        f = r[link]
        expect = {**rows("_b", f["b"], slopes), "e(ll)": f["ll"], "e(ll_0)": f["ll0"], "p[1]": f["p"][0], "p[100]": f["p"][1],
                  "xb[1]": f["xb"][0], "xb[100]": f["xb"][1]}
        if link == "logit":
            expect |= rows("_se", f["se"], slopes)
        c.add(f"{link} offset", "grouped.csv",
              f"gen double o = ln(e)\n{link} y x w, offset(o)\npredict double p\npredict double xb, xb", expect, 1e-7, "R glm")
    f = r["oneway"]
    c.add("oneway aweight", "grouped.csv", "gen g = w + 2*(id > 30)\noneway x g [aweight=e]",
          {"r(mss)": f["ss"][0], "r(rss)": f["ss"][1], "r(F)": f["f"], "r(N)": 360}, 1e-10, "R lm with weights, scaled to sum to N")
    f = r["frequency"]
    c.add("oneway fweight", "grouped.csv", "oneway x w [fweight=k]",
          {"r(mss)": f["ss"][0], "r(rss)": f["ss"][1], "r(F)": f["f"], "r(df_r)": f["df"][1], "r(chi2bart)": f["b"]}, 1e-10,
          "R lm and bartlett.test on the expanded rows")
    c.add("tabulate exact 4 x 4", None, "tabi 7 5 9 4 \\ 3 12 6 5 \\ 8 4 2 10 \\ 6 7 5 7, exact", {"r(p_exact)": r["fisher"]},
          1e-6, "R fisher.test")
    f = r["empty"]
    c.add("svy tabulate with an empty cell", "empty_cell.csv", "svyset [pw=w], strata(g)\nsvy: tabulate a b",
          {"e(cun_Pear)": f[0], "e(F_Pear)": f[1], "e(df1_Pear)": f[2], "e(df2_Pear)": f[3], "e(p_Pear)": f[4]}, 1e-9,
          "R survey's covariance in the formula of [SVY] svy: tabulate twoway, with two values for the element of the empty cell")
    lines = "\n".join(f"{m} {g}" for m, g in zip(MPG, REPAIRS, strict=True))
    c.add("robvar", None, f"input mpg rep\n{lines}\nend\nrobvar mpg, by(rep)",
          {"r(w0)": 4.7219575, "r(w50)": 3.2906157, "r(w10)": 4.9744717, "r(p_w0)": 0.00092356, "r(p_w50)": 0.01014559,
           "r(p_w10)": 0.00061062}, 2e-6, "Stata's output on Statalist, 1978 automobiles, missing repair records as a group")
    c.write()


if __name__ == "__main__":
    main()
