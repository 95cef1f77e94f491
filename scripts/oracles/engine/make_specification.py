"""Tests of specification, spread, ranks and medians; robust and multivariate regressions."""

import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy import stats


def spreads(cases, cars):
    """Levene's tests; the trimmed mean is over the values from the 10th to the 90th percentile ([R] summarize's rule)."""
    frame = cars.assign(part=np.where(cars["trunk"] < 11, 1, np.where(cars["trunk"] < 17, 2, 3)))
    parts = [frame.loc[frame["part"] == g, "price"].to_numpy(float) for g in (1, 2, 3)]

    def trimmed(values):
        low, high = (np.percentile(values, p, method="averaged_inverted_cdf") for p in (10, 90))
        return values[(values >= low) & (values <= high)].mean()

    tenth = stats.f_oneway(*[np.abs(p - trimmed(p)) for p in parts])
    mean, median = stats.levene(*parts, center="mean"), stats.levene(*parts, center="median")
    expect = {"r(N)": len(frame), "r(df_1)": 2, "r(df_2)": len(frame) - 3, "r(w0)": mean.statistic, "r(p_w0)": mean.pvalue}
    expect |= {"r(w50)": median.statistic, "r(p_w50)": median.pvalue, "r(w10)": tenth.statistic, "r(p_w10)": tenth.pvalue}
    do = "generate part = cond(trunk < 11, 1, cond(trunk < 17, 2, 3))\nrobvar price, by(part)"
    cases.add("robvar", "cars.csv", do, expect, 1e-9, "scipy levene; one-way analysis of variance around trimmed means (Brown and Forsythe 1974)")


KENDALL = 'd <- read.csv("cars.csv"); cat(format(cor.test(d$mpg, d$trunk, method="kendall", exact=FALSE, continuity=TRUE)$p.value, digits=17))'


def kendall_p():
    """The p-value of R with the correction for continuity."""
    done = subprocess.run(["Rscript", "-e", KENDALL], cwd=ROOT / "data", capture_output=True, text=True, check=True)
    return float(done.stdout)


def ranks(cases, cars):
    """Kendall's coefficients with ties; p-value of R's cor.test(method = "kendall", exact = FALSE, continuity = TRUE)."""
    x, y = cars["mpg"].to_numpy(float), cars["trunk"].to_numpy(float)
    n = len(x)
    score = sum(np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]) for i in range(n) for j in range(i))
    tau = stats.kendalltau(x, y)
    expect = {"r(N)": n, "r(score)": score, "r(tau_a)": score / (n * (n - 1) / 2), "r(tau_b)": tau.statistic}
    # the p-value without correction gives the standard error
    expect |= {"r(se_score)": score / stats.norm.isf(tau.pvalue / 2) * -1, "r(p)": kendall_p()}
    cases.add("ktau", "cars.csv", "ktau mpg trunk", expect, 1e-8, "scipy kendalltau; R 4.2 cor.test with continuity correction")
    expect = {}
    names = ["price", "mpg", "weight"]
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            expect[f"el(r(Tau_b),{i + 1},{j + 1})"] = stats.kendalltau(cars[a], cars[b]).statistic
    cases.add("ktau of three variables", "cars.csv", "ktau price mpg weight, stats(taub p)", expect, 1e-10, "scipy kendalltau")


def medians(cases, cars):
    """Mood's median test with all three treatments of ties."""
    first, second = (cars.loc[cars["foreign"] == g, "mpg"].to_numpy(float) for g in (0, 1))
    for ties, option in (("below", ""), ("above", " medianties(above)"), ("ignore", " medianties(drop)")):
        plain = stats.median_test(first, second, ties=ties, correction=False)
        corrected = stats.median_test(first, second, ties=ties, correction=True)
        expect = {"r(chi2)": plain.statistic, "r(p)": plain.pvalue, "r(chi2_cc)": corrected.statistic, "r(p_cc)": corrected.pvalue}
        expect |= {"r(N)": plain.table.sum(), "r(p_exact)": stats.fisher_exact(plain.table).pvalue}
        cases.add(f"median, ties {ties}", "cars.csv", f"median mpg, by(foreign) exact{option}", expect, 1e-9, "scipy median_test, fisher_exact")


