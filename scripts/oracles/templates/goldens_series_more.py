"""Golden numbers of further series, survival, survey and prediction analyses (statsmodels, scikit-learn, R)."""

import math
import warnings

import numpy as np
import pandas as pd
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics import brier_score_loss, log_loss, mean_absolute_error, r2_score, roc_auc_score
from statsmodels.regression.rolling import RollingOLS
from statsmodels.stats.proportion import proportion_confint
from statsmodels.tsa.filters.bk_filter import bkfilter
from statsmodels.tsa.filters.cf_filter import cffilter
from statsmodels.tsa.filters.hp_filter import hpfilter

from golden import case, dummies, fit, read, save, table
from goldens_models import CLOSED, KEY, ols_fit, t_rows
from oracle_r import r_numbers, same

SM = f"statsmodels {statsmodels.__version__}"
Z = stats.norm.ppf(0.975)
ML = {"default": 1e-6, "p_value": 1e-5, "ci_low": 1e-5, "ci_high": 1e-5, "ll": 1e-8}


def with_constant(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers with the constant last."""
    return frame.astype(float).assign(_cons=1.0)


def rolling() -> None:
    """Growth on inflation and interest in 40 quarters; growing windows as a variant."""
    def one(recursive, name=None, parameters=None):
        names = ["inflation", "rate"]
        frame = read("economy.csv").dropna(subset=["growth", *names]).sort_values("period").reset_index(drop=True)
        x, y = with_constant(frame[names]), frame["growth"]
        full = sm.OLS(y, x).fit()
        rows = []
        moving = RollingOLS(y, x, window=40).fit()
        for number, last in enumerate(range(39, len(frame)), 1):
            first = 0 if recursive else last - 39
            part = sm.OLS(y[first:last + 1], x[first:last + 1]).fit()
            if not recursive:
                same(part.params, moving.params.loc[last], 1e-7)
            low = part.conf_int()
            rows += [{"window": number, "start": frame["period"][first], "end": frame["period"][last], "term": t, "estimate": part.params[t], "std_error": part.bse[t], "ci_low": low[0][t], "ci_high": low[1][t], "r2": part.rsquared, "n": part.nobs} for t in x.columns]
        summary = []
        for t in x.columns:
            own = pd.DataFrame([r for r in rows if r["term"] == t])
            summary.append({"term": t, "estimate_all": full.params[t], "mean": own["estimate"].mean(), "sd": own["estimate"].std(), "min": own["estimate"].min(), "max": own["estimate"].max(),
                            "share_significant": ((own["ci_low"] > 0) | (own["ci_high"] < 0)).mean()})
        df = len(frame) - 3
        return case({"table_rolling.csv": table(["window", "term"], rows), "table_summary.csv": table(["term"], summary), "table_coefficients.csv": table(KEY, t_rows("growth", x.columns, full.params, full.bse, df)),
                     "table_fit.csv": ols_fit(full, df, window=40, recursive=int(recursive), windows=len(frame) - 39)}, {"n_used": len(frame), "n_windows": len(frame) - 39, "least": summary[0]["min"], "most": summary[0]["max"]}, parameters, name)

    save("economy.rolling.json", f"{SM} RollingOLS, OLS", CLOSED, one(False), [one(True, "growing windows", {"recursive": True})])


def distributed_lag() -> None:
    """Growth on four lags of the interest rate; one lag and fixed error lags as a variant."""
    def one(lags, hac, name=None, parameters=None):
        frame = read("economy.csv").dropna(subset=["growth", "rate", "inflation"]).sort_values("period").reset_index(drop=True)
        names = ["rate", "L.rate"][: min(2, lags + 1)] + [f"L{k}.rate" for k in range(2, lags + 1)]
        x = pd.DataFrame({n: frame["rate"].shift(k) for k, n in enumerate(names)}).assign(inflation=frame["inflation"]).iloc[lags:]
        x, y = with_constant(x), frame["growth"].iloc[lags:]
        n, k = x.shape
        m = hac if hac is not None else math.floor(4 * (n / 100) ** (2 / 9))
        result = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": m, "use_correction": True}, use_t=True)
        b, v, df = result.params.to_numpy(), result.cov_params().to_numpy(), n - k
        half = stats.t.ppf(0.975, df)
        rows = []
        for j in range(lags + 1):
            w = np.zeros(k)
            w[: j + 1] = 1
            total, se = w @ b, math.sqrt(w @ v @ w)
            rows.append({"lag": j, "estimate": b[j], "std_error": math.sqrt(v[j, j]), "p_value": 2 * stats.t.sf(abs(b[j]) / math.sqrt(v[j, j]), df), "cumulative_effect": total, "cumulative_se": se, "statistic": total / se,
                         "cumulative_p": 2 * stats.t.sf(abs(total / se), df), "ci_low": total - half * se, "ci_high": total + half * se})
        tests = []
        for name_, at in (("all_lags", range(lags + 1)), ("lags_after_0", range(1, lags + 1))):
            at = list(at)
            f = b[at] @ np.linalg.solve(v[np.ix_(at, at)], b[at]) / len(at)
            tests.append({"test": name_, "statistic": f, "df1": len(at), "df2": df, "p_value": stats.f.sf(f, len(at), df)})
        wald = b[:-1] @ np.linalg.solve(v[:-1, :-1], b[:-1]) / (k - 1)
        return case({"table_coefficients.csv": table(KEY, t_rows("growth", x.columns, b, np.sqrt(np.diag(v)), df)), "table_effects.csv": table(["lag"], rows), "table_tests.csv": table(["test"], tests),
                     "table_fit.csv": fit({"N": n, "F": wald, "df_m": k - 1, "df_r": df, "lag": m, "lags": lags})}, {"n_used": n, "long_run": total, "long_run_se": se, "hac_lags": m, "p_all": tests[0]["p_value"]}, parameters, name)

    save("economy.distributed_lag.json", f"{SM} OLS HAC", CLOSED, one(4, None), [one(1, 6, "one lag, six lags of the errors", {"lags": 1, "hac_lags": 6})])


def break_point() -> None:
    """Growth and inflation: largest F over the middle of the series, and a stated quarter."""
    frame = read("economy.csv").dropna(subset=["growth", "inflation"]).sort_values("period").reset_index(drop=True)
    x, y, n, q = with_constant(frame[["inflation"]]), frame["growth"], len(frame), 2
    full = sm.OLS(y, x).fit()
    cut = math.floor(0.15 * n)

    def chow(s):
        two = sm.OLS(y[:s], x[:s]).fit().ssr + sm.OLS(y[s:], x[s:]).fit().ssr
        return (full.ssr - two) / q / (two / (n - 2 * q))

    places = range(cut, n - cut)
    f = [chow(s) for s in places]
    check = r_numbers('suppressMessages(library(strucchange)); d <- data("economy.csv"); d <- d[complete.cases(d[, c("growth", "inflation")]), ]; d <- d[order(d$period), ]\n'
                      f'as.numeric(Fstats(growth ~ inflation, data = d, from = {cut}, to = {n - cut})$Fstats)')
    # the statistic of strucchange is the chi-squared form
    same(f, check[: len(f)] / q, 1e-7)
    best = int(np.argmax(f))
    at = int((frame["period"] < 190).sum())
    known = chow(at)
    tests = [{"test": "sup_f", "time": frame["period"][places[best]], "statistic": f[best], "df1": q, "df2": n - 2 * q, "critical_5": 5.86}, {"test": "mean_f", "statistic": np.mean(f), "df1": q, "df2": n - 2 * q},
             {"test": "chow", "time": 190, "statistic": known, "df1": q, "df2": n - 2 * q, "p_value": stats.f.sf(known, q, n - 2 * q)}]
    parts = []
    for part, rows in (("before", slice(0, at)), ("after", slice(at, n))):
        own = sm.OLS(y[rows], x[rows]).fit()
        parts += [{"part": part, "term": t, "estimate": own.params[t], "std_error": own.bse[t], "p_value": own.pvalues[t], "n": own.nobs, "r2": own.rsquared} for t in x.columns]
    save("economy.break.json", f"R strucchange; {SM} OLS", CLOSED,
         case({"table_tests.csv": table(["test"], tests), "table_parts.csv": table(["part", "term"], parts), "table_f.csv": table(["time"], [{"time": frame["period"][s], "f": v} for s, v in zip(places, f)]),
               "table_coefficients.csv": table(KEY, t_rows("growth", x.columns, full.params, full.bse, n - 2)),
               "table_fit.csv": ols_fit(full, n - 2, restrictions=q, first_tested=frame["period"][cut], last_tested=frame["period"][n - cut - 1], trim=0.15)},
              {"n_used": n, "sup_f": f[best], "break_time": tests[0]["time"]}))


def filters() -> None:
    """Output, unemployment and sales of an economy."""
    def one(method, name=None, parameters=None):
        names = ["output", "unemployment", "sales"]
        frame = read("economy.csv").dropna(subset=names).sort_values("period").reset_index(drop=True)
        cycles, rows = pd.DataFrame(index=frame.index), []
        for v in names:
            x = frame[v].astype(float)
            if method == "hp":
                cycle, trend = hpfilter(x, 1600)
            elif method == "bk":
                cycle = bkfilter(x, 6, 32, 12).reindex(frame.index)
                trend = x - cycle
            else:
                cycle = cffilter(x, 6, 32, drift=False)[0]
                trend = x - cycle
            cycles[v] = cycle
            rows += [{"time": t, "variable": v, "value": a, "trend": b, "cycle": c} for t, a, b, c in zip(frame["period"], x, trend, cycle)]
        base, summary = cycles["output"], []
        for v in names:
            c = cycles[v]
            summary.append({"variable": v, "n": c.notna().sum(), "sd": c.std(), "relative_sd": c.std() / base.std(), "autocorrelation": c.corr(c.shift()), "correlation": 1 if v == "output" else base.corr(c), "lead": base.corr(c.shift()), "lag": base.corr(c.shift(-1))})
        values = {"N": len(frame)} | ({"smooth": 1600} if method == "hp" else {"min_period": 6, "max_period": 32, "order": 12})
        return case({"table_series.csv": table(["time", "variable"], rows), "table_moments.csv": table(["variable"], summary), "table_fit.csv": fit(values)},
                    {"n_used": len(frame), "cycle_sd": base.std(), "autocorrelation": summary[0]["autocorrelation"]}, parameters, name)

    save("economy.filter.json", f"{SM} hpfilter, bkfilter, cffilter", {"default": 1e-7}, one("hp"), [one("bk", "Baxter and King", {"method": "bk"}), one("cf", "Christiano and Fitzgerald", {"method": "cf"})])


def time_varying() -> None:
    """Treatment of a trial before month 6, to month 18 and later."""
    code = """suppressMessages(library(survival)); d <- data("trial.csv"); d <- d[complete.cases(d[, c("months", "died", "treated", "age")]) & d$months > 0, ]
s <- survSplit(Surv(months, died) ~ ., d, cut = c(6, 18), episode = "piece")
control <- coxph.control(eps = 1e-13, iter.max = 100)
one <- coxph(Surv(tstart, months, died) ~ treated + age, s, ties = "TIES", control = control)
s$x1 <- s$treated * (s$piece == 1); s$x2 <- s$treated * (s$piece == 2); s$x3 <- s$treated * (s$piece == 3)
m <- coxph(Surv(tstart, months, died) ~ x1 + x2 + x3 + age, s, ties = "TIES", control = control)
c(nrow(d), nrow(s), sum(d$died), sum(s$months - s$tstart), m$loglik, one$loglik[2], coef(m), as.numeric(vcov(m)), table(s$piece), tapply(s$died, s$piece, sum))"""

    def one(ties, name=None, parameters=None):
        r = r_numbers(code.replace("TIES", ties))
        n, n_split, events, risk, ll0, ll, ll_one = r[:7]
        b, v = r[7:11], r[11:27].reshape(4, 4)
        sizes, died = r[27:30], r[30:33]
        se = np.sqrt(np.diag(v))
        p = 2 * stats.norm.sf(abs(b / se))
        starts = [0, 6, 18, None]
        rows = [{"from": starts[g], "to": starts[g + 1], "n": sizes[g], "events": died[g], "estimate": b[g], "std_error": se[g], "statistic": b[g] / se[g], "p_value": p[g], "hazard_ratio": math.exp(b[g]),
                 "ci_low": math.exp(b[g] - Z * se[g]), "ci_high": math.exp(b[g] + Z * se[g])} for g in range(3)]
        lr = 2 * (ll - ll_one)
        d = np.array([[1, -1, 0], [1, 0, -1]])
        wald = (d @ b[:3]) @ np.linalg.solve(d @ v[:3, :3] @ d.T, d @ b[:3])
        tests = [{"test": "likelihood_ratio", "statistic": lr, "df1": 2, "p_value": stats.chi2.sf(lr, 2)}, {"test": "wald", "statistic": wald, "df1": 2, "p_value": stats.chi2.sf(wald, 2)}]
        values = {"N": n_split, "N_sub": n, "N_fail": events, "risk": risk, "ll": ll, "ll_0": ll0, "chi2": 2 * (ll - ll0), "p": stats.chi2.sf(2 * (ll - ll0), 4), "df_m": 4, "ll_one_effect": ll_one, "periods": 3}
        terms = [{"term": t, "estimate": b[i], "std_error": se[i], "hazard_ratio": math.exp(b[i])} for i, t in enumerate(["ss_x1", "ss_x2", "ss_x3", "age"])]
        return case({"table_periods.csv": table(["from"], rows), "table_tests.csv": table(["test"], tests), "table_hazard_ratios.csv": table(["term"], terms), "table_fit.csv": fit(values)},
                    {"n_used": n, "n_events": events, "ll": ll, "chi2": values["chi2"], "hazard_ratio_first": math.exp(b[0]), "p_constant": tests[0]["p_value"]}, parameters, name)

    save("trial.time_varying.json", "R survival survSplit, coxph", ML, one("efron"), [one("breslow", "ties by Breslow", {"ties": "breslow"})])


def calibration() -> None:
    """Predicted risks of death; the second score as a variant."""
    def one(column, groups, name=None, parameters=None):
        frame = read("risks.csv").dropna(subset=["died", column])
        y, p = frame["died"].to_numpy(float), frame[column].to_numpy(float)
        n, d = len(y), y.sum()
        link = np.log(p / (1 - p))
        large = sm.GLM(y, np.ones(n), sm.families.Binomial(), offset=link).fit(tol=1e-14)
        slope = sm.Logit(y, np.column_stack([link, np.ones(n)])).fit(disp=0, tol=1e-14, maxiter=100)
        auc = r_numbers(f'suppressMessages(library(pROC)); d <- data("risks.csv"); r <- roc(d$died, d${column}, quiet = TRUE, direction = "<"); c(as.numeric(r$auc), sqrt(var(r)))')
        same(auc[0], roc_auc_score(y, p), 1e-9)
        error = (p - y) ** 2
        ratio, share = d / p.sum(), d / n
        of_log = math.sqrt((1 - share) / d)

        def row(measure, b, se, ideal):
            return {"measure": measure, "estimate": b, "std_error": se, "ci_low": b - Z * se, "ci_high": b + Z * se, "ideal": ideal}

        rows = [{"measure": "observed_expected", "estimate": ratio, "std_error": ratio * of_log, "ci_low": ratio * math.exp(-Z * of_log), "ci_high": ratio * math.exp(Z * of_log), "ideal": 1},
                row("calibration_in_the_large", large.params[0], large.bse[0], 0), row("calibration_slope", slope.params[0], slope.bse[0], 1), row("calibration_intercept", slope.params[1], slope.bse[1], 0),
                row("c_statistic", auc[0], auc[1], 1), row("brier", brier_score_loss(y, p), error.std(ddof=1) / math.sqrt(n), 0), {"measure": "scaled_brier", "estimate": 1 - error.mean() / (share * (1 - share)), "ideal": 1}]
        ordered = np.sort(p)
        cuts = [(ordered[n * q // groups - 1] + ordered[n * q // groups]) / 2 if n * q % groups == 0 else ordered[n * q // groups] for q in range(1, groups)]
        place = np.searchsorted(cuts, p, side="left") + 1
        cells, hl = [], 0.0
        for g in np.unique(place):
            here = place == g
            m, events, mean = here.sum(), y[here].sum(), p[here].mean()
            hl += (events - m * mean) ** 2 / (m * mean * (1 - mean))
            low, high = proportion_confint(events, m, 0.05, "wilson")
            cells.append({"group": g, "n": m, "mean_risk": mean, "observed": events / m, "ci_low": low, "ci_high": high, "events": events, "expected": m * mean})
        k = len(cells)
        values = {"N": n, "n_events": d, "n_logit": n, "ll": slope.llf, "hosmer_lemeshow": hl, "hosmer_lemeshow_df": k, "hosmer_lemeshow_p": stats.chi2.sf(hl, k)}
        return case({"table_calibration.csv": table(["measure"], rows), "table_groups.csv": table(["group"], cells), "table_fit.csv": fit(values)},
                    {"n_used": n, "in_the_large": large.params[0], "slope": slope.params[0], "auc": auc[0], "brier": error.mean(), "hosmer_lemeshow": hl, "hosmer_lemeshow_p": values["hosmer_lemeshow_p"]}, parameters, name)

    save("risks.calibration.json", f"{SM} GLM, Logit; scikit-learn {sklearn.__version__}; R pROC", ML, one("predicted", 10), [one("age_score", 5, "another score, five groups", {"risk": "age_score", "n_groups": 5})])


def ratio() -> None:
    """Income per year of schooling, by area; without strata and units as a variant."""
    code = """suppressMessages(library(survey)); options(survey.lonely.psu = "adjust"); d <- data("adults.csv"); d <- d[complete.cases(d[, c("income", "schooling", "weight", "urban")]), ]
s <- DESIGN
out <- c(nrow(d), sum(d$weight), degf(s))
for (part in list(d$urban >= 0, d$urban == 0, d$urban == 1)) { own <- subset(s, part); m <- svyratio(~income, ~schooling, own)
  out <- c(out, sum(part), sum(d$weight[part]), coef(svytotal(~income, own)), coef(svytotal(~schooling, own)), coef(m), SE(m)) }
out"""

    def one(design, strata, units, name=None, parameters=None):
        r = r_numbers(code.replace("DESIGN", design))
        n, population, df = r[:3]
        t = stats.t.ppf(0.975, df)
        rows = []
        for i, group in enumerate(["all", "0", "1"]):
            m, pop, top, bottom, value, se = r[3 + 6 * i: 9 + 6 * i]
            rows.append({"group": group, "n": m, "population": pop, "numerator": top, "denominator": bottom, "ratio": value, "std_error": se, "ci_low": value - t * se, "ci_high": value + t * se, "cv": se / abs(value)})
        return case({"table_ratios.csv": table(["group"], rows), "table_fit.csv": fit({"N": n, "N_pop": population, "N_strata": strata, "N_psu": units(n), "df_r": df})},
                    {"n_used": n, "ratio": rows[0]["ratio"], "ratio_se": rows[0]["std_error"], "df_r": df}, parameters, name)

    frame = read("adults.csv").dropna(subset=["income", "schooling", "weight", "urban"])
    clusters = frame.groupby(["stratum", "district"]).ngroups
    save("adults.ratio.json", "R survey svyratio", CLOSED, one("svydesign(ids = ~district, strata = ~stratum, weights = ~weight, data = d, nest = TRUE)", frame["stratum"].nunique(), lambda n: clusters),
         [one("svydesign(ids = ~1, weights = ~weight, data = d)", 1, lambda n: n, "weights alone", {"psu": None, "strata_var": None})])


def cross_validation() -> None:
    """Log pay with two sets of regressors; union membership by logit with firms kept together."""
    def one(outcome, model, folds, group, name=None, parameters=None):
        first, second = ["schooling", "years_work"], ["female", "sector"]
        frame = read("pay.csv").dropna(subset=[outcome, *first, *second, *([group] if group else [])]).reset_index(drop=True)
        y = frame[outcome].to_numpy(float)
        unit = pd.factorize(frame[group], sort=True)[0] if group else np.arange(len(frame))
        fold = unit % folds + 1
        x = [frame[first].astype(float), pd.concat([frame[first + ["female"]].astype(float), dummies(frame["sector"], "sector")], axis=1)]
        base = np.array([y[fold != f].mean() for f in fold])
        scores, cells, errors = [], [], []
        for m, z in enumerate(x, 1):
            z = z.to_numpy()
            new = np.empty(len(y))
            estimate = lambda rows: LinearRegression().fit(z[rows], y[rows]).predict if model == "regress" else (lambda q, r=sm.Logit(y[rows], sm.add_constant(z[rows])).fit(disp=0, tol=1e-13): r.predict(sm.add_constant(q, has_constant="add")))
            for f in range(1, folds + 1):
                here = fold == f
                new[here] = estimate(~here)(z[here])
                cells.append({"model": m, "fold": f, "n": here.sum(), "rmse": math.sqrt(((y - new)[here] ** 2).mean()), "mae": abs((y - new)[here]).mean()})
            error = (y - new) ** 2
            errors.append(error)
            own = estimate(np.ones(len(y), bool))(z)
            scores.append({"model": f"model{m}", "n": len(y), "rmse": math.sqrt(error.mean()), "mae": mean_absolute_error(y, new), "r2": 1 - error.sum() / ((y - base) ** 2).sum(), "correlation": np.corrcoef(y, new)[0, 1],
                           "auc": roc_auc_score(y, new) if model == "logit" else None, "log_loss": log_loss(y, new) if model == "logit" else None, "rmse_in_sample": math.sqrt(((y - own) ** 2).mean()), "r2_in_sample": r2_score(y, own)})
        t = stats.ttest_rel(*errors)
        gain = errors[0].mean() - errors[1].mean()
        return case({"table_scores.csv": table(["model"], scores), "table_folds.csv": table(["model", "fold"], cells), "table_fit.csv": fit({"N": len(y), "folds": folds, "models": 2, "gain_squared_error": gain, "gain_p": t.pvalue})},
                    {"n_used": len(y), "rmse": scores[0]["rmse"], "r2": scores[0]["r2"], "gain": gain, "gain_p": t.pvalue}, parameters, name)

    save("pay.cross_validation.json", f"scikit-learn {sklearn.__version__}; {SM}", {"default": 1e-7}, one("log_pay", "regress", 10, None),
         [one("union_member", "logit", 5, "firm_id", "logit, firms kept together", {"outcome": "union_member", "model": "logit", "folds": 5, "group": "firm_id"})])


def write_all() -> None:
    """Writes all golden files of this module."""
    warnings.simplefilter("ignore")
    for make in (rolling, distributed_lag, break_point, filters, time_varying, calibration, ratio, cross_validation):
        make()


if __name__ == "__main__":
    write_all()
