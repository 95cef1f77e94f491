"""Intervals, tests of proportions and ranks, means and ratios, incidence rates, sample sizes: scipy, statsmodels,
formulas by hand. Writes `inference.json`; reads the data of `make_epidemiology.py` and `make_survival.py`."""

import math

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

Z = stats.norm.ppf(0.975)


def intervals(cases, d):
    x = d["marker"].to_numpy()
    n = len(x)
    se = x.std(ddof=1) / math.sqrt(n)
    t = stats.t.ppf(0.975, n - 1)
    cases.add("ci means", "epidemiology.csv", "ci means marker", {"r(mean)": x.mean(), "r(se)": se, "r(lb)": x.mean() - t * se, "r(ub)": x.mean() + t * se}, 1e-10, "scipy")
    k = int(d["case"].sum())
    for option, method in (("", "beta"), (", wald", "normal"), (", wilson", "wilson"), (", agresti", "agresti_coull"), (", jeffreys", "jeffreys")):
        low, high = proportion_confint(k, n, 0.05, method)
        cases.add(f"ci proportions{option}", "epidemiology.csv", f"ci proportions case{option}", {"r(proportion)": k / n, "r(lb)": low, "r(ub)": high}, 1e-8,
                  "statsmodels proportion_confint")
    v = x.var(ddof=1)
    q = stats.chi2.ppf([0.025, 0.975], n - 1)
    cases.add("ci variances", "epidemiology.csv", "ci variances marker", {"r(Var)": v, "r(lb)": (n - 1) * v / q[1], "r(ub)": (n - 1) * v / q[0]}, 1e-9, "scipy chi2")
    cases.add("cii means poisson", None, "cii means 12.5 27, poisson", {"r(mean)": 27 / 12.5, "r(lb)": stats.chi2.ppf(0.025, 54) / 2 / 12.5,
              "r(ub)": stats.chi2.ppf(0.975, 56) / 2 / 12.5}, 1e-9, "scipy chi2 (Garwood 1936)")
    cases.add("cii proportions", None, "cii proportions 10 0", {"r(ub)": 1 - 0.025 ** 0.1}, 1e-9, "closed form")


def proportions(cases, d):
    one, two = d[d["exposed"] == 0]["case"], d[d["exposed"] == 1]["case"]
    z, p = proportions_ztest([one.sum(), two.sum()], [len(one), len(two)])
    se = [np.sqrt(g.mean() * (1 - g.mean()) / len(g)) for g in (one, two)]
    gap, half = one.mean() - two.mean(), stats.norm.ppf(.975)
    pooled = d["case"].mean()
    cases.add("prtest by", "epidemiology.csv", "prtest case, by(exposed)",
              {"r(z)": z, "r(p)": p, "r(P1)": one.mean(), "r(P2)": two.mean(), "r(se1)": se[0], "r(se_diff)": np.hypot(*se),
               "r(lb2)": two.mean() - half * se[1], "r(ub_diff)": gap + half * np.hypot(*se),
               "r(se_diff0)": np.sqrt(pooled * (1 - pooled) * (1 / len(one) + 1 / len(two)))}, 1e-9,
              "statsmodels proportions_ztest, intervals by hand")
    z, p = proportions_ztest(d["case"].sum(), len(d), 0.3, prop_var=0.3)
    cases.add("prtest value", "epidemiology.csv", "prtest case == .3", {"r(z)": z, "r(p)": p}, 1e-10, "statsmodels proportions_ztest")
    z, p = proportions_ztest([12, 30], [30, 45])
    cases.add("prtesti", None, "prtesti 30 12 45 30, count", {"r(z)": z, "r(p)": p}, 1e-10, "statsmodels proportions_ztest")
    t = stats.ttest_ind_from_stats(20, 5, 20, 15, 4, 32, equal_var=False)
    cases.add("ttesti unequal", None, "ttesti 20 20 5 32 15 4, unequal", {"r(t)": t.statistic, "r(p)": t.pvalue}, 1e-9, "scipy ttest_ind_from_stats")
    t = stats.ttest_ind_from_stats(20, 5, 20, 15, 4, 32)
    cases.add("ttesti", None, "ttesti 20 20 5 32 15 4", {"r(t)": t.statistic, "r(p)": t.pvalue, "r(df_t)": 50}, 1e-9, "scipy ttest_ind_from_stats")


