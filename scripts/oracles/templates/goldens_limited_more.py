"""Golden numbers of further templates for limited outcomes (scipy maximum likelihood, statsmodels, R)."""

import sys
from pathlib import Path

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from scipy.special import gammaln, log_ndtr
from statsmodels.discrete.conditional_models import ConditionalLogit

from golden import case, fit, read, save, table
from goldens_models import effect_rows, t_rows, with_differences, z_rows
from oracle_r import r_numbers, same

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from numeric import jacobian, maximise, robust  # noqa: E402

# a relative error of z grows by z^2 in a far tail; a limit near zero loses digits
TOLERANCE = {"default": 1e-6, "ll": 1e-8, "p_value": 1e-5, "p": 1e-5, "ci_low": 1e-5, "ci_high": 1e-5}
SCIPY, SM = f"scipy {scipy.__version__} maximum likelihood", f"statsmodels {statsmodels.__version__}"


def design(frame, names):
    """Regressors with the constant last."""
    return np.column_stack([frame[names].to_numpy(float), np.ones(len(frame))])


def wald(b, cov, k):
    """Wald test of the first k coefficients."""
    return b[:k] @ np.linalg.solve(cov[:k, :k], b[:k])


def ratios(rows, name):
    """Adds exponentiated estimates and limits."""
    return [r | {name: np.exp(r["estimate"]), f"{name}_low": np.exp(r["ci_low"]), f"{name}_high": np.exp(r["ci_high"])} for r in rows]


def margin_rows(kind, terms, effect, theta, cov, x):
    """Marginal effects with delta-method errors."""
    slope = jacobian(effect, theta)
    return [{"prediction": kind} | r for r in effect_rows(terms, effect(theta), np.sqrt(np.diag(slope @ cov @ slope.T)), x)]


def zero_inflated_case(model, vce, name=None, parameters=None):
    """Claims of insured persons."""
    frame = read("claims.csv")
    y = frame["claims"].to_numpy(float)
    xs, zs = ["chronic", "age", "female", "_cons"], ["chronic", "premium", "_cons"]
    x, z = design(frame, xs[:3]), design(frame, zs[:2])

    def zero_and_density(mu, t):
        if model == "zip":
            return -mu, y * np.log(mu) - mu - gammaln(y + 1)
        m = np.exp(-t[7])
        log_p = np.log(m / (m + mu))
        return m * log_p, gammaln(m + y) - gammaln(y + 1) - gammaln(m) + m * log_p + y * np.log(mu / (m + mu))

    def rows(t):
        zero, density = zero_and_density(np.exp(x @ t[:4]), t)
        index = z @ t[4:7]
        log_never, log_some = -np.logaddexp(0, -index), -np.logaddexp(0, index)
        return np.where(y == 0, np.logaddexp(log_never, log_some + zero), log_some + density)

    start = np.r_[np.zeros(3), np.log(y.mean()), np.zeros(3), [0.0] if model == "zinb" else []]
    theta, ll, information, scores = maximise(rows, start)
    cov = robust(information, scores) if vce == "robust" else np.linalg.inv(information)
    se = np.sqrt(np.diag(cov))
    dist = "poisson" if model == "zip" else "negbin"
    r = r_numbers(f'suppressMessages(library(pscl)); m <- zeroinfl(claims ~ chronic + age + female | chronic + premium, data("claims.csv"), dist = "{dist}", '
                  'control = zeroinfl.control(reltol = 1e-15, maxit = 100000)); c(coef(m)[c(2:4, 1, 6:7, 5)], logLik(m))')
    same([*theta[:7], ll], r, 2e-5)
    found = z_rows("claims", xs, theta[:4], se[:4]) + z_rows("inflate", zs, theta[4:7], se[4:7])
    if model == "zinb":
        alpha_rows = z_rows("", ["lnalpha"], theta[7:], se[7:])
        del alpha_rows[0]["equation"], alpha_rows[0]["term"]
    never = 1 / (1 + np.exp(-z @ theta[4:7]))
    mean = (1 - never) * np.exp(x @ theta[:4])
    plain = sm.Poisson(y, x).fit(disp=0, method="newton", tol=1e-14)
    plain_ll, zero_plain, k_plain = plain.llf, np.exp(-plain.predict()).mean(), 4
    if model == "zinb":
        nb = sm.NegativeBinomial(y, x).fit(disp=0, method="bfgs", gtol=1e-9, maxiter=2000)
        plain_ll, k_plain, a = nb.llf, 5, nb.params[-1]
        zero_plain = ((1 + a * np.exp(x @ nb.params[:-1])) ** (-1 / a)).mean()
    n, k = len(y), len(theta)
    chi2 = wald(theta[:4], cov[:4, :4], 3)
    values = {"N": n, "N_zero": (y == 0).sum(), "df_m": 3, "ll": ll, "chi2": chi2, "p": stats.chi2.sf(chi2, 3), "aic": -2 * ll + 2 * k, "bic": -2 * ll + np.log(n) * k,
              "plain_ll": plain_ll, "plain_bic": -2 * plain_ll + np.log(n) * k_plain, "share_zero": (y == 0).mean(), "share_zero_plain": zero_plain, "never_share": never.mean(),
              "mean_fitted": mean.mean()}
    if vce == "classical":
        del values["chi2"], values["p"]
    if model == "zinb":
        values["alpha"] = np.exp(theta[7])
    metrics = {"n_used": n, "ll": ll, "bic": values["bic"], "bic_plain": values["plain_bic"], "never_share": never.mean()}
    tables = {"table_fit.csv": fit(values)}
    if model == "zip":
        tables["table_coefficients.csv"] = table(["equation", "term"], ratios(found, "ratio"))
    return case(tables, metrics, parameters, name)


