"""Golden numbers of competing risks and their regression, factor analysis and quantile groups (R survival and cmprsk, lifelines, numpy, pandas)."""

import math
import warnings

import lifelines
import numpy as np
import pandas as pd
import scipy
import sklearn
from lifelines import AalenJohansenFitter
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score

from golden import case, fit, percentile, read, save, table
from goldens_models import CLOSED, z_rows
from oracle_r import r_numbers, same

Z = stats.norm.ppf(0.975)


def incidence(frame: pd.DataFrame, cause: int, at: float):
    """Aalen-Johansen estimate with the delta-method variance of Marubini and Valsecchi (1995)."""
    value, survivor, points = 0.0, 1.0, []
    for t in np.sort(frame["months"].unique()):
        if t > at:
            break
        here = frame["months"] == t
        n, d, dk = (frame["months"] >= t).sum(), (here & (frame["cause"] > 0)).sum(), (here & (frame["cause"] == cause)).sum()
        value += survivor * dk / n
        points.append((value, survivor, n, d, dk))
        survivor *= 1 - d / n
    v = sum((value - f) ** 2 * (d / (n * (n - d)) if n > d else 0) + s * s * (n - dk) * dk / n**3 - 2 * (value - f) * s * dk / n**2 for f, s, n, d, dk in points)
    return value, math.sqrt(v), sum(p[4] for p in points)


