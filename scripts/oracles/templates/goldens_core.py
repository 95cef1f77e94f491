"""Golden numbers of means, exact, normality, two-way, weighted, absorbed, nested and polynomial templates, bars and boxes."""

import subprocess

import numpy as np
import pandas as pd
import scipy
import statsmodels
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from scipy.special import gammaln

from golden import case, dummies, percentile, read, save, table
from goldens_models import CLOSED, KEY, ols_fit, t_rows

SCIPY = f"scipy {scipy.__version__}"
SM = f"statsmodels {statsmodels.__version__}"


def hedges(d, df):
    """Bias-corrected standardised difference (Hedges 1981)."""
    return d * np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2)


def mean_row(name, x, **more):
    n, m, se = len(x), x.mean(), x.std(ddof=1) / np.sqrt(len(x))
    half = stats.t.isf(0.025, n - 1) * se
    return {"test": name, "estimate": m, "std_error": se, "ci_low": m - half, "ci_high": m + half, "n": n, **more}


def ttest_one():
    x = read("clinic.csv")["recovery_days"].dropna().to_numpy()
    n = len(x)

    def run(null, name=None):
        test = stats.ttest_1samp(x, null)
        se = x.std(ddof=1) / np.sqrt(n)
        half = stats.t.isf(0.025, n - 1) * se
        d = (x.mean() - null) / x.std(ddof=1)
        rows = [mean_row("mean", x),
                {"test": "t_difference", "estimate": x.mean() - null, "std_error": se, "statistic": test.statistic,
                 "df1": n - 1, "p_value": test.pvalue, "p_less": stats.ttest_1samp(x, null, alternative="less").pvalue,
                 "p_greater": stats.ttest_1samp(x, null, alternative="greater").pvalue,
                 "ci_low": x.mean() - null - half, "ci_high": x.mean() - null + half, "n": n},
                {"test": "cohen_d", "estimate": d, "n": n}, {"test": "hedges_g", "estimate": hedges(d, n - 1), "n": n}]
        return case({"table_ttest.csv": table(["test"], rows)},
                    {"n_used": n, "mean": x.mean(), "t": test.statistic, "df": n - 1, "p": test.pvalue, "cohen_d": d},
                    {"null_value": null}, name)

    save("clinic.ttest_one.json", f"{SCIPY} ttest_1samp", CLOSED, run(14), [run(-2.5, "a negative value")])


def ttest_paired():
    data = read("returns.csv").dropna(subset=["father_education", "education"])
    a, b = (data[c].to_numpy(float) for c in ("father_education", "education"))
    n, test = len(a), stats.ttest_rel(b, a)
    d = b - a
    se = d.std(ddof=1) / np.sqrt(n)
    half = stats.t.isf(0.025, n - 1) * se
    r = stats.pearsonr(a, b)
    rows = [mean_row("mean_first", a, note="father_education"), mean_row("mean_second", b, note="education"),
            {"test": "t_paired", "estimate": d.mean(), "std_error": se, "statistic": test.statistic, "df1": n - 1,
             "p_value": test.pvalue, "p_less": stats.ttest_rel(b, a, alternative="less").pvalue,
             "p_greater": stats.ttest_rel(b, a, alternative="greater").pvalue, "ci_low": d.mean() - half,
             "ci_high": d.mean() + half, "n": n},
            {"test": "sd_change", "estimate": d.std(ddof=1), "n": n},
            {"test": "cohen_dz", "estimate": d.mean() / d.std(ddof=1), "n": n},
            {"test": "share_increased", "estimate": (d > 0).mean(), "n": n},
            {"test": "correlation", "estimate": r.statistic, "p_value": r.pvalue, "n": n}]
    save("returns.ttest_paired.json", f"{SCIPY} ttest_rel, pearsonr", CLOSED, case(
        {"table_ttest.csv": table(["test"], rows)},
        {"n_used": n, "change": d.mean(), "t": test.statistic, "df": n - 1, "p": test.pvalue,
         "cohen_dz": d.mean() / d.std(ddof=1)}))


def r_fisher(cross):
    """Two-sided p-value of R's fisher.test, which takes tables of any shape."""
    values = ",".join(str(int(v)) for v in cross.to_numpy().ravel(order="F"))
    code = f"cat(sprintf('%.17g', fisher.test(matrix(c({values}), nrow={cross.shape[0]}))$p.value))"
    return float(subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True).stdout)


