"""Golden numbers of further panel, time, survival and finance templates (linearmodels, pyfixest, statsmodels, R survival)."""

import math
import sys
from pathlib import Path

import lifelines
import linearmodels
import numpy as np
import pandas as pd
import pyfixest
import scipy
import statsmodels
import statsmodels.api as sm
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import restricted_mean_survival_time
from linearmodels.panel import FamaMacBeth, FirstDifferenceOLS
from scipy import stats
from scipy.special import gammaln
from statsmodels.stats.diagnostic import acorr_breusch_godfrey
from statsmodels.stats.stattools import durbin_watson

from golden import case, fit, percentile, read, save, table
from goldens_models import CLOSED, t_rows, z_rows
from oracle_r import r_numbers, same

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from numeric import jacobian  # noqa: E402

SM, SCIPY = f"statsmodels {statsmodels.__version__}", f"scipy {scipy.__version__}"
Z = stats.norm.ppf(0.975)
PICK = ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high")


def first_difference() -> None:
    """Changes of firms; with and without a common trend."""
    def one(trend, name=None, parameters=None):
        names = ["log_capital", "log_labor", "exporter"]
        frame = read("firms_panel.csv").dropna(subset=["log_output", *names]).sort_values(["firm", "year"])
        step = frame.groupby("firm")["year"].diff() == 1
        change = frame.groupby("firm")[["log_output", *names]].diff()[step].astype(float)
        firm, year = frame.loc[step, "firm"], frame.loc[step, "year"]
        x = change[names].assign(_cons=1.0) if trend else change[names]
        result = sm.OLS(change["log_output"], x, hasconst=trend).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(firm)[0]}, use_t=True)
        if not trend:
            # linearmodels takes a missing period for a neighbour: compare on firms without gaps
            whole = frame.groupby("firm")["year"].transform(lambda v: v.max() - v.min() + 1 == len(v))
            part = frame[whole].set_index(["firm", "year"])
            check = FirstDifferenceOLS(part["log_output"], part[names].astype(float)).fit()
            inside = firm.isin(frame.loc[whole, "firm"])
            same(check.params, np.linalg.lstsq(x[inside], change.loc[inside, "log_output"], rcond=None)[0], 1e-8)
        df = firm.nunique() - 1
        terms = [f"D.{n}" for n in names] + (["_cons"] if trend else [])
        e = result.resid
        before = e.groupby(firm).shift().where(year.groupby(firm).diff() == 1)
        ok = before.notna()
        ar = sm.OLS(e[ok], before[ok]).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(firm[ok])[0]}, use_t=True)
        d2 = firm[ok].nunique() - 1
        rho, se = ar.params.iloc[0], ar.bse.iloc[0]
        tests = [{"test": t, "estimate": rho, "statistic": ((rho - v) / se) ** 2, "df1": 1, "df2": d2, "p_value": stats.f.sf(((rho - v) / se) ** 2, 1, d2)}
                 for t, v in (("levels_uncorrelated", -0.5), ("changes_uncorrelated", 0))]
        values = {"N": len(x), "r2": result.rsquared, "rmse": math.sqrt(result.ssr / (len(x) - x.shape[1])), "df_m": 3, "df_r": df, "n_clusters": df + 1}
        return case({"table_coefficients.csv": table(["term"], t_rows("D.log_output", terms, result.params, result.bse, df)), "table_tests.csv": table(["test"], tests), "table_fit.csv": fit(values)},
                    {"n_used": len(x), "r2": result.rsquared, "df_r": df, "p_levels": tests[0]["p_value"], "p_changes": tests[1]["p_value"]}, parameters, name)

    save("firms_panel.first_difference.json", f"linearmodels {linearmodels.__version__} FirstDifferenceOLS; {SM} OLS cluster", CLOSED, one(True), [one(False, "no trend", {"trend": False})])


