"""Conditional variances: published output of [TS] arch, the Python package arch, scipy."""

import warnings

import numpy as np
import pandas as pd
from arch import arch_model
from common import ROOT, Cases, write_data
from numeric import jacobian, maximise
from scipy.optimize import minimize

warnings.filterwarnings("ignore", category=RuntimeWarning)


def published(cases):
    """Examples of the manual on wholesale prices."""
    head = "generate q = _n\ntsset q\ngenerate double lnw = ln(wpi)\n"
    source = "[TS] arch, examples on wpi1"
    cases.add("arch wpi likelihood", "wpi1.csv", head + "arch D.lnw, arch(1) garch(1)", {"e(ll)": 373.234, "e(N)": 123}, 2e-6, source)
    expect = {"[lnw]_b[_cons]": 0.0061167, "[ARCH]_b[L.arch]": 0.4364123, "[ARCH]_b[L.garch]": 0.4544606,
              "[lnw]_se[_cons]": 0.0010616, "[ARCH]_se[L.arch]": 0.2437428, "[ARCH]_se[L.garch]": 0.1866606}
    cases.add("arch wpi", "wpi1.csv", head + "arch D.lnw, arch(1) garch(1)", expect, 2e-4, source + "; the search of the source stopped at four to five digits")
    cases.add("arch wpi with ARMA errors likelihood", "wpi1.csv", head + "arch D.lnw, ar(1) ma(1 4) arch(1) garch(1)", {"e(ll)": 399.5144}, 1e-6, source)
    expect = {"[ARMA]_b[L.ar]": 0.7922674, "[ARMA]_b[L.ma]": -0.3417738, "[ARMA]_b[L4.ma]": 0.2451724, "[ARCH]_b[L.arch]": 0.2040449, "[ARCH]_b[L.garch]": 0.6949687}
    cases.add("arch wpi with ARMA errors", "wpi1.csv", head + "arch D.lnw, ar(1) ma(1 4) arch(1) garch(1)", expect, 5e-4, source + "; the search of the source stopped early on a flat likelihood")
    exponential = head + "arch D.lnw, ar(1) ma(1 4) earch(1) egarch(1)"
    cases.add("arch wpi exponential likelihood", "wpi1.csv", exponential, {"e(ll)": 405.3145}, 1e-6, source)
    expect = {"[ARCH]_b[L.earch]": 0.4064, "[ARCH]_b[L.earch_a]": 0.24673, "[ARCH]_b[L.egarch]": 0.84173}
    cases.add("arch wpi exponential", "wpi1.csv", exponential, expect, 5e-4, source + "; the search of the source stopped at four digits")


def simulated():
    """A thousand returns whose variance follows a GARCH process."""
    rng = np.random.default_rng(314)
    n = 1000
    e, v = np.zeros(n), np.ones(n)
    for t in range(n):
        v[t] = 0.1 + (0.1 * e[t - 1] ** 2 + 0.8 * v[t - 1] if t else 0.9)
        e[t] = np.sqrt(v[t]) * rng.standard_t(7) * np.sqrt(5 / 7)
    x = rng.normal(size=n).round(4)
    frame = pd.DataFrame({"t": np.arange(1, n + 1), "x": x, "e": e.round(5), "y": (0.2 + 0.3 * x + e).round(5)})
    write_data("returns", frame)
    return frame


def by_package(cases, frame):
    """Models without a mean, where the values before the sample do not depend on parameters."""
    y = frame["e"].to_numpy()
    for dist, option, names in (("normal", "", ()), ("t", " distribution(t)", ("tdf",)), ("ged", " distribution(ged)", ("shape",))):
        model = arch_model(y, mean="Zero", vol="GARCH", p=1, q=1, dist=dist, rescale=False)
        fit = model.fit(disp="off", backcast=float(np.mean(y**2)), options={"ftol": 1e-14, "maxiter": 2000}, tol=1e-14)
        cases.add(f"arch {dist} likelihood", "returns.csv", f"tsset t\narch e, noconstant arch(1) garch(1){option}", {"e(ll)": fit.loglikelihood}, 1e-8, "Python arch 8.0")
        expect = {"[ARCH]_b[L.arch]": fit.params["alpha[1]"], "[ARCH]_b[L.garch]": fit.params["beta[1]"], "[ARCH]_b[_cons]": fit.params["omega"]}
        expect |= {f"e({n})": fit.params["nu"] for n in names}
        cases.add(f"arch {dist}", "returns.csv", f"tsset t\narch e, noconstant arch(1) garch(1){option}", expect, 1e-4, "Python arch 8.0; its search ends at five digits")


SMOOTH = "scipy maximum likelihood, extrapolated differences"
KINKS = SMOOTH + "; the scores jump where an error changes its sign, which limits the standard errors"


