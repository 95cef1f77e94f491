"""Synthetic controls: quadratic programmes by cvxopt and scipy, importances of predictors by numpy and scipy."""

import numpy as np
import pandas as pd
from common import Cases, write_data
from cvxopt import matrix, solvers
from scipy.optimize import differential_evolution, minimize

solvers.options.update(show_progress=False, abstol=1e-16, reltol=1e-16, feastol=1e-16)
YEARS = range(1980, 2000)
START = 1991


def sample():
    """Twenty regions and twenty years: two factors with loadings, two traits, a law in region 7 from 1991 on."""
    rng = np.random.default_rng(31)
    level, slope = rng.uniform(5, 15, 20), rng.uniform(0, 1, 20)
    level[6], slope[6] = 9.3, 0.52
    common = np.cumsum(rng.normal(0.3, 0.5, 20))
    rows = []
    for region in range(1, 21):
        for t, year in enumerate(YEARS):
            y = level[region - 1] + slope[region - 1] * common[t] + 0.25 * rng.normal() - 2.0 * (region == 7) * (year >= START)
            income = 2 + 0.2 * level[region - 1] + 0.05 * t + 0.2 * rng.normal()
            price = 4 + 2 * slope[region - 1] + 0.3 * rng.normal()
            rows.append((region, f"Region {region}", year, round(y, 3), round(income, 3), round(price, 3) if rng.uniform() > 0.05 else np.nan))
    frame = pd.DataFrame(rows, columns=["region", "name", "year", "y", "income", "price"])
    write_data("synthetic", frame)
    return frame


def predictors(frame, spec, units):
    """Means over periods without missing values: one row for each predictor."""
    rows = []
    for name, years in spec:
        own = frame[frame["year"].isin(years)]
        rows.append(own.groupby("region")[name].mean().loc[units].to_numpy())
    return np.array(rows)


def scaled(x):
    return x / x.std(axis=1, ddof=1, keepdims=True)


def by_cvxopt(x, v):
    """min (x1 - X0 w)'V(x1 - X0 w), w >= 0, sum one: an interior-point programme, then exact on its support."""
    p = np.sqrt(v)[:, None] * (x[:, 1:] - x[:, :1])
    n = p.shape[1]
    found = solvers.qp(matrix(p.T @ p), matrix(np.zeros(n)), matrix(-np.eye(n)), matrix(np.zeros(n)), matrix(np.ones((1, n))), matrix(1.0))
    w = np.array(found["x"]).ravel()
    support = np.flatnonzero(w > 1e-5)
    k = len(support)
    edges = p[:, support]
    kkt = np.block([[edges.T @ edges, np.ones((k, 1))], [np.ones((1, k)), np.zeros((1, 1))]])
    solution = np.linalg.solve(kkt, np.r_[np.zeros(k), 1.0])[:k]
    out = np.zeros(n)
    out[support] = solution
    gradient = p.T @ (p @ out)
    assert (solution > 0).all() and gradient.min() > gradient[support].mean() - 1e-9, (solution, gradient)
    return out


def by_slsqp(x, v):
    p = np.sqrt(v)[:, None] * (x[:, 1:] - x[:, :1])
    n = p.shape[1]
    found = minimize(lambda w: ((p @ w) ** 2).sum(), np.full(n, 1 / n), jac=lambda w: 2 * p.T @ (p @ w), bounds=[(0, 1)] * n,
                     constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(n)}, method="SLSQP", options={"maxiter": 2000, "ftol": 1e-16})
    return found.x


def importance(x, z):
    """Sums of squared coefficients of regressions of each outcome before the treatment on the predictors."""
    b = np.linalg.lstsq(np.column_stack([np.ones(x.shape[1]), x.T]), z, rcond=None)[0][1:]
    v = (b**2).sum(axis=1)
    return v / v.sum()


