"""Golden numbers of survey templates (R survey; linearisation by hand) and of percentiles, inequality and partial correlation."""

import math

import numpy as np
import pandas as pd
import pingouin
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats

from golden import case, fit, percentile, read, save, table
from goldens_models import CLOSED, t_rows
from oracle_r import r_numbers, same

DESIGN = 'library(survey); options(digits = 17)\n'


def taylor(scores: np.ndarray, stratum, unit) -> np.ndarray:
    """Covariance of the totals of scores: between sampling units within strata, n/(n-1), with replacement."""
    scores = scores.reshape(len(scores), -1)
    cov = np.zeros((scores.shape[1],) * 2)
    for s in np.unique(stratum):
        inside = stratum == s
        sums = pd.DataFrame(scores[inside]).groupby(np.asarray(unit)[inside]).sum().to_numpy()
        gap = sums - sums.mean(0)
        cov += len(sums) / (len(sums) - 1) * gap.T @ gap
    return cov


def survey_mean() -> None:
    """Mean income and share of insured, overall and by area; totals as a variant."""
    def one(statistic, name=None, parameters=None):
        frame = read("adults.csv").dropna(subset=["income", "insured"])
        w, stratum, unit = frame["weight"].to_numpy(), frame["stratum"].to_numpy(), frame["district"].to_numpy()
        df = len(np.unique(unit)) - len(np.unique(stratum))
        t = stats.t.ppf(0.975, df)
        rows = []
        for variable in ("income", "insured"):
            y = frame[variable].to_numpy(float)
            for group, part in (("all", np.ones(len(frame))), ("0", (frame["urban"] == 0).to_numpy(float)), ("1", (frame["urban"] == 1).to_numpy(float))):
                size = (w * part).sum()
                value = (w * part * y).sum() / (size if statistic == "mean" else 1)
                score = w * part * (y - value) / size if statistic == "mean" else w * part * y
                se = math.sqrt(taylor(score, stratum, unit)[0, 0])
                rows.append({"variable": variable, "group": group, "n": part.sum(), "population": size, "estimate": value, "std_error": se,
                             "ci_low": value - t * se, "ci_high": value + t * se})
                if group == "all" and statistic == "mean":
                    # variance of a simple random sample with replacement of the same size ([SVY] estat)
                    n = len(y)
                    s2 = (w * (y - value) ** 2).sum() / w.sum() * n / (n - 1)
                    rows[-1]["deff"] = se**2 / (s2 / n)
        design = {"N": len(frame), "population": w.sum(), "n_strata": len(np.unique(stratum)), "n_psu": len(np.unique(unit)), "df_r": df}
        return case({"table_estimates.csv": table(["variable", "group"], rows), "table_fit.csv": fit(design)},
                    {"n_used": len(frame), "n_psu": design["n_psu"], "df_r": df}, parameters, name)

    main = one("mean")
    rows = main["tables"]["table_estimates.csv"]["rows"]
    r = r_numbers(DESIGN + 'd <- subset(data("adults.csv"), !is.na(income)); s <- svydesign(~district, strata = ~stratum, weights = ~weight, data = d)\n'
                  'm <- svymean(~income, s); g <- svyby(~income, ~urban, s, svymean); c(coef(m), SE(m), deff(svymean(~income, s, deff = "replace")), coef(g), SE(g))')
    same([rows[0]["estimate"], rows[0]["std_error"], rows[0]["deff"], rows[1]["estimate"], rows[2]["estimate"], rows[1]["std_error"], rows[2]["std_error"]], r)
    save("adults.survey_mean.json", "R survey svymean, svyby; linearisation by hand", CLOSED, main, [one("total", "totals", {"statistic": "total"})])


