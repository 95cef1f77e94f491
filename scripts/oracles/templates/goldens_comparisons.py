"""Golden numbers of comparisons, systems, curves and sensitivity (statsmodels, scipy, linearmodels, pingouin, PySensemakr)."""

import math
import warnings

import linearmodels
import numpy as np
import pandas as pd
import pingouin
import scipy
import statsmodels
import statsmodels.api as sm
from linearmodels.system import SUR
from scipy import optimize, special, stats
from sensemakr import Sensemakr
from statsmodels.stats.multitest import multipletests

from golden import case, dummies, fit, percentile, read, save, table
from goldens_models import CLOSED, KEY, ols_fit, t_rows, z_rows
from oracle_r import same

SM = f"statsmodels {statsmodels.__version__}"
Z = stats.norm.ppf(0.975)


def matrix(frame: pd.DataFrame, plain: list[str], factors: list[str] = ()) -> pd.DataFrame:
    """Regressors as numbers, indicators of factors, and the constant last."""
    x = pd.concat([frame[plain].astype(float), *[dummies(frame[f], f) for f in factors]], axis=1)
    x["_cons"] = 1.0
    return x


def group_coefficients() -> None:
    """Log pay in and outside a union."""
    frame = read("pay.csv").dropna(subset=["log_pay", "schooling", "years_work", "sector", "union_member"])
    n = len(frame)
    parts = [g for _, g in frame.groupby("union_member")]
    x = [matrix(g, ["schooling", "years_work"], ["sector"]) for g in parts]
    fits = [sm.OLS(g["log_pay"], z).fit() for g, z in zip(parts, x)]
    # both groups are one joint estimation: N/(N-1)
    cov = [f.get_robustcov_results("HC0").cov_params() * n / (n - 1) for f in fits]
    b = [f.params.to_numpy() for f in fits]
    gap, v = b[0] - b[1], cov[0] + cov[1]
    se = np.sqrt(np.diag(v))
    rows = [{"term": t, "first": b[0][i], "se_first": math.sqrt(cov[0][i, i]), "second": b[1][i], "se_second": math.sqrt(cov[1][i, i]), "difference": gap[i], "std_error": se[i],
             "statistic": gap[i] / se[i], "p_value": 2 * stats.norm.sf(abs(gap[i] / se[i])), "ci_low": gap[i] - Z * se[i], "ci_high": gap[i] + Z * se[i]} for i, t in enumerate(x[0].columns)]
    k = len(gap)
    slopes, all_of = gap[:-1] @ np.linalg.solve(v[:-1, :-1], gap[:-1]), gap @ np.linalg.solve(v, gap)
    pooled = sm.OLS(frame["log_pay"], matrix(frame, ["schooling", "years_work"], ["sector"])).fit()
    wide = matrix(frame, ["schooling", "years_work"], ["sector"])
    wide = pd.concat([wide, wide.mul(frame["union_member"], axis=0).add_prefix("u_")], axis=1)
    chow = sm.OLS(frame["log_pay"], wide).fit().compare_f_test(pooled)
    tests = [{"test": "slopes", "statistic": slopes, "df1": k - 1, "p_value": stats.chi2.sf(slopes, k - 1)}, {"test": "slopes_and_constant", "statistic": all_of, "df1": k, "p_value": stats.chi2.sf(all_of, k)},
             {"test": "chow", "statistic": chow[0], "df1": k, "df2": n - 2 * k, "p_value": chow[1]}]
    values = {"N": n, "n_first": len(parts[0]), "n_second": len(parts[1]), "r2_first": fits[0].rsquared, "r2_second": fits[1].rsquared, "r2_pooled": pooled.rsquared}
    save("pay.group_coefficients.json", f"{SM} OLS, compare_f_test", CLOSED,
         case({"table_differences.csv": table(["term"], rows), "table_tests.csv": table(["test"], tests), "table_fit.csv": fit(values)},
              {"n_used": n, "difference": gap[0], "difference_p": rows[0]["p_value"], "slopes_p": tests[0]["p_value"], "chow": chow[0]}))


