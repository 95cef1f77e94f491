"""`cem` and `imb` on LaLonde's data (printed output of Stata, numpy); `metan`, `metareg`, `metabias` (printed output of Stata,
R metafor, numpy by the formulas of Deeks, Altman and Bradburn 2001). Writes `matching_pools.json`.

The data of LaLonde are `nsw_mixtape` and `cps_mixtape` of the Python package causaldata (MIT licence). The studies of
schizophrenia are those of Cheung and Vijayakumar (2016), whose page prints Stata's output of `metareg`."""

import json
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases

# ---- coarsened exact matching ----

def lalonde():
    from causaldata import cps_mixtape, nsw_mixtape

    nsw, cps = nsw_mixtape.load_pandas().data, cps_mixtape.load_pandas().data
    d = pd.concat([nsw[nsw.treat == 1], cps], ignore_index=True)
    whole = ["treat", "age", "educ", "black", "hisp", "marr", "nodegree"]
    d = d[whole + ["re74", "re75", "re78"]].astype(float)
    d[whole] = d[whole].astype(int)
    for name in ["re74", "re75", "re78"]:
        # the shortest decimals of these single-precision numbers
        d[name] = [float(str(np.float32(x))) for x in d[name]]
    return d


def bins(x, cuts):
    # (low, high], the first interval with its lower end
    return np.where(x == cuts[0], 1, np.searchsorted(cuts, x, side="left"))


def cuts(x, rule):
    n = len(x)
    if rule == "sturges":
        k = np.ceil(np.log2(n) + 1)
    else:
        k = np.ceil((x.max() - x.min()) / (3.5 * x.std(ddof=1) * n ** (-1 / 3)))
    return np.linspace(x.min(), x.max(), max(int(k), 2))


def codes(columns):
    return pd.MultiIndex.from_arrays(columns).factorize()[0]


def distance(key, t, w):
    f = np.bincount(key, t * w) / (t * w).sum()
    g = np.bincount(key, (1 - t) * w) / ((1 - t) * w).sum()
    return 0.5 * np.abs(f - g).sum()


def imbalance(d, names, t, w, rule):
    b = [bins(d[v].values, cuts(d[v].values, rule)) for v in names]
    out = {"r(L1)": distance(codes(b), t, w)}
    for i, v in enumerate(names):
        x = d[v].values
        out[f"el(r(imbal),{i + 1},1)"] = distance(codes([b[i]]), t, w)
        one, zero = t == 1, t == 0
        out[f"el(r(imbal),{i + 1},2)"] = np.average(x[one], weights=w[one]) - np.average(x[zero], weights=w[zero])
        out[f"el(r(imbal),{i + 1},3)"] = x[one].min() - x[zero].min()
        out[f"el(r(imbal),{i + 1},7)"] = x[one].max() - x[zero].max()
    # differences that are zero up to rounding are not compared
    return {k: x for k, x in out.items() if abs(x) > 1e-12}


def match(d, columns):
    t = d.treat.values
    key = codes(columns)
    one, zero = np.bincount(key, t), np.bincount(key, 1 - t)
    both = (one > 0) & (zero > 0)
    kept = both[key]
    ratio = zero[both].sum() / one[both].sum()
    w = np.where(t == 1, 1.0, one[key] / np.maximum(zero[key], 1) * ratio) * kept
    return len(one), both.sum(), kept, w


cases = Cases("matching_pools", "Stata output, numpy, statsmodels, R metafor")
d = lalonde()
d.to_csv(ROOT / "data/lalonde.csv", index=False)
d = pd.read_csv(ROOT / "data/lalonde.csv").astype(float)
names = "age agesq agecube educ edusq marr nodegree black hisp re74 re75 u74 u75"
# in single precision, as the data that Stata read
prepare = ("replace re74 = float(re74)\nreplace re75 = float(re75)\nreplace re78 = float(re78)\ngenerate agesq = age^2\ngenerate agecube = age^3\ngenerate edusq = educ^2\n"
           "generate u74 = re74 == 0\ngenerate u75 = re75 == 0\n")
