"""Regression discontinuity: the Python package of the authors of rdrobust, weighted least squares by statsmodels."""

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, write_data
from rdrobust import rdbwselect, rdrobust

warnings.filterwarnings("ignore")


def sample():
    """Twelve hundred elections: a smooth margin, and one with ties."""
    rng = np.random.default_rng(8)
    n = 1200
    x = rng.beta(2, 4, n) * 2 - 1 + 0.3
    x = x.round(6)
    y = 0.4 + 0.8 * x - 0.7 * x**2 + 0.5 * x**3 + 0.3 * (x >= 0) + 0.25 * rng.normal(size=n)
    frame = pd.DataFrame({"x": x, "y": y.round(6), "coarse": x.round(1), "grid": x.round(3), "g": rng.integers(1, 61, n)})
    write_data("margins", frame)
    return frame


def quiet(function):
    with contextlib.redirect_stdout(io.StringIO()):
        return function()


def by_least_squares(cases, frame):
    """With one bandwidth for both, the corrected estimate of order p is the plain one of order p + 1 and its variance is HC0."""
    y, x = frame["y"].to_numpy(), frame["x"].to_numpy()
    kernels = {"triangular": lambda u: 1 - u, "epanechnikov": lambda u: 1 - u * u, "uniform": np.ones_like}
    for p, h, kernel in ((1, 0.3, "triangular"), (2, 0.4, "uniform"), (1, 0.5, "epanechnikov")):
        inside = np.abs(x) < h
        w = kernels[kernel](np.abs(x[inside]) / h)
        fits = []
        for order in (p, p + 1):
            powers = np.column_stack([x[inside] ** k for k in range(order + 1)])
            design = np.column_stack([powers, powers * (x[inside] >= 0)[:, None]])
            fits.append(sm.WLS(y[inside], design, weights=w).fit(cov_type="HC0"))
        at = [p + 1, p + 2]
        expect = {"e(tau_cl)": fits[0].params[at[0]], "e(se_tau_cl)": fits[0].bse[at[0]], "e(tau_bc)": fits[1].params[at[1]], "e(se_tau_rb)": fits[1].bse[at[1]],
                  "e(pv_rb)": fits[1].pvalues[at[1]], "e(N_h_l)": (x[inside] < 0).sum(), "e(N_h_r)": (x[inside] >= 0).sum()}
        do = f"rdrobust y x, p({p}) h({h}) kernel({kernel}) vce(hc0)"
        cases.add(do, "margins.csv", do, expect, 1e-8, "statsmodels WLS")


TREATED = "generate t = mod(7*_n, 10) < cond(x >= 0, 7, 2)\ngenerate never = t*(x >= 0)\ngenerate double z1 = mod(13*_n, 29)/29\ngenerate double z2 = x^2 + mod(5*_n, 7)\n"


def further_designs(cases, frame):
    """Fuzzy designs and covariates, with a treatment and covariates that follow from the number of the row."""
    number = np.arange(1, len(frame) + 1)
    y, x = frame["y"].to_numpy(), frame["x"].to_numpy()
    t = ((7 * number) % 10 < np.where(x >= 0, 7, 2)).astype(float)
    z = np.column_stack([(13 * number) % 29 / 29, x**2 + (5 * number) % 7])
    own = {"t": t, "never": t * (x >= 0)}
    for do, options in (
        ("rdrobust y x, fuzzy(t)", {"fuzzy": "t"}),
        ("rdrobust y x, fuzzy(t) p(2) kernel(uniform)", {"fuzzy": "t", "p": 2, "kernel": "uniform"}),
        ("rdrobust y x, fuzzy(t sharpbw)", {"fuzzy": "t", "sharpbw": True}),
        ("rdrobust y x, fuzzy(never)", {"fuzzy": "never"}),
        ("rdrobust y x, fuzzy(t) deriv(1) p(2) h(.5)", {"fuzzy": "t", "deriv": 1, "p": 2, "h": 0.5}),
        ("rdrobust y x, fuzzy(t) vce(hc1) bwselect(msetwo)", {"fuzzy": "t", "vce": "hc1", "bwselect": "msetwo"}),
        ("rdrobust y x, covs(z1 z2)", {"covs": z}),
        ("rdrobust y x, covs(z1 z2) bwselect(cerrd)", {"covs": z, "bwselect": "cerrd"}),
        ("rdrobust y x, covs(z1 z2) fuzzy(t)", {"covs": z, "fuzzy": "t"}),
        ("rdrobust y x, covs(z1) vce(cluster g)", {"covs": z[:, :1], "cluster": frame["g"].to_numpy(), "vce": "hc0"}),
        ("rdrobust y x, bwselect(msesum)", {"bwselect": "msesum"}),
        ("rdrobust y x, bwselect(msecomb1)", {"bwselect": "msecomb1"}),
        ("rdrobust y x, bwselect(msecomb2)", {"bwselect": "msecomb2"}),
        ("rdrobust y x, bwselect(cercomb2)", {"bwselect": "cercomb2"}),
    ):
        options = {k: own[v] if k == "fuzzy" else v for k, v in options.items()}
        fit = quiet(lambda: rdrobust(y, x, **options))
        coef, se = np.asarray(fit.coef, float), np.asarray(fit.se, float)
        h, b = np.asarray(fit.bws, float)
        expect = {"e(tau_cl)": coef[0, 0], "e(tau_bc)": coef[1, 0], "e(se_tau_cl)": se[0, 0], "e(se_tau_rb)": se[2, 0],
                  "e(h_l)": h[0], "e(h_r)": h[1], "e(b_l)": b[0], "e(b_r)": b[1]}
        if "fuzzy" in options:
            first, first_se = np.asarray(fit.tau_T, float).ravel(), np.asarray(fit.se_T, float).ravel()
            expect |= {"e(tau_T_cl)": first[0], "e(tau_T_bc)": first[1], "e(se_tau_T_cl)": first_se[0], "e(se_tau_T_rb)": first_se[2]}
        cases.add(do, "margins.csv", TREATED + do, expect, 1e-7)


