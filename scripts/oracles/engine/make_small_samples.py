"""Exact probabilities of small samples with ties: enumeration in numpy, scipy. Writes `small_samples.json`."""

import itertools

import numpy as np
from common import Cases
from scipy import stats


def typed(names, columns):
    rows = [" ".join(f"{v:.17g}" for v in row) for row in zip(*columns)]
    return "\n".join(["input double(" + " ".join(names) + ")", *rows, "end", ""])


def signed(d):
    """Probabilities of the sum of positive ranks: zeros take part in the ranks and not in the signs."""
    ranks = stats.rankdata(np.abs(d))
    own, observed = ranks[d != 0], ranks[d > 0].sum()
    sums = np.array([sum(c) for c in itertools.product(*[(0, r) for r in own])])
    away = np.abs(sums - sums.mean())
    return (away >= abs(observed - sums.mean()) - 1e-9).mean(), (sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean()


def rank_sum(x, y):
    ranks = stats.rankdata(np.r_[x, y])
    observed = ranks[: len(x)].sum()
    sums = np.array([sum(c) for c in itertools.combinations(ranks, len(x))])
    away = np.abs(sums - sums.mean())
    return (away >= abs(observed - sums.mean()) - 1e-9).mean(), (sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean()


def main():
    rng = np.random.default_rng(7)
    cases = Cases("small_samples", "enumeration in numpy, scipy")
    for i, n in enumerate((3, 6, 9, 13)):
        d = rng.integers(-4, 7, n).astype(float) if i % 2 == 0 else rng.normal(0.5, 1, n)
        both, low, high = signed(d)
        positive, negative = int((d > 0).sum()), int((d < 0).sum())
        data = typed(["d"], [d])
        cases.add(f"signrank of {n}", None, data + "signrank d = 0", {"r(p_exact)": both, "r(p_l_exact)": low, "r(p_u_exact)": high}, 1e-10)
        cases.add(f"signtest of {n}", None, data + "signtest d = 0", {
            "r(p)": stats.binomtest(positive, positive + negative).pvalue,
            "r(p_u)": stats.binom.sf(positive - 1, positive + negative, 0.5),
            "r(p_l)": stats.binom.sf(negative - 1, positive + negative, 0.5)}, 1e-10)
    for i, (m, n) in enumerate(((3, 4), (5, 6), (7, 4), (6, 7))):
        ties = i % 2 == 0
        x = rng.integers(0, 6, m).astype(float) if ties else rng.normal(0, 1, m)
        y = rng.integers(1, 8, n).astype(float) if ties else rng.normal(0.8, 1, n)
        both, low, high = rank_sum(x, y)
        data = typed(["x", "g"], [np.r_[x, y], np.r_[np.ones(m), np.full(n, 2.0)]])
        ks = stats.ks_2samp(x, y, method="exact")
        cases.add(f"ranksum of {m} and {n}", None, data + "ranksum x, by(g)", {"r(p_exact)": both, "r(p_l_exact)": low, "r(p_u_exact)": high}, 1e-10)
        cases.add(f"ksmirnov of {m} and {n}", None, data + "ksmirnov x, by(g) exact", {"r(D)": ks.statistic, "r(p_exact)": ks.pvalue}, 1e-9)
    u = rng.integers(0, 6, 8).astype(float)
    v = u + rng.integers(0, 6, 8)
    spearman, kendall = stats.spearmanr(u, v), stats.kendalltau(u, v)
    data = typed(["u", "v"], [u, v])
    # Stata has t and normal probabilities for these two
    cases.add("spearman of 8", None, data + "spearman u v", {"r(rho)": spearman.statistic, "r(p)": spearman.pvalue}, 1e-9)
    cases.add("ktau of 8", None, data + "ktau u v", {"r(tau_b)": kendall.statistic}, 1e-9)
    # no order of the pairs counts where one variable has one value, and scipy has no p-value
    data = typed(["u", "v"], [np.full(4, 3.0), np.array([1.0, 1.0, 1.0, 2.0])])
    cases.add("ktau of a constant", None, data + "ktau u v", {"1e20*r(se_score) + 1": 1.0, "r(score) + 1": 1.0, "missing(r(p))": 1.0}, 1e-12)
    cases.write()


main()
