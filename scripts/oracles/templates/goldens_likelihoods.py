"""Golden numbers of beta regression, random intercepts, changing variances and frontiers (scipy maximum likelihood)."""

import sys
from pathlib import Path

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from arch import arch_model
from scipy import stats
from scipy.special import expit, gammaln, log_ndtr, logsumexp
from statsmodels.othermod.betareg import BetaModel
from statsmodels.stats.diagnostic import acorr_ljungbox, het_arch

from golden import case, fit, percentile, read, save, table
from goldens_limited_more import design, margin_rows, ratios, wald
from goldens_models import with_differences, z_rows
from oracle_r import r_numbers, same

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from numeric import maximise, robust as sandwich  # noqa: E402

SCIPY, SM = f"scipy {scipy.__version__} maximum likelihood", f"statsmodels {statsmodels.__version__}"


def beta_case(vce, scale, name=None, parameters=None):
    """Share of generic drugs among persons with both kinds."""
    frame = read("claims.csv").query("generic_share > 0 & generic_share < 1").dropna(subset=["generic_share", "age", "female", "chronic"])
    y = frame["generic_share"].to_numpy(float)
    names = ["age", "female", "chronic", "_cons"]
    x, z = design(frame, names[:3]), design(frame, scale)

    def rows(t):
        mu, phi = expit(x @ t[:4]), np.exp(z @ t[4:])
        return gammaln(phi) - gammaln(mu * phi) - gammaln((1 - mu) * phi) + (mu * phi - 1) * np.log(y) + ((1 - mu) * phi - 1) * np.log1p(-y)

    other = BetaModel(y, x, exog_precision=z).fit(disp=0, maxiter=2000)
    theta, ll, information, scores = maximise(rows, other.params)
    same([ll], [other.llf], 1e-6)
    cov = sandwich(information, scores) if vce == "robust" else np.linalg.inv(information)
    se = np.sqrt(np.diag(cov))

    def slopes(t):
        m = expit(x @ t[:4])
        return t[:3] * (m * (1 - m)).mean()

    effect = with_differences(slopes, lambda x, t: expit(x @ t[:4]), x)

    n = len(y)
    if vce == "robust":
        chi2 = wald(theta[:4], cov[:4, :4], 3)
    else:
        chi2 = 2 * (ll - maximise(lambda t: rows(np.r_[np.zeros(3), t]), np.r_[0.0, theta[4:]])[1])
    fitted = expit(x @ theta[:4])
    tables = {"table_coefficients.csv": table(["term"], z_rows("generic_share", names, theta[:4], se[:4])),
              "table_scale.csv": table(["term"], z_rows("scale", scale + ["_cons"], theta[4:], se[4:])),
              "table_margins.csv": table(["term"], margin_rows("share", names[:3], effect, theta, cov, x)),
              "table_fit.csv": fit({"N": n, "ll": ll, "chi2": chi2, "p": stats.chi2.sf(chi2, 3), "df_m": 3, "correlation2": np.corrcoef(fitted, y)[0, 1] ** 2})}
    return case(tables, {"n_used": n, "ll": ll, "chi2": chi2}, parameters, name)


def beta() -> None:
    """Mean alone, and a precision that depends on illness."""
    save("claims.beta.json", f"{SCIPY}; {SM} BetaModel", {"default": 1e-6, "ll": 1e-8, "p_value": 1e-5, "p": 1e-5, "ci_low": 1e-5, "ci_high": 1e-5}, beta_case("robust", []), [
        beta_case("classical", ["chronic"], "precision and classical errors", {"scale_vars": ["chronic"], "vce": "classical"})])


NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
LOG_WEIGHTS = np.log(WEIGHTS / WEIGHTS.sum())


