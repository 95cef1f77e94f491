"""Difference GMM on the employment panel of Arellano and Bond (R plm, data EmplUK): numpy by hand, R plm pgmm."""

import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
from common import Cases, write_data

R = """
suppressMessages(library(plm)); data("EmplUK", package = "plm")
write.csv(EmplUK, "DATA", row.names = FALSE)
for (m in c("onestep", "twosteps")) {
  f <- pgmm(log(emp) ~ lag(log(emp), 1:2) + log(wage) + log(capital) + log(output) | lag(log(emp), 2:99), EmplUK, effect = "individual", model = m, transformation = "d")
  cat(m, format(coef(f), digits = 17), "\\n")
}
"""


def build(data, lags, gmm_x=(), first_x=2, most=99, regressors=("w", "k", "ys"), standard=("w", "k", "ys")):
    """Differenced equations by unit: periods, outcome, regressors, instruments."""
    units, keys = [], {}
    for _, d in data.groupby("id"):
        d = d.set_index("year")
        y = d["n"].to_dict()
        rows = []
        for t in sorted(y):
            if all(t - j in y and t - j - 1 in y for j in range(lags + 1)):
                z = {("n", t, t - s): v for s, v in y.items() if s <= t - 2 and t - s - 2 < most}
                for x in gmm_x:
                    z |= {(x, t, t - s): d.loc[s, x] for s in y if s <= t - first_x and t - s - first_x < most}
                rows.append((t, y[t] - y[t - 1], [y[t - j] - y[t - j - 1] for j in range(1, lags + 1)] + [d.loc[t, x] - d.loc[t - 1, x] for x in regressors], z,
                             [d.loc[t, x] - d.loc[t - 1, x] for x in standard]))
                for k in z:
                    keys.setdefault(k, len(keys))
        if rows:
            units.append(rows)
    out = []
    for rows in units:
        z = np.zeros((len(rows), len(keys) + len(standard)))
        for i, r in enumerate(rows):
            for k, v in r[3].items():
                z[i, keys[k]] = v
            z[i, len(keys):] = r[4]
        out.append((np.array([r[0] for r in rows]), np.array([r[1] for r in rows]), np.array([r[2] for r in rows]), z))
    return out