def zero_inflated() -> None:
    """Poisson and negative binomial."""
    save("claims.zero_inflated.json", f"{SCIPY}; R pscl zeroinfl; {SM} Poisson, NegativeBinomial", TOLERANCE, zero_inflated_case("zip", "robust"), [
        zero_inflated_case("zip", "classical", "classical errors", {"vce": "classical"}), zero_inflated_case("zinb", "robust", "negative binomial", {"model": "zinb"})])


def fractional() -> None:
    """Share of generic drugs."""
    def one(link, name=None, parameters=None):
        frame = read("claims.csv")
        names = ["age", "female", "chronic", "_cons"]
        x, y = design(frame, names[:3]), frame["generic_share"].to_numpy()
        p = (lambda i: 1 / (1 + np.exp(-i))) if link == "logit" else stats.norm.cdf

        def rows(t):
            log_p = (lambda i: -np.logaddexp(0, -i)) if link == "logit" else log_ndtr
            return y * log_p(x @ t) + (1 - y) * log_p(-x @ t)

        b, ll, information, scores = maximise(rows, np.zeros(4))
        cov = robust(information, scores)
        glm = sm.GLM(y, x, family=sm.families.Binomial(sm.families.links.Logit() if link == "logit" else sm.families.links.Probit())).fit(tol=1e-14)
        same(b, glm.params, 1e-7)
        density = (lambda i: p(i) * (1 - p(i))) if link == "logit" else stats.norm.pdf
        effect = with_differences(lambda t: density(x @ t).mean() * t[:3], lambda x, t: p(x @ t), x)
        m = y.mean()
        ll_0 = len(y) * (m * np.log(m) + (1 - m) * np.log(1 - m))
        chi2 = wald(b, cov, 3)
        values = {"N": len(y), "ll": ll, "r2_p": 1 - ll / ll_0, "chi2": chi2, "p": stats.chi2.sf(chi2, 3), "df_m": 3, "n_zero": (y == 0).sum(), "n_one": (y == 1).sum(),
                  "correlation2": np.corrcoef(p(x @ b), y)[0, 1] ** 2}
        return case({"table_coefficients.csv": table(["term"], z_rows("generic_share", names, b, np.sqrt(np.diag(cov)))),
                     "table_margins.csv": table(["prediction", "term"], margin_rows("share", names[:3], effect, b, cov, x)), "table_fit.csv": fit(values)},
                    {"n_used": len(y), "ll": ll, "chi2": chi2}, parameters, name)

    save("claims.fractional.json", f"{SCIPY}; {SM} GLM Binomial", TOLERANCE, one("logit"), [one("probit", "probit", {"link": "probit"})])