def poisson_fe() -> None:
    """Visits of towns: conditional likelihood; pyfixest fepois."""
    def one(vce, years, name=None, parameters=None):
        frame = read("rollout.csv").dropna(subset=["visits", "income"])
        names = ["programme", "income"]
        x = frame[names].astype(float)
        terms = list(names)
        if years:
            for v in sorted(frame["year"].unique())[1:]:
                x[f"{v}.year"] = (frame["year"] == v).astype(float)
                terms.append(f"{v}.year")
        groups = [(x.loc[i].to_numpy(), frame.loc[i, "visits"].to_numpy(float)) for i in frame.groupby("town").groups.values()]

        def rows(b):
            out = []
            for xs, ys in groups:
                index = xs @ b
                p = index - np.log(np.exp(index).sum())
                out.append(gammaln(ys.sum() + 1) - gammaln(ys + 1).sum() + ys @ p)
            return np.array(out)

        def scores(b):
            return np.array([ys @ xs - ys.sum() * (np.exp(xs @ b) / np.exp(xs @ b).sum()) @ xs for xs, ys in groups])

        check = pyfixest.fepois("visits ~ programme + income | town" + (" + year" if years else ""), frame, vcov={"CRV1": "town"}, iwls_tol=1e-12)
        b = np.zeros(len(terms))
        for _ in range(30):
            information = -jacobian(lambda t: scores(t).sum(0), b)
            step = np.linalg.solve(information, scores(b).sum(0))
            b = b + step
            if np.abs(step).max() < 1e-12:
                break
        same(check.coef().to_numpy(), b[:2], 1e-6)
        bread = np.linalg.inv(information)
        g, s = len(groups), scores(b)
        cov = bread @ (s.T @ s) @ bread * g / (g - 1) if vce == "robust" else bread
        coefficients = z_rows("visits", terms, b, np.sqrt(np.diag(cov)))
        pooled = sm.GLM(frame["visits"], x.assign(_cons=1.0), family=sm.families.Poisson()).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(frame["town"])[0]}, tol=1e-14)
        # a likelihood estimator has the factor G/(G-1) alone
        n, k = len(x), x.shape[1] + 1
        se = np.asarray(pooled.bse) / math.sqrt((n - 1) / (n - k))
        rows_out = [{"model": "fe"} | r for r in coefficients] + [{"model": "pooled"} | r for r in z_rows("visits", [*terms, "_cons"], pooled.params, se)]
        rows_out = [r | {"irr": math.exp(r["estimate"]), "irr_low": math.exp(r["ci_low"]), "irr_high": math.exp(r["ci_high"])} for r in rows_out]
        chi2 = b @ np.linalg.solve(cov, b)
        ll = rows(b).sum()
        values = {"N": n, "N_g": g, "ll": ll, "df_m": len(terms), "units_without_event": 0, "chi2": chi2, "N_pooled": n}
        return case({"table_coefficients.csv": table(["model", "term"], rows_out), "table_fit.csv": fit(values)}, {"n_used": n, "n_groups": g, "ll": ll, "chi2": chi2}, parameters, name)

    save("rollout.poisson_fe.json", f"pyfixest {pyfixest.__version__} fepois; conditional likelihood by hand; {SM} GLM", {"default": 1e-6, "p_value": 1e-5, "ll": 1e-7, "ci_low": 1e-5, "ci_high": 1e-5},
         one("robust", False), [one("classical", False, "classical errors", {"vce": "classical"}), one("robust", True, "period effects", {"time_effects": True})])


