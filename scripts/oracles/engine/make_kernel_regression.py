"""Kernel regressions: statsmodels KernelReg, and weighted least squares at each point by numpy, with bandwidths by scipy."""

import itertools

import numpy as np
import pandas as pd
from common import Cases, write_data
from scipy import optimize
from statsmodels.nonparametric.kernel_regression import KernelReg

KERNELS = {
    "epanechnikov": lambda u: np.where(abs(u) < 5**0.5, 0.75 * (1 - u * u / 5) / 5**0.5, 0),
    "epan2": lambda u: np.where(abs(u) < 1, 0.75 * (1 - u * u), 0),
    "biweight": lambda u: np.where(abs(u) < 1, 15 / 16 * (1 - u * u) ** 2, 0),
    "cosine": lambda u: np.where(abs(u) < 0.5, 1 + np.cos(2 * np.pi * u), 0),
    "gaussian": lambda u: np.exp(-u * u / 2) / (2 * np.pi) ** 0.5,
    "parzen": lambda u: np.where(abs(u) <= 0.5, 4 / 3 - 8 * u**2 + 8 * abs(u) ** 3, np.where(abs(u) <= 1, 8 * (1 - abs(u)) ** 3 / 3, 0)),
    "rectangle": lambda u: np.where(abs(u) < 1, 0.5, 0),
    "triangle": lambda u: np.where(abs(u) < 1, 1 - abs(u), 0),
}


def fit_share(m, y):
    """R-squared of Doksum and Samarov (1995), both about the mean of the outcome."""
    a, b = m - y.mean(), y - y.mean()
    return (a @ b) ** 2 / ((a @ a) * (b @ b))


class Regression:
    """A regression on columns x (continuous) and z (discrete)."""

    def __init__(self, y, x, z, h, lam, kernel="epanechnikov", linear=True, cell=False):
        self.y, self.x, self.z, self.h, self.lam = y, np.atleast_2d(x.T).T, np.atleast_2d(z.T).T, np.atleast_1d(h), np.atleast_1d(lam)
        self.kernel, self.linear, self.cell = KERNELS[kernel], linear, cell

    def weights(self, x0, z0):
        w = np.ones(len(self.y))
        for k, h in enumerate(self.h):
            w = w * self.kernel((self.x[:, k] - x0[k]) / h)
        for k, lam in enumerate(self.lam):
            w = w * np.where(self.z[:, k] == z0[k], 1, 0 if self.cell else lam)
        return w

    def fit(self, x0, z0, degree=None, leave=None):
        """Coefficients in units of x, and the weight of the point's own outcome; None where the rank is short."""
        w = self.weights(x0, z0)
        if leave is not None:
            w[leave] = 0
        d = self.x - x0
        columns = [np.ones(len(self.y))]
        for power in range(1, (degree if degree is not None else int(self.linear)) + 1):
            columns += [np.prod(d[:, list(c)], axis=1) for c in itertools.combinations_with_replacement(range(d.shape[1]), power)]
        design = np.column_stack(columns) * np.sqrt(w)[:, None]
        keep = w > 0
        scale = np.sqrt((design**2).sum(0))
        if keep.sum() < design.shape[1] or not (scale > 0).all():
            return None
        b, _, rank, _ = np.linalg.lstsq(design[keep] / scale, self.y[keep] * np.sqrt(w[keep]), rcond=1e-9)
        return b / scale if rank == design.shape[1] else None

    def mean(self, x0, z0, leave=None):
        b = self.fit(x0, z0, leave=leave)
        return np.nan if b is None else b[0]

    def gradient(self, x0, z0):
        if self.linear:
            return self.fit(x0, z0)[1 : 1 + len(self.h)]
        step, out = 1e-4, []
        for k in range(len(self.h)):
            e = np.eye(len(self.h))[k] * step * self.h[k]
            d = lambda s: (self.mean(x0 + s * e, z0) - self.mean(x0 - s * e, z0)) / (2 * s * step * self.h[k])
            out.append((4 * d(1) - d(2)) / 3)
        return np.array(out)

    def means(self, x=None, z=None):
        x, z = self.x if x is None else x, self.z if z is None else z
        return np.array([self.mean(a, b) for a, b in zip(x, z)])

    def left_out(self):
        errors = np.array([self.y[i] - self.mean(self.x[i], self.z[i], leave=i) for i in range(len(self.y))])
        return np.inf if np.isnan(errors).any() else np.log((errors**2).mean())

    def akaike(self):
        n, hat = len(self.y), np.zeros((len(self.y), len(self.y)))
        y = self.y
        for j in range(n):
            self.y = np.eye(n)[j]
            hat[:, j] = self.means()
        self.y = y
        trace = np.trace(hat)
        if np.isnan(hat).any() or trace + 2 >= n:
            return np.inf
        return np.log(((y - hat @ y) ** 2).mean()) + (1 + trace / n) / (1 - (trace + 2) / n)

    def gradients(self):
        spread, total = self.x.std(axis=0, ddof=1), 0
        for x0, z0 in zip(self.x, self.z):
            own, cubic = self.fit(x0, z0), self.fit(x0, z0, degree=3)
            if own is None or cubic is None:
                return np.inf
            total += (((own - cubic[: len(own)])[1:] * spread) ** 2).sum()
        return np.log(total / len(self.y))