def fisher():
    def run(row, column, rows, name=None, parameters=None):
        frame = read("clinic.csv").query(rows).dropna(subset=[row, column])
        cross = pd.crosstab(frame[row], frame[column])
        n = cross.to_numpy().sum()
        p = r_fisher(cross)
        tests = [{"test": "fisher_exact", "p_value": p, "n": n}]
        if cross.shape == (2, 2):
            a, b, c, d = cross.to_numpy().ravel()
            odds, se = a * d / (b * c), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
            assert abs(stats.fisher_exact(cross).pvalue / p - 1) < 1e-9
            one = min(stats.fisher_exact(cross, alternative=s).pvalue for s in ("less", "greater"))
            half = stats.norm.isf(0.025) * se
            tests += [{"test": "fisher_one_sided", "p_value": one, "n": n},
                      {"test": "odds_ratio", "estimate": odds, "ci_low": odds * np.exp(-half),
                       "ci_high": odds * np.exp(half), "n": n}]
        counts = [{"row": str(i), "column": str(j), "count": cross.loc[i, j],
                   "expected": cross.loc[i].sum() * cross[j].sum() / n, "row_percent": 100 * cross.loc[i, j] / cross.loc[i].sum()}
                  for i in cross.index for j in cross.columns]
        return case({"table_fisher.csv": table(["test"], tests), "table_counts.csv": table(["row", "column"], counts)},
                    {"n_used": n, "p": p}, parameters, name)

    # R's p-value of a larger table is exact to about 1e-7 of itself (its network algorithm's own tolerance).
    save("clinic.fisher_exact.json", f"R fisher.test, {SCIPY} fisher_exact", {"default": 1e-8, "p_value": 1e-7, "p": 1e-7},
         run("smoker", "readmitted", "patient_id <= 40"),
         [run("stage", "arm", "patient_id <= 60", "three rows", {"row": "stage", "column": "arm", "sample_if": "patient_id <= 60"})])


def r_numbers(values, expression):
    """Numbers that R prints for an expression in x."""
    text = ",".join(repr(float(v)) for v in values)
    code = f"x <- c({text}); cat(sprintf('%.17g', c({expression})))"
    out = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True).stdout
    return [float(v) for v in out.split()]