def survey_tabulate() -> None:
    """Insurance and health by area: R's second-order Rao-Scott test; shares by linearisation."""
    def one(column, least, name=None, parameters=None):
        frame = read("adults.csv")
        frame = frame[frame[column] >= least]
        w, stratum, unit = frame["weight"].to_numpy(), frame["stratum"].to_numpy(), frame["district"].to_numpy()
        df = len(np.unique(unit)) - len(np.unique(stratum))
        t = stats.t.ppf(0.975, df)
        rows, levels = [], sorted(frame[column].unique())
        for a in (0, 1):
            part = (frame["urban"] == a).to_numpy(float)
            for b in levels:
                y = 100 * (frame[column] == b).to_numpy(float)
                size = (w * part).sum()
                value = (w * part * y).sum() / size
                se = math.sqrt(taylor(w * part * (y - value) / size, stratum, unit)[0, 0])
                rows.append({"row": str(a), "column": str(b), "count": ((part == 1) & (y > 0)).sum(), "share_percent": (w * part * y).sum() / w.sum(), "row_percent": value,
                             "std_error": se, "ci_low": value - t * se, "ci_high": value + t * se})
        f, d1, d2, p = r_numbers(DESIGN + f's <- svydesign(~district, strata = ~stratum, weights = ~weight, data = subset(data("adults.csv"), {column} >= {least}))\n'
                                 f'x <- svychisq(~urban + {column}, s, statistic = "F"); c(x$statistic, x$parameter, x$p.value)')
        shares = pd.crosstab(frame["urban"], frame[column], values=frame["weight"], aggfunc="sum").to_numpy() / w.sum()
        chi2 = stats.chi2_contingency(shares * len(frame), correction=False).statistic
        tests = [{"test": "pearson_f", "statistic": f, "df1": d1, "df2": d2, "p_value": p}, {"test": "pearson_chi2", "statistic": chi2, "df1": len(levels) - 1}]
        return case({"table_shares.csv": table(["row", "column"], rows), "table_test.csv": table(["test"], tests),
                     "table_fit.csv": fit({"N": len(frame), "population": w.sum(), "n_strata": 5, "n_psu": 40, "df_r": df})},
                    {"n_used": len(frame), "f_stat": f, "p": p}, parameters, name)

    save("adults.survey_tabulate.json", "R survey svychisq; linearisation by hand", CLOSED, one("insured", 0),
         [one("health", 2, "four categories", {"column": "health", "sample_if": "health >= 2"})])


def survey_regress() -> None:
    """Income by schooling, area and age; a logit of being insured."""
    def one(model, outcome, name=None, parameters=None):
        frame = read("adults.csv").dropna(subset=[outcome])
        names = ["schooling", "urban", "age", "_cons"]
        x = np.column_stack([frame[names[:3]].to_numpy(float), np.ones(len(frame))])
        y, w = frame[outcome].to_numpy(float), frame["weight"].to_numpy()
        family = {"linear": sm.families.Gaussian(), "logit": sm.families.Binomial()}[model]
        result = sm.GLM(y, x, family=family, freq_weights=w).fit(tol=1e-14, maxiter=200)
        b, mu = result.params, result.fittedvalues
        slope = mu * (1 - mu) if model == "logit" else np.ones(len(y))
        bread = np.linalg.inv((x * (w * slope)[:, None]).T @ x)
        cov = bread @ taylor(x * (w * (y - mu))[:, None], frame["stratum"].to_numpy(), frame["district"].to_numpy()) @ bread
        se, df = np.sqrt(np.diag(cov)), 35
        wald = b[:3] @ np.linalg.solve(cov[:3, :3], b[:3])
        f = wald * (df - 3 + 1) / (3 * df)
        values = {"N": len(y), "N_pop": w.sum(), "N_strata": 5, "N_psu": 40, "df_r": df, "F": f, "df_m": 3, "df_f2": 33, "p": stats.f.sf(f, 3, 33)}
        return (case({"table_coefficients.csv": table(["term"], t_rows(outcome, names, b, se, df)), "table_fit.csv": fit(values)},
                     {"n_used": len(y), "f_stat": f, "p": values["p"], "n_psu": 40, "df_r": df}, parameters, name), b, se)

    main, b, se = one("linear", "income")
    logit, lb, lse = one("logit", "insured", "logit", {"outcome": "insured", "model": "logit"})
    r = r_numbers(DESIGN + 's <- svydesign(~district, strata = ~stratum, weights = ~weight, data = subset(data("adults.csv"), !is.na(income)))\n'
                  'm <- svyglm(income ~ schooling + urban + age, s); c(coef(m)[c(2:4, 1)], SE(m)[c(2:4, 1)])')
    same([*b, *se], r, 1e-8)
    r = r_numbers(DESIGN + 's <- svydesign(~district, strata = ~stratum, weights = ~weight, data = data("adults.csv"))\n'
                  'm <- svyglm(insured ~ schooling + urban + age, s, family = quasibinomial(), control = list(epsilon = 1e-14)); c(coef(m)[c(2:4, 1)], SE(m)[c(2:4, 1)])')
    same([*lb, *lse], r, 1e-7)
    save("adults.survey_regress.json", "R survey svyglm; linearisation by hand", {"default": 1e-8, "F": 1e-7}, main, [logit])


