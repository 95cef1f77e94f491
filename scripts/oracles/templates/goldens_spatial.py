"""Expected numbers of the spatial analyses: likelihoods maximised by scipy with information by numerical differentiation, spreg
for two-stage least squares and Moran's test."""

import sys
from pathlib import Path

import numpy as np
from golden import case, coefficient_rows, fit, read, save, table
from scipy import stats

sys.path.append(str(Path(__file__).resolve().parents[1] / "engine"))
from make_spatial import covariance, delta, idistance, likelihood, polish, pysal, rows  # noqa: E402


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
    w = rows(idistance(d[["east", "north"]].to_numpy()))
    y, own = d.crime.to_numpy(), d[["income", "house_value"]].to_numpy()
    names = ["income", "house_value"]
    n = len(y)
    plain = OLS(y[:, None], own, w=pysal(w), spat_diag=True)
    moran = {"test": "moran_residuals", "statistic": plain.lm_error[0], "df1": 1, "p_value": plain.lm_error[1]}

    def wald(b, v, at):
        chi2 = b[at] @ np.linalg.solve(v[np.ix_(at, at)], b[at])
        return chi2, stats.chi2.sf(chi2, len(at))

    def finish(x, p, v, lags, base, ll, parameters=None, name=None):
        k = x.shape[1]
        terms = names + ["_cons"] + names[: len(lags) - 1] + ["crime"]
        equations = ["crime"] * 3 + ["ss_w"] * len(lags)
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
                  "table_tests.csv": table(["test"], tests), "table_fit.csv": fit(facts)}
        return case(tables, {"n_used": n, "moran_chi2": moran["statistic"], "moran_p": moran["p_value"], "r2_p": r2}, parameters, name)

    def by_likelihood(x, lags, parameters=None, name=None):
        f = likelihood(y, x, w, None)
        start = np.r_[np.linalg.lstsq(x, y, rcond=None)[0], 0.3, 100.0]
        p = polish(f, polish(f, start))
        return finish(x, p, covariance(f, p), lags, x.shape[1], f(p), parameters, name)

    x = np.column_stack([own, np.ones(n)])
    main = by_likelihood(x, [3])
    durbin = by_likelihood(np.column_stack([x, w @ own]), [3, 4, 5], {"model": "durbin"}, "durbin")
    two = GM_Lag(y[:, None], own, w=pysal(w), w_lags=2, sig2n_k=False)
    order = [1, 2, 0, 3]
    steps = finish(x, two.betas.ravel()[order], two.vm[np.ix_(order, order)], [3], 3, None, {"estimator": "gs2sls"}, "two-stage least squares")
    save("neighbourhoods.regress.json", "scipy maximum likelihood, numerical derivatives, spreg", {"default": 1e-4, "p_value": 1e-3, "p": 1e-3, "p_c": 1e-3}, main, [durbin, steps])


def write_all() -> None:
    regress()


if __name__ == "__main__":
    write_all()
