"""Golden numbers of the templates for ordered and unordered choices (statsmodels; delta method by hand)."""

import numpy as np
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from golden import case, fit, read, save, table
from goldens_models import LIKELIHOOD, effect_rows, with_differences, z_rows

SOURCE = f"statsmodels {statsmodels.__version__}"


def probabilities(b, cuts, x):
    """Probabilities of an ordered logit, one column per category, and the cumulative densities."""
    below = 1 / (1 + np.exp(-(cuts[None, :] - (x @ b)[:, None])))
    density = below * (1 - below)
    edges = np.column_stack([np.zeros(len(x)), below, np.ones(len(x))])
    slopes = np.column_stack([np.zeros(len(x)), density, np.zeros(len(x))])
    return np.diff(edges, axis=1), slopes


def numeric(function, at):
    """Jacobian by extrapolated central differences."""
    at = np.asarray(at, float)
    out = []
    for j in range(len(at)):
        def central(h):
            up, down = at.copy(), at.copy()
            up[j] += h
            down[j] -= h
            return (np.asarray(function(up)) - np.asarray(function(down))) / (2 * h)
        out.append(richardson(central, max(abs(at[j]), 1.0) * 1e-3))
    return np.column_stack(out)


def richardson(central, h):
    """Romberg extrapolation of a central difference, three levels."""
    rows = [central(h), central(h / 2), central(h / 4)]
    first = [(4 * rows[i + 1] - rows[i]) / 3 for i in range(2)]
    return (16 * first[1] - first[0]) / 15


def sandwich(information, scores):
    """Robust covariance of a likelihood with the factor n/(n-1)."""
    bread = np.linalg.inv(information)
    n = len(scores)
    return bread @ (scores.T @ scores) @ bread * n / (n - 1)


def ologit() -> None:
    """Satisfaction in five levels."""
    data = read("households.csv").dropna(subset=["income"])
    names = ["income", "age", "city"]
    x = data[names].to_numpy(float)
    y = data["satisfaction"].to_numpy(int) - 1
    model = OrderedModel(y, x, distr="logit")
    start = model.fit(method="bfgs", disp=0, maxiter=2000, gtol=1e-8).params
    cuts = model.transform_threshold_params(start)[1:-1]
    theta = np.concatenate([start[:3], cuts])
    n, k = len(y), 3

    def per_row(t):
        p, _ = probabilities(t[:k], t[k:], x)
        return np.log(p[np.arange(n), y])

    def scores(t):
        p, s = probabilities(t[:k], t[k:], x)
        own = p[np.arange(n), y]
        up, low = s[np.arange(n), y + 1], s[np.arange(n), y]
        g = np.zeros((n, len(t)))
        g[:, :k] = -((up - low) / own)[:, None] * x
        for c in range(4):
            g[:, k + c] = (np.where(y == c, up, 0) - np.where(y == c + 1, low, 0)) / own
        return g

    for _ in range(20):
        information = -numeric(lambda t: scores(t).sum(axis=0), theta)
        theta = theta + np.linalg.solve(information, scores(theta).sum(axis=0))
    information = -numeric(lambda t: scores(t).sum(axis=0), theta)
    cov = sandwich((information + information.T) / 2, scores(theta))
    ll = per_row(theta).sum()
    counts = np.bincount(y)
    ll_0 = (counts * np.log(counts / n)).sum()
    wald = theta[:k] @ np.linalg.solve(cov[:k, :k], theta[:k])

    def slopes(t):
        _, s = probabilities(t[:k], t[k:], x)
        return [[-(s[:, c + 1] - s[:, c]).mean() * t[j] for c in range(5)] for j in range(k)]

    average = with_differences(slopes, lambda x, t: probabilities(t[:k], t[k:], x)[0], x)
    effects = lambda t: average(t).T.ravel()

    jacobian = numeric(effects, theta)
    error = np.sqrt(np.diag(jacobian @ cov @ jacobian.T)).reshape(5, k)
    value = effects(theta).reshape(5, k)
    se = np.sqrt(np.diag(cov))
    coefficients = z_rows("satisfaction", names, theta[:k], se[:k])
    for row in coefficients:
        row |= {"odds_ratio": np.exp(row["estimate"]), "odds_ratio_low": np.exp(row["ci_low"]), "odds_ratio_high": np.exp(row["ci_high"])}
    margins = [{"outcome": str(c + 1)} | r for c in range(5) for r in effect_rows(names, value[c], error[c], x)]
    values = {"N": n, "ll": ll, "ll_0": ll_0, "chi2": wald, "p": stats.chi2.sf(wald, k), "df_m": k, "r2_p": 1 - ll / ll_0,
              "k_cat": 5, "aic": -2 * ll + 14, "bic": -2 * ll + np.log(n) * 7, "level": 95}
    save("households.ologit.json", SOURCE + " OrderedModel, Newton steps and delta method by hand", LIKELIHOOD, case(
        {"table_coefficients.csv": table(["term"], coefficients),
         "table_cutpoints.csv": table(["term"], z_rows("cut_point", [f"cut{c}" for c in range(1, 5)], theta[k:], se[k:])),
         "table_margins.csv": table(["outcome", "term"], margins), "table_fit.csv": fit(values)},
        {"n_used": n, "ll": ll, "r2_p": values["r2_p"], "chi2": wald}))