def estimate(units):
    """One- and two-step estimates with all covariances and tests."""
    h = lambda t: np.where(np.abs(t[:, None] - t[None, :]) == 0, 2.0, np.where(np.abs(t[:, None] - t[None, :]) == 1, -1.0, 0.0))
    a1 = np.linalg.pinv(sum(z.T @ h(t) @ z for t, _, _, z in units), rcond=1e-11, hermitian=True)
    wz = sum(x.T @ z for _, _, x, z in units)
    zy = sum(z.T @ y for _, y, _, z in units)
    rank = np.linalg.matrix_rank(sum(z.T @ h(t) @ z for t, _, _, z in units), tol=1e-9)
    q1 = np.linalg.inv(wz @ a1 @ wz.T)
    b1 = q1 @ wz @ a1 @ zy
    e1 = [y - x @ b1 for _, y, x, _ in units]
    n, k = sum(len(e) for e in e1), len(b1)
    s2 = sum(e @ e for e in e1) / (2 * (n - k))
    meat = sum(np.outer(z.T @ e, z.T @ e) for (_, _, _, z), e in zip(units, e1))
    v1r = q1 @ wz @ a1 @ meat @ a1 @ wz.T @ q1
    a2 = np.linalg.pinv(meat, rcond=1e-11, hermitian=True)
    v2 = np.linalg.inv(wz @ a2 @ wz.T)
    b2 = v2 @ wz @ a2 @ zy
    e2 = [y - x @ b2 for _, y, x, _ in units]
    g2 = sum(z.T @ e for (_, _, _, z), e in zip(units, e2))
    d = np.zeros((k, k))
    for j in range(k):
        slope = -sum(np.outer(z.T @ x[:, j], z.T @ e) + np.outer(z.T @ e, z.T @ x[:, j]) for (_, _, x, z), e in zip(units, e1))
        d[:, j] = -v2 @ wz @ a2 @ slope @ a2 @ g2
    wc = v2 + d @ v2 + v2 @ d.T + d @ v1r @ d.T
    g1 = sum(z.T @ e for (_, _, _, z), e in zip(units, e1))

    def ar(order, e, v, q, a, plain):
        lag = [np.array([dict(zip(t, r)).get(s - order, 0.0) for s in t]) for (t, _, _, _), r in zip(units, e)]
        lx = sum(l @ x for l, (_, _, x, _) in zip(lag, units))
        if plain:
            own = s2 * sum(l @ h(t) @ l for l, (t, _, _, _) in zip(lag, units))
            cross = s2 * sum(z.T @ h(t) @ l for l, (t, _, _, z) in zip(lag, units))
        else:
            own = sum((l @ r) ** 2 for l, r in zip(lag, e))
            cross = sum(z.T @ r * (r @ l) for l, r, (_, _, _, z) in zip(lag, e, units))
        return sum(l @ r for l, r in zip(lag, e)) / np.sqrt(own - 2 * lx @ q @ wz @ a @ cross + lx @ v @ lx)

    return {"one": (b1, s2 * q1, g1 @ a1 @ g1 / s2, [ar(m, e1, s2 * q1, q1, a1, True) for m in (1, 2)]),
            "one robust": (b1, v1r, None, [ar(m, e1, v1r, q1, a1, False) for m in (1, 2)]),
            "two": (b2, v2, g2 @ a2 @ g2, [ar(m, e2, v2, v2, a2, False) for m in (1, 2)]),
            "two robust": (b2, wc, g2 @ a2 @ g2, [ar(m, e2, wc, v2, a2, False) for m in (1, 2)]), "n": n, "rank": rank, "groups": len(units)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        text = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True).stdout
        raw = pd.read_csv(path)
    data = pd.DataFrame({"id": raw["firm"], "year": raw["year"], "n": np.log(raw["emp"]), "w": np.log(raw["wage"]), "k": np.log(raw["capital"]), "ys": np.log(raw["output"])})
    write_data("employment", data)
    found = {line.split()[0]: [float(v) for v in line.split()[1:]] for line in text.splitlines() if line.strip()}
    cases = Cases("dynamic", "numpy by hand; R plm pgmm")
    names = ["L.n", "L2.n", "w", "k", "ys"]
    for name, option in (("onestep", ""), ("twosteps", " twostep")):
        cases.add(f"pgmm {name}", "employment.csv", f"xtset id year\nxtabond n w k ys, lags(2) noconstant{option}", {f"_b[{m}]": v for m, v in zip(names, found[name])}, 1e-7, "R plm pgmm")
    models = [("all exogenous", "xtabond n w k ys, lags(2) noconstant", names, build(data, 2)),
              ("few lags", "xtabond n w k ys, noconstant maxldep(2)", ["L.n", "w", "k", "ys"], build(data, 1, most=2)),
              ("endogenous wage", "xtabond n k ys, noconstant endogenous(w) maxldep(3) maxlags(3)", ["L.n", "k", "ys", "w"], build(data, 1, ("w",), 2, 3, ("k", "ys", "w"), ("k", "ys"))),
              ("predetermined wage", "xtabond n k ys, noconstant pre(w) maxldep(2) maxlags(2)", ["L.n", "k", "ys", "w"], build(data, 1, ("w",), 1, 2, ("k", "ys", "w"), ("k", "ys")))]
    for label, command, terms, units in models:
        r = estimate(units)
        for kind, option in (("one", ""), ("one robust", " vce(robust)"), ("two", " twostep"), ("two robust", " twostep vce(robust)")):
            b, v, sargan, ar = r[kind]
            expect = {f"_b[{m}]": q for m, q in zip(terms, b)} | {f"_se[{m}]": q for m, q in zip(terms, np.sqrt(np.diag(v)))}
            expect |= {"e(N)": r["n"], "e(N_g)": r["groups"], "e(zrank)": r["rank"], "r(m1)": ar[0], "r(m2)": ar[1]}
            if sargan is not None:
                expect["e(sargan)"] = sargan
            cases.add(f"{label}, {kind}", "employment.csv", f"xtset id year\n{command}{option}\nestat abond", expect, 1e-6, "numpy by hand")
    cases.write()
