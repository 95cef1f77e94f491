"""Golden numbers of the survival, quantile and epidemiology templates: R survival, scipy, statsmodels, scikit-learn."""

import json
import math
import subprocess
import tempfile

import numpy as np
import pandas as pd
import scipy
import statsmodels
from lifelines.statistics import multivariate_logrank_test
from scipy import optimize, stats
from scipy.stats.contingency import odds_ratio
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2

from golden import DATA, case, coefficient_rows, fit, read, save, table

KEY = ["equation", "term"]
Z = stats.norm.ppf(0.975)
COX_COLUMNS = ["treated", "age", "2.stage", "3.stage"]

R_COMMON = r"""
suppressMessages({library(survival); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
d <- read.csv("trial.csv")
d <- d[!is.na(d$age), ]
d$stage2 <- as.integer(d$stage == 2); d$stage3 <- as.integer(d$stage == 3)
n <- nrow(d)
"""


def run_r(script):
    """Runs R on the sample data; the script leaves its answer in `out`."""
    with tempfile.TemporaryDirectory() as folder:
        (DATA / "trial.csv").read_text()
        subprocess.run(["cp", str(DATA / "trial.csv"), folder], check=True)
        done = subprocess.run(["Rscript", "-"], input=R_COMMON + script + "\ncat(toJSON(out, digits = NA, auto_unbox = TRUE))",
                              cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def version():
    return run_r('out <- as.character(packageVersion("survival"))')


def km_case(frame, group, name=None, parameters=None, times=None):
    """Kaplan-Meier by hand (products of fractions, Greenwood, log-log limits), checked against R below."""
    survival, medians = [], []
    levels = sorted(frame[group].unique()) if group else [None]
    # mean times compare up to the last time that every group has
    reach = frame.groupby(group)["months"].max().min() if group else frame["months"].max()
    for level in levels:
        g = frame if level is None else frame[frame[group] == level]
        label = "all" if level is None else level
        t, d = g["months"].to_numpy(), g["died"].to_numpy()
        s, green, rows = 1.0, 0.0, []
        for time in np.unique(t):
            n, e = (t >= time).sum(), ((t == time) & (d == 1)).sum()
            s *= (n - e) / n
            green += e / (n * (n - e)) if n > e else math.inf
            rows.append((time, n, e, s, green))
        curve = np.array(rows)

        def limits(s, green):
            half = Z * math.sqrt(green) / abs(math.log(s)) if 0 < s < 1 else math.nan
            return s ** math.exp(half), s ** math.exp(-half)

        def line(time, row, at_risk, events):
            s, green = (row[3], row[4]) if row is not None else (1.0, 0.0)
            low, high = limits(s, green) if 0 < s < 1 else (None, None)
            return {"group": label, "time": time, "at_risk": at_risk, "events": events, "events_to_date": ((t <= time) & (d == 1)).sum(),
                    "censored_to_date": ((t <= time) & (d == 0)).sum(), "survival": s, "std_error": s * math.sqrt(green) if 0 < s else None,
                    "ci_low": low, "ci_high": high, "note": ""}

        if times:
            for time in times:
                row = curve[curve[:, 0] <= time][-1]
                found = line(time, row, (t >= time).sum(), ((t == time) & (d == 1)).sum())
                if time > t.max() and row[3] > 0:
                    found |= {"survival": None, "std_error": None, "ci_low": None, "ci_high": None, "note": "after the last observation"}
                survival.append(found)
        else:
            survival += [line(r[0], r, r[1], r[2]) for r in curve if r[2] > 0]
        events = curve[curve[:, 2] > 0]
        low = [limits(r[3], r[4])[0] for r in events]
        high = [limits(r[3], r[4])[1] for r in events]
        first = lambda ok: next((r[0] for r, k in zip(events, ok) if k), None)
        median = first(events[:, 3] <= 0.5 + 1e-12)
        before = [r for r in events if r[3] >= 0.55 - 1e-12]
        after = [r for r in events if r[3] <= 0.45 + 1e-12]
        se = None
        if before and after and median is not None:
            at = events[events[:, 0] == median][0]
            se = at[3] * math.sqrt(at[4]) * (after[0][0] - before[-1][0]) / (before[-1][3] - after[0][3])
        edges = np.minimum(np.r_[0, curve[:, 0]], reach)
        heights = np.r_[1, curve[:-1, 3]]
        areas = np.cumsum(np.diff(edges) * heights)
        mean = areas[-1]
        keep = (curve[:, 2] > 0) & (curve[:, 1] > curve[:, 2])
        variance = np.sum(((mean - areas) ** 2 * curve[:, 2] / (curve[:, 1] * np.maximum(curve[:, 1] - curve[:, 2], 1e-9)))[keep])
        medians.append({"group": label, "n": len(t), "events": d.sum(), "time_at_risk": t.sum(), "median": median, "std_error": se,
                        "ci_low": first(np.array(low) <= 0.5), "ci_high": first(np.array(high) <= 0.5), "restricted_mean": mean,
                        "restricted_mean_se": math.sqrt(variance)})
    tables = {"table_survival.csv": table([], survival), "table_medians.csv": table(["group"], medians)}
    tables["table_fit.csv"] = fit({"N": len(frame), "n_events": frame["died"].sum(), "time_at_risk": frame["months"].sum(), "groups": len(medians), "limit": reach})
    metrics = {"n_used": len(frame), "n_events": frame["died"].sum(), "median_first": medians[0]["median"]}
    if group:
        tests = []
        for test, weights in (("logrank", None), ("wilcoxon", "wilcoxon"), ("peto", "peto")):
            found = multivariate_logrank_test(frame["months"], frame[group], frame["died"], weightings=weights)
            tests.append({"test": test, "statistic": found.test_statistic, "df1": len(levels) - 1,
                          "p_value": stats.chi2.sf(found.test_statistic, len(levels) - 1)})
        tables["table_logrank.csv"] = table(["test"], tests)
        metrics |= {"chi2": tests[0]["statistic"], "p": tests[0]["p_value"]}
    return case(tables, metrics, parameters, name), medians


def km():
    frame = read("trial.csv")
    main, medians = km_case(frame, "arm")
    r = run_r('''d <- read.csv("trial.csv"); f <- survfit(Surv(months, died) ~ arm, d, conf.type = "log-log")
        q <- summary(f, rmean = "individual")$table; out <- list(rmean = num(q[, "rmean"]), se = num(q[, "se(rmean)"]), lr = survdiff(Surv(months, died) ~ arm, d)$chisq)''')
    assert np.allclose([m["restricted_mean"] for m in medians], r["rmean"]) and np.allclose([m["restricted_mean_se"] for m in medians], r["se"])
    assert abs(main["metrics"]["chi2"] - r["lr"]) < 1e-9
    chosen, _ = km_case(frame, "arm", "chosen times", {"times": "6 12 24 60"}, [6, 12, 24, 60])
    alone, _ = km_case(frame, None, "one curve", {"group": None})
    save("trial.km_logrank.json", f"lifelines, numpy by hand, R survival {version()}", {"default": 1e-8}, main, [chosen, alone])


def cox_case(r, frame, terms, kind, name=None, parameters=None, strata=None):
    b, se = np.array(r["b"]), np.array(r["se"])
    rows = coefficient_rows("_t", terms, b, se, b / se, 2 * stats.norm.sf(abs(b / se)), b - Z * se, b + Z * se)
    for row, low, high in zip(rows, b - Z * se, b + Z * se):
        row |= {"hazard_ratio": math.exp(row["estimate"]), "hazard_ratio_low": math.exp(low), "hazard_ratio_high": math.exp(high)}
    k = len(b)
    lr = 2 * (r["ll"] - r["ll0"])
    if kind != "oim":
        lr = None
    residuals, time, v = np.array(r["schoenfeld"]), np.array(r["time"]), np.array(r["v"])
    d = len(time)
    g = time - time.mean()
    u = g @ residuals
    chi2 = d * u @ v @ u / (g @ g)
    scaled = residuals @ v * d
    own = (g @ scaled) ** 2 / (d * np.diag(v) * (g @ g))
    tests = [{"test": t, "rho": np.corrcoef(g, scaled[:, j])[0, 1], "statistic": own[j], "df1": 1, "p_value": stats.chi2.sf(own[j], 1)} for j, t in enumerate(terms)]
    tests.append({"test": "global", "statistic": chi2, "df1": k, "p_value": stats.chi2.sf(chi2, k)})
    n = len(frame)
    values = {"N": n, "N_fail": frame["died"].sum(), "risk": frame["months"].sum(), "ll": r["ll"], "ll_0": r["ll0"], "df_m": k,
              "aic": -2 * r["ll"] + 2 * k, "bic": -2 * r["ll"] + math.log(n) * k, "concordance": r["c"], "level": 95}
    metrics = {"n_used": n, "n_events": frame["died"].sum(), "ll": r["ll"], "ph_p": stats.chi2.sf(chi2, k), "concordance": r["c"]}
    if lr is not None:
        values |= {"chi2": lr, "p": stats.chi2.sf(lr, k)}
        metrics["chi2"] = lr
    return case({"table_hazard_ratios.csv": table(KEY, rows), "table_ph_test.csv": table(["test"], tests), "table_fit.csv": fit(values)},
                metrics, parameters, name)


COX_OUT = '''s <- residuals(f, "schoenfeld"); out <- list(b = num(coef(f)), se = num(SE), ll0 = f$loglik[1], ll = f$loglik[2],
    schoenfeld = unname(s), time = num(if (is.null(rownames(s))) sort(d$months[d$died == 1]) else rownames(s)), v = unname(V), c = num(concordance(f)$concordance))'''


def cox():
    frame = read("trial.csv").dropna(subset=["age"])
    control = ', eps = 1e-12, toler.chol = 1e-14)'
    formula = "Surv(months, died) ~ treated + age + stage2 + stage3"
    plain = COX_OUT.replace("SE", "sqrt(diag(vcov(f)))").replace("V)", "vcov(f))")
    main = run_r(f'f <- coxph({formula}, d, ties = "breslow"{control}\n{plain}')
    efron = run_r(f'f <- coxph({formula}, d, ties = "efron"{control}\n{plain}')
    robust = COX_OUT.replace("SE", "sqrt(diag(f$var) * 12 / 11)").replace("V)", "f$naive.var)").replace("concordance(f)", "concordance(f, cluster = NULL)")
    cluster = run_r(f'f <- coxph({formula} + cluster(centre), d, ties = "breslow"{control}\n'
                    f'f2 <- coxph({formula}, d, ties = "breslow"{control}\n' + robust.replace("concordance(f, cluster = NULL)", "concordance(f2)").replace('residuals(f, "schoenfeld")', 'residuals(f2, "schoenfeld")'))
    save("trial.cox.json", f"R survival {version()} coxph, Schoenfeld residuals", {"default": 1e-6, "ll": 1e-8}, cox_case(main, frame, COX_COLUMNS, "oim"), [
        cox_case(efron, frame, COX_COLUMNS, "oim", "Efron ties", {"ties": "efron"}),
        cox_case(cluster, frame, COX_COLUMNS, "cluster", "clustered", {"cluster_var": "centre"})])


def parametric():
    frame = read("trial.csv").dropna(subset=["age"])
    r = run_r('''out <- list()
for (k in c("exponential", "weibull", "lognormal", "loglogistic")) {
  f <- survreg(Surv(months, died) ~ treated + age + stage2 + stage3, d, dist = k, control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
  z <- survreg(Surv(months, died) ~ 1, d, dist = k, control = survreg.control(rel.tolerance = 1e-14))
  add <- sum(log(d$months[d$died == 1]))
  out[[k]] <- list(b = num(coef(f)), v = unname(vcov(f)), scale = f$scale, ll = f$loglik[2] + add, ll0 = z$loglik[2] + add)
}''')
    terms = [*COX_COLUMNS, "_cons"]
    order = [1, 2, 3, 4, 0]
    n = len(frame)
    criteria = {}
    for dist, f in r.items():
        k = len(f["v"])
        criteria |= {f"aic_{dist}": -2 * f["ll"] + 2 * k, f"bic_{dist}": -2 * f["ll"] + math.log(n) * k}

    def one(dist, metric, name=None, parameters=None):
        f = r[dist]
        b, v, p = np.array(f["b"]), np.array(f["v"]), 1 / f["scale"]
        jacobian = np.eye(len(v))
        if metric == "ph":
            jacobian[:5, :5] = -p * np.eye(5)
            if len(v) > 5:
                jacobian[:5, 5] = b * p
            b = -p * b
        v = jacobian @ v @ jacobian.T
        se = np.sqrt(np.diag(v))
        est, err, eq, names = list(b[order]), list(se[order]), ["_t"] * 5, list(terms)
        if len(v) > 5:
            sign, label = {"weibull": (-1, "ln_p"), "lognormal": (1, "lnsigma"), "loglogistic": (1, "lngamma")}[dist]
            est, err, eq, names = [*est, sign * math.log(f["scale"])], [*err, se[5]], [*eq, "/"], [*names, label]
        est, err = np.array(est), np.array(err)
        rows = []
        for e, t, x, s in zip(eq, names, est, err):
            row = coefficient_rows(e, [t], [x], [s], [x / s], [2 * stats.norm.sf(abs(x / s))], [x - Z * s], [x + Z * s])[0]
            # the exponential of a parameter of shape is no ratio
            rows.append(row | ({"ratio": math.exp(x), "ratio_low": math.exp(x - Z * s), "ratio_high": math.exp(x + Z * s)} if e != "/" else dict.fromkeys(("ratio", "ratio_low", "ratio_high"))))
        lr, k = 2 * (f["ll"] - f["ll0"]), len(v)
        values = {"N": n, "N_fail": frame["died"].sum(), "risk": frame["months"].sum(), "ll": f["ll"], "ll_0": f["ll0"], "chi2": lr, "df_m": 4,
                  "p": stats.chi2.sf(lr, 4), "aic": -2 * f["ll"] + 2 * k, "bic": -2 * f["ll"] + math.log(n) * k, "level": 95, **criteria}
        metrics = {"n_used": n, "n_events": frame["died"].sum(), "ll": f["ll"], "chi2": lr, "aic": -2 * f["ll"] + 2 * k, "metric": metric}
        return case({"table_coefficients.csv": table(KEY, rows), "table_fit.csv": fit(values)}, metrics, parameters, name)

    save("trial.parametric.json", f"R survival {version()} survreg; delta method", {"default": 1e-6, "ll": 1e-8}, one("weibull", "ph"), [
        one("weibull", "aft", "log time", {"metric": "aft"}), one("exponential", "ph", "exponential", {"dist": "exponential"}),
        one("lognormal", "aft", "lognormal", {"dist": "lognormal"}), one("loglogistic", "aft", "loglogistic", {"dist": "loglogistic"})])


def programme(y, x, q):
    """Vertex of the linear programme of a quantile."""
    n, p = x.shape
    scale = np.abs(x).max(axis=0)
    found = optimize.linprog(np.r_[np.zeros(p), q * np.ones(n), (1 - q) * np.ones(n)], A_eq=np.hstack([x / scale, np.eye(n), -np.eye(n)]),
                             b_eq=y, bounds=[(None, None)] * p + [(0, None)] * (2 * n), method="highs-ds")
    b = found.x[:p] / scale
    basis = []
    for i in np.argsort(np.abs(y - x @ b), kind="stable"):
        if np.linalg.matrix_rank((x / scale)[[*basis, i]]) > len(basis):
            basis.append(i)
        if len(basis) == p:
            return np.linalg.solve(x[basis], y[basis])
    raise ValueError("no basis")


def quantile():
    frame = read("pay.csv").dropna(subset=["log_pay", "schooling"])
    terms = ["schooling", "years_work", "female", "2.sector", "3.sector", "4.sector", "_cons"]
    x = np.column_stack([frame["schooling"].astype(float), frame["years_work"], frame["female"], *[(frame["sector"] == k).astype(float) for k in (2, 3, 4)],
                         np.ones(len(frame))])
    y = frame["log_pay"].to_numpy()
    n, k = x.shape

    def one(quantiles, name=None, parameters=None):
        rows, values = [], {"N": n, "df_r": n - k, "level": 95}
        # quantiles whose optimum is unique on these rows; the median has several
        for q in quantiles:
            z = stats.norm.ppf(q)
            h = n ** (-1 / 3) * Z ** (2 / 3) * (1.5 * stats.norm.pdf(z) ** 2 / (2 * z * z + 1)) ** (1 / 3)
            b = programme(y, x, q)
            gap = x @ (programme(y, x, q + h) - programme(y, x, q - h))
            d = np.linalg.inv((x * np.where(gap > 0, 2 * h / gap, 0)[:, None]).T @ x)
            se = np.sqrt(np.diag(q * (1 - q) * d @ (x.T @ x) @ d))
            half = stats.t.ppf(0.975, n - k) * se
            label = f"q{q * 100:g}"
            rows += coefficient_rows(label, terms, b, se, b / se, 2 * stats.t.sf(abs(b / se), n - k), b - half, b + half)
            loss = lambda e: np.sum(np.where(e >= 0, q * e, (q - 1) * e))
            # Stata compares with the value number floor((n + 1) q): published q_v 4187 of 74 prices at .25, [R] qreg
            raw = np.sort(y)[int((n + 1) * q * (1 + 1e-12)) - 1]
            values[f"r2_{label}"] = 1 - loss(y - x @ b) / loss(y - raw)
        first = values[f"r2_q{quantiles[0] * 100:g}"]
        return case({"table_coefficients.csv": table(KEY, rows), "table_fit.csv": fit(values)},
                    {"n_used": n, "r2_first": first, "n_quantiles": len(quantiles)}, parameters, name)

    save("pay.quantile.json", f"scipy {scipy.__version__} linprog (HiGHS); Hendricks and Koenker (1992) by hand", {"default": 1e-6},
         one([0.1, 0.25, 0.75, 0.9]), [one([0.4, 0.6], "inner quantiles", {"quantiles": "0.6 0.4"})])


def delong(markers, y):
    """Areas and covariance of DeLong, DeLong and Clarke-Pearson (1988)."""
    ones, zeros = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    v10, v01, area = [], [], []
    for m in markers:
        psi = (m[ones][:, None] > m[zeros][None, :]) + 0.5 * (m[ones][:, None] == m[zeros][None, :])
        v10.append(psi.mean(axis=1)), v01.append(psi.mean(axis=0)), area.append(psi.mean())
    return np.array(area), np.atleast_2d(np.cov(v10)) / len(ones) + np.atleast_2d(np.cov(v01)) / len(zeros)


def roc():
    def one(frame, names, name=None, parameters=None):
        frame = frame.dropna(subset=names)
        y = frame["disease"].to_numpy()
        area, v = delong([frame[m].to_numpy(float) for m in names], y)
        rows, cuts = [], []
        for j, m in enumerate(names):
            assert abs(area[j] - roc_auc_score(y, frame[m])) < 1e-12
            se = math.sqrt(v[j, j])
            rows.append({"marker": m, "auc": area[j], "std_error": se, "ci_low": area[j] - Z * se, "ci_high": area[j] + Z * se, "n": len(y), "n_diseased": y.sum()})
            x = frame[m].to_numpy(float)
            points = []
            for cut in np.unique(x):
                sens, spec = ((x >= cut) & (y == 1)).sum() / y.sum(), ((x < cut) & (y == 0)).sum() / (1 - y).sum()
                points.append({"marker": m, "cutoff": cut, "sensitivity": sens, "specificity": spec, "correct": (sens * y.sum() + spec * (1 - y).sum()) / len(y),
                               "lr_plus": sens / (1 - spec) if spec < 1 else None, "lr_minus": (1 - sens) / spec if spec > 0 else None, "youden": sens + spec - 1})
            best = max(p["youden"] for p in points)
            for p in points:
                p["best"] = int(abs(p["youden"] - best) < 1e-12)
            if j == 0:
                youden, cutoff = best, min(p["cutoff"] for p in points if p["best"])
            cuts += points
        metrics = {"n_used": len(y), "n_diseased": y.sum(), "auc": area[0], "best_cutoff": cutoff, "youden": youden}
        if len(names) > 1:
            chi2 = (area[0] - area[1]) ** 2 / (v[0, 0] + v[1, 1] - 2 * v[0, 1])
            rows.append({"marker": "difference", "n": len(y), "n_diseased": y.sum(), "statistic": chi2, "p_value": stats.chi2.sf(chi2, 1)})
            metrics["chi2"] = chi2
        return case({"table_auc.csv": table(["marker"], rows), "table_cutoffs.csv": table([], cuts), "table_fit.csv": fit({"N": len(y), "n_diseased": y.sum(), "n_healthy": len(y) - y.sum()})}, metrics, parameters, name)

    frame = read("screening.csv")
    save("screening.roc.json", "scikit-learn roc_auc_score; DeLong et al. (1988) by hand", {"default": 1e-8}, one(frame, ["marker_a", "marker_b"]),
         [one(frame, ["marker_a"], "one marker", {"second_marker": None})])


def cells(g):
    count = lambda c, e: int(((g["disease"] == c) & (g["exposed"] == e)).sum())
    return count(1, 1), count(1, 0), count(0, 1), count(0, 0)


def adjusted(tables, design):
    """Mantel-Haenszel ratio with limits and the test of homogeneity, by hand."""
    total = lambda f: sum(f(*t) for t in tables)
    n = lambda a, b, c, d: a + b + c + d
    if design == "cohort":
        r, s = total(lambda a, b, c, d: a * (b + d) / n(a, b, c, d)), total(lambda a, b, c, d: b * (a + c) / n(a, b, c, d))
        v = total(lambda a, b, c, d: ((a + b) * (a + c) * (b + d) - a * b * n(a, b, c, d)) / n(a, b, c, d) ** 2) / (r * s)
        parts = [(math.log(a / (a + c) / (b / (b + d))), c / (a * (a + c)) + d / (b * (b + d))) for a, b, c, d in tables]
    elif design == "case_control":
        st = StratifiedTable([np.array([[a, b], [c, d]]) for a, b, c, d in tables])
        r, s = st.oddsratio_pooled, 1.0
        v = st.logodds_pooled_se**2
        parts = [(math.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d) for a, b, c, d in tables]
    else:
        r = sum(a * t0 / (t1 + t0) for a, b, t1, t0 in tables)
        s = sum(b * t1 / (t1 + t0) for a, b, t1, t0 in tables)
        v = sum((a + b) * t1 * t0 / (t1 + t0) ** 2 for a, b, t1, t0 in tables) / (r * s)
        parts = [(math.log(a * t0 / (b * t1)), 1 / a + 1 / b) for a, b, t1, t0 in tables]
    ratio, half = r / s, Z * math.sqrt(v)
    chi2 = sum((x - math.log(ratio)) ** 2 / w for x, w in parts)
    return (ratio, ratio * math.exp(-half), ratio * math.exp(half)), chi2


def rates(g):
    e = g["exposed"] == 1
    return int(g.loc[e, "disease"].sum()), int(g.loc[~e, "disease"].sum()), g.loc[e, "years"].sum(), g.loc[~e, "years"].sum()


def crude(g, design):
    """Ratio with limits of one table, as the command of the design gives it."""
    if design == "rate":
        a, b, t1, t0 = rates(g)
        ci = stats.binomtest(a, a + b).proportion_ci(0.95, method="exact")
        return a * t0 / (b * t1), ci.low / (1 - ci.low) * t0 / t1, ci.high / (1 - ci.high) * t0 / t1
    a, b, c, d = cells(g)
    if design == "cohort":
        rr = a / (a + c) / (b / (b + d))
        half = Z * math.sqrt(c / (a * (a + c)) + d / (b * (b + d)))
        return rr, rr * math.exp(-half), rr * math.exp(half)
    ci = odds_ratio([[a, b], [c, d]]).confidence_interval(0.95)
    return a * d / (b * c), ci.low, ci.high


def effect_measures():
    frame = read("screening.csv")
    row = lambda m, x=(None, None, None), s=None, p=None: {"measure": m, "estimate": x[0], "ci_low": x[1], "ci_high": x[2], "statistic": s, "p_value": p}

    def one(design, name=None, parameters=None):
        a, b, c, d = cells(frame)
        chi2 = stats.chi2_contingency([[a, b], [c, d]], correction=False)
        ratio = crude(frame, design)
        assert ratio[0] > 1
        af = tuple(1 - 1 / r for r in ratio)
        label = {"cohort": "risk_ratio", "case_control": "odds_ratio", "rate": "rate_ratio"}[design]
        rows = []
        if design == "cohort":
            diff = a / (a + c) - b / (b + d)
            half = Z * math.sqrt(a * c / (a + c) ** 3 + b * d / (b + d) ** 3)
            low, high = Table2x2(np.array([[a, c], [b, d]])).oddsratio_confint()
            rows += [row("risk_difference", (diff, diff - half, diff + half), chi2.statistic, chi2.pvalue), row("odds_ratio", (a * d / (b * c), low, high))]
        if design == "rate":
            x, z, t1, t0 = rates(frame)
            diff, half = x / t1 - z / t0, Z * math.sqrt(x / t1**2 + z / t0**2)
            dist = stats.binom(x + z, t1 / (t1 + t0))
            mid = dist.sf(x) + 0.5 * dist.pmf(x)
            rows += [row("rate_difference", (diff, diff - half, diff + half)), row(label, ratio, None, min(1, 2 * mid))]
        else:
            rows.append(row(label, ratio, chi2.statistic, chi2.pvalue))
        rows += [row("attributable_fraction", af), row("attributable_fraction_population", (af[0] * a / (a + b), None, None))]
        groups = [g for _, g in frame.groupby("age_group")]
        tables = [rates(g) if design == "rate" else cells(g) for g in groups]
        combined, hom = adjusted(tables, design)
        rows += [row(f"{label}_adjusted", combined), row("homogeneity", s=hom, p=stats.chi2.sf(hom, 2))]
        if design != "rate":
            plain = [cells(g) for g in groups]
            st = StratifiedTable([np.array([[a, b], [c, d]]) for a, b, c, d in plain])
            null = st.test_null_odds(correction=False)
            n = [sum(t) for t in plain]
            q = sum(t[0] * t[3] / m for t, m in zip(plain, n))
            r = sum(t[1] * t[2] / m for t, m in zip(plain, n))
            v = sum((t[0] + t[2]) * (t[1] + t[3]) * (t[0] + t[1]) * (t[2] + t[3]) / (m * m * (m - 1)) for t, m in zip(plain, n))
            half = Z * math.sqrt(v / (q * r))
            rows.append(row("odds_ratio_mantel_haenszel", (q / r, q / r * math.exp(-half), q / r * math.exp(half)), null.statistic, null.pvalue))
        strata = []
        for level, g in frame.groupby("age_group"):
            x = crude(g, design)
            strata.append({"stratum": str(level), "n": len(g), "cases": g["disease"].sum(), "estimate": x[0], "ci_low": x[1], "ci_high": x[2]})
        strata.append({"stratum": "all, Mantel-Haenszel", "n": len(frame), "estimate": combined[0], "ci_low": combined[1], "ci_high": combined[2]})
        return case({"table_measures.csv": table(["measure"], rows), "table_strata.csv": table(["stratum"], strata)},
                    {"n_used": len(frame), "ratio": ratio[0], "ratio_adjusted": combined[0]}, parameters, name)

    save("screening.effect_measures.json", f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}; Mantel-Haenszel by hand", {"default": 1e-8, "case_control": 1e-7},
         one("cohort"), [one("case_control", "case-control", {"design": "case_control"}), one("rate", "rates", {"design": "rate", "person_time": "years"})])


def write_all() -> None:
    """Writes all golden files of this script."""
    km()
    cox()
    parametric()
    quantile()
    roc()
    effect_measures()


if __name__ == "__main__":
    write_all()
