"""Golden numbers of the regression templates (statsmodels, linearmodels, numpy by hand)."""

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
import linearmodels
from linearmodels.iv import IV2SLS
from scipy import stats

from golden import case, coefficient_rows, dummies, fit, read, save, table

CLOSED = {"default": 1e-8}
LIKELIHOOD = {"default": 1e-6, "ll": 1e-8}
KEY = ["equation", "term"]


def t_rows(equation, terms, b, se, df):
    """Coefficient rows with Student's t on df degrees of freedom, level 95."""
    b, se = np.asarray(b), np.asarray(se)
    half = stats.t.ppf(0.975, df) * se
    return coefficient_rows(equation, terms, b, se, b / se, 2 * stats.t.sf(abs(b / se), df),
                            b - half, b + half)


def ols_fit(result, df, **more):
    """The fit table of a regression; F is the Wald test of all slopes (the constant is last), with df in the denominator."""
    b, cov = np.asarray(result.params)[:-1], np.asarray(result.cov_params())[:-1, :-1]
    n, k = int(result.nobs), len(b)
    return fit({"N": n, "r2": result.rsquared, "r2_a": result.rsquared_adj, "rmse": np.sqrt(result.ssr / (n - k - 1)),
                "F": b @ np.linalg.solve(cov, b) / k, "df_m": k, "df_r": df, **more, "level": 95})


def z_rows(equation, terms, b, se):
    """Coefficient rows with the normal distribution, level 95."""
    b, se = np.asarray(b), np.asarray(se)
    half = stats.norm.ppf(0.975) * se
    return coefficient_rows(equation, terms, b, se, b / se, 2 * stats.norm.sf(abs(b / se)),
                            b - half, b + half)


def effect_rows(terms, effects, errors, x):
    """Rows of average effects; those of columns of x that hold 0 and 1 alone are noted as differences."""
    rows = z_rows("dydx", terms, effects, errors)
    for j, row in enumerate(rows):
        if is_indicator(x[:, j]):
            row["note"] = "from 0 to 1"
    return rows


def is_indicator(column) -> bool:
    return set(np.unique(column)) == {0.0, 1.0}


def with_differences(slopes, mean, x):
    """Average effects as a function of the coefficients: `slopes` gives them as derivatives, shape (regressors, ...); a column of x
    that holds 0 and 1 alone has the difference of `mean(x, t)`, shape (rows, ...), between 1 and 0 ([R] margins, dydx() of a factor)."""
    def effects(t):
        out = np.array(slopes(t), float)
        for j in range(len(out)):
            if is_indicator(x[:, j]):
                one, zero = x.copy(), x.copy()
                one[:, j], zero[:, j] = 1, 0
                out[j] = (mean(one, t) - mean(zero, t)).mean(axis=0)
        return out
    return effects


def ols_case(frame, outcome, plain, factor, weight, name=None, parameters=None, **cov):
    """OLS or WLS with the stated covariance; the F statistic is the Wald test of all slopes."""
    needed = [outcome, *plain, factor] + ([cov["cov_kwds"]["groups"]] if "cov_kwds" in cov else [])
    data = frame.dropna(subset=needed)
    x = pd.concat([data[plain].astype(float), dummies(data[factor], factor)], axis=1)
    x["_cons"] = 1.0
    if "cov_kwds" in cov:
        cov["cov_kwds"] = {"groups": pd.factorize(data[cov["cov_kwds"]["groups"]])[0]}
    model = sm.OLS(data[outcome], x) if weight is None else sm.WLS(data[outcome], x, weights=data[weight])
    result = model.fit(use_t=True, **cov)
    n, k = x.shape
    df = n - k
    if "cov_kwds" in cov:
        df = cov["cov_kwds"]["groups"].max()
    slopes = np.eye(k)[: k - 1]
    f_stat = float(np.squeeze(result.f_test(slopes).fvalue))
    scale = 1.0
    if weight is not None:
        # weights of a weighted regression are normalised to sum to N ([R] regress)
        scale = n / data[weight].sum()
    rmse = float(np.sqrt(result.ssr * scale / (n - k)))
    values = {"N": n, "r2": result.rsquared, "r2_a": result.rsquared_adj, "rmse": rmse, "F": f_stat,
              "df_m": k - 1, "df_r": df, "level": 95}
    if "cov_kwds" in cov:
        values["n_clusters"] = df + 1
    metrics = {"n_used": n, "r2": result.rsquared, "rmse": rmse, "df_r": df}
    return case({"table_coefficients.csv": table(KEY, t_rows(outcome, x.columns, result.params, result.bse, df)),
                 "table_fit.csv": fit(values)}, metrics, parameters, name)