def expectations(frame, units, spec, v, fit, weights=by_cvxopt):
    """All stored matrices."""
    x = predictors(frame, spec, units)
    wide = frame.pivot(index="year", columns="region", values="y")[units]
    before = wide.loc[list(fit)].to_numpy().T
    v = importance(scaled(x), before) if v is None else np.asarray(v, float) / np.sum(v)
    w = weights(scaled(x), v)
    synthetic = wide.to_numpy()[:, 1:] @ w
    expect = {f"el(e(W_weights),{j + 1},2)": w[j] for j in range(len(w)) if w[j] > 1e-6}
    expect |= {f"el(e(W_weights),{j + 1},2) < 1e-9": 1 for j in range(len(w)) if w[j] <= 1e-6}
    expect |= {f"el(e(V_matrix),{i + 1},{i + 1})": v[i] for i in range(len(v))}
    expect |= {f"el(e(X_balance),{i + 1},1)": x[i, 0] for i in range(len(v))} | {f"el(e(X_balance),{i + 1},2)": x[i, 1:] @ w for i in range(len(v))}
    expect |= {f"el(e(Y_synthetic),{t + 1},1)": s for t, s in enumerate(synthetic)} | {"el(e(Y_treated),1,1)": wide.iloc[0, 0]}
    expect["el(e(RMSPE),1,1)"] = np.sqrt(((before[0] - before[1:].T @ w) ** 2).mean())
    return expect, x, before


def main():
    cases = Cases("synthetic", "cvxopt, scipy, numpy")
    frame = sample()
    units = [7] + [r for r in range(1, 21) if r != 7]
    before = range(1980, START)
    spec = [("income", before), ("price", before), ("y", [1980]), ("y", [1985]), ("y", [1990])]
    base = "xtset region year\nsynth y income price y(1980) y(1985) y(1990), trunit(7) trperiod(1991)"
    expect, x, z = expectations(frame, units, spec, None, before)
    cases.add("regression-based", "synthetic.csv", base, expect, 1e-7, "numpy, cvxopt")
    expect, _, _ = expectations(frame, units, spec, None, before, by_slsqp)
    keep = ("W_weights", "RMSPE")
    cases.add("regression-based by scipy", "synthetic.csv", base, {k: e for k, e in expect.items() if any(n in k for n in keep)}, 1e-5, "scipy SLSQP")
    own = [("income", range(1985, START)), ("y", [1981, 1984]), ("y", range(1986, 1991)), ("price", range(1985, START))]
    text = "xtset region year\nsynth y income y(1981&1984) y(1986(1)1990) price, trunit(7) trperiod(1991) xperiod(1985(1)1990) mspeperiod(1983(1)1990)"
    cases.add("periods", "synthetic.csv", text, expectations(frame, units, own, None, range(1983, 1991))[0], 1e-7, "numpy, cvxopt")
    cases.add("importance given", "synthetic.csv", f"{base} customV(1 2 3 0 4)", expectations(frame, units, spec, [1, 2, 3, 0, 4], before)[0], 1e-7, "cvxopt")
    some = [7, 2, 3, 5, 8, 9, 11, 13, 16, 20]
    cases.add("some controls", "synthetic.csv", f"{base} counit(2 3 5 8 9 11 13 16 20) unitnames(name)", expectations(frame, some, spec, None, before)[0], 1e-7, "numpy, cvxopt")
    placebo = [3] + [r for r in range(1, 21) if r not in (3, 7)]
    text = base.replace("trunit(7)", f"trunit(3) counit({' '.join(map(str, placebo[1:]))})")
    cases.add("placebo", "synthetic.csv", text, expectations(frame, placebo, spec, None, before)[0], 1e-7, "numpy, cvxopt")
    # the least error that a global search over importances finds
    scaled_x = scaled(x)

    def error(u):
        v = np.abs(u) / np.abs(u).sum()
        w = by_slsqp(scaled_x, v)
        return np.sqrt(((z[0] - z[1:].T @ w) ** 2).mean())

    found = differential_evolution(lambda u: error(10.0**u), [(-6, 0)] * 5, seed=1, maxiter=60, popsize=12, polish=False)
    print("least error", found.fun, "regression-based", expect["el(e(RMSPE),1,1)"])
    start = expect["el(e(RMSPE),1,1)"]
    cases.add("nested", "synthetic.csv", f"{base} nested allopt", {f"el(e(RMSPE),1,1) < {found.fun * 1.001:.9g}": 1, f"el(e(RMSPE),1,1) > {found.fun * 0.99:.9g}": 1, f"el(e(RMSPE),1,1) < {start:.9g}": 1}, 1e-9, "scipy differential_evolution")
    cases.write()


if __name__ == "__main__":
    main()
