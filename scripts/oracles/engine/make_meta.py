"""Meta-analysis: R metafor on the trials of BCG vaccine, the studies of teachers' expectations and of stays in hospital;
statsmodels for the methods that it has. Writes `meta.json`."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from common import Cases, write_data
from statsmodels.stats.meta_analysis import combine_effects

R = r"""
suppressMessages({library(metafor); library(jsonlite)})
out <- list()
num <- function(x) unname(as.numeric(x))
tight <- list(threshold = 1e-13, maxiter = 10000)
b <- escalc("OR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
b$vr <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)$yi
b$se <- sqrt(b$vi)
b$alloc <- as.integer(factor(b$alloc))
write.csv(b[, c("trial", "year", "tpos", "tneg", "cpos", "cneg", "ablat", "alloc")], "bcg.csv", row.names = FALSE)
t <- dat.raudenbush1985; t$se <- sqrt(t$vi); t$week1 <- as.integer(t$weeks <= 1)
write.csv(t[, c("study", "author", "weeks", "yi", "se", "week1")], "expectations.csv", row.names = FALSE, quote = FALSE)
h <- dat.normand1999
write.csv(h[, c("study", "n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")], "stays.csv", row.names = FALSE)
see <- function(f) list(theta = num(f$beta[1]), se = num(f$se[1]), lo = num(f$ci.lb[1]), hi = num(f$ci.ub[1]), tau2 = f$tau2,
  i2 = f$I2, h2 = f$H2, q = f$QE, pq = f$QEp, z = num(f$zval[1]), p = num(f$pval[1]))
methods <- c(reml = "REML", mle = "ML", ebayes = "EB", dlaird = "DL", sjonkman = "SJ", hedges = "HE", hschmidt = "HS")
for (m in names(methods)) {
  out[[paste0("or_", m)]] <- see(rma(yi, vi, data = b, method = methods[[m]], control = tight))
  out[[paste0("es_", m)]] <- see(rma(yi, vi, data = t, method = methods[[m]], control = tight))
  f <- rma(yi, vi, mods = ~ ablat + year, data = b, method = methods[[m]], control = tight)
  out[[paste0("reg_", m)]] <- list(b = num(f$beta), se = num(f$se), tau2 = f$tau2, i2 = f$I2, h2 = f$H2, qm = f$QM, qmp = f$QMp,
    q = f$QE, qp = f$QEp, r2 = f$R2)
}
out$fixed <- see(rma(yi, vi, data = b, method = "FE"))
f <- rma(yi, vi, data = b, method = "REML", test = "knha", control = tight); out$knha <- see(f)
f <- rma(yi, vi, data = t, method = "EB", test = "knha", control = tight); out$knha_es <- see(f)
f <- rma(yi, vi, data = b, method = "REML", control = tight)
half <- qt(.975, f$k - 2) * sqrt(f$tau2 + f$se^2); out$prediction <- c(num(f$beta) - half, num(f$beta) + half)
groups <- lapply(1:3, function(g) rma(yi, vi, data = b[b$alloc == g, ], method = "REML", control = tight))
theta <- sapply(groups, function(g) num(g$beta)); se <- sapply(groups, function(g) num(g$se))
f <- rma(theta, sei = se, method = "FE")
out$groups <- list(theta = theta, se = se, tau2 = sapply(groups, function(g) g$tau2), i2 = sapply(groups, function(g) g$I2),
  q = sapply(groups, function(g) g$QE), qb = f$QE, qbp = f$QEp)
