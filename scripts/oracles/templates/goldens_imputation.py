"""Expected numbers of the regression after multiple imputation: chained equations in numpy (normal regression, predictive mean matching,
logit), pooled by Rubin's rules with the degrees of freedom of Barnard and Rubin (1999), and R's mice as a second oracle.

Both draw at random, so that their numbers, and those of a run, have Monte Carlo errors. Here 3,000 imputations make them small. The
tolerances are three Monte Carlo errors of a run with its number of imputations, and not less than one percent.
"""

import numpy as np
import pandas as pd
from golden import case, fit, read, save, table
from oracle_r import r_numbers
from scipy import stats

IMPUTATIONS = 3000
CYCLES = 8


def with_constant(*columns):
    return np.column_stack([*columns, np.ones(len(columns[0]))])


def drawn_regression(rng, y, x):
    """Least squares estimate, and a draw of coefficients and error from their posterior (Rubin 1987, p. 167)."""
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y
    rest = y - x @ b
    sigma = np.sqrt(rest @ rest / rng.chisquare(len(y) - x.shape[1]))
    return b, b + sigma * np.linalg.cholesky(inverse) @ rng.normal(size=x.shape[1]), sigma


def drawn_logit(rng, y, x):
    b = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ b))
        information = (x * (p * (1 - p))[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ (y - p))
        b += step
        if np.abs(step).max() < 1e-9:
            break
    return b + np.linalg.cholesky(np.linalg.inv(information)) @ rng.normal(size=len(b))


def imputed(rng, frame, methods, neighbours=5):
    """One completed data set. `methods`: incomplete column to norm, pmm or logit; fewest gaps first."""
    gaps = {name: frame[name].isna().to_numpy() for name in methods}
    order = sorted(methods, key=lambda name: gaps[name].sum())
    values = {name: frame[name].to_numpy(float).copy() for name in frame}
    for name in order:
        known = values[name][~gaps[name]]
        values[name][gaps[name]] = rng.choice(known, gaps[name].sum())
    for _ in range(CYCLES):
        for name in order:
            gap = gaps[name]
            x = with_constant(*[values[other] for other in frame if other != name])
            known = values[name][~gap]
            if methods[name] == "logit":
                b = drawn_logit(rng, known, x[~gap])
                values[name][gap] = rng.random(gap.sum()) < 1 / (1 + np.exp(-x[gap] @ b))
                continue
            b, drawn, sigma = drawn_regression(rng, known, x[~gap])
            if methods[name] == "norm":
                values[name][gap] = x[gap] @ drawn + sigma * rng.normal(size=gap.sum())
                continue
            distance = np.abs((x[gap] @ drawn)[:, None] - (x[~gap] @ b)[None, :])
            nearest = np.argpartition(distance, neighbours, axis=1)[:, :neighbours]
            values[name][gap] = known[nearest[np.arange(gap.sum()), rng.integers(neighbours, size=gap.sum())]]
    return pd.DataFrame(values)


def ols_hc1(frame, outcome, terms):
    x, y = with_constant(*[frame[t] for t in terms]), frame[outcome].to_numpy(float)
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y
    rest = y - x @ b
    n, k = x.shape
    return b, n / (n - k) * inverse @ ((x * rest[:, None]).T @ (x * rest[:, None])) @ inverse, n - k


def logit_fit(frame, outcome, terms):
    x, y = with_constant(*[frame[t] for t in terms]), frame[outcome].to_numpy(float)
    b = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-x @ b))
        information = (x * (p * (1 - p))[:, None]).T @ x
        b = b + np.linalg.solve(information, x.T @ (y - p))
    return b, np.linalg.inv(information), np.inf


def pooled(fits):
    """Rubin's rules: estimate, standard error, degrees of freedom, fraction of missing information, between variance."""
    estimates = np.array([b for b, _, _ in fits])
    within = np.mean([np.diag(v) for _, v, _ in fits], axis=0)
    between = estimates.var(axis=0, ddof=1)
    total = within + between  # as the number of imputations grows
    share = between / total
    complete = fits[0][2]
    observed = complete if np.isinf(complete) else (complete + 1) / (complete + 3) * complete * (1 - share)
    return estimates.mean(axis=0), np.sqrt(total), observed, share, between


def run(outcome, terms, aids, methods, estimator):
    """The pooled results of both oracles' imputations; they must agree within their Monte Carlo errors."""
    rng = np.random.default_rng(20261128)
    frame = read("cohort.csv")[[outcome, *terms, *aids]].astype(float)
    fits = [estimator(imputed(rng, frame, methods), outcome, terms) for _ in range(IMPUTATIONS)]
    return frame, pooled(fits)


