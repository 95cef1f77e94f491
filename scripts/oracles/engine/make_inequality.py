"""Indices of inequality of `ineqdeco` from their definitions, on expanded data for frequency weights."""

import numpy as np
import pandas as pd
from common import Cases, write_data


def sample():
    rng = np.random.default_rng(23)
    n = 160
    group = rng.integers(1, 4, n)
    income = np.exp(6 + 0.3 * group + 0.6 * rng.normal(size=n)).round(2)
    frame = pd.DataFrame({"income": income, "group": group, "f": rng.integers(1, 5, n)})
    write_data("inequality", frame)
    return frame


def gini(y):
    """Half the mean absolute difference of all pairs over the mean."""
    return np.abs(y[:, None] - y[None, :]).mean() / (2 * y.mean())


def entropy(y, a):
    r = y / y.mean()
    if a == 0:
        return -np.log(r).mean()
    if a == 1:
        return (r * np.log(r)).mean()
    return ((r**a).mean() - 1) / (a * (a - 1))


def equal(y, e):
    return np.exp(np.log(y).mean()) if e == 1 else (y ** (1 - e)).mean() ** (1 / (1 - e))


def indices(y, suffix=""):
    out = {f"r({n}{suffix})": entropy(y, a) for n, a in (("gem1", -1), ("ge0", 0), ("ge1", 1), ("ge2", 2))}
    out |= {f"r({n}{suffix})": 1 - equal(y, e) / y.mean() for n, e in (("ahalf", 0.5), ("a1", 1), ("a2", 2))}
    out[f"r(gini{suffix})"] = gini(y)
    return out


def parts(y, g):
    """Between: everybody has the mean of the group; within of Atkinson: everybody has the equivalent of the group."""
    out = {}
    means = pd.Series(y).groupby(g).transform("mean").to_numpy()
    for n, a in (("gem1", -1), ("ge0", 0), ("ge1", 1), ("ge2", 2)):
        between = entropy(means, a)
        out |= {f"r(between_{n})": between, f"r(within_{n})": entropy(y, a) - between}
    for n, e in (("ahalf", 0.5), ("a1", 1), ("a2", 2)):
        given = pd.Series(y).groupby(g).transform(lambda v: equal(v.to_numpy(), e)).to_numpy()
        out |= {f"r(within_{n})": 1 - given.mean() / y.mean(), f"r(between_{n})": 1 - equal(y, e) / given.mean()}
    return out


def main():
    cases = Cases("inequality", "definitions of the indices, numpy")
    frame = sample()
    for name, weight, rows in (("plain", "", np.arange(len(frame))), ("fweights", " [fweight = f]", np.repeat(np.arange(len(frame)), frame["f"]))):
        y, g = frame["income"].to_numpy()[rows], frame["group"].to_numpy()[rows]
        do = f"ineqdeco income{weight}"
        expect = indices(y) | {"r(mean)": y.mean(), "r(sd)": y.std(ddof=1), "r(sumw)": len(y), "r(N)": len(frame)}
        cases.add(name, "inequality.csv", do, expect, 1e-9)
        by = indices(y) | parts(y, g)
        for k in (1, 2, 3):
            own = y[g == k]
            by |= indices(own, f"_{k}") | {f"r(v_{k})": len(own) / len(y), f"r(mean_{k})": own.mean(), f"r(lambda_{k})": own.mean() / y.mean(), f"r(theta_{k})": own.sum() / y.sum(), f"r(lgmean_{k})": np.log(own.mean())}
        cases.add(f"{name}, by()", "inequality.csv", f"{do}, by(group)", by, 1e-9)
    y = frame.loc[frame["group"] == 2, "income"].to_numpy()
    low, high = np.quantile(y, [0.1, 0.9], method="averaged_inverted_cdf")
    cases.add("ratios and welfare", "inequality.csv", "ineqdeco income if group == 2, welfare", {"r(p90p10)": high / low, "r(edehalf)": equal(y, 0.5), "r(ede1)": equal(y, 1), "r(ede2)": equal(y, 2)}, 1e-9)
    cases.write()


main()
