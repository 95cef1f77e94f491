"""Statistics of single rows after regress, nonlinear Wald tests, critical values of weak instruments.

Influence by statsmodels' OLSInfluence (Welsch's distance from it by hand); Wald tests with derivatives by hand;
critical values as printed by Stock and Yogo (2005).
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases
from make_anova import systolic
from scipy import stats
from statsmodels.stats.outliers_influence import OLSInfluence

NAMED = "statsmodels OLSInfluence"


def influence(cases, frame):
    x = frame[["age", "drug"]].astype(float).assign(_cons=1.0)
    fit = sm.OLS(frame.systolic, x).fit()
    found = OLSInfluence(fit)
    n = len(frame)
    h, student = found.hat_matrix_diag, found.resid_studentized_external
    fits = student * np.sqrt(h / (1 - h))
    values = {"covratio": found.cov_ratio, "welsch": fits * np.sqrt((n - 1) / (1 - h)), "dfits": found.dffits[0],
              "rstudent": student, "rstandard": found.resid_studentized_internal, "cooksd": found.cooks_distance[0], "leverage": h}
    for name, numbers in values.items():
        cases.add(f"predict, {name}", "systolic.csv", f"regress systolic age drug\npredict double v, {name}",
                  {f"v[{i + 1}]": np.asarray(numbers)[i] for i in (0, 7, 30, n - 1)}, 1e-8, NAMED)
    for j, name in enumerate(["age", "drug", "_cons"]):
        cases.add(f"predict, dfbeta({name})", "systolic.csv", f"regress systolic age drug\npredict double v, dfbeta({name})",
                  {f"v[{i + 1}]": found.dfbetas[i, j] for i in (0, 7, 30, n - 1)}, 1e-8, NAMED)


def nonlinear(cases, frame):
    x = frame[["age", "drug"]].astype(float).assign(_cons=1.0)
    fit = sm.OLS(frame.systolic, x).fit()
    b, v = fit.params.to_numpy(), fit.cov_params().to_numpy()
    gap = b[0] * b[1] - 0.5
    gradient = np.array([b[1], b[0], 0])
    f = gap**2 / (gradient @ v @ gradient)
    cases.add("testnl, one restriction", "systolic.csv", "regress systolic age drug\ntestnl _b[age]*_b[drug] = 0.5, df(55)",
              {"r(F)": f, "r(df_r)": fit.df_resid, "r(p)": stats.f.sf(f, 1, fit.df_resid)}, 1e-8, "delta rule by hand")
    gaps = np.array([b[0] ** 2 - 0.1, np.exp(b[1] / 10) - b[2] / 20])
    g = np.array([[2 * b[0], 0, 0], [0, np.exp(b[1] / 10) / 10, -1 / 20]])
    chi2 = gaps @ np.linalg.inv(g @ v @ g.T) @ gaps
    cases.add("testnl, two restrictions", "systolic.csv",
              "regress systolic age drug\ntestnl (_b[age]^2 = 0.1) (exp(_b[drug]/10) = _b[_cons]/20)",
              {"r(chi2)": chi2, "r(df)": 2, "r(p)": stats.chi2.sf(chi2, 2)}, 1e-8, "delta rule by hand")
    high = (frame.systolic > 15).astype(int)
    fit = sm.Logit(high, x).fit(disp=0, tol=1e-14)
    b, v = fit.params.to_numpy(), fit.cov_params().to_numpy()
    gap, gradient = b[0] / b[1] - 1, np.array([1 / b[1], -b[0] / b[1] ** 2, 0])
    chi2 = gap**2 / (gradient @ v @ gradient)
    cases.add("testnl after logit", "systolic.csv", "generate high = systolic > 15\nlogit high age drug\ntestnl _b[age]/_b[drug] = 1",
              {"r(chi2)": chi2, "r(p)": stats.chi2.sf(chi2, 1)}, 1e-6, "delta rule by hand")


def weak(cases):
    printed = "Stock and Yogo (2005), tables 5.1, 5.2 and 5.4"
    cases.add("estat firststage, critical values", "housing.csv",
              "ivregress 2sls rent pcturban (hsngval = faminc region)\nestat firststage\nmatrix c = r(mineigcv)",
              {"c[2,1]": 19.93, "c[2,4]": 7.25, "c[3,1]": 8.68, "c[3,2]": 5.33}, 1e-12, printed)


def pairs_of_means(cases, frame):
    groups = [g.systolic.to_numpy() for _, g in frame.groupby("drug")]
    n, k = len(frame), len(groups)
    s2 = sum(((g - g.mean()) ** 2).sum() for g in groups) / (n - k)
    chosen = [(a, c) for c in range(k) for a in range(c + 1, k)]
    m = len(chosen)
    for name in ("noadjust", "bonferroni", "sidak", "scheffe"):
        expect = {"r(df_r)": n - k}
        for i, (a, c) in enumerate(chosen, start=1):
            gap, se = groups[a].mean() - groups[c].mean(), np.sqrt(s2 * (1 / len(groups[a]) + 1 / len(groups[c])))
            plain = 2 * stats.t.sf(abs(gap / se), n - k)
            p = {"noadjust": plain, "bonferroni": min(1, m * plain), "sidak": 1 - (1 - plain) ** m,
                 "scheffe": stats.f.sf((gap / se) ** 2 / (k - 1), k - 1, n - k)}[name]
            expect |= {f"t[1,{i}]": gap, f"t[2,{i}]": se, f"t[4,{i}]": p}
        cases.add(f"pwmean, {name}", "systolic.csv", f"pwmean systolic, over(drug) effects mcompare({name})\nmatrix t = r(table_vs)",
                  expect, 1e-8, "pooled variance and adjustments by hand with scipy")


def samples(cases, frame):
    half = frame[frame.age > 45]
    cases.add("estat summarize", "systolic.csv", "regress systolic age i.drug if age > 45\nestat summarize\nmatrix s = r(stats)", {
        "s[1,1]": half.systolic.mean(), "s[1,2]": half.systolic.std(), "s[2,3]": half.age.min(), "s[2,4]": half.age.max(),
        "s[3,1]": (half.drug == 2).mean(), "s[5,2]": (half.drug == 4).astype(float).std()}, 1e-10, "pandas")
    x = frame[["age", "drug"]].astype(float).assign(_cons=1.0)
    z = (x[["age"]] - x.age.mean()) / 10
    w = x.drug - 2.5
    more = pd.concat([x, *[(z.age**k).rename(f"a{k}") for k in (2, 3, 4)], *[(w**k).rename(f"d{k}") for k in (2, 3)]], axis=1)
    test = sm.OLS(frame.systolic, more).fit().compare_f_test(sm.OLS(frame.systolic, x).fit())
    # Four doses span at most a cubic: the fourth power is collinear and drops.
    cases.add("estat ovtest, rhs", "systolic.csv", "regress systolic age drug\nestat ovtest, rhs",
              {"r(F)": test[0], "r(p)": test[1], "r(df)": test[2]}, 1e-8, "statsmodels compare_f_test")


def main():
    cases = Cases("postestimation", "statsmodels, by hand, published tables; see each case")
    frame = systolic()
    influence(cases, frame)
    nonlinear(cases, frame)
    weak(cases)
    pairs_of_means(cases, frame)
    samples(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
