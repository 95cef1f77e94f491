"""Treatment-effect cases: stored Stata output of teffects in statsmodels, matching and balance by hand (numpy).

Data: birth weights and smoking of mothers (Cattaneo 2010), as shipped with statsmodels.
"""

import os

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from common import Cases, write_data
from numeric import jacobian
from scipy.optimize import minimize
from statsmodels.treatment.tests.results import results_teffects as stored

SM = os.path.dirname(statsmodels.__file__)


def data():
    raw = pd.read_csv(os.path.join(SM, "treatment/tests/results/cataneo2.csv"))
    frame = pd.DataFrame({
        "bweight": raw["bweight"], "mbsmoke": raw["mbsmoke_"], "mmarried": raw["mmarried_"], "mage": raw["mage"],
        "fbaby": raw["fbaby_"], "medu": raw["medu"], "prenatal1": raw["prenatal1_"], "fage": raw["fage"]}).astype(float)
    write_data("cattaneo", frame)
    return frame


T = "mbsmoke mmarried c.mage##c.mage fbaby medu, probit"
Y = "bweight prenatal1 mmarried mage fbaby"


def tables(cases):
    runs = [("ra", f"teffects ra ({Y}) (mbsmoke)", stored.results_ra),
            ("ipw", f"teffects ipw (bweight) ({T})", stored.results_ipw),
            ("aipw", f"teffects aipw ({Y}) ({T})", stored.results_aipw),
            ("aipw", f"teffects aipw ({Y}) ({T}), wnls", stored.results_aipw_wls),
            ("ipwra", f"teffects ipwra ({Y}) ({T})", stored.results_ipwra)]
    for name, do, result in runs:
        for attribute, option in (("table", "ate"), ("table_t", "atet")):
            if attribute not in result or ("aipw" in name and option == "atet"):
                continue
            rows = np.asarray(result[attribute])
            line = do + (" " if "wnls" in do else ", ") + option + " aequations"
            expect = {}
            for j, row in enumerate(rows, start=1):
                expect[f"el(r(table),1,{j})"], expect[f"el(r(table),2,{j})"] = row[0], row[1]
            expect |= {"el(r(table),4,1)": rows[0][3], "el(r(table),5,1)": rows[0][4], "e(N)": 4642, "e(n1)": 864}
            cases.add(f"teffects {name} {option}{' wnls' if 'wnls' in do else ''}", "cattaneo.csv", line, expect, 2e-6,
                      f"Stata, statsmodels.treatment.tests.results.results_teffects.results_{name}, {attribute}")


def logit_scores(frame, probit=False):
    z = np.column_stack([frame["mmarried"], frame["mage"], frame["mage"] ** 2, frame["fbaby"], frame["medu"],
                         np.ones(len(frame))])
    model = (sm.Probit if probit else sm.Logit)(frame["mbsmoke"], z).fit(disp=0, tol=1e-14, maxiter=200)
    return np.asarray(model.predict()), z


def balance(cases, frame):
    p, z = logit_scores(frame)
    t = frame["mbsmoke"].to_numpy() == 1
    w = np.where(t, 1 / p, 1 / (1 - p))
    expect = {}

    def moments(x, weight, group):
        v, a = x[group], weight[group] / weight[group].sum() * group.sum()
        mean = (a * v).sum() / a.sum()
        return mean, (a * (v - mean) ** 2).sum() / (a.sum() - 1)

    for j in range(5):
        for offset, weight in ((1, np.ones(len(p))), (2, w)):
            (m1, v1), (m0, v0) = moments(z[:, j], weight, t), moments(z[:, j], weight, ~t)
            expect[f"el(r(table),{j + 1},{offset})"] = (m1 - m0) / np.sqrt((v1 + v0) / 2)
            expect[f"el(r(table),{j + 1},{offset + 2})"] = v1 / v0
    run = "teffects ipw (bweight) (mbsmoke mmarried c.mage##c.mage fbaby medu)\n"
    cases.add("tebalance summarize", "cattaneo.csv", run + "tebalance summarize", expect, 1e-6,
              "[TE] tebalance summarize by hand (numpy, statsmodels Logit)")
    cases.add("predict ps", "cattaneo.csv", run + "predict double p, ps tlevel(1)\npredict double q, ps",
              {"p[1]": p[0], "p[77]": p[76], "q[1]": 1 - p[0]}, 1e-7, "statsmodels Logit")
    weights = frame["mage"].to_numpy() % 3 + 1
    wide = sm.OLS(frame["bweight"], np.ones(len(frame)))
    assert wide is not None
    expanded = frame.loc[np.repeat(frame.index, weights.astype(int))]
    pe, _ = logit_scores(expanded)
    te = expanded["mbsmoke"].to_numpy() == 1
    y = expanded["bweight"].to_numpy()
    m1 = np.average(y[te], weights=1 / pe[te])
    m0 = np.average(y[~te], weights=1 / (1 - pe[~te]))
    cases.add("teffects ipw with frequency weights", "cattaneo.csv",
              "generate w = mod(mage, 3) + 1\n"
              "teffects ipw (bweight) (mbsmoke mmarried c.mage##c.mage fbaby medu) [fw=w]",
              {"el(e(b),1,1)": m1 - m0, "el(e(b),1,2)": m0, "e(N)": len(expanded)}, 1e-7,
              "statsmodels Logit on expanded rows")
    ra = {g: sm.Poisson(y_, x_).fit(disp=0, tol=1e-14).params for g, y_, x_ in (
        (g, frame["medu"][(t == g)], sm.add_constant(frame[["mage", "mmarried"]].to_numpy())[t == g]) for g in (False, True))}
    x = sm.add_constant(frame[["mage", "mmarried"]].to_numpy())
    means = {g: np.exp(x @ b).mean() for g, b in ra.items()}
    cases.add("teffects ra, poisson pomeans", "cattaneo.csv",
              "teffects ra (medu mage mmarried, poisson) (mbsmoke), pomeans",
              {"el(e(b),1,1)": means[False], "el(e(b),1,2)": means[True]}, 1e-7, "statsmodels Poisson by group")


