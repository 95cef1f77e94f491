"""Subhazard regression: R cmprsk; the weighted partial likelihood and its robust covariance by numpy.

Stata's covariance is that of cmprsk times n / (n - 1); the numpy part follows Fine and Gray (1999) and gives clusters too.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from common import Cases, write_data



def sample():
    """Four hundred subjects with relapse, death and censoring; times in days, and in tenths with many ties."""
    rng = np.random.default_rng(77)
    n = 400
    age, drug, stage = rng.normal(60, 9, n).round(1), rng.integers(0, 2, n), rng.integers(1, 4, n)
    relapse = rng.exponential(1, n) / np.exp(0.03 * (age - 60) - 0.5 * drug + 0.2 * (stage == 3))
    death = rng.exponential(1, n) / (0.7 * np.exp(0.4 * drug))
    limit = rng.exponential(2, n)
    first = np.minimum(np.minimum(relapse, death), limit)
    status = np.where(first == limit, 0, np.where(first == relapse, 1, 2))
    frame = pd.DataFrame({"time": (365 * first).round(4) + 0.01, "tied": np.ceil(first * 10) / 10, "status": status, "age": age, "drug": drug, "stage": stage, "site": rng.integers(1, 31, n)})
    write_data("relapses", frame)
    return frame


def by_hand(t, end, x, clusters=None):
    """Coefficients, log pseudolikelihood, covariances without and with clusters, steps of the baseline."""
    n, k = x.shape
    left, alive = {}, 1.0
    for u in np.unique(t):
        left[u] = alive
        alive *= 1 - ((t == u) & (end == 0)).sum() / (t >= u).sum()
    own = np.array([left[u] for u in t])
    times = np.unique(t[end == 1])
    weights = [np.where(t >= u, 1.0, np.where(end == 2, left[u] / own, 0.0)) for u in times]
    deaths = [(t == u) & (end == 1) for u in times]
    b = np.zeros(k)
    for _ in range(60):
        e, ll, g, info = np.exp(x @ b), 0.0, np.zeros(k), np.zeros((k, k))
        for w, d in zip(weights, deaths):
            s0, s1, s2 = (w * e).sum(), (w * e) @ x, (x * (w * e)[:, None]).T @ x
            ll += (x[d] @ b).sum() - d.sum() * np.log(s0)
            g += x[d].sum(0) - d.sum() * s1 / s0
            info += d.sum() * (s2 / s0 - np.outer(s1, s1) / s0**2)
        step = np.linalg.solve(info, g)
        b = b + step
        if np.abs(step).max() < 1e-14:
            break
    score, means, rates = np.zeros((n, k)), [], []
    for w, d in zip(weights, deaths):
        s0 = (w * e).sum()
        means.append((w * e) @ x / s0)
        rates.append(d.sum() / s0)
        score[d] += x[d] - means[-1]
        score -= (x - means[-1]) * (w * e * rates[-1])[:, None]
    for u in np.unique(t[end == 0]):
        gone = (t < u) & (end == 2)
        q = sum((((x - m) * (w * e * r)[:, None])[gone].sum(0) for w, m, r, v in zip(weights, means, rates, times) if v >= u), np.zeros(k))
        risk, lost = (t >= u).sum(), (t == u) & (end == 0)
        score[lost] += q / risk
        score[t >= u] -= q / risk * lost.sum() / risk
    inverse = np.linalg.inv(info)
    groups = np.arange(n) if clusters is None else clusters
    total = pd.DataFrame(score).groupby(groups).sum().to_numpy()
    count = len(total)
    return b, ll, inverse @ (total.T @ total) @ inverse * count / (count - 1), inverse, times, np.cumsum(rates)


def by_r(frame, time, formula):
    """Estimates of cmprsk."""
    with tempfile.TemporaryDirectory() as folder:
        data, out = Path(folder) / "data.csv", Path(folder) / "out.csv"
        frame.to_csv(data, index=False)
        script = f"""
