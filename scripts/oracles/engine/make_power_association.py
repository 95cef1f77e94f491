"""`power mcc`, `cmh`, `trend`, `pairedproportions`, `twocorrelations` and `ciwidth`: R epiR for matched sets, moments of the statistics by
enumeration of all samples, the printed example of G*Power for two correlations, scipy for widths of intervals with scipy.integrate."""

import itertools
import math
import subprocess

import numpy as np
from common import Cases
from scipy import integrate, stats

SOURCE = "R epiR, enumeration in Python, scipy"


def normal_power(effect, null, own, n, alpha=0.05, sides=2, half=0.0):
    limit = stats.norm.isf(alpha / sides) * null
    mean = n**0.5 * abs(effect)
    other = stats.norm.cdf((-mean - half / n**0.5 - limit) / own) if sides == 2 else 0
    return stats.norm.cdf((mean - half / n**0.5 - limit) / own) + other


def size(power, wanted, least=2):
    return next(n for n in range(least, 10**6) if power(n) >= wanted)


def epir(odds, p0, power, controls, phi):
    code = f"""suppressMessages(library(epiR)); x <- epi.sscc(N=NA,OR={odds},p0={p0},n=NA,power={power},r={controls},phi.coef={phi},design=1,
sided.test=2,conf.level=0.95,method="matched",nfractional=TRUE,fleiss=FALSE); cat(sprintf("%.17g", x$n.case))"""
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def matched(p0, psi, corr, m):
    """Moments of the score by enumeration: exposure of the case and of each control, conditional on the number of exposed members."""
    p1 = p0 * psi / (1 - p0 + p0 * psi)
    joint = p0 * p1 + corr * math.sqrt(p0 * (1 - p0) * p1 * (1 - p1))
    control = {1: joint / p1, 0: (p0 - joint) / (1 - p1)}
    mean, own, base, null = 0.0, 0.0, 0.0, 0.0
    totals = {}
    for exposures in itertools.product((0, 1), repeat=m + 1):
        case, others = exposures[0], exposures[1:]
        chance = p1 if case else 1 - p1
        for x in others:
            chance *= control[case] if x else 1 - control[case]
        totals[sum(exposures)] = totals.get(sum(exposures), 0) + chance
    for k, share in totals.items():
        a = k * psi / (k * psi + m + 1 - k)
        b = k / (m + 1)
        mean, own, base, null = mean + share * a, own + share * a * (1 - a), base + share * b, null + share * b * (1 - b)
    return mean - base, null**0.5, own**0.5


def mcc(cases):
    for p0, psi, corr, m, power in ((0.3, 2, 0.2, 1, 0.9), (0.22, 2, 0, 3, 0.8), (0.15, 0.5, 0.1, 4, 0.8)):
        exact = epir(psi, p0, power, m, corr)
        test = matched(p0, psi, corr, m)
        n = size(lambda n: normal_power(*test, n), power)
        assert n == math.ceil(exact), (n, exact)
        do = f"power mcc {p0}, oratio({psi}) corr({corr}) m({m}) power({power})\nscalar n = r(N)\npower mcc {p0}, oratio({psi}) corr({corr}) m({m}) n({n})"
        cases.add(f"mcc {p0} {psi}", None, do, {"n": n, "r(power)": normal_power(*test, n)}, 1e-10, "R epiR epi.sscc; enumeration")


def stratified_moments(first, psi, sizes):
    """Mean and variances of the sum of the second group's successes less their expectation given all successes, by binomial sums."""
    mean, null, own = 0.0, 0.0, 0.0
    for p, (n1, n2) in zip(first, sizes):
        q = p * psi / (1 - p + p * psi)
        a, b = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
        weight = stats.binom.pmf(a, n1, p) * stats.binom.pmf(b, n2, q)
        value = b - n2 * (a + b) / (n1 + n2)
        mu = (weight * value).sum()
        mean += mu
        own += (weight * value**2).sum() - mu**2
        pool = (n1 * p + n2 * q) / (n1 + n2)
        weight = stats.binom.pmf(a, n1, pool) * stats.binom.pmf(b, n2, pool)
        null += (weight * value**2).sum()
    return mean, null, own


