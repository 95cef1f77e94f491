"""Expected numbers of the spatial analyses: likelihoods maximised by scipy with information by numerical differentiation, spreg
for two-stage least squares and Moran's test of residuals, esda and libpysal for Moran's I, Geary's c and nearest neighbours."""

import sys
from pathlib import Path

import numpy as np
from golden import case, coefficient_rows, fit, read, save, table
from scipy import stats

sys.path.append(str(Path(__file__).resolve().parents[1] / "engine"))
from make_spatial import covariance, delta, idistance, likelihood, polish, pysal, rows, spectral  # noqa: E402


def coefficients(equations, terms, b, se):
    z = stats.norm.ppf(0.975)
    return table(["equation", "term"], coefficient_rows_of(equations, terms, b, se, z))


def coefficient_rows_of(equations, terms, b, se, z):
    out = coefficient_rows("", terms, b, se, b / se, 2 * stats.norm.sf(np.abs(b / se)), b - z * se, b + z * se)
    return [row | {"equation": e} for row, e in zip(out, equations)]


def impacts(names, at, se):
    z, out, k = stats.norm.ppf(0.975), [], len(names)
    for i, kind in enumerate(("direct", "indirect", "total")):
        for j, name in enumerate(names):
            b, s = at[i * k + j], se[i * k + j]
            out.append({"impact": kind, "term": name, "estimate": b, "std_error": s, "statistic": b / s, "p_value": 2 * stats.norm.sf(abs(b / s)), "ci_low": b - z * s, "ci_high": b + z * s})
    return table(["impact", "term"], out)


