"""Negative binomial models of panels: likelihoods by scipy.stats.nbinom and betaln, maximised in numpy; those with fixed
effects by Newton steps with 40 digits in mpmath."""

import mpmath as mp
import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from numeric import maximise
from scipy.special import betaln
from scipy.stats import nbinom


def panel():
    """Units with effects in the dispersion, of different lengths; some have one row, some no events."""
    rng = np.random.default_rng(41)
    rows = []
    for unit in range(1, 131):
        share = rng.beta(4.0, 2.5)
        group = unit % 3 == 0
        for year in range(1, 2 + rng.integers(0, 6)):
            x, size = rng.normal(), rng.uniform(0.5, 3.0)
            mean = size * np.exp(0.6 + 0.4 * x - 0.5 * group)
            rows.append((unit, year, x, int(group), size, rng.negative_binomial(mean, share)))
    data = pd.DataFrame(rows, columns=["unit", "year", "x", "w", "size", "y"])
    write_data("panel_counts", data)
    return data


def expectations(theta, v, names):
    out = {}
    for i, name in enumerate(names):
        out[f"_b[{name}]"], out[f"_se[{name}]"] = theta[i], np.sqrt(v[i, i])
    return out


def fixed(data, columns, offset=None):
    """Given the total of a unit: the probability of the rows over that of the total, at any common p."""
    sizes = data.groupby("unit")["y"].agg(["size", "sum"])
    keep = sizes.index[(sizes["size"] > 1) & (sizes["sum"] > 0)]
    data = data[data["unit"].isin(keep)]
    x = np.column_stack([data[c] for c in columns] + [np.ones(len(data))])
    shift = 0.0 if offset is None else np.log(data[offset].to_numpy())
    codes = pd.factorize(data["unit"])[0]
    y = data["y"].to_numpy()
    total = np.bincount(codes, y)

    def by_unit(t):
        size = np.exp(x @ t + shift)
        each = np.bincount(codes, nbinom.logpmf(y, size, 0.3))
        return each - nbinom.logpmf(total, np.bincount(codes, size), 0.3)

    theta, ll, _, _ = maximise(by_unit, np.zeros(x.shape[1]))
    theta, covariance = newton(x, np.broadcast_to(shift, len(x)), y, codes, theta)
    return theta, by_unit(theta).sum(), covariance, len(data), len(keep)


def newton(x, shift, y, codes, start):
    """Newton steps from the derivatives of the gamma functions; estimates and their covariance."""
    mp.mp.dps = 40
    k = x.shape[1]
    theta = mp.matrix([mp.mpf(t) for t in start])
    for _ in range(6):
        gradient, hessian = mp.zeros(k, 1), mp.zeros(k, k)
        size = [mp.exp(mp.fsum(mp.mpf(v) * t for v, t in zip(row, theta)) + mp.mpf(o)) for row, o in zip(x, shift)]
        for unit in range(codes.max() + 1):
            rows = np.flatnonzero(codes == unit)
            total, events = mp.fsum(size[i] for i in rows), int(y[rows].sum())
            first = mp.digamma(total) - mp.digamma(total + events)
            second = mp.psi(1, total) - mp.psi(1, total + events)
            slope = [mp.fsum(size[i] * x[i, a] for i in rows) for a in range(k)]
            for i in rows:
                own = size[i] * (mp.digamma(size[i] + int(y[i])) - mp.digamma(size[i]))
                bent = own + size[i] ** 2 * (mp.psi(1, size[i] + int(y[i])) - mp.psi(1, size[i]))
                for a in range(k):
                    gradient[a] += own * x[i, a]
                    for c in range(k):
                        hessian[a, c] += (bent + first * size[i]) * x[i, a] * x[i, c]
            for a in range(k):
                gradient[a] += first * slope[a]
                for c in range(k):
                    hessian[a, c] += second * slope[a] * slope[c]
        theta -= mp.lu_solve(hessian, gradient)
    covariance = (-hessian) ** -1
    return np.array([float(t) for t in theta]), np.array(covariance.tolist(), float)


def random(data, columns, offset=None):
    """Integrated over p ~ Beta(r, s)."""
    x = np.column_stack([data[c] for c in columns] + [np.ones(len(data))])
    shift = 0.0 if offset is None else np.log(data[offset].to_numpy())
    codes = pd.factorize(data["unit"])[0]
    y = data["y"].to_numpy()
    total = np.bincount(codes, y)

    def by_unit(t):
        size, r, s = np.exp(x @ t[:-2] + shift), np.exp(t[-2]), np.exp(t[-1])
        # without the powers of p and 1 - p, which the integral takes
        free = nbinom.logpmf(y, size, 0.5) + (size + y) * np.log(2.0)
        return np.bincount(codes, free) + betaln(r + np.bincount(codes, size), s + total) - betaln(r, s)

    return maximise(by_unit, np.r_[np.zeros(x.shape[1]), 1.0, 1.0])[:3]


