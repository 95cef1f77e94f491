"""`margins` with weights of its own, `noweights`, several `predict()` and `at((base) v)`: averages of predictions at the
estimates of statsmodels, errors by the delta method with derivatives in closed form.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

births = pd.read_csv(ROOT / "data/lbw.csv")
columns = [births.age, births.lwt, births.race == 2, births.race == 3, births.smoke == 1, np.ones(len(births))]
X = np.column_stack(columns).astype(float)
low = births.low.to_numpy(float)
own = births.lwt.to_numpy(float)
counts = (births.ftv + 1).to_numpy(float)


def fit(weights=None):
    """Coefficients and the inverse of the information of a logit with frequencies."""
    w = np.ones(len(low)) if weights is None else weights
    b = sm.GLM(low, X, family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-14, maxiter=200).params
    for _ in range(5):
        p = expit(X @ b)
        information = (X * (w * p * (1 - p))[:, None]).T @ X
        b = b + np.linalg.solve(information, X.T @ (w * (low - p)))
    return b, np.linalg.inv(information)


def at(changes):
    """The design with columns set to values."""
    out = X.copy()
    for column, value in changes.items():
        out[:, column] = value
    return out


def level(b, v, design, w):
    """Mean prediction and its error."""
    p = expit(design @ b)
    gradient = (design * (p * (1 - p))[:, None] * w[:, None]).sum(0) / w.sum()
    return (w * p).sum() / w.sum(), np.sqrt(gradient @ v @ gradient)


def slope(b, v, column, w):
    """Mean derivative of the prediction in one covariate and its error."""
    p = expit(X @ b)
    q = p * (1 - p)
    gradient = ((q * (1 - 2 * p) * b[column] * w)[:, None] * X).sum(0) / w.sum()
    gradient[column] += (w * q).sum() / w.sum()
    return (w * q * b[column]).sum() / w.sum(), np.sqrt(gradient @ v @ gradient)


def expected(pairs):
    """Expectations for the first two rows of r(table)."""
    out = {}
    for j, (value, error) in enumerate(pairs, 1):
        out[f"el(r(table),1,{j})"] = value
        out[f"el(r(table),2,{j})"] = error
    return out


def main():
    cases = Cases("margins_weighted", "statsmodels GLM and OrderedModel, delta method in closed form")
    model = "quietly logit low age lwt i.race i.smoke"
    b, v = fit()
    every = np.ones(len(low))
    for kind, text, w in [("pw", "lwt", own), ("aw", "lwt", own), ("fw", "ftv + 1", counts)]:
        cases.add(f"margins [{kind}], dydx()", "lbw.csv", f"{model}\nmargins [{kind}={text}], dydx(age lwt)",
                  expected([slope(b, v, 0, w), slope(b, v, 1, w)]), 1e-6)
    cases.add("margins [fw], levels", "lbw.csv", f"{model}\nmargins smoke [fw=ftv + 1]",
              expected([level(b, v, at({4: s}), counts) for s in (0, 1)]), 1e-6)
    some = own * (births.age > 25).to_numpy()
    cases.add("margins [pw], at means and if", "lbw.csv", f"{model}\nmargins [pw=lwt] if age > 25, at((mean) age lwt race smoke)",
              expected([level(b, v, ((X * some[:, None]).sum(0) / some.sum())[None, :], np.ones(1))]), 1e-6)
    zero = own * (births.ftv > 0).to_numpy()
    cases.add("margins [pw], weights of zero", "lbw.csv", f"{model}\nmargins [pw=lwt*(ftv > 0)]\nscalar n = r(N)",
              expected([level(b, v, X, zero)]) | {"n": float((births.ftv > 0).sum())}, 1e-6)
    bf, vf = fit(counts)
    weighted = "quietly logit low age lwt i.race i.smoke [fw=ftv + 1]"
    cases.add("margins, noweights", "lbw.csv", f"{weighted}\nmargins, noweights dydx(age)",
              expected([slope(bf, vf, 0, every)]), 1e-6)
    cases.add("margins [pw] after a model with frequencies", "lbw.csv", f"{weighted}\nmargins [pw=lwt], dydx(age)",
              expected([slope(bf, vf, 0, own)]), 1e-6)
    cases.add("margins, at((base) ...)", "lbw.csv", f"{model}\nmargins, at((base) race smoke)",
              expected([level(b, v, at({2: 0, 3: 0, 4: 0}), every)]), 1e-6)
    cases.add("margins, several predict()", "lbw.csv", f"{model}\nmargins smoke, predict(xb) predict(pr)",
              {f"el(r(table),1,{j})": value for j, value in enumerate(
                  [(at({4: s}) @ b).mean() for s in (0, 1)] + [level(b, v, at({4: s}), every)[0] for s in (0, 1)], 1)}, 1e-6)
    race = births.race.to_numpy()
    Z = births[["age", "lwt"]].to_numpy(float)
    ordered = OrderedModel(race, Z, distr="logit").fit(method="newton", disp=0, maxiter=200, tol=1e-12)
    p = ordered.predict(Z)
    cases.add("margins, predict() of two outcomes after ologit", "lbw.csv",
              "quietly ologit race age lwt\nmargins, predict(outcome(1)) predict(outcome(3))\nmatrix b = r(b)",
              {"b[1,1]": p[:, 0].mean(), "b[1,2]": p[:, 2].mean()}, 1e-6)
    cases.write()


main()