def glm() -> None:
    """Positive costs: gamma with log link; Poisson with identity link."""
    def one(family, link, vce, name=None, parameters=None):
        frame = read("claims.csv")
        frame = frame[frame["cost"] > 0]
        names = ["chronic", "age", "female", "_cons"]
        x, y = design(frame, names[:3]), frame["cost"].to_numpy()
        links = sm.families.links
        kind = {"gamma": sm.families.Gamma, "poisson": sm.families.Poisson, "inverse_gaussian": sm.families.InverseGaussian}[family](links.Log() if link == "log" else links.Identity())
        found = sm.GLM(y, x, family=kind).fit(tol=1e-15, maxiter=500)
        b, mu = found.params, found.fittedvalues
        v = {"gamma": mu**2, "poisson": mu, "inverse_gaussian": mu**3}[family]
        d = mu if link == "log" else np.ones(len(mu))
        scores = x * ((y - mu) / v * d)[:, None]
        # observed information: derivative of the scores by extrapolated differences
        def score(t):
            m = np.exp(x @ t) if link == "log" else x @ t
            w = {"gamma": m**2, "poisson": m, "inverse_gaussian": m**3}[family]
            return x.T @ ((y - m) / w * (m if link == "log" else 1))
        information = -jacobian(score, b)
        dispersion = found.pearson_chi2 / found.df_resid
        bread = np.linalg.inv(information)
        n = len(y)
        cov = bread @ (scores.T @ scores) @ bread * n / (n - 1)
        if vce == "classical":
            cov = bread * (1 if family == "poisson" else dispersion)
        effect = (lambda t: np.exp(x @ t).mean() * t[:3]) if link == "log" else (lambda t: t[:3])
        effect = with_differences(effect, lambda x, t: np.exp(x @ t) if link == "log" else x @ t, x)
        ll = {"gamma": lambda: (-y / mu - np.log(mu)).sum(), "poisson": lambda: (y * np.log(mu) - mu - gammaln(y + 1)).sum()}[family]()
        values = {"N": n, "df_m": 3, "ll": ll, "deviance": found.deviance, "dispersion": dispersion, "aic": -2 * ll + 8, "bic": -2 * ll + 4 * np.log(n)}
        coefficients = z_rows("cost", names, b, np.sqrt(np.diag(cov)))
        tables = {"table_coefficients.csv": table(["term"], ratios(coefficients, "ratio") if link == "log" else coefficients),
                  "table_margins.csv": table(["prediction", "term"], margin_rows("mean", names[:3], effect, b, cov, x)), "table_fit.csv": fit(values)}
        if family == "gamma":
            park = sm.GLM((y - mu) ** 2, np.column_stack([np.log(mu), np.ones(n)]), family=sm.families.Gamma(links.Log())).fit(tol=1e-15, maxiter=500)
            index = x @ b
            w = np.column_stack([index, index**2, np.ones(n)])
            check = sm.GLM(y, w, family=kind).fit(tol=1e-15, maxiter=500)
            m = check.fittedvalues
            s = w * ((y - m) / m)[:, None]
            inner = np.linalg.inv((w * (y / m)[:, None]).T @ w)
            z = check.params[1] / np.sqrt((inner @ (s.T @ s) @ inner)[1, 1] * n / (n - 1))
            tables["table_tests.csv"] = table(["test"], [{"test": "park_power", "statistic": park.params[0]}, {"test": "link", "statistic": z, "p_value": 2 * stats.norm.sf(abs(z))}])
        return case(tables, {"n_used": n, "ll": ll, "deviance": found.deviance, "dispersion": dispersion}, parameters, name)

    main = one("gamma", "log", "robust")
    r = r_numbers('m <- glm(cost ~ chronic + age + female, Gamma("log"), subset(data("claims.csv"), cost > 0), control = list(epsilon = 1e-14, maxit = 200)); c(coef(m)[c(2:4, 1)], deviance(m))')
    same([row["estimate"] for row in main["tables"]["table_coefficients.csv"]["rows"]] + [main["metrics"]["deviance"]], r, 1e-7)
    save("claims.glm.json", f"{SM} GLM; R glm; covariance by hand", TOLERANCE, main, [one("gamma", "log", "classical", "classical errors", {"vce": "classical"}),
         one("poisson", "identity", "robust", "poisson, identity", {"family": "poisson", "link": "identity"})])