cases.add(
    "cem of LaLonde's data, as printed", "lalonde.csv",
    prepare + f"cem {names.replace('age ', 'age (10 20 30 40 60) ', 1)}, treatment(treat)\nmatrix t = r(match_table)\n"
    "scalar s = r(n_strata)\nscalar m = r(n_mstrata)\nregress re78 treat [iweight=cem_weights], robust",
    {"s": 8738, "m": 43, "t[1,1]": 15992, "t[1,2]": 185, "t[2,1]": 176, "t[2,2]": 79, "t[3,1]": 15816, "t[3,2]": 106,
     "_b[treat]": 2559.071, "_se[treat]": 1030.202, "_b[_cons]": 4157.077, "_se[_cons]": 700.3383, "e(N)": 255},
    1e-6, "Stata output on the page of a course that uses the data of Cunningham's Mixtape")
cases.cases[-1]["printed"] = [
    "Multivariate L1 distance: .51255777",
    "L1 mean min 25% 50% 75% max",
    "age .07947 .53235 1 1 0 1 0",
    "agesq .09845 20.224 33 35 0 49 0",
    "agecube .14909 582.96 817 919 0 1801 0",
    "re74 .0597 84.692 0 0 0 0 -94.801",
    "re75 .03614 -43.642 0 0 0 -115.32 -545.65",
]
columns = [bins(d.age.values, np.linspace(16, 55, 5)), d.educ.values, bins(d.re74.values, cuts(d.re74.values, "scott")),
           bins(d.re75.values, cuts(d.re75.values, "sturges"))]
count, both, kept, w = match(d, columns)
s = d[kept].reset_index(drop=True)
expect = {"r(n_strata)": count, "r(n_mstrata)": both, "r(n_matched)": kept.sum()}
for i in [1, 2, 3, 200, 5000]:
    expect[f"cem_weights[{i}]"] = w[i - 1]
expect |= imbalance(s, ["age", "educ", "re74", "re75"], s.treat.values, w[kept], "sturges")
cases.add("cem with #k, #0 and rules", "lalonde.csv",
          "cem age (#5) educ (#0) re74 (scott) re75, treatment(treat) imbbreaks(sturges)", expect, 1e-9, "numpy")
cases.add("imb of all units", "lalonde.csv", "imb age educ re74, treatment(treat)",
          imbalance(d, ["age", "educ", "re74"], d.treat.values, np.ones(len(d)), "scott"), 1e-9, "numpy")
part = d[d.age <= 40].reset_index(drop=True)
cases.add("imb with if and sturges", "lalonde.csv", "imb age re75 if age <= 40, treatment(treat) breaks(sturges)",
          imbalance(part, ["age", "re75"], part.treat.values, np.ones(len(part)), "sturges"), 1e-9, "numpy")

# ---- pools of studies ----

R = r"""
suppressMessages({library(metafor); library(jsonlite)})
num <- function(x) unname(as.numeric(x)); out <- list(); tight <- list(threshold = 1e-13, maxiter = 10000)
d <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
see <- function(f) list(b = num(f$beta), se = num(f$se), q = f$QE)
for (m in c("RR", "OR")) out[[paste0("mh", m)]] <- see(rma.mh(ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg, measure = m))
out$peto <- see(rma.peto(ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg))
f <- rma(yi, vi, data = d, method = "DL"); out$dl <- c(see(f), list(tau2 = f$tau2))
f <- rma(yi, vi, data = d, method = "FE"); out$fe <- see(f)
reg <- function(f) list(b = num(f$beta), se = num(f$se), tau2 = f$tau2, q = f$QE, factor = f$s2w, qm = f$QM)
out$reml <- reg(rma(yi, vi, mods = ~ ablat, data = d, test = "knha", control = tight))
out$mm <- reg(rma(yi, vi, mods = ~ ablat + year, data = d, test = "knha", method = "DL"))
out$eb <- reg(rma(yi, vi, mods = ~ ablat, data = d, method = "EB", control = tight))
w <- escalc("MD", n1i = n1i, n2i = n2i, m1i = m1i, m2i = m2i, sd1i = sd1i, sd2i = sd2i, data = dat.normand1999)
f <- rma(yi, vi, data = w, method = "DL"); out$wmd <- c(see(f), list(tau2 = f$tau2))
e <- regtest(d$yi, d$vi, model = "lm"); out$egger <- list(t = num(e$zval), p = num(e$pval))
k <- ranktest(d$yi, d$vi, exact = FALSE); out$begg <- list(tau = num(k$tau), p = num(k$pval))
cat(toJSON(out, digits = NA, auto_unbox = TRUE))
"""
r = json.loads(subprocess.run(["Rscript", "-e", R], capture_output=True, text=True, check=True).stdout)
bcg = "metan tpos tneg cpos cneg, {} nograph"
z = 1.959963984540054


