"""`generate()` of `teffects nnmatch` and `teffects psmatch`, and predictions from the matches: every pair of rows by numpy, the
propensity score by statsmodels."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases

ROWS = 400
TIE = 1.490116119384766e-8


def matches(distance, treated, count, needed):
    """Rows of the other group up to the distance of the `count`-th one, the nearest first."""
    out = []
    for i in range(len(treated)):
        if not needed[i]:
            out.append([])
            continue
        other = np.flatnonzero(treated != treated[i])
        d = distance[i, other]
        limit = np.sort(d)[count - 1] + TIE
        found = [(d[k], other[k]) for k in range(len(other)) if d[k] <= limit]
        out.append(sorted(found))
    return out


def expected(found, y, treated, most, check):
    n = len(y)
    other = np.array([np.mean([y[j] for _, j in own]) if own else np.nan for own in found])
    effect = np.where(treated == 1, y - other, other - y)
    po0, po1 = np.where(treated == 0, y, other), np.where(treated == 1, y, other)
    out = {"mean": np.nanmean(effect), "most": max(map(len, found))}
    expect = {"abs(m - %.15g) < 1e-6" % out["mean"]: 1.0}
    for i in check:
        expect |= {f"te[{i + 1}]": effect[i], f"p0[{i + 1}]": po0[i], f"p1[{i + 1}]": po1[i]}
        for k, (d, j) in enumerate(found[i][:most], 1):
            expect |= {f"n{k}[{i + 1}]": j + 1.0, f"d{k}[{i + 1}]": d}
    expect["scalar(most)"] = out["most"]
    return {k: v for k, v in expect.items() if np.isfinite(v)}, n


PREDICT = ("\npredict double te\npredict double p0, po\npredict double p1, po tlevel(1)\npredict double d*, distance\n"
           "summarize te\nscalar m = r(mean)\nunab made: n*\nscalar most = wordcount(\"`made'\")")


def main():
    cases = Cases("matches", "numpy over all pairs; statsmodels")
    data = pd.read_csv(ROOT / "data/cattaneo.csv").iloc[:ROWS]
    y, t = data.bweight.to_numpy(float), data.mbsmoke.to_numpy(int)
    x = data[["mage", "medu"]].to_numpy(float)
    x = x + np.column_stack([np.arange(ROWS) % 7 / 10, np.arange(ROWS) % 11 / 20])
    make = (f"keep in 1/{ROWS}\ngenerate double a = mage + mod(_n - 1, 7)/10\ngenerate double b = medu + mod(_n - 1, 11)/20\n")
    check = [0, 5, 17, 101, 233, 399]
    diff = x[:, None, :] - x[None, :, :]
    inverse = np.linalg.inv(np.cov(x.T))
    mahalanobis = np.sqrt(np.einsum("ijk,kl,ijl->ij", diff, inverse, diff))
    euclidean = np.sqrt((diff**2).sum(2))
    all_rows = np.ones(ROWS, bool)
    for name, distance, option, count in (("mahalanobis", mahalanobis, "", 1), ("euclidean", euclidean, " metric(euclidean)", 3)):
        found = matches(distance, t, count, all_rows)
        expect, _ = expected(found, y, t, count, check)
        do = f"{make}teffects nnmatch (bweight a b) (mbsmoke), nneighbor({count}){option} generate(n){PREDICT}"
        cases.add(f"teffects nnmatch {name} generate", "cattaneo.csv", do, expect, 1e-8, "numpy over all pairs")
    # whole numbers leave ties, all of which are kept
    raw = data[["mage", "medu"]].to_numpy(float)
    distance = np.sqrt(((raw[:, None, :] - raw[None, :, :]) ** 2).sum(2))
    found = matches(distance, t, 1, t == 1)
    treated = np.flatnonzero(t == 1)[:4]
    expect, _ = expected(found, y, t, 2, treated)
    expect |= {"missing(te[1])": float(t[0] == 0)}
    do = f"keep in 1/{ROWS}\nteffects nnmatch (bweight mage medu) (mbsmoke), atet metric(euclidean) generate(n){PREDICT}"
    cases.add("teffects nnmatch with ties, atet", "cattaneo.csv", do, expect, 1e-8, "numpy over all pairs")
    p = sm.Logit(t, sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-13, maxiter=100).predict()
    found = matches(np.abs(p[:, None] - p[None, :]), t, 2, all_rows)
    expect, _ = expected(found, y, t, 2, check)
    expect |= {f"ps[{i + 1}]": p[i] for i in check}
    do = f"{make}teffects psmatch (bweight) (mbsmoke a b), nneighbor(2) generate(n){PREDICT}\npredict double ps, ps tlevel(1)"
    cases.add("teffects psmatch generate", "cattaneo.csv", do, expect, 1e-7, "numpy over all pairs, statsmodels Logit")
    cases.write()


if __name__ == "__main__":
    main()
