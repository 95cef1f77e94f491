"""`suest`: stacked influence of the rows on models of statsmodels, products by numpy. Writes `suest.json`."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases

SOURCE = "statsmodels 0.15 estimates, stacked sandwich by numpy ([R] suest, Methods and formulas)"


def influence(frame, y, xs, kind, rows):
    x = sm.add_constant(frame.loc[rows, xs].astype(float), prepend=False)
    outcome = frame.loc[rows, y].astype(float)
    names = [*xs, "_cons"]
    if kind == "regress":
        fit = sm.OLS(outcome, x).fit()
        out = (x.to_numpy() * fit.resid.to_numpy()[:, None]) @ np.linalg.inv(x.T @ x).T
        variance = np.mean(fit.resid**2)
        lnvar = (fit.resid.to_numpy() ** 2 / variance - 1) / len(outcome)
        values, b = np.column_stack([out, lnvar]), [*fit.params, np.log(variance)]
        labels = [("mean", n) for n in names] + [("lnvar", "_cons")]
    else:
        model = {"logit": sm.Logit, "probit": sm.Probit, "poisson": sm.Poisson}[kind](outcome, x)
        fit = model.fit(disp=0, tol=1e-14, method="newton", maxiter=200)
        values, b = model.score_obs(fit.params) @ np.linalg.inv(-model.hessian(fit.params)), list(fit.params)
        labels = [(y, n) for n in names]
    full = np.zeros((len(frame), values.shape[1]))
    full[np.flatnonzero(rows)] = values
    return b, full, labels


def add(cases, data, models, cluster=None):
    frame = pd.read_csv(ROOT / f"data/{data}")
    do, everything, b, labels = "", [], [], []
    used = np.zeros(len(frame), bool)
    for k, (kind, y, xs, condition) in enumerate(models):
        rows = frame.eval(condition).to_numpy() if condition else np.ones(len(frame), bool)
        used |= rows
        own, values, names = influence(frame, y, xs, kind, rows)
        everything.append(values)
        b += own
        labels += [(f"m{k}_{eq}", n) for eq, n in names]
        do += f"quietly {kind} {y} {' '.join(xs)}{' if ' + condition if condition else ''}\nestimates store m{k}\n"
    u = np.hstack(everything)[used]
    if cluster:
        u = pd.DataFrame(u).groupby(frame.loc[used, cluster].to_numpy()).sum().to_numpy()
    g = len(u)
    v = u.T @ u * g / (g - 1)
    do += "suest " + " ".join(f"m{k}" for k in range(len(models))) + (f", vce(cluster {cluster})" if cluster else "")
    expect = {"e(N)": used.sum()}
    for k, (eq, name) in enumerate(labels):
        expect |= {f"_b[{eq}:{name}]": b[k], f"_se[{eq}:{name}]": np.sqrt(v[k, k])}
    first, second = models[0][2][0], models[1][2][0]
    i = [k for k, (_, n) in enumerate(labels) if n == first][0]
    j = [k for k, (eq, n) in enumerate(labels) if n == second and eq.startswith("m1_")][0]
    difference = b[i] - b[j]
    chi2 = difference**2 / (v[i, i] + v[j, j] - 2 * v[i, j])
    do += f"\ntest [{labels[i][0]}]{first} = [{labels[j][0]}]{second}"
    expect["r(chi2)"] = chi2
    cases.add(f"suest {' '.join(m[0] for m in models)} {data} {cluster or ''}", data, do, expect, 1e-6, SOURCE)


def main():
    cases = Cases("suest", "statsmodels and numpy")
    add(cases, "spector.csv", [("logit", "grade", ["gpa", "tuce", "psi"], ""), ("logit", "grade", ["gpa", "tuce"], "")])
    add(cases, "spector.csv", [("logit", "grade", ["gpa", "psi"], ""), ("probit", "grade", ["gpa", "psi"], "")])
    add(cases, "workers.csv", [("regress", "y", ["x1", "x2"], "year == 1"), ("regress", "y", ["x1", "x2"], "year == 2")])
    add(cases, "workers.csv", [("regress", "y", ["x1", "x2"], "year <= 2"), ("regress", "y", ["x1"], "")], "worker")
    add(cases, "gravity.csv", [("poisson", "trade", ["dist", "fta"], ""), ("poisson", "trade", ["dist", "fta"], "year < 4")], "exp")
    cases.write()


if __name__ == "__main__":
    main()