def mlogit_case(base, rrr, name=None, parameters=None, robust=True):
    """Way to work against a base outcome."""
    data = read("households.csv").dropna(subset=["income"])
    names = ["income", "age", "city", "children"]
    x = sm.add_constant(data[names].astype(float), prepend=False)
    order = [base] + [c for c in (1, 2, 3, 4) if c != base]
    y = data["transport"].map({c: i for i, c in enumerate(order)})
    model = sm.MNLogit(y, x)
    result = model.fit(method="newton", tol=1e-14, disp=0, maxiter=100)
    v, n = x.to_numpy(), len(x)
    theta = result.params.to_numpy().T.ravel()

    def shares(t, v=v):
        eta = np.column_stack([np.zeros(n), v @ t.reshape(3, 5).T])
        e = np.exp(eta - eta.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    p = shares(theta)
    hits = (y.to_numpy()[:, None] == np.arange(1, 4)).astype(float)
    scores = np.concatenate([(hits[:, j] - p[:, j + 1])[:, None] * v for j in range(3)], axis=1)
    information = np.zeros((15, 15))
    for a in range(3):
        for b in range(3):
            w = p[:, a + 1] * ((a == b) - p[:, b + 1])
            information[5 * a:5 * a + 5, 5 * b:5 * b + 5] = (v * w[:, None]).T @ v
    cov = sandwich(information, scores) if robust else np.linalg.inv(information)
    slopes = [5 * j + i for j in range(3) for i in range(4)]
    wald = theta[slopes] @ np.linalg.solve(cov[np.ix_(slopes, slopes)], theta[slopes])
    chi2 = wald if robust else 2 * (result.llf - result.llnull)

    def slopes(t):
        q, full = shares(t), np.vstack([np.zeros(5), t.reshape(3, 5)])
        mean = q @ full
        return [[(q[:, c] * (full[c, i] - mean[:, i])).mean() for c in range(4)] for i in range(4)]

    average = with_differences(slopes, lambda x, t: shares(t, x), v)
    effects = lambda t: average(t).T.ravel()

    jacobian = numeric(effects, theta)
    value = effects(theta).reshape(4, 4)
    error = np.sqrt(np.diag(jacobian @ cov @ jacobian.T)).reshape(4, 4)
    se = np.sqrt(np.diag(cov)).reshape(3, 5)
    rows = []
    for c in (1, 2, 3, 4):
        if c == base:
            continue
        at = order.index(c) - 1
        for row in z_rows("transport", x.columns.str.replace("const", "_cons"), theta.reshape(3, 5)[at], se[at]):
            row = {"outcome": str(c)} | row
            if rrr:
                row |= {"rrr": np.exp(row["estimate"]), "rrr_low": np.exp(row["ci_low"]), "rrr_high": np.exp(row["ci_high"])}
            rows.append(row)
    margins = [{"outcome": str(c)} | r for c in (1, 2, 3, 4) for r in effect_rows(names, value[order.index(c)], error[order.index(c)], v)]
    values = {"N": n, "ll": result.llf, "ll_0": result.llnull, "chi2": chi2, "p": stats.chi2.sf(chi2, 12), "df_m": 12,
              "r2_p": result.prsquared, "k_out": 4, "aic": -2 * result.llf + 30, "bic": -2 * result.llf + np.log(n) * 15,
              "base_outcome": base, "level": 95}
    return case({"table_coefficients.csv": table(["outcome", "term"], rows), "table_margins.csv": table(["outcome", "term"], margins),
                 "table_fit.csv": fit(values)},
                {"n_used": n, "ll": result.llf, "r2_p": result.prsquared, "chi2": chi2}, parameters, name)


def mlogit() -> None:
    """The most frequent outcome as base; another base with ratios and plain errors."""
    save("households.mlogit.json", SOURCE + " MNLogit, delta method by hand", LIKELIHOOD, mlogit_case(1, False), [
        mlogit_case(4, True, "base on foot, ratios, information matrix", {"base_outcome": 4, "rrr": True, "vce": "oim"}, False)])


def write_all() -> None:
    """Writes all golden files of this module."""
    ologit()
    mlogit()


if __name__ == "__main__":
    write_all()
