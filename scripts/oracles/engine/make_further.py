"""Options and forms of commands that the engine had refused: rotations (R GPArotation), unbalanced variance components
(R plm), the search of `prais` (scipy), one-sample Kolmogorov and Smirnov tests ([R] ksmirnov, scipy), percentages of
`collapse` (pandas), predictions between limits after `regress` (scipy).

`further.R` writes the numbers of R as JSON into the folder that is the first argument of both.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy import optimize, stats

FOLDER = Path(sys.argv[1])


def read(name):
    return pd.read_csv(ROOT / "data" / name)


def rotations(cases):
    found = json.loads((FOLDER / "rotations.json").read_text())
    do = "factor v1 v2 v3 v4 v5 v6 v7, pcf mineigen(0) factors(3)\nrotate, %s\nmatrix L = e(r_L)"
    for name, option in (("quartimax", "quartimax"), ("oblimin", "oblique oblimin"), ("quartimin", "oblique quartimin"),
                         ("oblimin_n", "oblique oblimin(0) normalize"), ("obliminm", "oblique oblimin(-.5)"),
                         ("equamax", "equamax"), ("parsimax", "parsimax"), ("cfq", "oblique cf(.3)")):
        want = found[name]
        expect = {f"abs(L[{i},{j}])": want["L"][i - 1][j - 1] for i in (1, 4, 7) for j in (1, 2, 3)}
        # The criterion of quartimax is the same but for a constant.
        if name != "quartimax":
            expect["e(r_f)"] = want["f"][0] if isinstance(want["f"], list) else want["f"]
        text = do % option
        if "Phi" in want:
            text += "\nmatrix P = e(r_Phi)"
            expect.update({f"abs(P[{i},{j}])": want["Phi"][i - 1][j - 1] for i, j in ((1, 2), (1, 3), (2, 3))})
        cases.add(f"rotate {option}", "tests.csv", text, expect, 1e-5, "R GPArotation")


def random_effects(cases):
    want = json.loads((FOLDER / "components.json").read_text())
    do = ("drop if (company <= 3 & year < 1941) | (company == 7 & year > 1945) | (company == 5 & year < 1950)\n"
          "xtset company year\nxtreg invest mvalue kstock, re sa")
    names = ("_cons", "mvalue", "kstock")
    expect = {f"_b[{n}]": b for n, b in zip(names, want["b"])}
    expect.update({f"_se[{n}]": b for n, b in zip(names, want["se"])})
    expect.update({"e(sigma_e)^2": want["ercomp"][0], "e(sigma_u)^2": want["ercomp"][1]})
    cases.add("xtreg, re sa", "grunfeld.csv", do, expect, 1e-8, "R plm, random.method='swar', unbalanced")
    cases.add("xtreg, re sa with equal units", "grunfeld.csv",
              "xtset company year\nxtreg invest mvalue kstock, re\nscalar a = e(sigma_u)\n"
              "xtreg invest mvalue kstock, re sa", {"e(sigma_u)/a": 1.0}, 1e-10, "both estimators are the same then")


def search(cases):
    data = read("investment.csv")
    data = data.assign(dy=data.realinv.diff(), dx=data.realgdp.diff())[1:]
    x = np.column_stack([data.dx, data.realint, np.ones(len(data))])
    y = data.dy.to_numpy()

    def moved(rho, corc):
        def one(v):
            first = [] if corc else [np.sqrt(1 - rho**2) * v[0]]
            return np.concatenate([first, v[1:] - rho * v[:-1]])
        return one(y), np.column_stack([one(c) for c in x.T])

    def sse(rho, corc):
        a, b = moved(rho, corc)
        return np.linalg.lstsq(b, a, rcond=None)[1][0]

    for corc in (False, True):
        grid = np.linspace(-0.99, 0.99, 199)
        start = grid[np.argmin([sse(r, corc) for r in grid])]
        rho = optimize.minimize_scalar(lambda r: sse(r, corc), bounds=(start - 0.01, start + 0.01), method="bounded",
                                       options={"xatol": 1e-12}).x
        a, b = moved(rho, corc)
        beta = np.linalg.solve(b.T @ b, b.T @ a)
        s2 = ((a - b @ beta) ** 2).sum() / (len(a) - 3)
        se = np.sqrt(s2 * np.diag(np.linalg.inv(b.T @ b)))
        cases.add("prais, ssesearch" + (" corc" if corc else ""), "investment.csv",
                  "generate t = _n\ntsset t\ngenerate double dy = D.realinv\ngenerate double dx = D.realgdp\n"
                  "prais dy dx realint, ssesearch" + (" corc" if corc else ""),
                  {"e(rho)": rho, "_b[dx]": beta[0], "_se[dx]": se[0], "_b[realint]": beta[1],
                   "e(rss)": s2 * (len(a) - 3)}, 1e-5, "scipy minimize_scalar")


def one_sample(cases):
    cases.add("ksmirnov of the manual", None, "input x\n2\n0\n3\n4\n5\n8\n10\nend\nsummarize x\n"
              "ksmirnov x = normal((x-r(mean))/r(sd))",
              {"round(r(D_1), .0001)": 0.1650, "round(r(p_1), .001)": 0.683, "round(r(D_2), .0001)": -0.1250,
               "round(r(p_2), .001)": 0.803, "round(r(D), .0001)": 0.1650, "round(r(p), .001)": 0.991}, 1e-9,
              "published: [R] ksmirnov, example 1")
    x = read("cars.csv").mpg.to_numpy(float)
    f = stats.norm(21, 6).cdf(x)
    d = stats.ks_1samp(x, stats.norm(21, 6).cdf).statistic
    up = stats.ks_1samp(x, stats.norm(21, 6).cdf, alternative="greater").statistic
    down = stats.ks_1samp(x, stats.norm(21, 6).cdf, alternative="less").statistic
    cases.add("ksmirnov with ties", "cars.csv", "ksmirnov mpg = normal((mpg-21)/6)",
              {"r(D)": d, "r(D_1)": up, "r(D_2)": -down, "r(p)": stats.kstwobign.sf(d * np.sqrt(len(f))),
               "r(p_1)": np.exp(-2 * len(f) * up**2)}, 1e-8, "scipy ks_1samp, kstwobign")


def limits(cases):
    data = read("lbw.csv")
    x = np.column_stack([data.age, data.smoke, np.ones(len(data))])
    beta, rss = np.linalg.lstsq(x, data.bwt, rcond=None)[:2]
    s = np.sqrt(rss[0] / (len(data) - 3))
    xb = x @ beta
    a, b = (2500 - xb) / s, (3000 - xb) / s
    pr = stats.norm.cdf(b) - stats.norm.cdf(a)
    mean = xb + s * (stats.norm.pdf(a) - stats.norm.pdf(b)) / pr
    star = pr * mean + 2500 * stats.norm.cdf(a) + 3000 * stats.norm.sf(b)
    low = stats.norm.cdf(a)
    cases.add("predict between limits after regress", "lbw.csv",
              "regress bwt age smoke\npredict double p, pr(2500,3000)\npredict double e, e(2500,3000)\n"
              "predict double y, ystar(2500,3000)\npredict double l, pr(.,2500)",
              {"p[1]": pr[0], "e[1]": mean[0], "y[1]": star[0], "l[7]": low[6], "e[100]": mean[99]}, 1e-8, "scipy")


def tables(cases):
    data = read("lbw.csv")
    share = 100 * data.groupby("race").bwt.count() / len(data)
    cases.add("collapse (percent)", "lbw.csv", "replace bwt = . in 1/9\ncollapse (percent) p = bwt (count) n = bwt, by(race)",
              {f"p[{i}]": v for i, v in enumerate(
                  100 * data[9:].groupby("race").bwt.count() / (len(data) - 9), 1)}, 1e-12, "pandas")
    cases.add("collapse (percent) of rows", "lbw.csv", "collapse (percent) p = id, by(race)",
              {f"p[{i}]": v for i, v in enumerate(share, 1)}, 1e-12, "pandas")
    table = pd.crosstab(data.race, data.smoke)
    chi2 = stats.chi2_contingency(table, correction=False)
    lr = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    cases.add("tabulate, all", "lbw.csv", "tabulate race smoke, all",
              {"r(chi2)": chi2[0], "r(p)": chi2[1], "r(chi2_lr)": lr[0], "r(p_lr)": lr[1],
               "r(CramersV)": np.sqrt(chi2[0] / len(data)), "r(taub)": stats.kendalltau(data.race, data.smoke)[0]},
              1e-9, "scipy")
    r = np.linalg.inv(read("tests.csv").corr().to_numpy())
    cases.add("estat smc", "tests.csv", "factor v1-v7\nestat smc\nmatrix S = r(smc)",
              {f"S[1,{j + 1}]": 1 - 1 / r[j, j] for j in range(7)}, 1e-10, "numpy")


def main():
    cases = Cases("further", "R, scipy, published output; see each case")
    for part in (rotations, random_effects, search, one_sample, limits, tables):
        part(cases)
    cases.write()


if __name__ == "__main__":
    main()