def sensitivity() -> None:
    """Earnings and training; half of the estimate as a variant."""
    def one(q, name=None, parameters=None):
        names = ["trained", "age", "schooling", "earnings_before", "married"]
        frame = read("training.csv").dropna(subset=["earnings", *names])
        x = matrix(frame, names)
        result = sm.OLS(frame["earnings"], x).fit()
        bounds, marks = [], ["earnings_before", "age"]
        for mark in marks:
            found = Sensemakr(result, "trained", benchmark_covariates=[mark], kd=[1, 2, 3], q=q)
            for k, row in zip((1, 2, 3), found.bounds.itertuples()):
                bounds.append({"benchmark": mark, "strength": k, "r2_treatment": row.r2dz_x, "r2_outcome": row.r2yz_dx, "estimate": row.adjusted_estimate, "std_error": row.adjusted_se, "statistic": row.adjusted_t,
                               "ci_low": row.adjusted_lower_CI, "ci_high": row.adjusted_upper_CI})
        s = found.sensitivity_stats
        rows = [("estimate", s["estimate"]), ("std_error", s["se"]), ("t_value", s["estimate"] / s["se"]), ("partial_r2", s["r2yd_x"]), ("robustness_value", float(s["rv_q"])), ("robustness_value_alpha", float(s["rv_qa"]))]
        return case({"table_sensitivity.csv": table(["measure"], [{"measure": m, "value": v} for m, v in rows]), "table_bounds.csv": table(["benchmark", "strength"], bounds),
                     "table_coefficients.csv": table(KEY, t_rows("earnings", x.columns, result.params, result.bse, result.df_resid)), "table_fit.csv": ols_fit(result, int(result.df_resid), reduction=q)},
                    {"n_used": len(frame), "estimate": s["estimate"], "partial_r2": s["r2yd_x"], "robustness_value": float(s["rv_q"]), "robustness_value_alpha": float(s["rv_qa"]), "n_benchmarks": 2}, parameters, name)

    save("training.sensitivity.json", f"PySensemakr; {SM} OLS", CLOSED, one(1), [one(0.5, "half of the estimate", {"reduction": 0.5})])


def sureg() -> None:
    """Scores of three weeks on the baseline and an injury."""
    outcomes, names = ["week4", "week8", "week12"], ["baseline", "injury"]
    frame = read("rehab.csv").dropna(subset=[*outcomes, *names])
    x = matrix(frame, names)
    n, k = x.shape
    fits = [sm.OLS(frame[y], x).fit() for y in outcomes]
    e = np.column_stack([f.resid for f in fits])
    sigma = e.T @ e / n
    xx = np.linalg.inv(x.to_numpy().T @ x.to_numpy())
    v = np.kron(sigma, xx)
    b = np.concatenate([f.params for f in fits])
    check = SUR({y: {"dependent": frame[y], "exog": x} for y in outcomes}).fit(method="ols", cov_type="unadjusted")
    same(check.params, b, 1e-9)
    same(check.std_errors, np.sqrt(np.diag(v)), 1e-9)
    rows, equations, errors = [], [], []
    for i, y in enumerate(outcomes):
        rows += z_rows(y, x.columns, fits[i].params, np.sqrt(np.diag(sigma[i, i] * xx)))
        w = fits[i].params[:-1]
        chi2 = w @ np.linalg.solve(sigma[i, i] * xx[:-1, :-1], w)
        equations.append({"equation": y, "n": n, "parameters": k - 1, "rmse": math.sqrt(sigma[i, i]), "r2": fits[i].rsquared, "chi2": chi2, "p_value": stats.chi2.sf(chi2, k - 1)})
    r = np.corrcoef(e.T)
    for i in range(1, 3):
        errors += [{"first": outcomes[j], "second": outcomes[i], "correlation": r[i, j]} for j in range(i)]
    lm = n * sum(row["correlation"] ** 2 for row in errors)
    tests = [{"test": "breusch_pagan", "statistic": lm, "df1": 3, "p_value": stats.chi2.sf(lm, 3)}]
    for j, name in enumerate(names):
        at = [j, k + j, 2 * k + j]
        w, c = b[at], v[np.ix_(at, at)]
        zero = w @ np.linalg.solve(c, w)
        d = np.array([[1, -1, 0], [0, 1, -1]])
        equal = (d @ w) @ np.linalg.solve(d @ c @ d.T, d @ w)
        tests += [{"test": f"zero: {name}", "statistic": zero, "df1": 3, "p_value": stats.chi2.sf(zero, 3)}, {"test": f"equal: {name}", "statistic": equal, "df1": 2, "p_value": stats.chi2.sf(equal, 2)}]
    save("rehab.sureg.json", f"linearmodels {linearmodels.__version__} SUR; numpy by hand", CLOSED,
         case({"table_coefficients.csv": table(KEY, rows), "table_equations.csv": table(["equation"], equations), "table_error_corr.csv": table(["first", "second"], errors), "table_tests.csv": table(["test"], tests),
               "table_fit.csv": fit({"N": n, "equations": 3})}, {"n_used": n, "error_correlation": errors[-1]["correlation"], "p_independence": tests[0]["p_value"], "focal_p": tests[1]["p_value"]}))


