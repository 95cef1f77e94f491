"""Golden numbers of the count template (statsmodels)."""

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from scipy import stats

from golden import case, fit, read, save, table
from goldens_models import z_rows

# the optimiser of nbreg stops at its own criteria; the likelihood is compared closer
TOLERANCE = {"default": 1e-6, "ll": 1e-8}


def count_rows(model, terms, b, se, irr):
    """Coefficient rows of one model, with exponentiated columns except for lnalpha."""
    rows = []
    for row in z_rows("visits", terms, b, se):
        row = {"model": model} | row
        if irr and row["term"] != "lnalpha":
            row |= {"irr": np.exp(row["estimate"]), "irr_low": np.exp(row["ci_low"]), "irr_high": np.exp(row["ci_high"])}
        rows.append(row)
    return rows


def count_case(irr, models, name=None, parameters=None):
    """Poisson and negative binomial with robust errors N/(N-1)."""
    data = read("visits.csv")
    x = data[["age", "chronic", "copay"]].astype(float)
    x["_cons"] = 1.0
    y, offset, n = data["visits"].astype(float), np.log(data["months"]), len(data)
    result = sm.Poisson(y, x, offset=offset).fit(disp=0, method="newton", tol=1e-14, maxiter=200)
    null = sm.Poisson(y, x[["_cons"]], offset=offset).fit(disp=0, method="newton", tol=1e-14, maxiter=200)
    b = result.params.to_numpy()
    bread = np.linalg.inv(-result.model.hessian(b))
    scores = np.asarray(result.model.score_obs(b))
    cov = bread @ (scores.T @ scores) @ bread * n / (n - 1)
    mean = result.predict()
    wald = b[:3] @ np.linalg.solve(cov[:3, :3], b[:3])
    dispersion = ((y - mean) ** 2 / mean).sum() / (n - 4)
    values, rows = {"N": n, "level": 95}, []
    if models != "nbreg":
        rows += count_rows("poisson", x.columns, b, np.sqrt(np.diag(cov)), irr)
        values |= {"poisson_ll": result.llf, "poisson_chi2": wald, "poisson_r2_p": 1 - result.llf / null.llf,
                   "poisson_bic": -2 * result.llf + np.log(n) * 4, "dispersion": dispersion}
    if models != "poisson":
        model = sm.NegativeBinomial(y, x, offset=offset)
        start = model.fit(disp=0, method="bfgs", maxiter=500)
        negative = model.fit(start_params=start.params, disp=0, method="newton", tol=1e-14, maxiter=200)
        a = negative.params.to_numpy()
        alpha = a[-1]
        # from alpha to ln(alpha): at the maximum only the chain rule of the score matters
        scale = np.diag([1, 1, 1, 1, alpha])
        bread = np.linalg.inv(-scale @ model.hessian(a) @ scale)
        scores = nb_scores(y.to_numpy(), x.to_numpy(), offset.to_numpy(), a) @ scale
        cov = bread @ (scores.T @ scores) @ bread * n / (n - 1)
        c = a[:4]
        wald = c[:3] @ np.linalg.solve(cov[:3, :3], c[:3])
        rows += count_rows("nbreg", [*x.columns, "lnalpha"], np.append(c, np.log(alpha)), np.sqrt(np.diag(cov)), irr)
        values |= {"nbreg_ll": negative.llf, "nbreg_chi2": wald, "nbreg_bic": -2 * negative.llf + np.log(n) * 5,
                   "alpha": alpha}
        if models == "both":
            lr = 2 * (negative.llf - result.llf)
            values |= {"overdispersion_chi2": lr, "overdispersion_p": 0.5 * stats.chi2.sf(lr, 1)}
    return case({"table_coefficients.csv": table(["model", "term"], rows), "table_fit.csv": fit(values)},
                {"n_used": n}, parameters, name)


def nb_scores(y, x, offset, params):
    """Scores of the negative binomial (mean dispersion), by the formulas of Cameron and Trivedi (1998), 3.3."""
    from scipy.special import digamma

    b, alpha = params[:-1], params[-1]
    mu = np.exp(x @ b + offset)
    inverse = 1 / alpha
    first = ((y - mu) / (1 + alpha * mu))[:, None] * x
    last = inverse**2 * (np.log(1 + alpha * mu) - digamma(y + inverse) + digamma(inverse)) \
        + (y - mu) / (alpha * (1 + alpha * mu))
    return np.column_stack([first, last])


def count() -> None:
    """Doctor visits with months observed as exposure."""
    save("visits.count.json", f"statsmodels {statsmodels.__version__} Poisson, NegativeBinomial", TOLERANCE,
         count_case(True, "both"), [
             count_case(False, "poisson", "Poisson alone", {"models": "poisson", "irr": False})])


def write_all() -> None:
    """Writes all golden files of this module."""
    count()



if __name__ == "__main__":
    write_all()