def regress() -> None:
    from spreg import OLS, GM_Lag

    d = read("neighbourhoods.csv")
    points = d[["east", "north"]].to_numpy()
    full = w = rows(idistance(points))
    y, own = d.crime.to_numpy(), d[["income", "house_value"]].to_numpy()
    names = ["income", "house_value"]
    n = len(y)
    plain = OLS(y[:, None], own, w=pysal(w), spat_diag=True)
    moran = {"test": "moran_residuals", "statistic": plain.lm_error[0], "df1": 1, "p_value": plain.lm_error[1]}

    def wald(b, v, at):
        chi2 = b[at] @ np.linalg.solve(v[np.ix_(at, at)], b[at])
        return chi2, stats.chi2.sf(chi2, len(at))

    def finish(x, p, v, lags, base, ll, parameters=None, name=None, w=full, moran=moran):
        k = x.shape[1]
        terms = names + ["_cons"] + names[: len(lags) - 1] + ["crime"]
        equations = ["crime"] * 3 + ["neighbours"] * len(lags)
        mean = np.linalg.solve(np.eye(n) - p[base] * w, x @ p[:k])
        r2 = np.corrcoef(mean, y)[0, 1] ** 2
        se = np.sqrt(np.diag(v))[: base + 1]
        spatial, model = wald(p, v, lags), wald(p, v, [0, 1, *lags])
        tests = [moran, {"test": "spatial_terms", "statistic": spatial[0], "df1": len(lags), "p_value": spatial[1]}]
        facts = {"N": n, "r2_p": r2, "chi2": model[0], "p": model[1], "df_m": 2 + len(lags), "chi2_c": spatial[0], "p_c": spatial[1], "df_c": len(lags)}
        if ll is not None:
            ratio = 2 * (ll - plain.logll)
            tests.append({"test": "likelihood_ratio", "statistic": ratio, "df1": len(lags), "p_value": stats.chi2.sf(ratio, len(lags))})
            facts["ll"] = ll
        at, errors = delta(p, v, w, 3 if len(lags) > 1 else 0, 2, base)
        tables = {"table_coefficients.csv": coefficients(equations, terms, p[: base + 1], se), "table_impacts.csv": impacts(names, at, errors),
                  "table_tests.csv": table(["test"], tests), "table_fit.csv": fit(facts), "table_weights.csv": weights_table(w)}
        return case(tables, {"n_used": n, "isolated": (~(w > 0).any(1)).sum(), "moran_chi2": moran["statistic"], "moran_p": moran["p_value"], "r2_p": r2}, parameters, name)

    def sharpened(x, p, w):
        """The root of the concentrated score near the maximum: coefficients and variance follow from the lag."""
        from scipy.optimize import brentq

        k = x.shape[1]
        rest = [v - x @ np.linalg.lstsq(x, v, rcond=None)[0] for v in (y, w @ y)]

        def score(r):
            e = rest[0] - r * rest[1]
            return n * (e @ rest[1]) / (e @ e) - np.trace(np.linalg.solve(np.eye(n) - r * w, w))

        r = brentq(score, p[k] - 0.02, p[k] + 0.02, xtol=1e-14)
        b = np.linalg.lstsq(x, y - r * (w @ y), rcond=None)[0]
        e = rest[0] - r * rest[1]
        assert np.allclose(np.r_[b, r], p[: k + 1], rtol=1e-3)
        return np.r_[b, r, e @ e / n]

    def by_likelihood(x, lags, parameters=None, name=None, w=full, moran=moran):
        f = likelihood(y, x, w, None)
        start = np.r_[np.linalg.lstsq(x, y, rcond=None)[0], 0.3, 100.0]
        p = sharpened(x, polish(f, polish(f, start)), w)
        return finish(x, p, covariance(f, p), lags, x.shape[1], f(p), parameters, name, w, moran)

    def test_of(w):
        found = OLS(y[:, None], own, w=pysal(w), spat_diag=True).lm_error
        return {"test": "moran_residuals", "statistic": found[0], "df1": 1, "p_value": found[1]}

    def error(w, parameters, name):
        """A lag of the errors: the likelihood has the matrix in its second place."""
        x = np.column_stack([own, np.ones(n)])
        f = likelihood(y, x, None, w)
        p = polish(f, polish(f, np.r_[np.linalg.lstsq(x, y, rcond=None)[0], 0.3, 100.0]))
        v = covariance(f, p)
        se = np.sqrt(np.diag(v))[:4]
        terms, equations = names + ["_cons", "e.crime"], ["crime"] * 3 + ["neighbours"]
        spatial, model, ratio, test = wald(p, v, [3]), wald(p, v, [0, 1]), 2 * (f(p) - plain.logll), test_of(w)
        tests = [test, {"test": "spatial_terms", "statistic": spatial[0], "df1": 1, "p_value": spatial[1]}, {"test": "likelihood_ratio", "statistic": ratio, "df1": 1, "p_value": stats.chi2.sf(ratio, 1)}]
        r2 = np.corrcoef(x @ p[:3], y)[0, 1] ** 2
        facts = {"N": n, "r2_p": r2, "chi2": model[0], "p": model[1], "df_m": 2, "chi2_c": spatial[0], "p_c": spatial[1], "df_c": 1, "ll": f(p)}
        z = stats.norm.ppf(0.975)
        effects = [{"impact": k, "term": t, "estimate": b, "std_error": s, "ci_low": b - z * s, "ci_high": b + z * s} for k in ("direct", "total") for t, b, s in zip(names, p[:2], se[:2])]
        # no way leads from one unit to another
        effects[2:2] = [{"impact": "indirect", "term": t, "estimate": 0, "std_error": 0, "statistic": None, "p_value": None, "ci_low": 0, "ci_high": 0} for t in names]
        tables = {"table_coefficients.csv": coefficients(equations, terms, p[:4], se), "table_impacts.csv": table(["impact", "term"], effects), "table_tests.csv": table(["test"], tests), "table_fit.csv": fit(facts), "table_weights.csv": weights_table(w)}
        return case(tables, {"n_used": n, "isolated": (~(w > 0).any(1)).sum(), "moran_chi2": test["statistic"], "moran_p": test["p_value"], "r2_p": r2}, parameters, name)

    from libpysal.weights import KNN

    x = np.column_stack([own, np.ones(n)])
    main = by_likelihood(x, [3])
    durbin = by_likelihood(np.column_stack([x, w @ own]), [3, 4, 5], {"model": "durbin"}, "durbin")
    two = GM_Lag(y[:, None], own, w=pysal(w), w_lags=2, sig2n_k=False)
    order = [1, 2, 0, 3]
    steps = finish(x, two.betas.ravel()[order], two.vm[np.ix_(order, order)], [3], 3, None, {"estimator": "gs2sls"}, "two-stage least squares")
    nearest = rows(KNN.from_array(points, k=5).full()[0])
    close = by_likelihood(x, [3], {"weights": "nearest", "neighbours": 5}, "five nearest neighbours", nearest, test_of(nearest))
    within = spectral(idistance(points, 1 / 3))
    distant = error(within, {"model": "error", "threshold": 3, "normalisation": "spectral"}, "lag of the errors, five units without neighbours")
    save("neighbourhoods.regress.json", "scipy maximum likelihood, numerical derivatives, spreg", {"default": 1e-4, "p_value": 1e-3, "p": 1e-3, "p_c": 1e-3}, main, [durbin, steps, close, distant])