def stepwise() -> None:
    """Prices of houses: the largest p-value leaves, or the smallest enters, one at a time."""
    def one(direction, threshold, name=None, parameters=None):
        terms = [f"feature{i:02d}" for i in range(1, 9)]
        frame = read("houses.csv").dropna(subset=["price", "feature09", *terms])

        def model(names):
            return sm.OLS(frame["price"], matrix(frame, ["feature09", *names])).fit()

        kept = list(terms) if direction == "backward" else []
        while True:
            if direction == "backward":
                p = model(kept).pvalues[kept]
                if p.empty or p.max() < threshold:
                    break
                kept.remove(p.idxmax())
            else:
                p = pd.Series({t: model([*kept, t]).pvalues[t] for t in terms if t not in kept})
                if p.empty or p.min() >= threshold:
                    break
                kept.append(p.idxmin())
        full, final = model(terms), model(kept)
        rows = [{"term": t, "selected": int(t in kept), "estimate_full": full.params[t], "p_full": full.pvalues[t], "estimate": final.params.get(t), "p_value": final.pvalues.get(t)} for t in terms]
        k = len(kept) + 2
        values = {"aic": final.aic, "bic": final.bic, "r2_full": full.rsquared, "r2_a_full": full.rsquared_adj, "aic_full": full.aic, "bic_full": full.bic, "candidates": 8, "selected": len(kept), "threshold": threshold}
        order = sorted(final.params.index, key=lambda t: t == "_cons")
        return case({"table_coefficients.csv": table(KEY, t_rows("price", order, final.params[order], final.bse[order], len(frame) - k)), "table_selected.csv": table(["term"], rows),
                     "table_fit.csv": ols_fit(final, len(frame) - k, **values)}, {"n_used": len(frame), "n_selected_terms": len(kept), "r2": final.rsquared}, parameters, name)

    save("houses.stepwise.json", f"{SM} OLS, one step at a time", CLOSED, one("backward", 0.05), [one("forward", 0.05, "forward", {"direction": "forward"}), one("backward", 0.3, "a wider door", {"threshold": 0.3})])