def cloglog() -> None:
    """Stay in hospital with the years observed, and without them."""
    def one(exposed, name=None, parameters=None):
        frame = read("claims.csv")
        names = ["chronic", "age", "_cons"]
        x, y = design(frame, names[:2]), frame["hospital"].to_numpy(float)
        offset = np.log(frame["years"].to_numpy()) if exposed else np.zeros(len(y))

        def rows(t):
            rate = np.exp(x @ t + offset)
            return np.where(y == 1, np.log(-np.expm1(-rate)), -rate)

        b, ll, information, scores = maximise(rows, [0, 0, -3])
        cov = robust(information, scores)
        glm = sm.GLM(y, x, family=sm.families.Binomial(sm.families.links.CLogLog()), offset=offset).fit(tol=1e-14, maxiter=200)
        same(b, glm.params, 1e-6)
        logit = sm.Logit(y, x).fit(disp=0, tol=1e-14)
        chi2, n = wald(b, cov, 2), len(y)
        values = {"N": n, "ll": ll, "chi2": chi2, "p": stats.chi2.sf(chi2, 2), "df_m": 2, "n_events": y.sum(), "aic": -2 * ll + 6, "bic": -2 * ll + 3 * np.log(n), "logit_ll": logit.llf}
        tables = {"table_coefficients.csv": table(["term"], ratios(z_rows("hospital", names, b, np.sqrt(np.diag(cov))), "hazard_ratio")), "table_fit.csv": fit(values)}
        if not exposed:
            effect = with_differences(lambda t: (np.exp(x @ t - np.exp(x @ t))).mean() * t[:2], lambda x, t: -np.expm1(-np.exp(x @ t)), x)
            tables["table_margins.csv"] = table(["prediction", "term"], margin_rows("probability", names[:2], effect, b, cov, x))
        return case(tables, {"n_used": n, "ll": ll, "chi2": chi2, "n_events": y.sum()}, parameters, name)

    save("claims.cloglog.json", f"{SCIPY}; {SM} GLM CLogLog", TOLERANCE, one(True), [one(False, "no time at risk", {"exposure_var": None})])


def clogit() -> None:
    """Matched sets; statsmodels and R."""
    def one(vce, name=None, parameters=None):
        frame = read("matched.csv").dropna(subset=["bmi"])
        names = ["exposed", "bmi", "smoker"]
        share = frame.groupby("set_id")["ill"].transform("mean")
        crude_data, used = frame, frame[(share > 0) & (share < 1)]
        model = ConditionalLogit(used["ill"], used[names].astype(float), groups=used["set_id"])
        b = model.fit(disp=0, method="bfgs", gtol=1e-10).params.to_numpy()
        groups = [g for _, g in used.groupby("set_id")]
        # one case in each set
        def rows(t):
            return np.array([g[names].to_numpy(float)[g["ill"].to_numpy() == 1][0] @ t - np.log(np.exp(g[names].to_numpy(float) @ t).sum()) for g in groups])
        theta, ll, information, scores = maximise(rows, b)
        # statsmodels stops early: four digits
        same(theta, b, 1e-3)
        cov = np.linalg.inv(information)
        if vce == "robust":
            cov = cov @ (scores.T @ scores) @ cov * len(groups) / (len(groups) - 1)
        x = design(crude_data, names)
        y = crude_data["ill"].to_numpy(float)
        logit = sm.Logit(y, x).fit(disp=0, tol=1e-14)
        crude = robust(-logit.model.hessian(logit.params), logit.model.score_obs(logit.params), crude_data["set_id"].to_numpy())
        ll_0 = -sum(np.log(len(g)) for g in groups)
        chi2 = wald(theta, cov, 3) if vce == "robust" else 2 * (ll - ll_0)
        values = {"N": len(used), "ll": ll, "ll_0": ll_0, "r2_p": 1 - ll / ll_0, "chi2": chi2, "p": stats.chi2.sf(chi2, 3), "df_m": 3, "sets_used": len(groups),
                  "sets_unused": frame["set_id"].nunique() - len(groups), "N_unmatched": len(frame)}
        out = [{"model": "matched"} | r for r in ratios(z_rows("ill", names, theta, np.sqrt(np.diag(cov))), "odds_ratio")]
        out += [{"model": "unmatched"} | r for r in ratios(z_rows("ill", [*names, "_cons"], logit.params, np.sqrt(np.diag(crude))), "odds_ratio")]
        return case({"table_coefficients.csv": table(["model", "term"], out), "table_fit.csv": fit(values)},
                    {"n_used": len(used), "n_sets": len(groups), "ll": ll, "chi2": chi2}, parameters, name)

    main = one("classical")
    r = r_numbers('library(survival); m <- clogit(ill ~ exposed + bmi + smoker + strata(set_id), data("matched.csv"), control = coxph.control(eps = 1e-14)); c(coef(m), sqrt(diag(vcov(m))))')
    rows = main["tables"]["table_coefficients.csv"]["rows"][:3]
    same([x["estimate"] for x in rows] + [x["std_error"] for x in rows], r, 1e-6)
    save("matched.clogit.json", f"{SM} ConditionalLogit; R survival clogit; {SCIPY}", TOLERANCE, main, [one("robust", "robust errors", {"vce": "robust"})])


