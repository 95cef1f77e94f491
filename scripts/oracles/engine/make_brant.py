"""`brant`: Brant (1990) in numpy with the binary logits of statsmodels."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy import stats


def brant(y, x):
    cuts = np.unique(y)[:-1]
    design = sm.add_constant(x, prepend=False)
    k = x.shape[1]
    fits = [sm.Logit((y > c).astype(float), design).fit(disp=0, method="newton", tol=1e-13) for c in cuts]
    p = [f.predict(design) for f in fits]
    bread = [np.linalg.inv(design.T @ (design * (q * (1 - q))[:, None])) for q in p]
    m = len(cuts)
    v = np.zeros((m * k, m * k))
    for j in range(m):
        for i in range(m):
            a, b = min(i, j), max(i, j)
            w = p[b] - p[a] * p[b]
            v[j * k : j * k + k, i * k : i * k + k] = (bread[j] @ (design.T @ (design * w[:, None])) @ bread[i])[:k, :k]
    beta = np.concatenate([f.params[:k] for f in fits])

    def wald(which):
        d = np.zeros(((m - 1) * len(which), m * k))
        for j in range(1, m):
            for r, variable in enumerate(which):
                d[(j - 1) * len(which) + r, variable] = 1
                d[(j - 1) * len(which) + r, j * k + variable] = -1
        g = d @ beta
        return g @ np.linalg.solve(d @ v @ d.T, g)

    return wald(range(k)), [wald([i]) for i in range(k)], m - 1


def main():
    cases = Cases("brant", "numpy, binary logits of statsmodels")
    frame = pd.read_csv(ROOT / "data/anes96.csv")
    for name, outcome, regressors in (("seven categories", "pid", ["educ", "age", "income"]), ("three categories", "trust", ["educ", "age"])):
        d = frame.copy()
        d["trust"] = pd.cut(d.selflr, [0, 3, 4, 7], labels=False) + 1
        chi2, each, df = brant(d[outcome].to_numpy(), d[regressors].to_numpy(float))
        expect = {"r(chi2)": chi2, "r(df)": df * len(regressors), "r(p)": stats.chi2.sf(chi2, df * len(regressors))}
        for row, value in enumerate(each, 1):
            expect |= {f"el(r(ivtests), {row}, 1)": value, f"el(r(ivtests), {row}, 2)": stats.chi2.sf(value, df)}
        make = "generate trust = 1 + (selflr > 3) + (selflr > 4)\n"
        cases.add(f"brant, {name}", "anes96.csv", f"{make}ologit {outcome} {' '.join(regressors)}\nbrant, detail", expect, 1e-8)
    cases.write()


if __name__ == "__main__":
    main()
