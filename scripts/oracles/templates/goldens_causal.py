"""Golden numbers of the treatment-effect and regression-discontinuity templates (statsmodels, numpy by hand).

Run through make_goldens.py.
"""

import numpy as np
import statsmodels
import statsmodels.api as sm
from golden import case, fit as fit_rows, read, save, table
from scipy import stats

SOURCE = f"statsmodels {statsmodels.__version__}"
COVARIATES = ["age", "schooling", "married", "earnings_before"]


def effect_row(term, b, se):
    """One row with the normal distribution, level 95."""
    half = stats.norm.ppf(0.975) * se
    return {"term": term, "estimate": b, "std_error": se, "statistic": b / se, "p_value": 2 * stats.norm.sf(abs(b / se)),
            "ci_low": b - half, "ci_high": b + half}


def balance(z, t, weights):
    """Standardised differences and variance ratios before and after."""
    rows = []

    def moments(x, w, group):
        a, v = w[group], x[group]
        size = (a > 0).sum()
        a = a / a.sum() * size
        mean = (a * v).sum() / size
        return mean, (a * (v - mean) ** 2).sum() / (size - 1)

    for j, name in enumerate(COVARIATES):
        row = {"term": name}
        for label, w in (("before", np.ones(len(t))), ("after", weights)):
            (m1, v1), (m0, v0) = moments(z[:, j], w, t), moments(z[:, j], w, ~t)
            row[f"std_diff_{label}"] = (m1 - m0) / np.sqrt((v1 + v0) / 2)
            row[f"var_ratio_{label}"] = v1 / v0
        rows.append(row)
    return rows


def scores():
    """Sample, propensity scores and their logit."""
    data = read("training.csv").dropna(subset=["earnings"])
    z = np.column_stack([data[COVARIATES].to_numpy().astype(float), np.ones(len(data))])
    t = data["trained"].to_numpy() == 1
    logit = sm.Logit(t.astype(float), z).fit(disp=0, tol=1e-14, maxiter=200)
    return data["earnings"].to_numpy(), t, z, np.asarray(logit.predict()), logit


def metrics(y, t, p, b, se, rows):
    """Metrics that both templates emit."""
    return {"n_used": len(y), "n_treated": t.sum(), "n_control": (~t).sum(), "effect": b, "effect_se": se,
            "naive": y[t].mean() - y[~t].mean(), "worst_balance": max(abs(r["std_diff_after"]) for r in rows),
            "score_treated": p[t].mean(), "score_control": p[~t].mean()}


def size_rows(t):
    """Fit table of a treatment effect: rows of both groups."""
    return fit_rows({"N": len(t), "n_treated": t.sum(), "n_control": (~t).sum()})


def ipw_case(atet, name=None, parameters=None):
    """Normalised weights; the covariance stacks the moments of the logit and of the two means."""
    y, t, z, p, _ = scores()
    w = np.where(t, 1.0, p / (1 - p)) if atet else np.where(t, 1 / p, 1 / (1 - p))
    m1, m0 = np.average(y[t], weights=w[t]), np.average(y[~t], weights=w[~t])
    n = len(y)
    f = p * (1 - p)
    g = np.column_stack([t * w * (y - m1), (~t) * w * (y - m0), (t - p)[:, None] * z])
    # derivatives of the weights in the index
    dw1 = np.zeros(n) if atet else -f / p**2
    dw0 = p / (1 - p) if atet else f / (1 - p) ** 2
    k = z.shape[1]
    jac = np.zeros((k + 2, k + 2))
    jac[0, 0], jac[1, 1] = -(t * w).mean(), -((~t) * w).mean()
    jac[0, 2:] = ((t * dw1 * (y - m1))[:, None] * z).mean(0)
    jac[1, 2:] = (((~t) * dw0 * (y - m0))[:, None] * z).mean(0)
    jac[2:, 2:] = -(z.T * f) @ z / n
    inverse = np.linalg.inv(jac)
    v = inverse @ (g.T @ g / n) @ inverse.T / n
    effect, se = m1 - m0, np.sqrt(v[0, 0] + v[1, 1] - 2 * v[0, 1])
    rows = [effect_row("atet" if atet else "ate", effect, se),
            effect_row("mean_without_treatment", m0, np.sqrt(v[1, 1])),
            {"term": "difference_of_means", "estimate": y[t].mean() - y[~t].mean(), "std_error": None}]
    table_rows = balance(z, t, w)
    return case({"table_effects.csv": table(["term"], rows), "table_balance.csv": table(["term"], table_rows), "table_fit.csv": size_rows(t)},
                metrics(y, t, p, effect, se, table_rows), parameters, name)