def nonlinear() -> None:
    """Height of plants and the rate of an enzyme."""
    curves = {
        "logistic": lambda x, a, b, c: a / (1 + np.exp(-b * (x - c))), "gompertz": lambda x, a, b, c: a * np.exp(-np.exp(-b * (x - c))), "michaelis": lambda x, a, b: a * x / (b + x),
        "saturation": lambda x, a, b: a * (1 - np.exp(-b * x)), "power": lambda x, a, b: a * x**b, "exponential": lambda x, a, b: a * np.exp(b * x)}

    def one(model, outcome, focal, start, vce="classical", name=None, parameters=None):
        frame = read("growth.csv").dropna(subset=[outcome, focal])
        x, y, f = frame[focal].to_numpy(), frame[outcome].to_numpy(), curves[model]
        # the linearised problem is solved again at the optimum for the last digits
        b, _ = optimize.curve_fit(f, x, y, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, maxfev=100000)
        n, k = len(x), len(b)

        def slopes(at):
            h = 1e-6 * np.maximum(abs(at), 1e-3)
            return np.column_stack([(f(x, *(at + h * u)) - f(x, *(at - h * u))) / (2 * h @ u) for u in np.eye(k)])

        for _ in range(20):
            j = slopes(b)
            b = b + np.linalg.lstsq(j, y - f(x, *b), rcond=None)[0]
        e, j = y - f(x, *b), slopes(b)
        bread = np.linalg.inv(j.T @ j)
        v = bread * (e @ e) / (n - k) if vce == "classical" else bread @ (j * e[:, None] ** 2).T @ j @ bread * n / (n - k)
        # nl compares a curve without a constant with zero; the template with the mean, as its sentence says
        rss, tss = e @ e, ((y - y.mean()) ** 2).sum()
        ll = -n / 2 * (math.log(2 * math.pi * rss / n) + 1)
        values = {"N": n, "r2": 1 - rss / tss, "r2_a": 1 - (rss / tss) * (n - 1) / (n - k), "rmse": math.sqrt(rss / (n - k)), "rss": rss, "df_m": k, "df_r": n - k, "ll": ll,
                  "aic": -2 * ll + 2 * k, "bic": -2 * ll + math.log(n) * k}
        grid = x.min() + (x.max() - x.min()) * np.arange(41) / 40
        return case({"table_coefficients.csv": table(KEY, t_rows(model, [f"b{i}" for i in range(k)], b, np.sqrt(np.diag(v)), n - k)), "table_curve.csv": table([], [{"x": g, "y": f(g, *b)} for g in grid]), "table_fit.csv": fit(values)},
                    {"n_used": n, "r2": values["r2"], "rmse": values["rmse"]}, parameters, name)

    def variant(model, outcome, focal, start, vce="classical"):
        return one(model, outcome, focal, start, vce, f"{model} of {outcome}", {"outcome": outcome, "focal": focal, "model": model, "vce": vce})

    save("growth.nonlinear.json", f"scipy {scipy.__version__} curve_fit; sandwich by hand", {"default": 1e-6, "p_value": 1e-5}, one("logistic", "height", "day", [110, 0.1, 25]),
         [variant("gompertz", "height", "day", [120, 0.1, 20]), variant("michaelis", "rate", "dose", [40, 2], "robust"), variant("saturation", "rate", "dose", [35, 0.4]), variant("power", "rate", "dose", [12, 0.5]), variant("exponential", "height", "day", [15, 0.03])])


