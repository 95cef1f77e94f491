"""`mi estimate (exp): command`: transformations of coefficients by the delta method in each imputation (statsmodels; R car would
give the same), combined by Rubin's rules with the degrees of freedom of Barnard and Rubin (1999), by numpy."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases


def combined(values, variances, complete):
    m = len(values)
    b, w, between = np.mean(values), np.mean(variances), np.var(values, ddof=1)
    t = w + (1 + 1 / m) * between
    r = (1 + 1 / m) * between / w
    gamma = (1 + 1 / m) * between / t
    large = (m - 1) * (1 + 1 / r) ** 2
    observed = complete * (complete + 1) * (1 - gamma) / (complete + 3) if complete else np.inf
    df = 1 / (1 / large + (1 / observed if complete else 0))
    return b, np.sqrt(t), df, r


def main():
    cases = Cases("imputed_transformations", "statsmodels; Rubin (1987), Barnard and Rubin (1999) by numpy")
    d = pd.read_csv(ROOT / "data/imputed.csv")
    runs = [own for m, own in d.groupby("m") if m > 0]
    start = "mi import flong, m(m) id(id) imputed(x) clear\n"
    ratio, total = [], []
    for own in runs:
        f = sm.OLS(own.y.to_numpy(), np.column_stack([own.x, own.z, np.ones(len(own))])).fit()
        b, v = f.params, f.cov_params()
        g = np.array([1 / b[1], -b[0] / b[1] ** 2, 0])
        h = np.array([1.0, 1.0, 0])
        ratio.append((b[0] / b[1], g @ v @ g))
        total.append((b[0] + b[1], h @ v @ h))
    df = len(runs[0]) - 3
    expect = {}
    for k, own in enumerate((ratio, total), 1):
        b, se, dof, r = combined([x[0] for x in own], [x[1] for x in own], df)
        expect |= {f"B[1,{k}]": b, f"sqrt(V[{k},{k}])": se, f"D[1,{k}]": dof, f"R[1,{k}]": r}
    end = "\nmatrix B = e(b_Q_mi)\nmatrix V = e(V_Q_mi)\nmatrix D = e(df_Q_mi)\nmatrix R = e(rvi_Q_mi)"
    cases.add("mi estimate (exp): regress", "imputed.csv", f"{start}mi estimate (ratio: _b[x]/_b[z]) (_b[x] + _b[z]): regress y x z{end}",
              expect | {"e(k_exp_mi)": 2.0}, 1e-7, "statsmodels OLS, delta method, Rubin's rules")
    odds = []
    for own in runs:
        f = sm.Logit(own.d.to_numpy(), np.column_stack([own.x, own.z, np.ones(len(own))])).fit(disp=0, method="newton", tol=1e-13, maxiter=100)
        v = f.cov_params()
        odds.append((np.exp(f.params[0]), np.exp(f.params[0]) ** 2 * v[0, 0]))
    b, se, dof, r = combined([x[0] for x in odds], [x[1] for x in odds], None)
    cases.add("mi estimate (exp): logit", "imputed.csv", f"{start}mi estimate (odds: exp(_b[x])), nocoef: logit d x z{end}",
              {"B[1,1]": b, "sqrt(V[1,1])": se, "D[1,1]": dof, "R[1,1]": r}, 1e-6, "statsmodels Logit, delta method, Rubin's rules")
    cases.write()


if __name__ == "__main__":
    main()