def weights_table(w) -> dict:
    near = (w > 0).sum(1)
    return table(["metric"], [{"metric": k, "value": v} for k, v in (("units", len(w)), ("neighbours_min", near.min()), ("neighbours_mean", near.mean()), ("neighbours_max", near.max()), ("isolated", (near == 0).sum()))])


def moran() -> None:
    from esda import Geary, Moran
    from libpysal.cg import arcdist
    from libpysal.weights import KNN, lag_spatial

    d = read("neighbourhoods.csv")
    points, y = d[["east", "north"]].to_numpy(), d.crime.to_numpy()
    globe = np.array([[0 if i == j else 1 / arcdist(tuple(a), tuple(b), radius=6371.009) for j, b in enumerate(points)] for i, a in enumerate(points)])

    def one(w, variable, parameters=None, name=None):
        x = d[variable].to_numpy()
        m, c = Moran(x, pysal(w), transformation="O", permutations=0), Geary(x, pysal(w), transformation="O", permutations=0)
        found = []
        for null, tail in (("randomisation", "rand"), ("normality", "norm")):
            for measure, value, mean, of in (("moran", m.I, m.EI, m), ("geary", c.C, c.EC, c)):
                v = getattr(of, f"V{'I' if of is m else 'C'}_{tail}")
                z = (value - mean) / np.sqrt(v)
                found.append({"measure": measure, "assumption": null, "estimate": value, "expected": mean, "std_error": np.sqrt(v), "statistic": z, "p_value": 2 * stats.norm.sf(abs(z))})
        own, lag, near = x - x.mean(), lag_spatial(pysal(w), x - x.mean()), (w > 0).any(1)
        count = {"high_high": (own > 0) & (lag > 0), "low_low": (own <= 0) & (lag <= 0), "high_low": (own > 0) & (lag <= 0), "low_high": (own <= 0) & (lag > 0)}
        quadrants = [{"quadrant": k, "n": (v & near).sum(), "share": (v & near).sum() / near.sum()} for k, v in count.items()]
        tables = {"table_autocorrelation.csv": table(["measure", "assumption"], found), "table_quadrants.csv": table(["quadrant"], quadrants), "table_weights.csv": weights_table(w)}
        first = found[0]
        return case(tables, {"n_used": len(x), "isolated": (~near).sum(), "moran": m.I, "moran_z": first["statistic"], "moran_p": first["p_value"], "geary": c.C}, parameters, name)

    nearest = KNN.from_array(points, k=4).full()[0]
    near = idistance(points, 1 / 3)
    variants = [
        one(rows(nearest), "crime", {"weights": "nearest"}, "four nearest neighbours"),
        one(rows(near), "house_value", {"outcome": "house_value", "threshold": 3}, "units within a distance, five without neighbours"),
        one(spectral(globe), "income", {"outcome": "income", "coordinates": "latlong", "normalisation": "spectral"}, "longitude and latitude"),
    ]
    save("neighbourhoods.moran.json", "PySAL esda, libpysal", {"default": 1e-7, "p_value": 1e-5, "moran_p": 1e-5}, one(rows(idistance(points)), "crime"), variants)


def write_all() -> None:
    regress()
    moran()


if __name__ == "__main__":
    write_all()