def ratio(f):
    b, se = f["b"], f["se"]
    return {"r(ES)": np.exp(b), "r(selogES)": se, "r(ci_low)": np.exp(b - z * se), "r(ci_upp)": np.exp(b + z * se),
            "r(z)": abs(b / se)}


b = pd.read_csv(ROOT / "data/bcg.csv").astype(float)
ta, tb, tc, td = (b[c].values for c in ["tpos", "tneg", "cpos", "cneg"])
n1, n2 = ta + tb, tc + td
n = n1 + n2
rr, v = np.log(ta * n2 / (tc * n1)), 1 / ta - 1 / n1 + 1 / tc - 1 / n2
for measure in ["rr", "or"]:
    cases.add(f"metan {measure} by Mantel and Haenszel", "bcg.csv", bcg.format(measure), ratio(r["mh" + measure.upper()]), 1e-8,
              "R metafor rma.mh")
cases.add("metan peto", "bcg.csv", bcg.format("or peto"), ratio(r["peto"]) | {"r(het)": r["peto"]["q"]}, 1e-8, "R metafor rma.peto")
cases.add("metan fixedi", "bcg.csv", bcg.format("rr fixedi"), ratio(r["fe"]) | {"r(het)": r["fe"]["q"], "r(df)": 12}, 1e-8,
          "R metafor rma")
cases.add("metan randomi", "bcg.csv", bcg.format("randomi"), ratio(r["dl"]) | {"r(tau2)": r["dl"]["tau2"], "r(het)": r["dl"]["q"]},
          1e-8, "R metafor rma")
q = ((rr - r["mhRR"]["b"]) ** 2 / v).sum()
tau2 = (q - 12) / ((1 / v).sum() - (1 / v**2).sum() / (1 / v).sum())
w = 1 / (v + tau2)
cases.add("metan random with the heterogeneity about the Mantel-Haenszel pool", "bcg.csv", bcg.format("random"),
          ratio({"b": (w * rr).sum() / w.sum(), "se": w.sum() ** -0.5})
          | {"r(tau2)": tau2, "r(het)": q, "r(i_sq)": 100 * (q - 12) / q, "_WT[3]": 100 * w[2] / w.sum(), "_SS[3]": n[2],
             "_LCI[4]": np.exp(rr[3] - z * v[3] ** 0.5), "_selogES[2]": v[1] ** 0.5}, 1e-8, "numpy")
# Greenland and Robins (1985) as Deeks, Altman and Bradburn give it; metafor has the variance of Sato et al. (1989).
w = n1 * n2 / n
j = ((ta * tb * n2**3 + tc * td * n1**3) / (n1 * n2 * n**2)).sum()
cases.add("metan rd", "bcg.csv", bcg.format("rd"), {"r(ES)": (w * (ta / n1 - tc / n2)).sum() / w.sum(), "r(seES)": j**0.5 / w.sum()},
          1e-8, "numpy")
zero = "replace tpos = 0 in 1\n"
cell = np.array([0.5, 119.5, 11.5, 128.5])
cases.add("metan with a cell of zero", "bcg.csv", zero + bcg.format("or fixedi"),
          {"_ES[1]": cell[0] * cell[3] / (cell[1] * cell[2]), "_selogES[1]": (1 / cell).sum() ** 0.5}, 1e-10, "numpy")
h = pd.read_csv(ROOT / "data/stays.csv").astype(float)
a1, m1, s1, a2, m2, s2 = (h[c].values for c in ["n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i"])
a = a1 + a2
pooled = (((a1 - 1) * s1**2 + (a2 - 1) * s2**2) / (a - 2)) ** 0.5
d0 = (m1 - m2) / pooled
effects = {"cohen": (d0, a / (a1 * a2) + d0**2 / (2 * (a - 2)))}
g = d0 * (1 - 3 / (4 * a - 9))
effects["hedges"] = (g, a / (a1 * a2) + g**2 / (2 * (a - 3.94)))
g = (m1 - m2) / s2
effects["glass"] = (g, a / (a1 * a2) + g**2 / (2 * (a2 - 1)))
for option, (y, var) in effects.items():
    cases.add(f"metan {option}", "stays.csv", f"metan n1i m1i sd1i n2i m2i sd2i, {option} nograph",
              {"r(ES)": (y / var).sum() / (1 / var).sum(), "r(seES)": (1 / var).sum() ** -0.5, "_ES[2]": y[1],
               "_seES[2]": var[1] ** 0.5}, 1e-9, "numpy")