def psm_case(atet, m, name=None, parameters=None):
    """Nearest scores with ties; variance of Abadie and Imbens (2006) with the adjustment of 2016."""
    y, t, z, p, logit = scores()
    n, tie, f, v = len(y), np.sqrt(np.finfo(float).eps), p * (1 - p), np.asarray(logit.cov_params())

    def nearest(i, group, count, distance, slack):
        others = np.where(t == group)[0]
        d = distance(others)
        return others[d <= np.partition(d, count - 1)[count - 1] + slack]

    def near(i, group, count):
        return nearest(i, group, count, lambda others: np.abs(p[others] - p[i]), 0)

    def alike(i, group, count):
        """Nearest in the space of the covariates, unscaled."""
        return nearest(i, group, count, lambda others: np.sqrt(((z[others] - z[i]) ** 2).sum(1)), tie)

    def mean_without(i, group, count):
        """Mean outcome of the nearest scores of a group, without the row itself."""
        distance = lambda others: np.where(others == i, np.inf, np.abs(p[others] - p[i]))
        return y[nearest(i, group, count, distance, 0)].mean()

    used, squared, difference = np.zeros(n), np.zeros(n), np.full(n, np.nan)
    for i in range(n):
        if atet and not t[i]:
            continue
        match = near(i, not t[i], m)
        used[match] += 1 / len(match)
        squared[match] += 1 / len(match) ** 2
        difference[i] = (y[i] - y[match].mean()) * (1 if t[i] else -1)
    counted = t if atet else np.ones(n, bool)
    effect, size = difference[counted].mean(), counted.sum()
    own = np.array([y[near(i, t[i], 2)].var(ddof=1) for i in range(n)])
    factor = np.where(t, 0, used**2 - squared) if atet else used**2 + 2 * used - squared
    variance = (((difference[counted] - effect) ** 2).sum() + (factor * own).sum()) / size**2
    c, d = np.zeros(z.shape[1]), np.zeros(z.shape[1])
    for i in range(n):
        local = {}
        for group in (True, False):
            s = near(i, group, 2)
            cov = ((z[s] - z[s].mean(0)) * (y[s] - y[s].mean())[:, None]).sum(0) / (len(s) - 1)
            local[group] = cov
        if atet:
            # the derivative compares rows of the same covariates: at one score it would not depend on them
            gap = (y[i] - y[alike(i, not t[i], m)].mean()) * (1 if t[i] else -1)
            d += z[i] * f[i] * (gap - effect)
            moved = z[i] * f[i] * (mean_without(i, True, 2) - mean_without(i, False, 2) - effect)
            c += moved + f[i] * (local[True] + p[i] / (1 - p[i]) * local[False])
        else:
            c += f[i] * (local[True] / p[i] + local[False] / (1 - p[i]))
    c, d = c / size, d / size
    variance += d @ v @ d - c @ v @ c
    rows = [effect_row("atet" if atet else "ate", effect, np.sqrt(variance)),
            {"term": "difference_of_means", "estimate": y[t].mean() - y[~t].mean(), "std_error": None}]
    table_rows = balance(z, t, used + counted)
    return case({"table_effects.csv": table(["term"], rows), "table_balance.csv": table(["term"], table_rows), "table_fit.csv": size_rows(t)},
                metrics(y, t, p, effect, np.sqrt(variance), table_rows), parameters, name)