def interrupted() -> None:
    """Admissions with a smoking ban in month 684."""
    def one(lags, name=None, parameters=None):
        frame = read("monthly.csv")
        t = np.arange(len(frame), dtype=float)
        after = (frame["month"] >= 684).to_numpy(float)
        slope = np.where(after == 1, t - t[after == 1].min(), 0)
        x, y = np.column_stack([t, after, slope, np.ones(len(t))]), frame["admissions"].to_numpy()
        n = len(t)
        chosen = math.floor(4 * (n / 100) ** (2 / 9)) if lags is None else lags
        ols = sm.OLS(y, x).fit()
        hac = ols.get_robustcov_results("HAC", maxlags=chosen, use_correction=True, use_t=True)
        b, cov, df, last = hac.params, hac.cov_params(), n - 4, after.sum() - 1
        rows = []
        for label, w in (("slope_before", [1, 0, 0, 0]), ("level_change", [0, 1, 0, 0]), ("slope_change", [0, 0, 1, 0]), ("slope_after", [1, 0, 1, 0]), ("effect_at_end", [0, 1, last, 0]), ("mean_effect", [0, 1, last / 2, 0])):
            w = np.array(w, float)
            r = t_rows("", [""], [w @ b], [math.sqrt(w @ cov @ w)], df)[0]
            rows.append({"effect": label} | {c: r[c] for c in PICK})
        lm, p = acorr_breusch_godfrey(ols, nlags=1)[:2]
        # the errors of the effects: both coefficients are judged with the Newey-West covariance
        f = hac.f_test(np.eye(4)[1:3])
        tests = [{"test": "durbin_watson", "statistic": durbin_watson(ols.resid)}, {"test": "breusch_godfrey_1", "statistic": lm, "df1": 1, "p_value": p},
                 {"test": "no_change", "statistic": float(np.squeeze(f.fvalue)), "df1": 2, "df2": df, "p_value": float(f.pvalue)}]
        fitted = x @ b
        series = [{"period": m, "observed": v, "fitted": g, "without": (g - b[1] * a - b[2] * s) if a else None} for m, v, g, a, s in zip(frame["month"], y, fitted, after, slope)]
        return case({"table_coefficients.csv": table(["term"], t_rows("admissions", ["ss_time", "ss_after", "ss_slope", "_cons"], b, hac.bse, df)), "table_effects.csv": table(["effect"], rows),
                     "table_tests.csv": table(["test"], tests), "table_series.csv": table([], series), "table_fit.csv": fit({"N": n, "df_m": 3, "df_r": df, "lag": chosen, "periods_before": (after == 0).sum(), "periods_after": after.sum()})},
                    {"n_used": n, "n_periods": n, "df_r": df, "lags": chosen, "level_change": b[1], "slope_change": b[2], "effect_at_end": b[1] + last * b[2]}, parameters, name)

    save("monthly.interrupted.json", f"{SM} OLS HAC", CLOSED, one(None), [one(6, "six lags", {"lags": 6})])


def incidence() -> None:
    """Deaths per 100 months by arm, and by stage."""
    def one(by, name=None, parameters=None):
        frame = read("trial.csv").dropna(subset=["months", "died", by])
        parts = [("all", frame)] + [(str(k), g) for k, g in frame.groupby(by)]
        rows, ratios = [], []
        for label, g in parts:
            d, t = g["died"].sum(), g["months"].sum()
            rows.append({"group": label, "n": len(g), "events": d, "time_at_risk": t, "rate": 100 * d / t, "ci_low": 100 * stats.chi2.ppf(0.025, 2 * d) / 2 / t, "ci_high": 100 * stats.chi2.ppf(0.975, 2 * d + 2) / 2 / t})
        base = parts[1]
        d1, t1 = base[1]["died"].sum(), base[1]["months"].sum()
        for label, g in parts[2:]:
            d, t = g["died"].sum(), g["months"].sum()
            ci = stats.binomtest(int(d), int(d + d1)).proportion_ci(0.95)
            gap, half = d / t - d1 / t1, Z * math.sqrt(d / t**2 + d1 / t1**2)
            share = t / (t + t1)
            p = min(1, 2 * min(stats.binom.cdf(d, d + d1, share), stats.binom.sf(d - 1, d + d1, share)))
            ratios.append({"group": label, "against": base[0], "rate_ratio": (d / t) / (d1 / t1), "ci_low": ci.low / (1 - ci.low) * t1 / t, "ci_high": ci.high / (1 - ci.high) * t1 / t, "rate_difference": 100 * gap,
                           "diff_low": 100 * (gap - half), "diff_high": 100 * (gap + half), "p_value": p})
            r = r_numbers(f"p <- poisson.test(c({d}, {d1}), c({t!r}, {t1!r})); c(p$estimate, p$conf.int)".replace("np.float64(", "(").replace("np.int64(", "("))
            same([ratios[-1][c] for c in ("rate_ratio", "ci_low", "ci_high")], r, 1e-8)
        return case({"table_rates.csv": table(["group"], rows), "table_ratios.csv": table(["group"], ratios)}, {"n_used": len(frame), "n_events": rows[0]["events"], "rate": rows[0]["rate"]}, parameters, name)

    save("trial.incidence.json", f"{SCIPY} chi2, binomtest; R poisson.test", CLOSED, one("arm"), [one("stage", "by stage", {"group": "stage"})])