def mice(outcome, terms, aids, methods, imputations):
    """Means of R's mice: estimates and standard errors of least squares with the same imputation models."""
    names = [outcome, *terms, *aids]
    kinds = ", ".join(f'"{ {"norm": "norm", "pmm": "pmm", "logit": "logreg"}[methods[n]] }"' if n in methods else '""' for n in names)
    factors = "\n".join(f"d${n} <- factor(d${n})" for n, m in methods.items() if m == "logit")
    return r_numbers(f"""
suppressMessages(library(mice))
d <- data("cohort.csv")[, c({", ".join(f'"{n}"' for n in names)})]
{factors}
m <- mice(d, m = {imputations}, maxit = {CYCLES}, method = c({kinds}), seed = 7, printFlag = FALSE)
fits <- lapply(seq_len({imputations}), function(i) coef(lm({outcome} ~ {" + ".join(terms)}, complete(m, i))))
colMeans(do.call(rbind, fits))
""")


def rows(terms, outcome, results, runs):
    """Rows of the coefficient table, and a tolerance for each term."""
    b, se, df, share, between = results
    t = b / se
    freedom = np.broadcast_to(df, b.shape)
    half = stats.t.ppf(0.975, freedom) * se
    names = [*terms, "_cons"]
    out = [{"equation": outcome, "term": n, "estimate": b[j], "std_error": se[j], "ci_low": b[j] - half[j], "ci_high": b[j] + half[j]} for j, n in enumerate(names)]
    # of the estimate and the limits; the variance between has a relative error of sqrt(2/m), its share of the total is `share`
    error = 3 * np.sqrt(between / runs) / np.abs(np.column_stack([b, b - half, b + half])).min(axis=1)
    spread = 3 * share * np.sqrt(2 / runs) / 2
    return out, {n: max(0.01, error[j], spread[j]) for j, n in enumerate(names)}


def gaps(frame, methods, shown):
    out = []
    for name in frame:
        known = frame[name].dropna()
        out.append({"variable": name, "missing": frame[name].isna().sum(), "missing_share": frame[name].isna().mean(), "method": shown.get(name, "none"),
                    "observed_mean": known.mean(), "observed_sd": known.std()})
    return table(["variable"], out)


def write_all() -> None:
    """Writes the golden file."""
    terms, aids = ["bmi", "smoker", "age", "female"], ["income", "activity"]
    methods = {"sbp": "pmm", "bmi": "pmm", "income": "pmm", "smoker": "logit"}
    frame, main = run("sbp", terms, aids, methods, ols_hc1)
    other = mice("sbp", terms, aids, methods, 400)
    # mice puts the constant first
    np.testing.assert_allclose(np.roll(other, -1), main[0], atol=float(4 * np.sqrt(main[4] / 400).max()))
    coefficients, tolerances = rows(terms, "sbp", main, 50)
    complete = frame[["sbp", *terms]].dropna()
    b, v, df = ols_hc1(complete, "sbp", terms)
    compared = [{"term": n, "complete_estimate": b[j], "complete_error": np.sqrt(v[j, j])} for j, n in enumerate([*terms, "_cons"])]
    tables = {"table_coefficients.csv": table(["term"], coefficients), "table_comparison.csv": table([], compared),
              "table_missing.csv": gaps(frame, methods, {"sbp": "pmm", "bmi": "pmm", "income": "pmm", "smoker": "logit"}),
              "table_fit.csv": fit({"N": len(frame), "n_complete": len(complete), "imputations": 50})}
    exact = {"complete_estimate": 1e-8, "complete_error": 1e-8}
    logit_methods = {"bmi": "norm", "income": "norm", "smoker": "logit"}
    other_frame, second = run("hypertension", terms, aids, logit_methods, logit_fit)
    logit_rows, logit_tolerances = rows(terms, "hypertension", second, 50)
    variant = case({"table_coefficients.csv": table(["term"], logit_rows)}, {"n_used": len(other_frame)},
                   {"outcome": "hypertension", "regressors": ["bmi", "smoker"], "controls": ["age", "female"], "auxiliary": aids, "model": "logit", "method": "regress",
                    "imputations": 50, "burnin": 5, "seed": 20261128}, "logit")
    for name, value in logit_tolerances.items():
        tolerances[name] = max(tolerances[name], value)
    print({n: round(t, 3) for n, t in tolerances.items()})
    save("cohort.multiple_imputation.json", "numpy chained equations with 3,000 imputations, Rubin's rules; R mice 3.15", {"default": 1e-8, **exact, **tolerances},
         case(tables, {"n_used": len(frame), "n_complete": len(complete)}), [variant])


if __name__ == "__main__":
    write_all()