def main():
    cases = Cases("discontinuity", "Python rdrobust 2.1.1; statsmodels")
    frame = sample()
    by_least_squares(cases, frame)
    y, x = frame["y"].to_numpy(), frame["x"].to_numpy()
    for do, options in (
        ("rdrobust y x", {}),
        ("rdrobust y x, p(2)", {"p": 2}),
        ("rdrobust y x, deriv(1) p(2)", {"deriv": 1, "p": 2}),
        ("rdrobust y x, c(.1) kernel(uniform)", {"c": 0.1, "kernel": "uniform"}),
        ("rdrobust y x, kernel(epanechnikov) bwselect(msetwo)", {"kernel": "epanechnikov", "bwselect": "msetwo"}),
        ("rdrobust y x, bwselect(cerrd)", {"bwselect": "cerrd"}),
        ("rdrobust y x, bwselect(certwo)", {"bwselect": "certwo"}),
        ("rdrobust y x, vce(hc0)", {"vce": "hc0"}),
        ("rdrobust y x, vce(hc1)", {"vce": "hc1"}),
        ("rdrobust y x, vce(nn 5)", {"vce": "nn", "nnmatch": 5}),
        ("rdrobust y x, h(.3)", {"h": 0.3}),
        ("rdrobust y x, h(.3 .4) b(.5 .6)", {"h": [0.3, 0.4], "b": [0.5, 0.6]}),
        ("rdrobust y x, h(.3) rho(.8)", {"h": 0.3, "rho": 0.8}),
        ("rdrobust y x, scaleregul(0)", {"scaleregul": 0}),
        ("rdrobust y coarse, h(.45)", {"h": 0.45, "x": "coarse"}),
        ("rdrobust y grid, c(.1)", {"c": 0.1, "x": "grid"}),
        ("rdrobust y grid, c(.1) h(.2)", {"c": 0.1, "h": 0.2, "x": "grid"}),
        ("rdrobust y x, vce(cluster g)", {"cluster": frame["g"].to_numpy(), "vce": "hc0"}),
    ):
        own = dict(options)
        run = frame[own.pop("x")].to_numpy() if "x" in own else x
        fit = quiet(lambda: rdrobust(y, run, **own))
        coef, se, ci = (np.asarray(v, float) for v in (fit.coef, fit.se, fit.ci))
        h, b = np.asarray(fit.bws, float)
        expect = {"e(tau_cl)": coef[0, 0], "e(tau_bc)": coef[1, 0], "e(se_tau_cl)": se[0, 0], "e(se_tau_rb)": se[2, 0],
                  "e(ci_l_rb)": ci[2, 0], "e(ci_r_rb)": ci[2, 1], "e(h_l)": h[0], "e(h_r)": h[1], "e(b_l)": b[0], "e(b_r)": b[1],
                  "e(N_h_l)": fit.N_h[0], "e(N_h_r)": fit.N_h[1]}
        cases.add(do, "margins.csv", do, expect, 1e-7)
    further_designs(cases, frame)
    table = quiet(lambda: rdbwselect(y, x, all=True)).bws
    expect = {}
    for name in ("mserd", "msetwo", "cerrd", "certwo"):
        v = np.asarray(table.loc[name], float)
        if name.endswith("rd"):
            expect |= {f"e(h_{name})": v[0], f"e(b_{name})": v[2]}
        else:
            expect |= {f"e(h_{name}_l)": v[0], f"e(h_{name}_r)": v[1], f"e(b_{name}_l)": v[2], f"e(b_{name}_r)": v[3]}
    cases.add("rdbwselect all", "margins.csv", "rdbwselect y x, all", expect, 1e-7)
    cases.write()


if __name__ == "__main__":
    main()
