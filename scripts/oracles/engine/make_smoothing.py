"""Smoothers, filters, centiles, trend tests, kappa of several raters, LM tests after var: statsmodels, scipy, the manual
of centile, formulas by hand. Writes `smoothing.json`; reads the data of the other scripts, writes `autoprice.csv`."""

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from scipy import optimize, stats
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.tsa.api import VAR, Holt, SimpleExpSmoothing
from statsmodels.tsa.filters.api import bkfilter, cffilter, hpfilter

# Prices of 74 cars of 1978, the data of the example in [R] centile
PRICE = [4099, 4749, 3799, 4816, 7827, 5788, 4453, 5189, 10372, 4082, 11385, 14500, 15906, 3299, 5705, 4504, 5104, 3667, 3955, 3984, 4010, 5886, 6342, 4389, 4187, 11497, 13594, 13466, 3829, 5379, 6165, 4516, 6303, 3291, 8814, 5172, 4733, 4890, 4181, 4195, 10371, 4647, 4425, 4482, 6486, 4060, 5798, 4934, 5222, 4723, 4424, 4172, 9690, 6295, 9735, 6229, 4589, 5079, 8129, 4296, 5799, 4499, 3995, 12990, 3895, 3798, 5899, 3748, 5719, 7140, 5397, 4697, 6850, 11995]


def centiles(cases):
    write_data("autoprice", pd.DataFrame({"price": PRICE}))
    manual = "[R] centile, example 1"
    cases.add("centile of the manual", "autoprice.csv", "centile price, centile(5 50 95)", {"r(c_1)": 3727.75, "r(lb_1)": 3291.23, "r(ub_1)": 3914.16, "r(c_2)": 5006.5, "r(lb_2)": 4593.566,
              "r(ub_2)": 5717.90, "r(c_3)": 13498, "r(lb_3)": 11061.53, "r(ub_3)": 15865.30}, 1e-6, manual)
    x = np.sort(np.array(PRICE, float))
    n, m, sd = len(x), x.mean(), x.std(ddof=1)
    z = stats.norm.ppf(0.975)
    zq = stats.norm.ppf(0.95)
    se = sd * np.sqrt(1 / n + zq**2 / (2 * (n - 1)))
    cases.add("centile meansd", "autoprice.csv", "centile price, centile(95) meansd", {"r(c_1)": m + zq * sd, "r(lb_1)": m + zq * sd - z * se, "r(ub_1)": m + zq * sd + z * se}, 1e-10, "formula of [R] centile, scipy")
    c = 13498.0
    se = np.sqrt(0.95 * 0.05 / n) / stats.norm.pdf(c, m, sd)
    cases.add("centile normal", "autoprice.csv", "centile price, centile(95) normal", {"r(c_1)": c, "r(lb_1)": c - z * se, "r(ub_1)": c + z * se}, 1e-9, "formula of [R] centile, scipy")
    # cci: order statistics by the binomial distribution
    k = next(k for k in range(n) if stats.binom.cdf(k, n, 0.25) > 0.025)
    j = next(k for k in range(n) if stats.binom.cdf(k, n, 0.75) > 0.025)
    cases.add("centile cci", "autoprice.csv", "centile price, centile(25) cci", {"r(lb_1)": x[k - 1], "r(ub_1)": x[n - j]}, 1e-12, "scipy binom")


