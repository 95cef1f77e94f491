"""Golden numbers of difference-in-differences, interaction and diagnostic templates (statsmodels)."""

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.diagnostic import het_breuschpagan, het_white
from statsmodels.stats.outliers_influence import OLSInfluence, variance_inflation_factor

from golden import case, read, save, table
from goldens_models import CLOSED, KEY, ols_fit, t_rows

SOURCE = f"statsmodels {statsmodels.__version__} OLS"


def did_case(cluster, name=None, parameters=None):
    """Four means and the interaction of a saturated regression."""
    data = read("policy.csv").dropna(subset=["jobs"])
    t, s = data["treated"].astype(float), data["post"].astype(float)
    x = pd.DataFrame({"1.treated": t, "1.post": s, "1.treated#1.post": t * s, "area": data["area"].astype(float)})
    x["_cons"] = 1.0
    n, k = x.shape
    kwds, df = {"cov_type": "HC1"}, n - k
    if cluster:
        groups = pd.factorize(data["shop"])[0]
        kwds, df = {"cov_type": "cluster", "cov_kwds": {"groups": groups}}, groups.max()
    result = sm.OLS(data["jobs"], x).fit(use_t=True, **kwds)
    means = []
    for a in (0, 1):
        for b in (0, 1):
            cell = data.loc[(data["treated"] == a) & (data["post"] == b), "jobs"]
            at = np.array([a, b, a * b, data["area"].mean(), 1.0])
            means.append({"treatment": a, "post": b, "n": len(cell), "mean": cell.mean(), "sd": cell.std(),
                          "adjusted_mean": at @ result.params,
                          "adjusted_se": np.sqrt(at @ result.cov_params().to_numpy() @ at)})
    return case({"table_coefficients.csv": table(KEY, t_rows("jobs", x.columns, result.params, result.bse, df)),
                 "table_four_means.csv": table(["treatment", "post"], means),
                 "table_fit.csv": ols_fit(result, df, **({"n_clusters": groups.max() + 1} if cluster else {}))},
                {"n_used": n, "did": result.params.iloc[2], "did_se": result.bse.iloc[2], "r2": result.rsquared},
                parameters, name)


def did() -> None:
    """Jobs in shops before and after a wage rule."""
    save("policy.did_two_period.json", SOURCE, CLOSED, did_case(True), [
        did_case(False, "robust errors", {"cluster_var": None})])


def interaction() -> None:
    """Schooling by years of work, at three values of the moderator and by sector."""
    data = read("pay.csv").dropna(subset=["log_pay", "schooling"])
    a, b = data["schooling"].astype(float), data["years_work"].astype(float)
    x = pd.DataFrame({"schooling": a, "years_work": b, "c.schooling#c.years_work": a * b,
                      "female": data["female"].astype(float)})
    x["_cons"] = 1.0
    result = sm.OLS(data["log_pay"], x).fit(cov_type="HC1", use_t=True)
    n, k = x.shape
    cov = result.cov_params().to_numpy()
    points = [b.mean() - b.std(), b.mean(), b.mean() + b.std()]

    def effects(values):
        rows = []
        for v in values:
            gradient = np.array([1, 0, v, 0, 0.0])
            row = t_rows("", ["schooling"], [gradient @ result.params], [np.sqrt(gradient @ cov @ gradient)], n - k)[0]
            del row["equation"]
            rows.append({"moderator": v} | row)
        return rows

    f_stat = float(result.tvalues.iloc[2] ** 2)
    metrics = {"n_used": n, "r2": result.rsquared, "df_r": n - k, "interaction_f": f_stat,
               "interaction_p": stats.f.sf(f_stat, 1, n - k)}
    coefficients = table(KEY, t_rows("log_pay", x.columns, result.params, result.bse, n - k))
    # rows without a text key are compared in their order
    values = {"interaction_F": f_stat, "interaction_p": metrics["interaction_p"]}
    main = case({"table_coefficients.csv": coefficients, "table_margins.csv": table([], effects(points)),
                 "table_fit.csv": ols_fit(result, n - k, **values)}, metrics)
    chosen = case({"table_margins.csv": table([], effects([5, 20, 60]))}, {}, {"moderator_values": "5 20 60"},
                  "stated values")
    save("pay.interaction_margins.json", SOURCE + " HC1; delta rule by hand", CLOSED, main, [chosen, two_values(data)])