suppressMessages(library(cmprsk))
d <- read.csv("{data}"); d$own <- d${time}
x <- model.matrix(~ {formula}, d)[, -1, drop = FALSE]
f <- crr(d$own, d$status, x, gtol = 1e-14, maxiter = 100)
write.table(cbind(f$coef, sqrt(diag(f$var)), f$loglik), "{out}", row.names = FALSE, col.names = FALSE, sep = ",")
"""
        subprocess.run(["Rscript", "-"], input=script, text=True, check=True, capture_output=True)
        return np.loadtxt(out, delimiter=",", ndmin=2)


def main():
    cases = Cases("subhazards", "R cmprsk 2.2; numpy by hand after Fine and Gray (1999)")
    frame = sample()
    n = len(frame)
    for time in ("time", "tied"):
        stset = f"stset {time}, failure(status==1)\n"
        x = frame[["age", "drug"]].to_numpy(float)
        t, end = frame[time].to_numpy(), frame["status"].to_numpy()
        found = by_r(frame, time, "age + drug")
        b, ll, v, inverse, times, cumulative = by_hand(t, end, x)
        assert np.abs(found[:, 0] / b - 1).max() < 1e-6 and np.abs(found[:, 1] * np.sqrt(n / (n - 1)) / np.sqrt(np.diag(v)) - 1).max() < 1e-5, (found, b, np.sqrt(np.diag(v)))
        counts = {"e(N)": n, "e(N_fail)": (end == 1).sum(), "e(N_compete)": (end == 2).sum(), "e(N_cens)": (end == 0).sum()}
        do = stset + "stcrreg age drug, compete(status==2)"
        expect = {f"_b[{m}]": found[i, 0] for i, m in enumerate(("age", "drug"))} | {f"_se[{m}]": found[i, 1] * np.sqrt(n / (n - 1)) for i, m in enumerate(("age", "drug"))}
        # cmprsk stops its search at 1e-6 of a coefficient
        cases.add(f"{time}: cmprsk", "relapses.csv", do, expect | counts, 1e-5, "R cmprsk crr, standard errors times sqrt(n / (n - 1))")
        wald = b @ np.linalg.solve(v, b)
        expect = {f"_b[{m}]": b[i] for i, m in enumerate(("age", "drug"))} | {f"_se[{m}]": np.sqrt(v[i, i]) for i, m in enumerate(("age", "drug"))}
        expect |= {"e(ll)": ll, "e(chi2)": wald, "el(e(V),1,2)": v[0, 1], "el(e(V_modelbased),2,2)": inverse[1, 1]}
        cases.add(f"{time}: by hand", "relapses.csv", do, expect, 1e-8, "numpy after Fine and Gray (1999)")
        _, _, clustered, *_ = by_hand(t, end, x, frame["site"].to_numpy())
        expect = {f"_se[{m}]": np.sqrt(clustered[i, i]) for i, m in enumerate(("age", "drug"))} | {"e(N_clust)": 30}
        cases.add(f"{time}: clusters", "relapses.csv", do + " vce(cluster site)", expect, 1e-8, "numpy after Fine and Gray (1999)")
        place = np.searchsorted(times, t[10], side="right") - 1
        base = cumulative[place]
        post = do + "\npredict double base, basecshazard\npredict double cif, basecif\npredict double ratio\npredict double index, xb\nstcurve, cif at1(drug=0) at2(drug=1)\nmatrix m = r(curves)\nscalar last = rowsof(m)"
        lines = [1 - np.exp(-cumulative[-1] * np.exp(b[0] * frame["age"].mean() + b[1] * d)) for d in (0, 1)]
        expect = {"base[11]": base, "cif[11]": 1 - np.exp(-base), "ratio[5]": np.exp(x[4] @ b), "index[5]": x[4] @ b, "el(m,last,2)": lines[0], "el(m,last,3)": lines[1]}
        cases.add(f"{time}: predictions", "relapses.csv", post, expect, 1e-8, "numpy by hand")
    # the other event, a factor variable, no adjustment, a condition
    end = frame["status"].map({0: 0, 1: 2, 2: 1}).to_numpy()
    x = np.column_stack([frame["drug"], frame["stage"] == 2, frame["stage"] == 3]).astype(float)
    b, ll, v, *_ = by_hand(frame["time"].to_numpy(), end, x)
    names = ["drug", "2.stage", "3.stage"]
    do = "stset time, failure(status==2)\nstcrreg drug i.stage, compete(status==1) noadjust"
    expect = {f"_b[{m}]": b[i] for i, m in enumerate(names)} | {f"_se[{m}]": np.sqrt(v[i, i] * (n - 1) / n) for i, m in enumerate(names)} | {"e(ll)": ll}
    cases.add("the other event", "relapses.csv", do, expect, 1e-8, "numpy after Fine and Gray (1999)")
    part = frame[frame["age"] > 55]
    b, ll, v, *_ = by_hand(part["time"].to_numpy(), part["status"].to_numpy(), part[["drug"]].to_numpy(float))
    do = "generate other = status == 2\nstset time, failure(status==1)\nstcrreg drug if age > 55, compete(other)"
    cases.add("a condition and an indicator", "relapses.csv", do, {"_b[drug]": b[0], "_se[drug]": np.sqrt(v[0, 0]), "e(ll)": ll, "e(N)": len(part)}, 1e-8, "numpy after Fine and Gray (1999)")
    cases.write()


if __name__ == "__main__":
    main()
