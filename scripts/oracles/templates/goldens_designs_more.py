"""Golden numbers of group-time effects (Python csdid), discontinuities with robust intervals (Python rdrobust), densities at a threshold (Python rddensity), panels with instruments."""

import contextlib
import importlib.metadata
import io
import warnings

import numpy as np
from csdid.att_gt import ATTgt
from linearmodels.iv import IV2SLS
from rddensity import rddensity
from rdrobust import rdrobust
from scipy import stats

from golden import case, fit, read, save, table
from goldens_models import t_rows
from oracle_r import same

warnings.filterwarnings("ignore")
Z = stats.norm.ppf(0.975)


def quiet(function):
    with contextlib.redirect_stdout(io.StringIO()):
        return function()


def row(b, se):
    """Estimate with test and interval of the normal distribution."""
    return {"estimate": b, "std_error": se, "statistic": b / se, "p_value": 2 * stats.norm.sf(abs(b / se)), "ci_low": b - Z * se, "ci_high": b + Z * se}


def callaway_case(method, control, covariate, name=None, parameters=None):
    """Cells and averages with the period before the start as base."""
    frame = read("adoption.csv")
    if covariate:
        frame = frame.dropna(subset=["visits", "income"])
    frame = frame.dropna(subset=["visits"]).assign(unit=lambda f: f["town"].str[1:].astype(int), start=lambda f: f["start_year"].fillna(0))
    model = quiet(lambda: ATTgt(yname="visits", tname="year", idname="unit", gname="start", data=frame, control_group=control, xformla="visits~income" if covariate else None,
                                allow_unbalanced_panel=False).fit(est_method=method, bstrap=False, base_period="universal"))
    found = {kind: quiet(lambda: model.aggte(kind, bstrap=False)).atte for kind in ("simple", "group", "dynamic")}
    cells = found["simple"]["call"]["mp"]
    influence = np.asarray(cells["inffunc"]["inffunc"])
    covariance = influence.T @ influence / cells["n"] ** 2
    att, groups, periods = (np.asarray(cells[k], float) for k in ("att", "group", "t"))
    kept = np.flatnonzero(periods != groups - 1)
    se = np.sqrt(np.diag(covariance))
    drop = ("statistic",)
    cohorts = [{"cohort": groups[i], "base": groups[i] - 1, "period": periods[i]} | {k: v for k, v in row(att[i], se[i]).items() if k not in drop} for i in kept]
    one = {k: (v["overall_att"], np.ravel(v["overall_se"])[0]) for k, v in found.items()}
    # csdid of Stata takes the shares of the cohorts as known in the mean over cohorts
    sizes = frame.groupby("start")["unit"].nunique()
    own = np.column_stack([influence[:, (groups == g) & (periods >= g)].mean(axis=1) for g in found["group"]["egt"]])
    shares = sizes.loc[found["group"]["egt"]].to_numpy() / sizes.loc[found["group"]["egt"]].sum()
    assert abs(shares @ np.asarray(found["group"]["att_egt"], float) - one["group"][0]) < 1e-9
    known = np.sqrt(((own @ shares) ** 2).sum()) / cells["n"]
    aggregate = [{"effect": "att"} | row(*one["simple"]), {"effect": "att_cohorts"} | row(one["group"][0], known)]
    aggregate += [{"effect": f"att_cohort_{int(e)}"} | row(b, s) for e, b, s in zip(found["group"]["egt"], found["group"]["att_egt"], np.ravel(found["group"]["se_egt"]))]
    aggregate.append({"effect": "att_periods"} | row(*one["dynamic"]))
    before = [i for i in kept if periods[i] < groups[i]]
    chi2 = att[before] @ np.linalg.solve(covariance[np.ix_(before, before)], att[before])
    p = stats.chi2.sf(chi2, len(before))
    aggregate.append({"effect": "pre_trend", "statistic": chi2, "df": len(before), "p_value": p})
    # Hotelling's T-squared: each cohort and the comparison units have a mean of their own
    free = frame["unit"].nunique() - frame["start"].nunique() - len(before) + 1
    f = free / (frame["unit"].nunique() * len(before)) * chi2
    p = stats.f.sf(f, len(before), free)
    aggregate.append({"effect": "pre_trend_f", "statistic": f, "df": len(before), "p_value": p})
    counts = (frame["year"] - frame["start"])[frame["start"] > 0].value_counts()
    dynamic = []
    for e, b, s in zip(found["dynamic"]["egt"], found["dynamic"]["att_egt"], np.ravel(found["dynamic"]["se_egt"])):
        own = {"estimate": 0, "note": "base"} if e == -1 else row(b, s) | {"note": ""}
        dynamic.append({"relative_period": e, "n": counts[e]} | own)
    tables = {"table_aggregate.csv": table(["effect"], aggregate), "table_dynamic.csv": table(["relative_period"], dynamic), "table_cohorts.csv": table(["cohort", "period"], cohorts),
              "table_fit.csv": fit({"N": len(frame), "N_units": frame["unit"].nunique(), "cells": len(kept)})}
    return case(tables, {"n_used": len(frame), "n_groups": frame["unit"].nunique(), "att": one["simple"][0], "att_se": one["simple"][1], "p_pretrend": p}, parameters, name)