def two_values(data):
    """Schooling by sex: a moderator of two values is shown at both."""
    a, b = data["schooling"].astype(float), data["female"].astype(float)
    x = pd.DataFrame({"schooling": a, "female": b, "c.schooling#c.female": a * b})
    x["_cons"] = 1.0
    result = sm.OLS(data["log_pay"], x).fit(cov_type="HC1", use_t=True)
    rows = []
    for v in (0, 1):
        gradient = np.array([1, 0, v, 0.0])
        se = np.sqrt(gradient @ result.cov_params().to_numpy() @ gradient)
        row = t_rows("", ["schooling"], [gradient @ result.params], [se], len(data) - 4)[0]
        del row["equation"]
        rows.append({"moderator": v} | row)
    return case({"table_margins.csv": table([], rows)}, {}, {"moderator": "female", "controls": None}, "a moderator of two values")


def diagnostics() -> None:
    """Tests of the pay regression."""
    data = read("pay.csv").dropna(subset=["log_pay", "schooling"]).copy()
    data["row"] = data.index + 1
    x = data[["schooling", "years_work", "female"]].astype(float)
    x["_cons"] = 1.0
    result = sm.OLS(data["log_pay"], x).fit()
    n, k = x.shape
    e = result.resid
    fitted = result.fittedvalues
    sigma2 = (e @ e) / n
    # Breusch and Pagan with fitted values: half the explained sum of squares of e2/sigma2
    auxiliary = sm.OLS(e**2 / sigma2, sm.add_constant(fitted)).fit()
    bp = auxiliary.ess / 2
    iid = het_breuschpagan(e, sm.add_constant(fitted))
    white = het_white(e, x[["_cons", "schooling", "years_work", "female"]])
    powers = pd.concat([x] + [(((fitted - fitted.mean()) / fitted.std()) ** p).rename(f"p{p}") for p in (2, 3, 4)], axis=1)
    reset = sm.OLS(data["log_pay"], powers).fit().compare_f_test(result)
    tests = [{"test": "breusch_pagan", "statistic": bp, "df1": 1, "p_value": stats.chi2.sf(bp, 1)},
             {"test": "breusch_pagan_iid", "statistic": iid[0], "df1": 1, "p_value": iid[1]},
             {"test": "reset", "statistic": reset[0], "df1": 3, "df2": n - k - 3, "p_value": reset[1]}]
    squares = n * sm.OLS(e**2, pd.concat([x, x[["schooling", "years_work"]] ** 2,
                                          (x["schooling"] * x["years_work"]).rename("a"),
                                          (x["schooling"] * x["female"]).rename("b"),
                                          (x["years_work"] * x["female"]).rename("c")], axis=1)
                         .set_axis(range(9), axis=1)).fit().rsquared
    assert abs(squares - white[0]) < 1e-6 * squares
    tests.append({"test": "white", "statistic": white[0], "df1": 8, "p_value": white[1]})
    vif = sorted(((variance_inflation_factor(x.to_numpy(), i), c) for i, c in enumerate(x.columns[:-1])), reverse=True)
    tests += [{"test": f"vif_{i}", "statistic": v, "note": c} for i, (v, c) in enumerate(vif, start=1)]
    jb = n / 6 * (stats.skew(e) ** 2 + (stats.kurtosis(e, fisher=False) - 3) ** 2 / 4)
    tests.append({"test": "jarque_bera", "statistic": jb, "df1": 2, "p_value": stats.chi2.sf(jb, 2)})
    influence = OLSInfluence(result)
    frame = pd.DataFrame({"row": data["row"], "fitted": fitted, "residual": e,
                          "studentized": influence.resid_studentized_external,
                          "leverage": influence.hat_matrix_diag, "cooks_d": influence.cooks_distance[0]})
    top = frame.sort_values(["cooks_d", "row"], ascending=[False, True]).head(20)
    metrics = {"n_used": n, "r2": result.rsquared, "df_r": n - k, "p_hettest": next(t["p_value"] for t in tests if t["test"] == "breusch_pagan_iid"),
               "p_reset": reset[1], "vif_max": vif[0][0], "n_influential": (frame["cooks_d"] > 4 / n).sum()}
    rows = t_rows("log_pay", x.columns, result.params, result.bse, n - k)
    save("pay.diagnostics.json", SOURCE + ", diagnostic functions", CLOSED, case(
        {"table_coefficients.csv": table(KEY, rows), "table_tests.csv": table(["test"], tests),
         "table_influence.csv": table(["row"], top.to_dict("records")), "table_fit.csv": ols_fit(result, n - k)}, metrics))


def write_all() -> None:
    """Writes all golden files of this module."""
    did()
    interaction()
    diagnostics()


if __name__ == "__main__":
    write_all()
