"""Stochastic frontiers by numerical convolution, panel regressions with instruments: linearmodels, R plm."""

import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
from common import Cases, write_data
from linearmodels.iv import IV2SLS
from numeric import maximise, robust
from scipy import stats
from scipy.special import expit, logsumexp, roots_legendre

NODES, WEIGHTS = roots_legendre(160)


def firms():
    """Output, costs and inputs of 250 firms."""
    rng = np.random.default_rng(4711)
    n = 250
    frame = pd.DataFrame({"lnk": rng.normal(2, 0.6, n).round(4), "lnl": rng.normal(1, 0.5, n).round(4), "size": rng.normal(size=n).round(3), "g": rng.integers(1, 26, n)})
    base = 0.5 + 0.4 * frame["lnk"] + 0.5 * frame["lnl"]
    frame["hn"] = (base + 0.3 * rng.normal(size=n) - 0.7 * np.abs(rng.normal(size=n))).round(5)
    frame["ex"] = (base + 0.3 * rng.normal(size=n) - 0.5 * rng.exponential(size=n)).round(5)
    frame["cost"] = (base + 0.3 * rng.normal(size=n) + 0.7 * np.abs(rng.normal(size=n))).round(5)
    frame["tn"] = (base + 0.2 * rng.normal(size=n) - stats.truncnorm.rvs(-0.8, np.inf, 0.4, 0.5, size=n, random_state=rng)).round(5)
    frame["het"] = (base + 0.3 * np.exp(0.2 * frame["size"]) * rng.normal(size=n) - 0.6 * np.exp(0.4 * frame["size"]) * np.abs(rng.normal(size=n))).round(5)
    write_data("frontiers", frame)
    return frame


def convolution(e, v, u, sign, inefficiency, top):
    """Log density of the residual, and moments of `u` given it, by integration over the inefficiency."""
    x = top * (NODES + 1) / 2
    log = stats.norm.logpdf((e[:, None] + sign * x) / v) - np.log(v) + inefficiency(x, u) + np.log(WEIGHTS * top / 2)
    total = logsumexp(log, axis=1)
    share = np.exp(log - total[:, None])
    return total, share @ x, share @ np.exp(-sign * x)


def half(x, u):
    return np.log(2) + stats.norm.logpdf(x / u) - np.log(u)


def exponential(x, u):
    return -x / u - np.log(u)


def frontier(cases, frame):
    """Estimates, and the inefficiency of the first firm."""
    d = np.column_stack([frame["lnk"], frame["lnl"], np.ones(len(frame))])
    names = ("lnk", "lnl", "_cons")
    for name, y, do, sign, density, width in (
        ("half normal", "hn", "frontier hn lnk lnl", 1, half, 9), ("exponential", "ex", "frontier ex lnk lnl, distribution(exponential)", 1, exponential, 45),
        ("cost", "cost", "frontier cost lnk lnl, cost", -1, half, 9),
    ):
        outcome = frame[y].to_numpy(float)

        def parts(t, sign=sign, density=density, width=width, outcome=outcome):
            u = np.exp(t[4] / 2)
            return convolution(outcome - d @ t[:3], np.exp(t[3] / 2), u, sign, density, width * u)

        theta, ll, information, scores = maximise(lambda t: parts(t)[0], [0.4, 0.5, 1.0, -2, -1], steps=6)
        every = [*names, "/lnsig2v", "/lnsig2u"]
        se = np.sqrt(np.diag(np.linalg.inv(information)))
        expect = {f"_b[{n}]": v for n, v in zip(every, theta)} | {f"_se[{n}]": v for n, v in zip(every, se)} | {"e(ll)": ll}
        columns = np.column_stack([d[:, :2], np.ones(len(d))])
        e = outcome - columns @ np.linalg.lstsq(columns, outcome, rcond=None)[0]
        m2, m3 = (e**2).mean(), (e**3).mean()
        expect["e(z)"] = m3 / np.sqrt(6 * m2**3 / len(e))
        cases.add(f"frontier {name}", "frontiers.csv", do, expect, 2e-6, "numerical convolution, scipy")
        _, mean, te = parts(theta)
        cases.add(f"frontier {name} predict", "frontiers.csv", f"{do}\npredict double u, u\npredict double te, te", {"u[1]": mean[0], "u[7]": mean[6], "te[1]": te[0], "te[7]": te[6]}, 2e-6, "numerical convolution, scipy")
        if name == "half normal":
            for vce, groups in (("vce(robust)", None), ("vce(cluster g)", frame["g"].to_numpy())):
                se = np.sqrt(np.diag(robust(information, scores, groups)))
                cases.add(f"frontier {vce}", "frontiers.csv", f"{do}, {vce}", {f"_se[{n}]": v for n, v in zip(every, se)}, 2e-6, "numerical convolution, scipy")
    y, size = frame["het"].to_numpy(float), frame["size"].to_numpy(float)

    def modelled(t):
        v, u = np.exp((t[3] * size + t[4]) / 2)[:, None], np.exp((t[5] * size + t[6]) / 2)[:, None]
        x = 9 * u * (NODES + 1) / 2
        log = stats.norm.logpdf((y - d @ t[:3])[:, None] + x, 0, v) + half(x, u) + np.log(WEIGHTS * 9 / 2) + np.log(u)
        return logsumexp(log, axis=1)

    theta, ll, information, _ = maximise(modelled, [0.4, 0.5, 1, 0.4, -2, 0.8, -1], steps=6)
    every = [f"[het]_b[{n}]" for n in names] + ["[lnsig2v]_b[size]", "[lnsig2v]_b[_cons]", "[lnsig2u]_b[size]", "[lnsig2u]_b[_cons]"]
    expect = dict(zip(every, theta)) | {n.replace("_b[", "_se["): v for n, v in zip(every, np.sqrt(np.diag(np.linalg.inv(information))))} | {"e(ll)": ll}
    cases.add("frontier with modelled variances", "frontiers.csv", "frontier het lnk lnl, vhet(size) uhet(size)", expect, 5e-6, "numerical convolution, scipy")
    y = frame["tn"].to_numpy(float)

    def truncated(t):
        s2, gamma = np.exp(t[3]), expit(t[4])
        v, u, mu = np.sqrt(s2 * (1 - gamma)), np.sqrt(s2 * gamma), t[5]
        density = lambda x, u: stats.norm.logpdf((x - mu) / u) - np.log(u) - stats.norm.logcdf(mu / u)
        return convolution(y - d @ t[:3], v, u, 1, density, max(mu, 0) + 9 * u)[0]

    theta, ll, _, _ = maximise(truncated, [0.4, 0.5, 1, -1, 1, 0.3], steps=8)
    cases.add("frontier truncated normal", "frontiers.csv", "frontier tn lnk lnl, distribution(tnormal)", {"e(ll)": ll, "_b[lnk]": theta[0], "_b[lnl]": theta[1]}, 1e-5,
              "numerical convolution, scipy; the likelihood is flat in mu and gamma")