def rd_case(bandwidth, degree, kernel, controls, name=None, parameters=None):
    """Local polynomials on both sides with HC1 errors."""
    data = read("scholarship.csv")
    y, r = data["final_grade"].to_numpy(), data["entry_score"].to_numpy() - 60.0
    above = r >= 0
    n = len(y)
    if bandwidth is None:
        rss, curvature = 0.0, 0.0
        for side in (False, True):
            x = np.column_stack([r[above == side] ** k for k in range(5)])
            fit = sm.OLS(y[above == side], x).fit()
            rss += fit.ssr
            b = fit.params
            curvature += ((2 * b[2] + 6 * b[3] * x[:, 1] + 12 * b[4] * x[:, 2]) ** 2).sum()
        constant = 2.702 if kernel == "uniform" else 3.438
        bandwidth = min(constant * (rss / n * (r.max() - r.min()) / curvature) ** 0.2, max(-r.min(), r.max()))
    widths, effects = [], []
    for factor in (0.5, 0.75, 1, 1.5, 2):
        h = factor * bandwidth
        w = (np.abs(r) <= h).astype(float) if kernel == "uniform" else np.maximum(0, 1 - np.abs(r) / h)
        keep = w > 0
        below, over = (keep & ~above).sum(), (keep & above).sum()
        if min(below, over) < 20:
            continue
        rr, a = r[keep], above[keep].astype(float)
        x = np.column_stack([a, np.ones(len(rr))] + [rr**k for k in range(1, degree + 1)]
                            + [a * rr**k for k in range(1, degree + 1)]
                            + [data[c].to_numpy()[keep].astype(float) for c in controls])
        ww = w[keep] * keep.sum() / w[keep].sum()
        fit = sm.WLS(y[keep], x, weights=ww).fit(cov_type="HC1", use_t=True)
        b, se, df = fit.params[0], fit.bse[0], len(rr) - x.shape[1]
        half, p = stats.t.ppf(0.975, df) * se, 2 * stats.t.sf(abs(b / se), df)
        widths.append({"factor": factor, "bandwidth": h, "n_below": below, "n_above": over, "estimate": b,
                       "std_error": se, "p_value": p, "ci_low": b - half, "ci_high": b + half})
        if factor == 1:
            effects.append({"term": "jump", "estimate": b, "std_error": se, "statistic": b / se, "p_value": p,
                            "ci_low": b - half, "ci_high": b + half})
            if not controls:
                effects.append({"term": "level_below", "estimate": fit.params[1], "std_error": fit.bse[1]})
            size = {"N": below + over, "n_below": below, "n_above": over, "n_sample": n, "bandwidth": bandwidth, "degree": degree, "r2": fit.rsquared, "df_r": df}
            m = {"n_used": below + over, "n_below": below, "n_above": over, "bandwidth": bandwidth, "effect": b,
                 "effect_se": se}
    return case({"table_effects.csv": table(["term"], effects), "table_bandwidths.csv": table([], widths), "table_fit.csv": fit_rows(size)},
                m, parameters, name)


def write_all() -> None:
    """All files."""
    save("training.ipw.json", SOURCE + " Logit; stacked estimating equations by hand", {"default": 1e-6}, ipw_case(False),
         [ipw_case(True, "effect on the treated", {"estimand": "atet"})])
    save("training.psm.json", SOURCE + " Logit; matches and variance by hand", {"default": 1e-6}, psm_case(False, 1),
         [psm_case(True, 3, "effect on the treated, three neighbours", {"estimand": "atet", "neighbors": 3})])
    save("scholarship.sharp.json", SOURCE + " WLS HC1", {"default": 1e-7}, rd_case(None, 1, "triangular", []),
         [rd_case(12, 2, "uniform", ["female"], "stated bandwidth, quadratic, uniform kernel, a control",
                  {"bandwidth": 12, "degree": 2, "kernel": "uniform", "controls": ["female"]})])


if __name__ == "__main__":
    write_all()
