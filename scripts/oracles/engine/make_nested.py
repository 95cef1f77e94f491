"""`anova` with nested terms, error terms and repeated measures; `ivregress` with iterated GMM and autocorrelation.

Published tables of [R] anova (data of Winer, Brown and Michels 1991), sums of squares by numpy on unbalanced data, and
linearmodels for instrumental variables, statsmodels for seasonal models with regressors.
"""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from linearmodels.iv import IV2SLS, IVGMM
from statsmodels.stats.power import TTestPower
from statsmodels.tsa.statespace.sarimax import SARIMAX

SHAPES = [[[0, 0, 5, 3], [3, 1, 5, 4], [4, 3, 6, 2]], [[4, 2, 7, 8], [5, 4, 6, 6], [7, 5, 8, 9]]]
DRUGS = [[30, 28, 16, 34], [14, 18, 10, 22], [24, 20, 18, 30], [38, 34, 20, 44], [26, 28, 14, 30]]


def rows(lines):
    return "input " + lines[0] + "\n" + "\n".join(lines[1:]) + "\nend\n"


def repeated(cases):
    lines = ["person drug score"]
    lines += [f"{i} {j} {x}" for i, own in enumerate(DRUGS, 1) for j, x in enumerate(own, 1)]
    cases.add("anova, repeated() of drugs", None, rows(lines) + "anova score person drug, repeated(drug)", {
        "e(ss_1)": 680.8, "e(ss_2)": 698.2, "e(rss)": 112.8, "round(e(F_2), .01)": 24.76, "e(N_bse)": 5, "e(df_bse)": 4,
        "round(e(hf1), .0001)": 1.0789, "round(e(gg1), .0001)": 0.6049, "round(e(box1), .0001)": 0.3333,
        "round(Ftail(3*e(gg1), 12*e(gg1), e(F_2)), .0001)": 0.0006}, 1e-9, "published: [R] anova, table 4.3 of Winer et al.")
    lines = ["calib subject shape score"]
    lines += [f"{c} {s} {j} {x}" for c, half in enumerate(SHAPES, 1) for s, own in enumerate(half, 1)
              for j, x in enumerate(own, 1)]
    do = rows(lines) + "anova score calib / subject|calib shape calib#shape, repeated(shape)"
    cases.add("anova, repeated() with groups", None, do, {
        "e(ss_1)": 51.0416667, "e(ss_2)": 17.1666667, "e(ss_3)": 47.4583333, "e(ss_4)": 7.45833333, "e(rss)": 14.8333333,
        "e(F_1)": 11.893204, "e(F_3)": 12.797753, "e(F_4)": 2.0112360, "e(df_2)": 4, "e(df_r)": 12,
        "missing(e(F_2))": 1, "e(N_bse)": 6, "e(df_bse)": 4}, 1e-7, "published: [R] anova, table 7.7 of Winer et al.")
    cases.add("anova, repeated() with groups: corrections", None, do, {
        "round(e(hf1), .0001)": 0.8483, "round(e(gg1), .0001)": 0.4751, "round(e(box1), .0001)": 0.3333,
        "round(Ftail(3*e(gg1), 12*e(gg1), e(F_3)), .0001)": 0.0099,
        "round(Ftail(3*e(hf1), 12*e(hf1), e(F_3)), .0001)": 0.0011}, 1e-9,
        "published: [R] anova, table 7.7 of Winer et al.")


def coded(levels):
    found = np.unique(levels)
    return np.column_stack([(levels == f).astype(float) - (levels == found[-1]) for f in found[:-1]])