f <- rma(yi, vi, mods = ~ ablat + factor(alloc), data = b, method = "REML", test = "knha", control = tight)
out$reg_knha <- list(b = num(f$beta), se = num(f$se), f = f$QM, p = f$QMp)
f <- rma(yi, vi, mods = ~ ablat, data = b, method = "FE"); out$reg_fixed <- list(b = num(f$beta), se = num(f$se), q = f$QE)
for (k in c("b", "t")) {
  d <- get(k)
  for (m in c("REML", "DL")) {
    f <- rma(yi, vi, data = d, method = m, control = tight)
    e <- rma(yi, vi, mods = ~ se, data = d, method = m, control = tight)
    out[[paste0("egger_", k, m)]] <- list(b = num(e$beta[2]), se = num(e$se[2]), z = num(e$zval[2]), p = num(e$pval[2]))
    for (e in c("L0", "R0", "Q0")) {
      g <- trimfill(f, estimator = e, control = tight)
      out[[paste0("fill_", k, m, e)]] <- list(k0 = g$k0, side = g$side, theta = num(g$beta), se = g$se, lo = g$ci.lb, hi = g$ci.ub)
    }
  }
  e <- lm(yi ~ se, d, weights = 1 / vi)
  out[[paste0("traditional_", k)]] <- num(summary(e)$coefficients[2, ])
}
for (m in c("OR", "RR")) {
  f <- rma.mh(ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg, measure = m)
  out[[paste0("mh_", m)]] <- list(theta = num(f$beta), se = f$se)
}
f <- rma.mh(ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg, measure = "OR"); out$homogeneity <- c(f$BD, f$TA, f$k - 1)
z <- data.frame(a = c(0, 3, 5, 2), b = c(20, 17, 30, 40), c = c(4, 0, 9, 5), d = c(18, 22, 28, 33))
for (m in c("OR", "RR", "RD", "PETO")) {
  e <- escalc(m, ai = a, bi = b, ci = c, di = d, data = z, add = if (m == "RD") 0 else 1/2, to = if (m == "PETO") "none" else "only0")
  out[[paste0("zero_", m)]] <- list(y = num(e$yi), v = num(e$vi))
}
for (m in c("SMD", "MD")) {
  e <- escalc(m, n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = h)
  out[[m]] <- list(y = num(e$yi), v = num(e$vi))
}
cat(toJSON(out, digits = NA, auto_unbox = TRUE))
"""

ARMS = {"lnoratio": "OR", "lnrratio": "RR", "rdiff": "RD", "lnorpeto": "PETO"}


def main():
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run(["Rscript", "-e", R], cwd=folder, check=True, capture_output=True, text=True).stdout
        frames = {name: pd.read_csv(Path(folder) / f"{name}.csv") for name in ["bcg", "expectations", "stays"]}
    frames["expectations"]["author"] = frames["expectations"]["author"].str.replace(",", "")
    for name, frame in frames.items():
        write_data(name, frame)
    r = json.loads(text)
    c = Cases("meta", "R metafor, statsmodels")
    esize = "meta esize tpos tneg cpos cneg, esize(lnoratio)"
    sets = {"or": ("bcg.csv", esize), "es": ("expectations.csv", "meta set yi se, studylabel(author)")}
    summary = {"theta": "theta", "se": "se", "ci_lb": "lo", "ci_ub": "hi", "tau2": "tau2", "I2": "i2", "H2": "h2", "Q": "q", "p_Q": "pq",
               "z": "z", "p": "p"}
    methods = ["reml", "mle", "ebayes", "dlaird", "sjonkman", "hedges", "hschmidt"]
    for stem, (data, declare) in sets.items():
        for m in methods:
            f = r[f"{stem}_{m}"]
            c.add(f"meta summarize {stem} {m}", data, f"{declare}\nmeta summarize, random({m})",
                  {f"r({k})": f[v] for k, v in summary.items()}, 1e-6, "R metafor rma")
    b, t = frames["bcg"], frames["expectations"]
    y = np.log(b.tpos * b.cneg / (b.tneg * b.cpos))
    v = 1 / b.tpos + 1 / b.tneg + 1 / b.cpos + 1 / b.cneg
    for method, name in [("chi2", "dlaird"), ("iterated", "ebayes")]:
        f = combine_effects(y, v, method_re=method, use_t=False, **({"atol": 1e-12} if method == "iterated" else {}))
        c.add(f"meta summarize {name} by statsmodels", "bcg.csv", f"{esize}\nmeta summarize, random({name})",
              {"r(theta)": f.mean_effect_re, "r(se)": f.sd_eff_w_re, "r(tau2)": f.tau2}, 1e-6, "statsmodels combine_effects")
    f = combine_effects(t.yi, t.se**2, method_re="chi2", use_t=True)
    c.add("meta summarize khartung by statsmodels", "expectations.csv", f"{sets['es'][1]}\nmeta summarize, random(dlaird) se(khartung)",
          {"r(theta)": f.mean_effect_re, "r(se)": f.sd_eff_w_re_hksj}, 1e-6, "statsmodels combine_effects")
    f = r["fixed"]
    c.add("meta summarize common", "bcg.csv", f"{esize}\nmeta summarize, common(invvariance)",
          {f"r({k})": f[v] for k, v in summary.items() if k not in ("tau2", "I2", "H2")}
          | {"r(H2)": f["q"] / 12, "r(I2)": 100 * (f["q"] - 12) / f["q"]}, 1e-7, "R metafor rma, method FE")
    f = r["knha"]
    c.add("meta summarize khartung", "bcg.csv", f"{esize}\nmeta summarize, se(khartung)",
          {"r(se)": f["se"], "r(ci_lb)": f["lo"], "r(t)": f["z"], "r(p)": f["p"], "r(df)": 12}, 1e-6, "R metafor, test knha")
    f = r["knha_es"]
    c.add("meta summarize khartung ebayes", "expectations.csv", f"{sets['es'][1]}\nmeta summarize, random(ebayes) se(khartung)",
          {"r(se)": f["se"], "r(ci_ub)": f["hi"], "r(t)": f["z"], "r(p)": f["p"]}, 1e-6, "R metafor, test knha")
    c.add("meta summarize predinterval", "bcg.csv", f"{esize}\nmeta summarize, predinterval",
          {"r(pi_lb)": r["prediction"][0], "r(pi_ub)": r["prediction"][1]}, 1e-6, "R metafor; t with K - 2")
    f = r["groups"]
    expect = {"r(Q_b)": f["qb"], "r(p_Q_b)": f["qbp"]}
    for i in range(3):
        expect |= {f"g[{i + 1},1]": f["theta"][i], f"g[{i + 1},2]": f["se"][i], f"h[{i + 1},2]": f["q"][i], f"h[{i + 1},4]": f["tau2"][i],
                   f"h[{i + 1},5]": f["i2"][i]}
    c.add("meta summarize subgroup", "bcg.csv", f"{esize}\nmeta summarize, subgroup(alloc)\nmatrix g = r(esgroup)\nmatrix h = r(hetgroup)",
          expect, 1e-6, "R metafor by group")
    for m in methods:
        f = r[f"reg_{m}"]
        expect = {"_b[ablat]": f["b"][1], "_b[year]": f["b"][2], "_b[_cons]": f["b"][0], "_se[ablat]": f["se"][1], "_se[_cons]": f["se"][0],
                  "e(tau2)": f["tau2"], "e(I2_res)": f["i2"], "e(H2_res)": f["h2"], "e(chi2)": f["qm"], "e(p)": f["qmp"], "e(Q_res)": f["q"],
                  "e(p_Q_res)": f["qp"], "e(R2)": f["r2"]}
        c.add(f"meta regress {m}", "bcg.csv", f"{esize}\nmeta regress ablat year, random({m})", expect, 2e-6, "R metafor rma with mods")
    f = r["reg_knha"]
    c.add("meta regress khartung", "bcg.csv", f"{esize}\nmeta regress ablat i.alloc, se(khartung)",
          {"_b[ablat]": f["b"][1], "_se[ablat]": f["se"][1], "_b[3.alloc]": f["b"][3], "_se[3.alloc]": f["se"][3], "e(F)": f["f"], "e(p)": f["p"]},
          2e-6, "R metafor, test knha")
    f = r["reg_fixed"]
    c.add("meta regress fixed", "bcg.csv", f"{esize}\nmeta regress ablat, fixed",
          {"_b[ablat]": f["b"][1], "_se[ablat]": f["se"][1], "_b[_cons]": f["b"][0], "e(Q_res)": f["q"]}, 1e-8, "R metafor, method FE")
    for k, stem in [("b", "or"), ("t", "es")]:
        data, declare = sets[stem]
        for m, name in [("REML", "reml"), ("DL", "dlaird")]:
            f = r[f"egger_{k}{m}"]
            c.add(f"meta bias egger {stem} {name}", data, f"{declare}\nmeta bias, egger random({name})",
                  {"r(beta1)": f["b"], "r(se)": f["se"], "r(z)": f["z"], "r(p)": f["p"]}, 2e-6, "R metafor, effects on standard errors")
            for e, estimator in [("L0", "linear"), ("R0", "run"), ("Q0", "quadratic")]:
                f = r[f"fill_{k}{m}{e}"]
                c.add(f"meta trimfill {stem} {name} {estimator}", data, f"{declare}\nmeta trimfill, random({name}) estimator({estimator})",
                      {"r(N_imputed)": f["k0"], "r(theta)": f["theta"], "r(se)": f["se"], "r(ci_lb)": f["lo"], "r(ci_ub)": f["hi"],
                       'r(side) == "right"': float(f["side"] == "right")}, 2e-6, "R metafor trimfill")
        f = r[f"traditional_{k}"]
        c.add(f"meta bias egger traditional {stem}", data, f"{declare}\nmeta bias, egger traditional",
              {"r(beta1)": f[0], "r(se)": f[1], "r(t)": f[2], "r(p)": f[3]}, 1e-8, "R lm with weights")
    for kind, m in [("lnoratio", "OR"), ("lnrratio", "RR")]:
        f = r[f"mh_{m}"]
        c.add(f"meta summarize mhaenszel {kind}", "bcg.csv",
              f"meta esize tpos tneg cpos cneg, esize({kind}) fixed\nmeta summarize", {"r(theta)": f["theta"], "r(se)": f["se"]}, 1e-8,
              "R metafor rma.mh")
    f = r["homogeneity"]
    c.add("cc bd tarone", "bcg.csv",
          "expand 4\nbysort trial: gen k = _n\ngen n = cond(k == 1, tpos, cond(k == 2, cpos, cond(k == 3, tneg, cneg)))\ngen case = k <= 2\n"
          "gen exposed = mod(k, 2)\ncc case exposed [fweight=n], by(trial) bd tarone",
          {"r(chi2_bd)": f[0], "r(chi2_t)": f[1], "r(df_bd)": f[2]}, 1e-7, "R metafor rma.mh")
    rows = "0 20 4 18\n3 17 0 22\n5 30 9 28\n2 40 5 33"
    for kind, m in ARMS.items():
        f = r[f"zero_{m}"]
        expect = {f"_meta_es[{i + 1}]": f["y"][i] for i in range(4)} | {f"_meta_se[{i + 1}]^2": f["v"][i] for i in range(4)}
        c.add(f"meta esize {kind}", None, f"input a b c d\n{rows}\nend\nmeta esize a b c d, esize({kind})", expect, 1e-9, "R metafor escalc")
    arms = "meta esize n1i m1i sd1i n2i m2i sd2i, esize"
    f = r["SMD"]
    c.add("meta esize hedgesg exact", "stays.csv", f"{arms}(hedgesg, exact)",
          {f"_meta_es[{i + 1}]": f["y"][i] for i in range(9)} | {f"_meta_se[{i + 1}]^2": f["v"][i] for i in range(9)}, 1e-8,
          "R metafor escalc SMD")
    f = r["MD"]
    c.add("meta esize mdiff unequal", "stays.csv", f"{arms}(mdiff, unequal)",
          {f"_meta_es[{i + 1}]": f["y"][i] for i in range(9)} | {f"_meta_se[{i + 1}]^2": f["v"][i] for i in range(9)}, 1e-9,
          "R metafor escalc MD")
    h = frames["stays"]
    df = h.n1i + h.n2i - 2
    s = np.sqrt(((h.n1i - 1) * h.sd1i**2 + (h.n2i - 1) * h.sd2i**2) / df)
    d = (h.m1i - h.m2i) / s
    g = d * (1 - 3 / (4 * df - 1))
    for kind, e in [("hedgesg", g), ("cohend", d)]:
        var = 1 / h.n1i + 1 / h.n2i + e**2 / (2 * (h.n1i + h.n2i))
        c.add(f"meta esize {kind}", "stays.csv", f"{arms}({kind})",
              {f"_meta_es[{i + 1}]": e[i] for i in range(9)} | {f"_meta_se[{i + 1}]^2": var[i] for i in range(9)}, 1e-9,
              "numpy: Hedges and Olkin (1985), [META] meta esize, Methods and formulas")
    c.write()


if __name__ == "__main__":
    main()