def absorbed_case(name, parameters):
    """Robust regression with absorbed regions, [R] areg: demeaned data with grand means added back."""
    data = read("pay.csv").dropna(subset=["log_pay", "schooling"])
    x = pd.concat([data[["schooling", "years_work", "female"]].astype(float), dummies(data["sector"], "sector")], axis=1)
    f = within_fit(data["log_pay"], x, data["region"], classical=True)
    xw, b, n, k, groups = f["xw"].to_numpy(), f["b"], f["n"], f["k"], f["groups"]
    residual = f["yw"].to_numpy() - xw @ b
    df = n - k - groups
    inverse = np.linalg.inv(xw.T @ xw)
    cov = inverse @ (xw * residual[:, None] ** 2).T @ xw @ inverse * n / df
    total = ((data["log_pay"] - data["log_pay"].mean()) ** 2).sum()
    r2 = 1 - f["rss"] / total
    f_stat = b[:k] @ np.linalg.solve(cov[:k, :k], b[:k]) / k
    values = {"N": n, "r2": r2, "r2_a": 1 - (1 - r2) * (n - 1) / df, "rmse": np.sqrt(f["rss"] / df), "F": f_stat,
              "df_m": k, "df_r": df, "level": 95}
    return case({"table_coefficients.csv": table(KEY, t_rows("log_pay", f["xw"].columns, b, np.sqrt(np.diag(cov)), df)),
                 "table_fit.csv": fit(values)}, {"n_used": n, "r2": r2, "df_r": df}, parameters, name)


def ols() -> None:
    """OLS with HC1, classical, clustered and weighted variants."""
    frame = read("pay.csv")
    source = f"statsmodels {statsmodels.__version__} OLS"
    plain = ["schooling", "years_work", "female"]
    args = (frame, "log_pay", plain, "sector")
    save("pay.ols_robust.json", source + " HC1", CLOSED, ols_case(*args, None, cov_type="HC1"), [
        ols_case(*args, None, "classical errors", {"vce": "classical"}, cov_type="nonrobust"),
        ols_case(*args, None, "clustered by firm", {"vce": "cluster", "cluster_vars": ["firm_id"]},
                 cov_type="cluster", cov_kwds={"groups": "firm_id"}),
        ols_case(*args, "sample_weight", "sampling weights",
                 {"weight_var": "sample_weight", "weight_kind": "pweight"}, cov_type="HC1"),
        absorbed_case("regions absorbed", {"absorb_vars": ["region"]}),
    ])
    schools = read("schools.csv")
    save("schools.ols_cluster.json", source + " cluster", CLOSED, ols_case(
        schools, "score", ["study_hours", "girl", "class_size"], "parents_education", None,
        cov_type="cluster", cov_kwds={"groups": "school"}))


def logit_effects(x, b, cov, factor_columns):
    """Average marginal effects with delta-method errors; contrasts against the base for levels.

    `factor_columns` lists the indicators of each factor.
    """
    p = lambda z: 1 / (1 + np.exp(-z))
    effects, gradients, names = [], [], []
    factors = {x.columns.get_loc(c): [x.columns.get_loc(other) for other in columns] for columns in factor_columns for c in columns}
    values = x.to_numpy()
    for j, name in enumerate(x.columns[:-1]):
        if j in factors:
            high, low = values.copy(), values.copy()
            high[:, factors[j]] = 0
            low[:, factors[j]] = 0
            high[:, j] = 1
            ph, pl = p(high @ b), p(low @ b)
            effect = (ph - pl).mean()
            gradient = ((ph * (1 - ph))[:, None] * high - (pl * (1 - pl))[:, None] * low).mean(axis=0)
        else:
            q = p(values @ b)
            d = q * (1 - q)
            effect = (d * b[j]).mean()
            gradient = ((d * (1 - 2 * q) * b[j])[:, None] * values).mean(axis=0)
            gradient[j] += d.mean()
        names.append(name)
        effects.append(effect)
        gradients.append(gradient)
    g = np.array(gradients)
    return names, np.array(effects), np.sqrt(np.diag(g @ cov @ g.T))


