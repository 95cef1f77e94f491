"""Contrasts, pairwise comparisons and their forms in margins: statsmodels estimates, weights and adjustments by hand."""

import itertools

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from patsy import build_design_matrices
from common import Cases
from make_anova import systolic
from scipy import stats


def wald(b, v, rows, df):
    """Joint test of rows: F (df given) or chi-squared."""
    rows = np.atleast_2d(rows)
    gap, middle = rows @ b, rows @ v @ rows.T
    rank = np.linalg.matrix_rank(middle)
    chi2 = gap @ np.linalg.pinv(middle) @ gap
    return (chi2 / rank, rank, stats.f.sf(chi2 / rank, rank, df)) if df else (chi2, rank, stats.chi2.sf(chi2, rank))


def cells(fit, frame, covariate=0.0):
    """Design rows of the 12 cells drug x disease (disease fastest) at a value of the covariate."""
    grid = pd.DataFrame(list(itertools.product([1, 2, 3, 4], [1, 2, 3])), columns=["drug", "disease"]).assign(age=covariate)
    return np.asarray(build_design_matrices([fit.model.data.model_spec], grid)[0])


def reference(k):
    out = np.zeros((k - 1, k))
    out[:, 0] = -1
    out[np.arange(k - 1), np.arange(1, k)] = 1
    return out


def linear(cases, frame):
    fit = smf.ols("systolic ~ C(drug) * C(disease) + age", frame).fit()
    b, v, df = fit.params.to_numpy(), fit.cov_params().to_numpy(), fit.df_resid
    rows = cells(fit, frame)
    drug = np.kron(np.eye(4), np.full((1, 3), 1 / 3)) @ rows
    command = "regress systolic i.drug##i.disease age"
    named = "statsmodels OLS; weights and tests by hand"
    r = reference(4)
    f, rank, p = wald(b, v, r @ drug, df)
    one = [wald(b, v, row @ drug, df) for row in r]
    get = lambda name, col: f"el(r({name}), 1, {col})"
    cases.add("contrast r.drug", "systolic.csv", f"{command}\ncontrast r.drug", {
        **{get("F", i + 1): t[0] for i, t in enumerate(one)}, get("F", 4): f, get("p", 4): p, get("df", 4): rank,
        **{get("b", i + 1): x for i, x in enumerate(r @ drug @ b)}, "r(df_r)": df}, 1e-8, named)
    inter = np.kron(reference(4), reference(3)) @ rows
    f, rank, p = wald(b, v, inter, df)
    cases.add("contrast drug#disease", "systolic.csv", f"{command}\ncontrast drug#disease",
              {get("F", 1): f, get("df", 1): rank, get("p", 1): p}, 1e-8, named)
    expect = {}
    for j in range(3):
        rows_j = r @ np.kron(np.eye(4), np.eye(3)[j]) @ rows
        f, rank, p = wald(b, v, rows_j, df)
        expect |= {get("F", j + 1): f, get("p", j + 1): p}
    cases.add("contrast drug@disease", "systolic.csv", f"{command}\ncontrast drug@disease", expect, 1e-8, named)
    ops = {
        "a": np.array([[1, -1, 0, 0], [0, 1, -1, 0], [0, 0, 1, -1]]), "ar": np.array([[-1, 1, 0, 0], [0, -1, 1, 0], [0, 0, -1, 1]]),
        "g": np.eye(4) - 0.25, "h": np.array([[1, -1 / 3, -1 / 3, -1 / 3], [0, 1, -0.5, -0.5], [0, 0, 1, -1]]),
        "j": np.array([[-1, 1, 0, 0], [-0.5, -0.5, 1, 0], [-1 / 3, -1 / 3, -1 / 3, 1]])}
    for name, weights in ops.items():
        est = weights @ drug @ b
        se = np.sqrt(np.diag(weights @ drug @ v @ drug.T @ weights.T))
        cases.add(f"contrast {name}.drug", "systolic.csv", f"{command}\ncontrast {name}.drug\nmatrix t = r(table)", {
            **{f"t[1,{i + 1}]": x for i, x in enumerate(est)}, **{f"t[2,{i + 1}]": x for i, x in enumerate(se)}}, 1e-8, named)
    pairs = [(a, c) for c in range(4) for a in range(c + 1, 4)]
    weights = np.array([np.eye(4)[a] - np.eye(4)[c] for a, c in pairs])
    est = weights @ drug @ b
    se = np.sqrt(np.diag(weights @ drug @ v @ drug.T @ weights.T))
    t = est / se
    m = len(pairs)
    plain = 2 * stats.t.sf(abs(t), df)
    adjust = {
        "noadjust": (plain, stats.t.isf(0.025, df)), "bonferroni": (np.minimum(1, m * plain), stats.t.isf(0.025 / m, df)),
        "sidak": (1 - (1 - plain) ** m, stats.t.isf((1 - 0.95 ** (1 / m)) / 2, df)),
        "scheffe": (stats.f.sf(t**2 / 3, 3, df), np.sqrt(3 * stats.f.isf(0.05, 3, df)))}
    for name, (p, crit) in adjust.items():
        cases.add(f"pwcompare drug, {name}", "systolic.csv", f"{command}\npwcompare drug, effects mcompare({name})\nmatrix t = r(table_vs)", {
            **{f"t[1,{i + 1}]": x for i, x in enumerate(est)}, **{f"t[4,{i + 1}]": x for i, x in enumerate(p)},
            **{f"t[5,{i + 1}]": x for i, x in enumerate(est - crit * se)}}, 1e-8, named)