R = """
suppressMessages(library(plm))
d <- pdata.frame(read.csv("DATA"), index = c("id", "t"))
f <- plm(y ~ x + w | w + z + z2, data = d, model = "random", inst.method = "bvk", random.method = "swar")
cat("re", format(c(coef(f)[c("x", "w", "(Intercept)")], sqrt(diag(vcov(f)))[c("x", "w", "(Intercept)")], ercomp(f)$theta), digits = 15), "\\n")
"""


def panels(cases):
    """Sixty units in seven years."""
    rng = np.random.default_rng(99)
    n, t = 60, 7
    ident, time = np.repeat(np.arange(1, n + 1), t), np.tile(np.arange(1, t + 1), n)
    a = rng.normal(size=n)[ident - 1]
    z, z2, w = rng.normal(size=n * t), rng.normal(size=n * t) + 0.3 * a, rng.normal(size=n * t) + 0.2 * a
    e = rng.normal(size=n * t)
    x = 0.7 * z + 0.4 * z2 + 0.3 * w + 0.6 * e + 0.4 * rng.normal(size=n * t)
    frame = pd.DataFrame({"id": ident, "t": time, "x": x.round(4), "w": w.round(4), "z": z.round(4), "z2": z2.round(4)})
    frame["y"] = (1 + 0.8 * frame["x"] - 0.5 * frame["w"] + 0.5 * a + e).round(4)
    write_data("panelinstruments", frame)
    names = ("x", "w", "_cons")

    def add(name, option, fit, order):
        expect = {f"_b[{n}]": fit.params[c] for n, c in order.items()} | {f"_se[{n}]": fit.std_errors[c] for n, c in order.items()}
        cases.add(f"xtivreg {name}", "panelinstruments.csv", f"xtset id t\nxtivreg y w (x = z z2), {option}", expect, 1e-8, "linearmodels IV2SLS")

    dummies = pd.get_dummies(frame["id"], prefix="d", dtype=float)
    fit = IV2SLS(frame["y"], pd.concat([frame[["w"]], dummies], axis=1), frame[["x"]], frame[["z", "z2"]]).fit(cov_type="unadjusted", debiased=True)
    add("fe", "fe", fit, {"x": "x", "w": "w"})
    u = np.array([fit.params[c] for c in dummies])
    cases.add("xtivreg fe components", "panelinstruments.csv", "xtset id t\nxtivreg y w (x = z z2), fe",
              {"_b[_cons]": u.mean(), "e(sigma_u)": u.std(ddof=1), "e(sigma_e)": np.sqrt((fit.resids**2).sum() / (n * t - n - 2))}, 1e-8, "linearmodels IV2SLS with dummies")
    means = frame.groupby("id").mean()
    means["c"] = 1.0
    fit = IV2SLS(means["y"], means[["w", "c"]], means[["x"]], means[["z", "z2"]]).fit(cov_type="unadjusted", debiased=True)
    add("be", "be small", fit, {"x": "x", "w": "w", "_cons": "c"})
    difference = frame.groupby("id").diff().dropna()
    difference["c"] = 1.0
    fit = IV2SLS(difference["y"], difference[["w", "c"]], difference[["x"]], difference[["z", "z2"]]).fit(cov_type="unadjusted", debiased=True)
    add("fd", "fd", fit, {"D.x": "x", "D.w": "w", "_cons": "c"})
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        frame.to_csv(path, index=False)
        text = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True).stdout
    v = np.array([float(s) for s in text.split()[1:]])
    expect = {f"_b[{n}]": x for n, x in zip(names, v[:3])} | {f"_se[{n}]": x for n, x in zip(names, v[3:6])} | {"e(theta)": v[6]}
    cases.add("xtivreg re", "panelinstruments.csv", "xtset id t\nxtivreg y w (x = z z2), re", expect, 1e-6, "R plm, inst.method bvk")


def main():
    cases = Cases("frontier", "numerical convolution, linearmodels, R plm")
    frontier(cases, firms())
    panels(cases)
    cases.write()


if __name__ == "__main__":
    main()