def cmh(cases):
    first, psi = [0.426, 0.444, 0.364], 2.5
    for extra, weights, ratios in (("", [1, 1, 1], [1, 1, 1]), (" strweights(2 3 5) grratios(1 2 1)", [2, 3, 5], [1, 2, 1])):
        unit = 60
        sizes = [(unit * w * 3 // (1 + r) // 3 * 1, unit * w * 3 * r // (1 + r) // 3) for w, r in zip(weights, ratios)]
        total = sum(map(sum, sizes))
        mean, null, own = stratified_moments(first, psi, sizes)
        test = (mean / total, (null / total) ** 0.5, (own / total) ** 0.5)
        n = size(lambda n: normal_power(*test, n), 0.8)
        shares = [s / total for pair in sizes for s in pair]
        filled = sum(math.ceil(n * s - 1e-9) for s in shares)
        do = f"power cmh .426 .444 .364, oratio(2.5){extra}\nscalar n = r(N)\npower cmh .426 .444 .364, oratio(2.5){extra} n(90)\nscalar p = r(power)\n"
        do += f"power cmh .426 .444 .364, oratio(2.5){extra} n(90) onesided continuity"
        one = normal_power(*test, 90, sides=1, half=0.5)
        cases.add("cmh" + extra, None, do, {"n": filled, "p": normal_power(*test, 90), "r(power)": one}, 1e-9, "binomial sums in scipy")


def trend_moments(p, x, sizes):
    """The same of the sum of exposure times successes less expectation given their number; binomial moments."""
    n = sum(sizes)
    middle = sum(s * v for s, v in zip(sizes, x)) / n
    pool = sum(s * q for s, q in zip(sizes, p)) / n
    moments = lambda q, s: (stats.binom.mean(s, q), stats.binom.var(s, q))
    mean = sum(moments(q, s)[0] * (v - middle) for q, s, v in zip(p, sizes, x))
    own = sum(moments(q, s)[1] * (v - middle) ** 2 for q, s, v in zip(p, sizes, x))
    null = sum(moments(pool, s)[1] * (v - middle) ** 2 for s, v in zip(sizes, x))
    return mean / n, (null / n) ** 0.5, (own / n) ** 0.5


def trend(cases):
    for text, p, x, sizes in ((".11 .15 .2 .26", [0.11, 0.15, 0.2, 0.26], [1, 2, 3, 4], [10] * 4), (".3 .2 .15", [0.3, 0.2, 0.15], [0, 1, 5], [20, 10, 30])):
        extra = "" if x == [1, 2, 3, 4] else " exposure(0 1 5) grweights(2 1 3)"
        test = trend_moments(p, x, sizes)
        n = size(lambda n: normal_power(*test, n), 0.85, len(p))
        filled = sum(math.ceil(n * s / sum(sizes) - 1e-9) for s in sizes)
        do = f"power trend {text},{extra} power(.85)\nscalar n = r(N)\npower trend {text},{extra} n(120)"
        expect = {"n": filled, "r(power)": normal_power(*test, 120)}
        if not extra:
            do += f"\nscalar p = r(power)\npower trend {text}, npergroup(30) continuity alpha(.1)"
            expect = {"n": filled, "p": expect["r(power)"], "r(power)": normal_power(*test, 120, alpha=0.1, half=0.5)}
        cases.add("trend" + extra, None, do, expect, 1e-10, "binomial moments in scipy")


def pairs(cases):
    for a, b, corr in ((0.05, 0.15, None), (0.8, 0.7, 0.4)):
        p12, p21 = a, b
        if corr is not None:
            both = a * b + corr * math.sqrt(a * (1 - a) * b * (1 - b))
            p12, p21 = a - both, b - both
        # the difference of discordant pairs is a sum of values -1, 0 and 1
        gap, null = p21 - p12, p12 + p21
        test = (gap, null**0.5, (null - gap**2) ** 0.5)
        n = size(lambda n: normal_power(*test, n), 0.8)
        z, y = stats.norm.isf(0.025), stats.norm.isf(0.2)
        assert n == math.ceil(((z * null**0.5 + y * (null - gap**2) ** 0.5) / gap) ** 2)
        option = "" if corr is None else f" corr({corr})"
        do = f"power pairedproportions {a} {b},{option}\nscalar n = r(N)\npower pairedproportions {a} {b},{option} n(50) onesided"
        cases.add(f"pairedproportions {a}", None, do, {"n": n, "r(power)": normal_power(*test, 50, sides=1), "r(p12)": p12, "r(p21)": p21}, 1e-10, "Connor (1987)")
    do = "power twocorrelations .88 .75, n1(51) n2(260)"
    cases.add("twocorrelations, printed", None, do, {"r(power)": 0.726352}, 1e-5, "manual of G*Power 3.1, two independent correlations")
    gap = abs(np.arctanh(0.5) - np.arctanh(0.2))
    power = lambda n: sum(stats.norm.cdf(s * gap / (1 / (n - 3) + 1 / (2 * n - 3)) ** 0.5 - stats.norm.isf(0.005)) for s in (1, -1))
    n = size(power, 0.9, 4)
    cases.add("twocorrelations, ratio", None, "power twocorrelations .2, diff(.3) nratio(2) power(.9) alpha(.01)", {"r(N1)": n, "r(N)": 3 * n}, 1e-12, "scipy")


def chance(limit, df):
    """Probability that the variance of a sample is at most `limit` times the true one, by integration of the density."""
    return integrate.quad(lambda x: stats.chi2.pdf(x, df), 0, df * limit, epsabs=1e-13, epsrel=1e-12, limit=400)[0]


def widths(cases):
    def mean(n, df, factor, w, sd, alpha=0.05, sides=2):
        unit = sides * stats.t.isf(alpha / sides, df) * factor
        return chance((w / (unit * sd)) ** 2, df)

    one = lambda n: mean(n, n - 1, n**-0.5, 3, 5)
    n = size(one, 0.9)
    do = f"ciwidth onemean, width(3) sd(5) probwidth(.9)\nscalar n = r(N)\nciwidth onemean, n(40) width(3) sd(5)\nscalar p = r(Pr_width)\nciwidth onemean, n(40) sd(5) probwidth(`=p')"
    cases.add("onemean", None, do, {"n": n, "p": one(40), "r(width)": 3}, 1e-9)
    do = "ciwidth onemean, n(25) width(2) sd(4) lower level(90)"
    cases.add("onemean, lower", None, do, {"r(Pr_width)": mean(25, 24, 0.2, 2, 4, 0.1, 1)}, 1e-9)
    two = lambda n: mean(n, 3 * n - 2, (1.5 / n) ** 0.5, 4, 6)
    n = size(two, 0.8)
    do = "ciwidth twomeans, width(4) sd(6) probwidth(.8) nratio(2)\nscalar n = r(N1)\nciwidth twomeans, n1(30) n2(60) width(4) sd(6)"
    cases.add("twomeans", None, do, {"n": n, "r(Pr_width)": two(30)}, 1e-9)
    w = 2 * stats.norm.isf(0.025) * (9 / 40 + 16 / 50) ** 0.5
    cases.add("twomeans, known", None, "ciwidth twomeans, n1(40) n2(50) sd1(3) sd2(4) knownsds", {"r(width)": w}, 1e-12)
    d = (4 + 9 - 2 * 0.6 * 6) ** 0.5
    paired = lambda n: mean(n, n - 1, n**-0.5, 1.5, d)
    n = size(paired, 0.95)
    do = "ciwidth pairedmeans, width(1.5) corr(.6) sd1(2) sd2(3) probwidth(.95)\nscalar n = r(N)\nscalar d = r(sd_d)\nciwidth pairedmeans, n(30) width(1.5) sddiff(`=d')"
    cases.add("pairedmeans", None, do, {"n": n, "d": d, "r(Pr_width)": paired(30)}, 1e-9)

    def variance(n, w, v, root=1.0, alpha=0.05):
        low, high = ((n - 1) / stats.chi2.isf(alpha / 2, n - 1)) ** root, ((n - 1) / stats.chi2.ppf(alpha / 2, n - 1)) ** root
        return chance((w / (v * (high - low))) ** (1 / root), n - 1)

    n = size(lambda n: variance(n, 4, 6), 0.9)
    do = "ciwidth onevariance 6, width(4) probwidth(.9)\nscalar n = r(N)\nciwidth onevariance 6, n(80) width(4)"
    cases.add("onevariance", None, do, {"n": n, "r(Pr_width)": variance(80, 4, 6)}, 1e-9)
    n = size(lambda n: variance(n, 1, 2, 0.5, 0.1), 0.8)
    do = "ciwidth onevariance 2, sd width(1) probwidth(.8) level(90)\nscalar n = r(N)\nciwidth onevariance 2, sd n(30) width(1) alpha(.1)"
    cases.add("onevariance, sd", None, do, {"n": n, "r(Pr_width)": variance(30, 1, 2, 0.5, 0.1)}, 1e-9)
    upper = 9 * (19 / stats.chi2.ppf(0.05, 19) - 1)
    cases.add("onevariance, upper", None, "ciwidth onevariance 9, n(20) width(8) upper", {"r(Pr_width)": chance(8 / upper, 19)}, 1e-9)


def main():
    cases = Cases("power_association", SOURCE)
    mcc(cases)
    cmh(cases)
    trend(cases)
    pairs(cases)
    widths(cases)
    cases.write()


if __name__ == "__main__":
    main()