def path(kind, t, y, x, mean):
    """Errors and variances by recursion."""
    raw = y - t[0] * x - t[1]
    s0 = np.mean(raw**2)
    k = 2
    m = 0.0
    if mean:
        m, k = t[2], 3
    e, v = np.zeros(len(y)), np.zeros(len(y))
    for i in range(len(y)):
        e2, v1 = (e[i - 1] ** 2, v[i - 1]) if i else (s0, s0)
        if kind == "garch":
            v[i] = t[k] * e2 + t[k + 1] * v1 + t[k + 2]
        elif kind == "tarch":
            v[i] = t[k] * e2 + t[k + 1] * v1 + t[k + 2] * (e[i - 1] > 0) * e[i - 1] ** 2 * (i > 0) + t[k + 3]
        else:
            # before the sample both terms are zero
            z = e[i - 1] / np.sqrt(v[i - 1]) if i else 0.0
            size = abs(z) - np.sqrt(2 / np.pi) if i else 0.0
            v[i] = np.exp(t[k] * z + t[k + 1] * size + t[k + 2] * np.log(v1) + t[k + 3])
        e[i] = raw[i] - m * v[i]
    return e, v


def by_scipy(cases, frame):
    """Threshold and exponential models, the variance in the mean, and the three covariances."""
    y, x = frame["y"].to_numpy(), frame["x"].to_numpy()
    lag = {"garch": ("L.arch", "L.garch", "_cons"), "tarch": ("L.arch", "L.garch", "L.tarch", "_cons"), "egarch": ("L.earch", "L.earch_a", "L.egarch", "_cons")}
    for kind, option, mean, start in (
        ("garch", "arch(1) garch(1)", False, [0.3, 0.2, 0.1, 0.8, 0.1]),
        ("garch", "arch(1) garch(1) archm", True, [0.3, 0.2, 0.01, 0.1, 0.8, 0.1]),
        ("tarch", "arch(1) garch(1) tarch(1)", False, [0.3, 0.2, 0.1, 0.8, 0.01, 0.1]),
        ("egarch", "earch(1) egarch(1)", False, [0.3, 0.2, 0.0, 0.2, 0.9, 0.0]),
    ):
        def rows(t, kind=kind, mean=mean):
            e, v = path(kind, t, y, x, mean)
            if not (np.isfinite(v).all() and np.isfinite(e).all() and (v > 0).all()):
                return np.full(len(y), -1e6)
            return -0.5 * (np.log(2 * np.pi * v) + e * e / v)

        theta, ll, information, scores = maximise(rows, start, steps=3)
        if kind != "garch":
            # no gradient vanishes where scores jump
            for _ in range(3):
                theta = minimize(lambda t: -rows(t).sum(), theta, method="Nelder-Mead", options={"maxiter": 9000, "maxfev": 9000, "xatol": 1e-9, "fatol": 1e-10}).x
            ll, scores = rows(theta).sum(), jacobian(rows, theta, 1e-5)
        names = ["[y]_b[x]", "[y]_b[_cons]"] + (["[ARCHM]_b[sigma2]"] if mean else []) + [f"[ARCH]_b[{n}]" for n in lag[kind]]
        outer, inverse = np.linalg.inv(scores.T @ scores), np.linalg.inv(information)
        n = len(y)
        for vce, cov in (("", outer), (" vce(oim)", inverse), (" vce(robust)", inverse @ (scores.T @ scores) @ inverse * n / (n - 1))):
            if vce and (mean or kind != "garch"):
                continue
            expect = dict(zip(names, theta)) | {m.replace("_b[", "_se["): s for m, s in zip(names, np.sqrt(np.diag(cov)))}
            cases.add(f"arch {option}{vce}", "returns.csv", f"tsset t\narch y x, {option}{vce}", expect, 2e-5 if kind == "garch" else 1e-3, SMOOTH if kind == "garch" else KINKS)
        cases.add(f"arch {option} likelihood", "returns.csv", f"tsset t\narch y x, {option}", {"e(ll)": ll}, 1e-9, "scipy maximum likelihood")
        if kind == "garch" and not mean:
            e, v = path(kind, theta, y, x, mean)
            cases.add("arch predict", "returns.csv", f"tsset t\narch y x, {option}\npredict double v, variance\npredict double r, residuals", {"v[1]": v[0], "v[500]": v[499], "r[500]": e[499]}, 1e-6, "scipy maximum likelihood")


def main():
    assert (ROOT / "data/wpi1.csv").exists()
    cases = Cases("arch", "published output of [TS] arch, Python arch, scipy")
    published(cases)
    frame = simulated()
    by_package(cases, frame)
    by_scipy(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