def logit_case(kind, name=None, parameters=None):
    """Logit with robust (N/(N-1)), information-matrix or clustered (G/(G-1)) errors."""
    data = read("clinic.csv").dropna(subset=["readmitted", "age", "bmi", "smoker", "stage"])
    x = pd.concat([data[["age", "bmi", "smoker"]].astype(float), dummies(data["stage"], "stage")], axis=1)
    x["_cons"] = 1.0
    y = data["readmitted"].astype(float)
    result = sm.Logit(y, x).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    b = result.params.to_numpy()
    n, k = x.shape
    probability = result.predict()
    bread = np.linalg.inv(x.to_numpy().T @ (x.to_numpy() * (probability * (1 - probability))[:, None]))
    scores = x.to_numpy() * (y.to_numpy() - probability)[:, None]
    if kind == "oim":
        cov = bread
    elif kind == "robust":
        cov = bread @ (scores.T @ scores) @ bread * n / (n - 1)
    else:
        groups = pd.DataFrame(scores).groupby(data[kind].to_numpy()).sum().to_numpy()
        g = len(groups)
        cov = bread @ (groups.T @ groups) @ bread * g / (g - 1)
    se = np.sqrt(np.diag(cov))
    rows = z_rows("readmitted", x.columns, b, se)
    odds = parameters is None or parameters.get("odds_ratios", True)
    for row in rows:
        if odds:
            row |= {"odds_ratio": np.exp(row["estimate"]), "odds_ratio_low": np.exp(row["ci_low"]),
                    "odds_ratio_high": np.exp(row["ci_high"])}
    names, effects, errors = logit_effects(x, b, cov, [["smoker"], [c for c in x.columns if c.endswith(".stage")]])
    # the indicator of a factor with two levels is what statsmodels takes for a dummy
    dummy = result.get_margeff(dummy=True).margeff[2]
    assert abs(effects[2] - dummy) < 1e-10, (effects[2], dummy)
    v = cov[: k - 1, : k - 1]
    wald = float(b[:-1] @ np.linalg.solve(v, b[:-1]))
    if kind == "oim":
        wald = 2 * (result.llf - result.llnull)
    predicted = probability >= 0.5
    ones = y == 1
    area = stats.mannwhitneyu(probability[ones], probability[~ones]).statistic / (ones.sum() * (~ones).sum())
    values = {"N": n, "ll": result.llf, "ll_0": result.llnull, "chi2": wald,
              "p": stats.chi2.sf(wald, k - 1), "df_m": k - 1, "r2_p": result.prsquared,
              "aic": -2 * result.llf + 2 * k, "bic": -2 * result.llf + np.log(n) * k,
              "correct": (predicted == ones).mean(), "sensitivity": predicted[ones].mean(),
              "specificity": (~predicted)[~ones].mean(), "auc": area, "level": 95}
    metrics = {"n_used": n, "ll": result.llf, "r2_p": result.prsquared, "chi2": wald, "auc": area,
               "correct": values["correct"]}
    return case({"table_coefficients.csv": table(KEY, rows),
                 "table_margins.csv": table(KEY, effect_rows(names[:3], effects[:3], errors[:3], x.to_numpy()) + z_rows("dydx", names[3:], effects[3:], errors[3:])),
                 "table_fit.csv": fit(values)}, metrics, parameters, name)


def logit() -> None:
    """Logit with marginal effects."""
    save("clinic.logit_margins.json", f"statsmodels {statsmodels.__version__} Logit; delta method by hand",
         LIKELIHOOD, logit_case("robust"), [
             logit_case("oim", "information matrix", {"vce": "oim", "odds_ratios": False}),
             logit_case("ward", "clustered by ward", {"cluster_var": "ward"}),
         ])


def within_fit(y, x, unit, classical=False):
    """Within regression with grand means added back and errors clustered by unit ([XT] xtreg)."""
    within = lambda v: v - v.groupby(unit).transform("mean") + v.mean()
    xw = within(x)
    xw["_cons"] = 1.0
    yw = within(y)
    n, columns = xw.shape
    groups = unit.nunique()
    q, r = np.linalg.qr(xw.to_numpy())
    b = np.linalg.solve(r, q.T @ yw.to_numpy())
    residual = yw.to_numpy() - xw.to_numpy() @ b
    inverse = np.linalg.inv(r) @ np.linalg.inv(r).T
    k = columns - 1
    rss = residual @ residual
    df_e = n - groups - k
    if classical:
        cov, df = inverse * rss / df_e, df_e
    else:
        scores = pd.DataFrame(xw.to_numpy() * residual[:, None]).groupby(unit.to_numpy()).sum().to_numpy()
        cov = inverse @ (scores.T @ scores) @ inverse * groups / (groups - 1) * (n - 1) / (n - columns)
        df = groups - 1
    return {"xw": xw, "yw": yw, "b": b, "cov": cov, "df": df, "n": n, "groups": groups, "k": k,
            "rss": rss, "df_e": df_e}


