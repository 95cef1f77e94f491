"""Golden numbers of the multivariate and lasso templates (numpy, statsmodels, scikit-learn).

Run through make_goldens.py.
"""

import numpy as np
import sklearn
import statsmodels.api as sm
from golden import case, fit, read, save, table
from sklearn.linear_model import Lasso

SCALE = ["trust1", "trust2", "trust3", "trust4", "trust5"]


def pca_case(names, components, standardize, name=None, parameters=None):
    """Eigenvalues and vectors of the correlation or covariance matrix."""
    x = read("attitudes.csv")[names].dropna().to_numpy().astype(float)
    c = np.corrcoef(x.T) if standardize else np.cov(x.T)
    values, vectors = np.linalg.eigh(c)
    values, vectors = values[::-1], vectors[:, ::-1]
    vectors = vectors * np.where(vectors.sum(0) < 0, -1, 1)
    k = len(names)
    if components is None:
        components = max(1, int((values > np.trace(c) / k).sum()))
    share = values / values.sum()
    rows = [{"component": j + 1, "eigenvalue": values[j], "share": share[j], "cumulative": share[: j + 1].sum(),
             "retained": "yes" if j < components else "no"} for j in range(k)]
    r = np.corrcoef(x.T)
    inverse = np.linalg.inv(r)
    partial = -inverse / np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
    off = ~np.eye(k, dtype=bool)
    r2, q2 = np.where(off, r**2, 0), np.where(off, partial**2, 0)
    each = r2.sum(0) / (r2.sum(0) + q2.sum(0))
    left = np.diag(c) - (vectors[:, :components] ** 2 * values[:components]).sum(1)
    loadings = [{"variable": n, "component": j + 1, "loading": vectors[i, j], "unexplained": left[i], "kmo": each[i]}
                for i, n in enumerate(names) for j in range(components)]
    return case({"table_eigenvalues.csv": table(["component"], rows),
                 "table_loadings.csv": table(["variable", "component"], loadings)},
                {"n_used": len(x), "n_components": components, "explained": share[:components].sum(),
                 "kmo": r2.sum() / (r2.sum() + q2.sum())}, parameters, name)


def pca() -> None:
    """All questions; three of them by covariances."""
    names = SCALE + ["stress1", "stress2", "distrust"]
    save("attitudes.pca.json", f"numpy {np.__version__} eigh", {"default": 1e-8}, pca_case(names, None, True),
         [pca_case(SCALE[:3], 2, False, "covariances, two components",
                   {"vars": SCALE[:3], "components": 2, "standardize": False})])


def alpha_case(names, signs, name=None, parameters=None):
    """Alpha and item statistics on complete rows."""
    x = read("attitudes.csv")[names].dropna().to_numpy().astype(float)
    raw, x = x, x * signs
    c, k = np.cov(x.T), len(names)

    def value(matrix):
        size = len(matrix)
        mean = (matrix.sum() - np.trace(matrix)) / (size * (size - 1))
        return size * mean / (np.trace(matrix) / size + (size - 1) * mean), mean

    total = x.sum(1)
    rows = []
    for i, item in enumerate(names):
        others = [j for j in range(k) if j != i]
        without, mean = value(c[np.ix_(others, others)])
        rows.append({"variable": item, "turned": "yes" if signs[i] < 0 else "no", "mean": raw[:, i].mean(),
                     "sd": raw[:, i].std(ddof=1), "item_test": np.corrcoef(x[:, i], total)[0, 1],
                     "item_rest": np.corrcoef(x[:, i], total - x[:, i])[0, 1], "mean_covariance": mean,
                     "alpha_without": without})
    alpha, mean = value(c)
    standard = value(np.corrcoef(x.T))[0]
    scale = {"alpha": alpha, "alpha_standardized": standard, "items": k, "mean_covariance": mean, "n": len(x)}
    return case({"table_alpha.csv": table(["metric"], [{"metric": a, "value": b} for a, b in scale.items()]),
                 "table_items.csv": table(["variable"], rows)},
                {"n_used": len(x), "alpha": alpha, "alpha_standardized": standard}, parameters, name)


def alpha() -> None:
    """Six questions with one turned, and the five without it."""
    save("attitudes.alpha.json", f"numpy {np.__version__}", {"default": 1e-8},
         alpha_case(SCALE + ["distrust"], np.array([1, 1, 1, 1, 1, -1])),
         [alpha_case(SCALE, np.ones(5), "items as they are", {"vars": SCALE, "reverse": False})])