def two_part() -> None:
    """Costs: gamma and log-linear second parts."""
    def one(second, name=None, parameters=None):
        frame = read("claims.csv")
        names = ["chronic", "age", "female", "_cons"]
        x, y = design(frame, names[:3]), frame["cost"].to_numpy()
        any_ = (y > 0).astype(float)
        logit = sm.Logit(any_, x).fit(disp=0, tol=1e-14)
        c1 = robust(-logit.model.hessian(logit.params), logit.model.score_obs(logit.params))
        xp, yp = x[y > 0], y[y > 0]
        n2 = len(yp)
        if second == "gamma_log":
            found = sm.GLM(yp, xp, family=sm.families.Gamma(sm.families.links.Log())).fit(tol=1e-15, maxiter=500)
            mu = found.fittedvalues
            s, bread = xp * (yp / mu - 1)[:, None], np.linalg.inv((xp * (yp / mu)[:, None]).T @ xp)
            c2, smear = bread @ (s.T @ s) @ bread * n2 / (n2 - 1), 1.0
            rows2 = z_rows("cost", names, found.params, np.sqrt(np.diag(c2)))
        else:
            found = sm.OLS(np.log(yp), xp).fit(cov_type="HC1", use_t=True)
            smear = np.exp(found.resid).mean()
            rows2 = t_rows("cost", names, found.params, found.bse, n2 - 4)
        mean = lambda shift: (lambda i, a: np.column_stack([1 / (1 + np.exp(-i)), smear * np.exp(a)]))(( x + shift) @ logit.params, (x + shift) @ found.params)
        base = mean(np.zeros(4))
        out = []
        for j in range(3):
            # central differences, Richardson-extrapolated
            def change(h):
                up, down = mean(h * np.eye(4)[j]), mean(-h * np.eye(4)[j])
                return np.array([(up[:, 0] - down[:, 0]).mean(), (up[:, 1] - down[:, 1]).mean(), (up.prod(1) - down.prod(1)).mean(), ((up[:, 0] - down[:, 0]) * base[:, 1]).mean()]) / (2 * h)
            d = (4 * change(5e-4) - change(1e-3)) / 3
            out.append({"term": names[j], "any_effect": d[0], "amount_effect": d[1], "combined": d[2], "share_through_any": d[3] / d[2]})
        values = {"N": len(y), "n_zero": (y == 0).sum(), "n_positive": n2, "ll_any": logit.llf, "r2_p_any": logit.prsquared, "mean_observed": y.mean(), "mean_fitted": base.prod(1).mean(), "smearing": smear}
        rows = [{"model": "any"} | r for r in z_rows("cost", names, logit.params, np.sqrt(np.diag(c1)))] + [{"model": "amount"} | r for r in rows2]
        return case({"table_coefficients.csv": table(["model", "term"], rows), "table_combined.csv": table(["term"], out), "table_fit.csv": fit(values)},
                    {"n_used": len(y), "ll_any": logit.llf, "n_positive": n2, "mean_fitted": values["mean_fitted"]}, parameters, name)

    save("claims.two_part.json", f"{SM} Logit, GLM, OLS; numeric derivatives", TOLERANCE, one("gamma_log"), [one("ols_log", "log-linear amounts", {"second": "ols_log"})])