def fe_case(periods, classical, name=None, parameters=None):
    """Within regression by hand (grand means added back), [XT] xtreg methods and formulas."""
    data = read("firms_panel.csv").dropna(subset=["log_output", "log_capital", "log_labor"]).copy()
    x = data[["log_capital", "log_labor", "exporter"]].astype(float)
    if periods:
        x = pd.concat([x, dummies(data["year"], "year")], axis=1)
    y = data["log_output"]
    unit = data["firm"]
    fitted = within_fit(y, x, unit, classical)
    xw, yw, b, cov, df = (fitted[k] for k in ("xw", "yw", "b", "cov", "df"))
    n, groups, k, rss, df_e = (fitted[k] for k in ("n", "groups", "k", "rss", "df_e"))
    slopes = b[:-1]
    f_stat = slopes @ np.linalg.solve(cov[:-1, :-1], slopes) / k
    xb = x.to_numpy() @ slopes
    mean_y, mean_xb = y.groupby(unit).mean(), pd.Series(xb, index=y.index).groupby(unit).mean()
    effect = mean_y - mean_xb - b[-1]
    sigma_u, sigma_e = effect.std(ddof=1), np.sqrt(rss / df_e)
    centred = yw - yw.mean()
    sizes = unit.value_counts()
    values = {"N": n, "N_g": groups, "g_min": sizes.min(), "g_avg": n / groups, "g_max": sizes.max(),
              "r2_w": 1 - rss / (centred @ centred), "r2_b": np.corrcoef(mean_xb, mean_y)[0, 1] ** 2,
              "r2_o": np.corrcoef(xb, y)[0, 1] ** 2, "sigma_u": sigma_u, "sigma_e": sigma_e,
              "rho": sigma_u**2 / (sigma_u**2 + sigma_e**2),
              "corr": np.corrcoef(effect.loc[unit].to_numpy(), xb)[0, 1], "F": f_stat, "df_r": df, "level": 95}
    if not classical:
        values["n_clusters"] = groups
    if periods:
        t = [i for i, c in enumerate(xw.columns) if c.endswith(".year")]
        joint = b[t] @ np.linalg.solve(cov[np.ix_(t, t)], b[t]) / len(t)
        values |= {"time_effects_F": joint, "time_effects_p": stats.f.sf(joint, len(t), df)}
    metrics = {"n_used": n, "n_groups": groups, "r2_w": values["r2_w"], "rho": values["rho"], "df_r": df}
    return case({"table_coefficients.csv": table(KEY, t_rows("log_output", xw.columns, b, np.sqrt(np.diag(cov)), df)),
                 "table_fit.csv": fit(values)}, metrics, parameters, name)


def fe() -> None:
    """Fixed effects with and without period effects."""
    save("firms_panel.fe.json", f"numpy {np.__version__}, within regression by hand", CLOSED,
         fe_case(True, False), [
             fe_case(False, False, "no period effects", {"time_effects": False}),
             fe_case(False, True, "conventional errors", {"time_effects": False, "vce": "classical"}),
         ])