def links(cases, cars):
    """The regression on the prediction and its square."""
    def fitted(model, columns):
        return model(cars["mpg"], sm.add_constant(cars[columns]))

    linear = fitted(sm.OLS, ["weight", "displacement", "foreign"]).fit()
    again = sm.OLS(cars["mpg"], sm.add_constant(np.c_[linear.fittedvalues, linear.fittedvalues**2])).fit()
    published = {"round(r(t), .01)": 2.16, "r(df)": 71}
    cases.add("linktest after regress", "cars.csv", "regress mpg weight displacement foreign\nlinktest", {"r(t)": again.tvalues.iloc[2], "r(df)": again.df_resid}, 1e-7, "statsmodels OLS")
    cases.add("linktest after regress, published", "cars.csv", "regress mpg weight displacement foreign\nlinktest", published, 1e-12, "[R] linktest: t of _hatsq 2.16")
    columns = sm.add_constant(cars[["mpg", "weight"]])
    logit = sm.Logit(cars["foreign"], columns).fit(disp=0, tol=1e-12)
    xb = columns.to_numpy() @ logit.params.to_numpy()
    again = sm.Logit(cars["foreign"], np.c_[np.ones(len(xb)), xb, xb**2]).fit(disp=0, tol=1e-12, maxiter=100)
    cases.add("linktest after logit", "cars.csv", "logit foreign mpg weight\nlinktest", {"r(t)": again.tvalues.iloc[2]}, 1e-6, "statsmodels Logit")


def robust(cases):
    """Published output of rreg."""
    do = "rreg mpg weight foreign, genwt(w)"
    expect = {"round(_b[weight], 1e-7)": -0.0063976, "round(_b[foreign], 1e-6)": -3.182639, "round(_b[_cons], 1e-5)": 40.64022}
    expect |= {"round(_se[weight], 1e-7)": 0.0003718, "round(_se[foreign], 1e-6)": 0.627964, "round(_se[_cons], 1e-6)": 1.263841}
    cases.add("rreg", "cars.csv", do, expect | {"round(e(F), .01)": 168.32, "e(df_r)": 71, "e(N)": 74}, 1e-9, "[R] rreg, example of the automobile data")


def several(cases, cars):
    """Equation by equation, and the covariances between equations."""
    outcomes, regressors = ["price", "trunk", "displacement"], ["mpg", "weight"]
    x = sm.add_constant(cars[regressors])[[*regressors, "const"]]
    fits = [sm.OLS(cars[y], x).fit() for y in outcomes]
    expect = {}
    for y, fit in zip(outcomes, fits):
        for name in (*regressors, "const"):
            shown = "_cons" if name == "const" else name
            expect |= {f"[{y}]_b[{shown}]": fit.params[name], f"[{y}]_se[{shown}]": fit.bse[name]}
    for i, fit in enumerate(fits):
        expect |= {f"real(word(e(r2),{i + 1}))": fit.rsquared, f"real(word(e(F),{i + 1}))": fit.fvalue, f"real(word(e(rmse),{i + 1}))": np.sqrt(fit.mse_resid)}
    residuals = np.column_stack([f.resid for f in fits])
    sigma = residuals.T @ residuals / (len(cars) - 3)
    inverse = np.linalg.inv(x.T @ x)
    expect |= {"el(e(V),1,4)": sigma[0, 1] * inverse[0, 0], "el(e(V),2,9)": sigma[0, 2] * inverse[1, 2], "el(e(Sigma),3,2)": sigma[2, 1]}
    r = np.corrcoef(residuals.T)
    expect |= {"e(chi2)": len(cars) * (r[0, 1] ** 2 + r[0, 2] ** 2 + r[1, 2] ** 2), "e(df_chi2)": 3, "e(df_r)": len(cars) - 3, "e(k)": 3, "e(k_eq)": 3}
    cases.add("mvreg", "cars.csv", "mvreg price trunk displacement = mpg weight, corr", expect, 1e-8, "statsmodels OLS, numpy")


def main():
    cars = pd.read_csv(ROOT / "data/cars.csv")
    cases = Cases("specification", "scipy, statsmodels, R, published output of the manuals")
    spreads(cases, cars)
    ranks(cases, cars)
    medians(cases, cars)
    links(cases, cars)
    robust(cases)
    several(cases, cars)
    cases.write()


if __name__ == "__main__":
    main()