def truncreg() -> None:
    """Spending above 20, and between 20 and 140."""
    def one(low, high, vce, name=None, parameters=None):
        frame = read("households.csv").dropna(subset=["income", "spending"])
        beyond = len(frame)
        frame = frame[(frame["spending"] > low) & (frame["spending"] < (np.inf if high is None else high))]
        beyond -= len(frame)
        names = ["income", "children", "age", "_cons"]
        x, y = design(frame, names[:3]), frame["spending"].to_numpy(float)

        def rows(t):
            s, m = np.exp(t[4]), x @ t[:4]
            inside = log_ndtr((m - low) / s) if high is None else np.log(stats.norm.cdf((high - m) / s) - stats.norm.cdf((low - m) / s))
            return stats.norm.logpdf(y, m, s) - inside

        ols = sm.OLS(y, x).fit(cov_type="HC1", use_t=True)
        theta, ll, _, _ = maximise(rows, np.r_[ols.params, np.log(np.sqrt(ols.mse_resid))])

        def score(t):
            s, m = np.exp(t[4]), x @ t[:4]
            u, va, vb = (y - m) / s, (low - m) / s, np.inf if high is None else (high - m) / s
            p = stats.norm.cdf(vb) - stats.norm.cdf(va)
            fa, fb = stats.norm.pdf(va), stats.norm.pdf(vb)
            mean = (u - (fa - fb) / p) / s
            spread = u**2 - 1 - (fa * va - (0 if high is None else fb * vb)) / p
            return np.column_stack([x * mean[:, None], spread])

        # information from the analytic scores: it is nearly singular
        for _ in range(3):
            information = -jacobian(lambda t: score(t).sum(0), theta)
            theta = theta + np.linalg.solve(information, score(theta).sum(0))
        scores = score(theta)
        cov = robust(information, scores) if vce == "robust" else np.linalg.inv(information)
        se = np.sqrt(np.diag(cov))
        chi2 = wald(theta, cov, 3)
        values = {"N": len(y), "ll": ll, "chi2": chi2, "p": stats.chi2.sf(chi2, 3), "df_m": 3, "sigma": np.exp(theta[4]), "n_beyond": beyond}
        out = [{"model": "truncated"} | r for r in z_rows("spending", names, theta[:4], se[:4])] + [{"model": "ols"} | r for r in t_rows("spending", names, ols.params, ols.bse, len(y) - 4)]
        return case({"table_coefficients.csv": table(["model", "term"], out), "table_fit.csv": fit(values)}, {"ll": ll, "sigma": values["sigma"], "chi2": chi2}, parameters, name)

    save("households.truncreg.json", f"{SCIPY}; {SM} OLS", TOLERANCE, one(20, None, "robust"), [one(20, 140, "classical", "two limits, classical errors", {"upper": 140, "vce": "classical"})])


def interval() -> None:
    """Income brackets on the log scale; R survreg."""
    def one(log, vce, name=None, parameters=None):
        frame = read("claims.csv")
        names = ["age", "female", "_cons"]
        x = design(frame, names[:2])
        low, high = frame["income_low"].to_numpy(), frame["income_high"].to_numpy()
        if log:
            low, high = np.log(low), np.log(high)

        def rows(t):
            s, m = np.exp(t[3]), x @ t[:3]
            a = np.where(np.isnan(low), -np.inf, (low - m) / s)
            b = np.where(np.isnan(high), np.inf, (high - m) / s)
            # the smaller tail keeps its digits
            flip = (a + b) > 0
            lo, hi = np.where(flip, -b, a), np.where(flip, -a, b)
            return log_ndtr(hi) + np.log1p(-np.exp(log_ndtr(lo) - log_ndtr(hi)))

        theta, ll, information, scores = maximise(rows, [0.01, 0, 2.5, -0.7] if log else [0.2, 1, 12, 2])
        cov = robust(information, scores) if vce == "robust" else np.linalg.inv(information)
        chi2 = wald(theta, cov, 2)
        values = {"N": len(low), "N_unc": 0, "N_lc": np.isnan(low).sum(), "N_rc": np.isnan(high).sum(), "N_int": (~np.isnan(low) & ~np.isnan(high)).sum(), "ll": ll, "chi2": chi2,
                  "p": stats.chi2.sf(chi2, 2), "df_m": 2, "sigma": np.exp(theta[3])}
        if vce == "classical":
            del values["chi2"], values["p"]
        metrics = {"n_used": len(low), "ll": ll, "sigma": values["sigma"]}
        return case({"table_coefficients.csv": table(["term"], z_rows("outcome", names, theta[:3], np.sqrt(np.diag(cov))[:3])), "table_fit.csv": fit(values)}, metrics, parameters, name)

    main = one(True, "robust")
    r = r_numbers('library(survival); d <- data("claims.csv"); m <- survreg(Surv(log(income_low), log(income_high), type = "interval2") ~ age + female, d, dist = "gaussian", '
                  'control = survreg.control(rel.tolerance = 1e-14)); c(coef(m)[c(2, 3, 1)], m$scale, m$loglik[2])')
    same([row["estimate"] for row in main["tables"]["table_coefficients.csv"]["rows"]] + [main["metrics"]["sigma"], main["metrics"]["ll"]], r, 1e-6)
    save("claims.interval.json", f"{SCIPY}; R survival survreg", TOLERANCE, main, [one(False, "classical", "original scale, classical errors", {"log_outcome": False, "vce": "classical"})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (zero_inflated, fractional, glm, cloglog, clogit, two_part, truncreg, interval):
        make()


if __name__ == "__main__":
    write_all()
