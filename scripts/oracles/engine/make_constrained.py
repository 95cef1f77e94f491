"""Constrained regression (numpy by substitution, statsmodels), Hotelling's test (Stata output in statsmodels), effect
sizes (scipy's noncentral t)."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases, write_data
from scipy import optimize, special, stats


def constrained(cases):
    f = pd.read_csv(ROOT / "data/grunfeld.csv")
    y = f.invest.to_numpy()
    x = np.column_stack([f.mvalue, f.kstock, f.year, np.ones(len(f))])
    names = ["mvalue", "kstock", "year", "_cons"]
    n = len(f)

    def substituted(t, c, vce=None):
        """b = t a + c: least squares of y - x c on x t."""
        z, r = x @ t, y - x @ c
        a = np.linalg.lstsq(z, r, rcond=None)[0]
        e = r - z @ a
        p = z.shape[1]
        inv = np.linalg.inv(z.T @ z)
        if vce is None:
            v = inv * (e @ e) / (n - p)
        elif vce == "robust":
            v = inv @ (z.T * e**2) @ z @ inv * n / (n - p)
        else:
            u = pd.DataFrame(z * e[:, None]).groupby(f.company.to_numpy()).sum().to_numpy()
            g = len(u)
            v = inv @ u.T @ u @ inv * g / (g - 1) * (n - 1) / (n - p)
        return t @ a + c, np.sqrt(np.maximum(np.diag(t @ v @ t.T), 0)), e @ e, p

    def expect(t, c, vce=None):
        b, se, rss, p = substituted(np.array(t, float), np.array(c, float), vce)
        out = {f"_b[{k}]": v for k, v in zip(names, b) if abs(v) > 1e-14} | {f"_se[{k}]": v for k, v in zip(names, se) if v > 1e-14}
        return out | {"e(rss)": rss, "e(rmse)": np.sqrt(rss / (n - p)), "e(df_r)": f.company.nunique() - 1 if vce == "cluster" else n - p}

    equal = ([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 0, 0, 0])
    start = "constraint define 1 mvalue = kstock\nconstraint 2 mvalue + kstock = 0.5\nconstraint 3 year = 1\n"
    command = "cnsreg invest mvalue kstock year, constraints(%s)"
    cases.add("cnsreg equal", "grunfeld.csv", start + command % 1, expect(*equal))
    cases.add("cnsreg robust", "grunfeld.csv", start + command % 1 + " vce(robust)", expect(*equal, "robust"))
    cases.add("cnsreg cluster", "grunfeld.csv", start + command % 1 + " vce(cluster company)", expect(*equal, "cluster"))
    cases.add("cnsreg sum", "grunfeld.csv", start + command % 2, expect([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 0.5, 0, 0]))
    cases.add("cnsreg two", "grunfeld.csv", start + command % "1 3", expect([[1, 0], [1, 0], [0, 0], [0, 1]], [0, 0, 1, 0]))
    res = sm.GLM(y, pd.DataFrame(x, columns=["m", "k", "t", "c"])).fit_constrained("m = k")
    b = substituted(np.array(equal[0], float), np.zeros(4))[0]
    assert np.allclose(res.params, b, rtol=1e-6)


def hotelling(cases):
    with_add = [24, 25, 21, 22, 23, 18, 17, 28, 24, 27, 21, 23], [23.5, 24.5, 20.5, 20.5, 22.5, 16.5, 16.5, 27.5, 23.5, 25.5, 20.5, 22.5]
    without = [20, 23, 21, 25, 18, 17, 18, 24, 20, 24, 23, 19], [19, 22, 20, 24, 17, 16, 17, 23, 19, 22, 22, 18]
    data = pd.DataFrame({"mpg1": with_add[0] + without[0], "mpg2": with_add[1] + without[1], "add": [1] * 12 + [0] * 12})
    write_data("additive", data)
    cases.add("hotelling paired", "additive.csv",
              "generate d1 = mpg1 - mpg1[_n+12]\ngenerate d2 = mpg2 - mpg2[_n+12]\nhotelling d1 d2 in 1/12",
              {"r(T2)": 9.698067632850247, "r(df)": 10, "r(k)": 2, "r(N)": 12, "r(F)": 4.408212560386478, "r(p)": 0.0423949782937231}, 1e-10, "Stata, quoted in statsmodels test_multivariate.py")
    cases.add("hotelling against a vector", "additive.csv", "generate d1 = mpg1 - 21\ngenerate d2 = mpg2 - 21\nhotelling d1 d2",
              {"r(T2)": 125.2791095890415, "r(F)": 59.91609589041116, "r(p)": 1.25062334808e-09}, 1e-9, "Stata, quoted in statsmodels test_multivariate.py")
    a, b = data[data["add"] == 0], data[data["add"] == 1]
    gap = (a.mean() - b.mean())[["mpg1", "mpg2"]].to_numpy()
    pooled = (11 * a[["mpg1", "mpg2"]].cov() + 11 * b[["mpg1", "mpg2"]].cov()).to_numpy() / 22
    t2 = gap @ np.linalg.solve(pooled, gap) * 6
    cases.add("hotelling by", "additive.csv", "hotelling mpg1 mpg2, by(add)", {"r(T2)": t2, "r(df)": 21, "r(F)": t2 * 21 / 44})
    d = (a.mpg1.mean() - b.mpg1.mean()) / np.sqrt((a.mpg1.var() + b.mpg1.var()) / 2)
    scale = np.sqrt(2 / 12)
    limit = lambda p: optimize.brentq(lambda nc: stats.nct.cdf(d / scale, 22, nc) - p, -8, 8, xtol=1e-13) * scale
    c = np.exp(special.gammaln(11) - special.gammaln(10.5)) / np.sqrt(11)
    low, high = limit(0.975), limit(0.025)
    expect = {"r(d)": d, "r(lb_d)": low, "r(ub_d)": high, "r(g)": c * d, "r(lb_g)": c * low, "r(ub_g)": c * high, "r(df_t)": 22}
    cases.add("esize twosample", "additive.csv", "esize twosample mpg1, by(add)", expect, 1e-8)
    cases.add("esize unpaired", "additive.csv", "generate a = mpg1 if add == 0\ngenerate b = mpg1 if add == 1\nesize unpaired a == b", expect, 1e-8)


def stepwise(cases):
    """Backward and forward selection by p-values of statsmodels."""
    rng = np.random.default_rng(3)
    n = 120
    data = pd.DataFrame({f"x{j}": np.round(rng.normal(size=n), 3) for j in range(1, 7)})
    data["y"] = np.round(1 + data.x1 + 0.4 * data.x2 - 0.25 * data.x3 + 0.15 * data.x4 + rng.normal(size=n), 4)
    data.loc[5, "x6"] = np.nan
    write_data("selection", data)
    full = data.dropna()
    names = [f"x{j}" for j in range(1, 7)]
    fit = lambda terms: sm.OLS(full.y, sm.add_constant(full[list(terms)]) if terms else np.ones(len(full))).fit()

    def backward(limit):
        terms = list(names)
        while terms:
            p = fit(terms).pvalues[terms]
            if p.max() < limit:
                break
            terms.remove(p.idxmax())
        return terms

    def forward(limit):
        terms = []
        while len(terms) < len(names):
            p = {t: fit(terms + [t]).pvalues[t] for t in names if t not in terms}
            best = min(p, key=p.get)
            if p[best] >= limit:
                break
            terms.append(best)
        return terms

    for label, option, terms in (("backward", "pr(.1)", backward(0.1)), ("forward", "pe(.05)", forward(0.05))):
        res = fit(terms)
        assert 0 < len(terms) < 6
        expect = {f"_b[{t}]": res.params[t] for t in terms} | {f"_se[{t}]": res.bse[t] for t in terms}
        cases.add(f"stepwise {label}", "selection.csv", f"stepwise, {option}: regress y x1 x2 x3 x4 x5 x6", expect | {"e(df_m)": len(terms), "e(N)": 119})
    res = fit(["x1", "x2", "x3", "x4"])
    joint = res.f_test("x3 = x4 = 0").pvalue
    assert joint < 0.3
    cases.add("stepwise with a group", "selection.csv", "stepwise, pr(.3): regress y x1 x2 (x3 x4)",
              {"_b[x3]": sm.OLS(data.y, sm.add_constant(data[["x1", "x2", "x3", "x4"]])).fit().params["x3"], "e(df_m)": 4})


if __name__ == "__main__":
    cases = Cases("constrained", "numpy, scipy, Stata output in statsmodels")
    constrained(cases)
    hotelling(cases)
    stepwise(cases)
    cases.write()