def squares(y, blocks):
    def rss(used):
        x = np.column_stack([np.ones(len(y)), *used])
        return ((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2).sum()
    whole = rss(blocks)
    return [rss(blocks[:i] + blocks[i + 1:]) - whole for i in range(len(blocks))], whole


def nested(cases):
    data = pd.read_csv(ROOT / "data/systolic.csv")
    y, drug, disease = (data[c].to_numpy(float) for c in ("systolic", "drug", "disease"))
    inner = []
    for d in np.unique(drug):
        inside = drug == d
        own = coded(disease[inside])
        block = np.zeros((len(y), own.shape[1]))
        block[inside] = own
        inner.append(block)
    (a, b), rest = squares(y, [coded(drug), np.column_stack(inner)])
    ms = b / 8
    source = "numpy: effect coding, each term after all others"
    cases.add("anova nested", "systolic.csv", "anova systolic drug / disease|drug /", {
        "e(ss_1)": a, "e(ss_2)": b, "e(rss)": rest, "e(df_1)": 3, "e(df_2)": 8, "e(F_1)": a / 3 / ms,
        "e(F_2)": ms / (rest / 46)}, 1e-8, source)
    cases.add("anova nested, one slash", "systolic.csv", "anova systolic drug / disease|drug", {
        "e(F_1)": a / 3 / ms, "missing(e(F_2))": 1}, 1e-8, source)
    cases.add("anova nested without slashes", "systolic.csv", "anova systolic drug disease|drug", {
        "e(F_1)": a / 3 / (rest / 46), "e(F_2)": ms / (rest / 46)}, 1e-8, source)
    cases.add("anova nested, sequential", "systolic.csv", "anova systolic drug / disease|drug /, sequential", {
        "e(ss_1)": sum(len(g) * (g.mean() - y.mean()) ** 2 for g in (y[drug == d] for d in np.unique(drug))),
        "e(ss_2)": b}, 1e-8, source)


def instruments(cases):
    data = pd.read_csv(ROOT / "data/griliches.csv")
    x = data[["s", "expr"]].assign(one=1.0)
    model = IVGMM(data.lw, x, data[["iq"]], data[["med", "kww", "age"]], weight_type="robust", center=False)
    do = "ivregress gmm lw s expr (iq = med kww age)"

    def expect(fit, names=("iq", "s", "expr")):
        out = {f"_b[{n}]": fit.params[n] for n in names}
        out.update({f"_se[{n}]": fit.std_errors[n] for n in names})
        return out
    fit = model.fit(iter_limit=2000, tol=1e-12, cov_type="robust")
    cases.add("ivregress gmm, igmm", "griliches.csv", do + ", igmm eps(1e-10) weps(1e-10)",
              {**expect(fit), "e(J)": fit.j_stat.stat}, 1e-6, "linearmodels IVGMM, iterated")
    data = data.iloc[:200].assign(t=np.arange(1, 201))
    x = data[["s", "expr"]].assign(one=1.0)
    source = "linearmodels IVGMM with kernel weights"
    for option, kernel, lags in (("nwest 4", "bartlett", 4), ("parzen 6", "parzen", 6), ("andrews 3", "qs", 4)):
        model = IVGMM(data.lw, x, data[["iq"]], data[["med", "kww", "age"]], weight_type="kernel", kernel=kernel,
                      bandwidth=lags, center=False)
        fit = model.fit(iter_limit=2, cov_type="kernel", kernel=kernel, bandwidth=lags)
        prepare = "keep in 1/200\ngenerate t = _n\ntsset t\n"
        cases.add(f"ivregress gmm, wmatrix(hac {option})", "griliches.csv", prepare + do + f", wmatrix(hac {option})",
                  {**expect(fit), "e(J)": fit.j_stat.stat, "e(hac_lag)": int(option.split()[1])}, 1e-7, source)
        two = IV2SLS(data.lw, x, data[["iq"]], data[["med", "kww", "age"]]).fit(
            cov_type="kernel", kernel=kernel, bandwidth=lags)
        cases.add(f"ivregress 2sls, vce(hac {option})", "griliches.csv",
                  prepare + f"ivregress 2sls lw s expr (iq = med kww age), vce(hac {option})", expect(two), 1e-7,
                  "linearmodels IV2SLS with kernel covariance")


def tests_of_curves(cases):
    data = pd.read_csv(ROOT / "data/veteran.csv")

    def statistic(group, weight, strata, p=0.0, q=0.0):
        names = np.unique(group)
        u, v = np.zeros(len(names)), np.zeros((len(names), len(names)))
        for s in np.unique(strata):
            i = strata == s
            t, e, g = data.time[i].to_numpy(), data.status[i].to_numpy(), group[i]
            surv = modified = 1.0
            for x in np.unique(t[e == 1]):
                n, d = (t >= x).sum(), ((t == x) & (e == 1)).sum()
                share = np.array([((t >= x) & (g == k)).sum() for k in names]) / n
                failed = np.array([((t == x) & (e == 1) & (g == k)).sum() for k in names])
                modified *= 1 - d / (n + 1)
                w = {"logrank": 1, "wilcoxon": n, "tware": np.sqrt(n), "peto": modified,
                     "fh": surv**p * (1 - surv) ** q}[weight]
                u += w * (failed - d * share)
                if n > 1:
                    v += w**2 * d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
                surv *= 1 - d / n
        return u[:-1] @ np.linalg.solve(v[:-1, :-1], u[:-1])
    one = np.ones(len(data))
    for group, strata, option in (("cell", one, ""), ("trt", data.cell.to_numpy(), " strata(cell)")):
        for weight in ("logrank", "wilcoxon", "tware", "peto", "fh"):
            name = "fh(.5 1)" if weight == "fh" else weight
            want = statistic(data[group].to_numpy(), weight, strata, 0.5, 1.0)
            cases.add(f"sts test {group}, {name}{option}", "veteran.csv",
                      f"stset time, failure(status)\nsts test {group}, {name.replace(' ', ',')}{option}",
                      {"r(chi2)": want}, 1e-9, "numpy, from the formulas of [ST] sts test")


def outcomes(cases):
    data = pd.read_csv(ROOT / "data/lbw.csv")
    x = np.column_stack([data.race == 2, data.race == 3, data.smoke == 1, data.age, np.ones(len(data))]).astype(float)
    y = data[["bwt", "lwt"]].to_numpy(float)
    bread = np.linalg.inv(x.T @ x)
    b = bread @ x.T @ y
    e = y - x @ b
    sigma = e.T @ e / (len(y) - 5)
    names = ("2.race", "3.race", "1.smoke", "age", "_cons")
    expect = {}
    for j, outcome in enumerate(("bwt", "lwt")):
        for i, name in enumerate(names):
            expect[f"_b[{outcome}:{name}]"] = b[i, j]
            expect[f"_se[{outcome}:{name}]"] = np.sqrt(sigma[j, j] * bread[i, i])
    both = np.array([b[2, 0], b[2, 1]])
    expect["r(F)"] = both @ np.linalg.solve(sigma * bread[2, 2], both) / 2
    cases.add("manova: coefficients", "lbw.csv", "manova bwt lwt = race smoke c.age\ntest [bwt]1.smoke [lwt]1.smoke",
              expect, 1e-8, "numpy")


def seasonal(cases):
    data = pd.read_csv(ROOT / "data/air2.csv")
    y, n = np.log(data.air.to_numpy(float)), len(data)
    x = np.sin(np.arange(n) / 7)
    do = "generate double y = ln(air)\ngenerate n = _n\ngenerate double x = sin((n - 1)/7)\ntsset n\n"
    for order, season, columns, option in (
        ((1, 0, 1), (1, 0, 0, 4), [x, np.ones(n)], ""), ((0, 1, 1), (0, 1, 1, 12), [x], " noconstant"),
        ((1, 0, 0), (0, 0, 1, 12), [x, np.ones(n)], ""), ((1, 1, 0), (1, 0, 0, 4), [x, np.arange(1.0, n + 1)], ""),
    ):
        model = SARIMAX(y, exog=np.column_stack(columns), order=order, seasonal_order=season, trend="n",
                        simple_differencing=True)
        fit = model.fit(disp=0, maxiter=2000, gtol=1e-8, method="bfgs")
        for method in ("nm", "bfgs"):
            fit = model.fit(start_params=fit.params, disp=0, maxiter=4000, method=method)
        name = {0: "x", 1: "D.x"}[order[1]] if season[1] == 0 else "DS12.x"
        found = dict(zip(model.param_names, fit.params))
        expect = {f"_b[y:{name}]": found["x1"], "e(ll)": fit.llf, "e(sigma)^2": found["sigma2"]}
        if "const" in found:
            expect["_b[y:_cons]"] = found["const"]
        text = "arima(%d,%d,%d)" % order + " sarima(%d,%d,%d,%d)" % season
        cases.add(f"arima with regressors, {text}", "air2.csv", do + f"arima y x, {text}{option}", expect, 5e-4,
                  "statsmodels SARIMAX")


def paired(cases):
    for option, size, effect, sides in (
        ("altdiff(5) sddiff(12)", None, 5 / 12, "two-sided"), ("altdiff(5) sddiff(12) onesided", None, 5 / 12, "larger"),
        ("corr(.5) sd1(10) sd2(12) n(30)", 30, 4 / np.sqrt(124), "two-sided"),
    ):
        do = "power pairedmeans" + (" 20 24" if size else "") + ", " + option
        n = size or int(np.ceil(TTestPower().solve_power(effect, power=0.8, alpha=0.05, alternative=sides)))
        cases.add(do, None, do, {"r(N)": n, "r(delta)": effect,
                                 "r(power)": TTestPower().power(effect, n, 0.05, alternative=sides)}, 1e-7,
                  "statsmodels TTestPower")


def main():
    cases = Cases("nested", "published tables, numpy, linearmodels; see each case")
    for part in (repeated, nested, instruments, tests_of_curves, outcomes, seasonal, paired):
        part(cases)
    cases.write()


if __name__ == "__main__":
    main()