def ranks(cases, d):
    diff = (d["rater1"] - d["rater2"]).to_numpy(float)
    rank = stats.rankdata(abs(diff))
    n, n0 = len(diff), (diff == 0).sum()
    pos = rank[diff > 0].sum()
    expected = (n * (n + 1) - n0 * (n0 + 1)) / 4
    z = (pos - expected) / math.sqrt((rank[diff != 0] ** 2).sum() / 4)
    cases.add("signrank", "epidemiology.csv", "signrank rater1 = rater2", {"r(z)": z, "r(sum_pos)": pos, "r(p)": 2 * stats.norm.sf(abs(z))}, 1e-10,
              "scipy rankdata, formula of [R] signrank")
    whole = (d["second"] * 100).round() + 0.5
    w = stats.wilcoxon(whole, correction=False, method="asymptotic")
    cases.add("signrank scipy", "epidemiology.csv", "generate double y = round(second * 100) + .5\nsignrank y = 0", {"r(p)": w.pvalue}, 1e-8, "scipy wilcoxon")
    b = stats.binomtest(int((diff > 0).sum()), int((diff != 0).sum()))
    cases.add("signtest", "epidemiology.csv", "signtest rater1 = rater2", {"r(p)": b.pvalue}, 1e-9, "scipy binomtest")
    a, b = d[d["case"] == 0]["second"], d[d["case"] == 1]["second"]
    above, below = stats.ks_2samp(a, b, alternative="greater").statistic, stats.ks_2samp(a, b, alternative="less").statistic
    both = max(above, below)
    m = len(a) * len(b) / (len(a) + len(b))
    cases.add("ksmirnov", "epidemiology.csv", "ksmirnov second, by(case)", {"r(D_1)": above, "r(D)": both, "r(p)": stats.kstwobign.sf(both * math.sqrt(m)),
              "r(p_1)": math.exp(-2 * m * above**2)}, 1e-9, "scipy ks_2samp, kstwobign")


def estimates(cases, d):
    x, y, w = d["marker"].to_numpy(), d["second"].to_numpy(), d["fw"].to_numpy(float)
    n = len(d)
    v = np.cov(x, y) / n
    cases.add("mean", "epidemiology.csv", "mean marker second", {"_b[marker]": x.mean(), "_se[marker]": v[0, 0] ** 0.5, "e(V)[2,1]": v[0, 1], "e(df_r)": n - 1}, 1e-9,
              "numpy cov")
    rep = np.repeat(x, d["fw"])
    cases.add("mean fweight", "epidemiology.csv", "mean marker [fweight = fw]", {"_b[marker]": rep.mean(), "_se[marker]": stats.sem(rep), "e(N)": len(rep)}, 1e-10, "scipy sem on repeated rows")
    m = np.average(x, weights=w)
    pse = math.sqrt(n / (n - 1) * np.sum(w**2 * (x - m) ** 2)) / w.sum()
    cases.add("mean pweight", "epidemiology.csv", "mean marker [pweight = fw]", {"_b[marker]": m, "_se[marker]": pse}, 1e-10, "linearisation by hand")
    ase = math.sqrt(np.sum(w * (x - m) ** 2) / (w.sum() * (n - 1)))
    cases.add("mean aweight", "epidemiology.csv", "mean marker [aweight = fw]", {"_b[marker]": m, "_se[marker]": ase}, 1e-10, "[R] mean by hand")
    cases.add("total", "epidemiology.csv", "total marker", {"_b[marker]": x.sum(), "_se[marker]": math.sqrt(n) * x.std(ddof=1)}, 1e-10, "by hand")
    r = y.sum() / d["time"].sum()
    e = y - r * d["time"].to_numpy()
    cases.add("ratio", "epidemiology.csv", "ratio (q: second/time)", {"_b[q]": r, "_se[q]": math.sqrt(n / (n - 1) * np.sum(e**2)) / d["time"].sum()}, 1e-9, "linearisation by hand")
    p = (d["rater1"] == 2).mean()
    se = math.sqrt(p * (1 - p) / n)
    half = stats.t.ppf(0.975, n - 1) * se / (p * (1 - p))
    low = 1 / (1 + math.exp(-(math.log(p / (1 - p)) - half)))
    cases.add("proportion", "epidemiology.csv", "proportion rater1\nmatrix t = r(table)", {"_b[2.rater1]": p, "_se[2.rater1]": se, "t[5,2]": low}, 1e-9, "[R] proportion by hand, variance p(1-p)/n as Stata 18 has it")
    g = d[d["exposed"] == 1]["marker"]
    cases.add("mean over", "epidemiology.csv", "mean marker, over(exposed)\nmatrix b = e(b)\nmatrix v = e(V)", {"b[1,2]": g.mean(), "v[2,2]": g.var(ddof=1) / len(g)}, 1e-9, "by hand")


