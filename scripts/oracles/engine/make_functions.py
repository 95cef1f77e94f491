"""Oracle cases of the distribution functions and of date arithmetic (scipy, mpmath where scipy loses digits,
Python's calendar), and of the prefixes whose result is a formula (numpy)."""

import calendar
import datetime as dt

import mpmath as mp
import numpy as np
import scipy
from scipy import stats

from common import Cases

mp.mp.dps = 40


def functions(cases: Cases) -> None:
    expect = {
        "nchi2(3, 2.5, 4)": stats.ncx2.cdf(4, 3, 2.5),
        "nchi2tail(3, 2.5, 4)": stats.ncx2.sf(4, 3, 2.5),
        "nchi2den(3, 2.5, 4)": stats.ncx2.pdf(4, 3, 2.5),
        "invnchi2(3, 2.5, .9)": stats.ncx2.ppf(0.9, 3, 2.5),
        "nF(3, 20, 2.5, 2)": stats.ncf.cdf(2, 3, 20, 2.5),
        "nFtail(3, 20, 2.5, 2)": stats.ncf.sf(2, 3, 20, 2.5),
        "nFden(3, 20, 2.5, 2)": stats.ncf.pdf(2, 3, 20, 2.5),
        "invnFtail(3, 20, 2.5, .05)": stats.ncf.isf(0.05, 3, 20, 2.5),
        "nt(12, 1.5, 2.2)": stats.nct.cdf(2.2, 12, 1.5),
        "nttail(12, 1.5, 2.2)": stats.nct.sf(2.2, 12, 1.5),
        "ntden(12, 1.5, 2.2)": stats.nct.pdf(2.2, 12, 1.5),
        "nt(12, 1.5, -0.4)": stats.nct.cdf(-0.4, 12, 1.5),
        "invnttail(12, 1.5, .05)": stats.nct.isf(0.05, 12, 1.5),
        "tukeyprob(3, 20, 3.5)": stats.studentized_range.cdf(3.5, 3, 20),
        "tukeyprob(6, 8, 5)": stats.studentized_range.cdf(5, 6, 8),
        "invtukeyprob(4, 15, .95)": stats.studentized_range.ppf(0.95, 4, 15),
        "hypergeometric(50, 20, 10, 4)": stats.hypergeom.cdf(4, 50, 20, 10),
        "hypergeometricp(50, 20, 10, 4)": stats.hypergeom.pmf(4, 50, 20, 10),
        "nbinomial(3.5, 4, .4)": stats.nbinom.cdf(4, 3.5, 0.4),
        "nbinomialp(3.5, 4, .4)": stats.nbinom.pmf(4, 3.5, 0.4),
        "nbinomialtail(3.5, 4, .4)": stats.nbinom.sf(3, 3.5, 0.4),
        "igaussian(2, 3, 1.5)": stats.invgauss.cdf(1.5, 2 / 3, scale=3),
        "igaussiantail(2, 3, 9)": stats.invgauss.sf(9, 2 / 3, scale=3),
        "igaussianden(2, 3, 1.5)": stats.invgauss.pdf(1.5, 2 / 3, scale=3),
        "invigaussian(2, 3, .3)": stats.invgauss.ppf(0.3, 2 / 3, scale=3),
        "cauchy(1, 2, 4)": stats.cauchy.cdf(4, 1, 2),
        "cauchytail(1, 2, 4e9)": stats.cauchy.sf(4e9, 1, 2),
        "invcauchy(1, 2, .2)": stats.cauchy.ppf(0.2, 1, 2),
        "laplace(1, 2, 4)": stats.laplace.cdf(4, 1, 2),
        "laplacetail(1, 2, 400)": stats.laplace.sf(400, 1, 2),
        "invlaplace(1, 2, .8)": stats.laplace.ppf(0.8, 1, 2),
        "logistictail(1, 2, 500)": stats.logistic.sf(500, 1, 2),
        "logisticden(1, 2, .5)": stats.logistic.pdf(0.5, 1, 2),
        "invlogistic(1, 2, .8)": stats.logistic.ppf(0.8, 1, 2),
        "weibulltail(1.5, 2, 3)": stats.weibull_min.sf(3, 1.5, scale=2),
        "weibullden(1.5, 2, 3)": stats.weibull_min.pdf(3, 1.5, scale=2),
        "invweibull(1.5, 2, .3)": stats.weibull_min.ppf(0.3, 1.5, scale=2),
        "binormal(.5, -.3, .6)": stats.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]]).cdf([0.5, -0.3]),
        "invbinomial(10, 3, .2)": stats.beta.isf(0.2, 4, 7),
        "invbinomialtail(10, 3, .2)": stats.beta.ppf(0.2, 3, 8),
        "invpoisson(3, .4)": stats.gamma.isf(0.4, 4),
        "invpoissontail(3, .4)": stats.gamma.ppf(0.4, 3),
        "invgammaptail(2.5, .01)": stats.gamma.isf(0.01, 2.5),
        "invibetatail(2, 3, .05)": stats.beta.isf(0.05, 2, 3),
        "exponentialden(2, 3)": stats.expon.pdf(3, scale=2),
        "invexponentialtail(2, .01)": stats.expon.isf(0.01, scale=2),
        "lnigammaden(2, 3, 1.5)": stats.invgamma.logpdf(1.5, 2, scale=3),
        "digamma(.3)": mp.digamma(mp.mpf("0.3")),
        "trigamma(.3)": mp.psi(1, mp.mpf("0.3")),
    }
    for name, value in expect.items():
        loose = name.startswith(("binormal", "tukey", "invtukey", "npn"))
        cases.add(f"function {name}", None, "display 1", {name: value}, 1e-7 if loose else 1e-9)