def sample():
    rng = np.random.default_rng(7)
    n = 80
    x, z = rng.normal(size=n).round(6), rng.uniform(0, 3, size=n).round(6)
    a, g = rng.integers(0, 3, size=n), rng.integers(0, 2, size=n)
    y = (np.sin(2 * x) + 0.3 * z**2 + 0.8 * (a == 1) + 1.5 * (a == 2) * x + rng.normal(size=n) * 0.3).round(6)
    frame = pd.DataFrame(dict(y=y, x=x, z=z, a=a, g=g))
    write_data("kernel_regression", frame)
    return frame.astype(float)


def fixed(frame, cases):
    """Averages at given bandwidths for every kernel, both estimators, and factors."""
    none, y = np.empty((len(frame), 0)), frame.y.to_numpy()
    x1, x2, z = frame[["x"]].to_numpy(), frame[["x", "z"]].to_numpy(), frame[["a", "g"]].to_numpy()
    widths = {"epanechnikov": 0.7, "gaussian": 0.5, "cosine": 3.2}
    for kernel, linear in itertools.product(KERNELS, (True, False)):
        h = widths.get(kernel, 1.5)
        r = Regression(y, x1, none, [h], [], kernel, linear)
        m = r.means()
        do = f"npregress kernel y x, bwidth({h}, copy) kernel({kernel}) estimator({'linear' if linear else 'constant'})"
        expect = {"[Mean]_b[y]": m.mean(), "e(r2)": fit_share(m, y), "e(nh)": min(80 * h, 80)}
        if linear or kernel in ("epanechnikov", "gaussian", "biweight", "parzen", "cosine"):
            expect["[Effect]_b[x]"] = np.mean([r.gradient(p, none[0])[0] for p in x1])
        cases.add(do, "kernel_regression.csv", do, expect, 1e-7)
    for cell, linear in itertools.product((False, True), (True, False)):
        r = Regression(y, x2, z, [0.9, 1.4], [0.3, 0.6], "gaussian", linear, cell)
        m = r.means()
        expect = {"[Mean]_b[y]": m.mean(), "e(r2)": fit_share(m, y)}
        gradients = np.array([r.gradient(a, b) for a, b in zip(x2, z)])
        expect |= {"[Effect]_b[x]": gradients[:, 0].mean(), "[Effect]_b[z]": gradients[:, 1].mean()}
        at = lambda column, level: r.means(z=np.where(np.arange(2) == column, level, z)).mean()
        expect |= {"[Effect]_b[r1vs0.a]": at(0, 1) - at(0, 0), "[Effect]_b[r2vs0.a]": at(0, 2) - at(0, 0), "[Effect]_b[r1vs0.g]": at(1, 1) - at(1, 0)}
        do = f"npregress kernel y x z i.a i.g, bwidth(x=.9 z=1.4 a=.3 g=.6) kernel(gaussian) estimator({'linear' if linear else 'constant'})" + (" dkernel(cellprob)" if cell else "")
        cases.add(do, "kernel_regression.csv", do, expect, 1e-7)
        if not cell and linear:
            margins(cases, do, r, x2, z)


