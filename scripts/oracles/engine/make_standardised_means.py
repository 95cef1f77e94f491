"""Directly standardised means, proportions and ratios: numpy, by the delta method on the moments of the strata."""

import numpy as np
import pandas as pd
from common import Cases, write_data


def sample():
    rng = np.random.default_rng(21)
    n = 150
    k, g = rng.integers(1, 5, size=n), rng.integers(0, 2, size=n)
    y = (k + g + rng.gamma(2, 1, size=n)).round(4)
    frame = pd.DataFrame(dict(y=y, x=rng.gamma(4, 1, size=n).round(4), d=(rng.random(n) < 0.2 * k).astype(int), k=k, g=g, c=rng.integers(1, 26, size=n), w=rng.integers(1, 5, size=n)))
    frame["std"] = frame.k.map({1: 100, 2: 250, 3: 400, 4: 50})
    write_data("standardised_means", frame)
    return frame


def estimate(frame, top, bottom, share, weight=None, clusters=None, member=None, sampled=False, whole=False):
    """The sum of share times ratio, and its standard error from the gradient in the totals of every stratum."""
    w = np.ones(len(frame)) if weight is None else weight
    inside = np.ones(len(frame), bool) if member is None else member
    levels = sorted(share)
    columns = np.column_stack([np.where((frame.k == l) & inside, v, 0.0) for l in levels for v in (top, bottom)])
    totals = w @ columns
    value = sum(share[l] * totals[2 * i] / totals[2 * i + 1] for i, l in enumerate(levels))
    gradient = np.concatenate([[share[l] / totals[2 * i + 1], -share[l] * totals[2 * i] / totals[2 * i + 1] ** 2] for i, l in enumerate(levels)])
    z = columns @ gradient
    if clusters is not None:
        z = pd.Series(w * z).groupby(clusters).sum().to_numpy()
        return value, np.sqrt(len(z) / (len(z) - 1) * z @ z)
    if sampled:
        z = w * z
        return value, np.sqrt(len(z) / (len(z) - 1) * z @ z)
    n = (w * inside).sum()
    return value, np.sqrt((n if whole else n / (n - 1)) * 1.0 * (w * z @ z)) if not whole else np.sqrt(w * z @ z)


def main():
    cases = Cases("standardised_means", "numpy, delta method")
    frame = sample()
    raw = dict(zip(frame.k, frame["std"]))
    share = {k: v / sum(raw.values()) for k, v in raw.items()}
    one = np.ones(len(frame))
    y, x, d, w = (frame[c].to_numpy(float) for c in ("y", "x", "d", "w"))
    std = "stdize(k) stdweight(std)"

    def add(do, **numbers):
        cases.add(do, "standardised_means.csv", do, numbers, 1e-9)

    def both(name, found):
        return {f"_b[{name}]": found[0], f"_se[{name}]": found[1]}

    add(f"mean y, {std}", **both("y", estimate(frame, y, one, share)), **{"e(N_stdize)": 4, "e(N)": 150})
    add(f"mean y, {std} nostdrescale", **both("y", estimate(frame, y, one, raw)))
    add(f"mean y [fweight=w], {std}", **both("y", estimate(frame, y, one, share, weight=w)))
    add(f"mean y [pweight=w], {std}", **both("y", estimate(frame, y, one, share, weight=w, sampled=True)))
    add(f"mean y, {std} vce(cluster c)", **both("y", estimate(frame, y, one, share, clusters=frame.c)))
    add(f"mean y, {std} over(g)", **both("c.y@0bn.g", estimate(frame, y, one, share, member=(frame.g == 0).to_numpy())), **both("c.y@1.g", estimate(frame, y, one, share, member=(frame.g == 1).to_numpy())))
    add(f"ratio (r: y/x), {std}", **both("r", estimate(frame, y, x, share)))
    add(f"proportion d, {std}", **both("1.d", estimate(frame, d, one, share, whole=True)))
    cases.write()


if __name__ == "__main__":
    main()
