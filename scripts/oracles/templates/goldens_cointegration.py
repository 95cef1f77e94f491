"""Golden numbers of the cointegration template (statsmodels coint_johansen, VECM and adfuller; numpy for the model of a given rank).

The error-correction model is least squares given the relations (Johansen 1995, chapter 6; Stata Time-Series Reference Manual, vec).
"""

import numpy as np
import statsmodels
from goldens_series import z_rows
from scipy import stats
from statsmodels.tsa.stattools import adfuller
from statsmodels.tsa.vector_ar.vecm import VECM, coint_johansen

from golden import case, fit, read, save, table

NAMES = ["long_rate", "short_rate", "inflation"]
# Osterwald-Lenum (1992), 5 percent, by series less rank
CRITICAL = {
    "constant": ([3.76, 15.41, 29.68], [3.76, 14.07, 20.97]),
    "rconstant": ([9.24, 19.96, 34.91], [9.24, 15.67, 22.00]),
}


def reduced_rank(y, lags, inside):
    """Eigenvalues, vectors and moments of Johansen's regression; `inside` puts the constant into the relations."""
    d = np.diff(y, axis=0)
    n = len(y) - lags
    z0 = d[lags - 1:]
    z1 = y[lags - 1:-1]
    short = [d[lags - 1 - j: len(d) - j] for j in range(1, lags)]
    if inside:
        z1 = np.column_stack([z1, np.ones(n)])
    else:
        short = [*short, np.ones((n, 1))]
    z2 = np.column_stack(short) if short else None

    def left(a):
        return a if z2 is None else a - z2 @ np.linalg.lstsq(z2, a, rcond=None)[0]

    r0, r1 = left(z0), left(z1)
    s00, s01, s11 = r0.T @ r0 / n, r0.T @ r1 / n, r1.T @ r1 / n
    chol = np.linalg.cholesky(s11)
    half = np.linalg.solve(chol, s01.T)
    values, vectors = np.linalg.eigh(half @ np.linalg.solve(s00, half.T))
    order = np.argsort(values)[::-1]
    return values[order], np.linalg.solve(chol.T, vectors[:, order]), s00, s01, s11, z0, z1, z2, n


def cointegration_case(lags, trend, names=NAMES, name=None, parameters=None):
    """Tests, the relation of rank one with its errors, the model, and Lagrange-multiplier tests of its residuals."""
    y = read("rates.csv")[names].to_numpy()
    k, inside = len(names), trend == "rconstant"
    values, vectors, s00, s01, s11, z0, z1, z2, n = reduced_rank(y, lags, inside)
    values = values[:k]
    if not inside:
        check = coint_johansen(y, 0, lags - 1)
        np.testing.assert_allclose(check.lr1, [-n * np.log(1 - values[r:]).sum() for r in range(k)], rtol=1e-8)
    half = n / 2
    ll = [-half * (k * (1 + np.log(2 * np.pi)) + np.linalg.slogdet(s00)[1] + np.log(1 - values[:r]).sum()) for r in range(k + 1)]
    traces, largest = CRITICAL[trend]
    rank_rows = [{"rank": r, "ll": ll[r], "eigenvalue": values[r], "trace": -n * np.log(1 - values[r:]).sum(), "trace_5": traces[k - r - 1],
                  "largest": -n * np.log(1 - values[r]), "largest_5": largest[k - r - 1]} for r in range(k)]
    rank_rows.append({"rank": k, "ll": ll[k]})
    by_trace = next((r["rank"] for r in rank_rows[:k] if r["trace"] <= r["trace_5"]), k)
    by_largest = next((r["rank"] for r in rank_rows[:k] if r["largest"] <= r["largest_5"]), k)
    tests = {"table_rank.csv": table(["rank"], rank_rows), "table_unit_roots.csv": table(["series", "form"], roots(y, names, lags)),
             "table_lags.csv": table(["lag"], criteria(y))}
    if by_trace == 0:
        return case(tests, {"n_used": len(y), "n_periods": len(y), "lags": lags, "rank": 0, "rank_trace": 0, "rank_largest": by_largest, "ll": ll[0]}, parameters, name)
    assert by_trace == 1, by_trace
    beta = vectors[:, 0] / vectors[0, 0]
    if not inside:
        same = VECM(y, k_ar_diff=lags - 1, coint_rank=1, deterministic="co").fit()
        np.testing.assert_allclose(same.beta[:, 0], beta, rtol=1e-6)
    ce = (z1 @ beta)[:, None]
    x = ce if z2 is None else np.column_stack([ce, z2])
    b = np.linalg.lstsq(x, z0, rcond=None)[0]
    mean = None
    if not inside:
        # the part of the constant that lies in the relation: its mean is zero in equilibrium
        alpha, constant = b[0], b[-1]
        mean = (alpha @ constant) / (alpha @ alpha)
        x[:, 0] += mean
        b = np.linalg.lstsq(x, z0, rcond=None)[0]
    e = z0 - x @ b
    df = n - x.shape[1]
    alpha = b[:1].T
    omega = e.T @ e / n
    lag_terms = [f"L{'' if j == 1 else j}D.{v}" for v in names for j in range(1, lags)]
    terms = ["L._ce1", *lag_terms, *([] if inside else ["_cons"])]
    # z2 has the series within each lag, the table the lags within each series
    place = [0, *[1 + (j - 1) * k + i for i in range(k) for j in range(1, lags)], *([] if inside else [x.shape[1] - 1])]
    inverse = np.linalg.inv(x.T @ x)
    coefficients = []
    for j, v in enumerate(names):
        se = [np.sqrt(e[:, j] @ e[:, j] / df * inverse[a, a]) for a in place]
        coefficients += z_rows(f"D_{v}", terms, [b[a, j] for a in place], se)
    free = 1 + np.arange(len(beta) - 1)
    weight = (alpha.T @ np.linalg.solve(omega, alpha)).item()
    errors = np.sqrt(np.diag(np.linalg.inv(weight * s11[np.ix_(free, free)])) / df)
    relation = [{"relation": "_ce1", "term": names[0], "estimate": 1.0, "std_error": None, "note": "fixed"}]
    for row in z_rows("_ce1", [*names[1:], *(["_cons"] if inside else [])], beta[1:], errors):
        relation.append({"relation": row.pop("equation"), **row})
    if not inside:
        relation.append({"relation": "_ce1", "term": "_cons", "estimate": mean, "std_error": None, "note": "from the model"})
    # free parameters: adjustment and short-run terms of k equations, and the relation less its normalisation
    count = k * x.shape[1] + (k + inside - 1)
    return case(
        {**tests, "table_relations.csv": table(["relation", "term"], relation),
         "table_coefficients.csv": table(["equation", "term"], coefficients), "table_serial.csv": table(["lag"], serial(e, x)),
         "table_fit.csv": fit({"N": n, "ll": ll[1], "aic": (-2 * ll[1] + 2 * count) / n, "sbic": (-2 * ll[1] + np.log(n) * count) / n,
                               "hqic": (-2 * ll[1] + 2 * np.log(np.log(n)) * count) / n, "detsig_ml": np.linalg.det(omega), "lags": lags, "rank": 1, "level": 95})},
        {"n_used": n, "n_periods": len(y), "lags": lags, "rank": 1, "rank_trace": by_trace, "rank_largest": by_largest, "ll": ll[1]}, parameters, name)