def tails(cases: Cases) -> None:
    """Upper tails keep their digits down to 1e-300 (40-digit arithmetic)."""
    def gamma_tail(a, x):
        return mp.gammainc(a, x, mp.inf, regularized=True)

    def beta_tail(a, b, x):
        return mp.betainc(a, b, x, 1, regularized=True)

    def t_tail(df, t):
        return beta_tail(mp.mpf(1) / 2, mp.mpf(df) / 2, mp.mpf(t) ** 2 / (mp.mpf(t) ** 2 + df)) / 2

    expect = {
        "normal(-37)": mp.ncdf(-37),
        "chi2tail(3, 1370)": gamma_tail(mp.mpf(3) / 2, 685),
        "Ftail(4, 60, 1e7)": beta_tail(2, 30, mp.mpf(4e7) / (mp.mpf(4e7) + 60)),
        "ttail(200, 30)": t_tail(200, 30),
        "ttail(50, 1e7)": t_tail(50, mp.mpf(10) ** 7),
        "gammaptail(2.5, 680)": gamma_tail(mp.mpf(5) / 2, 680),
        "binomialtail(2000, 1990, .5)": sum(mp.binomial(2000, k) for k in range(1990, 2001)) / mp.mpf(2) ** 2000,
        "poissontail(2, 120)": mp.gammainc(120, 0, 2, regularized=True),
        "exponentialtail(1, 680)": mp.exp(-680),
        "nchi2tail(3, 2, 600)": mp.nsum(
            lambda j: mp.exp(-1) / mp.factorial(j) * gamma_tail(mp.mpf(3) / 2 + j, 300), [0, 60]),
    }
    for name, value in expect.items():
        cases.add(f"tail {name}", None, "display 1", {name: float(value)}, 1e-9)
    b = stats.beta.ppf(1e-30, 20, 1.5)
    for name, value in {
        "invchi2tail(5, 1e-200)": stats.chi2.isf(1e-200, 5),
        "invttail(10, 1e-40)": stats.t.isf(1e-40, 10),
        "invnormal(1e-280)": stats.norm.ppf(1e-280),
        "invFtail(3, 40, 1e-30)": 40 * (1 - b) / (3 * b),
    }.items():
        cases.add(f"tail {name}", None, "display 1", {name: value}, 1e-8)


def day(y, m, d):
    return (dt.date(y, m, d) - dt.date(1960, 1, 1)).days


