"""`fracpoly`, `fracpred`, `fp predict`: every model of the search in statsmodels, functions and their standard errors from its covariances;
the same functions and deviance residuals by R (lm, glm)."""

import itertools
import json
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases, write_data
from make_polynomials_projections import POWERS, polynomial, scaled

SOURCE = "statsmodels; R lm, glm"


def simulate():
    rng = np.random.default_rng(19)
    n = 130
    x = np.round(np.exp(rng.normal(2.3, 0.7, n)), 2)
    z = np.round(rng.normal(0, 2, n), 2)
    w = np.round(rng.uniform(5, 60, n), 1)
    g = (rng.uniform(size=n) < 0.4).astype(int)
    y = np.round(4 + 30 / x + 0.3 * np.log(x) * 3 + 0.4 * z - 0.6 * g + rng.normal(0, 1, n), 3)
    d = (rng.uniform(size=n) < 1 / (1 + np.exp(1.5 - 9 / x - 0.4 * z))).astype(int)
    c = rng.poisson(np.exp(0.2 + 5 / x + 0.02 * w))
    frame = pd.DataFrame({"y": y, "d": d, "c": c, "x": x, "z": z, "w": w, "g": g})
    write_data("fracpoly", frame)
    return pd.read_csv(ROOT / "data/fracpoly.csv")


def fit(y, columns, kind):
    design = np.column_stack([np.ones(len(y)), *columns])
    if kind == "regress":
        return sm.OLS(y, design).fit()
    if kind == "logit":
        return sm.Logit(y, design).fit(disp=0, method="newton", tol=1e-14)
    return sm.Poisson(y, design).fit(disp=0, method="newton", tol=1e-14)


def centered(x, powers, center):
    """Columns of a polynomial of the scaled regressor, less their values at the scaled center."""
    out = polynomial(x, powers)
    return out if center is None else [c - m for c, m in zip(out, np.ravel(polynomial(np.array([center]), powers)))]


def search(y, x, others, kind, degree):
    best = []
    for size in range(1, degree + 1):
        tried = [(-2 * fit(y, polynomial(x, c) + others, kind).llf, c) for c in itertools.combinations_with_replacement(POWERS, size)]
        best.append(min(tried, key=lambda t: t[0]))
    return best


def component(f, columns):
    design = np.column_stack([np.ones(len(columns[0])), *columns])
    keep = list(range(design.shape[1]))
    b, v = np.asarray(f.params)[keep], np.asarray(f.cov_params())[np.ix_(keep, keep)]
    return design @ b, np.sqrt(np.einsum("ij,jk,ik->i", design, v, design))


def r_numbers(formula, family, columns):
    """Functions, standard errors and deviance residuals of a model by R; `columns` are those of the function."""
    frame = pd.DataFrame(columns)
    frame.to_csv("/tmp/fracpoly_r.csv", index=False, float_format="%.17g")
    call = f"lm({formula}, data=a)" if family is None else f"glm({formula}, family={family}, data=a, control=list(epsilon=1e-14, maxit=100))"
    own = [c for c in columns if c.startswith("f")]
    code = f"""
a <- read.csv("/tmp/fracpoly_r.csv"); m <- {call}
k <- c("(Intercept)", {", ".join(f'"{c}"' for c in own)})
X <- cbind(1, as.matrix(a[, c({", ".join(f'"{c}"' for c in own)}), drop=FALSE]))
f <- X %*% coef(m)[k]; s <- sqrt(rowSums((X %*% vcov(m)[k, k]) * X))
r <- residuals(m, type="deviance")
cat("[", paste(sprintf("[%.17g,%.17g,%.17g]", f, s, r), collapse=","), "]")
"""
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout))


def at(name, values, rows):
    return {f"{name}[{i + 1}]": values[i] for i in rows}