def callaway() -> None:
    """A programme that towns adopt in three years."""
    save("adoption.callaway.json", f"Python csdid {importlib.metadata.version('csdid')}", {"default": 1e-6}, callaway_case("dr", "nevertreated", True), [
        callaway_case("reg", "notyettreated", True, "regression, units not yet treated", {"method": "reg", "comparison": "notyet"}),
        callaway_case("ipw", "nevertreated", True, "weighting", {"method": "stdipw"})])


def robust_case(name=None, parameters=None, **options):
    """Bandwidths and intervals."""
    frame = read("scholarship.csv").dropna(subset=["final_grade", "entry_score"])
    y, x = frame["final_grade"].to_numpy(float), frame["entry_score"].to_numpy(float)
    chosen, stated = options.pop("bwselect", "mserd"), options.pop("h", None)
    widths, last = [], None
    for rule in ("mserd", "msetwo", "cerrd", "certwo") + (("stated",) if stated else ()):
        own = {"h": stated} if rule == "stated" else {"bwselect": rule}
        found = quiet(lambda: rdrobust(y, x, c=60, **options, **own))
        coef, se = np.asarray(found.coef, float)[:, 0], np.asarray(found.se, float)[:, 0]
        h, b = np.asarray(found.bws, float)
        r = {k: v for k, v in row(coef[1], se[2]).items() if k != "statistic"}
        widths.append({"rule": rule, "h_below": h[0], "h_above": h[1], "b_below": b[0], "b_above": b[1], "n_below": found.N_h[0], "n_above": found.N_h[1]} | r)
        if rule == ("stated" if stated else chosen):
            last = (coef, se, h, b, found.N_h)
    coef, se, h, b, near = last
    effects = [{"term": "conventional"} | row(coef[0], se[0]), {"term": "robust"} | row(coef[1], se[2])]
    tables = {"table_effects.csv": table(["term"], effects), "table_bandwidths.csv": table(["rule"], widths),
              "table_fit.csv": fit({"N": near[0] + near[1], "h_l": h[0], "h_r": h[1], "b_l": b[0], "b_r": b[1]})}
    return case(tables, {"n_used": near[0] + near[1], "bandwidth": h[0], "effect": coef[0], "effect_robust": coef[1], "se_robust": se[2]}, parameters, name)


def robust() -> None:
    """Pupils around the score of a scholarship."""
    save("scholarship.robust.json", f"Python rdrobust {importlib.metadata.version('rdrobust')}", {"default": 1e-6}, robust_case(), [
        robust_case("quadratic, two bandwidths", {"degree": 2, "selector": "msetwo"}, p=2, bwselect="msetwo"),
        robust_case("uniform, stated bandwidth", {"kernel": "uniform", "bandwidth": 8}, kernel="uniform", h=8)])


def density_case(name=None, parameters=None, **options):
    """Density of entry scores on both sides, every rule for the bandwidth, and windows."""
    x = read("scholarship.csv")["entry_score"].dropna().to_numpy(float)
    chosen, stated = options.pop("bwselect", "comb"), options.pop("h", None)
    widths, last = [], None
    for rule in ("comb", "each", "diff", "sum") + (("stated",) if stated else ()):
        own = {"h": [stated, stated]} if rule == "stated" else {"bwselect": rule}
        found = rddensity(x, c=60, useall=True, **options, **own)
        r = {k: v for k, v in row(found.hat["diff"], found.sd_jk["diff"]).items() if not k.startswith("ci")}
        widths.append({"rule": rule, "h_below": found.h["left"], "h_above": found.h["right"], "n_below": found.n["eff_left"], "n_above": found.n["eff_right"]} | r)
        if rule == ("stated" if stated else chosen):
            last = found
    tests = [{"method": m, "density_below": b["left"], "density_above": b["right"]} | row(b["diff"], v["diff"])
             for m, b, v in (("conventional", last.hat_p, last.sd_jk_p), ("robust", last.hat, last.sd_jk))]
    sides = [{"side": label, "estimate": last.hat[side], "std_error": last.sd_jk[side], "ci_low": last.hat[side] - Z * last.sd_jk[side], "ci_high": last.hat[side] + Z * last.sd_jk[side],
              "n": last.n[f"eff_{side}"]} for side, label in (("left", "below"), ("right", "above"))]
    windows = []
    for k in range(1, 6):
        width = k / 5 * min(last.h["left"], last.h["right"])
        below, above = ((x < 60) & (x - 60 >= -width)).sum(), ((x >= 60) & (x - 60 <= width)).sum()
        windows.append({"width": width, "n_below": below, "n_above": above, "share_above": above / (above + below), "p_value": stats.binomtest(int(below), int(above + below)).pvalue})
    tables = {"table_test.csv": table(["method"], tests), "table_density.csv": table(["side"], sides), "table_bandwidths.csv": table(["rule"], widths), "table_windows.csv": table(["n_below", "n_above"], windows),
              "table_fit.csv": fit({"N": len(x), "N_l": (x < 60).sum(), "N_r": (x >= 60).sum(), "N_h_l": last.n["eff_left"], "N_h_r": last.n["eff_right"], "h_l": last.h["left"], "h_r": last.h["right"]})}
    return case(tables, {"n_used": len(x), "difference": last.hat["diff"], "statistic": tests[1]["statistic"], "p_value": tests[1]["p_value"], "bandwidth": last.h["left"]}, parameters, name)