def roots(y, names, lags):
    """Augmented Dickey-Fuller tests of the levels and the differences."""
    rows = []
    for i, v in enumerate(names):
        for form, values in (("level", y[:, i]), ("difference", np.diff(y[:, i]))):
            t, p, _, used, critical = adfuller(values, maxlag=lags - 1, regression="c", autolag=None)[:5]
            rows.append({"series": v, "form": form, "statistic": t, "lags": lags - 1, "n": used, "p_value": p})
    return rows


def criteria(y, most=8):
    """Likelihoods and criteria of vector autoregressions of the levels on the same periods."""
    k, rows, before = y.shape[1], [], None
    n = len(y) - most
    for lag in range(most + 1):
        x = np.column_stack([np.ones(n), *[y[most - j: len(y) - j] for j in range(1, lag + 1)]])
        e = y[most:] - x @ np.linalg.lstsq(x, y[most:], rcond=None)[0]
        ll = -n / 2 * (k * (1 + np.log(2 * np.pi)) + np.linalg.slogdet(e.T @ e / n)[1])
        count = k * x.shape[1]
        lr = None if before is None else 2 * (ll - before)
        rows.append({"lag": lag, "ll": ll, "lr": lr, "p_value": None if lr is None else stats.chi2.sf(lr, k * k), "aic": (-2 * ll + 2 * count) / n,
                     "hqic": (-2 * ll + 2 * np.log(np.log(n)) * count) / n, "sbic": (-2 * ll + np.log(n) * count) / n,
                     "fpe": np.linalg.det(e.T @ e / n) * ((n + x.shape[1]) / (n - x.shape[1])) ** k})
        before = ll
    return rows


def serial(e, x):
    """Lagrange-multiplier tests of each lag (Johansen 1995, page 22): residuals before the first are zero."""
    n, k = e.shape
    rows = []
    for lag in (1, 2):
        past = np.vstack([np.zeros((lag, k)), e[:-lag]])
        z = np.column_stack([x, past])
        left = e - z @ np.linalg.lstsq(z, e, rcond=None)[0]
        value = (n - z.shape[1] - 0.5) * (np.linalg.slogdet(e.T @ e)[1] - np.linalg.slogdet(left.T @ left)[1])
        rows.append({"lag": lag, "chi2": value, "df": k * k, "p_value": stats.chi2.sf(value, k * k)})
    return rows


def write_all() -> None:
    """The interest rates and inflation with two lags; two rates without trends and with four lags; a rate and inflation."""
    save("rates.cointegration.json", f"statsmodels {statsmodels.__version__} coint_johansen, VECM, adfuller; numpy", {"default": 1e-6},
         cointegration_case(2, "constant"),
         [cointegration_case(4, "rconstant", NAMES[:2], "two rates, no trends, four lags",
                             {"vars": NAMES[:2], "trend": "rconstant", "lags": 4}),
          cointegration_case(3, "constant", NAMES[1:], "two series without a relation", {"vars": NAMES[1:], "lags": 3})])


if __name__ == "__main__":
    write_all()
