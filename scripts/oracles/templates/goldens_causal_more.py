"""Golden numbers of synthetic controls (quadratic programmes by cvxopt) and of imputed untreated outcomes (dense least squares, pyfixest)."""

import numpy as np
import pandas as pd
import pyfixest as pf
from cvxopt import matrix, solvers
from scipy import stats

from golden import case, fit, read, save, table

solvers.options.update(show_progress=False, abstol=1e-15, reltol=1e-15, feastol=1e-15)


def weights(x, v):
    """Weights of the controls (columns from the second on): an interior-point programme, then exact on its support."""
    p = np.sqrt(v)[:, None] * (x[:, 1:] - x[:, :1])
    n = p.shape[1]
    found = solvers.qp(matrix(p.T @ p), matrix(np.zeros(n)), matrix(-np.eye(n)), matrix(np.zeros(n)), matrix(np.ones((1, n))), matrix(1.0))
    for limit in 10.0 ** -np.arange(2, 9):
        support = np.flatnonzero(np.array(found["x"]).ravel() > limit)
        k = len(support)
        edges = p[:, support]
        kkt = np.block([[edges.T @ edges, np.ones((k, 1))], [np.ones((1, k)), np.zeros((1, 1))]])
        if np.linalg.cond(kkt) > 1e13:
            continue
        out = np.zeros(n)
        out[support] = np.linalg.solve(kkt, np.r_[np.zeros(k), 1.0])[:k]
        gradient = p.T @ (p @ out)
        # the conditions of the optimum, and an error that makes it unique
        if (out >= 0).all() and gradient.min() > gradient[support].mean() - 1e-10:
            assert k == 1 or ((p @ out) ** 2).sum() > 1e-9, "the unit is inside of the hull: the weights are not unique"
            return out
    raise AssertionError("no support meets the conditions")


def synthetic(frame, units, predictors, years, start):
    """Weights, importances, balance and gaps of the first unit against the others."""
    wide = frame.pivot(index="year", columns="region", values="sales")[units]
    before = wide[wide.index < start].to_numpy()
    early = frame[frame["year"] < start]
    rows = [early.groupby("region")[name].mean().loc[units].to_numpy() for name in predictors]
    rows += [wide.loc[y].to_numpy() for y in years] if years else [before.mean(axis=0)]
    x = np.array(rows)
    z = x / x.std(axis=1, ddof=1, keepdims=True)
    b = np.linalg.lstsq(np.column_stack([np.ones(len(units)), z.T]), before.T, rcond=None)[0][1:]
    v = (b**2).sum(axis=1) / (b**2).sum()
    w = weights(z, v)
    return w, v, x, wide.to_numpy()[:, 0], wide.to_numpy()[:, 1:] @ w


def tobacco_case(predictors, lagged, name=None, parameters=None, first=1990):
    frame = read("tobacco.csv")
    frame = frame[frame["year"] >= first]
    start, treated = 2001, "R07"
    periods = sorted(frame["year"].unique())
    before = [p for p in periods if p < start]
    years = {"three": [before[0], before[int(np.ceil(len(before) / 2)) - 1], before[-1]], "mean": [], "all": before}[lagged]
    others = [u for u in sorted(frame["region"].unique()) if u != treated]
    w, v, x, y, s = synthetic(frame, [treated] + others, predictors, years, start)
    early = len(before)

    def errors(gap):
        return np.sqrt((gap[:early] ** 2).mean()), np.sqrt((gap[early:] ** 2).mean())

    gaps = {treated: y - s}
    for unit in others:
        _, _, _, own, synth = synthetic(frame, [unit] + [u for u in others if u != unit], predictors, years, start)
        gaps[unit] = own - synth
    rmspe = {u: errors(g) for u, g in gaps.items()}
    ratios = {u: b / a for u, (a, b) in rmspe.items()}
    count = len(gaps)
    p = sum(r >= ratios[treated] for r in ratios.values()) / count
    share = [sum(abs(g[t]) >= abs(gaps[treated][t]) for g in gaps.values()) / count for t in range(len(periods))]
    gap = gaps[treated]
    labels = list(predictors) + ([f"sales({t})" for t in years] or ["sales"])
    effects = [{"effect": "average_gap", "estimate": gap[early:].mean(), "statistic": ratios[treated], "p_value": p}, {"effect": "last_gap", "estimate": gap[-1], "p_value": share[-1]}]
    paths = [{"period": t, "treated": y[i], "synthetic": s[i], "gap": gap[i], "p_value": share[i] if i >= early else None} for i, t in enumerate(periods)]
    listed = sorted(zip(others, w), key=lambda r: (-r[1], r[0]))
    tables = {"table_effects.csv": table(["effect"], effects), "table_paths.csv": table(["period"], paths), "table_weights.csv": table(["unit"], [{"unit": u, "weight": v} for u, v in listed]),
              "table_balance.csv": table(["predictor"], [{"predictor": n, "importance": v[i], "treated": x[i, 0], "synthetic": x[i, 1:] @ w} for i, n in enumerate(labels)]),
              "table_placebos.csv": table(["unit"], [{"unit": u, "rmspe_before": a, "rmspe_after": b, "ratio": b / a, "treated": int(u == treated)} for u, (a, b) in rmspe.items()]),
              "table_fit.csv": fit({"N": len(frame), "N_units": count, "n_predictors": len(labels), "periods_before": early, "periods_after": len(periods) - early, "rmspe_before": rmspe[treated][0],
                                    "rmspe_after": rmspe[treated][1], "rmspe_ratio": ratios[treated]})}
    metrics = {"n_used": len(frame), "n_groups": count, "att": gap[early:].mean(), "p_value": p, "rmspe_before": rmspe[treated][0]}
    return case(tables, metrics, parameters, name)