def competing() -> None:
    """Relapse and death after a transplant; curves by treatment."""
    frame = read("causes.csv")
    rows = []
    for label, g in frame.groupby("treated"):
        for cause in (1, 2):
            r = r_numbers(f'library(survival); d <- subset(data("causes.csv"), treated == {label}); summary(survfit(Surv(months, factor(cause)) ~ 1, d), times = c(12, 24, 36))$pstate[, {cause + 1}]')
            for time, check in zip((12, 24, 36), r):
                value, se, events = incidence(g, cause, time)
                same(value, check, 1e-8)
                spread = Z * se / (value * abs(math.log(value)))
                rows.append({"group": str(label), "cause": cause, "time": time, "at_risk": (g["months"] >= time).sum(), "events": events, "incidence": value, "std_error": se,
                             "ci_low": value ** math.exp(spread), "ci_high": value ** math.exp(-spread)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        aj = AalenJohansenFitter(jitter_level=1e-9, seed=1).fit(frame["months"], frame["cause"], event_of_interest=1)
    near = aj.cumulative_density_.iloc[aj.cumulative_density_.index <= 24.0001].iloc[-1, 0]
    same(incidence(frame, 1, 24)[0], near, 5e-3)
    hazards, ll, chi2 = [], None, None
    for cause in (1, 2):
        r = r_numbers(f'library(survival); m <- coxph(Surv(months, cause == {cause}) ~ treated + age, data("causes.csv"), ties = "breslow", control = coxph.control(eps = 1e-14, iter.max = 100)); c(coef(m), sqrt(diag(vcov(m))), m$loglik)')
        hazards += [{"model": f"cause{cause}"} | x | {"hazard_ratio": math.exp(x["estimate"]), "hazard_ratio_low": math.exp(x["ci_low"]), "hazard_ratio_high": math.exp(x["ci_high"])}
                    for x in z_rows("_t", ["treated", "age"], r[:2], r[2:4])]
        if cause == 1:
            ll, chi2 = r[5], 2 * (r[5] - r[4])
    events = (frame["cause"] == 1).sum()
    values = {"N": len(frame), "causes": 2, "events": events, "ll": ll, "chi2": chi2, "p": stats.chi2.sf(chi2, 2), "df_m": 2}
    save("causes.competing.json", f"R survival survfit, coxph; lifelines {lifelines.__version__} AalenJohansenFitter; variance by hand", {"default": 1e-6, "ll": 1e-8, "p_value": 1e-5, "p": 1e-5}, case(
        {"table_incidence.csv": table(["group", "cause", "time"], rows), "table_hazards.csv": table(["model", "term"], hazards), "table_fit.csv": fit(values)},
        {"n_used": len(frame), "ll": ll, "n_events": events, "chi2": chi2}))


ITEMS = ["trust1", "trust2", "trust3", "trust4", "trust5", "stress1", "stress2", "distrust"]



def subhazards(frame, x, event=1):
    """Fine and Gray's estimates by numpy: coefficients, covariance times n / (n - 1), log likelihood, steps of the baseline."""
    t, end = frame["months"].to_numpy(float), frame["cause"].to_numpy()
    n, k = x.shape
    left, alive = {}, 1.0
    for u in np.unique(t):
        left[u] = alive
        alive *= 1 - ((t == u) & (end == 0)).sum() / (t >= u).sum()
    times = np.unique(t[end == event])
    other = (end > 0) & (end != event)
    weights = [np.where(t >= u, 1.0, np.where(other, left[u] / np.array([left[v] for v in t]), 0.0)) for u in times]
    deaths = [(t == u) & (end == event) for u in times]
    b = np.zeros(k)
    for _ in range(60):
        e = np.exp(x @ b)
        ll, g, info = 0.0, np.zeros(k), np.zeros((k, k))
        for w, d in zip(weights, deaths):
            s0, s1, s2 = (w * e).sum(), (w * e) @ x, (x * (w * e)[:, None]).T @ x
            ll += (x[d] @ b).sum() - d.sum() * np.log(s0)
            g += x[d].sum(0) - d.sum() * s1 / s0
            info += d.sum() * (s2 / s0 - np.outer(s1, s1) / s0**2)
        b = b + np.linalg.solve(info, g)
    means = [(w * e) @ x / (w * e).sum() for w in weights]
    rates = [d.sum() / (w * e).sum() for w, d in zip(weights, deaths)]
    score = np.zeros((n, k))
    for w, d, m, r in zip(weights, deaths, means, rates):
        score[d] += x[d] - m
        score -= (x - m) * (w * e * r)[:, None]
    for u in np.unique(t[end == 0]):
        gone = (t < u) & other
        q = sum((((x - m) * (w * e * r)[:, None])[gone].sum(0) for w, m, r, v in zip(weights, means, rates, times) if v >= u), np.zeros(k))
        risk, lost = (t >= u).sum(), (t == u) & (end == 0)
        score[lost] += q / risk
        score[t >= u] -= q / risk * lost.sum() / risk
    inverse = np.linalg.inv(info)
    return b, inverse @ (score.T @ score) @ inverse * n / (n - 1), ll, times, np.cumsum(rates)


def regression_case(event, names, name=None, parameters=None):
    """Ratios and predicted incidence of one kind of event."""
    frame = read("causes.csv")
    x = frame[names].to_numpy(float)
    b, v, ll, times, baseline = subhazards(frame, x, event)
    se = np.sqrt(np.diag(v))
    r = r_numbers(f'suppressMessages(library(cmprsk)); d <- data("causes.csv"); f <- crr(d$months, d$cause, as.matrix(d[, c({", ".join(repr(n) for n in names)})]), failcode = {event}, gtol = 1e-14, maxiter = 100); c(f$coef, sqrt(diag(f$var)), f$loglik)')
    n = len(frame)
    same(np.r_[b, se * np.sqrt((n - 1) / n), ll], r, 1e-5)
    rows = [{**row, "subhazard_ratio": math.exp(row["estimate"]), "subhazard_ratio_low": math.exp(row["ci_low"]), "subhazard_ratio_high": math.exp(row["ci_high"])} for row in z_rows("_t", names, b, se)]
    focal = frame[names[0]]
    values = sorted(focal.unique()) if focal.nunique() <= 5 else [percentile(focal.to_numpy(float), p) for p in (25, 50, 75)]
    incidences = []
    for value in values:
        own = x.copy()
        own[:, 0] = value
        index = (own @ b).mean()
        for time in (12, 24, 36):
            base = baseline[np.searchsorted(times, time, side="right") - 1]
            incidences.append({"value": value, "time": time, "incidence": 1 - math.exp(-base * math.exp(index))})
    chi2 = b @ np.linalg.solve(v, b)
    events = (frame["cause"] == event).sum()
    fits = {"N": n, "N_fail": events, "N_compete": ((frame["cause"] > 0) & (frame["cause"] != event)).sum(), "N_cens": (frame["cause"] == 0).sum(), "ll": ll, "chi2": chi2, "p": stats.chi2.sf(chi2, len(b)), "df_m": len(b)}
    return case({"table_subhazards.csv": table(["term"], rows), "table_incidence.csv": table(["value", "time"], incidences), "table_fit.csv": fit(fits)},
                {"n_used": n, "ll": ll, "n_events": events, "chi2": chi2}, parameters, name)


def competing_regression() -> None:
    """Relapse after a transplant, death as the other event."""
    save("causes.subhazard.json", "numpy after Fine and Gray (1999); R cmprsk to 1e-5", {"default": 1e-6}, regression_case(1, ["treated", "age"]), [
        regression_case(2, ["age", "treated"], "the other event, quartiles of a continuous regressor", {"regressors": ["age", "treated"], "event_code": 2})])


def factor_case(method, rotation, name=None, parameters=None):
    """Two factors; loadings without their sign are compared by squares of the unrotated ones elsewhere, here by R's varimax."""
    frame = read("attitudes.csv").dropna(subset=ITEMS)
    corr = np.corrcoef(frame[ITEMS].to_numpy(float).T)
    k = len(ITEMS)
    eigen = np.sort(np.linalg.eigvalsh(corr))[::-1]
    inverse = np.linalg.inv(corr)
    if method == "pf":
        reduced = corr.copy()
        np.fill_diagonal(reduced, 1 - 1 / np.diag(inverse))
        w, v = np.linalg.eigh(reduced)
        order = np.argsort(w)[::-1][:2]
        loadings = v[:, order] * np.sqrt(w[order])
        psi = 1 - (loadings**2).sum(1)
    else:
        columns = ", ".join(f'"{c}"' for c in ITEMS)
        psi = r_numbers(f'factanal(na.omit(data("attitudes.csv")[, c({columns})]), 2, rotation = "none", control = list(opt = list(factr = 1e-2), lower = 1e-6))$uniquenesses')
    values = {"N": len(frame), "items": k, "factors": 2}
    partial = -inverse / np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
    off = ~np.eye(k, dtype=bool)
    kmo = (corr[off] ** 2).sum() / ((corr[off] ** 2).sum() + (partial[off] ** 2).sum())
    values["kmo"] = kmo
    rows = []
    for i, item in enumerate(ITEMS):
        for j in (1, 2):
            row = {"variable": item, "factor": j, "uniqueness": psi[i]}
            rows.append(row)
    if method == "pf":
        turned = loadings
        if rotation == "varimax":
            # Kaiser (1958): the angle for two factors
            x, y = loadings.T
            u, v = x**2 - y**2, 2 * x * y
            angle = math.atan2(2 * (u * v).sum() - 2 * u.sum() * v.sum() / k, (u**2 - v**2).sum() - (u.sum() ** 2 - v.sum() ** 2) / k) / 4
            turned = loadings @ np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
            flat = ", ".join(repr(float(value)) for value in loadings.T.ravel())
            check = r_numbers(f"unclass(varimax(matrix(c({flat}), {k}), normalize = FALSE, eps = 1e-14)$loadings)").reshape(2, k).T
            same(np.sort((turned**2).sum(0)), np.sort((check**2).sum(0)), 1e-6)
            turned = turned[:, np.argsort(-(turned**2).sum(0))]
        # a factor points the way in which its loadings sum to a positive number
        turned = turned * np.sign(turned.sum(0))
        for r, value in zip(rows, turned.ravel()):
            r["loading"] = value
    share = eigen / k
    table_values = [{"component": i + 1, "eigenvalue": e, "share": s, "cumulative": c} for i, (e, s, c) in enumerate(zip(eigen, share, np.cumsum(share)))]
    return case({"table_eigenvalues.csv": table(["component"], table_values), "table_loadings.csv": table(["variable", "factor"], rows), "table_fit.csv": fit(values)},
                {"n_used": len(frame), "kmo": kmo, "n_factors": 2}, parameters, name)


def factor() -> None:
    """Principal factors with varimax, without rotation, and maximum likelihood."""
    save("attitudes.factor.json", f"numpy {np.__version__} principal factors; Kaiser's angle by hand; R varimax, factanal", {"default": 1e-6, "uniqueness": 2e-5}, factor_case("pf", "varimax"), [
        factor_case("pf", "none", "no rotation", {"rotation": "none"}), factor_case("ml", "none", "maximum likelihood", {"method": "ml", "rotation": "none"})])


def quantile_groups() -> None:
    """Pay and hours in quartiles; within regions."""
    def one(by, groups, names, name=None, parameters=None):
        frame = read("pay.csv")
        rows = []
        for variable in names:
            parts = [("all", frame)] if by is None else [(str(k), g) for k, g in frame.groupby(by)]
            for label, g in parts:
                x = g[variable].dropna()
                cuts = [percentile(x.to_numpy(), 100 * q / groups) for q in range(1, groups)]
                number = np.searchsorted(cuts, x.to_numpy(), side="left") + 1
                for q in range(1, groups + 1):
                    inside = x[number == q]
                    rows.append({"variable": variable, "part": label, "quantile_group": q, "n": len(inside), "min": inside.min() if len(inside) else None, "max": inside.max() if len(inside) else None, "mean": inside.mean()})
        return case({"table_group_bounds.csv": table(["variable", "part", "quantile_group"], rows)}, {"n_used": len(frame), "n_made": len(names)}, parameters, name)

    check = pd.qcut(read("pay.csv")["pay"].dropna(), 4, labels=False).value_counts().sort_index()
    main = one(None, 4, ["pay", "hours"])
    assert [r["n"] for r in main["tables"]["table_group_bounds.csv"]["rows"][:4]] == list(check)
    save("pay.quantile_groups.json", f"numpy {np.__version__}, percentile rule by hand; pandas {pd.__version__} qcut", CLOSED, main, [one("region", 3, ["pay"], "terciles by region", {"vars": ["pay"], "n_groups": 3, "by_var": "region"})])


def outlier_flag() -> None:
    """Pay and hours by all rules; within regions."""
    def one(rule, multiple, by, name=None, parameters=None):
        frame = read("pay.csv")
        rows = []
        for variable in ("pay", "hours"):
            parts = [("all", frame)] if by is None else [(str(k), g) for k, g in frame.groupby(by)]
            for label, g in parts:
                x = g[variable].dropna().to_numpy(float)
                if rule == "iqr":
                    q1, q3 = percentile(x, 25), percentile(x, 75)
                    centre, spread = percentile(x, 50), q3 - q1
                    low, high = q1 - multiple * spread, q3 + multiple * spread
                else:
                    centre, spread = (x.mean(), x.std(ddof=1)) if rule == "zscore" else (np.median(x), stats.median_abs_deviation(x, scale="normal"))
                    low, high = centre - multiple * spread, centre + multiple * spread
                    if rule == "zscore":
                        assert (abs(stats.zscore(x, ddof=1)) > multiple).sum() == ((x < low) | (x > high)).sum()
                below, above = (x < low).sum(), (x > high).sum()
                rows.append({"variable": variable, "part": label, "n": len(x), "centre": centre, "spread": spread, "low_bound": low, "high_bound": high, "low_count": below, "high_count": above,
                             "share": (below + above) / len(x)})
        return case({"table_outliers.csv": table(["variable", "part"], rows)}, {"n_used": len(frame), "n_flagged": sum(r["low_count"] + r["high_count"] for r in rows)}, parameters, name)

    save("pay.outlier_flag.json", f"numpy {np.__version__}, percentile rule by hand; scipy {scipy.__version__} zscore, median_abs_deviation", CLOSED, one("iqr", 1.5, None), [
        one("zscore", 3, None, "z-scores", {"rule": "zscore"}), one("mad", 2.5, "region", "median distance by region", {"rule": "mad", "multiplier": 2.5, "by_var": "region"})])


def kmeans() -> None:
    """Three clusters of patients from segments of the sorted rows; as measured as a variant."""
    def one(standardize, k, name=None, parameters=None):
        names = ["baseline", "week12", "device_a"]
        frame = read("rehab.csv").dropna(subset=names).sort_values(names, kind="stable")
        raw = frame[names].to_numpy(float)
        x = (raw - raw.mean(0)) / raw.std(0, ddof=1) if standardize else raw
        n = len(x)
        # k parts of nearly equal size in the order of the rows ([MV] cluster kmeans, start(segments))
        edges = [round(i * n / k) for i in range(k + 1)]
        start = np.array([x[a:b].mean(0) for a, b in zip(edges, edges[1:])])
        model = KMeans(k, init=start, n_init=1, tol=0, max_iter=1000).fit(x)
        sizes = np.bincount(model.labels_)
        order = np.argsort(-sizes, kind="stable")
        total = ((x - x.mean(0)) ** 2).sum()
        centres = [{"cluster": g + 1, "variable": v, "mean": raw[model.labels_ == c, j].mean(), "sd": raw[model.labels_ == c, j].std(ddof=1),
                    "distance": (raw[model.labels_ == c, j].mean() - raw[:, j].mean()) / raw[:, j].std(ddof=1)} for g, c in enumerate(order) for j, v in enumerate(names)]
        index = calinski_harabasz_score(x, model.labels_)
        values = {"N": n, "clusters": k, "variables": 3, "within_ss": model.inertia_, "total_ss": total, "explained": 1 - model.inertia_ / total, "calinski": index}
        return case({"table_sizes.csv": table(["cluster"], [{"cluster": g + 1, "n": sizes[c], "share": sizes[c] / n} for g, c in enumerate(order)]),
                     "table_centres.csv": table(["cluster", "variable"], centres), "table_fit.csv": fit(values)},
                    {"n_used": n, "within_ss": model.inertia_, "explained": values["explained"], "calinski": index}, parameters, name)

    save("rehab.kmeans.json", f"scikit-learn {sklearn.__version__} KMeans, calinski_harabasz_score", CLOSED, one(True, 3), [one(False, 2, "two clusters as measured", {"standardize": False, "k": 2})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (competing, competing_regression, factor, quantile_groups, outlier_flag, kmeans):
        make()


if __name__ == "__main__":
    write_all()