def main():
    cases = Cases("fracpoly", SOURCE)
    a = simulate()
    rows = [0, 7, 40, 129]
    x = scaled(a.x.to_numpy())
    mean = a.x.mean() / (a.x / x).iloc[0]
    z, g = a.z - a.z.mean(), a.g.astype(float)
    for kind, outcome, family in (("regress", "y", None), ("logit", "d", "binomial"), ("poisson", "c", "poisson")):
        y, others = a[outcome].to_numpy(float), [z, g]
        best = search(y, x, others, kind, 2)
        powers = best[-1][1]
        own = centered(x, powers, mean)
        f = fit(y, own + others, kind)
        value, error = component(f, own)
        design = {"y": y, **{f"f{i + 1}": c for i, c in enumerate(own)}, "z": z, "g": g}
        r = r_numbers("y ~ " + " + ".join(list(design)[1:]), family, design)
        assert np.allclose(r[:, 0], value, rtol=1e-7) and np.allclose(r[:, 1], error, rtol=1e-5), kind
        omitted, linear = fit(y, others, kind), fit(y, [x] + others, kind)
        expect = {"e(fp_dev)": -2 * f.llf, "e(fp_d0)": -2 * omitted.llf, "e(fp_dlin)": -2 * linear.llf, "e(fp_df)": 4, "e(fp_N)": len(a)}
        expect |= {f"e(fp_d{i + 1})": b[0] for i, b in enumerate(best)}
        expect |= {f"p[1,{i + 1}]": p for i, p in enumerate(powers)}
        do = f"fracpoly, compare: {kind} {outcome} x z g\nmatrix p = J(1, 2, .)\nforvalues i = 1/2 {{\nmatrix p[1,`i'] = real(word(e(fp_pwrs), `i'))\n}}\n"
        do += "fracpred double f, for(x)\nfracpred double s, for(x) stdp\nfracpred double r, dresid\nfracpred double i"
        expect |= at("f", value, rows) | at("s", error, rows) | at("r", r[:, 2], rows)
        expect |= at("i", value + np.column_stack(others) @ np.asarray(f.params)[-2:], rows)
        if kind == "regress":
            expect |= {"e(fp_s0)": omitted.mse_resid**0.5, "e(fp_slin)": linear.mse_resid**0.5, "_se[Ix__1]": f.bse[1]}
        cases.add("fracpoly " + kind, "fracpoly.csv", do, expect, 1e-7, "statsmodels; R " + ("lm" if family is None else "glm"))
    y = a.y.to_numpy(float)
    stated(cases, a, x, mean, y, rows)
    by_fp(cases, a, y, rows)
    cases.write()


def stated(cases, a, x, mean, y, rows):
    """Powers that are stated for two regressors."""
    w = scaled(a.w.to_numpy())
    middle = a.w.mean() / (a.w / w).iloc[0]
    own, other = centered(x, (-1, -1), mean), centered(w, (0,), middle)
    f = fit(y, own + other + [a.g.astype(float)], "regress")
    value, error = component(f, own)
    expect = {"e(fp_dev)": -2 * f.llf, "_b[_cons]": f.params[0], "_b[Ix__2]": f.params[2], "_b[Iw__1]": f.params[3], "_se[g]": f.bse[4]}
    part = np.column_stack([np.ones(len(y)), other[0]])
    index = [0, 3]
    expect |= at("f", value, rows) | at("s", error, rows) | at("h", part @ f.params[index], rows)
    do = "fracpoly: regress y x -1 -1 w 0 g\nfracpred double f, for(x)\nfracpred double s, for(x) stdp\nfracpred double h, for(w)"
    cases.add("fracpoly, stated powers", "fracpoly.csv", do, expect, 1e-8, "statsmodels OLS")


def by_fp(cases, a, y, rows):
    """`fp predict` and the limits of `fp plot`; the term of a factor has no part in the function."""
    x = a.x.to_numpy()
    own = polynomial(x, (-1, 0))
    f = fit(y, own + [a.z, a.g.astype(float)], "regress")
    value, error = component(f, own)
    do = "fp <x>, fp(-1 0): regress y <x> z i.g\nfp predict double f\nfp predict double s, stdp\nfp plot, residuals(residuals)\nfp plot if g == 1, residuals(none) level(90)"
    cases.add("fp predict", "fracpoly.csv", do, at("f", value, rows) | at("s", error, rows), 1e-8, "statsmodels OLS")
    logit = fit(a.d.to_numpy(float), own + [a.z], "logit")
    value, error = component(logit, own)
    do = "fp <x>, fp(-1 0): logit d <x> z\nfp predict double f, fp\nfp predict double s, stdp equation(d)"
    cases.add("fp predict, logit", "fracpoly.csv", do, at("f", value, rows) | at("s", error, rows), 1e-7, "statsmodels Logit")


if __name__ == "__main__":
    main()