def matching(cases, frame):
    y, t = frame["bweight"].to_numpy(), frame["mbsmoke"].to_numpy() == 1
    tie = np.sqrt(np.finfo(float).eps)

    def effect(distance, m, treated_only):
        effects = []
        for i in range(len(y)):
            if treated_only and not t[i]:
                continue
            others = np.where(t != t[i])[0]
            d = distance(i, others)
            limit = np.partition(d, m - 1)[m - 1]
            other = y[others[d <= limit + tie]].mean()
            effects.append(y[i] - other if t[i] else other - y[i])
        return np.mean(effects)

    p, _ = logit_scores(frame)
    run = "teffects psmatch (bweight) (mbsmoke mmarried c.mage##c.mage fbaby medu)"
    cases.add("teffects psmatch", "cattaneo.csv", run, {"el(e(b),1,1)": effect(lambda i, o: abs(p[i] - p[o]), 1, False)},
              1e-8, "nearest score with ties by hand (numpy, statsmodels Logit)")
    cases.add("teffects psmatch, printed", "cattaneo.csv", run,
              {"el(e(b),1,1)": -210.9683, "sqrt(el(e(V),1,1))": 32.021, "el(r(table),5,1)": -273.7282,
               "el(r(table),6,1)": -148.2083}, 3e-6, "Stata, [TE] teffects psmatch, example 1 (printed digits)")
    cases.add("teffects psmatch, atet two neighbours", "cattaneo.csv", run + ", atet nneighbor(2)",
              {"el(e(b),1,1)": effect(lambda i, o: abs(p[i] - p[o]), 2, True)}, 1e-8, "by hand (numpy)")
    # A simulated sample on which Stata 18 was run: `statspai.datasets.nsw_dw()` (MIT), earnings with 6 decimals.
    replica = "teffects psmatch (re78) (treat age education black hispanic married re74 re75), atet"
    for option, error in (("", 621.79324512017217), (" vce(robust, nn(3))", 630.128055520342)):
        cases.add(f"teffects psmatch, atet standard error{option}", "training_replica.csv", replica + option,
                  {"el(e(b),1,1)": 2277.6907208768525, "el(r(table),2,1)": error}, 2e-7,
                  "Stata 18 (e(V) of the same simulated sample, published with the tests of the package statspai); the "
                  "formula of Abadie and Imbens (2016) by hand (numpy) gives 621.793247 and 630.128022")
    x = frame[["mage", "medu", "fbaby"]].to_numpy()
    inverse = np.linalg.inv(np.cov(x.T))

    def mahalanobis(i, o):
        d = x[o] - x[i]
        return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", d, inverse, d), 0))

    y, t, x = y[:500], t[:500], x[:500]
    inverse = np.linalg.inv(np.cov(x.T))
    cases.add("teffects nnmatch", "cattaneo.csv", "teffects nnmatch (bweight mage medu fbaby) (mbsmoke) in 1/500",
              {"el(e(b),1,1)": effect(mahalanobis, 1, False)}, 1e-8, "nearest neighbours by hand (numpy)")


