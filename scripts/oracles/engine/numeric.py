"""Maximum likelihood by scipy and extrapolated differences: an independent check of likelihood estimators."""

import numpy as np
from scipy.optimize import minimize


def jacobian(function, at, scale=1e-3):
    """Jacobian by Romberg-extrapolated central differences (about 11 digits)."""
    at = np.asarray(at, float)
    columns = []
    for j in range(len(at)):
        h = max(abs(at[j]), 1.0) * scale

        def central(step):
            up, down = at.copy(), at.copy()
            up[j] += step
            down[j] -= step
            return (np.asarray(function(up)) - np.asarray(function(down))) / (2 * step)

        rows = [central(h / 2**i) for i in range(4)]
        for order in (4, 16, 64):
            rows = [(order * rows[i + 1] - rows[i]) / (order - 1) for i in range(len(rows) - 1)]
        columns.append(rows[0])
    return np.column_stack(columns)


def maximise(rows, start, weights=None, steps=12):
    """Maximises the sum of `rows(theta)`; returns estimates, log likelihood, information and scores."""
    w = 1.0 if weights is None else weights
    total = lambda t: float(np.sum(w * rows(t)))
    theta = minimize(lambda t: -total(t), start, method="BFGS", options={"gtol": 1e-6, "maxiter": 2000}).x
    gradient = lambda t: jacobian(lambda s: np.array([total(s)]), t)[0]
    for _ in range(steps):
        information = -jacobian(gradient, theta, 2e-3)
        information = (information + information.T) / 2
        step = np.linalg.solve(information, gradient(theta))
        theta = theta + step
        if np.abs(step).max() < 1e-11:
            break
    return theta, total(theta), information, jacobian(rows, theta)


def robust(information, scores, groups=None, weights=None):
    """Sandwich covariance with N/(N-1), or G/(G-1) by clusters."""
    bread = np.linalg.inv(information)
    s = scores if weights is None else scores * weights[:, None]
    if groups is None:
        n = len(s)
        return bread @ (s.T @ s) @ bread * n / (n - 1)
    codes = np.unique(groups, return_inverse=True)[1]
    sums = np.zeros((codes.max() + 1, s.shape[1]))
    np.add.at(sums, codes, s)
    g = len(sums)
    return bread @ (sums.T @ sums) @ bread * g / (g - 1)