def intercept_case(model, outcome, name=None, parameters=None):
    """A random intercept of wards, integrated with 80 points."""
    frame = read("wards.csv").dropna(subset=["age"])
    y = frame[outcome].to_numpy(float)
    names = ["surgery", "age", "female", "_cons"]
    x = design(frame, names[:3])
    ward, wards = np.unique(frame["ward"], return_inverse=True)

    def density(eta):
        if model == "poisson":
            return y[:, None] * eta - np.exp(eta) - gammaln(y + 1)[:, None]
        sign = (2 * y - 1)[:, None]
        return log_ndtr(sign * eta) if model == "probit" else -np.logaddexp(0, -sign * eta)

    def groups(t):
        ll = density((x @ t[:4])[:, None] + np.exp(t[4]) * NODES[None, :])
        sums = np.zeros((len(ward), ll.shape[1]))
        np.add.at(sums, wards, ll)
        return logsumexp(sums + LOG_WEIGHTS, axis=1)

    scale = {"poisson": sm.families.Poisson()}.get(model, sm.families.Binomial())
    start = sm.GLM(y, x, family=scale).fit().params
    theta, ll, information, _ = maximise(groups, np.r_[start, np.log(0.5)])
    cov = np.linalg.inv(information)
    se = np.sqrt(np.diag(cov))
    link = {"logit": 'binomial("logit")', "probit": 'binomial("probit")', "poisson": "poisson"}[model]
    r = r_numbers(f'suppressMessages(library(lme4)); d <- na.omit(data("wards.csv")); d$age <- d$age / 10; m <- glmer({outcome} ~ surgery + age + female + (1 | ward), d, family = {link}, nAGQ = 25); '
                  'c(fixef(m)[c(2:4, 1)] * c(1, 0.1, 1, 1), as.numeric(VarCorr(m)$ward))')
    same([*theta[:4], np.exp(2 * theta[4])], r, 2e-3)
    variance, error = np.exp(2 * theta[4]), 2 * np.exp(2 * theta[4]) * se[4]
    z = stats.norm.ppf(0.975)
    plain = density((x @ maximise(lambda t: density((x @ t)[:, None])[:, 0], start)[0])[:, None]).sum()
    chi2_c, chi2 = 2 * (ll - plain), wald(theta[:4], cov[:4, :4], 3)
    variances = [{"component": "var(_cons)", "estimate": variance, "std_error": error, "ci_low": variance * np.exp(-z * error / variance), "ci_high": variance * np.exp(z * error / variance)},
                 {"component": "lr_test", "statistic": chi2_c, "p_value": stats.chi2.sf(chi2_c, 1) / 2}]
    metrics = {"n_used": len(y), "ll": ll, "n_groups": len(ward)}
    found = z_rows(outcome, names, theta[:4], se[:4])
    if model != "poisson":
        residual = np.pi**2 / 3 if model == "logit" else 1.0
        metrics["icc"] = variance / (variance + residual)
        variances.append({"component": "icc", "estimate": metrics["icc"], "std_error": error * residual / (variance + residual) ** 2})
    tables = {"table_coefficients.csv": table(["term"], found if model == "probit" else ratios(found, "ratio")), "table_variance.csv": table(["component"], variances),
              "table_fit.csv": fit({"N": len(y), "N_g": len(ward), "ll": ll, "chi2": chi2, "p": stats.chi2.sf(chi2, 3), "df_m": 3, "chi2_c": chi2_c})}
    return case(tables, metrics, parameters, name)


def generalised() -> None:
    """Infections and falls of patients in wards."""
    # the template's seven points leave an error in the fifth digit of the variance's standard error
    tolerance = {"default": 2e-5, "ll": 1e-8, "std_error": 1e-4, "p_value": 5e-4, "p": 5e-4, "ci_low": 1e-4, "ci_high": 1e-4}
    points = {"points": 25}
    save("wards.generalised.json", f"{SCIPY} with 80 points of Gauss-Hermite; R lme4", tolerance, intercept_case("logit", "infection"), [
        intercept_case("probit", "infection", "probit", points | {"model": "probit"}), intercept_case("poisson", "falls", "counts", points | {"model": "poisson", "outcome": "falls"})])


