"""Mean and variance of the t-tilde of Im, Pesaran and Shin (2003, Journal of Econometrics 115, section 3) under a random walk, by
simulation: the numbers of `estimators::panel_unit_root::t_tilde`. T is the number of differences. Prints a row for each T."""

import sys

import numpy as np


def moments(t, trend, draws, rng):
    parts = [np.ones(t)] + ([np.arange(t) - (t - 1) / 2] if trend else [])
    basis = np.stack([p / np.linalg.norm(p) for p in parts])
    count, total, square = 0, 0.0, 0.0
    while count < draws:
        n = min(draws - count, 4_000_000 // t)
        e = rng.standard_normal((n, t))
        y = np.cumsum(e, axis=1) - e
        for z in (e, y):
            z -= (z @ basis.T) @ basis
        r = np.einsum("ij,ij->i", e, y) / np.sqrt(np.einsum("ij,ij->i", e, e) * np.einsum("ij,ij->i", y, y))
        # the variance of the restricted model has T less the number of deterministic parts
        s = np.sqrt(t - len(parts)) * r
        count, total, square = count + n, total + s.sum(), square + (s * s).sum()
    mean = total / count
    return mean, square / count - mean * mean


if __name__ == "__main__":
    rng = np.random.default_rng(20030701)
    draws = int(float(sys.argv[1]))
    for trend in (False, True):
        for t in (4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100, 200, 500):
            print(int(trend), t, *moments(t, trend, draws if t < 100 else draws // 4, rng), flush=True)