def francia(x):
    """Shapiro and Francia with Royston's (1993) approximation, by hand."""
    x, n = np.sort(x), len(x)
    m = stats.norm.ppf((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    w = np.corrcoef(x, m)[0, 1] ** 2
    u = np.log(n)
    v = np.log(u)
    z = (np.log(1 - w) + 1.2725 - 1.0521 * (v - u)) / (1.0308 - 0.26758 * (v + 2 / u))
    return w, stats.norm.sf(z)


def normality():
    frame = read("clinic.csv")
    rows, metrics = [], {"n_used": len(frame)}
    for k, name in enumerate(["bmi", "recovery_days"]):
        x = frame[name].dropna().to_numpy()
        n = len(x)
        w, p = r_numbers(x, "shapiro.test(x)$statistic, shapiro.test(x)$p.value")
        wf, pf = francia(x)
        joint = stats.normaltest(x)
        rows += [{"variable": name, "test": "skewness", "n": n, "statistic": stats.skew(x)},
                 {"variable": name, "test": "kurtosis", "n": n, "statistic": stats.kurtosis(x, fisher=False)},
                 {"variable": name, "test": "shapiro_wilk", "n": n, "statistic": w, "p_value": p},
                 {"variable": name, "test": "shapiro_francia", "n": n, "statistic": wf, "p_value": pf},
                 {"variable": name, "test": "skewness_test", "n": n, "p_value": stats.skewtest(x).pvalue},
                 {"variable": name, "test": "kurtosis_test", "n": n, "p_value": stats.kurtosistest(x).pvalue},
                 {"variable": name, "test": "skewness_kurtosis", "n": n, "statistic": joint.statistic, "df1": 2,
                  "p_value": joint.pvalue}]
        if k == 0:
            metrics |= {"w": w, "p_w": p}
    save("clinic.normality.json", f"R shapiro.test, {SCIPY} skewtest, kurtosistest, normaltest", {"default": 1e-7}, case(
        {"table_normality.csv": table(["variable", "test"], rows)}, metrics))


def anova_twoway():
    frame = read("clinic.csv").dropna(subset=["recovery_days", "stage", "arm"])

    def run(interaction, name=None):
        sign = "*" if interaction else "+"
        fit = smf.ols(f"recovery_days ~ C(stage, Sum) {sign} C(arm, Sum)", frame).fit()
        types = sm.stats.anova_lm(fit, typ=3)
        df, rss = fit.df_resid, fit.ssr
        rows = [{"source": "model", "sum_squares": fit.ess, "df": fit.df_model, "mean_square": fit.mse_model,
                 "statistic": fit.fvalue, "p_value": fit.f_pvalue, "partial_eta2": fit.rsquared}]
        for source, key in zip(["factor_a", "factor_b", "interaction"], list(types.index)[1:-1]):
            ss = types.loc[key, "sum_sq"]
            rows.append({"source": source, "sum_squares": ss, "df": types.loc[key, "df"],
                         "mean_square": ss / types.loc[key, "df"], "statistic": types.loc[key, "F"],
                         "p_value": types.loc[key, "PR(>F)"], "partial_eta2": ss / (ss + rss)})
        groups = [g["recovery_days"].to_numpy() for _, g in frame.groupby(["stage", "arm"])]
        bartlett = stats.bartlett(*groups)
        rows += [{"source": "residual", "sum_squares": rss, "df": df, "mean_square": rss / df},
                 {"source": "total", "sum_squares": rss + fit.ess, "df": df + fit.df_model},
                 {"source": "bartlett", "df": len(groups) - 1, "statistic": bartlett.statistic, "p_value": bartlett.pvalue}]
        cells = []
        for (a, b), g in frame.groupby(["stage", "arm"]):
            found = fit.get_prediction(pd.DataFrame({"stage": [a], "arm": [b]}))
            low, high = found.conf_int()[0]
            cells.append({"level_a": str(a), "level_b": b, "n": len(g), "observed_mean": g["recovery_days"].mean(),
                          "margin": found.predicted_mean[0], "std_error": found.se_mean[0], "ci_low": low, "ci_high": high})
        by = {r["source"]: r["p_value"] for r in rows[1:3]}
        return case({"table_anova.csv": table(["source"], rows), "table_margins.csv": table(["level_a", "level_b"], cells)},
                    {"n_used": len(frame), "r2": fit.rsquared, "df_r": df, "p_factor_a": by["factor_a"],
                     "p_factor_b": by["factor_b"]}, {"interaction": interaction}, name)

    save("clinic.anova_twoway.json", f"{SM} anova_lm type 3, {SCIPY} bartlett", CLOSED, run(True), [run(False, "main effects only")])


def pay(columns):
    data = read("pay.csv").dropna(subset=["log_pay", *columns]).copy()
    x = data[[c for c in columns if c != "sector"]].astype(float)
    if "sector" in columns:
        x = pd.concat([x, dummies(data["sector"], "sector")], axis=1)
    return data, x.assign(_cons=1.0)


def model_rows(name, outcome, result, df):
    return [{"model": name, **row} for row in t_rows(outcome, result.model.exog_names, result.params, result.bse, df)]


def wls():
    def run(kind, vce, name=None, weight="sample_weight"):
        data, x = pay(["schooling", "years_work", "female", "sector", weight] if weight != "sample_weight"
                      else ["schooling", "years_work", "female", "sector"])
        if weight != "sample_weight":
            x = x.drop(columns=weight)
        data = data[data[weight] > 0]
        x = x.loc[data.index]
        w = data[weight].astype(float)
        y = data["log_pay"]
        kwds = {"use_t": True} if vce == "classical" and kind != "pweight" else {"cov_type": "HC1", "use_t": True}
        plain_kwds = {"use_t": True} if vce == "classical" else {"cov_type": "HC1", "use_t": True}
        if kind == "fweight":
            rows = np.repeat(np.arange(len(data)), w.astype(int))
            fit = sm.OLS(y.iloc[rows], x.iloc[rows]).fit(**kwds)
        else:
            fit = sm.WLS(y, x, weights=w * len(w) / w.sum()).fit(**kwds)
        plain = sm.OLS(y, x).fit(**plain_kwds)
        rmse = np.sqrt(fit.ssr / fit.df_resid)
        effective = w.sum() ** 2 / (w**2).sum()
        fit_values = [{"metric": k, "value": v} for k, v in {
            "N": fit.nobs, "r2": fit.rsquared, "rmse": rmse, "df_r": fit.df_resid, "sum_weights": w.sum(),
            "n_effective": effective}.items()]
        return case({"table_coefficients.csv": table(["model", *KEY], model_rows("weighted", "log_pay", fit, fit.df_resid)
                                                    + model_rows("unweighted", "log_pay", plain, plain.df_resid)),
                     "table_fit.csv": table(["metric"], fit_values)},
                    {"n_used": len(data), "r2": fit.rsquared, "rmse": rmse, "df_r": fit.df_resid, "n_effective": effective},
                    {"weight_kind": kind, "vce": vce, "weight_var": weight}, name)

    save("pay.wls.json", f"{SM} WLS", CLOSED, run("pweight", "robust"),
         [run("aweight", "classical", "precision weights, classical errors"),
          run("fweight", "robust", "frequency weights", "union_member")])


def hdfe():
    data = read("schools.csv").dropna(subset=["score", "study_hours", "girl", "parents_education"]).copy()
    x = pd.concat([data[["study_hours", "girl"]].astype(float), dummies(data["parents_education"], "parents_education")], axis=1)
    groups = pd.factorize(data["school"])[0]
    count = groups.max() + 1
    full = pd.concat([x, pd.get_dummies(data["school"], dtype=float)], axis=1)
    n = len(data)

    def run(vce, name=None, parameters=None):
        kwds = {"cluster": {"cov_type": "cluster", "cov_kwds": {"groups": groups}}, "robust": {"cov_type": "HC1"}, "classical": {}}[vce]
        fit = sm.OLS(data["score"], full).fit(use_t=True, **kwds)
        df = count - 1 if vce == "cluster" else n - full.shape[1]
        # The constant makes the mean prediction the mean outcome ([R] areg): a combination of the estimates.
        k = x.shape[1]
        weights = np.r_[np.zeros(k), [np.mean(data["school"] == c) for c in full.columns[k:]]]
        b = np.r_[fit.params[:k], weights @ fit.params]
        cov = fit.cov_params().to_numpy()
        # areg's constant is that of the regression of demeaned columns with the grand mean added back.
        centred = x - x.groupby(data["school"]).transform("mean") + x.mean()
        y = data["score"] - data.groupby("school")["score"].transform("mean") + data["score"].mean()
        inner = sm.OLS(y, centred.assign(_cons=1.0))
        q = np.linalg.inv(inner.exog.T @ inner.exog)
        e = y - inner.exog @ inner.fit().params
        if vce == "classical":
            v = q * (e @ e) / df
        elif vce == "robust":
            v = n / df * q @ (inner.exog * e.to_numpy()[:, None] ** 2).T @ inner.exog @ q
        else:
            sums = np.zeros((count, k + 1))
            np.add.at(sums, groups, inner.exog * e.to_numpy()[:, None])
            v = count / (count - 1) * (n - 1) / (n - full.shape[1]) * q @ sums.T @ sums @ q
        assert np.allclose(v[:k, :k], cov[:k, :k], rtol=1e-7)
        assert np.allclose(inner.fit().params.to_numpy(), b, rtol=1e-8)
        rows = t_rows("score", [*x.columns, "_cons"], b, np.sqrt(np.diag(v)), df)
        rmse = np.sqrt(fit.ssr / (n - full.shape[1]))
        values = [{"metric": m, "value": s} for m, s in {"N": n, "r2": fit.rsquared, "r2_a": fit.rsquared_adj, "rmse": rmse,
                                                           "df_r": df, "df_a": count - 1, "n_groups": count,
                                                           "n_singletons": 0}.items()]
        return case({"table_coefficients.csv": table(KEY, rows), "table_fit.csv": table(["metric"], values)},
                    {"n_used": n, "r2": fit.rsquared, "rmse": rmse, "df_r": df, "n_groups": count}, parameters, name)

    save("schools.hdfe.json", f"{SM} OLS with indicators; the constant by hand", CLOSED, run("cluster"),
         [run("robust", "robust errors", {"vce": "robust", "cluster_var": None}),
          run("classical", "classical errors", {"vce": "classical", "cluster_var": None})])


def model_comparison():
    def run(vce, name=None):
        data, largest = pay(["schooling", "years_work", "female", "sector"])
        sectors = [c for c in largest.columns if c.endswith(".sector")]
        blocks = [["schooling"], ["years_work", "female"], sectors]
        kwds = {"cov_type": "HC1", "use_t": True} if vce == "robust" else {"use_t": True}
        rows, models, used = [], [], []
        for k, block in enumerate(blocks, start=1):
            used = used + block
            x = largest[[*used, "_cons"]]
            fit = sm.OLS(data["log_pay"], x).fit(**kwds)
            n, p = x.shape
            row = {"model": f"model{k}", "n": n, "df_m": p - 1, "df_r": n - p, "r2": fit.rsquared, "r2_a": fit.rsquared_adj,
                   "rmse": np.sqrt(fit.ssr / (n - p)), "ll": fit.llf, "aic": -2 * fit.llf + 2 * p,
                   "bic": -2 * fit.llf + np.log(n) * p}
            if k > 1:
                chosen = np.eye(p)[[x.columns.get_loc(c) for c in block]]
                test = fit.f_test(chosen)
                row |= {"added_f": float(np.squeeze(test.fvalue)), "added_df1": len(block), "added_df2": n - p,
                        "added_p": float(test.pvalue)}
            rows.append(row)
            models += model_rows(f"model{k}", "log_pay", fit, n - p)
        return case({"table_models.csv": table(["model", *KEY], models), "table_comparison.csv": table(["model"], rows)},
                    {"n_used": n, "n_models": 3, "r2_model1": rows[0]["r2"], "r2_model3": rows[2]["r2"]}, {"vce": vce}, name)

    save("pay.model_comparison.json", f"{SM} OLS per block", CLOSED, run("robust"), [run("ols", "classical errors")])


def polynomial():
    def run(degree, name=None):
        data, x = pay(["years_work", "schooling", "sector"])
        v = x["years_work"]
        powers = {"years_work": v, "c.years_work#c.years_work": v**2}
        if degree == 3:
            powers["c.years_work#c.years_work#c.years_work"] = v**3
        x = pd.concat([pd.DataFrame(powers), x.drop(columns="years_work")], axis=1)
        fit = sm.OLS(data["log_pay"], x).fit(cov_type="HC1", use_t=True)
        n, k = x.shape
        b, cov = fit.params.to_numpy(), fit.cov_params().to_numpy()
        rows = []
        for end, at in (("low", v.min()), ("high", v.max())):
            g = np.zeros(k)
            g[:degree] = [j * at ** (j - 1) for j in range(1, degree + 1)]
            row = t_rows("", ["x"], [g @ b], [np.sqrt(g @ cov @ g)], n - k)[0]
            rows.append({"item": f"slope_at_{end}", "at": at} | {c: row[c] for c in ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high")})
        turns = []
        if degree == 2:
            g = np.zeros(k)
            g[:2] = [-1 / (2 * b[1]), b[0] / (2 * b[1] ** 2)]
            turns.append((-b[0] / (2 * b[1]), g))
        else:
            inner = b[1] ** 2 - 3 * b[0] * b[2]
            if inner > 0:
                for sign in (-1, 1):
                    root = np.sqrt(inner)
                    g = np.zeros(k)
                    at = (-b[1] + sign * root) / (3 * b[2])
                    # derivative of the root of b1 + 2 b2 x + 3 b3 x^2 by the implicit function theorem
                    slope = 2 * b[1] + 6 * b[2] * at
                    g[:3] = [-1 / slope, -2 * at / slope, -3 * at**2 / slope]
                    turns.append((at, g))
        metrics = {"n_used": n, "r2": fit.rsquared, "df_r": n - k}
        for i, (at, g) in enumerate(turns, start=1):
            se = np.sqrt(g @ cov @ g)
            half = stats.norm.isf(0.025) * se
            rows.append({"item": f"turning_point{i}", "at": at, "estimate": at, "std_error": se, "ci_low": at - half, "ci_high": at + half,
                         "note": "inside the observed range" if v.min() <= at <= v.max() else "outside the observed range"})
            metrics[f"turning_point{i}"] = at
        if not turns:
            rows.append({"item": "turning_point1", "note": "the curve does not turn"})
        test = fit.f_test(np.eye(k)[1:degree])
        metrics |= {"curve_f": float(np.squeeze(test.fvalue)), "curve_p": float(test.pvalue)}
        return case({"table_coefficients.csv": table(KEY, t_rows("log_pay", x.columns, fit.params, fit.bse, n - k)),
                     "table_turning_point.csv": table(["item"], rows),
                     "table_fit.csv": ols_fit(fit, n - k, curve_F=metrics["curve_f"], curve_p=metrics["curve_p"])}, metrics, {"degree": degree}, name)

    # nlcom differentiates numerically, to about 1e-9 of the standard error
    save("pay.polynomial.json", f"{SM} OLS HC1; delta rule by hand", {"default": 1e-8, "turning_point1": 1e-7, "turning_point2": 1e-7},
         run(2), [run(3, "third degree")])


def bars():
    frame = read("clinic.csv")

    def run(stat, variable, group, over, name=None, parameters=None):
        data = frame.dropna(subset=[c for c in (variable, group, over) if c])
        keys = [over, group] if over else [group]
        rows = []
        for key, g in data.groupby(keys):
            n = len(g)
            whole = (data[over] == key[0]).sum() if over else len(data)
            row = {"group": str(key[-1]), "over2": str(key[0]) if over else "", "n": n}
            if stat == "mean":
                m, half = g[variable].mean(), stats.t.isf(0.025, n - 1) * g[variable].std() / np.sqrt(n)
                row |= {"value": m, "ci_low": m - half, "ci_high": m + half}
            else:
                row |= {"value": {"count": n, "share": 100 * n / whole, "sum": g[variable].sum() if variable else 0}[stat]}
            rows.append(row)
        return case({"table_bars.csv": table(["group", "over2"], rows)}, {"n_used": len(data), "n_bars": len(rows)}, parameters, name)

    save("clinic.bar_means.json", f"pandas {pd.__version__} groupby", CLOSED, run("mean", "recovery_days", "stage", "arm"),
         [run("count", None, "sex", None, "counts", {"variable": None, "over2": None, "group": "sex", "stat": "count"}),
          run("share", None, "stage", "sex", "shares", {"variable": None, "over2": "sex", "stat": "share"}),
          run("sum", "recovery_days", "arm", None, "sums", {"over2": None, "group": "arm", "stat": "sum"})])


def box():
    frame = read("clinic.csv")

    def run(variables, group, name=None, parameters=None):
        data = frame if group is None else frame.dropna(subset=[group])
        rows = []
        for variable in variables:
            parts = [("all", data)] if group is None else [(str(k), g) for k, g in data.groupby(group)]
            for label, part in parts:
                x = np.sort(part[variable].dropna().to_numpy(float))
                q1, q2, q3 = (percentile(x, p) for p in (25, 50, 75))
                inside = x[(x >= q1 - 1.5 * (q3 - q1)) & (x <= q3 + 1.5 * (q3 - q1))]
                rows.append({"variable": variable, "group": label, "n": len(x), "lower_adjacent": inside.min(), "q1": q1,
                             "median": q2, "q3": q3, "upper_adjacent": inside.max(), "n_outside": len(x) - len(inside),
                             "min": x.min(), "max": x.max()})
        return case({"table_five_numbers.csv": table(["variable", "group"], rows)},
                    {"n_used": len(data), "n_groups": len(rows) // len(variables), "n_outside": sum(r["n_outside"] for r in rows)},
                    parameters, name)

    save("clinic.box.json", "quartiles of [R] summarize by hand", CLOSED, run(["recovery_days", "bmi"], "stage"),
         [run(["bmi"], None, "one variable, no group", {"vars": ["bmi"], "group": None})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (ttest_one, ttest_paired, fisher, normality, anova_twoway, wls, hdfe, model_comparison, polynomial, bars, box):
        make()


if __name__ == "__main__":
    write_all()