def iv_case(cov_type, name=None, parameters=None, cluster=None):
    """Two-stage least squares and its tests."""
    data = read("returns.csv").dropna().copy()
    data["_cons"] = 1.0
    exog = ["experience", "experience_sq", "south", "urban", "_cons"]
    instruments = ["near_college", "father_education"]
    model = IV2SLS(data["log_wage"], data[exog], data[["education"]], data[instruments])
    kwargs = {"clusters": data[cluster]} if cluster else {}
    result = model.fit(cov_type=cov_type, debiased=False, **kwargs)
    terms = ["education", *exog]
    cov = result.cov.loc[terms, terms].to_numpy()
    if cluster:
        # without small, ivregress applies no factor G/(G-1) (linearmodels' tests quote Stata)
        g = data[cluster].nunique()
    b, se = result.params[terms].to_numpy(), np.sqrt(np.diag(cov))
    n = len(data)
    wald = b[:-1] @ np.linalg.solve(cov[:-1, :-1], b[:-1])
    hc = {"robust": {"cov_type": "HC1"}, "unadjusted": {"cov_type": "nonrobust"},
          "clustered": {"cov_type": "cluster",
                        "cov_kwds": {"groups": pd.factorize(data[cluster])[0]} if cluster else None}}[cov_type]
    full = sm.OLS(data["education"], data[instruments + exog]).fit(use_t=True, **hc)
    restricted = sm.OLS(data["education"], data[exog]).fit()
    strength = full.f_test(np.eye(7)[:2])
    df2 = n - 7 if not cluster else data[cluster].nunique() - 1
    first = [{"endogenous": "education", "r2": full.rsquared,
              "partial_r2": (full.rsquared - restricted.rsquared) / (1 - restricted.rsquared),
              "f_stat": float(np.squeeze(strength.fvalue)), "df1": 2, "df2": df2,
              "p_value": stats.f.sf(float(np.squeeze(strength.fvalue)), 2, df2)}]
    first_rows = [{"endogenous": "education"} | row
                  for row in t_rows("first stage", full.params.index, full.params, full.bse, df2)]
    rss = float(result.resids @ result.resids)
    values = {"N": n, "r2": result.rsquared, "rmse": np.sqrt(rss / n), "chi2": wald,
              "p": stats.chi2.sf(wald, 5), "df_m": 5, "first_stage_f": first[0]["f_stat"], "level": 95}
    metrics = {"n_used": n, "r2": result.rsquared, "rmse": values["rmse"], "first_stage_f": first[0]["f_stat"]}
    if cluster:
        values["n_clusters"] = g
    augmented = data[["education", *exog]].assign(first_residual=full.resid)
    regression = sm.OLS(data["log_wage"], augmented).fit(use_t=True, **hc)
    f_regression = regression.tvalues["first_residual"] ** 2
    df_regression = n - 7 if not cluster else df2
    tests = {"robust": [
        {"test": "robust_score", "statistic": result.wooldridge_score.stat, "df1": 1,
         "p_value": result.wooldridge_score.pval},
        {"test": "robust_regression", "statistic": f_regression, "df1": 1, "df2": df_regression,
         "p_value": stats.f.sf(f_regression, 1, df_regression)},
        {"test": "score", "statistic": result.wooldridge_overid.stat, "df1": 1,
         "p_value": result.wooldridge_overid.pval}],
        "unadjusted": [
        {"test": "durbin", "statistic": result.durbin().stat, "df1": 1, "p_value": result.durbin().pval},
        {"test": "wu_hausman", "statistic": result.wu_hausman().stat, "df1": 1, "df2": n - 7,
         "p_value": result.wu_hausman().pval},
        {"test": "sargan", "statistic": result.sargan.stat, "df1": 1, "p_value": result.sargan.pval},
        {"test": "basmann", "statistic": result.basmann.stat, "df1": 1, "p_value": result.basmann.pval}],
        "clustered": [
        {"test": "robust_regression", "statistic": f_regression, "df1": 1, "df2": df_regression,
         "p_value": stats.f.sf(f_regression, 1, df_regression)},
        # Stata has no overidentification test after clustering; the template says so in a row
        {"test": "overidentification", "df1": 1}],
    }[cov_type]
    # Anderson and Rubin: the excluded instruments in the reduced form
    reduced = float(np.squeeze(sm.OLS(data["log_wage"], data[instruments + exog]).fit(use_t=True, **hc).f_test(np.eye(7)[:2]).fvalue))
    tests = [*tests, {"test": "anderson_rubin", "statistic": reduced, "df1": 2, "df2": df2, "p_value": stats.f.sf(reduced, 2, df2)}]
    metrics["p_endogenous"] = next(t["p_value"] for t in tests if t["test"] in ("wu_hausman", "robust_regression"))
    return case({"table_coefficients.csv": table(KEY, z_rows("log_wage", terms, b, se)),
                 "table_first_stage.csv": table(["endogenous"], first),
                 "table_first_stage_coefficients.csv": table(["endogenous", "term"], first_rows),
                 "table_tests.csv": table(["test"], tests),
                 "table_fit.csv": fit(values)}, metrics, parameters, name)


def iv() -> None:
    """Returns to education with two instruments."""
    save("returns.tsls.json", f"linearmodels {linearmodels.__version__} IV2SLS, statsmodels OLS", CLOSED,
         iv_case("robust"), [
             iv_case("unadjusted", "unadjusted errors", {"vce": "unadjusted"}),
             iv_case("clustered", "clustered by county", {"cluster_var": "county"}, "county"),
         ])


if __name__ == "__main__":
    ols()
    logit()
    fe()
    iv()
