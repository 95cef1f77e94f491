"""Nonlinear least squares: certified values of NIST StRD (Misra1a, DanWood, BoxBOD, MGH09, Roszman1), from both
published starting points, and R nls with sandwich covariances. Each certified value is confirmed by scipy here."""

import io
import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from scipy.optimize import least_squares

SETS = {
    "Misra1a": dict(
        x=[77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0],
        y=[10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78],
        model="{b1}*(1-exp(-{b2}*x))", starts=[(500, 1e-4), (250, 5e-4)],
        b=[2.3894212918e02, 5.5015643181e-04], se=[2.7070075241, 7.2668688436e-06], rss=1.2455138894e-01,
    ),
    "DanWood": dict(
        x=[1.309, 1.471, 1.490, 1.565, 1.611, 1.680], y=[2.138, 3.421, 3.597, 4.340, 4.882, 5.660],
        model="{b1}*x^{b2}", starts=[(1, 5), (0.7, 4)],
        b=[7.6886226176e-01, 3.8604055871], se=[1.8281973860e-02, 5.1726610913e-02], rss=4.3173084083e-03,
    ),
    "BoxBOD": dict(
        x=[1, 2, 3, 5, 7, 10], y=[109, 149, 149, 191, 213, 224],
        model="{b1}*(1-exp(-{b2}*x))", starts=[(1, 1), (100, 0.75)],
        b=[2.1380940889e02, 5.4723748542e-01], se=[1.2354515176e01, 1.0455993237e-01], rss=1.1680088766e03,
    ),
    "MGH09": dict(
        x=[4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625],
        y=[0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246],
        model="{b1}*(x^2+x*{b2})/(x^2+x*{b3}+{b4})", starts=[(25, 39, 41.5, 39), (0.25, 0.39, 0.415, 0.39)],
        b=[1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01],
        se=[1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02], rss=3.0750560385e-04,
    ),
    "Roszman1": dict(
        x=[-4868.68, -4868.09, -4867.41, -3375.19, -3373.14, -3372.03, -2473.74, -2472.35, -2469.45, -1894.65, -1893.40,
           -1497.24, -1495.85, -1493.41, -1208.68, -1206.18, -1206.04, -997.92, -996.61, -996.31, -834.94, -834.66,
           -710.03, -530.16, -464.17],
        y=[0.252429, 0.252141, 0.251809, 0.297989, 0.296257, 0.295319, 0.339603, 0.337731, 0.333820, 0.389510, 0.386998,
           0.438864, 0.434887, 0.427893, 0.471568, 0.461699, 0.461144, 0.513532, 0.506641, 0.505062, 0.535648, 0.533726,
           0.568064, 0.612886, 0.624169],
        model="{b1}-{b2}*x-atan({b3}/(x-{b4}))/_pi", starts=[(0.1, -1e-5, 1000, -100), (0.2, -5e-6, 1200, -150)],
        b=[2.0196866396e-01, -6.1953516256e-06, 1.2044556708e03, -1.8134269537e02],
        se=[1.9172666023e-02, 3.2058931691e-06, 7.4050983057e01, 4.9573513849e01], rss=4.9484847331e-04,
    ),
}

R = r"""
suppressMessages(library(sandwich)); options(digits=17); d <- read.csv("FILE")
say <- function(k, v) cat(sprintf("%s,%.17g\n", k, v))
m <- nls(mpg ~ a + b*exp(-c*weight/1000), data=d, start=list(a=10,b=60,c=0.5), control=nls.control(tol=1e-8, maxiter=500, nDcentral=TRUE, warnOnly=TRUE))
J <- m$m$gradient(); e <- residuals(m); n <- length(e); A <- solve(crossprod(J))
out <- function(tag, V) for (i in 1:3) say(paste0(tag, names(coef(m))[i]), sqrt(V[i,i]))
for (i in 1:3) say(paste0("b|", names(coef(m))[i]), coef(m)[[i]])
out("se|", vcov(m)); out("robust|", A %*% crossprod(J*e) %*% A * n/(n-3))
u <- rowsum(J*e, d$g); G <- nrow(u); out("cluster|", A %*% crossprod(u) %*% A * G/(G-1)*(n-1)/(n-3))
say("rss", sum(e^2)); say("ll", as.numeric(logLik(m)))
say("fit1", fitted(m)[[1]])
w <- nls(mpg ~ a + b*exp(-c*weight/1000), data=d, weights=w, start=list(a=10,b=60,c=0.5), control=nls.control(tol=1e-8, maxiter=500, nDcentral=TRUE, warnOnly=TRUE))
for (i in 1:3) { say(paste0("wb|", names(coef(w))[i]), coef(w)[[i]]); say(paste0("wse|", names(coef(w))[i]), sqrt(vcov(w)[i,i])) }
"""