def logistic(cases, frame):
    frame = frame.assign(high=(frame.systolic > 15).astype(int))
    fit = smf.logit("high ~ C(drug) + age", frame).fit(disp=0, method="newton", tol=1e-14)
    b, v = fit.params.to_numpy(), fit.cov_params().to_numpy()
    index = fit.model.exog_names
    means, gradients = [], []
    for level in (1, 2, 3, 4):
        x = np.zeros((len(frame), len(b)))
        x[:, index.index("Intercept")] = 1
        x[:, index.index("age")] = frame.age
        if level > 1:
            x[:, index.index(f"C(drug)[T.{level}]")] = 1
        p = 1 / (1 + np.exp(-x @ b))
        means.append(p.mean())
        gradients.append(((p * (1 - p))[:, None] * x).mean(axis=0))
    means, gradients = np.array(means), np.array(gradients)
    cov = gradients @ v @ gradients.T
    r = reference(4)
    se = np.sqrt(np.diag(r @ cov @ r.T))
    chi2, rank, p = wald(means, cov, r, None)
    command = "generate high = systolic > 15\nlogit high i.drug age"
    named = "statsmodels Logit; delta rule by hand"
    cases.add("margins r.drug after logit", "systolic.csv", f"{command}\nmargins r.drug\nmatrix t = r(table)\nmatrix c = r(chi2)", {
        **{f"t[1,{i + 1}]": x for i, x in enumerate(r @ means)}, **{f"t[2,{i + 1}]": x for i, x in enumerate(se)},
        "c[1,4]": chi2}, 1e-6, named)
    pairs = [(a, c) for c in range(4) for a in range(c + 1, 4)]
    w = np.array([np.eye(4)[a] - np.eye(4)[c] for a, c in pairs])
    se = np.sqrt(np.diag(w @ cov @ w.T))
    cases.add("margins drug, pwcompare after logit", "systolic.csv", f"{command}\nmargins drug, pwcompare(effects)\nmatrix t = r(table_vs)", {
        **{f"t[1,{i + 1}]": x for i, x in enumerate(w @ means)}, **{f"t[2,{i + 1}]": x for i, x in enumerate(se)},
        **{f"t[4,{i + 1}]": x for i, x in enumerate(2 * stats.norm.sf(abs(w @ means / se)))}}, 1e-6, named)
    # scenarios of a covariate
    at = []
    for age in (40, 60):
        x = fit.model.exog.copy()
        x[:, index.index("age")] = age
        p = 1 / (1 + np.exp(-x @ b))
        at.append((p.mean(), ((p * (1 - p))[:, None] * x).mean(axis=0)))
    gap, gradient = at[1][0] - at[0][0], at[1][1] - at[0][1]
    cases.add("margins, at() contrast(atcontrast(r))", "systolic.csv", f"{command}\nmargins, at(age=(40 60)) contrast(atcontrast(r))\nmatrix t = r(table)",
              {"t[1,1]": gap, "t[2,1]": np.sqrt(gradient @ v @ gradient)}, 1e-6, named)
    # two over() variables
    expect = {}
    col = 0
    p = fit.predict(frame)
    for (a, c), rows in frame.groupby(["drug", "disease"]):
        col += 1
        expect[f"b[1,{col}]"] = p[rows.index].mean()
    cases.add("margins, over(drug disease)", "systolic.csv", f"{command}\nmargins, over(drug disease)\nmatrix b = r(b)", expect, 1e-6, named)


def main():
    cases = Cases("contrasts", "statsmodels estimates; weights, tests and adjustments by hand")
    frame = systolic()
    linear(cases, frame)
    logistic(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