def rmst() -> None:
    """Survival within 24 months by arm; R and lifelines."""
    def one(limit, name=None, parameters=None):
        frame = read("trial.csv").dropna(subset=["months", "died", "arm"])
        parts = [(str(k), g) for k, g in frame.groupby("arm")]
        reach = min(g["months"].max() for _, g in parts)
        tau = reach if limit is None else limit
        r = r_numbers(f'library(survival); s <- summary(survfit(Surv(months, died) ~ arm, data("trial.csv")), rmean = {tau})$table; c(s[, "rmean"], s[, "se(rmean)"])').reshape(2, -1)
        rows = []
        for i, (label, g) in enumerate(parts):
            km = lifelines.KaplanMeierFitter().fit(g["months"], g["died"])
            same(restricted_mean_survival_time(km, tau), r[0, i], 1e-7)
            m, se = r[0, i], r[1, i]
            rows.append({"group": label, "n": len(g), "events": ((g["died"] == 1) & (g["months"] <= tau)).sum(), "rmst": m, "std_error": se, "ci_low": m - Z * se, "ci_high": m + Z * se, "time_lost": tau - m})
        gap, se = r[0, 1] - r[0, 0], math.hypot(*r[1])
        ratio, log_se = r[0, 1] / r[0, 0], math.hypot(*(r[1] / r[0]))
        pairs = [{"group": parts[1][0], "against": parts[0][0], "difference": gap, "std_error": se, "statistic": gap / se, "p_value": 2 * stats.norm.sf(abs(gap / se)), "ci_low": gap - Z * se, "ci_high": gap + Z * se,
                  "ratio": ratio, "ratio_low": ratio * math.exp(-Z * log_se), "ratio_high": ratio * math.exp(Z * log_se)}]
        p = multivariate_logrank_test(frame["months"], frame["arm"], frame["died"]).p_value
        return case({"table_rmst.csv": table(["group"], rows), "table_differences.csv": table(["group"], pairs), "table_fit.csv": fit({"N": len(frame), "limit": tau, "largest_limit": reach, "p_logrank": p})},
                    {"n_used": len(frame), "limit": tau, "difference": gap, "p": pairs[0]["p_value"], "p_logrank": p}, parameters, name)

    save("trial.rmst.json", f"R survival survfit; lifelines {lifelines.__version__}", {"default": 1e-7}, one(24), [one(None, "longest limit", {"limit": None})])


def newey_mean(values: np.ndarray, lags: int) -> float:
    """Newey-West error of a mean with the factor n/(n-1)."""
    return sm.OLS(values, np.ones(len(values))).fit().get_robustcov_results("HAC", maxlags=lags, use_correction=True).bse[0]