def margins(cases, do, r, x2, z):
    point = np.column_stack([np.full(len(x2), 0.25), x2[:, 1]])
    found = r.means(x=point)
    slopes = np.array([r.gradient(a, b)[1] for a, b in zip(point, z)])
    cases.add("margins after npregress, at()", "kernel_regression.csv", do + "\nmargins, at(x=.25)\nmatrix m = r(b)\nmargins, dydx(z) at(x=.25)\nmatrix s = r(b)\nmargins a\nmatrix a = r(b)\npredict double fit\npredict double e, residuals",
              {"el(m,1,1)": found.mean(), "el(s,1,1)": slopes.mean(), "el(a,1,3)": r.means(z=np.column_stack([np.full(len(z), 2.0), z[:, 1]])).mean(), "fit[5]": r.mean(x2[4], z[4]), "e[80]": r.y[79] - r.mean(x2[79], z[79])}, 1e-7)


def searched(frame, cases):
    """Bandwidths: statsmodels for the Gaussian kernel, and the smallest value on a fine grid refined by scipy."""
    none, y = np.empty((len(frame), 0)), frame.y.to_numpy()
    x = frame[["x"]].to_numpy()

    def smallest(loss):
        grid = np.exp(np.linspace(np.log(0.1), np.log(10), 70))
        values = [loss(h) for h in grid]
        k = int(np.argmin(values))
        return optimize.minimize_scalar(loss, bounds=(grid[max(k - 1, 0)], grid[min(k + 1, 69)]), method="bounded", options={"xatol": 1e-9}).x

    for kernel, linear in (("gaussian", True), ("gaussian", False), ("epanechnikov", True), ("epanechnikov", False)):
        build = lambda h: Regression(y, x, none, [h], [], kernel, linear)
        options = f"kernel({kernel}) estimator({'linear' if linear else 'constant'}) noderivatives"
        h = smallest(lambda h: build(h).left_out())
        cases.add(f"cross-validation, {options}", "kernel_regression.csv", f"npregress kernel y x, {options}", {"el(e(bwidth),1,1)": h, "[Mean]_b[y]": build(h).means().mean()}, 2e-5)
        h = smallest(lambda h: build(h).akaike())
        cases.add(f"improved AIC, {options}", "kernel_regression.csv", f"npregress kernel y x, imaic {options}", {"el(e(bwidth),1,1)": h, "[Mean]_b[y]": build(h).means().mean()}, 2e-5)
        if linear:
            h = smallest(lambda h: build(h).gradients())
            cases.add(f"gradient, {kernel}", "kernel_regression.csv", f"npregress kernel y x, kernel({kernel})", {"el(e(derivbwidth),1,1)": h}, 2e-5)
    for regression, criterion in itertools.product(("ll", "lc"), ("cv_ls", "aic")):
        if (regression, criterion) == ("ll", "aic"):
            continue  # statsmodels takes the trace of the local constant fit there
        model = KernelReg(y, x, var_type="c", reg_type=regression, bw=criterion)
        do = f"npregress kernel y x, kernel(gaussian) noderivatives estimator({'linear' if regression == 'll' else 'constant'})" + (" imaic" if criterion == "aic" else "")
        cases.add(f"statsmodels {regression} {criterion}", "kernel_regression.csv", do, {"el(e(bwidth),1,1)": model.bw[0], "[Mean]_b[y]": model.fit()[0].mean()}, 2e-3, "statsmodels KernelReg; its search stops early")
        fixed_width = KernelReg(y, x, var_type="c", reg_type=regression, bw=[0.37])
        mean, slopes = fixed_width.fit()
        do = f"npregress kernel y x, kernel(gaussian) bwidth(.37, copy) estimator({'linear' if regression == 'll' else 'constant'})"
        expect = {"[Mean]_b[y]": mean.mean()}  # its R-squared is about the mean of the fit, that of Doksum and Samarov about the outcome's
        if regression == "ll":
            expect["[Effect]_b[x]"] = slopes.mean()
        cases.add(f"statsmodels {regression} {criterion}, bandwidth .37", "kernel_regression.csv", do, expect, 1e-7, "statsmodels KernelReg")


def main():
    cases = Cases("kernel_regression", "statsmodels, numpy, scipy")
    frame = sample()
    fixed(frame, cases)
    searched(frame, cases)
    cases.write()


if __name__ == "__main__":
    main()