cases.add("metan nostandard random", "stays.csv", "metan n1i m1i sd1i n2i m2i sd2i, nostandard random nograph",
          {"r(ES)": r["wmd"]["b"], "r(seES)": r["wmd"]["se"], "r(tau2)": r["wmd"]["tau2"], "r(het)": r["wmd"]["q"]}, 1e-8,
          "R metafor rma")
effects = ("generate double y = log(tpos/(tpos + tneg)/(cpos/(cpos + cneg)))\n"
           "generate double se = sqrt(1/tpos - 1/(tpos + tneg) + 1/cpos - 1/(cpos + cneg))\n")
intervals = effects + "generate double low = y - invnormal(.975)*se\ngenerate double high = y + invnormal(.975)*se\n"
cases.add("metan of intervals", "bcg.csv", intervals + "metan y low high, random nograph",
          {"r(ES)": r["dl"]["b"], "r(seES)": r["dl"]["se"], "r(tau2)": r["dl"]["tau2"]}, 1e-8, "R metafor rma")
fits = {"reml": ("ablat", ""), "mm": ("ablat year", "mm"), "eb": ("ablat", "eb z")}
for name, (moderators, options) in fits.items():
    f = r[name]
    order = ["_cons", *moderators.split()]
    expect = {"e(tau2)": f["tau2"], "e(Q)": f["q"]}
    for i, term in enumerate(order):
        expect |= {f"_b[{term}]": f["b"][i], f"_se[{term}]": f["se"][i]}
    if name != "eb":
        expect |= {"e(q_KH)": f["factor"], "e(F)": f["qm"]}
    cases.add(f"metareg {name}", "bcg.csv", effects + f"metareg y {moderators}, wsse(se) {options}", expect, 2e-7, "R metafor rma")
cases.add("metareg of schizophrenia, as printed", "schizophrenia.csv", "generate se = sqrt(v)\nmetareg y x, wsse(se)",
          {"_b[x]": -0.0071645, "_se[x]": 0.0030496, "_b[_cons]": -0.4422977, "_se[_cons]": 0.1273233}, 1e-5,
          "Stata output in Cheung and Vijayakumar (2016)")
cases.cases[-1]["printed"] = [
    "Meta-regression Number of obs = 50",
    "REML estimate of between-study variance tau2 = .02432",
    "% residual variation due to heterogeneity I-squared_res = 38.44%",
    "Proportion of between-study variance explained Adj R-squared = 15.93%",
    "With Knapp-Hartung modification",
    "x | -.0071645 .0030496 -2.35 0.023 -.0132961 -.0010329",
    "_cons | -.4422977 .1273233 -3.47 0.001 -.6982984 -.1862969",
]
f = sm.OLS(rr / v**0.5, sm.add_constant(v**-0.5)).fit()
assert abs(f.tvalues[0] - r["egger"]["t"]) < 1e-9
cases.add("metabias egger", "bcg.csv", effects + "metabias y se, egger",
          {"r(bias)": f.params[0], "r(se_bias)": f.bse[0], "r(p_bias)": r["egger"]["p"], "_b[slope]": f.params[1],
           "r(rmse)": f.scale**0.5}, 1e-9, "statsmodels, R metafor regtest")
cases.add("metabias begg", "bcg.csv", effects + "metabias y se, begg",
          {"r(score)": r["begg"]["tau"] * 78, "r(Begg_p)": r["begg"]["p"], "r(score_sd)": (13 * 12 * 31 / 18) ** 0.5}, 1e-9,
          "R metafor ranktest")
var = n1 * n2 * (ta + tc) * (tb + td) / (n**2 * (n - 1))
f = sm.OLS((ta - (ta + tc) * n1 / n) / var**0.5, sm.add_constant(var**0.5)).fit()
cases.add("metabias harbord", "bcg.csv", "metabias tpos tneg cpos cneg, harbord",
          {"r(bias)": f.params[0], "r(se_bias)": f.bse[0], "r(p_bias)": f.pvalues[0]}, 1e-9, "statsmodels")
f = sm.WLS(np.log(ta * td / (tb * tc)), sm.add_constant(1 / n), weights=(ta + tc) * (tb + td) / n).fit()
cases.add("metabias peters", "bcg.csv", "metabias tpos tneg cpos cneg, peters",
          {"r(bias)": f.params[1], "r(se_bias)": f.bse[1], "r(p_bias)": f.pvalues[1]}, 1e-9, "statsmodels")
cases.write()
