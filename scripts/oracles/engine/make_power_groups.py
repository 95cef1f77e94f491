"""`power oneway` and `power onevariance`: scipy's noncentral F and chi-squared distributions, and sizes by trying every one."""

import numpy as np
from common import Cases
from scipy import stats

SOURCE = "scipy ncf, chi2"


def oneway(n, k, delta, alpha=0.05):
    return stats.ncf.sf(stats.f.isf(alpha, k - 1, n - k), k - 1, n - k, n * delta**2)


def variance(n, ratio, alpha=0.05, sides=2):
    tail = alpha / sides
    above = stats.chi2.sf(stats.chi2.isf(tail, n - 1) / ratio, n - 1)
    below = stats.chi2.cdf(stats.chi2.ppf(tail, n - 1) / ratio, n - 1)
    return above + below if sides == 2 else above if ratio > 1 else below


def main():
    cases = Cases("power_groups", SOURCE)
    means = np.array([260, 289, 295])
    delta = means.std() / 70
    size = next(m for m in range(2, 10**4) if oneway(3 * m, 3, delta) >= 0.8)
    cases.add("oneway, size", None, "power oneway 260 289 295, varerror(4900)", {"r(N)": 3 * size, "r(N_per_group)": size, "r(delta)": delta, "r(power)": oneway(3 * size, 3, delta), "r(Var_m)": means.var()}, 1e-9, SOURCE)
    cases.add("oneway, power", None, "power oneway 260 289 295, n(300) varerror(4900) alpha(.01)", {"r(power)": oneway(300, 3, delta, 0.01)}, 1e-9, SOURCE)
    size = next(m for m in range(2, 10**4) if oneway(5 * m, 5, 0.1) >= 0.95)
    cases.add("oneway, delta()", None, "power oneway, ngroups(5) delta(.1) power(.95)", {"r(N)": 5 * size, "r(power)": oneway(5 * size, 5, 0.1)}, 1e-9, SOURCE)
    cases.add("oneway, varmeans()", None, "power oneway, varmeans(233.5556) ngroups(3) varerror(4900) npergroup(50)", {"r(power)": oneway(150, 3, (233.5556 / 4900) ** 0.5)}, 1e-9, SOURCE)
    cases.add("oneway, large effect", None, "power oneway 0 40, npergroup(20)", {"r(power)": oneway(40, 2, 20)}, 1e-9, SOURCE)
    for name, do, ratio, sides, wanted in (
        ("two sides", "power onevariance 3 6", 2, 2, 0.8),
        ("smaller", "power onevariance 4 3, power(.9)", 0.75, 2, 0.9),
        ("one side", "power onevariance 1 2, onesided", 2, 1, 0.8),
        ("one side, smaller", "power onevariance 2, ratio(.5) onesided", 0.5, 1, 0.8),
        ("standard deviations", "power onevariance 2 3, sd", 2.25, 2, 0.8),
    ):
        n = next(m for m in range(2, 10**5) if variance(m, ratio, sides=sides) >= wanted)
        cases.add("onevariance, " + name, None, do, {"r(N)": n, "r(power)": variance(n, ratio, sides=sides)}, 1e-9, SOURCE)
    cases.add("onevariance, power", None, "power onevariance 3 4, n(80) alpha(.1)", {"r(power)": variance(80, 4 / 3, 0.1)}, 1e-9, SOURCE)
    cases.write()


if __name__ == "__main__":
    main()
