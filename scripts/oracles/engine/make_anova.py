"""Analysis of variance and absorbed effects: published tables, statsmodels and dummy-variable regressions.

The systolic blood pressure data are those of [R] anova (Afifi and Azen 1979), which SAS PROC GLM documents too;
their published sums of squares are the expected ones, statsmodels' `anova_lm` adds the sequential ones.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from common import Cases, write_data

SYSTOLIC = {
    (1, 1): [42, 44, 36, 13, 19, 22], (1, 2): [33, 26, 33, 21], (1, 3): [31, -3, 25, 25, 24],
    (2, 1): [28, 23, 34, 42, 13], (2, 2): [34, 33, 31, 36], (2, 3): [3, 26, 28, 32, 4, 16],
    (3, 1): [1, 29, 19], (3, 2): [11, 9, 7, 1, -6], (3, 3): [21, 1, 9, 3],
    (4, 1): [24, 9, 22, -2, 15], (4, 2): [27, 12, 12, -5, 16, 15], (4, 3): [22, 7, 25, 5, 12],
}


def systolic():
    rows = [(drug, disease, y) for (drug, disease), values in SYSTOLIC.items() for y in values]
    frame = pd.DataFrame(rows, columns=["drug", "disease", "systolic"])
    # A covariate for the analysis of covariance.
    rng = np.random.Generator(np.random.PCG64(11))
    frame["age"] = rng.integers(30, 70, len(frame))
    write_data("systolic", frame)
    return frame


def anova(cases, frame):
    published = "[R] anova, systolic data; the same table in SAS/STAT PROC GLM, example of unbalanced ANOVA"
    cases.add("anova systolic drug##disease", "systolic.csv", "anova systolic drug##disease", {
        "e(ss_1)": 2997.471860, "e(ss_2)": 415.873046, "e(ss_3)": 707.266259, "e(rss)": 5080.816667,
        "e(mss)": 4259.338506, "e(df_1)": 3, "e(df_2)": 2, "e(df_3)": 6, "e(df_r)": 46, "e(N)": 58}, 1e-8, published)
    computed = "statsmodels anova_lm"
    for text, do, kind in (
        ("C(drug, Sum) * C(disease, Sum)", "anova systolic drug##disease", 3),
        ("C(drug, Sum) * C(disease, Sum)", "anova systolic drug##disease, sequential", 1),
        ("C(drug, Sum) + C(disease, Sum)", "anova systolic drug disease", 3),
        ("C(drug, Sum) * age", "anova systolic drug##c.age", 3),
        ("C(drug, Sum) + age", "anova systolic drug c.age", 3),
        ("C(drug, Sum) * C(disease, Sum) + age", "anova systolic drug##disease c.age, seq", 1),
    ):
        fit = smf.ols(f"systolic ~ {text}", frame).fit()
        table = sm.stats.anova_lm(fit, typ=kind)
        names = [n for n in table.index if n not in ("Intercept", "Residual")]
        expect = {"e(rss)": fit.ssr, "e(r2)": fit.rsquared, "e(r2_a)": fit.rsquared_adj, "e(F)": fit.fvalue,
                  "e(rmse)": np.sqrt(fit.mse_resid), "e(df_r)": fit.df_resid, "e(ll)": fit.llf}
        # The engine keeps the order of the command; statsmodels puts covariates of type I tables last but one.
        order = names
        if kind == 1 and "age" in names:
            order = [n for n in names if n != "age"] + ["age"]
        for i, name in enumerate(order):
            expect[f"e(ss_{i + 1})"] = table.loc[name, "sum_sq"]
            expect[f"e(df_{i + 1})"] = table.loc[name, "df"]
            expect[f"e(F_{i + 1})"] = table.loc[name, "F"]
        cases.add(f"{do} (type {kind})", "systolic.csv", do, expect, 1e-8, computed)


def weighted(cases, frame):
    fit = smf.wls("systolic ~ C(drug, Sum) * C(disease, Sum)", frame, weights=frame.age / frame.age.mean()).fit()
    table = sm.stats.anova_lm(fit, typ=3)
    expect = {f"e(ss_{i + 1})": table.loc[n, "sum_sq"] for i, n in enumerate(list(table.index)[1:4])}
    cases.add("anova with aweights", "systolic.csv", "anova systolic drug##disease [aw=age]",
              {**expect, "e(rss)": fit.ssr, "e(r2)": fit.rsquared}, 1e-8, "statsmodels WLS, anova_lm type 3")


def absorb(cases):
    rng = np.random.Generator(np.random.PCG64(5))
    n = 400
    frame = pd.DataFrame({"worker": rng.integers(1, 41, n), "firm": rng.integers(1, 13, n), "year": rng.integers(1, 6, n)})
    frame["x1"] = rng.standard_normal(n) + 0.2 * frame.worker
    frame["x2"] = rng.standard_normal(n) - 0.1 * frame.firm
    frame["w"] = rng.integers(1, 5, n)
    frame["y"] = 1 + 0.5 * frame.x1 - 0.3 * frame.x2 + 0.1 * frame.worker + 0.2 * frame.firm + rng.standard_normal(n)
    write_data("workers", frame)
    for sets, vce in ((["worker", "firm"], "ols"), (["worker", "firm"], "robust"), (["firm", "year"], "cluster worker"),
                      (["worker", "firm"], "aw"), (["worker", "firm", "year"], "ols")):
        dummies = " + ".join(f"C({s})" for s in sets)
        weights = frame.w if vce == "aw" else None
        model = smf.wls if vce == "aw" else smf.ols
        extra = {"weights": weights * n / weights.sum()} if vce == "aw" else {}
        fit = model(f"y ~ x1 + x2 + {dummies}", frame, **extra).fit()
        rank = int(np.linalg.matrix_rank(fit.model.exog))
        if vce == "robust":
            fit = model(f"y ~ x1 + x2 + {dummies}", frame).fit(cov_type="HC1", use_t=True)
        if vce.startswith("cluster"):
            fit = model(f"y ~ x1 + x2 + {dummies}", frame).fit(cov_type="cluster", cov_kwds={"groups": frame.worker}, use_t=True)
        option = "" if vce in ("ols", "aw") else f" vce({vce})"
        weight = " [aw=w]" if vce == "aw" else ""
        expect = {"_b[x1]": fit.params["x1"], "_se[x1]": fit.bse["x1"], "_b[x2]": fit.params["x2"],
                  "_se[x2]": fit.bse["x2"], "e(rss)": fit.ssr, "e(r2)": fit.rsquared, "e(df_a)": rank - 3, "e(N)": n}
        do = f"areg y x1 x2{weight}, absorb({' '.join(sets)}){option}"
        cases.add(do, "workers.csv", do, expect, 1e-8, "statsmodels with indicators; the rank by numpy")


def main():
    cases = Cases("anova", "published tables and statsmodels; see each case")
    frame = systolic()
    anova(cases, frame)
    weighted(cases, frame)
    absorb(cases)
    cases.write()


if __name__ == "__main__":
    main()
