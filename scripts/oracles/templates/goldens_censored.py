"""Golden numbers of the tobit and selection templates (scipy maximum likelihood; two steps by hand)."""

import sys
from pathlib import Path

import numpy as np
import scipy
import statsmodels.api as sm
from scipy import stats
from scipy.special import log_ndtr

from golden import case, fit, read, save, table
from goldens_models import LIKELIHOOD, effect_rows, t_rows, with_differences, z_rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from numeric import jacobian, maximise, robust  # noqa: E402

KEY = ["term"]


def tobit_case(low, high, vce, name=None, parameters=None, third="age"):
    """Spending of households between limits."""
    data = read("households.csv").dropna(subset=["income"])
    names = ["income", "children", third, "_cons"]
    x = np.column_stack([data[names[:3]], np.ones(len(data))]).astype(float)
    y = data["spending"].to_numpy(float)
    left = y <= low if low is not None else np.zeros(len(y), bool)
    right = y >= high if high is not None else np.zeros(len(y), bool)

    def rows(t, x=x):
        s, m = np.exp(t[-1]), x @ t[:-1]
        out = stats.norm.logpdf(y, m, s)
        if low is not None:
            out = np.where(left, log_ndtr((low - m) / s), out)
        if high is not None:
            out = np.where(right, log_ndtr((m - high) / s), out)
        return out

    theta, ll, information, scores = maximise(rows, [20, -8, 0.0, -30, 3.7])
    _, ll_0, _, _ = maximise(lambda t: rows(t, x[:, 3:]), [50, 4.0])
    cov = {"robust": lambda: robust(information, scores), "classical": lambda: np.linalg.inv(information)}[vce]()
    n, df = len(y), len(y) - 3
    a = -np.inf if low is None else low
    b = np.inf if high is None else high

    def slopes(t):
        s, m = np.exp(t[-1]), x @ t[:-1]
        za, zb = (a - m) / s, (b - m) / s
        p = stats.norm.cdf(zb) - stats.norm.cdf(za)
        da, db = stats.norm.pdf(za), stats.norm.pdf(zb)
        ta, tb = (0 if low is None else za * da), (0 if high is None else zb * db)
        gap = da - db
        inside = 1 + (ta - tb) / p - (gap / p) ** 2
        share = gap / s
        return np.outer(t[:3], [np.mean(v) for v in (p, inside, share)])

    def means(x, t):
        s, m = np.exp(t[-1]), x @ t[:-1]
        za, zb = (a - m) / s, (b - m) / s
        p = stats.norm.cdf(zb) - stats.norm.cdf(za)
        inside = m + s * (stats.norm.pdf(za) - stats.norm.pdf(zb)) / p
        at_limits = (0 if low is None else low * stats.norm.cdf(za)) + (0 if high is None else high * stats.norm.sf(zb))
        return np.column_stack([p * inside + at_limits, inside, p])

    average = with_differences(slopes, means, x)
    effects = lambda t: average(t).T.ravel()
    value, errors = effects(theta).reshape(3, 3), np.sqrt(np.diag(jacobian(effects, theta) @ cov @ jacobian(effects, theta).T)).reshape(3, 3)
    margins = [{"prediction": kind} | r for kind, v, e in zip(("observed", "uncensored", "probability"), value, errors)
               for r in effect_rows(names[:3], v, e, x)]
    values = {"N": n, "N_unc": n - left.sum() - right.sum(), "N_lc": left.sum(), "N_rc": right.sum(), "ll": ll, "ll_0": ll_0,
              "r2_p": 1 - ll / ll_0, "df_m": 3, "df_r": df, "sigma": np.exp(theta[-1]), "level": 95}
    return case({"table_coefficients.csv": table(KEY, t_rows("spending", names, theta[:4], np.sqrt(np.diag(cov))[:4], df)),
                 "table_margins.csv": table(["prediction", "term"], margins), "table_fit.csv": fit(values)},
                {"n_used": n, "ll": ll, "r2_p": values["r2_p"], "n_left": left.sum(), "n_right": right.sum()}, parameters, name)