def synthetic_control() -> None:
    """A law on tobacco in one region."""
    names = ["price", "log_income", "young_share"]
    save("tobacco.synthetic.json", "cvxopt, numpy", {"default": 1e-6}, tobacco_case(names, "three"), [
        tobacco_case([], "all", "all outcomes before the event", {"predictors": [], "lagged": "all"}),
        tobacco_case(names, "three", "fewer periods", {"sample_if": "year >= 1993"}, 1993)])


def row(b, se):
    """Estimate with test and interval of the normal distribution."""
    z = stats.norm.ppf(0.975)
    return {"estimate": b, "std_error": se, "statistic": b / se, "p_value": 2 * stats.norm.sf(abs(b / se)), "ci_low": b - z * se, "ci_high": b + z * se}


def imputed(frame, chosen, controls):
    """Mean effect of chosen treated rows and its conservative error by units, from explicit weights of every outcome."""
    z = np.hstack([pd.get_dummies(frame["unit"], dtype=float).to_numpy(), pd.get_dummies(frame["year"], dtype=float).iloc[:, 1:].to_numpy(), frame[controls].to_numpy(float)])
    y, treated, codes = frame["visits"].to_numpy(float), frame["treated"].to_numpy(), frame["unit"].to_numpy()
    pseudo = np.linalg.pinv(z[~treated])
    effect = y - z @ (pseudo @ y[~treated])
    w = np.where(chosen, 1 / chosen.sum(), 0)
    v = w.copy()
    v[~treated] = -(w[treated] @ z[treated]) @ pseudo
    for _, rows in frame.reset_index(drop=True)[treated].groupby(["start", "year"]).groups.items():
        rows = np.asarray(rows)
        # one row of a unit in each cohort and period
        if (v[rows] ** 2).sum() > 0:
            effect[rows] = effect[rows] - (v[rows] ** 2 * effect[rows]).sum() / (v[rows] ** 2).sum()
    return v @ y, np.sqrt((pd.Series(v * effect).groupby(codes).sum() ** 2).sum())


def imputation_case(leads, controls, name=None, parameters=None):
    frame = read("adoption.csv").dropna(subset=["visits"] + controls)
    frame = frame.assign(unit=lambda f: f["town"].str[1:].astype(int), start=lambda f: f["start_year"].where(f["start_year"] > 0)).reset_index(drop=True)
    frame["treated"] = frame["year"] >= frame["start"]
    relative = (frame["year"] - frame["start"]).to_numpy()
    att = imputed(frame, frame["treated"].to_numpy(), controls)
    own = frame[~frame["treated"]].copy()
    for h in range(1, leads + 1):
        own[f"pre{h}"] = ((own["year"] - own["start"]) == -h).astype(float)
    aggregate, dynamic, p = [{"effect": "att"} | row(*att)], [], None
    if leads:
        names = [f"pre{h}" for h in range(1, leads + 1)]
        found = pf.feols(f"visits ~ {' + '.join(names + controls)} | unit + year", own, vcov={"CRV1": "unit"}, fixef_rm="singleton")
        place = [list(found.coef().index).index(n) for n in names]
        # results of Stata have one parameter less in the factor of the covariance than feols
        rest = found._N - len(found.coef()) - own["year"].nunique()
        factor = rest / (rest + 1)
        b, v, groups = found.coef().to_numpy()[place], found._vcov[np.ix_(place, place)] * factor, own["unit"].nunique()
        f = b @ np.linalg.solve(v, b) / leads
        p = stats.f.sf(f, leads, groups - 1)
        aggregate.append({"effect": "pre_trend", "statistic": f, "df1": leads, "df2": groups - 1, "p_value": p})
        for h in range(leads, 0, -1):
            dynamic.append({"relative_period": -h, "n": (relative == -h).sum(), "note": "before"} | row(found.coef()[f"pre{h}"], found.se()[f"pre{h}"] * np.sqrt(factor)))
    for h in range(int(np.nanmax(relative)) + 1):
        dynamic.append({"relative_period": h, "n": (relative == h).sum(), "note": ""} | row(*imputed(frame, relative == h, controls)))
    tables = {"table_aggregate.csv": table(["effect"], aggregate), "table_dynamic.csv": table(["relative_period"], dynamic),
              "table_fit.csv": fit({"N": len(frame), "N_units": frame["unit"].nunique(), "n_untreated": (~frame["treated"]).sum(), "cohorts": frame["start"].nunique()})}
    return case(tables, {"n_used": len(frame), "n_groups": frame["unit"].nunique(), "att": att[0], "att_se": att[1], "p_pretrend": p}, parameters, name)


def imputation() -> None:
    """A programme that towns adopt in three years."""
    save("adoption.imputation.json", "numpy, pyfixest", {"default": 1e-6}, imputation_case(3, ["income"]), [
        imputation_case(0, [], "no periods before, no controls", {"controls": [], "leads": 0}),
        imputation_case(2, [], "two periods before", {"controls": [], "leads": 2})])


def write_all() -> None:
    imputation()
    synthetic_control()


if __name__ == "__main__":
    write_all()
