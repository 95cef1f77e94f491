"""Cluster randomized designs of `power`: large-sample tests on sizes over the design effect (Donner and Klar 2000), by statsmodels
where the groups are alike, and by scipy. Writes `power_clusters.json`."""

import math

from common import Cases
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.power import NormalIndPower, zt_ind_solve_power

Z = norm.ppf(0.975)


def means(delta, sd1, sd2, k1, k2, m1, m2, rho, alpha=0.05, sides=2):
    var = sd1**2 * (1 + rho * (m1 - 1)) / (k1 * m1) + sd2**2 * (1 + rho * (m2 - 1)) / (k2 * m2)
    z, shift = norm.ppf(1 - alpha / sides), delta / math.sqrt(var)
    return norm.cdf(shift - z) + (norm.cdf(-shift - z) if sides == 2 else 0)


def proportions(p, q, k1, k2, m1, m2, rho):
    n1, n2 = k1 * m1, k2 * m2
    e1, e2 = n1 / (1 + rho * (m1 - 1)), n2 / (1 + rho * (m2 - 1))
    pooled = (n1 * p + n2 * q) / (n1 + n2)
    null, own = math.sqrt(pooled * (1 - pooled) * (1 / e1 + 1 / e2)), math.sqrt(p * (1 - p) / e1 + q * (1 - q) / e2)
    d = abs(q - p)
    return norm.cdf((d - Z * null) / own) + norm.cdf((-d - Z * null) / own)


def main():
    cases = Cases("power_clusters", "statsmodels NormalIndPower with sizes over the design effect, scipy")
    add = lambda name, do, expect, tol=1e-9: cases.add("power clusters: " + name, None, do, expect, tol)
    p = NormalIndPower().power(0.4, 12 * 15 / (1 + 14 * 0.08), 0.05)
    assert abs(p - means(0.4, 1, 1, 12, 12, 15, 15, 0.08)) < 1e-12
    add("power of two means", "power twomeans 0 .4, k1(12) m1(15) rho(.08)", {"r(power)": p, "r(N)": 360, "r(K2)": 12, "r(M2)": 15})
    n = zt_ind_solve_power(0.3, None, 0.05, 0.9)
    add("numbers for two means", "power twomeans 10 12.4, sd(8) m1(25) rho(.03) power(.9)",
        {"r(K1)": math.ceil(n * (1 + 24 * 0.03) / 25), "r(N1)": 25 * math.ceil(n * (1 + 24 * 0.03) / 25)})
    k1 = brentq(lambda k: means(3, 5, 7, k, 2 * k, 10, 15, 0.1) - 0.8, 1, 1000)
    add("unequal groups", "power twomeans 20 23, sd1(5) sd2(7) m1(10) m2(15) kratio(2) rho(.1)",
        {"r(K1)": math.ceil(k1), "r(K2)": math.ceil(2 * k1), "r(N1)": 10 * math.ceil(k1), "r(N2)": 15 * math.ceil(2 * k1)})
    m = brentq(lambda m: means(0.5, 1, 1, 20, 20, m, m, 0.1) - 0.8, 1, 1e5)
    add("sizes for two means", "power twomeans 0 .5, k1(20) rho(.1)", {"r(M1)": math.ceil(m), "r(M2)": math.ceil(m), "r(N)": 40 * math.ceil(m)})
    add("default correlation and one side", "power twomeans 0 1, k1(8) m1(6) onesided", {"r(power)": means(1, 1, 1, 8, 8, 6, 6, 0.5, sides=1), "r(rho)": 0.5})
    add("power of two proportions", "power twoproportions .3 .45, k1(10) k2(14) m1(20) m2(12) rho(.04)",
        {"r(power)": proportions(0.3, 0.45, 10, 14, 20, 12, 0.04), "r(N1)": 200, "r(N2)": 168})
    k = brentq(lambda k: proportions(0.3, 0.45, k, k, 20, 20, 0.04) - 0.8, 1, 1000)
    add("numbers for two proportions", "power twoproportions .3 .45, m1(20) rho(.04)", {"r(K1)": math.ceil(k), "r(N)": 40 * math.ceil(k)})
    one = norm.cdf(0.4 * math.sqrt(9 * 8 / (1 + 7 * 0.2)) - Z) + norm.cdf(-0.4 * math.sqrt(9 * 8 / (1 + 7 * 0.2)) - Z)
    add("one mean", "power onemean 0 .4, k(9) m(8) rho(.2)", {"r(power)": one, "r(K)": 9, "r(M)": 8, "r(N)": 72})
    cases.write()


main()
