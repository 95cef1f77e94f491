"""`ziologit`: the likelihood in numpy, its maximum by scipy and Newton steps with numerical derivatives. Writes `ziologit.json`."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy.optimize import minimize
from scipy.special import expit

NAMES = ["[level]_b[x]", "[level]_b[w]", "[inflate]_b[z]", "[inflate]_b[_cons]", "_b[/cut1]", "_b[/cut2]"]


def slope(f, x, step=1e-4):
    """Derivatives by differences of fourth order."""
    out = []
    for i in range(len(x)):
        e = np.zeros(len(x))
        e[i] = step
        out.append((8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * step))
    return np.array(out)


def curve(f, x, step=2e-3):
    """Second derivatives by differences, extrapolated twice."""
    k = len(x)
    out = np.zeros((k, k))
    for i in range(k):
        for j in range(i, k):
            def at(c):
                a, b = np.zeros(k), np.zeros(k)
                a[i], b[j] = step * c, step * c
                return (f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / (4 * step * step * c * c)
            one, two = (4 * at(0.5) - at(1)) / 3, (4 * at(0.25) - at(0.5)) / 3
            out[i, j] = out[j, i] = (16 * two - one) / 15
    return out


def main():
    d = pd.read_csv(ROOT / "data" / "outcomes.csv")
    y = np.searchsorted(np.sort(d.level.unique()), d.level.to_numpy())

    def parts(t):
        index = t[0] * d.x.to_numpy() + t[1] * d.w.to_numpy()
        return expit(t[2] * d.z.to_numpy() + t[3]), expit(t[4] - index), expit(t[5] - index)

    def rows(t):
        p, low, high = parts(t)
        return np.log(np.where(y == 0, 1 - p + p * low, np.where(y == 1, p * (high - low), p * (1 - high))))

    total = lambda t: -rows(t).sum()
    t = minimize(total, [1.3, 0.9, 1.4, 1.3, -0.5, 1.5], method="BFGS", options={"gtol": 1e-7}).x
    for _ in range(4):
        t = t - np.linalg.solve(curve(total, t), slope(total, t))
    v = np.linalg.inv(curve(total, t))
    scores = slope(rows, t).T
    n = len(d)
    sums = pd.DataFrame(scores).groupby(d.cluster.to_numpy()).sum().to_numpy()
    kinds = {
        "": v,
        " vce(robust)": v @ (scores.T @ scores) @ v * n / (n - 1),
        " vce(cluster cluster)": v @ (sums.T @ sums) @ v * len(sums) / (len(sums) - 1),
    }
    cases = Cases("ziologit", "numpy likelihood, scipy")
    command = "ziologit level x w, inflate(z) nolog"
    for option, covariance in kinds.items():
        expect = {"e(ll)": -total(t), "e(k_cat)": 3, "e(df_m)": 2}
        for i, name in enumerate(NAMES):
            expect |= {name: t[i], name.replace("_b[", "_se["): np.sqrt(covariance[i, i])}
        cases.add("ziologit" + option, "outcomes.csv", command + option, expect, 1e-6)
    p, low, high = parts(t)
    predicted = {"ppar": p, "pmargin outcome(0)": 1 - p + p * low, "pcond1 outcome(1)": high - low, "pjoint1 outcome(2)": p * (1 - high)}
    do, expect = command, {}
    for i, (option, values) in enumerate(predicted.items()):
        do += f"\npredict double p{i}, {option}"
        expect |= {f"p{i}[1]": values[0], f"p{i}[7]": values[6]}
    cases.add("ziologit predict", "outcomes.csv", do, expect, 2e-6)

    def mean(t):
        p, low, _ = parts(t)
        return (1 - p + p * low).mean()

    g = slope(mean, t)
    cases.add("ziologit margins", "outcomes.csv", command + "\nmargins, predict(outcome(0))",
              {"el(r(b),1,1)": mean(t), "sqrt(el(r(V),1,1))": np.sqrt(g @ v @ g)}, 2e-6)
    cases.write()


main()