def smoothers(cases, m):
    x = m["infl"].to_numpy(float)
    setup = "tsset t\n"
    n = len(x)
    s0 = x[: n // 2].mean()
    fit = SimpleExpSmoothing(x, initialization_method="known", initial_level=s0).fit(smoothing_level=0.4, optimized=False)
    f = fit.fittedvalues
    cases.add("tssmooth exponential", "macrots.csv", setup + "tssmooth exponential double e = infl, parms(.4) forecast(2)", {"e[1]": f[0], "e[50]": f[49], f"e[{n}]": f[-1], "r(rss)": fit.sse, f"e[{n + 2}]": fit.forecast(2)[1]},
              1e-10, "statsmodels SimpleExpSmoothing")
    best = optimize.minimize_scalar(lambda a: SimpleExpSmoothing(x, initialization_method="known", initial_level=s0).fit(smoothing_level=a, optimized=False).sse, bounds=(0.01, 0.99), method="bounded",
                                    options={"xatol": 1e-10})
    cases.add("tssmooth exponential, best", "macrots.csv", setup + "tssmooth exponential double e = infl", {"r(rss)": best.fun, "r(rmse)": np.sqrt(best.fun / n)}, 1e-9, "statsmodels SimpleExpSmoothing, scipy")
    b, a = np.polyfit(np.arange(1, n // 2 + 1), x[: n // 2], 1)
    fit = Holt(x, initialization_method="known", initial_level=a, initial_trend=b).fit(smoothing_level=0.7, smoothing_trend=0.3, optimized=False)
    f = fit.fittedvalues
    cases.add("tssmooth hwinters", "macrots.csv", setup + "tssmooth hwinters double h = infl, parms(.7 .3) forecast(3)", {"h[1]": f[0], "h[90]": f[89], "r(rss)": fit.sse, f"h[{n + 3}]": fit.forecast(3)[2]}, 1e-9, "statsmodels Holt")
    once = x.copy()
    level = 2.0
    for i, v in enumerate(x):
        level = 0.3 * v + 0.7 * level
        once[i] = level
    twice = SimpleExpSmoothing(once, initialization_method="known", initial_level=1.5).fit(smoothing_level=0.3, optimized=False)
    cases.add("tssmooth dexponential", "macrots.csv", setup + "tssmooth dexponential double d = infl, parms(.3) s0(2 1.5)", {"d[1]": twice.level[0], "d[60]": twice.level[59], f"d[{n}]": twice.level[-1]}, 1e-10,
              "statsmodels SimpleExpSmoothing twice")
    w = np.array([1, 2, 3, 2, 1.0])
    y = pd.Series(x)
    cases.add("tssmooth ma", "macrots.csv", setup + "tssmooth ma double a = infl, window(2 1 1)\ntssmooth ma double w = infl, weights(1 2 <3> 2 1)", {"a[30]": y.rolling(4).mean()[30], "w[30]": (w * x[27:32]).sum() / 9, "a[1]": x[:2].mean(),
              "w[1]": (3 * x[0] + 2 * x[1] + x[2]) / 6}, 1e-12, "pandas rolling, by hand")


def filters(cases, m):
    setup = "tsset t\n"
    y = np.log(m["realgdp"].to_numpy(float))
    n = len(y)
    start = setup + "generate double y = ln(realgdp)\n"
    cycle, trend = hpfilter(y, 1600)
    cases.add("tsfilter hp", "macrots.csv", start + "tsfilter hp double c = y, trend(double g)", {"c[1]": cycle[0], "c[100]": cycle[99], f"c[{n}]": cycle[-1], "g[50]": trend[49]}, 1e-6, "statsmodels hpfilter")
    cycle = bkfilter(y, 6, 32, 12)
    cases.add("tsfilter bk", "macrots.csv", start + "tsfilter bk double c = y\ncount if missing(c)", {"c[13]": cycle[0], "c[100]": cycle[87], "r(N)": 24}, 1e-9, "statsmodels bkfilter")
    for drift, option in ((False, ""), (True, ", drift")):
        cycle, _ = cffilter(y, 6, 32, drift)
        cases.add(f"tsfilter cf{option}", "macrots.csv", start + f"tsfilter cf double c = y{option}", {"c[1]": cycle[0], "c[2]": cycle[1], "c[100]": cycle[99], f"c[{n}]": cycle[-1]}, 1e-8, "statsmodels cffilter")
    cycle, _ = hpfilter(y, 6.25)
    cases.add("tsfilter hp, years", "macrots.csv", start + "format t %ty\ntsfilter hp double c = y", {"c[70]": cycle[69], "r(smooth)": 6.25}, 1e-7, "statsmodels hpfilter, Ravn and Uhlig (2002)")


def trends(cases, d):
    y, g = d["marker"].round(1).to_numpy(), d["rater1"].to_numpy()
    do = "generate y = round(marker * 10)\n"
    y = np.floor(d["marker"].to_numpy() * 10 + 0.5)
    n = len(y)
    r = stats.pearsonr(stats.rankdata(y), g).statistic
    cases.add("nptrend cuzick", "epidemiology.csv", do + "nptrend y, group(rater1)", {"r(z)": r * np.sqrt(n - 1), "r(N)": n}, 1e-9, "correlation of ranks and scores (scipy)")
    r = stats.pearsonr(y, g).statistic
    cases.add("nptrend linear", "epidemiology.csv", do + "nptrend y, group(rater1) linear", {"r(z)": r * np.sqrt(n - 1)}, 1e-9, "linear-by-linear association (scipy pearsonr)")
    tau = stats.kendalltau(y, g, method="asymptotic")
    cases.add("nptrend jterpstra", "epidemiology.csv", do + "nptrend y, group(rater1) jterpstra", {"r(p)": tau.pvalue}, 1e-9, "scipy kendalltau, asymptotic")
    c = d["case"].to_numpy()
    r = stats.pearsonr(c, g).statistic
    cases.add("nptrend carmitage", "epidemiology.csv", "nptrend case, group(rater1) carmitage", {"r(z)": r * np.sqrt(n)}, 1e-9, "Agresti (2013, 5.3.5): z = r sqrt(N)")


def raters(cases):
    rng = np.random.default_rng(5)
    table = np.array([rng.multinomial(4, p) for p in rng.dirichlet([0.6, 0.8, 0.5], 30)])
    frame = pd.DataFrame(table, columns=["a", "b", "c"])
    write_data("ratings", frame)
    n, m = len(table), 4
    p = table.sum(0) / table.sum()
    q = 1 - p
    pq = (p * q).sum()
    # Fleiss, Nee and Landis (1979), variance under independence
    var = 2 / (pq**2 * n * m * (m - 1)) * (pq**2 - (p * q * (q - p)).sum())
    k = fleiss_kappa(table)
    own = [fleiss_kappa(np.column_stack([table[:, j], m - table[:, j]])) for j in range(3)]
    se = np.sqrt(2 / (n * m * (m - 1)))
    cases.add("kappa", "ratings.csv", "kappa a b c", {"r(kappa)": k, "r(z)": k / np.sqrt(var), "r(kappa_1)": own[0], "r(kappa_3)": own[2], "r(z_2)": own[1] / se}, 1e-10,
              "statsmodels fleiss_kappa; Fleiss, Nee and Landis (1979)")
    do = "generate id = _n\nrename (a b c) (n1 n2 n3)\nreshape long n, i(id) j(r)\nexpand n\ndrop if n == 0\nbysort id (r): generate j = _n\nkeep id r j\nreshape wide r, i(id) j(j)\nkap r1 r2 r3 r4"
    cases.add("kap of four raters", "ratings.csv", do, {"r(kappa)": k, "r(z)": k / np.sqrt(var), "r(N)": n}, 1e-10, "statsmodels fleiss_kappa")


def residuals(cases, m):
    y = np.log(m[["realgdp", "realcons", "realinv"]]).diff().dropna().to_numpy()
    fit = VAR(y).fit(2)
    u = np.asarray(fit.resid)
    n, k = u.shape
    lagged = np.column_stack([np.ones(n), y[1:-1], y[:-2]])
    out = {}
    for lag in (1, 2):
        shifted = np.vstack([np.zeros((lag, k)), u[:-lag]])
        x = np.column_stack([lagged, shifted])
        e = u - x @ np.linalg.lstsq(x, u, rcond=None)[0]
        lm = (n - x.shape[1] - 0.5) * np.log(np.linalg.det(u.T @ u) / np.linalg.det(e.T @ e))
        out[f"el(r(lm),{lag},2)"] = lm
        out[f"el(r(lm),{lag},4)"] = stats.chi2.sf(lm, k * k)
    do = "tsset t\n" + "".join(f"generate double d{v} = ln({v}) - ln(L.{v})\n" for v in ("realgdp", "realcons", "realinv"))
    cases.add("varlmar", "macrots.csv", do + "var drealgdp drealcons drealinv\nvarlmar", out, 1e-7, "statsmodels VAR, numpy (Johansen 1995)")


def main():
    cases = Cases("smoothing", "statsmodels, scipy, [R] centile, formulas by hand")
    macro = pd.read_csv(ROOT / "data/macrots.csv")
    people = pd.read_csv(ROOT / "data/epidemiology.csv")
    centiles(cases)
    smoothers(cases, macro)
    filters(cases, macro)
    trends(cases, people)
    raters(cases)
    residuals(cases, macro)
    cases.write()


if __name__ == "__main__":
    main()