def rates(cases, v):
    time, d = v["time"].sum(), v["status"].sum()
    half = Z / math.sqrt(d)
    cases.add("stptime", "veteran.csv", "stset time, failure(status)\nstptime, per(100)", {"r(rate)": 100 * d / time, "r(lb)": 100 * d / time * math.exp(-half), "r(ub)": 100 * d / time * math.exp(half)},
              1e-10, "by hand")
    a = v[v["trt"] == 2]
    cases.add("strate", "veteran.csv", "stset time, failure(status)\nstrate trt\nmatrix m = r(rates)", {"m[2,1]": a["status"].sum(), "m[2,3]": a["status"].sum() / a["time"].sum()}, 1e-10, "by hand")
    b = v[v["trt"] == 1]
    cases.add("stir", "veteran.csv", "stset time, failure(status)\ngenerate e = trt == 2\nstir e", {"r(irr)": a["status"].sum() * b["time"].sum() / (b["status"].sum() * a["time"].sum())}, 1e-10, "by hand")
    cases.add("stsum", "veteran.csv", "stset time, failure(status)\nstsum", {"r(ir)": d / time, "r(risk)": time}, 1e-10, "by hand")


def sizes(cases):
    one = TTestPower()
    for effect, n in ((0.5, 30), (0.25, 80)):
        cases.add(f"power onemean {effect}", None, f"power onemean 0 {effect}, n({n})", {"r(power)": one.power(effect, n, 0.05)}, 1e-8, "statsmodels TTestPower")
        cases.add(f"size onemean {effect}", None, f"power onemean 0 {effect}, power(.9)", {"r(N)": math.ceil(one.solve_power(effect, power=0.9, alpha=0.05))}, 1e-12, "statsmodels TTestPower")
    two = TTestIndPower()
    cases.add("power twomeans", None, "power twomeans 10 12, sd(4) n(100)", {"r(power)": two.power(0.5, 50, 0.05)}, 1e-8, "statsmodels TTestIndPower")
    n1 = math.ceil(two.solve_power(0.5, power=0.8, alpha=0.01))
    cases.add("size twomeans", None, "power twomeans 10 12, sd(4) alpha(.01)", {"r(N1)": n1, "r(N)": 2 * n1}, 1e-12, "statsmodels TTestIndPower")
    cases.add("power onesided", None, "power twomeans 10 12, sd(4) n(60) onesided", {"r(power)": two.power(0.5, 30, 0.05, alternative="larger")}, 1e-8, "statsmodels TTestIndPower")
    a, b, n, m = 9 / 30, 25 / 40, 30, 40
    df = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
    shift, c = 2 / math.sqrt(a + b), stats.t.ppf(0.975, df)
    cases.add("power unequal", None, "power twomeans 10 12, sd1(3) sd2(5) n1(30) n2(40)", {"r(power)": stats.nct.sf(c, df, shift) + stats.nct.cdf(-c, df, shift)}, 1e-8, "scipy nct")
    p0, pa, n = 0.3, 0.45, 80
    null, own = math.sqrt(p0 * (1 - p0) / n), math.sqrt(pa * (1 - pa) / n)
    power = stats.norm.cdf((pa - p0 - Z * null) / own) + stats.norm.cdf((-Z * null - (pa - p0)) / own)
    cases.add("power oneproportion", None, "power oneproportion .3 .45, n(80)", {"r(power)": power}, 1e-10, "[PSS-2] by hand")
    n = math.ceil(((Z * math.sqrt(p0 * (1 - p0)) + stats.norm.ppf(0.8) * math.sqrt(pa * (1 - pa))) / (pa - p0)) ** 2)
    cases.add("size oneproportion", None, "power oneproportion .3 .45", {"r(N)": n}, 1e-12, "[PSS-2] by hand")
    p, q = 0.25, 0.4
    bar = (p + q) / 2
    n = math.ceil((Z * math.sqrt(2 * bar * (1 - bar)) + stats.norm.ppf(0.8) * math.sqrt(p * (1 - p) + q * (1 - q))) ** 2 / (q - p) ** 2)
    cases.add("size twoproportions", None, "power twoproportions .25 .4", {"r(N1)": n, "r(N)": 2 * n}, 1e-12, "Fleiss, Levin and Paik (2003) by hand")


if __name__ == "__main__":
    rows = pd.read_csv(ROOT / "data/epidemiology.csv", float_precision="round_trip")
    out = Cases("inference", "scipy, statsmodels, formulas by hand")
    intervals(out, rows)
    proportions(out, rows)
    ranks(out, rows)
    estimates(out, rows)
    rates(out, pd.read_csv(ROOT / "data/veteran.csv"))
    sizes(out)
    out.write()