def fama_macbeth() -> None:
    """Monthly returns on size and book-to-market."""
    def one(lags, name=None, parameters=None):
        names = ["log_size", "log_bm"]
        frame = read("stocks.csv").dropna(subset=["ret", *names])
        slopes, periods = [], []
        for month, g in frame.groupby("month"):
            result = sm.OLS(g["ret"], sm.add_constant(g[names])).fit()
            slopes.append(result.params[["const", *names]].to_numpy())
            periods += [{"period": month, "term": v, "slope": result.params[v], "n": len(g), "r2": result.rsquared, "intercept": result.params["const"]} for v in names]
        slopes = np.array(slopes)
        n = len(slopes)
        chosen = math.floor(4 * (n / 100) ** (2 / 9)) if lags is None else lags
        indexed = frame.set_index(["share", "month"])
        check = FamaMacBeth(indexed["ret"], indexed[names].assign(const=1.0)[["const", *names]]).fit(cov_type="robust", debiased=False)
        same(check.params, slopes.mean(0), 1e-8)
        rows = []
        for j, label in enumerate(["_cons", *names]):
            v = slopes[:, j]
            r = t_rows("", [""], [v.mean()], [v.std(ddof=1) / math.sqrt(n)], n - 1)[0]
            nw = newey_mean(v, chosen)
            rows.append({"term": label} | {c: r[c] for c in PICK} | {"nw_std_error": nw, "nw_statistic": v.mean() / nw, "nw_p_value": 2 * stats.t.sf(abs(v.mean() / nw), n - 1), "share_positive": (v > 0).mean()})
        r2 = np.mean([p["r2"] for p in periods])
        return case({"table_premia.csv": table(["term"], rows), "table_periods.csv": table(["period", "term"], periods),
                     "table_fit.csv": fit({"N": len(frame), "periods": n, "periods_skipped": 0, "mean_units": len(frame) / n, "mean_r2": r2, "lags": chosen})},
                    {"n_used": len(frame), "n_periods": n, "premium": rows[1]["estimate"], "nw_t": rows[1]["nw_statistic"], "mean_r2": r2}, parameters, name)

    save("stocks.fama_macbeth.json", f"linearmodels {linearmodels.__version__} FamaMacBeth; {SM} OLS HAC", CLOSED, one(None), [one(0, "no lags", {"lags": 0})])


def market_model() -> None:
    """Three factors for forty shares."""
    factors = ["market", "smb", "hml"]
    frame = read("stocks.csv").dropna(subset=["ret"]).sort_values(["share", "month"])
    rows = []
    for share, g in frame.groupby("share"):
        n = len(g)
        ols = sm.OLS(g["ret"] - g["risk_free"], sm.add_constant(g[factors], prepend=False)).fit()
        hac = ols.get_robustcov_results("HAC", maxlags=math.floor(4 * (n / 100) ** (2 / 9)), use_correction=True, use_t=True)
        for label, r in zip([*factors, "alpha"], t_rows("", [""] * 4, hac.params, hac.bse, n - 4)):
            rows.append({"asset": share, "term": label} | {c: r[c] for c in PICK} | {"n": n, "r2": ols.rsquared, "residual_sd": math.sqrt(ols.mse_resid)})
    found = pd.DataFrame(rows)
    summary = [{"term": t, "assets": len(g), "mean": g["estimate"].mean(), "median": percentile(g["estimate"].to_numpy(), 50), "sd": g["estimate"].std(), "min": g["estimate"].min(), "max": g["estimate"].max(),
                "share_significant": (g["p_value"] < 0.05).mean()} for t, g in found.groupby("term")]
    mean = found.groupby("term")["estimate"].mean()
    save("stocks.market_model.json", f"{SM} OLS HAC", CLOSED, case({"table_betas.csv": table(["asset", "term"], rows), "table_summary.csv": table(["term"], summary), "table_fit.csv": fit({"N": len(frame), "assets": 40, "assets_too_short": 0})},
         {"n_used": len(frame), "n_assets": 40, "mean_alpha": mean["alpha"], "mean_beta": mean["market"]}))


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (first_difference, poisson_fe, interrupted, incidence, rmst, fama_macbeth, market_model):
        make()


if __name__ == "__main__":
    write_all()
