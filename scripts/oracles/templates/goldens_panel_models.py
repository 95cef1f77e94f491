"""Golden numbers of the panel and multilevel templates beyond fixed effects (numpy by hand, pandas, statsmodels)."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import statsmodels
from scipy import stats
from scipy.special import roots_hermite
from statsmodels.discrete.conditional_models import ConditionalLogit

from golden import case, fit, read, save, table
from goldens_models import CLOSED, within_fit, t_rows, z_rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from numeric import jacobian, maximise, robust  # noqa: E402


def ols(y, x):
    """Coefficients, inverse cross product and residuals."""
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y
    return b, inverse, y - x @ b


def swamy_arora(y, x, unit):
    """Random effects with harmonic mean group size; returns pieces for the tables."""
    n, k = x.shape
    codes = pd.factorize(unit)[0]
    groups = codes.max() + 1
    size = np.bincount(codes).astype(float)
    mean = lambda v: np.bincount(codes, v) / size
    ym, xm = mean(y), np.column_stack([mean(x[:, j]) for j in range(k)])
    yw, xw = y - ym[codes], x - xm[codes]
    b_w, _, e_w = ols(yw, xw)
    s_e2 = e_w @ e_w / (n - groups - k)
    b_b, _, e_b = ols(ym, np.column_stack([xm, np.ones(groups)]))
    s_u2 = max(0, e_b @ e_b / (groups - k - 1) - s_e2 / (groups / (1 / size).sum()))
    theta = 1 - np.sqrt(s_e2 / (size * s_u2 + s_e2))
    t = theta[codes]
    ys = y - t * ym[codes]
    xs = np.column_stack([x - t[:, None] * xm[codes], 1 - t])
    b, inverse, e = ols(ys, xs)
    s2 = e @ e / (n - k - 1)
    meat = np.zeros((k + 1, k + 1))
    for g in range(groups):
        s = xs[codes == g].T @ e[codes == g]
        meat += np.outer(s, s)
    factor = groups / (groups - 1) * (n - 1) / (n - k - 1)
    robust = inverse @ meat @ inverse * factor
    xb = x @ b[:k]
    r2 = [np.corrcoef(yw, xb - mean(xb)[codes])[0, 1] ** 2, np.corrcoef(ym, mean(xb))[0, 1] ** 2, np.corrcoef(y, xb)[0, 1] ** 2]
    cov_w = np.linalg.inv(xw.T @ xw) * s_e2
    return {"b": b, "cov": inverse * s2, "robust": robust, "s_u2": s_u2, "s_e2": s_e2, "s2": s2, "b_w": b_w, "cov_w": cov_w,
            "n": n, "k": k, "groups": groups, "size": size, "r2": r2, "codes": codes}


def re_case(name=None, parameters=None, robust=True, sigmamore=False):
    """Output of firms on capital, labour and exporting."""
    data = read("firms_panel.csv").dropna(subset=["log_capital"])
    names = ["log_capital", "log_labor", "exporter"]
    y, x = data["log_output"].to_numpy(float), data[names].to_numpy(float)
    r = swamy_arora(y, x, data["firm"])
    f = within_fit(data["log_output"], data[names].astype(float), data["firm"], classical=not robust)
    terms = [*names, "_cons"]
    cov = r["robust"] if robust else r["cov"]
    rows = [{"model": "fixed"} | q for q in t_rows("log_output", terms, f["b"], np.sqrt(np.diag(f["cov"])), f["df"])]
    rows += [{"model": "random"} | q for q in z_rows("log_output", terms, r["b"], np.sqrt(np.diag(cov)))]
    gap = r["b_w"] - r["b"][:3]
    plain = gap @ np.linalg.solve(r["cov_w"] - r["cov"][:3, :3], gap)
    # sigmamore: the within covariance on the error variance of the efficient estimator ([R] hausman)
    more = gap @ np.linalg.solve(r["cov_w"] * r["s2"] / r["s_e2"] - r["cov"][:3, :3], gap)
    _, _, v = ols(y, np.column_stack([x, np.ones(len(y))]))
    a = 1 - (np.bincount(r["codes"], v) ** 2).sum() / (v @ v)
    lm = len(y) ** 2 / 2 * a**2 / ((r["size"] ** 2).sum() - len(y))
    wald = r["b"][:3] @ np.linalg.solve(cov[:3, :3], r["b"][:3])
    values = {"N": r["n"], "N_g": r["groups"], "r2_w": r["r2"][0], "r2_b": r["r2"][1], "r2_o": r["r2"][2],
              "sigma_u": np.sqrt(r["s_u2"]), "sigma_e": np.sqrt(r["s_e2"]), "rho": r["s_u2"] / (r["s_u2"] + r["s_e2"]),
              "chi2": wald, "df_m": 3, "level": 95}
    for which, size in (("min", r["size"].min()), ("max", r["size"].max())):
        # [XT] xtreg, methods and formulas of random effects
        values[f"theta_{which}"] = 1 - np.sqrt(r["s_e2"] / (size * r["s_u2"] + r["s_e2"]))
    shown = more if sigmamore else plain
    return case(
        {"table_coefficients.csv": table(["model", "term"], rows),
         "table_hausman.csv": table(["test"], [
             {"test": "hausman", "statistic": plain, "df1": 3, "p_value": stats.chi2.sf(plain, 3)},
             {"test": "hausman_sigmamore", "statistic": more, "df1": 3, "p_value": stats.chi2.sf(more, 3)}]),
         "table_lm_test.csv": table(["test"], [{"test": "breusch_pagan_lm", "statistic": lm, "df1": 1, "p_value": stats.chi2.sf(lm, 1) / 2}]),
         "table_fit.csv": fit(values)},
        {"n_used": r["n"], "n_groups": r["groups"], "sigma_u": values["sigma_u"], "hausman_chi2": shown}, parameters, name)


def re_hausman() -> None:
    """Clustered errors, and conventional ones with sigmamore."""
    save("firms_panel.re_hausman.json", f"numpy {np.__version__}, Swamy-Arora and within regression by hand", CLOSED, re_case(), [
        re_case("conventional errors, sigmamore", {"vce": "classical", "sigmamore": True}, False, True)])


def structure() -> None:
    """Firms and years, and the variation of each number."""
    data = read("firms_panel.csv")
    size = data.groupby("firm").size()
    years = data["year"].drop_duplicates().sort_values().tolist()
    place = data.assign(place=data["year"].map({t: i for i, t in enumerate(years)})).groupby("firm")["place"]
    gaps = int(((place.max() - place.min() + 1) > size).sum())
    values = {"n_rows": len(data), "n_units": len(size), "n_periods": len(years), "first_period": years[0], "last_period": years[-1],
              "rows_per_unit_min": size.min(), "rows_per_unit_mean": size.mean(), "rows_per_unit_median": size.median(),
              "rows_per_unit_max": size.max(), "balanced": 0, "share_filled": len(data) / len(size) / len(years), "units_with_gaps": gaps}
    rows = []
    for name in ("log_output", "log_capital", "log_labor", "exporter", "industry"):
        x = data.dropna(subset=[name])
        own = x.groupby("firm")[name].transform("mean")
        between, within = x.groupby("firm")[name].mean(), x[name] - own + x[name].mean()
        for part, v, n in (("overall", x[name], len(x)), ("between", between, len(between)), ("within", within, len(x) / len(between))):
            spread = v.std()
            rows.append({"variable": name, "component": part, "n": n, "mean": v.mean() if part == "overall" else None,
                         "sd": 0 if spread < 1e-12 else spread, "min": v.min(), "max": v.max()})
    save("firms_panel.structure.json", f"pandas {pd.__version__} groupby", CLOSED, case(
        {"table_structure.csv": fit(values), "table_xtsum.csv": table(["variable", "component"], rows)},
        {"n_used": len(data), "n_units": len(size), "n_periods": len(years), "balanced": 0, "units_with_gaps": gaps}))


def odds(rows):
    """Adds exponentiated columns."""
    return [r | {"odds_ratio": np.exp(r["estimate"]), "odds_ratio_low": np.exp(r["ci_low"]), "odds_ratio_high": np.exp(r["ci_high"])} for r in rows]


def logit() -> None:
    """Exporting of firms: conditional fixed effects, and random effects with robust and plain errors."""
    data = read("firms_panel.csv").dropna(subset=["log_capital"])
    y = data["exporter"].to_numpy(float)
    names = ["log_capital", "log_labor"]
    x = data[names].to_numpy(float)
    codes = pd.factorize(data["firm"])[0]
    result = ConditionalLogit(y, x, groups=codes).fit(method="newton", tol=1e-14, disp=0, maxiter=100)
    information = -jacobian(lambda t: jacobian(lambda s: np.array([result.model.loglike(s)]), t)[0], result.params)
    cov = np.linalg.inv((information + information.T) / 2)
    mean = pd.Series(y).groupby(codes).mean()
    silent = mean.isin([0.0, 1.0])
    size = pd.Series(y).groupby(codes).size()
    null = result.model.loglike(np.zeros(2))
    used, chi2 = size[~silent], 2 * (result.llf - null)
    values = {"N": used.sum(), "N_g": len(used), "g_min": used.min(), "g_avg": used.mean(), "g_max": used.max(), "ll": result.llf, "chi2": chi2,
              "p": stats.chi2.sf(chi2, 2), "df_m": 2, "N_group_drop": silent.sum(), "N_drop": size[silent].sum(), "level": 95}
    fixed = case({"table_coefficients.csv": table(["term"], odds(z_rows("exporter", names, result.params, np.sqrt(np.diag(cov))))),
                  "table_fit.csv": fit(values)}, {"n_used": used.sum(), "n_groups": len(used), "ll": result.llf, "chi2": chi2})
    nodes, weights = roots_hermite(60)
    v = np.column_stack([x, np.ones(len(y))])
    sign = np.where(y == 1, 1.0, -1.0)

    def rows(t):
        eta, sigma = v @ t[:3], np.exp(t[3] / 2)
        each = -np.log1p(np.exp(-sign[:, None] * (eta[:, None] + sigma * np.sqrt(2) * nodes[None, :])))
        total = np.zeros((codes.max() + 1, len(nodes)))
        np.add.at(total, codes, each)
        top = total.max(axis=1, keepdims=True)
        return (top + np.log((weights * np.exp(total - top)).sum(axis=1, keepdims=True) / np.sqrt(np.pi)))[:, 0]

    theta, ll, information, scores = maximise(rows, [0.5, 0.5, -3.5, -2.0], steps=20)
    _, pooled, _, _ = maximise(lambda t: -np.log1p(np.exp(-sign * (v @ t))), [0.5, 0.5, -3.5])
    variants = []
    for vce, cov in (("robust", robust(information, scores)), ("classical", np.linalg.inv(information))):
        wald = theta[:2] @ np.linalg.solve(cov[:2, :2], theta[:2])
        variance, gap = np.exp(theta[3]), 2 * (ll - pooled)
        values = {"N": len(y), "N_g": codes.max() + 1, "ll": ll, "chi2": wald, "p": stats.chi2.sf(wald, 2), "df_m": 2, "sigma_u": np.sqrt(variance),
                  "rho": variance / (variance + np.pi**2 / 3), "rho_chi2": gap, "rho_p": stats.chi2.sf(gap, 1) / 2, "level": 95}
        variants.append(case({"table_coefficients.csv": table(["term"], odds(z_rows("exporter", [*names, "_cons"], theta[:3], np.sqrt(np.diag(cov))[:3]))),
                              "table_fit.csv": fit(values)}, {"n_used": len(y), "ll": ll, "chi2": wald}, {"effects": "re", "vce": vce}, f"random effects, {vce}"))
    save("firms_panel.logit.json", f"statsmodels {statsmodels.__version__} ConditionalLogit; scipy {scipy.__version__}, quadrature with 60 points",
         {"default": 5e-6, "ll": 1e-8, "p_value": 5e-5, "p": 5e-5, "rho_p": 5e-5}, fixed, variants)


def two_level_case(reml, name=None, parameters=None, names=("study_hours", "girl")):
    """Scores of pupils in schools with random intercepts; without names the variances alone."""
    names = list(names)
    data = read("schools.csv").dropna(subset=names)
    codes = pd.factorize(data["school"])[0]
    y = data["score"].to_numpy(float)
    x = np.column_stack([data[names], np.ones(len(y))]).astype(float)
    n, groups, k = len(y), codes.max() + 1, len(names) + 1
    size = np.bincount(codes).astype(float)

    def pieces(t):
        s2u, s2 = np.exp(2 * t)
        # V^-1 of a group with a common effect: (I - c 11')/s2 with c = s2u / (s2 + n s2u)
        c = s2u / (s2 + size * s2u)
        sums = np.column_stack([np.bincount(codes, col) for col in np.column_stack([x, y]).T])
        full = np.column_stack([x, y])
        cross = (full.T @ full - (sums * c[:, None]).T @ sums) / s2
        xvx, xvy, yvy = cross[:k, :k], cross[:k, k], cross[k, k]
        b = np.linalg.solve(xvx, xvy)
        ld = (n * np.log(s2) + np.log1p(size * s2u / s2).sum())
        ll = -0.5 * (n * np.log(2 * np.pi) + ld + yvy - xvy @ b)
        if reml:
            ll += 0.5 * (k * np.log(2 * np.pi) - np.linalg.slogdet(xvx)[1])
        return ll, b, xvx

    value = lambda t: np.array([pieces(t)[0]])
    theta = np.array([np.log(5.0), np.log(9.0)])
    gradient = lambda t: jacobian(value, t)[0]
    for _ in range(12):
        h = -jacobian(gradient, theta)
        theta = theta + np.linalg.solve((h + h.T) / 2, gradient(theta))
    cov = np.linalg.inv((h + h.T) / 2)
    ll, b, xvx = pieces(theta)
    v = np.linalg.inv(xvx)
    plain, _ = np.linalg.lstsq(x, y, rcond=None)[:2]
    rss = ((y - x @ plain) ** 2).sum()
    if reml:
        ll_c = -0.5 * ((n - k) * (np.log(2 * np.pi) + np.log(rss / (n - k)) + 1) + np.linalg.slogdet(x.T @ x)[1])
    else:
        ll_c = -0.5 * n * (np.log(2 * np.pi) + 1 + np.log(rss / n))
    chi2 = 2 * (ll - ll_c)
    var, se = np.exp(2 * theta), 2 * np.exp(2 * theta) * np.sqrt(np.diag(cov))
    half = stats.norm.ppf(0.975) * 2 * np.sqrt(np.diag(cov))
    icc = var[0] / var.sum()
    slope = 2 * icc * (1 - icc) * np.array([1, -1])
    rows = [{"component": c, "estimate": var[i], "std_error": se[i], "ci_low": var[i] * np.exp(-half[i]), "ci_high": var[i] * np.exp(half[i])}
            for i, c in enumerate(("var(_cons)", "var(Residual)"))]
    rows += [{"component": "lr_test", "statistic": chi2, "p_value": stats.chi2.sf(chi2, 1) / 2},
             {"component": "icc", "estimate": icc, "std_error": np.sqrt(slope @ cov @ slope)}]
    values = {"N": n, "N_g": groups, "g_min": size.min(), "g_avg": size.mean(), "g_max": size.max(), "ll": ll, "level": 95}
    if names:
        values |= {"chi2": b[:-1] @ np.linalg.solve(v[:-1, :-1], b[:-1]), "df_m": k - 1}
    return case({"table_coefficients.csv": table(["term"], z_rows("score", [*names, "_cons"], b, np.sqrt(np.diag(v)))),
                 "table_variance.csv": table(["component"], rows), "table_fit.csv": fit(values)},
                {"n_used": n, "ll": ll, "n_groups": groups, "icc": icc}, parameters, name)


def two_level() -> None:
    """Maximum likelihood, restricted likelihood, and the variances alone."""
    alone = {"regressors": [], "controls": []}
    save("schools.two_level.json", f"numpy {np.__version__}, profile likelihood of the one-way error components by hand",
         {"default": 2e-6, "ll": 1e-9, "p_value": 1e-4}, two_level_case(False),
         [two_level_case(True, "restricted likelihood", {"reml": True}), two_level_case(False, "variances alone", alone, [])])


def write_all() -> None:
    """Writes all golden files of this module."""
    re_hausman()
    structure()
    logit()
    two_level()


if __name__ == "__main__":
    write_all()