def density() -> None:
    """Do pupils place themselves above the score of a scholarship?"""
    save("scholarship.density.json", f"Python rddensity {importlib.metadata.version('rddensity')}", {"default": 1e-6}, density_case(), [
        density_case("linear distribution function, difference", {"degree": 1, "selector": "diff"}, p=1, bwselect="diff"),
        density_case("uniform, stated bandwidth", {"kernel": "uniform", "bandwidth": 8}, kernel="uniform", h=8),
        density_case("epanechnikov, a bandwidth for each side", {"kernel": "epanechnikov", "selector": "each"}, kernel="epanechnikov", bwselect="each")])


def instruments_case(periods, name=None, parameters=None):
    """Within transformation with the grand mean added back; two-stage least squares by hand and by linearmodels."""
    frame = read("stores.csv").dropna()
    names = ["log_price", "adverts"]
    columns = frame[["log_sales", "log_price", "cost", "fuel", "adverts"]].astype(float).copy()
    if periods:
        for q in sorted(frame["quarter"].unique())[1:]:
            columns[f"{q}.quarter"] = (frame["quarter"] == q).astype(float)
            names.append(f"{q}.quarter")
    units = frame["store"]
    within = columns - columns.groupby(units).transform("mean") + columns.mean()
    n, g = len(frame), units.nunique()
    one = np.ones((n, 1))
    exogenous = names[1:]
    x = np.hstack([within[names].to_numpy(), one])
    z = np.hstack([within[["cost", "fuel"] + exogenous].to_numpy(), one])
    y = within["log_sales"].to_numpy()
    fitted = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    b = np.linalg.solve(fitted.T @ x, fitted.T @ y)
    same(IV2SLS(y, x[:, 1:], x[:, :1], z[:, :2]).fit().params.to_numpy(), np.r_[b[1:], b[0]], 1e-9)
    e = y - x @ b
    k = x.shape[1]
    df = n - g - k + 1
    cov = e @ e / df * np.linalg.inv(fitted.T @ fitted)
    f = b[:-1] @ np.linalg.solve(cov[:-1, :-1], b[:-1]) / (k - 1)
    # first stage, clusters of units
    first = np.linalg.lstsq(z, x[:, 0], rcond=None)[0]
    scores = z * (x[:, 0] - z @ first)[:, None]
    codes = np.unique(units, return_inverse=True)[1]
    sums = np.zeros((g, z.shape[1]))
    np.add.at(sums, codes, scores)
    bread = np.linalg.inv(z.T @ z)
    v = bread @ sums.T @ sums @ bread * g / (g - 1) * (n - 1) / (n - z.shape[1])
    strength = first[:2] @ np.linalg.solve(v[:2, :2], first[:2]) / 2
    plain = np.linalg.lstsq(x, y, rcond=None)[0][0]
    stage = {"endogenous": "log_price", "f_stat": strength, "df1": 2, "df2": g - 1, "p_value": stats.f.sf(strength, 2, g - 1)}
    tables = {"table_coefficients.csv": table(["term"], t_rows("log_sales", names + ["_cons"], b, np.sqrt(np.diag(cov)), df)), "table_first_stage.csv": table(["endogenous"], [stage]),
              "table_fit.csv": fit({"N": n, "N_g": g, "F": f, "df_r": df, "rmse": np.sqrt(e @ e / df), "first_stage_f": strength, "without_instruments": plain})}
    return case(tables, {"n_used": n, "n_groups": g, "first_stage_f": strength, "rmse": np.sqrt(e @ e / df), "effect": b[0]}, parameters, name)


def instruments() -> None:
    """Prices of stores."""
    tolerance = {"default": 1e-7, "p_value": 1e-6}
    save("stores.iv.json", "numpy by hand; linearmodels IV2SLS", tolerance, instruments_case(False), [instruments_case(True, "effects of the quarters", {"time_effects": True})])


def write_all() -> None:
    callaway()
    robust()
    density()
    instruments()


if __name__ == "__main__":
    write_all()