def variance_path(kind, t, error):
    """Variances by recursion; before the sample they are the mean squared error."""
    start = np.mean(error**2)
    v = np.zeros(len(error))
    for i in range(len(error)):
        square, before, last = (error[i - 1] ** 2, v[i - 1], error[i - 1]) if i else (start, start, 0.0)
        v[i] = t[0] * square + t[1] * before + (t[2] * (last > 0) * square if kind == "threshold" else 0.0) + t[-1]
    return v


def garch_case(kind, density, regressor, name=None, parameters=None):
    """Daily returns of an index."""
    frame = read("index_returns.csv")
    y = frame["ret"].to_numpy(float)
    x = design(frame, regressor)
    k, terms = x.shape[1], 3 + (kind == "threshold")

    def path(t):
        error = y - x @ t[:k]
        return error, variance_path(kind, t[k:k + terms], error)

    def rows(t):
        error, v = path(t)
        if not (v > 0).all():
            return np.full(len(y), -1e6)
        if density == "t":
            df = 2 + np.exp(t[-1])
            return stats.t.logpdf(error / np.sqrt(v * (df - 2) / df), df) - 0.5 * np.log(v * (df - 2) / df)
        return -0.5 * (np.log(2 * np.pi * v) + error**2 / v)

    start = np.r_[np.linalg.lstsq(x, y, rcond=None)[0], [0.1, 0.8], [0.0] if kind == "threshold" else [], 0.1, [1.5] if density == "t" else []]
    theta, ll, _, scores = maximise(rows, start, steps=4)
    if kind == "garch" and density == "normal":
        model = arch_model(y, mean="Constant", vol="GARCH", p=1, q=1, rescale=False)
        same([ll], [model.fit(disp="off", backcast=float(np.mean((y - theta[0]) ** 2)), tol=1e-12).loglikelihood], 1e-4)
    se = np.sqrt(np.diag(np.linalg.inv(scores.T @ scores)))
    names = [("ret", n) for n in regressor + ["_cons"]] + [("ARCH", n) for n in ["L.arch", "L.garch"] + (["L.tarch"] if kind == "threshold" else []) + ["_cons"]]
    names += [("/", "lndfm2")] if density == "t" else []
    found = [z_rows(e, [n], theta[[i]], se[[i]])[0] for i, (e, n) in enumerate(names)]
    n, size = len(y), len(theta)
    persistence = theta[k] + theta[k + 1] + (theta[k + 2] / 2 if kind == "threshold" else 0.0)
    error, v = path(theta)
    standard = error / np.sqrt(v)
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    lm, p_lm, _, _ = het_arch(residual, nlags=10)
    tests = [{"test": "arch_lm", "statistic": lm, "df": 10, "p_value": p_lm}]
    for label, series in (("portmanteau", standard), ("portmanteau_squares", standard**2)):
        q = acorr_ljungbox(series, lags=[10]).iloc[0]
        tests.append({"test": label, "statistic": q["lb_stat"], "df": 10, "p_value": q["lb_pvalue"]})
    aic = -2 * ll + 2 * size
    tables = {"table_coefficients.csv": table(["equation", "term"], found), "table_tests.csv": table(["test"], tests),
              "table_fit.csv": fit({"N": n, "ll": ll, "aic": aic, "bic": -2 * ll + np.log(n) * size, "persistence": persistence})}
    return case(tables, {"n_used": n, "n_periods": n, "ll": ll, "aic": aic, "persistence": persistence, "p_squares": tests[-1]["p_value"]}, parameters, name)


def garch() -> None:
    """Normal errors; t errors with news in the mean."""
    tolerance = {"default": 5e-5, "ll": 1e-8, "aic": 1e-8, "bic": 1e-8, "p_value": 1e-3, "ci_low": 2e-4, "ci_high": 2e-4}
    save("index_returns.garch.json", f"{SCIPY}; Python arch; {SM} diagnostics", tolerance, garch_case("garch", "normal", []), [
        garch_case("garch", "t", ["news"], "t errors", {"distribution": "t", "regressors": ["news"]})])