def tobit() -> None:
    """Lower limit with robust errors; both limits with classical ones."""
    # a relative error of z grows by z^2 in a far tail
    save("households.tobit.json", f"scipy {scipy.__version__} maximum likelihood", LIKELIHOOD | {"p_value": 1e-5}, tobit_case(0, None, "robust"), [
        tobit_case(0, 120, "classical", "two limits, classical errors", {"upper": 120, "vce": "classical"}),
        tobit_case(0, 120, "robust", "a control of 0 and 1", {"upper": 120, "controls": ["city"]}, "city")])


def heckman() -> None:
    """Wages of those who work: maximum likelihood, and two steps."""
    data = read("households.csv")
    s = data["works"].to_numpy() == 1
    xs, zs = ["education", "age", "city", "_cons"], ["education", "age", "city", "children", "_cons"]
    x = np.column_stack([data[xs[:3]], np.ones(len(data))])
    z = np.column_stack([data[zs[:4]], np.ones(len(data))])
    y = data["log_wage"].fillna(0).to_numpy()
    probit = sm.Probit(s.astype(float), z).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    g = probit.params
    index = z @ g
    mills = stats.norm.pdf(index) / stats.norm.cdf(index)
    delta = (mills * (mills + index))[s]
    w = np.column_stack([x, mills])[s]
    inverse = np.linalg.inv(w.T @ w)
    b = inverse @ w.T @ y[s]
    e = y[s] - w @ b
    n = int(s.sum())
    s2 = (e @ e + b[4] ** 2 * delta.sum()) / n
    rho = b[4] / np.sqrt(s2)
    vp = np.linalg.inv(-probit.model.hessian(g))
    f = w.T @ (delta[:, None] * z[s])
    cov = s2 * inverse @ (w.T @ ((1 - rho**2 * delta)[:, None] * w) + rho**2 * f @ vp @ f.T) @ inverse
    se = np.sqrt(np.diag(cov))
    wald = b[:3] @ np.linalg.solve(cov[:3, :3], b[:3])
    counts = {"N": len(data), "N_selected": n, "N_nonselected": len(data) - n, "df_m": 3, "level": 95}
    steps = case(
        {"table_coefficients.csv": table(KEY, z_rows("log_wage", xs, b[:4], se[:4])),
         "table_selection.csv": table(KEY, z_rows("selection", zs, g, np.sqrt(np.diag(vp)))),
         "table_fit.csv": fit(counts | {"chi2": wald, "rho": rho, "sigma": np.sqrt(s2), "lambda": b[4], "selambda": se[4]})},
        {"n_used": len(data), "rho": rho, "lambda": b[4], "n_outcome_seen": n}, {"method": "twostep"}, "two steps")

    def rows(t):
        r, sg = np.tanh(t[9]), np.exp(t[10])
        u, i = (y - x @ t[:4]) / sg, z @ t[4:9]
        return np.where(s, log_ndtr((i + r * u) / np.sqrt(1 - r**2)) + stats.norm.logpdf(u) - t[10], log_ndtr(-i))

    theta, ll, information, scores = maximise(rows, np.concatenate([b[:4], g, [np.arctanh(np.clip(rho, -0.8, 0.8)), np.log(s2) / 2]]))
    cov = robust(information, scores)
    se = np.sqrt(np.diag(cov))
    rho, sigma = np.tanh(theta[9]), np.exp(theta[10])
    slope = np.array([sigma * (1 - rho**2), rho * sigma])
    wald = theta[:3] @ np.linalg.solve(cov[:3, :3], theta[:3])
    independence = theta[9] ** 2 / cov[9, 9]
    main = case(
        {"table_coefficients.csv": table(KEY, z_rows("log_wage", xs, theta[:4], se[:4])),
         "table_selection.csv": table(KEY, z_rows("selection", zs, theta[4:9], se[4:9])),
         "table_fit.csv": fit(counts | {"chi2": wald, "rho": rho, "sigma": sigma, "lambda": rho * sigma,
                                        "selambda": np.sqrt(slope @ cov[9:, 9:] @ slope), "ll": ll,
                                        "independence_chi2": independence, "independence_p": stats.chi2.sf(independence, 1)})},
        {"n_used": len(data), "rho": rho, "lambda": rho * sigma, "n_outcome_seen": n})
    save("households.heckman.json", f"scipy {scipy.__version__} maximum likelihood; two steps by hand", LIKELIHOOD, main, [steps])


def write_all() -> None:
    """Writes all golden files of this module."""
    tobit()
    heckman()


if __name__ == "__main__":
    write_all()
