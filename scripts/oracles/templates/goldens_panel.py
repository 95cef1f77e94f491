"""Golden numbers of panel difference-in-differences, probit, rank and figure templates."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats

from golden import case, dummies, fit, read, save, table
from goldens_models import CLOSED, KEY, LIKELIHOOD, effect_rows, t_rows, with_differences, within_fit, z_rows
from oracle_r import same

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from numeric import jacobian  # noqa: E402


def towns():
    """The towns with values, unit and the period indicators."""
    data = read("rollout.csv").dropna(subset=["visits"]).copy()
    return data, data["visits"], data["town"], dummies(data["year"], "year")


def within_values(f, x, y, unit):
    """The fit table of a clustered within regression."""
    centred = f["yw"] - f["yw"].mean()
    slopes, k = f["b"][:-1], f["k"]
    effect = y.groupby(unit).mean() - pd.Series(x.to_numpy() @ slopes, index=y.index).groupby(unit).mean() - f["b"][-1]
    sigma_u, sigma_e = effect.std(ddof=1), np.sqrt(f["rss"] / f["df_e"])
    return {"N": f["n"], "N_g": f["groups"], "r2_w": 1 - f["rss"] / (centred @ centred), "sigma_u": sigma_u,
            "sigma_e": sigma_e, "rho": sigma_u**2 / (sigma_u**2 + sigma_e**2),
            "F": slopes @ np.linalg.solve(f["cov"][:-1, :-1], slopes) / k, "df_r": f["df"], "level": 95,
            "n_clusters": f["groups"]}


def twfe() -> None:
    """One coefficient for the programme."""
    data, y, unit, years = towns()
    x = pd.concat([data[["programme", "income"]].astype(float), years], axis=1)
    f = within_fit(y, x, unit)
    se = np.sqrt(np.diag(f["cov"]))
    values = within_values(f, x, y, unit)
    save("rollout.twfe.json", f"numpy {np.__version__}, two-way within regression by hand", CLOSED, case(
        {"table_coefficients.csv": table(KEY, t_rows("visits", f["xw"].columns, f["b"], se, f["df"])),
         "table_fit.csv": fit(values)},
        {"n_used": f["n"], "att": f["b"][0], "att_se": se[0], "r2_w": values["r2_w"], "n_groups": 60,
         "n_treated_units": 30}))


def event_study() -> None:
    """Four leads and three lags around 2016; ends are collected."""
    data, y, unit, years = towns()
    relative = (data["year"] - data["start_year"]).clip(-4, 3)
    periods = [k for k in range(-4, 4) if k != -1]
    x = pd.concat([pd.DataFrame({k: (relative == k).astype(float) for k in periods}), years], axis=1)
    f = within_fit(y, x, unit)
    se = np.sqrt(np.diag(f["cov"]))
    rows = []
    for row, k in zip(t_rows("", periods, f["b"][:7], se[:7], f["df"]), periods):
        rows.append({"relative_period": k, "n": (relative == k).sum()}
                    | {c: row[c] for c in ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high")})
    rows.append({"relative_period": -1, "estimate": 0, "n": (relative == -1).sum(), "note": "base"})
    before = [0, 1, 2]
    pre = f["b"][before] @ np.linalg.solve(f["cov"][np.ix_(before, before)], f["b"][before]) / 3
    p = stats.f.sf(pre, 3, f["df"])
    weights = np.zeros(len(f["b"]))
    weights[3:7] = 1 / 4
    mean, se_mean = weights @ f["b"], np.sqrt(weights @ f["cov"] @ weights)
    after = {"mean_after": mean, "mean_after_se": se_mean, "mean_after_p": 2 * stats.t.sf(abs(mean / se_mean), f["df"])}
    save("rollout.event_study.json", f"numpy {np.__version__}, two-way within regression by hand", CLOSED, case(
        {"table_event_coefficients.csv": table(["relative_period"], rows),
         "table_pretrend_test.csv": table(["test"], [{"test": "pre_trend", "statistic": pre, "df1": 3,
                                                      "df2": f["df"], "p_value": p}]),
         "table_fit.csv": fit(within_values(f, x, y, unit) | after)},
        {"n_used": f["n"], "n_groups": 60, "p_pretrend": p}))


def probit() -> None:
    """Readmission by probit; average marginal effects by the delta method."""
    data = read("clinic.csv").dropna(subset=["age", "bmi"])
    x = data[["age", "bmi", "smoker"]].astype(float)
    x["_cons"] = 1.0
    y = data["readmitted"].astype(float)
    result = sm.Probit(y, x).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    b, n = result.params.to_numpy(), len(x)
    v = x.to_numpy()
    cov = np.linalg.inv(-result.model.hessian(b))
    scores = result.model.score_obs(b)
    scores = np.asarray(scores)
    cov = cov @ (scores.T @ scores) @ cov * n / (n - 1)
    average = with_differences(lambda t: stats.norm.pdf(v @ t).mean() * t[:3], lambda x, t: stats.norm.cdf(x @ t), v)
    effects, gradient = average(b), jacobian(average, b)
    same(effects, np.r_[result.get_margeff().margeff[:2], result.get_margeff(dummy=True).margeff[2]], 1e-10)
    wald = b[:3] @ np.linalg.solve(cov[:3, :3], b[:3])
    values = {"N": n, "ll": result.llf, "ll_0": result.llnull, "chi2": wald, "p": stats.chi2.sf(wald, 3), "df_m": 3,
              "r2_p": result.prsquared, "aic": -2 * result.llf + 8, "bic": -2 * result.llf + 4 * np.log(n), "level": 95}
    save("clinic.probit_margins.json", f"statsmodels {statsmodels.__version__} Probit; delta method by hand", LIKELIHOOD, case(
        {"table_coefficients.csv": table(KEY, z_rows("readmitted", x.columns, b, np.sqrt(np.diag(cov)))),
         "table_margins.csv": table(KEY, effect_rows(x.columns[:3], effects, np.sqrt(np.diag(gradient @ cov @ gradient.T)), v)),
         "table_fit.csv": fit(values)},
        {"n_used": n, "ll": result.llf, "r2_p": result.prsquared, "chi2": wald}))


def kwallis() -> None:
    """Recovery days by stage."""
    data = read("clinic.csv").dropna(subset=["recovery_days"])
    ranks = pd.Series(stats.rankdata(data["recovery_days"]), index=data.index)
    parts = [d for _, d in data.groupby("stage")["recovery_days"]]
    result = stats.kruskal(*parts)
    ties = stats.tiecorrect(ranks)
    plain = result.statistic * ties
    rows = [{"test": "kruskal_wallis", "statistic": plain, "df1": 2, "p_value": stats.chi2.sf(plain, 2)},
            {"test": "kruskal_wallis_ties", "statistic": result.statistic, "df1": 2, "p_value": result.pvalue}]
    rows += [{"test": f"mean_rank_group{i}", "estimate": ranks.loc[d.index].mean(), "n": len(d), "note": str(k)}
             for i, (k, d) in enumerate(data.groupby("stage")["recovery_days"], start=1)]
    save("clinic.kwallis.json", f"scipy {scipy.__version__} kruskal", CLOSED, case(
        {"table_kwallis.csv": table(["test"], rows)},
        {"n_used": len(data), "chi2": result.statistic, "p": result.pvalue}))


def coefficients() -> None:
    """Pay in two nested models with HC1."""
    data = read("pay.csv").dropna(subset=["log_pay", "schooling"])
    rows, r2 = [], []
    for model, names in (("model1", ["schooling", "years_work"]), ("model2", ["schooling", "years_work", "female", "hours"])):
        x = data[names].astype(float)
        x["_cons"] = 1.0
        result = sm.OLS(data["log_pay"], x).fit(cov_type="HC1", use_t=True)
        df = len(data) - x.shape[1]
        rows += [{"model": model} | r for r in t_rows("log_pay", x.columns, result.params, result.bse, df)]
        r2.append((result.rsquared, df))
    save("pay.coefficients.json", f"statsmodels {statsmodels.__version__} OLS HC1", CLOSED, case(
        {"table_coefficients.csv": table(["model", "term"], rows)},
        {"n_used": len(data), "r2": r2[0][0], "df_r": r2[0][1]}))


def line() -> None:
    """Mean output by year, and medians by exporting."""
    data = read("firms_panel.csv")

    def rows(keys, statistic):
        grouped = data.groupby(keys)["log_output"].agg(["count", statistic]).reset_index()
        return [{"group": str(r["exporter"]) if "exporter" in keys else "all", "time": r["year"], "n": r["count"],
                 "value": r[statistic]} for _, r in grouped.astype(object).iterrows()]

    key = ["group", "time"]
    save("firms_panel.line.json", f"pandas {pd.__version__} groupby", CLOSED, case(
        {"table_series.csv": table(key, rows(["year"], "mean"))}, {"n_used": len(data), "n_points": 9},
    ), [case({"table_series.csv": table(key, rows(["exporter", "year"], "median"))}, {"n_points": 18},
             {"group": "exporter", "stat": "median"}, "medians by exporting")])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (twfe, event_study, probit, kwallis, coefficients, line):
        make()


if __name__ == "__main__":
    write_all()