def clustered(cases, frame):
    """Stacked moments with derivatives by differences; sums of scores by cluster, no small-sample factor."""
    t, y, g = frame["mbsmoke"].to_numpy(), frame["bweight"].to_numpy(), frame["mage"].to_numpy()
    x = np.column_stack([frame["mage"], frame["mmarried"], frame["fbaby"], np.ones(len(frame))])
    x = x / x.std(0).clip(1)
    n, k = x.shape

    def sandwich(moments, theta):
        jac = jacobian(lambda s: moments(s).mean(0), theta, 1e-4)
        u = pd.DataFrame(moments(theta)).groupby(g).sum().to_numpy()
        inv = np.linalg.inv(jac)
        return np.sqrt(np.diag(inv @ (u.T @ u) @ inv.T)) / n

    b = [np.linalg.lstsq(x[t == j], y[t == j], rcond=None)[0] for j in (0, 1)]
    mean = [float((x @ c).mean()) for c in b]

    def ra(s):
        m0, m1 = x @ s[2:2 + k], x @ s[2 + k:]
        return np.column_stack([m1 - s[1] - s[0], m0 - s[1], x * ((1 - t) * (y - m0))[:, None], x * (t * (y - m1))[:, None]])

    theta = np.concatenate([[mean[1] - mean[0], mean[0]], b[0], b[1]])
    se = sandwich(ra, theta)
    cases.add("teffects ra cluster", "cattaneo.csv", "teffects ra (bweight mage mmarried fbaby) (mbsmoke), vce(cluster mage)",
              {"el(e(b),1,1)": theta[0], "el(r(table),2,1)": se[0], "el(r(table),2,2)": se[1], "e(N_clust)": len(np.unique(g))}, 1e-6, "stacked moments by hand (numpy)")
    a = sm.Logit(t, x).fit(disp=0, tol=1e-14).params
    prob = lambda s: 1 / (1 + np.exp(-x @ s))
    p = prob(a)
    m0, m1 = np.average(y[t == 0], weights=1 / (1 - p[t == 0])), np.average(y[t == 1], weights=1 / p[t == 1])

    def ipw(s):
        p = prob(s[2:])
        return np.column_stack([t / p * (y - s[0] - s[1]), (1 - t) / (1 - p) * (y - s[1]), x * (t - p)[:, None]])

    theta = np.concatenate([[m1 - m0, m0], a])
    se = sandwich(ipw, theta)
    cases.add("teffects ipw cluster", "cattaneo.csv", "teffects ipw (bweight) (mbsmoke mage mmarried fbaby), vce(cluster mage)",
              {"el(e(b),1,1)": theta[0], "el(r(table),2,1)": se[0], "el(r(table),2,2)": se[1]}, 1e-6, "stacked moments by hand (numpy)")


def overidentified(cases, frame):
    """Continuous updating by scipy; [TE] tebalance overid prints 38.1464 and 11.8612 for these two models."""
    t = frame["mbsmoke"].to_numpy()
    m, a, q, f = (frame[c].to_numpy() for c in ("mmarried", "mage", "prenatal1", "fbaby"))
    one = np.ones(len(t))

    def statistic(z):
        z = z / np.where(z.std(0) > 0, z.std(0), 1)
        n = len(z)

        def value(b):
            p = 1 / (1 + np.exp(-z @ b))
            h = np.hstack([z * (t - p)[:, None], z * (t / p - (1 - t) / (1 - p))[:, None]]).mean(0)
            part = lambda w: (z.T * w) @ z / n
            cov = np.block([[part(p * (1 - p)), part(one)], [part(one), part(1 / (p * (1 - p)))]])
            return n * h @ np.linalg.solve(cov, h)

        start = sm.Logit(t, z).fit(disp=0, tol=1e-14).params
        found = minimize(value, start, method="BFGS", options={"gtol": 1e-6})
        return minimize(value, found.x, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-11, "maxiter": 40000, "maxfev": 40000}).fun

    first = statistic(np.column_stack([m, a, q, f, one]))
    second = statistic(np.column_stack([m, a, q, f, a * a, a * m, a * q, one]))
    assert abs(first - 38.1464) < 5e-5 and abs(second - 11.8612) < 5e-5, (first, second)
    cases.add("tebalance overid", "cattaneo.csv", "teffects ipw (bweight) (mbsmoke mmarried mage prenatal1 fbaby)\ntebalance overid",
              {"r(chi2)": first, "r(df)": 5}, 1e-6, "scipy; [TE] tebalance overid prints 38.1464")


if __name__ == "__main__":
    frame = data()
    made = Cases("effects", "Stata output stored in statsmodels tests; statsmodels and numpy by hand (source in the case)")
    tables(made)
    balance(made, frame)
    matching(made, frame)
    clustered(made, frame)
    overidentified(made, frame)
    made.write()