def percentiles() -> None:
    """Recovery days and body-mass index: interpolation at (n+1)p, order statistics of binomial limits."""
    def one(method, name=None, parameters=None):
        rows = []
        for variable in ("recovery_days", "bmi"):
            x = np.sort(read("clinic.csv")[variable].dropna().to_numpy())
            n = len(x)
            for point in (5, 10, 25, 50, 75, 90, 95):
                p = point / 100
                value = np.quantile(x, p, method="weibull")
                if method == "binomial":
                    # the shortest pair of ranks that leaves at most 2.5 percent on each side
                    low = max((r for r in range(1, n + 1) if stats.binom.cdf(r - 1, n, p) <= 0.025), default=1)
                    high = min((r for r in range(1, n + 1) if stats.binom.sf(r - 1, n, p) <= 0.025), default=n)
                    limits = {"ci_low": x[low - 1], "ci_high": x[high - 1]}
                else:
                    limits = {}
                rows.append({"variable": variable, "n": n, "percentile": point, "value": value, **limits})
        return case({"table_centiles.csv": table(["variable", "percentile"], rows)}, {"n_variables": 2}, parameters, name)

    main = one("binomial")
    values = [r["value"] for r in main["tables"]["table_centiles.csv"]["rows"] if r["variable"] == "bmi"]
    same(r_numbers('quantile(data("clinic.csv")$bmi, c(5, 10, 25, 50, 75, 90, 95) / 100, na.rm = TRUE, type = 6)'), values)
    save("clinic.percentiles.json", f"numpy {np.__version__} quantile (weibull); R quantile type 6; scipy {scipy.__version__} binom", CLOSED, main)


def inequality() -> None:
    """Income with weights, overall and by area; without weights as a variant."""
    def one(weighted, name=None, parameters=None):
        frame = read("adults.csv").dropna(subset=["income"])
        rows = []
        for group, part in [("all", frame)] + [(str(k), g) for k, g in frame.groupby("urban")]:
            y = part["income"].to_numpy()
            w = part["weight"].to_numpy() if weighted else np.ones(len(y))
            mean = np.average(y, weights=w)
            share = w / w.sum()
            gini = (np.abs(np.subtract.outer(y, y)) * np.outer(share, share)).sum() / (2 * mean)
            ratio = y / mean
            theil, mld = (share * ratio * np.log(ratio)).sum(), -(share * np.log(ratio)).sum()
            order = np.argsort(y)
            people, money = np.concatenate([[0], np.cumsum(share[order])]), np.concatenate([[0], np.cumsum((share * ratio)[order])])
            same(gini, 1 - ((money[1:] + money[:-1]) * np.diff(people)).sum())
            lorenz = lambda p: np.interp(p, people, money)
            row = {"group": group, "n": len(y), "zeros": 0, "mean": mean, "gini": gini, "theil": theil, "mean_log_deviation": mld, "atkinson_1": 1 - math.exp(-mld),
                   "cv": math.sqrt((share * (y - mean) ** 2).sum()) / mean, "share_top10": 1 - lorenz(0.9), "share_bottom40": lorenz(0.4)}
            if not weighted:
                row |= {"median": percentile(y, 50), "p90_p10": percentile(y, 90) / percentile(y, 10), "p90_p50": percentile(y, 90) / percentile(y, 50)}
            rows.append(row)
        return case({"table_inequality.csv": table(["group"], rows)}, {"n_used": len(frame), "gini": rows[0]["gini"], "theil": rows[0]["theil"]}, parameters, name)

    save("adults.inequality.json", f"numpy {np.__version__}: differences of all pairs; Lorenz curve by hand", CLOSED, one(True), [one(False, "without weights", {"weight_var": None})])


def partial() -> None:
    """Log pay, schooling and hours given age and sex."""
    def one(method, name=None, parameters=None):
        names, held = ["log_pay", "schooling", "hours"], ["age", "female"]
        frame = read("pay.csv").dropna(subset=names + held)
        used = frame[names + held].rank() if method == "spearman" else frame[names + held].astype(float)
        x = sm.add_constant(used[held])
        residual = {v: sm.OLS(used[v], x).fit().resid for v in names}
        n = len(frame)
        df = n - 2 - len(held)
        rows = []
        for i, a in enumerate(names):
            for b in names[i + 1:]:
                r = stats.pearsonr(residual[a], residual[b]).statistic
                same(r, pingouin.partial_corr(frame, a, b, covar=held, method=method)["r"].iloc[0], 1e-8)
                t = r * math.sqrt(df / (1 - r * r))
                z, half = math.atanh(r), stats.norm.ppf(0.975) / math.sqrt(df - 1)
                rows.append({"first": a, "second": b, "correlation": stats.pearsonr(used[a], used[b]).statistic, "partial": r, "statistic": t, "df": df,
                             "p_value": 2 * stats.t.sf(abs(t), df), "ci_low": math.tanh(z - half), "ci_high": math.tanh(z + half), "n": n})
        return case({"table_partial.csv": table(["first", "second"], rows)}, {"n_used": n, "n_pairs": 3, "df": df}, parameters, name)

    save("pay.partial_correlation.json", f"pingouin {pingouin.__version__} partial_corr; statsmodels {statsmodels.__version__} OLS", CLOSED, one("pearson"),
         [one("spearman", "ranks", {"method": "spearman"})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (survey_mean, survey_tabulate, survey_regress, percentiles, inequality, partial):
        make()


if __name__ == "__main__":
    write_all()
