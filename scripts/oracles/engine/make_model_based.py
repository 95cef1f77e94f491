"""`e(V_modelbased)`: the covariance from the information matrix that robust likelihoods store beside their own, by statsmodels
(observed information). The logarithm of a dispersion has the error of the dispersion divided by it at the maximum."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases

SOURCE = "statsmodels, observed information"
X = ["educyr", "totchr", "income"]


def expected(v, order):
    pairs = [(0, 0), (0, 1), (len(order) - 1, len(order) - 1), (1, len(order) - 1)]
    v = np.asarray(v)
    return {f"el(e(V_modelbased),{i + 1},{j + 1})": v[order[i], order[j]] for i, j in pairs}


def main():
    cases = Cases("model_based", SOURCE)
    d = pd.read_csv(ROOT / "data/docvis.csv")
    x = d[X].assign(c=1.0)
    fast = {"disp": 0, "method": "newton", "maxiter": 200}
    for command, model, y in (
        ("logit", sm.Logit, "private"),
        ("probit", sm.Probit, "private"),
        ("poisson", sm.Poisson, "docvis"),
    ):
        v = model(d[y], x).fit(**fast, tol=1e-12).cov_params()
        for vce in ("robust", "cluster actlim"):
            cases.add(f"{command}, {vce}", "docvis.csv", f"{command} {y} {' '.join(X)}, vce({vce})", expected(v, range(4)), 1e-8, SOURCE)
    nb = sm.NegativeBinomial(d.docvis, x).fit(disp=0, method="bfgs", maxiter=2000, gtol=1e-9)
    nb = sm.NegativeBinomial(d.docvis, x).fit(start_params=nb.params, disp=0, method="newton", tol=1e-12)
    scale = np.diag([1, 1, 1, 1, 1 / nb.params.iloc[-1]])
    cases.add("nbreg", "docvis.csv", f"nbreg docvis {' '.join(X)}, vce(robust)", expected(scale @ nb.cov_params() @ scale, range(5)), 1e-6, SOURCE)
    d["level"] = np.minimum(d.totchr, 2)
    own = ["educyr", "income", "private"]
    v = sm.MNLogit(d.level, d[own].assign(c=1.0)).fit(disp=0, method="newton", tol=1e-12).cov_params()
    # the first equation of Stata is the base outcome, whose rows are zero
    make = "generate level = min(totchr, 2)\n"
    expect = {f"el(e(V_modelbased),{i + 5},{j + 5})": np.asarray(v)[i, j] for i, j in ((0, 0), (3, 3), (0, 4), (7, 2))} | {"el(e(V_modelbased),1,1)": 0}
    cases.add("mlogit", "docvis.csv", make + f"mlogit level {' '.join(own)}, vce(robust) baseoutcome(0)", expect, 1e-7, SOURCE)
    cases.write()


if __name__ == "__main__":
    main()
