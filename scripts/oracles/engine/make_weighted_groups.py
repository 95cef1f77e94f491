"""Weights of commands that take them for groups or for transformed values: conditional logit (recursion over sets of
rows in numpy, scipy), the means of ameans (numpy), percentiles by interpolation (numpy, Weibull's rule)."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from numeric import maximise
from scipy import stats


def clogit(cases, f):
    x, y = f[["x1", "x2"]].to_numpy(), f.b.to_numpy()
    groups = [g.to_numpy() for _, g in f.groupby("c").groups.items()]
    groups = [g for g in groups if 0 < y[g].sum() < len(g)]
    w = np.array([f.c[g[0]] % 3 + 1 for g in groups], float)
    inside = sum(len(g) for g in groups)

    def rows(th):
        out = []
        for g in groups:
            eta, ones = x[g] @ th, int(y[g].sum())
            sets = np.full(ones + 1, -np.inf)
            sets[0] = 0
            for e in eta:
                sets[1:] = np.logaddexp(sets[1:], sets[:-1] + e)
            out.append((eta * y[g]).sum() - sets[ones])
        return np.array(out)

    theta, ll, information, scores = maximise(rows, np.zeros(2), w)
    bread = np.linalg.inv(information)
    null = float(np.sum(w * rows(np.zeros(2))))
    base = {"_b[x1]": theta[0], "_b[x2]": theta[1]}

    def se(v):
        return {"_se[x1]": np.sqrt(v[0, 0]), "_se[x2]": np.sqrt(v[1, 1])}

    do = "generate v = mod(c, 3) + 1\nclogit b x1 x2 [%s=v], group(c) nolog%s"
    total = sum(k * len(g) for k, g in zip(w, groups))
    likelihoods = {"e(ll)": ll, "e(ll_0)": null}
    cases.add("clogit fweight", "search.csv", do % ("fweight", ""), base | se(bread) | likelihoods | {"e(N)": total}, 1e-7)
    cases.add("clogit iweight", "search.csv", do % ("iweight", ""), base | se(bread) | likelihoods, 1e-7)
    n = len(groups)
    s = scores * w[:, None]
    cases.add("clogit pweight", "search.csv", do % ("pweight", ""), base | se(bread @ s.T @ s @ bread * n / (n - 1)) | {"e(ll)": ll, "e(N)": inside}, 1e-7)
    n = w.sum()
    s = scores * np.sqrt(w)[:, None]
    cases.add("clogit fweight robust", "search.csv", do % ("fweight", " vce(robust)"), base | se(bread @ s.T @ s @ bread * n / (n - 1)), 1e-7)


def ameans(cases, f):
    y, w = f.y.to_numpy(), f.w.to_numpy().astype(float)

    def means(x, w, frequencies):
        positive = x > 0
        out = {}
        for suffix, values, weights, back in [("", x, w, lambda v: v), ("_g", np.log(x[positive]), w[positive], np.exp),
                                              ("_h", 1 / x[positive], w[positive], lambda v: 1 / v)]:
            n = weights.sum() if frequencies else len(values)
            m = np.average(values, weights=weights)
            variance = np.average((values - m) ** 2, weights=weights) * n / (n - 1)
            half = stats.t.ppf(0.975, n - 1) * np.sqrt(variance / n)
            limits = sorted([back(m - half), back(m + half)])
            out |= {f"r(mean{suffix})": back(m), f"r(Var{suffix})": variance, f"r(lb{suffix})": limits[0], f"r(ub{suffix})": limits[1]}
        return out

    ones = np.ones(len(y))
    cases.add("ameans fweight", "search.csv", "ameans y [fweight=w]", means(y, w, True) | {"r(N)": w.sum(), "r(N_pos)": w[y > 0].sum()}, 1e-9)
    cases.add("ameans aweight", "search.csv", "ameans y [aweight=w]", means(y, w, False) | {"r(N)": len(y), "r(N_pos)": (y > 0).sum()}, 1e-9)
    cases.add("ameans add", "search.csv", "ameans y, add(4)", means(y + 4, ones, True), 1e-9)
    cases.add("ameans add only", "search.csv", "generate double z = exp(y)\nameans y z, add(4) only", means(np.exp(y), ones, True), 1e-9)


def percentiles(cases, f):
    points = [3, 10, 25, 50, 77, 99]
    values = np.percentile(f.y, points, method="weibull")
    expect = {f"r(r{i + 1})": v for i, v in enumerate(values)}
    cases.add("_pctile altdef", "search.csv", "_pctile y, percentiles(3 10 25 50 77 99) altdef", expect, 1e-12)
    cuts = np.percentile(f.y, [20, 40, 60, 80], method="weibull")
    expect = {f"cut[{i + 1}]": v for i, v in enumerate(cuts)}
    group = 1 + (f.y.to_numpy()[:, None] > cuts).sum(1)
    expect |= {f"class[{i + 1}]": group[i] for i in range(0, 240, 17)}
    cases.add("pctile xtile altdef", "search.csv", "pctile double cut = y, nquantiles(5) altdef\nxtile class = y, nquantiles(5) altdef", expect, 1e-12)


def main():
    cases = Cases("weighted_groups", "numpy, scipy")
    f = pd.read_csv(ROOT / "data/search.csv")
    clogit(cases, f)
    ameans(cases, f)
    percentiles(cases, f)
    cases.write()


if __name__ == "__main__":
    main()