def dates(cases: Cases) -> None:
    expect = {
        "age(mdy(3,15,1980), mdy(3,14,2020))": 39,
        "age(mdy(3,15,1980), mdy(3,15,2020))": 40,
        "age(mdy(2,29,2000), mdy(2,28,2021))": 20,
        "age(mdy(2,29,2000), mdy(3,1,2021))": 21,
        "datediff(mdy(1,31,2020), mdy(3,1,2020), \"month\")": 1,
        "datediff(mdy(3,1,2020), mdy(1,31,2020), \"day\")": -(dt.date(2020, 3, 1) - dt.date(2020, 1, 31)).days,
        "isleapyear(1900)": float(calendar.isleap(1900)),
        "isleapyear(2000)": float(calendar.isleap(2000)),
        "daysinmonth(mdy(2,10,2024))": calendar.monthrange(2024, 2)[1],
        "lastdayofmonth(mdy(2,10,2023))": day(2023, 2, calendar.monthrange(2023, 2)[1]),
        "firstdowofmonth(5, 2024, 1)": min(day(2024, 5, d) for d in range(1, 32) if dt.date(2024, 5, d).isoweekday() % 7 == 1),
        "lastdowofmonth(5, 2024, 5)": max(day(2024, 5, d) for d in range(1, 32) if dt.date(2024, 5, d).isoweekday() % 7 == 5),
        "nextdow(mdy(5,8,2024), 3)": day(2024, 5, 15),
        "previousdow(mdy(5,8,2024), 3)": day(2024, 5, 1),
        "dow(mdy(5,8,2024))": dt.date(2024, 5, 8).isoweekday() % 7,
        "doy(mdy(12,31,2024))": dt.date(2024, 12, 31).timetuple().tm_yday,
        "clockdiff(0, 7200000, \"hour\")": 2,
    }
    for name, value in expect.items():
        cases.add(f"date {name}", None, "display 1", {name: value}, 1e-12)


def jackknife(cases: Cases) -> None:
    """Jackknife of a slope and of a ratio, written out."""
    x = np.arange(1, 16, dtype=float)
    y = 2 * x + np.sin(x * 1.7) * 3
    data = "set obs 15\ngenerate double x = _n\ngenerate double y = 2*x + sin(x*1.7)*3\n"

    def slope(keep):
        return np.polyfit(x[keep], y[keep], 1)[0]

    def ratio(keep):
        return y[keep].mean() / x[keep].mean()

    n = len(x)
    for name, f, do in (
        ("slope", slope, "jackknife s=_b[x], nodots: regress y x"),
        ("ratio", ratio, "program define q, rclass\nquietly summarize y\nlocal a = r(mean)\nquietly summarize x\n"
                         "return scalar q = `a'/r(mean)\nend\njackknife s=r(q), nodots: q"),
    ):
        every = np.ones(n, bool)
        reps = []
        for i in range(n):
            keep = every.copy()
            keep[i] = False
            reps.append(f(keep))
        reps = np.array(reps)
        v = (n - 1) / n * ((reps - reps.mean()) ** 2).sum()
        mse = (n - 1) / n * ((reps - f(every)) ** 2).sum()
        bias = (n - 1) * (reps.mean() - f(every))
        cases.add(f"jackknife {name}", None, data + do + "\nmatrix V = e(V)\nmatrix B = e(bias)",
                  {"_b[s]": f(every), "sqrt(V[1,1])": np.sqrt(v), "B[1,1]": bias, "e(df_r)": n - 1,
                   "e(N_reps)": n}, 1e-8)
        cases.add(f"jackknife {name}, mse", None, data + do.replace("nodots", "nodots mse") + "\nmatrix V = e(V)",
                  {"sqrt(V[1,1])": np.sqrt(mse)}, 1e-8)


if __name__ == "__main__":
    cases = Cases("functions", f"scipy {scipy.__version__}, mpmath {mp.__version__}, numpy {np.__version__}, calendar")
    functions(cases)
    tails(cases)
    dates(cases)
    jackknife(cases)
    cases.write()