def random_of_many_digits(data, columns, start):
    """Integrated over p ~ Beta(r, s) with 40 digits: betaln of large arguments loses all of those of doubles."""
    mp.mp.dps = 40
    rows = [[*map(mp.mpf, row), mp.mpf(1)] for row in data[columns].to_numpy().tolist()]
    counts, codes = [int(v) for v in data["y"]], pd.factorize(data["id"])[0]
    constant = mp.fsum(mp.loggamma(v + 1) for v in counts)

    def log_likelihood(t):
        r, s = mp.exp(t[-2]), mp.exp(t[-1])
        sizes, totals, out = {}, {}, -constant
        for row, count, code in zip(rows, counts, codes):
            size = mp.exp(mp.fsum(v * c for v, c in zip(row, t)))
            out += mp.loggamma(size + count) - mp.loggamma(size)
            sizes[code] = sizes.get(code, 0) + size
            totals[code] = totals.get(code, 0) + count
        for code, size in sizes.items():
            total = totals[code]
            out += mp.loggamma(r + s) + mp.loggamma(r + size) + mp.loggamma(s + total)
            out -= mp.loggamma(r) + mp.loggamma(s) + mp.loggamma(r + s + size + total)
        return out

    k, h = len(start), mp.mpf(10) ** -10
    theta = [mp.mpf(t) for t in start]

    def moved(*places):
        """The parameters with some of them a little larger, or smaller at places from the end."""
        return [t + h * (places.count(a) - places.count(a - k)) for a, t in enumerate(theta)]

    for _ in range(12):
        at = log_likelihood(theta)
        up, down = [log_likelihood(moved(a)) for a in range(k)], [log_likelihood(moved(a - k)) for a in range(k)]
        gradient, hessian = mp.matrix([(u - d) / (2 * h) for u, d in zip(up, down)]), mp.matrix(k, k)
        for a in range(k):
            hessian[a, a] = (up[a] - 2 * at + down[a]) / h**2
            for c in range(a):
                hessian[a, c] = hessian[c, a] = (log_likelihood(moved(a, c)) - up[a] - up[c] + at) / h**2
        step = mp.lu_solve(-hessian, gradient)
        length = mp.mpf(1)
        while log_likelihood([t + length * d for t, d in zip(theta, step)]) < at and length > 1e-6:
            length /= 2
        theta = [t + length * d for t, d in zip(theta, step)]
        if max(abs(d) for d in step) < mp.mpf(10) ** -15:
            break
    covariance = np.array(((-hessian) ** -1).tolist(), float)
    return np.array([float(t) for t in theta]), float(log_likelihood(theta)), covariance


def spread_and_even(cases):
    """120 persons of six rows each, means exp(0.5 + 0.4 x - 0.3 z), x standard normal, z 0 or 1 (numpy).

    Spread (seed 111): a probability p of each person from Beta(1.2, 1.2), so that the effects hardly have a mean, and negative
    binomial counts. Even (seed 120): Poisson counts with normal effects of standard deviation 0.3 in the log of the mean.
    """
    for name, file, start, tol in (
        ("xtnbreg re, effects without a mean", "panel_counts_spread.csv", [0.4, -0.3, 0.4, 0.2, 0.2], 1e-6),
        ("xtnbreg re, little overdispersion", "panel_counts_even.csv", [0.4, -0.4, 3.0, 4.5, 2.2], 1e-5),
    ):
        data = pd.read_csv(ROOT / "data" / file)
        theta, ll, v = random_of_many_digits(data, ["x", "z"], start)
        expect = expectations(theta, v, ["x", "z", "_cons", "/ln_r", "/ln_s"]) | {"e(ll)": ll}
        expect |= {"e(r)": np.exp(theta[-2]), "e(s)": np.exp(theta[-1])}
        cases.add(name, file, "xtset id t\nxtnbreg y x z, re nolog", expect, tol)


def pooled(data, columns, offset=None):
    """Log likelihood without effects: constant dispersion."""
    x = np.column_stack([data[c] for c in columns] + [np.ones(len(data))])
    shift = 0.0 if offset is None else np.log(data[offset].to_numpy())
    y = data["y"].to_numpy()
    rows = lambda t: nbinom.logpmf(y, np.exp(x @ t[:-1] + shift - t[-1]), 1 / (1 + np.exp(t[-1])))
    return maximise(rows, np.zeros(x.shape[1] + 1))[1]


if __name__ == "__main__":
    cases = Cases("panelcounts", "scipy.stats.nbinom and scipy.special.betaln, maximised in numpy; fe: mpmath")
    data = panel()
    names = ["x", "w", "_cons"]
    for label, options, offset in [("", "", None), (" exposure", " exposure(size)", "size")]:
        theta, ll, v, n, units = fixed(data, ["x", "w"], offset)
        expect = expectations(theta, v, names) | {"e(ll)": ll, "e(N)": n, "e(N_g)": units}
        cases.add(f"xtnbreg fe{label}", "panel_counts.csv", f"xtset unit year\nxtnbreg y x w, fe{options}", expect, 1e-8)
        theta, ll, information = random(data, ["x", "w"], offset)
        expect = expectations(theta, np.linalg.inv(information), names + ["/ln_r", "/ln_s"])
        expect |= {"e(ll)": ll, "e(r)": np.exp(theta[-2]), "e(s)": np.exp(theta[-1])}
        none = pooled(data, ["x", "w"], offset)
        expect |= {"e(ll_c)": none, "e(chi2_c)": 2 * (ll - none)}
        cases.add(f"xtnbreg re{label}", "panel_counts.csv", f"xtset unit year\nxtnbreg y x w{',' if options else ''}{options}", expect, 2e-7)
    spread_and_even(cases)
    cases.write()