def confirm(name, case):
    """The certified values minimise the sum of squares: scipy from the certified values stays there."""
    import re

    x, y = np.array(case["x"], float), np.array(case["y"], float)
    text = re.sub(r"\{b(\d)\}", r"b[\1-1]", case["model"]).replace("^", "**").replace("_pi", "np.pi")
    text = text.replace("exp(", "np.exp(").replace("atan(", "np.arctan(")
    scale = np.abs(case["b"])
    fit = least_squares(
        lambda t: y - eval(text, {"np": np, "x": x, "b": t * scale}), np.array(case["b"]) / scale,
        jac="3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15,
    )
    assert np.allclose(fit.x * scale, case["b"], rtol=2e-7), (name, fit.x * scale)
    assert abs(2 * fit.cost / case["rss"] - 1) < 1e-9, name
    cov = np.linalg.inv(fit.jac.T @ fit.jac) * 2 * fit.cost / (len(x) - len(scale))
    assert np.allclose(np.sqrt(np.diag(cov)) * scale, case["se"], rtol=1e-5), name


def main():
    cases = Cases("nonlinearls", "NIST StRD nonlinear regression; R nls")
    for name, case in SETS.items():
        confirm(name, case)
        write_data("nist_" + name.lower(), pd.DataFrame({"y": case["y"], "x": case["x"]}))
        k = len(case["b"])
        expect = {f"_b[/b{i + 1}]": v for i, v in enumerate(case["b"])}
        expect |= {f"_se[/b{i + 1}]": v for i, v in enumerate(case["se"])} | {"e(rss)": case["rss"]}
        for number, start in enumerate(case["starts"], 1):
            initial = " ".join(f"b{i + 1} {start[i]}" for i in range(k))
            cases.add(f"nl {name} start {number}", f"nist_{name.lower()}.csv", f"nl (y = {case['model']}), initial({initial}) nolog", expect, 1e-7)
    rng = np.random.default_rng(20)
    n = 60
    weight = np.round(rng.uniform(1800, 4800, n))
    mpg = np.round(12 + 70 * np.exp(-0.6 * weight / 1000) + rng.normal(0, 1.5, n), 1)
    data = pd.DataFrame({"mpg": mpg, "weight": weight, "g": np.arange(n) // 5, "w": 1 + np.arange(n) % 4})
    write_data("decay", data)
    out = subprocess.run(["Rscript", "-e", R.replace("FILE", str(ROOT / "data/decay.csv"))], capture_output=True, text=True, check=True).stdout
    frame = pd.read_csv(io.StringIO(out), header=None)
    r = dict(zip(frame[0], frame[1]))
    model = "nl (mpg = {a=10} + {b=60}*exp(-{c=0.5}*weight/1000))"
    pairs = lambda b, s: {f"_b[/{p}]": r[f"{b}|{p}"] for p in "abc"} | {f"_se[/{p}]": r[f"{s}|{p}"] for p in "abc"}
    tss = float(((mpg - mpg.mean()) ** 2).sum())
    extra = {"e(rss)": r["rss"], "e(ll)": r["ll"], "e(r2)": 1 - r["rss"] / tss, "e(df_m)": 2, "f[1]": r["fit1"], "res[1]": mpg[0] - r["fit1"]}
    cases.add("nl exponential", "decay.csv", model + "\npredict double f\npredict double res, residuals", pairs("b", "se") | extra, 1e-6)
    cases.add("nl robust", "decay.csv", model + ", vce(robust)", pairs("b", "robust"), 1e-6)
    cases.add("nl cluster", "decay.csv", model + ", vce(cluster g)", pairs("b", "cluster") | {"e(df_r)": 11}, 1e-6)
    # R's weights are inverse variances without normalisation; standard errors do not depend on it.
    cases.add("nl aweight", "decay.csv", "nl (mpg = {a=10} + {b=60}*exp(-{c=0.5}*weight/1000)) [aweight=w]", pairs("wb", "wse"), 1e-6)
    linear = np.linalg.lstsq(np.column_stack([weight, np.ones(n)]), mpg, rcond=None)[0]
    cases.add("nl linear combination", "decay.csv", "nl (mpg = {xb: weight _cons})", {"_b[/xb_weight]": linear[0], "_b[/xb__cons]": linear[1]}, 1e-7)
    cases.write()


if __name__ == "__main__":
    main()