def frontier_case(kind, name=None, parameters=None):
    """Harvests of farms."""
    frame = read("farms.csv").dropna()
    y, names = frame["log_output"].to_numpy(float), ["log_land", "log_labor", "irrigated", "_cons"]
    x = design(frame, names[:3])

    def parts(t):
        return y - x @ t[:4], np.exp(t[4] / 2), np.exp(t[5] / 2)

    def rows(t):
        e, v, u = parts(t)
        if kind == "exponential":
            return -np.log(u) + v**2 / (2 * u**2) + log_ndtr(-e / v - v / u) + e / u
        s = np.hypot(u, v)
        return np.log(2) - np.log(s) + stats.norm.logpdf(e / s) + log_ndtr(-e * u / v / s)

    ols = sm.OLS(y, x).fit()
    theta, ll, information, _ = maximise(rows, np.r_[ols.params + [0, 0, 0, 0.3], np.log(ols.scale / 3), np.log(ols.scale)])
    cov = np.linalg.inv(information)
    se = np.sqrt(np.diag(cov))
    e, v, u = parts(theta)
    # the density and the efficiency E[exp(-u) | e] again, by integration over the inefficiency
    nodes, weights = np.polynomial.legendre.leggauss(400)
    top = (40 if kind == "exponential" else 12) * u
    grid = top * (nodes + 1) / 2
    prior = stats.expon.pdf(grid, scale=u) if kind == "exponential" else stats.halfnorm.pdf(grid, scale=u)
    joint = stats.norm.pdf(e[:, None] + grid, scale=v) * prior * weights * top / 2
    same([np.log(joint.sum(1)).sum()], [ll], 1e-8)
    efficiency = joint @ np.exp(-grid) / joint.sum(1)
    z = stats.norm.ppf(0.975)
    components = [{"component": label, "estimate": np.exp(theta[i] / 2), "std_error": np.exp(theta[i] / 2) * se[i] / 2, "ci_low": np.exp((theta[i] - z * se[i]) / 2),
                   "ci_high": np.exp((theta[i] + z * se[i]) / 2)} for label, i in (("sigma_v", 4), ("sigma_u", 5))]
    chi2_c = 2 * (ll - ols.llf)
    components.append({"component": "lr_test", "statistic": chi2_c, "p_value": stats.chi2.sf(chi2_c, 1) / 2})
    spread = {"n": len(y), "mean": efficiency.mean(), "sd": efficiency.std(ddof=1), "min": efficiency.min(), "max": efficiency.max()} | {
        f"p{q}": percentile(efficiency, q) for q in (25, 50, 75)}
    chi2 = wald(theta[:4], cov[:4, :4], 3)
    tables = {"table_coefficients.csv": table(["term"], z_rows("log_output", names, theta[:4], se[:4])), "table_components.csv": table(["component"], components),
              "table_efficiency.csv": table(["n"], [spread]), "table_fit.csv": fit({"N": len(y), "ll": ll, "chi2": chi2, "p": stats.chi2.sf(chi2, 3), "df_m": 3, "sigma_u": u, "sigma_v": v})}
    return case(tables, {"n_used": len(y), "ll": ll, "sigma_u": u, "sigma_v": v, "mean_efficiency": spread["mean"]}, parameters, name)


def frontier() -> None:
    """Half-normal and exponential inefficiency."""
    tolerance = {"default": 1e-5, "ll": 1e-8, "p_value": 1e-4, "p": 1e-4}
    save("farms.frontier.json", f"{SCIPY}; numerical convolution", tolerance, frontier_case("hnormal"), [frontier_case("exponential", "exponential", {"distribution": "exponential"})])


def write_all() -> None:
    beta()
    generalised()
    garch()
    frontier()


if __name__ == "__main__":
    write_all()
