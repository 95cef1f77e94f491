"""Golden numbers of the panel templates beyond fixed effects (numpy by hand, pandas)."""

import numpy as np
import pandas as pd
from scipy import stats

from golden import case, fit, read, save, table
from goldens_models import CLOSED, within_fit, t_rows, z_rows


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


def write_all() -> None:
    """Writes all golden files of this module."""
    re_hausman()
    structure()


if __name__ == "__main__":
    write_all()