def binned() -> None:
    """Log pay by age; without controls and ten bins as a variant."""
    def one(controls, bins, name=None, parameters=None):
        factors = ["sector"] if controls else []
        plain = ["schooling"] if controls else []
        frame = read("pay.csv").dropna(subset=["log_pay", "age", *plain, *factors])
        x = matrix(frame, plain, factors)
        y, a = (sm.OLS(frame[c].astype(float), x).fit().resid + frame[c].mean() for c in ("log_pay", "age"))
        # a value belongs to the first bin whose upper percentile it does not exceed ([D] pctile)
        ordered = np.sort(a)
        n = len(a)
        cuts = [(ordered[n * q // bins - 1] + ordered[n * q // bins]) / 2 if n * q % bins == 0 else ordered[n * q // bins] for q in range(1, bins)]
        place = np.searchsorted(cuts, a, side="left") + 1
        rows = []
        for g in np.unique(place):
            here = place == g
            half = stats.t.ppf(0.975, here.sum() - 1) * y[here].sem()
            rows.append({"bin": g, "n": here.sum(), "x": a[here].mean(), "y": y[here].mean(), "std_error": y[here].sem(), "ci_low": y[here].mean() - half, "ci_high": y[here].mean() + half, "x_low": a[here].min(), "x_high": a[here].max()})
        z = matrix(frame, ["age", *plain], factors)
        result = sm.OLS(frame["log_pay"], z).fit(cov_type="HC1", use_t=True)
        df = n - z.shape[1]
        full = ols_fit(result, df)
        full["rows"] = [r for r in full["rows"] if r["metric"] != "r2_a"] + [{"metric": "bins", "value": len(rows)}]
        return case({"table_bins.csv": table(["bin"], rows), "table_coefficients.csv": table(KEY, t_rows("log_pay", z.columns, result.params, result.bse, df)), "table_fit.csv": full},
                    {"n_used": n, "slope": result.params["age"], "slope_se": result.bse["age"], "n_bins": len(rows)}, parameters, name)

    save("pay.binned.json", f"pandas {pd.__version__}; {SM} OLS", CLOSED, one(True, 20), [one(False, 10, "ten bins, no controls", {"controls": [], "n_bins": 10})])


def many_outcomes() -> None:
    """Smokers and others in five outcomes; in standard deviations with a control as a variant."""
    def one(scaled, control, name=None, parameters=None):
        outcomes = ["recovery_days", "readmitted", "bmi", "age", "ward"]
        if control:
            outcomes.remove("age")
        frame = read("clinic.csv").dropna(subset=["smoker", *control])
        rows = []
        for y in outcomes:
            part = frame.dropna(subset=[y])
            result = sm.OLS(part[y].astype(float), matrix(part, ["smoker", *control])).fit(cov_type="HC1", use_t=True)
            unit = frame[y].std() if scaled else 1
            low, high = result.conf_int().loc["smoker"]
            rows.append({"outcome": y, "n": len(part), "estimate": result.params["smoker"] / unit, "std_error": result.bse["smoker"] / unit, "statistic": result.tvalues["smoker"], "p_value": result.pvalues["smoker"],
                         "ci_low": low / unit, "ci_high": high / unit, "r2": result.rsquared})
        p = [r["p_value"] for r in rows]
        for column, method in (("p_bonferroni", "bonferroni"), ("p_holm", "holm"), ("q_bh", "fdr_bh"), ("q_by", "fdr_by")):
            for row, value in zip(rows, multipletests(p, method=method)[1]):
                row[column] = value
        count = {c: sum(r[c] < 0.05 for r in rows) for c in ("p_value", "p_bonferroni", "p_holm", "q_bh", "q_by")}
        values = {"tests": len(rows), "significant": count["p_value"], "significant_bonferroni": count["p_bonferroni"], "significant_holm": count["p_holm"], "significant_bh": count["q_bh"], "significant_by": count["q_by"]}
        return case({"table_effects.csv": table(["outcome"], rows), "table_fit.csv": fit(values)}, {"n_used": len(frame), "n_tests": len(rows), "n_significant": count["p_value"], "n_holm": count["p_holm"], "n_bh": count["q_bh"]}, parameters, name)

    save("clinic.many_outcomes.json", f"{SM} OLS HC1, multipletests", CLOSED, one(False, []), [one(True, ["age"], "standard deviations, age held constant", {"standardize": True, "controls": ["age"], "vars": ["recovery_days", "readmitted", "bmi", "ward"]})])


def hotelling() -> None:
    """Scores on four occasions of two arms."""
    names = ["baseline", "week4", "week8", "week12"]
    frame = read("rehab.csv").dropna(subset=names)
    parts = [g[names].to_numpy(float) for _, g in frame.groupby("arm")]
    found = pingouin.multivariate_ttest(parts[0], parts[1]).iloc[0]
    n, k = [len(p) for p in parts], len(names)
    t2 = found["T2"]
    tests = [{"test": "hotelling_t2", "statistic": t2}, {"test": "f", "statistic": found["F"], "df1": k, "df2": sum(n) - k - 1, "p_value": stats.f.sf(found["F"], k, sum(n) - k - 1)},
             {"test": "wilks_lambda", "statistic": 1 / (1 + t2 / (sum(n) - 2))}, {"test": "mahalanobis", "statistic": math.sqrt(t2 * sum(n) / (n[0] * n[1]))}]
    rows = []
    for i, name in enumerate(names):
        a, b = parts[0][:, i], parts[1][:, i]
        t = stats.ttest_ind(a, b)
        gap = a.mean() - b.mean()
        low, high = t.confidence_interval(0.95)
        rows.append({"variable": name, "mean_first": a.mean(), "sd_first": a.std(ddof=1), "mean_second": b.mean(), "sd_second": b.std(ddof=1), "difference": gap, "std_error": gap / t.statistic, "statistic": t.statistic, "p_value": t.pvalue,
                     "ci_low": low, "ci_high": high, "p_bonferroni": min(1, k * t.pvalue), "cohen_d": pingouin.compute_effsize(a, b, eftype="cohen")})
    save("rehab.hotelling.json", f"pingouin {pingouin.__version__} multivariate_ttest; scipy {scipy.__version__}", CLOSED,
         case({"table_test.csv": table(["test"], tests), "table_variables.csv": table(["variable"], rows), "table_fit.csv": fit({"N": sum(n), "n_first": n[0], "n_second": n[1], "variables": k})},
              {"n_used": sum(n), "t2": t2, "p": tests[1]["p_value"], "least_p": min(r["p_value"] for r in rows)}))


def ksmirnov() -> None:
    """Days of recovery of two arms; of few rows without ties with the exact distribution."""
    save("clinic.ksmirnov.json", f"scipy {scipy.__version__} ks_2samp, kolmogorov", CLOSED, ksmirnov_case(),
         [ksmirnov_case(16, "few rows", {"sample_if": "patient_id <= 16"})])


def ksmirnov_case(most=None, name=None, parameters=None) -> dict:
    frame = read("clinic.csv").dropna(subset=["recovery_days"])
    if most:
        frame = frame[frame["patient_id"] <= most]
    parts = [(name, g["recovery_days"].to_numpy(float)) for name, g in frame.groupby("arm")]
    (_, a), (_, b) = parts
    low, high = stats.ks_2samp(a, b, "greater").statistic, stats.ks_2samp(a, b, "less").statistic
    size = len(a) * len(b) / (len(a) + len(b))
    both = max(low, high)
    tests = [{"test": "combined", "statistic": both, "p_value": special.kolmogorov(math.sqrt(size) * both)}, {"test": "first_smaller", "statistic": low, "p_value": math.exp(-2 * size * low**2)},
             {"test": "first_larger", "statistic": -high, "p_value": math.exp(-2 * size * high**2)}]
    rows = [{"group": name, "n": len(x), "mean": x.mean(), "sd": x.std(ddof=1), **{f"p{p}": percentile(x, p) for p in (10, 25, 50, 75, 90)}} for name, x in parts]
    values = frame["recovery_days"]
    p = tests[0]["p_value"]
    if values.nunique() == len(values) <= 200:
        p = stats.ks_2samp(a, b, method="exact").pvalue
        tests.append({"test": "exact", "statistic": both, "p_value": p})
    return case({"table_test.csv": table(["test"], tests), "table_groups.csv": table(["group"], rows), "table_fit.csv": fit({"N": len(frame), "n_first": len(a), "n_second": len(b), "share_tied": 1 - values.nunique() / len(values)})},
                {"n_used": len(frame), "d": both, "p": p}, parameters, name)


def write_all() -> None:
    """Writes all golden files of this module."""
    warnings.simplefilter("ignore")
    for make in (group_coefficients, sensitivity, sureg, stepwise, nonlinear, binned, many_outcomes, hotelling, ksmirnov):
        make()


if __name__ == "__main__":
    write_all()
