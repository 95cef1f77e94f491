"""`bitest`, `ameans`, `pcorr`, `predictnl`, `lpoly` on the data of 1978 cars (scipy, statsmodels)."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy import stats


def binned(cases):
    """`binscatter`: the line through residuals has the slope of the whole regression, the constant of the means; bins."""
    frame = pd.read_csv(ROOT / "data" / "lbw.csv")
    full = sm.OLS(frame["bwt"], sm.add_constant(frame[["lwt", "age", "smoke"]])).fit()
    slope = full.params["lwt"]
    expect = {"c[1,1]": slope, "c[1,2]": frame["bwt"].mean() - slope * frame["lwt"].mean(), "e(N)": len(frame)}
    cases.add("binscatter, controls()", "lbw.csv", "binscatter bwt lwt, controls(age i.smoke)\nmatrix c = e(y1_coefs)", expect, 1e-9,
              "statsmodels OLS")
    expect = {}
    for row, smoke in ((1, 0), (2, 1)):
        part = frame[frame["smoke"] == smoke]
        b = np.polyfit(part["age"], part["bwt"], 2)
        expect |= {f"c[{row},{k + 1}]": b[k] for k in range(3)}
    cuts = np.quantile(frame["lwt"], [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    bins = np.searchsorted(cuts, frame["lwt"].to_numpy(), side="left") + 1
    expect |= {f"n{k}": (bins == k).sum() for k in (1, 2, 3, 4)}
    do = ("binscatter bwt age, by(smoke) linetype(qfit)\nmatrix c = e(y1_coefs)\nbinscatter bwt lwt, nquantiles(4) genxq(b)\n"
          + "\n".join(f"count if b == {k}\nscalar n{k} = r(N)" for k in (1, 2, 3, 4)))
    cases.add("binscatter, groups and bins", "lbw.csv", do, expect, 1e-9, "numpy")


def binomial(cases, cars):
    """Exact tests; the two-sided probability of scipy is over outcomes that are at most as probable."""
    k, n = int(cars["foreign"].sum()), len(cars)
    for p in (0.2, 0.3, 0.45, 0.5):
        test = {side: stats.binomtest(k, n, p, alternative=side).pvalue for side in ("two-sided", "less", "greater")}
        expect = {"r(N)": n, "r(k)": k, "r(p)": test["two-sided"], "r(p_l)": test["less"], "r(p_u)": test["greater"], "r(k_p)": stats.binom.pmf(k, n, p)}
        cases.add(f"bitest, {p}", "cars.csv", f"bitest foreign == {p}", expect, 1e-9, "scipy binomtest")
    for n, k, p in ((10, 0, 0.5), (10, 10, 0.5), (200, 3, 0.1), (25, 24, 0.3)):
        test = {side: stats.binomtest(k, n, p, alternative=side).pvalue for side in ("two-sided", "less", "greater")}
        cases.add(f"bitesti {n} {k} {p}", None, f"bitesti {n} {k} {p}", {"r(p)": test["two-sided"], "r(p_l)": test["less"], "r(p_u)": test["greater"]}, 1e-8, "scipy binomtest")


def means(cases, cars):
    """Intervals of transformed values, turned back."""
    x = cars["price"].to_numpy(float)
    expect = {"r(N)": len(x), "r(N_pos)": len(x), "r(mean)": x.mean(), "r(mean_g)": stats.gmean(x), "r(mean_h)": stats.hmean(x)}
    for suffix, values, back in (("", x, lambda v: v), ("_g", np.log(x), np.exp), ("_h", 1 / x, lambda v: 1 / v)):
        limits = sorted(back(v) for v in stats.t.interval(0.95, len(x) - 1, values.mean(), stats.sem(values)))
        expect |= {f"r(lb{suffix})": limits[0], f"r(ub{suffix})": limits[1]}
    cases.add("ameans", "cars.csv", "ameans price", expect, 1e-10, "scipy gmean, hmean, t.interval")


def partial(cases, cars):
    """Correlations of residuals."""
    names = ["mpg", "weight", "foreign"]
    y = cars["price"]
    expect = {"r(N)": len(y), "r(df)": len(y) - 4}
    for i, name in enumerate(names):
        others = sm.add_constant(cars[[n for n in names if n != name]])
        x_rest = sm.OLS(cars[name], others).fit().resid
        y_rest = sm.OLS(y, others).fit().resid
        expect[f"el(r(p_corr),{i + 1},1)"] = np.corrcoef(y_rest, x_rest)[0, 1]
        expect[f"el(r(sp_corr),{i + 1},1)"] = np.corrcoef(y, x_rest)[0, 1]
        expect[f"el(r(p_val),{i + 1},1)"] = sm.OLS(y, sm.add_constant(cars[names])).fit().pvalues[name]
    cases.add("pcorr", "cars.csv", "pcorr price mpg weight foreign", expect, 1e-8, "statsmodels: correlations of residuals")


def predictions(cases, cars):
    """Probabilities of a logit with the standard errors of the delta method."""
    x = sm.add_constant(cars[["mpg", "weight"]])
    fit = sm.Logit(cars["foreign"], x).fit(disp=0, tol=1e-14, maxiter=100)
    p = fit.predict(x).to_numpy()
    v = fit.cov_params().to_numpy()
    slope = (p * (1 - p))[:, None] * x.to_numpy()
    se = np.sqrt(np.einsum("ij,jk,ik->i", slope, v, slope))
    expect = {}
    for row in (0, 10, 60):
        expect |= {f"f[{row + 1}]": p[row], f"s[{row + 1}]": se[row], f"v[{row + 1}]": se[row] ** 2, f"lo[{row + 1}]": p[row] - stats.norm.ppf(0.975) * se[row], f"w[{row + 1}]": (p[row] / se[row]) ** 2}
    do = "quietly logit foreign mpg weight\npredictnl double f = invlogit(_b[_cons] + _b[mpg]*mpg + _b[weight]*weight), se(s) variance(v) ci(lo hi) wald(w)"
    cases.add("predictnl", "cars.csv", do, expect, 1e-6, "statsmodels Logit, delta method in closed form")


def smooths(cases, cars):
    """Weighted regressions of statsmodels around each point; standard errors from the weights of the smooth."""
    x, y = cars["weight"].to_numpy(float), cars["mpg"].to_numpy(float)
    kernels = {
        "epanechnikov": lambda z: np.where(np.abs(z) < np.sqrt(5), 0.75 * (1 - z**2 / 5) / np.sqrt(5), 0),
        "epan2": lambda z: np.where(np.abs(z) < 1, 0.75 * (1 - z**2), 0),
        "gaussian": stats.norm.pdf,
        "triangle": lambda z: np.where(np.abs(z) < 1, 1 - np.abs(z), 0),
        "biweight": lambda z: np.where(np.abs(z) < 1, 15 / 16 * (1 - z**2) ** 2, 0),
    }
    for kernel, degree, width in (("epanechnikov", 0, 300.0), ("epan2", 1, 700.0), ("gaussian", 2, 400.0), ("triangle", 3, 1500.0), ("biweight", 1, 900.0)):
        grid = np.linspace(x.min(), x.max(), 7)
        expect = {"r(N)": len(x), "r(ngrid)": 7, "r(bwidth)": width, "r(pwidth)": 1.5 * width}
        for i, x0 in enumerate(grid):
            powers = np.column_stack([((x - x0) / width) ** j for j in range(degree + 1)])
            w = kernels[kernel]((x - x0) / width)
            near = w > 0
            own = sm.WLS(y[near], powers[near], weights=w[near]).fit()
            # the smooth is a weighted sum of outcomes
            root = np.sqrt(w[near])
            parts = (np.linalg.pinv(root[:, None] * powers[near]) * root)[0]
            pilot = kernels[kernel]((x - x0) / (1.5 * width))
            high = np.column_stack([((x - x0) / width) ** j for j in range(degree + 3)])
            close = pilot > 0
            further = sm.WLS(y[close], high[close], weights=pilot[close]).fit()
            half = np.sqrt(pilot[close])[:, None] * high[close]
            free = pilot[close].sum() - np.trace(np.diag(pilot[close]) @ half @ np.linalg.pinv(half))
            variance = (pilot[close] * further.resid**2).sum() / free
            expect |= {f"g[{i + 1}]": x0, f"s[{i + 1}]": own.params[0], f"e[{i + 1}]": np.sqrt(variance * (parts**2).sum())}
        do = f"lpoly mpg weight, kernel({kernel}) degree({degree}) bwidth({width:g}) n(7) generate(g s) se(e) nograph"
        cases.add(f"lpoly {kernel} {degree}", "cars.csv", do, expect, 1e-6, "statsmodels WLS; Fan and Gijbels (1996), equation (4.5) for the variance")


if __name__ == "__main__":
    data = pd.read_csv(ROOT / "data/cars.csv")
    cases = Cases("small", "scipy, statsmodels")
    binomial(cases, data)
    means(cases, data)
    partial(cases, data)
    predictions(cases, data)
    smooths(cases, data)
    binned(cases)
    cases.write()