class Mt64:
    """64-bit Mersenne Twister (Nishimura 2000) with 53-bit uniform numbers."""

    def __init__(self, seed):
        self.state = [seed]
        for i in range(1, 312):
            last = self.state[-1]
            self.state.append((6364136223846793005 * (last ^ (last >> 62)) + i) % 2**64)
        self.at = 312

    def uniform(self):
        if self.at == 312:
            for i in range(312):
                x = (self.state[i] & 0xFFFFFFFF80000000) | (self.state[(i + 1) % 312] & 0x7FFFFFFF)
                self.state[i] = self.state[(i + 156) % 312] ^ (x >> 1) ^ (0xB5026F5AA96619E9 if x & 1 else 0)
            self.at = 0
        x = self.state[self.at]
        self.at += 1
        x ^= (x >> 29) & 0x5555555555555555
        x ^= (x << 17) & 0x71D67FFFEDA60000
        x ^= (x << 37) & 0xFFF7EEE000000000
        x ^= x >> 43
        return (x >> 11) * 2.0**-53


def lasso_case(outcome, candidates, selection, seed, name=None, parameters=None):
    """Least squares with penalties from a grid of 100, by scikit-learn."""
    data = read("houses.csv")
    y, raw = data[outcome].to_numpy().astype(float), data[candidates].to_numpy().astype(float)
    centre, scale = raw.mean(0), raw.std(0)
    x, n = (raw - centre) / scale, len(y)
    largest = np.abs(x.T @ (y - y.mean())).max() / n
    grid = largest * 1e-4 ** (np.arange(100) / 99)

    def solve(xx, yy, lam):
        return Lasso(alpha=lam, tol=1e-14, max_iter=1_000_000).fit(xx, yy)

    path = []
    for k, lam in enumerate(grid):
        model = solve(x, y, lam)
        loss = ((y - model.predict(x)) ** 2).mean()
        nonzero = (model.coef_ != 0).sum()
        path.append({"id": k + 1, "lambda": lam, "nonzero": nonzero, "fit": 1 - loss / y.var(), "model": model,
                     "loss": loss, "bic": n * np.log(loss) + np.log(n) * (nonzero + 1), "cv_mean": None, "cv_se": None})
    if selection == "cv":
        stream = Mt64(seed)
        draws = np.array([stream.uniform() for _ in range(n)])
        fold = np.empty(n, int)
        fold[np.argsort(draws, kind="stable")] = np.arange(n) % 10
        for row in path:
            losses, sizes = [], []
            for f in range(10):
                inside = fold == f
                model = solve(x[~inside], y[~inside], row["lambda"])
                losses.append(((y[inside] - model.predict(x[inside])) ** 2).mean())
                sizes.append(inside.sum())
            row["cv_mean"] = np.average(losses, weights=sizes)
            spread = np.average((np.array(losses) - row["cv_mean"]) ** 2, weights=sizes)
            row["cv_se"] = np.sqrt(spread / 9)
    key = "cv_mean" if selection == "cv" else "bic"
    best = min(path, key=lambda r: r[key])
    b = best["model"].coef_
    kept = b != 0
    after = sm.OLS(y, sm.add_constant(raw[:, kept])).fit()
    post = np.zeros(len(candidates))
    post[kept] = after.params[1:]
    rows = [{"term": t, "standardized": b[j], "penalized": b[j] / scale[j], "postselection": post[j],
             "selected": "yes" if kept[j] else "no"} for j, t in enumerate(candidates)]
    rows.append({"term": "_cons", "standardized": best["model"].intercept_,
                 "penalized": best["model"].intercept_ - (b / scale * centre).sum(), "postselection": after.params[0],
                 "selected": "yes"})
    tables = {"table_selected.csv": table(["term"], rows),
              "table_path.csv": table(["id"], [{k: v for k, v in r.items() if k not in ("model", "loss")} for r in path]),
              "table_fit.csv": fit({"N": n, "candidates": len(candidates), "selected": kept.sum(), "lambda": best["lambda"],
                                    "loss_penalized": best["loss"], "fit_penalized": best["fit"],
                                    "loss_postselection": after.ssr / n, "fit_postselection": after.rsquared,
                                    "seed": seed})}
    return case(tables, {"n_used": n, "lambda": best["lambda"], "n_selected_terms": kept.sum(), "n_candidates": len(candidates),
                         "fit": best["fit"], "loss": best["loss"], "seed": seed}, parameters, name)


def lasso() -> None:
    """BIC over all candidates; ten folds over some of them."""
    every = [f"feature{i:02d}" for i in range(1, 31)]
    few = every[:12]
    save("houses.lasso.json", f"scikit-learn {sklearn.__version__} Lasso", {"default": 1e-6},
         lasso_case("price", every, "bic", 12345),
         [lasso_case("price", few, "cv", 7, "ten folds", {"candidates": few, "selection": "cv", "seed": 7})])


def write_all() -> None:
    """All files."""
    pca()
    alpha()
    lasso()


if __name__ == "__main__":
    write_all()
